/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Host pattern 4: migration off, for a library with QPMAP_SWITCH=1.
 *
 *	-DQPMAP_HOST_INLINE='"migration.h"'
 *
 * For a kernel whose threads may be preempted, and may sleep, while they hold
 * pages.  The scheduler must leave a thread on its CPU while stay is not 0.
 * migration.c has the context switch.
 *
 * The counter must be the thread's: threads of one CPU pin and unpin in any
 * order.  The CPU is read after the counter was incremented, anew each time: a
 * compiler must not reuse what it read of this CPU before a pin.
 */
#ifndef MK_MIGRATION_H
#define MK_MIGRATION_H

#include "kernel.h"

static inline struct qpmap_cpu *
qpmap_host_pin(void)
{
	struct mk_thread *thread = mk_thread();

	thread->stay++;
	mk_barrier();
	return (&thread->cpu->qpmap);
}

static inline struct qpmap_cpu *
qpmap_host_cpu(void)
{
	return (&mk_thread()->cpu->qpmap);
}

static inline void
qpmap_host_unpin(struct qpmap_cpu *cpu)
{
	(void)cpu;
	mk_barrier();
	mk_thread()->stay--;
}

/* Ranges, large pages, shootdowns and global mappings: preemption off. */
static inline struct qpmap_cpu *
qpmap_host_preempt_disable(void)
{
	mk_critical_enter();
	return (qpmap_host_cpu());
}

static inline void
qpmap_host_preempt_enable(struct qpmap_cpu *cpu)
{
	(void)cpu;
	mk_critical_exit();
}

#endif /* MK_MIGRATION_H */
