/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The instructions that read an x86 CPU's configuration: CPUID, control
 * registers, MSRs.  Native tests of the probes replace these functions.  For
 * probe.h only.
 */
#ifndef QPMAP_ARCH_X86_READ_H
#define QPMAP_ARCH_X86_READ_H

#include <qpmap/types.h>

/* The whole register. */
#if __SIZEOF_POINTER__ == 4
#define QPMAP_X86_RBX "ebx"
#else
#define QPMAP_X86_RBX "rbx"
#endif

#define QPMAP_EFLAGS_ID		(1ul << 21)

struct qpmap_cpuid {
	qpmap_u32 eax, ebx, ecx, edx;
};

static inline qpmap_u64
qpmap_rdmsr(qpmap_u32 msr)
{
	qpmap_u32 low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return ((qpmap_u64)high << 32 | low);
}

/* ebx is saved here: it is the GOT register in i386 PIC code. */
static inline struct qpmap_cpuid
qpmap_cpuid(qpmap_u32 leaf)
{
	struct qpmap_cpuid id = { leaf, 0, 0, 0 };
	unsigned long saved;

	__asm__ volatile("mov %%" QPMAP_X86_RBX ", %1\n\t"
			 "cpuid\n\t"
			 "xchg %%" QPMAP_X86_RBX ", %1"
			 : "+a"(id.eax), "=&r"(saved), "+c"(id.ecx),
			   "=d"(id.edx));
	id.ebx = (qpmap_u32)saved;
	return (id);
}

/* CPUID exists if EFLAGS.ID can be changed.  Intel SDM vol. 2, "CPUID". */
static inline _Bool
qpmap_has_cpuid(void)
{
	unsigned long before, after;

	__asm__ volatile("pushf\n\t"
			 "pop %0\n\t"
			 "mov %0, %1\n\t"
			 "xor %2, %1\n\t"
			 "push %1\n\t"
			 "popf\n\t"
			 "pushf\n\t"
			 "pop %1\n\t"
			 "push %0\n\t"
			 "popf"
			 : "=&r"(before), "=&r"(after)
			 : "i"(QPMAP_EFLAGS_ID) : "cc", "memory");
	return (((before ^ after) & QPMAP_EFLAGS_ID) != 0);
}

/* Define a function that reads a control register. */
#define QPMAP_READ(cr)							\
static inline unsigned long						\
qpmap_read_##cr(void)							\
{									\
	unsigned long value;						\
									\
	__asm__ volatile("mov %%" #cr ", %0" : "=r"(value));		\
	return (value);							\
}
QPMAP_READ(cr0)
QPMAP_READ(cr3)
QPMAP_READ(cr4)
#undef QPMAP_READ

#endif /* QPMAP_ARCH_X86_READ_H */
