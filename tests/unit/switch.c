/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads that hold mappings over context switches.
 *
 * A thread is stopped at every point of what it does, and others run in its
 * place.  They are called there, as a handler is, but what they hold when they
 * return stays theirs, and is held over the first thread's next steps.
 */
#include <qpmap/panic.h>

#include "machine.h"
#include "tests.h"

#if QPMAP_SWITCH

#define SWITCH_POINTS	400

static const unsigned int switch_types[] = {
	QPMAP_ATTR_WRITE_BACK, QPMAP_ATTR_WRITE_COMBINING,
	QPMAP_ATTR_WRITE_THROUGH, QPMAP_ATTR_UNCACHED
};

/* A thread: what the library saves, the host's count, and what it holds. */
struct switch_thread {
	struct qpmap_saved saved;
	unsigned int pins;
	unsigned int held;
	unsigned int base;		/* its pages */
	qpmap_vaddr_t va[QPMAP_SLOTS];
};

static struct switch_thread switch_thread[3];
static struct switch_thread *switch_now;

static void
switch_start(void)
{
	struct qpmap_config config = fake_config();

#if QPMAP_LARGE_SLOTS
	config.large_va = FAKE_LARGE_VA;
#endif
	fake_start(&config);
	memset(switch_thread, 0, sizeof(switch_thread));
	for (unsigned int i = 0; i < 3; i++) {
		switch_thread[i].base = 40 * (i + 1);
	}
	switch_now = &switch_thread[0];
}

/* The host's context switch, on this CPU. */
static void
switch_out(void)
{
	struct switch_thread *thread = switch_now;

	thread->pins = fake.pins[fake.cpu];
	fake.pins[fake.cpu] = 1;
	qpmap_switch_out(&fake_cpu[fake.cpu], &thread->saved);
	assert_int_equal(qpmap_held(&fake_cpu[fake.cpu]), 0);
	switch_now = NULL;
}

static void
switch_in(struct switch_thread *thread)
{
	fake.pins[fake.cpu] = 1;
	fake.restoring = 1;
	qpmap_switch_in(&fake_cpu[fake.cpu], &thread->saved);
	fake.restoring = 0;
	assert_int_equal(thread->saved.size, 0);
	fake.pins[fake.cpu] = thread->pins;
	switch_now = thread;
}

static void
switch_to(struct switch_thread *thread)
{
	switch_out();
	switch_in(thread);
}

static unsigned int
switch_type(const struct switch_thread *thread, unsigned int n)
{
	return (switch_types[(thread->base / 40 + n) % 4]);
}

/* All that a thread holds is there, and nothing else in the window. */
static void
switch_look(const struct switch_thread *thread)
{
	unsigned int n;

	assert_int_equal(qpmap_held(&fake_cpu[fake.cpu]), thread->held);
	for (n = 0; n < QPMAP_SLOTS; n++) {
		if (n < thread->held) {
			fake_assert_shows(thread->va[n],
			    fake_page(thread->base + n),
			    switch_type(thread, n), n % 2 == 0);
		} else {
			fake_assert_absent(fake_slot_va_at(fake.cpu, n));
		}
	}
}

static void
switch_enter(struct switch_thread *thread)
{
	unsigned int n = thread->held;
	qpmap_paddr_t pa = fake_page(thread->base + n);

	thread->va[n] = n % 2 == 0 ? qpmap_enter(pa, switch_type(thread, n)) :
	    qpmap_enter_ro(pa, switch_type(thread, n));
	assert_int_equal(thread->va[n], fake_slot_va_at(fake.cpu, n));
	thread->held = n + 1;
	switch_look(thread);
}

static void
switch_remove(struct switch_thread *thread)
{
	switch_look(thread);
	thread->held--;
	qpmap_remove(thread->va[thread->held]);
	switch_look(thread);
}

/* The next step of a thread other than the first: up to count, or down. */
static void
switch_move(struct switch_thread *thread, unsigned int count)
{
	while (thread->held > count) {
		switch_remove(thread);
	}
	while (thread->held < count) {
		switch_enter(thread);
	}
	switch_look(thread);
}

/*
 * In place of an interrupt: the first thread was stopped here.  How many the
 * others hold is another number each time.
 */
static unsigned int switch_second, switch_turns;

static void
switch_away(void)
{
	unsigned int point = fake.irq_point[0] - 1;

	/* An interrupt pins: what remains is the thread's. */
	fake.irq_depth = 0;
	fake.pins[fake.cpu]--;
	switch_to(&switch_thread[1 + switch_turns % 2]);
	switch_move(switch_now, switch_turns < 2 ?
	    1 + (point + switch_turns) % QPMAP_SLOTS : 0);
	switch_to(&switch_thread[0]);
	fake.pins[fake.cpu]++;
	fake.irq_depth = 1;
	switch_turns++;
	fake.irq_at[0] = point + switch_second;
}

/* What the first thread is stopped in: one more page, and it goes again. */
static void
switch_body(unsigned int held)
{
	struct switch_thread *thread = &switch_thread[0];
	qpmap_paddr_t pa = fake_page(thread->base + held);
	unsigned int type = switch_type(thread, held);

	fake.irq = switch_away;
	fake.irq_depth = 1;
	fake.irq_point[0] = 0;
	switch_turns = 0;
	thread->va[held] = held % 2 == 0 ? qpmap_enter(pa, type) :
	    qpmap_enter_ro(pa, type);
	thread->held++;
	/* Accesses are points, too. */
	fake_event_begin(FAKE_PEEK, 0);
	fake.irq_depth = 0;
	switch_look(thread);
	fake.irq_depth = 1;
	thread->held--;
	qpmap_remove(thread->va[held]);
	fake.irq = NULL;
	switch_look(thread);
}

/*
 * The first thread holds some pages, and is stopped at one point of an enter or
 * a remove; the second enters, and holds.  The first is stopped again, one or
 * more points later; the third enters, and holds.  And so on: the others remove
 * in the order in which they came.
 */
static void
switch_b19_threads(void **state)
{
	struct switch_thread *thread = &switch_thread[0];
	unsigned int held, at, points = 1, runs = 0;

	(void)state;
	switch_start();
	for (held = 0; held < QPMAP_SLOTS; held++) {
		switch_move(thread, held);
		for (switch_second = 1; switch_second < 30;
		    switch_second += 4) {
			for (at = 0; at < points; at++) {
				fake.irq_at[0] = at;
				switch_body(held);
				points = fake.irq_point[0];
				for (unsigned int i = 1; i < 3; i++) {
					switch_to(&switch_thread[i]);
					switch_move(switch_now, 0);
				}
				switch_to(thread);
				runs++;
			}
			assert_true(points > 20);
		}
	}
	switch_move(thread, 0);
	assert_true(runs > 8 * 20 * QPMAP_SLOTS);
	fake_assert_idle();
}

/* A handler: one page, of any type, if there is a slot. */
static void
switch_handler(void)
{
	unsigned int type = switch_types[fake.irq_point[0] % 4];
	qpmap_vaddr_t va;

	if (qpmap_held(&fake_cpu[fake.cpu]) == QPMAP_SLOTS) {
		return;
	}
	va = qpmap_enter(fake_page(9 + fake.irq_now), type);
	fake_assert_shows(va, fake_page(9 + fake.irq_now), type, 1);
	qpmap_remove(va);
	fake_assert_absent(va);
}

/* Interrupts, and NMI in them, at every point of the two calls. */
static void
switch_b19_interrupts(void **state)
{
	unsigned int held, at, depth, points;

	(void)state;
	switch_start();
	for (held = 1; held <= QPMAP_SLOTS; held++) {
		for (depth = 1; depth < 3; depth++) {
			points = 1;
			for (at = 0; at < points; at++) {
				switch_move(&switch_thread[0], held);
				fake.irq = switch_handler;
				fake.irq_depth = depth;
				fake.irq_at[0] = at;
				fake.irq_at[1] = ~0u;
				fake.irq_point[0] = 0;
				switch_out();
				switch_in(&switch_thread[1]);
				switch_out();
				switch_in(&switch_thread[0]);
				points = fake.irq_point[0];
				fake.irq = NULL;
				switch_look(&switch_thread[0]);
			}
			assert_true(points > 10);
		}
	}
	switch_move(&switch_thread[0], 0);
	fake_assert_idle();
}

/* After out the CPU has none of its translations, and every PTE is zero. */
static void
switch_b19_out(void **state)
{
	struct switch_thread *thread = &switch_thread[0];
	unsigned int held, n;

	(void)state;
	switch_start();
	for (held = 0; held <= QPMAP_SLOTS; held++) {
		switch_move(thread, held);
		fake_log_clear();
		switch_out();
		assert_int_equal(thread->saved.size,
		    held * sizeof(struct qpmap_slot));
		assert_int_equal(fake.kind_count[FAKE_CLEAR], held);
		for (n = 0; n < QPMAP_SLOTS; n++) {
			fake_assert_absent(fake_slot_va_at(0, n));
			assert_int_equal(fake_leaf(fake_slot_va_at(0,
			    n)).bits, 0);
			assert_int_equal(fake_cpu[0].slot[n + 1].va,
			    fake_slot_va_at(0, n));
		}
		switch_in(thread);
		switch_look(thread);
	}
	switch_move(thread, 0);
	fake_assert_idle();
}

/* A copy of a thread that runs holds nothing. */
static void
switch_b19_fork(void **state)
{
	struct switch_thread *child = &switch_thread[2];

	(void)state;
	switch_start();
	switch_move(&switch_thread[0], QPMAP_SLOTS);
	switch_to(&switch_thread[1]);
	switch_to(&switch_thread[0]);
	child->saved = switch_thread[0].saved;
	switch_to(child);
	switch_look(child);
	switch_move(child, QPMAP_SLOTS);
	switch_to(&switch_thread[0]);
	switch_move(&switch_thread[0], 0);
	switch_to(child);
	switch_move(child, 0);
	fake_assert_idle();
}

/* A thread that returns on another CPU, or on one that is offline. */
static void
switch_b19_cpu(void **state)
{
	(void)state;
	switch_start();
	switch_move(&switch_thread[0], 1);
	switch_out();
	fake.pins[0] = 0;
	fake_run_on(2);
	EXPECT_PANIC(QPMAP_PANIC_SWITCH_CPU, 0, 2,
	    qpmap_switch_in(&fake_cpu[2], &switch_thread[0].saved));
	assert_int_equal(qpmap_held(&fake_cpu[2]), 0);
	fake_assert_absent(fake_slot_va_at(2, 0));
	fake_offline_cpu(2);
	EXPECT_PANIC(QPMAP_PANIC_SWITCH_CPU, 0, ~(uint32_t)0,
	    qpmap_switch_in(&fake_cpu[2], &switch_thread[0].saved));
	/* On its own it goes on. */
	fake_run_on(0);
	switch_in(&switch_thread[0]);
	switch_move(&switch_thread[0], 0);
	fake_assert_idle();
}

/* The same index, but later: the CPU was offline in between. */
static void
switch_b19_offline(void **state)
{
	static struct qpmap_cpu never;
	struct qpmap_saved saved = { .size = 0 };

	(void)state;
	switch_start();
	qpmap_switch_out(&never, &saved);
	qpmap_switch_in(&never, &saved);
	assert_int_equal(saved.size, 0);
	switch_move(&switch_thread[0], 2 % (QPMAP_SLOTS + 1));
	switch_out();
	fake.pins[0] = 0;
	fake_offline_cpu(0);
	qpmap_switch_out(&fake_cpu[0], &saved);
	qpmap_switch_in(&fake_cpu[0], &saved);
	assert_int_equal(saved.size, 0);
	assert_int_equal(fake_cpu[0].next, 0);
	assert_int_equal(fake_online_cpu(0, 0,
	    fake_host_leaf(fake_slot_va_at(0, 0) - QPMAP_PAGE_SIZE)),
	    QPMAP_OK);
	switch_in(&switch_thread[0]);
	switch_move(&switch_thread[0], 0);
	fake_assert_idle();
}

/* With nothing held no entry is looked at, and nothing is called. */
static void
switch_b19_nothing(void **state)
{
	(void)state;
	switch_start();
	fake_log_clear();
	switch_to(&switch_thread[1]);
	switch_to(&switch_thread[0]);
	assert_int_equal(fake.event_count, 0);
}

/* The thread was stopped, and the CPU panicked. */
static void
switch_b19_abandon(void **state)
{
	(void)state;
	switch_start();
	switch_move(&switch_thread[0], QPMAP_SLOTS);
	switch_to(&switch_thread[1]);
	switch_move(&switch_thread[1], 1);
	fake.pins[0] = 1;
	qpmap_cpu_abandon(&fake_cpu[0]);
	switch_thread[1].held = 0;
	switch_look(&switch_thread[1]);
	switch_move(&switch_thread[1], QPMAP_SLOTS);
	switch_to(&switch_thread[2]);
	switch_look(&switch_thread[2]);
	switch_to(&switch_thread[1]);
	switch_move(&switch_thread[1], 0);
}

#if QPMAP_RANGE_PAGES && QPMAP_LARGE_SLOTS && QPMAP_SHOOTDOWN

/* A range or a large page is not saved. */
static void
switch_b19_not_saved(void **state)
{
	struct qpmap_saved saved = { .size = 0 };
	qpmap_vaddr_t va, large, page;

	(void)state;
	switch_start();
	fake_run_on(1);
	for (unsigned int held = 0; held < 2; held++) {
		page = held == 0 ? 0 : qpmap_enter(fake_page(1), 0);
		va = qpmap_range_enter(fake_page(2), 3, 0);
		EXPECT_PANIC(QPMAP_PANIC_SWITCH_HELD, 1, 1,
		    qpmap_switch_out(&fake_cpu[1], &saved));
		large = qpmap_large_enter(0, 0);
		EXPECT_PANIC(QPMAP_PANIC_SWITCH_HELD, 1, 2,
		    qpmap_switch_out(&fake_cpu[1], &saved));
		qpmap_range_remove(va);
		EXPECT_PANIC(QPMAP_PANIC_SWITCH_HELD, 1, 1,
		    qpmap_switch_out(&fake_cpu[1], &saved));
		qpmap_large_remove(large);
		if (page != 0) {
			qpmap_remove(page);
		}
	}
	fake.pins[1]++;
	qpmap_switch_out(&fake_cpu[1], &saved);
	fake.pins[1]--;
	assert_int_equal(saved.size, 0);
	fake_assert_idle();
}

/* Pages pin; everything else disables preemption. */
static void
switch_b19_preemption(void **state)
{
	struct qpmap_config config = fake_config();
	qpmap_vaddr_t va = 0;

	(void)state;
	config.global_count = 1;
	config.large_va = FAKE_LARGE_VA;
	fake_start(&config);
	qpmap_remove(qpmap_enter(fake_page(1), 0));
	qpmap_remove(qpmap_enter(fake_page(1), QPMAP_ATTR_UNCACHED));
	assert_int_equal(fake.kind_count[FAKE_PREEMPT_DISABLE], 0);
	assert_int_equal(fake.kind_count[FAKE_PREEMPT_ENABLE], 0);
	fake_log_clear();
	qpmap_range_remove(qpmap_range_enter(fake_page(2), 3, 0));
	qpmap_range_remove(qpmap_range_enter(fake_page(2), 3,
	    QPMAP_ATTR_UNCACHED));
	assert_int_equal(qpmap_range_enter(fake_page(2),
	    QPMAP_RANGE_PAGES - 1, 0), 0);
	assert_true(qpmap_range_room() > 0);
	qpmap_zero_range(fake_page(2), 4, 0);
	qpmap_large_remove(qpmap_large_enter(0, 0));
	qpmap_large_remove(qpmap_large_enter(0, QPMAP_ATTR_UNCACHED));
	assert_int_equal(qpmap_global_enter(fake_page(3), 0, &va), QPMAP_OK);
	qpmap_global_remove(va);
	assert_int_equal(qpmap_global_enter(fake_page(3), 0, &va), QPMAP_OK);
	qpmap_global_remove_deferred(va);
	qpmap_quiesce();
	qpmap_shootdown(FAKE_PLAIN_VA, 1, NULL);
	assert_int_equal(fake.kind_count[FAKE_PIN], 0);
	assert_int_equal(fake.kind_count[FAKE_UNPIN], 0);
	assert_true(fake.kind_count[FAKE_PREEMPT_DISABLE] > 10);
	assert_int_equal(fake.kind_count[FAKE_PREEMPT_DISABLE],
	    fake.kind_count[FAKE_PREEMPT_ENABLE]);
	fake_assert_idle();
}

#endif

const struct CMUnitTest switch_tests[] = {
	FAKE_TEST("unit/B19/threads", switch_b19_threads),
	FAKE_TEST("unit/B19/interrupts", switch_b19_interrupts),
	FAKE_TEST("unit/B19/out", switch_b19_out),
	FAKE_TEST("unit/B19/fork", switch_b19_fork),
	FAKE_TEST("unit/B19/other-cpu", switch_b19_cpu),
	FAKE_TEST("unit/B19/offline", switch_b19_offline),
	FAKE_TEST("unit/B19/nothing-held", switch_b19_nothing),
	FAKE_TEST("unit/B19/abandon", switch_b19_abandon),
#if QPMAP_RANGE_PAGES && QPMAP_LARGE_SLOTS && QPMAP_SHOOTDOWN
	FAKE_TEST("unit/B19/not-saved", switch_b19_not_saved),
	FAKE_TEST("unit/B19/preemption", switch_b19_preemption),
#endif
};
const size_t switch_count = sizeof(switch_tests) / sizeof(switch_tests[0]);

#endif /* QPMAP_SWITCH */
