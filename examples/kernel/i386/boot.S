/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * i386: from a CPU without paging to C, page tables of the image, vectors,
 * and the accesses that may fault.
 */
#define MACHINE_PA(symbol) (symbol - 0x80000000)
#define MACHINE_POINTER long
#include "entry.S"

/*
 * Every CPU, paging off.  The tables of machine_boot_root show the image at
 * its physical address as well, until the jump to where it belongs.
 */
	.text
	.code32
machine_boot_cpu:
#if QPMAP_PAE
	mov	$0x20, %eax		/* PAE */
	mov	%eax, %cr4
	mov	$0xc0000080, %ecx	/* EFER */
	rdmsr
	or	$0x800, %eax		/* NXE */
	wrmsr
#else
	mov	$0x10, %eax		/* PSE */
	mov	%eax, %cr4
#endif
	mov	$MACHINE_PA(machine_boot_root), %eax
	mov	%eax, %cr3
	mov	$0x80010033, %eax	/* PG, WP, NE, ET, MP, PE */
	mov	%eax, %cr0
	mov	$1f, %eax
	jmp	*%eax
1:	mov	$MACHINE_PA(machine_root), %eax
	mov	%eax, %cr3
	lgdt	machine_gdt_high
	mov	$0x10, %eax
	mov	%eax, %ss
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %fs
	mov	%eax, %gs
	mov	machine_boot_stack, %esp
	call	machine_main

	machine_vectors_make
machine_vector:
	pusha
	cld
	mov	%esp, %eax
	mov	%cr2, %edx
	push	%edx
	push	%eax
	call	machine_trap
	add	$8, %esp
	popa
	add	$8, %esp
	iret

/*
 * bool machine_load(va, value), machine_store(va, value), machine_fetch(va).
 * When the marked instruction faults, machine_trap() goes on at
 * machine_probe_failed; a fetch faults at va, with machine_fetch_return in
 * %ebx.  Before it CPUID makes sure that a new instruction is seen.
 */
	.globl	machine_load, machine_store, machine_fetch
	.globl	machine_load_at, machine_store_at, machine_fetch_return
	.globl	machine_probe_failed, machine_fetch_failed
machine_load:
	mov	4(%esp), %eax
	mov	8(%esp), %edx
machine_load_at:
	mov	(%eax), %eax
	mov	%eax, (%edx)
	mov	$1, %eax
	ret
machine_store:
	mov	4(%esp), %eax
	mov	8(%esp), %edx
machine_store_at:
	mov	%edx, (%eax)
	mov	$1, %eax
	ret
machine_probe_failed:
	xor	%eax, %eax
	ret
machine_fetch:
	push	%ebx
	xor	%eax, %eax
	cpuid
	mov	8(%esp), %eax
	mov	$machine_fetch_return, %ebx
	call	*%eax
machine_fetch_return:
	mov	$1, %eax
	pop	%ebx
	ret
machine_fetch_failed:
	pop	%ebx			/* what the call pushed */
	xor	%eax, %eax
	pop	%ebx
	ret

/* void machine_switch(from, to). */
	.globl	machine_switch
machine_switch:
	mov	4(%esp), %eax
	mov	8(%esp), %edx
	.irp	reg, ebp, ebx, esi, edi
	push	%\reg
	.endr
	mov	%esp, (%eax)
	mov	%edx, %esp
	.irp	reg, edi, esi, ebx, ebp
	pop	%\reg
	.endr
	ret

/*
 * Page tables.  The image's 1 GiB has three large pages: text, data, and the
 * LAPIC, uncached.  With PAE they are of 2 MiB, and only text can be executed;
 * else of 4 MiB, and the LAPIC is in the middle of its one.
 */
	.data
	.balign	4096
	.globl	machine_own
machine_own:
	.fill	1024, 4, 0
	.globl	machine_zero
machine_zero:
	.fill	1024, 4, 0
	.globl	machine_root
#if QPMAP_PAE
	.balign	32
machine_boot_root:
	.long	MACHINE_PA(machine_image) + 1, 0, 0, 0	/* P */
	.long	MACHINE_PA(machine_image) + 1, 0, 0, 0
machine_root:
	.long	MACHINE_PA(machine_zero_directory) + 1, 0
	.long	MACHINE_PA(machine_own_directory) + 1, 0
	.long	MACHINE_PA(machine_image) + 1, 0, 0, 0
	.balign	4096
machine_own_directory:
	.long	MACHINE_PA(machine_own) + 0x23, 0	/* A, RW, P */
	.fill	511, 8, 0
machine_zero_directory:
	.long	MACHINE_PA(machine_zero) + 0x23, 0
	.fill	511, 8, 0
machine_image:
	.fill	2, 8, 0
	.quad	0x00000000004000a1	/* PS, A, P */
	.quad	0
	.quad	0x80000000008000e3	/* NX; PS, D, A, RW, P */
	.fill	506, 8, 0
	.quad	0x80000000fee000fb	/* and PCD, PWT */
#else
	.balign	4096
machine_boot_root:
	.long	0, 0x004000a1, 0x008000e3
	.fill	510, 4, 0
	.long	0x004000a1, 0x008000e3
	.fill	509, 4, 0
machine_root:
	.long	MACHINE_PA(machine_zero) + 0x23
	.fill	255, 4, 0
	.long	MACHINE_PA(machine_own) + 0x23	/* A, RW, P */
	.fill	256, 4, 0
	.long	0x004000a1		/* PS, A, P */
	.long	0x008000e3		/* PS, D, A, RW, P */
	.fill	252, 4, 0
	.long	0xfec000fb		/* and PCD, PWT */
	.fill	256, 4, 0
#endif
