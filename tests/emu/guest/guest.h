/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's functions and variables that the harness, or its boot code,
 * knows by name.
 */
#ifndef GUEST_GUEST_H
#define GUEST_GUEST_H

#include <qpmap/qpmap.h>
#include <qpmap/shootdown.h>

extern __UINT64_TYPE__ guest_boot_arg[];
extern __UINT64_TYPE__ guest_wire[];
extern __UINT64_TYPE__ guest_pool[];
extern __UINT64_TYPE__ guest_pool_count;
extern __UINT64_TYPE__ guest_freed[];
extern __UINT64_TYPE__ guest_freed_count;
extern __UINT64_TYPE__ guest_table_last;
extern __UINT64_TYPE__ guest_table_alias;
extern __UINT64_TYPE__ guest_leaf_calls;
extern __UINT64_TYPE__ guest_not_pinned;
extern __UINT64_TYPE__ guest_panic[];
extern const __UINT64_TYPE__ guest_fact[];
extern unsigned char guest_stack[];
#if QPMAP_SHOOTDOWN
extern struct qpmap_shootdown guest_shootdown;
extern struct qpmap_remote guest_remote[];
extern struct qpmap_shared guest_group[];
#endif

void guest_boot(void);		/* <arch>.S: paging on, then guest_stop */
void guest_switch(__UINTPTR_TYPE__ root);	/* <arch>.S: CR3 and the like */
void guest_stop(void);
void guest_panicked(void);
int guest_init(void);
qpmap_vaddr_t guest_quick_enter(qpmap_paddr_t pa, qpmap_attr_t attr);
void guest_quick_remove(qpmap_vaddr_t va);
#if QPMAP_SHOOTDOWN
qpmap_vaddr_t guest_shared_enter(qpmap_paddr_t pa, qpmap_attr_t attr);
#endif
__UINTPTR_TYPE__ guest_load8(qpmap_vaddr_t va);
__UINTPTR_TYPE__ guest_load16(qpmap_vaddr_t va);
__UINTPTR_TYPE__ guest_load32(qpmap_vaddr_t va);
__UINTPTR_TYPE__ guest_load64(qpmap_vaddr_t va);
void guest_store8(qpmap_vaddr_t va, __UINTPTR_TYPE__ value);
void guest_store16(qpmap_vaddr_t va, __UINTPTR_TYPE__ value);
void guest_store32(qpmap_vaddr_t va, __UINTPTR_TYPE__ value);
void guest_store64(qpmap_vaddr_t va, __UINTPTR_TYPE__ value);
void guest_fetch(qpmap_vaddr_t va);

#endif /* GUEST_GUEST_H */
