/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * amd64 and i386: check this CPU, and the configuration against it.  Each of
 * the two probe.c is this file.
 *
 * An i386 CPU may lack what every amd64 CPU has: CPUID and CR4, the PAT, EFER,
 * SFENCE, global pages.  Each is used only if CPUID has its bit.
 */
#ifndef QPMAP_ARCH_X86_PROBE_H
#define QPMAP_ARCH_X86_PROBE_H

#include <qpmap/arch/x86.h>

#include "../arch.h"
#include "regs.h"

/* CPUID 1, EDX; other bits, and QPMAP_REG_CPUID, are in tlb.h. */
#define QPMAP_CPUID_FPU		(1u << 0)
/* CPUID 80000001h, EDX. */
#define QPMAP_CPUID_NX		(1u << 20)
#define QPMAP_CPUID_LM		(1u << 29)

/* The other words of qpmap_mmu.reg. */
#define QPMAP_REG_CR0	0
#define QPMAP_REG_EFER	2
#define QPMAP_REG_PAT	3

/* Bits 62:52 of a PAE leaf must be 0. */
#define QPMAP_PAE_RESERVED	0x7ff0000000000000ull

/* EDX of a CPUID leaf: feature bits; 0 if there is no such leaf. */
static qpmap_u32
qpmap_features(qpmap_u32 leaf)
{
	if (!qpmap_has_cpuid() || !qpmap_cpuid_has(leaf)) {
		return (0);
	}
	return (qpmap_cpuid(leaf).edx);
}

/*
 * Read the registers that every CPU must share.  A missing register reads as
 * its value after reset.  CR4 exists if CPUID has a feature besides the FPU.
 * On i386 EFER is read with PAE only, which NXE and LMA require: without, some
 * hypervisors fault the read.
 */
static void
qpmap_regs_read(qpmap_u64 reg[QPMAP_MMU_REGS], qpmap_u32 flags)
{
	qpmap_u32 features = QPMAP_I386 ? qpmap_features(1) : ~0u;
	unsigned long cr4 = 0;

	if ((features & ~QPMAP_CPUID_FPU) != 0) {
		cr4 = qpmap_read_cr4() & (QPMAP_CR4_PAE | qpmap_cr4_pge(flags) |
		    (QPMAP_I386 ? 0 : QPMAP_CR4_LA57) |
		    (QPMAP_LARGE_SLOTS && QPMAP_PTE_SIZE == 4 ?
			QPMAP_CR4_PSE : 0));
	}
	reg[QPMAP_REG_CR0] = qpmap_read_cr0() & (QPMAP_CR0_PG | QPMAP_CR0_WP);
	reg[QPMAP_REG_CPUID] = cr4;
	if (QPMAP_I386) {
		reg[QPMAP_REG_CPUID] |= (qpmap_u64)(features &
		    (QPMAP_CPUID_PGE | QPMAP_CPUID_PAT | QPMAP_CPUID_SSE |
		    QPMAP_CPUID_SSE2)) << 32;
	}
	reg[QPMAP_REG_EFER] = 0;
	if (!QPMAP_I386 || (QPMAP_PAE && (cr4 & QPMAP_CR4_PAE) != 0 &&
	    (qpmap_features(0x80000001u) &
	    (QPMAP_CPUID_NX | QPMAP_CPUID_LM)) != 0)) {
		reg[QPMAP_REG_EFER] = qpmap_rdmsr(QPMAP_MSR_EFER) &
		    (QPMAP_EFER_LMA | QPMAP_EFER_NXE);
	}
	reg[QPMAP_REG_PAT] = (features & QPMAP_CPUID_PAT) != 0 ?
	    qpmap_rdmsr(QPMAP_MSR_PAT) : QPMAP_PAT_RESET;
}

/* Whether leaves have NX. */
static inline _Bool
qpmap_mmu_nx(const struct qpmap_mmu *mmu)
{
	return (QPMAP_PTE_SIZE == 8 &&
	    (mmu->reg[QPMAP_REG_EFER] & QPMAP_EFER_NXE) != 0);
}

/* Whether amd64's tables have five levels. */
static inline _Bool
qpmap_mmu_la57(const struct qpmap_mmu *mmu)
{
	return ((mmu->reg[QPMAP_REG_CPUID] & QPMAP_CR4_LA57) != 0);
}

/* Check the paging mode.  Returns 0 or an enum qpmap_error. */
QPMAP_INIT static int
qpmap_probe_mode(const struct qpmap_config *config, const struct qpmap_mmu *mmu)
{
	_Bool lma = (mmu->reg[QPMAP_REG_EFER] & QPMAP_EFER_LMA) != 0;

	if (QPMAP_PAGE_SHIFT != 12) {
		return (QPMAP_ERR_PAGE_SIZE);
	}
	if ((mmu->reg[QPMAP_REG_CR0] & QPMAP_CR0_PG) == 0 ||
	    lma == QPMAP_I386 || QPMAP_LPA2 || (QPMAP_I386 && QPMAP_PAE !=
	    ((mmu->reg[QPMAP_REG_CPUID] & QPMAP_CR4_PAE) != 0))) {
		return (QPMAP_ERR_PAGING);
	}
	if ((mmu->reg[QPMAP_REG_CR0] & QPMAP_CR0_WP) == 0) {
		return (QPMAP_ERR_WP);
	}
	if (!qpmap_mmu_nx(mmu) && (config->flags & QPMAP_F_NO_NX) == 0) {
		return (QPMAP_ERR_NX);
	}
	if (qpmap_mmu_nx(mmu) && (config->flags & QPMAP_F_NO_NX) != 0) {
		return (QPMAP_ERR_NO_NX);
	}
	if ((qpmap_cr4_pge(config->flags) & ~mmu->reg[QPMAP_REG_CPUID]) != 0) {
		return (QPMAP_ERR_PGE);
	}
	if (config->layout != 0 && config->layout != mmu->reg[QPMAP_REG_PAT]) {
		return (QPMAP_ERR_LAYOUT);
	}
	return (QPMAP_OK);
}

/* i386: the bits of a leaf that are reserved on this CPU. */
static inline qpmap_u64
qpmap_leaf_reserved(const struct qpmap_mmu *mmu)
{
	qpmap_u64 reserved = QPMAP_PAE ? QPMAP_PAE_RESERVED : 0;

	if (!qpmap_mmu_has(mmu, QPMAP_CPUID_PAT)) {
		reserved |= QPTE_PAT;
	}
	if (!qpmap_mmu_nx(mmu)) {
		reserved |= QPTE_NX;
	}
	return (reserved);
}

/*
 * Check the memory types, for a CPU that may lack the PAT, and the SFENCE that
 * drains write-combining buffers.  Returns 0 or an enum qpmap_error.
 */
QPMAP_INIT static int
qpmap_probe_memory(const struct qpmap_config *config, struct qpmap_mmu *mmu)
{
	qpmap_u64 templates = 0;
	qpmap_u32 type;
	int error;

	for (type = 0; type < QPMAP_TYPE_COUNT; type++) {
		templates |= config->template_leaf[type];
	}
	if (QPMAP_I386 && (templates & qpmap_leaf_reserved(mmu)) != 0) {
		return (QPMAP_ERR_TEMPLATE);
	}
	error = qpmap_probe_types(config, mmu->reg[QPMAP_REG_PAT], mmu);
	if (error == QPMAP_OK && mmu->slow_types != 0 &&
	    !qpmap_mmu_has(mmu, QPMAP_CPUID_SSE)) {
		type = 0;
		while ((mmu->slow_types & QPMAP_TYPE_BIT(type)) == 0) {
			type++;
		}
		error = qpmap_type_error(type);
	}
	return (error);
}

QPMAP_INIT int
qpmap_probe(const struct qpmap_config *config, struct qpmap_mmu *mmu)
{
	qpmap_ptebits_t nx;
	int error;

	qpmap_regs_read(mmu->reg, config->flags);
	error = qpmap_probe_mode(config, mmu);
	if (error != QPMAP_OK) {
		return (error);
	}
	nx = qpmap_mmu_nx(mmu) ? QPTE_NX : 0;
	/* PAE's PDPT has 32 bytes, and may start inside a page. */
	mmu->root = (qpmap_paddr_t)(qpmap_read_cr3() &
	    (QPMAP_PAE ? ~0x1ful : QPTE_PA));
	mmu->levels = QPMAP_PAE ? 3 : QPMAP_I386 ? 2 :
	    qpmap_mmu_la57(mmu) ? 5 : 4;
	mmu->va_bits = QPMAP_I386 ? 32 : qpmap_mmu_la57(mmu) ? 57 : 48;
	mmu->pa_bits = QPMAP_PTE_SIZE == 8 ? qpmap_cpuid_pa_bits() : 32;
	mmu->rw_bits = nx | QPTE_RW_BITS;
	mmu->ro_bits = nx | QPTE_RO_BITS;
	if (mmu->pa_bits <= QPMAP_PAGE_SHIFT) {
		return (QPMAP_ERR_PA_BITS);
	}
	return (qpmap_probe_memory(config, mmu));
}

/* The CPU may have wider physical addresses than the first one. */
_Bool
qpmap_probe_same(const struct qpmap_mmu *mmu)
{
	qpmap_u64 reg[QPMAP_MMU_REGS], differ = 0;
	int i;

	qpmap_regs_read(reg, qpmap_state.flags);
	for (i = 0; i < QPMAP_MMU_REGS; i++) {
		differ |= reg[i] ^ mmu->reg[i];
	}
	return (differ == 0 && (QPMAP_PTE_SIZE == 4 ||
	    qpmap_cpuid_pa_bits() >= mmu->pa_bits));
}

/*
 * amd64's kernel half is the upper one: bits 63 to va_bits - 1 are 1.  An i386
 * kernel decides where its half starts: any address except those of the first
 * page, whose address is 0.
 */
_Bool
qpmap_probe_range(const struct qpmap_mmu *mmu, qpmap_vaddr_t first,
    qpmap_vaddr_t last)
{
	qpmap_vaddr_t start = QPMAP_I386 ? QPMAP_PAGE_SIZE :
	    ~(qpmap_vaddr_t)0 << (mmu->va_bits - 1);

	return (first <= last && first >= start);
}

#endif /* QPMAP_ARCH_X86_PROBE_H */
