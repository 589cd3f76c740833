/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What only riscv64 can show.  Entries are compared as numbers, written from
 * the manuals.
 */
#include <string.h>

#include <qpmap/arch/riscv64.h>

#include "contract.h"

/* D A W R V, and the page number from bit 10 up. */
#define RV_LEAF(pa)	((pa) >> 12 << 10 | 0xc7)

static uint64_t
rv_entry(struct emu *e)
{
	return (emu_read(e, emu_slot_pte(e, 1), 8));
}

static void
rv_start(struct emu *e)
{
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_OK, "qpmap_cpu_online");
}

/* The entry of a mapping of type, and of nothing else in it. */
static void
rv_check_entry(struct emu *e, unsigned type, uint64_t type_bits)
{
	uint64_t pa = emu_page(e, 21);
	uint64_t va = emu_enter(e, pa, type);

	CHECK_EQUAL(rv_entry(e), RV_LEAF(pa) | type_bits, "entry");
	emu_remove(e, va);
	va = emu_enter_ro(e, pa, type);
	CHECK_EQUAL(rv_entry(e), (RV_LEAF(pa) & ~UINT64_C(4)) | type_bits,
	    "read-only entry");
	emu_remove(e, va);
	check_idle(e);
}

static void
c10_svpbmt(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");

	rv_start(e);
	rv_check_entry(e, QPMAP_ATTR_WRITE_BACK, 0);
	rv_check_entry(e, QPMAP_ATTR_WRITE_COMBINING, UINT64_C(1) << 61);
	rv_check_entry(e, QPMAP_ATTR_UNCACHED, UINT64_C(2) << 61);
}

/* A host without Svpbmt has write-back, and bits 63:54 stay clear. */
static void
c10_no_svpbmt(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	uint64_t pa = emu_page(e, 4);

	e->config[WIRE_FLAGS] &= ~(uint64_t)QPMAP_F_SVPBMT;
	e->config[WIRE_TYPES] = 0;
	rv_start(e);
	rv_check_entry(e, QPMAP_ATTR_WRITE_BACK, 0);
	EMU_CALL(e, "qpmap_enter", "pw", pa, (uint64_t)QPMAP_ATTR_UNCACHED);
	check_panic(e, QPMAP_PANIC_TYPE, pa, QPMAP_ATTR_UNCACHED);
}

/* XuanTie's three, from their templates: 63:60 are SO, C, B, shareable. */
static void
c10_c9xx(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");

	e->config[WIRE_FLAGS] &= ~(uint64_t)QPMAP_F_SVPBMT;
	e->config[WIRE_TYPES] = QPMAP_TYPE_BIT(QPMAP_ATTR_WRITE_COMBINING) |
	    QPMAP_TYPE_BIT(QPMAP_ATTR_UNCACHED);
	e->config[WIRE_TEMPLATE + QPMAP_ATTR_WRITE_BACK] =
	    QPMAP_LEAF_C9XX_WRITE_BACK;
	e->config[WIRE_TEMPLATE + QPMAP_ATTR_WRITE_COMBINING] =
	    QPMAP_LEAF_C9XX_WRITE_COMBINING;
	e->config[WIRE_TEMPLATE + QPMAP_ATTR_UNCACHED] =
	    QPMAP_LEAF_C9XX_UNCACHED;
	rv_start(e);
	rv_check_entry(e, QPMAP_ATTR_WRITE_BACK, UINT64_C(7) << 60);
	rv_check_entry(e, QPMAP_ATTR_WRITE_COMBINING, UINT64_C(3) << 60);
	rv_check_entry(e, QPMAP_ATTR_UNCACHED, UINT64_C(9) << 60);
}

/*
 * With Svpbmt a template gives its PBMT and nothing else: not U, G, X, N, a
 * software bit or an address.
 */
static void
c10_template_bits(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	uint64_t junk = UINT64_C(1) << 63 | UINT64_C(3) << 59 |
	    UINT64_C(0x3ffffffff) << 10 | 0x3ff;

	e->config[WIRE_TYPES] = QPMAP_TYPE_BIT(QPMAP_ATTR_WRITE_THROUGH) |
	    QPMAP_TYPE_BIT(QPMAP_ATTR_UNCACHED_MINUS);
	e->config[WIRE_TEMPLATE + QPMAP_ATTR_WRITE_THROUGH] =
	    junk | UINT64_C(1) << 61;
	e->config[WIRE_TEMPLATE + QPMAP_ATTR_UNCACHED_MINUS] =
	    (junk & ~(UINT64_C(1) << 61)) | UINT64_C(2) << 61;
	rv_start(e);
	rv_check_entry(e, QPMAP_ATTR_WRITE_BACK, 0);
	rv_check_entry(e, QPMAP_ATTR_WRITE_THROUGH, UINT64_C(1) << 61);
	rv_check_entry(e, QPMAP_ATTR_UNCACHED_MINUS, UINT64_C(2) << 61);
}

/* A kernel in the lower half has its window there, up to its last page. */
static void
b13_lower_half(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	uint64_t half = UINT64_C(1) << (e->mode->va_bits - 1);
	uint64_t pa = emu_page(e, 6);
	uint64_t va;

	/* One window, and the guard page after it is the last there is. */
	e->config[WIRE_WINDOW_VA] = half -
	    2 * (e->fact[FACT_WINDOW_PAGES] << 12);
	e->config[WIRE_CONFIG_CPUS] = 1;
	rv_start(e);
	va = emu_enter(e, pa, QPMAP_ATTR_WRITE_BACK);
	CHECK_EQUAL(va, e->config[WIRE_WINDOW_VA] + 4096, "slot's address");
	check_leaf(e, va, pa, QPMAP_ATTR_WRITE_BACK, true);
	check_load(e, va, 8, contract_tag(e, pa));
	emu_remove(e, va);
	check_nothing(e, va);
	check_idle(e);
}

/* The first page of the upper half is an address; the one below is not. */
static void
b13_upper_half(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	uint64_t pa = emu_page(e, 8);
	uint64_t va;

	e->config[WIRE_WINDOW_VA] = ~UINT64_C(0) << (e->mode->va_bits - 1);
	rv_start(e);
	va = emu_enter(e, pa, QPMAP_ATTR_WRITE_BACK);
	check_load(e, va, 8, contract_tag(e, pa));
	emu_remove(e, va);
	check_nothing(e, va);
	check_idle(e);
}

/* The width is the host's word: below it an address passes, above it not. */
static void
pa_bits(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	uint64_t pa = UINT64_C(1) << c->number;
	uint64_t va;

	e->config[WIRE_PA_BITS] = c->number;
	rv_start(e);
	va = emu_enter(e, pa - 4096, QPMAP_ATTR_WRITE_BACK);
	CHECK_EQUAL(rv_entry(e), RV_LEAF(pa - 4096), "entry");
	emu_remove(e, va);
	EMU_CALL(e, "qpmap_enter", "pw", pa, (uint64_t)QPMAP_ATTR_WRITE_BACK);
	check_panic(e, QPMAP_PANIC_WIDTH, pa, QPMAP_ATTR_WRITE_BACK);
}

void
contract_riscv64_cases(const struct emu_mode *mode)
{
	static const unsigned widths[] = { 32, 39, 52, 55, 56 };

	if (strcmp(mode->arch->name, "riscv64") != 0) {
		return;
	}
	contract_add(mode, c10_svpbmt, NULL, "C10/svpbmt");
	contract_add(mode, c10_no_svpbmt, NULL, "C10/no-svpbmt");
	contract_add(mode, c10_c9xx, NULL, "C10/c9xx");
	contract_add(mode, c10_template_bits, NULL, "C10/template-bits");
	contract_add(mode, b13_lower_half, NULL, "B13/lower-half");
	contract_add(mode, b13_upper_half, NULL, "B13/upper-half");
	for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
		contract_add(mode, pa_bits,
		    &(struct contract_case){ .number = widths[i] },
		    "C1/pa-bits=%u", widths[i]);
	}
}
