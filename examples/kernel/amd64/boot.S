/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * amd64: from 32-bit mode to C, page tables of the image, vectors, and the
 * accesses that may fault.
 */
#define MACHINE_PA(symbol) (symbol - 0xffffffff80000000)
#define MACHINE_POINTER quad
#include "entry.S"

/*
 * Every CPU, paging off.  The tables of machine_boot_root show the image at
 * its physical address as well, until the jump to where it belongs.
 */
	.text
	.code32
machine_boot_cpu:
	mov	$0x20, %eax		/* PAE */
	mov	%eax, %cr4
	mov	$MACHINE_PA(machine_boot_root), %eax
	mov	%eax, %cr3
	mov	$0xc0000080, %ecx	/* EFER */
	rdmsr
	or	$0x900, %eax		/* LME, NXE */
	wrmsr
	mov	$0x80010033, %eax	/* PG, WP, NE, ET, MP, PE */
	mov	%eax, %cr0
	ljmp	$0x18, $MACHINE_PA(1f)
	.code64
1:	movabs	$2f, %rax
	jmp	*%rax
2:	mov	$MACHINE_PA(machine_root), %rax
	mov	%rax, %cr3
	lgdt	machine_gdt_high
	mov	$0x10, %eax
	mov	%eax, %ss
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %fs
	mov	%eax, %gs
	mov	machine_boot_stack, %rsp
	call	machine_main

	machine_vectors_make
machine_vector:
	.irp	reg, rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, \
		r12, r13, r14, r15
	push	%\reg
	.endr
	cld
	mov	%rsp, %rdi
	mov	%cr2, %rsi
	call	machine_trap
	.irp	reg, r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, \
		rdx, rcx, rbx, rax
	pop	%\reg
	.endr
	add	$16, %rsp
	iretq

/*
 * bool machine_load(va, value), machine_store(va, value), machine_fetch(va).
 * When the marked instruction faults, machine_trap() goes on at
 * machine_probe_failed; a fetch faults at va, with machine_fetch_return in
 * %rbx.  Before it CPUID makes sure that a new instruction is seen.
 */
	.globl	machine_load, machine_store, machine_fetch
	.globl	machine_load_at, machine_store_at, machine_fetch_return
	.globl	machine_probe_failed, machine_fetch_failed
machine_load:
machine_load_at:
	mov	(%rdi), %eax
	mov	%eax, (%rsi)
	mov	$1, %eax
	ret
machine_store:
machine_store_at:
	mov	%esi, (%rdi)
	mov	$1, %eax
	ret
machine_probe_failed:
	xor	%eax, %eax
	ret
machine_fetch:
	push	%rbx
	xor	%eax, %eax
	cpuid
	mov	$machine_fetch_return, %rbx
	call	*%rdi
machine_fetch_return:
	mov	$1, %eax
	pop	%rbx
	ret
machine_fetch_failed:
	pop	%rbx			/* what the call pushed */
	xor	%eax, %eax
	pop	%rbx
	ret

/* void machine_switch(from, to). */
	.globl	machine_switch
machine_switch:
	.irp	reg, rbp, rbx, r12, r13, r14, r15
	push	%\reg
	.endr
	mov	%rsp, (%rdi)
	mov	%rsi, %rsp
	.irp	reg, r15, r14, r13, r12, rbx, rbp
	pop	%\reg
	.endr
	ret

/*
 * Page tables.  The image's 1 GiB has three pages of 2 MiB: text, data that
 * cannot be executed, and the LAPIC, uncached.  The next 1 GiB begins with the
 * pages that the kernel maps itself.
 */
	.data
	.balign	4096
machine_boot_root:
	.quad	MACHINE_PA(machine_boot_pdpt) + 0x23	/* A, RW, P */
	.fill	510, 8, 0
	.quad	MACHINE_PA(machine_pdpt) + 0x23
	.globl	machine_root
machine_root:
	.quad	MACHINE_PA(machine_zero_pdpt) + 0x23
	.fill	510, 8, 0
	.quad	MACHINE_PA(machine_pdpt) + 0x23
machine_boot_pdpt:
	.quad	MACHINE_PA(machine_image) + 0x23
	.fill	511, 8, 0
machine_pdpt:
	.fill	510, 8, 0
	.quad	MACHINE_PA(machine_image) + 0x23
	.quad	MACHINE_PA(machine_own_directory) + 0x23
machine_own_directory:
	.quad	MACHINE_PA(machine_own) + 0x23
	.fill	511, 8, 0
	.globl	machine_own
machine_own:
	.fill	512, 8, 0
machine_zero_pdpt:
	.quad	MACHINE_PA(machine_zero_directory) + 0x23
	.fill	511, 8, 0
machine_zero_directory:
	.quad	MACHINE_PA(machine_zero) + 0x23
	.fill	511, 8, 0
	.globl	machine_zero
machine_zero:
	.fill	512, 8, 0
machine_image:
	.fill	2, 8, 0
	.quad	0x00000000004000a1	/* PS, A, P */
	.quad	0
	.quad	0x80000000008000e3	/* NX; PS, D, A, RW, P */
	.fill	506, 8, 0
	.quad	0x80000000fee000fb	/* and PCD, PWT */
