/* SPDX-License-Identifier: BSD-2-Clause */
#include "design.h"

struct design_place design_place;
qpmap_paddr_t design_direct_pa, design_direct_limit;
qpmap_size_t design_direct_size;
qpmap_vaddr_t design_direct_va, design_direct_base;
static struct design_thread design_threads[DESIGN_CPUS];

void
design_init(qpmap_vaddr_t va, qpmap_ptebits_t *ptep, qpmap_ptebits_t bits)
{
	design_place = (struct design_place){ va, ptep, bits };
}

void
design_direct_init(qpmap_paddr_t pa, qpmap_vaddr_t va, qpmap_size_t size)
{
	design_direct_pa = pa;
	design_direct_size = size;
	design_direct_va = va;
	design_direct_limit = pa + size;
	design_direct_base = va - (qpmap_vaddr_t)pa;
}

/* The CPU is that number from here on, and runs a thread of its own. */
void
design_cpu_init(unsigned int number)
{
	DESIGN_CPU->number = number;
	DESIGN_CPU->thread = &design_threads[number];
}

void
design_yield(void)
{
	design_bug();
}
