/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * amd64's entries, on any host.
 *
 * The literals are written from the Intel SDM, volume 3, "Format of a
 * Page-Table Entry that Maps a 4-KByte Page", "Format of a Page-Directory
 * Entry that References a Page Table", "Page Attribute Table (PAT)"; none
 * comes from the code that is tested.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <qpmap/arch/x86.h>
#include <qpmap/qpmap.h>

#include "../../src/core/state.h"

#include "../../src/arch/x86/pte.h"

#include "../../src/arch/generic.h"

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

#define PAGE(pa)	((pa) & UINT64_C(0x000ffffffffff000))

/* xorshift64: the same addresses in every run. */
static uint64_t
amd64_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (*state);
}

static void
amd64_golden_leaves(void **state)
{
	(void)state;
	assert_int_equal(qpmap_pte_none().bits, 0);
	/* P RW A D. */
	assert_int_equal(qpmap_pte_make(0x1000, QPTE_RW_BITS).bits, 0x1063);
	/* P A; D is for writable entries. */
	assert_int_equal(qpmap_pte_make(0x12345000, QPTE_RO_BITS).bits,
	    0x12345021);
	/* The same, XD beside. */
	assert_int_equal(qpmap_pte_make(0xfee00000,
	    QPTE_RW_BITS | QPTE_NX).bits, UINT64_C(0x80000000fee00063));
	/* Above 4 GiB, and every address bit. */
	assert_int_equal(qpmap_pte_make(UINT64_C(0x0000008000000000),
	    QPTE_RW_BITS).bits, UINT64_C(0x0000008000000063));
	assert_int_equal(qpmap_pte_make(UINT64_C(0x000ffffffffff000),
	    QPTE_RW_BITS | QPTE_NX).bits, UINT64_C(0x800ffffffffff063));
}

/*
 * Kernel only, not global, nothing for the walker to set; and, of R/W = 0, not
 * D = 1, which is a shadow-stack page.
 */
static void
amd64_bits(void **state)
{
	(void)state;
	assert_int_equal(QPTE_RW_BITS, P | RW | A | D);
	assert_int_equal(QPTE_RO_BITS, P | A);
	assert_int_equal(QPTE_NX, XD);
	assert_int_equal((QPTE_RW_BITS | QPTE_RO_BITS) & (US | G), 0);
}

/* PAT is the high bit of the index, then PCD, then PWT. */
static void
amd64_pat(void **state)
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
		assert_int_equal(qpmap_pte_pat_index(bits[index]), index);
		/* No other bit counts. */
		assert_int_equal(qpmap_pte_pat_index(bits[index] |
		    ~(PAT | PCD | PWT)), index);
	}
	for (n = 0; n < 64; n++) {
		assert_int_equal(qpmap_pte_pat_index(BIT(n)),
		    n == 7 ? 4 : n == 4 ? 2 : n == 3 ? 1 : 0);
	}
}

/* Types: 0 UC, 1 WC, 4 WT, 5 WP, 6 WB, 7 UC-; entry 0 in the low byte. */
static void
amd64_layouts(void **state)
{
	static const uint8_t reset[8] = { 6, 4, 7, 0, 6, 4, 7, 0 };
	static const uint8_t linux_[8] = { 6, 1, 7, 0, 6, 5, 7, 4 };
	static const uint8_t freebsd[8] = { 6, 4, 7, 0, 6, 5, 1, 0 };
	unsigned n;

	(void)state;
	for (n = 0; n < 8; n++) {
		assert_int_equal(QPMAP_PAT_RESET >> 8 * n & 0xff, reset[n]);
		assert_int_equal(QPMAP_PAT_LINUX >> 8 * n & 0xff, linux_[n]);
		assert_int_equal(QPMAP_PAT_FREEBSD >> 8 * n & 0xff,
		    freebsd[n]);
	}
}

/* A pointer to a table: P, RW, A; kernel only; XD clear, PS clear. */
static void
amd64_tables(void **state)
{
	struct qpmap_pte pte;
	uint32_t level;

	(void)state;
	for (level = 1; level < 5; level++) {
		pte = qpmap_pte_make_table(0x80001000, level);
		assert_int_equal(pte.bits, 0x80001023);
		assert_true(qpmap_pte_is_valid(pte));
		assert_false(qpmap_pte_is_large(pte, level));
		pte = qpmap_pte_make_table(UINT64_C(0x000ffffffffff000),
		    level);
		assert_int_equal(pte.bits, UINT64_C(0x000ffffffffff023));
	}
}

static void
amd64_round_trip_one(uint64_t pa)
{
	static const uint64_t kinds[] = {
	    P | RW | A | D, P | A, XD | P | RW | A | D, XD | P | A,
	    XD | P | RW | A | D | PWT, XD | P | RW | A | D | PCD,
	    XD | P | RW | A | D | PAT, P | A | PAT | PCD | PWT
	};
	struct qpmap_pte pte;
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		pte = qpmap_pte_make(pa, kinds[i]);
		assert_int_equal(pte.bits, pa | kinds[i]);
		assert_int_equal(qpmap_pte_pa(pte, 0), pa);
		assert_true(qpmap_pte_is_valid(pte));
		assert_int_equal(qpmap_pte_pat_index(pte.bits),
		    qpmap_pte_pat_index(kinds[i]));
	}
	pte = qpmap_pte_make_table(pa, 1);
	assert_int_equal(pte.bits, pa | P | RW | A);
	assert_int_equal(qpmap_pte_pa(pte, 0), pa);
}

static void
amd64_round_trip(void **state)
{
	uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);
	unsigned n, i;

	(void)state;
	amd64_round_trip_one(0);
	amd64_round_trip_one(PAGE(~UINT64_C(0)));
	for (n = 12; n < 52; n++) {
		amd64_round_trip_one(BIT(n));
		amd64_round_trip_one(PAGE(~BIT(n)));
	}
	for (i = 0; i < 20000; i++) {
		amd64_round_trip_one(PAGE(amd64_random(&seed)));
	}
}

/* Bits 51:12 are the address, and no others; a sharing mask is left out. */
static void
amd64_address_only(void **state)
{
	struct qpmap_pte pte;
	unsigned n;

	(void)state;
	for (n = 0; n < 64; n++) {
		pte.bits = BIT(n);
		assert_int_equal(qpmap_pte_pa(pte, 0),
		    n >= 12 && n < 52 ? BIT(n) : 0);
		assert_int_equal(qpmap_pte_pa(pte, BIT(n)), 0);
		pte.bits = ~UINT64_C(0);
		assert_int_equal(qpmap_pte_pa(pte, BIT(n)),
		    UINT64_C(0x000ffffffffff000) & ~BIT(n));
	}
}

static void
amd64_valid(void **state)
{
	struct qpmap_pte pte;
	unsigned n;

	(void)state;
	assert_false(qpmap_pte_is_valid(qpmap_pte_none()));
	for (n = 0; n < 64; n++) {
		pte.bits = BIT(n);
		assert_int_equal(qpmap_pte_is_valid(pte), n == 0);
		pte.bits = ~BIT(n);
		assert_int_equal(qpmap_pte_is_valid(pte), n != 0);
	}
}

static void
amd64_large(void **state)
{
	struct qpmap_pte pte;
	uint32_t level;
	unsigned n;

	(void)state;
	for (level = 1; level < 5; level++) {
		for (n = 0; n < 64; n++) {
			pte.bits = BIT(n);
			assert_int_equal(qpmap_pte_is_large(pte, level),
			    n == 7);
			pte.bits = ~BIT(n);
			assert_int_equal(qpmap_pte_is_large(pte, level),
			    n != 7);
		}
		/* A 2 MiB page at 2 MiB: P RW A D PS. */
		pte.bits = 0x2000e3;
		assert_true(qpmap_pte_is_large(pte, level));
	}
}

/* Every width that can be configured, at its boundary and beyond. */
static void
amd64_limit(void **state)
{
	uint32_t bits;
	uint64_t limit;
	unsigned n;

	(void)state;
	for (bits = 13; bits <= 52; bits++) {
		limit = qpmap_pa_limit(bits);
		assert_true(qpmap_pa_is_valid(0, limit));
		assert_true(qpmap_pa_is_valid(BIT(bits) - 4096, limit));
		assert_false(qpmap_pa_is_valid(BIT(bits), limit));
		assert_false(qpmap_pa_is_valid(BIT(bits) + 4096, limit));
		assert_false(qpmap_pa_is_valid(BIT(bits) - 1, limit));
		assert_false(qpmap_pa_is_valid(~UINT64_C(0xfff), limit));
		for (n = 0; n < 64; n++) {
			assert_int_equal(qpmap_pa_is_valid(BIT(n), limit),
			    n >= 12 && n < bits);
		}
	}
}

static void
amd64_limit_none(void **state)
{
	uint64_t seed = 88172645463325252;
	unsigned n, i;

	(void)state;
	assert_false(qpmap_pa_is_valid(0, 0));
	assert_false(qpmap_pa_is_valid(~UINT64_C(0), 0));
	for (n = 0; n < 64; n++) {
		assert_false(qpmap_pa_is_valid(BIT(n), 0));
		assert_false(qpmap_pa_is_valid(~BIT(n), 0));
	}
	for (i = 0; i < 1000; i++) {
		assert_false(qpmap_pa_is_valid(amd64_random(&seed), 0));
	}
}

/* Every offset there is, on the first, a middle and the last page. */
static void
amd64_misaligned(void **state)
{
	uint64_t limit = qpmap_pa_limit(52);
	uint64_t offset;

	(void)state;
	for (offset = 0; offset < 4096; offset++) {
		assert_int_equal(qpmap_pa_is_valid(offset, limit),
		    offset == 0);
		assert_int_equal(qpmap_pa_is_valid(0x80000000 + offset, limit),
		    offset == 0);
		assert_int_equal(qpmap_pa_is_valid(
		    UINT64_C(0x000ffffffffff000) + offset, limit),
		    offset == 0);
	}
}

/* The C-bit, or the shared bit, is one of the address bits, 51:12. */
static void
amd64_sharing(void **state)
{
	struct qpmap_pte pte;

	(void)state;
	assert_int_equal(QPTE_SHARING, UINT64_C(0x000ffffffffff000));
	assert_int_equal(QPMAP_TABLE_SHIFT, 9);
	/* SEV: C-bit 51; private page at 4 GiB. */
	pte = qpmap_pte_make(UINT64_C(0x100000000), QPTE_RW_BITS | BIT(51));
	assert_int_equal(pte.bits, UINT64_C(0x0008000100000063));
	assert_int_equal(qpmap_pte_pa(pte, BIT(51)), UINT64_C(0x100000000));
}

#define AMD64_TEST(name, function) { name, function, NULL, NULL, NULL }

/*
 * A guard's mark translates nothing, is not taken for empty, and has no
 * address.  "Formats of CR3 and Paging-Structure Entries": with P clear all
 * is ignored, and 11:9 are in every entry.
 */
static void
amd64_mark(void **state)
{
	struct qpmap_pte mark = { QPTE_MARK };
	uint64_t address = UINT64_C(0x000ffffffffff000);

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
	    AMD64_TEST("amd64/C1/golden-leaves", amd64_golden_leaves),
	    AMD64_TEST("amd64/B4/kernel-only-bits", amd64_bits),
	    AMD64_TEST("amd64/B4/mark", amd64_mark),
	    AMD64_TEST("amd64/C10/pat-index", amd64_pat),
	    AMD64_TEST("amd64/C10/pat-layouts", amd64_layouts),
	    AMD64_TEST("amd64/tables", amd64_tables),
	    AMD64_TEST("amd64/C1/round-trip", amd64_round_trip),
	    AMD64_TEST("amd64/C1/address-only", amd64_address_only),
	    AMD64_TEST("amd64/valid", amd64_valid),
	    AMD64_TEST("amd64/large", amd64_large),
	    AMD64_TEST("amd64/limit", amd64_limit),
	    AMD64_TEST("amd64/limit-none", amd64_limit_none),
	    AMD64_TEST("amd64/misaligned", amd64_misaligned),
	    AMD64_TEST("amd64/sharing", amd64_sharing)
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
