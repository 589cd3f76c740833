/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Several CPUs in the contract tests: guest "smp", calls that wait for other
 * CPUs, and translations that they must invalidate.
 *
 * CPU n has window n, unless a test says otherwise.  No CPU does anything but
 * what a test has it do.
 */
#ifndef EMU_CONTRACT_SMP_H
#define EMU_CONTRACT_SMP_H

#include "contract.h"

/* The case's machine, initialised, and CPUs 0 to cpus - 1 online. */
struct emu *smp_ready(const struct contract_case *c, unsigned cpus);
/* The same of a machine that is configured already. */
void smp_start(struct emu *e, unsigned cpus);

/*
 * Begin a call on a CPU: it ends, or is broken off where it first waits for
 * another CPU (EMU_PAUSED); go on until it waits again, or ends.
 */
enum emu_status smp_begin(struct emu *e, unsigned cpu, const char *name,
    const char *kinds, const uint64_t *values);
#define SMP_BEGIN(e, cpu, name, kinds, ...)				\
	smp_begin((e), (cpu), (name), (kinds),				\
	    (const uint64_t[]){ 0, ##__VA_ARGS__ } + 1)
enum emu_status smp_go_on(struct emu *e, unsigned cpu);

/* The CPU takes a shootdown interrupt; or polls, pinned. */
void smp_interrupt(struct emu *e, unsigned cpu);
void smp_poll(struct emu *e, unsigned cpu);

/*
 * Go on with a call that waits: the others take the interrupts that they were
 * sent; it must return.  A whole call of this kind: its result.
 */
void smp_finish(struct emu *e, unsigned cpu);
uint64_t smp_call(struct emu *e, unsigned cpu, const char *name,
    const char *kinds, const uint64_t *values);
#define SMP_CALL(e, cpu, name, kinds, ...)				\
	smp_call((e), (cpu), (name), (kinds),				\
	    (const uint64_t[]){ 0, ##__VA_ARGS__ } + 1)

/* qpmap_global_enter() on a CPU, with success; the address. */
uint64_t smp_global_enter(struct emu *e, unsigned cpu, uint64_t pa,
    unsigned attr);

/*
 * Translations that are in the TLBs of the CPUs of a set, and no more in the
 * tables: page i of the machine's test pages at va + i pages.
 */
void smp_plant(struct emu *e, unsigned cpus, uint64_t va, unsigned pages);
/* The CPU still has them; or has none of them: each access faults. */
void smp_check_stale(struct emu *e, unsigned cpu, uint64_t va,
    unsigned pages);
void smp_check_gone(struct emu *e, unsigned cpu, uint64_t va, unsigned pages);

/* All CPUs online: nothing held, pinned, or waited for. */
void smp_check_idle(struct emu *e, unsigned cpus);

/* No interrupt was sent to any window from first to last; drop the rest. */
void smp_check_quiet(struct emu *e, unsigned first, unsigned last);

/* Where a word of the shootdown's memory is, by its fact; and set one. */
uint64_t smp_at_shootdown(struct emu *e, unsigned fact);
uint64_t smp_at_request(struct emu *e, uint64_t generation, unsigned fact);
uint64_t smp_at_sync(struct emu *e, unsigned window, unsigned fact);
uint64_t smp_at_group(struct emu *e, unsigned group, unsigned fact);
void smp_set(struct emu *e, uint64_t at, uint64_t value);

/* What qpmap_cpu_sync.online says: src/core/shootdown.h. */
#define SMP_FREE	0
#define SMP_TAKEN	1
#define SMP_ONLINE	2

/* A register-wide number, all ones; and a bitmap of windows for the guest. */
uint64_t smp_ones(const struct emu *e);
uint64_t smp_bitmap(struct emu *e, const unsigned *windows, unsigned count);

#endif /* EMU_CONTRACT_SMP_H */
