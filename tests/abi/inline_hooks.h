/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * QPMAP_HOST_INLINE for the checks of compiled code: preemption is a counter
 * beside the CPU's state pointer, in per-CPU data that a register points at.
 */
struct abi_cpu {
	struct qpmap_cpu *state;
	unsigned long depth;
};

#if defined(__i386__) || defined(__x86_64__)
#ifdef __clang__
#define ABI_CPU ((struct abi_cpu __attribute__((address_space(256))) *)0)
#else
#define ABI_CPU ((__seg_gs struct abi_cpu *)0)
#endif
#elif defined(__aarch64__)
static inline struct abi_cpu *
abi_cpu(void)
{
	struct abi_cpu *cpu;

	__asm__ volatile("mrs	%0, tpidr_el1" : "=r"(cpu));
	return (cpu);
}
#define ABI_CPU abi_cpu()
#elif defined(__riscv)
static inline struct abi_cpu *
abi_cpu(void)
{
	struct abi_cpu *cpu;

	__asm__ volatile("mv	%0, tp" : "=r"(cpu));
	return (cpu);
}
#define ABI_CPU abi_cpu()
#endif

static inline struct qpmap_cpu *
qpmap_host_cpu(void)
{
	return (ABI_CPU->state);
}

static inline struct qpmap_cpu *
qpmap_host_pin(void)
{
	ABI_CPU->depth++;
	__asm__ volatile("" ::: "memory");
	return (qpmap_host_cpu());
}

static inline void
qpmap_host_unpin(struct qpmap_cpu *cpu)
{
	(void)cpu;
	__asm__ volatile("" ::: "memory");
	ABI_CPU->depth--;
}

#if QPMAP_SWITCH
QPMAP_CALL struct qpmap_cpu *qpmap_host_preempt_disable(void);
QPMAP_CALL void qpmap_host_preempt_enable(struct qpmap_cpu *cpu);
#endif
