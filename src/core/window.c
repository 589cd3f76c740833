/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Initialize the library from its configuration, and take CPUs online and
 * offline.
 */
#include "shootdown.h"
#include "quick.h"
#include "tables.h"

_Static_assert(sizeof(struct qpmap_pte) == QPMAP_PTE_SIZE, "entry size");
_Static_assert(QPMAP_ERR_OPTION_PAGE_SHIFT + QPMAP_OPTION_COUNT - 1 ==
    QPMAP_ERR_OPTION_SHOOTDOWN, "an error for each option, in their order");
_Static_assert(QPMAP_ERR_TYPE_WRITE_BACK + QPMAP_TYPE_COUNT - 1 ==
    QPMAP_ERR_TYPE_UNCACHED_MINUS, "an error for each type, in their order");
_Static_assert((QPMAP_WINDOW_PAGES & (QPMAP_WINDOW_PAGES - 1)) == 0,
    "a window never crosses a leaf table");

struct qpmap_state qpmap_state;

/* The casts drop const: a ptep is writable, but this PTE is never written. */
const struct qpmap_sentinel qpmap_sentinel = {
	.slot = {
	    { 0, (struct qpmap_pte *)(qpmap_uptr)&qpmap_sentinel.full },
	    { 0, (struct qpmap_pte *)(qpmap_uptr)&qpmap_sentinel.full },
	},
	.full = { ~(qpmap_ptebits_t)0 },
};

#define QPMAP_FLAGS_CORE						\
	(QPMAP_F_NO_NX | QPMAP_F_NO_DIRECT | QPMAP_F_MARK_GUARDS |	\
	    (QPMAP_TABLES ? QPMAP_F_BUILD_TABLES | QPMAP_F_SINGLE_ROOT : 0))

/* The last byte of the windows, without the guard page after them. */
static inline qpmap_vaddr_t
qpmap_window_last(const struct qpmap_config *config)
{
	return (config->window_va +
	    config->cpu_count * QPMAP_WINDOW_SIZE - 1);
}

/* Checks that do not depend on the CPU.  Returns 0 or an enum qpmap_error. */
QPMAP_INIT static int
qpmap_check_numbers(const struct qpmap_config *config)
{
	if ((config->flags & ~(QPMAP_FLAGS_CORE | QPMAP_FLAGS_ARCH)) != 0 ||
	    (config->flags & (QPMAP_F_BUILD_TABLES | QPMAP_F_SINGLE_ROOT)) ==
	    QPMAP_F_SINGLE_ROOT) {
		return (QPMAP_ERR_FLAGS);
	}
	if (config->nesting > QPMAP_SLOTS) {
		return (QPMAP_ERR_NESTING);
	}
	if (config->cpu_count == 0 || (qpmap_u64)config->cpu_count *
	    QPMAP_WINDOW_SIZE > ~(qpmap_vaddr_t)0 - QPMAP_PAGE_SIZE) {
		return (QPMAP_ERR_CPU_COUNT);
	}
	if (((config->types | config->direct_types) &
	    ~(QPMAP_TYPE_BIT(QPMAP_TYPE_COUNT) - 1)) != 0) {
		return (QPMAP_ERR_TYPE_MASK);
	}
	if (((config->private_mask | config->shared_mask) &
	    ~QPTE_SHARING) != 0 ||
	    (config->private_mask != 0 && config->shared_mask != 0)) {
		return (QPMAP_ERR_SHARING);
	}
	if (config->window_va % QPMAP_WINDOW_SIZE != 0) {
		return (QPMAP_ERR_WINDOW_ALIGN);
	}
	return (QPMAP_OK);
}

/* Windows and direct map must be kernel addresses, and must not overlap. */
QPMAP_INIT static int
qpmap_check_ranges(const struct qpmap_config *config,
    const struct qpmap_mmu *mmu)
{
	qpmap_vaddr_t first = config->window_va;
	qpmap_vaddr_t last = qpmap_window_last(config) + QPMAP_PAGE_SIZE;
	qpmap_vaddr_t direct_last;

	if (first == 0 || last < first ||
	    !qpmap_probe_range(mmu, first, last)) {
		return (QPMAP_ERR_WINDOW_RANGE);
	}
	if (config->direct_size == 0) {
		return (QPMAP_OK);
	}
	direct_last = config->direct_va + (config->direct_size - 1);
	if (!QPMAP_DIRECT_MAP || direct_last < config->direct_va ||
	    ((config->direct_va | config->direct_size) &
	    QPMAP_PAGE_MASK) != 0 ||
	    (config->direct_pa & (qpmap_paddr_t)QPMAP_PAGE_MASK) != 0 ||
	    config->direct_pa + (config->direct_size - 1) <
	    config->direct_pa ||
	    !qpmap_probe_range(mmu, config->direct_va, direct_last)) {
		return (QPMAP_ERR_DIRECT);
	}
	if (first <= direct_last && config->direct_va <= last) {
		return (QPMAP_ERR_WINDOW_DIRECT);
	}
	return (QPMAP_OK);
}

/*
 * Determine the width of a physical address: at most the configuration's, and
 * below the sharing masks.  With SEV CR3 has the C-bit, too: clear it in root.
 */
QPMAP_INIT static int
qpmap_check_width(const struct qpmap_config *config, struct qpmap_mmu *mmu)
{
	qpmap_ptebits_t sharing = (qpmap_ptebits_t)
	    (config->private_mask | config->shared_mask);
	qpmap_paddr_t mask = qpmap_pte_pa((struct qpmap_pte){ sharing }, 0);
	qpmap_u32 lowest = 0;

	if (config->pa_bits > mmu->pa_bits ||
	    (config->pa_bits != 0 && config->pa_bits <= QPMAP_PAGE_SHIFT)) {
		return (QPMAP_ERR_PA_BITS);
	}
	if (config->pa_bits != 0) {
		mmu->pa_bits = config->pa_bits;
	}
	if (config->private_mask != 0) {
		mmu->root &= ~mask;
	}
	if (mask != 0) {
		for (; (mask & 1) == 0; mask >>= 1) {
			lowest++;
		}
		if (lowest < mmu->pa_bits) {
			mmu->pa_bits = lowest;
		}
	}
	if (mmu->pa_bits <= QPMAP_PAGE_SHIFT) {
		return (QPMAP_ERR_SHARING);
	}
	return (QPMAP_OK);
}

/*
 * Check the configuration of shootdown and global slots; and initialize them,
 * once qpmap_state has the rest of the configuration.
 */
QPMAP_INIT static int
qpmap_check_others(const struct qpmap_config *config,
    const struct qpmap_mmu *mmu)
{
	int error = QPMAP_OK;

#if QPMAP_SHOOTDOWN
	error = qpmap_shootdown_check(config);
	if (error == QPMAP_OK) {
		error = qpmap_global_check(config, mmu,
		    qpmap_window_last(config) + QPMAP_PAGE_SIZE);
	}
#else
	(void)config;
	(void)mmu;
#endif
	return (error);
}

QPMAP_INIT static void
qpmap_open_others(const struct qpmap_config *config)
{
#if QPMAP_SHOOTDOWN
	qpmap_state.shootdown = config->shootdown;
	qpmap_state.cpu_sync = config->cpu_sync;
	qpmap_state.global = config->global;
	qpmap_state.global_va = config->global_va;
	qpmap_state.global_count = config->global_count;
	qpmap_shootdown_init();
	qpmap_global_init();
#else
	(void)config;
#endif
}

/* Check the whole configuration against this CPU, and write mmu. */
QPMAP_INIT static int
qpmap_check(const struct qpmap_config *config, struct qpmap_mmu *mmu)
{
	int error = qpmap_check_numbers(config);

	if (error == QPMAP_OK) {
		error = qpmap_probe(config, mmu);
	}
	if (error == QPMAP_OK) {
		error = qpmap_check_width(config, mmu);
	}
	if (error == QPMAP_OK) {
		error = qpmap_check_ranges(config, mmu);
	}
	if (error == QPMAP_OK) {
		error = qpmap_check_others(config, mmu);
	}
	return (error);
}

/* The sharing mask of a type: as the attribute says, or by the type. */
QPMAP_INIT static qpmap_ptebits_t
qpmap_sharing_bits(const struct qpmap_config *config, qpmap_attr_t type,
    qpmap_attr_t said)
{
	_Bool shared = said != 0 ? said == QPMAP_ATTR_SHARED :
	    type >= QPMAP_ATTR_UNCACHED;

	return ((qpmap_ptebits_t)
	    (shared ? config->shared_mask : config->private_mask));
}

/* Bytes of the direct map, if it has that type and sharing. */
QPMAP_INIT static qpmap_size_t
qpmap_direct_size(const struct qpmap_config *config, qpmap_attr_t type,
    qpmap_ptebits_t sharing)
{
	qpmap_u32 types = config->direct_types != 0 ?
	    config->direct_types : QPMAP_TYPE_BIT(QPMAP_ATTR_WRITE_BACK);

	if ((config->flags & QPMAP_F_NO_DIRECT) != 0 ||
	    (types & QPMAP_TYPE_BIT(type)) == 0 ||
	    sharing != (qpmap_ptebits_t)config->private_mask) {
		return (0);
	}
	return (config->direct_size);
}

/* Whether mappings of that type take the slow path. */
static inline _Bool
qpmap_type_is_slow(const struct qpmap_config *config,
    const struct qpmap_mmu *mmu, qpmap_attr_t type)
{
	return ((config->flags & QPMAP_FLAGS_SLOW) != 0 ||
	    (mmu->slow_types & QPMAP_TYPE_BIT(type)) != 0);
}

/*
 * Write the prots of a type and sharing.  If the type is not configured their
 * limits are 0.  ro's direct_size stays 0.
 */
QPMAP_INIT static void
qpmap_init_prots(const struct qpmap_config *config,
    const struct qpmap_mmu *mmu, qpmap_attr_t type, qpmap_attr_t said)
{
	qpmap_u32 types =
	    config->types | QPMAP_TYPE_BIT(QPMAP_ATTR_WRITE_BACK);
	qpmap_ptebits_t sharing = qpmap_sharing_bits(config, type, said);
	qpmap_ptebits_t bits = mmu->type_bits[type] | sharing;
	struct qpmap_prot *rw = &qpmap_state.rw[type | said];
	struct qpmap_prot *ro = &qpmap_state.ro[type | said];
	qpmap_ptebits_t limit = 0;

	if ((types & QPMAP_TYPE_BIT(type)) != 0) {
		limit = qpmap_pa_limit(mmu->pa_bits);
	}
	rw->slow_pa_limit = limit;
	ro->slow_pa_limit = limit;
	if (qpmap_type_is_slow(config, mmu, type)) {
		limit = 0;
	}
	rw->bits = bits | mmu->rw_bits;
	rw->pa_limit = limit;
	rw->direct_size = qpmap_direct_size(config, type, sharing);
	ro->bits = bits | mmu->ro_bits;
	ro->pa_limit = limit;
}

/* The error of the first option whose values differ. */
QPMAP_INIT static int
qpmap_check_options(const struct qpmap_options *options)
{
	static const struct qpmap_options own = QPMAP_OPTIONS;
	qpmap_u32 i;

	if (options->release != own.release) {
		return (QPMAP_ERR_OPTIONS);
	}
	for (i = 0; i < QPMAP_OPTION_WORDS; i++) {
		if (options->word[i] != own.word[i]) {
			return (i < QPMAP_OPTION_COUNT ?
			    QPMAP_ERR_OPTION_PAGE_SHIFT + (int)i :
			    QPMAP_ERR_OPTION_LAYOUT);
		}
	}
	return (QPMAP_OK);
}

QPMAP_INIT QPMAP_CALL int
qpmap_init_options(const struct qpmap_config *config,
    const struct qpmap_options *options)
{
	struct qpmap_mmu mmu;
	qpmap_attr_t type, said;
	int error = qpmap_check_options(options);

	if (error != QPMAP_OK) {
		return (error);
	}
	if (qpmap_state.online_count != 0) {
		return (QPMAP_ERR_IN_USE);
	}
	qpmap_bytes_zero(&mmu, sizeof(mmu));
	error = qpmap_check(config, &mmu);
	if (QPMAP_TABLES && error == QPMAP_OK &&
	    (config->flags & QPMAP_F_BUILD_TABLES) != 0) {
		error = qpmap_tables_build(config, &mmu);
	}
	if (error != QPMAP_OK) {
		return (error);
	}
	for (said = 0; said <= QPMAP_ATTR_SHARED; said += QPMAP_ATTR_PRIVATE) {
		for (type = 0; type < QPMAP_TYPE_COUNT; type++) {
			qpmap_init_prots(config, &mmu, type, said);
		}
	}
	qpmap_state.direct_va = config->direct_va;
	qpmap_state.direct_pa = config->direct_pa;
	qpmap_state.direct_size =
	    (config->flags & QPMAP_F_NO_DIRECT) != 0 ? 0 : config->direct_size;
	qpmap_state.nesting =
	    config->nesting != 0 ? config->nesting : QPMAP_SLOTS;
	qpmap_state.flags = config->flags;
	qpmap_state.window_va = config->window_va;
	qpmap_state.cpu_count = config->cpu_count;
	qpmap_state.sharing = (qpmap_ptebits_t)
	    (config->private_mask | config->shared_mask);
	qpmap_bytes_copy(&qpmap_state.mmu, &mmu, sizeof(mmu));
	qpmap_open_others(config);
	return (QPMAP_OK);
}

QPMAP_COLD _Bool
qpmap_guard_is_valid(const struct qpmap_pte *ptep, qpmap_u32 flags)
{
	qpmap_ptebits_t mark =
	    (flags & QPMAP_F_MARK_GUARDS) != 0 ? QPTE_MARK : 0;

	return ((qpmap_pte_load(ptep).bits & ~mark) == 0);	/* one bit */
}

/*
 * Whether the window's PTEs are zero, and the next one in the same table, which
 * is the last slot's guard.  That and the first guard may be marked.
 */
QPMAP_COLD static _Bool
qpmap_leaf_is_empty(const struct qpmap_pte *leaf)
{
	qpmap_u32 i;

	for (i = 0; i <= QPMAP_WINDOW_PAGES; i++, leaf++) {
		if (i == QPMAP_WINDOW_PAGES && ((qpmap_uptr)leaf &
		    ((QPMAP_PTE_SIZE << QPMAP_TABLE_SHIFT) - 1)) == 0) {
			break;
		}
		if (!qpmap_guard_is_valid(leaf, i % QPMAP_WINDOW_PAGES == 0 ?
		    qpmap_state.flags : 0)) {
			return (0);
		}
	}
	return (1);
}

/*
 * Make every slot free, and place the sentinel above them; slot[0].va is always
 * 0.  Must precede the store to index_plus_one: from then on a crash may call
 * qpmap_cpu_abandon().
 */
QPMAP_COLD static void
qpmap_slots_init(struct qpmap_cpu *cpu, qpmap_vaddr_t va,
    struct qpmap_pte *leaf)
{
	qpmap_u32 i;

	for (i = 1; i <= qpmap_state.nesting; i++) {
		cpu->slot[i].va = va + qpmap_slot_page(i) * QPMAP_PAGE_SIZE;
		cpu->slot[i].ptep = &leaf[qpmap_slot_page(i)];
	}
	cpu->slot[i].ptep = qpmap_sentinel.slot[0].ptep;
}

/*
 * For the words of qpmap_state that CPUs write.  A target without atomic
 * instructions has one CPU.
 */
#define QPMAP_HAS_ATOMIC						\
	(__atomic_always_lock_free(sizeof(qpmap_u32), 0))

/* Add to the number of online CPUs; a count that wraps subtracts. */
QPMAP_COLD QPMAP_ATOMIC static void
qpmap_online_add(qpmap_u32 count)
{
	if (QPMAP_HAS_ATOMIC) {
		(void)__atomic_fetch_add(&qpmap_state.online_count, count,
		    __ATOMIC_RELAXED);
	} else {
		qpmap_state.online_count += count;
	}
}

/* Lock the tables until qpmap_walk_end(); returns whether they were free. */
QPMAP_COLD QPMAP_ATOMIC static _Bool
qpmap_walk_begin(void)
{
	return (!QPMAP_HAS_ATOMIC || __atomic_exchange_n(&qpmap_state.walking,
	    1, __ATOMIC_ACQUIRE) == 0);
}

QPMAP_COLD static void
qpmap_walk_end(void)
{
	if (QPMAP_HAS_ATOMIC) {
		__atomic_store_n(&qpmap_state.walking, 0, __ATOMIC_RELEASE);
	}
}

/*
 * Find and check the PTEs of the window at va: those of the kernel, or those in
 * the tables.  The hooks may have one address for all tables: two CPUs at once
 * would each read the other's table.
 */
QPMAP_COLD static int
qpmap_cpu_leaf(qpmap_vaddr_t va, struct qpmap_pte **leaf)
{
	if (QPMAP_TABLES && *leaf == 0 &&
	    (qpmap_state.flags & QPMAP_F_BUILD_TABLES) != 0) {
		if (!qpmap_walk_begin()) {
			return (QPMAP_ERR_CPU_BUSY);
		}
		*leaf = qpmap_tables_leaf(&qpmap_state.mmu, va);
		qpmap_walk_end();
	}
	if (*leaf == 0) {
		return (QPMAP_ERR_CPU_LEAF);
	}
	if ((qpmap_uptr)*leaf % QPMAP_CACHE_LINE != 0) {
		return (QPMAP_ERR_LEAF_ALIGN);
	}
	if (!qpmap_leaf_is_at(*leaf, va)) {
		return (QPMAP_ERR_LEAF_OFFSET);
	}
	return (qpmap_leaf_is_empty(*leaf) ? QPMAP_OK : QPMAP_ERR_LEAF_USED);
}

/*
 * Claim the CPU index for this CPU, if there is cpu_sync to record it.  Returns
 * 0 or an enum qpmap_error.
 */
QPMAP_COLD static int
qpmap_cpu_claim(qpmap_u32 index)
{
#if QPMAP_SHOOTDOWN
	if (!qpmap_shootdown_claim(index)) {
		return (QPMAP_ERR_CPU_INDEX_TAKEN);
	}
	if (!qpmap_shootdown_check_hart(index)) {
		qpmap_shootdown_release(index);
		return (QPMAP_ERR_CPU_HART);
	}
#else
	(void)index;
#endif
	return (QPMAP_OK);
}

/*
 * Invalidate what this CPU may have cached, and have it notified of shootdowns
 * from now on.  The index is stored first, for their interrupts.
 */
QPMAP_COLD static void
qpmap_cpu_join(struct qpmap_cpu *cpu, qpmap_u32 index)
{
	qpmap_online_add(1);
#if QPMAP_SHOOTDOWN
	*(volatile qpmap_u32 *)&cpu->index_plus_one = index + 1;
	qpmap_shootdown_join(index);
#else
	(void)cpu;
	(void)index;
	qpmap_tlb_flush_local(qpmap_state.flags);
#endif
}

/*
 * The opposite of qpmap_cpu_join().  The CPU keeps its index while others wait
 * for it, so that it handles their requests, also in a handler that spins for a
 * lock of an initiator.  The index is released when no interrupt here uses it.
 */
QPMAP_COLD static void
qpmap_cpu_leave(struct qpmap_cpu *cpu, qpmap_u32 index)
{
#if QPMAP_SHOOTDOWN
	qpmap_shootdown_leave(index);
#endif
	*(volatile qpmap_u32 *)&cpu->index_plus_one = 0;
#if QPMAP_SHOOTDOWN
	qpmap_shootdown_release(index);
#else
	(void)index;
#endif
	qpmap_online_add(~(qpmap_u32)0);
}

QPMAP_COLD QPMAP_CALL int
qpmap_cpu_online(struct qpmap_cpu *cpu, qpmap_u32 index,
    struct qpmap_pte *leaf)
{
	qpmap_vaddr_t va = qpmap_state.window_va + index * QPMAP_WINDOW_SIZE;
	int error;

	if (qpmap_state.cpu_count == 0) {
		return (QPMAP_ERR_NOT_INIT);
	}
	if ((qpmap_uptr)cpu % QPMAP_CACHE_LINE != 0) {
		return (QPMAP_ERR_CPU_ALIGN);
	}
	if (cpu->index_plus_one != 0) {
		return (QPMAP_ERR_CPU_ONLINE);
	}
	if (index >= qpmap_state.cpu_count) {
		return (QPMAP_ERR_CPU_INDEX);
	}
	if (!qpmap_probe_same(&qpmap_state.mmu)) {
		return (QPMAP_ERR_CPU_DIFFERS);
	}
	error = qpmap_cpu_leaf(va, &leaf);
	if (error == QPMAP_OK) {
		error = qpmap_cpu_claim(index);
	}
	if (error != QPMAP_OK) {
		return (error);
	}
	qpmap_guard_mark(leaf);
	qpmap_slots_init(cpu, va, leaf);
	qpmap_cpu_join(cpu, index);
	qpmap_set_next_slot(cpu, &cpu->slot[1]);
	cpu->index_plus_one = index + 1;
	return (QPMAP_OK);
}

/* Unmap every slot, and invalidate it on this CPU; release none. */
QPMAP_COLD static void
qpmap_slots_unmap(struct qpmap_cpu *cpu)
{
	qpmap_u32 i = qpmap_state.nesting;
	qpmap_vaddr_t va = qpmap_slot_va(cpu, &cpu->slot[i]);

	for (; i > 0; i--) {
		qpmap_slot_unmap(&cpu->slot[i], va);
		va -= 2 * QPMAP_PAGE_SIZE;
	}
}

/* Once next is 0, enter and remove panic. */
QPMAP_COLD QPMAP_CALL void
qpmap_cpu_offline(struct qpmap_cpu *cpu)
{
	qpmap_u32 index = cpu->index_plus_one;

	if (index == 0) {
		qpmap_host_panic(QPMAP_PANIC_NOT_ONLINE, 0, 0);
	}
	if (qpmap_next_slot(cpu->next) != &cpu->slot[1]) {
		qpmap_host_panic(QPMAP_PANIC_HELD, index - 1, qpmap_held(cpu));
	}
	qpmap_set_next(cpu, 0);
	qpmap_slots_unmap(cpu);
	qpmap_cpu_leave(cpu, index - 1);
}

QPMAP_COLD QPMAP_CALL void
qpmap_cpu_abandon(struct qpmap_cpu *cpu)
{
	if (cpu->index_plus_one == 0) {
		qpmap_host_panic(QPMAP_PANIC_NOT_ONLINE, 0, 0);
	}
	qpmap_slots_unmap(cpu);
	qpmap_set_next_slot(cpu, &cpu->slot[1]);
}

QPMAP_COLD QPMAP_CALL qpmap_u32
qpmap_held(const struct qpmap_cpu *cpu)
{
	return (cpu->next == 0 ? 0 : (qpmap_u32)
	    (qpmap_next_slot(cpu->next) - &cpu->slot[1]));
}
