/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The simulated machine: memory, TLBs, events, and faults of real accesses.
 *
 * Physical memory is a file that is mapped several times: once for the tests
 * themselves, once for each leaf table (valid for ever), once at a fresh
 * address for each call of qpmap_host_table_address(), and at the windows'
 * own addresses when the core itself loads or stores there.  That last
 * mapping is made by a signal handler, of what this CPU's TLB says.
 */
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "machine.h"

#define FAKE_PAGE	((size_t)1 << QPMAP_PAGE_SHIFT)
#define FAKE_ENTRIES	(1u << QPMAP_TABLE_SHIFT)
#define FAKE_TABLE_BYTES (FAKE_ENTRIES * sizeof(struct qpmap_pte))
#define FAKE_KEYS	((FAKE_WATCHED >> QPMAP_TABLE_SHIFT) + 2 +	\
	(QPMAP_LARGE_SLOTS != 0 ? 128 : 0))
#define FAKE_PENDING	16
#define FAKE_RING	64

enum fake_use {
	FAKE_USE_DATA, FAKE_USE_FREE, FAKE_USE_HOST, FAKE_USE_TAKEN,
	FAKE_USE_LINKABLE, FAKE_USE_LIVE
};

/* What a TLB knows about a page's leaf. */
enum fake_known {
	FAKE_UNKNOWN, FAKE_KNOWN, FAKE_NO_TABLE
};

struct fake_tlb {
	/* Whatever is unknown is one of these pages. */
	unsigned int unknown_first, unknown_end;
	unsigned char known[FAKE_WATCHED];
	struct qpmap_pte leaf[FAKE_WATCHED];
	struct {
		_Bool known;
		struct qpmap_pte entry;
	} upper[FAKE_LEVELS][FAKE_KEYS];
};

/* A leaf entry that is in use, by whom, and whether accesses are under way. */
struct fake_live {
	struct qpmap_pte *ptep;
	unsigned int cpu;	/* FAKE_CPUS: all of them */
	unsigned int depth;	/* of the interrupt that filled it */
	_Bool dirty;
};

struct fake fake;
struct qpmap_cpu fake_cpu[FAKE_CPUS];
#if QPMAP_SHOOTDOWN
struct qpmap_shootdown_state fake_shootdown_memory;
struct qpmap_cpu_sync fake_cpu_sync[FAKE_WINDOWS];
struct qpmap_global fake_global[FAKE_GROUPS];
#endif

static int fake_file = -1;
static unsigned char *fake_base, *fake_leaf_base, *fake_ring_base;
static unsigned int fake_ring_next;
static int fake_ring_page[FAKE_RING];
static enum fake_use fake_use[FAKE_PAGES];
static uint64_t fake_linked_sum[FAKE_PAGES];
static struct fake_tlb fake_tlb[FAKE_CPUS][FAKE_CONTEXTS];
/* Slots that were cleared, which walkers do not know yet; their entries. */
static struct {
	const struct qpmap_pte *ptep;	/* in fake_base */
	struct qpmap_pte entry;
} fake_pending[FAKE_PENDING];
static unsigned int fake_pending_count;
static qpmap_vaddr_t fake_watch_va;
static unsigned int fake_watch_pages;
static unsigned int fake_watch_small;	/* the first ones: not pieces */
static struct fake_live fake_live[FAKE_WATCHED];
static unsigned int fake_live_count;
/* Pages of the window that are really mapped: 1 to read, 2 to write. */
static unsigned char fake_shown[FAKE_REACH_PAGES];
static unsigned int fake_shown_count;

/* Memory. */

int
fake_page_number(qpmap_paddr_t pa)
{
	if (pa < FAKE_PA || pa >= FAKE_PA + FAKE_PAGES * FAKE_PAGE) {
		return (-1);
	}
	return ((int)((pa - FAKE_PA) / FAKE_PAGE));
}

qpmap_paddr_t
fake_page(unsigned int n)
{
	return (FAKE_PA + n * FAKE_PAGE);
}

unsigned char *
fake_memory(qpmap_paddr_t pa)
{
	assert_true(fake_page_number(pa) >= 0);
	return (fake_base + (pa - FAKE_PA));
}

static uint64_t
fake_sum(const unsigned char *bytes, size_t count)
{
	_Static_assert(FAKE_TABLE_BYTES % 32 == 0 && FAKE_PAGE % 32 == 0, "");
	uint64_t sum[4] = { 1, 2, 3, 4 };
	uint64_t word[4];
	size_t i;

	/* Four at a time: none waits for another's multiplication. */
	for (i = 0; i < count; i += sizeof(word)) {
		memcpy(word, bytes + i, sizeof(word));
		for (unsigned int j = 0; j < 4; j++) {
			sum[j] = (sum[j] ^ word[j]) * 0x100000001b3ULL;
			sum[j] ^= sum[j] >> 29;
		}
	}
	return (((sum[0] * 31 + sum[1]) * 31 + sum[2]) * 31 + sum[3]);
}

uint64_t
fake_checksum(void)
{
	uint64_t sum = 0;
	unsigned int n;

	for (n = 0; n < FAKE_PAGES; n++) {
		if (fake_use[n] != FAKE_USE_FREE) {
			sum = sum * 31 + n + fake_sum(fake_base +
			    n * FAKE_PAGE, FAKE_PAGE);
		}
	}
	return (sum);
}

/* Fresh addresses without memory behind them. */
static unsigned char *
fake_reserve(void *where, size_t bytes)
{
	void *got = mmap(where, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
	    MAP_NORESERVE | (where != NULL ? MAP_FIXED : 0), -1, 0);

	if (got == MAP_FAILED) {
		abort();
	}
	return (got);
}

/* Show a page of memory at an address. */
static void
fake_show(void *where, unsigned int page, int protection)
{
	if (mmap(where, FAKE_PAGE, protection, MAP_SHARED | MAP_FIXED,
	    fake_file, (off_t)(page * FAKE_PAGE)) == MAP_FAILED) {
		abort();
	}
}

static void
fake_power_on(void)
{
	size_t bytes = FAKE_PAGES * FAKE_PAGE;

	fake_file = memfd_create("qpmap", MFD_CLOEXEC);
	if (fake_file < 0 || ftruncate(fake_file, (off_t)bytes) != 0) {
		abort();
	}
	fake_base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
	    fake_file, 0);
	if (fake_base == MAP_FAILED) {
		abort();
	}
	fake_leaf_base = fake_reserve(NULL, bytes);
	fake_ring_base = fake_reserve(NULL, FAKE_RING * FAKE_PAGE);
}

void
fake_direct(qpmap_vaddr_t va, unsigned int count)
{
	fake_reserve((void *)va, (FAKE_DATA_PAGES + 1) * FAKE_PAGE);
	for (unsigned int n = 0; n < count; n++) {
		fake_show((void *)(va + n * FAKE_PAGE), n,
		    PROT_READ | PROT_WRITE);
	}
}

/* Table pages. */

unsigned int
fake_pool_taken(void)
{
	unsigned int count = 0;
	unsigned int n;

	for (n = FAKE_DATA_PAGES; n < FAKE_PAGES; n++) {
		count += fake_use[n] != FAKE_USE_FREE;
	}
	return (count);
}

/* Contents that look like valid entries: nobody may take them for some. */
static void
fake_poison(unsigned int n)
{
	struct qpmap_pte *entry = (struct qpmap_pte *)
	    (void *)(fake_base + n * FAKE_PAGE);

	for (size_t i = 0; i < FAKE_PAGE / sizeof(*entry); i++) {
		entry[i] = qpmap_pte_make(fake_page(n), QPTE_RW_BITS | 4);
	}
}

qpmap_paddr_t
fake_pool_take(void)
{
	for (unsigned int n = FAKE_DATA_PAGES; n < FAKE_PAGES; n++) {
		if (fake_use[n] == FAKE_USE_FREE) {
			fake_use[n] = FAKE_USE_TAKEN;
			fake_poison(n);
			return (fake_page(n));
		}
	}
	fail_msg("the simulated machine has no table pages left");
	return (0);
}

void
fake_pool_give(qpmap_paddr_t pa)
{
	int n = fake_page_number(pa);

	if (n < 0 || pa % FAKE_PAGE != 0 || (fake_use[n] != FAKE_USE_TAKEN &&
	    fake_use[n] != FAKE_USE_LINKABLE)) {
		fail_msg("page %#lx given back, but is not taken or is linked",
		    (unsigned long)pa);
	}
	fake_poison((unsigned int)n);
	fake_use[n] = FAKE_USE_FREE;
}

static unsigned int
fake_table_number(qpmap_paddr_t pa)
{
	int n = fake_page_number(pa);

	if (n < FAKE_DATA_PAGES || pa % FAKE_PAGE != 0 ||
	    fake_use[n] == FAKE_USE_FREE) {
		fail_msg("%#lx is no table", (unsigned long)pa);
	}
	return ((unsigned int)n);
}

void *
fake_alias_table(qpmap_paddr_t pa)
{
	unsigned int n = fake_table_number(pa);
	unsigned char *alias;

	fake_reserve(fake_ring_base, FAKE_RING * FAKE_PAGE);
	fake_ring_next = (fake_ring_next + 1) % FAKE_RING;
	fake_ring_page[fake_ring_next] = (int)n;
	alias = fake_ring_base + fake_ring_next * FAKE_PAGE;
	fake_show(alias, n, PROT_READ | PROT_WRITE);
	return (alias);
}

void *
fake_alias_leaf(qpmap_paddr_t pa)
{
	unsigned int n = fake_table_number(pa);
	unsigned char *alias = fake_leaf_base + n * FAKE_PAGE;

	fake_show(alias, n, PROT_READ | PROT_WRITE);
	return (alias);
}

/* The table page behind an entry's address; -1: it is in no table. */
static int
fake_pte_page(const void *ptep, _Bool *leaf)
{
	size_t at = (size_t)((uintptr_t)ptep - (uintptr_t)fake_leaf_base);

	*leaf = 1;
	if (at < FAKE_PAGES * FAKE_PAGE) {
		return ((int)(at / FAKE_PAGE));
	}
	*leaf = 0;
	at = (size_t)((uintptr_t)ptep - (uintptr_t)fake_ring_base);
	if (at < FAKE_RING * FAKE_PAGE) {
		return (fake_ring_page[at / FAKE_PAGE]);
	}
	return (-1);
}

/* The host's tables. */

static unsigned int
fake_index(qpmap_vaddr_t va, unsigned int level)
{
	return ((va >> (QPMAP_PAGE_SHIFT + level * QPMAP_TABLE_SHIFT)) %
	    FAKE_ENTRIES);
}

static struct qpmap_pte *
fake_entries(qpmap_paddr_t table)
{
	return ((struct qpmap_pte *)(void *)fake_memory(table));
}

static qpmap_paddr_t
fake_host_table(void)
{
	qpmap_paddr_t table = fake_pool_take();

	fake_use[fake_page_number(table)] = FAKE_USE_HOST;
	memset(fake_memory(table), 0, FAKE_PAGE);
	return (table);
}

struct qpmap_pte *
fake_host_tables(qpmap_vaddr_t va, unsigned int level)
{
	qpmap_paddr_t table = fake.root;
	struct qpmap_pte *entry;

	for (unsigned int at = FAKE_LEVELS - 1; at > level; at--) {
		entry = &fake_entries(table)[fake_index(va, at)];
		if (!qpmap_pte_is_valid(*entry)) {
			*entry = qpmap_pte_make_table(fake_host_table(), at);
			entry->bits |= fake.private_bit;
		}
		table = qpmap_pte_pa(*entry, fake.private_bit);
	}
	return (&fake_entries(table)[fake_index(va, level)]);
}

/* A table that is valid for ever, at the entry of va. */
static struct qpmap_pte *
fake_host_entry(qpmap_vaddr_t va, unsigned int level)
{
	unsigned char *entry = (void *)fake_host_tables(va, level);
	qpmap_paddr_t table = FAKE_PA + (qpmap_paddr_t)
	    ((entry - fake_base) / (ptrdiff_t)FAKE_PAGE) * FAKE_PAGE;

	return ((struct qpmap_pte *)fake_alias_leaf(table) +
	    fake_index(va, level));
}

struct qpmap_pte *
fake_host_leaf(qpmap_vaddr_t va)
{
	return (fake_host_entry(va, 0));
}

struct qpmap_pte *
fake_host_large(qpmap_vaddr_t va)
{
	return (fake_host_entry(va, 1));
}

struct qpmap_pte
fake_leaf(qpmap_vaddr_t va)
{
	qpmap_paddr_t table = fake.root;
	struct qpmap_pte entry;

	for (unsigned int at = FAKE_LEVELS - 1; at > 0; at--) {
		entry = fake_entries(table)[fake_index(va, at)];
		if (!qpmap_pte_is_valid(entry)) {
			return (qpmap_pte_none());
		}
		if (qpmap_pte_is_large(entry, at)) {
			return (entry);
		}
		table = qpmap_pte_pa(entry, fake.private_bit);
	}
	return (fake_entries(table)[fake_index(va, 0)]);
}

/* Pieces of large pages. */

#if QPMAP_LARGE_SLOTS
#define FAKE_PIECE	(QPMAP_LARGE_SIZE / FAKE_PIECES)

_Bool
fake_has_large(void)
{
	return (!fake.no_large);
}

/* The first piece and number of pieces of the large page that page is of. */
static unsigned int
fake_first_piece(unsigned int page, unsigned int *count)
{
	*count = 1;
	if (page >= fake_watch_small && page < fake_watch_pages) {
		*count = FAKE_PIECES;
		page -= (page - fake_watch_small) % FAKE_PIECES;
	}
	return (page);
}
#else
#define FAKE_PIECE	QPMAP_PAGE_SIZE

static unsigned int
fake_first_piece(unsigned int page, unsigned int *count)
{
	*count = 1;
	return (page);
}
#endif

/* The address of a watched page or piece. */
static qpmap_vaddr_t
fake_watched_va(unsigned int page)
{
	if (page >= fake_watch_small) {
		return (FAKE_LARGE_VA + (page - fake_watch_small) * FAKE_PIECE);
	}
	return (fake_watch_va + page * FAKE_PAGE);
}

/* TLBs. */

static void
fake_hide(void)
{
	if (fake_shown_count != 0) {
		fake_reserve((void *)FAKE_RANGE_VA,
		    FAKE_REACH_PAGES * FAKE_PAGE);
		memset(fake_shown, 0, sizeof(fake_shown));
		fake_shown_count = 0;
	}
}

/* These pages may be unknown now. */
static void
fake_unknown(struct fake_tlb *tlb, unsigned int first, unsigned int end)
{
	if (tlb->unknown_first == tlb->unknown_end) {
		tlb->unknown_first = first;
		tlb->unknown_end = end;
		return;
	}
	if (first < tlb->unknown_first) {
		tlb->unknown_first = first;
	}
	if (end > tlb->unknown_end) {
		tlb->unknown_end = end;
	}
}

/* Of a large page, every piece, as the manuals promise. */
static void
fake_flush_one(struct fake_tlb *tlb, unsigned int page)
{
	unsigned int first, count;

	first = fake_first_piece(page, &count);
	memset(&tlb->known[first], FAKE_UNKNOWN, count);
	fake_unknown(tlb, first, first + count);
}

/* A page of the first contexts is invalidated: 1, the one in use; or all. */
static void
fake_flush_page(unsigned int cpu, unsigned int page, unsigned int contexts)
{
	for (unsigned int i = 0; i < contexts; i++) {
		fake_flush_one(&fake_tlb[cpu][i], page);
	}
	if (cpu == fake.cpu) {
		fake_hide();
	}
}

static void
fake_flush_all(unsigned int cpu)
{
	struct fake_tlb *tlb;

	for (unsigned int i = 0; i < FAKE_CONTEXTS; i++) {
		tlb = &fake_tlb[cpu][i];
		memset(tlb->known, 0, fake_watch_pages);
		memset(tlb->upper, 0, sizeof(tlb->upper));
		fake_unknown(tlb, 0, fake_watch_pages);
	}
	if (cpu == fake.cpu) {
		fake_hide();
	}
}

/* Invalid upper entries are invalidated, up to that level. */
static void
fake_flush_upper(struct fake_tlb *tlb, unsigned int last)
{
	unsigned int level, i;

	for (level = 1; level <= last; level++) {
		for (i = 0; i < FAKE_KEYS; i++) {
			if (!qpmap_pte_is_valid(tlb->upper[level][i].entry)) {
				tlb->upper[level][i].known = 0;
			}
		}
	}
	for (i = 0; i < fake_watch_pages; i++) {
		if (tlb->known[i] == FAKE_NO_TABLE) {
			tlb->known[i] = FAKE_UNKNOWN;
		}
	}
	fake_unknown(tlb, 0, fake_watch_pages);
}

/*
 * A walker follows a link: the table must be complete, and what was said to
 * be complete must not have changed since.
 */
static void
fake_follow(struct qpmap_pte link, unsigned int level)
{
	unsigned int n;
	qpmap_ptebits_t expected = QPTE_VALID | QPTE_USED |
	    (qpmap_ptebits_t)level << QPTE_LEVEL_SHIFT | fake.private_bit;

	if ((link.bits & ~(QPTE_PA & ~fake.private_bit)) != expected) {
		fail_msg("malformed table entry %#lx at level %u",
		    (unsigned long)link.bits, level);
	}
	n = fake_table_number(qpmap_pte_pa(link, fake.private_bit));
	if (fake_use[n] == FAKE_USE_LINKABLE) {
		if (fake_sum(fake_base + n * FAKE_PAGE, FAKE_TABLE_BYTES) !=
		    fake_linked_sum[n]) {
			fail_msg("table changed after qpmap_tlb_pre_link()");
		}
		fake_use[n] = FAKE_USE_LIVE;
	}
	if (fake_use[n] != FAKE_USE_LIVE && fake_use[n] != FAKE_USE_HOST) {
		fail_msg("table linked before it is complete");
	}
}

/* A link has just been stored: a walker may go all the way down, now. */
static void
fake_follow_down(struct qpmap_pte link, unsigned int level)
{
	const struct qpmap_pte *entries;

	fake_follow(link, level);
	if (level == 1) {
		return;
	}
	entries = fake_entries(qpmap_pte_pa(link, fake.private_bit));
	for (unsigned int i = 0; i < FAKE_ENTRIES; i++) {
		if (qpmap_pte_is_valid(entries[i])) {
			fake_follow_down(entries[i], level - 1);
		}
	}
}

/* What a walker finds in a leaf entry: the old one for a while, perhaps. */
static struct qpmap_pte
fake_walker_load(const struct qpmap_pte *ptep)
{
	for (unsigned int i = 0; fake_pending_count != 0 && i < FAKE_PENDING;
	    i++) {
		if (fake_pending[i].ptep == ptep) {
			return (fake_pending[i].entry);
		}
	}
	return (*ptep);
}

static void
fake_walk(struct fake_tlb *tlb, unsigned int page)
{
	qpmap_vaddr_t va = fake_watched_va(page);
	qpmap_paddr_t table = fake.root;
	struct qpmap_pte entry;
	unsigned int level, shift;
	size_t key;

	for (level = FAKE_LEVELS - 1; level > 0; level--) {
		shift = QPMAP_PAGE_SHIFT + level * QPMAP_TABLE_SHIFT;
		key = (va >> shift) - (fake_watch_va >> shift);
		assert_true(key < FAKE_KEYS);
		if (!tlb->upper[level][key].known) {
			entry = fake_entries(table)[fake_index(va, level)];
			/* Among large windows a leaf is here, or none. */
			if (level == 1 && page >= fake_watch_small &&
			    (!qpmap_pte_is_valid(entry) ||
			    qpmap_pte_is_large(entry, 1))) {
				tlb->leaf[page] = fake_walker_load(
				    &fake_entries(table)[fake_index(va, 1)]);
				tlb->known[page] = FAKE_KNOWN;
				return;
			}
			if (qpmap_pte_is_valid(entry) &&
			    !qpmap_pte_is_large(entry, level)) {
				fake_follow(entry, level);
			}
			tlb->upper[level][key].entry = entry;
			tlb->upper[level][key].known = 1;
		}
		entry = tlb->upper[level][key].entry;
		if (!qpmap_pte_is_valid(entry) ||
		    qpmap_pte_is_large(entry, level)) {
			tlb->known[page] = FAKE_NO_TABLE;
			return;
		}
		table = qpmap_pte_pa(entry, fake.private_bit);
	}
	tlb->leaf[page] =
	    fake_walker_load(&fake_entries(table)[fake_index(va, 0)]);
	tlb->known[page] = FAKE_KNOWN;
}

/* Every TLB caches whatever it does not know yet. */
static void
fake_walk_all(void)
{
	struct fake_tlb *tlb;
	unsigned int i, page;

	for (i = 0; i < FAKE_CPUS * FAKE_CONTEXTS; i++) {
		tlb = &fake_tlb[i / FAKE_CONTEXTS][i % FAKE_CONTEXTS];
		for (page = tlb->unknown_first; page < tlb->unknown_end;
		    page++) {
			if (tlb->known[page] == FAKE_UNKNOWN) {
				fake_walk(tlb, page);
			}
		}
		tlb->unknown_end = tlb->unknown_first;
	}
}

/* The machine's own books: what is unknown will be walked. */
void
fake_assert_walks(void)
{
	const struct fake_tlb *tlb;
	unsigned int i, page;

	for (i = 0; i < FAKE_CPUS * FAKE_CONTEXTS; i++) {
		tlb = &fake_tlb[i / FAKE_CONTEXTS][i % FAKE_CONTEXTS];
		for (page = 0; page < fake_watch_pages; page++) {
			assert_true(tlb->known[page] != FAKE_UNKNOWN ||
			    (page >= tlb->unknown_first &&
			    page < tlb->unknown_end));
		}
	}
}

void
fake_shootdown(void)
{
	for (unsigned int cpu = 0; cpu < FAKE_CPUS; cpu++) {
		fake_flush_all(cpu);
	}
	fake_walk_all();
}

/* Number of va's page among those watched, or fake_watch_pages. */
static unsigned int
fake_watched(qpmap_vaddr_t va)
{
	qpmap_vaddr_t page = (va - fake_watch_va) / FAKE_PAGE;

	if (page < fake_watch_small) {
		return ((unsigned int)page);
	}
	page = (va - FAKE_LARGE_VA) / FAKE_PIECE;
	return (page < fake_watch_pages - fake_watch_small ?
	    fake_watch_small + (unsigned int)page : fake_watch_pages);
}

void
fake_plant(unsigned int cpu, qpmap_vaddr_t va, struct qpmap_pte entry)
{
	unsigned int page = fake_watched(va);

	assert_true(page < fake_watch_pages);
	fake_walk_all();
	for (unsigned int i = 0; i < FAKE_CONTEXTS; i++) {
		fake_tlb[cpu][i].leaf[page] = entry;
		fake_tlb[cpu][i].known[page] = FAKE_KNOWN;
	}
}

struct qpmap_pte
fake_cached(unsigned int cpu, unsigned int context, qpmap_vaddr_t va)
{
	unsigned int page = fake_watched(va);

	assert_true(page < fake_watch_pages && context < FAKE_CONTEXTS);
	fake_walk_all();
	return (fake_tlb[cpu][context].known[page] == FAKE_KNOWN ?
	    fake_tlb[cpu][context].leaf[page] : qpmap_pte_none());
}

unsigned int
fake_cached_page(qpmap_paddr_t pa)
{
	unsigned int count = 0, cpu, page;
	const struct fake_tlb *tlb;
	qpmap_ptebits_t bits;

	fake_walk_all();
	for (cpu = 0; cpu < FAKE_CPUS * FAKE_CONTEXTS; cpu++) {
		tlb = &fake_tlb[cpu / FAKE_CONTEXTS][cpu % FAKE_CONTEXTS];
		for (page = 0; page < fake_watch_pages &&
		    fake.joined[cpu / FAKE_CONTEXTS]; page++) {
			bits = tlb->leaf[page].bits;
			count += tlb->known[page] == FAKE_KNOWN &&
			    (bits & (QPTE_PA | QPTE_VALID)) ==
			    (pa << QPTE_PA_SHIFT | QPTE_VALID);
		}
	}
	return (count);
}

/*
 * An entry became valid.  Machines that keep no invalid entries look again;
 * the others have to be told.
 */
static void
fake_refill(qpmap_vaddr_t va)
{
	unsigned int page = fake_watched(va), count;
	struct fake_tlb *tlb;

	if (page == fake_watch_pages) {
		return;
	}
	page = fake_first_piece(page, &count);
	for (; count > 0; count--, page++) {
		for (unsigned int i = 0; i < FAKE_CPUS * FAKE_CONTEXTS; i++) {
			tlb = &fake_tlb[i / FAKE_CONTEXTS][i % FAKE_CONTEXTS];
			if (tlb->known[page] == FAKE_KNOWN &&
			    !qpmap_pte_is_valid(tlb->leaf[page])) {
				tlb->known[page] = FAKE_UNKNOWN;
				fake_unknown(tlb, page, page + 1);
			}
		}
	}
}

struct qpmap_pte
fake_host_pte(qpmap_paddr_t pa)
{
	return (qpmap_pte_make(pa, QPTE_RW_BITS | 1 << QPTE_TYPE_SHIFT |
	    qpmap_pte_global_bits(qpmap_state.flags)));
}

void
fake_host_map(qpmap_vaddr_t va, struct qpmap_pte entry)
{
	fake_host_tables(va, 0)->bits = entry.bits;
	if (entry.bits != 0) {
		fake_refill(va);
	}
	fake_walk_all();
}

struct fake_result
fake_translate(qpmap_vaddr_t va, enum fake_access access)
{
	unsigned int page = fake_watched(va);
	struct fake_tlb *tlb = &fake_tlb[fake.cpu][0];
	struct fake_result result = { .fault = FAKE_ABSENT };
	qpmap_ptebits_t bits;

	if (page == fake_watch_pages) {
		return (result);
	}
	fake_walk_all();
	if (tlb->known[page] != FAKE_KNOWN ||
	    !qpmap_pte_is_valid(tlb->leaf[page])) {
		return (result);
	}
	bits = tlb->leaf[page].bits;
	result.pte = tlb->leaf[page];
	result.pa = qpmap_pte_pa(result.pte, qpmap_state.sharing);
#if QPMAP_LARGE_SLOTS
	if (page >= fake_watch_small) {
		assert_true(qpmap_pte_is_large(result.pte, 1));
		result.pa = (result.pa & ~(qpmap_paddr_t)QPMAP_LARGE_MASK) |
		    (va & QPMAP_LARGE_MASK & ~QPMAP_PAGE_MASK);
	}
#endif
	result.type = (unsigned int)((bits & QPTE_TYPE) >> QPTE_TYPE_SHIFT);
	result.type--;
	result.fault = FAKE_OK;
	if (access == FAKE_WRITE && (bits & QPTE_W) == 0) {
		result.fault = FAKE_READ_ONLY;
	} else if (access == FAKE_EXEC && (bits & QPTE_NX) != 0) {
		result.fault = FAKE_NO_EXEC;
	}
	return (result);
}

_Bool
fake_reaches(qpmap_vaddr_t va)
{
	unsigned int page = fake_watched(va);

	fake_walk_all();
	return (page < fake_watch_pages &&
	    fake_tlb[fake.cpu][0].known[page] == FAKE_KNOWN);
}

/* Real accesses to the window. */

/* Show what the TLB has, or report the fault. */
static void
fake_on_signal(int number, siginfo_t *info, void *context)
{
	uintptr_t va = (uintptr_t)info->si_addr;
	size_t page = (va - FAKE_RANGE_VA) / FAKE_PAGE;
	struct fake_result result;
	int n = -1;

	(void)context;
	if (page < FAKE_REACH_PAGES) {
		result = fake_translate(va,
		    fake_shown[page] == 0 ? FAKE_READ : FAKE_WRITE);
		if (result.fault == FAKE_OK && fake_shown[page] < 2) {
			n = fake_page_number(fake.wrong_pa != 0 ?
			    fake.wrong_pa : result.pa);
		}
	}
	if (n >= 0) {
		fake_show((void *)(FAKE_RANGE_VA + page * FAKE_PAGE),
		    (unsigned int)n, fake_shown[page] == 0 ? PROT_READ :
		    PROT_READ | PROT_WRITE);
		fake_shown[page]++;
		fake_shown_count++;
		return;
	}
	fake.fault_va = va;
	if (fake.fault_armed) {
		fake.fault_armed = 0;
		siglongjmp(fake.fault_env, 1);
	}
	(void)signal(number, SIG_DFL);
	fail_msg("signal %d: unexpected fault at %#lx", number,
	    (unsigned long)va);
}

void
fake_watch(qpmap_vaddr_t va, unsigned int pages)
{
	struct sigaction action = {
	    .sa_sigaction = fake_on_signal,
	    .sa_flags = SA_SIGINFO | SA_NODEFER,
	};

	assert_true(pages <= FAKE_WATCHED - FAKE_LARGE_ALL);
	(void)sigaction(SIGSEGV, &action, NULL);
	(void)sigaction(SIGBUS, &action, NULL);
	fake_watch_va = va;
	fake_watch_small = pages;
	/* The large windows only from near by. */
	fake_watch_pages = pages + (FAKE_LARGE_VA - va <
	    2 * (FAKE_LARGE_VA - FAKE_WINDOW_VA) ? FAKE_LARGE_ALL : 0);
	fake_shootdown();
}

/* Events. */

/* Between any two instructions that matter: an interrupt, perhaps. */
static void
fake_point(void)
{
	unsigned int depth = fake.irq_now;
	unsigned int point, cpu;
	_Bool sent;

	if (fake.irq == NULL || depth >= fake.irq_depth) {
		return;
	}
	point = fake.irq_point[depth]++;
	if (fake.irq_at[depth] != ~0u && fake.irq_at[depth] != point) {
		return;
	}
	cpu = fake.cpu;
	sent = fake.sent[cpu];
	fake.irq_now++;
	fake.irq_point[fake.irq_now] = 0;
	fake.pins[cpu]++;
	fake.irq();
	fake.irq_now--;
	fake_run_on(cpu);
	assert_true(fake.pins[cpu] > 0);
	fake.pins[cpu]--;
	fake.sent[cpu] = sent;	/* whatever the handler pinned */
}

void
fake_step(void)
{
	fake_walk_all();
	fake_point();
	if (fake.step != NULL) {
		fake.step();
	}
	fake_walk_all();
}

void
fake_event_more(enum fake_kind kind, uint64_t what, uint64_t more)
{
	fake_step();
	fake.kind_count[kind]++;
	if (fake.event_count < FAKE_EVENTS) {
		fake.event[fake.event_count++] = (struct fake_event){
		    .kind = kind, .cpu = fake.cpu, .what = what,
		    .more = more };
	}
}

void
fake_event_begin(enum fake_kind kind, uint64_t what)
{
	fake_event_more(kind, what, 0);
}

void
fake_event_end(void)
{
	fake_step();
}

void
fake_log_clear(void)
{
	fake.event_count = 0;
	memset(fake.kind_count, 0, sizeof(fake.kind_count));
}

int
fake_log_find(enum fake_kind kind, unsigned int from)
{
	for (unsigned int i = from; i < fake.event_count; i++) {
		if (fake.event[i].kind == kind) {
			return ((int)i);
		}
	}
	return (-1);
}

void
fake_run_on(unsigned int cpu)
{
	assert_true(cpu < FAKE_CPUS);
	if (cpu != fake.cpu) {
		fake_hide();
	}
	fake.cpu = cpu;
}

void
fake_reset(void)
{
	if (fake_file < 0) {
		fake_power_on();
	}
	memset(&fake, 0, sizeof(fake));
	memset(fake_cpu, 0, sizeof(fake_cpu));
	memset(&qpmap_state, 0, sizeof(qpmap_state));
#if QPMAP_LARGE_SLOTS
	memset(&qpmap_large, 0, sizeof(qpmap_large));
#endif
	memset(fake_base, 0, FAKE_PAGES * FAKE_PAGE);
	for (unsigned int n = 0; n < FAKE_PAGES; n++) {
		fake_use[n] = n < FAKE_DATA_PAGES ? FAKE_USE_DATA :
		    FAKE_USE_FREE;
		if (n >= FAKE_DATA_PAGES) {
			fake_poison(n);
		}
	}
	fake_live_count = 0;
	memset(fake_pending, 0, sizeof(fake_pending));
	fake_pending_count = 0;
#if QPMAP_SHOOTDOWN
	/* The host need not zero it. */
	memset(&fake_shootdown_memory, 0xa5, sizeof(fake_shootdown_memory));
	memset(fake_cpu_sync, 0xa5, sizeof(fake_cpu_sync));
	memset(fake_global, 0xa5, sizeof(fake_global));
	for (unsigned int i = 0; i < FAKE_GROUPS; i++) {
		fake_global[i].leaf = NULL;
	}
#endif
	fake_watch_pages = 0;
	fake_watch_small = 0;
	fake_shown_count = 1;
	fake_hide();
	fake_reserve(fake_leaf_base, FAKE_PAGES * FAKE_PAGE);
	fake_reserve(fake_ring_base, FAKE_RING * FAKE_PAGE);
	fake.not_pinned = ~(qpmap_paddr_t)0;
	fake.pa_bits = FAKE_PA_BITS;
	fake.levels = FAKE_LEVELS;
	fake.slow_types = QPMAP_TYPE_BIT(QPMAP_ATTR_WRITE_COMBINING) |
	    QPMAP_TYPE_BIT(QPMAP_ATTR_UNCACHED);
	fake.root = fake_host_table();
	fake_shootdown();
}

/* What the core does to entries. */

_Bool
fake_pte_is_none(const struct qpmap_pte *ptep)
{
	_Bool empty;

	fake_event_begin(FAKE_PEEK, (uintptr_t)ptep);
	empty = *(const volatile qpmap_ptebits_t *)&ptep->bits == 0;
	fake_event_end();
	return (empty);
}

struct qpmap_pte
fake_pte_load(const struct qpmap_pte *ptep)
{
	struct qpmap_pte pte;

	fake_event_begin(FAKE_LOAD, (uintptr_t)ptep);
	pte.bits = *(const volatile qpmap_ptebits_t *)&ptep->bits;
	fake_event_end();
	return (pte);
}

static _Bool
fake_is_slow(struct qpmap_pte pte)
{
	unsigned int type = (unsigned int)
	    ((pte.bits & QPTE_TYPE) >> QPTE_TYPE_SHIFT) - 1;

	return ((fake.slow_types & QPMAP_TYPE_BIT(type)) != 0);
}

/* The address of a shared ptep or of a slot of this CPU; 0: of neither. */
static qpmap_vaddr_t
fake_pte_va(const struct qpmap_pte *ptep, _Bool *shared)
{
	const struct qpmap_cpu *cpu = &fake_cpu[fake.cpu];
	unsigned int i;

	*shared = 0;
	for (i = 1; i <= qpmap_state.nesting; i++) {
		if (cpu->slot[i].ptep == ptep) {
			return (fake_slot_va_at(cpu->index_plus_one - 1,
			    i - 1));
		}
	}
#if QPMAP_RANGE_PAGES
	if (ptep >= cpu->range.ptep &&
	    ptep < cpu->range.ptep + QPMAP_RANGE_PAGES - 2) {
		return (cpu->range.va +
		    (size_t)(ptep - cpu->range.ptep) * QPMAP_PAGE_SIZE);
	}
#endif
#if QPMAP_LARGE_SLOTS
	for (i = 1; i <= QPMAP_LARGE_SLOTS; i++) {
		if (cpu->large.slot[i].ptep == ptep) {
			return (qpmap_large.va + (cpu->index_plus_one - 1) *
			    QPMAP_LARGE_WINDOW_SIZE +
			    (2 * i - 1) * QPMAP_LARGE_SIZE);
		}
	}
#endif
#if QPMAP_SHOOTDOWN
	for (i = 0; i < qpmap_state.global_count; i++) {
		size_t at = (size_t)((uintptr_t)ptep -
		    (uintptr_t)qpmap_state.global[i].entries) / sizeof(*ptep);

		if (at < 2 * QPMAP_GLOBAL_SLOTS) {
			*shared = 1;
			return (qpmap_state.global_va + i * QPMAP_GLOBAL_SIZE +
			    at * QPMAP_PAGE_SIZE);
		}
	}
#endif
	return (0);
}

/* A shared ptep is to be filled: nobody has its old translation. */
static void
fake_check_flushed(qpmap_vaddr_t va)
{
	for (unsigned int i = 0; i < FAKE_CPUS * FAKE_CONTEXTS; i++) {
		if (fake.joined[i / FAKE_CONTEXTS] && qpmap_pte_is_valid(
		    fake_cached(i / FAKE_CONTEXTS, i % FAKE_CONTEXTS, va))) {
			fail_msg("ptep %#lx is used again, but CPU %u has "
			    "its old translation", (unsigned long)va,
			    i / FAKE_CONTEXTS);
		}
	}
}

/* A guard's mark: the host wants it, and it is the first of a window. */
static void
fake_mark(struct qpmap_pte *ptep)
{
	if ((qpmap_state.flags & QPMAP_F_MARK_GUARDS) == 0) {
		fail_msg("a mark that nobody asked for");
	}
	if ((uintptr_t)ptep % (QPMAP_WINDOW_PAGES * sizeof(*ptep)) != 0) {
		fail_msg("a mark that is not a first guard's");
	}
	*(volatile qpmap_ptebits_t *)&ptep->bits = QPTE_MARK;
}

/* As with PAE: for a moment there is an entry that is not valid. */
static void
fake_half(struct qpmap_pte *ptep, _Bool leaf, struct qpmap_pte pte)
{
	if (QPMAP_SWITCH && leaf) {
		*(volatile qpmap_ptebits_t *)&ptep->bits =
		    pte.bits & ~QPTE_VALID;
		fake_step();
	}
}

void
fake_pte_store(struct qpmap_pte *ptep, struct qpmap_pte pte)
{
	_Bool leaf, shared;
	qpmap_vaddr_t va;
	int n;

	fake_event_begin(FAKE_STORE, pte.bits);
	n = fake_pte_page(ptep, &leaf);
	if (n < 0) {
		fail_msg("an entry is stored outside all tables");
	}
	if (ptep->bits != 0) {
		fail_msg("an entry is stored over another, %#lx",
		    (unsigned long)ptep->bits);
	}
	if (pte.bits == QPTE_MARK && leaf) {
		fake_mark(ptep);
		fake_event_end();
		return;
	}
	if (!qpmap_pte_is_valid(pte)) {
		/* A thread that was stopped while it stored or cleared one. */
		if (!QPMAP_SWITCH) {
			fail_msg("an invalid entry is stored");
		}
		*(volatile qpmap_ptebits_t *)&ptep->bits = pte.bits;
		fake_event_end();
		return;
	}
	va = fake_pte_va(ptep, &shared);
	if (leaf && shared) {
		fake_check_flushed(va);
	}
	/* INVLPG of a G entry fails on some cores; KPTI does not bear one. */
	if ((pte.bits & QPTE_G) != 0 && !(leaf && shared &&
	    (qpmap_state.flags & QPMAP_F_KERNEL_HAS_G) != 0)) {
		fail_msg("G in an entry that must not have it");
	}
	fake_half(ptep, leaf, pte);
	*(volatile qpmap_ptebits_t *)&ptep->bits = pte.bits;
	if (leaf) {
		assert_true(fake_live_count < FAKE_WATCHED);
		fake_live[fake_live_count++] = (struct fake_live){
		    .ptep = ptep, .cpu = shared ? FAKE_CPUS : fake.cpu,
		    .depth = fake.irq_now, .dirty = !fake.restoring };
		if (!FAKE_CACHES_INVALID) {
			fake_refill(va);
		}
	} else if (fake_use[n] == FAKE_USE_HOST ||
	    fake_use[n] == FAKE_USE_LIVE) {
		fake_follow_down(pte, (unsigned int)
		    ((pte.bits & QPTE_LEVEL) >> QPTE_LEVEL_SHIFT));
	}
	fake_event_end();
}

/* A shared ptep is about to be cleared: walkers will hear of it. */
static void
fake_pend(const struct qpmap_pte *ptep)
{
	const struct qpmap_pte *at = (const struct qpmap_pte *)(const void *)
	    (fake_base + ((uintptr_t)ptep - (uintptr_t)fake_leaf_base));
	unsigned int i;

	for (i = 0; i < FAKE_PENDING; i++) {
		if (fake_pending[i].ptep == NULL) {
			fake_pending[i].ptep = at;
			fake_pending[i].entry = *ptep;
			fake_pending_count++;
			return;
		}
	}
	fail_msg("too many shared entries cleared and not announced");
}

void
fake_pte_clear(struct qpmap_pte *ptep)
{
	_Bool leaf, shared;
	unsigned int i;
	int n;

	fake_event_begin(FAKE_CLEAR, (uintptr_t)ptep);
	n = fake_pte_page(ptep, &leaf);
	if (n >= 0 && !leaf && fake_use[n] != FAKE_USE_TAKEN) {
		fail_msg("an entry of a table in use is cleared");
	}
	for (i = 0; i < fake_live_count; i++) {
		if (fake_live[i].ptep == ptep) {
			if (fake_live[i].cpu != fake.cpu &&
			    fake_live[i].cpu != FAKE_CPUS) {
				fail_msg("another CPU's entry is cleared");
			}
			if (fake_live[i].dirty) {
				fail_msg("an entry is cleared while accesses "
				    "through it are under way");
			}
			fake_live[i] = fake_live[--fake_live_count];
		}
	}
	(void)fake_pte_va(ptep, &shared);
	if (leaf && shared) {
		fake_pend(ptep);
	}
	fake_half(ptep, leaf, *ptep);
	*(volatile qpmap_ptebits_t *)&ptep->bits = 0;
	fake_event_end();
}

void
fake_used(void)
{
	for (unsigned int i = 0; i < fake_live_count; i++) {
		if (fake_live[i].cpu == fake.cpu &&
		    fake_live[i].depth == fake.irq_now) {
			fake_live[i].dirty = 1;
		}
	}
}

/* Accesses through this CPU's mappings are complete, or the ordinary ones. */
static void
fake_drain(_Bool special)
{
	for (unsigned int i = 0; i < fake_live_count; i++) {
		if ((fake_live[i].cpu == fake.cpu ||
		    fake_live[i].cpu == FAKE_CPUS) && (special ||
		    !fake_is_slow(*fake_live[i].ptep))) {
			fake_live[i].dirty = 0;
		}
	}
}

/*
 * What acts on this CPU is several instructions in a backend, and the last
 * ones are about what the first did: the caller is not moved in between.
 */
static void
fake_stays(void)
{
	if (fake.pins[fake.cpu] == 0) {
		fail_msg("what acts on CPU %u is begun while preemptible",
		    fake.cpu);
	}
}

void
fake_pre_unmap(void)
{
	fake_event_begin(FAKE_PRE_UNMAP, 0);
	fake_stays();
	fake_drain(0);
	fake_event_end();
}

void
fake_pre_unmap_slow(void)
{
	fake_event_begin(FAKE_PRE_UNMAP_SLOW, 0);
	fake_stays();
	fake_drain(1);
	fake_event_end();
}

/* Only what is invalid is invalidated: nothing valid was there, it was said. */
static void
fake_flush_invalid(qpmap_vaddr_t va)
{
	unsigned int page = fake_watched(va);

	if (page < fake_watch_pages && !qpmap_pte_is_valid(
	    fake_tlb[fake.cpu][0].leaf[page])) {
		fake_flush_page(fake.cpu, page, 1);
	}
}

static void
fake_flush_va(qpmap_vaddr_t va)
{
	unsigned int page = fake_watched(va);

	if (page < fake_watch_pages && !fake.broken_invalidation) {
		fake_flush_page(fake.cpu, page, 1);
	}
}

void
fake_post_map(qpmap_vaddr_t va)
{
	fake_event_begin(FAKE_POST_MAP, va);
	fake_stays();
	fake_flush_invalid(va);
	fake_event_end();
}

void
fake_post_unmap(qpmap_vaddr_t va)
{
	fake_event_begin(FAKE_POST_UNMAP, va);
	fake_stays();
	fake_flush_va(va);
	fake_event_end();
}

/* The special events are told the ptep, too: it must be va's. */
static void
fake_check_pte(qpmap_vaddr_t va, const struct qpmap_pte *ptep)
{
	size_t at = (uintptr_t)ptep % FAKE_TABLE_BYTES;
	unsigned int page = fake_watched(va);

	if (page < fake_watch_pages &&
	    at / sizeof(*ptep) != fake_index(va, page >= fake_watch_small)) {
		fail_msg("ptep %p is not that of %#lx", (const void *)ptep,
		    (unsigned long)va);
	}
}

void
fake_post_map_slow(qpmap_vaddr_t va, struct qpmap_pte *ptep,
    qpmap_u32 flags)
{
	fake_event_begin(FAKE_POST_MAP_SLOW, va);
	fake_stays();
	fake_check_pte(va, ptep);
	fake_flush_invalid(va);
	if ((flags & QPMAP_F_FLUSH_ON_MAP) != 0) {
		fake_flush_page(fake.cpu, fake_watched(va), 1);
	}
	fake_event_end();
}

void
fake_post_unmap_slow(qpmap_vaddr_t va, struct qpmap_pte *ptep,
    qpmap_u32 flags)
{
	fake_event_begin(FAKE_POST_UNMAP_SLOW, va);
	fake_stays();
	fake_check_pte(va, ptep);
	if ((flags & QPMAP_F_ERRATUM_INVLPG) != 0) {
		fake_flush_all(fake.cpu);
	} else {
		fake_flush_va(va);
	}
	fake_event_end();
}

#if QPMAP_RANGE_PAGES

/* A range has pages, and lies between two guards of this CPU's area. */
static void
fake_range_begin(enum fake_kind kind, qpmap_vaddr_t va,
    qpmap_size_t page_count)
{
	const struct qpmap_cpu *cpu = &fake_cpu[fake.cpu];
	size_t page = (va - cpu->range.va) / QPMAP_PAGE_SIZE + 1;

	fake_event_more(kind, va, page_count);
	fake_stays();
	if (page_count == 0 || va % QPMAP_PAGE_SIZE != 0 || page == 0 ||
	    page >= QPMAP_RANGE_PAGES ||
	    page_count >= QPMAP_RANGE_PAGES - page) {
		fail_msg("%zu pages at %#lx are no range", page_count,
		    (unsigned long)va);
	}
}

void
fake_post_map_range(qpmap_vaddr_t va, qpmap_size_t page_count)
{
	fake_range_begin(FAKE_POST_MAP_RANGE, va, page_count);
	for (; page_count != 0; page_count--, va += QPMAP_PAGE_SIZE) {
		fake_flush_invalid(va);
	}
	fake_event_end();
}

void
fake_post_unmap_range(qpmap_vaddr_t va, qpmap_size_t page_count)
{
	fake_range_begin(FAKE_POST_UNMAP_RANGE, va, page_count);
	for (; page_count != 0; page_count--, va += QPMAP_PAGE_SIZE) {
		fake_flush_va(va);
	}
	fake_event_end();
}

void
fake_post_map_range_slow(qpmap_vaddr_t va, struct qpmap_pte *ptep,
    qpmap_size_t page_count, qpmap_u32 flags)
{
	fake_range_begin(FAKE_POST_MAP_RANGE_SLOW, va, page_count);
	fake_check_pte(va, ptep);
	for (; page_count != 0; page_count--, va += QPMAP_PAGE_SIZE) {
		fake_flush_invalid(va);
		if ((flags & QPMAP_F_FLUSH_ON_MAP) != 0) {
			fake_flush_page(fake.cpu, fake_watched(va), 1);
		}
	}
	fake_event_end();
}

void
fake_post_unmap_range_slow(qpmap_vaddr_t va, struct qpmap_pte *ptep,
    qpmap_size_t page_count, qpmap_u32 flags)
{
	fake_range_begin(FAKE_POST_UNMAP_RANGE_SLOW, va, page_count);
	fake_check_pte(va, ptep);
	for (; page_count != 0; page_count--, va += QPMAP_PAGE_SIZE) {
		fake_flush_va(va);
	}
	if ((flags & QPMAP_F_ERRATUM_INVLPG) != 0) {
		fake_flush_all(fake.cpu);
	}
	fake_event_end();
}

#endif /* QPMAP_RANGE_PAGES */

/*
 * Everything, as arch.h says, also where removals are broadcast: the emulated
 * B11/online holds each backend to it.
 */
void
fake_flush_local(qpmap_u32 flags)
{
	fake_event_begin(FAKE_FLUSH_LOCAL, flags);
	fake_stays();
	fake_flush_all(fake.cpu);
	fake_event_end();
}

void
fake_pre_link(void *table, qpmap_size_t bytes, qpmap_u32 flags)
{
	_Bool leaf;
	int n;

	fake_event_begin(FAKE_PRE_LINK, flags);
	n = fake_pte_page(table, &leaf);
	if (n < 0 || leaf || (uintptr_t)table % FAKE_PAGE != 0 ||
	    fake_use[n] != FAKE_USE_TAKEN || bytes != FAKE_TABLE_BYTES) {
		fail_msg("qpmap_tlb_pre_link() of what is no new table");
	}
	fake_use[n] = FAKE_USE_LINKABLE;
	fake_linked_sum[n] = fake_sum(table, bytes);
	fake_event_end();
}

/* Which entry it is decides what must be invalidated. */
void
fake_post_link(struct qpmap_pte *link, _Bool in_root, qpmap_u32 flags)
{
	_Bool leaf;
	int n;

	fake_event_begin(in_root ? FAKE_LINKED_ROOT : FAKE_POST_LINK, flags);
	n = fake_pte_page(link, &leaf);
	if (n < 0 || leaf || !qpmap_pte_is_valid(*link)) {
		fail_msg("qpmap_tlb_post_link() of what is no link");
	}
	for (unsigned int i = 0; i < FAKE_CONTEXTS; i++) {
		fake_flush_upper(&fake_tlb[fake.cpu][i],
		    in_root ? FAKE_LEVELS - 1 : FAKE_LEVELS - 2);
	}
	fake_event_end();
}

#if QPMAP_SHOOTDOWN

void
fake_post_clear(struct qpmap_pte *ptep, qpmap_u32 flags)
{
	const struct qpmap_pte *at = (const struct qpmap_pte *)(const void *)
	    (fake_base + ((uintptr_t)ptep - (uintptr_t)fake_leaf_base));
	_Bool found = 0;

	fake_event_begin(FAKE_POST_CLEAR, flags);
	fake_stays();
	for (unsigned int i = 0; i < FAKE_PENDING; i++) {
		if (fake_pending[i].ptep == at) {
			fake_pending[i].ptep = NULL;
			fake_pending_count--;
			found = 1;
		}
	}
	if (!found) {
		fail_msg("qpmap_tlb_post_clear() of what was not cleared");
	}
	fake_event_end();
}

/* The page in the context in use, and in the others where it has G. */
static void
fake_flush_g(unsigned int cpu, unsigned int page)
{
	for (unsigned int i = 1; i < FAKE_CONTEXTS; i++) {
		if ((fake_tlb[cpu][i].leaf[page].bits & QPTE_G) != 0) {
			fake_flush_one(&fake_tlb[cpu][i], page);
		}
	}
	fake_flush_page(cpu, page, 1);
}

/* Every context of a CPU invalidates, and never more than it has to. */
static void
fake_shoot(unsigned int cpu, qpmap_vaddr_t va, qpmap_size_t page_count,
    qpmap_u32 flags)
{
	unsigned int page;

	if (page_count > 2 * FAKE_WATCHED ||
	    (flags & QPMAP_F_ERRATUM_INVLPG) != 0) {
		fake_flush_all(cpu);
		return;
	}
	for (; page_count != 0; page_count--) {
		page = fake_watched(va);
		if (page < fake_watch_pages && !fake.broken_invalidation) {
			if ((flags & QPMAP_F_KERNEL_HAS_G) != 0) {
				fake_flush_g(cpu, page);
			} else {
				fake_flush_page(cpu, page, FAKE_CONTEXTS);
			}
		}
		va += QPMAP_PAGE_SIZE;
	}
}

void
fake_flush_range(qpmap_vaddr_t va, qpmap_size_t page_count,
    qpmap_u32 flags)
{
	unsigned int cpu;

	fake_event_more(FAKE_FLUSH_RANGE, va, page_count);
	fake_stays();
	for (cpu = 0; cpu < FAKE_CPUS; cpu++) {
		if (cpu == fake.cpu || FAKE_BROADCASTS) {
			fake_shoot(cpu, va, page_count, flags);
		}
	}
	fake_event_end();
}

void
fake_pre_notify(void)
{
	fake_event_begin(FAKE_PRE_NOTIFY, 0);
	fake_stays();
	fake.sent[fake.cpu] = 1;
	fake_event_end();
}

/* Harts that do not exist are an error, before anything was done. */
_Bool
fake_firmware(qpmap_uptr mask, qpmap_uptr base,
    qpmap_vaddr_t va, qpmap_size_t page_count, qpmap_u32 flags)
{
	qpmap_uptr left = mask;
	unsigned int cpu;

	fake_event_more(FAKE_FIRMWARE, base, mask);
	fake_stays();
	if (!fake.sent[fake.cpu]) {
		fail_msg("the firmware may overtake the stores");
	}
	fake.firmware_calls++;
	for (cpu = 0; cpu < FAKE_CPUS; cpu++) {
		if (fake.hart[cpu] - base < 64) {
			left &= ~((qpmap_uptr)1 <<
			    (fake.hart[cpu] - base));
		}
	}
	if (left != 0 || fake.firmware_calls == fake.firmware_fails_at) {
		fake_event_end();
		return (0);
	}
	for (cpu = 0; cpu < FAKE_CPUS; cpu++) {
		if (fake.hart[cpu] - base < 64 &&
		    (mask >> (fake.hart[cpu] - base) & 1) != 0) {
			fake_shoot(cpu, va, page_count, flags);
		}
	}
	fake_event_end();
	return (1);
}

void
fake_spinning(void)
{
	fake_event_begin(FAKE_SPINNING, 0);
	if (fake.spin != NULL) {
		fake.spin();
	} else if (++fake.spins > 1000) {
		fail_msg("CPU %u waits, and nobody answers", fake.cpu);
	}
	fake_event_end();
}

#endif /* QPMAP_SHOOTDOWN */

/* Probes. */

int
qpmap_probe(const struct qpmap_config *config, struct qpmap_mmu *mmu)
{
	unsigned int type;
	size_t byte;

	(void)config;
	fake_event_begin(FAKE_PROBE, 0);
	if (fake.probe_error != QPMAP_OK) {
		return (fake.probe_error);
	}
	/* Backends fill what they have, and add types to slow_types. */
	for (byte = 0; byte < sizeof(*mmu); byte++) {
		assert_int_equal(((const unsigned char *)mmu)[byte], 0);
	}
	mmu->root = fake.root | fake.private_bit >> QPTE_PA_SHIFT;
	mmu->levels = fake.levels;
	mmu->va_bits = FAKE_VA_BITS;
	mmu->pa_bits = fake.pa_bits;
	mmu->slow_types = fake.slow_types;
	for (type = 0; type < QPMAP_TYPE_COUNT; type++) {
		mmu->type_bits[type] =
		    (qpmap_ptebits_t)(type + 1) << QPTE_TYPE_SHIFT;
	}
	mmu->rw_bits = QPTE_RW_BITS;
	mmu->ro_bits = QPTE_RO_BITS;
	fake_event_end();
	return (QPMAP_OK);
}

_Bool
qpmap_probe_same(const struct qpmap_mmu *mmu)
{
	return (!fake.differs[fake.cpu] && mmu->root == fake.root);
}

_Bool
qpmap_probe_range(const struct qpmap_mmu *mmu, qpmap_vaddr_t first,
    qpmap_vaddr_t last)
{
	return (mmu->va_bits == FAKE_VA_BITS && first <= last &&
	    first >= FAKE_KERNEL_VA &&
	    last < (qpmap_vaddr_t)1 << FAKE_VA_BITS);
}
