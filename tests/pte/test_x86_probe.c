/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The probes of amd64 and i386, on any host, on a CPU that pretends: compiled
 * once for amd64, once for i386 with 32-bit entries and once with PAE.
 *
 * What the CPU does not have, or a hypervisor refuses, fails the test when it
 * is read.  The literals are written from the Intel SDM, volume 3, "Control
 * Registers", "Page Attribute Table (PAT)", volume 2, "CPUID", and the AMD
 * APM, volume 2, "Secure Memory Encryption", volume 3, "CPUID Fn8000_001F";
 * none comes from the code that is tested.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <qpmap/arch/x86.h>
#include <qpmap/qpmap.h>

#include "../../src/core/state.h"

#define BIT(n)		((uint64_t)1 << (n))

/* The CPU that pretends. */
static struct x86_cpu {
	_Bool no_cpuid, no_cr4, no_pat, no_efer, no_syscfg;
	uint64_t cr0, cr3, cr4, efer, pat, syscfg;
	uint32_t last, last_extended;
	uint32_t ecx_1, edx_1;
	uint32_t edx_80000001, eax_80000008;
	uint32_t eax_8000001f, ebx_8000001f;
} cpu;

/* In place of src/arch/x86/read.h. */
#define QPMAP_ARCH_X86_READ_H

struct qpmap_cpuid {
	qpmap_u32 eax, ebx, ecx, edx;
};

static struct qpmap_cpuid
qpmap_cpuid(uint32_t leaf)
{
	/* What a leaf that there is not answers: anything. */
	struct qpmap_cpuid id = { 0x55aa55aa, ~0u, ~0u, ~0u };

	if (cpu.no_cpuid) {
		fail_msg("CPUID on a CPU that has none");
	}
	if (leaf == 0) {
		id.eax = cpu.last;
	} else if (leaf == 1 && cpu.last >= 1) {
		id = (struct qpmap_cpuid){ 0x600, 0, cpu.ecx_1, cpu.edx_1 };
	} else if (leaf == 0x80000000) {
		id.eax = cpu.last_extended;
	} else if (leaf == 0x80000001 && cpu.last_extended >= leaf) {
		id = (struct qpmap_cpuid){ 0, 0, 0, cpu.edx_80000001 };
	} else if (leaf == 0x80000008 && cpu.last_extended >= leaf) {
		id = (struct qpmap_cpuid){ cpu.eax_80000008, 0, 0, 0 };
	} else if (leaf == 0x8000001f && cpu.last_extended >= leaf) {
		id = (struct qpmap_cpuid){ cpu.eax_8000001f,
		    cpu.ebx_8000001f, 0, 0 };
	}
	return (id);
}

static uint64_t
qpmap_rdmsr(uint32_t msr)
{
	if (msr == 0x277 && !cpu.no_pat) {
		return (cpu.pat);
	}
	if (msr == 0xc0000080 && !cpu.no_efer) {
		return (cpu.efer);
	}
	if (msr == 0xc0010010 && !cpu.no_syscfg) {
		return (cpu.syscfg);
	}
	fail_msg("RDMSR of 0x%x: #GP", msr);
	return (0);
}

static inline _Bool
qpmap_has_cpuid(void)
{
	return (!cpu.no_cpuid);
}

static unsigned long
qpmap_read_cr0(void)
{
	return ((unsigned long)cpu.cr0);
}

static unsigned long
qpmap_read_cr3(void)
{
	return ((unsigned long)cpu.cr3);
}

static unsigned long
qpmap_read_cr4(void)
{
	if (cpu.no_cr4) {
		fail_msg("CR4 on a CPU that has none");
	}
	return ((unsigned long)cpu.cr4);
}

/* The probe itself, with its backend, but without src/arch/arch.h. */
#define QPMAP_ARCH_ARCH_H
int qpmap_probe(const struct qpmap_config *config, struct qpmap_mmu *mmu);
_Bool qpmap_probe_same(const struct qpmap_mmu *mmu);
_Bool qpmap_probe_range(const struct qpmap_mmu *mmu, qpmap_vaddr_t first,
    qpmap_vaddr_t last);
struct qpmap_state qpmap_state;

#if X86_AMD64
#define X86_NAME	"amd64"
#include "../../src/arch/x86/pte.h"
#include "../../src/arch/x86/tlb.h"
/* After the backend. */
#include "../../src/arch/amd64/probe.c"
#else
#define X86_NAME	(QPMAP_PAE ? "i386-pae" : "i386")
#include "../../src/arch/x86/pte.h"
#include "../../src/arch/x86/tlb.h"
/* After the backend. */
#include "../../src/arch/i386/probe.c"
#endif

#define X86_PAE		(X86_AMD64 || QPMAP_PAE)	/* 64-bit entries */
#define X86_HAS_NX	X86_PAE
#define X86_SSE		BIT(25)		/* CPUID 1, EDX */

/* A CPU of today, as a kernel sets it up. */
static void
x86_reset(void)
{
	cpu = (struct x86_cpu){
		.cr0 = UINT64_C(0x80050033),	/* PG AM WP NE ET MP PE */
		.cr3 = UINT64_C(0x12345000),
		.cr4 = X86_PAE ? 0xb0 : 0x90,		/* PGE PAE PSE */
		.efer = X86_AMD64 ? 0xd01 : QPMAP_PAE ? 0x800 : 0,
		.pat = QPMAP_PAT_RESET,
		.last = 0x16, .last_extended = 0x80000008,
		.edx_1 = 0xbfebfbff,
		.edx_80000001 = X86_AMD64 ? 0x2c100800 : 0x00100000,
		.eax_80000008 = 0x3030 - 0x03,		/* 45 bits */
	};
}

static int
x86_probe_mmu(const struct qpmap_config *config, struct qpmap_mmu *mmu)
{
	static const struct qpmap_mmu zero;

	*mmu = zero;
	return (qpmap_probe(config, mmu));
}

/* A configuration with these flags, and what a machine without NX needs. */
static struct qpmap_config
x86_config(unsigned flags)
{
	struct qpmap_config config = {
		.flags = flags | (X86_HAS_NX ? 0 : QPMAP_F_NO_NX) };

	return (config);
}

static int
x86_try(void)
{
	struct qpmap_config config = x86_config(0);
	struct qpmap_mmu mmu;

	return (x86_probe_mmu(&config, &mmu));
}

static void
x86_mode(void **state)
{
	struct qpmap_config config = x86_config(0);
	struct qpmap_mmu mmu;

	(void)state;
	x86_reset();
	assert_int_equal(x86_probe_mmu(&config, &mmu), QPMAP_OK);
	assert_int_equal(mmu.levels, X86_AMD64 ? 4 : QPMAP_PAE ? 3 : 2);
	assert_int_equal(mmu.va_bits, X86_AMD64 ? 48 : 32);
	assert_int_equal(mmu.root, 0x12345000);
	assert_int_equal(mmu.pa_bits, X86_PAE ? 45 : 32);
	cpu.cr0 &= ~BIT(31);			/* PG */
	assert_int_equal(x86_try(), QPMAP_ERR_PAGING);
	x86_reset();
	cpu.cr0 &= ~BIT(16);			/* WP */
	assert_int_equal(x86_try(), QPMAP_ERR_WP);
	x86_reset();
	cpu.efer ^= BIT(10);			/* LMA */
	assert_int_equal(x86_try(), X86_PAE ? QPMAP_ERR_PAGING : QPMAP_OK);
	x86_reset();
	config.layout = QPMAP_PAT_LINUX;
	assert_int_equal(x86_probe_mmu(&config, &mmu), QPMAP_ERR_LAYOUT);
	cpu.pat = QPMAP_PAT_LINUX;
	assert_int_equal(x86_probe_mmu(&config, &mmu), QPMAP_OK);
}

/* Entries are as wide as CR4.PAE says; on amd64 EFER.LMA implies it. */
static void
x86_pae(void **state)
{
	(void)state;
	x86_reset();
	cpu.cr4 ^= BIT(5);			/* PAE */
	if (!X86_AMD64) {
		assert_int_equal(x86_try(), QPMAP_ERR_PAGING);
	}
	if (QPMAP_PAE) {
		/* A CPU that has no PAE to begin with. */
		cpu.edx_1 &= ~(uint32_t)BIT(6);
		cpu.last_extended = 0;
		assert_int_equal(x86_try(), QPMAP_ERR_PAGING);
	}
}

static void
x86_la57(void **state)
{
	struct qpmap_config config = x86_config(0);
	struct qpmap_mmu mmu;

	(void)state;
	x86_reset();
	cpu.cr4 |= BIT(12);			/* LA57 */
	assert_int_equal(x86_probe_mmu(&config, &mmu), QPMAP_OK);
	assert_int_equal(mmu.levels, X86_AMD64 ? 5 : QPMAP_PAE ? 3 : 2);
	assert_int_equal(mmu.va_bits, X86_AMD64 ? 57 : 32);
}

/* EFER.NXE, and what the host says of it. */
static void
x86_nx(void **state)
{
	struct qpmap_config config = { .flags = 0 };
	struct qpmap_mmu mmu;
	uint64_t nx = X86_HAS_NX ? BIT(63) : 0;

	(void)state;
	x86_reset();
	assert_int_equal(x86_probe_mmu(&config, &mmu), X86_HAS_NX ? QPMAP_OK :
	    QPMAP_ERR_NX);
	config.flags = QPMAP_F_NO_NX;
	assert_int_equal(x86_probe_mmu(&config, &mmu), X86_HAS_NX ?
	    QPMAP_ERR_NO_NX : QPMAP_OK);
	config = x86_config(0);
	assert_int_equal(x86_probe_mmu(&config, &mmu), QPMAP_OK);
	assert_int_equal(mmu.rw_bits, nx | 0x63);	/* D A RW P */
	assert_int_equal(mmu.ro_bits, nx | 0x21);	/* A P */
	cpu.efer &= ~BIT(11);				/* NXE */
	config.flags = 0;
	assert_int_equal(x86_probe_mmu(&config, &mmu), QPMAP_ERR_NX);
	config.flags = QPMAP_F_NO_NX;
	assert_int_equal(x86_probe_mmu(&config, &mmu), QPMAP_OK);
	assert_int_equal(mmu.rw_bits, 0x63);
	assert_int_equal(mmu.ro_bits, 0x21);
}

/* CR3 without what is below the table's address, and amd64's PCID in it. */
static void
x86_root(void **state)
{
	struct qpmap_config config = x86_config(0);
	struct qpmap_mmu mmu;

	(void)state;
	x86_reset();
	cpu.cr3 = UINT64_C(0x8765efff);
	assert_int_equal(x86_probe_mmu(&config, &mmu), QPMAP_OK);
	assert_int_equal(mmu.root, QPMAP_PAE ? 0x8765efe0 : 0x8765e000);
	if (X86_AMD64) {
		cpu.cr3 = UINT64_C(0xe00abcde8765e018);
		assert_int_equal(x86_probe_mmu(&config, &mmu), QPMAP_OK);
		assert_int_equal(mmu.root, UINT64_C(0x000abcde8765e000));
	}
}

/*
 * Types by the PAT: 0 UC, 1 WC, 4 WT, 6 WB, 7 UC-.  Special are those whose
 * entry says WC, by whatever name they were asked for.
 */
static void
x86_types(void **state)
{
	struct qpmap_config config = x86_config(0);
	struct qpmap_mmu mmu;

	(void)state;
	x86_reset();
	config.types = QPMAP_TYPE_BIT(QPMAP_ATTR_WRITE_COMBINING);
	assert_int_equal(x86_probe_mmu(&config, &mmu),
	    QPMAP_ERR_TYPE_WRITE_COMBINING);
	cpu.pat = QPMAP_PAT_LINUX;
	config.types = QPMAP_TYPE_BIT(QPMAP_TYPE_COUNT) - 1;
	assert_int_equal(x86_probe_mmu(&config, &mmu), QPMAP_OK);
	assert_int_equal(mmu.type_bits[QPMAP_ATTR_WRITE_BACK], 0);
	assert_int_equal(mmu.type_bits[QPMAP_ATTR_WRITE_COMBINING], 0x08);
	assert_int_equal(mmu.type_bits[QPMAP_ATTR_UNCACHED_MINUS], 0x10);
	assert_int_equal(mmu.type_bits[QPMAP_ATTR_UNCACHED], 0x18);
	assert_int_equal(mmu.type_bits[QPMAP_ATTR_WRITE_THROUGH], 0x98);
	assert_int_equal(mmu.slow_types,
	    QPMAP_TYPE_BIT(QPMAP_ATTR_WRITE_COMBINING));
	/* Entry 1, WC, given as write-back's. */
	config = x86_config(0);
	config.template_leaf[QPMAP_ATTR_WRITE_BACK] = 0x106b;
	assert_int_equal(x86_probe_mmu(&config, &mmu), QPMAP_OK);
	assert_int_equal(mmu.type_bits[QPMAP_ATTR_WRITE_BACK], 0x08);
	assert_int_equal(mmu.slow_types,
	    QPMAP_TYPE_BIT(QPMAP_ATTR_WRITE_BACK));
	config.template_leaf[QPMAP_ATTR_WRITE_BACK] = 0x106a;
	assert_int_equal(x86_probe_mmu(&config, &mmu), QPMAP_ERR_TEMPLATE);
	config.template_leaf[QPMAP_ATTR_WRITE_BACK] = 0;
	config.template_leaf[QPMAP_ATTR_UNCACHED] = 0x1078;
	assert_int_equal(x86_probe_mmu(&config, &mmu), QPMAP_ERR_TEMPLATE);
}

/*
 * Write-back is where the PAT has it, or nowhere.  Tables that the library
 * makes are read through entry 0.
 */
static void
x86_pat(void **state)
{
	struct qpmap_config config = x86_config(0);
	struct qpmap_mmu mmu;

	(void)state;
	x86_reset();
	cpu.pat = UINT64_C(0x0007040100070401);
	assert_int_equal(x86_probe_mmu(&config, &mmu),
	    QPMAP_ERR_TYPE_WRITE_BACK);
	cpu.pat = UINT64_C(0x0607040100070401);		/* entry 7 */
	assert_int_equal(x86_probe_mmu(&config, &mmu), QPMAP_OK);
	assert_int_equal(mmu.type_bits[QPMAP_ATTR_WRITE_BACK], 0x98);
	config = x86_config(QPMAP_F_BUILD_TABLES);
	assert_int_equal(x86_probe_mmu(&config, &mmu),
	    QPMAP_ERR_TYPE_WRITE_BACK);
	cpu.pat = UINT64_C(0x0607040100070406);		/* entry 0, too */
	assert_int_equal(x86_probe_mmu(&config, &mmu), QPMAP_OK);
}

#if !X86_AMD64

/* SFENCE comes with SSE: no slow-path type without it, however it is made. */
static void
i386_sse(void **state)
{
	struct qpmap_config config = x86_config(0);
	struct qpmap_mmu mmu;

	(void)state;
	x86_reset();
	cpu.pat = QPMAP_PAT_LINUX;
	cpu.edx_1 &= ~(uint32_t)X86_SSE;
	assert_int_equal(x86_probe_mmu(&config, &mmu), QPMAP_OK);
	assert_int_equal(mmu.slow_types, 0);
	config.types = QPMAP_TYPE_BIT(QPMAP_ATTR_WRITE_THROUGH);
	assert_int_equal(x86_probe_mmu(&config, &mmu), QPMAP_OK);
	config.types = QPMAP_TYPE_BIT(QPMAP_ATTR_WRITE_COMBINING);
	assert_int_equal(x86_probe_mmu(&config, &mmu),
	    QPMAP_ERR_TYPE_WRITE_COMBINING);
	config = x86_config(0);
	config.template_leaf[QPMAP_ATTR_WRITE_BACK] = 0x106b;
	assert_int_equal(x86_probe_mmu(&config, &mmu),
	    QPMAP_ERR_TYPE_WRITE_BACK);
	cpu.edx_1 |= (uint32_t)X86_SSE;
	assert_int_equal(x86_probe_mmu(&config, &mmu), QPMAP_OK);
}

/* Bits that a leaf does not have, or that make it fault. */
static void
i386_template(void **state)
{
	struct qpmap_config config = x86_config(0);
	struct qpmap_mmu mmu;
	unsigned n;

	(void)state;
	x86_reset();
	for (n = 0; n < 64; n++) {
		config.template_leaf[QPMAP_ATTR_WRITE_BACK] = 0x1063 ^ BIT(n);
		assert_int_equal(x86_probe_mmu(&config, &mmu),
		    n == 0 || (n >= (QPMAP_PAE ? 52 : 32) &&
		    !(QPMAP_PAE && n == 63)) ? QPMAP_ERR_TEMPLATE : QPMAP_OK);
	}
	cpu.edx_1 &= ~(uint32_t)BIT(16);	/* no PAT: bit 7 is reserved */
	cpu.no_pat = 1;
	config.template_leaf[QPMAP_ATTR_WRITE_BACK] = 0x10e3;
	assert_int_equal(x86_probe_mmu(&config, &mmu), QPMAP_ERR_TEMPLATE);
}

/*
 * What older CPUs lack is not touched: CPUID, CR4, the PAT; and EFER, which a
 * hypervisor may refuse, is not where there is no PAE.
 */
static void
i386_lacks(void **state)
{
	struct qpmap_config config = x86_config(0);
	struct qpmap_mmu mmu;

	(void)state;
	x86_reset();
	cpu.no_pat = 1;
	cpu.edx_1 &= ~(uint32_t)BIT(16);
	assert_int_equal(x86_probe_mmu(&config, &mmu), QPMAP_OK);
	assert_true(qpmap_probe_same(&mmu));
	assert_false(qpmap_mmu_has(&mmu, BIT(16)));
	if (QPMAP_PAE) {
		return;
	}
	cpu.no_efer = 1;
	assert_int_equal(x86_probe_mmu(&config, &mmu), QPMAP_OK);
	assert_true(qpmap_probe_same(&mmu));
	cpu.no_cr4 = 1;
	cpu.edx_1 = 1;				/* nothing but an FPU */
	assert_int_equal(x86_probe_mmu(&config, &mmu), QPMAP_OK);
	cpu.last = 0;				/* no leaf 1 */
	assert_int_equal(x86_probe_mmu(&config, &mmu), QPMAP_OK);
	cpu.no_cpuid = 1;
	assert_int_equal(x86_probe_mmu(&config, &mmu), QPMAP_OK);
	assert_true(qpmap_probe_same(&mmu));
}

/* In 32-bit paging a build for PAE has no use for EFER, either. */
static void
i386_efer(void **state)
{
	struct qpmap_config config = x86_config(QPMAP_F_KERNEL_HAS_G);
	struct qpmap_mmu mmu;

	(void)state;
	x86_reset();
	cpu.cr4 &= ~BIT(5);
	cpu.no_efer = 1;
	assert_int_equal(x86_try(), QPMAP_PAE ? QPMAP_ERR_PAGING : QPMAP_OK);
	assert_int_equal(x86_probe_mmu(&config, &mmu), QPMAP_PAE ?
	    QPMAP_ERR_PAGING : QPMAP_OK);
	x86_reset();
	cpu.edx_80000001 = 0;			/* neither NX nor long mode */
	cpu.no_efer = 1;
	assert_int_equal(x86_try(), QPMAP_PAE ? QPMAP_ERR_NX : QPMAP_OK);
}

#endif

/* Widths: CPUID's answer, what encryption takes of it, what is left. */
static void
x86_width(void **state)
{
	static const struct {
		uint32_t width;
		uint32_t sme;			/* 8000001Fh: EAX */
		uint32_t ebx;			/* ... and EBX */
		_Bool hypervisor, on;
		uint32_t pa_bits;		/* 0: refused */
	} golden[] = {
	    { 36, 0, 0, 0, 0, 36 },
	    { 52, 0, 0, 0, 0, 52 },
	    { 53, 0, 0, 0, 0, 52 },
	    { 57, 0, 0, 0, 0, 52 },
	    { 255, 0, 0, 0, 0, 52 },
	    { 0, 0, 0, 0, 0, 0 },
	    { 12, 0, 0, 0, 0, 0 },
	    { 13, 0, 0, 0, 0, 13 },
		/* C-bit 47, five bits less, as a first EPYC; SYSCFG[23]. */
	    { 48, 1, 0x16f, 0, 1, 43 },
	    { 48, 1, 0x16f, 0, 0, 48 },
	    { 48, 2, 0x16f, 0, 1, 43 },
	    { 48, 0, 0x16f, 0, 1, 48 },
	    { 52, 3, 0x1b3, 0, 1, 46 },
	    { 48, 1, 0x0fffffc0 | 0x2f, 0, 1, 0 },
		/* A guest: its own width, and SYSCFG not to be read. */
	    { 43, 2, 0x16f, 1, 1, 43 },
	    { 48, 1, 0x06f, 1, 1, 48 }
	};
	struct qpmap_config config = x86_config(0);
	struct qpmap_mmu mmu;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(golden) / sizeof(golden[0]); i++) {
		x86_reset();
		cpu.last_extended = 0x80000023;
		cpu.eax_80000008 = 0x3000 | golden[i].width;
		cpu.eax_8000001f = golden[i].sme;
		cpu.ebx_8000001f = golden[i].ebx;
		cpu.ecx_1 = golden[i].hypervisor ? 0x80000000 : 0x7fffffff;
		cpu.syscfg = golden[i].on ? BIT(23) : ~BIT(23);
		cpu.no_syscfg = golden[i].hypervisor || golden[i].sme == 0;
		if (!X86_PAE) {
			assert_int_equal(x86_probe_mmu(&config, &mmu),
			    QPMAP_OK);
			assert_int_equal(mmu.pa_bits, 32);
			continue;
		}
		assert_int_equal(x86_probe_mmu(&config, &mmu),
		    golden[i].pa_bits == 0 ? QPMAP_ERR_PA_BITS : QPMAP_OK);
		if (golden[i].pa_bits != 0) {
			assert_int_equal(mmu.pa_bits, golden[i].pa_bits);
		}
	}
}

/* Leaves that there are not: 36 bits, and nothing taken. */
static void
x86_width_leaves(void **state)
{
	static const uint32_t last[] = {
	    0x80000007, 0, 0x16, 0x80000004, 0x90000000
	};
	struct qpmap_config config = x86_config(0);
	struct qpmap_mmu mmu;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(last) / sizeof(last[0]); i++) {
		x86_reset();
		cpu.last_extended = last[i];
		cpu.no_syscfg = 1;
		if (last[i] < 0x80000001 || last[i] > 0x8000ffff) {
			config.flags = QPMAP_F_NO_NX;	/* no EFER, so no NXE */
		} else {
			config = x86_config(0);
		}
		if (X86_AMD64) {
			config.flags = 0;
		}
		assert_int_equal(x86_probe_mmu(&config, &mmu), QPMAP_OK);
		assert_int_equal(mmu.pa_bits, X86_PAE ? 36 : 32);
	}
	x86_reset();
	cpu.last_extended = 0x8000001e;
	cpu.no_syscfg = 1;
	config = x86_config(0);
	assert_int_equal(x86_probe_mmu(&config, &mmu), QPMAP_OK);
	assert_int_equal(mmu.pa_bits, X86_PAE ? 45 : 32);
}

/* CR4.PGE is asked for with the host's word that its mappings have G only. */
static void
x86_pge(void **state)
{
	struct qpmap_config config = x86_config(0);
	struct qpmap_mmu mmu;

	(void)state;
	x86_reset();
	assert_int_equal(x86_probe_mmu(&config, &mmu), QPMAP_OK);
	cpu.cr4 ^= BIT(7);			/* PGE */
	assert_true(qpmap_probe_same(&mmu));
	assert_int_equal(x86_try(), QPMAP_OK);
	config = x86_config(QPMAP_F_KERNEL_HAS_G);
	assert_int_equal(x86_probe_mmu(&config, &mmu), QPMAP_ERR_PGE);
	cpu.cr4 ^= BIT(7);
	assert_int_equal(x86_probe_mmu(&config, &mmu), QPMAP_OK);
	qpmap_state.flags = config.flags;
	assert_true(qpmap_probe_same(&mmu));
	cpu.cr4 ^= BIT(7);
	assert_false(qpmap_probe_same(&mmu));
	qpmap_state.flags = 0;
	assert_int_equal(mmu.rw_bits & BIT(8), 0);
	assert_int_equal(qpmap_pte_global_bits(config.flags), BIT(8));
	assert_int_equal(qpmap_pte_global_bits(~config.flags), 0);
#if !X86_AMD64
	x86_reset();
	cpu.no_cr4 = 1;
	cpu.no_pat = 1;
	cpu.edx_1 = 1;				/* nothing but an FPU */
	assert_int_equal(x86_probe_mmu(&config, &mmu), QPMAP_PAE ?
	    QPMAP_ERR_PAGING : QPMAP_ERR_PGE);
#endif
}

/* Another CPU: the same registers, and no narrower. */
static void
x86_same(void **state)
{
	struct qpmap_config config = x86_config(0);
	struct qpmap_mmu mmu;

	(void)state;
	x86_reset();
	assert_int_equal(x86_probe_mmu(&config, &mmu), QPMAP_OK);
	assert_true(qpmap_probe_same(&mmu));
	cpu.cr3 = 0x777000;
	cpu.cr0 ^= BIT(3);			/* TS */
	cpu.cr4 ^= BIT(9);			/* OSFXSR */
	assert_true(qpmap_probe_same(&mmu));
	cpu.cr0 ^= BIT(16);
	assert_false(qpmap_probe_same(&mmu));
	x86_reset();
	cpu.cr0 ^= BIT(31);
	assert_false(qpmap_probe_same(&mmu));
	x86_reset();
	cpu.efer ^= BIT(11);
	assert_int_equal(qpmap_probe_same(&mmu), !X86_PAE);
	x86_reset();
	cpu.cr4 ^= X86_AMD64 ? BIT(12) : BIT(5);
	assert_false(qpmap_probe_same(&mmu));
	x86_reset();
	cpu.pat = QPMAP_PAT_LINUX;
	assert_false(qpmap_probe_same(&mmu));
	x86_reset();
	cpu.eax_80000008++;
	assert_true(qpmap_probe_same(&mmu));
	cpu.eax_80000008 -= 2;
	assert_int_equal(qpmap_probe_same(&mmu), !X86_PAE);
	/* The host said fewer: a CPU that has as many will do. */
	mmu.pa_bits -= 1;
	assert_true(qpmap_probe_same(&mmu));
}

static void
x86_range(void **state)
{
	struct qpmap_config config = x86_config(0);
	struct qpmap_mmu mmu;
	qpmap_vaddr_t last = ~(qpmap_vaddr_t)0;

	(void)state;
	x86_reset();
	assert_int_equal(x86_probe_mmu(&config, &mmu), QPMAP_OK);
	if (!X86_AMD64) {
		assert_true(qpmap_probe_range(&mmu, 0x1000, 0xffffffff));
		assert_false(qpmap_probe_range(&mmu, 0xfff, 0xffffffff));
		assert_false(qpmap_probe_range(&mmu, 0x2000, 0x1fff));
		return;
	}
	assert_true(qpmap_probe_range(&mmu, BIT(63) | (last << 47), last));
	assert_false(qpmap_probe_range(&mmu, (last << 47) - 1, last));
	assert_false(qpmap_probe_range(&mmu, 0x1000, 0x1fff));
	assert_false(qpmap_probe_range(&mmu, last, last - 1));
	cpu.cr4 |= BIT(12);
	assert_int_equal(x86_probe_mmu(&config, &mmu), QPMAP_OK);
	assert_true(qpmap_probe_range(&mmu, last << 56, last));
	assert_false(qpmap_probe_range(&mmu, (last << 56) - 1, last));
}

#if QPMAP_LARGE_SLOTS
/* PSE, bit 4: only with 32-bit entries does it make a difference. */
static void
x86_large(void **state)
{
	struct qpmap_config config = x86_config(0);
	struct qpmap_mmu mmu;

	(void)state;
	x86_reset();
	assert_int_equal(x86_probe_mmu(&config, &mmu), QPMAP_OK);
	assert_true(qpmap_mmu_has_large(&mmu));
	cpu.cr4 &= ~BIT(4);
	/* A CPU without it, or with it, where the first one is other. */
	assert_int_equal(qpmap_probe_same(&mmu), X86_PAE);
	assert_int_equal(x86_probe_mmu(&config, &mmu), QPMAP_OK);
	assert_int_equal(qpmap_mmu_has_large(&mmu), X86_PAE);
	cpu.cr4 |= BIT(4);
	assert_int_equal(qpmap_probe_same(&mmu), X86_PAE);
#if !X86_AMD64
	/* A CPU without CR4. */
	x86_reset();
	cpu.no_cpuid = cpu.no_cr4 = cpu.no_pat = cpu.no_efer = !X86_PAE;
	if (!X86_PAE) {
		assert_int_equal(x86_probe_mmu(&config, &mmu), QPMAP_OK);
		assert_false(qpmap_mmu_has_large(&mmu));
	}
#endif
}
#endif

#define X86_TEST(name, function) { name, function, NULL, NULL, NULL }

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    X86_TEST("mode", x86_mode),
	    X86_TEST("pae", x86_pae),
	    X86_TEST("la57", x86_la57),
	    X86_TEST("B4/nx", x86_nx),
	    X86_TEST("root", x86_root),
	    X86_TEST("C10/types", x86_types),
	    X86_TEST("C10/pat", x86_pat),
#if !X86_AMD64
	    X86_TEST("C10/sse", i386_sse),
	    X86_TEST("C10/template", i386_template),
	    X86_TEST("lacks", i386_lacks),
	    X86_TEST("efer", i386_efer),
#endif
#if QPMAP_LARGE_SLOTS
	    X86_TEST("B18/page-size-extension", x86_large),
#endif
	    X86_TEST("C1/width", x86_width),
	    X86_TEST("C1/width-leaves", x86_width_leaves),
	    X86_TEST("pge", x86_pge),
	    X86_TEST("B11/same", x86_same),
	    X86_TEST("range", x86_range)
	};

	return (cmocka_run_group_tests_name(X86_NAME, tests, NULL, NULL));
}
