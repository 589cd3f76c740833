/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * riscv64: page tables of the image, traps, and what the SBI does for us
 * (RISC-V Supervisor Binary Interface Specification: HSM, sPI, TIME, and the
 * legacy console).
 */
#include <qpmap/try.h>

#include "kernel.h"

#define MACHINE_SBI_PUTCHAR	1ul
#define MACHINE_SBI_HSM		0x48534dul	/* hart state management */
#define MACHINE_SBI_HSM_START	0ul
#define MACHINE_SBI_HSM_STOP	1ul
#define MACHINE_SBI_HSM_STATUS	2ul
#define MACHINE_SBI_HSM_STOPPED	1
#define MACHINE_SBI_SPI		0x735049ul	/* supervisor IPI */

#define MACHINE_SBI_TIME	0x54494d45ul

#define MACHINE_SIE_SSIE	(1ul << 1)
#define MACHINE_SIE_STIE	(1ul << 5)
#define MACHINE_IRQ_SOFTWARE	((1ul << 63) | 1)
#define MACHINE_IRQ_TIMER	((1ul << 63) | 5)
#define MACHINE_TICK		10000ul		/* of QEMU's 10 MHz */
#define MACHINE_ILLEGAL		2ul		/* instruction */
#define MACHINE_LOAD_ACCESS	5ul		/* access faults */
#define MACHINE_STORE_ACCESS	7ul
#define MACHINE_FETCH_FAULT	12ul		/* page faults */
#define MACHINE_LOAD_FAULT	13ul
#define MACHINE_STORE_FAULT	15ul

/* Sv39 entries: V, R, W, X, A, D. */
#define MACHINE_PTE_V		0x01ul
#define MACHINE_PTE_RX		0x4bul
#define MACHINE_PTE_RW		0xc7ul
#define MACHINE_SATP_SV39	(8ul << 60)

/* The image's two 2 MiB pages (kernel.ld), and the device that powers off. */
#define MACHINE_TEXT		0x80200000ul
#define MACHINE_DATA		0x80400000ul
#define MACHINE_DEVICES		0x40000000ul
#define MACHINE_POWER		0x00100000ul
#define MACHINE_POWER_PASS	0x5555u
#define MACHINE_POWER_FAIL	0x3333u

/*
 * A word behind the image, 0 unless QEMU puts something there: how
 * to boot this time.
 */
#define MACHINE_OPTIONS		0x805ffff8ul
#define MACHINE_OPTION_RFENCE	1u

/* What machine_vector saves. */
struct machine_frame {
	unsigned long x[31];		/* x1 to x31 */
	unsigned long sepc, sstatus;
};

bool machine_has_svinval(void);
_Noreturn void machine_main(void);
_Noreturn void machine_cpu_main(void);
void machine_trap(struct machine_frame *frame, unsigned long cause,
    unsigned long value);

/* boot.S; those that end in _at, _return and _failed are places in code. */
extern const char machine_boot[], machine_vector[];
extern const char machine_load_at[], machine_store_at[];
extern const char machine_svinval_at[], machine_fetch_return[];
extern const char machine_probe_failed[], machine_fetch_failed[];

_Static_assert(KERNEL_STACK == 1 << 14 && KERNEL_CPUS == 4,
    "boot.S has the numbers as well");

struct qpmap_pte machine_root[512] __attribute__((aligned(4096)));
static unsigned long machine_low[512] __attribute__((aligned(4096)));
static unsigned long machine_image[512] __attribute__((aligned(4096)));
static unsigned long machine_devices[512] __attribute__((aligned(4096)));
struct qpmap_pte machine_own[512] __attribute__((aligned(4096)));
struct qpmap_pte machine_zero[512] __attribute__((aligned(4096)));

/* What the one interrupt between harts is about, a bit each. */
static uint32_t machine_reasons[KERNEL_CPUS];

/*
 * boot.S: whether a hart has begun, and which.  CPU 0 is the hart that the SBI
 * chose; the others follow it.
 */
uint32_t machine_began;
unsigned long machine_first_hart;

struct machine_sbi {
	long error;
	long value;
};

static struct machine_sbi
machine_sbi(unsigned long extension, unsigned long function,
    unsigned long a, unsigned long b, unsigned long c)
{
	register unsigned long a0 __asm__("a0") = a;
	register unsigned long a1 __asm__("a1") = b;
	register unsigned long a2 __asm__("a2") = c;
	register unsigned long a6 __asm__("a6") = function;
	register unsigned long a7 __asm__("a7") = extension;

	__asm__ volatile("ecall" : "+r"(a0), "+r"(a1)
			 : "r"(a2), "r"(a6), "r"(a7) : "memory");
	return ((struct machine_sbi){ (long)a0, (long)a1 });
}

unsigned long
machine_cpu_id(uint32_t number)
{
	return ((machine_first_hart + number) % KERNEL_CPUS);
}

void
machine_putc(char c)
{
	(void)machine_sbi(MACHINE_SBI_PUTCHAR, 0, (unsigned char)c, 0, 0);
}

_Noreturn void
machine_exit(int code)
{
	volatile uint32_t *power =
	    (volatile uint32_t *)(MACHINE_DEVICES + MACHINE_POWER);

	*power = code == 0 ? MACHINE_POWER_PASS :
	    (uint32_t)code << 16 | MACHINE_POWER_FAIL;
	for (;;) {
		machine_relax();
	}
}

void
machine_start_cpu(uint32_t number)
{
	unsigned long hart = machine_cpu_id(number);
	struct kernel_cpu **top = (struct kernel_cpu **)
	    (kernel_stacks[number] + KERNEL_STACK);

	while (machine_sbi(MACHINE_SBI_HSM, MACHINE_SBI_HSM_STATUS, hart, 0,
	    0).value != MACHINE_SBI_HSM_STOPPED) {
		machine_relax();
	}
	top[-2] = &kernel_cpus[number];
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	(void)machine_sbi(MACHINE_SBI_HSM, MACHINE_SBI_HSM_START, hart,
	    (unsigned long)machine_boot, 0);
}

_Noreturn void
machine_stop_cpu(void)
{
	(void)machine_irq_save();
	(void)machine_sbi(MACHINE_SBI_HSM, MACHINE_SBI_HSM_STOP, 0, 0, 0);
	kernel_dying();
	kernel_fatal("the SBI does not stop a hart");
}

/*
 * Svinval is found out, once: OpenSBI may print a line about an instruction
 * that there is not.  That remote fences are left to the SBI, which OpenSBI
 * completes before it returns, is this boot's choice.
 */
uint32_t
machine_cpu_flags(void)
{
	static uint32_t flags, known;

	if (known == 0) {
		flags = machine_has_svinval() ? QPMAP_F_SVINVAL : 0;
		if ((*(volatile uint32_t *)MACHINE_OPTIONS &
		    MACHINE_OPTION_RFENCE) != 0) {
			flags |= QPMAP_F_SBI_RFENCE;
		}
		known = 1;
	}
	return (flags);
}

/* FENCE orders our stores before the SBI's store to another hart's device. */
void
machine_ipi(uint32_t number, enum kernel_interrupt which)
{
	__atomic_fetch_or(&machine_reasons[number], 1u << which,
	    __ATOMIC_SEQ_CST);
	__asm__ volatile("fence iorw, iorw" ::: "memory");
	(void)machine_sbi(MACHINE_SBI_SPI, 0, 1, machine_cpu_id(number), 0);
}

/*
 * The interrupt's bit is cleared before the reasons are read: of one that
 * comes in between, either the reason is seen now or the interrupt comes again.
 */
static void
machine_software_interrupt(void)
{
	uint32_t *reasons = &machine_reasons[machine_this_cpu()->number];
	uint32_t seen, which;

	__asm__ volatile("csrc sip, %0\n\t"
			 "fence iorw, iorw"
			 :: "r"(MACHINE_SIE_SSIE) : "memory");
	seen = __atomic_exchange_n(reasons, 0, __ATOMIC_SEQ_CST);
	for (which = KERNEL_SHOOTDOWN; which <= KERNEL_WAKE; which++) {
		if ((seen & 1u << which) != 0) {
			kernel_interrupt((enum kernel_interrupt)which);
		}
	}
}

/* Until the next tick. */
static void
machine_timer_set(void)
{
	unsigned long now;

	__asm__ volatile("csrr %0, time" : "=r"(now));
	(void)machine_sbi(MACHINE_SBI_TIME, 0, now + MACHINE_TICK, 0, 0);
}

void
machine_timer(bool on)
{
	if (on) {
		machine_timer_set();
		__asm__ volatile("csrs sie, %0" :: "r"(MACHINE_SIE_STIE));
	} else {
		__asm__ volatile("csrc sie, %0" :: "r"(MACHINE_SIE_STIE));
	}
}

/* The same for a copy that survives a fault (qpmap/try.h). */
static unsigned long
machine_resume(struct machine_frame *frame, unsigned long value)
{
#if QPMAP_TRY
	struct qpmap_fault fault = {
		.pc = frame->sepc, .address = value, .has_address = value != 0,
		.a0 = frame->x[9], .t5 = frame->x[29], .t6 = frame->x[30]
	};
	unsigned long pc = qpmap_fault_resume(&fault);

	frame->x[9] = fault.a0;
	return (pc);
#else
	(void)frame;
	(void)value;
	return (0);
#endif
}

/* Where a probe goes on after its fault; 0 if this was no probe's. */
static unsigned long
machine_fixup(struct machine_frame *frame, unsigned long cause,
    unsigned long value)
{
	if (cause == MACHINE_LOAD_ACCESS || cause == MACHINE_STORE_ACCESS) {
		return (machine_resume(frame, value));
	}
	if ((cause == MACHINE_LOAD_FAULT &&
	    frame->sepc == (unsigned long)machine_load_at) ||
	    (cause == MACHINE_STORE_FAULT &&
	    frame->sepc == (unsigned long)machine_store_at)) {
		return ((unsigned long)machine_probe_failed);
	}
	if (cause == MACHINE_ILLEGAL &&
	    frame->sepc == (unsigned long)machine_svinval_at) {
		return ((unsigned long)machine_probe_failed);
	}
	if (cause == MACHINE_FETCH_FAULT && frame->sepc == value &&
	    frame->x[0] == (unsigned long)machine_fetch_return) {
		return ((unsigned long)machine_fetch_failed);
	}
	return (0);
}

static _Noreturn void
machine_die(const struct machine_frame *frame, unsigned long cause,
    unsigned long value)
{
	uint32_t i;

	kernel_dying();
	kernel_print("scause 0x%x stval 0x%x\nsepc 0x%x sstatus 0x%x\n",
	    (uint64_t)cause, (uint64_t)value, (uint64_t)frame->sepc,
	    (uint64_t)frame->sstatus);
	for (i = 0; i < 31; i++) {
		kernel_print("x%u 0x%x%s", i + 1, (uint64_t)frame->x[i],
		    i % 4 == 3 ? "\n" : " ");
	}
	kernel_print("\n");
	kernel_fatal("an exception that nobody expects");
}

void
machine_trap(struct machine_frame *frame, unsigned long cause,
    unsigned long value)
{
	unsigned long fixup;

	if (cause == MACHINE_IRQ_SOFTWARE) {
		machine_software_interrupt();
		return;
	}
	if (cause == MACHINE_IRQ_TIMER) {
		machine_timer_set();
		kernel_interrupt(KERNEL_TICK);
		return;
	}
	fixup = machine_fixup(frame, cause, value);
	if (fixup == 0) {
		machine_die(frame, cause, value);
	}
	frame->sepc = fixup;
}

/*
 * Paging, traps, and the interrupt between harts, though not yet.  One that was
 * pending when the hart stopped is not for it any more.
 */
static void
machine_cpu_init(void)
{
	unsigned long satp =
	    MACHINE_SATP_SV39 | (unsigned long)machine_root >> 12;

	__asm__ volatile("csrw satp, %0\n\t"
			 "sfence.vma x0, x0\n\t"
			 "csrw stvec, %1\n\t"
			 "csrc sip, %2\n\t"
			 "csrw sie, %2"
			 :: "r"(satp), "r"(machine_vector),
			 "r"(MACHINE_SIE_SSIE) : "memory");
}

/* An entry that points at a table, and a leaf. */
static unsigned long
machine_entry(unsigned long pa, unsigned long bits)
{
	return (pa >> 12 << 10 | bits);
}

_Noreturn void
machine_main(void)
{
	machine_root[MACHINE_TEXT >> 30].bits =
	    machine_entry((unsigned long)machine_image, MACHINE_PTE_V);
	machine_image[MACHINE_TEXT >> 21 & 511] =
	    machine_entry(MACHINE_TEXT, MACHINE_PTE_RX);
	machine_image[MACHINE_DATA >> 21 & 511] =
	    machine_entry(MACHINE_DATA, MACHINE_PTE_RW);
	machine_root[0].bits =
	    machine_entry((unsigned long)machine_low, MACHINE_PTE_V);
	machine_low[0] =
	    machine_entry((unsigned long)machine_zero, MACHINE_PTE_V);
	machine_root[MACHINE_DEVICES >> 30].bits =
	    machine_entry((unsigned long)machine_devices, MACHINE_PTE_V);
	machine_devices[0] = machine_entry(0, MACHINE_PTE_RW);
	machine_devices[MACHINE_OWN_VA >> 21 & 511] =
	    machine_entry((unsigned long)machine_own, MACHINE_PTE_V);
	machine_cpu_init();
	kernel_main();
}

_Noreturn void
machine_cpu_main(void)
{
	machine_cpu_init();
	kernel_cpu_main();
}
