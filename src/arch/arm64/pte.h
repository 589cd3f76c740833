/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arm64 entries: leaves and the tables above, for 4, 16 and 64 KiB pages.
 * Arm ARM (DDI 0487), "VMSAv8-64 translation table format descriptors".
 *
 * Pure arithmetic, no instructions: it builds and is tested on any host.
 */
#ifndef QPMAP_ARCH_ARM64_PTE_H
#define QPMAP_ARCH_ARM64_PTE_H

#include "../contract.h"

/* Every field of a leaf, top bit first.  Fields marked = 0 are never set. */
/*      ignored		 63 = 0 */
/*      PBHA, AttrIndx	 62:59 = 0: no vendor's attributes, MAIR_EL1 only */
/*      ignored		 58:55 = 0 */
#define QPTE_UXN	(1ULL << 54)	/* no execution at EL0 */
#define QPTE_PXN	(1ULL << 53)	/* no execution at EL1 (or EL2) */
/*      Contiguous	 52 = 0: one page, no run of pages */
/*      DBM		 51 = 0: the walker never writes it */
/*      GP		 50 = 0: nothing is executed */
/*      output address	 49:12, see below */
#define QPTE_NG		(1ULL << 11)	/* by QPMAP_F_SET_NG */
#define QPTE_AF		(1ULL << 10)	/* set: the walker never writes it */
#define QPTE_SH		(3ULL << 8)	/* inner shareable; not with LPA2 */
#define QPTE_AP_RO	(1ULL << 7)	/* AP[2]: no stores */
/*      AP[1]		 6 = 0: kernel only */
#define QPTE_NS		(1ULL << 5)	/* = 0: this security state's memory */
#define QPTE_ATTRINDX	(7ULL << 2)	/* memory type: byte of MAIR_EL1 */
#define QPTE_PAGE	3ULL		/* 1:0, a leaf of the last level */

/* In an upper entry, bit 1 is clear if it maps a block. */
#define QPTE_VALID	(1ULL << 0)
#define QPTE_TABLE	(1ULL << 1)

/*
 * A guard's mark (QPMAP_F_MARK_GUARDS): bit 0 is clear, so the descriptor is
 * invalid.  The address is 0.
 */
#define QPTE_MARK	(1ULL << 55)	/* ignored in a leaf, too */

/*
 * The output address.  Its low part is in place.  The top bits of a 52-bit
 * address are elsewhere: with LPA2 51:50 are in 9:8, and SH is TCR_EL1.SH1;
 * with 64 KiB pages 51:48 are in 15:12.
 */
#define QPTE_OA_BITS	(QPMAP_LPA2 ? 50 : 48)
#define QPTE_OA		((1ULL << QPTE_OA_BITS) - (1ULL << QPMAP_PAGE_SHIFT))
#define QPTE_OA_TOP	(QPMAP_LPA2 ? 3ULL << 8 :			\
	QPMAP_PAGE_SHIFT == 16 ? 15ULL << 12 : 0)
#define QPTE_OA_TOP_SHIFT (QPMAP_LPA2 ? 50 - 8 : 48 - 12)
#define QPTE_OA_ALL	((1ULL << QPTE_OA_BITS) - (QPMAP_LPA2 ? 1ULL << 8 : \
	1ULL << 12))
#define QPTE_PA_BITS	(QPTE_OA_TOP != 0 ? 52 : 48)

/* The bits of every mapping, besides its memory type. */
#define QPTE_RW_BITS	(QPTE_UXN | QPTE_PXN | QPTE_AF | QPTE_PAGE)
#define QPTE_RO_BITS	(QPTE_RW_BITS | QPTE_AP_RO)

/*
 * Upper entries restrict nothing (63:59 = 0); the leaf decides.  AF has a
 * meaning with FEAT_HAFT only: set, so that the walker never writes them.
 */
#define QPTE_TABLE_BITS	(QPTE_AF | QPTE_TABLE | QPTE_VALID)

/* The bits of a leaf for its memory type and shareability. */
#define QPTE_TYPE_BITS	(QPTE_ATTRINDX | (QPMAP_LPA2 ? 0 : QPTE_SH))

/* The bits that a configuration's sharing masks may have. */
#define QPTE_SHARING	(QPTE_OA | QPTE_OA_TOP)

#define QPMAP_TABLE_SHIFT (QPMAP_PAGE_SHIFT - 3)

/*
 * A page-aligned address in the layout of an entry.  Since its offset is zero,
 * QPTE_OA_ALL selects only the top bits of the shifted copy.
 */
static inline qpmap_ptebits_t
qpmap_pte_address(qpmap_paddr_t pa)
{
	if (QPTE_OA_TOP == 0) {
		return (pa);
	}
	return ((pa | pa >> QPTE_OA_TOP_SHIFT) & QPTE_OA_ALL);
}

static inline struct qpmap_pte
qpmap_pte_make(qpmap_paddr_t pa, qpmap_ptebits_t bits)
{
	return ((struct qpmap_pte){ qpmap_pte_address(pa) | bits });
}

/* Unless a carry out of the address's low part goes to its top bits. */
#define qpmap_pte_is_run qpmap_pte_is_run
static inline _Bool
qpmap_pte_is_run(qpmap_paddr_t pa, qpmap_paddr_t last)
{
	return (QPTE_OA_TOP == 0 || (pa ^ last) >> QPTE_OA_BITS == 0);
}

static inline struct qpmap_pte
qpmap_pte_make_table(qpmap_paddr_t pa, qpmap_u32 level)
{
	(void)level;
	return ((struct qpmap_pte){ qpmap_pte_address(pa) | QPTE_TABLE_BITS });
}

#if QPMAP_LARGE_SLOTS

/* A block: of level 2, by the manual's count, whatever the page size. */
#define qpmap_pte_large_bits qpmap_pte_large_bits
static inline qpmap_ptebits_t
qpmap_pte_large_bits(qpmap_ptebits_t bits)
{
	return (bits & ~QPTE_TABLE);
}

#endif

static inline _Bool
qpmap_pte_is_valid(struct qpmap_pte pte)
{
	return ((pte.bits & QPTE_VALID) != 0);
}

static inline _Bool
qpmap_pte_is_large(struct qpmap_pte pte, qpmap_u32 level)
{
	(void)level;
	return ((pte.bits & QPTE_TABLE) == 0);
}

static inline qpmap_paddr_t
qpmap_pte_pa(struct qpmap_pte pte, qpmap_ptebits_t sharing)
{
	qpmap_ptebits_t bits = pte.bits & ~sharing;

	return ((bits & QPTE_OA) | (bits & QPTE_OA_TOP) << QPTE_OA_TOP_SHIFT);
}

/* The bits of an inner shareable leaf that select byte index of MAIR_EL1. */
static inline qpmap_ptebits_t
qpmap_pte_attr(qpmap_u32 index)
{
	return (((qpmap_ptebits_t)index << 2 & QPTE_ATTRINDX) |
	    (QPMAP_LPA2 ? 0 : QPTE_SH));
}

/* The byte of MAIR_EL1 that a leaf selects. */
static inline qpmap_u32
qpmap_pte_attr_index(qpmap_ptebits_t leaf)
{
	return ((qpmap_u32)(leaf & QPTE_ATTRINDX) >> 2);
}

#endif /* QPMAP_ARCH_ARM64_PTE_H */
