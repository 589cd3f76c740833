/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Host pattern 1: a nesting counter, inline.
 *
 *	-DQPMAP_HOST_INLINE='"counter.h"'
 *
 * For a kernel whose scheduler checks a counter before it preempts.  The
 * counter belongs to the thread: pin increments it, on whatever CPU the thread
 * runs, and only then reads which CPU that is.  A counter in per-CPU data works
 * if one instruction increments it, such as x86's incl %gs:offset, and only
 * while no other thread runs on the CPU: not with QPMAP_SWITCH (migration.h).
 *
 * Interrupts and NMI increment and decrement the counter of the thread that
 * they interrupted, and restore it before they return, so ++ and -- need not be
 * atomic.
 */
#ifndef MK_COUNTER_H
#define MK_COUNTER_H

#include "kernel.h"

static inline struct qpmap_cpu *
qpmap_host_pin(void)
{
	struct mk_thread *thread = mk_thread();

	thread->critical++;
	mk_barrier();
	return (&thread->cpu->qpmap);
}

static inline struct qpmap_cpu *
qpmap_host_cpu(void)
{
	return (&mk_thread()->cpu->qpmap);
}

/*
 * A pending preemption may happen here: the slot is free.  The flag is read
 * after the counter is 0, since an interrupt after that preempts by itself.
 */
static inline void
qpmap_host_unpin(struct qpmap_cpu *cpu)
{
	struct mk_thread *thread = mk_thread();

	(void)cpu;
	mk_barrier();
	thread->critical--;
	mk_barrier();
	if (thread->critical == 0 && thread->preempt_owed) {
		mk_yield();
	}
}

#endif /* MK_COUNTER_H */
