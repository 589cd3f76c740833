/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arm64: exceptions, and four parts of the machine: PSCI (DEN 0022) starts
 * and stops CPUs, the interrupt controller (GICv2, IHI 0048) sends interrupts,
 * a PL011 UART (DDI 0183) is the console, and each CPU has a timer (DDI 0487,
 * "The Generic Timer").
 */
#include <qpmap/try.h>

#include "kernel.h"

#define MACHINE_PSCI_CPU_OFF	0x84000002ul
#define MACHINE_PSCI_CPU_ON	0xc4000003ul
#define MACHINE_PSCI_AFFINITY	0xc4000004ul	/* AFFINITY_INFO */
#define MACHINE_PSCI_IS_OFF	1ul		/* what it returns */

/* The distributor and this CPU's interface to it. */
#define MACHINE_GICD		0x08000000ul
#define MACHINE_GICD_CTLR	0x000ul
#define MACHINE_GICD_ISENABLER	0x100ul
#define MACHINE_GICD_IPRIORITYR	0x400ul
#define MACHINE_GICD_SGIR	0xf00ul
#define MACHINE_GICC		0x08010000ul
#define MACHINE_GICC_CTLR	0x00ul
#define MACHINE_GICC_PMR	0x04ul		/* priorities masked */
#define MACHINE_GICC_IAR	0x0cul
#define MACHINE_GICC_EOIR	0x10ul
#define MACHINE_GIC_NUMBER	0x3ffu		/* of an interrupt, in IAR */
#define MACHINE_GIC_TIMER	27u		/* the virtual timer's */
#define MACHINE_GIC_IPIS	3u		/* interrupts 0 and up */

#define MACHINE_UART		0x09000000ul
#define MACHINE_UART_DR		0x00ul
#define MACHINE_UART_FR		0x18ul
#define MACHINE_UART_FR_TXFF	0x20u		/* no room */
#define MACHINE_UART_LCR	0x2cul
#define MACHINE_UART_LCR_8N1	0x70u		/* and FIFOs */
#define MACHINE_UART_CR		0x30ul
#define MACHINE_UART_CR_TX	0x101u		/* on, to send */

/* Semihosting for AArch32 and AArch64: SYS_EXIT and its reason. */
#define MACHINE_SEMI_EXIT	0x18ul
#define MACHINE_SEMI_EXITED	0x20026ul	/* the application did */

/* Numbers of vectors, and ESR_EL1. */
#define MACHINE_VECTOR_SYNC	4ul
#define MACHINE_VECTOR_IRQ	5ul
#define MACHINE_ESR_CLASS	26		/* shift */
#define MACHINE_ESR_FETCH	0x21ul		/* abort, our own level */
#define MACHINE_ESR_DATA	0x25ul
#define MACHINE_ESR_FNV		0x400ul		/* no address */
#define MACHINE_ESR_FAULT	0x34ul		/* mask: 4 for translation, */
#define MACHINE_ESR_PAGE	0x04ul		/* 12 for permission */

/* What machine_vector saves. */
struct machine_frame {
	unsigned long x[31];
	unsigned long sp, elr, spsr;
};

_Noreturn void machine_main(void);
_Noreturn void machine_cpu_main(void);
void machine_trap(struct machine_frame *frame, unsigned long vector,
    unsigned long esr, unsigned long far);

/* boot.S; those that end in _at, _return and _failed are places in code. */
extern const char machine_boot_cpu[];
extern const char machine_load_at[], machine_store_at[], machine_clean_at[];
extern const char machine_fetch_return[];
extern const char machine_probe_failed[], machine_fetch_failed[];

_Static_assert(KERNEL_STACK == 16384, "boot.S has the number as well");

static uint32_t
machine_read(unsigned long address)
{
	return (*(volatile uint32_t *)address);
}

static void
machine_write(unsigned long address, uint32_t value)
{
	*(volatile uint32_t *)address = value;
}

void
machine_putc(char c)
{
	while ((machine_read(MACHINE_UART + MACHINE_UART_FR) &
	    MACHINE_UART_FR_TXFF) != 0) {
		machine_relax();
	}
	machine_write(MACHINE_UART + MACHINE_UART_DR, (unsigned char)c);
}

/* With -semihosting, QEMU takes this HLT as a call. */
_Noreturn void
machine_exit(int code)
{
	unsigned long why[2] = { MACHINE_SEMI_EXITED, (unsigned long)code };
	register unsigned long x0 __asm__("x0") = MACHINE_SEMI_EXIT;
	register unsigned long x1 __asm__("x1") = (unsigned long)why;

	__asm__ volatile("hlt #0xf000" : "+r"(x0) : "r"(x1) : "memory");
	for (;;) {
		machine_relax();
	}
}

/* SMC Calling Convention (DEN 0028): x0 to x17 are the callee's. */
static unsigned long
machine_psci(unsigned long function, unsigned long a, unsigned long b,
    unsigned long c)
{
	register unsigned long x0 __asm__("x0") = function;
	register unsigned long x1 __asm__("x1") = a;
	register unsigned long x2 __asm__("x2") = b;
	register unsigned long x3 __asm__("x3") = c;

	__asm__ volatile("hvc #0"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
			 :: "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11",
			 "x12", "x13", "x14", "x15", "x16", "x17", "memory");
	return (x0);
}

/*
 * QEMU numbers four CPUs 0 to 3 in MPIDR_EL1 and in the interrupt controller,
 * and starts CPU 0.
 */
void
machine_start_cpu(uint32_t number)
{
	struct kernel_cpu **top = (struct kernel_cpu **)
	    (kernel_stacks[number] + KERNEL_STACK);

	while (machine_psci(MACHINE_PSCI_AFFINITY, number, 0, 0) !=
	    MACHINE_PSCI_IS_OFF) {
		machine_relax();
	}
	top[-2] = &kernel_cpus[number];
	__asm__ volatile("dsb ish" ::: "memory");
	if (machine_psci(MACHINE_PSCI_CPU_ON, number,
	    (unsigned long)machine_boot_cpu, (unsigned long)(top - 2)) != 0) {
		kernel_dying();
		kernel_fatal("PSCI does not start a CPU");
	}
}

_Noreturn void
machine_stop_cpu(void)
{
	(void)machine_irq_save();
	(void)machine_psci(MACHINE_PSCI_CPU_OFF, 0, 0, 0);
	kernel_dying();
	kernel_fatal("PSCI does not stop a CPU");
}

/* DSB: what we accessed before comes before the store to the device. */
void
machine_ipi(uint32_t number, enum kernel_interrupt which)
{
	__asm__ volatile("dsb ish" ::: "memory");
	machine_write(MACHINE_GICD + MACHINE_GICD_SGIR,
	    1u << (16 + number) | (uint32_t)which);
}

unsigned long
machine_cpu_id(uint32_t number)
{
	return (number);
}

uint32_t
machine_cpu_flags(void)
{
	return (0);
}

/* Until the next tick. */
static void
machine_timer_set(void)
{
	unsigned long frequency;

	__asm__ volatile("mrs %0, cntfrq_el0" : "=r"(frequency));
	__asm__ volatile("msr cntv_tval_el0, %0\n\t"
			 "isb" :: "r"(frequency / 1000) : "memory");
}

void
machine_timer(bool on)
{
	machine_timer_set();
	__asm__ volatile("msr cntv_ctl_el0, %0\n\t"
			 "isb" :: "r"((unsigned long)on) : "memory");
}

/* What is read must be written back whole: it has the sender's number, too. */
static void
machine_interrupt(void)
{
	uint32_t iar = machine_read(MACHINE_GICC + MACHINE_GICC_IAR);
	uint32_t number = iar & MACHINE_GIC_NUMBER;

	if (number == MACHINE_GIC_TIMER) {
		machine_timer_set();
	} else if (number >= MACHINE_GIC_IPIS) {
		return;
	}
	machine_write(MACHINE_GICC + MACHINE_GICC_EOIR, iar);
	/* The handler's accesses come after the controller's answer. */
	__asm__ volatile("dsb sy" ::: "memory");
	kernel_interrupt(number == MACHINE_GIC_TIMER ? KERNEL_TICK :
	    (enum kernel_interrupt)number);
}

/* The same for a copy that survives a fault (qpmap/try.h). */
static unsigned long
machine_resume(struct machine_frame *frame, unsigned long esr,
    unsigned long far)
{
#if QPMAP_TRY
	struct qpmap_fault fault = {
		.pc = frame->elr, .address = far,
		.has_address = (esr & MACHINE_ESR_FNV) == 0,
		.x0 = frame->x[0], .x12 = frame->x[12], .x13 = frame->x[13]
	};
	unsigned long pc = qpmap_fault_resume(&fault);

	frame->x[0] = fault.x0;
	return (pc);
#else
	(void)frame;
	(void)esr;
	(void)far;
	return (0);
#endif
}

/* Where a probe goes on after its fault; 0 if this was no probe's. */
static unsigned long
machine_fixup(struct machine_frame *frame, unsigned long esr,
    unsigned long far)
{
	unsigned long class = esr >> MACHINE_ESR_CLASS & 63, pc = 0;

	if (class == MACHINE_ESR_DATA) {
		pc = machine_resume(frame, esr, far);
	}
	if (pc != 0 || (esr & MACHINE_ESR_FAULT) != MACHINE_ESR_PAGE) {
		return (pc);
	}
	if (class == MACHINE_ESR_DATA &&
	    (frame->elr == (unsigned long)machine_load_at ||
	    frame->elr == (unsigned long)machine_store_at ||
	    frame->elr == (unsigned long)machine_clean_at)) {
		return ((unsigned long)machine_probe_failed);
	}
	if (class == MACHINE_ESR_FETCH && frame->elr == far &&
	    frame->x[30] == (unsigned long)machine_fetch_return) {
		return ((unsigned long)machine_fetch_failed);
	}
	return (0);
}

static _Noreturn void
machine_die(const struct machine_frame *frame, unsigned long vector,
    unsigned long esr, unsigned long far)
{
	uint32_t i;

	kernel_dying();
	kernel_print("vector %u esr 0x%x far 0x%x\n", (uint32_t)vector,
	    (uint64_t)esr, (uint64_t)far);
	kernel_print("elr 0x%x spsr 0x%x sp 0x%x\n", (uint64_t)frame->elr,
	    (uint64_t)frame->spsr, (uint64_t)frame->sp);
	for (i = 0; i < 31; i++) {
		kernel_print("x%u 0x%x%s", i, (uint64_t)frame->x[i],
		    i % 4 == 3 ? "\n" : " ");
	}
	kernel_print("\n");
	kernel_fatal("an exception that nobody expects");
}

void
machine_trap(struct machine_frame *frame, unsigned long vector,
    unsigned long esr, unsigned long far)
{
	unsigned long fixup = 0;

	if (vector == MACHINE_VECTOR_IRQ) {
		machine_interrupt();
		return;
	}
	if (vector == MACHINE_VECTOR_SYNC) {
		fixup = machine_fixup(frame, esr, far);
	}
	if (fixup == 0) {
		machine_die(frame, vector, esr, far);
	}
	frame->elr = fixup;
}

/*
 * Of the registers of an interrupt below 32 each CPU has its own.  Priority 0
 * is the highest; PMR lets pass what is higher than its value.
 */
static void
machine_cpu_init(void)
{
	machine_write(MACHINE_GICD + MACHINE_GICD_IPRIORITYR, 0);
	machine_write(MACHINE_GICD + MACHINE_GICD_IPRIORITYR +
	    (MACHINE_GIC_TIMER & ~3u), 0);
	machine_write(MACHINE_GICD + MACHINE_GICD_ISENABLER,
	    1u << MACHINE_GIC_TIMER | ((1u << MACHINE_GIC_IPIS) - 1));
	machine_write(MACHINE_GICC + MACHINE_GICC_PMR, 0xff);
	machine_write(MACHINE_GICC + MACHINE_GICC_CTLR, 1);
	/* SError, bit 2 of the immediate: nobody expects one. */
	__asm__ volatile("msr daifclr, #4" ::: "memory");
}

_Noreturn void
machine_main(void)
{
	machine_write(MACHINE_UART + MACHINE_UART_LCR, MACHINE_UART_LCR_8N1);
	machine_write(MACHINE_UART + MACHINE_UART_CR, MACHINE_UART_CR_TX);
	machine_write(MACHINE_GICD + MACHINE_GICD_CTLR, 1);
	machine_cpu_init();
	kernel_main();
}

_Noreturn void
machine_cpu_main(void)
{
	machine_cpu_init();
	kernel_cpu_main();
}
