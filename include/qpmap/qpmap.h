/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * qpmap: fast, single-page, temporary mappings for a kernel.
 *
 * A physical page appears at a kernel virtual address set aside for this CPU,
 * and goes again.  pmap_quick_enter_page(9) and pmap_quick_remove_page(9) are
 * the model; <qpmap/pmap.h> has those two names.  Here are the functions
 * underneath, and what sets them up.
 *
 * Words: a slot is one page of kernel virtual address space set aside in
 * advance; a window is the slots of one CPU; a mapping is a slot with a
 * page in it; a slot is the page-table entry of a slot; the direct map is
 * the kernel's own permanent linear mapping of RAM, if it has one.
 *
 * Setting up, in this order:
 *
 *	qpmap_init()		once, on one CPU, before any comes online
 *	qpmap_cpu_online()	on each CPU, before its first enter
 *
 * Contract clauses (C1, B2, ...) are listed in docs/architecture.md.
 */
#ifndef QPMAP_QPMAP_H
#define QPMAP_QPMAP_H

#include "types.h"

QPMAP_BEGIN_DECLS

/* qpmap_config.flags. */

/*
 * The library finds the window's page-table entries itself: it walks the
 * tables that the CPU uses now, and adds those that are missing, in
 * qpmap_init().  Needs the qpmap_host_table_*() and qpmap_host_leaf_address()
 * hooks.  Without it each qpmap_cpu_online() is given its entries.
 */
#define QPMAP_F_BUILD_TABLES	0x0001u
/*
 * Only with QPMAP_F_BUILD_TABLES: there is one root table, the one in use; any
 * other under which a CPU will be online is made from it after qpmap_init().
 * Only then may an absent entry of the root (on i386 with PAE, of the PDPT) be
 * written; without the flag it is refused, since it would exist in one root
 * only.
 */
#define QPMAP_F_SINGLE_ROOT	0x0002u
/*
 * The caller knows that this machine cannot forbid execution (x86 with
 * EFER.NXE clear, i386 with 32-bit entries) and accepts executable mappings.
 * Refused where the machine can.
 */
#define QPMAP_F_NO_NX		0x0004u
/* Debugging: use the window even where the direct map would do. */
#define QPMAP_F_NO_DIRECT		0x0008u
/*
 * x86: invalidate after filling an entry, too.  For a host that also writes
 * the window's entries itself, or that changes CR3 while a mapping is held;
 * and for a CPU, or a hypervisor's shadow of the page tables, that remembers
 * that an entry was not present.  No x86 CPU may do so by its manual; where
 * one does, the symptom is a fault on a page that was just entered.
 */
#define QPMAP_F_FLUSH_ON_MAP	0x0010u
/*
 * arm64: invalidate on this CPU only.  Only for a host with one CPU, or whose
 * window lies in tables that no other CPU uses (with TTBR.CnP = 0): another
 * CPU that shares the tables would keep a removed page's translation.
 */
#define QPMAP_F_LOCAL_TLBI	0x0020u
/*
 * arm64: set nG: the kernel isolates its page tables from users, and its own
 * entries have nG; or the window's tables belong to one address space.
 */
#define QPMAP_F_SET_NG	0x0040u
/* riscv64: the CPUs have Svpbmt, and henvcfg and menvcfg allow it. */
#define QPMAP_F_SVPBMT		0x0080u

/*
 * The next three only with QPMAP_SHOOTDOWN.
 *
 * arm64: do not use TLBI by range, though this CPU has it (FEAT_TLBIRANGE),
 * because others may not.  Without the flag a CPU that lacks what the first
 * one has is refused.
 */
#define QPMAP_F_NO_TLBI_RANGE	0x1000u
/* riscv64: the CPUs have Svinval: several pages in one batch. */
#define QPMAP_F_SVINVAL		0x2000u
/*
 * riscv64: the SBI's remote fences (RFENCE extension) have been done on every
 * hart when the call returns, as OpenSBI's have; the specification promises
 * less.  They are used in place of the kernel's interprocessor interrupt, which
 * stays the way out when the SBI returns an error.
 *
 * A hart that stops while another is in such a fence may leave that one in the
 * SBI for ever (OpenSBI 1.1 does).  So after its qpmap_cpu_offline() a hart
 * stops only when every CPU that was in a shootdown then has left it.
 */
#define QPMAP_F_SBI_RFENCE	0x4000u

/*
 * arm64: do not read TCR2_EL1, and take it for 0.  For a CPU that has
 * permission indirection or 128-bit entries (ID_AA64MMFR3_EL1.S1PIE, D128)
 * below firmware or a hypervisor that keeps the register from the kernel
 * (SCR_EL3.TCR2En or HCRX_EL2.TCR2En is 0).  To read it traps there, in
 * qpmap_init() and qpmap_cpu_online(); and it counts as 0.
 */
#define QPMAP_F_NO_TCR2		0x8000u

/*
 * For a host that frees page tables which hold nothing but zeros: the first
 * guard entry of each window, and of each group of global slots, holds a mark,
 * an entry that is neither valid nor zero and has no address.  A window's is
 * written by the first qpmap_cpu_online() with it, and stays for ever, also
 * when the CPU goes offline; a group's by qpmap_init().  Until then nothing
 * marks a leaf table.  Where an entry must be empty, a mark in one of these is
 * taken for that, with the flag only.  With QPMAP_CHECKED enter panics if its
 * window's mark is gone (QPMAP_PANIC_MARK).
 */
#define QPMAP_F_MARK_GUARDS	0x10000u

/*
 * Errata: what a faulty core needs.
 *
 * x86: INVLPG leaves translations behind (Intel ADL, RPL and Gracemont before
 * their microcode update, for hosts that use global pages and PCIDs).
 * Everything is invalidated instead.
 */
#define QPMAP_F_ERRATUM_INVLPG	0x0100u
/* arm64: a broadcast TLBI and its DSB must be issued twice. */
#define QPMAP_F_ERRATUM_REPEAT_TLBI 0x0200u
/*
 * arm64: walkers do not see the data cache; clean entries to the PoC.  So it
 * is with a non-coherent walker, and also where TCR_EL1.IRGN1 or ORGN1 is 0
 * (walks of non-cacheable memory) and the tables are written through cacheable
 * mappings.  qpmap_init() does not see how they are mapped, and accepts such a
 * register without the flag.
 */
#define QPMAP_F_ERRATUM_WALKER	0x0400u
/* riscv64: SiFive CIP-1200, SFENCE.VMA with an address is broken. */
#define QPMAP_F_ERRATUM_CIP_1200	0x0800u

/*
 * What the kernel tells qpmap_init().  All zero but the window, nesting and
 * flags is a useful configuration: write-back mappings, no direct map.
 */
struct qpmap_config {
	/*
	 * Where the windows are: the address of window 0, a multiple of
	 * QPMAP_WINDOW_SIZE, in the kernel's half of the address space
	 * (riscv64: in either half, not across the hole between them); and
	 * how many windows of QPMAP_WINDOW_SIZE bytes follow each other, 1 or
	 * more, one for each CPU that may ever be online at the same time.
	 * Nothing else may be mapped there, or in the one page after the last
	 * window, which is its guard.
	 *
	 * The page tables that hold the entries must never be freed, though
	 * they are empty whenever nothing is mapped.  A kernel that frees empty
	 * tables keeps a page of its own mapped in each, or keeps away from all
	 * that each maps (docs/porting-kernel.md).
	 */
	qpmap_vaddr_t window_va;
	qpmap_u32 cpu_count;

	/*
	 * The most mappings that are ever held at once on one CPU, by thread,
	 * interrupts and NMI together: up to QPMAP_SLOTS; 0 means
	 * QPMAP_SLOTS.  One more is a panic (QPMAP_PANIC_FULL).
	 */
	qpmap_u32 nesting;

	/* QPMAP_F_BUILD_TABLES, ... */
	qpmap_u32 flags;

	/*
	 * Memory types wanted besides write-back, which always is: an OR of
	 * QPMAP_TYPE_BIT(type).  One that the machine cannot express is
	 * refused, by an error that names it.  So is write-back, on an arm64
	 * kernel whose MAIR_EL1 has no such byte: there RAM has another type,
	 * and template_leaf[QPMAP_ATTR_WRITE_BACK] shows it.
	 */
	qpmap_u32 types;

	/*
	 * The encodings of the memory types: x86, IA32_PAT (<qpmap/arch/x86.h>
	 * has the usual layouts); arm64, MAIR_EL1 (<qpmap/arch/arm64.h>);
	 * riscv64, 0.  Compared with the live register; 0 takes the live one.
	 */
	qpmap_u64 layout;

	/*
	 * Where a type's encoding is to be taken from a leaf entry of the
	 * kernel's own: that entry, a valid leaf, as the hardware reads it;
	 * on x86 that of a 4 KiB page, since a large page's has the PAT's bit
	 * elsewhere, which nobody notices.  0 where it is to be found in the
	 * layout.  Only the bits that say the memory type and shareability are
	 * taken.  On arm64 an entry with NS (bit 5) set is refused: its page
	 * is another security state's, which a mapping would not show.
	 * XuanTie C9xx needs them for write-back, too: <qpmap/arch/riscv64.h>
	 * has its leaves.
	 */
	qpmap_u64 template_leaf[QPMAP_TYPE_COUNT];

	/*
	 * The direct map: physical addresses direct_pa and up, direct_size
	 * bytes, without a hole, are mapped for ever at direct_va and up, for
	 * reading and writing, with the types of direct_types (an OR of
	 * QPMAP_TYPE_BIT(type); 0 means write-back).  All three are multiples
	 * of the page size; direct_size 0 means none.  Must be 0 in a build
	 * with QPMAP_DIRECT_MAP=0.
	 */
	qpmap_vaddr_t direct_va;
	qpmap_paddr_t direct_pa;
	qpmap_size_t direct_size;
	qpmap_u32 direct_types;

	/*
	 * Width of a physical address in bits.  x86 and arm64: 0 to take what
	 * the CPU says, or fewer than it says.  (x86: what CPUID says, less
	 * what AMD's memory encryption takes where SYSCFG can be read, and at
	 * most 52.)  A CPU with fewer is refused by qpmap_cpu_online().
	 * riscv64, where no register says it: 0 means 56, the width of an
	 * entry.
	 */
	qpmap_u32 pa_bits;

	/*
	 * Confidential guests: the bits that are set in an entry of a private
	 * page (SEV's C-bit), and in one of a shared page (TDX, a realm's top
	 * address bit).  At most one of the two is not 0.  riscv64, and i386
	 * with 32-bit entries: both 0, their entries have no such bit.
	 */
	qpmap_u64 private_mask;
	qpmap_u64 shared_mask;

#if QPMAP_SHOOTDOWN
	/*
	 * The kernel's memory for the shootdown, in use for ever, each aligned
	 * to QPMAP_CACHE_LINE: one struct qpmap_shootdown_state, and an array
	 * of cpu_count struct qpmap_cpu_sync, that of window 0 first (arm64,
	 * where no CPU waits for another's software: not needed, may be NULL).
	 * qpmap_init() writes them.
	 */
	struct qpmap_shootdown_state *shootdown;
	struct qpmap_cpu_sync *cpu_sync;

	/*
	 * Slots for global mappings: the address of the first group, a
	 * multiple of QPMAP_GLOBAL_SIZE, under the same rules as window_va; an
	 * array of global_count groups, aligned to QPMAP_CACHE_LINE; and how
	 * many groups of QPMAP_GLOBAL_SLOTS slots follow each other.
	 * global_count 0 means none.
	 */
	qpmap_vaddr_t global_va;
	struct qpmap_global *global;
	qpmap_u32 global_count;
#endif
};

/* What qpmap_init() and qpmap_cpu_online() return; 0 is success. */
enum qpmap_error {
	QPMAP_OK,
	QPMAP_ERR_OPTIONS,	/* headers of kernel, library differ */
	QPMAP_ERR_OPTION_PAGE_SHIFT, /* the option differs; so the next eight */
	QPMAP_ERR_OPTION_PAE,
	QPMAP_ERR_OPTION_LPA2,
	QPMAP_ERR_OPTION_SLOTS,
	QPMAP_ERR_OPTION_CACHE_LINE,
	QPMAP_ERR_OPTION_DIRECT_MAP,
	QPMAP_ERR_OPTION_CHECKED,
	QPMAP_ERR_OPTION_TABLES,
	QPMAP_ERR_OPTION_SHOOTDOWN,
	QPMAP_ERR_OPTION_LAYOUT, /* structures differ: a compiler's flag */
	QPMAP_ERR_FLAGS,	/* a flag unknown, or not for this machine */
	QPMAP_ERR_NESTING,	/* nesting is more than QPMAP_SLOTS */
	QPMAP_ERR_CPU_COUNT,	/* cpu_count is 0, or too many windows */
	QPMAP_ERR_WINDOW_ALIGN,	/* window_va not a multiple of window size */
	QPMAP_ERR_WINDOW_RANGE,	/* window not canonical kernel addresses */
	QPMAP_ERR_WINDOW_DIRECT, /* window overlaps the direct map */
	QPMAP_ERR_WINDOW_MAPPED, /* something is mapped in the window */
	QPMAP_ERR_WINDOW_LARGE,	/* a large page covers the window */
	QPMAP_ERR_ROOT_ABSENT,	/* root entry absent, several roots */
	QPMAP_ERR_TABLES,	/* no page left for a table */
	QPMAP_ERR_DIRECT,	/* the direct map's description is wrong */
	QPMAP_ERR_TYPE_MASK,	/* an unknown bit in types */
	/* The machine cannot express that type; in the order of the types. */
	QPMAP_ERR_TYPE_WRITE_BACK, /* arm64: template_leaf; x86: PAT entry 0 */
	QPMAP_ERR_TYPE_WRITE_THROUGH,
	QPMAP_ERR_TYPE_WRITE_COMBINING,
	QPMAP_ERR_TYPE_UNCACHED,
	QPMAP_ERR_TYPE_UNCACHED_MINUS,
	QPMAP_ERR_LAYOUT,	/* layout differs from the CPU's register */
	QPMAP_ERR_TEMPLATE,	/* a template is not a valid leaf */
	QPMAP_ERR_SHARING,	/* private_mask and shared_mask are wrong */
	QPMAP_ERR_NX,		/* the machine cannot forbid execution */
	QPMAP_ERR_NO_NX,	/* QPMAP_F_NO_NX, but the machine can */
	QPMAP_ERR_WP,		/* CR0.WP is clear: no read-only mappings */
	QPMAP_ERR_PAGE_SIZE,	/* QPMAP_PAGE_SHIFT is not the CPU's */
	QPMAP_ERR_PAGING,	/* paging off, or in a mode not built for */
	QPMAP_ERR_EPD1,		/* TCR_EL1.EPD1: upper half not walked */
	QPMAP_ERR_PA_BITS,	/* pa_bits more than the CPU has, or 0 bits */
	QPMAP_ERR_EXCEPTION_LEVEL, /* EL2 without E2H and TGE, or EL3 */
	QPMAP_ERR_CPU_ALIGN,	/* CPU's state not aligned to a cache line */
	QPMAP_ERR_CPU_INDEX,	/* no such window */
	QPMAP_ERR_CPU_LEAF,	/* leaf line neither given nor found */
	QPMAP_ERR_LEAF_ALIGN,	/* leaf line misaligned */
	QPMAP_ERR_LEAF_OFFSET,	/* leaf line of another address */
	QPMAP_ERR_LEAF_USED,	/* leaf line is not empty */
	QPMAP_ERR_CPU_DIFFERS,	/* CPU's registers differ from the first's */
	QPMAP_ERR_CPU_ONLINE,	/* CPU is online already */
	QPMAP_ERR_NOT_INIT,	/* qpmap_init() has not succeeded */
	QPMAP_ERR_CPU_HART,	/* an online CPU has the same hart number */
	QPMAP_ERR_CPU_INDEX_TAKEN,	/* another CPU has the CPU index */
	QPMAP_ERR_CPU_BUSY,	/* another CPU is walking the tables */
	QPMAP_ERR_CPUS_ONLINE,	/* init while CPUs are online */
	QPMAP_ERR_SHOOTDOWN,	/* shootdown's memory missing, misaligned */
	QPMAP_ERR_GLOBAL_RANGE,	/* global slots not where they may be */
	QPMAP_ERR_GLOBAL_LEAF,	/* a group's leaf misaligned, or not empty */
	QPMAP_ERR_GLOBAL_FULL,	/* no global slot is free */
	QPMAP_ERR_COUNT_	/* one more than the last; not an error */
};

/*
 * The build options, and what a compiler's flags may change in the structures
 * that cross the boundary (-malign-double).  What a kernel was compiled with
 * and what the library was compiled with must be the same.  The words are in
 * the order of the errors QPMAP_ERR_OPTION_PAGE_SHIFT and up; all behind
 * QPMAP_OPTION_COUNT are QPMAP_ERR_OPTION_LAYOUT.
 */
#define QPMAP_OPTION_COUNT	9u
#define QPMAP_OPTION_WORDS	13u

struct qpmap_options {
	qpmap_u32 word_count;
	qpmap_u32 word[QPMAP_OPTION_WORDS];
};

struct qpmap_alignment {
	char first;
	qpmap_u64 second;
};

#define QPMAP_OPTIONS							\
	{								\
		QPMAP_OPTION_WORDS,					\
		{							\
			QPMAP_PAGE_SHIFT,				\
			QPMAP_PAE,					\
			QPMAP_LPA2,					\
			QPMAP_SLOTS,					\
			QPMAP_CACHE_LINE,				\
			QPMAP_DIRECT_MAP,				\
			QPMAP_CHECKED,					\
			QPMAP_TABLES,					\
			QPMAP_SHOOTDOWN,				\
			(qpmap_u32)sizeof(struct qpmap_pte),	\
			(qpmap_u32)sizeof(struct qpmap_cpu),	\
			(qpmap_u32)sizeof(struct qpmap_config),	\
			(qpmap_u32)sizeof(struct qpmap_alignment)	\
		}							\
	}

/* As qpmap_init(), with the caller's QPMAP_OPTIONS.  Not to be called. */
QPMAP_CALL int qpmap_init_options(const struct qpmap_config *config,
    const struct qpmap_options *options);

/*
 * Check the configuration against this CPU, work out every kind of entry, and
 * with QPMAP_F_BUILD_TABLES link the window's missing tables.
 *
 * Before: paging is on, and the kernel's root table is in use on this CPU.
 * Other CPUs may run: parked, in firmware, or at work, under these tables or
 * others.  Until its own qpmap_cpu_online() each of them must not load, store
 * or execute at an address of the windows or of the global slots, and must
 * call nothing of the library but qpmap_strerror(), and qpmap_shootdown_poll()
 * and qpmap_shootdown_ipi(), which do nothing there.  While qpmap_init() runs
 * nobody else may change the page tables above these addresses.  What such a
 * CPU walks speculatively does no harm: it is forgotten when it comes online.
 *
 * After success: the configuration is no longer needed; qpmap_cpu_online() may
 * be called, by another CPU when it has been told by means that order memory
 * (a lock, or a store that releases and a load that acquires).  After an error
 * nothing is changed, and what was allocated has been given back.
 *
 * May be called again, with another configuration, as long as no CPU is
 * online; while one is, it is refused (QPMAP_ERR_CPUS_ONLINE).  A CPU that died
 * without qpmap_cpu_offline() counts as online.
 *
 * Context: thread, which must not be moved to another CPU meanwhile; may hold
 * locks.  Returns 0 or an enum qpmap_error.
 */
static inline int
qpmap_init(const struct qpmap_config *config)
{
	static const struct qpmap_options options = QPMAP_OPTIONS;

	return (qpmap_init_options(config, &options));
}

/*
 * What an error code means: one sentence, a constant string, also for a code
 * that does not exist.  Context: any.
 */
QPMAP_CALL const char *qpmap_strerror(int error);

/*
 * Give the calling CPU a window.  On each CPU, itself, before its first enter.
 *
 * cpu		this CPU's state, aligned to QPMAP_CACHE_LINE; zeroed, or as
 *		qpmap_cpu_offline() left it
 * index	0 to cpu_count - 1: no two online CPUs may have the same.
 *		Where the configuration has remote[], the second one is refused
 *		(QPMAP_ERR_CPU_INDEX_TAKEN); elsewhere (builds without
 *		QPMAP_SHOOTDOWN, arm64 without remote[]) nobody can tell, and
 *		the two reach each other's pages
 * leaf		the page-table entry that maps the window's first address,
 *		aligned to a cache line, writable for as long as the CPU is
 *		online, and followed by those of the rest of the window, all
 *		zero (but for a mark, QPMAP_F_MARK_GUARDS); or NULL with
 *		QPMAP_F_BUILD_TABLES: such calls must be made one at a time,
 *		since the host's hooks may have one address for all tables.
 *		One that meets another in the tables is refused
 *		(QPMAP_ERR_CPU_BUSY), and may be made again
 *
 * A host whose allocator leaves entries behind clears them, and invalidates
 * them on every CPU, first.  The hardware must not be using an address of the
 * window.  Everything that this CPU may have cached is invalidated here.
 *
 * Context: preemption off; not in an interrupt or NMI that can arrive before
 * it returns and enters a page.  Returns 0 or an enum qpmap_error; after an
 * error the CPU is as before.
 *
 * A CPU that died without qpmap_cpu_offline() keeps its number, and with
 * QPMAP_SHOOTDOWN, but for arm64, others wait for it for ever.  When the kernel
 * knows that it executes nothing any more, and will not but from its reset, it
 * stores 0 to remote[window].online, with an atomic store that releases: then
 * nobody waits for it, and the number is free.  Before the number is used
 * again, the window's entries are cleared, and a state that is used again is
 * zeroed.
 */
QPMAP_CALL int qpmap_cpu_online(struct qpmap_cpu *cpu, qpmap_u32 index,
    struct qpmap_pte *leaf);

/*
 * Take the calling CPU's window away.  Its number can be given to another
 * CPU, and its state's memory reused or passed to qpmap_cpu_online() again.
 * Its entries are zero, but for the mark of QPMAP_F_MARK_GUARDS, which stays.
 * (With QPMAP_SHOOTDOWN a late interrupt on this CPU still asks for the state:
 * the memory is not reused before none can come.)
 * Panics if a mapping is held (QPMAP_PANIC_HELD) or if the CPU is not online
 * (QPMAP_PANIC_NOT_ONLINE).  An enter afterwards panics.
 *
 * Context: as qpmap_cpu_online().
 */
QPMAP_CALL void qpmap_cpu_offline(struct qpmap_cpu *cpu);

/*
 * Crash path only: empty all slots of the calling CPU, whoever holds them,
 * and invalidate them, so that a dump can use them.  What was mapped is gone
 * under its holder, which must never run again.  Preemption stays as it is.
 *
 * Context: any, after a panic, on a CPU that is online, and from which the
 * caller cannot be moved.  It is no way to take a window from another CPU: see
 * qpmap_cpu_online().
 */
QPMAP_CALL void qpmap_cpu_abandon(struct qpmap_cpu *cpu);

/*
 * Map the page at physical address pa for reading and writing by the kernel,
 * and return its address: page-aligned, never 0.
 *
 * pa	physical address, a multiple of the page size, within the CPU's
 *	physical address width; the page is wired, held or unmanaged and stays
 *	so while it is mapped
 * attr    its memory type, and where it matters QPMAP_ATTR_PRIVATE or
 * QPMAP_ATTR_SHARED
 *
 * Always succeeds, unless more than qpmap_config.nesting mappings would be held
 * on this CPU: then, and on a bad argument, it panics.  Where the direct map
 * already shows the page with that type, its address there is returned, and
 * nothing is pinned.  Otherwise the CPU stays pinned (preemption off) until
 * qpmap_remove(): the caller must not sleep, take a lock that can sleep, or
 * change the address space in between.
 *
 * Mappings nest, last in, first out; portable code holds one (C6).
 *
 * Wait-free: no lock, no loop, no wait for another CPU's software.  Context:
 * any (threads, interrupts, NMI), with any lock held.
 */
QPMAP_CALL qpmap_vaddr_t qpmap_enter(qpmap_paddr_t pa, qpmap_attr_t attr);

/*
 * As qpmap_enter(), for reading only: a store faults.  Never served by the
 * direct map.
 */
QPMAP_CALL qpmap_vaddr_t qpmap_enter_ro(qpmap_paddr_t pa, qpmap_attr_t attr);

/*
 * End the newest mapping of this CPU.  va is what its enter returned.
 *
 * When it returns, a load through a window address faults on this CPU, the
 * page may be freed, and the slot is used again.  Another CPU may have
 * walked this window speculatively, and keep what it found without ever using
 * it for a program's access.  For a direct-map address it does nothing.
 *
 * Outside the direct map any other address, an older mapping or one removed
 * before is a panic (QPMAP_PANIC_REMOVE).  Inside it addresses are not
 * checked, whether an enter returned them or not: a wrong one does nothing,
 * and a window mapping that should have been removed stays held.
 *
 * Wait-free; on arm64 it waits for the hardware's broadcast.  Context: that
 * of the enter, on the same CPU.
 */
QPMAP_CALL void qpmap_remove(qpmap_vaddr_t va);

/*
 * How many window mappings the calling CPU holds: a scheduler asserts that it
 * is 0.  Context: pinned, or preemption off otherwise; cpu is this CPU's.
 */
QPMAP_CALL qpmap_u32 qpmap_held(const struct qpmap_cpu *cpu);

/*
 * Whole pages and byte ranges, one mapping at a time (two for a copy).
 *
 * They map, work and unmap; context as qpmap_enter().  Beside a memory type and
 * its sharing, the attribute may have QPMAP_ATTR_WIDTH_4.
 *
 * Accesses to a page: none is outside the range.  An aligned access of 1, 2, 4
 * or (64-bit targets) 8 bytes by qpmap_read() or qpmap_write() is one load or
 * store of that width, whatever the memory type.  A longer range, or a page, is
 * accessed
 *
 * - write-back and write-through: as memory, in whatever way is fastest;
 * - of another type: as a device may be.  Each byte is accessed once, in
 *   ascending order, by plain loads and stores, naturally aligned and as wide
 *   as the place in the page allows, up to a general register;
 * - of any type with QPMAP_ATTR_WIDTH_4: the same, up to four bytes.
 *
 * So 32-bit registers are read one by one, or with QPMAP_ATTR_WIDTH_4: else two
 * neighbours are one access of eight bytes.  A device that is mapped as
 * write-back (riscv64 without QPMAP_F_SVPBMT, where no other type is) is taken
 * for memory, unless QPMAP_ATTR_WIDTH_4 says otherwise.
 *
 * buf is cacheable memory with any alignment.  arm64: SCTLR_EL1.A must be
 * clear, unless pa, buf and len are multiples of 8.  x86: EFLAGS.DF is clear,
 * as the calling convention has it.  No cache-zeroing instruction is used.  No
 * memory tags are copied (arm64, MTE): a page keeps those that it has.
 *
 * An access must not fault: the page must be there, and neither poisoned nor
 * withdrawn by a hypervisor, and buf must be mapped.  A kernel that leaves the
 * function from its fault handler loses the mapping's slot and the pin: the
 * CPU holds both for ever.
 *
 * zero		the page at pa becomes all zero
 * copy		the page at dst becomes a copy of that at src; nesting must
 *		allow two.  dst = src is allowed
 * read		len bytes from physical address pa, any alignment, across page
 *		boundaries, to kernel memory at buf.  len = 0 does nothing
 * write	the same, from buf
 *
 * A range that wraps around the physical address space panics
 * (QPMAP_PANIC_RANGE) before anything is copied.
 */
QPMAP_CALL void qpmap_zero_page(qpmap_paddr_t pa, qpmap_attr_t attr);
QPMAP_CALL void qpmap_copy_page(qpmap_paddr_t dst, qpmap_attr_t dst_attr,
    qpmap_paddr_t src, qpmap_attr_t src_attr);
QPMAP_CALL void qpmap_read(qpmap_paddr_t pa, qpmap_attr_t attr, void *buf,
    qpmap_size_t len);
QPMAP_CALL void qpmap_write(qpmap_paddr_t pa, qpmap_attr_t attr,
    const void *buf, qpmap_size_t len);

/*
 * A first test on a new kernel: map two different spare pages of write-back
 * RAM, write through each mapping and read back through another, check that
 * they do not mix and that nothing is held at the end.  The pages' contents
 * are lost.
 *
 * Returns 0, or the number of the step that failed: 1 an address was 0 or not
 * page-aligned; 2 a page did not keep what was written; 3 the pages mixed;
 * 4 a read-only mapping showed something else; 5 the number of mappings held
 * changed; 6 the two pages are the same, or nesting does not allow two.
 *
 * It sees a remove that does not invalidate only by what the slot shows next.
 * On riscv64, and with QPMAP_F_FLUSH_ON_MAP, an enter invalidates, too: there
 * it does not see that at all.  A kernel with a fault handler loads from the
 * address after a remove, and expects a fault (docs/porting-kernel.md).  Nor
 * does it see what other CPUs keep, memory types, and barriers that are not
 * there.
 *
 * Context: as qpmap_enter().
 */
QPMAP_CALL int qpmap_selftest(qpmap_paddr_t pa, qpmap_paddr_t pa2);

QPMAP_END_DECLS

#endif /* QPMAP_QPMAP_H */
