/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of qpmap_switch.ko have in common.
 */
#ifndef SWITCH_H
#define SWITCH_H

#include <linux/preempt.h>

#include <qpmap/switch.h>

#include "linux.h"

/*
 * A thread that holds mappings over context switches.  Linux calls the
 * notifier when the thread leaves a CPU, with interrupts off and before the
 * address space changes; and when it continues, after that.
 */
struct linux_holder {
	struct preempt_notifier notifier;
	struct qpmap_saved saved;
	qpmap_vaddr_t probe;		/* of a mapping that is held, or 0 */
	bool asleep;			/* it asked for the switch */
	unsigned int switches;		/* while mappings are held */
	unsigned int preempted;		/* those that it did not ask for */
	const char *why;		/* what was found wrong, or NULL */
};

void linux_holder_begin(struct linux_holder *holder);
void linux_holder_end(struct linux_holder *holder);

/* switch_count.c */
int linux_switch_count(void);

#endif /* SWITCH_H */
