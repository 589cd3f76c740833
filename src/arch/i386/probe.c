/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * i386: what this CPU is, and whether the configuration fits it.
 *
 * Much of what amd64 takes for granted an i386 may lack: CPUID and CR4, the
 * PAT, EFER, SFENCE, global pages.  Nothing is touched that CPUID does not
 * promise.
 */
#include <qpmap/arch/x86.h>

#include "../arch.h"

#define QPMAP_X86_RBX "ebx"
#include "../x86/regs.h"

#define QPMAP_EFLAGS_ID		(1ul << 21)

/* CPUID 1, EDX. */
#define QPMAP_CPUID_FPU		(1u << 0)
#define QPMAP_CPUID_PGE		(1u << 13)
#define QPMAP_CPUID_PAT		(1u << 16)
#define QPMAP_CPUID_SSE		(1u << 25)
/* CPUID 80000001h, EDX. */
#define QPMAP_CPUID_NX		(1u << 20)
#define QPMAP_CPUID_LM		(1u << 29)

/* Bits 62:52 of a PAE leaf must be 0. */
#define QPMAP_PAE_RESERVED	0x7ff0000000000000ull

/* CPUID exists where EFLAGS.ID can be changed.  Intel SDM vol. 2, "CPUID". */
static _Bool
qpmap_has_cpuid(void)
{
	unsigned long before, after;

	__asm__ volatile("pushf\n\t"
			 "pop %0\n\t"
			 "mov %0, %1\n\t"
			 "xor %2, %1\n\t"
			 "push %1\n\t"
			 "popf\n\t"
			 "pushf\n\t"
			 "pop %1\n\t"
			 "push %0\n\t"
			 "popf"
			 : "=&r"(before), "=&r"(after)
			 : "i"(QPMAP_EFLAGS_ID) : "cc", "memory");
	return (((before ^ after) & QPMAP_EFLAGS_ID) != 0);
}

/*
 * EDX of a CPUID leaf: feature bits; 0 where there is no such leaf.  A CPU
 * without extended leaves answers 80000000h with something else.
 */
static __UINT32_TYPE__
qpmap_features(__UINT32_TYPE__ leaf)
{
	__UINT32_TYPE__ last;

	if (!qpmap_has_cpuid()) {
		return (0);
	}
	last = qpmap_cpuid(leaf & 0x80000000u).eax;
	if (last < leaf || last - leaf > 0xffffu) {
		return (0);
	}
	return (qpmap_cpuid(leaf).edx);
}

/*
 * A register that is not there reads as it would after a reset.  CR4 is there
 * where CPUID names a feature besides the FPU.  Its bit PGE is taken from
 * CPUID: that there are global pages is the CPU's, that they are on is the
 * host's, and may change.
 */
static struct qpmap_regs
qpmap_regs_read(void)
{
	__UINT32_TYPE__ features = qpmap_features(1);
	__UINT32_TYPE__ extended = qpmap_features(0x80000001u);
	struct qpmap_regs regs;

	regs.cr0 = qpmap_read_cr0() & (QPMAP_CR0_PG | QPMAP_CR0_WP);
	regs.cr4 = 0;
	regs.efer = 0;
	regs.pat = QPMAP_PAT_RESET;
	if ((features & ~QPMAP_CPUID_FPU) != 0) {
		regs.cr4 = qpmap_read_cr4() & QPMAP_CR4_PAE;
	}
	if ((features & QPMAP_CPUID_PGE) != 0) {
		regs.cr4 |= QPMAP_CR4_PGE;
	}
	if ((extended & (QPMAP_CPUID_NX | QPMAP_CPUID_LM)) != 0) {
		regs.efer = qpmap_rdmsr(QPMAP_MSR_EFER) &
		    (QPMAP_EFER_LMA | QPMAP_EFER_NXE);
	}
	if ((features & QPMAP_CPUID_PAT) != 0) {
		regs.pat = qpmap_rdmsr(QPMAP_MSR_PAT);
	}
	return (regs);
}

/* Whether leaves have a bit that forbids execution. */
static inline _Bool
qpmap_regs_nx(const struct qpmap_regs *regs)
{
	return (QPMAP_PAE && (regs->efer & QPMAP_EFER_NXE) != 0);
}

/* What the paging mode must be.  Returns 0 or an enum qpmap_error. */
static int
qpmap_probe_mode(const struct qpmap_config *config,
    const struct qpmap_regs *regs)
{
	if (QPMAP_PAGE_SHIFT != 12) {
		return (QPMAP_ERR_PAGE_SIZE);
	}
	if ((regs->cr0 & QPMAP_CR0_PG) == 0 ||
	    (regs->efer & QPMAP_EFER_LMA) != 0 ||
	    ((regs->cr4 & QPMAP_CR4_PAE) != 0) != QPMAP_PAE || QPMAP_LPA2) {
		return (QPMAP_ERR_PAGING);
	}
	if ((regs->cr0 & QPMAP_CR0_WP) == 0) {
		return (QPMAP_ERR_WP);
	}
	if (!qpmap_regs_nx(regs) && (config->flags & QPMAP_NO_NX) == 0) {
		return (QPMAP_ERR_NX);
	}
	if (qpmap_regs_nx(regs) && (config->flags & QPMAP_NO_NX) != 0) {
		return (QPMAP_ERR_NO_NX);
	}
	if (config->layout != 0 && config->layout != regs->pat) {
		return (QPMAP_ERR_LAYOUT);
	}
	return (QPMAP_OK);
}

/* Bits that would make a leaf fault on this CPU. */
static __UINT64_TYPE__
qpmap_leaf_reserved(const struct qpmap_regs *regs)
{
	__UINT64_TYPE__ reserved = 0;

	if ((qpmap_features(1) & QPMAP_CPUID_PAT) == 0) {
		reserved |= QPTE_PAT;
	}
	if (QPMAP_PAE) {
		reserved |= QPMAP_PAE_RESERVED;
	}
	if (QPMAP_PAE && !qpmap_regs_nx(regs)) {
		reserved |= QPTE_NX;
	}
	return (reserved);
}

/*
 * The types, as on amd64, on a CPU that may have no PAT, and no SFENCE to
 * drain write-combining buffers with.  Returns 0 or an enum qpmap_error.
 */
static int
qpmap_probe_memory(const struct qpmap_config *config,
    const struct qpmap_regs *regs, struct qpmap_mmu *mmu)
{
	__UINT64_TYPE__ reserved = qpmap_leaf_reserved(regs);
	__UINT32_TYPE__ type;
	int error;

	for (type = 0; type < QPMAP_TYPE_COUNT; type++) {
		if ((config->template_leaf[type] & reserved) != 0) {
			return (QPMAP_ERR_TEMPLATE);
		}
	}
	error = qpmap_probe_types(config, regs->pat, mmu);
	if (error == QPMAP_OK && mmu->special_types != 0 &&
	    (qpmap_features(1) & QPMAP_CPUID_SSE) == 0) {
		error = QPMAP_ERR_TYPE;
	}
	return (error);
}

int
qpmap_probe(const struct qpmap_config *config, struct qpmap_mmu *mmu)
{
	struct qpmap_regs regs = qpmap_regs_read();
	int error = qpmap_probe_mode(config, &regs);
	qpmap_ptebits_t nx = qpmap_regs_nx(&regs) ? QPTE_NX : 0;

	if (error != QPMAP_OK) {
		return (error);
	}
	mmu->reg[0] = regs.cr0;
	mmu->reg[1] = regs.cr4;
	mmu->reg[2] = regs.efer;
	mmu->reg[3] = regs.pat;
	/* PAE's PDPT is 32 bytes, and may begin inside a page. */
	mmu->root = qpmap_read_cr3() & (QPMAP_PAE ? ~0x1ful : ~0xffful);
	mmu->levels = QPMAP_PAE ? 3 : 2;
	mmu->va_bits = 32;
	mmu->pa_bits = QPMAP_PAE ? qpmap_cpuid_pa_bits() : 32;
	mmu->rw_bits = nx | QPTE_RW_BITS;
	mmu->ro_bits = nx | QPTE_RO_BITS;
	return (qpmap_probe_memory(config, &regs, mmu));
}

_Bool
qpmap_probe_same(const struct qpmap_mmu *mmu)
{
	struct qpmap_regs regs = qpmap_regs_read();

	return (regs.cr0 == mmu->reg[0] && regs.cr4 == mmu->reg[1] &&
	    regs.efer == mmu->reg[2] && regs.pat == mmu->reg[3]);
}

/*
 * Where the kernel's part begins is the kernel's own business: any address
 * but those of the first page, which would be 0 or look like it.
 */
_Bool
qpmap_probe_range(const struct qpmap_mmu *mmu, qpmap_vaddr_t first,
    qpmap_vaddr_t last)
{
	(void)mmu;
	return (first <= last && first >= QPMAP_PAGE_SIZE);
}
