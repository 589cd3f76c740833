/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The emulated machine: the cross-compiled library in Unicorn, MMU on.
 *
 * A *guest* (tests/emu/guest/) is linked with the library's own objects.  The
 * harness loads it into RAM, builds the page tables itself, lets the guest's
 * boot code turn paging on, and then calls guest and library functions one by
 * one.  Every test's logic and judgement is out here.
 *
 * RAM is host memory shared by all CPUs of a machine; each CPU is an engine
 * of its own, with its own TLB.  The harness reads and writes RAM directly
 * (emu_ram()), never through an engine's MMU: that would fill its TLB.
 *
 * Where things are.  Low RAM holds the guest's image at ram_base, then what
 * emu_page_alloc() hands out: page tables and pages for tests.  It is mapped
 * at VA = PA, kernel only, by leaves of the smallest size.  Apart from it are
 * *test pages*, which no page table maps until the library does: thousands
 * from pages_base up, and a few at each of high_base[].
 */
#ifndef EMU_H
#define EMU_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unicorn/unicorn.h>

#include "wire.h"

struct emu;

/*
 * An MMU mode.  emu_modes[] is the table of all.
 */
#define EMU_MAX_LEVELS 5
#define EMU_HIGH_COUNT 4
struct emu_mode {
	const char *name;		/* "arm64-64k" */
	const char *target;		/* of the cross build: "arm64-64k" */
	const struct emu_arch *arch;
	unsigned levels;		/* tables from root to leaf */
	unsigned page_shift;
	unsigned table_shift;		/* log2 of entries in a table */
	unsigned va_bits;		/* bits of an address that are walked */
	unsigned entry_size;		/* bytes */
	unsigned pa_bits;		/* of the emulated CPU */
	bool has_nx;
	uint64_t ram_base;		/* low RAM: identity-mapped */
	uint64_t ram_size;
	uint64_t pages_base;		/* test pages */
	uint64_t pages_count;
	uint64_t high_base[EMU_HIGH_COUNT]; /* above 4 GiB, 0: no more */
	uint64_t kernel_va;		/* lowest kernel address, 0: no limit */
	uint64_t window_va;		/* of window 0, as tests use it */
	uint64_t global_va;		/* of the first global slots */
	uint64_t range_va;		/* of the first range area */
	uint64_t large_va;		/* of the first large window */
	uint64_t direct_va;		/* of a direct map */
	uint64_t scratch_va;		/* anything else a test maps */
};
#define EMU_HIGH_PAGES 16		/* test pages at each high_base */

extern const struct emu_mode emu_modes[];
extern const unsigned emu_mode_count;
const struct emu_mode *emu_mode_find(const char *name);

/*
 * What the machine did.
 */

/* How a call ended. */
enum emu_status {
	EMU_RETURNED,		/* to the stop address, and PC is there */
	EMU_FAULTED,		/* struct emu_fault says how */
	EMU_PANICKED,		/* struct emu_panic says how */
	EMU_PAUSED		/* broken off where emu_call_until() was told */
};

enum emu_access { EMU_READ, EMU_WRITE, EMU_FETCH };

/* A page fault, in words that all architectures share. */
struct emu_fault {
	enum emu_access access;
	bool present;		/* a permission fault; else no translation */
	bool user;		/* taken in user mode: never expected */
	bool other;		/* no page fault at all: vector says which */
	uint64_t va;		/* the address that faulted */
	uint64_t pc;		/* of the instruction */
	uint64_t vector;	/* as UC_HOOK_INTR gave it */
	uint64_t code;		/* error code, ESR, or cause: raw */
};

struct emu_panic {
	char text[96];
	uint64_t a;
	uint64_t b;
};

/*
 * One thing that the guest did, while recording.
 *
 * name says what; a and b are its operands.
 *
 *	"store"	size bytes of value b to physical address a
 *	"load"	size bytes from physical address a
 *	"pin", "unpin", "cpu"		the host's hook was entered
 *	"ipi"	the same; a = the window whose CPU is to be interrupted
 *
 * and, from the architecture's decode(), each instruction that acts on TLB,
 * caches, order, or control registers, by its mnemonic as a programmer writes
 * it, without its register operands: "invlpg" (a = address), "mov cr3" (a =
 * value), "mov cr4", "sfence", "tlbi vaale1is" (a = operand register's
 * value), "dsb ish", "dmb ishst", "isb", "dc cvac" (a), "fence rw,rw",
 * "fence.i", "sfence.vma" (a = value of rs1, or EMU_X0 if it is x0; b = the
 * same for rs2), "ecall" (a = extension, b = function), after it "ecall harts"
 * (a = mask, b = base) and "ecall range" (a = start, b = size).  Two that
 * differ in anything that matters have different names or operands.
 *
 * Atomic accesses, before their loads and stores: "lock" on x86; on riscv64
 * "lr", "sc" and "amo", with ".aq", ".rl" or ".aqrl".
 */
#define EMU_X0 UINT64_C(0xffffffffffffffff)	/* no such operand */
struct emu_event {
	const char *name;
	uint64_t a;
	uint64_t b;
	unsigned size;		/* of a store or load, else 0 */
	uint64_t pc;		/* of the instruction; not compared */
	unsigned cpu;		/* that executed it; not compared */
};

/* What emu_record() asks for. */
#define EMU_REC_STORES	1u
#define EMU_REC_LOADS	2u
#define EMU_REC_INSNS	4u	/* maintenance instructions, hooks */
#define EMU_REC_PATH	8u	/* emu.path: every PC executed */

#define EMU_EVENTS 262144
#define EMU_PATH 8192

/*
 * An entry as the hardware reads it, decoded by the harness: by the
 * architecture's manual and the live PAT, MAIR or PBMT, independent of src/.
 */
struct emu_leaf {
	bool valid;
	uint64_t pa;
	const char *type;	/* "WB", "WT", "WC", "UC", "UC-"; "?" else */
	bool writable;		/* by the kernel */
	bool executable;	/* by the kernel, or by the user */
	bool user;		/* reachable from user mode */
	bool global;
	bool accessed;		/* A or AF preset */
	bool dirty;		/* D preset; true where there is no such bit */
	uint64_t rest;		/* bits set that none of the above explains */
};

/* One level of a walk, from the root down. */
struct emu_level {
	unsigned level;		/* 0: a leaf table */
	uint64_t entry_pa;	/* where the entry is */
	uint64_t entry;		/* what it is */
};

/*
 * A CPU's registers at boot, where a test wants them otherwise.
 */
#define EMU_BOOT_NO_NX	1u	/* x86: EFER.NXE clear */
#define EMU_BOOT_NO_WP	2u	/* x86: CR0.WP clear */
#define EMU_BOOT_ARCH	(1u << 8)	/* and up: the driver's own */

/* What sequence an event of src/arch/arch.h is made of. */
enum emu_step {
	EMU_MAP,		/* the entry's stores: pte_pa, bits */
	EMU_CLEAR,		/* the same, of zero: pte_pa, bits = old */
	EMU_POST_MAP,		/* tlb_post_map, _slow */
	EMU_PRE_UNMAP,		/* tlb_emptying, _slow */
	EMU_POST_UNMAP,		/* tlb_post_unmap, _slow */
	EMU_ONLINE,		/* tlb_online: flags */
	EMU_LINKING,		/* tlb_linking: table_va */
	EMU_LINKED,		/* tlb_linked: pte_pa (VA = PA) */
	EMU_LINKED_ROOT,	/* the same, of a link in the root */
	EMU_CLEARED,		/* tlb_cleared: pte_pa */
	EMU_FLUSH_RANGE,		/* tlb_flush_range: va, page_count */
	EMU_SENDING,		/* tlb_sending */
	EMU_POST_MAP_RANGE,	/* tlb_post_map_range, _slow: va, page_count */
	EMU_POST_UNMAP_RANGE	/* tlb_post_unmap_range, _slow */
};

struct emu_step_arg {
	uint64_t va;		/* of the slot */
	uint64_t pte_pa;	/* where its entry is (VA = PA) */
	uint64_t bits;		/* the entry */
	uint64_t table_va;	/* of the table about to be linked */
	uint64_t page_count;	/* from va on */
	unsigned step;		/* every which page; 0: each */
	bool special;		/* type or flags make the kind special */
	unsigned flags;		/* QPMAP_*, of the configuration */
};

/* A refusal of qpmap_init() that only this architecture can show. */
struct emu_refusal {
	const char *what;	/* "WP", for the test's name */
	int error;		/* QPMAP_ERR_WP */
	const char *only;	/* only in modes with this prefix, or NULL */
	unsigned boot_flags;	/* the CPU is booted with these */
	/* Changes the machine and config[WIRE_CONFIG_COUNT]; may be NULL. */
	void (*prepare)(struct emu *e, uint64_t *config);
};

/* A feature flag or erratum of the architecture, for the sequence tests. */
struct emu_feature {
	const char *name;	/* "ERRATUM_INVLPG" */
	unsigned flag;		/* QPMAP_F_ERRATUM_INVLPG */
};

/* A memory-type layout that qpmap_config.layout can name. */
struct emu_layout {
	const char *name;	/* "linux" */
	uint64_t value;		/* QPMAP_PAT_LINUX; goes to emu.layout */
};

/*
 * An architecture's driver: tests/emu/harness/arch_<arch>.c.
 *
 * All functions act on the current CPU (e->uc), except where they only do
 * arithmetic.  levels count from 0, a table of leaves.
 */
struct emu_arch {
	const char *name;
	uc_arch uc_arch;
	uc_mode uc_mode;
	int pc_reg;		/* UC_..._REG_PC */

	/* uc_open() was done: CPU model, TLB mode, page size. */
	void (*opened)(struct emu *e);

	/*
	 * Turn paging on: fill boot arguments and registers and run the
	 * guest's boot code.  e->root[] are the tables; e->boot_flags,
	 * e->layout and e->percpu (this CPU's struct guest_percpu, for GS,
	 * TPIDR_EL1 or tp) say how.  Ends with emu_run() to guest_stop.
	 */
	void (*boot)(struct emu *e);

	/* Which root translates va: 0, or 1 (arm64, upper half). */
	unsigned (*root)(const struct emu *e, uint64_t va);

	/* Entries, as the harness makes and reads them. */
	uint64_t (*make_leaf)(const struct emu *e, uint64_t pa, bool exec);
	uint64_t (*make_large)(const struct emu *e, uint64_t pa,
	    unsigned level);	/* 0 where that level has none */
	uint64_t (*make_table)(const struct emu *e, uint64_t pa,
	    unsigned level);	/* an entry at that level, 1 and up */
	bool (*is_valid)(const struct emu *e, uint64_t entry);
	bool (*is_table)(const struct emu *e, uint64_t entry, unsigned level);
	uint64_t (*entry_pa)(const struct emu *e, uint64_t entry);
	void (*decode_leaf)(const struct emu *e, uint64_t entry,
	    struct emu_leaf *leaf);

	/*
	 * Registers and stack for a call, by the C ABI: function, arguments
	 * (kinds as in emu_call()), return address, stack pointer.
	 */
	void (*call)(struct emu *e, uint64_t function, const char *kinds,
	    const uint64_t *values, uint64_t return_to, uint64_t stack);
	uint64_t (*result)(struct emu *e);	/* register-wide */
	/* At a function's first instruction: its first argument. */
	uint64_t (*argument)(struct emu *e);

	/*
	 * An exception came: fill e->fault from registers and blob, and make
	 * the engine fit for the next one.  Called after the run ended.
	 */
	void (*fault)(struct emu *e, uint32_t vector);

	/*
	 * The instruction at pc is about to be executed, and EMU_REC_INSNS is
	 * on: if it is one that struct emu_event speaks of, emu_event() it.
	 */
	void (*decode)(struct emu *e, uint64_t pc, const uint8_t *bytes,
	    size_t size);

	/*
	 * An exception came that a call goes on after: the driver has done
	 * what was asked for, and the engine is fit to run.  May be NULL.
	 */
	bool (*trap)(struct emu *e, uint32_t vector);

	/*
	 * The instruction at pc is about to be executed: if it is one that the
	 * machine has and the engine lacks, do it, move PC on, and say so.
	 * May be NULL.
	 */
	bool (*lacks)(struct emu *e, uint64_t pc, const uint8_t *bytes,
	    size_t size);

	/* Whether it is an instruction that repeats itself.  May be NULL. */
	bool (*repeats)(const uint8_t *bytes);

	/* Append what step must do, by tlb.md, with emu_expect(). */
	void (*expect)(struct emu *e, enum emu_step step,
	    const struct emu_step_arg *arg);

	/* Bytes of a function that returns at once, for guest_fetch(). */
	const uint8_t *ret_bytes;
	size_t ret_size;

	/* UC_..._REG_... of struct qpmap_fault, in its order. */
	int fault_reg[3];

	/* The instruction of a loop that waits: PAUSE, YIELD. */
	const uint8_t *spin_bytes;
	size_t spin_size;

	/*
	 * "WB" etc. for each memory type of qpmap/types.h that the machine has
	 * with this layout, NULL for one that qpmap_init() must refuse.
	 */
	const char *(*type_name)(const struct emu *e, unsigned type);
	/* Whether the type needs a drain before its entry is cleared. */
	bool (*type_slow)(const struct emu *e, unsigned type);
	/* D is clear in read-only entries: else they mean something else. */
	bool clean_if_ro;
	/* The library's entries are global, but with QPMAP_F_SET_NG. */
	bool global_leaf;
	/* Flags with which a removal acts on one CPU; 0: it always does. */
	unsigned local_flags;
	/* Flags that the types need, riscv64: QPMAP_F_SVPBMT. */
	unsigned type_flags;
	/*
	 * Boot flag with which the CPU has what changes shootdowns: PCIDs in
	 * use, TLBI by range; 0 if there is none.
	 */
	unsigned shootdown_boot_flag;
	/* A shootdown reaches all CPUs by hardware: no interrupts. */
	bool broadcasts;
	/* For a shootdown: features as above; ends with name NULL. */
	const struct emu_feature *shootdown_features;
	/* Pages from which on a shootdown invalidates everything. */
	unsigned shootdown_limit;
	/* Bits that Unicorn takes for address and are not, riscv64: PBMT. */
	uint64_t pa_ignored;
	/* What QPMAP_F_MARK_GUARDS leaves in a guard's entry. */
	uint64_t mark;
	bool lower_half;	/* the kernel may be in either half */
	bool no_sharing;	/* entries do not say private or shared */

	const struct emu_layout *layouts;	/* ends with name NULL */
	const struct emu_refusal *refusals;	/* ends with what NULL */
	const struct emu_feature *features;	/* ends with name NULL */
	/* Boot flags that make a CPU differ from the first; may be NULL. */
	const struct emu_feature *differs;
	/*
	 * A configuration whose filling also invalidates, so that a translation
	 * planted in the TLB is gone after an enter; NULL if there is none.
	 */
	const struct emu_feature *poison;
};

extern const struct emu_arch emu_amd64, emu_i386, emu_i386_pae, emu_arm64,
    emu_riscv64;

/*
 * A machine.  Members are for drivers and tests to read; those marked w may
 * be written.
 */
#define EMU_CPUS WIRE_CPU_COUNT
struct emu {
	const struct emu_mode *mode;
	const struct emu_arch *arch;
	const char *variant;
	uc_engine *uc;			/* of the current CPU */
	unsigned cpu;			/* its number */
	unsigned thread;		/* whose calls: emu_thread(), or cpu */
	uint64_t percpu;		/* its struct guest_percpu */
	uint64_t root[2];		/* physical addresses */
	unsigned boot_flags;		/* w: EMU_BOOT_*, before emu_boot() */
	uint64_t layout;		/* w: PAT or MAIR, before emu_boot() */
	uint64_t fact[FACT_COUNT];
	uint64_t config[WIRE_CONFIG_COUNT]; /* w: for emu_init() */
	uint64_t svpbmt;		/* riscv64: 1 with QPMAP_F_SVPBMT */
	uint64_t range_leaf;		/* w: emu_ptes()'s range */

	/* How the last call ended. */
	enum emu_status status;
	uint64_t result;
	struct emu_fault fault;
	struct emu_panic panic;
	uint64_t insn_count;		/* instructions it executed */
	/* Of them: a repeated string instruction's turns after its first. */
	uint64_t repeat_count;

	/* While recording. */
	unsigned recording;
	struct emu_event *events;
	size_t event_count;
	struct emu_event *expected;
	size_t expected_count;
	uint64_t *path;
	size_t path_count;

	/* w: what emu_enter() and emu_remove() call, if not the library's. */
	const char *enter_function;
	const char *remove_function;

	/* w: called before each instruction of a call, if not NULL. */
	void (*on_insn)(struct emu *e, uint64_t pc);
	void *on_insn_arg;
	/* w: called at each guest store, if not NULL: physical address. */
	void (*on_store)(struct emu *e, uint64_t pa, unsigned size,
	    uint64_t value);
	void (*on_load)(struct emu *e, uint64_t pa);	/* w: the same */

	/*
	 * w: asked before each instruction of a call, if not NULL, but for the
	 * first that a call or a resumption begins with: true breaks it off.
	 */
	bool (*pause_before)(struct emu *e, uint64_t pc);

	/*
	 * Interprocessor interrupts sent to each window, w; nothing is
	 * delivered but by a test that calls qpmap_shootdown_ipi().  on_ipi is
	 * called for each, if not NULL, w.
	 */
	unsigned ipi_count[WIRE_CPU_SYNC_COUNT];
	void (*on_ipi)(struct emu *e, unsigned window);

	/*
	 * riscv64, the SBI's RFENCE: the hart number of each CPU, w; the error
	 * that a call returns, w, having done nothing; and calls so far, w.
	 */
	uint64_t hart[EMU_CPUS];
	int64_t sbi_error;
	unsigned sbi_count;

	void *arch_data[EMU_CPUS];	/* w: the driver's own, malloc()ed */
	struct emu_machine *machine;	/* emu.c's own */
};

/*
 * Something that no test expects: prints text, and ends the test (or the
 * program) through emu_on_die, which must not return.
 */
extern void (*emu_on_die)(const char *text);
_Noreturn void emu_die(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* The directory of guests: DIR/<target>/guest-<variant>.elf. */
extern const char *emu_guest_dir;

/*
 * Open a machine: RAM, guest image, page tables (low RAM at VA = PA), CPU 0's
 * engine; not booted.  variant is one of tests/emu/guest/CMakeLists.txt.
 */
struct emu *emu_open(const struct emu_mode *mode, const char *variant);
void emu_close(struct emu *e);

/*
 * Open CPU cpu's engine, if need be, and make it the current one.  Calls may
 * be broken off on each CPU: emu_resume() is the current one's.
 */
void emu_cpu(struct emu *e, unsigned cpu);
/*
 * Further calls on the current CPU are another thread's, by the number of a CPU
 * that is not opened: it has that CPU's stack, and calls broken off of its own.
 */
void emu_thread(struct emu *e, unsigned thread);
/* Turn paging on, on the current CPU. */
void emu_boot(struct emu *e);
/*
 * The usual beginning: open, boot CPU 0, and set config to one window area
 * at mode->window_va with count windows, full nesting, BUILD_TABLES and
 * SINGLE_ROOT, NO_NX where there is no NX, and a full pool of table pages;
 * with QPMAP_SHOOTDOWN, also to its memory in the guest, and EMU_GROUPS groups
 * of global slots at mode->global_va; with QPMAP_RANGE_PAGES, to range areas at
 * mode->range_va.
 */
#define EMU_GROUPS 2
/* With QPMAP_LARGE_SLOTS, also to large windows at mode->large_va. */
struct emu *emu_begin(const struct emu_mode *mode, const char *variant);
/* The same with another layout and boot flags. */
struct emu *emu_prepare(const struct emu_mode *mode, const char *variant,
    uint64_t layout, unsigned boot_flags);

/* Address of a symbol of the guest; dies if there is none. */
uint64_t emu_symbol(struct emu *e, const char *name);
bool emu_has_symbol(struct emu *e, const char *name);
uint64_t emu_symbol_size(struct emu *e, const char *name);
/* The function or object that covers an address, "" if there is none. */
const char *emu_symbol_at(struct emu *e, uint64_t address);

/* RAM at a physical address, for size bytes; dies if there is none. */
void *emu_ram(struct emu *e, uint64_t pa, size_t size);
uint64_t emu_read(struct emu *e, uint64_t pa, unsigned size);
void emu_write(struct emu *e, uint64_t pa, unsigned size, uint64_t value);
/* A variable of the guest's, VA = PA: element i of 64-bit numbers. */
uint64_t emu_get64(struct emu *e, const char *name, unsigned i);
void emu_set64(struct emu *e, const char *name, unsigned i, uint64_t value);

/* A page of low RAM (mapped VA = PA), zeroed, never given back. */
uint64_t emu_page_alloc(struct emu *e);
/* Test page number i, not mapped; and page i at mode->high_base[high]. */
uint64_t emu_page(struct emu *e, unsigned i);
uint64_t emu_high_page(struct emu *e, unsigned high, unsigned i);

/* Build the path to va and write its leaf, in root arch->root(va). */
void emu_map(struct emu *e, uint64_t va, uint64_t pa, bool exec);
/* Every CPU invalidates every translation: the kernel has shot them down. */
void emu_flush(struct emu *e);
/*
 * The harness's own walk: fills levels from the root down to the leaf, or to
 * the first entry that is no table; returns how many.
 */
unsigned emu_walk(struct emu *e, uint64_t va,
    struct emu_level levels[EMU_MAX_LEVELS]);
/* The leaf that maps va: false if a table is missing. */
bool emu_leaf_at(struct emu *e, uint64_t va, uint64_t *entry_pa,
    struct emu_leaf *leaf);

/*
 * Call a function of the guest on the current CPU, and return how it ended;
 * e->result, fault or panic say more.  kinds has a letter for each argument:
 * 'w' register-wide, 'p' a qpmap_paddr_t.  Nothing but the function's own
 * code and what it calls is executed.
 */
enum emu_status emu_call(struct emu *e, uint64_t function, const char *kinds,
    const uint64_t *values);
/* The same by name, with uint64_t arguments: EMU_CALL(e, "f", "pw", pa, a). */
#define EMU_CALL(e, name, kinds, ...)					\
	emu_call((e), emu_symbol((e), (name)), (kinds),			\
	    (const uint64_t[]){ 0, ##__VA_ARGS__ } + 1)

/*
 * The same call, broken off before instruction number stop (0: before the
 * first): EMU_PAUSED, or the end if it came first.  Other calls may be made
 * then, on the nested stack, and emu_resume() goes on to the end.
 */
enum emu_status emu_call_until(struct emu *e, uint64_t function,
    const char *kinds, const uint64_t *values, uint64_t stop);
enum emu_status emu_resume(struct emu *e);
/* The same, to be broken off again before instruction number stop. */
enum emu_status emu_resume_until(struct emu *e, uint64_t stop);

/*
 * The call that has just faulted is broken off, before the instruction that
 * faulted.  Go on at pc, with register reg changed to value: as a handler that
 * returns there.
 */
void emu_fault_keep(struct emu *e);
enum emu_status emu_resume_at(struct emu *e, uint64_t pc, int reg,
    uint64_t value);

/*
 * For drivers: run from begin until end is reached, without touching any
 * register; dies if PC is not end afterwards.
 */
void emu_run(struct emu *e, uint64_t begin, uint64_t end);

/* What guest_global_enter() returns is an error, not an address. */
static inline bool
emu_is_error(uint64_t result)
{
	return (result < 256);
}

/* guest_init() with e->config: an enum qpmap_error. */
int emu_init(struct emu *e);
/* The current CPU's struct qpmap_cpu_ptes with that leaf; 0 for leaf 0. */
uint64_t emu_ptes(struct emu *e, uint64_t leaf);

/* qpmap_cpu_online() of the current CPU; leaf 0: the library finds it. */
int emu_online(struct emu *e, unsigned window, uint64_t leaf);
/* emu_begin(), emu_init() and emu_online(window 0), all successful. */
struct emu *emu_ready(const struct emu_mode *mode, const char *variant);

/* The public functions, by their ABI; they die unless the call returns. */
uint64_t emu_enter(struct emu *e, uint64_t pa, unsigned attr);
uint64_t emu_enter_ro(struct emu *e, uint64_t pa, unsigned attr);
void emu_remove(struct emu *e, uint64_t va);
/* The same calls; e->status says how they ended. */
void emu_enter_call(struct emu *e, uint64_t pa, unsigned attr);
void emu_remove_call(struct emu *e, uint64_t va);
unsigned emu_held(struct emu *e);

/* For pause_before: whether the instruction at pc waits for another CPU. */
bool emu_spins(struct emu *e, uint64_t pc);

/* The next CPU, opened, booted, and online with the window of its number. */
void emu_another(struct emu *e, unsigned cpu);
/* With QPMAP_SHOOTDOWN: the address of a new global mapping; dies if none. */
uint64_t emu_global_enter(struct emu *e, uint64_t pa, unsigned attr);
/* The shootdown's memory: a word of what FACT_GENERATION and the like say. */
uint64_t emu_shootdown_word(struct emu *e, unsigned fact);
uint64_t emu_sync_word(struct emu *e, unsigned window, unsigned fact);
uint64_t emu_group_word(struct emu *e, unsigned group, unsigned fact);

/* One access by the guest at va: status, and e->result or e->fault. */
enum emu_status emu_load(struct emu *e, uint64_t va, unsigned size);
enum emu_status emu_store(struct emu *e, uint64_t va, unsigned size,
    uint64_t value);
enum emu_status emu_fetch(struct emu *e, uint64_t va);

/* This CPU's preemption depth, and queries made while not pinned. */
uint64_t emu_depth(struct emu *e);
uint64_t emu_unpinned_queries(struct emu *e);
/* Physical addresses of this CPU's struct qpmap_cpu and of a slot's va. */
uint64_t emu_state_pa(struct emu *e);
/* The va and the slot's address of slot 1 to FACT_SLOTS. */
uint64_t emu_slot_va(struct emu *e, unsigned slot);
uint64_t emu_slot_pte(struct emu *e, unsigned slot);
/* The same for a window that is not online here. */
uint64_t emu_slot_va_of(struct emu *e, unsigned window, unsigned slot);
uint64_t emu_slot_pte_of(struct emu *e, unsigned window, unsigned slot);

/* Recording: what is EMU_REC_*; clears what was recorded. */
void emu_record(struct emu *e, unsigned what);
void emu_record_end(struct emu *e);
/* For drivers' decode(): one event. */
void emu_event(struct emu *e, const char *name, uint64_t a, uint64_t b);
/* For drivers' expect(): one event that must come next. */
void emu_expect(struct emu *e, const char *name, uint64_t a, uint64_t b,
    unsigned size);
/* One line of text about an event. */
void emu_event_text(const struct emu_event *event, char *text, size_t size);

/*
 * For drivers: where in uc_context_save()'s blob a 64-bit value is, or dies;
 * and reading and writing 32 or 64 bits there.
 */
size_t emu_blob_find(struct emu *e, uint64_t value);
uint64_t emu_blob_read(struct emu *e, size_t offset, unsigned size);
void emu_blob_write(struct emu *e, size_t offset, unsigned size,
    uint64_t value);

#endif /* EMU_H */
