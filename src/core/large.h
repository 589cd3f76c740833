/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interface of large pages to init.c and cpu.c.  Without QPMAP_LARGE_SLOTS
 * the functions do nothing, and no large page is ever held.
 */
#ifndef QPMAP_CORE_LARGE_H
#define QPMAP_CORE_LARGE_H

#include <qpmap/large.h>

#include "areas.h"
#include "quick.h"

#if QPMAP_LARGE_SLOTS

/*
 * The prots of large pages, and where the large windows are, or 0.  Only
 * qpmap_init() writes it.  Not in qpmap_state, where the prots of pages take
 * all of an instruction's reach.
 */
struct qpmap_large {
	struct qpmap_prot rw[QPMAP_ATTR_COUNT];
	struct qpmap_prot ro[QPMAP_ATTR_COUNT];
	qpmap_vaddr_t va;
};

extern struct qpmap_large qpmap_large __attribute__((visibility("hidden")));

/* The address of a CPU's large window; and of a slot, as qpmap_slot_va(). */
static inline qpmap_vaddr_t
qpmap_large_va(qpmap_u32 index)
{
	return (qpmap_large.va + index * QPMAP_LARGE_WINDOW_SIZE);
}

static inline qpmap_vaddr_t
qpmap_large_slot_va(const struct qpmap_cpu *cpu,
    const struct qpmap_slot *slot)
{
	return (qpmap_large_va(cpu->index_plus_one - 1) +
	    qpmap_slot_page((qpmap_u32)(slot - cpu->large.slot)) *
	    QPMAP_LARGE_SIZE);
}

/*
 * In large_slow.c, as their namesakes for pages (quick.h).  Enter, if pa failed
 * the check.  Panic: there is no next slot, or its PTE is not zero.  Remove, if
 * the newest slot has no fast-path mapping at va.
 */
QPMAP_HANDED qpmap_vaddr_t qpmap_large_enter_slow(qpmap_paddr_t pa,
    qpmap_attr_t attr);
QPMAP_HANDED qpmap_vaddr_t qpmap_large_enter_ro_slow(qpmap_paddr_t pa,
    qpmap_attr_t attr);
QPMAP_HANDED qpmap_vaddr_t qpmap_large_panic_slot(
    QPMAP_SLOT_ARGS(qpmap_vaddr_t va, struct qpmap_pte pte));
QPMAP_HANDED void qpmap_large_remove_slow(qpmap_vaddr_t va);

/* Checked builds: panic if a page of the large page is not wired. */
static inline void
qpmap_large_check_wired(qpmap_paddr_t pa, qpmap_attr_t attr)
{
	qpmap_size_t left = QPMAP_CHECKED ? QPMAP_LARGE_SIZE : 0;

	for (; left != 0; left -= QPMAP_PAGE_SIZE, pa += QPMAP_PAGE_SIZE) {
		if (!qpmap_host_page_is_wired(pa)) {
			qpmap_host_panic(QPMAP_PANIC_NOT_WIRED, pa, attr);
		}
	}
}

/* Checked builds: whether the window has its mark, or needs none. */
static inline _Bool
qpmap_large_is_marked(const struct qpmap_cpu *cpu)
{
	return (!QPMAP_CHECKED || cpu->large.next == 0 ||
	    (qpmap_state.flags & QPMAP_F_MARK_GUARDS) == 0 ||
	    qpmap_pte_load(cpu->large.slot[1].ptep - 1).bits == QPTE_MARK);
}

/*
 * Check that the machine has large pages, if the configuration has large
 * windows, and their number; write their entry in the list of areas.  Returns 0
 * or an enum qpmap_error.
 */
QPMAP_INIT int qpmap_large_area(const struct qpmap_config *config,
    const struct qpmap_mmu *mmu, struct qpmap_area *areas);

/* Copy what was checked, and derive the prots from those of pages. */
QPMAP_INIT void qpmap_large_init(const struct qpmap_config *config);

/*
 * Find the entries of the CPU's large window and write its slots, before
 * index_plus_one is stored.  Returns 0 or an enum qpmap_error, and has written
 * nothing then.
 */
QPMAP_COLD int qpmap_large_online(struct qpmap_cpu *cpu, qpmap_u32 index,
    const struct qpmap_cpu_ptes *ptes);

/*
 * From now on no large page is held, and they can be entered; or no longer, and
 * every large slot is unmapped, and invalidated on this CPU.
 */
QPMAP_COLD void qpmap_large_open(struct qpmap_cpu *cpu);
QPMAP_COLD void qpmap_large_close(struct qpmap_cpu *cpu);

/* The number of large pages that cpu holds. */
QPMAP_COLD qpmap_u32 qpmap_large_held(const struct qpmap_cpu *cpu);

#else /* !QPMAP_LARGE_SLOTS */

static inline int
qpmap_large_area(const struct qpmap_config *config,
    const struct qpmap_mmu *mmu, struct qpmap_area *areas)
{
	(void)config;
	(void)mmu;
	(void)areas;
	return (QPMAP_OK);
}

static inline void
qpmap_large_init(const struct qpmap_config *config)
{
	(void)config;
}

static inline int
qpmap_large_online(struct qpmap_cpu *cpu, qpmap_u32 index,
    const struct qpmap_cpu_ptes *ptes)
{
	(void)cpu;
	(void)index;
	(void)ptes;
	return (QPMAP_OK);
}

static inline void
qpmap_large_open(struct qpmap_cpu *cpu)
{
	(void)cpu;
}

static inline void
qpmap_large_close(struct qpmap_cpu *cpu)
{
	(void)cpu;
}

static inline qpmap_u32
qpmap_large_held(const struct qpmap_cpu *cpu)
{
	(void)cpu;
	return (0);
}

#endif /* QPMAP_LARGE_SLOTS */

#endif /* QPMAP_CORE_LARGE_H */
