/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * i386: stores to entries, and what makes the TLB follow them.
 *
 *	fill		store the entry; nothing else (docs/tlb.md)
 *			with PAE the high word, and then the low one: P last
 *	remove		clear the entry
 *			with PAE the low word, P, and then the high one
 *			INVLPG	this CPU forgets it
 *
 *	shot down	on each CPU: INVLPG for each page, or, for many,
 *			everything; there are no PCIDs in this mode
 *
 * What a CPU may lack (SFENCE, CR4) is used only where qpmap_probe() found it.
 */
#ifndef QPMAP_ARCH_I386_TLB_H
#define QPMAP_ARCH_I386_TLB_H

#include "pte.h"

/*
 * qpmap_mmu.reg[QPMAP_REG_CPUID]: CR4 in its low word, and in its high one
 * what CPUID 1 said in EDX.
 */
#define QPMAP_REG_CPUID	1

/* Whether the CPU has a feature. */
#define qpmap_mmu_has qpmap_mmu_has
static inline _Bool
qpmap_mmu_has(const struct qpmap_mmu *mmu, qpmap_u32 feature)
{
	return (((qpmap_u32)(mmu->reg[QPMAP_REG_CPUID] >> 32) &
	    feature) != 0);
}

#if QPMAP_PAE

/*
 * There is no 64-bit store without a loop or floating point: an entry is two
 * words, and the order of the stores is the point.  The low word has P.
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

/* The low word last: an entry that is present is complete. */
#define qpmap_pte_store qpmap_pte_store
static inline void
qpmap_pte_store(struct qpmap_pte *ptep, struct qpmap_pte pte)
{
	*qpmap_pte_half(ptep, 1) = (qpmap_u32)(pte.bits >> 32);
	*qpmap_pte_half(ptep, 0) = (qpmap_u32)pte.bits;
}

/* The low word first: no longer present, it may be incomplete. */
#define qpmap_pte_clear qpmap_pte_clear
static inline void
qpmap_pte_clear(struct qpmap_pte *ptep)
{
	*qpmap_pte_half(ptep, 0) = 0;
	*qpmap_pte_half(ptep, 1) = 0;
}

#endif /* QPMAP_PAE */

#if QPMAP_SHOOTDOWN

/* PCIDs are of 64-bit mode, and CR4, where they are enabled, may be missing. */
#define qpmap_tlb_has_pcids qpmap_tlb_has_pcids
static inline _Bool
qpmap_tlb_has_pcids(void)
{
	return (0);
}

#endif /* QPMAP_SHOOTDOWN */

#include "../x86/tlb.h"

#endif /* QPMAP_ARCH_I386_TLB_H */
