/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arm64: QEMU's "virt" machine, EL1, 4 KiB pages, 39-bit addresses.  The
 * image is identity-mapped in the lower half, TTBR0_EL1's; the upper half,
 * TTBR1_EL1's, has the windows, and the pages that the kernel maps itself.
 * TPIDR_EL1 points at this CPU's kernel_cpu.
 */
#ifndef MACHINE_H
#define MACHINE_H

#define MACHINE_NAME		"arm64"
#define MACHINE_WINDOW_VA	((qpmap_vaddr_t)0xffffffd000000000)
#define MACHINE_OWN_VA		((qpmap_vaddr_t)0xffffffe000000000)
#define MACHINE_CACHES_INVALID	0
#define MACHINE_SENDS_IPIS	0
#define MACHINE_IMAGE_OFFSET	((qpmap_vaddr_t)0)
#define MACHINE_RAM_PA		((qpmap_paddr_t)0x48000000)
#define MACHINE_RAM_SIZE	((qpmap_paddr_t)0x04000000)
#define MACHINE_NOWHERE_PA	((qpmap_paddr_t)0x50000000)
#define MACHINE_ABORTS		1
#define MACHINE_FLAGS		0u
#define MACHINE_LEVELS		3u
#define MACHINE_ROOT		machine_lower
#define MACHINE_ROOT_ENTRIES	512u
#define MACHINE_SLOW_TYPE	QPMAP_ATTR_UNCACHED_MINUS
#define MACHINE_RETURN		0xd65f03c0u	/* ret */
#define MACHINE_SWITCH_WORDS	12
#define MACHINE_SWITCH_RETURN	11

/* For the test kernel only: tests/kernel/kernel.h. */
unsigned long machine_cpu_id(uint32_t number);
uint32_t machine_cpu_flags(void);
void machine_timer(bool on);

static inline struct kernel_cpu *
machine_this_cpu(void)
{
	struct kernel_cpu *cpu;

	__asm__ volatile("mrs %0, tpidr_el1" : "=r"(cpu));
	return (cpu);
}

/* DAIF.I is bit 1 of the immediate. */
static inline unsigned long
machine_irq_save(void)
{
	unsigned long daif;

	__asm__ volatile("mrs %0, daif\n\t"
			 "msr daifset, #2" : "=r"(daif) :: "memory");
	return (daif);
}

static inline void
machine_irq_restore(unsigned long irq)
{
	__asm__ volatile("msr daif, %0" :: "r"(irq) : "memory");
}

static inline void
machine_irq_on(void)
{
	__asm__ volatile("msr daifclr, #2" ::: "memory");
}

/* UXN, PXN; AF, inner shareable, byte 0 of MAIR_EL1, a page. */
static inline qpmap_ptebits_t
machine_own_entry(qpmap_paddr_t pa)
{
	return (UINT64_C(3) << 53 | pa | 1u << 10 | 3u << 8 | 3u);
}

static inline void
machine_own_filled(void)
{
	__asm__ volatile("dsb ishst\n\t"
			 "isb" ::: "memory");
}

/*
 * A CPU without FEAT_ETS2 may have walked ahead, and have cached a fault.
 * Behind a branch on the word that notified it, an ISB makes it walk anew.
 */
static inline void
machine_notified(void)
{
	__asm__ volatile("isb" ::: "memory");
}

static inline qpmap_ptebits_t
machine_table_entry(qpmap_paddr_t table)
{
	return (table | 3u);
}

static inline qpmap_paddr_t
machine_entry_pa(qpmap_ptebits_t bits)
{
	return (bits & UINT64_C(0xfffffffff000));
}

extern struct qpmap_pte machine_lower[], machine_upper[];

/* Of the upper half. */
static inline struct qpmap_pte *
machine_root_of(qpmap_vaddr_t va)
{
	(void)va;
	return (machine_upper);
}

static inline void
machine_flush_tlb(void)
{
	__asm__ volatile("dsb ishst\n\t"
			 "tlbi vmalle1\n\t"
			 "dsb ish\n\t"
			 "isb" ::: "memory");
}

/* Of the lower half, where the image is: the same addresses in each. */
static inline void
machine_root_load(const struct qpmap_pte *root)
{
	__asm__ volatile("msr ttbr0_el1, %0\n\t"
			 "isb" :: "r"(root) : "memory");
}

static inline void
machine_relax(void)
{
	__asm__ volatile("yield" ::: "memory");
}

static inline void
machine_idle(void)
{
	__asm__ volatile("dsb sy\n\t"
			 "wfi" ::: "memory");
}

#endif /* MACHINE_H */
