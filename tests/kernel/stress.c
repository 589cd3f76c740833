/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Many pages, several CPUs, interrupts: each page has a lock and a seed, and
 * whoever has the lock can say what each word of the page must be.
 */
#include "remote.h"
#include "stress.h"

#define KERNEL_STRESS_PAGES	48u
#define KERNEL_STRESS_STEPS	1200u
#define KERNEL_STORM_STEPS	600u
#define KERNEL_STORM_NESTED	8u
#define KERNEL_THREADS_TICKS	8u

/* A page that all CPUs use.  Its lock is taken before it is entered. */
struct kernel_stress_page {
	struct kernel_lock lock;
	uint32_t seed;			/* 0: the page is zero */
	qpmap_paddr_t pa;
};

/*
 * Pages of one CPU: two of its interrupt handler's, with a count in them, and
 * one of each thread's.
 */
struct kernel_handler {
	uint32_t count;
	qpmap_paddr_t pa, copy;
	qpmap_paddr_t pairs[2];
};

static struct kernel_stress_page kernel_stress_pages[KERNEL_STRESS_PAGES];
static struct kernel_handler kernel_handlers[KERNEL_CPUS];
static bool kernel_handlers_ready;
static qpmap_paddr_t kernel_run_pa;
static uint32_t kernel_churn_over;

/* Marsaglia, "Xorshift RNGs". */
uint32_t
kernel_random_next(uint64_t *state, uint32_t below)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return ((uint32_t)(*state >> 32) % below);
}

/* Each CPU has its own generator. */
uint32_t
kernel_random(struct kernel_cpu *cpu, uint32_t below)
{
	return (kernel_random_next(&cpu->random, below));
}

/* A page for a handler, with its count of 0. */
static qpmap_paddr_t
kernel_handler_page(void)
{
	qpmap_paddr_t pa = kernel_page_alloc();
	qpmap_vaddr_t va = qpmap_enter(pa, QPMAP_ATTR_WRITE_BACK);

	kernel_words(va)[0] = 0;
	kernel_words(va)[KERNEL_WORDS - 1] = ~0u;
	qpmap_remove(va);
	return (pa);
}

void
kernel_stress_init(void)
{
	uint32_t i;

	for (i = 0; i < KERNEL_STRESS_PAGES; i++) {
		kernel_stress_pages[i].pa = kernel_page_alloc();
		qpmap_zero_page(kernel_stress_pages[i].pa,
		    QPMAP_ATTR_WRITE_BACK);
	}
	for (i = 0; i < KERNEL_CPUS; i++) {
		kernel_handlers[i].pa = kernel_handler_page();
		kernel_handlers[i].copy = kernel_handler_page();
		kernel_handlers[i].pairs[0] = kernel_handler_page();
		kernel_handlers[i].pairs[1] = kernel_handler_page();
	}
	__atomic_store_n(&kernel_handlers_ready, true, __ATOMIC_RELEASE);
	kernel_run_pa = kernel_page_alloc();
	for (i = 1; i < 3; i++) {
		kernel_expect(kernel_page_alloc() ==
		    kernel_run_pa + (qpmap_paddr_t)i * KERNEL_PAGE,
		    "the pages are no neighbours");
	}
}

qpmap_paddr_t
kernel_stress_run(void)
{
	return (kernel_run_pa);
}

/* Some of its words, here and there, are what they must be. */
void
kernel_check_words(struct kernel_cpu *cpu, qpmap_vaddr_t va, uint32_t seed)
{
	uint32_t n, i;

	for (n = 0; n < 8; n++) {
		i = kernel_random(cpu, KERNEL_WORDS);
		kernel_expect(kernel_words(va)[i] == kernel_word(seed, i),
		    "a page holds another one's words");
	}
}

static void
kernel_step_fill(struct kernel_cpu *cpu, struct kernel_stress_page *page)
{
	qpmap_vaddr_t va = qpmap_enter(page->pa, QPMAP_ATTR_WRITE_BACK);
	uint32_t i;

	kernel_check_words(cpu, va, page->seed);
	page->seed = kernel_random(cpu, ~0u) + 1;
	for (i = 0; i < KERNEL_WORDS; i++) {
		kernel_words(va)[i] = kernel_word(page->seed, i);
	}
	kernel_check_words(cpu, va, page->seed);
	qpmap_remove(va);
}

static void
kernel_step_check(struct kernel_cpu *cpu, struct kernel_stress_page *page)
{
	qpmap_vaddr_t va = qpmap_enter_ro(page->pa, QPMAP_ATTR_WRITE_BACK);
	uint32_t value;

	kernel_check_words(cpu, va, page->seed);
	qpmap_remove(va);
	kernel_expect(!machine_load(va, &value), "a page is still there");
}

/* Two at once: each shows its own. */
static void
kernel_step_two(struct kernel_cpu *cpu, struct kernel_stress_page *page,
    struct kernel_stress_page *other)
{
	qpmap_vaddr_t va = qpmap_enter(page->pa, QPMAP_ATTR_WRITE_BACK);
	qpmap_vaddr_t va2 = qpmap_enter_ro(other->pa, QPMAP_ATTR_WRITE_BACK);

	kernel_check_words(cpu, va, page->seed);
	kernel_check_words(cpu, va2, other->seed);
	qpmap_remove(va2);
	kernel_check_words(cpu, va, page->seed);
	qpmap_remove(va);
}

static void
kernel_step_copy(struct kernel_cpu *cpu, struct kernel_stress_page *page,
    struct kernel_stress_page *other)
{
	(void)cpu;
	qpmap_copy_page(page->pa, QPMAP_ATTR_WRITE_BACK, other->pa,
	    QPMAP_ATTR_WRITE_BACK);
	page->seed = other->seed;
}

static void
kernel_step_zero(struct kernel_stress_page *page)
{
	qpmap_zero_page(page->pa, QPMAP_ATTR_WRITE_BACK);
	page->seed = 0;
}

/* A few words, read and written back. */
static void
kernel_step_words(struct kernel_cpu *cpu, struct kernel_stress_page *page)
{
	uint32_t words[16];
	uint32_t first = kernel_random(cpu, KERNEL_WORDS - 15);
	uint32_t i;

	qpmap_read(page->pa + first * 4, QPMAP_ATTR_WRITE_BACK, words,
	    sizeof(words));
	for (i = 0; i < 16; i++) {
		kernel_expect(words[i] == kernel_word(page->seed, first + i),
		    "a word that was read");
	}
	qpmap_write(page->pa + first * 4, QPMAP_ATTR_WRITE_BACK, words,
	    sizeof(words));
}

static void
kernel_step(struct kernel_cpu *cpu, struct kernel_stress_page *page,
    struct kernel_stress_page *other)
{
	switch (kernel_random(cpu, 8)) {
	case 0:
		kernel_step_fill(cpu, page);
		break;
	case 1:
		kernel_step_copy(cpu, page, other);
		break;
	case 2:
		kernel_step_zero(page);
		break;
	case 3:
		kernel_step_words(cpu, page);
		break;
	case 4:
	case 5:
		kernel_step_two(cpu, page, other);
		break;
	default:
		kernel_step_check(cpu, page);
		break;
	}
}

void
kernel_stress(struct kernel_cpu *cpu, uint32_t steps)
{
	uint32_t first, second;
	bool swap;

	while (steps-- > 0) {
		first = kernel_random(cpu, KERNEL_STRESS_PAGES - 1);
		second = first + 1 +
		    kernel_random(cpu, KERNEL_STRESS_PAGES - 1 - first);
		swap = kernel_random(cpu, 2) != 0;
		kernel_lock(&kernel_stress_pages[first].lock);
		kernel_lock(&kernel_stress_pages[second].lock);
		kernel_step(cpu, &kernel_stress_pages[swap ? second : first],
		    &kernel_stress_pages[swap ? first : second]);
		kernel_unlock(&kernel_stress_pages[second].lock);
		kernel_unlock(&kernel_stress_pages[first].lock);
	}
}

void
kernel_stress_job(struct kernel_cpu *cpu)
{
	kernel_stress(cpu, KERNEL_STRESS_STEPS);
}

/*
 * The interrupt handler: what it maps nests in whatever it interrupted, also
 * in the middle of an enter or a remove.  An interrupt that nobody sent,
 * before there are pages to map, is ignored.
 */
void
kernel_storm_handler(void)
{
	struct kernel_cpu *cpu = machine_this_cpu();
	struct kernel_handler *handler = &kernel_handlers[cpu->number];
	uint32_t held = qpmap_held(&cpu->qpmap);
	qpmap_vaddr_t va, copy;

	if (cpu->unwanted != 0) {
		qpmap_global_remove_deferred(cpu->unwanted);
		__atomic_store_n(&cpu->unwanted, 0, __ATOMIC_RELAXED);
	}
	if (!__atomic_load_n(&kernel_handlers_ready, __ATOMIC_ACQUIRE)) {
		return;
	}
	va = qpmap_enter(handler->pa, QPMAP_ATTR_WRITE_BACK);
	copy = qpmap_enter(handler->copy, QPMAP_ATTR_WRITE_BACK);
	__atomic_store_n(&cpu->nested, cpu->nested +
	    (kernel_this_thread()->pinned > 2), __ATOMIC_RELAXED);
	kernel_expect(kernel_words(va)[0] == handler->count &&
	    kernel_words(copy)[KERNEL_WORDS - 1] == ~handler->count,
	    "a handler's page holds something else");
	handler->count++;
	kernel_words(va)[0] = handler->count;
	kernel_words(copy)[KERNEL_WORDS - 1] = ~handler->count;
	qpmap_remove(copy);
	qpmap_remove(va);
	kernel_try_nothing();
	kernel_range_handler(cpu);
	kernel_expect(qpmap_held(&cpu->qpmap) == held, "a handler leaves more");
}

/* Another CPU, unless it is offline. */
void
kernel_interrupt_someone(struct kernel_cpu *cpu)
{
	uint32_t number = (cpu->number + 1 +
	    kernel_random(cpu, KERNEL_CPUS - 1)) % KERNEL_CPUS;

	if (__atomic_load_n(&kernel_cpus[number].asleep,
	    __ATOMIC_ACQUIRE) == 0) {
		machine_ipi(number, KERNEL_STORM);
	}
}

/* Hardly anything but enter and remove, for interrupts to come amid. */
void
kernel_pairs(struct kernel_cpu *cpu, uint32_t thread)
{
	qpmap_paddr_t pa = kernel_handlers[cpu->number].pairs[thread];
	qpmap_vaddr_t va;
	uint32_t i;

	for (i = 0; i < 50; i++) {
		va = qpmap_enter(pa, QPMAP_ATTR_WRITE_BACK);
		kernel_expect(kernel_words(va)[0] == i, "a pair");
		kernel_words(va)[0] = i + 1;
		qpmap_remove(va);
	}
	va = qpmap_enter(pa, QPMAP_ATTR_WRITE_BACK);
	kernel_words(va)[0] = 0;
	qpmap_remove(va);
}

/* Every CPU has been interrupted amid a mapping, several times. */
static bool
kernel_storm_enough(void)
{
	bool enough = true;
	uint32_t i;

	for (i = 0; i < KERNEL_CPUS; i++) {
		enough = enough && __atomic_load_n(&kernel_cpus[i].nested,
		    __ATOMIC_RELAXED) >= KERNEL_STORM_NESTED;
	}
	return (enough);
}

/*
 * Some steps, and more until every CPU has been interrupted amid mappings: how
 * many depends on how QEMU's threads are scheduled, and nothing limits it.
 */
void
kernel_storm_job(struct kernel_cpu *cpu)
{
	uint32_t i;

	for (i = 0; i < KERNEL_STORM_STEPS || !kernel_storm_enough(); i++) {
		kernel_interrupt_someone(cpu);
		kernel_pairs(cpu, 0);
		if (i % 8 == 0) {
			kernel_stress(cpu, 1);
		}
	}
}

/* A global mapping stays over a switch, and is the thread's all the time. */
static void
kernel_over_switch(struct kernel_cpu *cpu, uint32_t thread)
{
	qpmap_paddr_t pa = kernel_handlers[cpu->number].pairs[thread];
	uint32_t mark = kernel_random(cpu, ~0u);
	qpmap_vaddr_t va = 0;

	/* Slots in another CPU's shootdown count as taken, and come back. */
	while (qpmap_global_enter(pa, QPMAP_ATTR_WRITE_BACK, &va) != QPMAP_OK) {
		machine_relax();
	}
	kernel_words(va)[1] = mark;
	kernel_yield();
	kernel_expect(kernel_words(va)[1] == mark, "a thread's page");
	qpmap_global_remove(va);
}

static void
kernel_thread_step(struct kernel_cpu *cpu, uint32_t thread, uint32_t i)
{
	kernel_pairs(cpu, thread);
	if (i % 64 == 0) {
		kernel_over_switch(cpu, thread);
	}
}

static bool
kernel_threads_enough(struct kernel_cpu *cpu)
{
	return (cpu->preempted >= KERNEL_THREADS_TICKS &&
	    cpu->put_off >= KERNEL_THREADS_TICKS);
}

/* The CPU's second thread.  As long as it needs, the timer is on. */
static void
kernel_second_main(struct kernel_thread *self)
{
	uint32_t i;

	for (i = 0; !kernel_threads_enough(self->cpu); i++) {
		kernel_thread_step(self->cpu, 1, i);
	}
}

/* Until the CPU has been preempted at once, and when it let a mapping go. */
void
kernel_threads_job(struct kernel_cpu *cpu)
{
	uint32_t i;

	kernel_thread_start(cpu->number, cpu, 0, kernel_second_main);
	machine_timer(true);
	for (i = 0; !kernel_threads_enough(cpu); i++) {
		kernel_thread_step(cpu, 0, i);
	}
	machine_timer(false);
	kernel_threads_end();
}

void
kernel_churn_job(struct kernel_cpu *cpu)
{
	while (__atomic_load_n(&kernel_churn_over, __ATOMIC_ACQUIRE) == 0) {
		if (__atomic_load_n(&cpu->leave, __ATOMIC_ACQUIRE) != 0) {
			cpu->leave = 0;
			kernel_cpu_leave();
		}
		kernel_interrupt_someone(cpu);
		kernel_stress(cpu, 5);
		kernel_remote_steps(cpu, 5);
	}
}

void
kernel_churn_end(void)
{
	__atomic_store_n(&kernel_churn_over, 1, __ATOMIC_RELEASE);
}

void
kernel_cpu_ask_to_leave(uint32_t number)
{
	__atomic_store_n(&kernel_cpus[number].leave, 1, __ATOMIC_RELEASE);
}
