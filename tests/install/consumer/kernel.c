/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The smallest kernel that links an installed qpmap: one CPU, the hooks, and
 * a start that calls qpmap_init() with paging still off.  With the default
 * options these are four hooks, with QPMAP_TABLES four more.  With
 * QPMAP_SHOOTDOWN there may be more CPUs.
 *
 * kernel_start returns 0 if qpmap_init() refused with KERNEL_EXPECT, and 100
 * more than the error otherwise.
 */
#include <qpmap/host.h>
#include <qpmap/pmap.h>
#include <qpmap/qpmap.h>
#include <qpmap/shootdown.h>

#ifndef KERNEL_EXPECT
#define KERNEL_EXPECT QPMAP_ERR_PAGING
#define KERNEL_USES QPMAP_SHOOTDOWN
#define KERNEL_ALL_HOOKS 0
#else
#define KERNEL_ALL_HOOKS 1	/* whatever the library's options are */
#define KERNEL_USES 0	/* the library may have no such functions */
#endif

int _start(void);
void kernel_fill(vm_page_t page, __UINT8_TYPE__ value);

static struct qpmap_cpu kernel_cpu;

#ifdef KERNEL_HEADERS
/* The library was built with kernel_inline.h and kernel_page.h. */
struct qpmap_cpu kernel_inline_cpu;
int kernel_inline_preempt_off;

_Static_assert(_Generic((vm_page_t)0, const struct kernel_page *: 1,
    default: 0), "vm_page_t is not the kernel's");
#else
static int kernel_preempt_off;

QPMAP_CALL struct qpmap_cpu *
qpmap_host_pin(void)
{
	kernel_preempt_off++;
	return (&kernel_cpu);
}

QPMAP_CALL struct qpmap_cpu *
qpmap_host_cpu(void)
{
	return (&kernel_cpu);
}

QPMAP_CALL void
qpmap_host_unpin(struct qpmap_cpu *cpu)
{
	(void)cpu;
	kernel_preempt_off--;
}
#endif

QPMAP_NORETURN QPMAP_CALL void
qpmap_host_panic(const char *text, qpmap_u64 a, qpmap_u64 b)
{
	(void)text;
	(void)a;
	(void)b;
	for (;;) {
	}
}

#if QPMAP_TABLES || KERNEL_ALL_HOOKS
QPMAP_CALL qpmap_paddr_t
qpmap_host_table_alloc(void)
{
	return (QPMAP_NO_TABLE);
}

QPMAP_CALL void
qpmap_host_table_free(qpmap_paddr_t table)
{
	(void)table;
}

/* Physical memory is where it is: paging is off. */
QPMAP_CALL void *
qpmap_host_table_address(qpmap_paddr_t table)
{
	return ((void *)(qpmap_uptr)table);
}

QPMAP_CALL void *
qpmap_host_leaf_address(qpmap_paddr_t table)
{
	return ((void *)(qpmap_uptr)table);
}
#endif

#if QPMAP_SHOOTDOWN
#define KERNEL_GROUPS 2

static struct qpmap_shootdown_state kernel_shootdown;
static struct qpmap_cpu_sync kernel_remote[1];
static struct qpmap_global kernel_global[KERNEL_GROUPS];
#endif

#if (QPMAP_SHOOTDOWN || KERNEL_ALL_HOOKS) && !defined(__aarch64__)
static unsigned int kernel_ipis;

QPMAP_CALL void
qpmap_host_ipi(qpmap_u32 window)
{
	kernel_ipis += window;
}
#endif

#if KERNEL_USES
void kernel_interrupt(void);
void kernel_publish(qpmap_paddr_t pa, int now);

/* These are not called here, either. */
void
kernel_interrupt(void)
{
	qpmap_shootdown_ipi();
	qpmap_shootdown_poll();
}

void
kernel_publish(qpmap_paddr_t pa, int now)
{
	unsigned long first = 1;
	qpmap_vaddr_t va;

	while (qpmap_global_enter(pa, QPMAP_ATTR_WRITE_BACK, &va) == QPMAP_OK) {
		*(volatile __UINT8_TYPE__ *)va = 1;
		if (now != 0) {
			qpmap_global_remove(va);
		} else {
			qpmap_global_remove_deferred(va);
		}
	}
	qpmap_shootdown(va, 1, &first);
	qpmap_shootdown(va, QPMAP_ALL_PAGES, 0);
	qpmap_quiesce();
}
#endif

/* Not called here: it pulls the rest of the archive in. */
void
kernel_fill(vm_page_t page, __UINT8_TYPE__ value)
{
	qpmap_paddr_t pa = qpmap_host_page_pa(page);
	qpmap_vaddr_t va = pmap_quick_enter_page(page);

	*(volatile __UINT8_TYPE__ *)va = value;
	pmap_quick_remove_page(va);
	qpmap_zero_page(pa, qpmap_host_page_attr(page));
	(void)qpmap_cpu_online(&kernel_cpu, 0, 0);
	(void)qpmap_selftest(pa, pa + QPMAP_PAGE_SIZE);
}

int
_start(void)
{
	static const struct qpmap_config config = {
	    .window_va = (qpmap_vaddr_t)0 - 1024 * QPMAP_WINDOW_SIZE,
	    .cpu_count = 1,
	    .nesting = 1,
	    .flags = QPMAP_TABLES ? QPMAP_F_BUILD_TABLES : 0,
#if QPMAP_SHOOTDOWN
	    .shootdown = &kernel_shootdown,
	    .cpu_sync = kernel_remote,
	    .global_va = (qpmap_vaddr_t)0 - 1024 * QPMAP_GLOBAL_SIZE,
	    .global = kernel_global,
	    .global_count = KERNEL_GROUPS,
#endif
	};
	int error = qpmap_init(&config);

	return (error == KERNEL_EXPECT ? 0 : 100 + error);
}
