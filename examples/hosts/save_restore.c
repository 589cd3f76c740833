/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Host pattern 2: save and restore.
 *
 * For a kernel that switches interrupts off and gets a cookie to put them
 * back with.  The cookie may be a struct, so the library does not carry it:
 * it is kept beside the library's state, with the depth that says whose it
 * is.  Only the outermost pin's cookie counts.
 *
 * An NMI between any two lines here pins and unpins too, and does no harm:
 * before the depth is raised it takes the place of the outermost and puts
 * back "off"; after that it leaves saved alone.  On the way out the cookie is
 * read before the depth is lowered.
 */
#include <qpmap/host.h>

#include "kernel.h"

QPMAP_CALL struct qpmap_cpu *
qpmap_host_pin(void)
{
	struct mk_irq irq = mk_irq_save();
	struct mk_cpu *cpu = mk_thread()->cpu;

	if (cpu->depth++ == 0) {
		mk_barrier();
		cpu->saved = irq;
	}
	return (&cpu->qpmap);
}

QPMAP_CALL struct qpmap_cpu *
qpmap_host_cpu(void)
{
	return (&mk_thread()->cpu->qpmap);
}

QPMAP_CALL void
qpmap_host_unpin(struct qpmap_cpu *state)
{
	struct mk_cpu *cpu = mk_thread()->cpu;
	struct mk_irq irq = cpu->saved;

	(void)state;
	mk_barrier();
	if (--cpu->depth == 0) {
		mk_irq_restore(irq);
	}
}
