/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shootdown, quiescence, CPUs that come and go: the contract's clauses, one
 * statement of <qpmap/shootdown.h> after the other.
 */
#include "../../src/core/shootdown.h"
#include "fibers.h"
#include "tests.h"

#if QPMAP_SHOOTDOWN

#define SMP_WORD_BITS	(8 * sizeof(unsigned long))
#define SMP_GENERATION	(fake_shootdown_memory.generation)

/* All CPUs online, each in the window of its number. */
static void
smp_start(unsigned int flags)
{
	struct qpmap_config config = fake_config();

	config.flags |= flags;
	config.global_count = 1;
	fake_start(&config);
}

static void
smp_online(unsigned int cpu, unsigned int window)
{
	assert_int_equal(fake_online_cpu(cpu, window, fake_host_leaf(
	    qpmap_state.window_va + window * QPMAP_WINDOW_SIZE)), QPMAP_OK);
}

static qpmap_vaddr_t
smp_va(unsigned int page)
{
	return (FAKE_PLAIN_VA + page * QPMAP_PAGE_SIZE);
}

/* The host maps plain pages; every CPU knows them, in every context. */
static void
smp_map(unsigned int page, unsigned int count)
{
	for (unsigned int i = page; i < page + count; i++) {
		fake_host_map(smp_va(i), fake_host_pte(fake_page(i)));
	}
}

static void
smp_unmap(unsigned int page, unsigned int count)
{
	for (unsigned int i = page; i < page + count; i++) {
		fake_host_map(smp_va(i), qpmap_pte_none());
	}
}

/* Translations of those plain pages that a CPU has. */
static unsigned int
smp_left(unsigned int cpu, unsigned int page, unsigned int count)
{
	unsigned int left = 0;

	for (unsigned int i = page; i < page + count; i++) {
		for (unsigned int c = 0; c < FAKE_CONTEXTS; c++) {
			left += qpmap_pte_is_valid(fake_cached(cpu, c,
			    smp_va(i)));
		}
	}
	return (left);
}

/* Mapped, cached by all, and no longer mapped. */
static void
smp_stale(unsigned int page, unsigned int count)
{
	smp_map(page, count);
	smp_unmap(page, count);
	for (unsigned int cpu = 0; cpu < FAKE_CPUS; cpu++) {
		assert_int_equal(smp_left(cpu, page, count),
		    count * FAKE_CONTEXTS);
	}
}

/* Events of that kind on that CPU. */
static unsigned int
smp_events(enum fake_kind kind, unsigned int cpu)
{
	unsigned int count = 0;

	assert_true(fake.event_count < FAKE_EVENTS);
	for (unsigned int i = 0; i < fake.event_count; i++) {
		count += fake.event[i].kind == kind &&
		    fake.event[i].cpu == cpu;
	}
	return (count);
}

static void
smp_pages(void **state)
{
	static const qpmap_size_t counts[] = {
		1, 2, 16, 31, 32, 33, 63, QPMAP_ALL_PAGES
	};
	unsigned int pages, i, cpu, self;
	qpmap_vaddr_t va;
	int at;

	(void)state;
	smp_start(0);
	for (i = 0; i < 8 * FAKE_CPUS; i++) {
		self = i % FAKE_CPUS;
		pages = counts[i / 4] > 63 ? 63 : (unsigned int)counts[i / 4];
		va = counts[i / 4] > 63 ? 0 : smp_va(63 - pages);
		smp_stale(63 - pages, pages);
		fake_run_on(self);
		fake_log_clear();
		qpmap_shootdown(va, counts[i / 4], NULL);
		for (cpu = 0; cpu < FAKE_CPUS; cpu++) {
			assert_int_equal(smp_left(cpu, 0, 63), 0);
			assert_int_equal(smp_events(FAKE_FLUSH_RANGE, cpu),
			    cpu == self || !FAKE_BROADCASTS);
		}
		for (at = -1; (at = fake_log_find(FAKE_FLUSH_RANGE,
		    (unsigned int)at + 1)) >= 0;) {
			assert_int_equal(fake.event[at].what, va);
			assert_int_equal(fake.event[at].more, counts[i / 4]);
		}
		assert_int_equal(fake.kind_count[FAKE_IPI],
		    FAKE_BROADCASTS ? 0 : FAKE_CPUS - 1);
		fake_assert_idle();
	}
}

/*
 * With the host's word that its mappings have G: one that has not stays in
 * other contexts, until everything is invalidated.  Without it, no page does.
 */
static void
smp_without_g(void **state)
{
	unsigned int stays;

	(void)state;
	smp_start(0);
	stays = (qpmap_state.flags & QPMAP_F_KERNEL_HAS_G) != 0 ?
	    FAKE_CONTEXTS - 1 : 0;
	fake_host_map(smp_va(0), qpmap_pte_make(fake_page(0),
	    QPTE_RW_BITS | 1 << QPTE_TYPE_SHIFT));
	fake_host_map(smp_va(0), qpmap_pte_none());
	qpmap_shootdown(smp_va(0), 1, NULL);
	for (unsigned int cpu = 0; cpu < FAKE_CPUS; cpu++) {
		assert_int_equal(smp_left(cpu, 0, 1), stays);
	}
	qpmap_shootdown(0, QPMAP_ALL_PAGES, NULL);
	for (unsigned int cpu = 0; cpu < FAKE_CPUS; cpu++) {
		assert_int_equal(smp_left(cpu, 0, 1), 0);
	}
}

static void
smp_nothing(void **state)
{
	qpmap_generation_t generation;

	(void)state;
	smp_start(0);
	generation = SMP_GENERATION;
	smp_stale(0, 2);
	fake_log_clear();
	qpmap_shootdown(smp_va(0), 0, NULL);
	assert_int_equal(fake.event_count, 0);
	assert_int_equal(SMP_GENERATION, generation);
	assert_int_equal(smp_left(1, 0, 2), 2 * FAKE_CONTEXTS);
}

/* Every set of four CPUs, from each of them; some offline. */
static void
smp_subsets(void **state)
{
	unsigned int cpu, self, offline, asked;
	unsigned long set;

	(void)state;
	smp_start(0);
	for (offline = 0; offline < 16; offline += 2) {
		for (cpu = 1; cpu < FAKE_CPUS; cpu++) {
			if ((offline >> cpu & 1) != 0) {
				fake_offline_cpu(cpu);
			}
		}
		for (set = 0; set < 16 * FAKE_CPUS; set++) {
			self = (unsigned int)set / 16;
			if ((offline >> self & 1) != 0) {
				continue;
			}
			smp_stale(5, 2);
			fake_run_on(self);
			fake_log_clear();
			qpmap_shootdown(smp_va(5), 2,
			    &(unsigned long){ set & 15 });
			asked = (unsigned int)set & 15 & ~offline &
			    ~(1u << self);
			assert_int_equal(fake.kind_count[FAKE_IPI],
			    FAKE_BROADCASTS ? 0 : __builtin_popcount(asked));
			for (cpu = 0; cpu < FAKE_CPUS; cpu++) {
				if (((set & 15 & ~offline) >> cpu & 1) != 0) {
					assert_int_equal(smp_left(cpu, 5, 2),
					    0);
				}
			}
			fake_run_on(self);
			qpmap_quiesce();
		}
		for (cpu = 1; cpu < FAKE_CPUS; cpu++) {
			if ((offline >> cpu & 1) != 0) {
				smp_online(cpu, cpu);
			}
		}
	}
}

/* CPUs of which there is nothing but what others see of them. */
static struct {
	_Bool online, member, ahead, answered;
	unsigned int asked;
} smp_ghost[FAKE_WINDOWS];
static uint64_t smp_seed;
static unsigned int smp_ghosts;

static unsigned int
smp_pick(unsigned int count)
{
	return (fake_random(&smp_seed) % count);
}

static void
smp_ghost_ipi(uint32_t window)
{
	smp_ghost[window].asked++;
}

/* One ghost that was asked answers, or goes offline. */
static void
smp_ghost_spin(void)
{
	unsigned int from = smp_pick(smp_ghosts), i, w;

	for (i = 0; i < smp_ghosts; i++) {
		w = (from + i) % smp_ghosts;
		if (smp_ghost[w].asked != 0 && !smp_ghost[w].answered) {
			smp_ghost[w].answered = 1;
			if (smp_pick(4) == 0) {
				fake_cpu_sync[w].online = QPMAP_SYNC_FREE;
			} else {
				fake_cpu_sync[w].acknowledged = SMP_GENERATION;
			}
			return;
		}
	}
	fail_msg("it waits for a CPU that was not asked");
}

/* One request to a random set of so many windows, exactly in its words. */
static void
smp_sets_once(unsigned int windows, unsigned int self)
{
	size_t words = (windows + SMP_WORD_BITS - 1) / SMP_WORD_BITS;
	unsigned long *set = malloc(words * sizeof(*set));
	unsigned int likely = smp_pick(5), w;
	_Bool all = smp_pick(8) == 0;

	assert_non_null(set);
	memset(set, 0xff, words * sizeof(*set));
	for (w = 0; w < windows; w++) {
		smp_ghost[w].member = all || smp_pick(4) < likely;
		smp_ghost[w].online = w != self && smp_pick(3) != 0;
		smp_ghost[w].ahead = smp_pick(4) == 0;
		smp_ghost[w].answered = 0;
		smp_ghost[w].asked = 0;
		if (!smp_ghost[w].member) {
			set[w / SMP_WORD_BITS] &= ~(1ul << w % SMP_WORD_BITS);
		}
		if (w != self) {
			/* Who joins or leaves is not waited for. */
			fake_cpu_sync[w].online = smp_ghost[w].online ?
			    QPMAP_SYNC_ONLINE : smp_pick(2) == 0 ?
			    QPMAP_SYNC_FREE : QPMAP_SYNC_TAKEN;
			fake_cpu_sync[w].acknowledged = SMP_GENERATION +
			    smp_ghost[w].ahead - smp_pick(3) *
			    !smp_ghost[w].ahead;
		}
	}
	qpmap_shootdown(smp_va(0), 1 + smp_pick(40), all ? NULL : set);
	for (w = 0; w < windows; w++) {
		assert_int_equal(smp_ghost[w].asked, smp_ghost[w].member &&
		    smp_ghost[w].online && !smp_ghost[w].ahead);
		assert_int_equal(smp_ghost[w].asked, smp_ghost[w].answered);
	}
	free(set);
}

/* Sets of any length; nobody is asked or waited for but those that need be. */
static void
smp_sets(void **state)
{
	static const unsigned int counts[] = { 1, 2, 63, 64, 65, 127, 200 };
	struct qpmap_config config = fake_config();
	unsigned int self;

	(void)state;
	if (FAKE_BROADCASTS) {
		skip();
	}
	smp_seed = 1968;
	for (unsigned int i = 0; i < 7 * 6; i++) {
		fake_reset();
		smp_ghosts = config.cpu_count = counts[i / 6];
		self = i % 6 == 0 ? smp_ghosts - 1 : smp_pick(smp_ghosts);
		assert_int_equal(fake_init(&config), QPMAP_OK);
		smp_online(0, self);
		fake.ipi = smp_ghost_ipi;
		fake.spin = smp_ghost_spin;
		for (unsigned int n = 0; n < 30; n++) {
			fake_log_clear();
			smp_sets_once(smp_ghosts, self);
		}
		assert_int_equal(fake.pins[0], 0);
	}
}

/* Offline: not asked, not waited for; and late interrupts do no harm. */
static void
smp_offline(void **state)
{
	struct qpmap_cpu_sync before[2];

	(void)state;
	smp_start(0);
	smp_stale(0, 1);
	fake_offline_cpu(2);
	assert_int_equal(smp_left(2, 0, 1), 0);
	smp_stale(0, 1);
	fake_run_on(0);
	memcpy(before, &fake_cpu_sync[2], sizeof(before[0]));
	fake_log_clear();
	qpmap_shootdown(smp_va(0), 1, &(unsigned long){ 4 });
	assert_int_equal(fake.kind_count[FAKE_IPI], 0);
	qpmap_shootdown(smp_va(0), 1, NULL);
	assert_int_equal(smp_events(FAKE_IPI, 0), FAKE_BROADCASTS ? 0 : 2);
	for (unsigned int i = 0; i < 3; i++) {
		fake_interrupt(2);
		fake_poll(2);
	}
	assert_int_equal(smp_events(FAKE_FLUSH_RANGE, 2), 0);
	assert_memory_equal(before, &fake_cpu_sync[2], sizeof(before[0]));
	/* What it had kept does not come back with it. */
	smp_online(2, 2);
	assert_int_equal(smp_left(2, 0, 1), 0);
}

/* Its number goes to another CPU, which is asked from then on. */
static void
smp_number(void **state)
{
	(void)state;
	smp_start(0);
	fake_offline_cpu(2);
	fake_offline_cpu(3);
	smp_stale(0, 1);
	smp_online(3, 2);
	assert_int_equal(smp_left(3, 0, 1), 0);
	smp_stale(1, 1);
	fake_run_on(0);
	fake_log_clear();
	qpmap_shootdown(smp_va(1), 1, &(unsigned long){ 1 << 2 });
	assert_int_equal(smp_left(3, 1, 1), 0);
	fake_interrupt(2);
	assert_int_equal(smp_events(FAKE_FLUSH_RANGE, 2), 0);
	smp_online(2, 3);
	smp_stale(2, 1);
	fake_run_on(3);
	qpmap_shootdown(smp_va(2), 1, &(unsigned long){ 1 << 3 });
	assert_int_equal(smp_left(2, 2, 1), 0);
}

/* One number, two CPUs: the second is refused, and nothing has changed. */
static void
smp_number_taken(void **state)
{
	struct qpmap_config config = fake_config();
	struct qpmap_cpu_sync remote;
	struct qpmap_state before;
	struct qpmap_cpu cpu;

	(void)state;
	config.global_count = 1;
	config.cpu_sync = fake_cpu_sync;
	fake_start(&config);
	fake_offline_cpu(1);
	for (unsigned int window = 0; window < FAKE_CPUS; window++) {
		if (window == 1) {
			continue;
		}
		remote = fake_cpu_sync[window];
		before = qpmap_state;
		cpu = fake_cpu[1];
		fake_log_clear();
		assert_int_equal(fake_online_cpu(1, window, fake_host_leaf(
		    config.window_va + window * QPMAP_WINDOW_SIZE)),
		    QPMAP_ERR_CPU_INDEX_TAKEN);
		assert_memory_equal(&remote, &fake_cpu_sync[window],
		    sizeof(remote));
		assert_memory_equal(&before, &qpmap_state, sizeof(before));
		assert_memory_equal(&cpu, &fake_cpu[1], sizeof(cpu));
		assert_int_equal(fake.kind_count[FAKE_FLUSH_LOCAL], 0);
		fake_offline_cpu(window);
		smp_online(1, window);
		fake_offline_cpu(1);
		smp_online(window, window);
	}
	/* Of those that were refused before, none has kept a number. */
	assert_int_equal(fake_online_cpu(1, 1, NULL), QPMAP_ERR_CPU_LEAF);
	smp_online(1, 1);
}

/* Without the memory, where it is not needed, nobody can tell. */
static void
smp_number_unknown(void **state)
{
	(void)state;
	if (!FAKE_BROADCASTS) {
		skip();
	}
	smp_start(0);
	fake_offline_cpu(1);
	smp_online(1, 0);
}

/* Two CPUs that want one number at the same time: one of them has it. */
static int smp_errors[FAKE_CPUS];

static void
smp_number_wanted(void)
{
	unsigned int cpu = fake.cpu;

	smp_errors[cpu] = fake_online_cpu(cpu, 2, fake_host_leaf(
	    qpmap_state.window_va + 2 * QPMAP_WINDOW_SIZE));
}

static void
smp_number_given(void)
{
	fake_offline_cpu(2);
}

static void
smp_number_before(void)
{
	struct qpmap_config config = fake_config();

	config.cpu_sync = fake_cpu_sync;
	config.global_count = 1;
	fake_start(&config);
	fake_offline_cpu(1);
	smp_errors[1] = smp_errors[2] = -1;
}

static void
smp_number_free(void)
{
	smp_number_before();
	fake_offline_cpu(2);
	fake_run_on(0);
}

/* A shootdown reaches whoever has it, and interrupts are for that one. */
static void
smp_number_shot(void)
{
	unsigned int cpu = fake_target(2);

	smp_stale(0, 1);
	fake_run_on(0);
	qpmap_shootdown(smp_va(0), 1, NULL);
	for (unsigned int i = 0; i < FAKE_CPUS; i++) {
		assert_int_equal(fake.joined[i] ? smp_left(i, 0, 1) : 0, 0);
	}
	if (cpu != FAKE_CPUS) {
		assert_int_equal(fake_cpu_sync[2].online, FAKE_BROADCASTS ?
		    QPMAP_SYNC_TAKEN : QPMAP_SYNC_ONLINE);
		fake_offline_cpu(cpu);
	}
	assert_int_equal(fake_cpu_sync[2].online, QPMAP_SYNC_FREE);
	assert_int_equal(fake_target(2), FAKE_CPUS);
}

static void
smp_number_one(void)
{
	assert_int_equal(smp_errors[1] + smp_errors[2],
	    QPMAP_ERR_CPU_INDEX_TAKEN);
	assert_true(smp_errors[1] == QPMAP_OK || smp_errors[2] == QPMAP_OK);
	smp_number_shot();
}

/* Too early, or not: never while an interrupt there still has the number. */
static void
smp_number_early(void)
{
	assert_true(smp_errors[1] == QPMAP_OK ||
	    smp_errors[1] == QPMAP_ERR_CPU_INDEX_TAKEN);
	assert_int_equal(fake_target(2), smp_errors[1] == QPMAP_OK ? 1 :
	    FAKE_CPUS);
	assert_int_equal(fake_cpu[2].index_plus_one, 0);
	smp_number_shot();
}

static void
smp_number_race(void **state)
{
	(void)state;
	fibers_pairs(1, smp_number_wanted, 2, smp_number_wanted,
	    smp_number_free, smp_number_one);
	fibers_pairs(2, smp_number_given, 1, smp_number_wanted,
	    smp_number_before, smp_number_early);
	fibers_pairs(1, smp_number_wanted, 2, smp_number_given,
	    smp_number_before, smp_number_early);
}

/* While a CPU goes, at every step: an interrupt there is nobody else's. */
static void
smp_number_step(void)
{
	unsigned int window = *(volatile uint32_t *)&fake_cpu[2].index_plus_one;

	if (window != 0) {
		assert_int_not_equal(fake_cpu_sync[window - 1].online,
		    QPMAP_SYNC_FREE);
	}
}

static void
smp_number_kept(void **state)
{
	struct qpmap_config config = fake_config();

	(void)state;
	config.cpu_sync = fake_cpu_sync;
	fake_start(&config);
	for (unsigned int i = 0; i < 3; i++) {
		fake.step = smp_number_step;
		fake_offline_cpu(2);
		assert_int_equal(fake_cpu_sync[2].online, QPMAP_SYNC_FREE);
		smp_online(2, 2);
		fake.step = NULL;
	}
}

/* A CPU died, and whoever waits for it spins until the kernel says so. */
static unsigned int smp_waited;
static void
smp_dead_spin(void)
{
	if (++smp_waited == 10) {
		__atomic_store_n(&fake_cpu_sync[2].online, 0, __ATOMIC_RELEASE);
	}
}

static void
smp_dead_ipi(uint32_t window)
{
	if (window != 2) {
		fake_interrupt(fake_target(window));
	}
}

static void
smp_dead(void **state)
{
	struct qpmap_config config = fake_config();

	(void)state;
	config.cpu_sync = fake_cpu_sync;
	config.global_count = 1;
	fake_start(&config);
	fake.joined[2] = 0;
	smp_waited = 0;
	fake.ipi = smp_dead_ipi;
	fake.spin = smp_dead_spin;
	smp_stale(0, 1);
	fake_run_on(0);
	if (FAKE_BROADCASTS) {
		fake_cpu_sync[2].online = 0;
	}
	qpmap_shootdown(smp_va(0), 1, NULL);
	assert_int_equal(smp_waited, FAKE_BROADCASTS ? 0 : 10);
	fake.ipi = NULL;
	fake.spin = NULL;
	/* It is reset, its state zeroed, its number its own again. */
	memset(&fake_cpu[2], 0, sizeof(fake_cpu[2]));
	smp_online(2, 2);
	assert_int_equal(smp_left(2, 0, 1), 0);
	smp_stale(1, 1);
	fake_run_on(0);
	qpmap_shootdown(smp_va(1), 1, NULL);
	assert_int_equal(smp_left(2, 1, 1), 0);
}

#if QPMAP_TABLES

/*
 * Two CPUs whose windows' entries are to be found in the tables, at once, and
 * one address for all tables.
 */
static struct qpmap_pte *smp_right[3];

static void
smp_walker(void)
{
	unsigned int cpu = fake.cpu;

	fake.pins[cpu]++;
	smp_errors[cpu] = qpmap_cpu_online(&fake_cpu[cpu], cpu, NULL);
	fake.pins[cpu]--;
	fake.joined[cpu] = smp_errors[cpu] == QPMAP_OK;
}

static void
smp_walk_before(void)
{
	struct qpmap_config config = fake_config();

	config.flags = QPMAP_F_BUILD_TABLES | QPMAP_F_SINGLE_ROOT;
	assert_int_equal(fake_init(&config), QPMAP_OK);
	for (unsigned int cpu = 1; cpu <= 2; cpu++) {
		smp_right[cpu] = fake_host_leaf(config.window_va +
		    cpu * QPMAP_WINDOW_SIZE) + 1;
	}
	fake.tables_allowed = 1;
}

static void
smp_walk_after(void)
{
	unsigned int done = 0;

	for (unsigned int cpu = 1; cpu <= 2; cpu++) {
		if (smp_errors[cpu] == QPMAP_ERR_CPU_BUSY) {
			assert_int_equal(fake_cpu[cpu].index_plus_one, 0);
			/* And now it is its turn. */
			fake_run_on(cpu);
			smp_walker();
		} else {
			done++;
		}
		assert_int_equal(smp_errors[cpu], QPMAP_OK);
		assert_ptr_equal(fake_cpu[cpu].slot[1].ptep,
		    smp_right[cpu]);
	}
	assert_true(done > 0);
	fake.tables_allowed = 0;
}

static void
smp_walks(void **state)
{
	(void)state;
	fibers_pairs(1, smp_walker, 2, smp_walker, smp_walk_before,
	    smp_walk_after);
}

#endif

/* A CPU that acknowledged before it could be interrupted, is not. */
static qpmap_generation_t smp_known;
static void
smp_early_step(void)
{
	if (SMP_GENERATION != smp_known &&
	    fake_log_find(FAKE_PRE_NOTIFY, 0) >= 0) {
		fake.step = NULL;
		fake_poll(1);
	}
}

static void
smp_early(void **state)
{
	(void)state;
	if (FAKE_BROADCASTS) {
		skip();
	}
	smp_start(0);
	smp_stale(0, 1);
	smp_known = SMP_GENERATION;
	fake_run_on(0);
	fake_log_clear();
	fake.step = smp_early_step;
	qpmap_shootdown(smp_va(0), 1, NULL);
	assert_null(fake.step);
	assert_int_equal(fake.kind_count[FAKE_IPI], 2);
	assert_int_equal(smp_left(1, 0, 1) + smp_left(2, 0, 1), 0);
	assert_int_equal(smp_events(FAKE_FLUSH_RANGE, 1), 1);
	/* Interrupts that nobody needs do nothing; nor does a poll. */
	fake_log_clear();
	for (unsigned int cpu = 0; cpu < FAKE_CPUS; cpu++) {
		fake_interrupt(cpu);
		fake_poll(cpu);
	}
	assert_int_equal(fake.event_count, 2 * FAKE_CPUS);
	assert_int_equal(fake.kind_count[FAKE_CPU], 2 * FAKE_CPUS);
}

/* All CPUs are at that generation, and the ring is not far behind. */
static void
smp_set_generation(qpmap_generation_t generation)
{
	SMP_GENERATION = generation;
	for (unsigned int i = 0; i < QPMAP_REQUESTS; i++) {
		fake_shootdown_memory.requests[i].generation = generation - 100;
	}
	for (unsigned int cpu = 0; cpu < FAKE_CPUS; cpu++) {
		fake_cpu_sync[cpu].acknowledged = generation;
	}
}

/* The number comes round; some CPUs lag, by up to hundreds. */
static void
smp_wrap(void **state)
{
	static const qpmap_generation_t starts[] = {
		~(qpmap_generation_t)0 - 60, ~(qpmap_generation_t)0, 0,
		((qpmap_generation_t)1 << 31) - 60,
		((qpmap_generation_t)1 << 32) - 60,
		((qpmap_generation_t)1 << 63) - 60, 12345
	};
	unsigned int set, cpu;

	(void)state;
	if (FAKE_BROADCASTS) {
		skip();
	}
	smp_start(0);
	smp_seed = 41;
	for (unsigned int i = 0; i < 7 * 150; i++) {
		if (i % 150 == 0) {
			smp_set_generation(starts[i / 150]);
		}
		smp_stale(i % 50, 1 + i % 3);
		fake_run_on(smp_pick(FAKE_CPUS));
		set = i % 30 < 26 ? smp_pick(3) : smp_pick(16);
		qpmap_shootdown(smp_va(i % 50), 1 + i % 3,
		    &(unsigned long){ set });
		for (cpu = 0; cpu < FAKE_CPUS; cpu++) {
			if ((set >> cpu & 1) != 0) {
				assert_int_equal(smp_left(cpu, i % 50,
				    1 + i % 3), 0);
			}
		}
	}
}

/* Number 0 is not in the ring: there it means half written. */
static void
smp_zero(void **state)
{
	int at = -1;

	(void)state;
	if (FAKE_BROADCASTS) {
		skip();
	}
	smp_start(0);
	smp_set_generation(~(qpmap_generation_t)0);
	smp_stale(0, 1);
	fake_run_on(0);
	fake_log_clear();
	qpmap_shootdown(smp_va(0), 1, NULL);
	assert_int_equal(SMP_GENERATION, 0);
	assert_int_equal(fake.kind_count[FAKE_FLUSH_RANGE], FAKE_CPUS);
	while ((at = fake_log_find(FAKE_FLUSH_RANGE, (unsigned int)at + 1)) >=
	    0) {
		assert_int_equal(fake.event[at].more, QPMAP_ALL_PAGES);
	}
	for (unsigned int cpu = 0; cpu < FAKE_CPUS; cpu++) {
		assert_int_equal(smp_left(cpu, 0, 1), 0);
	}
}

/* Now and then a request goes to everybody, so that nobody lags too far. */
static void
smp_sweep(void **state)
{
	(void)state;
	if (FAKE_BROADCASTS) {
		skip();
	}
	smp_start(0);
	for (unsigned int turn = 1; turn < 300; turn += 37) {
		smp_set_generation(((qpmap_generation_t)turn << 24) - 2);
		for (unsigned int i = 0; i < 3; i++) {
			fake_run_on(turn % FAKE_CPUS);
			fake_log_clear();
			qpmap_shootdown(smp_va(0), 1,
			    &(unsigned long){ 1ul << turn % FAKE_CPUS });
			assert_int_equal(fake.kind_count[FAKE_IPI],
			    i == 1 ? FAKE_CPUS - 1 : 0);
		}
	}
}

/* Requests that only CPU 0 has served. */
static void
smp_lag(unsigned int count)
{
	fake_run_on(0);
	for (unsigned int i = 0; i < count; i++) {
		smp_stale(i, 1);
		qpmap_shootdown(smp_va(i), 1, &(unsigned long){ 1 });
	}
	fake_log_clear();
}

/* The ring has as many as it has; who lags more, invalidates everything. */
static void
smp_ring(void **state)
{
	unsigned int i, lag;
	int at = -1;

	(void)state;
	if (FAKE_BROADCASTS) {
		skip();
	}
	smp_start(0);
	smp_set_generation(1000);
	for (lag = 1; lag < 3 * QPMAP_REQUESTS; lag++) {
		smp_lag(lag);
		fake_interrupt(3);
		assert_int_equal(smp_left(3, 0, lag), 0);
		assert_int_equal(fake_cpu_sync[3].acknowledged, SMP_GENERATION);
		if (lag > QPMAP_REQUESTS) {
			assert_int_equal(fake.kind_count[FAKE_FLUSH_RANGE], 1);
			at = fake_log_find(FAKE_FLUSH_RANGE, 0);
			assert_int_equal(fake.event[at].more, QPMAP_ALL_PAGES);
			continue;
		}
		assert_int_equal(fake.kind_count[FAKE_FLUSH_RANGE], lag);
		for (at = -1, i = 0; i < lag; i++) {
			at = fake_log_find(FAKE_FLUSH_RANGE,
			    (unsigned int)at + 1);
			assert_int_equal(fake.event[at].what, smp_va(i));
			assert_int_equal(fake.event[at].more, 1);
		}
	}
}

/* A request that is being written, or is not there any more. */
static void
smp_half_written(void **state)
{
	struct qpmap_request *ring = fake_shootdown_memory.requests, *request;
	unsigned int lag, which, i;
	int at;

	(void)state;
	if (FAKE_BROADCASTS) {
		skip();
	}
	smp_start(0);
	smp_set_generation(1000);
	for (i = 0; i < 2 * QPMAP_REQUESTS * QPMAP_REQUESTS; i++) {
		lag = 1 + i / 2 % QPMAP_REQUESTS;
		which = i / 2 / QPMAP_REQUESTS % lag;
		smp_lag(lag);
		request = &ring[(SMP_GENERATION - which) % QPMAP_REQUESTS];
		request->generation += i % 2 == 0 ? QPMAP_REQUESTS :
		    -request->generation;
		request->va = 0;
		fake_interrupt(3);
		assert_int_equal(smp_left(3, 0, lag), 0);
		at = fake_log_find(FAKE_FLUSH_RANGE, lag - 1 - which);
		while (fake_log_find(FAKE_FLUSH_RANGE, (unsigned int)at + 1) >=
		    0) {
			at = fake_log_find(FAKE_FLUSH_RANGE,
			    (unsigned int)at + 1);
		}
		assert_int_equal(fake.event[at].more, QPMAP_ALL_PAGES);
		request->generation = SMP_GENERATION - QPMAP_REQUESTS;
	}
}

static void
smp_not_online(void **state)
{
	qpmap_vaddr_t used = 0, va = 8;

	(void)state;
	smp_start(0);
	assert_int_equal(qpmap_global_enter(fake_page(1), 0, &used), 0);
	fake_offline_cpu(3);
	fake_run_on(3);
	fake_log_clear();
	EXPECT_PANIC(QPMAP_PANIC_SHOOTDOWN, 0, 0,
	    qpmap_shootdown(smp_va(0), 1, NULL));
	EXPECT_PANIC(QPMAP_PANIC_SHOOTDOWN, 0, 0, qpmap_quiesce());
	/* Neither may it use global mappings: it is not told of their end. */
	EXPECT_PANIC(QPMAP_PANIC_SHOOTDOWN, 0, 0,
	    (void)qpmap_global_enter(fake_page(0), 0, &va));
	EXPECT_PANIC(QPMAP_PANIC_SHOOTDOWN, 0, 0, qpmap_global_remove(used));
	assert_int_equal(va, 8);
	assert_int_equal(fake.kind_count[FAKE_STORE], 0);
	assert_int_equal(fake.kind_count[FAKE_CLEAR], 0);
	assert_int_equal(fake.kind_count[FAKE_IPI], 0);
	assert_int_equal(fake.kind_count[FAKE_FLUSH_RANGE], 0);
}

/*
 * B2: at every event of enter and remove another CPU shoots something down,
 * and interrupts this one for it.
 */
static unsigned int smp_shots;
static void
smp_shot(void)
{
	unsigned int cpu = fake.cpu;

	smp_stale(7, 3);
	fake_run_on(cpu == 3 ? 2 : 3);
	qpmap_shootdown(smp_va(7), 3, NULL);
	fake_run_on(cpu);
	for (unsigned int i = 0; i < FAKE_CPUS; i++) {
		assert_int_equal(smp_left(i, 7, 3), 0);
	}
	smp_shots++;
}

static void
smp_interrupted(unsigned int type, unsigned int point)
{
	qpmap_vaddr_t held = 0, va;

	if (QPMAP_SLOTS > 1) {
		held = qpmap_enter(fake_page(80), QPMAP_ATTR_UNCACHED_MINUS);
	}
	fake.irq = smp_shot;
	fake.irq_depth = 1;
	fake.irq_at[0] = point;
	fake.irq_point[0] = 0;
	va = qpmap_enter(fake_page(81), type);
	fake.irq = NULL;
	fake_assert_shows(va, fake_page(81), type, 1);
	*(volatile unsigned char *)va = 5;
	fake.irq = smp_shot;
	qpmap_remove(va);
	fake.irq = NULL;
	fake_assert_absent(va);
	if (held != 0) {
		fake_assert_shows(held, fake_page(80),
		    QPMAP_ATTR_UNCACHED_MINUS, 1);
		qpmap_remove(held);
	}
	fake_assert_idle();
}

static void
smp_at_every_event(void **state)
{
	unsigned int type, point, before, special;

	(void)state;
	smp_start(0);
	fake_run_on(1);
	for (type = 0; type < QPMAP_TYPE_COUNT; type++) {
		point = 0;
		do {
			before = smp_shots;
			smp_interrupted(type, point++);
		} while (smp_shots != before);
		/* Both ends of nine events, or ten. */
		special = (fake.slow_types >> type & 1) != 0;
		assert_int_equal(point - 1, 2 * (9 + special + QPMAP_CHECKED));
		smp_interrupted(type, ~0u);
	}
}

/*
 * The interrupt interrupts its own handler, at every step: what it
 * acknowledges is never taken back.
 */
static unsigned int smp_at, smp_met;
static void
smp_twice_step(void)
{
	unsigned int cpu = fake.cpu;

	if (cpu != 1 || smp_met++ != smp_at) {
		return;
	}
	fake.step = NULL;
	fake_run_on(0);
	smp_stale(1, 1);
	qpmap_shootdown(smp_va(1), 1, NULL);
	assert_int_equal(smp_left(1, 1, 1), 0);
	fake_run_on(cpu);
}

static void
smp_twice(void **state)
{
	(void)state;
	if (FAKE_BROADCASTS) {
		skip();
	}
	smp_start(0);
	for (smp_at = 0; ; smp_at++) {
		smp_lag(1);
		smp_met = 0;
		fake.step = smp_twice_step;
		fake_interrupt(1);
		if (fake.step != NULL) {
			break;
		}
		assert_int_equal(fake_cpu_sync[1].acknowledged, SMP_GENERATION);
		assert_int_equal(smp_left(1, 0, 2), 0);
		fake_log_clear();
		fake_interrupt(1);
		assert_int_equal(fake.kind_count[FAKE_FLUSH_RANGE], 0);
	}
	fake.step = NULL;
	assert_true(smp_at > 8);
}

/* Two CPUs against each other, at every pair of stops. */

static void
smp_pair_before(void)
{
	smp_start(0);
	smp_set_generation(1000);
	smp_map(0, 2);
}

static void
smp_pair_clean(void)
{
	for (unsigned int cpu = 0; cpu < FAKE_CPUS; cpu++) {
		if (fake.joined[cpu]) {
			assert_int_equal(smp_left(cpu, 0, 2), 0);
		}
	}
	fake_assert_idle();
}

/* Its own page, with interrupts off: it answers by its own polls only. */
static void
smp_initiator(void)
{
	unsigned int page = fake.cpu % 2;

	fibers_mask(1);
	smp_unmap(page, 1);
	qpmap_shootdown(smp_va(page), 1, NULL);
	for (unsigned int cpu = 0; cpu < FAKE_CPUS; cpu++) {
		if (fake.joined[cpu]) {
			assert_int_equal(smp_left(cpu, page, 1), 0);
		}
	}
	fibers_mask(0);
}

static void
smp_initiators(void **state)
{
	(void)state;
	fibers_pairs(0, smp_initiator, 1, smp_initiator, smp_pair_before,
	    smp_pair_clean);
}

/*
 * Three: CPU 0 waits for 2, which goes on only when 1 has got its answer from
 * 0, whose interrupts are off.
 */
static _Bool smp_answered;
static void
smp_asked(void)
{
	fibers_mask(1);
	qpmap_shootdown(smp_va(0), 1, &(unsigned long){ 1 << 2 });
	fibers_mask(0);
}

static void
smp_asking(void)
{
	smp_unmap(1, 1);
	qpmap_shootdown(smp_va(1), 1, &(unsigned long){ 1 << 0 });
	assert_int_equal(smp_left(0, 1, 1), 0);
	smp_answered = 1;
}

static void
smp_slow(void)
{
	fibers_mask(1);
	while (!smp_answered) {
		fibers_spin();
	}
	fibers_mask(0);
}

static void
smp_answers(void **state)
{
	void (*const body[FAKE_CPUS])(void) = {
		smp_asked, smp_asking, smp_slow, NULL
	};
	struct fibers_plan plan = { .seed = 0 };

	(void)state;
	if (FAKE_BROADCASTS) {
		skip();
	}
	for (plan.at[0] = 1; plan.at[0] < 60; plan.at[0]++) {
		fake_reset();
		smp_pair_before();
		smp_answered = 0;
		(void)fibers_run(&plan, 0, body);
		assert_true(smp_answered);
	}
}

/* CPU 0 removes both pages while CPU 3 comes, with interrupts off or on. */
static _Bool smp_masked;
static void
smp_remover(void)
{
	smp_unmap(0, 2);
	qpmap_shootdown(smp_va(0), 2, NULL);
	for (unsigned int cpu = 0; cpu < FAKE_CPUS; cpu++) {
		if (fake.joined[cpu]) {
			assert_int_equal(smp_left(cpu, 0, 2), 0);
		}
	}
}

static void
smp_joiner(void)
{
	fibers_mask(smp_masked);
	smp_online(3, 3);
	fibers_mask(0);
}

static void
smp_leaver(void)
{
	fibers_mask(smp_masked);
	fake_offline_cpu(3);
	fibers_mask(0);
}

static void
smp_join_before(void)
{
	smp_pair_before();
	fake_offline_cpu(3);
	/* From an earlier life: the numbers have come round since. */
	fake_cpu_sync[3].acknowledged = SMP_GENERATION + 5;
	fake_run_on(0);
}

static void
smp_joins(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		smp_masked = i == 1;
		fibers_pairs(0, smp_remover, 3, smp_joiner, smp_join_before,
		    smp_pair_clean);
		fibers_pairs(3, smp_joiner, 0, smp_remover, smp_join_before,
		    smp_pair_clean);
	}
}

/*
 * A CPU that joins is behind every request that may be made until it has
 * joined, and behind all that others wait for: also where numbers have 32 bits.
 * Of so many requests one at least waits for all CPUs, this one too.
 */
#define SMP_OUTSTANDING	((uint32_t)(1u << 24) + FAKE_CPUS)

static unsigned int smp_seen_behind;
static void
smp_look_behind(void)
{
	uint32_t behind = (uint32_t)(SMP_GENERATION -
	    fake_cpu_sync[3].acknowledged);

	if (fake_cpu_sync[3].online != QPMAP_SYNC_ONLINE || behind == 0) {
		return;
	}
	smp_seen_behind++;
	assert_true((int32_t)(behind - SMP_OUTSTANDING) > 0);
	assert_true((int32_t)(behind + SMP_OUTSTANDING) > 0);
}

static void
smp_joins_behind(void **state)
{
	(void)state;
	if (FAKE_BROADCASTS) {
		skip();
	}
	smp_join_before();
	smp_seen_behind = 0;
	fake.step = smp_look_behind;
	smp_online(3, 3);
	fake.step = NULL;
	assert_true(smp_seen_behind > 2);
	assert_int_equal(fake_cpu_sync[3].acknowledged, SMP_GENERATION);
}

static void
smp_leaves(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		smp_masked = i == 1;
		fibers_pairs(0, smp_remover, 3, smp_leaver, smp_pair_before,
		    smp_pair_clean);
		fibers_pairs(3, smp_leaver, 0, smp_remover, smp_pair_before,
		    smp_pair_clean);
	}
}

/*
 * A CPU that comes or goes is interrupted, at every step, and its handler spins
 * for a lock of CPU 0's, which waits for it: as long as it is waited for, the
 * spin loop's poll answers.
 */
static unsigned int smp_spun;
static void
smp_spin_for_lock(void)
{
	fake_poll(3);
	if (++smp_spun > 3) {
		fail_msg("step %u: both wait for each other", smp_at);
	}
}

static void
smp_ipi_pending(uint32_t window)
{
	(void)window;
}

static void
smp_lock_step(void)
{
	if (fake.cpu != 3 || smp_met++ != smp_at) {
		return;
	}
	fake.step = NULL;
	fake.ipi = smp_ipi_pending;
	fake.spin = smp_spin_for_lock;
	smp_spun = 0;
	fake_run_on(0);
	smp_stale(1, 1);
	qpmap_shootdown(smp_va(1), 1, &(unsigned long){ 1 << 3 });
	fake_run_on(3);
}

static void
smp_lock_between(void (*body)(void))
{
	for (smp_at = 0; ; smp_at++) {
		fake_reset();
		smp_start(0);
		if (body == smp_joiner) {
			fake_offline_cpu(3);
		}
		smp_met = 0;
		fake.step = smp_lock_step;
		body();
		if (fake.step != NULL) {
			break;
		}
	}
	fake.step = NULL;
	assert_true(smp_at > 8);
}

static void
smp_lock_interrupts(void **state)
{
	(void)state;
	if (FAKE_BROADCASTS) {
		skip();
	}
	smp_masked = 0;
	smp_lock_between(smp_joiner);
	smp_lock_between(smp_leaver);
}

/*
 * A crash at every step of a CPU's coming or going: as soon as it can be
 * abandoned it can enter pages, and before, it says that it is not online.
 */
static unsigned int smp_abandoned;
static void
smp_crash_step(void)
{
	if (fake.cpu == 3 && smp_met++ == smp_at) {
		fake.step = NULL;
		longjmp(fake.panic_env, 1);
	}
}

static void
smp_crashed(void)
{
	qpmap_vaddr_t va;

	if (fake_cpu[3].index_plus_one == 0) {
		EXPECT_PANIC(QPMAP_PANIC_NOT_ONLINE, 0, 0,
		    qpmap_cpu_abandon(&fake_cpu[3]));
		return;
	}
	qpmap_cpu_abandon(&fake_cpu[3]);
	va = qpmap_enter(fake_page(1), 0);
	fake_assert_shows(va, fake_page(1), 0, 1);
	qpmap_remove(va);
	smp_abandoned++;
}

static void
smp_crash_in(void (*body)(void), _Bool zeroed)
{
	smp_abandoned = 0;
	for (smp_at = 0; ; smp_at++) {
		fake_reset();
		smp_start(0);
		if (body == smp_joiner) {
			fake_offline_cpu(3);
		}
		if (zeroed) {
			memset(&fake_cpu[3], 0, sizeof(fake_cpu[3]));
		}
		smp_met = 0;
		if (setjmp(fake.panic_env) == 0) {
			fake.step = smp_crash_step;
			body();
			break;
		}
		smp_crashed();
	}
	fake.step = NULL;
	assert_true(smp_abandoned > 0);
}

static void
smp_crash(void **state)
{
	(void)state;
	smp_masked = 0;
	smp_crash_in(smp_joiner, 0);
	smp_crash_in(smp_joiner, 1);
	smp_crash_in(smp_leaver, 0);
}

/* A CPU a whole ring behind reads while others write over what it reads. */
static qpmap_generation_t smp_behind_at;
static void
smp_behind_before(void)
{
	smp_start(0);
	smp_set_generation(smp_behind_at);
	smp_lag(QPMAP_REQUESTS);
	fake_run_on(0);
}

/* The oldest has number 0, which stays out of the ring. */
static void
smp_behind_zero(void)
{
	struct qpmap_request *ring = fake_shootdown_memory.requests;

	smp_start(0);
	smp_stale(0, QPMAP_REQUESTS);
	smp_set_generation(QPMAP_REQUESTS - 1);
	for (unsigned int i = 1; i < QPMAP_REQUESTS; i++) {
		ring[i] = (struct qpmap_request){ i, smp_va(i), 1 };
	}
	fake_cpu_sync[3].acknowledged = smp_behind_at;
	fake_run_on(0);
}

static void
smp_behind_reader(void)
{
	qpmap_generation_t served;

	fake_poll(3);
	served = fake_cpu_sync[3].acknowledged - smp_behind_at;
	assert_true(served == QPMAP_REQUESTS || served == QPMAP_REQUESTS + 1);
	assert_int_equal(smp_left(3, 0, QPMAP_REQUESTS), 0);
	if (served > QPMAP_REQUESTS) {
		assert_int_equal(smp_left(3, 40, 1), 0);
	}
}

static void
smp_behind_writer(void)
{
	smp_map(40, 1);
	smp_unmap(40, 1);
	qpmap_shootdown(smp_va(40), 1, &(unsigned long){ 1 });
}

static void
smp_behind(void **state)
{
	(void)state;
	if (FAKE_BROADCASTS) {
		skip();
	}
	smp_behind_at = 1000;
	fibers_pairs(3, smp_behind_reader, 0, smp_behind_writer,
	    smp_behind_before, fake_assert_idle);
	fibers_pairs(0, smp_behind_writer, 3, smp_behind_reader,
	    smp_behind_before, fake_assert_idle);
	smp_behind_at = ~(qpmap_generation_t)0;
	fibers_pairs(3, smp_behind_reader, 0, smp_behind_writer,
	    smp_behind_zero, fake_assert_idle);
}

/* A lock that is taken with interrupts off: its spin loop polls. */
static unsigned int smp_lock;
static void
smp_locker(void)
{
	unsigned int cpu = fake.cpu;

	fibers_mask(1);
	while (__atomic_exchange_n(&smp_lock, 1, __ATOMIC_ACQUIRE) != 0) {
		fake_poll(cpu);
		fibers_spin();
	}
	smp_unmap(cpu % 2, 1);
	qpmap_shootdown(smp_va(cpu % 2), 1, NULL);
	__atomic_store_n(&smp_lock, 0, __ATOMIC_RELEASE);
	fibers_mask(0);
}

static void
smp_locked(void **state)
{
	(void)state;
	smp_lock = 0;
	fibers_pairs(0, smp_locker, 1, smp_locker, smp_pair_before,
	    smp_pair_clean);
}

/* The firmware's way: as few calls as the harts' numbers allow. */
static void
smp_firmware_start(const uintptr_t *harts)
{
	for (unsigned int cpu = 0; cpu < FAKE_CPUS; cpu++) {
		fake.hart[cpu] = harts[cpu];
		fake_cpu_sync[cpu].hart = harts[cpu];
	}
	smp_start(QPMAP_F_SBI_RFENCE);
}

static void
smp_firmware(void **state)
{
	static const struct {
		uintptr_t hart[FAKE_CPUS];
		unsigned int calls;
	} machine[] = {
		{ { 0, 1, 2, 3 }, 1 }, { { 7, 8, 9, 70 }, 1 },
		{ { 7, 8, 9, 71 }, 2 }, { { 3, 2, 1, 0 }, 4 },
		{ { 0, 64, 128, 192 }, 4 }, { { 1000, 1063, 5, 6 }, 2 },
		{ { ~(uintptr_t)0 - 63, ~(uintptr_t)0, 0, 63 }, 2 },
		{ { 100, ~(uintptr_t)0, 101, 0 }, 4 },
	};
	unsigned long set;

	(void)state;
	if (FAKE_BROADCASTS) {
		skip();
	}
	for (unsigned int i = 0; i < 8; i++) {
		fake_reset();
		smp_firmware_start(machine[i].hart);
		for (set = 0; set <= 16; set++) {
			smp_stale(0, 3);
			fake_run_on((unsigned int)set % FAKE_CPUS);
			fake_log_clear();
			qpmap_shootdown(smp_va(0), 3,
			    set == 16 ? NULL : &set);
			assert_int_equal(fake.kind_count[FAKE_IPI], 0);
			assert_true(fake.kind_count[FAKE_FIRMWARE] <=
			    machine[i].calls);
			for (unsigned int cpu = 0; cpu < FAKE_CPUS; cpu++) {
				if (set == 16 || (set >> cpu & 1) != 0) {
					assert_int_equal(smp_left(cpu, 0, 3),
					    0);
				}
			}
		}
		assert_int_equal(fake.kind_count[FAKE_FIRMWARE],
		    machine[i].calls);
		fake_assert_idle();
	}
}

/* Offline CPUs' harts are not asked about: the firmware may not know them. */
static void
smp_firmware_offline(void **state)
{
	static const uintptr_t harts[] = { 0, 1, 2, 3 };

	(void)state;
	if (FAKE_BROADCASTS) {
		skip();
	}
	smp_firmware_start(harts);
	fake_offline_cpu(2);
	fake.hart[2] = 500;
	smp_stale(0, 1);
	fake_run_on(0);
	fake_log_clear();
	qpmap_shootdown(smp_va(0), 1, NULL);
	assert_int_equal(fake.kind_count[FAKE_FIRMWARE], 1);
	assert_int_equal(fake.event[fake_log_find(FAKE_FIRMWARE, 0)].more,
	    1 + 2 + 8);
	assert_int_equal(fake.kind_count[FAKE_IPI], 0);
	assert_int_equal(smp_left(1, 0, 1) + smp_left(3, 0, 1), 0);
}

/* An error of the firmware's, at any call: the interrupt does it. */
static void
smp_firmware_error(void **state)
{
	static const uintptr_t harts[] = { 0, 100, 200, 300 };

	(void)state;
	if (FAKE_BROADCASTS) {
		skip();
	}
	smp_firmware_start(harts);
	for (unsigned int at = 1; at <= FAKE_CPUS; at++) {
		fake.firmware_calls = 0;
		fake.firmware_fails_at = at;
		smp_stale(0, 1);
		fake_run_on(at % FAKE_CPUS);
		fake_log_clear();
		qpmap_shootdown(smp_va(0), 1, NULL);
		assert_int_equal(fake.firmware_calls, at);
		assert_int_equal(fake.kind_count[FAKE_IPI], FAKE_CPUS - 1);
		for (unsigned int cpu = 0; cpu < FAKE_CPUS; cpu++) {
			assert_int_equal(smp_left(cpu, 0, 1), 0);
		}
	}
}

/* Two online CPUs of one hart: the host did not fill the numbers in. */
static void
smp_firmware_twin(void **state)
{
	static const uintptr_t harts[] = { 4, 5, 6, 7 };
	struct qpmap_cpu before;

	(void)state;
	if (FAKE_BROADCASTS) {
		skip();
	}
	smp_firmware_start(harts);
	for (unsigned int cpu = 0; cpu < FAKE_CPUS; cpu++) {
		if (cpu == 1) {
			continue;
		}
		fake_offline_cpu(1);
		before = fake_cpu[1];
		fake_cpu_sync[1].hart = harts[cpu];
		assert_int_equal(fake_online_cpu(1, 1, fake_host_leaf(
		    qpmap_state.window_va + QPMAP_WINDOW_SIZE)),
		    QPMAP_ERR_CPU_HART);
		assert_memory_equal(&before, &fake_cpu[1], sizeof(before));
		assert_int_equal(fake_cpu_sync[1].online, QPMAP_SYNC_FREE);
		/* Nor with one that joins at the same time. */
		fake_cpu_sync[cpu].online = QPMAP_SYNC_TAKEN;
		assert_int_equal(fake_online_cpu(1, 1, fake_host_leaf(
		    qpmap_state.window_va + QPMAP_WINDOW_SIZE)),
		    QPMAP_ERR_CPU_HART);
		fake_cpu_sync[cpu].online = QPMAP_SYNC_ONLINE;
		/* Not with one that is offline, and not with its own. */
		fake_offline_cpu(cpu);
		smp_online(1, 1);
		fake_offline_cpu(1);
		fake_cpu_sync[1].hart = harts[1];
		smp_online(cpu, cpu);
		smp_online(1, 1);
	}
	/* Without the firmware the numbers mean nothing. */
	fake_reset();
	smp_start(0);
	fake_offline_cpu(1);
	fake_cpu_sync[1].hart = fake_cpu_sync[0].hart;
	smp_online(1, 1);
}

/* B6: enter and remove write nothing that CPUs have in common. */
static void
smp_apart(void **state)
{
	static struct qpmap_cpu_sync remote[FAKE_WINDOWS];
	struct qpmap_shootdown_state shootdown;
	struct qpmap_cpu other;

	(void)state;
	smp_start(0);
	memcpy(remote, fake_cpu_sync, sizeof(remote));
	shootdown = fake_shootdown_memory;
	other = fake_cpu[1];
	for (unsigned int i = 0; i < 10; i++) {
		fake_log_clear();
		qpmap_remove(i < 5 ? qpmap_enter(fake_page(i), i) :
		    qpmap_enter_ro(fake_page(i), i - 5));
		assert_int_equal(fake.kind_count[FAKE_IPI], 0);
		assert_int_equal(fake.kind_count[FAKE_FLUSH_RANGE], 0);
		assert_int_equal(fake.kind_count[FAKE_PRE_NOTIFY], 0);
	}
	assert_memory_equal(remote, fake_cpu_sync, sizeof(remote));
	assert_memory_equal(&shootdown, &fake_shootdown_memory,
	    sizeof(shootdown));
	assert_memory_equal(&other, &fake_cpu[1], sizeof(other));
}

/* B3: what others walked speculatively ends with quiesce, everywhere. */
static void
smp_quiesce(void **state)
{
	qpmap_vaddr_t va;
	unsigned int cpu;

	(void)state;
	smp_start(0);
	for (cpu = 0; cpu < FAKE_CPUS; cpu++) {
		fake_run_on(cpu);
		va = qpmap_enter(fake_page(90 + cpu), cpu);
		fake_plant((cpu + 1) % FAKE_CPUS, va, fake_leaf(va));
		qpmap_remove(va);
		fake_assert_absent(va);
		assert_int_not_equal(fake_cached_page(fake_page(90 + cpu)), 0);
	}
	fake_offline_cpu(3);
	for (cpu = 0; cpu < 3; cpu++) {
		fake_run_on(cpu);
		fake_plant((cpu + 1) % 3, fake_slot_va_at(0, 0), qpmap_pte_make(
		    fake_page(95), QPTE_RW_BITS | 4));
		fake_log_clear();
		qpmap_quiesce();
		for (unsigned int i = 0; i < 6; i++) {
			assert_int_equal(fake_cached_page(fake_page(90 + i)),
			    0);
		}
		assert_int_equal(fake.kind_count[FAKE_IPI],
		    FAKE_BROADCASTS ? 0 : 2);
		fake_assert_idle();
	}
}

/* What init wants of the kernel's memory. */
static void
smp_init_refused(const struct qpmap_config *config, int code)
{
	struct qpmap_state before = qpmap_state;
	struct qpmap_shootdown_state shootdown = fake_shootdown_memory;

	assert_int_equal(fake_init(config), code);
	assert_memory_equal(&before, &qpmap_state, sizeof(before));
	assert_memory_equal(&shootdown, &fake_shootdown_memory,
	    sizeof(shootdown));
}

static void
smp_init(void **state)
{
	struct qpmap_config config = fake_config();

	(void)state;
	config.shootdown = NULL;
	smp_init_refused(&config, QPMAP_ERR_SHOOTDOWN);
	config.cpu_sync = NULL;
	smp_init_refused(&config, QPMAP_ERR_SHOOTDOWN);
	config = fake_config();
	config.cpu_sync = NULL;
	if (FAKE_BROADCASTS) {
		assert_int_equal(fake_init(&config), QPMAP_OK);
	} else {
		smp_init_refused(&config, QPMAP_ERR_SHOOTDOWN);
	}
	for (unsigned int bit = 1; bit < QPMAP_CACHE_LINE; bit *= 2) {
		config = fake_config();
		config.shootdown = (struct qpmap_shootdown_state *)
		    ((uintptr_t)&fake_shootdown_memory + bit);
		smp_init_refused(&config, QPMAP_ERR_SHOOTDOWN);
		config = fake_config();
		config.cpu_sync = (struct qpmap_cpu_sync *)
		    ((uintptr_t)fake_cpu_sync + bit);
		smp_init_refused(&config, QPMAP_ERR_SHOOTDOWN);
	}
	assert_int_equal(sizeof(struct qpmap_cpu_sync) % QPMAP_CACHE_LINE, 0);
	assert_int_equal(sizeof(struct qpmap_global) % QPMAP_CACHE_LINE, 0);
}

const struct CMUnitTest smp_tests[] = {
	FAKE_TEST("unit/B10/pages", smp_pages),
	FAKE_TEST("unit/B10/page without G", smp_without_g),
	FAKE_TEST("unit/B10/no page", smp_nothing),
	FAKE_TEST("unit/B10/every set of four", smp_subsets),
	FAKE_TEST("unit/B10/sets of any length", smp_sets),
	FAKE_TEST("unit/B11/offline is not asked", smp_offline),
	FAKE_TEST("unit/B11/number of another CPU", smp_number),
	FAKE_TEST("unit/B11/number taken", smp_number_taken),
	FAKE_TEST("unit/B11/number taken, unknown", smp_number_unknown),
	FIBERS_TEST("unit/B11/number wanted by two", smp_number_race),
	FAKE_TEST("unit/B11/number kept to the end", smp_number_kept),
	FAKE_TEST("unit/B11/number of a CPU that died", smp_dead),
#if QPMAP_TABLES
	FIBERS_TEST("unit/B11/two CPUs walk the tables", smp_walks),
#endif
	FAKE_TEST("unit/B10/acknowledged before the interrupt", smp_early),
	FAKE_TEST("unit/B10/generation wraps", smp_wrap),
	FAKE_TEST("unit/B10/generation 0", smp_zero),
	FAKE_TEST("unit/B10/sweep", smp_sweep),
	FAKE_TEST("unit/B10/ring", smp_ring),
	FAKE_TEST("unit/B10/half written", smp_half_written),
	FAKE_TEST("unit/B10/not online", smp_not_online),
	FAKE_TEST("unit/B2/shot down at every event", smp_at_every_event),
	FAKE_TEST("unit/B2/shot down within the handler", smp_twice),
	FIBERS_TEST("unit/B10/two initiators", smp_initiators),
	FIBERS_TEST("unit/B10/answers while it waits", smp_answers),
	FIBERS_TEST("unit/B11/joins meanwhile", smp_joins),
	FAKE_TEST("unit/B11/joins far behind", smp_joins_behind),
	FIBERS_TEST("unit/B11/leaves meanwhile", smp_leaves),
	FAKE_TEST("unit/B11/handler spins meanwhile", smp_lock_interrupts),
	FAKE_TEST("unit/B1/abandoned as it comes or goes", smp_crash),
	FIBERS_TEST("unit/B10/a whole ring behind", smp_behind),
	FIBERS_TEST("unit/B10/lock that polls", smp_locked),
	FAKE_TEST("unit/B10/firmware", smp_firmware),
	FAKE_TEST("unit/B10/firmware, offline", smp_firmware_offline),
	FAKE_TEST("unit/B10/firmware's error", smp_firmware_error),
	FAKE_TEST("unit/B10/firmware, hart twice", smp_firmware_twin),
	FAKE_TEST("unit/B6/nothing in common", smp_apart),
	FAKE_TEST("unit/B3/quiesce", smp_quiesce),
	FAKE_TEST("unit/B10/init refuses the memory", smp_init),
};
const size_t smp_count = sizeof(smp_tests) / sizeof(smp_tests[0]);

#endif /* QPMAP_SHOOTDOWN */
