/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "smp.h"

/* Where the initiator is broken off: at qpmap_host_ipi(). */
static uint64_t smp_hook;

static bool
smp_at_hook(struct emu *e, uint64_t pc)
{
	(void)e;
	return (pc == smp_hook);
}

/* The current CPU's state, as it is now, is kept for its window. */
static void
smp_online(struct smp *smp, unsigned window)
{
	struct emu *e = smp->e;
	size_t size = e->fact[FACT_CPU_SIZE];
	void *state = emu_ram(e, emu_state_pa(e), size);

	memset(state, 0, size);
	if (emu_online(e, window, 0) != 0) {
		emu_die("%s: window %u is refused: %u", e->mode->name, window,
		    (unsigned)e->result);
	}
	if (size > SMP_STATE) {
		emu_die("a CPU's state has more than %d bytes", SMP_STATE);
	}
	memcpy(smp->state[window], state, size);
}

void
smp_become(struct smp *smp, unsigned cpu)
{
	struct emu *e = smp->e;
	size_t size = e->fact[FACT_CPU_SIZE];

	emu_cpu(e, 1);
	memcpy(emu_ram(e, emu_state_pa(e), size), smp->state[cpu], size);
}

void
smp_open(struct smp *smp, const struct emu_mode *mode, unsigned cpus,
    unsigned boot_flags, unsigned flags)
{
	struct emu *e = emu_prepare(mode, "smp-bench",
	    mode->arch->layouts[0].value, boot_flags);

	*smp = (struct smp){ .e = e, .cpus = cpus };
	e->config[WIRE_CONFIG_CPUS] = cpus;
	e->config[WIRE_FLAGS] |= flags;
	/* 64 slots: one group, two on i386. */
	e->config[WIRE_GLOBAL_COUNT] = 64 / e->fact[FACT_GLOBAL_SLOTS];
	if (emu_init(e) != 0) {
		emu_die("%s: qpmap_init refused: %u", mode->name,
		    (unsigned)e->result);
	}
	emu_cpu(e, 1);
	emu_boot(e);
	for (unsigned window = 1; window < cpus; window++) {
		smp_online(smp, window);
	}
	emu_cpu(e, 0);
	smp_online(smp, 0);
	smp_hook = emu_symbol(e, "qpmap_host_ipi");
	e->pause_before = smp_at_hook;
}

void
smp_close(struct smp *smp)
{
	emu_close(smp->e);
}

/* A line that only one engine has, whoever it plays: its data, its stack. */
static bool
smp_is_own(struct emu *e, uint64_t pa)
{
	uint64_t stack = emu_symbol(e, "guest_stack");

	return (pa - e->percpu < e->fact[FACT_PERCPU_SIZE] ||
	    pa - stack < EMU_CPUS * (uint64_t)WIRE_STACK_SIZE);
}

static void
smp_touch(struct smp *smp, unsigned cpu, uint64_t line, bool written)
{
	unsigned i = 0;

	while (i < smp->line_count && smp->line[i].line != line) {
		i++;
	}
	if (i == SMP_LINES) {
		emu_die("a shootdown touched more than %d lines", SMP_LINES);
	}
	if (i == smp->line_count) {
		smp->line[smp->line_count++] =
		    (struct smp_line){ .line = line };
	}
	smp->line[i].touched |= UINT64_C(1) << cpu;
	smp->line[i].written |= (uint64_t)written << cpu;
	smp->line[i].pairs += smp->line[i].last_pair != smp->pair;
	smp->line[i].last_pair = smp->pair;
}

/* The events from first on were that CPU's. */
static void
smp_lines(struct smp *smp, unsigned cpu, size_t first)
{
	struct emu *e = smp->e;

	for (size_t i = first; i < e->event_count; i++) {
		const struct emu_event *event = &e->events[i];
		bool written = strcmp(event->name, "store") == 0;

		if ((written || strcmp(event->name, "load") == 0) &&
		    !smp_is_own(e, event->a)) {
			smp_touch(smp, cpu,
			    event->a / e->fact[FACT_CACHE_LINE], written);
		}
	}
}

/* The initiator's events since first, until it was broken off or returned. */
static size_t
smp_initiator(struct smp *smp, size_t first)
{
	struct emu *e = smp->e;

	counts_add_events(&smp->initiator, e, first, e->event_count);
	smp_lines(smp, 0, first);
	return (e->event_count);
}

/* The handler, on the CPU that has that window. */
static size_t
smp_target(struct smp *smp, unsigned window, size_t first)
{
	struct emu *e = smp->e;
	struct counts counts;

	smp_become(smp, window);
	if (EMU_CALL(e, "qpmap_shootdown_ipi", "") != EMU_RETURNED) {
		emu_die("%s: the handler did not return", e->mode->name);
	}
	counts = (struct counts){ .instructions = e->insn_count };
	counts_add_events(&counts, e, first, e->event_count);
	smp_lines(smp, window, first);
	smp->uneven = smp->uneven || (smp->interrupts != 0 &&
	    (counts.instructions != smp->target.instructions ||
	    counts.tlb_local != smp->target.tlb_local ||
	    counts.barriers != smp->target.barriers));
	smp->target = counts;
	smp->targets.instructions += counts.instructions;
	smp->targets.tlb_local += counts.tlb_local;
	smp->targets.barriers += counts.barriers;
	smp->interrupts++;
	emu_cpu(e, 0);
	return (e->event_count);
}

void
smp_begin(struct smp *smp)
{
	smp->initiator = smp->target = smp->targets =
	    (struct counts){ .instructions = 0 };
	smp->interrupts = smp->line_count = smp->pair = 0;
	smp->uneven = false;
}

void
smp_add(struct smp *smp, const char *function, const char *kinds,
    const uint64_t *values)
{
	struct emu *e = smp->e;
	enum emu_status status;
	size_t first = 0;
	uint64_t window;

	emu_record(e, EMU_REC_STORES | EMU_REC_LOADS | EMU_REC_INSNS);
	status = emu_call(e, emu_symbol(e, function), kinds, values);
	first = smp_initiator(smp, first);
	while (status == EMU_PAUSED) {
		window = e->arch->argument(e) & 0xffffffff;
		if (window == 0 || window >= smp->cpus) {
			emu_die("%s: interrupt for window %u", e->mode->name,
			    (unsigned)window);
		}
		first = smp_target(smp, (unsigned)window, first);
		status = emu_resume(e);
		first = smp_initiator(smp, first);
	}
	emu_record_end(e);
	if (status != EMU_RETURNED) {
		emu_die("%s: %s did not return", e->mode->name, function);
	}
	smp->initiator.instructions += e->insn_count;
}

void
smp_call(struct smp *smp, const char *function, const char *kinds,
    const uint64_t *values)
{
	smp_begin(smp);
	smp_add(smp, function, kinds, values);
}

void
smp_add_other(struct smp *smp, unsigned cpu, const char *function,
    const char *kinds, const uint64_t *values)
{
	struct emu *e = smp->e;

	emu_record(e, EMU_REC_STORES | EMU_REC_LOADS | EMU_REC_INSNS);
	if (emu_call(e, emu_symbol(e, function), kinds, values) !=
	    EMU_RETURNED) {
		emu_die("%s: %s did not return", e->mode->name, function);
	}
	emu_record_end(e);
	smp_lines(smp, cpu, 0);
	smp->other = (struct counts){ .instructions = e->insn_count };
	counts_add_events(&smp->other, e, 0, e->event_count);
}

/* Written, and touched by more than one. */
static bool
smp_is_shared(const struct smp_line *line)
{
	return (line->written != 0 &&
	    (line->touched & (line->touched - 1)) != 0);
}

static unsigned
smp_global_by(const struct smp *smp, uint64_t cpus)
{
	unsigned shared = 0;

	for (unsigned i = 0; i < smp->line_count; i++) {
		shared += smp_is_shared(&smp->line[i]) &&
		    (smp->line[i].touched & cpus) != 0;
	}
	return (shared);
}

unsigned
smp_global(const struct smp *smp)
{
	return (smp_global_by(smp, ~UINT64_C(0)));
}

unsigned
smp_initiator_global(const struct smp *smp)
{
	return (smp_global_by(smp, 1));
}

unsigned
smp_pairs_global(const struct smp *smp)
{
	unsigned pairs = 0;

	for (unsigned i = 0; i < smp->line_count; i++) {
		if (smp_is_shared(&smp->line[i])) {
			pairs += smp->line[i].pairs;
		}
	}
	return (pairs);
}
