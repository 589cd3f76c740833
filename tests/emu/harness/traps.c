/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the other tests lean on, proved again on the Unicorn that is installed,
 * in every mode: that its TLB is real, what flushes it and what does not, that
 * instruction counts and pauses are exact, and that an engine survives faults.
 *
 * These are facts about the emulator, not about the library.  If one fails the
 * contract tests prove less than they say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <qpmap/qpmap.h>

#include "emu.h"

#define WORD 4

static void
traps_die(const char *text)
{
	print_error("%s\n", text);
	_fail("emu", 0);
}

static struct emu *traps_machine;

static struct emu *
traps_begin(void **state)
{
	traps_machine = emu_begin(*state, "std");
	return (traps_machine);
}

static int
traps_end(void **state)
{
	(void)state;
	if (traps_machine != NULL) {
		emu_close(traps_machine);
		traps_machine = NULL;
	}
	return (0);
}

static void
must_load(struct emu *e, uint64_t va, uint64_t value)
{
	assert_int_equal(emu_load(e, va, WORD), EMU_RETURNED);
	assert_int_equal(e->result & 0xffffffff, value);
}

/* Map a page with this value at scratch_va, and touch it. */
static uint64_t
touch(struct emu *e, unsigned page, uint64_t value)
{
	uint64_t entry_pa;

	emu_write(e, emu_page(e, page), WORD, value);
	emu_map(e, e->mode->scratch_va, emu_page(e, page), false);
	assert_true(emu_leaf_at(e, e->mode->scratch_va, &entry_pa, NULL));
	must_load(e, e->mode->scratch_va, value);
	return (entry_pa);
}

/* The stale translation outlives the entry, calls, and other pages. */
static void
tlb_is_real(void **state)
{
	struct emu *e = traps_begin(state);
	uint64_t entry_pa = touch(e, 1, 0x1111);

	emu_write(e, emu_page(e, 2), WORD, 0x2222);
	emu_write(e, entry_pa, e->mode->entry_size,
	    e->arch->make_leaf(e, emu_page(e, 2), false));
	must_load(e, e->mode->scratch_va, 0x1111);
	emu_write(e, entry_pa, e->mode->entry_size, 0);
	must_load(e, e->mode->scratch_va, 0x1111);
	EMU_CALL(e, "guest_store32", "ww", emu_page_alloc(e), 1);
	must_load(e, e->mode->scratch_va, 0x1111);
}

/* A fault, its decoding, and the state's blob leave the TLB as it is. */
static void
tlb_outlives_faults(void **state)
{
	struct emu *e = traps_begin(state);
	uint64_t size = UINT64_C(1) << e->mode->page_shift;
	uint64_t entry_pa = touch(e, 1, 0x1111);

	emu_write(e, entry_pa, e->mode->entry_size, 0);
	for (unsigned i = 1; i < 4; i++) {
		assert_int_equal(emu_load(e, e->mode->scratch_va + i * size,
		    WORD), EMU_FAULTED);
		assert_false(e->fault.other);
		assert_int_equal(e->fault.va, e->mode->scratch_va + i * size);
		must_load(e, e->mode->scratch_va, 0x1111);
	}
}

/* So do a pause, nested calls, and the resumption, at every instruction. */
static void
tlb_outlives_pauses(void **state)
{
	struct emu *e = traps_begin(state);
	uint64_t va = e->mode->scratch_va;
	uint64_t entry_pa = touch(e, 1, 0x1111);
	uint64_t load = emu_symbol(e, "guest_load32");
	unsigned stop = 0;

	emu_write(e, entry_pa, e->mode->entry_size, 0);
	while (emu_call_until(e, load, "w", &va, stop) == EMU_PAUSED) {
		must_load(e, va, 0x1111);
		assert_int_equal(emu_resume(e), EMU_RETURNED);
		assert_int_equal(e->result, 0x1111);
		stop++;
	}
	assert_int_equal(e->status, EMU_RETURNED);
	assert_true(stop >= 2);
}

/* A flush is seen: the test of the test. */
static void
tlb_can_be_flushed(void **state)
{
	struct emu *e = traps_begin(state);
	uint64_t entry_pa = touch(e, 1, 0x1111);

	emu_write(e, entry_pa, e->mode->entry_size, 0);
	must_load(e, e->mode->scratch_va, 0x1111);
	assert_int_equal(uc_ctl_flush_tlb(e->uc), UC_ERR_OK);
	assert_int_equal(emu_load(e, e->mode->scratch_va, WORD), EMU_FAULTED);
	assert_int_equal(e->fault.access, EMU_READ);
	assert_false(e->fault.present);
}

/* An invalid entry is not cached: filling it needs no flush here. */
static void
invalid_not_cached(void **state)
{
	struct emu *e = traps_begin(state);
	uint64_t entry_pa = touch(e, 1, 0x1111);
	uint64_t entry = emu_read(e, entry_pa, e->mode->entry_size);

	emu_write(e, entry_pa, e->mode->entry_size, 0);
	assert_int_equal(uc_ctl_flush_tlb(e->uc), UC_ERR_OK);
	assert_int_equal(emu_load(e, e->mode->scratch_va, WORD), EMU_FAULTED);
	emu_write(e, entry_pa, e->mode->entry_size, entry);
	must_load(e, e->mode->scratch_va, 0x1111);
}

/* Each engine has a TLB of its own, and they share RAM. */
static void
tlb_per_cpu(void **state)
{
	struct emu *e = traps_begin(state);
	uint64_t entry_pa = touch(e, 1, 0x1111);

	emu_cpu(e, 1);
	emu_boot(e);
	must_load(e, e->mode->scratch_va, 0x1111);
	emu_write(e, entry_pa, e->mode->entry_size, 0);
	assert_int_equal(uc_ctl_flush_tlb(e->uc), UC_ERR_OK);
	assert_int_equal(emu_load(e, e->mode->scratch_va, WORD), EMU_FAULTED);
	emu_cpu(e, 0);
	must_load(e, e->mode->scratch_va, 0x1111);
	emu_write(e, emu_page(e, 1), WORD, 0x3333);
	must_load(e, e->mode->scratch_va, 0x3333);
}

/* Many faults in one engine, each as good as the first. */
static void
many_faults(void **state)
{
	struct emu *e = traps_begin(state);
	uint64_t va = e->mode->scratch_va;

	for (unsigned i = 0; i < 50; i++) {
		assert_int_equal(i % 2 == 0 ? emu_load(e, va, WORD) :
		    emu_store(e, va, WORD, 1), EMU_FAULTED);
		assert_false(e->fault.other);
		assert_false(e->fault.present);
		assert_int_equal(e->fault.va, va);
		assert_int_equal(e->fault.access, i % 2 == 0 ? EMU_READ :
		    EMU_WRITE);
	}
	must_load(e, emu_page_alloc(e), 0);
}

/* Instructions are counted one by one, with and without recording. */
static void
exact_counts(void **state)
{
	struct emu *e = traps_begin(state);
	uint64_t page = emu_page_alloc(e), count;

	must_load(e, page, 0);
	count = e->insn_count;
	assert_true(count >= 2 && count <= 8);
	emu_record(e, EMU_REC_PATH | EMU_REC_LOADS | EMU_REC_STORES |
	    EMU_REC_INSNS);
	must_load(e, page, 0);
	assert_int_equal(e->insn_count, count);
	assert_int_equal(e->path_count, count);
	emu_record_end(e);
	must_load(e, page, 0);
	assert_int_equal(e->insn_count, count);
}

/* Memory hooks give physical addresses, once for each access. */
static void
physical_hooks(void **state)
{
	struct emu *e = traps_begin(state);
	unsigned stores = 0;

	touch(e, 5, 0x1111);
	emu_record(e, EMU_REC_STORES);
	assert_int_equal(emu_store(e, e->mode->scratch_va + 8, WORD,
	    0x89abcdef), EMU_RETURNED);
	emu_record_end(e);
	for (size_t i = 0; i < e->event_count; i++) {
		if (e->events[i].a == emu_page(e, 5) + 8) {
			assert_int_equal(e->events[i].size, WORD);
			assert_int_equal(e->events[i].b, 0x89abcdef);
			stores++;
		}
	}
	assert_int_equal(stores, 1);
}

/* No fetch from a page without the right to it, where there is NX. */
static void
nx_is_real(void **state)
{
	struct emu *e = traps_begin(state);
	uint64_t page = emu_page(e, 6);

	memcpy(emu_ram(e, page, 8), e->arch->ret_bytes, e->arch->ret_size);
	emu_map(e, e->mode->scratch_va, page, true);
	assert_int_equal(emu_fetch(e, e->mode->scratch_va), EMU_RETURNED);
	if (e->mode->has_nx) {
		emu_map(e, e->mode->scratch_va, page, false);
		assert_int_equal(uc_ctl_flush_tlb(e->uc), UC_ERR_OK);
		assert_int_equal(emu_fetch(e, e->mode->scratch_va),
		    EMU_FAULTED);
		assert_int_equal(e->fault.access, EMU_FETCH);
		assert_true(e->fault.present);
	}
}

/* Load-exclusive, a moment, store-exclusive; 0 if it stored. */
static const uint32_t exclusive_arm64[] = {
	0xc85f7c02,	/* ldxr x2, [x0] */
	0xd503201f,	/* nop */
	0xc8037c01,	/* stxr w3, x1, [x0] */
	0xaa0303e0,	/* mov x0, x3 */
	0xd65f03c0	/* ret */
};
static const uint32_t exclusive_riscv64[] = {
	0x100532af,	/* lr.d t0, (a0) */
	0x00000013,	/* nop */
	0x18b5352f,	/* sc.d a0, a1, (a0) */
	0x00008067	/* ret */
};

/*
 * CPU 0 stores 3 exclusively where it found 1; in between CPU 1 stores value
 * there and, if back is asked for, 1 again.  Whether CPU 0 stored.
 */
static bool
exclusive_stores(struct emu *e, uint64_t code, uint64_t value, bool back)
{
	uint64_t word = emu_page_alloc(e);
	const uint64_t argument[2] = { word, 3 };

	emu_write(e, word, 8, 1);
	assert_int_equal(emu_call_until(e, code, "ww", argument, 2),
	    EMU_PAUSED);
	emu_cpu(e, 1);
	emu_store(e, word, 4, value);
	if (back) {
		emu_store(e, word, 4, 1);
	}
	emu_cpu(e, 0);
	assert_int_equal(emu_resume(e), EMU_RETURNED);
	assert_int_equal(emu_read(e, word, 8), e->result == 0 ? 3 :
	    back ? 1 : value);
	return (e->result == 0);
}

/*
 * A store-exclusive does not know of other engines: it compares.  So it is
 * never more willing than a compare-and-swap, nor less.
 */
static void
exclusive_compares(void **state)
{
	struct emu *e = traps_begin(state);
	bool arm64 = e->arch->uc_arch == UC_ARCH_ARM64;
	uint64_t code;

	if (e->arch->uc_arch == UC_ARCH_X86) {
		return;		/* LOCK is one step */
	}
	code = emu_page_alloc(e);
	memcpy(emu_ram(e, code, sizeof(exclusive_arm64)),
	    arm64 ? exclusive_arm64 : exclusive_riscv64,
	    arm64 ? sizeof(exclusive_arm64) : sizeof(exclusive_riscv64));
	emu_cpu(e, 1);
	emu_boot(e);
	emu_cpu(e, 0);
	assert_false(exclusive_stores(e, code, 2, false));
	assert_true(exclusive_stores(e, code, 2, true));
	assert_true(exclusive_stores(e, code, 1, false));
}

static void
version(void **state)
{
	unsigned major = 0, minor = 0;
	unsigned number = uc_version(&major, &minor);

	(void)state;
	assert_true((number >> 24) * 10000 + (number >> 16 & 255) * 100 +
	    (number >> 8 & 255) >= 20101);
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		CMUnitTestFunction run;
	} traps[] = {
		{ "tlb-is-real", tlb_is_real },
		{ "tlb-outlives-faults", tlb_outlives_faults },
		{ "tlb-outlives-pauses", tlb_outlives_pauses },
		{ "tlb-can-be-flushed", tlb_can_be_flushed },
		{ "invalid-not-cached", invalid_not_cached },
		{ "tlb-per-cpu", tlb_per_cpu },
		{ "many-faults", many_faults },
		{ "exact-counts", exact_counts },
		{ "physical-hooks", physical_hooks },
		{ "nx-is-real", nx_is_real },
		{ "exclusive-compares", exclusive_compares },
	};
	const size_t each = sizeof(traps) / sizeof(traps[0]);
	struct CMUnitTest *tests = calloc(1 + emu_mode_count * each,
	    sizeof(*tests));
	size_t count = 0;
	char *name;

	emu_on_die = traps_die;
	if (argc == 3 && strcmp(argv[1], "--guests") == 0) {
		emu_guest_dir = argv[2];
	}
	tests[count++] = (struct CMUnitTest){ "unicorn-2.1.1-or-newer",
	    version, NULL, NULL, NULL };
	for (unsigned i = 0; i < emu_mode_count; i++) {
		for (size_t j = 0; j < each; j++) {
			name = malloc(96);
			snprintf(name, 96, "%s/traps/%s", emu_modes[i].name,
			    traps[j].name);
			tests[count++] = (struct CMUnitTest){ name,
			    traps[j].run, NULL, traps_end,
			    (void *)(uintptr_t)&emu_modes[i] };
		}
	}
	return (_cmocka_run_group_tests("traps", tests, count, NULL, NULL) !=
	    0);
}
