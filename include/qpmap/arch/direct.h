/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The key of an offset into the direct map (qpmap/inline.h), in the fewest
 * instructions of the target.
 *
 * One compare of a key checks an offset's range and its alignment: low bits of
 * the offset become the highest of its key.  An offset is less than a size of
 * whole pages, and a multiple of the page size, if its key is less than the
 * size's.  The key is a rotation; without such an instruction (RISC-V without
 * Zbb) the other is shorter, and correct for sizes up to 2^52.
 */
#ifndef QPMAP_ARCH_DIRECT_H
#define QPMAP_ARCH_DIRECT_H

#include "../config.h"

#define QPMAP_DIRECT_SHIFT	(8 * __SIZEOF_POINTER__ - QPMAP_PAGE_SHIFT)
#ifdef __riscv
#define QPMAP_DIRECT_KEY(offset)					\
	((offset) | (offset) << QPMAP_DIRECT_SHIFT)
#else
#define QPMAP_DIRECT_KEY(offset)					\
	((offset) >> QPMAP_PAGE_SHIFT | (offset) << QPMAP_DIRECT_SHIFT)
#endif

#endif /* QPMAP_ARCH_DIRECT_H */
