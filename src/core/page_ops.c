/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Zero and copy pages, and read and write byte ranges.  One mapping is held at
 * a time, two during a copy of a page.  With QPMAP_RANGE_PAGES several pages of
 * memory are one mapping, if there is room; a device's are not, since its
 * accesses take so long that preemption must not be off for more than a page.
 *
 * Write-back and write-through memory takes the architecture's bulk loop.  Any
 * other type may be a device: naturally aligned single accesses, by plain loads
 * and stores.  With any type, up to a word is moved by single accesses: one, if
 * it is aligned and of a width that exists.
 */
#include <qpmap/host.h>
#include <qpmap/panic.h>
#include <qpmap/range.h>

#include "page_ops.h"

QPMAP_CALL void
qpmap_zero_page(qpmap_paddr_t pa, qpmap_attr_t attr)
{
	qpmap_vaddr_t va = qpmap_enter(pa, qpmap_mapped_attr(attr));

	if (qpmap_is_bulk(attr)) {
		qpmap_zero_bulk(va, QPMAP_PAGE_SIZE);
	} else {
		qpmap_zero_single(va, QPMAP_PAGE_SIZE, qpmap_widest(attr));
	}
	qpmap_remove(va);
}

QPMAP_CALL void
qpmap_copy_page(qpmap_paddr_t dst, qpmap_attr_t dst_attr, qpmap_paddr_t src,
    qpmap_attr_t src_attr)
{
	qpmap_vaddr_t from = qpmap_enter_ro(src, qpmap_mapped_attr(src_attr));
	qpmap_vaddr_t to = qpmap_enter(dst, qpmap_mapped_attr(dst_attr));

	if (qpmap_is_bulk(dst_attr) && qpmap_is_bulk(src_attr)) {
		qpmap_copy_bulk(to, from, QPMAP_PAGE_SIZE);
	} else {
		qpmap_copy_single(to, from, QPMAP_PAGE_SIZE,
		    qpmap_widest(dst_attr | src_attr));
	}
	qpmap_remove(to);
	qpmap_remove(from);
}

/* Copy within one page, by single accesses. */
QPMAP_COLD QPMAP_NOINLINE static void
qpmap_transfer_single(qpmap_vaddr_t va, qpmap_vaddr_t memory,
    qpmap_size_t len, qpmap_size_t widest, _Bool write)
{
	(void)qpmap_transfer_singly(va, memory, len, widest,
	    write ? QPMAP_HOW_WRITE : 0);
}

/* Copy within one page. */
QPMAP_NOINLINE static void
qpmap_transfer_page(qpmap_paddr_t pa, qpmap_attr_t attr,
    qpmap_vaddr_t memory, qpmap_size_t len, _Bool write)
{
	qpmap_vaddr_t va, page = qpmap_enter_at(pa, attr, write, &va);

	if (len <= sizeof(qpmap_word_t) || !qpmap_is_bulk(attr)) {
		qpmap_transfer_single(va, memory, len, qpmap_widest(attr),
		    write);
	} else if (write) {
		qpmap_copy_bulk(va, memory, len);
	} else {
		qpmap_copy_bulk(memory, va, len);
	}
	qpmap_remove(page);
}

/* Panic, before anything is copied, if the range wraps. */
static inline void
qpmap_check_wrap(qpmap_paddr_t pa, qpmap_size_t len)
{
	if (len != 0 && (qpmap_paddr_t)(pa + (len - 1)) < pa) {
		qpmap_host_panic(QPMAP_PANIC_RANGE, pa, len);
	}
}

#if QPMAP_RANGE_PAGES

/* The pages of the next batch, or 0: page by page is as fast, or required. */
static inline qpmap_size_t
qpmap_batch(qpmap_size_t page_count, qpmap_attr_t attr)
{
	qpmap_size_t most = QPMAP_RANGE_PAGES - 2;

	most = most < QPMAP_RANGE_BATCH ? most : QPMAP_RANGE_BATCH;
	if (page_count < QPMAP_RANGE_WORTH || !qpmap_is_bulk(attr)) {
		return (0);
	}
	return (page_count < most ? page_count : most);
}

/*
 * Copy as many bytes as a batch has, between pages and memory.  Returns their
 * number: 0 if page by page is better, or there is no room.
 */
static qpmap_size_t
qpmap_transfer_batch(qpmap_paddr_t pa, qpmap_attr_t attr,
    qpmap_vaddr_t memory, qpmap_size_t len, _Bool write)
{
	qpmap_vaddr_t offset = (qpmap_vaddr_t)pa & QPMAP_PAGE_MASK, va;
	qpmap_size_t most, pages = (len >> QPMAP_PAGE_SHIFT) + ((offset +
	    (len & QPMAP_PAGE_MASK) + QPMAP_PAGE_MASK) >> QPMAP_PAGE_SHIFT);

	pa ^= offset;
	pages = qpmap_batch(pages, attr);
	va = write ? qpmap_range_enter(pa, pages, attr) :
	    qpmap_range_enter_ro(pa, pages, attr);
	if (va == 0) {
		return (0);
	}
	most = (pages << QPMAP_PAGE_SHIFT) - offset;
	len = len < most ? len : most;
	if (write) {
		qpmap_copy_bulk(va + offset, memory, len);
	} else {
		qpmap_copy_bulk(memory, va + offset, len);
	}
	qpmap_range_remove(va);
	return (len);
}

/* Panic, before anything is accessed, if the pages wrap. */
static inline void
qpmap_check_wrap_pages(qpmap_paddr_t pa, qpmap_size_t page_count)
{
	if (page_count != 0 && page_count - 1 >
	    ~pa >> QPMAP_PAGE_SHIFT) {
		qpmap_host_panic(QPMAP_PANIC_RANGE, pa,
		    (qpmap_u64)page_count << QPMAP_PAGE_SHIFT);
	}
}

QPMAP_CALL void
qpmap_zero_range(qpmap_paddr_t pa, qpmap_size_t page_count,
    qpmap_attr_t attr)
{
	qpmap_size_t pages;
	qpmap_vaddr_t va;

	qpmap_check_wrap_pages(pa, page_count);
	for (; page_count != 0; page_count -= pages) {
		pages = qpmap_batch(page_count, attr);
		va = qpmap_range_enter(pa, pages, attr);
		if (va != 0) {
			qpmap_zero_bulk(va, pages << QPMAP_PAGE_SHIFT);
			qpmap_range_remove(va);
		} else {
			pages = 1;
			qpmap_zero_page(pa, attr);
		}
		pa += (qpmap_paddr_t)pages << QPMAP_PAGE_SHIFT;
	}
}

/* Copy a batch.  Returns its pages: 0 if there is no room. */
static qpmap_size_t
qpmap_copy_batch(qpmap_paddr_t dst, qpmap_attr_t dst_attr,
    qpmap_paddr_t src, qpmap_attr_t src_attr, qpmap_size_t page_count)
{
	qpmap_size_t pages = qpmap_batch(page_count,
	    qpmap_is_bulk(dst_attr) ? src_attr : dst_attr);
	qpmap_vaddr_t from = qpmap_range_enter_ro(src, pages, src_attr), to;

	if (from == 0) {
		return (0);
	}
	to = qpmap_range_enter(dst, pages, dst_attr);
	if (to != 0) {
		qpmap_copy_bulk(to, from, pages << QPMAP_PAGE_SHIFT);
		qpmap_range_remove(to);
	}
	qpmap_range_remove(from);
	return (to != 0 ? pages : 0);
}

QPMAP_CALL void
qpmap_copy_range(qpmap_paddr_t dst, qpmap_attr_t dst_attr,
    qpmap_paddr_t src, qpmap_attr_t src_attr, qpmap_size_t page_count)
{
	qpmap_size_t pages;

	qpmap_check_wrap_pages(dst, page_count);
	qpmap_check_wrap_pages(src, page_count);
	for (; page_count != 0; page_count -= pages) {
		pages = qpmap_copy_batch(dst, dst_attr, src, src_attr,
		    page_count);
		if (pages == 0) {
			pages = 1;
			qpmap_copy_page(dst, dst_attr, src, src_attr);
		}
		dst += (qpmap_paddr_t)pages << QPMAP_PAGE_SHIFT;
		src += (qpmap_paddr_t)pages << QPMAP_PAGE_SHIFT;
	}
}

#else /* !QPMAP_RANGE_PAGES */

static inline qpmap_size_t
qpmap_transfer_batch(qpmap_paddr_t pa, qpmap_attr_t attr,
    qpmap_vaddr_t memory, qpmap_size_t len, _Bool write)
{
	(void)pa;
	(void)attr;
	(void)memory;
	(void)len;
	(void)write;
	return (0);
}

#endif /* QPMAP_RANGE_PAGES */

/* Copy, page by page or batch by batch, between pages at pa and memory. */
QPMAP_COLD QPMAP_NOINLINE static void
qpmap_transfer_pages(qpmap_paddr_t pa, qpmap_attr_t attr,
    qpmap_vaddr_t memory, qpmap_size_t len, _Bool write)
{
	qpmap_size_t rest, part;

	qpmap_check_wrap(pa, len);
	while (len > 0) {
		part = qpmap_transfer_batch(pa, attr, memory, len, write);
		if (part == 0) {
			rest = qpmap_page_rest(pa) + 1;
			part = len < rest ? len : rest;
			qpmap_transfer_page(pa, attr, memory, part, write);
		}
		memory += part;
		pa += part;
		len -= part;
	}
}

/* A range in one page does not wrap.  If len is 0, len - 1 is large. */
QPMAP_NOINLINE static void
qpmap_transfer(qpmap_paddr_t pa, qpmap_attr_t attr, qpmap_vaddr_t memory,
    qpmap_size_t len, _Bool write)
{
	if (len - 1 <= qpmap_page_rest(pa)) {
		qpmap_transfer_page(pa, attr, memory, len, write);
	} else {
		qpmap_transfer_pages(pa, attr, memory, len, write);
	}
}

QPMAP_MORE QPMAP_CALL void qpmap_read_more(qpmap_paddr_t pa,
    qpmap_attr_t attr, void *buf, qpmap_size_t len);

QPMAP_CALL void
qpmap_read_more(qpmap_paddr_t pa, qpmap_attr_t attr, void *buf,
    qpmap_size_t len)
{
	qpmap_transfer(pa, attr, (qpmap_vaddr_t)buf, len, 0);
}

QPMAP_CALL void
qpmap_read(qpmap_paddr_t pa, qpmap_attr_t attr, void *buf, qpmap_size_t len)
{
	qpmap_vaddr_t memory = (qpmap_vaddr_t)buf;
	qpmap_vaddr_t page, va;

	if (qpmap_is_one(pa, memory, len, 4)) {
		page = qpmap_enter_at(pa, attr, 0, &va);
		qpmap_store_4(memory, qpmap_load_4(va));
		qpmap_remove(page);
	} else {
		qpmap_read_more(pa, attr, buf, len);
	}
}

QPMAP_CALL void
qpmap_write(qpmap_paddr_t pa, qpmap_attr_t attr, const void *buf,
    qpmap_size_t len)
{
	qpmap_transfer(pa, attr, (qpmap_vaddr_t)buf, len, 1);
}
