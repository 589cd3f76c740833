/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * i386's entries, on any host: compiled once with 32-bit entries, and once for
 * PAE.
 *
 * The literals are written from the Intel SDM, volume 3, "Format of a 32-Bit
 * Page-Table Entry that Maps a 4-KByte Page", "Format of a PAE Page-Table
 * Entry that Maps a 4-KByte Page", "Format of a PAE
 * Page-Directory-Pointer-Table Entry (PDPTE)"; none comes from the code that
 * is tested.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <qpmap/qpmap.h>

#include "../../src/core/state.h"

#include "../../src/arch/x86/pte.h"

#include "../../src/arch/x86/tlb.h"

/* One bit, and the names that the manual has. */
#define BIT(n)		((uint64_t)1 << (n))
#define P		BIT(0)
#define RW		BIT(1)
#define US		BIT(2)
#define PWT		BIT(3)
#define PCD		BIT(4)
#define A		BIT(5)
#define D		BIT(6)
#define PAT		BIT(7)
#define PS		BIT(7)
#define G		BIT(8)
#define XD		BIT(63)

#if QPMAP_PAE
#define I386_NAME	"i386-pae"
#define ENTRY_BITS	64	/* of an entry, and of an address */
#define TOP		52	/* one more than the highest address bit */
#define LEVELS		3
#define ADDRESS		UINT64_C(0x000ffffffffff000)
#else
#define I386_NAME	"i386"
#define ENTRY_BITS	32
#define TOP		32
#define LEVELS		2
#define ADDRESS		UINT64_C(0xfffff000)
#endif

_Static_assert(8 * sizeof(struct qpmap_pte) == ENTRY_BITS, "entry");
_Static_assert(8 * sizeof(qpmap_paddr_t) == ENTRY_BITS, "address");

/* xorshift64: the same addresses in every run. */
static uint64_t
i386_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (*state);
}

/* The functions under test, with wide arguments. */
static uint64_t
i386_make(uint64_t pa, uint64_t bits)
{
	return (qpmap_pte_make((qpmap_paddr_t)pa,
	    (qpmap_ptebits_t)bits).bits);
}

static uint64_t
i386_make_table(uint64_t pa, uint32_t level)
{
	return (qpmap_pte_make_table((qpmap_paddr_t)pa, level).bits);
}

static uint64_t
i386_pa(uint64_t entry, uint64_t sharing)
{
	return (qpmap_pte_pa((struct qpmap_pte){ (qpmap_ptebits_t)entry },
	    (qpmap_ptebits_t)sharing));
}

static _Bool
i386_valid(uint64_t entry)
{
	return (qpmap_pte_is_valid(
	    (struct qpmap_pte){ (qpmap_ptebits_t)entry }));
}

static _Bool
i386_large(uint64_t entry, uint32_t level)
{
	return (qpmap_pte_is_large(
	    (struct qpmap_pte){ (qpmap_ptebits_t)entry }, level));
}

static _Bool
i386_admits(uint64_t pa, uint32_t bits)
{
	return (qpmap_pa_is_valid((qpmap_paddr_t)pa, qpmap_pa_limit(bits)));
}

static void
i386_golden_leaves(void **state)
{
	(void)state;
	assert_int_equal(qpmap_pte_none().bits, 0);
	/* P RW A D. */
	assert_int_equal(i386_make(0x1000, QPTE_RW_BITS), 0x1063);
	/* P A; D is for writable entries. */
	assert_int_equal(i386_make(0x12345000, QPTE_RO_BITS), 0x12345021);
	assert_int_equal(i386_make(0xfffff000, QPTE_RW_BITS), 0xfffff063);
	if (!QPMAP_PAE) {
		return;
	}
	/* XD is bit 63; the address goes on in the high word. */
	assert_int_equal(i386_make(0xfee00000, QPTE_RW_BITS | QPTE_NX),
	    UINT64_C(0x80000000fee00063));
	assert_int_equal(i386_make(UINT64_C(0xf00000000), QPTE_RW_BITS),
	    UINT64_C(0x0000000f00000063));
	assert_int_equal(i386_make(UINT64_C(0x000ffffffffff000),
	    QPTE_RO_BITS | QPTE_NX), UINT64_C(0x800ffffffffff021));
}

/*
 * Kernel only, not global, nothing for the walker to set; and, of R/W = 0, not
 * D = 1, which is a shadow-stack page.
 */
static void
i386_bits(void **state)
{
	(void)state;
	assert_int_equal(QPTE_RW_BITS, P | RW | A | D);
	assert_int_equal(QPTE_RO_BITS, P | A);
	assert_int_equal(QPTE_NX, QPMAP_PAE ? XD : 0);
	assert_int_equal((QPTE_RW_BITS | QPTE_RO_BITS) & (US | G), 0);
}

/* PAT is the high bit of the index, then PCD, then PWT. */
static void
i386_pat(void **state)
{
	static const uint64_t bits[8] = {
	    0, PWT, PCD, PCD | PWT,
	    PAT, PAT | PWT, PAT | PCD, PAT | PCD | PWT
	};
	uint32_t index;
	unsigned n;

	(void)state;
	for (index = 0; index < 8; index++) {
		assert_int_equal(qpmap_pte_pat(index), bits[index]);
		assert_int_equal(qpmap_pte_pat_index(
		    (qpmap_ptebits_t)bits[index]), index);
		/* No other bit counts. */
		assert_int_equal(qpmap_pte_pat_index((qpmap_ptebits_t)
		    (bits[index] | ~(PAT | PCD | PWT))), index);
	}
	for (n = 0; n < ENTRY_BITS; n++) {
		assert_int_equal(qpmap_pte_pat_index((qpmap_ptebits_t)BIT(n)),
		    n == 7 ? 4 : n == 4 ? 2 : n == 3 ? 1 : 0);
	}
}

/*
 * A page directory's entry: P, RW, A.  A PDPTE: P alone, since its bits 8:5
 * and 2:1 are reserved, and loading CR3 with one of them set faults.
 */
static void
i386_tables(void **state)
{
	(void)state;
	assert_int_equal(i386_make_table(0x80001000, 1), 0x80001023);
	assert_int_equal(i386_make_table(0xfffff000, 1), 0xfffff023);
	assert_true(i386_valid(i386_make_table(0x80001000, 1)));
	assert_false(i386_large(i386_make_table(0x80001000, 1), 1));
	if (!QPMAP_PAE) {
		return;
	}
	assert_int_equal(i386_make_table(UINT64_C(0x000ffffffffff000), 1),
	    UINT64_C(0x000ffffffffff023));
	assert_int_equal(i386_make_table(0x80001000, 2), 0x80001001);
	assert_int_equal(i386_make_table(UINT64_C(0x000ffffffffff000), 2),
	    UINT64_C(0x000ffffffffff001));
	assert_true(i386_valid(i386_make_table(0x80001000, 2)));
	assert_false(i386_large(i386_make_table(0x80001000, 2), 2));
}

static void
i386_round_trip_one(uint64_t pa)
{
	static const uint64_t kinds[] = {
	    P | RW | A | D, P | A, P | RW | A | D | PWT,
	    P | RW | A | D | PCD, P | RW | A | D | PAT,
	    P | A | PAT | PCD | PWT
	};
	uint64_t entry, kind;
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		kind = kinds[i] | (QPMAP_PAE && i % 2 == 0 ? XD : 0);
		entry = i386_make(pa, kind);
		assert_int_equal(entry, pa | kind);
		assert_int_equal(i386_pa(entry, 0), pa);
		assert_true(i386_valid(entry));
		assert_int_equal(qpmap_pte_pat_index((qpmap_ptebits_t)entry),
		    qpmap_pte_pat_index((qpmap_ptebits_t)kind));
	}
	assert_int_equal(i386_make_table(pa, 1), pa | P | RW | A);
	assert_int_equal(i386_pa(i386_make_table(pa, 1), 0), pa);
}

static void
i386_round_trip(void **state)
{
	uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);
	unsigned n, i;

	(void)state;
	i386_round_trip_one(0);
	i386_round_trip_one(ADDRESS);
	for (n = 12; n < TOP; n++) {
		i386_round_trip_one(BIT(n));
		i386_round_trip_one(ADDRESS & ~BIT(n));
	}
	for (i = 0; i < 20000; i++) {
		i386_round_trip_one(i386_random(&seed) & ADDRESS);
	}
}

/* The address, and no other bit; a sharing mask is left out. */
static void
i386_address_only(void **state)
{
	unsigned n;

	(void)state;
	for (n = 0; n < ENTRY_BITS; n++) {
		assert_int_equal(i386_pa(BIT(n), 0),
		    n >= 12 && n < TOP ? BIT(n) : 0);
		assert_int_equal(i386_pa(BIT(n), BIT(n)), 0);
		assert_int_equal(i386_pa(~UINT64_C(0), BIT(n)),
		    ADDRESS & ~BIT(n));
	}
}

/* P is bit 0, of the low word with PAE. */
static void
i386_is_valid(void **state)
{
	unsigned n;

	(void)state;
	assert_false(i386_valid(0));
	for (n = 0; n < ENTRY_BITS; n++) {
		assert_int_equal(i386_valid(BIT(n)), n == 0);
		assert_int_equal(i386_valid(~BIT(n)), n != 0);
	}
}

/* PS is a page directory's; the same bit of a PDPTE is reserved. */
static void
i386_is_large(void **state)
{
	unsigned n;

	(void)state;
	for (n = 0; n < ENTRY_BITS; n++) {
		assert_int_equal(i386_large(BIT(n), 1), n == 7);
		assert_int_equal(i386_large(~BIT(n), 1), n != 7);
		assert_false(i386_large(BIT(n), 2));
	}
	/* A large page at 4 MiB (2 MiB pages: the third): P RW A D PS. */
	assert_true(i386_large(0x4000e3, 1));
}

/* Every width that can be configured, at its boundary and beyond. */
static void
i386_limit(void **state)
{
	uint32_t bits;
	unsigned n;

	(void)state;
	for (bits = 13; bits <= TOP; bits++) {
		assert_true(i386_admits(0, bits));
		assert_true(i386_admits(BIT(bits) - 4096, bits));
		assert_false(i386_admits(BIT(bits) - 1, bits));
		for (n = 0; n < ENTRY_BITS; n++) {
			assert_int_equal(i386_admits(BIT(n), bits),
			    n >= 12 && n < bits);
		}
		if (bits == ENTRY_BITS) {
			continue;
		}
		assert_false(i386_admits(BIT(bits), bits));
		assert_false(i386_admits(BIT(bits) + 4096, bits));
		assert_false(i386_admits(~UINT64_C(0xfff), bits));
	}
}

/* Against the definition, with addresses near every power of two. */
static void
i386_limit_random(void **state)
{
	uint64_t seed = UINT64_C(0x2545f4914f6cdd1d);
	uint64_t pa;
	uint32_t bits;
	unsigned i;

	(void)state;
	for (i = 0; i < 200000; i++) {
		bits = 13 + i % (TOP - 12);
		pa = i386_random(&seed) >> i / 64 % 52;
		pa = i % 3 == 0 ? pa : pa & ~UINT64_C(0xfff);
		pa &= QPMAP_PAE ? ~UINT64_C(0) : 0xffffffff;
		assert_int_equal(i386_admits(pa, bits),
		    pa % 4096 == 0 && pa < BIT(bits));
	}
}

static void
i386_limit_none(void **state)
{
	uint64_t seed = 88172645463325252;
	unsigned n, i;

	(void)state;
	assert_false(qpmap_pa_is_valid(0, 0));
	assert_false(qpmap_pa_is_valid((qpmap_paddr_t)~UINT64_C(0), 0));
	for (n = 0; n < ENTRY_BITS; n++) {
		assert_false(qpmap_pa_is_valid((qpmap_paddr_t)BIT(n), 0));
		assert_false(qpmap_pa_is_valid((qpmap_paddr_t)~BIT(n), 0));
	}
	for (i = 0; i < 1000; i++) {
		assert_false(qpmap_pa_is_valid(
		    (qpmap_paddr_t)i386_random(&seed), 0));
	}
}

/* Every offset there is, on the first, a middle and the last page. */
static void
i386_misaligned(void **state)
{
	uint64_t offset;

	(void)state;
	for (offset = 0; offset < 4096; offset++) {
		assert_int_equal(i386_admits(offset, TOP), offset == 0);
		assert_int_equal(i386_admits(0x80000000 + offset, TOP),
		    offset == 0);
		assert_int_equal(i386_admits(ADDRESS + offset, TOP),
		    offset == 0);
	}
}

/* Masks are address bits of a PAE entry; 32-bit entries have none to spare. */
static void
i386_sharing(void **state)
{
	(void)state;
	assert_int_equal(QPTE_SHARING, QPMAP_PAE ? ADDRESS : 0);
	/* Its complement refuses every bit of a 64-bit mask. */
	assert_int_equal(~QPTE_SHARING >> 32,
	    QPMAP_PAE ? 0xfff00000 : 0xffffffff);
	assert_int_equal(QPMAP_TABLE_SHIFT, QPMAP_PAE ? 9 : 10);
	assert_int_equal(QPMAP_WINDOW_PAGES, QPMAP_PAE ? 8 : 16);
	if (QPMAP_PAE) {
		assert_int_equal(i386_pa(i386_make(UINT64_C(0x100000000),
		    QPTE_RW_BITS | BIT(47)), BIT(47)), UINT64_C(0x100000000));
	}
}

/*
 * What the CPU has: CPUID 1, EDX, 13 PGE, 25 SSE, 26 SSE2, as the probe keeps
 * it, above CR4.
 */
static void
i386_cpuid(void **state)
{
	struct qpmap_mmu mmu = { .levels = LEVELS };
	unsigned n;

	(void)state;
	for (n = 0; n < 32; n++) {
		mmu.reg[QPMAP_REG_CPUID] = BIT(n + 32);
		assert_int_equal(qpmap_mmu_has(&mmu, QPMAP_CPUID_PGE),
		    n == 13);
		assert_int_equal(qpmap_mmu_has(&mmu, QPMAP_CPUID_SSE),
		    n == 25);
		assert_int_equal(qpmap_mmu_has(&mmu, QPMAP_CPUID_SSE2),
		    n == 26);
		mmu.reg[QPMAP_REG_CPUID] = BIT(n);
		assert_false(qpmap_mmu_has(&mmu, QPMAP_CPUID_SSE2));
	}
}

#define I386_TEST(name, function)					\
	{ I386_NAME "/" name, function, NULL, NULL, NULL }

/*
 * A guard's mark translates nothing, is not taken for empty, and has no
 * address.  With P clear all is ignored; 11:9 are in every entry.
 */
static void
i386_mark(void **state)
{
	struct qpmap_pte mark = { QPTE_MARK };
	uint64_t address = QPMAP_PTE_SIZE == 4 ? UINT64_C(0xfffff000) :
	    UINT64_C(0x000ffffffffff000);

	(void)state;
	assert_int_equal(mark.bits, UINT64_C(0x200));
	assert_false(qpmap_pte_is_valid(mark));
	assert_int_not_equal(mark.bits, qpmap_pte_none().bits);
	assert_int_equal(mark.bits & address, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    I386_TEST("C1/golden-leaves", i386_golden_leaves),
	    I386_TEST("B4/kernel-only-bits", i386_bits),
	    I386_TEST("B4/mark", i386_mark),
	    I386_TEST("C10/pat-index", i386_pat),
	    I386_TEST("tables", i386_tables),
	    I386_TEST("C1/round-trip", i386_round_trip),
	    I386_TEST("C1/address-only", i386_address_only),
	    I386_TEST("valid", i386_is_valid),
	    I386_TEST("large", i386_is_large),
	    I386_TEST("limit", i386_limit),
	    I386_TEST("limit-random", i386_limit_random),
	    I386_TEST("limit-none", i386_limit_none),
	    I386_TEST("misaligned", i386_misaligned),
	    I386_TEST("sharing", i386_sharing),
	    I386_TEST("B10/cpuid", i386_cpuid)
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
