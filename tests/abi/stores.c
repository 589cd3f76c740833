/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stores to entries, each in a function of its own, for
 * check_stores.py to look at.
 */
#include "../../src/arch/arch.h"

void abi_fill(struct qpmap_pte *slot, struct qpmap_pte pte);
void abi_clear(struct qpmap_pte *slot);

void
abi_fill(struct qpmap_pte *slot, struct qpmap_pte pte)
{
	qpmap_slot_fill(slot, pte);
}

void
abi_clear(struct qpmap_pte *slot)
{
	qpmap_slot_clear(slot);
}
