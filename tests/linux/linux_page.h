/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The manual page's two names over Linux's pages: QPMAP_HOST_PAGE.
 *
 *	kva = pmap_quick_enter_page(page);
 *	pmap_quick_remove_page(kva);
 *
 * A struct page is RAM, and Linux maps RAM write-back.
 */
#ifndef LINUX_PAGE_H
#define LINUX_PAGE_H

#include <linux/io.h>
#include <linux/mm.h>

typedef struct page *vm_page_t;

#define qpmap_host_page_pa(m)	((qpmap_paddr_t)page_to_phys(m))
#define qpmap_host_page_attr(m)	((qpmap_attr_t)QPMAP_ATTR_WRITE_BACK)

#endif /* LINUX_PAGE_H */
