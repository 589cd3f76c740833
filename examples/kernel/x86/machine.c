/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * amd64 and i386: traps, the local APIC in xAPIC mode, and the console.
 * Intel SDM vol. 3, "Advanced Programmable Interrupt Controller (APIC)" and
 * "Multiple-Processor (MP) Initialization".
 */
#include "kernel.h"

/* Ports: the interrupt controllers of a PC, a delay, QEMU's exit, COM1. */
#define MACHINE_PIC_MASK	0x21u
#define MACHINE_PIC2_MASK	0xa1u
#define MACHINE_PORT_DELAY	0x80u
#define MACHINE_PORT_EXIT	0xf4u
#define MACHINE_COM1		0x3f8u
#define MACHINE_COM1_STATUS	0x3fdu
#define MACHINE_COM1_EMPTY	0x20u

/* The LAPIC's page, and registers in it. */
#define MACHINE_LAPIC		(MACHINE_IMAGE_OFFSET + 0x3fe00000)
#define MACHINE_LAPIC_EOI	0x0b0u
#define MACHINE_LAPIC_SPURIOUS	0x0f0u
#define MACHINE_LAPIC_COMMAND	0x300u
#define MACHINE_LAPIC_TARGET	0x310u
#define MACHINE_LAPIC_TIMER	0x320u
#define MACHINE_LAPIC_COUNT	0x380u		/* the timer's, from there */
#define MACHINE_LAPIC_DIVIDE	0x3e0u

#define MACHINE_LAPIC_ENABLE	0x100u		/* beside a vector */
#define MACHINE_COMMAND_IPI	0x4000u		/* likewise */
#define MACHINE_COMMAND_INIT	0x4500u
#define MACHINE_COMMAND_STARTUP	0x4608u		/* at 8 * 4096, entry.S */
#define MACHINE_COMMAND_PENDING	0x1000u
#define MACHINE_TIMER_PERIODIC	0x20000u	/* likewise */
#define MACHINE_TIMER_MASKED	0x10000u
#define MACHINE_DIVIDE_BY_1	0x0bu
#define MACHINE_TICK		1000000u	/* of QEMU's 1 GHz */

/* Vectors; entry.S has code for 48. */
#define MACHINE_VECTORS		48u
#define MACHINE_VECTOR_FAULT	14ul		/* page fault */
#define MACHINE_VECTOR_IRQ	32ul		/* and up: interrupts */
#define MACHINE_VECTOR_SPURIOUS	47u

_Noreturn void machine_main(void);
void machine_trap(struct machine_frame *frame, unsigned long address);

/* boot.S; those that end in _at, _return and _failed are places in code. */
extern const char machine_vectors[];
extern const char machine_load_at[], machine_store_at[];
extern const char machine_fetch_return[];
extern const char machine_probe_failed[], machine_fetch_failed[];

/* The CPU that is being started, and whether it has seen that. */
unsigned char *machine_boot_stack = kernel_stacks[0] + KERNEL_STACK;
static uint32_t machine_boot_number;
static uint32_t machine_booted;

/* What %gs points at. */
static struct kernel_cpu *machine_self[KERNEL_CPUS];

/* Interrupt gates: of 16 bytes on amd64, of 8 on i386. */
static uint32_t machine_idt[MACHINE_VECTORS][sizeof(long) / 2]
    __attribute__((aligned(16)));

struct machine_idt_pointer {
	uint16_t limit;
	qpmap_vaddr_t base;
} __attribute__((packed));

static void
machine_out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" :: "a"(value), "Nd"(port) : "memory");
}

static uint8_t
machine_in8(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return (value);
}

/* An uncached device: accesses keep their order, also after others' stores. */
static volatile uint32_t *
machine_lapic(uint32_t offset)
{
	return ((volatile uint32_t *)(MACHINE_LAPIC + offset));
}

/* A write to this port takes about a microsecond on any PC. */
static void
machine_delay(uint32_t microseconds)
{
	while (microseconds-- > 0) {
		machine_out8(MACHINE_PORT_DELAY, 0);
	}
}

void
machine_putc(char c)
{
	while ((machine_in8(MACHINE_COM1_STATUS) & MACHINE_COM1_EMPTY) == 0) {
		machine_relax();
	}
	machine_out8(MACHINE_COM1, (uint8_t)c);
}

/* QEMU ends with twice the value and one: 33 and 35, neither of its own. */
_Noreturn void
machine_exit(int code)
{
	machine_out8(MACHINE_PORT_EXIT, code == 0 ? 0x10 : 0x11);
	for (;;) {
		machine_relax();
	}
}

/*
 * QEMU numbers four CPUs' LAPICs 0 to 3, the first CPU's is 0.  No interrupt
 * between the two halves of a command: its handler may send one, too.
 */
static void
machine_command(uint32_t number, uint32_t command)
{
	unsigned long irq = machine_irq_save();

	*machine_lapic(MACHINE_LAPIC_TARGET) = number << 24;
	*machine_lapic(MACHINE_LAPIC_COMMAND) = command;
	while ((*machine_lapic(MACHINE_LAPIC_COMMAND) &
	    MACHINE_COMMAND_PENDING) != 0) {
		machine_relax();
	}
	machine_irq_restore(irq);
}

/*
 * Stores are seen in order, and the LAPIC's page is uncached: whoever gets the
 * interrupt sees what was stored before it.
 */
void
machine_ipi(uint32_t number, enum kernel_interrupt which)
{
	machine_command(number, ((uint32_t)MACHINE_VECTOR_IRQ + which) |
	    MACHINE_COMMAND_IPI);
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

void
machine_timer(bool on)
{
	*machine_lapic(MACHINE_LAPIC_DIVIDE) = MACHINE_DIVIDE_BY_1;
	*machine_lapic(MACHINE_LAPIC_TIMER) =
	    ((uint32_t)MACHINE_VECTOR_IRQ + KERNEL_TICK) |
	    (on ? MACHINE_TIMER_PERIODIC : MACHINE_TIMER_MASKED);
	*machine_lapic(MACHINE_LAPIC_COUNT) = on ? MACHINE_TICK : 0;
}

/* CR3 has no flags here. */
void
machine_root_load(const struct qpmap_pte *root)
{
	__asm__ volatile("mov %0, %%cr3"
			 :: "r"((qpmap_vaddr_t)root - MACHINE_IMAGE_OFFSET)
			 : "memory");
}

/*
 * INIT stops the CPU wherever it is; it is in machine_stop_cpu(), or has never
 * run.  A STARTUP that comes when it runs already has no effect.  On a busy
 * machine QEMU's thread for the CPU may begin late: nothing limits that.
 */
void
machine_start_cpu(uint32_t number)
{
	machine_boot_number = number;
	machine_boot_stack = kernel_stacks[number] + KERNEL_STACK;
	__atomic_store_n(&machine_booted, 0, __ATOMIC_SEQ_CST);
	machine_command(number, MACHINE_COMMAND_INIT);
	machine_delay(10000);
	while (__atomic_load_n(&machine_booted, __ATOMIC_ACQUIRE) == 0) {
		machine_command(number, MACHINE_COMMAND_STARTUP);
		machine_delay(200);
	}
}

_Noreturn void
machine_stop_cpu(void)
{
	for (;;) {
		__asm__ volatile("cli\n\t"
				 "hlt" ::: "memory");
	}
}

/* Where a probe goes on after its fault; 0 if this was no probe's. */
static unsigned long
machine_fixup(const struct machine_frame *frame, unsigned long address)
{
	if (frame->vector != MACHINE_VECTOR_FAULT) {
		return (0);
	}
	if (frame->ip == (unsigned long)machine_load_at ||
	    frame->ip == (unsigned long)machine_store_at) {
		return ((unsigned long)machine_probe_failed);
	}
	if (frame->ip == address &&
	    frame->bx == (unsigned long)machine_fetch_return) {
		return ((unsigned long)machine_fetch_failed);
	}
	return (0);
}

static _Noreturn void
machine_die(const struct machine_frame *frame, unsigned long address)
{
	static const char *const names[] = { MACHINE_FRAME_NAMES };
	const unsigned long *words = (const unsigned long *)frame;
	uint32_t i;

	_Static_assert(sizeof(names) / sizeof(names[0]) * sizeof(long) ==
	    sizeof(*frame), "a name for each word");
	kernel_dying();
	for (i = 0; i < sizeof(*frame) / sizeof(long); i++) {
		kernel_print("%s 0x%x%s", names[i], (uint64_t)words[i],
		    i % 4 == 3 ? "\n" : " ");
	}
	kernel_print("cr2 0x%x\n", (uint64_t)address);
	kernel_fatal("an exception that nobody expects");
}

void
machine_trap(struct machine_frame *frame, unsigned long address)
{
	unsigned long fixup;

	if (frame->vector - MACHINE_VECTOR_IRQ <= KERNEL_TICK) {
		*machine_lapic(MACHINE_LAPIC_EOI) = 0;
		kernel_interrupt((enum kernel_interrupt)
		    (frame->vector - MACHINE_VECTOR_IRQ));
		return;
	}
	if (frame->vector == MACHINE_VECTOR_SPURIOUS) {
		return;
	}
	fixup = machine_fixup(frame, address);
	if (fixup == 0) {
		machine_die(frame, address);
	}
	frame->ip = fixup;
}

/* Present, an interrupt gate; its handler is 16 bytes after the last one's. */
static void
machine_idt_init(void)
{
	qpmap_vaddr_t handler = (qpmap_vaddr_t)machine_vectors;
	uint32_t i;

	for (i = 0; i < MACHINE_VECTORS; i++, handler += 16) {
		machine_idt[i][0] = MACHINE_CODE << 16 |
		    ((uint32_t)handler & 0xffffu);
		machine_idt[i][1] = ((uint32_t)handler & 0xffff0000u) |
		    0x8e00u;
		if (sizeof(handler) == 8) {
			machine_idt[i][2] = (uint32_t)((uint64_t)handler >> 32);
		}
	}
}

/* The interrupts we take come from LAPICs: all of the PC's are masked. */
static void
machine_cpu_init(uint32_t number)
{
	struct machine_idt_pointer pointer = {
		sizeof(machine_idt) - 1, (qpmap_vaddr_t)machine_idt
	};

	machine_self[number] = &kernel_cpus[number];
	machine_set_self(number, &machine_self[number]);
	__asm__ volatile("lidt %0" :: "m"(pointer));
	*machine_lapic(MACHINE_LAPIC_SPURIOUS) =
	    MACHINE_LAPIC_ENABLE | MACHINE_VECTOR_SPURIOUS;
}

/* Every CPU, each time that it is started: boot.S comes here. */
_Noreturn void
machine_main(void)
{
	uint32_t number = machine_boot_number;

	if (number == 0) {
		machine_idt_init();
		machine_out8(MACHINE_PIC_MASK, 0xff);
		machine_out8(MACHINE_PIC2_MASK, 0xff);
	}
	machine_cpu_init(number);
	if (number == 0) {
		kernel_main();
	}
	__atomic_store_n(&machine_booted, 1, __ATOMIC_RELEASE);
	kernel_cpu_main();
}
