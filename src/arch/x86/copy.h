/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * amd64 and i386: single accesses, one MOV each.
 */
#ifndef QPMAP_ARCH_X86_COPY_H
#define QPMAP_ARCH_X86_COPY_H

#include "../contract.h"

/* #AC occurs in user mode only: the buffer's side may be misaligned. */
#define QPMAP_COPY_ALIGNED 0

static inline qpmap_u32
qpmap_load_4(qpmap_vaddr_t va)
{
	qpmap_u32 value;

	__asm__ volatile("movl	%1, %0" : "=r"(value)
	    : "m"(*(const volatile qpmap_u32 *)va) : "memory");
	return (value);
}

static inline void
qpmap_store_4(qpmap_vaddr_t va, qpmap_u32 value)
{
	__asm__ volatile("movl	%1, %0"
	    : "=m"(*(volatile qpmap_u32 *)va) : "r"(value) : "memory");
}

static inline qpmap_word_t
qpmap_load_word(qpmap_vaddr_t va)
{
	qpmap_word_t value;

	__asm__ volatile("mov	%1, %0" : "=r"(value)
	    : "m"(*(const volatile qpmap_word_t *)va) : "memory");
	return (value);
}

static inline void
qpmap_store_word(qpmap_vaddr_t va, qpmap_word_t value)
{
	__asm__ volatile("mov	%1, %0"
	    : "=m"(*(volatile qpmap_word_t *)va) : "r"(value) : "memory");
}

#endif /* QPMAP_ARCH_X86_COPY_H */
