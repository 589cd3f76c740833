/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copies of which a page faults: counts, contents, and what is held.  The
 * fake's loops end at a given byte; the real ones are tests/emu's.
 */
#include <qpmap/panic.h>
#include <qpmap/try.h>

#include "machine.h"
#include "tests.h"

#if QPMAP_TRY

#define TRY_PAGE	((size_t)1 << QPMAP_PAGE_SHIFT)
#define TRY_BYTES	(3 * TRY_PAGE)
#define TRY_AROUND	8
#define TRY_NEVER	(~(size_t)0)

/* What the first pages of memory ought to hold. */
static unsigned char try_expected[TRY_BYTES];

static void
try_start(void)
{
	struct qpmap_config config = fake_config();
	uint64_t seed = 0x7e57;
	size_t i;

	fake_start(&config);
	fake_copies = (struct fake_copies){ 0 };
	for (i = 0; i < TRY_BYTES; i++) {
		try_expected[i] = (unsigned char)fake_random(&seed);
	}
	memcpy(fake_memory(fake_page(0)), try_expected, TRY_BYTES);
}

static void
try_check(void)
{
	assert_memory_equal(fake_memory(fake_page(0)), try_expected,
	    TRY_BYTES);
	fake_assert_idle();
	assert_int_equal(fake.kind_count[FAKE_STORE],
	    fake.kind_count[FAKE_CLEAR]);
}

/* Byte number at of the next copy faults. */
static void
try_fault(size_t at)
{
	fake_copies.faults = at != TRY_NEVER;
	fake_copies.fault_at = at;
}

/*
 * What a copy of len bytes returned is right: an access that is fault_at bytes
 * into it faulted.
 */
static size_t
try_copied(size_t len, size_t fault_at, size_t left)
{
	size_t copied = len - left;

	if (fault_at >= len) {
		assert_int_equal(left, 0);
	} else {
		assert_true(left <= len && copied <= fault_at);
		assert_true(fault_at - copied < sizeof(qpmap_word_t));
	}
	return (copied);
}

/*
 * One transfer within a page, without a fault: memory by the bulk loop, but for
 * an aligned word, which is one access; a device by single accesses.
 */
static void
try_loops(size_t at, size_t len, qpmap_attr_t attr, const void *buffer)
{
	_Bool word = len <= sizeof(qpmap_word_t) && (len & (len - 1)) == 0 &&
	    at % len == 0;
	_Bool memory = attr <= QPMAP_ATTR_WRITE_THROUGH;

	fake_copies = (struct fake_copies){ 0 };
	assert_int_equal(qpmap_try_write(FAKE_PA + at, attr, buffer, len), 0);
	if (memory && !word) {
		assert_int_equal(fake_copies.bulk, 1);
	} else if (memory || (attr & QPMAP_ATTR_WIDTH_4) == 0 || len <= 4) {
		assert_int_equal(fake_copies.single[len], word);
	}
	if (!memory && (uintptr_t)buffer % 8 == at % 8) {
		assert_int_equal(fake_copies.bulk, 0);
	}
}

/* Read and write once, with a fault in each, and compare. */
static void
try_transfer(size_t at, size_t len, size_t fault_at, unsigned int align,
    qpmap_attr_t attr)
{
	static uint64_t words[TRY_BYTES / 8 + 4];
	static uint64_t seed = 0x51ab3;
	unsigned char *buffer = (unsigned char *)words + TRY_AROUND + align;
	size_t copied, i;

	memset(words, 0xee, sizeof(words));
	try_fault(fault_at);
	copied = try_copied(len, fault_at, qpmap_try_read(FAKE_PA + at, attr,
	    buffer, len));
	assert_memory_equal(buffer, try_expected + at, copied);
	assert_int_equal(buffer[-1], 0xee);
	assert_int_equal(buffer[copied], 0xee);
	assert_true(len == 0 || fake_copies.sides == QPMAP_SIDE_FROM);
	for (i = 0; i < len; i++) {
		buffer[i] = (unsigned char)fake_random(&seed);
	}
	try_fault(fault_at);
	copied = try_copied(len, fault_at, qpmap_try_write(FAKE_PA + at, attr,
	    buffer, len));
	memcpy(try_expected + at, buffer, copied);
	assert_true(len == 0 || fake_copies.sides == QPMAP_SIDE_TO);
	if (fault_at == len && len != 0 && at / TRY_PAGE ==
	    (at + len - 1) / TRY_PAGE && len <= 16 && fake.irq == NULL) {
		try_loops(at, len, attr, buffer);
	}
	try_fault(TRY_NEVER);
	try_check();
}

/* Every byte of short transfers, around a page's end; and of longer ones. */
static void
try_ranges(void **state)
{
	unsigned int count = 0;
	qpmap_attr_t attr;

	(void)state;
	try_start();
	for (size_t before = 0; before <= 17; before++) {
		for (size_t len = 0; len <= 20; len++, count++) {
			attr = count % QPMAP_TYPE_COUNT |
			    (count % 3 == 0 ? QPMAP_ATTR_WIDTH_4 : 0);
			for (size_t i = 0; i <= len; i++) {
				try_transfer(TRY_PAGE - before, len, i,
				    count % 8, attr);
			}
		}
	}
	for (size_t i = 0; i < 2 * TRY_PAGE; i += 61, count++) {
		try_transfer(TRY_PAGE / 2 + i % 5, TRY_PAGE + i % 300, i,
		    count % 8, count % QPMAP_TYPE_COUNT);
	}
}

static void
try_copy(void **state)
{
	size_t at, copied;
	unsigned int i = 0, bulk;
	qpmap_attr_t to, from;

	(void)state;
	if (QPMAP_SLOTS == 1) {
		skip();
	}
	try_start();
	for (at = 0; i < 25; at += TRY_PAGE / 25 + 3, i++) {
		to = i % QPMAP_TYPE_COUNT;
		from = i / QPMAP_TYPE_COUNT;
		bulk = fake_copies.bulk;
		if (i == 24) {
			from |= QPMAP_ATTR_WIDTH_4;
		}
		try_fault(at);
		copied = try_copied(TRY_PAGE, at, qpmap_try_copy_page(
		    fake_page(1), to, fake_page(0), from));
		assert_int_equal(fake_copies.bulk - bulk,
		    to <= QPMAP_ATTR_WRITE_THROUGH &&
		    from <= QPMAP_ATTR_WRITE_THROUGH);
		assert_int_equal(fake_copies.single[4] != 0, i == 24);
		memcpy(try_expected + TRY_PAGE, try_expected, copied);
		assert_int_equal(fake_copies.sides,
		    QPMAP_SIDE_FROM | QPMAP_SIDE_TO);
		try_check();
	}
}

/*
 * Addresses that are too wide: nothing is mapped, and what comes before them is
 * copied.
 */
static void
try_wide(void **state)
{
	const qpmap_paddr_t wide[] = {
		(qpmap_paddr_t)1 << FAKE_PA_BITS,
		((qpmap_paddr_t)1 << FAKE_PA_BITS) + 5, ~(qpmap_paddr_t)15,
		~(qpmap_paddr_t)0
	};
	unsigned char buffer[64] = { 1, 2, 3 };

	(void)state;
	try_start();
	for (unsigned int i = 0; i < 4; i++) {
		for (size_t len = 0; len <= sizeof(buffer); len += 4) {
			assert_int_equal(qpmap_try_read(wide[i], 0, buffer,
			    len), len);
			assert_int_equal(qpmap_try_write(wide[i], 0, buffer,
			    len), len);
		}
		assert_int_equal(qpmap_try_copy_page(
		    wide[i] & ~(qpmap_paddr_t)QPMAP_PAGE_MASK, 0,
		    fake_page(1), 0), TRY_PAGE);
		assert_int_equal(qpmap_try_copy_page(fake_page(1), 0,
		    wide[i] & ~(qpmap_paddr_t)QPMAP_PAGE_MASK, 0), TRY_PAGE);
	}
	assert_int_equal(fake.kind_count[FAKE_PIN], 0);
	assert_int_equal(buffer[0], 1);
	try_check();
}

/* What enter refuses else, these refuse; before qpmap_init(), any address. */
static void
try_refused(void **state)
{
	unsigned char buffer[8] = { 0 };

	(void)state;
	try_start();
	EXPECT_PANIC(QPMAP_PANIC_ATTR, fake_page(1), 5,
	    qpmap_try_read(fake_page(1) + 3, 5, buffer, 8));
	EXPECT_PANIC(QPMAP_PANIC_ATTR, fake_page(1), 16,
	    qpmap_try_write(fake_page(1) + 3, 16, buffer, 8));
	EXPECT_PANIC(QPMAP_PANIC_ALIGN, fake_page(1) + 8, 0,
	    qpmap_try_copy_page(fake_page(2), 0, fake_page(1) + 8, 0));
	try_check();
	fake_reset();
	EXPECT_PANIC(QPMAP_PANIC_TYPE, fake_page(1), 0,
	    qpmap_try_read(fake_page(1) + 4, 0, buffer, 4));
	EXPECT_PANIC(QPMAP_PANIC_TYPE, fake_page(1), 0,
	    qpmap_try_write(fake_page(1) + 4, 0, buffer, 4));
}

/* Interrupts, at every step of a copy that faults: one of theirs faults. */
static void
try_handler(void)
{
	static unsigned char buffer[64];
	struct fake_copies copies = fake_copies;
	size_t at = TRY_PAGE - 32, fault_at = fake.irq_point[0] % 70, copied;

	if (qpmap_held(&fake_cpu[fake.cpu]) < QPMAP_SLOTS) {
		fake_copies.on_fault = NULL;
		try_fault(fault_at);
		copied = try_copied(sizeof(buffer), fault_at,
		    qpmap_try_read(FAKE_PA + at, fault_at % 5, buffer,
		    sizeof(buffer)));
		assert_memory_equal(buffer, try_expected + at, copied);
		fake_copies = copies;
	}
}

static void
try_interrupted(void **state)
{
	(void)state;
	try_start();
	fake.irq = try_handler;
	fake.irq_depth = 1;
	fake.irq_at[0] = ~0u;
	fake_copies.on_fault = try_handler;
	for (unsigned int type = 0; type < QPMAP_TYPE_COUNT; type++) {
		for (size_t fault_at = 0; fault_at <= 30; fault_at += 6) {
			try_transfer(2 * TRY_PAGE - 13, 30, fault_at, 1, type);
		}
	}
	fake.irq = NULL;
}

const struct CMUnitTest try_tests[] = {
	FAKE_TEST("unit/B20/read and write", try_ranges),
	FAKE_TEST("unit/B20/copy", try_copy),
	FAKE_TEST("unit/B21/too wide", try_wide),
	FAKE_TEST("unit/B20/refused", try_refused),
	FAKE_TEST("unit/B20/interrupted", try_interrupted),
};
const size_t try_count = sizeof(try_tests) / sizeof(try_tests[0]);

#endif /* QPMAP_TRY */
