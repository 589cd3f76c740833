/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One slot for all CPUs, under a spin lock, and only for pages outside the
 * direct map: FreeBSD/amd64's pmap_quick_enter_page() and
 * pmap_quick_remove_page(), for comparison.  A rendering of our own of what
 * they do.
 *
 * What they do: a page below the direct map's limit has its address there.
 * For any other: a spin lock (interrupts off with the first that a thread
 * takes, a critical section, compare and exchange of the owner); the entry
 * filled with the page's cache mode; on remove the address compared with the
 * slot's, the entry cleared, this CPU's translation invalidated, the lock let
 * go unless it is recursed.
 *
 * Guarantees: fresh after enter and gone after remove, on this CPU.
 *
 * Where it differs from ours: one such page at a time in the whole machine,
 * the others wait, with interrupts off; no second page on the same CPU, so
 * none in an NMI (the lock recurses, but for kernels with assertions, and the
 * slot would be filled anew under its holder); interrupts stay off as long as
 * the page is used; on x86 another CPU that walked the slot's address
 * speculatively keeps what it found; no check of the address, a wrong one at
 * remove is ignored, no NX.  Since FreeBSD 14 the slot is invalidated on
 * enter, not on remove.  FreeBSD has it on amd64 alone; the other
 * architectures have its lock, and what their TLBs need.
 *
 * Left out, in its favour: KASSERTs, functions of its own for lock and cache
 * mode, the computation of the entry's address, the look at an owed
 * preemption on leaving the critical section.
 */
#include "design.h"

/* A page: its address, and its cache mode further down. */
struct global_page {
	void *links[6];
	qpmap_paddr_t phys_addr;
	unsigned int cache_mode;
};

static struct global_page global_page;
qpmap_paddr_t global_direct_limit;
static qpmap_vaddr_t global_direct_va;
/* What a cache mode adds to the entry; all that is mapped here is mode 6. */
static volatile qpmap_ptebits_t global_cache_bits[8];

static struct {
	qpmap_uptr owner;		/* a thread, or 0 */
	unsigned int recursed;
} __attribute__((aligned(128))) global_lock;

qpmap_uptr
global_page_of(qpmap_paddr_t pa)
{
	global_page.phys_addr = pa;
	global_page.cache_mode = 6;
	return ((qpmap_uptr)&global_page);
}

static inline void
global_lock_take(void)
{
	struct design_thread *thread = DESIGN_CPU->thread;
	qpmap_uptr flags, owner = 0;

	if (thread->spin_depth == 0) {
		flags = design_interrupts_off();
		thread->spin_depth = 1;
		thread->spin_flags = flags;
		thread->preempt++;
	} else {
		thread->spin_depth++;
	}
	while (!__atomic_compare_exchange_n(&global_lock.owner, &owner,
	    (qpmap_uptr)thread, 0, __ATOMIC_ACQUIRE,
	    __ATOMIC_RELAXED)) {
		while (__atomic_load_n(&global_lock.owner,
		    __ATOMIC_RELAXED) != 0) {
			design_spin();
		}
		owner = 0;
	}
}

static inline void
global_lock_release(void)
{
	struct design_thread *thread = DESIGN_CPU->thread;
	qpmap_uptr flags = thread->spin_flags;

	if (global_lock.recursed != 0) {
		global_lock.recursed--;
	} else {
		__atomic_store_n(&global_lock.owner, 0, __ATOMIC_RELEASE);
	}
	thread->spin_depth--;
	if (thread->spin_depth == 0) {
		thread->preempt--;
		design_interrupts_restore(flags);
	}
}

qpmap_vaddr_t
global_enter(qpmap_uptr page)
{
	const struct global_page *m = (const struct global_page *)page;
	qpmap_paddr_t pa = m->phys_addr;
	qpmap_vaddr_t va;

	if (pa < global_direct_limit) {
		return (global_direct_va + (qpmap_vaddr_t)pa);
	}
	global_lock_take();
	va = design_place.va;
	design_pte_store(design_place.ptep, design_pte(pa,
	    design_place.bits | global_cache_bits[m->cache_mode]));
	design_filled(va);
	return (va);
}

void
global_remove(qpmap_vaddr_t va)
{
	if (va != design_place.va) {
		return;
	}
	design_pte_clear(design_place.ptep);
	design_flush_others(va);
	global_lock_release();
}
