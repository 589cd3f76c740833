/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The test kernel, which maps pages with qpmap and in no other way.
 *
 * Mapped are the kernel's image (text, data, stacks, a few pages for page
 * tables) and the devices it needs.  All other RAM, MACHINE_RAM_SIZE bytes at
 * MACHINE_RAM_PA, is mapped nowhere: its pages are seen through the CPUs'
 * windows only.
 *
 * kernel_* is the same everywhere; machine_* is what each architecture
 * supplies, in examples/kernel/<arch>/, which the example kernel links, too.
 */
#ifndef KERNEL_H
#define KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include <qpmap/shootdown.h>
#include <qpmap/switch.h>

#define KERNEL_CPUS	4u
#define KERNEL_PAGE	4096u
#define KERNEL_STACK	16384u		/* a stack's size and alignment */
#define KERNEL_THREADS	40u		/* besides one of each CPU */

/* A CPU's own data. */
struct kernel_cpu {
	struct qpmap_cpu qpmap;		/* the library's, zeroed */
	uint32_t number;		/* 0 to KERNEL_CPUS - 1 */
	uint32_t window;		/* its CPU index */
	uint32_t violations;		/* yields that were not allowed */
	uint32_t preempted;		/* ticks that switched at once */
	uint32_t put_off;		/* ticks that had to wait */
	uint32_t turn;			/* the thread that it took last */
	struct kernel_thread *left;	/* whose stack it leaves */
	uint32_t slept_holding;		/* yields with a mapping held */
	uint32_t preempted_holding;	/* preemptions of one that held some */
	uint32_t moved;			/* threads that came from another CPU */
	uint32_t nested;		/* IPIs that came amid a mapping */
	uint32_t ipis;			/* IPIs that the library sent to it */
	qpmap_vaddr_t unwanted;		/* the next storm removes it; or 0 */
	uint32_t quiet;			/* yields, with nothing going on */
	uint32_t gone;			/* 1: offline: no library any more */
	uint32_t asleep;		/* 1: gone offline and stopping */
	uint32_t leave;			/* 1: asked to go offline */
	uint32_t job_done;		/* the last job that it finished */
	uint64_t random;		/* its generator's state */
	const char *panic_expected;	/* the text a test waits for */
};

/*
 * A thread, at the bottom of its stack: the stack pointer leads to it, whatever
 * CPU it runs on.  Its counters go with it from CPU to CPU.
 */
struct kernel_thread {
	struct qpmap_saved saved;	/* the library's, zeroed */
	void *stack;			/* where it goes on, unless it runs */
	struct kernel_cpu *cpu;		/* that it runs on, or ran on */
	uint32_t state;			/* sched.c */
	uint32_t state_left;		/* after its stack has been left */
	uint32_t pinned;		/* it is not moved while not 0 */
	uint32_t critical;		/* nor preempted while not 0 */
	bool preempt_owed;		/* an interrupt asked for one */
	bool bound;			/* it is never moved */
	uint32_t sleep;			/* that often it is passed over */
	uint32_t root;			/* its address space, 0 or 1 */
	uint32_t number;
	uint32_t switches;		/* how often it has been left */
	uint32_t preempted;		/* and by an interrupt */
	uint64_t random;		/* its generator's state */
	void (*main)(struct kernel_thread *thread);
};

/* kernel_main() fills in the numbers; boot code may do so as well. */
extern struct kernel_cpu kernel_cpus[KERNEL_CPUS];
extern unsigned char kernel_stacks[KERNEL_CPUS][KERNEL_STACK];

/*
 * machine.h, of each architecture:
 *
 * MACHINE_NAME		"amd64", ...
 * MACHINE_WINDOW_VA	where the windows are: kernel addresses, a multiple of
 *			QPMAP_WINDOW_SIZE, nothing else in their root entry
 *			if that is simple
 * MACHINE_OWN_VA	where the kernel maps pages by itself: the address that
 *			machine_own[0] maps
 * MACHINE_CACHES_INVALID  whether a CPU may have cached that an entry was
 * empty
 * MACHINE_SENDS_IPIS	whether a shootdown interrupts CPUs: not on arm64
 * MACHINE_IMAGE_OFFSET	virtual minus physical address of the image
 * MACHINE_RAM_PA	RAM that is mapped nowhere: MACHINE_RAM_SIZE bytes, at
 * MACHINE_RAM_SIZE	least 16 MiB
 * MACHINE_FLAGS	for qpmap_config.flags: QPMAP_F_NO_NX or 0
 * MACHINE_LEVELS	levels of page tables
 * MACHINE_RETURN	uint32_t: the instruction(s) of a function that does
 *			nothing but return
 * MACHINE_SWITCH_WORDS	words that machine_switch() saves, which of them is
 * MACHINE_SWITCH_RETURN the address where the thread goes on
 * MACHINE_ROOT		the root table that each address space has one of, and
 * MACHINE_ROOT_ENTRIES	the number of its entries
 * MACHINE_SLOW_TYPE	a memory type that takes the library's slow path, if
 *			the configuration has one
 *
 * and static inline functions:
 *
 * struct kernel_cpu *machine_this_cpu(void)
 * unsigned long machine_irq_save(void)		off; returns how they were
 * void machine_irq_restore(unsigned long)
 * void machine_irq_on(void)
 * void machine_notified(void)	this CPU branched on a load that may notify
 *				it of another's mapping, and may use it from
 *				here on
 * void machine_relax(void)			one turn of a waiting loop
 * void machine_idle(void)	interrupts are off: wait until there is one,
 *				which comes now or when they are on again
 * qpmap_ptebits_t machine_own_entry(qpmap_paddr_t pa)
 *		an entry of machine_own[]: readable and writable write-back RAM
 * void machine_own_filled(void)	walkers find the entries just stored
 * struct qpmap_pte *machine_root_of(qpmap_vaddr_t va)	va: a window's
 * qpmap_ptebits_t machine_table_entry(qpmap_paddr_t table)
 * qpmap_paddr_t machine_entry_pa(qpmap_ptebits_t bits)
 * void machine_flush_tlb(void)	this CPU has no entry of any table any more
 * void machine_root_load(const struct qpmap_pte *root)
 *		this CPU changes to the address space of MACHINE_ROOT or a copy
 */
#include "machine.h"

/*
 * Interrupts.  The first three CPUs send each other, the last is a timer's.
 * KERNEL_WAKE ends machine_idle(), and asks for a yield.  A machine with one
 * interrupt for several of them serves KERNEL_SHOOTDOWN first: a handler of the
 * others may switch threads, and end on another CPU.
 */
enum kernel_interrupt {
	KERNEL_SHOOTDOWN,
	KERNEL_STORM,
	KERNEL_WAKE,
	KERNEL_TICK
};

/*
 * What a machine calls.
 *
 * kernel_main() on CPU 0, kernel_cpu_main() on the others, each time that
 * they are started: with paging, exception vectors, a stack of its own
 * (kernel_stacks[number]) and machine_this_cpu() set up, and interrupts off.
 * kernel_interrupt() with interrupts off, the controller served already: it may
 * return on another stack, that of a thread that was interrupted before.
 * kernel_fatal() on an exception that is no probe's, after printing the
 * registers between kernel_dying() and it.
 */
_Noreturn void kernel_main(void);
_Noreturn void kernel_cpu_main(void);
void kernel_interrupt(enum kernel_interrupt which);
void kernel_dying(void);
_Noreturn void kernel_fatal(const char *why);

/*
 * print.c: %s, %u (uint32_t), %x (uint64_t, always 16 digits).  No lock: CPU 0
 * reports, and a CPU that dies has called kernel_dying() first.
 */
void kernel_print(const char *format, ...);

/* What common code calls, in <arch>/machine.c. */

/* One character to the console. */
void machine_putc(char c);

/* Power off; QEMU's exit status is what tests/kernel/run expects for code. */
_Noreturn void machine_exit(int code);

/*
 * Start CPU number, which has not run yet or has called machine_stop_cpu():
 * this waits until it has really stopped.  Called on CPU 0.
 */
void machine_start_cpu(uint32_t number);

/* Stop the calling CPU, until it is started again from the beginning. */
_Noreturn void machine_stop_cpu(void);

/*
 * Interrupt CPU number, which may be the calling one; all memory accesses
 * before the call are visible to its handler.  Requests may merge.  One that
 * is not running may get the interrupt when it runs again.
 */
void machine_ipi(uint32_t number, enum kernel_interrupt which);

/* The number by which the machine's firmware knows a CPU. */
unsigned long machine_cpu_id(uint32_t number);

/* What of qpmap_config.flags depends on the CPU that it runs on. */
uint32_t machine_cpu_flags(void);

/* A thousand ticks a second on the calling CPU, or none. */
void machine_timer(bool on);

/*
 * Save the callee's registers on this stack, and where it is in *from; go on
 * on the stack to, where another call saved them.
 */
void machine_switch(void **from, void *to);

/* A table of page-table entries that the kernel fills in itself. */
extern struct qpmap_pte machine_own[];

/* That of the pages from address 0: empty. */
extern struct qpmap_pte machine_zero[];

/*
 * Accesses that may fault, caught by the exception handler: false if they
 * did.  A fetch calls va, where MACHINE_RETURN is.
 */
bool machine_load(qpmap_vaddr_t va, uint32_t *value);
bool machine_store(qpmap_vaddr_t va, uint32_t value);
bool machine_fetch(qpmap_vaddr_t va);

/*
 * MACHINE_NOWHERE_PA is the first physical address behind RAM.  MACHINE_ABORTS:
 * an access there is an abort, which comes to the exception handler; else it
 * is answered by some number.
 */

/* pages.c: pages of the RAM that is mapped nowhere.  Never fails. */
void kernel_pages_init(void);
qpmap_paddr_t kernel_page_alloc(void);
void kernel_page_free(qpmap_paddr_t pa);

/* A lock that spins.  What takes it in an interrupt turns interrupts off. */
struct kernel_lock {
	uint32_t taken;
};

static inline bool
kernel_trylock(struct kernel_lock *lock)
{
	return (__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE) == 0);
}

static inline void
kernel_lock(struct kernel_lock *lock)
{
	while (!kernel_trylock(lock)) {
		machine_relax();
	}
}

static inline void
kernel_unlock(struct kernel_lock *lock)
{
	__atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
}

/*
 * A lock that is taken with interrupts off, and whose holder may shoot down:
 * the CPUs that wait for it would not get the interrupt, so they poll.
 */
static inline unsigned long
kernel_lock_polled(struct kernel_lock *lock)
{
	unsigned long irq = machine_irq_save();

	while (!kernel_trylock(lock)) {
		qpmap_shootdown_poll();
		machine_relax();
	}
	return (irq);
}

static inline void
kernel_unlock_polled(struct kernel_lock *lock, unsigned long irq)
{
	kernel_unlock(lock);
	machine_irq_restore(irq);
}

/*
 * sched.c: threads that any CPU may run, and one of each CPU, that of
 * kernel_cpu_main() (or kernel_main()).  A pin stops migration, not preemption:
 * a thread that is pinned continues on the CPU where it was preempted.  While
 * kernel_preempts_pinned is false a pin stops preemption, too, as it must in a
 * kernel without qpmap_switch_out().
 */
extern bool kernel_preempts_pinned;

/* The calling thread, in an interrupt the one that was interrupted. */
static inline struct kernel_thread *
kernel_this_thread(void)
{
	qpmap_vaddr_t frame = (qpmap_vaddr_t)__builtin_frame_address(0);

	/* The address of a stack's first frame may be that of its end. */
	return ((struct kernel_thread *)
	    ((frame - 1) & ~(qpmap_vaddr_t)(KERNEL_STACK - 1)));
}

static inline bool
kernel_preemptible(const struct kernel_thread *thread)
{
	return (thread->critical == 0 &&
	    (kernel_preempts_pinned || thread->pinned == 0));
}

/*
 * Run another thread, if one is ready: because the calling one wants that, or
 * because an interrupt does.  The calling one must be preemptible, and while
 * kernel_preempts_pinned is false must hold no mapping.
 */
void kernel_yield(void);
void kernel_preempt(void);

/* Yield, and be passed over so many times. */
void kernel_sleep(struct kernel_thread *self, uint32_t times);

/*
 * Start thread number, below KERNEL_THREADS, in address space root, 0 or 1.  It
 * ends when main() returns.  cpu is the only one that runs it, or NULL.
 */
void kernel_thread_start(uint32_t number, struct kernel_cpu *cpu,
    uint32_t root, void (*main)(struct kernel_thread *thread));

/* Run others until all of them have ended. */
void kernel_threads_end(void);

/* The threads of the CPUs, and their state when the kernel begins. */
struct kernel_thread *kernel_main_thread(uint32_t cpu);
void kernel_main_threads_init(void);

/* Make address space 1 a copy of 0, after qpmap_init(). */
void kernel_second_root(void);

/*
 * own.c: an entry of the kernel's own; and pages 0 to 511 of address space that
 * the kernel maps by itself.  cpus: bit n is CPU n.
 */
void kernel_entry_store(struct qpmap_pte *entry, qpmap_ptebits_t bits);
qpmap_vaddr_t kernel_own_va(uint32_t page);
void kernel_own_map(uint32_t page, const qpmap_paddr_t *pa, uint32_t count);
void kernel_own_unmap(uint32_t page, uint32_t count);
void kernel_own_shoot(uint32_t page, uint32_t count, unsigned long cpus);

/* main.c: the configuration, which CPU has a window, and the report. */
extern const struct qpmap_config kernel_config;
struct kernel_cpu *kernel_window_cpu(uint32_t window);
bool kernel_same_text(const char *a, const char *b);
void kernel_result(const char *name, const char *why);
_Noreturn void kernel_finish(void);
void kernel_end_if_failed(void);

/*
 * main.c: the calling CPU has a window from now on, and interrupts on; it
 * leaves; another one waits for that, and starts it.
 */
void kernel_cpu_join(void);
_Noreturn void kernel_cpu_leave(void);
void kernel_cpu_wait_asleep(uint32_t number);
void kernel_cpu_start(uint32_t number);

/*
 * main.c: something for every CPU to do.  CPU 0 starts a job on all others
 * and waits until they have done it, or does it along with them.
 */
typedef void (*kernel_job)(struct kernel_cpu *cpu);
void kernel_job_start(kernel_job job);
void kernel_job_wait(void);
void kernel_on_all(kernel_job job);

/* tests.c: before qpmap_init(), and with all CPUs running. */
void kernel_tests_early(void);
_Noreturn void kernel_tests(void);
_Noreturn void kernel_after_panic(void);

#endif /* KERNEL_H */
