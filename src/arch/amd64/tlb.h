/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * amd64: stores to entries, and what makes the TLB follow them.
 *
 *	fill		store the entry; nothing else (docs/tlb.md)
 *	remove		clear the entry
 *			INVLPG	this CPU forgets it, in this address space;
 *				no other address space has seen it
 *
 *	shot down	on each CPU: INVLPG for each page; everything, for many
 *			or if there are PCIDs: the mapping may be cached under
 *			any of them
 *
 * Special: a drain of write-combining buffers (SFENCE) before the clear;
 * INVLPG after the fill; a flush of everything where INVLPG is broken.
 */
#ifndef QPMAP_ARCH_AMD64_TLB_H
#define QPMAP_ARCH_AMD64_TLB_H

#define QPMAP_FLAGS_SLOW (QPMAP_F_FLUSH_ON_MAP | QPMAP_F_ERRATUM_INVLPG)
#define QPMAP_FLAGS_ARCH QPMAP_FLAGS_SLOW

#define QPMAP_ADDS_TO_MEMORY 1
#define QPMAP_NEXT_IS_RELATIVE 1
#define QPMAP_PTE_FIRST 1

#define QPMAP_CR4_PGE	(1UL << 7)
#define QPMAP_CR4_PCIDE	(1UL << 17)

static inline _Bool
qpmap_pte_is_none(const struct qpmap_pte *ptep)
{
	return (*(const volatile qpmap_ptebits_t *)&ptep->bits == 0);
}

static inline struct qpmap_pte
qpmap_pte_load(const struct qpmap_pte *ptep)
{
	return ((struct qpmap_pte){
	    *(const volatile qpmap_ptebits_t *)&ptep->bits });
}

/* One aligned 64-bit store: a walker sees the old entry or the new one. */
static inline void
qpmap_pte_store(struct qpmap_pte *ptep, struct qpmap_pte pte)
{
	*(volatile qpmap_ptebits_t *)&ptep->bits = pte.bits;
}

/* One aligned 64-bit store, of zero. */
static inline void
qpmap_pte_clear(struct qpmap_pte *ptep)
{
	*(volatile qpmap_ptebits_t *)&ptep->bits = 0;
}

/* INVLPG takes an address, not an operand word: the page that holds va. */
static inline void
qpmap_tlb_invlpg(qpmap_vaddr_t va)
{
	__asm__ volatile("invlpg (%0)" :: "r"(va) : "memory");
}

/*
 * Everything, global entries and every PCID: a change of CR4.PGE.  Intel SDM
 * vol. 3, "Operations that Invalidate TLBs and Paging-Structure Caches".
 * Interrupts are off meanwhile: a handler's own change of CR4 would be undone.
 */
static inline void
qpmap_tlb_invalidate_all(void)
{
	unsigned long flags, cr4;

	__asm__ volatile("pushf\n\t"
			 "pop %0\n\t"
			 "cli" : "=r"(flags) :: "memory");
	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4) :: "memory");
	__asm__ volatile("mov %0, %%cr4\n\t"
			 "mov %1, %%cr4"
			 :: "r"(cr4 ^ QPMAP_CR4_PGE), "r"(cr4) : "memory");
	__asm__ volatile("push %0\n\t"
			 "popf" :: "r"(flags) : "memory", "cc");
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

/* Write-combining buffers hold stores that have no other order. */
static inline void
qpmap_tlb_pre_unmap_slow(void)
{
	__asm__ volatile("sfence" ::: "memory");
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

/* Nothing was cached from an entry with P = 0. */
static inline void
qpmap_tlb_post_link(struct qpmap_pte *link, _Bool in_root,
    const struct qpmap_mmu *mmu, qpmap_u32 flags)
{
	(void)mmu;
	(void)in_root;
	(void)link;
	(void)flags;
	__asm__ volatile("" ::: "memory");
}

#if QPMAP_SHOOTDOWN

#define QPMAP_TLB_BROADCASTS	0
#define QPMAP_TLB_CACHES_INVALID	0
#define QPMAP_FLAGS_FIRMWARE	0u

/* More pages than these: a flush of everything is cheaper. */
#define QPMAP_TLB_PAGES		32

/*
 * Whether there are translations of other address spaces that INVLPG does not
 * reach: CR4.PCIDE.
 */
static inline _Bool
qpmap_tlb_has_pcids(void)
{
	unsigned long cr4;

	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4) :: "memory");
	return ((cr4 & QPMAP_CR4_PCIDE) != 0);
}

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
 */
static inline void
qpmap_tlb_pre_notify(void)
{
	__asm__ volatile("mfence\n\t"
			 "lfence" ::: "memory");
}

/* There is none. */
static inline _Bool
qpmap_tlb_firmware(qpmap_uptr mask, qpmap_uptr base,
    qpmap_vaddr_t va, qpmap_size_t page_count, qpmap_u32 flags)
{
	(void)mask;
	(void)base;
	(void)va;
	(void)page_count;
	(void)flags;
	return (0);
}

static inline void
qpmap_cpu_relax(void)
{
	__asm__ volatile("pause" ::: "memory");
}

#endif /* QPMAP_SHOOTDOWN */

#endif /* QPMAP_ARCH_AMD64_TLB_H */
