/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * amd64 entries: tables on four or five levels.  The fields are in x86/pte.h.
 */
#ifndef QPMAP_ARCH_AMD64_PTE_H
#define QPMAP_ARCH_AMD64_PTE_H

#include "../x86/pte.h"

static inline struct qpmap_pte
qpmap_pte_make_table(qpmap_paddr_t pa, qpmap_u32 level)
{
	(void)level;
	return ((struct qpmap_pte){ pa | QPTE_TABLE_BITS });
}

static inline _Bool
qpmap_pte_is_large(struct qpmap_pte pte, qpmap_u32 level)
{
	(void)level;
	return ((pte.bits & QPTE_PS) != 0);
}

#endif /* QPMAP_ARCH_AMD64_PTE_H */
