/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * riscv64's probe, on any host, on a hart that pretends.
 *
 * The literals are written from the RISC-V Privileged Architecture,
 * "Supervisor Address Translation and Protection (satp) Register" and
 * "Svpbmt"; none comes from the code that is tested.
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

/* In place of src/arch/riscv64/read.h: MODE 63:60, ASID 59:44, PPN 43:0. */
#define QPMAP_ARCH_RISCV64_READ_H
static uint64_t rv_satp;

static uint64_t
qpmap_read_satp(void)
{
	return (rv_satp);
}

/* The probe itself, with its entries, but without src/arch/arch.h. */
#define QPMAP_ARCH_ARCH_H
int qpmap_probe(const struct qpmap_config *config, struct qpmap_mmu *mmu);
_Bool qpmap_probe_same(const struct qpmap_mmu *mmu);
_Bool qpmap_probe_range(const struct qpmap_mmu *mmu, qpmap_vaddr_t first,
    qpmap_vaddr_t last);

#include "../../src/arch/riscv64/probe.c"

#define SATP(mode, asid, ppn)						\
	((uint64_t)(mode) << 60 | (uint64_t)(asid) << 44 | (uint64_t)(ppn))

static int
rv_probe(const struct qpmap_config *config, struct qpmap_mmu *mmu)
{
	static const struct qpmap_mmu zero;

	*mmu = zero;
	return (qpmap_probe(config, mmu));
}

/* 0 is bare, 8 to 10 are Sv39 to Sv57, 11 and up are none. */
static void
rv_mode(void **state)
{
	struct qpmap_config config = { .flags = 0 };
	struct qpmap_mmu mmu;
	unsigned mode;

	(void)state;
	for (mode = 0; mode < 16; mode++) {
		rv_satp = SATP(mode, 0xffff, 0xfffffffffff);
		assert_int_equal(rv_probe(&config, &mmu),
		    mode >= 8 && mode <= 10 ? QPMAP_OK : QPMAP_ERR_PAGING);
		if (mode < 8 || mode > 10) {
			continue;
		}
		assert_int_equal(mmu.levels, mode - 5);
		assert_int_equal(mmu.va_bits, 39 + 9 * (mode - 8));
		assert_int_equal(mmu.pa_bits, 56);
		assert_int_equal(mmu.root, UINT64_C(0x00fffffffffff000));
	}
	rv_satp = SATP(8, 7, 0x80200);
	assert_int_equal(rv_probe(&config, &mmu), QPMAP_OK);
	assert_int_equal(mmu.root, 0x80200000);
	assert_int_equal(mmu.rw_bits, 0xc7);		/* D A W R V */
	assert_int_equal(mmu.ro_bits, 0xc3);		/* D A R V */
	config.layout = 1;
	assert_int_equal(rv_probe(&config, &mmu), QPMAP_ERR_LAYOUT);
	config.layout = 0;
	config.flags = QPMAP_F_NO_NX;
	assert_int_equal(rv_probe(&config, &mmu), QPMAP_ERR_NO_NX);
}

/* By Svpbmt, bits 62:61: 1 is NC, 2 is IO.  No mapping is special. */
static void
rv_types(void **state)
{
	struct qpmap_config config = { .types =
	    QPMAP_TYPE_BIT(QPMAP_ATTR_WRITE_COMBINING) |
	    QPMAP_TYPE_BIT(QPMAP_ATTR_UNCACHED) };
	struct qpmap_mmu mmu;

	(void)state;
	rv_satp = SATP(9, 0, 0x80200);
	assert_int_not_equal(rv_probe(&config, &mmu), QPMAP_OK);
	config.flags = QPMAP_F_SVPBMT;
	assert_int_equal(rv_probe(&config, &mmu), QPMAP_OK);
	assert_int_equal(mmu.type_bits[QPMAP_ATTR_WRITE_BACK], 0);
	assert_int_equal(mmu.type_bits[QPMAP_ATTR_WRITE_COMBINING],
	    UINT64_C(1) << 61);
	assert_int_equal(mmu.type_bits[QPMAP_ATTR_UNCACHED], UINT64_C(2) << 61);
	assert_int_equal(mmu.slow_types, 0);
	config.types = QPMAP_TYPE_BIT(QPMAP_ATTR_WRITE_THROUGH);
	assert_int_not_equal(rv_probe(&config, &mmu), QPMAP_OK);
	config.types = QPMAP_TYPE_BIT(QPMAP_ATTR_UNCACHED_MINUS);
	assert_int_not_equal(rv_probe(&config, &mmu), QPMAP_OK);
}

/* By templates: their bits 63:60; one like write-back's is refused. */
static void
rv_templates(void **state)
{
	struct qpmap_config config = { .types =
	    QPMAP_TYPE_BIT(QPMAP_ATTR_UNCACHED) };
	struct qpmap_mmu mmu;

	(void)state;
	rv_satp = SATP(8, 0, 0x80200);
	config.template_leaf[QPMAP_ATTR_WRITE_BACK] =
	    QPMAP_LEAF_C9XX_WRITE_BACK;
	config.template_leaf[QPMAP_ATTR_UNCACHED] = QPMAP_LEAF_C9XX_UNCACHED;
	assert_int_equal(rv_probe(&config, &mmu), QPMAP_OK);
	assert_int_equal(mmu.type_bits[QPMAP_ATTR_WRITE_BACK],
	    UINT64_C(7) << 60);
	assert_int_equal(mmu.type_bits[QPMAP_ATTR_UNCACHED], UINT64_C(9) << 60);
	config.template_leaf[QPMAP_ATTR_UNCACHED] = QPMAP_LEAF_C9XX_WRITE_BACK;
	assert_int_not_equal(rv_probe(&config, &mmu), QPMAP_OK);
	config.template_leaf[QPMAP_ATTR_UNCACHED] =
	    QPMAP_LEAF_C9XX_UNCACHED - 1;
	assert_int_equal(rv_probe(&config, &mmu), QPMAP_ERR_TEMPLATE);
}

/* Another hart: its mode, not its root. */
static void
rv_same(void **state)
{
	struct qpmap_config config = { .flags = 0 };
	struct qpmap_mmu mmu;

	(void)state;
	rv_satp = SATP(9, 0, 0x80200);
	assert_int_equal(rv_probe(&config, &mmu), QPMAP_OK);
	assert_true(qpmap_probe_same(&mmu));
	rv_satp = SATP(9, 0x1234, 0x90300);
	assert_true(qpmap_probe_same(&mmu));
	rv_satp = SATP(8, 0, 0x80200);
	assert_false(qpmap_probe_same(&mmu));
	rv_satp = SATP(0, 0, 0x80200);
	assert_false(qpmap_probe_same(&mmu));
}

/* Either half, not the hole between them, and not address 0. */
static void
rv_range(void **state)
{
	struct qpmap_config config = { .flags = 0 };
	struct qpmap_mmu mmu;
	uint64_t lower, upper;
	unsigned mode;

	(void)state;
	for (mode = 8; mode <= 10; mode++) {
		rv_satp = SATP(mode, 0, 0x80200);
		assert_int_equal(rv_probe(&config, &mmu), QPMAP_OK);
		lower = (UINT64_C(1) << (38 + 9 * (mode - 8))) - 1;
		upper = ~lower;
		assert_true(qpmap_probe_range(&mmu, 0x1000, lower));
		assert_false(qpmap_probe_range(&mmu, 0, lower));
		assert_false(qpmap_probe_range(&mmu, 0x1000, lower + 1));
		assert_false(qpmap_probe_range(&mmu, 0x1000, upper));
		assert_true(qpmap_probe_range(&mmu, upper, ~UINT64_C(0)));
		assert_false(qpmap_probe_range(&mmu, upper - 1,
		    ~UINT64_C(0)));
		assert_false(qpmap_probe_range(&mmu, 0x2000, 0x1fff));
	}
}

#define RV_TEST(name, function) { "riscv64/" name, function, NULL, NULL, NULL }

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RV_TEST("mode", rv_mode),
		RV_TEST("C10/types", rv_types),
		RV_TEST("C10/templates", rv_templates),
		RV_TEST("B11/same", rv_same),
		RV_TEST("range", rv_range)
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
