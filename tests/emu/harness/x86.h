/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the amd64 and the i386 driver share.
 */
#ifndef EMU_X86_H
#define EMU_X86_H

#include "emu.h"

#define X86_CR0_PE	UINT64_C(0x00000001)
#define X86_CR0_ET	UINT64_C(0x00000010)
#define X86_CR0_NE	UINT64_C(0x00000020)
#define X86_CR0_WP	UINT64_C(0x00010000)
#define X86_CR0_PG	UINT64_C(0x80000000)
#define X86_CR4_PAE	UINT64_C(0x00000020)
#define X86_CR4_PGE	UINT64_C(0x00000080)
#define X86_CR4_LA57	UINT64_C(0x00001000)
#define X86_CR4_PCIDE	UINT64_C(0x00020000)
#define X86_EFER_LME	UINT64_C(0x00000100)
#define X86_EFER_NXE	UINT64_C(0x00000800)

/* Booted with CR4.PGE clear. */
#define X86_BOOT_NO_PGE	(EMU_BOOT_ARCH << 4)
/* PAE: the PDPT is in the middle of a page. */
#define X86_BOOT_PDPT_INSIDE (EMU_BOOT_ARCH << 5)

/* CPUID denies the PAT; and RDMSR of EFER is refused, as CPUID does not say. */
#define X86_BOOT_NO_PAT (EMU_BOOT_ARCH << 7)
#define X86_BOOT_NO_EFER (EMU_BOOT_ARCH << 8)

/* amd64: booted with CR4.PCIDE set.  The engine has no PCIDs. */
#define X86_BOOT_PCIDE (EMU_BOOT_ARCH << 6)

/* The model of the next engine: UC_CPU_X86_SKYLAKE_SERVER but for a test. */
extern int x86_cpu_model;

/* emu_arch members that are the same on both. */
void x86_opened(struct emu *e);
unsigned x86_root(const struct emu *e, uint64_t va);
bool x86_is_valid(const struct emu *e, uint64_t entry);
bool x86_is_table(const struct emu *e, uint64_t entry, unsigned level);
void x86_fault(struct emu *e, uint32_t vector);
bool x86_repeats(const uint8_t *bytes);
void x86_decode(struct emu *e, uint64_t pc, const uint8_t *bytes, size_t size);
bool x86_lacks(struct emu *e, uint64_t pc, const uint8_t *bytes, size_t size);
const char *x86_type_name(const struct emu *e, unsigned type);
bool x86_type_slow(const struct emu *e, unsigned type);
extern const struct emu_layout x86_layouts[];
extern const struct emu_feature x86_features[];
extern const struct emu_feature x86_poison;
extern const struct emu_feature x86_shootdown_features[];
#define X86_SHOOTDOWN_LIMIT 32
/* Pages from which on a range is invalidated with everything. */
#define X86_RANGE_LIMIT 32
extern const uint8_t x86_ret_bytes[1];
extern const uint8_t x86_spin_bytes[2];

/* "WB" etc. for entry index of the live PAT. */
const char *x86_pat_name(const struct emu *e, unsigned index);

/*
 * Bits 0 to 11 of a leaf and nx, into leaf; pa is the driver's to set, and
 * rest is what is left in the low bits.
 */
void x86_decode_low(const struct emu *e, uint64_t entry, bool nx,
    struct emu_leaf *leaf);

/* All of emu_arch.expect but the stores of EMU_MAP and EMU_CLEAR. */
void x86_expect(struct emu *e, enum emu_step step,
    const struct emu_step_arg *arg);

#endif /* EMU_X86_H */
