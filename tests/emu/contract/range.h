/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ranges in the contract tests: guests with QPMAP_RANGE_PAGES.
 */
#ifndef EMU_CONTRACT_RANGE_H
#define EMU_CONTRACT_RANGE_H

#include "contract.h"

#define RANGE_WORD	4	/* bytes that every machine loads at once */
#define RANGE_DEPTH	8	/* QPMAP_RANGE_DEPTH */
#define RANGE_MOST	510	/* pages, in the guest "range" */

/* The pages of a range, and how they are given to enter. */
struct range {
	uint64_t page[RANGE_MOST];
	unsigned count;
	bool list;
	bool ro;
	uint64_t va;			/* what enter returned */
};

/*
 * Contiguous test pages from number first on; or a list of them, in no order,
 * some of them twice.  Each has a tag of its own.
 */
void range_pages(struct emu *e, struct range *range, unsigned first,
    unsigned count, bool ro);
void range_list(struct emu *e, struct range *range, unsigned first,
    unsigned count, bool ro);

/*
 * A call to enter them: its function's name, the kinds and the values of its
 * arguments.  A list is in the guest's guest_list[slot].
 */
struct range_call {
	const char *name;
	const char *kinds;
	uint64_t values[3];
};
struct range_call range_call(struct emu *e, const struct range *range,
    unsigned attr, unsigned slot);

/* Enter, which must succeed; what would be returned without room. */
void range_enter(struct emu *e, struct range *range, unsigned attr);
void range_remove(struct emu *e, const struct range *range);
uint64_t range_room(struct emu *e);

/*
 * Every page is there, as the contract wants it, and unmapped pages are on both
 * sides; the same by loads alone; or each access to them faults.
 */
void range_check(struct emu *e, const struct range *range, unsigned attr);
void range_check_tags(struct emu *e, const struct range *range);
void range_check_gone(struct emu *e, const struct range *range);

/* A page of a CPU's area: its address, and its entry's. */
uint64_t range_va(struct emu *e, unsigned cpu, unsigned page);
uint64_t range_pte(struct emu *e, unsigned cpu, unsigned page);

/*
 * The claims, if the next range begins at a page of the area, and so many can
 * be entered; and the bit beside them of a range on the slow path.
 */
#define RANGE_CLAIMS_SLOW UINT64_C(0x80000000)
uint64_t range_claims(unsigned left, uint64_t page);

/* Nothing is held, and this CPU's area is empty. */
void range_check_idle(struct emu *e, unsigned cpu);

/* A case for every memory type, in guests with ranges. */
void range_add_types(const struct emu_mode *mode,
    void (*run)(const struct contract_case *c), const char *what);

#endif /* EMU_CONTRACT_RANGE_H */
