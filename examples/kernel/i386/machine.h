/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * i386: QEMU's "q35" machine, 32-bit entries or PAE.  The image is in the
 * third GiB, the windows are in the last: with PAE an entry of the PDPT to
 * themselves.  The pages that the kernel maps itself are in the second.
 */
#ifndef MACHINE_H
#define MACHINE_H

#include "../x86/x86.h"

#define MACHINE_WINDOW_VA	((qpmap_vaddr_t)0xd0000000)
#define MACHINE_OWN_VA		((qpmap_vaddr_t)0x40000000)
#define MACHINE_IMAGE_OFFSET	((qpmap_vaddr_t)0x80000000)
#define MACHINE_CODE		0x08u	/* code segment: boot.S */
#define MACHINE_SWITCH_WORDS	6	/* one for the ABI's alignment */
#define MACHINE_SWITCH_RETURN	4

/* 32-bit entries have no bit that forbids execution. */
#if QPMAP_PAE
#define MACHINE_NAME		"i386-pae"
#define MACHINE_FLAGS		0u
#define MACHINE_LEVELS		3u
#define MACHINE_ROOT_ENTRIES	4u
#else
#define MACHINE_NAME		"i386"
#define MACHINE_FLAGS		QPMAP_F_NO_NX
#define MACHINE_LEVELS		2u
#define MACHINE_ROOT_ENTRIES	1024u
#endif

/* What machine_vector saves, and the names that are printed. */
struct machine_frame {
	unsigned long di, si, bp, sp, bx, dx, cx, ax;
	unsigned long vector, error, ip, cs, flags;
};

#define MACHINE_FRAME_NAMES						\
	"edi", "esi", "ebp", "esp", "ebx", "edx", "ecx", "eax",		\
	"vector", "error", "eip", "cs", "eflags"

/* With NX, if it is wide enough. */
static inline qpmap_ptebits_t
machine_own_entry(qpmap_paddr_t pa)
{
	return ((qpmap_ptebits_t)(QPMAP_PAE ? UINT64_C(1) << 63 : 0) | pa |
	    MACHINE_OWN_PAGE);
}

/* %gs: a segment of 4 bytes for each CPU, after the three of boot.S. */
extern uint64_t machine_gdt[];

static inline void
machine_set_self(uint32_t number, struct kernel_cpu **self)
{
	uint64_t base = (uint64_t)(unsigned long)self;

	machine_gdt[4 + number] = 0x0040930000000003ull |
	    (base & 0xffffffu) << 16 | (base >> 24) << 56;
	__asm__ volatile("mov %w0, %%gs" :: "r"((4 + number) * 8)
			 : "memory");
}

#endif /* MACHINE_H */
