/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the core asks of an architecture: the prototypes, each with its
 * contract.
 *
 * All but the three probes and the copy loops are static inline: a backend
 * that lacks one, or changes its type, does not compile, and the hot path has
 * no call in it.
 *
 *	pte.h	entries: pure arithmetic, builds and is tested on any host
 *	tlb.h	stores to entries, barriers, invalidations: the sequences
 *	probe.c	what this CPU is, and whether the configuration fits it
 *	copy.h	single loads and stores
 *	copy.c	the copy loops, in assembly
 *
 * Every header of a backend includes this file; arch.h chooses a backend.
 *
 * docs/tlb.md argues every step and every omission; docs/porting-arch.md says
 * how a backend is added.
 */
#ifndef QPMAP_ARCH_CONTRACT_H
#define QPMAP_ARCH_CONTRACT_H

#include "../core/state.h"

/*
 * pte.h.  Besides these functions: QPMAP_TABLE_SHIFT, log2 of the entries in
 * a table; QPTE_SHARING, the bits that the configuration's sharing masks may
 * have; and QPTE_MARK, the entry that marks a guard (QPMAP_F_MARK_GUARDS):
 * neither valid nor zero, its address 0.
 */

/* The entry that maps nothing: all zero. */
static inline struct qpmap_pte qpmap_pte_none(void);

/* A leaf for the page at pa, page-aligned; bits as in struct qpmap_prot. */
static inline struct qpmap_pte qpmap_pte_make(qpmap_paddr_t pa,
    qpmap_ptebits_t bits);

/* An entry at a level above 0 that points to the table at pa. */
static inline struct qpmap_pte qpmap_pte_make_table(qpmap_paddr_t pa,
    qpmap_u32 level);

/* Whether the hardware would translate through the entry. */
static inline _Bool qpmap_pte_is_valid(struct qpmap_pte pte);

/* Whether a valid entry at a level above 0 maps a large page, not a table. */
static inline _Bool qpmap_pte_is_large(struct qpmap_pte pte,
    qpmap_u32 level);

/*
 * The address in a valid entry: of its page or its table.  sharing is the OR
 * of the configuration's masks, which are no part of an address.
 */
static inline qpmap_paddr_t qpmap_pte_pa(struct qpmap_pte pte,
    qpmap_ptebits_t sharing);

/*
 * The limit of struct qpmap_prot for addresses of pa_bits bits, and the check
 * it is made for: pa is page-aligned and below 2^pa_bits.  No address passes
 * a limit of 0.
 */
static inline qpmap_ptebits_t qpmap_pa_limit(qpmap_u32 pa_bits);
static inline _Bool qpmap_pa_is_valid(qpmap_paddr_t pa, qpmap_ptebits_t limit);

/*
 * tlb.h.  "This CPU" is the caller's, and it stays there.
 */

/* Whether the entry is all zero.  Read once, volatile. */
static inline _Bool qpmap_pte_is_none(const struct qpmap_pte *ptep);

/* The entry as it is now. */
static inline struct qpmap_pte qpmap_pte_load(const struct qpmap_pte *ptep);

/*
 * Store an entry, valid or QPTE_MARK, into an empty ptep.  A walker sees the
 * empty entry or the new one, never a valid one whose halves disagree.
 */
static inline void qpmap_pte_store(struct qpmap_pte *ptep,
    struct qpmap_pte pte);

/* Make the ptep all zero; a walker sees the old entry or an invalid one. */
static inline void qpmap_pte_clear(struct qpmap_pte *ptep);

/* An empty ptep was filled: va can be used by this CPU, now. */
static inline void qpmap_tlb_post_map(qpmap_vaddr_t va);

/* Before a ptep is cleared: accesses made through it are complete. */
static inline void qpmap_tlb_pre_unmap(void);

/*
 * The ptep that mapped va was cleared: when this returns, this CPU cannot
 * reach the old page.
 */
static inline void qpmap_tlb_post_unmap(qpmap_vaddr_t va);

/*
 * The same three events for a slow-path mapping: of a type in
 * qpmap_mmu.slow_types, or on a host with one of the flags in
 * QPMAP_FLAGS_SLOW.  flags are the configuration's.
 */
static inline void qpmap_tlb_post_map_slow(qpmap_vaddr_t va,
    struct qpmap_pte *ptep, qpmap_u32 flags);
static inline void qpmap_tlb_pre_unmap_slow(void);
static inline void qpmap_tlb_post_unmap_slow(qpmap_vaddr_t va,
    struct qpmap_pte *ptep, qpmap_u32 flags);

/* This CPU forgets every translation it may have cached, in every context. */
static inline void qpmap_tlb_flush_local(qpmap_u32 flags);

/*
 * table, of bytes bytes, is complete and is about to be linked: walkers that
 * see the link see its contents.
 */
static inline void qpmap_tlb_pre_link(void *table, qpmap_size_t bytes,
    qpmap_u32 flags);

/*
 * link, an upper entry that was invalid, in the root (with PAE, in the PDPT)
 * or below it, now points to a table: this CPU's walker uses it.  Other CPUs
 * see to it in qpmap_tlb_flush_local().  mmu is what qpmap_probe() found:
 * qpmap_state does not have it yet.
 */
static inline void qpmap_tlb_post_link(struct qpmap_pte *link, _Bool in_root,
    const struct qpmap_mmu *mmu, qpmap_u32 flags);

#if QPMAP_SHOOTDOWN

/*
 * tlb.h, for builds with QPMAP_SHOOTDOWN.  Beside the functions:
 * QPMAP_TLB_BROADCASTS, 1 where hardware tells the other CPUs, and none of
 * them is waited for; QPMAP_TLB_CACHES_INVALID, 1 where a CPU may have cached
 * that an entry was empty, and must forget that, too.
 */

/*
 * A ptep of a global mapping was cleared: the store is on its way to walkers,
 * whatever they can see.  The shootdown follows.
 */
static inline void qpmap_tlb_post_clear(struct qpmap_pte *ptep,
    qpmap_u32 flags);

/*
 * The translations of page_count pages from va on were shot down: this CPU
 * forgets them, in every context, global or not; with QPMAP_TLB_BROADCASTS
 * every CPU does, and accesses that used them are complete.
 */
static inline void qpmap_tlb_flush_range(qpmap_vaddr_t va,
    qpmap_size_t page_count, qpmap_u32 flags);

/*
 * What a shootdown stored is visible everywhere before the CPU looks who has
 * to be told, and before an interrupt that it sends is.
 */
static inline void qpmap_tlb_pre_notify(void);

/*
 * Firmware that does the telling, for the harts base + n with bit n of mask,
 * and returns when it is done everywhere.  Whether it did.  Only called with a
 * flag of QPMAP_FLAGS_FIRMWARE.
 */
static inline _Bool qpmap_tlb_firmware(qpmap_uptr mask,
    qpmap_uptr base, qpmap_vaddr_t va, qpmap_size_t page_count,
    qpmap_u32 flags);

/* This CPU spins: it waits for another. */
static inline void qpmap_cpu_relax(void);

#endif /* QPMAP_SHOOTDOWN */

/*
 * probe.c.
 *
 * Check config against this CPU's live registers and fill mmu, which is all
 * zero: member by member, since a compiler may call memcpy() to assign the
 * whole structure.  Returns 0 or an enum qpmap_error.
 */
QPMAP_INIT int qpmap_probe(const struct qpmap_config *config,
    struct qpmap_mmu *mmu);

/* Whether this CPU's registers are those that qpmap_probe() found. */
QPMAP_COLD _Bool qpmap_probe_same(const struct qpmap_mmu *mmu);

/* Whether the bytes first to last are canonical kernel addresses. */
QPMAP_COLD _Bool qpmap_probe_range(const struct qpmap_mmu *mmu,
    qpmap_vaddr_t first, qpmap_vaddr_t last);

/*
 * copy.h.  One access each, naturally aligned, by a plain load or store: one
 * that a hypervisor can emulate for a device of its.  A word is the widest.
 * Beside them: QPMAP_COPY_ALIGNED, 1 where qpmap_copy_single() wants both
 * sides aligned.
 */
typedef qpmap_uptr qpmap_word_t;

static inline qpmap_u32 qpmap_load_4(qpmap_vaddr_t va);
static inline void qpmap_store_4(qpmap_vaddr_t va, qpmap_u32 value);
static inline qpmap_word_t qpmap_load_word(qpmap_vaddr_t va);
static inline void qpmap_store_word(qpmap_vaddr_t va, qpmap_word_t value);

/*
 * copy.c.  Forwards, from byte 0 up; the two sides may be the same bytes, and
 * do not overlap otherwise.  Nothing outside the range is loaded or stored.
 * How far they are shows in registers at each access.
 */

/* On i386 their arguments are in registers, whatever -mregparm says. */
#if __SIZEOF_POINTER__ == 4
#define QPMAP_ASM_CALL						\
	__attribute__((visibility("hidden"), regparm(3)))
#else
#define QPMAP_ASM_CALL __attribute__((visibility("hidden")))
#endif

/*
 * Cacheable memory on both sides, any alignment, any len: by whatever is
 * fastest.
 */
QPMAP_ASM_CALL void qpmap_copy_bulk(qpmap_vaddr_t to, qpmap_vaddr_t from,
    qpmap_size_t len);

/* The same, all zero; to and len are multiples of 64, and len is not 0. */
QPMAP_ASM_CALL void qpmap_zero_bulk(qpmap_vaddr_t to, qpmap_size_t len);

/*
 * Any memory: len / width accesses to each side, of width bytes, each once,
 * each a plain load or store.  width is 1, 2, 4 or a word's, and len a
 * multiple of it and not 0.  The side that may be a device is aligned to
 * width; with QPMAP_COPY_ALIGNED both are.
 */
QPMAP_ASM_CALL void qpmap_copy_single(qpmap_vaddr_t to, qpmap_vaddr_t from,
    qpmap_size_t len, qpmap_size_t width);

/* The same, all zero; width is 4 or a word's. */
void qpmap_zero_single(qpmap_vaddr_t to, qpmap_size_t len,
    qpmap_size_t width);

/*
 * QPMAP_FLAGS_ARCH, in tlb.h: the flags that mean something to this backend,
 * and QPMAP_FLAGS_SLOW: those that make every kind special.
 */

#endif /* QPMAP_ARCH_CONTRACT_H */
