/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * amd64: paging on.  The engine starts with 64-bit segments and paging off,
 * so addresses are physical and VA = PA is all that changes.
 *
 * guest_boot_arg: 0 CR3, 1 CR4, 2 EFER, 3 PAT, 4 CR0, 5 GS base.
 */
	.text
	.globl guest_boot
guest_boot:
	movl	$guest_boot_arg, %esi
	movq	8(%rsi), %rax
	movq	%rax, %cr4
	movl	$0xc0000080, %ecx
	movl	16(%rsi), %eax
	movl	20(%rsi), %edx
	wrmsr
	movl	$0x277, %ecx
	movl	24(%rsi), %eax
	movl	28(%rsi), %edx
	wrmsr
	movl	$0xc0000101, %ecx
	movl	40(%rsi), %eax
	movl	44(%rsi), %edx
	wrmsr
	movq	(%rsi), %rax
	movq	%rax, %cr3
	movq	32(%rsi), %rax
	movq	%rax, %cr0
	jmp	guest_stop

/* Another root: the kernel goes on in another process. */
	.globl guest_switch
guest_switch:
	movq	%rdi, %cr3
	ret
