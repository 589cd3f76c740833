/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The library's functions, called in the guest.
 */
#include <stdio.h>
#include <string.h>

#include <qpmap/qpmap.h>

#include "machine.h"

uint64_t
emu_state_pa(struct emu *e)
{
	return (e->percpu + e->fact[FACT_PERCPU_STATE]);
}

uint64_t
emu_depth(struct emu *e)
{
	return (emu_read(e, e->percpu + e->fact[FACT_PERCPU_DEPTH], 4));
}

uint64_t
emu_unpinned_queries(struct emu *e)
{
	return (emu_read(e, e->percpu + e->fact[FACT_PERCPU_UNPINNED], 4));
}

/* By the layout of the window, not by the state's contents. */
uint64_t
emu_slot_va_of(struct emu *e, unsigned window, unsigned slot)
{
	return (e->config[WIRE_WINDOW_VA] +
	    (window * e->fact[FACT_WINDOW_PAGES] + 2 * slot - 1) *
	    (UINT64_C(1) << e->mode->page_shift));
}

uint64_t
emu_slot_pte_of(struct emu *e, unsigned window, unsigned slot)
{
	struct emu_level levels[EMU_MAX_LEVELS];
	unsigned count = emu_walk(e, emu_slot_va_of(e, window, slot),
	    levels);

	if (levels[count - 1].level != 0) {
		emu_die("slot %u has no leaf table", slot);
	}
	return (levels[count - 1].entry_pa);
}

/* This CPU's window; window 0 while it is offline. */
static unsigned
emu_window(struct emu *e)
{
	unsigned window = (unsigned)emu_read(e, emu_state_pa(e) +
	    e->fact[FACT_CPU_INDEX], 4);

	return (window == 0 ? 0 : window - 1);
}

uint64_t
emu_slot_va(struct emu *e, unsigned slot)
{
	return (emu_slot_va_of(e, emu_window(e), slot));
}

uint64_t
emu_slot_pte(struct emu *e, unsigned slot)
{
	return (emu_slot_pte_of(e, emu_window(e), slot));
}

/* A full pool, of pages that hold junk: no contents may be relied on. */
static void
emu_pool_fill(struct emu *e)
{
	uint64_t page, offset;

	for (unsigned i = 0; i < WIRE_POOL_COUNT / 4; i++) {
		page = emu_page_alloc(e);
		for (offset = 0; offset >> e->mode->page_shift == 0;
		    offset += 8) {
			emu_write(e, page + offset, 8,
			    UINT64_C(0xa5a5a5a5a5a5a5a5) ^ offset);
		}
		emu_set64(e, "guest_pool", i, page);
	}
	emu_set64(e, "guest_pool_count", 0, WIRE_POOL_COUNT / 4);
}

struct emu *
emu_begin(const struct emu_mode *mode, const char *variant)
{
	return (emu_prepare(mode, variant, mode->arch->layouts[0].value, 0));
}

struct emu *
emu_prepare(const struct emu_mode *mode, const char *variant, uint64_t layout,
    unsigned boot_flags)
{
	struct emu *e = emu_open(mode, variant);

	e->layout = layout;
	e->boot_flags = boot_flags;
	emu_boot(e);
	emu_pool_fill(e);
	e->config[WIRE_WINDOW_VA] = mode->window_va;
	e->config[WIRE_CONFIG_CPUS] = EMU_CPUS;
	e->config[WIRE_NESTING] = e->fact[FACT_SLOTS];
	e->config[WIRE_FLAGS] = QPMAP_F_BUILD_TABLES | QPMAP_F_SINGLE_ROOT |
	    (mode->has_nx ? 0 : QPMAP_F_NO_NX);
	if (e->fact[FACT_SHOOTDOWN] != 0) {
		e->config[WIRE_SHOOTDOWN] = emu_symbol(e, "guest_shootdown");
		e->config[WIRE_CPU_SYNC] = emu_symbol(e, "guest_cpu_sync");
		e->config[WIRE_GLOBAL_VA] = mode->global_va;
		e->config[WIRE_GLOBAL] = emu_symbol(e, "guest_group");
		e->config[WIRE_GLOBAL_COUNT] = EMU_GROUPS;
	}
	if (e->fact[FACT_RANGE_PAGES] != 0) {
		e->config[WIRE_RANGE_VA] = mode->range_va;
	}
	if (e->fact[FACT_LARGE_SLOTS] != 0) {
		e->config[WIRE_LARGE_VA] = mode->large_va;
		if (mode->levels == 2) {
			e->config[WIRE_FLAGS] |= QPMAP_F_ONE_ROOT;
		}
	}
	return (e);
}

int
emu_init(struct emu *e)
{
	for (unsigned i = 0; i < WIRE_CONFIG_COUNT; i++) {
		emu_set64(e, "guest_wire", i, e->config[i]);
	}
	if (EMU_CALL(e, "guest_init", "") != EMU_RETURNED) {
		emu_die("qpmap_init did not return");
	}
	e->svpbmt = (e->config[WIRE_FLAGS] & QPMAP_F_SVPBMT) != 0;
	return ((int)(uint32_t)e->result);
}

uint64_t
emu_ptes(struct emu *e, uint64_t leaf)
{
	unsigned word = (unsigned)e->fact[FACT_WORD];
	uint64_t ptes = emu_symbol(e, "guest_ptes") +
	    e->cpu * e->fact[FACT_PTES_SIZE];

	if (leaf == 0 && e->range_leaf == 0) {
		return (0);
	}
	emu_write(e, ptes, word, leaf);
	if (e->fact[FACT_RANGE_PAGES] != 0) {
		emu_write(e, ptes + e->fact[FACT_PTES_RANGE], word,
		    e->range_leaf);
	}
	return (ptes);
}

int
emu_online(struct emu *e, unsigned window, uint64_t leaf)
{
	if (EMU_CALL(e, "qpmap_cpu_online", "www", emu_state_pa(e), window,
	    emu_ptes(e, leaf)) != EMU_RETURNED) {
		emu_die("qpmap_cpu_online did not return");
	}
	return ((int)(uint32_t)e->result);
}

struct emu *
emu_ready(const struct emu_mode *mode, const char *variant)
{
	struct emu *e = emu_begin(mode, variant);
	int error = emu_init(e);

	if (error == 0) {
		error = emu_online(e, 0, 0);
	}
	if (error != 0) {
		emu_die("init or online: error %d", error);
	}
	return (e);
}

/* Dies unless the call returned. */
static void
emu_must_return(struct emu *e, const char *name)
{
	if (e->status == EMU_PANICKED) {
		emu_die("%s panicked: %s (0x%llx, 0x%llx)", name,
		    e->panic.text, (unsigned long long)e->panic.a,
		    (unsigned long long)e->panic.b);
	}
	if (e->status == EMU_FAULTED) {
		emu_die("%s faulted at 0x%llx, PC 0x%llx, vector %llu", name,
		    (unsigned long long)e->fault.va,
		    (unsigned long long)e->fault.pc,
		    (unsigned long long)e->fault.vector);
	}
	if (e->status != EMU_RETURNED) {
		emu_die("%s did not return", name);
	}
}

void
emu_enter_call(struct emu *e, uint64_t pa, unsigned attr)
{
	EMU_CALL(e, e->enter_function != NULL ? e->enter_function :
	    "qpmap_enter", "pw", pa, attr);
}

void
emu_remove_call(struct emu *e, uint64_t va)
{
	EMU_CALL(e, e->remove_function != NULL ? e->remove_function :
	    "qpmap_remove", "w", va);
}

uint64_t
emu_enter(struct emu *e, uint64_t pa, unsigned attr)
{
	emu_enter_call(e, pa, attr);
	emu_must_return(e, "qpmap_enter");
	return (e->result);
}

uint64_t
emu_enter_ro(struct emu *e, uint64_t pa, unsigned attr)
{
	EMU_CALL(e, "qpmap_enter_ro", "pw", pa, attr);
	emu_must_return(e, "qpmap_enter_ro");
	return (e->result);
}

void
emu_remove(struct emu *e, uint64_t va)
{
	emu_remove_call(e, va);
	emu_must_return(e, "qpmap_remove");
}

unsigned
emu_held(struct emu *e)
{
	EMU_CALL(e, "qpmap_held", "w", emu_state_pa(e));
	emu_must_return(e, "qpmap_held");
	return ((unsigned)(uint32_t)e->result);
}

bool
emu_spins(struct emu *e, uint64_t pc)
{
	return (memcmp(emu_ram(e, pc, e->arch->spin_size),
	    e->arch->spin_bytes, e->arch->spin_size) == 0);
}

void
emu_another(struct emu *e, unsigned cpu)
{
	int error;

	emu_cpu(e, cpu);
	emu_boot(e);
	error = emu_online(e, cpu, 0);
	if (error != 0) {
		emu_die("online of CPU %u: error %d", cpu, error);
	}
}

uint64_t
emu_global_enter(struct emu *e, uint64_t pa, unsigned attr)
{
	EMU_CALL(e, "guest_global_enter", "pw", pa, attr);
	emu_must_return(e, "qpmap_global_enter");
	if (emu_is_error(e->result)) {
		emu_die("qpmap_global_enter: error %llu",
		    (unsigned long long)e->result);
	}
	return (e->result);
}

static uint64_t
emu_word(struct emu *e, uint64_t pa)
{
	return (emu_read(e, pa, (unsigned)e->fact[FACT_WORD]));
}

uint64_t
emu_shootdown_word(struct emu *e, unsigned fact)
{
	return (emu_word(e, emu_symbol(e, "guest_shootdown") +
	    e->fact[fact]));
}

uint64_t
emu_sync_word(struct emu *e, unsigned window, unsigned fact)
{
	return (emu_word(e, emu_symbol(e, "guest_cpu_sync") +
	    window * e->fact[FACT_SYNC_SIZE] + e->fact[fact]));
}

uint64_t
emu_group_word(struct emu *e, unsigned group, unsigned fact)
{
	return (emu_word(e, emu_symbol(e, "guest_group") +
	    group * e->fact[FACT_GROUP_SIZE] + e->fact[fact]));
}

enum emu_status
emu_load(struct emu *e, uint64_t va, unsigned size)
{
	char name[24];

	snprintf(name, sizeof(name), "guest_load%u", 8 * size);
	return (EMU_CALL(e, name, "w", va));
}

enum emu_status
emu_store(struct emu *e, uint64_t va, unsigned size, uint64_t value)
{
	char name[24];

	snprintf(name, sizeof(name), "guest_store%u", 8 * size);
	return (EMU_CALL(e, name, "ww", va, value));
}

enum emu_status
emu_fetch(struct emu *e, uint64_t va)
{
	return (EMU_CALL(e, "guest_fetch", "w", va));
}
