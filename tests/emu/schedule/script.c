/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the CPUs of a schedule do, and what must be true of it.
 *
 * A page that is given away gets another content at once.  So whoever still
 * uses the old translation sees what is not what it expects: in an access of
 * its own, or in a touch, which is asked for wherever a call has promised that
 * nobody has that translation any more.
 */
#include <qpmap/qpmap.h>

#include "schedule.h"

#define CALL(c, function, kinds, ...)					\
	sched_call((c), (function), (kinds),				\
	    (const uint64_t[]){ 0, ##__VA_ARGS__ } + 1)

#define EVERYBODY ((1u << EMU_CPUS) - 1)
/* A removal was under way: nothing is known of the place. */
#define UNKNOWN (~0u)

uint64_t
sched_page_pa(unsigned page)
{
	return (emu_page(sched.e, page + 1));
}

void
sched_page_tag(unsigned page)
{
	emu_write(sched.e, sched_page_pa(page), 4, ++sched.tag);
}

static unsigned
page_take(void)
{
	unsigned page = sched_random(SCHED_PAGES);

	for (unsigned i = 0; i < SCHED_PAGES; i++) {
		page = (page + 1) % SCHED_PAGES;
		if (sched.page[page] == SCHED_FREE) {
			sched.page[page] = SCHED_USED;
			sched_page_tag(page);
			return (page);
		}
	}
	sched_fail("no free page: the harness is wrong");
}

/* It belongs to somebody else now. */
static void
page_give(unsigned page)
{
	sched.page[page] = SCHED_FREE;
	sched_page_tag(page);
}

/*
 * A removal begins: anybody may still have the translation.  When it has
 * returned those in the set have not, unless another has begun there since.
 */
static unsigned
removal_begins(struct sched_place *place)
{
	place->stale = EVERYBODY;
	return (++place->removals);
}

static void
removal_ends(struct sched_place *place, unsigned number, unsigned set)
{
	sched.recent[sched.recent_count++ % SCHED_RECENT] =
	    (unsigned)(place - sched.place);
	place->removed = number;
	if (place->removals == number) {
		place->stale &= ~set;
	}
}

/* What was removed before a call that makes CPUs invalidate everything. */
static void
remember(unsigned before[SCHED_PLACES])
{
	for (unsigned i = 0; i < SCHED_PLACES; i++) {
		const struct sched_place *place = &sched.place[i];

		before[i] = place->removed == place->removals ?
		    place->removed : UNKNOWN;
	}
}

static void
invalidated(const unsigned before[SCHED_PLACES], unsigned set)
{
	for (unsigned i = 0; i < SCHED_PLACES; i++) {
		if (before[i] == sched.place[i].removals) {
			sched.place[i].stale &= ~set;
		}
	}
}

static void
want_some(unsigned set, unsigned count)
{
	for (; count != 0; count--) {
		sched_want_all(set, sched_random(SCHED_AREA_FIRST));
	}
}

/*
 * The program's own accesses through a mapping: the page's mark, and a word
 * that only this CPU writes.
 */
static void
access_page(struct sched_cpu *c, uint64_t va, unsigned page, bool writable)
{
	struct emu *e = sched.e;
	unsigned offset = 8 + 4 * c->number;
	uint64_t tag = emu_read(e, sched_page_pa(page), 4);
	uint32_t value = (uint32_t)sched_random(1u << 30);

	CALL(c, sched.load, "w", va);
	if ((uint32_t)e->result != tag) {
		sched_fail("load at 0x%llx: 0x%x, not 0x%x",
		    (unsigned long long)va, (unsigned)e->result,
		    (unsigned)tag);
	}
	if (writable && sched_random(2) == 0) {
		CALL(c, sched.store, "ww", va + offset, value);
		if (emu_read(e, sched_page_pa(page) + offset, 4) != value) {
			sched_fail("store at 0x%llx is not in its page",
			    (unsigned long long)va);
		}
	}
}

/* Window mappings. */

struct window_mapping {
	uint64_t va;
	unsigned page;
	bool ro;
	struct sched_place *place;
};

static unsigned
window_place(const struct sched_cpu *c, uint64_t va)
{
	struct emu *e = sched.e;
	uint64_t first = e->config[WIRE_WINDOW_VA] + ((uint64_t)c->window *
	    e->fact[FACT_WINDOW_PAGES] << e->mode->page_shift);
	uint64_t offset = (va - first) >> e->mode->page_shift;

	if (offset >= 2 * SCHED_WINDOW_SLOTS || offset % 2 == 0) {
		sched_fail("enter: 0x%llx is no slot of window %u",
		    (unsigned long long)va, c->window);
	}
	return (c->window * SCHED_WINDOW_SLOTS + (unsigned)offset / 2);
}

static void
window_enter(struct sched_cpu *c, struct window_mapping *m)
{
	m->page = page_take();
	m->ro = sched_random(4) == 0;
	CALL(c, m->ro ? sched.enter_ro : sched.enter, "pw",
	    sched_page_pa(m->page), QPMAP_ATTR_WRITE_BACK);
	m->va = sched.e->result;
	m->place = &sched.place[window_place(c, m->va)];
	if (m->place->held) {
		sched_fail("enter: 0x%llx is held already",
		    (unsigned long long)m->va);
	}
	m->place->held = true;
	sched_trace("enter 0x%llx page %u", (unsigned long long)m->va,
	    m->page);
}

/* This CPU has invalidated it; others need not, unless removal is broadcast. */
static void
window_remove(struct sched_cpu *c, const struct window_mapping *m)
{
	unsigned number = removal_begins(m->place);

	m->place->held = false;
	CALL(c, sched.remove, "w", m->va);
	removal_ends(m->place, number, sched.broadcasts ? EVERYBODY : c->bit);
	page_give(m->page);
	sched_trace("removed 0x%llx", (unsigned long long)m->va);
	sched_want(c, (unsigned)(m->place - sched.place));
}

static void
windows(struct sched_cpu *c, unsigned most)
{
	struct window_mapping mapping[2];
	unsigned count = 1 + sched_random(most);

	for (unsigned i = 0; i < count; i++) {
		window_enter(c, &mapping[i]);
		sched_want_all(sched_random(EVERYBODY + 1),
		    (unsigned)(mapping[i].place - sched.place));
		access_page(c, mapping[i].va, mapping[i].page, !mapping[i].ro);
	}
	for (unsigned i = count; i-- != 0;) {
		access_page(c, mapping[i].va, mapping[i].page, !mapping[i].ro);
		window_remove(c, &mapping[i]);
	}
}

static void
do_windows(struct sched_cpu *c)
{
	windows(c, 2);
}

/* Global mappings. */

static unsigned
slots_busy(void)
{
	unsigned slots = 0;

	for (unsigned i = 0; i < SCHED_SLOTS; i++) {
		slots |= (sched.place[SCHED_GLOBAL_FIRST + i].busy != 0) << i;
	}
	return (slots);
}

/* A mapping begins; whoever looks for a slot cannot have this one. */
static void
slot_begins(struct sched_place *place)
{
	place->busy++;
	for (unsigned i = 0; i < sched.cpu_count; i++) {
		sched.cpu[i].seen |= slots_busy();
	}
}

static void
slot_ends(struct sched_place *place)
{
	place->busy--;
	sched.busy--;
}

/*
 * Enter may fail only if every slot was, at some moment of the call, somebody
 * else's: mapped, or about to be by another enter, or in another call's
 * shootdown.  Not all at one moment: it looks at one after the other.
 */
static bool
may_be_full(const struct sched_cpu *c)
{
	unsigned count = 0;

	for (unsigned i = 0; i < SCHED_SLOTS; i++) {
		count += c->seen >> i & 1;
	}
	for (unsigned i = 0; i < sched.cpu_count; i++) {
		count += c != &sched.cpu[i] && sched.cpu[i].entering;
	}
	return (count >= SCHED_SLOTS);
}

static struct sched_place *
global_place(uint64_t va)
{
	for (unsigned i = 0; i < SCHED_SLOTS; i++) {
		struct sched_place *place =
		    &sched.place[SCHED_GLOBAL_FIRST + i];

		if (place->va == va && !place->held) {
			return (place);
		}
	}
	sched_fail("global enter: 0x%llx is handed out already",
	    (unsigned long long)va);
}

/* A global mapping that some CPU holds, and nobody uses if that matters. */
static struct sched_place *
global_any(bool unused)
{
	unsigned slot = sched_random(SCHED_SLOTS);

	for (unsigned i = 0; i < SCHED_SLOTS; i++) {
		struct sched_place *place = &sched.place[SCHED_GLOBAL_FIRST +
		    (slot + i) % SCHED_SLOTS];

		if (place->held && (!unused || place->users == 0)) {
			return (place);
		}
	}
	return (NULL);
}

static void
do_global_enter(struct sched_cpu *c)
{
	struct sched_place *place;
	unsigned page = page_take();
	uint64_t va;

	sched.busy++;
	c->entering = true;
	c->seen = slots_busy();
	CALL(c, sched.global_enter, "pw", sched_page_pa(page),
	    QPMAP_ATTR_WRITE_BACK);
	c->entering = false;
	va = sched.e->result;
	sched_trace("global enter 0x%llx page %u", (unsigned long long)va,
	    page);
	if (emu_is_error(va)) {
		if (va != QPMAP_ERR_GLOBAL_FULL || !may_be_full(c)) {
			sched_fail("global enter: error %u, of %u slots 0x%x "
			    "were somebody's", (unsigned)va, SCHED_SLOTS,
			    c->seen);
		}
		sched.busy--;
		page_give(page);
		return;
	}
	place = global_place(va);
	place->held = true;
	place->users++;
	place->page = page;
	place->stale = 0;
	slot_begins(place);
	sched_want_all(sched_random(EVERYBODY + 1),
	    (unsigned)(place - sched.place));
	access_page(c, va, page, true);
	place->users--;
}

static void
do_global_access(struct sched_cpu *c)
{
	struct sched_place *place = global_any(false);

	if (place == NULL) {
		return;
	}
	place->users++;
	access_page(c, place->va, place->page, true);
	place->users--;
}

/* From any CPU, not only from the one that entered it. */
static void
do_global_remove(struct sched_cpu *c)
{
	struct sched_place *place = global_any(true);
	unsigned number, page;

	if (place == NULL) {
		return;
	}
	page = place->page;
	place->held = false;
	number = removal_begins(place);
	sched_trace("global remove 0x%llx", (unsigned long long)place->va);
	CALL(c, sched.global_remove, "w", place->va);
	sched_trace("global removed 0x%llx", (unsigned long long)place->va);
	removal_ends(place, number, EVERYBODY);
	slot_ends(place);
	page_give(page);
	sched_want_all(EVERYBODY, (unsigned)(place - sched.place));
}

/* The page stays ours until everybody is quiet. */
static void
do_global_deferred(struct sched_cpu *c)
{
	struct sched_place *place = global_any(true);
	unsigned number, page;

	if (place == NULL) {
		return;
	}
	page = place->page;
	place->held = false;
	number = removal_begins(place);
	CALL(c, sched.global_deferred, "w", place->va);
	sched_trace("global deferred 0x%llx", (unsigned long long)place->va);
	removal_ends(place, number, 0);
	slot_ends(place);
	sched.page[page] = SCHED_DEFERRED;
	sched.deferred[page] = ++sched.clock;
}

/* What was removed before the call, and is not mapped anew, nobody has. */
static void
do_quiesce(struct sched_cpu *c)
{
	unsigned before[SCHED_PLACES];
	unsigned start = ++sched.clock;

	remember(before);
	sched_trace("quiesce");
	CALL(c, sched.quiesce, "");
	sched_trace("quiet");
	invalidated(before, EVERYBODY);
	for (unsigned i = 0; i < SCHED_PAGES; i++) {
		if (sched.page[i] == SCHED_DEFERRED &&
		    sched.deferred[i] < start) {
			page_give(i);
		}
	}
	want_some(EVERYBODY, 4);
}

/* Shootdowns of pages that this CPU maps and clears itself. */

static unsigned
area_place(const struct sched_cpu *c)
{
	return (SCHED_AREA_FIRST + c->number * SCHED_AREA_PAGES);
}

static void
area_map(unsigned first, unsigned count, unsigned pages[])
{
	struct emu *e = sched.e;

	for (unsigned i = 0; i < count; i++) {
		pages[i] = page_take();
		emu_write(e, sched.place[first + i].slot, e->mode->entry_size,
		    e->arch->make_leaf(e, sched_page_pa(pages[i]), false));
	}
}

/* CPUs that speculate about some of them, or are looked at. */
static void
area_touch(unsigned first, unsigned count, unsigned set)
{
	for (unsigned i = 0; i < 3; i++) {
		sched_want_all(set, first + sched_random(count));
	}
}

static void
area_shootdown(struct sched_cpu *c, unsigned first, unsigned count,
    unsigned set)
{
	struct emu *e = sched.e;
	uint64_t word = sched.set_word + 8 * c->number;
	uint64_t pages = sched_random(16) == 0 ? EMU_X0 : count;
	unsigned windows_of_set = 0;

	for (unsigned i = 0; i < EMU_CPUS; i++) {
		if (sched.owner[i] != SCHED_NOBODY &&
		    (set & 1u << sched.owner[i]) != 0) {
			windows_of_set |= 1u << i;
		}
	}
	emu_write(e, word, 8, windows_of_set);
	sched_trace("shootdown 0x%llx %u pages, CPUs 0x%x, windows 0x%x",
	    (unsigned long long)sched.place[first].va, count, set,
	    windows_of_set);
	CALL(c, sched.shootdown, "www", sched.place[first].va, pages,
	    set == EVERYBODY && sched_random(4) != 0 ? 0 : word);
	sched_trace("shot down");
}

static void
do_area(struct sched_cpu *c)
{
	static const unsigned counts[8] = { 1, 1, 1, 2, 5, 8, 33, 40 };
	struct emu *e = sched.e;
	unsigned pages[SCHED_AREA_PAGES], number[SCHED_AREA_PAGES];
	unsigned count = counts[sched_random(8)];
	unsigned first = area_place(c) +
	    sched_random(SCHED_AREA_PAGES - count + 1);
	unsigned set = sched_random(2) == 0 ? EVERYBODY :
	    sched_random(EVERYBODY + 1);

	area_map(first, count, pages);
	area_touch(first, count, EVERYBODY);
	sched_spin(c, 1 + sched_random(sched_random(2) == 0 ? 8 : 80));
	for (unsigned i = 0; i < count; i++) {
		number[i] = removal_begins(&sched.place[first + i]);
		emu_write(e, sched.place[first + i].slot, e->mode->entry_size,
		    0);
	}
	/* Who owns a window now is whom the set means. */
	area_shootdown(c, first, count, set);
	for (unsigned i = 0; i < count; i++) {
		removal_ends(&sched.place[first + i], number[i],
		    sched.broadcasts ? EVERYBODY : set);
		page_give(pages[i]);
	}
	area_touch(first, count, set);
}

/* Many requests that others are not asked about: they lag behind. */
static void
do_burst(struct sched_cpu *c)
{
	for (unsigned i = 1 + sched_random(24); i != 0; i--) {
		area_shootdown(c, area_place(c) + i, 1, c->bit);
	}
}

/* CPUs that come and go. */

static void
cpu_online(struct sched_cpu *c)
{
	struct emu *e = sched.e;
	unsigned before[SCHED_PLACES];
	unsigned window = sched_random(EMU_CPUS);

	while (sched.owner[window] != SCHED_NOBODY) {
		window = (window + 1) % EMU_CPUS;
	}
	c->enabled = sched_random(3) == 0;
	sched.owner[window] = c->number;
	c->window = window;
	c->present = c->changing = true;
	remember(before);
	sched_trace("online with window %u", window);
	/* Refused while another CPU is in the tables: then again. */
	do {
		CALL(c, sched.online, "www", emu_state_pa(e), window, 0);
	} while ((uint32_t)e->result == QPMAP_ERR_CPU_BUSY);
	if ((uint32_t)e->result != QPMAP_OK) {
		sched_fail("online: error %u", (unsigned)e->result);
	}
	sched_trace("is online");
	invalidated(before, c->bit);
	c->changing = false;
	c->online = true;
	sched_want_recent(c);
	want_some(c->bit, 6);
}

static void
cpu_offline(struct sched_cpu *c)
{
	c->online = false;
	c->changing = true;
	sched_trace("offline");
	CALL(c, sched.offline, "w", emu_state_pa(sched.e));
	sched_trace("is offline");
	c->changing = c->present = false;
	sched.owner[c->window] = SCHED_NOBODY;
}

/*
 * Until every other CPU has got on to something else, or rests, too.  One that
 * waits for this one, which was not notified, waits for ever.
 */
static void
do_rest(struct sched_cpu *c)
{
	unsigned before[EMU_CPUS];

	for (unsigned i = 0; i < sched.cpu_count; i++) {
		before[i] = sched.cpu[i].operations;
	}
	c->rests = c->enabled = true;
	for (unsigned i = 0; i < sched.cpu_count; i++) {
		const struct sched_cpu *other = &sched.cpu[i];

		while (other != c && !other->idle && !other->rests &&
		    other->operations == before[i]) {
			sched_spin(c, 1);
		}
	}
	c->rests = false;
}

static void
do_cycle(struct sched_cpu *c)
{
	cpu_offline(c);
	want_some(c->bit, 4);
	sched_spin(c, sched_random(16));
	cpu_online(c);
	if (sched_random(2) == 0) {
		do_rest(c);
	}
}

static void
do_spin(struct sched_cpu *c)
{
	sched_spin(c, 1 + sched_random(30));
}

/* Scripts. */

/* How often, by the schedule's theme: everything, slots, requests, CPUs. */
static const struct operation {
	const char *name;
	void (*run)(struct sched_cpu *c);
	unsigned weight[SCHED_THEMES];
} operations[] = {
	{ "enter and remove", do_windows, { 4, 1, 1, 2 } },
	{ "global enter", do_global_enter, { 5, 12, 2, 2 } },
	{ "shared access", do_global_access, { 4, 3, 1, 1 } },
	{ "global remove", do_global_remove, { 4, 2, 2, 2 } },
	{ "deferred remove", do_global_deferred, { 2, 8, 1, 1 } },
	{ "quiesce", do_quiesce, { 1, 1, 1, 1 } },
	{ "shootdown", do_area, { 4, 0, 8, 6 } },
	{ "burst", do_burst, { 1, 0, 3, 0 } },
	{ "offline, online", do_cycle, { 3, 0, 1, 6 } },
	{ "spin", do_spin, { 1, 0, 0, 1 } },
	{ "rest", do_rest, { 2, 1, 2, 1 } },
};
#define OPERATIONS (sizeof(operations) / sizeof(operations[0]))

static const struct operation *
operation_any(void)
{
	unsigned sum = 0, chosen, i;

	for (i = 0; i < OPERATIONS; i++) {
		sum += operations[i].weight[sched.theme];
	}
	chosen = sched_random(sum);
	for (i = 0; chosen >= operations[i].weight[sched.theme]; i++) {
		chosen -= operations[i].weight[sched.theme];
	}
	return (&operations[i]);
}

void
sched_handler(struct sched_cpu *c)
{
	const char *doing = c->doing;

	c->doing = "handler";
	if (sched_random(4) == 0) {
		do_global_deferred(c);
	}
	windows(c, 1);
	c->doing = doing;
}

/*
 * The last script to end clears up: then every slot is to be empty, clean, and
 * invalidated by all.
 */
static void
clear_up(struct sched_cpu *c)
{
	while (sched.busy != 0) {
		if (sched_random(2) == 0) {
			do_global_remove(c);
		} else {
			do_global_deferred(c);
		}
		sched_spin(c, 1);	/* somebody's handler may have one */
	}
	do_quiesce(c);
	for (unsigned i = 0; i < SCHED_AREA_FIRST; i++) {
		sched_want_all(EVERYBODY, i);
	}
	for (unsigned i = 0; i < sched.cpu_count; i++) {
		while (sched.cpu[i].wanted_count != 0) {
			sched_spin(c, 1);
		}
	}
	sched.over = true;
}

void
sched_script(struct sched_cpu *c)
{
	const struct operation *operation;

	c->doing = "online";
	cpu_online(c);
	c->operations++;
	for (unsigned i = 0; i < sched.operations; i++) {
		operation = operation_any();
		c->doing = operation->name;
		c->enabled = sched_random(4) != 0;
		operation->run(c);
		c->operations++;
	}
	c->doing = "idle";
	c->enabled = true;
	if (c->number != 0 && sched_random(4) == 0) {
		cpu_offline(c);
	}
	c->idle = true;
	if (--sched.active == 0) {
		if (!c->online) {
			cpu_online(c);
		}
		c->enabled = true;
		c->doing = "clearing up";
		clear_up(c);
	}
	while (!sched.over) {
		sched_spin(c, 1);
	}
}
