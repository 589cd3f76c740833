/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a pair, and a range, cost beside Linux's own ways to map pages.
 */
#include <linux/highmem.h>
#include <linux/vmalloc.h>

#include "linux.h"
#include "count.h"

/* Where loops leave what they loaded, so that they must. */
static volatile u32 linux_sink;

/* Sixteen pages that follow each other. */
static struct page *linux_count_folio;

static noinline void
linux_count_empty(unsigned int turns)
{
	struct page *page = linux_pages[1];

	for (; turns != 0; turns--) {
		LINUX_UNKNOWN(page);
	}
}

static noinline void
linux_count_pair(unsigned int turns)
{
	struct page *page = linux_pages[1];

	for (; turns != 0; turns--) {
		LINUX_UNKNOWN(page);
		pmap_quick_remove_page(pmap_quick_enter_page(page));
	}
}

static noinline void
linux_count_pair_pa(unsigned int turns)
{
	qpmap_paddr_t pa = page_to_phys(linux_pages[1]);

	for (; turns != 0; turns--) {
		qpmap_remove(qpmap_enter(pa, QPMAP_ATTR_WRITE_BACK));
	}
}

static noinline void
linux_count_pair_load(unsigned int turns)
{
	qpmap_paddr_t pa = page_to_phys(linux_pages[1]);
	qpmap_vaddr_t va;

	for (; turns != 0; turns--) {
		va = qpmap_enter(pa, QPMAP_ATTR_WRITE_BACK);
		linux_sink = *(volatile u32 *)va;
		qpmap_remove(va);
	}
}

static noinline void
linux_count_pair_copy(unsigned int turns)
{
	qpmap_paddr_t pa = page_to_phys(linux_pages[1]);
	void *to = page_address(linux_area.placeholder);
	qpmap_vaddr_t va;

	for (; turns != 0; turns--) {
		va = qpmap_enter(pa, QPMAP_ATTR_WRITE_BACK);
		memcpy(to, (const void *)va, PAGE_SIZE);
		qpmap_remove(va);
	}
}

static noinline void
linux_count_kmap(unsigned int turns)
{
	struct page *page = linux_pages[1];

	for (; turns != 0; turns--) {
		void *va;

		LINUX_UNKNOWN(page);
		va = kmap_local_page(page);
		__asm__ volatile("" :: "r"(va) : "memory");
		kunmap_local(va);
	}
}

static noinline void
linux_count_kmap_load(unsigned int turns)
{
	struct page *page = linux_pages[1];

	for (; turns != 0; turns--) {
		void *va;

		LINUX_UNKNOWN(page);
		va = kmap_local_page(page);
		linux_sink = *(volatile u32 *)va;
		kunmap_local(va);
	}
}

static noinline void
linux_count_kmap_copy(unsigned int turns)
{
	struct page *page = linux_pages[1];
	void *to = page_address(linux_area.placeholder);

	for (; turns != 0; turns--) {
		void *va;

		LINUX_UNKNOWN(page);
		va = kmap_local_page(page);
		memcpy(to, va, PAGE_SIZE);
		kunmap_local(va);
	}
}

static noinline void
linux_count_vm_map_ram(unsigned int turns)
{
	struct page *page = linux_pages[1];

	for (; turns != 0; turns--) {
		LINUX_UNKNOWN(page);
		vm_unmap_ram(vm_map_ram(&page, 1, NUMA_NO_NODE), 1);
	}
}

static noinline void
linux_count_vm_map_ram_load(unsigned int turns)
{
	struct page *page = linux_pages[1];

	for (; turns != 0; turns--) {
		void *va;

		LINUX_UNKNOWN(page);
		va = vm_map_ram(&page, 1, NUMA_NO_NODE);
		linux_sink = *(volatile u32 *)va;
		vm_unmap_ram(va, 1);
	}
}

static noinline void
linux_count_vmap(unsigned int turns)
{
	struct page *page = linux_pages[1];

	for (; turns != 0; turns--) {
		LINUX_UNKNOWN(page);
		vunmap(vmap(&page, 1, VM_MAP, PAGE_KERNEL));
	}
}

/* Pages at once, as a range and as Linux maps them. */
#define LINUX_BULK	16u

static noinline void
linux_count_range(unsigned int turns)
{
	qpmap_paddr_t pa = page_to_phys(linux_count_folio);

	for (; turns != 0; turns--) {
		LINUX_UNKNOWN(pa);
		qpmap_range_remove(qpmap_range_enter(pa, LINUX_BULK,
		    QPMAP_ATTR_WRITE_BACK));
	}
}

static noinline void
linux_count_list(unsigned int turns)
{
	qpmap_paddr_t list[LINUX_BULK];
	unsigned int i;

	for (i = 0; i < LINUX_BULK; i++) {
		list[i] = page_to_phys(linux_pages[i]);
	}
	for (; turns != 0; turns--) {
		qpmap_range_remove(qpmap_range_enter_list(list, LINUX_BULK,
		    QPMAP_ATTR_WRITE_BACK));
	}
}

/* From what vm_map_ram() takes. */
static noinline void
linux_count_list_pages(unsigned int turns)
{
	struct page **pages = linux_pages;
	qpmap_paddr_t list[LINUX_BULK];
	unsigned int i;

	for (; turns != 0; turns--) {
		LINUX_UNKNOWN(pages);
		for (i = 0; i < LINUX_BULK; i++) {
			list[i] = page_to_phys(pages[i]);
		}
		qpmap_range_remove(qpmap_range_enter_list(list, LINUX_BULK,
		    QPMAP_ATTR_WRITE_BACK));
	}
}

static noinline void
linux_count_pairs(unsigned int turns)
{
	unsigned int i;

	for (; turns != 0; turns--) {
		struct page **pages = linux_pages;

		LINUX_UNKNOWN(pages);
		for (i = 0; i < LINUX_BULK; i++) {
			pmap_quick_remove_page(pmap_quick_enter_page(pages[i]));
		}
	}
}

static noinline void
linux_count_kmaps(unsigned int turns)
{
	unsigned int i;

	for (; turns != 0; turns--) {
		struct page **pages = linux_pages;

		LINUX_UNKNOWN(pages);
		for (i = 0; i < LINUX_BULK; i++) {
			void *va = kmap_local_page(pages[i]);

			__asm__ volatile("" :: "r"(va) : "memory");
			kunmap_local(va);
		}
	}
}

static noinline void
linux_count_vm_map_rams(unsigned int turns)
{
	struct page **pages = linux_pages;

	for (; turns != 0; turns--) {
		LINUX_UNKNOWN(pages);
		vm_unmap_ram(vm_map_ram(pages, LINUX_BULK, NUMA_NO_NODE),
		    LINUX_BULK);
	}
}

static noinline void
linux_count_vmaps(unsigned int turns)
{
	struct page **pages = linux_pages;

	for (; turns != 0; turns--) {
		LINUX_UNKNOWN(pages);
		vunmap(vmap(pages, LINUX_BULK, VM_MAP, PAGE_KERNEL));
	}
}

static const struct linux_count_entry linux_counts[] = {
	{ "loop", linux_count_empty, LINUX_TURNS, false },
	{ "qpmap pair", linux_count_pair_pa, LINUX_TURNS, false },
	{ "qpmap pair, pmap names", linux_count_pair, LINUX_TURNS, false },
	{ "qpmap pair, load", linux_count_pair_load, LINUX_TURNS, false },
	{ "qpmap pair, copy", linux_count_pair_copy, 256, false },
	{ "kmap_local", linux_count_kmap, LINUX_TURNS, false },
	{ "kmap_local, load", linux_count_kmap_load, LINUX_TURNS, false },
	{ "kmap_local, copy", linux_count_kmap_copy, 256, false },
	{ "vm_map_ram", linux_count_vm_map_ram, 256, true },
	{ "vm_map_ram, load", linux_count_vm_map_ram_load, 256, true },
	{ "vmap", linux_count_vmap, 64, true },
	{ "16 pages, qpmap range", linux_count_range, LINUX_TURNS, false },
	{ "16 pages, qpmap list", linux_count_list, LINUX_TURNS, false },
	{ "16 pages, qpmap list from pages", linux_count_list_pages,
	    LINUX_TURNS, false },
	{ "16 pages, qpmap pairs", linux_count_pairs, 256, false },
	{ "16 pages, kmap_local", linux_count_kmaps, 256, false },
	{ "16 pages, vm_map_ram", linux_count_vm_map_rams, 256, true },
	{ "16 pages, vmap", linux_count_vmaps, 64, true },
};

int
linux_count(void)
{
	linux_count_folio = alloc_pages(GFP_HIGHUSER | __GFP_COMP, 4);
	if (linux_count_folio == NULL) {
		return (-ENOMEM);
	}
	linux_count_all(linux_counts, ARRAY_SIZE(linux_counts));
	__free_pages(linux_count_folio, 4);
	return (0);
}
