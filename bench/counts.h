/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What one enter and one remove cost, counted in the emulated machine.
 *
 * Shared by the bench, which prints numbers, and the demo, which shows them.
 */
#ifndef BENCH_COUNTS_H
#define BENCH_COUNTS_H

#include "../tests/emu/harness/emu.h"

/* Most distinct cache lines that one call is expected to write. */
#define COUNTS_LINES 16

/* One call, or several added up. */
struct counts {
	uint64_t instructions;	/* from the first to the return, inclusive */
	unsigned tlb_local;	/* invalidations of this CPU only */
	unsigned tlb_broadcast;	/* invalidations of every CPU */
	unsigned barriers;
	unsigned line_count;	/* distinct cache lines written */
	uint64_t line[COUNTS_LINES]; /* their addresses / line size */
};

/* A pair: one enter, one remove. */
struct counts_pair {
	struct counts enter;
	struct counts remove;
};

/*
 * A machine of the given variant with CPU 0 (and with cpus = 2, CPU 1) online,
 * and with the direct map that the guest was built for, or else, with the test
 * pages' first direct_pages in one.
 */
struct emu *counts_open(const struct emu_mode *mode, const char *variant,
    unsigned cpus, unsigned direct_pages);
/* The same with boot flags of struct emu. */
struct emu *counts_open_boot(const struct emu_mode *mode, const char *variant,
    unsigned cpus, unsigned direct_pages, unsigned boot_flags);

/* Count a pair on the current CPU, for a write-back page. */
struct counts_pair counts_pair(struct emu *e, uint64_t pa);

/* The same of two functions that take a pointer or word and give one. */
struct counts_pair counts_functions(struct emu *e, const char *enter,
    const char *kinds, const uint64_t *values, const char *remove);

/*
 * Instructions of one call, which may store any number of lines.  A string
 * instruction that repeats itself is one.
 */
uint64_t counts_instructions(struct emu *e, const char *function,
    const char *kinds, const uint64_t *values);

/* What the recorded events from first on, up to last, add; no instructions. */
void counts_add_events(struct counts *counts, struct emu *e, size_t first,
    size_t last);

/* b added to a; lines are joined. */
struct counts counts_sum(const struct counts *a, const struct counts *b);

/* How many lines both have written. */
unsigned counts_shared(const struct counts *a, const struct counts *b);

#endif /* BENCH_COUNTS_H */
