/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a shootdown costs on 1 to 64 CPUs, counted in the emulated machine.
 *
 * Two engines: one is the initiator, with window 0.  The other plays every
 * other CPU in turn: an interrupt for a window breaks the initiator off, and
 * the handler runs to its end with that window, before the initiator goes on.
 * So nobody waits, and the counts are exact.
 */
#ifndef BENCH_SMP_H
#define BENCH_SMP_H

#include "counts.h"

/* Bits in the sets of struct smp. */
#define SMP_CPUS 64

/* More bytes than a struct qpmap_cpu has. */
#define SMP_STATE 512

/* More distinct lines than one shootdown touches. */
#define SMP_LINES 512

/* A cache line, and the CPUs that read or wrote, and that wrote it. */
struct smp_line {
	uint64_t line;
	uint64_t touched;
	uint64_t written;
	unsigned pairs;		/* that touched it; the last of them */
	unsigned last_pair;
};

/* A machine with so many CPUs online. */
struct smp {
	struct emu *e;
	unsigned cpus;
	struct smp_line line[SMP_LINES];
	unsigned line_count;
	uint8_t state[SMP_CPUS][SMP_STATE]; /* of CPUs not played */
	struct counts initiator;	/* of the calls since smp_begin() */
	struct counts target;		/* of the last handler */
	struct counts targets;		/* of all, but for their lines */
	struct counts other;		/* of the last smp_add_other() */
	unsigned pair;			/* w: its number, of lines touched */
	unsigned interrupts;
	bool uneven;			/* handlers differed in cost */
};

/* boot_flags are those of struct emu, flags those of the configuration. */
void smp_open(struct smp *smp, const struct emu_mode *mode, unsigned cpus,
    unsigned boot_flags, unsigned flags);
void smp_close(struct smp *smp);

/* Call a function on the initiator; dies unless it returns. */
void smp_call(struct smp *smp, const char *function, const char *kinds,
    const uint64_t *values);

/* The same of several functions: begin, and then each. */
void smp_begin(struct smp *smp);
void smp_add(struct smp *smp, const char *function, const char *kinds,
    const uint64_t *values);

/*
 * Make the engine that plays it the CPU with that window.  What it calls by
 * itself, without an interrupt, adds its lines to those of the initiator.
 */
void smp_become(struct smp *smp, unsigned cpu);
void smp_add_other(struct smp *smp, unsigned cpu, const char *function,
    const char *kinds, const uint64_t *values);

/* Lines that one CPU wrote and another touched, since smp_begin(). */
unsigned smp_global(const struct smp *smp);
/* Those of them that the initiator touched. */
unsigned smp_initiator_global(const struct smp *smp);
/* All of them together: how many pairs touched each. */
unsigned smp_pairs_global(const struct smp *smp);

#endif /* BENCH_SMP_H */
