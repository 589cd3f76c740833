/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of ranges: lists of shuffled pages, and whole folios, compared with the
 * kernel's own mapping of each page, on every CPU.
 */
#include <linux/highmem.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "linux.h"

/*
 * Pages of a range: one, few, an odd number, and around the counts from which
 * on x86 and riscv64 invalidate everything (32), and arm64 needs a second TLBI
 * (64).
 */
static const unsigned int linux_range_counts[] = {
	1, 2, 3, 16, 31, 33, 64, 67, 200,
};

#define LINUX_RANGE_INNER	5u	/* pages of a second range */
#define LINUX_RANGE_LIST	(200u + LINUX_RANGE_INNER)

/* A CPU's list of pages, with their addresses. */
struct linux_range {
	qpmap_paddr_t pa[LINUX_RANGE_LIST];
	unsigned int page[LINUX_RANGE_LIST];
	u32 random;
};

/* Any pages, in any order; one of a hundred is there a second time. */
static void
linux_range_choose(struct linux_range *list)
{
	unsigned int i;

	for (i = 0; i < LINUX_RANGE_LIST; i++) {
		list->page[i] = linux_random(&list->random) % linux_page_count;
		if (i != 0 && linux_random(&list->random) % 100 == 0) {
			list->page[i] = list->page[i - 1];
		}
		list->pa[i] = page_to_phys(linux_pages[list->page[i]]);
	}
}

/*
 * Whether the page is at va, for this CPU's mapping and Linux's own; then a
 * word of this CPU's is stored through the range, and is there.
 */
static const char *
linux_range_page(struct page *page, u32 id, qpmap_vaddr_t va)
{
	unsigned int word = 1 + raw_smp_processor_id();
	volatile u32 *words = (volatile u32 *)va;
	u32 *own;
	const char *why = NULL;

	if (linux_faults(va)) {
		return ("a page of a range is not mapped");
	}
	if (!linux_page_shows(id, va)) {
		return ("a range shows another page");
	}
	own = kmap_local_page(page);
	words[word] = ~words[word];
	if (READ_ONCE(own[word]) != words[word]) {
		why = "a store through a range is missing";
	} else if (memcmp(own + LINUX_WORDS / 2, (void *)(va + PAGE_SIZE / 2),
	    PAGE_SIZE / 2) != 0) {
		why = "the kernel's mapping shows other contents";
	}
	kunmap_local(own);
	return (why);
}

/* Whether the pages beside a range are unmapped, and Linux finds its last. */
static const char *
linux_range_edges(qpmap_vaddr_t va, unsigned int count, qpmap_paddr_t last)
{
	qpmap_vaddr_t end = va + count * PAGE_SIZE;

	if (!linux_faults(va - PAGE_SIZE) || !linux_faults(end)) {
		return ("a page beside a range is mapped");
	}
	if (vmalloc_to_pfn((void *)(end - PAGE_SIZE)) != PHYS_PFN(last)) {
		return ("Linux finds another page at the address");
	}
	return (NULL);
}

/*
 * Remove a range; then nothing is at its addresses.  Each page is loaded from
 * just before: Linux's own mappings are invalidated meanwhile, and QEMU may
 * take that for all that there is.
 */
static const char *
linux_range_leave(qpmap_vaddr_t va, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		(void)READ_ONCE(*(u32 *)(va + i * PAGE_SIZE));
	}
	qpmap_range_remove(va);
	for (i = 0; i < count; i++) {
		if (!linux_faults(va + i * PAGE_SIZE)) {
			return ("a removed page can still be read");
		}
	}
	return (NULL);
}

static const char *
linux_range_pages(const struct linux_range *list, unsigned int from,
    unsigned int count, qpmap_vaddr_t va)
{
	unsigned int i;
	const char *why = linux_range_edges(va, count,
	    list->pa[from + count - 1]);

	for (i = 0; i < count && why == NULL; i++) {
		unsigned int page = list->page[from + i];

		why = linux_range_page(linux_pages[page], page,
		    va + i * PAGE_SIZE);
	}
	return (why);
}

/*
 * A range, a page of the window, and another range: all are there at once, and
 * the page may go before the range that is newer.  Pinned.
 */
static const char *
linux_range_nested(const struct linux_range *list, unsigned int count)
{
	unsigned int room = qpmap_range_room();
	qpmap_vaddr_t va = qpmap_range_enter_list(list->pa, count,
	    QPMAP_ATTR_WRITE_BACK);
	qpmap_vaddr_t page = pmap_quick_enter_page(linux_pages[0]);
	qpmap_vaddr_t va2 = qpmap_range_enter_list(list->pa + count,
	    LINUX_RANGE_INNER, QPMAP_ATTR_WRITE_BACK);
	const char *why, *left;

	if (va == 0 || va2 == 0 ||
	    qpmap_range_room() + count + LINUX_RANGE_INNER + 2 != room ||
	    qpmap_held(this_cpu_ptr(&linux_cpu)) != 3) {
		return ("no room, or other room, for two ranges");
	}
	why = linux_range_pages(list, 0, count, va);
	if (why == NULL) {
		why = linux_range_pages(list, count, LINUX_RANGE_INNER, va2);
	}
	if (why == NULL && !linux_page_shows(0, page)) {
		why = "beside ranges, a window shows another page";
	}
	pmap_quick_remove_page(page);
	left = linux_range_leave(va2, LINUX_RANGE_INNER);
	if (why == NULL && left == NULL) {
		why = linux_range_pages(list, 0, count, va);
	}
	why = why != NULL ? why : left;
	left = linux_range_leave(va, count);
	return (why != NULL ? why : left);
}

const char *
linux_ranges_cpu(unsigned int rounds)
{
	struct linux_range *list = kmalloc(sizeof(*list), GFP_KERNEL);
	unsigned int round, i;
	const char *why = NULL;

	if (list == NULL) {
		return ("no memory");
	}
	list->random = raw_smp_processor_id() * 77u + 1;
	for (round = 0; round < rounds && why == NULL; round++) {
		for (i = 0; i < ARRAY_SIZE(linux_range_counts) && why == NULL;
		    i++) {
			linux_range_choose(list);
			preempt_disable();
			why = linux_range_nested(list, linux_range_counts[i]);
			preempt_enable();
			cond_resched();
		}
		if (qpmap_range_room() != QPMAP_RANGE_PAGES - 2) {
			why = "ranges are held when all are removed";
		}
	}
	kfree(list);
	return (why);
}

const char *
linux_test_ranges(unsigned int rounds)
{
	const char *why = linux_on_cpus(linux_ranges_cpu, rounds);

	linux_pages_fill();
	return (why);
}

/* Folios of 1, 2, ... pages, and another as large as the last one. */
#define LINUX_FOLIOS	10u

static struct folio *linux_folios[LINUX_FOLIOS];

static unsigned int
linux_folio_order(unsigned int i)
{
	return (min(i, LINUX_FOLIOS - 2));
}

/* What identifies a page of a folio, as its number does other pages. */
static u32
linux_folio_id(unsigned int i, unsigned int page)
{
	return (0x10000u * (i + 1) + page);
}

static void
linux_folio_fill(unsigned int i)
{
	unsigned int page, word;

	for (page = 0; page < folio_nr_pages(linux_folios[i]); page++) {
		u32 *words = kmap_local_page(folio_page(linux_folios[i], page));

		for (word = 0; word < LINUX_WORDS; word++) {
			words[word] = linux_word(linux_folio_id(i, page), word);
		}
		kunmap_local(words);
	}
}

static bool
linux_folios_get(void)
{
	unsigned int i;

	for (i = 0; i < LINUX_FOLIOS; i++) {
		linux_folios[i] = folio_alloc(GFP_HIGHUSER,
		    linux_folio_order(i));
		if (linux_folios[i] == NULL) {
			return (false);
		}
		linux_folio_fill(i);
	}
	return (true);
}

static void
linux_folios_put(void)
{
	unsigned int i;

	for (i = 0; i < LINUX_FOLIOS; i++) {
		if (linux_folios[i] != NULL) {
			folio_put(linux_folios[i]);
		}
		linux_folios[i] = NULL;
	}
}

static qpmap_paddr_t
linux_folio_pa(unsigned int i)
{
	return (PFN_PHYS((qpmap_paddr_t)folio_pfn(linux_folios[i])));
}

static const char *
linux_folio_pages(unsigned int i, unsigned int count, qpmap_vaddr_t va)
{
	unsigned int page;
	const char *why = linux_range_edges(va, count,
	    linux_folio_pa(i) + (count - 1) * PAGE_SIZE);

	for (page = 0; page < count && why == NULL; page++) {
		why = linux_range_page(folio_page(linux_folios[i], page),
		    linux_folio_id(i, page), va + page * PAGE_SIZE);
	}
	return (why);
}

/* Read-only: the contents are there, and no store is done.  Pinned. */
static const char *
linux_folio_read_only(unsigned int i, unsigned int count)
{
	qpmap_vaddr_t va = qpmap_range_enter_ro(linux_folio_pa(i), count,
	    QPMAP_ATTR_WRITE_BACK);
	qpmap_vaddr_t last = va + (count - 1) * PAGE_SIZE;
	const char *why = NULL, *left;

	if (va == 0) {
		return ("no room for a read-only folio");
	}
	if (!linux_page_shows(linux_folio_id(i, 0), va) ||
	    !linux_page_shows(linux_folio_id(i, count - 1), last)) {
		why = "a read-only range shows another page";
	} else if (!linux_store_faults(va, 0) || !linux_store_faults(last, 0)) {
		why = "a store through a read-only range works";
	}
	left = linux_range_leave(va, count);
	return (why != NULL ? why : left);
}

/* A folio as one range.  Pinned. */
static const char *
linux_folio_once(unsigned int i)
{
	unsigned int count = folio_nr_pages(linux_folios[i]);
	qpmap_vaddr_t va = qpmap_range_enter(linux_folio_pa(i), count,
	    QPMAP_ATTR_WRITE_BACK);
	const char *why, *left;

	if (va == 0) {
		return ("no room for a folio");
	}
	why = linux_folio_pages(i, count, va);
	left = linux_range_leave(va, count);
	why = why != NULL ? why : left;
	return (why != NULL ? why : linux_folio_read_only(i, count));
}

static const char *
linux_folios_cpu(unsigned int rounds)
{
	unsigned int round, i;
	const char *why = NULL;

	for (round = 0; round < rounds && why == NULL; round++) {
		for (i = 0; i < LINUX_FOLIOS && why == NULL; i++) {
			preempt_disable();
			why = linux_folio_once(i);
			preempt_enable();
			cond_resched();
		}
	}
	return (why);
}

/* The last two folios are as large: a copy, and zeros, of a whole one. */
static const char *
linux_folios_copy(void)
{
	unsigned int from = LINUX_FOLIOS - 2, to = LINUX_FOLIOS - 1, page;
	unsigned int count = folio_nr_pages(linux_folios[to]);
	const char *why = NULL;

	qpmap_copy_range(linux_folio_pa(to), QPMAP_ATTR_WRITE_BACK,
	    linux_folio_pa(from), QPMAP_ATTR_WRITE_BACK, count - 1);
	for (page = 0; page < count && why == NULL; page++) {
		u32 *words = kmap_local_page(folio_page(linux_folios[to],
		    page));
		u32 id = page < count - 1 ? linux_folio_id(from, page) :
		    linux_folio_id(to, page);

		if (words[LINUX_WORDS - 1] !=
		    linux_word(id, LINUX_WORDS - 1)) {
			why = "qpmap_copy_range() made another copy";
		}
		kunmap_local(words);
	}
	qpmap_zero_range(linux_folio_pa(to), count, QPMAP_ATTR_WRITE_BACK);
	for (page = 0; page < count && why == NULL; page++) {
		u32 *words = kmap_local_page(folio_page(linux_folios[to],
		    page));

		if (memchr_inv(words, 0, PAGE_SIZE) != NULL) {
			why = "qpmap_zero_range() left something";
		}
		kunmap_local(words);
	}
	return (why);
}

const char *
linux_test_folios(unsigned int rounds)
{
	unsigned int i, highmem = 0;
	const char *why = "no memory for folios";

	if (linux_folios_get()) {
		for (i = 0; i < LINUX_FOLIOS; i++) {
			highmem += PageHighMem(folio_page(linux_folios[i], 0)) ?
			    1 : 0;
		}
		pr_info("folios: %u, up to %lu pages, %u of them highmem\n",
		    LINUX_FOLIOS, folio_nr_pages(linux_folios[i - 1]), highmem);
		why = linux_on_cpus(linux_folios_cpu, rounds);
		if (why == NULL) {
			why = linux_folios_copy();
		}
	}
	linux_folios_put();
	if (IS_ENABLED(CONFIG_HIGHMEM) && highmem == 0 && why == NULL) {
		why = "no folio was highmem";
	}
	return (why);
}
