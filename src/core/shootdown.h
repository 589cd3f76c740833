/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What index.c needs of the shootdown: CPUs that come and go.  Without
 * QPMAP_SHOOTDOWN a CPU that comes forgets everything, and that is all.
 */
#ifndef QPMAP_CORE_SHOOTDOWN_H
#define QPMAP_CORE_SHOOTDOWN_H

#include <qpmap/shootdown.h>

#include "../arch/arch.h"

#if QPMAP_SHOOTDOWN

/*
 * The configuration's memory for shootdown and global slots, judged; nothing
 * is written.  last is the last byte of the windows and their guard.  Returns
 * 0 or an enum qpmap_error.
 */
QPMAP_INIT int qpmap_shootdown_check(const struct qpmap_config *config);
QPMAP_INIT int qpmap_global_check(const struct qpmap_config *config,
    const struct qpmap_mmu *mmu, qpmap_vaddr_t last);

/* qpmap_state has the configuration's: make the memory ready for use. */
QPMAP_INIT void qpmap_shootdown_init(void);
QPMAP_INIT void qpmap_global_init(void);

/*
 * Pinned on a CPU that is told what is shot down: who is not panics, before it
 * uses an address that it may have cached.
 */
QPMAP_COLD struct qpmap_cpu *qpmap_shootdown_pin(void);

/*
 * What qpmap_cpu_sync.online says: nobody has the number; a CPU has it that is
 * not waited for, since it joins or leaves, or since hardware broadcasts; a CPU
 * that is waited for has it.
 */
#define QPMAP_SYNC_FREE	0u
#define QPMAP_SYNC_TAKEN	1u
#define QPMAP_SYNC_ONLINE	2u

/*
 * The index's number is the calling CPU's from now on, unless another CPU has
 * it; it is nobody's any more.
 */
QPMAP_COLD _Bool qpmap_shootdown_claim(qpmap_u32 index);
QPMAP_COLD void qpmap_shootdown_release(qpmap_u32 index);

/*
 * With QPMAP_F_SBI_RFENCE: no other CPU has this one's hart number.  The index
 * is claimed.
 */
QPMAP_COLD _Bool qpmap_shootdown_check_hart(qpmap_u32 index);

/*
 * The calling CPU, which has claimed that index, from now on has to be waited
 * for, and has forgotten everything; need not be waited for any more.
 */
QPMAP_COLD void qpmap_shootdown_join(qpmap_u32 index);
QPMAP_COLD void qpmap_shootdown_leave(qpmap_u32 index);

/*
 * As qpmap_shootdown(), on all CPUs, for up to so many pages that do not follow
 * each other.  On an online CPU; never by the firmware.
 */
#define QPMAP_SHOOTDOWN_PAGES	(QPMAP_REQUESTS / 2)
void qpmap_shootdown_pages(const qpmap_vaddr_t *va, qpmap_u32 count);

#endif /* QPMAP_SHOOTDOWN */

#endif /* QPMAP_CORE_SHOOTDOWN_H */
