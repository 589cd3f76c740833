/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interface of ranges to init.c and cpu.c.  Without QPMAP_RANGE_PAGES the
 * functions do nothing, and no range is ever held.
 */
#ifndef QPMAP_CORE_RANGE_H
#define QPMAP_CORE_RANGE_H

#include <qpmap/range.h>

#include "../arch/arch.h"
#include "areas.h"

#if QPMAP_RANGE_PAGES

/*
 * Check the areas' alignment and number, and write their entry in the list of
 * areas.  Returns 0 or an enum qpmap_error.
 */
QPMAP_INIT int qpmap_range_area(const struct qpmap_config *config,
    struct qpmap_area *areas);

/* Copy the configuration that was checked. */
QPMAP_INIT void qpmap_range_init(const struct qpmap_config *config);

/*
 * Find the entries of the CPU's area and write where it is, before
 * index_plus_one is stored.  Returns 0 or an enum qpmap_error, and has written
 * nothing then.
 */
QPMAP_COLD int qpmap_range_online(struct qpmap_cpu *cpu, qpmap_u32 index,
    const struct qpmap_cpu_ptes *ptes);

/* From now on no range is held, and ranges can be entered. */
QPMAP_COLD void qpmap_range_open(struct qpmap_cpu *cpu);

/*
 * From now on enter and remove panic.  Unmap the whole area, held or not, and
 * invalidate it on this CPU.
 */
QPMAP_COLD void qpmap_range_close(struct qpmap_cpu *cpu);

/* The number of ranges that cpu holds. */
QPMAP_COLD qpmap_u32 qpmap_range_held(const struct qpmap_cpu *cpu);

#else /* !QPMAP_RANGE_PAGES */

static inline int
qpmap_range_area(const struct qpmap_config *config, struct qpmap_area *areas)
{
	(void)config;
	(void)areas;
	return (QPMAP_OK);
}

static inline void
qpmap_range_init(const struct qpmap_config *config)
{
	(void)config;
}

static inline int
qpmap_range_online(struct qpmap_cpu *cpu, qpmap_u32 index,
    const struct qpmap_cpu_ptes *ptes)
{
	(void)cpu;
	(void)index;
	(void)ptes;
	return (QPMAP_OK);
}

static inline void
qpmap_range_open(struct qpmap_cpu *cpu)
{
	(void)cpu;
}

static inline void
qpmap_range_close(struct qpmap_cpu *cpu)
{
	(void)cpu;
}

static inline qpmap_u32
qpmap_range_held(const struct qpmap_cpu *cpu)
{
	(void)cpu;
	return (0);
}

#endif /* QPMAP_RANGE_PAGES */

#endif /* QPMAP_CORE_RANGE_H */
