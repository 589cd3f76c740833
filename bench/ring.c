/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The deferred discipline against the strict one, counted in the emulated
 * machine: a whole turn of the ring, since its last remove pays for all.
 *
 * Prints JSON, as the bench does: for each target and kind of CPU, a row for
 * each size of the ring; 0 is the strict discipline, a turn of one pair.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qpmap/qpmap.h>

#include "counts.h"

#define RING_COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	const char *variant;
	unsigned ring;
} ring_builds[] = {
	{ "smp-bench", 0 }, { "ring8-bench", 8 }, { "ring16-bench", 16 },
	{ "ring32-bench", 32 }, { "ring64-bench", 64 },
};

static void
ring_die(const char *text)
{
	fprintf(stderr, "bench-ring: %s\n", text);
	exit(2);
}

/* One CPU online; boot_flags are those of struct emu, flags QPMAP_*. */
static struct emu *
ring_open(const struct emu_mode *mode, const char *variant,
    unsigned boot_flags, unsigned flags)
{
	struct emu *e = emu_prepare(mode, variant,
	    mode->arch->layouts[0].value, boot_flags);

	e->config[WIRE_FLAGS] |= flags;
	if (emu_init(e) != 0 || emu_online(e, 0, 0) != 0) {
		emu_die("%s: %s is refused", mode->name, variant);
	}
	return (e);
}

/* The second turn must cost what the first did. */
static struct counts
ring_turn(struct emu *e, unsigned frames, uint64_t *worst)
{
	struct counts turn = { .instructions = 0 }, sum;
	struct counts_pair pair;

	*worst = 0;
	for (unsigned n = 0; n < frames; n++) {
		pair = counts_pair(e, emu_page(e, n));
		/* How many lines are written is no question here. */
		pair.enter.line_count = 0;
		pair.remove.line_count = 0;
		if (pair.remove.instructions > *worst) {
			*worst = pair.remove.instructions;
		}
		sum = counts_sum(&turn, &pair.enter);
		turn = counts_sum(&sum, &pair.remove);
	}
	return (turn);
}

static void
ring_print(const struct emu_mode *mode, unsigned build, unsigned boot_flags,
    unsigned flags)
{
	struct emu *e = ring_open(mode, ring_builds[build].variant,
	    boot_flags, flags);
	unsigned frames = ring_builds[build].ring == 0 ? 1 :
	    ring_builds[build].ring - (unsigned)e->fact[FACT_FRAMES] + 1;
	uint64_t worst, again;
	struct counts first = ring_turn(e, frames, &worst);
	struct counts turn = ring_turn(e, frames, &again);

	if (first.instructions != turn.instructions || worst != again) {
		emu_die("%s: two turns differ in cost", mode->name);
	}
	printf("   {\"ring\": %u, \"frames\": %u, \"instructions\": %" PRIu64
	    ", \"tlb_local\": %u, \"tlb_broadcast\": %u, \"barriers\": %u, "
	    "\"worst_remove\": %" PRIu64 "}%s\n", ring_builds[build].ring,
	    frames, turn.instructions, turn.tlb_local, turn.tlb_broadcast,
	    turn.barriers, worst,
	    build + 1 < RING_COUNT(ring_builds) ? "," : "");
	emu_close(e);
}

static void
ring_kind(const struct emu_mode *mode, const char *name, unsigned boot_flags,
    unsigned flags, bool first)
{
	printf("%s  \"%s%s\": [\n", first ? "" : ",\n", mode->target, name);
	for (unsigned i = 0; i < RING_COUNT(ring_builds); i++) {
		ring_print(mode, i, boot_flags, flags);
	}
	printf("  ]");
}

int
main(int argc, char **argv)
{
	if (argc != 3 || strcmp(argv[1], "--guests") != 0) {
		ring_die("usage: bench-ring --guests DIR (see tools/bench)");
	}
	emu_guest_dir = argv[2];
	emu_on_die = ring_die;
	printf("{\n");
	for (unsigned i = 0; i < emu_mode_count; i++) {
		const struct emu_mode *mode = &emu_modes[i];

		if (i != 0 && strcmp(mode->target, mode[-1].target) == 0) {
			continue;
		}
		ring_kind(mode, "", 0, 0, i == 0);
		if (mode->arch->shootdown_boot_flag != 0) {
			ring_kind(mode, mode->arch->broadcasts ? " ranges" :
			    " PCIDs", mode->arch->shootdown_boot_flag, 0,
			    false);
		}
		if (mode->arch == &emu_riscv64) {
			ring_kind(mode, " Svinval", 0, QPMAP_SVINVAL, false);
		}
	}
	printf("\n}\n");
	return (0);
}
