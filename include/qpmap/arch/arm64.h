/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arm64: values for qpmap_config.layout, the MAIR_EL1 register.
 *
 * Byte n is the attribute of AttrIndx n: 0x00 Device-nGnRnE, 0x04
 * Device-nGnRE, 0x44 Normal non-cacheable, 0xbb Normal write-through, 0xff
 * Normal write-back.  A kernel without a write-back byte must pass
 * template_leaf[QPMAP_ATTR_WRITE_BACK].  Arm ARM (DDI 0487), "MAIR_EL1, Memory
 * Attribute Indirection Register (EL1)".
 */
#ifndef QPMAP_ARCH_ARM64_H
#define QPMAP_ARCH_ARM64_H

/* Linux without MTE: 0 and 1 WB, 2 NC, 3 nGnRnE, 4 nGnRE. */
#define QPMAP_MAIR_LINUX	0x000000040044ffffULL
/* Linux with MTE: 1 is Normal write-back, tagged. */
#define QPMAP_MAIR_LINUX_MTE	0x000000040044f0ffULL
/* FreeBSD: 0 nGnRnE, 1 NC, 2 WB, 3 WT, 4 nGnRE. */
#define QPMAP_MAIR_FREEBSD	0x00000004bbff4400ULL

#endif /* QPMAP_ARCH_ARM64_H */
