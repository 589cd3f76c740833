/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * QPMAP_HOST_PAGE for the checks: a vm_page_t of the type that the includer
 * defines as HOST_PAGE_TYPE.
 */
#ifndef HOST_PAGE_TYPE_H
#define HOST_PAGE_TYPE_H

struct host_page {
	qpmap_paddr_t pa;
};

/* Each as wide as a pointer or less. */
struct host_page_struct {
	struct host_page *page;
};

union host_page_union {
	unsigned int number;
};

enum host_page_enum {
	HOST_PAGE_FIRST
};

typedef HOST_PAGE_TYPE vm_page_t;

qpmap_paddr_t qpmap_host_page_pa(vm_page_t m);
qpmap_attr_t qpmap_host_page_attr(vm_page_t m);

#endif /* HOST_PAGE_TYPE_H */
