/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scheduler: which CPU executes the next instruction, what interrupts it,
 * and what its TLB takes in on the way.
 *
 * A coroutine switches to another only before an instruction of its engine,
 * inside the engine's code hook.  So at every switch the harness's own state
 * (struct emu) is that of a run under way, and only says which CPU it is.
 */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "schedule.h"

#define SCHED_STACK_SIZE (1u << 20)

/* No schedule takes so many steps unless somebody waits for ever. */
#define SCHED_STEP_LIMIT 500000

/*
 * What a CPU did last.  After something that others see, or that decides what
 * it does next, it may stop for long, and more often where protocols are most
 * easily wrong: while it joins or leaves, and where it has read what it
 * acknowledged itself.
 */
#define SCHED_ACTED 1
#define SCHED_DECIDED 2
#define SCHED_DECIDED_RATE 6

/* Handlers in handlers: what emu.h lets a call be broken off for. */
#define SCHED_LEVELS 2

/* Numbers that look random: xorshift64*, Vigna 2016. */
unsigned
sched_random(unsigned limit)
{
	sched.random ^= sched.random >> 12;
	sched.random ^= sched.random << 25;
	sched.random ^= sched.random >> 27;
	return ((unsigned)((sched.random * UINT64_C(0x2545f4914f6cdd1d)) >>
	    33) % limit);
}

/* The machine's current CPU is c from here on. */
static void
sched_adopt(struct sched_cpu *c)
{
	struct emu *e = sched.e;

	sched.current = c;
	e->cpu = e->thread = c->number;
	e->uc = c->uc;
	e->percpu = c->percpu;
}

/*
 * The next CPU.  Those whose scripts are done come rarely; those that are
 * frozen only when nobody else is left.
 */
static struct sched_cpu *
sched_pick(void)
{
	unsigned weight[EMU_CPUS], sum = 0, chosen;

	for (unsigned i = 0; i < sched.cpu_count; i++) {
		const struct sched_cpu *c = &sched.cpu[i];

		weight[i] = c->finished || c->frozen > sched.steps ? 0 :
		    c->idle ? 1 : 4;
		sum += weight[i];
	}
	if (sum == 0) {
		for (unsigned i = 0; i < sched.cpu_count; i++) {
			weight[i] = !sched.cpu[i].finished;
			sum += weight[i];
		}
	}
	chosen = sched_random(sum);
	for (unsigned i = 0;; i++) {
		if (chosen < weight[i]) {
			return (&sched.cpu[i]);
		}
		chosen -= weight[i];
	}
}

/* Let somebody go on; back when it is c's turn again. */
static void
sched_switch(struct sched_cpu *c)
{
	struct sched_cpu *next;

	if (sched_random(sched.freeze_rate) == 0) {
		sched.cpu[sched_random(sched.cpu_count)].frozen =
		    sched.steps + sched_random(sched.freeze_steps);
	}
	sched.slice = sched_random(sched.grain);
	next = sched_pick();
	if (next != c) {
		sched.current = next;
		if (swapcontext(&c->context, &next->context) != 0) {
			sched_fail("swapcontext");
		}
		sched_adopt(c);
	}
}

static bool
sched_acts_x86(const uint8_t *bytes)
{
	while (bytes[0] == 0x66 || bytes[0] == 0xf2 || bytes[0] == 0xf3 ||
	    (sched.e->mode->va_bits != 32 && (bytes[0] & 0xf0) == 0x40)) {
		bytes++;
	}
	return (bytes[0] == 0xf0 || bytes[0] == 0x87 || (bytes[0] == 0x0f &&
	    (bytes[1] == 0x01 || bytes[1] == 0x22 || bytes[1] == 0xae)));
}

/*
 * Whether the instruction at pc is one of those that protocols are made of:
 * atomics, fences, system instructions.
 */
static bool
sched_acts(struct emu *e, uint64_t pc)
{
	const uint8_t *bytes = emu_ram(e, pc, 4);
	unsigned opcode = bytes[0] & 0x7f;

	switch (e->arch->uc_arch) {
	case UC_ARCH_X86:
		return (sched_acts_x86(bytes));
	case UC_ARCH_ARM64:
		return (bytes[3] == 0xd5 || (bytes[3] & 0x3f) == 0x08);
	default:
		return (opcode == 0x0f || opcode == 0x2f || opcode == 0x73);
	}
}

/*
 * Whether something is due that needs the engine: addresses to touch, an
 * interrupt, or a long stop where it hurts most, after something that others
 * see.  An interrupt that is not the library's may be an NMI: then it does not
 * ask whether interrupts are on.  Of these there are not many: what a handler
 * does may end a wait that should not have been.
 */
static bool
sched_is_due(struct sched_cpu *c, unsigned acted)
{
	unsigned stall_rate = acted >= SCHED_DECIDED ? SCHED_DECIDED_RATE :
	    sched.stall_rate;

	if (sched_random(sched.touch_rate) == 0) {
		if (sched_random(2) == 0) {
			sched_want_mapped(c);
		} else {
			sched_want(c,
			    sched.recent[sched_random(SCHED_RECENT)]);
		}
	}
	if (acted != 0 && sched_random(stall_rate) == 0) {
		for (unsigned i = 0; i < 2 * acted; i++) {
			sched_want_mapped(c);
		}
		c->stall = true;
	}
	if (c->online && !c->changing && c->level < SCHED_LEVELS &&
	    (c->enabled || sched_random(4) == 0) && sched.timers != 0 &&
	    sched_random(sched.timer_rate) == 0) {
		sched.timers--;
		c->timer = true;
	}
	return (c->wanted_count != 0 || c->timer || c->stall || (c->enabled &&
	    c->level < SCHED_LEVELS && c->pending != 0 &&
	    c->due <= sched.steps));
}

/*
 * What a CPU that looks for a slot can see now: those in another call's
 * shootdown, neither clean nor dirty, are not free.
 */
static void
sched_look(struct sched_cpu *c)
{
	const struct emu *e = sched.e;
	uint64_t slots = e->fact[FACT_GLOBAL_SLOTS], number, bits;

	for (unsigned i = 0; i < SCHED_SLOTS && c->entering; i++) {
		number = (sched.place[SCHED_GLOBAL_FIRST + i].va -
		    e->config[WIRE_GLOBAL_VA]) >> (e->mode->page_shift + 1);
		bits = emu_group_word(sched.e, (unsigned)(number / slots),
		    FACT_GROUP_CLEAN) | emu_group_word(sched.e,
		    (unsigned)(number / slots), FACT_GROUP_DIRTY);
		if ((bits >> number % slots & 1) == 0) {
			c->seen |= 1u << i;
		}
	}
}

/* Before each instruction, but for those that must follow the last. */
static bool
sched_before(struct emu *e, uint64_t pc)
{
	struct sched_cpu *c = sched.current;
	unsigned acted = c->acted;

	if (c->alone) {
		return (false);
	}
	sched.steps++;
	if (sched.steps > SCHED_STEP_LIMIT) {
		sched_fail("no end after %u steps: lost request, or deadlock",
		    SCHED_STEP_LIMIT);
	}
	if (sched.slice == 0) {
		sched_switch(c);
		sched_look(c);
	} else {
		sched.slice--;
	}
	if (c->stalled) {
		return (false);
	}
	c->acted = !sched_acts(e, pc) ? 0 : c->changing ? SCHED_DECIDED :
	    SCHED_ACTED;
	return (sched_is_due(c, acted));
}

/* What others may have seen is a good moment to let them run. */
static void
sched_stored(struct emu *e, uint64_t pa, unsigned size, uint64_t value)
{
	(void)e;
	(void)size;
	(void)value;
	if (pa - sched.private_first[0] >= sched.private_size[0] &&
	    pa - sched.private_first[1] >= sched.private_size[1]) {
		sched.current->acted |= SCHED_ACTED;
		if (sched_random(4) != 0) {
			sched.slice = 0;
		}
	}
}

static void
sched_loaded(struct emu *e, uint64_t pa)
{
	struct sched_cpu *c = sched.current;
	uint64_t size = e->fact[FACT_SYNC_SIZE];

	if (pa - (sched.remote + c->window * size) < size) {
		c->acted = SCHED_DECIDED;
	} else if (pa - sched.private_first[0] >= sched.private_size[0] &&
	    pa - sched.private_first[1] >= sched.private_size[1]) {
		c->acted |= SCHED_ACTED;
	}
}

/*
 * The library asks for an interrupt: one that comes late, or twice.  If nobody
 * has the window, its CPU has gone offline.
 */
static void
sched_sent(struct emu *e, unsigned window)
{
	struct sched_cpu *c;

	(void)e;
	if (window >= EMU_CPUS || sched.owner[window] == SCHED_NOBODY) {
		return;
	}
	c = &sched.cpu[sched.owner[window]];
	c->due = sched.steps + sched_random(sched.delay_steps);
	c->pending = sched_random(8) == 0 ? c->pending + 2 :
	    c->pending == 0 ? 1 : c->pending;
}

static void
sched_check_touch(struct sched_cpu *c, const struct sched_place *place,
    bool valid, uint64_t tag, enum emu_status status)
{
	struct emu *e = sched.e;

	if (valid) {
		if (status != EMU_RETURNED || (uint32_t)e->result != tag) {
			sched_fail("CPU %u at 0x%llx: %s 0x%x where page 0x%x "
			    "is mapped", c->number,
			    (unsigned long long)place->va,
			    status == EMU_RETURNED ? "sees" : "faults, not",
			    (unsigned)e->result, (unsigned)tag);
		}
	} else if (status != EMU_FAULTED) {
		sched_fail("CPU %u at 0x%llx: still sees 0x%x, of a page given "
		    "away", c->number, (unsigned long long)place->va,
		    (unsigned)e->result);
	} else if (e->fault.other || e->fault.va != place->va) {
		sched_fail("CPU %u at 0x%llx: another fault", c->number,
		    (unsigned long long)place->va);
	}
}

/*
 * A load, as speculation would do it: the TLB now has what the entry says.  And
 * if this CPU must have invalidated what was there before, this sees whether it
 * has.
 */
static void
sched_touch(struct sched_cpu *c, unsigned number)
{
	struct emu *e = sched.e;
	const struct sched_place *place = &sched.place[number];
	uint64_t entry = emu_read(e, place->slot, e->mode->entry_size);
	bool valid = e->arch->is_valid(e, entry);
	bool judged = c->online && (place->stale & c->bit) == 0;
	uint64_t tag = valid ? emu_read(e, e->arch->entry_pa(e, entry), 4) : 0;
	enum emu_status status;

	if (!judged && !valid) {
		return;
	}
	c->alone = true;
	status = emu_call(e, sched.load, "w", &place->va);
	c->alone = false;
	if (judged) {
		sched_check_touch(c, place, valid, tag, status);
	}
}

void
sched_want(struct sched_cpu *c, unsigned place)
{
	if (c->wanted_count < SCHED_WANTED) {
		c->wanted[c->wanted_count++] = place;
	}
}

void
sched_want_mapped(struct sched_cpu *c)
{
	struct emu *e = sched.e;
	unsigned number = sched_random(SCHED_PLACES);

	for (unsigned i = 0; i < SCHED_PLACES; i++) {
		if (e->arch->is_valid(e, emu_read(e, sched.place[number].slot,
		    e->mode->entry_size))) {
			break;
		}
		number = (number + 1) % SCHED_PLACES;
	}
	sched_want(c, number);
}

void
sched_want_recent(struct sched_cpu *c)
{
	for (unsigned i = 0; i < SCHED_RECENT; i++) {
		sched_want(c, sched.recent[i]);
	}
}

void
sched_want_all(unsigned set, unsigned place)
{
	for (unsigned i = 0; i < sched.cpu_count; i++) {
		if ((set & sched.cpu[i].bit) != 0) {
			sched_want(&sched.cpu[i], place);
		}
	}
}

/*
 * The interrupt that was sent, or another one.  As in a kernel, a handler is
 * not moved to another CPU.
 */
static void
sched_interrupt(struct sched_cpu *c)
{
	struct emu *e = sched.e;
	uint64_t depth = c->percpu + e->fact[FACT_PERCPU_DEPTH];
	bool enabled = c->enabled;

	c->level++;
	c->enabled = enabled && sched_random(2) == 0;
	emu_write(e, depth, 4, emu_read(e, depth, 4) + 1);
	if (c->timer) {
		c->timer = false;
		sched_handler(c);
	} else {
		c->pending--;
		sched_call(c, sched.ipi, "", NULL);
	}
	emu_write(e, depth, 4, emu_read(e, depth, 4) - 1);
	c->enabled = enabled;
	c->level--;
}

/*
 * This CPU does not go on for some time.  Others do, so it has to be in a run:
 * of a load that means nothing.
 */
static void
sched_stall(struct sched_cpu *c)
{
	c->frozen = sched.steps + 1 + sched_random(sched.freeze_steps);
	c->stalled = true;
	sched.slice = 0;
	emu_call(sched.e, sched.load, "w", &sched.idle_word);
	c->stalled = false;
	if (sched_random(4) != 0) {
		c->due = sched.steps;
	}
}

/* The engine is broken off before an instruction: do what was due. */
static void
sched_serve(struct sched_cpu *c)
{
	while (c->wanted_count != 0) {
		sched_touch(c, c->wanted[--c->wanted_count]);
	}
	if (c->stall) {
		c->stall = false;
		sched_stall(c);
	}
	if (c->timer || (c->enabled && c->level < SCHED_LEVELS &&
	    c->pending != 0 && c->due <= sched.steps)) {
		sched_interrupt(c);
	}
}

enum emu_status
sched_call(struct sched_cpu *c, uint64_t function, const char *kinds,
    const uint64_t *values)
{
	struct emu *e = sched.e;
	enum emu_status status = emu_call_until(e, function, kinds, values,
	    EMU_X0);

	while (status == EMU_PAUSED) {
		sched_serve(c);
		status = emu_resume(e);
	}
	if (status == EMU_PANICKED) {
		sched_fail("panic: %s (0x%llx, 0x%llx)", e->panic.text,
		    (unsigned long long)e->panic.a,
		    (unsigned long long)e->panic.b);
	}
	if (status == EMU_FAULTED) {
		sched_fail("fault at 0x%llx in %s",
		    (unsigned long long)e->fault.va,
		    emu_symbol_at(e, e->fault.pc));
	}
	return (status);
}

void
sched_spin(struct sched_cpu *c, unsigned times)
{
	for (; times != 0; times--) {
		sched_call(c, sched.load, "w", &sched.idle_word);
	}
}

static void (*sched_main)(struct sched_cpu *c);

/* One CPU's whole life.  The last one goes back to the main program. */
static void
sched_coroutine(void)
{
	struct sched_cpu *c = sched.current;

	sched_adopt(c);
	sched_main(c);
	c->finished = true;
	for (unsigned i = 0; i < sched.cpu_count; i++) {
		if (!sched.cpu[i].finished) {
			sched.current = sched_pick();
			setcontext(&sched.current->context);
		}
	}
	setcontext(&sched.context);
}

static void
sched_stack(struct sched_cpu *c)
{
	if (c->stack == NULL) {
		c->stack = mmap(NULL, SCHED_STACK_SIZE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
		if (c->stack == MAP_FAILED) {
			emu_die("no memory for a coroutine");
		}
	}
}

void
sched_run(void (*script)(struct sched_cpu *c))
{
	sched_main = script;
	for (unsigned i = 0; i < sched.cpu_count; i++) {
		struct sched_cpu *c = &sched.cpu[i];

		sched_stack(c);
		getcontext(&c->context);
		c->context.uc_stack.ss_sp = c->stack;
		c->context.uc_stack.ss_size = SCHED_STACK_SIZE;
		c->context.uc_link = NULL;
		makecontext(&c->context, sched_coroutine, 0);
	}
	sched.e->pause_before = sched_before;
	sched.e->on_store = sched_stored;
	sched.e->on_load = sched_loaded;
	sched.e->on_ipi = sched_sent;
	sched.current = sched_pick();
	swapcontext(&sched.context, &sched.current->context);
	sched.e->pause_before = NULL;
	sched.e->on_store = NULL;
	sched.e->on_load = NULL;
	sched.e->on_ipi = NULL;
	sched.total_steps += sched.steps;
	if (sched.most_steps < sched.steps) {
		sched.most_steps = sched.steps;
	}
}
