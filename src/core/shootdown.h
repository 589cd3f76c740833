/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shootdown's interface to init and to CPUs that come online and go
 * offline.  Without QPMAP_SHOOTDOWN a CPU that comes online only invalidates
 * everything.
 */
#ifndef QPMAP_CORE_SHOOTDOWN_H
#define QPMAP_CORE_SHOOTDOWN_H

#include <qpmap/shootdown.h>

#include "../arch/arch.h"

#if QPMAP_SHOOTDOWN

/*
 * Check the configuration's memory for shootdown and global slots; write
 * nothing.  last is the last byte of the windows and their guard.  Returns 0 or
 * an enum qpmap_error.
 */
QPMAP_INIT int qpmap_shootdown_check(const struct qpmap_config *config);
QPMAP_INIT int qpmap_global_check(const struct qpmap_config *config,
    const struct qpmap_mmu *mmu, qpmap_vaddr_t last);

/* Initialize that memory, once qpmap_state refers to it. */
QPMAP_INIT void qpmap_shootdown_init(void);
QPMAP_INIT void qpmap_global_init(void);

/*
 * Pin, and panic if the CPU is offline: it is not notified of shootdowns, and
 * may have cached the address that it is about to use.
 */
QPMAP_COLD struct qpmap_cpu *qpmap_shootdown_pin(void);

/*
 * Values of qpmap_cpu_sync.online: no CPU has the index; a CPU has it and is
 * not waited for, since it joins or leaves, or since hardware broadcasts; a CPU
 * has it and is waited for.
 */
#define QPMAP_SYNC_FREE		0u
#define QPMAP_SYNC_TAKEN	1u
#define QPMAP_SYNC_ONLINE	2u

/*
 * Claim the index for the calling CPU, and return whether no other CPU has it;
 * release it.
 */
QPMAP_COLD _Bool qpmap_shootdown_claim(qpmap_u32 index);
QPMAP_COLD void qpmap_shootdown_release(qpmap_u32 index);

/*
 * With QPMAP_F_SBI_RFENCE: whether no other CPU has the hart number of this
 * one, whose index is claimed.
 */
QPMAP_COLD _Bool qpmap_shootdown_check_hart(qpmap_u32 index);

/*
 * Join: from now on other CPUs wait for the calling CPU, which has claimed the
 * index, and it has invalidated everything.  Leave: they no longer wait.
 */
QPMAP_COLD void qpmap_shootdown_join(qpmap_u32 index);
QPMAP_COLD void qpmap_shootdown_leave(qpmap_u32 index);

/*
 * qpmap_shootdown() on all CPUs, for up to QPMAP_SHOOTDOWN_PAGES pages that
 * need not be adjacent.  On an online CPU; never by the firmware.
 */
#define QPMAP_SHOOTDOWN_PAGES	(QPMAP_REQUESTS / 2)
void qpmap_shootdown_pages(const qpmap_vaddr_t *va, qpmap_u32 count);

#endif /* QPMAP_SHOOTDOWN */

#endif /* QPMAP_CORE_SHOOTDOWN_H */
