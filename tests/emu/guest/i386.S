/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * i386: segments of our own, since GS is per CPU, then paging on.  The engine
 * starts in protected mode with flat segments that no table describes, and
 * paging off, so addresses are physical and VA = PA is all that changes.
 *
 * guest_boot_arg: 0 CR3, 1 CR4, 2 EFER, 3 PAT, 4 CR0, 5 GS base.
 */
	.data
	.balign	8
guest_gdt:
	.quad	0
	.quad	0x00cf9a000000ffff	/* 8: code, base 0, 4 GiB */
	.quad	0x00cf92000000ffff	/* 16: data, base 0, 4 GiB */
	.quad	0x00cf92000000ffff	/* 24: data, base filled in */
guest_gdt_end:
guest_gdtr:
	.word	guest_gdt_end - guest_gdt - 1
	.long	guest_gdt

	.text
	.globl guest_boot
guest_boot:
	movl	$guest_boot_arg, %esi
	movl	40(%esi), %eax
	movw	%ax, guest_gdt + 24 + 2
	shrl	$16, %eax
	movb	%al, guest_gdt + 24 + 4
	movb	%ah, guest_gdt + 24 + 7
	lgdt	guest_gdtr
	ljmp	$8, $guest_flat
guest_flat:
	movw	$16, %ax
	movw	%ax, %ss
	movw	%ax, %ds
	movw	%ax, %es
	movw	$24, %ax
	movw	%ax, %gs
	movl	8(%esi), %eax
	movl	%eax, %cr4
	movl	$0xc0000080, %ecx
	movl	16(%esi), %eax
	movl	20(%esi), %edx
	wrmsr
	movl	$0x277, %ecx
	movl	24(%esi), %eax
	movl	28(%esi), %edx
	wrmsr
	movl	(%esi), %eax
	movl	%eax, %cr3
	movl	32(%esi), %eax
	movl	%eax, %cr0
	jmp	guest_stop

/* Another root: the kernel goes on in another process. */
	.globl guest_switch
guest_switch:
	movl	4(%esp), %eax
	movl	%eax, %cr3
	ret
