/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * emu-contract: the contract tests, in one mode or all.
 *
 *	emu-contract [--mode MODE] [--guests DIR] [--list] [PATTERN]
 *
 * PATTERN is a case's name or a part of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "contract.h"

#define CONTRACT_CASES 16384

static struct contract_case *contract_list;
static size_t contract_count;
static const struct contract_case *contract_current;
static struct emu *contract_machine;
static const char *contract_program;

_Noreturn void
contract_fail(const char *file, int line, const char *format, ...)
{
	char text[512];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	print_error("%s\nRe-run it alone: %s --guests %s %s\n", text,
	    contract_program, emu_guest_dir,
	    contract_current != NULL ? contract_current->name : "");
	if (contract_current == NULL) {
		exit(1);
	}
	_fail(file, line);
	abort();
}

static void
contract_die(const char *text)
{
	contract_fail("emu", 0, "%s", text);
}

const char *
contract_type_word(unsigned type)
{
	static const char *const word[QPMAP_TYPE_COUNT] = {
		"write-back", "write-through", "write-combining", "uncached",
		"uncached-minus"
	};

	return (word[type]);
}

void
contract_add(const struct emu_mode *mode,
    void (*run)(const struct contract_case *c),
    const struct contract_case *extra, const char *format, ...)
{
	struct contract_case *c = &contract_list[contract_count];
	va_list list;
	int length;

	if (contract_count++ == CONTRACT_CASES) {
		emu_die("more than %d cases", CONTRACT_CASES);
	}
	if (extra != NULL) {
		*c = *extra;
	}
	c->run = run;
	c->mode = mode;
	if (c->layout == NULL) {
		c->layout = &mode->arch->layouts[0];
	}
	length = snprintf(c->name, sizeof(c->name), "%s/", mode->name);
	va_start(list, format);
	vsnprintf(c->name + length, sizeof(c->name) - (size_t)length, format,
	    list);
	va_end(list);
}

void
contract_close(void)
{
	if (contract_machine != NULL) {
		emu_close(contract_machine);
		contract_machine = NULL;
	}
}

/* Asked of a booted machine, once for each mode and layout. */
const struct contract_type *
contract_types(const struct emu_mode *mode)
{
	static struct contract_type types[QPMAP_TYPE_COUNT + 1];
	static const struct emu_mode *last;
	const struct emu_layout *layout;
	unsigned count = 0;

	if (last == mode) {
		return (types);
	}
	last = mode;
	memset(types, 0, sizeof(types));
	for (unsigned type = 0; type < QPMAP_TYPE_COUNT; type++) {
		layout = mode->arch->layouts;
		for (; layout->name != NULL; layout++) {
			struct contract_case c = {
			    .mode = mode, .layout = layout };
			struct emu *e = contract_open(&c, "std", 0);
			unsigned mask = contract_type_mask(e);

			contract_close();
			if ((mask & QPMAP_TYPE_BIT(type)) != 0) {
				types[count++] = (struct contract_type){
				    type, layout };
				break;
			}
		}
	}
	return (types);
}

void
contract_add_types(const struct emu_mode *mode,
    void (*run)(const struct contract_case *c), const char *what)
{
	const struct contract_type *type = contract_types(mode);

	for (; type->layout != NULL; type++) {
		contract_add(mode, run, &(struct contract_case){
		    .layout = type->layout, .type = type->type }, "%s/attr=%s",
		    what, contract_type_word(type->type));
	}
}

void
contract_add_inline(const struct emu_mode *mode,
    void (*run)(const struct contract_case *c), const char *what)
{
	static const char *const variant[2] = { "bench0", "bench1" };
	const struct contract_type *type = contract_types(mode);

	for (; type->layout != NULL; type++) {
		for (unsigned i = 0; i < 2; i++) {
			contract_add(mode, run, &(struct contract_case){
			    .layout = type->layout, .type = type->type,
			    .variant = variant[i] },
			    "%s/hooks=inline/direct-map=%u/attr=%s", what, i,
			    contract_type_word(type->type));
		}
	}
}

unsigned
contract_type_mask(struct emu *e)
{
	unsigned mask = 0;

	for (unsigned type = 0; type < QPMAP_TYPE_COUNT; type++) {
		if (e->arch->type_name(e, type) != NULL) {
			mask |= QPMAP_TYPE_BIT(type);
		}
	}
	return (mask);
}

struct emu *
contract_open(const struct contract_case *c, const char *variant,
    unsigned boot_flags)
{
	struct emu *e;

	if (c->variant != NULL && strcmp(variant, "std") == 0) {
		variant = c->variant;
	}
	e = emu_prepare(c->mode, variant, c->layout->value, boot_flags);
	contract_machine = e;
	e->svpbmt = c->mode->arch->type_flags != 0;
	e->config[WIRE_FLAGS] |= c->mode->arch->type_flags;
	e->config[WIRE_TYPES] = contract_type_mask(e);
	e->config[WIRE_LAYOUT] = c->layout->value;
	return (e);
}

struct emu *
contract_begin(const struct contract_case *c, const char *variant)
{
	return (contract_open(c, variant, 0));
}

struct emu *
contract_ready(const struct contract_case *c, const char *variant)
{
	struct emu *e = contract_begin(c, variant);

	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_OK, "qpmap_cpu_online");
	return (e);
}

void
check_load(struct emu *e, uint64_t va, unsigned size, uint64_t value)
{
	uint64_t mask = ~UINT64_C(0) >> (64 - 8 * size);

	CHECK_EQUAL(emu_load(e, va, size), EMU_RETURNED, "a load's end");
	CHECK_EQUAL(e->result & mask, value & mask, "value loaded");
}

void
check_store(struct emu *e, uint64_t va, unsigned size, uint64_t value)
{
	CHECK_EQUAL(emu_store(e, va, size, value), EMU_RETURNED,
	    "a store's end");
}

void
check_faults(struct emu *e, uint64_t va, enum emu_access access, bool present)
{
	static const char *const word[] = { "load", "store", "fetch" };
	enum emu_status status = access == EMU_READ ? emu_load(e, va, 4) :
	    access == EMU_WRITE ? emu_store(e, va, 4, 0) : emu_fetch(e, va);

	CHECK(status == EMU_FAULTED, "no fault on a %s at 0x%llx",
	    word[access], (unsigned long long)va);
	CHECK(!e->fault.other, "not a page fault: vector %llu code 0x%llx",
	    (unsigned long long)e->fault.vector,
	    (unsigned long long)e->fault.code);
	CHECK_EQUAL(e->fault.va, va, "address of the fault");
	CHECK_EQUAL(e->fault.access, access, "kind of the fault");
	CHECK_EQUAL(e->fault.present, present, "permission fault");
	CHECK(!e->fault.user, "fault in user mode");
}

/*
 * The load comes first: it is what sees a stale translation.  Unicorn 2.1
 * walks the tables anew for a store.
 */
void
check_nothing(struct emu *e, uint64_t va)
{
	check_faults(e, va, EMU_READ, false);
	check_faults(e, va, EMU_WRITE, false);
}

void
check_panic(struct emu *e, const char *text, uint64_t a, uint64_t b)
{
	CHECK(e->status == EMU_PANICKED, "no panic where one was due: %s",
	    text);
	CHECK(strcmp(e->panic.text, text) == 0, "panic: %s, not %s",
	    e->panic.text, text);
	CHECK_EQUAL(e->panic.a, a, "first number of the panic");
	CHECK_EQUAL(e->panic.b, b, "second number of the panic");
}

void
check_leaf(struct emu *e, uint64_t va, uint64_t pa, unsigned type,
    bool writable)
{
	const char *name = e->arch->type_name(e, type);
	struct emu_leaf leaf = { .valid = false };

	CHECK(emu_leaf_at(e, va, NULL, &leaf), "no leaf table");
	CHECK(leaf.valid, "entry is not valid");
	CHECK_EQUAL(leaf.pa, pa, "address in the entry");
	CHECK(name != NULL && strcmp(leaf.type, name) == 0,
	    "memory type %s, not %s", leaf.type, name);
	CHECK_EQUAL(leaf.writable, writable, "writable");
	CHECK_EQUAL(leaf.executable, !e->mode->has_nx, "executable");
	CHECK(!leaf.user, "user entry");
	CHECK(leaf.global == (e->arch->global_leaf &&
	    (e->config[WIRE_FLAGS] & QPMAP_F_SET_NG) == 0),
	    "global entry, or not global");
	CHECK(leaf.accessed, "A is not set");
	CHECK(leaf.dirty == (writable || !e->arch->clean_if_ro),
	    "D is %s", leaf.dirty ? "set" : "not set");
	CHECK_EQUAL(leaf.rest, 0, "other bits of the entry");
}

void
check_window_empty(struct emu *e)
{
	unsigned size = e->mode->entry_size;
	uint64_t pte_pa = emu_slot_pte(e, 1) - size, want;

	want = (e->config[WIRE_FLAGS] & QPMAP_F_MARK_GUARDS) != 0 ?
	    e->arch->mark : 0;
	for (unsigned i = 0; i < e->fact[FACT_WINDOW_PAGES]; i++) {
		CHECK(emu_read(e, pte_pa + i * size, size) == want,
		    "entry %u of the window is 0x%llx, not empty", i,
		    (unsigned long long)emu_read(e, pte_pa + i * size, size));
		want = 0;
	}
}

void
check_idle(struct emu *e)
{
	CHECK_EQUAL(emu_held(e), 0, "mappings held");
	CHECK_EQUAL(emu_depth(e), 0, "preemption depth");
	CHECK_EQUAL(emu_unpinned_queries(e), 0, "queries while not pinned");
	check_window_empty(e);
}

uint64_t
contract_tag(struct emu *e, uint64_t pa)
{
	uint64_t tag = (pa >> e->mode->page_shift) *
	    UINT64_C(0x9e3779b97f4a7c15) | 1;

	emu_write(e, pa, 8, tag);
	return (tag);
}

static void
contract_run(void **state)
{
	contract_current = *state;
	contract_current->run(contract_current);
}

static int
contract_teardown(void **state)
{
	(void)state;
	contract_close();
	return (0);
}

static void
contract_cases(const struct emu_mode *mode)
{
	/* First what sees most defects: tools/mutants stops there. */
	contract_sequence_cases(mode);
	contract_smp_sequence_cases(mode);
	contract_pcids_cases(mode);
	contract_range_sequence_cases(mode);
	contract_large_cases(mode);
	contract_switch_cases(mode);
	contract_map_cases(mode);
	contract_rules_cases(mode);
	contract_pages_cases(mode);
	contract_try_cases(mode);
	contract_direct_cases(mode);
	contract_cpu_cases(mode);
	contract_init_cases(mode);
	contract_tables_cases(mode);
	contract_hostile_cases(mode);
	contract_range_cases(mode);
	contract_range_interrupt_cases(mode);
	contract_hosts_cases(mode);
	contract_shootdown_cases(mode);
	contract_global_cases(mode);
	contract_smp_interrupt_cases(mode);
	contract_i386_cases(mode);
	contract_arm64_cases(mode);
	contract_riscv64_cases(mode);
}

/* Whether the pattern is a case's whole name: then it means that one. */
static bool
contract_is_name(const char *pattern)
{
	for (size_t i = 0; i < contract_count; i++) {
		if (strcmp(contract_list[i].name, pattern) == 0) {
			return (true);
		}
	}
	return (false);
}

/*
 * All of them; or, where tools/mutants wants to know only whether one fails,
 * one by one until it does.
 */
static int
contract_run_group(struct CMUnitTest *tests, size_t count)
{
	if (getenv("QPMAP_FIRST_FAILURE") == NULL) {
		return (_cmocka_run_group_tests("emu", tests, count, NULL,
		    NULL) != 0);
	}
	for (size_t i = 0; i < count; i++) {
		if (_cmocka_run_group_tests("emu", &tests[i], 1, NULL, NULL) !=
		    0) {
			return (1);
		}
	}
	return (0);
}

static int
contract_run_all(const char *pattern, bool list)
{
	struct CMUnitTest *tests = calloc(contract_count + 1, sizeof(*tests));
	bool whole = pattern != NULL && contract_is_name(pattern);
	size_t count = 0;

	for (size_t i = 0; i < contract_count; i++) {
		struct contract_case *c = &contract_list[i];

		if (pattern != NULL && (whole ? strcmp(c->name, pattern) != 0 :
		    strstr(c->name, pattern) == NULL)) {
			continue;
		}
		if (list) {
			puts(c->name);
			continue;
		}
		tests[count++] = (struct CMUnitTest){ c->name, contract_run,
		    NULL, contract_teardown, c };
	}
	if (list) {
		return (0);
	}
	if (count == 0) {
		fprintf(stderr, "no case is called %s\n", pattern);
		return (2);
	}
	return (contract_run_group(tests, count));
}

/* The mode that a name begins with: other modes' cases need not be made. */
static const struct emu_mode *
contract_mode_of(const char *name)
{
	char mode[32];
	size_t length = strcspn(name, "/");

	if (name[length] != '/' || length >= sizeof(mode)) {
		return (NULL);
	}
	memcpy(mode, name, length);
	mode[length] = '\0';
	return (emu_mode_find(mode));
}

int
main(int argc, char **argv)
{
	const struct emu_mode *only = NULL;
	const char *pattern = NULL;
	bool list = false;

	contract_program = argv[0];
	emu_on_die = contract_die;
	contract_list = calloc(CONTRACT_CASES, sizeof(*contract_list));
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--mode") == 0 && i + 1 < argc) {
			only = emu_mode_find(argv[++i]);
			if (only == NULL) {
				fprintf(stderr, "no mode %s\n", argv[i]);
				return (2);
			}
		} else if (strcmp(argv[i], "--guests") == 0 && i + 1 < argc) {
			emu_guest_dir = argv[++i];
		} else if (strcmp(argv[i], "--list") == 0) {
			list = true;
		} else {
			pattern = argv[i];
		}
	}
	if (only == NULL && pattern != NULL) {
		only = contract_mode_of(pattern);
	}
	for (unsigned i = 0; i < emu_mode_count; i++) {
		if (only == NULL || only == &emu_modes[i]) {
			contract_cases(&emu_modes[i]);
		}
	}
	return (contract_run_all(pattern, list));
}
