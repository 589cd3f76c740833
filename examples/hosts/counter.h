/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Host pattern 1: a nesting counter, inline.
 *
 *	-DQPMAP_HOST_INLINE='"counter.h"'
 *
 * For a kernel whose scheduler looks at a counter before it preempts.  The
 * counter is the thread's: the thread can raise it wherever it runs, and only
 * then is the question "which CPU?" asked.  (A counter in the CPU's own data
 * is as good where one instruction raises it, such as x86's incl %gs:offset.)
 *
 * Interrupts and NMI raise and lower the counter of the thread that they
 * interrupted, and leave it as they found it; so ++ and -- need no atomic
 * instruction.
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
 * The slot is free again, so preemption that was put off may happen here.
 * The flag is read after the counter is 0: an interrupt that comes later
 * preempts by itself.
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
