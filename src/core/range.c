/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ranges: several pages at consecutive addresses.
 *
 * An interrupt or an NMI may enter and remove ranges of its own at any
 * instruction (B16), and leaves the stack of ranges as it found it.  The order
 * of the steps makes that correct:
 *
 *	enter	read the claims, check the room, store the claims, store in
 *		before[] what they were, store the PTEs
 *	remove	read the claims, and what they were, clear the PTEs,
 *		invalidate, store what the claims were
 *
 * The claims are one word: as two, a handler could find a range claimed, but
 * not its pages, and map its own over them.  An element of before[] belongs to
 * its range: stored before the claim, a handler's would take its place.
 *
 * Compiled only with QPMAP_RANGE_PAGES.
 */
#include "quick.h"
#include "range.h"
#include "tables.h"

#if QPMAP_RANGE_PAGES

_Static_assert(QPMAP_RANGE_PAGES <= 1 << QPMAP_TABLE_SHIFT,
    "an area is in one leaf table");

/* The half of the claims that counts pages. */
#define QPMAP_CLAIMS_PAGES	0x10000u
/* One range in the other half: bytes in before[]. */
#define QPMAP_CLAIMS_ONE	(4 * QPMAP_CLAIMS_PAGES)
/* No range is held. */
#define QPMAP_CLAIMS_NONE	(QPMAP_RANGE_DEPTH * QPMAP_CLAIMS_ONE)
/* In before[]: the range is on the slow path. */
#define QPMAP_CLAIMS_SLOW	(1u << 31)

/*
 * The claims with one more range, of page_count pages, fewer than the area has,
 * and a guard.
 */
static inline qpmap_u32
qpmap_claims_add(qpmap_u32 claims, qpmap_size_t page_count)
{
	return (claims + (qpmap_u32)page_count + 1 - QPMAP_CLAIMS_ONE);
}

/* Whether there was no room for the last range added, in one half or both. */
static inline _Bool
qpmap_claims_are_over(qpmap_u32 claims)
{
	return ((claims & (1u << 31 | QPMAP_RANGE_PAGES)) != 0);
}

/*
 * What the claims were before the newest range.  If no range is held it is the
 * last element, which is 0; on a CPU that is offline the first one, likewise.
 */
static inline qpmap_u32 *
qpmap_range_before(struct qpmap_cpu *cpu, qpmap_u32 claims)
{
	return ((qpmap_u32 *)((qpmap_uptr)cpu->range.before +
	    claims / QPMAP_CLAIMS_PAGES));
}

/* The range that begins where the claims end. */
static inline struct qpmap_slot
qpmap_range_next(const struct qpmap_cpu *cpu, qpmap_u32 claims)
{
	qpmap_size_t page = claims % QPMAP_CLAIMS_PAGES;

	return ((struct qpmap_slot){ cpu->range.va + page * QPMAP_PAGE_SIZE,
	    &cpu->range.ptep[page] });
}

/* The compiler must not move the store, as in qpmap_set_next(). */
static inline void
qpmap_set_claims(struct qpmap_cpu *cpu, qpmap_u32 claims)
{
	__asm__ volatile("" ::: "memory");
	*(volatile qpmap_u32 *)&cpu->range.claims = claims;
	__asm__ volatile("" ::: "memory");
}

/* Claim a range: claims become added.  slow is 0 or QPMAP_CLAIMS_SLOW. */
static inline void
qpmap_range_claim(struct qpmap_cpu *cpu, qpmap_u32 claims, qpmap_u32 added,
    qpmap_u32 slow)
{
	qpmap_set_claims(cpu, added);
	*(volatile qpmap_u32 *)qpmap_range_before(cpu, added) = claims | slow;
}

/* Twice in this file; a call takes as long as a page. */
#define QPMAP_INLINED __attribute__((__always_inline__))

/*
 * Loops over PTEs, or over a list.  Where a store can add an index to an
 * address i counts up to 0, elsewhere the pointer at up to end.  The compiler
 * must not choose again: it would take a compare, or a counter, more.
 */
#if QPMAP_ADDS_TO_MEMORY
#define QPMAP_LOOP_KEEP(i, end)		__asm__("" : "+r"(i))
#define QPMAP_LOOP_AT(i, at, end)	(&(end)[i])
#define QPMAP_LOOP_ENDS(i, at, end)	((i) == 0)
#else
#define QPMAP_LOOP_KEEP(i, end)		__asm__("" : "+r"(end))
#define QPMAP_LOOP_AT(i, at, end)	((void)(i), (void)(end), (at))
#define QPMAP_LOOP_ENDS(i, at, end)	((at) == (end))
#endif

/* Store pte, and make it that of the next page; or clear. */
static inline void
qpmap_pte_put(struct qpmap_pte *ptep, struct qpmap_pte *pte, _Bool clear)
{
	if (clear) {
		qpmap_pte_clear(ptep);
	} else {
		qpmap_pte_store(ptep, *pte);
		pte->bits += QPMAP_PTE_STEP;
	}
}

/*
 * Store the PTEs of contiguous pages, at least one, which are a run; or clear
 * as many.  One if their number is odd, then two in a turn.
 */
static inline void
qpmap_ptes_put(struct qpmap_pte *ptep, qpmap_size_t page_count,
    struct qpmap_pte pte, _Bool clear)
{
	__PTRDIFF_TYPE__ i = -(__PTRDIFF_TYPE__)page_count;
	struct qpmap_pte *end = ptep + page_count, *at;

	QPMAP_LOOP_KEEP(i, end);
	if ((page_count & 1) != 0) {
		qpmap_pte_put(QPMAP_LOOP_AT(i, ptep, end), &pte, clear);
		i++;
		ptep++;
		if (QPMAP_LOOP_ENDS(i, ptep, end)) {
			return;
		}
	}
	do {
		at = QPMAP_LOOP_AT(i, ptep, end);
		qpmap_pte_put(&at[0], &pte, clear);
		qpmap_pte_put(&at[1], &pte, clear);
		i += 2;
		ptep += 2;
	} while (!QPMAP_LOOP_ENDS(i, ptep, end));
}

#ifndef qpmap_ptes_clear
static inline void
qpmap_ptes_clear(struct qpmap_pte *ptep, qpmap_size_t page_count)
{
	qpmap_ptes_put(ptep, page_count, qpmap_pte_none(), 1);
}
#endif

/* Panic unless attr is configured. */
static inline void
qpmap_range_check_attr(qpmap_paddr_t pa, qpmap_attr_t attr,
    const struct qpmap_prot *prots)
{
	if (attr >= QPMAP_ATTR_COUNT || prots[attr].slow_pa_limit == 0) {
		(void)qpmap_prot_check(pa, attr, prots);
	}
}

/*
 * Panic unless contiguous pages are valid, and in a checked build wired: if the
 * first and the last are valid, all are.
 */
static inline void
qpmap_range_check(qpmap_paddr_t pa, qpmap_size_t page_count,
    qpmap_attr_t attr, const struct qpmap_prot *prots)
{
	qpmap_paddr_t last = pa +
	    ((qpmap_paddr_t)(page_count - 1) << QPMAP_PAGE_SHIFT);

	(void)qpmap_prot_check(pa, attr, prots);
	if (last < pa) {
		qpmap_host_panic(QPMAP_PANIC_RANGE, pa,
		    (qpmap_u64)page_count << QPMAP_PAGE_SHIFT);
	}
	for (; QPMAP_CHECKED && pa != last; pa += QPMAP_PAGE_SIZE) {
		(void)qpmap_prot_check(pa, attr, prots);
	}
	(void)qpmap_prot_check(last, attr, prots);
}

/* Whether all of the pages are in the part of the direct map for the prot. */
static inline _Bool
qpmap_range_is_direct(qpmap_paddr_t pa, qpmap_size_t page_count,
    const struct qpmap_prot *prot)
{
	qpmap_paddr_t offset = pa - qpmap_state.direct_pa;

	return (QPMAP_DIRECT_MAP && offset < prot->direct_size && page_count <=
	    (prot->direct_size - (qpmap_size_t)offset) >> QPMAP_PAGE_SHIFT);
}

/*
 * Panic unless the range's first PTE and the one before are zero, or the latter
 * is the area's mark; in a checked build also if that mark is gone.
 */
static inline void
qpmap_range_check_empty(const struct qpmap_cpu *cpu,
    const struct qpmap_pte *ptep, qpmap_paddr_t pa)
{
	const struct qpmap_pte *guard = cpu->range.ptep - 1;
	struct qpmap_pte found;

	if (qpmap_pte_is_none(ptep)) {
		ptep--;
	}
	if (!qpmap_guard_is_valid(ptep,
	    ptep == guard ? qpmap_state.flags : 0)) {
		qpmap_host_panic(QPMAP_PANIC_RANGE_USED,
		    (qpmap_u64)(ptep - guard), qpmap_pte_load(ptep).bits);
	}
	if (QPMAP_CHECKED && (qpmap_state.flags & QPMAP_F_MARK_GUARDS) != 0) {
		found = qpmap_pte_load(guard);
		if (found.bits != QPTE_MARK) {
			qpmap_host_panic(QPMAP_PANIC_MARK, pa, found.bits);
		}
	}
}

/*
 * Map listed pages, or if pages is NULL contiguous ones from pa on, on either
 * path, with all checks.  Another CPU may change the list: each address is read
 * once.
 */
QPMAP_NOINLINE static qpmap_vaddr_t
qpmap_range_enter_slow(qpmap_paddr_t pa, const qpmap_paddr_t *pages,
    qpmap_size_t page_count, qpmap_attr_t attr,
    const struct qpmap_prot *prots)
{
	const struct qpmap_prot *prot = &prots[attr];
	struct qpmap_cpu *cpu;
	struct qpmap_slot range;
	qpmap_u32 claims, added;
	qpmap_size_t i;
	_Bool direct;

	if (page_count == 0) {
		return (0);
	}
	qpmap_range_check_attr(pa, attr, prots);
	direct = pages == 0 && qpmap_range_is_direct(pa, page_count, prot);
	if (!direct && page_count >= QPMAP_RANGE_PAGES) {
		return (0);
	}
	if (pages == 0) {
		qpmap_range_check(pa, page_count, attr, prots);
	}
	if (direct) {
		return (qpmap_direct_address(&qpmap_state, pa));
	}
	cpu = qpmap_host_preempt_disable();
	claims = cpu->range.claims;
	if (claims == 0) {
		qpmap_host_panic(QPMAP_PANIC_OFFLINE, pa, 0);
	}
	added = qpmap_claims_add(claims, page_count);
	if (qpmap_claims_are_over(added)) {
		qpmap_host_preempt_enable(cpu);
		return (0);
	}
	range = qpmap_range_next(cpu, claims);
	qpmap_range_check_empty(cpu, range.ptep, pa);
	qpmap_range_claim(cpu, claims, added,
	    prot->pa_limit == 0 ? QPMAP_CLAIMS_SLOW : 0);
	for (i = 0; i < page_count; i++, pa += QPMAP_PAGE_SIZE) {
		if (pages != 0) {
			pa = *(const volatile qpmap_paddr_t *)&pages[i];
			(void)qpmap_prot_check(pa, attr, prots);
		}
		qpmap_pte_store(&range.ptep[i], qpmap_pte_make(pa, prot->bits));
	}
	if (prot->pa_limit == 0) {
		qpmap_tlb_post_map_range_slow(range.va, range.ptep, page_count,
		    qpmap_state.flags);
	} else {
		qpmap_tlb_post_map_range(range.va, page_count);
	}
	return (range.va);
}

/*
 * The fast paths of enter.  If anything is not as they have it, the function
 * above does it all from the start: not pinned.
 */

/*
 * Whether contiguous pages are valid, and not in the direct map.  Limits are
 * powers of two: if the OR of two addresses is valid both are, and the pages
 * between them, unless 32 bits wrap.
 */
static inline _Bool
qpmap_range_is_fast(qpmap_paddr_t pa, qpmap_size_t page_count,
    const struct qpmap_prot *prot)
{
	qpmap_paddr_t last;

	if (__builtin_add_overflow(pa, (qpmap_paddr_t)(page_count - 1) <<
	    QPMAP_PAGE_SHIFT, &last) && sizeof(pa) == 4) {
		return (0);
	}
	return (qpmap_pa_is_valid(pa | last, prot->pa_limit) &&
	    qpmap_pte_is_run(pa, last) && !(QPMAP_DIRECT_MAP &&
	    pa - qpmap_state.direct_pa < prot->direct_size));
}

/* Pin, and claim a range; if there is no room or something in it, neither. */
static inline _Bool
qpmap_range_take(struct qpmap_slot *range, qpmap_size_t page_count)
{
	struct qpmap_cpu *cpu = qpmap_host_preempt_disable();
	qpmap_u32 claims = cpu->range.claims;
	qpmap_u32 added = qpmap_claims_add(claims, page_count);

	range->ptep = &cpu->range.ptep[claims % QPMAP_CLAIMS_PAGES];
	/* One register, not a base and an index. */
	__asm__("" : "+r"(range->ptep));
	if (qpmap_claims_are_over(added) || !qpmap_pte_is_none(range->ptep) ||
	    !qpmap_pte_is_none(range->ptep - 1)) {
		qpmap_host_preempt_enable(cpu);
		return (0);
	}
	qpmap_range_claim(cpu, claims, added, 0);
	range->va = qpmap_range_next(cpu, claims).va;
	return (1);
}

/* Whether the number of pages and the attribute are not unusual. */
static inline _Bool
qpmap_range_is_usual(qpmap_size_t page_count, qpmap_attr_t attr)
{
	return (!QPMAP_CHECKED && attr < QPMAP_ATTR_COUNT &&
	    page_count - 1 < QPMAP_RANGE_PAGES - 2);
}

QPMAP_INLINED static inline qpmap_vaddr_t
qpmap_range_enter_prots(qpmap_paddr_t pa, qpmap_size_t page_count,
    qpmap_attr_t attr, const struct qpmap_prot *prots)
{
	const struct qpmap_prot *prot = &prots[attr];
	struct qpmap_slot range;

	if (!qpmap_range_is_usual(page_count, attr) ||
	    !qpmap_range_is_fast(pa, page_count, prot) ||
	    !qpmap_range_take(&range, page_count)) {
		return (qpmap_range_enter_slow(pa, 0, page_count, attr,
		    prots));
	}
	qpmap_ptes_put(range.ptep, page_count, qpmap_pte_make(pa, prot->bits),
	    0);
	qpmap_tlb_post_map_range(range.va, page_count);
	return (range.va);
}

/* Panic: the page of a list is not valid. */
QPMAP_NORETURN QPMAP_HANDED static void
qpmap_range_panic_page(qpmap_paddr_t pa, qpmap_attr_t attr,
    const struct qpmap_prot *prots)
{
	(void)qpmap_prot_check(pa, attr, prots);
	__builtin_unreachable();
}

QPMAP_INLINED static inline qpmap_vaddr_t
qpmap_range_enter_list_prots(const qpmap_paddr_t *pages,
    qpmap_size_t page_count, qpmap_attr_t attr, const struct qpmap_prot *prots)
{
	const qpmap_paddr_t *pages_end;
	qpmap_ptebits_t limit, bits;
	__PTRDIFF_TYPE__ i = -(__PTRDIFF_TYPE__)page_count;
	struct qpmap_slot range;
	struct qpmap_pte *ptep, *end;
	qpmap_paddr_t pa;

	if (!qpmap_range_is_usual(page_count, attr) ||
	    prots[attr].pa_limit == 0 ||
	    !qpmap_range_take(&range, page_count)) {
		return (qpmap_range_enter_slow(0, pages, page_count, attr,
		    prots));
	}
	limit = prots[attr].pa_limit;
	bits = prots[attr].bits;
	ptep = range.ptep;
	end = ptep + page_count;
	pages_end = pages + page_count;
	QPMAP_LOOP_KEEP(i, end);
	do {
		pa = *(const volatile qpmap_paddr_t *)QPMAP_LOOP_AT(i, pages,
		    pages_end);
		if (!qpmap_pa_is_valid(pa, limit)) {
			qpmap_range_panic_page(pa, attr, prots);
		}
		qpmap_pte_store(QPMAP_LOOP_AT(i, ptep, end),
		    qpmap_pte_make(pa, bits));
		i++;
		ptep++;
		pages++;
	} while (!QPMAP_LOOP_ENDS(i, ptep, end));
	qpmap_tlb_post_map_range(range.va, page_count);
	return (range.va);
}

QPMAP_CALL qpmap_vaddr_t
qpmap_range_enter(qpmap_paddr_t pa, qpmap_size_t page_count,
    qpmap_attr_t attr)
{
	return (qpmap_range_enter_prots(pa, page_count, attr, qpmap_state.rw));
}

QPMAP_CALL qpmap_vaddr_t
qpmap_range_enter_ro(qpmap_paddr_t pa, qpmap_size_t page_count,
    qpmap_attr_t attr)
{
	return (qpmap_range_enter_prots(pa, page_count, attr, qpmap_state.ro));
}

QPMAP_CALL qpmap_vaddr_t
qpmap_range_enter_list(const qpmap_paddr_t *pages, qpmap_size_t page_count,
    qpmap_attr_t attr)
{
	return (qpmap_range_enter_list_prots(pages, page_count, attr,
	    qpmap_state.rw));
}

QPMAP_CALL qpmap_vaddr_t
qpmap_range_enter_list_ro(const qpmap_paddr_t *pages,
    qpmap_size_t page_count, qpmap_attr_t attr)
{
	return (qpmap_range_enter_list_prots(pages, page_count, attr,
	    qpmap_state.ro));
}

/* The pages of the newest range. */
static inline qpmap_size_t
qpmap_range_count(qpmap_u32 claims, qpmap_u32 before)
{
	return ((claims - before) % QPMAP_CLAIMS_PAGES - 1);
}

/* Clear PTEs and invalidate them, with the slow path's sequence. */
QPMAP_COLD QPMAP_NOINLINE static void
qpmap_range_unmap_slow(struct qpmap_slot range, qpmap_size_t page_count)
{
	qpmap_tlb_pre_unmap_slow();
	qpmap_ptes_clear(range.ptep, page_count);
	qpmap_tlb_post_unmap_range_slow(range.va, range.ptep, page_count,
	    qpmap_state.flags);
}

/* A range on the slow path, or a panic. */
QPMAP_HANDED static void
qpmap_range_remove_slow(qpmap_vaddr_t va)
{
	struct qpmap_cpu *cpu = qpmap_host_cpu();
	qpmap_u32 claims = cpu->range.claims;
	qpmap_u32 before = *qpmap_range_before(cpu, claims) &
	    ~QPMAP_CLAIMS_SLOW;
	struct qpmap_slot range = { 0 };

	if (before != 0) {
		range = qpmap_range_next(cpu, before);
	}
	if (before == 0 || range.va != va) {
		qpmap_host_panic(QPMAP_PANIC_RANGE_REMOVE, va, range.va);
	}
	qpmap_range_unmap_slow(range, qpmap_range_count(claims, before));
	qpmap_set_claims(cpu, before);
	qpmap_host_preempt_enable(cpu);
}

/*
 * Of a range on the slow path, or if there is none, what the claims were before
 * is not a positive number.
 */
QPMAP_CALL void
qpmap_range_remove(qpmap_vaddr_t va)
{
	struct qpmap_cpu *cpu;
	struct qpmap_slot range;
	qpmap_u32 claims, before;
	qpmap_size_t page_count;

	if (QPMAP_DIRECT_MAP &&
	    va - qpmap_state.direct_va < qpmap_state.direct_size) {
		if (QPMAP_CHECKED && (va & QPMAP_PAGE_MASK) != 0) {
			qpmap_range_remove_slow(va);
		}
		return;
	}
	cpu = qpmap_host_cpu();
	claims = cpu->range.claims;
	before = *qpmap_range_before(cpu, claims);
	range = qpmap_range_next(cpu, before);
	if (before - 1 >= QPMAP_CLAIMS_SLOW - 1 || range.va != va) {
		qpmap_range_remove_slow(va);
		return;
	}
	page_count = qpmap_range_count(claims, before);
	qpmap_tlb_pre_unmap();
	qpmap_ptes_clear(range.ptep, page_count);
	qpmap_tlb_post_unmap_range(va, page_count);
	qpmap_set_claims(cpu, before);
	qpmap_host_preempt_enable(cpu);
}

QPMAP_CALL qpmap_size_t
qpmap_range_room(void)
{
	struct qpmap_cpu *cpu = qpmap_host_preempt_disable();
	qpmap_u32 claims = cpu->range.claims;

	qpmap_host_preempt_enable(cpu);
	return (qpmap_claims_are_over(qpmap_claims_add(claims, 1)) ? 0 :
	    QPMAP_RANGE_PAGES - 2 - claims % QPMAP_CLAIMS_PAGES);
}

/* The last CPU's last page is the guard that follows the list's other areas. */
QPMAP_INIT int
qpmap_range_area(const struct qpmap_config *config, struct qpmap_area *areas)
{
	if ((config->range_va & (QPMAP_RANGE_SIZE - 1)) != 0 ||
	    (qpmap_u64)config->cpu_count * QPMAP_RANGE_SIZE >
	    ~(qpmap_vaddr_t)0) {
		return (QPMAP_ERR_RANGE_AREA);
	}
	areas[QPMAP_AREA_RANGES].va = config->range_va;
	areas[QPMAP_AREA_RANGES].size =
	    config->cpu_count * QPMAP_RANGE_SIZE - QPMAP_PAGE_SIZE;
	return (QPMAP_OK);
}

QPMAP_INIT void
qpmap_range_init(const struct qpmap_config *config)
{
	qpmap_state.range_va = config->range_va;
}

QPMAP_COLD int
qpmap_range_online(struct qpmap_cpu *cpu, qpmap_u32 index,
    const struct qpmap_cpu_ptes *ptes)
{
	struct qpmap_pte *leaf = ptes != 0 ? ptes->range : 0;
	qpmap_vaddr_t va = qpmap_state.range_va + index * QPMAP_RANGE_SIZE;
	int error = qpmap_cpu_area(va, 0, QPMAP_RANGE_PAGES, &leaf);

	if (error == QPMAP_OK) {
		qpmap_guard_mark(leaf);
		cpu->range.va = va + QPMAP_PAGE_SIZE;
		cpu->range.ptep = leaf + 1;
	}
	return (error);
}

QPMAP_COLD void
qpmap_range_open(struct qpmap_cpu *cpu)
{
	qpmap_set_claims(cpu, QPMAP_CLAIMS_NONE);
	QPMAP_SET_EMPTY(&cpu->range, QPMAP_CLAIMS_NONE);
}

QPMAP_COLD void
qpmap_range_close(struct qpmap_cpu *cpu)
{
	qpmap_set_claims(cpu, 0);
	QPMAP_SET_EMPTY(&cpu->range, 0);
	cpu->range.before[0] = 0;
	qpmap_range_unmap_slow(qpmap_range_next(cpu, 0), QPMAP_RANGE_PAGES - 2);
}

QPMAP_COLD qpmap_u32
qpmap_range_held(const struct qpmap_cpu *cpu)
{
	return (QPMAP_RANGE_DEPTH - cpu->range.claims / QPMAP_CLAIMS_ONE);
}

#endif /* QPMAP_RANGE_PAGES */
