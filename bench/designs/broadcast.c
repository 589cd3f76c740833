/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A few slots for each CPU, and every CPU told on both sides, when a slot is
 * filled and when it is cleared: XNU's copy windows on arm64, for comparison.
 * A rendering of our own of what they do (osfmk/arm/pmap; arm_vm_init.c of xnu
 * 1031c584a5e3).
 *
 * What they do: preemption is off from enter to remove; the CPU's four slots
 * are searched for an empty one; its entry is filled, and a broadcast TLBI
 * follows, in case this code was interrupted between clearing and
 * invalidating.  On remove all accesses are waited for, since the page may be
 * a device's; the entry is cleared, and a broadcast TLBI follows.
 *
 * Guarantees: fresh after enter and gone after remove, on every CPU; four
 * deep; in interrupts.
 *
 * Where it differs from ours: two broadcasts a pair, where one is enough if
 * the slot is not given back before the TLBI; the order of removal is free;
 * two CPUs' entries are in one cache line.
 *
 * Pages that the kernel manages have an address in the direct map, which
 * phystokv() finds in a short table of ranges, empty here, else by one offset
 * for all memory; another address is a panic.
 *
 * Left out, in its favour: walking the tables for the entry, the cache
 * attributes' computation, the calls between the layers.
 */
#include "design.h"

#define BROADCAST_SLOTS 4u

/* The page's number. */
qpmap_uptr
broadcast_page_of(qpmap_paddr_t pa)
{
	return ((qpmap_uptr)(pa >> QPMAP_PAGE_SHIFT));
}

static inline void
broadcast_flush(qpmap_vaddr_t va)
{
	__asm__ volatile("dsb	ishst\n\t"
			 "isb\n\t"
			 "tlbi	vaale1is, %0\n\t"
			 "dsb	ish\n\t"
			 "isb" :: "r"((qpmap_u64)va >> 12 &
			 ((1ULL << 44) - 1)) : "memory");
}

qpmap_vaddr_t
broadcast_enter(qpmap_uptr page)
{
	unsigned int index, end;
	qpmap_vaddr_t va;

	DESIGN_CPU->thread->preempt++;
	design_barrier();
	index = DESIGN_CPU->number * BROADCAST_SLOTS;
	end = index + BROADCAST_SLOTS;
	while (design_pte_load(design_place.ptep + index) != 0) {
		index++;
		if (index == end) {
			design_bug();
		}
	}
	va = design_place.va + ((qpmap_vaddr_t)index << QPMAP_PAGE_SHIFT);
	design_pte_store(design_place.ptep + index, design_pte(
	    (qpmap_paddr_t)page << QPMAP_PAGE_SHIFT, design_place.bits));
	broadcast_flush(va);
	return (va);
}

void
broadcast_remove(qpmap_vaddr_t va)
{
	qpmap_size_t index = (va - design_place.va) >> QPMAP_PAGE_SHIFT;

	__asm__ volatile("dsb	sy" ::: "memory");
	design_pte_clear(design_place.ptep + index);
	broadcast_flush(va);
	design_barrier();
	DESIGN_CPU->thread->preempt--;
}

/* A range of the direct map; the last has length 0. */
struct broadcast_range {
	qpmap_paddr_t pa;
	qpmap_vaddr_t va;
	qpmap_size_t length;
};
extern struct broadcast_range broadcast_ranges[8];
struct broadcast_range broadcast_ranges[8];

qpmap_vaddr_t
broadcast_direct(qpmap_uptr page)
{
	qpmap_paddr_t pa = (qpmap_paddr_t)page << QPMAP_PAGE_SHIFT;
	const struct broadcast_range *range;

	for (range = broadcast_ranges; range < broadcast_ranges + 8 &&
	    range->length != 0; range++) {
		if (pa >= range->pa && pa < range->pa + range->length) {
			return (pa - range->pa + range->va);
		}
	}
	if (pa < design_direct_pa ||
	    pa - design_direct_pa >= design_direct_size) {
		design_bug();
	}
	return (pa - design_direct_pa + design_direct_va);
}
