/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The instruction that reads a hart's configuration.  Native tests of the probe
 * replace the function.  For probe.c only.
 */
#ifndef QPMAP_ARCH_RISCV64_READ_H
#define QPMAP_ARCH_RISCV64_READ_H

#include <qpmap/types.h>

/*
 * CSRR rd, satp, by its fields: an assembler without Zicsr (-march=rv64imac,
 * from binutils 2.38 on) does not know the name.
 */
static inline qpmap_u64
qpmap_read_satp(void)
{
	qpmap_u64 value;

	__asm__ volatile(".insn i 0x73, 2, %0, x0, 0x180" : "=r"(value));
	return (value);
}

#endif /* QPMAP_ARCH_RISCV64_READ_H */
