/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The types that cross the boundary between a kernel and qpmap.
 *
 * They are defined from the compiler's, without <stdint.h>: a kernel may have
 * no such header, or its own.
 */
#ifndef QPMAP_TYPES_H
#define QPMAP_TYPES_H

#include "config.h"

/* Unsigned integers of 32 and 64 bits, and of the width of an address. */
typedef __UINT32_TYPE__ qpmap_u32;
typedef __UINT64_TYPE__ qpmap_u64;
typedef __UINTPTR_TYPE__ qpmap_uptr;

/* A kernel virtual address, and a length in bytes. */
typedef qpmap_uptr qpmap_vaddr_t;
typedef __SIZE_TYPE__ qpmap_size_t;

/* A physical address, and the bits of a page-table entry. */
#if QPMAP_PTE_SIZE == 4
typedef qpmap_u32 qpmap_paddr_t;
typedef qpmap_u32 qpmap_ptebits_t;
#else
typedef qpmap_u64 qpmap_paddr_t;
typedef qpmap_u64 qpmap_ptebits_t;
#endif

/*
 * A page-table entry, as the hardware reads it.  A struct, so that the compiler
 * tells it from an address.
 */
struct qpmap_pte {
	qpmap_ptebits_t bits;
};

/*
 * How a page is mapped: one memory type, ORed with at most one of
 * QPMAP_ATTR_PRIVATE and QPMAP_ATTR_SHARED.
 *
 *				x86	arm64			riscv64
 * QPMAP_ATTR_WRITE_BACK	WB	Normal, write-back	PMA
 * QPMAP_ATTR_WRITE_THROUGH	WT	Normal, write-through	-
 * QPMAP_ATTR_WRITE_COMBINING	WC	Normal, non-cacheable	NC (Svpbmt)
 * QPMAP_ATTR_UNCACHED		UC	Device-nGnRnE		IO (Svpbmt)
 * QPMAP_ATTR_UNCACHED_MINUS	UC-	Device-nGnRE		-
 *
 * riscv64 without Svpbmt, and without templates for a C9xx core, has
 * write-back only: the type is that of the PMAs of the address.  A device's
 * registers are mapped with QPMAP_ATTR_WRITE_BACK, and are I/O by PMA.
 *
 * As wide as a register: the hot path needs no zero extension.
 */
typedef qpmap_uptr qpmap_attr_t;

#define QPMAP_ATTR_WRITE_BACK		0u
#define QPMAP_ATTR_WRITE_THROUGH	1u
#define QPMAP_ATTR_WRITE_COMBINING	2u
#define QPMAP_ATTR_UNCACHED		3u
#define QPMAP_ATTR_UNCACHED_MINUS	4u
#define QPMAP_TYPE_COUNT		5u

/*
 * Confidential guests (SEV, TDX, realms): the page is private to the guest, or
 * shared with its hypervisor.  With neither, write-back, write-through and
 * write-combining mappings are private and uncached ones shared.  Without
 * masks in the configuration there is no difference.
 *
 * 8, 16 and 24, the cache bits of an x86 entry (PWT, PCD), are not attributes:
 * a driver may pass them by mistake.
 */
#define QPMAP_ATTR_PRIVATE		0x20u
#define QPMAP_ATTR_SHARED		0x40u

/*
 * No access to the page is wider than four bytes, for a device on a 32-bit bus.
 * For qpmap_read(), qpmap_write(), the functions that copy and zero pages, and
 * those of <qpmap/try.h>; a panic in qpmap_enter().
 */
#define QPMAP_ATTR_WIDTH_4		0x80u

/*
 * One more than the largest attribute of a mapping.  Some smaller numbers are
 * not attributes: enter panics (QPMAP_PANIC_ATTR).
 */
#define QPMAP_ATTR_COUNT	(QPMAP_ATTR_SHARED + QPMAP_TYPE_COUNT)

/* The bit of a memory type in qpmap_config.types and .direct_types. */
#define QPMAP_TYPE_BIT(type)	(1u << (type))

/* A slot of a window: its address, and the PTE that maps it. */
struct qpmap_slot {
	qpmap_vaddr_t va;
	struct qpmap_pte *ptep;
};

#if QPMAP_RANGE_PAGES

/*
 * The ranges that a CPU holds, in cache lines of its own.
 *
 * Claims are one word.  In the low half is the page, counted from va, at which
 * the next range begins.  In the high half is how many more ranges can be
 * entered, in bytes of before[].  In a zeroed state, and while the CPU is
 * offline, it is 0: none.
 */
struct qpmap_cpu_range {
	qpmap_u32 claims;
#if QPMAP_SWITCH
	qpmap_u32 empty;		/* claims while no range is held */
#endif
	qpmap_vaddr_t va;		/* the area's page 1, after a guard */
	struct qpmap_pte *ptep;		/* its PTE */
	/*
	 * The claims before each range, the oldest one's in the last but one
	 * element, and in bit 31 whether it is on the slow path.  The last one
	 * is 0: no range's.
	 */
	qpmap_u32 before[QPMAP_RANGE_DEPTH + 1];
} __attribute__((aligned(QPMAP_CACHE_LINE)));

#endif /* QPMAP_RANGE_PAGES */

#if QPMAP_LARGE_SLOTS

/* A CPU's large slots, in cache lines of their own: see struct qpmap_cpu. */
struct qpmap_cpu_large {
	qpmap_uptr next;
#if QPMAP_SWITCH
	qpmap_uptr empty;		/* next while no large page is held */
#endif
	struct qpmap_slot slot[QPMAP_LARGE_SLOTS + 2];
} __attribute__((aligned(QPMAP_CACHE_LINE)));

#endif /* QPMAP_LARGE_SLOTS */

/*
 * The state of a CPU.  The kernel embeds one in each CPU's own data, zeroed,
 * and must not access its members.  Only this CPU accesses it.  It has cache
 * lines of its own: at most two of 64 bytes with four slots, one on i386.
 *
 * slot[1] and up are a stack of slots that grows upwards.  Enter and remove
 * write only one word, next.  The stack ends in two sentinels: slot[0].va is 0,
 * which is no slot's address, and slot[0].ptep NULL; the slot above the last
 * one has a PTE that is never zero, and the address that follows.  next is 0 in
 * a zeroed state and while the CPU is offline; enter and remove then panic.
 */
struct qpmap_cpu {
	qpmap_uptr next;		/* the slot that enter takes; or 0 */
#if QPMAP_SWITCH
	qpmap_uptr empty;		/* next while none is held; or 0 */
#else
	qpmap_u32 index_plus_one;	/* CPU index + 1; 0: offline */
#endif
	struct qpmap_slot slot[QPMAP_SLOTS + 2];
#if QPMAP_SWITCH
	qpmap_u32 index_plus_one;	/* slot has the same place without it */
#endif
#if QPMAP_RANGE_PAGES
	struct qpmap_cpu_range range;
#endif
#if QPMAP_LARGE_SLOTS
	struct qpmap_cpu_large large;
#endif
} __attribute__((aligned(QPMAP_CACHE_LINE)));

/*
 * The PTEs that the kernel passes to qpmap_cpu_online(): window is the PTE of
 * the first address of the CPU's window, followed by those of the rest; range
 * likewise of its range area.  large is the entry of the first address of its
 * large window, one level above the leaf tables.
 */
struct qpmap_cpu_ptes {
	struct qpmap_pte *window;
#if QPMAP_RANGE_PAGES
	struct qpmap_pte *range;
#endif
#if QPMAP_LARGE_SLOTS
	struct qpmap_pte *large;
#endif
};

#if QPMAP_SHOOTDOWN

/*
 * The shootdown's memory: the kernel supplies it in qpmap_config, qpmap_init()
 * initializes it, and the kernel must not access it, except as said below.
 * docs/tlb.md, "Shootdown", describes its use.
 *
 * A generation is the number of a request.  It wraps around.
 */
typedef qpmap_uptr qpmap_generation_t;

/* A request, for its targets to read; generation 0: half written. */
struct qpmap_request {
	qpmap_generation_t generation;
	qpmap_vaddr_t va;
	qpmap_size_t page_count;
};

/* A power of two.  A CPU that is further behind invalidates everything. */
#define QPMAP_REQUESTS 16

/* One for all CPUs. */
struct qpmap_shootdown_state {
	qpmap_generation_t generation;	/* of the newest request */
	struct qpmap_request requests[QPMAP_REQUESTS];
} __attribute__((aligned(QPMAP_CACHE_LINE)));

/*
 * The state of a CPU that other CPUs access, by CPU index.
 *
 * With QPMAP_F_SBI_RFENCE the kernel must write hart, the number by which the
 * SBI knows the CPU, before that CPU's qpmap_cpu_online().  The library writes
 * online; the kernel may store 0 there for a CPU that died (see
 * qpmap_cpu_online()).
 */
struct qpmap_cpu_sync {
	qpmap_uptr online;	/* 0: no CPU has the index */
	qpmap_generation_t acknowledged; /* newest request it has handled */
	qpmap_uptr hart;
} __attribute__((aligned(QPMAP_CACHE_LINE)));

/*
 * A group of slots for global mappings, one bit for each.
 *
 * The kernel must write leaf before qpmap_init(), and the library does not: the
 * PTE that maps the group's first page, followed by those of the rest; or NULL
 * with QPMAP_F_BUILD_TABLES.
 */
struct qpmap_global {
	qpmap_uptr clean;		/* free, and in no TLB */
	qpmap_uptr used;		/* mapped */
	qpmap_uptr dirty;		/* unmapped, not yet shot down */
	struct qpmap_pte *leaf;		/* the kernel's, see above */
	struct qpmap_pte *entries;	/* the PTEs in use */
} __attribute__((aligned(QPMAP_CACHE_LINE)));

#endif /* QPMAP_SHOOTDOWN */

/*
 * Calling convention of the boundary: on i386 the library and the kernel may be
 * compiled with different -mregparm, so arguments are on the stack.  Those of a
 * QPMAP_CALL_FAST function, which only inline functions call, are in registers.
 */
#if __SIZEOF_POINTER__ == 4
#define QPMAP_CALL __attribute__((regparm(0)))
#define QPMAP_CALL_FAST __attribute__((regparm(3)))
#else
#define QPMAP_CALL
#define QPMAP_CALL_FAST
#endif

#ifdef __cplusplus
#define QPMAP_NORETURN [[noreturn]]
#define QPMAP_BEGIN_DECLS extern "C" {
#define QPMAP_END_DECLS }
#else
#define QPMAP_NORETURN _Noreturn
#define QPMAP_BEGIN_DECLS
#define QPMAP_END_DECLS
#endif

#endif /* QPMAP_TYPES_H */
