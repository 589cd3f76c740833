/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * riscv64: stores to entries, and what makes the TLB follow them.
 *
 *	fill		store the entry
 *			SFENCE.VMA va, x0	this hart may have cached that
 *						it was invalid
 *	remove		FENCE iorw, iorw	accesses through it are complete
 *			clear the entry
 *			SFENCE.VMA va, x0	the store is before what this
 *						hart walks from here on, and
 *						it forgets the page
 *
 *	link a table	FENCE w, w		the table before the link
 *			store the link
 *			SFENCE.VMA x0, x0	on every hart: the form with an
 *						address orders leaves only
 *
 *	shot down	on each hart: SFENCE.VMA va, x0 for each page; or, as
 *			one batch, SFENCE.W.INVAL, SINVAL.VMA for each page,
 *			SFENCE.INVAL.IR; for many, SFENCE.VMA x0, x0
 *
 * rs2 is x0 itself, always: with any other register, also one that holds 0,
 * global entries stay.  RISC-V Privileged Architecture (Volume II),
 * "Supervisor Memory-Management Fence Instruction": "An implicit read of the
 * memory-management data structures may return any translation for an address
 * that was valid at any time since the most recent SFENCE.VMA that subsumes
 * that address."
 *
 * Special: no memory type, since every remove has the FENCE; on SiFive cores
 * with CIP-1200 each SFENCE.VMA va, x0 is an SFENCE.VMA x0, x0.
 */
#ifndef QPMAP_ARCH_RISCV64_TLB_H
#define QPMAP_ARCH_RISCV64_TLB_H

#define QPMAP_KEEPS_ADDRESSES 1

#define QPMAP_FLAGS_SPECIAL QPMAP_ERRATUM_CIP_1200
#define QPMAP_FLAGS_ARCH (QPMAP_SVPBMT | QPMAP_FLAGS_SPECIAL |		\
	(QPMAP_SHOOTDOWN ? QPMAP_SVINVAL | QPMAP_SBI_RFENCE : 0))

#define QPMAP_SBI_EID_RFENCE	0x52464e43u
#define QPMAP_SBI_SFENCE_VMA	1u

static inline _Bool
qpmap_slot_is_empty(const struct qpmap_pte *slot)
{
	return (*(const volatile qpmap_ptebits_t *)&slot->bits == 0);
}

static inline struct qpmap_pte
qpmap_slot_load(const struct qpmap_pte *slot)
{
	return ((struct qpmap_pte){
	    *(const volatile qpmap_ptebits_t *)&slot->bits });
}

/* One aligned 64-bit store: a walker sees the old entry or the new one. */
static inline void
qpmap_slot_fill(struct qpmap_pte *slot, struct qpmap_pte pte)
{
	*(volatile qpmap_ptebits_t *)&slot->bits = pte.bits;
}

/* One aligned 64-bit store, of zero. */
static inline void
qpmap_slot_clear(struct qpmap_pte *slot)
{
	*(volatile qpmap_ptebits_t *)&slot->bits = 0;
}

/* rs1 takes an address, not an operand word: the page that holds va. */
static inline void
qpmap_tlb_sfence_vma(qpmap_vaddr_t va)
{
	__asm__ volatile("sfence.vma %0, x0" :: "r"(va) : "memory");
}

/* Every address, every ASID, global entries, and tables at every level. */
static inline void
qpmap_tlb_invalidate_all(void)
{
	__asm__ volatile("sfence.vma x0, x0" ::: "memory");
}

/* Caching an entry with V = 0 is allowed, and hardware does it. */
static inline void
qpmap_tlb_filled(qpmap_vaddr_t va)
{
	qpmap_tlb_sfence_vma(va);
}

/* SFENCE.VMA does not order accesses with each other; devices count too. */
static inline void
qpmap_tlb_emptying(void)
{
	__asm__ volatile("fence iorw, iorw" ::: "memory");
}

static inline void
qpmap_tlb_emptied(qpmap_vaddr_t va)
{
	qpmap_tlb_sfence_vma(va);
}

static inline void
qpmap_tlb_filled_special(qpmap_vaddr_t va, struct qpmap_pte *slot,
    __UINT32_TYPE__ flags)
{
	(void)slot;
	if ((flags & QPMAP_ERRATUM_CIP_1200) != 0) {
		qpmap_tlb_invalidate_all();
	} else {
		qpmap_tlb_filled(va);
	}
}

static inline void
qpmap_tlb_emptying_special(void)
{
	qpmap_tlb_emptying();
}

static inline void
qpmap_tlb_emptied_special(qpmap_vaddr_t va, struct qpmap_pte *slot,
    __UINT32_TYPE__ flags)
{
	(void)slot;
	if ((flags & QPMAP_ERRATUM_CIP_1200) != 0) {
		qpmap_tlb_invalidate_all();
	} else {
		qpmap_tlb_emptied(va);
	}
}

static inline void
qpmap_tlb_online(__UINT32_TYPE__ flags)
{
	(void)flags;
	qpmap_tlb_invalidate_all();
}

/* Another hart's walker, too, finds the table complete behind its link. */
static inline void
qpmap_tlb_linking(void *table, qpmap_size_t bytes, __UINT32_TYPE__ flags)
{
	(void)table;
	(void)bytes;
	(void)flags;
	__asm__ volatile("fence w, w" ::: "memory");
}

/*
 * "If software modifies a non-leaf PTE, it should execute SFENCE.VMA with
 * rs1=x0": that it was invalid may have been cached.
 */
static inline void
qpmap_tlb_linked(struct qpmap_pte *link, _Bool in_root,
    const struct qpmap_mmu *mmu, __UINT32_TYPE__ flags)
{
	(void)mmu;
	(void)in_root;
	(void)link;
	(void)flags;
	qpmap_tlb_invalidate_all();
}

#if QPMAP_SHOOTDOWN

#define QPMAP_TLB_BROADCASTS	0
#define QPMAP_TLB_KEEPS_EMPTY	1
#define QPMAP_FLAGS_FIRMWARE	QPMAP_SBI_RFENCE

/* More pages than these: a fence for everything is cheaper. */
#define QPMAP_TLB_PAGES		32

/* Svinval's three instructions, spelt by their fields, as older tools need. */
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

/* The FENCE of the shootdown comes before anything else. */
static inline void
qpmap_tlb_cleared(struct qpmap_pte *slot, __UINT32_TYPE__ flags)
{
	(void)slot;
	(void)flags;
	__asm__ volatile("" ::: "memory");
}

/* One page needs no batch: SFENCE.VMA is all three instructions in one. */
static inline void
qpmap_tlb_shot_down(qpmap_vaddr_t va, qpmap_size_t page_count,
    __UINT32_TYPE__ flags)
{
	_Bool batch = (flags & QPMAP_SVINVAL) != 0 && page_count > 1;

	if (page_count > QPMAP_TLB_PAGES ||
	    (flags & QPMAP_ERRATUM_CIP_1200) != 0) {
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
qpmap_tlb_sending(void)
{
	__asm__ volatile("fence rw, rw" ::: "memory");
}

/*
 * RISC-V Supervisor Binary Interface Specification, "RFENCE Extension":
 * Remote SFENCE.VMA.  A size of all ones means every address.
 */
static inline _Bool
qpmap_tlb_firmware(__UINTPTR_TYPE__ mask, __UINTPTR_TYPE__ base,
    qpmap_vaddr_t va, qpmap_size_t page_count, __UINT32_TYPE__ flags)
{
	_Bool all = page_count > QPMAP_TLB_PAGES ||
	    (flags & QPMAP_ERRATUM_CIP_1200) != 0;
	register __UINTPTR_TYPE__ a0 __asm__("a0") = mask;
	register __UINTPTR_TYPE__ a1 __asm__("a1") = base;
	register __UINTPTR_TYPE__ a2 __asm__("a2") = all ? 0 : va;
	register __UINTPTR_TYPE__ a3 __asm__("a3") =
	    all ? ~(__UINTPTR_TYPE__)0 : page_count << QPMAP_PAGE_SHIFT;
	register __UINTPTR_TYPE__ a6 __asm__("a6") = QPMAP_SBI_SFENCE_VMA;
	register __UINTPTR_TYPE__ a7 __asm__("a7") = QPMAP_SBI_EID_RFENCE;

	__asm__ volatile("ecall" : "+r"(a0), "+r"(a1)
			 : "r"(a2), "r"(a3), "r"(a6), "r"(a7) : "memory");
	return (a0 == 0);
}

/* PAUSE, a hint: FENCE w, 0. */
static inline void
qpmap_spinning(void)
{
	__asm__ volatile(".insn i 0x0f, 0, x0, x0, 0x010" ::: "memory");
}

#endif /* QPMAP_SHOOTDOWN */

#endif /* QPMAP_ARCH_RISCV64_TLB_H */
