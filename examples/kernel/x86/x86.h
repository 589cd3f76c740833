/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * amd64 and i386: what their machine.h share.
 *
 * The image lies at physical 4 MiB, text, and 8 MiB, data, and is seen at
 * MACHINE_IMAGE_OFFSET above that; so is the LAPIC, in the offset's last 2 MiB
 * of 1 GiB.  %gs points at a pointer to this CPU's kernel_cpu.
 */
#ifndef X86_H
#define X86_H

#define MACHINE_RAM_PA		((qpmap_paddr_t)0x04000000)
#define MACHINE_RAM_SIZE	((qpmap_paddr_t)0x04000000)
#define MACHINE_NOWHERE_PA	((qpmap_paddr_t)0x10000000)
#define MACHINE_ABORTS		0
#define MACHINE_RETURN		0xc3u		/* ret */
#define MACHINE_CACHES_INVALID	0
#define MACHINE_SENDS_IPIS	1
#define MACHINE_ROOT		machine_root
#define MACHINE_SLOW_TYPE	QPMAP_ATTR_UNCACHED

/* D, A, RW, P; NX is added where there is one. */
#define MACHINE_OWN_PAGE	0x63u

#define MACHINE_EFLAGS_IF	0x200ul

/* For the test kernel only: tests/kernel/kernel.h. */
unsigned long machine_cpu_id(uint32_t number);
uint32_t machine_cpu_flags(void);
void machine_timer(bool on);
void machine_root_load(const struct qpmap_pte *root);

static inline struct kernel_cpu *
machine_this_cpu(void)
{
	struct kernel_cpu *cpu;

	__asm__ volatile("mov %%gs:0, %0" : "=r"(cpu));
	return (cpu);
}

static inline unsigned long
machine_irq_save(void)
{
	unsigned long flags;

	__asm__ volatile("pushf\n\t"
			 "pop %0\n\t"
			 "cli" : "=r"(flags) :: "memory");
	return (flags & MACHINE_EFLAGS_IF);
}

static inline void
machine_irq_on(void)
{
	__asm__ volatile("sti" ::: "memory");
}

static inline void
machine_irq_restore(unsigned long irq)
{
	if (irq != 0) {
		machine_irq_on();
	}
}

/* STI has effect after the next instruction. */
static inline void
machine_idle(void)
{
	__asm__ volatile("sti\n\t"
			 "hlt\n\t"
			 "cli" ::: "memory");
}

/* Stores are seen in their order, by walkers too. */
static inline void
machine_own_filled(void)
{
	__asm__ volatile("" ::: "memory");
}

/* No CPU remembers that an entry was not present. */
static inline void
machine_notified(void)
{
	__asm__ volatile("" ::: "memory");
}

/* A, RW, P: an entry of a directory. */
static inline qpmap_ptebits_t
machine_table_entry(qpmap_paddr_t table)
{
	return ((qpmap_ptebits_t)table | 0x23u);
}

/* Bits 51 to 12, as far as an entry has them. */
static inline qpmap_paddr_t
machine_entry_pa(qpmap_ptebits_t bits)
{
	return ((qpmap_paddr_t)((uint64_t)bits & UINT64_C(0xffffffffff000)));
}

extern struct qpmap_pte machine_root[];

static inline struct qpmap_pte *
machine_root_of(qpmap_vaddr_t va)
{
	(void)va;
	return (machine_root);
}

/* A new CR3: no entry is global. */
static inline void
machine_flush_tlb(void)
{
	unsigned long root;

	__asm__ volatile("mov %%cr3, %0\n\t"
			 "mov %0, %%cr3" : "=r"(root) :: "memory");
}

static inline void
machine_relax(void)
{
	__asm__ volatile("pause" ::: "memory");
}

#endif /* X86_H */
