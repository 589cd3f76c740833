/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arm64's operands of TLB invalidations, on any host: compiled once for each
 * page size.  The instructions are in inline functions that nobody calls here.
 *
 * The literals are written from the Arm ARM (DDI 0487), "TLBI VAALE1IS" and
 * "TLBI RVAALE1IS"; none comes from the code that is tested.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../src/core/state.h"

#include "../../src/arch/arm64/pte.h"

#include "../../src/arch/arm64/tlb.h"

#define BIT(n)		(UINT64_C(1) << (n))

/* TG, 47:46: 1 is 4 KiB, 2 is 16 KiB, 3 is 64 KiB; and the test's name. */
#if QPMAP_PAGE_SHIFT == 12 && QPMAP_LPA2
#define A64_TLB_MODE	"arm64-lpa2"
#define A64_TG		BIT(46)
#elif QPMAP_PAGE_SHIFT == 12
#define A64_TLB_MODE	"arm64"
#define A64_TG		BIT(46)
#elif QPMAP_PAGE_SHIFT == 14
#define A64_TLB_MODE	"arm64-16k"
#define A64_TG		BIT(47)
#else
#define A64_TLB_MODE	"arm64-64k"
#define A64_TG		(BIT(47) | BIT(46))
#endif

/*
 * Whole operands, written out: ASID 63:48, TG 47:46, SCALE 45:44, NUM 43:39,
 * TTL 38:37, and in 36:0 VA[48:12], VA[50:14] or VA[52:16].
 */
static void
a64_tlb_golden(void **state)
{
	static const struct {
		uint64_t va, scale, num, operand;
	} golden[] = {
#if QPMAP_PAGE_SHIFT == 12
	    { 0, 0, 0, UINT64_C(0x0000400000000000) },
	    { UINT64_C(0xffffffffffe00000), 0, 3,
	      UINT64_C(0x0000419ffffffe00) },
	    { UINT64_C(0xffffc90010000000), 1, 0,
	      UINT64_C(0x0000501c90010000) },
	    { UINT64_C(0xffff800000001000), 2, 31,
	      UINT64_C(0x00006f9800000001) },
	    { UINT64_C(0x0000123456789000), 3, 16,
	      UINT64_C(0x0000780123456789) },
#elif QPMAP_PAGE_SHIFT == 14
	    { 0, 0, 0, UINT64_C(0x0000800000000000) },
	    { UINT64_C(0xffff800000004000), 2, 31,
	      UINT64_C(0x0000af9e00000001) },
	    { UINT64_C(0x0000123456788000), 3, 16,
	      UINT64_C(0x0000b80048d159e2) },
#else
	    { 0, 0, 0, UINT64_C(0x0000c00000000000) },
	    { UINT64_C(0xffff800000010000), 2, 31,
	      UINT64_C(0x0000ef9f80000001) },
	    { UINT64_C(0x0000123456780000), 3, 16,
	      UINT64_C(0x0000f80012345678) },
#endif
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(golden) / sizeof(golden[0]); i++) {
		assert_int_equal(qpmap_tlb_range_operand(golden[i].va,
		    golden[i].scale, golden[i].num), golden[i].operand);
	}
}

/* Field by field, every value, with the rest of the operand in the way. */
static void
a64_tlb_fields(void **state)
{
	uint64_t va, scale, num, operand;
	unsigned n;

	(void)state;
	for (scale = 0; scale < 4; scale++) {
		for (num = 0; num < 32; num++) {
			operand = qpmap_tlb_range_operand(~UINT64_C(0), scale,
			    num);
			assert_int_equal(operand, A64_TG | scale << 44 |
			    num << 39 | (BIT(37) - 1));
		}
	}
	for (n = 0; n < 64; n++) {
		va = BIT(n);
		operand = qpmap_tlb_range_operand(va, 0, 0);
		assert_int_equal(operand, A64_TG | (n >= QPMAP_PAGE_SHIFT &&
		    n < QPMAP_PAGE_SHIFT + 37 ? BIT(n - QPMAP_PAGE_SHIFT) :
		    0));
		/* By address: VA[55:12] in 43:0, whatever the page size. */
		assert_int_equal(qpmap_tlb_operand(va),
		    n >= 12 && n < 56 ? BIT(n - 12) : 0);
	}
}

/* (NUM + 1) * 2^(5 * SCALE + 1) pages in one; what all scales reach. */
static void
a64_tlb_reach(void **state)
{
	(void)state;
	assert_int_equal(QPMAP_TLBI_RANGE_SHIFT(0), 1);
	assert_int_equal(QPMAP_TLBI_RANGE_SHIFT(1), 6);
	assert_int_equal(QPMAP_TLBI_RANGE_SHIFT(2), 11);
	assert_int_equal(QPMAP_TLBI_RANGE_SHIFT(3), 16);
	/* One, and 31 of each scale. */
	assert_int_equal(1 + 31 * (2 + 64 + 2048 + 65536),
	    QPMAP_TLBI_RANGE_MAX - 1);
}

#define A64_TLB_TEST(name, function)					\
	{ A64_TLB_MODE "/" name, function, NULL, NULL, NULL }

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    A64_TLB_TEST("B10/range-golden", a64_tlb_golden),
	    A64_TLB_TEST("B10/range-fields", a64_tlb_fields),
	    A64_TLB_TEST("B10/range-reach", a64_tlb_reach),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
