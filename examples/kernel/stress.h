/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stress.c: many pages, several CPUs, interrupts.
 */
#ifndef STRESS_H
#define STRESS_H

#include "kernel.h"

/* tests.c: if it does not hold, the running test has failed. */
void kernel_expect(bool holds, const char *why);

void kernel_stress_init(void);

/* The first of three neighbouring pages that the stress does not use. */
qpmap_paddr_t kernel_stress_run(void);

/* So many steps, on this CPU. */
void kernel_stress(struct kernel_cpu *cpu, uint32_t steps);

/* Jobs: stress, with interrupts, and that until kernel_churn_end(). */
void kernel_stress_job(struct kernel_cpu *cpu);
void kernel_storm_job(struct kernel_cpu *cpu);
void kernel_churn_job(struct kernel_cpu *cpu);
void kernel_churn_end(void);

/* Every CPU has been interrupted amid a mapping, several times. */
bool kernel_storm_enough(void);

/* A CPU in kernel_churn_job() is to go offline. */
void kernel_cpu_ask_to_leave(uint32_t number);

#endif /* STRESS_H */
