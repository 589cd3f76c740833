/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The types that cross the boundary between a kernel and qpmap.
 *
 * They come from the compiler, not from <stdint.h>: a kernel may have no such
 * header, or its own.
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
 * One page-table entry, as the hardware reads it.  A struct, so that it is
 * not mixed up with an address.
 */
struct qpmap_pte {
	qpmap_ptebits_t bits;
};

/*
 * How a page is mapped: one memory type, and at most one of QPMAP_ATTR_PRIVATE
 * and QPMAP_ATTR_SHARED, ORed together.
 *
 *			x86	arm64			riscv64
 * QPMAP_ATTR_WRITE_BACK	WB	Normal, write-back	PMA
 * QPMAP_ATTR_WRITE_THROUGH	WT	Normal, write-through	-
 * QPMAP_ATTR_WRITE_COMBINING WC	Normal, non-cacheable	NC (Svpbmt)
 * QPMAP_ATTR_UNCACHED	UC	Device-nGnRnE		IO (Svpbmt)
 * QPMAP_ATTR_UNCACHED_MINUS	UC-	Device-nGnRE		-
 *
 * riscv64 without Svpbmt, and without templates for a C9xx core, has
 * write-back alone, which is what the PMAs say of an address: a device's
 * registers are mapped with QPMAP_ATTR_WRITE_BACK, and are I/O by PMA.
 *
 * As wide as a register: that saves the hot path a zero extension.
 */
typedef qpmap_uptr qpmap_attr_t;

#define QPMAP_ATTR_WRITE_BACK	0u
#define QPMAP_ATTR_WRITE_THROUGH	1u
#define QPMAP_ATTR_WRITE_COMBINING	2u
#define QPMAP_ATTR_UNCACHED		3u
#define QPMAP_ATTR_UNCACHED_MINUS	4u
#define QPMAP_TYPE_COUNT	5u

/*
 * For confidential guests (SEV, TDX, realms): the page is private to the
 * guest, or shared with its hypervisor.  With neither, write-back,
 * write-through and write-combining mappings are private and the uncached
 * ones shared.  Where the configuration has no masks, all are alike.
 *
 * 8, 16 and 24 are no attributes: they are the cache bits of an x86 entry (PWT,
 * PCD), which a driver may have at hand.
 */
#define QPMAP_ATTR_PRIVATE		0x20u
#define QPMAP_ATTR_SHARED		0x40u

/*
 * For qpmap_read(), qpmap_write(), qpmap_copy_page() and qpmap_zero_page()
 * alone: no access to the page is wider than four bytes, for a device on a
 * 32-bit bus.  qpmap_enter() has no such attribute.
 */
#define QPMAP_ATTR_WIDTH_4	0x80u

/*
 * One more than the largest attribute that a mapping can have.  Not every
 * smaller number is one: enter panics on the others (QPMAP_PANIC_ATTR).
 */
#define QPMAP_ATTR_COUNT	(QPMAP_ATTR_SHARED + QPMAP_TYPE_COUNT)

/* Bit of a memory type, in qpmap_config.types and .direct_types. */
#define QPMAP_TYPE_BIT(type)	(1u << (type))

/* One slot of a window: its address, and the entry that maps it. */
struct qpmap_slot {
	qpmap_vaddr_t va;
	struct qpmap_pte *ptep;
};

/*
 * A CPU's state.  The kernel embeds one in each CPU's own data, zeroed, and
 * never looks inside.  Only this CPU touches it.  It fills cache lines of its
 * own: at most two of 64 bytes with four slots, one on i386.
 *
 * Enter and remove write one word of it, next.  The slots are a stack that
 * grows upwards between two sentinels: slot[0].va is 0, which is no slot's
 * address, and the slot of the slot above the last one points at an entry
 * that is never empty.  next is 0 in a zeroed state and in that of a CPU that
 * is offline; enter and remove then panic.
 */
struct qpmap_cpu {
	qpmap_uptr next;		/* the slot that enter takes; or 0 */
	qpmap_u32 index_plus_one;	/* CPU index + 1; 0: offline */
	struct qpmap_slot slot[QPMAP_SLOTS + 2];
} __attribute__((aligned(QPMAP_CACHE_LINE)));

#if QPMAP_SHOOTDOWN

/*
 * What CPUs have in common for the shootdown: the kernel's memory, named in
 * qpmap_config, which qpmap_init() writes and the kernel never looks into.
 * docs/tlb.md, "Shootdown", says how they are used.
 *
 * A generation is the number of a request.  It wraps around.
 */
typedef qpmap_uptr qpmap_generation_t;

/* A request that CPUs can read for themselves; generation 0: half written. */
struct qpmap_request {
	qpmap_generation_t generation;
	qpmap_vaddr_t va;
	qpmap_size_t page_count;
};

/* A CPU that lags by more than these forgets everything.  A power of two. */
#define QPMAP_REQUESTS 16

/* One for the whole kernel. */
struct qpmap_shootdown_state {
	qpmap_generation_t generation;	/* of the newest request */
	struct qpmap_request requests[QPMAP_REQUESTS];
} __attribute__((aligned(QPMAP_CACHE_LINE)));

/*
 * One for each window: what other CPUs see of the CPU that has it.  hart is
 * the kernel's to write, before that CPU's qpmap_cpu_online(), and only with
 * QPMAP_F_SBI_RFENCE: the number by which the SBI knows the CPU.  online is the
 * library's; the kernel may store 0 there for a CPU that died (see
 * qpmap_cpu_online()).
 */
struct qpmap_cpu_sync {
	qpmap_uptr online;	/* 0: nobody has the number */
	qpmap_generation_t acknowledged; /* it forgot all up to this one */
	qpmap_uptr hart;
} __attribute__((aligned(QPMAP_CACHE_LINE)));

/*
 * A group of slots for global mappings, one bit for each.  leaf is the
 * kernel's to write, before qpmap_init(), and the library does not: the
 * page-table entry that maps the group's first page, followed by those of the
 * rest; or, with QPMAP_F_BUILD_TABLES, NULL.
 */
struct qpmap_global {
	qpmap_uptr clean;		/* empty, and forgotten everywhere */
	qpmap_uptr used;		/* mapped */
	qpmap_uptr dirty;		/* empty, not yet forgotten */
	struct qpmap_pte *leaf;		/* the kernel's word, see above */
	struct qpmap_pte *entries;	/* those in use */
} __attribute__((aligned(QPMAP_CACHE_LINE)));

#endif /* QPMAP_SHOOTDOWN */

/*
 * On i386 the library and the kernel may be compiled with different -mregparm:
 * what crosses the boundary always takes its arguments on the stack.
 */
#if __SIZEOF_POINTER__ == 4
#define QPMAP_CALL __attribute__((regparm(0)))
#else
#define QPMAP_CALL
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
