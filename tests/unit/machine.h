/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The simulated machine below the core: physical memory, CPUs with TLBs that
 * cache whatever they may, and a host that checks every promise made to it.
 *
 * A TLB here holds everything at once: before and after every event each CPU
 * has walked for every watched page, and remembers valid and invalid entries
 * of all levels until it must invalidate.  Whatever goes wrong is a failure
 * of the running test, at once.
 */
#ifndef QPMAP_TESTS_MACHINE_H
#define QPMAP_TESTS_MACHINE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <qpmap/large.h>
#include <qpmap/panic.h>
#include <qpmap/range.h>
#include <qpmap/shootdown.h>
#include <qpmap/switch.h>

#include "../../src/core/large.h"
#include "../../src/core/quick.h"

#define FAKE_CPUS	4
/* Contexts (PCIDs) whose translations a CPU keeps; the first is in use. */
#define FAKE_CONTEXTS	(QPMAP_SHOOTDOWN ? 2 : 1)
#define FAKE_LEVELS	5
#define FAKE_VA_BITS	47
#define FAKE_PA_BITS	46

/* Physical memory: data pages first, then those for tables. */
#define FAKE_PA		0x2bad00000000ULL
#define FAKE_DATA_PAGES	256
#define FAKE_POOL_PAGES	128
#define FAKE_PAGES	(FAKE_DATA_PAGES + FAKE_POOL_PAGES)
/* Kernel's half of the address space, and where things are in it. */
#define FAKE_KERNEL_VA	0x400000000000ULL
#define FAKE_WINDOW_VA	0x480000000000ULL
#define FAKE_DIRECT_VA	0x4a0000000000ULL
/* With QPMAP_SHOOTDOWN: pages of the kernel's own, and global slots. */
#define FAKE_PLAIN_PAGE	64
#define FAKE_PLAIN_PAGES 63
#define FAKE_PLAIN_VA	(FAKE_WINDOW_VA + FAKE_PLAIN_PAGE * QPMAP_PAGE_SIZE)
#define FAKE_GLOBAL_VA	(FAKE_WINDOW_VA + QPMAP_GLOBAL_SIZE)
#define FAKE_GROUPS	12
/* With QPMAP_RANGE_PAGES: the areas, which end where the windows begin. */
#define FAKE_RANGE_ALL	(FAKE_CPUS * QPMAP_RANGE_PAGES)
#define FAKE_RANGE_VA	(FAKE_WINDOW_VA - FAKE_RANGE_ALL * QPMAP_PAGE_SIZE)
/*
 * With QPMAP_LARGE_SLOTS: the large windows.  A TLB keeps a large page in
 * pieces, as if they were pages; they are watched behind all pages.
 */
#define FAKE_LARGE_VA	(FAKE_WINDOW_VA + 0x1000000)
#if QPMAP_LARGE_SLOTS
#define FAKE_PIECES	4
#define FAKE_LARGE_ALL	((FAKE_CPUS * QPMAP_LARGE_ENTRIES + 1) * FAKE_PIECES)
#else
#define FAKE_LARGE_ALL	0
#endif
/* Windows for which there is memory. */
#define FAKE_WINDOWS	256
/* Pages from FAKE_RANGE_VA on that can really be loaded from. */
#define FAKE_REACH_PAGES (2048 + FAKE_RANGE_ALL)
/* Most pages that are watched at once. */
#define FAKE_WATCHED	(2048 + FAKE_RANGE_ALL + FAKE_LARGE_ALL)

enum fake_kind {
	FAKE_PIN, FAKE_CPU, FAKE_UNPIN, FAKE_PREEMPT_DISABLE,
	    FAKE_PREEMPT_ENABLE, FAKE_PINNED, FAKE_PEEK, FAKE_LOAD,
	FAKE_STORE, FAKE_CLEAR, FAKE_POST_MAP, FAKE_PRE_UNMAP, FAKE_POST_UNMAP,
	FAKE_POST_MAP_SLOW, FAKE_PRE_UNMAP_SLOW, FAKE_POST_UNMAP_SLOW,
	FAKE_FLUSH_LOCAL, FAKE_PRE_LINK, FAKE_POST_LINK, FAKE_LINKED_ROOT,
	    FAKE_ALLOC,
	FAKE_FREE, FAKE_PROBE, FAKE_POST_CLEAR, FAKE_FLUSH_RANGE,
	    FAKE_PRE_NOTIFY,
	FAKE_FIRMWARE, FAKE_SPINNING, FAKE_IPI, FAKE_POST_MAP_RANGE,
	FAKE_POST_UNMAP_RANGE, FAKE_POST_MAP_RANGE_SLOW,
	FAKE_POST_UNMAP_RANGE_SLOW, FAKE_KINDS
};

struct fake_event {
	enum fake_kind kind;
	unsigned int cpu;
	uint64_t what;		/* address, entry or page */
	uint64_t more;		/* pages; hart mask */
};
#define FAKE_EVENTS 4096

enum fake_fault {
	FAKE_OK, FAKE_ABSENT, FAKE_READ_ONLY, FAKE_NO_EXEC
};
enum fake_access {
	FAKE_READ, FAKE_WRITE, FAKE_EXEC
};

/* What a translation came to. */
struct fake_result {
	enum fake_fault fault;
	qpmap_paddr_t pa;
	unsigned int type;
	struct qpmap_pte pte;
};

/* Knobs and findings; fake_reset() puts all to rest. */
struct fake {
	unsigned int cpu;		/* the CPU that runs now */
	/* What the registers say. */
	int probe_error;
	_Bool differs[FAKE_CPUS];
	unsigned int pa_bits;
	unsigned int slow_types;
	qpmap_ptebits_t private_bit;	/* tables, and the root, have it */
	_Bool no_large;			/* a machine without large pages */
	unsigned int levels;		/* that it says it has */
	/* A core whose invalidation by address does nothing (erratum). */
	_Bool broken_invalidation;
	/* Faults for fake_access(): misbehaviour that a self-test can see. */
	qpmap_paddr_t wrong_pa;		/* all accesses end here; 0: none */
	/* Interrupts: called at event point number irq_at, or at all. */
	void (*irq)(void);
	unsigned int irq_depth;		/* nested calls allowed */
	unsigned int irq_at[4];		/* point, by depth; ~0: every one */
	unsigned int irq_point[4];	/* points met, by depth */
	unsigned int irq_now;		/* depth now */
	/*
	 * Several CPUs: called between any two accesses to what CPUs have in
	 * common; what an interrupt to a window does (NULL: its CPU handles it
	 * at once); what happens while a CPU spins (NULL: nothing, for ever).
	 */
	void (*step)(void);
	void (*ipi)(uint32_t window);
	void (*spin)(void);
	unsigned int spins;		/* in vain */
	_Bool joined[FAKE_CPUS];	/* online, and not about to go */
	_Bool sent[FAKE_CPUS];		/* "sending" came since the pin */
	uintptr_t hart[FAKE_CPUS];	/* the firmware's numbers */
	unsigned int firmware_fails_at;	/* 1: the first call; 0: never */
	unsigned int firmware_calls;
	/* The log, from the last fake_log_clear(). */
	struct fake_event event[FAKE_EVENTS];
	unsigned int event_count;
	unsigned int kind_count[FAKE_KINDS];
	/* The host. */
	unsigned int pins[FAKE_CPUS];	/* with QPMAP_SWITCH the thread's */
	qpmap_paddr_t root;
	_Bool restoring;		/* nobody has used what is stored */
	_Bool may_ask_unpinned;		/* after a caller's error */
	_Bool tables_allowed;		/* within init and online */
	qpmap_paddr_t not_pinned;	/* the page that is not wired */
	unsigned int alloc_fails_at;	/* 1: the first; 0: never */
	unsigned int alloc_calls;
	unsigned int migrate_seed;	/* 0: threads stay */
	/* Panic. */
	_Bool panic_armed;
	jmp_buf panic_env;
	const char *panic_text;
	uint64_t panic_a, panic_b;
	unsigned int panic_pins[FAKE_CPUS];
	/* Faults of real accesses. */
	_Bool fault_armed;
	sigjmp_buf fault_env;
	uintptr_t fault_va;
};
extern struct fake fake;

/* The CPUs' states, in the host's per-CPU data. */
extern struct qpmap_cpu fake_cpu[FAKE_CPUS];
#if QPMAP_SHOOTDOWN
extern struct qpmap_shootdown_state fake_shootdown_memory;
extern struct qpmap_cpu_sync fake_cpu_sync[FAKE_WINDOWS];
extern struct qpmap_global fake_global[FAKE_GROUPS];
#endif

/*
 * Every function that the core calls is between these two: each is a point at
 * which an interrupt may come, and the TLBs are filled up.
 */
void fake_event_begin(enum fake_kind kind, uint64_t what);
void fake_event_more(enum fake_kind kind, uint64_t what, uint64_t more);
void fake_event_end(void);

/* Everything as after power-on; the core's state is zeroed, too. */
void fake_reset(void);
/* CPU number cpu runs from now on. */
void fake_run_on(unsigned int cpu);
void fake_log_clear(void);
/* Number of the first event of that kind at or after from, or -1. */
int fake_log_find(enum fake_kind kind, unsigned int from);

/* Watch pages from va on: all TLBs cache what they find there, at once. */
void fake_watch(qpmap_vaddr_t va, unsigned int pages);
/* All CPUs invalidate everything and walk again (a host changed its tables). */
void fake_shootdown(void);
void fake_assert_walks(void);
/* Translate on this CPU, through its TLB. */
struct fake_result fake_translate(qpmap_vaddr_t va, enum fake_access access);
/* Whether this CPU's walker comes as far as va's leaf entry. */
_Bool fake_reaches(qpmap_vaddr_t va);
/* The leaf entry of va as it is in memory: 0 if there is no table. */
struct qpmap_pte fake_leaf(qpmap_vaddr_t va);
/* What a CPU knows of va in that context; never asks a walker. */
struct qpmap_pte fake_cached(unsigned int cpu, unsigned int context,
    qpmap_vaddr_t va);
/* How many CPUs that have joined have the page at pa, at any address. */
unsigned int fake_cached_page(qpmap_paddr_t pa);
/* The host's entry for a page; it maps or, with 0, unmaps one of its own. */
struct qpmap_pte fake_host_pte(qpmap_paddr_t pa);
void fake_host_map(qpmap_vaddr_t va, struct qpmap_pte entry);
/* A CPU caches entry for va, whatever the tables say. */
void fake_plant(unsigned int cpu, qpmap_vaddr_t va, struct qpmap_pte entry);

/*
 * For the host: aliases of a table page, and its way through life.  All fail
 * the test if the page is not one that may be asked for.
 */
void *fake_alias_table(qpmap_paddr_t pa);
void *fake_alias_leaf(qpmap_paddr_t pa);
qpmap_paddr_t fake_pool_take(void);
void fake_pool_give(qpmap_paddr_t pa);
/* Whoever runs goes on using what it has mapped on this CPU. */
void fake_used(void);

/* Physical memory, seen from outside. */
unsigned char *fake_memory(qpmap_paddr_t pa);
/* Number of the page at pa, or -1. */
int fake_page_number(qpmap_paddr_t pa);
/* Address of data page number n. */
qpmap_paddr_t fake_page(unsigned int n);
/* Checksum of all of memory but free pool pages. */
uint64_t fake_checksum(void);
/* Pool pages that are taken, and all pages that are tables. */
unsigned int fake_pool_taken(void);

/*
 * The host's own tables: build the path to va down to the table of that
 * level, and return the entry at which it ends.
 */
struct qpmap_pte *fake_host_tables(qpmap_vaddr_t va, unsigned int level);
/* The leaf entry of va for qpmap_cpu_online(), path built. */
struct qpmap_pte *fake_host_leaf(qpmap_vaddr_t va);
/* The same one level up. */
struct qpmap_pte *fake_host_large(qpmap_vaddr_t va);
/* Show data pages 0 to count - 1 at va for good: a direct map. */
void fake_direct(qpmap_vaddr_t va, unsigned int count);

/* Checked init and online: they may use the table hooks. */
int fake_init(const struct qpmap_config *config);
int fake_online_cpu(unsigned int cpu, unsigned int window,
    struct qpmap_pte *leaf);
void fake_offline_cpu(unsigned int cpu);
#if QPMAP_SHOOTDOWN
/* A CPU's interrupt handler runs, and its poll. */
void fake_interrupt(unsigned int cpu);
void fake_poll(unsigned int cpu);
/* The CPU that an interrupt to that window reaches, or FAKE_CPUS. */
unsigned int fake_target(uint32_t window);
#endif

/* Panics: see EXPECT_PANIC. */
void fake_panic_begin(void);
void fake_panic_end(const char *text, uint64_t a, uint64_t b);

/* The call must panic, with that text and those numbers. */
#define EXPECT_PANIC(text, a, b, call) do {				\
	fake_panic_begin();						\
	if (setjmp(fake.panic_env) == 0) {				\
		call;							\
		fail_msg("no panic where there should be: %s", text);	\
	}								\
	fake_panic_end(text, a, b);					\
} while (0)

/* The real access must fault at that address. */
#define EXPECT_FAULT(va, access) do {					\
	fake.fault_armed = 1;						\
	if (sigsetjmp(fake.fault_env, 1) == 0) {			\
		access;							\
		fail_msg("no fault at %#lx", (unsigned long)(va));	\
	}								\
	fake.fault_armed = 0;						\
	assert_int_equal(fake.fault_va, (uintptr_t)(va));		\
} while (0)

/*
 * The configuration and machine that most tests begin with: windows windows,
 * entries from the host, all types wanted, all CPUs online in the window of
 * their own number.
 */
struct qpmap_config fake_config(void);
void fake_start(const struct qpmap_config *config);
int fake_setup(void **state);
int fake_teardown(void **state);

/* Whether va shows exactly the page at pa, on this CPU, with this type. */
void fake_assert_shows(qpmap_vaddr_t va, qpmap_paddr_t pa, unsigned int type,
    _Bool writable);
void fake_assert_absent(qpmap_vaddr_t va);
/* No CPU is pinned and none holds anything. */
void fake_assert_idle(void);

/* Whether va shows the whole large page at pa, likewise. */
void fake_assert_shows_large(qpmap_vaddr_t va, qpmap_paddr_t pa,
    unsigned int type, _Bool writable);

/* Address of frame number n (0, ...) of a window. */
qpmap_vaddr_t fake_slot_va_at(unsigned int window, unsigned int n);

/* A seeded sequence of numbers. */
uint32_t fake_random(uint64_t *seed);

#define FAKE_TEST(name, function)					\
	{ name, function, fake_setup, fake_teardown, NULL }

#endif /* QPMAP_TESTS_MACHINE_H */
