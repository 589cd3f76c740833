/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Several CPUs: shootdown, global mappings, quiescence.  In builds with
 * QPMAP_SHOOTDOWN=1.
 *
 * A translation that one CPU removes from a page table may stay in the TLBs
 * of others.  On arm64 hardware tells them; elsewhere each must be interrupted
 * and asked.  Setting up, besides <qpmap/qpmap.h>: the memory named at the end
 * of struct qpmap_config, qpmap_host_ipi() (<qpmap/host.h>), and
 *
 *	qpmap_shootdown_ipi()	in the handler of that interrupt
 *	qpmap_shootdown_poll()	in the kernel's spin loops, where they need it
 *
 * Who may call what waits (qpmap_shootdown, qpmap_quiesce, qpmap_global_*):
 * a thread on an online CPU, preemptible or not, with interrupts on or off;
 * never an NMI, and not an interrupt handler.  While it waits it answers
 * others, so two CPUs that shoot at each other with interrupts off both go
 * on.  But a CPU that spins with interrupts off for a lock that the caller
 * holds never answers: the caller holds no lock that is taken with interrupts
 * off, or that lock's spin loop calls qpmap_shootdown_poll().  It may hold
 * mappings of its own.  No call waits for what another CPU's thread does, only
 * for its answer, which a poll or the interrupt gives.  docs/tlb.md,
 * "Shootdown", has the argument.
 */
#ifndef QPMAP_SHOOTDOWN_H
#define QPMAP_SHOOTDOWN_H

#include "qpmap.h"

#if QPMAP_SHOOTDOWN

QPMAP_BEGIN_DECLS

/* As page_count: every page there is. */
#define QPMAP_ALL_PAGES (~(qpmap_size_t)0)

/*
 * The translations of page_count pages from va on were removed from the page
 * tables by the caller, and cpus must forget them.
 *
 * va		the first page's address, page-aligned
 * page_count	how many pages follow each other; 0 does nothing;
 *		QPMAP_ALL_PAGES, with any va, for everything a TLB can hold
 * cpus		bit n of this bitmap (bit n % 64 of word n / 64; on i386, 32)
 *		is the CPU with window n.  As many words as cpu_count needs;
 *		NULL means all.  CPUs that are not online are left out: they
 *		forget everything before they are again.  It is read more than
 *		once: of a set that may change meanwhile, give a copy.  A CPU
 *		added too late is waited for, and not interrupted
 *
 * Before: the entries are cleared, by this CPU or ordered before the call.
 * After: no CPU of the set can use an old translation, of any of the pages,
 * in any address space, global or not, and accesses to memory that used one
 * are complete (those to a device, the CPUs that made them have to order).  A
 * few pages are invalidated one by one; for many, everything is.  Leaf entries
 * only: if tables that pointed to the leaves are to be freed, page_count is
 * QPMAP_ALL_PAGES.
 *
 * On arm64 all CPUs of the inner shareable domain forget, whatever the set.
 * Others than those in the set may forget more than they were asked to.
 */
QPMAP_CALL void qpmap_shootdown(qpmap_vaddr_t va, qpmap_size_t page_count,
    const unsigned long *cpus);

/*
 * The handler of the interrupt that qpmap_host_ipi() sends.  One that comes
 * late, twice, without a request, or on a CPU that has gone offline does no
 * harm.  On arm64 there is nothing to call it.
 *
 * Context: interrupt handler, this CPU's, interrupts off or on; it interrupts
 * anything, enter and remove at any instruction, and itself.
 */
QPMAP_CALL void qpmap_shootdown_ipi(void);

/*
 * Do what the interrupt would have asked for, if it is due: for a kernel's
 * loops that spin with interrupts off (locks, rendezvous).  One load of a
 * shared line, and a few of this CPU's own, if there is nothing to do.
 *
 * Context: any but NMI, on a CPU that the caller cannot be moved from.
 */
QPMAP_CALL void qpmap_shootdown_poll(void);

/*
 * After: no CPU keeps a translation, not even a speculative one, of any page
 * whose mapping, by qpmap_enter() or qpmap_global_enter(), was removed before
 * the call.  A page whose window mapping was removed needs it before anything
 * for which it would be wrong to leave the page in a direct map of the
 * mapping's memory type: before it is unplugged, poisoned, encrypted with
 * another key, private to a guest, or used with another memory type; not
 * before the kernel, user space, or a guest from which the kernel hides
 * nothing use it.  And it is needed after qpmap_global_remove_deferred(),
 * before the page is used again.
 *
 * It also makes the slots of deferred removals usable.  Waits: see above.
 */
QPMAP_CALL void qpmap_quiesce(void);

/*
 * Map the page at pa for reading and writing by the kernel, at an address that
 * every CPU may use until it is removed.  pa and attr as for qpmap_enter(),
 * the same panics; the direct map is not used.
 *
 * After success *va is the address: page-aligned, never 0, an unmapped page on
 * both sides.  The caller is not pinned, may sleep, and may pass the address
 * on to other CPUs by any means that orders memory.
 *
 * arm64 CPUs without FEAT_ETS2 may have walked ahead, and remember a fault.
 * So another CPU that is told must have a context synchronization event
 * between being told and using the address.  If an interrupt tells it, that is
 * one.  If it loads a word that tells it, it branches on what it has loaded
 * and then executes ISB, or it executes DSB and then ISB.  A load-acquire and
 * an ISB alone are not enough: the load may be done after the ISB.
 *
 * QPMAP_ERR_GLOBAL_FULL if none was found free: each slot was taken at some
 * moment of the call, if not all at the same.  A slot is taken while it is
 * mapped, and while another call shoots it down: that call's thread is not
 * waited for.  Then *va is unchanged.
 *
 * Takes a clean slot without a lock.  If there is none, slots of deferred
 * removals are shot down together first, which waits as qpmap_shootdown()
 * does.  On riscv64 every call
 * waits: other CPUs may have cached that the slot was empty.
 */
QPMAP_CALL int qpmap_global_enter(qpmap_paddr_t pa, qpmap_attr_t attr,
    qpmap_vaddr_t *va);

/*
 * End a global mapping, from any CPU.  No CPU uses the address any more when
 * this is called.  When it returns the translation is gone everywhere, in
 * every address space, and the page may be freed.
 *
 * An address that is not a global mapping's, or one removed before, is a
 * panic (QPMAP_PANIC_GLOBAL).  Waits: see above.
 */
QPMAP_CALL void qpmap_global_remove(qpmap_vaddr_t va);

/*
 * As qpmap_global_remove(), but it does not wait: the entry is cleared, and
 * the slot is not used again before all CPUs have forgotten it.  The page may
 * be reused, and its contents relied on, only after qpmap_quiesce(); until
 * then a load or store through the address may still reach it.
 *
 * Context: any, also interrupt handlers and, where qpmap_host_pin() works
 * there, NMI.
 */
QPMAP_CALL void qpmap_global_remove_deferred(qpmap_vaddr_t va);

QPMAP_END_DECLS

#endif /* QPMAP_SHOOTDOWN */

#endif /* QPMAP_SHOOTDOWN_H */
