/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * QPMAP_HOST_INLINE for the instruction counts: a counter beside the CPU's
 * state pointer, ++ and --.
 */
#ifndef GUEST_INLINE_HOOKS_H
#define GUEST_INLINE_HOOKS_H

#include "percpu.h"

static inline struct qpmap_cpu *
qpmap_host_pin(void)
{
	GUEST_THIS_CPU->depth++;
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
	(void)cpu;
	__asm__ volatile("" ::: "memory");
	GUEST_THIS_CPU->depth--;
}

#if QPMAP_SWITCH

static inline struct qpmap_cpu *
qpmap_host_preempt_disable(void)
{
	return (qpmap_host_pin());
}

static inline void
qpmap_host_preempt_enable(struct qpmap_cpu *cpu)
{
	qpmap_host_unpin(cpu);
}

#endif

#endif /* GUEST_INLINE_HOOKS_H */
