/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table builder, under roots of every sort.
 */
#include "machine.h"
#include "tests.h"

#define TABLES_SPAN(level)						\
	(QPMAP_PAGE_SIZE << (level) * QPMAP_TABLE_SHIFT)

static struct qpmap_config
tables_config(qpmap_vaddr_t va, unsigned int windows)
{
	struct qpmap_config config = fake_config();

	config.window_va = va;
	config.cpu_count = windows;
	config.flags = QPMAP_F_BUILD_TABLES | QPMAP_F_SINGLE_ROOT;
	return (config);
}

static void
tables_watch(const struct qpmap_config *config)
{
	fake_watch(config->window_va - QPMAP_PAGE_SIZE,
	    config->cpu_count * (unsigned int)QPMAP_WINDOW_PAGES + 2);
}

/* Tables that an area needs at levels 0 to last. */
static unsigned int
tables_needed(const struct qpmap_config *config, unsigned int last)
{
	qpmap_vaddr_t end = config->window_va +
	    config->cpu_count * QPMAP_WINDOW_SIZE - 1;
	unsigned int count = 0;

	for (unsigned int level = 1; level <= last + 1; level++) {
		count += (unsigned int)(end / TABLES_SPAN(level) -
		    config->window_va / TABLES_SPAN(level)) + 1;
	}
	return (count);
}

/* Every CPU in several windows: pages come and go. */
static void
tables_use(const struct qpmap_config *config)
{
	unsigned int cpu, window;
	qpmap_vaddr_t va;

	for (window = 0; window < config->cpu_count; window++) {
		cpu = window % FAKE_CPUS;
		assert_int_equal(fake_online_cpu(cpu, window, NULL), QPMAP_OK);
		va = qpmap_enter(fake_page(window), 0);
		assert_int_equal(va, fake_slot_va_at(window, 0));
		fake_assert_shows(va, fake_page(window), 0, 1);
		qpmap_remove(va);
		fake_assert_absent(va);
		fake_offline_cpu(cpu);
	}
	fake_run_on(0);
}

/* What was there before is there still; only empty entries were filled. */
static unsigned char tables_before[FAKE_PAGES][1 << QPMAP_PAGE_SHIFT];

static void
tables_remember(void)
{
	for (unsigned int n = 0; n < FAKE_PAGES; n++) {
		memcpy(tables_before[n], fake_memory(fake_page(n)),
		    sizeof(tables_before[n]));
	}
}

static void
tables_check_kept(unsigned int pages)
{
	uint64_t was, is;

	for (unsigned int n = 0; n < FAKE_DATA_PAGES + pages; n++) {
		for (size_t i = 0; i < sizeof(tables_before[n]); i += 8) {
			memcpy(&was, &tables_before[n][i], 8);
			memcpy(&is, fake_memory(fake_page(n)) + i, 8);
			if (was != 0) {
				assert_int_equal(is, was);
			}
		}
	}
}

/* An area, with the host's tables there down to level (FAKE_LEVELS: none). */
static void
tables_built(const struct qpmap_config *config, unsigned int level)
{
	unsigned int taken, roots;
	qpmap_vaddr_t va;

	fake_reset();
	if (level < FAKE_LEVELS - 1) {
		for (unsigned int w = 0; w < config->cpu_count; w++) {
			(void)fake_host_tables(config->window_va +
			    w * QPMAP_WINDOW_SIZE, level);
		}
	}
	tables_watch(config);
	taken = fake_pool_taken();
	tables_remember();
	assert_int_equal(fake_init(config), QPMAP_OK);
	tables_check_kept(taken);
	assert_int_equal(fake_pool_taken() - taken,
	    level == 0 ? 0 : tables_needed(config, level - 1));
	assert_int_equal(fake.kind_count[FAKE_PRE_LINK],
	    fake.kind_count[FAKE_ALLOC]);
	roots = level == FAKE_LEVELS - 1 ? (unsigned int)
	    ((config->window_va + config->cpu_count * QPMAP_WINDOW_SIZE -
	    1) / TABLES_SPAN(FAKE_LEVELS - 1) - config->window_va /
	    TABLES_SPAN(FAKE_LEVELS - 1)) + 1 : 0;
	assert_int_equal(fake.kind_count[FAKE_LINKED_ROOT], roots);
	for (va = config->window_va; va != config->window_va +
	    config->cpu_count * QPMAP_WINDOW_SIZE; va += QPMAP_PAGE_SIZE) {
		assert_true(fake_reaches(va));
		fake_assert_absent(va);
	}
	tables_use(config);
	/* Once more: nothing is missing any more. */
	taken = fake_pool_taken();
	assert_int_equal(fake_init(config), QPMAP_OK);
	assert_int_equal(fake_pool_taken(), taken);
}

/* Areas that end before, at and after the border of tables of each level. */
static void
tables_borders(void **state)
{
	struct qpmap_config config;
	unsigned int border, level, before;

	(void)state;
	for (border = 1; border < FAKE_LEVELS; border++) {
		for (before = 0; before <= 3; before++) {
			config = tables_config(FAKE_WINDOW_VA +
			    TABLES_SPAN(border) - before * QPMAP_WINDOW_SIZE,
			    2);
			for (level = 0; level < FAKE_LEVELS; level++) {
				tables_built(&config, level);
			}
		}
	}
}

static void
tables_long(void **state)
{
	struct qpmap_config config = tables_config(FAKE_WINDOW_VA +
	    TABLES_SPAN(2) - 5 * QPMAP_WINDOW_SIZE, 40);

	(void)state;
	for (unsigned int level = 0; level < FAKE_LEVELS; level++) {
		tables_built(&config, level);
	}
}

/* Only the second half lacks its tables. */
static void
tables_half(void **state)
{
	struct qpmap_config config;
	unsigned int border, have;

	(void)state;
	for (border = 1; border < FAKE_LEVELS; border++) {
		fake_reset();
		config = tables_config(FAKE_WINDOW_VA + TABLES_SPAN(border) -
		    QPMAP_WINDOW_SIZE, 2);
		(void)fake_host_tables(config.window_va, 0);
		have = fake_pool_taken();
		tables_watch(&config);
		assert_int_equal(fake_init(&config), QPMAP_OK);
		assert_int_equal(fake_pool_taken() - have, border);
		tables_use(&config);
	}
}

/* Refused, with nothing written and everything given back. */
static void
tables_refused(const struct qpmap_config *config, int code)
{
	struct qpmap_state before = qpmap_state;
	unsigned int taken = fake_pool_taken();
	uint64_t sum = fake_checksum();

	fake_log_clear();
	tables_watch(config);
	assert_int_equal(fake_init(config), code);
	assert_int_equal(fake_pool_taken(), taken);
	assert_int_equal(fake_checksum(), sum);
	assert_memory_equal(&before, &qpmap_state, sizeof(before));
	assert_int_equal(fake.kind_count[FAKE_STORE], 0);
	assert_int_equal(fake.kind_count[FAKE_CLEAR], 0);
	assert_int_equal(fake.kind_count[FAKE_FREE] +
	    (code == QPMAP_ERR_TABLES), fake.kind_count[FAKE_ALLOC]);
}

static void
tables_root(void **state)
{
	struct qpmap_config config = tables_config(FAKE_WINDOW_VA, 4);

	(void)state;
	config.flags = QPMAP_F_BUILD_TABLES;
	tables_refused(&config, QPMAP_ERR_ROOT_ABSENT);
	(void)fake_host_tables(config.window_va, FAKE_LEVELS - 2);
	tables_watch(&config);
	assert_int_equal(fake_init(&config), QPMAP_OK);
	assert_int_equal(fake.kind_count[FAKE_LINKED_ROOT], 0);
	/* The area's second half is under a root entry that is absent. */
	fake_reset();
	config = tables_config(FAKE_WINDOW_VA + TABLES_SPAN(FAKE_LEVELS - 1) -
	    QPMAP_WINDOW_SIZE, 2);
	config.flags = QPMAP_F_BUILD_TABLES;
	(void)fake_host_tables(config.window_va, FAKE_LEVELS - 2);
	tables_refused(&config, QPMAP_ERR_ROOT_ABSENT);
	config.flags |= QPMAP_F_SINGLE_ROOT;
	assert_int_equal(fake_init(&config), QPMAP_OK);
}

/* A leaf entry, valid or not, anywhere in the area or its guard. */
static void
tables_mapped(void **state)
{
	static const qpmap_ptebits_t junk[] = {
		QPTE_RW_BITS | 4, 1, 1ULL << 62, 0x100
	};
	struct qpmap_config config = tables_config(FAKE_WINDOW_VA +
	    TABLES_SPAN(1) - 2 * QPMAP_WINDOW_SIZE, 2);
	unsigned int pages = 2 * (unsigned int)QPMAP_WINDOW_PAGES;
	struct qpmap_pte *entry;

	(void)state;
	for (unsigned int page = 0; page <= pages; page++) {
		fake_reset();
		entry = fake_host_tables(config.window_va +
		    page * QPMAP_PAGE_SIZE, 0);
		for (unsigned int i = 0; i < 4; i++) {
			entry->bits = junk[i];
			tables_refused(&config, QPMAP_ERR_WINDOW_MAPPED);
		}
		entry->bits = 0;
		assert_int_equal(fake_init(&config), QPMAP_OK);
	}
	/* Neighbours are nobody's business. */
	fake_reset();
	fake_host_tables(config.window_va - QPMAP_PAGE_SIZE, 0)->bits = 7;
	fake_host_tables(config.window_va + (pages + 1) * QPMAP_PAGE_SIZE, 0)
	    ->bits = 7;
	tables_watch(&config);
	assert_int_equal(fake_init(&config), QPMAP_OK);
	tables_use(&config);
}

/* A large page, or an invalid entry that is not empty, at each level. */
static void
tables_upper(void **state)
{
	struct qpmap_config config = tables_config(FAKE_WINDOW_VA +
	    TABLES_SPAN(1) - QPMAP_WINDOW_SIZE, 2);
	qpmap_vaddr_t where[3];
	struct qpmap_pte *entry;

	(void)state;
	where[0] = config.window_va;
	where[1] = config.window_va + QPMAP_WINDOW_SIZE;
	where[2] = config.window_va + 2 * QPMAP_WINDOW_SIZE;
	for (unsigned int level = 1; level < FAKE_LEVELS; level++) {
		for (unsigned int i = 0; i < 3; i++) {
			fake_reset();
			entry = fake_host_tables(where[i], level);
			entry->bits = QPTE_VALID | QPTE_LARGE | QPTE_USED |
			    fake_page(0) << QPTE_PA_SHIFT;
			tables_refused(&config, QPMAP_ERR_WINDOW_LARGE);
			entry->bits = QPTE_LARGE;
			tables_refused(&config, QPMAP_ERR_WINDOW_MAPPED);
			entry->bits = 0x5a5a0;
			tables_refused(&config, QPMAP_ERR_WINDOW_MAPPED);
		}
	}
	/* The guard alone is covered: it is in the next table. */
	config = tables_config(FAKE_WINDOW_VA + TABLES_SPAN(1) -
	    QPMAP_WINDOW_SIZE, 1);
	fake_reset();
	entry = fake_host_tables(FAKE_WINDOW_VA + TABLES_SPAN(1), 1);
	entry->bits = QPTE_VALID | QPTE_LARGE | QPTE_USED;
	tables_refused(&config, QPMAP_ERR_WINDOW_LARGE);
	entry->bits = 4;
	tables_refused(&config, QPMAP_ERR_WINDOW_MAPPED);
	entry->bits = 0;
	tables_watch(&config);
	assert_int_equal(fake_init(&config), QPMAP_OK);
	assert_int_equal(entry->bits, 0);
}

/* The allocator fails at each page in turn. */
static void
tables_no_memory(void **state)
{
	struct qpmap_config config = tables_config(FAKE_WINDOW_VA +
	    TABLES_SPAN(3) - QPMAP_WINDOW_SIZE, 2);
	unsigned int needed = tables_needed(&config, FAKE_LEVELS - 2);

	(void)state;
	assert_int_equal(needed, 3 * 2 + 1);
	for (unsigned int at = 1; at <= needed; at++) {
		fake.alloc_calls = 0;
		fake.alloc_fails_at = at;
		tables_refused(&config, QPMAP_ERR_TABLES);
		assert_int_equal(fake.alloc_calls, at);
		assert_int_equal(fake.kind_count[FAKE_FREE], at - 1);
	}
	fake.alloc_calls = 0;
	fake.alloc_fails_at = needed + 1;
	assert_int_equal(fake_init(&config), QPMAP_OK);
	assert_int_equal(fake.alloc_calls, needed);
	tables_use(&config);
}

/* Confidential guests: table pages are always private. */
static void
tables_private(void **state)
{
	struct qpmap_config config = tables_config(FAKE_WINDOW_VA, 4);

	(void)state;
	fake.private_bit = 1ULL << (47 + QPTE_PA_SHIFT);
	config.private_mask = fake.private_bit;
	tables_watch(&config);
	assert_int_equal(fake_init(&config), QPMAP_OK);
	tables_use(&config);
	/* And they are found again under a root that has the bit. */
	assert_int_equal(fake_init(&config), QPMAP_OK);
	assert_int_equal(fake.alloc_calls, FAKE_LEVELS - 1);
	/* Shared: the bit is not set in tables. */
	fake_reset();
	config.shared_mask = config.private_mask;
	config.private_mask = 0;
	tables_watch(&config);
	assert_int_equal(fake_init(&config), QPMAP_OK);
	tables_use(&config);
}

/* The order of one path: bottom up, each complete before it is linked. */
static void
tables_order(void **state)
{
	struct qpmap_config config = tables_config(FAKE_WINDOW_VA, 1);
	int last_alloc = 0, first_store, at = 0;

	(void)state;
	tables_watch(&config);
	fake_log_clear();
	assert_int_equal(fake_init(&config), QPMAP_OK);
	for (int i = 0; i >= 0; i = fake_log_find(FAKE_ALLOC,
	    (unsigned int)i + 1)) {
		last_alloc = i;
	}
	first_store = fake_log_find(FAKE_CLEAR, 0);
	assert_true(last_alloc > 0 && first_store > last_alloc);
	for (unsigned int i = 0; i < FAKE_LEVELS - 1; i++) {
		at = fake_log_find(FAKE_PRE_LINK, (unsigned int)at + 1);
		assert_true(at > 0);
	}
	/* After the last of them: one store, the link, and its event. */
	assert_int_equal(fake_log_find(FAKE_CLEAR, (unsigned int)at), -1);
	at = fake_log_find(FAKE_STORE, (unsigned int)at);
	assert_true(at > 0);
	assert_int_equal(fake_log_find(FAKE_STORE, (unsigned int)at + 1), -1);
	assert_true(fake_log_find(FAKE_LINKED_ROOT, 0) > at);
	assert_int_equal(fake.kind_count[FAKE_STORE], FAKE_LEVELS - 1);
	assert_int_equal(fake.kind_count[FAKE_FREE], 0);
}

/* Leaf entries that the host gives are taken although tables were built. */
static void
tables_online(void **state)
{
	struct qpmap_config config = tables_config(FAKE_WINDOW_VA, 2);
	struct qpmap_pte *leaf;
	qpmap_vaddr_t va;

	(void)state;
	tables_watch(&config);
	assert_int_equal(fake_init(&config), QPMAP_OK);
	leaf = fake_host_leaf(config.window_va);
	assert_int_equal(fake_online_cpu(0, 0, leaf), QPMAP_OK);
	assert_ptr_equal(fake_cpu[0].slot[1].ptep, leaf + 1);
	va = qpmap_enter(fake_page(0), 0);
	fake_assert_shows(va, fake_page(0), 0, 1);
	qpmap_remove(va);
	/* Somebody uses the second window, or took the tables away. */
	leaf[QPMAP_WINDOW_PAGES + 3].bits = 1;
	assert_int_equal(fake_online_cpu(1, 1, NULL), QPMAP_ERR_LEAF_USED);
	leaf[QPMAP_WINDOW_PAGES + 3].bits = 0;
	for (unsigned int level = FAKE_LEVELS - 1; level > 0; level--) {
		struct qpmap_pte *entry = fake_host_tables(config.window_va,
		    level);
		struct qpmap_pte was = *entry;

		entry->bits = 0;
		assert_int_equal(fake_online_cpu(1, 1, NULL),
		    QPMAP_ERR_CPU_LEAF);
		*entry = was;
	}
	assert_int_equal(fake_online_cpu(1, 1, NULL), QPMAP_OK);
}

/*
 * Another CPU comes online while one is in the tables: at every step.  There is
 * one address for all tables, so it is refused, and comes again.
 */
static int tables_other_error;
static void
tables_other(void)
{
	fake.irq = NULL;
	fake_run_on(1);
	fake.pins[1]++;
	tables_other_error = qpmap_cpu_online(&fake_cpu[1], 1, NULL);
	fake.pins[1]--;
}

static void
tables_at_once(void **state)
{
	struct qpmap_config config = tables_config(FAKE_WINDOW_VA, 2);
	struct qpmap_pte *leaf;
	unsigned int at, busy = 0;

	(void)state;
	for (at = 0; ; at++) {
		fake_reset();
		assert_int_equal(fake_init(&config), QPMAP_OK);
		leaf = fake_host_leaf(config.window_va);
		fake.irq_depth = 1;
		fake.irq_at[0] = at;
		fake.irq = tables_other;
		assert_int_equal(fake_online_cpu(0, 0, NULL), QPMAP_OK);
		assert_ptr_equal(fake_cpu[0].slot[1].ptep, leaf + 1);
		if (fake.irq != NULL) {
			break;
		}
		if (tables_other_error != QPMAP_OK) {
			assert_int_equal(tables_other_error,
			    QPMAP_ERR_CPU_BUSY);
			assert_int_equal(fake_online_cpu(1, 1, NULL),
			    QPMAP_OK);
			busy++;
		}
		assert_ptr_equal(fake_cpu[1].slot[1].ptep,
		    leaf + QPMAP_WINDOW_PAGES + 1);
	}
	fake.irq = NULL;
	assert_true(busy >= 2 * FAKE_LEVELS && busy < at);
	/* With entries of its own a CPU is in nobody's way. */
	fake_reset();
	assert_int_equal(fake_init(&config), QPMAP_OK);
	qpmap_state.walking = 1;
	assert_int_equal(fake_online_cpu(0, 0, fake_host_leaf(
	    config.window_va)), QPMAP_OK);
	assert_int_equal(fake_online_cpu(1, 1, NULL), QPMAP_ERR_CPU_BUSY);
	qpmap_state.walking = 0;
}

/* A build without the table builder: its flags are unknown. */
static void
tables_absent(void **state)
{
	struct qpmap_config config = tables_config(FAKE_WINDOW_VA, 1);

	(void)state;
	if (QPMAP_TABLES) {
		skip();
	}
	assert_int_equal(fake_init(&config), QPMAP_ERR_FLAGS);
	config.flags = QPMAP_F_SINGLE_ROOT;
	assert_int_equal(fake_init(&config), QPMAP_ERR_FLAGS);
	assert_int_equal(fake.alloc_calls, 0);
}

/* The first one is for builds without the table builder, and alone there. */
const struct CMUnitTest tables_tests[] = {
	FAKE_TEST("unit/tables/not built", tables_absent),
	FAKE_TEST("unit/tables/borders", tables_borders),
	FAKE_TEST("unit/tables/long area", tables_long),
	FAKE_TEST("unit/tables/half there", tables_half),
	FAKE_TEST("unit/tables/root", tables_root),
	FAKE_TEST("unit/tables/mapped", tables_mapped),
	FAKE_TEST("unit/tables/large and invalid", tables_upper),
	FAKE_TEST("unit/tables/no memory", tables_no_memory),
	FAKE_TEST("unit/tables/private", tables_private),
	FAKE_TEST("unit/tables/order", tables_order),
	FAKE_TEST("unit/tables/online", tables_online),
	FAKE_TEST("unit/B11/online, another in the tables", tables_at_once),
};
const size_t tables_count = QPMAP_TABLES ?
    sizeof(tables_tests) / sizeof(tables_tests[0]) : 1;
