/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an error code means.
 */
#include <qpmap/qpmap.h>

static const char *const qpmap_error_text[QPMAP_ERR_COUNT_] = {
	[QPMAP_OK] = "success",
	[QPMAP_ERR_OPTIONS] =
	    "the kernel was compiled with the headers of another library",
	[QPMAP_ERR_OPTION_PAGE_SHIFT] =
	    "the kernel was compiled with another QPMAP_PAGE_SHIFT",
	[QPMAP_ERR_OPTION_PAE] =
	    "the kernel was compiled with another QPMAP_PAE",
	[QPMAP_ERR_OPTION_LPA2] =
	    "the kernel was compiled with another QPMAP_LPA2",
	[QPMAP_ERR_OPTION_SLOTS] =
	    "the kernel was compiled with another QPMAP_SLOTS",
	[QPMAP_ERR_OPTION_CACHE_LINE] =
	    "the kernel was compiled with another QPMAP_CACHE_LINE",
	[QPMAP_ERR_OPTION_DIRECT_MAP] =
	    "the kernel was compiled with another QPMAP_DIRECT_MAP",
	[QPMAP_ERR_OPTION_CHECKED] =
	    "the kernel was compiled with another QPMAP_CHECKED",
	[QPMAP_ERR_OPTION_TABLES] =
	    "the kernel was compiled with another QPMAP_TABLES",
	[QPMAP_ERR_OPTION_SHOOTDOWN] =
	    "the kernel was compiled with another QPMAP_SHOOTDOWN",
	[QPMAP_ERR_OPTION_LAYOUT] =
	    "the kernel's compiler lays out structures differently",
	[QPMAP_ERR_FLAGS] =
	    "a flag is unknown or means nothing on this machine",
	[QPMAP_ERR_NESTING] =
	    "nesting is more than the number of slots (QPMAP_SLOTS)",
	[QPMAP_ERR_CPU_COUNT] =
	    "cpu_count is 0 or larger than the address space",
	[QPMAP_ERR_WINDOW_ALIGN] =
	    "window_va is not a multiple of QPMAP_WINDOW_SIZE",
	[QPMAP_ERR_WINDOW_RANGE] =
	    "the window and its guard page are not kernel addresses",
	[QPMAP_ERR_WINDOW_DIRECT] =
	    "the window overlaps the direct map",
	[QPMAP_ERR_WINDOW_MAPPED] =
	    "something is mapped in the window or in its guard page",
	[QPMAP_ERR_WINDOW_LARGE] =
	    "a large page covers the window or its guard page",
	[QPMAP_ERR_ROOT_ABSENT] =
	    "the window needs a root entry, and there may be other roots",
	[QPMAP_ERR_TABLES] =
	    "qpmap_host_table_alloc() had no page left for a table",
	[QPMAP_ERR_DIRECT] =
	    "the direct map is misaligned, no kernel address, or not built",
	[QPMAP_ERR_TYPE_MASK] =
	    "types or direct_types has an unknown bit",
	[QPMAP_ERR_TYPE_WRITE_BACK] =
	    "no write-back type (arm64: template_leaf; x86: PAT entry 0)",
	[QPMAP_ERR_TYPE_WRITE_THROUGH] =
	    "this machine or its layout cannot express write-through",
	[QPMAP_ERR_TYPE_WRITE_COMBINING] =
	    "this machine or its layout cannot express write-combining",
	[QPMAP_ERR_TYPE_UNCACHED] =
	    "this machine or its layout cannot express uncached",
	[QPMAP_ERR_TYPE_UNCACHED_MINUS] =
	    "this machine or its layout cannot express uncached-minus",
	[QPMAP_ERR_LAYOUT] =
	    "layout differs from the CPU's PAT or MAIR register",
	[QPMAP_ERR_TEMPLATE] =
	    "a template is not a valid leaf entry",
	[QPMAP_ERR_SHARING] =
	    "private_mask and shared_mask are both given or not in range",
	[QPMAP_ERR_NX] =
	    "execution cannot be forbidden (EFER.NXE); QPMAP_F_NO_NX not given",
	[QPMAP_ERR_NO_NX] =
	    "QPMAP_F_NO_NX is given but the CPU can forbid execution",
	[QPMAP_ERR_WP] =
	    "CR0.WP is clear: read-only mappings could be written",
	[QPMAP_ERR_PAGE_SIZE] =
	    "the library's page size is not the CPU's",
	[QPMAP_ERR_PAGING] =
	    "paging is off or in a mode this library was not built for",
	[QPMAP_ERR_EPD1] =
	    "TCR_EL1.EPD1 is set: the upper half, the window's, is not walked",
	[QPMAP_ERR_PA_BITS] =
	    "pa_bits is larger than the CPU's, or one of them too small",
	[QPMAP_ERR_EXCEPTION_LEVEL] =
	    "the exception level is not EL1, nor EL2 with E2H and TGE",
	[QPMAP_ERR_CPU_ALIGN] =
	    "the CPU's state is not aligned to a cache line",
	[QPMAP_ERR_CPU_INDEX] =
	    "there is no such window",
	[QPMAP_ERR_CPU_LEAF] =
	    "no leaf entry is given, and none can be found in the tables",
	[QPMAP_ERR_LEAF_ALIGN] =
	    "the window's leaf entries do not begin a cache line",
	[QPMAP_ERR_LEAF_OFFSET] =
	    "the leaf entries are those of another window's addresses",
	[QPMAP_ERR_LEAF_USED] =
	    "the window's leaf entries are not empty",
	[QPMAP_ERR_CPU_DIFFERS] =
	    "this CPU's paging registers differ from the first CPU's",
	[QPMAP_ERR_CPU_ONLINE] =
	    "the CPU is online already, or its state was not zeroed",
	[QPMAP_ERR_NOT_INIT] =
	    "qpmap_init() has not succeeded",
	[QPMAP_ERR_CPU_HART] =
	    "another online CPU has the same hart number",
	[QPMAP_ERR_CPU_INDEX_TAKEN] =
	    "another CPU has a window of that number",
	[QPMAP_ERR_CPU_BUSY] =
	    "another CPU is in qpmap_cpu_online() without leaf entries",
	[QPMAP_ERR_CPUS_ONLINE] =
	    "qpmap_init() is called while CPUs are online",
	[QPMAP_ERR_SHOOTDOWN] =
	    "the shootdown's memory is missing or not aligned",
	[QPMAP_ERR_GLOBAL_RANGE] =
	    "global slots are misaligned, or in the way of something else",
	[QPMAP_ERR_GLOBAL_LEAF] =
	    "a group's leaf entries are missing, misplaced or not empty",
	[QPMAP_ERR_GLOBAL_FULL] =
	    "no global slot is free",
};

QPMAP_CALL const char *
qpmap_strerror(int error)
{
	if (error < 0 || error >= QPMAP_ERR_COUNT_) {
		return ("unknown error");
	}
	return (qpmap_error_text[error]);
}
