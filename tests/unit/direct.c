/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The direct map: what it serves, and where it ends.
 */
#include <qpmap/panic.h>

#include "machine.h"
#include "tests.h"

#if QPMAP_DIRECT_MAP

#define DIRECT_FIRST	8
#define DIRECT_PAGES	16
#define DIRECT_VA	(FAKE_DIRECT_VA + DIRECT_FIRST * QPMAP_PAGE_SIZE)

static struct qpmap_config
direct_config(void)
{
	struct qpmap_config config = fake_config();

	config.direct_va = DIRECT_VA;
	config.direct_pa = fake_page(DIRECT_FIRST);
	config.direct_size = DIRECT_PAGES * QPMAP_PAGE_SIZE;
	return (config);
}

/* Served by the direct map: no event but the checked build's question. */
static void
direct_served(unsigned int page, qpmap_attr_t attr)
{
	qpmap_vaddr_t va;

	fake_log_clear();
	va = qpmap_enter(fake_page(page), attr);
	assert_int_equal(va, FAKE_DIRECT_VA + page * QPMAP_PAGE_SIZE);
	assert_int_equal(fake.event_count, QPMAP_CHECKED);
	assert_int_equal(qpmap_held(&fake_cpu[0]), 0);
	qpmap_remove(va);
	assert_int_equal(fake.event_count, QPMAP_CHECKED);
	fake_assert_idle();
}

/* Goes through the window. */
static void
direct_not(unsigned int page, qpmap_attr_t attr, _Bool writable)
{
	qpmap_vaddr_t va = writable ? qpmap_enter(fake_page(page), attr) :
	    qpmap_enter_ro(fake_page(page), attr);

	assert_int_equal(va, fake_slot_va_at(0, 0));
	assert_int_equal(fake.pins[0], 1);
	fake_assert_shows(va, fake_page(page), (unsigned int)attr & 7,
	    writable);
	qpmap_remove(va);
	fake_assert_absent(va);
	fake_assert_idle();
}

static void
direct_edges(void **state)
{
	struct qpmap_config config = direct_config();
	unsigned int page;

	(void)state;
	fake_start(&config);
	for (page = 0; page < DIRECT_FIRST + DIRECT_PAGES + 8; page++) {
		if (page < DIRECT_FIRST ||
		    page >= DIRECT_FIRST + DIRECT_PAGES) {
			direct_not(page, QPMAP_ATTR_WRITE_BACK, 1);
		} else {
			direct_served(page, QPMAP_ATTR_WRITE_BACK);
		}
		direct_not(page, QPMAP_ATTR_WRITE_BACK, 0);
	}
}

static void
direct_types(void **state)
{
	struct qpmap_config config = direct_config();
	unsigned int types, type;

	(void)state;
	for (types = 0; types < 32; types++) {
		fake_reset();
		config.direct_types = types;
		fake_start(&config);
		for (type = 0; type < QPMAP_TYPE_COUNT; type++) {
			if (((types == 0 ? 1 : types) >> type & 1) != 0) {
				direct_served(DIRECT_FIRST, type);
				direct_served(DIRECT_FIRST, type |
				    QPMAP_ATTR_SHARED);
			} else {
				direct_not(DIRECT_FIRST, type, 1);
			}
			direct_not(DIRECT_FIRST, type, 0);
		}
	}
}

/* A type that the direct map gives but nobody asked for is refused. */
static void
direct_not_asked(void **state)
{
	struct qpmap_config config = direct_config();

	(void)state;
	config.types = 0;
	config.direct_types = 31;
	fake_start(&config);
	EXPECT_PANIC(QPMAP_PANIC_TYPE, fake_page(DIRECT_FIRST),
	    QPMAP_ATTR_UNCACHED,
	    (void)qpmap_enter(fake_page(DIRECT_FIRST), QPMAP_ATTR_UNCACHED));
}

/* The direct map is the host's RAM, private where there is a difference. */
static void
direct_sharing(void **state)
{
	struct qpmap_config config = direct_config();
	uint64_t mask = 1ULL << (47 + QPTE_PA_SHIFT);

	(void)state;
	config.direct_types = 31;
	for (unsigned int i = 0; i < 2; i++) {
		fake_reset();
		config.private_mask = i == 0 ? mask : 0;
		config.shared_mask = i == 0 ? 0 : mask;
		fake_start(&config);
		direct_served(DIRECT_FIRST, QPMAP_ATTR_WRITE_BACK);
		direct_served(DIRECT_FIRST, QPMAP_ATTR_WRITE_BACK |
		    QPMAP_ATTR_PRIVATE);
		direct_not(DIRECT_FIRST, QPMAP_ATTR_WRITE_BACK |
		    QPMAP_ATTR_SHARED, 1);
		direct_served(DIRECT_FIRST, QPMAP_ATTR_UNCACHED |
		    QPMAP_ATTR_PRIVATE);
		direct_not(DIRECT_FIRST, QPMAP_ATTR_UNCACHED, 1);
	}
}

static void
direct_off(void **state)
{
	struct qpmap_config config = direct_config();

	(void)state;
	config.flags = QPMAP_F_NO_DIRECT;
	fake_start(&config);
	for (unsigned int page = 0; page < DIRECT_FIRST + 4; page++) {
		direct_not(page, QPMAP_ATTR_WRITE_BACK, 1);
	}
	fake.may_ask_unpinned = 1;
	EXPECT_PANIC(QPMAP_PANIC_REMOVE, DIRECT_VA, 0,
	    qpmap_remove(DIRECT_VA));
}

/* Any address of the direct map may be removed, none beside it. */
static void
direct_remove(void **state)
{
	struct qpmap_config config = direct_config();
	qpmap_vaddr_t end = DIRECT_VA + DIRECT_PAGES * QPMAP_PAGE_SIZE;

	(void)state;
	fake_start(&config);
	qpmap_remove(DIRECT_VA);
	fake.may_ask_unpinned = 1;
	for (unsigned int offset = 1; offset < QPMAP_PAGE_SIZE; offset *= 2) {
#if QPMAP_CHECKED
		EXPECT_PANIC(QPMAP_PANIC_REMOVE, DIRECT_VA + offset, 0,
		    qpmap_remove(DIRECT_VA + offset));
		EXPECT_PANIC(QPMAP_PANIC_REMOVE, end - offset, 0,
		    qpmap_remove(end - offset));
#else
		qpmap_remove(DIRECT_VA + offset);
		qpmap_remove(end - offset);
		assert_int_equal(fake.event_count, 0);
#endif
	}
	EXPECT_PANIC(QPMAP_PANIC_REMOVE, DIRECT_VA - 1, 0,
	    qpmap_remove(DIRECT_VA - 1));
	EXPECT_PANIC(QPMAP_PANIC_REMOVE, end, 0, qpmap_remove(end));
}

/* A direct-map enter nests with the window's and uses up no slot. */
static void
direct_nesting(void **state)
{
	struct qpmap_config config = direct_config();
	qpmap_vaddr_t va[QPMAP_SLOTS];
	unsigned int n;

	(void)state;
	fake_start(&config);
	for (n = 0; n < QPMAP_SLOTS; n++) {
		va[n] = qpmap_enter(fake_page(n), 0);
	}
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(qpmap_enter(fake_page(DIRECT_FIRST + i), 0),
		    DIRECT_VA + i * QPMAP_PAGE_SIZE);
	}
	qpmap_remove(DIRECT_VA);
	for (; n > 0; n--) {
		qpmap_remove(va[n - 1]);
	}
	fake_assert_idle();
}

/* Bad addresses are refused although the direct map would catch them. */
static void
direct_bad(void **state)
{
	struct qpmap_config config = direct_config();

	(void)state;
	fake_start(&config);
	EXPECT_PANIC(QPMAP_PANIC_ALIGN, fake_page(DIRECT_FIRST) + 1, 0,
	    (void)qpmap_enter(fake_page(DIRECT_FIRST) + 1, 0));
	EXPECT_PANIC(QPMAP_PANIC_ATTR, fake_page(DIRECT_FIRST), 24,
	    (void)qpmap_enter(fake_page(DIRECT_FIRST), 24));
	config.pa_bits = 40;
	fake_reset();
	fake_start(&config);
	EXPECT_PANIC(QPMAP_PANIC_WIDTH, fake_page(DIRECT_FIRST), 0,
	    (void)qpmap_enter(fake_page(DIRECT_FIRST), 0));
}

/* Special flags do not keep the direct map from serving. */
static void
direct_slow(void **state)
{
	struct qpmap_config config = direct_config();

	(void)state;
	config.flags = QPMAP_F_ERRATUM_INVLPG;
	fake_start(&config);
	direct_served(DIRECT_FIRST, QPMAP_ATTR_WRITE_BACK);
	direct_served(DIRECT_FIRST + DIRECT_PAGES - 1, QPMAP_ATTR_WRITE_BACK);
	direct_not(DIRECT_FIRST + DIRECT_PAGES, QPMAP_ATTR_WRITE_BACK, 1);
	direct_not(DIRECT_FIRST - 1, QPMAP_ATTR_WRITE_BACK, 1);
	direct_not(DIRECT_FIRST, QPMAP_ATTR_WRITE_BACK, 0);
}

/* The helpers work through it, across its borders. */
static void
direct_helpers(void **state)
{
	struct qpmap_config config = direct_config();
	unsigned char buffer[8192], expected[8192];
	qpmap_paddr_t pa = fake_page(DIRECT_FIRST) - 3000;

	(void)state;
	fake_direct(FAKE_DIRECT_VA, DIRECT_FIRST + DIRECT_PAGES);
	fake_start(&config);
	for (size_t i = 0; i < sizeof(buffer); i++) {
		expected[i] = (unsigned char)(i * 13 + i / 256 + 1);
	}
	memcpy(buffer, expected, sizeof(buffer));
	qpmap_write(pa, 0, buffer, sizeof(buffer));
	assert_memory_equal(fake_memory(pa), expected, sizeof(buffer));
	memset(buffer, 0, sizeof(buffer));
	qpmap_read(pa, 0, buffer, sizeof(buffer));
	assert_memory_equal(buffer, expected, sizeof(buffer));
	assert_memory_equal(fake_memory(pa), expected, sizeof(buffer));
	/* One slot is enough for a copy into the direct map. */
	memcpy(fake_memory(fake_page(2)), expected + 5, 4096);
	fake_log_clear();
	qpmap_copy_page(fake_page(DIRECT_FIRST), 0, fake_page(2), 0);
	assert_int_equal(fake.kind_count[FAKE_STORE], 1);
	assert_memory_equal(fake_memory(fake_page(DIRECT_FIRST)),
	    expected + 5, 4096);
	fake_memory(fake_page(DIRECT_FIRST + 1))[77] = 1;
	fake_log_clear();
	qpmap_zero_page(fake_page(DIRECT_FIRST + 1), 0);
	assert_int_equal(fake.kind_count[FAKE_STORE], 0);
	assert_int_equal(fake_memory(fake_page(DIRECT_FIRST + 1))[77], 0);
	fake_assert_idle();
}

/* With a direct map, the map's own limits are those of the whole space. */
static void
direct_top(void **state)
{
	struct qpmap_config config = direct_config();
	qpmap_paddr_t last = ((qpmap_paddr_t)1 << FAKE_PA_BITS) -
	    QPMAP_PAGE_SIZE;

	(void)state;
	config.direct_va = ((qpmap_vaddr_t)1 << FAKE_VA_BITS) -
	    2 * QPMAP_PAGE_SIZE;
	config.direct_pa = last - QPMAP_PAGE_SIZE;
	config.direct_size = 2 * QPMAP_PAGE_SIZE;
	fake_start(&config);
	assert_int_equal(qpmap_enter(last, 0), config.direct_va +
	    QPMAP_PAGE_SIZE);
	qpmap_remove(config.direct_va + QPMAP_PAGE_SIZE);
	direct_not(0, QPMAP_ATTR_WRITE_BACK, 1);
}

const struct CMUnitTest direct_tests[] = {
	FAKE_TEST("unit/C3/direct map's edges, no pin", direct_edges),
	FAKE_TEST("unit/C10/direct map's types", direct_types),
	FAKE_TEST("unit/C10/direct map, not asked for", direct_not_asked),
	FAKE_TEST("unit/C10/direct map's sharing", direct_sharing),
	FAKE_TEST("unit/direct/switched off", direct_off),
	FAKE_TEST("unit/direct/remove", direct_remove),
	FAKE_TEST("unit/direct/nesting", direct_nesting),
	FAKE_TEST("unit/direct/bad address", direct_bad),
	FAKE_TEST("unit/direct/special flags", direct_slow),
	FAKE_TEST("unit/B8/direct map", direct_helpers),
	FAKE_TEST("unit/direct/top of the space", direct_top),
};
const size_t direct_count = sizeof(direct_tests) / sizeof(direct_tests[0]);

#else

const struct CMUnitTest direct_tests[] = { { 0 } };
const size_t direct_count = 0;

#endif
