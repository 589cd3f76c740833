/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The slow path's functions, to which quick.c makes tail calls, and the inline
 * functions that both paths use.
 *
 * The slow path maps what needs more than the fast path's sequence, and panics
 * for callers that broke the contract.  Its functions take the arguments of the
 * public function first, so that a tail call is a jump.
 */
#ifndef QPMAP_CORE_QUICK_H
#define QPMAP_CORE_QUICK_H

#include <qpmap/host.h>
#include <qpmap/panic.h>

#include "../arch/arch.h"

/* QPMAP_INLINE may be in the kernel's flags: the library calls functions. */
#undef qpmap_enter
#undef qpmap_remove

/*
 * Rarely called.  cold makes clang place the calls after the hot path, which
 * then never branches backwards.  gcc does so without cold; with it, gcc would
 * put the functions into a section of their own.
 *
 * src/qpmap.c compiles both paths as one file.  The compiler must not inline
 * these functions into the hot path, nor allocate its registers by theirs.
 */
#ifdef __clang__
#define QPMAP_RARE cold, noinline
#else
#define QPMAP_RARE noipa
#endif

/*
 * gcc works out an address anew for each load from one structure.  Where that
 * takes instructions it is given the address as a value: one fewer on arm64.
 */
#if !defined(__clang__) && !QPMAP_NEXT_IS_RELATIVE
#define QPMAP_KEEP_ADDRESS(pointer) __asm__("" : "+r"(pointer))
#else
#define QPMAP_KEEP_ADDRESS(pointer) ((void)0)
#endif

/*
 * With QPMAP_LOADS_PAIRS a word is loaded early, together with the one beside
 * it; without, late, behind a branch that may make it unnecessary.
 */
#if QPMAP_LOADS_PAIRS
#define QPMAP_LOAD_EARLY(name, from) do {				\
	(name) = (from);						\
	__asm__ volatile("" : "+r"(name));				\
} while (0)
#define QPMAP_LOAD_LATE(name, from) ((void)0)
#else
#define QPMAP_LOAD_EARLY(name, from) ((void)0)
#define QPMAP_LOAD_LATE(name, from) ((name) = (from))
#endif

/*
 * On i386 the arguments are in registers, whatever -mregparm is: with arguments
 * on the stack clang calls instead of jumping.
 */
#if __SIZEOF_POINTER__ == 4
#define QPMAP_HANDED __attribute__((QPMAP_RARE, regparm(3)))
#else
#define QPMAP_HANDED __attribute__((QPMAP_RARE))
#endif

/*
 * A prot is handed on as what the fast path's loads have in a register: without
 * QPMAP_NEXT_IS_RELATIVE its address less an offset that a load adds at no
 * cost, with it its offset alone.  FIRST is that of the first one.
 */
#define QPMAP_PROT_FIRST(state)						\
	(QPMAP_NEXT_IS_RELATIVE ? (const char *)0 : (const char *)(state))

static inline const struct qpmap_prot *
qpmap_prot_at(const char *at)
{
	return ((const struct qpmap_prot *)(qpmap_uptr)(at +
	    (QPMAP_NEXT_IS_RELATIVE ? (qpmap_uptr)qpmap_state.rw :
	    __builtin_offsetof(struct qpmap_state, rw))));
}

/*
 * Enter, if pa failed the check of the prot at at.  If it takes the slow path
 * and pa is valid, map the page, or return its address in the direct map; else
 * panic.  Called not pinned.
 */
QPMAP_HANDED qpmap_vaddr_t qpmap_enter_slow(qpmap_paddr_t pa, const char *at);

/*
 * Panic: pa or attr is not valid, or in a checked build the page is not wired.
 * Not pinned.
 */
QPMAP_HANDED qpmap_vaddr_t qpmap_enter_panic(qpmap_paddr_t pa,
    qpmap_attr_t attr);

/*
 * Panic: there is no next slot, or its PTE is not zero.  pte is the PTE that
 * was to be stored.  va is not used: where the result is in the register of the
 * first argument, it leaves that register to the slot's address.  Pinned.
 */
#if QPMAP_PTE_FIRST
#define QPMAP_SLOT_ARGS(va, pte) pte, va
#else
#define QPMAP_SLOT_ARGS(va, pte) va, pte
#endif
QPMAP_HANDED qpmap_vaddr_t qpmap_enter_panic_slot(
    QPMAP_SLOT_ARGS(qpmap_vaddr_t va, struct qpmap_pte pte));

/*
 * Remove, if slot, the newest of cpu, has no fast-path mapping at va: remove a
 * slow-path mapping, else panic.  va is not 0.  Pinned, if the caller kept the
 * contract.
 */
QPMAP_HANDED void qpmap_remove_slow(qpmap_vaddr_t va, qpmap_uptr newest);

/* Panic: va is not the newest mapping's. */
QPMAP_HANDED void qpmap_remove_panic(qpmap_vaddr_t va);

/*
 * Unmap the slot at address va, with the slow path's sequence, invalidate it on
 * this CPU, and set slot->va to va again.  The slot is not released.
 */
static inline void
qpmap_slot_unmap(struct qpmap_slot *slot, struct qpmap_pte *ptep,
    qpmap_vaddr_t va)
{
	qpmap_tlb_pre_unmap_slow();
	qpmap_pte_clear(ptep);
	qpmap_tlb_post_unmap_slow(va, ptep, qpmap_state.flags);
	*(volatile qpmap_vaddr_t *)&slot->va = va;
}

/*
 * Whether a guard's PTE is as it must be before its window or group is used:
 * zero, or with QPMAP_F_MARK_GUARDS the mark of an earlier use.  Neither is a
 * valid PTE.
 */
_Bool qpmap_guard_is_valid(const struct qpmap_pte *ptep, qpmap_u32 flags);

/*
 * Mark a guard's PTE, with QPMAP_F_MARK_GUARDS.  No translation changes: the
 * PTE is invalid before and after.
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
 * Checked builds: whether the CPU's window has its mark, or needs none, since
 * the CPU is offline or the flag is clear; and the panic, which reports the PTE
 * found.
 */
_Bool qpmap_guard_is_marked(const struct qpmap_cpu *cpu);
QPMAP_HANDED qpmap_vaddr_t qpmap_enter_panic_mark(struct qpmap_pte pte);

/* The page of slot[i] in its window, with i from 1. */
static inline qpmap_u32
qpmap_slot_page(qpmap_u32 i)
{
	return (QPMAP_SLOT_PAGES * i - 1);
}

#if QPMAP_SWITCH
/* Panic: a range or a large page is held; a thread was stopped elsewhere. */
QPMAP_HANDED void qpmap_switch_panic_held(const struct qpmap_cpu *cpu);
QPMAP_HANDED void qpmap_switch_panic_cpu(const struct qpmap_cpu *cpu,
    qpmap_u32 index_plus_one);
#endif

/* The address of pa in the direct map. */
static inline qpmap_vaddr_t
qpmap_direct_address(const struct qpmap_state *state, qpmap_paddr_t pa)
{
	return (state->direct_va + (qpmap_vaddr_t)(pa - state->direct_pa));
}

/*
 * The address of the newest slot, or of the last.  While a slow-path mapping is
 * held slot->va is 0, so that remove continues in slow.c: no enter returns 0.
 * But the slot above is free, or the end of the stack, and has its address.
 */
static inline qpmap_vaddr_t
qpmap_slot_va(const struct qpmap_slot *slot)
{
	return (slot[1].va - QPMAP_SLOT_PAGES * QPMAP_PAGE_SIZE);
}

/*
 * Check pa and attr for either path, and return the prot of attr.  Panics if
 * they are not valid, or in a checked build if the page is not wired.
 */
const struct qpmap_prot *qpmap_prot_check(qpmap_paddr_t pa,
    qpmap_attr_t attr, const struct qpmap_prot *prots);

/* Whether pa is valid for a mapping with prot, on either path. */
static inline _Bool
qpmap_prot_allows(const struct qpmap_prot *prot, qpmap_paddr_t pa)
{
	return (qpmap_pa_is_valid(pa, prot->slow_pa_limit) &&
	    (!QPMAP_CHECKED || qpmap_host_page_is_wired(pa)));
}

/*
 * Convert between cpu->next and a slot.  With QPMAP_NEXT_IS_RELATIVE next is
 * an offset from qpmap_sentinel.slot[1], and 0 is that slot; without, next is
 * an address, and 0 has to be checked for.
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

/* The slot below next: that of the newest mapping. */
static inline struct qpmap_slot *
qpmap_newest_slot(qpmap_uptr next)
{
	return (qpmap_next_slot(next - sizeof(struct qpmap_slot)));
}

/*
 * Change the top of a stack of slots.  The compiler must not move the store,
 * not even across an inline hook, whose counter need not be volatile.
 */
static inline void
qpmap_top_set(qpmap_uptr *top, qpmap_uptr next)
{
	__asm__ volatile("" ::: "memory");
	*(volatile qpmap_uptr *)top = next;
	__asm__ volatile("" ::: "memory");
}

/*
 * Claim the slot at the top (count 1), or release the one below it (-1).  slot
 * is the one that is at the top then.
 *
 * An instruction that adds to memory saves a register.  More than one
 * instruction would be correct, too: an interrupt restores the top.
 */
static inline void
qpmap_top_add(qpmap_uptr *top, struct qpmap_slot *slot, int count)
{
	if (QPMAP_ADDS_TO_MEMORY) {
		__asm__ volatile("" ::: "memory");
		*top += (qpmap_uptr)count * sizeof(*slot);
		__asm__ volatile("" ::: "memory");
	} else {
		qpmap_top_set(top, (qpmap_uptr)slot - QPMAP_NEXT_BASE);
	}
}

/* The same of a window's stack: claim slot, or release it. */
static inline void
qpmap_set_next(struct qpmap_cpu *cpu, qpmap_uptr next)
{
	qpmap_top_set(&cpu->next, next);
}

static inline void
qpmap_set_next_slot(struct qpmap_cpu *cpu, struct qpmap_slot *slot)
{
	qpmap_set_next(cpu, (qpmap_uptr)slot - QPMAP_NEXT_BASE);
}

static inline void
qpmap_claim(struct qpmap_cpu *cpu, struct qpmap_slot *slot)
{
	qpmap_top_add(&cpu->next, slot + 1, 1);
}

static inline void
qpmap_release(struct qpmap_cpu *cpu, struct qpmap_slot *slot)
{
	qpmap_top_add(&cpu->next, slot, -1);
}

#endif /* QPMAP_CORE_QUICK_H */
