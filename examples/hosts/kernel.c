/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the patterns need to be linked into a whole: critical sections, a pool
 * of pages, a panic, and the calls in the order in which a kernel makes them.
 * The pool is identity-mapped.
 */
#include <qpmap/pmap.h>
#include <qpmap/qpmap.h>

#include "kernel.h"

#define MK_POOL_PAGES 32u

static unsigned char mk_pool[MK_POOL_PAGES][1u << QPMAP_PAGE_SHIFT]
    __attribute__((aligned(1u << QPMAP_PAGE_SHIFT)));
static _Bool mk_pool_taken[MK_POOL_PAGES];
static struct mk_cpu mk_cpus[MK_CPUS];

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

/* There is one thread: it is its own successor. */
void
mk_yield(void)
{
	mk_thread()->preempt_owed = 0;
}

_Noreturn void
mk_panic(const char *text, __UINT64_TYPE__ a, __UINT64_TYPE__ b)
{
	(void)mk_irq_save();
	for (;;) {
		/* A debugger finds the three of them in registers. */
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
			return ((__UINTPTR_TYPE__)mk_pool[i]);
		}
	}
	return (0);
}

void
mk_page_free(qpmap_paddr_t pa)
{
	unsigned int i = (unsigned int)
	    ((pa - (__UINTPTR_TYPE__)mk_pool) >> QPMAP_PAGE_SHIFT);

	mk_pool_taken[i] = 0;
}

void *
mk_table_address(qpmap_paddr_t pa)
{
	return ((void *)(__UINTPTR_TYPE__)pa);
}

/* On every CPU, before it enters a page. */
void mk_cpu_start(unsigned int number);
void
mk_cpu_start(unsigned int number)
{
	struct mk_cpu *cpu = &mk_cpus[number];
	int error;

	mk_thread()->cpu = cpu;
	error = qpmap_cpu_online(&cpu->qpmap, number, (struct qpmap_pte *)0);
	if (error != QPMAP_OK) {
		mk_panic(qpmap_strerror(error), number, 0);
	}
}

/*
 * The first CPU: paging is on, traps are set up, the page allocator works,
 * and no other CPU has started.
 */
void mk_main(void);
void
mk_main(void)
{
	static const struct qpmap_config config = {
		.window_va = MK_WINDOW_VA,
		.window_count = MK_CPUS,
		.nesting = 2,
		.flags = QPMAP_BUILD_TABLES | QPMAP_SINGLE_ROOT |
		    (QPMAP_PTE_SIZE == 4 ? QPMAP_NO_NX : 0),
	};
	struct qpmap_page page = { mk_page_alloc(), QPMAP_WRITE_BACK };
	qpmap_vaddr_t kva;
	int error;

	error = qpmap_init(&config);
	if (error != QPMAP_OK) {
		mk_panic(qpmap_strerror(error), 0, 0);
	}
	mk_cpu_start(0);
	error = qpmap_selftest(mk_page_alloc(), page.pa);
	if (error != 0) {
		mk_panic("qpmap_selftest", (__UINT64_TYPE__)error, 0);
	}
	kva = pmap_quick_enter_page(&page);
	*(volatile unsigned char *)kva = 1;
	pmap_quick_remove_page(kva);
}
