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
#define QPMAP_FLAGS_ARCH (QPMAP_SVPBMT | QPMAP_FLAGS_SPECIAL)

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
    __UINT32_TYPE__ flags)
{
	(void)in_root;
	(void)link;
	(void)flags;
	qpmap_tlb_invalidate_all();
}

#endif /* QPMAP_ARCH_RISCV64_TLB_H */
