/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hostile TLB: filled whenever it could be, and with what it should not
 * have.
 */
#include <string.h>

#include "contract.h"

#define WORD 4

/*
 * Eager refill: before each instruction the TLB gets what a walker could
 * speculate, the translation of every slot whose entry is valid now.
 */
static void
refill(struct emu *e)
{
	struct emu_leaf leaf;

	for (unsigned i = 1; i <= e->fact[FACT_SLOTS]; i++) {
		uint64_t va = emu_slot_va(e, i);

		if (emu_leaf_at(e, va, NULL, &leaf) && leaf.valid) {
			CHECK_EQUAL(emu_load(e, va, 1), EMU_RETURNED,
			    "a load through a valid entry");
		}
	}
}

static unsigned
call_refilled(struct emu *e, const char *name, const char *kinds,
    const uint64_t *values)
{
	unsigned steps = 0;

	emu_call_until(e, emu_symbol(e, name), kinds, values, 0);
	while (e->status == EMU_PAUSED) {
		refill(e);
		steps++;
		emu_resume_until(e, steps);
	}
	CHECK_EQUAL(e->status, EMU_RETURNED, name);
	return (steps);
}

static void
b3_refill(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	uint64_t va = emu_slot_va(e, 1);

	for (unsigned i = 0; i < 4; i++) {
		uint64_t pa = emu_page(e, 10 + i);
		uint64_t tag = contract_tag(e, pa);

		CHECK(call_refilled(e, i % 2 == 0 ? "qpmap_enter" :
		    "qpmap_enter_ro", "pw", (uint64_t[]){ pa, c->type }) > 10,
		    "too few steps");
		CHECK_EQUAL(e->result, va, "address");
		check_load(e, va, WORD, tag);
		CHECK(call_refilled(e, "qpmap_remove", "w", &va) > 8,
		    "too few steps");
		check_nothing(e, va);
	}
	check_idle(e);
}

/* The same with other slots held: theirs stay what they are. */
static void
b3_refill_nested(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	unsigned slots = (unsigned)e->fact[FACT_SLOTS];

	for (unsigned i = 1; i <= slots; i++) {
		call_refilled(e, "qpmap_enter", "pw",
		    (uint64_t[]){ emu_page(e, i), c->type });
		CHECK_EQUAL(e->result, emu_slot_va(e, i), "address");
		contract_tag(e, emu_page(e, i));
	}
	for (unsigned i = slots; i > 0; i--) {
		uint64_t va = emu_slot_va(e, i);

		call_refilled(e, "qpmap_remove", "w", &va);
		check_nothing(e, va);
		for (unsigned j = 1; j < i; j++) {
			check_load(e, emu_slot_va(e, j), WORD,
			    emu_read(e, emu_page(e, j), 8));
		}
	}
	check_idle(e);
}

/* Refilled in the middle of a helper's work and of offline. */
static void
b11_refill(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	uint64_t state = emu_state_pa(e), va = emu_slot_va(e, 1);

	emu_enter(e, emu_page(e, 1), c->type);
	check_load(e, va, WORD, contract_tag(e, emu_page(e, 1)));
	call_refilled(e, "qpmap_cpu_abandon", "w", &state);
	check_nothing(e, va);
	CHECK_EQUAL(emu_enter(e, emu_page(e, 2), c->type), va, "address");
	check_load(e, va, WORD, contract_tag(e, emu_page(e, 2)));
	emu_remove(e, va);
	call_refilled(e, "qpmap_cpu_offline", "w", &state);
	check_nothing(e, va);
}

/*
 * Poison: a translation in the TLB that the tables do not have.  Where filling
 * invalidates, it is gone after enter.
 */
static void
poison(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	uint64_t tag, pte_pa, va;

	e->config[WIRE_FLAGS] |= e->arch->poison->flag;
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_OK, "qpmap_cpu_online");
	for (unsigned i = 0; i < 2 * e->fact[FACT_SLOTS]; i++) {
		bool ro = i % 2 == 1;

		va = emu_slot_va(e, i / 2 + 1);
		pte_pa = emu_slot_pte(e, i / 2 + 1);
		tag = contract_tag(e, emu_page(e, 90));
		emu_write(e, pte_pa, e->mode->entry_size,
		    e->arch->make_leaf(e, emu_page(e, 90), false));
		check_load(e, va, WORD, tag);
		emu_write(e, pte_pa, e->mode->entry_size, 0);
		check_load(e, va, WORD, tag);	/* poisoned */
		CHECK_EQUAL(ro ? emu_enter_ro(e, emu_page(e, i), c->type) :
		    emu_enter(e, emu_page(e, i), c->type), va, "address");
		check_load(e, va, WORD, contract_tag(e, emu_page(e, i)));
		if (!ro) {
			emu_remove(e, va);
			check_nothing(e, va);
		}
	}
}

void
contract_hostile_cases(const struct emu_mode *mode)
{
	contract_add_types(mode, b3_refill, "B3/refill");
	contract_add_inline(mode, b3_refill, "B3/refill");
	contract_add_types(mode, b3_refill_nested, "B1/refill");
	contract_add_types(mode, b11_refill, "B11/refill");
	if (mode->arch->poison != NULL) {
		contract_add_types(mode, poison, "C2/poison");
	}
}
