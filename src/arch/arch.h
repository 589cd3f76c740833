/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Select the backend of the compiler's target, with its two sources for
 * src/qpmap.c, and set defaults.  contract.h describes a backend.
 */
#ifndef QPMAP_ARCH_ARCH_H
#define QPMAP_ARCH_ARCH_H

#include "contract.h"

#if defined(QPMAP_ARCH_HEADER)
#include QPMAP_ARCH_HEADER	/* tests: a fake architecture */
#elif (defined(__x86_64__) || defined(__aarch64__) ||			\
    (defined(__riscv) && __riscv_xlen == 64)) && __SIZEOF_POINTER__ != 8
#error "qpmap: no backend for 4-byte pointers on a 64-bit target (x32)"
#elif defined(__x86_64__)
#include "x86/pte.h"
#include "x86/tlb.h"
#define QPMAP_ARCH_PROBE_C "arch/amd64/probe.c"
#define QPMAP_ARCH_COPY_C "arch/amd64/copy.c"
#elif defined(__i386__)
#include "x86/pte.h"
#include "x86/tlb.h"
#define QPMAP_ARCH_PROBE_C "arch/i386/probe.c"
#define QPMAP_ARCH_COPY_C "arch/i386/copy.c"
#elif defined(__aarch64__)
#include "arm64/pte.h"
#include "arm64/tlb.h"
#define QPMAP_ARCH_PROBE_C "arch/arm64/probe.c"
#define QPMAP_ARCH_COPY_C "arch/arm64/copy.c"
#elif defined(__riscv) && __riscv_xlen == 64
#include "riscv64/pte.h"
#include "riscv64/tlb.h"
#define QPMAP_ARCH_PROBE_C "arch/riscv64/probe.c"
#define QPMAP_ARCH_COPY_C "arch/riscv64/copy.c"
#else
#error "qpmap: no backend for this target"
#endif

/*
 * Options of the fast path, which a tlb.h may define as 1.
 *
 * The target has an instruction that adds to a word in memory, and enter and
 * remove are shorter with it.
 */
#ifndef QPMAP_ADDS_TO_MEMORY
#define QPMAP_ADDS_TO_MEMORY 0
#endif

/* The target has an instruction that loads two adjacent words. */
#ifndef QPMAP_LOADS_PAIRS
#define QPMAP_LOADS_PAIRS 0
#endif

/*
 * A load or store can add the address of an object to a register at no cost,
 * and a test for 0 would take two instructions.
 */
#ifndef QPMAP_NEXT_IS_RELATIVE
#define QPMAP_NEXT_IS_RELATIVE 0
#endif

/* Enter is shorter with the PTE in the register of its first argument. */
#ifndef QPMAP_PTE_FIRST
#define QPMAP_PTE_FIRST 0
#endif

/* Whether qpmap_tlb_post_map_slots() and _unmap_slots() exist. */
#ifndef QPMAP_TLB_SLOTS
#define QPMAP_TLB_SLOTS 0
#endif

/*
 * Attributes that keep a compiler from calling its run-time library for an
 * atomic operation, for functions that exchange, add, set or clear.
 */
#ifndef QPMAP_ATOMIC
#define QPMAP_ATOMIC
#endif

/* Single accesses, each by one instruction.  The tests' fake has its own. */
#ifdef QPMAP_LOAD_4
static inline qpmap_u32
qpmap_load_4(qpmap_vaddr_t va)
{
	qpmap_u32 value;

	__asm__ volatile(QPMAP_LOAD_4 : "=r"(value)
	    : QPMAP_OPERAND(*(volatile qpmap_u32 *)va) : "memory");
	return (value);
}

static inline void
qpmap_store_4(qpmap_vaddr_t va, qpmap_u32 value)
{
	__asm__ volatile(QPMAP_STORE_4 ::
	    QPMAP_OPERAND(*(volatile qpmap_u32 *)va), "r"(value) : "memory");
}

static inline void
qpmap_store_word(qpmap_vaddr_t va, qpmap_word_t value)
{
	__asm__ volatile(QPMAP_STORE_WORD ::
	    QPMAP_OPERAND(*(volatile qpmap_word_t *)va), "r"(value) : "memory");
}
#endif

#endif /* QPMAP_ARCH_ARCH_H */
