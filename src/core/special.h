/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What quick.c hands over: mappings that need more than the ordinary
 * sequence, and callers that broke the contract.
 *
 * Their arguments are the first of the public function they stand in for, so
 * that handing over is a jump.
 */
#ifndef QPMAP_CORE_SPECIAL_H
#define QPMAP_CORE_SPECIAL_H

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
 * The kind's limit did not admit pa, or there is no such attribute.  Map the
 * page if its kind is special, else panic.  Not pinned.
 */
QPMAP_HANDED qpmap_vaddr_t qpmap_enter_special(qpmap_paddr_t pa,
    qpmap_attr_t attr);
QPMAP_HANDED qpmap_vaddr_t qpmap_enter_ro_special(qpmap_paddr_t pa,
    qpmap_attr_t attr);

/* The next frame's entry is not empty: panic.  Pinned. */
QPMAP_HANDED qpmap_vaddr_t qpmap_enter_refuse_frame(qpmap_paddr_t pa);

/* The host does not vouch for the page: panic.  Not pinned. */
QPMAP_HANDED qpmap_vaddr_t qpmap_enter_refuse_unpinned(qpmap_paddr_t pa,
    qpmap_attr_t attr);

/*
 * The newest frame does not hold an ordinary mapping of va.  Remove it if it
 * holds a special one, else panic.  Pinned, if the caller kept the contract.
 */
QPMAP_HANDED void qpmap_remove_special(qpmap_vaddr_t va);

/* The kind's limits do not admit pa: panic. */
QPMAP_NORETURN void qpmap_enter_refuse(qpmap_paddr_t pa, qpmap_attr_t attr,
    const struct qpmap_kind *kind);

/*
 * The kind of kinds that attr names, which may be special, after all that is
 * checked before a page is mapped; panics if pa and attr do not pass.
 */
static inline const struct qpmap_kind *
qpmap_kind_admit(qpmap_paddr_t pa, qpmap_attr_t attr,
    const struct qpmap_kind *kinds)
{
	const struct qpmap_kind *kind;

	if (attr >= QPMAP_ATTR_COUNT) {
		qpmap_host_panic(QPMAP_PANIC_ATTR, pa, attr);
	}
	kind = &kinds[attr];
	if (!qpmap_pte_admits(pa, kind->special_limit)) {
		qpmap_enter_refuse(pa, attr, kind);
	}
	if (QPMAP_CHECKED && !qpmap_host_page_pinned(pa)) {
		qpmap_enter_refuse_unpinned(pa, attr);
	}
	return (kind);
}

/*
 * Empty a frame, whatever it holds, with all that a special mapping needs;
 * this CPU forgets it.  The frame is not released.
 */
void qpmap_frame_empty(struct qpmap_frame *frame);

/*
 * The state, a kind in it, a frame's slot.  With QPMAP_KEEPS_ADDRESSES the
 * compiler has to take them as they are: it does not know what they point at.
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

static inline const struct qpmap_kind *
qpmap_kind_at(const struct qpmap_kind *kinds, qpmap_attr_t attr)
{
	const struct qpmap_kind *kind = &kinds[attr];

	if (QPMAP_KEEPS_ADDRESSES) {
		__asm__("" : "+r"(kind));
	}
	return (kind);
}

static inline struct qpmap_pte *
qpmap_slot_at(const struct qpmap_frame *frame)
{
	struct qpmap_pte *slot = frame->slot;

	if (QPMAP_KEEPS_ADDRESSES) {
		__asm__("" : "+r"(slot));
	}
	return (slot);
}

/*
 * Whether that is what a guard's entry may hold before its window or its group
 * is used: nothing, or with QPMAP_MARK_GUARDS the mark of an earlier use.
 */
static inline _Bool
qpmap_guard_admits(struct qpmap_pte found, __UINT32_TYPE__ flags)
{
	return (found.bits == 0 ||
	    ((flags & QPMAP_MARK_GUARDS) != 0 && found.bits == QPTE_MARK));
}

/*
 * Mark it, if the host wants that.  No translation changes: the walker finds
 * an invalid entry before and after.
 */
static inline void
qpmap_guard_mark(struct qpmap_pte *slot)
{
	if ((qpmap_state.flags & QPMAP_MARK_GUARDS) != 0 &&
	    qpmap_slot_is_empty(slot)) {
		qpmap_slot_fill(slot, (struct qpmap_pte){ QPTE_MARK });
	}
}

/*
 * Checked builds: whether a CPU that is online has its window's mark, or need
 * not have one.  The refusal says what is there now.
 */
_Bool qpmap_guard_is_marked(const struct qpmap_cpu *cpu);
QPMAP_HANDED qpmap_vaddr_t qpmap_enter_refuse_mark(qpmap_paddr_t pa);

/* Where the direct map shows pa. */
static inline qpmap_vaddr_t
qpmap_direct_address(const struct qpmap_state *state, qpmap_paddr_t pa)
{
	return (state->direct_va + (qpmap_vaddr_t)(pa - state->direct_pa));
}

/* A frame's address, whatever it holds. */
static inline qpmap_vaddr_t
qpmap_frame_va(const struct qpmap_frame *frame)
{
	return (qpmap_va_is_special(frame->va) ? qpmap_va_special(frame->va) :
	    frame->va);
}

/*
 * Any change of the stack of frames.  The compiler must keep it in its place,
 * also against what an inline hook does: a counter of its own need not be
 * volatile.
 */
static inline void
qpmap_set_next(struct qpmap_cpu *cpu, struct qpmap_frame *frame)
{
	struct qpmap_frame *volatile *next = &cpu->next;

	__asm__ volatile("" ::: "memory");
	*next = frame;
	__asm__ volatile("" ::: "memory");
}

/*
 * Claim frame, which cpu->next points at; release frame, the one below it.
 *
 * Where one instruction adds to memory, that needs a register less.  If it is
 * more than one after all, no harm: what interrupts it restores cpu->next.
 */
static inline void
qpmap_claim(struct qpmap_cpu *cpu, struct qpmap_frame *frame)
{
	if (QPMAP_ADDS_TO_MEMORY) {
		__asm__ volatile("" ::: "memory");
		cpu->next++;
		__asm__ volatile("" ::: "memory");
	} else {
		qpmap_set_next(cpu, frame + 1);
	}
}

static inline void
qpmap_release(struct qpmap_cpu *cpu, struct qpmap_frame *frame)
{
	if (QPMAP_ADDS_TO_MEMORY) {
		__asm__ volatile("" ::: "memory");
		cpu->next--;
		__asm__ volatile("" ::: "memory");
	} else {
		qpmap_set_next(cpu, frame);
	}
}

#endif /* QPMAP_CORE_SPECIAL_H */
