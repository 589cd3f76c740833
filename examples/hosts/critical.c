/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Host pattern 3: a critical section.
 *
 * For a kernel with a pair of functions that nest and keep a thread on its
 * CPU: critical_enter(9), preempt_disable(), xv6's push_off().  The pair
 * determines whether interrupts are on while a page is mapped: the first two
 * leave them on, push_off() turns them off.
 */
#include <qpmap/host.h>

#include "kernel.h"

QPMAP_CALL struct qpmap_cpu *
qpmap_host_pin(void)
{
	mk_critical_enter();
	return (&mk_thread()->cpu->qpmap);
}

QPMAP_CALL struct qpmap_cpu *
qpmap_host_cpu(void)
{
	return (&mk_thread()->cpu->qpmap);
}

QPMAP_CALL void
qpmap_host_unpin(struct qpmap_cpu *cpu)
{
	(void)cpu;
	mk_critical_exit();
}
