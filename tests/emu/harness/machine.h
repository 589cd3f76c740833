/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the harness's own files share: the inside of a machine.
 */
#ifndef EMU_MACHINE_H
#define EMU_MACHINE_H

#include "emu.h"

/* A piece of RAM: host memory, shared by all engines. */
struct emu_region {
	uint64_t base;
	uint64_t size;
	uint8_t *host;
};
#define EMU_REGIONS (2 + EMU_HIGH_COUNT)

struct emu_symbol {
	const char *name;
	uint64_t value;
	uint64_t size;
	struct emu_symbol *next;	/* in its chain */
};
#define EMU_SYMBOL_CHAINS 256

/*
 * A call that was broken off, to be resumed.  Its registers are in the engine
 * until another call needs that, and then in the context.
 */
struct emu_paused {
	uc_context *context;		/* NULL: in the engine */
	uint64_t pc;
	uint64_t until;
	uint64_t insn_count;
};
#define EMU_PAUSES 3

struct emu_machine {
	struct emu_region region[EMU_REGIONS];
	unsigned region_count;
	uint64_t page_next;		/* emu_page_alloc() */

	uint8_t *image;			/* the ELF file */
	size_t image_size;
	uint64_t image_end;		/* in RAM */
	struct emu_symbol *symbol;
	size_t symbol_count;
	struct emu_symbol *symbol_chain[EMU_SYMBOL_CHAINS];

	uc_engine *uc[EMU_CPUS];
	uint64_t pc_panicked, pc_stop;
	uint64_t stack;			/* of CPU 0: its lowest byte */
	uint64_t pc_pin, pc_cpu, pc_unpin;	/* 0: inline */
	uint64_t pc_ipi;			/* 0: there is none */

	bool booted[EMU_CPUS];
	bool excepted;
	uint32_t vector;
	bool panicked;
	bool running;
	uint64_t pc_before;		/* of the instruction before this */
	uint64_t pause_at;		/* EMU_X0: never */
	bool paused_now;
	bool begins;			/* with the next instruction */
	struct emu_paused paused[EMU_CPUS][EMU_PAUSES];
	unsigned paused_count[EMU_CPUS];
};

/* elf.c */
void emu_elf_load(struct emu *e, const char *path);

/* memory.c */
void *emu_zeros(size_t size);
void emu_regions_open(struct emu *e);
void emu_regions_close(struct emu *e);
void emu_tables_open(struct emu *e);

/* record.c */
void emu_record_insn(struct emu *e, uint64_t pc, uint32_t size);
void emu_record_access(struct emu *e, const char *name, uint64_t pa,
    unsigned size, uint64_t value);

#endif /* EMU_MACHINE_H */
