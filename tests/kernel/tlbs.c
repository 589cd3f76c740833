/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One step at a time: CPUs use an address, so that each has its translation;
 * it is removed; each finds it gone.  QEMU's CPUs keep a translation until they
 * invalidate it, so one that did not shows it.
 *
 * Nothing else runs meanwhile, lest a CPU invalidate it by accident.
 */
#include "remote.h"
#include "stress.h"

#define KERNEL_ALL	((1ul << KERNEL_CPUS) - 1)
#define KERNEL_PROBES	100u
#define KERNEL_SLOTS	((uint32_t)QPMAP_GLOBAL_SLOTS)
#define KERNEL_OWN	384u		/* pages of own.c, from there */

/* How a global mapping is removed. */
enum kernel_how {
	KERNEL_AT_ONCE,
	KERNEL_DEFERRED,
	KERNEL_BY_HANDLER,
	KERNEL_HOWS
};

/* Addresses, their pages, and the CPUs that use them now. */
static qpmap_vaddr_t kernel_probe_va[KERNEL_PROBES];
static qpmap_paddr_t kernel_probe_pa[KERNEL_PROBES];
static uint32_t kernel_probe_mark[KERNEL_PROBES];
static uint32_t kernel_probe_count;
static unsigned long kernel_probe_cpus;
static enum kernel_how kernel_probe_how;
static uint32_t kernel_marks;

/* What each CPU got while there were slots; pages to map there, in turn. */
static qpmap_vaddr_t kernel_slots[KERNEL_CPUS][KERNEL_SLOTS];
static uint32_t kernel_slots_count[KERNEL_CPUS];
static qpmap_paddr_t kernel_slots_pa[2][KERNEL_CPUS][KERNEL_SLOTS];
static uint32_t kernel_slots_round;

/* Pages with a mark, a new one each time, in their first word. */
static void
kernel_probe_mark_all(uint32_t count)
{
	uint32_t i;

	kernel_probe_count = count;
	for (i = 0; i < count; i++) {
		kernel_probe_mark[i] = ++kernel_marks;
		qpmap_write(kernel_probe_pa[i], QPMAP_ATTR_WRITE_BACK,
		    &kernel_probe_mark[i], sizeof(kernel_probe_mark[i]));
	}
}

void
kernel_tlbs_init(void)
{
	uint32_t i, n;

	for (i = 0; i < KERNEL_PROBES; i++) {
		kernel_probe_pa[i] = kernel_page_alloc();
	}
	for (i = 0; i < KERNEL_CPUS; i++) {
		for (n = 0; n < KERNEL_SLOTS; n++) {
			kernel_slots_pa[0][i][n] = kernel_page_alloc();
			kernel_slots_pa[1][i][n] = kernel_page_alloc();
		}
	}
}

/* Jobs: a CPU of the set sees the pages; it does not any more. */
static void
kernel_see_job(struct kernel_cpu *cpu)
{
	uint32_t i, value = 0;

	for (i = 0; i < kernel_probe_count &&
	    (kernel_probe_cpus >> cpu->number & 1) != 0; i++) {
		kernel_expect(machine_load(kernel_probe_va[i], &value) &&
		    value == kernel_probe_mark[i],
		    "a CPU does not see a page");
		kernel_expect(machine_store(kernel_probe_va[i], value),
		    "a CPU cannot store");
	}
}

static void
kernel_gone_job(struct kernel_cpu *cpu)
{
	uint32_t i, value = 0;

	for (i = 0; i < kernel_probe_count &&
	    (kernel_probe_cpus >> cpu->number & 1) != 0; i++) {
		kernel_expect(!machine_load(kernel_probe_va[i], &value),
		    "a CPU loads from a page that was removed");
		kernel_expect(!machine_store(kernel_probe_va[i], value),
		    "a CPU stores to a page that was removed");
	}
}

static void
kernel_guards_job(struct kernel_cpu *cpu)
{
	uint32_t i, value = 0;

	(void)cpu;
	for (i = 0; i < kernel_probe_count; i++) {
		kernel_expect(!machine_load(kernel_probe_va[i] - 4, &value) &&
		    !machine_store(kernel_probe_va[i] + KERNEL_PAGE, 0),
		    "a global mapping has no guard");
	}
}

static void
kernel_global_enter_all(void)
{
	uint32_t i;

	for (i = 0; i < kernel_probe_count; i++) {
		kernel_expect(qpmap_global_enter(kernel_probe_pa[i],
		    QPMAP_ATTR_WRITE_BACK, &kernel_probe_va[i]) == QPMAP_OK,
		    "no slot");
	}
}

static void
kernel_global_remove_one(struct kernel_cpu *cpu, qpmap_vaddr_t va)
{
	if (kernel_probe_how == KERNEL_AT_ONCE) {
		qpmap_global_remove(va);
	} else if (kernel_probe_how == KERNEL_DEFERRED) {
		qpmap_global_remove_deferred(va);
	} else {
		__atomic_store_n(&cpu->unwanted, va, __ATOMIC_RELAXED);
		machine_ipi(cpu->number, KERNEL_STORM);
		while (__atomic_load_n(&cpu->unwanted, __ATOMIC_RELAXED) != 0) {
			machine_relax();
		}
	}
}

/* The CPU of the set removes what others entered. */
static void
kernel_global_remove_job(struct kernel_cpu *cpu)
{
	uint32_t i;

	if ((kernel_probe_cpus >> cpu->number & 1) == 0) {
		return;
	}
	for (i = 0; i < kernel_probe_count; i++) {
		kernel_global_remove_one(cpu, kernel_probe_va[i]);
	}
	if (kernel_probe_how != KERNEL_AT_ONCE) {
		qpmap_quiesce();
	}
}

/*
 * B9: every CPU sees a global mapping's page, and none does after its removal,
 * whoever removed it and how.  Each time the addresses show other pages.
 */
void
kernel_test_global(void)
{
	uint32_t round;

	for (round = 0; round < KERNEL_HOWS * KERNEL_CPUS; round++) {
		kernel_probe_mark_all(3 + round % 2);
		kernel_global_enter_all();
		kernel_probe_cpus = KERNEL_ALL;
		kernel_on_all(kernel_see_job);
		kernel_on_all(kernel_guards_job);
		kernel_probe_cpus = 1ul << round % KERNEL_CPUS;
		kernel_probe_how = round / KERNEL_CPUS;
		kernel_on_all(kernel_global_remove_job);
		kernel_probe_cpus = KERNEL_ALL;
		kernel_on_all(kernel_gone_job);
	}
}

/* Own pages, seen by a set of CPUs, are shot down on that set. */
static void
kernel_test_set(unsigned long cpus, uint32_t count)
{
	bool firmware = (machine_cpu_flags() & QPMAP_F_SBI_RFENCE) != 0;
	uint32_t i, before[KERNEL_CPUS];

	kernel_probe_cpus = cpus;
	kernel_probe_mark_all(count);
	kernel_own_map(KERNEL_OWN, kernel_probe_pa, count);
	for (i = 0; i < count; i++) {
		kernel_probe_va[i] = kernel_own_va(KERNEL_OWN + i);
	}
	kernel_on_all(kernel_see_job);
	for (i = 0; i < KERNEL_CPUS; i++) {
		before[i] = kernel_cpus[i].ipis;
	}
	kernel_own_unmap(KERNEL_OWN, count);
	kernel_own_shoot(KERNEL_OWN, count, cpus);
	for (i = 0; i < KERNEL_CPUS; i++) {
		kernel_expect(kernel_cpus[i].ipis - before[i] <=
		    (i != 0 && !firmware ? cpus >> i & 1 : 0),
		    "a CPU was interrupted that need not be");
	}
	kernel_on_all(kernel_gone_job);
}

/*
 * B10: one CPU, some, all; one page, a few, and so many that all are
 * invalidated, or, on arm64, that it takes ranges of two sizes.
 */
void
kernel_test_sets(void)
{
	unsigned long cpus;

	for (cpus = 1; cpus <= KERNEL_ALL; cpus++) {
		kernel_test_set(cpus, 1);
		kernel_test_set(cpus, 5);
		kernel_test_set(cpus, KERNEL_PROBES);
	}
}

/* Other CPUs look through CPU 0's window, at one page or two. */
static void
kernel_test_quiesce_once(uint32_t count)
{
	uint32_t i;

	kernel_probe_mark_all(count);
	for (i = 0; i < count; i++) {
		kernel_probe_va[i] = qpmap_enter(kernel_probe_pa[i],
		    QPMAP_ATTR_WRITE_BACK);
	}
	kernel_probe_cpus = KERNEL_ALL;
	kernel_on_all(kernel_see_job);
	while (i-- > 0) {
		qpmap_remove(kernel_probe_va[i]);
	}
	qpmap_quiesce();
	kernel_on_all(kernel_gone_job);
}

/*
 * B3: what a speculative access would make other CPUs know of a window, they do
 * not know any more after a quiesce.
 */
void
kernel_test_quiesce(void)
{
	uint32_t i;

	for (i = 0; i < KERNEL_CHANCES; i++) {
		kernel_test_quiesce_once(1 + i % 2);
	}
}

/* CPUs 1 and 2 leave without being stopped, and know nothing they had. */
static void
kernel_leave_job(struct kernel_cpu *cpu)
{
	unsigned long irq = machine_irq_save();

	if ((kernel_probe_cpus >> cpu->number & 1) != 0) {
		qpmap_cpu_offline(&cpu->qpmap);
	}
	machine_irq_restore(irq);
}

static void
kernel_return_job(struct kernel_cpu *cpu)
{
	if ((kernel_probe_cpus >> cpu->number & 1) != 0) {
		(void)machine_irq_save();
		kernel_cpu_join();
	}
}

/* The first half of CPUs 1 and 2's absence: what they had is invalidated. */
static void
kernel_test_leave(void)
{
	kernel_probe_mark_all(2);
	kernel_global_enter_all();
	kernel_probe_cpus = 6;
	kernel_on_all(kernel_see_job);
	qpmap_global_remove_deferred(kernel_probe_va[0]);
	qpmap_global_remove_deferred(kernel_probe_va[1]);
	kernel_on_all(kernel_leave_job);
	if (MACHINE_SENDS_IPIS) {
		kernel_on_all(kernel_gone_job);
	}
	qpmap_quiesce();
	kernel_on_all(kernel_gone_job);
}

_Static_assert(KERNEL_CHANCES % 2 != 0,
    "after kernel_test_offline() two CPUs have each other's window");

/*
 * B11: a CPU that has left has invalidated what it had.  Then nobody waits for
 * it, whatever it uses meanwhile; and that it has invalidated when it is back,
 * with the other one's index.
 */
static void
kernel_test_offline_once(void)
{
	uint32_t before, window = kernel_cpus[1].window;

	kernel_test_leave();
	kernel_probe_mark_all(2);
	kernel_global_enter_all();
	kernel_on_all(kernel_see_job);
	before = kernel_cpus[1].ipis + kernel_cpus[2].ipis;
	qpmap_global_remove(kernel_probe_va[0]);
	qpmap_global_remove(kernel_probe_va[1]);
	kernel_expect(kernel_cpus[1].ipis + kernel_cpus[2].ipis == before,
	    "a CPU was interrupted that had left");
	kernel_cpus[1].window = kernel_cpus[2].window;
	kernel_cpus[2].window = window;
	kernel_on_all(kernel_return_job);
	kernel_on_all(kernel_gone_job);
}

void
kernel_test_offline(void)
{
	uint32_t i;

	for (i = 0; i < KERNEL_CHANCES; i++) {
		kernel_test_offline_once();
	}
}

static uint32_t
kernel_slot_mark(uint32_t number, uint32_t n)
{
	return ((kernel_slots_round * KERNEL_CPUS + number) * KERNEL_SLOTS + n);
}

/* Jobs: take slots until there are none; look at them; give them back. */
static void
kernel_slots_take_job(struct kernel_cpu *cpu)
{
	const qpmap_paddr_t *pa =
	    kernel_slots_pa[kernel_slots_round % 2][cpu->number];
	qpmap_vaddr_t va = 1, *slots = kernel_slots[cpu->number];
	uint32_t n = 0;

	while (n < KERNEL_SLOTS && qpmap_global_enter(pa[n],
	    QPMAP_ATTR_WRITE_BACK, &va) == QPMAP_OK) {
		kernel_words(va)[9] = kernel_slot_mark(cpu->number, n);
		slots[n++] = va;
	}
	kernel_expect(va == (n == 0 ? 1 : slots[n - 1]),
	    "no slot, but an address");
	kernel_slots_count[cpu->number] = n;
}

static void
kernel_slots_see_job(struct kernel_cpu *cpu)
{
	uint32_t i, n, value;

	(void)cpu;
	for (i = 0; i < KERNEL_CPUS; i++) {
		for (n = 0; n < kernel_slots_count[i]; n++) {
			kernel_expect(machine_load(kernel_slots[i][n] + 36,
			    &value) && value == kernel_slot_mark(i, n),
			    "a slot shows another page");
		}
	}
}

static void
kernel_slots_give_job(struct kernel_cpu *cpu)
{
	const qpmap_vaddr_t *slots = kernel_slots[cpu->number];
	uint32_t n;

	for (n = 0; n < kernel_slots_count[cpu->number]; n++) {
		if (n % 4 == 0) {
			qpmap_global_remove(slots[n]);
		} else {
			qpmap_global_remove_deferred(slots[n]);
		}
	}
}

/*
 * All CPUs take all slots, and get as many as there are.  In every second
 * round most were removed before and not yet invalidated, and the next enter
 * does that.  Pages wait for a quiesce: those of the other round are used
 * meanwhile.
 */
void
kernel_test_slots(void)
{
	uint32_t i, sum;

	for (kernel_slots_round = 0; kernel_slots_round < 2;
	    kernel_slots_round++) {
		kernel_on_all(kernel_slots_take_job);
		sum = 0;
		for (i = 0; i < KERNEL_CPUS; i++) {
			sum += kernel_slots_count[i];
		}
		kernel_expect(sum == KERNEL_SLOTS, "slots are missing");
		kernel_on_all(kernel_slots_see_job);
		kernel_on_all(kernel_slots_give_job);
		if (kernel_slots_round % 2 != 0) {
			qpmap_quiesce();
		}
	}
}
