/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * QPMAP_HOST_PAGE: the kernel's own vm_page_t.
 */
struct kernel_page {
	unsigned long number;
};
typedef const struct kernel_page *vm_page_t;
#define qpmap_host_page_pa(m)						\
	((qpmap_paddr_t)(m)->number << QPMAP_PAGE_SHIFT)
#define qpmap_host_page_attr(m)	((void)(m), QPMAP_ATTR_WRITE_BACK)
