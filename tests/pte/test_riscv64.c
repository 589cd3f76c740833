/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * riscv64's entries, on any host.
 *
 * The literals are written from the RISC-V Privileged Architecture, "Sv39:
 * Page-Based 39-bit Virtual-Memory System" (Sv48 and Sv57 have the same
 * entries), "Svpbmt", "Svnapot", and from the T-Head extension specification,
 * XTheadMae; none comes from the code that is tested.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <qpmap/arch/riscv64.h>
#include <qpmap/qpmap.h>

#include "../../src/core/state.h"

#include "../../src/arch/riscv64/pte.h"

#include "../../src/arch/generic.h"

/* One bit; a name for each that the manual has. */
#define BIT(n)		((uint64_t)1 << (n))
#define V		BIT(0)
#define R		BIT(1)
#define W		BIT(2)
#define X		BIT(3)
#define U		BIT(4)
#define G		BIT(5)
#define A		BIT(6)
#define D		BIT(7)

/* What the manual says about an address in an entry: bit n is in n - 2. */
static uint64_t
rv_entry_of(uint64_t pa)
{
	uint64_t entry = 0;
	unsigned n;

	for (n = 12; n < 56; n++) {
		if ((pa & BIT(n)) != 0) {
			entry |= BIT(n - 2);
		}
	}
	return (entry);
}

/* xorshift64: the same addresses in every run. */
static uint64_t
rv_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (*state);
}

#define RV_PAGE(pa)	((pa) & UINT64_C(0x00fffffffffff000))

static void
rv_golden_leaves(void **state)
{
	(void)state;
	assert_int_equal(qpmap_pte_none().bits, 0);
	/* PPN 0x80000, D A W R V. */
	assert_int_equal(qpmap_pte_make(0x80000000, QPTE_RW_BITS).bits,
	    0x200000c7);
	/* PPN 0x12345, D A R V. */
	assert_int_equal(qpmap_pte_make(0x12345000, QPTE_RO_BITS).bits,
	    0x048d14c3);
	/* PPN 1. */
	assert_int_equal(qpmap_pte_make(0x1000, QPTE_RW_BITS).bits, 0x4c7);
	/* All 44 bits of PPN. */
	assert_int_equal(qpmap_pte_make(UINT64_C(0x00fffffffffff000),
	    QPTE_RW_BITS).bits, UINT64_C(0x003ffffffffffcc7));
	/* Above 4 GiB: PPN 0x8_0000_0000. */
	assert_int_equal(qpmap_pte_make(UINT64_C(0x0000800000000000),
	    QPTE_RW_BITS).bits, UINT64_C(0x00002000000000c7));
}

static void
rv_bits(void **state)
{
	(void)state;
	assert_int_equal(QPTE_RW_BITS, V | R | W | A | D);
	assert_int_equal(QPTE_RO_BITS, V | R | A | D);
	assert_int_equal((QPTE_RW_BITS | QPTE_RO_BITS) & (X | U | G), 0);
	assert_int_equal(QPTE_RW_BITS >> 8, 0);
}

static void
rv_golden_types(void **state)
{
	(void)state;
	/* PBMT 1 is NC, 2 is IO, in bits 62:61. */
	assert_int_equal(QPTE_PBMT_NC, BIT(61));
	assert_int_equal(QPTE_PBMT_IO, BIT(62));
	assert_int_equal(qpmap_pte_make(0x80000000,
	    QPTE_RW_BITS | QPTE_PBMT_NC).bits, UINT64_C(0x20000000200000c7));
	assert_int_equal(qpmap_pte_make(0x10000000,
	    QPTE_RO_BITS | QPTE_PBMT_IO).bits, UINT64_C(0x40000000040000c3));
}

static void
rv_golden_tables(void **state)
{
	uint32_t level;

	(void)state;
	for (level = 1; level < 5; level++) {
		/* A pointer: V alone; N, PBMT, D, A and U are reserved. */
		assert_int_equal(qpmap_pte_make_table(0x80001000, level).bits,
		    0x20000401);
		assert_int_equal(qpmap_pte_make_table(
		    UINT64_C(0x00fffffffffff000), level).bits,
		    UINT64_C(0x003ffffffffffc01));
		assert_false(qpmap_pte_is_large(
		    qpmap_pte_make_table(0x80001000, level), level));
		assert_true(qpmap_pte_is_valid(
		    qpmap_pte_make_table(0x80001000, level)));
	}
}

static void
rv_round_trip_one(uint64_t pa)
{
	static const uint64_t kinds[] = {
	    V | R | W | A | D, V | R | A | D, V | R | W | A | D | BIT(61),
	    V | R | W | A | D | BIT(62), V | R | W | A | D | BIT(63),
	    V | R | A | D | BIT(62) | BIT(61) | BIT(60)
	};
	struct qpmap_pte pte;
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		pte = qpmap_pte_make(pa, kinds[i]);
		assert_int_equal(pte.bits, rv_entry_of(pa) | kinds[i]);
		assert_int_equal(qpmap_pte_pa(pte, 0), pa);
		assert_true(qpmap_pte_is_valid(pte));
		assert_true(qpmap_pte_is_large(pte, 1));
	}
	pte = qpmap_pte_make_table(pa, 1);
	assert_int_equal(pte.bits, rv_entry_of(pa) | V);
	assert_int_equal(qpmap_pte_pa(pte, 0), pa);
}

static void
rv_round_trip(void **state)
{
	uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);
	unsigned n, i;

	(void)state;
	rv_round_trip_one(0);
	rv_round_trip_one(RV_PAGE(~UINT64_C(0)));
	for (n = 12; n < 56; n++) {
		rv_round_trip_one(BIT(n));
		rv_round_trip_one(RV_PAGE(~BIT(n)));
	}
	for (i = 0; i < 20000; i++) {
		rv_round_trip_one(RV_PAGE(rv_random(&seed)));
	}
}

/* A range's next page. */
static void
rv_step(void **state)
{
	struct qpmap_pte pte;
	unsigned n;

	(void)state;
	for (n = 12; n < 56; n++) {
		pte = qpmap_pte_make(BIT(n) - BIT(12), V | R | W | A | D);
		assert_int_equal(pte.bits + QPMAP_PTE_STEP,
		    rv_entry_of(BIT(n)) | V | R | W | A | D);
	}
}

/* Whatever else is set in an entry is no part of its address. */
static void
rv_address_only(void **state)
{
	struct qpmap_pte pte;
	unsigned n;

	(void)state;
	for (n = 0; n < 64; n++) {
		pte.bits = BIT(n);
		assert_int_equal(qpmap_pte_pa(pte, 0),
		    n >= 10 && n < 54 ? BIT(n + 2) : 0);
		/* A sharing mask is left out. */
		assert_int_equal(qpmap_pte_pa(pte, BIT(n)), 0);
	}
}

static void
rv_valid(void **state)
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

/* "R, W and X: when all three are zero, the PTE is a pointer." */
static void
rv_large(void **state)
{
	struct qpmap_pte pte;
	uint64_t rwx;
	unsigned n;

	(void)state;
	for (rwx = 0; rwx < 8; rwx++) {
		pte.bits = V | rwx << 1 | UINT64_C(0x20000000);
		assert_int_equal(qpmap_pte_is_large(pte, 1), rwx != 0);
		assert_int_equal(qpmap_pte_is_large(pte, 4), rwx != 0);
	}
	for (n = 0; n < 64; n++) {
		pte.bits = BIT(n);
		assert_int_equal(qpmap_pte_is_large(pte, 2),
		    n == 1 || n == 2 || n == 3);
	}
}

/* Every width that can be configured, at its boundary and beyond. */
static void
rv_limit(void **state)
{
	uint32_t bits;
	uint64_t limit;
	unsigned n;

	(void)state;
	for (bits = 13; bits <= 56; bits++) {
		limit = qpmap_pa_limit(bits);
		assert_true(qpmap_pa_is_valid(0, limit));
		assert_true(qpmap_pa_is_valid(BIT(bits) - 4096, limit));
		assert_false(qpmap_pa_is_valid(BIT(bits), limit));
		assert_false(qpmap_pa_is_valid(BIT(bits) + 4096, limit));
		assert_false(qpmap_pa_is_valid(BIT(bits) - 1, limit));
		for (n = 0; n < 64; n++) {
			assert_int_equal(qpmap_pa_is_valid(BIT(n), limit),
			    n >= 12 && n < bits);
		}
	}
}

static void
rv_limit_none(void **state)
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
		assert_false(qpmap_pa_is_valid(rv_random(&seed), 0));
	}
}

/* Every offset there is, on the first, a middle and the last page. */
static void
rv_misaligned(void **state)
{
	uint64_t limit = qpmap_pa_limit(56);
	uint64_t offset;

	(void)state;
	for (offset = 0; offset < 4096; offset++) {
		assert_int_equal(qpmap_pa_is_valid(offset, limit),
		    offset == 0);
		assert_int_equal(qpmap_pa_is_valid(0x80000000 + offset, limit),
		    offset == 0);
		assert_int_equal(qpmap_pa_is_valid(
		    UINT64_C(0x00fffffffffff000) + offset, limit),
		    offset == 0);
		assert_false(qpmap_pa_is_valid(
		    UINT64_C(0xfffffffffffff000) + offset, limit));
	}
}

/* Templates with Svpbmt: PBMT alone is taken, 3 is reserved. */
static void
rv_template_svpbmt(void **state)
{
	const uint64_t leaf = V | R | W | A | D | UINT64_C(0x20000000);
	unsigned n;

	(void)state;
	assert_true(qpmap_pte_is_template(leaf, 1));
	assert_true(qpmap_pte_is_template(leaf | BIT(61), 1));
	assert_true(qpmap_pte_is_template(leaf | BIT(62), 1));
	assert_false(qpmap_pte_is_template(leaf | BIT(62) | BIT(61), 1));
	/* A range: PPN ends in 8, N is set.  One page's type is the same. */
	assert_true(qpmap_pte_is_template(leaf | BIT(63) | BIT(13), 1));
	for (n = 0; n < 64; n++) {
		assert_int_equal(qpmap_pte_type(BIT(n), 1),
		    n == 61 || n == 62 ? BIT(n) : 0);
	}
}

/* Without it: XTheadMae's bits 63:60. */
static void
rv_template_c9xx(void **state)
{
	const uint64_t leaf = V | R | W | A | D;
	unsigned n;

	(void)state;
	assert_int_equal(QPMAP_LEAF_C9XX_WRITE_BACK,
	    leaf | BIT(62) | BIT(61) | BIT(60));
	assert_int_equal(QPMAP_LEAF_C9XX_WRITE_COMBINING,
	    leaf | BIT(61) | BIT(60));
	assert_int_equal(QPMAP_LEAF_C9XX_UNCACHED, leaf | BIT(63) | BIT(60));
	assert_true(qpmap_pte_is_template(QPMAP_LEAF_C9XX_WRITE_BACK, 0));
	assert_true(qpmap_pte_is_template(QPMAP_LEAF_C9XX_WRITE_COMBINING, 0));
	assert_true(qpmap_pte_is_template(QPMAP_LEAF_C9XX_UNCACHED, 0));
	assert_true(qpmap_pte_is_template(leaf | BIT(63), 0));
	/* Svnapot's 64 KiB range is not mistaken for strong order. */
	assert_false(qpmap_pte_is_template(leaf | BIT(63) | BIT(13), 0));
	assert_false(qpmap_pte_is_template(leaf | BIT(63) | BIT(13) | BIT(14),
	    0));
	assert_true(qpmap_pte_is_template(leaf | BIT(63) | BIT(13) | BIT(12),
	    0));
	assert_true(qpmap_pte_is_template(leaf | BIT(63) | BIT(60) | BIT(13),
	    0));
	for (n = 0; n < 64; n++) {
		assert_int_equal(qpmap_pte_type(BIT(n), 0),
		    n >= 60 ? BIT(n) : 0);
	}
}

/* What is no leaf, or no valid one, is no template. */
static void
rv_template_invalid(void **state)
{
	/* By X W R: 0 pointer, W and XW reserved. */
	static const _Bool is_leaf[8] = { 0, 1, 0, 1, 1, 1, 0, 1 };
	uint64_t rwx;
	unsigned n;
	int svpbmt;

	(void)state;
	for (svpbmt = 0; svpbmt < 2; svpbmt++) {
		for (rwx = 0; rwx < 8; rwx++) {
			assert_int_equal(qpmap_pte_is_template(V | rwx << 1,
			    svpbmt != 0), is_leaf[rwx]);
			assert_false(qpmap_pte_is_template(rwx << 1,
			    svpbmt != 0));
		}
		for (n = 4; n < 64; n++) {
			assert_int_equal(qpmap_pte_is_template(V | R | BIT(n),
			    svpbmt != 0), n < 54 || n > 58);
		}
	}
}

static void
rv_sharing(void **state)
{
	(void)state;
	assert_int_equal(QPTE_SHARING, 0);
	assert_int_equal(QPMAP_TABLE_SHIFT, 9);
	assert_int_equal(QPMAP_PTE_PA_BITS, 56);
}

#define RV_TEST(name, function) { name, function, NULL, NULL, NULL }

/*
 * A guard's mark translates nothing, is not taken for empty, and has no
 * address.  V = 0: the others are software's.  9:8 are RSW, 53:10 the page
 * number.
 */
static void
rv_mark(void **state)
{
	struct qpmap_pte mark = { QPTE_MARK };
	uint64_t address = UINT64_C(0x003ffffffffffc00);

	(void)state;
	assert_int_equal(mark.bits, UINT64_C(0x100));
	assert_false(qpmap_pte_is_valid(mark));
	assert_int_not_equal(mark.bits, qpmap_pte_none().bits);
	assert_int_equal(mark.bits & address, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    RV_TEST("riscv64/C1/golden-leaves", rv_golden_leaves),
	    RV_TEST("riscv64/B4/kernel-only-not-executable", rv_bits),
	    RV_TEST("riscv64/B4/mark", rv_mark),
	    RV_TEST("riscv64/C10/golden-pbmt", rv_golden_types),
	    RV_TEST("riscv64/tables", rv_golden_tables),
	    RV_TEST("riscv64/C1/round-trip", rv_round_trip),
	    RV_TEST("riscv64/C1/address-only", rv_address_only),
	    RV_TEST("riscv64/B15/step", rv_step),
	    RV_TEST("riscv64/valid", rv_valid),
	    RV_TEST("riscv64/large", rv_large),
	    RV_TEST("riscv64/limit", rv_limit),
	    RV_TEST("riscv64/limit-none", rv_limit_none),
	    RV_TEST("riscv64/misaligned", rv_misaligned),
	    RV_TEST("riscv64/C10/template-svpbmt", rv_template_svpbmt),
	    RV_TEST("riscv64/C10/template-c9xx", rv_template_c9xx),
	    RV_TEST("riscv64/C10/template-invalid", rv_template_invalid),
	    RV_TEST("riscv64/sharing", rv_sharing)
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
