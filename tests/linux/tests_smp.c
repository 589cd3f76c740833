/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of what several CPUs have in common: global mappings, shootdown, and
 * CPUs that go and come.
 */
#include <linux/cpu.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

#include "linux.h"

/* An address that all CPUs load from, or find that they cannot. */
static qpmap_vaddr_t linux_probe_va;
static unsigned int linux_probe_page;

static const char *
linux_probe_present(unsigned int rounds)
{
	(void)rounds;
	if (linux_faults(linux_probe_va) ||
	    !linux_page_shows(linux_probe_page, linux_probe_va)) {
		return ("a CPU does not see a global mapping");
	}
	return (NULL);
}

static const char *
linux_probe_absent(unsigned int rounds)
{
	(void)rounds;
	return (linux_faults(linux_probe_va) ? NULL :
	    "a CPU can still use what was shot down");
}

static const char *
linux_global_once(unsigned int page)
{
	const char *why;

	linux_probe_page = page;
	if (qpmap_global_enter(page_to_phys(linux_pages[page]),
	    QPMAP_ATTR_WRITE_BACK, &linux_probe_va) != QPMAP_OK) {
		return ("no global slot");
	}
	why = linux_in_interrupts(linux_probe_present);
	qpmap_global_remove(linux_probe_va);
	return (why != NULL ? why : linux_in_interrupts(linux_probe_absent));
}

const char *
linux_test_global(unsigned int rounds)
{
	unsigned int i;
	const char *why = NULL;

	for (i = 0; i < 8 * rounds && why == NULL; i++) {
		why = linux_global_once(i);
	}
	return (why);
}

/*
 * A CPU that loads from a global mapping all the time, mostly with interrupts
 * off, while another one removes it.  What the turn's number, modulo 4, says:
 * 0, there is nothing to load from; 1, it is mapped; 2, its removal has
 * returned, and every load faults.
 */
static unsigned int linux_watch_turn;
static unsigned int linux_watch_seen;
static bool linux_watch_over;

static const char *
linux_watch_burst(void)
{
	unsigned int i, turn;
	const char *why = NULL;

	local_irq_disable();
	for (i = 0; i < 256; i++) {
		turn = smp_load_acquire(&linux_watch_turn);
		if (turn % 4 != 0 && !linux_faults(READ_ONCE(linux_probe_va)) &&
		    turn % 4 == 2) {
			why = "a CPU can still use what was removed";
		}
		smp_store_release(&linux_watch_seen, turn);
	}
	local_irq_enable();
	return (why);
}

static const char *
linux_watch_cpu(unsigned int rounds)
{
	const char *why = NULL;

	while (!READ_ONCE(linux_watch_over)) {
		const char *burst_why = linux_watch_burst();

		why = why == NULL ? burst_why : why;
		cond_resched();
	}
	return (why);
}

static void
linux_watch_next(unsigned int turn)
{
	smp_store_release(&linux_watch_turn, turn);
	while (smp_load_acquire(&linux_watch_seen) != turn) {
		cond_resched();
	}
}

static const char *
linux_watch_remover(unsigned int rounds)
{
	unsigned int i;
	qpmap_vaddr_t va;

	for (i = 0; i < 64 * rounds; i++) {
		if (qpmap_global_enter(page_to_phys(linux_pages[i % 64]),
		    QPMAP_ATTR_WRITE_BACK, &va) != QPMAP_OK) {
			return ("no global slot");
		}
		WRITE_ONCE(linux_probe_va, va);
		linux_watch_next(4 * i + 1);
		qpmap_global_remove(va);
		linux_watch_next(4 * i + 2);
		linux_watch_next(4 * i + 4);
	}
	return (NULL);
}

const char *
linux_test_global_watched(unsigned int rounds)
{
	unsigned int cpu = cpumask_last(cpu_online_mask);
	const char *why, *watch_why;
	void *watch;

	if (cpu == 0) {
		return ("there is only one CPU");
	}
	linux_watch_turn = 0;
	linux_watch_seen = 0;
	linux_watch_over = false;
	watch = linux_start(linux_watch_cpu, cpu, rounds);
	why = linux_wait(linux_start(linux_watch_remover, 0, rounds));
	WRITE_ONCE(linux_watch_over, true);
	watch_why = linux_wait(watch);
	return (why != NULL ? why : watch_why);
}

#define LINUX_SLOTS (LINUX_GROUPS * QPMAP_GLOBAL_SLOTS)

/*
 * Every slot in use, each by another page than in the last turn: one more is an
 * error; then all are removed, deferred.
 */
static const char *
linux_global_fill(qpmap_vaddr_t *va, unsigned int first)
{
	unsigned int i;
	const char *why = NULL;
	qpmap_vaddr_t more;

	for (i = 0; i < LINUX_SLOTS; i++) {
		if (qpmap_global_enter(page_to_phys(linux_pages[first + i]),
		    QPMAP_ATTR_WRITE_BACK, &va[i]) != QPMAP_OK) {
			return ("slots run out early");
		}
	}
	if (qpmap_global_enter(page_to_phys(linux_pages[0]),
	    QPMAP_ATTR_WRITE_BACK, &more) != QPMAP_ERR_GLOBAL_FULL) {
		why = "more global mappings than slots";
	}
	for (i = 0; i < LINUX_SLOTS; i++) {
		if (!linux_page_shows(first + i, va[i])) {
			why = "a global mapping shows another page";
		}
		qpmap_global_remove_deferred(va[i]);
	}
	return (why);
}

static const char *
linux_global_deferred_once(qpmap_vaddr_t *va, unsigned int turn)
{
	unsigned int i;
	const char *why = linux_global_fill(va, turn % 64);

	if (turn % 2 == 0 || why != NULL) {
		return (why);
	}
	qpmap_quiesce();
	for (i = 0; i < LINUX_SLOTS && why == NULL; i += 31) {
		linux_probe_va = va[i];
		why = linux_in_interrupts(linux_probe_absent);
	}
	return (why);
}

/* Without a qpmap_quiesce(), the next turn's enters reclaim the slots. */
const char *
linux_test_global_deferred(unsigned int rounds)
{
	static qpmap_vaddr_t va[LINUX_SLOTS];
	unsigned int i;
	const char *why = NULL;

	for (i = 0; i < 2 * rounds && why == NULL; i++) {
		why = linux_global_deferred_once(va, i);
	}
	return (why);
}

/*
 * One page, through a global mapping before and after it is through a window:
 * QEMU may invalidate more than the window's when that is removed.
 */
static const char *
linux_global_stress_page(unsigned int page, bool deferred)
{
	qpmap_vaddr_t va, window;
	bool shows;

	/* Slots that the other CPU reclaims just now count as taken. */
	while (qpmap_global_enter(page_to_phys(linux_pages[page]),
	    QPMAP_ATTR_WRITE_BACK, &va) != QPMAP_OK) {
		cond_resched();
	}
	shows = linux_page_shows(page, va);
	window = pmap_quick_enter_page(linux_pages[page]);
	shows = linux_page_shows(page, window) && shows;
	pmap_quick_remove_page(window);
	shows = linux_page_shows(page, va) && shows;
	if (deferred) {
		qpmap_global_remove_deferred(va);
	} else {
		qpmap_global_remove(va);
	}
	return (shows ? NULL : "a mapping shows another page");
}

/* All CPUs enter and remove, in both ways, as fast as they can. */
static const char *
linux_global_stress_cpu(unsigned int rounds)
{
	u32 random = raw_smp_processor_id() * 1013u + 7;
	unsigned int i, page;
	const char *why = NULL;

	for (i = 0; i < 64 * rounds && why == NULL; i++) {
		page = linux_random(&random) % linux_page_count;
		why = linux_global_stress_page(page, random % 3 != 0);
		cond_resched();
	}
	return (why);
}

const char *
linux_test_global_stress(unsigned int rounds)
{
	const char *why = linux_on_cpus(linux_global_stress_cpu, rounds);

	qpmap_quiesce();
	return (why);
}

/*
 * A mapping that Linux made: its entry is taken out and put back by hand, and
 * only qpmap_shootdown() notifies the CPUs.
 */
static const char *
linux_probe_spare(unsigned int rounds)
{
	(void)rounds;
	return (linux_faults(linux_probe_va) ?
	    "a CPU does not see Linux's own mapping" : NULL);
}

static const char *
linux_shootdown_once(unsigned int page_count)
{
	qpmap_vaddr_t va = linux_area.spare_va;
	pte_t saved = *linux_leaf(va);
	unsigned int i;
	const char *why = NULL;

	for (i = 0; i < page_count && why == NULL; i++) {
		linux_probe_va = va + i * PAGE_SIZE;
		why = linux_in_interrupts(linux_probe_spare);
	}
	for (i = 0; i < page_count; i++) {
		pte_clear(current->active_mm, va + i * PAGE_SIZE,
		    linux_leaf(va + i * PAGE_SIZE));
	}
	qpmap_shootdown(va, page_count, NULL);
	for (i = 0; i < page_count && why == NULL; i++) {
		linux_probe_va = va + i * PAGE_SIZE;
		why = linux_in_interrupts(linux_probe_absent);
	}
	for (i = 0; i < page_count; i++) {
		set_pte(linux_leaf(va + i * PAGE_SIZE), saved);
	}
	/* riscv64 and arm64: CPUs may have kept that it was empty. */
	qpmap_shootdown(va, page_count, NULL);
	return (why);
}

const char *
linux_test_shootdown(unsigned int rounds)
{
	unsigned int i;
	const char *why = NULL;

	for (i = 0; i < rounds && why == NULL; i++) {
		why = linux_shootdown_once(i % 2 == 0 ? 1 : LINUX_SPARE);
	}
	return (why);
}

/* CPUs that shoot at each other, with interrupts off and on. */
static const char *
linux_duel_cpu(unsigned int rounds)
{
	unsigned int i;
	qpmap_vaddr_t va;

	for (i = 0; i < 64 * rounds; i++) {
		if (i % 4 != 0) {
			local_irq_disable();
		}
		va = pmap_quick_enter_page(linux_pages[i % 64]);
		qpmap_shootdown(linux_area.spare_va, 1 + i % 48, NULL);
		if (!linux_page_shows(i % 64, va)) {
			local_irq_enable();
			return ("a mapping is gone after a shootdown");
		}
		pmap_quick_remove_page(va);
		if (i % 4 != 0) {
			local_irq_enable();
		}
		cond_resched();
	}
	return (NULL);
}

const char *
linux_test_shootdown_duel(unsigned int rounds)
{
	return (linux_on_cpus(linux_duel_cpu, rounds));
}

/* What CPU 0 does while the others are away. */
static bool linux_hotplug_over;
static unsigned int linux_hotplug_turns;

static const char *
linux_hotplug_worker(unsigned int rounds)
{
	const char *why = NULL;

	while (!READ_ONCE(linux_hotplug_over) && why == NULL) {
		why = linux_global_stress_cpu(1);
		WRITE_ONCE(linux_hotplug_turns, linux_hotplug_turns + 1);
	}
	return (why);
}

/*
 * One CPU goes and comes; then it uses its window, its range area, and global
 * mappings.
 */
static const char *
linux_hotplug_once(unsigned int cpu)
{
	unsigned int before = READ_ONCE(linux_hotplug_turns);
	const char *why;

	if (remove_cpu(cpu) != 0) {
		return ("a CPU does not go offline");
	}
	while (READ_ONCE(linux_hotplug_turns) == before) {
		schedule_timeout_uninterruptible(1);
	}
	if (add_cpu(cpu) != 0) {
		return ("a CPU does not come online again");
	}
	why = linux_wait(linux_start(linux_global_stress_cpu, cpu, 1));
	if (why == NULL) {
		why = linux_wait(linux_start(linux_ranges_cpu, cpu, 1));
	}
	return (why != NULL ? why : linux_wait(linux_start(
	    linux_test_read_only, cpu, 1)));
}

const char *
linux_test_hotplug(unsigned int rounds)
{
	unsigned int i, cpu = cpumask_last(cpu_online_mask);
	const char *why = NULL, *worker_why;
	void *worker;

	if (cpu == 0) {
		return ("there is only one CPU");
	}
	linux_hotplug_over = false;
	worker = linux_start(linux_hotplug_worker, 0, 1);
	for (i = 0; i < rounds && why == NULL; i++) {
		why = linux_hotplug_once(cpu);
	}
	WRITE_ONCE(linux_hotplug_over, true);
	worker_why = linux_wait(worker);
	return (why != NULL ? why : worker_why);
}
