/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fake architecture: entries that look like nobody's, and events that
 * machine.c watches.
 *
 * Included by src/arch/arch.h in place of a backend, through
 * QPMAP_ARCH_HEADER.  Nothing here is clever: what is done with the events is
 * in machine.c, and is as unfriendly as a real MMU may be.
 */
#ifndef QPMAP_TESTS_FAKE_H
#define QPMAP_TESTS_FAKE_H

/* Every field, top bit first. */
#define QPTE_VALID	(1ULL << 63)
#define QPTE_LARGE	(1ULL << 62)	/* upper entries: maps memory itself */
/*      reserved	 61:60 = 0 */
/*      reserved	 52 = 0 */
#define QPTE_PA		0x0feffffffff00000ULL	/* 59:20, of 51:12 but 44 */
/*      reserved	 19:16 = 0 */
#define QPTE_PA_44	(1ULL << 15)	/* apart, as some are on arm64 */
#define QPTE_LEVEL	0x7000ULL	/* 14:12: level of a table entry */
#define QPTE_NX		(1ULL << 11)
#define QPTE_W		(1ULL << 10)
/*      reserved	 9 = 0 */
#define QPTE_G		(1ULL << 8)	/* invalidated in every context */
#define QPTE_USED	(1ULL << 7)	/* in every valid entry */
/*      reserved	 6:5 = 0; 5 is QPTE_MARK */
#define QPTE_TYPE	0x1cULL		/* 4:2: memory type + 1, in leaves */
/*      reserved	 1:0 = 0 */

/* A guard's mark: not valid, not zero, no address. */
#define QPTE_MARK	(1ULL << 5)

#define QPTE_PA_SHIFT	8		/* from an address to its field */
#define QPTE_LEVEL_SHIFT 12
#define QPTE_TYPE_SHIFT	2
#define QPTE_RO_BITS	(QPTE_VALID | QPTE_NX | QPTE_USED)
#define QPTE_RW_BITS	(QPTE_RO_BITS | QPTE_W)
#define QPTE_SHARING	QPTE_PA

/* Five levels of 128 entries: 47 bits of address. */
#define QPMAP_TABLE_SHIFT 7

#define QPMAP_FLAGS_SLOW (QPMAP_F_FLUSH_ON_MAP | QPMAP_F_ERRATUM_INVLPG)
#define QPMAP_FLAGS_ARCH						\
	(QPMAP_FLAGS_SLOW | QPMAP_F_LOCAL_TLBI |			\
	    (QPMAP_SHOOTDOWN ? QPMAP_FLAGS_FIRMWARE | FAKE_FLAGS : 0))

/*
 * Options of the tests, for builds with QPMAP_SHOOTDOWN: what kind of machine
 * this is.
 */
#ifndef FAKE_BROADCASTS
#define FAKE_BROADCASTS 0
#endif
#ifndef FAKE_CACHES_INVALID
#define FAKE_CACHES_INVALID 1
#endif
/*
 * Flags of every configuration, unless a test says otherwise.  With
 * QPMAP_F_KERNEL_HAS_G an invalidation of a page is that of a CPU with PCIDs:
 * in other contexts than the one in use it reaches G entries only.
 */
#ifndef FAKE_FLAGS
#define FAKE_FLAGS 0u
#endif
#define QPMAP_TLB_BROADCASTS FAKE_BROADCASTS
#define QPMAP_TLB_CACHES_INVALID FAKE_CACHES_INVALID
#define QPMAP_FLAGS_FIRMWARE (FAKE_BROADCASTS ? 0u : QPMAP_F_SBI_RFENCE)

_Bool fake_pte_is_none(const struct qpmap_pte *ptep);
struct qpmap_pte fake_pte_load(const struct qpmap_pte *ptep);
void fake_pte_store(struct qpmap_pte *ptep, struct qpmap_pte pte);
void fake_pte_clear(struct qpmap_pte *ptep);
void fake_post_map(qpmap_vaddr_t va);
void fake_pre_unmap(void);
void fake_post_unmap(qpmap_vaddr_t va);
void fake_post_map_slow(qpmap_vaddr_t va, struct qpmap_pte *ptep,
    qpmap_u32 flags);
void fake_pre_unmap_slow(void);
void fake_post_unmap_slow(qpmap_vaddr_t va, struct qpmap_pte *ptep,
    qpmap_u32 flags);
void fake_flush_local(qpmap_u32 flags);
void fake_pre_link(void *table, qpmap_size_t bytes, qpmap_u32 flags);
void fake_post_link(struct qpmap_pte *link, _Bool in_root, qpmap_u32 flags);
void fake_post_clear(struct qpmap_pte *ptep, qpmap_u32 flags);
void fake_flush_range(qpmap_vaddr_t va, qpmap_size_t page_count,
    qpmap_u32 flags);
void fake_post_map_range(qpmap_vaddr_t va, qpmap_size_t page_count);
void fake_post_unmap_range(qpmap_vaddr_t va, qpmap_size_t page_count);
void fake_post_map_range_slow(qpmap_vaddr_t va, struct qpmap_pte *ptep,
    qpmap_size_t page_count, qpmap_u32 flags);
void fake_post_unmap_range_slow(qpmap_vaddr_t va, struct qpmap_pte *ptep,
    qpmap_size_t page_count, qpmap_u32 flags);
void fake_pre_notify(void);
_Bool fake_firmware(qpmap_uptr mask, qpmap_uptr base,
    qpmap_vaddr_t va, qpmap_size_t page_count, qpmap_u32 flags);
void fake_spinning(void);
void fake_step(void);

static inline struct qpmap_pte
qpmap_pte_none(void)
{
	return ((struct qpmap_pte){ 0 });
}

static inline qpmap_ptebits_t
fake_address(qpmap_paddr_t pa)
{
	return ((pa << QPTE_PA_SHIFT & QPTE_PA) |
	    ((pa >> 44 & 1) != 0 ? QPTE_PA_44 : 0));
}

static inline struct qpmap_pte
qpmap_pte_make(qpmap_paddr_t pa, qpmap_ptebits_t bits)
{
	return ((struct qpmap_pte){ fake_address(pa) | bits });
}

static inline struct qpmap_pte
qpmap_pte_make_table(qpmap_paddr_t pa, qpmap_u32 level)
{
	return ((struct qpmap_pte){ fake_address(pa) | QPTE_VALID |
	    QPTE_USED | (qpmap_ptebits_t)level << QPTE_LEVEL_SHIFT });
}

static inline qpmap_ptebits_t
qpmap_pte_global_bits(qpmap_u32 flags)
{
	return ((flags & QPMAP_F_KERNEL_HAS_G) != 0 ? QPTE_G : 0);
}

static inline _Bool
qpmap_pte_is_valid(struct qpmap_pte pte)
{
	return ((pte.bits & QPTE_VALID) != 0);
}

static inline _Bool
qpmap_pte_is_large(struct qpmap_pte pte, qpmap_u32 level)
{
	return (level != 0 && (pte.bits & QPTE_LARGE) != 0);
}

static inline qpmap_paddr_t
qpmap_pte_pa(struct qpmap_pte pte, qpmap_ptebits_t sharing)
{
	return ((pte.bits & QPTE_PA & ~sharing) >> QPTE_PA_SHIFT |
	    ((pte.bits & QPTE_PA_44) != 0 ? 1ULL << 44 : 0));
}

/* The bytes that can be addressed. */
static inline qpmap_ptebits_t
qpmap_pa_limit_of(qpmap_u32 pa_bits, qpmap_u32 shift)
{
	(void)shift;
	return (1ULL << pa_bits);
}

static inline qpmap_ptebits_t
qpmap_pa_limit(qpmap_u32 pa_bits)
{
	return (qpmap_pa_limit_of(pa_bits, QPMAP_PAGE_SHIFT));
}

static inline _Bool
qpmap_pa_is_below(qpmap_paddr_t pa, qpmap_ptebits_t limit, qpmap_u32 shift)
{
	return ((pa & ((1ULL << shift) - 1)) == 0 && pa < limit);
}

static inline _Bool
qpmap_pa_is_valid(qpmap_paddr_t pa, qpmap_ptebits_t limit)
{
	return (qpmap_pa_is_below(pa, limit, QPMAP_PAGE_SHIFT));
}

#if QPMAP_LARGE_SLOTS

/* As on x86, a bit of the type is where a page's address would be. */
static inline qpmap_ptebits_t
qpmap_pte_large_bits(qpmap_ptebits_t bits)
{
	return (bits | QPTE_LARGE | (bits & 1ULL << QPTE_TYPE_SHIFT) <<
	    (QPTE_PA_SHIFT + QPMAP_PAGE_SHIFT - QPTE_TYPE_SHIFT));
}

_Bool fake_has_large(void);

static inline _Bool
qpmap_mmu_has_large(const struct qpmap_mmu *mmu)
{
	(void)mmu;
	return (fake_has_large());
}

#endif /* QPMAP_LARGE_SLOTS */

static inline _Bool
qpmap_pa_is_in(qpmap_paddr_t pa, qpmap_paddr_t first, qpmap_size_t size)
{
	return (pa >= first && pa - first < size);
}

static inline const struct qpmap_state *
qpmap_state_address(void)
{
	return (&qpmap_state);
}

static inline _Bool
qpmap_pte_is_none(const struct qpmap_pte *ptep)
{
	return (fake_pte_is_none(ptep));
}

static inline struct qpmap_pte
qpmap_pte_load(const struct qpmap_pte *ptep)
{
	return (fake_pte_load(ptep));
}

static inline void
qpmap_pte_store(struct qpmap_pte *ptep, struct qpmap_pte pte)
{
	fake_pte_store(ptep, pte);
}

static inline void
qpmap_pte_clear(struct qpmap_pte *ptep)
{
	fake_pte_clear(ptep);
}

static inline void
qpmap_tlb_post_map(qpmap_vaddr_t va)
{
	fake_post_map(va);
}

static inline void
qpmap_tlb_pre_unmap(void)
{
	fake_pre_unmap();
}

static inline void
qpmap_tlb_post_unmap(qpmap_vaddr_t va)
{
	fake_post_unmap(va);
}

static inline void
qpmap_tlb_post_map_slow(qpmap_vaddr_t va, struct qpmap_pte *ptep,
    qpmap_u32 flags)
{
	fake_post_map_slow(va, ptep, flags);
}

static inline void
qpmap_tlb_pre_unmap_slow(void)
{
	fake_pre_unmap_slow();
}

static inline void
qpmap_tlb_post_unmap_slow(qpmap_vaddr_t va, struct qpmap_pte *ptep,
    qpmap_u32 flags)
{
	fake_post_unmap_slow(va, ptep, flags);
}

static inline void
qpmap_tlb_flush_local(qpmap_u32 flags)
{
	fake_flush_local(flags);
}

static inline void
qpmap_tlb_pre_link(void *table, qpmap_size_t bytes, qpmap_u32 flags)
{
	fake_pre_link(table, bytes, flags);
}

static inline void
qpmap_tlb_post_link(struct qpmap_pte *link, _Bool in_root,
    const struct qpmap_mmu *mmu, qpmap_u32 flags)
{
	(void)mmu;
	fake_post_link(link, in_root, flags);
}

#if QPMAP_RANGE_PAGES

#define QPMAP_PTE_STEP	((qpmap_ptebits_t)QPMAP_PAGE_SIZE << QPTE_PA_SHIFT)

static inline _Bool
qpmap_pte_is_run(qpmap_paddr_t pa, qpmap_paddr_t last)
{
	return ((pa ^ last) >> 44 == 0);
}

static inline void
qpmap_tlb_post_map_range(qpmap_vaddr_t va, qpmap_size_t page_count)
{
	fake_post_map_range(va, page_count);
}

static inline void
qpmap_tlb_post_unmap_range(qpmap_vaddr_t va, qpmap_size_t page_count)
{
	fake_post_unmap_range(va, page_count);
}

static inline void
qpmap_tlb_post_map_range_slow(qpmap_vaddr_t va, struct qpmap_pte *ptep,
    qpmap_size_t page_count, qpmap_u32 flags)
{
	fake_post_map_range_slow(va, ptep, page_count, flags);
}

static inline void
qpmap_tlb_post_unmap_range_slow(qpmap_vaddr_t va, struct qpmap_pte *ptep,
    qpmap_size_t page_count, qpmap_u32 flags)
{
	fake_post_unmap_range_slow(va, ptep, page_count, flags);
}

#endif /* QPMAP_RANGE_PAGES */

#if QPMAP_SHOOTDOWN

static inline void
qpmap_tlb_post_clear(struct qpmap_pte *ptep, qpmap_u32 flags)
{
	fake_post_clear(ptep, flags);
}

static inline void
qpmap_tlb_flush_range(qpmap_vaddr_t va, qpmap_size_t page_count,
    qpmap_u32 flags)
{
	fake_flush_range(va, page_count, flags);
}

static inline void
qpmap_tlb_pre_notify(void)
{
	fake_pre_notify();
}

static inline _Bool
qpmap_tlb_firmware(qpmap_uptr mask, qpmap_uptr base,
    qpmap_vaddr_t va, qpmap_size_t page_count, qpmap_u32 flags)
{
	return (fake_firmware(mask, base, va, page_count, flags));
}

static inline void
qpmap_cpu_relax(void)
{
	fake_spinning();
}

/*
 * Before each atomic operation of the core something may happen: an interrupt,
 * or another CPU's turn.  A name within its own macro stays as it is.
 */
#define __atomic_load_n(p, o)						\
	(fake_step(), __atomic_load_n((p), (o)))
#define __atomic_store_n(p, v, o)					\
	(fake_step(), __atomic_store_n((p), (v), (o)))
#define __atomic_exchange_n(p, v, o)					\
	(fake_step(), __atomic_exchange_n((p), (v), (o)))
#define __atomic_add_fetch(p, v, o)					\
	(fake_step(), __atomic_add_fetch((p), (v), (o)))
#define __atomic_fetch_add(p, v, o)					\
	(fake_step(), __atomic_fetch_add((p), (v), (o)))
#define __atomic_fetch_sub(p, v, o)					\
	(fake_step(), __atomic_fetch_sub((p), (v), (o)))
#define __atomic_fetch_or(p, v, o)					\
	(fake_step(), __atomic_fetch_or((p), (v), (o)))
#define __atomic_fetch_and(p, v, o)					\
	(fake_step(), __atomic_fetch_and((p), (v), (o)))
#define __atomic_compare_exchange_n(p, e, v, w, s, f)			\
	(fake_step(), __atomic_compare_exchange_n((p), (e), (v), (w), (s), (f)))
#define __atomic_thread_fence(o)					\
	(fake_step(), __atomic_thread_fence(o))

#endif /* QPMAP_SHOOTDOWN */

/*
 * Copy loops (copy.c) that want both sides aligned; and what was done, through
 * them and by single accesses.
 */
#define QPMAP_COPY_ALIGNED 1
struct fake_copies {
	unsigned int bulk;		/* calls */
	unsigned int single[17];	/* accesses to the page, by width */
	/* With QPMAP_TRY: whether byte number fault_at of a copy faults. */
	_Bool faults;
	qpmap_size_t fault_at;
	qpmap_uptr sides;		/* of the last such copy */
	void (*on_fault)(void);
};
extern struct fake_copies fake_copies;

static inline void
fake_copy_count(qpmap_size_t count, qpmap_size_t width)
{
	fake_copies.single[width] += (unsigned int)count;
}

static inline qpmap_u32
qpmap_load_4(qpmap_vaddr_t va)
{
	return (*(const volatile qpmap_u32 *)va);
}

static inline void
qpmap_store_4(qpmap_vaddr_t va, qpmap_u32 value)
{
	fake_copy_count(1, sizeof(value));
	*(volatile qpmap_u32 *)va = value;
}

static inline void
qpmap_store_word(qpmap_vaddr_t va, qpmap_word_t value)
{
	fake_copy_count(1, sizeof(value));
	*(volatile qpmap_word_t *)va = value;
}

#endif /* QPMAP_TESTS_FAKE_H */
