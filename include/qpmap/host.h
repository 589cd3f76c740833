/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel supplies: the functions qpmap_host_*.
 *
 * All are resolved by the linker; none is weak.  On i386 they carry
 * QPMAP_CALL.  None may sleep or call the library, but for what is said of
 * qpmap_host_unpin() and qpmap_host_panic().  All may be called on several CPUs
 * at once, and on one again by what interrupts it there, but for what is said
 * of the table hooks.
 *
 * Three are called by every enter and remove: pin, cpu and unpin.  A kernel
 * that wants no call in the hot path defines QPMAP_HOST_INLINE as the name of
 * a header of its own that has these three as static inline functions:
 *
 *	-DQPMAP_HOST_INLINE='"mykernel_qpmap.h"'
 *
 * That header is included here, after the library's types, and is needed only
 * to compile the library's own sources.  Inline, pin has a compiler barrier
 * behind the change that pins, and unpin one before the change that undoes it
 * (examples/hosts/counter.h): nothing may be moved out from between them.
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
 * Nests: an interrupt handler may pin what its thread has pinned, and one
 * thread pins once for each mapping it holds.  After it returns, and until
 * the same number of unpins, the caller stays on this CPU.
 *
 * Context: any in which the kernel enters pages or removes global ones with
 * qpmap_global_remove_deferred(): threads, interrupts and, if the kernel does
 * so there, NMI.  Locks may be held and interrupts may be off.
 */
QPMAP_CALL struct qpmap_cpu *qpmap_host_pin(void);

/*
 * This CPU's state.  The caller is pinned already; or is in
 * qpmap_shootdown_ipi() or qpmap_shootdown_poll(), and cannot be moved.  There
 * the CPU need not be online: its state is then zeroed, or as
 * qpmap_cpu_offline() left it.
 *
 * After a caller's error (a page removed twice) it may be called unpinned; it
 * may then answer with any CPU's state, or panic.
 */
QPMAP_CALL struct qpmap_cpu *qpmap_host_cpu(void);

/*
 * Undo one qpmap_host_pin() on this CPU; cpu is what that one returned.
 * Everything the mapping needed is done: a preemption that was put off may
 * happen inside this call.
 */
QPMAP_CALL void qpmap_host_unpin(struct qpmap_cpu *cpu);

#endif /* !QPMAP_HOST_INLINE */

/*
 * The caller of the library broke its contract.  text is one of the fixed
 * texts of <qpmap/panic.h>, which also says what a and b are.
 *
 * Context: as of the call that panics; this CPU may be pinned, and may be in
 * an NMI.  Does not return.  From here on only qpmap_cpu_abandon() may be
 * called on this CPU, and after it enter and remove, to write a crash dump.
 *
 * Other CPUs go on, and may panic meanwhile: to stop them is the kernel's.
 * With QPMAP_SHOOTDOWN, and not on arm64, those that still run wait for this
 * one if they call what waits.
 */
QPMAP_NORETURN QPMAP_CALL void qpmap_host_panic(const char *text,
    qpmap_u64 a, qpmap_u64 b);

/*
 * The table hooks are called only with QPMAP_F_BUILD_TABLES, by qpmap_init()
 * and qpmap_cpu_online().  A build with QPMAP_TABLES=0 needs none of them.
 * They are called on one CPU at a time, if the kernel makes qpmap_cpu_online()
 * calls without leaf entries one at a time; of two at once the library refuses
 * the second (QPMAP_ERR_CPU_BUSY) before it calls a hook.
 *
 * One page-sized, page-aligned physical page for a page table, or
 * QPMAP_NO_TABLE if there is none left.  Its contents do not matter.  On
 * confidential guests it must be private.
 */
#define QPMAP_NO_TABLE (~(qpmap_paddr_t)0)
QPMAP_CALL qpmap_paddr_t qpmap_host_table_alloc(void);

/*
 * Give back a page that qpmap_host_table_alloc() returned and that no table
 * points to: qpmap_init() ran out of pages, and gives back what it took.
 */
QPMAP_CALL void qpmap_host_table_free(qpmap_paddr_t table);

/*
 * An address at which a table can be read and written, valid until the next
 * call of this function: one temporary mapping is enough.  table is a page
 * from qpmap_host_table_alloc(), or an upper table of the kernel's own.  It is
 * page-aligned, but for a root that is smaller than a page and begins inside
 * one (PAE's PDPT, arm64 with few root entries).  The alias's cacheability
 * must be that of the hardware's walker, unless QPMAP_F_ERRATUM_WALKER is
 * given.
 */
QPMAP_CALL void *qpmap_host_table_address(qpmap_paddr_t table);

/*
 * As qpmap_host_table_address(), for a table of leaf entries, and valid for
 * ever: every enter and remove on some CPU writes through it, and the table
 * is never freed, though it is empty when nothing is mapped.  Called once by
 * each qpmap_cpu_online() that is given no leaf, and once by qpmap_init() for
 * each group of global slots; several windows or groups share a table.
 */
QPMAP_CALL void *qpmap_host_leaf_address(qpmap_paddr_t table);

/*
 * Only with QPMAP_CHECKED: whether the page at pa is wired, held or
 * unmanaged, so that it may be mapped (contract C9).
 *
 * Context: as of qpmap_enter(), not yet pinned: the CPU may change meanwhile.
 */
QPMAP_CALL int qpmap_host_page_is_wired(qpmap_paddr_t pa);

/*
 * Only with QPMAP_SHOOTDOWN, and not on arm64: interrupt the CPU that has the
 * window of that number, and have it call qpmap_shootdown_ipi().
 *
 * The interrupt may come late, more than once, or once for several calls; it
 * must not be lost.  It must reach a CPU that is in qpmap_cpu_online() or
 * online, as soon as that CPU has interrupts on.  If it cannot reach a CPU any
 * more, that is because the CPU is going offline: then nothing need be done.
 *
 * What the library has done: all that the interrupted CPU must find in memory
 * was stored, and a full fence followed; on x86 MFENCE and LFENCE, so that a
 * WRMSR to the x2APIC's ICR cannot be ahead of the stores; on riscv64 FENCE
 * rw, rw, so that an SBI call needs nothing more.  What is left to the kernel:
 * a fence from memory to I/O where its interrupt controller is written as a
 * device (riscv64, an ACLINT or IMSIC: FENCE w, o); and, where sending takes
 * several accesses, as with the xAPIC's two ICR words, that no interrupt on
 * this CPU comes in between.  The handler, where it has to clear a pending bit
 * itself, clears it before qpmap_shootdown_ipi(): behind it, it would clear a
 * request that has just come.
 *
 * Context: of the shootdown, pinned; interrupts may be off.  Several CPUs may
 * call it at once, also for the same window.  It may not wait for another CPU,
 * but for the hardware's being ready to send.
 */
QPMAP_CALL void qpmap_host_ipi(qpmap_u32 index);

QPMAP_END_DECLS

#endif /* QPMAP_HOST_H */
