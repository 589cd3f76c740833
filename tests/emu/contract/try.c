/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * B20, B21: copies that survive a fault.
 *
 * Before one of a call's accesses to a page, each in turn, the page is
 * withdrawn: its entry is cleared.  The access faults, and the harness is the
 * kernel's handler.
 */
#include <stdlib.h>
#include <string.h>

#include "contract.h"

#define TRY_AROUND 32

/* What is withdrawn, when, and what became of it. */
static struct {
	uint64_t first, last;		/* physical, whose accesses count */
	uint64_t entry;			/* where its entry is */
	uint64_t entry_was;
	unsigned good;			/* accesses before it is withdrawn */
	bool copying;			/* a loop has begun */
	bool due;
	bool no_address;		/* the fault has none */
	uint64_t tag;			/* the fault's address lacks it */
	bool refused;			/* qpmap_fault_resume() returned 0 */
	bool faulted;
	uint64_t va;			/* where */
	void (*in_handler)(struct emu *e);
} withdraw;

static struct emu *
try_ready(const struct contract_case *c)
{
	memset(&withdraw, 0, sizeof(withdraw));
	return (contract_ready(c, "large"));
}

static bool
is_loop(struct emu *e, uint64_t pc)
{
	return (pc == emu_symbol(e, "qpmap_try_bulk") ||
	    pc == emu_symbol(e, "qpmap_try_single") ||
	    pc == emu_symbol(e, "qpmap_try_4") ||
	    pc == emu_symbol(e, "qpmap_copy_bulk"));
}

static bool
withdraw_pause(struct emu *e, uint64_t pc)
{
	bool now = withdraw.due;

	if (!withdraw.copying && is_loop(e, pc)) {
		withdraw.copying = true;
		now = withdraw.good == 0;
	}
	withdraw.due = false;
	return (now);
}

static void
withdraw_access(struct emu *e, uint64_t pa)
{
	(void)e;
	if (withdraw.copying && pa - withdraw.first <=
	    withdraw.last - withdraw.first && withdraw.good != 0 &&
	    --withdraw.good == 0) {
		withdraw.due = true;
	}
}

static void
withdraw_store(struct emu *e, uint64_t pa, unsigned size, uint64_t value)
{
	(void)size;
	(void)value;
	withdraw_access(e, pa);
}

static void
watch(struct emu *e, bool on)
{
	e->pause_before = on ? withdraw_pause : NULL;
	e->on_load = on ? withdraw_access : NULL;
	e->on_store = on ? withdraw_store : NULL;
}

/* qpmap_fault_resume() of the last fault, whose call it is that goes on. */
static enum emu_status
handle(struct emu *e)
{
	unsigned word = (unsigned)e->fact[FACT_WORD];
	uint64_t at = emu_symbol(e, "guest_fault");
	uint64_t value[6] = { e->fault.pc, e->fault.va & ~withdraw.tag,
	    !withdraw.no_address };
	uint64_t pc = e->fault.pc;

	withdraw.faulted = true;
	for (unsigned i = 0; i < 3; i++) {
		uc_reg_read(e->uc, e->arch->fault_reg[i], &value[3 + i]);
	}
	emu_fault_keep(e);
	if (withdraw.in_handler != NULL) {
		withdraw.in_handler(e);
	}
	for (unsigned i = 0; i < 6; i++) {
		emu_write(e, at + i * word, word, value[i]);
	}
	CHECK_EQUAL(EMU_CALL(e, "qpmap_fault_resume", "w", at), EMU_RETURNED,
	    "qpmap_fault_resume");
	withdraw.refused = e->result == 0;
	withdraw.va = value[1];
	for (unsigned i = 0; i < 6; i++) {
		CHECK(i == 3 || emu_read(e, at + i * word, word) == value[i],
		    "word %u of struct qpmap_fault changed", i);
	}
	if (withdraw.refused) {
		/* The page comes back: the copy goes on as if nothing was. */
		emu_write(e, withdraw.entry, e->mode->entry_size,
		    withdraw.entry_was);
		return (emu_resume_at(e, pc, e->arch->fault_reg[0], value[3]));
	}
	return (emu_resume_at(e, e->result, e->arch->fault_reg[0],
	    emu_read(e, at + 3 * word, word)));
}

/*
 * One call, withdrawing what entry maps after that many accesses to the bytes
 * from first to last.  Whether an access then faulted; e->result is what the
 * call returned.
 */
static bool
try_call(struct emu *e, const char *name, const char *kinds,
    const uint64_t *values, unsigned good)
{
	enum emu_status status;

	withdraw.good = good;
	withdraw.copying = withdraw.due = withdraw.refused = false;
	withdraw.faulted = false;
	watch(e, true);
	status = emu_call(e, emu_symbol(e, name), kinds, values);
	watch(e, false);
	if (status == EMU_PAUSED) {
		withdraw.entry_was = emu_read(e, withdraw.entry,
		    e->mode->entry_size);
		emu_write(e, withdraw.entry, e->mode->entry_size, 0);
		emu_flush(e);
		status = emu_resume(e);
	}
	if (status == EMU_FAULTED) {
		CHECK(!e->fault.other, "no page fault: vector %llu",
		    (unsigned long long)e->fault.vector);
		status = handle(e);
	}
	CHECK_EQUAL(status, EMU_RETURNED, name);
	CHECK_EQUAL(emu_depth(e), 0, "preemption depth");
	return (withdraw.faulted);
}

static void
fill(struct emu *e, uint64_t pa, uint64_t size, unsigned seed)
{
	uint8_t *ram = emu_ram(e, pa, size);

	for (uint64_t i = 0; i < size; i++) {
		ram[i] = (uint8_t)(i * 37 + (i >> 8) * 11 + seed);
	}
}

/* Where a transfer is. */
struct transfer {
	bool write;
	bool buffer;		/* it is the buffer that is withdrawn */
	unsigned attr;
	uint64_t pa;
	uint64_t memory;	/* physical; mapped from scratch_va on */
	uint64_t va;
	uint64_t len;
};

/* A transfer's buffer, mapped apart from everything else. */
static void
map_buffer(struct emu *e, struct transfer *t)
{
	uint64_t mask = (UINT64_C(1) << e->mode->page_shift) - 1;

	t->memory = emu_page_alloc(e) + 64;
	t->va = e->mode->scratch_va + (t->memory & mask);
	emu_map(e, e->mode->scratch_va, t->memory & ~mask, false);
}

/* What must be in memory after a transfer of copied bytes. */
static void
check_bytes(const struct transfer *t, const uint8_t *to, const uint8_t *was,
    const uint8_t *from, uint64_t copied)
{
	CHECK(memcmp(to - TRY_AROUND, was, TRY_AROUND) == 0 &&
	    memcmp(to + t->len, was + TRY_AROUND + t->len, TRY_AROUND) == 0,
	    "stored outside: length %llu", (unsigned long long)t->len);
	CHECK(memcmp(to, from, copied) == 0, "wrong bytes: pa 0x%llx buffer "
	    "0x%llx length %llu, %llu copied", (unsigned long long)t->pa,
	    (unsigned long long)t->memory, (unsigned long long)t->len,
	    (unsigned long long)copied);
}

/* A transfer once: whether it faulted. */
static bool
try_transfer(struct emu *e, const struct transfer *t, unsigned good)
{
	const uint64_t values[] = { t->pa, t->attr, t->va, t->len };
	uint8_t *page = emu_ram(e, t->pa, t->len);
	uint8_t *memory = emu_ram(e, t->memory, t->len);
	uint8_t *to = t->write ? page : memory;
	uint64_t mask = (UINT64_C(1) << e->mode->page_shift) - 1;
	uint64_t start = t->buffer ? t->va : emu_slot_va(e, 1) + (t->pa & mask);
	uint8_t was[2 * TRY_AROUND + 256];
	uint64_t copied, at;
	bool faulted;

	fill(e, t->write ? t->memory : t->pa, t->len, 13 * good + 5);
	memset(to, 0x5c, t->len);
	memcpy(was, to - TRY_AROUND, 2 * TRY_AROUND + t->len);
	withdraw.first = t->buffer ? t->memory : t->pa;
	withdraw.last = withdraw.first + t->len - 1;
	if (t->buffer) {
		/* The last one may not have come back. */
		emu_map(e, t->va & ~mask, t->memory & ~mask, false);
		CHECK(emu_leaf_at(e, t->va, &withdraw.entry, NULL), "no leaf");
	} else {
		withdraw.entry = emu_slot_pte(e, 1);
	}
	faulted = try_call(e, t->write ? "qpmap_try_write" : "qpmap_try_read",
	    "pwww", values, good);
	copied = t->len - e->result;
	check_bytes(t, to, was, t->write ? memory : page, copied);
	at = withdraw.va - start;
	if (!faulted || withdraw.refused) {
		CHECK_EQUAL(e->result, 0, "bytes not copied");
	} else {
		CHECK(at < t->len && copied <= at + 7 && at <= copied + 63 &&
		    copied < t->len, "faulted at %llu of %llu, %llu copied",
		    (unsigned long long)at, (unsigned long long)t->len,
		    (unsigned long long)copied);
	}
	CHECK(emu_read(e, emu_slot_pte(e, 1), e->mode->entry_size) == 0,
	    "an entry is left");
	return (faulted);
}

/* A fault at each access in turn, until there is none; how many. */
static unsigned
try_each(struct emu *e, const struct transfer *t)
{
	unsigned good = 0;

	while (try_transfer(e, t, good)) {
		CHECK_EQUAL(withdraw.refused, t->buffer || (t->write &&
		    withdraw.no_address), "refused");
		good++;
	}
	CHECK(good >= (t->len + 15) / 16, "only %u accesses for %llu bytes",
	    good, (unsigned long long)t->len);
	return (good);
}

/*
 * number: 1, write; 2 and 3, the buffer faults.  Every alignment of both sides,
 * or of other memory some.
 */
static void
b20_transfer(const struct contract_case *c)
{
	static const uint64_t lengths[] = { 1, 3, 4, 7, 8, 15, 16, 33, 72 };
	struct emu *e = try_ready(c);
	struct transfer t = { .write = c->number % 2 != 0,
	    .buffer = c->number >= 2, .attr = c->type };
	uint64_t memory, va;

	map_buffer(e, &t);
	memory = t.memory;
	va = t.va;
	for (unsigned i = 0; i < 64; i += c->type == QPMAP_ATTR_WRITE_BACK ?
	    1 : 5) {
		t.pa = emu_page(e, 1) + 128 + i / 8;
		t.memory = memory + i % 8;
		t.va = va + i % 8;
		for (unsigned l = 0; l < sizeof(lengths) / sizeof(*lengths);
		    l++) {
			t.len = lengths[l];
			try_each(e, &t);
		}
		if (i % 9 == 0) {
			t.len = 200;
			try_each(e, &t);
		}
	}
	check_idle(e);
}

/* A fault that has no address counts as the load's. */
static void
b21_no_address(const struct contract_case *c)
{
	struct emu *e = try_ready(c);
	struct transfer t = { .attr = c->type, .pa = emu_page(e, 1) + 131 };

	map_buffer(e, &t);
	withdraw.no_address = true;
	for (t.len = 4; t.len < 100; t.len = 3 * t.len + 1) {
		t.write = !t.write;
		try_each(e, &t);
	}
	check_idle(e);
}

/* arm64: the buffer's address has a tag, which the handler has taken off. */
static void
b21_tagged(const struct contract_case *c)
{
	struct emu *e = try_ready(c);
	struct transfer t = { .attr = c->type, .pa = emu_page(e, 1) + 131,
	    .len = 40, .buffer = true };

	map_buffer(e, &t);
	withdraw.tag = UINT64_C(0xf0) << 56;
	try_each(e, &t);
	check_idle(e);
}

/*
 * Page to page: a fault at each access of either, or with pages of 64 KiB at
 * many.  number: 1, the destination is withdrawn.
 */
static void
b20_copy(const struct contract_case *c)
{
	struct emu *e = try_ready(c);
	uint64_t size = UINT64_C(1) << e->mode->page_shift, copied, at;
	const uint64_t values[] = { emu_page(e, 3), c->type, emu_page(e, 1),
	    QPMAP_ATTR_WRITE_BACK };
	bool to = c->number != 0, faulted;
	uint8_t *page[2] = { emu_ram(e, values[2], size),
	    emu_ram(e, values[0], size) };
	unsigned good = 0, runs = 0;

	do {
		fill(e, values[2], size, good);
		memset(page[1], 0x5c, size);
		withdraw.first = to ? values[0] : values[2];
		withdraw.last = withdraw.first + size - 1;
		withdraw.entry = emu_slot_pte(e, to ? 2 : 1);
		faulted = try_call(e, "qpmap_try_copy_page", "pwpw", values,
		    good);
		copied = size - e->result;
		at = withdraw.va - emu_slot_va(e, to ? 2 : 1);
		CHECK(memcmp(page[0], page[1], copied) == 0, "wrong bytes");
		CHECK(!withdraw.refused, "refused");
		if (faulted) {
			CHECK(at < size && copied <= at && at <= copied + 63,
			    "faulted at %llu, %llu copied",
			    (unsigned long long)at,
			    (unsigned long long)copied);
		} else {
			CHECK_EQUAL(copied, size, "bytes copied");
		}
		runs++;
		good += c->type == QPMAP_ATTR_WRITE_BACK && (size == 4096 ||
		    at < 256 || at >= size - 256) ? 1 : size / 256 + 1;
	} while (faulted);
	CHECK(runs > 16, "only %u runs", runs);
	check_idle(e);
}

/*
 * Interrupts: in the middle of a copy, before each of its accesses, and in the
 * handler of its fault, another copy faults at each of its own.
 */
static void
nested(struct emu *e)
{
	static struct transfer t;
	void *before = withdraw.in_handler;
	unsigned held = emu_held(e);
	uint64_t outer = withdraw.entry, outer_was = withdraw.entry_was;
	uint64_t values[] = { emu_page(e, 7) + 3, t.attr, 0, 24 };
	uint64_t depth = emu_depth(e);
	enum emu_status status;

	withdraw.in_handler = NULL;
	values[2] = emu_symbol(e, "guest_pool");
	fill(e, values[0], 24, 77);
	/* The page behind it is withdrawn from the first access on. */
	withdraw.entry = emu_slot_pte(e, held + 1);
	withdraw.good = 0;
	withdraw.copying = withdraw.due = false;
	watch(e, true);
	status = emu_call(e, emu_symbol(e, "qpmap_try_read"), "pwww", values);
	watch(e, false);
	CHECK_EQUAL(status, EMU_PAUSED, "an interrupt's copy");
	withdraw.entry_was = emu_read(e, withdraw.entry, e->mode->entry_size);
	emu_write(e, withdraw.entry, e->mode->entry_size, 0);
	emu_flush(e);
	CHECK_EQUAL(emu_resume(e), EMU_FAULTED, "an interrupt's copy");
	CHECK_EQUAL(handle(e), EMU_RETURNED, "an interrupt's copy");
	CHECK(!withdraw.refused && e->result == 24, "%llu bytes not copied",
	    (unsigned long long)e->result);
	CHECK_EQUAL(emu_depth(e), depth, "depth after an interrupt");
	CHECK_EQUAL(emu_held(e), held, "held after an interrupt");
	withdraw.in_handler = before;
	withdraw.entry = outer;
	withdraw.entry_was = outer_was;
}

static void
b20_nested(const struct contract_case *c)
{
	struct emu *e = try_ready(c);
	struct transfer t = { .attr = c->type, .pa = emu_page(e, 1) + 131,
	    .len = 40 };
	const uint64_t values[] = { t.pa, t.attr, 0, t.len };
	uint64_t stop = 0;

	map_buffer(e, &t);
	withdraw.in_handler = nested;
	for (unsigned write = 0; write < 2; write++) {
		t.write = write != 0;
		try_each(e, &t);
	}
	withdraw.in_handler = NULL;
	/* At every instruction of a copy that meets no fault. */
	while (emu_call_until(e, emu_symbol(e, "qpmap_try_read"), "pwww",
	    (const uint64_t[]){ values[0], values[1], t.va, values[3] },
	    stop) == EMU_PAUSED) {
		nested(e);
		CHECK_EQUAL(emu_resume(e), EMU_RETURNED, "interrupted");
		CHECK_EQUAL(e->result, 0, "bytes not copied");
		CHECK(memcmp(emu_ram(e, t.memory, t.len),
		    emu_ram(e, t.pa, t.len), t.len) == 0, "wrong bytes");
		stop++;
	}
	CHECK(stop > 30, "only %llu instructions", (unsigned long long)stop);
	check_idle(e);
}

/* A plain copy's fault, and one of any other code, is refused. */
static void
b21_others(const struct contract_case *c)
{
	static const char *const plain[] = { "qpmap_read", "qpmap_write" };
	struct emu *e = try_ready(c);
	struct transfer t = { .attr = c->type, .pa = emu_page(e, 1) + 128,
	    .len = 40 };
	unsigned word = (unsigned)e->fact[FACT_WORD];
	uint64_t at = emu_symbol(e, "guest_fault"), pc;

	map_buffer(e, &t);
	withdraw.first = t.pa;
	withdraw.last = t.pa + t.len - 1;
	withdraw.entry = emu_slot_pte(e, 1);
	for (unsigned i = 0; i < 4; i++) {
		withdraw.no_address = i >= 2;
		CHECK(try_call(e, plain[i % 2], "pwww", (const uint64_t[]){
		    t.pa, t.attr, t.va, t.len }, i), "no fault in %s",
		    plain[i % 2]);
		CHECK(withdraw.refused, "a fault in %s is resumed",
		    plain[i % 2]);
		check_idle(e);
	}
	/* Registers as if everything could fault, around the loops. */
	for (unsigned i = 0; i < 6; i++) {
		emu_write(e, at + i * word, word, i < 3 ? 0 : 0x1003);
	}
	for (pc = emu_symbol(e, "qpmap_zero_bulk"); pc <
	    emu_symbol(e, "qpmap_zero_bulk") +
	    emu_symbol_size(e, "qpmap_zero_bulk"); pc++) {
		emu_write(e, at, word, pc);
		EMU_CALL(e, "qpmap_fault_resume", "w", at);
		CHECK_EQUAL(e->result, 0, "a fault in qpmap_zero_bulk");
	}
	for (pc = emu_symbol(e, "qpmap_at_return"); pc <
	    emu_symbol(e, "qpmap_try_bulk") +
	    emu_symbol_size(e, "qpmap_try_bulk"); pc++) {
		emu_write(e, at, word, pc);
		EMU_CALL(e, "qpmap_fault_resume", "w", at);
		CHECK_EQUAL(e->result, 0, "a fault behind the loop");
	}
}

/* The first page's entry leads to RAM: a machine has none at its last page. */
static void
wide_redirect(struct emu *e)
{
	uint64_t leaf = emu_slot_pte(e, 1);

	emu_write(e, leaf, e->mode->entry_size, e->arch->make_leaf(e,
	    emu_page(e, 5), false));
	emu_flush(e);
}

/*
 * An address that is too wide, or behind the last one there is, is a page that
 * faulted; what is before it is copied.
 */
static void
b21_wide(const struct contract_case *c)
{
	struct emu *e = try_ready(c);
	uint64_t limit = UINT64_C(1) << e->mode->pa_bits;
	uint64_t buffer = emu_page_alloc(e), size = UINT64_C(1) <<
	    e->mode->page_shift;
	unsigned pauses = 0;
	enum emu_status status;

	fill(e, emu_page(e, 5) + size - 8, 8, 3);
	withdraw.good = 0;
	withdraw.copying = withdraw.due = false;
	watch(e, true);
	status = EMU_CALL(e, "qpmap_try_read", "pwww", limit - 8, c->type,
	    buffer, 20);
	while (status == EMU_PAUSED) {
		wide_redirect(e);
		withdraw.copying = false;
		pauses++;
		status = emu_resume(e);
	}
	watch(e, false);
	CHECK_EQUAL(status, EMU_RETURNED, "a read of the last bytes");
	CHECK_EQUAL(e->result, 12, "bytes not copied");
	CHECK_EQUAL(pauses, 1, "pages mapped");
	CHECK(memcmp(emu_ram(e, buffer, 8), emu_ram(e, emu_page(e, 5) + size -
	    8, 8), 8) == 0, "wrong bytes");
	if (limit >> 31 > 2) {
		EMU_CALL(e, "qpmap_try_read", "pwww", limit, c->type, buffer,
		    4);
		CHECK_EQUAL(e->result, 4, "read of a wide address");
		EMU_CALL(e, "qpmap_try_write", "pwww", limit + 5, c->type,
		    buffer, 9);
		CHECK_EQUAL(e->result, 9, "write of a wide address");
		EMU_CALL(e, "qpmap_try_copy_page", "pwpw", limit, c->type,
		    emu_page(e, 1), c->type);
		CHECK_EQUAL(e->result, size, "copy to a wide address");
		EMU_CALL(e, "qpmap_try_copy_page", "pwpw", emu_page(e, 1),
		    c->type, limit, c->type);
		CHECK_EQUAL(e->result, size, "copy of a wide address");
	}
	check_idle(e);
}

void
contract_try_cases(const struct emu_mode *mode)
{
	static const char *const what[] = {
		"B20/read", "B20/write", "B21/read/buffer", "B21/write/buffer"
	};
	const struct contract_type *type = contract_types(mode);

	for (; type->layout != NULL; type++) {
		for (unsigned i = 0; i < 4; i++) {
			const struct contract_case transfer = {
			    .layout = type->layout, .type = type->type,
			    .number = i };

			contract_add(mode, b20_transfer, &transfer,
			    "%s/attr=%s", what[i],
			    contract_type_word(type->type));
		}
		for (unsigned i = 0; i < 2; i++) {
			contract_add(mode, b20_copy, &(struct contract_case){
			    .layout = type->layout, .type = type->type,
			    .number = i }, "B20/copy/%s/attr=%s",
			    i ? "to" : "from", contract_type_word(type->type));
		}
	}
	contract_add_types(mode, b20_nested, "B20/nested");
	contract_add_types(mode, b21_no_address, "B21/no-address");
	if (strcmp(mode->arch->name, "arm64") == 0) {
		contract_add(mode, b21_tagged, NULL, "B21/tagged");
	}
	contract_add(mode, b21_others, NULL, "B21/others");
	contract_add(mode, b21_wide, NULL, "B21/wide");
}
