/* SPDX-License-Identifier: BSD-2-Clause */
/* A test of a new port, with two pages. */
#include <qpmap/host.h>
#include <qpmap/qpmap.h>

#include "state.h"

/* The test pattern: byte i of page 0 or 1. */
static inline unsigned char
qpmap_selftest_byte(int page, qpmap_size_t i)
{
	return ((unsigned char)((i >> 8) * 7 + i * 3 +
	    (page == 0 ? 0x11u : 0xa4u)));
}

/* Write the pattern of a page, or return whether the page holds it. */
QPMAP_COLD static _Bool
qpmap_selftest_pass(qpmap_vaddr_t va, int page, _Bool write)
{
	volatile unsigned char *byte = (volatile unsigned char *)va;
	_Bool holds = 1;
	qpmap_size_t i;

	for (i = 0; i < QPMAP_PAGE_SIZE; i++) {
		if (write) {
			byte[i] = qpmap_selftest_byte(page, i);
		} else if (byte[i] != qpmap_selftest_byte(page, i)) {
			holds = 0;
		}
	}
	return (holds);
}

/* Map the page at pa again, and return whether it holds its pattern. */
QPMAP_COLD static _Bool
qpmap_selftest_again(qpmap_paddr_t pa, int page, _Bool read_only)
{
	qpmap_vaddr_t va = read_only ? qpmap_enter_ro(pa,
	    QPMAP_ATTR_WRITE_BACK) : qpmap_enter(pa, QPMAP_ATTR_WRITE_BACK);
	_Bool holds = qpmap_selftest_pass(va, page, 0);

	qpmap_remove(va);
	return (holds);
}

/*
 * Map both pages at once, write each, then read both, the newer one first.
 * Returns the step that failed, or 0.
 */
QPMAP_COLD static int
qpmap_selftest_both(qpmap_paddr_t pa, qpmap_paddr_t pa2)
{
	qpmap_vaddr_t va[2];
	int page, pass, step = 0;

	va[0] = qpmap_enter(pa, QPMAP_ATTR_WRITE_BACK);
	va[1] = qpmap_enter(pa2, QPMAP_ATTR_WRITE_BACK);
	if (va[0] == 0 || va[1] == 0 ||
	    ((va[0] | va[1]) & QPMAP_PAGE_MASK) != 0) {
		step = 1;
	}
	for (pass = 0; step == 0 && pass < 4; pass++) {
		page = (pass + 1) / 2 % 2;	/* 0, 1; 1, 0 */
		if (!qpmap_selftest_pass(va[page], page, pass < 2)) {
			step = pass;
		}
	}
	qpmap_remove(va[1]);
	qpmap_remove(va[0]);
	return (step);
}

/* The number of mappings that this CPU holds. */
QPMAP_COLD static qpmap_u32
qpmap_selftest_held(void)
{
	struct qpmap_cpu *cpu = qpmap_host_pin();
	qpmap_u32 held = qpmap_held(cpu);

	qpmap_host_unpin(cpu);
	return (held);
}

QPMAP_COLD QPMAP_CALL int
qpmap_selftest(qpmap_paddr_t pa, qpmap_paddr_t pa2)
{
	qpmap_u32 held = qpmap_selftest_held();
	int step, again, page;

	if (pa == pa2 || qpmap_state.nesting < held + 2) {
		return (6);
	}
	step = qpmap_selftest_both(pa, pa2);
	for (again = 0; step == 0 && again < 4; again++) {
		page = again & 1;
		if (!qpmap_selftest_again(page == 0 ? pa : pa2, page,
		    again >= 2)) {
			step = 2 + (again & 2);
		}
	}
	if (step == 0 && qpmap_selftest_held() != held) {
		step = 5;
	}
	return (step);
}
