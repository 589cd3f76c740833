/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mappings that need more than the ordinary sequence, and refusals.
 *
 * A mapping is special because of its memory type (accesses through it must
 * be complete before its entry goes) or because of a flag of the host's (an
 * erratum, invalidation after filling, ...).  While it is held its slot's
 * address is 0; that is how qpmap_remove() knows.  The order of the steps is
 * that of quick.c, and for the same reason.
 */
#include "quick.h"

/* One memory type, and at most one of the two sharings. */
static inline _Bool
qpmap_attr_exists(qpmap_attr_t attr)
{
	return (attr < QPMAP_ATTR_COUNT &&
	    (attr & ~(qpmap_attr_t)(QPMAP_ATTR_PRIVATE | QPMAP_ATTR_SHARED)) <
	    QPMAP_TYPE_COUNT);
}

const struct qpmap_prot *
qpmap_prot_check(qpmap_paddr_t pa, qpmap_attr_t attr,
    const struct qpmap_prot *prots)
{
	_Bool exists = qpmap_attr_exists(attr);
	const struct qpmap_prot *prot = &prots[exists ? attr : 0];
	const char *text = 0;

	if (!exists) {
		text = QPMAP_PANIC_ATTR;
	} else if (prot->slow_pa_limit == 0) {
		text = QPMAP_PANIC_TYPE;
	} else if ((pa & (qpmap_paddr_t)QPMAP_PAGE_MASK) != 0) {
		text = QPMAP_PANIC_ALIGN;
	} else if (!qpmap_pa_is_valid(pa, prot->slow_pa_limit)) {
		text = QPMAP_PANIC_WIDTH;
	} else if (QPMAP_CHECKED && !qpmap_host_page_is_wired(pa)) {
		text = QPMAP_PANIC_NOT_WIRED;
	}
	if (text != 0) {
		qpmap_host_panic(text, pa, attr);
	}
	return (prot);
}

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

static qpmap_vaddr_t
qpmap_window_enter_slow(struct qpmap_pte pte)
{
	struct qpmap_cpu *cpu = qpmap_host_pin();
	struct qpmap_slot *slot = qpmap_next_slot(cpu->next);
	qpmap_vaddr_t va;

	if (QPMAP_CHECKED && !qpmap_guard_is_marked(cpu)) {
		return (qpmap_enter_panic_mark(pte));
	}
	if (qpmap_next_is_none(cpu->next) ||
	    !qpmap_pte_is_none(slot->ptep)) {
		return (qpmap_enter_panic_slot(QPMAP_SLOT_ARGS(0, pte)));
	}
	va = slot->va;
	qpmap_set_next_slot(cpu, slot + 1);
	*(volatile qpmap_vaddr_t *)&slot->va = 0;
	qpmap_pte_store(slot->ptep, pte);
	qpmap_tlb_post_map_slow(va, slot->ptep, qpmap_state.flags);
	return (va);
}

/*
 * For reading and writing, or for reading only: the prots say which.  Those
 * of the second sort are not served by the direct map, their size there is 0.
 */
static qpmap_vaddr_t
qpmap_enter_prots(qpmap_paddr_t pa, qpmap_attr_t attr,
    const struct qpmap_prot *prots)
{
	const struct qpmap_prot *prot = qpmap_prot_check(pa, attr, prots);

	if (QPMAP_DIRECT_MAP &&
	    pa - qpmap_state.direct_pa < prot->direct_size) {
		return (qpmap_direct_address(&qpmap_state, pa));
	}
	return (qpmap_window_enter_slow(qpmap_pte_make(pa, prot->bits)));
}

QPMAP_HANDED qpmap_vaddr_t
qpmap_enter_slow(qpmap_paddr_t pa, qpmap_attr_t attr)
{
	return (qpmap_enter_prots(pa, attr, qpmap_state.rw));
}

QPMAP_HANDED qpmap_vaddr_t
qpmap_enter_ro_slow(qpmap_paddr_t pa, qpmap_attr_t attr)
{
	return (qpmap_enter_prots(pa, attr, qpmap_state.ro));
}

QPMAP_HANDED qpmap_vaddr_t
qpmap_enter_panic_not_wired(qpmap_paddr_t pa, qpmap_attr_t attr)
{
	qpmap_host_panic(QPMAP_PANIC_NOT_WIRED, pa, attr);
}

/*
 * A CPU that is not online, the sentinel above the last slot, and an entry
 * that somebody else wrote.
 */
QPMAP_HANDED qpmap_vaddr_t
qpmap_enter_panic_slot(QPMAP_SLOT_ARGS(qpmap_vaddr_t va,
    struct qpmap_pte pte))
{
	const struct qpmap_cpu *cpu = qpmap_host_cpu();
	const struct qpmap_slot *slot = qpmap_next_slot(cpu->next);
	const char *text = QPMAP_PANIC_PTE_USED;
	struct qpmap_pte found = qpmap_pte_none();
	qpmap_u64 b;

	(void)va;
	if (cpu->next != 0) {
		found = qpmap_pte_load(slot->ptep);
	}
	b = found.bits;
	if (cpu->next == 0) {
		text = QPMAP_PANIC_OFFLINE;
	} else if (slot == &cpu->slot[qpmap_state.nesting + 1]) {
		text = qpmap_state.nesting == 1 ? QPMAP_PANIC_NESTED :
		    QPMAP_PANIC_FULL;
		found = qpmap_pte_load(slot[-1].ptep);
		b = qpmap_pte_pa(found, qpmap_state.sharing);
	}
	qpmap_host_panic(text, qpmap_pte_pa(pte, qpmap_state.sharing), b);
}

void
qpmap_slot_unmap(struct qpmap_slot *slot, qpmap_vaddr_t va)
{
	qpmap_tlb_pre_unmap_slow();
	qpmap_pte_clear(slot->ptep);
	qpmap_tlb_post_unmap_slow(va, slot->ptep, qpmap_state.flags);
	*(volatile qpmap_vaddr_t *)&slot->va = va;
}

/* The newest slot of a CPU; NULL if it holds nothing, or is offline. */
static struct qpmap_slot *
qpmap_held_slot(struct qpmap_cpu *cpu)
{
	if (cpu->next == 0 || qpmap_next_slot(cpu->next) == &cpu->slot[1]) {
		return (0);
	}
	return (qpmap_newest_slot(cpu->next));
}

QPMAP_HANDED void
qpmap_remove_slow(qpmap_vaddr_t va)
{
	struct qpmap_cpu *cpu = qpmap_host_cpu();
	struct qpmap_slot *slot = qpmap_held_slot(cpu);
	qpmap_vaddr_t newest = slot == 0 ? 0 : qpmap_slot_va(cpu, slot);

	if (slot == 0 || newest != va) {
		qpmap_host_panic(QPMAP_PANIC_REMOVE, va, newest);
	}
	qpmap_slot_unmap(slot, va);
	qpmap_set_next_slot(cpu, slot);
	qpmap_host_unpin(cpu);
}
