/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Global mappings: slots that every CPU may use until they are removed.  The
 * G bit of a PTE is not meant.
 *
 * A slot is a bit in its group's three words, in at most one of them at a
 * time; in none while one call owns it.
 *
 *	clean	free, and in no CPU's TLB: enter may take it
 *	used	mapped
 *	dirty	unmapped, but a CPU may still have the old translation
 *
 *	enter			clean -> store PTE -> used
 *	remove			used -> clear PTE, shootdown -> clean
 *	remove_deferred		used -> clear PTE -> dirty
 *	reclaim			dirty -> shootdown -> clean
 *
 * A slot is never mapped again before its old translation is gone.  Bits move
 * by single atomic operations, without a lock.  No call waits for a slot in
 * another call's shootdown: a handler may have interrupted that call, and wait
 * for the CPU that needs the slot.  Nor can it do the other call's work: before
 * that is done the slot can have become clean, used and dirty again.
 *
 * Compiled only with QPMAP_SHOOTDOWN.
 */
#include "quick.h"
#include "shootdown.h"
#include "tables.h"

#if QPMAP_SHOOTDOWN

#define QPMAP_GLOBAL_PAGES (2 * (qpmap_size_t)QPMAP_GLOBAL_SLOTS)

/* Groups whose slots are shot down together. */
#define QPMAP_GLOBAL_BATCH 8

/*
 * If the dirty slots span at most this many pages they are one request, which
 * every backend invalidates page by page.  Otherwise up to
 * QPMAP_SHOOTDOWN_PAGES slots are a request each.  The firmware, which would
 * wait for each, gets one request.
 */
#define QPMAP_GLOBAL_SPAN 32

/* The most groups whose slots have 32-bit numbers. */
#define QPMAP_GLOBAL_GROUPS						\
	(~(qpmap_u32)0 / (qpmap_u32)QPMAP_GLOBAL_SLOTS)

/*
 * Check each group's leaf: the PTEs, or with QPMAP_F_BUILD_TABLES NULL, for
 * those in the tables.  An earlier qpmap_init() has not written leaf.
 */
QPMAP_INIT static _Bool
qpmap_global_leaves_fit(const struct qpmap_config *config)
{
	const struct qpmap_global *group = config->global;
	_Bool build = (config->flags & QPMAP_F_BUILD_TABLES) != 0;
	qpmap_u32 i;

	for (i = 0; i < config->global_count; i++, group++) {
		if (group->leaf == 0 ? !build :
		    !qpmap_leaf_fits(group->leaf, config->global_va +
		    i * QPMAP_GLOBAL_SIZE, QPMAP_GLOBAL_PAGES,
		    config->flags)) {
			return (0);
		}
	}
	return (1);
}

QPMAP_INIT void
qpmap_global_area(const struct qpmap_config *config, struct qpmap_area *areas)
{
	areas[QPMAP_AREA_GLOBAL].va = config->global_va;
	areas[QPMAP_AREA_GLOBAL].size =
	    config->global_count * QPMAP_GLOBAL_SIZE;
}

QPMAP_INIT int
qpmap_global_check(const struct qpmap_config *config)
{
	if (config->global_count == 0) {
		return (QPMAP_OK);
	}
	if (config->global == 0 ||
	    (qpmap_uptr)config->global % QPMAP_CACHE_LINE != 0) {
		return (QPMAP_ERR_SHOOTDOWN);
	}
	if (config->global_count > QPMAP_GLOBAL_GROUPS ||
	    (qpmap_u64)config->global_count * QPMAP_GLOBAL_SIZE >
	    ~(qpmap_vaddr_t)0 - QPMAP_PAGE_SIZE) {
		return (QPMAP_ERR_GLOBAL_RANGE);
	}
	return (qpmap_global_leaves_fit(config) ? QPMAP_OK :
	    QPMAP_ERR_GLOBAL_LEAF);
}

QPMAP_INIT void
qpmap_global_init(const struct qpmap_config *config)
{
	struct qpmap_global *group = config->global;
	qpmap_vaddr_t va = config->global_va;
	qpmap_u32 i;

	qpmap_state.global = group;
	qpmap_state.global_va = va;
	qpmap_state.global_count = config->global_count;
	for (i = 0; i < config->global_count; i++, group++) {
		group->entries = group->leaf;
		if (QPMAP_TABLES && group->leaf == 0) {
			group->entries =
			    qpmap_tables_leaf(&qpmap_state.mmu, va);
		}
		qpmap_guard_mark(group->entries);
		group->clean = ~(qpmap_uptr)0;
		group->used = 0;
		group->dirty = 0;
		va += QPMAP_GLOBAL_SIZE;
	}
}

/* A slot, while one call owns it. */
struct qpmap_global_slot {
	struct qpmap_global *group;
	qpmap_uptr bit;
	struct qpmap_pte *entry;
	qpmap_vaddr_t va;
};

/*
 * The address of a slot by its number, counted through all groups.  A group has
 * two pages for each of its slots.
 */
static inline qpmap_vaddr_t
qpmap_global_address(qpmap_u32 number)
{
	return (qpmap_state.global_va +
	    (2 * (qpmap_vaddr_t)number + 1) * QPMAP_PAGE_SIZE);
}

static void
qpmap_global_locate(struct qpmap_global_slot *slot, qpmap_u32 number)
{
	qpmap_u32 page = 2 * (number % QPMAP_GLOBAL_SLOTS) + 1;

	slot->group = &qpmap_state.global[number / QPMAP_GLOBAL_SLOTS];
	slot->bit = (qpmap_uptr)1 << number % QPMAP_GLOBAL_SLOTS;
	slot->entry = &slot->group->entries[page];
	slot->va = qpmap_global_address(number);
}

/* Take a clean slot of the group: its number, or QPMAP_GLOBAL_SLOTS. */
QPMAP_ATOMIC static qpmap_u32
qpmap_global_take(struct qpmap_global *group)
{
	qpmap_uptr clean = __atomic_load_n(&group->clean, __ATOMIC_RELAXED);
	qpmap_u32 number = 0;

	while (clean != 0 && !__atomic_compare_exchange_n(&group->clean, &clean,
	    clean & (clean - 1), 0, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
	}
	if (clean == 0) {
		return (QPMAP_GLOBAL_SLOTS);
	}
	for (; (clean & 1) == 0; clean >>= 1) {
		number++;
	}
	return (number);
}

/*
 * Take a clean slot.  CPUs start in different groups, so that they share no
 * cache line before slots are short.
 */
static _Bool
qpmap_global_find(struct qpmap_global_slot *slot, qpmap_u32 home)
{
	qpmap_u32 i, number, group;

	for (i = 0; i < qpmap_state.global_count; i++) {
		group = (home + i) % qpmap_state.global_count;
		number = qpmap_global_take(&qpmap_state.global[group]);
		if (number != QPMAP_GLOBAL_SLOTS) {
			qpmap_global_locate(slot, number +
			    group * (qpmap_u32)QPMAP_GLOBAL_SLOTS);
			return (1);
		}
	}
	return (0);
}

/*
 * Shoot down the slots of a batch that starts at group first: bit n of taken[i]
 * is slot n of group first + i, and at least one is set.  One request, or a few
 * with one wait.
 */
static void
qpmap_global_shoot(qpmap_u32 first, const qpmap_uptr *taken, qpmap_u32 count)
{
	qpmap_u32 slots = (qpmap_u32)QPMAP_GLOBAL_SLOTS;
	qpmap_vaddr_t va[QPMAP_SHOOTDOWN_PAGES], low = 0, high = 0;
	qpmap_u32 i, found = 0;
	qpmap_size_t pages;

	for (i = 0; i < count * slots; i++) {
		if ((taken[i / slots] >> i % slots & 1) == 0) {
			continue;
		}
		high = qpmap_global_address(first * slots + i);
		low = found == 0 ? high : low;
		if (found < QPMAP_SHOOTDOWN_PAGES) {
			va[found] = high;
		}
		found++;
	}
	pages = ((high - low) >> QPMAP_PAGE_SHIFT) + 1;
	if (pages <= QPMAP_GLOBAL_SPAN || found > QPMAP_SHOOTDOWN_PAGES ||
	    (qpmap_state.flags & QPMAP_FLAGS_FIRMWARE) != 0) {
		qpmap_shootdown(low, pages, 0);
	} else {
		qpmap_shootdown_pages(va, found);
	}
}

/*
 * Shoot down the dirty slots of up to QPMAP_GLOBAL_BATCH groups from first on,
 * together, and make them clean.  With everything, shoot down everything.
 * Returns whether there was a dirty slot.
 */
QPMAP_ATOMIC static _Bool
qpmap_global_reclaim_batch(qpmap_u32 first, _Bool everything)
{
	struct qpmap_global *group = &qpmap_state.global[first];
	qpmap_u32 i, count = qpmap_state.global_count - first;
	qpmap_uptr taken[QPMAP_GLOBAL_BATCH], any = 0;

	count = count < QPMAP_GLOBAL_BATCH ? count : QPMAP_GLOBAL_BATCH;
	for (i = 0; i < count; i++) {
		taken[i] = __atomic_exchange_n(&group[i].dirty, 0,
		    __ATOMIC_SEQ_CST);
		any |= taken[i];
	}
	if (any == 0) {
		return (0);
	}
	if (everything) {
		qpmap_shootdown(0, QPMAP_ALL_PAGES, 0);
	} else {
		qpmap_global_shoot(first, taken, count);
	}
	for (i = 0; i < count; i++) {
		__atomic_fetch_or(&group[i].clean, taken[i], __ATOMIC_SEQ_CST);
	}
	return (1);
}

/*
 * Make every dirty slot clean.  Returns whether there was one, and so a
 * shootdown; with everything, the first shootdown is of everything.  Pinned,
 * since a preempted call would keep its slots from the others for longer.
 */
static _Bool
qpmap_global_reclaim(_Bool everything)
{
	struct qpmap_cpu *cpu = qpmap_host_preempt_disable();
	qpmap_u32 first;
	_Bool any = 0;

	for (first = 0; first < qpmap_state.global_count;
	    first += QPMAP_GLOBAL_BATCH) {
		any |= qpmap_global_reclaim_batch(first, everything && !any);
	}
	qpmap_host_preempt_enable(cpu);
	return (any);
}

/*
 * Take a clean slot, or reclaim the dirty ones and retry.  A retry means that
 * another CPU has made progress.  Returns 0 if every slot is in use, or in
 * another call's shootdown.
 */
static _Bool
qpmap_global_own(struct qpmap_global_slot *slot, qpmap_u32 home)
{
	while (!qpmap_global_find(slot, home)) {
		if (!qpmap_global_reclaim(0)) {
			return (qpmap_global_find(slot, home));
		}
	}
	return (1);
}

QPMAP_ATOMIC QPMAP_CALL int
qpmap_global_enter(qpmap_paddr_t pa, qpmap_attr_t attr, qpmap_vaddr_t *va)
{
	const struct qpmap_prot *prot =
	    &qpmap_state.rw[attr < QPMAP_ATTR_COUNT ? attr : 0];
	struct qpmap_cpu *cpu;
	struct qpmap_global_slot slot;
	int error = QPMAP_ERR_GLOBAL_FULL;

	if (attr >= QPMAP_ATTR_COUNT || !qpmap_prot_allows(prot, pa)) {
		(void)qpmap_enter_panic(pa, attr);
	}
	cpu = qpmap_shootdown_pin();
	if (qpmap_global_own(&slot, cpu->index_plus_one)) {
		qpmap_pte_store(slot.entry, qpmap_pte_make(pa, prot->bits |
		    qpmap_pte_global_bits(qpmap_state.flags)));
		qpmap_tlb_post_map_slow(slot.va, slot.entry, qpmap_state.flags);
		if (QPMAP_TLB_CACHES_INVALID) {
			qpmap_shootdown(slot.va, 1, 0);
		}
		__atomic_fetch_or(&slot.group->used, slot.bit,
		    __ATOMIC_SEQ_CST);
		*va = slot.va;
		error = QPMAP_OK;
	}
	qpmap_host_preempt_enable(cpu);
	return (error);
}

/* Take the slot that is mapped at va, and clear its PTE; else panic. */
QPMAP_ATOMIC static void
qpmap_global_clear(struct qpmap_global_slot *slot, qpmap_vaddr_t va)
{
	qpmap_vaddr_t offset = va - qpmap_state.global_va;
	qpmap_uptr used = 0;

	if (offset < qpmap_state.global_count * QPMAP_GLOBAL_SIZE &&
	    (offset & (2 * QPMAP_PAGE_SIZE - 1)) == QPMAP_PAGE_SIZE) {
		qpmap_global_locate(slot,
		    (qpmap_u32)(offset >> (QPMAP_PAGE_SHIFT + 1)));
		used = __atomic_fetch_and(&slot->group->used, ~slot->bit,
		    __ATOMIC_SEQ_CST) & slot->bit;
	}
	if (used == 0) {
		qpmap_host_panic(QPMAP_PANIC_GLOBAL, va, 0);
	}
	qpmap_tlb_pre_unmap_slow();
	qpmap_pte_clear(slot->entry);
	qpmap_tlb_post_clear(slot->entry, qpmap_state.flags);
}

QPMAP_ATOMIC QPMAP_CALL void
qpmap_global_remove(qpmap_vaddr_t va)
{
	struct qpmap_cpu *cpu = qpmap_shootdown_pin();
	struct qpmap_global_slot slot;

	qpmap_global_clear(&slot, va);
	qpmap_shootdown(va, 1, 0);
	__atomic_fetch_or(&slot.group->clean, slot.bit, __ATOMIC_SEQ_CST);
	qpmap_host_preempt_enable(cpu);
}

/*
 * Pinned: making the cleared PTE visible to walkers may take several
 * instructions that must execute on the same CPU.
 */
QPMAP_ATOMIC QPMAP_CALL void
qpmap_global_remove_deferred(qpmap_vaddr_t va)
{
	struct qpmap_cpu *cpu = qpmap_host_preempt_disable();
	struct qpmap_global_slot slot;

	qpmap_global_clear(&slot, va);
	__atomic_fetch_or(&slot.group->dirty, slot.bit, __ATOMIC_SEQ_CST);
	qpmap_host_preempt_enable(cpu);
}

/*
 * Shoots down everything, since windows are included.  The shootdown covers the
 * slots that another CPU is reclaiming, too: their PTEs were cleared before.
 * The call does not wait for that CPU.
 */
QPMAP_CALL void
qpmap_quiesce(void)
{
	if (!qpmap_global_reclaim(1)) {
		qpmap_shootdown(0, QPMAP_ALL_PAGES, 0);
	}
}

#endif /* QPMAP_SHOOTDOWN */
