/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Enter and remove inline, for pages in the direct map.
 *
 * <qpmap/qpmap.h> includes this file.  The test for the direct map is in the
 * caller; for every other page and argument the functions are called.  With
 * QPMAP_INLINE=1 the names qpmap_enter and qpmap_remove, followed by a
 * parenthesis, are macros for the inline functions, and so are the two names of
 * <qpmap/pmap.h>.  The functions remain: (qpmap_enter)(pa, attr), or their
 * addresses.
 *
 * The inline functions are for files that are linked with the library: they use
 * a hidden variable, which a loadable module cannot reach.  They call the
 * functions, always, in builds with QPMAP_DIRECT_MAP=0 or QPMAP_CHECKED=1.
 */
#ifndef QPMAP_INLINE_H
#define QPMAP_INLINE_H

#include "arch/direct.h"
#include "qpmap.h" /* NOLINT(misc-header-include-cycle): guarded there */

QPMAP_BEGIN_DECLS

#if QPMAP_DIRECT_MAP

/*
 * The direct map, as the inline functions need it.  Only qpmap_init() writes
 * it.  It has a cache line of its own, so that nothing else does.
 */
struct qpmap_direct {
	qpmap_paddr_t pa;
	/*
	 * The key of the size; 0 if nothing is served inline: it is no private
	 * write-back memory, is not within the width of a physical address, or
	 * is switched off.
	 */
	qpmap_uptr wb_limit;
	qpmap_vaddr_t va;
	qpmap_size_t size;	/* all of it, for remove */
} __attribute__((aligned(QPMAP_CACHE_LINE)));

#if QPMAP_DIRECT_SIZE == 0
extern struct qpmap_direct qpmap_direct
    __attribute__((visibility("hidden")));
#else
static const struct qpmap_direct qpmap_direct = {
	(qpmap_paddr_t)QPMAP_DIRECT_PA,
	QPMAP_DIRECT_KEY((qpmap_uptr)QPMAP_DIRECT_SIZE),
	(qpmap_vaddr_t)QPMAP_DIRECT_VA,
	(qpmap_size_t)QPMAP_DIRECT_SIZE
};
#endif

#endif /* QPMAP_DIRECT_MAP */

#if QPMAP_DIRECT_MAP && !QPMAP_CHECKED

/* qpmap_remove() of an address that is not in the direct map. */
QPMAP_CALL void qpmap_remove_window(qpmap_vaddr_t va);

static inline qpmap_vaddr_t
qpmap_enter_inline(qpmap_paddr_t pa, qpmap_attr_t attr)
{
	qpmap_paddr_t offset = pa - qpmap_direct.pa;
	qpmap_uptr low = (qpmap_uptr)offset;

	if (attr == QPMAP_ATTR_WRITE_BACK &&
	    __builtin_expect(low == offset, 1) &&
	    __builtin_expect(QPMAP_DIRECT_KEY(low) < qpmap_direct.wb_limit,
	    1)) {
		return (qpmap_direct.va + low);
	}
	return (qpmap_enter(pa, attr));
}

static inline void
qpmap_remove_inline(qpmap_vaddr_t va)
{
	if (__builtin_expect(va - qpmap_direct.va >= qpmap_direct.size, 0)) {
		qpmap_remove_window(va);
	}
}

#else

static inline qpmap_vaddr_t
qpmap_enter_inline(qpmap_paddr_t pa, qpmap_attr_t attr)
{
	return (qpmap_enter(pa, attr));
}

static inline void
qpmap_remove_inline(qpmap_vaddr_t va)
{
	qpmap_remove(va);
}

#endif

#if QPMAP_INLINE
#define qpmap_enter(pa, attr)	qpmap_enter_inline(pa, attr)
#define qpmap_remove(va)	qpmap_remove_inline(va)
#endif

QPMAP_END_DECLS

#endif /* QPMAP_INLINE_H */
