/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * i386: PTE stores and TLB maintenance.
 *
 *	map		store the PTE; nothing else (docs/tlb.md)
 *			with PAE the high word, then the low one: P last
 *	unmap		clear the PTE
 *			with PAE the low word, P, then the high one
 *			INVLPG	on this CPU
 *
 *	flush range	on each CPU: INVLPG for each page; for many pages,
 *			everything; there are no PCIDs in this mode
 *
 * SFENCE and CR4, which a CPU may lack, are used only if qpmap_probe() found
 * them.
 */
#ifndef QPMAP_ARCH_I386_TLB_H
#define QPMAP_ARCH_I386_TLB_H

#include "../x86/pte.h"

/*
 * qpmap_mmu.reg[QPMAP_REG_CPUID]: CR4 in its low word, EDX of CPUID 1 in its
 * high one.
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

#if QPMAP_SHOOTDOWN

/* PCIDs exist in 64-bit mode only, and the CPU may lack CR4. */
#define qpmap_tlb_has_pcids qpmap_tlb_has_pcids
static inline _Bool
qpmap_tlb_has_pcids(void)
{
	return (0);
}

#endif /* QPMAP_SHOOTDOWN */

#include "../x86/tlb.h"

#endif /* QPMAP_ARCH_I386_TLB_H */
