/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Global mappings, and the tables of two areas.
 */
#include "fibers.h"
#include "tests.h"

#if QPMAP_SHOOTDOWN

#define GLOBAL_SLOTS	((unsigned int)QPMAP_GLOBAL_SLOTS)
#define GLOBAL_SPAN(level) (QPMAP_PAGE_SIZE << (level) * QPMAP_TABLE_SHIFT)

static struct qpmap_config global_config_now;

static void
global_start(unsigned int groups, unsigned int flags)
{
	global_config_now = fake_config();
	global_config_now.flags |= flags;
	global_config_now.global_count = groups;
	fake_start(&global_config_now);
}

/* Only so many slots of the first group are there. */
static void
global_few(unsigned int slots)
{
	fake_global[0].clean = ((uintptr_t)1 << slots) - 1;
}

static qpmap_vaddr_t
global_va(unsigned int slot)
{
	return (FAKE_GLOBAL_VA + (2 * slot + 1) * QPMAP_PAGE_SIZE);
}

static qpmap_vaddr_t
global_enter(unsigned int page, qpmap_attr_t attr)
{
	qpmap_vaddr_t va = 0;

	assert_int_equal(qpmap_global_enter(fake_page(page), attr, &va),
	    QPMAP_OK);
	return (va);
}

/* On every CPU, in every context. */
static void
global_assert_shows(qpmap_vaddr_t va, unsigned int page, unsigned int type)
{
	unsigned int was = fake.cpu;

	for (unsigned int cpu = 0; cpu < FAKE_CPUS; cpu++) {
		if (!fake.joined[cpu]) {
			continue;
		}
		fake_run_on(cpu);
		fake_assert_shows(va, fake_page(page), type, 1);
		for (unsigned int c = 0; c < FAKE_CONTEXTS; c++) {
			assert_true(qpmap_pte_is_valid(fake_cached(cpu, c,
			    va)));
		}
	}
	fake_run_on(was);
}

static void
global_assert_gone(qpmap_vaddr_t va, unsigned int page)
{
	unsigned int was = fake.cpu;

	for (unsigned int cpu = 0; cpu < FAKE_CPUS; cpu++) {
		if (fake.joined[cpu]) {
			fake_run_on(cpu);
			fake_assert_absent(va);
		}
	}
	fake_run_on(was);
	assert_int_equal(fake_cached_page(fake_page(page)), 0);
	assert_int_equal(fake_leaf(va).bits, 0);
}

/* Entered on one CPU, seen on all, removed on another. */
static void
global_everywhere(void **state)
{
	qpmap_vaddr_t va;
	unsigned int n;

	(void)state;
	global_start(1, 0);
	for (n = 0; n < 100; n++) {
		fake_run_on(n % FAKE_CPUS);
		va = global_enter(n, n % QPMAP_TYPE_COUNT);
		global_assert_shows(va, n, n % QPMAP_TYPE_COUNT);
		assert_int_equal(fake_leaf(va).bits & QPTE_RW_BITS,
		    QPTE_RW_BITS);
		fake_assert_absent(va - QPMAP_PAGE_SIZE);
		fake_assert_absent(va + QPMAP_PAGE_SIZE);
		fake_assert_idle();
		fake_run_on(n / 2 % FAKE_CPUS);
		*(volatile unsigned char *)(va + n) = (unsigned char)(n + 1);
		assert_int_equal(fake_memory(fake_page(n))[n], n + 1);
		qpmap_global_remove(va);
		global_assert_gone(va, n);
		EXPECT_FAULT(va, (void)*(volatile unsigned char *)va);
		fake_assert_idle();
	}
}

/* Every slot of every group has an address of its own, and guards. */
static void
global_every_slot(void **state)
{
	static unsigned char taken[FAKE_GROUPS * 64];
	unsigned int groups, n, slot, round;
	qpmap_vaddr_t va, none = 77;

	(void)state;
	for (groups = 1; groups <= 3; groups += 2) {
		fake_reset();
		global_start(groups, 0);
		for (round = 0; round < 3; round++) {
			memset(taken, 0, sizeof(taken));
			for (n = 0; n < groups * GLOBAL_SLOTS; n++) {
				fake_run_on(n % FAKE_CPUS);
				va = global_enter(n % 250, 0);
				slot = (unsigned int)(va - global_va(0)) /
				    (2 << QPMAP_PAGE_SHIFT);
				assert_int_equal(va, global_va(slot));
				assert_true(slot < groups * GLOBAL_SLOTS);
				assert_int_equal(taken[slot], 0);
				taken[slot] = (unsigned char)(1 + n % 250);
				fake_assert_shows(va, fake_page(n % 250), 0,
				    1);
			}
			assert_int_equal(qpmap_global_enter(fake_page(0), 0,
			    &none), QPMAP_ERR_GLOBAL_FULL);
			assert_int_equal(none, 77);
			for (n = 0; n < 2 * groups * GLOBAL_SLOTS; n++) {
				va = FAKE_GLOBAL_VA + n * QPMAP_PAGE_SIZE;
				if (n % 2 == 0) {
					fake_assert_absent(va);
				} else {
					global_assert_shows(va,
					    taken[n / 2] - 1u, 0);
				}
			}
			fake_assert_absent(va + QPMAP_PAGE_SIZE);
			for (n = 0; n < groups * GLOBAL_SLOTS; n++) {
				slot = (n * 29 + round) %
				    (groups * GLOBAL_SLOTS);
				if (round == 0) {
					qpmap_global_remove(global_va(slot));
				} else {
					qpmap_global_remove_deferred(
					    global_va(slot));
				}
			}
		}
		fake_assert_idle();
	}
}

/* Attributes as for qpmap_enter(), and its panics, before anything is done. */
static void
global_attributes(void **state)
{
	struct qpmap_global before;
	const char *text;
	qpmap_vaddr_t va;
	unsigned int bit;

	(void)state;
	global_config_now = fake_config();
	global_config_now.types = 0xd;
	global_config_now.global_count = 1;
	fake_start(&global_config_now);
	before = fake_global[0];
	for (qpmap_attr_t attr = 0; attr < 80; attr++) {
		_Bool exists = (attr & 31) < 5 && attr < 69;

		va = 5;
		if (exists && (0xd >> (attr & 7) & 1) != 0) {
			va = global_enter(3, attr);
			global_assert_shows(va, 3, attr & 7);
			qpmap_global_remove(va);
			continue;
		}
		text = exists ? QPMAP_PANIC_TYPE : QPMAP_PANIC_ATTR;
		EXPECT_PANIC(text, fake_page(3), attr,
		    (void)qpmap_global_enter(fake_page(3), attr, &va));
		assert_int_equal(va, 5);
	}
	for (bit = 0; bit < 64; bit++) {
		if (bit < QPMAP_PAGE_SHIFT || bit >= FAKE_PA_BITS) {
			EXPECT_PANIC(bit < QPMAP_PAGE_SHIFT ?
			    QPMAP_PANIC_ALIGN : QPMAP_PANIC_WIDTH, 1ULL << bit,
			    2, (void)qpmap_global_enter(1ULL << bit, 2, &va));
		}
	}
	fake.not_pinned = fake_page(9);
	if (QPMAP_CHECKED) {
		EXPECT_PANIC(QPMAP_PANIC_NOT_WIRED, fake_page(9), 0,
		    (void)qpmap_global_enter(fake_page(9), 0, &va));
	}
	assert_memory_equal(&before, &fake_global[0], sizeof(before));
	fake_assert_idle();
}

/* The direct map is not used, and private and shared pages are told apart. */
static void
shared_sharing(void **state)
{
	uint64_t mask = 1ULL << (47 + QPTE_PA_SHIFT);
	qpmap_vaddr_t va;

	(void)state;
	global_config_now = fake_config();
	global_config_now.global_count = 1;
	global_config_now.shared_mask = mask;
	if (QPMAP_DIRECT_MAP) {
		global_config_now.direct_va = FAKE_DIRECT_VA;
		global_config_now.direct_pa = fake_page(0);
		global_config_now.direct_size = 16 * QPMAP_PAGE_SIZE;
	}
	fake_start(&global_config_now);
	va = global_enter(1, QPMAP_ATTR_WRITE_BACK);
	assert_true(va - FAKE_GLOBAL_VA < QPMAP_GLOBAL_SIZE);
	assert_int_equal(fake_leaf(va).bits & mask, 0);
	qpmap_global_remove(va);
	va = global_enter(1, QPMAP_ATTR_WRITE_BACK | QPMAP_ATTR_SHARED);
	assert_int_equal(fake_leaf(va).bits & mask, mask);
	qpmap_global_remove(va);
}

/* The order of a removal's events, whatever the type. */
static void
global_order(void **state)
{
	static const enum fake_kind kinds[] = {
		FAKE_PRE_UNMAP_SLOW, FAKE_CLEAR, FAKE_POST_CLEAR
	};
	unsigned int type, i, deferred;
	qpmap_vaddr_t va;
	int at;

	(void)state;
	global_start(1, 0);
	for (i = 0; i < 2 * QPMAP_TYPE_COUNT; i++) {
		type = i / 2;
		deferred = i % 2;
		va = global_enter(1, type);
		fake_log_clear();
		if (deferred != 0) {
			qpmap_global_remove_deferred(va);
		} else {
			qpmap_global_remove(va);
		}
		at = -1;
		for (unsigned int k = 0; k < 3; k++) {
			assert_int_equal(fake.kind_count[kinds[k]], 1);
			assert_true(fake_log_find(kinds[k], 0) > at);
			at = fake_log_find(kinds[k], 0);
		}
		assert_int_equal(fake.kind_count[FAKE_FLUSH_RANGE], deferred !=
		    0 ? 0 : FAKE_BROADCASTS ? 1 : FAKE_CPUS);
		if (deferred != 0) {
			/* Nobody was waited for; pinned, from first to last. */
			assert_int_equal(fake.event_count, 5);
			assert_int_equal(fake.event[0].kind, FAKE_PIN);
			assert_int_equal(fake.event[4].kind, FAKE_UNPIN);
		} else {
			assert_true(fake_log_find(FAKE_FLUSH_RANGE, 0) > at);
			at = fake_log_find(FAKE_FLUSH_RANGE, 0);
			assert_int_equal(fake.event[at].what, va);
			assert_int_equal(fake.event[at].more, 1);
		}
	}
	qpmap_quiesce();
}

/* Addresses that no global mapping has. */
static void
global_refused(qpmap_vaddr_t va)
{
	static struct qpmap_global before[FAKE_GROUPS];
	uint64_t sum = fake_checksum();

	memcpy(before, fake_global, sizeof(before));
	fake_log_clear();
	EXPECT_PANIC(QPMAP_PANIC_GLOBAL, va, 0, qpmap_global_remove(va));
	EXPECT_PANIC(QPMAP_PANIC_GLOBAL, va, 0,
	    qpmap_global_remove_deferred(va));
	assert_memory_equal(before, fake_global, sizeof(before));
	assert_int_equal(fake_checksum(), sum);
	assert_int_equal(fake.kind_count[FAKE_CLEAR], 0);
	assert_int_equal(fake.kind_count[FAKE_FLUSH_RANGE], 0);
}

static void
global_wrong(void **state)
{
	qpmap_vaddr_t used, removed, deferred, held, va;

	(void)state;
	global_start(2, 0);
	used = global_enter(1, 0);
	removed = global_enter(2, 0);
	deferred = global_enter(3, 0);
	held = qpmap_enter(fake_page(4), 0);
	qpmap_global_remove(removed);
	qpmap_global_remove_deferred(deferred);
	va = FAKE_GLOBAL_VA - 2 * QPMAP_PAGE_SIZE;
	for (; va < FAKE_GLOBAL_VA + 2 * QPMAP_GLOBAL_SIZE +
	    3 * QPMAP_PAGE_SIZE; va += QPMAP_PAGE_SIZE) {
		if (va != used) {
			global_refused(va);
		}
		global_refused(va + 1);
		global_refused(va + QPMAP_PAGE_MASK);
	}
	global_refused(0);
	global_refused(held);
	global_refused(fake_page(1));
	global_refused(~(qpmap_vaddr_t)0);
	global_refused(used + ((qpmap_vaddr_t)1 << 45));
	global_refused(used - ((qpmap_vaddr_t)1 << 45));
	global_refused(used + ((qpmap_vaddr_t)1 << (33 + QPMAP_PAGE_SHIFT)));
	global_assert_shows(used, 1, 0);
	qpmap_global_remove(used);
	global_refused(used);
	qpmap_remove(held);
	/* A build without any: every address is wrong. */
	fake_reset();
	global_start(0, 0);
	global_refused(FAKE_GLOBAL_VA + QPMAP_PAGE_SIZE);
	global_refused(0);
	va = 9;
	assert_int_equal(qpmap_global_enter(fake_page(0), 0, &va),
	    QPMAP_ERR_GLOBAL_FULL);
	assert_int_equal(va, 9);
	fake_assert_idle();
}

/* Deferred: not used again, nor the page invalidated, before all are told. */
static void
global_deferred(void **state)
{
	qpmap_vaddr_t va[5], again;
	unsigned int n;

	(void)state;
	global_start(1, 0);
	global_few(5);
	for (n = 0; n < 5; n++) {
		va[n] = global_enter(n, n);
	}
	for (n = 0; n < 3; n++) {
		qpmap_global_remove_deferred(va[n]);
		assert_int_equal(fake_leaf(va[n]).bits, 0);
		assert_int_not_equal(fake_cached_page(fake_page(n)), 0);
	}
	qpmap_global_remove(va[3]);
	/* A clean slot first: nobody else has to be told of those three. */
	assert_int_equal(global_enter(10, 0), va[3]);
	assert_int_equal(fake_global[0].dirty, 7);
	/* One shootdown for the three. */
	fake_log_clear();
	again = global_enter(11, 0);
	assert_true(again == va[0] || again == va[1] || again == va[2]);
	assert_int_equal(fake.kind_count[FAKE_IPI], FAKE_BROADCASTS ? 0 :
	    (FAKE_CPUS - 1) * (1 + FAKE_CACHES_INVALID));
	for (n = 0; n < 3; n++) {
		assert_int_equal(fake_cached_page(fake_page(n)), 0);
	}
	global_assert_shows(again, 11, 0);
	assert_int_equal(fake_global[0].dirty, 0);
	assert_int_equal(__builtin_popcountl(fake_global[0].clean), 2);
	/* And by quiesce, all of them. */
	qpmap_global_remove_deferred(va[4]);
	qpmap_global_remove_deferred(again);
	fake_plant(2, fake_slot_va_at(0, 1 % QPMAP_SLOTS),
	    qpmap_pte_make(fake_page(12), QPTE_RW_BITS | 4));
	fake_log_clear();
	qpmap_quiesce();
	assert_int_equal(fake_cached_page(fake_page(12)), 0);
	global_assert_gone(va[4], 4);
	global_assert_gone(again, 11);
	assert_int_equal(fake.kind_count[FAKE_FLUSH_RANGE],
	    FAKE_BROADCASTS ? 1 : FAKE_CPUS);
	assert_int_equal(__builtin_popcountl(fake_global[0].clean), 4);
	fake_assert_idle();
}

/* Whoever may be moved to another CPU is, at every step. */
static void
global_moves(void)
{
	if (fake.pins[fake.cpu] == 0) {
		fake_run_on((fake.cpu + 1) % FAKE_CPUS);
	}
}

/*
 * A removal that is deferred stays on its CPU, from before its entry is
 * cleared to where walkers are told: what it cleans there is another CPU's to
 * complete otherwise, or by another line's size.
 */
static void
global_stays(void **state)
{
	unsigned int first, last, i;
	qpmap_vaddr_t va;

	(void)state;
	global_start(1, 0);
	va = global_enter(3, QPMAP_ATTR_WRITE_BACK);
	fake_log_clear();
	fake.step = global_moves;
	qpmap_global_remove_deferred(va);
	fake.step = NULL;
	first = (unsigned int)fake_log_find(FAKE_PRE_UNMAP_SLOW, 0);
	last = (unsigned int)fake_log_find(FAKE_POST_CLEAR, first);
	assert_true(first < last && last < fake.event_count);
	for (i = first; i <= last; i++) {
		assert_int_equal(fake.event[i].cpu, fake.event[first].cpu);
	}
	assert_int_not_equal(fake.cpu, fake.event[last].cpu);
	qpmap_quiesce();
	fake_assert_idle();
}

/* More groups than one batch has: dirty ones in any of them. */
static void
global_batches(void **state)
{
	static const unsigned int dirty[] = { 0, 7, 8, 9, 11 };
	qpmap_vaddr_t va[5];
	unsigned int quiesce, i, n;

	(void)state;
	for (quiesce = 0; quiesce < 2; quiesce++) {
		fake_reset();
		global_start(FAKE_GROUPS, 0);
		for (i = 0; i < FAKE_GROUPS; i++) {
			fake_global[i].clean = 0;
		}
		for (i = 0; i < 5; i++) {
			fake_global[dirty[i]].clean = (uintptr_t)1 << 63;
			va[i] = global_enter(i, 0);
			assert_int_equal(va[i],
			    global_va(dirty[i] * GLOBAL_SLOTS + 63));
			fake_run_on((fake.cpu + 1) % FAKE_CPUS);
		}
		for (i = 0; i < 5; i++) {
			qpmap_global_remove_deferred(va[i]);
		}
		if (quiesce != 0) {
			qpmap_quiesce();
			for (i = 0; i < 5; i++) {
				global_assert_gone(va[i], i);
			}
		}
		/* All five can be had again, and no more. */
		for (n = 10; n < 15; n++) {
			global_assert_shows(global_enter(n, 1), n, 1);
		}
		assert_int_equal(qpmap_global_enter(fake_page(0), 0, va),
		    QPMAP_ERR_GLOBAL_FULL);
		for (i = 0; i < 5; i++) {
			assert_int_equal(fake_cached_page(fake_page(i)), 0);
		}
	}
}

/* CPUs look in different groups first; all are searched. */
static void
global_home(void **state)
{
	unsigned int seen = 0, cpu, group;
	qpmap_vaddr_t va;

	(void)state;
	global_start(FAKE_CPUS, 0);
	for (cpu = 0; cpu < FAKE_CPUS; cpu++) {
		fake_run_on(cpu);
		va = global_enter(cpu, 0);
		seen |= 1u << (va - FAKE_GLOBAL_VA) / QPMAP_GLOBAL_SIZE;
		qpmap_global_remove(va);
	}
	assert_int_equal(seen, (1u << FAKE_CPUS) - 1);
	for (group = 0; group < FAKE_CPUS; group++) {
		for (cpu = 0; cpu < FAKE_CPUS; cpu++) {
			for (unsigned int i = 0; i < FAKE_CPUS; i++) {
				fake_global[i].clean = i == group;
			}
			fake_run_on(cpu);
			va = global_enter(cpu, 0);
			assert_int_equal(va, global_va(group * GLOBAL_SLOTS));
			qpmap_global_remove(va);
		}
	}
}

/* While enter finds a clean slot nobody waits, where TLBs allow it. */
static void
global_no_wait(void **state)
{
	qpmap_vaddr_t va;

	(void)state;
	global_start(1, 0);
	fake_log_clear();
	va = global_enter(1, 0);
	assert_int_equal(fake.kind_count[FAKE_IPI],
	    FAKE_CACHES_INVALID && !FAKE_BROADCASTS ? FAKE_CPUS - 1 : 0);
	assert_int_equal(fake.kind_count[FAKE_POST_MAP_SLOW], 1);
	assert_int_equal(fake.kind_count[FAKE_PIN],
	    fake.kind_count[FAKE_UNPIN]);
	qpmap_global_remove(va);
}

/* A core whose invalidation by address is broken. */
static void
global_erratum(void **state)
{
	qpmap_vaddr_t va;

	(void)state;
	fake.broken_invalidation = 1;
	global_start(1, QPMAP_F_ERRATUM_INVLPG);
	for (unsigned int n = 0; n < 5; n++) {
		va = global_enter(n, n);
		global_assert_shows(va, n, n);
		qpmap_global_remove(va);
		global_assert_gone(va, n);
	}
}

/* Interrupted at every event: a handler removes another mapping, deferred. */
static qpmap_vaddr_t global_victim;
static void
global_handler(void)
{
	qpmap_global_remove_deferred(global_victim);
	fake.irq = NULL;
}

static void
global_interrupted(void **state)
{
	unsigned int point = 0;
	qpmap_vaddr_t va;
	_Bool removed;

	(void)state;
	global_start(1, 0);
	do {
		global_victim = global_enter(5, 0);
		fake.irq_depth = 1;
		fake.irq_at[0] = point++;
		fake.irq_point[0] = 0;
		fake.irq = global_handler;
		va = global_enter(6, 2);
		global_assert_shows(va, 6, 2);
		qpmap_global_remove(va);
		global_assert_gone(va, 6);
		removed = fake.irq == NULL;
		fake.irq = NULL;
		qpmap_quiesce();
		assert_int_equal(fake_cached_page(fake_page(5)), removed ? 0 :
		    FAKE_CPUS * FAKE_CONTEXTS);
	} while (removed);
	assert_true(point > 20);
	qpmap_global_remove(global_victim);
	assert_int_equal(__builtin_popcountl(fake_global[0].clean), 64);
}

/*
 * The remover is preempted wherever it can be, for good as far as others know:
 * another thread of its CPU finds the slot either used or to be had.
 */
static unsigned int global_preempted;
static void
global_preempting(void)
{
	if (fake.pins[fake.cpu] != 0 || fake_global[0].used != 0) {
		return;
	}
	fake.step = NULL;
	qpmap_global_remove(global_enter(7, 0));
	global_preempted++;
	fake.step = global_preempting;
}

static void
global_preemptible(void **state)
{
	qpmap_vaddr_t va;

	(void)state;
	global_start(1, 0);
	global_few(1);
	va = global_enter(6, 0);
	global_preempted = 0;
	fake.step = global_preempting;
	qpmap_global_remove(va);
	fake.step = NULL;
	assert_true(global_preempted > 0);
	assert_int_equal(fake_global[0].clean, 1);
	fake_assert_idle();
}

/* Two CPUs with three slots between them, at every pair of stops. */

static unsigned int global_full;
static qpmap_vaddr_t global_given;

static void
global_pair_before(void)
{
	global_start(1, 0);
	global_few(2);
	global_given = global_enter(20, 0);
	global_full = 0;
}

/* Enter, look, remove: one slot is free, or will be. */
static void
global_worker(void)
{
	unsigned int page = 30 + fake.cpu;
	qpmap_vaddr_t va = 0;
	int error;

	fibers_mask(fake.cpu == 0);
	error = qpmap_global_enter(fake_page(page), 0, &va);
	if (error == QPMAP_OK) {
		fake_assert_shows(va, fake_page(page), 0, 1);
		qpmap_global_remove_deferred(va);
	} else {
		assert_int_equal(error, QPMAP_ERR_GLOBAL_FULL);
		global_full++;
	}
	fibers_mask(0);
}

static void
global_remover(void)
{
	qpmap_global_remove_deferred(global_given);
	qpmap_quiesce();
	assert_int_equal(fake_cached_page(fake_page(20)), 0);
}

static void
global_pair_after(void)
{
	qpmap_quiesce();
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(fake_cached_page(fake_page(30 + i)), 0);
	}
	assert_int_equal(fake_global[0].dirty, 0);
	fake_assert_idle();
}

/* Every slot is where it should be: none got lost, none is twice. */
static void
global_workers_after(void)
{
	global_pair_after();
	assert_int_equal(fake_global[0].used, 1);
	assert_int_equal(fake_global[0].clean, 2);
}

static void
global_remover_after(void)
{
	global_pair_after();
	/* The other's own slot comes round, sooner or later. */
	assert_int_equal(global_full, 0);
	assert_int_equal(fake_global[0].used, 0);
	assert_int_equal(fake_global[0].clean, 3);
}

static void
global_pairs(void **state)
{
	(void)state;
	fibers_pairs(0, global_worker, 1, global_worker, global_pair_before,
	    global_workers_after);
	fibers_pairs(0, global_worker, 1, global_remover, global_pair_before,
	    global_remover_after);
	fibers_pairs(1, global_remover, 0, global_worker, global_pair_before,
	    global_remover_after);
}

/*
 * Slots in another CPU's reclaim count as taken: who wants one has it, with its
 * old page invalidated, or is told so.
 */
static void
global_reclaimer(void)
{
	qpmap_quiesce();
}

static void
global_wanter(void)
{
	qpmap_vaddr_t va = 0;
	int error;

	error = qpmap_global_enter(fake_page(33), 0, &va);
	if (error == QPMAP_OK) {
		assert_int_equal(fake_cached_page(fake_page(20)), 0);
		qpmap_global_remove(va);
	} else {
		assert_int_equal(error, QPMAP_ERR_GLOBAL_FULL);
		assert_int_equal(va, 0);
		global_full++;
	}
}

static unsigned int global_wanted[2];

static void
global_wanter_before(void)
{
	global_start(1, 0);
	global_few(1);
	global_given = global_enter(20, 0);
	qpmap_global_remove_deferred(global_given);
	global_full = 0;
}

static void
global_wanter_after(void)
{
	global_pair_after();
	assert_int_equal(fake_global[0].clean, 1);
	global_wanted[global_full]++;
}

static void
global_on_their_way(void **state)
{
	(void)state;
	global_wanted[0] = global_wanted[1] = 0;
	fibers_pairs(0, global_reclaimer, 1, global_wanter,
	    global_wanter_before, global_wanter_after);
	fibers_pairs(1, global_wanter, 0, global_reclaimer,
	    global_wanter_before, global_wanter_after);
	assert_true(global_wanted[0] > 20 && global_wanted[1] > 20);
}

/*
 * No call waits for another thread.  CPU 0 is in one, interrupts on; a handler
 * comes there, and spins for a lock whose loop polls, with interrupts off.
 * CPU 1 holds the lock, with interrupts off, and is in a call itself.
 */
static volatile unsigned int global_lock;
static _Bool global_in_call, global_in_handler;
static void (*global_step_next)(void);
static qpmap_vaddr_t global_second;
static unsigned int global_first_call, global_second_call, global_handled;

static void
global_lock_step(void)
{
	if (fake.cpu == 0 && global_in_call && !global_in_handler &&
	    global_lock != 0) {
		global_in_handler = 1;
		global_handled++;
		fibers_mask(1);
		while (global_lock != 0) {
			fake_poll(0);
			fibers_spin();
		}
		fibers_mask(0);
		global_in_handler = 0;
	}
	global_step_next();
}

/* Every call that waits, and those that must not; slots are short. */
static void
global_call(unsigned int number, qpmap_vaddr_t mapped)
{
	unsigned int cpu = fake.cpu;
	qpmap_vaddr_t va = 0;
	int error;

	switch (number) {
	case 0:
	case 1:
		error = qpmap_global_enter(fake_page(40 + cpu), 0, &va);
		if (error != QPMAP_OK) {
			assert_int_equal(error, QPMAP_ERR_GLOBAL_FULL);
		} else if (number == 0) {
			qpmap_global_remove(va);
		} else {
			qpmap_global_remove_deferred(va);
		}
		break;
	case 2:
		qpmap_global_remove(mapped);
		break;
	case 3:
		qpmap_global_remove_deferred(mapped);
		break;
	case 4:
		qpmap_quiesce();
		break;
	case 5:
		qpmap_shootdown(FAKE_PLAIN_VA, 2, NULL);
		break;
	case 6:
		qpmap_shootdown(0, QPMAP_ALL_PAGES, NULL);
		break;
	default:
		fake_offline_cpu(cpu);
		assert_int_equal(fake_online_cpu(cpu, cpu, fake_host_leaf(
		    qpmap_state.window_va + cpu * QPMAP_WINDOW_SIZE)),
		    QPMAP_OK);
		break;
	}
}

static void
global_interrupted_caller(void)
{
	if (fake.step != global_lock_step) {
		global_step_next = fake.step;
		fake.step = global_lock_step;
	}
	global_in_call = 1;
	global_call(global_first_call, global_given);
	global_in_call = 0;
}

static void
global_lock_holder(void)
{
	fibers_mask(1);
	global_lock = 1;
	global_call(global_second_call, global_second);
	global_lock = 0;
	fibers_mask(0);
}

/* Two slots mapped, and one dirty. */
static void
global_lock_before(void)
{
	global_start(1, 0);
	global_few(3);
	global_given = global_enter(20, 0);
	global_second = global_enter(21, 0);
	qpmap_global_remove_deferred(global_enter(22, 0));
	global_lock = 0;
	global_in_call = global_in_handler = 0;
}

static void
global_lock_after(void)
{
	qpmap_quiesce();
	for (unsigned int page = 22; page < 50; page++) {
		assert_int_equal(fake_cached_page(fake_page(page)), 0);
	}
	assert_int_equal(fake_global[0].clean | fake_global[0].used, 7);
	fake_assert_idle();
}

static void
global_no_thread(void **state)
{
	static const unsigned char calls[][2] = {
		{ 1, 0 }, { 4, 0 }, { 4, 2 }, { 4, 4 }, { 2, 1 }, { 6, 3 },
		{ 5, 5 }, { 4, 7 }, { 7, 0 }
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		global_first_call = calls[i][0];
		global_second_call = calls[i][1];
		global_handled = 0;
		fibers_pairs(0, global_interrupted_caller, 1,
		    global_lock_holder, global_lock_before,
		    global_lock_after);
		assert_true(global_handled > 0);
	}
}

/* No slot is on its way. */
static void
global_none_before(void)
{
	global_start(1, 0);
	global_few(0);
}

static void
global_beggar(void)
{
	qpmap_vaddr_t va = 0;

	assert_int_equal(qpmap_global_enter(fake_page(0), 0, &va),
	    QPMAP_ERR_GLOBAL_FULL);
	assert_int_equal(va, 0);
}

static void
global_none(void **state)
{
	(void)state;
	fibers_pairs(0, global_beggar, 1, global_beggar, global_none_before,
	    fake_assert_idle);
}

/*
 * Another CPU's slot becomes clean when this call has looked for a clean one,
 * and looks for dirty ones: it is found all the same.
 */
static unsigned int global_late;
static void
global_late_clean(void)
{
	if (fake.kind_count[FAKE_PIN] == 2) {
		fake_global[0].clean = 1;
		fake.irq = NULL;
	}
}

static void
global_last_look(void **state)
{
	qpmap_vaddr_t va = 0;
	int error;

	(void)state;
	global_late = 0;
	for (unsigned int at = 0; at < 40; at++) {
		fake_reset();
		global_start(1, 0);
		global_few(0);
		fake.irq_depth = 1;
		fake.irq_at[0] = at;
		fake.irq = global_late_clean;
		error = qpmap_global_enter(fake_page(1), 0, &va);
		fake.irq = NULL;
		if (error == QPMAP_OK) {
			assert_int_equal(va, global_va(0));
			global_late++;
		} else {
			assert_int_equal(error, QPMAP_ERR_GLOBAL_FULL);
		}
	}
	assert_true(global_late > 1);
}

/*
 * What a reclaim shoots down: what is dirty.  Slots of the first two groups
 * and of the last of a batch.
 */
struct global_shot {
	unsigned int slots[12], count;	/* dirty */
	unsigned int page, pages;	/* of one request; 0: one a slot */
};

static void
global_shots_one(const struct global_shot *shot)
{
	unsigned int cpus = FAKE_BROADCASTS ? 1 : FAKE_CPUS;
	unsigned int requests = shot->pages != 0 ? 1 : shot->count, n, at = 0;
	qpmap_vaddr_t va;

	fake_reset();
	global_start(8, 0);
	for (n = 0; n < 8; n++) {
		fake_global[n].clean = 0;
	}
	for (n = 0; n < shot->count; n++) {
		at = shot->slots[n] / GLOBAL_SLOTS;
		fake_global[at].clean = (uintptr_t)1 << shot->slots[n] %
		    GLOBAL_SLOTS;
		va = global_enter(n, 0);
		assert_int_equal(va, global_va(shot->slots[n]));
		qpmap_global_remove_deferred(va);
	}
	fake_log_clear();
	va = global_enter(20, 0);
	for (n = 0; n < shot->count; n++) {
		assert_int_equal(fake_cached_page(fake_page(n)), 0);
	}
	/* Where empty entries are kept, enter's own comes behind. */
	assert_int_equal(fake.kind_count[FAKE_FLUSH_RANGE],
	    cpus * (requests + FAKE_CACHES_INVALID));
	assert_int_equal(fake.kind_count[FAKE_IPI], FAKE_BROADCASTS ? 0 :
	    (FAKE_CPUS - 1) * (1 + FAKE_CACHES_INVALID));
	at = 0;
	for (n = 0; n < cpus * requests; n++) {
		at = (unsigned int)fake_log_find(FAKE_FLUSH_RANGE, at);
		assert_int_equal(fake.event[at].what, shot->pages != 0 ?
		    FAKE_GLOBAL_VA + shot->page * QPMAP_PAGE_SIZE :
		    global_va(shot->slots[n % requests]));
		assert_int_equal(fake.event[at].more, shot->pages != 0 ?
		    shot->pages : 1);
		at++;
	}
	qpmap_global_remove(va);
}

static void
global_shots(void **state)
{
	static const struct global_shot shots[] = {
		{ { 0 }, 1, 1, 1 },
		{ { 63 }, 1, 127, 1 },
		{ { 511 }, 1, 1023, 1 },
		{ { 5, 6, 7 }, 3, 11, 5 },
		{ { 60, 67 }, 2, 121, 15 },
		{ { 3, 18 }, 2, 7, 31 },
		{ { 3, 19 }, 2, 0, 0 },
		{ { 0, 511 }, 2, 0, 0 },
		{ { 1, 64, 130, 200, 260, 330, 400, 500 }, 8, 0, 0 },
		{ { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 }, 12, 3, 23 },
		{ { 1, 64, 130, 200, 260, 330, 400, 499, 500 }, 9, 3, 999 },
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(shots) / sizeof(shots[0]); i++) {
		global_shots_one(&shots[i]);
	}
}

/* Where the slots may be. */
static void
global_init_refused(int code)
{
	struct qpmap_state before = qpmap_state;
	unsigned int taken = fake_pool_taken();
	uint64_t sum = fake_checksum();

	assert_int_equal(fake_init(&global_config_now), code);
	assert_memory_equal(&before, &qpmap_state, sizeof(before));
	assert_int_equal(fake_pool_taken(), taken);
	assert_int_equal(fake_checksum(), sum);
}

static void
global_init_config(unsigned int groups)
{
	global_config_now = fake_config();
	global_config_now.global_count = groups;
	for (unsigned int i = 0; i < groups; i++) {
		fake_global[i].leaf = fake_host_leaf(FAKE_GLOBAL_VA +
		    i * QPMAP_GLOBAL_SIZE);
	}
}

static void
global_init_range(void **state)
{
	struct qpmap_config *config = &global_config_now;
	qpmap_vaddr_t top = (qpmap_vaddr_t)1 << FAKE_VA_BITS;
	unsigned int bit;

	(void)state;
	global_init_config(2);
	assert_int_equal(fake_init(config), QPMAP_OK);
	for (bit = 0; GLOBAL_SPAN(0) << bit < 2 * QPMAP_GLOBAL_SIZE / 2;
	    bit++) {
		config->global_va = FAKE_GLOBAL_VA + (GLOBAL_SPAN(0) << bit);
		global_init_refused(QPMAP_ERR_GLOBAL_RANGE);
	}
	config->global_va = FAKE_GLOBAL_VA + 1;
	global_init_refused(QPMAP_ERR_GLOBAL_RANGE);
	config->global_va = 0;
	global_init_refused(QPMAP_ERR_GLOBAL_RANGE);
	config->global_va = FAKE_KERNEL_VA - QPMAP_GLOBAL_SIZE;
	global_init_refused(QPMAP_ERR_GLOBAL_RANGE);
	config->global_va = FAKE_KERNEL_VA;
	assert_int_equal(fake_init(config), QPMAP_OK);
	/* The guard page is past the end. */
	config->global_va = top - 2 * QPMAP_GLOBAL_SIZE;
	global_init_refused(QPMAP_ERR_GLOBAL_RANGE);
	config->global_va -= QPMAP_GLOBAL_SIZE;
	assert_int_equal(fake_init(config), QPMAP_OK);
	/* The area or its guard wraps around, or there are too many. */
	config->global_va = -QPMAP_GLOBAL_SIZE;
	global_init_refused(QPMAP_ERR_GLOBAL_RANGE);
	config->global_va = -(2 * QPMAP_GLOBAL_SIZE);
	global_init_refused(QPMAP_ERR_GLOBAL_RANGE);
	config->global_va = FAKE_GLOBAL_VA;
	config->global_count = ~0u;
	global_init_refused(QPMAP_ERR_GLOBAL_RANGE);
	/* So many that there is no number for the last slot. */
	fake_global[0].leaf = NULL;
	config->global_va = FAKE_GLOBAL_VA;
	for (config->global_count = 1u << 26; config->global_count != 0;
	    config->global_count *= 2) {
		global_init_refused(QPMAP_ERR_GLOBAL_RANGE);
	}
	config->global_count = (1u << 26) - 1;
	global_init_refused(QPMAP_ERR_GLOBAL_LEAF);
}

/* Against the windows and their guard, from both sides. */
static void
global_init_windows(void **state)
{
	struct qpmap_config *config = &global_config_now;
	qpmap_vaddr_t size = QPMAP_GLOBAL_SIZE;
	_Bool apart;

	(void)state;
	global_init_config(2);
	for (unsigned int page = 0; page < 6 * 2 * GLOBAL_SLOTS;
	    page += QPMAP_WINDOW_PAGES) {
		config->window_va = FAKE_GLOBAL_VA - 2 * size +
		    page * QPMAP_PAGE_SIZE;
		/* Each has a guard page, which is not the other's. */
		apart = config->window_va + FAKE_CPUS * QPMAP_WINDOW_SIZE <
		    FAKE_GLOBAL_VA ||
		    config->window_va > FAKE_GLOBAL_VA + 2 * size;
		if (apart) {
			assert_int_equal(fake_init(config), QPMAP_OK);
		} else {
			global_init_refused(QPMAP_ERR_GLOBAL_RANGE);
		}
	}
}

static void
global_init_direct(void **state)
{
	struct qpmap_config *config = &global_config_now;
	qpmap_vaddr_t size = QPMAP_GLOBAL_SIZE;
	_Bool apart;

	(void)state;
	if (!QPMAP_DIRECT_MAP) {
		skip();
	}
	global_init_config(2);
	config->window_va = FAKE_GLOBAL_VA - 5 * size;
	config->direct_pa = fake_page(0);
	for (unsigned int i = 0; i < 2; i++) {
		config->direct_size = (i == 0 ? 2 : 600) * QPMAP_PAGE_SIZE;
		config->direct_va = FAKE_GLOBAL_VA - 3 * size;
		for (; config->direct_va < FAKE_GLOBAL_VA + 3 * size;
		    config->direct_va += QPMAP_PAGE_SIZE) {
			apart = config->direct_va + config->direct_size <=
			    FAKE_GLOBAL_VA || config->direct_va >
			    FAKE_GLOBAL_VA + 2 * size;
			if (apart) {
				assert_int_equal(fake_init(config), QPMAP_OK);
			} else {
				global_init_refused(QPMAP_ERR_GLOBAL_RANGE);
			}
		}
	}
}

/* The groups' memory, and the entries that a host hands over. */
static void
global_init_leaf(void **state)
{
	struct qpmap_config *config = &global_config_now;
	struct qpmap_pte *leaf;
	unsigned int group, i;

	(void)state;
	global_init_config(3);
	config->global = NULL;
	global_init_refused(QPMAP_ERR_SHOOTDOWN);
	for (i = 1; i < QPMAP_CACHE_LINE; i *= 2) {
		config->global = (struct qpmap_global *)
		    ((uintptr_t)fake_global + i);
		global_init_refused(QPMAP_ERR_SHOOTDOWN);
	}
	config->global = fake_global;
	for (group = 0; group < 3; group++) {
		leaf = fake_global[group].leaf;
		fake_global[group].leaf = NULL;
		global_init_refused(QPMAP_ERR_GLOBAL_LEAF);
		for (i = 1; i < 2 * GLOBAL_SLOTS; i *= 2) {
			fake_global[group].leaf = leaf + i;
			global_init_refused(QPMAP_ERR_GLOBAL_LEAF);
		}
		fake_global[group].leaf = leaf;
		for (i = 0; i < 2 * GLOBAL_SLOTS; i++) {
			leaf[i].bits = 1ULL << i % 64;
			global_init_refused(QPMAP_ERR_GLOBAL_LEAF);
			leaf[i].bits = 0;
		}
	}
	assert_int_equal(fake_init(config), QPMAP_OK);
	/* None: then nothing of all this is looked at. */
	config->global_count = 0;
	config->global = NULL;
	config->global_va = 12345;
	assert_int_equal(fake_init(config), QPMAP_OK);
}

/*
 * What one call of init found in the tables is not the kernel's word at the
 * next; and what the kernel gives is kept, and used.
 */
static void
global_init_again(void **state)
{
	struct qpmap_config *config = &global_config_now;
	struct qpmap_pte *leaf;
	qpmap_vaddr_t far = FAKE_GLOBAL_VA + 3 * GLOBAL_SPAN(2);

	(void)state;
	if (!QPMAP_TABLES) {
		skip();
	}
	*config = fake_config();
	config->flags = QPMAP_F_BUILD_TABLES | QPMAP_F_SINGLE_ROOT;
	config->global_count = 2;
	memset(fake_global, 0xee, sizeof(fake_global));
	fake_global[0].leaf = fake_global[1].leaf = NULL;
	assert_int_equal(fake_init(config), QPMAP_OK);
	assert_null(fake_global[0].leaf);
	assert_null(fake_global[1].leaf);
	assert_ptr_equal(fake_global[1].entries,
	    fake_host_leaf(FAKE_GLOBAL_VA + QPMAP_GLOBAL_SIZE));
	config->flags = 0;
	global_init_refused(QPMAP_ERR_GLOBAL_LEAF);
	config->global_va = far;
	global_init_refused(QPMAP_ERR_GLOBAL_LEAF);
	config->flags = QPMAP_F_BUILD_TABLES | QPMAP_F_SINGLE_ROOT;
	assert_int_equal(fake_init(config), QPMAP_OK);
	leaf = fake_host_leaf(far);
	assert_ptr_equal(fake_global[0].entries, leaf);
	/* One group's entries are the kernel's. */
	fake_global[0].leaf = leaf;
	assert_int_equal(fake_init(config), QPMAP_OK);
	assert_ptr_equal(fake_global[0].leaf, leaf);
	assert_ptr_equal(fake_global[0].entries, leaf);
	assert_null(fake_global[1].leaf);
	fake_global[0].leaf = leaf + GLOBAL_SLOTS;
	global_init_refused(QPMAP_ERR_GLOBAL_LEAF);
	fake_global[0].leaf = leaf;
	leaf[7].bits = 1;
	global_init_refused(QPMAP_ERR_GLOBAL_LEAF);
	leaf[7].bits = 0;
	config->flags = 0;
	global_init_refused(QPMAP_ERR_GLOBAL_LEAF);
	fake_global[1].leaf = fake_host_leaf(far + QPMAP_GLOBAL_SIZE);
	assert_int_equal(fake_init(config), QPMAP_OK);
	assert_ptr_equal(fake_global[0].entries, leaf);
}

/*
 * The tables of two areas.  distance is from the windows to the slots, in
 * bytes: they may have tables of each level in common.
 */

static void
global_tables_config(qpmap_vaddr_t window_va, qpmap_vaddr_t global_va,
    unsigned int groups)
{
	global_config_now = fake_config();
	global_config_now.flags = QPMAP_F_BUILD_TABLES | QPMAP_F_SINGLE_ROOT;
	global_config_now.window_va = window_va;
	global_config_now.global_va = global_va;
	global_config_now.global_count = groups;
}

/* No global slots, and a page at address 0: it is in nobody's way. */
static void
global_tables_none(void **state)
{
	(void)state;
	if (!QPMAP_TABLES) {
		skip();
	}
	fake_reset();
	global_tables_config(FAKE_WINDOW_VA, 0, 0);
	fake_host_tables(0, 0)->bits = QPTE_RW_BITS | 4;
	assert_int_equal(fake_init(&global_config_now), QPMAP_OK);
}

/* Tables of that level that the two areas need, each once. */
static unsigned int
global_tables_of(unsigned int level)
{
	const struct qpmap_config *config = &global_config_now;
	qpmap_vaddr_t span = GLOBAL_SPAN(level + 1);
	qpmap_vaddr_t first = config->window_va / span;
	qpmap_vaddr_t last = (config->window_va + config->cpu_count *
	    QPMAP_WINDOW_SIZE - 1) / span;
	qpmap_vaddr_t from = config->global_va / span;
	qpmap_vaddr_t to = (config->global_va + config->global_count *
	    QPMAP_GLOBAL_SIZE - 1) / span;
	unsigned int count = (unsigned int)(last - first + to - from) + 2;

	for (; from <= to; from++) {
		count -= from >= first && from <= last;
	}
	return (count);
}

static unsigned int
global_tables_all(void)
{
	unsigned int count = 0;

	for (unsigned int level = 0; level < FAKE_LEVELS - 1; level++) {
		count += global_tables_of(level);
	}
	return (count);
}

static void
global_tables_use(void)
{
	unsigned int groups = global_config_now.global_count;
	qpmap_vaddr_t va, first = global_config_now.global_va;

	fake_watch(first - QPMAP_PAGE_SIZE, groups * 2 * GLOBAL_SLOTS + 2);
	assert_int_equal(fake_online_cpu(0, 0, NULL), QPMAP_OK);
	assert_int_equal(fake_online_cpu(1, FAKE_CPUS - 1, NULL), QPMAP_OK);
	for (unsigned int group = 0; group < groups; group++) {
		assert_non_null(fake_global[group].entries);
		assert_null(fake_global[group].leaf);
		for (unsigned int i = 0; i < groups; i++) {
			fake_global[i].clean = i == group ?
			    1 | (uintptr_t)1 << 63 : 0;
		}
		va = global_enter(1, 0);
		assert_int_equal(va, first + group * QPMAP_GLOBAL_SIZE +
		    QPMAP_PAGE_SIZE);
		global_assert_shows(va, 1, 0);
		va = global_enter(2, 0);
		assert_int_equal(va, first + (group + 1) * QPMAP_GLOBAL_SIZE -
		    QPMAP_PAGE_SIZE);
		global_assert_shows(va, 2, 0);
		qpmap_global_remove(va);
		global_assert_gone(va, 2);
	}
}

static void
global_tables_built(unsigned int have)
{
	unsigned int needed = global_tables_all();

	assert_int_equal(fake_init(&global_config_now), QPMAP_OK);
	assert_int_equal(fake_pool_taken() - have, needed);
	assert_int_equal(fake.kind_count[FAKE_ALLOC] -
	    fake.kind_count[FAKE_FREE], needed);
	assert_int_equal(fake.kind_count[FAKE_PRE_LINK], needed);
	global_tables_use();
	fake_offline_cpu(0);
	fake_offline_cpu(1);
}

static void
global_tables(void **state)
{
	unsigned int level, groups;
	qpmap_vaddr_t va;

	(void)state;
	if (!QPMAP_TABLES) {
		skip();
	}
	for (level = 1; level < FAKE_LEVELS; level++) {
		for (groups = 1; groups <= 3; groups++) {
			/* Across a table's border, the windows far below. */
			fake_reset();
			va = FAKE_WINDOW_VA + GLOBAL_SPAN(level);
			global_tables_config(FAKE_WINDOW_VA, va +
			    (level == 1 ? 0 : -QPMAP_GLOBAL_SIZE), groups);
			global_tables_built(fake_pool_taken());
			/* The windows above, next to the border or beyond. */
			fake_reset();
			global_tables_config(va + (level == 1 ? 4 : 0) *
			    QPMAP_GLOBAL_SIZE, FAKE_WINDOW_VA, groups);
			global_config_now.global_count =
			    level == 1 ? groups : 1;
			global_tables_built(fake_pool_taken());
		}
	}
}

/* The allocator fails at each page in turn: nothing has changed. */
static void
global_tables_no_memory(void **state)
{
	unsigned int taken, at;
	uint64_t sum;
	int error;

	(void)state;
	if (!QPMAP_TABLES) {
		skip();
	}
	global_tables_config(FAKE_WINDOW_VA, FAKE_WINDOW_VA +
	    GLOBAL_SPAN(3) - QPMAP_GLOBAL_SIZE, 2);
	taken = fake_pool_taken();
	sum = fake_checksum();
	for (at = 1; ; at++) {
		fake.alloc_calls = 0;
		fake.alloc_fails_at = at;
		fake_log_clear();
		error = fake_init(&global_config_now);
		if (error == QPMAP_OK) {
			break;
		}
		assert_int_equal(error, QPMAP_ERR_TABLES);
		assert_int_equal(fake_pool_taken(), taken);
		assert_int_equal(fake_checksum(), sum);
		assert_int_equal(fake.kind_count[FAKE_FREE], at - 1);
		assert_int_equal(fake.kind_count[FAKE_STORE], 0);
		assert_int_equal(qpmap_state.cpu_count, 0);
	}
	assert_true(at > global_tables_all());
	assert_int_equal(fake_pool_taken() - taken, global_tables_all());
	global_tables_use();
}

/* Something is mapped among the slots or in the guard after them. */
static void
global_tables_mapped(void **state)
{
	static const unsigned int pages[] = { 0, 1, 77, 127, 128, 255, 256 };
	struct qpmap_pte *entry;
	unsigned int i;

	(void)state;
	if (!QPMAP_TABLES) {
		skip();
	}
	for (i = 0; i < 7; i++) {
		fake_reset();
		global_tables_config(FAKE_WINDOW_VA, FAKE_GLOBAL_VA, 2);
		entry = fake_host_tables(FAKE_GLOBAL_VA +
		    pages[i] * QPMAP_PAGE_SIZE, 0);
		entry->bits = QPTE_RW_BITS | 4;
		global_init_refused(QPMAP_ERR_WINDOW_MAPPED);
		entry->bits = 0;
		entry = fake_host_tables(FAKE_GLOBAL_VA +
		    pages[i] * QPMAP_PAGE_SIZE, 1);
		entry->bits = QPTE_VALID | QPTE_LARGE | QPTE_USED;
		global_init_refused(QPMAP_ERR_WINDOW_LARGE);
		entry->bits = 0;
		assert_int_equal(fake_init(&global_config_now), QPMAP_OK);
		global_tables_use();
	}
	/* The root's entry for the slots is absent, and there are others. */
	fake_reset();
	global_tables_config(FAKE_WINDOW_VA, FAKE_WINDOW_VA +
	    GLOBAL_SPAN(FAKE_LEVELS - 1), 1);
	(void)fake_host_tables(FAKE_WINDOW_VA, FAKE_LEVELS - 2);
	global_config_now.flags = QPMAP_F_BUILD_TABLES;
	global_init_refused(QPMAP_ERR_ROOT_ABSENT);
	global_config_now.flags |= QPMAP_F_SINGLE_ROOT;
	assert_int_equal(fake_init(&global_config_now), QPMAP_OK);
	global_tables_use();
}

const struct CMUnitTest global_tests[] = {
	FAKE_TEST("unit/B9/everywhere", global_everywhere),
	FAKE_TEST("unit/B9/every slot", global_every_slot),
	FAKE_TEST("unit/B9/attributes", global_attributes),
	FAKE_TEST("unit/B9/sharing", shared_sharing),
	FAKE_TEST("unit/B9/order of a removal", global_order),
	FAKE_TEST("unit/B9/wrong address", global_wrong),
	FAKE_TEST("unit/B9/deferred", global_deferred),
	FAKE_TEST("unit/B9/deferred on one CPU", global_stays),
	FAKE_TEST("unit/B9/batches", global_batches),
	FAKE_TEST("unit/B9/what a reclaim shoots down", global_shots),
	FAKE_TEST("unit/B9/a last look", global_last_look),
	FAKE_TEST("unit/B9/home group", global_home),
	FAKE_TEST("unit/B9/enter waits for nobody", global_no_wait),
	FAKE_TEST("unit/B14/shared, erratum", global_erratum),
	FAKE_TEST("unit/B9/deferred in an interrupt", global_interrupted),
	FAKE_TEST("unit/B9/preempted as it removes", global_preemptible),
	FIBERS_TEST("unit/B9/two CPUs", global_pairs),
	FIBERS_TEST("unit/B9/slots on their way", global_on_their_way),
	FIBERS_TEST("unit/B9/no call waits for a thread", global_no_thread),
	FIBERS_TEST("unit/B9/no slot on its way", global_none),
	FAKE_TEST("unit/B9/init refuses the range", global_init_range),
	FAKE_TEST("unit/B9/init, windows", global_init_windows),
	FAKE_TEST("unit/B9/init, direct map", global_init_direct),
	FAKE_TEST("unit/B9/init refuses the leaf", global_init_leaf),
	FAKE_TEST("unit/B9/init again", global_init_again),
	FAKE_TEST("unit/tables/no global slots", global_tables_none),
	FAKE_TEST("unit/tables/two areas", global_tables),
	FAKE_TEST("unit/tables/two areas, no memory", global_tables_no_memory),
	FAKE_TEST("unit/tables/two areas, mapped", global_tables_mapped),
};
const size_t global_count = sizeof(global_tests) / sizeof(global_tests[0]);

#endif /* QPMAP_SHOOTDOWN */
