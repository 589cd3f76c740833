/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's per-CPU data, reached as kernels do: through GS, TPIDR_EL1 or
 * tp.  The state pointer comes first and the preemption counter beside it.
 *
 * Included by the library's own sources too (inline_hooks.h), so every name
 * has the prefix guest_.
 */
#ifndef GUEST_PERCPU_H
#define GUEST_PERCPU_H

struct guest_percpu {
	struct qpmap_cpu *cpu;		/* points at state */
	unsigned int depth;		/* preemption: 0 is enabled */
	unsigned int unpinned;		/* queries while depth was 0 */
	struct guest_thread *thread;	/* after guest_thread_init() */
	struct qpmap_cpu state;
};

/* The running thread, for hooks that count in it (thread_hooks.h). */
struct guest_thread {
	struct qpmap_cpu *cpu;		/* where it runs */
	unsigned int critical;		/* preemption: 0 is enabled */
	unsigned int owed;		/* an interrupt wants to preempt */
} __attribute__((aligned(128)));

#if defined(__x86_64__) || defined(__i386__)

#ifdef __clang__
#define GUEST_GS __attribute__((address_space(256)))
#else
#define GUEST_GS __seg_gs
#endif
#define GUEST_THIS_CPU ((struct guest_percpu GUEST_GS *)0)

#elif defined(__aarch64__)

/* Not volatile: read once, it is the same as long as this CPU is. */
static inline struct guest_percpu *
guest_tpidr(void)
{
	struct guest_percpu *percpu;

	__asm__("mrs %0, tpidr_el1" : "=r"(percpu));
	return (percpu);
}
#define GUEST_THIS_CPU guest_tpidr()

#elif defined(__riscv)

register struct guest_percpu *guest_tp __asm__("tp");
#define GUEST_THIS_CPU guest_tp

#endif

#endif /* GUEST_PERCPU_H */
