/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fast path: enter and remove.
 *
 * An interrupt or an NMI may enter and remove pages of its own at any
 * instruction (B2), and leaves the stack of slots as it found it.  The order
 * of the steps makes that correct:
 *
 *	enter	check the next slot, claim it, then store its PTE
 *	remove	clear the PTE, invalidate, then release the slot
 *
 * The claim, cpu->next, is the only word written besides the PTE.
 *
 * A struct qpmap_prot holds the PTE bits of an attribute (compare pgprot_t).
 *
 * No compare here is for the slow path (slow.c) alone.  A prot that takes it
 * has a pa_limit of 0, and fails the check of pa.  A slot that it maps has
 * va = 0, and fails remove's compare, which a va of 0 from the caller does not
 * reach.  No slow function returns to here: each call is a tail call.
 */
#include "quick.h"

#if QPMAP_DIRECT_MAP && QPMAP_DIRECT_SIZE == 0
/* The direct map, for the inline forms.  qpmap_init() writes it. */
struct qpmap_direct qpmap_direct;
#endif

/*
 * Map pte in this CPU's next slot; on failure continue in slow.c.  slot->va may
 * be loaded before or after the claim: a handler that changes it restores it.
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

/*
 * The body of both enters.  Read-only mappings never use the direct map.  The
 * PTE is computed before the direct map is checked: on arm64 that saves an
 * instruction for pages outside it.
 */
static inline __attribute__((always_inline)) qpmap_vaddr_t
qpmap_enter_prot(qpmap_paddr_t pa, qpmap_attr_t attr, _Bool read_only)
{
	const struct qpmap_state *state = qpmap_state_address();
	const struct qpmap_prot *prot;
	const char *at;
	qpmap_ptebits_t bits;
	struct qpmap_pte pte;

	if (attr >= QPMAP_ATTR_COUNT) {
		return (qpmap_enter_panic(pa, attr));
	}
	at = QPMAP_PROT_FIRST(state) + attr * sizeof(*prot);
	prot = qpmap_prot_at(at) + (read_only ? QPMAP_ATTR_COUNT : 0);
	QPMAP_LOAD_EARLY(bits, prot->bits);
	if (!qpmap_pa_is_valid(pa, prot->pa_limit)) {
		return (qpmap_enter_slow(pa,
		    at + (read_only ? sizeof(state->rw) : 0)));
	}
	if (QPMAP_CHECKED && !qpmap_host_page_is_wired(pa)) {
		return (qpmap_enter_panic(pa, attr));
	}
	QPMAP_LOAD_LATE(bits, prot->bits);
	pte = qpmap_pte_make(pa, bits);
	if (QPMAP_DIRECT_MAP && !read_only &&
	    qpmap_pa_is_in(pa, state->direct_pa, prot->direct_size)) {
		return (qpmap_direct_address(state, pa));
	}
	return (qpmap_window_enter(pte));
}

QPMAP_HOT_ATTR QPMAP_CALL qpmap_vaddr_t
qpmap_enter(qpmap_paddr_t pa, qpmap_attr_t attr)
{
	return (qpmap_enter_prot(pa, attr, 0));
}

QPMAP_HOT_ATTR QPMAP_CALL qpmap_vaddr_t
qpmap_enter_ro(qpmap_paddr_t pa, qpmap_attr_t attr)
{
	return (qpmap_enter_prot(pa, attr, 1));
}

/* The body of both removes.  outside: va is not in the direct map. */
static inline void
qpmap_remove_at(qpmap_vaddr_t va, _Bool outside)
{
	const struct qpmap_state *state = qpmap_state_address();
	struct qpmap_cpu *cpu;
	struct qpmap_slot *slot;
	struct qpmap_pte *ptep;
	qpmap_vaddr_t newest;

	if (QPMAP_DIRECT_MAP && !outside &&
	    va - state->direct_va < state->direct_size) {
		if (QPMAP_CHECKED && (va & QPMAP_PAGE_MASK) != 0) {
			qpmap_remove_panic(va);
		}
		return;
	}
	if (va == 0) {
		qpmap_remove_panic(va);
		return;
	}
	cpu = qpmap_host_cpu();
	if (qpmap_next_is_none(cpu->next)) {
		qpmap_remove_panic(va);
		return;
	}
	slot = qpmap_newest_slot(cpu->next);
	newest = slot->va;
	ptep = slot->ptep;
	QPMAP_LOAD_EARLY(ptep, ptep);
	if (newest != va) {
		qpmap_remove_slow(va, QPMAP_NEXT_IS_RELATIVE ?
		    cpu->next : (qpmap_uptr)slot);
		return;
	}
	qpmap_tlb_pre_unmap();
	qpmap_pte_clear(ptep);
	qpmap_tlb_post_unmap(va);
	qpmap_release(cpu, slot);
	qpmap_host_unpin(cpu);
}

QPMAP_HOT_ATTR QPMAP_CALL void
qpmap_remove(qpmap_vaddr_t va)
{
	qpmap_remove_at(va, 0);
}

#if QPMAP_DIRECT_MAP && !QPMAP_CHECKED
/* The inline remove has tested the address. */
QPMAP_HOT_ATTR QPMAP_CALL void
qpmap_remove_window(qpmap_vaddr_t va)
{
	qpmap_remove_at(va, 1);
}
#endif
