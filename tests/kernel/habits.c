/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hosts' habits: what kernels do around the library, done here for once, and
 * what must come of it.  tests/emu/contract/hosts.c has more of them.
 *
 * All run on CPU 0 while the others wait for jobs.
 */
#include <qpmap/host.h>
#include <qpmap/panic.h>

#include "remote.h"
#include "stress.h"

#define KERNEL_ENTRIES	((uint32_t)(KERNEL_PAGE / sizeof(struct qpmap_pte)))
#define KERNEL_SPAN	((qpmap_vaddr_t)KERNEL_ENTRIES * KERNEL_PAGE)
#define KERNEL_SHIFT	(KERNEL_ENTRIES == 512 ? 9u : 10u)
#define KERNEL_LONGS	((uint32_t)(KERNEL_PAGE / sizeof(unsigned long)))

_Static_assert(MACHINE_WINDOW_VA % KERNEL_SPAN == 0 &&
    3 * QPMAP_GLOBAL_SIZE < KERNEL_SPAN,
    "one leaf table has all that is the library's, and is not full");

/* Page 0, all of its words the address of another page. */
static unsigned long kernel_low[KERNEL_LONGS]
    __attribute__((aligned(KERNEL_PAGE)));
static unsigned long kernel_bait[KERNEL_LONGS]
    __attribute__((aligned(KERNEL_PAGE)));

/* What each CPU's state was before it was used, and who has used it. */
static struct qpmap_cpu kernel_state[KERNEL_CPUS];
static uint32_t kernel_hostile_round;
static bool kernel_hostile_done[KERNEL_CPUS];

/* Each CPU's first address and its entry; its pages, the kernel's first. */
static qpmap_vaddr_t kernel_walked_va[KERNEL_CPUS];
static qpmap_paddr_t kernel_walked_pa[2][KERNEL_CPUS];
static uint32_t kernel_walked_mark[2][KERNEL_CPUS];

/* va's entry in a table of that level; NULL if there is no such table. */
static struct qpmap_pte *
kernel_entry_at(qpmap_vaddr_t va, uint32_t level)
{
	struct qpmap_pte *table = machine_root_of(va), *entry;
	uint32_t at = MACHINE_LEVELS - 1;

	for (;;) {
		entry = &table[va >> (12 + at * KERNEL_SHIFT) &
		    (KERNEL_ENTRIES - 1)];
		if (at == level) {
			return (entry);
		}
		if (entry->bits == 0) {
			return (0);
		}
		table = (struct qpmap_pte *)((qpmap_vaddr_t)
		    machine_entry_pa(entry->bits) + MACHINE_IMAGE_OFFSET);
		at--;
	}
}

static void
kernel_flush_job(struct kernel_cpu *cpu)
{
	(void)cpu;
	machine_flush_tlb();
}

/* Walkers of all CPUs see the entries as they are now. */
static void
kernel_entries_changed(void)
{
	machine_own_filled();
	kernel_on_all(kernel_flush_job);
}

/*
 * CPUs 1 to 3 use a state that is not online, and stop when that panics.  One
 * that was started again does not.
 */
static void
kernel_hostile_job(struct kernel_cpu *cpu)
{
	qpmap_paddr_t pa = MACHINE_RAM_PA;
	uint32_t value = 0;

	if (cpu->number == 0 || kernel_hostile_done[cpu->number]) {
		return;
	}
	kernel_hostile_done[cpu->number] = true;
	(void)machine_irq_save();
	qpmap_cpu_offline(&cpu->qpmap);
	if (kernel_hostile_round % 2 == 0) {
		cpu->qpmap = (struct qpmap_cpu){ .index_plus_one = 0 };
	}
	kernel_state[cpu->number] = cpu->qpmap;
	kernel_expect(machine_load(0, &value) &&
	    value == (uint32_t)(unsigned long)kernel_bait, "page 0");
	cpu->panic_expected = QPMAP_PANIC_OFFLINE;
	if ((cpu->number + kernel_hostile_round) % 3 == 0) {
		(void)qpmap_enter(pa, QPMAP_ATTR_WRITE_BACK);
	} else if ((cpu->number + kernel_hostile_round) % 3 == 1) {
		(void)qpmap_enter_ro(pa, QPMAP_ATTR_WRITE_BACK);
	} else {
		cpu->panic_expected = QPMAP_PANIC_REMOVE;
		qpmap_remove((qpmap_vaddr_t)kernel_bait);
	}
	kernel_expect(false, "a CPU that is not online maps pages");
	__atomic_store_n(&cpu->asleep, 1, __ATOMIC_RELEASE);
	machine_stop_cpu();
}

/* Nothing was written: not where page 0 points to, and no state. */
static void
kernel_hostile_check(void)
{
	const unsigned char *before = (const unsigned char *)kernel_state;
	const unsigned char *state;
	uint32_t i, n;

	for (i = 0; i < KERNEL_LONGS; i++) {
		kernel_expect(kernel_low[i] == (unsigned long)kernel_bait,
		    "page 0 was written");
		kernel_expect(kernel_bait[i] == 0,
		    "what page 0 points to was written");
	}
	for (i = 1; i < KERNEL_CPUS; i++) {
		state = (const unsigned char *)&kernel_cpus[i].qpmap;
		for (n = 0; n < sizeof(kernel_state[0]); n++) {
			kernel_expect(state[n] ==
			    before[i * sizeof(kernel_state[0]) + n],
			    "the state was written");
		}
	}
}

static void
kernel_test_hostile_once(void)
{
	uint32_t i;

	for (i = 0; i < KERNEL_LONGS; i++) {
		kernel_low[i] = (unsigned long)kernel_bait;
		kernel_bait[i] = 0;
	}
	kernel_entry_store(&machine_zero[0], machine_own_entry(
	    (qpmap_vaddr_t)kernel_low - MACHINE_IMAGE_OFFSET));
	kernel_entries_changed();
	kernel_job_start(kernel_hostile_job);
	for (i = 1; i < KERNEL_CPUS; i++) {
		kernel_cpu_wait_asleep(i);
	}
	kernel_hostile_check();
	kernel_entry_store(&machine_zero[0], 0);
	for (i = 1; i < KERNEL_CPUS; i++) {
		kernel_main_thread(i)->pinned = 0;
		kernel_cpus[i].panic_expected = 0;
		kernel_cpu_start(i);
	}
	kernel_job_wait();
	kernel_entries_changed();
	for (i = 1; i < KERNEL_CPUS; i++) {
		kernel_hostile_done[i] = false;
	}
}

/*
 * What the library would find through a null pointer is a user's, or somebody's
 * low memory.  A CPU whose state is zeroed, or was left by offline, must not
 * look there: each of the calls panics, on each of the CPUs.
 */
void
kernel_test_hostile(void)
{
	for (kernel_hostile_round = 0; kernel_hostile_round < 6;
	    kernel_hostile_round++) {
		kernel_test_hostile_once();
	}
}

/* The addresses are known; CPUs 1 to 3 leave. */
static void
kernel_walked_leave_job(struct kernel_cpu *cpu)
{
	qpmap_vaddr_t va;

	(void)machine_irq_save();
	va = qpmap_enter(kernel_walked_pa[1][cpu->number],
	    QPMAP_ATTR_WRITE_BACK);
	kernel_walked_va[cpu->number] = va;
	qpmap_remove(va);
	if (cpu->number != 0) {
		qpmap_cpu_offline(&cpu->qpmap);
	}
	machine_irq_on();
}

/* There is nothing; later: there is what the kernel mapped itself. */
static void
kernel_walked_fault_job(struct kernel_cpu *cpu)
{
	uint32_t value;

	kernel_expect(cpu->number == 0 ||
	    !machine_load(kernel_walked_va[cpu->number], &value),
	    "a page in the window before it is online");
}

static void
kernel_walked_see_job(struct kernel_cpu *cpu)
{
	qpmap_vaddr_t va = kernel_walked_va[cpu->number];
	uint32_t mark = kernel_walked_mark[0][cpu->number], value = 0;

	kernel_expect(cpu->number == 0 || (machine_load(va, &value) &&
	    value == mark && machine_store(va, value)),
	    "the kernel's own page in the window");
}

/* The first page that is entered is the one that is seen and written. */
static void
kernel_walked_return_job(struct kernel_cpu *cpu)
{
	uint32_t mark = kernel_walked_mark[1][cpu->number], value = 0;
	qpmap_vaddr_t va;

	if (cpu->number == 0) {
		return;
	}
	(void)machine_irq_save();
	kernel_cpu_join();
	va = qpmap_enter(kernel_walked_pa[1][cpu->number],
	    QPMAP_ATTR_WRITE_BACK);
	kernel_expect(va == kernel_walked_va[cpu->number],
	    "not the address that was expected");
	kernel_expect(machine_load(va, &value) && value == mark,
	    "what was there before the CPU came online");
	kernel_expect(machine_store(va, ~mark), "a store");
	qpmap_remove(va);
	kernel_expect(!machine_load(va, &value), "removed, and still there");
}

static void
kernel_walked_mark_all(uint32_t round)
{
	uint32_t i, n;

	for (i = 0; i < KERNEL_CPUS; i++) {
		for (n = 0; n < 2; n++) {
			kernel_walked_mark[n][i] = (round * 2 + n) *
			    KERNEL_CPUS + i;
			qpmap_write(kernel_walked_pa[n][i],
			    QPMAP_ATTR_WRITE_BACK,
			    &kernel_walked_mark[n][i], 4);
		}
	}
}

static void
kernel_walked_check(void)
{
	uint32_t i, n, value;

	for (i = 1; i < KERNEL_CPUS; i++) {
		for (n = 0; n < 2; n++) {
			qpmap_read(kernel_walked_pa[n][i],
			    QPMAP_ATTR_WRITE_BACK, &value, 4);
			kernel_expect(value == (n == 0 ?
			    kernel_walked_mark[n][i] :
			    ~kernel_walked_mark[n][i]),
			    "a store to another page");
		}
	}
}

/* The entries of CPUs 1 to 3's first addresses, with pages of the kernel's. */
static void
kernel_walked_map(bool map)
{
	uint32_t i;

	for (i = 1; i < KERNEL_CPUS; i++) {
		kernel_entry_store(kernel_entry_at(kernel_walked_va[i], 0),
		    map ? machine_own_entry(kernel_walked_pa[0][i]) : 0);
	}
	machine_own_filled();
}

/*
 * While CPUs are offline, the kernel has pages of its own where their windows
 * are, and they use them; it removes them without a shootdown.  What a CPU
 * has cached it has invalidated when it is online.
 */
void
kernel_test_walked(void)
{
	uint32_t i, n, round;

	for (i = 0; i < KERNEL_CPUS; i++) {
		for (n = 0; n < 2; n++) {
			kernel_walked_pa[n][i] = kernel_page_alloc();
		}
	}
	for (round = 0; round < KERNEL_CHANCES; round++) {
		kernel_walked_mark_all(round);
		kernel_on_all(kernel_walked_leave_job);
		kernel_on_all(kernel_walked_fault_job);
		kernel_walked_map(true);
		kernel_on_all(kernel_flush_job);
		kernel_on_all(kernel_walked_see_job);
		kernel_walked_map(false);
		kernel_on_all(kernel_walked_return_job);
		kernel_walked_check();
	}
	for (i = 0; i < KERNEL_CPUS; i++) {
		for (n = 0; n < 2; n++) {
			kernel_page_free(kernel_walked_pa[n][i]);
		}
	}
}

/* Every CPU enters a page of its own, and it is the one that is there. */
static void
kernel_enter_job(struct kernel_cpu *cpu)
{
	qpmap_paddr_t pa = kernel_page_alloc();
	qpmap_vaddr_t va = qpmap_enter(pa, QPMAP_ATTR_WRITE_BACK);
	uint32_t mark = 0x600d0000u + cpu->number, value = 0;

	kernel_expect(machine_store(va, mark), "a page that is entered faults");
	qpmap_remove(va);
	va = qpmap_enter_ro(pa, QPMAP_ATTR_WRITE_BACK);
	kernel_expect(machine_load(va, &value) && value == mark,
	    "a page that is entered is another one");
	qpmap_remove(va);
	kernel_page_free(pa);
}

static void
kernel_away_job(struct kernel_cpu *cpu)
{
	if (cpu->number != 0) {
		(void)machine_irq_save();
		qpmap_cpu_offline(&cpu->qpmap);
		machine_irq_on();
	}
}

/* Online with that window, when nobody else is looking for entries. */
static int
kernel_online(struct qpmap_cpu *cpu, uint32_t window)
{
	int error;

	do {
		error = qpmap_cpu_online(cpu, window,
		    (const struct qpmap_cpu_ptes *)0);
		machine_relax();
	} while (error == QPMAP_ERR_CPU_BUSY);
	return (error);
}

/*
 * With CPU 0's number, then with their own; and CPU 0 with its own for another
 * state.
 */
static void
kernel_together_job(struct kernel_cpu *cpu)
{
	static struct qpmap_cpu other;
	struct qpmap_cpu *state = cpu->number == 0 ? &other : &cpu->qpmap;

	(void)machine_irq_save();
	kernel_expect(kernel_online(state, kernel_cpus[0].window) ==
	    QPMAP_ERR_CPU_INDEX_TAKEN, "a number that is taken");
	if (cpu->number != 0) {
		kernel_expect(kernel_online(state, cpu->window) == QPMAP_OK,
		    "a number that is free");
	}
	machine_irq_on();
}

/*
 * CPUs 1 to 3 come online at the same time, and no lock has them come one by
 * one.  This kernel's table hooks do not mind.
 */
void
kernel_test_together(void)
{
	uint32_t round;

	for (round = 0; round < KERNEL_CHANCES; round++) {
		kernel_on_all(kernel_away_job);
		kernel_on_all(kernel_together_job);
		kernel_on_all(kernel_enter_job);
	}
}

static void
kernel_back_job(struct kernel_cpu *cpu)
{
	if (cpu->number != 0) {
		(void)machine_irq_save();
		kernel_cpu_join();
	}
}

/* Map a page of the kernel's own, in a new leaf table if there is none. */
static void
kernel_map(qpmap_vaddr_t va, qpmap_paddr_t pa)
{
	qpmap_paddr_t table;
	struct qpmap_pte *entries;
	uint32_t i;

	if (kernel_entry_at(va, 0) == 0) {
		table = qpmap_host_table_alloc();
		kernel_expect(table != QPMAP_NO_TABLE, "no table is left");
		entries = qpmap_host_table_address(table);
		for (i = 0; i < KERNEL_ENTRIES; i++) {
			kernel_entry_store(&entries[i], 0);
		}
		machine_own_filled();
		kernel_entry_store(kernel_entry_at(va, 1),
		    machine_table_entry(table));
	}
	kernel_entry_store(kernel_entry_at(va, 0), machine_own_entry(pa));
	kernel_entries_changed();
}

/*
 * Unmap a page of the kernel's own; a leaf table whose entries are all zero is
 * nobody's, and is freed.  Whether that was done.
 */
static bool
kernel_unmap_and_prune(qpmap_vaddr_t va)
{
	struct qpmap_pte *entry = kernel_entry_at(va, 0);
	struct qpmap_pte *link = kernel_entry_at(va, 1);
	const volatile struct qpmap_pte *table = (struct qpmap_pte *)
	    ((qpmap_vaddr_t)entry & ~(qpmap_vaddr_t)(KERNEL_PAGE - 1));
	qpmap_paddr_t pa = machine_entry_pa(link->bits);
	uint32_t i;

	kernel_entry_store(entry, 0);
	kernel_entries_changed();
	for (i = 0; i < KERNEL_ENTRIES; i++) {
		if (table[i].bits != 0) {
			return (false);
		}
	}
	kernel_entry_store(link, 0);
	kernel_entries_changed();
	qpmap_host_table_free(pa);
	return (true);
}

/* The last page of va's leaf table is the kernel's own, for a while. */
static bool
kernel_prune_at(qpmap_vaddr_t va, qpmap_paddr_t pa)
{
	uint32_t mark = 0xbad00000u, value = 0;

	va += KERNEL_SPAN - KERNEL_PAGE;
	kernel_map(va, pa);
	kernel_expect(machine_store(va, mark) && machine_load(va, &value) &&
	    value == mark, "a page of the kernel's own");
	return (kernel_unmap_and_prune(va));
}

/*
 * A kernel that frees leaf tables which are empty.  One that the kernel made
 * goes; the one that the windows are in, and the global slots, is kept by its
 * marks, though nothing is mapped there and three CPUs of four are offline.
 */
void
kernel_test_pruner(void)
{
	qpmap_vaddr_t window = MACHINE_WINDOW_VA;
	struct qpmap_pte *leaf = kernel_entry_at(window, 0);
	qpmap_paddr_t pa = kernel_page_alloc();

	kernel_expect(kernel_prune_at(window + KERNEL_SPAN, pa),
	    "an empty table was not freed");
	kernel_expect(kernel_entry_at(window + KERNEL_SPAN, 0) == 0,
	    "an empty table is still there");
	kernel_expect(!kernel_prune_at(window, pa),
	    "the windows' table was freed");
	kernel_on_all(kernel_enter_job);
	kernel_on_all(kernel_away_job);
	kernel_expect(!kernel_prune_at(window, pa),
	    "the windows' table was freed, with CPUs offline");
	kernel_on_all(kernel_back_job);
	kernel_on_all(kernel_enter_job);
	kernel_expect(kernel_entry_at(window, 0) == leaf,
	    "the windows' table is another one");
	kernel_page_free(pa);
}
