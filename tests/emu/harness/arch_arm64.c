/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arm64's driver: 4, 16 and 64 KiB pages, 48 bits of address in each half.
 *
 * Arm ARM (DDI 0487), "VMSAv8-64 translation table format descriptors" and
 * "AArch64 System Register Descriptions".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qpmap/arch/arm64.h>
#include <qpmap/qpmap.h>

#include "machine.h"

#define A64_BOOT_MMU_OFF (EMU_BOOT_ARCH << 0)
#define A64_BOOT_EPD1	(EMU_BOOT_ARCH << 1)
#define A64_BOOT_TG1	(EMU_BOOT_ARCH << 2)	/* another page size */
#define A64_BOOT_DS	(EMU_BOOT_ARCH << 3)
#define A64_BOOT_T1SZ	(EMU_BOOT_ARCH << 4)	/* one bit less */
/*
 * EL2, with its translation off, and HCR_EL2.E2H or TGE set.  Both together,
 * where the library would work, cannot be shown: Unicorn does not redirect
 * the names of EL1's registers.
 */
#define A64_BOOT_EL2	(EMU_BOOT_ARCH << 5)
#define A64_BOOT_E2H	(EMU_BOOT_ARCH << 6)
#define A64_BOOT_TGE	(EMU_BOOT_ARCH << 7)
#define A64_BOOT_IPS_40	(EMU_BOOT_ARCH << 8)	/* narrower than the CPU */
#define A64_BOOT_IPS_44	(EMU_BOOT_ARCH << 9)	/* as wide as the CPU */

#define A64_BOOT_RANGE	(EMU_BOOT_ARCH << 10)	/* FEAT_TLBIRANGE */
#define A64_BOOT_LINE_128 (EMU_BOOT_ARCH << 11)	/* CTR_EL0.DminLine */
#define A64_BOOT_S1PIE	(EMU_BOOT_ARCH << 12)	/* and TCR2_EL1 traps */

#define A64_BIT(n)	(UINT64_C(1) << (n))
#define A64_UXN		A64_BIT(54)
#define A64_PXN		A64_BIT(53)
#define A64_NG		A64_BIT(11)
#define A64_AF		A64_BIT(10)
#define A64_SH		(A64_BIT(9) | A64_BIT(8))	/* 11: inner */
#define A64_AP_RO	A64_BIT(7)
#define A64_AP_USER	A64_BIT(6)

/* Vectors, as UC_HOOK_INTR gives them. */
#define A64_PREFETCH_ABORT 3
#define A64_DATA_ABORT	4

/* Pages from which on TLBI VMALLE1IS is cheaper, without TLBI by range. */
#define A64_SHOOTDOWN_LIMIT 512

/*
 * Bytes in the smallest line that a data cache may have: tables are cleaned by
 * steps of these, whatever CTR_EL0 says.
 */
#define A64_DCACHE_STEP	16

struct a64_data {
	size_t far;		/* where the blob has the fault's address */
	size_t esr;		/* and its syndrome */
};

static void
a64_cp_write(struct emu *e, uint32_t op1, uint32_t crn, uint32_t crm,
    uint32_t op2, uint64_t value)
{
	uc_arm64_cp_reg reg = {
	    .op0 = 3, .op1 = op1, .crn = crn, .crm = crm, .op2 = op2,
	    .val = value
	};

	if (uc_reg_write(e->uc, UC_ARM64_REG_CP_REG, &reg) != UC_ERR_OK) {
		emu_die("no such system register");
	}
}

/*
 * A TLBI that other CPUs hear: CRm is 3.  They are engines of their own, and
 * invalidate too much rather than too little.
 */
static uint32_t
a64_hook_sys(uc_engine *uc, uc_arm64_reg reg, const uc_arm64_cp_reg *cp,
    void *user)
{
	struct emu *e = user;
	unsigned i;

	(void)reg;
	for (i = 0; cp->crn == 8 && cp->crm == 3 && i < EMU_CPUS; i++) {
		if (e->machine->uc[i] != NULL && e->machine->uc[i] != uc) {
			uc_ctl_flush_tlb(e->machine->uc[i]);
		}
	}
	return (0);
}

/* SCR_EL3 and HCR_EL2; a write of them also makes PSTATE's EL count. */
static void
a64_set_level(struct emu *e, uint64_t hcr)
{
	a64_cp_write(e, 6, 1, 1, 0, A64_BIT(10) | A64_BIT(0));
	a64_cp_write(e, 4, 1, 1, 0, A64_BIT(31) | hcr);
}

/* The engine starts at EL1 and thinks it is secure and 32-bit below EL3. */
static void
a64_opened(struct emu *e)
{
	uc_hook hook;

	if (uc_ctl_set_cpu_model(e->uc, UC_CPU_ARM64_MAX) != UC_ERR_OK) {
		emu_die("no CPU model with VHE");
	}
	a64_set_level(e, 0);
	if (uc_hook_add(e->uc, &hook, UC_HOOK_INSN, (void *)a64_hook_sys, e,
	    1, 0, UC_ARM64_INS_SYS) != UC_ERR_OK) {
		emu_die("no hook for TLBI");
	}
}

/*
 * A data abort at va, and only the blob remembers it: EC, bits 31:26 of the
 * syndrome, and WnR, bit 6, say that it is the one.
 */
static size_t
a64_find_far(struct emu *e, const char *function, uint64_t va, bool write)
{
	uint64_t zero = 0;
	uint32_t esr;
	size_t far;

	uc_reg_write(e->uc, UC_ARM64_REG_X0, &va);
	uc_emu_start(e->uc, emu_symbol(e, function),
	    emu_symbol(e, "guest_stop"), 0, 0);
	uc_reg_write(e->uc, UC_ARM64_REG_X0, &zero);
	far = emu_blob_find(e, va);
	esr = (uint32_t)emu_blob_read(e, far - 8, 4);
	if (esr >> 26 != 0x25 || ((esr & A64_BIT(6)) != 0) != write) {
		emu_die("no syndrome beside the fault's address: 0x%x",
		    (unsigned)esr);
	}
	return (far);
}

static void
a64_calibrate(struct emu *e)
{
	struct a64_data *data = malloc(sizeof(*data));

	if (data == NULL) {
		emu_die("no memory");
	}
	data->far = a64_find_far(e, "guest_load8", UINT64_C(0x1234567008),
	    false);
	if (a64_find_far(e, "guest_store8", UINT64_C(0x0fedcba018), true) !=
	    data->far) {
		emu_die("the address of a fault is not in the CPU's state");
	}
	data->esr = data->far - 8;
	free(e->arch_data[e->cpu]);
	e->arch_data[e->cpu] = data;
}

/*
 * TCR_EL1: TG1 has 16, 4, 64 KiB at 1, 2, 3; TG0 4, 64, 16 at 0, 1, 2.  The
 * lower half has 48 bits, whatever a test makes of the upper.
 */
static uint64_t
a64_tcr(const struct emu *e)
{
	unsigned shift = e->mode->page_shift;
	uint64_t less = (e->boot_flags & A64_BOOT_T1SZ) != 0;
	uint64_t t1sz = 64 - e->mode->va_bits + less;
	uint64_t tg1 = shift == 14 ? 1 : shift == 12 ? 2 : 3;
	uint64_t tg0 = shift == 14 ? 2 : shift == 12 ? 0 : 1;
	uint64_t tcr;

	if ((e->boot_flags & A64_BOOT_TG1) != 0) {
		tg1 = tg1 % 3 + 1;
	}
	/* SH inner, walks of cacheable memory, in both halves. */
	tcr = UINT64_C(0x35003500) | 16 | t1sz << 16 | tg0 << 14 | tg1 << 30;
	tcr |= ((e->boot_flags & A64_BOOT_IPS_40) != 0 ? UINT64_C(2) :
	    (e->boot_flags & A64_BOOT_IPS_44) != 0 ? UINT64_C(4) :
	    UINT64_C(5)) << 32;		/* IPS: 48 bits, more than PARange */
	if ((e->boot_flags & A64_BOOT_EPD1) != 0) {
		tcr |= A64_BIT(23);
	}
	if ((e->boot_flags & A64_BOOT_DS) != 0) {
		tcr |= A64_BIT(59);
	}
	return (tcr);
}

static void
a64_boot(struct emu *e)
{
	/* RES1 bits; I, C, M. */
	uint64_t sctlr = UINT64_C(0x30d01805);
	uint64_t el2h = 0x3c9;
	uint64_t hcr = 0;

	if ((e->boot_flags & A64_BOOT_MMU_OFF) != 0) {
		sctlr &= ~A64_BIT(0);
	}
	if ((e->boot_flags & A64_BOOT_EL2) != 0) {
		hcr |= (e->boot_flags & A64_BOOT_E2H) != 0 ? A64_BIT(34) : 0;
		hcr |= (e->boot_flags & A64_BOOT_TGE) != 0 ? A64_BIT(27) : 0;
		uc_reg_write(e->uc, UC_ARM64_REG_PSTATE, &el2h);
		a64_set_level(e, hcr);
	}
	emu_set64(e, "guest_boot_arg", 0, e->layout);
	emu_set64(e, "guest_boot_arg", 1, a64_tcr(e));
	emu_set64(e, "guest_boot_arg", 2, e->root[0]);
	emu_set64(e, "guest_boot_arg", 3, e->root[1]);
	emu_set64(e, "guest_boot_arg", 4, e->percpu);
	emu_set64(e, "guest_boot_arg", 5, sctlr);
	emu_run(e, emu_symbol(e, "guest_boot"), emu_symbol(e, "guest_stop"));
	if ((e->boot_flags & (A64_BOOT_MMU_OFF | A64_BOOT_EL2)) == 0) {
		a64_calibrate(e);
	}
}

/* Bit 55 says which half. */
static unsigned
a64_root(const struct emu *e, uint64_t va)
{
	(void)e;
	return ((unsigned)(va >> 55 & 1));
}

static unsigned
a64_mair_byte(const struct emu *e, unsigned index)
{
	return ((unsigned)(e->layout >> 8 * index) & 0xff);
}

/* AttrIndx of RAM: write-back, or non-cacheable where there is none. */
static uint64_t
a64_attr(const struct emu *e)
{
	static const unsigned byte[2] = { 0xff, 0x44 };
	unsigned index;

	for (unsigned i = 0; i < 2; i++) {
		for (index = 0; index < 8; index++) {
			if (a64_mair_byte(e, index) == byte[i]) {
				return ((uint64_t)index << 2);
			}
		}
	}
	return (0);
}

static uint64_t
a64_make_leaf(const struct emu *e, uint64_t pa, bool exec)
{
	return (pa | A64_UXN | (exec ? 0 : A64_PXN) | A64_AF | A64_SH |
	    a64_attr(e) | 3);
}

/* Blocks: at levels 1 and 2 with 4 KiB pages, else at level 2 alone. */
static uint64_t
a64_make_large(const struct emu *e, uint64_t pa, unsigned level)
{
	if (level == 1 || (level == 2 && e->mode->page_shift == 12)) {
		return (a64_make_leaf(e, pa, false) - 2);
	}
	return (0);
}

static uint64_t
a64_make_table(const struct emu *e, uint64_t pa, unsigned level)
{
	(void)e;
	(void)level;
	return (pa | 3);
}

static bool
a64_is_valid(const struct emu *e, uint64_t entry)
{
	(void)e;
	return ((entry & 1) != 0);
}

static bool
a64_is_table(const struct emu *e, uint64_t entry, unsigned level)
{
	(void)e;
	(void)level;
	return ((entry & 2) != 0);
}

static uint64_t
a64_entry_pa(const struct emu *e, uint64_t entry)
{
	return (entry & (A64_BIT(48) - A64_BIT(e->mode->page_shift)));
}

static const char *
a64_byte_name(unsigned byte)
{
	switch (byte) {
	case 0xff:
		return ("WB");
	case 0xbb:
		return ("WT");
	case 0x44:
		return ("WC");
	case 0x00:
		return ("UC");
	case 0x04:
		return ("UC-");
	default:
		return ("?");
	}
}

/* Shareability other than inner is something that nothing explains. */
static void
a64_decode_leaf(const struct emu *e, uint64_t entry, struct emu_leaf *leaf)
{
	uint64_t known = A64_UXN | A64_PXN | A64_NG | A64_AF | A64_SH |
	    A64_AP_RO | A64_AP_USER | 0x1f;

	*leaf = (struct emu_leaf){
	    .valid = (entry & 3) == 3,
	    .pa = a64_entry_pa(e, entry),
	    .type = a64_byte_name(a64_mair_byte(e, entry >> 2 & 7)),
	    .writable = (entry & A64_AP_RO) == 0,
	    .executable = (entry & A64_UXN) == 0 || (entry & A64_PXN) == 0,
	    .user = (entry & A64_AP_USER) != 0,
	    .global = (entry & A64_NG) == 0,
	    .accessed = (entry & A64_AF) != 0,
	    .dirty = true,
	    .rest = entry & ~(known | a64_entry_pa(e, ~UINT64_C(0)))
	};
	if ((entry & 1) != 0 && (entry & A64_SH) != A64_SH) {
		leaf->rest |= A64_SH;
	}
}

static void
a64_call(struct emu *e, uint64_t function, const char *kinds,
    const uint64_t *values, uint64_t return_to, uint64_t stack)
{
	int i;

	(void)function;
	for (i = 0; kinds[i] != '\0'; i++) {
		uc_reg_write(e->uc, UC_ARM64_REG_X0 + i, &values[i]);
	}
	uc_reg_write(e->uc, UC_ARM64_REG_X30, &return_to);
	uc_reg_write(e->uc, UC_ARM64_REG_SP, &stack);
}

static uint64_t
a64_result(struct emu *e)
{
	uint64_t value = 0;

	uc_reg_read(e->uc, UC_ARM64_REG_X0, &value);
	return (value);
}

/*
 * "ISS encoding for an exception from a Data Abort": status in bits 5:0,
 * 0001xx translation, 0010xx access flag, 0011xx permission; WnR in bit 6.
 */
static void
a64_fault(struct emu *e, uint32_t vector)
{
	const struct a64_data *data = e->arch_data[e->cpu];
	unsigned status;

	e->fault.other = true;
	if (data == NULL || (vector != A64_PREFETCH_ABORT &&
	    vector != A64_DATA_ABORT)) {
		return;
	}
	e->fault.va = emu_blob_read(e, data->far, 8);
	e->fault.code = emu_blob_read(e, data->esr, 4);
	status = e->fault.code & 0x3f;
	e->fault.other = status >> 2 < 1 || status >> 2 > 3;
	e->fault.present = status >> 2 != 1;
	e->fault.access = vector == A64_PREFETCH_ABORT ? EMU_FETCH :
	    (e->fault.code & 0x40) != 0 ? EMU_WRITE : EMU_READ;
}

static uint64_t
a64_reg_value(struct emu *e, uint32_t number)
{
	uint64_t value = 0;

	if (number < 29) {
		uc_reg_read(e->uc, UC_ARM64_REG_X0 + (int)number, &value);
	} else if (number < 31) {
		uc_reg_read(e->uc, UC_ARM64_REG_X29 + (int)number - 29,
		    &value);
	}
	return (value);
}

/* DSB, DMB, ISB: what for is in bits 11:8, which barrier in bits 7:5. */
static void
a64_decode_barrier(struct emu *e, uint32_t insn)
{
	static const char *const option[16] = {
		"#0", "oshld", "oshst", "osh", "#4", "nshld", "nshst", "nsh",
		"#8", "ishld", "ishst", "ish", "#12", "ld", "st", "sy"
	};
	static char name[2][16][16];
	uint32_t what = insn >> 8 & 15;
	uint32_t kind = insn >> 5 & 7;

	if (kind == 6) {
		emu_event(e, "isb", 0, 0);
	} else if (kind == 4 || kind == 5) {
		sprintf(name[kind - 4][what], "%s %s",
		    kind == 4 ? "dsb" : "dmb", option[what]);
		emu_event(e, name[kind - 4][what], 0, 0);
	}
}

/* SYS: op1, CRn, CRm, op2 in one number, as the instruction has them. */
#define A64_SYS(op1, crn, crm, op2)					\
	((op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))

static const struct {
	uint32_t code;
	const char *name;
} a64_sys[] = {
	{ A64_SYS(0, 8, 2, 7), "tlbi rvaale1is" },
	{ A64_SYS(0, 8, 6, 7), "tlbi rvaale1" },
	{ A64_SYS(0, 8, 3, 0), "tlbi vmalle1is" },
	{ A64_SYS(0, 8, 3, 1), "tlbi vae1is" },
	{ A64_SYS(0, 8, 3, 2), "tlbi aside1is" },
	{ A64_SYS(0, 8, 3, 3), "tlbi vaae1is" },
	{ A64_SYS(0, 8, 3, 5), "tlbi vale1is" },
	{ A64_SYS(0, 8, 3, 7), "tlbi vaale1is" },
	{ A64_SYS(0, 8, 7, 0), "tlbi vmalle1" },
	{ A64_SYS(0, 8, 7, 1), "tlbi vae1" },
	{ A64_SYS(0, 8, 7, 2), "tlbi aside1" },
	{ A64_SYS(0, 8, 7, 3), "tlbi vaae1" },
	{ A64_SYS(0, 8, 7, 5), "tlbi vale1" },
	{ A64_SYS(0, 8, 7, 7), "tlbi vaale1" },
	{ A64_SYS(0, 7, 6, 1), "dc ivac" },
	{ A64_SYS(3, 7, 4, 1), "dc zva" },
	{ A64_SYS(3, 7, 10, 1), "dc cvac" },
	{ A64_SYS(3, 7, 11, 1), "dc cvau" },
	{ A64_SYS(3, 7, 14, 1), "dc civac" },
};

static void
a64_decode_sys(struct emu *e, uint32_t insn)
{
	uint32_t code = insn >> 5 & 0x3fff;
	size_t i;

	for (i = 0; i < sizeof(a64_sys) / sizeof(a64_sys[0]); i++) {
		if (a64_sys[i].code == code) {
			emu_event(e, a64_sys[i].name,
			    a64_reg_value(e, insn & 31), 0);
			return;
		}
	}
	emu_event(e, "sys", a64_reg_value(e, insn & 31), code);
}

static void
a64_decode(struct emu *e, uint64_t pc, const uint8_t *bytes, size_t size)
{
	uint32_t insn;

	(void)pc;
	if (size != 4) {
		return;
	}
	memcpy(&insn, bytes, 4);
	if ((insn & 0xfffff01f) == 0xd503301f) {
		a64_decode_barrier(e, insn);
	} else if ((insn & 0xfff80000) == 0xd5080000) {
		a64_decode_sys(e, insn);
	} else if ((insn & 0xfff00000) == 0xd5100000) {
		emu_event(e, "msr", a64_reg_value(e, insn & 31),
		    insn >> 5 & 0x7fff);
	}
}

/*
 * MRS Xt of a register, whatever Xt.  Of the encoding, op0 is bits 20:19, and
 * the rest as in A64_SYS().
 */
#define A64_MRS(op1, crn, crm, op2)					\
	(0xd5380000 | A64_SYS(op1, crn, crm, op2) << 5)

/*
 * What an identification register says on a CPU with what the boot flags say;
 * Unicorn's is another.  false: as the engine has it.
 */
static bool
a64_pretend(struct emu *e, uint32_t insn, uint64_t *value)
{
	uc_arm64_cp_reg isar0 = { .op0 = 3, .crn = 0, .crm = 6, .op2 = 0 };

	switch (insn & ~31u) {
	case A64_MRS(0, 0, 6, 0):	/* ID_AA64ISAR0_EL1.TLB, 59:56 */
		uc_reg_read(e->uc, UC_ARM64_REG_CP_REG, &isar0);
		*value = isar0.val | UINT64_C(2) << 56;
		return ((e->boot_flags & A64_BOOT_RANGE) != 0);
	case A64_MRS(3, 0, 0, 1):	/* CTR_EL0.DminLine, 19:16 */
		*value = UINT64_C(0x84458004);
		return ((e->boot_flags & A64_BOOT_LINE_128) != 0);
	case A64_MRS(0, 0, 7, 3):	/* ID_AA64MMFR3_EL1.S1PIE, 11:8 */
		*value = UINT64_C(0x100);
		return ((e->boot_flags & A64_BOOT_S1PIE) != 0);
	default:
		return (false);
	}
}

/*
 * FEAT_TLBIRANGE, which Unicorn lacks: TLBI RVAALE1IS makes every engine
 * invalidate, and RVAALE1 this one, too much rather than too little: its
 * operand is for the sequence tests to judge.
 */
static bool
a64_lacks(struct emu *e, uint64_t pc, const uint8_t *bytes, size_t size)
{
	uint64_t next = pc + 4, value;
	uint32_t insn;
	unsigned i;

	memcpy(&insn, bytes, sizeof(insn));
	if (size != 4 || e->boot_flags == 0) {
		return (false);
	}
	if (((insn & 0xffffffe0) == 0xd50882e0 ||
	    (insn & 0xffffffe0) == 0xd50886e0) &&
	    (e->boot_flags & A64_BOOT_RANGE) != 0) {
		for (i = 0; i < EMU_CPUS; i++) {
			if (e->machine->uc[i] != NULL &&
			    (i == e->cpu || (insn & 0x400) == 0)) {
				uc_ctl_flush_tlb(e->machine->uc[i]);
			}
		}
	} else if ((insn & 31) < 29 && a64_pretend(e, insn, &value)) {
		uc_reg_write(e->uc, UC_ARM64_REG_X0 + (int)(insn & 31),
		    &value);
	} else {
		return (false);
	}
	uc_reg_write(e->uc, UC_ARM64_REG_PC, &next);
	return (true);
}

/*
 * A DC for each entry, or step of a table, from its very address on; or else
 * the DSB that stands in its place.
 */
static void
a64_expect_publish(struct emu *e, const struct emu_step_arg *arg, uint64_t va,
    uint64_t bytes)
{
	if ((arg->flags & QPMAP_F_ERRATUM_WALKER) == 0) {
		emu_expect(e, "dsb ishst", 0, 0, 0);
		return;
	}
	for (uint64_t i = 0; i < bytes; i += A64_DCACHE_STEP) {
		emu_expect(e, "dc cvac", va + i, 0, 0);
	}
	emu_expect(e, "dsb sy", 0, 0, 0);
}

/* The operand: VA[55:12] in bits 43:0, nothing above. */
static void
a64_expect_post_unmap(struct emu *e, const struct emu_step_arg *arg)
{
	bool local = (arg->flags & QPMAP_F_LOCAL_TLBI) != 0;
	bool twice = !local && (arg->flags & QPMAP_F_ERRATUM_REPEAT_TLBI) != 0;
	const char *tlbi = local ? "tlbi vaale1" : "tlbi vaale1is";
	uint64_t operand = arg->va << 8 >> 20;

	a64_expect_publish(e, arg, arg->pte_pa, 8);
	emu_expect(e, tlbi, operand, 0, 0);
	emu_expect(e, "dsb ish", 0, 0, 0);
	if (twice) {
		emu_expect(e, tlbi, operand, 0, 0);
		emu_expect(e, "dsb ish", 0, 0, 0);
	}
	emu_expect(e, "isb", 0, 0, 0);
}

/* The same with every flag. */
static void
a64_expect_online(struct emu *e)
{
	emu_expect(e, "dsb ish", 0, 0, 0);
	emu_expect(e, "tlbi vmalle1", 0, 0, 0);
	emu_expect(e, "dsb ish", 0, 0, 0);
	emu_expect(e, "isb", 0, 0, 0);
}

/* Bits of a TLBI RVAALE1IS: one for a single page; then 2^(5n+1) each. */
static void
a64_expect_ranges(struct emu *e, const struct emu_step_arg *arg)
{
	unsigned shift = e->mode->page_shift;
	uint64_t page = arg->va << 8 >> 8 >> shift, pages = arg->page_count;
	uint64_t tg = shift == 12 ? 1 : shift == 14 ? 2 : 3;
	uint64_t times;

	if (pages % 2 != 0) {
		emu_expect(e, "tlbi vaale1is", page << shift >> 12, 0, 0);
		page++;
	}
	for (uint64_t scale = 0; scale < 4; scale++) {
		times = (pages >> (5 * scale + 1)) % 32;
		if (times != 0) {
			emu_expect(e, "tlbi rvaale1is", tg << 46 |
			    scale << 44 | (times - 1) << 39 |
			    (page & (A64_BIT(37) - 1)), 0, 0);
			page += times << (5 * scale + 1);
		}
	}
}

static void
a64_expect_batch(struct emu *e, const struct emu_step_arg *arg)
{
	bool range = (e->boot_flags & A64_BOOT_RANGE) != 0 &&
	    (arg->flags & QPMAP_F_NO_TLBI_RANGE) == 0;

	if (range && arg->page_count < A64_BIT(21)) {
		a64_expect_ranges(e, arg);
	} else if (arg->page_count > A64_SHOOTDOWN_LIMIT) {
		emu_expect(e, "tlbi vmalle1is", 0, 0, 0);
	} else {
		for (uint64_t i = 0; i < arg->page_count; i++) {
			emu_expect(e, "tlbi vaale1is", (arg->va +
			    (i << e->mode->page_shift)) << 8 >> 20, 0, 0);
		}
	}
}

static void
a64_expect_flush_range(struct emu *e, const struct emu_step_arg *arg)
{
	emu_expect(e, "dsb ish", 0, 0, 0);
	a64_expect_batch(e, arg);
	emu_expect(e, "dsb ish", 0, 0, 0);
	if ((arg->flags & QPMAP_F_ERRATUM_REPEAT_TLBI) != 0) {
		a64_expect_batch(e, arg);
		emu_expect(e, "dsb ish", 0, 0, 0);
	}
	emu_expect(e, "isb", 0, 0, 0);
}

static unsigned
a64_step(const struct emu_step_arg *arg)
{
	return (arg->step == 0 ? 1 : arg->step);
}

/* From the first entry to the last. */
static uint64_t
a64_entries_bytes(const struct emu_step_arg *arg)
{
	return (8 * (arg->page_count - a64_step(arg) + 1));
}

/*
 * The TLBIs of a range of this CPU's: with FEAT_TLBIRANGE one, of the smallest
 * scale that reaches, for some pages above, too.
 */
static void
a64_expect_window(struct emu *e, const struct emu_step_arg *arg, bool local)
{
	unsigned shift = e->mode->page_shift;
	uint64_t page = arg->va << 8 >> 8 >> shift;
	uint64_t tg = shift == 12 ? 1 : shift == 14 ? 2 : 3;
	uint64_t scale = 0;

	if ((e->boot_flags & A64_BOOT_RANGE) == 0 ||
	    (arg->flags & QPMAP_F_NO_TLBI_RANGE) != 0) {
		for (uint64_t i = 0; i < arg->page_count;
		    i += a64_step(arg)) {
			emu_expect(e, local ? "tlbi vaale1" :
			    "tlbi vaale1is", (page + i) << shift >> 12, 0, 0);
		}
		return;
	}
	while (arg->page_count > 32u << (5 * scale + 1)) {
		scale++;
	}
	emu_expect(e, local ? "tlbi rvaale1" : "tlbi rvaale1is",
	    tg << 46 | scale << 44 |
	    (arg->page_count - 1) >> (5 * scale + 1) << 39 |
	    (page & (A64_BIT(37) - 1)), 0, 0);
}

static void
a64_expect_post_unmap_range(struct emu *e, const struct emu_step_arg *arg)
{
	bool local = (arg->flags & QPMAP_F_LOCAL_TLBI) != 0;

	a64_expect_publish(e, arg, arg->pte_pa, a64_entries_bytes(arg));
	a64_expect_window(e, arg, local);
	emu_expect(e, "dsb ish", 0, 0, 0);
	if (!local && (arg->flags & QPMAP_F_ERRATUM_REPEAT_TLBI) != 0) {
		a64_expect_window(e, arg, false);
		emu_expect(e, "dsb ish", 0, 0, 0);
	}
	emu_expect(e, "isb", 0, 0, 0);
}

/* tlb.md, arm64's column. */
static void
a64_expect(struct emu *e, enum emu_step step, const struct emu_step_arg *arg)
{
	switch (step) {
	case EMU_MAP:
		emu_expect(e, "store", arg->pte_pa, arg->bits, 8);
		break;
	case EMU_CLEAR:
		emu_expect(e, "store", arg->pte_pa, 0, 8);
		break;
	case EMU_POST_MAP:
	case EMU_LINKED:
	case EMU_LINKED_ROOT:
		a64_expect_publish(e, arg, arg->pte_pa, 8);
		emu_expect(e, "isb", 0, 0, 0);
		break;
	case EMU_PRE_UNMAP:
		if (arg->special) {
			emu_expect(e, "dsb sy", 0, 0, 0);
		}
		break;
	case EMU_POST_UNMAP:
		a64_expect_post_unmap(e, arg);
		break;
	case EMU_ONLINE:
		a64_expect_online(e);
		break;
	case EMU_LINKING:
		a64_expect_publish(e, arg, arg->table_va,
		    UINT64_C(1) << e->mode->page_shift);
		break;
	case EMU_CLEARED:
		if ((arg->flags & QPMAP_F_ERRATUM_WALKER) != 0) {
			a64_expect_publish(e, arg, arg->pte_pa, 8);
		}
		break;
	case EMU_FLUSH_RANGE:
		a64_expect_flush_range(e, arg);
		break;
	case EMU_SENDING:
		break;
	case EMU_POST_MAP_RANGE:
		a64_expect_publish(e, arg, arg->pte_pa, a64_entries_bytes(arg));
		emu_expect(e, "isb", 0, 0, 0);
		break;
	case EMU_POST_UNMAP_RANGE:
		a64_expect_post_unmap_range(e, arg);
		break;
	}
}

static const char *
a64_type_name(const struct emu *e, unsigned type)
{
	static const unsigned byte[QPMAP_TYPE_COUNT] = {
		0xff, 0xbb, 0x44, 0x00, 0x04
	};
	unsigned index;

	for (index = 0; index < 8; index++) {
		if (a64_mair_byte(e, index) == byte[type]) {
			return (a64_byte_name(byte[type]));
		}
	}
	return (NULL);
}

static bool
a64_type_slow(const struct emu *e, unsigned type)
{
	(void)e;
	return (type != QPMAP_ATTR_WRITE_BACK &&
	    type != QPMAP_ATTR_WRITE_THROUGH);
}

/*
 * Refusals.
 */

static void
a64_layout_other(struct emu *e, uint64_t *config)
{
	config[WIRE_LAYOUT] = e->layout ^ 0xff00;
}

static void
a64_template_invalid(struct emu *e, uint64_t *config)
{
	config[WIRE_TYPES] = QPMAP_TYPE_BIT(QPMAP_ATTR_UNCACHED);
	config[WIRE_TEMPLATE + QPMAP_ATTR_UNCACHED] =
	    a64_make_leaf(e, 0x40000000, false) & ~UINT64_C(1);
}

/* Memory of another security state, which a mapping would not show. */
static void
a64_template_ns(struct emu *e, uint64_t *config)
{
	config[WIRE_TEMPLATE + QPMAP_ATTR_WRITE_BACK] =
	    a64_make_leaf(e, 0x40000000, false) | A64_BIT(5);
}

static void
a64_type_wt(struct emu *e, uint64_t *config)
{
	(void)e;
	config[WIRE_TYPES] = QPMAP_TYPE_BIT(QPMAP_ATTR_WRITE_THROUGH);
}

static void
a64_no_nx(struct emu *e, uint64_t *config)
{
	(void)e;
	config[WIRE_FLAGS] |= QPMAP_F_NO_NX;
}

static void
a64_pa_bits(struct emu *e, uint64_t *config)
{
	config[WIRE_PA_BITS] = e->mode->pa_bits + 1;
}

static void
a64_sharing(struct emu *e, uint64_t *config)
{
	(void)e;
	config[WIRE_SHARED_MASK] = A64_BIT(55);
}

static void
a64_flags_x86(struct emu *e, uint64_t *config)
{
	(void)e;
	config[WIRE_FLAGS] |= QPMAP_F_FLUSH_ON_MAP;
}

/* The other half, which TTBR0 translates. */
static void
a64_range_lower(struct emu *e, uint64_t *config)
{
	config[WIRE_WINDOW_VA] = e->mode->window_va & (A64_BIT(48) - 1);
}

/* Bit 55 set, but not all of 63:48. */
static void
a64_range_between(struct emu *e, uint64_t *config)
{
	config[WIRE_WINDOW_VA] = e->mode->window_va & ~A64_BIT(48);
}

static const struct emu_refusal a64_refusals[] = {
	{ "PAGING/off", QPMAP_ERR_PAGING, NULL, A64_BOOT_MMU_OFF, NULL },
	{ "EPD1", QPMAP_ERR_EPD1, NULL, A64_BOOT_EPD1, NULL },
	{ "PAGING/ds", QPMAP_ERR_PAGING, "arm64-16k", A64_BOOT_DS, NULL },
	{ "PAGE_SIZE", QPMAP_ERR_PAGE_SIZE, NULL, A64_BOOT_TG1, NULL },
	{ "EXCEPTION_LEVEL/el2", QPMAP_ERR_EXCEPTION_LEVEL, NULL,
	    A64_BOOT_EL2, NULL },
	{ "EXCEPTION_LEVEL/el2-e2h", QPMAP_ERR_EXCEPTION_LEVEL, NULL,
	    A64_BOOT_EL2 | A64_BOOT_E2H, NULL },
	{ "EXCEPTION_LEVEL/el2-tge", QPMAP_ERR_EXCEPTION_LEVEL, NULL,
	    A64_BOOT_EL2 | A64_BOOT_TGE, NULL },
	{ "LAYOUT", QPMAP_ERR_LAYOUT, NULL, 0, a64_layout_other },
	{ "TEMPLATE/invalid", QPMAP_ERR_TEMPLATE, NULL, 0,
	    a64_template_invalid },
	{ "TEMPLATE/ns", QPMAP_ERR_TEMPLATE, NULL, 0, a64_template_ns },
	{ "TYPE/write-through", QPMAP_ERR_TYPE_WRITE_THROUGH, NULL, 0,
	    a64_type_wt },
	{ "NO_NX", QPMAP_ERR_NO_NX, NULL, 0, a64_no_nx },
	{ "PA_BITS", QPMAP_ERR_PA_BITS, NULL, 0, a64_pa_bits },
	{ "SHARING/no-such-bit", QPMAP_ERR_SHARING, NULL, 0, a64_sharing },
	{ "FLAGS/x86", QPMAP_ERR_FLAGS, NULL, 0, a64_flags_x86 },
	{ "WINDOW_RANGE/lower", QPMAP_ERR_WINDOW_RANGE, NULL, 0,
	    a64_range_lower },
	{ "WINDOW_RANGE/between", QPMAP_ERR_WINDOW_RANGE, NULL, 0,
	    a64_range_between },
	{ NULL, 0, NULL, 0, NULL }
};

static const struct emu_layout a64_layouts[] = {
	{ "linux", QPMAP_MAIR_LINUX },
	{ "linux-mte", QPMAP_MAIR_LINUX_MTE },
	{ "freebsd", QPMAP_MAIR_FREEBSD },
	{ NULL, 0 }
};

static const struct emu_feature a64_features[] = {
	{ "LOCAL_TLBI", QPMAP_F_LOCAL_TLBI },
	{ "ERRATUM_REPEAT_TLBI", QPMAP_F_ERRATUM_REPEAT_TLBI },
	{ "ERRATUM_WALKER", QPMAP_F_ERRATUM_WALKER },
	{ "LOCAL_TLBI+ERRATUM_REPEAT_TLBI",
	    QPMAP_F_LOCAL_TLBI | QPMAP_F_ERRATUM_REPEAT_TLBI },
	{ "ERRATUM_WALKER+ERRATUM_REPEAT_TLBI",
	    QPMAP_F_ERRATUM_WALKER | QPMAP_F_ERRATUM_REPEAT_TLBI },
	{ NULL, 0 }
};

static const struct emu_feature a64_shootdown_features[] = {
	{ "LOCAL_TLBI", QPMAP_F_LOCAL_TLBI },
	{ "NO_TLBI_RANGE", QPMAP_F_NO_TLBI_RANGE },
	{ "ERRATUM_REPEAT_TLBI", QPMAP_F_ERRATUM_REPEAT_TLBI },
	{ "ERRATUM_WALKER", QPMAP_F_ERRATUM_WALKER },
	{ NULL, 0 }
};

static const struct emu_feature a64_differs[] = {
	{ "mmu-off", A64_BOOT_MMU_OFF },
	{ "epd1", A64_BOOT_EPD1 },
	{ "tg1", A64_BOOT_TG1 },
	{ "ds", A64_BOOT_DS },
	{ "t1sz", A64_BOOT_T1SZ },
	{ "narrower", A64_BOOT_IPS_40 },
	{ "el2", A64_BOOT_EL2 },
	{ NULL, 0 }
};

/* RET */
static const uint8_t a64_ret[] = { 0xc0, 0x03, 0x5f, 0xd6 };
/* YIELD */
static const uint8_t a64_spin[] = { 0x3f, 0x20, 0x03, 0xd5 };

const struct emu_arch emu_arm64 = {
	.name = "arm64",
	.mark = UINT64_C(0x0080000000000000),
	.uc_arch = UC_ARCH_ARM64,
	.uc_mode = UC_MODE_ARM,
	.pc_reg = UC_ARM64_REG_PC,
	.opened = a64_opened,
	.boot = a64_boot,
	.root = a64_root,
	.make_leaf = a64_make_leaf,
	.make_large = a64_make_large,
	.make_table = a64_make_table,
	.is_valid = a64_is_valid,
	.is_table = a64_is_table,
	.entry_pa = a64_entry_pa,
	.decode_leaf = a64_decode_leaf,
	.call = a64_call,
	.result = a64_result,
	.argument = a64_result,		/* x0, too */
	.fault = a64_fault,
	.decode = a64_decode,
	.lacks = a64_lacks,
	.expect = a64_expect,
	.ret_bytes = a64_ret,
	.ret_size = sizeof(a64_ret),
	.fault_reg = { UC_ARM64_REG_X0, UC_ARM64_REG_X12, UC_ARM64_REG_X13 },
	.spin_bytes = a64_spin,
	.spin_size = sizeof(a64_spin),
	.type_name = a64_type_name,
	.type_slow = a64_type_slow,
	.global_leaf = true,
	.local_flags = QPMAP_F_LOCAL_TLBI,
	.layouts = a64_layouts,
	.refusals = a64_refusals,
	.features = a64_features,
	.differs = a64_differs,
	.shootdown_features = a64_shootdown_features,
	.shootdown_boot_flag = A64_BOOT_RANGE,
	.shootdown_limit = A64_SHOOTDOWN_LIMIT,
	.broadcasts = true
};
