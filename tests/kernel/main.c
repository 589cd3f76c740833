/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The order in which a kernel sets the library up, CPUs that come and go, and
 * jobs that all CPUs do at once.
 */
#include <qpmap/panic.h>

#include "kernel.h"

struct kernel_cpu kernel_cpus[KERNEL_CPUS];
unsigned char kernel_stacks[KERNEL_CPUS][KERNEL_STACK]
    __attribute__((aligned(KERNEL_STACK)));

/* The library's memory for what CPUs have in common. */
static struct qpmap_shootdown_state kernel_shootdown;
static struct qpmap_cpu_sync kernel_remote[KERNEL_CPUS];
static struct qpmap_global kernel_global[1];

static uint32_t kernel_window_number[KERNEL_CPUS];
static kernel_job kernel_job_now;
static uint32_t kernel_job_number;
static uint32_t kernel_passed, kernel_failed;
static uint32_t kernel_is_dying;

/* What else is in the windows' leaf table, from their address on. */
#define KERNEL_GLOBAL	0x80000u
#define KERNEL_RANGES	0x180000u

const struct qpmap_config kernel_config = {
	.window_va = MACHINE_WINDOW_VA,
	.cpu_count = KERNEL_CPUS,
	.nesting = QPMAP_SLOTS,
	.flags = QPMAP_F_BUILD_TABLES | QPMAP_F_SINGLE_ROOT |
	    QPMAP_F_MARK_GUARDS | QPMAP_F_ONE_ROOT | MACHINE_FLAGS,
	.types = QPMAP_TYPE_BIT(MACHINE_SLOW_TYPE),
	.shootdown = &kernel_shootdown,
	.cpu_sync = kernel_remote,
	.global_va = MACHINE_WINDOW_VA + KERNEL_GLOBAL,
	.global = kernel_global,
	.global_count = 1,
	.range_va = MACHINE_WINDOW_VA + KERNEL_RANGES,
	.large_va = MACHINE_WINDOW_VA + 0x8000000,
};

_Static_assert(KERNEL_GLOBAL > KERNEL_CPUS * QPMAP_WINDOW_SIZE,
    "the global slots are behind the windows");
_Static_assert(KERNEL_RANGES > KERNEL_GLOBAL + QPMAP_GLOBAL_SIZE,
    "the range areas are behind the global slots");

bool
kernel_same_text(const char *a, const char *b)
{
	if (a == 0 || b == 0) {
		return (false);
	}
	while (*a == *b && *a != '\0') {
		a++;
		b++;
	}
	return (*a == *b);
}

/* The report: one line for each test, and at the end their numbers. */
void
kernel_result(const char *name, const char *why)
{
	if (why == 0) {
		kernel_passed++;
		kernel_print("PASS %s\n", name);
	} else {
		kernel_failed++;
		kernel_print("FAIL %s %s\n", name, why);
	}
}

_Noreturn void
kernel_finish(void)
{
	kernel_print("kernel: %u passed, %u failed\n", kernel_passed,
	    kernel_failed);
	machine_exit(kernel_failed == 0 ? 0 : 1);
}

/* What fails one step at a time need not be tried under load. */
void
kernel_end_if_failed(void)
{
	if (kernel_failed != 0) {
		kernel_finish();
	}
}

/* The first CPU that dies speaks; any other waits for the end. */
void
kernel_dying(void)
{
	(void)machine_irq_save();
	if (__atomic_exchange_n(&kernel_is_dying, 1, __ATOMIC_ACQUIRE) != 0) {
		for (;;) {
			machine_relax();
		}
	}
	kernel_print("CPU %u dies\n", machine_this_cpu()->number);
}

_Noreturn void
kernel_fatal(const char *why)
{
	kernel_result("running", why);
	kernel_finish();
}

/* For the library's interrupts: it knows CPUs by their windows' numbers. */
struct kernel_cpu *
kernel_window_cpu(uint32_t window)
{
	return (&kernel_cpus[__atomic_load_n(&kernel_window_number[window],
	    __ATOMIC_RELAXED)]);
}

/*
 * What others look up is in place first: as soon as the CPU is online, it is
 * sent requests.
 */
void
kernel_cpu_join(void)
{
	struct kernel_cpu *cpu = machine_this_cpu();
	static struct kernel_lock lock;
	int error;

	__atomic_store_n(&kernel_window_number[cpu->window], cpu->number,
	    __ATOMIC_RELAXED);
	__atomic_store_n(&cpu->gone, 0, __ATOMIC_RELEASE);
	kernel_remote[cpu->window].hart = machine_cpu_id(cpu->number);
	/* Without leaf entries: one CPU at a time. */
	kernel_lock(&lock);
	error = qpmap_cpu_online(&cpu->qpmap, cpu->window,
	    (const struct qpmap_cpu_ptes *)0);
	kernel_unlock(&lock);
	if (error != QPMAP_OK) {
		kernel_dying();
		kernel_fatal(qpmap_strerror(error));
	}
	machine_irq_on();
}

/*
 * Wait until each other CPU has been outside the library: one that began a
 * shootdown when the calling CPU was online may be sending it something.  That
 * matters where it is the SBI that does it (QPMAP_F_SBI_RFENCE): OpenSBI waits
 * for a hart that stops meanwhile, and never returns.
 */
static void
kernel_wait_quiet(const struct kernel_cpu *cpu)
{
	struct kernel_cpu *other;
	uint32_t i, quiet;

	for (i = 0; i < KERNEL_CPUS; i++) {
		other = &kernel_cpus[i];
		quiet = __atomic_load_n(&other->quiet, __ATOMIC_ACQUIRE);
		if (other == cpu ||
		    __atomic_load_n(&other->gone, __ATOMIC_ACQUIRE) != 0) {
			continue;
		}
		machine_ipi(i, KERNEL_WAKE);
		while (__atomic_load_n(&other->gone, __ATOMIC_ACQUIRE) == 0 &&
		    __atomic_load_n(&other->quiet, __ATOMIC_ACQUIRE) ==
		    quiet) {
			machine_relax();
		}
	}
}

_Noreturn void
kernel_cpu_leave(void)
{
	struct kernel_cpu *cpu = machine_this_cpu();

	(void)machine_irq_save();
	qpmap_cpu_offline(&cpu->qpmap);
	__atomic_store_n(&cpu->gone, 1, __ATOMIC_RELEASE);
	kernel_wait_quiet(cpu);
	__atomic_store_n(&cpu->asleep, 1, __ATOMIC_RELEASE);
	machine_stop_cpu();
}

void
kernel_cpu_wait_asleep(uint32_t number)
{
	while (__atomic_load_n(&kernel_cpus[number].asleep,
	    __ATOMIC_ACQUIRE) == 0) {
		machine_relax();
	}
}

void
kernel_cpu_start(uint32_t number)
{
	kernel_cpus[number].asleep = 0;
	machine_start_cpu(number);
}

/* Wait for an interrupt, unless the word is something else already. */
static void
kernel_idle(const uint32_t *word, uint32_t while_value)
{
	unsigned long irq = machine_irq_save();

	if (__atomic_load_n(word, __ATOMIC_ACQUIRE) == while_value) {
		machine_idle();
	}
	machine_irq_restore(irq);
}

/*
 * All other CPUs: wait for a job, do it, say so.  One that left in the middle
 * of a job begins it anew when it comes back.
 */
_Noreturn void
kernel_cpu_main(void)
{
	struct kernel_cpu *cpu = machine_this_cpu();
	uint32_t number;

	kernel_cpu_join();
	for (;;) {
		number = __atomic_load_n(&kernel_job_number, __ATOMIC_ACQUIRE);
		if (number != cpu->job_done) {
			machine_notified();
			kernel_job_now(cpu);
			__atomic_store_n(&cpu->job_done, number,
			    __ATOMIC_RELEASE);
			machine_ipi(0, KERNEL_WAKE);
		}
		kernel_idle(&kernel_job_number, cpu->job_done);
	}
}

void
kernel_job_start(kernel_job job)
{
	uint32_t i;

	kernel_job_now = job;
	__atomic_store_n(&kernel_job_number, kernel_job_number + 1,
	    __ATOMIC_RELEASE);
	for (i = 1; i < KERNEL_CPUS; i++) {
		machine_ipi(i, KERNEL_WAKE);
	}
}

void
kernel_job_wait(void)
{
	uint32_t i, done;

	for (i = 1; i < KERNEL_CPUS; i++) {
		done = __atomic_load_n(&kernel_cpus[i].job_done,
		    __ATOMIC_ACQUIRE);
		while (done != kernel_job_number) {
			kernel_idle(&kernel_cpus[i].job_done, done);
			done = __atomic_load_n(&kernel_cpus[i].job_done,
			    __ATOMIC_ACQUIRE);
		}
	}
	machine_notified();
}

void
kernel_on_all(kernel_job job)
{
	kernel_job_start(job);
	job(machine_this_cpu());
	kernel_job_wait();
}

_Noreturn void
kernel_main(void)
{
	struct qpmap_config config = kernel_config;
	uint32_t i;
	int error;

	config.flags |= machine_cpu_flags();
	kernel_print("kernel: %s, %u CPUs, flags 0x%x\n", MACHINE_NAME,
	    KERNEL_CPUS, (uint64_t)config.flags);
	kernel_pages_init();
	for (i = 0; i < KERNEL_CPUS; i++) {
		kernel_cpus[i].number = i;
		kernel_cpus[i].window = i;
		kernel_cpus[i].random = i + 1;
	}
	kernel_main_threads_init();
	kernel_tests_early();
	error = qpmap_init(&config);
	if (error != QPMAP_OK) {
		kernel_dying();
		kernel_fatal(qpmap_strerror(error));
	}
	kernel_cpu_join();
	for (i = 1; i < KERNEL_CPUS; i++) {
		kernel_cpu_start(i);
	}
	kernel_tests();
}
