/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which tests there are, and how they run: one after the other, each line of
 * the report PASS or FAIL; and threads bound to CPUs.
 */
#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/string.h>

#include "linux.h"

struct linux_thread {
	linux_test test;
	unsigned int rounds;
	const char *why;
	struct completion done;
};

static int
linux_thread_main(void *argument)
{
	struct linux_thread *thread = argument;

	thread->why = thread->test(thread->rounds);
	kthread_complete_and_exit(&thread->done, 0);
}

/* Start test in a thread of its own on that CPU.  NULL if that fails. */
void *
linux_start(linux_test test, unsigned int cpu, unsigned int rounds)
{
	struct linux_thread *thread = kzalloc(sizeof(*thread), GFP_KERNEL);
	struct task_struct *task;

	if (thread == NULL) {
		return (NULL);
	}
	thread->test = test;
	thread->rounds = rounds;
	init_completion(&thread->done);
	task = kthread_create(linux_thread_main, thread, "qpmap/%u", cpu);
	if (IS_ERR(task)) {
		kfree(thread);
		return (NULL);
	}
	kthread_bind(task, cpu);
	wake_up_process(task);
	return (thread);
}

const char *
linux_wait(void *started)
{
	struct linux_thread *thread = started;
	const char *why;

	if (thread == NULL) {
		return ("no thread");
	}
	wait_for_completion(&thread->done);
	why = thread->why;
	kfree(thread);
	return (why);
}

#define LINUX_CPUS 8

const char *
linux_on_cpus(linux_test test, unsigned int rounds)
{
	void *thread[LINUX_CPUS];
	unsigned int cpu, i, count = 0;
	const char *why, *bad = NULL;

	cpus_read_lock();
	for_each_online_cpu(cpu) {
		if (count < LINUX_CPUS) {
			thread[count++] = linux_start(test, cpu, rounds);
		}
	}
	cpus_read_unlock();
	for (i = 0; i < count; i++) {
		why = linux_wait(thread[i]);
		if (bad == NULL) {
			bad = why;
		}
	}
	return (bad);
}

struct linux_interruption {
	linux_test test;
	const char *why[LINUX_CPUS];
};

static void
linux_interrupted(void *argument)
{
	struct linux_interruption *it = argument;
	unsigned int cpu = raw_smp_processor_id();

	if (cpu < LINUX_CPUS) {
		it->why[cpu] = it->test(0);
	}
}

const char *
linux_in_interrupts(linux_test test)
{
	struct linux_interruption it = { .test = test };
	unsigned int i;
	const char *why = NULL;

	on_each_cpu(linux_interrupted, &it, 1);
	for (i = 0; i < LINUX_CPUS && why == NULL; i++) {
		why = it.why[i];
	}
	return (why);
}

static const struct linux_entry {
	const char *name;
	linux_test test;
} linux_tests[] = {
	{ "errors", linux_test_errors },
	{ "errors-cpu", linux_test_errors_cpu },
	{ "selftest", linux_test_selftest },
	{ "contents", linux_test_contents },
	{ "write-through", linux_test_write_through },
	{ "use-after-remove", linux_test_use_after_remove },
	{ "nesting", linux_test_nesting },
	{ "read-only", linux_test_read_only },
	{ "ranges", linux_test_ranges },
	{ "folios", linux_test_folios },
	{ "helpers", linux_test_helpers },
	{ "types", linux_test_types },
	{ "panics", linux_test_panics },
	{ "interrupts", linux_test_interrupts },
	{ "global", linux_test_global },
	{ "global-watched", linux_test_global_watched },
	{ "global-deferred", linux_test_global_deferred },
	{ "global-stress", linux_test_global_stress },
	{ "shootdown", linux_test_shootdown },
	{ "shootdown-duel", linux_test_shootdown_duel },
	{ "hotplug", linux_test_hotplug },
};

/* Whether name is "all", or one of a list with commas. */
static bool
linux_wanted(const char *only, const char *name)
{
	size_t length = strlen(name);
	const char *at = only;

	if (strcmp(only, "all") == 0) {
		return (true);
	}
	while (at != NULL) {
		if (strncmp(at, name, length) == 0 &&
		    (at[length] == ',' || at[length] == '\0')) {
			return (true);
		}
		at = strchr(at, ',');
		at = at != NULL ? at + 1 : NULL;
	}
	return (false);
}

/* How many failed. */
unsigned int
linux_run(const char *only, unsigned int rounds)
{
	unsigned int i, passed = 0, failed = 0;
	const char *why;
	u64 start;

	for (i = 0; i < ARRAY_SIZE(linux_tests); i++) {
		if (!linux_wanted(only, linux_tests[i].name)) {
			continue;
		}
		start = ktime_get_ns();
		why = linux_tests[i].test(rounds);
		if (why == NULL) {
			pr_info("PASS %s (%llu ms)\n", linux_tests[i].name,
			    (ktime_get_ns() - start) >> 20);
			passed++;
		} else {
			pr_info("FAIL %s: %s\n", linux_tests[i].name, why);
			failed++;
		}
	}
	pr_info("%u passed, %u failed\n", passed, failed);
	return (failed);
}
