/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The areas of the kernel's address space in a configuration, as a list: one
 * pass checks each of them, one builds the page tables of the library's own.
 */
#ifndef QPMAP_CORE_AREAS_H
#define QPMAP_CORE_AREAS_H

#include <qpmap/qpmap.h>

enum {
	QPMAP_AREA_WINDOWS,
	QPMAP_AREA_DIRECT,
	QPMAP_AREA_GLOBAL,
	QPMAP_AREAS
};

/* guard is 0 for an area that is not the library's own. */
struct qpmap_area {
	qpmap_vaddr_t va;
	qpmap_u64 size;			/* bytes; 0: no such area */
	qpmap_vaddr_t alignment;	/* of va and size, a power of two */
	qpmap_vaddr_t guard;		/* unmapped bytes after the area */
	int align_error;
	int range_error;		/* not canonical kernel addresses */
	int overlap_error;		/* with an area before it in the list */
};

/* Member by member: a compiler may call memcpy() to assign a structure. */
static inline void
qpmap_area_set(struct qpmap_area *area, qpmap_vaddr_t va, qpmap_u64 size,
    qpmap_vaddr_t alignment, int error)
{
	area->va = va;
	area->size = size;
	area->alignment = alignment;
	area->guard = QPMAP_PAGE_SIZE;
	area->align_error = error;
	area->range_error = error;
	area->overlap_error = error;
}

/* The first byte after the area: that of the guard, if any. */
static inline qpmap_vaddr_t
qpmap_area_end(const struct qpmap_area *area)
{
	return (area->va + (qpmap_vaddr_t)area->size);
}

/* The last byte of the area and its guard. */
static inline qpmap_vaddr_t
qpmap_area_last(const struct qpmap_area *area)
{
	return (qpmap_area_end(area) + area->guard - 1);
}

#endif /* QPMAP_CORE_AREAS_H */
