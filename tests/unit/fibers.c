/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CPUs in turns: see fibers.h.
 */
#include <ucontext.h>

#include "fibers.h"

#if QPMAP_SHOOTDOWN

#define FIBERS_STACK	(64 * 1024)
#define FIBERS_STEPS	200000

/* AddressSanitizer is told which stack is in use. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FIBERS_ASAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define FIBERS_ASAN 1
#endif
#ifdef FIBERS_ASAN
#include <sanitizer/asan_interface.h>
#endif

/* A CPU; the last one is the test itself. */
struct fiber {
	ucontext_t context;
	unsigned char *stack;
	size_t stack_bytes;
	void *shadow;
	void (*body)(void);	/* NULL: interrupts only */
	_Bool busy;		/* its body or an interrupt runs */
	_Bool masked;
	_Bool pending;		/* an interrupt */
	unsigned int depth;	/* of interrupts taken */
	unsigned int asleep;	/* until that step */
};

static struct fiber fiber[FAKE_CPUS + 1];
static unsigned int fiber_now = FAKE_CPUS;
static struct fibers_plan fiber_plan;
static unsigned int fiber_steps, fiber_ran, fiber_stops;

unsigned int
fibers_pick(unsigned int count)
{
	return (fake_random(&fiber_plan.seed) % count);
}

static void
fiber_switch(unsigned int to)
{
	struct fiber *from = &fiber[fiber_now];

	if (to == fiber_now) {
		return;
	}
	fiber_now = to;
	fiber_ran = 0;
#ifdef FIBERS_ASAN
	__sanitizer_start_switch_fiber(&from->shadow, fiber[to].stack,
	    fiber[to].stack_bytes);
#endif
	if (swapcontext(&from->context, &fiber[to].context) != 0) {
		abort();
	}
#ifdef FIBERS_ASAN
	__sanitizer_finish_switch_fiber(from->shadow, NULL, NULL);
#endif
	if (fiber_now != FAKE_CPUS) {
		fake_run_on(fiber_now);
	}
}

/* The next CPU that has something to do; the test itself, if none has. */
static unsigned int
fiber_next(void)
{
	unsigned int busy = 0, awake = 0, cpu;

	for (unsigned int n = 1; n <= FAKE_CPUS; n++) {
		cpu = (fiber_now + n) % FAKE_CPUS;
		if (!fiber[cpu].busy && !fiber[cpu].pending) {
			continue;
		}
		if (fiber_plan.seed == 0) {
			return (cpu);
		}
		busy |= 1u << cpu;
		awake |= (unsigned int)(fiber[cpu].asleep <= fiber_steps) <<
		    cpu;
	}
	busy = awake != 0 ? awake : busy;
	if (busy == 0) {
		return (FAKE_CPUS);
	}
	do {
		cpu = fibers_pick(FAKE_CPUS);
	} while ((busy >> cpu & 1) == 0);
	return (cpu);
}

static void
fiber_deliver(struct fiber *f)
{
	_Bool due = f->pending;

	if (f->masked || f->depth == 2) {
		return;
	}
	if (fiber_plan.seed != 0) {
		/* One that nobody sent, or one that comes late. */
		due = fibers_pick(100) == 0 ||
		    (due && fibers_pick(fiber_plan.late) == 0);
	}
	if (due) {
		/* Twice, now and then. */
		f->pending = fiber_plan.seed != 0 && fibers_pick(8) == 0;
		f->depth++;
		fake_interrupt(fake.cpu);
		f->depth--;
	}
}

static void
fiber_step(void)
{
	struct fiber *f = &fiber[fiber_now];

	if (++fiber_steps > FIBERS_STEPS) {
		fail_msg("CPUs wait for each other, or for nobody");
	}
	fiber_deliver(f);
	fiber_ran++;
	if (fiber_plan.seed == 0) {
		if (fiber_stops < 2 &&
		    fiber_ran == fiber_plan.at[fiber_stops]) {
			fiber_stops++;
			fiber_switch(fiber_next());
		} else if (fiber_plan.stop != NULL && fiber_plan.stop()) {
			fiber_switch(fiber_next());
		}
	} else if (fibers_pick(fiber_plan.grain) == 0) {
		if (fibers_pick(16) == 0) {
			f->asleep = fiber_steps + fibers_pick(400);
		}
		fiber_switch(fiber_next());
	}
}

void
fibers_spin(void)
{
	fiber_step();
	if (fiber_plan.stop == NULL) {
		fiber_switch(fiber_next());
	}
}

void
fibers_mask(_Bool masked)
{
	fiber[fiber_now].masked = masked;
}

static void
fiber_ipi(uint32_t window)
{
	unsigned int target = fake_target(window);

	if (target != FAKE_CPUS) {
		fiber[target].pending = 1;
	}
}

static void
fiber_main(void)
{
	struct fiber *f = &fiber[fiber_now];

#ifdef FIBERS_ASAN
	const void *bottom;
	size_t bytes;

	__sanitizer_finish_switch_fiber(NULL, &bottom, &bytes);
	if (fiber[FAKE_CPUS].stack == NULL) {
		fiber[FAKE_CPUS].stack = (unsigned char *)(uintptr_t)bottom;
		fiber[FAKE_CPUS].stack_bytes = bytes;
	}
#endif
	fake_run_on(fiber_now);
	if (f->busy) {
		f->body();
	}
	f->busy = f->masked = 0;
	for (;;) {
		if (f->pending) {
			f->busy = 1;
			f->pending = 0;
			fake_interrupt(fake.cpu);
			f->busy = 0;
		}
		fiber_switch(fiber_next());
	}
}

unsigned int
fibers_run(const struct fibers_plan *plan, unsigned int first,
    void (*const body[FAKE_CPUS])(void))
{
	unsigned int was = fake.cpu, cpu;
	struct fiber *f;

	fiber_plan = *plan;
	fiber_steps = fiber_ran = fiber_stops = 0;
	for (cpu = 0; cpu < FAKE_CPUS; cpu++) {
		f = &fiber[cpu];
		f->body = body[cpu];
		f->busy = body[cpu] != NULL;
		f->masked = f->pending = 0;
		f->depth = f->asleep = 0;
		if (f->stack == NULL) {
			f->stack = malloc(FIBERS_STACK);
			f->stack_bytes = FIBERS_STACK;
			assert_non_null(f->stack);
		}
#ifdef FIBERS_ASAN
		__asan_unpoison_memory_region(f->stack, f->stack_bytes);
#endif
		(void)getcontext(&f->context);
		f->context.uc_stack.ss_sp = f->stack;
		f->context.uc_stack.ss_size = f->stack_bytes;
		f->context.uc_link = NULL;
		makecontext(&f->context, fiber_main, 0);
	}
	fake.step = fiber_step;
	fake.ipi = fiber_ipi;
	fake.spin = fibers_spin;
	fiber_switch(first);
	fake.step = NULL;
	fake.ipi = NULL;
	fake.spin = NULL;
	fake_run_on(was);
	return (fiber_stops);
}

void
fibers_pairs(unsigned int a, void (*body_a)(void), unsigned int b,
    void (*body_b)(void), void (*before)(void), void (*after)(void))
{
	void (*body[FAKE_CPUS])(void) = { NULL };
	struct fibers_plan plan = { .at = { 1, 1 } };
	unsigned int reached, runs = 0;

	body[a] = body_a;
	body[b] = body_b;
	do {
		plan.at[1] = 1;
		do {
			fake_reset();
			before();
			reached = fibers_run(&plan, a, body);
			after();
			/* Every one at first, and then fewer. */
			plan.at[1] += 1 + plan.at[1] / 16;
			runs++;
		} while (reached == 2);
		plan.at[0]++;
	} while (reached != 0);
	assert_true(runs > 20);
}

int
fibers_teardown(void **state)
{
	if (fiber_now != FAKE_CPUS) {
		print_error("%s: CPU %u had the turn, stops %u %u, step %u\n",
		    (const char *)*state, fiber_now, fiber_plan.at[0],
		    fiber_plan.at[1], fiber_steps);
		fiber_now = FAKE_CPUS;
#ifdef FIBERS_ASAN
		__sanitizer_start_switch_fiber(NULL, fiber[FAKE_CPUS].stack,
		    fiber[FAKE_CPUS].stack_bytes);
		__sanitizer_finish_switch_fiber(NULL, NULL, NULL);
#endif
	}
	return (fake_teardown(state));
}

#endif /* QPMAP_SHOOTDOWN */
