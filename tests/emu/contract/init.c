/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bad input: every refusal of qpmap_init() and qpmap_cpu_online(), each
 * leaving everything as it was, and every panic text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract.h"

/* All that a refusal must not change: the library's state and the tables. */
struct before {
	uint8_t *ram;
	uint64_t ram_base;
	uint64_t ram_size;
	uint64_t pool_count;
};

static struct before
before_init(struct emu *e)
{
	struct before before;

	before.ram_base = e->root[0];
	before.ram_size = emu_get64(e, "guest_pool", 0) - before.ram_base;
	before.ram = malloc(before.ram_size);
	memcpy(before.ram, emu_ram(e, before.ram_base, before.ram_size),
	    before.ram_size);
	before.pool_count = emu_get64(e, "guest_pool_count", 0);
	return (before);
}

static void
check_unchanged(struct emu *e, struct before *before)
{
	uint64_t size = emu_symbol_size(e, "qpmap_state");
	const uint8_t *state = emu_ram(e, emu_symbol(e, "qpmap_state"), size);

	CHECK(memcmp(before->ram, emu_ram(e, before->ram_base,
	    before->ram_size), before->ram_size) == 0, "a table has changed");
	free(before->ram);
	CHECK_EQUAL(emu_get64(e, "guest_pool_count", 0) +
	    emu_get64(e, "guest_freed_count", 0), before->pool_count,
	    "pages given back");
	for (uint64_t i = 0; i < size; i++) {
		CHECK(state[i] == 0, "qpmap_state was written");
	}
	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_ERR_NOT_INIT,
	    "online after a refusal");
}

static void
check_refused(struct emu *e, int error)
{
	struct before before = before_init(e);

	CHECK_EQUAL(emu_init(e), error, "qpmap_init");
	check_unchanged(e, &before);
}

/* One way to get a configuration wrong. */
struct wrong {
	const char *name;
	int error;
	bool (*spoil)(struct emu *e, uint64_t *config);	/* false: cannot be */
};

static uint64_t
page_size(struct emu *e)
{
	return (UINT64_C(1) << e->mode->page_shift);
}

static uint64_t
window_size(struct emu *e)
{
	return (e->fact[FACT_WINDOW_PAGES] * page_size(e));
}

/* As a register of the guest's holds it. */
static uint64_t
word(struct emu *e, uint64_t value)
{
	return (e->fact[FACT_WORD] == 4 ? value & 0xffffffff : value);
}

/* A direct map that is right, to be spoiled. */
static void
direct(struct emu *e, uint64_t *config)
{
	config[WIRE_DIRECT_VA] = e->mode->direct_va;
	config[WIRE_DIRECT_PA] = emu_page(e, 0);
	config[WIRE_DIRECT_SIZE] = 16 * page_size(e);
}

#define WRONG(name)							\
static bool								\
wrong_##name(struct emu *e, uint64_t *config)

WRONG(flag_unknown)
{
	(void)e;
	config[WIRE_FLAGS] |= 0x80000000u;
	return (true);
}

WRONG(nesting_more)
{
	config[WIRE_NESTING] = e->fact[FACT_SLOTS] + 1;
	return (true);
}

WRONG(count_0)
{
	(void)e;
	config[WIRE_CONFIG_CPUS] = 0;
	return (true);
}

WRONG(count_huge)
{
	config[WIRE_CONFIG_CPUS] = 0xffffffff;
	return (e->fact[FACT_WORD] == 4);
}

WRONG(window_align)
{
	config[WIRE_WINDOW_VA] += page_size(e);
	return (true);
}

WRONG(window_align_half)
{
	config[WIRE_WINDOW_VA] += window_size(e) / 2;
	return (true);
}

/* The guard page after the last window would be at address 0. */
WRONG(window_top)
{
	config[WIRE_WINDOW_VA] = word(e, 0 - window_size(e));
	config[WIRE_CONFIG_CPUS] = 1;
	return (true);
}

WRONG(window_wraps)
{
	config[WIRE_WINDOW_VA] = word(e, 0 - 2 * window_size(e));
	config[WIRE_CONFIG_CPUS] = 4;
	return (true);
}

WRONG(window_0)
{
	(void)e;
	config[WIRE_WINDOW_VA] = 0;
	return (true);
}

WRONG(window_user)
{
	config[WIRE_WINDOW_VA] = 0x2000000000;
	return (e->fact[FACT_WORD] == 8 && !e->arch->lower_half);
}

WRONG(window_not_canonical)
{
	config[WIRE_WINDOW_VA] = UINT64_C(1) << e->mode->va_bits;
	return (e->mode->va_bits < 64 && e->fact[FACT_WORD] == 8);
}

/* One window before the first canonical kernel address. */
WRONG(window_crosses)
{
	config[WIRE_WINDOW_VA] = e->mode->kernel_va - window_size(e);
	config[WIRE_CONFIG_CPUS] = 2;
	return (e->mode->kernel_va != 0);
}

WRONG(window_direct)
{
	direct(e, config);
	config[WIRE_DIRECT_VA] = config[WIRE_WINDOW_VA] + page_size(e);
	return (true);
}

WRONG(window_direct_end)
{
	direct(e, config);
	config[WIRE_DIRECT_VA] = config[WIRE_WINDOW_VA] - 15 * page_size(e);
	return (true);
}

/* The guard page after the last window counts as the window's. */
WRONG(window_direct_guard)
{
	direct(e, config);
	config[WIRE_DIRECT_VA] = config[WIRE_WINDOW_VA] +
	    config[WIRE_CONFIG_CPUS] * window_size(e);
	return (true);
}

WRONG(direct_va)
{
	direct(e, config);
	config[WIRE_DIRECT_VA] += 8;
	return (true);
}

WRONG(direct_pa)
{
	direct(e, config);
	config[WIRE_DIRECT_PA] += page_size(e) / 2;
	return (true);
}

WRONG(direct_size)
{
	direct(e, config);
	config[WIRE_DIRECT_SIZE] += 1;
	return (true);
}

WRONG(direct_wraps)
{
	direct(e, config);
	config[WIRE_DIRECT_VA] = word(e, 0 - 8 * page_size(e));
	return (true);
}

WRONG(direct_user)
{
	direct(e, config);
	config[WIRE_DIRECT_VA] = 0x2000000000;
	return (e->fact[FACT_WORD] == 8 && !e->arch->lower_half);
}

WRONG(types)
{
	(void)e;
	config[WIRE_TYPES] |= QPMAP_TYPE_BIT(QPMAP_TYPE_COUNT);
	return (true);
}

WRONG(direct_types)
{
	(void)e;
	config[WIRE_DIRECT_TYPES] = 0x80000000u;
	return (true);
}

WRONG(layout)
{
	config[WIRE_LAYOUT] = e->layout ^ 1;
	return (e->arch->layouts[0].value != 0);
}

/* A leaf that is not valid. */
WRONG(template_invalid)
{
	config[WIRE_TEMPLATE] = e->arch->make_leaf(e, emu_page(e, 1), false) &
	    ~UINT64_C(1);
	return (true);
}

WRONG(sharing_both)
{
	config[WIRE_PRIVATE_MASK] = UINT64_C(1) << (e->mode->pa_bits - 1);
	config[WIRE_SHARED_MASK] = UINT64_C(1) << (e->mode->pa_bits - 2);
	return (true);
}

/* No bit of an address. */
WRONG(sharing_low)
{
	(void)e;
	config[WIRE_SHARED_MASK] = 2;
	return (true);
}

WRONG(pa_bits_more)
{
	config[WIRE_PA_BITS] = e->mode->pa_bits + 1;
	return (true);
}

WRONG(pa_bits_page)
{
	config[WIRE_PA_BITS] = e->mode->page_shift;
	return (true);
}

WRONG(options_count)
{
	(void)e;
	config[WIRE_OPTION] = QPMAP_OPTION_WORDS + 1;
	return (true);
}

WRONG(options_page)
{
	(void)e;
	config[WIRE_OPTION] = 1;
	return (true);
}

WRONG(options_slots)
{
	(void)e;
	config[WIRE_OPTION] = 4;
	return (true);
}

WRONG(options_shootdown)
{
	(void)e;
	config[WIRE_OPTION] = QPMAP_OPTION_COUNT - 3;
	return (true);
}

WRONG(options_layout)
{
	(void)e;
	config[WIRE_OPTION] = QPMAP_OPTION_DIRECT;
	return (true);
}

WRONG(options_direct)
{
	(void)e;
	config[WIRE_OPTION] = QPMAP_OPTION_WORDS;
	return (true);
}

#undef WRONG

static const struct wrong wrongs[] = {
	{ "OPTIONS/count", QPMAP_ERR_OPTIONS, wrong_options_count },
	{ "OPTIONS/page", QPMAP_ERR_OPTION_PAGE_SHIFT, wrong_options_page },
	{ "OPTIONS/slots", QPMAP_ERR_OPTION_SLOTS, wrong_options_slots },
	{ "OPTIONS/shootdown", QPMAP_ERR_OPTION_SHOOTDOWN,
	    wrong_options_shootdown },
	{ "OPTIONS/layout", QPMAP_ERR_OPTION_LAYOUT, wrong_options_layout },
	{ "OPTIONS/direct", QPMAP_ERR_OPTION_DIRECT, wrong_options_direct },
	{ "FLAGS/unknown", QPMAP_ERR_FLAGS, wrong_flag_unknown },
	{ "NESTING/more", QPMAP_ERR_NESTING, wrong_nesting_more },
	{ "COUNT/0", QPMAP_ERR_CPU_COUNT, wrong_count_0 },
	{ "COUNT/huge", QPMAP_ERR_CPU_COUNT, wrong_count_huge },
	{ "WINDOW_ALIGN/page", QPMAP_ERR_WINDOW_ALIGN, wrong_window_align },
	{ "WINDOW_ALIGN/half", QPMAP_ERR_WINDOW_ALIGN,
	    wrong_window_align_half },
	{ "WINDOW_RANGE/top", QPMAP_ERR_WINDOW_RANGE, wrong_window_top },
	{ "WINDOW_RANGE/wraps", QPMAP_ERR_WINDOW_RANGE, wrong_window_wraps },
	{ "WINDOW_RANGE/0", QPMAP_ERR_WINDOW_RANGE, wrong_window_0 },
	{ "WINDOW_RANGE/user", QPMAP_ERR_WINDOW_RANGE, wrong_window_user },
	{ "WINDOW_RANGE/not-canonical", QPMAP_ERR_WINDOW_RANGE,
	    wrong_window_not_canonical },
	{ "WINDOW_RANGE/crosses", QPMAP_ERR_WINDOW_RANGE,
	    wrong_window_crosses },
	{ "WINDOW_DIRECT/in", QPMAP_ERR_WINDOW_DIRECT, wrong_window_direct },
	{ "WINDOW_DIRECT/end", QPMAP_ERR_WINDOW_DIRECT,
	    wrong_window_direct_end },
	{ "WINDOW_DIRECT/guard", QPMAP_ERR_WINDOW_DIRECT,
	    wrong_window_direct_guard },
	{ "DIRECT/va", QPMAP_ERR_DIRECT, wrong_direct_va },
	{ "DIRECT/pa", QPMAP_ERR_DIRECT, wrong_direct_pa },
	{ "DIRECT/size", QPMAP_ERR_DIRECT, wrong_direct_size },
	{ "DIRECT/wraps", QPMAP_ERR_DIRECT, wrong_direct_wraps },
	{ "DIRECT/user", QPMAP_ERR_DIRECT, wrong_direct_user },
	{ "TYPES/unknown", QPMAP_ERR_TYPE_MASK, wrong_types },
	{ "TYPES/direct", QPMAP_ERR_TYPE_MASK, wrong_direct_types },
	{ "LAYOUT", QPMAP_ERR_LAYOUT, wrong_layout },
	{ "TEMPLATE/invalid", QPMAP_ERR_TEMPLATE, wrong_template_invalid },
	{ "SHARING/both", QPMAP_ERR_SHARING, wrong_sharing_both },
	{ "SHARING/low", QPMAP_ERR_SHARING, wrong_sharing_low },
	{ "PA_BITS/more", QPMAP_ERR_PA_BITS, wrong_pa_bits_more },
	{ "PA_BITS/page", QPMAP_ERR_PA_BITS, wrong_pa_bits_page },
};

static void
bad_config(const struct contract_case *c)
{
	const struct wrong *wrong = c->arg;
	struct emu *e = contract_begin(c, "std");

	/* Not a pass: what this mode cannot show is said to be skipped. */
	if (!wrong->spoil(e, e->config)) {
		skip();
	}
	check_refused(e, wrong->error);
}

/* Each flag that belongs to another architecture. */
static void
bad_flags(const struct contract_case *c)
{
	static const struct {
		unsigned flags;
		const char *arch[2];
	} of[] = {
		{ QPMAP_F_FLUSH_ON_MAP, { "amd64", "i386" } },
		{ QPMAP_F_ERRATUM_INVLPG, { "amd64", "i386" } },
		{ QPMAP_F_LOCAL_TLBI, { "arm64", NULL } },
		{ QPMAP_F_SET_NG, { "arm64", NULL } },
		{ QPMAP_F_ERRATUM_REPEAT_TLBI, { "arm64", NULL } },
		{ QPMAP_F_SVPBMT, { "riscv64", NULL } },
		{ QPMAP_F_ERRATUM_CIP_1200, { "riscv64", NULL } },
	};
	struct emu *e = contract_begin(c, "std");
	uint64_t flags = e->config[WIRE_FLAGS];

	for (unsigned i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
		bool own = strcmp(of[i].arch[0], e->arch->name) == 0 ||
		    (of[i].arch[1] != NULL &&
		    strcmp(of[i].arch[1], e->arch->name) == 0);

		if (!own) {
			e->config[WIRE_FLAGS] = flags | of[i].flags;
			check_refused(e, QPMAP_ERR_FLAGS);
		}
	}
}

/* Registers that the library cannot work with. */
static void
bad_machine(const struct contract_case *c)
{
	const struct emu_refusal *refusal = c->arg;
	struct emu *e = contract_open(c, "std", refusal->boot_flags);

	if (refusal->prepare != NULL) {
		refusal->prepare(e, e->config);
	}
	check_refused(e, refusal->error);
}

static void
bad_online(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	uint64_t state = emu_state_pa(e), pte_pa;
	unsigned size = e->mode->entry_size;

	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_ERR_NOT_INIT, "before init");
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	for (unsigned i = 8; i < e->fact[FACT_CACHE_LINE]; i *= 2) {
		EMU_CALL(e, "qpmap_cpu_online", "www", state + i, 0, 0);
		CHECK_EQUAL((uint32_t)e->result, QPMAP_ERR_CPU_ALIGN,
		    "state's alignment");
	}
	CHECK_EQUAL(emu_online(e, EMU_CPUS, 0), QPMAP_ERR_CPU_INDEX,
	    "CPU index");
	CHECK_EQUAL(emu_online(e, 0xffffffff, 0), QPMAP_ERR_CPU_INDEX,
	    "CPU index");
	pte_pa = emu_slot_pte_of(e, 0, 1) - size;
	CHECK_EQUAL(emu_online(e, 0, pte_pa + size), QPMAP_ERR_LEAF_ALIGN,
	    "leaf's alignment");
	for (unsigned i = 0; i <= e->fact[FACT_WINDOW_PAGES]; i++) {
		/* Neither valid nor empty: still in use. */
		emu_write(e, pte_pa + i * size, size, 0x40);
		CHECK_EQUAL(emu_online(e, 0, pte_pa), QPMAP_ERR_LEAF_USED,
		    "leaf entry in use");
		CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_ERR_LEAF_USED,
		    "leaf entry in use");
		emu_write(e, pte_pa + i * size, size, 0);
	}
	CHECK_EQUAL(emu_held(e), 0, "held");
	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_OK, "qpmap_cpu_online");
	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_ERR_CPU_ONLINE, "again");
	CHECK_EQUAL(emu_online(e, 1, 0), QPMAP_ERR_CPU_ONLINE, "again");
	check_idle(e);
}

/* Without BUILD_TABLES the host hands over the leaf entries. */
static void
host_leaf(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	uint64_t pte_pa, va, pool = emu_get64(e, "guest_pool_count", 0);

	e->config[WIRE_FLAGS] &=
	    ~(uint64_t)(QPMAP_F_BUILD_TABLES | QPMAP_F_SINGLE_ROOT);
	emu_map(e, e->config[WIRE_WINDOW_VA], emu_page(e, 0), false);
	CHECK(emu_leaf_at(e, e->config[WIRE_WINDOW_VA], &pte_pa, NULL), "leaf");
	emu_write(e, pte_pa, e->mode->entry_size, 0);
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_ERR_CPU_LEAF, "no leaf");
	CHECK_EQUAL(emu_online(e, 0, pte_pa), QPMAP_OK, "qpmap_cpu_online");
	CHECK_EQUAL(emu_get64(e, "guest_pool_count", 0), pool, "pool");
	va = emu_enter(e, emu_page(e, 1), c->type);
	check_leaf(e, va, emu_page(e, 1), c->type, true);
	check_load(e, va, 4, contract_tag(e, emu_page(e, 1)));
	emu_remove(e, va);
	check_idle(e);
}

/*
 * A kernel of four hooks, without a table builder, is told which option that
 * needs, and works with leaf entries.
 */
static void
four_hooks(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "leaf");

	CHECK_EQUAL(emu_init(e), QPMAP_ERR_FLAGS, "QPMAP_F_BUILD_TABLES");
	CHECK_EQUAL(EMU_CALL(e, "qpmap_strerror", "w",
	    word(e, QPMAP_ERR_FLAGS)), EMU_RETURNED, "strerror");
	CHECK(strstr((const char *)emu_ram(e, e->result, 128),
	    "QPMAP_TABLES=1") != NULL, "the text does not name the option");
	emu_close(e);
	host_leaf(&(struct contract_case){ .mode = c->mode,
	    .layout = c->layout, .type = c->type, .variant = "leaf" });
}

/* A panic of enter and of enter_ro, and nothing has changed. */
static void
check_enter_panics(struct emu *e, uint64_t pa, uint64_t attr,
    const char *text)
{
	EMU_CALL(e, "qpmap_enter", "pw", pa, attr);
	check_panic(e, text, pa, attr);
	EMU_CALL(e, "qpmap_enter_ro", "pw", pa, attr);
	check_panic(e, text, pa, attr);
	check_idle(e);
}

static void
panic_attr(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	uint64_t pa = emu_page(e, 1);

	check_enter_panics(e, pa, 0x80000000u, QPMAP_PANIC_ATTR);
	check_enter_panics(e, pa, word(e, EMU_X0), QPMAP_PANIC_ATTR);
	/* Five types, alone, private or shared; x86's PWT and PCD are none. */
	for (unsigned attr = 0; attr < 0x80; attr++) {
		if ((attr & 0x1f) >= QPMAP_TYPE_COUNT ||
		    (attr & 0x60) == 0x60) {
			check_enter_panics(e, pa, attr, QPMAP_PANIC_ATTR);
		}
	}
}

/* A zero configuration has write-back, and nothing else. */
static void
panic_type(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");

	e->config[WIRE_TYPES] = 0;
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_OK, "qpmap_cpu_online");
	for (unsigned type = 1; type < QPMAP_TYPE_COUNT; type++) {
		check_enter_panics(e, emu_page(e, 1), type, QPMAP_PANIC_TYPE);
	}
	emu_remove(e, emu_enter(e, emu_page(e, 1), QPMAP_ATTR_WRITE_BACK));
	check_idle(e);
}

static void
panic_align(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");

	for (unsigned bit = 0; bit < e->mode->page_shift; bit++) {
		check_enter_panics(e, emu_page(e, 1) | UINT64_C(1) << bit,
		    c->type, QPMAP_PANIC_ALIGN);
	}
	check_enter_panics(e, emu_page(e, 1) + page_size(e) - 1, c->type,
	    QPMAP_PANIC_ALIGN);
}

/* Too wide for the CPU, and for what the host says of it. */
static void
panic_width(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	unsigned width = e->mode->pa_bits - 3;
	uint64_t va;

	e->config[WIRE_PA_BITS] = c->number != 0 ? 0 : width;
	if (c->number != 0) {
		width = e->mode->pa_bits;
	}
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_OK, "qpmap_cpu_online");
	for (unsigned bit = width; bit < 8 * e->mode->entry_size; bit++) {
		check_enter_panics(e, UINT64_C(1) << bit, c->type,
		    QPMAP_PANIC_WIDTH);
	}
	/* The widest that is allowed: no page is there, but an entry. */
	va = emu_enter(e, (UINT64_C(1) << (width - 1)), c->type);
	emu_remove(e, va);
	check_idle(e);
}

/* Somebody wrote into a free slot's entry. */
static void
panic_pte_used(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	uint64_t pa = emu_page(e, 1);
	unsigned size = e->mode->entry_size;

	for (unsigned bit = 0; bit < 8 * size; bit++) {
		uint64_t junk = UINT64_C(1) << bit;

		emu_write(e, emu_slot_pte(e, 1), size, junk);
		EMU_CALL(e, "qpmap_enter", "pw", pa, c->type);
		check_panic(e, QPMAP_PANIC_PTE_USED, pa, junk);
	}
	emu_write(e, emu_slot_pte(e, 1), size, 0);
	emu_remove(e, emu_enter(e, pa, c->type));
}

static const int error_codes[] = {
#define QPMAP_ERROR(name, number, text) name,
#include <qpmap/errors.def>
};
static const char *const error_texts[] = {
#define QPMAP_ERROR(name, number, text) text,
#include <qpmap/errors.def>
};
#define ERRORS (sizeof(error_codes) / sizeof(error_codes[0]))

/* Every code has its text, and a code that does not exist has one, too. */
static void
strerror_texts(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	unsigned known = 0;

	for (int code = -2; code < 260; code++) {
		const char *want = "unknown error";

		if (known < ERRORS && code == error_codes[known]) {
			want = error_texts[known++];
		}
		CHECK_EQUAL(EMU_CALL(e, "qpmap_strerror", "w",
		    word(e, (uint64_t)code)), EMU_RETURNED, "strerror");
		CHECK(memcmp(emu_ram(e, e->result, strlen(want) + 1), want,
		    strlen(want) + 1) == 0, "the text of %d is not \"%s\"",
		    code, want);
	}
	CHECK_EQUAL(known, ERRORS, "codes seen");
}

void
contract_init_cases(const struct emu_mode *mode)
{
	const struct emu_refusal *refusal = mode->arch->refusals;

	for (unsigned i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		contract_add(mode, bad_config, &(struct contract_case){
		    .arg = &wrongs[i] }, "bad-input/%s", wrongs[i].name);
	}
	contract_add(mode, bad_flags, NULL, "bad-input/FLAGS/other-machine");
	for (; refusal->what != NULL; refusal++) {
		if (refusal->only == NULL || strncmp(mode->name,
		    refusal->only, strlen(refusal->only)) == 0) {
			contract_add(mode, bad_machine,
			    &(struct contract_case){ .arg = refusal },
			    "bad-input/%s/machine", refusal->what);
		}
	}
	contract_add(mode, bad_online, NULL, "bad-input/online");
	contract_add_types(mode, host_leaf, "B13/host-leaf");
	contract_add(mode, four_hooks, NULL, "B13/four-hooks");
	contract_add(mode, panic_attr, NULL, "panic/ATTR");
	contract_add(mode, panic_type, NULL, "panic/TYPE");
	contract_add_types(mode, panic_align, "panic/ALIGN");
	contract_add_types(mode, panic_width, "panic/WIDTH/host");
	contract_add(mode, panic_width, &(struct contract_case){
	    .number = 1 }, "panic/WIDTH/cpu");
	contract_add_types(mode, panic_pte_used, "panic/SLOT");
	contract_add(mode, strerror_texts, NULL, "bad-input/strerror");
}
