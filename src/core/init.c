/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * qpmap_init(): check the configuration against this CPU, build page tables,
 * and precompute the PTE bits of every attribute.
 */
#include "areas.h"
#include "large.h"
#include "quick.h"
#include "range.h"
#include "shootdown.h"
#include "tables.h"

_Static_assert(sizeof(struct qpmap_pte) == QPMAP_PTE_SIZE, "entry size");
_Static_assert(QPMAP_ERR_OPTION_PAGE_SHIFT + QPMAP_OPTION_COUNT - 1 ==
    QPMAP_ERR_OPTION_SWITCH, "an error for each option, in their order");
_Static_assert(QPMAP_ERR_TYPE_WRITE_BACK + QPMAP_TYPE_COUNT - 1 ==
    QPMAP_ERR_TYPE_UNCACHED_MINUS, "an error for each type, in their order");
_Static_assert((QPMAP_WINDOW_PAGES & (QPMAP_WINDOW_PAGES - 1)) == 0,
    "a window never crosses a leaf table");

struct qpmap_state qpmap_state;

/* The casts drop const: a ptep is writable, but this PTE is never written. */
const struct qpmap_sentinel qpmap_sentinel = {
	.slot = {
	    { 0, (struct qpmap_pte *)(qpmap_uptr)&qpmap_sentinel.full },
	    { QPMAP_SLOT_PAGES * QPMAP_PAGE_SIZE,
		(struct qpmap_pte *)(qpmap_uptr)&qpmap_sentinel.full },
	},
	.full = { ~(qpmap_ptebits_t)0 },
};

#define QPMAP_FLAGS_CORE						\
	(QPMAP_F_NO_NX | QPMAP_F_NO_DIRECT | QPMAP_F_MARK_GUARDS |	\
	    (QPMAP_TABLES ? QPMAP_F_BUILD_TABLES | QPMAP_F_SINGLE_ROOT : 0) | \
	    (QPMAP_LARGE_SLOTS ? QPMAP_F_ONE_ROOT : 0))

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
	return (QPMAP_OK);
}

/* The rules for each area, by its index in the list (areas.h). */
static const struct qpmap_area_rule {
	qpmap_vaddr_t mask;		/* bits clear in address and size */
	qpmap_vaddr_t last;		/* guard's bytes after it, less 1 */
	int align_error;
	int range_error;		/* not canonical kernel addresses */
	int overlap_error;		/* with an area before it in the list */
} qpmap_area_rule[QPMAP_AREAS] = {
	{ QPMAP_PAGE_MASK, ~(qpmap_vaddr_t)0, QPMAP_ERR_DIRECT,
	    QPMAP_ERR_DIRECT, QPMAP_ERR_DIRECT },
	{ QPMAP_WINDOW_SIZE - 1, QPMAP_PAGE_MASK, QPMAP_ERR_WINDOW_ALIGN,
	    QPMAP_ERR_WINDOW_RANGE, QPMAP_ERR_WINDOW_DIRECT },
#if QPMAP_SHOOTDOWN
	{ QPMAP_GLOBAL_SIZE - 1, QPMAP_PAGE_MASK, QPMAP_ERR_GLOBAL_RANGE,
	    QPMAP_ERR_GLOBAL_RANGE, QPMAP_ERR_GLOBAL_RANGE },
#endif
#if QPMAP_RANGE_PAGES
	{ QPMAP_PAGE_MASK, QPMAP_PAGE_MASK, QPMAP_ERR_RANGE_AREA,
	    QPMAP_ERR_RANGE_AREA, QPMAP_ERR_RANGE_AREA },
#endif
#if QPMAP_LARGE_SLOTS
	{ QPMAP_LARGE_WINDOW_SIZE - 1, QPMAP_PAGE_MASK, QPMAP_ERR_LARGE_AREA,
	    QPMAP_ERR_LARGE_AREA, QPMAP_ERR_LARGE_AREA },
#endif
};

/* The last byte of an area's guard; without a guard, -1, that of the area. */
static inline qpmap_vaddr_t
qpmap_area_last(const struct qpmap_area *areas, qpmap_u32 i)
{
	return (qpmap_area_end(&areas[i]) + qpmap_area_rule[i].last);
}

/* Check an area, with its guard, against its rule and the areas before it. */
QPMAP_INIT static int
qpmap_area_check(const struct qpmap_area *areas, qpmap_u32 i,
    const struct qpmap_mmu *mmu)
{
	const struct qpmap_area_rule *rule = &qpmap_area_rule[i];
	qpmap_vaddr_t va = areas[i].va, last = qpmap_area_last(areas, i);
	qpmap_u32 other;

	if (((va | areas[i].size) & rule->mask) != 0) {
		return (rule->align_error);
	}
	if (!qpmap_probe_range(mmu, va, last)) {
		return (rule->range_error);
	}
	for (other = 0; other < i; other++) {
		if (areas[other].size != 0 && areas[other].va <= last &&
		    va <= qpmap_area_last(areas, other)) {
			return (rule->overlap_error);
		}
	}
	return (QPMAP_OK);
}

/* Write the list of areas, and check those whose size is not 0. */
QPMAP_INIT static int
qpmap_areas_check(const struct qpmap_config *config,
    const struct qpmap_mmu *mmu, struct qpmap_area *areas)
{
	int error = qpmap_range_area(config, areas);
	qpmap_u32 i;

	if (error == QPMAP_OK) {
		error = qpmap_large_area(config, mmu, areas);
	}
	areas[QPMAP_AREA_DIRECT].va = config->direct_va;
	areas[QPMAP_AREA_DIRECT].size = config->direct_size;
	areas[QPMAP_AREA_WINDOWS].va = config->window_va;
	areas[QPMAP_AREA_WINDOWS].size =
	    config->cpu_count * QPMAP_WINDOW_SIZE;
	qpmap_global_area(config, areas);
	for (i = 0; i < QPMAP_AREAS && error == QPMAP_OK; i++) {
		if (areas[i].size != 0) {
			error = qpmap_area_check(areas, i, mmu);
		}
	}
	return (error);
}

/*
 * Whether the inline functions may serve a direct map: all of it is within the
 * width of a physical address, and below 2^52 (QPMAP_DIRECT_KEY).
 */
static inline _Bool
qpmap_direct_is_inline(qpmap_paddr_t pa, qpmap_size_t size,
    const struct qpmap_mmu *mmu)
{
	qpmap_u32 most = QPMAP_PTE_SIZE == 4 ? 32 : 52;
	qpmap_u32 bits = mmu->pa_bits < most ? mmu->pa_bits : most;

	return (qpmap_pa_is_valid(pa + (size - QPMAP_PAGE_SIZE),
	    qpmap_pa_limit(bits)));
}

/* Whether the direct map is what the inline functions have as constants. */
static inline _Bool
qpmap_direct_is_built(const struct qpmap_config *config,
    const struct qpmap_mmu *mmu)
{
	qpmap_u32 write_back = QPMAP_TYPE_BIT(QPMAP_ATTR_WRITE_BACK);

	return (config->direct_pa == QPMAP_DIRECT_PA &&
	    config->direct_va == QPMAP_DIRECT_VA &&
	    config->direct_size == QPMAP_DIRECT_SIZE &&
	    (config->flags & QPMAP_F_NO_DIRECT) == 0 &&
	    (config->direct_types == 0 ||
	    (config->direct_types & write_back) != 0) &&
	    qpmap_direct_is_inline(config->direct_pa, config->direct_size,
	    mmu));
}

/* Check the direct map's physical range, and that the build supports it. */
QPMAP_INIT static int
qpmap_check_direct(const struct qpmap_config *config,
    const struct qpmap_mmu *mmu)
{
	qpmap_paddr_t last = config->direct_pa + (config->direct_size - 1);

	if (config->direct_size != 0 && (!QPMAP_DIRECT_MAP ||
	    (config->direct_pa & (qpmap_paddr_t)QPMAP_PAGE_MASK) != 0 ||
	    last < config->direct_pa || !qpmap_pa_is_in(last,
	    config->direct_pa, config->direct_size))) {
		return (QPMAP_ERR_DIRECT);
	}
	if (QPMAP_DIRECT_SIZE != 0 && !qpmap_direct_is_built(config, mmu)) {
		return (QPMAP_ERR_DIRECT);
	}
	return (QPMAP_OK);
}

/*
 * Write the width of a physical address: the configuration's, or the CPU's if
 * that is 0, but no bit of the sharing masks is in it.  With SEV CR3 has the
 * C-bit, too: clear it in root.
 */
QPMAP_INIT static int
qpmap_check_width(const struct qpmap_config *config, struct qpmap_mmu *mmu)
{
	qpmap_ptebits_t sharing = (qpmap_ptebits_t)
	    (config->private_mask | config->shared_mask);
	qpmap_paddr_t mask = qpmap_pte_pa((struct qpmap_pte){ sharing }, 0);
	qpmap_u32 pa_bits = config->pa_bits, bit;

	if (pa_bits > mmu->pa_bits ||
	    (pa_bits != 0 && pa_bits <= QPMAP_PAGE_SHIFT)) {
		return (QPMAP_ERR_PA_BITS);
	}
	if (pa_bits == 0) {
		pa_bits = mmu->pa_bits;
	}
	if (config->private_mask != 0) {
		mmu->root &= ~mask;
	}
	for (bit = 0; bit < pa_bits && (mask & 1) == 0; bit++) {
		mask >>= 1;
	}
	pa_bits = bit;
	mmu->pa_bits = pa_bits;
	if (pa_bits <= QPMAP_PAGE_SHIFT) {
		return (QPMAP_ERR_SHARING);
	}
	return (QPMAP_OK);
}

/* Check the whole configuration against this CPU; write mmu and areas. */
QPMAP_INIT static int
qpmap_check(const struct qpmap_config *config, struct qpmap_mmu *mmu,
    struct qpmap_area *areas)
{
	int error = qpmap_check_numbers(config);

	if (error == QPMAP_OK) {
		error = qpmap_probe(config, mmu);
	}
	if (error == QPMAP_OK) {
		error = qpmap_check_width(config, mmu);
	}
	if (error == QPMAP_OK) {
		error = qpmap_check_direct(config, mmu);
	}
	if (error == QPMAP_OK) {
		error = qpmap_shootdown_check(config);
	}
	if (error == QPMAP_OK) {
		error = qpmap_areas_check(config, mmu, areas);
	}
	if (error == QPMAP_OK) {
		error = qpmap_global_check(config);
	}
	return (error);
}

/*
 * The sharing mask of a type.  said is QPMAP_ATTR_PRIVATE, QPMAP_ATTR_SHARED or
 * 0: then the uncached types are shared, and the others private.
 */
QPMAP_INIT static qpmap_ptebits_t
qpmap_sharing_bits(const struct qpmap_config *config, qpmap_attr_t type,
    qpmap_attr_t said)
{
	_Bool shared = said != 0 ? said == QPMAP_ATTR_SHARED :
	    type >= QPMAP_ATTR_UNCACHED;

	return ((qpmap_ptebits_t)
	    (shared ? config->shared_mask : config->private_mask));
}

/*
 * Bytes of the direct map, if it has that type and sharing, else 0.  Must be
 * called after qpmap_state.direct_size is set.
 */
QPMAP_INIT static qpmap_size_t
qpmap_direct_size(const struct qpmap_config *config, qpmap_attr_t type,
    qpmap_ptebits_t sharing)
{
	qpmap_u32 types = config->direct_types != 0 ?
	    config->direct_types : QPMAP_TYPE_BIT(QPMAP_ATTR_WRITE_BACK);

	if ((types & QPMAP_TYPE_BIT(type)) == 0 ||
	    sharing != (qpmap_ptebits_t)config->private_mask) {
		return (0);
	}
	return (qpmap_state.direct_size);
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

/* Write what the inline functions read, after qpmap_state. */
QPMAP_INIT static void
qpmap_init_direct(const struct qpmap_mmu *mmu)
{
#if QPMAP_DIRECT_MAP && QPMAP_DIRECT_SIZE == 0
	qpmap_size_t size = qpmap_state.rw[QPMAP_ATTR_WRITE_BACK].direct_size;

	if (!qpmap_direct_is_inline(qpmap_state.direct_pa, size, mmu)) {
		size = 0;
	}
	qpmap_direct.pa = qpmap_state.direct_pa;
	qpmap_direct.wb_limit = QPMAP_DIRECT_KEY(size);
	qpmap_direct.va = qpmap_state.direct_va;
	qpmap_direct.size = qpmap_state.direct_size;
#else
	(void)mmu;
#endif
}

/* The error of the first option whose values differ, or QPMAP_OK. */
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
			    i < QPMAP_OPTION_DIRECT ?
			    QPMAP_ERR_OPTION_LAYOUT : QPMAP_ERR_OPTION_DIRECT);
		}
	}
	return (QPMAP_OK);
}

QPMAP_INIT QPMAP_CALL int
qpmap_init_options(const struct qpmap_config *config,
    const struct qpmap_options *options)
{
	struct qpmap_area areas[QPMAP_AREAS];
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
	error = qpmap_check(config, &mmu, areas);
	if (QPMAP_TABLES && error == QPMAP_OK &&
	    (config->flags & QPMAP_F_BUILD_TABLES) != 0) {
		error = qpmap_tables_build(config, &mmu, areas);
	}
	if (error != QPMAP_OK) {
		return (error);
	}
	qpmap_state.direct_size =
	    (config->flags & QPMAP_F_NO_DIRECT) != 0 ? 0 : config->direct_size;
	for (said = 0; said <= QPMAP_ATTR_SHARED; said += QPMAP_ATTR_PRIVATE) {
		for (type = 0; type < QPMAP_TYPE_COUNT; type++) {
			qpmap_init_prots(config, &mmu, type, said);
		}
	}
	qpmap_state.direct_va = config->direct_va;
	qpmap_state.direct_pa = config->direct_pa;
	qpmap_init_direct(&mmu);
	qpmap_state.nesting =
	    config->nesting != 0 ? config->nesting : QPMAP_SLOTS;
	qpmap_state.flags = config->flags;
	qpmap_state.window_va = config->window_va;
	qpmap_state.cpu_count = config->cpu_count;
	qpmap_state.sharing = (qpmap_ptebits_t)
	    (config->private_mask | config->shared_mask);
	qpmap_bytes_copy(&qpmap_state.mmu, &mmu, sizeof(mmu));
	qpmap_shootdown_init(config);
	qpmap_global_init(config);
	qpmap_range_init(config);
	qpmap_large_init(config);
	return (QPMAP_OK);
}
