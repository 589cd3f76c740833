/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What crosses between the harness and the guest: indices into arrays of
 * 64-bit numbers, the same for every architecture.
 */
#ifndef EMU_WIRE_H
#define EMU_WIRE_H

/* guest_wire[]: struct qpmap_config, built by guest_init(). */
enum wire_config {
	WIRE_WINDOW_VA,
	WIRE_CONFIG_CPUS,
	WIRE_NESTING,
	WIRE_FLAGS,
	WIRE_TYPES,
	WIRE_LAYOUT,
	WIRE_TEMPLATE,		/* five, one for each memory type */
	WIRE_DIRECT_VA = WIRE_TEMPLATE + 5,
	WIRE_DIRECT_PA,
	WIRE_DIRECT_SIZE,
	WIRE_DIRECT_TYPES,
	WIRE_PA_BITS,
	WIRE_PRIVATE_MASK,
	WIRE_SHARED_MASK,
	WIRE_OPTION,		/* not 0: this word of QPMAP_OPTIONS differs */
	WIRE_SHOOTDOWN,		/* and up: with QPMAP_SHOOTDOWN */
	WIRE_CPU_SYNC,
	WIRE_GLOBAL_VA,
	WIRE_GLOBAL,
	WIRE_GLOBAL_COUNT,
	WIRE_RANGE_VA,		/* with QPMAP_RANGE_PAGES */
	WIRE_LARGE_VA,		/* with QPMAP_LARGE_SLOTS */
	WIRE_CONFIG_COUNT
};

/* guest_fact[]: what the guest was compiled with. */
enum wire_fact {
	FACT_SLOTS,		/* QPMAP_SLOTS */
	FACT_PAGE_SHIFT,
	FACT_PTE_SIZE,
	FACT_CACHE_LINE,
	FACT_WINDOW_PAGES,
	FACT_DIRECT_MAP,
	FACT_CHECKED,
	FACT_DIRECT_PA,		/* QPMAP_DIRECT_PA, ... */
	FACT_DIRECT_VA,
	FACT_DIRECT_SIZE,
	FACT_WORD,		/* bytes in a general register */
	FACT_CPU_SIZE,		/* sizeof(struct qpmap_cpu) */
	FACT_CPU_NEXT,		/* offset of its members */
	FACT_CPU_INDEX,
	FACT_CPU_SLOT,
	FACT_SLOT_SIZE,	/* sizeof(struct qpmap_slot) */
	FACT_SLOT_VA,		/* offset of its members */
	FACT_SLOT_PTEP,
	FACT_RANGE_PAGES,	/* QPMAP_RANGE_PAGES; with 0 so are these: */
	FACT_CPU_RANGE,	/* offset of the CPU's ranges in its state */
	FACT_CPU_CLAIMS,	/* offsets of their members, in the state */
	FACT_CPU_BEFORE,
	FACT_PTES_SIZE,	/* sizeof(struct qpmap_cpu_ptes) */
	FACT_PTES_RANGE,	/* offset of its range */
	FACT_LARGE_SLOTS,	/* QPMAP_LARGE_SLOTS; with 0 so is the next */
	FACT_LARGE_ENTRIES,
	FACT_SAVED_SIZE,	/* sizeof(struct qpmap_saved), or 0 */
	FACT_PERCPU_SIZE,	/* sizeof(struct guest_percpu) */
	FACT_PERCPU_STATE,	/* offset of its struct qpmap_cpu */
	FACT_PERCPU_DEPTH,	/* offset of its preemption counter */
	FACT_PERCPU_UNPINNED,	/* offset of its count of wrong queries */
	FACT_SHOOTDOWN,		/* QPMAP_SHOOTDOWN; with 0 so is the rest */
	FACT_GENERATION,	/* offsets in struct qpmap_shootdown_state */
	FACT_RING,
	FACT_REQUESTS,		/* QPMAP_REQUESTS */
	FACT_REQUEST_SIZE,	/* sizeof(struct qpmap_request) */
	FACT_REQUEST_GENERATION, /* offsets of its members */
	FACT_REQUEST_VA,
	FACT_REQUEST_PAGES,
	FACT_SYNC_SIZE,	/* sizeof(struct qpmap_cpu_sync) */
	FACT_SYNC_ONLINE,	/* offsets of its members */
	FACT_SYNC_ACKNOWLEDGED,
	FACT_SYNC_HART,
	FACT_GLOBAL_SLOTS,	/* QPMAP_GLOBAL_SLOTS */
	FACT_GROUP_SIZE,	/* sizeof(struct qpmap_global) */
	FACT_GROUP_CLEAN,	/* offsets of its members */
	FACT_GROUP_USED,
	FACT_GROUP_DIRTY,
	FACT_GROUP_LEAF,
	FACT_COUNT
};

/* guest_boot_arg[]: what the boot code of an architecture is told. */
#define WIRE_BOOT_COUNT 16

/* Most pages in guest_pool[], for qpmap_host_table_alloc(). */
#define WIRE_POOL_COUNT 64

/*
 * Elements of guest_cpu_sync[] and guest_group[], which the configuration may
 * name; there may be more windows than CPUs.
 */
#define WIRE_CPU_SYNC_COUNT 130
#define WIRE_GROUP_COUNT 16

/* Lists of pages that the guest has. */
#define WIRE_LIST_COUNT 3

/* CPUs for which the guest has per-CPU data and a stack. */
#define WIRE_CPU_COUNT 4

/* Bytes in each CPU's stack; nested calls use its lower quarters. */
#define WIRE_STACK_SIZE 32768

#endif /* EMU_WIRE_H */
