/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The areas of the kernel's address space that a configuration names, as a list
 * by index: init.c checks each of them, and tables.c builds the page tables of
 * the library's own.
 */
#ifndef QPMAP_CORE_AREAS_H
#define QPMAP_CORE_AREAS_H

#include <qpmap/qpmap.h>

/* Areas from QPMAP_AREA_OWN on are the library's; a guard page follows each. */
#define QPMAP_AREA_DIRECT	0
#define QPMAP_AREA_WINDOWS	1
#define QPMAP_AREA_GLOBAL	2
#define QPMAP_AREA_OWN		QPMAP_AREA_WINDOWS
#define QPMAP_AREA_RANGES	(QPMAP_SHOOTDOWN ? 3 : 2)
#define QPMAP_AREA_LARGE	(QPMAP_AREA_RANGES + (QPMAP_RANGE_PAGES != 0))
#define QPMAP_AREAS		(QPMAP_AREA_LARGE + (QPMAP_LARGE_SLOTS != 0))

struct qpmap_area {
	qpmap_vaddr_t va;
	qpmap_size_t size;	/* bytes without the guard; 0: no such area */
};

/* The first byte after the area: that of the guard, if any. */
static inline qpmap_vaddr_t
qpmap_area_end(const struct qpmap_area *area)
{
	return (area->va + area->size);
}

#endif /* QPMAP_CORE_AREAS_H */
