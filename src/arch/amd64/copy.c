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
QPMAP_ASM_END(qpmap_copy_bulk));

/* RDI to, RSI bytes. */
__asm__(QPMAP_ASM_FUNCTION(qpmap_zero_bulk)
"	xor	%eax, %eax\n"
"	mov	%rsi, %rcx\n"
"	shr	$3, %rcx\n"
"	rep stosq\n"
QPMAP_ASM_END(qpmap_zero_bulk));

/* At label width: copy RDX bytes, width at a time, through part of RCX. */
#define QPMAP_COPY_LOOP(width, mov, part, advance)			\
	#width ":	" #mov "	(%rsi,%rax), %" #part "\n"	\
	"	" #mov "	%" #part ", (%rdi,%rax)\n"		\
	"	" advance "\n"						\
	"	cmp	%rdx, %rax\n"					\
	"	jb	" #width "b\n"

/* RDI to, RSI from, RDX bytes, RCX width. */
__asm__(QPMAP_ASM_FUNCTION(qpmap_copy_single)
"	xor	%eax, %eax\n"
"	cmp	$4, %ecx\n"
"	ja	8f\n"
"	je	4f\n"
"	cmp	$2, %ecx\n"
"	je	2f\n"
QPMAP_COPY_LOOP(1, movb, cl, "inc	%rax")
"	" QPMAP_ASM_RETURN "\n"
QPMAP_COPY_LOOP(2, movw, cx, "add	$2, %rax")
"	" QPMAP_ASM_RETURN "\n"
QPMAP_COPY_LOOP(4, movl, ecx, "add	$4, %rax")
"	" QPMAP_ASM_RETURN "\n"
QPMAP_COPY_LOOP(8, movq, rcx, "add	$8, %rax")
QPMAP_ASM_END(qpmap_copy_single));
