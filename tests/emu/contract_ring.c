/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * B12, the deferred discipline: guest "ring", QPMAP_RING=16.
 *
 * The emulator's TLB keeps what it is not told to forget, so a removed page
 * really is reached until the turn is over; where one must not be, it is not.
 */
#include <stdio.h>
#include <string.h>

#include "contract_smp.h"

#define WORD 4

/* Frames of the ring, and its pages, from the first frame to the last. */
static unsigned
ring_frames(struct emu *e)
{
	return ((unsigned)(e->fact[FACT_DEFERRED] - e->fact[FACT_FRAMES]) + 1);
}

static uint64_t
ring_va_of(struct emu *e, unsigned window, unsigned n)
{
	return (emu_frame_va_of(e, window, 1) +
	    (UINT64_C(2) * n << e->mode->page_shift));
}

static uint64_t
ring_slot(struct emu *e, uint64_t va)
{
	uint64_t slot = 0;

	CHECK(emu_leaf_at(e, va, &slot, NULL), "no leaf table");
	return (slot);
}

static uint64_t
ring_entry(struct emu *e, uint64_t va)
{
	return (emu_read(e, ring_slot(e, va), e->mode->entry_size));
}

/* A word of the lowest frame of this CPU's stack. */
static uint64_t
ring_word_at(struct emu *e, unsigned fact)
{
	return (emu_state_pa(e) + e->fact[FACT_CPU_FRAME] +
	    e->fact[FACT_FRAME_SIZE] + e->fact[fact]);
}

static void
ring_check_at(struct emu *e, unsigned window, unsigned n)
{
	unsigned word = (unsigned)e->fact[FACT_WORD];
	uint64_t va = ring_va_of(e, window, n);

	CHECK_EQUAL(emu_read(e, ring_word_at(e, FACT_FRAME_VA), word), va,
	    "address of the lowest frame");
	CHECK_EQUAL(emu_read(e, ring_word_at(e, FACT_FRAME_SLOT), word),
	    ring_slot(e, va), "slot of the lowest frame");
}

static struct emu *
ring_open(const struct contract_case *c, unsigned cpus)
{
	struct emu *e = contract_begin(c, "ring");

	smp_start(e, cpus);
	return (e);
}

/* A page in, seen, and out; where it was. */
static uint64_t
ring_pair(struct emu *e, unsigned page)
{
	uint64_t pa = emu_page(e, page);
	uint64_t va = emu_enter(e, pa, 0);

	check_load(e, va, WORD, contract_tag(e, pa));
	emu_remove(e, va);
	CHECK_EQUAL(ring_entry(e, va), 0, "entry after remove");
	return (va);
}

/* The lowest frame is at number n of the ring. */
static void
ring_turn_to(struct emu *e, unsigned n)
{
	for (unsigned i = 0; i < ring_frames(e) && emu_read(e,
	    ring_word_at(e, FACT_FRAME_VA), (unsigned)e->fact[FACT_WORD]) !=
	    ring_va_of(e, 0, n); i++) {
		ring_pair(e, 90);
	}
	ring_check_at(e, 0, n);
}

/*
 * B3 as B12 has it: reached until the turn is over, also by this CPU; and at
 * its end by nobody.  The emulator's SFENCE.VMA of a page forgets all, and
 * each enter has one; of 64 KiB pages it remembers few.
 */
static void
ring_stale(const struct contract_case *c)
{
	struct emu *e = ring_open(c, 1);
	unsigned frames = ring_frames(e), i, n;

	for (unsigned turn = 0; turn < 3; turn++) {
		for (n = 0; n < frames; n++) {
			CHECK_EQUAL(ring_pair(e, 20 * turn + n),
			    ring_va_of(e, 0, n), "frame's address");
			ring_check_at(e, 0, (n + 1) % frames);
			i = e->arch == &emu_riscv64 ? n : n > 3 ? n - 3 : 0;
			for (; i <= n && n != frames - 1; i++) {
				check_load(e, ring_va_of(e, 0, i), WORD,
				    emu_read(e, emu_page(e, 20 * turn + i),
				    8));
			}
		}
		for (i = 0; i < frames; i++) {
			check_nothing(e, ring_va_of(e, 0, i));
		}
	}
	check_idle(e);
}

/* C2: 10 000 pages, and a frame never shows what it showed before. */
static void
ring_ten_thousand(const struct contract_case *c)
{
	struct emu *e = ring_open(c, 1);
	uint64_t va, pa;

	for (unsigned i = 0; i < 10000; i++) {
		pa = emu_page(e, i);
		va = i % 3 == 0 ? emu_enter_ro(e, pa, 0) : emu_enter(e, pa, 0);
		CHECK_EQUAL(va, ring_va_of(e, 0, i % ring_frames(e)),
		    "frame's address");
		check_load(e, va, WORD, contract_tag(e, pa));
		if (i % 3 != 0) {
			check_store(e, va + 8, WORD, i + 1);
			CHECK_EQUAL(emu_read(e, pa + 8, WORD), i + 1,
			    "value stored");
		}
		emu_remove(e, va);
	}
	check_idle(e);
}

/* What nests is strict, and the ring stays where it is. */
static void
ring_nested(const struct contract_case *c)
{
	struct emu *e = ring_open(c, 1);
	unsigned frames = (unsigned)e->fact[FACT_FRAMES], i;
	uint64_t va[8];

	for (unsigned n = 0; n < 2 * ring_frames(e); n++) {
		for (i = 0; i < frames; i++) {
			va[i] = emu_enter(e, emu_page(e, n + i), 0);
			check_load(e, va[i], WORD, contract_tag(e,
			    emu_page(e, n + i)));
		}
		for (; i > 1; i--) {
			CHECK_EQUAL(va[i - 1], emu_frame_va(e, i),
			    "nested frame's address");
			emu_remove(e, va[i - 1]);
			check_nothing(e, va[i - 1]);
			ring_check_at(e, 0, n % ring_frames(e));
		}
		check_load(e, va[0], WORD, emu_read(e, emu_page(e, n), 8));
		emu_remove(e, va[0]);
		ring_check_at(e, 0, (n + 1) % ring_frames(e));
	}
	check_idle(e);
}

/* Types: special ones are strict, wherever the ring is; others move it. */
static void
ring_type(const struct contract_case *c)
{
	struct emu *e = ring_open(c, 1);
	bool special = e->arch->type_special(e, c->type);
	unsigned at = 0;

	for (unsigned n = 0; n < 2 * ring_frames(e); n++) {
		uint64_t pa = emu_page(e, n);
		uint64_t va = emu_enter(e, pa, c->type);

		CHECK_EQUAL(va, ring_va_of(e, 0, at), "frame's address");
		check_leaf(e, va, pa, c->type, true);
		check_load(e, va, WORD, contract_tag(e, pa));
		emu_remove(e, va);
		CHECK_EQUAL(ring_entry(e, va), 0, "entry after remove");
		if (special) {
			check_nothing(e, va);
			ring_check_at(e, 0, at);
			ring_pair(e, 90);
		}
		at = (at + 1) % ring_frames(e);
		ring_check_at(e, 0, at);
	}
	check_idle(e);
}

/*
 * Exact sequences.  Stores to the lowest frame itself are apart: they come
 * between the clear and the release, in any order.
 */
static void
ring_drop_noise(struct emu *e, unsigned *moves)
{
	uint64_t state = emu_state_pa(e);
	uint64_t frame = ring_word_at(e, FACT_FRAME_VA) -
	    e->fact[FACT_FRAME_VA];
	bool released = false, cleared = false;
	size_t kept = 0;

	*moves = 0;
	for (size_t i = 0; i < e->event_count; i++) {
		const struct emu_event *event = &e->events[i];
		const char *at = event->size == 0 ? "" :
		    emu_symbol_at(e, event->a);

		if (strcmp(at, "guest_stack") == 0 ||
		    (strcmp(at, "guest_percpu") == 0 &&
		    event->a - state >= e->fact[FACT_CPU_SIZE])) {
			continue;
		}
		if (event->size != 0 &&
		    event->a - frame < e->fact[FACT_FRAME_SIZE]) {
			CHECK(cleared && !released, "the frame moves too "
			    "early, or too late");
			++*moves;
			continue;
		}
		released = released || event->a == state +
		    e->fact[FACT_CPU_NEXT];
		cleared = cleared || (event->size != 0 && event->b == 0);
		e->events[kept++] = *event;
	}
	e->event_count = kept;
}

static void
ring_check_events(struct emu *e, const char *what)
{
	char text[160];
	size_t i;

	for (i = 0; i < e->event_count && i < e->expected_count; i++) {
		const struct emu_event *a = &e->events[i];
		const struct emu_event *b = &e->expected[i];

		if (strcmp(a->name, b->name) != 0 || a->a != b->a ||
		    a->b != b->b || a->size != b->size) {
			break;
		}
	}
	if (i == e->event_count && i == e->expected_count) {
		return;
	}
	for (size_t k = 0; k < e->event_count; k++) {
		emu_event_text(&e->events[k], text, sizeof(text));
		fprintf(stderr, "executed\t%s\n", text);
	}
	for (size_t k = 0; k < e->expected_count; k++) {
		emu_event_text(&e->expected[k], text, sizeof(text));
		fprintf(stderr, "expected\t%s\n", text);
	}
	CHECK(false, "%s: event %zu differs", what, i);
}

static void
ring_expect_next(struct emu *e, unsigned frame)
{
	emu_expect(e, "store", emu_state_pa(e) + e->fact[FACT_CPU_NEXT],
	    emu_state_pa(e) + e->fact[FACT_CPU_FRAME] + frame *
	    e->fact[FACT_FRAME_SIZE], (unsigned)e->fact[FACT_WORD]);
}

/* One pair at number n of the ring, step by step. */
static void
ring_check_pair(struct emu *e, unsigned n)
{
	bool last = n == ring_frames(e) - 1;
	struct emu_step_arg arg = {
	    .va = ring_va_of(e, 0, n),
	    .slot_pa = ring_slot(e, ring_va_of(e, 0, n)),
	    .flags = (unsigned)e->config[WIRE_FLAGS],
	};
	unsigned moves;

	emu_record(e, EMU_REC_STORES | EMU_REC_INSNS);
	CHECK_EQUAL(emu_enter(e, emu_page(e, n), 0), arg.va, "address");
	arg.bits = emu_read(e, arg.slot_pa, e->mode->entry_size);
	ring_drop_noise(e, &moves);
	CHECK_EQUAL(moves, 0, "moves in enter");
	emu_expect(e, "pin", 0, 0, 0);
	ring_expect_next(e, 2);
	e->arch->expect(e, EMU_FILL, &arg);
	e->arch->expect(e, EMU_FILLED, &arg);
	ring_check_events(e, "enter");
	emu_record(e, EMU_REC_STORES | EMU_REC_INSNS);
	emu_remove(e, arg.va);
	ring_drop_noise(e, &moves);
	CHECK_EQUAL(moves, 2, "words of the frame stored in remove");
	emu_expect(e, "cpu", 0, 0, 0);
	e->arch->expect(e, EMU_EMPTYING, &arg);
	e->arch->expect(e, EMU_CLEAR, &arg);
	if (last) {
		arg.va = ring_va_of(e, 0, 0);
		arg.page_count = 2 * ring_frames(e) - 1;
		e->arch->expect(e, EMU_SHOT_DOWN, &arg);
	}
	ring_expect_next(e, 1);
	emu_expect(e, "unpin", 0, 0, 0);
	emu_record_end(e);
	ring_check_events(e, last ? "remove, last" : "remove");
}

/* number: 1, with what changes shootdowns; arg: a feature, or NULL. */
static void
ring_sequence(const struct contract_case *c)
{
	const struct emu_feature *feature = c->arg;
	struct emu *e = contract_open(c, "ring", c->number != 0 ?
	    c->mode->arch->shootdown_boot_flag : 0);

	if (feature != NULL) {
		e->config[WIRE_FLAGS] |= feature->flag;
	}
	smp_start(e, 1);
	for (unsigned n = 0; n < 2 * ring_frames(e); n++) {
		ring_check_pair(e, n % ring_frames(e));
	}
	check_idle(e);
}

/* Flags that make every kind special: every removal is strict. */
#define RING_SPECIAL (QPMAP_FLUSH_ON_FILL | QPMAP_ERRATUM_INVLPG |	\
	QPMAP_LOCAL_TLBI | QPMAP_ERRATUM_REPEAT_TLBI |			\
	QPMAP_ERRATUM_WALKER | QPMAP_ERRATUM_CIP_1200)

static void
ring_strict(const struct contract_case *c)
{
	const struct emu_feature *feature = c->arg;
	struct emu *e = contract_begin(c, "ring");

	e->config[WIRE_FLAGS] |= feature->flag;
	smp_start(e, 1);
	for (unsigned n = 0; n < 2 * ring_frames(e); n++) {
		CHECK_EQUAL(ring_pair(e, n), ring_va_of(e, 0, 0),
		    "frame's address");
		check_nothing(e, ring_va_of(e, 0, 0));
		ring_check_at(e, 0, 0);
	}
	check_idle(e);
}

/* The worst remove, that of the last frame, has its bound, and always it. */
static void
ring_worst(const struct contract_case *c)
{
	struct emu *e = ring_open(c, 1);
	unsigned frames = ring_frames(e);
	uint64_t usual = 0, worst = 0;

	for (unsigned n = 0; n < 4 * frames; n++) {
		emu_remove(e, emu_enter(e, emu_page(e, n), 0));
		if (n == 0) {
			usual = e->insn_count;
		} else if (n == frames - 1) {
			worst = e->insn_count;
		}
		CHECK_EQUAL(e->insn_count, n % frames == frames - 1 ? worst :
		    usual, "instructions of a remove");
	}
	CHECK(usual <= 64, "a remove has %llu instructions",
	    (unsigned long long)usual);
	CHECK(worst <= usual + 60 + 8 * (2 * frames - 1),
	    "the last remove has %llu instructions",
	    (unsigned long long)worst);
}

/*
 * An interrupt's handler: one mapping, or all that there are, each seen as
 * itself; with a whole turn of pairs if number is 2.
 */
static void
ring_handler(struct emu *e, unsigned number)
{
	unsigned held = emu_held(e), n;
	unsigned most = (unsigned)e->fact[FACT_FRAMES];
	uint64_t va[8];

	for (n = held; n < (number == 0 ? held + 1 : most) && n < most; n++) {
		va[n] = emu_enter(e, emu_page(e, 40 + n), 0);
		check_load(e, va[n], WORD, contract_tag(e,
		    emu_page(e, 40 + n)));
	}
	for (; n > held; n--) {
		check_load(e, va[n - 1], WORD, emu_read(e,
		    emu_page(e, 40 + n - 1), 8));
		emu_remove(e, va[n - 1]);
		CHECK_EQUAL(ring_entry(e, va[n - 1]), 0,
		    "entry after the handler's remove");
	}
	for (n = 0; number == 2 && n < ring_frames(e); n++) {
		va[0] = emu_enter(e, emu_page(e, 60 + n), 0);
		emu_remove(e, va[0]);
	}
	CHECK_EQUAL(emu_held(e), held, "held after the handler");
}

/* An enter broken off before instruction number stop: whether it was. */
static bool
ring_enter_until(struct emu *e, unsigned number, uint64_t stop)
{
	uint64_t pa = emu_page(e, 1);
	uint64_t values[2] = { pa, 0 };
	bool paused = emu_call_until(e, emu_symbol(e, number % 2 == 0 ?
	    "qpmap_enter" : "qpmap_enter_ro"), "pw", values, stop) ==
	    EMU_PAUSED;

	if (paused) {
		ring_handler(e, number);
		CHECK_EQUAL(emu_resume(e), EMU_RETURNED, "the enter's end");
	}
	check_leaf(e, e->result, pa, 0, number % 2 == 0);
	values[0] = e->result;
	check_load(e, values[0], WORD, contract_tag(e, pa));
	CHECK_EQUAL(emu_held(e), 1, "mappings held");
	emu_remove(e, values[0]);
	return (paused);
}

/* The same of a remove. */
static bool
ring_remove_until(struct emu *e, unsigned number, uint64_t stop)
{
	uint64_t pa = emu_page(e, 2), va = emu_enter(e, pa, 0);
	bool paused;

	check_load(e, va, WORD, contract_tag(e, pa));
	paused = emu_call_until(e, emu_symbol(e, "qpmap_remove"), "w", &va,
	    stop) == EMU_PAUSED;
	if (paused) {
		ring_handler(e, number);
		CHECK_EQUAL(emu_resume(e), EMU_RETURNED, "the remove's end");
	}
	CHECK_EQUAL(ring_entry(e, va), 0, "entry after remove");
	check_idle(e);
	return (paused);
}

/* At every instruction of both, at every place of the ring. */
static void
ring_interrupt(const struct contract_case *c)
{
	struct emu *e = ring_open(c, 1);
	unsigned frames = ring_frames(e), step = c->number == 2 ? 4 : 1;
	uint64_t stop;

	for (unsigned n = 0; n < frames; n += step) {
		for (stop = 0;; stop++) {
			ring_turn_to(e, n);
			if (!ring_enter_until(e, c->number, stop)) {
				break;
			}
		}
		CHECK(stop >= 10, "enter has only %u instructions",
		    (unsigned)stop);
		for (stop = 0;; stop++) {
			ring_turn_to(e, n);
			if (!ring_remove_until(e, c->number, stop)) {
				break;
			}
		}
		CHECK(stop >= (n == frames - 1 ? 16 : 8),
		    "remove has only %u instructions", (unsigned)stop);
	}
	/* Afterwards every frame is as it was. */
	ring_turn_to(e, 0);
	for (unsigned n = 0; n < frames; n++) {
		CHECK_EQUAL(ring_pair(e, n), ring_va_of(e, 0, n),
		    "frame's address");
	}
	check_idle(e);
}

/*
 * A dump after a panic, at every instruction of a remove, in the middle of the
 * ring or at its end: all is forgotten, and all frames can be used.
 */
static void
ring_abandon(const struct contract_case *c)
{
	for (uint64_t stop = 0;; stop++) {
		struct emu *e = ring_open(c, 1);
		unsigned frames = ring_frames(e);
		uint64_t va;

		ring_turn_to(e, c->number == 0 ? 3 : frames - 1);
		va = emu_enter(e, emu_page(e, 2), 0);
		check_load(e, va, WORD, contract_tag(e, emu_page(e, 2)));
		if (emu_call_until(e, emu_symbol(e, "qpmap_remove"), "w", &va,
		    stop) != EMU_PAUSED) {
			CHECK(stop >= 8, "remove is too short");
			break;
		}
		CHECK_EQUAL(EMU_CALL(e, "qpmap_cpu_abandon", "w",
		    emu_state_pa(e)), EMU_RETURNED, "abandon");
		for (unsigned n = 0; n < frames; n++) {
			check_nothing(e, ring_va_of(e, 0, n));
		}
		ring_check_at(e, 0, 0);
		CHECK_EQUAL(emu_held(e), 0, "held");
		ring_handler(e, 1);
		for (unsigned n = 0; n < 2 * frames; n++) {
			ring_pair(e, n);
		}
		contract_close();
	}
}

/* After qpmap_quiesce() no CPU reaches anything. */
static void
ring_quiesce(const struct contract_case *c)
{
	struct emu *e = ring_open(c, 2);
	unsigned frames = ring_frames(e), cpu, n, i;
	uint64_t va;

	for (n = 0; n < frames; n++) {
		for (cpu = 0; cpu < 2; cpu++) {
			emu_cpu(e, cpu);
			va = emu_enter(e, emu_page(e, 2 * n + cpu), 0);
			/* Both have it, one of them by speculation. */
			for (i = 0; i < 2; i++) {
				emu_cpu(e, i);
				check_load(e, va, WORD, contract_tag(e,
				    emu_page(e, 2 * n + cpu)));
			}
			emu_cpu(e, cpu);
			emu_remove(e, va);
			if (n != frames - 1) {
				emu_cpu(e, 1 - cpu);
				check_load(e, va, WORD, emu_read(e,
				    emu_page(e, 2 * n + cpu), 8));
			}
		}
		SMP_CALL(e, n % 2, "qpmap_quiesce", "");
		for (cpu = 0; cpu < 2; cpu++) {
			emu_cpu(e, cpu);
			for (i = 0; i <= n; i++) {
				check_nothing(e, ring_va_of(e, 0, i));
				check_nothing(e, ring_va_of(e, 1, i));
			}
		}
	}
	smp_check_idle(e, 2);
}

/*
 * In the middle of a turn a CPU goes offline, and another one, who had looked,
 * gets its number: at every place of the ring it sees its own pages.  (The
 * emulator's arm64 forgets too much with any TLBI: unit tests see the rest.)
 */
static void
ring_window(const struct contract_case *c)
{
	struct emu *e = ring_open(c, 2);
	unsigned frames = ring_frames(e), n;
	uint64_t va;

	for (n = 0; n < frames - 1; n++) {
		emu_cpu(e, 0);
		va = emu_enter(e, emu_page(e, n), 0);
		emu_cpu(e, 1);
		check_load(e, va, WORD, contract_tag(e, emu_page(e, n)));
		emu_cpu(e, 0);
		emu_remove(e, va);
	}
	for (unsigned cpu = 0; cpu < 2; cpu++) {
		emu_cpu(e, cpu);
		EMU_CALL(e, "qpmap_cpu_offline", "w", emu_state_pa(e));
		CHECK_EQUAL(e->status, EMU_RETURNED, "offline");
	}
	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_OK, "online");
	for (n = 0; n < 2 * frames; n++) {
		va = emu_enter(e, emu_page(e, 100 + n), 0);
		CHECK_EQUAL(va, ring_va_of(e, 0, n % frames),
		    "frame's address");
		check_load(e, va, WORD, contract_tag(e,
		    emu_page(e, 100 + n)));
		emu_remove(e, va);
	}
	check_idle(e);
}

void
contract_ring_cases(const struct emu_mode *mode)
{
	const struct emu_feature *feature = mode->arch->shootdown_features;

	contract_add(mode, ring_sequence, NULL, "B12/sequence");
	if (mode->arch->shootdown_boot_flag != 0) {
		contract_add(mode, ring_sequence, &(struct contract_case){
		    .number = 1 }, "B12/sequence/cpu-feature");
	}
	for (; feature->name != NULL; feature++) {
		if ((feature->flag & RING_SPECIAL) != 0) {
			contract_add(mode, ring_strict,
			    &(struct contract_case){ .arg = feature },
			    "B12/strict/%s", feature->name);
			continue;
		}
		contract_add(mode, ring_sequence, &(struct contract_case){
		    .number = 1, .arg = feature }, "B12/sequence/%s",
		    feature->name);
	}
	for (feature = mode->arch->features; feature->name != NULL;
	    feature++) {
		if ((feature->flag & RING_SPECIAL) != 0) {
			contract_add(mode, ring_strict,
			    &(struct contract_case){ .arg = feature },
			    "B12/strict/flag=%s", feature->name);
		}
	}
	contract_add(mode, ring_stale, NULL, "B12/stale-for-a-turn");
	contract_add(mode, ring_nested, NULL, "B12/nested");
	contract_add_types(mode, ring_type, "B12");
	contract_add(mode, ring_worst, NULL, "B12/worst");
	contract_add(mode, ring_window, NULL, "B12/window-changes-hands");
	contract_add(mode, ring_quiesce, NULL, "B12/quiesce");
	for (unsigned i = 0; i < 3; i++) {
		contract_add(mode, ring_interrupt, &(struct contract_case){
		    .number = i }, "B12/interrupt/handler=%u", i);
	}
	for (unsigned i = 0; i < 2; i++) {
		contract_add(mode, ring_abandon, &(struct contract_case){
		    .number = i }, "B12/abandon/%s", i == 0 ? "middle" :
		    "end");
	}
	contract_add(mode, ring_ten_thousand, NULL, "B12/10000-pages");
}
