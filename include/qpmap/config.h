/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Build options: properties of the kernel that are fixed at build time.
 *
 * Each option is a macro given on the command line, with the same value for
 * the library and for every file of the kernel that includes <qpmap/qpmap.h>.
 * qpmap_init() compares the values of the two (QPMAP_OPTIONS), and its error
 * names the option.  Properties chosen at boot (four or five levels, Sv39 or
 * Sv57, T1SZ) are not options: the library reads them from the CPU.
 */
#ifndef QPMAP_CONFIG_H
#define QPMAP_CONFIG_H

/*
 * log2 of the page size.  Default 12 (4 KiB).  arm64 also takes 14 (16 KiB)
 * and 16 (64 KiB); the value must be that of TCR_EL1.TG1.
 */
#ifndef QPMAP_PAGE_SHIFT
#define QPMAP_PAGE_SHIFT 12
#endif

/*
 * i386 only: 1 for PAE (64-bit entries), 0 for 32-bit entries.  Default 0.
 * Must agree with CR4.PAE.
 */
#ifndef QPMAP_PAE
#define QPMAP_PAE 0
#endif

/*
 * arm64 only, 4 and 16 KiB pages: 1 if TCR_EL1.DS is set (FEAT_LPA2, 52-bit
 * output addresses).  Default 0.
 */
#ifndef QPMAP_LPA2
#define QPMAP_LPA2 0
#endif

/*
 * Slots in each CPU's window: the number of mappings that can be held at once
 * on one CPU, by a thread and everything that interrupts it together.  1 to 8,
 * default 4.  The PTEs of up to 4 fit in one 64-byte line, at 8 bytes each.
 */
#ifndef QPMAP_SLOTS
#define QPMAP_SLOTS 4
#endif

/*
 * Bytes in a cache line, 64 (default) or 128.  No two CPUs' PTEs, and no two
 * CPUs' states, share a line of this size.
 */
#ifndef QPMAP_CACHE_LINE
#define QPMAP_CACHE_LINE 64
#endif

/*
 * 1 (default): the configuration may have a direct map.  0: it has none; enter
 * and remove are compiled without the tests for it.
 */
#ifndef QPMAP_DIRECT_MAP
#define QPMAP_DIRECT_MAP 1
#endif

/*
 * The direct map of a kernel that knows it when it is compiled: physical
 * address, address, and size in bytes, as numbers that #if can read.  They are
 * then constants of the inline functions (<qpmap/inline.h>), and qpmap_init()
 * requires the same in the configuration.  Default 0: it is not known.
 */
#ifndef QPMAP_DIRECT_PA
#define QPMAP_DIRECT_PA 0
#endif
#ifndef QPMAP_DIRECT_VA
#define QPMAP_DIRECT_VA 0
#endif
#ifndef QPMAP_DIRECT_SIZE
#define QPMAP_DIRECT_SIZE 0
#endif

/*
 * 1: qpmap_enter() and qpmap_remove(), and the two functions of <qpmap/pmap.h>,
 * are inline for pages in the direct map (<qpmap/inline.h>).  Default 0.  Each
 * file may have its own value; the library's sources ignore it.
 */
#ifndef QPMAP_INLINE
#define QPMAP_INLINE 0
#endif

/*
 * 1: check more.  Enter calls qpmap_host_page_is_wired() (contract C9), and
 * with QPMAP_F_MARK_GUARDS checks its window's mark.  Remove panics on an
 * address in the direct map that is not page-aligned.  Default 0.
 */
#ifndef QPMAP_CHECKED
#define QPMAP_CHECKED 0
#endif

/*
 * 0 (default): the kernel passes leaf entries to qpmap_cpu_online(), and
 * supplies four hooks.  1: the library can build the page tables above the
 * window (QPMAP_F_BUILD_TABLES), and the kernel also supplies the table hooks.
 */
#ifndef QPMAP_TABLES
#define QPMAP_TABLES 0
#endif

/*
 * 1: add shootdown, global mappings and qpmap_quiesce() (<qpmap/shootdown.h>).
 * The kernel supplies an interprocessor interrupt (not on arm64) and memory for
 * the protocol.  Default 0: none of it is compiled.  Enter and remove do not
 * need it.
 */
#ifndef QPMAP_SHOOTDOWN
#define QPMAP_SHOOTDOWN 0
#endif

/*
 * Pages in each CPU's range area, guards included: add mappings of several
 * pages at consecutive addresses (<qpmap/range.h>).  A power of two, from
 * QPMAP_WINDOW_PAGES up to the entries of one table: 512 gives ranges of up to
 * 510 pages.  Default 0: none of it is compiled.
 */
#ifndef QPMAP_RANGE_PAGES
#define QPMAP_RANGE_PAGES 0
#endif

/*
 * Slots for large pages in each CPU's large window, 0 to 8: add mappings of one
 * large page (<qpmap/large.h>).  Default 0: none of it is compiled.
 */
#ifndef QPMAP_LARGE_SLOTS
#define QPMAP_LARGE_SLOTS 0
#endif

/*
 * 1: add copies that survive a fault of a page (<qpmap/try.h>).  Default 0:
 * they are not compiled.  It changes no structure, and qpmap_init() does not
 * compare it: a kernel that calls them does not link with a library without.
 */
#ifndef QPMAP_TRY
#define QPMAP_TRY 0
#endif

/*
 * 1: a thread may hold mappings over a context switch (<qpmap/switch.h>).  A
 * pin then keeps the thread on its CPU and leaves preemption on, and the kernel
 * supplies two more hooks (<qpmap/host.h>).  Default 0: none of it is compiled.
 */
#ifndef QPMAP_SWITCH
#define QPMAP_SWITCH 0
#endif

/*
 * Options that are not numbers:
 *
 * QPMAP_HOST_INLINE	the name of a header, quotes included, that defines
 *			qpmap_host_pin, qpmap_host_cpu and qpmap_host_unpin as
 *			static inline functions, and with QPMAP_SWITCH declares
 *			or defines qpmap_host_preempt_disable and _enable.  See
 *			<qpmap/host.h>.
 * QPMAP_HOST_PAGE	the name of a header, quotes included, with the
 *			kernel's own vm_page_t.  See <qpmap/pmap.h>.
 * QPMAP_HOT_ATTR	attributes for the functions of the hot path, for
 *			example __attribute__((no_instrument_function)).  The
 *			slow path (docs/tlb.md, "Slow-path mappings") is in
 *			functions without them.
 * QPMAP_ASM_RETURN	the return instruction of the copy loops, which are in
 *			assembly, as a string.  Default "ret".  For a kernel
 *			whose compiler emits another return, for example
 *			"jmp __x86_return_thunk".
 * QPMAP_INIT_ATTR	attributes for the functions that run only inside
 *			qpmap_init(), for a kernel that frees such code, for
 *			example __attribute__((section(".init.text"))).
 *			After that qpmap_init() must not be called again.
 */
#ifndef QPMAP_HOT_ATTR
#define QPMAP_HOT_ATTR
#endif
#ifndef QPMAP_INIT_ATTR
#define QPMAP_INIT_ATTR
#endif
#ifndef QPMAP_ASM_RETURN
#define QPMAP_ASM_RETURN "ret"
#endif

/*
 * Bytes in a page-table entry.  The target determines it; it is an option only
 * in native tests of another target's entries.
 */
#ifndef QPMAP_PTE_SIZE
#if __SIZEOF_POINTER__ == 4 && !QPMAP_PAE
#define QPMAP_PTE_SIZE 4
#else
#define QPMAP_PTE_SIZE 8
#endif
#endif

#if QPMAP_PAGE_SHIFT != 12 && QPMAP_PAGE_SHIFT != 14 && QPMAP_PAGE_SHIFT != 16
#error "qpmap: QPMAP_PAGE_SHIFT must be 12, 14 or 16"
#endif
#if QPMAP_PAE != 0 && QPMAP_PAE != 1
#error "qpmap: QPMAP_PAE must be 0 or 1"
#endif
#if QPMAP_LPA2 != 0 && QPMAP_LPA2 != 1
#error "qpmap: QPMAP_LPA2 must be 0 or 1"
#endif
#if QPMAP_LPA2 && QPMAP_PAGE_SHIFT == 16
#error "qpmap: QPMAP_LPA2 is for 4 and 16 KiB pages"
#endif
#if QPMAP_SLOTS < 1 || QPMAP_SLOTS > 8
#error "qpmap: QPMAP_SLOTS must be 1 to 8"
#endif
#if QPMAP_CACHE_LINE != 64 && QPMAP_CACHE_LINE != 128
#error "qpmap: QPMAP_CACHE_LINE must be 64 or 128"
#endif
#if QPMAP_DIRECT_MAP != 0 && QPMAP_DIRECT_MAP != 1
#error "qpmap: QPMAP_DIRECT_MAP must be 0 or 1"
#endif
#if QPMAP_DIRECT_SIZE == 0 && (QPMAP_DIRECT_PA != 0 || QPMAP_DIRECT_VA != 0)
#error "qpmap: QPMAP_DIRECT_PA and _VA need QPMAP_DIRECT_SIZE"
#endif
#if QPMAP_DIRECT_SIZE != 0 && (!QPMAP_DIRECT_MAP || QPMAP_DIRECT_VA == 0)
#error "qpmap: QPMAP_DIRECT_SIZE needs QPMAP_DIRECT_VA and QPMAP_DIRECT_MAP=1"
#endif
#if QPMAP_INLINE != 0 && QPMAP_INLINE != 1
#error "qpmap: QPMAP_INLINE must be 0 or 1"
#endif
#if QPMAP_CHECKED != 0 && QPMAP_CHECKED != 1
#error "qpmap: QPMAP_CHECKED must be 0 or 1"
#endif
#if QPMAP_TABLES != 0 && QPMAP_TABLES != 1
#error "qpmap: QPMAP_TABLES must be 0 or 1"
#endif
#if QPMAP_SHOOTDOWN != 0 && QPMAP_SHOOTDOWN != 1
#error "qpmap: QPMAP_SHOOTDOWN must be 0 or 1"
#endif
#if QPMAP_TRY != 0 && QPMAP_TRY != 1
#error "qpmap: QPMAP_TRY must be 0 or 1"
#endif
#if QPMAP_SWITCH != 0 && QPMAP_SWITCH != 1
#error "qpmap: QPMAP_SWITCH must be 0 or 1"
#endif

#if QPMAP_LARGE_SLOTS < 0 || QPMAP_LARGE_SLOTS > 8
#error "qpmap: QPMAP_LARGE_SLOTS must be 0 to 8"
#endif

#define QPMAP_PAGE_SIZE	((qpmap_vaddr_t)1 << QPMAP_PAGE_SHIFT)
#define QPMAP_PAGE_MASK	(QPMAP_PAGE_SIZE - 1)

/* PTEs in a cache line, and pages (PTEs) in one CPU's window. */
#define QPMAP_LINE_ENTRIES (QPMAP_CACHE_LINE / QPMAP_PTE_SIZE)
#define QPMAP_WINDOW_PAGES						\
	((2 * QPMAP_SLOTS + QPMAP_LINE_ENTRIES - 1) &			\
	    ~(QPMAP_LINE_ENTRIES - 1))

/* Bytes of address space in one CPU's window. */
#define QPMAP_WINDOW_SIZE						\
	((qpmap_vaddr_t)QPMAP_WINDOW_PAGES << QPMAP_PAGE_SHIFT)

#if QPMAP_RANGE_PAGES != 0
#if QPMAP_RANGE_PAGES < QPMAP_WINDOW_PAGES ||				\
    QPMAP_RANGE_PAGES > (1 << QPMAP_PAGE_SHIFT) / QPMAP_PTE_SIZE ||	\
    (QPMAP_RANGE_PAGES & (QPMAP_RANGE_PAGES - 1)) != 0
#error "qpmap: QPMAP_RANGE_PAGES must be 0 or a power of two, up to a table"
#endif
/* Bytes of address space in one CPU's range area; ranges held at once. */
#define QPMAP_RANGE_SIZE						\
	((qpmap_vaddr_t)QPMAP_RANGE_PAGES << QPMAP_PAGE_SHIFT)
#define QPMAP_RANGE_DEPTH	8
#endif

#if QPMAP_LARGE_SLOTS
/*
 * A large page is as large as what one leaf table maps: 2 MiB with 4 KiB pages,
 * 4 MiB on i386 with 32-bit entries, 32 MiB and 512 MiB with 16 and 64 KiB
 * pages.  log2 of it follows from the target, and is an option in native tests
 * only.
 */
#ifndef QPMAP_LARGE_SHIFT
#if QPMAP_PTE_SIZE == 4
#define QPMAP_LARGE_SHIFT (2 * QPMAP_PAGE_SHIFT - 2)
#else
#define QPMAP_LARGE_SHIFT (2 * QPMAP_PAGE_SHIFT - 3)
#endif
#endif
#define QPMAP_LARGE_SIZE ((qpmap_vaddr_t)1 << QPMAP_LARGE_SHIFT)
#define QPMAP_LARGE_MASK (QPMAP_LARGE_SIZE - 1)

/* Entries, and bytes of address space, of one CPU's large window. */
#define QPMAP_LARGE_ENTRIES						\
	((2 * QPMAP_LARGE_SLOTS + QPMAP_LINE_ENTRIES - 1) &		\
	    ~(QPMAP_LINE_ENTRIES - 1))
#define QPMAP_LARGE_WINDOW_SIZE						\
	((qpmap_vaddr_t)QPMAP_LARGE_ENTRIES << QPMAP_LARGE_SHIFT)
#endif

/*
 * Global mappings: slots in a group (bits in a word), and bytes of address
 * space of a group.  Every slot has an unmapped page on both sides.
 */
#define QPMAP_GLOBAL_SLOTS	(8 * __SIZEOF_POINTER__)
#define QPMAP_GLOBAL_SIZE						\
	((qpmap_vaddr_t)(2 * QPMAP_GLOBAL_SLOTS) << QPMAP_PAGE_SHIFT)

#endif /* QPMAP_CONFIG_H */
