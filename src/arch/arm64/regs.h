/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arm64: fields of the system registers of translation.
 * Arm ARM (DDI 0487), "AArch64 System Register Descriptions".
 *
 * The registers' values are arguments: pure arithmetic, which builds and is
 * tested on any host.  The names are those of EL1; at EL2 with HCR_EL2.E2H set
 * they access EL2's registers, of the same layout.
 */
#ifndef QPMAP_ARCH_ARM64_REGS_H
#define QPMAP_ARCH_ARM64_REGS_H

#include "pte.h"

/* All in one word, qpmap_regs.control: no two of them overlap. */
#define QPMAP_HCR_E2H		(1ULL << 34)
#define QPMAP_HCR_TGE		(1ULL << 27)
#define QPMAP_SCTLR_EE		(1ULL << 25)	/* big-endian tables */
#define QPMAP_CURRENTEL		(3ULL << 2)	/* exception level */
#define QPMAP_CURRENTEL_1	(1ULL << 2)
#define QPMAP_CURRENTEL_2	(2ULL << 2)
#define QPMAP_SCTLR_M		(1ULL << 0)	/* translation is on */

#define QPMAP_TCR_DS		(1ULL << 59)	/* LPA2 entries */
#define QPMAP_TCR_IPS		(7ULL << 32)	/* output address width */
#define QPMAP_TCR_TG1		(3ULL << 30)	/* page size */
#define QPMAP_TCR_TG1_16K	(1ULL << 30)
#define QPMAP_TCR_TG1_4K	(2ULL << 30)
#define QPMAP_TCR_TG1_64K	(3ULL << 30)
#define QPMAP_TCR_SH1		(3ULL << 28)
#define QPMAP_TCR_ORGN1		(3ULL << 26)
#define QPMAP_TCR_IRGN1		(3ULL << 24)
#define QPMAP_TCR_EPD1		(1ULL << 23)	/* no walks from TTBR1 */
#define QPMAP_TCR_T1SZ		(63ULL << 16)	/* 64 - bits walked */
#define QPMAP_TCR_SHARED	(QPMAP_TCR_DS | QPMAP_TCR_TG1 |		\
	QPMAP_TCR_SH1 | QPMAP_TCR_ORGN1 | QPMAP_TCR_IRGN1 |		\
	QPMAP_TCR_EPD1 | QPMAP_TCR_T1SZ)

#define QPMAP_TCR2_D128		(1ULL << 5)	/* 128-bit entries */
#define QPMAP_TCR2_PIE		(1ULL << 1)	/* AP, PXN, UXN: an index */

#define QPMAP_MMFR3_D128	(15ULL << 32)
#define QPMAP_MMFR3_S1PIE	(15ULL << 8)

#define QPMAP_ISAR0_TLB(isar0)	((isar0) >> 56 & 15)
#define QPMAP_ISAR0_TLB_RANGE	2

/* Bytes of MAIR_EL1. */
#define QPMAP_MAIR_NGNRNE	0x00u
#define QPMAP_MAIR_NGNRE	0x04u
#define QPMAP_MAIR_NC		0x44u
#define QPMAP_MAIR_WT_XS	0xa0u	/* FEAT_XS: write-through, XS = 0 */
#define QPMAP_MAIR_WT		0xbbu
#define QPMAP_MAIR_WB_TAGGED	0xf0u	/* FEAT_MTE2 */
#define QPMAP_MAIR_WB		0xffu

struct qpmap_regs {
	qpmap_u64 control;	/* CurrentEL, SCTLR, at EL2 HCR_EL2: masked */
	qpmap_u64 tcr;
	qpmap_u64 mair;
	qpmap_u64 tcr2;		/* masked; 0 if there is no such register */
	qpmap_u64 ttbr1;
	qpmap_u64 mmfr0;	/* ID_AA64MMFR0_EL1 */
	qpmap_u64 isar0;	/* ID_AA64ISAR0_EL1 */
};

/* The page size of this build, as a value of TCR_EL1.TG1. */
#define QPMAP_TCR_TG1_BUILT						\
	(QPMAP_PAGE_SHIFT == 12 ? QPMAP_TCR_TG1_4K :			\
	QPMAP_PAGE_SHIFT == 14 ? QPMAP_TCR_TG1_16K : QPMAP_TCR_TG1_64K)

/* EL1, or EL2 with E2H and TGE: the TLBIs of tlb.h act on that regime. */
static inline _Bool
qpmap_regs_level_fits(const struct qpmap_regs *regs)
{
	qpmap_u64 host = QPMAP_HCR_E2H | QPMAP_HCR_TGE;
	qpmap_u64 level = regs->control & (QPMAP_CURRENTEL | host);

	return (level == QPMAP_CURRENTEL_1 ||
	    level == (QPMAP_CURRENTEL_2 | host));
}

/* The width of a virtual address in the upper half. */
static inline qpmap_u32
qpmap_regs_va_bits(const struct qpmap_regs *regs)
{
	return (64 - (qpmap_u32)((regs->tcr & QPMAP_TCR_T1SZ) >> 16));
}

/* A level resolves QPMAP_TABLE_SHIFT bits; the root resolves the rest. */
static inline qpmap_u32
qpmap_regs_levels(const struct qpmap_regs *regs)
{
	return ((qpmap_regs_va_bits(regs) - QPMAP_PAGE_SHIFT +
	    QPMAP_TABLE_SHIFT - 1) / QPMAP_TABLE_SHIFT);
}

/*
 * The width of an output address: the least of the CPU's, TCR_EL1's and the
 * format's.  ID_AA64MMFR0_EL1.PARange and TCR_EL1.IPS have the same codes.
 */
static inline qpmap_u32
qpmap_regs_pa_bits(const struct qpmap_regs *regs)
{
	static const unsigned char width[6] = { 32, 36, 40, 42, 44, 48 };
	qpmap_u64 code = regs->mmfr0 & 15;
	qpmap_u64 set = (regs->tcr & QPMAP_TCR_IPS) >> 32;

	code = set < code ? set : code;
	return (code < 6 ? width[code] : QPTE_PA_BITS);
}

/*
 * The address of the root table.  It is aligned to its size, which may be less
 * than a page; the bits below are zero, except for CnP, bit 0.  With 52-bit
 * output addresses it is aligned to at least 64 bytes, and bits 51:48 of its
 * address are in 5:2 of the register.
 */
static inline qpmap_paddr_t
qpmap_regs_root(const struct qpmap_regs *regs, qpmap_u32 pa_bits)
{
	if (QPTE_PA_BITS != 52 || pa_bits != 52) {
		return (regs->ttbr1 & ((1ULL << 48) - 2));
	}
	return ((regs->ttbr1 & ((1ULL << 48) - 64)) |
	    (regs->ttbr1 >> 2 & 15) << 48);
}

/*
 * Whether to use TLBIs by range.  With LPA2 they count in units of 64 KiB, not
 * in pages, and are not used.
 */
static inline _Bool
qpmap_regs_range(const struct qpmap_regs *regs)
{
	return (!QPMAP_LPA2 &&
	    QPMAP_ISAR0_TLB(regs->isar0) >= QPMAP_ISAR0_TLB_RANGE);
}

/*
 * Whether TCR2_EL1 exists and can be read.  If a read traps its value is 0 (Arm
 * ARM, "SCR_EL3, Secure Configuration Register", TCR2En).
 */
static inline _Bool
qpmap_regs_tcr2(qpmap_u32 flags, qpmap_u64 mmfr3)
{
	return ((flags & QPMAP_F_NO_TCR2) == 0 &&
	    (mmfr3 & (QPMAP_MMFR3_D128 | QPMAP_MMFR3_S1PIE)) != 0);
}

/* Check the translation regime.  Returns 0 or an enum qpmap_error. */
static inline int
qpmap_regs_mode(const struct qpmap_config *config,
    const struct qpmap_regs *regs)
{
	qpmap_u32 va_bits = qpmap_regs_va_bits(regs);

	if (!qpmap_regs_level_fits(regs)) {
		return (QPMAP_ERR_EXCEPTION_LEVEL);
	}
	if ((regs->control & (QPMAP_SCTLR_EE | QPMAP_SCTLR_M)) !=
	    QPMAP_SCTLR_M) {
		return (QPMAP_ERR_PAGING);
	}
	if ((regs->tcr & QPMAP_TCR_EPD1) != 0) {
		return (QPMAP_ERR_EPD1);
	}
	if ((regs->tcr & QPMAP_TCR_TG1) != QPMAP_TCR_TG1_BUILT) {
		return (QPMAP_ERR_PAGE_SIZE);
	}
	/* DS has no meaning with 64 KiB pages. */
	if ((QPMAP_PAGE_SHIFT != 16 &&
	    ((regs->tcr & QPMAP_TCR_DS) != 0) != QPMAP_LPA2) ||
	    regs->tcr2 != 0 || va_bits <= QPMAP_PAGE_SHIFT ||
	    va_bits > QPTE_PA_BITS || QPMAP_PAE) {
		return (QPMAP_ERR_PAGING);
	}
	if ((config->flags & QPMAP_F_NO_NX) != 0) {
		return (QPMAP_ERR_NO_NX);
	}
	if (config->layout != 0 && config->layout != regs->mair) {
		return (QPMAP_ERR_LAYOUT);
	}
	return (QPMAP_OK);
}

static inline qpmap_u32
qpmap_mair_byte(qpmap_u64 mair, qpmap_u32 index)
{
	return ((qpmap_u32)(mair >> (8 * index)) & 0xffu);
}

/*
 * Whether byte has the type of exact: an equal byte, or for a cacheable type
 * one with other hints.  The halves of both caches are 11RW or 01RW (transient,
 * RW not 00) for write-back, 10RW or 00RW (RW not 00) for write-through; R and
 * W are allocation hints.  Tagged memory differs: its accesses are checked.
 */
static inline _Bool
qpmap_mair_means(qpmap_u32 byte, qpmap_u32 exact)
{
	return (byte == exact || ((byte & exact & 0xb0) != 0 &&
	    (byte & exact & 0x0b) != 0 && ((byte ^ exact) & 0x44) == 0));
}

/* The byte of MAIR_EL1 for exact: preferably an equal one.  8 if none. */
static inline qpmap_u32
qpmap_mair_find(qpmap_u64 mair, qpmap_u32 exact)
{
	qpmap_u32 index, byte, found = 8;

	for (index = 0; index < 8; index++) {
		byte = qpmap_mair_byte(mair, index);
		if (byte == exact) {
			return (index);
		}
		if (found == 8 && qpmap_mair_means(byte, exact)) {
			found = index;
		}
	}
	return (found);
}

/* Whether both halves are cacheable, not device or non-cacheable. */
static inline _Bool
qpmap_mair_is_cacheable(qpmap_u32 byte)
{
	return (byte == QPMAP_MAIR_WB_TAGGED || byte == QPMAP_MAIR_WT_XS ||
	    ((byte & 0xb0) != 0 && (byte & 0x0b) != 0));
}

/*
 * Find the bits of every configured memory type, from its template (of a page
 * or a block) or MAIR_EL1.  Types that are not cacheable take the slow path:
 * only a DSB SY completes their accesses.  Returns 0 or an enum qpmap_error.
 */
static inline int
qpmap_regs_types(const struct qpmap_config *config, qpmap_u64 mair,
    struct qpmap_mmu *mmu)
{
	static const unsigned char exact[QPMAP_TYPE_COUNT] = {
		QPMAP_MAIR_WB, QPMAP_MAIR_WT, QPMAP_MAIR_NC, QPMAP_MAIR_NGNRNE,
		QPMAP_MAIR_NGNRE
	};
	qpmap_u32 types = config->types | QPMAP_TYPE_BIT(QPMAP_ATTR_WRITE_BACK);
	qpmap_u32 type, index;
	qpmap_u64 leaf;

	for (type = 0; type < QPMAP_TYPE_COUNT; type++) {
		leaf = config->template_leaf[type];
		if (leaf != 0 &&
		    (leaf & (QPTE_VALID | QPTE_NS)) != QPTE_VALID) {
			return (QPMAP_ERR_TEMPLATE);
		}
		if ((types & QPMAP_TYPE_BIT(type)) == 0) {
			continue;
		}
		if (leaf == 0) {
			index = qpmap_mair_find(mair, exact[type]);
			if (index == 8) {
				return (qpmap_type_error(type));
			}
			leaf = qpmap_pte_attr(index);
		}
		mmu->type_bits[type] = leaf & QPTE_TYPE_BITS;
		if (!qpmap_mair_is_cacheable(qpmap_mair_byte(mair,
		    qpmap_pte_attr_index(leaf)))) {
			mmu->slow_types |= QPMAP_TYPE_BIT(type);
		}
	}
	return (QPMAP_OK);
}

#endif /* QPMAP_ARCH_ARM64_REGS_H */
