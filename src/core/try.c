/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copies of which the page's side may fault.  One page is mapped at a time, two
 * during a copy of a page.
 *
 * When the kernel's handler resumes a copy, it returns as after a copy without
 * a fault, with another result.  So the mapping is removed by the same code.
 */
#include <qpmap/try.h>

#include "page_ops.h"

#if QPMAP_TRY

/*
 * Whether a page has a valid address.  Write-back has the limit of all types,
 * and is always configured; before qpmap_init() no address is valid.
 */
static inline _Bool
qpmap_is_valid(qpmap_paddr_t page)
{
	return (qpmap_pa_is_valid(page,
	    qpmap_state.rw[QPMAP_ATTR_WRITE_BACK].slow_pa_limit));
}

/* Whether the page of pa has. */
static inline _Bool
qpmap_is_narrow(qpmap_paddr_t pa)
{
	return (qpmap_is_valid(pa & ~(qpmap_paddr_t)QPMAP_PAGE_MASK));
}

/* Whether it is too wide.  Before qpmap_init() none is, and enter panics. */
QPMAP_COLD QPMAP_NOINLINE static _Bool
qpmap_is_too_wide(qpmap_paddr_t pa)
{
	return (qpmap_state.cpu_count != 0 && !qpmap_is_narrow(pa));
}

/* Whether the bytes at pa are to be one access. */
static inline _Bool
qpmap_is_word(qpmap_paddr_t pa, qpmap_size_t len)
{
	return (len <= sizeof(qpmap_word_t) &&
	    ((len | (qpmap_size_t)pa) & (len - 1)) == 0);
}

/*
 * Copy within one page, by one call of a loop: a word that is equally aligned
 * if the backend needs it, or what is memory and no word.
 */
static inline qpmap_size_t
qpmap_try_once(qpmap_paddr_t pa, qpmap_attr_t attr, qpmap_vaddr_t memory,
    qpmap_size_t len, _Bool write)
{
	qpmap_uptr sides = write ? QPMAP_SIDE_TO : QPMAP_SIDE_FROM;
	qpmap_vaddr_t va, page = qpmap_enter_at(pa, attr, write, &va);
	qpmap_vaddr_t to = write ? va : memory, from = write ? memory : va;

	if (qpmap_is_word(pa, len)) {
		len = qpmap_try_single(to, from, len, len, sides);
	} else {
		len = qpmap_try_bulk(to, from, len, sides);
	}
	qpmap_remove(page);
	return (len);
}

static inline _Bool
qpmap_is_once(qpmap_paddr_t pa, qpmap_attr_t attr, qpmap_vaddr_t memory,
    qpmap_size_t len)
{
	return (qpmap_is_bulk(attr) && (!QPMAP_COPY_ALIGNED ||
	    (memory & (len - 1)) == 0 || !qpmap_is_word(pa, len)));
}

/* Copy within one page, in any way. */
static qpmap_size_t
qpmap_try_page(qpmap_paddr_t pa, qpmap_attr_t attr, qpmap_vaddr_t memory,
    qpmap_size_t len, _Bool write)
{
	qpmap_vaddr_t va, page;

	if (qpmap_is_once(pa, attr, memory, len)) {
		return (qpmap_try_once(pa, attr, memory, len, write));
	}
	page = qpmap_enter_at(pa, attr, write, &va);
	len = qpmap_transfer_singly(va, memory, len, qpmap_widest(attr),
	    QPMAP_HOW_TRY | (write ? QPMAP_HOW_WRITE : 0));
	qpmap_remove(page);
	return (len);
}

/* Copy page by page, up to the first that faults or has no valid address. */
QPMAP_COLD QPMAP_NOINLINE static qpmap_size_t
qpmap_try_pages(qpmap_paddr_t pa, qpmap_attr_t attr, qpmap_vaddr_t memory,
    qpmap_size_t len, _Bool write)
{
	qpmap_size_t part, left;

	while (len != 0 && !qpmap_is_too_wide(pa)) {
		part = qpmap_page_rest(pa) + 1;
		part = len < part ? len : part;
		left = qpmap_try_page(pa, attr, memory, part, write);
		len -= part - left;
		pa += part;
		memory += part;
		if (left != 0 || pa == 0) {
			break;
		}
	}
	return (len);
}

/* If len is 0, len - 1 is large. */
static inline qpmap_size_t
qpmap_try(qpmap_paddr_t pa, qpmap_attr_t attr, qpmap_vaddr_t memory,
    qpmap_size_t len, _Bool write)
{
	if (len - 1 <= qpmap_page_rest(pa) && qpmap_is_narrow(pa) &&
	    qpmap_is_once(pa, attr, memory, len)) {
		return (qpmap_try_once(pa, attr, memory, len, write));
	}
	return (qpmap_try_pages(pa, attr, memory, len, write));
}

QPMAP_MORE QPMAP_CALL qpmap_size_t qpmap_try_read_more(qpmap_paddr_t pa,
    qpmap_attr_t attr, void *buf, qpmap_size_t len);

QPMAP_CALL qpmap_size_t
qpmap_try_read_more(qpmap_paddr_t pa, qpmap_attr_t attr, void *buf,
    qpmap_size_t len)
{
	return (qpmap_try(pa, attr, (qpmap_vaddr_t)buf, len, 0));
}

/*
 * Where an address is two words the compiler must not see that offset is one:
 * it would mask the address again, to check it.
 */
QPMAP_CALL qpmap_size_t
qpmap_try_read(qpmap_paddr_t pa, qpmap_attr_t attr, void *buf,
    qpmap_size_t len)
{
	qpmap_vaddr_t offset = (qpmap_vaddr_t)pa & QPMAP_PAGE_MASK;
	qpmap_vaddr_t memory = (qpmap_vaddr_t)buf, va;

	if (sizeof(pa) > sizeof(offset)) {
		__asm__("" : "+r"(offset));
	}
	if (!qpmap_is_one(pa, memory, len, 4) ||
	    !qpmap_is_valid(pa ^ offset)) {
		return (qpmap_try_read_more(pa, attr, buf, len));
	}
	va = qpmap_enter_ro(pa ^ offset, qpmap_mapped_attr(attr));
	len = qpmap_try_4(va + offset, memory);
	qpmap_remove(va);
	return (len);
}

QPMAP_CALL qpmap_size_t
qpmap_try_write(qpmap_paddr_t pa, qpmap_attr_t attr, const void *buf,
    qpmap_size_t len)
{
	return (qpmap_try(pa, attr, (qpmap_vaddr_t)buf, len, 1));
}

QPMAP_MORE QPMAP_CALL qpmap_size_t qpmap_try_copy_more(qpmap_paddr_t dst,
    qpmap_attr_t dst_attr, qpmap_paddr_t src, qpmap_attr_t src_attr);

/* If a page is misaligned, or before qpmap_init(), enter panics. */
QPMAP_COLD QPMAP_CALL qpmap_size_t
qpmap_try_copy_more(qpmap_paddr_t dst, qpmap_attr_t dst_attr,
    qpmap_paddr_t src, qpmap_attr_t src_attr)
{
	qpmap_size_t left = QPMAP_PAGE_SIZE;
	qpmap_vaddr_t from, to;

	if (!qpmap_is_too_wide(dst | src)) {
		from = qpmap_enter_ro(src, qpmap_mapped_attr(src_attr));
		to = qpmap_enter(dst, qpmap_mapped_attr(dst_attr));
		left = qpmap_try_single(to, from, left,
		    qpmap_widest(dst_attr | src_attr),
		    QPMAP_SIDE_FROM | QPMAP_SIDE_TO);
		qpmap_remove(to);
		qpmap_remove(from);
	}
	return (left);
}

/*
 * Two questions are asked once: limits are powers of two, and the types of the
 * bulk loop are those without the higher bits, of which one is the width's.
 */
QPMAP_CALL qpmap_size_t
qpmap_try_copy_page(qpmap_paddr_t dst, qpmap_attr_t dst_attr,
    qpmap_paddr_t src, qpmap_attr_t src_attr)
{
	qpmap_vaddr_t from, to;
	qpmap_size_t left;

	if (!qpmap_is_valid(dst | src) || !qpmap_is_bulk(dst_attr | src_attr)) {
		return (qpmap_try_copy_more(dst, dst_attr, src, src_attr));
	}
	from = qpmap_enter_ro(src, src_attr);
	to = qpmap_enter(dst, dst_attr);
	left = qpmap_try_bulk(to, from, QPMAP_PAGE_SIZE,
	    QPMAP_SIDE_FROM | QPMAP_SIDE_TO);
	qpmap_remove(to);
	qpmap_remove(from);
	return (left);
}

#endif /* QPMAP_TRY */
