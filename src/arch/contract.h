/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The functions of an architecture's backend: prototypes and contracts.
 *
 * All but the three probes and the copy loops are static inline: a backend
 * that lacks one, or changes its type, does not compile, and the hot path has
 * no call in it.
 *
 *	pte.h	entries: pure arithmetic, builds and is tested on any host
 *	tlb.h	PTE stores, barriers, invalidations, single accesses
 *	probe.c	checks of this CPU and of the configuration against it
 *	copy.c	the copy loops, in assembly
 *
 * Every header of a backend includes this file; arch.h selects a backend.
 *
 * docs/tlb.md argues every step and every omission; docs/porting-arch.md
 * describes how to add a backend.
 */
#ifndef QPMAP_ARCH_CONTRACT_H
#define QPMAP_ARCH_CONTRACT_H

#include "../core/state.h"

/*
 * pte.h.  It must also define QPMAP_TABLE_SHIFT, log2 of the entries in a
 * table; QPTE_SHARING, the bits that the configuration's sharing masks may
 * have; and QPTE_MARK, the mark of a guard (QPMAP_F_MARK_GUARDS): neither valid
 * nor zero, with address 0.
 */

/* The entry that maps nothing: zero. */
static inline struct qpmap_pte qpmap_pte_none(void);

/* A leaf for the page at pa, page-aligned; bits are those of qpmap_prot. */
static inline struct qpmap_pte qpmap_pte_make(qpmap_paddr_t pa,
    qpmap_ptebits_t bits);

/* An entry at a level above 0 that points to the table at pa. */
static inline struct qpmap_pte qpmap_pte_make_table(qpmap_paddr_t pa,
    qpmap_u32 level);

/* Whether the hardware translates through the entry. */
static inline _Bool qpmap_pte_is_valid(struct qpmap_pte pte);

/* Whether a valid entry at a level above 0 maps a large page, not a table. */
static inline _Bool qpmap_pte_is_large(struct qpmap_pte pte, qpmap_u32 level);

/* The bits of a global mapping's leaf besides those of its qpmap_prot. */
static inline qpmap_ptebits_t qpmap_pte_global_bits(qpmap_u32 flags);

/*
 * The address of the page or table of a valid entry.  sharing is the OR of the
 * configuration's masks, which are not part of an address.
 */
static inline qpmap_paddr_t qpmap_pte_pa(struct qpmap_pte pte,
    qpmap_ptebits_t sharing);

/*
 * The pa_limit of struct qpmap_prot for addresses of pa_bits bits, aligned to
 * 2^shift; and its check: pa is aligned, and less than 2^pa_bits.  With a limit
 * of 0 no address is valid.  The two without shift, of generic.h, are for
 * pages.
 */
static inline qpmap_ptebits_t qpmap_pa_limit_of(qpmap_u32 pa_bits,
    qpmap_u32 shift);
static inline _Bool qpmap_pa_is_below(qpmap_paddr_t pa, qpmap_ptebits_t limit,
    qpmap_u32 shift);
static inline qpmap_ptebits_t qpmap_pa_limit(qpmap_u32 pa_bits);
static inline _Bool qpmap_pa_is_valid(qpmap_paddr_t pa, qpmap_ptebits_t limit);

/*
 * Whether pa is in the range of size bytes from first on, the direct map's.
 * qpmap_init() requires that the range's last byte is.
 */
static inline _Bool qpmap_pa_is_in(qpmap_paddr_t pa, qpmap_paddr_t first,
    qpmap_size_t size);

/*
 * tlb.h.  The caller stays on its CPU, "this CPU".  It must also define
 * QPMAP_FLAGS_ARCH, the flags that the backend supports, and QPMAP_FLAGS_SLOW,
 * those with which every mapping takes the slow path.
 */

/* The address of qpmap_state, in the fewest instructions. */
static inline const struct qpmap_state *qpmap_state_address(void);

/* Whether the PTE is zero.  One volatile read. */
static inline _Bool qpmap_pte_is_none(const struct qpmap_pte *ptep);

/* Load a PTE. */
static inline struct qpmap_pte qpmap_pte_load(const struct qpmap_pte *ptep);

/*
 * Store a PTE, valid or QPTE_MARK, where it was zero.  A walker sees zero or
 * the new PTE, never a valid one whose halves disagree.
 */
static inline void qpmap_pte_store(struct qpmap_pte *ptep,
    struct qpmap_pte pte);

/* Clear a PTE, to zero.  A walker sees the old PTE or an invalid one. */
static inline void qpmap_pte_clear(struct qpmap_pte *ptep);

/* After a PTE was stored: this CPU can use va when this returns. */
static inline void qpmap_tlb_post_map(qpmap_vaddr_t va);

/* Before a PTE is cleared: complete the accesses through it. */
static inline void qpmap_tlb_pre_unmap(void);

/*
 * After the PTE of va was cleared: this CPU cannot access the old page when
 * this returns.
 */
static inline void qpmap_tlb_post_unmap(qpmap_vaddr_t va);

/*
 * The same three for a slow-path mapping: of a type in qpmap_mmu.slow_types, or
 * with a flag in QPMAP_FLAGS_SLOW.  flags are the configuration's.
 */
static inline void qpmap_tlb_post_map_slow(qpmap_vaddr_t va,
    struct qpmap_pte *ptep, qpmap_u32 flags);
static inline void qpmap_tlb_pre_unmap_slow(void);
static inline void qpmap_tlb_post_unmap_slow(qpmap_vaddr_t va,
    struct qpmap_pte *ptep, qpmap_u32 flags);

/* Invalidate every translation, of every context, on this CPU. */
static inline void qpmap_tlb_flush_local(qpmap_u32 flags);

/*
 * Before a complete table, of bytes bytes, is linked: walkers that see the link
 * see its contents.
 */
static inline void qpmap_tlb_pre_link(void *table, qpmap_size_t bytes,
    qpmap_u32 flags);

/*
 * After link, an upper entry that was invalid, was set to point to a table:
 * this CPU's walker uses it when this returns.  in_root: link is in the root
 * (with PAE, in the PDPT).  Other CPUs do the same in qpmap_tlb_flush_local().
 * mmu is that of qpmap_probe(): qpmap_state does not have it yet.
 */
static inline void qpmap_tlb_post_link(struct qpmap_pte *link, _Bool in_root,
    const struct qpmap_mmu *mmu, qpmap_u32 flags);

#if QPMAP_RANGE_PAGES

/*
 * pte.h: whether the PTEs of the pages from pa to last are a run: each is
 * QPMAP_PTE_STEP, by default a page's size, more than the one before.
 */
static inline _Bool qpmap_pte_is_run(qpmap_paddr_t pa, qpmap_paddr_t last);

/*
 * tlb.h may define qpmap_ptes_clear(), and a macro of that name: clear the PTEs
 * of page_count pages, each as qpmap_pte_clear() does.
 *
 * The events of mappings of page_count pages from va on, at least one: as those
 * of one page, on this CPU and in this context.  The page after them is a
 * guard, and may be invalidated, too.  ptep is the PTE of va.
 */
static inline void qpmap_tlb_post_map_range(qpmap_vaddr_t va,
    qpmap_size_t page_count);
static inline void qpmap_tlb_post_unmap_range(qpmap_vaddr_t va,
    qpmap_size_t page_count);
static inline void qpmap_tlb_post_map_range_slow(qpmap_vaddr_t va,
    struct qpmap_pte *ptep, qpmap_size_t page_count, qpmap_u32 flags);
static inline void qpmap_tlb_post_unmap_range_slow(qpmap_vaddr_t va,
    struct qpmap_pte *ptep, qpmap_size_t page_count, qpmap_u32 flags);

#endif /* QPMAP_RANGE_PAGES */

#if QPMAP_SWITCH

/*
 * tlb.h, only if a barrier serves several pages, and it defines QPMAP_TLB_SLOTS
 * as 1: the slow path's events of slots of a window, after all of their PTEs
 * were stored or cleared,
 *
 *	qpmap_tlb_post_map_slots(ptep, end, flags)
 *	qpmap_tlb_post_unmap_slots(va, end, ptep, flags)
 *
 * ptep is the first one's PTE; QPMAP_SLOT_PAGES lie between it and the next.
 * Stored: end follows the last one's PTE.  Cleared: the first one's page is at
 * va, and end is the address of the slot after the last one.  The guards
 * between them may be invalidated, too.
 */

#endif /* QPMAP_SWITCH */

#if QPMAP_LARGE_SLOTS

/*
 * pte.h: the bits of a leaf one level up, a large page, from those of a leaf;
 * qpmap_pte_make() takes them, too.  The address's bits below QPMAP_LARGE_SHIFT
 * are the leaf's to use.
 */
static inline qpmap_ptebits_t qpmap_pte_large_bits(qpmap_ptebits_t bits);

/* tlb.h: whether this machine has large pages, by what qpmap_probe() wrote. */
static inline _Bool qpmap_mmu_has_large(const struct qpmap_mmu *mmu);

#endif /* QPMAP_LARGE_SLOTS */

#if QPMAP_SHOOTDOWN

/*
 * tlb.h, with QPMAP_SHOOTDOWN.  It must also define QPMAP_TLB_BROADCASTS, 1 if
 * hardware broadcasts invalidations, and no CPU is waited for; and
 * QPMAP_TLB_CACHES_INVALID, 1 if a CPU may cache an invalid PTE, which must
 * then be invalidated, too.
 */

/*
 * After the PTE of a global mapping was cleared, before its shootdown: clean
 * the PTE if walks are not coherent with the data cache.
 */
static inline void qpmap_tlb_post_clear(struct qpmap_pte *ptep,
    qpmap_u32 flags);

/*
 * Invalidate the translations of page_count pages from va on, in every context,
 * global (G) or not, on this CPU; with QPMAP_TLB_BROADCASTS on every CPU, where
 * accesses that used them are then complete, too.  With QPMAP_F_KERNEL_HAS_G
 * kernel pages without G may stay in other contexts.
 */
static inline void qpmap_tlb_flush_range(qpmap_vaddr_t va,
    qpmap_size_t page_count, qpmap_u32 flags);

/*
 * Before targets are selected and interrupted: a shootdown's stores are visible
 * to all CPUs before later loads, and before an interrupt that is sent.
 */
static inline void qpmap_tlb_pre_notify(void);

/*
 * Have the firmware invalidate a range on the harts base + n with bit n of
 * mask, and wait for completion.  Returns whether it succeeded.  Only called
 * with a flag of QPMAP_FLAGS_FIRMWARE.
 */
static inline _Bool qpmap_tlb_firmware(qpmap_uptr mask, qpmap_uptr base,
    qpmap_vaddr_t va, qpmap_size_t page_count, qpmap_u32 flags);

/* A hint that this CPU spins. */
static inline void qpmap_cpu_relax(void);

#endif /* QPMAP_SHOOTDOWN */

/*
 * probe.c.
 *
 * Check config against this CPU's live registers, and write mmu, which is zero,
 * member by member, since a compiler may call memcpy() to assign the whole
 * structure.  Returns 0 or an enum qpmap_error.
 */
QPMAP_INIT int qpmap_probe(const struct qpmap_config *config,
    struct qpmap_mmu *mmu);

/* Whether this CPU's registers equal those of qpmap_probe(). */
QPMAP_COLD _Bool qpmap_probe_same(const struct qpmap_mmu *mmu);

/* Whether the bytes first to last are at canonical kernel addresses. */
QPMAP_COLD _Bool qpmap_probe_range(const struct qpmap_mmu *mmu,
    qpmap_vaddr_t first, qpmap_vaddr_t last);

/*
 * tlb.h, single accesses.  Each is naturally aligned, and one plain load or
 * store, which a hypervisor can emulate for its devices.  A word is the widest.
 * arch.h has the functions.  A tlb.h must define their instructions,
 * QPMAP_LOAD_4, QPMAP_STORE_4 and QPMAP_STORE_WORD, and QPMAP_OPERAND(), which
 * makes an object their operand; and QPMAP_COPY_ALIGNED, 1 if
 * qpmap_copy_single() needs both sides aligned.
 */
typedef qpmap_uptr qpmap_word_t;

static inline qpmap_u32 qpmap_load_4(qpmap_vaddr_t va);
static inline void qpmap_store_4(qpmap_vaddr_t va, qpmap_u32 value);
static inline void qpmap_store_word(qpmap_vaddr_t va, qpmap_word_t value);

/*
 * copy.c.  Forwards, from byte 0 up.  The two sides may be the same bytes, and
 * must not overlap otherwise.  Nothing outside the range is loaded or stored.
 * Registers show the progress at each access.
 */

/* On i386 their arguments are in registers, whatever -mregparm is. */
#if __SIZEOF_POINTER__ == 4
#define QPMAP_ASM_CALL							\
	__attribute__((visibility("hidden"), regparm(3)))
#else
#define QPMAP_ASM_CALL __attribute__((visibility("hidden")))
#endif

/* Copy cacheable memory, with any alignment and any len, in the fastest way. */
QPMAP_ASM_CALL void qpmap_copy_bulk(qpmap_vaddr_t to, qpmap_vaddr_t from,
    qpmap_size_t len);

/* Zero cacheable memory.  to and len are multiples of 64; len is not 0. */
QPMAP_ASM_CALL void qpmap_zero_bulk(qpmap_vaddr_t to, qpmap_size_t len);

/*
 * Copy any memory, by len / width plain loads and stores of width bytes.  width
 * is 1, 2, 4 or a word's, and len a multiple of it and not 0.  The side that
 * may be a device is aligned to width; with QPMAP_COPY_ALIGNED both are.
 */
QPMAP_ASM_CALL void qpmap_copy_single(qpmap_vaddr_t to, qpmap_vaddr_t from,
    qpmap_size_t len, qpmap_size_t width);

/* Zero any memory, likewise; width is 4 or a word's. */
void qpmap_zero_single(qpmap_vaddr_t to, qpmap_size_t len, qpmap_size_t width);

/*
 * With QPMAP_TRY: the same two copies, and one of 4 bytes by one load and one
 * store, whose load may fault.  They return the number of bytes not copied; 0
 * without a fault.  sides says which accesses may fault.
 */
#define QPMAP_SIDE_FROM	1u
#define QPMAP_SIDE_TO	2u
QPMAP_ASM_CALL qpmap_size_t qpmap_try_bulk(qpmap_vaddr_t to,
    qpmap_vaddr_t from, qpmap_size_t len, qpmap_uptr sides);
QPMAP_ASM_CALL qpmap_size_t qpmap_try_single(qpmap_vaddr_t to,
    qpmap_vaddr_t from, qpmap_size_t len, qpmap_size_t width,
    qpmap_uptr sides);
QPMAP_ASM_CALL qpmap_size_t qpmap_try_4(qpmap_vaddr_t from, qpmap_vaddr_t to);

#endif /* QPMAP_ARCH_CONTRACT_H */
