/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the windows, range areas and global slots are, how the library is
 * configured, and CPUs that come and go.
 */
#include <linux/cpuhotplug.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "linux.h"

struct linux_area linux_area;

static enum cpuhp_state linux_cpuhp;

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
	linux_area.mapped = linux_leaves_map(linux_area.placeholder,
	    linux_area_lay_out(0));
	if (linux_area.mapped == NULL) {
		return (-ENOMEM);
	}
	(void)linux_area_lay_out((qpmap_vaddr_t)linux_area.mapped);
	return (0);
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

/* Clear all entries but those of the spare pages. */
void
linux_area_clear(void)
{
	linux_leaves_clear(linux_area.global_va, linux_area.spare_va);
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

/* Flags, and the memory types that the machine has. */
static void
linux_configure_machine(struct qpmap_config *config)
{
	config->flags = linux_flags(linux_area.spare_va);
#if defined(CONFIG_X86)
	config->types = linux_configure_types();
#ifdef CONFIG_AMD_MEM_ENCRYPT
	config->private_mask = sme_me_mask;
#endif
#elif defined(CONFIG_ARM64)
	config->types = QPMAP_TYPE_BIT(QPMAP_ATTR_WRITE_COMBINING) |
	    QPMAP_TYPE_BIT(QPMAP_ATTR_UNCACHED) |
	    QPMAP_TYPE_BIT(QPMAP_ATTR_UNCACHED_MINUS);
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
