/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the contract tests share.
 *
 * A *case* is one test in one mode: a function, and what it varies.  Its name
 * is <mode>/<clause>/<what>, and names re-run it: emu-contract NAME.
 */
#ifndef EMU_CONTRACT_H
#define EMU_CONTRACT_H

#include <qpmap/panic.h>
#include <qpmap/qpmap.h>

#include "emu.h"

struct contract_case {
	char name[96];
	void (*run)(const struct contract_case *c);
	const struct emu_mode *mode;
	const struct emu_layout *layout;	/* of the memory types */
	unsigned type;				/* QPMAP_ATTR_WRITE_BACK, ... */
	unsigned number;			/* whatever else varies */
	unsigned boot_flags;			/* of the machine */
	const char *variant;			/* of the guest; NULL: std */
	const void *arg;
};

/* A memory type that a mode has, and a layout that has it. */
struct contract_type {
	unsigned type;
	const struct emu_layout *layout;
};

/*
 * While the list is made: one case.  extra, if not NULL, gives layout, type,
 * number and arg.
 */
void contract_add(const struct emu_mode *mode,
    void (*run)(const struct contract_case *c),
    const struct contract_case *extra, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The same case for every memory type of the mode: .../attr=write-back. */
void contract_add_types(const struct emu_mode *mode,
    void (*run)(const struct contract_case *c), const char *what);
/* And for both guests with inline hooks: .../hooks=inline/... */
void contract_add_inline(const struct emu_mode *mode,
    void (*run)(const struct contract_case *c), const char *what);
/* All types of a mode; ends with layout NULL. */
const struct contract_type *contract_types(const struct emu_mode *mode);
const char *contract_type_word(unsigned type);

/* Each file's cases. */
void contract_map_cases(const struct emu_mode *mode);
void contract_rules_cases(const struct emu_mode *mode);
void contract_init_cases(const struct emu_mode *mode);
void contract_tables_cases(const struct emu_mode *mode);
void contract_pages_cases(const struct emu_mode *mode);
void contract_try_cases(const struct emu_mode *mode);
void contract_direct_cases(const struct emu_mode *mode);
void contract_cpu_cases(const struct emu_mode *mode);
void contract_sequence_cases(const struct emu_mode *mode);
void contract_hostile_cases(const struct emu_mode *mode);
void contract_large_cases(const struct emu_mode *mode);
void contract_shootdown_cases(const struct emu_mode *mode);
void contract_global_cases(const struct emu_mode *mode);
void contract_smp_interrupt_cases(const struct emu_mode *mode);
void contract_smp_sequence_cases(const struct emu_mode *mode);
void contract_pcids_cases(const struct emu_mode *mode);
void contract_range_cases(const struct emu_mode *mode);
void contract_range_interrupt_cases(const struct emu_mode *mode);
void contract_range_sequence_cases(const struct emu_mode *mode);
void contract_switch_cases(const struct emu_mode *mode);
void contract_hosts_cases(const struct emu_mode *mode);
void contract_i386_cases(const struct emu_mode *mode);
void contract_arm64_cases(const struct emu_mode *mode);
void contract_riscv64_cases(const struct emu_mode *mode);

/* Ends the case: says what went wrong, and how to run it alone. */
_Noreturn void contract_fail(const char *file, int line, const char *format,
    ...) __attribute__((format(printf, 3, 4)));

#define CHECK(condition, ...)						\
	do {								\
		if (!(condition)) {					\
			contract_fail(__FILE__, __LINE__, __VA_ARGS__);	\
		}							\
	} while (0)

#define CHECK_EQUAL(a, b, what)						\
	do {								\
		uint64_t check_a = (uint64_t)(a);			\
		uint64_t check_b = (uint64_t)(b);			\
									\
		if (check_a != check_b) {				\
			contract_fail(__FILE__, __LINE__,		\
			    "%s: 0x%llx, not 0x%llx", what,		\
			    (unsigned long long)check_a,		\
			    (unsigned long long)check_b);		\
		}							\
	} while (0)

/*
 * Machines; closed at the end of the case.  begin: booted with the case's
 * layout, configured for all types that the layout has, not initialised.
 * ready: initialised, CPU 0 online.  variant "std" is the case's own, if it has
 * one.
 */
struct emu *contract_open(const struct contract_case *c, const char *variant,
    unsigned boot_flags);
struct emu *contract_begin(const struct contract_case *c, const char *variant);
struct emu *contract_ready(const struct contract_case *c, const char *variant);
/* Close it before the end, to begin another. */
void contract_close(void);
/* Types that the current layout has, as in qpmap_config.types. */
unsigned contract_type_mask(struct emu *e);

/* The guest's access must end like this. */
void check_load(struct emu *e, uint64_t va, unsigned size, uint64_t value);
void check_store(struct emu *e, uint64_t va, unsigned size, uint64_t value);
void check_faults(struct emu *e, uint64_t va, enum emu_access access,
    bool present);
/* No access at va is possible: nothing is mapped there. */
void check_nothing(struct emu *e, uint64_t va);
/* The last call panicked with this text and these numbers. */
void check_panic(struct emu *e, const char *text, uint64_t a, uint64_t b);
/* va is mapped to pa by a leaf as the contract wants it. */
void check_leaf(struct emu *e, uint64_t va, uint64_t pa, unsigned type,
    bool writable);
/* The whole window is empty; with QPMAP_F_MARK_GUARDS but for the mark. */
void check_window_empty(struct emu *e);
/* Nothing is held, pinned, or was asked unpinned; the window is empty. */
void check_idle(struct emu *e);

/* A value that only this page has, at its start, written by the harness. */
uint64_t contract_tag(struct emu *e, uint64_t pa);

#endif /* EMU_CONTRACT_H */
