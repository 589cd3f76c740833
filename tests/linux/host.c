/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the library asks of Linux beside the three inline hooks: an
 * interprocessor interrupt, and a panic.
 */
#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/sched.h>

#include "linux.h"

DEFINE_PER_CPU_ALIGNED(struct qpmap_cpu, linux_cpu);

struct linux_ipi {
	call_single_data_t csd;
	atomic_t pending;		/* csd is in use */
	struct linux_ipi_count count;
};

static DEFINE_PER_CPU_ALIGNED(struct linux_ipi, linux_ipi);

/*
 * Free the csd first, and then look what is to be done: an initiator that
 * finds it in use relies on that.  The exchange is a full fence, which keeps
 * the library's load of the generation behind it.
 */
static void
linux_ipi_handler(void *info)
{
	struct linux_ipi *ipi = info;

	atomic_xchg(&ipi->pending, 0);
	ipi->count.handled++;
	qpmap_shootdown_ipi();
}

void
linux_host_init(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		struct linux_ipi *ipi = per_cpu_ptr(&linux_ipi, cpu);

		INIT_CSD(&ipi->csd, linux_ipi_handler, ipi);
	}
}

struct linux_ipi_count
linux_ipi_count(unsigned int cpu)
{
	return (per_cpu_ptr(&linux_ipi, cpu)->count);
}

#ifndef CONFIG_ARM64
/*
 * Interrupts may be off, so this waits for nobody; smp_call_function_single()
 * would, for its csd.  smp_call_function_single_async() does not, but then its
 * callers must see to it that the csd is used once at a time: that is pending.
 *
 * If it is set already, the CPU has not run the handler's exchange yet.  What
 * it will look at after that includes this request: its generation was stored
 * before, and the exchange here is a full fence, as is the handler's.  So one
 * interrupt does for both.
 *
 * A call fails if the CPU is gone; then nobody waits for it.
 */
QPMAP_CALL void
qpmap_host_ipi(qpmap_u32 cpu_index)
{
	struct linux_ipi *ipi = per_cpu_ptr(&linux_ipi, cpu_index);

	this_cpu_inc(linux_ipi.count.sent);
	if (atomic_xchg(&ipi->pending, 1) != 0) {
		this_cpu_inc(linux_ipi.count.merged);
	} else if (smp_call_function_single_async(cpu_index, &ipi->csd) != 0) {
		atomic_set(&ipi->pending, 0);
	}
}
#endif

/*
 * A panic is a BUG.  One that a test waits for ends the test's thread, which
 * may be pinned.
 */
static struct task_struct *linux_panic_task;
static const char *linux_panic_text;
static bool linux_panicked;
static DECLARE_COMPLETION(linux_panic_done);

QPMAP_NORETURN QPMAP_CALL void
qpmap_host_panic(const char *text, qpmap_u64 a, qpmap_u64 b)
{
	if (READ_ONCE(linux_panic_task) == current &&
	    strcmp(text, linux_panic_text) == 0) {
		linux_panicked = true;
		while (preempt_count() != 0) {
			preempt_enable();
		}
		kthread_complete_and_exit(&linux_panic_done, 0);
	}
	pr_emerg("%s, 0x%llx, 0x%llx\n", text, (unsigned long long)a,
	    (unsigned long long)b);
	BUG();
}

/* A thread that has run a function that did not panic. */
struct linux_panic_call {
	int (*function)(void *);
};

static int
linux_panic_thread(void *argument)
{
	struct linux_panic_call *call = argument;

	WRITE_ONCE(linux_panic_task, current);
	call->function(NULL);
	kthread_complete_and_exit(&linux_panic_done, 0);
}

/* Whether function, which a thread of its own calls, panics with text. */
bool
linux_panics(int (*function)(void *), const char *text)
{
	struct linux_panic_call call = { function };
	struct task_struct *task;

	linux_panicked = false;
	linux_panic_text = text;
	reinit_completion(&linux_panic_done);
	task = kthread_run(linux_panic_thread, &call, "qpmap-panic");
	if (IS_ERR(task)) {
		return (false);
	}
	wait_for_completion(&linux_panic_done);
	WRITE_ONCE(linux_panic_task, NULL);
	return (linux_panicked);
}
