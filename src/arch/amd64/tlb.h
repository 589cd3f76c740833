/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * amd64: stores to entries, and what makes the TLB follow them.
 *
 *	fill		store the entry; nothing else (docs/tlb.md)
 *	remove		clear the entry
 *			INVLPG	this CPU forgets it, in this address space;
 *				no other address space has seen it
 *
 *	shot down	on each CPU: INVLPG for each page; everything, for many
 *			or if there are PCIDs: the mapping may be cached under
 *			any of them
 */
#ifndef QPMAP_ARCH_AMD64_TLB_H
#define QPMAP_ARCH_AMD64_TLB_H

#include "pte.h"

#include "../x86/tlb.h"

#endif /* QPMAP_ARCH_AMD64_TLB_H */
