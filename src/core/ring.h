/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The deferred discipline (QPMAP_RING): a ring of frames for mappings that do
 * not nest.
 *
 * The stack of frames is as in the strict discipline, and so is everything
 * that nests.  But its lowest frame moves: when its mapping is removed, the
 * entry is cleared and not invalidated, and the frame goes on to the ring's
 * next page.  After the last one, all the ring is invalidated at once.
 *
 * The frame moves while it is claimed: whatever interrupts that remove takes
 * the frames above, and leaves this one alone.  Enter, too, reads where it is
 * only after it has claimed it.  And when the ring is invalidated nothing is
 * mapped in it: its only mapping was just cleared.
 */
#ifndef QPMAP_CORE_RING_H
#define QPMAP_CORE_RING_H

#include "../arch/arch.h"

/* Frames of the ring, and the pages from its first frame to its last. */
#define QPMAP_RING_FRAMES						\
	((__UINT32_TYPE__)(QPMAP_RING - QPMAP_FRAMES + 1))
#define QPMAP_RING_PAGES (2 * QPMAP_RING_FRAMES - 1)

/*
 * Page in the window of frame number i of the stack, from 1: every frame has
 * an unmapped page on both sides.  The ring's frames come first.
 */
static inline __UINT32_TYPE__
qpmap_frame_page(__UINT32_TYPE__ i)
{
	return (QPMAP_RING == 0 || i == 1 ? 2 * i - 1 :
	    2 * (QPMAP_RING_FRAMES + i - 1) - 1);
}

#if QPMAP_RING

/*
 * The ring was used up, or is given up: this CPU forgets it (with
 * QPMAP_TLB_BROADCASTS every CPU), and frame, its stack's first, begins anew.
 */
void qpmap_ring_over(struct qpmap_frame *frame);

#endif

/*
 * The slot of frame, which mapped va, was cleared.  In the strict discipline,
 * and for what nests, this CPU forgets the page; else the frame moves on.
 */
static inline void
qpmap_frame_emptied(struct qpmap_cpu *cpu, struct qpmap_frame *frame,
    qpmap_vaddr_t va)
{
#if QPMAP_RING
	if (frame == &cpu->frame[1]) {
		if ((va & (QPMAP_WINDOW_SIZE - 1)) >>
		    QPMAP_PAGE_SHIFT == QPMAP_RING_PAGES) {
			qpmap_ring_over(frame);
			return;
		}
		*(volatile qpmap_vaddr_t *)&frame->va =
		    va + 2 * QPMAP_PAGE_SIZE;
		frame->slot += 2;
		return;
	}
#else
	(void)cpu;
	(void)frame;
#endif
	qpmap_tlb_emptied(va);
}

#endif /* QPMAP_CORE_RING_H */
