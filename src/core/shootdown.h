/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interface of shootdown and global mappings to init.c and cpu.c.  Without
 * QPMAP_SHOOTDOWN the functions do nothing, except that a CPU that comes online
 * invalidates everything.
 */
#ifndef QPMAP_CORE_SHOOTDOWN_H
#define QPMAP_CORE_SHOOTDOWN_H

#include <qpmap/shootdown.h>

#include "../arch/arch.h"
#include "areas.h"

#if QPMAP_SHOOTDOWN

/*
 * Check the configuration's memory for shootdowns, and the groups of global
 * slots, whose area has been checked; write nothing.  Return 0 or an enum
 * qpmap_error.
 */
QPMAP_INIT int qpmap_shootdown_check(const struct qpmap_config *config);
QPMAP_INIT int qpmap_global_check(const struct qpmap_config *config);

/* Write the entry of the global slots in the list of areas. */
QPMAP_INIT void qpmap_global_area(const struct qpmap_config *config,
    struct qpmap_area *areas);

/* Initialize the memory that was checked. */
QPMAP_INIT void qpmap_shootdown_init(const struct qpmap_config *config);
QPMAP_INIT void qpmap_global_init(const struct qpmap_config *config);

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

/* Claim a CPU index, unless another CPU has it (returns 0); release it. */
QPMAP_COLD _Bool qpmap_shootdown_claim(qpmap_u32 index);
QPMAP_COLD void qpmap_shootdown_release(qpmap_u32 index);

/*
 * With QPMAP_F_SBI_RFENCE: whether no other CPU has the hart number of this
 * one, which has claimed the index.
 */
QPMAP_COLD _Bool qpmap_shootdown_check_hart(qpmap_u32 index);

/*
 * The CPU has claimed the index.  Join: invalidate everything; initiators wait
 * for this CPU from now on.  Leave: they no longer wait.
 */
QPMAP_COLD void qpmap_shootdown_join(qpmap_u32 index);
QPMAP_COLD void qpmap_shootdown_leave(qpmap_u32 index);

/*
 * qpmap_shootdown() on all CPUs, for up to QPMAP_SHOOTDOWN_PAGES pages that
 * need not be adjacent.  On an online CPU; never by the firmware.
 */
#define QPMAP_SHOOTDOWN_PAGES	(QPMAP_REQUESTS / 2)
void qpmap_shootdown_pages(const qpmap_vaddr_t *va, qpmap_u32 count);

#else /* !QPMAP_SHOOTDOWN */

static inline int
qpmap_shootdown_check(const struct qpmap_config *config)
{
	(void)config;
	return (QPMAP_OK);
}

static inline int
qpmap_global_check(const struct qpmap_config *config)
{
	(void)config;
	return (QPMAP_OK);
}

static inline void
qpmap_global_area(const struct qpmap_config *config, struct qpmap_area *areas)
{
	(void)config;
	(void)areas;
}

static inline void
qpmap_shootdown_init(const struct qpmap_config *config)
{
	(void)config;
}

static inline void
qpmap_global_init(const struct qpmap_config *config)
{
	(void)config;
}

static inline _Bool
qpmap_shootdown_claim(qpmap_u32 index)
{
	(void)index;
	return (1);
}

static inline void
qpmap_shootdown_release(qpmap_u32 index)
{
	(void)index;
}

static inline _Bool
qpmap_shootdown_check_hart(qpmap_u32 index)
{
	(void)index;
	return (1);
}

static inline void
qpmap_shootdown_join(qpmap_u32 index)
{
	(void)index;
	qpmap_tlb_flush_local(qpmap_state.flags);
}

static inline void
qpmap_shootdown_leave(qpmap_u32 index)
{
	(void)index;
}

#endif /* QPMAP_SHOOTDOWN */

#endif /* QPMAP_CORE_SHOOTDOWN_H */
