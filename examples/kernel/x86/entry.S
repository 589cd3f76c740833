/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * amd64 and i386: how a CPU comes to machine_boot_cpu, in 32-bit mode without
 * paging.  Included by their boot.S, which define MACHINE_PA(), the physical
 * address of a symbol.
 *
 * The first CPU comes here from QEMU, as the note says (Xen's "x86/HVM direct
 * boot ABI", XEN_ELFNOTE_PHYS32_ENTRY).  It puts the trampoline, which must be
 * below 1 MiB, in its place while no paging is in the way.
 */
#define MACHINE_TRAMPOLINE 0x8000

	.section .note.GNU-stack, "", @progbits

	.section .note.pvh, "a", @note
	.balign	4
	.long	4, 3f - 2f, 18
	.asciz	"Xen"
2:	.MACHINE_POINTER MACHINE_PA(machine_boot)
3:

	.text
	.code32
	.globl	machine_boot
machine_boot:
	cld
	mov	$MACHINE_PA(machine_trampoline), %esi
	mov	$MACHINE_TRAMPOLINE, %edi
	mov	$(machine_trampoline_end - machine_trampoline), %ecx
	rep movsb
	lgdt	MACHINE_PA(machine_gdt_low)
	ljmp	$0x08, $MACHINE_PA(machine_boot_cpu)

/* The others, from INIT and STARTUP: real mode, %cs:0 is the trampoline. */
	.code16
machine_trampoline:
	cli
	lgdtl	%cs:machine_trampoline_gdt - machine_trampoline
	mov	$1, %eax		/* CR0.PE */
	mov	%eax, %cr0
	ljmpl	$0x08, $MACHINE_PA(machine_boot_cpu)
machine_trampoline_gdt:
	.word	8 * 8 - 1
	.long	MACHINE_PA(machine_gdt)
machine_trampoline_end:

/*
 * Code and data of 32 bits, code of 64 bits, and on i386 one segment for each
 * CPU (machine.h).  All have their "accessed" bit.
 */
	.data
	.balign	8
	.globl	machine_gdt
machine_gdt:
	.quad	0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x00af9b000000ffff
	.quad	0, 0, 0, 0
machine_gdt_low:
	.word	8 * 8 - 1
	.long	MACHINE_PA(machine_gdt)
machine_gdt_high:
	.word	8 * 8 - 1
	.MACHINE_POINTER machine_gdt

/*
 * The code of 48 vectors, 16 bytes each: the vector's number, above an error
 * code if the CPU does not push one.
 */
	.macro	machine_vectors_make
	.balign	16
	.globl	machine_vectors
machine_vectors:
	.set	n, 0
	.rept	48
	.balign	16
	.if	((0x60227d00 >> n) & 1) == 0
	push	$0
	.endif
	push	$n
	jmp	machine_vector
	.set	n, n + 1
	.endr
	.endm
