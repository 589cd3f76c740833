/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page tables above the window: found, and where they are missing, built.
 */
#ifndef QPMAP_CORE_TABLES_H
#define QPMAP_CORE_TABLES_H

#include "../arch/arch.h"

/*
 * See to it that every window has a leaf table under mmu->root, and that
 * nothing is mapped in the window area and in the guard page after it.
 * Returns 0 or an enum qpmap_error; after an error no table has changed.
 */
QPMAP_INIT int qpmap_tables_build(const struct qpmap_config *config,
    const struct qpmap_mmu *mmu);

#define QPMAP_LEAF_PLACES (511 & ((1u << QPMAP_TABLE_SHIFT) - 1))

/*
 * Whether a leaf entry has the place in its table that va has in the tables: a
 * table is aligned to its size, wherever the host sees it.  Not more than 512
 * places are told apart: on arm64 a root that has the leaves itself may have
 * so few entries, and the alignment of these.
 */
static inline _Bool
qpmap_leaf_is_at(const struct qpmap_pte *leaf, qpmap_vaddr_t va)
{
	qpmap_uptr index = (qpmap_uptr)leaf / QPMAP_PTE_SIZE;

	return (((index ^ va >> QPMAP_PAGE_SHIFT) & QPMAP_LEAF_PLACES) == 0);
}

/* The leaf entry of va, or NULL if a table above it is missing. */
struct qpmap_pte *qpmap_tables_leaf(const struct qpmap_mmu *mmu,
    qpmap_vaddr_t va);

#endif /* QPMAP_CORE_TABLES_H */
