/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ranges: several pages at once, in any order; alone, and on all CPUs while
 * these interrupt each other.
 */
#include <qpmap/range.h>

#include "stress.h"

#define KERNEL_RANGE_MOST	(QPMAP_RANGE_PAGES - 2)
#define KERNEL_RANGE_PAGES	12u	/* of each CPU */
#define KERNEL_RANGE_STEPS	200u
#define KERNEL_RANGE_NESTED	8u

/* A CPU's pages, in the order that it shuffled them into, and their seeds. */
struct kernel_range {
	qpmap_paddr_t pa[KERNEL_RANGE_PAGES];
	uint32_t seed[KERNEL_RANGE_PAGES];
	qpmap_paddr_t handler[2];	/* of its interrupt handler */
	uint32_t handled;
	uint32_t nested;		/* interrupts that came amid a range */
};

static struct kernel_range kernel_ranges[KERNEL_CPUS];
static uint32_t kernel_ranges_ready;

static qpmap_vaddr_t
kernel_range_page(qpmap_vaddr_t va, uint32_t i)
{
	return (va + (qpmap_vaddr_t)i * KERNEL_PAGE);
}

/* Nothing is mapped there, nor remembered by this CPU. */
static void
kernel_range_gone(qpmap_vaddr_t va, uint32_t count)
{
	uint32_t i, value;

	for (i = 0; i < count; i++) {
		kernel_expect(!machine_load(kernel_range_page(va, i), &value),
		    "a load after a range's remove");
	}
}

/* Each page shows its own words, and the pages around are not mapped. */
static void
kernel_test_range(const qpmap_paddr_t *pages, uint32_t count, uint32_t seed)
{
	qpmap_vaddr_t va, one;
	uint32_t i, value = 0;

	va = qpmap_range_enter_list(pages, count, QPMAP_ATTR_WRITE_BACK);
	kernel_expect(va != 0, "no room for a range");
	for (i = 0; i < count; i++) {
		kernel_words(kernel_range_page(va, i))[i] = seed + i;
	}
	kernel_expect(!machine_load(va - 4, &value) &&
	    !machine_store(kernel_range_page(va, count), 0),
	    "a guard page is mapped");
	for (i = 0; i < count; i++) {
		one = qpmap_enter_ro(pages[i], QPMAP_ATTR_WRITE_BACK);
		kernel_expect(kernel_words(one)[i] == seed + i,
		    "a page of a range is another one");
		qpmap_remove(one);
	}
	qpmap_range_remove(va);
	kernel_range_gone(va, count);
	va = qpmap_range_enter_list_ro(pages, count, QPMAP_ATTR_WRITE_BACK);
	for (i = 0; i < count; i++) {
		kernel_expect(machine_load(kernel_range_page(va, i) + 4 * i,
		    &value) && value == seed + i, "a range for reading");
		kernel_expect(!machine_store(kernel_range_page(va, i), 0),
		    "a store to a range for reading");
	}
	qpmap_range_remove(va);
	kernel_range_gone(va, count);
}

/* As many ranges as there can be; one more has no room. */
static void
kernel_test_range_depth(qpmap_paddr_t pa)
{
	unsigned long irq = machine_irq_save();
	struct kernel_cpu *cpu = machine_this_cpu();
	qpmap_vaddr_t va[QPMAP_RANGE_DEPTH];
	uint32_t i;

	for (i = 0; i < QPMAP_RANGE_DEPTH; i++) {
		va[i] = qpmap_range_enter(pa, i % 2 + 1,
		    QPMAP_ATTR_WRITE_BACK);
		kernel_expect(va[i] != 0, "no room for so many ranges");
	}
	kernel_expect(qpmap_held(&cpu->qpmap) == i, "ranges held");
	kernel_expect(qpmap_range_room() == 0 &&
	    qpmap_range_enter(pa, 1, QPMAP_ATTR_WRITE_BACK) == 0,
	    "room for one more");
	while (i-- > 0) {
		kernel_words(va[i])[0] = i;
		qpmap_range_remove(va[i]);
		kernel_range_gone(va[i], i % 2 + 1);
	}
	kernel_expect(qpmap_range_room() == KERNEL_RANGE_MOST, "room");
	kernel_expect(qpmap_range_enter(pa, KERNEL_RANGE_MOST + 1,
	    QPMAP_ATTR_WRITE_BACK) == 0, "room for too many pages");
	machine_irq_restore(irq);
}

/* Of many sizes, of pages that are not in order. */
void
kernel_test_ranges(void)
{
	qpmap_paddr_t pages[KERNEL_RANGE_MOST], run = kernel_stress_run();
	uint32_t i, count;

	for (i = 0; i < KERNEL_RANGE_MOST; i++) {
		pages[i * 7 % KERNEL_RANGE_MOST] = kernel_page_alloc();
	}
	for (count = 1; count <= KERNEL_RANGE_MOST; count += count + 1) {
		for (i = 0; i < KERNEL_CHANCES; i++) {
			kernel_test_range(pages + i % 3 *
			    (KERNEL_RANGE_MOST - count) / 2, count, i * 1000);
		}
	}
	kernel_test_range_depth(run);
	qpmap_zero_range(run, 3, QPMAP_ATTR_WRITE_BACK);
	for (i = 0; i < KERNEL_RANGE_MOST; i++) {
		kernel_page_free(pages[i]);
	}
}

/*
 * On all CPUs.
 */

static void
kernel_range_fill(qpmap_vaddr_t va, uint32_t seed)
{
	uint32_t i;

	for (i = 0; i < KERNEL_WORDS; i++) {
		kernel_words(va)[i] = kernel_word(seed, i);
	}
}

static void
kernel_range_begin(struct kernel_range *range, uint32_t number)
{
	uint32_t i;

	for (i = 0; i < KERNEL_RANGE_PAGES; i++) {
		range->pa[i] = kernel_page_alloc();
		qpmap_zero_page(range->pa[i], QPMAP_ATTR_WRITE_BACK);
	}
	for (i = 0; i < 2; i++) {
		range->handler[i] = kernel_page_alloc();
		qpmap_zero_page(range->handler[i], QPMAP_ATTR_WRITE_BACK);
	}
	__atomic_fetch_or(&kernel_ranges_ready, 1u << number,
	    __ATOMIC_RELEASE);
}

/*
 * The storm's handler, amid whatever it interrupted: a range in a range, in the
 * middle of its enter or its remove.
 */
void
kernel_range_handler(struct kernel_cpu *cpu)
{
	struct kernel_range *range = &kernel_ranges[cpu->number];
	qpmap_size_t room = qpmap_range_room();
	qpmap_vaddr_t va;

	if ((__atomic_load_n(&kernel_ranges_ready, __ATOMIC_ACQUIRE) &
	    1u << cpu->number) == 0 || room < 2) {
		return;
	}
	__atomic_store_n(&range->nested,
	    range->nested + (room != KERNEL_RANGE_MOST), __ATOMIC_RELAXED);
	va = qpmap_range_enter_list(range->handler, 2, QPMAP_ATTR_WRITE_BACK);
	kernel_expect(kernel_words(va)[1] == range->handled &&
	    kernel_words(va)[2 * KERNEL_WORDS - 1] == range->handled,
	    "a handler's range holds something else");
	range->handled++;
	kernel_words(va)[1] = range->handled;
	kernel_words(va)[2 * KERNEL_WORDS - 1] = range->handled;
	qpmap_range_remove(va);
	kernel_expect(qpmap_range_room() == room, "a handler leaves less room");
}

static void
kernel_range_shuffle(struct kernel_cpu *cpu, struct kernel_range *range)
{
	uint32_t i, j, seed;
	qpmap_paddr_t pa;

	for (i = KERNEL_RANGE_PAGES - 1; i > 0; i--) {
		j = kernel_random(cpu, i + 1);
		pa = range->pa[i];
		seed = range->seed[i];
		range->pa[i] = range->pa[j];
		range->seed[i] = range->seed[j];
		range->pa[j] = pa;
		range->seed[j] = seed;
	}
}

/* A range of some of them, and another in it, for reading, of all. */
static void
kernel_range_step(struct kernel_cpu *cpu, struct kernel_range *range)
{
	uint32_t count = 1 + kernel_random(cpu, KERNEL_RANGE_PAGES), i;
	qpmap_vaddr_t va, all;

	kernel_range_shuffle(cpu, range);
	va = qpmap_range_enter_list(range->pa, count, QPMAP_ATTR_WRITE_BACK);
	for (i = 0; i < count; i++) {
		kernel_check_words(cpu, kernel_range_page(va, i),
		    range->seed[i]);
	}
	i = kernel_random(cpu, count);
	range->seed[i] = kernel_random(cpu, ~0u) + 1;
	kernel_range_fill(kernel_range_page(va, i), range->seed[i]);
	all = qpmap_range_enter_list_ro(range->pa, KERNEL_RANGE_PAGES,
	    QPMAP_ATTR_WRITE_BACK);
	for (i = 0; i < KERNEL_RANGE_PAGES; i++) {
		kernel_check_words(cpu, kernel_range_page(all, i),
		    range->seed[i]);
	}
	qpmap_range_remove(all);
	kernel_range_gone(all, KERNEL_RANGE_PAGES);
	qpmap_range_remove(va);
	kernel_range_gone(va, count);
}

/* Pairs, and nothing else, for interrupts to come amid. */
static void
kernel_range_pairs(struct kernel_range *range)
{
	uint32_t i, first;

	for (i = 0; i < 20; i++) {
		first = i % 9;
		qpmap_range_remove(qpmap_range_enter_list(range->pa + first,
		    3, QPMAP_ATTR_WRITE_BACK));
	}
}

static bool
kernel_ranges_enough(void)
{
	bool enough = true;
	uint32_t i;

	for (i = 0; i < KERNEL_CPUS; i++) {
		enough = enough && __atomic_load_n(&kernel_ranges[i].nested,
		    __ATOMIC_RELAXED) >= KERNEL_RANGE_NESTED;
	}
	return (enough);
}

/* So many steps, and more until every CPU was interrupted amid its ranges. */
static void
kernel_ranges_job(struct kernel_cpu *cpu)
{
	struct kernel_range *range = &kernel_ranges[cpu->number];
	uint32_t i;

	kernel_range_begin(range, cpu->number);
	for (i = 0; i < KERNEL_RANGE_STEPS || !kernel_ranges_enough(); i++) {
		kernel_interrupt_someone(cpu);
		kernel_range_pairs(range);
		if (i % 4 == 0) {
			kernel_range_step(cpu, range);
		}
	}
}

void
kernel_test_ranges_storm(void)
{
	kernel_on_all(kernel_ranges_job);
}
