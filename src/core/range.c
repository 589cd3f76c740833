/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ranges: several pages at consecutive addresses.
 *
 * An interrupt or an NMI may enter and remove ranges of its own at any
 * instruction (B16), and leaves the stack of ranges as it found it.  The order
 * of the steps makes that correct:
 *
 *	enter	read the claims, check the room, store the claims, store the
 *		address in first[], store the PTEs
 *	remove	read the claims, clear the PTEs, invalidate, store the claims
 *
 * The claims are one word: as two, a handler could find a range claimed, but
 * not its pages, and map its own over them.  An address in first[] belongs to
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

/* One more range in the high half of the claims. */
#define QPMAP_CLAIMS_ONE	0x10000u
/* No range is held: the next one begins after the first page, a guard. */
#define QPMAP_CLAIMS_NONE	(QPMAP_RANGE_DEPTH * QPMAP_CLAIMS_ONE + 1)
/* In first[]. */
#define QPMAP_RANGE_SLOW	((qpmap_vaddr_t)1)

/* The page at which the next range begins. */
static inline qpmap_size_t
qpmap_claims_next(qpmap_u32 claims)
{
	return (claims % QPMAP_CLAIMS_ONE);
}

/*
 * The place in first[] of the newest range's address.  If no range is held it
 * is the last one.
 */
static inline qpmap_vaddr_t *
qpmap_range_first(struct qpmap_cpu *cpu, qpmap_u32 claims)
{
	return (&cpu->range.first[claims / QPMAP_CLAIMS_ONE]);
}

/* Whether there is no room for page_count pages, not very many, and a guard. */
static inline _Bool
qpmap_range_is_full(qpmap_u32 claims, qpmap_size_t page_count)
{
	return (claims < QPMAP_CLAIMS_ONE ||
	    qpmap_claims_next(claims) + page_count >= QPMAP_RANGE_PAGES);
}

/* The compiler must not move the store, as in qpmap_set_next(). */
static inline void
qpmap_set_claims(struct qpmap_cpu *cpu, qpmap_u32 claims)
{
	__asm__ volatile("" ::: "memory");
	*(volatile qpmap_u32 *)&cpu->range.claims = claims;
	__asm__ volatile("" ::: "memory");
}

/* Panic if the page is not valid or, in a checked build, not wired. */
static inline void
qpmap_range_check_page(qpmap_paddr_t pa, qpmap_attr_t attr,
    const struct qpmap_prot *prots)
{
	if (QPMAP_CHECKED ||
	    !qpmap_pa_is_valid(pa, prots[attr].slow_pa_limit)) {
		(void)qpmap_prot_check(pa, attr, prots);
	}
}

/* The same for contiguous pages: if the first and the last are, all are. */
static inline void
qpmap_range_check(qpmap_paddr_t pa, qpmap_size_t page_count,
    qpmap_attr_t attr, const struct qpmap_prot *prots)
{
	qpmap_paddr_t last = pa +
	    ((qpmap_paddr_t)(page_count - 1) << QPMAP_PAGE_SHIFT);

	qpmap_range_check_page(pa, attr, prots);
	if (last < pa) {
		qpmap_host_panic(QPMAP_PANIC_RANGE, pa,
		    (qpmap_u64)page_count << QPMAP_PAGE_SHIFT);
	}
	for (; QPMAP_CHECKED && pa != last; pa += QPMAP_PAGE_SIZE) {
		qpmap_range_check_page(pa, attr, prots);
	}
	qpmap_range_check_page(last, attr, prots);
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

/* The CPU is offline, or there is no room. */
QPMAP_HANDED static qpmap_vaddr_t
qpmap_range_no_room(struct qpmap_cpu *cpu, qpmap_paddr_t pa)
{
	if (cpu->range.claims == 0) {
		qpmap_host_panic(QPMAP_PANIC_OFFLINE, pa, 0);
	}
	qpmap_host_unpin(cpu);
	return (0);
}

/*
 * Panic unless the range's first PTE and the one before are zero, or the latter
 * is the area's mark.
 */
static inline void
qpmap_range_check_empty(const struct qpmap_cpu *cpu,
    const struct qpmap_pte *ptep)
{
	qpmap_size_t page = (qpmap_size_t)(ptep - cpu->range.ptep);

	if (qpmap_pte_is_none(ptep)) {
		ptep--;
		page--;
	}
	if (!qpmap_guard_is_valid(ptep, page == 0 ? qpmap_state.flags : 0)) {
		qpmap_host_panic(QPMAP_PANIC_RANGE_USED, page,
		    qpmap_pte_load(ptep).bits);
	}
}

/* Checked builds: panic if the area's mark is gone. */
static inline void
qpmap_range_check_mark(const struct qpmap_cpu *cpu, qpmap_paddr_t pa)
{
	struct qpmap_pte found = qpmap_pte_load(cpu->range.ptep);

	if ((qpmap_state.flags & QPMAP_F_MARK_GUARDS) != 0 &&
	    found.bits != QPTE_MARK) {
		qpmap_host_panic(QPMAP_PANIC_MARK, pa, found.bits);
	}
}

/*
 * Loops over PTEs take two in a turn.  Where a store can add an index to an
 * address they count i up to 0, elsewhere ptep up to end.  The compiler must
 * not choose again: it would take a compare, or a counter, more.
 */
#define QPMAP_PTES_END(i, ptep, end)					\
	(QPMAP_ADDS_TO_MEMORY ? (i) == 0 : (ptep) == (end))
#define QPMAP_PTES_AT(i, ptep, end)					\
	(QPMAP_ADDS_TO_MEMORY ? &(end)[i] : (ptep))
#if QPMAP_ADDS_TO_MEMORY
#define QPMAP_PTES_KEEP(i, end) __asm__("" : "+r"(i))
#else
#define QPMAP_PTES_KEEP(i, end) __asm__("" : "+r"(end))
#endif

/* Three or four times in this file; a call takes as long as a page. */
#define QPMAP_INLINED __attribute__((__always_inline__))

/* Store the PTEs of contiguous pages. */
QPMAP_INLINED static inline void
qpmap_ptes_store(struct qpmap_pte *ptep, qpmap_size_t page_count,
    struct qpmap_pte pte)
{
	__PTRDIFF_TYPE__ i = -(__PTRDIFF_TYPE__)page_count;
	struct qpmap_pte *end = ptep + page_count, *at;

	if ((page_count & 1) != 0) {
		qpmap_pte_store(ptep++, pte);
		i++;
		pte = qpmap_pte_next(pte);
	}
	QPMAP_PTES_KEEP(i, end);
	for (; !QPMAP_PTES_END(i, ptep, end); i += 2, ptep += 2) {
		at = QPMAP_PTES_AT(i, ptep, end);
		qpmap_pte_store(&at[0], pte);
		pte = qpmap_pte_next(pte);
		qpmap_pte_store(&at[1], pte);
		pte = qpmap_pte_next(pte);
	}
}

/* Clear PTEs. */
#ifndef qpmap_ptes_clear
static inline void
qpmap_ptes_clear(struct qpmap_pte *ptep, qpmap_size_t page_count)
{
	__PTRDIFF_TYPE__ i = -(__PTRDIFF_TYPE__)page_count;
	struct qpmap_pte *end = ptep + page_count, *at;

	if ((page_count & 1) != 0) {
		qpmap_pte_clear(ptep++);
		i++;
	}
	QPMAP_PTES_KEEP(i, end);
	for (; !QPMAP_PTES_END(i, ptep, end); i += 2, ptep += 2) {
		at = QPMAP_PTES_AT(i, ptep, end);
		qpmap_pte_clear(&at[0]);
		qpmap_pte_clear(&at[1]);
	}
}
#endif

/* Panic: the page of a list is not valid. */
QPMAP_NORETURN QPMAP_HANDED static void
qpmap_range_panic_page(qpmap_paddr_t pa, qpmap_attr_t attr,
    const struct qpmap_prot *prots)
{
	(void)qpmap_prot_check(pa, attr, prots);
	__builtin_unreachable();
}

/* Store the PTEs of listed pages; each address is read once, and checked. */
QPMAP_INLINED static inline void
qpmap_ptes_store_list(struct qpmap_pte *ptep, qpmap_size_t page_count,
    const qpmap_paddr_t *pages, qpmap_attr_t attr,
    const struct qpmap_prot *prots)
{
	const struct qpmap_pte *end = ptep + page_count;
	qpmap_ptebits_t limit = prots[attr].slow_pa_limit;
	qpmap_ptebits_t bits = prots[attr].bits;
	qpmap_paddr_t pa;

	for (; ptep != end; ptep++, pages++) {
		pa = *(const volatile qpmap_paddr_t *)pages;
		if (!qpmap_pa_is_valid(pa, limit)) {
			qpmap_range_panic_page(pa, attr, prots);
		}
		if (QPMAP_CHECKED) {
			(void)qpmap_prot_check(pa, attr, prots);
		}
		qpmap_pte_store(ptep, qpmap_pte_make(pa, bits));
	}
}

/* Claim page_count pages and a guard, and record the range's address. */
static inline void
qpmap_range_claim(struct qpmap_cpu *cpu, qpmap_u32 claims,
    qpmap_size_t page_count, qpmap_vaddr_t first)
{
	claims += (qpmap_u32)page_count + 1 - QPMAP_CLAIMS_ONE;
	qpmap_set_claims(cpu, claims);
	*(volatile qpmap_vaddr_t *)qpmap_range_first(cpu, claims) = first;
}

/*
 * Map listed pages, or if pages is NULL contiguous ones from pa on, on either
 * path.  Pinned.  Another CPU may change the list: pa is 0 then, and only for
 * panics.
 */
QPMAP_NOINLINE static qpmap_vaddr_t
/* NOLINTNEXTLINE(readability-function-size): pages come in two ways */
qpmap_range_map(struct qpmap_cpu *cpu, qpmap_paddr_t pa,
    const qpmap_paddr_t *pages, qpmap_size_t page_count, qpmap_attr_t attr,
    const struct qpmap_prot *prots)
{
	const struct qpmap_prot *prot = &prots[attr];
	qpmap_u32 claims = cpu->range.claims;
	qpmap_size_t next = qpmap_claims_next(claims);
	struct qpmap_pte *ptep = &cpu->range.ptep[next];
	qpmap_vaddr_t va = cpu->range.va + next * QPMAP_PAGE_SIZE;
	_Bool slow = prot->pa_limit == 0;

	if (qpmap_range_is_full(claims, page_count)) {
		return (qpmap_range_no_room(cpu, pa));
	}
	qpmap_range_check_empty(cpu, ptep);
	if (QPMAP_CHECKED) {
		qpmap_range_check_mark(cpu, pa);
	}
	qpmap_range_claim(cpu, claims, page_count,
	    va | (slow ? QPMAP_RANGE_SLOW : 0));
	if (pages != 0) {
		qpmap_ptes_store_list(ptep, page_count, pages, attr, prots);
	} else {
		qpmap_ptes_store(ptep, page_count,
		    qpmap_pte_make(pa, prot->bits));
	}
	if (slow) {
		qpmap_tlb_post_map_range_slow(va, ptep, page_count,
		    qpmap_state.flags);
	} else {
		qpmap_tlb_post_map_range(va, page_count);
	}
	return (va);
}

/* Panic unless attr is a configured attribute. */
static inline void
qpmap_range_check_attr(qpmap_paddr_t pa, qpmap_attr_t attr,
    const struct qpmap_prot *prots)
{
	if (attr >= QPMAP_ATTR_COUNT || prots[attr].slow_pa_limit == 0) {
		(void)qpmap_prot_check(pa, attr, prots);
	}
}

/* If anything about the pages is not as the fast path has it. */
QPMAP_NOINLINE static qpmap_vaddr_t
qpmap_range_enter_slow(qpmap_paddr_t pa, const qpmap_paddr_t *pages,
    qpmap_size_t page_count, qpmap_attr_t attr,
    const struct qpmap_prot *prots)
{
	_Bool direct;

	if (page_count == 0) {
		return (0);
	}
	qpmap_range_check_attr(pa, attr, prots);
	direct = pages == 0 &&
	    qpmap_range_is_direct(pa, page_count, &prots[attr]);
	if (!direct && page_count >= QPMAP_RANGE_PAGES) {
		return (0);
	}
	if (pages == 0) {
		qpmap_range_check(pa, page_count, attr, prots);
	}
	if (direct) {
		return (qpmap_direct_address(&qpmap_state, pa));
	}
	return (qpmap_range_map(qpmap_host_pin(), pa, pages, page_count, attr,
	    prots));
}

/*
 * Whether contiguous pages are valid on the fast path, and not in the direct
 * map.  Limits are powers of two: if the OR of two addresses is valid both are,
 * and the pages between them, unless 32 bits wrap.
 */
static inline _Bool
qpmap_range_is_fast(qpmap_paddr_t pa, qpmap_size_t page_count,
    const struct qpmap_prot *prot)
{
	qpmap_paddr_t last = pa +
	    ((qpmap_paddr_t)(page_count - 1) << QPMAP_PAGE_SHIFT);

	return (qpmap_pa_is_valid(pa | last, prot->pa_limit) &&
	    !(sizeof(pa) == 4 && last < pa) &&
	    !(QPMAP_DIRECT_MAP &&
	    pa - qpmap_state.direct_pa < prot->direct_size));
}

/*
 * The fast path, else the functions above, all of them tail calls.  Contiguous
 * pages from pa on, and pages is NULL; or with list a list, and pa is 0.
 */
QPMAP_INLINED static inline qpmap_vaddr_t
/* NOLINTNEXTLINE(readability-function-size): pages come in two ways */
qpmap_range_enter_prots(qpmap_paddr_t pa, const qpmap_paddr_t *pages,
    _Bool list, qpmap_size_t page_count, qpmap_attr_t attr,
    const struct qpmap_prot *prots)
{
	struct qpmap_cpu *cpu;
	struct qpmap_pte *ptep;
	qpmap_u32 claims;
	qpmap_size_t next;
	qpmap_vaddr_t va;

	if (QPMAP_CHECKED || attr >= QPMAP_ATTR_COUNT ||
	    page_count - 1 >= QPMAP_RANGE_PAGES - 2 ||
	    (list ? prots[attr].pa_limit == 0 :
	    !qpmap_range_is_fast(pa, page_count, &prots[attr]))) {
		return (qpmap_range_enter_slow(pa, pages, page_count, attr,
		    prots));
	}
	cpu = qpmap_host_pin();
	claims = cpu->range.claims;
	next = qpmap_claims_next(claims);
	ptep = &cpu->range.ptep[next];
	va = cpu->range.va + next * QPMAP_PAGE_SIZE;
	if (qpmap_range_is_full(claims, page_count) ||
	    !qpmap_pte_is_none(ptep) || !qpmap_pte_is_none(ptep - 1)) {
		return (qpmap_range_map(cpu, pa, pages, page_count, attr,
		    prots));
	}
	qpmap_range_claim(cpu, claims, page_count, va);
	if (list) {
		qpmap_ptes_store_list(ptep, page_count, pages, attr, prots);
	} else {
		qpmap_ptes_store(ptep, page_count,
		    qpmap_pte_make(pa, prots[attr].bits));
	}
	qpmap_tlb_post_map_range(va, page_count);
	return (va);
}

QPMAP_CALL qpmap_vaddr_t
qpmap_range_enter(qpmap_paddr_t pa, qpmap_size_t page_count,
    qpmap_attr_t attr)
{
	return (qpmap_range_enter_prots(pa, 0, 0, page_count,
	    attr, qpmap_state.rw));
}

QPMAP_CALL qpmap_vaddr_t
qpmap_range_enter_ro(qpmap_paddr_t pa, qpmap_size_t page_count,
    qpmap_attr_t attr)
{
	return (qpmap_range_enter_prots(pa, 0, 0, page_count,
	    attr, qpmap_state.ro));
}

QPMAP_CALL qpmap_vaddr_t
qpmap_range_enter_list(const qpmap_paddr_t *pages, qpmap_size_t page_count,
    qpmap_attr_t attr)
{
	return (qpmap_range_enter_prots(0, pages, 1, page_count,
	    attr, qpmap_state.rw));
}

QPMAP_CALL qpmap_vaddr_t
qpmap_range_enter_list_ro(const qpmap_paddr_t *pages,
    qpmap_size_t page_count, qpmap_attr_t attr)
{
	return (qpmap_range_enter_prots(0, pages, 1, page_count,
	    attr, qpmap_state.ro));
}

/* The pages of the newest range, whose first one is page. */
static inline qpmap_size_t
qpmap_range_count(qpmap_u32 claims, qpmap_size_t page)
{
	return (qpmap_claims_next(claims) - page - 1);
}

/* Release the newest range. */
static inline void
qpmap_range_release(struct qpmap_cpu *cpu, qpmap_u32 claims,
    qpmap_size_t page_count)
{
	qpmap_set_claims(cpu,
	    claims + QPMAP_CLAIMS_ONE - 1 - (qpmap_u32)page_count);
	qpmap_host_unpin(cpu);
}

/* Clear PTEs and invalidate them, with the slow path's sequence. */
QPMAP_COLD QPMAP_NOINLINE static void
qpmap_range_unmap_slow(const struct qpmap_cpu *cpu, qpmap_size_t page,
    qpmap_size_t page_count)
{
	struct qpmap_pte *ptep = &cpu->range.ptep[page];

	qpmap_tlb_pre_unmap_slow();
	qpmap_ptes_clear(ptep, page_count);
	qpmap_tlb_post_unmap_range_slow(cpu->range.va +
	    page * QPMAP_PAGE_SIZE, ptep, page_count, qpmap_state.flags);
}

/* A range on the slow path, or a panic. */
QPMAP_HANDED static void
qpmap_range_remove_slow(qpmap_vaddr_t va)
{
	struct qpmap_cpu *cpu = qpmap_host_cpu();
	qpmap_u32 claims = cpu->range.claims;
	qpmap_vaddr_t newest =
	    *qpmap_range_first(cpu, claims) & ~QPMAP_RANGE_SLOW;
	qpmap_size_t page = (va - cpu->range.va) >> QPMAP_PAGE_SHIFT;
	qpmap_size_t page_count = qpmap_range_count(claims, page);

	if (va == 0 || newest != va) {
		qpmap_host_panic(QPMAP_PANIC_RANGE_REMOVE, va, newest);
	}
	qpmap_range_unmap_slow(cpu, page, page_count);
	qpmap_range_release(cpu, claims, page_count);
}

/*
 * If none is held, or the CPU is offline, the address found is 0.  No address
 * from the caller is that of a range on the slow path.
 */
QPMAP_CALL void
qpmap_range_remove(qpmap_vaddr_t va)
{
	struct qpmap_cpu *cpu;
	qpmap_u32 claims;
	qpmap_size_t page, page_count;

	if (QPMAP_DIRECT_MAP &&
	    va - qpmap_state.direct_va < qpmap_state.direct_size) {
		if (QPMAP_CHECKED && (va & QPMAP_PAGE_MASK) != 0) {
			qpmap_range_remove_slow(va);
		}
		return;
	}
	if (va == 0 || (va & QPMAP_RANGE_SLOW) != 0) {
		qpmap_range_remove_slow(va);
		return;
	}
	cpu = qpmap_host_cpu();
	claims = cpu->range.claims;
	if (*qpmap_range_first(cpu, claims) != va) {
		qpmap_range_remove_slow(va);
		return;
	}
	page = (va - cpu->range.va) >> QPMAP_PAGE_SHIFT;
	page_count = qpmap_range_count(claims, page);
	qpmap_tlb_pre_unmap();
	qpmap_ptes_clear(&cpu->range.ptep[page], page_count);
	qpmap_tlb_post_unmap_range(va, page_count);
	qpmap_range_release(cpu, claims, page_count);
}

QPMAP_CALL qpmap_size_t
qpmap_range_room(void)
{
	struct qpmap_cpu *cpu = qpmap_host_pin();
	qpmap_u32 claims = cpu->range.claims;

	qpmap_host_unpin(cpu);
	return (qpmap_range_is_full(claims, 1) ? 0 :
	    QPMAP_RANGE_PAGES - 1 - qpmap_claims_next(claims));
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

QPMAP_COLD qpmap_vaddr_t
qpmap_range_va(qpmap_u32 index)
{
	return (qpmap_state.range_va + index * QPMAP_RANGE_SIZE);
}

QPMAP_COLD _Bool
qpmap_range_leaf_fits(const struct qpmap_pte *leaf, qpmap_vaddr_t va)
{
	qpmap_u32 i;

	if (leaf == 0 ||
	    (qpmap_uptr)leaf %
	    ((qpmap_uptr)QPMAP_RANGE_PAGES * QPMAP_PTE_SIZE) != 0 ||
	    !qpmap_leaf_is_at(leaf, va) ||
	    !qpmap_guard_is_valid(leaf, qpmap_state.flags)) {
		return (0);
	}
	for (i = 1; i < QPMAP_RANGE_PAGES; i++) {
		if (!qpmap_pte_is_none(&leaf[i])) {
			return (0);
		}
	}
	return (1);
}

QPMAP_COLD void
qpmap_range_online(struct qpmap_cpu *cpu, qpmap_vaddr_t va,
    struct qpmap_pte *leaf)
{
	qpmap_guard_mark(leaf);
	cpu->range.va = va;
	cpu->range.ptep = leaf;
}

QPMAP_COLD void
qpmap_range_open(struct qpmap_cpu *cpu)
{
	qpmap_set_claims(cpu, QPMAP_CLAIMS_NONE);
}

QPMAP_COLD void
qpmap_range_close(struct qpmap_cpu *cpu)
{
	qpmap_set_claims(cpu, 0);
	cpu->range.first[0] = 0;
	qpmap_range_unmap_slow(cpu, 1, QPMAP_RANGE_PAGES - 2);
}

QPMAP_COLD qpmap_u32
qpmap_range_held(const struct qpmap_cpu *cpu)
{
	return (QPMAP_RANGE_DEPTH - cpu->range.claims / QPMAP_CLAIMS_ONE);
}

#endif /* QPMAP_RANGE_PAGES */
