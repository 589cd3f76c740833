/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of the windows: what is seen through them, compared with the kernel's
 * own mapping of the same pages, on every CPU.
 */
#include <linux/highmem.h>
#include <linux/hrtimer.h>
#include <linux/smp.h>

#include "linux.h"

const char *
linux_test_selftest(unsigned int rounds)
{
	int step = qpmap_selftest(page_to_phys(linux_pages[0]),
	    page_to_phys(linux_pages[1]));

	(void)rounds;
	linux_page_fill(0);
	linux_page_fill(1);
	if (step != 0) {
		pr_info("qpmap_selftest: step %d\n", step);
		return ("a step of qpmap_selftest() failed");
	}
	return (NULL);
}

/* One page: mapped, compared, written to in a word of this CPU's own. */
static const char *
linux_contents_page(unsigned int page, unsigned int mark)
{
	unsigned int word = 1 + raw_smp_processor_id();
	qpmap_vaddr_t va = pmap_quick_enter_page(linux_pages[page]);
	volatile u32 *words = (volatile u32 *)va;
	const char *why = NULL;

	if (va == 0 || (va & (PAGE_SIZE - 1)) != 0) {
		why = "the address is 0 or not page-aligned";
	} else if (words[0] != linux_word(page, 0) ||
	    words[LINUX_WORDS - 1] != linux_word(page, LINUX_WORDS - 1)) {
		why = "the window shows another page";
	} else if (mark % 16 == 0 && !linux_page_same(page,
	    (const void *)va, 256)) {
		why = "the kernel's mapping shows other contents";
	} else {
		words[word] = mark;
	}
	pmap_quick_remove_page(va);
	return (why);
}

/* All pages, in an order of this CPU's own: each step is coprime to it. */
static const char *
linux_contents_cpu(unsigned int rounds)
{
	unsigned int i, round, page, cpu = raw_smp_processor_id();
	u32 random = cpu * 77u + 1;
	const char *why = NULL;

	for (round = 0; round < rounds && why == NULL; round++) {
		page = linux_random(&random) % linux_page_count;
		for (i = 0; i < linux_page_count && why == NULL; i++) {
			page = (page + 4099) % linux_page_count;
			why = linux_contents_page(page, round * 65536 + page);
			cond_resched();
		}
	}
	return (why);
}

/* What CPUs wrote through their windows is there for the kernel's mapping. */
const char *
linux_test_contents(unsigned int rounds)
{
	unsigned int page, cpu, highmem = 0;
	const char *why = linux_on_cpus(linux_contents_cpu, rounds);
	u32 *words;

	for (page = 0; page < linux_page_count && why == NULL; page++) {
		highmem += PageHighMem(linux_pages[page]) ? 1 : 0;
		words = kmap_local_page(linux_pages[page]);
		for_each_online_cpu(cpu) {
			if (words[1 + cpu] != (rounds - 1) * 65536 + page) {
				why = "a store through a window is missing";
			}
		}
		kunmap_local(words);
	}
	pr_info("contents: %u pages, %u of them highmem\n", linux_page_count,
	    highmem);
	linux_pages_fill();
	if (IS_ENABLED(CONFIG_HIGHMEM) && highmem == 0 && why == NULL) {
		why = "no page was highmem";
	}
	return (why);
}

/* Both ways, while it is mapped. */
static const char *
linux_write_through_page(unsigned int page, u32 value)
{
	qpmap_vaddr_t va = pmap_quick_enter_page(linux_pages[page]);
	volatile u32 *window = (volatile u32 *)va;
	volatile u32 *own = kmap_local_page(linux_pages[page]);
	const char *why = NULL;

	window[7] = value;
	if (own[7] != value) {
		why = "a store through the window is not seen";
	}
	own[9] = ~value;
	if (window[9] != ~value) {
		why = "a store through the kernel's mapping is not seen";
	}
	if (!linux_page_same(page, (const void *)va, 0)) {
		why = "the page is not the same through both mappings";
	}
	kunmap_local((const void *)own);
	pmap_quick_remove_page(va);
	return (why);
}

const char *
linux_test_write_through(unsigned int rounds)
{
	unsigned int i;
	const char *why = NULL;

	for (i = 0; i < 64 * rounds && why == NULL; i++) {
		why = linux_write_through_page(i % linux_page_count,
		    i * 2654435761u);
	}
	linux_pages_fill();
	return (why);
}

static const char *
linux_use_after_remove_page(unsigned int page)
{
	qpmap_vaddr_t va = pmap_quick_enter_page(linux_pages[page]);

	if (linux_faults(va) || !linux_page_shows(page, va)) {
		pmap_quick_remove_page(va);
		return ("the page is not there while it is mapped");
	}
	if (!linux_faults(va - PAGE_SIZE) || !linux_faults(va + PAGE_SIZE)) {
		pmap_quick_remove_page(va);
		return ("a guard page is mapped");
	}
	if (vmalloc_to_pfn((const void *)va) !=
	    page_to_pfn(linux_pages[page])) {
		pmap_quick_remove_page(va);
		return ("Linux finds another page at the address");
	}
	pmap_quick_remove_page(va);
	return (NULL);
}

/* Preemption is off, so that nobody else uses the slot meanwhile. */
static const char *
linux_use_after_remove_cpu(unsigned int rounds)
{
	unsigned int i;
	qpmap_vaddr_t va;
	const char *why = NULL;

	for (i = 0; i < 64 * rounds && why == NULL; i++) {
		why = linux_use_after_remove_page(i % linux_page_count);
		preempt_disable();
		va = pmap_quick_enter_page(linux_pages[0]);
		(void)linux_faults(va);
		pmap_quick_remove_page(va);
		if (why == NULL && !linux_faults(va)) {
			why = "a removed page can still be read";
		}
		if (why == NULL && !linux_store_faults(va + 64,
		    linux_word(0, 16))) {
			why = "a removed page can still be written";
		}
		preempt_enable();
	}
	return (why);
}

const char *
linux_test_use_after_remove(unsigned int rounds)
{
	return (linux_on_cpus(linux_use_after_remove_cpu, rounds));
}

static const char *
linux_nesting_cpu(unsigned int rounds)
{
	qpmap_vaddr_t va[QPMAP_SLOTS];
	unsigned int round, i, held, base;
	const char *why = NULL;

	for (round = 0; round < 32 * rounds && why == NULL; round++) {
		base = round * QPMAP_SLOTS % (linux_page_count - 64);
		for (i = 0; i < QPMAP_SLOTS; i++) {
			va[i] = pmap_quick_enter_page(linux_pages[base + i]);
		}
		held = qpmap_held(this_cpu_ptr(&linux_cpu));
		if (held != QPMAP_SLOTS) {
			why = "not all mappings are held";
		}
		if (IS_ENABLED(CONFIG_PREEMPT_COUNT) && !in_atomic()) {
			why = "not pinned while mappings are held";
		}
		for (i = QPMAP_SLOTS; i-- > 0;) {
			if (!linux_page_shows(base + i, va[i])) {
				why = "a nested mapping shows another page";
			}
			pmap_quick_remove_page(va[i]);
			if (!linux_faults(va[i])) {
				why = "a removed page can still be read";
			}
		}
		if (in_atomic() || qpmap_held(raw_cpu_ptr(&linux_cpu)) != 0) {
			why = "still held or pinned when all are removed";
		}
	}
	return (why);
}

const char *
linux_test_nesting(unsigned int rounds)
{
	return (linux_on_cpus(linux_nesting_cpu, rounds));
}

const char *
linux_test_read_only(unsigned int rounds)
{
	unsigned int i;
	qpmap_vaddr_t va;
	const char *why = NULL;

	for (i = 0; i < 16 * rounds && why == NULL; i++) {
		va = qpmap_enter_ro(page_to_phys(linux_pages[i]),
		    QPMAP_ATTR_WRITE_BACK);
		if (!linux_page_shows(i, va)) {
			why = "a read-only mapping shows another page";
		} else if (!linux_store_faults(va, 0)) {
			why = "a store through a read-only mapping works";
		} else if (!linux_page_shows(i, va)) {
			why = "the store that faulted was done";
		}
		qpmap_remove(va);
		va = pmap_quick_enter_page(linux_pages[i]);
		if (why == NULL && linux_store_faults(va, linux_word(i, 0))) {
			why = "a store through a writable mapping faults";
		}
		pmap_quick_remove_page(va);
	}
	return (why);
}

/*
 * Copies that begin anywhere, over several pages that follow each other.  The
 * byte that is written is kept aside, as what is read is in own: neither call
 * is to do the other's work.
 */
static const char *
linux_helpers_range(u8 *own, qpmap_paddr_t pa, u8 *buffer)
{
	u32 random = 5;
	unsigned int i, from, length;
	u8 was, wanted;

	for (i = 0; i < 256; i++) {
		from = linux_random(&random) % (3 * PAGE_SIZE);
		length = 1 + linux_random(&random) % (4 * PAGE_SIZE - from);
		was = own[from];
		buffer[0] = was + 1;
		qpmap_read(pa + from, QPMAP_ATTR_WRITE_BACK, buffer, length);
		if (own[from] != was ||
		    memcmp(own + from, buffer, length) != 0) {
			return ("qpmap_read() read something else");
		}
		wanted = was + 1;
		buffer[0] = wanted;
		qpmap_write(pa + from, QPMAP_ATTR_WRITE_BACK, buffer, length);
		if (own[from] != wanted ||
		    memcmp(own + from, buffer, length) != 0) {
			return ("qpmap_write() wrote something else");
		}
	}
	return (NULL);
}

const char *
linux_test_helpers(unsigned int rounds)
{
	u8 *buffer = (u8 *)__get_free_pages(GFP_KERNEL, 2);
	u8 *own = (u8 *)__get_free_pages(GFP_KERNEL, 2);
	qpmap_paddr_t first = page_to_phys(linux_pages[0]);
	qpmap_paddr_t second = page_to_phys(linux_pages[1]);
	const char *why = "no memory";
	u32 *words;

	(void)rounds;
	if (buffer != NULL && own != NULL) {
		get_random_bytes(own, 4 * PAGE_SIZE);
		why = linux_helpers_range(own, virt_to_phys(own), buffer);
	}
	qpmap_copy_page(second, QPMAP_ATTR_WRITE_BACK, first,
	    QPMAP_ATTR_WRITE_BACK);
	words = kmap_local_page(linux_pages[1]);
	if (why == NULL && !linux_page_same(0, words, 0)) {
		why = "qpmap_copy_page() made no copy";
	}
	qpmap_zero_page(second, QPMAP_ATTR_WRITE_BACK);
	if (why == NULL && memchr_inv(words, 0, PAGE_SIZE) != NULL) {
		why = "qpmap_zero_page() left something";
	}
	kunmap_local(words);
	linux_page_fill(1);
	free_pages((unsigned long)buffer, 2);
	free_pages((unsigned long)own, 2);
	return (why);
}

#define LINUX_TICK	20000u		/* nanoseconds */
#define LINUX_TICK_LIST	5u		/* pages of a range */

/* A timer whose handler enters pages, and a range, while the thread does. */
struct linux_tick {
	struct hrtimer timer;
	unsigned int ticks;
	unsigned int nested;		/* came while a mapping was held */
	unsigned int turn;		/* the thread's, now */
	unsigned int seen;		/* and at the last tick */
	unsigned int interval;
	const char *why;
	bool stop;
	qpmap_paddr_t list[64 + LINUX_TICK_LIST];	/* pages 0 and up */
};

/*
 * Nanoseconds until the next tick.  Where a tick itself takes longer, its
 * interrupt would come again at once, and the thread would never get on: as
 * long as the thread stands still, the time is doubled.
 */
static unsigned int
linux_tick_next(struct linux_tick *tick)
{
	unsigned int turn = READ_ONCE(tick->turn);

	if (turn == tick->seen) {
		tick->interval = min(2 * tick->interval, 1024 * LINUX_TICK);
	} else {
		tick->interval = max(tick->interval - tick->interval / 8,
		    LINUX_TICK);
	}
	tick->seen = turn;
	return (tick->interval + tick->ticks % 64 * 317);
}

/* Whether the pages from first on are seen through a range. */
static bool
linux_tick_range(const struct linux_tick *tick, unsigned int first,
    unsigned int count)
{
	qpmap_vaddr_t va = qpmap_range_enter_list(&tick->list[first], count,
	    QPMAP_ATTR_WRITE_BACK);
	bool shows;

	if (va == 0) {
		return (false);
	}
	shows = linux_page_shows(first, va) &&
	    linux_page_shows(first + count - 1, va + (count - 1) * PAGE_SIZE);
	qpmap_range_remove(va);
	return (shows);
}

static enum hrtimer_restart
linux_tick(struct hrtimer *timer)
{
	struct linux_tick *tick = container_of(timer, struct linux_tick,
	    timer);
	unsigned int page = 64 + tick->ticks % 64;
	qpmap_vaddr_t va, va2;

	tick->ticks++;
	tick->nested += qpmap_held(this_cpu_ptr(&linux_cpu)) != 0 ? 1 : 0;
	va = pmap_quick_enter_page(linux_pages[page]);
	va2 = pmap_quick_enter_page(linux_pages[page + 64]);
	if (!linux_page_shows(page, va) || !linux_page_shows(page + 64, va2)) {
		tick->why = "the handler's mapping shows another page";
	}
	if (!linux_tick_range(tick, tick->ticks % 64, 2)) {
		tick->why = "the handler's range shows another page";
	}
	pmap_quick_remove_page(va2);
	pmap_quick_remove_page(va);
	if (READ_ONCE(tick->stop)) {
		return (HRTIMER_NORESTART);
	}
	hrtimer_forward_now(timer, ns_to_ktime(linux_tick_next(tick)));
	return (HRTIMER_RESTART);
}

/* Until so many ticks came amid a mapping, however long that is. */
static const char *
linux_interrupts_thread(struct linux_tick *tick, unsigned int wanted)
{
	unsigned int i;
	qpmap_vaddr_t va, va2;
	const char *why = NULL;

	for (i = 0; READ_ONCE(tick->nested) < wanted && why == NULL; i++) {
		WRITE_ONCE(tick->turn, i);
		va = pmap_quick_enter_page(linux_pages[i % 32]);
		va2 = pmap_quick_enter_page(linux_pages[32 + i % 32]);
		if (!linux_page_shows(i % 32, va) ||
		    !linux_page_shows(32 + i % 32, va2)) {
			why = "the thread's mapping shows another page";
		}
		if (!linux_tick_range(tick, 63 - i % 64, LINUX_TICK_LIST)) {
			why = "the thread's range shows another page";
		}
		pmap_quick_remove_page(va2);
		pmap_quick_remove_page(va);
		cond_resched();
	}
	return (why);
}

static const char *
linux_interrupts_cpu(unsigned int rounds)
{
	struct linux_tick tick = { .interval = LINUX_TICK };
	unsigned int i;
	const char *why;

	for (i = 0; i < ARRAY_SIZE(tick.list); i++) {
		tick.list[i] = page_to_phys(linux_pages[i]);
	}
	hrtimer_init_on_stack(&tick.timer, CLOCK_MONOTONIC,
	    HRTIMER_MODE_REL_PINNED_HARD);
	tick.timer.function = linux_tick;
	hrtimer_start(&tick.timer, ns_to_ktime(LINUX_TICK),
	    HRTIMER_MODE_REL_PINNED_HARD);
	why = linux_interrupts_thread(&tick, 100 * rounds);
	WRITE_ONCE(tick.stop, true);
	hrtimer_cancel(&tick.timer);
	destroy_hrtimer_on_stack(&tick.timer);
	return (why != NULL ? why : tick.why);
}

const char *
linux_test_interrupts(unsigned int rounds)
{
	return (linux_on_cpus(linux_interrupts_cpu, rounds));
}
