/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What window.c needs of the shootdown: CPUs that come and go.  Without
 * QPMAP_SHOOTDOWN a CPU that comes forgets everything, and that is all.
 */
#ifndef QPMAP_CORE_SHOOTDOWN_H
#define QPMAP_CORE_SHOOTDOWN_H

#include <qpmap/shootdown.h>

#include "../arch/arch.h"

#if QPMAP_SHOOTDOWN

/*
 * The configuration's memory for shootdown and shared slots, judged; nothing
 * is written.  last is the last byte of the windows and their guard.  Returns
 * 0 or an enum qpmap_error.
 */
QPMAP_COLD int qpmap_shootdown_check(const struct qpmap_config *config);
QPMAP_COLD int qpmap_shared_check(const struct qpmap_config *config,
    const struct qpmap_mmu *mmu, qpmap_vaddr_t last);

/* qpmap_state has the configuration's: make the memory ready for use. */
QPMAP_COLD void qpmap_shootdown_open(void);
QPMAP_COLD void qpmap_shared_open(void);

/*
 * Pinned on a CPU that is told what is shot down: who is not panics, before it
 * uses an address that it may have cached.
 */
QPMAP_COLD struct qpmap_cpu *qpmap_shootdown_pin(void);

/* With QPMAP_SBI_RFENCE: no other online CPU has this one's hart number. */
QPMAP_COLD _Bool qpmap_shootdown_admits(__UINT32_TYPE__ window);

/*
 * The calling CPU, which has that window, from now on has to be waited for,
 * and has forgotten everything; need not be waited for any more.
 */
QPMAP_COLD void qpmap_shootdown_join(__UINT32_TYPE__ window);
QPMAP_COLD void qpmap_shootdown_leave(__UINT32_TYPE__ window);

#endif /* QPMAP_SHOOTDOWN */

#endif /* QPMAP_CORE_SHOOTDOWN_H */
