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
QPMAP_INIT int qpmap_shootdown_check(const struct qpmap_config *config);
QPMAP_INIT int qpmap_shared_check(const struct qpmap_config *config,
    const struct qpmap_mmu *mmu, qpmap_vaddr_t last);

/* qpmap_state has the configuration's: make the memory ready for use. */
QPMAP_INIT void qpmap_shootdown_open(void);
QPMAP_INIT void qpmap_shared_open(void);

/*
 * Pinned on a CPU that is told what is shot down: who is not panics, before it
 * uses an address that it may have cached.
 */
QPMAP_COLD struct qpmap_cpu *qpmap_shootdown_pin(void);

/*
 * What qpmap_remote.online says: nobody has the number; a CPU has it that is
 * not waited for, since it joins or leaves, or since hardware broadcasts; a CPU
 * that is waited for has it.
 */
#define QPMAP_REMOTE_FREE	0u
#define QPMAP_REMOTE_TAKEN	1u
#define QPMAP_REMOTE_ONLINE	2u

/*
 * The window's number is the calling CPU's from now on, unless another CPU has
 * it; it is nobody's any more.
 */
QPMAP_COLD _Bool qpmap_shootdown_claim(__UINT32_TYPE__ window);
QPMAP_COLD void qpmap_shootdown_release(__UINT32_TYPE__ window);

/*
 * With QPMAP_SBI_RFENCE: no other CPU has this one's hart number.  The window
 * is claimed.
 */
QPMAP_COLD _Bool qpmap_shootdown_admits(__UINT32_TYPE__ window);

/*
 * The calling CPU, which has claimed that window, from now on has to be waited
 * for, and has forgotten everything; need not be waited for any more.
 */
QPMAP_COLD void qpmap_shootdown_join(__UINT32_TYPE__ window);
QPMAP_COLD void qpmap_shootdown_leave(__UINT32_TYPE__ window);

/*
 * As qpmap_shootdown(), on all CPUs, for up to so many pages that do not follow
 * each other.  On an online CPU; never by the firmware.
 */
#define QPMAP_SHOOTDOWN_PAGES	(QPMAP_REQUESTS / 2)
void qpmap_shootdown_pages(const qpmap_vaddr_t *va, __UINT32_TYPE__ count);

#endif /* QPMAP_SHOOTDOWN */

#endif /* QPMAP_CORE_SHOOTDOWN_H */
