/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of errors, and of entries: memory types and protection,
 * compared with those that Linux makes.
 */
#include <linux/cpu.h>
#include <linux/kthread.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "linux.h"

/* Each spoils a good configuration in one place. */
static void
linux_spoil_nesting(struct qpmap_config *config)
{
	config->nesting = QPMAP_SLOTS + 1;
}

static void
linux_spoil_count(struct qpmap_config *config)
{
	config->cpu_count = 0;
}

static void
linux_spoil_flags(struct qpmap_config *config)
{
	config->flags |= 1u << 31;
}

static void
linux_spoil_types(struct qpmap_config *config)
{
	config->types = QPMAP_TYPE_BIT(QPMAP_TYPE_COUNT);
}

static void
linux_spoil_align(struct qpmap_config *config)
{
	config->window_va += PAGE_SIZE;
}

static void
linux_spoil_layout(struct qpmap_config *config)
{
	config->layout = 0x0606060606060606ull;
}

static void
linux_spoil_pa_bits(struct qpmap_config *config)
{
	config->pa_bits = 63;
}

static void
linux_spoil_range(struct qpmap_config *config)
{
	config->range_va += PAGE_SIZE;
}

static void
linux_spoil_shootdown(struct qpmap_config *config)
{
	config->shootdown = NULL;
}

static void
linux_spoil_global(struct qpmap_config *config)
{
	config->global_va = config->window_va & ~(QPMAP_GLOBAL_SIZE - 1);
}

/* Nothing: but Linux's placeholder is in the slots. */
static void
linux_spoil_nothing(struct qpmap_config *config)
{
}

#if defined(CONFIG_X86_64) || defined(CONFIG_ARM64)
static void
linux_spoil_user(struct qpmap_config *config)
{
	config->window_va = 16 * QPMAP_WINDOW_SIZE;
}
#endif

static const struct linux_wrong {
	const char *name;
	int error;
	void (*spoil)(struct qpmap_config *config);
} linux_wrong[] = {
	{ "nesting", QPMAP_ERR_NESTING, linux_spoil_nesting },
	{ "count", QPMAP_ERR_CPU_COUNT, linux_spoil_count },
	{ "flags", QPMAP_ERR_FLAGS, linux_spoil_flags },
	{ "types", QPMAP_ERR_TYPE_MASK, linux_spoil_types },
	{ "align", QPMAP_ERR_WINDOW_ALIGN, linux_spoil_align },
	{ "layout", QPMAP_ERR_LAYOUT, linux_spoil_layout },
	{ "pa_bits", QPMAP_ERR_PA_BITS, linux_spoil_pa_bits },
	{ "range", QPMAP_ERR_RANGE_AREA, linux_spoil_range },
	{ "shootdown", QPMAP_ERR_SHOOTDOWN, linux_spoil_shootdown },
	{ "global", QPMAP_ERR_GLOBAL_RANGE, linux_spoil_global },
	{ "placeholder", QPMAP_ERR_GLOBAL_LEAF, linux_spoil_nothing },
#if defined(CONFIG_X86_64) || defined(CONFIG_ARM64)
	{ "user", QPMAP_ERR_WINDOW_RANGE, linux_spoil_user },
#endif
};

/*
 * Before qpmap_init(), with the placeholders still there: called by main.c.
 * As a test it returns what happened then.
 */
const char *
linux_test_errors(unsigned int rounds)
{
	static bool done;
	static const char *why = "not tried";
	struct qpmap_options options = QPMAP_OPTIONS;
	struct qpmap_cpu_ptes ptes;
	struct qpmap_config config;
	unsigned int i;
	int error;

	if (done) {
		return (why);
	}
	done = true;
	why = NULL;
	for (i = 0; i < ARRAY_SIZE(linux_wrong); i++) {
		linux_configure(&config);
		linux_wrong[i].spoil(&config);
		error = qpmap_init(&config);
		if (error != linux_wrong[i].error) {
			pr_err("configuration %s: %s\n", linux_wrong[i].name,
			    qpmap_strerror(error));
			why = "a wrong configuration is no error";
		}
	}
	linux_configure(&config);
	options.word[QPMAP_OPTION_WORDS - 1]++;
	if (qpmap_init_options(&config, &options) != QPMAP_ERR_OPTION_DIRECT) {
		why = "other build options are no error";
	}
	ptes.window = config.global[0].leaf;
	if (qpmap_cpu_online(this_cpu_ptr(&linux_cpu), 0, &ptes) !=
	    QPMAP_ERR_NOT_INIT) {
		why = "a CPU comes online before qpmap_init()";
	}
	return (why);
}

/* A CPU's errors; on whichever this runs. */
const char *
linux_test_errors_cpu(unsigned int rounds)
{
	struct qpmap_cpu *other = kzalloc(2 * roundup_pow_of_two(
	    sizeof(*other)), GFP_KERNEL);
	struct qpmap_cpu_ptes ptes = { (struct qpmap_pte *)
	    linux_leaf(linux_area.window_va) };
	struct qpmap_pte *spare = (struct qpmap_pte *)
	    PTR_ALIGN_DOWN(linux_leaf(linux_area.spare_va), QPMAP_CACHE_LINE);
	const char *why = NULL;
	int error;

	(void)rounds;
	if (other == NULL) {
		return ("no memory");
	}
	preempt_disable();
	if (qpmap_cpu_online(this_cpu_ptr(&linux_cpu), 0, &ptes) !=
	    QPMAP_ERR_CPU_ONLINE) {
		why = "a CPU comes online twice";
	}
	if (qpmap_cpu_online(other, nr_cpu_ids, &ptes) !=
	    QPMAP_ERR_CPU_INDEX) {
		why = "there is no such window";
	}
	if (qpmap_cpu_online(other, 0, NULL) != QPMAP_ERR_CPU_LEAF) {
		why = "there is no leaf";
	}
	ptes.window++;
	if (qpmap_cpu_online(other, 0, &ptes) != QPMAP_ERR_LEAF_ALIGN) {
		why = "the leaf is misaligned";
	}
	if (qpmap_cpu_online((void *)((uintptr_t)other + 8), 0, &ptes) !=
	    QPMAP_ERR_CPU_ALIGN) {
		why = "the state is misaligned";
	}
	ptes.window = spare;
	error = qpmap_cpu_online(other, 0, &ptes);
	if (error != QPMAP_ERR_LEAF_USED && error != QPMAP_ERR_LEAF_OFFSET) {
		why = "the leaf is in use, and of another address";
	}
	preempt_enable();
	kfree(other);
	return (why);
}

/*
 * The memory type of a leaf entry, as the architecture numbers it: x86, the
 * PAT's byte; arm64, the MAIR's; riscv64, the PBMT field.
 */
static u32
linux_type(pte_t pte)
{
#if defined(CONFIG_X86)
	u64 pat;
	unsigned int index = (pte_val(pte) & _PAGE_PWT ? 1 : 0) +
	    (pte_val(pte) & _PAGE_PCD ? 2 : 0) +
	    (pte_val(pte) & _PAGE_PAT ? 4 : 0);

	rdmsrl(MSR_IA32_CR_PAT, pat);
	return (pat >> (8 * index) & 7);
#elif defined(CONFIG_ARM64)
	u32 type = read_sysreg(mair_el1) >>
	    (8 * (pte_val(pte) >> 2 & 7)) & 0xff;

	/* Tagged is write-back for whoever does not look at tags. */
	return (type == 0xf0 ? 0xff : type);
#else
	return (pte_val(pte) >> 61 & 3);
#endif
}

/*
 * What an entry allows.  Not whether it is global: Linux's are where they can
 * be, and the library's need not.
 */
static u64
linux_protection(pte_t pte)
{
#if defined(CONFIG_X86)
	return (pte_val(pte) & (_PAGE_PRESENT | _PAGE_RW | _PAGE_USER |
	    _PAGE_NX));
#elif defined(CONFIG_ARM64)
	return (pte_val(pte) & (PTE_VALID | PTE_USER | PTE_RDONLY | PTE_AF |
	    PTE_PXN | PTE_UXN | PTE_NG));
#else
	return (pte_val(pte) & (_PAGE_PRESENT | _PAGE_READ | _PAGE_WRITE |
	    _PAGE_EXEC | _PAGE_USER | _PAGE_ACCESSED | _PAGE_DIRTY));
#endif
}

/* Types, with Linux's name for each where it has one for RAM in vmap(). */
static const struct linux_type_entry {
	qpmap_attr_t attr;
	u32 type;
	bool peer;
} linux_types[] = {
#if defined(CONFIG_X86)
	{ QPMAP_ATTR_WRITE_BACK, 6, true },
	{ QPMAP_ATTR_WRITE_THROUGH, 4, true },
	{ QPMAP_ATTR_WRITE_COMBINING, 1, true },
	{ QPMAP_ATTR_UNCACHED, 0, false },
	{ QPMAP_ATTR_UNCACHED_MINUS, 7, true },
#elif defined(CONFIG_ARM64)
	{ QPMAP_ATTR_WRITE_BACK, 0xff, true },
	{ QPMAP_ATTR_WRITE_COMBINING, 0x44, true },
	{ QPMAP_ATTR_UNCACHED, 0x00, true },
	{ QPMAP_ATTR_UNCACHED_MINUS, 0x04, true },
#else
	{ QPMAP_ATTR_WRITE_BACK, 0, true },
	{ QPMAP_ATTR_WRITE_COMBINING, 1, true },
	{ QPMAP_ATTR_UNCACHED, 2, true },
#endif
};

static pgprot_t
linux_type_pgprot(qpmap_attr_t attr)
{
	switch (attr) {
#ifdef CONFIG_X86
	case QPMAP_ATTR_WRITE_THROUGH:
		return (pgprot_writethrough(PAGE_KERNEL));
	case QPMAP_ATTR_UNCACHED_MINUS:
		return (pgprot_noncached(PAGE_KERNEL));
#endif
#ifdef CONFIG_ARM64
	case QPMAP_ATTR_UNCACHED_MINUS:
		return (pgprot_device(PAGE_KERNEL));
#endif
#ifndef CONFIG_X86
	case QPMAP_ATTR_UNCACHED:
		return (pgprot_noncached(PAGE_KERNEL));
#endif
	case QPMAP_ATTR_WRITE_COMBINING:
		return (pgprot_writecombine(PAGE_KERNEL));
	default:
		return (PAGE_KERNEL);
	}
}

static const char *
linux_types_compare(const struct linux_type_entry *entry, pte_t ours)
{
	void *own = vmap(&linux_pages[0], 1, VM_MAP,
	    linux_type_pgprot(entry->attr));
	pte_t theirs;

	if (own == NULL) {
		return ("no memory");
	}
	theirs = *linux_leaf((qpmap_vaddr_t)own);
	vunmap(own);
	if (pte_pfn(ours) != pte_pfn(theirs)) {
		return ("the entry has another page than Linux's");
	}
	if (linux_protection(ours) != linux_protection(theirs)) {
		pr_info("type %lu: 0x%llx, Linux's 0x%llx\n",
		    (unsigned long)entry->attr, (u64)pte_val(ours),
		    (u64)pte_val(theirs));
		return ("the protection is not that of Linux's PAGE_KERNEL");
	}
	if (entry->peer && linux_type(ours) != linux_type(theirs)) {
		return ("the memory type is not that of Linux's own mapping");
	}
	return (NULL);
}

static const char *
linux_types_one(const struct linux_type_entry *entry)
{
	qpmap_vaddr_t va = qpmap_enter(page_to_phys(linux_pages[0]),
	    entry->attr);
	pte_t *leaf = linux_leaf(va);
	pte_t ours = *leaf;
	bool shows = linux_page_shows(0, va);
#ifdef CONFIG_X86
	unsigned int level = 0;
	bool found = lookup_address(va, &level) == leaf &&
	    level == PG_LEVEL_4K;
#else
	bool found = true;
#endif

	qpmap_remove(va);
	if (!shows || !found) {
		return ("the page is not at its address, or not for Linux");
	}
	if (linux_type(ours) != entry->type) {
		return ("the memory type is another one");
	}
	return (linux_types_compare(entry, ours));
}

/* A global slot's entry, by the same comparison. */
static const char *
linux_types_global(const struct linux_type_entry *entry)
{
	qpmap_vaddr_t va;
	pte_t ours;

	if (qpmap_global_enter(page_to_phys(linux_pages[0]), entry->attr,
	    &va) != QPMAP_OK) {
		return ("no global slot");
	}
	ours = *linux_leaf(va);
	qpmap_global_remove(va);
	return (linux_types_compare(entry, ours));
}

const char *
linux_test_types(unsigned int rounds)
{
	unsigned int i, count = 0;
	struct qpmap_config config;
	const char *why = NULL;

	(void)rounds;
	linux_configure(&config);
	config.types |= QPMAP_TYPE_BIT(QPMAP_ATTR_WRITE_BACK);
	for (i = 0; i < ARRAY_SIZE(linux_types) && why == NULL; i++) {
		if ((config.types & QPMAP_TYPE_BIT(linux_types[i].attr)) !=
		    0) {
			why = linux_types_one(&linux_types[i]);
			if (why == NULL) {
				why = linux_types_global(&linux_types[i]);
			}
			count++;
		}
	}
	pr_info("types: %u compared, flags 0x%x\n", count,
	    (unsigned int)config.flags);
	return (why);
}

/* What breaks the contract: each ends in a panic with its own text. */
static int
linux_break_align(void *unused)
{
	(void)qpmap_enter(page_to_phys(linux_pages[0]) + 8,
	    QPMAP_ATTR_WRITE_BACK);
	return (0);
}

static int
linux_break_width(void *unused)
{
	(void)qpmap_enter((qpmap_paddr_t)1 << 60, QPMAP_ATTR_WRITE_BACK);
	return (0);
}

static int
linux_break_attr(void *unused)
{
	(void)qpmap_enter(page_to_phys(linux_pages[0]), QPMAP_ATTR_COUNT);
	return (0);
}

static int
linux_break_remove(void *unused)
{
	qpmap_vaddr_t va = pmap_quick_enter_page(linux_pages[0]);

	pmap_quick_remove_page(va);
	pmap_quick_remove_page(va);
	return (0);
}

static int
linux_break_range_remove(void *unused)
{
	qpmap_vaddr_t va = qpmap_range_enter(page_to_phys(linux_pages[0]), 1,
	    QPMAP_ATTR_WRITE_BACK);

	qpmap_range_remove(va);
	qpmap_range_remove(va);
	return (0);
}

static int
linux_break_full(void *unused)
{
	unsigned int i;
	qpmap_vaddr_t va[QPMAP_SLOTS + 1];

	for (i = 0; i <= QPMAP_SLOTS; i++) {
		va[i] = pmap_quick_enter_page(linux_pages[i]);
	}
	return ((int)va[0]);
}

static int
linux_break_global(void *unused)
{
	qpmap_global_remove(linux_area.global_va + PAGE_SIZE);
	return (0);
}

/*
 * A panic with mappings held: qpmap_cpu_abandon() is what a crash dump would
 * call, and here it makes the CPU usable again for the tests that follow.
 */
static const char *
linux_panics_full(unsigned int rounds)
{
	(void)rounds;
	preempt_disable();
	qpmap_cpu_abandon(this_cpu_ptr(&linux_cpu));
	preempt_enable();
	return (NULL);
}

const char *
linux_test_panics(unsigned int rounds)
{
	const char *why;

	(void)rounds;
	if (!linux_panics(linux_break_align, QPMAP_PANIC_ALIGN)) {
		return ("a misaligned address is mapped");
	}
	if (!linux_panics(linux_break_width, QPMAP_PANIC_WIDTH)) {
		return ("an address that is too wide is mapped");
	}
	if (!linux_panics(linux_break_attr, QPMAP_PANIC_ATTR)) {
		return ("an attribute that does not exist is taken");
	}
	if (!linux_panics(linux_break_remove, QPMAP_PANIC_REMOVE)) {
		return ("a mapping is removed twice");
	}
	if (!linux_panics(linux_break_range_remove,
	    QPMAP_PANIC_RANGE_REMOVE)) {
		return ("a range is removed twice");
	}
	if (!linux_panics(linux_break_global, QPMAP_PANIC_GLOBAL)) {
		return ("a global mapping is removed that is none");
	}
	if (!linux_panics(linux_break_full, QPMAP_PANIC_FULL)) {
		return ("more mappings than slots");
	}
	why = linux_on_cpus(linux_panics_full, 0);
	return (why != NULL ? why : linux_on_cpus(linux_test_nesting, 1));
}
