/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mappings that a thread holds over context switches.  Builds with
 * QPMAP_SWITCH=1.
 *
 * The kernel calls qpmap_switch_out() for the thread that leaves a CPU and
 * qpmap_switch_in() for the one that continues there.  A thread may then be
 * preempted, and may sleep, take a lock that sleeps, or fault, while it holds
 * mappings of qpmap_enter().  It must not move to another CPU: a pin forbids
 * migration, and no longer preemption.  The mappings are at their addresses
 * whenever the thread runs, at whatever instruction it was stopped, also inside
 * enter and remove; while it does not run they are not mapped.
 *
 * The count of pins is the thread's (<qpmap/host.h>).  qpmap_config.nesting is
 * then what one thread, its fault handlers, interrupts and NMI hold together.
 * A page may be mapped for as long as its thread sleeps, and must stay wired
 * for as long (C9).
 *
 * A thread that holds a range or a large page, or is in a shootdown or a call
 * about global mappings, is not preempted: these use the pair of hooks
 * qpmap_host_preempt_disable() and _enable().  A caller that holds a range or a
 * large page must not sleep.
 *
 * Where a thread must hold nothing (when it exits, or returns to user mode) the
 * kernel can assert that qpmap_held() is 0.  A thread that is destroyed with
 * mappings saved leaks nothing of the library's.
 */
#ifndef QPMAP_SWITCH_H
#define QPMAP_SWITCH_H

#include "qpmap.h"

#if QPMAP_SWITCH

QPMAP_BEGIN_DECLS

/*
 * A thread's mappings while it does not run.  The kernel embeds one in each
 * thread, zeroed, and must not access its members.  While the thread runs size
 * is 0, so a copy of a running thread (fork) holds nothing.
 */
struct qpmap_saved_slot {
	/* That of the slot, which enter changes; as large as a PTE. */
	qpmap_vaddr_t va[QPMAP_PTE_SIZE / __SIZEOF_POINTER__];
	struct qpmap_pte pte;		/* as found: complete or not */
};

struct qpmap_saved {
	qpmap_u32 size;			/* bytes of the CPU's slots saved */
	qpmap_u32 index_plus_one;	/* the CPU's; if size is not 0 */
	struct qpmap_saved_slot slot[QPMAP_SLOTS];
};

/* The two functions below, if mappings are held or saved. */
QPMAP_CALL_FAST void qpmap_switch_out_held(struct qpmap_cpu *cpu,
    struct qpmap_saved *saved);
QPMAP_CALL_FAST void qpmap_switch_in_held(struct qpmap_cpu *cpu,
    struct qpmap_saved *saved);

/* Whether the CPU holds what is not saved. */
static inline int
qpmap_switch_is_busy(const struct qpmap_cpu *cpu)
{
#if QPMAP_RANGE_PAGES
	if (cpu->range.claims != cpu->range.empty) {
		return (1);
	}
#endif
#if QPMAP_LARGE_SLOTS
	if (cpu->large.next != cpu->large.empty) {
		return (1);
	}
#endif
	(void)cpu;
	return (0);
}

/*
 * Save the mappings of the running thread, unmap them, and invalidate them on
 * this CPU.
 *
 * cpu		this CPU's state; it may be offline, and then holds nothing
 * saved	the thread's
 *
 * Before: on x86, CR3 is still the one under which the thread ran.  After: the
 * CPU holds no mapping, and another thread's qpmap_switch_in() may follow.
 *
 * Panics if the thread holds a range or a large page
 * (QPMAP_PANIC_SWITCH_HELD).  Context: preemption off; interrupts may be on,
 * and handlers and NMI may enter and remove pages at any instruction.
 */
static inline void
qpmap_switch_out(struct qpmap_cpu *cpu, struct qpmap_saved *saved)
{
	if (__builtin_expect(cpu->next != cpu->empty ||
	    qpmap_switch_is_busy(cpu), 0)) {
		qpmap_switch_out_held(cpu, saved);
	}
}

/*
 * Map again what qpmap_switch_out() saved of the thread that is about to run.
 *
 * Before: the CPU holds no mapping: qpmap_switch_out() of the thread before has
 * returned.  On x86, CR3 is the one under which the thread will run; it may
 * differ from that under which the thread was stopped.  After: saved is empty.
 *
 * Panics if the thread has mappings and was stopped on a CPU with another index
 * (QPMAP_PANIC_SWITCH_CPU).  Context: as qpmap_switch_out().
 */
static inline void
qpmap_switch_in(struct qpmap_cpu *cpu, struct qpmap_saved *saved)
{
	if (__builtin_expect(saved->size != 0, 0)) {
		qpmap_switch_in_held(cpu, saved);
	}
}

QPMAP_END_DECLS

#endif /* QPMAP_SWITCH */

#endif /* QPMAP_SWITCH_H */
