/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "counts.h"

/* Instructions that act on translations, and those that only order. */
static bool
counts_is_tlb(const char *name)
{
	return (strncmp(name, "invlpg", 6) == 0 ||
	    strncmp(name, "mov cr", 6) == 0 ||
	    strncmp(name, "tlbi", 4) == 0 ||
	    strncmp(name, "sinval.vma", 10) == 0 ||
	    strncmp(name, "sfence.vma", 10) == 0);
}

static bool
counts_is_broadcast(const char *name)
{
	size_t length = strlen(name);

	return (strncmp(name, "tlbi", 4) == 0 && length > 2 &&
	    strcmp(name + length - 2, "is") == 0);
}

static bool
counts_is_barrier(const char *name)
{
	return (strncmp(name, "dsb", 3) == 0 || strncmp(name, "dmb", 3) == 0 ||
	    strcmp(name, "isb") == 0 || strncmp(name, "fence", 5) == 0 ||
	    strcmp(name, "sfence") == 0 || strcmp(name, "mfence") == 0 ||
	    strcmp(name, "lfence") == 0);
}

static void
counts_add_line(struct counts *counts, uint64_t line)
{
	for (unsigned i = 0; i < counts->line_count; i++) {
		if (counts->line[i] == line) {
			return;
		}
	}
	if (counts->line_count == COUNTS_LINES) {
		emu_die("a call wrote more than %d cache lines", COUNTS_LINES);
	}
	counts->line[counts->line_count++] = line;
}

void
counts_add_events(struct counts *counts, struct emu *e, size_t first,
    size_t last)
{
	for (size_t i = first; i < last; i++) {
		const struct emu_event *event = &e->events[i];

		if (strcmp(event->name, "store") == 0) {
			counts_add_line(counts,
			    event->a / e->fact[FACT_CACHE_LINE]);
		} else if (counts_is_broadcast(event->name)) {
			counts->tlb_broadcast++;
		} else if (counts_is_tlb(event->name)) {
			counts->tlb_local++;
		} else if (counts_is_barrier(event->name)) {
			counts->barriers++;
		}
	}
}

/* The call that was just recorded. */
static struct counts
counts_read(struct emu *e)
{
	struct counts counts = { .instructions = e->insn_count };

	counts_add_events(&counts, e, 0, e->event_count);
	return (counts);
}

struct emu *
counts_open(const struct emu_mode *mode, const char *variant, unsigned cpus,
    unsigned direct_pages)
{
	return (counts_open_boot(mode, variant, cpus, direct_pages, 0));
}

struct emu *
counts_open_boot(const struct emu_mode *mode, const char *variant,
    unsigned cpus, unsigned direct_pages, unsigned boot_flags)
{
	struct emu *e = emu_prepare(mode, variant,
	    mode->arch->layouts[0].value, boot_flags);

	if (e->fact[FACT_DIRECT_SIZE] != 0) {
		e->config[WIRE_DIRECT_VA] = e->fact[FACT_DIRECT_VA];
		e->config[WIRE_DIRECT_PA] = e->fact[FACT_DIRECT_PA];
		e->config[WIRE_DIRECT_SIZE] = e->fact[FACT_DIRECT_SIZE];
	} else if (direct_pages != 0) {
		e->config[WIRE_DIRECT_VA] = mode->direct_va;
		e->config[WIRE_DIRECT_PA] = mode->pages_base;
		e->config[WIRE_DIRECT_SIZE] =
		    (uint64_t)direct_pages << mode->page_shift;
	}
	e->config[WIRE_CONFIG_CPUS] = EMU_CPUS;
	if (emu_init(e) != 0) {
		emu_die("%s: qpmap_init refused: %u", mode->name,
		    (unsigned)e->result);
	}
	for (unsigned cpu = cpus; cpu-- > 0;) {
		emu_cpu(e, cpu);
		if (cpu != 0) {
			emu_boot(e);
		}
		if (emu_online(e, cpu, 0) != 0) {
			emu_die("%s: qpmap_cpu_online refused: %u",
			    mode->name, (unsigned)e->result);
		}
	}
	return (e);
}

/* Make one call, recorded; dies unless it returns. */
static struct counts
counts_call(struct emu *e, const char *function, const char *kinds,
    const uint64_t *values)
{
	emu_record(e, EMU_REC_STORES | EMU_REC_INSNS);
	if (emu_call(e, emu_symbol(e, function), kinds, values) !=
	    EMU_RETURNED) {
		emu_die("%s: %s did not return", e->mode->name, function);
	}
	emu_record_end(e);
	return (counts_read(e));
}

struct counts_pair
counts_functions(struct emu *e, const char *enter, const char *kinds,
    const uint64_t *values, const char *remove)
{
	struct counts_pair pair;
	uint64_t va;

	pair.enter = counts_call(e, enter, kinds, values);
	va = e->result;
	pair.remove = counts_call(e, remove, "w", &va);
	return (pair);
}

struct counts_pair
counts_pair(struct emu *e, uint64_t pa)
{
	return (counts_functions(e, "qpmap_enter", "pw",
	    (const uint64_t[]){ pa, 0 }, "qpmap_remove"));
}

uint64_t
counts_instructions(struct emu *e, const char *function, const char *kinds,
    const uint64_t *values)
{
	if (emu_call(e, emu_symbol(e, function), kinds, values) !=
	    EMU_RETURNED) {
		emu_die("%s: %s did not return", e->mode->name, function);
	}
	return (e->insn_count - e->repeat_count);
}

struct counts
counts_sum(const struct counts *a, const struct counts *b)
{
	struct counts sum = *a;

	sum.instructions += b->instructions;
	sum.tlb_local += b->tlb_local;
	sum.tlb_broadcast += b->tlb_broadcast;
	sum.barriers += b->barriers;
	for (unsigned i = 0; i < b->line_count; i++) {
		counts_add_line(&sum, b->line[i]);
	}
	return (sum);
}

unsigned
counts_shared(const struct counts *a, const struct counts *b)
{
	unsigned shared = 0;

	for (unsigned i = 0; i < a->line_count; i++) {
		for (unsigned j = 0; j < b->line_count; j++) {
			shared += a->line[i] == b->line[j];
		}
	}
	return (shared);
}
