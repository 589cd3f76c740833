/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arm64: what this CPU is, and whether the configuration fits it.
 */
#include "../arch.h"
#include "regs.h"

/* Stamped out: a function that reads one system register. */
#define QPMAP_READ(name, reg)						\
static inline __UINT64_TYPE__						\
qpmap_read_##name(void)							\
{									\
	__UINT64_TYPE__ value;						\
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
QPMAP_READ(mmfr3, "s3_0_c0_c7_3")	/* ID_AA64MMFR3_EL1 */
#undef QPMAP_READ

static void
qpmap_regs_read(struct qpmap_regs *regs)
{
	regs->el = qpmap_read_currentel() >> 2 & 3;
	regs->hcr = regs->el == 2 ? qpmap_read_hcr() : 0;
	regs->sctlr = qpmap_read_sctlr();
	regs->tcr = qpmap_read_tcr();
	regs->tcr2 = 0;
	regs->ttbr1 = qpmap_read_ttbr1();
	regs->mair = qpmap_read_mair();
	regs->mmfr0 = qpmap_read_mmfr0();
	/* An ID register that an older CPU does not have reads as zero. */
	if ((qpmap_read_mmfr3() &
	    (QPMAP_MMFR3_D128 | QPMAP_MMFR3_S1PIE)) != 0) {
		regs->tcr2 = qpmap_read_tcr2();
	}
}

/* What every CPU must share. */
static void
qpmap_regs_shared(const struct qpmap_regs *regs,
    __UINT64_TYPE__ reg[QPMAP_MMU_REGS])
{
	reg[0] = qpmap_regs_level_fits(regs) ? regs->el : 0;
	reg[0] |= regs->sctlr & QPMAP_SCTLR_EE;
	reg[0] |= (regs->sctlr & QPMAP_SCTLR_M) << 2;
	reg[1] = regs->tcr & (QPMAP_TCR_DS | QPMAP_TCR_IPS | QPMAP_TCR_TG1 |
	    QPMAP_TCR_SH1 | QPMAP_TCR_ORGN1 | QPMAP_TCR_IRGN1 |
	    QPMAP_TCR_EPD1 | QPMAP_TCR_T1SZ);
	reg[2] = regs->mair;
	reg[3] = regs->tcr2 & (QPMAP_TCR2_D128 | QPMAP_TCR2_PIE);
	reg[3] |= (__UINT64_TYPE__)qpmap_regs_pa_bits(regs) << 32;
}

int
qpmap_probe(const struct qpmap_config *config, struct qpmap_mmu *mmu)
{
	struct qpmap_regs regs;
	qpmap_ptebits_t ng;
	int error;

	qpmap_regs_read(&regs);
	error = qpmap_regs_mode(config, &regs);
	if (error != QPMAP_OK) {
		return (error);
	}
	ng = (config->flags & QPMAP_NON_GLOBAL) != 0 ? QPTE_NG : 0;
	mmu->root = qpmap_regs_root(&regs);
	mmu->levels = qpmap_regs_levels(&regs);
	mmu->va_bits = qpmap_regs_va_bits(&regs);
	mmu->pa_bits = qpmap_regs_pa_bits(&regs);
	mmu->rw_bits = ng | QPTE_RW_BITS;
	mmu->ro_bits = ng | QPTE_RO_BITS;
	qpmap_regs_shared(&regs, mmu->reg);
	return (qpmap_regs_types(config, regs.mair, mmu));
}

_Bool
qpmap_probe_same(const struct qpmap_mmu *mmu)
{
	__UINT64_TYPE__ reg[QPMAP_MMU_REGS];
	struct qpmap_regs regs;
	__UINT32_TYPE__ i;
	_Bool same = 1;

	qpmap_regs_read(&regs);
	qpmap_regs_shared(&regs, reg);
	for (i = 0; i < QPMAP_MMU_REGS; i++) {
		same = same && reg[i] == mmu->reg[i];
	}
	return (same);
}

/* The kernel's half is TTBR1's: bits 63 to va_bits are ones. */
_Bool
qpmap_probe_range(const struct qpmap_mmu *mmu, qpmap_vaddr_t first,
    qpmap_vaddr_t last)
{
	return (first <= last && first >= ~(qpmap_vaddr_t)0 << mmu->va_bits);
}
