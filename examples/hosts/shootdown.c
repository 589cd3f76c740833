/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * With QPMAP_SHOOTDOWN: the interprocessor interrupt, its handler, and locks
 * that are taken with interrupts off.  The same for every pattern.
 *
 * A shootdown is pinned while it waits: with save_restore.c, with interrupts
 * off.  It handles the requests of other CPUs meanwhile, so this file need not
 * do anything about it.
 */
#include <qpmap/host.h>
#include <qpmap/shootdown.h>

#include "kernel.h"

#if MK_HAS_IPI
/* mk_cpu_start() uses the CPU number as CPU index. */
QPMAP_CALL void
qpmap_host_ipi(qpmap_u32 index)
{
	mk_ipi_send(index);
}

/*
 * The interrupt's handler.  The interrupt is acknowledged first: one that is
 * sent after that interrupts again, and handles any request that this one has
 * not seen.
 */
void
mk_ipi_interrupt(void)
{
	mk_ipi_acknowledge();
	qpmap_shootdown_ipi();
}
#endif

/*
 * Spin with interrupts off, and handle shootdown requests meanwhile: the
 * holder of the lock may wait for this CPU.  Without the poll a holder must not
 * call qpmap_shootdown(), qpmap_quiesce() or qpmap_global_*().
 */
struct mk_irq
mk_lock(struct mk_lock *lock)
{
	struct mk_irq irq = mk_irq_save();

	while (!mk_lock_try(lock)) {
		qpmap_shootdown_poll();
	}
	return (irq);
}

void
mk_unlock(struct mk_lock *lock, struct mk_irq irq)
{
	mk_lock_clear(lock);
	mk_irq_restore(irq);
}
