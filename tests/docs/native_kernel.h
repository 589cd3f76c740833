/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stands in for examples/hosts/kernel.h on the build machine (-include): the
 * same names, with the interrupt state in a variable.  Every barrier, and the
 * end of every irq_save(), is a place where an NMI arrives.
 */
#ifndef MK_KERNEL_H
#define MK_KERNEL_H

#include <qpmap/types.h>

struct mk_irq {
	unsigned long flags;
};

struct mk_cpu {
	struct qpmap_cpu qpmap;
	struct mk_irq saved;
	unsigned int depth;
};

struct mk_thread {
	struct mk_cpu *cpu;
	unsigned int critical;
	_Bool preempt_owed;
};

extern struct mk_thread mk_native_thread;
extern struct mk_irq mk_native_irq;

void mk_native_nmi(void);
void mk_critical_enter(void);
void mk_critical_exit(void);
void mk_yield(void);

/* shootdown.c: interrupts, and a lock that others hold for a while. */
#define MK_HAS_IPI 1
void mk_ipi_send(unsigned int number);
void mk_ipi_acknowledge(void);
void mk_ipi_interrupt(void);

struct mk_lock {
	unsigned int tries_left;
	_Bool held;
};

_Bool mk_lock_try(struct mk_lock *lock);
void mk_lock_clear(struct mk_lock *lock);
struct mk_irq mk_lock(struct mk_lock *lock);
void mk_unlock(struct mk_lock *lock, struct mk_irq irq);

static inline struct mk_thread *
mk_thread(void)
{
	return (&mk_native_thread);
}

static inline void
mk_barrier(void)
{
	mk_native_nmi();
}

static inline struct mk_irq
mk_irq_save(void)
{
	struct mk_irq irq = mk_native_irq;

	mk_native_irq.flags = 0;
	mk_native_nmi();
	return (irq);
}

static inline void
mk_irq_restore(struct mk_irq irq)
{
	mk_native_nmi();
	mk_native_irq = irq;
}

#endif /* MK_KERNEL_H */
