/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * riscv64 entries: 4 KiB leaves and the tables above; Sv39, Sv48 and Sv57
 * have the same format.  RISC-V Privileged Architecture (Volume II),
 * "Sv39: Page-Based 39-bit Virtual-Memory System", "Svpbmt Extension for
 * Page-Based Memory Types".
 *
 * Pure arithmetic, no instructions: it builds and is tested on any host.
 */
#ifndef QPMAP_ARCH_RISCV64_PTE_H
#define QPMAP_ARCH_RISCV64_PTE_H

#include "../contract.h"

/* Every field of a leaf, top bit first.  Fields marked = 0 are never set. */
/*      N		 63 = 0: one page, not a range (Svnapot) */
#define QPTE_PBMT	(3ULL << 61)	/* 62:61, memory type; Svpbmt only */
/*      reserved	 60:54 = 0 */
#define QPTE_PPN	0x003ffffffffffc00ULL	/* 53:10 */
/*      RSW		 9:8 = 0 */
#define QPTE_D		(1ULL << 7)	/* set: the walker never writes it */
#define QPTE_A		(1ULL << 6)	/* set: the walker never writes it */
/*      G		 5 = 0: this address space only */
/*      U		 4 = 0: kernel only */
#define QPTE_X		(1ULL << 3)	/* = 0 here: no execution */
#define QPTE_W		(1ULL << 2)	/* writable */
#define QPTE_R		(1ULL << 1)	/* readable */
#define QPTE_V		(1ULL << 0)	/* valid */

/* Values of QPTE_PBMT; 0 is the type of the PMA, 3 is reserved. */
#define QPTE_PBMT_NC	(1ULL << 61)	/* idempotent, weakly ordered */
#define QPTE_PBMT_IO	(2ULL << 61)	/* strongly ordered */

/*
 * XuanTie C9xx with MAEE set, instead of N, PBMT and bit 60.  T-Head
 * extension specification, "Memory Attribute Extension (XTheadMae)", which
 * uses "bits [60:63] of the PTE" and excludes Svpbmt and Svnapot.
 */
#define QPTE_C9XX_SO	(1ULL << 63)	/* strong order */
#define QPTE_C9XX_TYPE	(15ULL << 60)	/* 63:60, SO C B T */

/* The bits of every mapping. */
#define QPTE_RO_BITS	(QPTE_D | QPTE_A | QPTE_R | QPTE_V)
#define QPTE_RW_BITS	(QPTE_RO_BITS | QPTE_W)

/* R = W = X = 0: a pointer to a table, where D, A and U are reserved. */
#define QPTE_TABLE_BITS	QPTE_V

/*
 * A guard's mark (QPMAP_F_MARK_GUARDS), in RSW, which is software's in any
 * entry.  V is 0, so the walker ignores all other bits.  The address is 0.
 */
#define QPTE_MARK	(1ULL << 8)

/* The architecture has no bit for private or shared pages. */
#define QPTE_SHARING	0ULL

#define QPMAP_TABLE_SHIFT 9

/* The width of the address in an entry. */
#define QPMAP_PTE_PA_BITS 56

/* PA[55:12] in bits 53:10: two bits down. */
static inline struct qpmap_pte
qpmap_pte_make(qpmap_paddr_t pa, qpmap_ptebits_t bits)
{
	return ((struct qpmap_pte){ pa >> 2 | bits });
}

#define QPMAP_PTE_STEP	(QPMAP_PAGE_SIZE >> 2)

static inline struct qpmap_pte
qpmap_pte_make_table(qpmap_paddr_t pa, qpmap_u32 level)
{
	(void)level;
	return ((struct qpmap_pte){ pa >> 2 | QPTE_TABLE_BITS });
}

static inline _Bool
qpmap_pte_is_valid(struct qpmap_pte pte)
{
	return ((pte.bits & QPTE_V) != 0);
}

/* W alone is reserved: it is not a pointer to a table. */
static inline _Bool
qpmap_pte_is_large(struct qpmap_pte pte, qpmap_u32 level)
{
	(void)level;
	return ((pte.bits & (QPTE_R | QPTE_W | QPTE_X)) != 0);
}

static inline qpmap_paddr_t
qpmap_pte_pa(struct qpmap_pte pte, qpmap_ptebits_t sharing)
{
	return ((pte.bits & QPTE_PPN & ~sharing) << 2);
}

/*
 * Whether a kernel's own entry can be a template: a valid leaf, with no
 * reserved bit or value.  60:59 may be software's (Svrsw60t59b).
 *
 * Without Svpbmt bit 63 means XuanTie's strong order.  A leaf of a 64 KiB range
 * (Svnapot) also has it, and no other of the four, and a PPN ending in 8: it is
 * not a template.
 */
static inline _Bool
qpmap_pte_is_template(qpmap_ptebits_t leaf, _Bool svpbmt)
{
	if ((leaf & QPTE_V) == 0 || (leaf & (QPTE_R | QPTE_X)) == 0 ||
	    (leaf & (QPTE_R | QPTE_W)) == QPTE_W ||
	    (leaf & 31ULL << 54) != 0) {
		return (0);
	}
	if (svpbmt) {
		return ((leaf & QPTE_PBMT) != QPTE_PBMT);
	}
	return ((leaf & QPTE_C9XX_TYPE) != QPTE_C9XX_SO ||
	    (leaf >> 10 & 15) != 8);
}

/* The bits of a template for its memory type and shareability. */
static inline qpmap_ptebits_t
qpmap_pte_type(qpmap_ptebits_t leaf, _Bool svpbmt)
{
	return (leaf & (svpbmt ? QPTE_PBMT : QPTE_C9XX_TYPE));
}

/* 2^pa_bits bytes. */
#define qpmap_pa_limit_of qpmap_pa_limit_of
static inline qpmap_ptebits_t
qpmap_pa_limit_of(qpmap_u32 pa_bits, qpmap_u32 shift)
{
	(void)shift;
	return (1ULL << pa_bits);
}

/*
 * Shifted to the top, the offset is 0 or larger than any boolean: one branch
 * for both.  A rotation, as elsewhere, would take one instruction more here.
 */
#define qpmap_pa_is_below qpmap_pa_is_below
static inline _Bool
qpmap_pa_is_below(qpmap_paddr_t pa, qpmap_ptebits_t limit, qpmap_u32 shift)
{
	return (pa << (64 - shift) < (qpmap_paddr_t)(pa < limit));
}

#endif /* QPMAP_ARCH_RISCV64_PTE_H */
