/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whole pages and byte ranges, through one mapping at a time.
 *
 * Every access is volatile and naturally aligned: it suits device memory, and
 * no compiler turns a loop of them into a call of memcpy() or memset().
 */
#include <qpmap/host.h>
#include <qpmap/panic.h>
#include <qpmap/qpmap.h>

#include "state.h"

/* The widest access: one general register. */
typedef __UINTPTR_TYPE__ qpmap_word_t;

#define QPMAP_PAGE_WORDS (QPMAP_PAGE_SIZE / sizeof(qpmap_word_t))

QPMAP_COLD QPMAP_CALL void
qpmap_zero_page(qpmap_paddr_t pa, qpmap_attr_t attr)
{
	qpmap_vaddr_t va = qpmap_enter(pa, attr);
	volatile qpmap_word_t *word = (volatile qpmap_word_t *)va;
	qpmap_size_t i;

	for (i = 0; i < QPMAP_PAGE_WORDS; i += 4) {
		word[i] = 0;
		word[i + 1] = 0;
		word[i + 2] = 0;
		word[i + 3] = 0;
	}
	qpmap_remove(va);
}

QPMAP_COLD QPMAP_CALL void
qpmap_copy_page(qpmap_paddr_t dst, qpmap_attr_t dst_attr, qpmap_paddr_t src,
    qpmap_attr_t src_attr)
{
	qpmap_vaddr_t from_va = qpmap_enter_ro(src, src_attr);
	qpmap_vaddr_t to_va = qpmap_enter(dst, dst_attr);
	const volatile qpmap_word_t *from =
	    (const volatile qpmap_word_t *)from_va;
	volatile qpmap_word_t *to = (volatile qpmap_word_t *)to_va;
	qpmap_size_t i;

	for (i = 0; i < QPMAP_PAGE_WORDS; i += 4) {
		to[i] = from[i];
		to[i + 1] = from[i + 1];
		to[i + 2] = from[i + 2];
		to[i + 3] = from[i + 3];
	}
	qpmap_remove(to_va);
	qpmap_remove(from_va);
}

/*
 * The widest naturally aligned access at va within len bytes.  Only the page's
 * side counts: it may be a device, the other side is memory.
 */
static inline qpmap_size_t
qpmap_access_width(qpmap_vaddr_t va, qpmap_size_t len)
{
	qpmap_size_t width = sizeof(qpmap_word_t);

	while (width > len || (va & (width - 1)) != 0) {
		width /= 2;
	}
	return (width);
}

static inline qpmap_word_t
qpmap_access_load(qpmap_vaddr_t va, qpmap_size_t width)
{
	switch (width) {
	case 1:
		return (*(const volatile __UINT8_TYPE__ *)va);
	case 2:
		return (*(const volatile __UINT16_TYPE__ *)va);
	case 4:
		return (*(const volatile __UINT32_TYPE__ *)va);
	default:
		return (*(const volatile qpmap_word_t *)va);
	}
}

static inline void
qpmap_access_store(qpmap_vaddr_t va, qpmap_size_t width, qpmap_word_t value)
{
	switch (width) {
	case 1:
		*(volatile __UINT8_TYPE__ *)va = (__UINT8_TYPE__)value;
		break;
	case 2:
		*(volatile __UINT16_TYPE__ *)va = (__UINT16_TYPE__)value;
		break;
	case 4:
		*(volatile __UINT32_TYPE__ *)va = (__UINT32_TYPE__)value;
		break;
	default:
		*(volatile qpmap_word_t *)va = value;
		break;
	}
}

/* The bytes at memory from the least significant up: all targets do so. */
static inline qpmap_word_t
qpmap_bytes_gather(const unsigned char *memory, qpmap_size_t width)
{
	qpmap_word_t value = 0;

	while (width > 0) {
		width--;
		value = value << 8 | memory[width];
	}
	return (value);
}

static inline void
qpmap_bytes_scatter(unsigned char *memory, qpmap_size_t width,
    qpmap_word_t value)
{
	qpmap_size_t i;

	for (i = 0; i < width; i++) {
		*(volatile unsigned char *)&memory[i] =
		    (unsigned char)(value >> 8 * i);
	}
}

/* Bytes from pa to the end of its page, at most len. */
static inline qpmap_size_t
qpmap_clip(qpmap_paddr_t pa, qpmap_size_t len)
{
	qpmap_size_t rest = QPMAP_PAGE_SIZE -
	    ((qpmap_size_t)pa & QPMAP_PAGE_MASK);

	return (len < rest ? len : rest);
}

/* A broken range panics before anything is copied. */
static inline void
qpmap_check_wrap(qpmap_paddr_t pa, qpmap_size_t len)
{
	if (len != 0 && (qpmap_paddr_t)(pa + (len - 1)) < pa) {
		qpmap_host_panic(QPMAP_PANIC_RANGE, pa, len);
	}
}

/* Page by page, between the physical range at pa and memory. */
QPMAP_COLD static void
qpmap_transfer(qpmap_paddr_t pa, qpmap_attr_t attr, unsigned char *memory,
    qpmap_size_t len, _Bool write)
{
	qpmap_size_t left, width;
	qpmap_paddr_t base;
	qpmap_vaddr_t page, va;

	qpmap_check_wrap(pa, len);
	while (len > 0) {
		left = qpmap_clip(pa, len);
		len -= left;
		base = pa & ~(qpmap_paddr_t)QPMAP_PAGE_MASK;
		page = write ? qpmap_enter(base, attr) :
		    qpmap_enter_ro(base, attr);
		va = page + (qpmap_vaddr_t)(pa - base);
		pa += left;
		for (; left > 0; left -= width) {
			width = qpmap_access_width(va, left);
			if (write) {
				qpmap_access_store(va, width,
				    qpmap_bytes_gather(memory, width));
			} else {
				qpmap_bytes_scatter(memory, width,
				    qpmap_access_load(va, width));
			}
			va += width;
			memory += width;
		}
		qpmap_remove(page);
	}
}

QPMAP_COLD QPMAP_CALL void
qpmap_read(qpmap_paddr_t pa, qpmap_attr_t attr, void *buf, qpmap_size_t len)
{
	qpmap_transfer(pa, attr, buf, len, 0);
}

/* The memory is only read: const goes where both directions share a loop. */
QPMAP_COLD QPMAP_CALL void
qpmap_write(qpmap_paddr_t pa, qpmap_attr_t attr, const void *buf,
    qpmap_size_t len)
{
	qpmap_transfer(pa, attr, (unsigned char *)buf, len, 1);
}
