/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Host pattern 2: save and restore.
 *
 * For a kernel that turns interrupts off and gets a cookie to restore them.
 * The cookie may be a struct, so the library does not carry it: per-CPU data
 * holds that of the outermost pin, and the depth of pins.
 *
 * An NMI between any two lines here may pin and unpin.  Before the depth is
 * incremented the NMI's pin is the outermost, and its unpin restores "off";
 * later its pin does not write saved.  On the way out the cookie is read before
 * the depth is decremented.
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
