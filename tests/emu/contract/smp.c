/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Several CPUs in the contract tests.
 */
#include <string.h>

#include "smp.h"

void
smp_start(struct emu *e, unsigned cpus)
{
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_OK, "qpmap_cpu_online");
	for (unsigned cpu = 1; cpu < cpus; cpu++) {
		emu_another(e, cpu);
	}
	emu_cpu(e, 0);
}

struct emu *
smp_ready(const struct contract_case *c, unsigned cpus)
{
	struct emu *e = contract_begin(c, "smp");

	smp_start(e, cpus);
	return (e);
}

enum emu_status
smp_begin(struct emu *e, unsigned cpu, const char *name, const char *kinds,
    const uint64_t *values)
{
	enum emu_status status;

	emu_cpu(e, cpu);
	e->pause_before = emu_spins;
	status = emu_call(e, emu_symbol(e, name), kinds, values);
	e->pause_before = NULL;
	return (status);
}

enum emu_status
smp_go_on(struct emu *e, unsigned cpu)
{
	enum emu_status status;

	emu_cpu(e, cpu);
	e->pause_before = emu_spins;
	status = emu_resume(e);
	e->pause_before = NULL;
	return (status);
}

/* In a handler nobody is moved to another CPU: as if pinned. */
static void
smp_pinned_call(struct emu *e, unsigned cpu, const char *name)
{
	uint64_t depth, at;

	emu_cpu(e, cpu);
	depth = emu_depth(e);
	at = e->percpu + e->fact[FACT_PERCPU_DEPTH];
	emu_write(e, at, 4, depth + 1);
	CHECK_EQUAL(EMU_CALL(e, name, ""), EMU_RETURNED, name);
	CHECK_EQUAL(emu_depth(e), depth + 1, "preemption depth");
	emu_write(e, at, 4, depth);
}

void
smp_interrupt(struct emu *e, unsigned cpu)
{
	smp_pinned_call(e, cpu, "qpmap_shootdown_ipi");
}

void
smp_poll(struct emu *e, unsigned cpu)
{
	smp_pinned_call(e, cpu, "qpmap_shootdown_poll");
}

void
smp_finish(struct emu *e, unsigned cpu)
{
	while (e->status == EMU_PAUSED) {
		bool any = false;

		for (unsigned other = 0; other < EMU_CPUS; other++) {
			if (e->ipi_count[other] != 0) {
				e->ipi_count[other] = 0;
				smp_interrupt(e, other);
				any = true;
			}
		}
		smp_go_on(e, cpu);
		CHECK(any || e->status != EMU_PAUSED,
		    "waits, and nobody was asked");
	}
	CHECK(e->status != EMU_PANICKED, "panic: %s", e->panic.text);
	CHECK_EQUAL(e->status, EMU_RETURNED, "the call's end");
}

uint64_t
smp_call(struct emu *e, unsigned cpu, const char *name, const char *kinds,
    const uint64_t *values)
{
	smp_begin(e, cpu, name, kinds, values);
	smp_finish(e, cpu);
	return (e->result);
}

uint64_t
smp_global_enter(struct emu *e, unsigned cpu, uint64_t pa, unsigned attr)
{
	uint64_t va = SMP_CALL(e, cpu, "guest_global_enter", "pw", pa, attr);

	CHECK(!emu_is_error(va), "qpmap_global_enter: error %llu",
	    (unsigned long long)va);
	return (va);
}

static uint64_t
smp_page(const struct emu *e, uint64_t va, unsigned i)
{
	return (va + ((uint64_t)i << e->mode->page_shift));
}

void
smp_plant(struct emu *e, unsigned cpus, uint64_t va, unsigned pages)
{
	unsigned current = e->cpu;
	uint64_t pte_pa;

	for (unsigned i = 0; i < pages; i++) {
		contract_tag(e, emu_page(e, i));
		emu_map(e, smp_page(e, va, i), emu_page(e, i), false);
	}
	for (unsigned cpu = 0; cpu < EMU_CPUS; cpu++) {
		if ((cpus >> cpu & 1) != 0) {
			smp_check_stale(e, cpu, va, pages);
		}
	}
	for (unsigned i = 0; i < pages; i++) {
		CHECK(emu_leaf_at(e, smp_page(e, va, i), &pte_pa, NULL),
		    "no leaf");
		emu_write(e, pte_pa, e->mode->entry_size, 0);
	}
	emu_cpu(e, current);
}

void
smp_check_stale(struct emu *e, unsigned cpu, uint64_t va, unsigned pages)
{
	emu_cpu(e, cpu);
	for (unsigned i = 0; i < pages; i++) {
		check_load(e, smp_page(e, va, i), 4,
		    emu_read(e, emu_page(e, i), 8));
	}
}

void
smp_check_gone(struct emu *e, unsigned cpu, uint64_t va, unsigned pages)
{
	emu_cpu(e, cpu);
	for (unsigned i = 0; i < pages; i++) {
		check_nothing(e, smp_page(e, va, i));
	}
}

void
smp_check_idle(struct emu *e, unsigned cpus)
{
	for (unsigned cpu = 0; cpu < cpus; cpu++) {
		emu_cpu(e, cpu);
		check_idle(e);
	}
	emu_cpu(e, 0);
}

void
smp_check_quiet(struct emu *e, unsigned first, unsigned last)
{
	for (unsigned window = first; window <= last; window++) {
		CHECK_EQUAL(e->ipi_count[window], 0, "interrupts sent");
	}
	memset(e->ipi_count, 0, sizeof(e->ipi_count));
}

uint64_t
smp_at_shootdown(struct emu *e, unsigned fact)
{
	return (emu_symbol(e, "guest_shootdown") + e->fact[fact]);
}

uint64_t
smp_at_request(struct emu *e, uint64_t generation, unsigned fact)
{
	return (smp_at_shootdown(e, FACT_RING) +
	    generation % e->fact[FACT_REQUESTS] *
	    e->fact[FACT_REQUEST_SIZE] + e->fact[fact]);
}

uint64_t
smp_at_sync(struct emu *e, unsigned window, unsigned fact)
{
	return (emu_symbol(e, "guest_cpu_sync") +
	    window * e->fact[FACT_SYNC_SIZE] + e->fact[fact]);
}

uint64_t
smp_at_group(struct emu *e, unsigned group, unsigned fact)
{
	return (emu_symbol(e, "guest_group") +
	    group * e->fact[FACT_GROUP_SIZE] + e->fact[fact]);
}

void
smp_set(struct emu *e, uint64_t at, uint64_t value)
{
	emu_write(e, at, (unsigned)e->fact[FACT_WORD], value);
}

uint64_t
smp_ones(const struct emu *e)
{
	return (e->fact[FACT_WORD] == 4 ? 0xffffffff : EMU_X0);
}

uint64_t
smp_bitmap(struct emu *e, const unsigned *windows, unsigned count)
{
	uint64_t set = emu_page_alloc(e);
	unsigned word = (unsigned)e->fact[FACT_WORD];

	for (unsigned i = 0; i < count; i++) {
		uint64_t at = set + windows[i] / (8 * word) * word;

		emu_write(e, at, word, emu_read(e, at, word) |
		    UINT64_C(1) << windows[i] % (8 * word));
	}
	return (set);
}
