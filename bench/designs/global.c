/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One slot for all CPUs, under a spin lock, and only for pages outside the
 * direct map: FreeBSD/amd64's pmap_quick_enter_page() and
 * pmap_quick_remove_page() of 2024 (freebsd-src 1f1b2286fd5a), for comparison.
 * A rendering of our own of what they do.
 *
 * What they do: a page below the direct map's limit has its address there.
 * For any other: a spin lock (interrupts off with the first that a thread
 * takes, a critical section, compare and exchange of the owner); this CPU's
 * translation of the slot invalidated; the entry filled with the page's cache
 * mode, of which an unknown one is a panic.  On remove the address is compared
 * with the slot's, the entry cleared, the lock released unless it is recursed,
 * an owed preemption looked for.
 *
 * Guarantees: fresh after enter, on this CPU.
 *
 * Where it differs from ours: after remove the translation may stay until the
 * next enter; one such page at a time in the whole machine, the others wait,
 * with interrupts off; no second page on the same CPU, so none in an NMI (the
 * lock recurses, but for kernels with assertions, and the slot would be filled
 * anew under its holder); interrupts stay off as long as the page is used; a
 * CPU that walked the slot's address speculatively keeps what it found; no
 * check of the address, a wrong one at remove is ignored, no NX.
 *
 * Left out, in its favour: KASSERTs, what records times of the lock when that
 * is on, the lock's other arguments.
 */
#include "design.h"

#define GLOBAL_SEPARATE __attribute__((noinline))
#define GLOBAL_UNOWNED	((qpmap_uptr)4)

/* A page: its address, and its cache mode further down. */
struct global_page {
	void *links[6];
	qpmap_paddr_t phys_addr;
	int cache_mode;
};

static struct global_page global_page;

/* Functions of their own in the kernel, and what it has in variables. */
void global_interrupts_off(void);
void global_interrupts_on(void);
void global_lock_slow(qpmap_uptr thread, qpmap_uptr owner);
qpmap_ptebits_t global_cache_bits(int type, int mode);
extern qpmap_ptebits_t *global_ptmap;
extern qpmap_uptr global_ptmask;
extern _Bool global_profiled;
extern int global_type, global_pat_index[8];
qpmap_ptebits_t *global_ptmap;
qpmap_uptr global_ptmask;
_Bool global_profiled;
int global_type;
int global_pat_index[8] = { 3, 6, -1, -1, 1, 5, 0, 2 };

static struct {
	qpmap_uptr owner;		/* a thread, or GLOBAL_UNOWNED */
	unsigned int recursed;
} global_lock __attribute__((aligned(128))) = { GLOBAL_UNOWNED, 0 };

qpmap_uptr
global_page_of(qpmap_paddr_t pa)
{
	global_page.phys_addr = pa;
	global_page.cache_mode = 6;
	global_ptmask = ((qpmap_uptr)1 << 36) - 1;
	global_ptmap = design_place.ptep -
	    (design_place.va >> QPMAP_PAGE_SHIFT & global_ptmask);
	return ((qpmap_uptr)&global_page);
}

GLOBAL_SEPARATE void
global_interrupts_off(void)
{
	struct design_thread *thread = DESIGN_CPU->thread;
	qpmap_uptr flags;

	if (thread->spin_depth != 0) {
		thread->spin_depth++;
		return;
	}
	flags = design_interrupts_off();
	thread->spin_depth = 1;
	thread->spin_flags = flags;
	thread->preempt++;
	design_barrier();
}

GLOBAL_SEPARATE void
global_interrupts_on(void)
{
	struct design_thread *thread = DESIGN_CPU->thread;
	qpmap_uptr flags = thread->spin_flags;

	thread->spin_depth--;
	if (thread->spin_depth == 0) {
		design_preempt_enable(thread);
		design_interrupts_restore(flags);
	}
}

GLOBAL_SEPARATE void
global_lock_slow(qpmap_uptr thread, qpmap_uptr owner)
{
	if (owner == thread) {
		global_lock.recursed++;
		return;
	}
	do {
		while (__atomic_load_n(&global_lock.owner,
		    __ATOMIC_RELAXED) != GLOBAL_UNOWNED) {
			design_spin();
		}
		owner = GLOBAL_UNOWNED;
	} while (!__atomic_compare_exchange_n(&global_lock.owner, &owner,
	    thread, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
}

static inline void
global_lock_take(void)
{
	qpmap_uptr thread = (qpmap_uptr)DESIGN_CPU->thread;
	qpmap_uptr owner = GLOBAL_UNOWNED;

	global_interrupts_off();
	if (global_profiled || !__atomic_compare_exchange_n(&global_lock.owner,
	    &owner, thread, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
		global_lock_slow(thread, owner);
	}
}

static inline void
global_lock_release(void)
{
	if (global_lock.recursed != 0) {
		global_lock.recursed--;
	} else {
		if (global_profiled) {
			design_bug();
		}
		__atomic_store_n(&global_lock.owner, GLOBAL_UNOWNED,
		    __ATOMIC_RELEASE);
	}
	global_interrupts_on();
}

/* The PAT's index of a mode, as bits of an entry of such a page table. */
GLOBAL_SEPARATE qpmap_ptebits_t
global_cache_bits(int type, int mode)
{
	qpmap_ptebits_t bits = 0;
	int index;

	if (type != 0 || mode < 0 || mode >= 8 ||
	    global_pat_index[mode] < 0) {
		design_bug();
	}
	index = global_pat_index[mode];
	if ((index & 4) != 0) {
		bits |= 0x80;
	}
	if ((index & 2) != 0) {
		bits |= 0x10;
	}
	if ((index & 1) != 0) {
		bits |= 0x08;
	}
	return (bits);
}

static inline qpmap_ptebits_t *
global_ptep(qpmap_vaddr_t va)
{
	return (global_ptmap + (va >> QPMAP_PAGE_SHIFT & global_ptmask));
}

qpmap_vaddr_t
global_enter(qpmap_uptr page)
{
	const struct global_page *m = (const struct global_page *)page;
	qpmap_paddr_t pa = m->phys_addr;
	qpmap_vaddr_t va;

	if (pa < design_direct_limit) {
		return (design_direct_base + pa);
	}
	global_lock_take();
	va = design_place.va;
	design_flush(va);
	design_pte_store(global_ptep(va), design_pte(pa, design_place.bits |
	    global_cache_bits(global_type, m->cache_mode)));
	return (design_place.va);
}

void
global_remove(qpmap_vaddr_t va)
{
	if (va != design_place.va) {
		return;
	}
	design_pte_clear(global_ptep(va));
	global_lock_release();
}
