/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A kernel that maps pages with qpmap and in no other way: RAM outside its
 * image is mapped nowhere.  machine_* is <arch>/, where the test kernel
 * (tests/kernel) finds more than this header declares.
 */
#ifndef KERNEL_H
#define KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include <qpmap/shootdown.h>

#define KERNEL_CPUS	4u
#define KERNEL_PAGE	4096u
#define KERNEL_STACK	16384u

/* A CPU's own data. */
struct kernel_cpu {
	struct qpmap_cpu qpmap;		/* the library's, zeroed */
	uint32_t number;		/* its CPU index, too */
};

extern struct kernel_cpu kernel_cpus[KERNEL_CPUS];
extern unsigned char kernel_stacks[KERNEL_CPUS][KERNEL_STACK];

/* Addresses and flags; machine_this_cpu(), machine_irq_on() and others. */
#include "machine.h"

/* Of these the example has only shootdowns. */
enum kernel_interrupt {
	KERNEL_SHOOTDOWN, KERNEL_STORM, KERNEL_WAKE, KERNEL_TICK
};

/*
 * What the machine calls, with interrupts off: kernel_main() on CPU 0,
 * kernel_cpu_main() on the others; kernel_dying(), then kernel_fatal().
 */
_Noreturn void kernel_main(void);
_Noreturn void kernel_cpu_main(void);
void kernel_interrupt(enum kernel_interrupt which);
void kernel_dying(void);
_Noreturn void kernel_fatal(const char *why);
void kernel_print(const char *format, ...);	/* %s, %u; %x: 64 bits */

/*
 * What the machine supplies.  machine_own[n] is the page-table entry of page n
 * from MACHINE_OWN_VA on; machine_load() returns false if the load faulted.
 */
extern struct qpmap_pte machine_own[];
void machine_putc(char c);
_Noreturn void machine_exit(int code);
void machine_start_cpu(uint32_t number);
_Noreturn void machine_stop_cpu(void);
void machine_ipi(uint32_t number, enum kernel_interrupt which);
bool machine_load(qpmap_vaddr_t va, uint32_t *value);

#endif /* KERNEL_H */
