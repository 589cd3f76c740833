/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ranges: map several pages at consecutive addresses.  Builds with
 * QPMAP_RANGE_PAGES.
 *
 * A range is mapped in the range area of the calling CPU: addresses reserved in
 * advance (qpmap_config.range_va), apart from its window.  One pair of barriers
 * serves all its pages, and one call instead of one for each.  That is worth it
 * from about 3 pages (arm64) or 4 (elsewhere).
 *
 * Every range has an unmapped page on both sides.  Ranges nest, last in, first
 * out, up to QPMAP_RANGE_DEPTH at once on one CPU, by a thread and everything
 * that interrupts it together; they do not use slots of the window, and the
 * order between ranges and pages of qpmap_enter() is free.
 *
 * No room is the only failure.  There is no reserve: a handler gets 0 if what
 * it interrupted holds too much, and must have another way, as page by page.
 *
 * Enter and remove have a loop over the pages and no other: a handler, another
 * CPU or a lock never makes them wait.  Preemption is off from enter to remove,
 * also while several hundred pages are zeroed: that is the caller's to bound.
 */
#ifndef QPMAP_RANGE_H
#define QPMAP_RANGE_H

#include "qpmap.h"

#if QPMAP_RANGE_PAGES

QPMAP_BEGIN_DECLS

/*
 * Map page_count physically contiguous pages from pa on for reading and writing
 * by the kernel.  Returns the address of the first one; or 0, and nothing has
 * changed, if there is no room or if page_count is 0.
 *
 * Every page must be as in qpmap_enter(), and attr is the attribute of all.  A
 * range that is wholly in the direct map, with that type and sharing, has its
 * address there, whatever its size: no room is used, and the caller is not
 * pinned.  Otherwise the caller is pinned until qpmap_range_remove(), with the
 * same duties.
 *
 * Panics as qpmap_enter(), for the first or the last page that is not valid; if
 * the range wraps around (QPMAP_PANIC_RANGE); and if an entry of the area that
 * must be empty is not, of which the first and the one before it are checked
 * (QPMAP_PANIC_RANGE_USED).  Context: any (threads, interrupts, NMI), with any
 * lock held.
 */
QPMAP_CALL qpmap_vaddr_t qpmap_range_enter(qpmap_paddr_t pa,
    qpmap_size_t page_count, qpmap_attr_t attr);

/*
 * Map page_count contiguous pages read-only: as qpmap_range_enter(), but a
 * store faults, and the direct map is never used.
 */
QPMAP_CALL qpmap_vaddr_t qpmap_range_enter_ro(qpmap_paddr_t pa,
    qpmap_size_t page_count, qpmap_attr_t attr);

/*
 * Map the page_count pages whose addresses are pages[0] and up, in that order:
 * as qpmap_range_enter(), but never in the direct map.  A page may be in the
 * list several times.  Each address is read once, also if another CPU changes
 * it: the page that was checked is the one that is mapped.
 *
 * If a page is not valid the panic comes when the pages before it are mapped;
 * qpmap_cpu_abandon() unmaps them.  If there is no such attribute, a of the
 * panic is 0.
 */
QPMAP_CALL qpmap_vaddr_t qpmap_range_enter_list(const qpmap_paddr_t *pages,
    qpmap_size_t page_count, qpmap_attr_t attr);
QPMAP_CALL qpmap_vaddr_t qpmap_range_enter_list_ro(const qpmap_paddr_t *pages,
    qpmap_size_t page_count, qpmap_attr_t attr);

/*
 * Unmap the newest range of this CPU, all of its pages.  va is the address that
 * its enter returned.
 *
 * After: as qpmap_remove(), for every page.  For an address in the direct map
 * the function does nothing.  Any other address is a panic
 * (QPMAP_PANIC_RANGE_REMOVE).  Context: that of the enter, on the same CPU.
 */
QPMAP_CALL void qpmap_range_remove(qpmap_vaddr_t va);

/*
 * The pages that the next range of this context can have: with none held
 * QPMAP_RANGE_PAGES - 2; 0 if QPMAP_RANGE_DEPTH ranges are held, or on a CPU
 * that is offline.  In a thread that may be preempted and holds no range every
 * CPU has the same.  Context: as qpmap_range_enter().
 */
QPMAP_CALL qpmap_size_t qpmap_range_room(void);

/*
 * Zero or copy page_count contiguous pages: as qpmap_zero_page() and
 * qpmap_copy_page() for each, in ascending order, but through ranges of up to
 * QPMAP_RANGE_BATCH pages where there is room.  Preemption is off for one batch
 * at a time.  They never fail.  The pages of dst and src are the same, or do
 * not overlap.
 *
 * qpmap_read() and qpmap_write() use such ranges, too, for what is left of a
 * transfer from QPMAP_RANGE_WORTH pages on.
 */
#define QPMAP_RANGE_BATCH	16u
#define QPMAP_RANGE_WORTH	4u
QPMAP_CALL void qpmap_zero_range(qpmap_paddr_t pa, qpmap_size_t page_count,
    qpmap_attr_t attr);
QPMAP_CALL void qpmap_copy_range(qpmap_paddr_t dst, qpmap_attr_t dst_attr,
    qpmap_paddr_t src, qpmap_attr_t src_attr, qpmap_size_t page_count);

QPMAP_END_DECLS

#endif /* QPMAP_RANGE_PAGES */

#endif /* QPMAP_RANGE_H */
