/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The panics of the library: a fixed text and two numbers, a and b, the
 * arguments of qpmap_host_panic().
 *
 * A panic means that the caller broke the contract.  The texts are the same in
 * all builds, so that they can be searched for.
 */
#ifndef QPMAP_PANIC_H
#define QPMAP_PANIC_H

/* Enter, a = physical address, b = attribute. */
#define QPMAP_PANIC_ATTR	"qpmap: no such memory attribute"
#define QPMAP_PANIC_TYPE	"qpmap: memory type is not in the configuration"
#define QPMAP_PANIC_ALIGN	"qpmap: physical address is not page-aligned"
#define QPMAP_PANIC_WIDTH	"qpmap: physical address is too wide"
/* Enter, checked builds: a = physical address, b = attribute. */
#define QPMAP_PANIC_NOT_WIRED	"qpmap: page is neither wired nor held"
/*
 * Enter: a = physical address, b = that of the newest mapping held.  NESTED if
 * one mapping is allowed (qpmap_config.nesting is 1, or 0 with QPMAP_SLOTS=1),
 * FULL otherwise.
 */
#define QPMAP_PANIC_NESTED	"qpmap: nested enter with a single slot"
#define QPMAP_PANIC_FULL	"qpmap: more mappings held than nesting allows"
/* Enter: a = physical address, b = the PTE that was found. */
#define QPMAP_PANIC_PTE_USED	"qpmap: a free slot's PTE is not zero"
/*
 * Enter, checked builds with QPMAP_F_MARK_GUARDS: a = physical address, b = the
 * PTE that was found in place of the mark.
 */
#define QPMAP_PANIC_MARK	"qpmap: the window's page table was freed"
/* Enter on a CPU that has no window: a = physical address, b = 0. */
#define QPMAP_PANIC_OFFLINE	"qpmap: enter on a CPU that is not online"

/* Large enter: a = physical address, b = attribute. */
#define QPMAP_PANIC_LARGE_ALIGN	"qpmap: no multiple of the large page size"
/* Large enter: a = physical address, b = that of the newest large page held. */
#define QPMAP_PANIC_LARGE_FULL	"qpmap: more large pages held than slots"

/* Remove: a = address given, b = address of the newest mapping, 0 if none. */
#define QPMAP_PANIC_REMOVE "qpmap: removed address is not the newest mapping"
/* Large remove: likewise, b = address of the newest large page. */
#define QPMAP_PANIC_LARGE_REMOVE "qpmap: removed large page is not the newest"

/*
 * Switch out: a = CPU index, b = ranges and large pages held.
 * Switch in: a = index of the CPU that saved the mappings, b = that of this
 * one, or 2^32 - 1 if it is offline.
 */
#define QPMAP_PANIC_SWITCH_HELD "qpmap: switch with a range or large page held"
#define QPMAP_PANIC_SWITCH_CPU "qpmap: thread with a mapping changed its CPU"

/* Offline: a = CPU index, b = mappings held. */
#define QPMAP_PANIC_HELD	"qpmap: CPU goes offline with a mapping held"
/* Offline, abandon: a = b = 0. */
#define QPMAP_PANIC_NOT_ONLINE	"qpmap: CPU is not online"

/* Shootdown, quiesce, global enter and remove: a = b = 0. */
#define QPMAP_PANIC_SHOOTDOWN	"qpmap: shootdown from a CPU not online"
/* Global remove: a = address given, b = 0. */
#define QPMAP_PANIC_GLOBAL "qpmap: removed address is not a global mapping"

/* Range enter: as enter.  A page of a list: a = its physical address. */
/* Range enter: a = index of the entry in the area, b = the PTE found. */
#define QPMAP_PANIC_RANGE_USED "qpmap: a free page of the area has a PTE"
/* Range remove: a = address given, b = that of the newest range, 0 if none. */
#define QPMAP_PANIC_RANGE_REMOVE "qpmap: removed range is not the newest"

/* Read, write; range enter: a = physical address, b = length in bytes. */
#define QPMAP_PANIC_RANGE	"qpmap: physical range wraps around"

#endif /* QPMAP_PANIC_H */
