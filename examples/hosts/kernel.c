/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A minimal kernel to link the patterns with: critical sections, an
 * identity-mapped pool of pages, a panic, and the library's calls in the order
 * in which a kernel makes them.
 */
#include <qpmap/pmap.h>
#include <qpmap/qpmap.h>
#include <qpmap/shootdown.h>

#include "kernel.h"

#define MK_POOL_PAGES 32u

static unsigned char mk_pool[MK_POOL_PAGES][1u << QPMAP_PAGE_SHIFT]
    __attribute__((aligned(1u << QPMAP_PAGE_SHIFT)));
static _Bool mk_pool_taken[MK_POOL_PAGES];
static struct mk_cpu mk_cpus[MK_CPUS];

#if QPMAP_SHOOTDOWN
static struct qpmap_shootdown_state mk_shootdown;
static struct qpmap_cpu_sync mk_cpu_sync[MK_CPUS];
static struct qpmap_global mk_global[1];
static struct mk_lock mk_share_lock;
static qpmap_vaddr_t mk_global_page;
#endif

void
mk_critical_enter(void)
{
	mk_thread()->critical++;
	mk_barrier();
}

void
mk_critical_exit(void)
{
	struct mk_thread *thread = mk_thread();

	mk_barrier();
	thread->critical--;
	mk_barrier();
	if (thread->critical == 0 && thread->preempt_owed) {
		mk_yield();
	}
}

/* There is only one thread to run. */
void
mk_yield(void)
{
	mk_thread()->preempt_owed = 0;
}

/* Nor another address space, or stack. */
void
mk_space_load(struct mk_thread *thread)
{
	(void)thread;
}

void
mk_stack_switch(struct mk_thread *from, struct mk_thread *to)
{
	(void)from;
	(void)to;
}

_Noreturn void
mk_panic(const char *text, qpmap_u64 a, qpmap_u64 b)
{
	(void)mk_irq_save();
	for (;;) {
		/* A debugger finds all three in registers. */
		__asm__ volatile("" :: "r"(text), "r"(&a), "r"(&b) : "memory");
	}
}

qpmap_paddr_t
mk_page_alloc(void)
{
	unsigned int i;

	for (i = 0; i < MK_POOL_PAGES; i++) {
		if (!mk_pool_taken[i]) {
			mk_pool_taken[i] = 1;
			return ((qpmap_uptr)mk_pool[i]);
		}
	}
	return (0);
}

void
mk_page_free(qpmap_paddr_t pa)
{
	unsigned int i = (unsigned int)
	    ((pa - (qpmap_uptr)mk_pool) >> QPMAP_PAGE_SHIFT);

	mk_pool_taken[i] = 0;
}

void *
mk_table_address(qpmap_paddr_t pa)
{
	return ((void *)(qpmap_uptr)pa);
}

#if QPMAP_SHOOTDOWN && (defined(__x86_64__) || defined(__i386__))

#define MK_X2APIC_EOI	0x80bu
#define MK_X2APIC_ICR	0x830u
#define MK_IPI_VECTOR	0xf0u

static void
mk_wrmsr(qpmap_u32 number, qpmap_u32 high, qpmap_u32 low)
{
	__asm__ volatile("wrmsr" :: "c"(number), "d"(high), "a"(low)
			 : "memory");
}

/* The library has ordered its stores before this. */
void
mk_ipi_send(unsigned int number)
{
	mk_wrmsr(MK_X2APIC_ICR, mk_cpus[number].hardware_id, MK_IPI_VECTOR);
}

void
mk_ipi_acknowledge(void)
{
	mk_wrmsr(MK_X2APIC_EOI, 0, 0);
}

#elif QPMAP_SHOOTDOWN && defined(__riscv)

#define MK_SBI_IPI	0x735049u	/* extension; its function 0 sends */
#define MK_SIP_SSIP	2u

/* Send to one hart: bit 0 of a mask that starts at its number. */
void
mk_ipi_send(unsigned int number)
{
	register qpmap_uptr a0 __asm__("a0") = 1;
	register qpmap_uptr a1 __asm__("a1") =
	    mk_cpus[number].hardware_id;
	register qpmap_uptr a6 __asm__("a6") = 0;
	register qpmap_uptr a7 __asm__("a7") = MK_SBI_IPI;

	__asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a6), "r"(a7)
			 : "memory");
	if (a0 != 0) {
		mk_panic("no interrupt was sent", number, a0);
	}
}

void
mk_ipi_acknowledge(void)
{
	__asm__ volatile("csrc sip, %0" :: "r"(MK_SIP_SSIP) : "memory");
}

#endif

#if QPMAP_SHOOTDOWN
/*
 * Replace the page that all CPUs read by the one at pa.  The old page is free
 * when this returns.
 */
void mk_share(qpmap_paddr_t pa);
void
mk_share(qpmap_paddr_t pa)
{
	struct mk_irq irq = mk_lock(&mk_share_lock);
	qpmap_vaddr_t old = mk_global_page;
	int error = qpmap_global_enter(pa, QPMAP_ATTR_WRITE_BACK,
	    &mk_global_page);

	if (error != QPMAP_OK) {
		mk_panic(qpmap_strerror(error), pa, 0);
	}
	if (old != 0) {
		qpmap_global_remove(old);
	}
	mk_unlock(&mk_share_lock, irq);
}
#endif

/* Start the library on a CPU, before it enters a page. */
void mk_cpu_start(unsigned int number);
void
mk_cpu_start(unsigned int number)
{
	struct mk_cpu *cpu = &mk_cpus[number];
	int error;

	mk_thread()->cpu = cpu;
	error = qpmap_cpu_online(&cpu->qpmap, number,
	    (const struct qpmap_cpu_ptes *)0);
	if (error != QPMAP_OK) {
		mk_panic(qpmap_strerror(error), number, 0);
	}
}

/*
 * Start the library on the first CPU.  Paging is on, traps are set up, and the
 * page allocator works.  Other CPUs may run, but must not access the windows:
 * docs/porting-kernel.md, "CPUs that run already".
 */
void mk_main(void);
void
mk_main(void)
{
	static const struct qpmap_config config = {
		.window_va = MK_WINDOW_VA,
		.cpu_count = MK_CPUS,
		.nesting = 2,
		.flags = QPMAP_F_BUILD_TABLES | QPMAP_F_SINGLE_ROOT |
		    (QPMAP_PTE_SIZE == 4 ? QPMAP_F_NO_NX : 0),
#if QPMAP_SHOOTDOWN
		.shootdown = &mk_shootdown,
		.cpu_sync = mk_cpu_sync,
		.global_va = MK_SHARE_VA,
		.global = mk_global,
		.global_count = 1,
#endif
	};
	struct qpmap_page page = { mk_page_alloc(), QPMAP_ATTR_WRITE_BACK };
	qpmap_vaddr_t kva;
	int error;

	error = qpmap_init(&config);
	if (error != QPMAP_OK) {
		mk_panic(qpmap_strerror(error), 0, 0);
	}
	mk_cpu_start(0);
	error = qpmap_selftest(mk_page_alloc(), page.pa);
	if (error != 0) {
		mk_panic("qpmap_selftest", (qpmap_u64)error, 0);
	}
	kva = pmap_quick_enter_page(&page);
	*(volatile unsigned char *)kva = 1;
	pmap_quick_remove_page(kva);
#if QPMAP_SHOOTDOWN
	mk_share(page.pa);
#endif
}
