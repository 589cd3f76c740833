/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * FreeBSD/i386's pmap_quick_enter_page() and pmap_quick_remove_page(), as they
 * were before FreeBSD 13 called them through a table of functions, for
 * comparison: a rendering of our own of what they do, for the counts only.
 *
 * What they do: one slot per CPU, at an address kept in the CPU's data; its
 * entry found through the recursive mapping of the page tables; a critical
 * section (a counter in the current thread) from enter to remove; the page's
 * cache mode looked up in a table of PAT indices; INVLPG on enter.
 *
 * Guarantees: fresh after enter, on this CPU.  One page at a time on a CPU: an
 * interrupt may not enter another.  After remove the old translation may stay.
 * The slots of several CPUs are in one cache line of entries.
 *
 * Left out, in their favour: KASSERTs, the bounds check of the cache mode,
 * the look at td_owepreempt on leaving the critical section.  They do not
 * invalidate on remove, set no NX, refuse nothing, and with PAE store the
 * entry as one C assignment, whose halves the compiler may order as it likes.
 */
#include <qpmap/types.h>

#define FREEBSD_PTMAP	(QPMAP_PAE ? 0xff800000u : 0xffc00000u)
#define FREEBSD_PG_V	0x001u
#define FREEBSD_PG_RW	0x002u
#define FREEBSD_PG_PWT	0x008u
#define FREEBSD_PG_PCD	0x010u
#define FREEBSD_PG_A	0x020u
#define FREEBSD_PG_M	0x040u
#define FREEBSD_PG_PAT	0x080u

struct freebsd_thread {
	unsigned int critnest;
} __attribute__((aligned(128)));

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
	struct freebsd_thread *curthread;
	qpmap_vaddr_t qmap_addr;
};
#define FREEBSD_PCPU							\
	((struct freebsd_pcpu __attribute__((address_space(256))) *)0)

void freebsd_init(unsigned int number, qpmap_vaddr_t qmap_addr);
qpmap_uptr freebsd_page_of(qpmap_paddr_t phys_addr);
qpmap_vaddr_t freebsd_quick_enter_page(struct freebsd_page *m);
void freebsd_quick_remove_page(qpmap_vaddr_t kva);

static struct freebsd_page freebsd_page;
static struct freebsd_thread freebsd_threads[64];
/* By cache mode: 0 UC, 1 WC, 4 WT, 5 WP, 6 WB, 7 UC-. */
static volatile int freebsd_pat_index[8] = { 3, 6, -1, -1, 1, 5, 0, 2 };

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
	int index = freebsd_pat_index[mode];
	unsigned int bits = 0;

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

qpmap_vaddr_t
freebsd_quick_enter_page(struct freebsd_page *m)
{
	qpmap_vaddr_t qaddr;

	FREEBSD_PCPU->curthread->critnest++;
	__asm__ volatile("" ::: "memory");
	qaddr = FREEBSD_PCPU->qmap_addr;
	*freebsd_vtopte(qaddr) = FREEBSD_PG_V | FREEBSD_PG_RW | m->phys_addr |
	    FREEBSD_PG_A | FREEBSD_PG_M | freebsd_cache_bits(m->pat_mode);
	__asm__ volatile("invlpg (%0)" :: "r"(qaddr) : "memory");
	return (qaddr);
}

void
freebsd_quick_remove_page(qpmap_vaddr_t kva)
{
	(void)kva;
	*freebsd_vtopte(FREEBSD_PCPU->qmap_addr) = 0;
	__asm__ volatile("" ::: "memory");
	FREEBSD_PCPU->curthread->critnest--;
}
