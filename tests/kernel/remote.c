/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Global mappings, and mappings of the kernel's own, used by all CPUs while
 * others take them away: whoever has the lock knows what an address shows, and
 * a CPU that still has an old translation sees another page.
 *
 * The locks are taken with interrupts off, and their holders shoot down.
 */
#include "remote.h"
#include "stress.h"

/* As many global mappings as there can be, but for those that CPUs work on. */
#define KERNEL_OBJECTS		((uint32_t)QPMAP_GLOBAL_SLOTS - 8)
#define KERNEL_LIMBO		8u
#define KERNEL_REMOTE_PAGES						\
	(KERNEL_OBJECTS + (KERNEL_LIMBO + 2) * KERNEL_CPUS)
#define KERNEL_REGIONS		4u
#define KERNEL_REGION_PAGES	40u	/* a shootdown of these is one of all */
#define KERNEL_OWN_DUEL		320u	/* pages of own.c, behind the regions */
#define KERNEL_REMOTE_STEPS	60u
#define KERNEL_DUELS		24u
#define KERNEL_LOCKED		20u

/* Its last word counts; the others are those of seed. */
struct kernel_remote_page {
	qpmap_paddr_t pa;
	uint32_t seed;
	uint32_t count;
};

/* Something at an address that all CPUs use, or that there is not: va is 0. */
struct kernel_object {
	struct kernel_lock lock;
	qpmap_vaddr_t va;
	struct kernel_remote_page *page;
};

/* Pages that one CPU took away, and that others may use until a quiesce. */
struct kernel_limbo {
	uint32_t count;
	struct kernel_remote_page *page[KERNEL_LIMBO];
};

/*
 * Own mappings that go together: the first shows page[turn], the next ones
 * those that follow.  Only the CPUs of the set use them.
 */
struct kernel_region {
	struct kernel_lock lock;
	uint32_t first, count, turn;
	unsigned long cpus;		/* 0: not mapped yet */
	qpmap_paddr_t pa[2 * KERNEL_REGION_PAGES];
};

static struct kernel_remote_page kernel_remote_pages[KERNEL_REMOTE_PAGES];
static struct kernel_object kernel_objects[KERNEL_OBJECTS];
static struct kernel_limbo kernel_limbos[KERNEL_CPUS];
static struct kernel_region kernel_regions[KERNEL_REGIONS];

/* The pages that are nobody's. */
static struct kernel_lock kernel_spare_lock;
static struct kernel_remote_page *kernel_spare[KERNEL_REMOTE_PAGES];
static uint32_t kernel_spare_count;

/* A page filled from that seed. */
static qpmap_paddr_t
kernel_page_filled(uint32_t seed)
{
	qpmap_paddr_t pa = kernel_page_alloc();
	qpmap_vaddr_t va = qpmap_enter(pa, QPMAP_ATTR_WRITE_BACK);
	uint32_t i;

	for (i = 0; i < KERNEL_WORDS; i++) {
		kernel_words(va)[i] = kernel_word(seed, i);
	}
	qpmap_remove(va);
	return (pa);
}

static uint32_t
kernel_region_seed(const struct kernel_region *region, uint32_t page)
{
	return (0x10000 + region->first * 256 + page);
}

void
kernel_remote_init(void)
{
	static const uint32_t counts[KERNEL_REGIONS] =
	    { 1, 2, 7, KERNEL_REGION_PAGES };
	struct kernel_region *region;
	uint32_t i, j;

	for (i = 0; i < KERNEL_REMOTE_PAGES; i++) {
		kernel_remote_pages[i].seed = i + 1;
		kernel_remote_pages[i].pa = kernel_page_filled(i + 1);
		kernel_remote_pages[i].count =
		    kernel_word(i + 1, KERNEL_WORDS - 1);
		kernel_spare[i] = &kernel_remote_pages[i];
	}
	kernel_spare_count = KERNEL_REMOTE_PAGES;
	for (i = 0; i < KERNEL_REGIONS; i++) {
		region = &kernel_regions[i];
		region->first = i * 64;
		region->count = counts[i];
		for (j = 0; j < 2 * region->count; j++) {
			region->pa[j] = kernel_page_filled(
			    kernel_region_seed(region, j));
		}
	}
}

static struct kernel_remote_page *
kernel_spare_take(struct kernel_cpu *cpu)
{
	struct kernel_remote_page *page;
	unsigned long irq = machine_irq_save();
	uint32_t i;

	kernel_lock(&kernel_spare_lock);
	i = kernel_random(cpu, kernel_spare_count);
	page = kernel_spare[i];
	kernel_spare[i] = kernel_spare[--kernel_spare_count];
	kernel_unlock(&kernel_spare_lock);
	machine_irq_restore(irq);
	return (page);
}

static void
kernel_spare_give(struct kernel_remote_page *page)
{
	unsigned long irq = machine_irq_save();

	kernel_lock(&kernel_spare_lock);
	kernel_spare[kernel_spare_count++] = page;
	kernel_unlock(&kernel_spare_lock);
	machine_irq_restore(irq);
}

/* At va is that page, as it was left; and count once more. */
static void
kernel_use(struct kernel_cpu *cpu, qpmap_vaddr_t va,
    struct kernel_remote_page *page)
{
	volatile uint32_t *last = &kernel_words(va)[KERNEL_WORDS - 1];
	uint32_t i = kernel_random(cpu, KERNEL_WORDS - 1);

	kernel_expect(kernel_words(va)[i] == kernel_word(page->seed, i),
	    "an address shows another page");
	kernel_expect(*last == page->count, "a page was used elsewhere");
	page->count++;
	*last = page->count;
}

/* A page that nobody can use any more is seen through a window only. */
static void
kernel_retire(struct kernel_cpu *cpu, struct kernel_remote_page *page)
{
	qpmap_vaddr_t va = qpmap_enter(page->pa, QPMAP_ATTR_WRITE_BACK);

	kernel_use(cpu, va, page);
	qpmap_remove(va);
	kernel_spare_give(page);
}

static void
kernel_limbo_end(struct kernel_cpu *cpu)
{
	struct kernel_limbo *limbo = &kernel_limbos[cpu->number];

	qpmap_quiesce();
	while (limbo->count > 0) {
		kernel_retire(cpu, limbo->page[--limbo->count]);
	}
}

/* va stays 0 if there is no slot: those in a shootdown count as taken. */
static void
kernel_object_begin(struct kernel_cpu *cpu, struct kernel_object *object)
{
	object->page = kernel_spare_take(cpu);
	if (qpmap_global_enter(object->page->pa, QPMAP_ATTR_WRITE_BACK,
	    &object->va) != QPMAP_OK) {
		kernel_spare_give(object->page);
	}
}

static void
kernel_object_end(struct kernel_cpu *cpu, struct kernel_object *object,
    bool deferred)
{
	struct kernel_limbo *limbo = &kernel_limbos[cpu->number];

	if (deferred && limbo->count < KERNEL_LIMBO) {
		qpmap_global_remove_deferred(object->va);
		limbo->page[limbo->count++] = object->page;
	} else {
		qpmap_global_remove(object->va);
		kernel_retire(cpu, object->page);
	}
	object->va = 0;
}

/*
 * A mapping that all share is used, and sometimes goes, for another to come.
 * Whether there was a slot.
 */
static bool
kernel_object_try(struct kernel_cpu *cpu, struct kernel_object *object)
{
	unsigned long irq = kernel_lock_polled(&object->lock);
	bool there;

	if (object->va == 0) {
		kernel_object_begin(cpu, object);
	}
	there = object->va != 0;
	if (there) {
		machine_notified();
		kernel_use(cpu, object->va, object->page);
		if (kernel_random(cpu, 4) == 0) {
			kernel_object_end(cpu, object,
			    kernel_random(cpu, 3) != 0);
		}
	}
	kernel_unlock_polled(&object->lock, irq);
	return (there);
}

/* There are more slots than objects: who tries again has one in the end. */
static void
kernel_object_step(struct kernel_cpu *cpu)
{
	struct kernel_object *object =
	    &kernel_objects[kernel_random(cpu, KERNEL_OBJECTS)];

	while (!kernel_object_try(cpu, object)) {
		machine_relax();
	}
	if (kernel_limbos[cpu->number].count == KERNEL_LIMBO) {
		kernel_limbo_end(cpu);
	}
}

static void
kernel_region_check(struct kernel_cpu *cpu, struct kernel_region *region)
{
	uint32_t i, n;

	for (n = 0; n < 4; n++) {
		i = kernel_random(cpu, region->count);
		kernel_check_words(cpu, kernel_own_va(region->first + i),
		    kernel_region_seed(region, region->turn + i));
	}
}

/* Other pages are mapped, and another set of CPUs uses them. */
static void
kernel_region_turn(struct kernel_cpu *cpu, struct kernel_region *region)
{
	uint32_t value;

	if (region->cpus != 0) {
		kernel_own_unmap(region->first, region->count);
		kernel_own_shoot(region->first, region->count, region->cpus);
	}
	kernel_expect((region->cpus >> cpu->number & 1) == 0 ||
	    !machine_load(kernel_own_va(region->first + region->count - 1),
	    &value), "a page of the kernel's own is still there");
	region->turn = kernel_random(cpu, region->count + 1);
	region->cpus = kernel_random(cpu, (1u << KERNEL_CPUS) - 1) + 1;
	kernel_own_map(region->first, &region->pa[region->turn],
	    region->count);
}

static void
kernel_region_step(struct kernel_cpu *cpu, struct kernel_region *region)
{
	unsigned long irq = kernel_lock_polled(&region->lock);

	if ((region->cpus >> cpu->number & 1) != 0) {
		machine_notified();
		kernel_region_check(cpu, region);
	}
	if (region->cpus == 0 || kernel_random(cpu, 3) == 0) {
		kernel_region_turn(cpu, region);
	}
	kernel_unlock_polled(&region->lock, irq);
}

void
kernel_remote_steps(struct kernel_cpu *cpu, uint32_t steps)
{
	while (steps-- > 0) {
		kernel_object_step(cpu);
		if (steps % 4 == 0) {
			kernel_region_step(cpu, &kernel_regions[
			    kernel_random(cpu, KERNEL_REGIONS)]);
		}
	}
}

void
kernel_remote_end(void)
{
	struct kernel_cpu *cpu = machine_this_cpu();
	struct kernel_limbo *limbo;
	uint32_t i;

	for (i = 0; i < KERNEL_OBJECTS; i++) {
		if (kernel_objects[i].va != 0) {
			kernel_object_end(cpu, &kernel_objects[i], false);
		}
	}
	qpmap_quiesce();
	for (i = 0; i < KERNEL_CPUS; i++) {
		limbo = &kernel_limbos[i];
		while (limbo->count > 0) {
			kernel_retire(cpu, limbo->page[--limbo->count]);
		}
	}
	kernel_expect(kernel_spare_count == KERNEL_REMOTE_PAGES,
	    "a page was lost");
}

/*
 * Where the hardware broadcasts, a shootdown costs nothing; the SBI interrupts
 * other CPUs one after another.
 */
static uint32_t
kernel_effort(uint32_t steps)
{
	if (!MACHINE_SENDS_IPIS) {
		return (10 * steps);
	}
	return ((machine_cpu_flags() & QPMAP_F_SBI_RFENCE) != 0 ? steps / 4 :
	    steps);
}

void
kernel_remote_job(struct kernel_cpu *cpu)
{
	uint32_t i, steps = kernel_effort(KERNEL_REMOTE_STEPS);

	for (i = 0; i < steps; i++) {
		if (i % 16 == 0) {
			kernel_interrupt_someone(cpu);
			kernel_stress(cpu, 1);
		}
		kernel_remote_steps(cpu, 1);
	}
}

/*
 * All CPUs shoot at all others at once and do not take interrupts meanwhile:
 * each answers while it waits.
 */
void
kernel_duel_job(struct kernel_cpu *cpu)
{
	unsigned long irq = machine_irq_save();
	struct kernel_region *region = &kernel_regions[1];
	uint32_t page = KERNEL_OWN_DUEL + 8 * cpu->number;
	uint32_t i, value, duels = kernel_effort(KERNEL_DUELS);

	for (i = 0; i < duels; i++) {
		kernel_own_map(page, &region->pa[i & 1], 2);
		kernel_check_words(cpu, kernel_own_va(page),
		    kernel_region_seed(region, i & 1));
		kernel_own_unmap(page, 2);
		kernel_own_shoot(page, 2, (1u << KERNEL_CPUS) - 1);
		kernel_expect(!machine_load(kernel_own_va(page), &value),
		    "a page of the kernel's own is still there");
	}
	machine_irq_restore(irq);
}

/* Everybody wants the same lock, and shoots down with it. */
void
kernel_locked_job(struct kernel_cpu *cpu)
{
	uint32_t i, steps = kernel_effort(KERNEL_LOCKED);

	for (i = 0; i < steps; i++) {
		kernel_region_step(cpu, &kernel_regions[2]);
	}
}
