/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Global mappings: B9, and what qpmap_init() refuses of a configuration for
 * several CPUs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "smp.h"

#define WORD 4	/* bytes that every machine loads at once */

static uint64_t
page_size(const struct emu *e)
{
	return (UINT64_C(1) << e->mode->page_shift);
}

static unsigned
slot_count(const struct emu *e)
{
	return ((unsigned)(EMU_GROUPS * e->fact[FACT_GLOBAL_SLOTS]));
}

/* The address of the first byte after all slots. */
static uint64_t
global_end(const struct emu *e)
{
	return (e->config[WIRE_GLOBAL_VA] +
	    2 * slot_count(e) * page_size(e));
}

/* The entry of an address among the slots. */
static uint64_t
entry_of(struct emu *e, uint64_t va)
{
	uint64_t slot;

	CHECK(emu_leaf_at(e, va, &slot, NULL), "no leaf table");
	return (emu_read(e, slot, e->mode->entry_size));
}

/* Every entry of all groups, and the guard behind them, is empty. */
static void
check_slots_empty(struct emu *e)
{
	for (uint64_t va = e->config[WIRE_GLOBAL_VA]; va < global_end(e);
	    va += page_size(e)) {
		CHECK_EQUAL(entry_of(e, va), 0, "an entry");
	}
}

static void
check_words(struct emu *e, unsigned group, uint64_t clean, uint64_t used,
    uint64_t dirty)
{
	CHECK_EQUAL(emu_group_word(e, group, FACT_GROUP_CLEAN), clean,
	    "clean slots");
	CHECK_EQUAL(emu_group_word(e, group, FACT_GROUP_USED), used,
	    "used slots");
	CHECK_EQUAL(emu_group_word(e, group, FACT_GROUP_DIRTY), dirty,
	    "dirty slots");
}

/* One page, on every CPU, also one that comes later; and gone on each. */
static void
b9_attr(const struct contract_case *c)
{
	struct emu *e = smp_ready(c, 3);
	uint64_t pa = emu_page(e, 7), tag = contract_tag(e, pa), va;

	if (e->mode->high_base[0] != 0) {
		pa = emu_high_page(e, 0, 7);
		tag = contract_tag(e, pa);
	}
	va = smp_global_enter(e, 0, pa, c->type);
	CHECK(va % page_size(e) == 0, "the address is not aligned");
	CHECK(va >= e->config[WIRE_GLOBAL_VA] && va < global_end(e),
	    "the address is no slot's");
	check_leaf(e, va, pa, c->type, true);
	emu_another(e, 3);
	for (unsigned cpu = 0; cpu < EMU_CPUS; cpu++) {
		emu_cpu(e, cpu);
		check_load(e, va, WORD, tag);
		check_store(e, va + 8 * cpu + 8, WORD, 0x1000 + cpu);
		CHECK_EQUAL(emu_read(e, pa + 8 * cpu + 8, WORD),
		    0x1000 + cpu, "stored");
		check_nothing(e, va + page_size(e));
		check_nothing(e, va - page_size(e));
		if (e->mode->has_nx) {
			check_faults(e, va, EMU_FETCH, true);
		}
	}
	smp_check_idle(e, EMU_CPUS);
	SMP_CALL(e, 2, "qpmap_global_remove", "w", va);
	for (unsigned cpu = 0; cpu < EMU_CPUS; cpu++) {
		smp_check_gone(e, cpu, va, 1);
	}
	check_slots_empty(e);
	smp_check_idle(e, EMU_CPUS);
}

/*
 * A CPU that walked the slots' area before it came online, under tables that
 * were cleared and never invalidated: its online has done so when it is told
 * of a mapping there.
 */
static void
b11_slots(const struct contract_case *c)
{
	struct emu *e = smp_ready(c, 1);
	uint64_t va, pa = emu_page(e, 9), slots = slot_count(e);

	emu_cpu(e, 1);
	emu_boot(e);
	for (unsigned i = 0; i < 4; i++) {
		smp_plant(e, 1u << 1, e->config[WIRE_GLOBAL_VA] +
		    (2 * i + 1) * page_size(e), 1);
	}
	emu_cpu(e, 1);
	CHECK_EQUAL(emu_online(e, 1, 0), QPMAP_OK, "online");
	for (unsigned i = 0; i < 4; i++) {
		smp_check_gone(e, 1, e->config[WIRE_GLOBAL_VA] +
		    (2 * i + 1) * page_size(e), 1);
	}
	for (uint64_t i = 0; i < slots; i++) {
		va = smp_global_enter(e, 0, pa, c->type);
		emu_cpu(e, 1);
		check_load(e, va, WORD, contract_tag(e, pa));
	}
}

/* Remove does not return before every CPU has answered. */
static void
b9_waits(const struct contract_case *c)
{
	struct emu *e = smp_ready(c, 3);
	uint64_t pa = emu_page(e, 7), tag = contract_tag(e, pa);
	uint64_t va = smp_global_enter(e, 0, pa, c->type);

	for (unsigned cpu = 0; cpu < 3; cpu++) {
		emu_cpu(e, cpu);
		check_load(e, va, WORD, tag);
	}
	SMP_BEGIN(e, 1, "qpmap_global_remove", "w", va);
	if (e->arch->broadcasts) {
		CHECK_EQUAL(e->status, EMU_RETURNED, "removed");
	} else {
		CHECK_EQUAL(e->status, EMU_PAUSED, "waits");
		CHECK_EQUAL(entry_of(e, va), 0, "the entry");
		emu_cpu(e, 0);
		check_load(e, va, WORD, tag);	/* still there */
		smp_interrupt(e, 0);
		CHECK_EQUAL(smp_go_on(e, 1), EMU_PAUSED, "waits");
		emu_cpu(e, 2);
		check_load(e, va, WORD, tag);
		smp_interrupt(e, 2);
		CHECK_EQUAL(smp_go_on(e, 1), EMU_RETURNED, "removed");
	}
	for (unsigned cpu = 0; cpu < 3; cpu++) {
		smp_check_gone(e, cpu, va, 1);
	}
}

/* Use every slot; the addresses, in the order of the pages from 100 on. */
static uint64_t *
fill(struct emu *e, unsigned cpus)
{
	uint64_t *va = calloc(slot_count(e), sizeof(*va));

	CHECK(va != NULL, "no memory");
	for (unsigned i = 0; i < slot_count(e); i++) {
		contract_tag(e, emu_page(e, 100 + i));
		va[i] = smp_global_enter(e, i % cpus, emu_page(e, 100 + i),
		    QPMAP_ATTR_WRITE_BACK);
		for (unsigned j = 0; j < i; j++) {
			CHECK(va[i] != va[j], "one slot twice");
		}
	}
	return (va);
}

/* All slots, each with guards; one more is an error, and changes nothing. */
static void
b9_full(const struct contract_case *c)
{
	struct emu *e = smp_ready(c, 3);
	uint64_t *va = fill(e, 3), out = emu_page_alloc(e), again;

	for (unsigned i = 0; i < slot_count(e); i++) {
		emu_cpu(e, i % 2);
		check_load(e, va[i], WORD, emu_read(e, emu_page(e, 100 + i),
		    8));
		CHECK_EQUAL(entry_of(e, va[i] - page_size(e)), 0, "guard");
	}
	check_nothing(e, global_end(e));
	check_words(e, 0, 0, smp_ones(e), 0);
	check_words(e, 1, 0, smp_ones(e), 0);
	emu_write(e, out, 8, UINT64_C(0x5a5a5a5a5a5a5a5a));
	for (unsigned i = 0; i < 2; i++) {
		CHECK_EQUAL(SMP_CALL(e, i, "qpmap_global_enter", "pww",
		    emu_page(e, 1), QPMAP_ATTR_WRITE_BACK, out) & 0xffffffff,
		    QPMAP_ERR_GLOBAL_FULL, "qpmap_global_enter");
		CHECK_EQUAL(emu_read(e, out, 8),
		    UINT64_C(0x5a5a5a5a5a5a5a5a), "the address");
	}
	for (unsigned i = 0; i < slot_count(e); i += 7) {
		SMP_CALL(e, 2, "qpmap_global_remove", "w", va[i]);
		again = smp_global_enter(e, 0, emu_page(e, 5),
		    QPMAP_ATTR_WRITE_BACK);
		CHECK_EQUAL(again, va[i], "the only free slot");
	}
	free(va);
	smp_check_idle(e, 3);
}

/*
 * Removed and not waited for: the entry is empty at once; the slot comes back
 * only with a shootdown, one for all of them.
 */
static void
b9_deferred(const struct contract_case *c)
{
	struct emu *e = smp_ready(c, 3);
	uint64_t *va = fill(e, 3), again;
	unsigned i;

	for (i = 0; i < slot_count(e); i += 2) {
		emu_cpu(e, 1);
		check_load(e, va[i], WORD, emu_read(e, emu_page(e, 100 + i),
		    8));
		memset(e->ipi_count, 0, sizeof(e->ipi_count));
		CHECK_EQUAL(SMP_BEGIN(e, 2, "qpmap_global_remove_deferred",
		    "w", va[i]), EMU_RETURNED, "deferred");
		CHECK_EQUAL(entry_of(e, va[i]), 0, "the entry");
	}
	smp_check_quiet(e, 0, EMU_CPUS - 1);
	CHECK_EQUAL(emu_group_word(e, 0, FACT_GROUP_CLEAN), 0, "clean");
	SMP_BEGIN(e, 0, "guest_global_enter", "pw", emu_page(e, 1),
	    QPMAP_ATTR_WRITE_BACK);
	if (!e->arch->broadcasts) {
		CHECK_EQUAL(e->status, EMU_PAUSED, "waits");
		CHECK_EQUAL(e->ipi_count[1], 1, "interrupts");
		CHECK_EQUAL(emu_group_word(e, 1, FACT_GROUP_CLEAN), 0,
		    "slots clean before they are invalidated");
	}
	smp_finish(e, 0);
	again = e->result;
	for (i = 0; i < slot_count(e) && va[i] != again; i += 2) {
	}
	CHECK(i < slot_count(e), "the slot was not removed");
	for (unsigned cpu = 0; cpu < 3; cpu++) {
		emu_cpu(e, cpu);
		check_load(e, again, WORD, contract_tag(e, emu_page(e, 1)));
	}
	for (i = 0; i < slot_count(e); i++) {
		emu_cpu(e, 1);
		if (i % 2 != 0) {
			check_load(e, va[i], WORD, emu_read(e,
			    emu_page(e, 100 + i), 8));
		} else if (va[i] != again) {
			check_nothing(e, va[i]);
		}
	}
	free(va);
	smp_check_idle(e, 3);
}

/* Quiesce: what was removed and deferred is gone everywhere, and usable. */
static void
b9_quiesce(const struct contract_case *c)
{
	struct emu *e = smp_ready(c, 3);
	uint64_t *va = fill(e, 3);

	for (unsigned i = 0; i < slot_count(e); i += 3) {
		for (unsigned cpu = 0; cpu < 3; cpu++) {
			emu_cpu(e, cpu);
			check_load(e, va[i], WORD, emu_read(e,
			    emu_page(e, 100 + i), 8));
		}
		SMP_CALL(e, i % 2, "qpmap_global_remove_deferred", "w",
		    va[i]);
	}
	SMP_CALL(e, 1, "qpmap_quiesce", "");
	for (unsigned i = 0; i < slot_count(e); i += 3) {
		for (unsigned cpu = 0; cpu < 3; cpu++) {
			smp_check_gone(e, cpu, va[i], 1);
		}
	}
	for (unsigned group = 0; group < EMU_GROUPS; group++) {
		uint64_t clean = emu_group_word(e, group, FACT_GROUP_CLEAN);

		CHECK(clean != 0, "no slot is clean");
		check_words(e, group, clean, clean ^ smp_ones(e), 0);
	}
	memset(e->ipi_count, 0, sizeof(e->ipi_count));
	if (e->arch->poison == NULL || e->arch->poison->flag != 0) {
		smp_global_enter(e, 0, emu_page(e, 1), QPMAP_ATTR_WRITE_BACK);
		smp_check_quiet(e, 0, EMU_CPUS - 1);
	}
	free(va);
	smp_check_idle(e, 3);
}

/*
 * The last slot is in another CPU's reclaim: who wants one is told that there
 * is none, at once, and does not wait for that CPU; it is not handed out before
 * all have invalidated it.
 */
static void
b9_reclaiming(const struct contract_case *c)
{
	struct emu *e = smp_ready(c, 3);
	uint64_t *va = fill(e, 3), tag = emu_read(e, emu_page(e, 100), 8);

	emu_cpu(e, 1);
	check_load(e, va[0], WORD, tag);
	SMP_CALL(e, 0, "qpmap_global_remove_deferred", "w", va[0]);
	CHECK_EQUAL(SMP_BEGIN(e, 0, "qpmap_quiesce", ""), EMU_PAUSED,
	    "waits");
	for (unsigned i = 0; i < 3; i++) {
		CHECK_EQUAL(SMP_BEGIN(e, 2, "guest_global_enter", "pw",
		    emu_page(e, 2), QPMAP_ATTR_WRITE_BACK), EMU_RETURNED,
		    "waits for the slot");
		CHECK_EQUAL(e->result, QPMAP_ERR_GLOBAL_FULL, "enter");
		CHECK_EQUAL(entry_of(e, va[0]), 0, "the slot");
		emu_cpu(e, 1);
		check_load(e, va[0], WORD, tag);
	}
	smp_interrupt(e, 1);
	smp_interrupt(e, 2);
	CHECK_EQUAL(smp_go_on(e, 0), EMU_RETURNED, "quiesce");
	CHECK_EQUAL(smp_global_enter(e, 2, emu_page(e, 2),
	    QPMAP_ATTR_WRITE_BACK), va[0], "the slot");
	for (unsigned cpu = 0; cpu < 3; cpu++) {
		emu_cpu(e, cpu);
		check_load(e, va[0], WORD, contract_tag(e, emu_page(e, 2)));
	}
	free(va);
	smp_check_idle(e, 3);
}

/* In a remove that waits the slot is nobody's: no enter gets it. */
static void
b9_not_early(const struct contract_case *c)
{
	struct emu *e = smp_ready(c, 3);
	uint64_t *va = fill(e, 3);

	CHECK_EQUAL(SMP_BEGIN(e, 0, "qpmap_global_remove", "w", va[3]),
	    EMU_PAUSED, "waits");
	CHECK_EQUAL(SMP_BEGIN(e, 2, "guest_global_enter", "pw",
	    emu_page(e, 1), QPMAP_ATTR_WRITE_BACK), EMU_RETURNED, "enter");
	CHECK_EQUAL(e->result, QPMAP_ERR_GLOBAL_FULL, "enter");
	EMU_CALL(e, "qpmap_global_remove_deferred", "w", va[3]);
	check_panic(e, QPMAP_PANIC_GLOBAL, va[3], 0);
	smp_interrupt(e, 1);
	smp_interrupt(e, 2);
	CHECK_EQUAL(smp_go_on(e, 0), EMU_RETURNED, "remove");
	CHECK_EQUAL(smp_global_enter(e, 0, emu_page(e, 1),
	    QPMAP_ATTR_WRITE_BACK), va[3], "the slot");
	free(va);
	smp_check_idle(e, 2);
}

/* The last call ended, and found no slot. */
static void
check_full(struct emu *e)
{
	CHECK_EQUAL(e->status, EMU_RETURNED, "the call waits");
	CHECK_EQUAL(e->result & 0xffffffff, QPMAP_ERR_GLOBAL_FULL,
	    "qpmap_global_enter");
}

/*
 * Two CPUs find no slot, at the same time, at every instruction of one: both
 * end with an error, and neither waits for the other.
 */
static void
b9_both_full(const struct contract_case *c)
{
	struct emu *e = smp_ready(c, 2);
	uint64_t *va = fill(e, 2), out = emu_page_alloc(e), stop;
	uint64_t values[3] = { emu_page(e, 1), QPMAP_ATTR_WRITE_BACK, out };
	uint64_t function = emu_symbol(e, "qpmap_global_enter");

	for (stop = 0;; stop++) {
		emu_cpu(e, 0);
		if (emu_call_until(e, function, "pww", values, stop) !=
		    EMU_PAUSED) {
			break;
		}
		SMP_BEGIN(e, 1, "qpmap_global_enter", "pww", values[0],
		    values[1], out + 8);
		check_full(e);
		smp_go_on(e, 0);
		check_full(e);
	}
	CHECK(stop > 10, "few instructions");
	free(va);
	smp_check_idle(e, 2);
}

static void
check_wrong(struct emu *e, uint64_t va)
{
	EMU_CALL(e, "qpmap_global_remove", "w", va);
	check_panic(e, QPMAP_PANIC_GLOBAL, va & smp_ones(e), 0);
	EMU_CALL(e, "qpmap_global_remove_deferred", "w", va);
	check_panic(e, QPMAP_PANIC_GLOBAL, va & smp_ones(e), 0);
}

/* Every address but that of a mapping is a panic, and harms nobody. */
static void
b9_wrong(const struct contract_case *c)
{
	struct emu *e = smp_ready(c, 2);
	uint64_t tag = contract_tag(e, emu_page(e, 1)), window, last, va;

	check_wrong(e, e->config[WIRE_GLOBAL_VA] + page_size(e));
	va = smp_global_enter(e, 0, emu_page(e, 1), c->type);
	last = smp_global_enter(e, 1, emu_page(e, 1), c->type);
	emu_cpu(e, 0);
	window = emu_enter(e, emu_page(e, 3), c->type);
	check_wrong(e, 0);
	check_wrong(e, smp_ones(e));
	check_wrong(e, window);
	check_wrong(e, e->config[WIRE_GLOBAL_VA]);
	check_wrong(e, e->config[WIRE_GLOBAL_VA] - page_size(e));
	check_wrong(e, global_end(e));
	check_wrong(e, global_end(e) + page_size(e));
	check_wrong(e, va + 8);
	check_wrong(e, va + 1);
	check_wrong(e, va + page_size(e));
	check_wrong(e, va - page_size(e));
	check_wrong(e, va + 2 * page_size(e));
	check_load(e, va, WORD, tag);
	check_load(e, last, WORD, tag);
	SMP_CALL(e, 0, "qpmap_global_remove", "w", va);
	check_wrong(e, va);
	SMP_CALL(e, 0, "qpmap_global_remove_deferred", "w", last);
	check_wrong(e, last);
	check_slots_empty(e);
	check_nothing(e, va);
}

/* The page and attribute are judged as by qpmap_enter(). */
static void
b9_refused(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "smp");
	uint64_t pa = emu_page(e, 1), out = emu_page_alloc(e);
	unsigned type = QPMAP_ATTR_UNCACHED;

	e->config[WIRE_TYPES] = 0;
	smp_start(e, 2);
	EMU_CALL(e, "qpmap_global_enter", "pww", pa + 8, 0, out);
	check_panic(e, QPMAP_PANIC_ALIGN, pa + 8, 0);
	EMU_CALL(e, "qpmap_global_enter", "pww", pa, 24, out);
	check_panic(e, QPMAP_PANIC_ATTR, pa, 24);
	EMU_CALL(e, "qpmap_global_enter", "pww", pa, type, out);
	check_panic(e, QPMAP_PANIC_TYPE, pa, type);
	if (e->mode->entry_size == 8) {
		pa = UINT64_C(1) << e->mode->pa_bits;
		EMU_CALL(e, "qpmap_global_enter", "pww", pa, 0, out);
		check_panic(e, QPMAP_PANIC_WIDTH, pa, 0);
	}
	check_words(e, 0, smp_ones(e), 0, 0);
	check_words(e, 1, smp_ones(e), 0, 0);
	smp_check_idle(e, 2);
}

/*
 * A slot whose translation, from whatever time, is in another CPU's TLB: where
 * an empty entry may be there, filling makes all CPUs invalidate.
 */
static void
b9_poison(const struct contract_case *c)
{
	struct emu *e = smp_ready(c, 3);
	uint64_t va = smp_global_enter(e, 0, emu_page(e, 1), c->type);

	SMP_CALL(e, 0, "qpmap_global_remove", "w", va);
	for (unsigned i = 0; i < 3; i++) {
		smp_plant(e, 7, va, 1);
		CHECK_EQUAL(smp_global_enter(e, 0, emu_page(e, 20 + i),
		    c->type), va, "the slot");
		for (unsigned cpu = 0; cpu < 3; cpu++) {
			emu_cpu(e, cpu);
			check_load(e, va, WORD, contract_tag(e,
			    emu_page(e, 20 + i)));
		}
		SMP_CALL(e, 0, "qpmap_global_remove", "w", va);
		smp_plant(e, 7, va, 1);
		SMP_CALL(e, 0, "qpmap_quiesce", "");
		for (unsigned cpu = 0; cpu < 3; cpu++) {
			smp_check_gone(e, cpu, va, 1);
		}
	}
}

/* CPUs begin to look in different groups: they write no common line. */
static void
b6_groups(const struct contract_case *c)
{
	struct emu *e = smp_ready(c, 2);
	uint64_t size = 2 * e->fact[FACT_GLOBAL_SLOTS] * page_size(e);
	uint64_t va[2];

	for (unsigned i = 0; i < 5; i++) {
		for (unsigned cpu = 0; cpu < 2; cpu++) {
			va[cpu] = (smp_global_enter(e, cpu, emu_page(e, i),
			    c->type) - e->config[WIRE_GLOBAL_VA]) / size;
		}
		CHECK(va[0] != va[1], "both look in group %llu",
		    (unsigned long long)va[0]);
	}
	CHECK_EQUAL(e->fact[FACT_GROUP_SIZE] % e->fact[FACT_CACHE_LINE], 0,
	    "a group's lines");
	CHECK_EQUAL(e->fact[FACT_SYNC_SIZE] % e->fact[FACT_CACHE_LINE], 0,
	    "a CPU's lines");
}

/* The kernel hands the leaves over: no table hook is called. */
static void
leaves_given(struct emu *e)
{
	uint64_t *config = e->config;
	uint64_t size = 2 * e->fact[FACT_GLOBAL_SLOTS] * page_size(e), slot;

	config[WIRE_FLAGS] &= ~(uint64_t)(QPMAP_F_BUILD_TABLES |
	    QPMAP_F_SINGLE_ROOT);
	for (unsigned i = 0; i < EMU_GROUPS; i++) {
		emu_map(e, config[WIRE_GLOBAL_VA] + i * size, emu_page(e, 0),
		    false);
		CHECK(emu_leaf_at(e, config[WIRE_GLOBAL_VA] + i * size, &slot,
		    NULL), "no leaf");
		emu_write(e, slot, e->mode->entry_size, 0);
		smp_set(e, smp_at_group(e, i, FACT_GROUP_LEAF), slot);
	}
	emu_map(e, global_end(e), emu_page(e, 0), false);
	emu_leaf_at(e, global_end(e), &slot, NULL);
	emu_write(e, slot, e->mode->entry_size, 0);
	emu_map(e, config[WIRE_WINDOW_VA], emu_page(e, 0), false);
	emu_leaf_at(e, config[WIRE_WINDOW_VA], &slot, NULL);
	emu_write(e, slot, e->mode->entry_size, 0);
}

static void
b9_leaves(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "smp");
	uint64_t leaf, va;

	leaves_given(e);
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	for (unsigned cpu = 0; cpu < 2; cpu++) {
		emu_cpu(e, cpu);
		if (cpu != 0) {
			emu_boot(e);
		}
		leaf = emu_slot_pte_of(e, cpu, 1) - e->mode->entry_size;
		CHECK_EQUAL(emu_online(e, cpu, leaf), QPMAP_OK, "online");
	}
	CHECK_EQUAL(emu_get64(e, "guest_leaf_calls", 0), 0, "hook calls");
	for (unsigned i = 0; i < 4; i++) {
		va = smp_global_enter(e, i % 2, emu_page(e, i), c->type);
		check_leaf(e, va, emu_page(e, i), c->type, true);
		for (unsigned cpu = 0; cpu < 2; cpu++) {
			emu_cpu(e, cpu);
			check_load(e, va, WORD, contract_tag(e,
			    emu_page(e, i)));
		}
		if (i < 2) {
			SMP_CALL(e, 1, "qpmap_global_remove", "w", va);
			smp_check_gone(e, 0, va, 1);
		}
	}
	smp_check_idle(e, 2);
}

/*
 * Areas that have upper tables in common, or all.  Table pages that were
 * counted twice are given back.
 */
static void
b9_one_table(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "smp");
	uint64_t size = 2 * e->fact[FACT_GLOBAL_SLOTS] * page_size(e);
	uint64_t before, va;

	e->config[WIRE_GLOBAL_COUNT] = 1;
	e->config[WIRE_GLOBAL_VA] = e->config[WIRE_WINDOW_VA] / size * size;
	e->config[WIRE_GLOBAL_VA] += c->number == 0 ? 2 * size : -2 * size;
	before = emu_get64(e, "guest_pool_count", 0);
	smp_start(e, 2);
	va = smp_global_enter(e, 1, emu_page(e, 1), c->type);
	emu_cpu(e, 0);
	check_load(e, va, WORD, contract_tag(e, emu_page(e, 1)));
	CHECK_EQUAL(emu_enter(e, emu_page(e, 2), c->type), emu_slot_va(e, 1),
	    "address");
	check_load(e, emu_slot_va(e, 1), WORD, contract_tag(e,
	    emu_page(e, 2)));
	emu_remove(e, emu_slot_va(e, 1));
	SMP_CALL(e, 0, "qpmap_global_remove", "w", va);
	smp_check_gone(e, 1, va, 1);
	/* Taken and not given back: a path, and a leaf table more. */
	before -= emu_get64(e, "guest_pool_count", 0) +
	    emu_get64(e, "guest_freed_count", 0);
	CHECK(before <= e->mode->levels + 1, "%llu tables",
	    (unsigned long long)before);
	smp_check_idle(e, 2);
}

/* No groups at all is a configuration, too. */
static void
b9_none(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "smp");

	e->config[WIRE_GLOBAL_VA] = 0;
	e->config[WIRE_GLOBAL] = 0;
	e->config[WIRE_GLOBAL_COUNT] = 0;
	smp_start(e, 2);
	CHECK_EQUAL(SMP_CALL(e, 0, "guest_global_enter", "pw",
	    emu_page(e, 1), 0), QPMAP_ERR_GLOBAL_FULL, "enter");
	check_wrong(e, 0);
	check_wrong(e, page_size(e));
	SMP_CALL(e, 1, "qpmap_quiesce", "");
}

/*
 * Bad input.
 */
struct wrong {
	const char *name;
	int error;
	bool (*spoil)(struct emu *e, uint64_t *config);	/* false: cannot be */
};

#define WRONG(name)							\
static bool								\
wrong_##name(struct emu *e, uint64_t *config)

WRONG(no_shootdown)
{
	(void)e;
	config[WIRE_SHOOTDOWN] = 0;
	return (true);
}

WRONG(shootdown_align)
{
	config[WIRE_SHOOTDOWN] += e->fact[FACT_CACHE_LINE] / 2;
	return (true);
}

WRONG(no_cpu_sync)
{
	config[WIRE_CPU_SYNC] = 0;
	return (!e->arch->broadcasts);
}

WRONG(cpu_sync_align)
{
	config[WIRE_CPU_SYNC] += e->fact[FACT_WORD];
	return (true);
}

WRONG(no_groups)
{
	(void)e;
	config[WIRE_GLOBAL] = 0;
	return (true);
}

WRONG(groups_align)
{
	config[WIRE_GLOBAL] += e->fact[FACT_CACHE_LINE] / 2;
	return (true);
}

WRONG(range_zero)
{
	(void)e;
	config[WIRE_GLOBAL_VA] = 0;
	return (true);
}

WRONG(range_align)
{
	config[WIRE_GLOBAL_VA] += e->fact[FACT_GLOBAL_SLOTS] * page_size(e);
	return (true);
}

/* The windows' first page; and the global area's guard there. */
WRONG(range_window)
{
	uint64_t size = 2 * e->fact[FACT_GLOBAL_SLOTS] * page_size(e);

	config[WIRE_GLOBAL_VA] = config[WIRE_WINDOW_VA] / size * size;
	return (true);
}

WRONG(range_guard)
{
	uint64_t size = 2 * e->fact[FACT_GLOBAL_SLOTS] * page_size(e);

	config[WIRE_WINDOW_VA] = config[WIRE_GLOBAL_VA] + EMU_GROUPS * size;
	return (true);
}

/* The windows' guard is the global area's first page. */
WRONG(range_window_guard)
{
	uint64_t window = e->fact[FACT_WINDOW_PAGES] * page_size(e);

	config[WIRE_WINDOW_VA] = config[WIRE_GLOBAL_VA] -
	    config[WIRE_CONFIG_CPUS] * window;
	return (true);
}

WRONG(range_direct)
{
	config[WIRE_DIRECT_VA] = global_end(e) - page_size(e);
	config[WIRE_DIRECT_PA] = emu_page(e, 0);
	config[WIRE_DIRECT_SIZE] = 8 * page_size(e);
	return (true);
}

/* Up to the last address: the guard page would be the first. */
WRONG(range_top)
{
	uint64_t size = 2 * e->fact[FACT_GLOBAL_SLOTS] * page_size(e);

	config[WIRE_GLOBAL_VA] = (0 - EMU_GROUPS * size) & smp_ones(e);
	return (true);
}

/* So many groups, and more, that slots have no numbers: 2^26, on i386 2^27. */
WRONG(range_huge)
{
	config[WIRE_GLOBAL_COUNT] = 0xffffffff;
	(void)e;
	return (true);
}

WRONG(range_wraps)
{
	config[WIRE_GLOBAL_COUNT] = (UINT64_C(1) << 32) /
	    e->fact[FACT_GLOBAL_SLOTS];
	return (true);
}

/* More than an address space, by one group: all of i386's and one more. */
WRONG(range_product)
{
	uint64_t size = 2 * e->fact[FACT_GLOBAL_SLOTS] * page_size(e);

	if (e->fact[FACT_WORD] != 4) {
		return (false);
	}
	config[WIRE_GLOBAL_COUNT] = (UINT64_C(1) << 32) / size + 1;
	return (true);
}

WRONG(range_user)
{
	uint64_t size = 2 * e->fact[FACT_GLOBAL_SLOTS] * page_size(e);

	config[WIRE_GLOBAL_VA] = size;
	return (e->mode->kernel_va != 0 && !e->arch->lower_half);
}

/* Where no address is canonical. */
WRONG(range_hole)
{
	config[WIRE_GLOBAL_VA] = UINT64_C(1) << e->mode->va_bits;
	return (e->mode->va_bits < 64 && e->mode->va_bits > 32);
}

WRONG(mapped)
{
	emu_map(e, global_end(e), emu_page(e, 0), false);
	(void)config;
	return (true);
}

WRONG(mapped_first)
{
	emu_map(e, config[WIRE_GLOBAL_VA], emu_page(e, 0), false);
	return (true);
}

WRONG(no_leaf)
{
	(void)config;
	leaves_given(e);
	smp_set(e, smp_at_group(e, 1, FACT_GROUP_LEAF), 0);
	return (true);
}

WRONG(leaf_align)
{
	uint64_t at = smp_at_group(e, 1, FACT_GROUP_LEAF);

	(void)config;
	leaves_given(e);
	smp_set(e, at, emu_read(e, at, (unsigned)e->fact[FACT_WORD]) +
	    64);
	return (true);
}

static void
spoil_leaf(struct emu *e, unsigned group, uint64_t page)
{
	uint64_t at = emu_read(e, smp_at_group(e, group, FACT_GROUP_LEAF),
	    (unsigned)e->fact[FACT_WORD]);

	emu_write(e, at + page * e->mode->entry_size, e->mode->entry_size,
	    e->arch->make_leaf(e, emu_page(e, 0), false));
}

WRONG(leaf_used)
{
	(void)config;
	leaves_given(e);
	spoil_leaf(e, 0, 0);
	return (true);
}

WRONG(leaf_used_last)
{
	(void)config;
	leaves_given(e);
	spoil_leaf(e, 1, 2 * e->fact[FACT_GLOBAL_SLOTS] - 1);
	return (true);
}

/* In an aligned place of the table that is not the group's. */
WRONG(leaf_elsewhere)
{
	uint64_t at = smp_at_group(e, 1, FACT_GROUP_LEAF);
	uint64_t size = 2 * e->fact[FACT_GLOBAL_SLOTS] * e->mode->entry_size;
	uint64_t table = page_size(e), leaf;

	(void)config;
	leaves_given(e);
	leaf = emu_read(e, at, (unsigned)e->fact[FACT_WORD]);
	smp_set(e, at, leaf - leaf % table + (leaf + size) % table);
	return (size < table);
}

/* A flag of a shootdown that another machine has. */
WRONG(flags_range)
{
	config[WIRE_FLAGS] |= QPMAP_F_NO_TLBI_RANGE;
	return (!e->arch->broadcasts);
}

WRONG(flags_svinval)
{
	config[WIRE_FLAGS] |= QPMAP_F_SVINVAL;
	return (strcmp(e->arch->name, "riscv64") != 0);
}

WRONG(flags_rfence)
{
	config[WIRE_FLAGS] |= QPMAP_F_SBI_RFENCE;
	return (strcmp(e->arch->name, "riscv64") != 0);
}

WRONG(flags_g)
{
	config[WIRE_FLAGS] |= QPMAP_F_KERNEL_HAS_G;
	return (e->arch->uc_arch != UC_ARCH_X86);
}

static const struct wrong wrongs[] = {
	{ "SHOOTDOWN/none", QPMAP_ERR_SHOOTDOWN, wrong_no_shootdown },
	{ "SHOOTDOWN/align", QPMAP_ERR_SHOOTDOWN, wrong_shootdown_align },
	{ "SHOOTDOWN/no-remote", QPMAP_ERR_SHOOTDOWN, wrong_no_cpu_sync },
	{ "SHOOTDOWN/remote-align", QPMAP_ERR_SHOOTDOWN,
	    wrong_cpu_sync_align },
	{ "SHOOTDOWN/no-groups", QPMAP_ERR_SHOOTDOWN, wrong_no_groups },
	{ "SHOOTDOWN/groups-align", QPMAP_ERR_SHOOTDOWN,
	    wrong_groups_align },
	{ "GLOBAL_RANGE/zero", QPMAP_ERR_GLOBAL_RANGE, wrong_range_zero },
	{ "GLOBAL_RANGE/align", QPMAP_ERR_GLOBAL_RANGE, wrong_range_align },
	{ "GLOBAL_RANGE/window", QPMAP_ERR_GLOBAL_RANGE,
	    wrong_range_window },
	{ "GLOBAL_RANGE/guard", QPMAP_ERR_GLOBAL_RANGE, wrong_range_guard },
	{ "GLOBAL_RANGE/window-guard", QPMAP_ERR_GLOBAL_RANGE,
	    wrong_range_window_guard },
	{ "GLOBAL_RANGE/direct", QPMAP_ERR_GLOBAL_RANGE,
	    wrong_range_direct },
	{ "GLOBAL_RANGE/top", QPMAP_ERR_GLOBAL_RANGE, wrong_range_top },
	{ "GLOBAL_RANGE/huge", QPMAP_ERR_GLOBAL_RANGE, wrong_range_huge },
	{ "GLOBAL_RANGE/wraps", QPMAP_ERR_GLOBAL_RANGE, wrong_range_wraps },
	{ "GLOBAL_RANGE/product", QPMAP_ERR_GLOBAL_RANGE,
	    wrong_range_product },
	{ "GLOBAL_RANGE/user", QPMAP_ERR_GLOBAL_RANGE, wrong_range_user },
	{ "GLOBAL_RANGE/hole", QPMAP_ERR_GLOBAL_RANGE, wrong_range_hole },
	{ "WINDOW_MAPPED/shared-guard", QPMAP_ERR_WINDOW_MAPPED,
	    wrong_mapped },
	{ "WINDOW_MAPPED/shared", QPMAP_ERR_WINDOW_MAPPED,
	    wrong_mapped_first },
	{ "GLOBAL_LEAF/none", QPMAP_ERR_GLOBAL_LEAF, wrong_no_leaf },
	{ "GLOBAL_LEAF/align", QPMAP_ERR_GLOBAL_LEAF, wrong_leaf_align },
	{ "GLOBAL_LEAF/elsewhere", QPMAP_ERR_GLOBAL_LEAF,
	    wrong_leaf_elsewhere },
	{ "GLOBAL_LEAF/used", QPMAP_ERR_GLOBAL_LEAF, wrong_leaf_used },
	{ "GLOBAL_LEAF/used-last", QPMAP_ERR_GLOBAL_LEAF,
	    wrong_leaf_used_last },
	{ "FLAGS/NO_TLBI_RANGE", QPMAP_ERR_FLAGS, wrong_flags_range },
	{ "FLAGS/SVINVAL", QPMAP_ERR_FLAGS, wrong_flags_svinval },
	{ "FLAGS/SBI_RFENCE", QPMAP_ERR_FLAGS, wrong_flags_rfence },
	{ "FLAGS/KERNEL_HAS_G", QPMAP_ERR_FLAGS, wrong_flags_g },
};

/* What the kernel's memory for the shootdown holds, junk before init. */
static void
junk(struct emu *e, const char *name, bool check)
{
	uint64_t size = emu_symbol_size(e, name);
	uint8_t *bytes = emu_ram(e, emu_symbol(e, name), size);

	for (uint64_t i = 0; i < size; i++) {
		CHECK(!check || bytes[i] == 0x5a, "%s was written", name);
		bytes[i] = 0x5a;
	}
}

static void
bad_input(const struct contract_case *c)
{
	const struct wrong *wrong = c->arg;
	struct emu *e = contract_begin(c, "smp");
	uint64_t size = emu_symbol_size(e, "qpmap_state");
	const uint8_t *state = emu_ram(e, emu_symbol(e, "qpmap_state"), size);
	uint64_t pool;

	junk(e, "guest_shootdown", false);
	junk(e, "guest_cpu_sync", false);
	if (!wrong->spoil(e, e->config)) {
		skip();
	}
	pool = emu_get64(e, "guest_pool_count", 0);
	CHECK_EQUAL(emu_init(e), wrong->error, "qpmap_init");
	junk(e, "guest_shootdown", true);
	junk(e, "guest_cpu_sync", true);
	CHECK_EQUAL(emu_get64(e, "guest_pool_count", 0) +
	    emu_get64(e, "guest_freed_count", 0), pool, "pages given back");
	for (uint64_t i = 0; i < size; i++) {
		CHECK(state[i] == 0, "qpmap_state was written");
	}
	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_ERR_NOT_INIT, "online");
}

/* Without QPMAP_SHOOTDOWN its flags do not exist. */
static void
bad_flags(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");

	e->config[WIRE_FLAGS] |= c->number;
	CHECK_EQUAL(emu_init(e), QPMAP_ERR_FLAGS, "qpmap_init");
}

/* Two online CPUs with one hart number: the SBI could not tell them apart. */
static void
bad_hart(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "smp");

	e->config[WIRE_FLAGS] |= QPMAP_F_SBI_RFENCE;
	smp_set(e, smp_at_sync(e, 0, FACT_SYNC_HART), 6);
	smp_set(e, smp_at_sync(e, 3, FACT_SYNC_HART), 6);
	smp_start(e, 1);
	emu_cpu(e, 1);
	emu_boot(e);
	CHECK_EQUAL(emu_online(e, 3, 0), QPMAP_ERR_CPU_HART, "online");
	CHECK_EQUAL(emu_sync_word(e, 3, FACT_SYNC_ONLINE), 0, "online");
	CHECK_EQUAL(emu_read(e, emu_state_pa(e) + e->fact[FACT_CPU_INDEX],
	    4), 0, "the CPU's window");
	smp_set(e, smp_at_sync(e, 3, FACT_SYNC_HART), 7);
	CHECK_EQUAL(emu_online(e, 3, 0), QPMAP_OK, "online");
	emu_cpu(e, 0);
	EMU_CALL(e, "qpmap_cpu_offline", "w", emu_state_pa(e));
	smp_set(e, smp_at_sync(e, 0, FACT_SYNC_HART), 7);
	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_ERR_CPU_HART, "online");
	emu_cpu(e, 1);
	EMU_CALL(e, "qpmap_cpu_offline", "w", emu_state_pa(e));
	emu_cpu(e, 0);
	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_OK, "the other is offline");
}

/*
 * Two CPUs, one number; and init again while they are online.  With the memory
 * that says who has which, on every architecture.
 */
static void
bad_taken(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "smp");
	uint64_t remote;

	e->config[WIRE_CPU_SYNC] = emu_symbol(e, "guest_cpu_sync");
	smp_start(e, 2);
	CHECK_EQUAL(emu_init(e), QPMAP_ERR_IN_USE, "qpmap_init again");
	emu_cpu(e, 1);
	EMU_CALL(e, "qpmap_cpu_offline", "w", emu_state_pa(e));
	remote = emu_sync_word(e, 0, FACT_SYNC_ACKNOWLEDGED);
	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_ERR_CPU_INDEX_TAKEN, "online");
	CHECK_EQUAL(emu_sync_word(e, 0, FACT_SYNC_ACKNOWLEDGED), remote,
	    "what CPU 0 acknowledged");
	CHECK_EQUAL(emu_read(e, emu_state_pa(e) + e->fact[FACT_CPU_INDEX],
	    4), 0, "the CPU's window");
	emu_cpu(e, 0);
	CHECK_EQUAL(emu_init(e), QPMAP_ERR_IN_USE, "one is online");
	EMU_CALL(e, "qpmap_cpu_offline", "w", emu_state_pa(e));
	emu_cpu(e, 1);
	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_OK, "its number is free");
	EMU_CALL(e, "qpmap_cpu_offline", "w", emu_state_pa(e));
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "none is online");
}

/* A CPU that lacks what the first one has: as for any other register. */
static void
b11_differs(const struct contract_case *c)
{
	struct emu *e = contract_open(c, "smp",
	    c->mode->arch->shootdown_boot_flag);

	e->config[WIRE_FLAGS] |= c->number;
	smp_start(e, 1);
	e->boot_flags = 0;
	emu_cpu(e, 1);
	emu_boot(e);
	CHECK_EQUAL(emu_online(e, 1, 0), c->number != 0 ? QPMAP_OK :
	    QPMAP_ERR_CPU_DIFFERS, "online");
}

void
contract_global_cases(const struct emu_mode *mode)
{
	const struct emu_arch *arch = mode->arch;

	contract_add_types(mode, b9_attr, "B9");
	contract_add(mode, b11_slots, NULL, "B11/slots");
	contract_add_types(mode, b9_waits, "B9/waits");
	contract_add(mode, b9_full, NULL, "B9/full");
	contract_add(mode, b9_deferred, NULL, "B9/deferred");
	contract_add(mode, b9_quiesce, NULL, "B9/quiesce");
	contract_add(mode, b9_both_full, NULL, "B9/both-full");
	if (!arch->broadcasts) {
		contract_add(mode, b9_reclaiming, NULL, "B9/reclaiming");
		contract_add(mode, b9_not_early, NULL, "B9/not-early");
	}
	contract_add_types(mode, b9_wrong, "B9/wrong-address");
	contract_add(mode, b9_refused, NULL, "B9/refused");
	if (arch->poison != NULL && arch->poison->flag == 0) {
		contract_add(mode, b9_poison, NULL, "B9/poison");
	}
	contract_add_types(mode, b9_leaves, "B9/leaf-given");
	contract_add(mode, b9_one_table, NULL, "B9/tables/above");
	contract_add(mode, b9_one_table, &(struct contract_case){
	    .number = 1 }, "B9/tables/below");
	contract_add(mode, b9_none, NULL, "B9/none");
	contract_add(mode, b6_groups, NULL, "B6/shared");
	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		contract_add(mode, bad_input, &(struct contract_case){
		    .arg = &wrongs[i] }, "bad-input/%s", wrongs[i].name);
	}
	contract_add(mode, bad_flags, &(struct contract_case){
	    .number = QPMAP_F_NO_TLBI_RANGE }, "bad-input/FLAGS/std-range");
	contract_add(mode, bad_flags, &(struct contract_case){
	    .number = QPMAP_F_SVINVAL }, "bad-input/FLAGS/std-svinval");
	contract_add(mode, bad_flags, &(struct contract_case){
	    .number = QPMAP_F_SBI_RFENCE }, "bad-input/FLAGS/std-rfence");
	contract_add(mode, bad_flags, &(struct contract_case){
	    .number = QPMAP_F_KERNEL_HAS_G }, "bad-input/FLAGS/std-g");
	contract_add(mode, bad_taken, NULL, "bad-input/CPU_INDEX_TAKEN");
	if (strcmp(arch->name, "riscv64") == 0) {
		contract_add(mode, bad_hart, NULL, "bad-input/CPU_HART");
	}
	if (arch->broadcasts) {
		contract_add(mode, b11_differs, NULL, "B11/differs/range");
		contract_add(mode, b11_differs, &(struct contract_case){
		    .number = QPMAP_F_NO_TLBI_RANGE },
		    "B11/differs/range-not-used");
	}
}
