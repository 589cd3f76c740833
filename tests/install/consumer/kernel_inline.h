/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * QPMAP_HOST_INLINE: the three hot hooks, inline.
 */
extern struct qpmap_cpu kernel_inline_cpu;
extern int kernel_inline_preempt_off;

static inline struct qpmap_cpu *
qpmap_host_cpu(void)
{
	return (&kernel_inline_cpu);
}

static inline struct qpmap_cpu *
qpmap_host_pin(void)
{
	kernel_inline_preempt_off++;
	return (&kernel_inline_cpu);
}

static inline void
qpmap_host_unpin(struct qpmap_cpu *cpu)
{
	(void)cpu;
	kernel_inline_preempt_off--;
}
