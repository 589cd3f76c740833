/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads, interrupts, and the switch between threads, with what a scheduler
 * can assert of the library.
 *
 * There is no queue: a CPU that wants another thread goes round all of them,
 * and takes the next one that is ready and may run on it.
 */
#include "kernel.h"
#include "stress.h"

/* States of a thread: it does not exist, waits for a CPU, has one. */
enum {
	KERNEL_ENDED,
	KERNEL_READY,
	KERNEL_RUNS
};

static unsigned char kernel_thread_stacks[KERNEL_THREADS][KERNEL_STACK]
    __attribute__((aligned(KERNEL_STACK)));

/* The root of address space 1; that of 0 is MACHINE_ROOT. */
static struct qpmap_pte kernel_root[MACHINE_ROOT_ENTRIES]
    __attribute__((aligned(KERNEL_PAGE)));

bool kernel_preempts_pinned = true;

static struct kernel_thread *
kernel_thread(uint32_t number)
{
	return ((struct kernel_thread *)kernel_thread_stacks[number]);
}

struct kernel_thread *
kernel_main_thread(uint32_t cpu)
{
	return ((struct kernel_thread *)kernel_stacks[cpu]);
}

void
kernel_main_threads_init(void)
{
	struct kernel_thread *thread;
	uint32_t i;

	for (i = 0; i < KERNEL_CPUS; i++) {
		thread = kernel_main_thread(i);
		thread->cpu = &kernel_cpus[i];
		thread->state = KERNEL_RUNS;
		thread->state_left = KERNEL_READY;
		thread->bound = true;
	}
}

/*
 * Take a thread, if this CPU may run it.  The thread's members can be read only
 * after it was taken: until then another CPU may run it.
 */
static bool
kernel_thread_take(struct kernel_cpu *cpu, struct kernel_thread *thread)
{
	uint32_t ready = KERNEL_READY;

	if (__atomic_load_n(&thread->state, __ATOMIC_RELAXED) != ready ||
	    !__atomic_compare_exchange_n(&thread->state, &ready, KERNEL_RUNS,
	    false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
		return (false);
	}
	if (thread->sleep == 0 && (thread->cpu == cpu ||
	    (thread->pinned == 0 && !thread->bound))) {
		machine_notified();
		return (true);
	}
	thread->sleep -= thread->sleep != 0;
	__atomic_store_n(&thread->state, KERNEL_READY, __ATOMIC_RELEASE);
	return (false);
}

/* The next thread; the CPU's own has its turn, too.  self if none is ready. */
static struct kernel_thread *
kernel_thread_next(struct kernel_cpu *cpu, struct kernel_thread *self)
{
	struct kernel_thread *next;
	uint32_t n;

	for (n = 0; n <= KERNEL_THREADS; n++) {
		cpu->turn = (cpu->turn + 1) % (KERNEL_THREADS + 1);
		next = cpu->turn == KERNEL_THREADS ?
		    kernel_main_thread(cpu->number) : kernel_thread(cpu->turn);
		if (kernel_thread_take(cpu, next)) {
			return (next);
		}
	}
	return (self);
}

/*
 * The second half of a switch, on the next thread's stack.  From the store on
 * another CPU may run the thread that was left.
 */
static void
kernel_switched(void)
{
	struct kernel_thread *self = kernel_this_thread();
	struct kernel_cpu *cpu = self->cpu;

	__atomic_store_n(&cpu->left->state, cpu->left->state_left,
	    __ATOMIC_RELEASE);
	machine_irq_on();
	qpmap_switch_in(&cpu->qpmap, &self->saved);
	(void)machine_irq_save();
	self->critical--;
}

/*
 * The library demands this order: out before the address space is changed, in
 * after that, and no preemption.  Interrupts are on in both calls, and handlers
 * enter and remove pages there.  Called with interrupts off.
 */
static void
kernel_switch(struct kernel_thread *self, struct kernel_thread *next)
{
	struct kernel_cpu *cpu = self->cpu;

	self->critical++;
	self->switches++;
	machine_irq_on();
	qpmap_switch_out(&cpu->qpmap, &self->saved);
	(void)machine_irq_save();
	if (next->root != self->root) {
		machine_root_load(next->root == 0 ? MACHINE_ROOT : kernel_root);
	}
	cpu->moved += next->cpu != cpu;
	cpu->left = self;
	next->cpu = cpu;
	machine_switch(&self->stack, next->stack);
	kernel_switched();
}

/*
 * A scheduler can assert that preemption is not off; and where a pin stops
 * preemption, that no mapping is held: the next thread would find its slot in
 * use.
 */
static void
kernel_reschedule(bool wanted)
{
	unsigned long irq = machine_irq_save();
	struct kernel_thread *self = kernel_this_thread();
	struct kernel_cpu *cpu = self->cpu;
	struct kernel_thread *next;
	bool holds = qpmap_held(&cpu->qpmap) != 0;

	self->preempt_owed = false;
	if (!kernel_preemptible(self) || (holds && !kernel_preempts_pinned)) {
		cpu->violations++;
	}
	__atomic_store_n(&cpu->quiet, cpu->quiet + 1, __ATOMIC_RELEASE);
	next = kernel_thread_next(cpu, self);
	if (next != self) {
		cpu->slept_holding += wanted && holds;
		cpu->preempted_holding += !wanted && holds;
		self->preempted += !wanted;
		kernel_switch(self, next);
	}
	machine_irq_restore(irq);
}

void
kernel_yield(void)
{
	kernel_reschedule(true);
}

void
kernel_preempt(void)
{
	kernel_reschedule(false);
}

void
kernel_sleep(struct kernel_thread *self, uint32_t times)
{
	self->sleep = times;
	kernel_yield();
}

/*
 * A handler is not preempted: what it maps and removes must not end in a switch
 * before it is through.
 */
void
kernel_interrupt(enum kernel_interrupt which)
{
	struct kernel_thread *thread = kernel_this_thread();
	bool preemptible = kernel_preemptible(thread);

	thread->critical++;
	if (which == KERNEL_SHOOTDOWN) {
		qpmap_shootdown_ipi();
	} else if (which == KERNEL_STORM) {
		kernel_storm_handler();
	}
	thread->preempt_owed |= which != KERNEL_SHOOTDOWN;
	thread->critical--;
	if (which == KERNEL_TICK) {
		thread->cpu->preempted += preemptible;
		thread->cpu->put_off += !preemptible;
	}
	if (preemptible && thread->preempt_owed) {
		kernel_preempt();
	}
}

/* A thread begins in the middle of another one's switch, interrupts off. */
_Noreturn static void
kernel_thread_main(void)
{
	struct kernel_thread *self = kernel_this_thread();
	const struct qpmap_cpu *qpmap;

	kernel_switched();
	machine_irq_on();
	self->main(self);
	(void)machine_irq_save();
	qpmap = &self->cpu->qpmap;
	if (qpmap_held(qpmap) != 0 || self->pinned != 0 ||
	    self->critical != 0) {
		self->cpu->violations++;
	}
	self->state_left = KERNEL_ENDED;
	kernel_switch(self, kernel_thread_next(self->cpu, self));
	__builtin_unreachable();
}

/* A stack on which a thread waits that has not run yet. */
void
kernel_thread_start(uint32_t number, struct kernel_cpu *cpu, uint32_t root,
    void (*main)(struct kernel_thread *thread))
{
	struct kernel_thread *thread = kernel_thread(number);
	qpmap_vaddr_t *words = (qpmap_vaddr_t *)
	    (kernel_thread_stacks[number] + KERNEL_STACK) -
	    MACHINE_SWITCH_WORDS;

	words[MACHINE_SWITCH_RETURN] = (qpmap_vaddr_t)kernel_thread_main;
	*thread = (struct kernel_thread){
		.stack = words,
		.cpu = cpu,
		.state_left = KERNEL_READY,
		.critical = 1,
		.bound = cpu != 0,
		.root = root,
		.number = number,
		.random = number + 1,
		.main = main,
	};
	__atomic_store_n(&thread->state, KERNEL_READY, __ATOMIC_RELEASE);
}

void
kernel_threads_end(void)
{
	uint32_t i;

	for (i = 0; i < KERNEL_THREADS; i++) {
		while (__atomic_load_n(&kernel_thread(i)->state,
		    __ATOMIC_ACQUIRE) != KERNEL_ENDED) {
			kernel_yield();
			machine_relax();
		}
	}
}

void
kernel_second_root(void)
{
	uint32_t i;

	for (i = 0; i < MACHINE_ROOT_ENTRIES; i++) {
		kernel_root[i] = MACHINE_ROOT[i];
	}
	machine_own_filled();
}
