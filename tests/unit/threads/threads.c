/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usage: unit-threads [SECONDS]
 *
 * unit/B9, unit/B10, unit/B11: the core on real CPUs.  Each thread is one of
 * the kernel's, with a TLB of its own that keeps what it has until it is told
 * otherwise.  What is in a page is read and written without any atomic
 * operation: after a shootdown has returned the page is the caller's alone,
 * and ThreadSanitizer, which this is built with, says whether what happened
 * before and what happens now are ordered.
 */
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../../src/core/quick.h"

#include <qpmap/shootdown.h>

/* The core's atomic operations are watched, those here are not. */
#undef __atomic_load_n
#undef __atomic_store_n
#undef __atomic_exchange_n
#undef __atomic_add_fetch
#undef __atomic_fetch_add
#undef __atomic_fetch_sub
#undef __atomic_fetch_or
#undef __atomic_fetch_and
#undef __atomic_compare_exchange_n
#undef __atomic_thread_fence

#define THREADS_CPUS	4u
#define THREADS_WINDOWS	(THREADS_CPUS + 1)
#define THREADS_VA	((qpmap_vaddr_t)0x48000000)
#define THREADS_PLAIN	64u		/* page of the first plain one */
#define THREADS_PLAINS	6u
#define THREADS_GLOBAL	128u		/* page of the first group */
#define THREADS_SLOTS	5u
#define THREADS_BOXES	8u
#define THREADS_PAGES	96u
#define THREADS_SILENCE	90		/* seconds without progress */

/* A page: whose it is, and who has used it.  Nothing here is atomic. */
struct threads_page {
	unsigned int tag;
	unsigned int used[THREADS_CPUS];
};

/* A global mapping that CPUs may use: refs counts who does. */
struct threads_box {
	qpmap_vaddr_t va;
	unsigned int page;
	unsigned int refs;
	_Bool busy;
};

static struct threads_page threads_page[THREADS_PAGES];
static _Alignas(4096) struct qpmap_pte threads_leaf[256];
static struct qpmap_cpu threads_state[THREADS_CPUS];
static struct qpmap_shootdown_state threads_shootdown;
static struct qpmap_cpu_sync threads_cpu_sync[THREADS_WINDOWS];
static struct qpmap_global threads_global[1];
static struct threads_box threads_box[THREADS_BOXES];
static _Bool threads_busy[THREADS_PLAINS];
static _Bool threads_window[THREADS_WINDOWS];	/* somebody has it */
static _Bool threads_pending[THREADS_WINDOWS];	/* interrupts */
static _Bool threads_stop;
static unsigned long threads_progress[THREADS_CPUS];

/* This thread's CPU. */
static _Thread_local struct {
	unsigned int cpu, window;	/* CPU index + 1 */
	unsigned int pins;
	_Bool joined, masked, handling;
	uint64_t seed;
	uint64_t tlb[256];		/* entries; 0: nothing */
	unsigned int free[THREADS_PAGES], free_count;
	unsigned int limbo[THREADS_PAGES], limbo_count;
	unsigned long full, shots, moves;
} me;

static void
threads_fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vfprintf(stderr, format, arguments);
	va_end(arguments);
	(void)fprintf(stderr, " (CPU %u)\n", me.cpu);
	_Exit(1);
}

static unsigned int
threads_pick(unsigned int count)
{
	me.seed ^= me.seed << 13;
	me.seed ^= me.seed >> 7;
	me.seed ^= me.seed << 17;
	return ((unsigned int)(me.seed >> 32) % count);
}

/* The TLB. */

static void
threads_walk(unsigned int first, unsigned int count)
{
	for (unsigned int i = first; i < first + count; i++) {
		if (me.tlb[i] == 0) {
			me.tlb[i] = __atomic_load_n(&threads_leaf[i].bits,
			    __ATOMIC_ACQUIRE);
		}
	}
}

/* Whatever a walker may find, it finds now. */
static void
threads_walk_all(void)
{
	threads_walk(THREADS_PLAIN, THREADS_PLAINS);
	threads_walk(THREADS_GLOBAL, 2 * THREADS_SLOTS + 1);
}

static unsigned int
threads_index(qpmap_vaddr_t va)
{
	return ((unsigned int)((va - THREADS_VA) >> QPMAP_PAGE_SHIFT) % 256);
}

static qpmap_vaddr_t
threads_va(unsigned int index)
{
	return (THREADS_VA + index * QPMAP_PAGE_SIZE);
}

/* Number of the page that an entry maps. */
static unsigned int
threads_number(uint64_t bits)
{
	return ((unsigned int)(qpmap_pte_pa((struct qpmap_pte){ bits }, 0) >>
	    QPMAP_PAGE_SHIFT));
}

static qpmap_paddr_t
threads_pa(unsigned int page)
{
	return ((qpmap_paddr_t)page << QPMAP_PAGE_SHIFT);
}

/* An access through the TLB, as one instruction: must be of that owner. */
static _Bool
threads_touch(unsigned int index, unsigned int tag)
{
	unsigned int page;

	threads_walk(index, 1);
	if (me.tlb[index] == 0) {
		return (0);
	}
	page = threads_number(me.tlb[index]);
	if (threads_page[page].tag != tag) {
		threads_fail("page %u at %u belongs to %u, not to %u", page,
		    index, threads_page[page].tag, tag);
	}
	threads_page[page].used[me.cpu]++;
	return (1);
}

/* A plain page: whoever is online uses it, until it is told otherwise. */
static void
threads_use(void)
{
	unsigned int i = threads_pick(THREADS_PLAINS);

	(void)threads_touch(THREADS_PLAIN + i, 1 + i);
}

/* Between any two operations of the core: a walk, an access, an interrupt. */
void
fake_step(void)
{
	if (threads_pick(4) == 0) {
		threads_walk_all();
	}
	if (me.joined && threads_pick(4) == 0) {
		threads_use();
	}
	if (threads_pick(64) == 0) {
		(void)sched_yield();
	}
	if (me.window == 0 || me.masked || me.handling ||
	    threads_pick(3) == 0 ||
	    !__atomic_load_n(&threads_pending[me.window - 1],
	    __ATOMIC_RELAXED)) {
		return;
	}
	__atomic_store_n(&threads_pending[me.window - 1], 0,
	    __ATOMIC_RELAXED);
	me.handling = 1;
	me.pins++;
	qpmap_shootdown_ipi();
	me.pins--;
	me.handling = 0;
}

/* The fake architecture. */

_Bool
fake_pte_is_none(const struct qpmap_pte *slot)
{
	return (__atomic_load_n(&slot->bits, __ATOMIC_RELAXED) == 0);
}

struct qpmap_pte
fake_pte_load(const struct qpmap_pte *slot)
{
	return ((struct qpmap_pte){ __atomic_load_n(&slot->bits,
	    __ATOMIC_RELAXED) });
}

void
fake_pte_store(struct qpmap_pte *slot, struct qpmap_pte pte)
{
	fake_step();
	if (__atomic_exchange_n(&slot->bits, pte.bits, __ATOMIC_RELEASE) !=
	    0) {
		threads_fail("a slot that is in use was handed out");
	}
}

void
fake_pte_clear(struct qpmap_pte *slot)
{
	fake_step();
	__atomic_store_n(&slot->bits, 0, __ATOMIC_RELAXED);
}

void
fake_post_map(qpmap_vaddr_t va)
{
	(void)va;
	fake_step();
}

void
fake_pre_unmap(void)
{
	fake_step();
}

void
fake_post_unmap(qpmap_vaddr_t va)
{
	fake_step();
	me.tlb[threads_index(va)] = 0;
}

void
fake_post_map_slow(qpmap_vaddr_t va, struct qpmap_pte *slot,
    qpmap_u32 flags)
{
	(void)slot;
	(void)flags;
	fake_post_map(va);
}

void
fake_pre_unmap_slow(void)
{
	fake_step();
}

void
fake_post_unmap_slow(qpmap_vaddr_t va, struct qpmap_pte *slot,
    qpmap_u32 flags)
{
	(void)slot;
	(void)flags;
	fake_post_unmap(va);
}

void
fake_flush_local(qpmap_u32 flags)
{
	(void)flags;
	fake_step();
	memset(me.tlb, 0, sizeof(me.tlb));
}

void
fake_post_clear(struct qpmap_pte *slot, qpmap_u32 flags)
{
	(void)slot;
	(void)flags;
	fake_step();
}

void
fake_flush_range(qpmap_vaddr_t va, qpmap_size_t page_count,
    qpmap_u32 flags)
{
	(void)flags;
	fake_step();
	if (page_count > 32) {
		memset(me.tlb, 0, sizeof(me.tlb));
		return;
	}
	for (; page_count != 0; page_count--) {
		me.tlb[threads_index(va)] = 0;
		va += QPMAP_PAGE_SIZE;
	}
}

void
fake_pre_notify(void)
{
	fake_step();
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

_Bool
fake_firmware(qpmap_uptr mask, qpmap_uptr base,
    qpmap_vaddr_t va, qpmap_size_t page_count, qpmap_u32 flags)
{
	(void)mask;
	(void)base;
	(void)va;
	(void)page_count;
	(void)flags;
	return (0);
}

void
fake_spinning(void)
{
	fake_step();
	(void)sched_yield();
}

void
fake_pre_link(void *table, qpmap_size_t bytes, qpmap_u32 flags)
{
	(void)table;
	(void)bytes;
	(void)flags;
}

void
fake_post_link(struct qpmap_pte *link, _Bool in_root, qpmap_u32 flags)
{
	(void)link;
	(void)in_root;
	(void)flags;
}

int
qpmap_probe(const struct qpmap_config *config, struct qpmap_mmu *mmu)
{
	(void)config;
	mmu->levels = 5;
	mmu->va_bits = 47;
	mmu->pa_bits = 46;
	mmu->rw_bits = QPTE_RW_BITS;
	mmu->ro_bits = QPTE_RO_BITS;
	return (QPMAP_OK);
}

_Bool
qpmap_probe_same(const struct qpmap_mmu *mmu)
{
	return (mmu->levels == 5);
}

_Bool
qpmap_probe_range(const struct qpmap_mmu *mmu, qpmap_vaddr_t first,
    qpmap_vaddr_t last)
{
	return (mmu->levels == 5 && first <= last);
}

/* The host. */

QPMAP_CALL struct qpmap_cpu *
qpmap_host_pin(void)
{
	fake_step();
	me.pins++;
	return (&threads_state[me.cpu]);
}

QPMAP_CALL struct qpmap_cpu *
qpmap_host_cpu(void)
{
	if (me.pins == 0) {
		threads_fail("this CPU is asked for while preemptible");
	}
	return (&threads_state[me.cpu]);
}

QPMAP_CALL void
qpmap_host_unpin(struct qpmap_cpu *cpu)
{
	if (me.pins == 0 || cpu != &threads_state[me.cpu]) {
		threads_fail("unpin of what is not pinned");
	}
	me.pins--;
	fake_step();
}

QPMAP_NORETURN QPMAP_CALL void
qpmap_host_panic(const char *text, uint64_t a, uint64_t b)
{
	threads_fail("panic: %s, %#lx, %#lx", text, (unsigned long)a,
	    (unsigned long)b);
	abort();
}

QPMAP_CALL int
qpmap_host_page_is_wired(qpmap_paddr_t pa)
{
	return (pa < threads_pa(THREADS_PAGES));
}

/* Nothing asks for tables: the entries are given. */
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

QPMAP_CALL void *
qpmap_host_table_address(qpmap_paddr_t table)
{
	(void)table;
	return (NULL);
}

QPMAP_CALL void *
qpmap_host_leaf_address(qpmap_paddr_t table)
{
	(void)table;
	return (NULL);
}

QPMAP_CALL void
qpmap_host_ipi(uint32_t window)
{
	__atomic_store_n(&threads_pending[window], 1, __ATOMIC_RELEASE);
}

/* What the threads do. */

/* A page that is this thread's alone: what it was used for is over. */
static void
threads_mine(unsigned int page)
{
	threads_page[page].tag = 0;
	for (unsigned int cpu = 0; cpu < THREADS_CPUS; cpu++) {
		threads_page[page].used[cpu] = 0;
	}
	me.free[me.free_count++] = page;
}

static unsigned int
threads_take(unsigned int tag)
{
	unsigned int page;

	if (me.free_count == 0) {
		threads_fail("no page is left");
	}
	page = me.free[--me.free_count];
	threads_page[page].tag = tag;
	return (page);
}

/* A plain page is replaced by another, while others use it. */
static void
threads_replace(void)
{
	unsigned int i = threads_pick(THREADS_PLAINS), page;
	struct qpmap_pte *slot = &threads_leaf[THREADS_PLAIN + i];
	uint64_t bits;

	if (me.free_count == 0 || __atomic_exchange_n(&threads_busy[i], 1,
	    __ATOMIC_ACQUIRE)) {
		return;
	}
	bits = __atomic_exchange_n(&slot->bits, 0, __ATOMIC_RELAXED);
	if (bits != 0) {
		qpmap_shootdown(threads_va(THREADS_PLAIN + i),
		    1 + threads_pick(2), NULL);
		me.shots++;
		threads_mine(threads_number(bits));
	}
	page = threads_take(1 + i);
	__atomic_store_n(&slot->bits, qpmap_pte_make(threads_pa(page),
	    QPTE_RW_BITS).bits, __ATOMIC_RELEASE);
	__atomic_store_n(&threads_busy[i], 0, __ATOMIC_RELEASE);
}

/* A box is filled, or emptied as soon as nobody uses it. */
static void
threads_share(void)
{
	struct threads_box *box = &threads_box[threads_pick(THREADS_BOXES)];
	qpmap_vaddr_t va;
	unsigned int page;

	if (__atomic_exchange_n(&box->busy, 1, __ATOMIC_ACQUIRE)) {
		return;
	}
	va = __atomic_exchange_n(&box->va, 0, __ATOMIC_SEQ_CST);
	if (va != 0) {
		while (__atomic_load_n(&box->refs, __ATOMIC_SEQ_CST) != 0) {
			me.pins++;
			qpmap_shootdown_poll();
			me.pins--;
			fake_spinning();
		}
		if (threads_pick(2) == 0) {
			qpmap_global_remove(va);
			threads_mine(box->page);
		} else {
			qpmap_global_remove_deferred(va);
			me.limbo[me.limbo_count++] = box->page;
		}
	} else if (me.free_count != 0) {
		page = threads_take(100);
		box->page = page;
		if (qpmap_global_enter(threads_pa(page), 0, &va) ==
		    QPMAP_OK) {
			__atomic_store_n(&box->va, va, __ATOMIC_SEQ_CST);
		} else {
			me.full++;
			threads_mine(page);
		}
	}
	__atomic_store_n(&box->busy, 0, __ATOMIC_RELEASE);
}

static void
threads_look(void)
{
	struct threads_box *box = &threads_box[threads_pick(THREADS_BOXES)];
	unsigned int index;
	qpmap_vaddr_t va;

	__atomic_fetch_add(&box->refs, 1, __ATOMIC_SEQ_CST);
	va = __atomic_load_n(&box->va, __ATOMIC_SEQ_CST);
	if (va != 0) {
		index = threads_index(va);
		threads_walk(index, 1);
		if (me.tlb[index] == 0 ||
		    threads_number(me.tlb[index]) != box->page) {
			threads_fail("a slot does not show its page, but %#lx",
			    (unsigned long)me.tlb[index]);
		}
		(void)threads_touch(index, 100);
	}
	__atomic_fetch_sub(&box->refs, 1, __ATOMIC_RELEASE);
}

/*
 * As if so many requests had come and gone: where generations are words of
 * 32 bits they come round, again and again.
 */
static void
threads_jump(void)
{
	(void)__atomic_add_fetch(&threads_shootdown.generation, 1u << 26,
	    __ATOMIC_SEQ_CST);
	qpmap_shootdown(THREADS_VA, 1, NULL);
}

static void
threads_quiesce(void)
{
	unsigned int count = me.limbo_count;

	qpmap_quiesce();
	for (; count != 0; count--) {
		threads_mine(me.limbo[--me.limbo_count]);
	}
}

static void
threads_enter(void)
{
	unsigned int page;
	qpmap_vaddr_t va;

	if (me.free_count == 0) {
		return;
	}
	page = threads_take(200 + me.cpu);
	va = qpmap_enter(threads_pa(page), 0);
	if (!threads_touch(threads_index(va), 200 + me.cpu)) {
		threads_fail("a window does not show its page");
	}
	if (threads_pick(4) == 0) {
		threads_replace();
	}
	qpmap_remove(va);
	if (threads_touch(threads_index(va), 0)) {
		threads_fail("a window shows what was removed");
	}
	threads_mine(page);
}

static void
threads_online(void)
{
	struct qpmap_cpu_ptes ptes;
	unsigned int window;

	do {
		window = threads_pick(THREADS_WINDOWS);
	} while (__atomic_exchange_n(&threads_window[window], 1,
	    __ATOMIC_ACQUIRE));
	me.window = window + 1;
	me.pins++;
	ptes.window = &threads_leaf[window * QPMAP_WINDOW_PAGES];
	if (qpmap_cpu_online(&threads_state[me.cpu], window, &ptes) !=
	    QPMAP_OK) {
		threads_fail("a CPU does not come online");
	}
	me.pins--;
	me.joined = 1;
}

static void
threads_offline(void)
{
	unsigned int window = me.window - 1;

	me.joined = 0;
	me.pins++;
	qpmap_cpu_offline(&threads_state[me.cpu]);
	me.pins--;
	me.window = 0;
	__atomic_store_n(&threads_window[window], 0, __ATOMIC_RELEASE);
}

static void
threads_move(void)
{
	threads_offline();
	me.masked = 0;
	for (unsigned int i = threads_pick(20); i > 0; i--) {
		(void)sched_yield();
	}
	me.masked = threads_pick(2) != 0;
	threads_online();
	me.moves++;
}

static void *
threads_main(void *argument)
{
	unsigned int cpu = (unsigned int)(uintptr_t)argument, what;

	me.cpu = cpu;
	me.seed = 0x9e3779b97f4a7c15ULL * (cpu + 1);
	for (unsigned int page = cpu; page < THREADS_PAGES;
	    page += THREADS_CPUS) {
		threads_mine(page);
	}
	threads_online();
	while (!__atomic_load_n(&threads_stop, __ATOMIC_RELAXED) ||
	    me.moves == 0 || me.shots < 20) {
		what = threads_pick(100);
		me.masked = threads_pick(3) == 0;
		if (what < 40) {
			threads_use();
		} else if (what < 55) {
			threads_look();
		} else if (what < 70) {
			threads_replace();
		} else if (what < 88) {
			threads_share();
		} else if (what < 94) {
			threads_enter();
		} else if (what < 96) {
			threads_quiesce();
		} else if (what < 98) {
			threads_jump();
		} else {
			threads_move();
		}
		me.masked = 0;
		fake_step();
		__atomic_fetch_add(&threads_progress[cpu], 1,
		    __ATOMIC_RELAXED);
	}
	/* Others may still wait for this CPU: it goes in good order. */
	threads_offline();
	(void)printf("CPU %u: %lu steps, %lu shootdowns, %lu times offline, "
	    "%lu times no slot\n", cpu, threads_progress[cpu], me.shots,
	    me.moves, me.full);
	return (NULL);
}

/* Nobody may stand still for long. */
static void
threads_watch(unsigned int seconds)
{
	unsigned long sum, last = 0;
	unsigned int silence = 0;
	struct timespec tick = { .tv_nsec = 100000000 };

	for (unsigned int ticks = 0; ticks < 10 * seconds; ticks++) {
		(void)nanosleep(&tick, NULL);
		sum = 0;
		for (unsigned int cpu = 0; cpu < THREADS_CPUS; cpu++) {
			sum += __atomic_load_n(&threads_progress[cpu],
			    __ATOMIC_RELAXED);
		}
		silence = sum == last ? silence + 1 : 0;
		last = sum;
		if (silence > 10 * THREADS_SILENCE) {
			threads_fail("CPUs wait for each other");
		}
		/* A busy machine: at least some work for each. */
		if (ticks + 1 == 10 * seconds && sum < 2000) {
			ticks--;
		}
	}
	__atomic_store_n(&threads_stop, 1, __ATOMIC_RELAXED);
}

int
main(int argc, char **argv)
{
	unsigned int seconds = argc > 1 ? (unsigned int)atoi(argv[1]) : 2;
	struct qpmap_config config = {
		.window_va = THREADS_VA, .cpu_count = THREADS_WINDOWS,
		.nesting = QPMAP_SLOTS, .shootdown = &threads_shootdown,
		.cpu_sync = threads_cpu_sync,
		.global_va = THREADS_VA + THREADS_GLOBAL * QPMAP_PAGE_SIZE,
		.global = threads_global, .global_count = 1,
	};
	pthread_t thread[THREADS_CPUS];
	unsigned int cpu;

	me.cpu = THREADS_CPUS;
	me.seed = 1;
	threads_global[0].leaf = &threads_leaf[THREADS_GLOBAL];
	if (qpmap_init(&config) != QPMAP_OK) {
		threads_fail("init refuses the configuration");
	}
	threads_global[0].clean = (1u << THREADS_SLOTS) - 1;
	/* Against a hang after threads_watch(); a busy machine takes long. */
	(void)alarm(seconds + 10 * THREADS_SILENCE);
	for (cpu = 0; cpu < THREADS_CPUS; cpu++) {
		if (pthread_create(&thread[cpu], NULL, threads_main,
		    (void *)(uintptr_t)cpu) != 0) {
			threads_fail("no thread");
		}
	}
	threads_watch(seconds);
	for (cpu = 0; cpu < THREADS_CPUS; cpu++) {
		(void)pthread_join(thread[cpu], NULL);
	}
	return (0);
}
