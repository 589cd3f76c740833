/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Context switches of threads that hold mappings.
 *
 * An interrupt or an NMI may enter and remove pages of its own at any
 * instruction (B19), and leaves the stack of slots as it found it.  The order
 * of the steps makes that correct:
 *
 *	out	read, clear and invalidate every PTE, then release all slots
 *	in	claim all slots, then store every PTE
 *
 * Claim and release are one store each.  The thread may have been stopped
 * inside enter or remove: a claimed slot may have a PTE that is zero, or with
 * PAE half of one, and its address may be 0 (slow.c).  Both are saved as found.
 *
 * Compiled only with QPMAP_SWITCH.
 */
#include <qpmap/switch.h>

#include "quick.h"

#if QPMAP_SWITCH

/* From a slot's address to the next one's. */
#define QPMAP_SLOT_STEP	(QPMAP_SLOT_PAGES * QPMAP_PAGE_SIZE)

/*
 * The bodies of both functions are compiled twice: for flags that put every
 * mapping on the slow path, in functions of their own, and with the constant 0
 * for others.
 */
#define QPMAP_TWICE static inline __attribute__((__always_inline__))

/*
 * Slots, and those of struct qpmap_saved, at a distance of so many bytes of
 * slots.  Where an address can have an index, loops count one; the compiler
 * must not choose again.  Elsewhere they advance two pointers.
 */
#define QPMAP_SLOT_AT(first, i)						\
	((struct qpmap_slot *)((qpmap_uptr)(first) + (i)))
#define QPMAP_SAVED_AT(saved, i)					\
	((struct qpmap_saved_slot *)((qpmap_uptr)(saved)->slot +	\
	    (i) * (sizeof((saved)->slot[0]) / sizeof(struct qpmap_slot))))
#if QPMAP_ADDS_TO_MEMORY
#define QPMAP_INDEX_KEEP(i)	__asm__("" : "+r"(i))
#else
#define QPMAP_INDEX_KEEP(i)	((void)0)
#endif

/*
 * Unmap all slots from the newest down; there is one.  Every slot has its
 * address again afterwards, as free ones have.
 */
QPMAP_TWICE void
qpmap_slots_save(struct qpmap_cpu *cpu, struct qpmap_saved *saved,
    qpmap_u32 flags)
{
	struct qpmap_slot *first = &cpu->slot[1];
	struct qpmap_slot *slot = qpmap_next_slot(cpu->next);
	qpmap_vaddr_t end = slot->va, va = end, tag;
	qpmap_uptr i;
	struct qpmap_saved_slot *to;
	struct qpmap_pte *ptep, pte;

	__asm__("" : "+r"(slot));
	i = (qpmap_uptr)slot - (qpmap_uptr)first;
	to = QPMAP_SAVED_AT(saved, i);
	saved->size = (qpmap_u32)i;
	saved->index_plus_one = cpu->index_plus_one;
	(void)to;	/* stored in vain where loops count an index */
	qpmap_tlb_pre_unmap_slow();
	do {
		if (QPMAP_ADDS_TO_MEMORY) {
			QPMAP_INDEX_KEEP(i);
			slot = QPMAP_SLOT_AT(first, i);
			to = QPMAP_SAVED_AT(saved, i);
		}
		slot--;
		to--;
		i -= sizeof(*slot);
		va -= QPMAP_SLOT_STEP;
		__asm__("" : "+r"(va));
		tag = slot->va;
		ptep = slot->ptep;
		to->va[0] = tag;
		pte = qpmap_pte_load(ptep);
		to->pte = pte;
		qpmap_pte_clear(ptep);
		*(volatile qpmap_vaddr_t *)&slot->va = va;
		if (!QPMAP_TLB_SLOTS) {
			qpmap_tlb_post_unmap_slow(va, ptep, flags);
		}
	} while (QPMAP_ADDS_TO_MEMORY ? i != 0 : slot != first);
#if QPMAP_TLB_SLOTS
	qpmap_tlb_post_unmap_slots(va, end, ptep, flags);
#endif
	(void)end;
	qpmap_set_next(cpu, QPMAP_NEXT_IS_RELATIVE ? cpu->empty :
	    (qpmap_uptr)first);
}

/* A PTE of half a word's store is not valid: qpmap_pte_store() takes any. */
QPMAP_TWICE void
qpmap_slots_restore(struct qpmap_cpu *cpu, struct qpmap_saved *saved,
    qpmap_u32 flags)
{
	qpmap_uptr size = saved->size, i = 0;
	struct qpmap_slot *slot = &cpu->slot[1];
	const struct qpmap_slot *end = QPMAP_SLOT_AT(slot, size);
	const struct qpmap_saved_slot *from = saved->slot;
	qpmap_vaddr_t va, tag;
	struct qpmap_pte pte;

	(void)end;
	(void)from;
	qpmap_set_next(cpu, QPMAP_NEXT_IS_RELATIVE ? cpu->empty + size :
	    (qpmap_uptr)end);
	do {
		if (QPMAP_ADDS_TO_MEMORY) {
			QPMAP_INDEX_KEEP(i);
			slot = QPMAP_SLOT_AT(&cpu->slot[1], i);
			from = QPMAP_SAVED_AT(saved, i);
		}
		va = slot->va;
		tag = from->va[0];
		pte = from->pte;
		*(volatile qpmap_vaddr_t *)&slot->va = tag;
		qpmap_pte_store(slot->ptep, pte);
		if (!QPMAP_TLB_SLOTS) {
			qpmap_tlb_post_map_slow(va, slot->ptep, flags);
		}
		slot++;
		from++;
		i += sizeof(*slot);
	} while (QPMAP_ADDS_TO_MEMORY ? i != size : slot != end);
#if QPMAP_TLB_SLOTS
	qpmap_tlb_post_map_slots(cpu->slot[1].ptep, slot[-1].ptep + 1, flags);
	(void)va;
#endif
	saved->size = 0;
}

QPMAP_HANDED static void
qpmap_slots_save_slow(struct qpmap_cpu *cpu, struct qpmap_saved *saved)
{
	qpmap_slots_save(cpu, saved, qpmap_state.flags);
}

QPMAP_HANDED static void
qpmap_slots_restore_slow(struct qpmap_cpu *cpu, struct qpmap_saved *saved)
{
	qpmap_slots_restore(cpu, saved, qpmap_state.flags);
}

/* Cold, so that no compiler aligns the loops: i386 executes the padding. */
static inline _Bool
qpmap_switch_is_slow(void)
{
	return ((qpmap_state.flags & QPMAP_FLAGS_SLOW) != 0);
}

QPMAP_CALL_FAST QPMAP_COLD void
qpmap_switch_out_held(struct qpmap_cpu *cpu, struct qpmap_saved *saved)
{
	if (qpmap_switch_is_busy(cpu)) {
		qpmap_switch_panic_held(cpu);
		return;
	}
	if (qpmap_switch_is_slow()) {
		qpmap_slots_save_slow(cpu, saved);
		return;
	}
	qpmap_slots_save(cpu, saved, 0);
}

QPMAP_CALL_FAST QPMAP_COLD void
qpmap_switch_in_held(struct qpmap_cpu *cpu, struct qpmap_saved *saved)
{
	if (saved->index_plus_one != cpu->index_plus_one) {
		qpmap_switch_panic_cpu(cpu, saved->index_plus_one);
		return;
	}
	if (qpmap_switch_is_slow()) {
		qpmap_slots_restore_slow(cpu, saved);
		return;
	}
	qpmap_slots_restore(cpu, saved, 0);
}

#endif /* QPMAP_SWITCH */
