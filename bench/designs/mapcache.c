/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Slots of a domain that all its vCPUs share, a small cache of mappings for
 * each vCPU, and translations that are invalidated all at once: the mapcache of
 * Xen on x86-64, map_domain_page() and unmap_domain_page() as they are since
 * Xen 4.3 (xen 03b4fd14aca0), for comparison.  A rendering of our own of what
 * they do.
 *
 * What they do: a page below the direct map's limit has its address there,
 * from which the hole in physical addresses is taken out.  Else, with
 * interrupts off, a vCPU's hash of eight entries is asked: if the
 * last page with that hash is this one, it is still mapped, and is counted.
 * If not, the domain's lock is taken, and from a cursor on the next slot that
 * is not in use; the entry is filled after the lock was let go.  Where there
 * is none the slots that became garbage are free again, the CPU invalidates all
 * translations, and a new epoch begins; each other vCPU whose epoch is an old
 * one makes its CPU invalidate them before it is given a slot, unless that has
 * done so since.  If nothing was garbage a slot that the hash only keeps is
 * taken.  On unmapping the hash keeps the page, and the one that it kept
 * before is cleared and becomes garbage; if that one is still counted, the new
 * one does.
 *
 * Guarantees: fresh after enter, on this CPU; sixteen for each vCPU, in any
 * order; in interrupts; the same page again costs no entry, lock or TLB.
 *
 * Where it differs from ours: nothing is gone after remove.  The entry stays,
 * and with it the page can be read and written, until the vCPU unmaps another
 * page with the same hash, if it ever does.  From then on the translation can
 * still be in the TLB of any CPU that has walked there, until that CPU has
 * invalidated everything: at the domain's next wrap, if its vCPU begins that,
 * else when the vCPU is given a slot the next time.  One that asks for no new
 * page never does.  A lock, bitmaps and entries are shared between vCPUs;
 * the one that wraps looks at all slots, with interrupts off and the lock
 * held; it takes everything else from the TLB, too.  Not in an NMI (it
 * would wait for itself); no memory type; a page that does not exist is
 * mapped; a wrong address is only asserted against.
 *
 * Left out, in its favour: assertions, statistics, the checks and the profile
 * of the lock, the flush clock's overflow.  Against it: CR4 is written twice
 * also where INVPCID would be one instruction.
 */
#include "design.h"

#define MAPCACHE_HASH		8u	/* entries of a vCPU's */
#define MAPCACHE_SLOTS		16u	/* of the domain, for each vCPU */
#define MAPCACHE_BITS		(8u * (unsigned int)sizeof(unsigned long))
#define MAPCACHE_LONGS							\
	(DESIGN_CPUS * MAPCACHE_SLOTS / MAPCACHE_BITS)
#define MAPCACHE_BYTES							\
	((qpmap_vaddr_t)DESIGN_CPUS * MAPCACHE_SLOTS << QPMAP_PAGE_SHIFT)
#define MAPCACHE_ENTRIES	512u	/* of a table of entries */
#define MAPCACHE_SEPARATE	__attribute__((noinline))
#define MAPCACHE_NO_SLOT	0xffffffffu
#define MAPCACHE_NO_MFN		(~(qpmap_uptr)0)
_Static_assert(MAPCACHE_SLOTS <= DESIGN_SLOTS, "there are no such pages");

/* What a hash entry keeps: nothing, or a page and how often it is mapped. */
struct mapcache_hash {
	qpmap_uptr mfn;
	unsigned int slot;
	unsigned int count;
};

struct mapcache_domain {
	unsigned int next;		/* ticket of the lock */
	unsigned int serving;
	unsigned int slots;
	unsigned int cursor;
	unsigned int epoch;
	unsigned int flushed;		/* when it began, by the flush clock */
	unsigned long *inuse;		/* bits beyond the last slot are set */
	unsigned long *garbage;
	qpmap_ptebits_t **tables;
} __attribute__((aligned(128)));

/* vCPUs stay on their CPUs here: what a CPU has of its own is in it, too. */
struct mapcache_vcpu {
	struct mapcache_domain *domain;
	qpmap_uptr guest_table;		/* not 0: a guest runs */
	_Bool is_hvm;			/* which has no mapcache */
	unsigned int epoch;
	unsigned int flushed;		/* the CPU, by the flush clock */
	struct mapcache_hash hash[MAPCACHE_HASH];
} __attribute__((aligned(128)));

static struct mapcache_domain mapcache_domain;
static struct mapcache_vcpu mapcache_vcpus[DESIGN_CPUS];
static unsigned long mapcache_inuse[MAPCACHE_LONGS]
    __attribute__((aligned(128)));
static unsigned long mapcache_garbage[MAPCACHE_LONGS]
    __attribute__((aligned(128)));
static qpmap_ptebits_t *mapcache_tables[DESIGN_CPUS * MAPCACHE_SLOTS /
    MAPCACHE_ENTRIES];
/* It ticks with each CPU that invalidates everything. */
static unsigned int mapcache_clock __attribute__((aligned(128))) = 1;

/* A vCPU whose mapcache all use, while domains are built. */
extern struct mapcache_vcpu *mapcache_override;
struct mapcache_vcpu *mapcache_override;

/* Functions of their own in the kernel. */
void mapcache_lock(struct mapcache_domain *domain);
void mapcache_unlock(struct mapcache_domain *domain);
unsigned int mapcache_next_free(const struct mapcache_domain *domain,
    unsigned int slot);

/* Bits of an address below the hole, above it, and its width: none here. */
extern qpmap_uptr mapcache_low, mapcache_high;
extern unsigned int mapcache_hole;
qpmap_uptr mapcache_low = ~(qpmap_uptr)0, mapcache_high;
unsigned int mapcache_hole;

/* The slots may have been used before: every vCPU is an epoch behind. */
void
mapcache_begin(unsigned int vcpus)
{
	struct mapcache_domain *domain = &mapcache_domain;
	unsigned int i, j;

	domain->next = domain->serving = domain->cursor = 0;
	domain->slots = vcpus * MAPCACHE_SLOTS;
	domain->epoch = 1;
	domain->flushed = mapcache_clock;
	domain->inuse = mapcache_inuse;
	domain->garbage = mapcache_garbage;
	domain->tables = mapcache_tables;
	for (i = 0; i < DESIGN_CPUS * MAPCACHE_SLOTS / MAPCACHE_ENTRIES; i++) {
		mapcache_tables[i] = design_place.ptep + i * MAPCACHE_ENTRIES;
	}
	for (i = 0; i < MAPCACHE_LONGS; i++) {
		mapcache_inuse[i] = ~0UL;
		mapcache_garbage[i] = 0;
	}
	for (i = 0; i < domain->slots; i++) {
		mapcache_inuse[i / MAPCACHE_BITS] &=
		    ~(1UL << i % MAPCACHE_BITS);
		design_pte_clear(design_place.ptep + i);
	}
	for (i = 0; i < vcpus; i++) {
		mapcache_vcpus[i].domain = domain;
		mapcache_vcpus[i].guest_table = 1;
		mapcache_vcpus[i].epoch = mapcache_vcpus[i].flushed = 0;
		for (j = 0; j < MAPCACHE_HASH; j++) {
			mapcache_vcpus[i].hash[j] = (struct mapcache_hash){
			    MAPCACHE_NO_MFN, MAPCACHE_NO_SLOT, 0 };
		}
	}
}

/* The slot's number. */
qpmap_uptr
mapcache_page_of(qpmap_paddr_t pa)
{
	return ((qpmap_uptr)(pa >> QPMAP_PAGE_SHIFT));
}

/* The page of an entry. */
static inline qpmap_uptr
mapcache_mfn(qpmap_ptebits_t pte)
{
	return ((pte & 0x000fffffffffffff) >> QPMAP_PAGE_SHIFT);
}

static inline qpmap_ptebits_t *
mapcache_ptep(const struct mapcache_domain *domain, unsigned int slot)
{
	return (&domain->tables[slot / MAPCACHE_ENTRIES]
	    [slot % MAPCACHE_ENTRIES]);
}

/* The vCPU whose mapcache is in use; one that is idle does not occur here. */
static inline struct mapcache_vcpu *
mapcache_current(void)
{
	struct mapcache_vcpu *vcpu = mapcache_override != 0 ?
	    mapcache_override : &mapcache_vcpus[DESIGN_CPU->number];

	if (vcpu->guest_table == 0 && !vcpu->is_hvm) {
		design_bug();
	}
	return (vcpu);
}

MAPCACHE_SEPARATE void
mapcache_lock(struct mapcache_domain *domain)
{
	unsigned int mine = __atomic_fetch_add(&domain->next, 1,
	    __ATOMIC_RELAXED);

	while (__atomic_load_n(&domain->serving, __ATOMIC_ACQUIRE) != mine) {
		design_spin();
	}
	DESIGN_CPU->pinned++;
	design_barrier();
}

MAPCACHE_SEPARATE void
mapcache_unlock(struct mapcache_domain *domain)
{
	design_barrier();
	DESIGN_CPU->pinned--;
	__atomic_store_n(&domain->serving, domain->serving + 1,
	    __ATOMIC_RELEASE);
}

/* The clock ticks first: what is cleared later must not seem invalidated. */
static void
mapcache_flush(struct mapcache_vcpu *vcpu)
{
	unsigned int now = __atomic_add_fetch(&mapcache_clock, 1,
	    __ATOMIC_SEQ_CST);

	design_flush_all();
	vcpu->flushed = now;
}

/* The first slot from that one on which is not in use, or domain->slots. */
MAPCACHE_SEPARATE unsigned int
mapcache_next_free(const struct mapcache_domain *domain, unsigned int slot)
{
	unsigned int i = slot / MAPCACHE_BITS;
	unsigned long unused;

	if (slot >= domain->slots) {
		return (domain->slots);
	}
	unused = ~domain->inuse[i] & ~0UL << slot % MAPCACHE_BITS;
	while (unused == 0) {
		i++;
		if (i * MAPCACHE_BITS >= domain->slots) {
			return (domain->slots);
		}
		unused = ~domain->inuse[i];
	}
	return (i * MAPCACHE_BITS + (unsigned int)__builtin_ctzl(unused));
}

/* A slot that the hash keeps and nobody uses, or domain->slots. */
static unsigned int
mapcache_replace(struct mapcache_vcpu *vcpu, qpmap_uptr mfn)
{
	struct mapcache_hash *hash;
	unsigned int i, slot;

	for (i = 0; i < MAPCACHE_HASH; i++) {
		hash = &vcpu->hash[(mfn + i) % MAPCACHE_HASH];
		slot = hash->slot;
		if (slot != MAPCACHE_NO_SLOT && hash->count == 0) {
			design_pte_clear(mapcache_ptep(vcpu->domain, slot));
			hash->slot = MAPCACHE_NO_SLOT;
			hash->mfn = MAPCACHE_NO_MFN;
			return (slot);
		}
	}
	return (vcpu->domain->slots);
}

/*
 * There is none from the cursor on.  First the garbage is collected, then
 * everything is invalidated: what is cleared in between stays garbage.
 */
static unsigned int
mapcache_wrap(struct mapcache_vcpu *vcpu, qpmap_uptr mfn)
{
	struct mapcache_domain *domain = vcpu->domain;
	unsigned long unused = 0;
	unsigned int i, slot;

	for (i = 0; i * MAPCACHE_BITS < domain->slots; i++) {
		domain->inuse[i] &= ~__atomic_exchange_n(&domain->garbage[i],
		    0, __ATOMIC_ACQ_REL);
		unused |= ~domain->inuse[i];
	}
	slot = unused != 0 ? mapcache_next_free(domain, 0) :
	    mapcache_replace(vcpu, mfn);
	if (slot >= domain->slots) {
		design_bug();
	}
	mapcache_flush(vcpu);
	vcpu->epoch = ++domain->epoch;
	domain->flushed = mapcache_clock;
	return (slot);
}

static inline unsigned int
mapcache_take(struct mapcache_vcpu *vcpu, qpmap_uptr mfn)
{
	struct mapcache_domain *domain = vcpu->domain;
	unsigned int slot;

	mapcache_lock(domain);
	if (vcpu->epoch != domain->epoch) {
		vcpu->epoch = domain->epoch;
		if ((int)(vcpu->flushed - domain->flushed) <= 0) {
			mapcache_flush(vcpu);
		}
	}
	slot = mapcache_next_free(domain, domain->cursor);
	if (slot >= domain->slots) {
		slot = mapcache_wrap(vcpu, mfn);
	}
	(void)__atomic_fetch_or(&domain->inuse[slot / MAPCACHE_BITS],
	    1UL << slot % MAPCACHE_BITS, __ATOMIC_RELAXED);
	domain->cursor = slot + 1;
	mapcache_unlock(domain);
	return (slot);
}

static inline qpmap_vaddr_t
mapcache_direct(qpmap_uptr mfn)
{
	qpmap_uptr pa = mfn << QPMAP_PAGE_SHIFT;

	return (design_direct_base + ((pa & mapcache_low) |
	    (pa & mapcache_high) >> mapcache_hole));
}

qpmap_vaddr_t
mapcache_enter(qpmap_uptr mfn)
{
	struct mapcache_vcpu *vcpu;
	struct mapcache_hash *hash;
	qpmap_uptr flags;
	unsigned int slot;

	if (mfn << QPMAP_PAGE_SHIFT < design_direct_limit) {
		return (mapcache_direct(mfn));
	}
	vcpu = mapcache_current();
	if (vcpu->is_hvm || vcpu->domain->tables == 0) {
		return (mapcache_direct(mfn));
	}
	flags = design_interrupts_off();
	hash = &vcpu->hash[mfn % MAPCACHE_HASH];
	if (hash->mfn == mfn) {
		hash->count++;
		slot = hash->slot;
	} else {
		slot = mapcache_take(vcpu, mfn);
		design_pte_store(mapcache_ptep(vcpu->domain, slot),
		    design_pte((qpmap_paddr_t)mfn << QPMAP_PAGE_SHIFT,
		    design_place.bits));
	}
	design_interrupts_restore(flags);
	return (design_place.va + ((qpmap_vaddr_t)slot << QPMAP_PAGE_SHIFT));
}

/* The entry goes first: the slot may be another's as soon as it is garbage. */
static inline void
mapcache_discard(struct mapcache_domain *domain, unsigned int slot)
{
	design_pte_clear(mapcache_ptep(domain, slot));
	(void)__atomic_fetch_or(&domain->garbage[slot / MAPCACHE_BITS],
	    1UL << slot % MAPCACHE_BITS, __ATOMIC_RELEASE);
}

void
mapcache_remove(qpmap_vaddr_t va)
{
	struct mapcache_vcpu *vcpu;
	qpmap_vaddr_t offset = va - design_place.va;
	struct mapcache_hash *hash;
	qpmap_uptr flags, mfn;
	unsigned int slot;

	if (offset >= MAPCACHE_BYTES) {
		return;
	}
	vcpu = mapcache_current();
	slot = (unsigned int)(offset >> QPMAP_PAGE_SHIFT);
	mfn = mapcache_mfn(design_pte_load(mapcache_ptep(vcpu->domain, slot)));
	hash = &vcpu->hash[mfn % MAPCACHE_HASH];
	flags = design_interrupts_off();
	if (hash->slot == slot) {
		hash->count--;
	} else if (hash->count == 0) {
		if (hash->slot != MAPCACHE_NO_SLOT) {
			mapcache_discard(vcpu->domain, hash->slot);
		}
		hash->mfn = mfn;
		hash->slot = slot;
	} else {
		mapcache_discard(vcpu->domain, slot);
	}
	design_interrupts_restore(flags);
}
