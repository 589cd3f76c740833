/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * amd64 and i386: values for qpmap_config.layout, the IA32_PAT register.
 *
 * Byte n is the memory type of PAT entry n: 0 UC, 1 WC, 4 WT, 5 WP, 6 WB,
 * 7 UC-.  Intel SDM vol. 3, "Page Attribute Table (PAT)".
 */
#ifndef QPMAP_ARCH_X86_H
#define QPMAP_ARCH_X86_H

/* After reset: WB WT UC- UC WB WT UC- UC. */
#define QPMAP_PAT_RESET		0x0007040600070406ULL
/* Linux: WB WC UC- UC WB WP UC- WT. */
#define QPMAP_PAT_LINUX		0x0407050600070106ULL
/* FreeBSD: WB WT UC- UC WB WP WC UC. */
#define QPMAP_PAT_FREEBSD	0x0001050600070406ULL

#endif /* QPMAP_ARCH_X86_H */
