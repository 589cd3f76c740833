/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Host pattern 4: the context switch, and the end of a thread.
 *
 * The order matters on x86: an invalidation reaches the address space in use
 * only.  On arm64 and riscv64 the address space may be loaded anywhere.
 */
#include <qpmap/switch.h>

#include "kernel.h"

/* Preemption is off; interrupts may be on until mk_stack_switch(). */
void
mk_switch(struct mk_thread *from, struct mk_thread *to)
{
	struct mk_cpu *cpu = from->cpu;

	qpmap_switch_out(&cpu->qpmap, &from->saved);
	mk_space_load(to);
	to->cpu = cpu;
	qpmap_switch_in(&cpu->qpmap, &to->saved);
	mk_stack_switch(from, to);
}

/* A thread that exits, or returns to user mode, must hold nothing. */
void
mk_thread_check(const struct mk_thread *thread)
{
	mk_critical_enter();
	if (thread->stay != 0 || qpmap_held(&thread->cpu->qpmap) != 0) {
		mk_panic("a thread ends with a page mapped", thread->stay,
		    qpmap_held(&thread->cpu->qpmap));
	}
	mk_critical_exit();
}
