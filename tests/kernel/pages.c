/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The physical pages that are mapped nowhere.
 *
 * The allocator keeps numbers, not addresses, and never looks into a page: a
 * free list through the pages themselves would need a mapping for each step.
 */
#include "kernel.h"

#define KERNEL_PAGES ((uint32_t)(MACHINE_RAM_SIZE / KERNEL_PAGE))

static struct kernel_lock kernel_pages_lock;
static uint16_t kernel_pages_free[KERNEL_PAGES];
static uint32_t kernel_pages_count;

_Static_assert(KERNEL_PAGES <= 65536, "a page's number has 16 bits");

/* The lowest are handed out first, and so the first ones are neighbours. */
void
kernel_pages_init(void)
{
	while (kernel_pages_count < KERNEL_PAGES) {
		kernel_pages_free[kernel_pages_count] =
		    (uint16_t)(KERNEL_PAGES - 1 - kernel_pages_count);
		kernel_pages_count++;
	}
}

qpmap_paddr_t
kernel_page_alloc(void)
{
	unsigned long irq = machine_irq_save();
	qpmap_paddr_t pa;

	kernel_lock(&kernel_pages_lock);
	if (kernel_pages_count == 0) {
		kernel_dying();
		kernel_fatal("no page left");
	}
	kernel_pages_count--;
	pa = MACHINE_RAM_PA + (qpmap_paddr_t)KERNEL_PAGE *
	    kernel_pages_free[kernel_pages_count];
	kernel_unlock(&kernel_pages_lock);
	machine_irq_restore(irq);
	return (pa);
}

void
kernel_page_free(qpmap_paddr_t pa)
{
	unsigned long irq = machine_irq_save();

	kernel_lock(&kernel_pages_lock);
	kernel_pages_free[kernel_pages_count] =
	    (uint16_t)((pa - MACHINE_RAM_PA) / KERNEL_PAGE);
	kernel_pages_count++;
	kernel_unlock(&kernel_pages_lock);
	machine_irq_restore(irq);
}
