/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stress.c: many pages, several CPUs, interrupts; and what tests are made of.
 */
#ifndef STRESS_H
#define STRESS_H

#include "kernel.h"

#define KERNEL_WORDS (KERNEL_PAGE / 4)

/*
 * How often it is tried whether a CPU has kept a translation: it may lose one
 * that nobody invalidated.
 */
#define KERNEL_CHANCES 9u

static inline volatile uint32_t *
kernel_words(qpmap_vaddr_t va)
{
	return ((volatile uint32_t *)va);
}

/* Word i of a page that was filled from that seed; 0: with zeros. */
static inline uint32_t
kernel_word(uint32_t seed, uint32_t i)
{
	return (seed == 0 ? 0 : seed ^ i * 2654435761u);
}

/*
 * large.c: its test; then a large page of it can be entered, and removed after
 * a look at its words.
 */
void kernel_test_large(void);
qpmap_vaddr_t kernel_large_begin(void);
void kernel_large_end(qpmap_vaddr_t va);

/* try.c: its test, and its part of the storm's handler. */
void kernel_test_try(void);
void kernel_try_nothing(void);

/* tests.c: if it does not hold, the running test has failed. */
void kernel_expect(bool holds, const char *why);

void kernel_stress_init(void);

/* The first of three neighbouring pages that the stress does not use. */
qpmap_paddr_t kernel_stress_run(void);

/* A number below that, of the generator that has that state; this CPU's. */
uint32_t kernel_random_next(uint64_t *state, uint32_t below);
uint32_t kernel_random(struct kernel_cpu *cpu, uint32_t below);

/* Some words at va are those of seed. */
void kernel_check_words(struct kernel_cpu *cpu, qpmap_vaddr_t va,
    uint32_t seed);

/* So many steps, on this CPU. */
void kernel_stress(struct kernel_cpu *cpu, uint32_t steps);

/* Enter and remove one page of a thread's, again and again. */
void kernel_pairs(struct kernel_cpu *cpu, uint32_t thread);

/* Interrupt another CPU, and what it does then. */
void kernel_interrupt_someone(struct kernel_cpu *cpu);
void kernel_storm_handler(void);

/*
 * ranges.c: its tests, and its part of the storm's handler.  With 32 pages an
 * area is in the table that the windows are in.
 */
void kernel_test_ranges(void);
void kernel_test_ranges_storm(void);
void kernel_range_handler(struct kernel_cpu *cpu);

/* Jobs: stress, with interrupts, and that until kernel_churn_end(). */
void kernel_stress_job(struct kernel_cpu *cpu);
void kernel_storm_job(struct kernel_cpu *cpu);
void kernel_churn_job(struct kernel_cpu *cpu);
void kernel_churn_end(void);

/*
 * Two threads on each CPU and a timer.  Every CPU has been preempted, at once
 * and with a delay, several times.
 */
void kernel_threads_job(struct kernel_cpu *cpu);

/* Tests of switch.c. */
void kernel_test_switch(void);
void kernel_test_holders(void);

/* A CPU in kernel_churn_job() is to go offline. */
void kernel_cpu_ask_to_leave(uint32_t number);

#endif /* STRESS_H */
