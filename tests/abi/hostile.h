/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A kernel's headers at their worst: the names that a mapping library would
 * like to have, all taken, each for something else.  Included before and
 * after the library's headers, and by the header that QPMAP_HOST_INLINE
 * names, into the library's own sources.
 */
#ifndef HOSTILE_H
#define HOSTILE_H

/* Types, as macros and as typedefs of other types. */
#ifndef __cplusplus
#define bool	short
#define true	(-1)
#define false	17
#endif
#define uint64	hostile_uint64
#define uint32_t hostile_uint32
#define uint64_t hostile_uint64
#define uintptr_t hostile_uint32
#define paddr_t	struct hostile_paddr *
#define physaddr_t struct hostile_paddr *
#define vm_offset_t struct hostile_va *
typedef float hostile_uint64;
typedef char hostile_uint32;
typedef struct {
	char c[3];
} pte_t;
typedef struct {
	char c[5];
} pd_entry_t, pt_entry_t, vaddr_t, vm_paddr_t;
typedef unsigned char uint8, uint16, uint32, u8, u16, u32, u64, ulong, uint;
union hostile_page {
	int i;
};
typedef union hostile_page *vm_page_t;

/* Tags. */
struct cpu {
	int id;
};
struct proc {
	int pid;
};
struct page {
	int flags;
};
struct slot {
	int line;
};
struct window {
	int width;
};
struct kind {
	int kind;
};
struct config {
	int config;
};
union state {
	int state;
};
struct request {
	int queue;
};
struct remote {
	int host;
};
union shared {
	int count;
};
struct shootdown {
	int lock;
};
enum hostile {
	UNCACHED,
	WRITE_BACK,
	PRIVATE,
	SHARED
};

/* Constants. */
#define PTE_V	hostile constant
#define PTE_P	hostile constant
#define PTE_W	hostile constant
#define PTE_A	hostile constant
#define PTE_D	hostile constant
#define PTE_PA	hostile constant
#define PTE_NX	hostile constant
#define PTE2PA	hostile constant
#define PG_A	hostile constant
#define CR0_WP	hostile constant
#define CR4_PGE	hostile constant
#define MSR_PAT	hostile constant
#define PAGE_SIZE hostile constant
#define PAGE_SHIFT hostile constant
#define PAGE_MASK hostile constant
#define PGSIZE	hostile constant
#define MAXCPU	hostile constant
#define NULL	hostile constant
#define KERNBASE hostile constant
#define PAE	hostile constant
#define SHIFT	hostile constant
#define IPI	hostile constant
#define IPI_SHOOTDOWN hostile constant
#define ALL_PAGES hostile constant
#define LEVELS	hostile constant
#define panic	hostile constant
#define curcpu	hostile constant
#define current	hostile constant
#define curthread hostile constant

/* Function-like macros. */
#define min(a, b) hostile constant
#define max(a, b) hostile constant
#define ALIGN(a) hostile constant
#define BIT(n)	hostile constant
#define MASK(n)	hostile constant
#define KASSERT(a, b) hostile constant
#define assert(a) hostile constant
#define container_of(a) hostile constant
#define isb()	hostile constant
#define dsb(a)	hostile constant
#define invlpg(a) hostile constant
#define mfence() hostile constant
#define pause() hostile constant
#define cpu_relax() hostile constant
#define barrier() hostile constant
#define READ_ONCE(a) hostile constant
#define atomic_load(a) hostile constant
#define atomic_fetch_add(a, b) hostile constant
#define smp_mb() hostile constant
#define sfence_vma() hostile constant
#define rdmsr(a) hostile constant
#define read_cr4() hostile constant

/* What a kernel calls its CPU and process, as macros for other names. */
#define cpu	hostile_this_cpu
#define proc	hostile_this_proc

/* Functions and variables of other types. */
#ifdef __cplusplus
extern "C" {
#endif
extern double pmap;
char *enter(void), *strerror(void);
int memcpy_kernel(void), abandon(void), init(void);
#ifdef __cplusplus
}
#endif

#endif /* HOSTILE_H */
