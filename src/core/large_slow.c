/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Large pages: the slow path and panics, as slow.c for pages; init; CPUs.
 *
 * Compiled only with QPMAP_LARGE_SLOTS.
 */
#include "large.h"
#include "tables.h"

#if QPMAP_LARGE_SLOTS

_Static_assert(QPMAP_LARGE_SHIFT == QPMAP_PAGE_SHIFT + QPMAP_TABLE_SHIFT,
    "a large page takes the place of a leaf table");

struct qpmap_large qpmap_large;

/* The address of a PTE's large page; lower bits are the leaf's. */
static inline qpmap_paddr_t
qpmap_large_pa(struct qpmap_pte pte)
{
	return (qpmap_pte_pa(pte, qpmap_state.sharing) &
	    ~(qpmap_paddr_t)QPMAP_LARGE_MASK);
}

/* Panic: as qpmap_enter_panic_slot(). */
QPMAP_HANDED qpmap_vaddr_t
qpmap_large_panic_slot(QPMAP_SLOT_ARGS(qpmap_vaddr_t va,
    struct qpmap_pte pte))
{
	const struct qpmap_cpu *cpu = qpmap_host_cpu();
	const struct qpmap_slot *slot = qpmap_next_slot(cpu->large.next);
	const char *text = QPMAP_PANIC_PTE_USED;
	qpmap_u64 b = 0;

	(void)va;
	if (cpu->large.next == 0) {
		text = QPMAP_PANIC_OFFLINE;
	} else if (!qpmap_large_is_marked(cpu)) {
		text = QPMAP_PANIC_MARK;
		b = qpmap_pte_load(cpu->large.slot[1].ptep - 1).bits;
	} else if (slot == &cpu->large.slot[QPMAP_LARGE_SLOTS + 1]) {
		text = QPMAP_PANIC_LARGE_FULL;
		b = qpmap_large_pa(qpmap_pte_load(slot[-1].ptep));
	} else {
		b = qpmap_pte_load(slot->ptep).bits;
	}
	qpmap_host_panic(text, qpmap_large_pa(pte), b);
}

static inline qpmap_vaddr_t
qpmap_large_map_slow(struct qpmap_pte pte)
{
	struct qpmap_cpu *cpu = qpmap_host_preempt_disable();
	struct qpmap_slot *slot = qpmap_next_slot(cpu->large.next);
	qpmap_vaddr_t va;

	if (qpmap_next_is_none(cpu->large.next) ||
	    !qpmap_large_is_marked(cpu) || !qpmap_pte_is_none(slot->ptep)) {
		return (qpmap_large_panic_slot(QPMAP_SLOT_ARGS(0, pte)));
	}
	va = slot->va;
	qpmap_top_add(&cpu->large.next, slot + 1, 1);
	*(volatile qpmap_vaddr_t *)&slot->va = 0;
	qpmap_pte_store(slot->ptep, pte);
	qpmap_tlb_post_map_slow(va, slot->ptep, qpmap_state.flags);
	return (va);
}

/* Enter, if pa failed the check: map on the slow path, or panic. */
QPMAP_COLD static qpmap_vaddr_t
qpmap_large_enter_prots(qpmap_paddr_t pa, qpmap_attr_t attr,
    const struct qpmap_prot *prots, const struct qpmap_prot *page_prots)
{
	const struct qpmap_prot *prot = prots +
	    (qpmap_prot_check(pa, attr, page_prots) - page_prots);

	if ((pa & (qpmap_paddr_t)QPMAP_LARGE_MASK) != 0) {
		qpmap_host_panic(QPMAP_PANIC_LARGE_ALIGN, pa, attr);
	}
	qpmap_large_check_wired(pa, attr);
	if (QPMAP_DIRECT_MAP &&
	    pa - qpmap_state.direct_pa < prot->direct_size) {
		return (qpmap_direct_address(&qpmap_state, pa));
	}
	return (qpmap_large_map_slow(qpmap_pte_make(pa, prot->bits)));
}

QPMAP_HANDED qpmap_vaddr_t
qpmap_large_enter_slow(qpmap_paddr_t pa, qpmap_attr_t attr)
{
	return (qpmap_large_enter_prots(pa, attr, qpmap_large.rw,
	    qpmap_state.rw));
}

QPMAP_HANDED qpmap_vaddr_t
qpmap_large_enter_ro_slow(qpmap_paddr_t pa, qpmap_attr_t attr)
{
	return (qpmap_large_enter_prots(pa, attr, qpmap_large.ro,
	    qpmap_state.ro));
}

/* Remove, if the newest slot has no fast-path mapping at va. */
QPMAP_HANDED void
qpmap_large_remove_slow(qpmap_vaddr_t va)
{
	struct qpmap_cpu *cpu = qpmap_host_cpu();
	struct qpmap_slot *slot = qpmap_newest_slot(cpu->large.next);
	qpmap_vaddr_t newest = qpmap_large_held(cpu) == 0 ? 0 :
	    qpmap_large_slot_va(cpu, slot);

	if (va == 0 || newest != va) {
		qpmap_host_panic(QPMAP_PANIC_LARGE_REMOVE, va, newest);
	}
	qpmap_slot_unmap(slot, slot->ptep, va);
	qpmap_top_add(&cpu->large.next, slot, -1);
	qpmap_host_preempt_enable(cpu);
}

/*
 * With two levels the entry of a large page is in the root, of which there must
 * be one.
 */
QPMAP_INIT int
qpmap_large_area(const struct qpmap_config *config,
    const struct qpmap_mmu *mmu, struct qpmap_area *areas)
{
	areas[QPMAP_AREA_LARGE].va = config->large_va;
	areas[QPMAP_AREA_LARGE].size = 0;
	if (config->large_va == 0) {
		return (QPMAP_OK);
	}
	if (mmu->levels < 2 || mmu->pa_bits < QPMAP_LARGE_SHIFT ||
	    !qpmap_mmu_has_large(mmu)) {
		return (QPMAP_ERR_LARGE_PAGE);
	}
	if (mmu->levels == 2 && (config->flags & QPMAP_F_ONE_ROOT) == 0) {
		return (QPMAP_ERR_LARGE_ROOT);
	}
	if ((qpmap_u64)config->cpu_count * QPMAP_LARGE_WINDOW_SIZE >
	    ~(qpmap_vaddr_t)0 - QPMAP_PAGE_SIZE) {
		return (QPMAP_ERR_LARGE_AREA);
	}
	areas[QPMAP_AREA_LARGE].size =
	    config->cpu_count * QPMAP_LARGE_WINDOW_SIZE;
	return (QPMAP_OK);
}

/* No more of the direct map than where a whole large page begins. */
QPMAP_INIT static void
qpmap_large_derive(struct qpmap_prot *large, const struct qpmap_prot *prot)
{
	qpmap_u32 pa_bits = qpmap_state.mmu.pa_bits;
	qpmap_ptebits_t limit = pa_bits < QPMAP_LARGE_SHIFT ? 0 :
	    qpmap_pa_limit_of(pa_bits, QPMAP_LARGE_SHIFT);

	large->bits = qpmap_pte_large_bits(prot->bits);
	large->pa_limit = prot->pa_limit != 0 ? limit : 0;
	large->slow_pa_limit = prot->slow_pa_limit != 0 ? limit : 0;
	large->direct_size = prot->direct_size > QPMAP_LARGE_MASK ?
	    prot->direct_size - QPMAP_LARGE_MASK : 0;
}

QPMAP_INIT void
qpmap_large_init(const struct qpmap_config *config)
{
	qpmap_u32 i;

	qpmap_large.va = config->large_va;
	for (i = 0; i < QPMAP_ATTR_COUNT; i++) {
		qpmap_large_derive(&qpmap_large.rw[i],
		    &qpmap_state.rw[i]);
		qpmap_large_derive(&qpmap_large.ro[i],
		    &qpmap_state.ro[i]);
	}
}

QPMAP_COLD int
qpmap_large_online(struct qpmap_cpu *cpu, qpmap_u32 index,
    const struct qpmap_cpu_ptes *ptes)
{
	struct qpmap_pte *leaf = ptes != 0 ? ptes->large : 0;
	qpmap_vaddr_t va = qpmap_large_va(index);
	int error;

	if (qpmap_large.va == 0) {
		return (QPMAP_OK);
	}
	error = qpmap_cpu_area(va, 1, QPMAP_LARGE_ENTRIES, &leaf);
	if (error == QPMAP_OK) {
		qpmap_guard_mark(leaf);
		qpmap_slots_init(cpu->large.slot, QPMAP_LARGE_SLOTS, va,
		    QPMAP_LARGE_SIZE, leaf);
	}
	return (error);
}

QPMAP_COLD void
qpmap_large_open(struct qpmap_cpu *cpu)
{
	if (qpmap_large.va != 0) {
		qpmap_top_set(&cpu->large.next,
		    (qpmap_uptr)&cpu->large.slot[1] - QPMAP_NEXT_BASE);
		QPMAP_SET_EMPTY(&cpu->large, cpu->large.next);
	}
}

QPMAP_COLD void
qpmap_large_close(struct qpmap_cpu *cpu)
{
	struct qpmap_slot *slot = &cpu->large.slot[QPMAP_LARGE_SLOTS];

	qpmap_top_set(&cpu->large.next, 0);
	QPMAP_SET_EMPTY(&cpu->large, 0);
	for (; qpmap_large.va != 0 && slot != cpu->large.slot; slot--) {
		qpmap_slot_unmap(slot, slot->ptep,
		    qpmap_large_slot_va(cpu, slot));
	}
}

QPMAP_COLD qpmap_u32
qpmap_large_held(const struct qpmap_cpu *cpu)
{
	return (cpu->large.next == 0 ? 0 : (qpmap_u32)
	    (qpmap_next_slot(cpu->large.next) - &cpu->large.slot[1]));
}

#endif /* QPMAP_LARGE_SLOTS */
