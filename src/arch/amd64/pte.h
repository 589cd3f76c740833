/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * amd64 entries: 4 KiB leaves and the tables above, four or five levels.
 * Intel SDM vol. 3, "Format of a Page-Table Entry that Maps a 4-KByte Page".
 *
 * Pure arithmetic, no instructions: it builds and is tested on any host.
 */
#ifndef QPMAP_ARCH_AMD64_PTE_H
#define QPMAP_ARCH_AMD64_PTE_H

/* Every field of a leaf, top bit first.  Those marked = 0 are on purpose. */
#define QPTE_NX		(1ULL << 63)	/* XD: no execution */
/*      PKS key		 62:59 = 0: host's protection keys leave key 0 alone */
/*      ignored		 58:52 = 0 */
#define QPTE_PA		0x000ffffffffff000ULL	/* 51:12 */
#define QPTE_PA_BITS	52
/*      ignored		 11:9 = 0 */
/*      G		 8 = 0: INVLPG of a global entry fails on some cores */
#define QPTE_PAT	(1ULL << 7)	/* memory type: bit 2 of PAT index */
#define QPTE_D		(1ULL << 6)	/* set where R/W is, as A is */
#define QPTE_A		(1ULL << 5)	/* set: the walker never writes it */
#define QPTE_PCD	(1ULL << 4)	/* memory type: bit 1 of PAT index */
#define QPTE_PWT	(1ULL << 3)	/* memory type: bit 0 of PAT index */
/*      U/S		 2 = 0: kernel only */
#define QPTE_RW		(1ULL << 1)	/* writable */
#define QPTE_P		(1ULL << 0)	/* present */

/* In an upper entry: 1 where it maps a large page. */
#define QPTE_PS		(1ULL << 7)

/*
 * A guard's mark (QPMAP_F_MARK_GUARDS): not present, so nothing else means
 * anything to the walker.  The address is 0, as in an empty entry: there is no
 * other page whose cached contents a speculative load could reach (L1TF).
 */
#define QPTE_MARK	(1ULL << 9)	/* ignored in every entry */

/*
 * What every mapping has, and QPTE_NX, where the CPU has it, beside.  D is for
 * writable ones only: set where R/W is clear, it makes a shadow-stack page.
 */
#define QPTE_RO_BITS	(QPTE_A | QPTE_P)
#define QPTE_RW_BITS	(QPTE_RO_BITS | QPTE_D | QPTE_RW)

/*
 * Upper entries allow everything; the leaf decides.  U/S stays 0, A is set so
 * that the walker never writes them.
 */
#define QPTE_TABLE_BITS	(QPTE_A | QPTE_RW | QPTE_P)

/* Where the sharing masks of a configuration may have bits. */
#define QPTE_SHARING	QPTE_PA

#define QPMAP_TABLE_SHIFT 9

static inline struct qpmap_pte
qpmap_pte_none(void)
{
	return ((struct qpmap_pte){ 0 });
}

static inline struct qpmap_pte
qpmap_pte_make(qpmap_paddr_t pa, qpmap_ptebits_t bits)
{
	return ((struct qpmap_pte){ pa | bits });
}

static inline struct qpmap_pte
qpmap_pte_make_table(qpmap_paddr_t pa, qpmap_u32 level)
{
	(void)level;
	return ((struct qpmap_pte){ pa | QPTE_TABLE_BITS });
}

static inline _Bool
qpmap_pte_is_valid(struct qpmap_pte pte)
{
	return ((pte.bits & QPTE_P) != 0);
}

static inline _Bool
qpmap_pte_is_large(struct qpmap_pte pte, qpmap_u32 level)
{
	(void)level;
	return ((pte.bits & QPTE_PS) != 0);
}

static inline qpmap_paddr_t
qpmap_pte_pa(struct qpmap_pte pte, qpmap_ptebits_t sharing)
{
	return (pte.bits & QPTE_PA & ~sharing);
}

/* The bits that select entry index, 0 to 7, of the PAT. */
static inline qpmap_ptebits_t
qpmap_pte_pat(qpmap_u32 index)
{
	return (((index & 4) != 0 ? QPTE_PAT : 0) |
	    ((index & 2) != 0 ? QPTE_PCD : 0) |
	    ((index & 1) != 0 ? QPTE_PWT : 0));
}

/* Entry of the PAT that a leaf selects. */
static inline qpmap_u32
qpmap_pte_pat_index(qpmap_ptebits_t leaf)
{
	return (((leaf & QPTE_PAT) != 0 ? 4u : 0) |
	    ((leaf & QPTE_PCD) != 0 ? 2u : 0) |
	    ((leaf & QPTE_PWT) != 0 ? 1u : 0));
}

/* As a page number: one more than the last. */
static inline qpmap_ptebits_t
qpmap_pa_limit(qpmap_u32 pa_bits)
{
	return (1ULL << (pa_bits - QPMAP_PAGE_SHIFT));
}

/*
 * Rotated right, an address is its page number below its offset: an offset
 * makes it larger than any limit, so one compare checks both.
 */
static inline _Bool
qpmap_pa_is_valid(qpmap_paddr_t pa, qpmap_ptebits_t limit)
{
	return ((pa >> QPMAP_PAGE_SHIFT | pa << (64 - QPMAP_PAGE_SHIFT)) <
	    limit);
}

#endif /* QPMAP_ARCH_AMD64_PTE_H */
