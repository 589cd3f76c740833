/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ranges: several pages at consecutive addresses.
 */
#include <stdio.h>
#include <string.h>

#include "range.h"

#define VARIANT "range"

static uint64_t
page_size(const struct emu *e)
{
	return (UINT64_C(1) << e->mode->page_shift);
}

static unsigned
area_pages(const struct emu *e)
{
	return ((unsigned)e->fact[FACT_RANGE_PAGES]);
}

uint64_t
range_va(struct emu *e, unsigned cpu, unsigned page)
{
	return (e->config[WIRE_RANGE_VA] +
	    ((uint64_t)cpu * area_pages(e) + page) * page_size(e));
}

uint64_t
range_claims(unsigned left, uint64_t page)
{
	return (left * 4 << 16 | (page - 1));
}

uint64_t
range_pte(struct emu *e, unsigned cpu, unsigned page)
{
	struct emu_level levels[EMU_MAX_LEVELS];
	unsigned count = emu_walk(e, range_va(e, cpu, page), levels);

	CHECK_EQUAL(levels[count - 1].level, 0, "the area has no leaf table");
	return (levels[count - 1].entry_pa);
}

void
range_pages(struct emu *e, struct range *range, unsigned first,
    unsigned count, bool ro)
{
	*range = (struct range){ .count = count, .ro = ro };
	for (unsigned i = 0; i < count; i++) {
		range->page[i] = emu_page(e, first + i);
		contract_tag(e, range->page[i]);
	}
}

/* 7 has no factor in common with the number of places. */
void
range_list(struct emu *e, struct range *range, unsigned first,
    unsigned count, bool ro)
{
	unsigned places = count * 7 / 8 + 1;

	range_pages(e, range, first, count, ro);
	range->list = true;
	for (unsigned i = 0; i < count; i++) {
		range->page[i] = emu_page(e, first +
		    (i * 7 + 3) % (places % 7 == 0 ? places + 1 : places));
		contract_tag(e, range->page[i]);
	}
}

struct range_call
range_call(struct emu *e, const struct range *range, unsigned attr,
    unsigned slot)
{
	unsigned size = e->mode->entry_size;	/* of a qpmap_paddr_t, too */
	struct range_call call = { .kinds = "pww",
	    .name = range->ro ? "qpmap_range_enter_ro" : "qpmap_range_enter",
	    .values = { range->page[0], range->count, attr } };
	uint64_t list;

	if (!range->list) {
		return (call);
	}
	list = emu_symbol(e, "guest_list") +
	    (uint64_t)slot * area_pages(e) * size;
	for (unsigned i = 0; i < range->count; i++) {
		emu_write(e, list + i * size, size, range->page[i]);
	}
	call.name = range->ro ? "qpmap_range_enter_list_ro" :
	    "qpmap_range_enter_list";
	call.kinds = "www";
	call.values[0] = list;
	return (call);
}

/* Zero if there is no room. */
static uint64_t
try_enter(struct emu *e, const struct range *range, unsigned attr)
{
	struct range_call call = range_call(e, range, attr, 0);

	CHECK_EQUAL(emu_call(e, emu_symbol(e, call.name), call.kinds,
	    call.values), EMU_RETURNED, call.name);
	return (e->result);
}

void
range_enter(struct emu *e, struct range *range, unsigned attr)
{
	range->va = try_enter(e, range, attr);
	CHECK(range->va != 0, "no room for %u pages", range->count);
}

void
range_remove(struct emu *e, const struct range *range)
{
	CHECK_EQUAL(EMU_CALL(e, "qpmap_range_remove", "w", range->va),
	    EMU_RETURNED, "qpmap_range_remove");
}

uint64_t
range_room(struct emu *e)
{
	CHECK_EQUAL(EMU_CALL(e, "qpmap_range_room", ""), EMU_RETURNED,
	    "qpmap_range_room");
	return (e->result);
}

void
range_check_tags(struct emu *e, const struct range *range)
{
	for (unsigned i = 0; i < range->count; i++) {
		check_load(e, range->va + i * page_size(e), RANGE_WORD,
		    emu_read(e, range->page[i], 8));
	}
}

void
range_check(struct emu *e, const struct range *range, unsigned attr)
{
	uint64_t last = page_size(e) - 8;

	CHECK_EQUAL(range->va % page_size(e), 0, "offset in the page");
	for (unsigned i = 0; i < range->count; i++) {
		uint64_t va = range->va + i * page_size(e);

		check_leaf(e, va, range->page[i], attr, !range->ro);
		if (range->ro) {
			check_faults(e, va + last, EMU_WRITE, true);
		} else {
			check_store(e, va + last, RANGE_WORD, i + 1);
			CHECK_EQUAL(emu_read(e, range->page[i] + last,
			    RANGE_WORD), i + 1, "value stored");
		}
	}
	range_check_tags(e, range);
	check_nothing(e, range->va - 4);
	check_nothing(e, range->va + range->count * page_size(e));
}

void
range_check_gone(struct emu *e, const struct range *range)
{
	for (unsigned i = 0; i < range->count; i++) {
		check_nothing(e, range->va + i * page_size(e));
	}
}

void
range_check_idle(struct emu *e, unsigned cpu)
{
	unsigned size = e->mode->entry_size;
	uint64_t at = range_pte(e, cpu, 0), want;

	check_idle(e);
	want = (e->config[WIRE_FLAGS] & QPMAP_F_MARK_GUARDS) != 0 ?
	    e->arch->mark : 0;
	for (unsigned i = 0; i < area_pages(e); i++) {
		CHECK_EQUAL(emu_read(e, at + i * size, size), want,
		    "an entry of the area");
		want = 0;
	}
	CHECK_EQUAL(range_room(e), area_pages(e) - 2, "room");
}

void
range_add_types(const struct emu_mode *mode,
    void (*run)(const struct contract_case *c), const char *what)
{
	static const char *const variant[2] = { VARIANT, "range-bench" };
	const struct contract_type *type = contract_types(mode);

	for (; type->layout != NULL; type++) {
		for (unsigned i = 0; i < 2; i++) {
			contract_add(mode, run, &(struct contract_case){
			    .layout = type->layout, .type = type->type,
			    .variant = variant[i] }, "%s/hooks=%s/attr=%s",
			    what, i == 0 ? "call" : "inline",
			    contract_type_word(type->type));
		}
	}
}

/* Around every number of pages from which on something differs. */
static const unsigned counts[] = { 1, 2, 3, 5, 31, 32, 33, 63, 64, 65, 126 };
#define COUNTS (sizeof(counts) / sizeof(counts[0]))

/* One range after the other, of every size, for reading and writing. */
static void
one(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	static struct range range;

	for (unsigned i = 0; i < 4 * COUNTS; i++) {
		unsigned count = counts[i / 4];

		if (i % 4 >= 2) {
			range_list(e, &range, 20 + i, count, i % 2);
		} else {
			range_pages(e, &range, 20 + i, count, i % 2);
		}
		range_enter(e, &range, c->type);
		CHECK_EQUAL(range.va, range_va(e, 0, 1), "address");
		CHECK_EQUAL(emu_depth(e), 1, "preemption depth");
		CHECK_EQUAL(emu_held(e), 1, "mappings held");
		CHECK_EQUAL(range_room(e), count + 3 > area_pages(e) ? 0 :
		    area_pages(e) - 3 - count, "room");
		if (count < 5 || count == 33) {
			range_check(e, &range, c->type);
		} else {
			range_check_tags(e, &range);
		}
		range_remove(e, &range);
		range_check_gone(e, &range);
		range_check_idle(e, 0);
	}
}

/* Where the MMU has NX, no page of a range can be executed. */
static void
fetch(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, VARIANT);
	static struct range range;

	for (unsigned ro = 0; ro < 2; ro++) {
		range_pages(e, &range, 7, 3, ro != 0);
		range_enter(e, &range, c->type);
		for (unsigned i = 0; i < 3; i++) {
			check_faults(e, range.va + i * page_size(e),
			    EMU_FETCH, true);
		}
		range_remove(e, &range);
	}
}

/* All the area is one range: as many pages as there are, and no more. */
static void
whole(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, VARIANT);
	static struct range range, other;

	range_list(e, &range, 100, RANGE_MOST, false);
	range_pages(e, &other, 3, 1, false);
	range_enter(e, &range, c->type);
	CHECK_EQUAL(range_room(e), 0, "room");
	CHECK_EQUAL(try_enter(e, &other, c->type), 0, "address");
	range_check_tags(e, &range);
	check_nothing(e, range_va(e, 0, 0));
	check_nothing(e, range_va(e, 0, area_pages(e) - 1));
	CHECK_EQUAL(emu_depth(e), 1, "preemption depth");
	range_remove(e, &range);
	range_check_gone(e, &range);
	range_check_idle(e, 0);
}

/* The entries of the area and the words of the state that say what is held. */
static void
snapshot(struct emu *e, uint8_t *to)
{
	uint64_t size = (uint64_t)area_pages(e) * e->mode->entry_size;
	uint64_t at = e->fact[FACT_CPU_CLAIMS];

	memcpy(to, emu_ram(e, range_pte(e, 0, 0), size), size);
	memcpy(to + size, emu_ram(e, emu_state_pa(e) + at, 8), 8);
}

/* No room, and no pages: 0, and nothing has changed. */
static void
no_room(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, VARIANT);
	static uint8_t before[512 * 8 + 8], after[sizeof(before)];
	uint64_t ones = e->fact[FACT_WORD] == 4 ? 0xffffffff : EMU_X0;
	uint64_t page = emu_page(e, 9), room, depth;
	static struct range range;

	for (unsigned held = 0; held < 2; held++) {
		room = range_room(e);
		depth = emu_depth(e);
		snapshot(e, before);
		for (unsigned i = 0; i < 16; i++) {
			const uint64_t count[4] = { 0, room + 1, ones,
			    UINT64_C(1) << (8 * e->fact[FACT_WORD] - 12) };
			bool list = i % 2 != 0;
			char name[32];

			snprintf(name, sizeof(name), "qpmap_range_enter%s%s",
			    list ? "_list" : "", i / 2 % 2 != 0 ? "_ro" : "");
			/* Nothing is at the list's address: it is not read. */
			CHECK_EQUAL(EMU_CALL(e, name, list ? "www" : "pww",
			    list ? range_va(e, 0, 0) : page, count[i / 4],
			    c->type), EMU_RETURNED, name);
			CHECK_EQUAL(e->result, 0, "address");
			CHECK_EQUAL(emu_depth(e), depth, "preemption depth");
			snapshot(e, after);
			CHECK(memcmp(before, after, sizeof(before)) == 0,
			    "a call without room has changed something");
		}
		if (held == 0) {
			range_pages(e, &range, 50, 200, false);
			range_enter(e, &range, c->type);
		}
	}
	range_remove(e, &range);
	range_check_idle(e, 0);
}

/*
 * Eight ranges at once, of all kinds, and pages in the window between them; the
 * ninth has no room, and none has changed.
 */
static void
several(const struct contract_case *c)
{
	static const unsigned count[RANGE_DEPTH + 1] = {
		1, 1, 50, 3, 33, 2, 64, 7, 1 };
	struct emu *e = contract_ready(c, "std");
	static struct range range[RANGE_DEPTH + 1];
	bool small = area_pages(e) < 200;
	unsigned first = 1;
	uint64_t va[3];

	for (unsigned i = 0; i < RANGE_DEPTH; i++) {
		unsigned pages = small ? count[i] % 10 + 1 : count[i];

		if (i % 3 == 1) {
			range_list(e, &range[i], 100 * i, pages, i % 2);
		} else {
			range_pages(e, &range[i], 100 * i, pages, i % 2);
		}
		range_enter(e, &range[i], c->type);
		CHECK_EQUAL(range[i].va, range_va(e, 0, first), "address");
		first += pages + 1;
		CHECK_EQUAL(range_room(e), i + 1 == RANGE_DEPTH ? 0 :
		    area_pages(e) - 1 - first, "room");
		if (i % 3 == 0) {
			va[i / 3] = emu_enter(e, emu_page(e, 1000 + i),
			    c->type);
		}
		CHECK_EQUAL(emu_held(e), i + 2 + i / 3, "mappings held");
		CHECK_EQUAL(emu_depth(e), i + 2 + i / 3, "preemption depth");
	}
	range_pages(e, &range[RANGE_DEPTH], 5, 1, false);
	CHECK_EQUAL(try_enter(e, &range[RANGE_DEPTH], c->type), 0, "address");
	CHECK_EQUAL(emu_held(e), RANGE_DEPTH + 3, "mappings held");
	for (unsigned i = 0; i < RANGE_DEPTH; i++) {
		range_check(e, &range[i], c->type);
	}
	/* The pages in the window go in an order of their own. */
	for (unsigned i = 3; i-- > 0;) {
		check_load(e, va[i], RANGE_WORD,
		    contract_tag(e, emu_page(e, 1000 + 3 * i)));
		emu_remove(e, va[i]);
	}
	for (unsigned i = RANGE_DEPTH; i-- > 0;) {
		range_remove(e, &range[i]);
		range_check_gone(e, &range[i]);
		for (unsigned j = 0; j < i; j++) {
			range_check_tags(e, &range[j]);
		}
	}
	range_check_idle(e, 0);
}

/* Above 4 GiB, and the highest that the machine has. */
static void
high(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, VARIANT);
	static struct range range;

	range_pages(e, &range, 0, EMU_HIGH_PAGES, false);
	for (unsigned i = 0; i < EMU_HIGH_PAGES; i++) {
		range.page[i] = emu_high_page(e, c->number, i);
		contract_tag(e, range.page[i]);
	}
	for (unsigned i = 0; i < 2; i++) {
		range.list = i != 0;
		range_enter(e, &range, c->type);
		range_check(e, &range, c->type);
		range_remove(e, &range);
		range_check_gone(e, &range);
	}
	range_check_idle(e, 0);
}

/* A carry into the upper half of an address: entries alone, there is no RAM. */
static void
carry(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, VARIANT);
	uint64_t end = UINT64_C(1) << 32, pa = end - 5 * page_size(e), va;

	for (unsigned count = 8; count < 10; count++) {
		CHECK_EQUAL(EMU_CALL(e, "qpmap_range_enter", "pww", pa, count,
		    c->type), EMU_RETURNED, "qpmap_range_enter");
		va = e->result;
		for (unsigned i = 0; i < count; i++) {
			check_leaf(e, va + i * page_size(e),
			    pa + i * page_size(e), c->type, true);
		}
		CHECK_EQUAL(EMU_CALL(e, "qpmap_range_remove", "w", va),
		    EMU_RETURNED, "qpmap_range_remove");
		range_check_idle(e, 0);
	}
}

/*
 * What panics.
 */

static void
check_enter_panics(struct emu *e, uint64_t pa, uint64_t count, unsigned attr,
    const char *text, uint64_t a, uint64_t b)
{
	for (unsigned ro = 0; ro < 2; ro++) {
		EMU_CALL(e, ro ? "qpmap_range_enter_ro" : "qpmap_range_enter",
		    "pww", pa, count, attr);
		check_panic(e, text, a, b);
		emu_write(e, e->percpu + e->fact[FACT_PERCPU_DEPTH], 4, 0);
		range_check_idle(e, 0);
	}
}

static void
bad_pages(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, VARIANT);
	uint64_t top = UINT64_C(1) << e->mode->pa_bits, pa = emu_page(e, 4);
	uint64_t first = top - 2 * page_size(e);

	check_enter_panics(e, pa + 8, 3, c->type, QPMAP_PANIC_ALIGN, pa + 8,
	    c->type);
	check_enter_panics(e, pa, 3, 77, QPMAP_PANIC_ATTR, pa, 77);
	if (e->mode->pa_bits == 32) {
		check_enter_panics(e, first, 3, c->type, QPMAP_PANIC_RANGE,
		    first, 3 * page_size(e));
		return;
	}
	check_enter_panics(e, top, 1, c->type, QPMAP_PANIC_WIDTH, top,
	    c->type);
	check_enter_panics(e, first, 3, c->type, QPMAP_PANIC_WIDTH, top,
	    c->type);
	check_enter_panics(e, 0 - page_size(e), 2, c->type, QPMAP_PANIC_WIDTH,
	    0 - page_size(e), c->type);
}

/* A page of a list: the panic names it, and abandon unmaps those before it. */
static void
bad_list(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, VARIANT);
	static struct range range, whole;
	struct range_call call;
	uint64_t bad;

	for (unsigned at = 0; at < 5; at += 2) {
		range_list(e, &whole, 30, 5, at % 4 == 0);
		range = whole;
		bad = range.page[at] += 16;
		call = range_call(e, &range, c->type, 0);
		CHECK_EQUAL(emu_call(e, emu_symbol(e, call.name), call.kinds,
		    call.values), EMU_PANICKED, call.name);
		check_panic(e, QPMAP_PANIC_ALIGN, bad, c->type);
		range.va = range_va(e, 0, 1);
		range.count = at;
		range_check_tags(e, &range);
		EMU_CALL(e, "qpmap_cpu_abandon", "w", emu_state_pa(e));
		range.count = 5;
		range_check_gone(e, &range);
		emu_write(e, e->percpu + e->fact[FACT_PERCPU_DEPTH], 4, 0);
		range_check_idle(e, 0);
	}
	call.values[2] = 77;
	CHECK_EQUAL(emu_call(e, emu_symbol(e, call.name), call.kinds,
	    call.values), EMU_PANICKED, call.name);
	check_panic(e, QPMAP_PANIC_ATTR, 0, 77);
	range_check_idle(e, 0);
}

/* Loads of the list: each address once, and from the first to the last. */
struct reads {
	uint64_t list;
	uint64_t size;
	unsigned count;
	bool wrong;
};

static void
reads_load(struct emu *e, uint64_t pa)
{
	struct reads *reads = e->on_insn_arg;
	unsigned width = e->fact[FACT_WORD] < e->mode->entry_size ? 4 :
	    e->mode->entry_size;

	if (pa - reads->list < reads->size) {
		reads->wrong = reads->wrong || (pa - reads->list) /
		    e->mode->entry_size != reads->count * width /
		    e->mode->entry_size;
		reads->count++;
	}
}

static void
list_read_once(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, VARIANT);
	unsigned each = e->fact[FACT_WORD] < e->mode->entry_size ? 2 : 1;
	static struct range range;
	struct range_call call;
	struct reads reads;

	for (unsigned ro = 0; ro < 2; ro++) {
		range_list(e, &range, 30, 40, ro != 0);
		call = range_call(e, &range, c->type, 0);
		reads = (struct reads){ .list = call.values[0],
		    .size = 40 * e->mode->entry_size };
		e->on_insn_arg = &reads;
		e->on_load = reads_load;
		range.va = 0;
		CHECK_EQUAL(emu_call(e, emu_symbol(e, call.name), call.kinds,
		    call.values), EMU_RETURNED, call.name);
		range.va = e->result;
		e->on_load = NULL;
		CHECK(!reads.wrong, "the list is not read in its order");
		CHECK_EQUAL(reads.count, 40 * each, "loads of the list");
		range_remove(e, &range);
	}
}

static void
check_remove_panics(struct emu *e, uint64_t va, uint64_t newest)
{
	EMU_CALL(e, "qpmap_range_remove", "w", va);
	check_panic(e, QPMAP_PANIC_RANGE_REMOVE, va, newest);
}

/* Removing anything but the newest range's address panics. */
static void
wrong_remove(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	uint64_t word = e->fact[FACT_WORD] == 4 ? 0xffffffff : EMU_X0;
	static struct range range[3];
	uint64_t size = page_size(e), newest, page;

	check_remove_panics(e, range_va(e, 0, 1), 0);	/* never entered */
	check_remove_panics(e, 0, 0);
	page = emu_enter(e, emu_page(e, 2), c->type);
	check_remove_panics(e, page, 0);		/* of the window */
	for (unsigned i = 0; i < 3; i++) {
		range_pages(e, &range[i], 10 * i, 3 + i, false);
		range_enter(e, &range[i], c->type);
	}
	newest = range[2].va;
	check_remove_panics(e, range[0].va, newest);	/* wrong order */
	check_remove_panics(e, range[1].va, newest);
	check_remove_panics(e, newest + 1, newest);	/* not aligned */
	check_remove_panics(e, newest + 8, newest);
	check_remove_panics(e, newest + size, newest);	/* inside */
	check_remove_panics(e, newest - size, newest);	/* guards */
	check_remove_panics(e, newest + 5 * size, newest);
	check_remove_panics(e, newest + 6 * size, newest); /* free */
	check_remove_panics(e, newest + area_pages(e) * size, newest);
	check_remove_panics(e, page, newest);
	check_remove_panics(e, emu_page(e, 1), newest);	/* foreign */
	check_remove_panics(e, 0, newest);
	check_remove_panics(e, word, newest);
	EMU_CALL(e, "qpmap_remove", "w", newest);
	check_panic(e, QPMAP_PANIC_REMOVE, newest, page);
	emu_remove(e, page);
	for (unsigned i = 3; i-- > 0;) {
		range_check_tags(e, &range[i]);
		range_remove(e, &range[i]);
		check_remove_panics(e, range[i].va,	/* twice */
		    i == 0 ? 0 : range[i - 1].va);
	}
}

/* Something of the host's in the entries that must be empty. */
static void
used(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, VARIANT);
	unsigned size = e->mode->entry_size;
	uint64_t junk, at;
	static struct range range, other;

	range_pages(e, &range, 4, 3, false);
	range_pages(e, &other, 14, 3, false);
	for (unsigned held = 0; held < 2; held++) {
		for (unsigned i = 0; i < 4; i++) {
			at = range_pte(e, 0, 4 * held + i % 2);
			junk = i / 2 == 0 ? 0x5a5a5a50 : e->arch->mark | 1;
			emu_write(e, at, size, junk);
			other.ro = i % 3 == 0;
			other.list = i % 3 == 1;
			struct range_call call = range_call(e, &other,
			    c->type, 1);

			emu_call(e, emu_symbol(e, call.name), call.kinds,
			    call.values);
			check_panic(e, QPMAP_PANIC_RANGE_USED,
			    4 * held + i % 2, junk);
			emu_write(e, at, size, 0);
			emu_write(e, e->percpu + e->fact[FACT_PERCPU_DEPTH],
			    4, held);
			CHECK_EQUAL(emu_held(e), held, "mappings held");
		}
		if (held == 0) {
			range_enter(e, &range, c->type);
		}
	}
	range_remove(e, &range);
	range_check_idle(e, 0);
}

/* A checked build asks for each page before, or as, it is mapped. */
static void
checked(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "slots1");
	static struct range range;

	CHECK_EQUAL(e->fact[FACT_CHECKED], 1, "checked");
	for (unsigned i = 0; i < 6; i++) {
		if (i < 3) {
			range_pages(e, &range, 40, 7, false);
		} else {
			range_list(e, &range, 40, 7, true);
		}
		uint64_t pa = range.page[i % 3 * 3];
		struct range_call call = range_call(e, &range, c->type, 0);

		emu_set64(e, "guest_not_pinned", 0, pa);
		emu_call(e, emu_symbol(e, call.name), call.kinds, call.values);
		check_panic(e, QPMAP_PANIC_NOT_WIRED, pa, c->type);
		EMU_CALL(e, "qpmap_cpu_abandon", "w", emu_state_pa(e));
		emu_write(e, e->percpu + e->fact[FACT_PERCPU_DEPTH], 4, 0);
		range_check_idle(e, 0);
		emu_set64(e, "guest_not_pinned", 0, EMU_X0);
		range_enter(e, &range, c->type);
		range_check(e, &range, c->type);
		range_remove(e, &range);
		range_check_gone(e, &range);
	}
	range_check_idle(e, 0);
}

/* The area's mark stays; a checked build notices that it has gone. */
static void
marked(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, c->number ? "slots1" : VARIANT);
	unsigned size = e->mode->entry_size;
	static struct range range;

	e->config[WIRE_FLAGS] |= QPMAP_F_MARK_GUARDS;
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	for (unsigned i = 0; i < 2; i++) {
		CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_OK, "online");
		range_check_idle(e, 0);
		range_pages(e, &range, 40, 5, false);
		range_enter(e, &range, c->type);
		range_check(e, &range, c->type);
		range_remove(e, &range);
		EMU_CALL(e, "qpmap_cpu_offline", "w", emu_state_pa(e));
		CHECK_EQUAL(emu_read(e, range_pte(e, 0, 0), size),
		    e->arch->mark, "the mark while offline");
	}
	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_OK, "online");
	for (unsigned i = 0; c->number != 0 && i < 2; i++) {
		struct range_call call = range_call(e, &range, c->type, 0);

		emu_write(e, range_pte(e, 0, 0), size, 0);
		emu_call(e, emu_symbol(e, call.name), call.kinds, call.values);
		CHECK(e->status == EMU_PANICKED && strcmp(e->panic.text,
		    QPMAP_PANIC_MARK) == 0, "a mark that has gone");
		range_list(e, &range, 40, 5, true);
	}
	/* What is no mark, and a mark elsewhere, are none. */
	emu_write(e, range_pte(e, 0, 1), size, e->arch->mark);
	struct range_call call = range_call(e, &range, c->type, 0);
	emu_write(e, range_pte(e, 0, 0), size, e->arch->mark);
	emu_call(e, emu_symbol(e, call.name), call.kinds, call.values);
	check_panic(e, QPMAP_PANIC_RANGE_USED, 1, e->arch->mark);
}

/*
 * The direct map.
 */

#define DIRECT_FIRST	16	/* test pages in it */
#define DIRECT_PAGES	600	/* more than the area has */

static struct emu *
direct_ready(const struct contract_case *c, unsigned flags, unsigned types)
{
	struct emu *e = contract_begin(c, VARIANT);

	for (unsigned i = 0; i < DIRECT_PAGES; i++) {
		emu_map(e, e->mode->direct_va + i * page_size(e),
		    emu_page(e, DIRECT_FIRST + i), false);
	}
	e->config[WIRE_DIRECT_VA] = e->mode->direct_va;
	e->config[WIRE_DIRECT_PA] = emu_page(e, DIRECT_FIRST);
	e->config[WIRE_DIRECT_SIZE] = DIRECT_PAGES * page_size(e);
	e->config[WIRE_DIRECT_TYPES] = types;
	e->config[WIRE_FLAGS] |= flags;
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_OK, "qpmap_cpu_online");
	return (e);
}

/* Served: its address there, nothing pinned, and it stays. */
static void
check_direct(struct emu *e, unsigned first, unsigned count, unsigned attr)
{
	static struct range range;
	struct range_call call;

	range_pages(e, &range, first, count < RANGE_MOST ? count : RANGE_MOST,
	    false);
	call = range_call(e, &range, attr, 0);
	call.values[1] = count;
	CHECK_EQUAL(emu_call(e, emu_symbol(e, call.name), call.kinds,
	    call.values), EMU_RETURNED, call.name);
	range.va = e->result;
	CHECK_EQUAL(range.va, e->mode->direct_va + (first - DIRECT_FIRST) *
	    page_size(e), "direct-map address");
	CHECK_EQUAL(emu_depth(e), 0, "preemption depth");
	range_check_tags(e, &range);
	range_check_idle(e, 0);
	range_remove(e, &range);
	range_check_tags(e, &range);
	range_check_idle(e, 0);
}

static void
check_area(struct emu *e, unsigned first, unsigned count, unsigned attr,
    bool ro, bool list)
{
	static struct range range;

	range_pages(e, &range, first, count, ro);
	range.list = list;
	range_enter(e, &range, attr);
	CHECK_EQUAL(range.va, range_va(e, 0, 1), "address");
	range_check(e, &range, attr);
	range_remove(e, &range);
	range_check_gone(e, &range);
	range_check_idle(e, 0);
}

static void
direct(const struct contract_case *c)
{
	struct emu *e = direct_ready(c, 0, QPMAP_TYPE_BIT(c->type));
	uint64_t end = e->mode->direct_va + e->config[WIRE_DIRECT_SIZE];
	unsigned last = DIRECT_FIRST + DIRECT_PAGES - 1;

	check_direct(e, DIRECT_FIRST, 1, c->type);
	check_direct(e, DIRECT_FIRST + 3, 5, c->type);
	check_direct(e, last - 6, 7, c->type);
	check_direct(e, DIRECT_FIRST, DIRECT_PAGES, c->type);
	/* Across its edges, in whole or in part. */
	check_area(e, last - 1, 3, c->type, false, false);
	check_area(e, last, 2, c->type, false, false);
	check_area(e, last + 1, 2, c->type, false, false);
	check_area(e, DIRECT_FIRST - 1, 2, c->type, false, false);
	check_area(e, DIRECT_FIRST - 2, 2, c->type, false, false);
	/* Read-only, and a list, though they are in it. */
	check_area(e, DIRECT_FIRST + 3, 4, c->type, true, false);
	check_area(e, DIRECT_FIRST + 3, 4, c->type, false, true);
	/* More than it has, and more than the area: no room. */
	CHECK_EQUAL(EMU_CALL(e, "qpmap_range_enter", "pww",
	    emu_page(e, DIRECT_FIRST), DIRECT_PAGES + 1, c->type),
	    EMU_RETURNED, "enter");
	CHECK_EQUAL(e->result, 0, "address");
	if (c->type != QPMAP_ATTR_WRITE_BACK) {
		check_area(e, DIRECT_FIRST + 1, 3, QPMAP_ATTR_WRITE_BACK,
		    false, false);
	}
	check_remove_panics(e, end, 0);
	check_remove_panics(e, e->mode->direct_va - 1, 0);
	contract_close();
	e = direct_ready(c, QPMAP_F_NO_DIRECT, 0);
	check_area(e, DIRECT_FIRST + 3, 4, c->type, false, false);
	check_remove_panics(e, e->mode->direct_va, 0);
}

/*
 * CPUs.
 */

/*
 * Plant translations of all of CPU 0's area in the current CPU's TLB: what the
 * tables no longer have.
 */
static void
plant(struct emu *e, unsigned count)
{
	unsigned size = e->mode->entry_size;
	uint64_t va;

	for (unsigned i = 0; i < count; i++) {
		va = range_va(e, 0, i);
		emu_map(e, va, emu_page(e, 700 + i), false);
		check_load(e, va, RANGE_WORD, contract_tag(e,
		    emu_page(e, 700 + i)));
		emu_write(e, range_pte(e, 0, i), size, 0);
		check_load(e, va, RANGE_WORD, emu_read(e,
		    emu_page(e, 700 + i), 8));
	}
}

static void
check_planted_gone(struct emu *e, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		check_nothing(e, range_va(e, 0, i));
	}
}

static void
check_offline(struct emu *e, const struct range *range, unsigned attr)
{
	struct range_call call = range_call(e, range, attr, 0);

	CHECK_EQUAL(range_room(e), 0, "room while offline");
	emu_call(e, emu_symbol(e, call.name), call.kinds, call.values);
	check_panic(e, QPMAP_PANIC_OFFLINE, range->list ? 0 : range->page[0],
	    0);
	check_remove_panics(e, range_va(e, 0, 1), 0);
	check_remove_panics(e, 0, 0);
	emu_write(e, e->percpu + e->fact[FACT_PERCPU_DEPTH], 4, 0);
}

/* Online and offline invalidate the area; held ranges do not let it go. */
static void
offline(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, VARIANT);
	static struct range range;

	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	plant(e, 8);
	range_pages(e, &range, 30, 5, false);
	for (unsigned i = 0; i < 2; i++) {
		range.list = i != 0;
		check_offline(e, &range, c->type);
		CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_OK, "online");
		check_planted_gone(e, 8);
		range_enter(e, &range, c->type);
		EMU_CALL(e, "qpmap_cpu_offline", "w", emu_state_pa(e));
		check_panic(e, QPMAP_PANIC_HELD, 0, 1);
		range_check(e, &range, c->type);
		range_remove(e, &range);
		plant(e, 8);
		CHECK_EQUAL(EMU_CALL(e, "qpmap_cpu_offline", "w",
		    emu_state_pa(e)), EMU_RETURNED, "qpmap_cpu_offline");
		for (unsigned j = 1; j < 8; j++) {
			check_nothing(e, range_va(e, 0, j));
		}
		check_offline(e, &range, c->type);
	}
	/* Another CPU has that number, and the area. */
	emu_cpu(e, 1);
	emu_boot(e);
	plant(e, 8);
	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_OK, "online");
	check_planted_gone(e, 8);
	range_enter(e, &range, c->type);
	range_check(e, &range, c->type);
}

/* The crash path: every range is gone, and new ones can come. */
static void
abandon(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, VARIANT);
	static struct range range[3];

	for (unsigned i = 0; i < 3; i++) {
		range_list(e, &range[i], 60 * i, 50, false);
		range_enter(e, &range[i], c->type);
		range_check_tags(e, &range[i]);
		emu_enter(e, emu_page(e, 500 + i), c->type);
	}
	CHECK_EQUAL(EMU_CALL(e, "qpmap_cpu_abandon", "w", emu_state_pa(e)),
	    EMU_RETURNED, "qpmap_cpu_abandon");
	CHECK_EQUAL(emu_depth(e), 6, "preemption stays as it is");
	emu_write(e, e->percpu + e->fact[FACT_PERCPU_DEPTH], 4, 0);
	for (unsigned i = 0; i < 3; i++) {
		range_check_gone(e, &range[i]);
	}
	range_check_idle(e, 0);
	range_enter(e, &range[2], c->type);
	CHECK_EQUAL(range[2].va, range_va(e, 0, 1), "address");
	range_check_tags(e, &range[2]);
	range_remove(e, &range[2]);
	range_check_idle(e, 0);
}

/*
 * Stores of a pair: to this CPU's ranges, to the entries, to the stack and the
 * host's counters, and to no cache line that another CPU or a page of the
 * window writes.
 */
static void
check_lines(struct emu *e, unsigned cpu, unsigned attr)
{
	uint64_t state = emu_state_pa(e), entries = range_pte(e, cpu, 0);
	uint64_t from = e->fact[FACT_CPU_RANGE], pa;
	uint64_t bytes = (uint64_t)area_pages(e) * e->mode->entry_size;
	static struct range range;

	CHECK_EQUAL((state + from) % e->fact[FACT_CACHE_LINE], 0, "alignment");
	CHECK_EQUAL(entries % e->fact[FACT_CACHE_LINE], 0, "alignment");
	range_pages(e, &range, 40, 5, false);
	emu_record(e, EMU_REC_STORES);
	range_enter(e, &range, attr);
	range_remove(e, &range);
	emu_record_end(e);
	for (size_t i = 0; i < e->event_count; i++) {
		pa = e->events[i].a;
		CHECK(strcmp(emu_symbol_at(e, pa), "guest_stack") == 0 ||
		    pa - e->percpu < e->fact[FACT_PERCPU_STATE] ||
		    (pa >= state + from &&
		    pa < state + e->fact[FACT_CPU_SIZE]) ||
		    pa - entries < bytes, "store to 0x%llx (%s)",
		    (unsigned long long)pa, emu_symbol_at(e, pa));
	}
}

/* Four CPUs at once: each has its own pages at its own addresses. */
static void
cpus(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, VARIANT);
	static struct range range[EMU_CPUS];

	for (unsigned cpu = 0; cpu < EMU_CPUS; cpu++) {
		if (cpu != 0) {
			emu_another(e, cpu);
		}
		check_lines(e, cpu, c->type);
		range_list(e, &range[cpu], 100 * cpu, 20 + cpu, cpu % 2);
		range_enter(e, &range[cpu], c->type);
		CHECK_EQUAL(range[cpu].va, range_va(e, cpu, 1), "address");
	}
	for (unsigned cpu = 0; cpu < EMU_CPUS; cpu++) {
		emu_cpu(e, cpu);
		range_check(e, &range[cpu], c->type);
		check_remove_panics(e, range[(cpu + 1) % EMU_CPUS].va,
		    range[cpu].va);
	}
	for (unsigned cpu = 0; cpu < EMU_CPUS; cpu++) {
		emu_cpu(e, cpu);
		range_remove(e, &range[cpu]);
		range_check_gone(e, &range[cpu]);
		range_check_idle(e, cpu);
		emu_cpu(e, (cpu + 1) % EMU_CPUS);
		if (cpu + 1 < EMU_CPUS) {
			range_check_tags(e, &range[cpu + 1]);
		}
	}
}

/*
 * A walker sees each entry whole: after each store the old one, the new one, or
 * one that is not valid.
 */
struct torn {
	uint64_t entries;
	uint64_t whole[40];
	uint64_t now[40];
	unsigned stores;
	bool torn;
};

static void
torn_store(struct emu *e, uint64_t pa, unsigned size, uint64_t value)
{
	struct torn *torn = e->on_insn_arg;
	uint64_t offset = pa - torn->entries;
	unsigned i = (unsigned)(offset / e->mode->entry_size);

	if (offset >= 40 * (uint64_t)e->mode->entry_size) {
		return;
	}
	torn->stores++;
	if (size > e->mode->entry_size) {
		torn->torn = true;
		return;
	}
	memcpy((uint8_t *)&torn->now[i] + offset % e->mode->entry_size, &value,
	    size);
	torn->torn = torn->torn || (e->arch->is_valid(e, torn->now[i]) &&
	    torn->now[i] != torn->whole[i]);
}

static void
torn(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, VARIANT);
	unsigned size = e->mode->entry_size;
	unsigned each = e->fact[FACT_WORD] < size ? 2 : 1;
	static struct range range;
	struct torn torn = { .entries = range_pte(e, 0, 1) };

	for (unsigned count = 12; count < 14; count++) {
		range_pages(e, &range, 0, count, false);
		for (unsigned i = 0; i < count; i++) {
			if (e->mode->high_base[0] != 0) {
				range.page[i] = emu_high_page(e, 0, i);
			}
		}
		range_enter(e, &range, c->type);
		for (unsigned i = 0; i < count; i++) {
			torn.whole[i] = emu_read(e, torn.entries + i * size,
			    size);
		}
		range_remove(e, &range);
		torn.stores = 0;
		e->on_insn_arg = &torn;
		e->on_store = torn_store;
		range.list = count % 2 != 0;
		range_enter(e, &range, c->type);
		CHECK(memcmp(torn.now, torn.whole, 8 * count) == 0, "entries");
		range_remove(e, &range);
		e->on_store = NULL;
		CHECK(!torn.torn, "a walker could see half of an entry");
		CHECK_EQUAL(torn.stores, 2 * each * count, "stores");
	}
}

/*
 * A configuration whose filling invalidates: what was planted at a range's
 * addresses is gone after its enter, of every page.
 */
static void
poison(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, VARIANT);
	static struct range range;

	e->config[WIRE_FLAGS] |= e->arch->poison->flag;
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_OK, "qpmap_cpu_online");
	for (unsigned i = 0; i < 2 * COUNTS; i++) {
		range_pages(e, &range, 20 + i, counts[i / 2], false);
		range.list = i % 2 != 0;
		plant(e, range.count + 1);
		range_enter(e, &range, c->type);
		range_check_tags(e, &range);
		range_remove(e, &range);
		range_check_gone(e, &range);
	}
}

/*
 * The helpers, which use ranges where there are any.
 */

#define HELP_MOST 40	/* pages */

static void
fill_pages(struct emu *e, unsigned first, unsigned count, unsigned seed)
{
	uint64_t bytes = count * page_size(e);
	uint8_t *ram = emu_ram(e, emu_page(e, first), bytes);

	for (uint64_t i = 0; i < bytes; i++) {
		ram[i] = (uint8_t)(i * 37 + (i >> 8) * 11 + (i >> 12) + seed);
	}
}

/* Bytes from pa on are those that were filled in, or with seed 0 zero. */
static void
check_filled(struct emu *e, uint64_t pa, uint64_t at, uint64_t bytes,
    unsigned seed)
{
	const uint8_t *ram = emu_ram(e, pa, bytes);

	for (uint64_t i = 0; i < bytes; i++) {
		uint64_t j = at + i;

		CHECK_EQUAL(ram[i], seed == 0 ? 0 : (uint8_t)(j * 37 +
		    (j >> 8) * 11 + (j >> 12) + seed), "a byte");
	}
}

/* Stores to entries of the area, since the recording began. */
static unsigned
area_stores(struct emu *e)
{
	uint64_t size = (uint64_t)area_pages(e) * e->mode->entry_size;
	uint64_t entries = range_pte(e, 0, 0);
	unsigned count = 0;

	for (size_t i = 0; i < e->event_count; i++) {
		count += e->events[i].a - entries < size;
	}
	return (count);
}

/* One call; ranges must have been used, or must not. */
static void
help(struct emu *e, const char *name, const char *kinds,
    const uint64_t *values, bool ranges)
{
	e->on_store = NULL;
	emu_record(e, EMU_REC_STORES);
	CHECK_EQUAL(emu_call(e, emu_symbol(e, name), kinds, values),
	    EMU_RETURNED, name);
	emu_record_end(e);
	CHECK(ranges == (area_stores(e) != 0), "%s: ranges %s", name,
	    ranges ? "not used" : "used");
}

static void
help_all(struct emu *e, unsigned attr, unsigned count, bool ranges)
{
	const unsigned src = 100, dst = 200;
	uint64_t size = page_size(e), buffer = emu_page_alloc(e);
	uint64_t length = 4 * size + 19;

	for (unsigned i = 0; i < 4; i++) {
		(void)emu_page_alloc(e);
	}
	fill_pages(e, src, count + 2, 5);
	fill_pages(e, dst, count + 2, 9);
	help(e, "qpmap_copy_range", "pwpww", (const uint64_t[]){
	    emu_page(e, dst + 1), attr, emu_page(e, src + 1), attr, count },
	    ranges && count >= 4);
	check_filled(e, emu_page(e, dst), 0, size, 9);
	check_filled(e, emu_page(e, dst + 1), size, count * size, 5);
	check_filled(e, emu_page(e, dst + count + 1), (count + 1) * size,
	    size, 9);
	check_filled(e, emu_page(e, src), 0, (count + 2) * size, 5);
	help(e, "qpmap_zero_range", "pww", (const uint64_t[]){
	    emu_page(e, dst + 1), count, attr }, ranges && count >= 4);
	check_filled(e, emu_page(e, dst), 0, size, 9);
	check_filled(e, emu_page(e, dst + 1), 0, count * size, 0);
	check_filled(e, emu_page(e, dst + count + 1), (count + 1) * size,
	    size, 9);
	if (count < 4 || count > 5) {
		return;
	}
	help(e, "qpmap_read", "pwww", (const uint64_t[]){
	    emu_page(e, src) + size - 5, attr, buffer + 3, length }, ranges);
	check_filled(e, buffer + 3, size - 5, length, 5);
	check_filled(e, buffer, 0, 3, 0);
	fill_pages(e, dst, 7, 9);
	help(e, "qpmap_write", "pwww", (const uint64_t[]){
	    emu_page(e, dst) + size - 5, attr, buffer + 3, length }, ranges);
	check_filled(e, emu_page(e, dst), 0, size - 5, 9);
	check_filled(e, emu_page(e, dst) + size - 5, size - 5, length, 5);
	check_filled(e, emu_page(e, dst) + size - 5 + length,
	    size - 5 + length, size, 9);
}

/*
 * With all the room, with hardly any, and with none: the pages are what they
 * must be.  Devices are never mapped as ranges.
 */
static void
helpers(const struct contract_case *c)
{
	static const unsigned pages[] = { 0, 1, 3, 4, 5, 17, HELP_MOST };
	bool bulk = c->type == QPMAP_ATTR_WRITE_BACK ||
	    c->type == QPMAP_ATTR_WRITE_THROUGH;
	unsigned most = bulk && c->mode->page_shift == 12 ? 7 : 5;
	struct emu *e = contract_ready(c, VARIANT);
	static struct range held[RANGE_DEPTH];

	for (unsigned i = 0; i < most; i++) {
		help_all(e, c->type, pages[i], bulk);
		range_check_idle(e, 0);
	}
	for (unsigned i = 0; i < 2; i++) {
		/* For one range, and not for two; for none. */
		range_list(e, &held[0], 300, RANGE_MOST - (i == 0 ? 8 : 4),
		    false);
		range_enter(e, &held[0], c->type);
		help_all(e, c->type, 5, bulk && i == 0);
		range_remove(e, &held[0]);
	}
	for (unsigned i = 0; i < RANGE_DEPTH; i++) {
		range_pages(e, &held[i], 300 + i, 1, false);
		range_enter(e, &held[i], c->type);
	}
	help_all(e, c->type, 5, false);
	for (unsigned i = RANGE_DEPTH; i-- > 0;) {
		range_check_tags(e, &held[i]);
		range_remove(e, &held[i]);
	}
	range_check_idle(e, 0);
}

/* Copied where one of the two is a device; and ranges that wrap around. */
static void
helpers_odd(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, VARIANT);
	uint64_t size = page_size(e), pa = emu_page(e, 4);
	uint64_t top = (e->mode->entry_size == 4 ? 0xffffffff : EMU_X0) - size +
	    1;
	const uint64_t values[3][5] = {
		{ top, c->type, pa, c->type, 2 },
		{ pa, c->type, top, c->type, 2 }, { top, 2, c->type }
	};
	uint64_t zeros[5] = { emu_page(e, 101), QPMAP_ATTR_WRITE_BACK |
	    QPMAP_ATTR_WIDTH_4, emu_page(e, 201), QPMAP_ATTR_WRITE_BACK, 5 };

	for (unsigned i = 0; i < 3; i++) {
		const char *name = i == 2 ? "qpmap_zero_range" :
		    "qpmap_copy_range";

		emu_call(e, emu_symbol(e, name), i == 2 ? "pww" : "pwpww",
		    values[i]);
		check_panic(e, QPMAP_PANIC_RANGE, top, 2 * size);
	}
	range_check_idle(e, 0);
	for (unsigned i = 0; i < 2; i++) {
		fill_pages(e, 200, 7, 5);
		zeros[1] = i == 0 ? QPMAP_ATTR_WRITE_BACK |
		    QPMAP_ATTR_WIDTH_4 : QPMAP_ATTR_WRITE_BACK;
		zeros[3] = i == 1 ? QPMAP_ATTR_WRITE_BACK |
		    QPMAP_ATTR_WIDTH_4 : QPMAP_ATTR_WRITE_BACK;
		fill_pages(e, 100, 7, 9);
		help(e, "qpmap_copy_range", "pwpww", zeros, false);
		check_filled(e, emu_page(e, 101), size, 5 * size, 5);
		check_filled(e, emu_page(e, 100), 0, size, 9);
	}
	range_check_idle(e, 0);
}

/*
 * Initialization.
 */

static void
refused(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, VARIANT);
	uint64_t va = e->config[WIRE_RANGE_VA], size = page_size(e);
	uint64_t area = area_pages(e) * size;
	const uint64_t wrong[5] = {
		va + size, va + area / 2,
		e->config[WIRE_WINDOW_VA] & ~(area - 1), 0, 0 - area
	};

	for (unsigned i = 0; i < 5; i++) {
		e->config[WIRE_RANGE_VA] = wrong[i];
		CHECK_EQUAL(emu_init(e), QPMAP_ERR_RANGE_AREA, "qpmap_init");
	}
	e->config[WIRE_RANGE_VA] = va;
	e->config[WIRE_DIRECT_VA] = va + 2 * size;
	e->config[WIRE_DIRECT_PA] = emu_page(e, 0);
	e->config[WIRE_DIRECT_SIZE] = 4 * size;
	CHECK(emu_init(e) != QPMAP_OK, "a direct map in the areas");
	e->config[WIRE_DIRECT_SIZE] = e->config[WIRE_DIRECT_VA] = 0;
	e->config[WIRE_DIRECT_PA] = 0;
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_OK, "online");
}

/* The entries of an area must be there, in their place, and empty. */
static void
leaf(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, VARIANT);
	unsigned size = e->mode->entry_size;
	static struct range range;
	uint64_t leaf, entries;

	e->config[WIRE_FLAGS] &=
	    ~(uint64_t)(QPMAP_F_BUILD_TABLES | QPMAP_F_SINGLE_ROOT);
	for (unsigned i = 0; i < 2; i++) {
		emu_map(e, i == 0 ? e->config[WIRE_WINDOW_VA] :
		    range_va(e, 0, 0), emu_page(e, 0), false);
	}
	CHECK(emu_leaf_at(e, e->config[WIRE_WINDOW_VA], &leaf, NULL), "leaf");
	entries = range_pte(e, 0, 0);
	emu_write(e, leaf, size, 0);
	emu_write(e, entries, size, 0);
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	CHECK_EQUAL(emu_online(e, 0, leaf), QPMAP_ERR_RANGE_LEAF, "none");
	for (unsigned i = 1; i < 3; i++) {
		e->range_leaf = entries + i * size / 2;
		CHECK_EQUAL(emu_online(e, 0, leaf), QPMAP_ERR_RANGE_LEAF,
		    "misplaced");
	}
	e->range_leaf = entries;
	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_ERR_CPU_LEAF, "no window");
	for (unsigned i = 0; i < area_pages(e); i += 73) {
		emu_write(e, entries + i * size, size, 0x40);
		CHECK_EQUAL(emu_online(e, 0, leaf), QPMAP_ERR_RANGE_LEAF,
		    "not empty");
		emu_write(e, entries + i * size, size, 0);
		CHECK_EQUAL(emu_held(e), 0, "mappings held");
	}
	CHECK_EQUAL(emu_online(e, 0, leaf), QPMAP_OK, "online");
	range_list(e, &range, 40, 33, false);
	range_enter(e, &range, c->type);
	range_check(e, &range, c->type);
	range_remove(e, &range);
	range_check_gone(e, &range);
	range_check_idle(e, 0);
}

void
contract_range_cases(const struct emu_mode *mode)
{
	range_add_types(mode, one, "B15/one");
	range_add_types(mode, several, "B15/several");
	contract_add(mode, whole, NULL, "B15/whole-area");
	contract_add_types(mode, no_room, "B15/no-room");
	for (unsigned i = 0; i < EMU_HIGH_COUNT; i++) {
		if (mode->high_base[i] != 0) {
			contract_add(mode, high, &(struct contract_case){
			    .number = i }, "B15/high=0x%llx",
			    (unsigned long long)mode->high_base[i]);
		}
	}
	if (mode->pa_bits > 32) {
		contract_add(mode, carry, NULL, "B15/carry");
	}
	if (mode->has_nx) {
		contract_add_types(mode, fetch, "B15/fetch");
	}
	contract_add_types(mode, bad_pages, "B15/bad-pages");
	contract_add_types(mode, bad_list, "B15/bad-list");
	contract_add(mode, list_read_once, NULL, "B15/list-read-once");
	range_add_types(mode, wrong_remove, "B15/wrong-remove");
	contract_add(mode, used, NULL, "B15/used-entry");
	contract_add_types(mode, checked, "B15/checked");
	for (unsigned i = 0; i < 2; i++) {
		contract_add(mode, marked, &(struct contract_case){
		    .number = i }, "B15/marked/checked=%u", i);
	}
	contract_add_types(mode, direct, "B15/direct-map");
	contract_add_types(mode, offline, "B15/offline");
	contract_add_types(mode, abandon, "B15/abandon");
	contract_add_types(mode, cpus, "B15/four-cpus");
	contract_add_types(mode, torn, "B7/range");
	if (mode->arch->poison != NULL) {
		contract_add_types(mode, poison, "B17/poison");
	}
	contract_add_types(mode, helpers, "B15/helpers");
	contract_add(mode, helpers_odd, NULL, "B15/helpers/odd");
	contract_add(mode, refused, NULL, "B15/refused");
	contract_add(mode, leaf, NULL, "B15/own-entries");
}
