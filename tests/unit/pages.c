/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whole pages, byte ranges and the self-test, with the core's own accesses.
 */
#include <qpmap/panic.h>

#include "machine.h"
#include "tests.h"

#define PAGES_PAGE	((size_t)1 << QPMAP_PAGE_SHIFT)
#define PAGES_USED	8
#define PAGES_BYTES	(PAGES_USED * PAGES_PAGE)

/* What the first pages of memory ought to hold. */
static unsigned char pages_expected[PAGES_BYTES];

static void
pages_start(void)
{
	struct qpmap_config config = fake_config();
	uint64_t seed = 0x9d5f1;
	size_t i;

	fake_start(&config);
	for (i = 0; i < PAGES_BYTES; i++) {
		pages_expected[i] = (unsigned char)fake_random(&seed);
	}
	memcpy(fake_memory(fake_page(0)), pages_expected, PAGES_BYTES);
}

static void
pages_check(void)
{
	assert_memory_equal(fake_memory(fake_page(0)), pages_expected,
	    PAGES_BYTES);
	fake_assert_idle();
	assert_int_equal(fake.kind_count[FAKE_STORE],
	    fake.kind_count[FAKE_CLEAR]);
}

static void
pages_zero(void **state)
{
	(void)state;
	pages_start();
	for (unsigned int type = 0; type < QPMAP_TYPE_COUNT; type++) {
		qpmap_zero_page(fake_page(type + 1), type);
		memset(pages_expected + (type + 1) * PAGES_PAGE, 0,
		    PAGES_PAGE);
		pages_check();
	}
}

static void
pages_copy(void **state)
{
	unsigned int from, to;

	(void)state;
	if (QPMAP_SLOTS == 1) {
		skip();
	}
	pages_start();
	for (unsigned int i = 0; i < 25; i++) {
		from = i % PAGES_USED;
		to = i * 5 % PAGES_USED;
		qpmap_copy_page(fake_page(to), i % 5, fake_page(from), i / 5);
		memmove(pages_expected + to * PAGES_PAGE,
		    pages_expected + from * PAGES_PAGE, PAGES_PAGE);
		pages_check();
	}
	qpmap_copy_page(fake_page(2), 0, fake_page(2), 0);
	pages_check();
}

static void
pages_copy_single(void **state)
{
	(void)state;
	if (QPMAP_SLOTS != 1) {
		skip();
	}
	pages_start();
	EXPECT_PANIC(QPMAP_PANIC_NESTED, fake_page(1), fake_page(2),
	    qpmap_copy_page(fake_page(1), 0, fake_page(2), 0));
	assert_memory_equal(fake_memory(fake_page(0)), pages_expected,
	    PAGES_BYTES);
}

/* Read and write once, and compare with the reference. */
static void
pages_transfer(size_t at, size_t len, unsigned int align, unsigned int type)
{
	static uint64_t words[PAGES_BYTES / 8 + 8];
	static uint64_t seed = 0x51ab3;
	unsigned char *buffer = (unsigned char *)words + 8 + align;
	_Bool alone = fake.irq == NULL;
	size_t pages = len == 0 ? 0 : (at + len - 1) / PAGES_PAGE -
	    at / PAGES_PAGE + 1;

	memset(words, 0xee, sizeof(words));
	fake_log_clear();
	qpmap_read(FAKE_PA + at, type, buffer, len);
	assert_memory_equal(buffer, pages_expected + at, len);
	assert_int_equal(buffer[-1], 0xee);
	assert_int_equal(buffer[len], 0xee);
	assert_true(!alone || fake.kind_count[FAKE_STORE] == pages);
	for (size_t i = 0; i < len; i++) {
		buffer[i] = (unsigned char)fake_random(&seed);
	}
	/* Before the call: what it did to the buffer must not be expected. */
	memcpy(pages_expected + at, buffer, len);
	fake_log_clear();
	qpmap_write(FAKE_PA + at, type, buffer, len);
	assert_true(!alone || fake.kind_count[FAKE_STORE] == pages);
	assert_memory_equal(buffer, pages_expected + at, len);
	assert_int_equal(buffer[-1], 0xee);
	assert_int_equal(buffer[len], 0xee);
	pages_check();
}

/* All offsets around the pages' borders, all short lengths and long ones. */
static void
pages_ranges(void **state)
{
	static const size_t borders[] = { 0, PAGES_PAGE / 2, PAGES_PAGE };
	static const size_t lengths[] = { 0, PAGES_PAGE, 2 * PAGES_PAGE };
	unsigned int count = 0;
	size_t at, len, base;

	(void)state;
	pages_start();
	for (unsigned int b = 0; b < 3; b++) {
		for (int off = b == 0 ? 0 : -9; off <= 9; off++) {
			at = borders[b] + (size_t)(ptrdiff_t)off;
			for (unsigned int l = 0; l < 3; l++) {
				base = lengths[l];
				for (len = base < 9 ? 0 : base - 9;
				    len <= base + 17; len += 1 + l) {
					pages_transfer(at, len, count % 8,
					    count % 5);
					count++;
				}
			}
		}
	}
	pages_transfer(0, PAGES_BYTES, 0, 0);
	pages_transfer(1, PAGES_BYTES - 2, 3, QPMAP_ATTR_UNCACHED);
}

/* Nothing was done by single accesses but count of them, of width bytes. */
static void
pages_singles(unsigned int count, unsigned int width)
{
	for (unsigned int i = 0; i <= 16; i++) {
		assert_int_equal(fake_copies.single[i],
		    i == width ? count : 0);
	}
	fake_copies = (struct fake_copies){ 0 };
}

/* Whole pages by attribute: in bulk, or word by word, or by four bytes. */
static void
pages_loops_of(qpmap_attr_t attr, _Bool bulk)
{
	const qpmap_attr_t width_4 = attr | QPMAP_ATTR_WIDTH_4;
	const unsigned int word = sizeof(qpmap_word_t);
	const unsigned int words = bulk ? 0 : PAGES_PAGE / word;

	fake_copies = (struct fake_copies){ 0 };
	qpmap_zero_page(fake_page(9), attr);
	assert_int_equal(fake_copies.bulk, bulk);
	pages_singles(words, word);
	qpmap_zero_page(fake_page(9), width_4);
	assert_int_equal(fake_copies.bulk, 0);
	pages_singles(PAGES_PAGE / 4, 4);
	if (QPMAP_SLOTS == 1) {
		return;
	}
	qpmap_copy_page(fake_page(9), attr, fake_page(1), 0);
	assert_int_equal(fake_copies.bulk, bulk);
	pages_singles(words, word);
	qpmap_copy_page(fake_page(9), 0, fake_page(1), attr);
	assert_int_equal(fake_copies.bulk, bulk);
	pages_singles(words, word);
	qpmap_copy_page(fake_page(9), width_4, fake_page(1), 0);
	assert_int_equal(fake_copies.bulk, 0);
	pages_singles(PAGES_PAGE / 4, 4);
	qpmap_copy_page(fake_page(9), 0, fake_page(1), width_4);
	assert_int_equal(fake_copies.bulk, 0);
	pages_singles(PAGES_PAGE / 4, 4);
}

static void
pages_loops(void **state)
{
	static const qpmap_attr_t sharing[] = {
		0, QPMAP_ATTR_PRIVATE, QPMAP_ATTR_SHARED
	};

	(void)state;
	pages_start();
	for (unsigned int type = 0; type < QPMAP_TYPE_COUNT; type++) {
		for (unsigned int i = 0; i < 3; i++) {
			pages_loops_of(type | sharing[i],
			    type == QPMAP_ATTR_WRITE_BACK ||
			    type == QPMAP_ATTR_WRITE_THROUGH);
		}
	}
	pages_check();
}

/* One aligned access is one, of any type; with a width, four bytes at most. */
static void
pages_one(void **state)
{
	const unsigned int word = sizeof(qpmap_word_t);
	uint64_t buffer[2] = { 0, 0 };
	unsigned int type, width, i;

	(void)state;
	pages_start();
	fake_copies = (struct fake_copies){ 0 };
	for (i = 0; i < QPMAP_TYPE_COUNT * 2; i++) {
		type = i / 2 | (i % 2 != 0 ? QPMAP_ATTR_WIDTH_4 : 0);
		for (width = 1; width <= word; width *= 2) {
			qpmap_read(fake_page(1) + 8 + width % 8, type, buffer,
			    width);
			if (width <= 4 || i % 2 == 0) {
				pages_singles(1, width);
			} else {
				pages_singles(width / 4, 4);
			}
			assert_memory_equal(buffer, pages_expected +
			    PAGES_PAGE + 8 + width % 8, width);
		}
	}
	pages_check();
}

/* A mapping has no width: that is for the helpers. */
static void
pages_width_refused(void **state)
{
	(void)state;
	pages_start();
	EXPECT_PANIC(QPMAP_PANIC_ATTR, fake_page(1), QPMAP_ATTR_WIDTH_4,
	    qpmap_enter(fake_page(1), QPMAP_ATTR_WIDTH_4));
	EXPECT_PANIC(QPMAP_PANIC_ATTR, fake_page(1), QPMAP_ATTR_WIDTH_4,
	    qpmap_enter_ro(fake_page(1), QPMAP_ATTR_WIDTH_4));
	pages_check();
}

static void
pages_wrap(void **state)
{
	static const struct {
		qpmap_paddr_t pa;
		qpmap_size_t len;
	} bad[] = {
		{ ~(qpmap_paddr_t)0, 2 },
		{ ~(qpmap_paddr_t)0 - 9, 11 },
		{ 2, ~(qpmap_size_t)0 },
		{ FAKE_PA, ~(qpmap_size_t)0 - FAKE_PA + 2 },
		{ FAKE_PA + 5, ~(qpmap_size_t)0 },
	};
	unsigned char buffer[16] = { 1, 2, 3 };

	(void)state;
	pages_start();
	for (unsigned int i = 0; i < 5; i++) {
		EXPECT_PANIC(QPMAP_PANIC_RANGE, bad[i].pa, bad[i].len,
		    qpmap_read(bad[i].pa, 0, buffer, bad[i].len));
		EXPECT_PANIC(QPMAP_PANIC_RANGE, bad[i].pa, bad[i].len,
		    qpmap_write(bad[i].pa, 0, buffer, bad[i].len));
	}
	assert_int_equal(fake.kind_count[FAKE_STORE], 0);
	assert_int_equal(fake.kind_count[FAKE_PIN], 0);
	/* The last byte there is: no wrap, but too wide. */
	EXPECT_PANIC(QPMAP_PANIC_WIDTH, ~(qpmap_paddr_t)QPMAP_PAGE_MASK, 0,
	    qpmap_read(~(qpmap_paddr_t)0, 0, buffer, 1));
	/* Nothing, anywhere. */
	qpmap_read(~(qpmap_paddr_t)0, 0, buffer, 0);
	qpmap_write(~(qpmap_paddr_t)0, 999, buffer, 0);
	pages_check();
}

/* What enter refuses, the helpers refuse. */
static void
pages_refused(void **state)
{
	unsigned char buffer[8] = { 0 };

	(void)state;
	pages_start();
	EXPECT_PANIC(QPMAP_PANIC_ALIGN, fake_page(1) + 8, 0,
	    qpmap_zero_page(fake_page(1) + 8, 0));
	EXPECT_PANIC(QPMAP_PANIC_ATTR, fake_page(1), QPMAP_ATTR_COUNT,
	    qpmap_zero_page(fake_page(1), QPMAP_ATTR_COUNT));
	EXPECT_PANIC(QPMAP_PANIC_ATTR, fake_page(1), 5,
	    qpmap_read(fake_page(1) + 3, 5, buffer, 8));
	EXPECT_PANIC(QPMAP_PANIC_ATTR, fake_page(1), 16,
	    qpmap_write(fake_page(1) + 3, 16, buffer, 8));
	EXPECT_PANIC(QPMAP_PANIC_ALIGN, fake_page(1) + 8, 0,
	    qpmap_copy_page(fake_page(2), 0, fake_page(1) + 8, 0));
	pages_check();
}

/* Interrupts that enter pages, while a helper works. */
static void
pages_handler(void)
{
	static unsigned char buffer[64];
	size_t at = PAGES_PAGE - 32;

	if (qpmap_held(&fake_cpu[fake.cpu]) < QPMAP_SLOTS) {
		qpmap_read(FAKE_PA + at, fake.irq_point[0] % 5, buffer,
		    sizeof(buffer));
		assert_memory_equal(buffer, pages_expected + at,
		    sizeof(buffer));
	}
}

static void
pages_interrupted(void **state)
{
	(void)state;
	pages_start();
	fake.irq = pages_handler;
	fake.irq_depth = 1;
	fake.irq_at[0] = ~0u;
	for (unsigned int type = 0; type < 5; type++) {
		qpmap_zero_page(fake_page(3), type);
		memset(pages_expected + 3 * PAGES_PAGE, 0, PAGES_PAGE);
		pages_transfer(4 * PAGES_PAGE - 100, 200, 1, type);
	}
	fake.irq = NULL;
}

static void
pages_selftest(void **state)
{
	struct qpmap_config config = fake_config();
	qpmap_vaddr_t va;

	(void)state;
	fake_start(&config);
	if (QPMAP_SLOTS == 1) {
		assert_int_equal(qpmap_selftest(fake_page(1), fake_page(2)),
		    6);
		fake_assert_idle();
		return;
	}
	assert_int_equal(qpmap_selftest(fake_page(1), fake_page(2)), 0);
	assert_int_equal(qpmap_selftest(fake_page(1), fake_page(1)), 6);
	fake_assert_idle();
	/* With something held already. */
	va = qpmap_enter(fake_page(5), 0);
	assert_int_equal(qpmap_selftest(fake_page(1), fake_page(2)),
	    QPMAP_SLOTS >= 3 ? 0 : 6);
	fake_assert_shows(va, fake_page(5), 0, 1);
	qpmap_remove(va);
	fake_assert_idle();
}

/* From the fill number pages_from on, accesses end in another page. */
static unsigned int pages_from;
static void
pages_misdirect(void)
{
	if (fake.kind_count[FAKE_POST_MAP] >= pages_from) {
		fake.wrong_pa = fake_page(40);
	}
}

/* An interrupt that does not remove, after the last mapping is gone. */
static void
pages_leak(void)
{
	if (fake.kind_count[FAKE_UNPIN] == 7 &&
	    qpmap_held(&fake_cpu[0]) == 0) {
		(void)qpmap_enter(fake_page(50), 0);
	}
}

static int
pages_broken(void (*irq)(void), unsigned int from)
{
	struct qpmap_config config = fake_config();

	fake_reset();
	fake_start(&config);
	pages_from = from;
	fake.irq = irq;
	fake.irq_depth = 1;
	fake.irq_at[0] = ~0u;
	return (qpmap_selftest(fake_page(1), fake_page(2)));
}

/* The self-test notices each way in which a kernel may be broken. */
static void
pages_selftest_broken(void **state)
{
	struct qpmap_config config = fake_config();

	(void)state;
	if (QPMAP_SLOTS == 1) {
		skip();
	}
	fake_start(&config);
	fake_cpu[0].slot[1].va |= 8;
	assert_int_equal(qpmap_selftest(fake_page(1), fake_page(2)), 1);
	assert_int_equal(pages_broken(pages_misdirect, 0), 3);
	assert_int_equal(pages_broken(pages_misdirect, 3), 2);
	assert_int_equal(pages_broken(pages_misdirect, 4), 2);
	assert_int_equal(pages_broken(pages_misdirect, 5), 4);
	assert_int_equal(pages_broken(pages_misdirect, 6), 4);
	assert_int_equal(pages_broken(pages_misdirect, 7), 0);
	assert_int_equal(pages_broken(pages_leak, 0), 5);
}

const struct CMUnitTest pages_tests[] = {
	FAKE_TEST("unit/B8/zero", pages_zero),
	FAKE_TEST("unit/B8/copy", pages_copy),
	FAKE_TEST("unit/B8/copy with a single slot", pages_copy_single),
	FAKE_TEST("unit/B8/ranges", pages_ranges),
	FAKE_TEST("unit/B8/loops by type", pages_loops),
	FAKE_TEST("unit/B8/one aligned access", pages_one),
	FAKE_TEST("unit/B8/no width in a mapping", pages_width_refused),
	FAKE_TEST("unit/B8/range that wraps", pages_wrap),
	FAKE_TEST("unit/B8/refused", pages_refused),
	FAKE_TEST("unit/B8/interrupted", pages_interrupted),
	FAKE_TEST("unit/selftest/good", pages_selftest),
	FAKE_TEST("unit/selftest/broken", pages_selftest_broken),
};
const size_t pages_count = sizeof(pages_tests) / sizeof(pages_tests[0]);
