/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A stack of slots for each thread, in the address range of the CPU it runs
 * on, saved and restored when another thread runs: Linux's kmap_local_page()
 * and kunmap_local() on i386 with CONFIG_HIGHMEM and without
 * CONFIG_PREEMPTION, as since 5.11 (mm/highmem.c), for comparison.  A rendering
 * of our own of what they do.
 *
 * What they do: a page that is not highmem has its address in the direct map.
 * Else: the thread is pinned to its CPU and, for a moment, not preempted; its
 * count of slots gives, with the CPU's number, address and entry; the entry
 * must be empty; it is filled, and kept in the thread, too.  On unmapping the
 * address must be that of the newest slot; the entry is cleared, and this CPU
 * invalidates it.  When the thread is switched out, all its slots are cleared
 * and invalidated, and filled again when it is switched in.
 *
 * Guarantees: fresh after enter and gone after remove, on this CPU; sixteen
 * deep; in interrupts, too.  What it does more than ours: the thread stays
 * preemptible and may sleep with pages mapped; that is what the second copy
 * of the entry, and the two counters of migrate_disable(), are for.
 *
 * Where it differs: the slot is counted before it is filled and after it is
 * cleared, as ours; the memory type is the caller's protection, unchecked
 * (kmap_local_page_prot()); a wrong address is a warning, a page that does not
 * exist is mapped.
 *
 * Left out, in its favour: the test on letting preemption go, which
 * CONFIG_PREEMPTION adds, paravirtualised stores, the statistics of the flush
 * and what page-table isolation adds to it, the checks of pfn_pte(), the frame
 * pointers.  In Linux addresses descend; a CPU's entries begin a cache line
 * here.
 */
#include "design.h"

#define KMAP_ZONE_SHIFT	(sizeof(qpmap_uptr) * 8 - 2)
#define KMAP_HIGHMEM	2u
#define KMAP_BYTES	((qpmap_vaddr_t)DESIGN_CPUS * DESIGN_SLOTS <<	\
	QPMAP_PAGE_SHIFT)

/* As struct page: its flags come first, and name its zone. */
struct kmap_page {
	qpmap_uptr flags;
	qpmap_uptr rest[7];
};

#define KMAP_HARDIRQ	0x000f0000u	/* of the counter of preemption */
#define KMAP_SEPARATE	__attribute__((noinline))

static struct kmap_page kmap_page;
/* Where the array of all pages would begin, for kmap_page to be in it. */
extern qpmap_uptr kmap_pages;
qpmap_uptr kmap_pages;

/* Functions of their own in the kernel. */
void kmap_migrate_disable(void);
void kmap_migrate_enable(void);
void kmap_flush(qpmap_vaddr_t va);
qpmap_vaddr_t kmap_page_address(qpmap_uptr page);
qpmap_vaddr_t kmap_enter_pfn(qpmap_uptr pfn, qpmap_ptebits_t bits);

qpmap_uptr
kmap_page_of(qpmap_paddr_t pa)
{
	kmap_page.flags = (qpmap_uptr)(pa < design_direct_limit ? 0 :
	    KMAP_HIGHMEM) << KMAP_ZONE_SHIFT;
	kmap_pages = (qpmap_uptr)&kmap_page -
	    (qpmap_uptr)(pa >> QPMAP_PAGE_SHIFT) * sizeof(kmap_page);
	return ((qpmap_uptr)&kmap_page);
}

KMAP_SEPARATE void
kmap_migrate_disable(void)
{
	struct design_thread *thread = DESIGN_CPU->thread;

	if (thread->migrate != 0) {
		thread->migrate++;
		return;
	}
	thread->preempt++;
	design_barrier();
	DESIGN_CPU->pinned++;
	thread->migrate = 1;
	design_barrier();
	thread->preempt--;
}

KMAP_SEPARATE void
kmap_migrate_enable(void)
{
	struct design_thread *thread = DESIGN_CPU->thread;

	if (thread->migrate > 1) {
		thread->migrate--;
		return;
	}
	if (thread->migrate == 0) {
		design_bug();
	}
	thread->preempt++;
	design_barrier();
	thread->migrate = 0;
	DESIGN_CPU->pinned--;
	design_barrier();
	thread->preempt--;
}

KMAP_SEPARATE void
kmap_flush(qpmap_vaddr_t va)
{
	design_flush(va);
}

static inline _Bool
kmap_is_highmem(qpmap_uptr page)
{
	return (((const struct kmap_page *)page)->flags >> KMAP_ZONE_SHIFT ==
	    KMAP_HIGHMEM);
}

static inline qpmap_uptr
kmap_pfn(qpmap_uptr page)
{
	return ((page - kmap_pages) / sizeof(struct kmap_page));
}

/* Of a page that may be highmem, and permanently mapped: here it is not. */
KMAP_SEPARATE qpmap_vaddr_t
kmap_page_address(qpmap_uptr page)
{
	if (kmap_is_highmem(page)) {
		return (0);
	}
	return (design_direct_base + (kmap_pfn(page) << QPMAP_PAGE_SHIFT));
}

/* Of the thread's slot number i, on this CPU: its number among all. */
static inline unsigned int
kmap_index(int i)
{
	return ((unsigned int)i + DESIGN_SLOTS * DESIGN_CPU->number);
}

static inline qpmap_vaddr_t
kmap_address(unsigned int index)
{
	return (design_place.va + ((qpmap_vaddr_t)index << QPMAP_PAGE_SHIFT));
}

KMAP_SEPARATE qpmap_vaddr_t
kmap_enter_pfn(qpmap_uptr pfn, qpmap_ptebits_t bits)
{
	struct design_thread *thread = DESIGN_CPU->thread;
	qpmap_ptebits_t *ptep;
	unsigned int index;
	qpmap_vaddr_t va;
	int i;

	kmap_migrate_disable();
	thread->preempt++;
	design_barrier();
	/* Interrupts must be off in a hard interrupt. */
	if ((thread->preempt & KMAP_HARDIRQ) != 0) {
		design_bug();
	}
	i = thread->slot_count++;
	if (thread->slot_count > DESIGN_SLOTS) {
		design_bug();
	}
	index = kmap_index(i);
	va = kmap_address(index);
	ptep = design_place.ptep + index;
	if (design_pte_load(ptep) != 0) {
		design_bug();
	}
	bits = design_pte((qpmap_paddr_t)pfn << QPMAP_PAGE_SHIFT, bits);
	design_pte_store(ptep, bits);
	design_barrier();
	thread->ptep[i] = bits;
	design_barrier();
	thread->preempt--;
	return (va);
}

qpmap_vaddr_t
kmap_enter(qpmap_uptr page)
{
	if (!kmap_is_highmem(page)) {
		return (kmap_page_address(page));
	}
	return (kmap_enter_pfn(kmap_pfn(page), design_place.bits));
}

void
kmap_remove(qpmap_vaddr_t va)
{
	struct design_thread *thread = DESIGN_CPU->thread;
	qpmap_vaddr_t page = va >> QPMAP_PAGE_SHIFT << QPMAP_PAGE_SHIFT;
	unsigned int index;
	int i;

	if (page - design_place.va >= KMAP_BYTES) {
		return;
	}
	thread->preempt++;
	design_barrier();
	i = thread->slot_count - 1;
	index = kmap_index(i);
	if (page != kmap_address(index)) {
		design_bug();
	}
	design_pte_clear(design_place.ptep + index);
	kmap_flush(page);
	thread->ptep[i] = 0;
	thread->slot_count--;
	if (thread->slot_count < 0) {
		design_bug();
	}
	design_barrier();
	thread->preempt--;
	kmap_migrate_enable();
}

/* The thread is about to lose the CPU; the scheduler has slot_count tested. */
void
kmap_switch_out(void)
{
	struct design_thread *thread = DESIGN_CPU->thread;
	unsigned int index;
	int i;

	for (i = 0; i < thread->slot_count; i++) {
		if (thread->ptep[i] == 0) {
			design_bug();
		}
		index = kmap_index(i);
		design_pte_clear(design_place.ptep + index);
		kmap_flush(kmap_address(index));
	}
}

/* It has it again. */
void
kmap_switch_in(void)
{
	struct design_thread *thread = DESIGN_CPU->thread;
	unsigned int index;
	int i;

	for (i = 0; i < thread->slot_count; i++) {
		if (thread->ptep[i] == 0) {
			design_bug();
		}
		index = kmap_index(i);
		design_pte_store(design_place.ptep + index, thread->ptep[i]);
		design_barrier();
	}
}
