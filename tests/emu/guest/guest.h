/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's functions and variables that the harness, or its boot code,
 * knows by name.
 */
#ifndef GUEST_GUEST_H
#define GUEST_GUEST_H

#include <qpmap/qpmap.h>
#include <qpmap/shootdown.h>
#include <qpmap/switch.h>
#include <qpmap/try.h>

extern qpmap_u64 guest_boot_arg[];
extern qpmap_u64 guest_wire[];
extern qpmap_u64 guest_pool[];
extern qpmap_u64 guest_pool_count;
extern qpmap_u64 guest_freed[];
extern qpmap_u64 guest_freed_count;
extern qpmap_u64 guest_table_last;
extern qpmap_u64 guest_table_alias;
extern qpmap_u64 guest_leaf_calls;
extern qpmap_u64 guest_not_pinned;
extern qpmap_u64 guest_panic[];
extern const qpmap_u64 guest_fact[];
extern unsigned char guest_stack[];
#if QPMAP_SHOOTDOWN
extern struct qpmap_shootdown_state guest_shootdown;
extern struct qpmap_cpu_sync guest_cpu_sync[];
extern struct qpmap_global guest_group[];
#endif
#if QPMAP_SWITCH
extern struct qpmap_saved guest_saved[];
#endif
#if QPMAP_RANGE_PAGES
extern qpmap_paddr_t guest_list[][QPMAP_RANGE_PAGES];
#endif
#if QPMAP_TRY
extern struct qpmap_fault guest_fault;
#endif

void guest_boot(void);		/* <arch>.S: paging on, then guest_stop */
void guest_switch(qpmap_uptr root);	/* <arch>.S: CR3 and the like */
void guest_stop(void);
void guest_panicked(void);
int guest_init(void);
void guest_thread_init(unsigned int number);
void guest_yield(void);
qpmap_uptr guest_page_of(qpmap_paddr_t pa, qpmap_attr_t attr);
qpmap_vaddr_t guest_quick_enter(qpmap_paddr_t pa, qpmap_attr_t attr);
void guest_quick_remove(qpmap_vaddr_t va);
qpmap_vaddr_t guest_inline_enter(qpmap_paddr_t pa, qpmap_attr_t attr);
void guest_inline_remove(qpmap_vaddr_t va);
qpmap_vaddr_t guest_inline_quick_enter(qpmap_paddr_t pa, qpmap_attr_t attr);
void guest_inline_quick_remove(qpmap_vaddr_t va);
void guest_count_nothing(qpmap_paddr_t pa);
void guest_count_enter(qpmap_paddr_t pa);
void guest_count_pair(qpmap_paddr_t pa);
void guest_count_leaf(qpmap_paddr_t pa);
void guest_count_caller(qpmap_paddr_t pa);
#if QPMAP_SWITCH
void guest_switch_nothing(struct qpmap_cpu *cpu, struct qpmap_saved *saved);
void guest_switch_out(struct qpmap_cpu *cpu, struct qpmap_saved *saved);
void guest_switch_in(struct qpmap_cpu *cpu, struct qpmap_saved *saved);
#endif
#if QPMAP_SHOOTDOWN
qpmap_vaddr_t guest_global_enter(qpmap_paddr_t pa, qpmap_attr_t attr);
#endif
qpmap_uptr guest_load8(qpmap_vaddr_t va);
qpmap_uptr guest_load16(qpmap_vaddr_t va);
qpmap_uptr guest_load32(qpmap_vaddr_t va);
qpmap_uptr guest_load64(qpmap_vaddr_t va);
void guest_store8(qpmap_vaddr_t va, qpmap_uptr value);
void guest_store16(qpmap_vaddr_t va, qpmap_uptr value);
void guest_store32(qpmap_vaddr_t va, qpmap_uptr value);
void guest_store64(qpmap_vaddr_t va, qpmap_uptr value);
void guest_fetch(qpmap_vaddr_t va);

#endif /* GUEST_GUEST_H */
