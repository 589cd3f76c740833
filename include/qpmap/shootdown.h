/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TLB shootdown, global mappings, quiescence.  Builds with QPMAP_SHOOTDOWN=1.
 *
 * A translation that one CPU removes from a page table may stay in the TLBs of
 * others.  arm64 broadcasts the invalidation; elsewhere each target must be
 * interrupted.  Required, besides <qpmap/qpmap.h>: the memory named at the end
 * of struct qpmap_config, qpmap_host_ipi() (<qpmap/host.h>), and calls of
 *
 *	qpmap_shootdown_ipi()	in the handler of that interrupt
 *	qpmap_shootdown_poll()	in the kernel's spin loops, where they need it
 *
 * Functions that wait (qpmap_shootdown, qpmap_quiesce, qpmap_global_enter,
 * qpmap_global_remove).  Context: a thread on an online CPU, preemptible or
 * not, interrupts on or off, with or without mappings of its own held; not in
 * an NMI or an interrupt handler.  A CPU that waits handles the requests of
 * others, so two CPUs that shoot at each other with interrupts off both
 * proceed.  A CPU that spins with interrupts off for a lock that the caller
 * holds does not handle them.  The caller must not hold a lock that is taken
 * with interrupts off, unless the spin loop of that lock calls
 * qpmap_shootdown_poll().  No function waits for another CPU's thread, only for
 * its acknowledgement, which the interrupt or a poll gives.  docs/tlb.md,
 * "Shootdown", has the argument.
 */
#ifndef QPMAP_SHOOTDOWN_H
#define QPMAP_SHOOTDOWN_H

#include "qpmap.h"

#if QPMAP_SHOOTDOWN

QPMAP_BEGIN_DECLS

/* As page_count: all pages. */
#define QPMAP_ALL_PAGES (~(qpmap_size_t)0)

/*
 * Invalidate the translations of a range of pages on other CPUs and this one,
 * and wait for completion.
 *
 * va		the first page's address, page-aligned
 * page_count	the number of pages; 0 does nothing; QPMAP_ALL_PAGES, with any
 *		va, means everything that a TLB can hold
 * cpus		bit n of this bitmap (bit n % 64 of word n / 64; on i386, 32)
 *		is the CPU with CPU index n.  As many words as cpu_count needs;
 *		NULL means all.  CPUs that are not online are skipped: each
 *		invalidates everything before it is online again.  The bitmap
 *		is read more than once and must not change during the call: a
 *		CPU added too late would be waited for, and not interrupted
 *
 * Before: the PTEs are cleared, by this CPU or ordered before the call.
 * After: no CPU of the set can use an old translation of the pages, in any
 * address space, global (G) or not.  Accesses to memory that used one are
 * complete; accesses to a device must be ordered by the CPU that made them.
 *
 * A few pages are invalidated one by one; for many, everything is.  Only leaf
 * entries are covered: before tables that pointed to the leaves are freed,
 * page_count must be QPMAP_ALL_PAGES.  With QPMAP_F_KERNEL_HAS_G that is also
 * required for pages of the kernel's half that were mapped with G clear, as the
 * library's windows are.
 *
 * On arm64 all CPUs of the inner shareable domain invalidate, whatever the set.
 * CPUs outside the set may invalidate, too.
 */
QPMAP_CALL void qpmap_shootdown(qpmap_vaddr_t va, qpmap_size_t page_count,
    const unsigned long *cpus);

/*
 * Handle the interrupt that qpmap_host_ipi() sends.
 *
 * An interrupt that comes late, twice, without a request, or on a CPU that has
 * gone offline is harmless.  On arm64 there is no such interrupt.
 *
 * Context: interrupt handler on the target, interrupts off or on.  It may
 * interrupt anything, enter and remove at any instruction, and itself.
 */
QPMAP_CALL void qpmap_shootdown_ipi(void);

/*
 * Handle pending requests without an interrupt, in kernel loops that spin with
 * interrupts off (locks, rendezvous).  Without a request this is one load of a
 * shared line, and a few of this CPU's own.
 *
 * Context: any but NMI, in a caller that cannot be moved from its CPU.
 */
QPMAP_CALL void qpmap_shootdown_poll(void);

/*
 * Invalidate, on all CPUs, every translation of pages whose mapping, by
 * qpmap_enter() or qpmap_global_enter(), was removed before the call; wait for
 * completion.
 *
 * After: no CPU keeps such a translation, not even a speculative one.  The
 * slots of deferred removals are free.
 *
 * A page whose window mapping was removed needs the call before any use for
 * which the page must not be in a direct map with the mapping's memory type:
 * before it is unplugged, poisoned, encrypted with another key, private to a
 * guest, or used with another memory type.  It does not need the call before
 * use by the kernel, by user space, or by a guest from which the kernel hides
 * nothing.  After qpmap_global_remove_deferred() the call must come before the
 * page is used again.
 *
 * Context: waits, see above.
 */
QPMAP_CALL void qpmap_quiesce(void);

/*
 * Map the page at pa for reading and writing by the kernel, at an address that
 * every CPU may use until it is removed.  A global mapping is one for all CPUs;
 * the TLB's global (G) bit is not meant.
 *
 * pa and attr are those of qpmap_enter(), with the same panics.  The direct map
 * is not used.
 *
 * After success *va is the address: page-aligned, never 0, with an unmapped
 * page on both sides.  The caller is not pinned and may sleep.  It may pass the
 * address to other CPUs by any means that orders memory.
 *
 * An arm64 CPU without FEAT_ETS2 may have walked ahead, and cached a fault.
 * Another CPU must therefore have a context synchronization event between
 * receiving the address and using it.  Taking an interrupt that carries it is
 * one.  A CPU that loads a word that carries it must branch on the loaded value
 * and then execute ISB, or execute DSB and then ISB.  A load-acquire and an ISB
 * are not enough: the load may be done after the ISB.
 *
 * Returns QPMAP_ERR_GLOBAL_FULL if no slot was found free: each was in use at
 * some moment of the call, perhaps not all at the same moment.  A slot is in
 * use while it is mapped, and while another call shoots it down: that call's
 * thread is not waited for.  *va is then unchanged.
 *
 * A free slot is taken without a lock.  If there is none, the slots of deferred
 * removals are shot down together first, which waits as qpmap_shootdown() does.
 * On riscv64 every call waits: other CPUs may have cached the PTE as not
 * present.
 */
QPMAP_CALL int qpmap_global_enter(qpmap_paddr_t pa, qpmap_attr_t attr,
    qpmap_vaddr_t *va);

/*
 * Unmap a global mapping, from any CPU, and wait for completion.
 *
 * Before: the caller must ensure that no CPU uses the address from this point
 * on.  After: no CPU has the translation, in any address space, and the page
 * may be freed.
 *
 * Panics if va is not the address of a global mapping, or was removed before
 * (QPMAP_PANIC_GLOBAL).  Context: waits, see above.
 */
QPMAP_CALL void qpmap_global_remove(qpmap_vaddr_t va);

/*
 * Unmap a global mapping without waiting: the PTE is cleared, and the slot is
 * used again only after all CPUs have invalidated it.
 *
 * Until qpmap_quiesce() a load or store through the address may still reach the
 * page.  The page must not be reused, nor its contents relied on, before then.
 *
 * Panics as qpmap_global_remove().  Context: any, also interrupt handlers and,
 * if qpmap_host_pin() works there, NMI.
 */
QPMAP_CALL void qpmap_global_remove_deferred(qpmap_vaddr_t va);

QPMAP_END_DECLS

#endif /* QPMAP_SHOOTDOWN */

#endif /* QPMAP_SHOOTDOWN_H */
