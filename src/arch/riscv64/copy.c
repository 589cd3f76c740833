/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * riscv64: the copy loops.
 *
 *	bulk		eight loads, eight stores; if the two sides are
 *			misaligned to each other, doublewords loaded from
 *			aligned addresses and shifted into place.  Nothing
 *			outside the range is loaded
 *	zero		eight stores
 *	single		one load, one store
 *
 * Every access is aligned: a misaligned one may trap.  No instruction is
 * compressed, so that an instruction's offset in a loop identifies the access.
 * Registers show the progress at each access: A0 is the address of the first
 * store of an iteration, T5 the end of the destination, and T6 the sides that
 * may fault.
 */
#include "../arch.h"

#define QPMAP_ASM_PAD ""
#define QPMAP_ASM_JUMP		"j"
#define QPMAP_FAULT_TO		a0
#define QPMAP_FAULT_END		t5
#define QPMAP_FAULT_SIDES	t6
#define QPMAP_FAULT_RESULT	a0
#include "../asm.h"

#define QPMAP_ASM_UNCOMPRESSED						\
	"	.option	push\n"						\
	"	.option	norvc\n"
#define QPMAP_ASM_OPTION_END						\
	"	.option	pop\n"

/* At a label: copy bytes until A0 is T1, width at a time. */
#define QPMAP_COPY_LOOP(label, load, store, width)			\
	#label ":	" #load "	a4, 0(a1)\n"			\
	"	" #store "	a4, 0(a0)\n"				\
	"	addi	a1, a1, " #width "\n"				\
	"	addi	a0, a0, " #width "\n"				\
	"	bne	a0, t1, " #label "b\n"

#define QPMAP_ASM_NO_SIDES						\
	"	li	t6, 0\n"

/*
 * A0 to, A1 from, A2 bytes, A3 sides.
 *
 * Equally aligned (labels 1 to 4): bytes until both are aligned, if there are
 * as many; 64 bytes at a time; doublewords.  Misaligned to each other (5 to 7):
 * first 8 to 15 bytes, after which A0 is aligned and the doubleword around A1
 * is within the range; A3 holds it.  In each iteration the next one is within
 * the range, too; A3 is shifted down by T3 bits, and the next one up by T4,
 * which is 64 - T3.  Label 8 copies the last bytes.
 */
__asm__(QPMAP_ASM_UNCOMPRESSED QPMAP_ASM_COPY(bulk, QPMAP_ASM_NO_SIDES,
"	mv	t6, a3\n")
    QPMAP_ASM_TRY(
"	add	t5, a0, a2\n")
    QPMAP_ASM_AT(bulk)
"	xor	t0, a0, a1\n"
"	andi	t0, t0, 7\n"
"	bnez	t0, 5f\n"
"	andi	t0, a0, 7\n"
"	beqz	t0, 2f\n"
"	li	t1, 8\n"
"	bltu	a2, t1, 8f\n"
"	sub	t1, t1, t0\n"
"	sub	a2, a2, t1\n"
"	add	t1, a0, t1\n"
QPMAP_COPY_LOOP(1, lbu, sb, 1)
"2:	andi	t0, a2, -64\n"
"	beqz	t0, 4f\n"
"	add	t1, a0, t0\n"
"3:	ld	a3, 0(a1)\n"
"	ld	a4, 8(a1)\n"
"	ld	a5, 16(a1)\n"
"	ld	a6, 24(a1)\n"
"	ld	a7, 32(a1)\n"
"	ld	t2, 40(a1)\n"
"	ld	t3, 48(a1)\n"
"	ld	t4, 56(a1)\n"
"	sd	a3, 0(a0)\n"
"	sd	a4, 8(a0)\n"
"	sd	a5, 16(a0)\n"
"	sd	a6, 24(a0)\n"
"	sd	a7, 32(a0)\n"
"	sd	t2, 40(a0)\n"
"	sd	t3, 48(a0)\n"
"	sd	t4, 56(a0)\n"
"	addi	a1, a1, 64\n"
"	addi	a0, a0, 64\n"
"	bne	a0, t1, 3b\n"
"4:	andi	a2, a2, 63\n"
"	andi	t0, a2, -8\n"
"	beqz	t0, 8f\n"
"	add	t1, a0, t0\n"
"	andi	a2, a2, 7\n"
QPMAP_COPY_LOOP(1, ld, sd, 8)
"	j	8f\n"
"5:	li	t0, 32\n"
"	bltu	a2, t0, 8f\n"
"	addi	t1, a0, 15\n"
"	andi	t1, t1, -8\n"
"	sub	t0, t1, a0\n"
"	sub	a2, a2, t0\n"
QPMAP_COPY_LOOP(6, lbu, sb, 1)
"	andi	t2, a1, 7\n"
"	sub	a1, a1, t2\n"
"	slli	t3, t2, 3\n"
"	neg	t4, t3\n"
"	add	t0, a2, t2\n"
"	addi	t0, t0, -8\n"
"	andi	t0, t0, -8\n"
"	sub	a2, a2, t0\n"
"	add	t1, a0, t0\n"
"	ld	a3, 0(a1)\n"
"7:	ld	a4, 8(a1)\n"
"	srl	a3, a3, t3\n"
"	sll	a5, a4, t4\n"
"	or	a3, a3, a5\n"
"	sd	a3, 0(a0)\n"
"	addi	a1, a1, 8\n"
"	addi	a0, a0, 8\n"
"	mv	a3, a4\n"
"	bne	a0, t1, 7b\n"
"	add	a1, a1, t2\n"
"8:	beqz	a2, 9f\n"
"	add	t1, a0, a2\n"
QPMAP_COPY_LOOP(1, lbu, sb, 1)
"9:\n"
    QPMAP_ASM_AT(bulk_end)
    QPMAP_ASM_TRY(
"	li	a0, 0\n")
    QPMAP_ASM_AT(return)
QPMAP_ASM_COPY_END(bulk) QPMAP_ASM_OPTION_END);

/* A0 to, A1 bytes. */
__asm__(QPMAP_ASM_UNCOMPRESSED QPMAP_ASM_FUNCTION(qpmap_zero_bulk)
"	add	a1, a0, a1\n"
"1:	sd	zero, 0(a0)\n"
"	sd	zero, 8(a0)\n"
"	sd	zero, 16(a0)\n"
"	sd	zero, 24(a0)\n"
"	sd	zero, 32(a0)\n"
"	sd	zero, 40(a0)\n"
"	sd	zero, 48(a0)\n"
"	sd	zero, 56(a0)\n"
"	addi	a0, a0, 64\n"
"	bne	a0, a1, 1b\n"
QPMAP_ASM_END(qpmap_zero_bulk) QPMAP_ASM_OPTION_END);

/* A0 to, A1 from, A2 bytes, A3 width, A4 sides. */
__asm__(QPMAP_ASM_UNCOMPRESSED QPMAP_ASM_COPY(single, QPMAP_ASM_NO_SIDES,
"	mv	t6, a4\n")
"	add	t1, a0, a2\n"
    QPMAP_ASM_TRY(
"	mv	t5, t1\n")
"	li	t0, 4\n"
"	bgtu	a3, t0, 8f\n"
"	beq	a3, t0, 4f\n"
"	addi	t0, a3, -1\n"
"	bnez	t0, 2f\n"
    QPMAP_ASM_AT(single)
QPMAP_COPY_LOOP(1, lbu, sb, 1)
"	j	9f\n"
QPMAP_COPY_LOOP(2, lhu, sh, 2)
"	j	9f\n"
QPMAP_COPY_LOOP(4, lw, sw, 4)
"	j	9f\n"
QPMAP_COPY_LOOP(8, ld, sd, 8)
"9:\n"
    QPMAP_ASM_AT(single_end)
    QPMAP_ASM_TRY(
"	li	a0, 0\n")
QPMAP_ASM_COPY_END(single) QPMAP_ASM_OPTION_END);

#if QPMAP_TRY
/* A0 from, A1 to. */
__asm__(QPMAP_ASM_UNCOMPRESSED QPMAP_ASM_FUNCTION(qpmap_try_4)
    QPMAP_ASM_AT(4)
"	lw	a0, 0(a0)\n"
"	sw	a0, 0(a1)\n"
"	li	a0, 0\n"
    QPMAP_ASM_AT(4_return)
QPMAP_ASM_END(qpmap_try_4) QPMAP_ASM_OPTION_END);
#endif
