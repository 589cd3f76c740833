/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * riscv64: values for qpmap_config.template_leaf on XuanTie C9xx cores whose
 * firmware has set MAEE.
 *
 * T-Head extension specification, "Memory Attribute Extension (XTheadMae)":
 * bits 63:60 are strong order, cacheable, bufferable, and on some cores
 * shareable, which is set here as in Linux.  The page number is 0.
 * QPMAP_ATTR_WRITE_BACK needs its template, too: without it RAM would be
 * mapped uncached.
 *
 * Machines with Svpbmt use QPMAP_F_SVPBMT and no template.  Machines with
 * neither have QPMAP_ATTR_WRITE_BACK only: the type is the PMA's, so a
 * device's registers mapped with it are I/O.  QPMAP_ATTR_UNCACHED is an error
 * there.
 */
#ifndef QPMAP_ARCH_RISCV64_H
#define QPMAP_ARCH_RISCV64_H

/* For QPMAP_ATTR_WRITE_BACK: cacheable, bufferable, shareable. */
#define QPMAP_LEAF_C9XX_WRITE_BACK	0x70000000000000c7ULL
/* For QPMAP_ATTR_WRITE_COMBINING: bufferable, shareable. */
#define QPMAP_LEAF_C9XX_WRITE_COMBINING	0x30000000000000c7ULL
/* For QPMAP_ATTR_UNCACHED: strong order, shareable. */
#define QPMAP_LEAF_C9XX_UNCACHED	0x90000000000000c7ULL

#endif /* QPMAP_ARCH_RISCV64_H */
