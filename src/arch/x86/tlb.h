/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * amd64 and i386: PTE stores and TLB maintenance.
 *
 *	map		store the PTE; nothing else (docs/tlb.md)
 *			with PAE the high word, then the low one: P last
 *	unmap		clear the PTE
 *			with PAE the low word, P, then the high one
 *			INVLPG	on this CPU, in this address space; no other
 *				address space has the translation
 *
 *	flush range	on each CPU: INVLPG for each page; for many pages, or
 *			with PCIDs (amd64), everything: the translation may be
 *			cached under any PCID, and INVLPG reaches all of
 *			them only if the PTE had G (QPMAP_F_KERNEL_HAS_G)
 *
 * An i386 CPU may lack SFENCE and CR4, which are used only if qpmap_probe()
 * found them.
 *
 * Slow path: a drain of write-combining buffers (SFENCE) before the clear;
 * INVLPG after the store; a flush of everything if INVLPG is broken.
 */
#ifndef QPMAP_ARCH_X86_TLB_H
#define QPMAP_ARCH_X86_TLB_H

#include "pte.h"

#define QPMAP_FLAGS_SLOW (QPMAP_F_FLUSH_ON_MAP | QPMAP_F_ERRATUM_INVLPG)
#define QPMAP_FLAGS_ARCH (QPMAP_FLAGS_SLOW | QPMAP_FLAG_G)

#define QPMAP_ADDS_TO_MEMORY 1
#define QPMAP_NEXT_IS_RELATIVE 1
#define QPMAP_PTE_FIRST 1

/* For more pages a flush of everything is cheaper. */
#define QPMAP_TLB_PAGES	32

#define QPMAP_CR4_PSE	(1UL << 4)
#define QPMAP_CR4_PGE	(1UL << 7)
#define QPMAP_CR4_PCIDE	(1UL << 17)

/* CPUID 1, EDX. */
#define QPMAP_CPUID_PGE	(1U << 13)
#define QPMAP_CPUID_PAT	(1U << 16)
#define QPMAP_CPUID_SSE	(1U << 25)
#define QPMAP_CPUID_SSE2 (1U << 26)

/* #AC occurs in user mode only: the buffer's side may be misaligned. */
#define QPMAP_COPY_ALIGNED	0
#define QPMAP_OPERAND(object)	"m"(object)
#define QPMAP_LOAD_4		"movl	%1, %0"
#define QPMAP_STORE_4		"movl	%1, %0"
#define QPMAP_STORE_WORD	"mov	%1, %0"

/*
 * qpmap_mmu.reg[QPMAP_REG_CPUID]: CR4 in its low word; on i386 EDX of CPUID 1
 * in its high one.
 */
#define QPMAP_REG_CPUID	1

/* Whether the CPU has a feature: an amd64 CPU has each of them. */
static inline _Bool
qpmap_mmu_has(const struct qpmap_mmu *mmu, qpmap_u32 feature)
{
	return (!QPMAP_I386 ||
	    ((qpmap_u32)(mmu->reg[QPMAP_REG_CPUID] >> 32) & feature) != 0);
}

#if QPMAP_LARGE_SLOTS

/* CR4.PSE matters with 32-bit entries only. */
#define qpmap_mmu_has_large qpmap_mmu_has_large
static inline _Bool
qpmap_mmu_has_large(const struct qpmap_mmu *mmu)
{
	return (QPMAP_PTE_SIZE == 8 ||
	    (mmu->reg[QPMAP_REG_CPUID] & QPMAP_CR4_PSE) != 0);
}

#endif

#if QPMAP_PAE

/*
 * A 64-bit store would need a loop or floating point, so an entry is two words,
 * and the order of their stores matters.  The low word has P.
 */
typedef volatile qpmap_u32 __attribute__((may_alias)) qpmap_half_t;

static inline qpmap_half_t *
qpmap_pte_half(struct qpmap_pte *ptep, int half)
{
	return ((qpmap_half_t *)&ptep->bits + half);
}

static inline qpmap_u32
qpmap_pte_load_half(const struct qpmap_pte *ptep, int half)
{
	return (((const qpmap_half_t *)&ptep->bits)[half]);
}

#define qpmap_pte_is_none qpmap_pte_is_none
static inline _Bool
qpmap_pte_is_none(const struct qpmap_pte *ptep)
{
	return ((qpmap_pte_load_half(ptep, 0) |
	    qpmap_pte_load_half(ptep, 1)) == 0);
}

#define qpmap_pte_load qpmap_pte_load
static inline struct qpmap_pte
qpmap_pte_load(const struct qpmap_pte *ptep)
{
	qpmap_u32 low = qpmap_pte_load_half(ptep, 0);
	qpmap_u32 high = qpmap_pte_load_half(ptep, 1);

	return ((struct qpmap_pte){ (qpmap_ptebits_t)high << 32 | low });
}

/* The low word last: a present entry is complete. */
#define qpmap_pte_store qpmap_pte_store
static inline void
qpmap_pte_store(struct qpmap_pte *ptep, struct qpmap_pte pte)
{
	*qpmap_pte_half(ptep, 1) = (qpmap_u32)(pte.bits >> 32);
	*qpmap_pte_half(ptep, 0) = (qpmap_u32)pte.bits;
}

/* The low word first: a partial entry is not present. */
#define qpmap_pte_clear qpmap_pte_clear
static inline void
qpmap_pte_clear(struct qpmap_pte *ptep)
{
	*qpmap_pte_half(ptep, 0) = 0;
	*qpmap_pte_half(ptep, 1) = 0;
}

#endif /* QPMAP_PAE */

/* INVLPG takes an address, not an operand word: the page that holds va. */
static inline void
qpmap_tlb_invlpg(qpmap_vaddr_t va)
{
	__asm__ volatile("invlpg (%0)" :: "r"(va) : "memory");
}

/* Turn interrupts off on this CPU; restore them. */
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
 * Invalidate everything that is not global (G); with PAE the CPU reads the four
 * PDPTEs again.  Interrupts are off between the two instructions: a handler, or
 * another thread, may change CR3, and the old root would be restored.
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
 * Invalidate everything, including G entries and every PCID, by a change of
 * CR4.PGE.  Intel SDM vol. 3, "Operations that Invalidate TLBs and
 * Paging-Structure Caches".  A CPU without that bit has no G entries and no
 * PCIDs.  Interrupts are off: a handler's change of CR4 would be undone.
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
 * A PTE with P = 0 is never cached, so there is nothing to invalidate.  The
 * compiler must not move an access through va above the store.
 */
static inline void
qpmap_tlb_post_map(qpmap_vaddr_t va)
{
	(void)va;
	__asm__ volatile("" ::: "memory");
}

/* A compiler barrier: types on the fast path are coherent. */
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
	if ((flags & QPMAP_F_FLUSH_ON_MAP) == 0) {
		qpmap_tlb_post_map(va);
	} else if ((flags & QPMAP_F_ERRATUM_INVLPG) != 0) {
		qpmap_tlb_invalidate_all();
	} else {
		qpmap_tlb_invlpg(va);
	}
}

/*
 * Stores in write-combining buffers have no other order.  On a CPU without
 * SFENCE qpmap_probe() rejects that type.
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

/* A compiler barrier: the hardware keeps stores in order. */
static inline void
qpmap_tlb_pre_link(void *table, qpmap_size_t bytes, qpmap_u32 flags)
{
	(void)table;
	(void)bytes;
	(void)flags;
	__asm__ volatile("" ::: "memory");
}

/*
 * An entry with P = 0 is never cached.  With PAE, however, the CPU reads the
 * PDPT's four entries only when CR3 is loaded.  Intel SDM vol. 3, "PDPTE
 * Registers".  A CPU without a PAT may read them from memory, past its caches:
 * these are written back first, by WBINVD, since it has no CLFLUSH either.
 * Without PAE, and on amd64, the root is a table like others.
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

#define QPMAP_TLB_BROADCASTS		0
#define QPMAP_TLB_CACHES_INVALID	0

/*
 * Whether there may be translations of other PCIDs, of which INVLPG invalidates
 * only those with G: CR4.PCIDE.  There are none on i386, where CR4 may be
 * missing.
 */
static inline _Bool
qpmap_tlb_has_pcids(void)
{
	unsigned long cr4;

	if (QPMAP_I386) {
		return (0);
	}
	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4) :: "memory");
	return ((cr4 & QPMAP_CR4_PCIDE) != 0);
}

static inline void
qpmap_tlb_flush_range(qpmap_vaddr_t va, qpmap_size_t page_count,
    qpmap_u32 flags)
{
	/* Where there are PCIDs the kernel's half is the upper one. */
	if (page_count > QPMAP_TLB_PAGES ||
	    (flags & QPMAP_F_ERRATUM_INVLPG) != 0 ||
	    (qpmap_tlb_has_pcids() && ((flags & QPMAP_F_KERNEL_HAS_G) == 0 ||
	    (__INTPTR_TYPE__)va >= 0))) {
		qpmap_tlb_invalidate_all();
		return;
	}
	for (; page_count != 0; page_count--) {
		qpmap_tlb_invlpg(va);
		va += QPMAP_PAGE_SIZE;
	}
}

/*
 * MFENCE orders stores before loads.  LFENCE makes a WRMSR to the x2APIC, which
 * is not ordered otherwise, wait for it.  Intel SDM vol. 3, "MSR Access in
 * x2APIC Mode".  A CPU without SSE2 has no x2APIC: a locked add is enough.
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

#if QPMAP_RANGE_PAGES

/*
 * Invalidate in this context, two pages in a turn; or all that is not global,
 * as these PTEs are: the value read from CR3 has bit 63 clear, which would keep
 * the translations of its PCID.
 */
static inline void
qpmap_tlb_invlpg_range(qpmap_vaddr_t va, qpmap_size_t page_count)
{
	qpmap_vaddr_t end = va + page_count * QPMAP_PAGE_SIZE, i;

	if (page_count > QPMAP_TLB_PAGES) {
		qpmap_tlb_reload_cr3();
		return;
	}
	if ((page_count & 1) != 0) {
		qpmap_tlb_invlpg(va);
		va += QPMAP_PAGE_SIZE;
	}
	for (i = va - end; i != 0; i += 2 * QPMAP_PAGE_SIZE) {
		__asm__ volatile("invlpg (%0, %1)\n\t"
				 "invlpg %c2(%0, %1)"
				 :: "r"(end), "r"(i), "i"(QPMAP_PAGE_SIZE)
				 : "memory");
	}
}

static inline void
qpmap_tlb_post_map_range(qpmap_vaddr_t va, qpmap_size_t page_count)
{
	(void)page_count;
	qpmap_tlb_post_map(va);
}

static inline void
qpmap_tlb_post_unmap_range(qpmap_vaddr_t va, qpmap_size_t page_count)
{
	qpmap_tlb_invlpg_range(va, page_count);
}

static inline void
qpmap_tlb_post_unmap_range_slow(qpmap_vaddr_t va, struct qpmap_pte *ptep,
    qpmap_size_t page_count, qpmap_u32 flags)
{
	(void)ptep;
	if ((flags & QPMAP_F_ERRATUM_INVLPG) != 0) {
		qpmap_tlb_invalidate_all();
	} else {
		qpmap_tlb_invlpg_range(va, page_count);
	}
}

static inline void
qpmap_tlb_post_map_range_slow(qpmap_vaddr_t va, struct qpmap_pte *ptep,
    qpmap_size_t page_count, qpmap_u32 flags)
{
	if ((flags & QPMAP_F_FLUSH_ON_MAP) != 0) {
		qpmap_tlb_post_unmap_range_slow(va, ptep, page_count, flags);
	} else {
		qpmap_tlb_post_map(va);
	}
}

#endif /* QPMAP_RANGE_PAGES */

#include "../generic.h"

#endif /* QPMAP_ARCH_X86_TLB_H */
