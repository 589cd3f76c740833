/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Large leaves of every format, on any host.
 *
 * The literals are written from the manuals: Intel SDM vol. 3, "Format of a
 * Page-Directory Entry that Maps a 2-MByte Page", "Format of a 32-Bit
 * Page-Directory Entry that Maps a 4-MByte Page"; Arm ARM (DDI 0487),
 * "VMSAv8-64 Block descriptors"; RISC-V Privileged Architecture (Volume II),
 * "Sv39 page table entry"; none comes from the code that is tested.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <qpmap/qpmap.h>

#include "../../src/core/state.h"

#ifdef LARGE_X86
#include "../../src/arch/x86/pte.h"
#elif defined(LARGE_ARM64)
#include "../../src/arch/arm64/pte.h"
#else
#include "../../src/arch/riscv64/pte.h"
#endif

#include "../../src/arch/generic.h"

#define BIT(n)	((uint64_t)1 << (n))

/* A page's bits, the physical address, and the entry. */
struct large_case {
	uint64_t bits, pa, entry;
};

/* Width of a physical address. */
#ifdef LARGE_X86
#if QPMAP_PTE_SIZE == 4
#define LARGE_PA_BITS	32
#define LARGE_BYTES	(4ULL << 20)
static const struct large_case large_cases[] = {
	/* P RW A D and PS; P A and PS. */
	{ 0x63, 0x00400000, 0x004000e3 },
	{ 0x21, 0xffc00000, 0xffc000a1 },
	/* The PAT's index: PWT 1, PCD 2, PAT 4, which is bit 7 of a page. */
	{ 0x63 | 0x08, 0x80000000, 0x800000eb },
	{ 0x63 | 0x10, 0x80000000, 0x800000f3 },
	{ 0x63 | 0x80, 0x80000000, 0x800010e3 },
	{ 0x63 | 0x98, 0x80000000, 0x800010fb },
};
#else
#define LARGE_PA_BITS	52
#define LARGE_BYTES	(2ULL << 20)
static const struct large_case large_cases[] = {
	{ 0x63, 0x00200000, 0x002000e3 },
	{ 0x21, 0x40200000, 0x402000a1 },
	/* XD, and every address bit. */
	{ BIT(63) | 0x63, 0x000fffffffe00000, 0x800fffffffe000e3 },
	{ BIT(63) | 0x21, 0x0000000100000000, 0x80000001000000a1 },
	{ 0x63 | 0x08, 0x80000000, 0x800000eb },
	{ 0x63 | 0x10, 0x80000000, 0x800000f3 },
	{ 0x63 | 0x80, 0x80000000, 0x800010e3 },
	{ 0x63 | 0x98, 0x80000000, 0x800010fb },
	/* SEV's C-bit. */
	{ BIT(51) | 0x63, 0x00400000, 0x00080000004000e3 },
};
#endif
#elif defined(LARGE_ARM64)
/* UXN PXN AF, 0b01 for a block; SH is 9:8, or with LPA2 PA[51:50]. */
#if QPMAP_LPA2 && QPMAP_PAGE_SHIFT == 12
#define LARGE_PA_BITS	52
#define LARGE_BYTES	(2ULL << 20)
static const struct large_case large_cases[] = {
	{ 0x0060000000000403, 0x0000000040200000, 0x0060000040200401 },
	{ 0x0060000000000483, 0x0008000000200000, 0x0060000000200681 },
	{ 0x0060000000000407, 0x000fffffffe00000, 0x0063ffffffe00705 },
};
#elif QPMAP_LPA2
#define LARGE_PA_BITS	52
#define LARGE_BYTES	(32ULL << 20)
static const struct large_case large_cases[] = {
	{ 0x0060000000000403, 0x0000000042000000, 0x0060000042000401 },
	{ 0x0060000000000407, 0x000ffffffe000000, 0x0063fffffe000705 },
};
#elif QPMAP_PAGE_SHIFT == 12
#define LARGE_PA_BITS	48
#define LARGE_BYTES	(2ULL << 20)
static const struct large_case large_cases[] = {
	{ 0x0060000000000703, 0x0000000040200000, 0x0060000040200701 },
	/* AP[2]; AttrIndx 7; nG. */
	{ 0x0060000000000783, 0x0000ffffffe00000, 0x0060ffffffe00781 },
	{ 0x006000000000071f, 0x0000000080000000, 0x006000008000071d },
	{ 0x0060000000000f03, 0x0000000080000000, 0x0060000080000f01 },
};
#elif QPMAP_PAGE_SHIFT == 14
#define LARGE_PA_BITS	48
#define LARGE_BYTES	(32ULL << 20)
static const struct large_case large_cases[] = {
	{ 0x0060000000000703, 0x0000000042000000, 0x0060000042000701 },
	{ 0x0060000000000783, 0x0000fffffe000000, 0x0060fffffe000781 },
};
#else
#define LARGE_PA_BITS	52
#define LARGE_BYTES	(512ULL << 20)
static const struct large_case large_cases[] = {
	{ 0x0060000000000703, 0x0000000060000000, 0x0060000060000701 },
	/* PA[51:48] is in 15:12. */
	{ 0x0060000000000783, 0x000fffffe0000000, 0x0060ffffe000f781 },
	{ 0x0060000000000703, 0x0001000000000000, 0x0060000000001701 },
};
#endif
#else
#define LARGE_PA_BITS	56
#define LARGE_BYTES	(2ULL << 20)
static const struct large_case large_cases[] = {
	/* D A W R V; D A R V; PA[55:12] is in 53:10. */
	{ 0xc7, 0x0000000040200000, 0x00000000100800c7 },
	{ 0xc3, 0x00ffffffffe00000, 0x003ffffffff800c3 },
	/* PBMT: NC, IO. */
	{ BIT(61) | 0xc7, 0x80000000, 0x20000000200000c7 },
	{ BIT(62) | 0xc7, 0x80000000, 0x40000000200000c7 },
};
#endif

static void
large_golden(void **state)
{
	const struct large_case *c = large_cases;
	struct qpmap_pte pte;

	(void)state;
	assert_int_equal(QPMAP_LARGE_SIZE, LARGE_BYTES);
	for (; c != large_cases + sizeof(large_cases) / sizeof(*c); c++) {
		pte = qpmap_pte_make((qpmap_paddr_t)c->pa,
		    qpmap_pte_large_bits((qpmap_ptebits_t)c->bits));
		assert_int_equal(pte.bits, c->entry);
		assert_true(qpmap_pte_is_valid(pte));
		assert_true(qpmap_pte_is_large(pte, 1));
		assert_int_equal(qpmap_pte_pa(pte,
		    (qpmap_ptebits_t)(c->bits & QPTE_SHARING)) &
		    ~(qpmap_paddr_t)(LARGE_BYTES - 1), c->pa);
	}
}

/* What is checked before: aligned to a large page, and narrow enough. */
static void
large_limits(void **state)
{
	qpmap_ptebits_t limit;
	unsigned int bits, n;

	(void)state;
	for (bits = QPMAP_LARGE_SHIFT; bits <= LARGE_PA_BITS; bits++) {
		limit = qpmap_pa_limit_of(bits, QPMAP_LARGE_SHIFT);
		assert_true(bits == 32 && LARGE_PA_BITS == 32 ? 1 :
		    limit != 0);
		for (n = 0; n < 8 * sizeof(qpmap_paddr_t); n++) {
			assert_int_equal(qpmap_pa_is_below(
			    (qpmap_paddr_t)BIT(n), limit, QPMAP_LARGE_SHIFT),
			    n >= QPMAP_LARGE_SHIFT && n < bits);
			assert_false(qpmap_pa_is_below((qpmap_paddr_t)BIT(n),
			    0, QPMAP_LARGE_SHIFT));
		}
		assert_true(qpmap_pa_is_below((qpmap_paddr_t)(BIT(bits) -
		    LARGE_BYTES), limit, QPMAP_LARGE_SHIFT));
		for (n = 0; n < QPMAP_LARGE_SHIFT; n++) {
			assert_false(qpmap_pa_is_below((qpmap_paddr_t)
			    (BIT(bits) - LARGE_BYTES + BIT(n)), limit,
			    QPMAP_LARGE_SHIFT));
		}
	}
	assert_false(qpmap_pa_is_below(0, 0, QPMAP_LARGE_SHIFT));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ "large/B18/golden", large_golden, NULL, NULL, NULL },
		{ "large/B18/limits", large_limits, NULL, NULL, NULL },
	};

	return (cmocka_run_group_tests_name("large", tests, NULL, NULL));
}
