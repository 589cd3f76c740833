/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * amd64 and i386 entries: 4 KiB leaves and the tables above.  An entry has 64
 * bits on amd64 and with PAE, else 32.
 * Intel SDM vol. 3, "Format of a Page-Table Entry that Maps a 4-KByte Page",
 * "Format of a PAE Page-Table Entry that Maps a 4-KByte Page", "Format of a
 * 32-Bit Page-Table Entry that Maps a 4-KByte Page".
 *
 * Pure arithmetic, no instructions: it builds and is tested on any host.
 */
#ifndef QPMAP_ARCH_X86_PTE_H
#define QPMAP_ARCH_X86_PTE_H

#include "../contract.h"

/* Every field of a leaf, top bit first.  Fields marked = 0 are never set. */
#if QPMAP_PTE_SIZE == 8
#define QPTE_NX		(1ULL << 63)	/* XD: no execution */
/*      PKS key		 62:59 = 0: the kernel must not restrict key 0 */
/*      ignored		 58:52 = 0 */
/*      reserved	 62:52 = 0 with PAE, instead of those two */
#define QPTE_PA		0x000ffffffffff000ULL	/* 51:12 */
#define QPTE_PA_BITS	52
#else
#define QPTE_NX		0U		/* no such bit */
#define QPTE_PA		0xfffff000U	/* 31:12 */
#define QPTE_PA_BITS	32
#endif
/*      ignored		 11:9 = 0 */
/*      G		 8 = 0: INVLPG of a G entry fails on some cores */
#define QPTE_PAT	(1U << 7)	/* memory type: bit 2 of PAT index */
#define QPTE_D		(1U << 6)	/* set where R/W is, as A is */
#define QPTE_A		(1U << 5)	/* set: the walker never writes it */
#define QPTE_PCD	(1U << 4)	/* memory type: bit 1 of PAT index */
#define QPTE_PWT	(1U << 3)	/* memory type: bit 0 of PAT index */
/*      U/S		 2 = 0: kernel only */
#define QPTE_RW		(1U << 1)	/* writable */
#define QPTE_P		(1U << 0)	/* present */

/* In an upper entry: 1 if it maps a large page. */
#define QPTE_PS		(1U << 7)

/*
 * A guard's mark (QPMAP_F_MARK_GUARDS): not present, so the walker ignores all
 * other bits.  The address is 0, as in a zero PTE: a speculative load cannot
 * reach the cached contents of another page (L1TF).
 */
#define QPTE_MARK	(1U << 9)	/* ignored in every entry */

/*
 * The bits of every mapping; QPTE_NX is added if the CPU has it.  D is for
 * writable ones only: D without R/W would make a shadow-stack page.
 */
#define QPTE_RO_BITS	(QPTE_A | QPTE_P)
#define QPTE_RW_BITS	(QPTE_RO_BITS | QPTE_D | QPTE_RW)

/*
 * Upper entries allow every access except the user's; the leaf decides.  A is
 * set, so that the walker never writes them.
 */
#define QPTE_TABLE_BITS	(QPTE_A | QPTE_RW | QPTE_P)

/*
 * The bits that a configuration's sharing masks may have: none in 32-bit
 * entries.
 */
#if QPMAP_PTE_SIZE == 8
#define QPTE_SHARING	QPTE_PA
#define QPMAP_TABLE_SHIFT 9
#else
#define QPTE_SHARING	0ULL
#define QPMAP_TABLE_SHIFT 10
#endif

static inline struct qpmap_pte
qpmap_pte_make(qpmap_paddr_t pa, qpmap_ptebits_t bits)
{
	return ((struct qpmap_pte){ pa | bits });
}

static inline _Bool
qpmap_pte_is_valid(struct qpmap_pte pte)
{
	return ((pte.bits & QPTE_P) != 0);
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

/* The entry of the PAT that a leaf selects. */
static inline qpmap_u32
qpmap_pte_pat_index(qpmap_ptebits_t leaf)
{
	return (((leaf & QPTE_PAT) != 0 ? 4u : 0) |
	    ((leaf & QPTE_PCD) != 0 ? 2u : 0) |
	    ((leaf & QPTE_PWT) != 0 ? 1u : 0));
}

#endif /* QPMAP_ARCH_X86_PTE_H */
