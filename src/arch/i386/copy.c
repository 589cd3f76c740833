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
 * access: EDI is the address of the next store, EAX the end of the destination,
 * and EBX the sides that may fault.
 */
#include "../arch.h"

#if defined(__CET__) && (__CET__ & 1) != 0
#define QPMAP_ASM_PAD "	endbr32\n"
#else
#define QPMAP_ASM_PAD ""
#endif
#define QPMAP_ASM_JUMP		"jmp"
#define QPMAP_FAULT_TO		edi
#define QPMAP_FAULT_END		eax
#define QPMAP_FAULT_SIDES	ebx
#define QPMAP_FAULT_RESULT	eax
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

/* EBX has the sides: none, or the argument at n(%esp). */
#define QPMAP_ASM_NO_SIDES						\
    QPMAP_ASM_PUSH(ebx)							\
"	xor	%ebx, %ebx\n"
#define QPMAP_ASM_SIDES(n)						\
    QPMAP_ASM_PUSH(ebx)							\
"	mov	" #n "+4(%esp), %ebx\n"

/* EAX to, EDX from, ECX bytes: EDI to, ESI from, EAX the end; and back. */
#define QPMAP_ASM_BEGIN							\
    QPMAP_ASM_PUSH(edi)							\
"	mov	%eax, %edi\n"						\
"	add	%ecx, %eax\n"						\
    QPMAP_ASM_KEEP(esi, edx)
#define QPMAP_ASM_LEAVE							\
    QPMAP_ASM_GIVE_BACK(esi, edx)					\
    QPMAP_ASM_POP(edi)							\
    QPMAP_ASM_TRY(QPMAP_ASM_POP(ebx))

/* EAX to, EDX from, ECX bytes, on the stack: sides. */
__asm__(QPMAP_ASM_COPY(bulk, QPMAP_ASM_NO_SIDES, QPMAP_ASM_SIDES(4))
    QPMAP_ASM_BEGIN
"	shr	$2, %ecx\n"
    QPMAP_ASM_AT(bulk)
"	rep movsl\n"
"	mov	%eax, %ecx\n"
"	sub	%edi, %ecx\n"
"	rep movsb\n"
    QPMAP_ASM_AT(bulk_end)
    QPMAP_ASM_TRY(
"	xor	%eax, %eax\n")
    QPMAP_ASM_AT(return)
    QPMAP_ASM_LEAVE
QPMAP_ASM_COPY_END(bulk));

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

/* At label width: copy until EDI is EAX, width at a time, by part of ECX. */
#define QPMAP_COPY_LOOP(width, mov, part)				\
	#width ":	" #mov "	(%edi,%esi), %" #part "\n"	\
	"	" #mov "	%" #part ", (%edi)\n"			\
	"	add	$" #width ", %edi\n"				\
	"	cmp	%eax, %edi\n"					\
	"	jne	" #width "b\n"

/* The argument after the return address and what is pushed. */
#if QPMAP_TRY
#define QPMAP_ASM_WIDTH "12(%esp)"
#else
#define QPMAP_ASM_WIDTH "8(%esp)"
#endif

/*
 * EAX to, EDX from, ECX bytes, on the stack: width, sides.  ESI is from less
 * to.
 */
__asm__(QPMAP_ASM_COPY(single, QPMAP_ASM_NO_SIDES, QPMAP_ASM_SIDES(8))
    QPMAP_ASM_BEGIN
"	sub	%edi, %esi\n"
"	mov	" QPMAP_ASM_WIDTH ", %ecx\n"
"	cmp	$2, %ecx\n"
"	ja	4f\n"
"	je	2f\n"
    QPMAP_ASM_AT(single)
QPMAP_COPY_LOOP(1, movb, cl)
"	jmp	9f\n"
QPMAP_COPY_LOOP(2, movw, cx)
"	jmp	9f\n"
QPMAP_COPY_LOOP(4, movl, ecx)
"9:\n"
    QPMAP_ASM_AT(single_end)
    QPMAP_ASM_TRY(
"	xor	%eax, %eax\n")
    QPMAP_ASM_LEAVE
QPMAP_ASM_COPY_END(single));

#if QPMAP_TRY
/* EAX from, EDX to. */
__asm__(QPMAP_ASM_FUNCTION(qpmap_try_4)
    QPMAP_ASM_AT(4)
"	mov	(%eax), %eax\n"
"	mov	%eax, (%edx)\n"
"	xor	%eax, %eax\n"
    QPMAP_ASM_AT(4_return)
QPMAP_ASM_END(qpmap_try_4));
#endif
