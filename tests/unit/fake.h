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
#define QPTE_PA		0x0ffffffffff00000ULL	/* 59:20, of 51:12 */
/*      reserved	 19:15 = 0 */
#define QPTE_LEVEL	0x7000ULL	/* 14:12: level of a table entry */
#define QPTE_NX		(1ULL << 11)
#define QPTE_W		(1ULL << 10)
/*      reserved	 9:8 = 0 */
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

#define QPMAP_FLAGS_SPECIAL (QPMAP_FLUSH_ON_FILL | QPMAP_ERRATUM_INVLPG)
#define QPMAP_FLAGS_ARCH						\
	(QPMAP_FLAGS_SPECIAL | QPMAP_LOCAL_TLBI |			\
	    (QPMAP_SHOOTDOWN ? QPMAP_FLAGS_FIRMWARE : 0))

/*
 * Options of the tests, for builds with QPMAP_SHOOTDOWN: what kind of machine
 * this is.
 */
#ifndef FAKE_BROADCASTS
#define FAKE_BROADCASTS 0
#endif
#ifndef FAKE_KEEPS_EMPTY
#define FAKE_KEEPS_EMPTY 1
#endif
#define QPMAP_TLB_BROADCASTS FAKE_BROADCASTS
#define QPMAP_TLB_KEEPS_EMPTY FAKE_KEEPS_EMPTY
#define QPMAP_FLAGS_FIRMWARE (FAKE_BROADCASTS ? 0u : QPMAP_SBI_RFENCE)

_Bool fake_slot_is_empty(const struct qpmap_pte *slot);
struct qpmap_pte fake_slot_load(const struct qpmap_pte *slot);
void fake_slot_fill(struct qpmap_pte *slot, struct qpmap_pte pte);
void fake_slot_clear(struct qpmap_pte *slot);
void fake_filled(qpmap_vaddr_t va);
void fake_emptying(void);
void fake_emptied(qpmap_vaddr_t va);
void fake_filled_special(qpmap_vaddr_t va, struct qpmap_pte *slot,
    __UINT32_TYPE__ flags);
void fake_emptying_special(void);
void fake_emptied_special(qpmap_vaddr_t va, struct qpmap_pte *slot,
    __UINT32_TYPE__ flags);
void fake_online(__UINT32_TYPE__ flags);
void fake_linking(void *table, qpmap_size_t bytes, __UINT32_TYPE__ flags);
void fake_linked(struct qpmap_pte *link, _Bool in_root, __UINT32_TYPE__ flags);
void fake_cleared(struct qpmap_pte *slot, __UINT32_TYPE__ flags);
void fake_shot_down(qpmap_vaddr_t va, qpmap_size_t page_count,
    __UINT32_TYPE__ flags);
void fake_sending(void);
_Bool fake_firmware(__UINTPTR_TYPE__ mask, __UINTPTR_TYPE__ base,
    qpmap_vaddr_t va, qpmap_size_t page_count, __UINT32_TYPE__ flags);
void fake_spinning(void);
void fake_step(void);

static inline struct qpmap_pte
qpmap_pte_none(void)
{
	return ((struct qpmap_pte){ 0 });
}

static inline struct qpmap_pte
qpmap_pte_make(qpmap_paddr_t pa, qpmap_ptebits_t bits)
{
	return ((struct qpmap_pte){ pa << QPTE_PA_SHIFT | bits });
}

static inline struct qpmap_pte
qpmap_pte_make_table(qpmap_paddr_t pa, __UINT32_TYPE__ level)
{
	return ((struct qpmap_pte){ pa << QPTE_PA_SHIFT | QPTE_VALID |
	    QPTE_USED | (qpmap_ptebits_t)level << QPTE_LEVEL_SHIFT });
}

static inline _Bool
qpmap_pte_is_valid(struct qpmap_pte pte)
{
	return ((pte.bits & QPTE_VALID) != 0);
}

static inline _Bool
qpmap_pte_is_large(struct qpmap_pte pte, __UINT32_TYPE__ level)
{
	return (level != 0 && (pte.bits & QPTE_LARGE) != 0);
}

static inline qpmap_paddr_t
qpmap_pte_pa(struct qpmap_pte pte, qpmap_ptebits_t sharing)
{
	return ((pte.bits & QPTE_PA & ~sharing) >> QPTE_PA_SHIFT);
}

/* The bytes that can be addressed. */
static inline qpmap_ptebits_t
qpmap_pte_limit(__UINT32_TYPE__ pa_bits)
{
	return (1ULL << pa_bits);
}

static inline _Bool
qpmap_pte_admits(qpmap_paddr_t pa, qpmap_ptebits_t limit)
{
	return ((pa & QPMAP_PAGE_MASK) == 0 && pa < limit);
}

static inline _Bool
qpmap_slot_is_empty(const struct qpmap_pte *slot)
{
	return (fake_slot_is_empty(slot));
}

static inline struct qpmap_pte
qpmap_slot_load(const struct qpmap_pte *slot)
{
	return (fake_slot_load(slot));
}

static inline void
qpmap_slot_fill(struct qpmap_pte *slot, struct qpmap_pte pte)
{
	fake_slot_fill(slot, pte);
}

static inline void
qpmap_slot_clear(struct qpmap_pte *slot)
{
	fake_slot_clear(slot);
}

static inline void
qpmap_tlb_filled(qpmap_vaddr_t va)
{
	fake_filled(va);
}

static inline void
qpmap_tlb_emptying(void)
{
	fake_emptying();
}

static inline void
qpmap_tlb_emptied(qpmap_vaddr_t va)
{
	fake_emptied(va);
}

static inline void
qpmap_tlb_filled_special(qpmap_vaddr_t va, struct qpmap_pte *slot,
    __UINT32_TYPE__ flags)
{
	fake_filled_special(va, slot, flags);
}

static inline void
qpmap_tlb_emptying_special(void)
{
	fake_emptying_special();
}

static inline void
qpmap_tlb_emptied_special(qpmap_vaddr_t va, struct qpmap_pte *slot,
    __UINT32_TYPE__ flags)
{
	fake_emptied_special(va, slot, flags);
}

static inline void
qpmap_tlb_online(__UINT32_TYPE__ flags)
{
	fake_online(flags);
}

static inline void
qpmap_tlb_linking(void *table, qpmap_size_t bytes, __UINT32_TYPE__ flags)
{
	fake_linking(table, bytes, flags);
}

static inline void
qpmap_tlb_linked(struct qpmap_pte *link, _Bool in_root,
    const struct qpmap_mmu *mmu, __UINT32_TYPE__ flags)
{
	(void)mmu;
	fake_linked(link, in_root, flags);
}

#if QPMAP_SHOOTDOWN

static inline void
qpmap_tlb_cleared(struct qpmap_pte *slot, __UINT32_TYPE__ flags)
{
	fake_cleared(slot, flags);
}

static inline void
qpmap_tlb_shot_down(qpmap_vaddr_t va, qpmap_size_t page_count,
    __UINT32_TYPE__ flags)
{
	fake_shot_down(va, page_count, flags);
}

static inline void
qpmap_tlb_sending(void)
{
	fake_sending();
}

static inline _Bool
qpmap_tlb_firmware(__UINTPTR_TYPE__ mask, __UINTPTR_TYPE__ base,
    qpmap_vaddr_t va, qpmap_size_t page_count, __UINT32_TYPE__ flags)
{
	return (fake_firmware(mask, base, va, page_count, flags));
}

static inline void
qpmap_spinning(void)
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
};
extern struct fake_copies fake_copies;

static inline void
fake_copy_count(qpmap_size_t count, qpmap_size_t width)
{
	fake_copies.single[width] += (unsigned int)count;
}

static inline __UINT32_TYPE__
qpmap_load_4(qpmap_vaddr_t va)
{
	return (*(const volatile __UINT32_TYPE__ *)va);
}

static inline void
qpmap_store_4(qpmap_vaddr_t va, __UINT32_TYPE__ value)
{
	fake_copy_count(1, sizeof(value));
	*(volatile __UINT32_TYPE__ *)va = value;
}

static inline qpmap_word_t
qpmap_load_word(qpmap_vaddr_t va)
{
	return (*(const volatile qpmap_word_t *)va);
}

static inline void
qpmap_store_word(qpmap_vaddr_t va, qpmap_word_t value)
{
	fake_copy_count(1, sizeof(value));
	*(volatile qpmap_word_t *)va = value;
}

#endif /* QPMAP_TESTS_FAKE_H */
