/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a pair costs whose pin forbids migration only, and what a context switch
 * costs with mappings held, beside kmap_local_page(), which does the same work
 * where there is highmem.
 */
#include <linux/completion.h>
#include <linux/highmem.h>
#include <linux/kthread.h>

#include "switch.h"

#include "count.h"

static struct linux_holder linux_count_holder;
static volatile u32 linux_switch_sink;

static noinline void
linux_count_nothing(unsigned int turns)
{
	struct page *page = linux_pages[1];

	for (; turns != 0; turns--) {
		LINUX_UNKNOWN(page);
	}
}

static noinline void
linux_count_migrate(unsigned int turns)
{
	for (; turns != 0; turns--) {
		migrate_disable();
		migrate_enable();
	}
}

static noinline void
linux_count_pair(unsigned int turns)
{
	struct page *page = linux_pages[1];

	for (; turns != 0; turns--) {
		LINUX_UNKNOWN(page);
		qpmap_remove(qpmap_enter(page_to_phys(page),
		    QPMAP_ATTR_WRITE_BACK));
	}
}

static noinline void
linux_count_pair_load(unsigned int turns)
{
	struct page *page = linux_pages[1];

	for (; turns != 0; turns--) {
		qpmap_vaddr_t va;

		LINUX_UNKNOWN(page);
		va = qpmap_enter(page_to_phys(page), QPMAP_ATTR_WRITE_BACK);
		linux_switch_sink = *(volatile u32 *)va;
		qpmap_remove(va);
	}
}

static noinline void
linux_count_kmap(unsigned int turns)
{
	struct page *page = linux_pages[1];

	for (; turns != 0; turns--) {
		void *va;

		LINUX_UNKNOWN(page);
		va = kmap_local_page(page);
		__asm__ volatile("" :: "r"(va) : "memory");
		kunmap_local(va);
	}
}

static noinline void
linux_count_kmap_load(unsigned int turns)
{
	struct page *page = linux_pages[1];

	for (; turns != 0; turns--) {
		void *va;

		LINUX_UNKNOWN(page);
		va = kmap_local_page(page);
		linux_switch_sink = *(volatile u32 *)va;
		kunmap_local(va);
	}
}

/* The two calls themselves, with so many mappings held. */
static void
linux_count_calls(unsigned int turns, unsigned int held)
{
	qpmap_vaddr_t va[4];
	unsigned int i;

	for (i = 0; i < held; i++) {
		va[i] = qpmap_enter(page_to_phys(linux_pages[i]),
		    QPMAP_ATTR_WRITE_BACK);
	}
	for (; turns != 0; turns--) {
		struct qpmap_cpu *cpu = this_cpu_ptr(&linux_switch_cpu);

		qpmap_switch_out(cpu, &linux_count_holder.saved);
		__asm__ volatile("" ::: "memory");
		qpmap_switch_in(cpu, &linux_count_holder.saved);
	}
	while (held-- != 0) {
		qpmap_remove(va[held]);
	}
}

static noinline void
linux_count_calls_0(unsigned int turns)
{
	linux_count_calls(turns, 0);
}

static noinline void
linux_count_calls_1(unsigned int turns)
{
	linux_count_calls(turns, 1);
}

static noinline void
linux_count_calls_4(unsigned int turns)
{
	linux_count_calls(turns, 4);
}

/* Another thread, which answers each of this one's calls. */
static DECLARE_COMPLETION(linux_count_call);
static DECLARE_COMPLETION(linux_count_answer);
static bool linux_count_over;

static int
linux_count_partner(void *unused)
{
	for (;;) {
		wait_for_completion(&linux_count_call);
		if (READ_ONCE(linux_count_over)) {
			break;
		}
		complete(&linux_count_answer);
	}
	kthread_complete_and_exit(&linux_count_answer, 0);
}

/* To the other thread and back: two switches, in one of which this is out. */
static void
linux_count_round_trips(unsigned int turns)
{
	for (; turns != 0; turns--) {
		complete(&linux_count_call);
		wait_for_completion(&linux_count_answer);
	}
}

static void
linux_count_trips_pages(unsigned int turns, unsigned int held)
{
	qpmap_vaddr_t va[4];
	unsigned int i;

	linux_holder_begin(&linux_count_holder);
	for (i = 0; i < held; i++) {
		va[i] = qpmap_enter(page_to_phys(linux_pages[i]),
		    QPMAP_ATTR_WRITE_BACK);
	}
	linux_count_round_trips(turns);
	for (; i != 0; i--) {
		qpmap_remove(va[i - 1]);
	}
	linux_holder_end(&linux_count_holder);
}

static void
linux_count_trips_kmap(unsigned int turns, unsigned int held)
{
	void *va[4];
	unsigned int i;

	for (i = 0; i < held; i++) {
		va[i] = kmap_local_page(linux_pages[i]);
	}
	linux_count_round_trips(turns);
	for (; i != 0; i--) {
		kunmap_local(va[i - 1]);
	}
}

static noinline void
linux_count_trips_0(unsigned int turns)
{
	linux_count_trips_pages(turns, 0);
}

static noinline void
linux_count_trips_1(unsigned int turns)
{
	linux_count_trips_pages(turns, 1);
}

static noinline void
linux_count_trips_4(unsigned int turns)
{
	linux_count_trips_pages(turns, 4);
}

static noinline void
linux_count_kmaps_1(unsigned int turns)
{
	linux_count_trips_kmap(turns, 1);
}

static noinline void
linux_count_kmaps_4(unsigned int turns)
{
	linux_count_trips_kmap(turns, 4);
}

static const struct linux_count_entry linux_switch_counts[] = {
	{ "switch, loop", linux_count_nothing, LINUX_TURNS, false },
	{ "switch, migrate_disable and migrate_enable", linux_count_migrate,
	    LINUX_TURNS, false },
	{ "switch, qpmap pair", linux_count_pair, LINUX_TURNS, false },
	{ "switch, qpmap pair, load", linux_count_pair_load, LINUX_TURNS,
	    false },
	{ "switch, kmap_local", linux_count_kmap, LINUX_TURNS, false },
	{ "switch, kmap_local, load", linux_count_kmap_load, LINUX_TURNS,
	    false },
	{ "switch, out and in, nothing held", linux_count_calls_0, LINUX_TURNS,
	    false },
	{ "switch, out and in, 1 held", linux_count_calls_1, LINUX_TURNS,
	    false },
	{ "switch, out and in, 4 held", linux_count_calls_4, LINUX_TURNS,
	    false },
};

/*
 * Net of a round trip of threads that hold nothing: the library's with the
 * notifier, which Linux's own mappings do not need.
 */
static const struct linux_count_entry linux_trip_counts[] = {
	{ "round trip, notifier", linux_count_trips_0, 256, true },
	{ "round trip, qpmap 1 held", linux_count_trips_1, 256, true },
	{ "round trip, qpmap 4 held", linux_count_trips_4, 256, true },
};

static const struct linux_count_entry linux_kmap_counts[] = {
	{ "round trip", linux_count_round_trips, 256, true },
	{ "round trip, kmap_local 1 held", linux_count_kmaps_1, 256, true },
	{ "round trip, kmap_local 4 held", linux_count_kmaps_4, 256, true },
};

int
linux_switch_count(void)
{
	linux_count_all(linux_switch_counts, ARRAY_SIZE(linux_switch_counts));
	if (IS_ERR(kthread_run(linux_count_partner, NULL, "qpmap/partner"))) {
		return (-ENOMEM);
	}
	linux_count_round_trips(4096);	/* the scheduler's averages settle */
	linux_count_all(linux_trip_counts, ARRAY_SIZE(linux_trip_counts));
	linux_count_all(linux_kmap_counts, ARRAY_SIZE(linux_kmap_counts));
	WRITE_ONCE(linux_count_over, true);
	complete(&linux_count_call);
	wait_for_completion(&linux_count_answer);
	return (0);
}
