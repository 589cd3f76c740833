/* SPDX-License-Identifier: BSD-2-Clause */
/* pmap_quick_enter_page(9) and its remove, in an object file of their own. */
#include <qpmap/pmap.h>
#include <qpmap/qpmap.h>

/* QPMAP_INLINE may be in the kernel's flags: here are the functions. */
#undef qpmap_enter
#undef qpmap_remove
#undef pmap_quick_enter_page
#undef pmap_quick_remove_page

QPMAP_HOT_ATTR QPMAP_CALL qpmap_vaddr_t
pmap_quick_enter_page(vm_page_t m)
{
	return (qpmap_enter(qpmap_host_page_pa(m), qpmap_host_page_attr(m)));
}

QPMAP_HOT_ATTR QPMAP_CALL void
pmap_quick_remove_page(qpmap_vaddr_t kva)
{
	qpmap_remove(kva);
}
