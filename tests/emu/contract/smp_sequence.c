/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sequences of a build with QPMAP_SHOOTDOWN, as executed: what a CPU
 * invalidates, exactly; and in which order it reads and writes what CPUs have
 * in common.
 */
#include <string.h>

#include "sequence.h"
#include "smp.h"

#define EVERYTHING (EMU_REC_STORES | EMU_REC_LOADS | EMU_REC_INSNS)

static bool
begins(const char *name, const char *prefix)
{
	return (strncmp(name, prefix, strlen(prefix)) == 0);
}

/* Instructions that make a TLB invalidate, and on arm64 the barriers around. */
static bool
is_invalidation(const char *name)
{
	static const char *const prefix[] = {
		"invlpg", "invpcid", "mov cr", "wbinvd", "tlbi", "dsb", "isb",
		"dc ", "sys", "sfence.", "sinval", "ecall", "csrw", "msr"
	};

	for (size_t i = 0; i < sizeof(prefix) / sizeof(prefix[0]); i++) {
		if (begins(name, prefix[i])) {
			return (true);
		}
	}
	return (false);
}

/* Keep one CPU's events; of them, with only, those that it says. */
static void
keep(struct emu *e, unsigned cpu, bool (*only)(const char *name))
{
	size_t kept = 0;

	for (size_t i = 0; i < e->event_count; i++) {
		if (e->events[i].cpu == cpu &&
		    (only == NULL || only(e->events[i].name))) {
			e->events[kept++] = e->events[i];
		}
	}
	e->event_count = kept;
}

/*
 * Order.  The place of an event, from another on: name "" is any instruction
 * that invalidates, "full" a full fence; a store or load is told by its
 * address, anything else has address 0.
 */
static bool
is_event(const struct emu_event *event, const char *name, uint64_t at)
{
	if (strcmp(name, "") == 0) {
		return (is_invalidation(event->name));
	}
	if (strcmp(name, "full") == 0) {
		return (strcmp(event->name, "mfence") == 0 ||
		    strcmp(event->name, "lock") == 0 ||
		    strcmp(event->name, "fence rw,rw") == 0 ||
		    strcmp(event->name, "fence iorw,iorw") == 0 ||
		    strcmp(event->name, "amo.aqrl") == 0);
	}
	return (strcmp(event->name, name) == 0 &&
	    (event->size == 0 || event->a == at));
}

static size_t
find(const struct emu *e, size_t from, const char *name, uint64_t at)
{
	while (from < e->event_count &&
	    !is_event(&e->events[from], name, at)) {
		from++;
	}
	return (from);
}

static size_t
find_last(const struct emu *e, const char *name, uint64_t at)
{
	size_t i = e->event_count;

	while (i > 0 && !is_event(&e->events[i - 1], name, at)) {
		i--;
	}
	return (i == 0 ? e->event_count : i - 1);
}

/* It must be there; else all that was done is printed. */
static size_t
must_find(const struct emu *e, size_t from, const char *name, uint64_t at,
    const char *what)
{
	size_t i = find(e, from, name, at);

	if (i == e->event_count) {
		sequence_print("executed:", e->events, e->event_count);
		CHECK(false, "%s is not there, or too early", what);
	}
	return (i);
}

/* And it must not, between two places. */
static void
must_not_find(const struct emu *e, size_t from, size_t to, const char *name,
    uint64_t at, const char *what)
{
	if (find(e, from, name, at) < to) {
		sequence_print("executed:", e->events, e->event_count);
		CHECK(false, "%s: in the wrong place", what);
	}
}

/*
 * The machine for a shootdown test: with a feature, if arg is one, and with
 * what the CPU has besides, if number is not 0.
 */
static struct emu *
machine(const struct contract_case *c, unsigned cpus)
{
	const struct emu_feature *feature = c->arg;
	struct emu *e = contract_open(c, "smp", c->number % 2 != 0 ?
	    c->mode->arch->shootdown_boot_flag : 0);

	if (feature != NULL) {
		e->config[WIRE_FLAGS] |= feature->flag;
	}
	smp_start(e, cpus);
	return (e);
}

static void
expect(struct emu *e, enum emu_step step, uint64_t va, uint64_t pages,
    uint64_t pte_pa)
{
	struct emu_step_arg arg = { .va = va, .page_count = pages,
	    .pte_pa = pte_pa, .special = true,
	    .flags = (unsigned)e->config[WIRE_FLAGS] };

	e->expected_count = step == EMU_FLUSH_RANGE ? e->expected_count : 0;
	e->arch->expect(e, step, &arg);
}

/* Of a whole shootdown: what CPU 0 and CPU 1 invalidate, each. */
static void
shot_down(const struct contract_case *c)
{
	static const uint64_t count[] = { 1, 2, 3, 31, 32, 33, 64, 65, 511,
	    512, 513, 2047, 2048, 65537, 131072, 1000000 };
	struct emu *e = machine(c, 2);
	uint64_t va = e->mode->scratch_va, pages;

	for (size_t i = 0; i <= sizeof(count) / sizeof(count[0]); i++) {
		pages = i < sizeof(count) / sizeof(count[0]) ? count[i] :
		    smp_ones(e);
		for (unsigned cpu = 0; cpu < 2; cpu++) {
			emu_record(e, EVERYTHING);
			SMP_CALL(e, 0, "qpmap_shootdown", "www", va, pages, 0);
			emu_record_end(e);
			keep(e, cpu, is_invalidation);
			e->expected_count = 0;
			if (cpu == 0 || !e->arch->broadcasts) {
				emu_cpu(e, cpu);
				expect(e, EMU_FLUSH_RANGE, va, pages, 0);
			}
			sequence_check(e, cpu == 0 ? "CPU 0" : "CPU 1");
		}
		va += UINT64_C(0x3000) << (e->mode->page_shift - 12);
	}
}

/* Quiesce: everything, on every CPU; also where there are slots to reclaim. */
static void
quiesced(const struct contract_case *c)
{
	struct emu *e = machine(c, 3);
	uint64_t va;

	for (unsigned i = 0; i < 6; i++) {
		unsigned cpu = i % 3;

		if (i >= 3) {
			va = smp_global_enter(e, cpu, emu_page(e, i), 0);
			EMU_CALL(e, "qpmap_global_remove_deferred", "w", va);
			CHECK_EQUAL(e->status, EMU_RETURNED, "deferred");
		}
		emu_record(e, EVERYTHING);
		SMP_CALL(e, 1, "qpmap_quiesce", "");
		emu_record_end(e);
		keep(e, cpu, is_invalidation);
		emu_cpu(e, cpu);
		if (cpu == 1 || !e->arch->broadcasts) {
			expect(e, EMU_FLUSH_RANGE, 0, smp_ones(e), 0);
		}
		sequence_check(e, "quiesce");
	}
}

/*
 * TLBI by range, read by the manual's layout (Arm ARM, "TLBI RVAALE1IS"): TG
 * in bits 47:46, SCALE in 45:44, NUM in 43:39, TTL in 38:37, BaseADDR in 36:0;
 * (NUM + 1) * 2^(5 * SCALE + 1) pages.  What it covers, first and last page.
 */
static void
range_of(const struct emu *e, uint64_t operand, uint64_t *first,
    uint64_t *last)
{
	uint64_t tg = e->mode->page_shift == 12 ? 1 :
	    e->mode->page_shift == 14 ? 2 : 3;

	CHECK_EQUAL(operand >> 48, 0, "ASID");
	CHECK_EQUAL(operand >> 46 & 3, tg, "page size");
	CHECK_EQUAL(operand >> 37 & 3, 0, "TTL");
	*first = operand & ((UINT64_C(1) << 37) - 1);
	*last = *first + (((operand >> 39 & 31) + 1) <<
	    (5 * (operand >> 44 & 3) + 1)) - 1;
}

/* Together the operands are the pages asked for: all of them, and no other. */
static void
check_ranges(struct emu *e, uint64_t va, uint64_t pages)
{
	uint64_t next = va >> e->mode->page_shift &
	    ((UINT64_C(1) << 37) - 1);
	uint64_t end = next + pages, first, last;
	uint64_t shift = e->mode->page_shift - 12;

	emu_record(e, EVERYTHING);
	SMP_CALL(e, 0, "qpmap_shootdown", "www", va, pages, 0);
	emu_record_end(e);
	for (size_t i = 0; i < e->event_count; i++) {
		const struct emu_event *event = &e->events[i];

		if (strcmp(event->name, "tlbi rvaale1is") == 0) {
			range_of(e, event->a, &first, &last);
		} else if (strcmp(event->name, "tlbi vaale1is") == 0) {
			first = last = (event->a >> shift) &
			    ((UINT64_C(1) << 37) - 1);
		} else {
			CHECK(!begins(event->name, "tlbi"), "%s",
			    event->name);
			continue;
		}
		CHECK_EQUAL(first, next, "a range does not follow the last");
		next = last + 1;
	}
	CHECK_EQUAL(next, end, "the last range's end");
}

static void
ranges(const struct contract_case *c)
{
	static const uint64_t count[] = { 2047, 2048, 2049, 65535, 65536,
	    65537, 65600, 131071, 1000000, (1 << 21) - 1 };
	struct emu *e = machine(c, 1);
	uint64_t va = e->mode->scratch_va;

	for (uint64_t pages = 1; pages <= 130; pages++) {
		check_ranges(e, va + (pages << e->mode->page_shift), pages);
	}
	for (size_t i = 0; i < sizeof(count) / sizeof(count[0]); i++) {
		check_ranges(e, va, count[i]);
		check_ranges(e, va + (7ull << e->mode->page_shift), count[i]);
	}
}

/*
 * The initiator: entry cleared by the caller; number; ring; full fence; who is
 * online, who has acknowledged; interrupt; and only then its own part.
 */
static void
initiator(const struct contract_case *c)
{
	struct emu *e = machine(c, 2);
	uint64_t number = emu_shootdown_word(e, FACT_GENERATION) + 1;
	uint64_t generation = smp_at_shootdown(e, FACT_GENERATION);
	uint64_t online = smp_at_sync(e, 1, FACT_SYNC_ONLINE);
	uint64_t theirs = smp_at_sync(e, 1, FACT_SYNC_ACKNOWLEDGED);
	uint64_t mine = smp_at_sync(e, 0, FACT_SYNC_ACKNOWLEDGED);
	size_t at, fence, ipi;

	emu_record(e, EVERYTHING);
	SMP_CALL(e, 0, "qpmap_shootdown", "www", e->mode->scratch_va, 2, 0);
	emu_record_end(e);
	keep(e, 0, NULL);
	at = must_find(e, 0, "full", 0, "the fence before the number");
	at = must_find(e, at, "store", generation, "the number");
	CHECK_EQUAL(e->events[at].b, number, "the number");
	must_not_find(e, at + 1, e->event_count, "store", generation,
	    "another number");
	at = must_find(e, at, "store", smp_at_request(e, number,
	    FACT_REQUEST_GENERATION), "the place's claim");
	CHECK_EQUAL(e->events[at].b, 0, "the place while it is written");
	at = must_find(e, at, "store", smp_at_request(e, number,
	    FACT_REQUEST_VA), "the address");
	CHECK_EQUAL(e->events[at].b, e->mode->scratch_va & smp_ones(e),
	    "the address");
	at = must_find(e, at, "store", smp_at_request(e, number,
	    FACT_REQUEST_PAGES), "the pages");
	CHECK_EQUAL(e->events[at].b, 2, "the pages");
	at = must_find(e, at, "store", smp_at_request(e, number,
	    FACT_REQUEST_GENERATION), "the request's number");
	CHECK_EQUAL(e->events[at].b, number, "the request's number");
	fence = must_find(e, at, "full", 0, "the fence before the interrupt");
	must_not_find(e, 0, fence, "load", online, "a look who is online");
	must_not_find(e, 0, fence, "load", theirs, "a look who has answered");
	at = must_find(e, fence, "load", online, "a look who is online");
	at = must_find(e, at, "load", theirs, "a look who has answered");
	ipi = must_find(e, at, "ipi", 0, "the interrupt");
	CHECK_EQUAL(e->events[ipi].a, 1, "the window interrupted");
	must_not_find(e, ipi + 1, e->event_count, "ipi", 0, "another one");
	must_not_find(e, 0, ipi, "", 0, "this CPU's part");
	at = must_find(e, ipi, "", 0, "this CPU's part");
	must_not_find(e, 0, at, "store", mine, "this CPU's answer");
	at = must_find(e, find_last(e, "", 0), "store", mine,
	    "this CPU's answer");
	at = must_find(e, at, "load", theirs, "the wait");
	must_find(e, at, "unpin", 0, "the end");
}

/* What stands between requests and an x2APIC: MFENCE, LFENCE. */
static void
sending(const struct contract_case *c)
{
	struct emu *e = machine(c, 2);
	size_t at;

	emu_record(e, EVERYTHING);
	SMP_CALL(e, 0, "qpmap_shootdown", "www", e->mode->scratch_va, 2, 0);
	emu_record_end(e);
	keep(e, 0, NULL);
	expect(e, EMU_SENDING, 0, 0, 0);
	at = must_find(e, 0, e->expected[0].name, 0, "the fence");
	CHECK(at < find(e, 0, "ipi", 0), "no fence before the interrupt");
	for (size_t i = 0; i < e->expected_count; i++) {
		CHECK(strcmp(e->events[at + i].name, e->expected[i].name) ==
		    0, "%s, not %s", e->events[at + i].name,
		    e->expected[i].name);
	}
}

/*
 * A target: the number first, then the ring, then invalidate, then acknowledge;
 * the number is not read again.
 */
static void
target(const struct contract_case *c)
{
	struct emu *e = machine(c, 2);
	uint64_t generation = smp_at_shootdown(e, FACT_GENERATION);
	uint64_t mine = smp_at_sync(e, 1, FACT_SYNC_ACKNOWLEDGED);
	uint64_t number, ring;
	size_t at, first, last;

	SMP_CALL(e, 0, "qpmap_shootdown", "www", e->mode->scratch_va, 2, 0);
	SMP_BEGIN(e, 0, "qpmap_shootdown", "www", e->mode->scratch_va, 2, 0);
	number = emu_shootdown_word(e, FACT_GENERATION);
	ring = smp_at_request(e, number, FACT_REQUEST_GENERATION);
	emu_record(e, EVERYTHING);
	smp_interrupt(e, 1);
	emu_record_end(e);
	keep(e, 1, NULL);
	at = must_find(e, 0, "load", generation, "the newest number");
	at = must_find(e, at, "load", ring, "the request's number");
	at = must_find(e, at, "load", smp_at_request(e, number,
	    FACT_REQUEST_VA), "its address");
	at = must_find(e, at, "load", smp_at_request(e, number,
	    FACT_REQUEST_PAGES), "its pages");
	at = must_find(e, at, "load", ring, "its number again");
	first = must_find(e, at, "", 0, "an invalidation");
	last = find_last(e, "", 0);
	must_not_find(e, 0, at, "", 0, "an invalidation");
	must_not_find(e, first, e->event_count, "load", generation,
	    "the newest number read again");
	must_not_find(e, 0, last, "store", mine, "the answer");
	at = must_find(e, last, "store", mine, "the answer");
	CHECK_EQUAL(e->events[at].b, number, "the answer");
	must_not_find(e, at + 1, e->event_count, "store", mine, "another");
	/* It releases: an atomic of this kind, or a fence, is before it. */
	CHECK(find(e, last, "full", 0) < at || find(e, last, "sc.rl", 0) <
	    at || find(e, last, "sc.aqrl", 0) < at,
	    "the answer may overtake the invalidation");
	CHECK_EQUAL(smp_go_on(e, 0), EMU_RETURNED, "the initiator's end");
}

/*
 * A CPU joins: it says how far it is behind, that it is online, full fence,
 * and only then which requests it does not have to hear of any more.
 */
static void
joins(const struct contract_case *c)
{
	struct emu *e = machine(c, 1);
	uint64_t generation = smp_at_shootdown(e, FACT_GENERATION);
	uint64_t online = smp_at_sync(e, 1, FACT_SYNC_ONLINE);
	uint64_t mine = smp_at_sync(e, 1, FACT_SYNC_ACKNOWLEDGED);
	uint64_t number = emu_shootdown_word(e, FACT_GENERATION), window;
	size_t at, join, first, last;

	emu_cpu(e, 1);
	emu_boot(e);
	window = emu_state_pa(e) + e->fact[FACT_CPU_INDEX];
	emu_record(e, EVERYTHING);
	CHECK_EQUAL(emu_online(e, 1, 0), QPMAP_OK, "online");
	emu_record_end(e);
	keep(e, 1, NULL);
	at = must_find(e, 0, "store", online, "that the number is its own");
	CHECK_EQUAL(e->events[at].b, SMP_TAKEN, "online");
	at = must_find(e, at, "store", mine, "how far it is behind");
	CHECK((number - e->events[at].b) % (UINT64_C(1) << 32) >= 1 << 24,
	    "not far behind");
	must_find(e, 0, "store", window, "the number for interrupts");
	join = must_find(e, at, "store", online, "that it is online");
	CHECK_EQUAL(e->events[join].b, SMP_ONLINE, "online");
	must_not_find(e, 0, join, "store", mine + 1, "nothing");
	CHECK(find(e, 0, "store", window) < join,
	    "online before an interrupt finds its number");
	at = must_find(e, join, "full", 0, "the fence");
	at = must_find(e, at, "load", generation, "the newest number");
	must_not_find(e, 0, at, "", 0, "an invalidation");
	first = must_find(e, at, "", 0, "an invalidation");
	last = find_last(e, "", 0);
	must_not_find(e, first, e->event_count, "load", generation,
	    "the newest number read again");
	at = must_find(e, last, "store", mine, "the answer");
	CHECK_EQUAL(e->events[at].b, number, "the answer");
	keep(e, 1, is_invalidation);
	expect(e, EMU_ONLINE, 0, 0, 0);
	sequence_check(e, "online");
}

/* A CPU leaves: nobody waits for it any more, full fence, all invalidated. */
static void
leaves(const struct contract_case *c)
{
	struct emu *e = machine(c, 2);
	uint64_t online = smp_at_sync(e, 1, FACT_SYNC_ONLINE), slot;
	uint64_t window;
	size_t at, last;

	emu_cpu(e, 1);
	slot = emu_slot_pte(e, 1);
	window = emu_state_pa(e) + e->fact[FACT_CPU_INDEX];
	emu_record(e, EVERYTHING);
	EMU_CALL(e, "qpmap_cpu_offline", "w", emu_state_pa(e));
	CHECK_EQUAL(e->status, EMU_RETURNED, "offline");
	emu_record_end(e);
	keep(e, 1, NULL);
	last = find_last(e, "store", slot);
	CHECK(last < e->event_count, "the slot was not cleared");
	at = must_find(e, last, "store", online, "that it is offline");
	CHECK_EQUAL(e->events[at].b, SMP_TAKEN, "online");
	at = must_find(e, at, "full", 0, "the fence");
	last = must_find(e, at, "store", window, "no number for interrupts");
	CHECK_EQUAL(e->events[last].b, 0, "the CPU's window");
	must_not_find(e, at, last, "store", online, "the number free");
	last = must_find(e, last, "store", online, "that the number is free");
	CHECK_EQUAL(e->events[last].b, SMP_FREE, "online");
	must_not_find(e, last, e->event_count, "", 0, "an invalidation");
	memmove(e->events, e->events + at + 1,
	    (e->event_count - at - 1) * sizeof(*e->events));
	e->event_count -= at + 1;
	keep(e, 1, is_invalidation);
	expect(e, EMU_ONLINE, 0, 0, 0);
	sequence_check(e, "offline");
}

/* Where hardware tells the others, all of it is what tlb.md says. */
static void
broadcast_join(const struct contract_case *c)
{
	struct emu *e = machine(c, 1);

	emu_cpu(e, 1);
	emu_boot(e);
	emu_record(e, EVERYTHING);
	CHECK_EQUAL(emu_online(e, 1, 0), QPMAP_OK, "online");
	emu_record_end(e);
	keep(e, 1, is_invalidation);
	expect(e, EMU_ONLINE, 0, 0, 0);
	sequence_check(e, "online");
}

/* The leaf of a global slot. */
static uint64_t
slot_of(struct emu *e, uint64_t va)
{
	uint64_t slot;

	CHECK(emu_leaf_at(e, va, &slot, NULL), "no leaf");
	return (slot);
}

/* Stores to a slot, and what is between and behind: exact. */
static void
keep_slot(struct emu *e, unsigned cpu, uint64_t slot)
{
	size_t kept = 0;

	for (size_t i = 0; i < e->event_count; i++) {
		const struct emu_event *event = &e->events[i];

		if (event->cpu == cpu && (is_invalidation(event->name) ||
		    strcmp(event->name, "sfence") == 0 ||
		    strcmp(event->name, "fence iorw,iorw") == 0 ||
		    (strcmp(event->name, "store") == 0 &&
		    event->a - slot < e->mode->entry_size))) {
			e->events[kept++] = *event;
		}
	}
	e->event_count = kept;
}

/* A global mapping: filled, used; and on the way back cleared, and gone. */
static void
shared(const struct contract_case *c)
{
	struct emu *e = machine(c, 2);
	uint64_t used = smp_at_group(e, 1, FACT_GROUP_USED);
	uint64_t clean = smp_at_group(e, 1, FACT_GROUP_CLEAN);
	uint64_t dirty = smp_at_group(e, 1, FACT_GROUP_DIRTY);
	struct emu_step_arg arg = { .special = true, .page_count = 1,
	    .flags = (unsigned)e->config[WIRE_FLAGS] };
	size_t at, entry;

	/* CPU 0 begins to look in group 1. */
	emu_record(e, EVERYTHING);
	arg.va = smp_global_enter(e, 0, emu_page(e, 1), c->type);
	emu_record_end(e);
	arg.pte_pa = slot_of(e, arg.va);
	arg.bits = emu_read(e, arg.pte_pa, e->mode->entry_size);
	keep(e, 0, NULL);
	at = must_find(e, 0, "store", clean, "the slot taken");
	entry = must_find(e, at, "store", arg.pte_pa, "the entry");
	at = must_find(e, find_last(e, "store", arg.pte_pa), "store", used,
	    "the slot used");
	must_not_find(e, at, e->event_count, "", 0, "an invalidation");
	must_not_find(e, 0, entry, "store", used, "the slot used");
	keep_slot(e, 0, arg.pte_pa);
	e->arch->expect(e, EMU_MAP, &arg);
	e->arch->expect(e, EMU_POST_MAP, &arg);
	if (e->arch->poison != NULL && e->arch->poison->flag == 0) {
		e->arch->expect(e, EMU_FLUSH_RANGE, &arg);
	}
	sequence_check(e, "qpmap_global_enter");

	emu_record(e, EVERYTHING);
	SMP_CALL(e, 0, c->type % 2 != 0 ? "qpmap_global_remove_deferred" :
	    "qpmap_global_remove", "w", arg.va);
	emu_record_end(e);
	keep(e, 0, NULL);
	at = must_find(e, 0, "store", used, "the slot not used");
	must_not_find(e, 0, at, "store", arg.pte_pa, "the entry");
	at = must_find(e, at, "store", arg.pte_pa, "the entry");
	if (c->type % 2 != 0) {
		must_find(e, at, "store", dirty, "the slot dirty");
		must_not_find(e, 0, at, "store", dirty, "the slot dirty");
	} else {
		at = must_find(e, e->event_count == 0 ? 0 :
		    find_last(e, "", 0), "store", clean, "the slot clean");
		must_not_find(e, 0, at, "store", clean, "the slot clean");
	}
	keep_slot(e, 0, arg.pte_pa);
	e->expected_count = 0;
	e->arch->expect(e, EMU_PRE_UNMAP, &arg);
	e->arch->expect(e, EMU_CLEAR, &arg);
	e->arch->expect(e, EMU_CLEARED, &arg);
	if (c->type % 2 == 0) {
		e->arch->expect(e, EMU_FLUSH_RANGE, &arg);
	}
	sequence_check(e, "qpmap_global_remove");
}

/* Dirty slots: all groups in one shootdown, and clean only after it. */
static void
reclaimed(const struct contract_case *c)
{
	struct emu *e = machine(c, 2);
	uint64_t slots = e->fact[FACT_GLOBAL_SLOTS];
	uint64_t clean[2], dirty[2], va;
	size_t at;

	for (unsigned i = 0; i < 2; i++) {
		clean[i] = smp_at_group(e, i, FACT_GROUP_CLEAN);
		dirty[i] = smp_at_group(e, i, FACT_GROUP_DIRTY);
	}
	for (unsigned i = 0; i < EMU_GROUPS * slots; i++) {
		va = smp_global_enter(e, 0, emu_page(e, i), 0);
		EMU_CALL(e, "qpmap_global_remove_deferred", "w", va);
		CHECK_EQUAL(e->status, EMU_RETURNED, "deferred");
	}
	emu_record(e, EVERYTHING);
	va = smp_global_enter(e, 0, emu_page(e, 1), 0);
	emu_record_end(e);
	keep(e, 0, NULL);
	for (unsigned i = 0; i < 2; i++) {
		at = must_find(e, 0, "store", dirty[i], "dirty taken");
		must_not_find(e, 0, at, "", 0, "an invalidation");
		at = must_find(e, at, "", 0, "an invalidation");
		must_not_find(e, 0, at, "store", clean[i], "slots clean");
		must_find(e, at, "store", clean[i], "slots clean");
	}
	keep(e, 0, is_invalidation);
	/* From the first slot to the last, without the guards outside. */
	expect(e, EMU_FLUSH_RANGE, e->config[WIRE_GLOBAL_VA] +
	    (UINT64_C(1) << e->mode->page_shift),
	    EMU_GROUPS * 2 * slots - 1, 0);
	e->event_count = e->expected_count < e->event_count ?
	    e->expected_count : e->event_count;
	sequence_check(e, "reclaim");
}

/*
 * A few dirty slots: only those are shot down, and the other CPU is asked once.
 * In number are two of them, counted from 1 on through all groups, 0 for none,
 * in 8 bits each from bit 8 on; and the CPU that is judged in bit 1.
 */
static void
reclaimed_few(const struct contract_case *c)
{
	struct emu *e = machine(c, 2);
	uint64_t slots = e->fact[FACT_GLOBAL_SLOTS], va[2];
	unsigned count = c->number >> 16 != 0 ? 2 : 1;
	unsigned cpu = e->arch->broadcasts ? 0 : c->number >> 1 & 1;
	unsigned asked = 0;
	uint64_t pages = 1;

	for (unsigned i = 0; i < count; i++) {
		uint64_t slot = (c->number >> (8 + 8 * i) & 0xff) - 1;

		for (unsigned g = 0; g < EMU_GROUPS; g++) {
			smp_set(e, smp_at_group(e, g, FACT_GROUP_CLEAN),
			    g == slot / slots ? UINT64_C(1) << slot % slots :
			    0);
		}
		va[i] = smp_global_enter(e, 0, emu_page(e, i), 0);
		CHECK_EQUAL(va[i], e->config[WIRE_GLOBAL_VA] + ((2 * slot +
		    1) << e->mode->page_shift), "the slot");
		EMU_CALL(e, "qpmap_global_remove_deferred", "w", va[i]);
		CHECK_EQUAL(e->status, EMU_RETURNED, "deferred");
	}
	if (count == 2 && va[1] - va[0] < UINT64_C(32) <<
	    e->mode->page_shift) {
		pages = ((va[1] - va[0]) >> e->mode->page_shift) + 1;
		count = 1;
	}
	emu_record(e, EVERYTHING);
	(void)smp_global_enter(e, 0, emu_page(e, 1), 0);
	emu_record_end(e);
	for (size_t i = 0; i < e->event_count; i++) {
		asked += strcmp(e->events[i].name, "ipi") == 0;
	}
	/* Where empty entries are kept, enter's own comes behind. */
	CHECK_EQUAL(asked, e->arch->broadcasts ? 0 :
	    e->arch->poison != NULL && e->arch->poison->flag == 0 ? 2 : 1,
	    "interrupts");
	keep(e, cpu, is_invalidation);
	emu_cpu(e, cpu);
	for (unsigned i = 0; i < count; i++) {
		expect(e, EMU_FLUSH_RANGE, va[i], pages, 0);
	}
	e->event_count = e->expected_count < e->event_count ?
	    e->expected_count : e->event_count;
	sequence_check(e, "reclaim");
}

/*
 * riscv64: the SBI does it, for the harts of the set; with an error the
 * interrupt does.
 */
static void
check_rfence(struct emu *e, size_t at, uint64_t mask, uint64_t base,
    uint64_t pages)
{
	const struct emu_event *event = &e->events[at];

	CHECK(at + 2 < e->event_count && strcmp(event->name, "ecall") == 0,
	    "no call of the SBI");
	CHECK_EQUAL(event[0].a, 0x52464e43, "extension");
	CHECK_EQUAL(event[0].b, 1, "function");
	CHECK_EQUAL(event[1].a, mask, "mask of harts");
	CHECK_EQUAL(event[1].b, base, "first hart");
	CHECK_EQUAL(event[2].a, pages == 0 ? 0 : e->mode->scratch_va,
	    "start");
	CHECK_EQUAL(event[2].b, pages == 0 ? EMU_X0 :
	    pages << e->mode->page_shift, "size");
}

static bool
is_sbi(const char *name)
{
	return (begins(name, "ecall") || strcmp(name, "fence rw,rw") == 0 ||
	    is_invalidation(name));
}

/*
 * Three CPUs, whose harts' numbers need two calls, in this order; which, says
 * the case's number.  c->arg: more flags.
 */
static const struct {
	uint64_t hart[3];
	uint64_t mask[2];
	uint64_t base[2];
} rfence_harts[2] = {
	{ { 5, 7, 71 }, { 5, 1 }, { 5, 71 } },
	{ { 70, 5, 7 }, { 1, 5 }, { 70, 5 } }
};

static struct emu *
rfence_machine(const struct contract_case *c)
{
	const struct emu_feature *feature = c->arg;
	struct emu *e = contract_begin(c, "smp");
	const uint64_t *hart = rfence_harts[c->number % 2].hart;

	e->config[WIRE_FLAGS] |= QPMAP_F_SBI_RFENCE |
	    (feature != NULL ? feature->flag : 0);
	for (unsigned cpu = 0; cpu < 3; cpu++) {
		e->hart[cpu] = hart[cpu];
		smp_set(e, smp_at_sync(e, cpu, FACT_SYNC_HART), hart[cpu]);
	}
	smp_start(e, 3);
	return (e);
}

static void
rfence(const struct contract_case *c)
{
	static const uint64_t count[5] = { 1, 2, 32, 33, EMU_X0 };
	const struct emu_feature *feature = c->arg;
	struct emu *e = rfence_machine(c);
	uint64_t pages, set;

	for (unsigned i = 0; i < 5; i++) {
		smp_plant(e, 7, e->mode->scratch_va, 2);
		emu_record(e, EVERYTHING);
		CHECK_EQUAL(SMP_BEGIN(e, 0, "qpmap_shootdown", "www",
		    e->mode->scratch_va, count[i], 0), EMU_RETURNED,
		    "shootdown");
		emu_record_end(e);
		keep(e, 0, is_sbi);
		CHECK(strcmp(e->events[0].name, "fence rw,rw") == 0,
		    "no fence before the SBI's call");
		pages = count[i] > 32 || (feature != NULL && (feature->flag &
		    QPMAP_F_ERRATUM_CIP_1200) != 0) ? 0 : count[i];
		for (unsigned j = 0; j < 2; j++) {
			check_rfence(e, 1 + 3 * j,
			    rfence_harts[c->number].mask[j],
			    rfence_harts[c->number].base[j], pages);
		}
		CHECK_EQUAL(e->event_count, 7, "instructions");
		smp_check_quiet(e, 0, EMU_CPUS - 1);
		for (unsigned cpu = 0; cpu < 3 && count[i] > 1; cpu++) {
			smp_check_gone(e, cpu, e->mode->scratch_va, 2);
		}
	}
	set = smp_bitmap(e, (unsigned[]){ 2 }, 1);
	emu_record(e, EVERYTHING);
	SMP_BEGIN(e, 0, "qpmap_shootdown", "www", e->mode->scratch_va, 1, set);
	emu_record_end(e);
	keep(e, 0, is_sbi);
	pages = feature != NULL && (feature->flag &
	    QPMAP_F_ERRATUM_CIP_1200) != 0 ? 0 : 1;
	check_rfence(e, 1, 1, rfence_harts[c->number].hart[2], pages);
	CHECK_EQUAL(e->event_count, 4, "instructions");
	smp_check_idle(e, 3);
}

/* An error, at the first call or at the second: interrupts. */
static void
rfence_error(const struct contract_case *c)
{
	struct emu *e = rfence_machine(c);
	uint64_t va = e->mode->scratch_va;

	e->sbi_error = -(int64_t)c->number;
	smp_plant(e, 7, va, 2);
	CHECK_EQUAL(SMP_BEGIN(e, 0, "qpmap_shootdown", "www", va, 2, 0),
	    EMU_PAUSED, "waits");
	CHECK_EQUAL(e->sbi_count, 1, "calls of the SBI");
	CHECK_EQUAL(e->ipi_count[1], 1, "interrupts");
	CHECK_EQUAL(e->ipi_count[2], 1, "interrupts");
	smp_finish(e, 0);
	for (unsigned cpu = 0; cpu < 3; cpu++) {
		smp_check_gone(e, cpu, va, 2);
	}
	e->sbi_error = 0;
	smp_plant(e, 7, va, 2);
	CHECK_EQUAL(SMP_BEGIN(e, 1, "qpmap_shootdown", "www", va, 2, 0),
	    EMU_RETURNED, "by the SBI");
	smp_check_quiet(e, 0, EMU_CPUS - 1);
	smp_check_idle(e, 3);
}

/*
 * x86: no interrupt comes between two changes of CR4, or a change that its
 * handler makes would be undone; and the caller's interrupts stay on or off.
 */
#define X86_IF UINT64_C(0x200)

static uint64_t
x86_flags(struct emu *e)
{
	uint64_t flags = 0;

	uc_reg_read(e->uc, UC_X86_REG_EFLAGS, &flags);
	return (flags);
}

static void
x86_before_mov_cr4(struct emu *e, uint64_t pc)
{
	const uint8_t *bytes = emu_ram(e, pc, 4);
	unsigned *count = e->on_insn_arg;

	if (e->arch->uc_mode == UC_MODE_64 && (bytes[0] & 0xf0) == 0x40) {
		bytes++;
	}
	if (bytes[0] == 0x0f && bytes[1] == 0x22 &&
	    (bytes[2] >> 3 & 7) == 4) {
		CHECK((x86_flags(e) & X86_IF) == 0,
		    "interrupts are on while CR4 changes");
		(*count)++;
	}
}

static void
x86_toggle(const struct contract_case *c)
{
	struct emu *e = smp_ready(c, 1);
	unsigned count = 0;
	uint64_t flags;

	for (unsigned on = 0; on < 2; on++) {
		flags = (x86_flags(e) & ~X86_IF) | (on != 0 ? X86_IF : 0);
		uc_reg_write(e->uc, UC_X86_REG_EFLAGS, &flags);
		e->on_insn_arg = &count;
		e->on_insn = x86_before_mov_cr4;
		SMP_CALL(e, 0, "qpmap_quiesce", "");
		e->on_insn = NULL;
		CHECK_EQUAL(count, 2 * on + 2, "changes of CR4");
		CHECK_EQUAL(x86_flags(e) & X86_IF, flags & X86_IF,
		    "the interrupt flag");
	}
}

static void
smp_sequence_feature(const struct emu_mode *mode,
    const struct emu_feature *feature, unsigned number)
{
	/* One slot; near each other; far apart, as from two CPUs. */
	static const unsigned few[] = {
		1, 2, 0x0302, 0x1001, 0x1101, 0x2101, 0x4001, 0x3e1c
	};
	struct contract_case extra = { .arg = feature, .number = number };
	const char *word = feature != NULL ? feature->name : "plain";
	const char *has = number != 0 ? "+cpu" : "";

	contract_add(mode, shot_down, &extra, "B10/sequence/%s%s", word, has);
	contract_add(mode, quiesced, &extra, "B3/sequence/quiesce/%s%s", word,
	    has);
	contract_add(mode, reclaimed, &extra, "B9/sequence/reclaim/%s%s",
	    word, has);
	for (unsigned i = 0; i < sizeof(few) / sizeof(few[0]); i++) {
		extra.number = number | few[i] << 8 | i % 2 << 1;
		contract_add(mode, reclaimed_few, &extra,
		    "B9/sequence/reclaim-few/%u/%s%s", i, word, has);
	}
	extra.number = number;
	for (const struct contract_type *type = contract_types(mode);
	    type->layout != NULL; type++) {
		extra.type = type->type;
		extra.layout = type->layout;
		contract_add(mode, shared, &extra,
		    "B9/sequence/%s%s/attr=%s", word, has,
		    contract_type_word(type->type));
	}
	extra.layout = NULL;
	if (mode->arch->broadcasts) {
		contract_add(mode, broadcast_join, &extra,
		    "B11/sequence/join/%s%s", word, has);
		return;
	}
	contract_add(mode, joins, &extra, "B11/sequence/join/%s%s", word, has);
	contract_add(mode, leaves, &extra, "B11/sequence/leave/%s%s", word,
	    has);
}

void
contract_smp_sequence_cases(const struct emu_mode *mode)
{
	const struct emu_arch *arch = mode->arch;
	const struct emu_feature *feature = arch->shootdown_features;

	smp_sequence_feature(mode, NULL, 0);
	if (arch->shootdown_boot_flag != 0) {
		smp_sequence_feature(mode, NULL, 1);
	}
	for (; feature->name != NULL; feature++) {
		smp_sequence_feature(mode, feature, 0);
		if (arch->shootdown_boot_flag != 0) {
			smp_sequence_feature(mode, feature, 1);
		}
	}
	if (!arch->broadcasts) {
		contract_add(mode, initiator, NULL, "B10/order/initiator");
		contract_add(mode, target, NULL, "B10/order/target");
		contract_add(mode, sending, NULL, "B10/order/sending");
	} else {
		contract_add(mode, ranges, &(struct contract_case){
		    .number = 1 }, "B10/ranges");
	}
	if (arch->uc_arch == UC_ARCH_X86) {
		contract_add(mode, x86_toggle, NULL, "B2/sequence/mov-cr4");
	}
	if (strcmp(arch->name, "riscv64") == 0) {
		contract_add(mode, rfence, NULL, "B10/SBI_RFENCE");
		contract_add(mode, rfence, &(struct contract_case){
		    .number = 1 }, "B10/SBI_RFENCE/descending");
		contract_add(mode, rfence, &(struct contract_case){
		    .arg = &arch->shootdown_features[1] },
		    "B10/SBI_RFENCE+ERRATUM_CIP_1200");
		for (unsigned i = 1; i < 6; i++) {
			contract_add(mode, rfence_error,
			    &(struct contract_case){ .number = i },
			    "B10/SBI_RFENCE/error=%u", i);
		}
	}
}
