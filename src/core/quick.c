/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hot path: enter and remove.
 *
 * The order of the steps is what makes them correct when an interrupt or an
 * NMI, at any instruction, enters and removes pages of its own (B2).  A
 * handler leaves the stack of slots as it found it, so:
 *
 *	enter	look at the next slot, claim it, and only then fill it
 *	remove	clear it, invalidate it, and only then release it
 *
 * The claim, cpu->next, is the only word written beside the entry.
 *
 * Whatever is not the ordinary case falls out of a compare that is needed
 * anyway, and goes on in slow.c: a prot with a limit of 0, and a slot
 * whose address is 0, which is never taken for one that was given.  Nothing
 * there returns to here.
 */
#include "quick.h"

/*
 * Store pte in this CPU's next slot; on failure go on in slow.c.  The
 * slot's address does not change while it is free.
 */
static inline qpmap_vaddr_t
qpmap_window_enter(struct qpmap_pte pte)
{
	struct qpmap_cpu *cpu = qpmap_host_pin();
	qpmap_uptr next = cpu->next;
	struct qpmap_slot *slot = qpmap_next_slot(next);
	struct qpmap_pte *ptep;
	qpmap_vaddr_t va;

	if (qpmap_next_is_none(next)) {
		return (qpmap_enter_panic_slot(QPMAP_SLOT_ARGS(0, pte)));
	}
	if (QPMAP_CHECKED && !qpmap_guard_is_marked(cpu)) {
		return (qpmap_enter_panic_mark(pte));
	}
	va = QPMAP_PTE_FIRST ? 0 : slot->va;
	ptep = slot->ptep;
	if (!qpmap_pte_is_none(ptep)) {
		return (qpmap_enter_panic_slot(QPMAP_SLOT_ARGS(va, pte)));
	}
	qpmap_claim(cpu, slot);
	qpmap_pte_store(ptep, pte);
	if (QPMAP_PTE_FIRST) {
		va = slot->va;
	}
	qpmap_tlb_post_map(va);
	return (va);
}

QPMAP_HOT_ATTR QPMAP_CALL qpmap_vaddr_t
qpmap_enter(qpmap_paddr_t pa, qpmap_attr_t attr)
{
	const struct qpmap_state *state = qpmap_state_at();
	const struct qpmap_prot *prot;

	if (attr >= QPMAP_ATTR_COUNT) {
		return (qpmap_enter_slow(pa, attr));
	}
	prot = qpmap_prot_rw_at(state, attr);
	if (!qpmap_pa_is_valid(pa, prot->pa_limit)) {
		return (qpmap_enter_slow(pa, attr));
	}
	if (QPMAP_CHECKED && !qpmap_host_page_is_wired(pa)) {
		return (qpmap_enter_panic_not_wired(pa, attr));
	}
	if (QPMAP_DIRECT_MAP &&
	    pa - state->direct_pa < prot->direct_size) {
		return (qpmap_direct_address(state, pa));
	}
	return (qpmap_window_enter(qpmap_pte_make(pa, prot->bits)));
}

QPMAP_HOT_ATTR QPMAP_CALL qpmap_vaddr_t
qpmap_enter_ro(qpmap_paddr_t pa, qpmap_attr_t attr)
{
	const struct qpmap_prot *prot;

	if (attr >= QPMAP_ATTR_COUNT) {
		return (qpmap_enter_ro_slow(pa, attr));
	}
	prot = qpmap_prot_at(qpmap_state.ro, attr);
	if (!qpmap_pa_is_valid(pa, prot->pa_limit)) {
		return (qpmap_enter_ro_slow(pa, attr));
	}
	if (QPMAP_CHECKED && !qpmap_host_page_is_wired(pa)) {
		return (qpmap_enter_panic_not_wired(pa, attr));
	}
	return (qpmap_window_enter(qpmap_pte_make(pa, prot->bits)));
}

QPMAP_HOT_ATTR QPMAP_CALL void
qpmap_remove(qpmap_vaddr_t va)
{
	struct qpmap_cpu *cpu;
	struct qpmap_slot *slot;
	struct qpmap_pte *ptep;

	if (QPMAP_DIRECT_MAP &&
	    va - qpmap_state.direct_va < qpmap_state.direct_size) {
		if (QPMAP_CHECKED && (va & QPMAP_PAGE_MASK) != 0) {
			qpmap_remove_slow(va);
		}
		return;
	}
	if (va == 0) {
		qpmap_remove_slow(va);
		return;
	}
	cpu = qpmap_host_cpu();
	if (qpmap_next_is_none(cpu->next)) {
		qpmap_remove_slow(va);
		return;
	}
	slot = qpmap_newest_slot(cpu->next);
	ptep = qpmap_slot_ptep(slot);
	if (slot->va != va) {
		qpmap_remove_slow(va);
		return;
	}
	qpmap_tlb_pre_unmap();
	qpmap_pte_clear(ptep);
	qpmap_tlb_post_unmap(va);
	qpmap_release(cpu, slot);
	qpmap_host_unpin(cpu);
}
