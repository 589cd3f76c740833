/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * B2 with several CPUs: a shootdown's interrupt, or one that enters pages, at
 * every instruction of every function that can be interrupted; and every pair
 * of operations, one inside the other.
 *
 * CPU 0 is interrupted.  CPU 1 is who shoots, and who is waited for.
 */
#include <stdlib.h>
#include <string.h>

#include "smp.h"

#define WORD 4

/* An operation of CPU 0: what is there before it, itself, and what then is. */
struct operation {
	const char *name;
	const char *function;
	const char *kinds;
	/* values of the call; something is prepared. */
	void (*before)(struct emu *e, uint64_t *values);
	void (*after)(struct emu *e, const uint64_t *values);
	unsigned least;			/* instructions that it has */
	bool offline;			/* CPU 0 is not online before it */
};

/* Slots that CPU 0 holds when an operation begins. */
#define HELD 1
#define PAGE_OUTER 10
#define PAGE_HELD 11
#define PAGE_SHARED 12

static uint64_t
outer_page(struct emu *e)
{
	return (emu_page(e, PAGE_OUTER));
}

static void
check_held(struct emu *e)
{
	check_load(e, emu_slot_va(e, 1), WORD, contract_tag(e,
	    emu_page(e, PAGE_HELD)));
}

static void
before_enter(struct emu *e, uint64_t *values)
{
	CHECK_EQUAL(emu_enter(e, emu_page(e, PAGE_HELD), 0),
	    emu_slot_va(e, 1), "address");
	values[0] = outer_page(e);
	values[1] = 0;
	contract_tag(e, outer_page(e));
}

static void
after_enter(struct emu *e, const uint64_t *values)
{
	uint64_t va = e->result;

	(void)values;
	CHECK_EQUAL(va, emu_slot_va(e, 2), "address");
	check_load(e, va, WORD, contract_tag(e, outer_page(e)));
	check_held(e);
	emu_remove(e, va);
	check_nothing(e, va);
	emu_remove(e, emu_slot_va(e, 1));
}

static void
before_remove(struct emu *e, uint64_t *values)
{
	before_enter(e, values);
	values[0] = emu_enter(e, outer_page(e), 0);
	check_load(e, values[0], WORD, contract_tag(e, outer_page(e)));
}

static void
after_remove(struct emu *e, const uint64_t *values)
{
	check_nothing(e, values[0]);
	check_held(e);
	emu_remove(e, emu_slot_va(e, 1));
}

static void
before_global_enter(struct emu *e, uint64_t *values)
{
	values[0] = outer_page(e);
	values[1] = 0;
	contract_tag(e, outer_page(e));
}

static void
after_global_enter(struct emu *e, const uint64_t *values)
{
	uint64_t va = e->result;

	(void)values;
	for (unsigned cpu = 0; cpu < 2; cpu++) {
		emu_cpu(e, cpu);
		check_load(e, va, WORD, emu_read(e, outer_page(e), 8));
	}
	SMP_CALL(e, 0, "qpmap_global_remove", "w", va);
	smp_check_gone(e, 0, va, 1);
	smp_check_gone(e, 1, va, 1);
}

static void
before_global_remove(struct emu *e, uint64_t *values)
{
	values[0] = smp_global_enter(e, 0, outer_page(e), 0);
	for (unsigned cpu = 0; cpu < 2; cpu++) {
		emu_cpu(e, cpu);
		check_load(e, values[0], WORD, contract_tag(e,
		    outer_page(e)));
	}
}

static void
after_global_remove(struct emu *e, const uint64_t *values)
{
	smp_check_gone(e, 0, values[0], 1);
	smp_check_gone(e, 1, values[0], 1);
}

static void
after_deferred(struct emu *e, const uint64_t *values)
{
	SMP_CALL(e, 0, "qpmap_quiesce", "");
	after_global_remove(e, values);
}

static void
before_quiesce(struct emu *e, uint64_t *values)
{
	before_global_remove(e, values);
	EMU_CALL(e, "qpmap_global_remove_deferred", "w", values[0]);
	CHECK_EQUAL(e->status, EMU_RETURNED, "deferred");
}

/* Two pages, one after the other far away. */
static void
before_shootdown(struct emu *e, uint64_t *values)
{
	values[0] = e->mode->scratch_va + (UINT64_C(64) <<
	    e->mode->page_shift);
	values[1] = 2;
	values[2] = 0;
	smp_plant(e, 3, values[0], 2);
}

static void
after_shootdown(struct emu *e, const uint64_t *values)
{
	smp_check_gone(e, 0, values[0], 2);
	smp_check_gone(e, 1, values[0], 2);
}

static void
before_poll(struct emu *e, uint64_t *values)
{
	(void)values;
	/* As who polls is: pinned. */
	emu_write(e, e->percpu + e->fact[FACT_PERCPU_DEPTH], 4, 1);
}

static void
after_poll(struct emu *e, const uint64_t *values)
{
	(void)values;
	CHECK_EQUAL(emu_depth(e), 1, "preemption depth");
	emu_write(e, e->percpu + e->fact[FACT_PERCPU_DEPTH], 4, 0);
}

static void
before_online(struct emu *e, uint64_t *values)
{
	values[0] = emu_state_pa(e);
	values[1] = 0;
	values[2] = 0;
}

static void
after_online(struct emu *e, const uint64_t *values)
{
	(void)values;
	CHECK_EQUAL(e->result & 0xffffffff, QPMAP_OK, "online");
}

static void
before_offline(struct emu *e, uint64_t *values)
{
	values[0] = emu_state_pa(e);
}

static void
after_offline(struct emu *e, const uint64_t *values)
{
	(void)values;
	CHECK_EQUAL(emu_sync_word(e, 0, FACT_SYNC_ONLINE), 0, "online");
}

static const struct operation operations[] = {
	{ "enter", "qpmap_enter", "pw", before_enter, after_enter, 10,
	    false },
	{ "enter_ro", "qpmap_enter_ro", "pw", before_enter, after_enter, 10,
	    false },
	{ "remove", "qpmap_remove", "w", before_remove, after_remove, 8,
	    false },
	{ "global_enter", "guest_global_enter", "pw", before_global_enter,
	    after_global_enter, 40, false },
	{ "global_remove", "qpmap_global_remove", "w", before_global_remove,
	    after_global_remove, 40, false },
	{ "global_remove_deferred", "qpmap_global_remove_deferred", "w",
	    before_global_remove, after_deferred, 15, false },
	{ "quiesce", "qpmap_quiesce", "", before_quiesce,
	    after_global_remove, 40, false },
	{ "shootdown", "qpmap_shootdown", "www", before_shootdown,
	    after_shootdown, 15, false },
	{ "poll", "qpmap_shootdown_poll", "", before_poll, after_poll, 1,
	    false },
	{ "online", "qpmap_cpu_online", "www", before_online, after_online,
	    40, true },
	{ "offline", "qpmap_cpu_offline", "w", before_offline,
	    after_offline, 40, false },
};
#define OPERATIONS (sizeof(operations) / sizeof(operations[0]))

/* CPU 0 is online, or not, as the operation needs it. */
static void
be_online(struct emu *e, bool online)
{
	bool is = emu_read(e, emu_symbol(e, "guest_percpu") +
	    e->fact[FACT_PERCPU_STATE] + e->fact[FACT_CPU_INDEX], 4) != 0;

	emu_cpu(e, 0);
	if (online && !is) {
		CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_OK, "online");
	} else if (!online && is) {
		EMU_CALL(e, "qpmap_cpu_offline", "w", emu_state_pa(e));
		CHECK_EQUAL(e->status, EMU_RETURNED, "offline");
	}
}

/*
 * CPU 0's operation, up to instruction number stop: CPU 1 answers where it
 * waits before.
 */
static enum emu_status
run_outer(struct emu *e, const struct operation *outer,
    const uint64_t *values, uint64_t stop)
{
	emu_cpu(e, 0);
	e->pause_before = emu_spins;
	emu_call_until(e, emu_symbol(e, outer->function), outer->kinds,
	    values, stop);
	while (e->status == EMU_PAUSED && e->insn_count != stop) {
		e->pause_before = NULL;
		smp_interrupt(e, 1);
		emu_cpu(e, 0);
		e->pause_before = emu_spins;
		emu_resume_until(e, stop);
	}
	e->pause_before = NULL;
	return (e->status);
}

/*
 * CPU 0's operation is broken off: others act; then it goes on to its end, and
 * CPU 1 answers where it waits.
 */
static void
finish_outer(struct emu *e)
{
	unsigned turns = 0;

	while (smp_go_on(e, 0) == EMU_PAUSED) {
		CHECK(turns++ < 10, "CPU 0 waits for ever");
		smp_interrupt(e, 1);
	}
	CHECK(e->status != EMU_PANICKED, "panic: %s", e->panic.text);
	CHECK_EQUAL(e->status, EMU_RETURNED, "the operation's end");
}

/* What happens at an instruction of CPU 0's operation; after its end. */
struct event {
	const char *name;
	void (*there)(struct emu *e);
	void (*then)(struct emu *e);
	bool needs_online;	/* not for a CPU between two states */
};

/* CPU 1 shoots at both, and waits; CPU 0 takes the interrupt. */
static bool event_waits;

static uint64_t
event_va(const struct emu *e)
{
	return (e->mode->scratch_va + (UINT64_C(3) << e->mode->page_shift));
}

static void
there_shoot(struct emu *e)
{
	smp_plant(e, 3, event_va(e), 1);
	memset(e->ipi_count, 0, sizeof(e->ipi_count));
	event_waits = SMP_BEGIN(e, 1, "qpmap_shootdown", "www", event_va(e),
	    1, 0) == EMU_PAUSED;
	CHECK(event_waits || e->status == EMU_RETURNED, "shootdown");
	CHECK(!event_waits || e->ipi_count[0] == 1, "interrupts sent");
	smp_interrupt(e, 0);
}

/* One interrupt is enough, whenever it came. */
static void
then_shot(struct emu *e)
{
	if (event_waits) {
		CHECK_EQUAL(smp_go_on(e, 1), EMU_RETURNED,
		    "the shootdown of CPU 1");
	}
	smp_check_gone(e, 1, event_va(e), 1);
	if (emu_sync_word(e, 0, FACT_SYNC_ONLINE) == SMP_ONLINE ||
	    e->arch->broadcasts) {
		smp_check_gone(e, 0, event_va(e), 1);
	}
	emu_cpu(e, 0);
}

/* An interrupt that nobody sent. */
static void
there_late(struct emu *e)
{
	smp_interrupt(e, 0);
}

static void
then_nothing(struct emu *e)
{
	(void)e;
}

/* A handler that enters two pages, or as many as there is room for. */
static void
enter_pages(struct emu *e, unsigned count)
{
	unsigned held = emu_held(e);
	uint64_t va[8];

	for (unsigned i = 0; i < count; i++) {
		va[i] = i % 2 == 0 ? emu_enter(e, emu_page(e, 30 + i), 0) :
		    emu_enter_ro(e, emu_page(e, 30 + i), 0);
		contract_tag(e, emu_page(e, 30 + i));
	}
	for (unsigned i = count; i > 0; i--) {
		check_load(e, va[i - 1], WORD, emu_read(e,
		    emu_page(e, 30 + i - 1), 8));
		emu_remove(e, va[i - 1]);
		check_nothing(e, va[i - 1]);
	}
	CHECK_EQUAL(emu_held(e), held, "held after the handler");
}

static void
there_enter(struct emu *e)
{
	emu_cpu(e, 0);
	enter_pages(e, 2);
}

static void
there_full(struct emu *e)
{
	emu_cpu(e, 0);
	enter_pages(e, (unsigned)e->fact[FACT_SLOTS] - emu_held(e));
}

/* A handler removes a shared page: deferred, which is for any context. */
static uint64_t event_global;

static void
there_deferred(struct emu *e)
{
	emu_cpu(e, 0);
	check_load(e, event_global, WORD, emu_read(e, emu_page(e,
	    PAGE_SHARED), 8));
	EMU_CALL(e, "qpmap_global_remove_deferred", "w", event_global);
	CHECK_EQUAL(e->status, EMU_RETURNED, "deferred");
}

static void
then_quiesce(struct emu *e)
{
	SMP_CALL(e, 0, "qpmap_quiesce", "");
	smp_check_gone(e, 0, event_global, 1);
	smp_check_gone(e, 1, event_global, 1);
	event_global = smp_global_enter(e, 0, emu_page(e, PAGE_SHARED), 0);
	emu_cpu(e, 1);
	check_load(e, event_global, WORD, emu_read(e,
	    emu_page(e, PAGE_SHARED), 8));
	emu_cpu(e, 0);
}

/*
 * CPU 1 does something of its own with what all have in common.  In the middle
 * of CPU 0's qpmap_cpu_offline() it might wait until that is done.
 */
static void
there_other(struct emu *e)
{
	uint64_t va;

	memset(e->ipi_count, 0, sizeof(e->ipi_count));
	va = smp_global_enter(e, 1, emu_page(e, 40), 0);
	emu_cpu(e, 1);
	check_load(e, va, WORD, contract_tag(e, emu_page(e, 40)));
	SMP_CALL(e, 1, "qpmap_global_remove", "w", va);
	smp_check_gone(e, 1, va, 1);
}

static const struct event events[] = {
	{ "shootdown", there_shoot, then_shot, false },
	{ "late", there_late, then_nothing, false },
	{ "enter", there_enter, then_nothing, true },
	{ "full", there_full, then_nothing, true },
	{ "deferred", there_deferred, then_quiesce, true },
	{ "other-cpu", there_other, then_nothing, true },
};
#define EVENTS (sizeof(events) / sizeof(events[0]))

/* At every instruction of the operation, the event; and all is as it should. */
static void
b2_every(const struct contract_case *c)
{
	const struct operation *outer = &operations[c->number % OPERATIONS];
	const struct event *event = &events[c->number / OPERATIONS];
	struct emu *e = smp_ready(c, 2);
	uint64_t values[3] = { 0, 0, 0 }, stop;

	contract_tag(e, emu_page(e, PAGE_SHARED));
	event_global = smp_global_enter(e, 0, emu_page(e, PAGE_SHARED), 0);
	for (stop = 0;; stop++) {
		be_online(e, !outer->offline);
		outer->before(e, values);
		if (run_outer(e, outer, values, stop) != EMU_PAUSED) {
			break;
		}
		event->there(e);
		finish_outer(e);
		outer->after(e, values);
		event->then(e);
		be_online(e, true);
		smp_check_idle(e, 2);
	}
	CHECK(stop >= outer->least, "%s has only %llu instructions",
	    outer->name, (unsigned long long)stop);
}

/*
 * Where CPU 0 waits, at every turn: an interrupt that enters, another CPU's
 * shootdown, and then the answer.
 */
static void
b2_waiting(const struct contract_case *c)
{
	struct emu *e = smp_ready(c, 3);
	uint64_t va = e->mode->scratch_va, values[3] = { va, 2, 0 };
	uint64_t function = emu_symbol(e, "qpmap_shootdown"), stop;

	/* Two turns of the loop, and more. */
	for (stop = 0; stop < 300; stop++) {
		smp_plant(e, 7, va, 2);
		emu_cpu(e, 0);
		if (emu_call_until(e, function, "www", values, stop) !=
		    EMU_PAUSED) {
			CHECK(false, "it did not wait");
		}
		enter_pages(e, 2);
		smp_interrupt(e, 1);
		CHECK_EQUAL(SMP_BEGIN(e, 2, "qpmap_shootdown", "www", va, 1,
		    0), EMU_PAUSED, "CPU 2 waits");
		smp_interrupt(e, 0);
		smp_interrupt(e, 1);
		smp_go_on(e, 2);
		if (e->status == EMU_PAUSED) {
			CHECK(false, "CPU 2 waits for nobody");
		}
		while (smp_go_on(e, 0) == EMU_PAUSED) {
			smp_interrupt(e, 1);
			smp_interrupt(e, 2);
		}
		for (unsigned cpu = 0; cpu < 3; cpu++) {
			smp_check_gone(e, cpu, va, 1);
		}
		smp_check_gone(e, 0, va, 2);
	}
	smp_check_idle(e, 3);
}

void
contract_smp_interrupt_cases(const struct emu_mode *mode)
{
	for (unsigned i = 0; i < OPERATIONS * EVENTS; i++) {
		const struct operation *outer = &operations[i % OPERATIONS];
		const struct event *event = &events[i / OPERATIONS];

		if (event->needs_online && (strcmp(outer->name, "online") ==
		    0 || strcmp(outer->name, "offline") == 0)) {
			continue;
		}
		contract_add(mode, b2_every, &(struct contract_case){
		    .number = i }, "B2/%s-in-%s", event->name, outer->name);
	}
	if (!mode->arch->broadcasts) {
		contract_add(mode, b2_waiting, NULL, "B2/waiting");
	}
}
