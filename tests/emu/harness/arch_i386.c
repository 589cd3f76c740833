/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * i386: 32-bit entries (two levels) and PAE (three), 4 KiB leaves.
 * Intel SDM vol. 3, "32-Bit Paging", "PAE Paging".
 */
#include <string.h>

#include <qpmap/qpmap.h>

#include "x86.h"

/* Booted with paging off, or in the mode that the guest is not built for. */
#define I386_BOOT_NO_PAGING (EMU_BOOT_ARCH << 0)
#define I386_BOOT_OTHER (EMU_BOOT_ARCH << 1)

#define I386_CR4_PSE UINT64_C(0x10)
#define I386_NX (UINT64_C(1) << 63)

static bool
i386_is_pae(const struct emu *e)
{
	return (e->mode->entry_size == 8);
}

/*
 * A root of the other format, which maps low RAM at VA = PA by large pages:
 * for a machine that does nothing but refuse.
 */
static uint64_t
i386_other_root(struct emu *e)
{
	uint64_t end = e->mode->ram_base + e->mode->ram_size;
	uint64_t root = emu_page_alloc(e);
	uint64_t table = emu_page_alloc(e);

	if (i386_is_pae(e)) {
		for (uint64_t i = 0; i << 22 < end; i++) {
			emu_write(e, root + 4 * i, 4, i << 22 | 0xe3);
		}
		return (root);
	}
	emu_write(e, root, 8, table | 1);
	for (uint64_t i = 0; i << 21 < end; i++) {
		emu_write(e, table + 8 * i, 8, i << 21 | 0xe3);
	}
	return (root);
}

/* The last 32 bytes of a page are as good a place as the first. */
static void
i386_root_inside(struct emu *e)
{
	uint64_t root = emu_page_alloc(e) + 0xfe0;

	memcpy(emu_ram(e, root, 32), emu_ram(e, e->root[0], 32), 32);
	e->root[0] = root;
}

static void
i386_boot(struct emu *e)
{
	bool other = (e->boot_flags & I386_BOOT_OTHER) != 0;
	bool nx = (e->boot_flags & EMU_BOOT_NO_NX) == 0;
	bool wp = (e->boot_flags & EMU_BOOT_NO_WP) == 0;
	bool pg = (e->boot_flags & I386_BOOT_NO_PAGING) == 0;

	if ((e->boot_flags & X86_BOOT_PDPT_INSIDE) != 0) {
		i386_root_inside(e);
	}
	emu_set64(e, "guest_boot_arg", 0,
	    other ? i386_other_root(e) : e->root[0]);
	emu_set64(e, "guest_boot_arg", 1, I386_CR4_PSE |
	    ((e->boot_flags & X86_BOOT_NO_PGE) == 0 ? X86_CR4_PGE : 0) |
	    (i386_is_pae(e) != other ? X86_CR4_PAE : 0));
	emu_set64(e, "guest_boot_arg", 2, nx ? X86_EFER_NXE : 0);
	emu_set64(e, "guest_boot_arg", 3, e->layout);
	emu_set64(e, "guest_boot_arg", 4, X86_CR0_PE | X86_CR0_ET |
	    X86_CR0_NE | (wp ? X86_CR0_WP : 0) | (pg ? X86_CR0_PG : 0));
	emu_set64(e, "guest_boot_arg", 5, e->percpu);
	emu_run(e, emu_symbol(e, "guest_boot"), emu_symbol(e, "guest_stop"));
}

static uint64_t
i386_make_leaf(const struct emu *e, uint64_t pa, bool exec)
{
	bool nx = i386_is_pae(e) && !exec &&
	    (e->boot_flags & EMU_BOOT_NO_NX) == 0;

	return (pa | (nx ? I386_NX : 0) | 0x63);	/* D A RW P */
}

/* 4 MiB, or with PAE 2 MiB, in a page directory only. */
static uint64_t
i386_make_large(const struct emu *e, uint64_t pa, unsigned level)
{
	(void)e;
	return (level == 1 ? pa | 0xe3 : 0);
}

/* A PDPTE has no bits but P: the others are reserved. */
static uint64_t
i386_make_table(const struct emu *e, uint64_t pa, unsigned level)
{
	(void)e;
	return (pa | (level == 2 ? 0x01 : 0x23));	/* (A RW) P */
}

static bool
i386_is_table(const struct emu *e, uint64_t entry, unsigned level)
{
	(void)e;
	return (level == 2 || (entry & 0x80) == 0);
}

static uint64_t
i386_entry_pa(const struct emu *e, uint64_t entry)
{
	return (entry & (i386_is_pae(e) ? UINT64_C(0x000ffffffffff000) :
	    0xfffff000));
}

static void
i386_decode_leaf(const struct emu *e, uint64_t entry, struct emu_leaf *leaf)
{
	x86_decode_low(e, entry, (entry & I386_NX) != 0, leaf);
	leaf->pa = i386_entry_pa(e, entry);
	leaf->rest |= entry & UINT64_C(0x7ff0000000000000);
}

/*
 * All arguments on the stack, the first lowest; a physical address is as wide
 * as an entry, low word first.
 */
static void
i386_call(struct emu *e, uint64_t function, const char *kinds,
    const uint64_t *values, uint64_t return_to, uint64_t stack)
{
	size_t count = strlen(kinds);
	uint64_t at;

	at = stack - 4 - 8 * count;
	stack = at;
	emu_write(e, at, 4, return_to);
	at += 4;
	for (size_t i = 0; i < count; i++) {
		unsigned size = kinds[i] == 'p' && i386_is_pae(e) ? 8 : 4;

		emu_write(e, at, size, values[i]);
		at += size;
	}
	uc_reg_write(e->uc, UC_X86_REG_ESP, &stack);
	uc_reg_write(e->uc, UC_X86_REG_EIP, &function);
}

static uint64_t
i386_result(struct emu *e)
{
	uint64_t value = 0;

	uc_reg_read(e->uc, UC_X86_REG_EAX, &value);
	return (value);
}

/* The lowest of those on the stack, above the return address. */
static uint64_t
i386_argument(struct emu *e)
{
	uint64_t stack = 0;

	uc_reg_read(e->uc, UC_X86_REG_ESP, &stack);
	return (emu_read(e, stack + 4, 4));
}

/*
 * Without SMEP and without NX the error code does not tell a fetch from a
 * load (Intel SDM vol. 3, "Page-Fault Exceptions"): a fetch faults at the
 * instruction's own address.
 */
static void
i386_fault(struct emu *e, uint32_t vector)
{
	x86_fault(e, vector);
	if (e->fault.access == EMU_READ && e->fault.va == e->fault.pc &&
	    (!i386_is_pae(e) || (e->boot_flags & EMU_BOOT_NO_NX) != 0)) {
		e->fault.access = EMU_FETCH;
	}
}

/*
 * PAE: the high word first on filling, and last on clearing; a PDPTE is seen
 * when CR3 is loaded, by a CPU without a PAT in memory only.
 */
static void
i386_expect(struct emu *e, enum emu_step step, const struct emu_step_arg *arg)
{
	uint64_t pte_pa = arg->pte_pa;
	uint64_t cr3 = 0;

	if (step == EMU_MAP) {
		if (i386_is_pae(e)) {
			emu_expect(e, "store", pte_pa + 4, arg->bits >> 32, 4);
		}
		emu_expect(e, "store", pte_pa, arg->bits & 0xffffffff, 4);
	} else if (step == EMU_CLEAR) {
		emu_expect(e, "store", pte_pa, 0, 4);
		if (i386_is_pae(e)) {
			emu_expect(e, "store", pte_pa + 4, 0, 4);
		}
	} else if (step == EMU_LINKED_ROOT && i386_is_pae(e)) {
		if ((e->boot_flags & X86_BOOT_NO_PAT) != 0) {
			emu_expect(e, "wbinvd", 0, 0, 0);
		}
		uc_reg_read(e->uc, UC_X86_REG_CR3, &cr3);
		emu_expect(e, "mov cr3", cr3, 0, 0);
	} else {
		x86_expect(e, step, arg);
	}
}

/*
 * Refusals.
 */

static void
i386_nx_not_stated(struct emu *e, uint64_t *config)
{
	(void)e;
	config[WIRE_FLAGS] &= ~(uint64_t)QPMAP_F_NO_NX;
}

static void
i386_nx_stated(struct emu *e, uint64_t *config)
{
	(void)e;
	config[WIRE_FLAGS] |= QPMAP_F_NO_NX;
}

static void
i386_layout(struct emu *e, uint64_t *config)
{
	config[WIRE_LAYOUT] = e->layout ^ UINT64_C(0x0100000000000000);
}

/* A D, not P. */
static void
i386_template_not_valid(struct emu *e, uint64_t *config)
{
	(void)e;
	config[WIRE_TEMPLATE + QPMAP_ATTR_UNCACHED] = 0x1078;
}

/* A bit that an entry does not have, or that has to be 0. */
static void
i386_template_reserved(struct emu *e, uint64_t *config)
{
	config[WIRE_TEMPLATE + QPMAP_ATTR_WRITE_BACK] = UINT64_C(0x1063) |
	    (i386_is_pae(e) ? UINT64_C(1) << 52 : UINT64_C(1) << 32);
}

/* XD where there is no NX: reserved, too. */
static void
i386_template_nx(struct emu *e, uint64_t *config)
{
	(void)e;
	config[WIRE_FLAGS] |= QPMAP_F_NO_NX;
	config[WIRE_TEMPLATE + QPMAP_ATTR_WRITE_BACK] = I386_NX | 0x1063;
}

static void
i386_sharing(struct emu *e, uint64_t *config)
{
	config[WIRE_PRIVATE_MASK] =
	    UINT64_C(1) << (i386_is_pae(e) ? 52 : 31);
}

static void
i386_sharing_high(struct emu *e, uint64_t *config)
{
	config[WIRE_SHARED_MASK] =
	    UINT64_C(1) << (i386_is_pae(e) ? 63 : 47);
}

static void
i386_pa_bits(struct emu *e, uint64_t *config)
{
	config[WIRE_PA_BITS] = e->mode->pa_bits + 1;
}

static void
i386_range_zero(struct emu *e, uint64_t *config)
{
	(void)e;
	config[WIRE_WINDOW_VA] = 0;
}

/* The guard page after the last window would be the first page. */
static void
i386_range_top(struct emu *e, uint64_t *config)
{
	config[WIRE_WINDOW_VA] = UINT64_C(0x100000000) -
	    (e->fact[FACT_WINDOW_PAGES] << 12);
	config[WIRE_CONFIG_CPUS] = 1;
}

/* Address 0 is no address, in the direct map neither. */
static void
i386_direct_zero(struct emu *e, uint64_t *config)
{
	config[WIRE_DIRECT_VA] = 0;
	config[WIRE_DIRECT_PA] = e->mode->pages_base;
	config[WIRE_DIRECT_SIZE] = 0x10000;
}

/* The compare of the fast path has the high word equal. */
static void
i386_direct_4g(struct emu *e, uint64_t *config)
{
	config[WIRE_DIRECT_VA] = e->mode->direct_va;
	config[WIRE_DIRECT_PA] = UINT64_C(0x100000000) - 0x8000;
	config[WIRE_DIRECT_SIZE] = 0x10000;
}

static void
i386_flags_arm64(struct emu *e, uint64_t *config)
{
	(void)e;
	config[WIRE_FLAGS] |= QPMAP_F_LOCAL_TLBI;
}

#define I386_REFUSALS							\
	{ "WP", QPMAP_ERR_WP, NULL, EMU_BOOT_NO_WP, NULL },		\
	{ "PAGING/off", QPMAP_ERR_PAGING, NULL, I386_BOOT_NO_PAGING,	\
	    NULL },							\
	{ "PAGING/other", QPMAP_ERR_PAGING, NULL, I386_BOOT_OTHER,	\
	    NULL },							\
	{ "LAYOUT", QPMAP_ERR_LAYOUT, NULL, 0, i386_layout },		\
	{ "TEMPLATE/not-valid", QPMAP_ERR_TEMPLATE, NULL, 0,		\
	    i386_template_not_valid },					\
	{ "TEMPLATE/reserved", QPMAP_ERR_TEMPLATE, NULL, 0,		\
	    i386_template_reserved },					\
	{ "SHARING/no-such-bit", QPMAP_ERR_SHARING, NULL, 0,		\
	    i386_sharing },						\
	{ "SHARING/high", QPMAP_ERR_SHARING, NULL, 0,			\
	    i386_sharing_high },					\
	{ "PA_BITS", QPMAP_ERR_PA_BITS, NULL, 0, i386_pa_bits },	\
	{ "WINDOW_RANGE/zero", QPMAP_ERR_WINDOW_RANGE, NULL, 0,		\
	    i386_range_zero },						\
	{ "WINDOW_RANGE/top", QPMAP_ERR_WINDOW_RANGE, NULL, 0,		\
	    i386_range_top },						\
	{ "DIRECT/zero", QPMAP_ERR_DIRECT, NULL, 0, i386_direct_zero },	\
	{ "FLAGS/arm64", QPMAP_ERR_FLAGS, NULL, 0, i386_flags_arm64 }

static const struct emu_refusal i386_refusals[] = {
	I386_REFUSALS,
	{ "NX", QPMAP_ERR_NX, NULL, 0, i386_nx_not_stated },
	{ "NX/no-nxe", QPMAP_ERR_NX, NULL, EMU_BOOT_NO_NX,
	    i386_nx_not_stated },
	{ NULL, 0, NULL, 0, NULL }
};

static const struct emu_refusal i386_pae_refusals[] = {
	I386_REFUSALS,
	{ "NX", QPMAP_ERR_NX, NULL, EMU_BOOT_NO_NX, NULL },
	{ "NO_NX", QPMAP_ERR_NO_NX, NULL, 0, i386_nx_stated },
	{ "TEMPLATE/no-nx", QPMAP_ERR_TEMPLATE, NULL, EMU_BOOT_NO_NX,
	    i386_template_nx },
	{ "DIRECT/4-GiB", QPMAP_ERR_DIRECT, NULL, 0, i386_direct_4g },
	{ NULL, 0, NULL, 0, NULL }
};

#define I386_DIFFERS							\
	{ "WP", EMU_BOOT_NO_WP },					\
	{ "PAGING/off", I386_BOOT_NO_PAGING },				\
	{ "PAGING/other", I386_BOOT_OTHER }

/* EFER.NXE means something with PAE only. */
static const struct emu_feature i386_differs[] = {
	I386_DIFFERS,
	{ NULL, 0 }
};

static const struct emu_feature i386_pae_differs[] = {
	I386_DIFFERS,
	{ "NX", EMU_BOOT_NO_NX },
	{ NULL, 0 }
};

/* The two formats differ by the mode's entry_size, and in this. */
#define I386_ARCH(own_refusals, own_no_sharing, own_differs) {		\
	.name = "i386",							\
	.mark = 0x200,							\
	.uc_arch = UC_ARCH_X86,						\
	.uc_mode = UC_MODE_32,						\
	.pc_reg = UC_X86_REG_EIP,					\
	.opened = x86_opened,						\
	.boot = i386_boot,						\
	.root = x86_root,						\
	.make_leaf = i386_make_leaf,					\
	.make_large = i386_make_large,					\
	.make_table = i386_make_table,					\
	.is_valid = x86_is_valid,					\
	.is_table = i386_is_table,					\
	.entry_pa = i386_entry_pa,					\
	.decode_leaf = i386_decode_leaf,				\
	.call = i386_call,						\
	.result = i386_result,						\
	.argument = i386_argument,					\
	.fault = i386_fault,						\
	.decode = x86_decode,						\
	.lacks = x86_lacks,						\
	.repeats = x86_repeats,						\
	.expect = i386_expect,						\
	.ret_bytes = x86_ret_bytes,					\
	.ret_size = sizeof(x86_ret_bytes),				\
	.fault_reg = { UC_X86_REG_EAX, UC_X86_REG_EDI,			\
	    UC_X86_REG_EBX },						\
	.spin_bytes = x86_spin_bytes,					\
	.spin_size = sizeof(x86_spin_bytes),				\
	.type_name = x86_type_name,					\
	.type_slow = x86_type_slow,				\
	.clean_if_ro = true,						\
	.layouts = x86_layouts,						\
	.refusals = own_refusals,					\
	.no_sharing = own_no_sharing,					\
	.features = x86_features,					\
	.differs = own_differs,						\
	.poison = &x86_poison,						\
	.shootdown_features = x86_shootdown_features,			\
	.shootdown_limit = X86_SHOOTDOWN_LIMIT,				\
}

const struct emu_arch emu_i386 = I386_ARCH(i386_refusals, true,
    i386_differs);
const struct emu_arch emu_i386_pae = I386_ARCH(i386_pae_refusals, false,
    i386_pae_differs);
