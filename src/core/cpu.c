/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Take CPUs online and offline: their windows and their states.
 */
#include "large.h"
#include "quick.h"
#include "range.h"
#include "shootdown.h"
#include "tables.h"

QPMAP_COLD _Bool
qpmap_guard_is_valid(const struct qpmap_pte *ptep, qpmap_u32 flags)
{
	qpmap_ptebits_t mark =
	    (flags & QPMAP_F_MARK_GUARDS) != 0 ? QPTE_MARK : 0;

	return ((qpmap_pte_load(ptep).bits & ~mark) == 0);	/* one bit */
}

/*
 * Whether the window's PTEs are zero, and the one after them, if it is in the
 * same table: the first guard of the next window, or the guard page.  That and
 * the window's first guard may be marked.
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
 * Whether online_count and walking, which several CPUs write, are accessed by
 * atomic instructions.  A target without these has one CPU.
 */
#define QPMAP_HAS_ATOMIC						\
	(__atomic_always_lock_free(sizeof(qpmap_u32), 0))

/* Add count to the number of online CPUs; ~0 subtracts 1. */
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

/* Try to lock walks until qpmap_walk_end(); returns whether it has the lock. */
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
 * If the kernel did not pass the entries of va, set *leaf to those in a table
 * of that level.  The walk is locked: the hooks may have one address for all
 * tables, and two CPUs at once would each read the other's table.
 */
QPMAP_COLD static int
qpmap_cpu_find(qpmap_vaddr_t va, qpmap_u32 level, struct qpmap_pte **leaf)
{
	if (QPMAP_TABLES && *leaf == 0 &&
	    (qpmap_state.flags & QPMAP_F_BUILD_TABLES) != 0) {
		if (!qpmap_walk_begin()) {
			return (QPMAP_ERR_CPU_BUSY);
		}
		*leaf = qpmap_tables_entry(&qpmap_state.mmu, va, level);
		qpmap_walk_end();
	}
	return (QPMAP_OK);
}

/* Check the PTEs of the window at va: *leaf, or those in the tables. */
QPMAP_COLD static int
qpmap_cpu_leaf(qpmap_vaddr_t va, struct qpmap_pte **leaf)
{
	int error = qpmap_cpu_find(va, 0, leaf);

	if (error != QPMAP_OK) {
		return (error);
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

#if QPMAP_RANGE_PAGES || QPMAP_LARGE_SLOTS
QPMAP_COLD int
qpmap_cpu_area(qpmap_vaddr_t va, qpmap_u32 level, qpmap_size_t count,
    struct qpmap_pte **leaf)
{
	int error = qpmap_cpu_find(va, level, leaf);

	if (error != QPMAP_OK) {
		return (error);
	}
	if (!qpmap_leaf_fits(*leaf, va >> level * QPMAP_TABLE_SHIFT, count,
	    qpmap_state.flags)) {
		return (level == 0 ? QPMAP_ERR_RANGE_LEAF :
		    QPMAP_ERR_LARGE_LEAF);
	}
	return (QPMAP_OK);
}
#endif

/*
 * Claim the CPU index for this CPU, if there is cpu_sync to record it, and
 * check its hart number.  Returns 0 or an enum qpmap_error.
 */
QPMAP_COLD static int
qpmap_cpu_claim(qpmap_u32 index)
{
	if (!qpmap_shootdown_claim(index)) {
		return (QPMAP_ERR_CPU_INDEX_TAKEN);
	}
	if (!qpmap_shootdown_check_hart(index)) {
		qpmap_shootdown_release(index);
		return (QPMAP_ERR_CPU_HART);
	}
	return (QPMAP_OK);
}

/*
 * Invalidate what this CPU may have cached, and take part in shootdowns from
 * now on.  The index is stored first: a shootdown's interrupt reads it.
 */
QPMAP_COLD static void
qpmap_cpu_join(struct qpmap_cpu *cpu, qpmap_u32 index)
{
	qpmap_online_add(1);
	*(volatile qpmap_u32 *)&cpu->index_plus_one = index + 1;
	qpmap_shootdown_join(index);
}

/*
 * The opposite of qpmap_cpu_join().  The CPU keeps its index while initiators
 * wait for it: a shootdown's interrupt, or a handler that polls while it spins
 * for an initiator's lock, acknowledges with it.  The index is released after
 * index_plus_one is 0, when no interrupt on this CPU uses it.
 */
QPMAP_COLD static void
qpmap_cpu_leave(struct qpmap_cpu *cpu, qpmap_u32 index)
{
	qpmap_shootdown_leave(index);
	*(volatile qpmap_u32 *)&cpu->index_plus_one = 0;
	qpmap_shootdown_release(index);
	qpmap_online_add(~(qpmap_u32)0);
}

QPMAP_COLD QPMAP_CALL int
qpmap_cpu_online(struct qpmap_cpu *cpu, qpmap_u32 index,
    const struct qpmap_cpu_ptes *ptes)
{
	qpmap_vaddr_t va = qpmap_state.window_va + index * QPMAP_WINDOW_SIZE;
	struct qpmap_pte *leaf = ptes != 0 ? ptes->window : 0;
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
		error = qpmap_range_online(cpu, index, ptes);
	}
	if (error == QPMAP_OK) {
		error = qpmap_large_online(cpu, index, ptes);
	}
	if (error == QPMAP_OK) {
		error = qpmap_cpu_claim(index);
	}
	if (error != QPMAP_OK) {
		return (error);
	}
	qpmap_guard_mark(leaf);
	qpmap_slots_init(cpu->slot, qpmap_state.nesting, va, QPMAP_PAGE_SIZE,
	    leaf);
	qpmap_cpu_join(cpu, index);
	qpmap_set_next_slot(cpu, &cpu->slot[1]);
	QPMAP_SET_EMPTY(cpu, cpu->next);
	qpmap_range_open(cpu);
	qpmap_large_open(cpu);
	return (QPMAP_OK);
}

/* Unmap every slot, and invalidate it on this CPU; release none. */
QPMAP_COLD static void
qpmap_slots_unmap(struct qpmap_cpu *cpu)
{
	struct qpmap_slot *slot = &cpu->slot[qpmap_state.nesting];

	for (; slot != &cpu->slot[0]; slot--) {
		qpmap_slot_unmap(slot, slot->ptep, qpmap_slot_va(slot));
	}
}

/* next is 0 before the slots are unmapped: then enter and remove panic. */
QPMAP_COLD QPMAP_CALL void
qpmap_cpu_offline(struct qpmap_cpu *cpu)
{
	qpmap_u32 index = cpu->index_plus_one;

	if (index == 0) {
		qpmap_host_panic(QPMAP_PANIC_NOT_ONLINE, 0, 0);
	}
	if (qpmap_held(cpu) != 0) {
		qpmap_host_panic(QPMAP_PANIC_HELD, index - 1, qpmap_held(cpu));
	}
	QPMAP_SET_EMPTY(cpu, 0);
	qpmap_large_close(cpu);
	qpmap_set_next(cpu, 0);
	qpmap_slots_unmap(cpu);
	qpmap_range_close(cpu);
	qpmap_cpu_leave(cpu, index - 1);
}

QPMAP_COLD QPMAP_CALL void
qpmap_cpu_abandon(struct qpmap_cpu *cpu)
{
	if (cpu->index_plus_one == 0) {
		qpmap_host_panic(QPMAP_PANIC_NOT_ONLINE, 0, 0);
	}
	qpmap_large_close(cpu);
	qpmap_slots_unmap(cpu);
	qpmap_range_close(cpu);
	qpmap_set_next_slot(cpu, &cpu->slot[1]);
	qpmap_range_open(cpu);
	qpmap_large_open(cpu);
}

QPMAP_COLD QPMAP_CALL qpmap_u32
qpmap_held(const struct qpmap_cpu *cpu)
{
	return (cpu->next == 0 ? 0 : qpmap_large_held(cpu) + (qpmap_u32)
	    (qpmap_next_slot(cpu->next) - &cpu->slot[1]) +
	    qpmap_range_held(cpu));
}
