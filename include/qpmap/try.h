/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copies that survive a fault of a page.  Builds with QPMAP_TRY.
 *
 * A page may be poisoned (a machine check, a synchronous external abort),
 * withdrawn by a hypervisor, or not there (a crash dump, /dev/mem).  The
 * functions of <qpmap/qpmap.h> must not meet such a page.  These may, if the
 * kernel's fault handler calls qpmap_fault_resume().  In all else they are like
 * those, page by page: no ranges are used.
 *
 * Only the page may fault.  A fault of buf is a bug in the kernel: the handler
 * is told so.
 *
 * Not for a page that is known to be there: the plain functions are shorter.
 * Not for user addresses, which the kernel's own functions copy.  A device
 * whose read has an effect must not be read again after a fault.
 */
#ifndef QPMAP_TRY_H
#define QPMAP_TRY_H

#include "arch/fault.h"
#include "qpmap.h"

#if QPMAP_TRY

QPMAP_BEGIN_DECLS

/*
 * As qpmap_read(), qpmap_write() and qpmap_copy_page().  Return the number of
 * bytes that were not copied: 0 if all were.  So many less than len, at the
 * front, were copied.
 *
 * After a fault up to 63 bytes that could have been copied may be missing.
 * The bytes behind those that were copied may have been stored, in whole or in
 * part.  Nothing is tried again, since a second access would meet the same
 * poison.  The mapping is removed in any case.
 *
 * A page with a physical address that is too wide counts as one that faulted:
 * it is no panic, as it is in qpmap_enter().  So does the end of the physical
 * address space.  All other panics are the same, except that of a range that
 * wraps (QPMAP_PANIC_RANGE).  Context: as qpmap_enter().
 */
QPMAP_CALL qpmap_size_t qpmap_try_read(qpmap_paddr_t pa, qpmap_attr_t attr,
    void *buf, qpmap_size_t len);
QPMAP_CALL qpmap_size_t qpmap_try_write(qpmap_paddr_t pa, qpmap_attr_t attr,
    const void *buf, qpmap_size_t len);
QPMAP_CALL qpmap_size_t qpmap_try_copy_page(qpmap_paddr_t dst,
    qpmap_attr_t dst_attr, qpmap_paddr_t src, qpmap_attr_t src_attr);

/*
 * For the kernel's handler of faults in its own code.  Returns the address at
 * which the trapped code must continue, or 0 if the fault is none that these
 * functions survive.
 *
 * The handler copies the trapped registers to *fault before, and if the result
 * is not 0, the one that is marked as changed back, and the result to the
 * trapped PC.  Nothing else of the trapped state may be changed.
 *
 * has_address must be 0 if the fault reported no address (x86: #MC, #GP, #VE;
 * arm64: FnV is set; riscv64: stval is 0).  Such a fault counts as the load's:
 * in qpmap_try_read() and qpmap_try_copy_page() that of the page.  In
 * qpmap_try_write() it is that of buf, and the result is 0.
 *
 * Context: any.  It accesses only its argument.
 */
QPMAP_CALL qpmap_vaddr_t qpmap_fault_resume(struct qpmap_fault *fault);

QPMAP_END_DECLS

#endif /* QPMAP_TRY */

#endif /* QPMAP_TRY_H */
