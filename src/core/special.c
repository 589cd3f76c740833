/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mappings that need more than the ordinary sequence, and refusals.
 *
 * A mapping is special because of its memory type (accesses through it must
 * be complete before its entry goes) or because of a flag of the host's (an
 * erratum, invalidation after filling, ...).  While it is held its frame's
 * address is 0; that is how qpmap_remove() knows.  The order of the steps is
 * that of quick.c, and for the same reason.
 */
#include "special.h"

/* One memory type, and at most one of the two sharings. */
static inline _Bool
qpmap_attr_exists(qpmap_attr_t attr)
{
	return (attr < QPMAP_ATTR_COUNT &&
	    (attr & ~(qpmap_attr_t)(QPMAP_PRIVATE | QPMAP_SHARED)) <
	    QPMAP_TYPE_COUNT);
}

const struct qpmap_kind *
qpmap_kind_admit(qpmap_paddr_t pa, qpmap_attr_t attr,
    const struct qpmap_kind *kinds)
{
	_Bool exists = qpmap_attr_exists(attr);
	const struct qpmap_kind *kind = &kinds[exists ? attr : 0];
	const char *text = 0;

	if (!exists) {
		text = QPMAP_PANIC_ATTR;
	} else if (kind->special_limit == 0) {
		text = QPMAP_PANIC_TYPE;
	} else if ((pa & (qpmap_paddr_t)QPMAP_PAGE_MASK) != 0) {
		text = QPMAP_PANIC_ALIGN;
	} else if (!qpmap_pte_admits(pa, kind->special_limit)) {
		text = QPMAP_PANIC_WIDTH;
	} else if (QPMAP_CHECKED && !qpmap_host_page_pinned(pa)) {
		text = QPMAP_PANIC_UNPINNED;
	}
	if (text != 0) {
		qpmap_host_panic(text, pa, attr);
	}
	return (kind);
}

#if QPMAP_CHECKED

_Bool
qpmap_guard_is_marked(const struct qpmap_cpu *cpu)
{
	return ((qpmap_state.flags & QPMAP_MARK_GUARDS) == 0 ||
	    cpu->next == 0 ||
	    qpmap_slot_load(cpu->frame[1].slot - 1).bits == QPTE_MARK);
}

QPMAP_HANDED qpmap_vaddr_t
qpmap_enter_refuse_mark(struct qpmap_pte pte)
{
	struct qpmap_pte found =
	    qpmap_slot_load(qpmap_host_cpu()->frame[1].slot - 1);

	qpmap_host_panic(QPMAP_PANIC_MARK,
	    qpmap_pte_pa(pte, qpmap_state.sharing), found.bits);
}

#endif

static qpmap_vaddr_t
qpmap_window_enter_special(struct qpmap_pte pte)
{
	struct qpmap_cpu *cpu = qpmap_host_pin();
	struct qpmap_frame *frame = qpmap_next_frame(cpu->next);
	qpmap_vaddr_t va;

	if (QPMAP_CHECKED && !qpmap_guard_is_marked(cpu)) {
		return (qpmap_enter_refuse_mark(pte));
	}
	if (qpmap_next_is_none(cpu->next) ||
	    !qpmap_slot_is_empty(frame->slot)) {
		return (qpmap_enter_refuse_frame(QPMAP_REFUSED(0, pte)));
	}
	va = frame->va;
	qpmap_set_next_frame(cpu, frame + 1);
	*(volatile qpmap_vaddr_t *)&frame->va = 0;
	qpmap_slot_fill(frame->slot, pte);
	qpmap_tlb_filled_special(va, frame->slot, qpmap_state.flags);
	return (va);
}

/*
 * For reading and writing, or for reading only: the kinds say which.  Those
 * of the second sort are not served by the direct map, their size there is 0.
 */
static qpmap_vaddr_t
qpmap_enter_kinds(qpmap_paddr_t pa, qpmap_attr_t attr,
    const struct qpmap_kind *kinds)
{
	const struct qpmap_kind *kind = qpmap_kind_admit(pa, attr, kinds);

	if (QPMAP_DIRECT_MAP &&
	    pa - qpmap_state.direct_pa < kind->direct_size) {
		return (qpmap_direct_address(&qpmap_state, pa));
	}
	return (qpmap_window_enter_special(qpmap_pte_make(pa, kind->bits)));
}

QPMAP_HANDED qpmap_vaddr_t
qpmap_enter_special(qpmap_paddr_t pa, qpmap_attr_t attr)
{
	return (qpmap_enter_kinds(pa, attr, qpmap_state.rw));
}

QPMAP_HANDED qpmap_vaddr_t
qpmap_enter_ro_special(qpmap_paddr_t pa, qpmap_attr_t attr)
{
	return (qpmap_enter_kinds(pa, attr, qpmap_state.ro));
}

QPMAP_HANDED qpmap_vaddr_t
qpmap_enter_refuse_unpinned(qpmap_paddr_t pa, qpmap_attr_t attr)
{
	qpmap_host_panic(QPMAP_PANIC_UNPINNED, pa, attr);
}

/*
 * A CPU that is not online, the sentinel above the last frame, and an entry
 * that somebody else wrote.
 */
QPMAP_HANDED qpmap_vaddr_t
qpmap_enter_refuse_frame(QPMAP_REFUSED(qpmap_vaddr_t va,
    struct qpmap_pte pte))
{
	const struct qpmap_cpu *cpu = qpmap_host_cpu();
	const struct qpmap_frame *frame = qpmap_next_frame(cpu->next);
	const char *text = QPMAP_PANIC_SLOT;
	struct qpmap_pte found = qpmap_pte_none();
	__UINT64_TYPE__ b;

	(void)va;
	if (cpu->next != 0) {
		found = qpmap_slot_load(frame->slot);
	}
	b = found.bits;
	if (cpu->next == 0) {
		text = QPMAP_PANIC_OFFLINE;
	} else if (frame == &cpu->frame[qpmap_state.nesting + 1]) {
		text = qpmap_state.nesting == 1 ? QPMAP_PANIC_NESTED :
		    QPMAP_PANIC_FRAMES;
		found = qpmap_slot_load(frame[-1].slot);
		b = qpmap_pte_pa(found, qpmap_state.sharing);
	}
	qpmap_host_panic(text, qpmap_pte_pa(pte, qpmap_state.sharing), b);
}

void
qpmap_frame_empty(struct qpmap_frame *frame, qpmap_vaddr_t va)
{
	qpmap_tlb_emptying_special();
	qpmap_slot_clear(frame->slot);
	qpmap_tlb_emptied_special(va, frame->slot, qpmap_state.flags);
	*(volatile qpmap_vaddr_t *)&frame->va = va;
}

/* The newest frame of a CPU; NULL if it holds nothing, or is offline. */
static struct qpmap_frame *
qpmap_newest(struct qpmap_cpu *cpu)
{
	if (cpu->next == 0 || qpmap_next_frame(cpu->next) == &cpu->frame[1]) {
		return (0);
	}
	return (qpmap_newest_frame(cpu->next));
}

QPMAP_HANDED void
qpmap_remove_special(qpmap_vaddr_t va)
{
	struct qpmap_cpu *cpu = qpmap_host_cpu();
	struct qpmap_frame *frame = qpmap_newest(cpu);
	qpmap_vaddr_t newest = frame == 0 ? 0 : qpmap_frame_va(cpu, frame);

	if (frame == 0 || newest != va) {
		qpmap_host_panic(QPMAP_PANIC_REMOVE, va, newest);
	}
	qpmap_frame_empty(frame, va);
	qpmap_set_next_frame(cpu, frame);
	qpmap_host_unpin(cpu);
}
