/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mappings over context switches: threads hold pages while others run on their
 * CPU and hold pages at the same addresses.  First one step at a time on one
 * CPU; then on all CPUs, where a timer preempts the threads, and those that
 * hold nothing move.
 */
#include <qpmap/range.h>

#include "stress.h"

#define KERNEL_HOLD_MOST	4u
#define KERNEL_HOLD_ROUNDS	10u
#define KERNEL_HOLD_LEAST	200u	/* switches with mappings held */
#define KERNEL_HOLD_OWN		240u	/* pages of own.c, one of each thread */

_Static_assert(KERNEL_HOLD_MOST + 3 <= QPMAP_SLOTS,
    "one more page, and two of a handler's");

/* A thread's pages and their seeds, and one page more, with a count in it. */
struct kernel_holder {
	qpmap_paddr_t pa[KERNEL_HOLD_MOST];
	uint32_t seed[KERNEL_HOLD_MOST];
	qpmap_paddr_t pair;
	uint32_t pairs;
};

/* The mappings that a thread holds: those of its first pages. */
struct kernel_holds {
	uint32_t count;
	bool read_only[KERNEL_HOLD_MOST];
	qpmap_vaddr_t va[KERNEL_HOLD_MOST];
};

_Static_assert(KERNEL_THREADS / KERNEL_CPUS > QPMAP_SLOTS,
    "more threads on a CPU than slots");

static struct kernel_holder kernel_holders[KERNEL_THREADS];
static qpmap_vaddr_t kernel_hold_va[KERNEL_HOLD_MOST];	/* slots of CPU 0 */

static bool
kernel_hold_shows(qpmap_vaddr_t va, uint32_t seed, uint32_t i)
{
	uint32_t value;

	return (machine_load(va + i * 4, &value) &&
	    value == kernel_word(seed, i));
}

/* Some words of each mapping held are those of the thread's page. */
static bool
kernel_hold_check(struct kernel_thread *self,
    const struct kernel_holder *holder, const struct kernel_holds *holds)
{
	bool intact = true;
	uint32_t i, n;

	for (i = 0; i < holds->count; i++) {
		for (n = 0; n < 2; n++) {
			intact = intact && kernel_hold_shows(holds->va[i],
			    holder->seed[i], kernel_random_next(&self->random,
			    KERNEL_WORDS));
		}
	}
	kernel_expect(intact, "a thread's page is not where it was");
	return (intact);
}

static void
kernel_hold_fill(qpmap_vaddr_t va, uint32_t seed)
{
	uint32_t i;

	for (i = 0; i < KERNEL_WORDS; i++) {
		kernel_words(va)[i] = kernel_word(seed, i);
	}
}

/* Enter the next page: by either path, for writing or not. */
static void
kernel_hold_enter(struct kernel_thread *self,
    const struct kernel_holder *holder, struct kernel_holds *holds)
{
	uint32_t i = holds->count;
	qpmap_attr_t attr = kernel_random_next(&self->random, 3) == 0 ?
	    MACHINE_SLOW_TYPE : QPMAP_ATTR_WRITE_BACK;

	holds->read_only[i] = kernel_random_next(&self->random, 3) == 0;
	holds->va[i] = holds->read_only[i] ?
	    qpmap_enter_ro(holder->pa[i], attr) :
	    qpmap_enter(holder->pa[i], attr);
	holds->count++;
}

/*
 * Remove the newest.  Without an older one the thread may move, and the address
 * may be in use on the CPU that it left.
 */
static void
kernel_hold_remove(struct kernel_holds *holds)
{
	qpmap_vaddr_t va = holds->va[--holds->count];
	uint32_t value;

	qpmap_remove(va);
	kernel_expect(holds->count == 0 || !machine_load(va, &value),
	    "a load after remove");
}

/* The pages of all threads, with words of their own. */
static void
kernel_holders_init(void)
{
	struct kernel_holder *holder;
	qpmap_vaddr_t va;
	uint32_t n, i;

	for (n = 0; n < KERNEL_THREADS; n++) {
		holder = &kernel_holders[n];
		for (i = 0; i < KERNEL_HOLD_MOST; i++) {
			holder->pa[i] = kernel_page_alloc();
			holder->seed[i] = (n + 1) << 8 | i;
			va = qpmap_enter(holder->pa[i], QPMAP_ATTR_WRITE_BACK);
			kernel_hold_fill(va, holder->seed[i]);
			qpmap_remove(va);
		}
		holder->pair = kernel_page_alloc();
		qpmap_zero_page(holder->pair, QPMAP_ATTR_WRITE_BACK);
	}
}

/*
 * One step at a time: three threads of CPU 0 in turn.
 */

/* No page of another thread can be reached in the slots from first on. */
static void
kernel_hold_gone(uint32_t first)
{
	uint32_t i, value;

	for (i = first; i < KERNEL_HOLD_MOST; i++) {
		kernel_expect(!machine_load(kernel_hold_va[i], &value),
		    "the page of a thread that does not run is there");
	}
}

/*
 * The threads hold 2, 4 and 1 pages, for 1, 2 and 3 turns of the others.  One
 * that finds its pages gone cannot remove them.
 */
static void
kernel_hold_steps(struct kernel_thread *self)
{
	const struct kernel_holder *holder = &kernel_holders[self->number];
	struct kernel_holds holds = { .count = 0 };
	uint32_t n, i, count = (self->number * 2 + 1) % 5 + 1;

	for (n = 0; n < KERNEL_CHANCES; n++) {
		kernel_hold_gone(0);
		for (i = 0; i < count; i++) {
			kernel_hold_enter(self, holder, &holds);
			kernel_expect(holds.va[i] == kernel_hold_va[i],
			    "a slot is not used again");
		}
		for (i = 0; i <= self->number; i++) {
			kernel_yield();
			kernel_hold_gone(count);
			if (!kernel_hold_check(self, holder, &holds)) {
				return;
			}
		}
		while (holds.count > 0) {
			kernel_hold_remove(&holds);
		}
		kernel_yield();
	}
}

void
kernel_test_switch(void)
{
	struct kernel_cpu *cpu = machine_this_cpu();
	uint32_t i, n;

	kernel_holders_init();
	kernel_second_root();
	for (i = 0; i < KERNEL_HOLD_MOST; i++) {
		kernel_hold_va[i] = qpmap_enter(kernel_holders[0].pa[i],
		    QPMAP_ATTR_WRITE_BACK);
	}
	while (i-- > 0) {
		qpmap_remove(kernel_hold_va[i]);
	}
	/* In one address space, and then in two. */
	for (n = 0; n < 2; n++) {
		for (i = 0; i < 3; i++) {
			kernel_thread_start(i, cpu, n * i % 2,
			    kernel_hold_steps);
		}
		kernel_threads_end();
	}
	kernel_expect(qpmap_held(&cpu->qpmap) == 0, "held in the end");
}

/*
 * On all CPUs.
 */

/* One page more, above those that are held. */
static void
kernel_hold_pair(struct kernel_holder *holder)
{
	qpmap_vaddr_t va = qpmap_enter(holder->pair, QPMAP_ATTR_WRITE_BACK);

	kernel_expect(kernel_words(va)[7] == holder->pairs, "a pair");
	holder->pairs++;
	kernel_words(va)[7] = holder->pairs;
	qpmap_remove(va);
}

/* Enter and remove on top of that, until an interrupt preempts the thread. */
static void
kernel_hold_preempted(struct kernel_thread *self, struct kernel_holder *holder,
    const struct kernel_holds *holds)
{
	uint32_t before = self->preempted;

	while (__atomic_load_n(&self->preempted, __ATOMIC_RELAXED) == before) {
		(void)kernel_hold_check(self, holder, holds);
		kernel_hold_pair(holder);
	}
}

/* While a range or a large page is held a preemption is put off. */
static void
kernel_hold_owed(const struct kernel_thread *self, uint32_t switches)
{
	while (!__atomic_load_n(&self->preempt_owed, __ATOMIC_RELAXED)) {
		machine_relax();
	}
	kernel_expect(self->switches == switches, "switched amid a range");
}

static void
kernel_hold_range(struct kernel_thread *self, struct kernel_holder *holder)
{
	qpmap_vaddr_t va = qpmap_range_enter_list(holder->pa, KERNEL_HOLD_MOST,
	    QPMAP_ATTR_WRITE_BACK);
	uint32_t i, switches = self->switches;

	kernel_hold_owed(self, switches);
	for (i = 0; i < KERNEL_HOLD_MOST; i++) {
		kernel_expect(kernel_hold_shows(va + i * KERNEL_PAGE,
		    holder->seed[i], i), "a page of a range");
	}
	qpmap_range_remove(va);
	kernel_expect(__atomic_load_n(&self->switches, __ATOMIC_RELAXED) !=
	    switches, "a preemption put off is lost");
}

/* i386 with 32-bit entries has large pages in its root: only in the first. */
static void
kernel_hold_large(struct kernel_thread *self)
{
	qpmap_vaddr_t va;
	uint32_t switches;

	if (self->root != 0) {
		return;
	}
	va = kernel_large_begin();
	switches = self->switches;
	kernel_hold_owed(self, switches);
	kernel_large_end(va);
	kernel_expect(__atomic_load_n(&self->switches, __ATOMIC_RELAXED) !=
	    switches, "a preemption put off is lost");
}

/* A global mapping is there on whatever CPU the thread continues. */
static void
kernel_hold_global(struct kernel_thread *self, struct kernel_holder *holder)
{
	qpmap_vaddr_t va;

	while (qpmap_global_enter(holder->pa[0], QPMAP_ATTR_WRITE_BACK, &va) !=
	    QPMAP_OK) {
		kernel_yield();
	}
	kernel_sleep(self, 2);
	kernel_expect(kernel_hold_shows(va, holder->seed[0], 9),
	    "a global mapping");
	qpmap_global_remove(va);
}

/* So is one of the kernel's own, which is then shot down. */
static void
kernel_hold_own(struct kernel_thread *self, struct kernel_holder *holder)
{
	uint32_t page = KERNEL_HOLD_OWN + self->number, value;
	qpmap_vaddr_t va = kernel_own_va(page);

	kernel_own_map(page, &holder->pa[1], 1);
	kernel_expect(kernel_hold_shows(va, holder->seed[1], 8), "own page");
	kernel_sleep(self, 2);
	kernel_expect(kernel_hold_shows(va, holder->seed[1], 9), "own page");
	kernel_own_unmap(page, 1);
	kernel_own_shoot(page, 1, (1u << KERNEL_CPUS) - 1);
	kernel_expect(!machine_load(va, &value), "own page, shot down");
}

/* Calls that turn preemption off, and helpers, with mappings held. */
static void
kernel_hold_call(struct kernel_thread *self, struct kernel_holder *holder)
{
	uint32_t words[16], i;

	switch (kernel_random_next(&self->random, 6)) {
	case 0:
		kernel_hold_range(self, holder);
		break;
	case 1:
		kernel_hold_large(self);
		break;
	case 2:
		kernel_hold_global(self, holder);
		break;
	case 3:
		kernel_hold_own(self, holder);
		break;
	case 4:
		kernel_try_nothing();
		break;
	default:
		qpmap_read(holder->pa[2], QPMAP_ATTR_WRITE_BACK, words,
		    sizeof(words));
		for (i = 0; i < 16; i++) {
			kernel_expect(words[i] == kernel_word(holder->seed[2],
			    i), "a word that was read");
		}
		break;
	}
}

/* Other words in one of the pages held, if it is for writing. */
static void
kernel_hold_write(struct kernel_thread *self, struct kernel_holder *holder,
    const struct kernel_holds *holds)
{
	uint32_t i = kernel_random_next(&self->random, KERNEL_HOLD_MOST);

	if (i < holds->count && !holds->read_only[i]) {
		holder->seed[i] = kernel_random_next(&self->random, ~0u) + 1;
		kernel_hold_fill(holds->va[i], holder->seed[i]);
	}
}

static void
kernel_hold_round(struct kernel_thread *self, struct kernel_holder *holder)
{
	uint32_t count = kernel_random_next(&self->random,
	    KERNEL_HOLD_MOST + 1);
	struct kernel_holds holds = { .count = 0 };

	while (holds.count < count) {
		kernel_hold_enter(self, holder, &holds);
		(void)kernel_hold_check(self, holder, &holds);
	}
	machine_ipi(kernel_random_next(&self->random, KERNEL_CPUS),
	    KERNEL_STORM);
	kernel_hold_write(self, holder, &holds);
	kernel_sleep(self, kernel_random_next(&self->random, 4));
	(void)kernel_hold_check(self, holder, &holds);
	kernel_hold_preempted(self, holder, &holds);
	kernel_hold_call(self, holder);
	while (holds.count > 0) {
		(void)kernel_hold_check(self, holder, &holds);
		kernel_hold_remove(&holds);
	}
}

static void
kernel_hold_rounds(struct kernel_thread *self)
{
	uint32_t i;

	for (i = 0; i < KERNEL_HOLD_ROUNDS; i++) {
		kernel_hold_round(self, &kernel_holders[self->number]);
	}
}

static void
kernel_hold_job(struct kernel_cpu *cpu)
{
	(void)cpu;
	machine_timer(true);
	kernel_threads_end();
	machine_timer(false);
}

/* More threads on each CPU than it has slots, in two address spaces. */
void
kernel_test_holders(void)
{
	uint32_t i, slept = 0, preempted = 0, moved = 0;

	for (i = 0; i < KERNEL_THREADS; i++) {
		kernel_thread_start(i, 0, i % 2, kernel_hold_rounds);
	}
	kernel_on_all(kernel_hold_job);
	for (i = 0; i < KERNEL_CPUS; i++) {
		slept += kernel_cpus[i].slept_holding;
		preempted += kernel_cpus[i].preempted_holding;
		moved += kernel_cpus[i].moved;
	}
	kernel_print("kernel: with mappings held threads slept %u times, and "
	    "were preempted %u times; %u moved\n", slept, preempted, moved);
	kernel_expect(slept >= KERNEL_HOLD_LEAST, "few slept with mappings");
	kernel_expect(preempted >= KERNEL_HOLD_LEAST,
	    "few were preempted with mappings");
}
