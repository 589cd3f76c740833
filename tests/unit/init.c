/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Setting up: what init and online refuse, and that a refusal changes nothing.
 */
#include "machine.h"
#include "tests.h"

#define INIT_KNOWN_FLAGS						\
	(QPMAP_F_NO_NX | QPMAP_F_NO_DIRECT | QPMAP_F_FLUSH_ON_MAP |	\
	    QPMAP_F_MARK_GUARDS |	\
	    QPMAP_F_ERRATUM_INVLPG | QPMAP_F_LOCAL_TLBI |	\
	    (QPMAP_SHOOTDOWN ? QPMAP_FLAGS_FIRMWARE | FAKE_FLAGS : 0) |	\
	    (QPMAP_LARGE_SLOTS ? QPMAP_F_ONE_ROOT : 0) |		\
	    (QPMAP_TABLES ? QPMAP_F_BUILD_TABLES | QPMAP_F_SINGLE_ROOT : 0))

static const struct qpmap_options init_own_options = QPMAP_OPTIONS;

/* Refused with that code, and everything is as it was. */
static void
init_refused_once(const struct qpmap_config *config,
    const struct qpmap_options *options, int code)
{
	struct qpmap_state before = qpmap_state;
	uint64_t sum = fake_checksum();
	unsigned int taken = fake_pool_taken();

	fake_log_clear();
	fake.tables_allowed = 1;
	assert_int_equal(qpmap_init_options(config, options), code);
	fake.tables_allowed = 0;
	assert_memory_equal(&before, &qpmap_state, sizeof(before));
	assert_int_equal(fake_checksum(), sum);
	assert_int_equal(fake_pool_taken(), taken);
	assert_int_equal(fake.kind_count[FAKE_STORE], 0);
	assert_int_equal(fake.kind_count[FAKE_CLEAR], 0);
}

/* Before any success, and after one. */
static void
init_refused(const struct qpmap_config *config, int code)
{
	struct qpmap_config good = fake_config();
	int probe_error = fake.probe_error;

	memset(&qpmap_state, 0, sizeof(qpmap_state));
	init_refused_once(config, &init_own_options, code);
	fake.probe_error = QPMAP_OK;
	assert_int_equal(fake_init(&good), QPMAP_OK);
	fake.probe_error = probe_error;
	init_refused_once(config, &init_own_options, code);
}

static void
init_accepted(const struct qpmap_config *config)
{
	memset(&qpmap_state, 0, sizeof(qpmap_state));
	assert_int_equal(fake_init(config), QPMAP_OK);
}

static void
init_options(void **state)
{
	/*
	 * In the order of the list; what follows is the structures' layout, and
	 * six halves of the direct map's numbers.
	 */
	static const char *const name[] = {
		"QPMAP_PAGE_SHIFT", "QPMAP_PAE", "QPMAP_LPA2", "QPMAP_SLOTS",
		"QPMAP_CACHE_LINE", "QPMAP_DIRECT_MAP", "QPMAP_CHECKED",
		"QPMAP_TABLES", "QPMAP_SHOOTDOWN", "QPMAP_RANGE_PAGES",
		"QPMAP_LARGE_SLOTS", "QPMAP_SWITCH"
	};
	struct qpmap_config config = fake_config();
	struct qpmap_options options;
	unsigned int word, bit;
	int code;

	(void)state;
	for (word = 0; word < QPMAP_OPTION_WORDS; word++) {
		code = word < 16 ? QPMAP_ERR_OPTION_LAYOUT :
		    QPMAP_ERR_OPTION_DIRECT;
		if (word < 12) {
			code = QPMAP_ERR_OPTION_PAGE_SHIFT + (int)word;
			assert_non_null(strstr(qpmap_strerror(code),
			    name[word]));
		}
		for (bit = 0; bit < 32; bit++) {
			options = init_own_options;
			options.word[word] ^= 1u << bit;
			/* Only the first that differs counts. */
			options.word[QPMAP_OPTION_WORDS - 1] ^= word < 11;
			init_refused_once(&config, &options, code);
		}
	}
	for (bit = 0; bit < 32; bit++) {
		options = init_own_options;
		options.release ^= 1u << bit;
		init_refused_once(&config, &options, QPMAP_ERR_OPTIONS);
	}
	assert_int_equal(qpmap_init_options(&config, &init_own_options),
	    QPMAP_OK);
}

static void
init_flags(void **state)
{
	struct qpmap_config config = fake_config();

	(void)state;
	for (unsigned int bit = 0; bit < 32; bit++) {
		config.flags = 1u << bit;
		if ((INIT_KNOWN_FLAGS & config.flags) == 0) {
			init_refused(&config, QPMAP_ERR_FLAGS);
		} else if (config.flags == QPMAP_F_SINGLE_ROOT) {
			/* It means nothing where no tables are built. */
			init_refused(&config, QPMAP_ERR_FLAGS);
		} else if (config.flags != QPMAP_F_BUILD_TABLES) {
			init_accepted(&config);
		}
	}
}

static void
init_nesting(void **state)
{
	struct qpmap_config config = fake_config();

	(void)state;
	config.nesting = QPMAP_SLOTS + 1;
	init_refused(&config, QPMAP_ERR_NESTING);
	config.nesting = ~0u;
	init_refused(&config, QPMAP_ERR_NESTING);
	for (config.nesting = 0; config.nesting <= QPMAP_SLOTS;
	    config.nesting++) {
		init_accepted(&config);
	}
}

static void
init_window(void **state)
{
	struct qpmap_config config = fake_config();
	qpmap_vaddr_t top = (qpmap_vaddr_t)1 << FAKE_VA_BITS;

	(void)state;
	config.cpu_count = 0;
	init_refused(&config, QPMAP_ERR_CPU_COUNT);
	config = fake_config();
	config.window_va++;
	init_refused(&config, QPMAP_ERR_WINDOW_ALIGN);
	for (unsigned int page = 1; page < QPMAP_WINDOW_PAGES; page++) {
		config.window_va = FAKE_WINDOW_VA + page * QPMAP_PAGE_SIZE;
		init_refused(&config, QPMAP_ERR_WINDOW_ALIGN);
	}
	config.window_va = 0;
	init_refused(&config, QPMAP_ERR_WINDOW_RANGE);
	config.window_va = FAKE_KERNEL_VA - QPMAP_WINDOW_SIZE;
	init_refused(&config, QPMAP_ERR_WINDOW_RANGE);
	config.window_va = FAKE_KERNEL_VA;
	init_accepted(&config);
	/* The guard page is past the end. */
	config.window_va = top - FAKE_CPUS * QPMAP_WINDOW_SIZE;
	init_refused(&config, QPMAP_ERR_WINDOW_RANGE);
	config.window_va -= QPMAP_WINDOW_SIZE;
	init_accepted(&config);
	config.window_va = top;
	init_refused(&config, QPMAP_ERR_WINDOW_RANGE);
	/* The window or its guard wraps around. */
	config.window_va = -(FAKE_CPUS * QPMAP_WINDOW_SIZE);
	init_refused(&config, QPMAP_ERR_WINDOW_RANGE);
	config.window_va = -QPMAP_WINDOW_SIZE;
	init_refused(&config, QPMAP_ERR_WINDOW_RANGE);
	config = fake_config();
	config.cpu_count = ~0u;
	init_refused(&config, QPMAP_ERR_WINDOW_RANGE);
}

static void
init_types(void **state)
{
	struct qpmap_config config = fake_config();

	(void)state;
	for (unsigned int bit = QPMAP_TYPE_COUNT; bit < 32; bit++) {
		config = fake_config();
		config.types = 1u << bit;
		init_refused(&config, QPMAP_ERR_TYPE_MASK);
		config = fake_config();
		config.direct_types = 1u << bit;
		init_refused(&config, QPMAP_ERR_TYPE_MASK);
	}
}

static void
init_sharing(void **state)
{
	struct qpmap_config config = fake_config();

	(void)state;
	for (unsigned int bit = 0; bit < 64; bit++) {
		config.shared_mask = 0;
		config.private_mask = 1ULL << bit;
		if ((QPTE_SHARING >> bit & 1) == 0 ||
		    bit == QPMAP_PAGE_SHIFT + QPTE_PA_SHIFT) {
			init_refused(&config, QPMAP_ERR_SHARING);
		} else {
			init_accepted(&config);
			assert_int_equal(qpmap_state.mmu.pa_bits,
			    bit - QPTE_PA_SHIFT < FAKE_PA_BITS ?
			    bit - QPTE_PA_SHIFT : FAKE_PA_BITS);
		}
		config.shared_mask = config.private_mask;
		config.private_mask = 0;
		if ((QPTE_SHARING >> bit & 1) == 0) {
			init_refused(&config, QPMAP_ERR_SHARING);
		}
		config.private_mask = 1ULL << (47 + QPTE_PA_SHIFT);
		init_refused(&config, QPMAP_ERR_SHARING);
	}
}

/* An address that reaches into the mask is too wide. */
static void
init_sharing_width(void **state)
{
	struct qpmap_config config = fake_config();
	qpmap_vaddr_t va;

	(void)state;
	config.shared_mask = 1ULL << (40 + QPTE_PA_SHIFT);
	fake_start(&config);
	va = qpmap_enter(((qpmap_paddr_t)1 << 40) - QPMAP_PAGE_SIZE,
	    QPMAP_ATTR_SHARED);
	assert_true((fake_leaf(va).bits & config.shared_mask) != 0);
	qpmap_remove(va);
	EXPECT_PANIC(QPMAP_PANIC_WIDTH, 1ULL << 40, QPMAP_ATTR_PRIVATE,
	    (void)qpmap_enter((qpmap_paddr_t)1 << 40, QPMAP_ATTR_PRIVATE));
}

static void
init_pa_bits(void **state)
{
	struct qpmap_config config = fake_config();
	qpmap_vaddr_t va;

	(void)state;
	for (unsigned int bits = 1; bits < 70; bits++) {
		config.pa_bits = bits;
		if (bits <= QPMAP_PAGE_SHIFT || bits > FAKE_PA_BITS) {
			init_refused(&config, QPMAP_ERR_PA_BITS);
			continue;
		}
		fake_reset();
		fake_start(&config);
		va = qpmap_enter(((qpmap_paddr_t)1 << bits) -
		    QPMAP_PAGE_SIZE, 0);
		qpmap_remove(va);
		EXPECT_PANIC(QPMAP_PANIC_WIDTH, 1ULL << bits, 0,
		    (void)qpmap_enter((qpmap_paddr_t)1 << bits, 0));
	}
	config.pa_bits = ~0u;
	init_refused(&config, QPMAP_ERR_PA_BITS);
}

static const int init_errors[] = {
#define QPMAP_ERROR(name, number, text) name,
#include <qpmap/errors.def>
};
#define INIT_ERRORS (sizeof(init_errors) / sizeof(init_errors[0]))

static const char *const init_error_texts[] = {
#define QPMAP_ERROR(name, number, text) text,
#include <qpmap/errors.def>
};

/* Whatever the backend finds is passed on. */
static void
init_probe(void **state)
{
	struct qpmap_config config = fake_config();

	(void)state;
	for (unsigned int i = 1; i < INIT_ERRORS; i++) {
		int code = init_errors[i];

		fake.probe_error = code;
		init_refused(&config, code);
		if (QPMAP_TABLES) {
			config.flags = QPMAP_F_BUILD_TABLES |
			    QPMAP_F_SINGLE_ROOT;
			init_refused(&config, code);
			config.flags = 0;
		}
	}
}

static void
init_direct(void **state)
{
	struct qpmap_config config = fake_config();
	struct qpmap_config good;

	(void)state;
	config.direct_va = FAKE_DIRECT_VA;
	config.direct_pa = fake_page(0);
	config.direct_size = 16 * QPMAP_PAGE_SIZE;
	good = config;
	if (!QPMAP_DIRECT_MAP) {
		init_refused(&config, QPMAP_ERR_DIRECT);
		return;
	}
	init_accepted(&config);
	for (unsigned int bit = 0; bit < QPMAP_PAGE_SHIFT; bit++) {
		config = good;
		config.direct_va += 1u << bit;
		init_refused(&config, QPMAP_ERR_DIRECT);
		config = good;
		config.direct_pa += 1u << bit;
		init_refused(&config, QPMAP_ERR_DIRECT);
		config = good;
		config.direct_size += 1u << bit;
		init_refused(&config, QPMAP_ERR_DIRECT);
	}
	config = good;
	config.direct_va = FAKE_KERNEL_VA - QPMAP_PAGE_SIZE;
	init_refused(&config, QPMAP_ERR_DIRECT);
	config.direct_va = ((qpmap_vaddr_t)1 << FAKE_VA_BITS) -
	    15 * QPMAP_PAGE_SIZE;
	init_refused(&config, QPMAP_ERR_DIRECT);
	config.direct_va -= QPMAP_PAGE_SIZE;
	init_accepted(&config);
	config.direct_va = -(8 * QPMAP_PAGE_SIZE);
	init_refused(&config, QPMAP_ERR_DIRECT);
	config = good;
	config.direct_pa = -(8 * QPMAP_PAGE_SIZE);
	init_refused(&config, QPMAP_ERR_DIRECT);
}

static void
init_window_direct(void **state)
{
	struct qpmap_config config = fake_config();
	qpmap_vaddr_t end = config.window_va +
	    FAKE_CPUS * QPMAP_WINDOW_SIZE + QPMAP_PAGE_SIZE;

	(void)state;
	if (!QPMAP_DIRECT_MAP) {
		skip();
	}
	config.direct_pa = fake_page(0);
	config.direct_size = 4 * QPMAP_PAGE_SIZE;
	config.direct_va = config.window_va - 4 * QPMAP_PAGE_SIZE;
	init_accepted(&config);
	config.direct_va = end;
	init_accepted(&config);
	for (qpmap_vaddr_t va = config.window_va - 3 * QPMAP_PAGE_SIZE;
	    va != end; va += QPMAP_PAGE_SIZE) {
		config.direct_va = va;
		init_refused(&config, QPMAP_ERR_WINDOW_DIRECT);
	}
	/* The direct map around the window. */
	config.direct_va = config.window_va - 4 * QPMAP_PAGE_SIZE;
	config.direct_size = end - config.direct_va + QPMAP_PAGE_SIZE;
	init_refused(&config, QPMAP_ERR_WINDOW_DIRECT);
}

/* Once more, with something else: the second one counts. */
static void
init_again(void **state)
{
	struct qpmap_config config = fake_config();
	qpmap_vaddr_t va;

	(void)state;
	config.window_va += 16 * QPMAP_WINDOW_SIZE;
	init_accepted(&config);
	config = fake_config();
	config.types = 0;
	fake_start(&config);
	va = qpmap_enter(fake_page(0), 0);
	assert_int_equal(va, FAKE_WINDOW_VA + QPMAP_PAGE_SIZE);
	qpmap_remove(va);
	EXPECT_PANIC(QPMAP_PANIC_TYPE, fake_page(0), QPMAP_ATTR_UNCACHED,
	    (void)qpmap_enter(fake_page(0), QPMAP_ATTR_UNCACHED));
}

/* While a CPU is online, whichever it is, no configuration is taken. */
static void
init_while_online(void **state)
{
	struct qpmap_config config = fake_config(), other = fake_config();
	qpmap_vaddr_t va;

	(void)state;
	other.window_va += 16 * QPMAP_WINDOW_SIZE;
	fake_start(&config);
	for (unsigned int last = 0; last < FAKE_CPUS; last++) {
		init_refused_once(&config, &init_own_options,
		    QPMAP_ERR_IN_USE);
		for (unsigned int cpu = 0; cpu < FAKE_CPUS; cpu++) {
			if (cpu != last) {
				fake_offline_cpu(cpu);
				init_refused_once(&other, &init_own_options,
				    QPMAP_ERR_IN_USE);
			}
		}
		fake_run_on(last);
		va = qpmap_enter(fake_page(0), 0);
		init_refused_once(&config, &init_own_options,
		    QPMAP_ERR_IN_USE);
		qpmap_remove(va);
		fake_offline_cpu(last);
		/* One that was refused does not count. */
		assert_int_equal(fake_online_cpu(0, 0, NULL),
		    QPMAP_ERR_CPU_LEAF);
		assert_int_equal(fake_init(&other), QPMAP_OK);
		fake_start(&config);
	}
}

/* Refused by online with that code, and the CPU is as before. */
static void
init_not_online(unsigned int cpu, unsigned int window, struct qpmap_pte *leaf,
    int code)
{
	struct qpmap_cpu before = fake_cpu[cpu];
	struct qpmap_state state_before = qpmap_state;
	uint64_t sum = fake_checksum();

	fake_log_clear();
	assert_int_equal(fake_online_cpu(cpu, window, leaf), code);
	assert_memory_equal(&before, &fake_cpu[cpu], sizeof(before));
	assert_memory_equal(&state_before, &qpmap_state, sizeof(qpmap_state));
	assert_int_equal(fake_checksum(), sum);
	assert_int_equal(fake.kind_count[FAKE_FLUSH_LOCAL], 0);
	assert_int_equal(fake.kind_count[FAKE_CLEAR], 0);
}

static void
init_online(void **state)
{
	static _Alignas(QPMAP_CACHE_LINE) unsigned char
	    memory[2 * sizeof(struct qpmap_cpu)];
	struct qpmap_config config = fake_config();
	struct qpmap_cpu_ptes ptes;
	struct qpmap_pte *leaf;
	unsigned int off;

	(void)state;
	leaf = fake_host_leaf(FAKE_WINDOW_VA);
	ptes.window = leaf;
	init_not_online(0, 0, leaf, QPMAP_ERR_NOT_INIT);
	fake_start(&config);
	init_not_online(0, 0, leaf, QPMAP_ERR_CPU_ONLINE);
	fake_offline_cpu(0);
	for (off = 4; off < QPMAP_CACHE_LINE; off += 4) {
		assert_int_equal(qpmap_cpu_online((struct qpmap_cpu *)
		    (uintptr_t)(memory + off), 0, &ptes), QPMAP_ERR_CPU_ALIGN);
	}
	init_not_online(0, FAKE_CPUS, leaf, QPMAP_ERR_CPU_INDEX);
	init_not_online(0, ~0u, leaf, QPMAP_ERR_CPU_INDEX);
	fake.differs[0] = 1;
	init_not_online(0, 0, leaf, QPMAP_ERR_CPU_DIFFERS);
	fake.differs[0] = 0;
	init_not_online(0, 0, NULL, QPMAP_ERR_CPU_LEAF);
	for (off = 1; off < QPMAP_LINE_ENTRIES; off++) {
		init_not_online(0, 0, leaf + off, QPMAP_ERR_LEAF_ALIGN);
	}
	/* Every other place in the table, that of each other window first. */
	for (off = QPMAP_LINE_ENTRIES; off < 1u << QPMAP_TABLE_SHIFT;
	    off += QPMAP_LINE_ENTRIES) {
		init_not_online(0, 0, leaf + off, QPMAP_ERR_LEAF_OFFSET);
	}
	for (off = 0; off <= QPMAP_WINDOW_PAGES; off++) {
		leaf[off].bits = 1ULL << off;
		init_not_online(0, 0, leaf, QPMAP_ERR_LEAF_USED);
		leaf[off].bits = 0;
	}
	assert_int_equal(fake_online_cpu(0, 0, leaf), QPMAP_OK);
}

/*
 * QPMAP_F_MARK_GUARDS: the first guard's entry is marked by the first online,
 * and stays so; a mark is nothing in the way of a window there, and nowhere
 * else, and only with the flag.
 */
static void
init_mark(void **state)
{
	struct qpmap_config config = fake_config();
	struct qpmap_pte *leaf = fake_host_leaf(FAKE_WINDOW_VA);
	unsigned int off;

	(void)state;
	config.flags |= QPMAP_F_MARK_GUARDS;
	assert_int_equal(fake_init(&config), QPMAP_OK);
	assert_int_equal(leaf->bits, 0);
	for (unsigned int round = 0; round < 3; round++) {
		assert_int_equal(fake_online_cpu(0, 0, leaf), QPMAP_OK);
		for (off = 0; off <= QPMAP_WINDOW_PAGES; off++) {
			assert_int_equal(leaf[off].bits, off == 0 ? QPTE_MARK :
			    0);
		}
		qpmap_remove(qpmap_enter(fake_page(1), QPMAP_ATTR_WRITE_BACK));
		fake_offline_cpu(0);
		assert_int_equal(leaf->bits, QPTE_MARK);
	}
	for (off = 0; off <= QPMAP_WINDOW_PAGES; off++) {
		leaf[off].bits |= QPTE_MARK;
		if (off == 0 || off == QPMAP_WINDOW_PAGES) {
			assert_int_equal(fake_online_cpu(0, 0, leaf), QPMAP_OK);
			fake_offline_cpu(0);
		} else {
			init_not_online(0, 0, leaf, QPMAP_ERR_LEAF_USED);
		}
		leaf[off].bits = QPTE_MARK | QPTE_USED;
		init_not_online(0, 0, leaf, QPMAP_ERR_LEAF_USED);
		leaf[off].bits = off == 0 ? QPTE_MARK : 0;
	}
	config.flags &= ~QPMAP_F_MARK_GUARDS;
	assert_int_equal(fake_init(&config), QPMAP_OK);
	init_not_online(0, 0, leaf, QPMAP_ERR_LEAF_USED);
}

/* Checked builds: the table was freed, and is somebody's page. */
static void
init_mark_gone(void **state)
{
	struct qpmap_config config = fake_config();
	struct qpmap_pte *leaf = fake_host_leaf(FAKE_WINDOW_VA);

	(void)state;
	config.flags |= QPMAP_F_MARK_GUARDS;
	fake.slow_types = QPMAP_TYPE_BIT(QPMAP_ATTR_WRITE_COMBINING);
	assert_int_equal(fake_init(&config), QPMAP_OK);
	assert_int_equal(fake_online_cpu(0, 0, leaf), QPMAP_OK);
	leaf->bits = 77;
	if (QPMAP_CHECKED) {
		EXPECT_PANIC(QPMAP_PANIC_MARK, fake_page(1), 77,
		    (void)qpmap_enter(fake_page(1),
		    QPMAP_ATTR_WRITE_COMBINING));
		EXPECT_PANIC(QPMAP_PANIC_MARK, fake_page(1), 77,
		    (void)qpmap_enter(fake_page(1), QPMAP_ATTR_WRITE_BACK));
		EXPECT_PANIC(QPMAP_PANIC_MARK, fake_page(1), 77,
		    (void)qpmap_enter_ro(fake_page(1), QPMAP_ATTR_WRITE_BACK));
		leaf[1].bits = 78;
		EXPECT_PANIC(QPMAP_PANIC_MARK, fake_page(1), 77,
		    (void)qpmap_enter(fake_page(1), QPMAP_ATTR_WRITE_BACK));
		leaf[1].bits = 0;
	} else {
		qpmap_remove(qpmap_enter(fake_page(1), QPMAP_ATTR_WRITE_BACK));
	}
	leaf->bits = QPTE_MARK;
	qpmap_remove(qpmap_enter(fake_page(1), QPMAP_ATTR_WRITE_COMBINING));
	qpmap_remove(qpmap_enter(fake_page(1), QPMAP_ATTR_WRITE_BACK));
	fake_offline_cpu(0);
}

/*
 * The last window of a table: its right neighbour is in another one, and what
 * follows in memory is none of the window's business.
 */
static void
init_online_end(void **state)
{
	struct qpmap_config config = fake_config();
	struct qpmap_pte *leaf;

	(void)state;
	config.window_va = FAKE_WINDOW_VA +
	    (QPMAP_PAGE_SIZE << QPMAP_TABLE_SHIFT) - QPMAP_WINDOW_SIZE;
	config.cpu_count = 1;
	assert_int_equal(fake_init(&config), QPMAP_OK);
	leaf = fake_host_leaf(config.window_va);
	leaf[QPMAP_WINDOW_PAGES].bits = 77;
	assert_int_equal(fake_online_cpu(0, 0, leaf), QPMAP_OK);
}

static void
init_strerror(void **state)
{
	const char *unknown = qpmap_strerror(-1);
	unsigned int known = 0;

	(void)state;
	assert_int_not_equal(strlen(unknown), 0);
	assert_ptr_equal(qpmap_strerror(INT32_MAX), unknown);
	assert_ptr_equal(qpmap_strerror(INT32_MIN), unknown);
	/* The list ascends; in its gaps there is nothing. */
	for (int code = -1000; code < 1000; code++) {
		if (known < INIT_ERRORS && code == init_errors[known]) {
			assert_string_equal(qpmap_strerror(code),
			    init_error_texts[known++]);
		} else {
			assert_ptr_equal(qpmap_strerror(code), unknown);
		}
	}
	assert_int_equal(known, INIT_ERRORS);
	for (unsigned int a = 0; a < INIT_ERRORS; a++) {
		assert_int_not_equal(strlen(init_error_texts[a]), 0);
		assert_string_not_equal(init_error_texts[a], unknown);
		for (unsigned int b = 0; b < a; b++) {
			assert_string_not_equal(init_error_texts[a],
			    init_error_texts[b]);
		}
	}
}

/* Before init, and before online, nothing is mapped. */
static void
init_not_yet(void **state)
{
	(void)state;
	EXPECT_PANIC(QPMAP_PANIC_TYPE, fake_page(0), 0,
	    (void)qpmap_enter(fake_page(0), 0));
	EXPECT_PANIC(QPMAP_PANIC_TYPE, fake_page(0), 0,
	    (void)qpmap_enter_ro(fake_page(0), 0));
	EXPECT_PANIC(QPMAP_PANIC_NOT_ONLINE, 0, 0,
	    qpmap_cpu_offline(&fake_cpu[0]));
	EXPECT_PANIC(QPMAP_PANIC_NOT_ONLINE, 0, 0,
	    qpmap_cpu_abandon(&fake_cpu[0]));
}

const struct CMUnitTest init_tests[] = {
	FAKE_TEST("unit/init/options", init_options),
	FAKE_TEST("unit/init/flags", init_flags),
	FAKE_TEST("unit/C5/init refuses the nesting", init_nesting),
	FAKE_TEST("unit/init/window", init_window),
	FAKE_TEST("unit/init/types", init_types),
	FAKE_TEST("unit/init/sharing", init_sharing),
	FAKE_TEST("unit/init/sharing and width", init_sharing_width),
	FAKE_TEST("unit/init/pa_bits", init_pa_bits),
	FAKE_TEST("unit/init/probe", init_probe),
	FAKE_TEST("unit/init/direct map", init_direct),
	FAKE_TEST("unit/init/window and direct map", init_window_direct),
	FAKE_TEST("unit/init/again", init_again),
	FAKE_TEST("unit/init/while a CPU is online", init_while_online),
	FAKE_TEST("unit/B11/online refuses", init_online),
	FAKE_TEST("unit/B11/end of a table", init_online_end),
	FAKE_TEST("unit/B11/marked guards", init_mark),
	FAKE_TEST("unit/B11/mark gone", init_mark_gone),
	FAKE_TEST("unit/init/strerror", init_strerror),
	FAKE_TEST("unit/init/not yet", init_not_yet),
};
const size_t init_count = sizeof(init_tests) / sizeof(init_tests[0]);
