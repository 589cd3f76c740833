/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * amd64 and i386: what makes the TLB follow stores to entries.  The sequences
 * are listed in amd64/tlb.h and in i386/tlb.h, which includes this file after
 * what is its own.
 *
 * Special: a drain of write-combining buffers (SFENCE) before the clear;
 * INVLPG after the fill; a flush of everything where INVLPG is broken.
 */
#ifndef QPMAP_ARCH_X86_TLB_H
#define QPMAP_ARCH_X86_TLB_H

#include "../contract.h"

#define QPMAP_FLAGS_SLOW (QPMAP_F_FLUSH_ON_MAP | QPMAP_F_ERRATUM_INVLPG)
#define QPMAP_FLAGS_ARCH QPMAP_FLAGS_SLOW

#define QPMAP_ADDS_TO_MEMORY 1
#define QPMAP_NEXT_IS_RELATIVE 1
#define QPMAP_PTE_FIRST 1

#define QPMAP_CR4_PGE	(1UL << 7)
#define QPMAP_CR4_PCIDE	(1UL << 17)

/* What CPUID 1 says in EDX. */
#define QPMAP_CPUID_PGE	(1U << 13)
#define QPMAP_CPUID_PAT	(1U << 16)
#define QPMAP_CPUID_SSE	(1U << 25)
#define QPMAP_CPUID_SSE2 (1U << 26)

/* Whether the CPU has a feature: an amd64 CPU has each of them. */
#ifndef qpmap_mmu_has
static inline _Bool
qpmap_mmu_has(const struct qpmap_mmu *mmu, qpmap_u32 feature)
{
	(void)mmu;
	(void)feature;
	return (1);
}
#endif

/* INVLPG takes an address, not an operand word: the page that holds va. */
static inline void
qpmap_tlb_invlpg(qpmap_vaddr_t va)
{
	__asm__ volatile("invlpg (%0)" :: "r"(va) : "memory");
}

/* This CPU's interrupts off; and on again, if they were. */
static inline unsigned long
qpmap_interrupts_off(void)
{
	unsigned long flags;

	__asm__ volatile("pushf\n\t"
			 "pop %0\n\t"
			 "cli" : "=r"(flags) :: "memory");
	return (flags);
}

static inline void
qpmap_interrupts_restore(unsigned long flags)
{
	__asm__ volatile("push %0\n\t"
			 "popf" :: "r"(flags) : "memory", "cc");
}

/*
 * Everything that is not global; with PAE the four PDPTEs are read again.
 * Interrupts are off meanwhile: another thread, or a handler, may change CR3,
 * and what was read would be the root of before.
 */
static inline void
qpmap_tlb_reload_cr3(void)
{
	unsigned long flags = qpmap_interrupts_off();
	unsigned long cr3;

	__asm__ volatile("mov %%cr3, %0\n\t"
			 "mov %0, %%cr3"
			 : "=r"(cr3) :: "memory");
	qpmap_interrupts_restore(flags);
}

/*
 * Everything, global entries and every PCID: a change of CR4.PGE.  Intel SDM
 * vol. 3, "Operations that Invalidate TLBs and Paging-Structure Caches".  A
 * CPU without that bit has no global entries, and no PCIDs.  Interrupts are off
 * meanwhile: a handler's own change of CR4 would be undone.
 */
static inline void
qpmap_tlb_invalidate_all(void)
{
	unsigned long flags, cr4;

	if (!qpmap_mmu_has(&qpmap_state.mmu, QPMAP_CPUID_PGE)) {
		qpmap_tlb_reload_cr3();
		return;
	}
	flags = qpmap_interrupts_off();
	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4) :: "memory");
	__asm__ volatile("mov %0, %%cr4\n\t"
			 "mov %1, %%cr4"
			 :: "r"(cr4 ^ QPMAP_CR4_PGE), "r"(cr4) : "memory");
	qpmap_interrupts_restore(flags);
}

/*
 * No translation is made from an entry with P = 0, so there is nothing to
 * forget.  The compiler must not move an access through va above the fill.
 */
static inline void
qpmap_tlb_post_map(qpmap_vaddr_t va)
{
	(void)va;
	__asm__ volatile("" ::: "memory");
}

/* Ordinary types are coherent: the compiler alone must keep the order. */
static inline void
qpmap_tlb_pre_unmap(void)
{
	__asm__ volatile("" ::: "memory");
}

static inline void
qpmap_tlb_post_unmap(qpmap_vaddr_t va)
{
	qpmap_tlb_invlpg(va);
}

static inline void
qpmap_tlb_post_map_slow(qpmap_vaddr_t va, struct qpmap_pte *ptep,
    qpmap_u32 flags)
{
	(void)ptep;
	if ((flags & QPMAP_F_ERRATUM_INVLPG) != 0 &&
	    (flags & QPMAP_F_FLUSH_ON_MAP) != 0) {
		qpmap_tlb_invalidate_all();
	} else if ((flags & QPMAP_F_FLUSH_ON_MAP) != 0) {
		qpmap_tlb_invlpg(va);
	} else {
		qpmap_tlb_post_map(va);
	}
}

/*
 * Write-combining buffers hold stores that have no other order.  A CPU that
 * has no SFENCE has no such type either: qpmap_probe() refuses it.
 */
static inline void
qpmap_tlb_pre_unmap_slow(void)
{
	if (qpmap_mmu_has(&qpmap_state.mmu, QPMAP_CPUID_SSE)) {
		__asm__ volatile("sfence" ::: "memory");
	} else {
		qpmap_tlb_pre_unmap();
	}
}

static inline void
qpmap_tlb_post_unmap_slow(qpmap_vaddr_t va, struct qpmap_pte *ptep,
    qpmap_u32 flags)
{
	(void)ptep;
	if ((flags & QPMAP_F_ERRATUM_INVLPG) != 0) {
		qpmap_tlb_invalidate_all();
	} else {
		qpmap_tlb_invlpg(va);
	}
}

static inline void
qpmap_tlb_flush_local(qpmap_u32 flags)
{
	(void)flags;
	qpmap_tlb_invalidate_all();
}

/* Stores become visible in order; the compiler must keep it. */
static inline void
qpmap_tlb_pre_link(void *table, qpmap_size_t bytes, qpmap_u32 flags)
{
	(void)table;
	(void)bytes;
	(void)flags;
	__asm__ volatile("" ::: "memory");
}

/*
 * Nothing was cached from an entry with P = 0.  But with PAE the CPU took the
 * PDPT's four entries when CR3 was loaded, and does not look at memory again
 * until the next load.  Intel SDM vol. 3, "PDPTE Registers".  A CPU without a
 * PAT may then look past its caches: they are written back first, and since
 * it has no CLFLUSH either, all of them.  Without PAE, and on amd64, the root
 * is a table like others.
 */
static inline void
qpmap_tlb_post_link(struct qpmap_pte *link, _Bool in_root,
    const struct qpmap_mmu *mmu, qpmap_u32 flags)
{
	(void)link;
	(void)flags;
	if (!QPMAP_PAE || !in_root) {
		__asm__ volatile("" ::: "memory");
		return;
	}
	if (!qpmap_mmu_has(mmu, QPMAP_CPUID_PAT)) {
		__asm__ volatile("wbinvd" ::: "memory");
	}
	qpmap_tlb_reload_cr3();
}

#if QPMAP_SHOOTDOWN

#define QPMAP_TLB_BROADCASTS	0
#define QPMAP_TLB_CACHES_INVALID	0

/* More pages than these: a flush of everything is cheaper. */
#define QPMAP_TLB_PAGES		32

/*
 * Whether there are translations of other address spaces that INVLPG does not
 * reach: CR4.PCIDE.
 */
#ifndef qpmap_tlb_has_pcids
static inline _Bool
qpmap_tlb_has_pcids(void)
{
	unsigned long cr4;

	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4) :: "memory");
	return ((cr4 & QPMAP_CR4_PCIDE) != 0);
}
#endif

/* x86 walkers see what CPUs see. */
static inline void
qpmap_tlb_post_clear(struct qpmap_pte *ptep, qpmap_u32 flags)
{
	(void)ptep;
	(void)flags;
	__asm__ volatile("" ::: "memory");
}

static inline void
qpmap_tlb_flush_range(qpmap_vaddr_t va, qpmap_size_t page_count,
    qpmap_u32 flags)
{
	if (page_count > QPMAP_TLB_PAGES || qpmap_tlb_has_pcids() ||
	    (flags & QPMAP_F_ERRATUM_INVLPG) != 0) {
		qpmap_tlb_invalidate_all();
		return;
	}
	for (; page_count != 0; page_count--) {
		qpmap_tlb_invlpg(va);
		va += QPMAP_PAGE_SIZE;
	}
}

/*
 * MFENCE: stores before loads.  LFENCE: a WRMSR to the x2APIC, which nothing
 * else orders, waits for it.  Intel SDM vol. 3, "MSR Access in x2APIC Mode".
 * A CPU without SSE2 has no x2APIC: a locked addition is enough.
 */
static inline void
qpmap_tlb_pre_notify(void)
{
	if (qpmap_mmu_has(&qpmap_state.mmu, QPMAP_CPUID_SSE2)) {
		__asm__ volatile("mfence\n\t"
				 "lfence" ::: "memory");
	} else {
		__asm__ volatile("lock addl $0, (%%esp)" ::: "memory", "cc");
	}
}

static inline void
qpmap_cpu_relax(void)
{
	__asm__ volatile("pause" ::: "memory");
}

#endif /* QPMAP_SHOOTDOWN */

#include "../generic.h"

#endif /* QPMAP_ARCH_X86_TLB_H */
