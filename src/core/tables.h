/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page tables above the windows and the groups of global slots: walk them, and
 * build the missing ones.
 */
#ifndef QPMAP_CORE_TABLES_H
#define QPMAP_CORE_TABLES_H

#include "areas.h"
#include "quick.h"

/*
 * Check that nothing is mapped in the library's areas and the guard page after
 * each; then build the missing tables under mmu->root, so that every window and
 * group has a leaf table.  Returns 0 or an enum qpmap_error; after an error no
 * table has changed.
 */
QPMAP_INIT int qpmap_tables_build(const struct qpmap_config *config,
    const struct qpmap_mmu *mmu, const struct qpmap_area *areas);

#define QPMAP_LEAF_PLACES (511 & ((1u << QPMAP_TABLE_SHIFT) - 1))

/*
 * Whether a leaf entry has the index in its table that va has.  A table is
 * aligned to its size, wherever the kernel maps it.  At most 9 bits of it are
 * compared: on arm64 a root that holds the leaves may have as few as 512
 * entries, and the alignment of so many.
 */
static inline _Bool
qpmap_leaf_is_at(const struct qpmap_pte *leaf, qpmap_vaddr_t va)
{
	qpmap_uptr index = (qpmap_uptr)leaf / QPMAP_PTE_SIZE;

	return (((index ^ va >> QPMAP_PAGE_SHIFT) & QPMAP_LEAF_PLACES) == 0);
}

/*
 * Whether leaf has the entries of va and what follows it, count of them, a
 * power of two; and they are zero, but for the first one, a guard.
 */
static inline _Bool
qpmap_leaf_fits(const struct qpmap_pte *leaf, qpmap_vaddr_t va,
    qpmap_size_t count, qpmap_u32 flags)
{
	qpmap_size_t i;

	if (leaf == 0 || (qpmap_uptr)leaf % (count * QPMAP_PTE_SIZE) != 0 ||
	    !qpmap_leaf_is_at(leaf, va) || !qpmap_guard_is_valid(leaf, flags)) {
		return (0);
	}
	for (i = 1; i < count; i++) {
		if (!qpmap_pte_is_none(&leaf[i])) {
			return (0);
		}
	}
	return (1);
}

/*
 * Write every slot of a window at va, each of size bytes, and the sentinel
 * above the last; slot[0].va is always 0.  Must precede the store to
 * index_plus_one: from then on a crash handler may call qpmap_cpu_abandon().
 */
static inline void
qpmap_slots_init(struct qpmap_slot *slot, qpmap_u32 count, qpmap_vaddr_t va,
    qpmap_size_t size, struct qpmap_pte *leaf)
{
	qpmap_u32 i;

	for (i = 1; i <= count + 1; i++) {
		slot[i].va = va + qpmap_slot_page(i) * size;
		slot[i].ptep = i <= count ?
		    &leaf[qpmap_slot_page(i)] : qpmap_sentinel.slot[0].ptep;
	}
}

/*
 * The entries of another area of the CPU than its window: *leaf, those that the
 * kernel passed, or if that is NULL those in a table of that level.  Returns 0
 * if they fit, or an enum qpmap_error.
 */
QPMAP_COLD int qpmap_cpu_area(qpmap_vaddr_t va, qpmap_u32 level,
    qpmap_size_t count, struct qpmap_pte **leaf);

/* The entry of va in a table of that level, or NULL if there is none. */
struct qpmap_pte *qpmap_tables_entry(const struct qpmap_mmu *mmu,
    qpmap_vaddr_t va, qpmap_u32 level);

/* The PTE of va, or NULL if no leaf table has one. */
static inline struct qpmap_pte *
qpmap_tables_leaf(const struct qpmap_mmu *mmu, qpmap_vaddr_t va)
{
	return (qpmap_tables_entry(mmu, va, 0));
}

#endif /* QPMAP_CORE_TABLES_H */
