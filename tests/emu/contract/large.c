/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Large pages, by the MMU: B18.
 */
#include <stdio.h>
#include <string.h>

#include "contract.h"

#define WORD 4

static uint64_t
large_size(struct emu *e)
{
	return (UINT64_C(1) << (e->mode->page_shift + e->mode->table_shift));
}

/* Large test page number n. */
static uint64_t
large_page(struct emu *e, unsigned n)
{
	uint64_t size = large_size(e);

	return (((e->mode->pages_base + size - 1) & ~(size - 1)) + n * size);
}

static uint64_t
large_va(struct emu *e, unsigned window, unsigned slot)
{
	return (e->config[WIRE_LARGE_VA] + large_size(e) *
	    (window * e->fact[FACT_LARGE_ENTRIES] + 2 * slot - 1));
}

/* Where the entry of va is: one level above the leaf tables, whatever it is. */
static uint64_t
large_pte(struct emu *e, uint64_t va)
{
	struct emu_level levels[EMU_MAX_LEVELS];
	unsigned count = emu_walk(e, va, levels);

	CHECK_EQUAL(levels[count - 1].level, 1, "level of the entry");
	return (levels[count - 1].entry_pa);
}

static uint64_t
large_enter(struct emu *e, uint64_t pa, unsigned attr, bool writable)
{
	CHECK_EQUAL(EMU_CALL(e, writable ? "qpmap_large_enter" :
	    "qpmap_large_enter_ro", "pw", pa, attr), EMU_RETURNED, "enter");
	return (e->result);
}

static void
large_remove(struct emu *e, uint64_t va)
{
	CHECK_EQUAL(EMU_CALL(e, "qpmap_large_remove", "w", va), EMU_RETURNED,
	    "remove");
}

/* The entry of a page with the same properties, for the decoder. */
static uint64_t
large_as_page(struct emu *e, uint64_t entry)
{
	if (e->arch == &emu_arm64) {
		CHECK_EQUAL(entry & 3, 1, "a block");
		return (entry | 2);
	}
	if (e->arch == &emu_riscv64) {
		return (entry);
	}
	CHECK_EQUAL(entry & 0x80, 0x80, "PS");
	return ((entry & ~UINT64_C(0x1080)) | (entry & 0x1000) >> 5);
}

static void
large_check_leaf(struct emu *e, uint64_t va, uint64_t pa, unsigned type,
    bool writable)
{
	const char *name = e->arch->type_name(e, type);
	struct emu_leaf leaf = { .valid = false };

	e->arch->decode_leaf(e, large_as_page(e, emu_read(e, large_pte(e, va),
	    e->mode->entry_size)), &leaf);
	CHECK(leaf.valid, "entry is not valid");
	CHECK_EQUAL(leaf.pa, pa, "address in the entry");
	CHECK(name != NULL && strcmp(leaf.type, name) == 0,
	    "memory type %s, not %s", leaf.type, name);
	CHECK_EQUAL(leaf.writable, writable, "writable");
	CHECK_EQUAL(leaf.executable, !e->mode->has_nx, "executable");
	CHECK(!leaf.user, "user entry");
	CHECK(leaf.accessed, "A is not set");
	CHECK(leaf.dirty == (writable || !e->arch->clean_if_ro), "D");
	CHECK_EQUAL(leaf.rest, 0, "other bits of the entry");
}

/* Places in a large page: its ends, the ends of pages, the middle. */
static unsigned
large_places(struct emu *e, uint64_t offset[6])
{
	uint64_t size = large_size(e);
	uint64_t page = UINT64_C(1) << e->mode->page_shift;

	offset[0] = 0;
	offset[1] = page - 8;
	offset[2] = page;
	offset[3] = size / 2;
	offset[4] = size - page;
	offset[5] = size - 8;
	return (6);
}

/* Bytes go both ways, all over the large page. */
static void
large_check_contents(struct emu *e, uint64_t va, uint64_t pa, bool writable)
{
	uint64_t offset[6];
	unsigned count = large_places(e, offset);

	for (unsigned i = 0; i < count; i++) {
		emu_write(e, pa + offset[i], 8, pa ^ offset[i] ^ 0x1234567);
		check_load(e, va + offset[i], WORD,
		    pa ^ offset[i] ^ 0x1234567);
		if (writable) {
			check_store(e, va + offset[i], WORD, i + 0xabc);
			CHECK_EQUAL(emu_read(e, pa + offset[i], WORD),
			    i + 0xabc, "value stored");
		} else {
			check_faults(e, va + offset[i], EMU_WRITE, true);
		}
	}
	if (e->mode->has_nx) {
		check_faults(e, va, EMU_FETCH, true);
	}
}

static void
large_check_nothing(struct emu *e, uint64_t va)
{
	uint64_t offset[6];
	unsigned count = large_places(e, offset);

	for (unsigned i = 0; i < count; i++) {
		check_nothing(e, va + offset[i]);
	}
	CHECK_EQUAL(emu_read(e, large_pte(e, va), e->mode->entry_size), 0,
	    "cleared entry");
}

static void
large_check_idle(struct emu *e)
{
	for (unsigned i = 0; i < e->fact[FACT_LARGE_ENTRIES]; i++) {
		CHECK_EQUAL(emu_read(e, large_pte(e, e->config[WIRE_LARGE_VA] +
		    i * large_size(e)), e->mode->entry_size), 0,
		    "an entry of the large window");
	}
	check_idle(e);
}

/* Contents, both protections, guards on both sides. */
static void
large_attr(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "large");

	for (unsigned i = 0; i < 4; i++) {
		uint64_t pa = large_page(e, i / 2), va;

		va = large_enter(e, pa, c->type, i % 2 == 0);
		CHECK_EQUAL(va, large_va(e, 0, 1), "address of the slot");
		large_check_leaf(e, va, pa, c->type, i % 2 == 0);
		large_check_contents(e, va, pa, i % 2 == 0);
		large_check_nothing(e, va - large_size(e));
		large_check_nothing(e, va + large_size(e));
		check_nothing(e, va - 4);
		CHECK_EQUAL(emu_depth(e), 1, "preemption depth");
		large_remove(e, va);
		large_check_nothing(e, va);
		large_check_idle(e);
	}
}

/* Every slot, beside the window's, and one too many. */
static void
large_nesting(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "large");
	unsigned slots = (unsigned)e->fact[FACT_LARGE_SLOTS];
	uint64_t page = 0, pa = 0;

	for (unsigned i = 1; i <= slots; i++) {
		pa = large_page(e, i % 2);
		CHECK_EQUAL(large_enter(e, pa, c->type, true),
		    large_va(e, 0, i), "address of the slot");
		if (i == 1) {
			page = emu_enter(e, emu_page(e, 5), c->type);
		}
	}
	CHECK_EQUAL(emu_held(e), slots + 1, "mappings held");
	for (unsigned i = 1; i <= slots; i++) {
		large_check_contents(e, large_va(e, 0, i),
		    large_page(e, i % 2), true);
	}
	emu_remove(e, page);
	for (unsigned i = slots; i > 1; i--) {
		large_remove(e, large_va(e, 0, i));
		large_check_nothing(e, large_va(e, 0, i));
		large_check_contents(e, large_va(e, 0, i - 1),
		    large_page(e, (i - 1) % 2), true);
	}
	large_remove(e, large_va(e, 0, 1));
	large_check_idle(e);
	for (unsigned i = 1; i <= slots; i++) {
		large_enter(e, pa, c->type, true);
	}
	EMU_CALL(e, "qpmap_large_enter", "pw", large_page(e, 0), c->type);
	check_panic(e, QPMAP_PANIC_LARGE_FULL, large_page(e, 0), pa);
}

/* A handler that enters and removes a large page and a page. */
static void
large_handler(struct emu *e, unsigned attr)
{
	uint64_t pa = large_page(e, 1), va = large_enter(e, pa, attr, true);
	uint64_t page = emu_enter(e, emu_page(e, 7), attr);

	check_load(e, page, WORD, contract_tag(e, emu_page(e, 7)));
	emu_write(e, pa, 8, 0x600d);
	check_load(e, va, WORD, 0x600d);
	check_store(e, va + large_size(e) - 8, WORD, 0xbeef);
	CHECK_EQUAL(emu_read(e, pa + large_size(e) - 8, WORD), 0xbeef,
	    "handler's store");
	emu_remove(e, page);
	large_remove(e, va);
	check_nothing(e, va);
}

/* It comes before every instruction of enter and remove. */
static void
large_interrupt(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "large");
	uint64_t pa = large_page(e, 0), stop, va = large_va(e, 0, 1);
	uint64_t enter = emu_symbol(e, c->number != 0 ?
	    "qpmap_large_enter_ro" : "qpmap_large_enter");
	uint64_t remove = emu_symbol(e, "qpmap_large_remove");

	for (stop = 0; emu_call_until(e, enter, "pw",
	    (const uint64_t[]){ pa, c->type }, stop) == EMU_PAUSED; stop++) {
		large_handler(e, c->type);
		CHECK_EQUAL(emu_resume(e), EMU_RETURNED, "enter's end");
		CHECK_EQUAL(e->result, va, "address of the slot");
		large_check_leaf(e, va, pa, c->type, c->number == 0);
		check_load(e, va + 8, WORD, emu_read(e, pa + 8, 8));
		large_remove(e, va);
		check_nothing(e, va);
	}
	CHECK(stop > 15, "enter has only %u instructions", (unsigned)stop);
	CHECK_EQUAL(e->status, EMU_RETURNED, "enter's end");
	for (stop = 0; emu_call_until(e, remove, "w",
	    (const uint64_t[]){ va }, stop) == EMU_PAUSED; stop++) {
		large_handler(e, c->type);
		CHECK_EQUAL(emu_resume(e), EMU_RETURNED, "remove's end");
		check_nothing(e, va);
		check_nothing(e, va + large_size(e) / 2);
		CHECK_EQUAL(large_enter(e, pa, c->type, c->number == 0), va,
		    "address of the slot");
	}
	CHECK(stop > 10, "remove has only %u instructions", (unsigned)stop);
	large_check_idle(e);
}

static void
large_panics(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "large");
	uint64_t page = UINT64_C(1) << e->mode->page_shift;
	uint64_t pa = large_page(e, 0), va = large_va(e, 0, 1);
	uint64_t high = UINT64_C(1) << e->mode->pa_bits;

	EMU_CALL(e, "qpmap_large_enter", "pw", pa + page, c->type);
	check_panic(e, QPMAP_PANIC_LARGE_ALIGN, pa + page, c->type);
	EMU_CALL(e, "qpmap_large_enter_ro", "pw", pa + large_size(e) / 2,
	    c->type);
	check_panic(e, QPMAP_PANIC_LARGE_ALIGN, pa + large_size(e) / 2,
	    c->type);
	EMU_CALL(e, "qpmap_large_enter", "pw", pa + 1, c->type);
	check_panic(e, QPMAP_PANIC_ALIGN, pa + 1, c->type);
	if (e->mode->entry_size == 8) {
		EMU_CALL(e, "qpmap_large_enter", "pw", high, c->type);
		check_panic(e, QPMAP_PANIC_WIDTH, high, c->type);
	}
	EMU_CALL(e, "qpmap_large_enter", "pw", pa, 8);
	check_panic(e, QPMAP_PANIC_ATTR, pa, 8);
	EMU_CALL(e, "qpmap_large_remove", "w", va);
	check_panic(e, QPMAP_PANIC_LARGE_REMOVE, va, 0);
	CHECK_EQUAL(large_enter(e, pa, c->type, true), va, "address");
	EMU_CALL(e, "qpmap_large_remove", "w", va + page);
	check_panic(e, QPMAP_PANIC_LARGE_REMOVE, va + page, va);
	EMU_CALL(e, "qpmap_large_remove", "w", 0);
	check_panic(e, QPMAP_PANIC_LARGE_REMOVE, 0, va);
	large_remove(e, va);
	emu_write(e, large_pte(e, va), e->mode->entry_size, 4);
	EMU_CALL(e, "qpmap_large_enter", "pw", pa, c->type);
	check_panic(e, QPMAP_PANIC_PTE_USED, pa, 4);
}

/* Offline, abandon, and another CPU. */
static void
large_cpus(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "large");
	uint64_t pa = large_page(e, 0), va = large_va(e, 0, 1);

	large_enter(e, pa, c->type, true);
	emu_another(e, 1);
	CHECK_EQUAL(large_enter(e, pa, c->type, true), large_va(e, 1, 1),
	    "address of CPU 1's slot");
	large_check_contents(e, large_va(e, 1, 1), pa, true);
	emu_cpu(e, 0);
	large_check_contents(e, va, pa, true);
	EMU_CALL(e, "qpmap_cpu_offline", "w", emu_state_pa(e));
	check_panic(e, QPMAP_PANIC_HELD, 0, 1);
	CHECK_EQUAL(EMU_CALL(e, "qpmap_cpu_abandon", "w", emu_state_pa(e)),
	    EMU_RETURNED, "abandon");
	CHECK_EQUAL(emu_held(e), 0, "mappings held");
	large_check_nothing(e, va);
	CHECK_EQUAL(large_enter(e, large_page(e, 1), c->type, true), va,
	    "address of the slot");
	large_check_contents(e, va, large_page(e, 1), true);
	large_remove(e, va);
	CHECK_EQUAL(EMU_CALL(e, "qpmap_cpu_offline", "w", emu_state_pa(e)),
	    EMU_RETURNED, "offline");
	EMU_CALL(e, "qpmap_large_enter", "pw", pa, c->type);
	check_panic(e, QPMAP_PANIC_OFFLINE, pa, 0);
	emu_cpu(e, 1);
	large_check_contents(e, large_va(e, 1, 1), pa, true);
	large_remove(e, large_va(e, 1, 1));
}

/* All of it in the direct map, or not. */
static void
large_direct(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "large");
	uint64_t page = UINT64_C(1) << e->mode->page_shift;
	uint64_t pa = large_page(e, 0), va;

	e->config[WIRE_DIRECT_VA] = e->mode->direct_va;
	e->config[WIRE_DIRECT_PA] = pa;
	e->config[WIRE_DIRECT_SIZE] = 2 * large_size(e) - page;
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_OK, "qpmap_cpu_online");
	va = large_enter(e, pa, QPMAP_ATTR_WRITE_BACK, true);
	CHECK_EQUAL(va, e->mode->direct_va, "address in the direct map");
	CHECK_EQUAL(emu_depth(e), 0, "preemption depth");
	large_remove(e, va);
	CHECK_EQUAL(large_enter(e, pa + large_size(e),
	    QPMAP_ATTR_WRITE_BACK, true), large_va(e, 0, 1), "no room in it");
	large_remove(e, large_va(e, 0, 1));
	CHECK_EQUAL(large_enter(e, pa, QPMAP_ATTR_WRITE_BACK, false),
	    large_va(e, 0, 1), "read-only");
	large_remove(e, large_va(e, 0, 1));
	large_check_idle(e);
}

/*
 * Events of a call that matter, but for the stores that are not to the entry:
 * what is at the page's, or the large page's, is the same thing.
 */
struct large_events {
	struct emu_event event[64];
	unsigned count;
};

static void
large_collect(struct emu *e, struct large_events *events, uint64_t pte_pa,
    uint64_t va)
{
	events->count = 0;
	for (size_t i = 0; i < e->event_count; i++) {
		struct emu_event event = e->events[i];

		if (strcmp(event.name, "store") == 0) {
			if (event.a - pte_pa >= e->mode->entry_size) {
				continue;
			}
			event.a -= pte_pa;
			event.b = event.b != 0;
		} else if (event.a == va ||
		    event.a == (va >> 12 & ((UINT64_C(1) << 44) - 1))) {
			event.a = 1;
		} else if (event.a == pte_pa) {
			event.a = 2;
		}
		CHECK(events->count < 64, "too many events");
		events->event[events->count++] = event;
	}
}

/* A large page's pair executes what a page's does: one invalidation. */
static void
large_sequence_of(struct emu *e, unsigned attr)
{
	static struct large_events page[2], large[2];
	uint64_t va;

	emu_record(e, EMU_REC_STORES | EMU_REC_INSNS);
	va = emu_enter(e, emu_page(e, 3), attr);
	large_collect(e, &page[0], emu_slot_pte(e, 1), va);
	emu_record(e, EMU_REC_STORES | EMU_REC_INSNS);
	emu_remove(e, va);
	large_collect(e, &page[1], emu_slot_pte(e, 1), va);
	emu_record(e, EMU_REC_STORES | EMU_REC_INSNS);
	va = large_enter(e, large_page(e, 0), attr, true);
	large_collect(e, &large[0], large_pte(e, va), va);
	emu_record(e, EMU_REC_STORES | EMU_REC_INSNS);
	large_remove(e, va);
	large_collect(e, &large[1], large_pte(e, va), va);
	emu_record_end(e);
	for (unsigned i = 0; i < 2; i++) {
		CHECK_EQUAL(large[i].count, page[i].count, "events");
		for (unsigned j = 0; j < page[i].count; j++) {
			const struct emu_event *a = &page[i].event[j];
			const struct emu_event *b = &large[i].event[j];

			CHECK(strcmp(a->name, b->name) == 0, "%s, not %s",
			    b->name, a->name);
			CHECK_EQUAL(b->a, a->a, a->name);
			CHECK_EQUAL(b->b, a->b, a->name);
			CHECK_EQUAL(b->size, a->size, a->name);
		}
	}
	/* Mapped and cleared, and something besides the hooks. */
	CHECK(page[0].count >= 2 && page[1].count >= 4, "too few events");
}

static void
large_sequence(const struct contract_case *c)
{
	large_sequence_of(contract_ready(c, "large"), c->type);
}

static void
large_feature(const struct contract_case *c)
{
	const struct emu_feature *feature = c->arg;
	struct emu *e = contract_begin(c, "large");

	e->config[WIRE_FLAGS] |= feature->flag;
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_OK, "qpmap_cpu_online");
	large_sequence_of(e, c->type);
}

/* What init refuses, and the tables that it builds: none for the leaves. */
static void
large_init(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "large");
	struct emu_level levels[EMU_MAX_LEVELS];
	uint64_t va = e->config[WIRE_LARGE_VA], end, entry_pa;

	end = va + EMU_CPUS * e->fact[FACT_LARGE_ENTRIES] * large_size(e);
	e->config[WIRE_LARGE_VA] = va + large_size(e);
	CHECK_EQUAL(emu_init(e), QPMAP_ERR_LARGE_AREA, "misaligned");
	e->config[WIRE_LARGE_VA] = va;
	if (e->mode->levels == 2) {
		e->config[WIRE_FLAGS] &= ~(uint64_t)QPMAP_F_ONE_ROOT;
		CHECK_EQUAL(emu_init(e), QPMAP_ERR_LARGE_ROOT, "root entry");
		e->config[WIRE_FLAGS] |= QPMAP_F_ONE_ROOT;
	}
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	for (; va != end; va += large_size(e)) {
		CHECK_EQUAL(levels[emu_walk(e, va, levels) - 1].level, 1,
		    "level of the entry");
		CHECK_EQUAL(emu_read(e, large_pte(e, va),
		    e->mode->entry_size), 0, "an entry");
	}
	/* A table where a large leaf will be. */
	va -= 2 * large_size(e);
	entry_pa = large_pte(e, va);
	emu_write(e, entry_pa, e->mode->entry_size,
	    e->arch->make_table(e, emu_page_alloc(e), 1));
	CHECK_EQUAL(emu_init(e), QPMAP_ERR_WINDOW_MAPPED, "a table there");
	emu_write(e, entry_pa, e->mode->entry_size,
	    e->arch->make_large(e, large_page(e, 0), 1));
	CHECK_EQUAL(emu_init(e), QPMAP_ERR_WINDOW_MAPPED, "a leaf there");
	emu_write(e, entry_pa, e->mode->entry_size, 0);
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	/* Without large windows the rest works. */
	e->config[WIRE_LARGE_VA] = 0;
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_OK, "qpmap_cpu_online");
	emu_remove(e, emu_enter(e, emu_page(e, 1), 0));
	EMU_CALL(e, "qpmap_large_enter", "pw", large_page(e, 0), 0);
	check_panic(e, QPMAP_PANIC_OFFLINE, large_page(e, 0), 0);
}

void
contract_large_cases(const struct emu_mode *mode)
{
	const struct contract_type *type = contract_types(mode);
	const struct emu_feature *f;

	contract_add_types(mode, large_sequence, "B18/sequence");
	for (f = mode->arch->features; f->name != NULL; f++) {
		contract_add(mode, large_feature, &(struct contract_case){
		    .arg = f }, "B18/sequence/%s", f->name);
	}
	contract_add_types(mode, large_attr, "B18/contents");
	contract_add(mode, large_nesting, NULL, "B18/nesting");
	for (; type->layout != NULL; type++) {
		for (unsigned ro = 0; ro < 2; ro++) {
			contract_add(mode, large_interrupt,
			    &(struct contract_case){ .layout = type->layout,
			    .type = type->type, .number = ro },
			    "B18/interrupt/attr=%s/ro=%u",
			    contract_type_word(type->type), ro);
		}
	}
	contract_add_types(mode, large_panics, "B18/panics");
	contract_add_types(mode, large_cpus, "B18/cpus");
	contract_add(mode, large_direct, NULL, "B18/direct-map");
	contract_add(mode, large_init, NULL, "B18/init");
}
