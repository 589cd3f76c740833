/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The direct map: what it serves, and what goes through the window all the
 * same.  Each case runs through the functions and through the inline forms.
 */
#include <stdlib.h>
#include <string.h>

#include "contract.h"

#define WORD 4
#define DIRECT_FIRST 16		/* test pages in the direct map */
#define DIRECT_PAGES 32

/* How enter and remove are called, and in which guest. */
static const struct direct_form {
	const char *name;	/* after the case's */
	const char *variant;
	const char *enter;
	const char *remove;
	bool built;		/* the guest has its direct map as constants */
} direct_forms[] = {
	{ "", NULL, NULL, NULL, false },
	{ "/inline", NULL, "guest_inline_enter", "guest_inline_remove", false },
	{ "/inline-quick", NULL, "guest_inline_quick_enter",
	    "guest_inline_quick_remove", false },
	{ "/inline-checked", "slots1", "guest_inline_enter",
	    "guest_inline_remove", false },
	{ "/built", "const", NULL, NULL, true },
	{ "/built-inline", "const", "guest_inline_enter", "guest_inline_remove",
	    true },
	{ "/built-inline-quick", "const", "guest_inline_quick_enter",
	    "guest_inline_quick_remove", true },
};

static bool
direct_is_built(const struct contract_case *c)
{
	return (((const struct direct_form *)c->arg)->built);
}

/* The first test page in the direct map, and the first one after it. */
static unsigned
direct_first(struct emu *e)
{
	return (e->fact[FACT_DIRECT_SIZE] != 0 ? 0 : DIRECT_FIRST);
}

static unsigned
direct_end(struct emu *e)
{
	return ((unsigned)((e->config[WIRE_DIRECT_PA] +
	    e->config[WIRE_DIRECT_SIZE] - e->mode->pages_base) >>
	    e->mode->page_shift));
}

static uint64_t
direct_va(struct emu *e, unsigned page)
{
	return (e->config[WIRE_DIRECT_VA] + emu_page(e, page) -
	    e->config[WIRE_DIRECT_PA]);
}

/* Booted and configured with a direct map of some test pages. */
static struct emu *
direct_begin(const struct contract_case *c)
{
	const struct direct_form *form = c->arg;
	struct emu *e = contract_begin(c, "std");

	e->enter_function = form->enter;
	e->remove_function = form->remove;
	e->config[WIRE_DIRECT_VA] = e->mode->direct_va;
	e->config[WIRE_DIRECT_PA] = emu_page(e, DIRECT_FIRST);
	e->config[WIRE_DIRECT_SIZE] = (uint64_t)DIRECT_PAGES <<
	    e->mode->page_shift;
	if (form->built) {
		e->config[WIRE_DIRECT_VA] = e->fact[FACT_DIRECT_VA];
		e->config[WIRE_DIRECT_PA] = e->fact[FACT_DIRECT_PA];
		e->config[WIRE_DIRECT_SIZE] = e->fact[FACT_DIRECT_SIZE];
	}
	for (unsigned i = 0; i < DIRECT_PAGES; i++) {
		emu_map(e, direct_va(e, DIRECT_FIRST + i),
		    emu_page(e, DIRECT_FIRST + i), false);
	}
	if (form->built) {
		emu_map(e, direct_va(e, direct_end(e) - 1),
		    emu_page(e, direct_end(e) - 1), false);
	}
	return (e);
}

static void
direct_go(struct emu *e)
{
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_OK, "qpmap_cpu_online");
}

/* Served: its own address, nothing pinned, and it stays. */
static void
check_direct(struct emu *e, unsigned page, unsigned attr)
{
	uint64_t pa = emu_page(e, page);
	uint64_t va = emu_enter(e, pa, attr);

	CHECK_EQUAL(va, direct_va(e, page), "direct-map address");
	CHECK_EQUAL(emu_depth(e), 0, "preemption depth");
	CHECK_EQUAL(emu_held(e), 0, "mappings held");
	check_load(e, va, WORD, contract_tag(e, pa));
	emu_remove(e, va);
	CHECK_EQUAL(emu_depth(e), 0, "preemption depth");
	check_load(e, va, WORD, contract_tag(e, pa));
	check_store(e, va + 8, WORD, page);
	CHECK_EQUAL(emu_read(e, pa + 8, WORD), page, "value stored");
	check_idle(e);
}

/* Not served: it is in the window, with its own type. */
static void
check_window(struct emu *e, unsigned page, unsigned attr, bool ro)
{
	uint64_t pa = emu_page(e, page);
	uint64_t va = ro ? emu_enter_ro(e, pa, attr) : emu_enter(e, pa, attr);

	CHECK_EQUAL(va, emu_slot_va(e, 1), "address of the first slot");
	check_leaf(e, va, pa, attr & 7, !ro);
	check_load(e, va, WORD, contract_tag(e, pa));
	CHECK_EQUAL(emu_depth(e), 1, "preemption depth");
	emu_remove(e, va);
	check_nothing(e, va);
	check_idle(e);
}

static void
c3_direct(const struct contract_case *c)
{
	struct emu *e = direct_begin(c);
	uint64_t end;

	direct_go(e);
	check_direct(e, DIRECT_FIRST, QPMAP_ATTR_WRITE_BACK);
	check_direct(e, DIRECT_FIRST + 7, QPMAP_ATTR_WRITE_BACK);
	check_direct(e, direct_end(e) - 1, QPMAP_ATTR_WRITE_BACK);
	if (direct_first(e) != 0) {
		check_window(e, direct_first(e) - 1, QPMAP_ATTR_WRITE_BACK,
		    false);
	}
	check_window(e, direct_end(e), QPMAP_ATTR_WRITE_BACK, false);
	end = e->config[WIRE_DIRECT_VA] + e->config[WIRE_DIRECT_SIZE];
	emu_remove_call(e, end);
	check_panic(e, QPMAP_PANIC_REMOVE, end, 0);
	emu_remove_call(e, e->config[WIRE_DIRECT_VA] - 1);
	check_panic(e, QPMAP_PANIC_REMOVE, e->config[WIRE_DIRECT_VA] - 1, 0);
}

/* A misaligned address is no page of the direct map: it is an error. */
static void
c9_direct_align(const struct contract_case *c)
{
	struct emu *e = direct_begin(c);
	uint64_t pa = emu_page(e, DIRECT_FIRST);

	direct_go(e);
	for (uint64_t bit = 1; bit >> e->mode->page_shift == 0; bit <<= 1) {
		emu_enter_call(e, pa + bit, QPMAP_ATTR_WRITE_BACK);
		check_panic(e, QPMAP_PANIC_ALIGN, pa + bit,
		    QPMAP_ATTR_WRITE_BACK);
	}
	CHECK_EQUAL(emu_depth(e), 0, "preemption depth");
}

/*
 * Nor is one that the configuration's width forbids.  With PAE the direct map
 * cannot go beyond such an address, a multiple of 4 GiB.
 */
static void
c9_direct_width(const struct contract_case *c)
{
	struct emu *e = direct_begin(c);
	uint64_t page = UINT64_C(1) << e->mode->page_shift;
	uint64_t end = UINT64_C(1) << (e->mode->pa_bits - 1);

	e->config[WIRE_PA_BITS] = e->mode->pa_bits - 1;
	e->config[WIRE_DIRECT_PA] = end - 8 * page;
	e->config[WIRE_DIRECT_SIZE] = page *
	    (e->mode->arch == &emu_i386_pae ? 8 : 16);
	direct_go(e);
	CHECK_EQUAL(emu_enter(e, end - page, QPMAP_ATTR_WRITE_BACK),
	    e->config[WIRE_DIRECT_VA] + 7 * page, "direct-map address");
	emu_enter_call(e, end, QPMAP_ATTR_WRITE_BACK);
	check_panic(e, QPMAP_PANIC_WIDTH, end, QPMAP_ATTR_WRITE_BACK);
}

/*
 * A page whose lower 32 bits of address are those of a page in the direct map;
 * and, where it can be, a direct map larger than 2^52 bytes.
 */
static void
c9_direct_high(const struct contract_case *c)
{
	struct emu *e = direct_begin(c);
	uint64_t pa = e->mode->high_base[0];
	uint64_t va;

	e->config[WIRE_DIRECT_PA] = pa & 0xffffffff;
	if (e->mode->va_bits > 52 && e->mode->pa_bits > 52) {
		e->config[WIRE_DIRECT_PA] = 0;
		e->config[WIRE_DIRECT_SIZE] = UINT64_C(3) << 51;
	}
	direct_go(e);
	if (e->config[WIRE_DIRECT_PA] == 0) {
		CHECK_EQUAL(emu_enter(e, pa, QPMAP_ATTR_WRITE_BACK),
		    e->config[WIRE_DIRECT_VA] + pa, "direct-map address");
		emu_enter_call(e, pa + 1, QPMAP_ATTR_WRITE_BACK);
		check_panic(e, QPMAP_PANIC_ALIGN, pa + 1,
		    QPMAP_ATTR_WRITE_BACK);
		return;
	}
	va = emu_enter(e, pa, QPMAP_ATTR_WRITE_BACK);
	CHECK_EQUAL(va, emu_slot_va(e, 1), "address of the first slot");
	emu_remove(e, va);
	check_idle(e);
}

/* The constants of a build: a configuration that differs is refused. */
static void
c10_direct_built(const struct contract_case *c)
{
	static const struct {
		enum wire_config word;
		int pages;
	} differs[] = {
		{ WIRE_DIRECT_PA, 1 }, { WIRE_DIRECT_VA, 1 },
		{ WIRE_DIRECT_SIZE, 1 }, { WIRE_DIRECT_SIZE, -1 }
	};
	struct emu *e = direct_begin(c);
	uint64_t page = UINT64_C(1) << e->mode->page_shift;
	uint64_t end = e->config[WIRE_DIRECT_PA] + e->config[WIRE_DIRECT_SIZE];
	uint64_t good;

	for (unsigned i = 0; i < 4; i++) {
		good = e->config[differs[i].word];
		e->config[differs[i].word] += (uint64_t)differs[i].pages * page;
		CHECK_EQUAL(emu_init(e), QPMAP_ERR_DIRECT, "another map");
		e->config[differs[i].word] = good;
	}
	good = e->config[WIRE_DIRECT_SIZE];
	e->config[WIRE_DIRECT_SIZE] = 0;
	CHECK_EQUAL(emu_init(e), QPMAP_ERR_DIRECT, "no map");
	e->config[WIRE_DIRECT_SIZE] = good;
	e->config[WIRE_PA_BITS] = 63 - (unsigned)__builtin_clzll(end);
	CHECK_EQUAL(emu_init(e), QPMAP_ERR_DIRECT, "a smaller width");
	e->config[WIRE_PA_BITS]++;
	direct_go(e);
}

static void
b5_direct(const struct contract_case *c)
{
	struct emu *e = direct_begin(c);
	uint64_t va;

	direct_go(e);
	check_window(e, DIRECT_FIRST + 2, c->type, true);
	va = emu_enter_ro(e, emu_page(e, DIRECT_FIRST + 2), c->type);
	check_faults(e, va, EMU_WRITE, true);
}

/* A type that the direct map does not have goes through the window. */
static void
c10_direct(const struct contract_case *c)
{
	struct emu *e = direct_begin(c);

	direct_go(e);
	if (c->type == QPMAP_ATTR_WRITE_BACK) {
		check_direct(e, DIRECT_FIRST + 1, c->type);
	} else {
		check_window(e, DIRECT_FIRST + 1, c->type, false);
	}
	contract_close();
	e = direct_begin(c);
	e->config[WIRE_DIRECT_TYPES] = QPMAP_TYPE_BIT(c->type);
	if (direct_is_built(c) && c->type != QPMAP_ATTR_WRITE_BACK) {
		CHECK_EQUAL(emu_init(e), QPMAP_ERR_DIRECT, "no write-back");
		return;
	}
	direct_go(e);
	check_direct(e, DIRECT_FIRST + 1, c->type);
	if (c->type != QPMAP_ATTR_WRITE_BACK) {
		check_window(e, DIRECT_FIRST + 1, QPMAP_ATTR_WRITE_BACK, false);
	}
}

static void
c10_no_direct(const struct contract_case *c)
{
	struct emu *e = direct_begin(c);

	e->config[WIRE_FLAGS] |= QPMAP_F_NO_DIRECT;
	if (direct_is_built(c)) {
		CHECK_EQUAL(emu_init(e), QPMAP_ERR_DIRECT, "NO_DIRECT");
		return;
	}
	direct_go(e);
	check_window(e, DIRECT_FIRST + 3, c->type, false);
	emu_remove_call(e, e->mode->direct_va);
	check_panic(e, QPMAP_PANIC_REMOVE, e->mode->direct_va, 0);
}

/* Confidential guests: the direct map's pages are private. */
static void
c10_sharing(const struct contract_case *c)
{
	struct emu *e = direct_begin(c);
	uint64_t mask = UINT64_C(1) << (e->mode->pa_bits - 1);
	uint64_t pa = emu_page(e, DIRECT_FIRST + 3);
	uint64_t range = e->config[WIRE_RANGE_VA];
	uint64_t pte_pa, shared;
	unsigned size = e->mode->entry_size;
	uint64_t va;

	e->config[c->number != 0 ? WIRE_PRIVATE_MASK : WIRE_SHARED_MASK] =
	    mask;
	e->config[WIRE_FLAGS] &=
	    ~(uint64_t)(QPMAP_F_BUILD_TABLES | QPMAP_F_SINGLE_ROOT);
	emu_map(e, e->config[WIRE_WINDOW_VA], pa, false);
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	CHECK(emu_leaf_at(e, e->config[WIRE_WINDOW_VA], &pte_pa, NULL), "leaf");
	emu_write(e, pte_pa, size, 0);
	if (e->fact[FACT_RANGE_PAGES] != 0) {
		emu_map(e, range, pa, false);
		CHECK(emu_leaf_at(e, range, &e->range_leaf, NULL), "leaf");
		emu_write(e, e->range_leaf, size, 0);
	}
	CHECK_EQUAL(emu_online(e, 0, pte_pa), QPMAP_OK, "qpmap_cpu_online");
	for (unsigned i = 0; i < 3; i++) {
		static const unsigned flag[3] = {
			0, QPMAP_ATTR_PRIVATE, QPMAP_ATTR_SHARED };
		bool is_shared = flag[i] == QPMAP_ATTR_SHARED;

		va = emu_enter(e, pa, QPMAP_ATTR_WRITE_BACK | flag[i]);
		CHECK_EQUAL(va == emu_slot_va(e, 1), is_shared,
		    "through the window");
		emu_remove(e, va);
		va = emu_enter_ro(e, pa, QPMAP_ATTR_WRITE_BACK | flag[i]);
		shared = emu_read(e, emu_slot_pte(e, 1), size) & mask;
		CHECK_EQUAL(shared != 0, c->number != 0 ? !is_shared :
		    is_shared, "the mask's bit in the entry");
		emu_remove(e, va);
	}
	emu_enter_call(e, mask, QPMAP_ATTR_WRITE_BACK);
	check_panic(e, QPMAP_PANIC_WIDTH, mask, QPMAP_ATTR_WRITE_BACK);
	emu_enter_call(e, pa,
	    QPMAP_ATTR_WRITE_BACK | QPMAP_ATTR_PRIVATE | QPMAP_ATTR_SHARED);
	check_panic(e, QPMAP_PANIC_ATTR, pa,
	    QPMAP_ATTR_WRITE_BACK | QPMAP_ATTR_PRIVATE | QPMAP_ATTR_SHARED);
}

/* A case of one form; and the same for every memory type. */
static void
direct_add(const struct emu_mode *mode, const struct direct_form *form,
    void (*run)(const struct contract_case *c), const char *what)
{
	contract_add(mode, run, &(struct contract_case){
	    .variant = form->variant, .arg = form }, "%s%s", what, form->name);
}

static void
direct_add_types(const struct emu_mode *mode, const struct direct_form *form,
    void (*run)(const struct contract_case *c), const char *what)
{
	const struct contract_type *type = contract_types(mode);

	for (; type->layout != NULL; type++) {
		contract_add(mode, run, &(struct contract_case){
		    .layout = type->layout, .type = type->type,
		    .variant = form->variant, .arg = form }, "%s%s/attr=%s",
		    what, form->name, contract_type_word(type->type));
	}
}

static void
direct_add_form(const struct emu_mode *mode, const struct direct_form *form)
{
	direct_add(mode, form, c3_direct, "C3/direct-map");
	direct_add(mode, form, c9_direct_align, "C9/direct-map/align");
	if (form->built) {
		direct_add(mode, form, c10_direct_built, "C10/direct-built");
	} else {
		direct_add(mode, form, c9_direct_width, "C9/direct-map/width");
	}
	if (!form->built && mode->high_base[0] != 0) {
		direct_add(mode, form, c9_direct_high, "C9/direct-map/high");
	}
	direct_add_types(mode, form, b5_direct, "B5/direct-map");
	direct_add_types(mode, form, c10_direct, "C10/direct-map");
	direct_add_types(mode, form, c10_no_direct, "C10/NO_DIRECT");
	for (unsigned i = 0; i < 2 && !mode->arch->no_sharing; i++) {
		contract_add(mode, c10_sharing, &(struct contract_case){
		    .number = i, .variant = form->variant, .arg = form },
		    "C10/%s-mask%s", i ? "private" : "shared", form->name);
	}
}

void
contract_direct_cases(const struct emu_mode *mode)
{
	for (unsigned i = 0; i < sizeof(direct_forms) /
	    sizeof(direct_forms[0]); i++) {
		direct_add_form(mode, &direct_forms[i]);
	}
}
