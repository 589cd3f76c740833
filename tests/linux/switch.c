/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A third module: the library with QPMAP_SWITCH=1, and threads that hold
 * mappings while they sleep and are preempted.
 *
 *	insmod qpmap_switch.ko tests=all	threads on all CPUs
 *	insmod qpmap_switch.ko count=1		count instructions (QEMU,
 *						-icount; on one CPU)
 *
 * Loading fails if a thread finds another page than its own.
 */
#include <linux/completion.h>
#include <linux/cpuhotplug.h>
#include <linux/delay.h>
#include <linux/highmem.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "switch.h"

static char *tests = "";
module_param(tests, charp, 0444);
MODULE_PARM_DESC(tests, "tests to run: all, or switch (none)");

static unsigned int rounds = 4;
module_param(rounds, uint, 0444);
MODULE_PARM_DESC(rounds, "how often each thread does its work (4)");

static bool count;
module_param(count, bool, 0444);
MODULE_PARM_DESC(count, "count instructions, beside Linux's own (no)");

DEFINE_PER_CPU_ALIGNED(struct qpmap_cpu, linux_switch_cpu);

#define LINUX_HOLD	4u		/* pages that a thread holds */
#define LINUX_THREADS	3u		/* for each CPU */
#define LINUX_SWITCHES	25u		/* of each thread, in each round */
#define LINUX_TICK	100000u		/* nanoseconds */

static void *linux_switch_mapped;
static struct page *linux_switch_placeholder;
static qpmap_vaddr_t linux_switch_va;	/* of the windows */
static enum cpuhp_state linux_switch_cpuhp;

QPMAP_NORETURN QPMAP_CALL void
qpmap_host_panic(const char *text, qpmap_u64 a, qpmap_u64 b)
{
	pr_emerg("%s, 0x%llx, 0x%llx\n", text, (unsigned long long)a,
	    (unsigned long long)b);
	BUG();
}

/*
 * The thread leaves the CPU.  Then its mapping is gone; it is loaded from just
 * before, so that a translation which is left would be found.
 */
static void
linux_holder_out(struct preempt_notifier *notifier, struct task_struct *next)
{
	struct linux_holder *holder = container_of(notifier,
	    struct linux_holder, notifier);
	struct qpmap_cpu *cpu = this_cpu_ptr(&linux_switch_cpu);
	qpmap_vaddr_t probe = holder->probe;

	(void)next;
	if (qpmap_held(cpu) != 0) {
		holder->switches++;
		holder->preempted += holder->asleep ? 0 : 1;
	}
	if (probe != 0 && linux_faults(probe)) {
		holder->why = "a mapping is gone before the switch";
	}
	qpmap_switch_out(cpu, &holder->saved);
	if (probe != 0 && !linux_faults(probe)) {
		holder->why = "a mapping can still be used after the switch";
	}
}

/* It continues. */
static void
linux_holder_in(struct preempt_notifier *notifier, int cpu)
{
	struct linux_holder *holder = container_of(notifier,
	    struct linux_holder, notifier);

	(void)cpu;
	qpmap_switch_in(this_cpu_ptr(&linux_switch_cpu), &holder->saved);
}

static struct preempt_ops linux_holder_ops = {
	.sched_in = linux_holder_in,
	.sched_out = linux_holder_out,
};

/* From here on the calling thread may hold mappings over switches. */
void
linux_holder_begin(struct linux_holder *holder)
{
	preempt_notifier_init(&holder->notifier, &linux_holder_ops);
	preempt_notifier_inc();
	preempt_notifier_register(&holder->notifier);
}

void
linux_holder_end(struct linux_holder *holder)
{
	preempt_notifier_unregister(&holder->notifier);
	preempt_notifier_dec();
}

/* One thread of the test. */
struct linux_switcher {
	struct linux_holder holder;
	struct completion done;
	unsigned int number;
	unsigned int held;		/* pages */
	unsigned int page[LINUX_HOLD];
	unsigned int cpu;		/* on which they are held */
	qpmap_vaddr_t va[LINUX_HOLD];
	u32 mark;			/* in each page, at a word of its own */
	u32 random;
};

/* On each CPU, an interrupt that enters pages, also amid a switch. */
struct linux_switch_tick {
	struct hrtimer timer;
	unsigned int ticks;
	unsigned int checks;		/* by the CPU's threads, now */
	unsigned int seen;		/* and at the last tick */
	unsigned int interval;
	bool wrong;
};

static DEFINE_PER_CPU(struct linux_switch_tick, linux_switch_ticks);

static unsigned int
linux_switcher_word(const struct linux_switcher *me)
{
	return (16 + me->number);
}

/* Whether all that is held is where it was, for Linux's mapping, too. */
static const char *
linux_switcher_check(struct linux_switcher *me)
{
	unsigned int i, word = linux_switcher_word(me);

	this_cpu_inc(linux_switch_ticks.checks);
	if (me->held != 0 && me->cpu != raw_smp_processor_id()) {
		return ("a thread that holds mappings was moved");
	}
	for (i = 0; i < me->held; i++) {
		volatile u32 *words = (volatile u32 *)me->va[i];
		u32 *own;

		if (linux_faults(me->va[i])) {
			return ("a page that is held is not mapped");
		}
		if (!linux_page_shows(me->page[i], me->va[i])) {
			return ("another page is mapped");
		}
		words[word] = ++me->mark;
		own = kmap_local_page(linux_pages[me->page[i]]);
		if (READ_ONCE(own[word]) != me->mark) {
			kunmap_local(own);
			return ("a store is missing in the page");
		}
		kunmap_local(own);
	}
	return (NULL);
}

/* Compute, and if the kernel preempts threads, until it has had time to. */
static const char *
linux_switcher_compute(struct linux_switcher *me)
{
	unsigned long end = jiffies + (preempt_model_preemptible() ? 3 : 0);
	unsigned int i, before = me->holder.preempted;
	const char *why = NULL;

	for (i = 0; why == NULL && (i < 64 || (time_before(jiffies, end) &&
	    READ_ONCE(me->holder.preempted) == before)); i++) {
		why = linux_switcher_check(me);
	}
	return (why);
}

/* Sleep, yield, compute, or none of these. */
static const char *
linux_switcher_pause(struct linux_switcher *me)
{
	const char *why = NULL;

	switch (linux_random(&me->random) % 4) {
	case 0:
		me->holder.asleep = true;
		schedule_timeout_uninterruptible(1);
		me->holder.asleep = false;
		break;
	case 1:
		me->holder.asleep = true;
		yield();
		me->holder.asleep = false;
		break;
	case 2:
		why = linux_switcher_compute(me);
		break;
	default:
		break;
	}
	return (why != NULL ? why : linux_switcher_check(me));
}

static const char *
linux_switcher_enter(struct linux_switcher *me)
{
	unsigned int page = linux_random(&me->random) % linux_page_count;

	me->page[me->held] = page;
	me->va[me->held] = qpmap_enter(page_to_phys(linux_pages[page]),
	    QPMAP_ATTR_WRITE_BACK);
	me->cpu = raw_smp_processor_id();
	if (me->held++ == 0) {
		WRITE_ONCE(me->holder.probe, me->va[0]);
	}
	return (linux_switcher_pause(me));
}

static void
linux_switcher_remove(struct linux_switcher *me)
{
	if (--me->held == 0) {
		WRITE_ONCE(me->holder.probe, 0);
	}
	qpmap_remove(me->va[me->held]);
}

/* Up to four pages, one after the other, and as many removed; all are. */
static const char *
linux_switcher_turn(struct linux_switcher *me)
{
	unsigned int wanted = 1 + linux_random(&me->random) % LINUX_HOLD;
	const char *why = NULL;

	while (me->held < wanted && why == NULL) {
		why = linux_switcher_enter(me);
	}
	while (me->held != 0) {
		linux_switcher_remove(me);
		if (why == NULL) {
			why = linux_switcher_pause(me);
		}
	}
	return (why != NULL ? why : me->holder.why);
}

/*
 * Whether the thread was switched often enough, and if the kernel preempts
 * threads, this one against its will, too.
 */
static bool
linux_switcher_has_enough(const struct linux_switcher *me)
{
	return (me->holder.switches >= LINUX_SWITCHES * rounds &&
	    (!preempt_model_preemptible() || me->holder.preempted >= rounds));
}

/* Threads that have not: only together do they preempt each other. */
static atomic_t linux_switchers;

static int
linux_switcher_main(void *argument)
{
	struct linux_switcher *me = argument;
	bool enough = false;
	const char *why = NULL;

	linux_holder_begin(&me->holder);
	while (why == NULL && atomic_read(&linux_switchers) > 0) {
		why = linux_switcher_turn(me);
		if (!enough && linux_switcher_has_enough(me)) {
			enough = true;
			atomic_dec(&linux_switchers);
		}
		cond_resched();
	}
	linux_holder_end(&me->holder);
	if (why != NULL) {
		me->holder.why = why;
		atomic_set(&linux_switchers, 0);
	}
	kthread_complete_and_exit(&me->done, 0);
}

/*
 * Nanoseconds until the next tick.  As long as the CPU's threads stand still,
 * since a tick takes longer than that, the time is doubled.
 */
static unsigned int
linux_switch_tick_next(struct linux_switch_tick *tick)
{
	if (tick->checks == tick->seen) {
		tick->interval = min(2 * tick->interval, 1024 * LINUX_TICK);
	} else {
		tick->interval = max(tick->interval - tick->interval / 8,
		    LINUX_TICK);
	}
	tick->seen = tick->checks;
	return (tick->interval + tick->ticks % 64 * 317);
}

static enum hrtimer_restart
linux_switch_tick(struct hrtimer *timer)
{
	struct linux_switch_tick *tick = container_of(timer,
	    struct linux_switch_tick, timer);
	unsigned int page = tick->ticks++ % (linux_page_count - 1);
	qpmap_vaddr_t va = qpmap_enter(page_to_phys(linux_pages[page]),
	    QPMAP_ATTR_WRITE_BACK);
	qpmap_vaddr_t va2 = qpmap_enter(page_to_phys(linux_pages[page + 1]),
	    QPMAP_ATTR_WRITE_BACK);

	if (!linux_page_shows(page, va) || !linux_page_shows(page + 1, va2)) {
		tick->wrong = true;
	}
	qpmap_remove(va2);
	qpmap_remove(va);
	hrtimer_forward_now(timer, ns_to_ktime(linux_switch_tick_next(tick)));
	return (HRTIMER_RESTART);
}

static void
linux_switch_tick_start(void *unused)
{
	struct linux_switch_tick *tick = this_cpu_ptr(&linux_switch_ticks);

	hrtimer_init(&tick->timer, CLOCK_MONOTONIC,
	    HRTIMER_MODE_REL_PINNED_HARD);
	tick->timer.function = linux_switch_tick;
	tick->interval = LINUX_TICK;
	hrtimer_start(&tick->timer, ns_to_ktime(LINUX_TICK),
	    HRTIMER_MODE_REL_PINNED_HARD);
}

static const char *
linux_switch_ticks_stop(void)
{
	unsigned int cpu;
	const char *why = NULL;

	for_each_online_cpu(cpu) {
		struct linux_switch_tick *tick = per_cpu_ptr(
		    &linux_switch_ticks, cpu);

		hrtimer_cancel(&tick->timer);
		if (tick->wrong) {
			why = "an interrupt's mapping shows another page";
		}
	}
	return (why);
}

/* The threads' reports, added up. */
static const char *
linux_switch_wait(struct linux_switcher *switcher, unsigned int threads)
{
	unsigned int i, switches = 0, preempted = 0;
	const char *why = NULL;

	for (i = 0; i < threads; i++) {
		wait_for_completion(&switcher[i].done);
		switches += switcher[i].holder.switches;
		preempted += switcher[i].holder.preempted;
		if (why == NULL) {
			why = switcher[i].holder.why;
		}
	}
	pr_info("switch: %u threads, %u switches with mappings held, "
	    "%u of them preemptions (%s)\n", threads, switches, preempted,
	    preempt_model_preemptible() ? "preemptible" : "voluntary");
	return (why);
}

static const char *
linux_switch_threads(void)
{
	unsigned int started, threads = LINUX_THREADS * num_online_cpus();
	struct linux_switcher *switcher = kcalloc(threads, sizeof(*switcher),
	    GFP_KERNEL);
	const char *why = NULL, *tick_why;

	if (switcher == NULL) {
		return ("no memory");
	}
	atomic_set(&linux_switchers, threads);
	on_each_cpu(linux_switch_tick_start, NULL, 1);
	for (started = 0; started < threads; started++) {
		struct linux_switcher *me = &switcher[started];

		me->number = started;
		me->random = started * 77u + 1;
		init_completion(&me->done);
		if (IS_ERR(kthread_run(linux_switcher_main, me, "qpmap/%u",
		    started))) {
			why = "no thread";
			atomic_set(&linux_switchers, 0);
			break;
		}
	}
	tick_why = linux_switch_wait(switcher, started);
	why = why != NULL ? why : tick_why;
	tick_why = linux_switch_ticks_stop();
	kfree(switcher);
	return (why != NULL ? why : tick_why);
}

static int
linux_switch_test(void)
{
	const char *why = linux_switch_threads();

	if (why != NULL) {
		pr_info("FAIL switch: %s\n", why);
		return (-EIO);
	}
	pr_info("PASS switch\n");
	return (0);
}

static int
linux_switch_online(unsigned int cpu)
{
	const struct qpmap_cpu_ptes ptes = { (struct qpmap_pte *)
	    linux_leaf(linux_switch_va + cpu * QPMAP_WINDOW_SIZE) };
	unsigned long flags;
	int error;

	local_irq_save(flags);
	error = qpmap_cpu_online(this_cpu_ptr(&linux_switch_cpu), cpu, &ptes);
	local_irq_restore(flags);
	return (error == QPMAP_OK ? 0 : -EINVAL);
}

static int
linux_switch_offline(unsigned int cpu)
{
	unsigned long flags;

	local_irq_save(flags);
	qpmap_cpu_offline(this_cpu_ptr(&linux_switch_cpu));
	local_irq_restore(flags);
	return (0);
}

/* A window for each CPU, and a guard page. */
static int
linux_switch_configure(void)
{
	struct qpmap_config config = {
		.cpu_count = nr_cpu_ids,
		.nesting = QPMAP_SLOTS,
	};
	unsigned long size = (nr_cpu_ids + 1) * QPMAP_WINDOW_SIZE;
	int error;

	linux_switch_placeholder = alloc_page(GFP_KERNEL | __GFP_ZERO);
	if (linux_switch_placeholder != NULL) {
		linux_switch_mapped = linux_leaves_map(linux_switch_placeholder,
		    (size + QPMAP_WINDOW_SIZE) >> PAGE_SHIFT);
	}
	if (linux_switch_mapped == NULL) {
		return (-ENOMEM);
	}
	linux_switch_va = ALIGN((qpmap_vaddr_t)linux_switch_mapped,
	    QPMAP_WINDOW_SIZE);
	config.window_va = linux_switch_va;
	config.flags = linux_flags(linux_switch_va);
#ifdef CONFIG_AMD_MEM_ENCRYPT
	config.private_mask = sme_me_mask;
#endif
	linux_leaves_clear(linux_switch_va, linux_switch_va + size);
	error = qpmap_init(&config);
	if (error != QPMAP_OK) {
		pr_err("%s\n", qpmap_strerror(error));
		return (-EINVAL);
	}
	error = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "qpmap:switch",
	    linux_switch_online, linux_switch_offline);
	if (error < 0) {
		return (error);
	}
	linux_switch_cpuhp = (enum cpuhp_state)error;
	return (0);
}

static void
linux_switch_exit(void)
{
	if (linux_switch_cpuhp != 0) {
		cpuhp_remove_state(linux_switch_cpuhp);
	}
	if (linux_switch_mapped != NULL) {
		vunmap(linux_switch_mapped);
	}
	if (linux_switch_placeholder != NULL) {
		__free_page(linux_switch_placeholder);
	}
	linux_pages_put();
}

static int __init
linux_switch_init(void)
{
	int error = linux_switch_configure();

	if (error == 0) {
		error = linux_pages_get(256);
	}
	if (error == 0 && count) {
		error = linux_switch_count();
	}
	if (error == 0 && (strcmp(tests, "all") == 0 ||
	    strstr(tests, "switch") != NULL)) {
		error = linux_switch_test();
	}
	if (error != 0) {
		linux_switch_exit();
	}
	return (error);
}

module_init(linux_switch_init);
module_exit(linux_switch_exit);

MODULE_DESCRIPTION("qpmap's mappings held over context switches");
MODULE_LICENSE("Dual BSD/GPL");
