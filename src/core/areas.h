/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The areas of the kernel's address space in a configuration, as a list: one
 * pass checks each of them, one builds the page tables of the library's own.
 */
#ifndef QPMAP_CORE_AREAS_H
#define QPMAP_CORE_AREAS_H

#include <qpmap/qpmap.h>

/* From QPMAP_AREA_OWN on an area is the library's, and a guard page follows. */
#define QPMAP_AREA_DIRECT	0
#define QPMAP_AREA_WINDOWS	1
#define QPMAP_AREA_GLOBAL	2
#define QPMAP_AREA_OWN		QPMAP_AREA_WINDOWS
#define QPMAP_AREAS		(QPMAP_SHOOTDOWN ? 3 : 2)

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
