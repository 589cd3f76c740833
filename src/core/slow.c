/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The slow path.
 *
 * A mapping takes the slow path because of its memory type (accesses through it
 * must complete before its PTE is cleared) or because of a flag (an erratum,
 * QPMAP_F_FLUSH_ON_MAP, ...).  While the mapping is held slot->va is 0, by
 * which qpmap_remove() detects it.  The order of the steps is that of quick.c,
 * for the same reason.
 */
#include "quick.h"

static inline qpmap_vaddr_t
qpmap_window_enter_slow(struct qpmap_pte pte)
{
	struct qpmap_cpu *cpu = qpmap_host_pin();
	qpmap_uptr next = cpu->next;
	struct qpmap_slot *slot = qpmap_next_slot(next);
	struct qpmap_pte *ptep;
	qpmap_vaddr_t va;

	if (QPMAP_CHECKED && !qpmap_guard_is_marked(cpu)) {
		return (qpmap_enter_panic_mark(pte));
	}
	if (qpmap_next_is_none(next)) {
		return (qpmap_enter_panic_slot(QPMAP_SLOT_ARGS(0, pte)));
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
	*(volatile qpmap_vaddr_t *)&slot->va = 0;
	qpmap_tlb_post_map_slow(va, ptep, qpmap_state.flags);
	return (va);
}

/* The attribute of a prot, for writing or for reading only. */
static inline qpmap_attr_t
qpmap_prot_attr(const char *at)
{
	qpmap_attr_t i = (qpmap_attr_t)(at - QPMAP_PROT_FIRST(&qpmap_state)) /
	    sizeof(struct qpmap_prot);

	return (i < QPMAP_ATTR_COUNT ? i : i - QPMAP_ATTR_COUNT);
}

/* Read-only prots never use the direct map: their direct_size is 0. */
QPMAP_HANDED qpmap_vaddr_t
qpmap_enter_slow(qpmap_paddr_t pa, const char *at)
{
	const struct qpmap_prot *prot = qpmap_prot_at(at);
	qpmap_ptebits_t bits;

	QPMAP_LOAD_EARLY(bits, prot->bits);
	if (!qpmap_prot_allows(prot, pa)) {
		return (qpmap_enter_panic(pa, qpmap_prot_attr(at)));
	}
	if (QPMAP_DIRECT_MAP &&
	    qpmap_pa_is_in(pa, qpmap_state.direct_pa, prot->direct_size)) {
		return (qpmap_direct_address(&qpmap_state, pa));
	}
	QPMAP_LOAD_LATE(bits, prot->bits);
	return (qpmap_window_enter_slow(qpmap_pte_make(pa, bits)));
}

/*
 * If no mapping is held slot is slot[0], whose ptep is NULL.  On an offline CPU
 * it may be qpmap_sentinel.slot[0], which is at address 0.
 */
QPMAP_HANDED void
qpmap_remove_slow(qpmap_vaddr_t va, qpmap_uptr newest)
{
	struct qpmap_cpu *cpu = qpmap_host_cpu();
	struct qpmap_slot *slot = QPMAP_NEXT_IS_RELATIVE ?
	    qpmap_newest_slot(newest) : (struct qpmap_slot *)newest;
	struct qpmap_pte *ptep = slot->ptep;
	qpmap_vaddr_t newest_va;

	QPMAP_LOAD_EARLY(newest_va, qpmap_slot_va(slot));
	if (ptep == 0) {
		qpmap_remove_panic(va);
		return;
	}
	QPMAP_LOAD_LATE(newest_va, qpmap_slot_va(slot));
	if (newest_va != va) {
		qpmap_remove_panic(va);
		return;
	}
	qpmap_slot_unmap(slot, ptep, va);
	qpmap_release(cpu, slot);
	qpmap_host_unpin(cpu);
}
