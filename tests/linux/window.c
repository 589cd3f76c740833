/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel virtual addresses for the windows, range areas and global slots, their
 * page-table entries, and CPUs that come and go.
 *
 * get_vm_area() and init_mm are not for modules.  So vmap() maps one page, the
 * placeholder, at every address that is wanted: that reserves the addresses
 * and builds the tables.  The entries are then found by walking the tables
 * that the CPU uses, compared with what must be in them, and cleared.  vunmap()
 * does not mind empty entries.
 */
#include <linux/cpuhotplug.h>
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

struct linux_area linux_area;

static enum cpuhp_state linux_cpuhp;

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

/* Every entry is the placeholder's, for the walk and for Linux. */
static bool
linux_area_as_expected(void)
{
	unsigned long pfn = page_to_pfn(linux_area.placeholder);
	qpmap_vaddr_t va;

	for (va = linux_area.global_va; va != linux_area.end;
	    va += PAGE_SIZE) {
		pte_t *leaf = linux_leaf(va);

		if (leaf == NULL || !pte_present(*leaf) ||
		    pte_pfn(*leaf) != pfn ||
		    vmalloc_to_pfn((void *)va) != pfn) {
			return (false);
		}
	}
	return (true);
}

/*
 * Global slots, a guard page, windows, a guard page, range areas, a guard page,
 * spare pages.
 */
static unsigned long
linux_area_lay_out(qpmap_vaddr_t start)
{
	struct linux_area *area = &linux_area;

	area->global_va = ALIGN(start, QPMAP_GLOBAL_SIZE);
	area->window_va = ALIGN(area->global_va +
	    LINUX_GROUPS * QPMAP_GLOBAL_SIZE + PAGE_SIZE, QPMAP_WINDOW_SIZE);
	area->range_va = ALIGN(area->window_va +
	    nr_cpu_ids * QPMAP_WINDOW_SIZE + PAGE_SIZE, QPMAP_RANGE_SIZE);
	area->spare_va = area->range_va + nr_cpu_ids * QPMAP_RANGE_SIZE +
	    PAGE_SIZE;
	area->end = area->spare_va + LINUX_SPARE * PAGE_SIZE;
	return ((area->end - area->global_va + QPMAP_GLOBAL_SIZE +
	    QPMAP_RANGE_SIZE) >> PAGE_SHIFT);
}

static int
linux_area_map(void)
{
	unsigned long i, count = linux_area_lay_out(0);
	struct page **pages = kvmalloc_array(count, sizeof(*pages),
	    GFP_KERNEL);

	if (pages == NULL) {
		return (-ENOMEM);
	}
	for (i = 0; i < count; i++) {
		pages[i] = linux_area.placeholder;
	}
	linux_area.mapped = vmap(pages, (unsigned int)count, VM_MAP,
	    PAGE_KERNEL);
	kvfree(pages);
	if (linux_area.mapped == NULL) {
		return (-ENOMEM);
	}
	(void)linux_area_lay_out((qpmap_vaddr_t)linux_area.mapped);
	return (linux_area_as_expected() ? 0 : -EFAULT);
}

/* kzalloc() of a power of two, 64 or more, is aligned to a cache line. */
int
linux_area_get(void)
{
	struct linux_area *area = &linux_area;

	area->placeholder = alloc_page(GFP_KERNEL | __GFP_ZERO);
	area->shootdown = kzalloc(roundup_pow_of_two(sizeof(*area->shootdown)),
	    GFP_KERNEL);
	area->cpu_sync = kzalloc(roundup_pow_of_two(nr_cpu_ids *
	    sizeof(*area->cpu_sync)), GFP_KERNEL);
	area->global = kzalloc(roundup_pow_of_two(LINUX_GROUPS *
	    sizeof(*area->global)), GFP_KERNEL);
	if (area->placeholder == NULL || area->shootdown == NULL ||
	    area->cpu_sync == NULL || area->global == NULL) {
		return (-ENOMEM);
	}
	return (linux_area_map());
}

void
linux_area_put(void)
{
	if (linux_area.mapped != NULL) {
		vunmap(linux_area.mapped);
	}
	if (linux_area.placeholder != NULL) {
		__free_page(linux_area.placeholder);
	}
	kfree(linux_area.shootdown);
	kfree(linux_area.cpu_sync);
	kfree(linux_area.global);
}

/* This CPU invalidates the placeholders. */
static void
linux_area_invalidate(void *unused)
{
#if defined(CONFIG_X86)
	qpmap_vaddr_t va;

	for (va = linux_area.global_va; va != linux_area.spare_va;
	    va += PAGE_SIZE) {
		__asm__ volatile("invlpg (%0)" :: "r"(va) : "memory");
	}
#elif defined(CONFIG_ARM64)
	flush_tlb_kernel_range(linux_area.global_va, linux_area.spare_va);
#else
	local_flush_tlb_all();
#endif
}

/* Clear all entries but those of the spare pages. */
void
linux_area_clear(void)
{
	qpmap_vaddr_t va;

	for (va = linux_area.global_va; va != linux_area.spare_va;
	    va += PAGE_SIZE) {
		pte_clear(current->active_mm, va, linux_leaf(va));
	}
	on_each_cpu(linux_area_invalidate, NULL, 1);
}

#ifdef CONFIG_X86
/* The types in the PAT: on CPUs with certain errata Linux leaves some out. */
static u32
linux_configure_types(void)
{
	static const u8 type[8] = {
		[0] = QPMAP_ATTR_UNCACHED, [1] = QPMAP_ATTR_WRITE_COMBINING,
		[4] = QPMAP_ATTR_WRITE_THROUGH, [7] = QPMAP_ATTR_UNCACHED_MINUS,
	};
	u32 types = 0;
	u64 pat;

	rdmsrl(MSR_IA32_CR_PAT, pat);
	for (; pat != 0; pat >>= 8) {
		types |= QPMAP_TYPE_BIT(type[pat & 7]);
	}
	return (types | QPMAP_TYPE_BIT(QPMAP_ATTR_UNCACHED));
}
#endif

#ifdef CONFIG_ARM64
/*
 * Whether this kernel isolates its page tables from users: it decides that
 * when it boots, and then its own entries have nG.  The spare pages' have what
 * vmap() and PAGE_KERNEL gave them.
 */
static bool
linux_non_global(void)
{
	return ((pte_val(*linux_leaf(linux_area.spare_va)) & PTE_NG) != 0);
}
#endif

/* Flags, and the memory types that the machine has. */
static void
linux_configure_machine(struct qpmap_config *config)
{
#if defined(CONFIG_X86)
	config->types = linux_configure_types();
#ifdef CONFIG_X86_32
	if ((__supported_pte_mask & _PAGE_NX) == 0) {
		config->flags |= QPMAP_F_NO_NX;
	}
#endif
#ifdef CONFIG_AMD_MEM_ENCRYPT
	config->private_mask = sme_me_mask;
#endif
#elif defined(CONFIG_ARM64)
	config->types = QPMAP_TYPE_BIT(QPMAP_ATTR_WRITE_COMBINING) |
	    QPMAP_TYPE_BIT(QPMAP_ATTR_UNCACHED) |
	    QPMAP_TYPE_BIT(QPMAP_ATTR_UNCACHED_MINUS);
	if (linux_non_global()) {
		config->flags |= QPMAP_F_SET_NG;
	}
#else
	if (riscv_isa_extension_available(NULL, SVPBMT)) {
		config->flags |= QPMAP_F_SVPBMT;
		config->types = QPMAP_TYPE_BIT(QPMAP_ATTR_WRITE_COMBINING) |
		    QPMAP_TYPE_BIT(QPMAP_ATTR_UNCACHED);
	}
	if (riscv_isa_extension_available(NULL, SVINVAL)) {
		config->flags |= QPMAP_F_SVINVAL;
	}
#endif
}

/*
 * A window, and a range area, for each CPU that Linux may ever have, by its
 * number.
 */
void
linux_configure(struct qpmap_config *config)
{
	unsigned int i;

	memset(config, 0, sizeof(*config));
	config->window_va = linux_area.window_va;
	config->range_va = linux_area.range_va;
	config->cpu_count = nr_cpu_ids;
	config->nesting = QPMAP_SLOTS;
	config->shootdown = linux_area.shootdown;
	config->cpu_sync = linux_area.cpu_sync;
	config->global_va = linux_area.global_va;
	config->global = linux_area.global;
	config->global_count = LINUX_GROUPS;
	for (i = 0; i < LINUX_GROUPS; i++) {
		linux_area.global[i].leaf = (struct qpmap_pte *)
		    linux_leaf(linux_area.global_va + i * QPMAP_GLOBAL_SIZE);
	}
	linux_configure_machine(config);
}

/*
 * In the hotplug thread of the CPU, when it has long been able to take
 * interrupts.  With interrupts off: the library changes CR4.PGE here, in
 * several instructions.
 */
static int
linux_cpu_online(unsigned int cpu)
{
	const struct qpmap_cpu_ptes ptes = {
		.window = (struct qpmap_pte *)linux_leaf(linux_area.window_va +
		    cpu * QPMAP_WINDOW_SIZE),
		.range = (struct qpmap_pte *)linux_leaf(linux_area.range_va +
		    cpu * QPMAP_RANGE_SIZE),
	};
	unsigned long flags;
	int error;

	local_irq_save(flags);
	error = qpmap_cpu_online(this_cpu_ptr(&linux_cpu), cpu, &ptes);
	local_irq_restore(flags);
	if (error != QPMAP_OK) {
		pr_err("CPU %u: %s\n", cpu, qpmap_strerror(error));
	}
	return (error == QPMAP_OK ? 0 : -EINVAL);
}

/* In the same thread, while the CPU still takes interrupts. */
static int
linux_cpu_offline(unsigned int cpu)
{
	unsigned long flags;

	local_irq_save(flags);
	qpmap_cpu_offline(this_cpu_ptr(&linux_cpu));
	local_irq_restore(flags);
	return (0);
}

int
linux_cpus_online(void)
{
	int state = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "qpmap:online",
	    linux_cpu_online, linux_cpu_offline);

	if (state < 0) {
		return (state);
	}
	linux_cpuhp = (enum cpuhp_state)state;
	return (0);
}

void
linux_cpus_offline(void)
{
	cpuhp_remove_state(linux_cpuhp);
}
