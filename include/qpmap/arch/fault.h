/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * struct qpmap_fault (qpmap/try.h): the registers of a trap that
 * qpmap_fault_resume() needs, by their names.
 */
#ifndef QPMAP_ARCH_FAULT_H
#define QPMAP_ARCH_FAULT_H

#include "../types.h"

struct qpmap_fault {
	qpmap_uptr pc;		/* of the instruction that faulted */
	qpmap_uptr address;	/* that it accessed, if there is one */
	qpmap_uptr has_address;	/* 1, or 0 */
#if defined(__x86_64__)
	qpmap_uptr rax;		/* changed */
	qpmap_uptr rdi;
	qpmap_uptr r8;
#elif defined(__i386__)
	qpmap_uptr eax;		/* changed */
	qpmap_uptr edi;
	qpmap_uptr ebx;
#elif defined(__aarch64__)
	qpmap_uptr x0;		/* changed */
	qpmap_uptr x12;
	qpmap_uptr x13;
#elif defined(__riscv)
	qpmap_uptr a0;		/* changed */
	qpmap_uptr t5;
	qpmap_uptr t6;
#endif
};

#endif /* QPMAP_ARCH_FAULT_H */
