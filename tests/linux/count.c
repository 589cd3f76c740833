/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Instructions, in QEMU with -icount shift=0, where a nanosecond is one.
 *
 * Each line of the report is a loop's cost for one turn, less that of an
 * empty loop: the least of several batches, so that what does not belong to it
 * (a tick of the timer, for what runs with interrupts on) is left out.
 */
#include <linux/highmem.h>
#include <linux/irqflags.h>
#include <linux/ktime.h>
#include <linux/vmalloc.h>

#include "linux.h"

#define LINUX_TURNS	1024u
#define LINUX_BATCHES	8u

typedef void (*linux_body)(unsigned int turns);

/* Where loops leave what they loaded, so that they must. */
static volatile u32 linux_sink;

/*
 * The compiler knows nothing of x any more: what is inline is worked out anew
 * in each turn, as for different pages.
 */
#define LINUX_UNKNOWN(x) __asm__ volatile("" : "+r"(x) :: "memory")

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

/* The least of some batches of so many turns, for one turn. */
static unsigned int
linux_count_least(linux_body body, unsigned int turns, bool interrupts)
{
	u64 start, least = ~0ull;
	unsigned int i;

	for (i = 0; i < LINUX_BATCHES; i++) {
		unsigned long flags = 0;

		if (!interrupts) {
			local_irq_save(flags);
		}
		start = ktime_get_ns();
		body(turns);
		least = min(least, ktime_get_ns() - start);
		if (!interrupts) {
			local_irq_restore(flags);
		}
	}
	return ((unsigned int)least / turns);
}

static const struct linux_count_entry {
	const char *name;
	linux_body body;
	unsigned int turns;
	bool interrupts;	/* on: what allocates may not be without */
} linux_counts[] = {
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
};

/* Each body runs once before it counts: caches of allocators fill up. */
void
linux_count(void)
{
	unsigned int i, empty, cost;

	linux_count_empty(LINUX_TURNS);
	empty = linux_count_least(linux_count_empty, LINUX_TURNS, false);
	pr_info("COUNT loop %u\n", empty);
	for (i = 0; i < ARRAY_SIZE(linux_counts); i++) {
		linux_counts[i].body(linux_counts[i].turns);
		cost = linux_count_least(linux_counts[i].body,
		    linux_counts[i].turns, linux_counts[i].interrupts);
		pr_info("COUNT %s: %u\n", linux_counts[i].name, cost - empty);
	}
}
