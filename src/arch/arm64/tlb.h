/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arm64: PTE stores and TLB maintenance.
 *
 *	map		store the PTE
 *			DSB ISHST	table walkers see the store
 *			ISB		no later access uses an older walk
 *	unmap		clear the PTE
 *			DSB ISHST	walkers see the clear
 *			TLBI VAALE1IS	on every CPU, for any ASID; the last
 *					level only: tables do not change
 *			DSB ISH		...is complete, and so are accesses
 *					that used the translation
 *			ISB		this CPU's pipeline is flushed
 *
 *	flush local	DSB ISH		walkers see every CPU's clears
 *			TLBI VMALLE1	everything, on this CPU
 *			DSB ISH		...is complete
 *			ISB
 *
 *	flush range	DSB ISH		as in flush local
 *			TLBI VAALE1IS	for each page; or RVAALE1IS for ranges,
 *					if the CPUs have it; or one VMALLE1IS
 *					for very many pages
 *			DSB ISH; ISB	as in unmap
 *
 * Arm ARM (DDI 0487), "TLB maintenance requirements and the TLB maintenance
 * instructions".
 *
 * Slow path: DSB SY before the clear, for accesses that were not cacheable;
 * with QPMAP_F_LOCAL_TLBI, TLBI VAALE1; with QPMAP_F_ERRATUM_REPEAT_TLBI, the
 * broadcast TLBI and its DSB twice; with QPMAP_F_ERRATUM_WALKER, DC CVAC of the
 * PTE and DSB SY in place of DSB ISHST.
 */
#ifndef QPMAP_ARCH_ARM64_TLB_H
#define QPMAP_ARCH_ARM64_TLB_H

#include "pte.h"

#define QPMAP_FLAGS_SLOW (QPMAP_F_LOCAL_TLBI |				\
	QPMAP_F_ERRATUM_REPEAT_TLBI | QPMAP_F_ERRATUM_WALKER)
#define QPMAP_FLAGS_ARCH (QPMAP_FLAGS_SLOW | QPMAP_F_SET_NG |		\
	QPMAP_F_NO_TCR2 | (QPMAP_TLBI_RANGE ? QPMAP_F_NO_TLBI_RANGE : 0))

/* Whether this build uses TLBIs by range, where the CPUs have them. */
#define QPMAP_TLBI_RANGE (QPMAP_SHOOTDOWN || QPMAP_RANGE_PAGES)

/*
 * SCTLR_EL1.A is clear: the buffer's side may be misaligned.  No writeback:
 * otherwise ESR_EL2 does not describe the access to a hypervisor (Arm ARM, "ISS
 * encoding for an exception from a Data Abort", ISV).
 */
#define QPMAP_COPY_ALIGNED	0
#define QPMAP_OPERAND(object)	"r"(&(object))
#define QPMAP_LOAD_4		"ldr	%w0, [%1]"
#define QPMAP_STORE_4		"str	%w1, [%0]"
#define QPMAP_STORE_WORD	"str	%1, [%0]"

#define QPMAP_LOADS_PAIRS 1

/* The state begins a page, so that ADRP alone gives its address. */
/* NOLINTNEXTLINE(readability-redundant-declaration): an attribute more */
extern struct qpmap_state qpmap_state __attribute__((aligned(4096)));
#define qpmap_state_address qpmap_state_address
static inline const struct qpmap_state *
qpmap_state_address(void)
{
	const struct qpmap_state *state;

	__asm__("adrp	%0, %1" : "=r"(state) : "S"(&qpmap_state));
	return (state);
}

/* Operand of a TLBI: VA[55:12] in bits 43:0.  63:44 (ASID, TTL) stay zero. */
static inline qpmap_u64
qpmap_tlb_operand(qpmap_vaddr_t va)
{
	return ((qpmap_u64)va >> 12 & ((1ULL << 44) - 1));
}

/*
 * Pages in one TLBI by range: 1 to 32 times 2, 64, 2048 or 65536.  Ranges cover
 * any count below QPMAP_TLBI_RANGE_MAX.
 */
#define QPMAP_TLBI_RANGE_SHIFT(scale)	(5 * (scale) + 1)
#define QPMAP_TLBI_RANGE_PAGES(scale)	(32ul << QPMAP_TLBI_RANGE_SHIFT(scale))
#define QPMAP_TLBI_RANGE_MAX		QPMAP_TLBI_RANGE_PAGES(3)

/*
 * Operand of a TLBI by range: num + 1 times 2^(5 * scale + 1) pages.  Page
 * size in 47:46, SCALE in 45:44, NUM in 43:39, the page's number in 36:0 (with
 * LPA2 the unit differs, and no range is used).  ASID and TTL stay zero.
 */
static inline qpmap_u64
qpmap_tlb_range_operand(qpmap_vaddr_t va, qpmap_u64 scale, qpmap_u64 num)
{
	qpmap_u64 granule = (QPMAP_PAGE_SHIFT - 10) / 2;

	return (granule << 46 | scale << 44 | num << 39 |
	    ((qpmap_u64)va >> QPMAP_PAGE_SHIFT & ((1ULL << 37) - 1)));
}

/* TLBI RVAALE1IS, by its fields: an assembler may not know the name. */
static inline void
qpmap_tlb_range(qpmap_u64 operand)
{
	__asm__ volatile("sys	#0, c8, c2, #7, %0"
			 :: "r"(operand) : "memory");
}

/*
 * Clean a table to the point of coherency, for walks that are not coherent with
 * the data cache.  In probe.c, since it is not on the hot path.
 */
void qpmap_dcache_clean(const void *table, qpmap_size_t bytes);

/*
 * Clean one PTE.  It lies in one cache line of any length, and DC CVAC takes
 * any address in the line, so CTR_EL0 need not be read.  The DSB completes
 * cleans of this CPU only, so the caller must stay on it.
 */
static inline void
qpmap_pte_clean(const struct qpmap_pte *ptep)
{
	__asm__ volatile("dc	cvac, %0\n\t"
			 "dsb	sy" :: "r"(ptep) : "memory");
}

/* Make a stored PTE visible to walkers. */
static inline void
qpmap_pte_publish(const struct qpmap_pte *ptep, qpmap_u32 flags)
{
	if ((flags & QPMAP_F_ERRATUM_WALKER) != 0) {
		qpmap_pte_clean(ptep);
	} else {
		__asm__ volatile("dsb	ishst" ::: "memory");
	}
}

/*
 * The ISB is required: a later access may have been walked for before the
 * store, and found to fault.
 */
static inline void
qpmap_tlb_post_map(qpmap_vaddr_t va)
{
	(void)va;
	__asm__ volatile("dsb	ishst\n\t"
			 "isb" ::: "memory");
}

/*
 * Only a compiler barrier: the mapping is cacheable, and the DSB after the TLBI
 * waits for the accesses through it.
 */
static inline void
qpmap_tlb_pre_unmap(void)
{
	__asm__ volatile("" ::: "memory");
}

static inline void
qpmap_tlb_post_unmap(qpmap_vaddr_t va)
{
	__asm__ volatile("dsb	ishst\n\t"
			 "tlbi	vaale1is, %0\n\t"
			 "dsb	ish\n\t"
			 "isb" :: "r"(qpmap_tlb_operand(va)) : "memory");
}

static inline void
qpmap_tlb_post_map_slow(qpmap_vaddr_t va, struct qpmap_pte *ptep,
    qpmap_u32 flags)
{
	if ((flags & QPMAP_F_ERRATUM_WALKER) == 0) {
		qpmap_tlb_post_map(va);
	} else {
		qpmap_pte_clean(ptep);
		__asm__ volatile("isb" ::: "memory");
	}
}

/* Complete device and non-cacheable accesses. */
static inline void
qpmap_tlb_pre_unmap_slow(void)
{
	__asm__ volatile("dsb	sy" ::: "memory");
}

static inline void
qpmap_tlb_post_unmap_slow(qpmap_vaddr_t va, struct qpmap_pte *ptep,
    qpmap_u32 flags)
{
	qpmap_u64 operand = qpmap_tlb_operand(va);

	qpmap_pte_publish(ptep, flags);
	if ((flags & QPMAP_F_LOCAL_TLBI) != 0) {
		__asm__ volatile("tlbi	vaale1, %0"
				 :: "r"(operand) : "memory");
	} else {
		__asm__ volatile("tlbi	vaale1is, %0"
				 :: "r"(operand) : "memory");
		if ((flags & QPMAP_F_ERRATUM_REPEAT_TLBI) != 0) {
			__asm__ volatile("dsb	ish\n\t"
					 "tlbi	vaale1is, %0"
					 :: "r"(operand) : "memory");
		}
	}
	__asm__ volatile("dsb	ish\n\t"
			 "isb" ::: "memory");
}

/*
 * No CPU has invalidated what this CPU walked before it came online (its boot
 * tables, another kernel's).  The first DSB must wait for loads, too, which
 * ISHST does not: another CPU may have cleared the PTEs, and this one only
 * loaded a flag that says so.  The TLBI is local: QPMAP_F_ERRATUM_REPEAT_TLBI,
 * about broadcasts, does not apply.
 */
static inline void
qpmap_tlb_flush_local(qpmap_u32 flags)
{
	(void)flags;
	__asm__ volatile("dsb	ish\n\t"
			 "tlbi	vmalle1\n\t"
			 "dsb	ish\n\t"
			 "isb" ::: "memory");
}

static inline void
qpmap_tlb_pre_link(void *table, qpmap_size_t bytes, qpmap_u32 flags)
{
	if ((flags & QPMAP_F_ERRATUM_WALKER) != 0) {
		qpmap_dcache_clean(table, bytes);
	} else {
		__asm__ volatile("dsb	ishst" ::: "memory");
	}
}

/* No TLB holds an invalid entry: there is nothing to invalidate. */
static inline void
qpmap_tlb_post_link(struct qpmap_pte *link, _Bool in_root,
    const struct qpmap_mmu *mmu, qpmap_u32 flags)
{
	(void)mmu;
	(void)in_root;
	qpmap_pte_publish(link, flags);
	__asm__ volatile("isb" ::: "memory");
}

/*
 * For compilers whose default is -moutline-atomics (calls of libgcc).  Not
 * inlined, since the caller's default would then apply.
 */
#if defined(__clang__) || __GNUC__ >= 10
#define QPMAP_ATOMIC							\
	__attribute__((__noinline__, __target__("no-outline-atomics")))
#endif

#if QPMAP_SHOOTDOWN

#define QPMAP_TLB_BROADCASTS		1
#define QPMAP_TLB_CACHES_INVALID	0

/* The most TLBIs without ranges: for more pages a full flush is cheaper. */
#define QPMAP_TLB_PAGES		512

/* A single page if the count is odd, then at most one range of each scale. */
static inline void
qpmap_tlb_ranges(qpmap_vaddr_t va, qpmap_size_t page_count)
{
	qpmap_size_t scale, times;

	if ((page_count & 1) != 0) {
		__asm__ volatile("tlbi	vaale1is, %0"
				 :: "r"(qpmap_tlb_operand(va)) : "memory");
		va += QPMAP_PAGE_SIZE;
	}
	for (scale = 0; scale < 4; scale++) {
		times = page_count >> QPMAP_TLBI_RANGE_SHIFT(scale) & 31;
		if (times != 0) {
			qpmap_tlb_range(qpmap_tlb_range_operand(va, scale,
			    times - 1));
			va += times << QPMAP_TLBI_RANGE_SHIFT(scale) <<
			    QPMAP_PAGE_SHIFT;
		}
	}
}

/* Every CPU, every address, every ASID. */
static inline void
qpmap_tlb_flush_all_cpus(void)
{
	__asm__ volatile("tlbi	vmalle1is" ::: "memory");
}

/* The TLBIs of one batch, without barriers. */
static inline void
qpmap_tlb_batch(qpmap_vaddr_t va, qpmap_size_t page_count)
{
	if (qpmap_state.mmu.range && page_count < QPMAP_TLBI_RANGE_MAX) {
		qpmap_tlb_ranges(va, page_count);
		return;
	}
	if (page_count > QPMAP_TLB_PAGES) {
		qpmap_tlb_flush_all_cpus();
		return;
	}
	for (; page_count != 0; page_count--) {
		__asm__ volatile("tlbi	vaale1is, %0"
				 :: "r"(qpmap_tlb_operand(va)) : "memory");
		va += QPMAP_PAGE_SIZE;
	}
}

/* If walks are coherent, the DSB of qpmap_tlb_flush_range() is enough. */
#define qpmap_tlb_post_clear qpmap_tlb_post_clear
static inline void
qpmap_tlb_post_clear(struct qpmap_pte *ptep, qpmap_u32 flags)
{
	if ((flags & QPMAP_F_ERRATUM_WALKER) != 0) {
		qpmap_pte_clean(ptep);
	} else {
		__asm__ volatile("" ::: "memory");
	}
}

/*
 * One pair of DSBs for all pages.  Always broadcast, also with
 * QPMAP_F_LOCAL_TLBI: other CPUs use these addresses.  The first DSB must wait
 * for loads, too: see qpmap_tlb_flush_local().
 */
static inline void
qpmap_tlb_flush_range(qpmap_vaddr_t va, qpmap_size_t page_count,
    qpmap_u32 flags)
{
	__asm__ volatile("dsb	ish" ::: "memory");
	qpmap_tlb_batch(va, page_count);
	if ((flags & QPMAP_F_ERRATUM_REPEAT_TLBI) != 0) {
		__asm__ volatile("dsb	ish" ::: "memory");
		qpmap_tlb_batch(va, page_count);
	}
	__asm__ volatile("dsb	ish\n\t"
			 "isb" ::: "memory");
}

/* No CPU is interrupted: qpmap_tlb_flush_range() broadcasts. */
static inline void
qpmap_tlb_pre_notify(void)
{
	__asm__ volatile("" ::: "memory");
}

static inline void
qpmap_cpu_relax(void)
{
	__asm__ volatile("yield" ::: "memory");
}

#endif /* QPMAP_SHOOTDOWN */

#if QPMAP_RANGE_PAGES || QPMAP_SWITCH

/* TLBI RVAALE1IS, or on this CPU RVAALE1, by their fields. */
static inline void
qpmap_tlb_window_range(qpmap_u64 operand, _Bool local)
{
	if (local) {
		__asm__ volatile("sys	#0, c8, c6, #7, %0"
				 :: "r"(operand) : "memory");
	} else {
		qpmap_tlb_range(operand);
	}
}

/* TLBI VAALE1IS, or on this CPU VAALE1. */
static inline void
qpmap_tlb_window_page(qpmap_u64 operand, _Bool local)
{
	if (local) {
		__asm__ volatile("tlbi	vaale1, %0"
				 :: "r"(operand) : "memory");
	} else {
		__asm__ volatile("tlbi	vaale1is, %0"
				 :: "r"(operand) : "memory");
	}
}

/*
 * The TLBIs of a range in a window, up to end, without barriers: one for every
 * step bytes, or one for all, of a multiple of 2, 64 or 2048 pages.  The pages
 * above are free, or of another CPU's window, which walks again.
 */
static inline void
qpmap_tlb_window(qpmap_vaddr_t va, qpmap_vaddr_t end, qpmap_size_t page_count,
    qpmap_size_t step, _Bool local)
{
	qpmap_u64 scale = 0;

	if (!QPMAP_TLBI_RANGE || !qpmap_state.mmu.range) {
		for (; va != end; va += step) {
			qpmap_tlb_window_page(qpmap_tlb_operand(va), local);
		}
		return;
	}
	if (page_count > QPMAP_TLBI_RANGE_PAGES(0)) {
		scale = page_count > QPMAP_TLBI_RANGE_PAGES(1) ? 2 : 1;
	}
	qpmap_tlb_window_range(qpmap_tlb_range_operand(va, scale,
	    (page_count - 1) >> QPMAP_TLBI_RANGE_SHIFT(scale)), local);
}

/* Make stored PTEs visible to walkers. */
static inline void
qpmap_ptes_publish(const struct qpmap_pte *ptep, qpmap_size_t page_count,
    qpmap_u32 flags)
{
	if ((flags & QPMAP_F_ERRATUM_WALKER) != 0) {
		qpmap_dcache_clean(ptep, page_count * QPMAP_PTE_SIZE);
	} else {
		__asm__ volatile("dsb	ishst" ::: "memory");
	}
}

/* With the barriers that follow, after PTEs were cleared and published. */
static inline void
qpmap_tlb_window_flush(qpmap_vaddr_t va, qpmap_vaddr_t end,
    qpmap_size_t page_count, qpmap_size_t step, qpmap_u32 flags)
{
	_Bool local = (flags & QPMAP_F_LOCAL_TLBI) != 0;

	qpmap_tlb_window(va, end, page_count, step, local);
	if (!local && (flags & QPMAP_F_ERRATUM_REPEAT_TLBI) != 0) {
		__asm__ volatile("dsb	ish" ::: "memory");
		qpmap_tlb_window(va, end, page_count, step, 0);
	}
	__asm__ volatile("dsb	ish\n\t"
			 "isb" ::: "memory");
}

#endif /* QPMAP_RANGE_PAGES || QPMAP_SWITCH */

#if QPMAP_SWITCH

#define QPMAP_TLB_SLOTS 1

static inline void
qpmap_tlb_post_map_slots(struct qpmap_pte *ptep, struct qpmap_pte *end,
    qpmap_u32 flags)
{
	qpmap_ptes_publish(ptep, (qpmap_size_t)(end - ptep), flags);
	__asm__ volatile("isb" ::: "memory");
}

static inline void
qpmap_tlb_post_unmap_slots(qpmap_vaddr_t va, qpmap_vaddr_t end,
    struct qpmap_pte *ptep, qpmap_u32 flags)
{
	qpmap_size_t pages = (end - va) >> QPMAP_PAGE_SHIFT;

	qpmap_ptes_publish(ptep, pages - 1, flags);
	qpmap_tlb_window_flush(va, end, pages,
	    QPMAP_SLOT_PAGES * QPMAP_PAGE_SIZE, flags);
}

#endif /* QPMAP_SWITCH */

#if QPMAP_RANGE_PAGES

/*
 * Of an aligned STP each register's store is single-copy atomic.  Arm ARM,
 * "Requirements for single-copy atomicity".
 */
#define qpmap_ptes_clear qpmap_ptes_clear
static inline void
qpmap_ptes_clear(struct qpmap_pte *ptep, qpmap_size_t page_count)
{
	const struct qpmap_pte *end = ptep + page_count;

	if ((page_count & 1) != 0) {
		qpmap_pte_clear(ptep++);
	}
	while (ptep != end) {
		__asm__ volatile("stp	xzr, xzr, [%0], #16"
				 : "+r"(ptep) :: "memory");
	}
}

static inline void
qpmap_tlb_post_map_range(qpmap_vaddr_t va, qpmap_size_t page_count)
{
	(void)page_count;
	qpmap_tlb_post_map(va);
}

static inline void
qpmap_tlb_post_unmap_range(qpmap_vaddr_t va, qpmap_size_t page_count)
{
	__asm__ volatile("dsb	ishst" ::: "memory");
	qpmap_tlb_window(va, va + page_count * QPMAP_PAGE_SIZE, page_count,
	    QPMAP_PAGE_SIZE, 0);
	__asm__ volatile("dsb	ish\n\t"
			 "isb" ::: "memory");
}

static inline void
qpmap_tlb_post_map_range_slow(qpmap_vaddr_t va, struct qpmap_pte *ptep,
    qpmap_size_t page_count, qpmap_u32 flags)
{
	(void)va;
	qpmap_ptes_publish(ptep, page_count, flags);
	__asm__ volatile("isb" ::: "memory");
}

static inline void
qpmap_tlb_post_unmap_range_slow(qpmap_vaddr_t va, struct qpmap_pte *ptep,
    qpmap_size_t page_count, qpmap_u32 flags)
{
	qpmap_ptes_publish(ptep, page_count, flags);
	qpmap_tlb_window_flush(va, va + page_count * QPMAP_PAGE_SIZE,
	    page_count, QPMAP_PAGE_SIZE, flags);
}

#endif /* QPMAP_RANGE_PAGES */

#include "../generic.h"

#endif /* QPMAP_ARCH_ARM64_TLB_H */
