/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The library's only writable structure.  qpmap_init() writes it; other
 * functions write two words of it, when CPUs come online and go offline.
 */
#ifndef QPMAP_CORE_STATE_H
#define QPMAP_CORE_STATE_H

#include <qpmap/qpmap.h>

/*
 * The PTE bits of a memory type, sharing and protection (compare pgprot_t),
 * precomputed by qpmap_init(): a PTE is these and the address's bits.
 *
 * pa_limit is the fast path's limit of an address (qpmap_pa_is_valid()).  It is
 * 0, so that no address is valid, for a type that is not configured and for a
 * prot that takes the slow path, whose limit is slow_pa_limit.
 */
struct qpmap_prot {
	qpmap_ptebits_t pa_limit;
	qpmap_ptebits_t bits;
	qpmap_ptebits_t slow_pa_limit;
	qpmap_size_t direct_size;	/* bytes mapped so in the direct map */
} __attribute__((aligned(4 * QPMAP_PTE_SIZE)));	/* indexed by a shift */

/*
 * Properties of the MMU that all CPUs must have in common.  In qpmap_init() the
 * backend's probe.c writes them, and qpmap_check_width() then narrows pa_bits
 * and clears the C-bit in root.
 */
#define QPMAP_MMU_REGS 4
struct qpmap_mmu {
	qpmap_u64 reg[QPMAP_MMU_REGS];	/* live registers, masked */
	qpmap_paddr_t root;		/* the root table */
	qpmap_u32 levels;		/* levels of tables; leaves are 0 */
	qpmap_u32 va_bits;		/* width of a virtual address */
	qpmap_u32 pa_bits;		/* width of a physical address */
	qpmap_u32 slow_types;		/* types on the slow path, by bit */
	qpmap_ptebits_t type_bits[QPMAP_TYPE_COUNT];
	qpmap_ptebits_t rw_bits;	/* bits of every mapping ... */
	qpmap_ptebits_t ro_bits;	/* ... by protection */
	_Bool range;			/* arm64: TLBI by range is used */
};

/*
 * The order saves instructions that compute addresses: all but most of the
 * prots is within reach of the structure's address, and the members that remove
 * reads are adjacent.  Members that only QPMAP_SHOOTDOWN uses are always there:
 * the offset of the prots is in the hot path's instructions, which do not
 * depend on that option.
 */
/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): lines apart */
struct qpmap_state {
	qpmap_paddr_t direct_pa;
	qpmap_vaddr_t direct_va;
	qpmap_size_t direct_size;
	qpmap_u32 nesting;		/* slots of each window in use */
	qpmap_u32 flags;
	qpmap_u32 cpu_count;		/* 0 until qpmap_init() succeeded */
	qpmap_vaddr_t window_va;
	qpmap_ptebits_t sharing;	/* private_mask or shared_mask */
	struct qpmap_mmu mmu;
	struct qpmap_shootdown_state *shootdown;
	struct qpmap_cpu_sync *cpu_sync;
	struct qpmap_global *global;
	qpmap_vaddr_t global_va;
	qpmap_u32 global_count;
	/*
	 * In a cache line of their own: the number of online CPUs, and whether
	 * one of them walks the tables.
	 */
	qpmap_u32 online_count __attribute__((aligned(QPMAP_CACHE_LINE)));
	qpmap_u32 walking;
	/* By attribute; those for reading only follow the others. */
	struct qpmap_prot rw[QPMAP_ATTR_COUNT]
	    __attribute__((aligned(QPMAP_CACHE_LINE)));
	struct qpmap_prot ro[QPMAP_ATTR_COUNT];
#if QPMAP_RANGE_PAGES
	qpmap_vaddr_t range_va;		/* last: no other offset changes */
#endif
};

/* Hidden, so that position-independent code does not use a GOT. */
extern struct qpmap_state qpmap_state
    __attribute__((visibility("hidden")));

/* The error of a memory type that the machine cannot express. */
_Static_assert((unsigned int)QPMAP_ERR_TYPE_UNCACHED_MINUS -
    (unsigned int)QPMAP_ERR_TYPE_WRITE_BACK == QPMAP_ATTR_UNCACHED_MINUS,
    "errors in the order of the types");
static inline int
qpmap_type_error(qpmap_u32 type)
{
	int first = QPMAP_ERR_TYPE_WRITE_BACK;

	return (first + (int)type);
}

/*
 * The end of each stack of slots, and the stack of an offline CPU: free slots
 * whose PTE is never zero.
 */
struct qpmap_sentinel {
	struct qpmap_slot slot[2];
	struct qpmap_pte full;
};

extern const struct qpmap_sentinel qpmap_sentinel
    __attribute__((visibility("hidden")));

/* From a slot to the next: each has an unmapped page on both sides. */
#define QPMAP_SLOT_PAGES 2

/*
 * Store what a stack of slots or ranges has in its first word while nothing is
 * held, for a context switch's test.
 */
#if QPMAP_SWITCH
#define QPMAP_SET_EMPTY(stack, word)	((stack)->empty = (word))
#else
#define QPMAP_SET_EMPTY(stack, word)	((void)0)
#endif

/* Off the hot path: small code rather than fast code. */
#define QPMAP_COLD __attribute__((cold))

/* Keeps rare paths from using registers of the other paths. */
#define QPMAP_NOINLINE __attribute__((__noinline__))

/* Only qpmap_init() calls it: a kernel may free it afterwards. */
#define QPMAP_INIT QPMAP_COLD QPMAP_INIT_ATTR

/*
 * Loops that a compiler cannot turn into a call of memcpy() or memset(), as it
 * may an assignment or initialisation of a large structure.
 */
static inline void
qpmap_bytes_zero(void *to, qpmap_size_t size)
{
	qpmap_size_t i;

	for (i = 0; i < size; i++) {
		((volatile unsigned char *)to)[i] = 0;
	}
}

static inline void
qpmap_bytes_copy(void *to, const void *from, qpmap_size_t size)
{
	qpmap_size_t i;

	for (i = 0; i < size; i++) {
		((volatile unsigned char *)to)[i] =
		    ((const unsigned char *)from)[i];
	}
}

#endif /* QPMAP_CORE_STATE_H */
