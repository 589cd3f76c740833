/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ranges: what was executed, held against tlb.md, exactly.
 */
#include "range.h"
#include "sequence.h"

/* Ranges that there can still be, and the next one's first page in the area. */
struct place {
	unsigned left;
	unsigned page;
};

static void
expect_claims(struct emu *e, unsigned left, uint64_t page)
{
	emu_expect(e, "store", emu_state_pa(e) + e->fact[FACT_CPU_CLAIMS],
	    range_claims(left, page), 4);
}

/* Each entry, and then what makes them all take effect. */
static void
expect_entries(struct emu *e, enum emu_step each, enum emu_step all,
    const struct emu_step_arg *arg)
{
	struct emu_step_arg one = *arg;

	for (uint64_t i = 0; i < arg->page_count; i++) {
		one.pte_pa = arg->pte_pa + i * e->mode->entry_size;
		one.bits = emu_read(e, one.pte_pa, e->mode->entry_size);
		e->arch->expect(e, each, &one);
	}
	e->arch->expect(e, all, arg);
}

/* Enter and remove: the state before the entries, and after them. */
static void
check_pair(struct emu *e, struct range *range, unsigned attr, unsigned flags,
    const struct place *place)
{
	struct emu_step_arg arg = {
	    .va = range_va(e, 0, place->page),
	    .pte_pa = range_pte(e, 0, place->page),
	    .page_count = range->count,
	    .special = flags != 0 || e->arch->type_slow(e, attr),
	    .flags = (unsigned)e->config[WIRE_FLAGS],
	};

	emu_record(e, SEQUENCE);
	range_enter(e, range, attr);
	sequence_drop_noise(e);
	CHECK_EQUAL(range->va, arg.va, "address");
	emu_expect(e, "pin", 0, 0, 0);
	expect_claims(e, place->left - 1, place->page + range->count + 1);
	emu_expect(e, "store", emu_state_pa(e) + e->fact[FACT_CPU_BEFORE] +
	    (place->left - 1) * 4, range_claims(place->left, place->page) |
	    (arg.special ? RANGE_CLAIMS_SLOW : 0), 4);
	expect_entries(e, EMU_MAP, EMU_POST_MAP_RANGE, &arg);
	sequence_check(e, "enter");
	emu_record(e, SEQUENCE);
	range_remove(e, range);
	sequence_drop_noise(e);
	emu_expect(e, "cpu", 0, 0, 0);
	if (arg.special) {
		emu_expect(e, "cpu", 0, 0, 0);
	}
	e->arch->expect(e, EMU_PRE_UNMAP, &arg);
	expect_entries(e, EMU_CLEAR, EMU_POST_UNMAP_RANGE, &arg);
	expect_claims(e, place->left, place->page);
	emu_expect(e, "unpin", 0, 0, 0);
	emu_record_end(e);
	sequence_check(e, "remove");
}

/* One alone, and one beside others; of pages that are, or are not, in order. */
static void
check_pairs(struct emu *e, unsigned attr, unsigned flags)
{
	static const unsigned counts[] = {
		1, 2, 3, 4, 16, 31, 32, 33, 63, 64, 65, 66, 127, 128, 440 };
	struct place place = { RANGE_DEPTH, 1 };
	static struct range range, held;

	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < sizeof(counts) / sizeof(counts[0]);
		    i++) {
			bool ro = (i + round) % 2 != 0;

			if (counts[i] > range_room(e)) {
				continue;
			}
			range_pages(e, &range, 10, counts[i], ro);
			check_pair(e, &range, attr, flags, &place);
			range_list(e, &range, 10, counts[i], !ro);
			check_pair(e, &range, attr, flags, &place);
		}
		range_pages(e, &held, 700, 7, false);
		range_enter(e, &held, attr);
		place = (struct place){ RANGE_DEPTH - 1, 9 };
	}
}

static void
sequence_attr(const struct contract_case *c)
{
	check_pairs(contract_ready(c, "range"), c->type, 0);
}

/* The flags that make every kind special, and CPUs that have more. */
static void
feature(const struct contract_case *c)
{
	const struct emu_feature *feature = c->arg;
	struct emu *e = contract_open(c, "range", c->boot_flags);

	e->config[WIRE_FLAGS] |= feature->flag;
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_OK, "qpmap_cpu_online");
	check_pairs(e, c->type, feature->flag &
	    ~(unsigned)QPMAP_F_NO_TLBI_RANGE);
}

void
contract_range_sequence_cases(const struct emu_mode *mode)
{
	static const struct emu_feature none = { "none", 0 };
	static const struct emu_feature no_range = {
		"NO_TLBI_RANGE", QPMAP_F_NO_TLBI_RANGE };
	const unsigned boot = mode->arch->shootdown_boot_flag;
	const struct contract_type *type = contract_types(mode);

	contract_add_types(mode, sequence_attr, "B17/sequence");
	for (; type->layout != NULL; type++) {
		const struct emu_feature *f = mode->arch->features;
		struct contract_case extra = { .layout = type->layout,
		    .type = type->type };
		const char *word = contract_type_word(type->type);

		for (; f->name != NULL; f++) {
			extra.arg = f;
			extra.boot_flags = 0;
			contract_add(mode, feature, &extra,
			    "B17/%s/sequence/attr=%s", f->name, word);
			extra.boot_flags = boot;
			if (boot != 0) {
				contract_add(mode, feature, &extra,
				    "B17/%s/sequence/cpu=other/attr=%s",
				    f->name, word);
			}
		}
		extra.boot_flags = boot;
		for (unsigned i = 0; boot != 0 && i < 2; i++) {
			extra.arg = i == 0 ? &none : &no_range;
			if (i == 0 || mode->arch->broadcasts) {
				contract_add(mode, feature, &extra,
				    "B17/%s/sequence/cpu=other/attr=%s",
				    i == 0 ? none.name : no_range.name, word);
			}
		}
	}
}
