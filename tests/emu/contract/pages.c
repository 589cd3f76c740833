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
	unsigned accesses;
	unsigned plain;		/* of them, by plain loads and stores */
};

/* Memory that the bulk loops are for; not with a width. */
static bool
is_bulk(unsigned attr)
{
	return (attr == QPMAP_ATTR_WRITE_BACK ||
	    attr == QPMAP_ATTR_WRITE_THROUGH);
}

/*
 * Whether the instruction at pc is one that a hypervisor can emulate for a
 * device: x86, no REP; arm64, neither a pair nor with writeback, for which
 * ESR_EL2.ISV is 0.
 */
static bool
is_plain(struct emu *e, uint64_t pc)
{
	uint32_t word = (uint32_t)emu_read(e, pc, 4);

	if (e->arch->repeats != NULL) {
		return (!e->arch->repeats(emu_ram(e, pc, 1)));
	}
	if (strcmp(e->arch->name, "arm64") == 0) {
		/* Load/store pair; load/store register, post- or pre-index. */
		return ((word & 0x3a000000) != 0x28000000 &&
		    (word & 0x3b200400) != 0x38000400);
	}
	return (true);
}

/*
 * Judge the recorded accesses: those to test pages are within [first, last];
 * unless bulk, they are plain, naturally aligned and no wider than widest; only
 * allowed slots were filled; no cache line was zeroed by an instruction.
 */
static struct touched
check_accesses(struct emu *e, uint64_t first, uint64_t last, unsigned slots,
    bool bulk, uint64_t widest)
{
	uint64_t pages = e->mode->pages_count << e->mode->page_shift;
	uint64_t pte_pa = emu_slot_pte(e, 1);
	uint64_t entries = e->fact[FACT_WINDOW_PAGES] * e->mode->entry_size;
	bool plain, may_trap = strcmp(e->arch->name, "riscv64") == 0;
	struct touched touched = { 0, 0, 0, 0 };

	for (size_t i = 0; i < e->event_count; i++) {
		const struct emu_event *event = &e->events[i];

		CHECK(strncmp(event->name, "dc z", 4) != 0, "%s", event->name);
		/* There the buffer's side, too, may trap. */
		CHECK(!may_trap || event->size == 0 ||
		    event->a % event->size == 0,
		    "%s of %u bytes at 0x%llx, misaligned", event->name,
		    event->size, (unsigned long long)event->a);
		if (event->size != 0 &&
		    event->a - e->mode->pages_base < pages) {
			plain = is_plain(e, event->pc);
			CHECK(bulk || (plain && event->a % event->size == 0 &&
			    event->size <= widest),
			    "%s of %u bytes at 0x%llx", event->name,
			    event->size, (unsigned long long)event->a);
			CHECK(event->a >= first &&
			    event->a + event->size - 1 <= last,
			    "%s at 0x%llx is outside", event->name,
			    (unsigned long long)event->a);
			*(event->name[0] == 's' ? &touched.stores :
			    &touched.loads) += event->size;
			touched.accesses++;
			touched.plain += plain;
		} else if (event->size != 0 && event->name[0] == 's' &&
		    event->a - pte_pa + e->mode->entry_size < entries) {
			CHECK((event->a - pte_pa) / e->mode->entry_size / 2 <
			    slots, "one mapping too many");
		}
	}
	return (touched);
}

/* What is called plain, and what is not, is told apart: x86 and arm64. */
static void
check_not_blind(struct emu *e, const struct touched *touched)
{
	if (strcmp(e->arch->name, "riscv64") != 0) {
		CHECK_EQUAL(touched->plain, 0, "plain accesses in bulk");
	}
}

static void
fill(struct emu *e, uint64_t pa, uint64_t size, unsigned seed)
{
	uint8_t *ram = emu_ram(e, pa, size);

	for (uint64_t i = 0; i < size; i++) {
		ram[i] = (uint8_t)(i * 37 + (i >> 8) * 11 + seed);
	}
}

/* The widest single access of a page with attr. */
static uint64_t
widest_of(struct emu *e, unsigned attr)
{
	return ((attr & QPMAP_ATTR_WIDTH_4) != 0 ? 4 : e->fact[FACT_WORD]);
}

/* number: 1 with QPMAP_ATTR_WIDTH_4. */
static void
b8_zero(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	uint64_t size = UINT64_C(1) << e->mode->page_shift;
	unsigned attr = c->type | (c->number ? QPMAP_ATTR_WIDTH_4 : 0);
	uint64_t pa = emu_page(e, 1), widest = widest_of(e, attr);
	uint8_t *want = calloc(3, size);
	struct touched touched;

	fill(e, pa - size, 3 * size, 1);
	memcpy(want, emu_ram(e, pa - size, 3 * size), 3 * size);
	memset(want + size, 0, size);
	emu_record(e, EMU_REC_STORES | EMU_REC_LOADS | EMU_REC_INSNS);
	CHECK_EQUAL(EMU_CALL(e, "qpmap_zero_page", "pw", pa, attr),
	    EMU_RETURNED, "qpmap_zero_page");
	emu_record_end(e);
	touched = check_accesses(e, pa, pa + size - 1, 1, is_bulk(attr),
	    widest);
	CHECK_EQUAL(touched.stores, size, "bytes stored");
	CHECK_EQUAL(touched.loads, 0, "bytes loaded");
	if (is_bulk(attr)) {
		check_not_blind(e, &touched);
	} else {
		CHECK_EQUAL(touched.accesses, size / widest, "accesses");
	}
	CHECK(memcmp(emu_ram(e, pa - size, 3 * size), want, 3 * size) == 0,
	    "wrong contents");
	free(want);
	check_idle(e);
}

/* One copy of a page, recorded and judged. */
static void
check_copy(struct emu *e, uint64_t to, unsigned to_attr, uint64_t from,
    unsigned from_attr)
{
	uint64_t size = UINT64_C(1) << e->mode->page_shift;
	bool bulk = is_bulk(to_attr) && is_bulk(from_attr);
	uint64_t widest = widest_of(e, to_attr | from_attr);
	struct touched touched;

	emu_record(e, EMU_REC_STORES | EMU_REC_LOADS | EMU_REC_INSNS);
	CHECK_EQUAL(EMU_CALL(e, "qpmap_copy_page", "pwpw", to, to_attr, from,
	    from_attr), EMU_RETURNED, "qpmap_copy_page");
	emu_record_end(e);
	touched = check_accesses(e, from, to + size - 1, 2, bulk, widest);
	CHECK_EQUAL(touched.stores, size, "bytes stored");
	CHECK_EQUAL(touched.loads, size, "bytes loaded");
	if (bulk) {
		check_not_blind(e, &touched);
	} else {
		CHECK_EQUAL(touched.accesses, 2 * size / widest, "accesses");
	}
}

static void
b8_copy(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	uint64_t size = UINT64_C(1) << e->mode->page_shift;
	unsigned attr = c->type | (c->number ? QPMAP_ATTR_WIDTH_4 : 0);
	uint64_t from = emu_page(e, 1), to = emu_page(e, 3);
	uint8_t *want = calloc(5, size);

	for (unsigned turn = 0; turn < 2; turn++) {
		fill(e, from - size, 5 * size, 7 + turn);
		memcpy(want, emu_ram(e, from - size, 5 * size), 5 * size);
		memcpy(want + 3 * size, want + size, size);
		/* The attribute on one side, then on the other. */
		check_copy(e, to, turn ? QPMAP_ATTR_WRITE_BACK : attr, from,
		    turn ? attr : QPMAP_ATTR_WRITE_BACK);
		CHECK(memcmp(emu_ram(e, from - size, 5 * size), want,
		    5 * size) == 0, "wrong contents");
		check_copy(e, to, attr, to, attr);
		CHECK(memcmp(emu_ram(e, from - size, 5 * size), want,
		    5 * size) == 0, "wrong contents of a page onto itself");
	}
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

/*
 * Where words are shifted into place, eight bytes of memory a page are loaded
 * twice.
 */
static bool
may_load_twice(struct emu *e, unsigned attr, uint64_t pa, uint64_t len,
    uint64_t bytes)
{
	unsigned shift = e->mode->page_shift;
	uint64_t pages = ((pa + len - 1) >> shift) - (pa >> shift) + 1;

	return (is_bulk(attr) && len >= 32 && bytes <= 8 * pages &&
	    strcmp(e->arch->name, "riscv64") == 0);
}

/*
 * One read or write of len bytes at pa, against a reference.  What is no longer
 * than a word is moved by single accesses, of any memory.
 */
static struct touched
check_range(struct emu *e, unsigned attr, bool write, uint64_t pa,
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
	    pa, attr, buffer, len), EMU_RETURNED, "qpmap_read or _write");
	emu_record_end(e);
	touched = check_accesses(e, pa, pa + len - 1, 1, is_bulk(attr) &&
	    len > e->fact[FACT_WORD], widest_of(e, attr));
	CHECK_EQUAL(touched.stores, write ? len : 0, "bytes stored");
	CHECK(touched.loads == (write ? 0 : len) || (!write &&
	    may_load_twice(e, attr, pa, len, touched.loads - len)),
	    "bytes loaded: %u", touched.loads);
	CHECK(memcmp(page, want_page, len + 2 * around) == 0 &&
	    memcmp(memory, want_memory, len + 2 * around) == 0,
	    "wrong bytes: pa 0x%llx buffer 0x%llx length %llu",
	    (unsigned long long)pa, (unsigned long long)buffer,
	    (unsigned long long)len);
	free(want_page);
	free(want_memory);
	return (touched);
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
	check_range(e, c->type | QPMAP_ATTR_WIDTH_4, write, edge - 3,
	    buffer + 2, 2 * size + 7);
	check_idle(e);
}

/*
 * Every alignment of both sides with every length to 71, and longer ones;
 * sometimes across a page's end.
 */
static void
b8_aligned(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	uint64_t size = UINT64_C(1) << e->mode->page_shift;
	uint64_t edge = emu_page(e, 2), buffer = buffer_alloc(e, 2) + 64;
	bool write = c->number != 0;
	uint64_t len, pa;

	fill(e, edge - size, 3 * size, 5);
	for (unsigned i = 0; i < 64 * 73; i++) {
		pa = edge - 8 * (i % 11) + i / 8 % 8;
		len = i / 64 < 72 ? i / 64 : 100 + 9 * (i % 64);
		check_range(e, c->type, write, pa, buffer + i % 8, len);
	}
	check_idle(e);
}

/* One access: its attribute, width, and where it is in its page. */
static void
check_one(struct emu *e, unsigned attr, bool write, uint64_t width,
    uint64_t offset, uint64_t buffer)
{
	uint64_t one = width < widest_of(e, attr) ? width : widest_of(e, attr);
	struct touched touched = check_range(e, attr, write,
	    emu_page(e, 2) + offset, buffer, width);

	CHECK_EQUAL(touched.accesses, width / one, "accesses to the page");
	CHECK_EQUAL(touched.plain, width / one, "plain accesses");
}

/*
 * An aligned access of a width that there is, of any memory: one load or store
 * of that width, wherever the buffer is.  With QPMAP_ATTR_WIDTH_4 eight bytes
 * are two.
 */
static void
b8_one(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	uint64_t size = UINT64_C(1) << e->mode->page_shift;
	uint64_t buffer = buffer_alloc(e, 2) + 64;

	for (uint64_t width = 1; width <= e->fact[FACT_WORD]; width *= 2) {
		for (unsigned i = 0; i < 64; i++) {
			check_one(e, c->type | (i < 32 ? 0 :
			    QPMAP_ATTR_WIDTH_4), i % 2 != 0, width,
			    i % 4 < 2 ? size - width : 16 * i + width,
			    buffer + i / 4 % 8);
		}
	}
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
	unsigned slots = (unsigned)e->fact[FACT_SLOTS];

	CHECK_EQUAL(EMU_CALL(e, "qpmap_selftest", "pp", pa[0], pa[1]),
	    EMU_RETURNED, "qpmap_selftest");
	CHECK_EQUAL((uint32_t)e->result, 0, "its result");
	check_idle(e);
	CHECK_EQUAL(EMU_CALL(e, "qpmap_selftest", "pp", pa[0], pa[0]),
	    EMU_RETURNED, "qpmap_selftest");
	CHECK_EQUAL((uint32_t)e->result, 6, "result for one page twice");
	for (unsigned i = 0; i < slots - 1; i++) {
		emu_enter(e, emu_page(e, 30 + i), c->type);
	}
	CHECK_EQUAL(EMU_CALL(e, "qpmap_selftest", "pp", pa[0], pa[1]),
	    EMU_RETURNED, "qpmap_selftest");
	CHECK_EQUAL((uint32_t)e->result, 6, "result for too few slots");
}

/* A page that keeps nothing: a store to it is undone before the next load. */
static void
selftest_lose(struct emu *e, uint64_t pc)
{
	(void)pc;
	emu_write(e, emu_page(e, 2) + 16, 1, 0);
}

static void
selftest_fails(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");

	(void)c;
	e->on_insn = selftest_lose;
	CHECK_EQUAL(EMU_CALL(e, "qpmap_selftest", "pp", emu_page(e, 1),
	    emu_page(e, 2)), EMU_RETURNED, "qpmap_selftest");
	e->on_insn = NULL;
	CHECK_EQUAL((uint32_t)e->result, 2, "result for a page of zeros");
	check_idle(e);
}

/* Several accesses, the last of which ends where addresses do. */
static void
b8_top(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	uint64_t size = UINT64_C(1) << e->mode->page_shift;
	uint64_t top = e->fact[FACT_WORD] == 4 ? UINT32_MAX : UINT64_MAX;
	uint64_t pa = emu_page(e, 2), memory = emu_page_alloc(e);

	fill(e, pa, size, 7);
	emu_map(e, top - size + 1, memory, false);
	CHECK_EQUAL(EMU_CALL(e, "qpmap_read", "pwww", pa,
	    QPMAP_ATTR_WRITE_BACK | QPMAP_ATTR_WIDTH_4, top - 15, 16),
	    EMU_RETURNED, "qpmap_read");
	CHECK(memcmp(emu_ram(e, memory + size - 16, 16), emu_ram(e, pa, 16),
	    16) == 0, "wrong bytes at the last addresses");
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
	contract_add_types(mode, b8_one, "B8/one");
	for (; type->layout != NULL; type++) {
		contract_add(mode, b8_zero, &(struct contract_case){
		    .layout = type->layout, .type = type->type, .number = 1 },
		    "B8/zero/width=4/attr=%s", contract_type_word(type->type));
		contract_add(mode, b8_copy, &(struct contract_case){
		    .layout = type->layout, .type = type->type, .number = 1 },
		    "B8/copy/width=4/attr=%s", contract_type_word(type->type));
		for (unsigned write = 0; write < 2; write++) {
			const struct contract_case range = {
			    .layout = type->layout, .type = type->type,
			    .number = write };

			contract_add(mode, b8_range, &range, "B8/%s/attr=%s",
			    write ? "write" : "read",
			    contract_type_word(type->type));
			contract_add(mode, b8_aligned, &range,
			    "B8/%s/aligned/attr=%s", write ? "write" : "read",
			    contract_type_word(type->type));
		}
	}
	contract_add(mode, b8_wrap, NULL, "B8/wrap");
	contract_add(mode, b8_top, NULL, "B8/top");
	contract_add_types(mode, c3_helpers, "C3/helpers");
	contract_add(mode, selftest, NULL, "selftest/passes");
	contract_add(mode, selftest_fails, NULL, "selftest/fails");
}
