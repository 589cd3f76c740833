/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * amd64: the copy loops.
 *
 *	bulk		REP MOVSQ for the quadwords, REP MOVSB for the rest
 *	zero		REP STOSQ
 *	single		one MOV from, one MOV to
 *
 * EFLAGS.DF is clear by the calling convention (System V ABI for AMD64,
 * "Registers").  Registers show the progress at each access: RCX counts the
 * remaining elements of a REP, and RAX the bytes that single has moved (Intel
 * SDM, "REP/REPE/REPZ/REPNE/REPNZ--Repeat String Operation Prefix").
 */
#include "../arch.h"

#if defined(__CET__) && (__CET__ & 1) != 0
#define QPMAP_ASM_PAD "	endbr64\n"
#else
#define QPMAP_ASM_PAD ""
#endif
#include "../asm.h"

/* RDI to, RSI from, RDX bytes. */
__asm__(QPMAP_ASM_FUNCTION(qpmap_copy_bulk)
"	mov	%rdx, %rcx\n"
"	shr	$3, %rcx\n"
"	rep movsq\n"
"	mov	%edx, %ecx\n"
"	and	$7, %ecx\n"
"	rep movsb\n"
"	" QPMAP_ASM_RETURN "\n"
QPMAP_ASM_END(qpmap_copy_bulk));

/* RDI to, RSI bytes. */
__asm__(QPMAP_ASM_FUNCTION(qpmap_zero_bulk)
"	xor	%eax, %eax\n"
"	mov	%rsi, %rcx\n"
"	shr	$3, %rcx\n"
"	rep stosq\n"
"	" QPMAP_ASM_RETURN "\n"
QPMAP_ASM_END(qpmap_zero_bulk));

/* RDI to, RSI from, RDX bytes, RCX width. */
__asm__(QPMAP_ASM_FUNCTION(qpmap_copy_single)
"	xor	%eax, %eax\n"
"	cmp	$4, %ecx\n"
"	ja	8f\n"
"	je	4f\n"
"	cmp	$2, %ecx\n"
"	je	2f\n"
"1:	movb	(%rsi,%rax), %cl\n"
"	movb	%cl, (%rdi,%rax)\n"
"	inc	%rax\n"
"	cmp	%rdx, %rax\n"
"	jb	1b\n"
"	" QPMAP_ASM_RETURN "\n"
"2:	movw	(%rsi,%rax), %cx\n"
"	movw	%cx, (%rdi,%rax)\n"
"	add	$2, %rax\n"
"	cmp	%rdx, %rax\n"
"	jb	2b\n"
"	" QPMAP_ASM_RETURN "\n"
"4:	movl	(%rsi,%rax), %ecx\n"
"	movl	%ecx, (%rdi,%rax)\n"
"	add	$4, %rax\n"
"	cmp	%rdx, %rax\n"
"	jb	4b\n"
"	" QPMAP_ASM_RETURN "\n"
"8:	movq	(%rsi,%rax), %rcx\n"
"	movq	%rcx, (%rdi,%rax)\n"
"	add	$8, %rax\n"
"	cmp	%rdx, %rax\n"
"	jb	8b\n"
"	" QPMAP_ASM_RETURN "\n"
QPMAP_ASM_END(qpmap_copy_single));
