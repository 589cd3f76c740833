/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest: a kernel with nothing but the hooks that the library needs, and
 * tiny functions that the harness calls one by one.  It decides nothing.
 *
 * The kernel runs at VA = PA; what a hook is told is left in variables for the
 * harness to judge.
 */
#include <qpmap/host.h>
#include <qpmap/large.h>
#include <qpmap/pmap.h>
#include <qpmap/qpmap.h>
#include <qpmap/range.h>
#include <qpmap/shootdown.h>
#include <qpmap/switch.h>
#include <qpmap/try.h>

#include "../harness/wire.h"
#include "guest.h"
#include "percpu.h"

qpmap_u64 guest_boot_arg[WIRE_BOOT_COUNT];
qpmap_u64 guest_wire[WIRE_CONFIG_COUNT];
qpmap_u64 guest_pool[WIRE_POOL_COUNT];
qpmap_u64 guest_pool_count;
qpmap_u64 guest_freed[WIRE_POOL_COUNT];
qpmap_u64 guest_freed_count;
qpmap_u64 guest_table_last = ~0ULL;
qpmap_u64 guest_table_alias;
qpmap_u64 guest_leaf_calls;
qpmap_u64 guest_not_pinned = ~0ULL;
qpmap_u64 guest_panic[3];
/* Found by the harness, pointed at by GS and the like. */
/* What emu_online() hands to qpmap_cpu_online(). */
extern struct qpmap_cpu_ptes guest_ptes[WIRE_CPU_COUNT];
struct qpmap_cpu_ptes guest_ptes[WIRE_CPU_COUNT];

extern struct guest_percpu guest_percpu[WIRE_CPU_COUNT];
struct guest_percpu guest_percpu[WIRE_CPU_COUNT];
unsigned char guest_stack[WIRE_CPU_COUNT * WIRE_STACK_SIZE]
    __attribute__((aligned(4096)));

#if QPMAP_SHOOTDOWN
/* What the configuration names; the harness looks into it. */
struct qpmap_shootdown_state guest_shootdown;
struct qpmap_cpu_sync guest_cpu_sync[WIRE_CPU_SYNC_COUNT];
struct qpmap_global guest_group[WIRE_GROUP_COUNT];
#endif

#if QPMAP_RANGE_PAGES
/* Lists of pages, written by the harness. */
qpmap_paddr_t guest_list[WIRE_LIST_COUNT][QPMAP_RANGE_PAGES];
#endif

#if QPMAP_TRY
/* A trap's registers, from the harness and back. */
struct qpmap_fault guest_fault;
#endif

#if QPMAP_SWITCH
/* What threads have saved. */
struct qpmap_saved guest_saved[WIRE_CPU_COUNT];
#endif

const qpmap_u64 guest_fact[FACT_COUNT] = {
	[FACT_SLOTS] = QPMAP_SLOTS,
	[FACT_PAGE_SHIFT] = QPMAP_PAGE_SHIFT,
	[FACT_PTE_SIZE] = sizeof(struct qpmap_pte),
	[FACT_CACHE_LINE] = QPMAP_CACHE_LINE,
	[FACT_WINDOW_PAGES] = QPMAP_WINDOW_PAGES,
	[FACT_DIRECT_MAP] = QPMAP_DIRECT_MAP,
	[FACT_CHECKED] = QPMAP_CHECKED,
	[FACT_DIRECT_PA] = QPMAP_DIRECT_PA,
	[FACT_DIRECT_VA] = QPMAP_DIRECT_VA,
	[FACT_DIRECT_SIZE] = QPMAP_DIRECT_SIZE,
	[FACT_WORD] = sizeof(qpmap_vaddr_t),
	[FACT_CPU_SIZE] = sizeof(struct qpmap_cpu),
	[FACT_CPU_NEXT] = __builtin_offsetof(struct qpmap_cpu, next),
	[FACT_CPU_INDEX] = __builtin_offsetof(struct qpmap_cpu, index_plus_one),
	[FACT_CPU_SLOT] = __builtin_offsetof(struct qpmap_cpu, slot),
	[FACT_SLOT_SIZE] = sizeof(struct qpmap_slot),
	[FACT_SLOT_VA] = __builtin_offsetof(struct qpmap_slot, va),
	[FACT_SLOT_PTEP] = __builtin_offsetof(struct qpmap_slot, ptep),
	[FACT_PTES_SIZE] = sizeof(struct qpmap_cpu_ptes),
#if QPMAP_RANGE_PAGES
	[FACT_RANGE_PAGES] = QPMAP_RANGE_PAGES,
	[FACT_CPU_RANGE] = __builtin_offsetof(struct qpmap_cpu, range),
	[FACT_CPU_CLAIMS] = __builtin_offsetof(struct qpmap_cpu, range.claims),
	[FACT_CPU_BEFORE] = __builtin_offsetof(struct qpmap_cpu, range.before),
	[FACT_PTES_RANGE] = __builtin_offsetof(struct qpmap_cpu_ptes, range),
#endif
#if QPMAP_LARGE_SLOTS
	[FACT_LARGE_SLOTS] = QPMAP_LARGE_SLOTS,
	[FACT_LARGE_ENTRIES] = QPMAP_LARGE_ENTRIES,
#endif
#if QPMAP_SWITCH
	[FACT_SAVED_SIZE] = sizeof(struct qpmap_saved),
#endif
	[FACT_PERCPU_SIZE] = sizeof(struct guest_percpu),
	[FACT_PERCPU_STATE] = __builtin_offsetof(struct guest_percpu, state),
	[FACT_PERCPU_DEPTH] = __builtin_offsetof(struct guest_percpu, depth),
	[FACT_PERCPU_UNPINNED] =
	    __builtin_offsetof(struct guest_percpu, unpinned),
#if QPMAP_SHOOTDOWN
	[FACT_SHOOTDOWN] = 1,
	[FACT_GENERATION] =
	    __builtin_offsetof(struct qpmap_shootdown_state, generation),
	[FACT_RING] = __builtin_offsetof(struct qpmap_shootdown_state,
	    requests),
	[FACT_REQUESTS] = QPMAP_REQUESTS,
	[FACT_REQUEST_SIZE] = sizeof(struct qpmap_request),
	[FACT_REQUEST_GENERATION] =
	    __builtin_offsetof(struct qpmap_request, generation),
	[FACT_REQUEST_VA] = __builtin_offsetof(struct qpmap_request, va),
	[FACT_REQUEST_PAGES] =
	    __builtin_offsetof(struct qpmap_request, page_count),
	[FACT_SYNC_SIZE] = sizeof(struct qpmap_cpu_sync),
	[FACT_SYNC_ONLINE] = __builtin_offsetof(struct qpmap_cpu_sync, online),
	[FACT_SYNC_ACKNOWLEDGED] =
	    __builtin_offsetof(struct qpmap_cpu_sync, acknowledged),
	[FACT_SYNC_HART] = __builtin_offsetof(struct qpmap_cpu_sync, hart),
	[FACT_GLOBAL_SLOTS] = QPMAP_GLOBAL_SLOTS,
	[FACT_GROUP_SIZE] = sizeof(struct qpmap_global),
	[FACT_GROUP_CLEAN] = __builtin_offsetof(struct qpmap_global, clean),
	[FACT_GROUP_USED] = __builtin_offsetof(struct qpmap_global, used),
	[FACT_GROUP_DIRTY] = __builtin_offsetof(struct qpmap_global, dirty),
	[FACT_GROUP_LEAF] = __builtin_offsetof(struct qpmap_global, leaf),
#endif
};

/* Where every call returns to; never executed. */
__attribute__((noinline, section(".guest_stop"))) void
guest_stop(void)
{
	for (;;) {
		__asm__ volatile("");
	}
}

/* Where a panic ends; the harness stops the CPU here. */
__attribute__((noinline)) void
guest_panicked(void)
{
	for (;;) {
		__asm__ volatile("");
	}
}

#ifdef GUEST_THREAD_FUNCTIONS
/* Hooks as README's example has them, which judge nothing. */
static inline struct guest_thread *
guest_thread(void)
{
#if defined(__x86_64__) || defined(__i386__)
	return (GUEST_THIS_CPU->thread);
#else
	/* The register has the thread itself, whose members are those. */
	return ((struct guest_thread *)(void *)GUEST_THIS_CPU);
#endif
}

QPMAP_CALL struct qpmap_cpu *
qpmap_host_cpu(void)
{
	return (guest_thread()->cpu);
}

QPMAP_CALL struct qpmap_cpu *
qpmap_host_pin(void)
{
	guest_thread()->critical++;
	__asm__ volatile("" ::: "memory");
	return (qpmap_host_cpu());
}

QPMAP_CALL void
qpmap_host_unpin(struct qpmap_cpu *cpu)
{
	(void)cpu;
	__asm__ volatile("" ::: "memory");
	guest_thread()->critical--;
}
#elif !defined(QPMAP_HOST_INLINE)
QPMAP_CALL struct qpmap_cpu *
qpmap_host_pin(void)
{
	GUEST_THIS_CPU->depth++;
	__asm__ volatile("" ::: "memory");
	return (GUEST_THIS_CPU->cpu);
}

QPMAP_CALL struct qpmap_cpu *
qpmap_host_cpu(void)
{
	if (GUEST_THIS_CPU->depth == 0) {
		GUEST_THIS_CPU->unpinned++;
	}
	return (GUEST_THIS_CPU->cpu);
}

QPMAP_CALL void
qpmap_host_unpin(struct qpmap_cpu *cpu)
{
	if (cpu != GUEST_THIS_CPU->cpu || GUEST_THIS_CPU->depth == 0) {
		GUEST_THIS_CPU->unpinned++;
	}
	__asm__ volatile("" ::: "memory");
	GUEST_THIS_CPU->depth--;
}
#endif

#if QPMAP_SWITCH

#ifndef GUEST_INLINE_HOOKS_H
QPMAP_CALL struct qpmap_cpu *
qpmap_host_preempt_disable(void)
{
	return (qpmap_host_pin());
}

QPMAP_CALL void
qpmap_host_preempt_enable(struct qpmap_cpu *cpu)
{
	qpmap_host_unpin(cpu);
}
#endif

/* The calls with their arguments in registers; and, to be deducted, neither. */
#define GUEST_KEEP(a, b) __asm__ volatile("" :: "r"(a), "r"(b))

void
guest_switch_nothing(struct qpmap_cpu *cpu, struct qpmap_saved *saved)
{
	GUEST_KEEP(cpu, saved);
}

void
guest_switch_out(struct qpmap_cpu *cpu, struct qpmap_saved *saved)
{
	GUEST_KEEP(cpu, saved);
	qpmap_switch_out(cpu, saved);
}

void
guest_switch_in(struct qpmap_cpu *cpu, struct qpmap_saved *saved)
{
	GUEST_KEEP(cpu, saved);
	qpmap_switch_in(cpu, saved);
}

#endif /* QPMAP_SWITCH */

/* The CPU runs a thread of its own, in which hooks can count. */
void
guest_thread_init(unsigned int number)
{
	static struct guest_thread threads[WIRE_CPU_COUNT];

	threads[number].cpu = GUEST_THIS_CPU->cpu;
	GUEST_THIS_CPU->thread = &threads[number];
}

void
guest_yield(void)
{
	__builtin_trap();
}

QPMAP_NORETURN QPMAP_CALL void
qpmap_host_panic(const char *text, qpmap_u64 a, qpmap_u64 b)
{
	guest_panic[0] = (qpmap_uptr)text;
	guest_panic[1] = a;
	guest_panic[2] = b;
	guest_panicked();
	__builtin_unreachable();
}

#if QPMAP_TABLES
QPMAP_CALL qpmap_paddr_t
qpmap_host_table_alloc(void)
{
	if (guest_pool_count == 0) {
		return (QPMAP_NO_TABLE);
	}
	guest_pool_count--;
	return ((qpmap_paddr_t)guest_pool[guest_pool_count]);
}

QPMAP_CALL void
qpmap_host_table_free(qpmap_paddr_t table)
{
	guest_freed[guest_freed_count % WIRE_POOL_COUNT] = table;
	guest_freed_count++;
}

/*
 * The one temporary mapping: the harness holds stores against the last.  Or it
 * sees the call, and says where it has just mapped the table.
 */
QPMAP_CALL void *
qpmap_host_table_address(qpmap_paddr_t table)
{
	guest_table_last = table;
	if (guest_table_alias != 0) {
		return ((void *)((qpmap_uptr)guest_table_alias |
		    ((qpmap_uptr)table & QPMAP_PAGE_MASK)));
	}
	return ((void *)(qpmap_uptr)table);
}

QPMAP_CALL void *
qpmap_host_leaf_address(qpmap_paddr_t table)
{
	guest_leaf_calls++;
	return ((void *)(qpmap_uptr)table);
}
#endif

#if QPMAP_CHECKED
QPMAP_CALL int
qpmap_host_page_is_wired(qpmap_paddr_t pa)
{
	return (pa != guest_not_pinned);
}
#endif

#if QPMAP_SHOOTDOWN
/*
 * The harness sees the call and its operand, and is the interrupt controller:
 * there is nothing to do.
 */
QPMAP_CALL void
qpmap_host_ipi(qpmap_u32 window)
{
	__asm__ volatile("" :: "r"(window) : "memory");
}
#endif

/* qpmap_init() with the configuration on the wire. */
int
guest_init(void)
{
	const qpmap_u64 *wire = guest_wire;
	struct qpmap_config config = {
	    .window_va = (qpmap_vaddr_t)wire[WIRE_WINDOW_VA],
	    .cpu_count = (qpmap_u32)wire[WIRE_CONFIG_CPUS],
	    .nesting = (qpmap_u32)wire[WIRE_NESTING],
	    .flags = (qpmap_u32)wire[WIRE_FLAGS],
	    .types = (qpmap_u32)wire[WIRE_TYPES],
	    .layout = wire[WIRE_LAYOUT],
	    .direct_va = (qpmap_vaddr_t)wire[WIRE_DIRECT_VA],
	    .direct_pa = (qpmap_paddr_t)wire[WIRE_DIRECT_PA],
	    .direct_size = (qpmap_size_t)wire[WIRE_DIRECT_SIZE],
	    .direct_types = (qpmap_u32)wire[WIRE_DIRECT_TYPES],
	    .pa_bits = (qpmap_u32)wire[WIRE_PA_BITS],
	    .private_mask = wire[WIRE_PRIVATE_MASK],
	    .shared_mask = wire[WIRE_SHARED_MASK],
#if QPMAP_SHOOTDOWN
	    .shootdown = (struct qpmap_shootdown_state *)
		(qpmap_uptr)wire[WIRE_SHOOTDOWN],
	    .cpu_sync = (struct qpmap_cpu_sync *)
		(qpmap_uptr)wire[WIRE_CPU_SYNC],
	    .global_va = (qpmap_vaddr_t)wire[WIRE_GLOBAL_VA],
	    .global = (struct qpmap_global *)
		(qpmap_uptr)wire[WIRE_GLOBAL],
	    .global_count = (qpmap_u32)wire[WIRE_GLOBAL_COUNT],
#endif
#if QPMAP_RANGE_PAGES
	    .range_va = (qpmap_vaddr_t)wire[WIRE_RANGE_VA],
#endif
#if QPMAP_LARGE_SLOTS
	    .large_va = (qpmap_vaddr_t)wire[WIRE_LARGE_VA],
#endif
	};
	static struct qpmap_options options = QPMAP_OPTIONS;
	qpmap_u32 *differs = &options.release;
	unsigned int i;
	int error;

	for (i = 0; i < QPMAP_TYPE_COUNT; i++) {
		config.template_leaf[i] = wire[WIRE_TEMPLATE + i];
	}
	if (wire[WIRE_OPTION] == 0) {
		return (qpmap_init(&config));
	}
	if (wire[WIRE_OPTION] <= QPMAP_OPTION_WORDS) {
		differs = &options.word[wire[WIRE_OPTION] - 1];
	}
	++*differs;
	error = qpmap_init_options(&config, &options);
	--*differs;
	return (error);
}

/* A page as the manual page's two functions take it. */
qpmap_uptr
guest_page_of(qpmap_paddr_t pa, qpmap_attr_t attr)
{
	static struct qpmap_page page;

	page = (struct qpmap_page){ .pa = pa, .attr = attr };
	return ((qpmap_uptr)&page);
}

/* The manual page's two names. */
qpmap_vaddr_t
guest_quick_enter(qpmap_paddr_t pa, qpmap_attr_t attr)
{
	struct qpmap_page page = { .pa = pa, .attr = attr };

	return (pmap_quick_enter_page(&page));
}

void
guest_quick_remove(qpmap_vaddr_t va)
{
	pmap_quick_remove_page(va);
}

#if QPMAP_SHOOTDOWN
/* qpmap_global_enter(): the address, or the error, which is no address. */
qpmap_vaddr_t
guest_global_enter(qpmap_paddr_t pa, qpmap_attr_t attr)
{
	qpmap_vaddr_t va = 0;
	int error = qpmap_global_enter(pa, attr, &va);

	return (error == QPMAP_OK ? va : (qpmap_vaddr_t)error);
}
#endif

/* Probes: one access each, at a known instruction. */
qpmap_uptr
guest_load8(qpmap_vaddr_t va)
{
	return (*(volatile __UINT8_TYPE__ *)va);
}

qpmap_uptr
guest_load16(qpmap_vaddr_t va)
{
	return (*(volatile __UINT16_TYPE__ *)va);
}

qpmap_uptr
guest_load32(qpmap_vaddr_t va)
{
	return (*(volatile qpmap_u32 *)va);
}

qpmap_uptr
guest_load64(qpmap_vaddr_t va)
{
	return (*(volatile qpmap_uptr *)va);
}

void
guest_store8(qpmap_vaddr_t va, qpmap_uptr value)
{
	*(volatile __UINT8_TYPE__ *)va = (__UINT8_TYPE__)value;
}

void
guest_store16(qpmap_vaddr_t va, qpmap_uptr value)
{
	*(volatile __UINT16_TYPE__ *)va = (__UINT16_TYPE__)value;
}

void
guest_store32(qpmap_vaddr_t va, qpmap_uptr value)
{
	*(volatile qpmap_u32 *)va = (qpmap_u32)value;
}

void
guest_store64(qpmap_vaddr_t va, qpmap_uptr value)
{
	*(volatile qpmap_uptr *)va = value;
}

void
guest_fetch(qpmap_vaddr_t va)
{
	((void (*)(void))va)();
	__asm__ volatile("");	/* no tail call: it returns here */
}
