/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the copies of page_ops.c and try.c have in common.
 */
#ifndef QPMAP_CORE_PAGE_OPS_H
#define QPMAP_CORE_PAGE_OPS_H

#include <qpmap/host.h>

#include "../arch/arch.h"

/* The attribute for qpmap_enter(). */
static inline qpmap_attr_t
qpmap_mapped_attr(qpmap_attr_t attr)
{
	return (attr & ~(qpmap_attr_t)QPMAP_ATTR_WIDTH_4);
}

/* Whether the bulk loop may access the page; not with QPMAP_ATTR_WIDTH_4. */
static inline _Bool
qpmap_is_bulk(qpmap_attr_t attr)
{
	return ((attr &
	    ~(qpmap_attr_t)(QPMAP_ATTR_PRIVATE | QPMAP_ATTR_SHARED)) <=
	    QPMAP_ATTR_WRITE_THROUGH);
}

/* The widest single access. */
static inline qpmap_size_t
qpmap_widest(qpmap_attr_t attr)
{
	return ((attr & QPMAP_ATTR_WIDTH_4) != 0 ? 4 : sizeof(qpmap_word_t));
}

/* The number of bytes after the one at pa, in its page. */
static inline qpmap_size_t
qpmap_page_rest(qpmap_paddr_t pa)
{
	return (~(qpmap_size_t)pa & QPMAP_PAGE_MASK);
}

/* Map the page of pa: returns its address, and in *va the address of pa. */
static inline qpmap_vaddr_t
qpmap_enter_at(qpmap_paddr_t pa, qpmap_attr_t attr, _Bool write,
    qpmap_vaddr_t *va)
{
	qpmap_vaddr_t page, offset = (qpmap_vaddr_t)pa & QPMAP_PAGE_MASK;

	pa ^= offset;
	attr = qpmap_mapped_attr(attr);
	page = write ? qpmap_enter(pa, attr) : qpmap_enter_ro(pa, attr);
	*va = page + offset;
	return (page);
}

/*
 * Whether one access of width bytes moves len bytes.  If so they are in one
 * page, and do not wrap.
 */
static inline _Bool
qpmap_is_one(qpmap_paddr_t pa, qpmap_vaddr_t memory, qpmap_size_t len,
    qpmap_size_t width)
{
	qpmap_vaddr_t bits = (qpmap_vaddr_t)pa;

	if (QPMAP_COPY_ALIGNED) {
		bits |= memory;
	}
	return (len == width && (bits & (width - 1)) == 0);
}

/*
 * For what is not one access: a function with the same arguments, so that the
 * tail call is a jump.
 */
#define QPMAP_MORE QPMAP_NOINLINE __attribute__((visibility("hidden")))

/*
 * The widest naturally aligned access at va within len bytes, at most widest.
 * va is in the page, which may be a device; the other side is memory.
 */
static inline qpmap_size_t
qpmap_access_width(qpmap_vaddr_t va, qpmap_size_t len, qpmap_size_t widest)
{
	while (widest > len || (va & (widest - 1)) != 0) {
		widest /= 2;
	}
	return (widest);
}

/* How to copy: to the page, not from it; and the page may fault. */
#define QPMAP_HOW_WRITE	1u
#define QPMAP_HOW_TRY	2u

/*
 * One run of single accesses; and in what follows.  Returns the number of bytes
 * not copied, which is 0 without QPMAP_HOW_TRY.
 */
static inline qpmap_size_t
qpmap_transfer_run(qpmap_vaddr_t va, qpmap_vaddr_t memory, qpmap_size_t len,
    qpmap_size_t width, qpmap_u32 how)
{
	_Bool write = (how & QPMAP_HOW_WRITE) != 0;
	qpmap_vaddr_t to = write ? va : memory, from = write ? memory : va;

	if (QPMAP_TRY && (how & QPMAP_HOW_TRY) != 0) {
		return (qpmap_try_single(to, from, len, width,
		    write ? QPMAP_SIDE_TO : QPMAP_SIDE_FROM));
	}
	qpmap_copy_single(to, from, len, width);
	return (0);
}

/* Copy between page and memory, equally aligned if the backend needs it. */
static inline qpmap_size_t
qpmap_transfer_aligned(qpmap_vaddr_t va, qpmap_vaddr_t memory,
    qpmap_size_t len, qpmap_size_t widest, qpmap_u32 how)
{
	qpmap_size_t width, run, left;

	for (; len > 0; len -= run) {
		width = qpmap_access_width(va, len, widest);
		run = width == widest ? len & ~(widest - 1) : width;
		left = qpmap_transfer_run(va, memory, run, width, how);
		if (left != 0) {
			return (len - run + left);
		}
		va += run;
		memory += run;
	}
	return (0);
}

/* Copy through a block with the alignment of the page. */
static inline qpmap_size_t
qpmap_transfer_shifted(qpmap_vaddr_t va, qpmap_vaddr_t memory,
    qpmap_size_t len, qpmap_size_t widest, qpmap_u32 how)
{
	qpmap_word_t block[64 / sizeof(qpmap_word_t)];
	qpmap_vaddr_t at;
	qpmap_size_t run, left;

	for (; len > 0; len -= run) {
		at = va & (sizeof(qpmap_word_t) - 1);
		run = sizeof(block) - at < len ? sizeof(block) - at : len;
		at += (qpmap_vaddr_t)block;
		if ((how & QPMAP_HOW_WRITE) != 0) {
			qpmap_copy_bulk(at, memory, run);
		}
		left = qpmap_transfer_aligned(va, at, run, widest, how);
		if ((how & QPMAP_HOW_WRITE) == 0) {
			qpmap_copy_bulk(memory, at, run - left);
		}
		if (left != 0) {
			return (len - run + left);
		}
		va += run;
		memory += run;
	}
	return (0);
}

/* Copy within one page, by single accesses. */
static inline qpmap_size_t
qpmap_transfer_singly(qpmap_vaddr_t va, qpmap_vaddr_t memory,
    qpmap_size_t len, qpmap_size_t widest, qpmap_u32 how)
{
	if (QPMAP_COPY_ALIGNED && ((va ^ memory) & (widest - 1)) != 0) {
		return (qpmap_transfer_shifted(va, memory, len, widest, how));
	}
	return (qpmap_transfer_aligned(va, memory, len, widest, how));
}

#endif /* QPMAP_CORE_PAGE_OPS_H */
