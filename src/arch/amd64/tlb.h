/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * amd64: PTE stores and TLB maintenance.
 *
 *	map		store the PTE; nothing else (docs/tlb.md)
 *	unmap		clear the PTE
 *			INVLPG	on this CPU, in this address space; no other
 *				address space has the translation
 *
 *	flush range	on each CPU: INVLPG for each page; for many pages, or
 *			with PCIDs, everything: the translation may be cached
 *			under any PCID
 */
#ifndef QPMAP_ARCH_AMD64_TLB_H
#define QPMAP_ARCH_AMD64_TLB_H

#include "../x86/pte.h"

#include "../x86/tlb.h"

#endif /* QPMAP_ARCH_AMD64_TLB_H */
