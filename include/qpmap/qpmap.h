/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * qpmap: fast, temporary mappings of single pages for a kernel.
 *
 * qpmap_enter() maps a physical page at a kernel virtual address reserved for
 * the calling CPU; qpmap_remove() unmaps it.  <qpmap/pmap.h> provides
 * pmap_quick_enter_page(9) and pmap_quick_remove_page(9) on top of them.
 *
 * Terms:
 *	slot		one page of kernel virtual address space, reserved in
 *			advance, and the page-table entry (PTE) that maps it
 *	guard		an unmapped page before each slot and after the last one
 *	window		the range of addresses of one CPU: its slots and guards
 *	global slot	a slot that all CPUs may use (<qpmap/shootdown.h>)
 *	CPU index	the number of a CPU and of its window, from 0
 *	online		between its qpmap_cpu_online() and qpmap_cpu_offline()
 *	mapping		a page in a slot; held from its enter to its remove
 *	pinned		preemption is off, so the caller stays on its CPU
 *	direct map	the kernel's permanent linear mapping of RAM, if any
 *	root		the top-level page table (CR3, TTBR1, satp)
 *	hook		a function that the kernel defines (<qpmap/host.h>)
 *
 * Order of calls:
 *
 *	qpmap_init()		once, on one CPU, before any CPU is online
 *	qpmap_cpu_online()	on each CPU, before its first enter
 *
 * docs/architecture.md lists the clauses of the contract (C1, B2, ...).
 */
#ifndef QPMAP_QPMAP_H
#define QPMAP_QPMAP_H

#include "types.h"
#include "version.h"

QPMAP_BEGIN_DECLS

/* qpmap_config.flags. */

/*
 * Build the page tables: qpmap_init() walks those in use on its CPU and adds
 * the missing ones, and the library finds each window's PTEs itself.  Requires
 * the qpmap_host_table_*() and qpmap_host_leaf_address() hooks.  Without the
 * flag each qpmap_cpu_online() is passed its PTEs.
 */
#define QPMAP_F_BUILD_TABLES	0x0001u
/*
 * With QPMAP_F_BUILD_TABLES only: the root table in use is the only one, and
 * every other root under which a CPU will be online is copied from it after
 * qpmap_init().  The library may then write an absent entry of the root (on
 * i386 with PAE, of the PDPT).  Without the flag an absent entry is an error,
 * since the new one would exist in one root only.
 */
#define QPMAP_F_SINGLE_ROOT	0x0002u
/*
 * Accept executable mappings, on a machine that cannot forbid execution (x86
 * with EFER.NXE clear, i386 with 32-bit entries).  The flag is an error on a
 * machine that can.
 */
#define QPMAP_F_NO_NX		0x0004u
/* Debugging: use the window even where the direct map would do. */
#define QPMAP_F_NO_DIRECT	0x0008u
/*
 * x86: invalidate after storing a valid PTE, too.  Required if the kernel
 * writes the window's PTEs itself, or changes CR3 while a mapping is held.  The
 * mapping must still be used under the PCID of its enter only.  Also required
 * for a CPU, or a hypervisor's shadow page tables, that caches not-present
 * entries: the symptom is a fault on a page that was just entered.  The manuals
 * do not allow an x86 CPU to cache them.
 */
#define QPMAP_F_FLUSH_ON_MAP	0x0010u
/*
 * arm64: remove invalidates on this CPU only; a shootdown still broadcasts.
 * Only for a kernel with one CPU, or with each window in tables that no other
 * CPU uses (and TTBR.CnP = 0).  Another CPU that shares the tables would keep a
 * removed page's translation.
 */
#define QPMAP_F_LOCAL_TLBI	0x0020u
/*
 * arm64: set nG in every PTE.  Required if the kernel isolates its page tables
 * from users (KPTI) and sets nG in its own entries, or if the window's tables
 * belong to one address space.
 */
#define QPMAP_F_SET_NG		0x0040u
/* riscv64: the CPUs have Svpbmt, and menvcfg and henvcfg enable it (PBMTE). */
#define QPMAP_F_SVPBMT		0x0080u

/*
 * Errata.
 *
 * x86: INVLPG leaves translations behind (Intel ADL, RPL and Gracemont before
 * their microcode update, for kernels that use global pages and PCIDs).  The
 * CPU's whole TLB is invalidated instead.
 */
#define QPMAP_F_ERRATUM_INVLPG	0x0100u
/* arm64: a broadcast TLBI and its DSB must be issued twice. */
#define QPMAP_F_ERRATUM_REPEAT_TLBI 0x0200u
/*
 * arm64: page-table walks are not coherent with the data cache; clean each
 * PTE to the PoC.  Also required where TCR_EL1.IRGN1 or ORGN1 is 0 (walks of
 * non-cacheable memory) and the tables are written through cacheable mappings:
 * qpmap_init() does not see how they are mapped, and accepts such a register
 * without the flag.
 */
#define QPMAP_F_ERRATUM_WALKER	0x0400u
/* riscv64: SiFive CIP-1200: SFENCE.VMA with an address is broken, not used. */
#define QPMAP_F_ERRATUM_CIP_1200	0x0800u

/*
 * arm64, builds with QPMAP_SHOOTDOWN=1 or QPMAP_RANGE_PAGES: do not use TLBI by
 * range (FEAT_TLBIRANGE), although the CPU of qpmap_init() has it, because
 * another may not.  Without the flag every CPU must have it then: one that
 * lacks it cannot come online.
 */
#define QPMAP_F_NO_TLBI_RANGE	0x1000u
/*
 * The next three flags require a build with QPMAP_SHOOTDOWN=1.
 *
 * riscv64: the CPUs have Svinval; a shootdown of several pages uses it.
 */
#define QPMAP_F_SVINVAL		0x2000u
/*
 * riscv64: use the SBI's remote fences (RFENCE extension) in place of the
 * kernel's interprocessor interrupt.  The flag states that a fence has
 * completed on every hart when the call returns.  OpenSBI's fences have; the
 * specification promises less.  If the SBI returns an error the interrupt is
 * used.
 *
 * If a hart stops during another hart's fence, that call may never return
 * (OpenSBI 1.1's does not).  After its qpmap_cpu_offline() a hart must not stop
 * until every CPU that was in a shootdown at that time has left it.
 */
#define QPMAP_F_SBI_RFENCE	0x4000u
/*
 * x86: the kernel sets G in the leaf entries of its own half, CR4.PGE is set on
 * every CPU, and page tables are not isolated from users.  The library sets G
 * in global mappings.  With CR4.PCIDE a shootdown of a few pages of the
 * kernel's half is then an INVLPG each, which reaches G entries under every
 * PCID; without the flag it is a flush of everything.  A leaf of that half with
 * G clear stays in the TLB under other PCIDs: its shootdown must be of
 * QPMAP_ALL_PAGES.  A core for which QPMAP_F_ERRATUM_INVLPG is meant needs that
 * flag, too: everything is then flushed.  i386 has no PCIDs, and gets the G.
 */
#define QPMAP_F_KERNEL_HAS_G	0x20000u

/*
 * arm64: do not read TCR2_EL1, and assume 0.  For a CPU that has permission
 * indirection or 128-bit entries (ID_AA64MMFR3_EL1.S1PIE, D128) below firmware
 * or a hypervisor that keeps the register from the kernel (SCR_EL3.TCR2En or
 * HCRX_EL2.TCR2En is 0).  Without the flag qpmap_init() and qpmap_cpu_online()
 * read it, which traps there; its value has no effect there.
 */
#define QPMAP_F_NO_TCR2		0x8000u

/*
 * Mark the leaf tables, for a kernel that frees page tables with nothing but
 * zeros in them.  The first guard PTE of each window, and of each group of
 * global slots, holds a mark: it is neither valid nor zero, and has no address.
 * qpmap_init() writes a group's mark.  The first qpmap_cpu_online() with a
 * window writes the window's, which stays for ever, also while the CPU is
 * offline.  Before that nothing marks the windows' leaf tables, and the kernel
 * must not free them.  Where these PTEs must be zero, a mark is accepted with
 * the flag, and is an error without it.  With QPMAP_CHECKED enter panics if its
 * window's mark is gone (QPMAP_PANIC_MARK).
 */
#define QPMAP_F_MARK_GUARDS	0x10000u

/*
 * Builds with QPMAP_LARGE_SLOTS: every CPU uses one root table, the same, for
 * ever.  Required for large pages where the entries that map them are in the
 * root itself, which has two levels (i386 with 32-bit entries; arm64 with a
 * small TCR_EL1.T1SZ): an entry that changes would change in one root only.
 * On arm64 it is the root of TTBR1_EL1.
 */
#define QPMAP_F_ONE_ROOT	0x40000u

/*
 * The configuration of qpmap_init().  If all members except window_va,
 * cpu_count, nesting and flags are 0, mappings are write-back and there is no
 * direct map.  A build with QPMAP_SHOOTDOWN=1 also needs shootdown and, except
 * on arm64, cpu_sync.
 */
struct qpmap_config {
	/*
	 * The windows: cpu_count windows of QPMAP_WINDOW_SIZE bytes follow each
	 * other from window_va on.  window_va is a multiple of
	 * QPMAP_WINDOW_SIZE, in the kernel's half of the address space
	 * (riscv64: in either half, not across the hole between them).
	 * cpu_count is 1 or more: a window for each CPU that may be online at
	 * the same time.  Nothing else may be mapped there, or in the one page
	 * after the last window, which is its last guard.
	 *
	 * The page tables that hold the PTEs must never be freed, although all
	 * their entries are zero while nothing is mapped.  A kernel that frees
	 * empty tables must keep a page of its own mapped in each, or not use
	 * any other address that they map, or set QPMAP_F_MARK_GUARDS
	 * (docs/porting-kernel.md).
	 */
	qpmap_vaddr_t window_va;
	qpmap_u32 cpu_count;

	/*
	 * The largest number of mappings held at once on one CPU, by thread,
	 * interrupts and NMI together: up to QPMAP_SLOTS; 0 means
	 * QPMAP_SLOTS.  One more is a panic: QPMAP_PANIC_FULL, or with nesting
	 * 1 QPMAP_PANIC_NESTED.
	 */
	qpmap_u32 nesting;

	/* QPMAP_F_BUILD_TABLES, ... */
	qpmap_u32 flags;

	/*
	 * Memory types in use besides write-back, which is always in use: an OR
	 * of QPMAP_TYPE_BIT(type).  For a type that the machine cannot express,
	 * write-back included, qpmap_init() returns an error that names it.
	 * An arm64 kernel without a write-back byte in MAIR_EL1 maps RAM with
	 * another type, and must pass template_leaf[QPMAP_ATTR_WRITE_BACK].
	 */
	qpmap_u32 types;

	/*
	 * The encodings of the memory types: x86, IA32_PAT (<qpmap/arch/x86.h>
	 * has the usual values); arm64, MAIR_EL1 (<qpmap/arch/arm64.h>);
	 * riscv64, 0.  Must equal the live register; 0 takes the live value.
	 */
	qpmap_u64 layout;

	/*
	 * A type's encoding by example: a valid leaf entry of the kernel's, as
	 * the hardware reads it, or 0 to find the encoding in the layout.  On
	 * x86 it must be that of a 4 KiB page: a large page's has the PAT bit
	 * elsewhere, which the library cannot detect.  Only the bits of memory
	 * type and shareability are used.  On arm64 an entry with NS (bit 5)
	 * set is an error: its page belongs to another security state, which a
	 * mapping would not reach.  XuanTie C9xx cores need an example of
	 * write-back, too: <qpmap/arch/riscv64.h>.
	 */
	qpmap_u64 template_leaf[QPMAP_TYPE_COUNT];

	/*
	 * The direct map: the direct_size bytes of physical addresses from
	 * direct_pa on are mapped at direct_va and up, permanently, without a
	 * hole, for reading and writing, with the types of direct_types (an OR
	 * of QPMAP_TYPE_BIT(type); 0 means write-back).  direct_va, direct_pa
	 * and direct_size are multiples of the page size.  With PAE the
	 * physical addresses do not cross a multiple of 4 GiB.  direct_size 0
	 * means none, and is required in a build with QPMAP_DIRECT_MAP=0.  A
	 * build with QPMAP_DIRECT_SIZE requires its own three values,
	 * write-back among direct_types, and no QPMAP_F_NO_DIRECT.
	 */
	qpmap_vaddr_t direct_va;
	qpmap_paddr_t direct_pa;
	qpmap_size_t direct_size;
	qpmap_u32 direct_types;

	/*
	 * The width of a physical address in bits.  x86 and arm64: at most the
	 * CPU's; 0 takes the CPU's.  (x86: that of CPUID, less the bits that
	 * AMD's memory encryption takes where SYSCFG can be read, and at most
	 * 52.)  riscv64 has no register for it: 0 means 56, the width of an
	 * entry.  A CPU with fewer bits cannot come online.
	 */
	qpmap_u32 pa_bits;

	/*
	 * Confidential guests: the bits that are set in the PTE of a private
	 * page (SEV: the C-bit), and of a shared page (TDX: the shared bit;
	 * realm: the top address bit).  One mask or both are 0.  riscv64, and
	 * i386 with 32-bit entries: both are 0, as no entry has such a bit.
	 */
	qpmap_u64 private_mask;
	qpmap_u64 shared_mask;

#if QPMAP_SHOOTDOWN
	/*
	 * Memory for the shootdown, which the kernel supplies, in use for ever,
	 * each aligned to QPMAP_CACHE_LINE: one struct qpmap_shootdown_state,
	 * and an array of cpu_count struct qpmap_cpu_sync, by CPU index (on
	 * arm64, where no CPU waits for another's software, it may be NULL).
	 * qpmap_init() initializes them.
	 */
	struct qpmap_shootdown_state *shootdown;
	struct qpmap_cpu_sync *cpu_sync;

	/*
	 * Slots for global mappings: the address of the first group, a
	 * multiple of QPMAP_GLOBAL_SIZE, under the same rules as window_va; an
	 * array of global_count groups, aligned to QPMAP_CACHE_LINE; and the
	 * number of groups of QPMAP_GLOBAL_SLOTS slots that follow each other.
	 * global_count 0 means none.
	 */
	qpmap_vaddr_t global_va;
	struct qpmap_global *global;
	qpmap_u32 global_count;
#endif

#if QPMAP_RANGE_PAGES
	/*
	 * The range areas: cpu_count areas of QPMAP_RANGE_SIZE bytes follow
	 * each other from range_va on, a multiple of QPMAP_RANGE_SIZE, under
	 * the same rules as window_va.  The first and the last page of each
	 * area are guards: nothing else may be mapped in the areas, and no
	 * page after them is needed.
	 */
	qpmap_vaddr_t range_va;
#endif

#if QPMAP_LARGE_SLOTS
	/*
	 * The large windows: cpu_count windows of QPMAP_LARGE_WINDOW_SIZE bytes
	 * follow each other from large_va on, a multiple of that size, under
	 * the same rules as window_va, and with the same guard page after them.
	 * No page table may be linked there, neither now nor before, unless
	 * every CPU has invalidated everything since it was unlinked.  0: there
	 * are none, and qpmap_large_enter() panics.
	 */
	qpmap_vaddr_t large_va;
#endif
};

/*
 * Return values of qpmap_init(), qpmap_cpu_online() and qpmap_global_enter().
 * 0, QPMAP_OK, is success.  errors.def lists names, numbers and texts.
 */
enum qpmap_error {
#define QPMAP_ERROR(name, number, text) name = (number),
#include "errors.def"
};

/*
 * The build options; and the size and alignment of structures that the kernel
 * and the library share, which compiler flags can change (-malign-double).  All
 * must be the same for both.  The words are in the order of the errors
 * QPMAP_ERR_OPTION_PAGE_SHIFT and up, for the first QPMAP_OPTION_COUNT.  Then
 * come those of the layout, and from QPMAP_OPTION_DIRECT on the halves of the
 * direct map's three numbers.
 */
#define QPMAP_OPTION_COUNT	12u
#define QPMAP_OPTION_DIRECT	16u
#define QPMAP_OPTION_WORDS	22u

struct qpmap_options {
	/* Major and minor version, and QPMAP_OPTION_WORDS. */
	qpmap_u32 release;
	qpmap_u32 word[QPMAP_OPTION_WORDS];
};

struct qpmap_alignment {
	char first;
	qpmap_u64 second;
};

#define QPMAP_OPTION_HALVES(number)					\
	(qpmap_u32)(number), (qpmap_u32)((qpmap_u64)(number) >> 32)

#define QPMAP_OPTIONS							\
	{								\
		QPMAP_VERSION_MAJOR << 24 | QPMAP_VERSION_MINOR << 16 |	\
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
			QPMAP_RANGE_PAGES,				\
			QPMAP_LARGE_SLOTS,				\
			QPMAP_SWITCH,					\
			(qpmap_u32)sizeof(struct qpmap_pte),		\
			(qpmap_u32)sizeof(struct qpmap_cpu),		\
			(qpmap_u32)sizeof(struct qpmap_config),		\
			(qpmap_u32)sizeof(struct qpmap_alignment),	\
			QPMAP_OPTION_HALVES(QPMAP_DIRECT_PA),		\
			QPMAP_OPTION_HALVES(QPMAP_DIRECT_VA),		\
			QPMAP_OPTION_HALVES(QPMAP_DIRECT_SIZE)		\
		}							\
	}

/* Implementation of qpmap_init(); takes the caller's QPMAP_OPTIONS. */
QPMAP_CALL int qpmap_init_options(const struct qpmap_config *config,
    const struct qpmap_options *options);

/*
 * Initialize the library: check the configuration against this CPU, precompute
 * the PTE bits of every attribute, and with QPMAP_F_BUILD_TABLES build the
 * missing page tables.
 *
 * Before: paging is on, and the kernel's root table is in use on this CPU.
 * Other CPUs may run: parked, in firmware, or at work, under these tables or
 * others.  Until its own qpmap_cpu_online() such a CPU must not load, store or
 * execute at an address of the windows or of the global slots.  It must not
 * call the library, except qpmap_strerror(), and qpmap_shootdown_poll() and
 * qpmap_shootdown_ipi(), which do nothing there.  Its speculative walks are
 * harmless: qpmap_cpu_online() invalidates their results.  During the call no
 * other code may change the page tables that map these addresses, of any level.
 *
 * After success: the configuration is no longer needed, and qpmap_cpu_online()
 * may be called.  Another CPU must be notified of the success by means that
 * order memory (a lock, or a store-release and a load-acquire).  After an
 * error: nothing is changed, and allocated tables have been freed.
 *
 * May be called again, with another configuration, while no CPU is online;
 * otherwise it returns QPMAP_ERR_IN_USE.  A CPU that died without
 * qpmap_cpu_offline() counts as online.
 *
 * Context: thread that cannot move to another CPU; locks may be held.
 * Returns 0 or an enum qpmap_error.
 */
static inline int
qpmap_init(const struct qpmap_config *config)
{
	static const struct qpmap_options options = QPMAP_OPTIONS;

	return (qpmap_init_options(config, &options));
}

/*
 * Describe an error code in one sentence: a constant string, also for an
 * unknown code.  Context: any.
 */
QPMAP_CALL const char *qpmap_strerror(int error);

/*
 * Give the calling CPU its window.  Each CPU must call it before its first
 * enter.
 *
 * cpu		this CPU's state, aligned to QPMAP_CACHE_LINE; zeroed, or as
 *		qpmap_cpu_offline() left it
 * index	the CPU index: 0 to cpu_count - 1.  No two online CPUs may have
 *		the same.  If the configuration has cpu_sync, the second one
 *		gets QPMAP_ERR_CPU_INDEX_TAKEN.  Otherwise (builds without
 *		QPMAP_SHOOTDOWN, arm64 without cpu_sync) the library cannot
 *		tell, and each CPU can reach the other's pages
 * ptes		the PTEs of the window, aligned to QPMAP_CACHE_LINE, and with
 *		QPMAP_RANGE_PAGES those of the range area; not needed after the
 *		call.  They must be writable while the CPU is online, and all
 *		zero except for a mark (QPMAP_F_MARK_GUARDS).  NULL with
 *		QPMAP_F_BUILD_TABLES: the library finds them.  It does not walk
 *		the tables for two CPUs at once, since the hooks may have one
 *		address for all tables: a call with NULL that meets another one
 *		returns QPMAP_ERR_CPU_BUSY, has changed nothing, and may be
 *		repeated
 *
 * Before: if the kernel's address allocator left PTEs in the window, the kernel
 * must clear them, and invalidate them on every CPU.  No CPU, device, debug
 * unit or trace unit may use an address of the window.
 *
 * After success: this CPU's whole TLB was invalidated, global entries included.
 * After an error: the CPU is as before.
 *
 * A CPU that died without qpmap_cpu_offline() keeps its index, and with
 * QPMAP_SHOOTDOWN, except on arm64, other CPUs wait for it for ever.  When the
 * kernel knows that the CPU executes nothing until its next reset, it must
 * store 0 to cpu_sync[index].online, with a store-release.  Then no CPU waits
 * for it, and the index is free.  Before the index is used again the kernel
 * must clear the window's PTEs, and zero a state that is used again.
 *
 * Context: preemption off; no interrupt or NMI may enter a page on this CPU
 * before it returns.  Returns 0 or an enum qpmap_error.
 */
QPMAP_CALL int qpmap_cpu_online(struct qpmap_cpu *cpu, qpmap_u32 index,
    const struct qpmap_cpu_ptes *ptes);

/*
 * Take the calling CPU's window away; an enter afterwards panics.
 *
 * After: another CPU may take the CPU index, and the state's memory may be
 * reused or passed to qpmap_cpu_online() again.  With QPMAP_SHOOTDOWN a late
 * interrupt on this CPU still calls qpmap_host_cpu(): the memory must not be
 * reused until none can come.  The window's PTEs are zero, except for the mark
 * of QPMAP_F_MARK_GUARDS, which stays.
 *
 * Panics if a mapping is held (QPMAP_PANIC_HELD) or if the CPU is not online
 * (QPMAP_PANIC_NOT_ONLINE).  Context: as qpmap_cpu_online().
 */
QPMAP_CALL void qpmap_cpu_offline(struct qpmap_cpu *cpu);

/*
 * Crash path only: unmap and invalidate all slots and ranges of the calling
 * CPU, held or not, so that a dump can use them.
 *
 * The code that held the mappings must never run again.  Preemption stays as
 * it is.  The function cannot take a window from another CPU: see
 * qpmap_cpu_online().
 *
 * Context: any, after a panic, on an online CPU from which the caller cannot be
 * moved.
 */
QPMAP_CALL void qpmap_cpu_abandon(struct qpmap_cpu *cpu);

/*
 * Map a physical page for reading and writing by the kernel.  Returns its
 * address: page-aligned, never 0.
 *
 * pa		physical address, a multiple of the page size, within the width
 *		of qpmap_config.pa_bits or the CPU's, and below the sharing
 *		masks.  The page must be wired, held or unmanaged, and not be
 *		freed or reused, while it is mapped
 * attr		the memory type, ORed with QPMAP_ATTR_PRIVATE or
 *		QPMAP_ATTR_SHARED if needed
 *
 * Never fails.  A bad argument is a panic, and so is one mapping more on this
 * CPU than qpmap_config.nesting.
 *
 * If the direct map has the page with that type and sharing, its address there
 * is returned, no slot is used, and the caller is not pinned.  Otherwise the
 * caller is pinned until qpmap_remove().  Until then it must not sleep, take a
 * lock that can sleep, or switch the address space (on x86 see
 * QPMAP_F_FLUSH_ON_MAP).  With QPMAP_SWITCH it may sleep, and must not move to
 * another CPU: see <qpmap/switch.h>.
 *
 * Mappings nest, last in, first out.  Code that must also run on another
 * implementation of pmap_quick_enter_page(9) must hold only one (C6).
 *
 * Wait-free: no lock, no loop, no wait for another CPU's software.
 * Context: any (threads, interrupts, NMI), with any lock held.
 *
 * <qpmap/inline.h> has this function and qpmap_remove() inline, for pages in
 * the direct map.
 */
QPMAP_CALL qpmap_vaddr_t qpmap_enter(qpmap_paddr_t pa, qpmap_attr_t attr);

/*
 * Map a physical page read-only: as qpmap_enter(), but a store faults, and the
 * direct map is never used.
 */
QPMAP_CALL qpmap_vaddr_t qpmap_enter_ro(qpmap_paddr_t pa, qpmap_attr_t attr);

/*
 * Unmap the newest mapping of this CPU.  va is the address that its enter
 * returned.
 *
 * After: an access through a window address faults on this CPU, the page may be
 * freed, and the slot is free.  Another CPU may have walked this window
 * speculatively.  It may keep the translation until qpmap_quiesce(), except on
 * arm64 without QPMAP_F_LOCAL_TLBI.  Only speculation can use it, since no code
 * there uses the address.  For an address in the direct map the function does
 * nothing.
 *
 * Outside the direct map any other address, of an older mapping or of one
 * removed before, is a panic (QPMAP_PANIC_REMOVE).  Addresses in the direct map
 * are not checked: a wrong one does nothing, and the window mapping that was
 * to be removed stays held.
 *
 * Wait-free; on arm64 its DSB waits until the broadcast TLBI is complete.
 * Context: that of the enter, on the same CPU.
 */
QPMAP_CALL void qpmap_remove(qpmap_vaddr_t va);

/*
 * Count the window mappings, ranges and large pages that the calling CPU holds.
 * A scheduler can assert that there are none.  Context: preemption off; cpu is
 * this CPU's state.
 */
QPMAP_CALL qpmap_u32 qpmap_held(const struct qpmap_cpu *cpu);

/*
 * Zero or copy a page; read or write a range of physical memory.  One mapping
 * is held at a time, two during a copy.
 *
 * zero		zero the page at pa
 * copy		copy the page at src to that at dst; nesting must allow two.
 *		dst = src is allowed
 * read		copy len bytes from physical address pa, of any alignment,
 *		across page boundaries, to kernel memory at buf.  len = 0 does
 *		nothing
 * write	the same, from buf to pa
 *
 * The attribute may also have QPMAP_ATTR_WIDTH_4.
 *
 * Accesses to a page: none is outside the range.  An aligned access of 1, 2, 4
 * or (64-bit targets) 8 bytes by qpmap_read() or qpmap_write() is one load or
 * store of that width, whatever the memory type.  A longer range, or a page, is
 * accessed
 *
 * - with type write-back or write-through: as memory, in the fastest way;
 * - with another type: as a device.  Each byte is accessed once, in ascending
 *   order, by plain loads and stores, naturally aligned and as wide as the
 *   place in the page allows, up to a general register;
 * - with QPMAP_ATTR_WIDTH_4, and any type: as a device, at most four bytes
 *   wide.
 *
 * 32-bit registers of a device must be read one by one or with
 * QPMAP_ATTR_WIDTH_4; otherwise two neighbours become one access of eight
 * bytes.  A device that is mapped write-back (riscv64 without QPMAP_F_SVPBMT,
 * which has no other type) is accessed as memory, unless QPMAP_ATTR_WIDTH_4 is
 * given.
 *
 * buf is cacheable memory with any alignment.  arm64: SCTLR_EL1.A must be
 * clear, unless pa, buf and len are multiples of 8.  x86: EFLAGS.DF must be
 * clear, as in the calling convention.  No cache-zeroing instruction is used.
 * arm64, MTE: memory tags are not copied; a page keeps its own.
 *
 * An access must not fault: the page must be there, not poisoned and not
 * withdrawn by a hypervisor, and buf must be mapped.  If a fault handler leaves
 * the function, the slot stays held, and preemption off, for ever.
 * <qpmap/try.h> has copies that survive a fault of the page.
 *
 * Panics as qpmap_enter(), and before any access if a range wraps around the
 * physical address space (QPMAP_PANIC_RANGE).  Context: as qpmap_enter().
 */
QPMAP_CALL void qpmap_zero_page(qpmap_paddr_t pa, qpmap_attr_t attr);
QPMAP_CALL void qpmap_copy_page(qpmap_paddr_t dst, qpmap_attr_t dst_attr,
    qpmap_paddr_t src, qpmap_attr_t src_attr);
QPMAP_CALL void qpmap_read(qpmap_paddr_t pa, qpmap_attr_t attr, void *buf,
    qpmap_size_t len);
QPMAP_CALL void qpmap_write(qpmap_paddr_t pa, qpmap_attr_t attr,
    const void *buf, qpmap_size_t len);

/*
 * Test a new port: map two different spare pages of write-back RAM, write
 * through each mapping and read back through another, and check that they do
 * not mix and that no mapping is held at the end.  The pages' contents are
 * lost.
 *
 * Returns 0, or the number of the step that failed: 1 an address was 0 or not
 * page-aligned; 2 a page did not keep its data; 3 the pages mixed; 4 a
 * read-only mapping showed other data; 5 the number of mappings held changed;
 * 6 the two pages are the same, or nesting does not allow two.
 *
 * A remove that does not invalidate is detected only by the slot's next
 * mapping; on riscv64, and with QPMAP_F_FLUSH_ON_MAP, not at all, since an
 * enter invalidates, too.  A kernel with a fault handler can load from the
 * address after a remove, and must get a fault (docs/porting-kernel.md).  Not
 * tested: translations on other CPUs, memory types, missing barriers.
 *
 * Context: as qpmap_enter().
 */
QPMAP_CALL int qpmap_selftest(qpmap_paddr_t pa, qpmap_paddr_t pa2);

QPMAP_END_DECLS

#ifndef QPMAP_INLINE_H	/* else it includes this file */
#include "inline.h"
#endif

#endif /* QPMAP_QPMAP_H */
