/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * amd64 and i386 entries: 4 KiB leaves and the tables above.  An entry has 64
 * bits on amd64 and with PAE, else 32.
 * Intel SDM vol. 3, "Format of a Page-Table Entry that Maps a 4-KByte Page",
 * "Format of a PAE Page-Table Entry that Maps a 4-KByte Page", "Format of a
 * 32-Bit Page-Table Entry that Maps a 4-KByte Page", "Format of a PAE
 * Page-Directory-Pointer-Table Entry (PDPTE)".
 *
 * Pure arithmetic, no instructions: it builds and is tested on any host.
 */
#ifndef QPMAP_ARCH_X86_PTE_H
#define QPMAP_ARCH_X86_PTE_H

#include "../contract.h"

/* Whether this is i386, which has two levels, or three with PAE. */
#define QPMAP_I386	(QPMAP_PTE_SIZE == 4 || QPMAP_PAE)

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
#define QPTE_G		(1U << 8)	/* global mappings only, see below */
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
 * An entry of PAE's PDPT, level 2, has no A or R/W: bits 8:5 and 2:1 are
 * reserved.
 */
#define QPTE_PDPTE_BITS	QPTE_P

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

static inline struct qpmap_pte
qpmap_pte_make_table(qpmap_paddr_t pa, qpmap_u32 level)
{
	return ((struct qpmap_pte){ pa |
	    (QPMAP_PAE && level == 2 ? QPTE_PDPTE_BITS : QPTE_TABLE_BITS) });
}

/*
 * The host's word that its mappings have G; 0 in a build that has no use for
 * it.  A window's entry has G = 0: INVLPG of a G entry fails on some cores.
 */
#define QPMAP_FLAG_G	(QPMAP_SHOOTDOWN ? QPMAP_F_KERNEL_HAS_G : 0U)

#define qpmap_pte_global_bits qpmap_pte_global_bits
static inline qpmap_ptebits_t
qpmap_pte_global_bits(qpmap_u32 flags)
{
	return ((flags & QPMAP_FLAG_G) != 0 ? QPTE_G : 0);
}

static inline _Bool
qpmap_pte_is_valid(struct qpmap_pte pte)
{
	return ((pte.bits & QPTE_P) != 0);
}

/*
 * On i386 only a page directory has large pages.  (With 32-bit entries and
 * CR4.PSE clear the CPU ignores the bit; if a kernel sets it then, it gets an
 * error.)
 */
static inline _Bool
qpmap_pte_is_large(struct qpmap_pte pte, qpmap_u32 level)
{
	return ((level == 1 || !QPMAP_I386) && (pte.bits & QPTE_PS) != 0);
}

static inline qpmap_paddr_t
qpmap_pte_pa(struct qpmap_pte pte, qpmap_ptebits_t sharing)
{
	return (pte.bits & QPTE_PA & ~sharing);
}

#if QPMAP_LARGE_SLOTS

/*
 * A page-directory entry with PS, where a leaf has the PAT's bit: that is bit
 * 12 here.  Intel SDM vol. 3, "Format of a Page-Directory Entry that Maps a
 * 2-MByte Page", "Format of a 32-Bit Page-Directory Entry that Maps a 4-MByte
 * Page".
 */
#define qpmap_pte_large_bits qpmap_pte_large_bits
static inline qpmap_ptebits_t
qpmap_pte_large_bits(qpmap_ptebits_t bits)
{
	return (bits | QPTE_PS | (bits & QPTE_PAT) << (12 - 7));
}

#endif

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

#if QPMAP_PAE

/*
 * Two words, one for each word of an address.  Low: the bits that the low word
 * of the address must not have.  High: one more than its largest high word.
 */
#define qpmap_pa_limit_of qpmap_pa_limit_of
static inline qpmap_ptebits_t
qpmap_pa_limit_of(qpmap_u32 pa_bits, qpmap_u32 shift)
{
	qpmap_u32 high = pa_bits > 32 ? 1U << (pa_bits - 32) : 1;
	qpmap_u32 low = pa_bits < 32 ? ~0U << pa_bits : 0;

	return ((qpmap_ptebits_t)high << 32 | low | ((1U << shift) - 1));
}

/* With a limit of 0 no high word is below it. */
#define qpmap_pa_is_below qpmap_pa_is_below
static inline _Bool
qpmap_pa_is_below(qpmap_paddr_t pa, qpmap_ptebits_t limit, qpmap_u32 shift)
{
	(void)shift;
	return (((qpmap_u32)pa & (qpmap_u32)limit) == 0 &&
	    (qpmap_u32)(pa >> 32) < (qpmap_u32)(limit >> 32));
}

/* A range that does not cross a multiple of 4 GiB. */
#define qpmap_pa_is_in qpmap_pa_is_in
static inline _Bool
qpmap_pa_is_in(qpmap_paddr_t pa, qpmap_paddr_t first, qpmap_size_t size)
{
	return ((qpmap_u32)(pa >> 32) == (qpmap_u32)(first >> 32) &&
	    (qpmap_u32)pa - (qpmap_u32)first < size);
}

#endif /* QPMAP_PAE */

#endif /* QPMAP_ARCH_X86_PTE_H */
