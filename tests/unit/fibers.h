/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Several CPUs that really run at the same time, in turns: each has a stack of
 * its own, and at every event and atomic operation of the core another may go
 * on.  Who does is decided by numbers that a failing test prints.
 */
#ifndef QPMAP_TESTS_FIBERS_H
#define QPMAP_TESTS_FIBERS_H

#include "machine.h"

#if QPMAP_SHOOTDOWN

/*
 * With a seed, chance decides: a CPU's turn ends at one step in grain, an
 * interrupt is taken at one step in late.  Without, interrupts are taken at
 * once, and the CPU in turn is stopped after at[0] steps, the next one after
 * at[1]; from then on each goes on until it waits, or, with stop, until that
 * says so, whether it waits or not.
 */
struct fibers_plan {
	uint64_t seed;
	unsigned int grain;
	unsigned int late;
	unsigned int at[2];
	_Bool (*stop)(void);
};

/*
 * Run the CPUs that have a body, from first on, until all have returned.
 * Returns how many of at[] were reached.
 */
unsigned int fibers_run(const struct fibers_plan *plan, unsigned int first,
    void (*const body[FAKE_CPUS])(void));

/* This CPU's interrupts are off, or on. */
void fibers_mask(_Bool masked);
/* Any number below count; within fibers_run() with a seed. */
unsigned int fibers_pick(unsigned int count);
/* The CPU in turn waits for another. */
void fibers_spin(void);

/*
 * Run the two bodies on CPUs a and b against each other, with every pair of
 * stops; before is called before, and after after each run.
 */
void fibers_pairs(unsigned int a, void (*body_a)(void), unsigned int b,
    void (*body_b)(void), void (*before)(void), void (*after)(void));

/* After a failure that left the CPUs where they were: how to see it again. */
int fibers_teardown(void **state);

#define FIBERS_TEST(name, function)					\
	{ name, function, fake_setup, fibers_teardown, (void *)(name) }

#endif /* QPMAP_SHOOTDOWN */

#endif /* QPMAP_TESTS_FIBERS_H */
