/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel shows of the library.  Contract clauses (C1, B2, ...) are
 * listed in docs/architecture.md.
 */
#include <qpmap/panic.h>

#include "remote.h"
#include "stress.h"

/* The first complaint of any CPU since the last test. */
static const char *kernel_complaint;

void
kernel_expect(bool holds, const char *why)
{
	const char *none = 0;

	if (!holds) {
		(void)__atomic_compare_exchange_n(&kernel_complaint, &none,
		    why, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
	}
}

static void
kernel_run(const char *name, void (*test)(void))
{
	__atomic_store_n(&kernel_complaint, (const char *)0,
	    __ATOMIC_RELAXED);
	test();
	kernel_result(name, __atomic_load_n(&kernel_complaint,
	    __ATOMIC_RELAXED));
}

/* Two pages for the tests of CPU 0. */
static qpmap_paddr_t kernel_page[2];

/* Before init: what a wrong configuration gets. */
static void
kernel_test_init_errors(void)
{
	static struct qpmap_options options = QPMAP_OPTIONS;
	struct qpmap_config config = kernel_config;
	struct kernel_cpu *cpu = machine_this_cpu();

	kernel_expect(qpmap_cpu_online(&cpu->qpmap, 0, 0) ==
	    QPMAP_ERR_NOT_INIT, "online before init");
	config.nesting = QPMAP_SLOTS + 1;
	kernel_expect(qpmap_init(&config) == QPMAP_ERR_NESTING, "nesting");
	config = kernel_config;
	config.cpu_count = 0;
	kernel_expect(qpmap_init(&config) == QPMAP_ERR_CPU_COUNT, "no windows");
	config = kernel_config;
	config.window_va += KERNEL_PAGE;
	kernel_expect(qpmap_init(&config) == QPMAP_ERR_WINDOW_ALIGN,
	    "a window that is not aligned");
	config = kernel_config;
	config.flags |= 0x80000000u;
	kernel_expect(qpmap_init(&config) == QPMAP_ERR_FLAGS,
	    "an unknown flag");
	config = kernel_config;
	config.direct_va = MACHINE_WINDOW_VA;
	config.direct_size = KERNEL_PAGE;
	kernel_expect(qpmap_init(&config) == QPMAP_ERR_DIRECT,
	    "a direct map in a build without");
	config = kernel_config;
	config.flags ^= QPMAP_F_NO_NX;
	kernel_expect(qpmap_init(&config) == (MACHINE_FLAGS == 0 ?
	    QPMAP_ERR_NO_NX : QPMAP_ERR_NX), "NX, or not");
	config = kernel_config;
	config.window_va = (qpmap_vaddr_t)kernel_stacks &
	    ~(QPMAP_WINDOW_SIZE - 1);
	kernel_expect(qpmap_init(&config) != QPMAP_OK,
	    "a window where the kernel is");
	config = kernel_config;
	config.shootdown = 0;
	kernel_expect(qpmap_init(&config) == QPMAP_ERR_SHOOTDOWN,
	    "no memory for the shootdown");
	config = kernel_config;
	config.global_va = config.window_va & ~(QPMAP_GLOBAL_SIZE - 1);
	kernel_expect(qpmap_init(&config) == QPMAP_ERR_GLOBAL_RANGE,
	    "global slots where windows are");
	options.word[3]++;
	kernel_expect(qpmap_init_options(&kernel_config, &options) ==
	    QPMAP_ERR_OPTION_SLOTS, "other build options");
}

static void
kernel_test_online_errors(void)
{
	static struct qpmap_cpu other;
	struct kernel_cpu *cpu = machine_this_cpu();

	kernel_expect(qpmap_cpu_online(&cpu->qpmap, 0, 0) ==
	    QPMAP_ERR_CPU_ONLINE, "online twice");
	kernel_expect(qpmap_cpu_online(&other, KERNEL_CPUS, 0) ==
	    QPMAP_ERR_CPU_INDEX, "a window too many");
	kernel_expect(qpmap_held(&other) == 0, "an error, but changed");
}

static void
kernel_test_selftest(void)
{
	kernel_expect(qpmap_selftest(kernel_page[0], kernel_page[1]) == 0,
	    "qpmap_selftest");
}

/* C1: the bytes go both ways, through different slots and windows. */
static void
kernel_test_contents(void)
{
	qpmap_vaddr_t va = qpmap_enter(kernel_page[0], QPMAP_ATTR_WRITE_BACK);
	qpmap_vaddr_t va2;
	uint32_t i;

	for (i = 0; i < KERNEL_PAGE / 4; i++) {
		kernel_words(va)[i] = i * 2654435761u;
	}
	va2 = qpmap_enter_ro(kernel_page[0], QPMAP_ATTR_WRITE_BACK);
	kernel_expect(va2 != va, "two mappings at one address");
	for (i = 0; i < KERNEL_PAGE / 4; i++) {
		kernel_expect(kernel_words(va2)[i] == i * 2654435761u,
		    "a word is not what was written");
	}
	kernel_words(va)[1] = 7;
	kernel_expect(kernel_words(va2)[1] == 7, "a late store is not seen");
	qpmap_remove(va2);
	qpmap_remove(va);
}

static void
kernel_test_read_only(void)
{
	qpmap_vaddr_t va = qpmap_enter_ro(kernel_page[0],
	    QPMAP_ATTR_WRITE_BACK);
	uint32_t value = 0, after = 0;

	kernel_expect(machine_load(va + 64, &value), "a load faults");
	kernel_expect(!machine_store(va + 64, ~value), "a store does not");
	kernel_expect(machine_load(va + 64, &after) && after == value,
	    "a store that faulted left something");
	qpmap_remove(va);
	va = qpmap_enter(kernel_page[0], QPMAP_ATTR_WRITE_BACK);
	kernel_expect(machine_store(va + 64, value), "a store faults");
	qpmap_remove(va);
}

/* Where the machine has NX a fetch faults; where not, init demanded that. */
static void
kernel_test_fetch(void)
{
	qpmap_vaddr_t va = qpmap_enter(kernel_page[0], QPMAP_ATTR_WRITE_BACK);

	kernel_words(va)[0] = MACHINE_RETURN;
	kernel_expect(machine_fetch(va) ==
	    ((MACHINE_FLAGS & QPMAP_F_NO_NX) != 0),
	    "a fetch");
	qpmap_remove(va);
	va = qpmap_enter_ro(kernel_page[0], QPMAP_ATTR_WRITE_BACK);
	kernel_expect(machine_fetch(va) ==
	    ((MACHINE_FLAGS & QPMAP_F_NO_NX) != 0),
	    "a fetch, read-only");
	qpmap_remove(va);
}

/* B3: the address of a page that is gone faults, for loads and stores. */
static void
kernel_use_after_remove(uint32_t value)
{
	qpmap_vaddr_t va = qpmap_enter(kernel_page[0], QPMAP_ATTR_WRITE_BACK);
	uint32_t before;

	kernel_expect(machine_store(va, value) && machine_load(va, &before) &&
	    before == value, "a mapped page");
	qpmap_remove(va);
	kernel_expect(!machine_load(va, &before), "a load after remove");
	kernel_expect(!machine_store(va, value), "a store after remove");
	kernel_expect(qpmap_enter(kernel_page[1], QPMAP_ATTR_WRITE_BACK) == va,
	    "the slot is not used again");
	kernel_words(va)[0] = ~value;
	kernel_expect(kernel_words(va)[0] == ~value, "the next page");
	qpmap_remove(va);
	va = qpmap_enter_ro(kernel_page[0], QPMAP_ATTR_WRITE_BACK);
	kernel_expect(kernel_words(va)[0] == value, "the first page");
	qpmap_remove(va);
}

static void
kernel_test_use_after_remove(void)
{
	uint32_t i;

	for (i = 0; i < KERNEL_CHANCES; i++) {
		kernel_use_after_remove(i);
	}
}

/*
 * All slots at once, each with a page of its own, and the pages between them
 * guarded.  No interrupt: its handler has no slot left.
 */
static void
kernel_test_depth(void)
{
	unsigned long irq = machine_irq_save();
	struct kernel_cpu *cpu = machine_this_cpu();
	qpmap_vaddr_t va[QPMAP_SLOTS];
	qpmap_paddr_t pa[QPMAP_SLOTS];
	uint32_t i, value;

	for (i = 0; i < QPMAP_SLOTS; i++) {
		pa[i] = kernel_page_alloc();
		va[i] = qpmap_enter(pa[i], QPMAP_ATTR_WRITE_BACK);
		kernel_words(va[i])[5] = i + 100;
	}
	kernel_expect(qpmap_held(&cpu->qpmap) == QPMAP_SLOTS, "held");
	for (i = 0; i < QPMAP_SLOTS; i++) {
		kernel_expect(kernel_words(va[i])[5] == i + 100, "mixed up");
		kernel_expect(!machine_load(va[i] - 4, &value) &&
		    !machine_store(va[i] + KERNEL_PAGE, 0),
		    "a guard page is mapped");
	}
	while (i-- > 0) {
		qpmap_remove(va[i]);
		kernel_expect(!machine_load(va[i], &value),
		    "removed, and still there");
		kernel_page_free(pa[i]);
	}
	kernel_expect(qpmap_held(&cpu->qpmap) == 0, "held at the end");
	machine_irq_restore(irq);
}

static void
kernel_test_page_ops(void)
{
	static unsigned char buffer[3 * KERNEL_PAGE];
	qpmap_paddr_t at = kernel_stress_run() + KERNEL_PAGE - 13;
	uint32_t i, len = KERNEL_PAGE + 99;

	for (i = 0; i < len; i++) {
		buffer[i] = (unsigned char)(i * 37 + 11);
	}
	qpmap_write(at, QPMAP_ATTR_WRITE_BACK, buffer, len);
	for (i = 0; i < len; i++) {
		buffer[i] = 0;
	}
	qpmap_read(at, QPMAP_ATTR_WRITE_BACK, buffer, len);
	for (i = 0; i < len; i++) {
		kernel_expect(buffer[i] == (unsigned char)(i * 37 + 11),
		    "bytes across two boundaries");
	}
	qpmap_copy_page(kernel_page[0], QPMAP_ATTR_WRITE_BACK, at + 13,
	    QPMAP_ATTR_WRITE_BACK);
	qpmap_read(kernel_page[0], QPMAP_ATTR_WRITE_BACK, buffer, KERNEL_PAGE);
	for (i = 0; i < KERNEL_PAGE; i++) {
		kernel_expect(buffer[i] == (unsigned char)((i + 13) * 37 + 11),
		    "a page copied");
	}
	qpmap_zero_page(kernel_page[0], QPMAP_ATTR_WRITE_BACK);
	qpmap_read(kernel_page[0], QPMAP_ATTR_WRITE_BACK, buffer, KERNEL_PAGE);
	for (i = 0; i < KERNEL_PAGE; i++) {
		kernel_expect(buffer[i] == 0, "a page zeroed");
	}
}

/* What a scheduler asserts, kept and then broken once. */
static void
kernel_test_scheduler(void)
{
	unsigned long irq = machine_irq_save();
	struct kernel_thread *self = kernel_this_thread();
	struct kernel_cpu *cpu = self->cpu;
	uint32_t before = cpu->violations;
	qpmap_vaddr_t va;

	kernel_preempts_pinned = false;
	kernel_expect(before == 0, "a yield with a mapping held");
	kernel_yield();
	kernel_expect(cpu->violations == before, "nothing is held");
	va = qpmap_enter(kernel_page[0], QPMAP_ATTR_WRITE_BACK);
	kernel_yield();
	kernel_expect(cpu->violations == before + 1, "held, and not noticed");
	self->preempt_owed = true;
	qpmap_remove(va);
	kernel_expect(!self->preempt_owed, "a preemption put off is lost");
	kernel_expect(cpu->violations == before + 1, "yield before release");
	cpu->violations = before;
	kernel_preempts_pinned = true;
	machine_irq_restore(irq);
}

static void
kernel_test_stress(void)
{
	kernel_on_all(kernel_stress_job);
}

/* B2 with real interrupts: every CPU interrupts every other one. */
static void
kernel_test_storm(void)
{
	kernel_on_all(kernel_storm_job);
}

/* B10: nobody takes interrupts, and everybody answers. */
static void
kernel_test_duel(void)
{
	kernel_on_all(kernel_duel_job);
}

static void
kernel_test_locked(void)
{
	kernel_on_all(kernel_locked_job);
}

/* B9, B10: mappings go while others use them, and others come. */
static void
kernel_test_remote(void)
{
	kernel_on_all(kernel_remote_job);
}

static void
kernel_test_threads(void)
{
	kernel_preempts_pinned = false;
	kernel_on_all(kernel_threads_job);
	kernel_preempts_pinned = true;
}

/*
 * B11: CPUs leave, two at a time, and come back with each other's window; the
 * others go on with all of it, and so does the storm of interrupts.
 */
static void
kernel_test_come_and_go(void)
{
	uint32_t round, a, b, window;

	kernel_job_start(kernel_churn_job);
	for (round = 0; round < 12; round++) {
		a = 1 + round % (KERNEL_CPUS - 1);
		b = 1 + (round + 1) % (KERNEL_CPUS - 1);
		kernel_cpu_ask_to_leave(a);
		kernel_cpu_ask_to_leave(b);
		kernel_stress(machine_this_cpu(), 20);
		kernel_cpu_wait_asleep(a);
		kernel_cpu_wait_asleep(b);
		window = kernel_cpus[a].window;
		kernel_cpus[a].window = kernel_cpus[b].window;
		kernel_cpus[b].window = window;
		kernel_stress(machine_this_cpu(), 20);
		kernel_cpu_start(a);
		kernel_cpu_start(b);
	}
	kernel_churn_end();
	kernel_job_wait();
	kernel_remote_end();
}

/*
 * No thread yielded with preemption off or, in the tests without switches of
 * holders, with a mapping held; and none ended with one.
 */
static void
kernel_test_violations(void)
{
	const struct kernel_thread *thread;
	uint32_t i;

	for (i = 0; i < KERNEL_CPUS; i++) {
		thread = kernel_main_thread(i);
		kernel_expect(kernel_cpus[i].violations == 0,
		    "a yield with a mapping held");
		kernel_expect(thread->critical == 0 && thread->pinned == 0,
		    "preemption is not balanced");
	}
}

/* A panic on each CPU, with its text: nothing of it runs afterwards. */
static void
kernel_panic_job(struct kernel_cpu *cpu)
{
	(void)machine_irq_save();
	if (cpu->number == 1) {
		cpu->panic_expected = QPMAP_PANIC_ALIGN;
		(void)qpmap_enter(kernel_page[0] + 4, QPMAP_ATTR_WRITE_BACK);
	} else if (cpu->number == 2) {
		cpu->panic_expected = QPMAP_PANIC_HELD;
		(void)qpmap_enter(kernel_page[0], QPMAP_ATTR_WRITE_BACK);
		qpmap_cpu_offline(&cpu->qpmap);
	} else {
		cpu->panic_expected = QPMAP_PANIC_FULL;
		while (qpmap_held(&cpu->qpmap) <= QPMAP_SLOTS) {
			(void)qpmap_enter(kernel_page[0],
			    QPMAP_ATTR_WRITE_BACK);
		}
	}
	kernel_expect(false, "a call that panics returned");
	__atomic_store_n(&cpu->asleep, 1, __ATOMIC_RELEASE);
	machine_stop_cpu();
}

static void
kernel_test_panics(void)
{
	uint32_t i;

	kernel_job_start(kernel_panic_job);
	for (i = 1; i < KERNEL_CPUS; i++) {
		kernel_cpu_wait_asleep(i);
	}
}

/* The last test: CPU 0 itself removes a page twice. */
_Noreturn static void
kernel_test_last(void)
{
	struct kernel_cpu *cpu = machine_this_cpu();
	qpmap_vaddr_t va;

	(void)machine_irq_save();
	(void)qpmap_enter(kernel_page[1], QPMAP_ATTR_WRITE_BACK);
	va = qpmap_enter(kernel_page[0], QPMAP_ATTR_WRITE_BACK);
	qpmap_remove(va);
	cpu->panic_expected = QPMAP_PANIC_REMOVE;
	qpmap_remove(va);
	kernel_result("panic-double-remove", "it did not panic");
	kernel_finish();
}

/* A crash dump: the mapping that was held is dropped, and pages are read. */
static void
kernel_test_dump(void)
{
	struct kernel_cpu *cpu = machine_this_cpu();
	qpmap_vaddr_t va;
	uint32_t i;

	kernel_expect(qpmap_held(&cpu->qpmap) == 1, "what the panic found");
	qpmap_cpu_abandon(&cpu->qpmap);
	kernel_expect(qpmap_held(&cpu->qpmap) == 0, "abandoned");
	for (i = 0; i < 100; i++) {
		va = qpmap_enter_ro(kernel_page[i & 1], QPMAP_ATTR_WRITE_BACK);
		(void)kernel_words(va)[i];
		qpmap_remove(va);
	}
}

_Noreturn void
kernel_after_panic(void)
{
	kernel_result("panic-double-remove", 0);
	kernel_run("panic-crash-dump", kernel_test_dump);
	kernel_finish();
}

void
kernel_tests_early(void)
{
	kernel_run("init-errors", kernel_test_init_errors);
}

_Noreturn void
kernel_tests(void)
{
	kernel_page[0] = kernel_page_alloc();
	kernel_page[1] = kernel_page_alloc();
	kernel_stress_init();
	kernel_remote_init();
	kernel_tlbs_init();
	kernel_run("online-errors", kernel_test_online_errors);
	kernel_run("selftest", kernel_test_selftest);
	kernel_run("contents", kernel_test_contents);
	kernel_run("read-only", kernel_test_read_only);
	kernel_run("no-fetch", kernel_test_fetch);
	kernel_run("use-after-remove", kernel_test_use_after_remove);
	kernel_run("full-depth-and-guards", kernel_test_depth);
	kernel_run("held-on-all-cpus", kernel_test_held);
	kernel_run("page-operations", kernel_test_page_ops);
	kernel_run("ranges", kernel_test_ranges);
	kernel_run("large-pages", kernel_test_large);
	kernel_run("pages-not-there", kernel_test_try);
	kernel_run("held-over-a-switch", kernel_test_switch);
	kernel_run("scheduler-assertion", kernel_test_scheduler);
	kernel_run("global-use-after-remove", kernel_test_global);
	kernel_run("quiesce-invalidates-windows", kernel_test_quiesce);
	kernel_run("offline-invalidates", kernel_test_offline);
	kernel_run("own-mappings-by-set", kernel_test_sets);
	kernel_run("page-at-0", kernel_test_hostile);
	kernel_run("walked-before-online", kernel_test_walked);
	kernel_run("online-together", kernel_test_together);
	kernel_run("global-slots-run-out", kernel_test_slots);
	kernel_run("empty-tables-are-freed", kernel_test_pruner);
	kernel_end_if_failed();
	kernel_run("stress-all-cpus", kernel_test_stress);
	kernel_run("interrupt-storm", kernel_test_storm);
	kernel_run("ranges-in-a-storm", kernel_test_ranges_storm);
	kernel_run("shootdowns-interrupts-off", kernel_test_duel);
	kernel_run("shootdowns-under-a-lock", kernel_test_locked);
	kernel_run("shared-under-load", kernel_test_remote);
	kernel_run("threads-and-timer", kernel_test_threads);
	kernel_run("threads-that-hold", kernel_test_holders);
	kernel_run("cpus-come-and-go", kernel_test_come_and_go);
	kernel_run("never-yielded-holding", kernel_test_violations);
	kernel_run("panics-on-three-cpus", kernel_test_panics);
	kernel_test_last();
}
