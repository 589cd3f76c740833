/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arm64's entries and what follows from its registers, on any host: compiled
 * once for each page size, and with LPA2.
 *
 * The literals are written from the Arm ARM (DDI 0487), "VMSAv8-64
 * translation table format descriptors", "TCR_EL1", "TTBR1_EL1", "MAIR_EL1"
 * and "ID_AA64MMFR0_EL1"; none comes from the code that is tested.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <qpmap/arch/arm64.h>
#include <qpmap/qpmap.h>

#include "../../src/core/state.h"

#include "../../src/arch/arm64/pte.h"

#include "../../src/arch/generic.h"

#include "../../src/arch/arm64/regs.h"

#if QPMAP_LPA2 && QPMAP_PAGE_SHIFT == 12
#define A64_MODE "arm64-lpa2"
#elif QPMAP_LPA2
#define A64_MODE "arm64-lpa2-16k"
#elif QPMAP_PAGE_SHIFT == 12
#define A64_MODE "arm64"
#elif QPMAP_PAGE_SHIFT == 14
#define A64_MODE "arm64-16k"
#else
#define A64_MODE "arm64-64k"
#endif

#define BIT(n)		(UINT64_C(1) << (n))

/* Fields of a leaf, as the manual numbers them. */
#define UXN		BIT(54)
#define PXN		BIT(53)
#define CONT		BIT(52)
#define DBM		BIT(51)
#define GP		BIT(50)
#define NG		BIT(11)
#define AF		BIT(10)
#define SH_INNER	(BIT(9) | BIT(8))
#define AP_RO		BIT(7)
#define AP_USER		BIT(6)
#define NS		BIT(5)

/* Bits of a physical address that an entry can hold. */
#if QPMAP_LPA2 || QPMAP_PAGE_SHIFT == 16
#define A64_PA_BITS	52
#else
#define A64_PA_BITS	48
#endif
#define A64_PAGE(pa)	((pa) & (BIT(A64_PA_BITS) - 1) &		\
	~(BIT(QPMAP_PAGE_SHIFT) - 1))

/* Where the manual has bit n of an output address. */
static unsigned
a64_entry_bit(unsigned n)
{
	if (QPMAP_LPA2 && n >= 50) {
		return (n - 50 + 8);		/* OA[51:50] in 9:8 */
	}
	if (QPMAP_PAGE_SHIFT == 16 && n >= 48) {
		return (n - 48 + 12);		/* OA[51:48] in 15:12 */
	}
	return (n);
}

static uint64_t
a64_entry_of(uint64_t pa)
{
	uint64_t entry = 0;
	unsigned n;

	for (n = QPMAP_PAGE_SHIFT; n < A64_PA_BITS; n++) {
		if ((pa & BIT(n)) != 0) {
			entry |= BIT(a64_entry_bit(n));
		}
	}
	return (entry);
}

/* xorshift64: the same addresses in every run. */
static uint64_t
a64_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (*state);
}

static void
a64_bits(void **state)
{
	(void)state;
	assert_int_equal(QPTE_RW_BITS, UXN | PXN | AF | 3);
	assert_int_equal(QPTE_RO_BITS, UXN | PXN | AF | AP_RO | 3);
	assert_int_equal(QPTE_RW_BITS, UINT64_C(0x0060000000000403));
	assert_int_equal(QPTE_RO_BITS, UINT64_C(0x0060000000000483));
	assert_int_equal((QPTE_RW_BITS | QPTE_RO_BITS) &
	    (CONT | DBM | GP | NG | AP_USER | NS), 0);
	assert_int_equal(QPTE_NG, NG);
	assert_int_equal(QPMAP_TABLE_SHIFT, QPMAP_PAGE_SHIFT == 12 ? 9 :
	    QPMAP_PAGE_SHIFT == 14 ? 11 : 13);
}

/* Whole entries, written out. */
static void
a64_golden(void **state)
{
	uint64_t nc = QPTE_RW_BITS | qpmap_pte_attr(2);
	uint64_t ro = QPTE_RO_BITS | qpmap_pte_attr(0);
	static const struct {
		uint64_t pa, nc, ro, table;
	} golden[] = {
#if QPMAP_LPA2 && QPMAP_PAGE_SHIFT == 12
	    { UINT64_C(0x40201000), UINT64_C(0x006000004020140b),
	      UINT64_C(0x0060000040201483), UINT64_C(0x40201403) },
	    { UINT64_C(0x000ffffffffff000), UINT64_C(0x0063fffffffff70b),
	      UINT64_C(0x0063fffffffff783), UINT64_C(0x0003fffffffff703) },
	    { UINT64_C(0x0004000000000000), UINT64_C(0x006000000000050b),
	      UINT64_C(0x0060000000000583), UINT64_C(0x0503) },
	    { UINT64_C(0x0009000000001000), UINT64_C(0x006100000000160b),
	      UINT64_C(0x0061000000001683), UINT64_C(0x0001000000001603) },
#elif QPMAP_LPA2
	    { UINT64_C(0x40204000), UINT64_C(0x006000004020440b),
	      UINT64_C(0x0060000040204483), UINT64_C(0x40204403) },
	    { UINT64_C(0x000fffffffffc000), UINT64_C(0x0063ffffffffc70b),
	      UINT64_C(0x0063ffffffffc783), UINT64_C(0x0003ffffffffc703) },
	    { UINT64_C(0x0008000000004000), UINT64_C(0x006000000000460b),
	      UINT64_C(0x0060000000004683), UINT64_C(0x4603) },
#elif QPMAP_PAGE_SHIFT == 12
	    { UINT64_C(0x40201000), UINT64_C(0x006000004020170b),
	      UINT64_C(0x0060000040201783), UINT64_C(0x40201403) },
	    { UINT64_C(0x0000fffffffff000), UINT64_C(0x0060fffffffff70b),
	      UINT64_C(0x0060fffffffff783), UINT64_C(0x0000fffffffff403) },
	    { UINT64_C(0x0000800000000000), UINT64_C(0x006080000000070b),
	      UINT64_C(0x0060800000000783), UINT64_C(0x0000800000000403) },
#elif QPMAP_PAGE_SHIFT == 14
	    { UINT64_C(0x40204000), UINT64_C(0x006000004020470b),
	      UINT64_C(0x0060000040204783), UINT64_C(0x40204403) },
	    { UINT64_C(0x0000ffffffffc000), UINT64_C(0x0060ffffffffc70b),
	      UINT64_C(0x0060ffffffffc783), UINT64_C(0x0000ffffffffc403) },
#else
	    { UINT64_C(0x40210000), UINT64_C(0x006000004021070b),
	      UINT64_C(0x0060000040210783), UINT64_C(0x40210403) },
	    { UINT64_C(0x000fffffffff0000), UINT64_C(0x0060fffffffff70b),
	      UINT64_C(0x0060fffffffff783), UINT64_C(0x0000fffffffff403) },
	    { UINT64_C(0x0008000000010000), UINT64_C(0x006000000001870b),
	      UINT64_C(0x0060000000018783), UINT64_C(0x18403) },
	    { UINT64_C(0x0001800000000000), UINT64_C(0x006080000000170b),
	      UINT64_C(0x0060800000001783), UINT64_C(0x0000800000001403) },
#endif
	};
	uint32_t level;
	size_t i;

	(void)state;
	assert_int_equal(qpmap_pte_none().bits, 0);
	for (i = 0; i < sizeof(golden) / sizeof(golden[0]); i++) {
		assert_int_equal(qpmap_pte_make(golden[i].pa, nc).bits,
		    golden[i].nc);
		assert_int_equal(qpmap_pte_make(golden[i].pa, ro).bits,
		    golden[i].ro);
		for (level = 1; level < 5; level++) {
			assert_int_equal(qpmap_pte_make_table(golden[i].pa,
			    level).bits, golden[i].table);
		}
	}
}

static void
a64_round_trip_one(uint64_t pa)
{
	uint64_t sh = QPMAP_LPA2 ? 0 : SH_INNER;
	uint64_t kinds[] = {
	    UXN | PXN | AF | sh | 3, UXN | PXN | AF | AP_RO | sh | 3,
	    UXN | PXN | AF | NG | sh | BIT(2) | 3,
	    UXN | PXN | AF | AP_RO | NG | sh | BIT(4) | BIT(3) | BIT(2) | 3
	};
	struct qpmap_pte pte;
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		pte = qpmap_pte_make(pa, kinds[i]);
		assert_int_equal(pte.bits, a64_entry_of(pa) | kinds[i]);
		assert_int_equal(qpmap_pte_pa(pte, 0), pa);
		assert_int_equal(qpmap_pte_attr_index(pte.bits),
		    kinds[i] >> 2 & 7);
		assert_true(qpmap_pte_is_valid(pte));
	}
	pte = qpmap_pte_make_table(pa, 1);
	/* 63:59 restrict nothing; AF, for FEAT_HAFT, table, valid. */
	assert_int_equal(pte.bits, a64_entry_of(pa) | AF | 3);
	assert_int_equal(qpmap_pte_pa(pte, 0), pa);
	assert_true(qpmap_pte_is_valid(pte));
	assert_false(qpmap_pte_is_large(pte, 1));
}

static void
a64_round_trip(void **state)
{
	uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);
	unsigned n, i;

	(void)state;
	a64_round_trip_one(0);
	a64_round_trip_one(A64_PAGE(~UINT64_C(0)));
	for (n = QPMAP_PAGE_SHIFT; n < A64_PA_BITS; n++) {
		a64_round_trip_one(BIT(n));
		a64_round_trip_one(A64_PAGE(~BIT(n)));
	}
	for (i = 0; i < 20000; i++) {
		a64_round_trip_one(A64_PAGE(a64_random(&seed)));
	}
}

/* Pages of a range: a run ends where a carry goes to the top bits. */
static void
a64_run_one(uint64_t pa, unsigned pages)
{
	uint64_t last = pa + (uint64_t)pages * QPMAP_PAGE_SIZE;

	if (last >> A64_PA_BITS == 0) {
		assert_int_equal(qpmap_pte_is_run(pa, last),
		    a64_entry_of(last) == a64_entry_of(pa) +
		    (uint64_t)pages * QPMAP_PAGE_SIZE);
	}
}

static void
a64_run(void **state)
{
	uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);
	unsigned n;

	(void)state;
	for (n = QPMAP_PAGE_SHIFT; n < A64_PA_BITS; n++) {
		for (unsigned pages = 0; pages < 8192; pages += 1 + pages / 2) {
			a64_run_one(BIT(n), pages);
			a64_run_one(BIT(n) - QPMAP_PAGE_SIZE, pages);
			a64_run_one(BIT(A64_PA_BITS - 1) |
			    (BIT(n) - QPMAP_PAGE_SIZE), pages);
		}
	}
	for (n = 0; n < 20000; n++) {
		a64_run_one(A64_PAGE(a64_random(&seed)), n % 8192);
	}
}

/* Whatever else is set in an entry is no part of its address. */
static void
a64_address_only(void **state)
{
	struct qpmap_pte pte;
	uint64_t pa;
	unsigned n, m;

	(void)state;
	for (n = 0; n < 64; n++) {
		pa = 0;
		for (m = QPMAP_PAGE_SHIFT; m < A64_PA_BITS; m++) {
			if (a64_entry_bit(m) == n) {
				pa = BIT(m);
			}
		}
		pte.bits = BIT(n);
		assert_int_equal(qpmap_pte_pa(pte, 0), pa);
		/* A sharing mask is left out. */
		assert_int_equal(qpmap_pte_pa(pte, BIT(n)), 0);
		/* A mask may have the bits of an address, and no others. */
		assert_int_equal((QPTE_SHARING & BIT(n)) != 0, pa != 0);
	}
}

/* Bit 0 is valid; bit 1 clear, above the last level, is a block. */
static void
a64_valid(void **state)
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
		pte.bits = BIT(n) | 1;
		assert_int_equal(qpmap_pte_is_large(pte, 1), n != 1);
		assert_int_equal(qpmap_pte_is_large(pte, 3), n != 1);
		pte.bits = ~BIT(n) | 1;
		assert_int_equal(qpmap_pte_is_large(pte, 2), n == 1);
	}
}

static void
a64_admits(void **state)
{
	uint64_t limit, top;
	unsigned bits, n;

	(void)state;
	for (bits = 32; bits <= A64_PA_BITS; bits++) {
		limit = qpmap_pa_limit(bits);
		top = BIT(bits) - BIT(QPMAP_PAGE_SHIFT);
		assert_true(qpmap_pa_is_valid(0, limit));
		assert_true(qpmap_pa_is_valid(top, limit));
		assert_false(qpmap_pa_is_valid(BIT(bits), limit));
		assert_false(qpmap_pa_is_valid(top | BIT(63), limit));
		assert_false(qpmap_pa_is_valid(~UINT64_C(0), limit));
		for (n = 0; n < 64; n++) {
			assert_int_equal(qpmap_pa_is_valid(BIT(n), limit),
			    n >= QPMAP_PAGE_SHIFT && n < bits);
			assert_int_equal(qpmap_pa_is_valid(top ^ BIT(n), limit),
			    n >= QPMAP_PAGE_SHIFT && n < bits);
		}
	}
	for (n = 0; n < 64; n++) {
		assert_false(qpmap_pa_is_valid(BIT(n), 0));
	}
	assert_false(qpmap_pa_is_valid(0, 0));
}

static void
a64_attr_index(void **state)
{
	uint64_t sh = QPMAP_LPA2 ? 0 : UINT64_C(0x300);
	uint32_t index;

	(void)state;
	for (index = 0; index < 8; index++) {
		assert_int_equal(qpmap_pte_attr(index), sh | index << 2);
		assert_int_equal(qpmap_pte_attr_index(index << 2), index);
		assert_int_equal(qpmap_pte_attr_index(
		    ~UINT64_C(0x1c) | index << 2), index);
	}
}

/* Linux' and FreeBSD's, byte by byte. */
static void
a64_layouts(void **state)
{
	uint64_t lin = QPMAP_MAIR_LINUX, mte = QPMAP_MAIR_LINUX_MTE;
	uint64_t bsd = QPMAP_MAIR_FREEBSD;

	(void)state;
	/* MT_NORMAL 0, _TAGGED 1, _NC 2, DEVICE_nGnRnE 3, DEVICE_nGnRE 4. */
	assert_int_equal(qpmap_mair_byte(lin, 0), 0xff);
	assert_int_equal(qpmap_mair_byte(lin, 1), 0xff);
	assert_int_equal(qpmap_mair_byte(mte, 1), 0xf0);
	assert_int_equal(qpmap_mair_byte(lin, 2), 0x44);
	assert_int_equal(qpmap_mair_byte(lin, 3), 0x00);
	assert_int_equal(qpmap_mair_byte(lin, 4), 0x04);
	/* DEVICE_nGnRnE 0, UNCACHEABLE 1, WB 2, WT 3, DEVICE_nGnRE 4. */
	assert_int_equal(qpmap_mair_byte(bsd, 0), 0x00);
	assert_int_equal(qpmap_mair_byte(bsd, 1), 0x44);
	assert_int_equal(qpmap_mair_byte(bsd, 2), 0xff);
	assert_int_equal(qpmap_mair_byte(bsd, 3), 0xbb);
	assert_int_equal(qpmap_mair_byte(bsd, 4), 0x04);
	assert_int_equal(qpmap_mair_find(lin, 0xff), 0);
	assert_int_equal(qpmap_mair_find(lin, 0xbb), 8);
	assert_int_equal(qpmap_mair_find(lin, 0x44), 2);
	assert_int_equal(qpmap_mair_find(lin, 0x00), 3);
	assert_int_equal(qpmap_mair_find(lin, 0x04), 4);
	assert_int_equal(qpmap_mair_find(bsd, 0xff), 2);
	assert_int_equal(qpmap_mair_find(bsd, 0xbb), 3);
	assert_int_equal(qpmap_mair_find(bsd, 0x44), 1);
	assert_int_equal(qpmap_mair_find(bsd, 0x00), 0);
	assert_int_equal(qpmap_mair_find(bsd, 0x04), 4);
}

/* What half a byte of MAIR says: 'n' none, 'c' NC, 't' WT, 'w' WB. */
static char
a64_half(unsigned half)
{
	/* 0000 no Normal memory; 00RW WT; 0100 NC; 01RW WB: transient. */
	if (half < 8) {
		return (half == 0 ? 'n' : half < 4 ? 't' :
		    half == 4 ? 'c' : 'w');
	}
	/* 10RW WT, 11RW WB: not transient. */
	return (half < 12 ? 't' : 'w');
}

static void
a64_mair_bytes(void **state)
{
	uint64_t others = UINT64_C(0x0c0c0c0c0c0c0c0c); /* Device-GRE */
	char inner, outer;
	uint32_t byte;

	(void)state;
	for (byte = 0; byte < 256; byte++) {
		outer = a64_half(byte >> 4);
		inner = a64_half(byte & 15);
		assert_int_equal(qpmap_mair_means(byte, 0xff),
		    outer == 'w' && inner == 'w');
		assert_int_equal(qpmap_mair_means(byte, 0xbb),
		    outer == 't' && inner == 't');
		assert_int_equal(qpmap_mair_means(byte, 0x44), byte == 0x44);
		assert_int_equal(qpmap_mair_means(byte, 0x00), byte == 0x00);
		assert_int_equal(qpmap_mair_means(byte, 0x04), byte == 0x04);
		assert_int_equal(qpmap_mair_is_cacheable(byte),
		    byte == 0xf0 || byte == 0xa0 ||
		    ((outer == 'w' || outer == 't') &&
		    (inner == 'w' || inner == 't')));
		if (byte != 0x0c) {
			assert_int_equal(qpmap_mair_find((others &
			    ~UINT64_C(0xff0000)) | (uint64_t)byte << 16,
			    byte), 2);
		}
	}
	/* The byte itself goes before one that means the same. */
	assert_int_equal(qpmap_mair_find(UINT64_C(0xff0000dd), 0xff), 3);
	assert_int_equal(qpmap_mair_find(UINT64_C(0xff00ffdd), 0xff), 1);
	assert_int_equal(qpmap_mair_find(UINT64_C(0x770000dd), 0xff), 0);
	assert_int_equal(qpmap_mair_find(UINT64_C(0x770000f0), 0xff), 3);
	assert_int_equal(qpmap_mair_find(UINT64_C(0xf0), 0xff), 8);
	assert_int_equal(qpmap_mair_find(UINT64_C(0xaa4f), 0xbb), 1);
}

static struct qpmap_regs
a64_regs(void)
{
	struct qpmap_regs regs = {
	    .control = BIT(2) | BIT(0),	/* EL1, SCTLR.M */
	    .mair = QPMAP_MAIR_LINUX,
	    .mmfr0 = 5,
	};

	/* T1SZ 16, WBWA walks, inner shareable, IPS 48 bits. */
	regs.tcr = UINT64_C(0x5b5103510);
	regs.tcr &= ~(BIT(31) | BIT(30));
	regs.tcr |= QPMAP_PAGE_SHIFT == 12 ? BIT(31) :
	    QPMAP_PAGE_SHIFT == 14 ? BIT(30) : BIT(31) | BIT(30);
	if (QPMAP_LPA2) {
		regs.tcr |= BIT(59);
	}
	return (regs);
}

static void
a64_mode(void **state)
{
	struct qpmap_config config = { .nesting = 1 };
	struct qpmap_regs good = a64_regs(), regs;
	unsigned tg;

	(void)state;
	assert_int_equal(qpmap_regs_mode(&config, &good), QPMAP_OK);
	regs = good;
	regs.control &= ~BIT(0);
	assert_int_equal(qpmap_regs_mode(&config, &regs), QPMAP_ERR_PAGING);
	regs = good;
	regs.control |= BIT(25);	/* EE */
	assert_int_equal(qpmap_regs_mode(&config, &regs), QPMAP_ERR_PAGING);
	regs = good;
	regs.tcr |= BIT(23);		/* EPD1 */
	assert_int_equal(qpmap_regs_mode(&config, &regs), QPMAP_ERR_EPD1);
	regs = good;
	regs.tcr &= ~(BIT(24) | BIT(25) | BIT(26) | BIT(27)); /* IRGN1, ORGN1 */
	assert_int_equal(qpmap_regs_mode(&config, &regs), QPMAP_OK);
	regs = good;
	regs.tcr ^= BIT(59);		/* DS: without meaning for 64 KiB */
	assert_int_equal(qpmap_regs_mode(&config, &regs),
	    QPMAP_PAGE_SHIFT == 16 ? QPMAP_OK : QPMAP_ERR_PAGING);
	regs = good;
	regs.tcr2 = BIT(1);		/* PIE */
	assert_int_equal(qpmap_regs_mode(&config, &regs), QPMAP_ERR_PAGING);
	regs.tcr2 = BIT(5);		/* D128 */
	assert_int_equal(qpmap_regs_mode(&config, &regs), QPMAP_ERR_PAGING);
	for (tg = 0; tg < 4; tg++) {
		/* 1: 16 KiB, 2: 4 KiB, 3: 64 KiB; 0 is reserved. */
		regs = good;
		regs.tcr = (regs.tcr & ~(BIT(31) | BIT(30))) |
		    (uint64_t)tg << 30;
		assert_int_equal(qpmap_regs_mode(&config, &regs),
		    tg == (QPMAP_PAGE_SHIFT == 12 ? 2u :
		    QPMAP_PAGE_SHIFT == 14 ? 1u : 3u) ? QPMAP_OK :
		    QPMAP_ERR_PAGE_SIZE);
	}
	config.flags = QPMAP_F_NO_NX;
	assert_int_equal(qpmap_regs_mode(&config, &good), QPMAP_ERR_NO_NX);
	config.flags = 0;
	config.layout = QPMAP_MAIR_FREEBSD;
	assert_int_equal(qpmap_regs_mode(&config, &good), QPMAP_ERR_LAYOUT);
	config.layout = QPMAP_MAIR_LINUX;
	assert_int_equal(qpmap_regs_mode(&config, &good), QPMAP_OK);
}

/* EL1; EL2 with HCR_EL2.E2H (34) and TGE (27); nothing else. */
static void
a64_exception_level(void **state)
{
	struct qpmap_config config = { .nesting = 1 };
	struct qpmap_regs regs = a64_regs();
	unsigned el, hcr;

	(void)state;
	for (el = 0; el < 4; el++) {
		for (hcr = 0; hcr < 4; hcr++) {
			regs.control = (uint64_t)el << 2 | BIT(0) |
			    ((hcr & 1) != 0 ? BIT(34) : 0) |
			    ((hcr & 2) != 0 ? BIT(27) : 0);
			assert_int_equal(qpmap_regs_mode(&config, &regs),
			    (el == 1 && hcr == 0) || (el == 2 && hcr == 3) ?
			    QPMAP_OK : QPMAP_ERR_EXCEPTION_LEVEL);
		}
	}
}

/* T1SZ: how many bits are walked, by how many levels of tables. */
static void
a64_levels(void **state)
{
	static const struct {
		unsigned t1sz, levels;
	} golden[] = {
#if QPMAP_PAGE_SHIFT == 12
	    { 39, 2 }, { 34, 2 }, { 33, 3 }, { 25, 3 }, { 24, 4 }, { 16, 4 },
#elif QPMAP_PAGE_SHIFT == 14
	    { 39, 1 }, { 38, 2 }, { 28, 2 }, { 27, 3 }, { 17, 3 }, { 16, 4 },
#else
	    { 39, 1 }, { 35, 1 }, { 34, 2 }, { 22, 2 }, { 21, 3 }, { 16, 3 },
	    { 12, 3 },
#endif
#if QPMAP_LPA2
	    { 15, QPMAP_PAGE_SHIFT == 12 ? 5 : 4 },
	    { 12, QPMAP_PAGE_SHIFT == 12 ? 5 : 4 },
#endif
	};
	struct qpmap_config config = { .nesting = 1 };
	struct qpmap_regs regs = a64_regs();
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(golden) / sizeof(golden[0]); i++) {
		regs.tcr = (regs.tcr & ~UINT64_C(0x3f0000)) |
		    (uint64_t)golden[i].t1sz << 16;
		assert_int_equal(qpmap_regs_mode(&config, &regs), QPMAP_OK);
		assert_int_equal(qpmap_regs_va_bits(&regs),
		    64 - golden[i].t1sz);
		assert_int_equal(qpmap_regs_levels(&regs), golden[i].levels);
	}
	/* More than the format has, and no table at all. */
	regs.tcr = (regs.tcr & ~UINT64_C(0x3f0000)) |
	    (uint64_t)(63 - A64_PA_BITS) << 16;
	assert_int_equal(qpmap_regs_mode(&config, &regs), QPMAP_ERR_PAGING);
	regs.tcr = (regs.tcr & ~UINT64_C(0x3f0000)) |
	    (uint64_t)(64 - QPMAP_PAGE_SHIFT) << 16;
	assert_int_equal(qpmap_regs_mode(&config, &regs), QPMAP_ERR_PAGING);
}

static void
a64_width(void **state)
{
	static const unsigned width[8] = { 32, 36, 40, 42, 44, 48, 52, 52 };
	struct qpmap_regs regs = a64_regs();
	unsigned cpu, ips, least;

	(void)state;
	for (cpu = 0; cpu < 8; cpu++) {
		for (ips = 0; ips < 8; ips++) {
			regs.mmfr0 = UINT64_C(0x0011112200101120) | cpu;
			regs.tcr = (regs.tcr & ~UINT64_C(0x700000000)) |
			    (uint64_t)ips << 32;
			least = width[cpu] < width[ips] ? width[cpu] :
			    width[ips];
			assert_int_equal(qpmap_regs_pa_bits(&regs),
			    least < A64_PA_BITS ? least : A64_PA_BITS);
		}
	}
}

static uint64_t
a64_root_of(const struct qpmap_regs *regs)
{
	return (qpmap_regs_root(regs, qpmap_regs_pa_bits(regs)));
}

/* TTBR1: ASID 63:48, address 47:x, with 52 bits 51:48 in 5:2, CnP 0. */
static void
a64_root(void **state)
{
	struct qpmap_regs regs = a64_regs();

	(void)state;
	regs.ttbr1 = UINT64_C(0xabcd123456780001);
	assert_int_equal(a64_root_of(&regs), UINT64_C(0x123456780000));
	/* Two entries: aligned to 16 bytes, inside a page. */
	regs.ttbr1 = UINT64_C(0xabcd000040001011);
	assert_int_equal(a64_root_of(&regs), UINT64_C(0x40001010));
	regs.ttbr1 = UINT64_C(0xabcd0000400ff080);
	assert_int_equal(a64_root_of(&regs), UINT64_C(0x400ff080));
	/* TCR_EL1.IPS alone says 52 bits, or PARange alone. */
	regs.tcr = (regs.tcr & ~UINT64_C(0x700000000)) |
	    UINT64_C(0x600000000);
	assert_int_equal(a64_root_of(&regs), UINT64_C(0x400ff080));
	regs.tcr = (regs.tcr & ~UINT64_C(0x700000000)) |
	    UINT64_C(0x500000000);
	regs.mmfr0 = 6;
	assert_int_equal(a64_root_of(&regs), UINT64_C(0x400ff080));
	/* Both do: 64 bytes is the least, and 51:48 are in 5:2. */
	regs.tcr = (regs.tcr & ~UINT64_C(0x700000000)) |
	    UINT64_C(0x600000000);
	regs.ttbr1 = UINT64_C(0xabcd123456780069);
	assert_int_equal(a64_root_of(&regs), A64_PA_BITS == 52 ?
	    UINT64_C(0x000a123456780040) : UINT64_C(0x123456780068));
}

/*
 * ID_AA64ISAR0_EL1.TLB, 59:56: 0 none, 1 outer shareable, 2 by range too; 3
 * and up are not there yet, and have what came before.
 */
static void
a64_range(void **state)
{
	struct qpmap_regs regs = a64_regs();
	uint64_t tlb;

	(void)state;
	for (tlb = 0; tlb < 16; tlb++) {
		regs.isar0 = tlb << 56;
		assert_int_equal(qpmap_regs_range(&regs),
		    tlb >= 2 && !QPMAP_LPA2);
		regs.isar0 = ~(UINT64_C(15) << 56) | tlb << 56;
		assert_int_equal(qpmap_regs_range(&regs),
		    tlb >= 2 && !QPMAP_LPA2);
	}
}

/*
 * TCR2_EL1 is read where ID_AA64MMFR3_EL1 has S1PIE, 11:8, or D128, 35:32, and
 * the host does not say that it traps.
 */
static void
a64_tcr2(void **state)
{
	unsigned bit;

	(void)state;
	for (bit = 0; bit < 64; bit++) {
		assert_int_equal(qpmap_regs_tcr2(~(uint32_t)0x8000, BIT(bit)),
		    bit / 4 == 2 || bit / 4 == 8);
		assert_false(qpmap_regs_tcr2(0x8000, BIT(bit)));
	}
	assert_false(qpmap_regs_tcr2(0, 0));
	assert_false(qpmap_regs_tcr2(QPMAP_F_NO_TCR2, ~UINT64_C(0)));
}

/* Bits by type from a layout, and which types are special. */
static void
a64_types(void **state)
{
	uint64_t sh = QPMAP_LPA2 ? 0 : UINT64_C(0x300);
	struct qpmap_config config = { .types = 0x1d };
	struct qpmap_mmu mmu = { .levels = 0 };

	(void)state;
	assert_int_equal(qpmap_regs_types(&config, QPMAP_MAIR_LINUX, &mmu),
	    QPMAP_OK);
	assert_int_equal(mmu.type_bits[QPMAP_ATTR_WRITE_BACK], sh);
	assert_int_equal(mmu.type_bits[QPMAP_ATTR_WRITE_COMBINING], sh | 0x08);
	assert_int_equal(mmu.type_bits[QPMAP_ATTR_UNCACHED], sh | 0x0c);
	assert_int_equal(mmu.type_bits[QPMAP_ATTR_UNCACHED_MINUS], sh | 0x10);
	assert_int_equal(mmu.slow_types, 0x1c);
	config.types = 0x1f;
	assert_int_equal(qpmap_regs_types(&config, QPMAP_MAIR_LINUX, &mmu),
	    QPMAP_ERR_TYPE_WRITE_THROUGH);
	mmu = (struct qpmap_mmu){ .levels = 0 };
	assert_int_equal(qpmap_regs_types(&config, QPMAP_MAIR_FREEBSD, &mmu),
	    QPMAP_OK);
	assert_int_equal(mmu.type_bits[QPMAP_ATTR_WRITE_BACK], sh | 0x08);
	assert_int_equal(mmu.type_bits[QPMAP_ATTR_WRITE_THROUGH], sh | 0x0c);
	assert_int_equal(mmu.type_bits[QPMAP_ATTR_WRITE_COMBINING], sh | 0x04);
	assert_int_equal(mmu.type_bits[QPMAP_ATTR_UNCACHED], sh);
	assert_int_equal(mmu.type_bits[QPMAP_ATTR_UNCACHED_MINUS], sh | 0x10);
	assert_int_equal(mmu.slow_types, 0x1c);
	/* Nothing asked for: write-back, which no byte means. */
	config.types = 0;
	assert_int_equal(qpmap_regs_types(&config, 0, &mmu),
	    QPMAP_ERR_TYPE_WRITE_BACK);
	/* Each by name: nGnRE is all there is besides write-back. */
	for (config.types = 2; config.types <= 16; config.types <<= 1) {
		assert_int_equal(qpmap_regs_types(&config,
		    UINT64_C(0x04040404040404ff), &mmu),
		    config.types == 2 ? QPMAP_ERR_TYPE_WRITE_THROUGH :
		    config.types == 4 ? QPMAP_ERR_TYPE_WRITE_COMBINING :
		    config.types == 8 ? QPMAP_ERR_TYPE_UNCACHED : QPMAP_OK);
	}
	assert_int_equal(qpmap_regs_types(&(struct qpmap_config){
	    .types = 16 }, UINT64_C(0xff), &mmu),
	    QPMAP_ERR_TYPE_UNCACHED_MINUS);
}

/* A template: its AttrIndx and SH, whatever the byte it selects. */
static void
a64_template(void **state)
{
	struct qpmap_config config = { .types = 0x01 };
	struct qpmap_mmu mmu = { .levels = 0 };

	(void)state;
	/* A page, outer shareable, index 1; all set but NS. */
	config.template_leaf[QPMAP_ATTR_WRITE_BACK] =
	    UINT64_C(0xfffffffffffffec7);
	assert_int_equal(qpmap_regs_types(&config, UINT64_C(0x44ff), &mmu),
	    QPMAP_OK);
	assert_int_equal(mmu.type_bits[QPMAP_ATTR_WRITE_BACK],
	    QPMAP_LPA2 ? 0x04 : 0x204);
	assert_int_equal(mmu.slow_types, 0x01);	/* byte 1 is NC */
	/* A block, not shareable, index 0, of tagged write-back memory. */
	mmu = (struct qpmap_mmu){ .levels = 0 };
	config.template_leaf[QPMAP_ATTR_WRITE_BACK] = UINT64_C(0x40000401);
	assert_int_equal(qpmap_regs_types(&config, UINT64_C(0x44f0), &mmu),
	    QPMAP_OK);
	assert_int_equal(mmu.type_bits[QPMAP_ATTR_WRITE_BACK], 0);
	assert_int_equal(mmu.slow_types, 0);
	/* NS: memory of another security state, whatever else is right. */
	config.template_leaf[QPMAP_ATTR_WRITE_BACK] = UINT64_C(0x40000421);
	assert_int_equal(qpmap_regs_types(&config, UINT64_C(0x44f0), &mmu),
	    QPMAP_ERR_TEMPLATE);
	config.template_leaf[QPMAP_ATTR_WRITE_BACK] = UINT64_C(0x40000401);
	/* Invalid, though the type is not asked for. */
	config.template_leaf[QPMAP_ATTR_UNCACHED] =
	    UINT64_C(0x0060000040000702);
	assert_int_equal(qpmap_regs_types(&config, UINT64_C(0x44ff), &mmu),
	    QPMAP_ERR_TEMPLATE);
}

#define A64_TEST(name, function)					\
	{ A64_MODE "/" name, function, NULL, NULL, NULL }

/*
 * A guard's mark translates nothing, is not taken for empty, and has no
 * address.  Bit 0 says whether a descriptor is valid; bits 58:55 are ignored
 * in a page descriptor, too.  An address would be in 49:12, or 49:8 with LPA2.
 */
static void
a64_mark(void **state)
{
	struct qpmap_pte mark = { QPTE_MARK };
	uint64_t address = UINT64_C(0x0003ffffffffff00);

	(void)state;
	assert_int_equal(mark.bits, UINT64_C(0x0080000000000000));
	assert_false(qpmap_pte_is_valid(mark));
	assert_int_not_equal(mark.bits, qpmap_pte_none().bits);
	assert_int_equal(mark.bits & address, 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    A64_TEST("B4/bits", a64_bits),
	    A64_TEST("C1/golden-entries", a64_golden),
	    A64_TEST("B4/mark", a64_mark),
	    A64_TEST("C1/round-trip", a64_round_trip),
	    A64_TEST("C1/address-only", a64_address_only),
	    A64_TEST("B15/run", a64_run),
	    A64_TEST("B3/valid", a64_valid),
	    A64_TEST("C5/admits", a64_admits),
	    A64_TEST("C10/attr-index", a64_attr_index),
	    A64_TEST("C10/layouts", a64_layouts),
	    A64_TEST("C10/mair-bytes", a64_mair_bytes),
	    A64_TEST("C10/types", a64_types),
	    A64_TEST("C10/template", a64_template),
	    A64_TEST("B10/range", a64_range),
	    A64_TEST("init/mode", a64_mode),
	    A64_TEST("init/exception-level", a64_exception_level),
	    A64_TEST("init/levels", a64_levels),
	    A64_TEST("init/width", a64_width),
	    A64_TEST("init/root", a64_root),
	    A64_TEST("init/tcr2", a64_tcr2),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
