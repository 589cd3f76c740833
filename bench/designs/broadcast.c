/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A few slots for each CPU, and every CPU told on both sides, when a slot is
 * filled and when it is cleared: XNU's copy windows on arm64, for comparison.
 * A rendering of our own of what they do.
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
 * two CPUs' entries are in one cache line.  Where hardware has no broadcast
 * (all but arm64) the other CPUs must be interrupted: here by
 * qpmap_shootdown(), which stands for a kernel's own.  No kernel known to us
 * does that for each pair; it is what the design would cost.
 *
 * Left out, in its favour: walking the tables for the entry, the cache
 * attributes' computation, the calls between the layers.
 */
#include <qpmap/shootdown.h>

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
#ifdef __aarch64__
	__asm__ volatile("dsb	ishst\n\t"
			 "isb\n\t"
			 "tlbi	vaale1is, %0\n\t"
			 "dsb	ish\n\t"
			 "isb" :: "r"(design_operand(va)) : "memory");
#else
	qpmap_shootdown(va, 1, 0);
#endif
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

	design_drain();
	design_pte_clear(design_place.ptep + index);
	broadcast_flush(va);
	design_barrier();
	DESIGN_CPU->thread->preempt--;
}
