/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The library's one writable structure.  qpmap_init() writes it; everybody
 * else only reads it, but for two words of CPUs that come and go.
 */
#ifndef QPMAP_CORE_STATE_H
#define QPMAP_CORE_STATE_H

#include <qpmap/qpmap.h>

/*
 * One prot of mapping: a memory type, a sharing and a protection.  All that
 * depends on the machine was worked out by qpmap_init(): an entry is the
 * address's bits and these.
 *
 * limit admits an address in quick.c (qpmap_pa_is_valid()).  It is 0, and so
 * admits none, for a type that was not asked for, and for a *special* prot,
 * one that needs more than the ordinary sequence: slow.c then looks at
 * slow_pa_limit.
 */
struct qpmap_prot {
	qpmap_ptebits_t bits;
	qpmap_ptebits_t pa_limit;
	qpmap_size_t direct_size;	/* bytes the direct map serves */
	qpmap_ptebits_t slow_pa_limit;
} __attribute__((aligned(4 * QPMAP_PTE_SIZE)));	/* indexed by a shift */

/*
 * What qpmap_init() found out about the MMU, and every CPU must share.
 * The backend's probe.c fills it.
 */
#define QPMAP_MMU_REGS 4
struct qpmap_mmu {
	qpmap_u64 reg[QPMAP_MMU_REGS];	/* live registers, masked */
	qpmap_paddr_t root;		/* the root table */
	qpmap_u32 levels;		/* levels of tables; leaves are 0 */
	qpmap_u32 va_bits;	/* bits of an address that are walked */
	qpmap_u32 pa_bits;	/* bits of a physical address */
	qpmap_u32 slow_types;	/* types that are special, by bit */
	qpmap_ptebits_t type_bits[QPMAP_TYPE_COUNT];
	qpmap_ptebits_t rw_bits;	/* what every mapping has ... */
	qpmap_ptebits_t ro_bits;	/* ... by protection */
	_Bool range;			/* arm64: TLBI by range is used */
};

/*
 * The order saves instructions where an address has to be worked out: all but
 * the tables is within reach of the structure's own address, and what remove
 * reads is side by side.  Members that only QPMAP_SHOOTDOWN uses are always
 * there: where the tables are is a part of the hot path's instructions, which
 * do not depend on that option.
 */
/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): lines apart */
struct qpmap_state {
	qpmap_paddr_t direct_pa;
	qpmap_vaddr_t direct_va;
	qpmap_size_t direct_size;
	qpmap_u32 nesting;	/* slots of each window in use */
	qpmap_u32 flags;
	qpmap_u32 cpu_count;	/* 0 until qpmap_init() succeeded */
	qpmap_vaddr_t window_va;
	qpmap_ptebits_t sharing;	/* private_mask or shared_mask */
	struct qpmap_mmu mmu;
	struct qpmap_shootdown_state *shootdown;
	struct qpmap_cpu_sync *cpu_sync;
	struct qpmap_global *global;
	qpmap_vaddr_t global_va;
	qpmap_u32 global_count;
	/*
	 * In a line that nobody else needs: how many CPUs are online, and
	 * whether one of them is in the tables (index.c).
	 */
	qpmap_u32 online_count __attribute__((aligned(QPMAP_CACHE_LINE)));
	qpmap_u32 walking;
	struct qpmap_prot rw[QPMAP_ATTR_COUNT]
	    __attribute__((aligned(QPMAP_CACHE_LINE)));
	struct qpmap_prot ro[QPMAP_ATTR_COUNT];
};

/* Hidden: position-independent code, too, reaches it without a GOT. */
extern struct qpmap_state qpmap_state
    __attribute__((visibility("hidden")));

/* The error that names a memory type which the machine cannot express. */
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
 * What the stacks of slots end in, and what a CPU without a window is taken
 * to have: slots that hold nothing, whose entry is never empty.
 */
struct qpmap_sentinel {
	struct qpmap_slot slot[2];
	struct qpmap_pte full;
};

extern const struct qpmap_sentinel qpmap_sentinel
    __attribute__((visibility("hidden")));

/* Off the hot path: small code rather than fast code. */
#define QPMAP_COLD __attribute__((cold))

/* Called by qpmap_init() alone: a kernel may free it afterwards. */
#define QPMAP_INIT QPMAP_COLD QPMAP_INIT_ATTR

/*
 * A compiler may turn the assignment or the initialisation of a larger
 * structure into a call of memcpy() or memset().  These loops it must leave
 * alone.
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
