/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A page entering and leaving, shown step by step, in every MMU mode.
 *
 * usage: demo --guests DIR [MODE ...]
 *
 * Everything printed was read from the emulated machine: registers, RAM, the
 * entries in its page tables, and the instructions it executed.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "counts.h"

/* A field of a leaf entry, top bit first, by the architecture's manual. */
struct demo_field {
	unsigned high, low;
	const char *name;
	const char *meaning;
};

static const struct demo_field demo_x86_64[] = {
	{ 63, 63, "XD", "no execution" },
	{ 51, 12, "PA", "physical page" },
	{ 8, 8, "G", "global" },
	{ 7, 7, "PAT", "memory type, bit 2" },
	{ 6, 6, "D", "dirty, preset" },
	{ 5, 5, "A", "accessed, preset" },
	{ 4, 4, "PCD", "memory type, bit 1" },
	{ 3, 3, "PWT", "memory type, bit 0" },
	{ 2, 2, "U/S", "user" },
	{ 1, 1, "R/W", "writable" },
	{ 0, 0, "P", "present" },
	{ 0, 0, NULL, NULL }
};
static const struct demo_field demo_x86_32[] = {
	{ 31, 12, "PA", "physical page" },
	{ 8, 8, "G", "global" },
	{ 7, 7, "PAT", "memory type, bit 2" },
	{ 6, 6, "D", "dirty, preset" },
	{ 5, 5, "A", "accessed, preset" },
	{ 4, 4, "PCD", "memory type, bit 1" },
	{ 3, 3, "PWT", "memory type, bit 0" },
	{ 2, 2, "U/S", "user" },
	{ 1, 1, "R/W", "writable" },
	{ 0, 0, "P", "present" },
	{ 0, 0, NULL, NULL }
};
static const struct demo_field demo_arm64[] = {
	{ 54, 54, "UXN", "no execution at EL0" },
	{ 53, 53, "PXN", "no execution at EL1" },
	{ 52, 52, "CONT", "contiguous" },
	{ 51, 51, "DBM", "dirty bit modifier" },
	{ 47, 12, "OA", "physical page" },
	{ 11, 11, "nG", "not global" },
	{ 10, 10, "AF", "access flag, preset" },
	{ 9, 8, "SH", "3: inner shareable" },
	{ 7, 6, "AP", "0: EL1 read-write, 2: read-only" },
	{ 4, 2, "AttrIndx", "memory type, byte of MAIR" },
	{ 1, 0, "type", "3: page" },
	{ 0, 0, NULL, NULL }
};
static const struct demo_field demo_riscv64[] = {
	{ 63, 63, "N", "contiguous" },
	{ 62, 61, "PBMT", "memory type" },
	{ 53, 10, "PPN", "physical page number" },
	{ 7, 7, "D", "dirty, preset" },
	{ 6, 6, "A", "accessed, preset" },
	{ 5, 5, "G", "global" },
	{ 4, 4, "U", "user" },
	{ 3, 3, "X", "executable" },
	{ 2, 2, "W", "writable" },
	{ 1, 1, "R", "readable" },
	{ 0, 0, "V", "valid" },
	{ 0, 0, NULL, NULL }
};

static const struct demo_field *
demo_fields(const struct emu_mode *mode)
{
	if (strcmp(mode->arch->name, "arm64") == 0) {
		return (demo_arm64);
	}
	if (strcmp(mode->arch->name, "riscv64") == 0) {
		return (demo_riscv64);
	}
	return (mode->entry_size == 8 ? demo_x86_64 : demo_x86_32);
}

static void
demo_die(const char *text)
{
	fprintf(stderr, "demo: %s\n", text);
	exit(2);
}

/* Every field of the entry, also those that are zero on purpose. */
static void
demo_print_entry(const struct emu_mode *mode, uint64_t entry)
{
	const struct demo_field *field;

	for (field = demo_fields(mode); field->name != NULL; field++) {
		unsigned width = field->high - field->low + 1;
		uint64_t value = entry >> field->low &
		    ((UINT64_C(2) << (width - 1)) - 1);
		bool unset = width == 1 && value == 0 &&
		    strncmp(field->meaning, "memory type", 11) != 0;
		char bits[16], hex[20];

		snprintf(bits, sizeof(bits), width == 1 ? "%u" : "%u:%u",
		    field->high, field->low);
		snprintf(hex, sizeof(hex), width < 4 ? "%" PRIu64 :
		    "%#" PRIx64, value);
		printf("      %6s  %-8s %-12s%s%s\n", bits, field->name, hex,
		    unset ? "not " : "", field->meaning);
	}
}

/* The tables that a walker goes through to va, and what it finds. */
static void
demo_print_walk(struct emu *e, uint64_t va)
{
	struct emu_level levels[EMU_MAX_LEVELS];
	unsigned count = emu_walk(e, va, levels);

	for (unsigned i = 0; i < count; i++) {
		printf("    level %u  entry at %#" PRIx64 " = %#" PRIx64 "%s\n",
		    levels[i].level, levels[i].entry_pa, levels[i].entry,
		    levels[i].level != 0 ? "" :
		    e->arch->is_valid(e, levels[i].entry) ?
		    "  the leaf" : "  the leaf: empty");
	}
}

/* An operand of SFENCE.VMA, where x0 is not a value but a wildcard. */
static void
demo_print_operand(const char *before, uint64_t value)
{
	if (value == EMU_X0) {
		printf("%sx0", before);
	} else {
		printf("%s%#" PRIx64, before, value);
	}
}

/* The instructions that act on the entry, the TLB or order, as they came. */
static void
demo_print_events(struct emu *e, const char *what, uint64_t pte_pa)
{
	printf("  %s executed %" PRIu64 " instructions, among them:\n", what,
	    e->insn_count);
	for (size_t i = 0; i < e->event_count; i++) {
		const struct emu_event *event = &e->events[i];

		if (strcmp(event->name, "store") != 0) {
			printf("    %s", event->name);
			if (strcmp(event->name, "sfence.vma") == 0) {
				demo_print_operand("  ", event->a);
				demo_print_operand(", ", event->b);
			} else if (event->a != 0) {
				demo_print_operand("  ", event->a);
			}
			printf("\n");
		} else if (event->a >= pte_pa &&
		    event->a < pte_pa + e->mode->entry_size) {
			printf("    store  %#" PRIx64 ", %u bits, at %#" PRIx64
			    ": the entry\n", event->b, 8 * event->size,
			    event->a);
		}
	}
}

/* One store through va by the guest, and what RAM then holds. */
static void
demo_write_through(struct emu *e, uint64_t va, uint64_t pa)
{
	uint64_t offset = 0x128;
	uint32_t before = 0xc0ffee01, after = 0x600dcafe;

	emu_write(e, pa + offset, 4, before);
	if (emu_load(e, va + offset, 4) != EMU_RETURNED ||
	    (uint32_t)e->result != before) {
		emu_die("%s: the page does not show", e->mode->name);
	}
	printf("  load  at va + %#" PRIx64 " gives %#" PRIx32
	    ", which RAM holds at pa + %#" PRIx64 "\n", offset, before, offset);
	if (emu_store(e, va + offset, 4, after) != EMU_RETURNED ||
	    (uint32_t)emu_read(e, pa + offset, 4) != after) {
		emu_die("%s: the store did not reach RAM", e->mode->name);
	}
	printf("  store at va + %#" PRIx64 " of %#" PRIx32
	    ": RAM holds it now\n", offset, after);
}

/* The fault that a load must take now. */
static void
demo_fault(struct emu *e, uint64_t va)
{
	if (emu_load(e, va, 4) != EMU_FAULTED || e->fault.va != va) {
		emu_die("%s: the page still shows after remove",
		    e->mode->name);
	}
	printf("  load  at va now faults: exception %" PRIu64 ", code %#" PRIx64
	    ", address %#" PRIx64 " (%s)\n", e->fault.vector, e->fault.code,
	    e->fault.va, e->fault.present ? "permission" : "no translation");
}

struct demo_row {
	uint64_t enter, remove;
	unsigned tlb_local, tlb_broadcast, barriers;
};

static struct demo_row
demo_mode(const struct emu_mode *mode)
{
	struct emu *e = counts_open(mode, "bench0", 1, 0);
	uint64_t pa = mode->high_base[0] != 0 ? emu_high_page(e, 0, 0) :
	    emu_page(e, 0);
	struct counts_pair pair = counts_pair(e, pa);
	struct counts sum = counts_sum(&pair.enter, &pair.remove);
	uint64_t pte_pa = emu_slot_pte(e, 1);
	struct emu_leaf leaf;
	uint64_t va;

	printf("\n%s: %u levels, %u KiB pages, %u-byte entries\n", mode->name,
	    mode->levels, 1u << (mode->page_shift - 10), mode->entry_size);
	emu_record(e, EMU_REC_STORES | EMU_REC_INSNS);
	va = emu_enter(e, pa, 0);
	emu_record_end(e);
	printf("  qpmap_enter(pa %#" PRIx64 ", write-back) = va %#" PRIx64
	    "\n", pa, va);
	demo_print_events(e, "enter", pte_pa);
	printf("  a walk to va:\n");
	demo_print_walk(e, va);
	if (!emu_leaf_at(e, va, &pte_pa, &leaf) || leaf.pa != pa) {
		emu_die("%s: the leaf is not pa's", mode->name);
	}
	printf("  the leaf, field by field (memory type: %s):\n", leaf.type);
	demo_print_entry(mode, emu_read(e, pte_pa, mode->entry_size));
	demo_write_through(e, va, pa);
	emu_record(e, EMU_REC_STORES | EMU_REC_INSNS);
	emu_remove(e, va);
	emu_record_end(e);
	printf("  qpmap_remove(va)\n");
	demo_print_events(e, "remove", pte_pa);
	printf("  a walk to va:\n");
	demo_print_walk(e, va);
	demo_fault(e, va);
	emu_close(e);
	return ((struct demo_row){ pair.enter.instructions,
	    pair.remove.instructions, sum.tlb_local, sum.tlb_broadcast,
	    sum.barriers });
}

static bool
demo_wanted(int argc, char **argv, const char *name)
{
	for (int i = 3; i < argc; i++) {
		if (strcmp(argv[i], name) == 0) {
			return (true);
		}
	}
	return (argc <= 3);
}

int
main(int argc, char **argv)
{
	struct demo_row *rows = calloc(emu_mode_count, sizeof(*rows));

	if (rows == NULL || argc < 3 || strcmp(argv[1], "--guests") != 0) {
		demo_die("usage: demo --guests DIR [MODE ...] "
		    "(see tools/demo)");
	}
	for (int i = 3; i < argc; i++) {
		if (emu_mode_find(argv[i]) == NULL) {
			demo_die("no such mode; tools/demo without "
			    "arguments shows all");
		}
	}
	emu_guest_dir = argv[2];
	emu_on_die = demo_die;
	for (unsigned i = 0; i < emu_mode_count; i++) {
		if (demo_wanted(argc, argv, emu_modes[i].name)) {
			rows[i] = demo_mode(&emu_modes[i]);
		}
	}
	printf("\nInstructions, from call to return, of a mapping without a "
	    "direct map:\n\n%-14s%8s%8s%8s%12s%16s%10s\n", "mode", "enter",
	    "remove", "pair", "TLB, local", "TLB, broadcast", "barriers");
	for (unsigned i = 0; i < emu_mode_count; i++) {
		if (rows[i].enter != 0) {
			printf("%-14s%8" PRIu64 "%8" PRIu64 "%8" PRIu64
			    "%12u%16u%10u\n", emu_modes[i].name, rows[i].enter,
			    rows[i].remove, rows[i].enter + rows[i].remove,
			    rows[i].tlb_local, rows[i].tlb_broadcast,
			    rows[i].barriers);
		}
	}
	free(rows);
	return (0);
}
