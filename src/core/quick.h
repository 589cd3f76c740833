/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What quick.c hands over: mappings that need more than the ordinary
 * sequence, and callers that broke the contract.
 *
 * Their arguments are the first of the public function they stand in for, so
 * that handing over is a jump.
 */
#ifndef QPMAP_CORE_QUICK_H
#define QPMAP_CORE_QUICK_H

#include <qpmap/host.h>
#include <qpmap/panic.h>

#include "../arch/arch.h"

/*
 * Rarely called: clang lays out what hands over behind the hot path, which
 * then never branches backwards.  gcc does so unasked, and where it is asked
 * it takes a section of its own.
 */
#ifdef __clang__
#define QPMAP_RARE cold
#else
#define QPMAP_RARE
#endif

/*
 * On i386 their arguments are in registers, whatever -mregparm says: clang
 * hands over by a call, not a jump, where they are on the stack.
 */
#if __SIZEOF_POINTER__ == 4
#define QPMAP_HANDED __attribute__((QPMAP_RARE, regparm(3)))
#else
#define QPMAP_HANDED __attribute__((QPMAP_RARE))
#endif

/*
 * The prot's limit did not admit pa, or there is no such attribute.  Map the
 * page if its prot is special, else panic.  Not pinned.
 */
QPMAP_HANDED qpmap_vaddr_t qpmap_enter_slow(qpmap_paddr_t pa,
    qpmap_attr_t attr);
QPMAP_HANDED qpmap_vaddr_t qpmap_enter_ro_slow(qpmap_paddr_t pa,
    qpmap_attr_t attr);

/*
 * There is no next slot, or its entry is not empty: panic.  pte is the entry
 * that was to be stored.  va means nothing: where a result is returned in the
 * register of the first argument, that one stays free for the slot's address.
 * Pinned.
 */
#if QPMAP_PTE_FIRST
#define QPMAP_SLOT_ARGS(va, pte) pte, va
#else
#define QPMAP_SLOT_ARGS(va, pte) va, pte
#endif
QPMAP_HANDED qpmap_vaddr_t qpmap_enter_panic_slot(
    QPMAP_SLOT_ARGS(qpmap_vaddr_t va, struct qpmap_pte pte));

/* The host does not vouch for the page: panic.  Not pinned. */
QPMAP_HANDED qpmap_vaddr_t qpmap_enter_panic_not_wired(qpmap_paddr_t pa,
    qpmap_attr_t attr);

/*
 * The newest slot does not hold an ordinary mapping of va.  Remove it if it
 * holds a slow-path one, else panic.  Pinned, if the caller kept the contract.
 */
QPMAP_HANDED void qpmap_remove_slow(qpmap_vaddr_t va);

/*
 * The prot of prots that attr names, which may be special, after all that is
 * checked before a page is mapped; panics if pa and attr do not pass.
 */
const struct qpmap_prot *qpmap_prot_check(qpmap_paddr_t pa,
    qpmap_attr_t attr, const struct qpmap_prot *prots);

/*
 * Empty the slot of address va, whatever it holds, with all that a special
 * mapping needs; this CPU forgets it.  The slot is not released.
 */
void qpmap_slot_unmap(struct qpmap_slot *slot, qpmap_vaddr_t va);

/*
 * The state, a prot in it, a slot's ptep.  With QPMAP_KEEPS_ADDRESSES the
 * compiler has to take them as they are: it does not know what they point at.
 * A prot for reading and writing is found from the state's own address, at a
 * distance that is part of the loads.
 */
static inline const struct qpmap_state *
qpmap_state_at(void)
{
	const struct qpmap_state *state = &qpmap_state;

	if (QPMAP_KEEPS_ADDRESSES) {
		__asm__("" : "+r"(state));
	}
	return (state);
}

static inline const struct qpmap_prot *
qpmap_prot_rw_at(const struct qpmap_state *state, qpmap_attr_t attr)
{
	qpmap_uptr at = (qpmap_uptr)state +
	    attr * sizeof(struct qpmap_prot);

	if (QPMAP_KEEPS_ADDRESSES) {
		__asm__("" : "+r"(at));
	}
	return ((const struct qpmap_prot *)
	    (at + __builtin_offsetof(struct qpmap_state, rw)));
}

static inline const struct qpmap_prot *
qpmap_prot_at(const struct qpmap_prot *prots, qpmap_attr_t attr)
{
	const struct qpmap_prot *prot = &prots[attr];

	if (QPMAP_KEEPS_ADDRESSES) {
		__asm__("" : "+r"(prot));
	}
	return (prot);
}

static inline struct qpmap_pte *
qpmap_slot_ptep(const struct qpmap_slot *slot)
{
	struct qpmap_pte *ptep = slot->ptep;

	if (QPMAP_KEEPS_ADDRESSES) {
		__asm__("" : "+r"(ptep));
	}
	return (ptep);
}

/*
 * Whether that is what a guard's entry may hold before its window or its group
 * is used: nothing, or with QPMAP_F_MARK_GUARDS the mark of an earlier use.
 */
_Bool qpmap_guard_is_valid(const struct qpmap_pte *ptep, qpmap_u32 flags);

/*
 * Mark it, if the host wants that.  No translation changes: the walker finds
 * an invalid entry before and after.
 */
static inline void
qpmap_guard_mark(struct qpmap_pte *ptep)
{
	if ((qpmap_state.flags & QPMAP_F_MARK_GUARDS) != 0 &&
	    qpmap_pte_is_none(ptep)) {
		qpmap_pte_store(ptep, (struct qpmap_pte){ QPTE_MARK });
	}
}

/*
 * Checked builds: whether a CPU that is online has its window's mark, or need
 * not have one.  The refusal says what is there now.
 */
_Bool qpmap_guard_is_marked(const struct qpmap_cpu *cpu);
QPMAP_HANDED qpmap_vaddr_t qpmap_enter_panic_mark(struct qpmap_pte pte);

/*
 * Page in the window of frame number i of the stack, from 1: every slot has
 * an unmapped page on both sides.
 */
static inline qpmap_u32
qpmap_slot_page(qpmap_u32 i)
{
	return (2 * i - 1);
}

/* Where the direct map shows pa. */
static inline qpmap_vaddr_t
qpmap_direct_address(const struct qpmap_state *state, qpmap_paddr_t pa)
{
	return (state->direct_va + (qpmap_vaddr_t)(pa - state->direct_pa));
}

/*
 * The address of a slot of cpu's, whatever it holds.  While it holds a
 * slow-path mapping slot->va is 0: remove takes no slot for that of address 0,
 * and hands over to slow.c.
 */
static inline qpmap_vaddr_t
qpmap_slot_va(const struct qpmap_cpu *cpu, const struct qpmap_slot *slot)
{
	qpmap_vaddr_t number = (qpmap_vaddr_t)(slot - cpu->slot);
	qpmap_vaddr_t page = (qpmap_vaddr_t)(cpu->index_plus_one - 1) *
	    QPMAP_WINDOW_PAGES + 2 * number - 1;

	return (qpmap_state.window_va + page * QPMAP_PAGE_SIZE);
}

/*
 * The slot that cpu->next means, and back.  With QPMAP_NEXT_IS_RELATIVE it is
 * counted from the sentinels, so that 0 leads to them; without, 0 is looked
 * for: there is no such slot.
 */
#define QPMAP_NEXT_BASE							\
	(QPMAP_NEXT_IS_RELATIVE ?					\
	    (qpmap_uptr)&qpmap_sentinel.slot[1] : 0)

static inline _Bool
qpmap_next_is_none(qpmap_uptr next)
{
	return (!QPMAP_NEXT_IS_RELATIVE && next == 0);
}

static inline struct qpmap_slot *
qpmap_next_slot(qpmap_uptr next)
{
	return ((struct qpmap_slot *)(QPMAP_NEXT_BASE + next));
}

/* The slot below it.  Either form is gcc's shorter one on its machines. */
static inline struct qpmap_slot *
qpmap_newest_slot(qpmap_uptr next)
{
	return (QPMAP_NEXT_IS_RELATIVE ?
	    qpmap_next_slot(next - sizeof(struct qpmap_slot)) :
	    qpmap_next_slot(next) - 1);
}

/*
 * Any change of the stack of slots.  The compiler must keep it in its place,
 * also against what an inline hook does: a counter of its own need not be
 * volatile.
 */
static inline void
qpmap_set_next(struct qpmap_cpu *cpu, qpmap_uptr next)
{
	__asm__ volatile("" ::: "memory");
	*(volatile qpmap_uptr *)&cpu->next = next;
	__asm__ volatile("" ::: "memory");
}

static inline void
qpmap_set_next_slot(struct qpmap_cpu *cpu, struct qpmap_slot *slot)
{
	qpmap_set_next(cpu, (qpmap_uptr)slot - QPMAP_NEXT_BASE);
}

/*
 * Claim slot, which cpu->next means; release slot, the one below it.
 *
 * Where one instruction adds to memory, that needs a register less.  If it is
 * more than one after all, no harm: what interrupts it restores cpu->next.
 */
static inline void
qpmap_claim(struct qpmap_cpu *cpu, struct qpmap_slot *slot)
{
	if (QPMAP_ADDS_TO_MEMORY) {
		__asm__ volatile("" ::: "memory");
		cpu->next += sizeof(*slot);
		__asm__ volatile("" ::: "memory");
	} else {
		qpmap_set_next_slot(cpu, slot + 1);
	}
}

static inline void
qpmap_release(struct qpmap_cpu *cpu, struct qpmap_slot *slot)
{
	if (QPMAP_ADDS_TO_MEMORY) {
		__asm__ volatile("" ::: "memory");
		cpu->next -= sizeof(*slot);
		__asm__ volatile("" ::: "memory");
	} else {
		qpmap_set_next_slot(cpu, slot);
	}
}

#endif /* QPMAP_CORE_QUICK_H */
