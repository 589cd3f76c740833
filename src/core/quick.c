/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hot path: enter and remove.
 *
 * The order of the steps is what makes them correct when an interrupt or an
 * NMI, at any instruction, enters and removes pages of its own (B2).  A
 * handler leaves the stack of frames as it found it, so:
 *
 *	enter	look at the next frame, claim it, and only then fill it
 *	remove	clear it, invalidate it, and only then release it
 *
 * The claim, cpu->next, is the only word written beside the entry.
 *
 * Whatever is not the ordinary case falls out of a compare that is needed
 * anyway, and goes on in special.c: a kind with a limit of 0, and a frame
 * whose address is 0, which is never taken for one that was given.  Nothing
 * there returns to here.
 */
#include "special.h"

/*
 * Store pte in this CPU's next frame; on failure go on in special.c.  The
 * frame's address does not change while it is free.
 */
static inline qpmap_vaddr_t
qpmap_window_enter(struct qpmap_pte pte)
{
	struct qpmap_cpu *cpu = qpmap_host_pin();
	__UINTPTR_TYPE__ next = cpu->next;
	struct qpmap_frame *frame = qpmap_next_frame(next);
	struct qpmap_pte *slot;
	qpmap_vaddr_t va;

	if (qpmap_next_is_none(next)) {
		return (qpmap_enter_refuse_frame(QPMAP_REFUSED(0, pte)));
	}
	if (QPMAP_CHECKED && !qpmap_guard_is_marked(cpu)) {
		return (qpmap_enter_refuse_mark(pte));
	}
	va = QPMAP_PTE_FIRST ? 0 : frame->va;
	slot = frame->slot;
	if (!qpmap_slot_is_empty(slot)) {
		return (qpmap_enter_refuse_frame(QPMAP_REFUSED(va, pte)));
	}
	qpmap_claim(cpu, frame);
	qpmap_slot_fill(slot, pte);
	if (QPMAP_PTE_FIRST) {
		va = frame->va;
	}
	qpmap_tlb_filled(va);
	return (va);
}

QPMAP_HOT_ATTR QPMAP_CALL qpmap_vaddr_t
qpmap_enter(qpmap_paddr_t pa, qpmap_attr_t attr)
{
	const struct qpmap_state *state = qpmap_state_at();
	const struct qpmap_kind *kind;

	if (attr >= QPMAP_ATTR_COUNT) {
		return (qpmap_enter_special(pa, attr));
	}
	kind = qpmap_kind_rw_at(state, attr);
	if (!qpmap_pte_admits(pa, kind->limit)) {
		return (qpmap_enter_special(pa, attr));
	}
	if (QPMAP_CHECKED && !qpmap_host_page_pinned(pa)) {
		return (qpmap_enter_refuse_unpinned(pa, attr));
	}
	if (QPMAP_DIRECT_MAP &&
	    pa - state->direct_pa < kind->direct_size) {
		return (qpmap_direct_address(state, pa));
	}
	return (qpmap_window_enter(qpmap_pte_make(pa, kind->bits)));
}

QPMAP_HOT_ATTR QPMAP_CALL qpmap_vaddr_t
qpmap_enter_ro(qpmap_paddr_t pa, qpmap_attr_t attr)
{
	const struct qpmap_kind *kind;

	if (attr >= QPMAP_ATTR_COUNT) {
		return (qpmap_enter_ro_special(pa, attr));
	}
	kind = qpmap_kind_at(qpmap_state.ro, attr);
	if (!qpmap_pte_admits(pa, kind->limit)) {
		return (qpmap_enter_ro_special(pa, attr));
	}
	if (QPMAP_CHECKED && !qpmap_host_page_pinned(pa)) {
		return (qpmap_enter_refuse_unpinned(pa, attr));
	}
	return (qpmap_window_enter(qpmap_pte_make(pa, kind->bits)));
}

QPMAP_HOT_ATTR QPMAP_CALL void
qpmap_remove(qpmap_vaddr_t va)
{
	struct qpmap_cpu *cpu;
	struct qpmap_frame *frame;
	struct qpmap_pte *slot;

	if (QPMAP_DIRECT_MAP &&
	    va - qpmap_state.direct_va < qpmap_state.direct_size) {
		if (QPMAP_CHECKED && (va & QPMAP_PAGE_MASK) != 0) {
			qpmap_remove_special(va);
		}
		return;
	}
	if (va == 0) {
		qpmap_remove_special(va);
		return;
	}
	cpu = qpmap_host_cpu();
	if (qpmap_next_is_none(cpu->next)) {
		qpmap_remove_special(va);
		return;
	}
	frame = qpmap_newest_frame(cpu->next);
	slot = qpmap_slot_at(frame);
	if (frame->va != va) {
		qpmap_remove_special(va);
		return;
	}
	qpmap_tlb_emptying();
	qpmap_slot_clear(slot);
	qpmap_tlb_emptied(va);
	qpmap_release(cpu, frame);
	qpmap_host_unpin(cpu);
}
