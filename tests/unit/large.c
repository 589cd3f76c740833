/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Large pages (B18).  Memory has two: data pages 0 to 127, and 128 to 255.
 */
#include "machine.h"
#include "tests.h"

#if QPMAP_LARGE_SLOTS

#define LARGE_SPAN(level) (QPMAP_PAGE_SIZE << (level) * QPMAP_TABLE_SHIFT)

static qpmap_paddr_t
large_page(unsigned int n)
{
	return (fake_page(n % 2 << QPMAP_TABLE_SHIFT));
}

static struct qpmap_config
large_config(void)
{
	struct qpmap_config config = fake_config();

	config.large_va = FAKE_LARGE_VA;
	return (config);
}

static void
large_start(void)
{
	struct qpmap_config config = large_config();

	fake_start(&config);
}

/* Address of large slot number n (0, ...) of a window. */
static qpmap_vaddr_t
large_slot_va(unsigned int window, unsigned int n)
{
	return (FAKE_LARGE_VA + window * QPMAP_LARGE_WINDOW_SIZE +
	    (2 * n + 1) * QPMAP_LARGE_SIZE);
}

static qpmap_vaddr_t
large_enter(qpmap_paddr_t pa, qpmap_attr_t attr, _Bool writable)
{
	return (writable ? qpmap_large_enter(pa, attr) :
	    qpmap_large_enter_ro(pa, attr));
}

/* Every piece of the large windows but those of the shown page faults. */
static void
large_only(qpmap_vaddr_t shown)
{
	qpmap_vaddr_t va;

	for (va = FAKE_LARGE_VA; va != FAKE_LARGE_VA + FAKE_CPUS *
	    QPMAP_LARGE_WINDOW_SIZE + QPMAP_LARGE_SIZE;
	    va += QPMAP_LARGE_SIZE / FAKE_PIECES) {
		if ((va & ~QPMAP_LARGE_MASK) != shown) {
			fake_assert_absent(va);
		}
	}
}

static void
large_absent(qpmap_vaddr_t va)
{
	for (unsigned int i = 0; i < FAKE_PIECES; i++) {
		fake_assert_absent(va + i * (QPMAP_LARGE_SIZE / FAKE_PIECES));
	}
	assert_int_equal(fake_leaf(va).bits, 0);
}

/* Every attribute, both protections, every slot, two CPUs. */
static void
large_all(void **state)
{
	static const unsigned int said[] = { 0, QPMAP_ATTR_PRIVATE,
	    QPMAP_ATTR_SHARED };
	qpmap_vaddr_t va;

	(void)state;
	large_start();
	for (unsigned int i = 0; i < 2 * 3 * 5; i++) {
		unsigned int type = i % 5, attr = type | said[i / 5 % 3];

		fake_run_on(i % 2);
		va = large_enter(large_page(i / 2), attr, i < 15);
		assert_int_equal(va, large_slot_va(i % 2, 0));
		fake_assert_shows_large(va, large_page(i / 2), type, i < 15);
		large_only(va);
		assert_int_equal(fake_leaf(va).bits, QPTE_VALID | QPTE_LARGE |
		    QPTE_NX | QPTE_USED | (i < 15 ? QPTE_W : 0) |
		    (type + 1) << QPTE_TYPE_SHIFT |
		    ((type + 1) & 1) << (QPTE_PA_SHIFT + QPMAP_PAGE_SHIFT) |
		    large_page(i / 2) << QPTE_PA_SHIFT);
		assert_int_equal(qpmap_held(&fake_cpu[i % 2]), 1);
		assert_int_equal(fake.pins[i % 2], 1);
		qpmap_large_remove(va);
		large_absent(va);
		fake_assert_idle();
	}
	/* The highest, and the lowest. */
	va = qpmap_large_enter(((qpmap_paddr_t)1 << FAKE_PA_BITS) -
	    QPMAP_LARGE_SIZE, 0);
	fake_assert_shows_large(va, ((qpmap_paddr_t)1 << FAKE_PA_BITS) -
	    QPMAP_LARGE_SIZE, 0, 1);
	qpmap_large_remove(va);
	va = qpmap_large_enter(0, 0);
	fake_assert_shows_large(va, 0, 0, 1);
	qpmap_large_remove(va);
	fake_assert_idle();
}

/* As many events as a page's. */
static void
large_events(void **state)
{
	qpmap_vaddr_t va;
	unsigned int count[2];

	(void)state;
	large_start();
	for (unsigned int type = 0; type < 5; type++) {
		fake_log_clear();
		qpmap_remove(qpmap_enter(fake_page(1), type));
		count[0] = fake.event_count - fake.kind_count[FAKE_PINNED];
		fake_log_clear();
		va = qpmap_large_enter(large_page(1), type);
		qpmap_large_remove(va);
		count[1] = fake.event_count - fake.kind_count[FAKE_PINNED];
		assert_int_equal(count[0], count[1]);
		assert_true(fake.kind_count[FAKE_PINNED] >=
		    (QPMAP_CHECKED ? 1u << QPMAP_TABLE_SHIFT : 0));
	}
}

/* Every slot is held, beside the pages of the window. */
static void
large_nesting(void **state)
{
	qpmap_vaddr_t va[QPMAP_LARGE_SLOTS], page = 0;
	unsigned int n;

	(void)state;
	large_start();
	for (n = 0; n < QPMAP_LARGE_SLOTS; n++) {
		va[n] = large_enter(large_page(n), n % 5, n & 1);
		assert_int_equal(va[n], large_slot_va(0, n));
		if (n == 0) {
			page = qpmap_enter(fake_page(77), 0);
		}
		assert_int_equal(qpmap_held(&fake_cpu[0]), n + 2);
	}
	fake_assert_shows(page, fake_page(77), 0, 1);
	EXPECT_PANIC(QPMAP_PANIC_LARGE_FULL, large_page(1),
	    large_page(QPMAP_LARGE_SLOTS - 1),
	    qpmap_large_enter(large_page(1), 0));
	EXPECT_PANIC(QPMAP_PANIC_LARGE_FULL, large_page(0),
	    large_page(QPMAP_LARGE_SLOTS - 1),
	    qpmap_large_enter(large_page(0), QPMAP_ATTR_UNCACHED));
	for (n = 0; n < QPMAP_LARGE_SLOTS; n++) {
		fake_assert_shows_large(va[n], large_page(n), n % 5, n & 1);
	}
	qpmap_remove(page);
	fake_assert_absent(page);
	for (n = QPMAP_LARGE_SLOTS; n > 0; n--) {
		fake_assert_shows_large(va[n - 1], large_page(n - 1),
		    (n - 1) % 5, (n - 1) & 1);
		qpmap_large_remove(va[n - 1]);
		large_absent(va[n - 1]);
	}
	fake_assert_idle();
}

/* A handler: enters a large page, if it may, and a page; looks; leaves. */
static void
large_handler(void)
{
	unsigned int type = fake.irq_point[0] % 5;
	qpmap_vaddr_t large = 0, va;

	if (fake_cpu[fake.cpu].large.next != 0 &&
	    qpmap_large_held(&fake_cpu[fake.cpu]) != QPMAP_LARGE_SLOTS) {
		large = large_enter(large_page(1), type, type & 1);
	}
	va = qpmap_enter(fake_page(33), type);
	fake_assert_shows(va, fake_page(33), type, 1);
	qpmap_remove(va);
	if (large != 0) {
		fake_assert_shows_large(large, large_page(1), type, type & 1);
		qpmap_large_remove(large);
		large_absent(large);
	}
}

/* At each step of enter and remove, for every type and protection. */
static void
large_interrupt(void **state)
{
	unsigned int kind, at, points;
	qpmap_vaddr_t va;

	(void)state;
	large_start();
	for (kind = 0; kind < 10; kind++) {
		for (at = 0, points = 1; at < points; at++) {
			fake.irq = large_handler;
			fake.irq_depth = 1;
			fake.irq_at[0] = at;
			fake.irq_point[0] = 0;
			va = large_enter(large_page(0), kind % 5, kind < 5);
			fake_assert_shows_large(va, large_page(0), kind % 5,
			    kind < 5);
			qpmap_large_remove(va);
			points = fake.irq_point[0];
			fake.irq = NULL;
			large_absent(va);
			fake_assert_idle();
		}
		assert_true(at >= 18);
	}
}

static void
large_panics(void **state)
{
	qpmap_paddr_t pa = large_page(1), high =
	    (qpmap_paddr_t)1 << FAKE_PA_BITS;
	qpmap_vaddr_t va;

	(void)state;
	large_start();
	for (unsigned int type = 0; type < 5; type++) {
		EXPECT_PANIC(QPMAP_PANIC_LARGE_ALIGN, pa + QPMAP_PAGE_SIZE,
		    type, qpmap_large_enter(pa + QPMAP_PAGE_SIZE, type));
		EXPECT_PANIC(QPMAP_PANIC_LARGE_ALIGN, pa + QPMAP_LARGE_SIZE /
		    2, type, qpmap_large_enter_ro(pa + QPMAP_LARGE_SIZE / 2,
		    type));
		EXPECT_PANIC(QPMAP_PANIC_ALIGN, pa + 1, type,
		    qpmap_large_enter(pa + 1, type));
		EXPECT_PANIC(QPMAP_PANIC_WIDTH, high, type,
		    qpmap_large_enter(high, type));
	}
	EXPECT_PANIC(QPMAP_PANIC_ATTR, pa, 5, qpmap_large_enter(pa, 5));
	EXPECT_PANIC(QPMAP_PANIC_ATTR, pa, QPMAP_ATTR_COUNT,
	    qpmap_large_enter_ro(pa, QPMAP_ATTR_COUNT));
	EXPECT_PANIC(QPMAP_PANIC_ATTR, pa, 0x10000,
	    qpmap_large_enter(pa, 0x10000));
	va = qpmap_large_enter(pa, 0);
	for (unsigned int i = 0; i < 4; i++) {
		qpmap_vaddr_t bad[4] = { 0, va + 1, va + QPMAP_PAGE_SIZE,
		    large_slot_va(1, 0) };

		EXPECT_PANIC(QPMAP_PANIC_LARGE_REMOVE, bad[i], va,
		    qpmap_large_remove(bad[i]));
	}
	EXPECT_PANIC(QPMAP_PANIC_REMOVE, va, 0, qpmap_remove(va));
	qpmap_large_remove(va);
	fake.may_ask_unpinned = 1;
	EXPECT_PANIC(QPMAP_PANIC_LARGE_REMOVE, va, 0, qpmap_large_remove(va));
	EXPECT_PANIC(QPMAP_PANIC_LARGE_REMOVE, 0, 0, qpmap_large_remove(0));
	fake.may_ask_unpinned = 0;
	fake_host_large(va)->bits = 4;
	EXPECT_PANIC(QPMAP_PANIC_PTE_USED, pa, 4, qpmap_large_enter(pa, 0));
	EXPECT_PANIC(QPMAP_PANIC_PTE_USED, pa, 4,
	    qpmap_large_enter(pa, QPMAP_ATTR_UNCACHED));
	fake_host_large(va)->bits = 0;
	fake_offline_cpu(0);
	EXPECT_PANIC(QPMAP_PANIC_OFFLINE, pa, 0, qpmap_large_enter(pa, 0));
	EXPECT_PANIC(QPMAP_PANIC_OFFLINE, pa, 0,
	    qpmap_large_enter(pa, QPMAP_ATTR_UNCACHED));
}

/* A checked build asks for each page, on both paths. */
static void
large_wired(void **state)
{
	(void)state;
	large_start();
	for (unsigned int n = 0; n < 1u << QPMAP_TABLE_SHIFT; n += 3) {
		fake.not_pinned = fake_page(n);
		for (unsigned int type = 0; type < 4 && QPMAP_CHECKED;
		    type += 3) {
			EXPECT_PANIC(QPMAP_PANIC_NOT_WIRED, fake_page(n),
			    type, qpmap_large_enter(large_page(0), type));
		}
		qpmap_large_remove(qpmap_large_enter(large_page(1), 0));
	}
}

/* A type that is not configured. */
static void
large_types(void **state)
{
	struct qpmap_config config = large_config();

	(void)state;
	config.types = QPMAP_TYPE_BIT(QPMAP_ATTR_UNCACHED);
	fake_start(&config);
	qpmap_large_remove(qpmap_large_enter(large_page(1),
	    QPMAP_ATTR_UNCACHED));
	EXPECT_PANIC(QPMAP_PANIC_TYPE, large_page(1),
	    QPMAP_ATTR_WRITE_THROUGH, qpmap_large_enter(large_page(1),
	    QPMAP_ATTR_WRITE_THROUGH));
	EXPECT_PANIC(QPMAP_PANIC_TYPE, large_page(1),
	    QPMAP_ATTR_WRITE_COMBINING, qpmap_large_enter_ro(large_page(1),
	    QPMAP_ATTR_WRITE_COMBINING));
}

/* Offline with one held is a panic; another CPU takes the window over. */
static void
large_offline(void **state)
{
	qpmap_vaddr_t va;

	(void)state;
	large_start();
	va = qpmap_large_enter(large_page(0), 0);
	EXPECT_PANIC(QPMAP_PANIC_HELD, 0, 1, fake_offline_cpu(0));
	qpmap_large_remove(va);
	/* Somebody wrote an entry meanwhile: it does not stay. */
	*(volatile qpmap_ptebits_t *)&fake_host_large(va)->bits =
	    qpmap_pte_make(large_page(1), QPTE_RW_BITS | QPTE_LARGE | 4).bits;
	fake_offline_cpu(0);
	large_absent(va);
	fake_offline_cpu(1);
	assert_int_equal(fake_online_cpu(1, 0, fake_host_leaf(FAKE_WINDOW_VA)),
	    QPMAP_OK);
	va = qpmap_large_enter(large_page(0), 0);
	assert_int_equal(va, large_slot_va(0, 0));
	fake_assert_shows_large(va, large_page(0), 0, 1);
	qpmap_large_remove(va);
}

/* Abandon, whatever is held, on either path. */
static void
large_abandon(void **state)
{
	qpmap_vaddr_t va[QPMAP_LARGE_SLOTS];
	unsigned int held, n;

	(void)state;
	large_start();
	for (held = 0; held <= 2 * QPMAP_LARGE_SLOTS; held++) {
		for (n = 0; n < held / 2; n++) {
			va[n] = large_enter(large_page(n), held & 1 ? 3 : 0,
			    n & 1);
		}
		(void)qpmap_enter(fake_page(3), 0);
		qpmap_cpu_abandon(&fake_cpu[0]);
		assert_int_equal(qpmap_held(&fake_cpu[0]), 0);
		while (n > 0) {
			large_absent(va[--n]);
		}
		fake.pins[0] = 0;
		for (n = 0; n < QPMAP_LARGE_SLOTS; n++) {
			va[n] = qpmap_large_enter(large_page(n), 0);
			fake_assert_shows_large(va[n], large_page(n), 0, 1);
		}
		while (n > 0) {
			qpmap_large_remove(va[--n]);
		}
		fake_assert_idle();
	}
}

/* Only what is wholly in the direct map is served by it. */
static void
large_direct(void **state)
{
	struct qpmap_config config = large_config();
	qpmap_vaddr_t va;

	(void)state;
	if (!QPMAP_DIRECT_MAP) {
		skip();
	}
	config.direct_va = FAKE_DIRECT_VA;
	config.direct_pa = fake_page(1);
	config.direct_size = 255 * QPMAP_PAGE_SIZE;
	fake_start(&config);
	va = qpmap_large_enter(large_page(1), 0);
	assert_int_equal(va, FAKE_DIRECT_VA + 127 * QPMAP_PAGE_SIZE);
	assert_int_equal(fake.pins[0], 0);
	qpmap_large_remove(va);
	assert_int_equal(fake.event_count, fake.kind_count[FAKE_PINNED]);
	fake.may_ask_unpinned = 1;
	for (qpmap_size_t i = 1; i < QPMAP_LARGE_SIZE; i *= 2) {
#if QPMAP_CHECKED
		EXPECT_PANIC(QPMAP_PANIC_LARGE_REMOVE, va + i, 0,
		    qpmap_large_remove(va + i));
#else
		qpmap_large_remove(va + i);
		assert_int_equal(fake.event_count,
		    fake.kind_count[FAKE_PINNED]);
#endif
	}
	fake.may_ask_unpinned = 0;
	for (unsigned int i = 0; i < 3; i++) {
		/* Not all of it, another type, read-only. */
		va = large_enter(large_page(i != 0), i == 1 ? 3 : 0, i != 2);
		assert_int_equal(va, large_slot_va(0, 0));
		qpmap_large_remove(va);
		large_absent(va);
	}
	for (unsigned int cpu = 0; cpu < FAKE_CPUS; cpu++) {
		fake_offline_cpu(cpu);
	}
	/* It ends a page too early, or is smaller than a large page. */
	for (unsigned int pages = 254; pages != 0; pages /= 3) {
		config.direct_size = pages * QPMAP_PAGE_SIZE;
		assert_int_equal(fake_init(&config), QPMAP_OK);
		assert_int_equal(fake_online_cpu(0, 0,
		    fake_host_leaf(FAKE_WINDOW_VA)), QPMAP_OK);
		for (unsigned int i = 0; i < 2; i++) {
			va = qpmap_large_enter(large_page(i), 0);
			assert_int_equal(va, large_slot_va(0, 0));
			qpmap_large_remove(va);
		}
		fake_offline_cpu(0);
	}
}

/* Without large windows everything else works. */
static void
large_none(void **state)
{
	struct qpmap_config config = fake_config();

	(void)state;
	fake.no_large = 1;
	fake_start(&config);
	qpmap_remove(qpmap_enter(fake_page(0), 0));
	EXPECT_PANIC(QPMAP_PANIC_OFFLINE, large_page(1), 0,
	    qpmap_large_enter(large_page(1), 0));
	fake.pins[0]++;
	qpmap_cpu_abandon(&fake_cpu[0]);
	fake.pins[0]--;
	assert_int_equal(qpmap_held(&fake_cpu[0]), 0);
	fake_offline_cpu(0);
}

static void
large_refused(const struct qpmap_config *config, int error)
{
	uint64_t sum = fake_checksum();

	assert_int_equal(fake_init(config), error);
	assert_int_equal(fake_checksum(), sum);
	assert_int_equal(qpmap_state.cpu_count, 0);
	assert_int_equal(qpmap_large.va, 0);
}

static void
large_init(void **state)
{
	struct qpmap_config config = large_config();

	(void)state;
	fake.no_large = 1;
	large_refused(&config, QPMAP_ERR_LARGE_PAGE);
	fake.no_large = 0;
	fake.levels = 1;
	large_refused(&config, QPMAP_ERR_LARGE_PAGE);
	/* The leaves are in the root: of which there must be one. */
	fake.levels = 2;
	large_refused(&config, QPMAP_ERR_LARGE_ROOT);
	fake.levels = FAKE_LEVELS;
	fake.pa_bits = QPMAP_LARGE_SHIFT - 1;
	large_refused(&config, QPMAP_ERR_LARGE_PAGE);
	fake.pa_bits = FAKE_PA_BITS;
	for (qpmap_vaddr_t bit = 1; bit < QPMAP_LARGE_WINDOW_SIZE; bit *= 2) {
		config.large_va = FAKE_LARGE_VA + bit;
		large_refused(&config, QPMAP_ERR_LARGE_AREA);
	}
	/* Not a kernel's; its guard wraps; more than there is. */
	config.large_va = QPMAP_LARGE_WINDOW_SIZE;
	large_refused(&config, QPMAP_ERR_LARGE_AREA);
	config.large_va = 0 - FAKE_CPUS * QPMAP_LARGE_WINDOW_SIZE;
	large_refused(&config, QPMAP_ERR_LARGE_AREA);
	/* Over the windows, from either side. */
	config.large_va = FAKE_WINDOW_VA;
	large_refused(&config, QPMAP_ERR_LARGE_AREA);
	config.large_va = FAKE_WINDOW_VA -
	    (FAKE_CPUS - 1) * QPMAP_LARGE_WINDOW_SIZE;
	large_refused(&config, QPMAP_ERR_LARGE_AREA);
	/* Its guard is the windows' first page. */
	config.large_va = FAKE_WINDOW_VA - FAKE_CPUS * QPMAP_LARGE_WINDOW_SIZE;
	large_refused(&config, QPMAP_ERR_LARGE_AREA);
	config.large_va = FAKE_WINDOW_VA -
	    (FAKE_CPUS + 1) * QPMAP_LARGE_WINDOW_SIZE;
	assert_int_equal(fake_init(&config), QPMAP_OK);
	config.large_va = FAKE_LARGE_VA;
	fake.levels = 2;
	config.flags = QPMAP_F_ONE_ROOT;
	assert_int_equal(fake_init(&config), QPMAP_OK);
	/* The narrowest address that a large page has. */
	fake.levels = FAKE_LEVELS;
	fake.pa_bits = QPMAP_LARGE_SHIFT;
	fake_start(&config);
	qpmap_large_remove(qpmap_large_enter(0, 0));
	EXPECT_PANIC(QPMAP_PANIC_WIDTH, QPMAP_LARGE_SIZE, 0,
	    qpmap_large_enter(QPMAP_LARGE_SIZE, 0));
}

/* Online refuses entries that are not the window's, or not zero. */
static void
large_online(void **state)
{
	struct qpmap_config config = large_config();
	struct qpmap_cpu_ptes ptes = { .window = NULL };
	struct qpmap_pte *large;

	(void)state;
	assert_int_equal(fake_init(&config), QPMAP_OK);
	ptes.window = fake_host_leaf(FAKE_WINDOW_VA);
	large = fake_host_large(FAKE_LARGE_VA);
	fake.pins[0]++;
	for (unsigned int i = 0; i < QPMAP_LARGE_ENTRIES; i++) {
		ptes.large = i == 0 ? NULL : &large[i];
		assert_int_equal(qpmap_cpu_online(&fake_cpu[0], 0, &ptes),
		    QPMAP_ERR_LARGE_LEAF);
		large[i].bits = 1;
		ptes.large = large;
		assert_int_equal(qpmap_cpu_online(&fake_cpu[0], 0, &ptes),
		    QPMAP_ERR_LARGE_LEAF);
		large[i].bits = 0;
	}
	ptes.large = &large[QPMAP_LARGE_ENTRIES];
	assert_int_equal(qpmap_cpu_online(&fake_cpu[0], 0, &ptes),
	    QPMAP_ERR_LARGE_LEAF);
	assert_int_equal(fake_cpu[0].index_plus_one, 0);
	assert_int_equal(fake_cpu[0].large.next, 0);
	/* What follows is another window's, or the host's. */
	large[QPMAP_LARGE_ENTRIES].bits = 1;
	ptes.large = large;
	assert_int_equal(qpmap_cpu_online(&fake_cpu[0], 0, &ptes), QPMAP_OK);
}

/* The first entry of each window has the mark, for good. */
static void
large_marks(void **state)
{
	struct qpmap_config config = large_config();
	struct qpmap_pte *large;

	(void)state;
	config.flags = QPMAP_F_MARK_GUARDS;
	fake_start(&config);
	large = fake_host_large(large_slot_va(0, 0)) - 1;
	assert_int_equal(large->bits, QPTE_MARK);
	qpmap_large_remove(qpmap_large_enter(large_page(0), 0));
	fake_offline_cpu(0);
	assert_int_equal(large->bits, QPTE_MARK);
	assert_int_equal(fake_online_cpu(0, 0, fake_host_leaf(FAKE_WINDOW_VA)),
	    QPMAP_OK);
	large->bits = 0;
	for (unsigned int type = 0; type < 4 && QPMAP_CHECKED; type += 3) {
		EXPECT_PANIC(QPMAP_PANIC_MARK, large_page(1), 0,
		    qpmap_large_enter(large_page(1), type));
	}
}

/* The builder: tables down to level 1, and none where a large leaf is. */
static struct qpmap_config
large_tables_config(void)
{
	struct qpmap_config config = large_config();

	config.large_va = FAKE_WINDOW_VA + LARGE_SPAN(3) -
	    QPMAP_LARGE_WINDOW_SIZE;
	config.cpu_count = 2;
	config.flags = QPMAP_F_BUILD_TABLES | QPMAP_F_SINGLE_ROOT;
	return (config);
}

static void
large_tables(void **state)
{
	struct qpmap_config config = large_tables_config();

	(void)state;
	if (!QPMAP_TABLES) {
		skip();
	}
	/* By how much of the path the host has, of the first window. */
	for (unsigned int level = FAKE_LEVELS - 1; level > 0; level--) {
		unsigned int taken;

		fake_reset();
		(void)fake_host_tables(config.window_va, 0);
		(void)fake_host_tables(config.large_va, level);
		taken = fake_pool_taken();
		assert_int_equal(fake_init(&config), QPMAP_OK);
		/*
		 * The first window shares the table above with the windows of
		 * pages; the second has a path of its own.
		 */
		assert_int_equal(fake_pool_taken() - taken,
		    level >= 2 ? 3 : 2);
		for (unsigned int w = 0; w < 2; w++) {
			fake.tables_allowed = 1;
			assert_int_equal(fake_online_cpu(w, w, NULL),
			    QPMAP_OK);
			assert_int_equal(qpmap_large_enter(large_page(w), 0),
			    config.large_va + w * QPMAP_LARGE_WINDOW_SIZE +
			    QPMAP_LARGE_SIZE);
			assert_int_equal(fake_leaf(config.large_va + w *
			    QPMAP_LARGE_WINDOW_SIZE + QPMAP_LARGE_SIZE).bits,
			    qpmap_large.rw[0].bits |
			    large_page(w) << QPTE_PA_SHIFT);
		}
	}
}

static void
large_tables_refused(void **state)
{
	struct qpmap_config config = large_tables_config();
	struct qpmap_pte *entry;
	qpmap_vaddr_t va;

	(void)state;
	if (!QPMAP_TABLES) {
		skip();
	}
	for (unsigned int i = 0; i < 2 * QPMAP_LARGE_ENTRIES; i++) {
		va = config.large_va + i * QPMAP_LARGE_SIZE;
		/* A table, although it is empty; a leaf; something. */
		fake_reset();
		(void)fake_host_tables(va, 0);
		large_refused(&config, QPMAP_ERR_WINDOW_MAPPED);
		fake_reset();
		entry = fake_host_tables(va, 1);
		entry->bits = QPTE_VALID | QPTE_LARGE | QPTE_USED;
		large_refused(&config, QPMAP_ERR_WINDOW_MAPPED);
		entry->bits = 1;
		large_refused(&config, QPMAP_ERR_WINDOW_MAPPED);
		entry->bits = 0;
		entry = fake_host_tables(va, 2);
		entry->bits = QPTE_VALID | QPTE_LARGE | QPTE_USED;
		large_refused(&config, QPMAP_ERR_WINDOW_LARGE);
	}
	/* The guard is a page: the host may have a table there. */
	va = config.large_va + 2 * QPMAP_LARGE_WINDOW_SIZE;
	fake_reset();
	entry = fake_host_tables(va, 0);
	entry->bits = 4;
	large_refused(&config, QPMAP_ERR_WINDOW_MAPPED);
	entry->bits = 0;
	assert_int_equal(fake_init(&config), QPMAP_OK);
	/* Without the flag the host's entries are asked for. */
	fake_reset();
	config.flags = 0;
	assert_int_equal(fake_init(&config), QPMAP_OK);
	assert_int_equal(fake_online_cpu(0, 0, NULL), QPMAP_ERR_CPU_LEAF);
}

const struct CMUnitTest large_tests[] = {
	FAKE_TEST("unit/B18/all", large_all),
	FAKE_TEST("unit/B18/events", large_events),
	FAKE_TEST("unit/B18/nesting", large_nesting),
	FAKE_TEST("unit/B18/interrupt", large_interrupt),
	FAKE_TEST("unit/B18/panics", large_panics),
	FAKE_TEST("unit/B18/wired", large_wired),
	FAKE_TEST("unit/B18/types", large_types),
	FAKE_TEST("unit/B18/offline", large_offline),
	FAKE_TEST("unit/B18/abandon", large_abandon),
	FAKE_TEST("unit/B18/direct map", large_direct),
	FAKE_TEST("unit/B18/none", large_none),
	FAKE_TEST("unit/B18/init", large_init),
	FAKE_TEST("unit/B18/online", large_online),
	FAKE_TEST("unit/B18/marks", large_marks),
	FAKE_TEST("unit/B18/tables", large_tables),
	FAKE_TEST("unit/B18/tables refused", large_tables_refused),
};
const size_t large_count = sizeof(large_tests) / sizeof(large_tests[0]);

#endif /* QPMAP_LARGE_SLOTS */
