/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For every copy.c: macros for functions in assembly at the top level of a C
 * file, and functions in C.
 *
 * The labels are global and hidden, as qpmap_state is: position-independent
 * code needs no GOT for them.  A copy.c first defines QPMAP_ASM_PAD, the
 * landing pad at the start of this build's functions, or "".
 *
 * With QPMAP_TRY each loop has two entries, qpmap_copy_ and qpmap_try_.  They
 * differ in a register that says which sides may fault.  For this a copy.c
 * defines QPMAP_ASM_JUMP, a jump; and by their names in struct qpmap_fault
 * QPMAP_FAULT_TO, _END and _SIDES, the registers with the address up to which
 * all is stored, the end of the destination, and the sides; and
 * QPMAP_FAULT_RESULT, the one with the result.
 */
#ifndef QPMAP_ARCH_ASM_H
#define QPMAP_ARCH_ASM_H

#include <qpmap/try.h>

#include "arch.h"

/* Unwind tables, if the compiler's own functions have them. */
#ifdef __GCC_HAVE_DWARF2_CFI_ASM
#define QPMAP_ASM_CFI(directive) ".cfi_" directive "\n"
#else
#define QPMAP_ASM_CFI(directive) ""
#endif

#define QPMAP_ASM_FUNCTION(name)					\
	".pushsection .text, \"ax\", %progbits\n"			\
	".p2align 4\n"							\
	".globl " #name "\n"						\
	".hidden " #name "\n"						\
	".type " #name ", %function\n"					\
	#name ":\n"							\
	QPMAP_ASM_CFI("startproc")					\
	QPMAP_ASM_PAD

#define QPMAP_ASM_FUNCTION_END(name)					\
	QPMAP_ASM_CFI("endproc")					\
	".size " #name ", . - " #name "\n"				\
	".popsection\n"

/* Return, at the end of a function. */
#define QPMAP_ASM_END(name)						\
	"	" QPMAP_ASM_RETURN "\n"				\
	QPMAP_ASM_FUNCTION_END(name)

/*
 * The beginning and the end of a loop, kind: bulk or single.  With QPMAP_TRY
 * the plain entry executes none, so that no side may fault, and the other one
 * given.
 */
#if QPMAP_TRY
#define QPMAP_ASM_COPY(kind, none, given)				\
	QPMAP_ASM_FUNCTION(qpmap_copy_##kind)				\
	none								\
	"	" QPMAP_ASM_JUMP "	0f\n"				\
	QPMAP_ASM_FUNCTION_END(qpmap_copy_##kind)			\
	QPMAP_ASM_FUNCTION(qpmap_try_##kind)				\
	given								\
	"0:\n"
#define QPMAP_ASM_COPY_END(kind) QPMAP_ASM_END(qpmap_try_##kind)
#define QPMAP_ASM_TRY(text) text
#else
#define QPMAP_ASM_COPY(kind, none, given)				\
	QPMAP_ASM_FUNCTION(qpmap_copy_##kind)
#define QPMAP_ASM_COPY_END(kind) QPMAP_ASM_END(qpmap_copy_##kind)
#define QPMAP_ASM_TRY(text) ""
#endif

/* With QPMAP_TRY, a label for qpmap_fault_resume(). */
#define QPMAP_ASM_AT(name) QPMAP_ASM_TRY(				\
	".globl qpmap_at_" #name "\n"					\
	".hidden qpmap_at_" #name "\n"					\
	"qpmap_at_" #name ":\n")

/*
 * Zero a page that may be a device.  In C, since with link-time optimisation
 * gcc does not see labels in assembly, and links a file of an archive only for
 * its C functions.
 */
void
qpmap_zero_single(qpmap_vaddr_t to, qpmap_size_t len, qpmap_size_t width)
{
	qpmap_vaddr_t end = to + len;

	for (; to != end; to += width) {
		if (width == sizeof(qpmap_word_t)) {
			qpmap_store_word(to, 0);
		} else {
			qpmap_store_4(to, 0);
		}
	}
}

#if QPMAP_TRY

/*
 * The labels: around the accesses of the loops; where a loop returns, with its
 * result in a register; the load of qpmap_try_4(), and its return.
 */
#define QPMAP_LABEL __attribute__((visibility("hidden")))
extern const char qpmap_at_bulk[] QPMAP_LABEL;
extern const char qpmap_at_bulk_end[] QPMAP_LABEL;
extern const char qpmap_at_single[] QPMAP_LABEL;
extern const char qpmap_at_single_end[] QPMAP_LABEL;
extern const char qpmap_at_return[] QPMAP_LABEL;
extern const char qpmap_at_4[] QPMAP_LABEL;
extern const char qpmap_at_4_return[] QPMAP_LABEL;

static inline _Bool
qpmap_is_between(qpmap_vaddr_t pc, const char *first, const char *end)
{
	return (pc - (qpmap_vaddr_t)first < (qpmap_size_t)(end - first));
}

/* Bits of an address that the hardware does not translate. */
#ifndef QPMAP_FAULT_TAG
#define QPMAP_FAULT_TAG		((qpmap_vaddr_t)0)
#endif

/*
 * A fault without an address counts as the load's.  So does one at an address
 * that is neither side's: no other code is here that could load or store.
 */
QPMAP_CALL qpmap_vaddr_t
qpmap_fault_resume(struct qpmap_fault *fault)
{
	qpmap_vaddr_t pc = (qpmap_vaddr_t)fault->pc;
	qpmap_vaddr_t to = (qpmap_vaddr_t)fault->QPMAP_FAULT_TO;
	qpmap_size_t left = (qpmap_size_t)fault->QPMAP_FAULT_END - to;
	qpmap_size_t at = ((qpmap_vaddr_t)fault->address - to) &
	    ~QPMAP_FAULT_TAG;
	qpmap_uptr side = fault->has_address && at < left ?
	    QPMAP_SIDE_TO : QPMAP_SIDE_FROM;

	if (pc == (qpmap_vaddr_t)qpmap_at_4) {
		fault->QPMAP_FAULT_RESULT = 4;
		return ((qpmap_vaddr_t)qpmap_at_4_return);
	}
	if (!(qpmap_is_between(pc, qpmap_at_bulk, qpmap_at_bulk_end) ||
	    qpmap_is_between(pc, qpmap_at_single, qpmap_at_single_end)) ||
	    (fault->QPMAP_FAULT_SIDES & side) == 0) {
		return (0);
	}
	fault->QPMAP_FAULT_RESULT = left;
	return ((qpmap_vaddr_t)qpmap_at_return);
}

#endif /* QPMAP_TRY */

#endif /* QPMAP_ARCH_ASM_H */
