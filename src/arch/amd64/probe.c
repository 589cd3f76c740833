/* SPDX-License-Identifier: BSD-2-Clause */
/* amd64: check this CPU, and the configuration against it. */
#include "../arch.h"

#include "../x86/regs.h"

/* The live registers that every CPU must share, masked. */
struct qpmap_regs {
	qpmap_u64 cr0;
	qpmap_u64 cr4;
	qpmap_u64 efer;
	qpmap_u64 pat;
};

static struct qpmap_regs
qpmap_regs_read(qpmap_u32 flags)
{
	return ((struct qpmap_regs){
	    .cr0 = qpmap_read_cr0() & (QPMAP_CR0_PG | QPMAP_CR0_WP),
	    .cr4 = qpmap_read_cr4() &
		(QPMAP_CR4_PAE | QPMAP_CR4_LA57 | qpmap_cr4_pge(flags)),
	    .efer = qpmap_rdmsr(QPMAP_MSR_EFER) &
		(QPMAP_EFER_LMA | QPMAP_EFER_NXE),
	    .pat = qpmap_rdmsr(QPMAP_MSR_PAT),
	});
}

/* Check the paging mode.  Returns 0 or an enum qpmap_error. */
QPMAP_INIT static int
qpmap_probe_mode(const struct qpmap_config *config,
    const struct qpmap_regs *regs)
{
	if (QPMAP_PAGE_SHIFT != 12) {
		return (QPMAP_ERR_PAGE_SIZE);
	}
	if ((regs->cr0 & QPMAP_CR0_PG) == 0 ||
	    (regs->efer & QPMAP_EFER_LMA) == 0 || QPMAP_PAE + QPMAP_LPA2 != 0) {
		return (QPMAP_ERR_PAGING);
	}
	if ((regs->cr0 & QPMAP_CR0_WP) == 0) {
		return (QPMAP_ERR_WP);
	}
	if ((regs->efer & QPMAP_EFER_NXE) == 0 &&
	    (config->flags & QPMAP_F_NO_NX) == 0) {
		return (QPMAP_ERR_NX);
	}
	if ((regs->efer & QPMAP_EFER_NXE) != 0 &&
	    (config->flags & QPMAP_F_NO_NX) != 0) {
		return (QPMAP_ERR_NO_NX);
	}
	if ((regs->cr4 & QPMAP_CR4_PGE) != qpmap_cr4_pge(config->flags)) {
		return (QPMAP_ERR_PGE);
	}
	if (config->layout != 0 && config->layout != regs->pat) {
		return (QPMAP_ERR_LAYOUT);
	}
	return (QPMAP_OK);
}

QPMAP_INIT int
qpmap_probe(const struct qpmap_config *config, struct qpmap_mmu *mmu)
{
	struct qpmap_regs regs = qpmap_regs_read(config->flags);
	int error = qpmap_probe_mode(config, &regs);
	qpmap_ptebits_t nx;

	if (error != QPMAP_OK) {
		return (error);
	}
	nx = (regs.efer & QPMAP_EFER_NXE) != 0 ? QPTE_NX : 0;
	mmu->reg[0] = regs.cr0;
	mmu->reg[1] = regs.cr4;
	mmu->reg[2] = regs.efer;
	mmu->reg[3] = regs.pat;
	mmu->root = qpmap_read_cr3() & QPTE_PA;
	mmu->levels = (regs.cr4 & QPMAP_CR4_LA57) != 0 ? 5 : 4;
	mmu->va_bits = (regs.cr4 & QPMAP_CR4_LA57) != 0 ? 57 : 48;
	mmu->pa_bits = qpmap_cpuid_pa_bits();
	mmu->rw_bits = nx | QPTE_RW_BITS;
	mmu->ro_bits = nx | QPTE_RO_BITS;
	if (mmu->pa_bits <= QPMAP_PAGE_SHIFT) {
		return (QPMAP_ERR_PA_BITS);
	}
	return (qpmap_probe_types(config, regs.pat, mmu));
}

/* The CPU may have wider physical addresses than the first one. */
_Bool
qpmap_probe_same(const struct qpmap_mmu *mmu)
{
	struct qpmap_regs regs = qpmap_regs_read(qpmap_state.flags);

	return (regs.cr0 == mmu->reg[0] && regs.cr4 == mmu->reg[1] &&
	    regs.efer == mmu->reg[2] && regs.pat == mmu->reg[3] &&
	    qpmap_cpuid_pa_bits() >= mmu->pa_bits);
}

/* The kernel's half is the upper one: bits 63 to va_bits - 1 are 1. */
_Bool
qpmap_probe_range(const struct qpmap_mmu *mmu, qpmap_vaddr_t first,
    qpmap_vaddr_t last)
{
	return (first <= last && first >= ~(qpmap_vaddr_t)0 <<
	    (mmu->va_bits - 1));
}
