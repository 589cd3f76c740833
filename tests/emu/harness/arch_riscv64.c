/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * riscv64's driver: Sv39, Sv48, Sv57.
 *
 * RISC-V Privileged Architecture, "Supervisor-Level ISA".  Unicorn has no
 * Svpbmt: it takes PBMT for the top of the page number.  Bit 62 falls off the
 * address; bit 61 becomes bit 63 of it, where the same RAM is mapped again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qpmap/arch/riscv64.h>
#include <qpmap/qpmap.h>

#include "machine.h"

/* Translation stays off: satp = 0. */
#define RV_BOOT_BARE (EMU_BOOT_ARCH << 0)
/* Another number of levels than the mode's. */
#define RV_BOOT_LEVELS (EMU_BOOT_ARCH << 1)

#define RV_BIT(n)	(UINT64_C(1) << (n))
#define RV_V		RV_BIT(0)
#define RV_R		RV_BIT(1)
#define RV_W		RV_BIT(2)
#define RV_X		RV_BIT(3)
#define RV_U		RV_BIT(4)
#define RV_G		RV_BIT(5)
#define RV_A		RV_BIT(6)
#define RV_D		RV_BIT(7)
#define RV_NC_ALIAS	RV_BIT(63)

/* Pages from which on SFENCE.VMA x0, x0 is cheaper. */
#define RV_SHOOTDOWN_LIMIT 32
#define RV_RANGE_LIMIT	32		/* the same of a range */

/* Instructions: "Svinval"; SINVAL.VMA without its registers. */
#define RV_ECALL		0x00000073
#define RV_SINVAL_VMA		0x16000073
#define RV_SFENCE_W_INVAL	0x18000073
#define RV_SFENCE_INVAL_IR	0x18100073

/* Causes, "Supervisor Cause Register (scause)". */
#define RV_FETCH_FAULT	12
#define RV_LOAD_FAULT	13
#define RV_STORE_FAULT	15
#define RV_USER_ECALL	8	/* as Unicorn names every one */
#define RV_SUPERVISOR_ECALL 9

/* RISC-V SBI specification, "RFENCE Extension": its number, "RFNC". */
#define RV_SBI_RFENCE	UINT64_C(0x52464e43)

struct rv_data {
	size_t stval;		/* where the blob has the fault's address */
};

static void
rv_alias(struct emu *e, uint64_t base, uint64_t size)
{
	if (uc_mem_map_ptr(e->uc, base | RV_NC_ALIAS, size, UC_PROT_ALL,
	    emu_ram(e, base, size)) != UC_ERR_OK) {
		emu_die("no second mapping of RAM for PBMT=NC");
	}
}

static void
rv_opened(struct emu *e)
{
	const struct emu_mode *mode = e->mode;
	unsigned i;

	rv_alias(e, mode->ram_base, mode->ram_size);
	rv_alias(e, mode->pages_base, mode->pages_count << mode->page_shift);
	for (i = 0; i < EMU_HIGH_COUNT; i++) {
		if (mode->high_base[i] != 0) {
			rv_alias(e, mode->high_base[i],
			    (uint64_t)EMU_HIGH_PAGES << mode->page_shift);
		}
	}
}

static void
rv_reg_write(struct emu *e, int reg, uint64_t value)
{
	uc_reg_write(e->uc, reg, &value);
}

/* Load from va, which faults, and invalidate va but where the CPU keeps it. */
static size_t
rv_find_stval(struct emu *e, uint64_t va)
{
	rv_reg_write(e, UC_RISCV_REG_A0, va);
	uc_emu_start(e->uc, emu_symbol(e, "guest_load8"),
	    emu_symbol(e, "guest_stop"), 0, 0);
	rv_reg_write(e, UC_RISCV_REG_A0, 0);
	return (emu_blob_find(e, va));
}

/* The same place twice, or it was no such place. */
static void
rv_calibrate(struct emu *e)
{
	struct rv_data *data = malloc(sizeof(*data));

	if (data == NULL) {
		emu_die("no memory");
	}
	data->stval = rv_find_stval(e, UINT64_C(0x1234567008));
	if (rv_find_stval(e, UINT64_C(0x0fedcba018)) != data->stval) {
		emu_die("the address of a fault is not in the CPU's state");
	}
	free(e->arch_data[e->cpu]);
	e->arch_data[e->cpu] = data;
}

static uint64_t
rv_make_leaf(const struct emu *e, uint64_t pa, bool exec)
{
	(void)e;
	return (pa >> 12 << 10 | RV_D | RV_A | RV_W | RV_R | RV_V |
	    (exec ? RV_X : 0));
}

static uint64_t
rv_make_large(const struct emu *e, uint64_t pa, unsigned level)
{
	(void)level;
	return (rv_make_leaf(e, pa, false));
}

static uint64_t
rv_make_table(const struct emu *e, uint64_t pa, unsigned level)
{
	(void)e;
	(void)level;
	return (pa >> 12 << 10 | RV_V);
}

static bool
rv_is_valid(const struct emu *e, uint64_t entry)
{
	(void)e;
	return ((entry & RV_V) != 0);
}

static bool
rv_is_table(const struct emu *e, uint64_t entry, unsigned level)
{
	(void)e;
	(void)level;
	return ((entry & (RV_R | RV_W | RV_X)) == 0);
}

static uint64_t
rv_entry_pa(const struct emu *e, uint64_t entry)
{
	(void)e;
	return ((entry >> 10 & (RV_BIT(44) - 1)) << 12);
}

/* satp.MODE is 8 for three levels, 9 for four, 10 for five. */
static uint64_t
rv_satp(unsigned levels, uint64_t root)
{
	return ((uint64_t)(levels + 5) << 60 | root >> 12);
}

/* The same low addresses with a level more, or, of five, one less. */
static uint64_t
rv_satp_other(struct emu *e)
{
	uint64_t root;

	if (e->mode->levels == 5) {
		return (rv_satp(4, rv_entry_pa(e, emu_read(e, e->root[0],
		    8))));
	}
	root = emu_page_alloc(e);
	emu_write(e, root, 8, rv_make_table(e, e->root[0],
	    e->mode->levels));
	return (rv_satp(e->mode->levels + 1, root));
}

static void
rv_boot(struct emu *e)
{
	uint64_t satp = rv_satp(e->mode->levels, e->root[0]);

	if ((e->boot_flags & RV_BOOT_BARE) != 0) {
		satp = 0;
	} else if ((e->boot_flags & RV_BOOT_LEVELS) != 0) {
		satp = rv_satp_other(e);
	}
	emu_set64(e, "guest_boot_arg", 0, satp);
	emu_set64(e, "guest_boot_arg", 1, e->percpu);
	emu_run(e, emu_symbol(e, "guest_boot"), emu_symbol(e, "guest_stop"));
	if (satp != 0) {
		rv_calibrate(e);
	}
}

static unsigned
rv_root(const struct emu *e, uint64_t va)
{
	(void)e;
	(void)va;
	return (0);
}

static void
rv_decode_leaf(const struct emu *e, uint64_t entry, struct emu_leaf *leaf)
{
	static const char *const type[4] = { "WB", "WC", "UC", "?" };
	uint64_t known = RV_BIT(54) - 1 - RV_BIT(9) - RV_BIT(8);
	uint64_t pbmt = entry >> 61 & 3;

	if (e->svpbmt != 0) {
		known |= RV_BIT(62) | RV_BIT(61);
	} else if (pbmt != 0) {
		pbmt = 3;
	}
	*leaf = (struct emu_leaf){
	    .valid = (entry & RV_V) != 0,
	    .pa = rv_entry_pa(e, entry),
	    .type = type[pbmt],
	    .writable = (entry & RV_W) != 0,
	    .executable = (entry & RV_X) != 0,
	    .user = (entry & RV_U) != 0,
	    .global = (entry & RV_G) != 0,
	    .accessed = (entry & RV_A) != 0,
	    .dirty = (entry & RV_D) != 0,
	    .rest = entry & ~known
	};
}

/* Each argument in a register of its own, a0 and up. */
static void
rv_call(struct emu *e, uint64_t function, const char *kinds,
    const uint64_t *values, uint64_t return_to, uint64_t stack)
{
	int i;

	(void)function;
	for (i = 0; kinds[i] != '\0'; i++) {
		rv_reg_write(e, UC_RISCV_REG_A0 + i, values[i]);
	}
	rv_reg_write(e, UC_RISCV_REG_RA, return_to);
	rv_reg_write(e, UC_RISCV_REG_SP, stack);
}

static uint64_t
rv_result(struct emu *e)
{
	uint64_t value = 0;

	uc_reg_read(e->uc, UC_RISCV_REG_A0, &value);
	return (value);
}

static uint64_t
rv_reg_value(struct emu *e, uint32_t number)
{
	uint64_t value = 0;

	if (number == 0) {
		return (EMU_X0);
	}
	uc_reg_read(e->uc, UC_RISCV_REG_X0 + (int)number, &value);
	return (value);
}

/* Whether the harts of an SBI call, base + n for bit n of mask, have it. */
static bool
rv_sbi_has(uint64_t mask, uint64_t base, uint64_t hart)
{
	return (base == EMU_X0 ||
	    (hart - base < 64 && (mask >> (hart - base) & 1) != 0));
}

/*
 * An ECALL: the SBI's RFENCE extension, which is done when it returns.  PC is
 * behind it already.  Engines invalidate too much rather than too little.
 */
static bool
rv_trap(struct emu *e, uint32_t vector)
{
	uint64_t error = (uint64_t)e->sbi_error, zero = 0;
	unsigned i;

	if ((vector != RV_USER_ECALL && vector != RV_SUPERVISOR_ECALL) ||
	    rv_reg_value(e, 17) != RV_SBI_RFENCE) {
		return (false);
	}
	e->sbi_count++;
	for (i = 0; i < EMU_CPUS && e->sbi_error == 0; i++) {
		if (e->machine->uc[i] != NULL && rv_sbi_has(
		    rv_reg_value(e, 10), rv_reg_value(e, 11), e->hart[i])) {
			uc_ctl_flush_tlb(e->machine->uc[i]);
		}
	}
	uc_reg_write(e->uc, UC_RISCV_REG_A0, &error);
	uc_reg_write(e->uc, UC_RISCV_REG_A1, &zero);
	return (true);
}

/*
 * The cause does not tell a missing translation from a forbidden access: the
 * entry does.  Unicorn has moved PC on by four.
 */
static void
rv_fault(struct emu *e, uint32_t vector)
{
	const struct rv_data *data = e->arch_data[e->cpu];
	struct emu_level levels[EMU_MAX_LEVELS];
	unsigned count;

	e->fault.pc -= 4;
	e->fault.code = vector;
	e->fault.access = vector == RV_FETCH_FAULT ? EMU_FETCH :
	    vector == RV_STORE_FAULT ? EMU_WRITE : EMU_READ;
	e->fault.other = data == NULL || (vector != RV_FETCH_FAULT &&
	    vector != RV_LOAD_FAULT && vector != RV_STORE_FAULT);
	if (!e->fault.other) {
		e->fault.va = emu_blob_read(e, data->stval, 8);
		count = emu_walk(e, e->fault.va, levels);
		e->fault.present = rv_is_valid(e, levels[count - 1].entry);
	}
}

/* "fence rw,w" and the like: predecessor and successor sets, iorw each. */
static const char *
rv_fence_name(uint32_t insn)
{
	static char name[256][24];
	unsigned sets = insn >> 20 & 0xff;
	char *text = name[sets];
	unsigned i;

	if (text[0] == '\0') {
		text += sprintf(text, "fence ");
		for (i = 0; i < 8; i++) {
			if (i == 4) {
				*text++ = ',';
			}
			if ((sets & 128 >> i) != 0) {
				*text++ = "iorw"[i & 3];
			}
		}
		*text = '\0';
	}
	return (name[sets]);
}

/* Of an SBI call with four arguments. */
static void
rv_decode_ecall(struct emu *e)
{
	emu_event(e, "ecall", rv_reg_value(e, 17), rv_reg_value(e, 16));
	emu_event(e, "ecall harts", rv_reg_value(e, 10), rv_reg_value(e, 11));
	emu_event(e, "ecall range", rv_reg_value(e, 12), rv_reg_value(e, 13));
}

/* LR, SC, and AMOs: what they order is in bits 26, aq, and 25, rl. */
static void
rv_decode_atomic(struct emu *e, uint32_t insn, uint64_t rs1)
{
	static const char *const name[4][4] = {
		{ "amo", "amo.rl", "amo.aq", "amo.aqrl" },
		{ "amo", "amo.rl", "amo.aq", "amo.aqrl" },
		{ "lr", "lr.rl", "lr.aq", "lr.aqrl" },
		{ "sc", "sc.rl", "sc.aq", "sc.aqrl" }
	};
	uint32_t function = insn >> 27;
	uint32_t order = insn >> 25 & 3;

	emu_event(e, name[function < 4 ? function : 0][order], rs1, 0);
}

/*
 * Svinval, which Unicorn lacks.  The engine invalidates everything when the
 * batch ends: before that nothing is promised.
 */
static bool
rv_lacks(struct emu *e, uint64_t pc, const uint8_t *bytes, size_t size)
{
	uint64_t next = pc + 4;
	uint32_t insn;

	if (size != 4) {
		return (false);
	}
	memcpy(&insn, bytes, sizeof(insn));
	if (insn == RV_SFENCE_INVAL_IR) {
		uc_ctl_flush_tlb(e->uc);
	} else if (insn != RV_SFENCE_W_INVAL &&
	    (insn & 0xfe007fff) != RV_SINVAL_VMA) {
		return (false);
	}
	uc_reg_write(e->uc, UC_RISCV_REG_PC, &next);
	return (true);
}

static void
rv_decode(struct emu *e, uint64_t pc, const uint8_t *bytes, size_t size)
{
	uint32_t insn;
	uint64_t rs1;

	(void)pc;
	if (size != 4) {
		return;		/* compressed: none of these */
	}
	insn = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 |
	    (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
	rs1 = rv_reg_value(e, insn >> 15 & 31);
	if ((insn & 0xfe007fff) == 0x12000073) {
		emu_event(e, "sfence.vma", rs1,
		    rv_reg_value(e, insn >> 20 & 31));
	} else if ((insn & 0xfe007fff) == RV_SINVAL_VMA) {
		emu_event(e, "sinval.vma", rs1,
		    rv_reg_value(e, insn >> 20 & 31));
	} else if (insn == RV_SFENCE_W_INVAL) {
		emu_event(e, "sfence.w.inval", 0, 0);
	} else if (insn == RV_SFENCE_INVAL_IR) {
		emu_event(e, "sfence.inval.ir", 0, 0);
	} else if (insn == RV_ECALL) {
		rv_decode_ecall(e);
	} else if ((insn & 0x7f) == 0x2f) {
		rv_decode_atomic(e, insn, rs1);
	} else if ((insn & 0xf000707f) == 0x8000000f) {
		emu_event(e, "fence.tso", 0, 0);
	} else if ((insn & 0x707f) == 0x000f) {
		emu_event(e, rv_fence_name(insn), 0, 0);
	} else if ((insn & 0x707f) == 0x100f) {
		emu_event(e, "fence.i", 0, 0);
	} else if ((insn & 0x7f) == 0x73 && (insn >> 12 & 7) != 0 &&
	    insn >> 20 == 0x180 && (insn & 0x000ff000) != 0x2000) {
		emu_event(e, "csrw satp", rs1, 0);
	}
}

/* Svinval's batch, for more than one page. */
static void
rv_expect_flush_range(struct emu *e, const struct emu_step_arg *arg)
{
	bool batch = (arg->flags & QPMAP_F_SVINVAL) != 0 && arg->page_count > 1;

	if (arg->page_count > RV_SHOOTDOWN_LIMIT ||
	    (arg->flags & QPMAP_F_ERRATUM_CIP_1200) != 0) {
		emu_expect(e, "sfence.vma", EMU_X0, EMU_X0, 0);
		return;
	}
	if (batch) {
		emu_expect(e, "sfence.w.inval", 0, 0, 0);
	}
	for (uint64_t i = 0; i < arg->page_count; i++) {
		emu_expect(e, batch ? "sinval.vma" : "sfence.vma",
		    arg->va + (i << 12), EMU_X0, 0);
	}
	if (batch) {
		emu_expect(e, "sfence.inval.ir", 0, 0, 0);
	}
}

/* Of a range of this CPU's, Svinval or not. */
static void
rv_expect_range(struct emu *e, const struct emu_step_arg *arg, bool all)
{
	if (all || arg->page_count > RV_RANGE_LIMIT) {
		emu_expect(e, "sfence.vma", EMU_X0, EMU_X0, 0);
		return;
	}
	for (uint64_t i = 0; i < arg->page_count; i++) {
		emu_expect(e, "sfence.vma", arg->va + (i << 12), EMU_X0, 0);
	}
}

/* tlb.md, riscv64's column. */
static void
rv_expect(struct emu *e, enum emu_step step, const struct emu_step_arg *arg)
{
	bool all = (arg->flags & QPMAP_F_ERRATUM_CIP_1200) != 0;

	switch (step) {
	case EMU_MAP:
		emu_expect(e, "store", arg->pte_pa, arg->bits, 8);
		break;
	case EMU_CLEAR:
		emu_expect(e, "store", arg->pte_pa, 0, 8);
		break;
	case EMU_POST_MAP:
	case EMU_POST_UNMAP:
		emu_expect(e, "sfence.vma", all ? EMU_X0 : arg->va, EMU_X0,
		    0);
		break;
	case EMU_PRE_UNMAP:
		emu_expect(e, "fence iorw,iorw", 0, 0, 0);
		break;
	case EMU_LINKING:
		emu_expect(e, "fence w,w", 0, 0, 0);
		break;
	case EMU_ONLINE:
	case EMU_LINKED:
	case EMU_LINKED_ROOT:
		emu_expect(e, "sfence.vma", EMU_X0, EMU_X0, 0);
		break;
	case EMU_CLEARED:
		break;
	case EMU_FLUSH_RANGE:
		rv_expect_flush_range(e, arg);
		break;
	case EMU_SENDING:
		emu_expect(e, "fence rw,rw", 0, 0, 0);
		break;
	case EMU_POST_MAP_RANGE:
	case EMU_POST_UNMAP_RANGE:
		rv_expect_range(e, arg, all);
		break;
	}
}

static const char *
rv_type_name(const struct emu *e, unsigned type)
{
	(void)e;
	return (type == QPMAP_ATTR_WRITE_BACK ? "WB" :
	    type == QPMAP_ATTR_WRITE_COMBINING ? "WC" :
	    type == QPMAP_ATTR_UNCACHED ? "UC" : NULL);
}

static bool
rv_type_slow(const struct emu *e, unsigned type)
{
	(void)e;
	(void)type;
	return (false);
}

/*
 * Refusals.
 */

/* Type wanted, with flags, and its template. */
static void
rv_want(uint64_t *config, unsigned type, unsigned flags, uint64_t leaf)
{
	config[WIRE_FLAGS] &= ~(uint64_t)QPMAP_F_SVPBMT;
	config[WIRE_FLAGS] |= flags;
	config[WIRE_TYPES] = QPMAP_TYPE_BIT(type);
	config[WIRE_TEMPLATE + type] = leaf;
}

static void
rv_no_svpbmt_wc(struct emu *e, uint64_t *config)
{
	(void)e;
	rv_want(config, QPMAP_ATTR_WRITE_COMBINING, 0, 0);
}

static void
rv_no_svpbmt_uc(struct emu *e, uint64_t *config)
{
	(void)e;
	rv_want(config, QPMAP_ATTR_UNCACHED, 0, 0);
}

static void
rv_svpbmt_wt(struct emu *e, uint64_t *config)
{
	(void)e;
	rv_want(config, QPMAP_ATTR_WRITE_THROUGH, QPMAP_F_SVPBMT, 0);
}

static void
rv_svpbmt_uc_minus(struct emu *e, uint64_t *config)
{
	(void)e;
	rv_want(config, QPMAP_ATTR_UNCACHED_MINUS, QPMAP_F_SVPBMT, 0);
}

/* A template like write-back's: it would silently be write-back. */
static void
rv_template_same(struct emu *e, uint64_t *config)
{
	(void)e;
	rv_want(config, QPMAP_ATTR_UNCACHED, QPMAP_F_SVPBMT,
	    RV_D | RV_A | RV_W | RV_R | RV_V);
}

static void
rv_template_same_c9xx(struct emu *e, uint64_t *config)
{
	(void)e;
	rv_want(config, QPMAP_ATTR_WRITE_THROUGH, 0,
	    QPMAP_LEAF_C9XX_WRITE_BACK);
	config[WIRE_TEMPLATE] = QPMAP_LEAF_C9XX_WRITE_BACK;
}

static void
rv_template_not_valid(struct emu *e, uint64_t *config)
{
	(void)e;
	rv_want(config, QPMAP_ATTR_UNCACHED, QPMAP_F_SVPBMT,
	    RV_BIT(62) | RV_D | RV_A | RV_W | RV_R);
}

static void
rv_template_pointer(struct emu *e, uint64_t *config)
{
	(void)e;
	config[WIRE_TEMPLATE + QPMAP_ATTR_WRITE_THROUGH] = RV_V | RV_BIT(20);
}

static void
rv_template_reserved(struct emu *e, uint64_t *config)
{
	(void)e;
	rv_want(config, QPMAP_ATTR_UNCACHED, QPMAP_F_SVPBMT,
	    RV_BIT(62) | RV_BIT(61) | RV_R | RV_V);
}

static void
rv_template_range(struct emu *e, uint64_t *config)
{
	(void)e;
	rv_want(config, QPMAP_ATTR_UNCACHED, 0,
	    RV_BIT(63) | RV_BIT(13) | RV_D | RV_A | RV_W | RV_R | RV_V);
}

static void
rv_sharing(struct emu *e, uint64_t *config)
{
	(void)e;
	config[WIRE_PRIVATE_MASK] = RV_BIT(50);
}

static void
rv_layout(struct emu *e, uint64_t *config)
{
	(void)e;
	config[WIRE_LAYOUT] = 1;
}

static void
rv_no_nx(struct emu *e, uint64_t *config)
{
	(void)e;
	config[WIRE_FLAGS] |= QPMAP_F_NO_NX;
}

static void
rv_pa_bits(struct emu *e, uint64_t *config)
{
	(void)e;
	config[WIRE_PA_BITS] = 57;
}

static void
rv_range_zero(struct emu *e, uint64_t *config)
{
	(void)e;
	config[WIRE_WINDOW_VA] = 0;
}

/* From the lower half into what is no address at all. */
static void
rv_range_lower(struct emu *e, uint64_t *config)
{
	uint64_t half = RV_BIT(e->mode->va_bits - 1);

	config[WIRE_WINDOW_VA] = half - (e->fact[FACT_WINDOW_PAGES] << 12);
	config[WIRE_CONFIG_CPUS] = 2;
}

static void
rv_range_upper(struct emu *e, uint64_t *config)
{
	uint64_t half = RV_BIT(e->mode->va_bits - 1);

	config[WIRE_WINDOW_VA] = 0 - half -
	    (e->fact[FACT_WINDOW_PAGES] << 12);
	config[WIRE_CONFIG_CPUS] = 2;
}

/* A direct map must not give the address 0 away. */
static void
rv_direct_zero(struct emu *e, uint64_t *config)
{
	(void)e;
	config[WIRE_DIRECT_VA] = 0;
	config[WIRE_DIRECT_PA] = 0;
	config[WIRE_DIRECT_SIZE] = 0x100000;
}

static void
rv_flags_x86(struct emu *e, uint64_t *config)
{
	(void)e;
	config[WIRE_FLAGS] |= QPMAP_F_FLUSH_ON_MAP;
}

static const struct emu_refusal rv_refusals[] = {
	{ "PAGING/bare", QPMAP_ERR_PAGING, NULL, RV_BOOT_BARE, NULL },
	{ "TYPE/wc-no-svpbmt", QPMAP_ERR_TYPE_WRITE_COMBINING, NULL, 0,
	    rv_no_svpbmt_wc },
	{ "TYPE/uc-no-svpbmt", QPMAP_ERR_TYPE_UNCACHED, NULL, 0,
	    rv_no_svpbmt_uc },
	{ "TYPE/wt", QPMAP_ERR_TYPE_WRITE_THROUGH, NULL, 0, rv_svpbmt_wt },
	{ "TYPE/uc-minus", QPMAP_ERR_TYPE_UNCACHED_MINUS, NULL, 0,
	    rv_svpbmt_uc_minus },
	{ "TYPE/as-write-back", QPMAP_ERR_TYPE_UNCACHED, NULL, 0,
	    rv_template_same },
	{ "TYPE/as-write-back-c9xx", QPMAP_ERR_TYPE_WRITE_THROUGH, NULL, 0,
	    rv_template_same_c9xx },
	{ "TEMPLATE/not-valid", QPMAP_ERR_TEMPLATE, NULL, 0,
	    rv_template_not_valid },
	{ "TEMPLATE/pointer", QPMAP_ERR_TEMPLATE, NULL, 0,
	    rv_template_pointer },
	{ "TEMPLATE/reserved", QPMAP_ERR_TEMPLATE, NULL, 0,
	    rv_template_reserved },
	{ "TEMPLATE/range", QPMAP_ERR_TEMPLATE, NULL, 0, rv_template_range },
	{ "SHARING/no-such-bit", QPMAP_ERR_SHARING, NULL, 0, rv_sharing },
	{ "LAYOUT", QPMAP_ERR_LAYOUT, NULL, 0, rv_layout },
	{ "NO_NX", QPMAP_ERR_NO_NX, NULL, 0, rv_no_nx },
	{ "PA_BITS", QPMAP_ERR_PA_BITS, NULL, 0, rv_pa_bits },
	{ "WINDOW_RANGE/zero", QPMAP_ERR_WINDOW_RANGE, NULL, 0,
	    rv_range_zero },
	{ "WINDOW_RANGE/lower", QPMAP_ERR_WINDOW_RANGE, NULL, 0,
	    rv_range_lower },
	{ "WINDOW_RANGE/upper", QPMAP_ERR_WINDOW_RANGE, NULL, 0,
	    rv_range_upper },
	{ "DIRECT/zero", QPMAP_ERR_DIRECT, NULL, 0, rv_direct_zero },
	{ "FLAGS/x86", QPMAP_ERR_FLAGS, NULL, 0, rv_flags_x86 },
	{ NULL, 0, NULL, 0, NULL }
};

static const struct emu_layout rv_layouts[] = {
	{ "pbmt", 0 },
	{ NULL, 0 }
};

static const struct emu_feature rv_features[] = {
	{ "ERRATUM_CIP_1200", QPMAP_F_ERRATUM_CIP_1200 },
	{ NULL, 0 }
};

static const struct emu_feature rv_shootdown_features[] = {
	{ "SVINVAL", QPMAP_F_SVINVAL },
	{ "ERRATUM_CIP_1200", QPMAP_F_ERRATUM_CIP_1200 },
	{ "SVINVAL+ERRATUM_CIP_1200",
	    QPMAP_F_SVINVAL | QPMAP_F_ERRATUM_CIP_1200 },
	{ NULL, 0 }
};

/* Every filling invalidates: an invalid entry may have been cached. */
static const struct emu_feature rv_poison = { "fill", 0 };

static const struct emu_feature rv_differs[] = {
	{ "bare", RV_BOOT_BARE },
	{ "levels", RV_BOOT_LEVELS },
	{ NULL, 0 }
};

/* C.JR ra */
static const uint8_t rv_ret[] = { 0x82, 0x80 };
/* PAUSE: FENCE w, 0 */
static const uint8_t rv_spin[] = { 0x0f, 0x00, 0x00, 0x01 };

const struct emu_arch emu_riscv64 = {
	.name = "riscv64",
	.mark = 0x100,
	.uc_arch = UC_ARCH_RISCV,
	.uc_mode = UC_MODE_RISCV64,
	.pc_reg = UC_RISCV_REG_PC,
	.opened = rv_opened,
	.boot = rv_boot,
	.root = rv_root,
	.make_leaf = rv_make_leaf,
	.make_large = rv_make_large,
	.make_table = rv_make_table,
	.is_valid = rv_is_valid,
	.is_table = rv_is_table,
	.entry_pa = rv_entry_pa,
	.decode_leaf = rv_decode_leaf,
	.call = rv_call,
	.result = rv_result,
	.argument = rv_result,		/* a0, too */
	.trap = rv_trap,
	.fault = rv_fault,
	.decode = rv_decode,
	.lacks = rv_lacks,
	.expect = rv_expect,
	.ret_bytes = rv_ret,
	.ret_size = sizeof(rv_ret),
	.fault_reg = { UC_RISCV_REG_A0, UC_RISCV_REG_T5, UC_RISCV_REG_T6 },
	.spin_bytes = rv_spin,
	.spin_size = sizeof(rv_spin),
	.type_name = rv_type_name,
	.type_slow = rv_type_slow,
	.type_flags = QPMAP_F_SVPBMT,
	.pa_ignored = RV_NC_ALIAS,
	.lower_half = true,
	.no_sharing = true,
	.layouts = rv_layouts,
	.refusals = rv_refusals,
	.features = rv_features,
	.differs = rv_differs,
	.poison = &rv_poison,
	.shootdown_features = rv_shootdown_features,
	.shootdown_limit = RV_SHOOTDOWN_LIMIT
};
