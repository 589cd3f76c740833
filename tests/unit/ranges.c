/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ranges: several pages at consecutive addresses.
 */
#include <qpmap/panic.h>

#include "machine.h"
#include "tests.h"

#if QPMAP_RANGE_PAGES

#define RANGES_MOST	(QPMAP_RANGE_PAGES - 2u)
#define RANGES_SLOW	QPMAP_ATTR_WRITE_COMBINING

static const unsigned int ranges_types[] = {
	QPMAP_ATTR_WRITE_BACK, QPMAP_ATTR_WRITE_COMBINING,
	QPMAP_ATTR_WRITE_THROUGH, QPMAP_ATTR_UNCACHED
};

static void
ranges_start(void)
{
	struct qpmap_config config = fake_config();

	fake_start(&config);
}

/* The address of a page of a CPU's area. */
static qpmap_vaddr_t
ranges_va(unsigned int cpu, unsigned int page)
{
	return (FAKE_RANGE_VA + cpu * QPMAP_RANGE_SIZE +
	    page * QPMAP_PAGE_SIZE);
}

/* A range, as it was entered: pages from first on, or those of a list. */
struct ranges_one {
	qpmap_vaddr_t va;
	unsigned int first, count;
	qpmap_attr_t attr;
	_Bool ro, list;
};

/* The number of a range's page: a list is in no order, and has some twice. */
static unsigned int
ranges_page(const struct ranges_one *range, unsigned int i)
{
	return (range->list ? range->first + i * 7 % (range->count + 3) % 5 :
	    range->first + i);
}

static void
ranges_try(struct ranges_one *range)
{
	qpmap_paddr_t pages[QPMAP_RANGE_PAGES], pa = fake_page(range->first);

	if (!range->list) {
		range->va = range->ro ?
		    qpmap_range_enter_ro(pa, range->count, range->attr) :
		    qpmap_range_enter(pa, range->count, range->attr);
		return;
	}
	for (unsigned int i = 0; i < range->count; i++) {
		pages[i] = fake_page(ranges_page(range, i));
	}
	range->va = range->ro ?
	    qpmap_range_enter_list_ro(pages, range->count, range->attr) :
	    qpmap_range_enter_list(pages, range->count, range->attr);
}

/* Exactly these pages, between two that fault. */
static void
ranges_assert_shows(const struct ranges_one *range)
{
	qpmap_vaddr_t va = range->va;

	fake_assert_absent(va - QPMAP_PAGE_SIZE);
	for (unsigned int i = 0; i < range->count; i++) {
		fake_assert_shows(va, fake_page(ranges_page(range, i)),
		    (unsigned int)range->attr & 7, !range->ro);
		va += QPMAP_PAGE_SIZE;
	}
	fake_assert_absent(va);
}

static struct ranges_one
ranges_enter(unsigned int first, unsigned int count, qpmap_attr_t attr,
    unsigned int form)
{
	struct ranges_one range = { .first = first, .count = count,
	    .attr = attr, .ro = (form & 1) != 0, .list = (form & 2) != 0 };

	ranges_try(&range);
	assert_int_not_equal(range.va, 0);
	ranges_assert_shows(&range);
	return (range);
}

static void
ranges_remove(const struct ranges_one *range)
{
	qpmap_range_remove(range->va);
	for (unsigned int i = 0; i < range->count; i++) {
		fake_assert_absent(range->va + i * QPMAP_PAGE_SIZE);
		assert_int_equal(fake_leaf(range->va +
		    i * QPMAP_PAGE_SIZE).bits, 0);
	}
}

/* Every page of the areas but those of a range faults on this CPU. */
static void
ranges_only(const struct ranges_one *range)
{
	qpmap_vaddr_t va = ranges_va(0, 0);

	for (; va != FAKE_WINDOW_VA; va += QPMAP_PAGE_SIZE) {
		if (range == NULL ||
		    (va - range->va) / QPMAP_PAGE_SIZE >= range->count) {
			fake_assert_absent(va);
		}
	}
}

/* Every count, type, protection and form. */
static void
ranges_pages(void **state)
{
	struct ranges_one range;

	(void)state;
	ranges_start();
	for (unsigned int count = 1; count <= RANGES_MOST; count++) {
		unsigned int form = count % 16;

		range = ranges_enter(count % 9, count, ranges_types[form / 4],
		    form % 4);
		assert_int_equal(range.va, ranges_va(0, 1));
		assert_int_equal(fake.pins[0], 1);
		ranges_only(&range);
		*(volatile unsigned char *)(range.ro ? fake_memory(
		    fake_page(ranges_page(&range, count - 1))) :
		    (unsigned char *)(range.va + (count - 1) *
		    QPMAP_PAGE_SIZE)) = (unsigned char)count;
		assert_int_equal(*(volatile unsigned char *)(range.va +
		    (count - 1) * QPMAP_PAGE_SIZE), count);
		ranges_remove(&range);
		assert_int_equal(fake.pins[0], 0);
	}
	ranges_only(NULL);
	fake_assert_idle();
}

/* Zero pages, too many, and one more: 0, and nothing has changed. */
static void
ranges_room(void **state)
{
	struct ranges_one held[2], no = { .va = 0 };
	qpmap_size_t left = RANGES_MOST - 8;

	(void)state;
	ranges_start();
	assert_int_equal(qpmap_range_room(), RANGES_MOST);
	held[0] = ranges_enter(1, 7, QPMAP_ATTR_WRITE_BACK, 0);
	assert_int_equal(qpmap_range_room(), left);
	for (unsigned int form = 0; form < 16; form++) {
		no = (struct ranges_one){ .attr = ranges_types[form / 4],
		    .ro = form & 1, .list = (form & 2) != 0 };
		fake_log_clear();
		ranges_try(&no);
		assert_int_equal(no.va, 0);
		assert_int_equal(fake.event_count, 0);
		no.count = (unsigned int)left + 1;
		ranges_try(&no);
		assert_int_equal(no.va, 0);
		no.count = QPMAP_RANGE_PAGES;
		ranges_try(&no);
		assert_int_equal(no.va, 0);
		assert_int_equal(fake.kind_count[FAKE_STORE], 0);
		assert_int_equal(fake.kind_count[FAKE_PIN],
		    fake.kind_count[FAKE_UNPIN]);
	}
	assert_int_equal(qpmap_range_enter(fake_page(0),
	    ~(qpmap_size_t)0, QPMAP_ATTR_WRITE_BACK), 0);
	assert_int_equal(qpmap_range_enter_list(NULL, ~(qpmap_size_t)0,
	    QPMAP_ATTR_WRITE_BACK), 0);
	assert_int_equal(fake.pins[0], 1);
	held[1] = ranges_enter(9, (unsigned int)left, RANGES_SLOW, 0);
	assert_int_equal(held[1].va, ranges_va(0, 9));
	assert_int_equal(qpmap_range_room(), 0);
	ranges_assert_shows(&held[0]);
	ranges_remove(&held[1]);
	ranges_remove(&held[0]);
	assert_int_equal(qpmap_range_room(), RANGES_MOST);
	fake_assert_idle();
}

/* Up to eight, last in, first out, and beside pages of the window. */
static void
ranges_depth(void **state)
{
	struct ranges_one held[QPMAP_RANGE_DEPTH], no;
	unsigned int i, page = 1;
	qpmap_vaddr_t va;

	(void)state;
	ranges_start();
	va = qpmap_enter(fake_page(200), QPMAP_ATTR_WRITE_BACK);
	for (i = 0; i < QPMAP_RANGE_DEPTH; i++) {
		assert_int_equal(qpmap_held(&fake_cpu[0]), i + 1);
		held[i] = ranges_enter(10 * i, i % 4 + 1, ranges_types[i % 4],
		    i % 4);
		assert_int_equal(held[i].va, ranges_va(0, page));
		page += held[i].count + 1;
	}
	assert_int_equal(qpmap_range_room(), 0);
	no = (struct ranges_one){ .count = 1 };
	ranges_try(&no);
	assert_int_equal(no.va, 0);
	fake_assert_shows(va, fake_page(200), QPMAP_ATTR_WRITE_BACK, 1);
	qpmap_remove(va);
	for (; i > 0; i--) {
		assert_int_equal(qpmap_held(&fake_cpu[0]), i);
		for (unsigned int j = 0; j < i; j++) {
			ranges_assert_shows(&held[j]);
		}
		if (i > 1) {
			EXPECT_PANIC(QPMAP_PANIC_RANGE_REMOVE, held[i - 2].va,
			    held[i - 1].va, qpmap_range_remove(held[i - 2].va));
		}
		ranges_remove(&held[i - 1]);
	}
	ranges_only(NULL);
	fake_assert_idle();
}

/* No other address is a range's: not 0, a page's, a guard's, one removed. */
static void
ranges_wrong_remove(void **state)
{
	struct ranges_one range;
	qpmap_vaddr_t va;

	(void)state;
	ranges_start();
	fake.may_ask_unpinned = 1;
	EXPECT_PANIC(QPMAP_PANIC_RANGE_REMOVE, 0, 0, qpmap_range_remove(0));
	EXPECT_PANIC(QPMAP_PANIC_RANGE_REMOVE, ranges_va(0, 1), 0,
	    qpmap_range_remove(ranges_va(0, 1)));
	for (unsigned int type = 0; type < 4; type++) {
		va = qpmap_enter(fake_page(1), QPMAP_ATTR_WRITE_BACK);
		range = ranges_enter(3, 3, ranges_types[type], 0);
		for (unsigned int i = 0; i < QPMAP_RANGE_PAGES; i++) {
			if (i != 1) {
				EXPECT_PANIC(QPMAP_PANIC_RANGE_REMOVE,
				    ranges_va(0, i), range.va,
				    qpmap_range_remove(ranges_va(0, i)));
			}
		}
		EXPECT_PANIC(QPMAP_PANIC_RANGE_REMOVE, 0, range.va,
		    qpmap_range_remove(0));
		EXPECT_PANIC(QPMAP_PANIC_RANGE_REMOVE, va, range.va,
		    qpmap_range_remove(va));
		EXPECT_PANIC(QPMAP_PANIC_RANGE_REMOVE, range.va + 1, range.va,
		    qpmap_range_remove(range.va + 1));
		EXPECT_PANIC(QPMAP_PANIC_REMOVE, range.va, va,
		    qpmap_remove(range.va));
		ranges_assert_shows(&range);
		qpmap_remove(va);
		ranges_remove(&range);
		EXPECT_PANIC(QPMAP_PANIC_RANGE_REMOVE, range.va, 0,
		    qpmap_range_remove(range.va));
	}
	fake_assert_idle();
}

/* A range of a list whose n-th page is bad. */
static void
ranges_bad_list(const char *text, qpmap_paddr_t pa, qpmap_attr_t attr)
{
	qpmap_paddr_t pages[9];

	for (unsigned int bad = 0; bad < 9; bad++) {
		for (unsigned int i = 0; i < 9; i++) {
			pages[i] = i == bad ? pa : fake_page(i);
		}
		fake_log_clear();
		EXPECT_PANIC(text, pa, attr,
		    (void)qpmap_range_enter_list(pages, 9, attr));
		assert_int_equal(fake.kind_count[FAKE_STORE], bad);
		assert_int_equal(qpmap_held(&fake_cpu[0]), 1);
		fake.pins[0]++;
		qpmap_cpu_abandon(&fake_cpu[0]);
		fake.pins[0]--;
		fake_assert_idle();
		ranges_only(NULL);
	}
	for (unsigned int form = 0; form < 2; form++) {
		EXPECT_PANIC(text, pa, attr, (void)(form == 0 ?
		    qpmap_range_enter(pa, 1, attr) :
		    qpmap_range_enter_ro(pa, 5, attr)));
	}
}

static void
ranges_bad(void **state)
{
	qpmap_paddr_t end = (qpmap_paddr_t)1 << FAKE_PA_BITS;
	qpmap_paddr_t pages[1] = { fake_page(1) };
	struct qpmap_config config = fake_config();
	static const qpmap_attr_t none[] = { 5, 8, 16, 0x60, 0x80,
	    QPMAP_ATTR_COUNT, ~(qpmap_attr_t)0 };

	(void)state;
	config.types &= ~QPMAP_TYPE_BIT(QPMAP_ATTR_UNCACHED_MINUS);
	fake_start(&config);
	for (unsigned int type = 0; type < 4; type++) {
		ranges_bad_list(QPMAP_PANIC_ALIGN, fake_page(3) + 8,
		    ranges_types[type]);
		ranges_bad_list(QPMAP_PANIC_WIDTH, end, ranges_types[type]);
		/* The last page alone, and the end of the address space. */
		EXPECT_PANIC(QPMAP_PANIC_WIDTH, end, ranges_types[type],
		    (void)qpmap_range_enter(end - 4 * QPMAP_PAGE_SIZE, 5,
		    ranges_types[type]));
		qpmap_range_remove(qpmap_range_enter(end -
		    4 * QPMAP_PAGE_SIZE, 4, ranges_types[type]));
		EXPECT_PANIC(QPMAP_PANIC_WIDTH, -QPMAP_PAGE_SIZE,
		    ranges_types[type], (void)qpmap_range_enter(
		    -QPMAP_PAGE_SIZE, 2, ranges_types[type]));
	}
	for (unsigned int i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		EXPECT_PANIC(QPMAP_PANIC_ATTR, fake_page(1), none[i],
		    (void)qpmap_range_enter(fake_page(1), 2, none[i]));
		EXPECT_PANIC(QPMAP_PANIC_ATTR, 0, none[i],
		    (void)qpmap_range_enter_list_ro(pages, 1, none[i]));
	}
	EXPECT_PANIC(QPMAP_PANIC_TYPE, fake_page(1), 4,
	    (void)qpmap_range_enter_ro(fake_page(1), 2, 4));
	EXPECT_PANIC(QPMAP_PANIC_TYPE, 0, 4,
	    (void)qpmap_range_enter_list(pages, 1, 4));
	fake_assert_idle();
}

/* PTEs that are no run: entries alone, there is no memory. */
static void
ranges_no_run(void **state)
{
	qpmap_paddr_t pa = (1ULL << 44) - 3 * QPMAP_PAGE_SIZE;
	qpmap_vaddr_t va;

	(void)state;
	ranges_start();
	for (unsigned int count = 1; count < 9; count++) {
		va = qpmap_range_enter(pa, count, QPMAP_ATTR_WRITE_BACK);
		for (unsigned int i = 0; i < count; i++) {
			assert_int_equal(qpmap_pte_pa(fake_leaf(va +
			    i * QPMAP_PAGE_SIZE), 0),
			    pa + i * QPMAP_PAGE_SIZE);
		}
		qpmap_range_remove(va);
	}
	ranges_only(NULL);
	fake_assert_idle();
}

/* Another CPU changes the list after each load of an address. */
static qpmap_paddr_t ranges_list[6];
static void
ranges_change(void)
{
	if (fake.event_count != 0 &&
	    fake.event[fake.event_count - 1].kind == FAKE_STORE) {
		for (unsigned int i = 0; i < 6; i++) {
			ranges_list[i] = fake_page(100 + i) + 1;
		}
	}
}

/* The same after a third look at an entry: between a check and its use. */
static void
ranges_change_late(void)
{
	if (fake.kind_count[FAKE_PEEK] >= 3) {
		ranges_list[0] = fake_page(100);
	}
}

/* What is checked is what is mapped: the page before the change, or a panic. */
static void
ranges_read_once(void **state)
{
	(void)state;
	ranges_start();
	for (unsigned int i = 0; i < 6; i++) {
		ranges_list[i] = fake_page(i);
	}
	fake.irq = ranges_change_late;
	fake.irq_depth = 1;
	fake.irq_at[0] = ~0u;
	fake_log_clear();
	qpmap_range_remove(qpmap_range_enter_list(ranges_list, 1, 0));
	fake.irq = NULL;
	assert_int_equal(qpmap_pte_pa((struct qpmap_pte){
	    fake.event[fake_log_find(FAKE_STORE, 0)].what }, 0), fake_page(0));
	fake.irq = ranges_change;
	fake.irq_depth = 1;
	fake.irq_at[0] = ~0u;
	EXPECT_PANIC(QPMAP_PANIC_ALIGN, fake_page(101) + 1, 0,
	    (void)qpmap_range_enter_list(ranges_list, 6, 0));
	fake.irq = NULL;
	fake.irq_now = 0;
	assert_int_equal(qpmap_pte_pa(fake_leaf(ranges_va(0, 1)), 0),
	    fake_page(0));
	assert_int_equal(fake_leaf(ranges_va(0, 2)).bits, 0);
	fake.pins[0]++;
	qpmap_cpu_abandon(&fake_cpu[0]);
	fake.pins[0]--;
	fake_assert_idle();
	ranges_only(NULL);
}

/* The first PTE and the one before must be zero; only a mark may be there. */
static void
ranges_used(void **state)
{
	struct ranges_one range;
	struct qpmap_pte bad = { 1ULL << 20 }, mark = { QPTE_MARK };

	(void)state;
	ranges_start();
	for (unsigned int page = 0; page < 2; page++) {
		fake_host_leaf(ranges_va(0, page))->bits = bad.bits;
		EXPECT_PANIC(QPMAP_PANIC_RANGE_USED, page, bad.bits,
		    (void)qpmap_range_enter(fake_page(1), 3, 0));
		EXPECT_PANIC(QPMAP_PANIC_RANGE_USED, page, bad.bits,
		    (void)qpmap_range_enter(fake_page(1), 3, RANGES_SLOW));
		fake_host_leaf(ranges_va(0, page))->bits = 0;
	}
	fake_host_leaf(ranges_va(0, 0))->bits = mark.bits;
	EXPECT_PANIC(QPMAP_PANIC_RANGE_USED, 0, mark.bits,
	    (void)qpmap_range_enter(fake_page(1), 3, 0));
	fake_host_leaf(ranges_va(0, 0))->bits = 0;
	range = ranges_enter(1, 3, 0, 0);
	fake_host_leaf(ranges_va(0, 4))->bits = mark.bits;
	EXPECT_PANIC(QPMAP_PANIC_RANGE_USED, 4, mark.bits,
	    (void)qpmap_range_enter(fake_page(1), 3, 0));
	fake_host_leaf(ranges_va(0, 4))->bits = 0;
	ranges_remove(&range);
	fake_assert_idle();
}

/* With QPMAP_F_MARK_GUARDS the mark stays, and does not disturb. */
static void
ranges_mark(void **state)
{
	struct qpmap_config config = fake_config();
	struct ranges_one range;

	(void)state;
	config.flags = QPMAP_F_MARK_GUARDS;
	fake_start(&config);
	for (unsigned int form = 0; form < 16; form++) {
		range = ranges_enter(form, 5, ranges_types[form / 4], form % 4);
		ranges_remove(&range);
	}
	assert_int_equal(fake_leaf(ranges_va(0, 0)).bits, QPTE_MARK);
	assert_int_equal(fake_leaf(ranges_va(3, 0)).bits, QPTE_MARK);
	fake_offline_cpu(3);
	assert_int_equal(fake_leaf(ranges_va(3, 0)).bits, QPTE_MARK);
	assert_int_equal(fake_online_cpu(3, 3, fake_host_leaf(
	    fake_slot_va_at(3, 0) - QPMAP_PAGE_SIZE)), QPMAP_OK);
	fake_run_on(0);
	fake_host_leaf(ranges_va(0, 0))->bits = 0;
	if (QPMAP_CHECKED) {
		EXPECT_PANIC(QPMAP_PANIC_MARK, fake_page(1), 0,
		    (void)qpmap_range_enter(fake_page(1), 3, 0));
	}
}

/* A checked build asks for every page, in the direct map, too. */
static void
ranges_wired(void **state)
{
	struct qpmap_config config = fake_config();
	qpmap_paddr_t pages[5];

	(void)state;
	if (!QPMAP_CHECKED) {
		skip();
	}
	config.direct_va = FAKE_DIRECT_VA;
	config.direct_pa = fake_page(10);
	config.direct_size = 10 * QPMAP_PAGE_SIZE;
	fake_start(&config);
	for (unsigned int bad = 1; bad < 6; bad++) {
		fake.not_pinned = fake_page(bad);
		for (unsigned int i = 0; i < 5; i++) {
			pages[i] = fake_page(i + 1);
		}
		EXPECT_PANIC(QPMAP_PANIC_NOT_WIRED, fake.not_pinned, 0,
		    (void)qpmap_range_enter(fake_page(1), 5, 0));
		EXPECT_PANIC(QPMAP_PANIC_NOT_WIRED, fake.not_pinned, 0,
		    (void)qpmap_range_enter_list(pages, 5, 0));
		fake.pins[0]++;
		qpmap_cpu_abandon(&fake_cpu[0]);
		fake.pins[0]--;
		fake.not_pinned = fake_page(bad + 10);
		EXPECT_PANIC(QPMAP_PANIC_NOT_WIRED, fake.not_pinned, 0,
		    (void)qpmap_range_enter(fake_page(11), 5, 0));
	}
	EXPECT_PANIC(QPMAP_PANIC_RANGE_REMOVE, FAKE_DIRECT_VA + 1, 0,
	    fake.may_ask_unpinned = 1;
	    qpmap_range_remove(FAKE_DIRECT_VA + 1));
	fake_assert_idle();
}

/* Wholly inside: the direct map's address; across an edge: the area. */
static void
ranges_direct(void **state)
{
	struct qpmap_config config = fake_config();
	struct ranges_one range;
	qpmap_paddr_t pages[1] = { fake_page(12) };
	qpmap_vaddr_t va;

	(void)state;
	if (!QPMAP_DIRECT_MAP) {
		skip();
	}
	config.direct_va = FAKE_DIRECT_VA;
	config.direct_pa = fake_page(10);
	config.direct_size = 100 * QPMAP_PAGE_SIZE;
	fake_start(&config);
	for (unsigned int first = 10; first < 110; first++) {
		va = qpmap_range_enter(fake_page(first), 110 - first, 0);
		assert_int_equal(va, FAKE_DIRECT_VA +
		    (first - 10) * QPMAP_PAGE_SIZE);
		assert_int_equal(fake.pins[0], 0);
		qpmap_range_remove(va);
	}
	range = ranges_enter(9, 3, 0, 0);
	assert_int_equal(range.va, ranges_va(0, 1));
	ranges_remove(&range);
	range = ranges_enter(109, 2, 0, 0);
	assert_int_equal(range.va, ranges_va(0, 1));
	ranges_remove(&range);
	range = ranges_enter(20, 2, 0, 1);
	ranges_remove(&range);
	range = ranges_enter(20, 2, QPMAP_ATTR_WRITE_THROUGH, 0);
	ranges_remove(&range);
	va = qpmap_range_enter_list(pages, 1, 0);
	assert_int_equal(va, ranges_va(0, 1));
	qpmap_range_remove(va);
	assert_int_equal(qpmap_range_enter(fake_page(10),
	    QPMAP_RANGE_PAGES + 50, 0), 0);
	fake_assert_idle();
}

/* An interrupt: pages, and ranges of other sizes than what it interrupts. */
static void
ranges_handler(void)
{
	unsigned int base = 120 + 30 * fake.irq_now;
	unsigned int form = fake.irq_now + fake.irq_at[0] % 4;
	struct ranges_one range = { .first = base, .count = 50 };
	struct ranges_one inner;
	qpmap_vaddr_t va;

	if (qpmap_range_room() < 50) {
		range.count = (unsigned int)qpmap_range_room();
	}
	if (range.count > 2) {
		range = ranges_enter(base, range.count, ranges_types[form % 4],
		    form % 4);
		if (qpmap_range_room() >= 2) {
			inner = ranges_enter(base + 9, 2,
			    ranges_types[(form + 1) % 4], 2);
			ranges_assert_shows(&range);
			ranges_remove(&inner);
		}
		ranges_assert_shows(&range);
		ranges_remove(&range);
	}
	va = qpmap_enter(fake_page(base), QPMAP_ATTR_WRITE_BACK);
	fake_assert_shows(va, fake_page(base), QPMAP_ATTR_WRITE_BACK, 1);
	qpmap_remove(va);
}

/*
 * 1 page, 1 page: then the record of an older range is beside the claim that a
 * handler finds.
 */
static void
ranges_body(unsigned int form)
{
	struct ranges_one held[3];

	held[0] = ranges_enter(1, 1, ranges_types[form / 4], form % 4);
	held[1] = ranges_enter(2, 1, ranges_types[form / 4], form % 4);
	ranges_assert_shows(&held[0]);
	ranges_remove(&held[1]);
	held[1] = ranges_enter(3, 4, ranges_types[form / 4], (form + 2) % 4);
	held[2] = ranges_enter(8, 1, ranges_types[form / 4], form % 4);
	ranges_remove(&held[2]);
	ranges_assert_shows(&held[1]);
	ranges_remove(&held[1]);
	ranges_assert_shows(&held[0]);
	ranges_remove(&held[0]);
}

static void
ranges_sweep(unsigned int depth)
{
	unsigned int form, at, points;

	for (form = 0; form < 16; form++) {
		for (at = 0; ; at++) {
			fake.irq = ranges_handler;
			fake.irq_depth = depth;
			fake.irq_at[0] = at;
			for (unsigned int d = 1; d < depth; d++) {
				fake.irq_at[d] = (at * 7 + form) % 40;
			}
			fake.irq_point[0] = 0;
			ranges_body(form);
			points = fake.irq_point[0];
			fake.irq = NULL;
			fake_assert_idle();
			if (at >= points) {
				break;
			}
		}
		assert_true(at >= 80);
	}
	ranges_only(NULL);
}

static void
ranges_interrupt(void **state)
{
	(void)state;
	ranges_start();
	ranges_sweep(1);
}

static void
ranges_nmi(void **state)
{
	(void)state;
	ranges_start();
	ranges_sweep(2);
}

/* A thread on another CPU, at every step. */
static void
ranges_other(void)
{
	struct ranges_one range;
	unsigned int cpu = fake.cpu;

	fake_run_on(1);
	range = ranges_enter(60, 9, ranges_types[fake.irq_point[0] % 4],
	    fake.irq_point[0] % 4);
	assert_int_equal(range.va, ranges_va(1, 1));
	ranges_remove(&range);
	fake_run_on(cpu);
}

static void
ranges_other_cpu(void **state)
{
	(void)state;
	ranges_start();
	for (unsigned int form = 0; form < 16; form++) {
		fake.irq = ranges_other;
		fake.irq_depth = 1;
		fake.irq_at[0] = ~0u;
		ranges_body(form);
		fake.irq = NULL;
		fake_assert_idle();
	}
}

/* One event for all pages, of the path that the type and the flags want. */
static void
ranges_events(void **state)
{
	static const unsigned int flags[] = { 0, QPMAP_F_FLUSH_ON_MAP,
	    QPMAP_F_ERRATUM_INVLPG,
	    QPMAP_F_FLUSH_ON_MAP | QPMAP_F_ERRATUM_INVLPG };
	struct qpmap_config config = fake_config();
	struct ranges_one range;
	_Bool slow;

	(void)state;
	for (unsigned int i = 0; i < 4 * 32 * 4; i++) {
		fake_reset();
		config.flags = flags[i % 4];
		fake.slow_types = i / 4 % 32;
		fake_start(&config);
		fake.broken_invalidation =
		    (flags[i % 4] & QPMAP_F_ERRATUM_INVLPG) != 0;
		slow = flags[i % 4] != 0 ||
		    (fake.slow_types >> ranges_types[i / 128] & 1) != 0;
		fake_log_clear();
		range = ranges_enter(i % 7, i % 11 + 1, ranges_types[i / 128],
		    i / 7 % 4);
		assert_int_equal(fake.kind_count[FAKE_POST_MAP_RANGE], !slow);
		assert_int_equal(fake.kind_count[FAKE_POST_MAP_RANGE_SLOW],
		    slow);
		ranges_remove(&range);
		assert_int_equal(fake.kind_count[FAKE_PRE_UNMAP], !slow);
		assert_int_equal(fake.kind_count[FAKE_PRE_UNMAP_SLOW], slow);
		assert_int_equal(fake.kind_count[FAKE_POST_UNMAP_RANGE],
		    !slow);
		assert_int_equal(fake.kind_count[FAKE_POST_UNMAP_RANGE_SLOW],
		    slow);
		assert_int_equal(fake.kind_count[FAKE_POST_MAP] +
		    fake.kind_count[FAKE_POST_UNMAP], 0);
		assert_int_equal(fake.kind_count[FAKE_CLEAR], range.count);
		ranges_only(NULL);
	}
}

/* The unpin is the last thing that a remove does, and pins balance. */
static void
ranges_pins(void **state)
{
	struct ranges_one range;

	(void)state;
	ranges_start();
	for (unsigned int form = 0; form < 16; form++) {
		fake_log_clear();
		range = ranges_enter(1, 3, ranges_types[form / 4], form % 4);
		qpmap_range_remove(range.va);
		assert_int_equal(fake.kind_count[FAKE_PIN], 1);
		assert_int_equal(fake.kind_count[FAKE_UNPIN], 1);
		assert_int_equal(fake.event[fake.event_count - 1].kind,
		    FAKE_UNPIN);
	}
}

/* A CPU goes offline with nothing held, and its area is another's. */
static void
ranges_offline(void **state)
{
	struct ranges_one range;
	struct qpmap_pte *leaf;

	(void)state;
	ranges_start();
	leaf = fake_host_leaf(fake_slot_va_at(2, 0) - QPMAP_PAGE_SIZE);
	fake_run_on(2);
	range = ranges_enter(1, 3, 0, 0);
	EXPECT_PANIC(QPMAP_PANIC_HELD, 2, 1, qpmap_cpu_offline(&fake_cpu[2]));
	ranges_assert_shows(&range);
	ranges_remove(&range);
	/* All eight, so that every place of the stack has had an address. */
	for (unsigned int i = 0; i < QPMAP_RANGE_DEPTH; i++) {
		(void)ranges_enter(i, 2, ranges_types[i % 4], 0);
	}
	fake.pins[2]++;
	qpmap_cpu_abandon(&fake_cpu[2]);
	fake.pins[2] = 0;
	fake_plant(2, ranges_va(2, 5),
	    qpmap_pte_make(fake_page(7), QPTE_RW_BITS | 4));
	fake_offline_cpu(2);
	assert_int_equal(qpmap_held(&fake_cpu[2]), 0);
	ranges_only(NULL);
	fake.may_ask_unpinned = 1;
	assert_int_equal(qpmap_range_room(), 0);
	EXPECT_PANIC(QPMAP_PANIC_OFFLINE, fake_page(1), 0,
	    (void)qpmap_range_enter(fake_page(1), 2, 0));
	EXPECT_PANIC(QPMAP_PANIC_OFFLINE, 0, 0,
	    (void)qpmap_range_enter_list(&ranges_list[0], 2, 0));
	for (unsigned int i = 0; i < QPMAP_RANGE_PAGES; i++) {
		EXPECT_PANIC(QPMAP_PANIC_RANGE_REMOVE, ranges_va(2, i), 0,
		    qpmap_range_remove(ranges_va(2, i)));
	}
	assert_int_equal(fake_online_cpu(2, 2, leaf), QPMAP_OK);
	range = ranges_enter(1, 3, 0, 0);
	assert_int_equal(range.va, ranges_va(2, 1));
	ranges_remove(&range);
	fake_run_on(0);
	fake_assert_idle();
}

/* Abandon unmaps whatever was held, and the area can be used again. */
static void
ranges_abandon(void **state)
{
	struct ranges_one range;

	(void)state;
	ranges_start();
	for (unsigned int form = 0; form < 16; form++) {
		(void)ranges_enter(1, 3, ranges_types[form / 4], form % 4);
		(void)ranges_enter(9, 20, ranges_types[form % 4], form / 4);
		qpmap_cpu_abandon(&fake_cpu[0]);
		fake.pins[0] = 0;
		ranges_only(NULL);
		assert_int_equal(qpmap_range_room(), RANGES_MOST);
		range = ranges_enter(1, RANGES_MOST, 0, 0);
		ranges_remove(&range);
		fake_assert_idle();
	}
}

/* The configuration's address, and each CPU's entries. */
static void
ranges_refused(void **state)
{
	struct qpmap_config config = fake_config();
	struct qpmap_pte *window =
	    fake_host_leaf(FAKE_WINDOW_VA), *leaf;
	struct qpmap_cpu_ptes ptes = { .window = window };

	(void)state;
	static const qpmap_vaddr_t bad[] = {
		0, FAKE_RANGE_VA - QPMAP_PAGE_SIZE, FAKE_WINDOW_VA,
		FAKE_RANGE_VA + QPMAP_RANGE_SIZE,
		FAKE_KERNEL_VA - QPMAP_RANGE_SIZE,
		((qpmap_vaddr_t)1 << FAKE_VA_BITS) -
		    FAKE_CPUS * QPMAP_RANGE_SIZE + QPMAP_RANGE_SIZE
	};
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		config.range_va = bad[i];
		assert_int_equal(fake_init(&config), QPMAP_ERR_RANGE_AREA);
	}
	config = fake_config();
	assert_int_equal(fake_init(&config), QPMAP_OK);
	fake.pins[0]++;
	leaf = fake_host_leaf(FAKE_RANGE_VA);
	assert_int_equal(qpmap_cpu_online(&fake_cpu[0], 0, &ptes),
	    QPMAP_ERR_RANGE_LEAF);
	ptes.range = leaf + 8;
	assert_int_equal(qpmap_cpu_online(&fake_cpu[0], 0, &ptes),
	    QPMAP_ERR_RANGE_LEAF);
	ptes.range = fake_host_leaf(FAKE_RANGE_VA + QPMAP_RANGE_SIZE);
	/* Where an area is a table, all have the same places in theirs. */
	if (QPMAP_RANGE_PAGES < 1 << QPMAP_TABLE_SHIFT) {
		assert_int_equal(qpmap_cpu_online(&fake_cpu[0], 0, &ptes),
		    QPMAP_ERR_RANGE_LEAF);
	}
	ptes.range = leaf;
	for (unsigned int i = 0; i < QPMAP_RANGE_PAGES; i++) {
		leaf[i].bits = QPTE_MARK;
		assert_int_equal(qpmap_cpu_online(&fake_cpu[0], 0, &ptes),
		    QPMAP_ERR_RANGE_LEAF);
		leaf[i].bits = 0;
	}
	assert_int_equal(fake_cpu[0].index_plus_one, 0);
	assert_int_equal(qpmap_cpu_online(&fake_cpu[0], 0, &ptes), QPMAP_OK);
	fake.pins[0]--;
	qpmap_range_remove(qpmap_range_enter(fake_page(1), 2, 0));
}

/* The library builds the tables, and frees what two areas counted. */
static void
ranges_tables(void **state)
{
	struct qpmap_config config = fake_config();
	struct ranges_one range;
	unsigned int taken;

	(void)state;
	if (!QPMAP_TABLES) {
		skip();
	}
	config.flags = QPMAP_F_BUILD_TABLES | QPMAP_F_SINGLE_ROOT;
	fake_watch(FAKE_RANGE_VA - QPMAP_PAGE_SIZE, FAKE_RANGE_ALL +
	    FAKE_CPUS * (unsigned int)QPMAP_WINDOW_PAGES + 2);
	taken = fake_pool_taken();
	assert_int_equal(fake_init(&config), QPMAP_OK);
	/* Leaves for both, and the tables above, once. */
	assert_true(fake_pool_taken() <= taken + FAKE_LEVELS - 1 +
	    (FAKE_RANGE_ALL >> QPMAP_TABLE_SHIFT) + 3);
	for (unsigned int cpu = 0; cpu < FAKE_CPUS; cpu++) {
		assert_int_equal(fake_online_cpu(cpu, cpu, NULL), QPMAP_OK);
		for (unsigned int form = 0; form < 16; form++) {
			range = ranges_enter(form, RANGES_MOST,
			    ranges_types[form / 4], form % 4);
			assert_int_equal(range.va, ranges_va(cpu, 1));
			ranges_remove(&range);
		}
	}
	fake_run_on(0);
	fake_assert_idle();
	/* Something is mapped in an area, its last guard too. */
	for (unsigned int i = 0; i < 3; i++) {
		static const unsigned int page[] = { 1, QPMAP_RANGE_PAGES + 5,
		    FAKE_RANGE_ALL - 1 };

		fake_reset();
		fake_host_leaf(FAKE_RANGE_VA + page[i] *
		    QPMAP_PAGE_SIZE)->bits = 1ULL << 20;
		assert_int_equal(fake_init(&config), QPMAP_ERR_WINDOW_MAPPED);
	}
}

/* Pages of test data, and one after them. */
#define RANGES_DATA	40u

static void
ranges_fill(unsigned int first, unsigned int count, unsigned char seed)
{
	for (unsigned int i = 0; i < count * QPMAP_PAGE_SIZE; i++) {
		fake_memory(fake_page(first))[i] =
		    (unsigned char)(seed + i * 13 + (i >> QPMAP_PAGE_SHIFT));
	}
}

/* What is beside the pages is untouched. */
static void
ranges_beside(unsigned int first, unsigned int count, unsigned char seed)
{
	ranges_fill(220, 1, seed);
	assert_memory_equal(fake_memory(fake_page(first - 1)),
	    fake_memory(fake_page(220)), QPMAP_PAGE_SIZE);
	assert_memory_equal(fake_memory(fake_page(first + count)),
	    fake_memory(fake_page(220)), QPMAP_PAGE_SIZE);
}

/* Every attribute; with room, with little and with none. */
static void
ranges_zero(void **state)
{
	static const unsigned char zero[QPMAP_PAGE_SIZE];
	struct ranges_one held[QPMAP_RANGE_DEPTH];
	unsigned int count, i, room, n;

	(void)state;
	ranges_start();
	for (count = 0; count <= RANGES_DATA; count += 1 + count / 5) {
		for (room = 0; room < 12; room++) {
			for (n = 0; n < QPMAP_RANGE_DEPTH && room % 3 > 1;
			    n++) {
				held[n] = ranges_enter(n, 1, 0, 0);
			}
			for (; n == 0 && room % 3 == 1; n++) {
				held[n] = ranges_enter(n, RANGES_MOST - 6, 0,
				    0);
			}
			ranges_fill(10 - 1, 1, 3);
			ranges_fill(10, count, 5);
			ranges_fill(10 + count, 1, 3);
			qpmap_zero_range(fake_page(10), count, (room / 3 & 1 ?
			    QPMAP_ATTR_WIDTH_4 : 0u) | (room / 6 ?
			    QPMAP_ATTR_UNCACHED : QPMAP_ATTR_WRITE_BACK));
			for (i = 0; i < count; i++) {
				assert_memory_equal(fake_memory(fake_page(10 +
				    i)), zero, QPMAP_PAGE_SIZE);
			}
			ranges_beside(10, count, 3);
			for (; n > 0; n--) {
				ranges_remove(&held[n - 1]);
			}
		}
	}
	EXPECT_PANIC(QPMAP_PANIC_RANGE, -QPMAP_PAGE_SIZE, 2 * QPMAP_PAGE_SIZE,
	    qpmap_zero_range(-QPMAP_PAGE_SIZE, 2, 0));
	fake_assert_idle();
}

static void
ranges_copy(void **state)
{
	static const qpmap_attr_t attrs[] = { QPMAP_ATTR_WRITE_BACK,
	    QPMAP_ATTR_WRITE_THROUGH, QPMAP_ATTR_UNCACHED, QPMAP_ATTR_WIDTH_4 };
	struct ranges_one held[2];
	unsigned int count, form, n;

	(void)state;
	ranges_start();
	for (count = 0; count <= RANGES_DATA; count += 1 + count / 4) {
		for (form = 0; form < 48; form++) {
			for (n = 0; n < 1 && form / 16 == 1; n++) {
				held[n] = ranges_enter(n, RANGES_MOST - 8, 0,
				    0);
			}
			for (; n < 2 && form / 16 == 2; n++) {
				held[n] = ranges_enter(n, n == 0 ?
				    RANGES_MOST - 24 : 2, 0, 0);
			}
			ranges_fill(10, count, 5);
			ranges_fill(100 - 1, 1, 3);
			ranges_fill(100, count, 7);
			ranges_fill(100 + count, 1, 3);
			qpmap_copy_range(fake_page(100), attrs[form % 4],
			    fake_page(10), attrs[form / 4 % 4], count);
			ranges_fill(160, count, 5);
			assert_memory_equal(fake_memory(fake_page(100)),
			    fake_memory(fake_page(160)), (count == 0 ? 0 :
			    count * QPMAP_PAGE_SIZE));
			ranges_beside(100, count, 3);
			for (; n > 0; n--) {
				ranges_remove(&held[n - 1]);
			}
		}
	}
	EXPECT_PANIC(QPMAP_PANIC_RANGE, -QPMAP_PAGE_SIZE, 2 * QPMAP_PAGE_SIZE,
	    qpmap_copy_range(-QPMAP_PAGE_SIZE, 0, fake_page(1), 0, 2));
	EXPECT_PANIC(QPMAP_PANIC_RANGE, -QPMAP_PAGE_SIZE, 2 * QPMAP_PAGE_SIZE,
	    qpmap_copy_range(fake_page(1), 0, -QPMAP_PAGE_SIZE, 0, 2));
	fake_assert_idle();
}

/* From the stated threshold on, and page by page below, or without room. */
static void
ranges_transfer(void **state)
{
	static unsigned char buffer[RANGES_DATA * 4096 + 64];
	struct ranges_one held;
	qpmap_size_t len, offset;
	unsigned int pages, full;

	(void)state;
	ranges_start();
	for (unsigned int i = 0; i < 240; i++) {
		full = i % 3;
		offset = i * 997 % QPMAP_PAGE_SIZE;
		len = (qpmap_size_t)i * 631 % (RANGES_DATA * 4096 -
		    QPMAP_PAGE_SIZE) + 1;
		pages = (unsigned int)((offset + len + QPMAP_PAGE_MASK) >>
		    QPMAP_PAGE_SHIFT);
		if (full != 0) {
			held = ranges_enter(0, full == 1 ? RANGES_MOST :
			    RANGES_MOST - 6, 0, 0);
		}
		ranges_fill(10, RANGES_DATA, (unsigned char)i);
		memset(buffer, 0, sizeof(buffer));
		fake_log_clear();
		qpmap_read(fake_page(10) + offset, 0, buffer, len);
		if (full == 0) {
			assert_int_equal(
			    fake.kind_count[FAKE_POST_MAP_RANGE] != 0,
			    pages >= QPMAP_RANGE_WORTH);
			assert_true(fake.kind_count[FAKE_POST_MAP] <
			    QPMAP_RANGE_WORTH);
		}
		assert_memory_equal(buffer, fake_memory(fake_page(10)) +
		    offset, len);
		assert_int_equal(buffer[len], 0);
		ranges_fill(100, RANGES_DATA, 9);
		ranges_fill(160, RANGES_DATA, 9);
		memcpy(fake_memory(fake_page(160)) + offset, buffer, len);
		qpmap_write(fake_page(100) + offset, i % 2 ?
		    QPMAP_ATTR_WRITE_BACK : QPMAP_ATTR_UNCACHED, buffer, len);
		assert_memory_equal(fake_memory(fake_page(100)),
		    fake_memory(fake_page(160)), RANGES_DATA * 4096);
		if (full != 0) {
			ranges_remove(&held);
		}
	}
	fake_assert_idle();
}

/* The state in lines of its own, behind what single pages use. */
static void
ranges_lines(void **state)
{
	(void)state;
	assert_int_equal(offsetof(struct qpmap_cpu, range) % QPMAP_CACHE_LINE,
	    0);
	assert_true(offsetof(struct qpmap_cpu, range) >=
	    offsetof(struct qpmap_cpu, slot) +
	    sizeof(((struct qpmap_cpu *)0)->slot));
	assert_int_equal(sizeof(struct qpmap_cpu) - sizeof(struct
	    qpmap_cpu_range), offsetof(struct qpmap_cpu, range));
}

const struct CMUnitTest ranges_tests[] = {
	FAKE_TEST("unit/B15/pages", ranges_pages),
	FAKE_TEST("unit/B15/room", ranges_room),
	FAKE_TEST("unit/B15/depth", ranges_depth),
	FAKE_TEST("unit/B15/wrong remove", ranges_wrong_remove),
	FAKE_TEST("unit/B15/bad pages", ranges_bad),
	FAKE_TEST("unit/B15/no run", ranges_no_run),
	FAKE_TEST("unit/B15/list is read once", ranges_read_once),
	FAKE_TEST("unit/B15/entries in use", ranges_used),
	FAKE_TEST("unit/B15/marked guards", ranges_mark),
	FAKE_TEST("unit/B15/pages not wired", ranges_wired),
	FAKE_TEST("unit/B15/direct map", ranges_direct),
	FAKE_TEST("unit/B15/pins", ranges_pins),
	FAKE_TEST("unit/B15/offline", ranges_offline),
	FAKE_TEST("unit/B15/abandon", ranges_abandon),
	FAKE_TEST("unit/B15/configuration", ranges_refused),
	FAKE_TEST("unit/B15/tables", ranges_tables),
	FAKE_TEST("unit/B15/cache lines", ranges_lines),
	FAKE_TEST("unit/B15/zero", ranges_zero),
	FAKE_TEST("unit/B15/copy", ranges_copy),
	FAKE_TEST("unit/B15/read and write", ranges_transfer),
	FAKE_TEST("unit/B16/interrupt", ranges_interrupt),
	FAKE_TEST("unit/B16/NMI in interrupt", ranges_nmi),
	FAKE_TEST("unit/B16/other CPU", ranges_other_cpu),
	FAKE_TEST("unit/B17/events", ranges_events),
};
const size_t ranges_count = sizeof(ranges_tests) / sizeof(ranges_tests[0]);

#endif /* QPMAP_RANGE_PAGES */
