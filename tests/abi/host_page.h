/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * QPMAP_HOST_PAGE for the checks: a kernel whose vm_page_t is something of
 * its own.
 */
#ifndef HOST_PAGE_H
#define HOST_PAGE_H

#include "hostile.h"

struct hostile_frame_number {
	unsigned int number;
	unsigned char uncached;
};

/* vm_page_t is hostile.h's; the page's number is behind it. */
static inline qpmap_paddr_t
qpmap_host_page_pa(vm_page_t m)
{
	const struct hostile_frame_number *slot =
	    (const struct hostile_frame_number *)(void *)m;

	return ((qpmap_paddr_t)slot->number << QPMAP_PAGE_SHIFT);
}

static inline qpmap_attr_t
qpmap_host_page_attr(vm_page_t m)
{
	return (((const struct hostile_frame_number *)(void *)m)->uncached ?
	    QPMAP_ATTR_UNCACHED : QPMAP_ATTR_WRITE_BACK);
}

#endif /* HOST_PAGE_H */
