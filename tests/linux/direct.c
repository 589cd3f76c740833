/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A second module: the library again, one that knows some pages of Linux's
 * direct map, and enter and remove inline.  For each of them enter must give
 * what page_address() does, and both are counted.
 *
 *	insmod qpmap_direct.ko			try them
 *	insmod qpmap_direct.ko count=1		and count (QEMU, -icount)
 *
 * No CPU comes online: pages in the direct map need none.
 */
#include <linux/bug.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/vmalloc.h>

#ifdef pr_fmt
#undef pr_fmt
#endif
#define pr_fmt(fmt) "qpmap: " fmt

#include <qpmap/host.h>
#include <qpmap/pmap.h>

#include "count.h"

#define LINUX_ORDER	4		/* of the pages, log2 */

static bool count;
module_param(count, bool, 0444);
MODULE_PARM_DESC(count, "count instructions, beside Linux's own (no)");

DEFINE_PER_CPU_ALIGNED(struct qpmap_cpu, linux_cpu);

static struct page *linux_direct;
static void *linux_reserved;		/* addresses for windows */

QPMAP_NORETURN QPMAP_CALL void
qpmap_host_panic(const char *text, qpmap_u64 a, qpmap_u64 b)
{
	pr_emerg("%s, 0x%llx, 0x%llx\n", text, (unsigned long long)a,
	    (unsigned long long)b);
	BUG();
}

static noinline void
linux_direct_empty(unsigned int turns)
{
	struct page *page = linux_direct;

	for (; turns != 0; turns--) {
		LINUX_UNKNOWN(page);
	}
}

static noinline void
linux_direct_pair(unsigned int turns)
{
	struct page *page = linux_direct;

	for (; turns != 0; turns--) {
		qpmap_vaddr_t va;

		LINUX_UNKNOWN(page);
		va = pmap_quick_enter_page(page);
		LINUX_UNKNOWN(va);
		pmap_quick_remove_page(va);
	}
}

static noinline void
linux_direct_pair_pa(unsigned int turns)
{
	qpmap_paddr_t pa = page_to_phys(linux_direct);

	for (; turns != 0; turns--) {
		qpmap_vaddr_t va;

		LINUX_UNKNOWN(pa);
		va = qpmap_enter(pa, QPMAP_ATTR_WRITE_BACK);
		LINUX_UNKNOWN(va);
		qpmap_remove(va);
	}
}

static noinline void
linux_direct_address(unsigned int turns)
{
	struct page *page = linux_direct;

	for (; turns != 0; turns--) {
		void *va;

		LINUX_UNKNOWN(page);
		va = page_address(page);
		LINUX_UNKNOWN(va);
	}
}

static const struct linux_count_entry linux_direct_counts[] = {
	{ "direct map, loop", linux_direct_empty, LINUX_TURNS, false },
	{ "direct map, qpmap inline", linux_direct_pair, LINUX_TURNS, false },
	{ "direct map, qpmap inline, address", linux_direct_pair_pa,
	    LINUX_TURNS, false },
	{ "direct map, page_address", linux_direct_address, LINUX_TURNS,
	    false },
};

static int
linux_direct_check(void)
{
	unsigned int i;

	for (i = 0; i < 1u << LINUX_ORDER; i++) {
		struct page *page = linux_direct + i;
		qpmap_vaddr_t va = pmap_quick_enter_page(page);

		if (va != (qpmap_vaddr_t)page_address(page)) {
			pr_err("page %u of the direct map: 0x%lx\n", i,
			    (unsigned long)va);
			return (-EIO);
		}
		pmap_quick_remove_page(va);
	}
	pr_info("the direct map is used inline\n");
	return (0);
}

static int
linux_direct_start(void)
{
	struct qpmap_config config = {
		.window_va = ALIGN((qpmap_vaddr_t)linux_reserved,
		    QPMAP_WINDOW_SIZE),
		.cpu_count = 1,
		.nesting = QPMAP_SLOTS,
		.direct_va = (qpmap_vaddr_t)page_address(linux_direct),
		.direct_pa = page_to_phys(linux_direct),
		.direct_size = PAGE_SIZE << LINUX_ORDER,
	};
	int error;

#ifdef CONFIG_X86_32
	if ((__supported_pte_mask & _PAGE_NX) == 0) {
		config.flags |= QPMAP_F_NO_NX;
	}
#endif
	error = qpmap_init(&config);
	if (error != QPMAP_OK) {
		pr_err("%s\n", qpmap_strerror(error));
		return (-EINVAL);
	}
	error = linux_direct_check();
	if (error == 0 && count) {
		linux_count_all(linux_direct_counts,
		    ARRAY_SIZE(linux_direct_counts));
	}
	return (error);
}

static void
linux_direct_put(void)
{
	if (linux_direct != NULL) {
		__free_pages(linux_direct, LINUX_ORDER);
	}
	vfree(linux_reserved);
}

static int __init
linux_direct_init(void)
{
	int error = -ENOMEM;

	linux_direct = alloc_pages(GFP_KERNEL, LINUX_ORDER);
	linux_reserved = vmalloc(3 * QPMAP_WINDOW_SIZE);
	if (linux_direct != NULL && linux_reserved != NULL) {
		error = linux_direct_start();
	}
	if (error != 0) {
		linux_direct_put();
	}
	return (error);
}

module_init(linux_direct_init);
module_exit(linux_direct_put);

MODULE_DESCRIPTION("qpmap's enter and remove inline, in the direct map");
MODULE_LICENSE("Dual BSD/GPL");
