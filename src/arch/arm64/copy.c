/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arm64: the copy loops.
 *
 *	bulk		LDP and STP, four of each in turn; LDR and STR for the
 *			last fifteen bytes.  Both sides may be misaligned:
 *			SCTLR_EL1.A is clear, and the memory is Normal
 *	zero		STP.  No DC ZVA
 *	single		one LDR, one STR: no pair, no writeback, which a
 *			hypervisor cannot emulate
 *
 * Registers show the progress at each access: X0 is the address of the next
 * store, X12 the end of the destination, and X13 the sides that may fault.
 */
#include "../arch.h"

#ifdef __ARM_FEATURE_BTI_DEFAULT
#define QPMAP_ASM_PAD "	hint	#34\n"		/* BTI c */
#else
#define QPMAP_ASM_PAD ""
#endif
#define QPMAP_ASM_JUMP		"b"
#define QPMAP_FAULT_TO		x0
#define QPMAP_FAULT_END		x12
#define QPMAP_FAULT_SIDES	x13
#define QPMAP_FAULT_RESULT	x0
#define QPMAP_FAULT_TAG		((qpmap_vaddr_t)0xff << 56)
#include "../asm.h"

#define QPMAP_COPY_64							\
	"	ldp	x3, x4, [x1], #16\n"				\
	"	ldp	x5, x6, [x1], #16\n"				\
	"	ldp	x7, x8, [x1], #16\n"				\
	"	ldp	x9, x10, [x1], #16\n"				\
	"	stp	x3, x4, [x0], #16\n"				\
	"	stp	x5, x6, [x0], #16\n"				\
	"	stp	x7, x8, [x0], #16\n"				\
	"	stp	x9, x10, [x0], #16\n"

#define QPMAP_ASM_NO_SIDES						\
	"	mov	x13, #0\n"

/*
 * X0 to, X1 from, X2 bytes, X3 sides.  After the first loop the low seven bits
 * of X2 are the rest: subtracting 128 does not change them.
 */
__asm__(QPMAP_ASM_COPY(bulk, QPMAP_ASM_NO_SIDES,
"	mov	x13, x3\n")
    QPMAP_ASM_TRY(
"	add	x12, x0, x2\n")
"	subs	x2, x2, #128\n"
"	b.lo	2f\n"
    QPMAP_ASM_AT(bulk)
"1:\n"
QPMAP_COPY_64
QPMAP_COPY_64
"	subs	x2, x2, #128\n"
"	b.hs	1b\n"
"2:	ands	x11, x2, #0x70\n"
"	b.eq	4f\n"
"3:	ldp	x3, x4, [x1], #16\n"
"	stp	x3, x4, [x0], #16\n"
"	subs	x11, x11, #16\n"
"	b.ne	3b\n"
"4:	tbz	x2, #3, 5f\n"
"	ldr	x3, [x1], #8\n"
"	str	x3, [x0], #8\n"
"5:	tbz	x2, #2, 6f\n"
"	ldr	w3, [x1], #4\n"
"	str	w3, [x0], #4\n"
"6:	tbz	x2, #1, 7f\n"
"	ldrh	w3, [x1], #2\n"
"	strh	w3, [x0], #2\n"
"7:	tbz	x2, #0, 8f\n"
"	ldrb	w3, [x1]\n"
"	strb	w3, [x0], #1\n"
"8:\n"
    QPMAP_ASM_AT(bulk_end)
    QPMAP_ASM_TRY(
"	mov	x0, #0\n")
    QPMAP_ASM_AT(return)
QPMAP_ASM_COPY_END(bulk));

/* X0 to, X1 bytes. */
__asm__(QPMAP_ASM_FUNCTION(qpmap_zero_bulk)
"1:	stp	xzr, xzr, [x0], #16\n"
"	stp	xzr, xzr, [x0], #16\n"
"	stp	xzr, xzr, [x0], #16\n"
"	stp	xzr, xzr, [x0], #16\n"
"	subs	x1, x1, #64\n"
"	b.ne	1b\n"
QPMAP_ASM_END(qpmap_zero_bulk));

/* At label width: copy until X0 is X12, width at a time. */
#define QPMAP_COPY_LOOP(width, load, store, reg)			\
	#width ":	" #load "	" #reg ", [x0, x5]\n"		\
	"	" #store "	" #reg ", [x0]\n"			\
	"	add	x0, x0, #" #width "\n"				\
	"	cmp	x0, x12\n"					\
	"	b.ne	" #width "b\n"

/* X0 to, X1 from, X2 bytes, X3 width, X4 sides.  X5 is from less to. */
__asm__(QPMAP_ASM_COPY(single, QPMAP_ASM_NO_SIDES,
"	mov	x13, x4\n")
"	add	x12, x0, x2\n"
"	sub	x5, x1, x0\n"
"	tbnz	x3, #3, 8f\n"
"	tbnz	x3, #2, 4f\n"
"	tbnz	x3, #1, 2f\n"
    QPMAP_ASM_AT(single)
QPMAP_COPY_LOOP(1, ldrb, strb, w4)
"	b	9f\n"
QPMAP_COPY_LOOP(2, ldrh, strh, w4)
"	b	9f\n"
QPMAP_COPY_LOOP(4, ldr, str, w4)
"	b	9f\n"
QPMAP_COPY_LOOP(8, ldr, str, x4)
"9:\n"
    QPMAP_ASM_AT(single_end)
    QPMAP_ASM_TRY(
"	mov	x0, #0\n")
QPMAP_ASM_COPY_END(single));

#if QPMAP_TRY
/* X0 from, X1 to. */
__asm__(QPMAP_ASM_FUNCTION(qpmap_try_4)
    QPMAP_ASM_AT(4)
"	ldr	w0, [x0]\n"
"	str	w0, [x1]\n"
"	mov	x0, #0\n"
    QPMAP_ASM_AT(4_return)
QPMAP_ASM_END(qpmap_try_4));
#endif
