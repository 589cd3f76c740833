/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * riscv64: PTE stores and TLB maintenance.
 *
 *	map		store the PTE
 *			SFENCE.VMA va, x0	this hart may have cached it as
 *						invalid
 *	unmap		FENCE iorw, iorw	accesses through the mapping
 *						are complete
 *			clear the PTE
 *			SFENCE.VMA va, x0	later walks of this hart see
 *						the clear, and the translation
 *						is invalidated
 *
 *	link a table	FENCE w, w		the table before the link
 *			store the link
 *			SFENCE.VMA x0, x0	the form with an address orders
 *						leaves only; other harts execute
 *						it in qpmap_cpu_online()
 *
 *	flush range	on each hart: SFENCE.VMA va, x0 for each page; or, as
 *			one batch, SFENCE.W.INVAL, SINVAL.VMA for each page,
 *			SFENCE.INVAL.IR; for many pages, SFENCE.VMA x0, x0
 *
 * rs2 is always x0 itself: with any other register, even one that holds 0,
 * global (G) entries stay.  RISC-V Privileged Architecture (Volume II),
 * "Supervisor Memory-Management Fence Instruction": "An implicit read of the
 * memory-management data structures may return any translation for an address
 * that was valid at any time since the most recent SFENCE.VMA that subsumes
 * that address."
 *
 * Slow path: no memory type takes it, since every unmap has the FENCE.  On
 * SiFive cores with CIP-1200 SFENCE.VMA x0, x0 replaces each SFENCE.VMA va, x0.
 */
#ifndef QPMAP_ARCH_RISCV64_TLB_H
#define QPMAP_ARCH_RISCV64_TLB_H

#include "pte.h"

#define QPMAP_FLAGS_SLOW QPMAP_F_ERRATUM_CIP_1200
#define QPMAP_FLAGS_ARCH (QPMAP_F_SVPBMT | QPMAP_FLAGS_SLOW |		\
	(QPMAP_SHOOTDOWN ? QPMAP_F_SVINVAL | QPMAP_F_SBI_RFENCE : 0))

#define QPMAP_PTE_FIRST 1

/* For more pages SFENCE.VMA x0, x0 is cheaper. */
#define QPMAP_TLB_PAGES		32

#define QPMAP_SBI_EID_RFENCE	0x52464e43u
#define QPMAP_SBI_SFENCE_VMA	1u

/* Misaligned accesses may trap: both sides must be aligned. */
#define QPMAP_COPY_ALIGNED	1
#define QPMAP_OPERAND(object)	"r"(&(object))
#define QPMAP_LOAD_4		"lw	%0, 0(%1)"
#define QPMAP_STORE_4		"sw	%1, 0(%0)"
#define QPMAP_STORE_WORD	"sd	%1, 0(%0)"

/* rs1 holds any address in the page, not an encoded operand. */
static inline void
qpmap_tlb_sfence_vma(qpmap_vaddr_t va)
{
	__asm__ volatile("sfence.vma %0, x0" :: "r"(va) : "memory");
}

/* Every address, every ASID, G entries, and tables at every level. */
static inline void
qpmap_tlb_invalidate_all(void)
{
	__asm__ volatile("sfence.vma x0, x0" ::: "memory");
}

/* Hardware may cache an entry with V = 0, and some does. */
static inline void
qpmap_tlb_post_map(qpmap_vaddr_t va)
{
	qpmap_tlb_sfence_vma(va);
}

/*
 * SFENCE.VMA orders this hart's stores before its later walks only.  The FENCE
 * orders accesses through the mapping, to memory or a device, before the clear.
 */
static inline void
qpmap_tlb_pre_unmap(void)
{
	__asm__ volatile("fence iorw, iorw" ::: "memory");
}

static inline void
qpmap_tlb_post_unmap(qpmap_vaddr_t va)
{
	qpmap_tlb_sfence_vma(va);
}

static inline void
qpmap_tlb_post_map_slow(qpmap_vaddr_t va, struct qpmap_pte *ptep,
    qpmap_u32 flags)
{
	(void)ptep;
	if ((flags & QPMAP_F_ERRATUM_CIP_1200) != 0) {
		qpmap_tlb_invalidate_all();
	} else {
		qpmap_tlb_post_map(va);
	}
}

static inline void
qpmap_tlb_pre_unmap_slow(void)
{
	qpmap_tlb_pre_unmap();
}

static inline void
qpmap_tlb_post_unmap_slow(qpmap_vaddr_t va, struct qpmap_pte *ptep,
    qpmap_u32 flags)
{
	(void)ptep;
	if ((flags & QPMAP_F_ERRATUM_CIP_1200) != 0) {
		qpmap_tlb_invalidate_all();
	} else {
		qpmap_tlb_post_unmap(va);
	}
}

static inline void
qpmap_tlb_flush_local(qpmap_u32 flags)
{
	(void)flags;
	qpmap_tlb_invalidate_all();
}

/* A walker of any hart that sees the link sees the table. */
static inline void
qpmap_tlb_pre_link(void *table, qpmap_size_t bytes, qpmap_u32 flags)
{
	(void)table;
	(void)bytes;
	(void)flags;
	__asm__ volatile("fence w, w" ::: "memory");
}

/*
 * "If software modifies a non-leaf PTE, it should execute SFENCE.VMA with
 * rs1=x0": the invalid entry may have been cached.
 */
static inline void
qpmap_tlb_post_link(struct qpmap_pte *link, _Bool in_root,
    const struct qpmap_mmu *mmu, qpmap_u32 flags)
{
	(void)mmu;
	(void)in_root;
	(void)link;
	(void)flags;
	qpmap_tlb_invalidate_all();
}

#if QPMAP_SHOOTDOWN

#define QPMAP_TLB_BROADCASTS		0
#define QPMAP_TLB_CACHES_INVALID	1
#define QPMAP_FLAGS_FIRMWARE		QPMAP_F_SBI_RFENCE

/* Svinval's three instructions, by their fields: older tools lack the names. */
static inline void
qpmap_tlb_sinval_vma(qpmap_vaddr_t va)
{
	__asm__ volatile(".insn r 0x73, 0, 0x0b, x0, %0, x0"
			 :: "r"(va) : "memory");
}

static inline void
qpmap_tlb_sfence_w_inval(void)
{
	__asm__ volatile(".insn r 0x73, 0, 0x0c, x0, x0, x0" ::: "memory");
}

static inline void
qpmap_tlb_sfence_inval_ir(void)
{
	__asm__ volatile(".insn r 0x73, 0, 0x0c, x0, x0, x1" ::: "memory");
}

/* One page needs no batch: SFENCE.VMA does what the three instructions do. */
static inline void
qpmap_tlb_flush_range(qpmap_vaddr_t va, qpmap_size_t page_count,
    qpmap_u32 flags)
{
	_Bool batch = (flags & QPMAP_F_SVINVAL) != 0 && page_count > 1;

	if (page_count > QPMAP_TLB_PAGES ||
	    (flags & QPMAP_F_ERRATUM_CIP_1200) != 0) {
		qpmap_tlb_invalidate_all();
		return;
	}
	if (batch) {
		qpmap_tlb_sfence_w_inval();
	}
	for (; page_count != 0; page_count--) {
		if (batch) {
			qpmap_tlb_sinval_vma(va);
		} else {
			qpmap_tlb_sfence_vma(va);
		}
		va += QPMAP_PAGE_SIZE;
	}
	if (batch) {
		qpmap_tlb_sfence_inval_ir();
	}
}

static inline void
qpmap_tlb_pre_notify(void)
{
	__asm__ volatile("fence rw, rw" ::: "memory");
}

/*
 * RISC-V Supervisor Binary Interface Specification, "RFENCE Extension":
 * Remote SFENCE.VMA.  A size of all ones means every address.
 */
#define qpmap_tlb_firmware qpmap_tlb_firmware
static inline _Bool
qpmap_tlb_firmware(qpmap_uptr mask, qpmap_uptr base,
    qpmap_vaddr_t va, qpmap_size_t page_count, qpmap_u32 flags)
{
	_Bool all = page_count > QPMAP_TLB_PAGES ||
	    (flags & QPMAP_F_ERRATUM_CIP_1200) != 0;
	register qpmap_uptr a0 __asm__("a0") = mask;
	register qpmap_uptr a1 __asm__("a1") = base;
	register qpmap_uptr a2 __asm__("a2") = all ? 0 : va;
	register qpmap_uptr a3 __asm__("a3") =
	    all ? ~(qpmap_uptr)0 : page_count << QPMAP_PAGE_SHIFT;
	register qpmap_uptr a6 __asm__("a6") = QPMAP_SBI_SFENCE_VMA;
	register qpmap_uptr a7 __asm__("a7") = QPMAP_SBI_EID_RFENCE;

	__asm__ volatile("ecall" : "+r"(a0), "+r"(a1)
			 : "r"(a2), "r"(a3), "r"(a6), "r"(a7) : "memory");
	return (a0 == 0);
}

/* PAUSE, a hint: FENCE w, 0. */
static inline void
qpmap_cpu_relax(void)
{
	__asm__ volatile(".insn i 0x0f, 0, x0, x0, 0x010" ::: "memory");
}

#endif /* QPMAP_SHOOTDOWN */

#if QPMAP_RANGE_PAGES

/*
 * After a store as after a clear: SFENCE.VMA for each page, two in a turn, or
 * for everything.  A batch of Svinval would not be shorter.
 */
static inline void
qpmap_tlb_sfence_range(qpmap_vaddr_t va, qpmap_size_t page_count)
{
	qpmap_vaddr_t end = va + page_count * QPMAP_PAGE_SIZE;

	if (page_count > QPMAP_TLB_PAGES) {
		qpmap_tlb_invalidate_all();
		return;
	}
	if ((page_count & 1) != 0) {
		qpmap_tlb_sfence_vma(va);
		va += QPMAP_PAGE_SIZE;
	}
	for (; va != end; va += 2 * QPMAP_PAGE_SIZE) {
		qpmap_tlb_sfence_vma(va);
		qpmap_tlb_sfence_vma(va + QPMAP_PAGE_SIZE);
	}
}

static inline void
qpmap_tlb_post_map_range(qpmap_vaddr_t va, qpmap_size_t page_count)
{
	qpmap_tlb_sfence_range(va, page_count);
}

static inline void
qpmap_tlb_post_unmap_range(qpmap_vaddr_t va, qpmap_size_t page_count)
{
	qpmap_tlb_sfence_range(va, page_count);
}

static inline void
qpmap_tlb_post_unmap_range_slow(qpmap_vaddr_t va, struct qpmap_pte *ptep,
    qpmap_size_t page_count, qpmap_u32 flags)
{
	(void)ptep;
	if ((flags & QPMAP_F_ERRATUM_CIP_1200) != 0) {
		qpmap_tlb_invalidate_all();
	} else {
		qpmap_tlb_sfence_range(va, page_count);
	}
}

static inline void
qpmap_tlb_post_map_range_slow(qpmap_vaddr_t va, struct qpmap_pte *ptep,
    qpmap_size_t page_count, qpmap_u32 flags)
{
	qpmap_tlb_post_unmap_range_slow(va, ptep, page_count, flags);
}

#endif /* QPMAP_RANGE_PAGES */

#include "../generic.h"

#endif /* QPMAP_ARCH_RISCV64_TLB_H */
