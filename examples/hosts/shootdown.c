/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * With QPMAP_SHOOTDOWN: the interprocessor interrupt, its handler, and locks
 * that are taken with interrupts off.  The same under every pattern.
 *
 * A shootdown is pinned while it waits; under save_restore.c that means with
 * interrupts off.  It answers others meanwhile, so nothing here need be
 * otherwise for that.
 */
#include <qpmap/host.h>
#include <qpmap/shootdown.h>

#include "kernel.h"

#if MK_HAS_IPI
/* mk_cpu_start() gives each CPU the window of its own number. */
QPMAP_CALL void
qpmap_host_ipi(qpmap_u32 window)
{
	mk_ipi_send(window);
}

/*
 * The interrupt's handler.  The hardware is told first: an interrupt that is
 * sent from then on comes again, and finds what this one has not seen.
 */
void
mk_ipi_interrupt(void)
{
	mk_ipi_acknowledge();
	qpmap_shootdown_ipi();
}
#endif

/*
 * A holder may wait for a shootdown, for which this CPU may be needed: who
 * spins with interrupts off answers.  Otherwise nobody could hold such a lock
 * and call qpmap_shootdown(), qpmap_quiesce() or qpmap_global_*().
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
