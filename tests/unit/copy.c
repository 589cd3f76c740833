/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fake architecture's copy loops: portable, as slow as they are simple,
 * and strict about what they are given.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/arch/arch.h"

struct fake_copies fake_copies;

static void
fake_copy_demand(_Bool good)
{
	if (!good) {
		abort();
	}
}

QPMAP_ASM_CALL void
qpmap_copy_bulk(qpmap_vaddr_t to, qpmap_vaddr_t from, qpmap_size_t len)
{
	fake_copies.bulk++;
	memmove((void *)to, (const void *)from, len);
}

QPMAP_ASM_CALL void
qpmap_zero_bulk(qpmap_vaddr_t to, qpmap_size_t len)
{
	fake_copy_demand(len != 0 && len % 64 == 0 && to % 64 == 0);
	fake_copies.bulk++;
	memset((void *)to, 0, len);
}

void
qpmap_zero_single(qpmap_vaddr_t to, qpmap_size_t len, qpmap_size_t width)
{
	qpmap_size_t i;

	fake_copy_demand(len != 0 && len % width == 0 && to % width == 0);
	for (i = 0; i < len; i += width) {
		if (width == 4) {
			qpmap_store_4(to + i, 0);
		} else {
			qpmap_store_word(to + i, 0);
		}
	}
}

/* One access to either side: a word, or the part of one that width says. */
static void
fake_copy_one(qpmap_vaddr_t to, qpmap_vaddr_t from, qpmap_size_t width)
{
	switch (width) {
	case 1:
		*(volatile uint8_t *)to = *(const volatile uint8_t *)from;
		break;
	case 2:
		*(volatile uint16_t *)to = *(const volatile uint16_t *)from;
		break;
	case 4:
		*(volatile uint32_t *)to = *(const volatile uint32_t *)from;
		break;
	default:
		fake_copy_demand(width == sizeof(qpmap_word_t));
		*(volatile qpmap_word_t *)to =
		    *(const volatile qpmap_word_t *)from;
		break;
	}
}

QPMAP_ASM_CALL void
qpmap_copy_single(qpmap_vaddr_t to, qpmap_vaddr_t from, qpmap_size_t len,
    qpmap_size_t width)
{
	qpmap_size_t i;

	fake_copy_demand(width != 0 && (width & (width - 1)) == 0);
	fake_copy_demand(len != 0 && len % width == 0);
	fake_copy_demand(to % width == 0 && from % width == 0);
	fake_copy_count(len / width, width);
	for (i = 0; i < len; i += width) {
		fake_copy_one(to + i, from + i, width);
	}
}

#if QPMAP_TRY

/* The bytes that are copied before one faults, in whole accesses. */
static qpmap_size_t
fake_copy_good(qpmap_size_t len, qpmap_size_t width, qpmap_uptr sides)
{
	fake_copy_demand(sides >= QPMAP_SIDE_FROM &&
	    sides <= (QPMAP_SIDE_FROM | QPMAP_SIDE_TO));
	fake_copies.sides = sides;
	if (!fake_copies.faults || fake_copies.fault_at >= len) {
		fake_copies.fault_at -= len;
		return (len);
	}
	fake_copies.faults = 0;
	if (fake_copies.on_fault != NULL) {
		fake_copies.on_fault();
	}
	return (fake_copies.fault_at & ~(width - 1));
}

QPMAP_ASM_CALL qpmap_size_t
qpmap_try_bulk(qpmap_vaddr_t to, qpmap_vaddr_t from, qpmap_size_t len,
    qpmap_uptr sides)
{
	qpmap_size_t good = fake_copy_good(len, 1, sides);

	qpmap_copy_bulk(to, from, good);
	return (len - good);
}

QPMAP_ASM_CALL qpmap_size_t
qpmap_try_single(qpmap_vaddr_t to, qpmap_vaddr_t from, qpmap_size_t len,
    qpmap_size_t width, qpmap_uptr sides)
{
	qpmap_size_t good = fake_copy_good(len, width, sides);

	if (good != 0) {
		qpmap_copy_single(to, from, good, width);
	}
	return (len - good);
}

QPMAP_ASM_CALL qpmap_size_t
qpmap_try_4(qpmap_vaddr_t from, qpmap_vaddr_t to)
{
	return (qpmap_try_single(to, from, 4, 4, QPMAP_SIDE_FROM));
}

#endif /* QPMAP_TRY */
