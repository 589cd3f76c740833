/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pmap_quick_enter_page(9) and pmap_quick_remove_page(9).
 *
 * They are external functions in an object file of their own: a kernel with
 * functions of these names does not link them.
 *
 * A kernel with a vm_page_t of its own defines QPMAP_HOST_PAGE as the name of
 * a header that declares it and, as static inline functions or macros,
 *
 *	qpmap_paddr_t qpmap_host_page_pa(vm_page_t m)
 *	qpmap_attr_t qpmap_host_page_attr(vm_page_t m)
 *
 * the physical address of the page and its memory attribute.  vm_page_t must be
 * a pointer, or an integer no wider than one.  A structure is a compile-time
 * error: it would be passed by value, and a kernel that computes a page's
 * number from the address of its structure would compute that of the copy.
 */
#ifndef QPMAP_PMAP_H
#define QPMAP_PMAP_H

#include "types.h"
#if QPMAP_INLINE
#include "inline.h"
#endif

#ifdef QPMAP_HOST_PAGE
#include QPMAP_HOST_PAGE
#else
/* A page, for a kernel without a vm_page_t. */
struct qpmap_page {
	qpmap_paddr_t pa;	/* physical address, page-aligned */
	qpmap_attr_t attr;	/* QPMAP_ATTR_WRITE_BACK, ... */
};
typedef struct qpmap_page *vm_page_t;
#define qpmap_host_page_pa(m)	((m)->pa)
#define qpmap_host_page_attr(m)	((m)->attr)
#endif

/* Classes 1 to 5: integers, enumerations, booleans and pointers. */
#ifdef __cplusplus
static_assert(__builtin_classify_type(*static_cast<vm_page_t *>(nullptr)) <= 5,
    "vm_page_t must be a pointer or an integer");
static_assert(sizeof(vm_page_t) <= sizeof(void *),
    "vm_page_t must not be wider than a pointer");
#else
_Static_assert(__builtin_classify_type(*(vm_page_t *)0) <= 5,
    "vm_page_t must be a pointer or an integer");
_Static_assert(sizeof(vm_page_t) <= sizeof(void *),
    "vm_page_t must not be wider than a pointer");
#endif

QPMAP_BEGIN_DECLS

/*
 * Map the page m: qpmap_enter() with its address and attribute.  Returns the
 * page's kernel address: page-aligned, never 0.  Never fails.  Portable code
 * must not nest it.
 */
QPMAP_CALL qpmap_vaddr_t pmap_quick_enter_page(vm_page_t m);

/* Unmap the page that pmap_quick_enter_page() mapped at kva, on this CPU. */
QPMAP_CALL void pmap_quick_remove_page(qpmap_vaddr_t kva);

#if QPMAP_INLINE
/* The same, inline for pages in the direct map: see <qpmap/inline.h>. */
static inline qpmap_vaddr_t
qpmap_quick_enter_inline(vm_page_t m)
{
	return (qpmap_enter_inline(qpmap_host_page_pa(m),
	    qpmap_host_page_attr(m)));
}

#define pmap_quick_enter_page(m)	qpmap_quick_enter_inline(m)
#define pmap_quick_remove_page(kva)	qpmap_remove_inline(kva)
#endif

QPMAP_END_DECLS

#endif /* QPMAP_PMAP_H */
