/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hosts' habits: what kernels do around the library, each as a mode of the
 * machine, with what must come of it.  docs/testing.md lists them.
 */
#include <stdio.h>
#include <string.h>

#include "smp.h"

#define WORD 4

static uint64_t
page_size(const struct emu *e)
{
	return (UINT64_C(1) << e->mode->page_shift);
}

/* Bytes of address space that an entry of that level covers. */
static uint64_t
level_size(const struct emu *e, unsigned level)
{
	return (UINT64_C(1) << (e->mode->page_shift +
	    level * e->mode->table_shift));
}

static void
online(struct emu *e, unsigned window)
{
	CHECK_EQUAL(emu_online(e, window, 0), QPMAP_OK, "qpmap_cpu_online");
}

/* Init, and this CPU online. */
static void
start(struct emu *e)
{
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	online(e, 0);
}

/* The entry that a walk for va ends at, or that is at that level. */
static struct emu_level
entry_at(struct emu *e, uint64_t va, unsigned level)
{
	struct emu_level levels[EMU_MAX_LEVELS];
	unsigned count = emu_walk(e, va, levels), i = 0;

	while (i + 1 < count && levels[i].level > level) {
		i++;
	}
	return (levels[i]);
}

/* Make va's path down to a table of that level, and nothing in it. */
static void
build_down_to(struct emu *e, uint64_t va, unsigned level)
{
	struct emu_level end;

	for (end = entry_at(e, va, level); end.level > level;
	    end = entry_at(e, va, level)) {
		emu_write(e, end.entry_pa, e->mode->entry_size,
		    e->arch->make_table(e, emu_page_alloc(e), end.level));
	}
}

/* The tables are the kernel's: without QPMAP_F_BUILD_TABLES, and no groups. */
static void
own_tables(struct emu *e)
{
	e->config[WIRE_FLAGS] &=
	    ~(uint64_t)(QPMAP_F_BUILD_TABLES | QPMAP_F_SINGLE_ROOT);
	e->config[WIRE_GLOBAL_COUNT] = 0;
}

/* The entry for a window's first address, in a table of the kernel's. */
static uint64_t
own_leaf(struct emu *e, unsigned window)
{
	uint64_t va = e->config[WIRE_WINDOW_VA] +
	    window * e->fact[FACT_WINDOW_PAGES] * page_size(e);

	build_down_to(e, va, 0);
	return (entry_at(e, va, 0).entry_pa);
}

/*
 * The library is used in every way that enters and removes, by this CPU, and
 * does what it must.  type is a memory type of the mode's.
 */
static void
work(struct emu *e, unsigned type)
{
	unsigned slots = (unsigned)e->fact[FACT_SLOTS];
	uint64_t va[16] = { 0 }, pa;

	for (unsigned i = 0; i < slots; i++) {
		pa = emu_page(e, 200 + i);
		va[i] = i % 2 == 0 ? emu_enter(e, pa, type) :
		    emu_enter_ro(e, pa, type);
		CHECK_EQUAL(va[i], emu_slot_va(e, i + 1), "address");
		check_load(e, va[i], WORD, contract_tag(e, pa));
	}
	check_store(e, va[0] + 8, WORD, 0x600d);
	CHECK_EQUAL(emu_read(e, emu_page(e, 200) + 8, WORD), 0x600d, "store");
	for (unsigned i = slots; i-- > 0;) {
		check_load(e, va[i], WORD, emu_read(e, emu_page(e, 200 + i),
		    8));
		emu_remove(e, va[i]);
		check_nothing(e, va[i]);
	}
	check_idle(e);
}

/*
 * Several roots.
 */

/* Which root translates the window, on this architecture. */
static unsigned
window_root(const struct emu *e)
{
	return (e->arch->root(e, e->mode->window_va));
}

/* Another process's root: a copy of the one in use. */
static uint64_t
root_copy(struct emu *e)
{
	uint64_t root = emu_page_alloc(e);

	memcpy(emu_ram(e, root, page_size(e)),
	    emu_ram(e, e->root[window_root(e)], page_size(e)), page_size(e));
	return (root);
}

/* CR3, TTBR1_EL1, or satp: Privileged Architecture, MODE 8 is Sv39. */
static uint64_t
root_register(const struct emu *e, uint64_t root)
{
	if (strcmp(e->arch->name, "riscv64") == 0) {
		return ((uint64_t)(e->mode->levels + 5) << 60 | root >> 12);
	}
	return (root);
}

/* This CPU goes on in another process; the walks of e are there, too. */
static void
switch_to(struct emu *e, uint64_t root)
{
	e->root[window_root(e)] = root;
	CHECK_EQUAL(EMU_CALL(e, "guest_switch", "w", root_register(e, root)),
	    EMU_RETURNED, "the switch of roots");
}

/* Back and forth between two processes, and a CPU that starts in each. */
static void
work_in_both(struct emu *e, uint64_t a, uint64_t b, unsigned type)
{
	for (unsigned i = 0; i < 2; i++) {
		switch_to(e, b);
		work(e, type);
		switch_to(e, a);
		work(e, type);
	}
	for (unsigned cpu = 1; cpu < 3; cpu++) {
		e->root[window_root(e)] = cpu == 1 ? b : a;
		emu_another(e, cpu);
		work(e, type);
		switch_to(e, cpu == 1 ? a : b);
		work(e, type);
	}
}

/* One root when init runs; those made later have copies of its entries. */
static void
roots_later(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	uint64_t a = e->root[window_root(e)];

	work_in_both(e, a, root_copy(e), c->type);
}

/*
 * Two roots, which share the table below the window's entry of theirs; the
 * rest of the path is built.
 */
static void
roots_before(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	uint64_t a = e->root[window_root(e)], b;

	build_down_to(e, e->config[WIRE_WINDOW_VA], e->mode->levels - 2);
	if (e->fact[FACT_SHOOTDOWN] != 0) {
		build_down_to(e, e->config[WIRE_GLOBAL_VA],
		    e->mode->levels - 2);
	}
	b = root_copy(e);
	e->config[WIRE_FLAGS] &= ~(uint64_t)QPMAP_F_SINGLE_ROOT;
	start(e);
	work_in_both(e, a, b, c->type);
}

/* Two roots, neither of which has an entry there: refused, with a name. */
static void
roots_absent(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	uint64_t a = e->root[window_root(e)], b = root_copy(e);

	e->config[WIRE_FLAGS] &= ~(uint64_t)QPMAP_F_SINGLE_ROOT;
	CHECK_EQUAL(emu_init(e), QPMAP_ERR_ROOT_ABSENT, "qpmap_init");
	CHECK(memcmp(emu_ram(e, a, page_size(e)), emu_ram(e, b, page_size(e)),
	    page_size(e)) == 0, "one of the roots has changed");
}

/* The window's leaf table is the kernel's, and in both roots. */
static void
roots_leaf(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	uint64_t a = e->root[window_root(e)], b, leaf[EMU_CPUS];

	own_tables(e);
	for (unsigned i = 0; i < EMU_CPUS; i++) {
		leaf[i] = own_leaf(e, i);
	}
	b = root_copy(e);
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	for (unsigned cpu = 0; cpu < EMU_CPUS; cpu++) {
		emu_cpu(e, cpu);
		if (cpu != 0) {
			e->root[window_root(e)] = cpu % 2 == 0 ? a : b;
			emu_boot(e);
		}
		CHECK_EQUAL(emu_online(e, cpu, leaf[cpu]), QPMAP_OK, "online");
		work(e, c->type);
		switch_to(e, cpu % 2 == 0 ? b : a);
		work(e, c->type);
	}
}

/* A global mapping is there in every process, and gone in every process. */
static void
roots_shared_mapping(const struct contract_case *c)
{
	struct emu *e = smp_ready(c, 1);
	uint64_t a = e->root[window_root(e)], b = root_copy(e);
	uint64_t pa = emu_page(e, 5), va;

	e->root[window_root(e)] = b;
	emu_another(e, 1);
	va = smp_global_enter(e, 0, pa, c->type);
	check_load(e, va, WORD, contract_tag(e, pa));
	emu_cpu(e, 1);
	check_load(e, va, WORD, emu_read(e, pa, 8));
	switch_to(e, a);
	check_load(e, va, WORD, emu_read(e, pa, 8));
	SMP_CALL(e, 0, "qpmap_global_remove", "w", va);
	for (unsigned cpu = 0; cpu < 2; cpu++) {
		emu_cpu(e, cpu);
		check_nothing(e, va);
		switch_to(e, b);
		check_nothing(e, va);
	}
}

/* Enter succeeds, and the page is not there; and remove is no harm. */
static void
check_apart(struct emu *e, uint64_t own, unsigned type)
{
	uint64_t va = emu_enter(e, emu_page(e, 7), type);

	check_nothing(e, va);
	emu_remove(e, va);
	for (uint64_t i = 0; i < page_size(e); i += 8) {
		CHECK_EQUAL(emu_read(e, own + i, 8), 0,
		    "the other process's table");
	}
}

/*
 * Each process has a table of its own where the window is, as kernels have
 * for dynamic mappings of a process.  Nothing refuses that: init and online
 * see one root.  Every access in the other process faults.
 */
static void
roots_apart(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	uint64_t a = e->root[window_root(e)], b, own, va;
	unsigned top = e->mode->levels - 1;

	build_down_to(e, e->config[WIRE_WINDOW_VA], top - 1);
	b = root_copy(e);
	own = emu_page_alloc(e);
	emu_write(e, entry_at(e, e->config[WIRE_WINDOW_VA], top).entry_pa -
	    a + b, e->mode->entry_size, e->arch->make_table(e, own, top));
	e->config[WIRE_GLOBAL_COUNT] = 0;
	e->config[WIRE_FLAGS] &= ~(uint64_t)QPMAP_F_SINGLE_ROOT;
	start(e);
	work(e, c->type);
	switch_to(e, b);
	check_apart(e, own, c->type);
	switch_to(e, a);
	work(e, c->type);
	/* Switched while it is held, which no caller may. */
	va = emu_enter(e, emu_page(e, 8), c->type);
	check_load(e, va, WORD, contract_tag(e, emu_page(e, 8)));
	switch_to(e, b);
	check_nothing(e, va);
	switch_to(e, a);
	emu_remove(e, va);
	/* A CPU that is in the other process from the start. */
	emu_cpu(e, 1);
	e->root[window_root(e)] = b;
	emu_boot(e);
	online(e, 1);
	check_apart(e, own, c->type);
	switch_to(e, a);
	work(e, c->type);
}

/*
 * User mappings at address 0: what the kernel reads through a null pointer is
 * what a user, or somebody's low memory, has there.
 */

/* What must not change, and whether anything else was written. */
struct hostile {
	uint64_t page[2];	/* at address 0 */
	uint64_t bait;		/* where the numbers there point to */
	char wrong[64];		/* the first store that may not be */
};

static void
hostile_store(struct emu *e, uint64_t pa, unsigned size, uint64_t value)
{
	struct hostile *hostile = e->on_insn_arg;
	const char *name = emu_symbol_at(e, pa);
	bool own = strcmp(name, "guest_stack") == 0 ||
	    strcmp(name, "guest_panic") == 0 ||
	    (pa >= e->percpu && pa - e->percpu < e->fact[FACT_PERCPU_STATE]);

	(void)size;
	(void)value;
	if (!own && hostile->wrong[0] == '\0') {
		snprintf(hostile->wrong, sizeof(hostile->wrong),
		    "0x%llx (%s)", (unsigned long long)pa, name);
	}
}

/* The bait's address; zeros; ones; an address of a slot and the bait. */
static uint64_t
hostile_word(const struct hostile *hostile, unsigned fill, unsigned i)
{
	switch (fill) {
	case 0:
		return (hostile->bait);
	case 1:
		return (0);
	case 2:
		return (~UINT64_C(0));
	default:
		return (i % 2 == 0 ? 0x80009000 : hostile->bait);
	}
}
#define HOSTILE_FILLS 4

static void
hostile_fill(struct emu *e, const struct hostile *hostile, unsigned fill)
{
	unsigned word = (unsigned)e->fact[FACT_WORD];

	for (unsigned i = 0; i < 2 * page_size(e) / word; i++) {
		emu_write(e, hostile->page[i / (page_size(e) / word)] +
		    i % (page_size(e) / word) * word, word,
		    hostile_word(hostile, fill, i));
	}
}

static void
hostile_check(struct emu *e, const struct hostile *hostile, unsigned fill)
{
	unsigned word = (unsigned)e->fact[FACT_WORD];

	CHECK(hostile->wrong[0] == '\0', "a store to %s", hostile->wrong);
	for (unsigned i = 0; i < page_size(e) / word; i++) {
		CHECK_EQUAL(emu_read(e, hostile->bait + i * word, word), 0,
		    "what the page at 0 points to");
		CHECK_EQUAL(emu_read(e, hostile->page[0] + i * word, word),
		    hostile_word(hostile, fill, i) &
		    ~UINT64_C(0) >> (64 - 8 * word), "the page at 0");
	}
}

/* Whatever is called on that CPU's state is refused, and writes nothing. */
static void
hostile_calls(struct emu *e, struct hostile *hostile, unsigned type)
{
	static const char *const name[2] = { "qpmap_enter", "qpmap_enter_ro" };
	uint64_t pa = emu_page(e, 1);
	uint64_t depth = e->percpu + e->fact[FACT_PERCPU_DEPTH];

	e->on_insn_arg = hostile;
	e->on_store = hostile_store;
	for (unsigned fill = 0; fill < HOSTILE_FILLS; fill++) {
		hostile_fill(e, hostile, fill);
		for (unsigned i = 0; i < 2; i++) {
			EMU_CALL(e, name[i], "pw", pa, type);
			check_panic(e, QPMAP_PANIC_OFFLINE, pa, 0);
			emu_write(e, depth, 4, 0);
			hostile_check(e, hostile, fill);
		}
		EMU_CALL(e, "qpmap_zero_page", "pw", pa, type);
		check_panic(e, QPMAP_PANIC_OFFLINE, pa, 0);
		emu_write(e, depth, 4, 1);
		for (unsigned n = 1; n <= 2; n++) {
			EMU_CALL(e, "qpmap_remove", "w",
			    emu_slot_va_of(e, 0, n));
			check_panic(e, QPMAP_PANIC_REMOVE,
			    emu_slot_va_of(e, 0, n), 0);
		}
		emu_write(e, depth, 4, 0);
		CHECK_EQUAL(emu_held(e), 0, "held");
		hostile_check(e, hostile, fill);
	}
	e->on_store = NULL;
}

/* Never online; refused by online; online once, and gone. */
static void
zero_page(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	struct hostile hostile = { .wrong = "" };
	uint64_t pte_pa;

	hostile.bait = emu_page_alloc(e);
	for (unsigned i = 0; i < 2; i++) {
		hostile.page[i] = emu_page_alloc(e);
		emu_map(e, i * page_size(e), hostile.page[i], false);
	}
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	if (c->number == 1) {
		pte_pa = emu_slot_pte(e, 1);
		emu_write(e, pte_pa, WORD, 0x40);
		CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_ERR_LEAF_USED,
		    "online with an entry in use");
		emu_write(e, pte_pa, WORD, 0);
	} else if (c->number == 2) {
		online(e, 0);
		work(e, c->type);
		EMU_CALL(e, "qpmap_cpu_offline", "w", emu_state_pa(e));
	}
	hostile_calls(e, &hostile, c->type);
	memset(emu_ram(e, emu_state_pa(e), e->fact[FACT_CPU_SIZE]), 0,
	    e->fact[FACT_CPU_SIZE]);
	online(e, 0);
	work(e, c->type);
}

/*
 * One temporary mapping for tables, used again by each call of
 * qpmap_host_table_address(): the address shows another table from then on, or
 * (number 1) nothing.
 */
struct alias {
	uint64_t pc;		/* of the hook */
	unsigned calls;
	bool moves;
};

static void
alias_insn(struct emu *e, uint64_t pc)
{
	struct alias *alias = e->on_insn_arg;
	uint64_t va = e->mode->scratch_va, table, entry_pa;

	if (pc != alias->pc) {
		return;
	}
	table = e->arch->argument(e) & ~(page_size(e) - 1);
	for (unsigned i = 0; i < 2; i++) {
		CHECK(emu_leaf_at(e, va + i * page_size(e), &entry_pa, NULL),
		    "no table for the alias");
		emu_write(e, entry_pa, e->mode->entry_size, 0);
	}
	if (alias->moves && alias->calls % 2 == 1) {
		va += page_size(e);
	}
	alias->calls++;
	emu_map(e, va, table, false);
	emu_flush(e);
	emu_set64(e, "guest_table_alias", 0, va);
}

static void
alias_begin(struct emu *e, struct alias *alias, const struct contract_case *c)
{
	*alias = (struct alias){ emu_symbol(e, "qpmap_host_table_address"),
	    0, c->number != 0 };
	build_down_to(e, e->mode->scratch_va, 0);
	build_down_to(e, e->mode->scratch_va + page_size(e), 0);
	e->on_insn_arg = alias;
	e->on_insn = alias_insn;
}

/* Windows in two leaf tables, missing from each level in turn. */
static void
alias_level(const struct contract_case *c, unsigned level)
{
	struct emu *e = contract_begin(c, "std");
	uint64_t window = e->fact[FACT_WINDOW_PAGES] * page_size(e);
	struct alias alias;

	e->config[WIRE_WINDOW_VA] = (e->mode->window_va &
	    ~(level_size(e, 1) - 1)) + level_size(e, 1) - window;
	build_down_to(e, e->config[WIRE_WINDOW_VA], level);
	alias_begin(e, &alias, c);
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	for (unsigned i = 0; i < EMU_CPUS; i++) {
		online(e, i);
		e->on_insn = NULL;
		work(e, c->type);
		e->on_insn = alias_insn;
		EMU_CALL(e, "qpmap_cpu_offline", "w", emu_state_pa(e));
	}
	CHECK(alias.calls > 2 * c->mode->levels, "the hook was not watched");
	e->on_insn = NULL;
	contract_close();
}

static void
alias_tables(const struct contract_case *c)
{
	for (unsigned level = 0; level < c->mode->levels; level++) {
		alias_level(c, level);
	}
}

/*
 * A CPU that walked the window before it came online.
 */

/* What the kernel's boot tables had there, and where. */
struct walked {
	uint64_t va;
	uint64_t pa;
	unsigned level;		/* 0: a page; else a large one */
	uint64_t entry_pa;
};

static void
walked_map(struct emu *e, struct walked *walked)
{
	uint64_t large = level_size(e, walked->level) - 1, entry;

	walked->pa = (emu_page(e, 1) & ~large) | (walked->va & large);
	entry = walked->level == 0 ?
	    e->arch->make_leaf(e, walked->pa, false) :
	    e->arch->make_large(e, walked->pa & ~large, walked->level);
	build_down_to(e, walked->va, walked->level);
	walked->entry_pa = entry_at(e, walked->va, walked->level).entry_pa;
	emu_write(e, walked->entry_pa, e->mode->entry_size, entry);
}

/* This CPU has these translations, whatever is in the tables. */
static void
walked_check(struct emu *e, const struct walked *walked, unsigned areas)
{
	for (unsigned i = 0; i < areas; i++) {
		check_load(e, walked[i].va, WORD, emu_read(e, walked[i].pa,
		    WORD));
	}
}

/* It used them, and then the kernel cleared them, and told nobody. */
static void
walked_clear(struct emu *e, const struct walked *walked, unsigned areas)
{
	walked_check(e, walked, areas);
	for (unsigned i = 0; i < areas; i++) {
		emu_write(e, walked[i].entry_pa, e->mode->entry_size, 0);
	}
	walked_check(e, walked, areas);
}

/* In the window of the CPU c->number >> 8, and in the first global group. */
static void
walked_before(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	unsigned cpu = c->number >> 8, areas, i;
	struct walked walked[2];

	areas = e->fact[FACT_SHOOTDOWN] != 0 ? 2 : 1;
	walked[0].va = emu_slot_va_of(e, cpu, 1);
	walked[1].va = e->config[WIRE_GLOBAL_VA] + page_size(e);
	for (i = 0; i < areas; i++) {
		walked[i].level = c->number & 255;
		walked_map(e, &walked[i]);
	}
	/* A later CPU is there from the start, as riscv's harts are. */
	emu_cpu(e, cpu);
	if (cpu != 0) {
		emu_boot(e);
	}
	walked_clear(e, walked, areas);
	emu_cpu(e, 0);
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	if (cpu != 0) {
		online(e, 0);
		emu_cpu(e, cpu);
		walked_check(e, walked, areas);
	}
	online(e, cpu);
	for (i = 0; i < areas; i++) {
		check_nothing(e, walked[i].va);
	}
	CHECK_EQUAL(emu_enter(e, emu_page(e, 2), c->type), walked[0].va,
	    "address");
	check_load(e, walked[0].va, WORD, contract_tag(e, emu_page(e, 2)));
	emu_remove(e, walked[0].va);
	work(e, c->type);
}

/*
 * CPUs that come up at the same time.
 */

/* The kernel's own entries for each window, all CPUs booted. */
static void
together_begin(struct emu *e, uint64_t leaf[EMU_CPUS])
{
	own_tables(e);
	for (unsigned cpu = 0; cpu < EMU_CPUS; cpu++) {
		leaf[cpu] = own_leaf(e, cpu);
		emu_cpu(e, cpu);
		if (cpu != 0) {
			emu_boot(e);
		}
	}
	emu_cpu(e, 0);
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
}

/* One CPU, online from there to instruction number stop. */
static void
together_online(struct emu *e, unsigned cpu, uint64_t leaf, uint64_t stop)
{
	emu_cpu(e, cpu);
	emu_call_until(e, emu_symbol(e, "qpmap_cpu_online"), "www",
	    (uint64_t[]){ emu_state_pa(e), cpu, emu_ptes(e, leaf) }, stop);
}

/* All four, c->number instructions at a time. */
static void
together_in_turns(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	uint64_t leaf[EMU_CPUS];
	unsigned left = EMU_CPUS;
	bool done[EMU_CPUS] = { false };

	together_begin(e, leaf);
	for (unsigned cpu = 0; cpu < EMU_CPUS; cpu++) {
		together_online(e, cpu, leaf[cpu], 0);
	}
	for (uint64_t stop = c->number; left != 0; stop += c->number) {
		for (unsigned cpu = 0; cpu < EMU_CPUS; cpu++) {
			if (done[cpu]) {
				continue;
			}
			emu_cpu(e, cpu);
			if (emu_resume_until(e, stop) != EMU_PAUSED) {
				CHECK_EQUAL(e->status, EMU_RETURNED, "online");
				CHECK_EQUAL((uint32_t)e->result, QPMAP_OK,
				    "qpmap_cpu_online");
				done[cpu] = true;
				left--;
			}
		}
	}
	for (unsigned cpu = 0; cpu < EMU_CPUS; cpu++) {
		emu_cpu(e, cpu);
		work(e, c->type);
	}
}

/* One is stopped on its way, and another comes, works and goes. */
static void
together_stopped(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	uint64_t leaf[EMU_CPUS], stop = 0;
	bool stopped = true;

	together_begin(e, leaf);
	while (stopped) {
		together_online(e, 1, leaf[1], stop);
		stopped = e->status == EMU_PAUSED;
		together_online(e, 2, leaf[2], EMU_X0);
		CHECK_EQUAL((uint32_t)e->result, QPMAP_OK, "online");
		work(e, c->type);
		EMU_CALL(e, "qpmap_cpu_offline", "w", emu_state_pa(e));
		emu_cpu(e, 1);
		if (stopped) {
			emu_resume(e);
		}
		CHECK_EQUAL(e->arch->result(e) & 0xffffffff, QPMAP_OK,
		    "online");
		work(e, c->type);
		EMU_CALL(e, "qpmap_cpu_offline", "w", emu_state_pa(e));
		stop += 13;
	}
	CHECK(stop > 130, "online has only %llu instructions",
	    (unsigned long long)stop);
}

/*
 * Built tables, and one temporary mapping for them: the host lets one CPU come
 * at a time.  Where it does not, one is stopped on its way, and another is
 * refused while that one is in the tables, and may ask again.
 */
static void
together_built(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	unsigned busy = 0, error;
	uint64_t stop = 0;
	struct alias alias;
	bool stopped = true;

	emu_cpu(e, 1);
	emu_boot(e);
	emu_cpu(e, 2);
	emu_boot(e);
	alias_begin(e, &alias, c);
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	for (; stopped; stop += 7) {
		together_online(e, 1, 0, stop);
		stopped = e->status == EMU_PAUSED;
		together_online(e, 2, 0, EMU_X0);
		error = (uint32_t)e->result;
		CHECK(e->status == EMU_RETURNED && (error == QPMAP_OK ||
		    error == QPMAP_ERR_CPU_BUSY), "error %u", error);
		emu_cpu(e, 1);
		if (stopped) {
			emu_resume(e);
		}
		CHECK_EQUAL(e->arch->result(e) & 0xffffffff, QPMAP_OK,
		    "online");
		if (error != QPMAP_OK) {
			busy++;
			together_online(e, 2, 0, EMU_X0);
			CHECK_EQUAL((uint32_t)e->result, QPMAP_OK, "again");
		}
		e->on_insn = NULL;
		for (unsigned cpu = 1; cpu < 3; cpu++) {
			emu_cpu(e, cpu);
			work(e, c->type);
			EMU_CALL(e, "qpmap_cpu_offline", "w",
			    emu_state_pa(e));
		}
		e->on_insn = alias_insn;
	}
	CHECK(busy != 0, "nobody was refused");
	e->on_insn = NULL;
}

/*
 * Isolated page tables: in user mode the CPU has a root in which the kernel's
 * mappings are not.  On arm64 the kernel's entries then have nG, and processes
 * ASIDs: TCR_EL1.A1 is 0, so they are TTBR0_EL1's, bits 63:48.
 */
static void
isolation(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	bool arm64 = strcmp(e->arch->name, "arm64") == 0;
	uint64_t kernel = e->root[window_root(e)], low = e->root[0], user, va;

	e->config[WIRE_FLAGS] |= arm64 ? QPMAP_F_SET_NG : 0;
	user = root_copy(e);
	start(e);
	for (unsigned cpu = 0; cpu < 3; cpu++) {
		emu_cpu(e, cpu);
		if (cpu != 0) {
			e->root[0] |= arm64 ? (uint64_t)cpu << 48 : 0;
			emu_boot(e);
			e->root[0] = low;
			online(e, cpu);
		}
		va = emu_enter_ro(e, emu_page(e, 3), c->type);
		check_leaf(e, va, emu_page(e, 3), c->type, false);
		emu_remove(e, va);
		va = emu_enter(e, emu_page(e, 3), c->type);
		check_leaf(e, va, emu_page(e, 3), c->type, true);
		check_load(e, va, WORD, contract_tag(e, emu_page(e, 3)));
		switch_to(e, user);
		check_nothing(e, va);
		switch_to(e, kernel);
		check_load(e, va, WORD, emu_read(e, emu_page(e, 3), 8));
		emu_remove(e, va);
		work(e, c->type);
	}
	if (e->fact[FACT_SHOOTDOWN] != 0) {
		va = smp_global_enter(e, 0, emu_page(e, 4), c->type);
		check_leaf(e, va, emu_page(e, 4), c->type, true);
		SMP_CALL(e, 0, "qpmap_global_remove", "w", va);
		smp_check_gone(e, 1, va, 1);
	}
}

/*
 * Non-cacheable RAM: no write-back type in MAIR_EL1 or the PAT.  In its place
 * is normal non-cacheable memory, on x86 write-through; the kernel's own leaf
 * says so.  On x86 that is the walker's type, too, and the tables are the
 * kernel's.
 */
static uint64_t
uncached_layout(const struct contract_case *c)
{
	uint64_t layout = c->mode->arch->layouts[0].value, byte;
	bool arm64 = strcmp(c->mode->arch->name, "arm64") == 0;

	for (unsigned shift = 0; shift < 64; shift += 8) {
		byte = layout >> shift & 255;
		if (byte == (arm64 ? 0xff : 6)) {
			layout ^= (byte ^ (arm64 ? 0x44 : 4)) << shift;
		}
	}
	return (layout);
}

static struct emu *
uncached_begin(const struct contract_case *c, struct emu_layout *layout)
{
	struct contract_case other = *c;
	struct emu *e;

	*layout = (struct emu_layout){ "uncached", uncached_layout(c) };
	other.layout = layout;
	e = contract_begin(&other, "std");
	CHECK(e->arch->type_name(e, QPMAP_ATTR_WRITE_BACK) == NULL,
	    "the machine has write-back");
	e->config[WIRE_TYPES] = 0;
	return (e);
}

static void
uncached_refused(const struct contract_case *c)
{
	struct emu_layout layout;
	struct emu *e = uncached_begin(c, &layout);

	for (unsigned i = 0; i < 2; i++) {
		CHECK_EQUAL(emu_init(e), QPMAP_ERR_TYPE_WRITE_BACK, "init");
		CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_ERR_NOT_INIT, "online");
		own_tables(e);
	}
}

static void
uncached_template(const struct contract_case *c)
{
	struct emu_layout layout;
	struct emu *e = uncached_begin(c, &layout);
	bool arm64 = strcmp(e->arch->name, "arm64") == 0;
	struct emu_leaf leaf;
	uint64_t own[2] = { 0, 0 }, va;

	/* As the kernel maps its RAM: the first byte or entry. */
	e->config[WIRE_TEMPLATE] = e->arch->make_leaf(e, emu_page(e, 9),
	    false) & ~(uint64_t)(arm64 ? 7 << 2 : 0);
	for (unsigned cpu = 0; cpu < 2 && !arm64; cpu++) {
		own_tables(e);
		own[cpu] = own_leaf(e, cpu);
	}
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	CHECK_EQUAL(emu_online(e, 0, own[0]), QPMAP_OK, "online");
	va = emu_enter(e, emu_page(e, 3), c->type);
	CHECK(emu_leaf_at(e, va, NULL, &leaf) && leaf.valid, "no leaf");
	CHECK(strcmp(leaf.type, arm64 ? "WC" : "WT") == 0,
	    "memory type %s", leaf.type);
	CHECK_EQUAL(leaf.rest, 0, "other bits of the entry");
	emu_remove(e, va);
	work(e, c->type);
	emu_cpu(e, 1);
	emu_boot(e);
	CHECK_EQUAL(emu_online(e, 1, own[1]), QPMAP_OK, "online");
	work(e, c->type);
	if (e->config[WIRE_GLOBAL_COUNT] != 0) {
		va = smp_global_enter(e, 0, emu_page(e, 4), c->type);
		SMP_CALL(e, 0, "qpmap_global_remove", "w", va);
		smp_check_gone(e, 1, va, 1);
	}
}

/*
 * A kernel that frees page tables which it leaves empty.
 */

/* A page of the kernel's own, in the leaf table that also maps va. */
static uint64_t
pruner_near(struct emu *e, uint64_t va, uint64_t bytes)
{
	uint64_t near = va + bytes + 16 * page_size(e);

	CHECK(entry_at(e, near, 1).entry_pa == entry_at(e, va, 1).entry_pa,
	    "not one leaf table");
	emu_map(e, near, emu_page(e, 100), false);
	return (near);
}

static bool
pruner_is_empty(struct emu *e, uint64_t table)
{
	static const uint8_t zeros[65536];

	return (memcmp(emu_ram(e, table, page_size(e)), zeros,
	    page_size(e)) == 0);
}

/*
 * The kernel unmaps its page at va, and frees each table that is empty then,
 * but for the root; all CPUs are told.  How many; *leaf is the leaf table, if
 * it was one.
 */
static unsigned
pruner_unmap(struct emu *e, uint64_t va, uint64_t *leaf)
{
	struct emu_level levels[EMU_MAX_LEVELS];
	unsigned count = emu_walk(e, va, levels), freed = 0;

	CHECK_EQUAL(levels[count - 1].level, 0, "level of the page");
	emu_write(e, levels[count - 1].entry_pa, e->mode->entry_size, 0);
	for (unsigned i = count - 1; i > 0; i--) {
		uint64_t table = levels[i].entry_pa & ~(page_size(e) - 1);

		if (!pruner_is_empty(e, table)) {
			break;
		}
		if (freed++ == 0) {
			*leaf = table;
		}
		emu_write(e, levels[i - 1].entry_pa, e->mode->entry_size, 0);
	}
	emu_flush(e);
	return (freed);
}

static uint64_t
pruner_area(const struct emu *e)
{
	return (e->config[WIRE_CONFIG_CPUS] * e->fact[FACT_WINDOW_PAGES] *
	    page_size(e));
}

/*
 * Without the rule: the window's leaf table is freed under it.  Enter writes
 * into the page of its next owner, and nothing is at the address that it
 * returns.
 */
static void
pruner_careless(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	uint64_t near = pruner_near(e, e->config[WIRE_WINDOW_VA],
	    pruner_area(e)), leaf = 0, pte_pa = emu_slot_pte(e, 1), va;

	work(e, c->type);
	CHECK(pruner_unmap(e, near, &leaf) != 0, "no table was freed");
	CHECK_EQUAL(pte_pa & ~(page_size(e) - 1), leaf, "the table freed");
	va = emu_enter(e, emu_page(e, 1), c->type);
	check_nothing(e, va);
	CHECK(emu_read(e, pte_pa, e->mode->entry_size) != 0,
	    "the next owner's page has not changed");
}

/* The rule: a page stays mapped in the span of the table, for ever. */
static void
pruner_reserved(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	uint64_t near = pruner_near(e, e->config[WIRE_WINDOW_VA],
	    pruner_area(e)), leaf = 0;

	emu_map(e, near + 2 * page_size(e), emu_page(e, 101), false);
	for (unsigned i = 0; i < 3; i++) {
		work(e, c->type);
		CHECK_EQUAL(pruner_unmap(e, near, &leaf), 0, "tables freed");
		work(e, c->type);
		EMU_CALL(e, "qpmap_cpu_offline", "w", emu_state_pa(e));
		emu_map(e, near, emu_page(e, 100), false);
		CHECK_EQUAL(pruner_unmap(e, near, &leaf), 0, "tables freed");
		emu_map(e, near, emu_page(e, 100), false);
		online(e, 0);
	}
}

/*
 * The rule's other half: the library marks the table (QPMAP_F_MARK_GUARDS),
 * from the first CPU's coming online, and the kernel's allocator sees that it
 * is not empty.
 */
static void
pruner_mark(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	uint64_t near[2], leaf = 0;

	e->config[WIRE_FLAGS] |= QPMAP_F_MARK_GUARDS;
	start(e);
	near[0] = pruner_near(e, e->config[WIRE_WINDOW_VA], pruner_area(e));
	near[1] = pruner_near(e, e->config[WIRE_GLOBAL_VA] == 0 ?
	    e->config[WIRE_WINDOW_VA] : e->config[WIRE_GLOBAL_VA],
	    e->config[WIRE_GLOBAL_COUNT] * 2 * 64 * page_size(e) +
	    pruner_area(e));
	for (unsigned i = 0; i < 2; i++) {
		CHECK_EQUAL(pruner_unmap(e, near[i], &leaf), 0,
		    "tables freed");
	}
	work(e, c->type);
	EMU_CALL(e, "qpmap_cpu_offline", "w", emu_state_pa(e));
	emu_map(e, near[0], emu_page(e, 100), false);
	CHECK_EQUAL(pruner_unmap(e, near[0], &leaf), 0, "tables freed");
	online(e, 0);
	work(e, c->type);
	emu_another(e, 1);
	work(e, c->type);
	if (e->fact[FACT_SHOOTDOWN] != 0) {
		uint64_t va = smp_global_enter(e, 0, emu_page(e, 4), c->type);

		check_load(e, va, WORD, contract_tag(e, emu_page(e, 4)));
		SMP_CALL(e, 0, "qpmap_global_remove", "w", va);
		smp_check_gone(e, 1, va, 1);
	}
}

/*
 * The kernel frees the table all the same, and its next owner puts something
 * of his there: a checked build says so at the next enter, and writes nothing.
 */
static void
pruner_noticed(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "slots1");
	uint64_t pa = emu_page(e, 1), guard, junk;
	unsigned size = e->mode->entry_size;

	CHECK_EQUAL(e->fact[FACT_CHECKED], 1, "checked");
	e->config[WIRE_FLAGS] |= QPMAP_F_MARK_GUARDS;
	start(e);
	guard = emu_slot_pte(e, 1) - size;
	for (unsigned i = 0; i < 4; i++) {
		work(e, c->type);
		junk = i == 0 ? 0 : i == 1 ? e->arch->mark | 1 :
		    i == 2 ? e->arch->mark << 1 : 0x5a5a5a5a;
		emu_write(e, guard, size, junk);
		emu_write(e, guard + size, size, i == 3 ? junk : 0);
		EMU_CALL(e, "qpmap_enter", "pw", pa, c->type);
		check_panic(e, QPMAP_PANIC_MARK, pa, junk);
		EMU_CALL(e, "qpmap_enter_ro", "pw", pa, c->type);
		check_panic(e, QPMAP_PANIC_MARK, pa, junk);
		EMU_CALL(e, "qpmap_zero_page", "pw", pa, c->type);
		check_panic(e, QPMAP_PANIC_MARK, pa, junk);
		CHECK_EQUAL(emu_read(e, guard + size, size), i == 3 ? junk : 0,
		    "the slot's entry");
		emu_write(e, guard + size, size, 0);
		emu_write(e, guard, size, e->arch->mark);
		emu_write(e, e->percpu + e->fact[FACT_PERCPU_DEPTH], 4, 0);
	}
	EMU_CALL(e, "qpmap_cpu_offline", "w", emu_state_pa(e));
	EMU_CALL(e, "qpmap_enter", "pw", pa, c->type);
	check_panic(e, QPMAP_PANIC_OFFLINE, pa, 0);
}

/*
 * The mark itself: where it is, when it comes, that it is no translation, and
 * that nothing else is taken for it.
 */

/* The first guard entry of a window, and a slot's. */
static uint64_t
mark_at(struct emu *e, unsigned window)
{
	return (emu_slot_pte_of(e, window, 1) - e->mode->entry_size);
}

static void
mark_comes(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	unsigned size = e->mode->entry_size;
	uint64_t va = e->config[WIRE_WINDOW_VA], at;
	struct emu_leaf leaf;

	e->config[WIRE_FLAGS] |= QPMAP_F_MARK_GUARDS;
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	for (unsigned window = EMU_CPUS; window-- > 0;) {
		at = mark_at(e, window);
		CHECK_EQUAL(emu_read(e, at, size), 0, "before online");
		online(e, window);
		CHECK_EQUAL(emu_read(e, at, size), e->arch->mark, "online");
		e->arch->decode_leaf(e, emu_read(e, at, size), &leaf);
		CHECK(!leaf.valid && leaf.pa == 0, "a mark that translates");
		check_nothing(e, va + window * e->fact[FACT_WINDOW_PAGES] *
		    page_size(e));
		work(e, c->type);
		EMU_CALL(e, "qpmap_cpu_offline", "w", emu_state_pa(e));
		CHECK_EQUAL(emu_read(e, at, size), e->arch->mark, "offline");
	}
	/* All the marks are there: for a CPU, and for init. */
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "init again");
	online(e, 1);
	work(e, c->type);
	EMU_CALL(e, "qpmap_cpu_offline", "w", emu_state_pa(e));
	e->config[WIRE_FLAGS] &= ~(uint64_t)QPMAP_F_MARK_GUARDS;
	CHECK_EQUAL(emu_init(e), QPMAP_ERR_WINDOW_MAPPED,
	    "init without the flag");
}

/* Each group's first guard is marked, and nothing else of it. */
static void
mark_check_groups(struct emu *e)
{
	unsigned size = e->mode->entry_size;
	uint64_t entries = 2 * e->fact[FACT_GLOBAL_SLOTS];
	uint64_t at = entry_at(e, e->config[WIRE_GLOBAL_VA], 0).entry_pa;

	for (unsigned i = 0; i < entries * EMU_GROUPS; i++) {
		CHECK_EQUAL(emu_read(e, at + i * size, size),
		    i % entries == 0 ? e->arch->mark : 0,
		    "an entry of the global slots");
	}
}

/* By init; also where the entries are the kernel's. */
static void
mark_global(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	unsigned size = e->mode->entry_size, error;
	uint64_t bytes = 2 * e->fact[FACT_GLOBAL_SLOTS] * size, at;

	e->config[WIRE_FLAGS] |= QPMAP_F_MARK_GUARDS;
	for (unsigned round = 0; round < 4; round++) {
		CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
		mark_check_groups(e);
		at = entry_at(e, e->config[WIRE_GLOBAL_VA], 0).entry_pa;
		error = QPMAP_ERR_WINDOW_MAPPED;
		if (round >= 1) {
			error = QPMAP_ERR_GLOBAL_LEAF;
			e->config[WIRE_FLAGS] &= ~(uint64_t)
			    (QPMAP_F_BUILD_TABLES | QPMAP_F_SINGLE_ROOT);
			smp_set(e, smp_at_group(e, 0, FACT_GROUP_LEAF), at);
			smp_set(e, smp_at_group(e, 1, FACT_GROUP_LEAF),
			    at + bytes);
		}
		if (round == 2) {
			emu_write(e, at, size, 0);
			emu_write(e, at + bytes, size, 0);
		}
		emu_write(e, at + size, size, e->arch->mark);
		CHECK_EQUAL(emu_init(e), error, "a pte_pa marked");
		emu_write(e, at + size, size, 0);
	}
	e->config[WIRE_FLAGS] &= ~(uint64_t)QPMAP_F_MARK_GUARDS;
	CHECK_EQUAL(emu_init(e), QPMAP_ERR_GLOBAL_LEAF, "without the flag");
}

/* What is taken for empty: the mark, in a first guard, with the flag. */
static void
mark_refused(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	unsigned size = e->mode->entry_size;
	uint64_t pages = e->fact[FACT_WINDOW_PAGES], at;
	bool flag = c->number != 0;

	e->config[WIRE_FLAGS] |= flag ? QPMAP_F_MARK_GUARDS : 0;
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	at = mark_at(e, 0);
	for (unsigned i = 0; i <= pages; i++) {
		bool guard = flag && (i == 0 || i == pages);

		emu_write(e, at + i * size, size, e->arch->mark);
		CHECK_EQUAL(emu_online(e, 0, 0), guard ? QPMAP_OK :
		    QPMAP_ERR_LEAF_USED, "online with a mark");
		if (guard) {
			EMU_CALL(e, "qpmap_cpu_offline", "w",
			    emu_state_pa(e));
		} else {
			CHECK_EQUAL(emu_init(e), QPMAP_ERR_WINDOW_MAPPED,
			    "init with a mark");
		}
		emu_write(e, at + i * size, size, 0);
	}
	for (unsigned bit = 0; bit < 8 * size; bit++) {
		uint64_t junk = UINT64_C(1) << bit;

		if (junk == e->arch->mark) {
			junk |= 0x40;
		}
		emu_write(e, at, size, junk);
		CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_ERR_LEAF_USED, "junk");
		emu_write(e, at, size, 0);
	}
}

/* Of a mode, in builds with and without what several CPUs have in common. */
static void
hosts_add(const struct emu_mode *mode,
    void (*run)(const struct contract_case *c), unsigned number,
    const char *what)
{
	contract_add(mode, run, &(struct contract_case){ .number = number },
	    "hosts/%s", what);
	contract_add(mode, run, &(struct contract_case){ .number = number,
	    .variant = "smp" }, "hosts/%s/shootdown=1", what);
}

static void
hosts_walked_cases(const struct emu_mode *mode)
{
	static const char *const who[2] = { "first", "later" };

	for (unsigned i = 0; i < 2; i++) {
		char what[64];

		snprintf(what, sizeof(what), "walked-before/page/%s", who[i]);
		hosts_add(mode, walked_before, i << 8, what);
		snprintf(what, sizeof(what), "walked-before/large/%s", who[i]);
		hosts_add(mode, walked_before, i << 8 | 1, what);
	}
}

void
contract_hosts_cases(const struct emu_mode *mode)
{
	static const char *const state[3] = { "zeroed", "refused", "offline" };
	char what[64];

	hosts_add(mode, roots_later, 0, "roots-shared/later");
	hosts_add(mode, roots_before, 0, "roots-shared/before");
	hosts_add(mode, roots_leaf, 0, "roots-global/leaf");
	contract_add(mode, roots_shared_mapping, NULL,
	    "hosts/roots-global/mapping");
	hosts_add(mode, roots_absent, 0, "roots-shared/absent");
	hosts_add(mode, roots_apart, 0, "roots-apart");
	for (unsigned i = 0; i < 3; i++) {
		snprintf(what, sizeof(what), "user-at-0/%s", state[i]);
		hosts_add(mode, zero_page, i, what);
	}
	hosts_add(mode, alias_tables, 0, "mapping-reused/in-place");
	hosts_add(mode, alias_tables, 1, "mapping-reused/elsewhere");
	hosts_walked_cases(mode);
	hosts_add(mode, together_in_turns, 1, "together/one-by-one");
	hosts_add(mode, together_in_turns, 17, "together/17-by-17");
	hosts_add(mode, together_stopped, 0, "together/stopped");
	hosts_add(mode, together_built, 0, "together/built/in-place");
	hosts_add(mode, together_built, 1, "together/built/elsewhere");
	hosts_add(mode, isolation, 0, "isolation");
	if (strcmp(mode->arch->name, "riscv64") != 0) {
		hosts_add(mode, uncached_refused, 0, "no-write-back/refused");
		hosts_add(mode, uncached_template, 0,
		    "no-write-back/template");
	}
	hosts_add(mode, pruner_careless, 0, "pruner/careless");
	hosts_add(mode, pruner_reserved, 0, "pruner/span-reserved");
	hosts_add(mode, pruner_mark, 0, "pruner/mark");
	contract_add_types(mode, pruner_noticed, "hosts/pruner/noticed");
	hosts_add(mode, mark_comes, 0, "mark/comes-and-stays");
	contract_add(mode, mark_global, &(struct contract_case){
	    .variant = "smp" }, "hosts/mark/shared");
	hosts_add(mode, mark_refused, 0, "mark/refused/without-flag");
	hosts_add(mode, mark_refused, 1, "mark/refused/with-flag");
}
