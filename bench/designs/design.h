/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the designs of this directory have in common.  Each is a rendering of
 * our own of what a kernel in use does, for the counts only
 * (docs/performance.md), in the same guest and from the same compiler as the
 * library, on the architectures where that kernel does it.
 *
 * A design gets page-table entries of its own, and a CPU its data in the part
 * of the guest's first cache line, behind GS, TPIDR_EL1 or tp, that the guest
 * does not use.  There is the running thread, too.
 */
#ifndef BENCH_DESIGN_H
#define BENCH_DESIGN_H

#include <qpmap/qpmap.h>

#include "percpu.h"

/* Slots of a thread in kmap.c. */
#define DESIGN_SLOTS	16
#define DESIGN_CPUS	64

/* A thread: what its scheduler, and the design, count in it. */
struct design_thread {
	unsigned int preempt;		/* not 0: it is not preempted */
	unsigned int migrate;		/* not 0: it stays on its CPU */
	unsigned int owed;		/* an interrupt wants to preempt */
	unsigned int spin_depth;	/* spin locks held */
	qpmap_uptr spin_flags;	/* interrupts, before the first */
	int slot_count;
	qpmap_ptebits_t ptep[DESIGN_SLOTS];
} __attribute__((aligned(128)));

struct design_cpu {
	char guest[32];
	struct design_thread *thread;
	unsigned int number;
	unsigned int pinned;		/* threads that must stay here */
};
_Static_assert(__builtin_offsetof(struct guest_percpu, state) >=
    sizeof(struct design_cpu), "the guest's part of the line is too large");

/* Where a design's pages are, their entries, and all bits but the address. */
struct design_place {
	qpmap_vaddr_t va;
	qpmap_ptebits_t *ptep;
	qpmap_ptebits_t bits;
};
extern struct design_place design_place;

void design_init(qpmap_vaddr_t va, qpmap_ptebits_t *ptep,
    qpmap_ptebits_t bits);
void design_cpu_init(unsigned int number);

/*
 * Pages from pa on, below the limit, are in the direct map, from va on: at base
 * plus address.  Without design_direct_init() none is.
 */
extern qpmap_paddr_t design_direct_pa, design_direct_limit;
extern qpmap_size_t design_direct_size;
extern qpmap_vaddr_t design_direct_va, design_direct_base;
void design_direct_init(qpmap_paddr_t pa, qpmap_vaddr_t va, qpmap_size_t size);

/* Called where a preemption is owed, which none is here. */
void design_yield(void);

/* Of each design: what its enter is to be given for a page; enter; remove. */
qpmap_uptr global_page_of(qpmap_paddr_t pa);
qpmap_vaddr_t global_enter(qpmap_uptr page);
void global_remove(qpmap_vaddr_t va);
qpmap_uptr kmap_page_of(qpmap_paddr_t pa);
qpmap_vaddr_t kmap_enter(qpmap_uptr page);
void kmap_remove(qpmap_vaddr_t va);
void kmap_switch_out(void);
void kmap_switch_in(void);
qpmap_uptr broadcast_page_of(qpmap_paddr_t pa);
qpmap_vaddr_t broadcast_enter(qpmap_uptr page);
void broadcast_remove(qpmap_vaddr_t va);
qpmap_vaddr_t broadcast_direct(qpmap_uptr page);
qpmap_uptr dmap_page_of(qpmap_paddr_t pa);
qpmap_vaddr_t dmap_enter(qpmap_uptr page);
void dmap_remove(qpmap_vaddr_t va);
qpmap_uptr lowmem_page_of(qpmap_paddr_t pa);
qpmap_vaddr_t lowmem_enter(qpmap_uptr page);
/* A domain of so many vCPUs begins: nothing is mapped. */
void mapcache_begin(unsigned int vcpus);
qpmap_uptr mapcache_page_of(qpmap_paddr_t pa);
qpmap_vaddr_t mapcache_enter(qpmap_uptr mfn);
void mapcache_remove(qpmap_vaddr_t va);

static inline qpmap_ptebits_t
design_pte(qpmap_paddr_t pa, qpmap_ptebits_t bits)
{
	return (pa | bits);
}

static inline qpmap_ptebits_t
design_pte_load(const qpmap_ptebits_t *ptep)
{
	return (*(const volatile qpmap_ptebits_t *)ptep);
}

/* PAE on i386: the half that makes the entry valid comes last. */
static inline void
design_pte_store(qpmap_ptebits_t *ptep, qpmap_ptebits_t bits)
{
#if defined(__i386__) && QPMAP_PAE
	((volatile qpmap_u32 *)ptep)[1] = (qpmap_u32)(bits >> 32);
	((volatile qpmap_u32 *)ptep)[0] = (qpmap_u32)bits;
#else
	*(volatile qpmap_ptebits_t *)ptep = bits;
#endif
}

/* And it goes first. */
static inline void
design_pte_clear(qpmap_ptebits_t *ptep)
{
#if defined(__i386__) && QPMAP_PAE
	((volatile qpmap_u32 *)ptep)[0] = 0;
	((volatile qpmap_u32 *)ptep)[1] = 0;
#else
	*(volatile qpmap_ptebits_t *)ptep = 0;
#endif
}

static inline void
design_barrier(void)
{
	__asm__ volatile("" ::: "memory");
}

_Noreturn static inline void
design_bug(void)
{
	__builtin_trap();
}

/* The end of a critical section: an interrupt may have wanted to preempt. */
static inline void
design_preempt_enable(struct design_thread *thread)
{
	design_barrier();
	thread->preempt--;
	design_barrier();
	if (__builtin_expect(thread->owed != 0, 0)) {
		design_yield();
	}
}

#if defined(__x86_64__) || defined(__i386__)

#define DESIGN_CPU ((struct design_cpu GUEST_GS *)0)

/* This CPU invalidates the page, after its entry was cleared. */
static inline void
design_flush(qpmap_vaddr_t va)
{
	__asm__ volatile("invlpg (%0)" :: "r"(va) : "memory");
}

/* This CPU invalidates everything: CR4.PGE changes, and changes back. */
static inline void
design_flush_all(void)
{
	unsigned long cr4;

	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
	__asm__ volatile("mov %0, %%cr4" :: "r"(cr4 ^ 0x80) : "memory");
	__asm__ volatile("mov %0, %%cr4" :: "r"(cr4) : "memory");
}

static inline void
design_spin(void)
{
	__asm__ volatile("pause" ::: "memory");
}

static inline qpmap_uptr
design_interrupts_off(void)
{
	qpmap_uptr flags;

	__asm__ volatile("pushf\n\t"
			 "pop %0\n\t"
			 "cli" : "=r"(flags) :: "memory");
	return (flags);
}

static inline void
design_interrupts_restore(qpmap_uptr flags)
{
	__asm__ volatile("push %0\n\t"
			 "popf" :: "r"(flags) : "memory", "cc");
}

#else

#define DESIGN_CPU ((struct design_cpu *)(void *)GUEST_THIS_CPU)

#endif

#endif /* BENCH_DESIGN_H */
