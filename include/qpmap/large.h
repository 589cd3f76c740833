/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Large pages: map one by a single entry.  Builds with QPMAP_LARGE_SLOTS.
 *
 * A large page is QPMAP_LARGE_SIZE bytes, aligned to that size: 2 MiB; 4 MiB on
 * i386 with 32-bit entries; on arm64 32 MiB with 16 KiB pages, 512 MiB with
 * 64 KiB pages.  It is mapped in the large window of the calling CPU: addresses
 * reserved in advance (qpmap_config.large_va), apart from its window.  The cost
 * of enter and remove is that of a page.
 *
 * Each large slot has an unmapped large page before it, and the last one an
 * unmapped page after it.  Large pages nest, last in, first out, up to
 * QPMAP_LARGE_SLOTS at once on one CPU, by a thread and everything that
 * interrupts it together.  They do not use slots of the window, and the order
 * between them and pages of qpmap_enter() is free.
 *
 * The caller must answer for every byte of the large page, since a CPU may
 * access any of it speculatively, and may prefetch from it into its caches:
 *
 * - all of it is wired, held or unmanaged, as the page of qpmap_enter();
 * - none of it is withdrawn by a hypervisor, secure memory, poisoned, or of the
 *   other sharing (private, shared);
 * - no other mapping of any of it has another memory type;
 * - x86: one MTRR type covers it.
 *
 * A build with QPMAP_CHECKED asks qpmap_host_page_is_wired() for every page of
 * it.  Preemption is off from enter to remove, also while all of it is zeroed:
 * that is the caller's to bound.
 */
#ifndef QPMAP_LARGE_H
#define QPMAP_LARGE_H

#include "qpmap.h"

#if QPMAP_LARGE_SLOTS

QPMAP_BEGIN_DECLS

/*
 * Map the large page at pa for reading and writing by the kernel.  Returns its
 * address: page-aligned, never 0, and outside the direct map a multiple of
 * QPMAP_LARGE_SIZE.
 *
 * pa		physical address, a multiple of QPMAP_LARGE_SIZE, within the
 *		width of qpmap_enter()'s
 * attr		as of qpmap_enter()
 *
 * Never fails.  If all of the large page is in the direct map, with that type
 * and sharing, its address there is returned, and the caller is not pinned.
 * Otherwise the caller is pinned until qpmap_large_remove(), with the same
 * duties as after qpmap_enter().
 *
 * Panics as qpmap_enter(); if pa is not a multiple of QPMAP_LARGE_SIZE
 * (QPMAP_PANIC_LARGE_ALIGN); with one large page more on this CPU than
 * QPMAP_LARGE_SLOTS (QPMAP_PANIC_LARGE_FULL); and without large windows
 * (QPMAP_PANIC_OFFLINE).  Context: as qpmap_enter().
 */
QPMAP_CALL qpmap_vaddr_t qpmap_large_enter(qpmap_paddr_t pa,
    qpmap_attr_t attr);

/*
 * Map a large page read-only: as qpmap_large_enter(), but a store faults, and
 * the direct map is never used.
 */
QPMAP_CALL qpmap_vaddr_t qpmap_large_enter_ro(qpmap_paddr_t pa,
    qpmap_attr_t attr);

/*
 * Unmap the newest large page of this CPU.  va is the address that its enter
 * returned.
 *
 * After: as qpmap_remove(), for all of the large page.  For an address in the
 * direct map the function does nothing.  Any other address is a panic
 * (QPMAP_PANIC_LARGE_REMOVE).  Context: that of the enter, on the same CPU.
 */
QPMAP_CALL void qpmap_large_remove(qpmap_vaddr_t va);

QPMAP_END_DECLS

#endif /* QPMAP_LARGE_SLOTS */

#endif /* QPMAP_LARGE_H */
