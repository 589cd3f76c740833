/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * riscv64: single accesses, one load or store each.
 */
#ifndef QPMAP_ARCH_RISCV64_COPY_H
#define QPMAP_ARCH_RISCV64_COPY_H

#include "../contract.h"

/* Misaligned accesses may trap: both sides must be aligned. */
#define QPMAP_COPY_ALIGNED 1

static inline qpmap_u32
qpmap_load_4(qpmap_vaddr_t va)
{
	qpmap_u32 value;

	__asm__ volatile("lw	%0, 0(%1)"
	    : "=r"(value) : "r"(va) : "memory");
	return (value);
}

static inline void
qpmap_store_4(qpmap_vaddr_t va, qpmap_u32 value)
{
	__asm__ volatile("sw	%1, 0(%0)" :: "r"(va), "r"(value) : "memory");
}

static inline qpmap_word_t
qpmap_load_word(qpmap_vaddr_t va)
{
	qpmap_word_t value;

	__asm__ volatile("ld	%0, 0(%1)"
	    : "=r"(value) : "r"(va) : "memory");
	return (value);
}

static inline void
qpmap_store_word(qpmap_vaddr_t va, qpmap_word_t value)
{
	__asm__ volatile("sd	%1, 0(%0)" :: "r"(va), "r"(value) : "memory");
}

#endif /* QPMAP_ARCH_RISCV64_COPY_H */
