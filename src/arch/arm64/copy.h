/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arm64: single accesses, one LDR or STR each.  Without writeback: otherwise
 * ESR_EL2 does not describe the access to a hypervisor (Arm ARM, DDI 0487, "ISS
 * encoding for an exception from a Data Abort", ISV).
 */
#ifndef QPMAP_ARCH_ARM64_COPY_H
#define QPMAP_ARCH_ARM64_COPY_H

#include "../contract.h"

/* SCTLR_EL1.A is clear: the buffer's side may be misaligned. */
#define QPMAP_COPY_ALIGNED 0

static inline qpmap_u32
qpmap_load_4(qpmap_vaddr_t va)
{
	qpmap_u32 value;

	__asm__ volatile("ldr	%w0, [%1]"
	    : "=r"(value) : "r"(va) : "memory");
	return (value);
}

static inline void
qpmap_store_4(qpmap_vaddr_t va, qpmap_u32 value)
{
	__asm__ volatile("str	%w1, [%0]" :: "r"(va), "r"(value) : "memory");
}

static inline qpmap_word_t
qpmap_load_word(qpmap_vaddr_t va)
{
	qpmap_word_t value;

	__asm__ volatile("ldr	%0, [%1]"
	    : "=r"(value) : "r"(va) : "memory");
	return (value);
}

static inline void
qpmap_store_word(qpmap_vaddr_t va, qpmap_word_t value)
{
	__asm__ volatile("str	%1, [%0]" :: "r"(va), "r"(value) : "memory");
}

#endif /* QPMAP_ARCH_ARM64_COPY_H */
