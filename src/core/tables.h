/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page tables above the windows and the groups of global slots: walk them, and
 * build the missing ones.
 */
#ifndef QPMAP_CORE_TABLES_H
#define QPMAP_CORE_TABLES_H

#include "../arch/arch.h"
#include "areas.h"

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
