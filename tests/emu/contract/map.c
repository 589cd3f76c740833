/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A page appears, is used, and goes: C1, C2, C5, C10, B3, B4, B5.
 */
#include <stdio.h>
#include <string.h>

#include "contract.h"

#define WORD 4	/* bytes that every machine loads at once */

/* Bytes go both ways at both ends of the page, in every width. */
static void
check_both_ways(struct emu *e, uint64_t va, uint64_t pa)
{
	uint64_t last = (UINT64_C(1) << e->mode->page_shift) - 8;
	unsigned size;

	for (size = 1; size <= e->fact[FACT_WORD]; size *= 2) {
		emu_write(e, pa, 8, UINT64_C(0x0102030405060708));
		check_load(e, va, size, UINT64_C(0x0102030405060708));
		check_store(e, va + last, size, UINT64_C(0x8a8b8c8d8e8f9091));
		CHECK_EQUAL(emu_read(e, pa + last, size) ^
		    UINT64_C(0x8a8b8c8d8e8f9091) << (64 - 8 * size) >>
		    (64 - 8 * size), 0, "value stored");
	}
}

static void
c1_attr(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	uint64_t size = UINT64_C(1) << e->mode->page_shift;
	uint64_t pa = emu_page(e, 7);
	uint64_t va = emu_enter(e, pa, c->type);

	CHECK_EQUAL(va, emu_slot_va(e, 1), "address of the first slot");
	CHECK(va != 0 && va % size == 0, "address is 0 or not aligned");
	check_leaf(e, va, pa, c->type, true);
	check_both_ways(e, va, pa);
	check_nothing(e, va + size);
	check_nothing(e, va - size);
	CHECK_EQUAL(emu_read(e, pa - 8, 8), 0, "byte before the page");
	CHECK_EQUAL(emu_read(e, pa + size, 8), 0, "byte after the page");
	emu_remove(e, va);
	check_idle(e);
}

/* Where the MMU has NX the fetch faults; where not, init wants it said. */
static void
c1_fetch(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	uint64_t pa = emu_page(e, 3);
	uint64_t va;

	memcpy(emu_ram(e, pa, 8), e->arch->ret_bytes, e->arch->ret_size);
	if (!e->mode->has_nx) {
		e->config[WIRE_FLAGS] &= ~(uint64_t)QPMAP_F_NO_NX;
		CHECK_EQUAL(emu_init(e), QPMAP_ERR_NX, "init without NX");
		e->config[WIRE_FLAGS] |= QPMAP_F_NO_NX;
	} else {
		e->config[WIRE_FLAGS] |= QPMAP_F_NO_NX;
		CHECK_EQUAL(emu_init(e), QPMAP_ERR_NO_NX, "init with NO_NX");
		e->config[WIRE_FLAGS] &= ~(uint64_t)QPMAP_F_NO_NX;
	}
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_OK, "qpmap_cpu_online");
	va = emu_enter(e, pa, c->type);
	if (e->mode->has_nx) {
		check_faults(e, va, EMU_FETCH, true);
	} else {
		CHECK_EQUAL(emu_fetch(e, va), EMU_RETURNED, "fetch");
	}
	emu_remove(e, va);
	va = emu_enter_ro(e, pa, c->type);
	if (e->mode->has_nx) {
		check_faults(e, va, EMU_FETCH, true);
	}
	emu_remove(e, va);
	check_faults(e, va, EMU_FETCH, false);
}

/* The manual page's own names. */
static void
c1_quick_page(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	uint64_t pa = emu_page(e, 11);
	uint64_t va;

	CHECK_EQUAL(EMU_CALL(e, "guest_quick_enter", "pw", pa, c->type),
	    EMU_RETURNED, "pmap_quick_enter_page");
	va = e->result;
	CHECK_EQUAL(va, emu_slot_va(e, 1), "address of the first slot");
	check_leaf(e, va, pa, c->type, true);
	check_both_ways(e, va, pa);
	CHECK_EQUAL(EMU_CALL(e, "guest_quick_remove", "w", va), EMU_RETURNED,
	    "pmap_quick_remove_page");
	check_nothing(e, va);
	check_idle(e);
}

/* Pages above 4 GiB, and the highest that the machine has. */
static void
c1_high(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	unsigned pages[2] = { 0, EMU_HIGH_PAGES - 1 };

	for (unsigned i = 0; i < 2; i++) {
		uint64_t pa = emu_high_page(e, c->number, pages[i]);
		uint64_t va = emu_enter(e, pa, c->type);

		check_leaf(e, va, pa, c->type, true);
		check_both_ways(e, va, pa);
		emu_remove(e, va);
		check_nothing(e, va);
	}
	check_idle(e);
}

static void
c2_attr(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	uint64_t slots = e->fact[FACT_SLOTS];
	uint64_t va[8], pa;

	for (unsigned i = 0; i < slots; i++) {
		pa = emu_page(e, 20 + i);
		va[i] = emu_enter(e, pa, c->type);
		CHECK_EQUAL(va[i], emu_slot_va(e, i + 1), "slot's address");
		check_load(e, va[i], WORD, contract_tag(e, pa));
		check_store(e, va[i] + 8, WORD, i);
	}
	for (unsigned i = (unsigned)slots; i-- > 0;) {
		emu_remove(e, va[i]);
		check_nothing(e, va[i]);
	}
	check_idle(e);
}

/* 10 000 pages in turn through one slot, each seen as itself. */
static void
c2_ten_thousand(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	uint64_t va, pa;

	for (unsigned i = 0; i < 10000; i++) {
		pa = emu_page(e, i);
		contract_tag(e, pa);
		va = i % 3 == 0 ? emu_enter_ro(e, pa, c->type) :
		    emu_enter(e, pa, c->type);
		CHECK_EQUAL(va, emu_slot_va(e, 1), "slot's address");
		check_load(e, va, WORD, emu_read(e, pa, 8));
		if (i % 3 != 0) {
			check_store(e, va + 8, WORD, i + 1);
			CHECK_EQUAL(emu_read(e, pa + 8, WORD), i + 1,
			    "value stored");
		}
		emu_remove(e, va);
	}
	check_nothing(e, va);
	check_idle(e);
}

/* Every slot in use, every kind of page; one more panics. */
static void
c5_attr(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	unsigned slots = (unsigned)e->fact[FACT_SLOTS];
	uint64_t pages[3 + EMU_HIGH_COUNT] = {
		emu_page(e, 0), emu_page(e, 10000), emu_page_alloc(e)
	};
	unsigned kinds = 3;
	uint64_t pa = 0;

	for (unsigned i = 0; i < EMU_HIGH_COUNT; i++) {
		if (e->mode->high_base[i] != 0) {
			pages[kinds++] = emu_high_page(e, i, 1);
		}
	}
	for (unsigned kind = 0; kind < kinds; kind++) {
		for (unsigned i = 0; i < slots; i++) {
			bool rw = (kind + i) % 2 == 0;
			uint64_t va;

			pa = pages[(kind + i) % kinds];
			va = rw ? emu_enter(e, pa, c->type) :
			    emu_enter_ro(e, pa, c->type);
			check_leaf(e, va, pa, c->type, rw);
			check_load(e, va, WORD, contract_tag(e, pa));
		}
		CHECK_EQUAL(emu_held(e), slots, "mappings held");
		if (kind == kinds - 1) {
			break;
		}
		for (unsigned i = slots; i > 0; i--) {
			emu_remove(e, emu_slot_va(e, i));
		}
		check_idle(e);
	}
	EMU_CALL(e, "qpmap_enter", "pw", emu_page(e, 5), c->type);
	check_panic(e, QPMAP_PANIC_FULL, emu_page(e, 5), pa);
}

static void
b3_attr(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	unsigned size = e->mode->entry_size;
	uint64_t pa = emu_page(e, 9);
	uint64_t va, pte_pa;

	for (unsigned i = 0; i < 2; i++) {
		va = i == 0 ? emu_enter(e, pa, c->type) :
		    emu_enter_ro(e, pa, c->type);
		pte_pa = emu_slot_pte(e, 1);
		CHECK(emu_read(e, pte_pa, size) != 0, "entry is empty");
		check_load(e, va, WORD, 0);
		emu_remove(e, va);
		CHECK_EQUAL(emu_read(e, pte_pa, size), 0, "cleared entry");
		check_nothing(e, va);
	}
	check_idle(e);
}

/* Guard pages on both sides of every slot, with all slots in use. */
static void
b4_guards(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	uint64_t size = UINT64_C(1) << e->mode->page_shift;
	unsigned slots = (unsigned)e->fact[FACT_SLOTS];

	for (unsigned i = 1; i <= slots; i++) {
		emu_enter(e, emu_page(e, i), c->type);
	}
	for (unsigned i = 1; i <= slots; i++) {
		uint64_t va = emu_slot_va(e, i);

		check_nothing(e, va - size);
		check_nothing(e, va - 4);
		check_nothing(e, va + size);
		if (e->mode->has_nx) {
			check_faults(e, va + size, EMU_FETCH, false);
		}
	}
}

static void
b5_attr(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	uint64_t last = (UINT64_C(1) << e->mode->page_shift) - 4;
	uint64_t pa = emu_page(e, 13);
	uint64_t va = emu_enter_ro(e, pa, c->type);

	check_leaf(e, va, pa, c->type, false);
	check_load(e, va, WORD, contract_tag(e, pa));
	check_faults(e, va + last, EMU_WRITE, true);
	check_faults(e, va, EMU_WRITE, true);
	check_leaf(e, va, pa, c->type, false);
	check_load(e, va, WORD, emu_read(e, pa, 8));
	emu_remove(e, va);
	check_nothing(e, va);
	check_idle(e);
}

/* One type with one layout: its entry, or the refusal. */
static void
c10_layout(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	bool has = (contract_type_mask(e) & QPMAP_TYPE_BIT(c->type)) != 0;
	uint64_t pa = emu_page(e, 2);
	uint64_t va;

	e->config[WIRE_TYPES] = QPMAP_TYPE_BIT(c->type);
	if (!has) {
		CHECK_EQUAL(emu_init(e), (int)QPMAP_ERR_TYPE_WRITE_BACK +
		    (int)c->type, "qpmap_init");
		e->config[WIRE_TYPES] = 0;
	}
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_OK, "qpmap_cpu_online");
	if (!has) {
		EMU_CALL(e, "qpmap_enter", "pw", pa, c->type);
		check_panic(e, QPMAP_PANIC_TYPE, pa, c->type);
		EMU_CALL(e, "qpmap_enter_ro", "pw", pa, c->type);
		check_panic(e, QPMAP_PANIC_TYPE, pa, c->type);
		return;
	}
	va = emu_enter(e, pa, c->type);
	check_leaf(e, va, pa, c->type, true);
	emu_remove(e, va);
	va = emu_enter_ro(e, pa, c->type);
	check_leaf(e, va, pa, c->type, false);
	emu_remove(e, va);
}

/*
 * A template leaf speaks for its type: the entry of another type, given as
 * write-back's, makes write-back mappings of that type.
 */
static void
c10_template(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	uint64_t pa = emu_page(e, 2);
	uint64_t va = emu_enter(e, pa, c->type);
	struct emu_leaf leaf;

	e->config[WIRE_TEMPLATE + QPMAP_ATTR_WRITE_BACK] = emu_read(e,
	    emu_slot_pte(e, 1), e->mode->entry_size);
	emu_remove(e, va);
	EMU_CALL(e, "qpmap_cpu_offline", "w", emu_state_pa(e));
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_OK, "qpmap_cpu_online");
	pa = emu_page(e, 4);
	va = emu_enter(e, pa, QPMAP_ATTR_WRITE_BACK);
	CHECK(emu_leaf_at(e, va, NULL, &leaf), "no leaf");
	CHECK(strcmp(leaf.type, e->arch->type_name(e, c->type)) == 0,
	    "memory type %s, not the template's %s", leaf.type,
	    e->arch->type_name(e, c->type));
	CHECK_EQUAL(leaf.pa, pa, "address in the entry");
	check_load(e, va, WORD, contract_tag(e, pa));
	emu_remove(e, va);
	check_idle(e);
}

void
contract_map_cases(const struct emu_mode *mode)
{
	const struct emu_layout *layout = mode->arch->layouts;

	contract_add_types(mode, c1_attr, "C1");
	contract_add_inline(mode, c1_attr, "C1");
	contract_add_types(mode, c1_quick_page, "C1/quick-page");
	contract_add(mode, c1_fetch, NULL, "C1/fetch");
	for (unsigned i = 0; i < EMU_HIGH_COUNT; i++) {
		if (mode->high_base[i] != 0) {
			contract_add(mode, c1_high, &(struct contract_case){
			    .number = i }, "C1/high=0x%llx",
			    (unsigned long long)mode->high_base[i]);
		}
	}
	contract_add_types(mode, c2_attr, "C2");
	contract_add_inline(mode, c2_attr, "C2");
	contract_add(mode, c2_ten_thousand, NULL, "C2/10000-pages");
	contract_add_types(mode, c5_attr, "C5");
	contract_add_inline(mode, c5_attr, "C5");
	for (; layout->name != NULL; layout++) {
		for (unsigned type = 0; type < QPMAP_TYPE_COUNT; type++) {
			contract_add(mode, c10_layout, &(struct contract_case){
			    .layout = layout, .type = type },
			    "C10/layout=%s/attr=%s", layout->name,
			    contract_type_word(type));
		}
	}
	contract_add_types(mode, c10_template, "C10/template");
	contract_add_types(mode, b3_attr, "B3");
	contract_add(mode, b4_guards, NULL, "B4/guards");
	contract_add_types(mode, b5_attr, "B5");
}
