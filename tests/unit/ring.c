/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * B12, the deferred discipline: what the ring does, and what of B3 is left.
 */
#include "machine.h"
#include "tests.h"

#if QPMAP_RING

#define RING_FRAMES	QPMAP_RING_FRAMES
#define RING_DEEP	(QPMAP_FRAMES >= 2)

static void
ring_start(void)
{
	struct qpmap_config config = fake_config();

	fake_start(&config);
}

/* Address of the ring's frame number n of a window, and of its first page. */
static qpmap_vaddr_t
ring_va(unsigned int window, unsigned int n)
{
	return (qpmap_state.window_va + window * QPMAP_WINDOW_SIZE +
	    (2 * n + 1) * QPMAP_PAGE_SIZE);
}

/* The lowest frame of this CPU is at number n of the ring. */
static void
ring_assert_at(unsigned int n)
{
	const struct qpmap_cpu *cpu = &fake_cpu[fake.cpu];

	assert_int_equal(cpu->frame[1].va, ring_va(cpu->window - 1, n));
	assert_ptr_equal(cpu->frame[1].slot,
	    fake_host_leaf(cpu->frame[1].va));
}

static _Bool
ring_cached(unsigned int cpu, qpmap_vaddr_t va)
{
	_Bool cached = 0;

	for (unsigned int i = 0; i < FAKE_CONTEXTS; i++) {
		cached = cached ||
		    qpmap_pte_is_valid(fake_cached(cpu, i, va));
	}
	return (cached);
}

/* This CPU cannot reach the page: in the address space that it is in. */
static void
ring_assert_strict(qpmap_vaddr_t va)
{
	assert_int_equal(fake_translate(va, FAKE_READ).fault, FAKE_ABSENT);
}

/* No CPU has a translation of anything in any ring. */
static void
ring_assert_forgotten(unsigned int first_cpu, unsigned int last_cpu)
{
	for (unsigned int cpu = first_cpu; cpu <= last_cpu; cpu++) {
		for (unsigned int window = 0; window < FAKE_CPUS; window++) {
			for (unsigned int n = 0; n < RING_FRAMES; n++) {
				assert_false(ring_cached(cpu,
				    ring_va(window, n)));
			}
		}
	}
}

/* One page in and out, with its contents seen; where it was. */
static qpmap_vaddr_t
ring_pair(unsigned int page)
{
	qpmap_vaddr_t va = qpmap_enter(fake_page(page), 0);

	fake_assert_shows(va, fake_page(page), 0, 1);
	qpmap_remove(va);
	assert_int_equal(fake_leaf(va).bits, 0);
	return (va);
}

/* The frames one after the other, and again, without an invalidation. */
static void
ring_turns(void **state)
{
	unsigned int cpu, turn, n;

	(void)state;
	ring_start();
	for (cpu = 0; cpu < FAKE_CPUS; cpu++) {
		fake_run_on(cpu);
		qpmap_quiesce();	/* of what it saw of the others' */
		for (turn = 0; turn < 3; turn++) {
			for (n = 0; n < RING_FRAMES; n++) {
				ring_assert_at(n);
				fake_log_clear();
				assert_int_equal(ring_pair(n + turn),
				    ring_va(cpu, n));
				assert_int_equal(fake.kind_count[FAKE_EMPTIED],
				    0);
				assert_int_equal(fake.kind_count[
				    FAKE_SHOT_DOWN], n == RING_FRAMES - 1);
			}
		}
	}
	fake_assert_idle();
}

/*
 * B3 as B12 has it: until the turn is over each removed page may still be
 * reached on this CPU, and at its end none can.
 */
static void
ring_stale(void **state)
{
	unsigned int n, i;

	(void)state;
	ring_start();
	for (n = 0; n < RING_FRAMES; n++) {
		(void)ring_pair(n);
		for (i = 0; i <= n && n != RING_FRAMES - 1; i++) {
			/* This machine's TLB is the worst there is. */
			assert_int_equal(fake_translate(ring_va(0, i),
			    FAKE_READ).pa, fake_page(i));
		}
	}
	ring_assert_forgotten(0, 0);
	for (n = 0; n < RING_FRAMES; n++) {
		assert_int_equal(fake_translate(ring_va(0, n),
		    FAKE_READ).fault, FAKE_ABSENT);
	}
}

/* The order of a remove: within the ring, and at its end. */
static void
ring_order(void **state)
{
	static const enum fake_kind leave[] = {
		FAKE_CPU, FAKE_EMPTYING, FAKE_CLEAR, FAKE_SHOT_DOWN, FAKE_UNPIN
	};
	unsigned int n, i, at;
	qpmap_vaddr_t va;

	(void)state;
	ring_start();
	for (n = 0; n < 2 * RING_FRAMES; n++) {
		va = qpmap_enter(fake_page(n), 0);
		fake_log_clear();
		qpmap_remove(va);
		for (i = 0, at = 0; i < 5; i++) {
			if (leave[i] == FAKE_SHOT_DOWN &&
			    n % RING_FRAMES != RING_FRAMES - 1) {
				continue;
			}
			assert_int_equal(fake.event[at].kind, leave[i]);
			if (leave[i] == FAKE_SHOT_DOWN) {
				assert_int_equal(fake.event[at].what,
				    ring_va(0, 0));
				assert_int_equal(fake.event[at].more,
				    2 * RING_FRAMES - 1);
			}
			at++;
		}
		assert_int_equal(fake.event_count, at);
	}
}

/* C2: a frame that is used again never shows what it showed before. */
static void
ring_again(void **state)
{
	unsigned int page;
	qpmap_vaddr_t va;

	(void)state;
	ring_start();
	for (unsigned int i = 0; i < 10000; i++) {
		page = i * 7919u % 251u;
		va = qpmap_enter(fake_page(page), 0);
		assert_int_equal(va, ring_va(0, i % RING_FRAMES));
		fake_assert_shows(va, fake_page(page), 0, 1);
		qpmap_remove(va);
	}
	fake_assert_idle();
}

/* What nests is strict, and does not move the ring. */
static void
ring_nested(void **state)
{
	qpmap_vaddr_t va[QPMAP_FRAMES];
	unsigned int n, k;

	(void)state;
	if (!RING_DEEP) {
		skip();
	}
	ring_start();
	for (k = 0; k < 2 * RING_FRAMES; k++) {
		for (n = 0; n < QPMAP_FRAMES; n++) {
			va[n] = qpmap_enter(fake_page(k + n), n % 5);
			fake_assert_shows(va[n], fake_page(k + n), n % 5, 1);
		}
		fake_log_clear();
		for (; n > 1; n--) {
			assert_int_equal(va[n - 1], fake_frame_va(0, n - 1));
			qpmap_remove(va[n - 1]);
			ring_assert_strict(va[n - 1]);
			ring_assert_at(k % RING_FRAMES);
		}
		assert_int_equal(fake.kind_count[FAKE_EMPTIED] +
		    fake.kind_count[FAKE_EMPTIED_SPECIAL], QPMAP_FRAMES - 1);
		assert_int_equal(fake.kind_count[FAKE_SHOT_DOWN], 0);
		fake_assert_shows(va[0], fake_page(k), 0, 1);
		qpmap_remove(va[0]);
		ring_assert_at((k + 1) % RING_FRAMES);
	}
	fake_assert_idle();
}

/* Special mappings are strict wherever the ring is, and do not move it. */
static void
ring_special(void **state)
{
	struct qpmap_config config = fake_config();
	unsigned int n, type;
	qpmap_vaddr_t va;

	(void)state;
	fake.special_types = QPMAP_TYPE_BIT(QPMAP_WRITE_COMBINING) |
	    QPMAP_TYPE_BIT(QPMAP_UNCACHED);
	fake_start(&config);
	for (n = 0; n < 2 * RING_FRAMES; n++) {
		for (type = 0; type < QPMAP_TYPE_COUNT; type++) {
			if ((fake.special_types & QPMAP_TYPE_BIT(type)) == 0) {
				continue;
			}
			va = qpmap_enter(fake_page(n + type), type);
			assert_int_equal(va, ring_va(0, n % RING_FRAMES));
			fake_assert_shows(va, fake_page(n + type), type, 1);
			qpmap_remove(va);
			ring_assert_strict(va);
			ring_assert_at(n % RING_FRAMES);
		}
		(void)ring_pair(n);
	}
	fake_assert_idle();
}

/* A flag that makes every mapping special makes every mapping strict. */
static void
ring_flags(void **state)
{
	struct qpmap_config config = fake_config();
	qpmap_vaddr_t va;

	(void)state;
	config.flags = QPMAP_FLUSH_ON_FILL;
	fake_start(&config);
	for (unsigned int n = 0; n < 3 * RING_FRAMES; n++) {
		va = ring_pair(n);
		assert_int_equal(va, ring_va(0, 0));
		ring_assert_strict(va);
	}
}

/* After qpmap_quiesce() no CPU has anything, wherever the rings are. */
static void
ring_quiesce(void **state)
{
	unsigned int cpu, n, self;
	qpmap_vaddr_t va;

	(void)state;
	ring_start();
	for (n = 0; n < 2 * RING_FRAMES; n++) {
		for (cpu = 0; cpu < FAKE_CPUS; cpu++) {
			fake_run_on(cpu);
			va = qpmap_enter(fake_page(4 * n + cpu), 0);
			/* The others have looked, and remember. */
			for (self = 0; self < FAKE_CPUS; self++) {
				fake_plant(self, va, fake_leaf(va));
			}
			qpmap_remove(va);
			assert_int_equal(fake_leaf(va).bits, 0);
		}
		fake_run_on(n % FAKE_CPUS);
		qpmap_quiesce();
		ring_assert_forgotten(0, FAKE_CPUS - 1);
		for (cpu = 0; cpu < FAKE_CPUS; cpu++) {
			assert_int_equal(fake_cached_page(
			    fake_page(4 * n + cpu)), 0);
		}
	}
	fake_assert_idle();
}

/* A held mapping outlives a quiesce and other CPUs' turns. */
static void
ring_held(void **state)
{
	unsigned int n;
	qpmap_vaddr_t va;

	(void)state;
	ring_start();
	for (n = 0; n < 2 * RING_FRAMES; n++) {
		fake_run_on(0);
		va = qpmap_enter(fake_page(n), 0);
		fake_run_on(1);
		for (unsigned int i = 0; i <= RING_FRAMES; i++) {
			(void)ring_pair(100 + i);
		}
		qpmap_quiesce();
		fake_run_on(0);
		fake_assert_shows(va, fake_page(n), 0, 1);
		qpmap_remove(va);
	}
	fake_assert_idle();
}

static qpmap_attr_t ring_handler_attr;

/* A handler: to full depth, then twice one page, and a look at all. */
static void
ring_handler(void)
{
	unsigned int held = qpmap_held(&fake_cpu[fake.cpu]);
	unsigned int base = 64 + 32 * fake.irq_now, n;
	qpmap_vaddr_t va[QPMAP_FRAMES];

	for (n = held; n < QPMAP_FRAMES; n++) {
		va[n] = qpmap_enter(fake_page(base + n), ring_handler_attr);
		fake_assert_shows(va[n], fake_page(base + n),
		    (unsigned int)ring_handler_attr, 1);
	}
	for (; n > held; n--) {
		fake_assert_shows(va[n - 1], fake_page(base + n - 1),
		    (unsigned int)ring_handler_attr, 1);
		qpmap_remove(va[n - 1]);
		fake_assert_absent(va[n - 1]);
	}
	for (n = 0; n < 2 && held < QPMAP_FRAMES; n++) {
		va[0] = qpmap_enter_ro(fake_page(base + 8 + n), 0);
		fake_assert_shows(va[0], fake_page(base + 8 + n), 0, 0);
		qpmap_remove(va[0]);
	}
	assert_int_equal(qpmap_held(&fake_cpu[fake.cpu]), held);
}

/* One enter and remove, seen, and one that nests. */
static void
ring_body(qpmap_attr_t attr)
{
	qpmap_vaddr_t va = qpmap_enter(fake_page(1), attr), second;

	fake_assert_shows(va, fake_page(1), (unsigned int)attr, 1);
	if (RING_DEEP) {
		second = qpmap_enter(fake_page(2), attr);
		fake_assert_shows(second, fake_page(2), (unsigned int)attr, 1);
		qpmap_remove(second);
		fake_assert_absent(second);
	}
	fake_assert_shows(va, fake_page(1), (unsigned int)attr, 1);
	qpmap_remove(va);
	assert_int_equal(fake_leaf(va).bits, 0);
}

/*
 * At every position of the ring, an interrupt at every event, and in it one at
 * none or at all; of ordinary and special mappings, in all four ways.
 */
static void
ring_interrupt(void **state)
{
	unsigned int n, at, points, way;

	(void)state;
	for (way = 0; way < 8; way++) {
		ring_start();
		ring_handler_attr = way % 2 == 0 ? QPMAP_WRITE_BACK :
		    QPMAP_UNCACHED;
		for (at = 0, points = 1; at < points; at++) {
			for (n = 0; n < RING_FRAMES; n++) {
				while (fake_cpu[0].frame[1].va !=
				    ring_va(0, n)) {
					(void)ring_pair(3);
				}
				fake.irq = ring_handler;
				fake.irq_depth = 1 + way / 4;
				fake.irq_at[0] = at;
				fake.irq_at[1] = ~0u;
				fake.irq_point[0] = 0;
				ring_body(way / 2 % 2 == 0 ?
				    QPMAP_WRITE_BACK : QPMAP_UNCACHED);
				fake.irq = NULL;
				if (fake.irq_point[0] > points) {
					points = fake.irq_point[0];
				}
				fake_assert_idle();
			}
		}
		assert_true(points >= 9);
		fake_reset();
	}
}

/* At the batch itself: what comes in the middle of it. */
static unsigned int ring_batches;
static void
ring_in_batch(void)
{
	if (fake.event_count != 0 &&
	    fake.event[fake.event_count - 1].kind == FAKE_SHOT_DOWN) {
		ring_batches++;
	}
	ring_handler();
}

static void
ring_interrupted_batch(void **state)
{
	qpmap_vaddr_t va;
	unsigned int n;

	(void)state;
	ring_start();
	ring_handler_attr = QPMAP_WRITE_BACK;
	ring_batches = 0;
	for (n = 0; n < 20; n++) {
		while (fake_cpu[0].frame[1].va !=
		    ring_va(0, RING_FRAMES - 1)) {
			(void)ring_pair(3);
		}
		va = qpmap_enter(fake_page(n), 0);
		fake_log_clear();
		fake.irq = ring_in_batch;
		fake.irq_depth = 1;
		fake.irq_at[0] = ~0u;
		qpmap_remove(va);
		fake.irq = NULL;
		assert_true(ring_batches > n);
	}
	fake_assert_idle();
}

/* A page stays the thread's own for a whole turn of an interrupt's. */
static void
ring_whole_turn(void)
{
	unsigned int held = qpmap_held(&fake_cpu[fake.cpu]);

	for (unsigned int n = 0; n <= RING_FRAMES; n++) {
		if (held < QPMAP_FRAMES) {
			(void)ring_pair(64 + n);
		}
	}
}

static void
ring_turn_within(void **state)
{
	unsigned int at, points;

	(void)state;
	ring_start();
	for (at = 0, points = 1; at < points; at++) {
		fake.irq = ring_whole_turn;
		fake.irq_depth = 1;
		fake.irq_at[0] = at;
		fake.irq_point[0] = 0;
		ring_body(at % 2 == 0 ? QPMAP_WRITE_BACK : QPMAP_UNCACHED);
		fake.irq = NULL;
		points = fake.irq_point[0] > points ? fake.irq_point[0] :
		    points;
		fake_assert_idle();
	}
}

/* A dump after a panic: in the middle of a turn, or of a move. */
static void
ring_abandon(void **state)
{
	qpmap_vaddr_t va[QPMAP_FRAMES];
	unsigned int n, held, i;

	(void)state;
	ring_start();
	for (n = 0; n < RING_FRAMES; n++) {
		for (held = 0; held <= QPMAP_FRAMES; held++) {
			for (i = 0; i < n; i++) {
				(void)ring_pair(i);
			}
			for (i = 0; i < held; i++) {
				va[i] = qpmap_enter(fake_page(40 + i), 0);
			}
			fake.pins[0] = 0;
			fake.half_moved = n % 2 == 1 && held == 0;
			if (fake.half_moved) {
				fake_cpu[0].frame[1].slot -= 2;
			}
			qpmap_cpu_abandon(&fake_cpu[0]);
			fake.half_moved = 0;
			ring_assert_forgotten(0, 0);
			ring_assert_at(0);
			assert_int_equal(qpmap_held(&fake_cpu[0]), 0);
			for (i = 0; i < QPMAP_FRAMES; i++) {
				va[i] = qpmap_enter_ro(fake_page(60 + i), 0);
				fake_assert_shows(va[i], fake_page(60 + i), 0,
				    0);
			}
			for (; i > 0; i--) {
				qpmap_remove(va[i - 1]);
			}
			qpmap_cpu_abandon(&fake_cpu[0]);
		}
	}
}

/* In the middle of a turn a window changes hands: nothing is left anywhere. */
static void
ring_offline(void **state)
{
	struct qpmap_pte *leaf;
	unsigned int n, i;
	qpmap_vaddr_t va;

	(void)state;
	ring_start();
	leaf = fake_host_leaf(qpmap_state.window_va);
	for (n = 0; n < RING_FRAMES; n++) {
		fake_run_on(0);
		for (i = 0; i <= n; i++) {
			(void)ring_pair(i);
		}
		fake_log_clear();
		fake_offline_cpu(0);
		/* Where hardware broadcasts, this is all that does it. */
		assert_int_equal(fake_log_find(FAKE_SHOT_DOWN, 0) >= 0, 1);
		ring_assert_forgotten(0, 0);
		/* Its number goes to CPU 1, who had looked. */
		fake_offline_cpu(1);
		assert_int_equal(fake_online_cpu(1, 0, leaf), QPMAP_OK);
		ring_assert_at(0);
		ring_assert_forgotten(1, 1);
		for (i = 0; i < RING_FRAMES; i++) {
			va = qpmap_enter(fake_page(100 + i), 0);
			fake_assert_shows(va, fake_page(100 + i), 0, 1);
			qpmap_remove(va);
		}
		fake_offline_cpu(1);
		assert_int_equal(fake_online_cpu(0, 0, leaf), QPMAP_OK);
		assert_int_equal(fake_online_cpu(1, 1, fake_host_leaf(
		    qpmap_state.window_va + QPMAP_WINDOW_SIZE)), QPMAP_OK);
	}
	fake_assert_idle();
}

/* Every frame of the ring, and those that nest, between unmapped pages. */
static void
ring_guards(void **state)
{
	unsigned int n, i;
	qpmap_vaddr_t va;

	(void)state;
	ring_start();
	for (n = 0; n < RING_FRAMES; n++) {
		va = qpmap_enter(fake_page(n), 0);
		for (i = 1; i < QPMAP_FRAMES; i++) {
			(void)qpmap_enter(fake_page(100 + i), 0);
		}
		for (i = 0; i < QPMAP_FRAMES; i++) {
			fake_assert_absent(fake_frame_va(0, i) -
			    QPMAP_PAGE_SIZE);
			fake_assert_absent(fake_frame_va(0, i) +
			    QPMAP_PAGE_SIZE);
			assert_true(i == 0 || fake_frame_va(0, i) >
			    ring_va(0, RING_FRAMES - 1));
			assert_true(fake_frame_va(0, i) +
			    QPMAP_PAGE_SIZE <= ring_va(1, 0));
		}
		for (; i > 1; i--) {
			qpmap_remove(fake_frame_va(0, i - 1));
		}
		qpmap_remove(va);
	}
}

const struct CMUnitTest ring_tests[] = {
	FAKE_TEST("unit/B12/turns", ring_turns),
	FAKE_TEST("unit/B12/B3/stale for a turn", ring_stale),
	FAKE_TEST("unit/B12/order of events", ring_order),
	FAKE_TEST("unit/B12/C2/10000 pages", ring_again),
	FAKE_TEST("unit/B12/nested is strict", ring_nested),
	FAKE_TEST("unit/B12/special is strict", ring_special),
	FAKE_TEST("unit/B12/flags are strict", ring_flags),
	FAKE_TEST("unit/B12/quiesce", ring_quiesce),
	FAKE_TEST("unit/B12/held", ring_held),
	FAKE_TEST("unit/B12/B2/interrupt", ring_interrupt),
	FAKE_TEST("unit/B12/B2/in the batch", ring_interrupted_batch),
	FAKE_TEST("unit/B12/B2/a turn within", ring_turn_within),
	FAKE_TEST("unit/B12/B1/abandon", ring_abandon),
	FAKE_TEST("unit/B12/B11/window changes hands", ring_offline),
	FAKE_TEST("unit/B12/B4/guards", ring_guards),
};
const size_t ring_count = sizeof(ring_tests) / sizeof(ring_tests[0]);

#endif /* QPMAP_RING */
