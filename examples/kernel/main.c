/* SPDX-License-Identifier: BSD-2-Clause */
/* Hooks, configuration, and calls of qpmap in the order of a boot. */
#include <qpmap/host.h>

#include "kernel.h"

struct kernel_cpu kernel_cpus[KERNEL_CPUS];
unsigned char kernel_stacks[KERNEL_CPUS][KERNEL_STACK]
    __attribute__((aligned(KERNEL_PAGE)));

/*
 * The hooks.  A CPU has one thread here, which nothing preempts: pin and unpin
 * do nothing else.  examples/hosts has them for kernels that preempt.
 */
QPMAP_CALL struct qpmap_cpu *
qpmap_host_cpu(void)
{
	return (&machine_this_cpu()->qpmap);
}

QPMAP_CALL struct qpmap_cpu *
qpmap_host_pin(void)
{
	return (qpmap_host_cpu());
}

QPMAP_CALL void
qpmap_host_unpin(struct qpmap_cpu *cpu)
{
	(void)cpu;
}

QPMAP_NORETURN QPMAP_CALL void
qpmap_host_panic(const char *text, qpmap_u64 a, qpmap_u64 b)
{
	kernel_dying();
	kernel_print("panic: 0x%x, 0x%x\n", (uint64_t)a, (uint64_t)b);
	kernel_fatal(text);
}

/* One more with QPMAP_SHOOTDOWN, and the handler of that interrupt. */
QPMAP_CALL void
qpmap_host_ipi(qpmap_u32 cpu_index)
{
	machine_ipi(cpu_index, KERNEL_SHOOTDOWN);
}

void
kernel_interrupt(enum kernel_interrupt which)
{
	if (which == KERNEL_SHOOTDOWN) {
		qpmap_shootdown_ipi();
	}
}

/* The configuration: windows in machine_own, global slots behind them. */
#define KERNEL_GLOBAL 256u
static struct qpmap_shootdown_state kernel_shootdown;
static struct qpmap_cpu_sync kernel_sync[KERNEL_CPUS];
static struct qpmap_global kernel_global[1] = {
	{ .leaf = &machine_own[KERNEL_GLOBAL] }
};
static const struct qpmap_config kernel_config = {
	.window_va = MACHINE_OWN_VA,
	.cpu_count = KERNEL_CPUS,
	.flags = MACHINE_FLAGS,
	.shootdown = &kernel_shootdown,
	.cpu_sync = kernel_sync,
	.global_va = MACHINE_OWN_VA + KERNEL_GLOBAL * KERNEL_PAGE,
	.global = kernel_global,
	.global_count = 1,
};

void
kernel_dying(void)
{
	(void)machine_irq_save();
	kernel_print("CPU %u dies\n", machine_this_cpu()->number);
}

_Noreturn void
kernel_fatal(const char *why)
{
	kernel_print("kernel: %s\n", why);
	machine_exit(1);
}

static void
kernel_expect(bool holds, const char *why)
{
	if (!holds) {
		kernel_dying();
		kernel_fatal(why);
	}
}

/* Map, unmap, copy and zero, on each CPU with two pages of its own. */
static void
kernel_use(const struct kernel_cpu *cpu)
{
	qpmap_paddr_t a = MACHINE_RAM_PA + cpu->number * 2 * KERNEL_PAGE;
	qpmap_paddr_t b = a + KERNEL_PAGE;
	qpmap_vaddr_t va = qpmap_enter(a, QPMAP_ATTR_WRITE_BACK);
	uint32_t word[2];

	*(volatile uint32_t *)va = cpu->number + 100;
	qpmap_remove(va);
	kernel_expect(!machine_load(va, word), "a page is still mapped");
	qpmap_copy_page(b, QPMAP_ATTR_WRITE_BACK, a, QPMAP_ATTR_WRITE_BACK);
	qpmap_zero_page(a, QPMAP_ATTR_WRITE_BACK);
	qpmap_read(a, QPMAP_ATTR_WRITE_BACK, &word[0], 4);
	qpmap_read(b, QPMAP_ATTR_WRITE_BACK, &word[1], 4);
	kernel_expect(word[0] == 0 && word[1] == cpu->number + 100,
	    "a page has other contents");
	if (cpu->number == 0) {
		kernel_print("mapped: page 0x%x at 0x%x\nremoved: a load from "
		    "there faults\n", (uint64_t)a, (uint64_t)va);
	}
}

/* Each CPU waits here for the others. */
static void
kernel_meet(void)
{
	static uint32_t met;
	uint32_t n = __atomic_fetch_add(&met, 1, __ATOMIC_ACQ_REL);

	while (__atomic_load_n(&met, __ATOMIC_ACQUIRE) <
	    (n / KERNEL_CPUS + 1) * KERNEL_CPUS) {
		machine_relax();
	}
	machine_notified();
}

/* One mapping, of CPU 3's page, that all CPUs use until CPU 0 removes it. */
static void
kernel_share(const struct kernel_cpu *cpu)
{
	static qpmap_vaddr_t va;
	uint32_t word;

	kernel_expect(cpu->number != 0 || qpmap_global_enter(MACHINE_RAM_PA +
	    7 * KERNEL_PAGE, QPMAP_ATTR_WRITE_BACK, &va) == QPMAP_OK,
	    "no global mapping");
	kernel_meet();
	kernel_expect(machine_load(va, &word) && word == 103,
	    "a global mapping shows another page");
	kernel_meet();
	if (cpu->number == 0) {
		qpmap_global_remove(va);
	}
	kernel_meet();
	kernel_expect(!machine_load(va, &word), "it is still mapped");
	kernel_meet();
}

/* What every CPU does.  Its window's entries follow those of the CPU before. */
static void
kernel_run(struct kernel_cpu *cpu)
{
	const struct qpmap_cpu_ptes ptes = {
		.window = &machine_own[cpu->number * QPMAP_WINDOW_PAGES] };
	int error = qpmap_cpu_online(&cpu->qpmap, cpu->number, &ptes);

	kernel_expect(error == QPMAP_OK, qpmap_strerror(error));
	machine_irq_on();
	kernel_use(cpu);
	kernel_share(cpu);
}

_Noreturn void
kernel_main(void)
{
	int error = qpmap_init(&kernel_config);
	uint32_t i;

	kernel_print("kernel: %s\n", MACHINE_NAME);
	kernel_expect(error == QPMAP_OK, qpmap_strerror(error));
	for (i = 1; i < KERNEL_CPUS; i++) {
		kernel_cpus[i].number = i;
		machine_start_cpu(i);
	}
	kernel_run(&kernel_cpus[0]);
	kernel_print("all %u CPUs: the same; a global mapping, used and "
	    "removed\nkernel: done\n", KERNEL_CPUS);
	machine_exit(0);
}

_Noreturn void
kernel_cpu_main(void)
{
	struct kernel_cpu *cpu = machine_this_cpu();

	kernel_run(cpu);
	(void)machine_irq_save();
	qpmap_cpu_offline(&cpu->qpmap);
	machine_stop_cpu();
}
