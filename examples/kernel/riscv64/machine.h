/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * riscv64: QEMU's "virt" machine, supervisor mode under an SBI, Sv39.  The
 * image is identity-mapped; tp points at this CPU's kernel_cpu.  The pages that
 * the kernel maps itself are in the GiB of the devices.
 */
#ifndef MACHINE_H
#define MACHINE_H

#define MACHINE_NAME		"riscv64"
#define MACHINE_WINDOW_VA	((qpmap_vaddr_t)0xffffffd000000000)
#define MACHINE_OWN_VA		((qpmap_vaddr_t)0x60000000)
#define MACHINE_CACHES_INVALID	1
#define MACHINE_SENDS_IPIS	1
#define MACHINE_IMAGE_OFFSET	((qpmap_vaddr_t)0)
#define MACHINE_RAM_PA		((qpmap_paddr_t)0x88000000)
#define MACHINE_RAM_SIZE	((qpmap_paddr_t)0x04000000)
#define MACHINE_NOWHERE_PA	((qpmap_paddr_t)0x90000000)
#define MACHINE_ABORTS		1
#define MACHINE_FLAGS		0u
#define MACHINE_LEVELS		3u
#define MACHINE_ROOT		machine_root
#define MACHINE_ROOT_ENTRIES	512u
#define MACHINE_SLOW_TYPE	QPMAP_ATTR_WRITE_BACK
#define MACHINE_RETURN		0x00008067u	/* ret */
#define MACHINE_SWITCH_WORDS	14	/* one for the ABI's alignment */
#define MACHINE_SWITCH_RETURN	0

/* For the test kernel only: tests/kernel/kernel.h. */
unsigned long machine_cpu_id(uint32_t number);
uint32_t machine_cpu_flags(void);
void machine_timer(bool on);

static inline struct kernel_cpu *
machine_this_cpu(void)
{
	struct kernel_cpu *cpu;

	__asm__ volatile("mv %0, tp" : "=r"(cpu));
	return (cpu);
}

/* sstatus.SIE is bit 1. */
static inline unsigned long
machine_irq_save(void)
{
	unsigned long sstatus;

	__asm__ volatile("csrrci %0, sstatus, 2"
			 : "=r"(sstatus) :: "memory");
	return (sstatus & 2);
}

static inline void
machine_irq_restore(unsigned long irq)
{
	__asm__ volatile("csrs sstatus, %0" :: "r"(irq) : "memory");
}

static inline void
machine_irq_on(void)
{
	__asm__ volatile("csrsi sstatus, 2" ::: "memory");
}

/* D, A, W, R, V. */
static inline qpmap_ptebits_t
machine_own_entry(qpmap_paddr_t pa)
{
	return (pa >> 12 << 10 | 0xc7u);
}

/* The SFENCE.VMA comes with the shootdown: MACHINE_CACHES_INVALID. */
static inline void
machine_own_filled(void)
{
	__asm__ volatile("" ::: "memory");
}

/* The hart that entered the mapping has had this one invalidate already. */
static inline void
machine_notified(void)
{
	__asm__ volatile("" ::: "memory");
}

/* V, and no right: a table. */
static inline qpmap_ptebits_t
machine_table_entry(qpmap_paddr_t table)
{
	return (table >> 12 << 10 | 1u);
}

static inline qpmap_paddr_t
machine_entry_pa(qpmap_ptebits_t bits)
{
	return (bits >> 10 << 12);
}

extern struct qpmap_pte machine_root[];

static inline struct qpmap_pte *
machine_root_of(qpmap_vaddr_t va)
{
	(void)va;
	return (machine_root);
}

static inline void
machine_flush_tlb(void)
{
	__asm__ volatile("sfence.vma x0, x0" ::: "memory");
}

/* Sv39; the same addresses in each, so that nothing need be invalidated. */
static inline void
machine_root_load(const struct qpmap_pte *root)
{
	__asm__ volatile("csrw satp, %0"
			 :: "r"(8ul << 60 | (qpmap_vaddr_t)root >> 12)
			 : "memory");
}

/* PAUSE (Zihintpause), a hint that assemblers may not know. */
static inline void
machine_relax(void)
{
	__asm__ volatile(".insn i 0x0f, 0, x0, x0, 0x010" ::: "memory");
}

static inline void
machine_idle(void)
{
	__asm__ volatile("wfi" ::: "memory");
}

#endif /* MACHINE_H */
