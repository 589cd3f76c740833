/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A file of a kernel that enters and removes inline, in every guest, and what
 * tools/bench counts of it.
 */
#undef QPMAP_INLINE
#define QPMAP_INLINE 1

#include <qpmap/pmap.h>
#include <qpmap/qpmap.h>

#include "guest.h"

/* Attributes that are constants, and one that is not. */
qpmap_vaddr_t
guest_inline_enter(qpmap_paddr_t pa, qpmap_attr_t attr)
{
	if (attr == QPMAP_ATTR_WRITE_BACK) {
		return (qpmap_enter(pa, QPMAP_ATTR_WRITE_BACK));
	}
	if (attr == QPMAP_ATTR_UNCACHED) {
		return (qpmap_enter(pa, QPMAP_ATTR_UNCACHED));
	}
	return (qpmap_enter(pa, attr));
}

void
guest_inline_remove(qpmap_vaddr_t va)
{
	qpmap_remove(va);
}

qpmap_vaddr_t
guest_inline_quick_enter(qpmap_paddr_t pa, qpmap_attr_t attr)
{
	struct qpmap_page page = { .pa = pa, .attr = attr };

	return (pmap_quick_enter_page(&page));
}

void
guest_inline_quick_remove(qpmap_vaddr_t va)
{
	pmap_quick_remove_page(va);
}

/*
 * The argument, in registers: what loads it from the stack is counted neither
 * with nor without a pair.
 */
static inline qpmap_paddr_t
guest_in_registers(qpmap_paddr_t pa)
{
	qpmap_uptr low = (qpmap_uptr)pa;
#if QPMAP_PAE
	qpmap_uptr high = (qpmap_uptr)(pa >> 32);

	__asm__ volatile("" : "+r"(low), "+r"(high));
	return ((qpmap_paddr_t)high << 32 | low);
#else
	__asm__ volatile("" : "+r"(low));
	return ((qpmap_paddr_t)low);
#endif
}

/* One access through the mapping. */
static inline void
guest_access(qpmap_vaddr_t va)
{
	(void)*(volatile unsigned char *)va;
}

/* Use the registers that functions save: the caller has its frame already. */
static inline void
guest_frame(void)
{
#if defined(__x86_64__)
	__asm__ volatile("" ::: "rbx", "r12", "r13", "r14", "r15");
#elif defined(__i386__)
	__asm__ volatile("" ::: "ebx", "esi", "edi", "ebp");
#elif defined(__aarch64__)
	__asm__ volatile("" ::: "x19", "x20", "x21", "x22", "x23", "x24",
	    "x25", "x26", "x27", "x28", "x30");
#elif defined(__riscv)
	__asm__ volatile("" ::: "ra", "s0", "s1", "s2", "s3", "s4", "s5",
	    "s6", "s7", "s8", "s9", "s10", "s11");
#endif
}

/* In a caller with a frame: the access alone, with an enter, with a pair. */
void
guest_count_nothing(qpmap_paddr_t pa)
{
	guest_access((qpmap_vaddr_t)guest_in_registers(pa));
	guest_frame();
}

void
guest_count_enter(qpmap_paddr_t pa)
{
	guest_access(qpmap_enter(guest_in_registers(pa),
	    QPMAP_ATTR_WRITE_BACK));
	guest_frame();
}

void
guest_count_pair(qpmap_paddr_t pa)
{
	qpmap_vaddr_t va = qpmap_enter(guest_in_registers(pa),
	    QPMAP_ATTR_WRITE_BACK);

	guest_access(va);
	qpmap_remove(va);
	guest_frame();
}

/* Without a frame, which the calls behind the tests then need. */
void
guest_count_leaf(qpmap_paddr_t pa)
{
	guest_access((qpmap_vaddr_t)guest_in_registers(pa));
}

void
guest_count_caller(qpmap_paddr_t pa)
{
	qpmap_vaddr_t va = qpmap_enter(guest_in_registers(pa),
	    QPMAP_ATTR_WRITE_BACK);

	guest_access(va);
	qpmap_remove(va);
}
