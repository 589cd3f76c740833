/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parts of a kernel that the host patterns in this directory use.  In a
 * port all of it is the kernel's own; mk is "my kernel".
 */
#ifndef MK_KERNEL_H
#define MK_KERNEL_H

#include <qpmap/switch.h>

/* The state that mk_irq_save() saves: a struct, as in many kernels. */
struct mk_irq {
	unsigned long flags;
};

/* Per-CPU data.  The library's state is embedded, zeroed. */
struct mk_cpu {
	struct qpmap_cpu qpmap;
	struct mk_irq saved;		/* save_restore.c: outermost pin's */
	unsigned int depth;		/* save_restore.c: pins minus unpins */
	qpmap_u32 hardware_id;		/* shootdown.c: APIC ID, hart */
};

/* A thread.  cpu changes only while critical and stay are 0. */
struct mk_thread {
	struct mk_cpu *cpu;
	unsigned int critical;		/* preemption is off if not 0 */
	unsigned int stay;		/* migration.h: migration is */
	_Bool preempt_owed;		/* an interrupt wants to preempt */
#if QPMAP_SWITCH
	struct qpmap_saved saved;	/* migration.c */
#endif
};

/* Return the running thread, from a register that is switched with it. */
static inline struct mk_thread *
mk_thread(void)
{
	struct mk_thread *thread;

#if defined(__x86_64__)
	__asm__ volatile("mov %%gs:0, %0" : "=r"(thread));
#elif defined(__i386__)
	__asm__ volatile("mov %%fs:0, %0" : "=r"(thread));
#elif defined(__aarch64__)
	__asm__ volatile("mrs %0, tpidr_el1" : "=r"(thread));
#elif defined(__riscv)
	__asm__ volatile("mv %0, tp" : "=r"(thread));
#endif
	return (thread);
}

/* Turn interrupts off on this CPU, and return the previous state. */
static inline struct mk_irq
mk_irq_save(void)
{
	struct mk_irq irq;

#if defined(__x86_64__) || defined(__i386__)
	__asm__ volatile("pushf\n\tpop %0\n\tcli"
			 : "=r"(irq.flags) :: "memory");
#elif defined(__aarch64__)
	__asm__ volatile("mrs %0, daif\n\tmsr daifset, #3"
			 : "=r"(irq.flags) :: "memory");
#elif defined(__riscv)
	__asm__ volatile("csrrci %0, sstatus, 2"
			 : "=r"(irq.flags) :: "memory");
#endif
	return (irq);
}

static inline void
mk_irq_restore(struct mk_irq irq)
{
#if defined(__x86_64__) || defined(__i386__)
	if ((irq.flags & 0x200) != 0) {
		__asm__ volatile("sti" ::: "memory");
	}
#elif defined(__aarch64__)
	__asm__ volatile("msr daif, %0" :: "r"(irq.flags) : "memory");
#elif defined(__riscv)
	__asm__ volatile("csrs sstatus, %0" :: "r"(irq.flags & 2) : "memory");
#endif
}

/* Compiler barrier. */
static inline void
mk_barrier(void)
{
	__asm__ volatile("" ::: "memory");
}

/* These nest: no preemption from the first enter to the last exit. */
void mk_critical_enter(void);
void mk_critical_exit(void);

/* Run another thread; critical must be 0. */
void mk_yield(void);

/* migration.c: load a thread's address space; continue on its stack. */
void mk_space_load(struct mk_thread *thread);
void mk_stack_switch(struct mk_thread *from, struct mk_thread *to);
void mk_switch(struct mk_thread *from, struct mk_thread *to);
void mk_thread_check(const struct mk_thread *thread);

_Noreturn void mk_panic(const char *text, qpmap_u64 a, qpmap_u64 b);

/*
 * shootdown.c: an interprocessor interrupt, to a CPU by its number (not needed
 * on arm64), and a spin lock.
 */
#if defined(__aarch64__)
#define MK_HAS_IPI 0
#else
#define MK_HAS_IPI 1
#endif
void mk_ipi_send(unsigned int number);
void mk_ipi_acknowledge(void);
void mk_ipi_interrupt(void);

struct mk_lock {
	unsigned char held;
};

static inline _Bool
mk_lock_try(struct mk_lock *lock)
{
	return (!__atomic_test_and_set(&lock->held, __ATOMIC_ACQUIRE));
}

static inline void
mk_lock_clear(struct mk_lock *lock)
{
	__atomic_clear(&lock->held, __ATOMIC_RELEASE);
}

struct mk_irq mk_lock(struct mk_lock *lock);
void mk_unlock(struct mk_lock *lock, struct mk_irq irq);

/* Allocate a page: its physical address, or 0.  Free it. */
qpmap_paddr_t mk_page_alloc(void);
void mk_page_free(qpmap_paddr_t pa);

/* Return the address of a page table: a permanent, cacheable mapping. */
void *mk_table_address(qpmap_paddr_t pa);

#define MK_CPUS 8u

/*
 * A range of kernel addresses that nothing else uses, one window per CPU; and
 * where the direct map has RAM from physical address 0 on.
 */
#if defined(__x86_64__)
#define MK_WINDOW_VA ((qpmap_vaddr_t)0xffffc90000000000ULL)
#define MK_DIRECT_VA ((qpmap_vaddr_t)0xffff888000000000ULL)
#elif defined(__i386__)
#define MK_WINDOW_VA ((qpmap_vaddr_t)0xff800000u)
#define MK_DIRECT_VA ((qpmap_vaddr_t)0xc0000000u)
#elif defined(__aarch64__)
#define MK_WINDOW_VA ((qpmap_vaddr_t)0xfffffffd00000000ULL)
#define MK_DIRECT_VA ((qpmap_vaddr_t)0xffffff8000000000ULL)
#elif defined(__riscv)
#define MK_WINDOW_VA ((qpmap_vaddr_t)0xffffffd000000000ULL)
#define MK_DIRECT_VA ((qpmap_vaddr_t)0xffffffe000000000ULL)
#endif
#define MK_DIRECT_SIZE ((qpmap_size_t)0x30000000u)

/* Another range, for global mappings. */
#define MK_SHARE_VA (MK_WINDOW_VA + 0x100000u)

#endif /* MK_KERNEL_H */
