/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rules of the game: C3, C4, C6, C8, C9, B1, B2, B6, B7, B13.
 */
#include <stdio.h>
#include <string.h>

#include "contract.h"

#define WORD 4

/* Pinned from enter to remove, balanced, and asked only while pinned. */
static void
c3_attr(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	uint64_t va[2];

	va[0] = emu_enter(e, emu_page(e, 1), c->type);
	CHECK_EQUAL(emu_depth(e), 1, "preemption depth");
	va[1] = emu_enter_ro(e, emu_page(e, 2), c->type);
	CHECK_EQUAL(emu_depth(e), 2, "preemption depth");
	emu_remove(e, va[1]);
	CHECK_EQUAL(emu_depth(e), 1, "preemption depth");
	emu_remove(e, va[0]);
	check_idle(e);
}

/* Pinned on entry already: the caller's depth comes back. */
static void
c3_nested(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	uint64_t va;

	CHECK_EQUAL(EMU_CALL(e, "qpmap_host_pin", ""), EMU_RETURNED, "pin");
	va = emu_enter(e, emu_page(e, 1), c->type);
	emu_remove(e, va);
	CHECK_EQUAL(emu_depth(e), 1, "preemption depth");
	CHECK_EQUAL(EMU_CALL(e, "qpmap_host_unpin", "w", emu_state_pa(e)),
	    EMU_RETURNED, "unpin");
	check_idle(e);
}

/* The host is strict: a remove without an enter is seen as a wrong query. */
static void
c3_unpinned(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	uint64_t va = emu_enter(e, emu_page(e, 1), c->type);

	emu_remove(e, va);
	CHECK_EQUAL(emu_unpinned_queries(e), 0, "queries while not pinned");
	EMU_CALL(e, "qpmap_remove", "w", va);
	check_panic(e, QPMAP_PANIC_REMOVE, va, 0);
	CHECK(emu_unpinned_queries(e) != 0, "the host did not notice");
}

/* The functions of quick.c; the others may share the end of a function. */
static bool
is_hot(const char *name)
{
	return (strcmp(name, "qpmap_enter") == 0 ||
	    strcmp(name, "qpmap_enter_ro") == 0 ||
	    strcmp(name, "qpmap_remove") == 0);
}

/*
 * No loop: nothing was executed twice, and on the hot path no branch went
 * backwards.  The host's functions may be called more than once.
 */
static void
check_path(struct emu *e)
{
	for (size_t i = 0; i < e->path_count; i++) {
		const char *name = emu_symbol_at(e, e->path[i]);

		if (strncmp(name, "qpmap_host_", 11) == 0) {
			continue;
		}
		for (size_t j = i; j-- > 0;) {
			CHECK(e->path[j] != e->path[i],
			    "0x%llx in %s was executed twice",
			    (unsigned long long)e->path[i], name);
			CHECK(!is_hot(name) || e->path[j] < e->path[i] ||
			    strcmp(emu_symbol_at(e, e->path[j]), name) != 0,
			    "branch back to 0x%llx in %s",
			    (unsigned long long)e->path[i], name);
		}
	}
}

/* Instructions of one enter and its remove; checks both paths. */
static uint64_t
count_pair(struct emu *e, uint64_t pa, unsigned attr, bool ro)
{
	uint64_t count, va;

	emu_record(e, EMU_REC_PATH);
	va = ro ? emu_enter_ro(e, pa, attr) : emu_enter(e, pa, attr);
	count = e->insn_count;
	check_path(e);
	emu_record(e, EMU_REC_PATH);
	emu_remove(e, va);
	check_path(e);
	emu_record_end(e);
	return (count + e->insn_count);
}

/* The number of CPUs, the slot and the page make no difference. */
static void
c4_attr(const struct contract_case *c)
{
	static const unsigned windows[] = { 1, 64 };
	uint64_t count[2] = { 0, 0 };

	for (unsigned i = 0; i < 2; i++) {
		struct emu *e = contract_begin(c, "std");
		unsigned slots = (unsigned)e->fact[FACT_SLOTS];

		e->config[WIRE_CONFIG_CPUS] = windows[i];
		CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
		CHECK_EQUAL(emu_online(e, windows[i] - 1, 0), QPMAP_OK,
		    "qpmap_cpu_online");
		for (unsigned slot = 0; slot < slots; slot++) {
			for (unsigned ro = 0; ro < 2; ro++) {
				uint64_t now = count_pair(e,
				    emu_page(e, 77 * slot), c->type, ro);

				if (count[ro] == 0) {
					count[ro] = now;
				}
				CHECK_EQUAL(now, count[ro], "instructions");
			}
			emu_enter(e, emu_page(e, slot), c->type);
		}
		if (i == 0) {
			contract_close();
		}
	}
}

/* With one slot a nested enter is the caller's bug, both pages named. */
static void
c6_nested(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "slots1");
	uint64_t first = emu_page(e, 3), second = emu_page(e, 4);
	uint64_t va = emu_enter(e, first, c->type);

	CHECK_EQUAL(e->fact[FACT_SLOTS], 1, "slots");
	check_load(e, va, WORD, contract_tag(e, first));
	EMU_CALL(e, "qpmap_enter", "pw", second, c->type);
	check_panic(e, QPMAP_PANIC_NESTED, second, first);
	EMU_CALL(e, "qpmap_enter_ro", "pw", second, c->type);
	check_panic(e, QPMAP_PANIC_NESTED, second, first);
}

/* With one slot, one after the other is as good as ever. */
static void
c6_single(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "slots1");

	for (unsigned i = 0; i < 5; i++) {
		uint64_t pa = emu_page(e, i);
		uint64_t va = emu_enter(e, pa, c->type);

		check_leaf(e, va, pa, c->type, true);
		check_load(e, va, WORD, contract_tag(e, pa));
		emu_remove(e, va);
		check_nothing(e, va);
	}
	check_idle(e);
}

static void
c8_held(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	unsigned slots = (unsigned)e->fact[FACT_SLOTS];

	CHECK_EQUAL(emu_held(e), 0, "held before online");
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_OK, "qpmap_cpu_online");
	for (unsigned i = 0; i < slots; i++) {
		CHECK_EQUAL(emu_held(e), i, "held");
		emu_enter(e, emu_page(e, i), c->type);
	}
	for (unsigned i = slots; i > 0; i--) {
		CHECK_EQUAL(emu_held(e), i, "held");
		emu_remove(e, emu_slot_va(e, i));
	}
	check_idle(e);
	EMU_CALL(e, "qpmap_cpu_offline", "w", emu_state_pa(e));
	CHECK_EQUAL(emu_held(e), 0, "held after offline");
}

/* A checked build asks the host before anything changes. */
static void
c9_checked(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "slots1");
	uint64_t pa = emu_page(e, 6), va;

	CHECK_EQUAL(e->fact[FACT_CHECKED], 1, "checked");
	emu_set64(e, "guest_not_pinned", 0, pa);
	EMU_CALL(e, "qpmap_enter", "pw", pa, c->type);
	check_panic(e, QPMAP_PANIC_NOT_WIRED, pa, c->type);
	EMU_CALL(e, "qpmap_enter_ro", "pw", pa, c->type);
	check_panic(e, QPMAP_PANIC_NOT_WIRED, pa, c->type);
	check_idle(e);
	va = emu_enter(e, emu_page(e, 7), c->type);
	check_leaf(e, va, emu_page(e, 7), c->type, true);
	emu_remove(e, va);
	check_idle(e);
}

/* Removing anything but the newest mapping's address panics. */
static void
check_remove_panics(struct emu *e, uint64_t va, uint64_t newest)
{
	EMU_CALL(e, "qpmap_remove", "w", va);
	check_panic(e, QPMAP_PANIC_REMOVE, va, newest);
}

static void
b1_wrong(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	uint64_t size = UINT64_C(1) << e->mode->page_shift;
	uint64_t word = e->fact[FACT_WORD] == 4 ? 0xffffffff : EMU_X0;
	uint64_t window = e->fact[FACT_WINDOW_PAGES] * size;
	uint64_t va[2];

	check_remove_panics(e, emu_slot_va(e, 1), 0);	/* never entered */
	check_remove_panics(e, 0, 0);
	va[0] = emu_enter(e, emu_page(e, 1), c->type);
	va[1] = emu_enter(e, emu_page(e, 2), c->type);
	check_remove_panics(e, va[0], va[1]);		/* wrong order */
	check_remove_panics(e, va[1] + 8, va[1]);	/* not aligned */
	check_remove_panics(e, va[1] + size, va[1]);	/* a guard */
	check_remove_panics(e, va[1] - size, va[1]);
	check_remove_panics(e, va[1] + 2 * size, va[1]); /* a free slot */
	check_remove_panics(e, va[1] + window, va[1]);	/* another CPU's */
	check_remove_panics(e, emu_page(e, 1), va[1]);	/* foreign */
	if (!e->arch->type_slow(e, c->type)) {
		check_remove_panics(e, ~va[1] & word, va[1]);
	}
	check_remove_panics(e, word, va[1]);
	check_load(e, va[0], WORD, contract_tag(e, emu_page(e, 1)));
	check_load(e, va[1], WORD, contract_tag(e, emu_page(e, 2)));
	CHECK_EQUAL(emu_held(e), 2, "mappings held");
	emu_remove(e, va[1]);
	check_remove_panics(e, va[1], va[0]);		/* twice */
	emu_remove(e, va[0]);
	check_remove_panics(e, va[0], 0);
}

/* The crash path: every slot empty and invalidated, and usable again. */
static void
b1_abandon(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	unsigned slots = (unsigned)e->fact[FACT_SLOTS];
	uint64_t va, pa = emu_page(e, 40);

	for (unsigned i = 1; i <= slots; i++) {
		va = emu_enter(e, emu_page(e, i), c->type);
		check_load(e, va, WORD, contract_tag(e, emu_page(e, i)));
	}
	CHECK_EQUAL(EMU_CALL(e, "qpmap_cpu_abandon", "w", emu_state_pa(e)),
	    EMU_RETURNED, "abandon");
	CHECK_EQUAL(emu_depth(e), slots, "preemption stays as it is");
	check_window_empty(e);
	for (unsigned i = 1; i <= slots; i++) {
		check_nothing(e, emu_slot_va(e, i));
	}
	va = emu_enter(e, pa, c->type);
	CHECK_EQUAL(va, emu_slot_va(e, 1), "first slot");
	check_load(e, va, WORD, contract_tag(e, pa));
	emu_remove(e, va);
	check_nothing(e, va);
	CHECK_EQUAL(emu_held(e), 0, "mappings held");
}

/*
 * The handler: enters two pages, uses and removes them, whatever it
 * interrupted.
 */
static void
handler(struct emu *e, unsigned attr)
{
	uint64_t pa[2] = { emu_page(e, 1001), emu_page(e, 1002) };
	uint64_t va[2];
	unsigned held = emu_held(e);

	va[0] = emu_enter(e, pa[0], attr);
	va[1] = emu_enter_ro(e, pa[1], attr);
	check_load(e, va[0], WORD, contract_tag(e, pa[0]));
	check_load(e, va[1], WORD, contract_tag(e, pa[1]));
	check_store(e, va[0] + 8, WORD, 0x600d);
	CHECK_EQUAL(emu_read(e, pa[0] + 8, WORD), 0x600d, "handler's store");
	emu_remove(e, va[1]);
	emu_remove(e, va[0]);
	check_nothing(e, va[0]);
	CHECK_EQUAL(emu_held(e), held, "held after the handler");
}

/* Interrupted before every instruction of enter, and of remove. */
static void
b2_attr(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	uint64_t pa = emu_page(e, 50), va = emu_slot_va(e, 1);
	uint64_t enter = emu_symbol(e, "qpmap_enter");
	uint64_t remove = emu_symbol(e, "qpmap_remove");
	uint64_t page[2] = { pa, c->type };
	uint64_t stop;

	for (stop = 0; emu_call_until(e, enter, "pw", page, stop) ==
	    EMU_PAUSED; stop++) {
		handler(e, c->type);
		CHECK_EQUAL(emu_resume(e), EMU_RETURNED, "enter's end");
		CHECK_EQUAL(e->result, va, "enter's address");
		check_leaf(e, va, pa, c->type, true);
		check_load(e, va, WORD, contract_tag(e, pa));
		emu_remove(e, va);
		check_idle(e);
	}
	CHECK(stop > 10, "enter has only %llu instructions",
	    (unsigned long long)stop);
	for (stop = 0;; stop++) {
		CHECK_EQUAL(emu_call_until(e, remove, "w", &va, stop) ==
		    EMU_PAUSED || e->status == EMU_RETURNED, 1, "remove");
		if (e->status == EMU_RETURNED) {
			break;
		}
		handler(e, c->type);
		CHECK_EQUAL(emu_resume(e), EMU_RETURNED, "remove's end");
		check_nothing(e, va);
		check_idle(e);
		CHECK_EQUAL(emu_enter(e, pa, c->type), va, "address");
		check_load(e, va, WORD, contract_tag(e, pa));
	}
	CHECK(stop > 8, "remove has only %llu instructions",
	    (unsigned long long)stop);
	check_idle(e);
}

/* An interrupt in enter or remove, and an NMI in the interrupt's enter. */
static void
b2_nmi(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	uint64_t enter = emu_symbol(e, "qpmap_enter");
	uint64_t outer[2] = { emu_page(e, 60), c->type };
	uint64_t inner[2] = { emu_page(e, 61), c->type };
	uint64_t va = emu_slot_va(e, 1);
	unsigned held;

	for (uint64_t i = 0; emu_call_until(e, enter, "pw", outer, i) ==
	    EMU_PAUSED; i++) {
		held = emu_held(e);
		for (uint64_t j = 0; emu_call_until(e, enter, "pw", inner,
		    j) == EMU_PAUSED; j++) {
			uint64_t nmi = emu_enter(e, emu_page(e, 62), c->type);

			check_load(e, nmi, WORD, contract_tag(e,
			    emu_page(e, 62)));
			emu_remove(e, nmi);
			CHECK_EQUAL(emu_resume(e), EMU_RETURNED, "enter");
			CHECK_EQUAL(e->result, emu_slot_va(e, held + 1),
			    "the interrupt's address");
			check_load(e, e->result, WORD, contract_tag(e,
			    emu_page(e, 61)));
			emu_remove(e, emu_slot_va(e, held + 1));
		}
		CHECK_EQUAL(e->status, EMU_RETURNED, "enter's end");
		emu_remove(e, e->result);
		CHECK_EQUAL(emu_resume(e), EMU_RETURNED, "outer enter");
		CHECK_EQUAL(e->result, va, "the thread's address");
		check_load(e, va, WORD, contract_tag(e, emu_page(e, 60)));
		emu_remove(e, va);
		check_idle(e);
	}
	CHECK_EQUAL(e->status, EMU_RETURNED, "enter's end");
}

/* Interrupted before every instruction of a copy across a page boundary. */
static void
b2_helpers(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	uint64_t edge = emu_page(e, 71), buffer = emu_page_alloc(e);
	uint64_t values[4] = { edge - 9, c->type, buffer + 3, 21 };
	uint8_t bytes[21];

	for (unsigned i = 0; i < sizeof(bytes); i++) {
		bytes[i] = (uint8_t)(3 * i + 1);
	}
	memcpy(emu_ram(e, edge - 9, sizeof(bytes)), bytes, sizeof(bytes));
	for (uint64_t stop = 0; emu_call_until(e, emu_symbol(e, "qpmap_read"),
	    "pwww", values, stop) == EMU_PAUSED; stop += 3) {
		handler(e, c->type);
		CHECK_EQUAL(emu_resume(e), EMU_RETURNED, "read's end");
		CHECK(memcmp(emu_ram(e, buffer + 3, sizeof(bytes)), bytes,
		    sizeof(bytes)) == 0, "wrong bytes");
		memset(emu_ram(e, buffer, 64), 0, 64);
		check_idle(e);
	}
	CHECK_EQUAL(e->status, EMU_RETURNED, "read's end");
}

/* What a store of enter or remove may touch. */
enum place { PLACE_STACK, PLACE_HOST, PLACE_NEXT, PLACE_SLOT, PLACE_ENTRY };

static enum place
place_of(struct emu *e, uint64_t pa)
{
	uint64_t state = emu_state_pa(e);
	uint64_t line = emu_slot_pte(e, 1) - e->mode->entry_size;
	uint64_t line_size = e->fact[FACT_WINDOW_PAGES] * e->mode->entry_size;

	if (strcmp(emu_symbol_at(e, pa), "guest_stack") == 0) {
		return (PLACE_STACK);
	}
	if (pa - state - e->fact[FACT_CPU_NEXT] < e->fact[FACT_WORD]) {
		return (PLACE_NEXT);
	}
	if (pa - state < e->fact[FACT_CPU_SIZE]) {
		return (PLACE_SLOT);
	}
	if (pa - line < line_size) {
		return (PLACE_ENTRY);
	}
	CHECK(pa - e->percpu < e->fact[FACT_PERCPU_STATE],
	    "store to 0x%llx (%s)", (unsigned long long)pa,
	    emu_symbol_at(e, pa));
	return (PLACE_HOST);
}

/* One CPU's pair: every store in its place; all lines its own. */
static void
b6_pair(struct emu *e, unsigned attr, bool special)
{
	uint64_t line = e->fact[FACT_CACHE_LINE];
	uint64_t va;

	CHECK_EQUAL(emu_state_pa(e) % line, 0, "state's alignment");
	CHECK_EQUAL((emu_slot_pte(e, 1) - e->mode->entry_size) % line, 0,
	    "leaf line's alignment");
	emu_record(e, EMU_REC_STORES);
	va = emu_enter(e, emu_page(e, 5), attr);
	emu_remove(e, va);
	emu_record_end(e);
	for (size_t i = 0; i < e->event_count; i++) {
		enum place place = place_of(e, e->events[i].a);

		CHECK(place != PLACE_SLOT || special,
		    "store to the state at 0x%llx, not to next",
		    (unsigned long long)e->events[i].a);
	}
}

/* Two CPUs: what one writes the other does not. */
static void
b6_attr(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	uint64_t line = e->fact[FACT_CACHE_LINE];
	uint64_t own[2][2];

	for (unsigned cpu = 0; cpu < 2; cpu++) {
		if (cpu == 1) {
			emu_cpu(e, 1);
			emu_boot(e);
			CHECK_EQUAL(emu_online(e, 1, 0), QPMAP_OK, "online");
		}
		b6_pair(e, c->type, e->arch->type_slow(e, c->type));
		own[cpu][0] = emu_state_pa(e) / line;
		own[cpu][1] = emu_slot_pte(e, 1) / line;
	}
	CHECK(own[0][0] != own[1][0] && own[0][1] != own[1][1],
	    "two CPUs write one line");
	CHECK(emu_state_pa(e) - e->fact[FACT_PERCPU_SIZE] +
	    e->fact[FACT_CPU_SIZE] <= emu_state_pa(e), "states overlap");
	CHECK(e->fact[FACT_CPU_SIZE] <= (e->fact[FACT_WORD] == 4 ? 64 : 128),
	    "state is %llu bytes", (unsigned long long)e->fact[FACT_CPU_SIZE]);
}

/*
 * B7: after each store, what a walker would read at the slot is the old entry,
 * the new one, or invalid.
 */
struct torn {
	uint64_t pte_pa;
	uint64_t now;		/* as memory is after the stores so far */
	uint64_t whole;		/* the entry when complete */
	unsigned stores;
	bool torn;
};

static void
b7_store(struct emu *e, uint64_t pa, unsigned size, uint64_t value)
{
	struct torn *torn = e->on_insn_arg;
	uint64_t offset = pa - torn->pte_pa;

	if (offset < e->mode->entry_size) {
		memcpy((uint8_t *)&torn->now + offset, &value, size);
		torn->stores++;
		if (e->arch->is_valid(e, torn->now) &&
		    torn->now != torn->whole) {
			torn->torn = true;
		}
	}
}

static void
b7_attr(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	unsigned size = e->mode->entry_size;
	struct torn torn = { .pte_pa = emu_slot_pte(e, 1) };
	uint64_t pa = emu_page(e, 5), va;

	/* PAE: a page whose address has bits in the upper half. */
	if (e->mode->high_base[0] != 0) {
		pa = emu_high_page(e, 0, 5);
	}
	va = emu_enter(e, pa, c->type);
	torn.whole = emu_read(e, torn.pte_pa, size);
	emu_remove(e, va);
	e->on_insn_arg = &torn;
	e->on_store = b7_store;
	CHECK_EQUAL(emu_enter(e, pa, c->type), va, "address");
	CHECK(torn.now == torn.whole && torn.stores != 0, "entry's stores");
	emu_remove(e, va);
	e->on_store = NULL;
	CHECK_EQUAL(torn.now, 0, "cleared entry");
	CHECK(!torn.torn, "a walker could see half of the entry");
	CHECK_EQUAL(torn.stores, 2 * size / (e->fact[FACT_WORD] < size ? 4 :
	    size), "stores to the entry");
}

/*
 * B13: only the host's data and, by init, the one structure are written.  A
 * CPU that comes or goes writes to a single cache line of that one.
 */
struct writes {
	bool init, cpu;
	char wrong[64];
	uint64_t state_stores;
	uint64_t line;		/* of the first such store; 0: none yet */
};

static bool
b13_may_write(struct emu *e, struct writes *writes, uint64_t pa)
{
	uint64_t line = pa / e->fact[FACT_CACHE_LINE];

	if (writes->cpu && writes->line == 0) {
		writes->line = line;
	}
	return (writes->init || (writes->cpu && line == writes->line));
}

static void
b13_store(struct emu *e, uint64_t pa, unsigned size, uint64_t value)
{
	struct writes *writes = e->on_insn_arg;
	const char *name = emu_symbol_at(e, pa);

	(void)size;
	(void)value;
	if (strcmp(name, "qpmap_direct") == 0 && writes->init) {
		return;
	}
	if (strcmp(name, "qpmap_state") == 0) {
		writes->state_stores++;
		if (!b13_may_write(e, writes, pa)) {
			snprintf(writes->wrong, sizeof(writes->wrong),
			    "qpmap_state");
		}
	} else if (name[0] != '\0' && strncmp(name, "guest_", 6) != 0) {
		snprintf(writes->wrong, sizeof(writes->wrong), "%s", name);
	}
}

static void
b13_writes(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	struct writes writes = { .init = true };
	uint64_t va;

	e->on_insn_arg = &writes;
	e->on_store = b13_store;
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	CHECK(writes.state_stores != 0, "init wrote nothing");
	writes.init = false;
	writes.cpu = true;
	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_OK, "qpmap_cpu_online");
	writes.cpu = false;
	for (const struct contract_type *type = contract_types(e->mode);
	    type->layout != NULL; type++) {
		if (type->layout == c->layout) {
			va = emu_enter(e, emu_page(e, 1), type->type);
			emu_remove(e, va);
			va = emu_enter_ro(e, emu_page(e, 1), type->type);
			emu_remove(e, va);
		}
	}
	EMU_CALL(e, "qpmap_zero_page", "pw", emu_page(e, 1), c->type);
	CHECK_EQUAL(EMU_CALL(e, "qpmap_selftest", "pp", emu_page(e, 1),
	    emu_page(e, 2)), EMU_RETURNED, "selftest");
	EMU_CALL(e, "qpmap_cpu_abandon", "w", emu_state_pa(e));
	writes.cpu = true;
	EMU_CALL(e, "qpmap_cpu_offline", "w", emu_state_pa(e));
	CHECK(writes.wrong[0] == '\0', "a store to %s", writes.wrong);
}

/* The same rules with QPMAP_SHOOTDOWN=1, which must cost them nothing. */
static void
rules_with_shootdown(const struct emu_mode *mode,
    void (*run)(const struct contract_case *c), const char *what)
{
	static const char *const variant[2] = { "smp", "smp-bench" };
	const struct contract_type *type = contract_types(mode);

	for (; type->layout != NULL; type++) {
		for (unsigned i = 0; i < 2; i++) {
			contract_add(mode, run, &(struct contract_case){
			    .layout = type->layout, .type = type->type,
			    .variant = variant[i] },
			    "%s/shootdown=1/hooks=%s/attr=%s", what,
			    i == 0 ? "call" : "inline",
			    contract_type_word(type->type));
		}
	}
}

void
contract_rules_cases(const struct emu_mode *mode)
{
	rules_with_shootdown(mode, c4_attr, "C4");
	rules_with_shootdown(mode, b1_wrong, "B1/wrong-address");
	rules_with_shootdown(mode, b2_attr, "B2");
	rules_with_shootdown(mode, b6_attr, "B6");
	rules_with_shootdown(mode, b7_attr, "B7");
	contract_add_types(mode, c3_attr, "C3");
	contract_add_inline(mode, c3_attr, "C3");
	contract_add_types(mode, c3_nested, "C3/pinned-before");
	contract_add(mode, c3_unpinned, NULL, "C3/unpinned-query");
	contract_add_types(mode, c4_attr, "C4");
	contract_add_inline(mode, c4_attr, "C4");
	contract_add_types(mode, c6_nested, "C6/nested");
	contract_add_types(mode, c6_single, "C6");
	contract_add(mode, c8_held, NULL, "C8/held");
	contract_add_types(mode, c9_checked, "C9");
	contract_add_types(mode, b1_wrong, "B1/wrong-address");
	contract_add_inline(mode, b1_wrong, "B1/wrong-address");
	contract_add_types(mode, b1_abandon, "B1/abandon");
	contract_add_types(mode, b2_attr, "B2");
	contract_add_inline(mode, b2_attr, "B2");
	contract_add_types(mode, b2_nmi, "B2/nmi");
	contract_add_types(mode, b2_helpers, "B2/read");
	contract_add_types(mode, b6_attr, "B6");
	contract_add_inline(mode, b6_attr, "B6");
	contract_add_types(mode, b7_attr, "B7");
	contract_add_inline(mode, b7_attr, "B7");
	contract_add(mode, b13_writes, NULL, "B13/writes");
}
