/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * FreeBSD/i386's pmap_quick_enter_page() and pmap_quick_remove_page(), for
 * comparison: a rendering of our own of what they do, for the counts only.  As
 * they were before FreeBSD 13 split the pmap in two, and as since: through a
 * table of functions, which the cache mode's bits also come from.
 *
 * What they do: one slot per CPU, at an address kept in the CPU's data; its
 * entry found through the recursive mapping of the page tables; a critical
 * section (a counter in the current thread) from enter to remove, and at its
 * end a look for an owed preemption; the page's cache mode, of which an unknown
 * one is a panic, looked up in a table of PAT indices; INVLPG on enter.
 *
 * Guarantees: fresh after enter, on this CPU.  One page at a time on a CPU: an
 * interrupt may not enter another.  After remove the old translation may stay.
 * The slots of several CPUs are in one cache line of entries.
 *
 * Left out, in their favour: KASSERTs, frame pointers.  They do not invalidate
 * on remove, set no NX, check no address, and with PAE store the entry as one C
 * assignment, whose halves the compiler may order as it likes.
 */
#include "design.h"

#define FREEBSD_PTMAP	(QPMAP_PAE ? 0xff800000u : 0xffc00000u)
#define FREEBSD_PG_V	0x001u
#define FREEBSD_PG_RW	0x002u
#define FREEBSD_PG_PWT	0x008u
#define FREEBSD_PG_PCD	0x010u
#define FREEBSD_PG_A	0x020u
#define FREEBSD_PG_M	0x040u
#define FREEBSD_PG_PAT	0x080u

/* A page: its address, and its cache mode further down. */
struct freebsd_page {
	void *links[6];
	qpmap_paddr_t phys_addr;
	int pat_mode;
};

/*
 * The CPU's data, in the part of its first cache line, behind GS, that the
 * guest does not use.
 */
struct freebsd_pcpu {
	char guest[32];
	struct design_thread *curthread;
	qpmap_vaddr_t qmap_addr;
};
#define FREEBSD_PCPU ((struct freebsd_pcpu GUEST_GS *)0)

/* The functions of the one pmap or the other, with PAE or without. */
struct freebsd_methods {
	qpmap_vaddr_t (*quick_enter_page)(struct freebsd_page *m);
	void (*quick_remove_page)(qpmap_vaddr_t kva);
	unsigned int (*cache_bits)(int mode);
};

void freebsd_init(unsigned int number, qpmap_vaddr_t qmap_addr);
qpmap_uptr freebsd_page_of(qpmap_paddr_t phys_addr);
qpmap_vaddr_t freebsd_enter(struct freebsd_page *m);
void freebsd_remove(qpmap_vaddr_t kva);
qpmap_vaddr_t freebsd_table_enter(struct freebsd_page *m);
void freebsd_table_remove(qpmap_vaddr_t kva);
extern const struct freebsd_methods *freebsd_methods;
extern int freebsd_pat_index[8];

static struct freebsd_page freebsd_page;
static struct design_thread freebsd_threads[DESIGN_CPUS];
/* By cache mode: 0 UC, 1 WC, 4 WT, 5 WP, 6 WB, 7 UC-. */
int freebsd_pat_index[8] = { 3, 6, -1, -1, 1, 5, 0, 2 };

/* The CPU is that number from here on, and has that slot. */
void
freebsd_init(unsigned int number, qpmap_vaddr_t qmap_addr)
{
	FREEBSD_PCPU->curthread = &freebsd_threads[number];
	FREEBSD_PCPU->qmap_addr = qmap_addr;
}

qpmap_uptr
freebsd_page_of(qpmap_paddr_t phys_addr)
{
	freebsd_page.phys_addr = phys_addr;
	freebsd_page.pat_mode = 6;
	return ((qpmap_uptr)&freebsd_page);
}

static inline unsigned int
freebsd_cache_bits(int mode)
{
	unsigned int bits = 0;
	int index;

	if (mode < 0 || mode >= 8 || freebsd_pat_index[mode] < 0) {
		design_bug();
	}
	index = freebsd_pat_index[mode];
	if ((index & 4) != 0) {
		bits |= FREEBSD_PG_PAT;
	}
	if ((index & 2) != 0) {
		bits |= FREEBSD_PG_PCD;
	}
	if ((index & 1) != 0) {
		bits |= FREEBSD_PG_PWT;
	}
	return (bits);
}

static inline qpmap_ptebits_t *
freebsd_vtopte(qpmap_vaddr_t va)
{
	return ((qpmap_ptebits_t *)FREEBSD_PTMAP + (va >> 12));
}

/* The slot is this CPU's until freebsd_unmap(). */
static inline qpmap_vaddr_t
freebsd_pin(void)
{
	FREEBSD_PCPU->curthread->preempt++;
	design_barrier();
	return (FREEBSD_PCPU->qmap_addr);
}

static inline void
freebsd_map(qpmap_vaddr_t qaddr, const struct freebsd_page *m,
    unsigned int cache_bits)
{
	*freebsd_vtopte(qaddr) = FREEBSD_PG_V | FREEBSD_PG_RW | m->phys_addr |
	    FREEBSD_PG_A | FREEBSD_PG_M | cache_bits;
	design_flush(qaddr);
}

static inline void
freebsd_unmap(void)
{
	*freebsd_vtopte(FREEBSD_PCPU->qmap_addr) = 0;
	design_preempt_enable(FREEBSD_PCPU->curthread);
}

qpmap_vaddr_t
freebsd_enter(struct freebsd_page *m)
{
	qpmap_vaddr_t qaddr = freebsd_pin();

	freebsd_map(qaddr, m, freebsd_cache_bits(m->pat_mode));
	return (qaddr);
}

void
freebsd_remove(qpmap_vaddr_t kva)
{
	(void)kva;
	freebsd_unmap();
}

/*
 * The same behind the table.
 */

static unsigned int
freebsd_method_cache_bits(int mode)
{
	return (freebsd_cache_bits(mode));
}

static qpmap_vaddr_t
freebsd_method_enter(struct freebsd_page *m)
{
	qpmap_vaddr_t qaddr = freebsd_pin();

	freebsd_map(qaddr, m, freebsd_methods->cache_bits(m->pat_mode));
	return (qaddr);
}

static void
freebsd_method_remove(qpmap_vaddr_t kva)
{
	(void)kva;
	freebsd_unmap();
}

static const struct freebsd_methods freebsd_methods_here = {
	freebsd_method_enter, freebsd_method_remove, freebsd_method_cache_bits
};
const struct freebsd_methods *freebsd_methods = &freebsd_methods_here;

qpmap_vaddr_t
freebsd_table_enter(struct freebsd_page *m)
{
	return (freebsd_methods->quick_enter_page(m));
}

void
freebsd_table_remove(qpmap_vaddr_t kva)
{
	freebsd_methods->quick_remove_page(kva);
}
