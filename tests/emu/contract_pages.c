/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * B8: whole pages and byte ranges; and the selftest.
 */
#include <stdlib.h>
#include <string.h>

#include "contract.h"

/* What a call did to the test pages, from its recorded events. */
struct touched {
	unsigned stores;	/* bytes */
	unsigned loads;
};

/*
 * Judge the recorded accesses: those to test pages are naturally aligned, no
 * wider than a register, and within [first, last]; only allowed frames were
 * filled; no cache line was zeroed by an instruction.
 */
static struct touched
check_accesses(struct emu *e, uint64_t first, uint64_t last, unsigned frames)
{
	uint64_t pages = e->mode->pages_count << e->mode->page_shift;
	uint64_t slot = emu_frame_slot(e, 1);
	uint64_t entries = e->fact[FACT_WINDOW_PAGES] * e->mode->entry_size;
	struct touched touched = { 0, 0 };

	for (size_t i = 0; i < e->event_count; i++) {
		const struct emu_event *event = &e->events[i];

		CHECK(strncmp(event->name, "dc z", 4) != 0, "%s", event->name);
		if (event->size != 0 &&
		    event->a - e->mode->pages_base < pages) {
			CHECK(event->a % event->size == 0 &&
			    event->size <= e->fact[FACT_WORD],
			    "%s of %u bytes at 0x%llx", event->name,
			    event->size, (unsigned long long)event->a);
			CHECK(event->a >= first &&
			    event->a + event->size - 1 <= last,
			    "%s at 0x%llx is outside", event->name,
			    (unsigned long long)event->a);
			*(event->name[0] == 's' ? &touched.stores :
			    &touched.loads) += event->size;
		} else if (event->size != 0 && event->name[0] == 's' &&
		    event->a - slot + e->mode->entry_size < entries) {
			CHECK((event->a - slot) / e->mode->entry_size / 2 <
			    frames, "one mapping too many");
		}
	}
	return (touched);
}

static void
fill(struct emu *e, uint64_t pa, uint64_t size, unsigned seed)
{
	uint8_t *ram = emu_ram(e, pa, size);

	for (uint64_t i = 0; i < size; i++) {
		ram[i] = (uint8_t)(i * 37 + (i >> 8) * 11 + seed);
	}
}

static void
b8_zero(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	uint64_t size = UINT64_C(1) << e->mode->page_shift;
	uint64_t pa = emu_page(e, 1);
	uint8_t *want = calloc(3, size);
	struct touched touched;

	fill(e, pa - size, 3 * size, 1);
	memcpy(want, emu_ram(e, pa - size, 3 * size), 3 * size);
	memset(want + size, 0, size);
	emu_record(e, EMU_REC_STORES | EMU_REC_LOADS | EMU_REC_INSNS);
	CHECK_EQUAL(EMU_CALL(e, "qpmap_zero_page", "pw", pa, c->type),
	    EMU_RETURNED, "qpmap_zero_page");
	emu_record_end(e);
	touched = check_accesses(e, pa, pa + size - 1, 1);
	CHECK_EQUAL(touched.stores, size, "bytes stored");
	CHECK_EQUAL(touched.loads, 0, "bytes loaded");
	CHECK(memcmp(emu_ram(e, pa - size, 3 * size), want, 3 * size) == 0,
	    "wrong contents");
	free(want);
	check_idle(e);
}

static void
b8_copy(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	uint64_t size = UINT64_C(1) << e->mode->page_shift;
	uint64_t from = emu_page(e, 1), to = emu_page(e, 3);
	uint8_t *want = calloc(5, size);
	struct touched touched;

	fill(e, from - size, 5 * size, 7);
	memcpy(want, emu_ram(e, from - size, 5 * size), 5 * size);
	memcpy(want + 3 * size, want + size, size);
	emu_record(e, EMU_REC_STORES | EMU_REC_LOADS | EMU_REC_INSNS);
	CHECK_EQUAL(EMU_CALL(e, "qpmap_copy_page", "pwpw", to, c->type, from,
	    QPMAP_WRITE_BACK), EMU_RETURNED, "qpmap_copy_page");
	emu_record_end(e);
	touched = check_accesses(e, from, to + size - 1, 2);
	CHECK_EQUAL(touched.stores, size, "bytes stored");
	CHECK_EQUAL(touched.loads, size, "bytes loaded");
	CHECK(memcmp(emu_ram(e, from - size, 5 * size), want, 5 * size) == 0,
	    "wrong contents");
	CHECK_EQUAL(EMU_CALL(e, "qpmap_copy_page", "pwpw", to, c->type, to,
	    c->type), EMU_RETURNED, "a page onto itself");
	CHECK(memcmp(emu_ram(e, from - size, 5 * size), want, 5 * size) == 0,
	    "wrong contents");
	free(want);
	check_idle(e);
}

/* Pages of low RAM one after the other, for a buffer. */
static uint64_t
buffer_alloc(struct emu *e, unsigned pages)
{
	uint64_t buffer = emu_page_alloc(e);

	while (--pages > 0) {
		emu_page_alloc(e);
	}
	return (buffer);
}

/* One read or write of len bytes at pa, against a reference. */
static void
check_range(struct emu *e, unsigned type, bool write, uint64_t pa,
    uint64_t buffer, uint64_t len)
{
	uint64_t around = 32;
	uint8_t *page = emu_ram(e, pa - around, len + 2 * around);
	uint8_t *memory = emu_ram(e, buffer - around, len + 2 * around);
	uint8_t *want_page = malloc(len + 2 * around);
	uint8_t *want_memory = malloc(len + 2 * around);
	struct touched touched;

	memset(memory, 0x5c, len + 2 * around);
	fill(e, buffer, len, 99);
	memcpy(want_page, page, len + 2 * around);
	memcpy(want_memory, memory, len + 2 * around);
	memcpy((write ? want_page : want_memory) + around,
	    (write ? memory : page) + around, len);
	emu_record(e, EMU_REC_STORES | EMU_REC_LOADS);
	CHECK_EQUAL(EMU_CALL(e, write ? "qpmap_write" : "qpmap_read", "pwww",
	    pa, type, buffer, len), EMU_RETURNED, "qpmap_read or _write");
	emu_record_end(e);
	touched = check_accesses(e, pa, pa + len - 1, 1);
	CHECK_EQUAL(touched.stores, write ? len : 0, "bytes stored");
	CHECK_EQUAL(touched.loads, write ? 0 : len, "bytes loaded");
	CHECK(memcmp(page, want_page, len + 2 * around) == 0 &&
	    memcmp(memory, want_memory, len + 2 * around) == 0,
	    "wrong bytes: pa 0x%llx buffer 0x%llx length %llu",
	    (unsigned long long)pa, (unsigned long long)buffer,
	    (unsigned long long)len);
	free(want_page);
	free(want_memory);
}

/* Every offset and length around a page boundary; then several pages. */
static void
b8_range(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	uint64_t size = UINT64_C(1) << e->mode->page_shift;
	uint64_t edge = emu_page(e, 2), buffer = buffer_alloc(e, 6) + 64;
	bool write = c->number != 0;

	fill(e, edge - size, 5 * size, 3);
	for (uint64_t before = 0; before <= 17; before++) {
		for (uint64_t len = 0; len <= 33; len++) {
			check_range(e, c->type, write, edge - before,
			    buffer + (before + len) % 9, len);
		}
	}
	check_range(e, c->type, write, edge - 3, buffer + 1, 2 * size + 7);
	check_range(e, c->type, write, edge, buffer, 2 * size);
	check_idle(e);
}

/* A range that wraps panics before anything is copied. */
static void
b8_wrap(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	uint64_t buffer = emu_page_alloc(e);
	uint64_t last = ~UINT64_C(0) >> (64 - 8 * e->mode->entry_size);

	EMU_CALL(e, "qpmap_read", "pwww", last - 3, c->type, buffer, 5);
	check_panic(e, QPMAP_PANIC_RANGE, last - 3, 5);
	EMU_CALL(e, "qpmap_write", "pwww", last, c->type, buffer, 2);
	check_panic(e, QPMAP_PANIC_RANGE, last, 2);
	CHECK_EQUAL(EMU_CALL(e, "qpmap_read", "pwww", last, c->type, buffer,
	    0), EMU_RETURNED, "nothing to read");
	check_idle(e);
}

/* The selftest passes, and sees what it is there to see. */
static void
selftest(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	uint64_t pa[2] = { emu_page(e, 1), emu_page(e, 2) };
	unsigned frames = (unsigned)e->fact[FACT_FRAMES];

	CHECK_EQUAL(EMU_CALL(e, "qpmap_selftest", "pp", pa[0], pa[1]),
	    EMU_RETURNED, "qpmap_selftest");
	CHECK_EQUAL((uint32_t)e->result, 0, "its result");
	check_idle(e);
	CHECK_EQUAL(EMU_CALL(e, "qpmap_selftest", "pp", pa[0], pa[0]),
	    EMU_RETURNED, "qpmap_selftest");
	CHECK_EQUAL((uint32_t)e->result, 6, "result for one page twice");
	for (unsigned i = 0; i < frames - 1; i++) {
		emu_enter(e, emu_page(e, 30 + i), c->type);
	}
	CHECK_EQUAL(EMU_CALL(e, "qpmap_selftest", "pp", pa[0], pa[1]),
	    EMU_RETURNED, "qpmap_selftest");
	CHECK_EQUAL((uint32_t)e->result, 6, "result for too few frames");
}

/* A page that forgets: every store to it is undone before the next load. */
static void
selftest_forget(struct emu *e, uint64_t pc)
{
	(void)pc;
	emu_write(e, emu_page(e, 2) + 16, 1, 0);
}

static void
selftest_fails(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");

	(void)c;
	e->on_insn = selftest_forget;
	CHECK_EQUAL(EMU_CALL(e, "qpmap_selftest", "pp", emu_page(e, 1),
	    emu_page(e, 2)), EMU_RETURNED, "qpmap_selftest");
	e->on_insn = NULL;
	CHECK_EQUAL((uint32_t)e->result, 2, "result for a page that forgets");
	check_idle(e);
}

/* Preemption is balanced in the helpers, from a pinned caller too. */
static void
c3_helpers(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	uint64_t pa = emu_page(e, 1), buffer = buffer_alloc(e, 3);
	uint64_t va;

	va = emu_enter(e, emu_page(e, 9), c->type);
	EMU_CALL(e, "qpmap_zero_page", "pw", pa, c->type);
	CHECK_EQUAL(emu_depth(e), 1, "depth after zero");
	EMU_CALL(e, "qpmap_copy_page", "pwpw", pa, c->type, emu_page(e, 2),
	    c->type);
	CHECK_EQUAL(emu_depth(e), 1, "depth after copy");
	EMU_CALL(e, "qpmap_read", "pwww", pa + 5, c->type, buffer, 40);
	CHECK_EQUAL(emu_depth(e), 1, "depth after read");
	EMU_CALL(e, "qpmap_write", "pwww", pa + 5, c->type, buffer, 40);
	CHECK_EQUAL(emu_depth(e), 1, "depth after write");
	EMU_CALL(e, "qpmap_selftest", "pp", pa, emu_page(e, 2));
	CHECK_EQUAL(emu_depth(e), 1, "depth after the selftest");
	check_load(e, va, 4, contract_tag(e, emu_page(e, 9)));
	emu_remove(e, va);
	check_idle(e);
}

void
contract_pages_cases(const struct emu_mode *mode)
{
	const struct contract_type *type = contract_types(mode);

	contract_add_types(mode, b8_zero, "B8/zero");
	contract_add_types(mode, b8_copy, "B8/copy");
	for (; type->layout != NULL; type++) {
		for (unsigned write = 0; write < 2; write++) {
			contract_add(mode, b8_range, &(struct contract_case){
			    .layout = type->layout, .type = type->type,
			    .number = write }, "B8/%s/attr=%s",
			    write ? "write" : "read",
			    contract_type_word(type->type));
		}
	}
	contract_add(mode, b8_wrap, NULL, "B8/wrap");
	contract_add_types(mode, c3_helpers, "C3/helpers");
	contract_add(mode, selftest, NULL, "selftest/passes");
	contract_add(mode, selftest_fails, NULL, "selftest/fails");
}
