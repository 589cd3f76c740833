/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The three hooks of the hot path, inline: QPMAP_HOST_INLINE.
 *
 * Linux's preempt_disable() and preempt_enable() nest, have their compiler
 * barriers, and work in threads, interrupts and NMI.
 */
#ifndef LINUX_HOST_H
#define LINUX_HOST_H

#include <linux/cache.h>
#include <linux/percpu.h>
#include <linux/preempt.h>

DECLARE_PER_CPU_ALIGNED(struct qpmap_cpu, linux_cpu);

static inline struct qpmap_cpu *
qpmap_host_pin(void)
{
	preempt_disable();
	return (this_cpu_ptr(&linux_cpu));
}

static inline struct qpmap_cpu *
qpmap_host_cpu(void)
{
	return (this_cpu_ptr(&linux_cpu));
}

static inline void
qpmap_host_unpin(struct qpmap_cpu *cpu)
{
	(void)cpu;
	preempt_enable();
}

#endif /* LINUX_HOST_H */
