/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * amd64: the copy loops.
 *
 *	bulk		REP MOVSQ for the quadwords, REP MOVSB for the rest
 *	zero		REP STOSQ
 *	single		one MOV from, one MOV to
 *
 * EFLAGS.DF is clear by the calling convention (System V ABI for AMD64,
 * "Registers").  Registers show the progress at each access: RDI is the address
 * of the next store (Intel SDM, "REP/REPE/REPZ/REPNE/REPNZ--Repeat String
 * Operation Prefix"), RAX the end of the destination, and R8 the sides that may
 * fault.
 */
#include "../arch.h"

#if defined(__CET__) && (__CET__ & 1) != 0
#define QPMAP_ASM_PAD "	endbr64\n"
#else
#define QPMAP_ASM_PAD ""
#endif
#define QPMAP_ASM_JUMP		"jmp"
#define QPMAP_FAULT_TO		rdi
#define QPMAP_FAULT_END		rax
#define QPMAP_FAULT_SIDES	r8
#define QPMAP_FAULT_RESULT	rax
#include "../asm.h"

#define QPMAP_ASM_NO_SIDES						\
	"	xor	%r8d, %r8d\n"

/* RDI to, RSI from, RDX bytes, RCX sides. */
__asm__(QPMAP_ASM_COPY(bulk, QPMAP_ASM_NO_SIDES,
"	mov	%ecx, %r8d\n")
"	lea	(%rdi,%rdx), %rax\n"
"	mov	%rdx, %rcx\n"
"	shr	$3, %rcx\n"
    QPMAP_ASM_AT(bulk)
"	rep movsq\n"
"	mov	%eax, %ecx\n"
"	sub	%edi, %ecx\n"
"	rep movsb\n"
    QPMAP_ASM_AT(bulk_end)
    QPMAP_ASM_TRY(
"	xor	%eax, %eax\n")
    QPMAP_ASM_AT(return)
QPMAP_ASM_COPY_END(bulk));

/* RDI to, RSI bytes. */
__asm__(QPMAP_ASM_FUNCTION(qpmap_zero_bulk)
"	xor	%eax, %eax\n"
"	mov	%rsi, %rcx\n"
"	shr	$3, %rcx\n"
"	rep stosq\n"
QPMAP_ASM_END(qpmap_zero_bulk));

/* At label width: copy until RDI is RAX, width at a time, by part of RCX. */
#define QPMAP_COPY_LOOP(width, mov, part)				\
	#width ":	" #mov "	(%rdi,%rsi), %" #part "\n"	\
	"	" #mov "	%" #part ", (%rdi)\n"			\
	"	add	$" #width ", %rdi\n"				\
	"	cmp	%rax, %rdi\n"					\
	"	jne	" #width "b\n"

/* RDI to, RSI from, RDX bytes, RCX width, R8 sides.  RSI is from less to. */
__asm__(QPMAP_ASM_COPY(single, QPMAP_ASM_NO_SIDES, "")
"	lea	(%rdi,%rdx), %rax\n"
"	sub	%rdi, %rsi\n"
"	cmp	$4, %ecx\n"
"	ja	8f\n"
"	je	4f\n"
"	cmp	$2, %ecx\n"
"	je	2f\n"
    QPMAP_ASM_AT(single)
QPMAP_COPY_LOOP(1, movb, cl)
"	jmp	9f\n"
QPMAP_COPY_LOOP(2, movw, cx)
"	jmp	9f\n"
QPMAP_COPY_LOOP(4, movl, ecx)
"	jmp	9f\n"
QPMAP_COPY_LOOP(8, movq, rcx)
"9:\n"
    QPMAP_ASM_AT(single_end)
    QPMAP_ASM_TRY(
"	xor	%eax, %eax\n")
QPMAP_ASM_COPY_END(single));

#if QPMAP_TRY
/* RDI from, RSI to. */
__asm__(QPMAP_ASM_FUNCTION(qpmap_try_4)
    QPMAP_ASM_AT(4)
"	mov	(%rdi), %ecx\n"
"	mov	%ecx, (%rsi)\n"
"	xor	%eax, %eax\n"
    QPMAP_ASM_AT(4_return)
QPMAP_ASM_END(qpmap_try_4));
#endif
