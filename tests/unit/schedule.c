/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random work on four CPUs at the same time, in thousands of schedules, held
 * against a model: which page is mapped where, and which pages are free.
 *
 * A page is free only after a shootdown that returned.  At no time may a CPU
 * have a translation of a free page.  A schedule that fails prints its seed;
 * QPMAP_SEED=... runs that one alone.
 */
#include <stdio.h>

#include "fibers.h"
#include "tests.h"

#if QPMAP_SHOOTDOWN

#define SCHEDULE_COUNT	3000u
#define SCHEDULE_OPS	4
#define SCHEDULE_PAGES	96u
#define SCHEDULE_LIVE	8u
#define SCHEDULE_PLAIN	8u
#define SCHEDULE_WINDOWS (FAKE_CPUS + 2)
#define SCHEDULE_NONE	(~0u)

enum schedule_state {
	SCHEDULE_FREE, SCHEDULE_USED, SCHEDULE_LIMBO
};

/* A global mapping or a plain page: its page, and whether it is in work. */
struct schedule_place {
	qpmap_vaddr_t va;
	unsigned int page;
	_Bool busy;
};

static struct schedule {
	unsigned long long seed;	/* 0: none is under way */
	enum schedule_state page[SCHEDULE_PAGES];
	struct schedule_place live[SCHEDULE_LIVE];
	struct schedule_place plain[SCHEDULE_PLAIN];
	_Bool window[SCHEDULE_WINDOWS];
	unsigned int slots;
	unsigned int flights;		/* shared calls under way */
	unsigned int calls;		/* that have begun or ended */
	unsigned int full;
} schedule;

static unsigned int
schedule_take(void)
{
	unsigned int from = fibers_pick(SCHEDULE_PAGES), i, page;

	for (i = 0; i < SCHEDULE_PAGES; i++) {
		page = (from + i) % SCHEDULE_PAGES;
		if (schedule.page[page] == SCHEDULE_FREE) {
			schedule.page[page] = SCHEDULE_USED;
			return (page);
		}
	}
	return (SCHEDULE_NONE);
}

/* Who says that a page is free must be right. */
static void
schedule_free(unsigned int page)
{
	if (fake_cached_page(fake_page(page)) != 0) {
		fail_msg("page %u is free, and a CPU still reaches it", page);
	}
	schedule.page[page] = SCHEDULE_FREE;
}

/* No CPU has a translation of any page that is free. */
static void
schedule_check(void)
{
	qpmap_vaddr_t va = FAKE_WINDOW_VA;
	struct qpmap_pte entry;
	unsigned int page, i;

	for (; va < FAKE_GLOBAL_VA + QPMAP_GLOBAL_SIZE; va += QPMAP_PAGE_SIZE) {
		for (i = 0; i < FAKE_CPUS * FAKE_CONTEXTS; i++) {
			if (!fake.joined[i / FAKE_CONTEXTS]) {
				continue;
			}
			entry = fake_cached(i / FAKE_CONTEXTS,
			    i % FAKE_CONTEXTS, va);
			page = (unsigned int)fake_page_number(qpmap_pte_pa(
			    entry, 0));
			if (qpmap_pte_is_valid(entry) &&
			    schedule.page[page] == SCHEDULE_FREE) {
				fail_msg("CPU %u reaches page %u, which is "
				    "free, at %#lx", i / FAKE_CONTEXTS, page,
				    (unsigned long)va);
			}
		}
	}
}

/* A place that nobody works on, mapped or not; or NULL. */
static struct schedule_place *
schedule_place(struct schedule_place *places, unsigned int count, _Bool mapped)
{
	unsigned int from = fibers_pick(count), i;
	struct schedule_place *place;

	for (i = 0; i < count; i++) {
		place = &places[(from + i) % count];
		if (!place->busy && mapped == (place->page != SCHEDULE_NONE)) {
			return (place);
		}
	}
	return (NULL);
}

static void
schedule_call(int begins)
{
	schedule.calls++;
	schedule.flights += begins != 0 ? 1u : -1u;
}

static void
schedule_enter(void)
{
	struct schedule_place *place = schedule_place(schedule.live,
	    SCHEDULE_LIVE, 0);
	unsigned int page = schedule_take();
	unsigned int calls, live = 0;
	qpmap_vaddr_t va = 1;
	_Bool alone;

	if (place == NULL || page == SCHEDULE_NONE) {
		if (page != SCHEDULE_NONE) {
			schedule_free(page);
		}
		return;
	}
	place->busy = 1;
	alone = schedule.flights == 0;
	schedule_call(1);
	calls = schedule.calls;
	if (qpmap_global_enter(fake_page(page), fibers_pick(5), &va) ==
	    QPMAP_OK) {
		place->va = va;
		place->page = page;
	} else {
		/* Nobody else was at it: then all slots are really used. */
		for (unsigned int i = 0; i < SCHEDULE_LIVE; i++) {
			live += schedule.live[i].page != SCHEDULE_NONE;
		}
		if (va != 1 || (alone && calls == schedule.calls &&
		    live != schedule.slots)) {
			fail_msg("full, with %u of %u slots used", live,
			    schedule.slots);
		}
		schedule.full++;
		schedule_free(page);
	}
	schedule_call(0);
	place->busy = 0;
}

static void
schedule_remove(_Bool deferred)
{
	struct schedule_place *place = schedule_place(schedule.live,
	    SCHEDULE_LIVE, 1);
	unsigned int page;

	if (place == NULL) {
		return;
	}
	place->busy = 1;
	schedule_call(1);
	page = place->page;
	if (deferred) {
		qpmap_global_remove_deferred(place->va);
		schedule.page[page] = SCHEDULE_LIMBO;
	} else {
		qpmap_global_remove(place->va);
		schedule_free(page);
	}
	place->page = SCHEDULE_NONE;
	place->busy = 0;
	schedule_call(0);
}

static void
schedule_quiesce(void)
{
	_Bool limbo[SCHEDULE_PAGES];
	unsigned int page;

	for (page = 0; page < SCHEDULE_PAGES; page++) {
		limbo[page] = schedule.page[page] == SCHEDULE_LIMBO;
	}
	schedule_call(1);
	qpmap_quiesce();
	schedule_call(0);
	for (page = 0; page < SCHEDULE_PAGES; page++) {
		/* Another CPU's quiesce may have been faster. */
		if (limbo[page] && schedule.page[page] == SCHEDULE_LIMBO) {
			schedule_free(page);
		}
	}
}

static void
schedule_map(void)
{
	struct schedule_place *place = schedule_place(schedule.plain,
	    SCHEDULE_PLAIN, 0);
	unsigned int page = schedule_take();

	if (place == NULL || page == SCHEDULE_NONE) {
		if (page != SCHEDULE_NONE) {
			schedule_free(page);
		}
		return;
	}
	place->page = page;
	fake_host_map(place->va, fake_host_pte(fake_page(page)));
}

/* The members of the set do not have the page any more. */
static void
schedule_members(unsigned int page, unsigned long set)
{
	unsigned int window;
	_Bool joined[FAKE_CPUS];

	memcpy(joined, fake.joined, sizeof(joined));
	for (unsigned int cpu = 0; cpu < FAKE_CPUS; cpu++) {
		window = fake_cpu[cpu].index_plus_one;
		fake.joined[cpu] = joined[cpu] && window != 0 &&
		    (set >> (window - 1) & 1) != 0;
	}
	if (fake_cached_page(fake_page(page)) != 0) {
		fail_msg("page %u was shot down on %#lx, and is there", page,
		    set);
	}
	memcpy(fake.joined, joined, sizeof(joined));
}

static void
schedule_unmap(void)
{
	struct schedule_place *place = schedule_place(schedule.plain,
	    SCHEDULE_PLAIN, 1);
	unsigned long set = fibers_pick(1u << SCHEDULE_WINDOWS);
	unsigned int page, pages = 1 + fibers_pick(3);

	if (place == NULL) {
		return;
	}
	place->busy = 1;
	page = place->page;
	fake_host_map(place->va, qpmap_pte_none());
	if (fibers_pick(3) == 0) {
		qpmap_shootdown(place->va, pages, &set);
		schedule_members(page, set);
	}
	qpmap_shootdown(place->va - (pages - 1) * QPMAP_PAGE_SIZE,
	    fibers_pick(20) == 0 ? 40 : pages, NULL);
	schedule_free(page);
	place->page = SCHEDULE_NONE;
	place->busy = 0;
}

/* What is mapped, is mapped: here, now. */
static void
schedule_look(void)
{
	struct schedule_place *place = schedule_place(schedule.live,
	    SCHEDULE_LIVE, 1);
	struct fake_result result;

	if (place != NULL) {
		result = fake_translate(place->va, FAKE_WRITE);
		if (result.fault != FAKE_OK ||
		    result.pa != fake_page(place->page)) {
			fail_msg("%#lx does not show page %u",
			    (unsigned long)place->va, place->page);
		}
	}
}

/* Windows: one page or two, and whatever else meanwhile. */
static void
schedule_window(void)
{
	unsigned int count = 1 + fibers_pick(2), n;
	unsigned int page[2];
	qpmap_vaddr_t va[2];

	for (n = 0; n < count && (page[n] = schedule_take()) !=
	    SCHEDULE_NONE; n++) {
		va[n] = qpmap_enter(fake_page(page[n]), fibers_pick(5));
		for (unsigned int i = fibers_pick(8); i > 0; i--) {
			fake_step();
		}
	}
	if (fibers_pick(3) == 0) {
		schedule_unmap();
	}
	for (; n > 0; n--) {
		if (fake_translate(va[n - 1], FAKE_WRITE).pa !=
		    fake_page(page[n - 1])) {
			fail_msg("a window does not show its page");
		}
		qpmap_remove(va[n - 1]);
		if (fake_translate(va[n - 1], FAKE_READ).fault !=
		    FAKE_ABSENT) {
			fail_msg("a window shows what was removed");
		}
		schedule.page[page[n - 1]] = SCHEDULE_LIMBO;
	}
}

/* Offline, late interrupts, and online in a window that nobody has. */
static void
schedule_move(void)
{
	unsigned int cpu = fake.cpu, window = fake_cpu[cpu].index_plus_one - 1;

	fibers_mask(fibers_pick(2) != 0);
	fake_offline_cpu(cpu);
	schedule.window[window] = 0;
	fibers_mask(0);
	for (unsigned int i = fibers_pick(60); i > 0; i--) {
		fake_step();
	}
	do {
		window = fibers_pick(SCHEDULE_WINDOWS);
	} while (schedule.window[window]);
	schedule.window[window] = 1;
	fake_cpu_sync[window].hart = fake.hart[cpu];
	fibers_mask(fibers_pick(2) != 0);
	if (fake_online_cpu(cpu, window, fake_host_leaf(FAKE_WINDOW_VA +
	    window * QPMAP_WINDOW_SIZE)) != QPMAP_OK) {
		fail_msg("a CPU does not come online");
	}
	fibers_mask(0);
}

static void
schedule_op(void)
{
	unsigned int what = fibers_pick(20);

	fibers_mask(fibers_pick(3) == 0);
	if (what < 5) {
		schedule_enter();
	} else if (what < 9) {
		schedule_remove(what % 2 != 0);
	} else if (what == 9) {
		schedule_quiesce();
	} else if (what < 12) {
		schedule_window();
	} else if (what < 16) {
		schedule_unmap();
	} else if (what == 16) {
		schedule_map();
	} else if (what < 19) {
		schedule_look();
	} else {
		schedule_move();
	}
	fibers_mask(0);
	schedule_check();
}

static void
schedule_body(void)
{
	for (unsigned int i = 0; i < SCHEDULE_OPS; i++) {
		schedule_op();
	}
}

/* The machine as a schedule finds it: half of everything is in use. */
static void
schedule_start(uint64_t *seed)
{
	static const qpmap_generation_t first[] = {
		0x1000, ~(qpmap_generation_t)0 - 8, 0xfffff8, 0x7fffffff
	};
	struct qpmap_config config = fake_config();
	qpmap_generation_t generation = first[fake_random(seed) % 4];
	unsigned int cpu, i, far = fake_random(seed) % 50;

	memset(&schedule.page, 0, sizeof(schedule.page));
	memset(&schedule.window, 0, sizeof(schedule.window));
	schedule.flights = 0;
	config.cpu_count = SCHEDULE_WINDOWS;
	config.global_count = 1;
	config.flags |= fake_random(seed) % 4 == 0 ? QPMAP_FLAGS_FIRMWARE : 0;
	for (cpu = 0; cpu < FAKE_CPUS; cpu++) {
		fake.hart[cpu] = cpu * far + cpu;
		fake_cpu_sync[cpu].hart = fake.hart[cpu];
	}
	fake_start(&config);
	fake_shootdown_memory.generation = generation;
	for (cpu = 0; cpu < FAKE_CPUS; cpu++) {
		schedule.window[cpu] = 1;
		fake_cpu_sync[cpu].acknowledged = generation;
	}
	fake.firmware_fails_at = fake_random(seed) % 12;
	schedule.slots = 2 + fake_random(seed) % 4;
	fake_global[0].clean = ((uintptr_t)1 << schedule.slots) - 1;
	for (i = 0; i < SCHEDULE_LIVE; i++) {
		schedule.live[i] = (struct schedule_place){
		    .page = SCHEDULE_NONE };
		schedule.plain[i] = (struct schedule_place){
		    .va = FAKE_PLAIN_VA + 3 * i * QPMAP_PAGE_SIZE,
		    .page = i };
		schedule.page[i] = SCHEDULE_USED;
		fake_host_map(schedule.plain[i].va,
		    fake_host_pte(fake_page(i)));
	}
}

static void
schedule_run(uint64_t seed)
{
	void (*const body[FAKE_CPUS])(void) = {
		schedule_body, schedule_body, schedule_body, schedule_body
	};
	struct fibers_plan plan = { .seed = seed * 0x9e3779b97f4a7c15ULL };

	fake_reset();
	schedule.seed = seed;
	(void)fake_random(&plan.seed);
	schedule_start(&plan.seed);
	plan.grain = 1u << (fake_random(&plan.seed) % 7);
	plan.late = 1 + fake_random(&plan.seed) % 20;
	(void)fibers_run(&plan, 0, body);
	schedule_quiesce();
	schedule_check();
	if (fake_global[0].dirty != 0 ||
	    (fake_global[0].used | fake_global[0].clean) !=
	    ((uintptr_t)1 << schedule.slots) - 1 ||
	    (fake_global[0].used & fake_global[0].clean) != 0) {
		fail_msg("a global slot is lost, or is there twice");
	}
	fake_assert_idle();
	schedule.seed = 0;
}

static void
schedule_all(void **state)
{
	const char *seed = getenv("QPMAP_SEED");

	(void)state;
	schedule.full = 0;
	if (seed != NULL) {
		schedule_run(strtoull(seed, NULL, 0));
		return;
	}
	for (unsigned int i = 1; i <= SCHEDULE_COUNT; i++) {
		schedule_run(i);
	}
	assert_true(schedule.full > SCHEDULE_COUNT / 20);
}

static int
schedule_teardown(void **state)
{
	if (schedule.seed != 0) {
		print_error("again: QPMAP_SEED=%llu .../unit-smp... "
		    "'unit/B10/schedules'\n", schedule.seed);
		schedule.seed = 0;
	}
	return (fibers_teardown(state));
}

const struct CMUnitTest schedule_tests[] = {
	{ "unit/B10/schedules", schedule_all, fake_setup, schedule_teardown,
	    (void *)"unit/B10/schedules" },
};
const size_t schedule_count =
    sizeof(schedule_tests) / sizeof(schedule_tests[0]);

#endif /* QPMAP_SHOOTDOWN */
