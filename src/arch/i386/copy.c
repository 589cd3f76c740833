/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * i386: the copy loops.
 *
 *	bulk		REP MOVSD for the doublewords, REP MOVSB for the rest
 *	zero		REP STOSD
 *	single		one MOV from, one MOV to
 *
 * EFLAGS.DF is clear by the calling convention (System V ABI for the Intel386,
 * "Registers and the Stack Frame").  Registers show the progress at each
 * access: ECX counts the remaining elements of a REP, and ESI the bytes that
 * single has moved.
 */
#include "../arch.h"

#if defined(__CET__) && (__CET__ & 1) != 0
#define QPMAP_ASM_PAD "	endbr32\n"
#else
#define QPMAP_ASM_PAD ""
#endif
#include "../asm.h"

#define QPMAP_ASM_PUSH(reg)						\
	"	push	%" #reg "\n"					\
	QPMAP_ASM_CFI("adjust_cfa_offset 4")				\
	QPMAP_ASM_CFI("rel_offset " #reg ", 0")
#define QPMAP_ASM_POP(reg)						\
	"	pop	%" #reg "\n"					\
	QPMAP_ASM_CFI("adjust_cfa_offset -4")				\
	QPMAP_ASM_CFI("restore " #reg)

/* Exchange ESI or EDI with a caller-saved register; restore it. */
#define QPMAP_ASM_KEEP(reg, in)						\
	"	xchg	%" #in ", %" #reg "\n"				\
	QPMAP_ASM_CFI("register " #reg ", " #in)
#define QPMAP_ASM_GIVE_BACK(reg, in)					\
	"	mov	%" #in ", %" #reg "\n"				\
	QPMAP_ASM_CFI("restore " #reg)

/* EAX to, EDX from, ECX bytes, saved on the stack. */
__asm__(QPMAP_ASM_FUNCTION(qpmap_copy_bulk)
    QPMAP_ASM_KEEP(edi, eax)
    QPMAP_ASM_KEEP(esi, edx)
"	push	%ecx\n"
    QPMAP_ASM_CFI("adjust_cfa_offset 4")
"	shr	$2, %ecx\n"
"	rep movsl\n"
"	pop	%ecx\n"
    QPMAP_ASM_CFI("adjust_cfa_offset -4")
"	and	$3, %ecx\n"
"	rep movsb\n"
    QPMAP_ASM_GIVE_BACK(esi, edx)
    QPMAP_ASM_GIVE_BACK(edi, eax)
QPMAP_ASM_END(qpmap_copy_bulk));

/* EAX to, EDX bytes. */
__asm__(QPMAP_ASM_FUNCTION(qpmap_zero_bulk)
"	mov	%edx, %ecx\n"
"	shr	$2, %ecx\n"
"	mov	%edi, %edx\n"
    QPMAP_ASM_CFI("register edi, edx")
"	mov	%eax, %edi\n"
"	xor	%eax, %eax\n"
"	rep stosl\n"
    QPMAP_ASM_GIVE_BACK(edi, edx)
QPMAP_ASM_END(qpmap_zero_bulk));

/* At label width: copy ECX bytes, width at a time, through part of EBX. */
#define QPMAP_COPY_LOOP(width, mov, part, advance)			\
	#width ":	" #mov "	(%edx,%esi), %" #part "\n"	\
	"	" #mov "	%" #part ", (%eax,%esi)\n"		\
	"	" advance "\n"						\
	"	cmp	%ecx, %esi\n"					\
	"	jb	" #width "b\n"

/* EAX to, EDX from, ECX bytes, on the stack: width. */
__asm__(QPMAP_ASM_FUNCTION(qpmap_copy_single)
    QPMAP_ASM_PUSH(esi)
    QPMAP_ASM_PUSH(ebx)
"	xor	%esi, %esi\n"
"	mov	12(%esp), %ebx\n"
"	cmp	$2, %ebx\n"
"	ja	4f\n"
"	je	2f\n"
QPMAP_COPY_LOOP(1, movb, bl, "inc	%esi")
"	jmp	9f\n"
QPMAP_COPY_LOOP(2, movw, bx, "add	$2, %esi")
"	jmp	9f\n"
QPMAP_COPY_LOOP(4, movl, ebx, "add	$4, %esi")
"9:\n"
    QPMAP_ASM_POP(ebx)
    QPMAP_ASM_POP(esi)
QPMAP_ASM_END(qpmap_copy_single));
