/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * emu-schedule: several CPUs in emulation, interleaved by a seed.
 *
 *	emu-schedule MODE			all its schedules
 *	emu-schedule MODE --seed N		that one again
 *	emu-schedule MODE --seed N --trace	saying what each CPU does
 *	emu-schedule MODE --first N --count N	others than seed 1 and up
 *
 * QPMAP_SCHEDULES in the environment goes before --count.
 *
 * The machine is set up once; each schedule begins with the same RAM, empty
 * TLBs, and every CPU offline.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <qpmap/qpmap.h>

#include "schedule.h"

#define SCHED_COUNT 1000

struct sched sched;
static const char *sched_program;
static bool sched_failed;

/* The words that a waiting CPU looks at. */
static void
sched_print_shootdown(void)
{
	struct emu *e = sched.e;

	fprintf(stderr, "  generation 0x%llx\n",
	    (unsigned long long)emu_shootdown_word(e, FACT_GENERATION));
	for (unsigned i = 0; i < EMU_GROUPS; i++) {
		fprintf(stderr, "  group %u: clean 0x%llx, used 0x%llx, "
		    "dirty 0x%llx\n", i,
		    (unsigned long long)emu_group_word(e, i, FACT_GROUP_CLEAN),
		    (unsigned long long)emu_group_word(e, i, FACT_GROUP_USED),
		    (unsigned long long)emu_group_word(e, i,
		    FACT_GROUP_DIRTY));
	}
	for (unsigned i = 0; i < EMU_CPUS; i++) {
		fprintf(stderr, "  window %u: online %llu, acknowledged "
		    "0x%llx\n", i,
		    (unsigned long long)emu_sync_word(e, i,
		    FACT_SYNC_ONLINE),
		    (unsigned long long)emu_sync_word(e, i,
		    FACT_SYNC_ACKNOWLEDGED));
	}
}

static void
sched_print_cpus(void)
{
	struct emu *e = sched.e;

	for (unsigned i = 0; i < sched.cpu_count; i++) {
		const struct sched_cpu *c = &sched.cpu[i];
		uint64_t pc = 0;

		uc_reg_read(c->uc, e->arch->pc_reg, &pc);
		fprintf(stderr, "  CPU %u: %s, in %s; %s, window %u, "
		    "interrupts %s, level %u, %u pending%s\n", i,
		    c->doing != NULL ? c->doing : "not begun",
		    emu_symbol_at(e, pc), c->online ? "online" :
		    c->present ? "comes or goes" : "offline", c->window,
		    c->enabled ? "on" : "off", c->level, c->pending,
		    c->frozen > sched.steps ? ", frozen" : "");
	}
}

void
sched_fail(const char *format, ...)
{
	va_list list;

	if (!sched_failed && sched.e != NULL && sched.cpu_count != 0) {
		sched_failed = true;
		fprintf(stderr, "FAILED %s/B10/schedule: seed %llu, step %llu",
		    sched.e->mode->name, (unsigned long long)sched.seed,
		    (unsigned long long)sched.steps);
		if (sched.current != NULL) {
			fprintf(stderr, ", CPU %u", sched.current->number);
		}
		fprintf(stderr, ": ");
	}
	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fputc('\n', stderr);
	if (sched_failed) {
		sched_print_cpus();
		sched_print_shootdown();
		fprintf(stderr, "again: %s %s --seed %llu\n", sched_program,
		    sched.e->mode->name, (unsigned long long)sched.seed);
	}
	exit(1);
}

static void
sched_die(const char *text)
{
	sched_fail("%s", text);
}

void
sched_trace(const char *format, ...)
{
	va_list list;

	if (!sched.trace) {
		return;
	}
	printf("%8llu CPU %u%s: ", (unsigned long long)sched.steps,
	    sched.current->number, sched.current->level != 0 ? "'" : "");
	va_start(list, format);
	vprintf(format, list);
	va_end(list);
	putchar('\n');
}

/*
 * Setting up, once.
 */

static void
sched_find_functions(void)
{
	struct emu *e = sched.e;

	sched.load = emu_symbol(e, "guest_load32");
	sched.store = emu_symbol(e, "guest_store32");
	sched.enter = emu_symbol(e, "qpmap_enter");
	sched.enter_ro = emu_symbol(e, "qpmap_enter_ro");
	sched.remove = emu_symbol(e, "qpmap_remove");
	sched.online = emu_symbol(e, "qpmap_cpu_online");
	sched.offline = emu_symbol(e, "qpmap_cpu_offline");
	sched.global_enter = emu_symbol(e, "guest_global_enter");
	sched.global_remove = emu_symbol(e, "qpmap_global_remove");
	sched.global_deferred = emu_symbol(e, "qpmap_global_remove_deferred");
	sched.shootdown = emu_symbol(e, "qpmap_shootdown");
	sched.quiesce = emu_symbol(e, "qpmap_quiesce");
	sched.ipi = emu_symbol(e, "qpmap_shootdown_ipi");
	sched.remote = emu_symbol(e, "guest_cpu_sync");
	sched.private_first[0] = emu_symbol(e, "guest_stack");
	sched.private_size[0] = emu_symbol_size(e, "guest_stack");
	sched.private_first[1] = emu_symbol(e, "guest_percpu");
	sched.private_size[1] = emu_symbol_size(e, "guest_percpu");
}

static void
sched_place_at(unsigned number, uint64_t va)
{
	struct sched_place *place = &sched.place[number];

	place->va = va;
	if (!emu_leaf_at(sched.e, va, &place->slot, NULL)) {
		emu_die("no table for 0x%llx", (unsigned long long)va);
	}
}

/*
 * Every global slot is somebody's, but for SCHED_SLOTS of them: so schedules
 * are short of slots all the time.  Both groups have some.
 */
static void
sched_take_slots(void)
{
	static const unsigned left[SCHED_SLOTS][2] = {
		{ 0, 0 }, { 0, 1 }, { 0, 31 }, { 1, 5 }, { 1, 6 }
	};
	struct emu *e = sched.e;
	unsigned slots = (unsigned)e->fact[FACT_GLOBAL_SLOTS];

	for (unsigned i = 0; i < EMU_GROUPS * slots; i++) {
		emu_global_enter(e, emu_page(e, 0), QPMAP_ATTR_WRITE_BACK);
	}
	for (unsigned i = 0; i < SCHED_SLOTS; i++) {
		unsigned page = 2 * (left[i][0] * slots + left[i][1]) + 1;
		uint64_t va = e->config[WIRE_GLOBAL_VA] +
		    ((uint64_t)page << e->mode->page_shift);

		if (EMU_CALL(e, "qpmap_global_remove", "w", va) !=
		    EMU_RETURNED) {
			emu_die("a global slot cannot be removed");
		}
		sched_place_at(SCHED_GLOBAL_FIRST + i, va);
		sched.slot_bits[left[i][0]] |= UINT64_C(1) << left[i][1];
	}
}

static void
sched_find_places(void)
{
	struct emu *e = sched.e;

	for (unsigned i = 0; i < SCHED_WINDOW_PLACES; i++) {
		sched_place_at(i, emu_slot_va_of(e, i / SCHED_WINDOW_SLOTS,
		    i % SCHED_WINDOW_SLOTS + 1));
	}
	for (unsigned i = 0; i < SCHED_AREA_PLACES; i++) {
		uint64_t va = e->mode->scratch_va +
		    ((uint64_t)i << e->mode->page_shift);

		emu_map(e, va, emu_page(e, 0), false);
		sched_place_at(SCHED_AREA_FIRST + i, va);
		emu_write(e, sched.place[SCHED_AREA_FIRST + i].slot,
		    e->mode->entry_size, 0);
	}
}

static void
sched_setup(const struct emu_mode *mode)
{
	struct emu *e = emu_begin(mode, "smp");
	int error = emu_init(e);

	sched.e = e;
	sched.broadcasts = strcmp(e->arch->name, "arm64") == 0;
	if (error == QPMAP_OK) {
		error = emu_online(e, 0, 0);
	}
	if (error != QPMAP_OK || e->fact[FACT_SLOTS] != SCHED_WINDOW_SLOTS) {
		emu_die("init or online: error %d", error);
	}
	sched_find_functions();
	sched_take_slots();
	sched_find_places();
	EMU_CALL(e, "qpmap_cpu_offline", "w", emu_state_pa(e));
	for (unsigned i = 0; i < EMU_CPUS; i++) {
		struct sched_cpu *c = &sched.cpu[i];

		emu_cpu(e, i);
		if (i != 0) {
			emu_boot(e);
		}
		c->number = i;
		c->bit = 1u << i;
		c->uc = e->uc;
		c->percpu = e->percpu;
	}
	sched.idle_word = emu_page_alloc(e);
	sched.set_word = emu_page_alloc(e);
	sched.snapshot_size = emu_page_alloc(e) - mode->ram_base;
	sched.snapshot = malloc(sched.snapshot_size);
	if (sched.snapshot == NULL) {
		emu_die("no memory");
	}
	memcpy(sched.snapshot, emu_ram(e, mode->ram_base,
	    sched.snapshot_size), sched.snapshot_size);
}

/*
 * One schedule.
 */

/*
 * As if QPMAP_GENERATION_FIRST were another number: a few requests later the
 * generation comes round.
 */
static void
sched_generation(uint64_t generation)
{
	struct emu *e = sched.e;
	uint64_t base = emu_symbol(e, "guest_shootdown");
	unsigned word = (unsigned)e->fact[FACT_WORD];

	emu_write(e, base + e->fact[FACT_GENERATION], word, generation);
	for (unsigned i = 0; i < e->fact[FACT_REQUESTS]; i++) {
		emu_write(e, base + e->fact[FACT_RING] +
		    i * e->fact[FACT_REQUEST_SIZE] +
		    e->fact[FACT_REQUEST_GENERATION], word, generation);
	}
}

static void
sched_reset_cpu(struct sched_cpu *c)
{
	struct sched_cpu old = *c;

	memset(c, 0, sizeof(*c));
	c->number = old.number;
	c->bit = old.bit;
	c->uc = old.uc;
	c->percpu = old.percpu;
	c->stack = old.stack;
	uc_ctl_flush_tlb(c->uc);
}

/* All that a schedule leaves behind is undone. */
static void
sched_reset(void)
{
	struct emu *e = sched.e;

	memcpy(emu_ram(e, e->mode->ram_base, sched.snapshot_size),
	    sched.snapshot, sched.snapshot_size);
	for (unsigned i = 0; i < SCHED_PLACES; i++) {
		sched.place[i] = (struct sched_place){
		    .va = sched.place[i].va, .slot = sched.place[i].slot };
	}
	for (unsigned i = 0; i < EMU_CPUS; i++) {
		sched_reset_cpu(&sched.cpu[i]);
		sched.owner[i] = SCHED_NOBODY;
	}
	memset(sched.page, 0, sizeof(sched.page));
	memset(sched.recent, 0, sizeof(sched.recent));
	sched.recent_count = 0;
	sched.steps = sched.slice = sched.busy = sched.clock = 0;
	sched.tag = 0x10000;
	sched.over = false;
	sched.current = NULL;
}

/* What kind of schedule the seed means. */
static void
sched_choose(uint64_t seed)
{
	static const unsigned grain[8] = { 1, 1, 1, 1, 2, 3, 8, 32 };

	sched.seed = seed;
	sched.random = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15);
	for (unsigned i = 0; i < 8; i++) {
		sched_random(1);
	}
	sched.cpu_count = 2 + sched_random(EMU_CPUS - 1);
	sched.active = sched.cpu_count;
	sched.theme = sched_random(SCHED_THEMES);
	sched.grain = grain[sched_random(8)];
	sched.touch_rate = 30 + sched_random(100);
	sched.timer_rate = 300 + sched_random(2000);
	sched.timers = sched_random(16);
	sched.freeze_rate = 50 + sched_random(1000);
	sched.freeze_steps = 20 + sched_random(800);
	sched.stall_rate = 20 + sched_random(200);
	sched.delay_steps = 1 + sched_random(200);
	sched.operations = 2 + sched_random(6);
	if (!sched.broadcasts && sched_random(2) == 0) {
		sched_generation(-(uint64_t)sched_random(24));
	}
}

static void
sched_check_equal(uint64_t is, uint64_t expected, const char *what,
    unsigned number)
{
	if (is != expected) {
		sched_fail("at the end: %s %u: 0x%llx, not 0x%llx", what,
		    number, (unsigned long long)is,
		    (unsigned long long)expected);
	}
}

/* Balanced, empty, and all that was asked for acknowledged. */
static void
sched_check_end(void)
{
	struct emu *e = sched.e;
	unsigned word = (unsigned)e->fact[FACT_WORD];
	uint64_t all = ~UINT64_C(0) >> (64 - 8 * word);

	for (unsigned i = 0; i < sched.cpu_count; i++) {
		const struct sched_cpu *c = &sched.cpu[i];

		emu_cpu(e, i);
		sched_check_equal(emu_depth(e), 0, "preemption depth of CPU",
		    i);
		sched_check_equal(emu_unpinned_queries(e), 0,
		    "queries while not pinned of CPU", i);
		sched_check_equal(emu_held(e), 0, "mappings held by CPU", i);
		if (c->online && !sched.broadcasts) {
			sched_check_equal(emu_sync_word(e, c->window,
			    FACT_SYNC_ACKNOWLEDGED), emu_shootdown_word(e,
			    FACT_GENERATION), "acknowledged of window",
			    c->window);
		}
	}
	for (unsigned i = 0; i < SCHED_PLACES; i++) {
		sched_check_equal(emu_read(e, sched.place[i].slot,
		    e->mode->entry_size), 0, "entry of place", i);
	}
	for (unsigned i = 0; i < EMU_GROUPS; i++) {
		sched_check_equal(emu_group_word(e, i, FACT_GROUP_CLEAN),
		    sched.slot_bits[i], "clean slots of group", i);
		sched_check_equal(emu_group_word(e, i, FACT_GROUP_USED),
		    all & ~sched.slot_bits[i], "used slots of group", i);
		sched_check_equal(emu_group_word(e, i, FACT_GROUP_DIRTY), 0,
		    "dirty slots of group", i);
	}
	sched_check_equal(sched.busy, 0, "slots held, group", 0);
}

static void
sched_one(uint64_t seed)
{
	sched_reset();
	sched_choose(seed);
	sched_run(sched_script);
	sched_check_end();
}

static uint64_t
sched_number(const char *text)
{
	char *end;
	uint64_t number = strtoull(text, &end, 0);

	if (*text == '\0' || *end != '\0') {
		fprintf(stderr, "not a number: %s\n", text);
		exit(2);
	}
	return (number);
}

int
main(int argc, char **argv)
{
	const struct emu_mode *mode = NULL;
	const char *environment = getenv("QPMAP_SCHEDULES");
	uint64_t first = 1, count = SCHED_COUNT;
	bool one = false;

	sched_program = argv[0];
	emu_on_die = sched_die;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--trace") == 0) {
			sched.trace = true;
		} else if (strcmp(argv[i], "--guests") == 0 && i + 1 < argc) {
			emu_guest_dir = argv[++i];
		} else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc) {
			first = sched_number(argv[++i]);
			one = true;
		} else if (strcmp(argv[i], "--first") == 0 && i + 1 < argc) {
			first = sched_number(argv[++i]);
		} else if (strcmp(argv[i], "--count") == 0 && i + 1 < argc) {
			count = sched_number(argv[++i]);
		} else {
			mode = emu_mode_find(argv[i]);
		}
	}
	if (mode == NULL) {
		fprintf(stderr, "usage: emu-schedule MODE [--seed N] "
		    "[--first N] [--count N] [--trace] [--guests DIR]\n");
		return (2);
	}
	if (one) {
		count = 1;
	} else if (environment != NULL) {
		count = sched_number(environment);
	}
	sched_setup(mode);
	for (uint64_t i = 0; i < count; i++) {
		sched_one(first + i);
	}
	printf("%s/B10/schedule: %llu schedules, %llu steps, at most %llu in "
	    "one, %.1f s\n", mode->name, (unsigned long long)count,
	    (unsigned long long)sched.total_steps,
	    (unsigned long long)sched.most_steps,
	    (double)clock() / CLOCKS_PER_SEC);
	emu_close(sched.e);
	return (0);
}
