/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For every copy.c: macros for functions in assembly at the top level of a C
 * file, and one function in C.
 *
 * The labels are global and hidden, as qpmap_state is: position-independent
 * code needs no GOT for them.  A copy.c first defines QPMAP_ASM_PAD, the
 * landing pad at the start of this build's functions, or "".
 */
#ifndef QPMAP_ARCH_ASM_H
#define QPMAP_ARCH_ASM_H

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

/* Return, at the end of a function. */
#define QPMAP_ASM_END(name)						\
	"	" QPMAP_ASM_RETURN "\n"				\
	QPMAP_ASM_CFI("endproc")					\
	".size " #name ", . - " #name "\n"				\
	".popsection\n"

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

#endif /* QPMAP_ARCH_ASM_H */
