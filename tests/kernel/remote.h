/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What CPUs have in each other's TLBs: remote.c puts it under load, tlbs.c
 * looks at it one step at a time.
 */
#ifndef REMOTE_H
#define REMOTE_H

#include "kernel.h"

void kernel_remote_init(void);

/* So many steps with what all CPUs map, take away and shoot down. */
void kernel_remote_steps(struct kernel_cpu *cpu, uint32_t steps);

/* After all steps: everything is taken away, and every page is intact. */
void kernel_remote_end(void);

/* Jobs of all CPUs: steps, with interrupts; at each other, interrupts off. */
void kernel_remote_job(struct kernel_cpu *cpu);
void kernel_duel_job(struct kernel_cpu *cpu);
void kernel_locked_job(struct kernel_cpu *cpu);

/* Tests of tlbs.c, on CPU 0, while the others wait for jobs. */
void kernel_tlbs_init(void);
void kernel_test_global(void);
void kernel_test_sets(void);
void kernel_test_quiesce(void);
void kernel_test_offline(void);
void kernel_test_slots(void);

/* Test of held.c, likewise. */
void kernel_test_held(void);

/* Tests of habits.c, likewise. */
void kernel_test_hostile(void);
void kernel_test_walked(void);
void kernel_test_together(void);
void kernel_test_pruner(void);

#endif /* REMOTE_H */
