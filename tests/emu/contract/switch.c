/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads that hold mappings over context switches: B19.
 */
#include <string.h>

#include "contract.h"
#include "sequence.h"

#define WORD 4
#define THREADS 3
#define HELD 4

/* What is a thread's: saved mappings and count of pins are the guest's. */
struct thread {
	unsigned number;
	uint64_t saved;			/* its struct qpmap_saved */
	uint64_t depth;			/* its count of pins */
	unsigned held;
	struct {
		uint64_t va, pa;
		unsigned type;
		bool writable;
	} page[HELD];
};

struct threads {
	struct emu *e;
	struct thread thread[THREADS];
	struct thread *now;
	unsigned pages;			/* test pages used so far */
};

static void
threads_begin(struct threads *t, struct emu *e)
{
	memset(t, 0, sizeof(*t));
	t->e = e;
	t->now = &t->thread[0];
	for (unsigned i = 0; i < THREADS; i++) {
		t->thread[i].number = i;
		t->thread[i].saved = emu_symbol(e, "guest_saved") +
		    i * e->fact[FACT_SAVED_SIZE];
	}
}

static void
set_depth(struct emu *e, uint64_t depth)
{
	emu_write(e, e->percpu + e->fact[FACT_PERCPU_DEPTH], 4, depth);
}

/* No thread's entry is there, and every slot can be entered. */
static void
check_empty(struct emu *e)
{
	for (unsigned i = 1; i <= e->fact[FACT_SLOTS]; i++) {
		CHECK_EQUAL(emu_read(e, emu_slot_pte(e, i),
		    e->mode->entry_size), 0, "entry after out");
	}
	CHECK_EQUAL(emu_held(e), 0, "mappings held after out");
}

static void
switch_out(struct threads *t)
{
	struct emu *e = t->e;

	t->now->depth = emu_depth(e);
	CHECK_EQUAL(EMU_CALL(e, "guest_switch_out", "ww", emu_state_pa(e),
	    t->now->saved), EMU_RETURNED, "out");
	check_empty(e);
	t->now = NULL;
}

static void
switch_in(struct threads *t, unsigned number)
{
	struct emu *e = t->e;

	t->now = &t->thread[number];
	CHECK_EQUAL(EMU_CALL(e, "guest_switch_in", "ww", emu_state_pa(e),
	    t->now->saved), EMU_RETURNED, "in");
	CHECK_EQUAL(emu_read(e, t->now->saved, 4), 0, "mappings saved");
	set_depth(e, t->now->depth);
}

static void
switch_to(struct threads *t, unsigned number)
{
	switch_out(t);
	switch_in(t, number);
}

/* The thread's mappings, by the MMU and by the entries; and no others. */
static void
look(struct threads *t)
{
	struct emu *e = t->e;
	struct thread *thread = t->now;

	CHECK_EQUAL(emu_held(e), thread->held, "mappings held");
	for (unsigned i = 0; i < thread->held; i++) {
		uint64_t pa = thread->page[i].pa;

		check_leaf(e, thread->page[i].va, pa, thread->page[i].type,
		    thread->page[i].writable);
		check_load(e, thread->page[i].va, WORD, contract_tag(e, pa));
	}
}

/* A fresh page for the thread's next mapping. */
static void
next_page(struct threads *t, unsigned type, bool writable)
{
	struct thread *thread = t->now;

	CHECK(thread->held < HELD, "too many");
	thread->page[thread->held].pa = emu_page(t->e, t->pages++ % 64);
	thread->page[thread->held].type = type;
	thread->page[thread->held].writable = writable;
	(void)contract_tag(t->e, thread->page[thread->held].pa);
}

static void
entered(struct threads *t)
{
	struct thread *thread = t->now;

	CHECK_EQUAL(t->e->result, emu_slot_va(t->e, thread->held + 1),
	    "address of the slot");
	thread->page[thread->held++].va = t->e->result;
}

static void
enter(struct threads *t, unsigned type, bool writable)
{
	next_page(t, type, writable);
	CHECK_EQUAL(EMU_CALL(t->e, writable ? "qpmap_enter" : "qpmap_enter_ro",
	    "pw", t->now->page[t->now->held].pa, type), EMU_RETURNED, "enter");
	entered(t);
	look(t);
}

static void
leave(struct threads *t)
{
	struct thread *thread = t->now;

	look(t);
	thread->held--;
	emu_remove(t->e, thread->page[thread->held].va);
	CHECK_EQUAL(emu_read(t->e, emu_slot_pte(t->e, thread->held + 1),
	    t->e->mode->entry_size), 0, "cleared entry");
	look(t);
}

/* The first thread was broken off: others enter, and hold. */
static void
others(struct threads *t, unsigned number, unsigned type, unsigned count)
{
	switch_to(t, number);
	while (t->now->held < count) {
		enter(t, type, (t->now->held + count) % 2 == 0);
	}
	switch_to(t, 0);
}

/* One call of the first thread: enter, enter_ro, remove. */
enum call { CALL_ENTER, CALL_ENTER_RO, CALL_REMOVE, CALLS };

static enum emu_status
begin_call(struct threads *t, enum call call, unsigned type, uint64_t stop)
{
	struct thread *thread = t->now;

	if (call == CALL_REMOVE) {
		return (emu_call_until(t->e, emu_symbol(t->e, "qpmap_remove"),
		    "w", (const uint64_t[]){
		    thread->page[thread->held - 1].va }, stop));
	}
	next_page(t, type, call == CALL_ENTER);
	return (emu_call_until(t->e, emu_symbol(t->e, call == CALL_ENTER ?
	    "qpmap_enter" : "qpmap_enter_ro"), "pw", (const uint64_t[]){
	    thread->page[thread->held].pa, type }, stop));
}

static void
end_call(struct threads *t, enum call call)
{
	CHECK_EQUAL(t->e->status, EMU_RETURNED, "the call's end");
	if (call == CALL_REMOVE) {
		t->now->held--;
		check_nothing(t->e, t->now->page[t->now->held].va);
	} else {
		entered(t);
	}
	look(t);
}

/*
 * At every instruction: the second thread enters and holds; the first goes on
 * for some instructions; the third enters and holds; the first goes on to the
 * end.  Then the others, in the order in which they came.
 */
static void
switch_everywhere_with(struct emu *e, enum call call, unsigned type)
{
	struct threads t;
	uint64_t stop, more;

	threads_begin(&t, e);
	for (stop = 0; ; stop++) {
		if (t.now->held < stop % 2 + (call == CALL_REMOVE)) {
			enter(&t, type, stop % 3 != 0);
		}
		if (begin_call(&t, call, type, stop) != EMU_PAUSED) {
			break;
		}
		others(&t, 1, type, 1 + (unsigned)stop % 3);
		more = 1 + stop * 7 % 12;
		if (emu_resume_until(e, stop + more) == EMU_PAUSED) {
			others(&t, 2, QPMAP_ATTR_WRITE_BACK,
			    1 + (unsigned)(stop / 2) % 4);
			(void)emu_resume(e);
		}
		end_call(&t, call);
		for (unsigned i = 1; i <= THREADS; i++) {
			switch_to(&t, i % THREADS);
			while (t.now->held > 0) {
				leave(&t);
			}
		}
		check_idle(e);
	}
	CHECK(stop > 12, "only %u instructions", (unsigned)stop);
}

static void
switch_everywhere(const struct contract_case *c)
{
	switch_everywhere_with(contract_ready(c, "switch"), c->number,
	    c->type);
}

static struct emu *
ready_with(const struct contract_case *c)
{
	const struct emu_feature *feature = c->arg;
	struct emu *e = contract_open(c, "switch", c->boot_flags);

	e->config[WIRE_FLAGS] |= feature->flag;
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_OK, "qpmap_cpu_online");
	return (e);
}

static void
switch_feature(const struct contract_case *c)
{
	switch_everywhere_with(ready_with(c), c->number, c->type);
}

/* A handler: a page, and in some an NMI at one of its instructions. */
static void
handler(struct emu *e, unsigned type, uint64_t nmi)
{
	uint64_t pa = emu_page(e, 70), va;

	(void)contract_tag(e, pa);
	if (emu_call_until(e, emu_symbol(e, "qpmap_enter"), "pw",
	    (const uint64_t[]){ pa, type }, nmi) == EMU_PAUSED) {
		va = emu_enter(e, emu_page(e, 71), 0);
		check_load(e, va, WORD, contract_tag(e, emu_page(e, 71)));
		emu_remove(e, va);
		(void)emu_resume(e);
	}
	CHECK_EQUAL(e->status, EMU_RETURNED, "handler's enter");
	va = e->result;
	check_load(e, va, WORD, contract_tag(e, pa));
	emu_remove(e, va);
	check_nothing(e, va);
}

/* Interrupts, and NMI in them, at every instruction of both calls. */
static void
switch_interrupt(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "switch");
	uint64_t stop[2] = { 0, 0 }, nmi;
	struct threads t;

	threads_begin(&t, e);
	enter(&t, c->type, true);
	if (c->number > 1) {
		enter(&t, QPMAP_ATTR_WRITE_BACK, false);
	}
	for (unsigned i = 0; i < 2; ) {
		nmi = stop[i] % 3 == 0 ? stop[i] % 25 : EMU_X0;
		if (emu_call_until(e, emu_symbol(e, i == 0 ?
		    "guest_switch_out" : "guest_switch_in"), "ww",
		    (const uint64_t[]){ emu_state_pa(e), t.now->saved },
		    stop[i]) == EMU_PAUSED) {
			handler(e, c->type, nmi);
			CHECK_EQUAL(emu_resume(e), EMU_RETURNED, "the end");
			stop[i]++;
		} else if (i++ != 0) {
			look(&t);
			break;
		}
		if (i == 0) {
			/* Out is done: in again, and out at the next. */
			check_empty(e);
			CHECK_EQUAL(EMU_CALL(e, "guest_switch_in", "ww",
			    emu_state_pa(e), t.now->saved), EMU_RETURNED,
			    "in");
			look(&t);
		} else if (stop[1] != 0) {
			look(&t);
			CHECK_EQUAL(EMU_CALL(e, "guest_switch_out", "ww",
			    emu_state_pa(e), t.now->saved), EMU_RETURNED,
			    "out");
			check_empty(e);
		}
	}
	CHECK(stop[0] > 20 && stop[1] > 15, "only %u and %u instructions",
	    (unsigned)stop[0], (unsigned)stop[1]);
	while (t.now->held > 0) {
		leave(&t);
	}
	check_idle(e);
}

/*
 * Several threads, each broken off somewhere in a call of its own, by chance:
 * c->number is the seed.
 */
static uint64_t
chance(uint64_t *seed, uint64_t count)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return (*seed % count);
}

/* Any type that there is. */
static unsigned
chance_type(struct emu *e, uint64_t *seed)
{
	unsigned type = (unsigned)chance(seed, QPMAP_TYPE_COUNT);

	return (e->arch->type_name(e, type) != NULL ? type :
	    QPMAP_ATTR_WRITE_BACK);
}

static void
switch_schedule(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "switch");
	uint64_t seed = 0x9e3779b97f4a7c15 * (c->number + 1);
	bool under_way[THREADS] = { false };
	enum call call[THREADS] = { CALL_ENTER };
	unsigned number;
	struct threads t;

	threads_begin(&t, e);
	for (unsigned step = 0; step < 400; step++) {
		number = t.now->number;
		if (chance(&seed, 3) == 0) {
			/* Between threads: on nobody's stack. */
			emu_thread(e, THREADS);
			number = (unsigned)chance(&seed, THREADS);
			switch_out(&t);
			switch_in(&t, number);
			emu_thread(e, number);
		}
		if (under_way[number]) {
			if (chance(&seed, 4) == 0 && t.now->held < 3) {
				handler(e, chance_type(e, &seed), EMU_X0);
			}
			(void)emu_resume_until(e, e->insn_count +
			    chance(&seed, 20) + 1);
		} else {
			call[number] = (enum call)chance(&seed, 2);
			if (t.now->held == 3 || (t.now->held > 0 &&
			    chance(&seed, 2) == 0)) {
				call[number] = CALL_REMOVE;
			}
			(void)begin_call(&t, call[number],
			    chance_type(e, &seed), chance(&seed, 60));
		}
		under_way[number] = e->status == EMU_PAUSED;
		if (!under_way[number]) {
			end_call(&t, call[number]);
		}
	}
	for (unsigned i = 0; i < THREADS; i++) {
		emu_thread(e, THREADS);
		switch_out(&t);
		switch_in(&t, i);
		emu_thread(e, i);
		if (under_way[i]) {
			(void)emu_resume(e);
			end_call(&t, call[i]);
		}
		while (t.now->held > 0) {
			leave(&t);
		}
	}
	check_idle(e);
}

/* Another CPU, a CPU that is offline, a range that is held, nothing. */
static void
switch_panics(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "switch");
	uint64_t va, page = 0;
	struct threads t;

	threads_begin(&t, e);
	enter(&t, c->type, true);
	switch_out(&t);
	emu_another(e, 1);
	EMU_CALL(e, "guest_switch_in", "ww", emu_state_pa(e),
	    t.thread[0].saved);
	check_panic(e, QPMAP_PANIC_SWITCH_CPU, 0, 1);
	check_empty(e);
	CHECK_EQUAL(EMU_CALL(e, "qpmap_cpu_offline", "w", emu_state_pa(e)),
	    EMU_RETURNED, "offline");
	EMU_CALL(e, "guest_switch_in", "ww", emu_state_pa(e),
	    t.thread[0].saved);
	check_panic(e, QPMAP_PANIC_SWITCH_CPU, 0, 0xffffffff);
	/* An offline CPU holds nothing, and switches threads that do not. */
	CHECK_EQUAL(EMU_CALL(e, "guest_switch_out", "ww", emu_state_pa(e),
	    t.thread[1].saved), EMU_RETURNED, "out, offline");
	CHECK_EQUAL(emu_read(e, t.thread[1].saved, 4), 0, "saved");
	CHECK_EQUAL(EMU_CALL(e, "guest_switch_in", "ww", emu_state_pa(e),
	    t.thread[1].saved), EMU_RETURNED, "in, offline");
	emu_cpu(e, 0);
	switch_in(&t, 0);
	leave(&t);
	CHECK_EQUAL(EMU_CALL(e, "qpmap_range_enter", "pww", emu_page(e, 5), 3,
	    c->type), EMU_RETURNED, "range");
	va = e->result;
	for (unsigned i = 0; i < 2; i++) {
		EMU_CALL(e, "guest_switch_out", "ww", emu_state_pa(e),
		    t.thread[0].saved);
		check_panic(e, QPMAP_PANIC_SWITCH_HELD, 0, 1);
		if (i == 0) {
			page = emu_enter(e, emu_page(e, 9), c->type);
		}
	}
	CHECK_EQUAL(EMU_CALL(e, "qpmap_range_remove", "w", va), EMU_RETURNED,
	    "range's remove");
	emu_remove(e, page);
	check_idle(e);
}

/* Stores to what threads have saved: in any order. */
static void
drop_saved(struct emu *e)
{
	size_t kept = 0;

	sequence_drop_noise(e);
	for (size_t i = 0; i < e->event_count; i++) {
		if (e->events[i].size == 0 || strcmp(emu_symbol_at(e,
		    e->events[i].a), "guest_saved") != 0) {
			e->events[kept++] = e->events[i];
		}
	}
	e->event_count = kept;
}

/* On x86 counted from the library's sentinels, elsewhere an address. */
static void
expect_next(struct emu *e, unsigned slot)
{
	uint64_t next = emu_state_pa(e) + e->fact[FACT_CPU_SLOT] +
	    slot * e->fact[FACT_SLOT_SIZE];

	if (e->arch->uc_arch == UC_ARCH_X86) {
		next -= emu_symbol(e, "qpmap_sentinel") +
		    e->fact[FACT_SLOT_SIZE];
	}
	sequence_expect_word(e, e->fact[FACT_CPU_NEXT], next);
}

static void
expect_slot_va(struct emu *e, unsigned slot, uint64_t va)
{
	sequence_expect_word(e, e->fact[FACT_CPU_SLOT] +
	    slot * e->fact[FACT_SLOT_SIZE] + e->fact[FACT_SLOT_VA], va);
}

/* Where a barrier serves several pages, all at once; else one by one. */
static void
expect_one(struct emu *e, enum emu_step step, const struct emu_step_arg *arg)
{
	if (!e->arch->broadcasts) {
		e->arch->expect(e, step, arg);
	}
}

static void
expect_all(struct emu *e, enum emu_step step, unsigned count,
    const struct emu_step_arg *first)
{
	struct emu_step_arg arg = *first;

	if (e->arch->broadcasts) {
		arg.page_count = 2 * count;
		arg.step = 2;
		e->arch->expect(e, step, &arg);
	}
}

static void
check_sequence(struct threads *t, bool slow)
{
	struct emu *e = t->e;
	unsigned count = t->now->held;
	struct emu_step_arg arg[HELD], first;

	for (unsigned i = 0; i < count; i++) {
		arg[i] = (struct emu_step_arg){
		    .va = emu_slot_va(e, i + 1),
		    .pte_pa = emu_slot_pte(e, i + 1), .special = true,
		    .flags = (unsigned)e->config[WIRE_FLAGS] };
		arg[i].bits = emu_read(e, arg[i].pte_pa, e->mode->entry_size);
	}
	first = arg[0];
	emu_record(e, SEQUENCE);
	CHECK_EQUAL(EMU_CALL(e, "guest_switch_out", "ww", emu_state_pa(e),
	    t->now->saved), EMU_RETURNED, "out");
	drop_saved(e);
	e->arch->expect(e, EMU_PRE_UNMAP, &first);
	for (unsigned i = count; i-- > 0; ) {
		e->arch->expect(e, EMU_CLEAR, &arg[i]);
		expect_slot_va(e, i + 1, arg[i].va);
		expect_one(e, EMU_POST_UNMAP, &arg[i]);
	}
	expect_all(e, EMU_POST_UNMAP_RANGE, count, &first);
	expect_next(e, 1);
	emu_record_end(e);
	sequence_check(e, "out");
	emu_record(e, SEQUENCE);
	CHECK_EQUAL(EMU_CALL(e, "guest_switch_in", "ww", emu_state_pa(e),
	    t->now->saved), EMU_RETURNED, "in");
	drop_saved(e);
	expect_next(e, count + 1);
	for (unsigned i = 0; i < count; i++) {
		expect_slot_va(e, i + 1, slow ? 0 : arg[i].va);
		e->arch->expect(e, EMU_MAP, &arg[i]);
		expect_one(e, EMU_POST_MAP, &arg[i]);
	}
	expect_all(e, EMU_POST_MAP_RANGE, count, &first);
	emu_record_end(e);
	sequence_check(e, "in");
}

static void
sequence_with(struct emu *e, unsigned type, bool slow)
{
	struct threads t;

	threads_begin(&t, e);
	for (unsigned count = 1; count <= HELD; count++) {
		enter(&t, type, count % 2 == 0);
		check_sequence(&t, slow);
		look(&t);
	}
	while (t.now->held > 0) {
		leave(&t);
	}
	check_idle(e);
}

static void
switch_sequence(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "switch");

	sequence_with(e, c->type, e->arch->type_slow(e, c->type));
}

static void
switch_sequence_feature(const struct contract_case *c)
{
	const struct emu_feature *feature = c->arg;
	struct emu *e = ready_with(c);

	sequence_with(e, c->type, (feature->flag &
	    ~(unsigned)QPMAP_F_NO_TLBI_RANGE) != 0 ||
	    e->arch->type_slow(e, c->type));
}

void
contract_switch_cases(const struct emu_mode *mode)
{
	static const struct emu_feature none = { "none", 0 };
	static const char *const call[CALLS] = {
		"enter", "enter_ro", "remove" };
	const struct contract_type *type = contract_types(mode);
	const struct emu_feature *f = mode->arch->features;
	struct contract_case extra = { .arg = &none };

	contract_add_types(mode, switch_sequence, "B19/sequence");
	for (; f->name != NULL; f++) {
		extra.arg = f;
		contract_add(mode, switch_sequence_feature, &extra,
		    "B19/%s/sequence", f->name);
		extra.number = CALL_REMOVE;
		contract_add(mode, switch_feature, &extra, "B19/%s/everywhere",
		    f->name);
	}
	extra = (struct contract_case){ .arg = &none,
	    .boot_flags = mode->arch->shootdown_boot_flag };
	contract_add(mode, switch_sequence_feature, &extra,
	    "B19/sequence/cpu=other");
	for (; type->layout != NULL; type++) {
		extra = (struct contract_case){ .layout = type->layout,
		    .type = type->type };
		for (unsigned i = 0; i < CALLS; i++) {
			extra.number = i;
			contract_add(mode, switch_everywhere, &extra,
			    "B19/everywhere/%s/attr=%s", call[i],
			    contract_type_word(type->type));
		}
		for (unsigned i = 1; i <= 2; i++) {
			extra.number = i;
			contract_add(mode, switch_interrupt, &extra,
			    "B19/interrupt/held=%u/attr=%s", i,
			    contract_type_word(type->type));
		}
	}
	for (unsigned i = 0; i < 4; i++) {
		contract_add(mode, switch_schedule, &(struct contract_case){
		    .number = i }, "B19/schedule/seed=%u", i);
	}
	contract_add(mode, switch_panics, NULL, "B19/panics");
}
