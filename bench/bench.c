/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What enter and remove cost, and a shootdown, per MMU mode, as one JSON
 * object.
 *
 * usage: bench --guests DIR
 *
 * tools/bench runs it, adds the sizes, prints the table and holds the numbers
 * against their limits.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qpmap/qpmap.h>

#include "designs.h"

static void
bench_die(const char *text)
{
	fprintf(stderr, "bench: %s\n", text);
	exit(2);
}

/* "name": {"enter": ..., "remove": ...}, */
static void
bench_print_pair(const char *name, const struct counts_pair *pair)
{
	printf("   \"%s\": {\"enter\": %" PRIu64 ", \"remove\": %" PRIu64
	    "},\n", name, pair->enter.instructions,
	    pair->remove.instructions);
}

/*
 * The second pair must cost what the first did, and so must a pair on the
 * other CPU: a count that depends on history or on the CPU is none.
 */
static struct counts_pair
bench_repeat_of(struct emu *e, const char *enter, const char *kinds,
    const uint64_t *values, const char *remove)
{
	struct counts_pair first = counts_functions(e, enter, kinds, values,
	    remove);
	struct counts_pair again = counts_functions(e, enter, kinds, values,
	    remove);

	if (first.enter.instructions != again.enter.instructions ||
	    first.remove.instructions != again.remove.instructions) {
		emu_die("%s: two pairs differ in cost", e->mode->name);
	}
	return (first);
}

static struct counts_pair
bench_repeat(struct emu *e, uint64_t pa)
{
	return (bench_repeat_of(e, "qpmap_enter", "pw",
	    (const uint64_t[]){ pa, QPMAP_ATTR_WRITE_BACK }, "qpmap_remove"));
}

/* Without a direct map: two CPUs, for the lines they share. */
static void
bench_window(const struct emu_mode *mode)
{
	struct emu *e = counts_open(mode, "bench0", 2, 0);
	struct counts_pair pair, other;
	struct counts sum, other_sum;

	emu_cpu(e, 1);
	other = bench_repeat(e, emu_page(e, 1));
	emu_cpu(e, 0);
	pair = bench_repeat(e, emu_page(e, 0));
	sum = counts_sum(&pair.enter, &pair.remove);
	other_sum = counts_sum(&other.enter, &other.remove);
	if (sum.instructions != other_sum.instructions) {
		emu_die("%s: a pair differs from CPU to CPU", mode->name);
	}
	bench_print_pair("window", &pair);
	printf("   \"tlb_local\": %u, \"tlb_broadcast\": %u, "
	    "\"barriers\": %u,\n", sum.tlb_local, sum.tlb_broadcast,
	    sum.barriers);
	printf("   \"lines_written\": %u, \"lines_shared\": %u,\n",
	    sum.line_count, counts_shared(&sum, &other_sum));
	printf("   \"cpu_state\": %" PRIu64 ", \"hot_text\": %" PRIu64 ",\n",
	    e->fact[FACT_CPU_SIZE], emu_symbol_size(e, "qpmap_enter") +
	    emu_symbol_size(e, "qpmap_enter_ro") +
	    emu_symbol_size(e, "qpmap_remove"));
	emu_close(e);
}

/*
 * The direct map's path acts on no TLB, and writes nothing: but registers
 * that i386 saves on its stack, one line.
 */
static void
bench_check_direct(const struct emu_mode *mode, const struct counts_pair *pair)
{
	struct counts sum = counts_sum(&pair->enter, &pair->remove);
	bool saves = strcmp(mode->arch->name, "i386") == 0;

	if (sum.line_count > (saves ? 1 : 0) || sum.tlb_local != 0 ||
	    sum.tlb_broadcast != 0 || sum.barriers != 0) {
		emu_die("%s: the direct map's path writes %u lines, with %u "
		    "TLB operations and %u barriers", mode->name,
		    sum.line_count, sum.tlb_local + sum.tlb_broadcast,
		    sum.barriers);
	}
}

/* With a direct map: a page outside it, and one inside. */
static void
bench_direct(const struct emu_mode *mode)
{
	struct emu *e = counts_open(mode, "bench1", 1, 8);
	struct counts_pair pair = bench_repeat(e, emu_page(e, 100));

	bench_print_pair("window_tested", &pair);
	pair = bench_repeat(e, emu_page(e, 3));
	bench_check_direct(mode, &pair);
	bench_print_pair("direct", &pair);
	emu_close(e);
}

/* The memory types that take the slow path on this machine, by bit. */
static unsigned
bench_slow_types(const struct emu *e)
{
	unsigned types = 0;

	for (unsigned type = 0; type < QPMAP_TYPE_COUNT; type++) {
		if (e->arch->type_name(e, type) != NULL &&
		    e->arch->type_slow(e, type)) {
			types |= QPMAP_TYPE_BIT(type);
		}
	}
	return (types);
}

/*
 * A pair on the slow path, the same for each type that takes it; on a machine
 * without such types, because of a flag.
 */
static void
bench_slow(const struct emu_mode *mode)
{
	const struct emu_layout *layout = mode->arch->layouts;
	struct emu *e = emu_begin(mode, "bench0");
	struct counts_pair pair, first = { 0 };
	unsigned types = bench_slow_types(e);

	while (types == 0 && (++layout)->name != NULL) {
		emu_close(e);
		e = emu_prepare(mode, "bench0", layout->value, 0);
		types = bench_slow_types(e);
	}
	e->config[WIRE_TYPES] = types;
	e->config[WIRE_LAYOUT] = e->layout;
	if (types == 0) {
		types = QPMAP_TYPE_BIT(QPMAP_ATTR_WRITE_BACK);
		e->config[WIRE_FLAGS] |= mode->arch->features->flag;
	}
	if (emu_init(e) != 0 || emu_online(e, 0, 0) != 0) {
		emu_die("%s: no slow path: %u", mode->name,
		    (unsigned)e->result);
	}
	for (unsigned type = 0; type < QPMAP_TYPE_COUNT; type++) {
		if ((types & QPMAP_TYPE_BIT(type)) == 0) {
			continue;
		}
		pair = counts_functions(e, "qpmap_enter", "pw",
		    (const uint64_t[]){ emu_page(e, 0), type },
		    "qpmap_remove");
		if (first.enter.instructions == 0) {
			first = pair;
		}
		if (pair.enter.instructions != first.enter.instructions ||
		    pair.remove.instructions != first.remove.instructions) {
			emu_die("%s: slow types differ in cost", mode->name);
		}
	}
	bench_print_pair("slow", &first);
	emu_close(e);
}

/*
 * Beside the best case: other hooks, a page as argument, gcc.
 */

/* The same, by the manual page's two functions. */
static struct counts_pair
bench_repeat_page(struct emu *e, uint64_t pa)
{
	if (EMU_CALL(e, "guest_page_of", "pw", pa, QPMAP_ATTR_WRITE_BACK) !=
	    EMU_RETURNED) {
		emu_die("guest_page_of did not return");
	}
	return (bench_repeat_of(e, "pmap_quick_enter_page", "w",
	    &(const uint64_t){ e->result }, "pmap_quick_remove_page"));
}

/* "name": what a page outside, or without, a direct map costs; one inside. */
static void
bench_beside(const struct emu_mode *mode, const char *name,
    const char *const variant[2], struct counts_pair (*repeat)(struct emu *e,
    uint64_t pa))
{
	struct counts_pair pair;
	struct counts sum;
	struct emu *e;

	printf("   \"%s\": {\n", name);
	for (unsigned direct = 0; direct < 2; direct++) {
		e = counts_open(mode, variant[direct], 1, 8 * direct);
		if (EMU_CALL(e, "guest_thread_init", "w", 0) !=
		    EMU_RETURNED) {
			emu_die("guest_thread_init did not return");
		}
		pair = repeat(e, emu_page(e, 100));
		bench_print_pair(direct ? "window_tested" : "window", &pair);
		sum = counts_sum(&pair.enter, &pair.remove);
		if (direct) {
			pair = repeat(e, emu_page(e, 3));
			bench_print_pair("direct", &pair);
		} else {
			printf("   \"tlb_local\": %u, \"tlb_broadcast\": "
			    "%u, \"barriers\": %u, \"lines_written\": "
			    "%u,\n", sum.tlb_local, sum.tlb_broadcast,
			    sum.barriers, sum.line_count);
		}
		emu_close(e);
	}
	printf("   \"entry_bytes\": %u},\n", mode->entry_size);
}

/* The best case from gcc, for the targets of bench/CMakeLists.txt. */
static void
bench_gcc(const struct emu_mode *mode)
{
	static const char *const best[] = { "bench0", "bench1" };
	struct emu_mode by_gcc = *mode;
	char target[64], path[4096];
	FILE *guest;

	snprintf(target, sizeof(target), "%s-gcc", mode->target);
	snprintf(path, sizeof(path), "%s/%s/guest-bench0.elf", emu_guest_dir,
	    target);
	by_gcc.target = target;
	guest = fopen(path, "rb");
	if (guest != NULL) {
		fclose(guest);
		bench_beside(&by_gcc, "gcc", best, bench_repeat);
	}
}

static void
bench_beside_all(const struct emu_mode *mode)
{
	static const char *const thread[] = { "thread0", "thread1" };
	static const char *const function[] = { "function0", "function1" };

	if (mode->page_shift != 12) {
		return;
	}
	bench_beside(mode, "page", thread, bench_repeat_page);
	bench_beside(mode, "thread", thread, bench_repeat);
	bench_beside(mode, "functions", function, bench_repeat);
	bench_gcc(mode);
}

/* A large page, without a direct map: what a page's pair does, and no more. */
static void
bench_large(const struct emu_mode *mode)
{
	struct emu *e = counts_open(mode, "large-bench", 1, 0);
	uint64_t size = UINT64_C(1) << (mode->page_shift + mode->table_shift);
	const uint64_t values[] = { (mode->pages_base + size - 1) &
	    ~(size - 1), 0 };
	struct counts_pair page = bench_repeat(e, emu_page(e, 0)), pair, again;
	struct counts sum, one = counts_sum(&page.enter, &page.remove);

	pair = counts_functions(e, "qpmap_large_enter", "pw", values,
	    "qpmap_large_remove");
	again = counts_functions(e, "qpmap_large_enter", "pw", values,
	    "qpmap_large_remove");
	sum = counts_sum(&pair.enter, &pair.remove);
	if (pair.enter.instructions != again.enter.instructions ||
	    pair.remove.instructions != again.remove.instructions) {
		emu_die("%s: two large pages differ in cost", mode->name);
	}
	if (sum.tlb_local != one.tlb_local || sum.barriers != one.barriers ||
	    sum.tlb_broadcast != one.tlb_broadcast ||
	    sum.line_count != one.line_count) {
		emu_die("%s: a large page is not mapped as a page is",
		    mode->name);
	}
	bench_print_pair("large", &pair);
	emu_close(e);
}

/*
 * Enter and remove inline, of a page in the direct map: what they add to a
 * function that has a frame, and a pair to one that had none and calls nobody.
 */
static void
bench_inline(const struct emu_mode *mode, const char *name,
    const char *variant)
{
	static const char *const function[] = { "guest_count_nothing",
		"guest_count_enter", "guest_count_pair", "guest_count_leaf",
		"guest_count_caller" };
	struct emu *e = counts_open(mode, variant, 1, 8);
	uint64_t pa = emu_page(e, 3), count[5];
	uint64_t va = e->config[WIRE_DIRECT_VA] + pa -
	    e->config[WIRE_DIRECT_PA];

	emu_map(e, va, pa, false);
	for (unsigned i = 0; i < 5; i++) {
		/* Without an enter the argument is the address. */
		count[i] = counts_instructions(e, function[i],
		    i == 0 || i == 3 ? "w" : "p", i == 0 || i == 3 ? &va : &pa);
	}
	printf("   \"%s\": {\"enter\": %" PRIu64 ", \"remove\": %" PRIu64
	    ", \"caller\": %" PRIu64 "},\n", name, count[1] - count[0],
	    count[2] - count[1], count[4] - count[3]);
	emu_close(e);
}

/* Pages and ranges of 4096 bytes, aligned, of write-back memory. */
static void
bench_copy(const struct emu_mode *mode)
{
	struct emu *e = counts_open(mode, "bench0", 1, 0);
	uint64_t buffer = emu_page_alloc(e);
	const uint64_t range[] = { emu_page(e, 1), 0, buffer, 4096 };
	const uint64_t pages[] = { emu_page(e, 2), 0, emu_page(e, 1), 0 };
	const uint64_t four[] = { emu_page(e, 1) + 8, 0, buffer, 4 };
	struct counts_pair pair = counts_functions(e, "qpmap_enter_ro", "pw",
	    range, "qpmap_remove");

	printf("   \"copy\": {\"read_4096\": %" PRIu64
	    ", \"write_4096\": %" PRIu64 ", \"copy_page\": %" PRIu64
	    ",\n    \"zero_page\": %" PRIu64 ", \"read_4\": %" PRIu64
	    ", \"pair_ro\": %" PRIu64 ", \"page_bytes\": %llu},\n",
	    counts_instructions(e, "qpmap_read", "pwww", range),
	    counts_instructions(e, "qpmap_write", "pwww", range),
	    counts_instructions(e, "qpmap_copy_page", "pwpw", pages),
	    counts_instructions(e, "qpmap_zero_page", "pw", pages),
	    counts_instructions(e, "qpmap_read", "pwww", four),
	    pair.enter.instructions + pair.remove.instructions,
	    1ull << mode->page_shift);
	emu_close(e);
}

/* By len bytes, aligned: how many instructions one call has. */
static uint64_t
bench_range_call(struct emu *e, const char *name, uint64_t buffer,
    uint64_t len)
{
	const uint64_t range[] = { emu_page(e, 1), 0, buffer, len };

	return (counts_instructions(e, name, "pwww", range));
}

/*
 * Copies that survive a fault and meet none, beside the plain ones of a build
 * without them; and those of the same build, whose loops have both entries.
 */
static void
bench_try(const struct emu_mode *mode)
{
	static const char *const name[2][2] = {
		{ "qpmap_read", "qpmap_try_read" },
		{ "qpmap_write", "qpmap_try_write" }
	};
	struct emu *plain = counts_open(mode, "bench0", 1, 0), *e;
	uint64_t buffer = emu_page_alloc(plain), count[2][3], more = 0;
	uint64_t short_plain[2][9], copy[2];
	const uint64_t pages[] = { emu_page(plain, 2), 0, emu_page(plain, 1),
	    0 };

	for (unsigned i = 0; i < 2; i++) {
		count[i][0] = bench_range_call(plain, name[i][0], buffer, 4096);
		for (unsigned len = 1; len <= 8; len++) {
			short_plain[i][len] = bench_range_call(plain,
			    name[i][0], buffer, len);
		}
	}
	emu_close(plain);
	e = counts_open(mode, "large-bench", 1, 0);
	buffer = emu_page_alloc(e);
	for (unsigned i = 0; i < 2; i++) {
		count[i][1] = bench_range_call(e, name[i][1], buffer, 4096);
		count[i][2] = bench_range_call(e, name[i][0], buffer, 4096);
		for (unsigned len = 1; len <= 8; len++) {
			uint64_t one = bench_range_call(e, name[i][1], buffer,
			    len);

			if (one > short_plain[i][len] &&
			    one - short_plain[i][len] > more) {
				more = one - short_plain[i][len];
			}
		}
	}
	copy[0] = counts_instructions(e, "qpmap_copy_page", "pwpw", pages);
	copy[1] = counts_instructions(e, "qpmap_try_copy_page", "pwpw", pages);
	printf("   \"try\": {\"read_4096\": %" PRIu64 ", \"ratio\": %.3f"
	    ", \"write_4096\": %" PRIu64 ", \"write_ratio\": %.3f"
	    ",\n    \"copy_page\": %" PRIu64 ", \"short_more\": %" PRIu64
	    ",\n    \"plain_read_4096\": %" PRIu64
	    ", \"plain_write_4096\": %" PRIu64 ", \"plain_copy_page\": %"
	    PRIu64 "},\n", count[0][1],
	    (double)count[0][1] / (double)count[0][0], count[1][1],
	    (double)count[1][1] / (double)count[1][0], copy[1], more,
	    count[0][2], count[1][2], copy[0]);
	emu_close(e);
}

/*
 * What each CPU enters and removes alone costs the same on 64 CPUs as on one,
 * and with QPMAP_SHOOTDOWN as without: on the first CPU and on the last.
 */
static void
bench_alone(struct smp *smp)
{
	const struct emu_mode *mode = smp->e->mode;
	struct emu *plain = counts_open(mode, "bench0", 1, 0);
	struct counts_pair one = bench_repeat(plain, emu_page(plain, 0));
	struct counts sum = counts_sum(&one.enter, &one.remove), other;
	struct counts_pair pair;

	emu_close(plain);
	for (unsigned cpu = 0; cpu < (smp->cpus > 1 ? 2u : 1u); cpu++) {
		emu_cpu(smp->e, cpu);
		pair = bench_repeat(smp->e, emu_page(smp->e, cpu));
		other = counts_sum(&pair.enter, &pair.remove);
		if (pair.enter.instructions != one.enter.instructions ||
		    pair.remove.instructions != one.remove.instructions ||
		    other.tlb_local != sum.tlb_local ||
		    other.tlb_broadcast != sum.tlb_broadcast ||
		    other.barriers != sum.barriers ||
		    other.line_count != sum.line_count) {
			emu_die("%s: a pair costs more with QPMAP_SHOOTDOWN "
			    "on %u CPUs", mode->name, smp->cpus);
		}
	}
	emu_cpu(smp->e, 0);
}

static const unsigned bench_range_pages[] = { 1, 4, 16, 64 };

/* One range of so many pages, entered and removed, alone on its CPU. */
static struct counts
bench_range_pair(struct emu *e, bool list, unsigned pages)
{
	uint64_t at = emu_page_alloc(e);
	struct counts_pair pair;

	for (unsigned i = 0; i < pages; i++) {
		emu_write(e, at + i * e->mode->entry_size,
		    e->mode->entry_size, emu_page(e, 100 + (i * 7) % 64));
	}
	pair = counts_functions(e, list ? "qpmap_range_enter_list" :
	    "qpmap_range_enter", list ? "www" : "pww",
	    (const uint64_t[]){ list ? at : emu_page(e, 9), pages, 0 },
	    "qpmap_range_remove");
	return (counts_sum(&pair.enter, &pair.remove));
}

/* On CPUs that have what the boot flags say: TLBI by range, or nothing. */
static void
bench_range(const struct emu_mode *mode, const char *name, unsigned boot_flags)
{
	struct emu *e = counts_open_boot(mode, "range-bench", 1, 0,
	    boot_flags);

	printf("   \"%s\": [\n", name);
	for (unsigned i = 0; i < 4; i++) {
		unsigned pages = bench_range_pages[i];
		struct counts range = bench_range_pair(e, false, pages);
		struct counts again = bench_range_pair(e, false, pages);
		struct counts list = bench_range_pair(e, true, pages);

		if (range.instructions != again.instructions) {
			emu_die("%s: two ranges differ in cost", mode->name);
		}
		if (list.barriers != range.barriers ||
		    list.tlb_local != range.tlb_local ||
		    list.tlb_broadcast != range.tlb_broadcast) {
			emu_die("%s: a list has other operations", mode->name);
		}
		printf("    {\"pages\": %u, \"instructions\": %" PRIu64
		    ", \"list_instructions\": %" PRIu64
		    ",\n     \"instructions_per_page\": %.2f, "
		    "\"barriers\": %u, \"tlb_local\": %u, "
		    "\"tlb_broadcast\": %u}%s\n", pages, range.instructions,
		    list.instructions, (double)range.instructions / pages,
		    range.barriers, range.tlb_local, range.tlb_broadcast,
		    i < 3 ? "," : "");
	}
	printf("   ],\n");
	emu_close(e);
}

/* One call of the switch-bench guest's, added to counts. */
static void
bench_switch_call(struct emu *e, const char *function, struct counts *counts)
{
	emu_record(e, EMU_REC_INSNS);
	if (EMU_CALL(e, function, "ww", emu_state_pa(e),
	    emu_symbol(e, "guest_saved")) != EMU_RETURNED) {
		emu_die("%s: %s did not return", e->mode->name, function);
	}
	emu_record_end(e);
	counts->instructions += e->insn_count;
	counts_add_events(counts, e, 0, e->event_count);
}

/* Out and in of a thread that holds so many pages, less a call and return. */
static void
bench_switch(const struct emu_mode *mode)
{
	static const unsigned held[] = { 0, 1, 4 };
	struct emu *e = counts_open(mode, "switch-bench", 1, 0);

	printf("   \"switch\": [\n");
	for (unsigned i = 0; i < 3; i++) {
		struct counts both = { .instructions = 0 };
		struct counts nothing = { .instructions = 0 };

		while (emu_held(e) < held[i]) {
			(void)emu_enter(e, emu_page(e, emu_held(e)), 0);
		}
		bench_switch_call(e, "guest_switch_nothing", &nothing);
		bench_switch_call(e, "guest_switch_out", &both);
		bench_switch_call(e, "guest_switch_in", &both);
		if (emu_held(e) != held[i]) {
			emu_die("%s: a mapping is lost", mode->name);
		}
		printf("    {\"held\": %u, \"instructions\": %" PRIu64
		    ", \"tlb\": %u, \"barriers\": %u}%s\n", held[i],
		    both.instructions - 2 * nothing.instructions,
		    both.tlb_local + both.tlb_broadcast, both.barriers,
		    i < 2 ? "," : "");
	}
	printf("   ],\n");
	emu_close(e);
}

static const unsigned bench_cpus[] = { 1, 2, 4, 8, 16, 32, 64 };
static const unsigned bench_pages[] = { 1, 8, 64 };
#define BENCH_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* One row: so many pages, on the CPUs of the machine. */
static void
bench_shootdown_row(struct smp *smp, unsigned pages, bool last)
{
	struct counts *me = &smp->initiator, *other = &smp->target;

	smp_call(smp, "qpmap_shootdown", "www",
	    (const uint64_t[]){ smp->e->mode->scratch_va, pages, 0 });
	if (smp->uneven) {
		emu_die("%s: two handlers of a shootdown differ in cost",
		    smp->e->mode->name);
	}
	printf("    {\"cpus\": %u, \"pages\": %u, \"interrupts\": %u, "
	    "\"shared_lines\": %u,\n", smp->cpus, pages, smp->interrupts,
	    smp_global(smp));
	printf("     \"initiator\": {\"instructions\": %" PRIu64
	    ", \"tlb_local\": %u, \"tlb_broadcast\": %u, "
	    "\"barriers\": %u},\n", me->instructions, me->tlb_local,
	    me->tlb_broadcast, me->barriers);
	printf("     \"target\": {\"instructions\": %" PRIu64
	    ", \"tlb_local\": %u, \"barriers\": %u}}%s\n",
	    other->instructions, other->tlb_local, other->barriers,
	    last ? "" : ",");
}

/*
 * Global mappings, on two CPUs: entered and removed one after the other.
 * First come so many as make every slot dirty, if removal is deferred.
 */
static void
bench_global(const struct emu_mode *mode, unsigned boot_flags,
    unsigned flags, const char *name, const char *remove, bool last)
{
	const unsigned slots = 64, pairs = 256;
	unsigned interrupts = 0, operations = 0;
	struct smp smp;
	uint64_t va;

	smp_open(&smp, mode, 2, boot_flags, flags);
	for (unsigned i = 0; i < slots + pairs; i++) {
		smp_call(&smp, "guest_global_enter", "pw",
		    (const uint64_t[]){ emu_page(smp.e, i), 0 });
		va = smp.e->result;
		if (i >= slots) {
			interrupts += smp.interrupts;
			operations += smp.initiator.tlb_local +
			    smp.initiator.tlb_broadcast;
		}
		smp_call(&smp, remove, "w", &va);
		if (i >= slots) {
			interrupts += smp.interrupts;
			operations += smp.initiator.tlb_local +
			    smp.initiator.tlb_broadcast;
		}
	}
	smp_close(&smp);
	printf("    \"%s\": {\"pairs\": %u, \"interrupts\": %u, "
	    "\"tlb\": %u}%s\n", name, pairs, interrupts, operations,
	    last ? "" : ",");
}

/* Both, on CPUs that have what the boot flags say, with the host's flags. */
static void
bench_shootdown(const struct emu_mode *mode, const char *name,
    unsigned boot_flags, unsigned flags)
{
	unsigned rows = BENCH_COUNT(bench_cpus) * BENCH_COUNT(bench_pages);
	struct smp smp;

	printf("   \"%s\": {\"shootdown\": [\n", name);
	for (unsigned i = 0; i < BENCH_COUNT(bench_cpus); i++) {
		smp_open(&smp, mode, bench_cpus[i], boot_flags, flags);
		bench_alone(&smp);
		for (unsigned j = 0; j < BENCH_COUNT(bench_pages); j++) {
			bench_shootdown_row(&smp, bench_pages[j],
			    --rows == 0);
		}
		smp_close(&smp);
	}
	printf("   ],\n   \"shared\": {\n");
	bench_global(mode, boot_flags, flags, "strict", "qpmap_global_remove",
	    false);
	bench_global(mode, boot_flags, flags, "deferred",
	    "qpmap_global_remove_deferred", true);
	printf("   }},\n");
}

int
main(int argc, char **argv)
{
	if (argc != 3 || strcmp(argv[1], "--guests") != 0) {
		bench_die("usage: bench --guests DIR (see tools/bench)");
	}
	emu_guest_dir = argv[2];
	emu_on_die = bench_die;
	printf("{\n");
	for (unsigned i = 0; i < emu_mode_count; i++) {
		const struct emu_mode *mode = &emu_modes[i];
		unsigned feature = mode->arch->shootdown_boot_flag;

		printf("  \"%s\": {\n   \"target\": \"%s\",\n", mode->name,
		    mode->target);
		bench_window(mode);
		bench_direct(mode);
		bench_slow(mode);
		bench_inline(mode, "inline_direct", "bench1");
		bench_inline(mode, "inline_constant", "bench-const");
		bench_copy(mode);
		bench_try(mode);
		bench_range(mode, "range", 0);
		if (mode->arch->broadcasts) {
			bench_range(mode, "range_feature", feature);
		}
		bench_large(mode);
		bench_switch(mode);
		bench_shootdown(mode, "smp", 0, 0);
		if (feature != 0) {
			bench_shootdown(mode, "smp_feature", feature, 0);
		}
		if (feature != 0 && mode->arch->uc_arch == UC_ARCH_X86) {
			bench_shootdown(mode, "smp_g", feature,
			    QPMAP_F_KERNEL_HAS_G);
		}
		/* They have one depth of tables each: the first mode's. */
		if (i == 0 || strcmp(mode->target, mode[-1].target) != 0) {
			bench_beside_all(mode);
			designs_print(mode);
			designs_switch(mode);
		}
		printf("   \"entry_bytes\": %u\n  }%s\n", mode->entry_size,
		    i + 1 < emu_mode_count ? "," : "");
	}
	printf("}\n");
	return (0);
}
