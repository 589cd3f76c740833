/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Large pages: one is zeroed and copied as a whole, on the CPU's own loads and
 * stores.  They are the two at the end of the pages that are mapped nowhere,
 * which the allocator hands out last.
 */
#include <qpmap/large.h>

#include "kernel.h"
#include "stress.h"

#define LARGE_WORDS (QPMAP_LARGE_SIZE / sizeof(uint32_t))

static qpmap_paddr_t
kernel_large_page(unsigned int n)
{
	return ((MACHINE_RAM_PA + MACHINE_RAM_SIZE) /
	    QPMAP_LARGE_SIZE * QPMAP_LARGE_SIZE - (n + 1) * QPMAP_LARGE_SIZE);
}

/* What the pages of a large page say of it, one by one. */
static bool
kernel_large_is(qpmap_paddr_t pa, uint32_t first, uint32_t step)
{
	const volatile uint32_t *words;
	qpmap_vaddr_t va, offset;
	bool same = true;
	uint32_t i;

	for (offset = 0; offset < QPMAP_LARGE_SIZE; offset += KERNEL_PAGE) {
		va = qpmap_enter_ro(pa + offset, QPMAP_ATTR_WRITE_BACK);
		words = (const volatile uint32_t *)va;
		for (i = 0; i < KERNEL_PAGE / sizeof(*words); i++) {
			same = same && words[i] == first;
			first += step;
		}
		qpmap_remove(va);
	}
	return (same);
}

void
kernel_test_large(void)
{
	qpmap_paddr_t from = kernel_large_page(0), to = kernel_large_page(1);
	volatile uint32_t *words, *copy;
	qpmap_vaddr_t va, va2;
	uint32_t i, value;

	va = qpmap_large_enter(from, QPMAP_ATTR_WRITE_BACK);
	kernel_expect(va % QPMAP_LARGE_SIZE == 0, "address");
	words = (volatile uint32_t *)va;
	for (i = 0; i < LARGE_WORDS; i++) {
		words[i] = i + 1;
	}
	va2 = qpmap_large_enter(to, QPMAP_ATTR_WRITE_BACK);
	copy = (volatile uint32_t *)va2;
	for (i = 0; i < LARGE_WORDS; i++) {
		copy[i] = 0;
	}
	kernel_expect(kernel_large_is(to, 0, 0), "zeroed");
	for (i = 0; i < LARGE_WORDS; i++) {
		copy[i] = words[i];
	}
	kernel_expect(qpmap_held(&machine_this_cpu()->qpmap) == 2, "held");
	qpmap_large_remove(va2);
	qpmap_large_remove(va);
	kernel_expect(kernel_large_is(to, 1, 1), "copied");
	kernel_expect(kernel_large_is(from, 1, 1), "written");
	/* Each piece of it was used, and none is left. */
	for (i = 0; i < QPMAP_LARGE_SIZE; i += KERNEL_PAGE) {
		kernel_expect(!machine_load(va + i, &value),
		    "there after remove");
	}
	kernel_expect(!machine_load(va - 4, &value), "no guard");
	va = qpmap_large_enter_ro(to, QPMAP_ATTR_WRITE_BACK);
	words = (volatile uint32_t *)va;
	kernel_expect(words[LARGE_WORDS - 1] == LARGE_WORDS, "read-only");
	kernel_expect(!machine_store(va + QPMAP_LARGE_SIZE / 2, 1), "a store");
	qpmap_large_remove(va);
}

qpmap_vaddr_t
kernel_large_begin(void)
{
	return (qpmap_large_enter_ro(kernel_large_page(0),
	    QPMAP_ATTR_WRITE_BACK));
}

void
kernel_large_end(qpmap_vaddr_t va)
{
	const volatile uint32_t *words = (const volatile uint32_t *)va;

	kernel_expect(words[0] == 1 && words[LARGE_WORDS - 1] == LARGE_WORDS,
	    "a large page is another one");
	qpmap_large_remove(va);
}
