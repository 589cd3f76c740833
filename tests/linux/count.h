/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Instructions, in QEMU with -icount shift=0, where a nanosecond is one.
 *
 * A loop's cost for one turn, less that of an empty loop: the least of several
 * batches, so that what does not belong to it (a tick of the timer, for what
 * runs with interrupts on) is left out.  pr_fmt() is the includer's.
 */
#ifndef LINUX_COUNT_H
#define LINUX_COUNT_H

#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/ktime.h>

#define LINUX_TURNS	1024u
#define LINUX_BATCHES	8u

/*
 * The compiler knows nothing of x any more: what is inline is worked out anew
 * in each turn, as for different pages.
 */
#define LINUX_UNKNOWN(x) __asm__ volatile("" : "+r"(x) :: "memory")

typedef void (*linux_body)(unsigned int turns);

struct linux_count_entry {
	const char *name;
	linux_body body;
	unsigned int turns;
	bool interrupts;	/* on: what allocates may not be without */
};

/* The least of some batches of so many turns, for one turn. */
static unsigned int
linux_count_least(const struct linux_count_entry *entry)
{
	u64 start, least = ~0ull;
	unsigned int i;

	for (i = 0; i < LINUX_BATCHES; i++) {
		unsigned long flags = 0;

		if (!entry->interrupts) {
			local_irq_save(flags);
		}
		start = ktime_get_ns();
		entry->body(entry->turns);
		least = min(least, ktime_get_ns() - start);
		if (!entry->interrupts) {
			local_irq_restore(flags);
		}
	}
	return ((unsigned int)least / entry->turns);
}

/*
 * Count each of the entries; the first is the empty loop.  Each body runs once
 * before it counts: caches of allocators fill up.
 */
static void
linux_count_all(const struct linux_count_entry *entry, unsigned int count)
{
	unsigned int i, cost, empty = 0;

	for (i = 0; i < count; i++) {
		entry[i].body(entry[i].turns);
		cost = linux_count_least(&entry[i]);
		pr_info("COUNT %s: %u\n", entry[i].name, cost - empty);
		if (i == 0) {
			empty = cost;
		}
	}
}

#endif /* LINUX_COUNT_H */
