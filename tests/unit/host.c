/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The strict host: hooks that check how they are called, and what the tests
 * share.
 */
#include <qpmap/panic.h>

#include "machine.h"

/* Another CPU that nobody is pinned to, where the thread may be taken. */
static void
fake_migrate(void)
{
	unsigned int cpu;

	if (fake.migrate_seed == 0) {
		return;
	}
	fake.migrate_seed = fake.migrate_seed * 1103515245u + 12345u;
	if (fake.migrate_seed == 0) {
		fake.migrate_seed = 1;
	}
	cpu = (fake.migrate_seed >> 16) % FAKE_CPUS;
	if (fake.pins[cpu] == 0 && fake_cpu[cpu].index_plus_one != 0) {
		fake_run_on(cpu);
	}
}

static struct qpmap_cpu *
fake_pin(enum fake_kind kind)
{
	struct qpmap_cpu *cpu;

	fake_event_begin(kind, fake.cpu);
	if (fake.pins[fake.cpu] == 0) {
		fake_migrate();
	}
	fake.pins[fake.cpu]++;
	fake.sent[fake.cpu] = 0;
	cpu = &fake_cpu[fake.cpu];
	fake_event_end();
	return (cpu);
}

struct qpmap_cpu *
qpmap_host_pin(void)
{
	return (fake_pin(FAKE_PIN));
}

struct qpmap_cpu *
qpmap_host_cpu(void)
{
	struct qpmap_cpu *cpu;

	fake_event_begin(FAKE_CPU, fake.cpu);
	if (fake.pins[fake.cpu] == 0 && !fake.may_ask_unpinned) {
		fail_msg("this CPU is asked for while preemptible");
	}
	cpu = &fake_cpu[fake.cpu];
	fake_event_end();
	return (cpu);
}

static void
fake_unpin(enum fake_kind kind, struct qpmap_cpu *cpu)
{
	fake_event_begin(kind, fake.cpu);
	if (cpu != &fake_cpu[fake.cpu]) {
		fail_msg("unpin of another CPU's state");
	}
	if (fake.pins[fake.cpu] == 0) {
		fail_msg("unpin of what is not pinned");
	}
	fake.pins[fake.cpu]--;
	fake_used();
	fake_event_end();
	if (fake.pins[fake.cpu] == 0) {
		fake_migrate();
	}
}

void
qpmap_host_unpin(struct qpmap_cpu *cpu)
{
	fake_unpin(FAKE_UNPIN, cpu);
}

#if QPMAP_SWITCH

struct qpmap_cpu *
qpmap_host_preempt_disable(void)
{
	return (fake_pin(FAKE_PREEMPT_DISABLE));
}

void
qpmap_host_preempt_enable(struct qpmap_cpu *cpu)
{
	fake_unpin(FAKE_PREEMPT_ENABLE, cpu);
}

#endif

QPMAP_NORETURN void
qpmap_host_panic(const char *text, uint64_t a, uint64_t b)
{
	if (!fake.panic_armed) {
		fail_msg("unexpected panic: %s, %#lx, %#lx", text,
		    (unsigned long)a, (unsigned long)b);
		abort();
	}
	fake.panic_armed = 0;
	fake.panic_text = text;
	fake.panic_a = a;
	fake.panic_b = b;
	longjmp(fake.panic_env, 1);
}

void
fake_panic_begin(void)
{
	fake.panic_armed = 1;
	memcpy(fake.panic_pins, fake.pins, sizeof(fake.pins));
}

/* What the call that panicked had pinned is the handler's to give back. */
void
fake_panic_end(const char *text, uint64_t a, uint64_t b)
{
	assert_string_equal(fake.panic_text, text);
	assert_int_equal(fake.panic_a, a);
	assert_int_equal(fake.panic_b, b);
	memcpy(fake.pins, fake.panic_pins, sizeof(fake.pins));
}

int
qpmap_host_page_is_wired(qpmap_paddr_t pa)
{
	fake_event_begin(FAKE_PINNED, pa);
	fake_event_end();
	return (pa != fake.not_pinned);
}

static void
fake_table_hook(void)
{
	if (!fake.tables_allowed) {
		fail_msg("a table hook is called outside of init and online");
	}
}

qpmap_paddr_t
qpmap_host_table_alloc(void)
{
	qpmap_paddr_t page = QPMAP_NO_TABLE;

	fake_table_hook();
	fake_event_begin(FAKE_ALLOC, 0);
	fake.alloc_calls++;
	if (fake.alloc_calls != fake.alloc_fails_at) {
		page = fake_pool_take();
	}
	fake_event_end();
	return (page);
}

void
qpmap_host_table_free(qpmap_paddr_t table)
{
	fake_table_hook();
	fake_event_begin(FAKE_FREE, table);
	fake_pool_give(table);
	fake_event_end();
}

void *
qpmap_host_table_address(qpmap_paddr_t table)
{
	fake_table_hook();
	return (fake_alias_table(table));
}

void *
qpmap_host_leaf_address(qpmap_paddr_t table)
{
	fake_table_hook();
	return (fake_alias_leaf(table));
}

int
fake_init(const struct qpmap_config *config)
{
	int error;

	fake.tables_allowed = (config->flags & QPMAP_F_BUILD_TABLES) != 0;
	error = qpmap_init(config);
	fake.tables_allowed = 0;
	return (error);
}

int
fake_online_cpu(unsigned int cpu, unsigned int window, struct qpmap_pte *leaf)
{
	const struct qpmap_cpu_ptes ptes = {
		.window = leaf,
#if QPMAP_RANGE_PAGES
		.range = leaf == NULL ? NULL : fake_host_leaf(
		    qpmap_state.range_va + window * QPMAP_RANGE_SIZE),
#endif
#if QPMAP_LARGE_SLOTS
		.large = leaf == NULL || qpmap_large.va == 0 ||
		    window >= qpmap_state.cpu_count ? NULL : fake_host_large(
		    qpmap_large.va + window * QPMAP_LARGE_WINDOW_SIZE),
#endif
	};
	int error;

	fake_run_on(cpu);
	fake.tables_allowed =
	    (qpmap_state.flags & QPMAP_F_BUILD_TABLES) != 0 && leaf == NULL;
	fake.pins[cpu]++;
	error = qpmap_cpu_online(&fake_cpu[cpu], window,
	    leaf == NULL && fake.tables_allowed ? NULL : &ptes);
	fake.pins[cpu]--;
	fake.joined[cpu] = fake_cpu[cpu].index_plus_one != 0;
	fake.tables_allowed = 0;
	return (error);
}

void
fake_offline_cpu(unsigned int cpu)
{
	fake_run_on(cpu);
	fake.pins[cpu]++;
	fake.joined[cpu] = 0;
	qpmap_cpu_offline(&fake_cpu[cpu]);
	fake.pins[cpu]--;
}

#if QPMAP_SHOOTDOWN

void
fake_interrupt(unsigned int cpu)
{
	unsigned int was = fake.cpu;

	fake_run_on(cpu);
	fake.pins[cpu]++;
	qpmap_shootdown_ipi();
	fake.pins[cpu]--;
	fake_run_on(was);
}

void
fake_poll(unsigned int cpu)
{
	unsigned int was = fake.cpu;

	fake_run_on(cpu);
	fake.pins[cpu]++;
	qpmap_shootdown_poll();
	fake.pins[cpu]--;
	fake_run_on(was);
}

unsigned int
fake_target(uint32_t window)
{
	unsigned int cpu;

	for (cpu = 0; cpu < FAKE_CPUS; cpu++) {
		if (*(volatile uint32_t *)&fake_cpu[cpu].index_plus_one ==
		    window + 1) {
			break;
		}
	}
	return (cpu);
}

void
qpmap_host_ipi(uint32_t window)
{
	unsigned int cpu = fake.cpu, target;

	fake_event_begin(FAKE_IPI, window);
	if (fake.pins[cpu] == 0) {
		fail_msg("an interrupt is sent while preemptible");
	}
	if (!fake.sent[cpu]) {
		fail_msg("an interrupt may overtake the request");
	}
	if (window >= qpmap_state.cpu_count ||
	    window + 1 == fake_cpu[cpu].index_plus_one) {
		fail_msg("an interrupt to window %u", window);
	}
	fake_event_end();
	if (fake.ipi != NULL) {
		fake.ipi(window);
		return;
	}
	target = fake_target(window);
	if (target != FAKE_CPUS) {
		fake_interrupt(target);
	}
}

#endif /* QPMAP_SHOOTDOWN */

struct qpmap_config
fake_config(void)
{
	struct qpmap_config config = {
		.window_va = FAKE_WINDOW_VA,
		.cpu_count = FAKE_CPUS,
		.nesting = QPMAP_SLOTS,
		.types = QPMAP_TYPE_BIT(QPMAP_TYPE_COUNT) - 1,
		.flags = FAKE_FLAGS,
	};

#if QPMAP_SHOOTDOWN
	config.shootdown = &fake_shootdown_memory;
	config.cpu_sync = FAKE_BROADCASTS ? NULL : fake_cpu_sync;
	config.global_va = FAKE_GLOBAL_VA;
	config.global = fake_global;
#endif
#if QPMAP_RANGE_PAGES
	config.range_va = FAKE_RANGE_VA;
#endif
	return (config);
}

/* Windows and global slots, whose entries the host has. */
static void
fake_watch_all(const struct qpmap_config *config)
{
	unsigned int pages =
	    config->cpu_count * (unsigned int)QPMAP_WINDOW_PAGES + 2;

#if QPMAP_SHOOTDOWN
	for (unsigned int i = 0; i < config->global_count; i++) {
		config->global[i].leaf = fake_host_leaf(config->global_va +
		    i * QPMAP_GLOBAL_SIZE);
		pages = (unsigned int)((config->global_va -
		    config->window_va + (i + 1) * QPMAP_GLOBAL_SIZE) >>
		    QPMAP_PAGE_SHIFT) + 2;
	}
#endif
	fake_watch(config->window_va - (FAKE_RANGE_ALL + 1) * QPMAP_PAGE_SIZE,
	    pages + FAKE_RANGE_ALL);
}

void
fake_start(const struct qpmap_config *config)
{
	struct qpmap_pte *leaf;
	qpmap_vaddr_t va;

	fake_watch_all(config);
	assert_int_equal(fake_init(config), QPMAP_OK);
	for (unsigned int cpu = 0; cpu < FAKE_CPUS; cpu++) {
		va = config->window_va + cpu * QPMAP_WINDOW_SIZE;
		leaf = fake_host_leaf(va);
		assert_int_equal(fake_online_cpu(cpu, cpu, leaf), QPMAP_OK);
	}
	fake_run_on(0);
	fake_log_clear();
}

int
fake_setup(void **state)
{
	(void)state;
	fake_reset();
	return (0);
}

int
fake_teardown(void **state)
{
	(void)state;
	fake_reset();
	return (0);
}

qpmap_vaddr_t
fake_slot_va_at(unsigned int window, unsigned int n)
{
	return (qpmap_state.window_va + window * QPMAP_WINDOW_SIZE +
	    (2 * n + 1) * QPMAP_PAGE_SIZE);
}

void
fake_assert_shows(qpmap_vaddr_t va, qpmap_paddr_t pa, unsigned int type,
    _Bool writable)
{
	qpmap_vaddr_t offset = QPMAP_PAGE_MASK;

	assert_int_not_equal(va, 0);
	assert_int_equal(va & QPMAP_PAGE_MASK, 0);
	assert_int_equal(fake_translate(va, FAKE_READ).fault, FAKE_OK);
	assert_int_equal(fake_translate(va, FAKE_READ).pa, pa);
	assert_int_equal(fake_translate(va + offset, FAKE_READ).pa, pa);
	assert_int_equal(fake_translate(va, FAKE_READ).type, type);
	assert_int_equal(fake_translate(va, FAKE_WRITE).fault,
	    writable ? FAKE_OK : FAKE_READ_ONLY);
	assert_int_equal(fake_translate(va, FAKE_EXEC).fault, FAKE_NO_EXEC);
}

#if QPMAP_LARGE_SLOTS

void
fake_assert_shows_large(qpmap_vaddr_t va, qpmap_paddr_t pa, unsigned int type,
    _Bool writable)
{
	assert_int_equal(va & QPMAP_LARGE_MASK, 0);
	for (qpmap_vaddr_t at = 0; at < QPMAP_LARGE_SIZE;
	    at += QPMAP_LARGE_SIZE / FAKE_PIECES) {
		fake_assert_shows(va + at, pa + at, type, writable);
	}
}

#endif

/* After remove, va does not show its page. */
void
fake_assert_absent(qpmap_vaddr_t va)
{
	assert_int_equal(fake_translate(va, FAKE_READ).fault, FAKE_ABSENT);
	assert_int_equal(fake_translate(va, FAKE_WRITE).fault, FAKE_ABSENT);
	assert_int_equal(fake_translate(va, FAKE_EXEC).fault, FAKE_ABSENT);
}

void
fake_assert_idle(void)
{
	for (unsigned int cpu = 0; cpu < FAKE_CPUS; cpu++) {
		assert_int_equal(fake.pins[cpu], 0);
		assert_int_equal(qpmap_held(&fake_cpu[cpu]), 0);
	}
	fake_assert_walks();
}

uint32_t
fake_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return ((uint32_t)(*seed >> 32));
}
