/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random work on several CPUs, against a model that is nothing but a stack of
 * pages for each of them.
 *
 * The seed is printed with a failure; QPMAP_SEED=... repeats it.
 */
#include <stdio.h>

#include "machine.h"
#include "tests.h"

#define MODEL_WINDOWS	(FAKE_CPUS + 2)
#define MODEL_STEPS	12000
#define MODEL_DIRECT	(QPMAP_DIRECT_MAP ? 32u : 0u)

struct model_mapping {
	qpmap_vaddr_t va;
	unsigned int page;
	unsigned int type;
	_Bool writable;
};

/* What CPUs hold; window is its number + 1, 0: offline. */
static struct model_cpu {
	unsigned int window;
	unsigned int held;
	struct model_mapping mapping[QPMAP_SLOTS];
} model_cpu[FAKE_CPUS];
static unsigned char model_byte[FAKE_DATA_PAGES];
static uint64_t model_seed;
static unsigned int model_irqs;

static unsigned int
model_pick(unsigned int count)
{
	return (fake_random(&model_seed) % count);
}

/* Every page that every CPU holds is there, and nothing else. */
static void
model_check(unsigned int cpu)
{
	const struct model_cpu *model = &model_cpu[cpu];
	const struct model_mapping *m;
	unsigned int n;

	assert_int_equal(qpmap_held(&fake_cpu[cpu]), model->held);
	if (model->window == 0) {
		return;
	}
	for (n = 0; n < QPMAP_SLOTS; n++) {
		if (n >= model->held) {
			fake_assert_absent(fake_slot_va_at(model->window - 1,
			    n));
			continue;
		}
		m = &model->mapping[n];
		assert_int_equal(m->va, fake_slot_va_at(model->window - 1, n));
		fake_assert_shows(m->va, fake_page(m->page), m->type,
		    m->writable);
	}
}

static void
model_enter(unsigned int cpu)
{
	struct model_cpu *model = &model_cpu[cpu];
	struct model_mapping m = {
	    .page = model_pick(FAKE_DATA_PAGES),
	    .type = model_pick(QPMAP_TYPE_COUNT),
	    .writable = model_pick(2) != 0,
	};
	_Bool direct = m.writable && m.page < MODEL_DIRECT &&
	    m.type == QPMAP_ATTR_WRITE_BACK;

	if (!direct && model->held == QPMAP_SLOTS) {
		return;
	}
	m.va = m.writable ? qpmap_enter(fake_page(m.page), m.type) :
	    qpmap_enter_ro(fake_page(m.page), m.type);
	if (direct) {
		assert_int_equal(m.va, FAKE_DIRECT_VA +
		    m.page * QPMAP_PAGE_SIZE);
		qpmap_remove(m.va);
		return;
	}
	model->mapping[model->held++] = m;
}

static void
model_leave(unsigned int cpu)
{
	struct model_cpu *model = &model_cpu[cpu];

	if (model->held > 0) {
		qpmap_remove(model->mapping[model->held - 1].va);
		model->held--;
	}
}

/* A byte through a mapping, and seen from outside. */
static void
model_touch(unsigned int cpu)
{
	const struct model_cpu *model = &model_cpu[cpu];
	const struct model_mapping *m;
	volatile unsigned char *byte;
	unsigned int offset = model_pick(1u << QPMAP_PAGE_SHIFT);

	if (model->held == 0) {
		return;
	}
	m = &model->mapping[model_pick(model->held)];
	byte = (volatile unsigned char *)m->va + offset;
	assert_int_equal(*byte, fake_memory(fake_page(m->page))[offset]);
	if (m->writable) {
		*byte = ++model_byte[m->page];
		assert_int_equal(fake_memory(fake_page(m->page))[offset],
		    model_byte[m->page]);
	}
}

static void
model_helper(unsigned int cpu)
{
	unsigned char buffer[200], expected[200];
	unsigned int page = model_pick(FAKE_DATA_PAGES - 1);
	qpmap_paddr_t pa = fake_page(page) + 4000 + model_pick(90);

	if (model_cpu[cpu].held == QPMAP_SLOTS) {
		return;
	}
	for (unsigned int i = 0; i < sizeof(buffer); i++) {
		buffer[i] = (unsigned char)model_pick(256);
	}
	memcpy(expected, buffer, sizeof(buffer));
	qpmap_write(pa, model_pick(5), buffer, sizeof(buffer));
	assert_memory_equal(fake_memory(pa), expected, sizeof(buffer));
	memset(buffer, 0, sizeof(buffer));
	qpmap_read(pa, model_pick(5), buffer, sizeof(buffer));
	assert_memory_equal(buffer, expected, sizeof(buffer));
	assert_memory_equal(fake_memory(pa), expected, sizeof(buffer));
}

/* Offline if it can be, then online in any window that is free. */
static void
model_move(unsigned int cpu)
{
	struct model_cpu *model = &model_cpu[cpu];
	unsigned int window, other;
	struct qpmap_pte *leaf;

	if (model->held != 0 || fake.irq_now != 0) {
		return;
	}
	if (model->window != 0) {
		fake_offline_cpu(cpu);
		model->window = 0;
	}
	window = model_pick(MODEL_WINDOWS);
	for (other = 0; other < FAKE_CPUS; other++) {
		if (model_cpu[other].window == window + 1) {
			return;
		}
	}
	leaf = fake_host_leaf(qpmap_state.window_va +
	    window * QPMAP_WINDOW_SIZE);
	assert_int_equal(fake_online_cpu(cpu, window, leaf), QPMAP_OK);
	model->window = window + 1;
}

/*
 * An interrupt, at a point nobody chose: enters what it may, and takes its
 * own away again.  What it interrupted may be half done, so that the depth is
 * the CPU's word.
 */
static void
model_interrupt(void)
{
	struct model_mapping m[QPMAP_SLOTS];
	unsigned int held = qpmap_held(&fake_cpu[fake.cpu]);
	unsigned int n, count;

	if (fake_cpu[fake.cpu].index_plus_one == 0 || model_pick(4) != 0) {
		return;
	}
	model_irqs++;
	count = model_pick(QPMAP_SLOTS - held + 1);
	for (n = 0; n < count; n++) {
		m[n].page = model_pick(FAKE_DATA_PAGES);
		m[n].type = 1 + model_pick(QPMAP_TYPE_COUNT - 1);
		m[n].va = qpmap_enter(fake_page(m[n].page), m[n].type);
		assert_int_equal(m[n].va, fake_slot_va_at(
		    fake_cpu[fake.cpu].index_plus_one - 1, held + n));
	}
	for (; n > 0; n--) {
		fake_assert_shows(m[n - 1].va, fake_page(m[n - 1].page),
		    m[n - 1].type, 1);
		qpmap_remove(m[n - 1].va);
		fake_assert_absent(m[n - 1].va);
	}
	assert_int_equal(qpmap_held(&fake_cpu[fake.cpu]), held);
}

static void
model_step(unsigned int cpu)
{
	unsigned int what;

	fake_run_on(cpu);
	if (model_cpu[cpu].window == 0) {
		model_move(cpu);
		return;
	}
	fake.irq = model_interrupt;
	fake.irq_depth = 2;
	fake.irq_at[0] = model_pick(16);
	fake.irq_at[1] = model_pick(12);
	fake.irq_point[0] = 0;
	what = model_pick(16);
	if (what == 0) {
		fake.irq = NULL;
		model_move(cpu);
	} else if (what == 1) {
		model_helper(cpu);
	} else if (what < 6) {
		model_touch(cpu);
	} else if (what < 11) {
		model_leave(cpu);
	} else {
		model_enter(cpu);
	}
	fake.irq = NULL;
}

static void
model_run(uint64_t seed, unsigned int flags)
{
	struct qpmap_config config = fake_config();
	unsigned int cpu;

	print_message("[     SEED ] QPMAP_SEED=%llu\n",
	    (unsigned long long)seed);
	fake_reset();
	memset(model_cpu, 0, sizeof(model_cpu));
	model_seed = seed;
	model_irqs = 0;
	config.cpu_count = MODEL_WINDOWS;
	config.flags |= flags;
	config.direct_va = MODEL_DIRECT != 0 ? FAKE_DIRECT_VA : 0;
	config.direct_pa = MODEL_DIRECT != 0 ? fake_page(0) : 0;
	config.direct_size = MODEL_DIRECT * QPMAP_PAGE_SIZE;
	if (MODEL_DIRECT != 0) {
		fake_direct(FAKE_DIRECT_VA, MODEL_DIRECT);
	}
	fake_start(&config);
	for (cpu = 0; cpu < FAKE_CPUS; cpu++) {
		model_cpu[cpu].window = cpu + 1;
	}
	for (unsigned int step = 0; step < MODEL_STEPS; step++) {
		cpu = model_pick(FAKE_CPUS);
		model_step(cpu);
		model_check(cpu);
		assert_int_equal(fake.pins[cpu], model_cpu[cpu].held);
	}
	assert_true(model_irqs > MODEL_STEPS / 50);
}

static void
model_default(void **state)
{
	const char *seed = getenv("QPMAP_SEED");

	(void)state;
	model_run(seed != NULL ? strtoull(seed, NULL, 0) : 20261122, 0);
}

static void
model_erratum(void **state)
{
	const char *seed = getenv("QPMAP_SEED");

	(void)state;
	model_run(seed != NULL ? strtoull(seed, NULL, 0) : 6502,
	    QPMAP_F_ERRATUM_INVLPG);
}

const struct CMUnitTest model_tests[] = {
	FAKE_TEST("unit/B2/model", model_default),
	FAKE_TEST("unit/B14/model", model_erratum),
};
const size_t model_count = sizeof(model_tests) / sizeof(model_tests[0]);
