/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Build the page tables above the windows and groups.
 *
 * Two phases.  The first writes nothing that a walker can see: it walks the
 * tables, returns an error if something is mapped, counts the missing tables,
 * and allocates as many pages, chained through their first words.  The second
 * cannot fail: it builds each missing path from the bottom up, detached, and
 * then links it by a single store.
 *
 * A linked table is never unlinked or freed: another CPU may hold it in a
 * paging-structure cache even while it has no valid leaf.
 *
 * Levels count from 0, a table of leaves, to mmu->levels - 1, the root.
 *
 * Compiled only with QPMAP_TABLES, so that a makefile that lists all files does
 * not import the hooks.
 */
#include <qpmap/host.h>

#include "areas.h"
#include "quick.h"
#include "tables.h"

#if QPMAP_TABLES

#define QPMAP_TABLE_BYTES ((qpmap_size_t)QPMAP_PTE_SIZE << QPMAP_TABLE_SHIFT)

/* The most levels that an address has room for. */
#define QPMAP_LEVELS							\
	((8 * sizeof(qpmap_vaddr_t) - QPMAP_PAGE_SHIFT +		\
	    QPMAP_TABLE_SHIFT - 1) / QPMAP_TABLE_SHIFT)

/* log2 of the bytes that an entry of a table of that level maps. */
static inline qpmap_u32
qpmap_level_shift(qpmap_u32 level)
{
	if (level >= QPMAP_LEVELS) {
		__builtin_unreachable();
	}
	return (QPMAP_PAGE_SHIFT + level * QPMAP_TABLE_SHIFT);
}

/* Index of va's entry in a table of that level. */
static inline qpmap_u32
qpmap_level_index(const struct qpmap_mmu *mmu, qpmap_vaddr_t va,
    qpmap_u32 level)
{
	qpmap_vaddr_t walked = ~(qpmap_vaddr_t)0 >>
	    (8 * sizeof(va) - mmu->va_bits);

	return ((qpmap_u32)((va & walked) >> qpmap_level_shift(level)) &
	    ((1u << QPMAP_TABLE_SHIFT) - 1));
}

/* A walk's result.  The next qpmap_host_table_address() makes ptep invalid. */
struct qpmap_walk {
	qpmap_paddr_t table;		/* the table it ended in */
	qpmap_u32 level;		/* that table's level */
	struct qpmap_pte *ptep;		/* va's entry in that table */
	struct qpmap_pte entry;		/* its value */
};

/* Walk down to va's leaf, or to the first entry that is not a table. */
QPMAP_COLD static void
qpmap_tables_walk(const struct qpmap_mmu *mmu, qpmap_ptebits_t sharing,
    qpmap_vaddr_t va, struct qpmap_walk *walk)
{
	qpmap_paddr_t next = mmu->root;
	struct qpmap_pte *entries;

	walk->level = mmu->levels;
	do {
		walk->level--;
		walk->table = next;
		entries = qpmap_host_table_address(next);
		walk->ptep = &entries[qpmap_level_index(mmu, va, walk->level)];
		walk->entry = qpmap_pte_load(walk->ptep);
		next = qpmap_pte_pa(walk->entry, sharing);
	} while (walk->level != 0 && qpmap_pte_is_valid(walk->entry) &&
	    !qpmap_pte_is_large(walk->entry, walk->level));
}

/* The configuration's sharing masks, which are not part of an address. */
static inline qpmap_ptebits_t
qpmap_tables_sharing(const struct qpmap_config *config)
{
	return ((qpmap_ptebits_t)(config->private_mask | config->shared_mask));
}

/*
 * The level of the tables that hold an area's leaves: one up for large pages.
 * No table may be below them: a CPU that has cached the link would not use the
 * leaf that replaces it.
 */
static inline qpmap_u32
qpmap_area_level(qpmap_u32 area)
{
	return (QPMAP_LARGE_SLOTS != 0 && area == QPMAP_AREA_LARGE);
}

/*
 * Check one leaf of an area, or its guard page (level 0).  A mark is accepted
 * at each multiple of QPMAP_WINDOW_SIZE, where the first guard of a window or
 * group may be.  *missing is the level of the entry that links no table, or
 * level.  Returns 0 or an enum qpmap_error.
 */
QPMAP_INIT static int
qpmap_tables_check(const struct qpmap_config *config,
    const struct qpmap_mmu *mmu, qpmap_vaddr_t va, qpmap_u32 level,
    qpmap_u32 *missing)
{
	struct qpmap_walk walk;

	qpmap_tables_walk(mmu, qpmap_tables_sharing(config), va, &walk);
	*missing = walk.level;
	if (walk.level > level && qpmap_pte_is_valid(walk.entry)) {
		return (QPMAP_ERR_WINDOW_LARGE);
	}
	if (walk.level < level || (walk.entry.bits != 0 &&
	    (walk.level != level || va % QPMAP_WINDOW_SIZE != 0 ||
	    !qpmap_guard_is_valid(walk.ptep, config->flags)))) {
		return (QPMAP_ERR_WINDOW_MAPPED);
	}
	return (QPMAP_OK);
}

/*
 * Whether va is the first page of the area that an entry of a table of that
 * level maps.
 */
static inline _Bool
qpmap_tables_is_first(const struct qpmap_area *area, qpmap_vaddr_t va,
    qpmap_u32 level)
{
	return (va == area->va ||
	    (va & (((qpmap_vaddr_t)1 << qpmap_level_shift(level)) - 1)) == 0);
}

/*
 * Check an area and its guard, and add the number of missing tables to *count:
 * each is counted at the first page that it would map.
 */
QPMAP_INIT static int
qpmap_tables_count(const struct qpmap_config *config,
    const struct qpmap_mmu *mmu, const struct qpmap_area *area,
    qpmap_u32 level, qpmap_u32 *count)
{
	qpmap_vaddr_t va, guard = qpmap_area_end(area);
	qpmap_u32 missing;
	int error;

	for (va = area->va;; va += (qpmap_vaddr_t)1 <<
	    qpmap_level_shift(level)) {
		error = qpmap_tables_check(config, mmu, va,
		    va == guard ? 0 : level, &missing);
		if (error != QPMAP_OK || va == guard) {
			return (error);
		}
		if (missing > level && missing == mmu->levels - 1 &&
		    (config->flags & QPMAP_F_SINGLE_ROOT) == 0) {
			return (QPMAP_ERR_ROOT_ABSENT);
		}
		for (; missing > level; missing--) {
			*count += qpmap_tables_is_first(area, va, missing);
		}
	}
}

/* Take the first page off the chain. */
QPMAP_INIT static qpmap_paddr_t
qpmap_chain_pop(qpmap_paddr_t *chain)
{
	qpmap_paddr_t page = *chain;

	*chain = *(const volatile qpmap_paddr_t *)
	    qpmap_host_table_address(page);
	return (page);
}

/* Free the rest of the chain. */
QPMAP_INIT static void
qpmap_chain_free(qpmap_paddr_t *chain)
{
	while (*chain != QPMAP_NO_TABLE) {
		qpmap_host_table_free(qpmap_chain_pop(chain));
	}
}

/* Chain count new pages, or none and return QPMAP_ERR_TABLES. */
QPMAP_INIT static int
qpmap_chain_take(qpmap_paddr_t *chain, qpmap_u32 count)
{
	qpmap_paddr_t page;

	*chain = QPMAP_NO_TABLE;
	for (; count > 0; count--) {
		page = qpmap_host_table_alloc();
		if (page == QPMAP_NO_TABLE) {
			qpmap_chain_free(chain);
			return (QPMAP_ERR_TABLES);
		}
		*(volatile qpmap_paddr_t *)qpmap_host_table_address(page) =
		    *chain;
		*chain = page;
	}
	return (QPMAP_OK);
}

/*
 * Initialize a detached table with one entry (none for a leaf table), and make
 * it visible to walkers.
 */
QPMAP_INIT static void
qpmap_tables_fill(const struct qpmap_config *config, qpmap_paddr_t table,
    qpmap_u32 index, struct qpmap_pte entry)
{
	struct qpmap_pte *entries = qpmap_host_table_address(table);
	qpmap_u32 i;

	for (i = 0; i < 1u << QPMAP_TABLE_SHIFT; i++) {
		qpmap_pte_clear(&entries[i]);
	}
	if (entry.bits != 0) {
		qpmap_pte_store(&entries[index], entry);
	}
	qpmap_tlb_pre_link(entries, QPMAP_TABLE_BYTES, config->flags);
}

/*
 * Build the missing path to va's leaf table, detached, of private pages, then
 * link it.
 */
QPMAP_INIT static void
qpmap_tables_path(const struct qpmap_config *config,
    const struct qpmap_mmu *mmu, qpmap_vaddr_t va, qpmap_u32 level,
    qpmap_paddr_t *chain)
{
	qpmap_ptebits_t sharing = qpmap_tables_sharing(config);
	struct qpmap_pte link = qpmap_pte_none();
	struct qpmap_walk walk;
	qpmap_paddr_t table;
	qpmap_u32 top;

	qpmap_tables_walk(mmu, sharing, va, &walk);
	top = walk.level;
	if (top == level) {
		return;
	}
	for (; level < top; level++) {
		table = qpmap_chain_pop(chain);
		qpmap_tables_fill(config, table,
		    qpmap_level_index(mmu, va, level), link);
		link = qpmap_pte_make_table(table, level + 1);
		link.bits |= (qpmap_ptebits_t)config->private_mask;
	}
	qpmap_tables_walk(mmu, sharing, va, &walk);
	qpmap_pte_store(walk.ptep, link);
	qpmap_tlb_post_link(walk.ptep, top == mmu->levels - 1, mmu,
	    config->flags);
}

/* Build every missing path of an area that was counted. */
QPMAP_INIT static void
qpmap_tables_paths(const struct qpmap_config *config,
    const struct qpmap_mmu *mmu, const struct qpmap_area *area,
    qpmap_u32 level, qpmap_paddr_t *chain)
{
	qpmap_vaddr_t va, guard = qpmap_area_end(area);

	for (va = area->va; va != guard; va += (qpmap_vaddr_t)1 <<
	    qpmap_level_shift(level)) {
		if (qpmap_tables_is_first(area, va, level + 1)) {
			qpmap_tables_path(config, mmu, va, level, chain);
		}
	}
}

/*
 * A table that two areas lack is counted twice: the second page is freed.  If
 * there is one area, no page is left.
 */
QPMAP_INIT int
qpmap_tables_build(const struct qpmap_config *config,
    const struct qpmap_mmu *mmu, const struct qpmap_area *areas)
{
	qpmap_u32 i = QPMAP_AREA_OWN, count = 0;
	int error = QPMAP_OK;
	qpmap_paddr_t chain;

	do {
		/* There are always windows, others by choice. */
		if (QPMAP_AREAS == QPMAP_AREA_OWN + 1 || areas[i].size != 0) {
			error = qpmap_tables_count(config, mmu, &areas[i],
			    qpmap_area_level(i), &count);
		}
	} while (++i < QPMAP_AREAS && error == QPMAP_OK);
	if (error == QPMAP_OK) {
		error = qpmap_chain_take(&chain, count);
	}
	if (error != QPMAP_OK) {
		return (error);
	}
	i = QPMAP_AREA_OWN;
	do {
		qpmap_tables_paths(config, mmu, &areas[i],
		    qpmap_area_level(i), &chain);
	} while (++i < QPMAP_AREAS);
	if (QPMAP_AREAS > QPMAP_AREA_OWN + 1) {
		qpmap_chain_free(&chain);
	}
	return (QPMAP_OK);
}

QPMAP_COLD struct qpmap_pte *
qpmap_tables_entry(const struct qpmap_mmu *mmu, qpmap_vaddr_t va,
    qpmap_u32 level)
{
	struct qpmap_pte *entries;
	struct qpmap_walk walk;

	qpmap_tables_walk(mmu, qpmap_state.sharing, va, &walk);
	if (walk.level != level) {
		return (0);
	}
	entries = qpmap_host_leaf_address(walk.table);
	return (&entries[qpmap_level_index(mmu, va, level)]);
}

#endif /* QPMAP_TABLES */
