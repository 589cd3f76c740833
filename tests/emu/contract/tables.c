/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table builder: empty, partly filled and hostile roots.
 */
#include <stdlib.h>
#include <string.h>

#include "contract.h"

#define WORD 4

static uint64_t
page_size(struct emu *e)
{
	return (UINT64_C(1) << e->mode->page_shift);
}

/* Bytes of address space that an entry of that level covers. */
static uint64_t
level_size(struct emu *e, unsigned level)
{
	return (UINT64_C(1) << (e->mode->page_shift +
	    level * e->mode->table_shift));
}

/* The entry that a walk for va ends at. */
static struct emu_level
walk_end(struct emu *e, uint64_t va)
{
	struct emu_level levels[EMU_MAX_LEVELS];
	unsigned count = emu_walk(e, va, levels);

	return (levels[count - 1]);
}

/* Make va's path down to a table of that level, and nothing in it. */
static void
build_down_to(struct emu *e, uint64_t va, unsigned level)
{
	struct emu_level end;

	for (end = walk_end(e, va); end.level > level; end = walk_end(e, va)) {
		emu_write(e, end.entry_pa, e->mode->entry_size,
		    e->arch->make_table(e, emu_page_alloc(e), end.level));
	}
}

/* Tables that the library took from the pool and kept. */
static uint64_t
tables_taken(struct emu *e)
{
	return (WIRE_POOL_COUNT / 4 - emu_get64(e, "guest_pool_count", 0) -
	    emu_get64(e, "guest_freed_count", 0));
}

/*
 * Watching init write tables.
 *
 * A table of the library's is junk when it is taken.  When a store makes it
 * reachable, it and the tables below it must be complete: nothing in them but
 * zeros and the one path.  And one temporary mapping must do: a store goes to
 * the table that qpmap_host_table_address() was asked for last.
 */
struct watch {
	unsigned links;		/* stores to tables of the harness's */
	uint64_t link_pa;
	bool junk;		/* linked before it was complete */
	bool elsewhere;		/* a store to a table not asked for */
	uint64_t pool_first, pool_last;
};

/* Whether the library's table, and all it points to, holds no junk. */
static bool
is_complete(struct emu *e, uint64_t table, unsigned level)
{
	unsigned size = e->mode->entry_size;
	uint64_t entry;

	for (uint64_t i = 0; i < UINT64_C(1) << e->mode->table_shift; i++) {
		entry = emu_read(e, table + i * size, size);
		if (entry == 0) {
			continue;
		}
		if (level == 0 || !e->arch->is_valid(e, entry) ||
		    !e->arch->is_table(e, entry, level) ||
		    !is_complete(e, e->arch->entry_pa(e, entry), level - 1)) {
			return (false);
		}
	}
	return (true);
}

/* Level of the table that has an entry at pa, on the way to the window. */
static unsigned
level_of_entry(struct emu *e, uint64_t pa)
{
	struct emu_level levels[EMU_MAX_LEVELS];
	uint64_t windows = e->config[WIRE_CONFIG_CPUS];
	unsigned count;

	for (uint64_t i = 0; i < windows; i++) {
		count = emu_walk(e, e->config[WIRE_WINDOW_VA] + i *
		    e->fact[FACT_WINDOW_PAGES] * page_size(e), levels);
		for (unsigned j = 0; j < count; j++) {
			if (pa - levels[j].entry_pa < e->mode->entry_size) {
				return (levels[j].level);
			}
		}
	}
	return (EMU_MAX_LEVELS);
}

static void
watch_store(struct emu *e, uint64_t pa, unsigned size, uint64_t value)
{
	struct watch *watch = e->on_insn_arg;
	uint64_t mask = ~(page_size(e) - 1);
	uint64_t entry = 0;
	unsigned level;

	if (pa < e->root[0] || pa - e->mode->ram_base >= e->mode->ram_size) {
		return;
	}
	if ((pa & mask) != (emu_get64(e, "guest_table_last", 0) & mask)) {
		watch->elsewhere = true;
	}
	if (pa >= watch->pool_first && pa < watch->pool_last) {
		return;
	}
	watch->links++;
	watch->link_pa = pa;
	level = level_of_entry(e, pa);
	/* The entry as it is after this store: both halves, with PAE. */
	entry = emu_read(e, pa & ~(uint64_t)(e->mode->entry_size - 1),
	    e->mode->entry_size);
	memcpy((uint8_t *)&entry + (pa & (e->mode->entry_size - 1)), &value,
	    size);
	if (e->arch->is_valid(e, entry) && (level == EMU_MAX_LEVELS ||
	    !is_complete(e, e->arch->entry_pa(e, entry), level - 1))) {
		watch->junk = true;
	}
}

static int
init_watched(struct emu *e, struct watch *watch)
{
	int error;

	*watch = (struct watch){ .pool_first = emu_get64(e, "guest_pool", 0) };
	watch->pool_last = watch->pool_first +
	    WIRE_POOL_COUNT / 4 * page_size(e);
	e->on_insn_arg = watch;
	e->on_store = watch_store;
	error = emu_init(e);
	e->on_store = NULL;
	return (error);
}

/* Every window works, on this CPU, one after the other. */
static void
check_windows_work(struct emu *e, unsigned type)
{
	uint64_t pa = emu_page(e, 1), va;

	for (unsigned i = 0; i < e->config[WIRE_CONFIG_CPUS]; i++) {
		CHECK_EQUAL(emu_online(e, i, 0), QPMAP_OK, "online");
		va = emu_enter(e, pa, type);
		CHECK_EQUAL(va, emu_slot_va(e, 1), "address");
		check_leaf(e, va, pa, type, true);
		check_load(e, va, WORD, contract_tag(e, pa));
		emu_remove(e, va);
		check_nothing(e, va);
		check_idle(e);
		EMU_CALL(e, "qpmap_cpu_offline", "w", emu_state_pa(e));
	}
}

/* The path exists down to level c->number: the rest is built. */
static void
tables_partly(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	struct watch watch;

	build_down_to(e, e->config[WIRE_WINDOW_VA], c->number);
	if (c->number != e->mode->levels - 1) {
		e->config[WIRE_FLAGS] &= ~(uint64_t)QPMAP_F_SINGLE_ROOT;
	}
	CHECK_EQUAL(init_watched(e, &watch), QPMAP_OK, "qpmap_init");
	CHECK_EQUAL(tables_taken(e), c->number, "tables taken");
	CHECK(!watch.junk, "a table was linked before it was complete");
	CHECK(!watch.elsewhere, "one temporary mapping was not enough");
	CHECK_EQUAL(watch.links, c->number == 0 ? 0 :
	    e->mode->entry_size / (e->fact[FACT_WORD] == 4 ? 4 :
	    e->mode->entry_size), "stores to tables in use");
	check_windows_work(e, c->type);
}

/* The area lies in two leaf tables. */
static void
tables_two(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	uint64_t window = e->fact[FACT_WINDOW_PAGES] * page_size(e);
	struct watch watch;

	e->config[WIRE_WINDOW_VA] = (e->mode->window_va &
	    ~(level_size(e, 1) - 1)) + level_size(e, 1) - window;
	e->config[WIRE_CONFIG_CPUS] = 2;
	CHECK_EQUAL(init_watched(e, &watch), QPMAP_OK, "qpmap_init");
	CHECK_EQUAL(tables_taken(e), e->mode->levels - 1 + 1, "tables taken");
	CHECK(!watch.junk, "a table was linked before it was complete");
	CHECK(!watch.elsewhere, "one temporary mapping was not enough");
	check_windows_work(e, c->type);
}

/* What is in the way is refused, and nothing has changed. */
static void
check_in_the_way(struct emu *e, int error)
{
	uint64_t size = emu_get64(e, "guest_pool", 0) - e->root[0];
	uint8_t *before = malloc(size);
	struct watch watch;

	memcpy(before, emu_ram(e, e->root[0], size), size);
	CHECK_EQUAL(init_watched(e, &watch), error, "qpmap_init");
	CHECK(memcmp(before, emu_ram(e, e->root[0], size), size) == 0,
	    "a table has changed");
	free(before);
	CHECK_EQUAL(tables_taken(e), 0, "tables kept");
	CHECK_EQUAL(watch.links, 0, "stores to tables in use");
	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_ERR_NOT_INIT, "online");
}

/* Pages of the area, and the guard page after it. */
static uint64_t
area_pages(struct emu *e)
{
	return (e->config[WIRE_CONFIG_CPUS] * e->fact[FACT_WINDOW_PAGES] + 1);
}

/*
 * An entry in the way at level c->number, of a page of the area.  The area is
 * made to begin in the middle of a leaf table, so that upper entries cover it.
 */
static void
tables_large(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	uint64_t large = e->arch->make_large(e, emu_page(e, 0) &
	    ~(level_size(e, c->number) - 1), c->number);
	struct emu_level end;

	if (large == 0) {
		return;
	}
	build_down_to(e, e->config[WIRE_WINDOW_VA], c->number);
	end = walk_end(e, e->config[WIRE_WINDOW_VA]);
	CHECK_EQUAL(end.level, c->number, "level");
	emu_write(e, end.entry_pa, e->mode->entry_size, large);
	check_in_the_way(e, QPMAP_ERR_WINDOW_LARGE);
}

/* Neither empty nor valid, at level c->number. */
static void
tables_invalid(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	struct emu_level end;

	build_down_to(e, e->config[WIRE_WINDOW_VA], c->number);
	end = walk_end(e, e->config[WIRE_WINDOW_VA]);
	CHECK_EQUAL(end.level, c->number, "level");
	emu_write(e, end.entry_pa, e->mode->entry_size, 0x1230);
	check_in_the_way(e, QPMAP_ERR_WINDOW_MAPPED);
}

/* A mapped page: first, last, in the middle, or in the guard. */
static void
tables_mapped(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	uint64_t pages = area_pages(e);
	uint64_t page[4] = { 0, pages - 2, pages / 2, pages - 1 };

	emu_map(e, e->config[WIRE_WINDOW_VA] + page[c->number] *
	    page_size(e), emu_page(e, 0), false);
	check_in_the_way(e, QPMAP_ERR_WINDOW_MAPPED);
}

/* The guard page after the area is in another leaf table, and mapped. */
static void
tables_guard_apart(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	uint64_t end = (e->mode->window_va & ~(level_size(e, 1) - 1)) +
	    level_size(e, 1);

	(void)c;
	e->config[WIRE_CONFIG_CPUS] = 1;
	e->config[WIRE_WINDOW_VA] = end -
	    e->fact[FACT_WINDOW_PAGES] * page_size(e);
	emu_map(e, end, emu_page(e, 0), false);
	check_in_the_way(e, QPMAP_ERR_WINDOW_MAPPED);
}

/* The allocator runs out at every page in turn; all is given back. */
static void
tables_run_out(const struct contract_case *c)
{
	struct emu *e;

	for (unsigned have = 0; have < c->mode->levels; have++) {
		e = contract_begin(c, "std");
		e->config[WIRE_WINDOW_VA] = (e->mode->window_va &
		    ~(level_size(e, 1) - 1)) + level_size(e, 1) -
		    e->fact[FACT_WINDOW_PAGES] * page_size(e);
		e->config[WIRE_CONFIG_CPUS] = 2;	/* needs levels */
		emu_set64(e, "guest_pool_count", 0, have);
		CHECK_EQUAL(emu_init(e), QPMAP_ERR_TABLES, "qpmap_init");
		CHECK_EQUAL(emu_get64(e, "guest_pool_count", 0), 0, "pool");
		CHECK_EQUAL(emu_get64(e, "guest_freed_count", 0), have,
		    "pages given back");
		for (unsigned i = 0; i < have; i++) {
			for (unsigned j = 0; j < i; j++) {
				CHECK(emu_get64(e, "guest_freed", i) !=
				    emu_get64(e, "guest_freed", j),
				    "a page given back twice");
			}
		}
		CHECK(walk_end(e, e->config[WIRE_WINDOW_VA]).level ==
		    e->mode->levels - 1, "a table was linked");
		CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_ERR_NOT_INIT,
		    "online");
		contract_close();
	}
}

/* Exactly as many pages as are needed are enough. */
static void
tables_enough(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");

	emu_set64(e, "guest_pool_count", 0, e->mode->levels - 1);
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	CHECK_EQUAL(emu_get64(e, "guest_pool_count", 0), 0, "pool");
	CHECK_EQUAL(emu_get64(e, "guest_freed_count", 0), 0, "given back");
	check_windows_work(e, c->type);
}

/* A root entry is absent, and there may be other roots. */
static void
tables_root_absent(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");

	e->config[WIRE_FLAGS] &= ~(uint64_t)QPMAP_F_SINGLE_ROOT;
	check_in_the_way(e, QPMAP_ERR_ROOT_ABSENT);
	build_down_to(e, e->config[WIRE_WINDOW_VA], e->mode->levels - 2);
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	check_windows_work(e, c->type);
}

/* init again, with another window, before any CPU is online. */
static void
tables_again(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");

	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "the same again");
	CHECK_EQUAL(tables_taken(e), e->mode->levels - 1, "tables taken");
	e->config[WIRE_WINDOW_VA] += e->config[WIRE_CONFIG_CPUS] *
	    e->fact[FACT_WINDOW_PAGES] * page_size(e);
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "another window");
	check_windows_work(e, c->type);
}

/*
 * Confidential guests: tables are private pages, whatever the window maps.
 * Every valid entry that init stores has the private mask, and none the global
 * one.  (No emulated walker knows such masks: the entries are looked at, not
 * used.)
 */
struct masks {
	uint64_t mask;
	unsigned with, without;
};

static void
masks_store(struct emu *e, uint64_t pa, unsigned size, uint64_t value)
{
	struct masks *masks = e->on_insn_arg;
	unsigned whole = e->mode->entry_size;
	uint64_t entry;

	if (pa < e->root[0] || pa - e->mode->ram_base >= e->mode->ram_size) {
		return;
	}
	entry = emu_read(e, pa & ~(uint64_t)(whole - 1), whole);
	memcpy((uint8_t *)&entry + (pa & (whole - 1)), &value, size);
	if (!e->arch->is_valid(e, entry) || entry == EMU_X0 >> (64 - 8 *
	    whole)) {
		return;		/* empty, or the end of the chain of pages */
	}
	if ((entry & masks->mask) != 0) {
		masks->with++;
	} else {
		masks->without++;
	}
}

static void
tables_private(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	struct masks masks = {
		.mask = UINT64_C(1) << (e->mode->pa_bits - 1)
	};

	/* Zeroed pages: what was in them is no entry. */
	for (unsigned i = 0; i < WIRE_POOL_COUNT / 4; i++) {
		uint64_t page = emu_get64(e, "guest_pool", i);

		memset(emu_ram(e, page, page_size(e)), 0, page_size(e));
	}
	e->config[c->number != 0 ? WIRE_PRIVATE_MASK : WIRE_SHARED_MASK] =
	    masks.mask;
	e->on_insn_arg = &masks;
	e->on_store = masks_store;
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	e->on_store = NULL;
	CHECK_EQUAL(masks.with, c->number != 0 ? e->mode->levels - 1 : 0,
	    "entries with the mask");
	CHECK_EQUAL(masks.without, c->number != 0 ? 0 : e->mode->levels - 1,
	    "entries without the mask");
}

void
contract_tables_cases(const struct emu_mode *mode)
{
	static const char *const where[4] = { "first", "last", "middle",
		"guard" };

	for (unsigned level = 0; level < mode->levels; level++) {
		struct contract_case extra = { .number = level };

		contract_add(mode, tables_partly, &extra,
		    "tables/missing=%u", level);
		if (level != 0) {
			contract_add(mode, tables_large, &extra,
			    "tables/large-page/level=%u", level);
		}
		contract_add(mode, tables_invalid, &extra,
		    "tables/neither-empty-nor-valid/level=%u", level);
	}
	for (unsigned i = 0; i < 4; i++) {
		contract_add(mode, tables_mapped, &(struct contract_case){
		    .number = i }, "tables/mapped/%s", where[i]);
	}
	contract_add(mode, tables_guard_apart, NULL, "tables/mapped/apart");
	contract_add(mode, tables_two, NULL, "tables/two-leaf-tables");
	contract_add(mode, tables_run_out, NULL, "tables/runs-out");
	contract_add(mode, tables_enough, NULL, "tables/enough");
	contract_add(mode, tables_root_absent, NULL, "tables/root-absent");
	for (unsigned i = 0; i < 2 && !mode->arch->no_sharing; i++) {
		contract_add(mode, tables_private, &(struct contract_case){
		    .number = i }, "tables/%s-mask", i ? "private" : "shared");
	}
	contract_add(mode, tables_again, NULL, "tables/init-again");
}
