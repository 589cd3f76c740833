/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * amd64 and i386: fields of control registers, MSRs, CPUID and the PAT.  Intel
 * SDM vol. 3, "Control Registers", "Paging", "Page Attribute Table".  For
 * probe.h only.
 */
#ifndef QPMAP_ARCH_X86_REGS_H
#define QPMAP_ARCH_X86_REGS_H

#include "read.h"
#include "tlb.h"

#define QPMAP_MSR_PAT	0x277u
#define QPMAP_MSR_EFER	0xc0000080u
#define QPMAP_MSR_SYSCFG 0xc0010010u
#define QPMAP_CR0_WP	(1ul << 16)
#define QPMAP_CR0_PG	(1ul << 31)
#define QPMAP_CR4_PAE	(1ul << 5)
#define QPMAP_CR4_LA57	(1ul << 12)
#define QPMAP_EFER_LMA	(1ull << 10)
#define QPMAP_EFER_NXE	(1ull << 11)
#define QPMAP_SYSCFG_ENCRYPTION (1ull << 23)	/* of memory: on */

/* CPUID 1, ECX. */
#define QPMAP_CPUID_HYPERVISOR	(1u << 31)
/* CPUID 8000001Fh, EAX and EBX: AMD's memory encryption. */
#define QPMAP_CPUID_SME		(1u << 0)
#define QPMAP_CPUID_SEV		(1u << 1)
#define QPMAP_CPUID_REDUCTION(ebx) ((ebx) >> 6 & 63)

/* CR4.PGE, if every CPU must have it set. */
static inline unsigned long
qpmap_cr4_pge(qpmap_u32 flags)
{
	return ((flags & QPMAP_FLAG_G) != 0 ? QPMAP_CR4_PGE : 0);
}

/* Codes of the PAT's memory types. */
#define QPMAP_PAT_UC	0u
#define QPMAP_PAT_WC	1u
#define QPMAP_PAT_WT	4u
#define QPMAP_PAT_WB	6u
#define QPMAP_PAT_UC_	7u

/*
 * Whether CPUID has a leaf.  A CPU without extended leaves returns other values
 * for 80000000h.
 */
static inline _Bool
qpmap_cpuid_has(qpmap_u32 leaf)
{
	qpmap_u32 last = qpmap_cpuid(leaf & 0x80000000u).eax;

	return (last >= leaf && last - leaf <= 0xffffu);
}

/*
 * The number of physical address bits that AMD's memory encryption takes: that
 * of CPUID, if SYSCFG has turned it on.  AMD APM vol. 2, "Secure Memory
 * Encryption".  Under a hypervisor a read of SYSCFG may fault, and CPUID's
 * width is already the guest's.
 */
static inline qpmap_u32
qpmap_cpuid_pa_taken(void)
{
	struct qpmap_cpuid id;

	if (!qpmap_cpuid_has(0x8000001fu)) {
		return (0);
	}
	id = qpmap_cpuid(0x8000001fu);
	if ((id.eax & (QPMAP_CPUID_SME | QPMAP_CPUID_SEV)) == 0 ||
	    (qpmap_cpuid(1).ecx & QPMAP_CPUID_HYPERVISOR) != 0 ||
	    (qpmap_rdmsr(QPMAP_MSR_SYSCFG) &
	    QPMAP_SYSCFG_ENCRYPTION) == 0) {
		return (0);
	}
	return (QPMAP_CPUID_REDUCTION(id.ebx));
}

/*
 * The width of a physical address: by CPUID 80000008h, or else by the paging
 * mode; less the bits of encryption; at most that of an entry.  0 if CPUID's
 * is 0.
 */
static inline qpmap_u32
qpmap_cpuid_pa_bits(void)
{
	qpmap_u32 width, taken;

	if (!qpmap_cpuid_has(0x80000008u)) {
		return (QPMAP_PTE_SIZE == 8 ? 36 : 32);
	}
	width = qpmap_cpuid(0x80000008u).eax & 0xffu;
	taken = qpmap_cpuid_pa_taken();
	width = width > taken ? width - taken : 0;
	return (width < QPTE_PA_BITS ? width : QPTE_PA_BITS);
}

/* The PAT's code of an entry.  By halves: on i386 64-bit shifts are calls. */
static inline qpmap_u32
qpmap_pat_code(qpmap_u64 pat, qpmap_u32 index)
{
	qpmap_u32 half = (qpmap_u32)(index < 4 ? pat : pat >> 32);

	return (half >> (8 * (index & 3)) & 7u);
}

/* The first entry of the PAT with that code, or 8. */
static inline qpmap_u32
qpmap_pat_find(qpmap_u64 pat, qpmap_u32 code)
{
	qpmap_u32 index = 0;

	while (index < 8 && qpmap_pat_code(pat, index) != code) {
		index++;
	}
	return (index);
}

/*
 * Find the bits of every configured memory type, from its template or the PAT.
 * Write-combining takes the slow path: its stores wait in buffers.  Returns 0
 * or an enum qpmap_error.
 *
 * Walks of the tables that the library links use entry 0 of the PAT, since PCD
 * and PWT are clear in the links.  That entry must be write-back, as the
 * kernel's mapping of the tables is; otherwise walks may not see the stores.
 */
static inline int
qpmap_probe_types(const struct qpmap_config *config, qpmap_u64 pat,
    struct qpmap_mmu *mmu)
{
	static const unsigned char code[QPMAP_TYPE_COUNT] = {
		QPMAP_PAT_WB, QPMAP_PAT_WT, QPMAP_PAT_WC, QPMAP_PAT_UC,
		QPMAP_PAT_UC_
	};
	qpmap_u32 type, index;
	qpmap_u64 leaf;

	if ((config->flags & QPMAP_F_BUILD_TABLES) != 0 &&
	    qpmap_pat_code(pat, 0) != QPMAP_PAT_WB) {
		return (QPMAP_ERR_TYPE_WRITE_BACK);
	}
	for (type = 0; type < QPMAP_TYPE_COUNT; type++) {
		leaf = config->template_leaf[type];
		index = leaf != 0 ?
		    qpmap_pte_pat_index((qpmap_ptebits_t)leaf) :
		    qpmap_pat_find(pat, code[type]);
		if (leaf != 0 && ((leaf & QPTE_P) == 0 ||
		    leaf != (qpmap_ptebits_t)leaf)) {
			return (QPMAP_ERR_TEMPLATE);
		}
		if ((config->types & QPMAP_TYPE_BIT(type)) == 0 &&
		    type != QPMAP_ATTR_WRITE_BACK) {
			continue;
		}
		if (index == 8) {
			return (qpmap_type_error(type));
		}
		mmu->type_bits[type] = qpmap_pte_pat(index);
		if (qpmap_pat_code(pat, index) == QPMAP_PAT_WC) {
			mmu->slow_types |= QPMAP_TYPE_BIT(type);
		}
	}
	return (QPMAP_OK);
}

#endif /* QPMAP_ARCH_X86_REGS_H */
