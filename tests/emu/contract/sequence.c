/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sequence checker: what was executed, held against tlb.md, exactly.
 *
 * A call runs alone; its stores (other than to the stack and the host's own
 * counters), the host's hooks, and every instruction that acts on TLB, caches
 * or order must be those expected, in order, with their operands.
 */
#include <stdio.h>
#include <string.h>

#include "range.h"
#include "sequence.h"
#include "x86.h"

void
sequence_drop_noise(struct emu *e)
{
	uint64_t state = emu_state_pa(e);
	size_t kept = 0;

	for (size_t i = 0; i < e->event_count; i++) {
		const struct emu_event *event = &e->events[i];
		const char *at = event->size == 0 ? "" :
		    emu_symbol_at(e, event->a);

		if (strcmp(at, "guest_stack") == 0 ||
		    (strcmp(at, "guest_percpu") == 0 &&
		    event->a - state >= e->fact[FACT_CPU_SIZE])) {
			continue;
		}
		e->events[kept++] = *event;
	}
	e->event_count = kept;
}

void
sequence_print(const char *title, const struct emu_event *events, size_t count)
{
	char text[160];

	fprintf(stderr, "%s\n", title);
	for (size_t i = 0; i < count; i++) {
		emu_event_text(&events[i], text, sizeof(text));
		fprintf(stderr, "\t%s\n", text);
	}
}

void
sequence_check(struct emu *e, const char *what)
{
	size_t i;

	for (i = 0; i < e->event_count && i < e->expected_count; i++) {
		const struct emu_event *a = &e->events[i];
		const struct emu_event *b = &e->expected[i];

		if (strcmp(a->name, b->name) != 0 || a->a != b->a ||
		    a->b != b->b || a->size != b->size) {
			break;
		}
	}
	if (i == e->event_count && i == e->expected_count) {
		return;
	}
	sequence_print("executed:", e->events, e->event_count);
	sequence_print("expected:", e->expected, e->expected_count);
	CHECK(false, "%s: event %zu differs", what, i);
}

void
sequence_expect_word(struct emu *e, uint64_t offset, uint64_t value)
{
	unsigned size = (unsigned)e->fact[FACT_WORD];

	emu_expect(e, "store", emu_state_pa(e) + offset,
	    value & ~UINT64_C(0) >> (64 - 8 * size), size);
}

static uint64_t
slot_offset(struct emu *e, unsigned slot)
{
	return (e->fact[FACT_CPU_SLOT] + slot * e->fact[FACT_SLOT_SIZE]);
}

/* On x86 counted from the library's sentinels, elsewhere an address. */
static void
expect_next(struct emu *e, unsigned slot)
{
	uint64_t next = emu_state_pa(e) + slot_offset(e, slot);

	if (e->arch->uc_arch == UC_ARCH_X86) {
		next -= emu_symbol(e, "qpmap_sentinel") +
		    e->fact[FACT_SLOT_SIZE];
	}
	sequence_expect_word(e, e->fact[FACT_CPU_NEXT], next);
}

static void
expect_step(struct emu *e, enum emu_step step, const struct emu_step_arg *arg)
{
	e->arch->expect(e, step, arg);
}

static void
expect_enter(struct emu *e, unsigned slot, const struct emu_step_arg *arg)
{
	emu_expect(e, "pin", 0, 0, 0);
	expect_next(e, slot + 1);
	expect_step(e, EMU_MAP, arg);
	if (arg->special) {
		sequence_expect_word(e, slot_offset(e, slot) +
		    e->fact[FACT_SLOT_VA], 0);
	}
	expect_step(e, EMU_POST_MAP, arg);
}

static void
expect_remove(struct emu *e, unsigned slot, const struct emu_step_arg *arg)
{
	emu_expect(e, "cpu", 0, 0, 0);
	if (arg->special) {
		emu_expect(e, "cpu", 0, 0, 0);
	}
	expect_step(e, EMU_PRE_UNMAP, arg);
	expect_step(e, EMU_CLEAR, arg);
	expect_step(e, EMU_POST_UNMAP, arg);
	if (arg->special) {
		sequence_expect_word(e, slot_offset(e, slot) +
		    e->fact[FACT_SLOT_VA], arg->va);
	}
	expect_next(e, slot);
	emu_expect(e, "unpin", 0, 0, 0);
}

/* enter and remove in one slot, from the record of both. */
static void
check_pair(struct emu *e, unsigned slot, unsigned type, bool ro,
    unsigned flags)
{
	uint64_t pa = emu_page(e, 3 + slot);
	struct emu_step_arg arg = {
	    .va = emu_slot_va(e, slot),
	    .pte_pa = emu_slot_pte(e, slot),
	    .special = flags != 0 || e->arch->type_slow(e, type),
	    .flags = (unsigned)e->config[WIRE_FLAGS],
	};

	if (e->mode->high_base[0] != 0) {
		pa = emu_high_page(e, 0, 3 + slot);
	}
	emu_record(e, SEQUENCE);
	CHECK_EQUAL(ro ? emu_enter_ro(e, pa, type) : emu_enter(e, pa, type),
	    arg.va, "address");
	sequence_drop_noise(e);
	arg.bits = emu_read(e, arg.pte_pa, e->mode->entry_size);
	expect_enter(e, slot, &arg);
	sequence_check(e, ro ? "enter_ro" : "enter");
	check_leaf(e, arg.va, pa, type, !ro);
	emu_record(e, SEQUENCE);
	emu_remove(e, arg.va);
	sequence_drop_noise(e);
	expect_remove(e, slot, &arg);
	emu_record_end(e);
	sequence_check(e, "remove");
}

/* In every slot, for reading and for writing. */
static void
check_pairs(struct emu *e, unsigned type, unsigned flags)
{
	unsigned slots = (unsigned)e->fact[FACT_SLOTS];

	for (unsigned slot = 1; slot <= slots; slot++) {
		check_pair(e, slot, type, false, flags);
		check_pair(e, slot, type, true, flags);
		emu_enter(e, emu_page(e, slot), type);
	}
}

static void
sequence_attr(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");

	check_pairs(e, c->type, 0);
}

/* The flags of struct emu_feature that make every kind special. */
static void
b14_feature(const struct contract_case *c)
{
	const struct emu_feature *feature = c->arg;
	struct emu *e = contract_begin(c, "std");

	e->config[WIRE_FLAGS] |= feature->flag;
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_OK, "qpmap_cpu_online");
	check_pairs(e, c->type, feature->flag);
}

/* And with them the pages are what they were. */
static void
b14_works(const struct contract_case *c)
{
	const struct emu_feature *feature = c->arg;
	struct emu *e = contract_begin(c, "std");

	e->config[WIRE_FLAGS] |= feature->flag;
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_OK, "qpmap_cpu_online");
	for (unsigned i = 0; i < 20; i++) {
		uint64_t pa = emu_page(e, i);
		uint64_t va = i % 2 == 0 ? emu_enter(e, pa, c->type) :
		    emu_enter_ro(e, pa, c->type);

		check_load(e, va, 4, contract_tag(e, pa));
		emu_remove(e, va);
		check_nothing(e, va);
	}
	check_idle(e);
}

/* Only the instructions: an online or offline's own stores are free. */
static void
keep_instructions(struct emu *e)
{
	size_t kept = 0;

	for (size_t i = 0; i < e->event_count; i++) {
		if (e->events[i].size == 0) {
			e->events[kept++] = e->events[i];
		}
	}
	e->event_count = kept;
}

/*
 * Online and offline write two words of qpmap_state, by atomic instructions:
 * they are no part of what is done to translations.
 */
static void
drop_state(struct emu *e)
{
	size_t kept = 0;

	for (size_t i = 0; i < e->event_count; i++) {
		const struct emu_event *event = &e->events[i];

		if (event->size != 0 ?
		    strcmp(emu_symbol_at(e, event->a), "qpmap_state") == 0 :
		    strcmp(event->name, "lock") == 0 ||
		    strncmp(event->name, "amo", 3) == 0 ||
		    strcmp(event->name, "fence rw,w") == 0) {
			continue;
		}
		e->events[kept++] = *event;
	}
	e->event_count = kept;
}

/* A CPU comes online: it invalidates everything, before its slots are open. */
static void
b11_online(const struct contract_case *c)
{
	const struct emu_feature *feature = c->arg;
	struct emu *e = contract_begin(c, "std");
	struct emu_step_arg arg = { .special = feature != NULL };
	bool opened = false;

	if (feature != NULL) {
		e->config[WIRE_FLAGS] |= feature->flag;
	}
	arg.flags = (unsigned)e->config[WIRE_FLAGS];
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	emu_record(e, SEQUENCE);
	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_OK, "qpmap_cpu_online");
	sequence_drop_noise(e);
	drop_state(e);
	for (size_t i = 0; i < e->event_count; i++) {
		if (e->events[i].size != 0 && e->events[i].a ==
		    emu_state_pa(e) + e->fact[FACT_CPU_NEXT]) {
			opened = true;
		}
		CHECK(!opened || e->events[i].size != 0,
		    "%s after the slots were open", e->events[i].name);
	}
	CHECK(opened, "the slots were not opened");
	keep_instructions(e);
	expect_step(e, EMU_ONLINE, &arg);
	sequence_check(e, "online");
}

/* The range area goes as one range of all its pages. */
static void
expect_area(struct emu *e, struct emu_step_arg *arg)
{
	if (e->fact[FACT_RANGE_PAGES] == 0) {
		return;
	}
	arg->page_count = e->fact[FACT_RANGE_PAGES] - 2;
	expect_step(e, EMU_PRE_UNMAP, arg);
	for (unsigned i = 1; i <= arg->page_count; i++) {
		arg->pte_pa = range_pte(e, 0, i);
		expect_step(e, EMU_CLEAR, arg);
	}
	arg->va = range_va(e, 0, 1);
	arg->pte_pa = range_pte(e, 0, 1);
	expect_step(e, EMU_POST_UNMAP_RANGE, arg);
}

/* Offline and abandon: every slot as a slow-path mapping's remove. */
static void
b11_offline(const struct contract_case *c)
{
	const char *name = c->arg;
	struct emu *e = contract_open(c, "std", c->boot_flags);
	struct emu_step_arg arg = {
	    .special = true, .flags = (unsigned)e->config[WIRE_FLAGS] };
	uint64_t state = emu_state_pa(e);
	size_t kept = 0;

	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_OK, "qpmap_cpu_online");
	emu_record(e, SEQUENCE);
	CHECK_EQUAL(EMU_CALL(e, name, "w", state), EMU_RETURNED, name);
	sequence_drop_noise(e);
	drop_state(e);
	for (size_t i = 0; i < e->event_count; i++) {
		if (e->events[i].size == 0 ||
		    e->events[i].a - state >= e->fact[FACT_CPU_SIZE]) {
			e->events[kept++] = e->events[i];
		}
	}
	e->event_count = kept;
	for (unsigned i = (unsigned)e->fact[FACT_SLOTS]; i > 0; i--) {
		arg.va = emu_slot_va_of(e, 0, i);
		arg.pte_pa = emu_slot_pte_of(e, 0, i);
		expect_step(e, EMU_PRE_UNMAP, &arg);
		expect_step(e, EMU_CLEAR, &arg);
		expect_step(e, EMU_POST_UNMAP, &arg);
	}
	expect_area(e, &arg);
	sequence_check(e, name);
}

/*
 * Stores to one table of the library's, one after the other, become one
 * "fill-table"; those of the first phase, which chains the pages through
 * their first words, are left out.
 */
static void
collapse_tables(struct emu *e, uint64_t pool_first, uint64_t pool_last)
{
	uint64_t mask = ~((UINT64_C(1) << e->mode->page_shift) - 1);
	size_t kept = 0, i, j;

	for (i = 0; i < e->event_count; i = j) {
		struct emu_event *event = &e->events[i];
		uint64_t bytes = 0;

		j = i + 1;
		if (event->size == 0) {
			e->events[kept++] = *event;
			continue;
		}
		if (event->a < e->root[0] ||
		    event->a - e->mode->ram_base >= e->mode->ram_size) {
			continue;	/* a hook's variable, or the state */
		}
		if (event->a < pool_first || event->a >= pool_last) {
			e->events[kept++] = *event;
			continue;
		}
		bytes = event->size;
		while (j < e->event_count && e->events[j].size != 0 &&
		    (e->events[j].a & mask) == (event->a & mask)) {
			bytes += e->events[j++].size;
		}
		if (bytes > 64) {
			e->events[kept++] = (struct emu_event){
			    "fill-table", event->a & mask, 0, 0, event->pc,
			    event->cpu };
		}
	}
	e->event_count = kept;
}

/* The tables on the way to the window, from leaf to root. */
static void
linking(const struct contract_case *c)
{
	const struct emu_feature *feature = c->arg;
	struct emu *e = contract_open(c, "std", c->boot_flags);
	uint64_t first = emu_get64(e, "guest_pool", 0);
	uint64_t last = first + ((uint64_t)WIRE_POOL_COUNT / 4 <<
	    e->mode->page_shift);
	unsigned top = e->mode->levels - 1 - c->number;
	struct emu_level levels[EMU_MAX_LEVELS];
	struct emu_step_arg arg = { .special = feature != NULL };

	if (feature != NULL) {
		e->config[WIRE_FLAGS] |= feature->flag;
	}
	arg.flags = (unsigned)e->config[WIRE_FLAGS];
	if (c->number != 0) {
		/* The root's entry is there; the rest is not. */
		emu_walk(e, e->config[WIRE_WINDOW_VA], levels);
		emu_write(e, levels[0].entry_pa, e->mode->entry_size,
		    e->arch->make_table(e, emu_page_alloc(e), top + 1));
	}
	emu_record(e, SEQUENCE);
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	sequence_drop_noise(e);
	collapse_tables(e, first, last);
	emu_walk(e, e->config[WIRE_WINDOW_VA], levels);
	for (unsigned level = 0; level < top; level++) {
		/* levels[] counts from the root. */
		arg.table_va = e->arch->entry_pa(e,
		    levels[e->mode->levels - 2 - level].entry);
		emu_expect(e, "fill-table", arg.table_va, 0, 0);
		expect_step(e, EMU_LINKING, &arg);
	}
	arg.pte_pa = levels[e->mode->levels - 1 - top].entry_pa;
	arg.bits = levels[e->mode->levels - 1 - top].entry;
	expect_step(e, EMU_MAP, &arg);
	expect_step(e, c->number == 0 ? EMU_LINKED_ROOT : EMU_LINKED, &arg);
	sequence_check(e, "linking");
}

void
contract_sequence_cases(const struct emu_mode *mode)
{
	const struct emu_feature *feature = mode->arch->features;
	const struct contract_type *type = contract_types(mode);

	contract_add_types(mode, sequence_attr, "sequence");
	contract_add(mode, b11_online, NULL, "B11/sequence/online");
	contract_add(mode, b11_offline, &(struct contract_case){
	    .arg = "qpmap_cpu_offline" }, "B11/sequence/offline");
	contract_add(mode, b11_offline, &(struct contract_case){
	    .arg = "qpmap_cpu_abandon" }, "B1/sequence/abandon");
	contract_add(mode, b11_offline, &(struct contract_case){
	    .variant = "range", .arg = "qpmap_cpu_offline" },
	    "B17/sequence/offline");
	contract_add(mode, b11_offline, &(struct contract_case){
	    .variant = "range", .arg = "qpmap_cpu_abandon",
	    .boot_flags = mode->arch->shootdown_boot_flag },
	    "B17/sequence/abandon");
	contract_add(mode, linking, NULL, "tables/sequence/root");
	if (mode->levels > 2) {
		contract_add(mode, linking, &(struct contract_case){
		    .number = 1 }, "tables/sequence/below-root");
	}
	if (mode->arch == &emu_i386_pae) {
		contract_add(mode, linking, &(struct contract_case){
		    .boot_flags = X86_BOOT_NO_PAT },
		    "tables/sequence/root/no-pat");
		contract_add(mode, linking, &(struct contract_case){
		    .number = 1, .boot_flags = X86_BOOT_NO_PAT },
		    "tables/sequence/below-root/no-pat");
	}
	for (; feature->name != NULL; feature++) {
		for (type = contract_types(mode); type->layout != NULL;
		    type++) {
			struct contract_case extra = { .layout = type->layout,
			    .type = type->type, .arg = feature };

			contract_add(mode, b14_feature, &extra,
			    "B14/%s/sequence/attr=%s", feature->name,
			    contract_type_word(type->type));
			contract_add(mode, b14_works, &extra,
			    "B14/%s/attr=%s", feature->name,
			    contract_type_word(type->type));
		}
		contract_add(mode, b11_online, &(struct contract_case){
		    .arg = feature }, "B14/%s/online", feature->name);
		contract_add(mode, linking, &(struct contract_case){
		    .arg = feature }, "B14/%s/tables", feature->name);
	}
}
