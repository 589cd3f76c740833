/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shootdown: B10, and of B11 and B3 what concerns several CPUs.
 *
 * Stale translations are planted in the TLBs of CPUs; a call waits, and is
 * answered, CPU by CPU.
 */
#include <string.h>

#include "smp.h"

#define ALL_PAGES(e) smp_ones(e)

/* Begin qpmap_shootdown() of pages at the scratch address. */
static enum emu_status
shoot(struct emu *e, unsigned cpu, uint64_t pages, uint64_t set)
{
	return (SMP_BEGIN(e, cpu, "qpmap_shootdown", "www",
	    e->mode->scratch_va, pages, set));
}

/* It must return; where hardware tells the others, at once. */
static void
shoot_all(struct emu *e, unsigned cpu, uint64_t pages, uint64_t set)
{
	shoot(e, cpu, pages, set);
	CHECK(!e->arch->broadcasts || e->status == EMU_RETURNED,
	    "the CPU waits, though hardware tells the others");
	smp_finish(e, cpu);
}

/* Every CPU invalidates, however many pages; and nobody is asked twice. */
static void
b10_gone(const struct contract_case *c)
{
	struct emu *e = smp_ready(c, EMU_CPUS);
	uint64_t va = e->mode->scratch_va;
	/* Unicorn's TLB for arm64 is small, and has pages of 1 KiB. */
	unsigned most = e->arch->broadcasts ? 4 : 40;
	unsigned planted = c->number < most ? c->number : most;

	for (unsigned cpu = 0; cpu < EMU_CPUS; cpu++) {
		smp_plant(e, 15, va, planted);
		smp_check_stale(e, cpu, va, 1);
		shoot_all(e, cpu, c->number, 0);
		for (unsigned other = 0; other < EMU_CPUS; other++) {
			smp_check_gone(e, other, va, planted);
		}
		smp_check_quiet(e, 0, EMU_CPUS - 1);
	}
	smp_plant(e, 15, va, planted);
	shoot_all(e, 1, ALL_PAGES(e), 0);
	for (unsigned cpu = 0; cpu < EMU_CPUS; cpu++) {
		smp_check_gone(e, cpu, va, planted);
	}
	smp_check_idle(e, EMU_CPUS);
}

/* A page that was mapped to another is seen there, not where it was. */
static void
b10_remapped(const struct contract_case *c)
{
	struct emu *e = smp_ready(c, 3);
	uint64_t va = e->mode->scratch_va;

	for (unsigned i = 1; i < 20; i++) {
		shoot_all(e, 0, 1, 0);
		smp_plant(e, 7, va, 1);
		emu_map(e, va, emu_page(e, i), false);
		shoot_all(e, i % 3, 1, 0);
		for (unsigned cpu = 0; cpu < 3; cpu++) {
			emu_cpu(e, cpu);
			check_load(e, va, 4, contract_tag(e, emu_page(e, i)));
		}
	}
}

/* No pages: nothing happens. */
static void
b10_nothing(const struct contract_case *c)
{
	struct emu *e = smp_ready(c, 2);

	smp_plant(e, 3, e->mode->scratch_va, 1);
	CHECK_EQUAL(shoot(e, 0, 0, 0), EMU_RETURNED, "shootdown of 0 pages");
	smp_check_stale(e, 0, e->mode->scratch_va, 1);
	smp_check_stale(e, 1, e->mode->scratch_va, 1);
	smp_check_quiet(e, 0, EMU_CPUS - 1);
	smp_check_idle(e, 2);
}

/* It does not return before every CPU has answered, in whatever order. */
static void
b10_waits(const struct contract_case *c)
{
	struct emu *e = smp_ready(c, EMU_CPUS);
	uint64_t va = e->mode->scratch_va;

	smp_plant(e, 15, va, 3);
	CHECK_EQUAL(shoot(e, 0, 3, 0), EMU_PAUSED, "waits");
	for (unsigned cpu = EMU_CPUS - 1; cpu > 0; cpu--) {
		CHECK_EQUAL(e->ipi_count[cpu], 1, "interrupts sent");
		smp_check_stale(e, cpu, va, 3);
		for (unsigned i = 0; i < 5; i++) {
			CHECK_EQUAL(smp_go_on(e, 0), EMU_PAUSED, "waits");
		}
		smp_interrupt(e, cpu);
		smp_check_gone(e, cpu, va, 3);
	}
	CHECK_EQUAL(smp_go_on(e, 0), EMU_RETURNED, "all have answered");
	smp_check_gone(e, 0, va, 3);
	smp_check_idle(e, EMU_CPUS);
}

/* A set: its CPUs are asked, and no other. */
static void
b10_set(const struct contract_case *c)
{
	struct emu *e = smp_ready(c, EMU_CPUS);
	uint64_t va = e->mode->scratch_va;

	for (unsigned set = 0; set < 16; set++) {
		uint64_t words = smp_bitmap(e, NULL, 0);

		emu_write(e, words, 4, set);
		smp_plant(e, 15, va, 2);
		shoot(e, 1, 2, words);
		for (unsigned cpu = 0; cpu < EMU_CPUS; cpu++) {
			CHECK_EQUAL(e->ipi_count[cpu], cpu != 1 &&
			    !e->arch->broadcasts && (set >> cpu & 1) != 0,
			    "interrupts sent");
		}
		smp_finish(e, 1);
		for (unsigned cpu = 0; cpu < EMU_CPUS; cpu++) {
			if ((set >> cpu & 1) != 0 || e->arch->broadcasts) {
				smp_check_gone(e, cpu, va, 2);
			} else if (cpu != 1) {
				smp_check_stale(e, cpu, va, 2);
			}
		}
		shoot_all(e, 0, ALL_PAGES(e), 0);
	}
}

/* Windows of high numbers: every word of a long set counts. */
static void
b10_long_set(const struct contract_case *c)
{
	static const unsigned window[4] = { 0, 31, 64,
	    WIRE_CPU_SYNC_COUNT - 1 };
	struct emu *e = contract_begin(c, "smp");
	uint64_t va = e->mode->scratch_va;

	e->config[WIRE_CONFIG_CPUS] = WIRE_CPU_SYNC_COUNT;
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	for (unsigned cpu = 0; cpu < 4; cpu++) {
		emu_cpu(e, cpu);
		if (cpu != 0) {
			emu_boot(e);
		}
		CHECK_EQUAL(emu_online(e, window[cpu], 0), QPMAP_OK,
		    "qpmap_cpu_online");
	}
	for (unsigned i = 0; i < 4; i++) {
		smp_plant(e, 15, va, 1);
		shoot(e, (i + 1) % 4, 1, smp_bitmap(e, &window[i], 1));
		for (unsigned cpu = 0; cpu < 4; cpu++) {
			CHECK_EQUAL(e->ipi_count[window[cpu]], cpu == i &&
			    !e->arch->broadcasts, "interrupts sent");
		}
		if (!e->arch->broadcasts) {
			CHECK_EQUAL(e->status, EMU_PAUSED, "waits");
			smp_interrupt(e, i);
			smp_go_on(e, (i + 1) % 4);
		}
		CHECK_EQUAL(e->status, EMU_RETURNED, "the shootdown's end");
		smp_check_gone(e, i, va, 1);
		memset(e->ipi_count, 0, sizeof(e->ipi_count));
	}
}

/* This CPU alone: nobody else is interrupted, or waited for. */
static void
b10_self(const struct contract_case *c)
{
	struct emu *e = smp_ready(c, 2);
	unsigned self = 0;
	uint64_t set = smp_bitmap(e, &self, 1);

	for (unsigned i = 0; i < 40; i++) {
		smp_plant(e, 1, e->mode->scratch_va, 2);
		CHECK_EQUAL(shoot(e, 0, 2, set), EMU_RETURNED,
		    "shootdown of this CPU");
		smp_check_gone(e, 0, e->mode->scratch_va, 2);
	}
	smp_check_quiet(e, 0, EMU_CPUS - 1);
}

/* An offline CPU is neither interrupted nor waited for, and invalidates all. */
static void
b10_offline(const struct contract_case *c)
{
	struct emu *e = smp_ready(c, 3);
	uint64_t va = e->mode->scratch_va;

	emu_cpu(e, 1);
	EMU_CALL(e, "qpmap_cpu_offline", "w", emu_state_pa(e));
	CHECK_EQUAL(e->status, EMU_RETURNED, "offline");
	smp_plant(e, 7, va, 3);
	shoot(e, 0, 3, 0);
	CHECK_EQUAL(e->ipi_count[1], 0, "interrupts sent to an offline CPU");
	CHECK_EQUAL(e->ipi_count[2], !e->arch->broadcasts, "and to another");
	smp_finish(e, 0);
	if (!e->arch->broadcasts) {
		smp_check_stale(e, 1, va, 3);
	}
	emu_cpu(e, 1);
	CHECK_EQUAL(emu_online(e, 1, 0), QPMAP_OK, "online");
	smp_check_gone(e, 1, va, 3);
	smp_plant(e, 7, va, 3);
	shoot_all(e, 0, 3, 0);
	smp_check_gone(e, 1, va, 3);
	smp_check_idle(e, 3);
}

/* A CPU goes offline while it is waited for: then it is not. */
static void
b10_goes_offline(const struct contract_case *c)
{
	struct emu *e = smp_ready(c, 3);
	uint64_t va = e->mode->scratch_va;

	smp_plant(e, 7, va, 2);
	CHECK_EQUAL(shoot(e, 0, 2, 0), EMU_PAUSED, "waits");
	emu_cpu(e, 1);
	EMU_CALL(e, "qpmap_cpu_offline", "w", emu_state_pa(e));
	CHECK_EQUAL(e->status, EMU_RETURNED, "offline");
	CHECK_EQUAL(smp_go_on(e, 0), EMU_PAUSED, "waits for CPU 2");
	smp_interrupt(e, 1);			/* too late */
	smp_interrupt(e, 2);
	CHECK_EQUAL(smp_go_on(e, 0), EMU_RETURNED, "the shootdown's end");
	smp_check_gone(e, 0, va, 2);
	smp_check_gone(e, 1, va, 2);
	smp_check_gone(e, 2, va, 2);
	CHECK_EQUAL(emu_sync_word(e, 1, FACT_SYNC_ONLINE), 0, "online");
	smp_check_idle(e, 1);
}

/* Offline and online again while it is waited for: the wait ends, too. */
static void
b10_comes_back(const struct contract_case *c)
{
	struct emu *e = smp_ready(c, 2);
	uint64_t va = e->mode->scratch_va;

	smp_plant(e, 3, va, 2);
	CHECK_EQUAL(shoot(e, 0, 2, 0), EMU_PAUSED, "waits");
	emu_cpu(e, 1);
	EMU_CALL(e, "qpmap_cpu_offline", "w", emu_state_pa(e));
	CHECK_EQUAL(emu_online(e, 1, 0), QPMAP_OK, "online");
	CHECK_EQUAL(smp_go_on(e, 0), EMU_RETURNED, "the shootdown's end");
	smp_check_gone(e, 1, va, 2);
	smp_check_idle(e, 2);
}

/*
 * All CPUs shoot at each other with interrupts off: each only waits, and each
 * ends.  In turn, from every CPU on.
 */
static void
b10_each_other(const struct contract_case *c)
{
	struct emu *e = smp_ready(c, EMU_CPUS);
	unsigned count = c->number, ended, turns;
	bool done[EMU_CPUS];

	for (unsigned first = 0; first < count; first++) {
		memset(done, 0, sizeof(done));
		smp_plant(e, 15, e->mode->scratch_va, 2);
		ended = 0;
		for (unsigned i = 0; i < count; i++) {
			unsigned cpu = (first + i) % count;

			done[cpu] = shoot(e, cpu, i + 1, i % 2 == 0 ? 0 :
			    smp_bitmap(e, (unsigned[]){ 0, 1, 2, 3 }, count)) ==
			    EMU_RETURNED;
			ended += done[cpu];
		}
		for (unsigned cpu = count; cpu < EMU_CPUS; cpu++) {
			smp_interrupt(e, cpu);
		}
		for (turns = 0; ended < count; turns++) {
			unsigned cpu = (first + turns) % count;

			CHECK(turns < 4 * EMU_CPUS, "they wait for ever");
			if (!done[cpu]) {
				done[cpu] = smp_go_on(e, cpu) ==
				    EMU_RETURNED;
				ended += done[cpu];
			}
		}
		for (unsigned cpu = 0; cpu < EMU_CPUS; cpu++) {
			smp_check_gone(e, cpu, e->mode->scratch_va, 2);
		}
	}
	smp_check_idle(e, EMU_CPUS);
}

/* An interrupt too many: nothing is invalidated, acknowledged, or lost. */
static void
b10_late(const struct contract_case *c)
{
	struct emu *e = smp_ready(c, 2);
	uint64_t acknowledged;

	shoot_all(e, 0, 1, 0);
	acknowledged = emu_sync_word(e, 1, FACT_SYNC_ACKNOWLEDGED);
	for (unsigned i = 0; i < 3; i++) {
		smp_plant(e, 2, e->mode->scratch_va, 1);
		smp_interrupt(e, 1);
		smp_check_stale(e, 1, e->mode->scratch_va, 1);
		CHECK_EQUAL(emu_sync_word(e, 1, FACT_SYNC_ACKNOWLEDGED),
		    acknowledged, "acknowledged");
	}
	emu_cpu(e, 1);
	EMU_CALL(e, "qpmap_cpu_offline", "w", emu_state_pa(e));
	shoot_all(e, 0, 1, 0);
	acknowledged = emu_sync_word(e, 1, FACT_SYNC_ACKNOWLEDGED);
	smp_plant(e, 2, e->mode->scratch_va, 1);
	smp_interrupt(e, 1);
	smp_check_stale(e, 1, e->mode->scratch_va, 1);
	CHECK_EQUAL(emu_sync_word(e, 1, FACT_SYNC_ACKNOWLEDGED),
	    acknowledged, "an offline CPU's acknowledgement");
	smp_check_idle(e, 1);
}

/* Before this instruction the request is in the ring, whole. */
static bool
b10_published(struct emu *e, uint64_t pc)
{
	uint64_t generation = emu_shootdown_word(e, FACT_GENERATION);

	(void)pc;
	return (emu_read(e, smp_at_request(e, generation,
	    FACT_REQUEST_GENERATION), (unsigned)e->fact[FACT_WORD]) ==
	    generation);
}

/*
 * A CPU that has served the request for itself is not interrupted; and one
 * acknowledgement serves everybody who waits.
 */
static void
b10_served(const struct contract_case *c)
{
	struct emu *e = smp_ready(c, 3);
	uint64_t va = e->mode->scratch_va;
	uint64_t values[3] = { va, 2, 0 };

	shoot_all(e, 0, 1, 0);
	smp_plant(e, 7, va, 2);
	emu_cpu(e, 0);
	/* The last request is in the ring already: begin with the next. */
	smp_set(e, smp_at_shootdown(e, FACT_GENERATION),
	    emu_shootdown_word(e, FACT_GENERATION) + 1);
	e->pause_before = b10_published;
	CHECK_EQUAL(emu_call(e, emu_symbol(e, "qpmap_shootdown"), "www",
	    values), EMU_PAUSED, "published");
	e->pause_before = NULL;
	smp_poll(e, 1);
	smp_check_gone(e, 1, va, 2);
	CHECK_EQUAL(smp_go_on(e, 0), EMU_PAUSED, "waits for CPU 2");
	CHECK_EQUAL(e->ipi_count[1], 0, "interrupts sent");
	CHECK_EQUAL(e->ipi_count[2], 1, "interrupts sent");
	CHECK_EQUAL(shoot(e, 1, 1, 0), EMU_PAUSED, "another waits");
	smp_interrupt(e, 2);
	smp_check_gone(e, 2, va, 2);
	smp_go_on(e, 1);
	CHECK_EQUAL(smp_go_on(e, 0), EMU_RETURNED, "the first one's end");
	if (smp_go_on(e, 1) != EMU_RETURNED) {
		CHECK(false, "the second waits, though all have answered");
	}
	smp_check_idle(e, 3);
}

/* Make count requests that CPU 1 is not asked to serve. */
static void
b10_behind(struct emu *e, unsigned count)
{
	unsigned self = 0;
	uint64_t set = smp_bitmap(e, &self, 1);

	for (unsigned i = 0; i < count; i++) {
		SMP_CALL(e, 0, "qpmap_shootdown", "www", e->mode->scratch_va +
		    ((uint64_t)i << e->mode->page_shift), 1, set);
	}
}

/*
 * A CPU that lags serves all that it missed, request by request while they
 * are in the ring; it is not interrupted for what it is not asked.
 */
static void
b10_lag(const struct contract_case *c)
{
	struct emu *e = smp_ready(c, 2);
	uint64_t va = e->mode->scratch_va;
	unsigned count = c->number;

	shoot_all(e, 0, 1, 0);
	for (unsigned round = 0; round < 3; round++) {
		smp_plant(e, 3, va, count);
		b10_behind(e, count);
		CHECK_EQUAL(e->ipi_count[1], 0, "interrupts sent");
		smp_check_stale(e, 1, va, count);
		smp_interrupt(e, 1);
		smp_check_gone(e, 1, va, count);
	}
}

/* What is not in the ring, or only half, is served by invalidating all. */
static void
b10_lost(const struct contract_case *c)
{
	struct emu *e = smp_ready(c, 2);
	uint64_t va = e->mode->scratch_va, number, at;

	for (unsigned i = 0; i < 3; i++) {
		smp_plant(e, 3, va, 3);
		b10_behind(e, 3);
		number = emu_shootdown_word(e, FACT_GENERATION) - i;
		at = smp_at_request(e, number, FACT_REQUEST_GENERATION);
		smp_set(e, at, c->number);
		smp_set(e, smp_at_request(e, number, FACT_REQUEST_VA), 0);
		smp_interrupt(e, 1);
		smp_check_gone(e, 1, va, 3);
		smp_set(e, at, number - e->fact[FACT_REQUESTS]);
	}
}

/*
 * Number 0 comes, too, and in the ring it means half written: whoever finds it
 * there invalidates all.
 */
static void
b10_number_0(const struct contract_case *c)
{
	struct emu *e = smp_ready(c, 2);
	uint64_t va = e->mode->scratch_va;

	smp_plant(e, 2, va, 3);
	smp_set(e, smp_at_shootdown(e, FACT_GENERATION), 0);
	smp_set(e, smp_at_sync(e, 1, FACT_SYNC_ACKNOWLEDGED),
	    smp_ones(e));
	smp_set(e, smp_at_request(e, 0, FACT_REQUEST_GENERATION), 0);
	smp_set(e, smp_at_request(e, 0, FACT_REQUEST_VA), 0);
	smp_set(e, smp_at_request(e, 0, FACT_REQUEST_PAGES), 1);
	smp_interrupt(e, 1);
	smp_check_gone(e, 1, va, 3);
	CHECK_EQUAL(emu_sync_word(e, 1, FACT_SYNC_ACKNOWLEDGED), 0,
	    "acknowledged");
}

/* Request numbers wrap around, through 0, and nothing is lost or waits. */
static void
b10_wrap(const struct contract_case *c)
{
	struct emu *e = smp_ready(c, 3);
	uint64_t va = e->mode->scratch_va;
	uint64_t from = smp_ones(e) - 20;

	smp_set(e, smp_at_shootdown(e, FACT_GENERATION), from);
	for (unsigned window = 0; window < 3; window++) {
		smp_set(e, smp_at_sync(e, window,
		    FACT_SYNC_ACKNOWLEDGED), from);
	}
	for (unsigned i = 0; i < 60; i++) {
		smp_plant(e, 7, va, 2);
		if (i % 3 == 0) {
			b10_behind(e, i % 5);
		}
		shoot_all(e, i % 3, 2, 0);
		for (unsigned cpu = 0; cpu < 3; cpu++) {
			smp_check_gone(e, cpu, va, 2);
		}
	}
	CHECK(emu_shootdown_word(e, FACT_GENERATION) < 200, "no wrap");
}

/* Every 2^24th request goes to all, so that none lags without limit. */
static void
b10_sweep(const struct contract_case *c)
{
	struct emu *e = smp_ready(c, 2);
	uint64_t from = smp_ones(e) >> 24 << 24;
	unsigned self = 0;

	for (unsigned i = 0; i < 2; i++) {
		smp_set(e, smp_at_shootdown(e, FACT_GENERATION), from - 2 + i);
		smp_set(e, smp_at_sync(e, 0, FACT_SYNC_ACKNOWLEDGED),
		    from - 2);
		smp_set(e, smp_at_sync(e, 1, FACT_SYNC_ACKNOWLEDGED),
		    from - 2);
		CHECK_EQUAL(shoot(e, 0, 1, smp_bitmap(e, &self, 1)), i == 1 ?
		    EMU_PAUSED : EMU_RETURNED, "the CPU waits");
		CHECK_EQUAL(e->ipi_count[1], i, "interrupts sent");
	}
	smp_finish(e, 0);
	CHECK_EQUAL(emu_sync_word(e, 1, FACT_SYNC_ACKNOWLEDGED), from,
	    "acknowledged");
}

/* The lock's holder shoots; who spins for the lock polls. */
static void
b10_poll(const struct contract_case *c)
{
	struct emu *e = smp_ready(c, 2);
	uint64_t va = e->mode->scratch_va;

	smp_plant(e, 3, va, 1);
	CHECK_EQUAL(shoot(e, 0, 1, 0), EMU_PAUSED, "waits");
	smp_poll(e, 1);
	smp_check_gone(e, 1, va, 1);
	CHECK_EQUAL(smp_go_on(e, 0), EMU_RETURNED, "the shootdown's end");
	smp_plant(e, 3, va, 1);
	smp_poll(e, 1);
	smp_check_stale(e, 1, va, 1);
}

/* Who is not online cannot be told, and so does not ask. */
static void
b10_not_online(const struct contract_case *c)
{
	static const struct {
		const char *name;
		const char *kinds;
		uint64_t values[3];
	} call[3] = {
		{ "qpmap_shootdown", "www", { 0, 1, 0 } },
		{ "qpmap_quiesce", "", { 0 } },
		{ "guest_global_enter", "pw", { 0, 0 } }
	};
	struct emu *e = smp_ready(c, 2);
	uint64_t va = smp_global_enter(e, 0, emu_page(e, 1), 0);

	emu_cpu(e, 1);
	EMU_CALL(e, "qpmap_cpu_offline", "w", emu_state_pa(e));
	for (unsigned i = 0; i < 3; i++) {
		emu_call(e, emu_symbol(e, call[i].name), call[i].kinds,
		    call[i].values);
		check_panic(e, QPMAP_PANIC_SHOOTDOWN, 0, 0);
	}
	EMU_CALL(e, "qpmap_global_remove", "w", va);
	check_panic(e, QPMAP_PANIC_SHOOTDOWN, 0, 0);
}

/* Held mappings, of whatever CPU, are none of its business. */
static void
b10_held(const struct contract_case *c)
{
	struct emu *e = smp_ready(c, 2);
	uint64_t va[2];

	for (unsigned cpu = 0; cpu < 2; cpu++) {
		emu_cpu(e, cpu);
		va[cpu] = emu_enter(e, emu_page(e, 50 + cpu), c->type);
	}
	shoot_all(e, 0, 2, 0);
	shoot_all(e, 1, ALL_PAGES(e), 0);
	SMP_CALL(e, 0, "qpmap_quiesce", "");
	for (unsigned cpu = 0; cpu < 2; cpu++) {
		emu_cpu(e, cpu);
		check_load(e, va[cpu], 4, contract_tag(e,
		    emu_page(e, 50 + cpu)));
		CHECK_EQUAL(emu_depth(e), 1, "preemption depth");
		emu_remove(e, va[cpu]);
		check_nothing(e, va[cpu]);
	}
	smp_check_idle(e, 2);
}

/* B3: what other CPUs speculated through a window ends with quiesce. */
static void
b3_quiesce(const struct contract_case *c)
{
	struct emu *e = smp_ready(c, 3);
	uint64_t pa = emu_page(e, 1), tag, va;

	for (unsigned cpu = 0; cpu < 3; cpu++) {
		emu_cpu(e, cpu);
		va = emu_enter(e, pa, c->type);
		tag = contract_tag(e, pa);
		for (unsigned other = 0; other < 3; other++) {
			emu_cpu(e, other);
			check_load(e, va, 4, tag);	/* it must not */
		}
		emu_cpu(e, cpu);
		emu_remove(e, va);
		check_nothing(e, va);
		if (!e->arch->broadcasts) {
			emu_cpu(e, (cpu + 1) % 3);
			check_load(e, va, 4, tag);	/* and can */
		}
		SMP_CALL(e, (cpu + 2) % 3, "qpmap_quiesce", "");
		for (unsigned other = 0; other < 3; other++) {
			smp_check_gone(e, other, va, 1);
		}
	}
	smp_check_idle(e, 3);
}

/* A number and what is left in a CPU's TLB: window, slots, anything. */
static void
b11_reuse(const struct contract_case *c)
{
	struct emu *e = smp_ready(c, 3);
	uint64_t va = e->mode->scratch_va;

	emu_cpu(e, 1);
	EMU_CALL(e, "qpmap_cpu_offline", "w", emu_state_pa(e));
	smp_plant(e, 3, va, 2);
	emu_cpu(e, 3);
	emu_boot(e);
	smp_plant(e, 8, va, 2);
	CHECK_EQUAL(emu_online(e, 1, 0), QPMAP_OK, "CPU 3 with number 1");
	if (!e->arch->broadcasts) {
		smp_check_gone(e, 3, va, 2);
	}
	smp_plant(e, 15, va, 2);
	shoot(e, 0, 2, 0);
	CHECK_EQUAL(e->ipi_count[3], 0, "interrupts to window 3");
	if (!e->arch->broadcasts) {
		CHECK_EQUAL(e->ipi_count[1], 1, "interrupts to window 1");
		smp_interrupt(e, 1);		/* the offline CPU */
		smp_interrupt(e, 2);
		CHECK_EQUAL(smp_go_on(e, 0), EMU_PAUSED,
		    "an offline CPU answered for another");
		smp_check_stale(e, 3, va, 2);
		smp_interrupt(e, 3);
		CHECK_EQUAL(smp_go_on(e, 0), EMU_RETURNED, "the end");
	}
	smp_check_gone(e, 3, va, 2);
}

static void
b11_leaves(const struct contract_case *c)
{
	struct emu *e = smp_ready(c, 2);

	for (unsigned i = 0; i < 3; i++) {
		smp_plant(e, 3, e->mode->scratch_va, 3);
		emu_cpu(e, 1);
		EMU_CALL(e, "qpmap_cpu_offline", "w", emu_state_pa(e));
		CHECK_EQUAL(e->status, EMU_RETURNED, "offline");
		if (!e->arch->broadcasts) {
			smp_check_gone(e, 1, e->mode->scratch_va, 3);
		}
		CHECK_EQUAL(shoot(e, 0, 1, 0), EMU_RETURNED, "alone");
		smp_plant(e, 2, e->mode->scratch_va, 3);
		emu_cpu(e, 1);
		CHECK_EQUAL(emu_online(e, 1, 0), QPMAP_OK, "online");
		if (!e->arch->broadcasts) {
			smp_check_gone(e, 1, e->mode->scratch_va, 3);
		}
	}
}

/* Only where CPUs wait for each other's software. */
static void
shootdown_waiting_cases(const struct emu_mode *mode)
{
	static const unsigned behind[4] = { 1, 2, 16, 20 };

	contract_add(mode, b10_waits, NULL, "B10/waits");
	contract_add(mode, b10_goes_offline, NULL, "B10/goes-offline");
	contract_add(mode, b10_comes_back, NULL, "B10/comes-back");
	contract_add(mode, b10_served, NULL, "B10/served-before");
	contract_add(mode, b10_late, NULL, "B10/late-interrupt");
	contract_add(mode, b10_poll, NULL, "B10/poll");
	contract_add(mode, b10_wrap, NULL, "B10/wrap");
	contract_add(mode, b10_number_0, NULL, "B10/number-0");
	contract_add(mode, b10_sweep, NULL, "B10/sweep");
	contract_add(mode, b10_lost, NULL, "B10/half-written");
	contract_add(mode, b10_lost, &(struct contract_case){ .number = 17 },
	    "B10/overwritten");
	for (unsigned i = 0; i < 4; i++) {
		contract_add(mode, b10_lag, &(struct contract_case){
		    .number = behind[i] }, "B10/behind=%u", behind[i]);
	}
}

void
contract_shootdown_cases(const struct emu_mode *mode)
{
	static const unsigned pages[6] = { 1, 2, 32, 33, 600, 3000 };

	if (!mode->arch->broadcasts) {
		shootdown_waiting_cases(mode);
	}
	for (unsigned i = 0; i < 6; i++) {
		contract_add(mode, b10_gone, &(struct contract_case){
		    .number = pages[i] }, "B10/pages=%u", pages[i]);
	}
	for (unsigned i = 2; i <= EMU_CPUS; i++) {
		contract_add(mode, b10_each_other, &(struct contract_case){
		    .number = i }, "B10/initiators=%u", i);
	}
	contract_add(mode, b10_remapped, NULL, "B10/remapped");
	contract_add(mode, b10_nothing, NULL, "B10/no-pages");
	contract_add(mode, b10_set, NULL, "B10/set");
	contract_add(mode, b10_long_set, NULL, "B10/long-set");
	contract_add(mode, b10_self, NULL, "B10/self");
	contract_add(mode, b10_offline, NULL, "B10/offline");
	contract_add(mode, b10_not_online, NULL, "B10/not-online");
	contract_add_types(mode, b10_held, "B10/held");
	contract_add_types(mode, b3_quiesce, "B3/quiesce");
	contract_add(mode, b11_reuse, NULL, "B11/number-reused");
	contract_add(mode, b11_leaves, NULL, "B11/leaves-nothing");
}
