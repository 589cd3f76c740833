/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * amd64: four and five levels of tables, 4 KiB leaves.
 * Intel SDM vol. 3, "4-Level Paging and 5-Level Paging".
 */
#include <string.h>

#include <qpmap/qpmap.h>

#include "x86.h"

#define AMD64_PA UINT64_C(0x000ffffffffff000)
#define AMD64_NX (UINT64_C(1) << 63)

/* The CPU's paging is off; or has four levels for five, five for four. */
#define AMD64_BOOT_NO_PAGING	(EMU_BOOT_ARCH << 0)
#define AMD64_BOOT_LEVELS	(EMU_BOOT_ARCH << 1)

/* A root of the other number of levels: low memory is mapped all the same. */
static uint64_t
amd64_other_root(struct emu *e)
{
	uint64_t root;

	if (e->mode->levels == 5) {
		return (emu_read(e, e->root[0], 8) & AMD64_PA);
	}
	root = emu_page_alloc(e);
	emu_write(e, root, 8, e->arch->make_table(e, e->root[0], 4));
	return (root);
}

static void
amd64_boot(struct emu *e)
{
	bool other = (e->boot_flags & AMD64_BOOT_LEVELS) != 0;
	bool la57 = (e->mode->levels == 5) != other;
	bool nx = (e->boot_flags & EMU_BOOT_NO_NX) == 0;
	bool wp = (e->boot_flags & EMU_BOOT_NO_WP) == 0;
	bool pg = (e->boot_flags & AMD64_BOOT_NO_PAGING) == 0;

	emu_set64(e, "guest_boot_arg", 0, other ? amd64_other_root(e) :
	    e->root[0]);
	emu_set64(e, "guest_boot_arg", 1, X86_CR4_PAE |
	    ((e->boot_flags & X86_BOOT_NO_PGE) == 0 ? X86_CR4_PGE : 0) |
	    (la57 ? X86_CR4_LA57 : 0) |
	    ((e->boot_flags & X86_BOOT_PCIDE) != 0 ? X86_CR4_PCIDE : 0));
	emu_set64(e, "guest_boot_arg", 2, X86_EFER_LME |
	    (nx ? X86_EFER_NXE : 0));
	emu_set64(e, "guest_boot_arg", 3, e->layout);
	emu_set64(e, "guest_boot_arg", 4, X86_CR0_PE | X86_CR0_ET |
	    X86_CR0_NE | (wp ? X86_CR0_WP : 0) | (pg ? X86_CR0_PG : 0));
	emu_set64(e, "guest_boot_arg", 5, e->percpu);
	emu_run(e, emu_symbol(e, "guest_boot"), emu_symbol(e, "guest_stop"));
}

static uint64_t
amd64_make_leaf(const struct emu *e, uint64_t pa, bool exec)
{
	bool nx = !exec && (e->boot_flags & EMU_BOOT_NO_NX) == 0;

	return (pa | (nx ? AMD64_NX : 0) | 0x63);	/* D A RW P */
}

static uint64_t
amd64_make_large(const struct emu *e, uint64_t pa, unsigned level)
{
	(void)e;
	return (level == 1 || level == 2 ? pa | 0xe3 : 0);
}

static uint64_t
amd64_make_table(const struct emu *e, uint64_t pa, unsigned level)
{
	(void)e;
	(void)level;
	return (pa | 0x23);				/* A RW P */
}

static uint64_t
amd64_entry_pa(const struct emu *e, uint64_t entry)
{
	(void)e;
	return (entry & AMD64_PA);
}

static void
amd64_decode_leaf(const struct emu *e, uint64_t entry, struct emu_leaf *leaf)
{
	x86_decode_low(e, entry, (entry & AMD64_NX) != 0, leaf);
	leaf->pa = entry & AMD64_PA;
	leaf->rest |= entry & UINT64_C(0x7ff0000000000000);
}

static void
amd64_call(struct emu *e, uint64_t function, const char *kinds,
    const uint64_t *values, uint64_t return_to, uint64_t stack)
{
	static const int reg[6] = {
		UC_X86_REG_RDI, UC_X86_REG_RSI, UC_X86_REG_RDX,
		UC_X86_REG_RCX, UC_X86_REG_R8, UC_X86_REG_R9
	};

	for (size_t i = 0; kinds[i] != '\0'; i++) {
		uc_reg_write(e->uc, reg[i], &values[i]);
	}
	stack -= 8;
	emu_write(e, stack, 8, return_to);
	uc_reg_write(e->uc, UC_X86_REG_RSP, &stack);
	uc_reg_write(e->uc, UC_X86_REG_RIP, &function);
}

static uint64_t
amd64_result(struct emu *e)
{
	uint64_t value = 0;

	uc_reg_read(e->uc, UC_X86_REG_RAX, &value);
	return (value);
}

static uint64_t
amd64_argument(struct emu *e)
{
	uint64_t value = 0;

	uc_reg_read(e->uc, UC_X86_REG_RDI, &value);
	return (value);
}

static void
amd64_expect(struct emu *e, enum emu_step step, const struct emu_step_arg *arg)
{
	if (step == EMU_MAP) {
		emu_expect(e, "store", arg->pte_pa, arg->bits, 8);
	} else if (step == EMU_CLEAR) {
		emu_expect(e, "store", arg->pte_pa, 0, 8);
	} else {
		x86_expect(e, step, arg);
	}
}

static const struct emu_refusal amd64_refusals[] = {
	{ "WP", QPMAP_ERR_WP, NULL, EMU_BOOT_NO_WP, NULL },
	{ "NX", QPMAP_ERR_NX, NULL, EMU_BOOT_NO_NX, NULL },
	{ "PAGING", QPMAP_ERR_PAGING, NULL, AMD64_BOOT_NO_PAGING, NULL },
	{ NULL, 0, NULL, 0, NULL }
};

static const struct emu_feature amd64_differs[] = {
	{ "WP", EMU_BOOT_NO_WP },
	{ "NX", EMU_BOOT_NO_NX },
	{ "levels", AMD64_BOOT_LEVELS },
	{ "paging", AMD64_BOOT_NO_PAGING },
	{ NULL, 0 }
};

const struct emu_arch emu_amd64 = {
	.name = "amd64",
	.mark = 0x200,
	.uc_arch = UC_ARCH_X86,
	.uc_mode = UC_MODE_64,
	.pc_reg = UC_X86_REG_RIP,
	.opened = x86_opened,
	.boot = amd64_boot,
	.root = x86_root,
	.make_leaf = amd64_make_leaf,
	.make_large = amd64_make_large,
	.make_table = amd64_make_table,
	.is_valid = x86_is_valid,
	.is_table = x86_is_table,
	.entry_pa = amd64_entry_pa,
	.decode_leaf = amd64_decode_leaf,
	.call = amd64_call,
	.result = amd64_result,
	.argument = amd64_argument,
	.fault = x86_fault,
	.decode = x86_decode,
	.lacks = x86_lacks,
	.repeats = x86_repeats,
	.expect = amd64_expect,
	.ret_bytes = x86_ret_bytes,
	.ret_size = sizeof(x86_ret_bytes),
	.fault_reg = { UC_X86_REG_RAX, UC_X86_REG_RDI, UC_X86_REG_R8 },
	.spin_bytes = x86_spin_bytes,
	.spin_size = sizeof(x86_spin_bytes),
	.type_name = x86_type_name,
	.type_slow = x86_type_slow,
	.clean_if_ro = true,
	.layouts = x86_layouts,
	.refusals = amd64_refusals,
	.features = x86_features,
	.differs = amd64_differs,
	.poison = &x86_poison,
	.shootdown_features = x86_shootdown_features,
	.shootdown_boot_flag = X86_BOOT_PCIDE,
	.shootdown_limit = X86_SHOOTDOWN_LIMIT,
};
