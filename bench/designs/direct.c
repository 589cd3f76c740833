/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernels whose direct map has every page, for comparison: enter is the page's
 * address there, and remove is nothing.  Renderings of our own of what they do.
 *
 * FreeBSD/arm64 and /riscv64: pmap_quick_enter_page() adds the direct map's
 * offset to the page's physical address, a member of its structure;
 * pmap_quick_remove_page() is an empty function.
 *
 * Linux on 64-bit machines: kmap_local_page() is page_address(), inline: the
 * page's number is the place of its structure in the array of all; and
 * kunmap_local() is nothing at all.  Here enter is a function, so that a return
 * is counted that Linux does not have.
 *
 * What they do not do: check the page, or its memory type.  Where the kernels
 * have a constant for an offset there is a variable here.
 */
#include "design.h"

/* As vm_page_t: the address is further down. */
struct dmap_page {
	void *links[6];
	qpmap_paddr_t phys_addr;
};
static struct dmap_page dmap_page;

qpmap_uptr
dmap_page_of(qpmap_paddr_t pa)
{
	dmap_page.phys_addr = pa;
	return ((qpmap_uptr)&dmap_page);
}

qpmap_vaddr_t
dmap_enter(qpmap_uptr page)
{
	const struct dmap_page *m = (const struct dmap_page *)page;

	return (m->phys_addr - design_direct_pa + design_direct_va);
}

void
dmap_remove(qpmap_vaddr_t va)
{
	(void)va;
}

/* As struct page; and where the array of all would begin. */
struct lowmem_page {
	qpmap_u64 members[8];
};
static struct lowmem_page lowmem_page;
extern qpmap_uptr lowmem_pages;
qpmap_uptr lowmem_pages;

qpmap_uptr
lowmem_page_of(qpmap_paddr_t pa)
{
	lowmem_pages = (qpmap_uptr)&lowmem_page -
	    (qpmap_uptr)(pa >> QPMAP_PAGE_SHIFT) * sizeof(lowmem_page);
	return ((qpmap_uptr)&lowmem_page);
}

qpmap_vaddr_t
lowmem_enter(qpmap_uptr page)
{
	qpmap_uptr pfn = (page - lowmem_pages) / sizeof(struct lowmem_page);

	return (design_direct_base + (pfn << QPMAP_PAGE_SHIFT));
}
