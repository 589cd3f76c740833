/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Functions that most backends share.
 *
 * Each tlb.h ends with this file.  A backend with a function of its own defines
 * a macro of the same name, which leaves out the one here.
 */
#ifndef QPMAP_ARCH_GENERIC_H
#define QPMAP_ARCH_GENERIC_H

#include "contract.h"

/* The address of the state, for the hot path. */
#ifndef qpmap_state_address
static inline const struct qpmap_state *
qpmap_state_address(void)
{
	return (&qpmap_state);
}
#endif

/* Entries (pte.h). */

#ifndef qpmap_pte_none
static inline struct qpmap_pte
qpmap_pte_none(void)
{
	return ((struct qpmap_pte){ 0 });
}
#endif

#ifndef qpmap_pte_global_bits
static inline qpmap_ptebits_t
qpmap_pte_global_bits(qpmap_u32 flags)
{
	(void)flags;
	return (0);
}
#endif

/* The number of pages of 2^pa_bits bytes. */
#ifndef qpmap_pa_limit_of
static inline qpmap_ptebits_t
qpmap_pa_limit_of(qpmap_u32 pa_bits, qpmap_u32 shift)
{
	return ((qpmap_ptebits_t)1 << (pa_bits - shift));
}
#endif

/*
 * Rotated right, an address has its offset in the top bits and its page number
 * below: an offset makes it larger than any limit, so one compare checks both.
 */
#ifndef qpmap_pa_is_below
static inline _Bool
qpmap_pa_is_below(qpmap_paddr_t pa, qpmap_ptebits_t limit, qpmap_u32 shift)
{
	return ((pa >> shift | pa << (8 * sizeof(pa) - shift)) < limit);
}
#endif

static inline qpmap_ptebits_t
qpmap_pa_limit(qpmap_u32 pa_bits)
{
	return (qpmap_pa_limit_of(pa_bits, QPMAP_PAGE_SHIFT));
}

static inline _Bool
qpmap_pa_is_valid(qpmap_paddr_t pa, qpmap_ptebits_t limit)
{
	return (qpmap_pa_is_below(pa, limit, QPMAP_PAGE_SHIFT));
}

/* A range of size bytes ends at the end of the address space, or before it. */
#ifndef qpmap_pa_is_in
static inline _Bool
qpmap_pa_is_in(qpmap_paddr_t pa, qpmap_paddr_t first, qpmap_size_t size)
{
	return (pa - first < size);
}
#endif

/* Access to an entry of one word (tlb.h). */

#ifndef qpmap_pte_is_none
static inline _Bool
qpmap_pte_is_none(const struct qpmap_pte *ptep)
{
	return (*(const volatile qpmap_ptebits_t *)&ptep->bits == 0);
}
#endif

#ifndef qpmap_pte_load
static inline struct qpmap_pte
qpmap_pte_load(const struct qpmap_pte *ptep)
{
	return ((struct qpmap_pte){
	    *(const volatile qpmap_ptebits_t *)&ptep->bits });
}
#endif

/* One aligned store: a walker sees the old entry or the new one. */
#ifndef qpmap_pte_store
static inline void
qpmap_pte_store(struct qpmap_pte *ptep, struct qpmap_pte pte)
{
	*(volatile qpmap_ptebits_t *)&ptep->bits = pte.bits;
}
#endif

/* One aligned store, of zero. */
#ifndef qpmap_pte_clear
static inline void
qpmap_pte_clear(struct qpmap_pte *ptep)
{
	*(volatile qpmap_ptebits_t *)&ptep->bits = 0;
}
#endif

#if QPMAP_RANGE_PAGES

#ifndef QPMAP_PTE_STEP
#define QPMAP_PTE_STEP	QPMAP_PAGE_SIZE
#endif

#ifndef qpmap_pte_is_run
static inline _Bool
qpmap_pte_is_run(qpmap_paddr_t pa, qpmap_paddr_t last)
{
	(void)pa;
	(void)last;
	return (1);
}
#endif

#endif /* QPMAP_RANGE_PAGES */

#if QPMAP_LARGE_SLOTS

#ifndef qpmap_pte_large_bits
static inline qpmap_ptebits_t
qpmap_pte_large_bits(qpmap_ptebits_t bits)
{
	return (bits);
}
#endif

#ifndef qpmap_mmu_has_large
static inline _Bool
qpmap_mmu_has_large(const struct qpmap_mmu *mmu)
{
	(void)mmu;
	return (1);
}
#endif

#endif /* QPMAP_LARGE_SLOTS */

#if QPMAP_SHOOTDOWN

/* Walks are coherent with stores, and qpmap_tlb_pre_notify() orders them. */
#ifndef qpmap_tlb_post_clear
static inline void
qpmap_tlb_post_clear(struct qpmap_pte *ptep, qpmap_u32 flags)
{
	(void)ptep;
	(void)flags;
	__asm__ volatile("" ::: "memory");
}
#endif

/* No remote fences: CPUs are interrupted, or hardware broadcasts. */
#ifndef qpmap_tlb_firmware
#define QPMAP_FLAGS_FIRMWARE 0u
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
#endif

#endif /* QPMAP_SHOOTDOWN */

#endif /* QPMAP_ARCH_GENERIC_H */
