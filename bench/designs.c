/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each design is tried before it is counted: what is stored through it lands
 * in the page, the next page is the next page, nothing stays mapped.  Then
 * every CPU makes a pair, on a page of its own: the first one's is counted,
 * with the handlers of the interrupts that it sends; the others' add cache
 * lines that are shared.  Where a pair's cost depends on those before it there
 * are several counts, and a mean of many pairs, of all CPUs.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "designs.h"

/* Which pair is counted. */
enum designs_way {
	DESIGNS_FIRST,			/* the CPU's first */
	DESIGNS_AGAIN,			/* of the page that it just had */
	DESIGNS_OTHER,			/* of another than it just had */
	DESIGNS_MEAN			/* many, of all CPUs in turn */
};

/* What is true of a design. */
#define DESIGNS_NESTS	1u
#define DESIGNS_LAZY	2u		/* a page stays after its remove */
#define DESIGNS_CACHED	4u		/* its translation may */
#define DESIGNS_OWN	8u		/* freebsd_init(): its own CPU data */
#define DESIGNS_DIRECT	16u		/* pages of the direct map */

struct designs_design {
	const char *name;
	const char *on;			/* architectures whose kernels use it */
	const char *page_of;		/* NULL: the library itself */
	const char *enter;
	const char *remove;		/* NULL: nothing is called */
	unsigned is;
	enum designs_way way;
	const char *step[2];		/* between the two, NULL: nothing */
	const char *begin;		/* for so many CPUs; NULL: nothing */
};

#define DESIGNS_PAIR(prefix)						\
	.page_of = prefix "_page_of", .enter = prefix "_enter",		\
	.remove = prefix "_remove"
#define DESIGNS_MAPCACHE						\
	.on = "amd64", DESIGNS_PAIR("mapcache"), .begin = "mapcache_begin"
#define DESIGNS_64BIT	"amd64 arm64 riscv64"

static const struct designs_design designs[] = {
	{ .name = "qpmap", .on = "i386 " DESIGNS_64BIT, .enter = "qpmap_enter",
	    .remove = "qpmap_remove", .is = DESIGNS_NESTS },
	{ .name = "global", .on = "amd64", DESIGNS_PAIR("global"),
	    .is = DESIGNS_CACHED },
	{ .name = "percpu", .on = "i386", DESIGNS_PAIR("freebsd"),
	    .is = DESIGNS_CACHED | DESIGNS_OWN },
	{ .name = "percpu_table", .on = "i386", .page_of = "freebsd_page_of",
	    .enter = "freebsd_table_enter", .remove = "freebsd_table_remove",
	    .is = DESIGNS_CACHED | DESIGNS_OWN },
	{ .name = "kmap", .on = "i386", DESIGNS_PAIR("kmap"),
	    .is = DESIGNS_NESTS },
	{ .name = "kmap_switched", .on = "i386", DESIGNS_PAIR("kmap"),
	    .is = DESIGNS_NESTS,
	    .step = { "kmap_switch_out", "kmap_switch_in" } },
	{ .name = "broadcast", .on = "arm64", DESIGNS_PAIR("broadcast"),
	    .is = DESIGNS_NESTS },
	{ .name = "mapcache_again", DESIGNS_MAPCACHE,
	    .is = DESIGNS_NESTS | DESIGNS_LAZY, .way = DESIGNS_AGAIN },
	{ .name = "mapcache_other", DESIGNS_MAPCACHE,
	    .is = DESIGNS_NESTS | DESIGNS_LAZY, .way = DESIGNS_OTHER },
	{ .name = "mapcache_mean", DESIGNS_MAPCACHE,
	    .is = DESIGNS_NESTS | DESIGNS_LAZY, .way = DESIGNS_MEAN },
	/* For pages of the direct map: some by the same functions. */
	{ .name = "global_direct", .on = "amd64", DESIGNS_PAIR("global"),
	    .is = DESIGNS_DIRECT },
	{ .name = "dmap_direct", .on = "arm64 riscv64", DESIGNS_PAIR("dmap"),
	    .is = DESIGNS_DIRECT },
	{ .name = "kmap_direct", .on = "i386", DESIGNS_PAIR("kmap"),
	    .is = DESIGNS_DIRECT },
	{ .name = "lowmem_direct", .on = DESIGNS_64BIT,
	    .page_of = "lowmem_page_of", .enter = "lowmem_enter",
	    .is = DESIGNS_DIRECT },
	{ .name = "broadcast_direct", .on = "arm64",
	    .page_of = "broadcast_page_of", .enter = "broadcast_direct",
	    .is = DESIGNS_DIRECT },
	{ .name = "mapcache_direct", DESIGNS_MAPCACHE, .is = DESIGNS_DIRECT },
};
#define DESIGNS_COUNT (sizeof(designs) / sizeof(designs[0]))

static const unsigned designs_cpus[] = { 1, 2, 4, 8, 16, 32, 64 };
#define DESIGNS_CPUS (sizeof(designs_cpus) / sizeof(designs_cpus[0]))

/* Pages that a design may use: DESIGN_CPUS * DESIGN_SLOTS in design.h. */
#define DESIGNS_PAGES 1024u
/* Test pages in its direct map. */
#define DESIGNS_DIRECT_PAGES 32u

/* Of each vCPU: MAPCACHE_SLOTS and MAPCACHE_HASH in mapcache.c. */
#define DESIGNS_SLOTS	16u
#define DESIGNS_HASH	8u

/*
 * A mean's pages, and its rounds, in which each CPU makes a pair: so many
 * first that are not counted, until the slots have been used several times.
 */
#define DESIGNS_RUN	64u
#define DESIGNS_ROUNDS	64u
#define DESIGNS_EARLIER	32u

/* The thread, and the number or slot, of the CPU that the engine plays. */
static void
designs_become(struct smp *smp, const struct designs_design *design,
    unsigned cpu)
{
	struct emu *e = smp->e;
	enum emu_status status;

	if (cpu == 0) {
		emu_cpu(e, 0);
	} else {
		smp_become(smp, cpu);
	}
	if ((design->is & DESIGNS_OWN) != 0) {
		status = EMU_CALL(e, "freebsd_init", "ww", cpu,
		    e->mode->scratch_va + ((uint64_t)cpu << 12));
	} else {
		status = EMU_CALL(e, "design_cpu_init", "w", cpu);
	}
	if (status != EMU_RETURNED) {
		emu_die("the design's CPU %u is not begun", cpu);
	}
}

/*
 * FreeBSD/i386 finds its entries through a recursive mapping, of which the one
 * page that it touches is mapped here.
 */
static void
designs_recursive(struct emu *e, uint64_t slot)
{
	const struct emu_mode *mode = e->mode;
	uint64_t ptmap = mode->entry_size == 8 ? 0xff800000 : 0xffc00000;

	ptmap += (mode->scratch_va >> 12) * mode->entry_size;
	emu_map(e, ptmap & ~UINT64_C(0xfff), slot & ~UINT64_C(0xfff), false);
}

/* Empty entries at scratch_va, one after the other. */
static void
designs_place(struct emu *e, const struct designs_design *design)
{
	const struct emu_mode *mode = e->mode;
	struct emu_level levels[EMU_MAX_LEVELS];
	uint64_t first = 0, slot, va;

	for (unsigned i = 0; i < DESIGNS_PAGES; i++) {
		va = mode->scratch_va + ((uint64_t)i << mode->page_shift);
		emu_map(e, va, emu_page(e, 0), false);
		slot = levels[emu_walk(e, va, levels) - 1].entry_pa;
		emu_write(e, slot, mode->entry_size, 0);
		first = i == 0 ? slot : first;
		if (slot != first + (uint64_t)i * mode->entry_size) {
			emu_die("%s: two leaf tables are apart", mode->name);
		}
	}
	if (EMU_CALL(e, "design_init", "wwp", mode->scratch_va, first,
	    e->arch->make_leaf(e, 0, false)) != EMU_RETURNED) {
		emu_die("design_init did not return");
	}
	if ((design->is & DESIGNS_OWN) != 0) {
		designs_recursive(e, first);
	}
}

/* The first test pages, at mode->direct_va. */
static void
designs_place_direct(struct emu *e)
{
	const struct emu_mode *mode = e->mode;

	for (unsigned i = 0; i < DESIGNS_DIRECT_PAGES; i++) {
		emu_map(e, mode->direct_va + ((uint64_t)i << mode->page_shift),
		    emu_page(e, i), false);
	}
	if (EMU_CALL(e, "design_direct_init", "pww", emu_page(e, 0),
	    mode->direct_va, (uint64_t)DESIGNS_DIRECT_PAGES <<
	    mode->page_shift) != EMU_RETURNED) {
		emu_die("design_direct_init did not return");
	}
}

/* What the design keeps between pairs is as at first. */
static void
designs_begin(struct smp *smp, const struct designs_design *design)
{
	if (design->begin != NULL && EMU_CALL(smp->e, design->begin, "w",
	    smp->cpus) != EMU_RETURNED) {
		emu_die("%s did not return", design->begin);
	}
}

static void
designs_open(struct smp *smp, const struct designs_design *design,
    const struct emu_mode *mode, unsigned cpus)
{
	smp_open(smp, mode, cpus, 0, 0);
	designs_place(smp->e, design);
	if ((design->is & DESIGNS_DIRECT) != 0) {
		designs_place_direct(smp->e);
	}
	designs_begin(smp, design);
	designs_become(smp, design, 0);
}

/* The argument of enter for a page; where its values go, their kinds. */
static const char *
designs_page(struct emu *e, const struct designs_design *design,
    unsigned page, uint64_t values[2])
{
	values[0] = emu_page(e, page);
	values[1] = 0;
	if (design->page_of == NULL) {
		return ("pw");
	}
	if (EMU_CALL(e, design->page_of, "p", values[0]) != EMU_RETURNED) {
		emu_die("%s did not return", design->page_of);
	}
	values[0] = e->result;
	return ("w");
}

/*
 * Trying.
 */

static void
designs_call(struct smp *smp, const char *function, const char *kinds,
    const uint64_t *values)
{
	smp_call(smp, function, kinds, values);
}

static uint64_t
designs_enter(struct smp *smp, const struct designs_design *design,
    unsigned page)
{
	uint64_t values[2];
	const char *kinds = designs_page(smp->e, design, page, values);

	designs_call(smp, design->enter, kinds, values);
	return (smp->e->result);
}

static void
designs_remove(struct smp *smp, const struct designs_design *design,
    uint64_t va)
{
	if (design->remove != NULL) {
		designs_call(smp, design->remove, "w", &va);
	}
}

static void
designs_must(struct emu *e, const struct designs_design *design, bool good,
    const char *what)
{
	if (!good) {
		emu_die("%s: %s: %s", e->mode->name, design->name, what);
	}
}

/* What the guest stores at va is in the page, and nowhere else. */
static void
designs_check_maps(struct emu *e, const struct designs_design *design,
    uint64_t va, unsigned page)
{
	uint64_t mark = 0x51ab0000u + page;

	emu_write(e, emu_page(e, page), 4, 0);
	designs_must(e, design, emu_store(e, va, 4, mark) == EMU_RETURNED,
	    "a store through the mapping faults");
	designs_must(e, design, emu_read(e, emu_page(e, page), 4) == mark,
	    "a store through the mapping is not in the page");
}

/*
 * Nothing is mapped at va any more, nor cached by this CPU (FreeBSD
 * invalidates when the next page is entered).
 */
static void
designs_check_gone(struct emu *e, const struct designs_design *design,
    uint64_t va)
{
	struct emu_leaf leaf;

	designs_must(e, design, emu_leaf_at(e, va, NULL, &leaf) &&
	    !leaf.valid, "the entry is not cleared");
	designs_must(e, design, (design->is & DESIGNS_CACHED) != 0 ||
	    emu_load(e, va, 4) == EMU_FAULTED,
	    "the translation is not invalidated");
}

/* After its remove a page is gone, or mapped as before. */
static void
designs_check_removed(struct emu *e, const struct designs_design *design,
    uint64_t va, unsigned page)
{
	if ((design->is & (DESIGNS_LAZY | DESIGNS_DIRECT)) != 0) {
		designs_check_maps(e, design, va, page);
	} else {
		designs_check_gone(e, design, va);
	}
}

/* A pair after the other, with what comes in between. */
static void
designs_try(struct smp *smp, const struct designs_design *design)
{
	struct emu *e = smp->e;
	uint64_t va;

	for (unsigned page = 20; page < 24; page++) {
		va = designs_enter(smp, design, page);
		designs_check_maps(e, design, va, page);
		if (design->step[0] != NULL) {
			designs_call(smp, design->step[0], "", NULL);
			designs_check_gone(e, design, va);
			designs_call(smp, design->step[1], "", NULL);
			designs_check_maps(e, design, va, page);
		}
		designs_remove(smp, design, va);
		designs_check_removed(e, design, va, page);
	}
}

/* A second page while the first is mapped, where the design can. */
static void
designs_try_nested(struct smp *smp, const struct designs_design *design)
{
	uint64_t outer = designs_enter(smp, design, 30);
	uint64_t inner = designs_enter(smp, design, 31);

	designs_check_maps(smp->e, design, outer, 30);
	designs_check_maps(smp->e, design, inner, 31);
	designs_remove(smp, design, inner);
	designs_check_removed(smp->e, design, inner, 31);
	designs_check_maps(smp->e, design, outer, 30);
	designs_remove(smp, design, outer);
	designs_check_removed(smp->e, design, outer, 30);
}

/*
 * Trying a design where removed pages stay.
 */

/* One pair, and where its page was. */
static uint64_t
designs_try_pair(struct smp *smp, const struct designs_design *design,
    unsigned page)
{
	uint64_t va = designs_enter(smp, design, page);

	designs_check_maps(smp->e, design, va, page);
	designs_remove(smp, design, va);
	return (va);
}

/*
 * What is said to stay does: the mapping, until another page has its place in
 * the hash; after that the translation.
 */
static void
designs_try_stays(struct smp *smp, const struct designs_design *design)
{
	struct emu *e = smp->e;
	struct emu_leaf leaf;
	uint64_t va;

	designs_begin(smp, design);
	va = designs_try_pair(smp, design, 20);
	designs_check_maps(e, design, va, 20);
	(void)designs_try_pair(smp, design, 20 + DESIGNS_HASH);
	designs_must(e, design, emu_leaf_at(e, va, NULL, &leaf) &&
	    !leaf.valid, "an entry that is garbage is not cleared");
	/* There the emulator invalidates everything when a page is filled. */
	if (e->arch != &emu_riscv64) {
		designs_check_maps(e, design, va, 20);
	}
}

/* A page that is counted keeps its place in the hash, as long as it is. */
static void
designs_try_counted(struct smp *smp, const struct designs_design *design)
{
	uint64_t va;

	designs_begin(smp, design);
	va = designs_try_pair(smp, design, 20);
	for (unsigned i = 0; i < 3; i++) {
		designs_must(smp->e, design, designs_enter(smp, design, 20) ==
		    va, "a page that is mapped lost its place in the hash");
		(void)designs_try_pair(smp, design, 20 + DESIGNS_HASH);
		designs_check_maps(smp->e, design, va, 20);
	}
	for (unsigned i = 0; i < 3; i++) {
		(void)designs_try_pair(smp, design, 20 + DESIGNS_HASH);
		designs_check_maps(smp->e, design, va, 20);
		designs_remove(smp, design, va);
	}
	(void)designs_try_pair(smp, design, 20 + DESIGNS_HASH);
	designs_must(smp->e, design, designs_enter(smp, design, 20) != va,
	    "a page that is not mapped keeps its place in the hash");
}

/*
 * As many pages at once as there are slots: the hash gives up what it only
 * keeps, and does not find it again; one that it counts stays.
 */
static void
designs_try_full(struct smp *smp, const struct designs_design *design)
{
	uint64_t va[DESIGNS_SLOTS];

	designs_begin(smp, design);
	for (unsigned i = 0; i < DESIGNS_HASH; i++) {
		(void)designs_try_pair(smp, design, 96 + i);
	}
	for (unsigned i = 0; i < DESIGNS_SLOTS; i++) {
		va[i] = designs_enter(smp, design, i == 0 ? 97 : 199 + i);
		if (i == DESIGNS_HASH + 1) {
			(void)designs_try_pair(smp, design, 96);
		}
		designs_check_maps(smp->e, design, va[i],
		    i == 0 ? 97 : 199 + i);
	}
	for (unsigned i = 0; i < DESIGNS_SLOTS; i++) {
		designs_check_maps(smp->e, design, va[i],
		    i == 0 ? 97 : 199 + i);
		designs_remove(smp, design, va[i]);
	}
}

/*
 * Each slot used many times, by one CPU or by two in turn, and what it was
 * used for before is in their TLBs: of two each also walks, speculatively,
 * where the other has its page.
 */
static void
designs_try_turns(struct smp *smp, const struct designs_design *design)
{
	unsigned cpu, page;
	uint64_t va;

	designs_begin(smp, design);
	for (unsigned i = 0; i < 8 * DESIGNS_SLOTS * smp->cpus; i++) {
		cpu = i % smp->cpus;
		designs_become(smp, design, cpu);
		page = 100 + i % 96;
		va = designs_enter(smp, design, page);
		if (smp->cpus > 1) {
			emu_cpu(smp->e, 1 - cpu);
			(void)emu_load(smp->e, va, 4);
			emu_cpu(smp->e, cpu);
		}
		designs_check_maps(smp->e, design, va, page);
		designs_remove(smp, design, va);
	}
	designs_become(smp, design, 0);
}

static void
designs_try_lazy(struct smp *smp, const struct designs_design *design)
{
	if (smp->cpus == 1) {
		designs_try_stays(smp, design);
		designs_try_counted(smp, design);
		designs_try_full(smp, design);
	}
	/* There are engines for two. */
	if (smp->cpus <= 2) {
		designs_try_turns(smp, design);
	}
}

/*
 * Whether two CPUs can have a page each at the same time: the other CPU waits,
 * or it returns.
 */
static bool
designs_at_once(struct smp *smp, const struct designs_design *design)
{
	struct emu *e = smp->e;
	bool (*hook)(struct emu *, uint64_t) = e->pause_before;
	uint64_t first = designs_enter(smp, design, 40), second;
	enum emu_status status;
	uint64_t values[2];
	const char *kinds;

	designs_become(smp, design, 1);
	kinds = designs_page(e, design, 41, values);
	e->pause_before = emu_spins;
	status = emu_call(e, emu_symbol(e, design->enter), kinds, values);
	e->pause_before = hook;
	second = e->result;
	emu_cpu(e, 0);
	designs_remove(smp, design, first);
	emu_cpu(e, 1);
	if (status == EMU_PAUSED) {
		designs_must(e, design, emu_resume(e) == EMU_RETURNED,
		    "the CPU that waited goes on waiting");
		second = e->result;
	}
	designs_check_maps(e, design, second, 41);
	designs_must(e, design, emu_call(e, emu_symbol(e, design->remove),
	    "w", &second) == EMU_RETURNED, "remove does not return");
	designs_become(smp, design, 0);
	return (status == EMU_RETURNED);
}

/*
 * Counting.
 */

/* Not counted, and the lines that were counted stay. */
static void
designs_uncounted(struct emu *e, const struct designs_design *design,
    unsigned page)
{
	uint64_t values[2], va;
	const char *kinds = designs_page(e, design, page, values);
	enum emu_status status;

	status = emu_call(e, emu_symbol(e, design->enter), kinds, values);
	va = e->result;
	if (status != EMU_RETURNED || emu_call(e, emu_symbol(e,
	    design->remove), "w", &va) != EMU_RETURNED) {
		emu_die("%s: %s: a pair does not return", e->mode->name,
		    design->name);
	}
}

/*
 * A pair on the CPU that is said to be cpu.  The other pages before it have
 * the same hash: 64 is a multiple of all.
 */
static void
designs_pair(struct smp *smp, const struct designs_design *design,
    unsigned cpu)
{
	struct emu *e = smp->e;
	unsigned other = design->way == DESIGNS_OTHER ? 64 : 0;
	uint64_t values[2], va;
	const char *kinds;

	for (unsigned i = 2; i > 0 && design->way != DESIGNS_FIRST; i--) {
		designs_uncounted(e, design, cpu + i * other);
	}
	kinds = designs_page(e, design, cpu, values);
	if (cpu != 0) {
		smp_add_other(smp, cpu, design->enter, kinds, values);
		va = e->result;
		smp_add_other(smp, cpu, design->remove, "w", &va);
		return;
	}
	smp_add(smp, design->enter, kinds, values);
	va = e->result;
	for (unsigned i = 0; i < 2 && design->step[i] != NULL; i++) {
		smp_add(smp, design->step[i], "", NULL);
	}
	if (design->remove != NULL) {
		smp_add(smp, design->remove, "w", &va);
	}
}

static void
designs_row(struct smp *smp, const struct designs_design *design, bool last)
{
	const struct counts *me = &smp->initiator;
	unsigned lines;

	designs_begin(smp, design);
	smp_begin(smp);
	designs_pair(smp, design, 0);
	lines = me->line_count;
	for (unsigned cpu = 1; cpu < smp->cpus && smp->interrupts == 0;
	    cpu++) {
		designs_become(smp, design, cpu);
		designs_pair(smp, design, cpu);
	}
	emu_cpu(smp->e, 0);
	printf("     {\"cpus\": %u, \"instructions\": %" PRIu64 ", "
	    "\"tlb_local\": %u, \"tlb_broadcast\": %u, \"barriers\": %u,\n"
	    "      \"interrupts\": %u, \"others_instructions\": %" PRIu64
	    ", \"others_tlb\": %u,\n"
	    "      \"lines_written\": %u, \"shared_lines\": %u}%s\n",
	    smp->cpus, me->instructions, me->tlb_local, me->tlb_broadcast,
	    me->barriers, smp->interrupts, smp->targets.instructions,
	    smp->targets.tlb_local, lines, smp_initiator_global(smp),
	    last ? "" : ",");
}

/* A CPU's pages, in an order of its own. */
static void
designs_shuffle(unsigned pages[DESIGNS_RUN], unsigned cpu)
{
	uint32_t seed = 4711 + cpu;

	for (unsigned i = 0; i < DESIGNS_RUN; i++) {
		unsigned at;

		seed = seed * 1664525 + 1013904223;
		at = (seed >> 16) % (i + 1);
		pages[i] = pages[at];
		pages[at] = 100 + i;
	}
}

/* What one pair of a run costs; the page is looked at in between. */
static struct counts
designs_run_pair(struct smp *smp, const struct designs_design *design,
    unsigned cpu, unsigned page)
{
	struct emu *e = smp->e;
	struct counts enter;
	uint64_t values[2], va;
	const char *kinds = designs_page(e, design, page, values);

	smp->pair++;
	if (cpu == 0) {
		smp->initiator = (struct counts){ .instructions = 0 };
		smp_add(smp, design->enter, kinds, values);
		va = e->result;
		designs_check_maps(e, design, va, page);
		smp_add(smp, design->remove, "w", &va);
		return (smp->initiator);
	}
	smp_add_other(smp, cpu, design->enter, kinds, values);
	enter = smp->other;
	va = e->result;
	designs_check_maps(e, design, va, page);
	smp_add_other(smp, cpu, design->remove, "w", &va);
	return (counts_sum(&enter, &smp->other));
}

/* Every CPU makes a pair; the longest of all is kept. */
static void
designs_round(struct smp *smp, const struct designs_design *design,
    unsigned round, struct counts *sum, uint64_t *longest)
{
	static unsigned pages[SMP_CPUS][DESIGNS_RUN];
	struct counts pair;

	for (unsigned cpu = 0; cpu < smp->cpus; cpu++) {
		if (round == 0) {
			designs_shuffle(pages[cpu], cpu);
		}
		designs_become(smp, design, cpu);
		pair = designs_run_pair(smp, design, cpu,
		    pages[cpu][round % DESIGNS_RUN]);
		sum->instructions += pair.instructions;
		sum->tlb_local += pair.tlb_local;
		sum->tlb_broadcast += pair.tlb_broadcast;
		sum->barriers += pair.barriers;
		sum->line_count += pair.line_count;
		if (pair.instructions > *longest) {
			*longest = pair.instructions;
		}
	}
}

/* The mean of a long run: what collects and invalidates is in it. */
static void
designs_mean(struct smp *smp, const struct designs_design *design, bool last)
{
	const double pairs = (double)DESIGNS_ROUNDS * smp->cpus;
	struct counts sum;
	uint64_t longest;

	designs_begin(smp, design);
	for (unsigned i = 0; i < DESIGNS_EARLIER + DESIGNS_ROUNDS; i++) {
		if (i == 0 || i == DESIGNS_EARLIER) {
			smp_begin(smp);
			sum = (struct counts){ .instructions = 0 };
			longest = 0;
		}
		designs_round(smp, design, i, &sum, &longest);
	}
	emu_cpu(smp->e, 0);
	printf("     {\"cpus\": %u, \"instructions\": %.1f, "
	    "\"tlb_local\": %.3f, \"tlb_broadcast\": %.3f, "
	    "\"barriers\": %.3f,\n"
	    "      \"interrupts\": %u, \"others_instructions\": 0, "
	    "\"others_tlb\": 0, \"longest\": %" PRIu64 ",\n"
	    "      \"lines_written\": %.1f, \"shared_lines\": %.1f}%s\n",
	    smp->cpus, (double)sum.instructions / pairs,
	    sum.tlb_local / pairs, sum.tlb_broadcast / pairs,
	    sum.barriers / pairs, smp->interrupts, longest,
	    sum.line_count / pairs, smp_pairs_global(smp) / pairs,
	    last ? "" : ",");
}

static void
designs_print_design(const struct emu_mode *mode,
    const struct designs_design *design)
{
	size_t count = (design->is & DESIGNS_DIRECT) != 0 ? 1 : DESIGNS_CPUS;
	bool at_once = true;
	struct smp smp;

	printf("    \"%s\": {\"rows\": [\n", design->name);
	for (unsigned i = 0; i < count; i++) {
		designs_open(&smp, design, mode, designs_cpus[i]);
		designs_try(&smp, design);
		if ((design->is & DESIGNS_NESTS) != 0) {
			designs_try_nested(&smp, design);
		}
		if (smp.cpus == 2) {
			at_once = designs_at_once(&smp, design);
		}
		if ((design->is & DESIGNS_LAZY) != 0) {
			designs_try_lazy(&smp, design);
		}
		if (design->way == DESIGNS_MEAN) {
			designs_mean(&smp, design, i + 1 == count);
		} else {
			designs_row(&smp, design, i + 1 == count);
		}
		smp_close(&smp);
	}
	printf("     ], \"at_once\": %s}", at_once ? "true" : "false");
}

void
designs_print(const struct emu_mode *mode)
{
	const char *separator = "";

	printf("   \"designs\": {\n");
	for (unsigned i = 0; i < DESIGNS_COUNT; i++) {
		if (strstr(designs[i].on, mode->arch->name) != NULL) {
			printf("%s", separator);
			designs_print_design(mode, &designs[i]);
			separator = ",\n";
		}
	}
	printf("\n   },\n");
}

/* Linux's, called only if the thread holds a page. */
void
designs_switch(const struct emu_mode *mode)
{
	static const unsigned held[] = { 1, 4 };
	const struct designs_design *design = designs;
	struct counts out, in;
	struct smp smp;

	while (strcmp(design->name, "kmap") != 0) {
		design++;
	}
	if (strcmp(design->on, mode->arch->name) != 0) {
		return;
	}
	printf("   \"switch_kmap\": [\n");
	for (unsigned i = 0; i < 2; i++) {
		designs_open(&smp, design, mode, 1);
		for (unsigned n = 0; n < held[i]; n++) {
			(void)designs_enter(&smp, design, n);
		}
		smp_call(&smp, design[1].step[0], "", NULL);
		out = smp.initiator;
		smp_call(&smp, design[1].step[1], "", NULL);
		in = smp.initiator;
		smp_close(&smp);
		printf("    {\"held\": %u, \"instructions\": %" PRIu64
		    ", \"tlb\": %u, \"barriers\": %u}%s\n", held[i],
		    out.instructions + in.instructions, out.tlb_local +
		    in.tlb_local, out.barriers + in.barriers,
		    i == 0 ? "," : "");
	}
	printf("   ],\n");
}
