/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The numbers of bytes that docs/porting-kernel.md and the manual pages give
 * a porter.  code.py compiles this for all targets, with QPMAP_SHOOTDOWN=1.
 */
#include <qpmap/qpmap.h>

#define SIZES_LONG	(sizeof(long) == 8)
#define SIZES_KIB	1024u

_Static_assert(sizeof(struct qpmap_shootdown) == (SIZES_LONG ? 448 : 256),
    "struct qpmap_shootdown");
_Static_assert(sizeof(struct qpmap_remote) == 64, "struct qpmap_remote");
_Static_assert(sizeof(struct qpmap_shared) == 64, "struct qpmap_shared");
_Static_assert(QPMAP_REQUESTS == 16, "requests in the ring");
_Static_assert(QPMAP_SHARED_SLOTS == (SIZES_LONG ? 64 : 32), "slots");

/* In pages of 4 KiB; in others the same number of pages. */
_Static_assert(QPMAP_SHARED_SIZE / QPMAP_PAGE_SIZE * 4 * SIZES_KIB ==
    (SIZES_LONG ? 512 : 256) * SIZES_KIB, "address space of a group");
_Static_assert(QPMAP_SHARED_SIZE / QPMAP_PAGE_SIZE * sizeof(struct qpmap_pte) ==
    (SIZES_LONG ? SIZES_KIB : QPMAP_PAE ? 512 : 256), "entries of a group");
_Static_assert(QPMAP_WINDOW_SIZE / QPMAP_PAGE_SIZE * 4 * SIZES_KIB ==
    (QPMAP_PTE_SIZE == 8 ? 32 : 64) * SIZES_KIB, "address space of a window");
