/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * amd64: QEMU's "q35" machine, four levels of page tables.  The image is in
 * the upper 2 GiB, as -mcmodel=kernel wants it; the windows have an entry of
 * the root to themselves.
 */
#ifndef MACHINE_H
#define MACHINE_H

#include "../x86/x86.h"

#define MACHINE_NAME		"amd64"
#define MACHINE_WINDOW_VA	((qpmap_vaddr_t)0xffffd00000000000)
#define MACHINE_OWN_VA		((qpmap_vaddr_t)0xffffffffc0000000)
#define MACHINE_IMAGE_OFFSET	((qpmap_vaddr_t)0xffffffff80000000)
#define MACHINE_FLAGS		0u
#define MACHINE_LEVELS		4u
#define MACHINE_ROOT_ENTRIES	512u
#define MACHINE_CODE		0x18u	/* code segment: boot.S */
#define MACHINE_SWITCH_WORDS	8	/* one for the ABI's alignment */
#define MACHINE_SWITCH_RETURN	6

/* What machine_vector saves, and the names that are printed. */
struct machine_frame {
	unsigned long r15, r14, r13, r12, r11, r10, r9, r8;
	unsigned long bp, di, si, dx, cx, bx, ax;
	unsigned long vector, error, ip, cs, flags, sp, ss;
};

#define MACHINE_FRAME_NAMES						\
	"r15", "r14", "r13", "r12", "r11", "r10", "r9", "r8",		\
	"rbp", "rdi", "rsi", "rdx", "rcx", "rbx", "rax",		\
	"vector", "error", "rip", "cs", "rflags", "rsp", "ss"

static inline qpmap_ptebits_t
machine_own_entry(qpmap_paddr_t pa)
{
	return (UINT64_C(1) << 63 | pa | MACHINE_OWN_PAGE);
}

/* %gs: its base is a register. */
static inline void
machine_set_self(uint32_t number, struct kernel_cpu **self)
{
	uint64_t base = (uint64_t)self;

	(void)number;
	__asm__ volatile("wrmsr" :: "c"(0xc0000101u), "a"((uint32_t)base),
			 "d"((uint32_t)(base >> 32)) : "memory");
}

#endif /* MACHINE_H */
