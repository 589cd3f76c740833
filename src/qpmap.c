/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The whole library in one file: the only source that a kernel adds to its
 * makefile, instead of those of sources.mk.  It takes the same flags, and
 * exports the same symbols.
 *
 * The cost, compared with separate files:
 *
 *  - one set of flags for all.  With -O2 the text is up to 8 % (gcc) or 21 %
 *    (clang 14) larger than in CMake's archive, where all but the hot path is
 *    compiled for size.
 *  - all of the library is linked, not only the members of an archive that are
 *    used.
 *  - clang for amd64, with inline hooks: enter has three instructions more, and
 *    enter_ro two.  It aligns the stack for a call to a panic, where it jumps
 *    if the function is in another file.
 *  - gcc 14 for i386: enter_ro and remove have one instruction more.
 *
 * Otherwise enter, enter_ro and remove have as many instructions as in an
 * object of their own, or fewer: tests/abi/check_single.py counts them.
 */
#include "core/quick.h"

/*
 * The compiler must not inline the hot path into functions that call it, nor
 * divide it into parts.
 */
#ifdef __clang__
#define QPMAP_APART __attribute__((noinline))
#else
#define QPMAP_APART __attribute__((noipa))
#endif

/* NOLINTNEXTLINE(readability-redundant-declaration): an attribute more */
QPMAP_APART QPMAP_CALL qpmap_vaddr_t qpmap_enter(qpmap_paddr_t pa,
    qpmap_attr_t attr);
/* NOLINTNEXTLINE(readability-redundant-declaration): as before */
QPMAP_APART QPMAP_CALL qpmap_vaddr_t qpmap_enter_ro(qpmap_paddr_t pa,
    qpmap_attr_t attr);
/* NOLINTNEXTLINE(readability-redundant-declaration): as before */
QPMAP_APART QPMAP_CALL void qpmap_remove(qpmap_vaddr_t va);

#undef QPMAP_APART

#include "core/quick.c"
#include "core/pmap.c"
#include "core/page_ops.c"
#include "core/try.c"
#include "core/slow.c"
#include "core/panic.c"
#include "core/range.c"
#include "core/large.c"
#include "core/large_slow.c"
#include "core/init.c"
#include "core/cpu.c"
#include "core/tables.c"
#include "core/shootdown.c"
#include "core/global.c"
#include "core/selftest.c"
#include "core/strerror.c"
#include "core/switch.c"
#include QPMAP_ARCH_PROBE_C
#include QPMAP_ARCH_COPY_C
