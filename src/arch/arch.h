/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Select the backend of the compiler's target, and set defaults.  contract.h
 * describes a backend.
 */
#ifndef QPMAP_ARCH_ARCH_H
#define QPMAP_ARCH_ARCH_H

#include "contract.h"

#if defined(QPMAP_ARCH_HEADER)
#include QPMAP_ARCH_HEADER	/* tests: a fake architecture */
#elif (defined(__x86_64__) || defined(__aarch64__) ||			\
    (defined(__riscv) && __riscv_xlen == 64)) && __SIZEOF_POINTER__ != 8
#error "qpmap: no backend for 4-byte pointers on a 64-bit target (x32)"
#elif defined(__x86_64__)
#include "amd64/pte.h"
#include "amd64/tlb.h"
#include "x86/copy.h"
#elif defined(__i386__)
#include "i386/pte.h"
#include "i386/tlb.h"
#include "x86/copy.h"
#elif defined(__aarch64__)
#include "arm64/pte.h"
#include "arm64/tlb.h"
#include "arm64/copy.h"
#elif defined(__riscv) && __riscv_xlen == 64
#include "riscv64/pte.h"
#include "riscv64/tlb.h"
#include "riscv64/copy.h"
#else
#error "qpmap: no backend for this target"
#endif

/*
 * Options of the fast path, which a tlb.h may define as 1.
 *
 * The target has an instruction that adds to a word in memory, and enter and
 * remove are shorter with it.
 */
#ifndef QPMAP_ADDS_TO_MEMORY
#define QPMAP_ADDS_TO_MEMORY 0
#endif

/*
 * A load or store can add the address of an object to a register at no cost,
 * and a test for 0 would take two instructions.
 */
#ifndef QPMAP_NEXT_IS_RELATIVE
#define QPMAP_NEXT_IS_RELATIVE 0
#endif

/* Enter is shorter with the PTE in the register of its first argument. */
#ifndef QPMAP_PTE_FIRST
#define QPMAP_PTE_FIRST 0
#endif

/*
 * Attributes that keep a compiler from calling its run-time library for an
 * atomic operation, for functions that exchange, add, set or clear.
 */
#ifndef QPMAP_ATOMIC
#define QPMAP_ATOMIC
#endif

#endif /* QPMAP_ARCH_ARCH_H */
