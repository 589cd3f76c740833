/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pages that the kernel maps by itself, in a table of its own: what a kernel's
 * allocator of address space does, with qpmap_shootdown() when it takes a page
 * away.  Whoever has page numbers here has them alone.
 */
#include "kernel.h"

qpmap_vaddr_t
kernel_own_va(uint32_t page)
{
	return (MACHINE_OWN_VA + (qpmap_vaddr_t)page * KERNEL_PAGE);
}

/* A walker sees each entry whole: one store, two if they are wider than us. */
void
kernel_entry_store(struct qpmap_pte *entry, qpmap_ptebits_t bits)
{
	volatile qpmap_ptebits_t *whole = &entry->bits;
	volatile uint32_t *halves = (volatile uint32_t *)whole;

	if (sizeof(bits) == sizeof(long)) {
		*whole = bits;
	} else if (bits != 0) {
		halves[1] = (uint32_t)((uint64_t)bits >> 32);
		halves[0] = (uint32_t)bits;
	} else {
		halves[0] = 0;
		halves[1] = 0;
	}
}

void
kernel_own_map(uint32_t page, const qpmap_paddr_t *pa, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++) {
		kernel_entry_store(&machine_own[page + i],
		    machine_own_entry(pa[i]));
	}
	machine_own_filled();
	if (MACHINE_CACHES_INVALID) {
		qpmap_shootdown(kernel_own_va(page), count, 0);
	}
}

/* The first half of taking pages away; kernel_own_shoot() is the second. */
void
kernel_own_unmap(uint32_t page, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++) {
		kernel_entry_store(&machine_own[page + i], 0);
	}
}

/*
 * No CPU of the set can use the pages any more.  The library's sets are of
 * windows; a CPU whose window changes meanwhile has invalidated everything.
 */
void
kernel_own_shoot(uint32_t page, uint32_t count, unsigned long cpus)
{
	unsigned long windows = 0;
	uint32_t i;

	for (i = 0; i < KERNEL_CPUS; i++) {
		windows |= (cpus >> i & 1) << __atomic_load_n(
		    &kernel_cpus[i].window, __ATOMIC_RELAXED);
	}
	qpmap_shootdown(kernel_own_va(page), count, &windows);
}
