/* SPDX-License-Identifier: BSD-2-Clause */
#include "design.h"

struct design_place design_place;
static struct design_thread design_threads[DESIGN_CPUS];

void
design_init(qpmap_vaddr_t va, qpmap_ptebits_t *ptep, qpmap_ptebits_t bits)
{
	design_place = (struct design_place){ va, ptep, bits };
}

/* The CPU is that number from here on, and runs a thread of its own. */
void
design_cpu_init(unsigned int number)
{
	DESIGN_CPU->number = number;
	DESIGN_CPU->thread = &design_threads[number];
}
