/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What only arm64 can show.  Entries are compared as numbers, written from
 * the Arm ARM (DDI 0487), "VMSAv8-64 translation table format descriptors".
 */
#include <string.h>

#include "contract.h"

/* UXN, PXN, AF, SH inner, a page: a leaf of AttrIndx 0. */
#define A64_LEAF(pa)	((pa) | UINT64_C(0x0060000000000703))
#define A64_RO		UINT64_C(0x80)
#define A64_NG		UINT64_C(0x800)

static uint64_t
a64_page(const struct emu *e)
{
	return (UINT64_C(1) << e->mode->page_shift);
}

static uint64_t
a64_window(const struct emu *e)
{
	return (e->fact[FACT_WINDOW_PAGES] << e->mode->page_shift);
}

static void
a64_start(struct emu *e)
{
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_OK, "qpmap_cpu_online");
}

/* The entry of a mapping of type, and of nothing else in it. */
static void
a64_check_entry(struct emu *e, unsigned type, uint64_t change)
{
	uint64_t pa = emu_page(e, 21);
	uint64_t va = emu_enter(e, pa, type);

	CHECK_EQUAL(emu_read(e, emu_slot_pte(e, 1), 8),
	    A64_LEAF(pa) ^ change, "entry");
	emu_remove(e, va);
	va = emu_enter_ro(e, pa, type);
	CHECK_EQUAL(emu_read(e, emu_slot_pte(e, 1), 8),
	    (A64_LEAF(pa) | A64_RO) ^ change, "read-only entry");
	emu_remove(e, va);
	check_idle(e);
}

/* In and out, with the page seen there and gone again. */
static void
a64_check_mapping(struct emu *e)
{
	uint64_t pa = emu_page(e, 17);
	uint64_t va = emu_enter(e, pa, QPMAP_ATTR_WRITE_BACK);

	CHECK_EQUAL(va, e->config[WIRE_WINDOW_VA] + a64_page(e),
	    "slot's address");
	check_leaf(e, va, pa, QPMAP_ATTR_WRITE_BACK, true);
	check_load(e, va, 8, contract_tag(e, pa));
	check_store(e, va + 8, 8, UINT64_C(0x0123456789abcdef));
	CHECK_EQUAL(emu_read(e, pa + 8, 8), UINT64_C(0x0123456789abcdef),
	    "stored");
	emu_remove(e, va);
	check_nothing(e, va);
	check_idle(e);
}

static void
c10_linux(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");

	a64_start(e);
	a64_check_entry(e, QPMAP_ATTR_WRITE_BACK, 0);
	a64_check_entry(e, QPMAP_ATTR_WRITE_COMBINING, 2 << 2);
	a64_check_entry(e, QPMAP_ATTR_UNCACHED, 3 << 2);
	a64_check_entry(e, QPMAP_ATTR_UNCACHED_MINUS, 4 << 2);
}

static void
c10_freebsd(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");

	a64_start(e);
	a64_check_entry(e, QPMAP_ATTR_WRITE_BACK, 2 << 2);
	a64_check_entry(e, QPMAP_ATTR_WRITE_THROUGH, 3 << 2);
	a64_check_entry(e, QPMAP_ATTR_WRITE_COMBINING, 1 << 2);
	a64_check_entry(e, QPMAP_ATTR_UNCACHED, 0);
	a64_check_entry(e, QPMAP_ATTR_UNCACHED_MINUS, 4 << 2);
}

static void
b14_non_global(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");

	e->config[WIRE_FLAGS] |= QPMAP_F_SET_NG;
	a64_start(e);
	a64_check_entry(e, QPMAP_ATTR_WRITE_BACK, A64_NG);
	a64_check_entry(e, QPMAP_ATTR_UNCACHED, A64_NG | 3 << 2);
	a64_check_mapping(e);
}

/*
 * hosts.md 2: a kernel maps all RAM non-cacheable, without SH.  Its leaf, of
 * which only AttrIndx and SH are taken, is a page's or a block's.
 */
static void
c10_template(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	uint64_t leaf = UINT64_C(0xfffffffffffffcc9) | c->number;

	e->config[WIRE_TYPES] = 0;
	e->config[WIRE_TEMPLATE + QPMAP_ATTR_WRITE_BACK] = leaf;
	a64_start(e);
	a64_check_entry(e, QPMAP_ATTR_WRITE_BACK, 0x300 | 2 << 2);
}

/* A removal, which drains so often (0 or 1) before it clears the entry. */
static void
a64_check_drains(struct emu *e, size_t expected)
{
	uint64_t va = emu_enter(e, emu_page(e, 3), QPMAP_ATTR_WRITE_BACK);
	size_t i, drains = 0, clears = 0;

	emu_record(e, EMU_REC_STORES | EMU_REC_INSNS);
	emu_remove(e, va);
	emu_record_end(e);
	for (i = 0; i < e->event_count; i++) {
		if (strcmp(e->events[i].name, "dsb sy") == 0) {
			CHECK_EQUAL(clears, 0, "drained after the clear");
			drains++;
		} else if (strcmp(e->events[i].name, "store") == 0 &&
		    e->events[i].a == emu_slot_pte(e, 1)) {
			clears++;
		}
	}
	CHECK_EQUAL(clears, 1, "clears");
	CHECK_EQUAL(drains, expected, "drains");
}

/* The entry says write-back, the byte of MAIR not: drained all the same. */
static void
c10_template_slow(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");

	e->config[WIRE_TYPES] = 0;
	e->config[WIRE_TEMPLATE + QPMAP_ATTR_WRITE_BACK] =
	    A64_LEAF(UINT64_C(0)) | c->number << 2;
	a64_start(e);
	a64_check_drains(e, c->number < 2 ? 0 : 1);
}

/*
 * A kernel whose RAM is all non-cacheable, with no byte of MAIR that means
 * write-back: refused by name, and served through a template.
 */
static void
c10_no_write_back(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	uint64_t pa = emu_page(e, 5), va;

	e->config[WIRE_TYPES] = 0;
	CHECK_EQUAL(emu_init(e), QPMAP_ERR_TYPE_WRITE_BACK, "qpmap_init");
	e->config[WIRE_TEMPLATE + QPMAP_ATTR_WRITE_BACK] =
	    A64_LEAF(UINT64_C(0));
	a64_start(e);
	a64_check_entry(e, QPMAP_ATTR_WRITE_BACK, 0);
	va = emu_enter(e, pa, QPMAP_ATTR_WRITE_BACK);
	check_load(e, va, 8, contract_tag(e, pa));
	check_store(e, va + 8, 8, UINT64_C(0x0123456789abcdef));
	CHECK_EQUAL(emu_read(e, pa + 8, 8), UINT64_C(0x0123456789abcdef),
	    "stored");
	emu_remove(e, va);
	check_nothing(e, va);
	a64_check_drains(e, 1);
	check_idle(e);
}

/*
 * A CPU with permission indirection, whose firmware keeps TCR2_EL1 to itself
 * (here the engine: it has no such register).  Read, it traps; with the flag
 * it is not read, on this CPU or another.
 */
static void
b13_no_tcr2(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");

	e->boot_flags = EMU_BOOT_ARCH << 12;	/* A64_BOOT_S1PIE */
	emu_boot(e);
	if (c->number == 0) {
		for (unsigned i = 0; i < WIRE_CONFIG_COUNT; i++) {
			emu_set64(e, "guest_wire", i, e->config[i]);
		}
		CHECK_EQUAL(EMU_CALL(e, "guest_init", ""), EMU_FAULTED,
		    "TCR2_EL1 did not trap: the case shows nothing");
		return;
	}
	e->config[WIRE_FLAGS] |= c->number;
	a64_start(e);
	a64_check_mapping(e);
	emu_cpu(e, 1);
	e->boot_flags = EMU_BOOT_ARCH << 12;
	emu_boot(e);
	CHECK_EQUAL(emu_online(e, 1, 0), QPMAP_OK, "online");
}

/*
 * CTR_EL0 says 128 bytes here, and 64 on a CPU to which the caller was moved
 * after it was read: what is cleaned lies in the entry's own line all the
 * same, be it the smallest there may be.  The window is one whose entries are
 * in the second half of such a line.
 */
static void
b14_walker_line(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	uint64_t cleaned = 0, pte_pa, va;
	unsigned window;

	e->config[WIRE_FLAGS] |= QPMAP_F_ERRATUM_WALKER;
	e->boot_flags = EMU_BOOT_ARCH << 11;	/* A64_BOOT_LINE_128 */
	emu_boot(e);
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	window = (emu_slot_pte_of(e, 0, 1) & 64) != 0 ? 0 : 1;
	CHECK_EQUAL(emu_online(e, window, 0), QPMAP_OK, "qpmap_cpu_online");
	va = emu_slot_va_of(e, window, 1);
	pte_pa = emu_slot_pte_of(e, window, 1);
	CHECK((pte_pa & 64) != 0, "the entry is in the line's first half");
	emu_record(e, EMU_REC_INSNS);
	CHECK_EQUAL(emu_enter(e, emu_page(e, 3), QPMAP_ATTR_WRITE_BACK), va,
	    "va");
	emu_remove(e, va);
	emu_record_end(e);
	for (size_t i = 0; i < e->event_count; i++) {
		if (strcmp(e->events[i].name, "dc cvac") == 0) {
			CHECK_EQUAL(e->events[i].a / 16, pte_pa / 16,
			    "line that is cleaned");
			cleaned++;
		}
	}
	CHECK_EQUAL(cleaned, 2, "times cleaned");
}

/*
 * A removal is broadcast: a CPU that shares the tables, and has walked them,
 * invalidates at once; with a local TLBI it does not.
 */
static void
b11_broadcast(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	uint64_t pa = emu_page(e, 1), tag = contract_tag(e, pa), va;

	e->config[WIRE_FLAGS] |= c->number;
	a64_start(e);
	va = emu_enter(e, pa, c->type);
	emu_cpu(e, 1);
	emu_boot(e);
	check_load(e, va, 8, tag);
	emu_cpu(e, 0);
	emu_remove(e, va);
	check_nothing(e, va);
	emu_cpu(e, 1);
	if (c->number != 0) {
		check_load(e, va, 8, tag);
		return;
	}
	check_nothing(e, va);
	emu_cpu(e, 0);
	EMU_CALL(e, "qpmap_cpu_offline", "w", emu_state_pa(e));
	CHECK_EQUAL(e->status, EMU_RETURNED, "qpmap_cpu_offline");
	emu_cpu(e, 1);
	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_OK, "online with that number");
	a64_check_mapping(e);
}

/*
 * TCR_EL1.IPS differs, but not what it comes to: Linux sets it by each CPU's
 * own width.
 */
static void
b11_other_ips(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");

	emu_cpu(e, 1);
	e->boot_flags = EMU_BOOT_ARCH << 9;	/* A64_BOOT_IPS_44 */
	emu_boot(e);
	CHECK_EQUAL(emu_online(e, 1, 0), QPMAP_OK, "online");
}

/* The half's first page, and its last, which is a guard. */
static void
b13_edge(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");

	e->config[WIRE_WINDOW_VA] = c->number == 0 ?
	    UINT64_C(0) - (UINT64_C(1) << e->mode->va_bits) :
	    UINT64_C(0) - 2 * a64_window(e);
	e->config[WIRE_CONFIG_CPUS] = 1;
	a64_start(e);
	a64_check_mapping(e);
}

/* One window more than that: the guard would be at address 0. */
static void
b13_edge_beyond(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");

	e->config[WIRE_WINDOW_VA] = UINT64_C(0) - a64_window(e);
	e->config[WIRE_CONFIG_CPUS] = 1;
	CHECK_EQUAL(emu_init(e), QPMAP_ERR_WINDOW_RANGE, "qpmap_init");
	e->config[WIRE_WINDOW_VA] = UINT64_C(0) -
	    (UINT64_C(1) << e->mode->va_bits) - a64_window(e);
	CHECK_EQUAL(emu_init(e), QPMAP_ERR_WINDOW_RANGE, "qpmap_init");
}

/*
 * T1SZ is read: with fewer bits of address there are fewer levels, or the
 * root has fewer entries, down to a root that has the leaves.  number is how
 * many bits.
 */
static void
b13_t1sz(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	uint64_t half = UINT64_C(0) - (UINT64_C(1) << c->number);
	static struct emu_mode mode;

	mode = *c->mode;
	mode.va_bits = c->number;
	mode.levels = (c->number - mode.page_shift + mode.table_shift - 1) /
	    mode.table_shift;
	e->mode = &mode;
	emu_boot(e);
	e->config[WIRE_WINDOW_VA] = half + (UINT64_C(7) << 20);
	if (mode.levels == 1) {
		e->config[WIRE_FLAGS] &= ~(uint64_t)QPMAP_F_SINGLE_ROOT;
	}
	a64_start(e);
	a64_check_mapping(e);
	CHECK_EQUAL(EMU_CALL(e, "qpmap_cpu_offline", "w", emu_state_pa(e)),
	    EMU_RETURNED, "qpmap_cpu_offline");
	e->config[WIRE_WINDOW_VA] = half - a64_window(e);
	CHECK_EQUAL(emu_init(e), QPMAP_ERR_WINDOW_RANGE, "one bit more");
	e->mode = c->mode;
}

/* A root smaller than a page may begin inside one. */
static void
b13_short_root(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	unsigned index_bits = e->mode->va_bits - e->mode->page_shift -
	    (e->mode->levels - 1) * e->mode->table_shift;
	uint64_t size = UINT64_C(8) << index_bits;
	uint64_t page = emu_page_alloc(e);
	uint64_t root = page + 3 * size;

	memcpy(emu_ram(e, root, size), emu_ram(e, e->root[1], size), size);
	e->root[1] = root;
	emu_boot(e);
	a64_start(e);
	CHECK(emu_read(e, root + size - 8, 8) != 0 ||
	    emu_read(e, root, 8) != 0 || index_bits > 1,
	    "nothing linked in the root");
	a64_check_mapping(e);
	for (uint64_t i = 0; i < a64_page(e); i += 8) {
		CHECK((i >= 3 * size && i < 4 * size) ||
		    emu_read(e, page + i, 8) == 0,
		    "written beside the root, at offset 0x%llx",
		    (unsigned long long)i);
	}
}

/* TCR_EL1.IPS says 48 bits, ID_AA64MMFR0_EL1 fewer, the host fewer still. */
static void
c5_pa_bits(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	unsigned bits = c->number != 0 ? c->number : e->mode->pa_bits;
	uint64_t pa = UINT64_C(1) << bits;
	uint64_t va;

	e->config[WIRE_PA_BITS] = c->number;
	a64_start(e);
	va = emu_enter(e, pa - a64_page(e), QPMAP_ATTR_WRITE_BACK);
	CHECK_EQUAL(emu_read(e, emu_slot_pte(e, 1), 8),
	    A64_LEAF(pa - a64_page(e)), "entry");
	emu_remove(e, va);
	EMU_CALL(e, "qpmap_enter", "pw", pa, (uint64_t)QPMAP_ATTR_WRITE_BACK);
	check_panic(e, QPMAP_PANIC_WIDTH, pa, QPMAP_ATTR_WRITE_BACK);
}

/* A realm's top address bit: set for shared pages, no part of an address. */
static void
c10_realm(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	uint64_t shared = UINT64_C(1) << (e->mode->pa_bits - 1);
	uint64_t pa = emu_page(e, 9), va;

	e->config[WIRE_SHARED_MASK] = shared;
	a64_start(e);
	a64_check_entry(e, QPMAP_ATTR_WRITE_BACK, 0);
	a64_check_entry(e, QPMAP_ATTR_WRITE_BACK | QPMAP_ATTR_PRIVATE, 0);
	a64_check_entry(e, QPMAP_ATTR_WRITE_BACK | QPMAP_ATTR_SHARED, shared);
	a64_check_entry(e, QPMAP_ATTR_UNCACHED, shared | 3 << 2);
	a64_check_entry(e, QPMAP_ATTR_UNCACHED | QPMAP_ATTR_PRIVATE, 3 << 2);
	EMU_CALL(e, "qpmap_enter", "pw", pa | shared,
	    (uint64_t)QPMAP_ATTR_WRITE_BACK);
	check_panic(e, QPMAP_PANIC_WIDTH, pa | shared, QPMAP_ATTR_WRITE_BACK);
	va = emu_enter(e, pa, QPMAP_ATTR_WRITE_BACK);
	emu_remove(e, va);
}

static void
a64_add_numbers(const struct emu_mode *mode,
    void (*run)(const struct contract_case *c), const char *what,
    const unsigned *numbers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		contract_add(mode, run,
		    &(struct contract_case){ .number = numbers[i] }, "%s=%u",
		    what, numbers[i]);
	}
}

void
contract_arm64_cases(const struct emu_mode *mode)
{
	static const struct emu_layout no_write_back = {
		"no-write-back", UINT64_C(0x0444) };
	static const unsigned attrs[] = { 0, 1, 2, 3, 4 };
	static const unsigned leaves[] = { 1, 3 };	/* block, page */
	static const unsigned widths[] = { 0, 32, 36, 43 };
	static const unsigned t1sz_4k[] = { 25, 30, 31, 39, 40, 47 };
	static const unsigned t1sz_16k[] = { 25, 26, 36, 37, 47 };
	static const unsigned t1sz_64k[] = { 25, 29, 30, 42, 43, 47 };

	if (strcmp(mode->arch->name, "arm64") != 0) {
		return;
	}
	contract_add(mode, c10_linux, &(struct contract_case){
	    .layout = &mode->arch->layouts[0] }, "C10/entries/linux");
	contract_add(mode, c10_linux, &(struct contract_case){
	    .layout = &mode->arch->layouts[1] }, "C10/entries/linux-mte");
	contract_add(mode, c10_freebsd, &(struct contract_case){
	    .layout = &mode->arch->layouts[2] }, "C10/entries/freebsd");
	a64_add_numbers(mode, c10_template, "C10/template/low-bits", leaves, 2);
	a64_add_numbers(mode, c10_template_slow, "C10/template/index",
	    attrs, 5);
	contract_add(mode, c10_no_write_back, &(struct contract_case){
	    .layout = &no_write_back }, "C10/no-write-back");
	contract_add(mode, b13_no_tcr2, NULL, "B13/tcr2-traps");
	contract_add(mode, b13_no_tcr2, &(struct contract_case){
	    .number = QPMAP_F_NO_TCR2 }, "B13/NO_TCR2");
	contract_add(mode, c10_realm, NULL, "C10/realm");
	contract_add(mode, b14_non_global, NULL, "B14/NON_GLOBAL/entry");
	contract_add(mode, b14_walker_line, NULL,
	    "B14/ERRATUM_WALKER/other-line");
	contract_add_types(mode, b11_broadcast, "B11/broadcast");
	contract_add(mode, b11_broadcast, &(struct contract_case){
	    .number = QPMAP_F_LOCAL_TLBI }, "B11/local");
	contract_add(mode, b11_other_ips, NULL, "B11/other-ips");
	contract_add(mode, b13_edge, NULL, "B13/first-page");
	contract_add(mode, b13_edge, &(struct contract_case){ .number = 1 },
	    "B13/last-page");
	contract_add(mode, b13_edge_beyond, NULL, "B13/beyond");
	if (mode->page_shift != 12) {
		contract_add(mode, b13_short_root, NULL, "B13/short-root");
	}
	if (mode->page_shift == 12) {
		a64_add_numbers(mode, b13_t1sz, "B13/va-bits", t1sz_4k, 6);
	} else if (mode->page_shift == 14) {
		a64_add_numbers(mode, b13_t1sz, "B13/va-bits", t1sz_16k, 5);
	} else {
		a64_add_numbers(mode, b13_t1sz, "B13/va-bits", t1sz_64k, 6);
	}
	a64_add_numbers(mode, c5_pa_bits, "C5/pa-bits", widths, 4);
}
