/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ranges, interrupted before every instruction of enter and remove, by handlers
 * that enter and remove pages and ranges themselves.
 */
#include <string.h>

#include "range.h"

/*
 * The handler: a page of the window, and ranges as far as there is room, one of
 * them beside the other, and one of them of write-back memory: its path may be
 * another than that of what was interrupted.  What it finds held, and the room,
 * it leaves.
 */
static void
handler(struct emu *e, unsigned attr)
{
	uint64_t pa = emu_page(e, 1001), va, room = range_room(e);
	unsigned held = emu_held(e);
	static struct range range[2];
	unsigned count = 0;

	va = emu_enter(e, pa, attr);
	check_load(e, va, RANGE_WORD, contract_tag(e, pa));
	if (room >= 2) {
		range_pages(e, &range[0], 1002, 2, false);
		range_enter(e, &range[count++], QPMAP_ATTR_WRITE_BACK);
		check_store(e, range[0].va + 8, RANGE_WORD, 0x600d);
		CHECK_EQUAL(emu_read(e, range[0].page[0] + 8, RANGE_WORD),
		    0x600d, "handler's store");
	}
	if (room >= 5 && range_room(e) != 0) {
		range_list(e, &range[1], 1010, 1, true);
		range_enter(e, &range[count++], attr);
		range_check_tags(e, &range[1]);
	}
	while (count-- > 0) {
		range_check_tags(e, &range[count]);
		range_remove(e, &range[count]);
		check_faults(e, range[count].va, EMU_READ, false);
	}
	emu_remove(e, va);
	check_faults(e, va, EMU_READ, false);
	CHECK_EQUAL(emu_held(e), held, "held after the handler");
	CHECK_EQUAL(range_room(e), room, "room after the handler");
}

/* From that page on the area is empty. */
static void
check_empty(struct emu *e, unsigned page)
{
	unsigned size = e->mode->entry_size;
	uint64_t at = range_pte(e, 0, 0);

	for (; page < e->fact[FACT_RANGE_PAGES]; page++) {
		CHECK_EQUAL(emu_read(e, at + page * size, size), 0,
		    "an entry above the ranges");
	}
}

/*
 * What is held while enter and remove are interrupted, after ranges of other
 * sizes: what the state remembers of those must not count.
 */
struct held {
	struct range range[2];
	unsigned count;
	unsigned page;			/* the next range's first */
};

static void
hold(struct emu *e, struct held *held, unsigned attr, unsigned pages)
{
	for (unsigned i = 0; i < 2; i++) {
		range_pages(e, &held->range[i], 300 + i, 1, false);
		range_enter(e, &held->range[i], attr);
	}
	range_remove(e, &held->range[1]);
	range_remove(e, &held->range[0]);
	held->count = pages != 0;
	held->page = 1;
	if (pages != 0) {
		range_pages(e, &held->range[0], 310, pages, false);
		range_enter(e, &held->range[0], attr);
		held->page += pages + 1;
	}
}

static void
check_held(struct emu *e, const struct held *held)
{
	if (held->count != 0) {
		range_check_tags(e, &held->range[0]);
	}
	CHECK_EQUAL(emu_held(e), held->count, "mappings held");
	CHECK_EQUAL(emu_depth(e), held->count, "preemption depth");
	check_empty(e, held->page);
}

/*
 * What remove is going to find: the claims before the range, and whether it is
 * on the slow path.
 */
static void
check_before(struct emu *e, unsigned attr, const struct held *held)
{
	unsigned left = RANGE_DEPTH - held->count;
	uint64_t at = emu_state_pa(e) + e->fact[FACT_CPU_BEFORE] +
	    (left - 1) * 4;

	CHECK_EQUAL(emu_read(e, at, 4), range_claims(left, held->page) |
	    (e->arch->type_slow(e, attr) ? RANGE_CLAIMS_SLOW : 0),
	    "the claims before the range");
}

static void
interrupt_enter(struct emu *e, struct range *range, unsigned attr,
    const struct held *held)
{
	struct range_call call = range_call(e, range, attr, 1);
	uint64_t function = emu_symbol(e, call.name), stop;

	for (stop = 0; emu_call_until(e, function, call.kinds, call.values,
	    stop) == EMU_PAUSED; stop++) {
		handler(e, attr);
		CHECK_EQUAL(emu_resume(e), EMU_RETURNED, "enter's end");
		range->va = e->result;
		CHECK_EQUAL(range->va, range_va(e, 0, held->page), "address");
		check_before(e, attr, held);
		range_check_tags(e, range);
		check_empty(e, held->page + range->count);
		range_remove(e, range);
		range_check_gone(e, range);
		check_held(e, held);
	}
	CHECK(stop > 20, "enter has only %u instructions", (unsigned)stop);
	CHECK_EQUAL(e->status, EMU_RETURNED, "enter's end");
	range_remove(e, range);
}

static void
interrupt_remove(struct emu *e, struct range *range, unsigned attr,
    const struct held *held)
{
	uint64_t function = emu_symbol(e, "qpmap_range_remove"), stop;

	for (stop = 0;; stop++) {
		range_enter(e, range, attr);
		range_check_tags(e, range);
		if (emu_call_until(e, function, "w", &range->va, stop) !=
		    EMU_PAUSED) {
			break;
		}
		handler(e, attr);
		CHECK_EQUAL(emu_resume(e), EMU_RETURNED, "remove's end");
		range_check_gone(e, range);
		check_held(e, held);
	}
	CHECK(stop > 15, "remove has only %u instructions", (unsigned)stop);
	CHECK_EQUAL(e->status, EMU_RETURNED, "remove's end");
}

/* number: pages held meanwhile; and a list instead of contiguous pages. */
static void
interrupted(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	static struct range range;
	static struct held held;

	hold(e, &held, c->type, c->number & 0xff);
	if (c->number >> 8 != 0) {
		range_list(e, &range, 400, 3, false);
	} else {
		range_pages(e, &range, 400, 2, false);
	}
	interrupt_enter(e, &range, c->type, &held);
	interrupt_remove(e, &range, c->type, &held);
	check_held(e, &held);
}

/* The pairs of single pages, by a handler that also has ranges. */
static void
pages(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	uint64_t page[2] = { emu_page(e, 50), c->type };
	uint64_t enter = emu_symbol(e, "qpmap_enter"), va, stop;
	uint64_t remove = emu_symbol(e, "qpmap_remove");

	for (stop = 0; emu_call_until(e, enter, "pw", page, stop) ==
	    EMU_PAUSED; stop++) {
		handler(e, c->type);
		CHECK_EQUAL(emu_resume(e), EMU_RETURNED, "enter's end");
		va = e->result;
		check_load(e, va, RANGE_WORD, contract_tag(e, page[0]));
		CHECK(emu_call_until(e, remove, "w", &va, stop) <=
		    EMU_RETURNED || e->status == EMU_PAUSED, "remove");
		if (e->status == EMU_PAUSED) {
			handler(e, c->type);
			CHECK_EQUAL(emu_resume(e), EMU_RETURNED, "remove");
		}
		range_check_idle(e, 0);
	}
}

/* A range of an interrupt, and an NMI amid its enter and its remove. */
static void
interrupt_and_nmi(struct emu *e, unsigned attr, unsigned first)
{
	uint64_t remove = emu_symbol(e, "qpmap_range_remove");
	static struct range range;
	struct range_call call;
	enum emu_status status;

	range_list(e, &range, 420, 2, false);
	call = range_call(e, &range, attr, 2);
	for (uint64_t stop = first;; stop += 5) {
		status = emu_call_until(e, emu_symbol(e, call.name),
		    call.kinds, call.values, stop);
		if (status == EMU_PAUSED) {
			handler(e, attr);
			CHECK_EQUAL(emu_resume(e), EMU_RETURNED, "enter");
		}
		range.va = e->result;
		range_check_tags(e, &range);
		if (emu_call_until(e, remove, "w", &range.va, stop) ==
		    EMU_PAUSED) {
			handler(e, attr);
			CHECK_EQUAL(emu_resume(e), EMU_RETURNED, "remove");
		} else if (status == EMU_RETURNED) {
			break;
		}
		range_check_gone(e, &range);
	}
}

static void
nmi(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	static struct range range;
	static struct held held;
	struct range_call call;
	uint64_t stop;

	hold(e, &held, c->type, 5);
	range_pages(e, &range, 400, 3, false);
	call = range_call(e, &range, c->type, 1);
	for (stop = 0; emu_call_until(e, emu_symbol(e, call.name), call.kinds,
	    call.values, stop) == EMU_PAUSED; stop += 2) {
		interrupt_and_nmi(e, c->type, stop % 5);
		CHECK_EQUAL(emu_resume(e), EMU_RETURNED, "outer enter");
		range.va = e->result;
		range_check_tags(e, &range);
		if (emu_call_until(e, emu_symbol(e, "qpmap_range_remove"), "w",
		    &range.va, stop) == EMU_PAUSED) {
			interrupt_and_nmi(e, c->type, stop % 5);
			CHECK_EQUAL(emu_resume(e), EMU_RETURNED, "remove");
		}
		range_check_gone(e, &range);
		check_held(e, &held);
	}
	range_remove(e, &range);
}

/* With the depth or the pages all but used up, a handler gets no range. */
static void
last_room(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	static struct range range[RANGE_DEPTH];
	unsigned count = c->number ? RANGE_DEPTH - 1 : 1, page = 1;

	for (unsigned i = 0; i < count; i++) {
		range_pages(e, &range[i], 500 + i, c->number ? 1 :
		    (unsigned)range_room(e) - 4, false);
		range_enter(e, &range[i], c->type);
		page += range[i].count + 1;
	}
	for (unsigned i = 0; i < 2; i++) {
		static struct range last;

		range_pages(e, &last, 450, 3, false);
		last.list = i != 0;
		struct range_call call = range_call(e, &last, c->type, 1);

		for (uint64_t stop = 0; emu_call_until(e,
		    emu_symbol(e, call.name), call.kinds, call.values, stop) ==
		    EMU_PAUSED; stop++) {
			handler(e, c->type);
			CHECK_EQUAL(emu_resume(e), EMU_RETURNED, "enter");
			last.va = e->result;
			range_check_tags(e, &last);
			CHECK_EQUAL(range_room(e), 0, "room");
			range_remove(e, &last);
			check_empty(e, page);
		}
		last.va = e->result;
		range_remove(e, &last);
	}
	while (count-- > 0) {
		range_check_tags(e, &range[count]);
		range_remove(e, &range[count]);
	}
	range_check_idle(e, 0);
}

/*
 * Eager refill: before each instruction the TLB gets what a walker could
 * speculate, the translation of every page of the area whose entry is valid.
 */
static void
refill(struct emu *e, unsigned pages)
{
	struct emu_leaf leaf;

	for (unsigned i = 0; i < pages; i++) {
		uint64_t va = range_va(e, 0, i);

		if (emu_leaf_at(e, va, NULL, &leaf) && leaf.valid) {
			CHECK_EQUAL(emu_load(e, va, 1), EMU_RETURNED,
			    "a load through a valid entry");
		}
	}
}

static void
call_refilled(struct emu *e, const char *name, const char *kinds,
    const uint64_t *values, unsigned pages)
{
	unsigned steps = 0;

	emu_call_until(e, emu_symbol(e, name), kinds, values, 0);
	while (e->status == EMU_PAUSED) {
		refill(e, pages);
		emu_resume_until(e, ++steps);
	}
	CHECK_EQUAL(e->status, EMU_RETURNED, name);
}

/* After remove nothing reaches the pages; those below are what they were. */
static void
refilled(const struct contract_case *c)
{
	static const unsigned count[3] = { 1, 4, 35 };
	struct emu *e = contract_ready(c, "std");
	uint64_t state = emu_state_pa(e);
	static struct range range, held;
	struct range_call call;

	range_pages(e, &held, 300, 2, false);
	range_enter(e, &held, c->type);
	for (unsigned i = 0; i < 6; i++) {
		if (i % 2 == 0) {
			range_pages(e, &range, 400 + i, count[i / 2], false);
		} else {
			range_list(e, &range, 400 + i, count[i / 2], true);
		}
		call = range_call(e, &range, c->type, 1);
		call_refilled(e, call.name, call.kinds, call.values,
		    range.count + 6);
		range.va = e->result;
		range_check_tags(e, &range);
		call_refilled(e, "qpmap_range_remove", "w", &range.va,
		    range.count + 6);
		range_check_gone(e, &range);
		range_check_tags(e, &held);
	}
	range_remove(e, &held);
	range_enter(e, &range, c->type);
	call_refilled(e, "qpmap_cpu_abandon", "w", &state, 10);
	range_check_gone(e, &range);
	emu_write(e, e->percpu + e->fact[FACT_PERCPU_DEPTH], 4, 0);
	call_refilled(e, "qpmap_cpu_offline", "w", &state, 10);
	range_check_gone(e, &range);
}

/* The helpers, interrupted here and there: as far as they have got. */
static void
helpers(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	const uint64_t values[2][5] = {
		{ emu_page(e, 200), c->type, emu_page(e, 100), c->type, 5 },
		{ emu_page(e, 200), 5, c->type }
	};
	uint64_t bytes = UINT64_C(5) << e->mode->page_shift, end;

	for (unsigned i = 0; i < 2; i++) {
		uint64_t function = emu_symbol(e, i == 0 ?
		    "qpmap_copy_range" : "qpmap_zero_range");
		const char *kinds = i == 0 ? "pwpww" : "pww";

		CHECK_EQUAL(emu_call(e, function, kinds, values[i]),
		    EMU_RETURNED, "uninterrupted");
		end = e->insn_count;
		for (uint64_t stop = 0; stop < end; stop += end / 50 + 1) {
			memset(emu_ram(e, emu_page(e, 100), bytes), 0x5a,
			    bytes);
			memset(emu_ram(e, emu_page(e, 200), bytes), 0xa5,
			    bytes);
			CHECK_EQUAL(emu_call_until(e, function, kinds,
			    values[i], stop), EMU_PAUSED, "interrupted");
			handler(e, c->type);
			CHECK_EQUAL(emu_resume(e), EMU_RETURNED, "the end");
			if (i == 1) {
				memset(emu_ram(e, emu_page(e, 100), bytes), 0,
				    bytes);
			}
			CHECK(memcmp(emu_ram(e, emu_page(e, 200), bytes),
			    emu_ram(e, emu_page(e, 100), bytes), bytes) == 0,
			    "wrong bytes");
			range_check_idle(e, 0);
		}
	}
}

void
contract_range_interrupt_cases(const struct emu_mode *mode)
{
	static const unsigned pages_held[3] = { 0, 1, 50 };

	range_add_types(mode, interrupted, "B16/interrupted");
	for (unsigned i = 0; i < 6; i++) {
		contract_add(mode, interrupted, &(struct contract_case){
		    .variant = "range", .number = pages_held[i % 3] |
		    (i / 3) << 8 }, "B16/interrupted/held=%u/%s",
		    pages_held[i % 3], i / 3 ? "list" : "pages");
	}
	range_add_types(mode, pages, "B16/page-interrupted");
	contract_add(mode, refilled, &(struct contract_case){
	    .variant = "range" }, "B17/refill");
	contract_add(mode, helpers, &(struct contract_case){
	    .variant = "range" }, "B16/helpers/interrupted");
	for (unsigned i = 0; i < 2; i++) {
		contract_add(mode, nmi, &(struct contract_case){
		    .variant = i ? "range-bench" : "range" },
		    "B16/nmi/hooks=%s", i ? "inline" : "call");
		contract_add(mode, last_room, &(struct contract_case){
		    .variant = "range", .number = i }, "B16/last-room/%s",
		    i ? "depth" : "pages");
	}
}
