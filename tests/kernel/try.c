/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copies of pages that are not there.  QEMU's arm64 and riscv64 abort an access
 * at a physical address where nothing is, as their machines do, and the abort
 * comes to machine_trap(), which calls qpmap_fault_resume().  Its x86 answers
 * such a load with some number.
 */
#include <qpmap/try.h>

#include "kernel.h"
#include "stress.h"

#define TRY_LENGTHS 8

/* One read and one write of len bytes at pa, of which good are there. */
static void
kernel_try_one(unsigned char *buffer, qpmap_paddr_t pa, qpmap_size_t len,
    qpmap_size_t good)
{
	qpmap_size_t left, i;
	bool same = true;

	for (i = 0; i < len; i++) {
		buffer[i] = (unsigned char)(i ^ 0x5a);
	}
	left = qpmap_try_read(pa, QPMAP_ATTR_WRITE_BACK, buffer, len);
	kernel_expect(left == (MACHINE_ABORTS ? len - good : 0),
	    "bytes not read");
	for (i = good; MACHINE_ABORTS && i < len; i++) {
		same = same && buffer[i] == (unsigned char)(i ^ 0x5a);
	}
	kernel_expect(same, "the buffer behind what was read");
	left = qpmap_try_write(pa + good, QPMAP_ATTR_WRITE_BACK, buffer,
	    len - good);
	kernel_expect(left == (MACHINE_ABORTS ? len - good : 0),
	    "bytes not written");
}

/* In a handler, too: one short read of nothing. */
void
kernel_try_nothing(void)
{
	uint32_t word = 1;

	kernel_expect(qpmap_try_read(MACHINE_NOWHERE_PA + 4,
	    QPMAP_ATTR_WRITE_BACK, &word, sizeof(word)) ==
	    (MACHINE_ABORTS ? sizeof(word) : 0), "bytes not read");
	kernel_expect(!MACHINE_ABORTS || word == 1, "a word from nowhere");
}

static void
kernel_try_job(struct kernel_cpu *cpu)
{
	static const qpmap_size_t lengths[TRY_LENGTHS] = {
		1, 2, 4, 8, 15, 64, 200, KERNEL_PAGE
	};
	static unsigned char buffers[KERNEL_CPUS][KERNEL_PAGE];
	unsigned char *buffer = buffers[cpu->number];
	uint32_t i, pinned = kernel_this_thread()->pinned;

	for (i = 0; i < 10 * TRY_LENGTHS; i++) {
		kernel_try_one(buffer, MACHINE_NOWHERE_PA +
		    i * 64 % KERNEL_PAGE, lengths[i % TRY_LENGTHS], 0);
	}
	/* The last bytes that are there, and some behind them. */
	kernel_try_one(buffer, MACHINE_NOWHERE_PA - 64, 100,
	    MACHINE_ABORTS ? 64 : 100);
	kernel_expect(kernel_this_thread()->pinned == pinned &&
	    qpmap_held(&cpu->qpmap) == 0, "something is held");
}

void
kernel_test_try(void)
{
	qpmap_paddr_t page = kernel_page_alloc();
	const qpmap_size_t none = MACHINE_ABORTS ? KERNEL_PAGE : 0;

	qpmap_zero_page(page, QPMAP_ATTR_WRITE_BACK);
	kernel_expect(qpmap_try_copy_page(page, QPMAP_ATTR_WRITE_BACK,
	    MACHINE_NOWHERE_PA, QPMAP_ATTR_WRITE_BACK) == none,
	    "a page from nowhere");
	kernel_expect(qpmap_try_copy_page(MACHINE_NOWHERE_PA,
	    QPMAP_ATTR_WRITE_BACK, page, QPMAP_ATTR_WRITE_BACK) == none,
	    "a page to nowhere");
	kernel_page_free(page);
	kernel_on_all(kernel_try_job);
}
