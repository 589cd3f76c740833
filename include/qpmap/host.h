/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hooks: functions qpmap_host_*() that the kernel must define.
 *
 * The linker resolves them; none is weak.  On i386 their definitions carry
 * QPMAP_CALL.  A hook must not sleep, and must not call the library, except as
 * said of qpmap_host_unpin() and qpmap_host_panic().  Every hook may be called
 * on several CPUs at once, and on one CPU again by a handler that interrupts
 * it, except as said of the table hooks.
 *
 * An enter that maps a slot calls pin, and its remove calls cpu and unpin.  To
 * inline them, a kernel defines QPMAP_HOST_INLINE as the name of a header of
 * its own with these three as static inline functions:
 *
 *	-DQPMAP_HOST_INLINE='"mykernel_qpmap.h"'
 *
 * With QPMAP_SWITCH it also has the two of preemption, as functions or inline.
 * The header is included below, after the library's types, and only the
 * library's own sources need it.  An inline pin must have a compiler barrier
 * after the store that pins, and an inline unpin one before the store that
 * unpins (examples/hosts/counter.h), so that the compiler moves no access out
 * of the pinned section.
 */
#ifndef QPMAP_HOST_H
#define QPMAP_HOST_H

#include "types.h"

QPMAP_BEGIN_DECLS

#ifdef QPMAP_HOST_INLINE
#include QPMAP_HOST_INLINE
#else

/*
 * Disable preemption on this CPU, then return this CPU's state.
 *
 * Nests: an interrupt handler may pin when its thread has pinned, and a thread
 * pins once for each mapping that it holds.  From the return until the same
 * number of unpins the caller must stay on this CPU, and no other thread may
 * run on it.  To forbid migration alone is not enough (FreeBSD: critical_enter,
 * not sched_pin): all threads of a CPU use one stack of slots.
 *
 * With QPMAP_SWITCH forbidding migration alone is enough, and other threads may
 * run: the kernel calls qpmap_switch_out() and qpmap_switch_in() between them
 * (<qpmap/switch.h>).  The count of pins must then be the thread's, not the
 * CPU's, since the threads of a CPU pin and unpin in any order.
 *
 * Context: any in which the kernel enters pages, or removes global mappings
 * with qpmap_global_remove_deferred(): threads, interrupts and, if the kernel
 * does so there, NMI.  Locks may be held and interrupts may be off.
 */
QPMAP_CALL struct qpmap_cpu *qpmap_host_pin(void);

/*
 * Return this CPU's state.
 *
 * Context: pinned, or after qpmap_host_preempt_disable(); or in
 * qpmap_shootdown_ipi() or qpmap_shootdown_poll(), in a caller that cannot be
 * moved.  There the CPU may be offline: its state is then zeroed, or as
 * qpmap_cpu_offline() left it.
 *
 * If a caller broke the contract (a page removed twice) the hook may be called
 * unpinned.  It may then return any CPU's state, or panic.
 */
QPMAP_CALL struct qpmap_cpu *qpmap_host_cpu(void);

/*
 * Undo one qpmap_host_pin() on this CPU; cpu is the value that it returned.
 *
 * The library no longer depends on this CPU, and the slot of a removed mapping
 * is free: a pending preemption may happen inside this call.
 */
QPMAP_CALL void qpmap_host_unpin(struct qpmap_cpu *cpu);

#if QPMAP_SWITCH
/*
 * As qpmap_host_pin() and qpmap_host_unpin(), but between them no other thread
 * may run on this CPU.  Ranges, large pages, shootdowns and global mappings use
 * this pair: their state is not saved at a context switch, and a thread with a
 * higher priority must not wait for one that it preempted.  A build with none
 * of these does not refer to it.  Calls nest with pins, in any order.
 *
 * Context: as qpmap_host_pin(), pinned or not.
 */
QPMAP_CALL struct qpmap_cpu *qpmap_host_preempt_disable(void);
QPMAP_CALL void qpmap_host_preempt_enable(struct qpmap_cpu *cpu);
#endif

#endif /* !QPMAP_HOST_INLINE */

#if !QPMAP_SWITCH
/* A pin disables preemption. */
#define qpmap_host_preempt_disable	qpmap_host_pin
#define qpmap_host_preempt_enable	qpmap_host_unpin
#endif

/*
 * Panic, because a caller broke the library's contract.  Must not return.
 *
 * text is one of the fixed texts of <qpmap/panic.h>, which also gives the
 * meaning of a and b.
 *
 * Afterwards only qpmap_cpu_abandon() may be called on this CPU, and after that
 * enter and remove, to write a crash dump.  Other CPUs continue, and may panic
 * too; only the kernel can stop them.  With QPMAP_SHOOTDOWN, except on arm64, a
 * CPU that still runs waits for this one if it calls a function that waits.
 *
 * Context: that of the call that panics; this CPU may be pinned, and may be in
 * an NMI.
 */
QPMAP_NORETURN QPMAP_CALL void qpmap_host_panic(const char *text,
    qpmap_u64 a, qpmap_u64 b);

/*
 * The table hooks.  Only qpmap_init() and qpmap_cpu_online() call them, with
 * QPMAP_F_BUILD_TABLES.  Only a build with QPMAP_TABLES=1 refers to them.
 * They are called on one CPU at a time: of two qpmap_cpu_online() calls that
 * would call them at once, the second fails first (QPMAP_ERR_CPU_BUSY).
 */

/*
 * Allocate a physical page for a page table, of the page size and aligned to
 * it.  Returns QPMAP_NO_TABLE if there is none.  The contents do not matter.
 * In a confidential guest the page must be private.
 */
#define QPMAP_NO_TABLE (~(qpmap_paddr_t)0)
QPMAP_CALL qpmap_paddr_t qpmap_host_table_alloc(void);

/*
 * Free a page of qpmap_host_table_alloc().  qpmap_init() calls this when it
 * runs out of pages, or has allocated too many; no table points to the page.
 */
QPMAP_CALL void qpmap_host_table_free(qpmap_paddr_t table);

/*
 * Return an address at which a table can be read and written, valid until the
 * next call of this function: one temporary mapping is enough.
 *
 * table is a page of qpmap_host_table_alloc(), or a table of the kernel's own,
 * at any level.  It is page-aligned, except for a root that is smaller than a
 * page and starts inside one (PAE's PDPT, arm64 with few root entries).  The
 * address must have the cacheability of the hardware's walker, unless
 * QPMAP_F_ERRATUM_WALKER is set.
 */
QPMAP_CALL void *qpmap_host_table_address(qpmap_paddr_t table);

/*
 * As qpmap_host_table_address(), for a table of leaf entries (or one level up,
 * of large ones), and valid for ever: the window's CPU writes through it in
 * each enter and remove, and any CPU in those of global mappings.
 *
 * The table must never be freed, although it is empty while nothing is mapped.
 * Called once by each qpmap_cpu_online() without leaf entries (twice with
 * QPMAP_RANGE_PAGES), and once by qpmap_init() for each group of global slots
 * whose leaf is NULL.  Several windows, groups or areas may share a table.
 */
QPMAP_CALL void *qpmap_host_leaf_address(qpmap_paddr_t table);

/*
 * Return whether the page at pa is wired, held or unmanaged, so that it may be
 * mapped (contract C9).  Only with QPMAP_CHECKED.
 *
 * Context: that of the enter (qpmap_global_enter(), too), not yet pinned: the
 * CPU may change.  For the pages of a range's list it is pinned.
 */
QPMAP_CALL int qpmap_host_page_is_wired(qpmap_paddr_t pa);

/*
 * Interrupt the CPU with CPU index index; its handler must call
 * qpmap_shootdown_ipi().  Only with QPMAP_SHOOTDOWN, and not on arm64.
 *
 * The interrupt may come late, more than once, or once for several calls; it
 * must not be lost.  It must reach a CPU that is online or in
 * qpmap_cpu_online(), as soon as that CPU has interrupts on.  If a CPU cannot
 * be reached because it is going offline, the hook may do nothing: the wait for
 * that CPU ends in its qpmap_cpu_offline().
 *
 * Before: the library has stored all that the target must find in memory, and
 * executed a full fence: on x86 MFENCE and LFENCE, so that a WRMSR to the
 * x2APIC's ICR comes after the stores; on riscv64 FENCE rw, rw, so that an SBI
 * call needs no fence.  The hook must execute a fence from memory to I/O if it
 * writes an interrupt controller as a device (riscv64, an ACLINT or IMSIC:
 * FENCE w, o).  If sending takes several accesses, as with the xAPIC's two ICR
 * words, it must keep interrupts off between them.  A handler that clears a
 * pending bit must clear it before qpmap_shootdown_ipi(): later it would also
 * clear a request that has just come.
 *
 * Context: that of the shootdown, pinned; interrupts may be off.  Several CPUs
 * may call it at once, also for the same target.  The hook must not wait for
 * another CPU; it may wait until the hardware is ready to send.
 */
QPMAP_CALL void qpmap_host_ipi(qpmap_u32 index);

QPMAP_END_DECLS

#endif /* QPMAP_HOST_H */
