/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The contract's clauses, as far as the core decides them.
 */
#include <qpmap/panic.h>
#include <qpmap/pmap.h>

#include "machine.h"
#include "tests.h"

#define CONTRACT_DEEP	(QPMAP_SLOTS >= 2)

static const unsigned int contract_types[] = {
	QPMAP_ATTR_WRITE_BACK, QPMAP_ATTR_WRITE_THROUGH,
	    QPMAP_ATTR_WRITE_COMBINING,
	QPMAP_ATTR_UNCACHED, QPMAP_ATTR_UNCACHED_MINUS
};

/* Five types, alone, private or shared; x86's PWT and PCD are none. */
static _Bool
contract_is_attribute(qpmap_attr_t attr)
{
	return (attr < 5 || (attr >= 32 && attr < 37) ||
	    (attr >= 64 && attr < 69));
}

static void
contract_start(void)
{
	struct qpmap_config config = fake_config();

	fake_start(&config);
}

static qpmap_vaddr_t
contract_enter(qpmap_paddr_t pa, qpmap_attr_t attr, _Bool writable)
{
	return (writable ? qpmap_enter(pa, attr) : qpmap_enter_ro(pa, attr));
}

/* Every page of the windows but those in shown[] faults on this CPU. */
static void
contract_only(const qpmap_vaddr_t *shown, unsigned int count)
{
	qpmap_vaddr_t va = qpmap_state.window_va;
	qpmap_vaddr_t end = va + FAKE_CPUS * QPMAP_WINDOW_SIZE +
	    QPMAP_PAGE_SIZE;
	unsigned int i;

	for (va -= QPMAP_PAGE_SIZE; va != end; va += QPMAP_PAGE_SIZE) {
		for (i = 0; i < count && shown[i] != va; i++) {
		}
		if (i == count) {
			fake_assert_absent(va);
		}
	}
}

static void
contract_c1_page(void **state)
{
	qpmap_vaddr_t va;

	(void)state;
	contract_start();
	for (unsigned int n = 0; n < FAKE_DATA_PAGES; n++) {
		va = qpmap_enter(fake_page(n), QPMAP_ATTR_WRITE_BACK);
		assert_int_equal(va, fake_slot_va_at(0, 0));
		fake_assert_shows(va, fake_page(n), QPMAP_ATTR_WRITE_BACK, 1);
		contract_only(&va, 1);
		*(volatile uint32_t *)(va + 4 * n) = n ^ 0xfeedu;
		assert_int_equal(*(uint32_t *)(void *)
		    (fake_memory(fake_page(n)) + 4 * n), n ^ 0xfeedu);
		assert_int_equal(*(volatile uint32_t *)(va + 4 * n),
		    n ^ 0xfeedu);
		qpmap_remove(va);
	}
	fake_assert_idle();
}

static void
contract_c1_names(void **state)
{
	struct qpmap_page page = { fake_page(3), QPMAP_ATTR_UNCACHED };
	qpmap_vaddr_t va;

	(void)state;
	contract_start();
	va = pmap_quick_enter_page(&page);
	fake_assert_shows(va, fake_page(3), QPMAP_ATTR_UNCACHED, 1);
	assert_int_equal(qpmap_held(&fake_cpu[0]), 1);
	pmap_quick_remove_page(va);
	fake_assert_absent(va);
	fake_assert_idle();
}

static void
contract_c1_highest(void **state)
{
	qpmap_paddr_t last = ((qpmap_paddr_t)1 << FAKE_PA_BITS) -
	    QPMAP_PAGE_SIZE;
	qpmap_vaddr_t va;

	(void)state;
	contract_start();
	va = qpmap_enter(last, QPMAP_ATTR_WRITE_BACK);
	fake_assert_shows(va, last, QPMAP_ATTR_WRITE_BACK, 1);
	qpmap_remove(va);
	va = qpmap_enter(0, QPMAP_ATTR_WRITE_BACK);
	fake_assert_shows(va, 0, QPMAP_ATTR_WRITE_BACK, 1);
	qpmap_remove(va);
	fake_assert_idle();
}

static void
contract_c2_fault(void **state)
{
	qpmap_vaddr_t va;

	(void)state;
	contract_start();
	for (unsigned int i = 0; i < 5; i++) {
		va = qpmap_enter(fake_page(i), contract_types[i]);
		assert_int_equal(*(volatile unsigned char *)va, 0);
		qpmap_remove(va);
		fake_assert_absent(va);
		assert_int_equal(fake_leaf(va).bits, 0);
		EXPECT_FAULT(va, (void)*(volatile unsigned char *)va);
		EXPECT_FAULT(va + 5, *(volatile unsigned char *)(va + 5) = 1);
	}
	contract_only(NULL, 0);
}

static void
contract_c2_turn(void **state)
{
	qpmap_paddr_t pa;
	qpmap_vaddr_t va;

	(void)state;
	contract_start();
	for (unsigned int i = 0; i < 10000; i++) {
		pa = (qpmap_paddr_t)(i * 7919u % 10007u) << QPMAP_PAGE_SHIFT;
		va = contract_enter(pa, contract_types[i % 5], i & 1);
		assert_int_equal(va, fake_slot_va_at(0, 0));
		fake_assert_shows(va, pa, contract_types[i % 5], i & 1);
		qpmap_remove(va);
		fake_assert_absent(va);
	}
	fake_assert_idle();
}

static void
contract_c3_balance(void **state)
{
	qpmap_vaddr_t va[QPMAP_SLOTS];
	unsigned int i, n;

	(void)state;
	contract_start();
	for (i = 0; i < 10; i++) {
		for (n = 0; n < QPMAP_SLOTS; n++) {
			assert_int_equal(fake.pins[0], n);
			va[n] = contract_enter(fake_page(n),
			    contract_types[i % 5], i < 5);
			assert_int_equal(fake.pins[0], n + 1);
		}
		for (; n > 0; n--) {
			assert_int_equal(fake.pins[0], n);
			qpmap_remove(va[n - 1]);
		}
		assert_int_equal(fake.pins[0], 0);
	}
	fake_log_clear();
	qpmap_remove(qpmap_enter(fake_page(0), QPMAP_ATTR_WRITE_BACK));
	assert_int_equal(fake.kind_count[FAKE_PIN], 1);
	assert_int_equal(fake.kind_count[FAKE_UNPIN], 1);
	assert_int_equal(fake_log_find(FAKE_PIN, 0), QPMAP_CHECKED);
	assert_int_equal(fake.event[fake.event_count - 1].kind, FAKE_UNPIN);
}

/* Another thread, let in by the unpin: it enters a page and keeps it. */
static qpmap_vaddr_t contract_other_va;
static void
contract_other_thread(void)
{
	if (contract_other_va == 0 && fake.kind_count[FAKE_UNPIN] == 1) {
		contract_other_va = qpmap_enter(fake_page(9), 0);
	}
}

static void
contract_c3_last(unsigned int type)
{
	qpmap_vaddr_t va;

	fake_log_clear();
	contract_other_va = 0;
	va = qpmap_enter(fake_page(1), type);
	fake.irq = contract_other_thread;
	fake.irq_depth = 1;
	fake.irq_at[0] = ~0u;
	qpmap_remove(va);
	fake.irq = NULL;
	assert_int_not_equal(contract_other_va, 0);
	assert_int_equal(qpmap_held(&fake_cpu[0]), 1);
	fake_assert_shows(contract_other_va, fake_page(9), 0, 1);
	qpmap_remove(contract_other_va);
	fake_assert_idle();
}

/* The unpin is the last thing that a remove does. */
static void
contract_c3_preempted(void **state)
{
	(void)state;
	contract_start();
	contract_c3_last(QPMAP_ATTR_WRITE_BACK);
	contract_c3_last(QPMAP_ATTR_UNCACHED);
}

static void
contract_c3_migrates(void **state)
{
	unsigned int seen = 0;
	qpmap_vaddr_t va;
	unsigned int cpu;

	(void)state;
	contract_start();
	fake.migrate_seed = 7;
	for (unsigned int i = 0; i < 300; i++) {
		va = qpmap_enter(fake_page(i % FAKE_DATA_PAGES),
		    contract_types[i % 5]);
		cpu = fake.cpu;
		seen |= 1u << cpu;
		assert_int_equal(va, fake_slot_va_at(cpu, 0));
		assert_int_equal(fake.pins[cpu], 1);
		assert_int_equal(qpmap_held(&fake_cpu[cpu]), 1);
		fake_assert_shows(va, fake_page(i % FAKE_DATA_PAGES),
		    contract_types[i % 5], 1);
		qpmap_remove(va);
		fake_assert_idle();
	}
	assert_int_equal(seen, (1u << FAKE_CPUS) - 1);
}

/* The same events, whatever the CPU and the depth: no loop over anything. */
static void
contract_c4_constant(void **state)
{
	qpmap_vaddr_t va[QPMAP_SLOTS];
	unsigned int cpu, n, enter = 0, leave = 0;

	(void)state;
	contract_start();
	for (cpu = 0; cpu < FAKE_CPUS; cpu++) {
		fake_run_on(cpu);
		for (n = 0; n < QPMAP_SLOTS; n++) {
			fake_log_clear();
			va[n] = qpmap_enter(fake_page(n),
			    QPMAP_ATTR_WRITE_BACK);
			if (cpu == 0 && n == 0) {
				enter = fake.event_count;
			}
			assert_int_equal(fake.event_count, enter);
		}
		for (; n > 0; n--) {
			fake_log_clear();
			qpmap_remove(va[n - 1]);
			if (cpu == 0 && n == QPMAP_SLOTS) {
				leave = fake.event_count;
			}
			assert_int_equal(fake.event_count, leave);
		}
	}
	/* pin, peek, fill, filled; cpu, emptying, clear, emptied, unpin. */
	assert_int_equal(enter, 4 + QPMAP_CHECKED);
	assert_int_equal(leave, 5);
}

/* Every attribute, both protections, every slot. */
static void
contract_c5_all(void **state)
{
	qpmap_vaddr_t va[QPMAP_SLOTS];
	unsigned int attr, ro, n;

	(void)state;
	contract_start();
	for (attr = 0; attr < QPMAP_ATTR_COUNT; attr++) {
		if (!contract_is_attribute(attr)) {
			continue;
		}
		for (ro = 0; ro < 2; ro++) {
			for (n = 0; n < QPMAP_SLOTS; n++) {
				va[n] = contract_enter(fake_page(n + attr),
				    attr, !ro);
				assert_int_equal(va[n], fake_slot_va_at(0, n));
			}
			for (n = 0; n < QPMAP_SLOTS; n++) {
				fake_assert_shows(va[n], fake_page(n + attr),
				    attr & 7, !ro);
			}
			contract_only(va, QPMAP_SLOTS);
			for (; n > 0; n--) {
				qpmap_remove(va[n - 1]);
			}
			contract_only(NULL, 0);
		}
	}
	fake_assert_idle();
}

/* What the configuration says is enforced, and 0 means every slot. */
static void
contract_c5_nesting(void **state)
{
	struct qpmap_config config = fake_config();
	qpmap_vaddr_t va[QPMAP_SLOTS];
	unsigned int nesting, n, i;

	(void)state;
	for (nesting = 0; nesting <= QPMAP_SLOTS; nesting++) {
		unsigned int most = nesting != 0 ? nesting : QPMAP_SLOTS;

		fake_reset();
		config.nesting = nesting;
		fake_start(&config);
		for (n = 0; n < most; n++) {
			va[n] = contract_enter(fake_page(n),
			    contract_types[n % 5], n & 1);
			assert_int_equal(va[n], fake_slot_va_at(0, n));
		}
		for (i = 0; i < 5; i++) {
			EXPECT_PANIC(most == 1 ? QPMAP_PANIC_NESTED :
			    QPMAP_PANIC_FULL, fake_page(20),
			    fake_page(n - 1), (void)qpmap_enter(fake_page(20),
			    contract_types[i]));
		}
		contract_only(va, most);
		assert_int_equal(qpmap_held(&fake_cpu[0]), most);
		assert_int_equal(qpmap_selftest(fake_page(8), fake_page(9)),
		    6);
		qpmap_cpu_abandon(&fake_cpu[0]);
		fake.pins[0] = 0;
		contract_only(NULL, 0);
		assert_int_equal(qpmap_selftest(fake_page(8), fake_page(9)),
		    most < 2 ? 6 : 0);
		fake_assert_idle();
	}
}

static void
contract_c5_one_more(void **state)
{
	const char *text = QPMAP_SLOTS == 1 ? QPMAP_PANIC_NESTED :
	    QPMAP_PANIC_FULL;
	qpmap_vaddr_t va[QPMAP_SLOTS];
	unsigned int attr, n;

	(void)state;
	contract_start();
	for (n = 0; n < QPMAP_SLOTS; n++) {
		va[n] = contract_enter(fake_page(n), contract_types[n % 5],
		    n & 1);
	}
	for (attr = 0; attr < 5; attr++) {
		EXPECT_PANIC(text, fake_page(20), fake_page(n - 1),
		    (void)qpmap_enter(fake_page(20), attr));
		EXPECT_PANIC(text, fake_page(20), fake_page(n - 1),
		    (void)qpmap_enter_ro(fake_page(20), attr));
	}
	/* A refusal changes nothing. */
	for (n = 0; n < QPMAP_SLOTS; n++) {
		fake_assert_shows(va[n], fake_page(n), contract_types[n % 5],
		    n & 1);
	}
	assert_int_equal(qpmap_held(&fake_cpu[0]), QPMAP_SLOTS);
	for (; n > 0; n--) {
		qpmap_remove(va[n - 1]);
	}
	fake_assert_idle();
}

/* With sharing bits in the entries, the numbers are still addresses. */
static void
contract_c5_one_more_global(void **state)
{
	struct qpmap_config config = fake_config();
	qpmap_vaddr_t va[QPMAP_SLOTS];
	unsigned int n;

	(void)state;
	config.shared_mask = 1ULL << (47 + QPTE_PA_SHIFT);
	fake_start(&config);
	for (n = 0; n < QPMAP_SLOTS; n++) {
		va[n] = qpmap_enter(fake_page(n), QPMAP_ATTR_SHARED);
		assert_true((fake_leaf(va[n]).bits & config.shared_mask) != 0);
	}
	EXPECT_PANIC(QPMAP_SLOTS == 1 ? QPMAP_PANIC_NESTED :
	    QPMAP_PANIC_FULL, fake_page(20), fake_page(n - 1),
	    (void)qpmap_enter(fake_page(20), 0));
	for (; n > 0; n--) {
		qpmap_remove(va[n - 1]);
	}
}

static void
contract_c6_one(void **state)
{
	qpmap_vaddr_t va;

	(void)state;
	if (QPMAP_SLOTS != 1) {
		skip();
	}
	contract_start();
	va = qpmap_enter(fake_page(1), 0);
	EXPECT_PANIC(QPMAP_PANIC_NESTED, fake_page(2), fake_page(1),
	    (void)qpmap_enter(fake_page(2), 0));
	qpmap_remove(va);
	va = qpmap_enter(fake_page(2), 0);
	fake_assert_shows(va, fake_page(2), 0, 1);
	qpmap_remove(va);
}

/* Pinned already, as with a spin lock held: the counts nest. */
static void
contract_c7_locked(void **state)
{
	qpmap_vaddr_t va;

	(void)state;
	contract_start();
	fake.pins[0] = 3;
	fake.migrate_seed = 5;
	for (unsigned int i = 0; i < 5; i++) {
		va = qpmap_enter(fake_page(i), contract_types[i]);
		assert_int_equal(fake.pins[0], 4);
		qpmap_remove(va);
		assert_int_equal(fake.pins[0], 3);
	}
	fake.pins[0] = 0;
}

static void
contract_c8_held(void **state)
{
	qpmap_vaddr_t va[QPMAP_SLOTS];
	unsigned int n;

	(void)state;
	assert_int_equal(qpmap_held(&fake_cpu[0]), 0);
	contract_start();
	for (n = 0; n < QPMAP_SLOTS; n++) {
		assert_int_equal(qpmap_held(&fake_cpu[0]), n);
		va[n] = qpmap_enter(fake_page(n), contract_types[n % 5]);
	}
	assert_int_equal(qpmap_held(&fake_cpu[0]), n);
	assert_int_equal(qpmap_held(&fake_cpu[1]), 0);
	for (; n > 0; n--) {
		qpmap_remove(va[n - 1]);
		assert_int_equal(qpmap_held(&fake_cpu[0]), n - 1);
	}
	fake_offline_cpu(2);
	assert_int_equal(qpmap_held(&fake_cpu[2]), 0);
}

static void
contract_c9_pinned(void **state)
{
	struct qpmap_config config = fake_config();
	qpmap_attr_t attr;

	(void)state;
	config.direct_va = QPMAP_DIRECT_MAP ? FAKE_DIRECT_VA : 0;
	config.direct_pa = QPMAP_DIRECT_MAP ? fake_page(10) : 0;
	config.direct_size = QPMAP_DIRECT_MAP ? 4 * QPMAP_PAGE_SIZE : 0;
	fake_start(&config);
	fake.not_pinned = fake_page(4);
	for (unsigned int i = 0; i < 5; i++) {
		attr = contract_types[i];
		fake_log_clear();
		if (!QPMAP_CHECKED) {
			qpmap_remove(qpmap_enter(fake.not_pinned, attr));
			assert_int_equal(fake.kind_count[FAKE_PINNED], 0);
			continue;
		}
		EXPECT_PANIC(QPMAP_PANIC_NOT_WIRED, fake_page(4), attr,
		    (void)qpmap_enter(fake_page(4), attr));
		EXPECT_PANIC(QPMAP_PANIC_NOT_WIRED, fake_page(4), attr,
		    (void)qpmap_enter_ro(fake_page(4), attr));
		assert_int_equal(fake.kind_count[FAKE_PINNED], 2);
		assert_int_equal(fake.kind_count[FAKE_PIN], 0);
		assert_int_equal(fake.kind_count[FAKE_STORE], 0);
		qpmap_remove(qpmap_enter(fake_page(5), attr));
		qpmap_remove(qpmap_enter_ro(fake_page(5), attr));
		assert_int_equal(fake.kind_count[FAKE_PINNED], 4);
	}
	/* Pages in the direct map are asked about, too. */
	fake.not_pinned = fake_page(11);
	if (QPMAP_CHECKED && QPMAP_DIRECT_MAP) {
		EXPECT_PANIC(QPMAP_PANIC_NOT_WIRED, fake_page(11), 0,
		    (void)qpmap_enter(fake_page(11), 0));
	}
	fake_assert_idle();
}

static void
contract_c10_types(void **state)
{
	struct qpmap_config config = fake_config();
	qpmap_ptebits_t bits;
	unsigned int attr;
	qpmap_vaddr_t va;

	(void)state;
	fake_start(&config);
	for (attr = 0; attr < 5; attr++) {
		va = qpmap_enter(fake_page(1), attr);
		bits = QPTE_RW_BITS | (attr + 1) << QPTE_TYPE_SHIFT |
		    fake_page(1) << QPTE_PA_SHIFT;
		assert_int_equal(fake_leaf(va).bits, bits);
		qpmap_remove(va);
		va = qpmap_enter_ro(fake_page(1), attr);
		assert_int_equal(fake_leaf(va).bits, bits & ~QPTE_W);
		qpmap_remove(va);
	}
}

/* Private and shared pages of confidential guests. */
static void
contract_c10_sharing(void **state)
{
	static const qpmap_attr_t said[] = { 0, QPMAP_ATTR_PRIVATE,
	    QPMAP_ATTR_SHARED };
	uint64_t mask = 1ULL << (47 + QPTE_PA_SHIFT);
	struct qpmap_config config = fake_config();
	_Bool shared, private_mask, set;
	unsigned int type, i;
	qpmap_vaddr_t va;

	(void)state;
	for (private_mask = 0; ; private_mask = 1) {
		config.private_mask = private_mask ? mask : 0;
		config.shared_mask = private_mask ? 0 : mask;
		fake_start(&config);
		for (i = 0; i < 15; i++) {
			type = i % 5;
			shared = said[i / 5] == QPMAP_ATTR_SHARED ||
			    (i < 5 && type >= QPMAP_ATTR_UNCACHED);
			set = shared != private_mask;
			va = contract_enter(fake_page(2), type | said[i / 5],
			    i & 1);
			assert_int_equal(fake_leaf(va).bits & mask,
			    set ? mask : 0);
			fake_assert_shows(va, fake_page(2), type, i & 1);
			qpmap_remove(va);
		}
		if (private_mask) {
			break;
		}
		fake_reset();
	}
}

/* A type that was not asked for is refused, with and without sharing. */
static void
contract_c10_not_asked(void **state)
{
	struct qpmap_config config = fake_config();
	unsigned int types, attr;

	(void)state;
	for (types = 0; types < 32; types++) {
		fake_reset();
		config.types = types;
		fake_start(&config);
		for (attr = 0; attr < QPMAP_ATTR_COUNT; attr++) {
			if (!contract_is_attribute(attr)) {
				continue;
			}
			if (((types | 1) >> (attr & 7) & 1) != 0) {
				qpmap_remove(qpmap_enter(fake_page(0), attr));
				qpmap_remove(qpmap_enter_ro(fake_page(0),
				    attr));
				continue;
			}
			EXPECT_PANIC(QPMAP_PANIC_TYPE, fake_page(0), attr,
			    (void)qpmap_enter(fake_page(0), attr));
			EXPECT_PANIC(QPMAP_PANIC_TYPE, fake_page(0), attr,
			    (void)qpmap_enter_ro(fake_page(0), attr));
		}
		fake_assert_idle();
	}
}

static void
contract_no_attribute(void **state)
{
	static const qpmap_attr_t bad[] = {
		256, 1u << 16, 1u << 31, (qpmap_attr_t)1 << 32,
		~(qpmap_attr_t)0
	};

	(void)state;
	contract_start();
	for (unsigned int i = 0; i < 5; i++) {
		EXPECT_PANIC(QPMAP_PANIC_ATTR, fake_page(0), bad[i],
		    (void)qpmap_enter(fake_page(0), bad[i]));
		EXPECT_PANIC(QPMAP_PANIC_ATTR, fake_page(0), bad[i],
		    (void)qpmap_enter_ro(fake_page(0), bad[i]));
	}
	for (qpmap_attr_t attr = 0; attr < 256; attr++) {
		if (contract_is_attribute(attr)) {
			continue;
		}
		EXPECT_PANIC(QPMAP_PANIC_ATTR, fake_page(0), attr,
		    (void)qpmap_enter(fake_page(0), attr));
		EXPECT_PANIC(QPMAP_PANIC_ATTR, fake_page(0), attr,
		    (void)qpmap_enter_ro(fake_page(0), attr));
	}
	fake_assert_idle();
}

static void
contract_bad_address(void **state)
{
	qpmap_paddr_t pa;
	unsigned int type, bit;

	(void)state;
	contract_start();
	for (type = 0; type < 5; type++) {
		for (bit = 0; bit < 64; bit++) {
			pa = (qpmap_paddr_t)1 << bit;
			if (bit >= QPMAP_PAGE_SHIFT && bit < FAKE_PA_BITS) {
				qpmap_remove(qpmap_enter(pa, type));
				continue;
			}
			EXPECT_PANIC(bit < QPMAP_PAGE_SHIFT ?
			    QPMAP_PANIC_ALIGN : QPMAP_PANIC_WIDTH, pa, type,
			    (void)qpmap_enter(pa, type));
			EXPECT_PANIC(bit < QPMAP_PAGE_SHIFT ?
			    QPMAP_PANIC_ALIGN : QPMAP_PANIC_WIDTH, pa, type,
			    (void)qpmap_enter_ro(pa, type));
		}
	}
	assert_int_equal(fake.kind_count[FAKE_STORE],
	    5 * (FAKE_PA_BITS - QPMAP_PAGE_SHIFT));
	fake_assert_idle();
}

/* Somebody wrote into the window: found, named, and nothing claimed. */
static void
contract_dirty_slot(void **state)
{
	struct qpmap_pte *ptep;

	(void)state;
	contract_start();
	ptep = fake_host_leaf(fake_slot_va_at(0, 0));
	ptep->bits = 0x1234;
	for (unsigned int type = 0; type < 5; type++) {
		EXPECT_PANIC(QPMAP_PANIC_PTE_USED, fake_page(1), 0x1234,
		    (void)qpmap_enter(fake_page(1), type));
		EXPECT_PANIC(QPMAP_PANIC_PTE_USED, fake_page(1), 0x1234,
		    (void)qpmap_enter_ro(fake_page(1), type));
	}
	assert_int_equal(ptep->bits, 0x1234);
	ptep->bits = 0;
	fake_assert_idle();
	qpmap_remove(qpmap_enter(fake_page(1), 0));
}

static void
contract_b1_nesting(void **state)
{
	qpmap_vaddr_t va[QPMAP_SLOTS];
	unsigned int cpu, n;

	(void)state;
	contract_start();
	for (cpu = 0; cpu < FAKE_CPUS; cpu++) {
		fake_run_on(cpu);
		fake_shootdown();	/* of what it saw of the others' */
		for (n = 0; n < QPMAP_SLOTS; n++) {
			va[n] = contract_enter(fake_page(cpu * 16 + n),
			    contract_types[(n + cpu) % 5], n & 1);
			for (unsigned int k = 0; k <= n; k++) {
				fake_assert_shows(va[k],
				    fake_page(cpu * 16 + k),
				    contract_types[(k + cpu) % 5], k & 1);
			}
		}
		for (; n > 0; n--) {
			qpmap_remove(va[n - 1]);
			contract_only(va, n - 1);
		}
	}
	fake_assert_idle();
}

/* An address that must be refused, with newest the newest mapping. */
static void
contract_refuse(qpmap_vaddr_t va, qpmap_vaddr_t newest)
{
	EXPECT_PANIC(QPMAP_PANIC_REMOVE, va, newest, qpmap_remove(va));
}

/* Addresses that no enter has returned. */
static void
contract_b1_foreign_of(qpmap_vaddr_t newest)
{
	qpmap_vaddr_t va = qpmap_state.window_va - QPMAP_PAGE_SIZE;
	qpmap_vaddr_t end = va + (FAKE_CPUS * QPMAP_WINDOW_PAGES + 3) *
	    QPMAP_PAGE_SIZE;

	for (; va != end; va += QPMAP_PAGE_SIZE) {
		if (va != newest) {
			contract_refuse(va, newest);
		}
		contract_refuse(va + 1, newest);
		contract_refuse(va + QPMAP_PAGE_MASK, newest);
	}
	contract_refuse(0, newest);
	contract_refuse(1, newest);
	contract_refuse(~(qpmap_vaddr_t)0, newest);
	contract_refuse(FAKE_DIRECT_VA, newest);
	for (unsigned int n = 0; n < QPMAP_SLOTS; n++) {
		contract_refuse(~fake_slot_va_at(0, n), newest);
	}
}

static void
contract_b1_foreign(void **state)
{
	qpmap_vaddr_t va;

	(void)state;
	contract_start();
	fake.may_ask_unpinned = 1;
	contract_b1_foreign_of(0);
	for (unsigned int i = 0; i < 5; i++) {
		va = qpmap_enter(fake_page(i), contract_types[i]);
		contract_b1_foreign_of(va);
		fake_assert_shows(va, fake_page(i), contract_types[i], 1);
		qpmap_remove(va);
	}
	contract_b1_foreign_of(0);
	assert_int_equal(fake.kind_count[FAKE_CLEAR], 5);
	fake_assert_idle();
}

static void
contract_b1_order(void **state)
{
	qpmap_vaddr_t va[QPMAP_SLOTS];
	unsigned int n, k;

	(void)state;
	if (!CONTRACT_DEEP) {
		skip();
	}
	contract_start();
	for (unsigned int i = 0; i < 5; i++) {
		for (n = 0; n < QPMAP_SLOTS; n++) {
			va[n] = qpmap_enter(fake_page(n),
			    contract_types[(n + i) % 5]);
		}
		for (; n > 0; n--) {
			for (k = 0; k < QPMAP_SLOTS; k++) {
				if (k != n - 1) {
					contract_refuse(va[k], va[n - 1]);
				}
			}
			qpmap_remove(va[n - 1]);
		}
		fake_assert_idle();
	}
}

static void
contract_b1_twice(void **state)
{
	qpmap_vaddr_t va;

	(void)state;
	contract_start();
	fake.may_ask_unpinned = 1;
	for (unsigned int i = 0; i < 5; i++) {
		va = qpmap_enter(fake_page(i), contract_types[i]);
		qpmap_remove(va);
		contract_refuse(va, 0);
		contract_refuse(va, 0);
	}
	fake_assert_idle();
	va = qpmap_enter(fake_page(0), 0);
	fake_assert_shows(va, fake_page(0), 0, 1);
	qpmap_remove(va);
}

static void
contract_b1_other_cpu(void **state)
{
	qpmap_vaddr_t va, other;

	(void)state;
	contract_start();
	fake.may_ask_unpinned = 1;
	for (unsigned int i = 0; i < 5; i++) {
		fake_run_on(0);
		va = qpmap_enter(fake_page(i), contract_types[i]);
		fake_run_on(1);
		contract_refuse(va, 0);
		other = qpmap_enter(fake_page(i + 8), contract_types[i]);
		contract_refuse(va, other);
		qpmap_remove(other);
		fake_run_on(0);
		fake_assert_shows(va, fake_page(i), contract_types[i], 1);
		qpmap_remove(va);
	}
	fake_assert_idle();
}

/*
 * The address that the library itself puts where a slot's would be: in the
 * sentinels, and in the slot of a slow-path mapping.
 */
static void
contract_b1_sentinel(void **state)
{
	qpmap_vaddr_t special, va;

	(void)state;
	contract_start();
	fake.pins[0] = 1;
	EXPECT_PANIC(QPMAP_PANIC_REMOVE, fake_cpu[0].slot[0].va, 0,
	    qpmap_remove(fake_cpu[0].slot[0].va));
	fake.pins[0] = 0;
	va = qpmap_enter(fake_page(0), QPMAP_ATTR_WRITE_COMBINING);
	special = fake_cpu[0].slot[1].va;
	assert_int_not_equal(special, va);
	EXPECT_PANIC(QPMAP_PANIC_REMOVE, special, va, qpmap_remove(special));
	qpmap_remove(va);
	fake_assert_idle();
}

/* On a CPU that is offline nothing is a slot's address. */
static void
contract_b1_sentinel_offline(void **state)
{
	(void)state;
	contract_start();
	fake_offline_cpu(0);
	fake.may_ask_unpinned = 1;
	for (unsigned int i = 0; i <= QPMAP_SLOTS + 1; i++) {
		EXPECT_PANIC(QPMAP_PANIC_REMOVE, fake_cpu[0].slot[i].va, 0,
		    qpmap_remove(fake_cpu[0].slot[i].va));
	}
	/* Two pages below the sentinels' address, and below none. */
	contract_refuse(-(qpmap_vaddr_t)(2 * QPMAP_PAGE_SIZE), 0);
	contract_refuse(2 * QPMAP_PAGE_SIZE, 0);
	for (unsigned int i = 0; i < 5; i++) {
		EXPECT_PANIC(QPMAP_PANIC_OFFLINE, fake_page(0), 0,
		    (void)qpmap_enter(fake_page(0), contract_types[i]));
	}
	assert_int_equal(fake.kind_count[FAKE_STORE], 0);
}

/*
 * A state that was never online, or that online refused: enter and remove
 * panic, and nothing is read or written by way of address 0.
 */
static void
contract_b1_never_online(void **state)
{
	struct qpmap_pte *leaf;

	(void)state;
	contract_start();
	leaf = fake_host_leaf(fake_slot_va_at(1, 0) - QPMAP_PAGE_SIZE);
	fake_run_on(1);
	fake_offline_cpu(1);
	memset(&fake_cpu[1], 0, sizeof(fake_cpu[1]));
	fake.may_ask_unpinned = 1;
	for (unsigned int refused = 0; refused < 2; refused++) {
		for (unsigned int i = 0; i < 5; i++) {
			EXPECT_PANIC(QPMAP_PANIC_OFFLINE, fake_page(0), 0,
			    (void)qpmap_enter(fake_page(0),
			    contract_types[i]));
			EXPECT_PANIC(QPMAP_PANIC_OFFLINE, fake_page(0), 0,
			    (void)qpmap_enter_ro(fake_page(0),
			    contract_types[i]));
		}
		contract_refuse(fake_slot_va_at(1, 0), 0);
		contract_refuse(0, 0);
		EXPECT_PANIC(QPMAP_PANIC_NOT_ONLINE, 0, 0,
		    qpmap_cpu_offline(&fake_cpu[1]));
		EXPECT_PANIC(QPMAP_PANIC_NOT_ONLINE, 0, 0,
		    qpmap_cpu_abandon(&fake_cpu[1]));
		assert_int_equal(qpmap_held(&fake_cpu[1]), 0);
		assert_int_equal(fake_online_cpu(1, 1, leaf + 1),
		    QPMAP_ERR_LEAF_ALIGN);
	}
	assert_int_equal(fake.kind_count[FAKE_STORE], 0);
	assert_int_equal(fake_online_cpu(1, 1, leaf), QPMAP_OK);
	qpmap_remove(qpmap_enter(fake_page(1), 0));
}

static void
contract_b1_abandon(void **state)
{
	qpmap_vaddr_t va[QPMAP_SLOTS];
	unsigned int i, n, held;

	(void)state;
	contract_start();
	for (i = 0; i < 5; i++) {
		for (held = 0; held <= QPMAP_SLOTS; held++) {
			for (n = 0; n < held; n++) {
				va[n] = qpmap_enter(fake_page(n),
				    contract_types[(n + i) % 5]);
			}
			fake.pins[0]++;
			qpmap_cpu_abandon(&fake_cpu[0]);
			fake.pins[0]--;
			assert_int_equal(fake.pins[0], held);
			assert_int_equal(qpmap_held(&fake_cpu[0]), 0);
			contract_only(NULL, 0);
			/* A dump goes to full depth. */
			for (n = 0; n < QPMAP_SLOTS; n++) {
				va[n] = qpmap_enter_ro(fake_page(n + 9), 0);
				fake_assert_shows(va[n], fake_page(n + 9), 0,
				    0);
			}
			for (; n > 0; n--) {
				qpmap_remove(va[n - 1]);
			}
			contract_only(NULL, 0);
			fake.pins[0] = 0;
		}
	}
	fake_offline_cpu(1);
	EXPECT_PANIC(QPMAP_PANIC_NOT_ONLINE, 0, 0,
	    qpmap_cpu_abandon(&fake_cpu[1]));
}

/* A handler: enters as deep as it may, looks, and leaves. */
static void
contract_handler(void)
{
	unsigned int base = 32 + 16 * fake.irq_now + fake.cpu;
	unsigned int type = contract_types[fake.irq_now % 5];
	qpmap_vaddr_t va;

	if (qpmap_held(&fake_cpu[fake.cpu]) == QPMAP_SLOTS) {
		return;
	}
	va = contract_enter(fake_page(base), type, fake.irq_now & 1);
	fake_assert_shows(va, fake_page(base), type, fake.irq_now & 1);
	qpmap_remove(va);
	fake_assert_absent(va);
}

/* One enter, use and remove; the handler comes at the points armed. */
static void
contract_b2_body(qpmap_attr_t attr, _Bool writable)
{
	qpmap_vaddr_t va = contract_enter(fake_page(1), attr, writable);
	qpmap_vaddr_t second;

	fake_assert_shows(va, fake_page(1), (unsigned int)attr, writable);
	if (CONTRACT_DEEP) {
		second = contract_enter(fake_page(2), attr, !writable);
		fake_assert_shows(second, fake_page(2), (unsigned int)attr,
		    !writable);
		fake_assert_shows(va, fake_page(1), (unsigned int)attr,
		    writable);
		qpmap_remove(second);
		fake_assert_absent(second);
	}
	fake_assert_shows(va, fake_page(1), (unsigned int)attr, writable);
	qpmap_remove(va);
	fake_assert_absent(va);
	assert_int_equal(fake_leaf(va).bits, 0);
}

/* The body with a handler at each point in turn, for every kind. */
static void
contract_b2_sweep(void (*handler)(void), unsigned int depth)
{
	unsigned int kind, at, points;

	for (kind = 0; kind < 10; kind++) {
		for (at = 0; ; at++) {
			fake.irq = handler;
			fake.irq_depth = depth;
			fake.irq_at[0] = at;
			for (unsigned int d = 1; d < depth; d++) {
				fake.irq_at[d] = ~0u;
			}
			fake.irq_point[0] = 0;
			contract_b2_body(contract_types[kind % 5], kind < 5);
			points = fake.irq_point[0];
			fake.irq = NULL;
			fake_assert_idle();
			if (at >= points) {
				break;
			}
		}
		assert_true(at >= 18);
	}
}

static void
contract_b2_interrupt(void **state)
{
	(void)state;
	contract_start();
	contract_b2_sweep(contract_handler, 1);
}

static void
contract_b2_nmi(void **state)
{
	(void)state;
	contract_start();
	contract_b2_sweep(contract_handler, 2);
}

/* Point by point: interrupt at every one, NMI at one within each. */
static void
contract_b2_everywhere(void **state)
{
	(void)state;
	contract_start();
	for (unsigned int at = 0; at < 24; at++) {
		for (unsigned int kind = 0; kind < 10; kind++) {
			fake.irq = contract_handler;
			fake.irq_depth = 3;
			fake.irq_at[0] = ~0u;
			fake.irq_at[1] = at;
			fake.irq_at[2] = ~0u;
			fake.irq_point[0] = 0;
			contract_b2_body(contract_types[kind % 5], kind < 5);
			fake.irq = NULL;
			fake_assert_idle();
		}
	}
}

/* What another CPU does meanwhile. */
static void
contract_other_cpu(void)
{
	fake_run_on((fake.cpu + 1) % FAKE_CPUS);
	contract_b2_body(contract_types[fake.irq_point[0] % 5], 1);
}

static void
contract_b2_other_cpu(void **state)
{
	(void)state;
	contract_start();
	contract_b2_sweep(contract_other_cpu, 1);
}

/* A handler that must be refused: the thread holds all there is. */
static void
contract_greedy(void)
{
	EXPECT_PANIC(QPMAP_SLOTS == 1 ? QPMAP_PANIC_NESTED :
	    QPMAP_PANIC_FULL, fake_page(30), fake_page(QPMAP_SLOTS - 1),
	    (void)qpmap_enter(fake_page(30), 0));
}

static void
contract_b2_full(void **state)
{
	qpmap_vaddr_t va[QPMAP_SLOTS];
	unsigned int n;

	(void)state;
	contract_start();
	for (n = 0; n < QPMAP_SLOTS; n++) {
		va[n] = qpmap_enter(fake_page(n), 0);
	}
	fake.irq = contract_greedy;
	fake.irq_depth = 1;
	/* Before the clear, the slot is held: cpu and emptying, 4 points. */
	for (unsigned int at = 0; at < 4; at++) {
		fake.irq_point[0] = 0;
		fake.irq_at[0] = at;
		qpmap_remove(va[QPMAP_SLOTS - 1]);
		assert_true(fake.irq_point[0] > at);
		va[QPMAP_SLOTS - 1] =
		    qpmap_enter(fake_page(QPMAP_SLOTS - 1), 0);
	}
	fake.irq = NULL;
	for (; n > 0; n--) {
		qpmap_remove(va[n - 1]);
	}
	fake_assert_idle();
}

/* The order of one remove, and of one enter. */
static void
contract_b3_order(void **state)
{
	static const enum fake_kind enter[] = {
		FAKE_PIN, FAKE_PEEK, FAKE_STORE, FAKE_POST_MAP
	};
	static const enum fake_kind leave[] = {
		FAKE_CPU, FAKE_PRE_UNMAP, FAKE_CLEAR, FAKE_POST_UNMAP,
		    FAKE_UNPIN
	};
	unsigned int i, skipped = QPMAP_CHECKED;
	qpmap_vaddr_t va;

	(void)state;
	contract_start();
	va = qpmap_enter(fake_page(0), 0);
	assert_int_equal(fake.event_count, 4 + skipped);
	for (i = 0; i < 4; i++) {
		assert_int_equal(fake.event[i + skipped].kind, enter[i]);
	}
	assert_int_equal(fake.event[3 + skipped].what, va);
	fake_log_clear();
	qpmap_remove(va);
	assert_int_equal(fake.event_count, 5);
	for (i = 0; i < 5; i++) {
		assert_int_equal(fake.event[i].kind, leave[i]);
	}
	assert_int_equal(fake.event[3].what, va);
}

static void
contract_b4_guards(void **state)
{
	qpmap_vaddr_t va[QPMAP_SLOTS];
	unsigned int cpu, n;

	(void)state;
	contract_start();
	for (cpu = 0; cpu < FAKE_CPUS; cpu++) {
		fake_run_on(cpu);
		fake_shootdown();	/* of what it saw of the others' */
		for (n = 0; n < QPMAP_SLOTS; n++) {
			va[n] = qpmap_enter(fake_page(n),
			    contract_types[n % 5]);
		}
		for (n = 0; n < QPMAP_SLOTS; n++) {
			assert_int_equal(fake_translate(va[n],
			    FAKE_EXEC).fault, FAKE_NO_EXEC);
			assert_int_equal(fake_leaf(va[n] -
			    QPMAP_PAGE_SIZE).bits, 0);
			assert_int_equal(fake_leaf(va[n] +
			    QPMAP_PAGE_SIZE).bits, 0);
			EXPECT_FAULT(va[n] - 1,
			    *(volatile unsigned char *)(va[n] - 1) = 1);
			EXPECT_FAULT(va[n] + QPMAP_PAGE_SIZE,
			    *(volatile unsigned char *)(va[n] +
			    QPMAP_PAGE_SIZE) = 1);
		}
		contract_only(va, QPMAP_SLOTS);
		for (; n > 0; n--) {
			qpmap_remove(va[n - 1]);
		}
	}
}

static void
contract_b5_read_only(void **state)
{
	qpmap_vaddr_t va;

	(void)state;
	contract_start();
	for (unsigned int i = 0; i < 5; i++) {
		fake_memory(fake_page(i))[3] = (unsigned char)(0x30 + i);
		va = qpmap_enter_ro(fake_page(i), contract_types[i]);
		fake_assert_shows(va, fake_page(i), contract_types[i], 0);
		assert_int_equal(((volatile unsigned char *)va)[3], 0x30 + i);
		EXPECT_FAULT(va + 3, ((volatile unsigned char *)va)[3] = 1);
		assert_int_equal(fake_memory(fake_page(i))[3], 0x30 + i);
		qpmap_remove(va);
		fake_assert_absent(va);
	}
}

/* What one operation may write: its CPU's next word, and one entry. */
static struct qpmap_cpu contract_was[FAKE_CPUS];
static struct qpmap_state contract_state_was;

static void
contract_note(void)
{
	memcpy(contract_was, fake_cpu, sizeof(fake_cpu));
	contract_state_was = qpmap_state;
}

static void
contract_b6_unchanged(void)
{
	struct qpmap_cpu now = fake_cpu[fake.cpu];

	assert_memory_equal(&qpmap_state, &contract_state_was,
	    sizeof(qpmap_state));
	for (unsigned int cpu = 0; cpu < FAKE_CPUS; cpu++) {
		if (cpu != fake.cpu) {
			assert_memory_equal(&fake_cpu[cpu],
			    &contract_was[cpu], sizeof(now));
		}
	}
	now.next = contract_was[fake.cpu].next;
	assert_memory_equal(&now, &contract_was[fake.cpu], sizeof(now));
}

static void
contract_b6_lines(void **state)
{
	uintptr_t line[FAKE_CPUS], first, last;
	uint64_t sum;
	qpmap_vaddr_t va;
	unsigned int cpu, i;

	(void)state;
	contract_start();
	for (cpu = 0; cpu < FAKE_CPUS; cpu++) {
		fake_run_on(cpu);
		contract_note();
		sum = fake_checksum();
		fake.irq = contract_b6_unchanged;
		fake.irq_depth = 1;
		fake.irq_at[0] = ~0u;
		va = qpmap_enter(fake_page(1), QPMAP_ATTR_WRITE_BACK);
		assert_true(fake_checksum() != sum);
		qpmap_remove(va);
		fake.irq = NULL;
		assert_memory_equal(contract_was, fake_cpu, sizeof(fake_cpu));
		assert_int_equal(fake_checksum(), sum);
		/* All of a CPU's entries are in lines of its own. */
		first = (uintptr_t)fake_cpu[cpu].slot[1].ptep;
		last = (uintptr_t)fake_cpu[cpu].slot[QPMAP_SLOTS].ptep;
		line[cpu] = first / QPMAP_CACHE_LINE;
		for (i = 0; i < cpu; i++) {
			assert_true(line[i] < line[cpu]);
			assert_true((uintptr_t)
			    fake_cpu[i].slot[QPMAP_SLOTS].ptep /
			    QPMAP_CACHE_LINE < line[cpu]);
		}
		assert_true(last - first < QPMAP_WINDOW_PAGES *
		    sizeof(struct qpmap_pte));
		assert_int_equal((uintptr_t)&fake_cpu[cpu] % QPMAP_CACHE_LINE,
		    0);
	}
}

/* One store makes an entry, and one store unmakes it. */
static void
contract_b7_once(void **state)
{
	qpmap_vaddr_t va;

	(void)state;
	contract_start();
	for (unsigned int i = 0; i < 5; i++) {
		fake_log_clear();
		va = qpmap_enter(fake_page(i), contract_types[i]);
		assert_int_equal(fake.kind_count[FAKE_STORE], 1);
		assert_int_equal(fake.event[fake_log_find(FAKE_STORE, 0)].what,
		    fake_leaf(va).bits);
		assert_int_equal(fake.kind_count[FAKE_CLEAR], 0);
		qpmap_remove(va);
		assert_int_equal(fake.kind_count[FAKE_STORE], 1);
		assert_int_equal(fake.kind_count[FAKE_CLEAR], 1);
	}
}

/* A CPU that knew another one's window takes it over. */
static void
contract_b11_change(void **state)
{
	struct qpmap_config config = fake_config();
	struct qpmap_pte *leaf;
	qpmap_vaddr_t va;

	(void)state;
	fake_start(&config);
	for (unsigned int round = 0; round < 8; round++) {
		/* CPU 0 maps; CPU 1 has looked, and remembers. */
		fake_run_on(0);
		va = qpmap_enter(fake_page(round), 0);
		fake_run_on(1);
		fake_plant(1, va, fake_leaf(va));
		assert_int_equal(fake_translate(va, FAKE_READ).fault, FAKE_OK);
		fake_run_on(0);
		qpmap_remove(va);
		fake_assert_absent(va);
		fake_offline_cpu(0);
		fake_offline_cpu(1);
		leaf = fake_host_leaf(qpmap_state.window_va);
		assert_int_equal(fake_online_cpu(1, 0, leaf), QPMAP_OK);
		contract_only(NULL, 0);
		va = qpmap_enter(fake_page(round + 9), 0);
		assert_int_equal(va, fake_slot_va_at(0, 0));
		fake_assert_shows(va, fake_page(round + 9), 0, 1);
		qpmap_remove(va);
		fake_offline_cpu(1);
		assert_int_equal(fake_online_cpu(0, 0, leaf), QPMAP_OK);
		leaf = fake_host_leaf(qpmap_state.window_va +
		    QPMAP_WINDOW_SIZE);
		assert_int_equal(fake_online_cpu(1, 1, leaf), QPMAP_OK);
	}
	fake_assert_idle();
}

static void
contract_b11_offline(void **state)
{
	qpmap_vaddr_t va[QPMAP_SLOTS];
	unsigned int n, i;

	(void)state;
	contract_start();
	fake_run_on(2);
	for (n = 0; n < QPMAP_SLOTS; n++) {
		va[n] = qpmap_enter(fake_page(n), contract_types[n % 5]);
		EXPECT_PANIC(QPMAP_PANIC_HELD, 2, n + 1,
		    qpmap_cpu_offline(&fake_cpu[2]));
		for (i = 0; i <= n; i++) {
			fake_assert_shows(va[i], fake_page(i),
			    contract_types[i % 5], 1);
		}
	}
	for (; n > 0; n--) {
		qpmap_remove(va[n - 1]);
	}
	fake_log_clear();
	/* Stale translations of its own slots are invalidated as it goes. */
	for (n = 0; n < QPMAP_SLOTS; n++) {
		fake_plant(2, fake_slot_va_at(2, n),
		    qpmap_pte_make(fake_page(7), QPTE_RW_BITS | 4));
	}
	fake_offline_cpu(2);
	contract_only(NULL, 0);
	fake.may_ask_unpinned = 1;
	for (i = 0; i < 5; i++) {
		EXPECT_PANIC(QPMAP_PANIC_OFFLINE, fake_page(1), 0,
		    (void)qpmap_enter(fake_page(1), contract_types[i]));
		EXPECT_PANIC(QPMAP_PANIC_OFFLINE, fake_page(1), 0,
		    (void)qpmap_enter_ro(fake_page(1), contract_types[i]));
	}
	contract_refuse(fake_slot_va_at(2, 0), 0);
	contract_refuse(fake_slot_va_at(2, QPMAP_SLOTS - 1), 0);
	contract_refuse(0, 0);
	EXPECT_PANIC(QPMAP_PANIC_NOT_ONLINE, 0, 0,
	    qpmap_cpu_offline(&fake_cpu[2]));
	assert_int_equal(fake.kind_count[FAKE_STORE], 0);
	/* Its state and its number are used again, apart. */
	memset(&fake_cpu[2], 0, sizeof(fake_cpu[2]));
	assert_int_equal(fake_online_cpu(2, 2,
	    fake_host_leaf(fake_slot_va_at(2, 0) - QPMAP_PAGE_SIZE)), QPMAP_OK);
	qpmap_remove(qpmap_enter(fake_page(1), 0));
	fake_assert_idle();
}

/* Other CPUs work while this one comes and goes. */
static void
contract_b11_busy(void **state)
{
	struct qpmap_pte *leaf;

	(void)state;
	contract_start();
	leaf = fake_host_leaf(qpmap_state.window_va);
	fake.irq = contract_other_cpu;
	fake.irq_depth = 1;
	fake.irq_at[0] = ~0u;
	for (unsigned int i = 0; i < 4; i++) {
		fake_offline_cpu(0);
		assert_int_equal(fake_online_cpu(0, 0, leaf), QPMAP_OK);
		contract_b2_body(contract_types[i], 1);
	}
	fake.irq = NULL;
	fake_assert_idle();
}

/* Nothing but init writes the library's structure. */
static void
contract_b13_state(void **state)
{
	unsigned char buffer[100];
	struct qpmap_pte *leaf;

	(void)state;
	contract_start();
	contract_note();
	leaf = fake_host_leaf(qpmap_state.window_va);
	for (unsigned int i = 0; i < 10; i++) {
		contract_b2_body(contract_types[i % 5], i < 5);
	}
	qpmap_zero_page(fake_page(1), 0);
	qpmap_read(fake_page(1) + 4000, 0, buffer, sizeof(buffer));
	qpmap_write(fake_page(1) + 4000, 0, buffer, sizeof(buffer));
	fake.pins[0]++;
	qpmap_cpu_abandon(&fake_cpu[0]);
	fake.pins[0]--;
	fake_offline_cpu(0);
	assert_int_equal(fake_online_cpu(0, 0, leaf), QPMAP_OK);
	assert_memory_equal(&qpmap_state, &contract_state_was,
	    sizeof(qpmap_state));
}

/* Flags that make every kind special: the special events, and no others. */
static void
contract_b14_flags(void **state)
{
	static const unsigned int flags[] = {
		QPMAP_F_FLUSH_ON_MAP, QPMAP_F_ERRATUM_INVLPG,
		QPMAP_F_FLUSH_ON_MAP | QPMAP_F_ERRATUM_INVLPG
	};
	struct qpmap_config config = fake_config();
	unsigned int i, kind;

	(void)state;
	for (i = 0; i < 3; i++) {
		fake_reset();
		config.flags = flags[i];
		fake_start(&config);
		fake.broken_invalidation =
		    (flags[i] & QPMAP_F_ERRATUM_INVLPG) != 0;
		for (kind = 0; kind < 10; kind++) {
			fake_log_clear();
			contract_b2_body(contract_types[kind % 5], kind < 5);
			assert_int_equal(fake.kind_count[FAKE_POST_MAP], 0);
			assert_int_equal(fake.kind_count[FAKE_POST_UNMAP], 0);
			assert_int_equal(fake.kind_count[FAKE_PRE_UNMAP], 0);
			assert_int_equal(fake.kind_count[FAKE_POST_MAP_SLOW],
			    1 + CONTRACT_DEEP);
		}
		contract_b2_sweep(contract_handler, 1);
		fake_offline_cpu(0);
		fake_assert_absent(fake_slot_va_at(0, 0));
	}
}

/* A host that wrote the entry itself: its page is invalidated on enter. */
static void
contract_b14_flush_on_fill(void **state)
{
	struct qpmap_config config = fake_config();
	qpmap_vaddr_t va;

	(void)state;
	config.flags = QPMAP_F_FLUSH_ON_MAP;
	fake_start(&config);
	for (unsigned int i = 0; i < 5; i++) {
		va = fake_slot_va_at(0, 0);
		fake_plant(0, va,
		    qpmap_pte_make(fake_page(50), QPTE_RW_BITS | 4));
		assert_int_equal(fake_translate(va, FAKE_READ).pa,
		    fake_page(50));
		va = qpmap_enter(fake_page(i), contract_types[i]);
		fake_assert_shows(va, fake_page(i), contract_types[i], 1);
		qpmap_remove(va);
	}
}

/* Ordinary kinds use the ordinary events, slow-path ones theirs. */
static void
contract_slow_types(void **state)
{
	struct qpmap_config config = fake_config();
	unsigned int special, i;
	_Bool is_slow;
	qpmap_vaddr_t va;

	(void)state;
	for (special = 0; special < 32; special++) {
		fake_reset();
		fake.slow_types = special;
		fake_start(&config);
		for (i = 0; i < 10; i++) {
			is_slow = (special >> i % 5 & 1) != 0;
			fake_log_clear();
			va = contract_enter(fake_page(i), contract_types[i % 5],
			    i < 5);
			fake_assert_shows(va, fake_page(i),
			    contract_types[i % 5], i < 5);
			qpmap_remove(va);
			assert_int_equal(fake.kind_count[FAKE_POST_MAP],
			    !is_slow);
			assert_int_equal(fake.kind_count[FAKE_POST_UNMAP],
			    !is_slow);
			assert_int_equal(fake.kind_count[FAKE_POST_MAP_SLOW],
			    is_slow);
			assert_int_equal(fake.kind_count[FAKE_PRE_UNMAP_SLOW],
			    is_slow);
			assert_int_equal(fake.kind_count[FAKE_POST_UNMAP_SLOW],
			    is_slow);
		}
		fake_assert_idle();
	}
}

const struct CMUnitTest contract_tests[] = {
	FAKE_TEST("unit/C1/exactly the page", contract_c1_page),
	FAKE_TEST("unit/C1/the manual page's names", contract_c1_names),
	FAKE_TEST("unit/C1/first and last page", contract_c1_highest),
	FAKE_TEST("unit/C2/faults after remove", contract_c2_fault),
	FAKE_TEST("unit/C2/10000 pages in turn", contract_c2_turn),
	FAKE_TEST("unit/C3/balance", contract_c3_balance),
	FAKE_TEST("unit/C3/unpin is last", contract_c3_preempted),
	FAKE_TEST("unit/C3/migrating thread", contract_c3_migrates),
	FAKE_TEST("unit/C4/constant", contract_c4_constant),
	FAKE_TEST("unit/C5/every kind in every slot", contract_c5_all),
	FAKE_TEST("unit/C5/nesting is enforced", contract_c5_nesting),
	FAKE_TEST("unit/C5/one more", contract_c5_one_more),
	FAKE_TEST("unit/C5/one more, sharing", contract_c5_one_more_global),
	FAKE_TEST("unit/C6/single slot", contract_c6_one),
	FAKE_TEST("unit/C7/pinned already", contract_c7_locked),
	FAKE_TEST("unit/C8/held", contract_c8_held),
	FAKE_TEST("unit/C9/page not pinned", contract_c9_pinned),
	FAKE_TEST("unit/C10/types", contract_c10_types),
	FAKE_TEST("unit/C10/sharing", contract_c10_sharing),
	FAKE_TEST("unit/C10/not asked for", contract_c10_not_asked),
	FAKE_TEST("unit/input/no such attribute", contract_no_attribute),
	FAKE_TEST("unit/input/address", contract_bad_address),
	FAKE_TEST("unit/input/entry not empty", contract_dirty_slot),
	FAKE_TEST("unit/B1/nesting", contract_b1_nesting),
	FAKE_TEST("unit/B1/foreign address", contract_b1_foreign),
	FAKE_TEST("unit/B1/out of order", contract_b1_order),
	FAKE_TEST("unit/B1/twice", contract_b1_twice),
	FAKE_TEST("unit/B1/other CPU", contract_b1_other_cpu),
	FAKE_TEST("unit/B1/sentinel", contract_b1_sentinel),
	FAKE_TEST("unit/B1/sentinel, offline", contract_b1_sentinel_offline),
	FAKE_TEST("unit/B1/never online", contract_b1_never_online),
	FAKE_TEST("unit/B1/abandon", contract_b1_abandon),
	FAKE_TEST("unit/B2/interrupt", contract_b2_interrupt),
	FAKE_TEST("unit/B2/NMI in interrupt", contract_b2_nmi),
	FAKE_TEST("unit/B2/everywhere", contract_b2_everywhere),
	FAKE_TEST("unit/B2/other CPU", contract_b2_other_cpu),
	FAKE_TEST("unit/B2/all slots held", contract_b2_full),
	FAKE_TEST("unit/B3/order of events", contract_b3_order),
	FAKE_TEST("unit/B4/guards", contract_b4_guards),
	FAKE_TEST("unit/B5/read-only", contract_b5_read_only),
	FAKE_TEST("unit/B6/cache lines", contract_b6_lines),
	FAKE_TEST("unit/B7/one store", contract_b7_once),
	FAKE_TEST("unit/B11/window changes hands", contract_b11_change),
	FAKE_TEST("unit/B11/offline", contract_b11_offline),
	FAKE_TEST("unit/B11/others are busy", contract_b11_busy),
	FAKE_TEST("unit/B13/state is constant", contract_b13_state),
	FAKE_TEST("unit/B14/flags", contract_b14_flags),
	FAKE_TEST("unit/B14/flush on fill", contract_b14_flush_on_fill),
	FAKE_TEST("unit/special/kinds", contract_slow_types),
};
const size_t contract_count = sizeof(contract_tests) /
    sizeof(contract_tests[0]);
