/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Several CPUs in emulation, interleaved at instruction grain: what the files
 * of emu-schedule share.
 *
 * Each CPU of a schedule is an engine, and a coroutine of the harness that runs
 * a script of calls on it.  The scheduler (run.c) takes over before each
 * instruction: it may let another CPU go on, have this one interrupted, or have
 * it *touch* an address, as speculation might.  All is decided by a seed, so
 * that a schedule can be run again.
 *
 * All of it is one host thread, so an instruction is atomic, and every CPU sees
 * stores at once and in order.  An x86 LOCK instruction is one step.  arm64's
 * and riscv64's store-exclusive do not know what other engines do: Unicorn
 * makes one succeed if memory still has the value that the load-exclusive
 * found.  That is a compare-and-swap, which can be fooled by a value that went
 * and came back: hardware is never more permissive.
 */
#ifndef EMU_SCHEDULE_H
#define EMU_SCHEDULE_H

#include <ucontext.h>

#include "emu.h"

/* Pages that a CPU maps, clears and shoots down itself. */
#define SCHED_AREA_PAGES 40
#define SCHED_WINDOW_SLOTS 4
/* Slots left for the schedule, in both groups. */
#define SCHED_SLOTS 5
#define SCHED_WINDOW_PLACES (EMU_CPUS * SCHED_WINDOW_SLOTS)
#define SCHED_AREA_PLACES (EMU_CPUS * SCHED_AREA_PAGES)
#define SCHED_GLOBAL_FIRST SCHED_WINDOW_PLACES
#define SCHED_AREA_FIRST (SCHED_GLOBAL_FIRST + SCHED_SLOTS)
#define SCHED_PLACES (SCHED_AREA_FIRST + SCHED_AREA_PLACES)

/* Test pages that a schedule maps. */
#define SCHED_PAGES 256
#define SCHED_WANTED 64
#define SCHED_RECENT 16
#define SCHED_THEMES 4
#define SCHED_NOBODY EMU_CPUS

/*
 * An address at which mappings come and go, and who may still have an older
 * translation.  A removal is counted when it begins, as its entry may be clear
 * from then on, and noted when it has returned.
 */
struct sched_place {
	uint64_t va;
	uint64_t slot;		/* where its entry is */
	unsigned stale;		/* CPUs that may have an older one */
	unsigned removals;	/* begun */
	unsigned removed;	/* the last that returned */
	bool held;		/* shared: somebody's */
	unsigned users;		/* shared: CPUs that use it just now */
	unsigned busy;		/* shared: from enter's end to removal's */
	unsigned page;		/* held: what it shows */
};

enum sched_page { SCHED_FREE, SCHED_USED, SCHED_DEFERRED };

struct sched_cpu {
	unsigned number;
	unsigned bit;
	uc_engine *uc;
	uint64_t percpu;
	ucontext_t context;
	void *stack;
	bool finished;
	const char *doing;	/* what its script is at */

	bool present;		/* interrupts are sent to it */
	bool online;		/* what it sees is judged */
	bool changing;		/* comes online, or goes */
	unsigned window;
	bool idle;		/* its script is done */
	bool rests;		/* it answers, and asks for nothing */
	unsigned operations;	/* of its script, so far */

	bool enabled;		/* interrupts */
	unsigned level;		/* of interrupts that it is in */
	bool alone;		/* a touch: nobody else runs meanwhile */
	unsigned pending;	/* interrupts sent */
	uint64_t due;		/* step before which they do not arrive */
	bool timer;		/* another interrupt is due */
	unsigned acted;		/* how much its last instruction matters */
	bool stall;		/* it is to stop after it for a while */
	bool stalled;		/* and does */
	uint64_t frozen;	/* until that step it does not run */
	bool entering;		/* in a global enter */
	unsigned seen;		/* slots that were not free during it */

	unsigned wanted[SCHED_WANTED];	/* places to touch */
	unsigned wanted_count;
};

/* One schedule. */
struct sched {
	struct emu *e;
	uint64_t seed;
	uint64_t random;	/* state of the generator */
	bool trace;

	struct sched_cpu cpu[EMU_CPUS];
	unsigned cpu_count;
	struct sched_cpu *current;
	ucontext_t context;	/* the main program's */
	uint64_t steps;
	uint64_t total_steps, most_steps;
	unsigned slice;		/* instructions until the next choice */
	unsigned active;	/* scripts not done */
	bool over;

	/* What the seed chooses for the whole of a schedule. */
	unsigned theme;		/* what there is much of */
	unsigned grain;		/* longest slice */
	unsigned touch_rate;	/* one touch in so many steps */
	unsigned timer_rate;
	unsigned timers;	/* left */
	unsigned freeze_rate;
	unsigned freeze_steps;
	unsigned stall_rate;
	unsigned delay_steps;	/* of interrupts */
	unsigned operations;	/* in a script */

	struct sched_place place[SCHED_PLACES];
	unsigned recent[SCHED_RECENT];	/* places last given away */
	unsigned recent_count;
	unsigned owner[EMU_CPUS];	/* of a window: its CPU */
	unsigned busy;		/* global mappings, calls on them */
	enum sched_page page[SCHED_PAGES];
	unsigned deferred[SCHED_PAGES];	/* clock of its removal */
	unsigned clock;
	uint32_t tag;

	/* Of the machine, once. */
	bool broadcasts;	/* a removal reaches every CPU */
	uint64_t load, store, enter, enter_ro, remove, online, offline;
	uint64_t global_enter, global_remove, global_deferred;
	uint64_t shootdown, quiesce, ipi;
	uint64_t idle_word;	/* VA = PA: one that nobody writes */
	uint64_t set_word;	/* CPU sets, one word of 8 bytes for each CPU */
	uint64_t private_first[2], private_size[2];
	uint64_t remote;	/* struct qpmap_cpu_sync of window 0 */
	uint64_t slot_bits[EMU_GROUPS];	/* those left for schedules */
	uint8_t *snapshot;
	uint64_t snapshot_size;
};
extern struct sched sched;

/* A number below limit. */
unsigned sched_random(unsigned limit);

/* Says what went wrong, and how to run it again; ends the program. */
_Noreturn void sched_fail(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
/* With --trace: what the current CPU does. */
void sched_trace(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* run.c: run all scripts to their ends. */
void sched_run(void (*script)(struct sched_cpu *c));
/* A call on c, which others' instructions and interrupts come amid. */
enum emu_status sched_call(struct sched_cpu *c, uint64_t function,
    const char *kinds, const uint64_t *values);
/*
 * c, or every CPU of the set, touches that place at its next instruction; or c
 * one that is mapped just now; or those that were given away last.
 */
void sched_want(struct sched_cpu *c, unsigned place);
void sched_want_all(unsigned set, unsigned place);
void sched_want_mapped(struct sched_cpu *c);
void sched_want_recent(struct sched_cpu *c);
/* A few instructions that mean nothing. */
void sched_spin(struct sched_cpu *c, unsigned times);

/* script.c */
void sched_script(struct sched_cpu *c);
/* Another interrupt's handler, which enters and removes a page. */
void sched_handler(struct sched_cpu *c);
/* A test page with a content of its own. */
uint64_t sched_page_pa(unsigned page);
void sched_page_tag(unsigned page);

#endif /* EMU_SCHEDULE_H */
