/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fast path of large pages: one entry, one level above the leaf tables.
 *
 * The stack of large slots, and the order of the steps, are those of quick.c,
 * for the same reasons (B2).  So are the events: one invalidation by address
 * reaches all of a leaf, however hardware caches it (docs/tlb.md, "Large
 * pages").
 *
 * Compiled only with QPMAP_LARGE_SLOTS.
 */
#include "large.h"
#include "quick.h"

#if QPMAP_LARGE_SLOTS

/* Map pte in this CPU's next large slot, as qpmap_window_enter(). */
static inline qpmap_vaddr_t
qpmap_large_map(struct qpmap_pte pte)
{
	struct qpmap_cpu *cpu = qpmap_host_preempt_disable();
	qpmap_uptr next = cpu->large.next;
	struct qpmap_slot *slot = qpmap_next_slot(next);
	struct qpmap_pte *ptep;
	qpmap_vaddr_t va;

	if (qpmap_next_is_none(next) || !qpmap_large_is_marked(cpu)) {
		return (qpmap_large_panic_slot(QPMAP_SLOT_ARGS(0, pte)));
	}
	va = QPMAP_PTE_FIRST ? 0 : slot->va;
	ptep = slot->ptep;
	if (!qpmap_pte_is_none(ptep)) {
		return (qpmap_large_panic_slot(QPMAP_SLOT_ARGS(va, pte)));
	}
	qpmap_top_add(&cpu->large.next, slot + 1, 1);
	qpmap_pte_store(ptep, pte);
	if (QPMAP_PTE_FIRST) {
		va = slot->va;
	}
	qpmap_tlb_post_map(va);
	return (va);
}

static inline qpmap_vaddr_t
qpmap_large_enter_prot(qpmap_paddr_t pa, qpmap_attr_t attr,
    const struct qpmap_prot *prots, _Bool read_only)
{
	const struct qpmap_prot *prot = &prots[attr];
	qpmap_ptebits_t bits;
	struct qpmap_pte pte;

	QPMAP_KEEP_ADDRESS(prot);
	if (attr >= QPMAP_ATTR_COUNT) {
		return (read_only ? qpmap_large_enter_ro_slow(pa, attr) :
		    qpmap_large_enter_slow(pa, attr));
	}
	QPMAP_LOAD_EARLY(bits, prot->bits);
	if (!qpmap_pa_is_below(pa, prot->pa_limit, QPMAP_LARGE_SHIFT)) {
		return (read_only ? qpmap_large_enter_ro_slow(pa, attr) :
		    qpmap_large_enter_slow(pa, attr));
	}
	qpmap_large_check_wired(pa, attr);
	QPMAP_LOAD_LATE(bits, prot->bits);
	pte = qpmap_pte_make(pa, bits);
	if (QPMAP_DIRECT_MAP && !read_only &&
	    pa - qpmap_state.direct_pa < prot->direct_size) {
		return (qpmap_direct_address(&qpmap_state, pa));
	}
	return (qpmap_large_map(pte));
}

QPMAP_HOT_ATTR QPMAP_CALL qpmap_vaddr_t
qpmap_large_enter(qpmap_paddr_t pa, qpmap_attr_t attr)
{
	return (qpmap_large_enter_prot(pa, attr, qpmap_large.rw, 0));
}

QPMAP_HOT_ATTR QPMAP_CALL qpmap_vaddr_t
qpmap_large_enter_ro(qpmap_paddr_t pa, qpmap_attr_t attr)
{
	return (qpmap_large_enter_prot(pa, attr, qpmap_large.ro, 1));
}

QPMAP_HOT_ATTR QPMAP_CALL void
qpmap_large_remove(qpmap_vaddr_t va)
{
	struct qpmap_cpu *cpu;
	struct qpmap_slot *slot;
	struct qpmap_pte *ptep;
	qpmap_vaddr_t newest;

	if (QPMAP_DIRECT_MAP &&
	    va - qpmap_state.direct_va < qpmap_state.direct_size) {
		if (QPMAP_CHECKED && ((va - qpmap_state.direct_va +
		    qpmap_state.direct_pa) & QPMAP_LARGE_MASK) != 0) {
			qpmap_large_remove_slow(va);
		}
		return;
	}
	if (va == 0) {
		qpmap_large_remove_slow(va);
		return;
	}
	cpu = qpmap_host_cpu();
	if (qpmap_next_is_none(cpu->large.next)) {
		qpmap_large_remove_slow(va);
		return;
	}
	slot = qpmap_newest_slot(cpu->large.next);
	newest = slot->va;
	ptep = slot->ptep;
	QPMAP_LOAD_EARLY(ptep, ptep);
	if (newest != va) {
		qpmap_large_remove_slow(va);
		return;
	}
	qpmap_tlb_pre_unmap();
	qpmap_pte_clear(ptep);
	qpmap_tlb_post_unmap(va);
	qpmap_top_add(&cpu->large.next, slot, -1);
	qpmap_host_preempt_enable(cpu);
}

#endif /* QPMAP_LARGE_SLOTS */
