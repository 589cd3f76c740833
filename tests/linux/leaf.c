/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel virtual addresses with page-table entries of their own.
 *
 * get_vm_area() and init_mm are not for modules.  So vmap() maps one page, the
 * placeholder, at every address that is wanted: that reserves the addresses
 * and builds the tables.  The entries are then found by walking the tables
 * that the CPU uses, compared with what must be in them, and cleared.  vunmap()
 * does not mind empty entries.
 */
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "linux.h"

#ifdef CONFIG_X86
#include <asm/special_insns.h>
#endif
#ifdef CONFIG_RISCV
#include <asm/csr.h>
#include <asm/hwcap.h>
#endif

/* The root table that maps the kernel, on this CPU, now. */
static pgd_t *
linux_root(void)
{
	phys_addr_t root;

#if defined(CONFIG_X86)
	root = read_cr3_pa();
#elif defined(CONFIG_ARM64)
	root = read_sysreg(ttbr1_el1) & GENMASK_ULL(47, 1);
#else
	root = (phys_addr_t)(csr_read(CSR_SATP) & SATP_PPN) << PAGE_SHIFT;
#endif
	return (phys_to_virt(root));
}

/*
 * The leaf entry of an address that vmap() has built tables for, or NULL.  The
 * caller may move to another CPU: the tables below the root are the same.
 */
#ifdef CONFIG_RISCV
/* Linux's own functions are not all for modules. */
pte_t *
linux_leaf(qpmap_vaddr_t va)
{
	unsigned long mode = csr_read(CSR_SATP) >> SATP_MODE_SHIFT;
	unsigned long level = mode - (SATP_MODE_39 >> SATP_MODE_SHIFT) + 2;
	pgd_t *table = linux_root();
	unsigned long entry;

	for (; level != 0; level--) {
		entry = pgd_val(table[va >> (PAGE_SHIFT + 9 * level) & 511]);
		if ((entry & _PAGE_PRESENT) == 0 ||
		    (entry & _PAGE_LEAF) != 0) {
			return (NULL);
		}
		table = phys_to_virt((entry & _PAGE_PFN_MASK) >>
		    _PAGE_PFN_SHIFT << PAGE_SHIFT);
	}
	return ((pte_t *)&table[va >> PAGE_SHIFT & 511]);
}
#else
pte_t *
linux_leaf(qpmap_vaddr_t va)
{
	pgd_t *pgd = pgd_offset_pgd(linux_root(), va);
	p4d_t *p4d;
	pud_t *pud;
	pmd_t *pmd;

	if (pgd_none(*pgd)) {
		return (NULL);
	}
	p4d = p4d_offset(pgd, va);
	if (p4d_none(*p4d)) {
		return (NULL);
	}
	pud = pud_offset(p4d, va);
	if (pud_none(*pud) || pud_leaf(*pud)) {
		return (NULL);
	}
	pmd = pmd_offset(pud, va);
	if (pmd_none(*pmd) || pmd_leaf(*pmd)) {
		return (NULL);
	}
	return (pte_offset_kernel(pmd, va));
}
#endif

/* Whether every entry is the page's, for the walk and for Linux. */
static bool
linux_leaves_are(qpmap_vaddr_t va, qpmap_vaddr_t end, unsigned long pfn)
{
	for (; va != end; va += PAGE_SIZE) {
		pte_t *leaf = linux_leaf(va);

		if (leaf == NULL || !pte_present(*leaf) ||
		    pte_pfn(*leaf) != pfn ||
		    vmalloc_to_pfn((void *)va) != pfn) {
			return (false);
		}
	}
	return (true);
}

/* The page at so many addresses, for vunmap(); NULL if that fails. */
void *
linux_leaves_map(struct page *page, unsigned long count)
{
	struct page **pages = kvmalloc_array(count, sizeof(*pages),
	    GFP_KERNEL);
	unsigned long i;
	void *mapped;

	if (pages == NULL) {
		return (NULL);
	}
	for (i = 0; i < count; i++) {
		pages[i] = page;
	}
	mapped = vmap(pages, (unsigned int)count, VM_MAP, PAGE_KERNEL);
	kvfree(pages);
	if (mapped != NULL && !linux_leaves_are((qpmap_vaddr_t)mapped,
	    (qpmap_vaddr_t)mapped + count * PAGE_SIZE, page_to_pfn(page))) {
		vunmap(mapped);
		mapped = NULL;
	}
	return (mapped);
}

struct linux_leaves {
	qpmap_vaddr_t va;
	qpmap_vaddr_t end;
};

/* This CPU invalidates the placeholders. */
static void
linux_leaves_invalidate(void *argument)
{
	const struct linux_leaves *leaves = argument;

#if defined(CONFIG_X86)
	qpmap_vaddr_t va;

	for (va = leaves->va; va != leaves->end; va += PAGE_SIZE) {
		__asm__ volatile("invlpg (%0)" :: "r"(va) : "memory");
	}
#elif defined(CONFIG_ARM64)
	flush_tlb_kernel_range(leaves->va, leaves->end);
#else
	(void)leaves;
	local_flush_tlb_all();
#endif
}

/* Clear the entries from va up to end. */
void
linux_leaves_clear(qpmap_vaddr_t va, qpmap_vaddr_t end)
{
	struct linux_leaves leaves = { va, end };

	for (; va != end; va += PAGE_SIZE) {
		pte_clear(current->active_mm, va, linux_leaf(va));
	}
	on_each_cpu(linux_leaves_invalidate, &leaves, 1);
}

/*
 * The library's flags for this kernel.  An arm64 kernel that isolates its page
 * tables from users decides that when it boots, and then its own entries have
 * nG: vmap() and PAGE_KERNEL gave it to that of mapped.
 */
u32
linux_flags(qpmap_vaddr_t mapped)
{
	(void)mapped;
#ifdef CONFIG_X86_32
	if ((__supported_pte_mask & _PAGE_NX) == 0) {
		return (QPMAP_F_NO_NX);
	}
#endif
#ifdef CONFIG_ARM64
	if ((pte_val(*linux_leaf(mapped)) & PTE_NG) != 0) {
		return (QPMAP_F_SET_NG);
	}
#endif
	return (0);
}
