/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * QPMAP_HOST_INLINE for the counts beside FreeBSD's: a critical section, whose
 * counter is the running thread's, and at whose end a preemption may be owed.
 */
#ifndef GUEST_THREAD_HOOKS_H
#define GUEST_THREAD_HOOKS_H

#include "percpu.h"

/* A preemption is owed, which none is here. */
void guest_yield(void);

static inline struct qpmap_cpu *
qpmap_host_pin(void)
{
	GUEST_THIS_CPU->thread->critical++;
	__asm__ volatile("" ::: "memory");
	return (GUEST_THIS_CPU->cpu);
}

static inline struct qpmap_cpu *
qpmap_host_cpu(void)
{
	return (GUEST_THIS_CPU->cpu);
}

static inline void
qpmap_host_unpin(struct qpmap_cpu *cpu)
{
	struct guest_thread *thread = GUEST_THIS_CPU->thread;

	(void)cpu;
	__asm__ volatile("" ::: "memory");
	thread->critical--;
	__asm__ volatile("" ::: "memory");
	if (__builtin_expect(thread->owed != 0, 0)) {
		guest_yield();
	}
}

#endif /* GUEST_THREAD_HOOKS_H */
