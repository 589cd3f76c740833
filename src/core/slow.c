/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The slow path, and panics.
 *
 * A mapping takes the slow path because of its memory type (accesses through it
 * must complete before its PTE is cleared) or because of a flag (an erratum,
 * QPMAP_F_FLUSH_ON_MAP, ...).  While the mapping is held slot->va is 0, by
 * which qpmap_remove() detects it.  The order of the steps is that of quick.c,
 * for the same reason.
 */
#include "quick.h"

/* Whether attr is one memory type, with at most one of the two sharings. */
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
 * Enter, with the prots for reading and writing or for reading only.  The
 * latter never use the direct map: their direct_size is 0.
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

void
qpmap_slot_unmap(struct qpmap_slot *slot, qpmap_vaddr_t va)
{
	qpmap_tlb_pre_unmap_slow();
	qpmap_pte_clear(slot->ptep);
	qpmap_tlb_post_unmap_slow(va, slot->ptep, qpmap_state.flags);
	*(volatile qpmap_vaddr_t *)&slot->va = va;
}

/* The slot of the newest mapping; NULL if none is held, or cpu is offline. */
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
