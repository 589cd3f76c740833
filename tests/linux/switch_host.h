/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hooks for threads that hold mappings over context switches: a pin forbids
 * migration.  QPMAP_HOST_INLINE of qpmap_switch.ko.
 *
 * The count of migrate_disable() is the thread's.  An interrupt counts in that
 * of the thread which it interrupted, and leaves it as it found it.
 */
#ifndef SWITCH_HOST_H
#define SWITCH_HOST_H

#include <linux/cache.h>
#include <linux/percpu.h>
#include <linux/preempt.h>

DECLARE_PER_CPU_ALIGNED(struct qpmap_cpu, linux_switch_cpu);

static inline struct qpmap_cpu *
qpmap_host_cpu(void)
{
	return (raw_cpu_ptr(&linux_switch_cpu));
}

static inline struct qpmap_cpu *
qpmap_host_pin(void)
{
	migrate_disable();
	return (qpmap_host_cpu());
}

static inline void
qpmap_host_unpin(struct qpmap_cpu *cpu)
{
	(void)cpu;
	migrate_enable();
}

static inline struct qpmap_cpu *
qpmap_host_preempt_disable(void)
{
	preempt_disable();
	return (qpmap_host_cpu());
}

static inline void
qpmap_host_preempt_enable(struct qpmap_cpu *cpu)
{
	(void)cpu;
	preempt_enable();
}

#endif /* SWITCH_HOST_H */
