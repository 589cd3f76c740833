/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What amd64 and i386 share: control registers, MSRs, CPUID and the PAT.
 * Intel SDM vol. 3, "Control Registers", "Paging", "Page Attribute Table".
 *
 * For the two probe.c only; nothing here is on the hot path.
 */
#ifndef QPMAP_ARCH_X86_REGS_H
#define QPMAP_ARCH_X86_REGS_H

#define QPMAP_MSR_PAT	0x277u
#define QPMAP_MSR_EFER	0xc0000080u
#define QPMAP_CR0_WP	(1ul << 16)
#define QPMAP_CR0_PG	(1ul << 31)
#define QPMAP_CR4_PAE	(1ul << 5)
#define QPMAP_CR4_LA57	(1ul << 12)
#define QPMAP_EFER_LMA	(1ull << 10)
#define QPMAP_EFER_NXE	(1ull << 11)

/* Codes of the PAT's memory types. */
#define QPMAP_PAT_UC	0u
#define QPMAP_PAT_WC	1u
#define QPMAP_PAT_WT	4u
#define QPMAP_PAT_WB	6u
#define QPMAP_PAT_UC_	7u

/* The live registers that every CPU must share, masked. */
struct qpmap_regs {
	__UINT64_TYPE__ cr0;
	__UINT64_TYPE__ cr4;
	__UINT64_TYPE__ efer;
	__UINT64_TYPE__ pat;
};

struct qpmap_cpuid {
	__UINT32_TYPE__ eax, ebx, ecx, edx;
};

static inline __UINT64_TYPE__
qpmap_rdmsr(__UINT32_TYPE__ msr)
{
	__UINT32_TYPE__ low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return ((__UINT64_TYPE__)high << 32 | low);
}

/* ebx is saved by hand: it is the GOT's register in i386 PIC code. */
static inline struct qpmap_cpuid
qpmap_cpuid(__UINT32_TYPE__ leaf)
{
	struct qpmap_cpuid id = { leaf, 0, 0, 0 };
	unsigned long saved;

	__asm__ volatile("mov %%" QPMAP_X86_RBX ", %1\n\t"
			 "cpuid\n\t"
			 "xchg %%" QPMAP_X86_RBX ", %1"
			 : "+a"(id.eax), "=&r"(saved), "+c"(id.ecx),
			   "=d"(id.edx));
	id.ebx = (__UINT32_TYPE__)saved;
	return (id);
}

static inline unsigned long
qpmap_read_cr0(void)
{
	unsigned long value;

	__asm__ volatile("mov %%cr0, %0" : "=r"(value));
	return (value);
}

static inline unsigned long
qpmap_read_cr3(void)
{
	unsigned long value;

	__asm__ volatile("mov %%cr3, %0" : "=r"(value));
	return (value);
}

static inline unsigned long
qpmap_read_cr4(void)
{
	unsigned long value;

	__asm__ volatile("mov %%cr4, %0" : "=r"(value));
	return (value);
}

/* The PAT's code for entry index.  By halves: i386 calls for other shifts. */
static inline __UINT32_TYPE__
qpmap_pat_code(__UINT64_TYPE__ pat, __UINT32_TYPE__ index)
{
	__UINT32_TYPE__ half = (__UINT32_TYPE__)(index < 4 ? pat : pat >> 32);

	return (half >> (8 * (index & 3)) & 7u);
}

/* The first entry of the PAT with that code, or 8. */
static inline __UINT32_TYPE__
qpmap_pat_find(__UINT64_TYPE__ pat, __UINT32_TYPE__ code)
{
	__UINT32_TYPE__ index = 0;

	while (index < 8 && qpmap_pat_code(pat, index) != code) {
		index++;
	}
	return (index);
}

/*
 * Width of a physical address: CPUID 80000008h, else what paging implies.  A
 * CPU without extended leaves answers 80000000h with something else.
 */
static inline __UINT32_TYPE__
qpmap_cpuid_pa_bits(void)
{
	__UINT32_TYPE__ last = qpmap_cpuid(0x80000000u).eax;

	if (last < 0x80000008u || last - 0x80000008u > 0xffffu) {
		return (QPMAP_PTE_SIZE == 8 ? 36 : 32);
	}
	return (qpmap_cpuid(0x80000008u).eax & 0xffu);
}

/*
 * The bits of every memory type asked for, from its template leaf or from the
 * PAT, and which of them are special: stores through write-combining memory
 * wait in buffers.  Returns 0 or an enum qpmap_error.
 */
static inline int
qpmap_probe_types(const struct qpmap_config *config, __UINT64_TYPE__ pat,
    struct qpmap_mmu *mmu)
{
	static const unsigned char code[QPMAP_TYPE_COUNT] = {
		QPMAP_PAT_WB, QPMAP_PAT_WT, QPMAP_PAT_WC, QPMAP_PAT_UC,
		QPMAP_PAT_UC_
	};
	__UINT32_TYPE__ type, index;
	__UINT64_TYPE__ leaf;

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
		    type != QPMAP_WRITE_BACK) {
			continue;
		}
		if (index == 8) {
			return (QPMAP_ERR_TYPE);
		}
		mmu->type_bits[type] = qpmap_pte_pat(index);
		if (qpmap_pat_code(pat, index) == QPMAP_PAT_WC) {
			mmu->special_types |= QPMAP_TYPE_BIT(type);
		}
	}
	return (QPMAP_OK);
}

#endif /* QPMAP_ARCH_X86_REGS_H */
