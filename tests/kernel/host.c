/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the library asks of this kernel: the hooks of <qpmap/host.h>.  The
 * first five are the pattern of examples/hosts/migration.h, as functions.
 */
#include <qpmap/host.h>

#include "kernel.h"

/*
 * The library needs one for each level below the root, at most, for the
 * windows, as many for the global slots and for the range areas, and fewer for
 * large pages.
 */
#define KERNEL_TABLES 16u

static unsigned char kernel_tables[KERNEL_TABLES][KERNEL_PAGE]
    __attribute__((aligned(KERNEL_PAGE)));
static bool kernel_tables_taken[KERNEL_TABLES];

/* The compiler keeps what is before it before what is after it. */
static inline void
kernel_barrier(void)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

QPMAP_CALL struct qpmap_cpu *
qpmap_host_pin(void)
{
	struct kernel_thread *thread = kernel_this_thread();

	thread->pinned++;
	kernel_barrier();
	return (&machine_this_cpu()->qpmap);
}

QPMAP_CALL struct qpmap_cpu *
qpmap_host_cpu(void)
{
	return (&machine_this_cpu()->qpmap);
}

/*
 * A preemption that was put off happens here.  An interrupt that asks for one
 * after the counter has become 0 has it by itself.
 */
static void
kernel_preempt_if_owed(const struct kernel_thread *thread)
{
	kernel_barrier();
	if (thread->preempt_owed && kernel_preemptible(thread)) {
		kernel_preempt();
	}
}

QPMAP_CALL void
qpmap_host_unpin(struct qpmap_cpu *cpu)
{
	struct kernel_thread *thread = kernel_this_thread();

	(void)cpu;
	kernel_barrier();
	thread->pinned--;
	kernel_preempt_if_owed(thread);
}

/* Around what no other thread may come amid. */
QPMAP_CALL struct qpmap_cpu *
qpmap_host_preempt_disable(void)
{
	struct kernel_thread *thread = kernel_this_thread();

	thread->critical++;
	kernel_barrier();
	return (&machine_this_cpu()->qpmap);
}

QPMAP_CALL void
qpmap_host_preempt_enable(struct qpmap_cpu *cpu)
{
	struct kernel_thread *thread = kernel_this_thread();

	(void)cpu;
	kernel_barrier();
	thread->critical--;
	kernel_preempt_if_owed(thread);
}

/*
 * The library waits for what the interrupt asks for.  A CPU that has just gone
 * is not waited for, and its successor may have its number: both can do with
 * an interrupt too many.
 */
QPMAP_CALL void
qpmap_host_ipi(qpmap_u32 window)
{
	struct kernel_cpu *cpu = kernel_window_cpu(window);

	__atomic_fetch_add(&cpu->ipis, 1, __ATOMIC_RELAXED);
	machine_ipi(cpu->number, KERNEL_SHOOTDOWN);
}

/*
 * A panic stops its CPU.  The one that a test waits for is noted first, and
 * CPU 0 goes on as a kernel that writes a crash dump would.
 */
QPMAP_NORETURN QPMAP_CALL void
qpmap_host_panic(const char *text, qpmap_u64 a, qpmap_u64 b)
{
	struct kernel_cpu *cpu = machine_this_cpu();

	(void)machine_irq_save();
	if (!kernel_same_text(cpu->panic_expected, text)) {
		kernel_dying();
		kernel_print("panic: %s, 0x%x, 0x%x\n", text, (uint64_t)a,
		    (uint64_t)b);
		kernel_fatal("panic");
	}
	if (cpu->number == 0) {
		kernel_after_panic();
	}
	__atomic_store_n(&cpu->asleep, 1, __ATOMIC_RELEASE);
	machine_stop_cpu();
}

QPMAP_CALL qpmap_paddr_t
qpmap_host_table_alloc(void)
{
	uint32_t i;

	for (i = 0; i < KERNEL_TABLES; i++) {
		if (!kernel_tables_taken[i]) {
			kernel_tables_taken[i] = true;
			return ((qpmap_vaddr_t)kernel_tables[i] -
			    MACHINE_IMAGE_OFFSET);
		}
	}
	return (QPMAP_NO_TABLE);
}

QPMAP_CALL void
qpmap_host_table_free(qpmap_paddr_t table)
{
	uint32_t i = (uint32_t)(((qpmap_vaddr_t)table + MACHINE_IMAGE_OFFSET -
	    (qpmap_vaddr_t)kernel_tables) / KERNEL_PAGE);

	kernel_tables_taken[i] = false;
}

/* All tables are in the image: the pool above, and what boot.S uses. */
QPMAP_CALL void *
qpmap_host_table_address(qpmap_paddr_t table)
{
	return ((void *)((qpmap_vaddr_t)table + MACHINE_IMAGE_OFFSET));
}

QPMAP_CALL void *
qpmap_host_leaf_address(qpmap_paddr_t table)
{
	return (qpmap_host_table_address(table));
}
