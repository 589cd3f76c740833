/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Panics of enter and remove: the check that failed is made again, to name it.
 *
 * In a file of their own, since a compiler that sees that they do not return
 * calls them where it could jump, and its callers then need a stack frame.
 */
#include "large.h"
#include "quick.h"
#include "range.h"

/* Whether attr is one memory type, with at most one of the two sharings. */
static inline _Bool
qpmap_attr_exists(qpmap_attr_t attr)
{
	return (attr < QPMAP_ATTR_COUNT &&
	    (attr & ~(qpmap_attr_t)(QPMAP_ATTR_PRIVATE | QPMAP_ATTR_SHARED)) <
	    QPMAP_TYPE_COUNT);
}

QPMAP_HANDED qpmap_vaddr_t
qpmap_enter_panic(qpmap_paddr_t pa, qpmap_attr_t attr)
{
	_Bool exists = qpmap_attr_exists(attr);
	qpmap_ptebits_t limit =
	    qpmap_state.rw[exists ? attr : 0].slow_pa_limit;
	const char *text = QPMAP_PANIC_NOT_WIRED;

	if (!exists) {
		text = QPMAP_PANIC_ATTR;
	} else if (limit == 0) {
		text = QPMAP_PANIC_TYPE;
	} else if ((pa & (qpmap_paddr_t)QPMAP_PAGE_MASK) != 0) {
		text = QPMAP_PANIC_ALIGN;
	} else if (!qpmap_pa_is_valid(pa, limit)) {
		text = QPMAP_PANIC_WIDTH;
	}
	qpmap_host_panic(text, pa, attr);
}

#if QPMAP_RANGE_PAGES != 0 || QPMAP_LARGE_SLOTS != 0

const struct qpmap_prot *
qpmap_prot_check(qpmap_paddr_t pa, qpmap_attr_t attr,
    const struct qpmap_prot *prots)
{
	if (attr >= QPMAP_ATTR_COUNT || !qpmap_prot_allows(&prots[attr], pa)) {
		(void)qpmap_enter_panic(pa, attr);
	}
	return (&prots[attr]);
}

#endif

#if QPMAP_CHECKED

_Bool
qpmap_guard_is_marked(const struct qpmap_cpu *cpu)
{
	return ((qpmap_state.flags & QPMAP_F_MARK_GUARDS) == 0 ||
	    cpu->next == 0 ||
	    qpmap_pte_load(cpu->slot[1].ptep - 1).bits == QPTE_MARK);
}

QPMAP_HANDED qpmap_vaddr_t
qpmap_enter_panic_mark(struct qpmap_pte pte)
{
	struct qpmap_pte found =
	    qpmap_pte_load(qpmap_host_cpu()->slot[1].ptep - 1);

	qpmap_host_panic(QPMAP_PANIC_MARK,
	    qpmap_pte_pa(pte, qpmap_state.sharing), found.bits);
}

#endif

/*
 * Three panics: the CPU is offline, the slot is the sentinel above the last
 * one, or other code wrote the PTE.
 */
QPMAP_HANDED qpmap_vaddr_t
qpmap_enter_panic_slot(QPMAP_SLOT_ARGS(qpmap_vaddr_t va,
    struct qpmap_pte pte))
{
	const struct qpmap_cpu *cpu = qpmap_host_cpu();
	const struct qpmap_slot *slot = qpmap_next_slot(cpu->next);
	const char *text = QPMAP_PANIC_PTE_USED;
	qpmap_u64 b = 0;

	(void)va;
	if (cpu->next == 0) {
		text = QPMAP_PANIC_OFFLINE;
	} else if (slot == &cpu->slot[qpmap_state.nesting + 1]) {
		text = qpmap_state.nesting == 1 ? QPMAP_PANIC_NESTED :
		    QPMAP_PANIC_FULL;
		b = qpmap_pte_pa(qpmap_pte_load(slot[-1].ptep),
		    qpmap_state.sharing);
	} else {
		b = qpmap_pte_load(slot->ptep).bits;
	}
	qpmap_host_panic(text, qpmap_pte_pa(pte, qpmap_state.sharing), b);
}

QPMAP_HANDED void
qpmap_remove_panic(qpmap_vaddr_t va)
{
	const struct qpmap_cpu *cpu = qpmap_host_cpu();
	qpmap_vaddr_t newest = 0;

	if (cpu->next != 0 && qpmap_next_slot(cpu->next) != &cpu->slot[1]) {
		newest = qpmap_slot_va(qpmap_newest_slot(cpu->next));
	}
	qpmap_host_panic(QPMAP_PANIC_REMOVE, va, newest);
}

#if QPMAP_SWITCH

QPMAP_HANDED void
qpmap_switch_panic_held(const struct qpmap_cpu *cpu)
{
	qpmap_host_panic(QPMAP_PANIC_SWITCH_HELD, cpu->index_plus_one - 1,
	    qpmap_range_held(cpu) + qpmap_large_held(cpu));
}

QPMAP_HANDED void
qpmap_switch_panic_cpu(const struct qpmap_cpu *cpu, qpmap_u32 index_plus_one)
{
	qpmap_host_panic(QPMAP_PANIC_SWITCH_CPU, index_plus_one - 1,
	    cpu->index_plus_one - 1);
}

#endif
