/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cold hooks (panic, page tables): the same for every pattern, and never
 * inline.
 */
#include <qpmap/host.h>

#include "kernel.h"

QPMAP_NORETURN QPMAP_CALL void
qpmap_host_panic(const char *text, qpmap_u64 a, qpmap_u64 b)
{
	mk_panic(text, a, b);
}

#if QPMAP_TABLES
QPMAP_CALL qpmap_paddr_t
qpmap_host_table_alloc(void)
{
	qpmap_paddr_t pa = mk_page_alloc();

	return (pa == 0 ? QPMAP_NO_TABLE : pa);
}

QPMAP_CALL void
qpmap_host_table_free(qpmap_paddr_t table)
{
	mk_page_free(table);
}

QPMAP_CALL void *
qpmap_host_table_address(qpmap_paddr_t table)
{
	return (mk_table_address(table));
}

QPMAP_CALL void *
qpmap_host_leaf_address(qpmap_paddr_t table)
{
	return (mk_table_address(table));
}
#endif
