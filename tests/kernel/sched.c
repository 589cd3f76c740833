/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two threads on a CPU, interrupts, and the switch between the threads, with
 * what a scheduler can assert of the library.
 */
#include "kernel.h"
#include "stress.h"

static unsigned char kernel_second_stacks[KERNEL_CPUS][KERNEL_STACK]
    __attribute__((aligned(16)));

/*
 * A thread that holds a mapping must not come here: the other one, or this one
 * on another CPU, would find its slot in use.
 */
void
kernel_yield(void)
{
	unsigned long irq = machine_irq_save();
	struct kernel_cpu *cpu = machine_this_cpu();

	cpu->preempt_owed = false;
	if (qpmap_held(&cpu->qpmap) != 0 || cpu->critical != 0) {
		cpu->violations++;
	}
	__atomic_store_n(&cpu->quiet, cpu->quiet + 1, __ATOMIC_RELEASE);
	if (cpu->second_runs) {
		machine_switch(&cpu->other_stack, cpu->other_stack);
	}
	machine_irq_restore(irq);
}

/*
 * A handler is pinned, as it were: what it maps and removes must not end in a
 * switch before it is through.
 */
void
kernel_interrupt(enum kernel_interrupt which)
{
	struct kernel_cpu *cpu = machine_this_cpu();

	cpu->critical++;
	if (which == KERNEL_SHOOTDOWN) {
		qpmap_shootdown_ipi();
	} else if (which == KERNEL_STORM) {
		kernel_storm_handler();
	}
	cpu->preempt_owed |= which != KERNEL_SHOOTDOWN;
	cpu->critical--;
	if (which == KERNEL_TICK) {
		cpu->preempted += cpu->critical == 0;
		cpu->put_off += cpu->critical != 0;
	}
	if (cpu->critical == 0 && cpu->preempt_owed) {
		kernel_yield();
	}
}

/* The second thread begins in a yield of the first, interrupts off. */
_Noreturn static void
kernel_second_main(void)
{
	struct kernel_cpu *cpu = machine_this_cpu();

	machine_irq_on();
	kernel_second(cpu);
	(void)machine_irq_save();
	cpu->second_runs = false;
	machine_switch(&cpu->other_stack, cpu->other_stack);
	__builtin_unreachable();
}

/* A stack on which a thread waits that has not run yet. */
void
kernel_second_start(struct kernel_cpu *cpu)
{
	qpmap_vaddr_t *words = (qpmap_vaddr_t *)
	    (kernel_second_stacks[cpu->number] + KERNEL_STACK) -
	    MACHINE_SWITCH_WORDS;

	words[MACHINE_SWITCH_RETURN] = (qpmap_vaddr_t)kernel_second_main;
	cpu->other_stack = words;
	cpu->second_stop = false;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	cpu->second_runs = true;
}

/* Wait, running it, until it has ended. */
void
kernel_second_end(struct kernel_cpu *cpu)
{
	__atomic_store_n(&cpu->second_stop, true, __ATOMIC_RELAXED);
	while (__atomic_load_n(&cpu->second_runs, __ATOMIC_RELAXED)) {
		kernel_yield();
	}
}
