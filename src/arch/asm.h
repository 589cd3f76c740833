/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every copy.c has: functions in assembly, at the top level of a C file;
 * and one in C.
 *
 * Their labels are global, for other files, and hidden, as qpmap_state is: no
 * position-independent code needs a GOT for them.  A copy.c defines
 * QPMAP_ASM_PAD first: the landing pad that this build's functions begin with,
 * or "".
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

#define QPMAP_ASM_END(name)						\
	QPMAP_ASM_CFI("endproc")					\
	".size " #name ", . - " #name "\n"				\
	".popsection\n"

/*
 * The one loop that is in C, for a page that may be a device.  It has to be:
 * with link-time optimisation gcc does not see labels in assembly, and takes a
 * file out of an archive for what is in C only.
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
