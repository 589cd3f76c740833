/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pages that the tests use: on i386 highmem, which Linux itself maps only
 * for a moment.  Each word of a page says where it belongs.
 */
#include <linux/highmem.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "linux.h"

struct page **linux_pages;
unsigned int linux_page_count;

int
linux_pages_get(unsigned int count)
{
	linux_pages = kvcalloc(count, sizeof(*linux_pages), GFP_KERNEL);
	if (linux_pages == NULL) {
		return (-ENOMEM);
	}
	for (; linux_page_count < count; linux_page_count++) {
		linux_pages[linux_page_count] = alloc_page(GFP_HIGHUSER);
		if (linux_pages[linux_page_count] == NULL) {
			return (-ENOMEM);
		}
	}
	linux_pages_fill();
	return (0);
}

void
linux_pages_put(void)
{
	while (linux_page_count != 0) {
		__free_page(linux_pages[--linux_page_count]);
	}
	kvfree(linux_pages);
	linux_pages = NULL;
}

u32
linux_word(unsigned int page, unsigned int word)
{
	return ((page * 0x9e3779b1u) ^ (word * 0x85ebca77u));
}

/* Through the kernel's own mapping. */
void
linux_page_fill(unsigned int page)
{
	u32 *words = kmap_local_page(linux_pages[page]);
	unsigned int i;

	for (i = 0; i < LINUX_WORDS; i++) {
		words[i] = linux_word(page, i);
	}
	kunmap_local(words);
}

void
linux_pages_fill(void)
{
	unsigned int page;

	for (page = 0; page < linux_page_count; page++) {
		linux_page_fill(page);
		cond_resched();
	}
}

/* Whether the page is at va, for the kernel's mapping, from a byte on. */
bool
linux_page_same(unsigned int page, const void *va, unsigned int from)
{
	void *own = kmap_local_page(linux_pages[page]);
	bool same = memcmp(own + from, va + from, PAGE_SIZE - from) == 0;

	kunmap_local(own);
	return (same);
}

/* Whether a page that no test wrote to is at va; a few of its words. */
bool
linux_page_shows(unsigned int page, qpmap_vaddr_t va)
{
	const volatile u32 *words = (const volatile u32 *)va;
	unsigned int last = LINUX_WORDS - 1;

	return (words[0] == linux_word(page, 0) &&
	    words[last / 3] == linux_word(page, last / 3) &&
	    words[last] == linux_word(page, last));
}

/* Whether a load at va faults. */
bool
linux_faults(qpmap_vaddr_t va)
{
	u32 word;

	return (copy_from_kernel_nofault(&word, (const void *)va,
	    sizeof(word)) != 0);
}

/* Whether a store at va faults. */
bool
linux_store_faults(qpmap_vaddr_t va, u32 value)
{
	pagefault_disable();
	__put_kernel_nofault((void *)va, &value, u32, fault);
	pagefault_enable();
	return (false);
fault:
	pagefault_enable();
	return (true);
}

u32
linux_random(u32 *state)
{
	*state = *state * 1664525u + 1013904223u;
	return (*state >> 8);
}
