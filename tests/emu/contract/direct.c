/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The direct map: what it serves, and what goes through the window all the
 * same.
 */
#include <stdlib.h>
#include <string.h>

#include "contract.h"

#define WORD 4
#define DIRECT_FIRST 16		/* test pages in the direct map */
#define DIRECT_PAGES 32

/* Booted and configured with a direct map of some test pages. */
static struct emu *
direct_begin(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");

	for (unsigned i = 0; i < DIRECT_PAGES; i++) {
		emu_map(e, e->mode->direct_va +
		    ((uint64_t)i << e->mode->page_shift),
		    emu_page(e, DIRECT_FIRST + i), false);
	}
	e->config[WIRE_DIRECT_VA] = e->mode->direct_va;
	e->config[WIRE_DIRECT_PA] = emu_page(e, DIRECT_FIRST);
	e->config[WIRE_DIRECT_SIZE] = (uint64_t)DIRECT_PAGES <<
	    e->mode->page_shift;
	return (e);
}

static void
direct_go(struct emu *e)
{
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_OK, "qpmap_cpu_online");
}

/* Served: its own address, nothing pinned, and it stays. */
static void
check_direct(struct emu *e, unsigned page, unsigned attr)
{
	uint64_t pa = emu_page(e, page);
	uint64_t va = emu_enter(e, pa, attr);

	CHECK_EQUAL(va, e->mode->direct_va +
	    ((uint64_t)(page - DIRECT_FIRST) << e->mode->page_shift),
	    "direct-map address");
	CHECK_EQUAL(emu_depth(e), 0, "preemption depth");
	CHECK_EQUAL(emu_held(e), 0, "mappings held");
	check_load(e, va, WORD, contract_tag(e, pa));
	emu_remove(e, va);
	CHECK_EQUAL(emu_depth(e), 0, "preemption depth");
	check_load(e, va, WORD, contract_tag(e, pa));
	check_store(e, va + 8, WORD, page);
	CHECK_EQUAL(emu_read(e, pa + 8, WORD), page, "value stored");
	check_idle(e);
}

/* Not served: it is in the window, with its own type. */
static void
check_window(struct emu *e, unsigned page, unsigned attr, bool ro)
{
	uint64_t pa = emu_page(e, page);
	uint64_t va = ro ? emu_enter_ro(e, pa, attr) : emu_enter(e, pa, attr);

	CHECK_EQUAL(va, emu_slot_va(e, 1), "address of the first slot");
	check_leaf(e, va, pa, attr & 7, !ro);
	check_load(e, va, WORD, contract_tag(e, pa));
	CHECK_EQUAL(emu_depth(e), 1, "preemption depth");
	emu_remove(e, va);
	check_nothing(e, va);
	check_idle(e);
}

static void
c3_direct(const struct contract_case *c)
{
	struct emu *e = direct_begin(c);
	uint64_t end;

	direct_go(e);
	check_direct(e, DIRECT_FIRST, QPMAP_ATTR_WRITE_BACK);
	check_direct(e, DIRECT_FIRST + 7, QPMAP_ATTR_WRITE_BACK);
	check_direct(e, DIRECT_FIRST + DIRECT_PAGES - 1, QPMAP_ATTR_WRITE_BACK);
	check_window(e, DIRECT_FIRST - 1, QPMAP_ATTR_WRITE_BACK, false);
	check_window(e, DIRECT_FIRST + DIRECT_PAGES, QPMAP_ATTR_WRITE_BACK,
	    false);
	end = e->mode->direct_va + e->config[WIRE_DIRECT_SIZE];
	EMU_CALL(e, "qpmap_remove", "w", end);
	check_panic(e, QPMAP_PANIC_REMOVE, end, 0);
	EMU_CALL(e, "qpmap_remove", "w", e->mode->direct_va - 1);
	check_panic(e, QPMAP_PANIC_REMOVE, e->mode->direct_va - 1, 0);
}

static void
b5_direct(const struct contract_case *c)
{
	struct emu *e = direct_begin(c);
	uint64_t va;

	direct_go(e);
	check_window(e, DIRECT_FIRST + 2, c->type, true);
	va = emu_enter_ro(e, emu_page(e, DIRECT_FIRST + 2), c->type);
	check_faults(e, va, EMU_WRITE, true);
}

/* A type that the direct map does not have goes through the window. */
static void
c10_direct(const struct contract_case *c)
{
	struct emu *e = direct_begin(c);

	direct_go(e);
	if (c->type == QPMAP_ATTR_WRITE_BACK) {
		check_direct(e, DIRECT_FIRST + 1, c->type);
	} else {
		check_window(e, DIRECT_FIRST + 1, c->type, false);
	}
	contract_close();
	e = direct_begin(c);
	e->config[WIRE_DIRECT_TYPES] = QPMAP_TYPE_BIT(c->type);
	direct_go(e);
	check_direct(e, DIRECT_FIRST + 1, c->type);
	if (c->type != QPMAP_ATTR_WRITE_BACK) {
		check_window(e, DIRECT_FIRST + 1, QPMAP_ATTR_WRITE_BACK, false);
	}
}

static void
c10_no_direct(const struct contract_case *c)
{
	struct emu *e = direct_begin(c);

	e->config[WIRE_FLAGS] |= QPMAP_F_NO_DIRECT;
	direct_go(e);
	check_window(e, DIRECT_FIRST + 3, c->type, false);
	EMU_CALL(e, "qpmap_remove", "w", e->mode->direct_va);
	check_panic(e, QPMAP_PANIC_REMOVE, e->mode->direct_va, 0);
}

/* Confidential guests: the direct map's pages are private. */
static void
c10_sharing(const struct contract_case *c)
{
	struct emu *e = direct_begin(c);
	uint64_t mask = UINT64_C(1) << (e->mode->pa_bits - 1);
	uint64_t pa = emu_page(e, DIRECT_FIRST + 3);
	uint64_t pte_pa, shared;
	unsigned size = e->mode->entry_size;
	uint64_t va;

	e->config[c->number != 0 ? WIRE_PRIVATE_MASK : WIRE_SHARED_MASK] =
	    mask;
	e->config[WIRE_FLAGS] &=
	    ~(uint64_t)(QPMAP_F_BUILD_TABLES | QPMAP_F_SINGLE_ROOT);
	emu_map(e, e->config[WIRE_WINDOW_VA], pa, false);
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	CHECK(emu_leaf_at(e, e->config[WIRE_WINDOW_VA], &pte_pa, NULL), "leaf");
	emu_write(e, pte_pa, size, 0);
	CHECK_EQUAL(emu_online(e, 0, pte_pa), QPMAP_OK, "qpmap_cpu_online");
	for (unsigned i = 0; i < 3; i++) {
		static const unsigned flag[3] = {
			0, QPMAP_ATTR_PRIVATE, QPMAP_ATTR_SHARED };
		bool is_shared = flag[i] == QPMAP_ATTR_SHARED;

		va = emu_enter(e, pa, QPMAP_ATTR_WRITE_BACK | flag[i]);
		CHECK_EQUAL(va == emu_slot_va(e, 1), is_shared,
		    "through the window");
		emu_remove(e, va);
		va = emu_enter_ro(e, pa, QPMAP_ATTR_WRITE_BACK | flag[i]);
		shared = emu_read(e, emu_slot_pte(e, 1), size) & mask;
		CHECK_EQUAL(shared != 0, c->number != 0 ? !is_shared :
		    is_shared, "the mask's bit in the entry");
		emu_remove(e, va);
	}
	EMU_CALL(e, "qpmap_enter", "pw", mask, QPMAP_ATTR_WRITE_BACK);
	check_panic(e, QPMAP_PANIC_WIDTH, mask, QPMAP_ATTR_WRITE_BACK);
	EMU_CALL(e, "qpmap_enter", "pw", pa,
	    QPMAP_ATTR_WRITE_BACK | QPMAP_ATTR_PRIVATE | QPMAP_ATTR_SHARED);
	check_panic(e, QPMAP_PANIC_ATTR, pa,
	    QPMAP_ATTR_WRITE_BACK | QPMAP_ATTR_PRIVATE | QPMAP_ATTR_SHARED);
}

void
contract_direct_cases(const struct emu_mode *mode)
{
	contract_add(mode, c3_direct, NULL, "C3/direct-map");
	contract_add_types(mode, b5_direct, "B5/direct-map");
	contract_add_types(mode, c10_direct, "C10/direct-map");
	contract_add_types(mode, c10_no_direct, "C10/NO_DIRECT");
	for (unsigned i = 0; i < 2 && !mode->arch->no_sharing; i++) {
		contract_add(mode, c10_sharing, &(struct contract_case){
		    .number = i }, "C10/%s-mask", i ? "private" : "shared");
	}
}
