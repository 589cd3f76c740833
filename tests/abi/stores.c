/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stores to entries, each in a function of its own, for
 * check_stores.py to look at.
 */
#include "../../src/arch/arch.h"

void abi_store(struct qpmap_pte *ptep, struct qpmap_pte pte);
void abi_clear(struct qpmap_pte *ptep);

void
abi_store(struct qpmap_pte *ptep, struct qpmap_pte pte)
{
	qpmap_pte_store(ptep, pte);
}

void
abi_clear(struct qpmap_pte *ptep)
{
	qpmap_pte_clear(ptep);
}
