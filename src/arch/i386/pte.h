/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * i386 entries: tables on two levels, with PAE on three.  The fields are in
 * x86/pte.h.
 *
 * Intel SDM vol. 3, "Format of a PAE Page-Directory-Pointer-Table Entry
 * (PDPTE)".
 */
#ifndef QPMAP_ARCH_I386_PTE_H
#define QPMAP_ARCH_I386_PTE_H

#include "../x86/pte.h"

/*
 * An entry of PAE's PDPT, level 2, has no A or R/W: bits 8:5 and 2:1 are
 * reserved.
 */
#define QPTE_PDPTE_BITS	QPTE_P

static inline struct qpmap_pte
qpmap_pte_make_table(qpmap_paddr_t pa, qpmap_u32 level)
{
	return ((struct qpmap_pte){
	    pa | (level == 2 ? QPTE_PDPTE_BITS : QPTE_TABLE_BITS) });
}

/*
 * Only a page directory has large pages.  (With 32-bit entries and CR4.PSE
 * clear the CPU ignores the bit; if a kernel sets it then, it gets an error.)
 */
static inline _Bool
qpmap_pte_is_large(struct qpmap_pte pte, qpmap_u32 level)
{
	return (level == 1 && (pte.bits & QPTE_PS) != 0);
}

#if QPMAP_PAE

/*
 * Two words, one for each word of an address.  Low: the bits that the low word
 * of the address must not have.  High: one more than its largest high word.
 */
#define qpmap_pa_limit qpmap_pa_limit
static inline qpmap_ptebits_t
qpmap_pa_limit(qpmap_u32 pa_bits)
{
	qpmap_u32 high = pa_bits > 32 ? 1U << (pa_bits - 32) : 1;
	qpmap_u32 low = pa_bits < 32 ? ~0U << pa_bits : 0;

	return ((qpmap_ptebits_t)high << 32 | low | QPMAP_PAGE_MASK);
}

/* With a limit of 0 no high word is below it. */
#define qpmap_pa_is_valid qpmap_pa_is_valid
static inline _Bool
qpmap_pa_is_valid(qpmap_paddr_t pa, qpmap_ptebits_t limit)
{
	return (((qpmap_u32)pa & (qpmap_u32)limit) == 0 &&
	    (qpmap_u32)(pa >> 32) < (qpmap_u32)(limit >> 32));
}

#endif /* QPMAP_PAE */

#endif /* QPMAP_ARCH_I386_PTE_H */
