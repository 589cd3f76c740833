/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CPUs come and go: B11.
 */
#include <string.h>

#include "contract.h"

#define WORD 4

/*
 * Plant a translation of slot 1 in the current CPU's TLB: map a page there,
 * touch it, and unmap it behind the CPU's back.  Returns its tag.
 */
static uint64_t
plant(struct emu *e, uint64_t page)
{
	uint64_t tag = contract_tag(e, page);
	uint64_t va = e->config[WIRE_WINDOW_VA] +
	    (UINT64_C(1) << e->mode->page_shift);
	uint64_t pte_pa;

	emu_map(e, va, page, false);
	check_load(e, va, WORD, tag);
	CHECK(emu_leaf_at(e, va, &pte_pa, NULL), "no leaf");
	emu_write(e, pte_pa, e->mode->entry_size, 0);
	check_load(e, va, WORD, tag);	/* it is stale, and it is there */
	return (tag);
}

/*
 * Online invalidates what was there before, whatever the flags: number has some
 * more of them.
 */
static void
b11_online(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	uint64_t va = e->config[WIRE_WINDOW_VA] +
	    (UINT64_C(1) << e->mode->page_shift);

	e->config[WIRE_FLAGS] |= c->number;
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	plant(e, emu_page(e, 1));
	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_OK, "qpmap_cpu_online");
	check_nothing(e, va);
	CHECK_EQUAL(emu_enter(e, emu_page(e, 2), c->type), va, "address");
	check_load(e, va, WORD, contract_tag(e, emu_page(e, 2)));
}

/*
 * Offline, and the number given to another CPU, which saw its old pages: it
 * has heard of their removal where that is broadcast, and of the last one's,
 * which is done behind its back, nowhere.
 */
static void
b11_reuse(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	uint64_t pa = emu_page(e, 1), va;

	e->config[WIRE_FLAGS] |= c->number;
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_OK, "qpmap_cpu_online");
	va = emu_enter(e, pa, c->type);
	check_load(e, va, WORD, contract_tag(e, pa));
	emu_cpu(e, 1);
	emu_boot(e);
	check_load(e, va, WORD, contract_tag(e, pa));
	emu_cpu(e, 0);
	emu_remove(e, va);
	CHECK_EQUAL(EMU_CALL(e, "qpmap_cpu_offline", "w", emu_state_pa(e)),
	    EMU_RETURNED, "qpmap_cpu_offline");
	check_nothing(e, va);
	emu_cpu(e, 1);
	if (e->arch->broadcasts && c->number == 0) {
		check_nothing(e, va);
	} else {
		check_load(e, va, WORD, contract_tag(e, pa));
	}
	plant(e, pa);
	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_OK, "online with that number");
	check_nothing(e, va);
	CHECK_EQUAL(emu_enter(e, emu_page(e, 2), c->type), va, "address");
	check_load(e, va, WORD, contract_tag(e, emu_page(e, 2)));
	emu_remove(e, va);
	check_idle(e);
}

/* Offline leaves nothing; an offline CPU's calls are refused; and back. */
static void
b11_offline(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	uint64_t pa = emu_page(e, 1), va = emu_enter(e, pa, c->type);

	check_load(e, va, WORD, contract_tag(e, pa));
	emu_remove(e, va);
	CHECK_EQUAL(EMU_CALL(e, "qpmap_cpu_offline", "w", emu_state_pa(e)),
	    EMU_RETURNED, "qpmap_cpu_offline");
	check_nothing(e, va);
	EMU_CALL(e, "qpmap_enter", "pw", pa, c->type);
	check_panic(e, QPMAP_PANIC_OFFLINE, pa, 0);
	EMU_CALL(e, "qpmap_enter_ro", "pw", pa, c->type);
	check_panic(e, QPMAP_PANIC_OFFLINE, pa, 0);
	EMU_CALL(e, "qpmap_remove", "w", va);
	check_panic(e, QPMAP_PANIC_REMOVE, va, 0);
	EMU_CALL(e, "qpmap_cpu_offline", "w", emu_state_pa(e));
	check_panic(e, QPMAP_PANIC_NOT_ONLINE, 0, 0);
	EMU_CALL(e, "qpmap_cpu_abandon", "w", emu_state_pa(e));
	check_panic(e, QPMAP_PANIC_NOT_ONLINE, 0, 0);
	check_nothing(e, va);
	for (unsigned window = 0; window < EMU_CPUS; window++) {
		CHECK_EQUAL(emu_online(e, window, 0), QPMAP_OK, "online");
		va = emu_enter(e, pa, c->type);
		CHECK_EQUAL(va, emu_slot_va(e, 1), "address");
		check_load(e, va, WORD, contract_tag(e, pa));
		emu_remove(e, va);
		EMU_CALL(e, "qpmap_cpu_offline", "w", emu_state_pa(e));
		CHECK_EQUAL(e->status, EMU_RETURNED, "offline");
		check_nothing(e, va);
	}
}

/* Offline with a stale translation in the TLB: it goes, too. */
static void
b11_offline_stale(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	uint64_t va = emu_slot_va(e, 1);

	(void)c;
	plant(e, emu_page(e, 1));
	EMU_CALL(e, "qpmap_cpu_offline", "w", emu_state_pa(e));
	CHECK_EQUAL(e->status, EMU_RETURNED, "offline");
	check_nothing(e, va);
}

static void
b11_held(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");

	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	CHECK_EQUAL(emu_online(e, 2, 0), QPMAP_OK, "qpmap_cpu_online");
	for (unsigned i = 1; i <= e->fact[FACT_SLOTS]; i++) {
		emu_enter(e, emu_page(e, i), c->type);
		EMU_CALL(e, "qpmap_cpu_offline", "w", emu_state_pa(e));
		check_panic(e, QPMAP_PANIC_HELD, 2, i);
	}
}

/* Two CPUs at once: each has its own pages at its own addresses. */
static void
b6_two_cpus(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");
	uint64_t va[EMU_CPUS];

	for (unsigned cpu = 0; cpu < EMU_CPUS; cpu++) {
		emu_cpu(e, cpu);
		if (cpu != 0) {
			emu_boot(e);
			CHECK_EQUAL(emu_online(e, cpu, 0), QPMAP_OK, "online");
		}
		va[cpu] = emu_enter(e, emu_page(e, cpu), c->type);
		CHECK(cpu == 0 || va[cpu] != va[cpu - 1], "one address");
	}
	for (unsigned cpu = 0; cpu < EMU_CPUS; cpu++) {
		emu_cpu(e, cpu);
		check_load(e, va[cpu], WORD, contract_tag(e,
		    emu_page(e, cpu)));
		CHECK_EQUAL(emu_held(e), 1, "held");
		EMU_CALL(e, "qpmap_remove", "w", va[(cpu + 1) % EMU_CPUS]);
		check_panic(e, QPMAP_PANIC_REMOVE, va[(cpu + 1) % EMU_CPUS],
		    va[cpu]);
	}
	for (unsigned cpu = 0; cpu < EMU_CPUS; cpu++) {
		emu_cpu(e, cpu);
		emu_remove(e, va[cpu]);
		check_nothing(e, va[cpu]);
		check_window_empty(e);
	}
}

/* A CPU whose registers differ from the first's is refused. */
static void
b11_differs(const struct contract_case *c)
{
	struct emu *e = contract_ready(c, "std");

	emu_cpu(e, 1);
	if (c->number != 0) {
		e->boot_flags = c->number;
	} else {
		e->layout = ((const struct emu_layout *)c->arg)->value;
	}
	emu_boot(e);
	CHECK_EQUAL(emu_online(e, 1, 0), QPMAP_ERR_CPU_DIFFERS, "online");
}

void
contract_cpu_cases(const struct emu_mode *mode)
{
	const struct emu_arch *arch = mode->arch;

	contract_add_types(mode, b11_online, "B11/online");
	contract_add_types(mode, b11_reuse, "B11/reuse");
	if (arch->local_flags != 0) {
		struct contract_case local = { .number = arch->local_flags };

		contract_add(mode, b11_online, &local, "B11/online-local");
		contract_add(mode, b11_reuse, &local, "B11/reuse-local");
	}
	contract_add_types(mode, b11_offline, "B11/offline");
	contract_add(mode, b11_offline_stale, NULL, "B11/offline-stale");
	contract_add(mode, b11_held, NULL, "B11/held");
	contract_add_types(mode, b6_two_cpus, "B6/four-cpus");
	if (arch->layouts[1].name != NULL) {
		contract_add(mode, b11_differs, &(struct contract_case){
		    .arg = &arch->layouts[1] }, "B11/differs/layout");
	}
	for (const struct emu_feature *differ = arch->differs;
	    differ != NULL && differ->name != NULL; differ++) {
		contract_add(mode, b11_differs, &(struct contract_case){
		    .number = differ->flag }, "B11/differs/%s", differ->name);
	}
}
