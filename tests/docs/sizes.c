/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The numbers of bytes that docs/porting-kernel.md and the manual pages give
 * a porter.  code.py compiles this for all targets, with QPMAP_SHOOTDOWN=1.
 */
#include <qpmap/qpmap.h>

#define SIZES_LONG	(sizeof(long) == 8)

_Static_assert(sizeof(struct qpmap_shootdown_state) == (SIZES_LONG ? 448 : 256),
    "struct qpmap_shootdown_state");
_Static_assert(sizeof(struct qpmap_cpu_sync) == 64, "struct qpmap_cpu_sync");
_Static_assert(sizeof(struct qpmap_global) == 64, "struct qpmap_global");
_Static_assert(QPMAP_REQUESTS == 16, "requests in the ring");
_Static_assert(QPMAP_GLOBAL_SLOTS == (SIZES_LONG ? 64 : 32), "slots");

/* The area of a group and of a window, in pages, and a group's entries. */
#define SIZES_GROUP	(QPMAP_GLOBAL_SIZE / QPMAP_PAGE_SIZE)
#define SIZES_WINDOW	(QPMAP_WINDOW_SIZE / QPMAP_PAGE_SIZE)
#define SIZES_ENTRIES	(SIZES_GROUP * sizeof(struct qpmap_pte))

/* 512 KiB, i386 256, of pages of 4 KiB; with larger pages as many more. */
_Static_assert(SIZES_GROUP == (SIZES_LONG ? 128 : 64), "area of a group");
_Static_assert(SIZES_ENTRIES == (SIZES_LONG ? 1024 : QPMAP_PAE ? 512 : 256),
    "entries of a group");
_Static_assert(SIZES_WINDOW == (QPMAP_PTE_SIZE == 8 ? 8 : 16),
    "area of a window");
