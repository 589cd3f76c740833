/* SPDX-License-Identifier: BSD-2-Clause */
/* arm64: check this CPU, and the configuration against it. */
#include "../arch.h"
#include "regs.h"

/* Define a function that reads a system register. */
#define QPMAP_READ(name, reg)						\
static inline qpmap_u64							\
qpmap_read_##name(void)							\
{									\
	qpmap_u64 value;						\
									\
	__asm__ volatile("mrs	%0, " reg : "=r"(value));		\
	return (value);							\
}
QPMAP_READ(currentel, "currentel")
QPMAP_READ(hcr, "hcr_el2")
QPMAP_READ(sctlr, "sctlr_el1")
QPMAP_READ(tcr, "tcr_el1")
QPMAP_READ(tcr2, "s3_0_c2_c0_3")	/* TCR2_EL1 */
QPMAP_READ(ttbr1, "ttbr1_el1")
QPMAP_READ(mair, "mair_el1")
QPMAP_READ(mmfr0, "id_aa64mmfr0_el1")
QPMAP_READ(isar0, "id_aa64isar0_el1")
QPMAP_READ(mmfr3, "s3_0_c0_c7_3")	/* ID_AA64MMFR3_EL1 */
#undef QPMAP_READ

static void
qpmap_regs_read(struct qpmap_regs *regs, qpmap_u32 flags)
{
	regs->control = (qpmap_read_currentel() & QPMAP_CURRENTEL) |
	    (qpmap_read_sctlr() & (QPMAP_SCTLR_EE | QPMAP_SCTLR_M));
	if ((regs->control & QPMAP_CURRENTEL) == QPMAP_CURRENTEL_2) {
		regs->control |= qpmap_read_hcr() &
		    (QPMAP_HCR_E2H | QPMAP_HCR_TGE);
	}
	regs->tcr = qpmap_read_tcr();
	regs->mair = qpmap_read_mair();
	regs->tcr2 = 0;
	/* An ID register that an older CPU does not have reads as zero. */
	if (qpmap_regs_tcr2(flags, qpmap_read_mmfr3())) {
		regs->tcr2 = qpmap_read_tcr2() &
		    (QPMAP_TCR2_D128 | QPMAP_TCR2_PIE);
	}
	regs->ttbr1 = qpmap_read_ttbr1();
	regs->mmfr0 = qpmap_read_mmfr0();
	regs->isar0 = QPMAP_TLBI_RANGE ? qpmap_read_isar0() : 0;
}

QPMAP_INIT int
qpmap_probe(const struct qpmap_config *config, struct qpmap_mmu *mmu)
{
	struct qpmap_regs regs;
	qpmap_ptebits_t ng;
	int error;

	qpmap_regs_read(&regs, config->flags);
	error = qpmap_regs_mode(config, &regs);
	if (error != QPMAP_OK) {
		return (error);
	}
	ng = (config->flags & QPMAP_F_SET_NG) != 0 ? QPTE_NG : 0;
	mmu->pa_bits = qpmap_regs_pa_bits(&regs);
	mmu->root = qpmap_regs_root(&regs, mmu->pa_bits);
	mmu->levels = qpmap_regs_levels(&regs);
	mmu->va_bits = qpmap_regs_va_bits(&regs);
	mmu->rw_bits = ng | QPTE_RW_BITS;
	mmu->ro_bits = ng | QPTE_RO_BITS;
	mmu->reg[0] = regs.control;
	mmu->reg[1] = regs.tcr;
	mmu->reg[2] = regs.mair;
	mmu->reg[3] = regs.tcr2;
#if QPMAP_TLBI_RANGE
	mmu->range = (config->flags & QPMAP_F_NO_TLBI_RANGE) == 0 &&
	    qpmap_regs_range(&regs);
#endif
	return (qpmap_regs_types(config, regs.mair, mmu));
}

/* The CPU may have wider addresses than the first: Linux sets IPS per CPU. */
_Bool
qpmap_probe_same(const struct qpmap_mmu *mmu)
{
	struct qpmap_regs regs;

	qpmap_regs_read(&regs, qpmap_state.flags);
#if QPMAP_TLBI_RANGE
	if (mmu->range && !qpmap_regs_range(&regs)) {
		return (0);
	}
#endif
	return (((regs.control ^ mmu->reg[0]) |
	    ((regs.tcr ^ mmu->reg[1]) & QPMAP_TCR_SHARED) |
	    (regs.mair ^ mmu->reg[2]) | (regs.tcr2 ^ mmu->reg[3])) == 0 &&
	    qpmap_regs_pa_bits(&regs) >= mmu->pa_bits);
}

/* The kernel's half is TTBR1's: bits 63 to va_bits are 1. */
_Bool
qpmap_probe_range(const struct qpmap_mmu *mmu, qpmap_vaddr_t first,
    qpmap_vaddr_t last)
{
	return (first <= last && first >= ~(qpmap_vaddr_t)0 << mmu->va_bits);
}

/*
 * The smallest line that a cache may have: 16 bytes, a LineSize of 0 in
 * CCSIDR_EL1 (Arm ARM, "CCSIDR_EL1, Current Cache Size ID Register").  CTR_EL0
 * is not used: it describes one CPU, and the next may differ.
 */
#define QPMAP_DCACHE_STEP	16

/* Only a DSB that orders loads, too, completes a DC. */
void
qpmap_dcache_clean(const void *table, qpmap_size_t bytes)
{
	const unsigned char *at = table;
	qpmap_size_t i;

	for (i = 0; i < bytes; i += QPMAP_DCACHE_STEP) {
		__asm__ volatile("dc	cvac, %0" :: "r"(&at[i]) : "memory");
	}
	__asm__ volatile("dsb	sy" ::: "memory");
}
