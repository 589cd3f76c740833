/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All CPUs hold mappings at the same time, and one waits for another in a
 * shootdown.  That is the moment at which tests/gdb stops the kernel with a
 * debugger: kernel_held has what it must find.
 */
#include "remote.h"
#include "stress.h"

/* A mapping that a CPU holds: the newest one of a CPU is its last. */
struct kernel_held {
	qpmap_vaddr_t va;
	qpmap_paddr_t pa;
	uint32_t read_only;
};

struct kernel_held kernel_held[KERNEL_CPUS][QPMAP_SLOTS];
uint32_t kernel_held_count[KERNEL_CPUS];
struct kernel_held kernel_held_global;
static unsigned long kernel_held_set = 1ul << 1 | 1ul << 3;
static uint32_t kernel_held_ready;	/* CPUs that hold theirs */
static uint32_t kernel_held_shot;	/* the shootdown has returned */
static uint32_t kernel_held_over;	/* CPU 2 has seen it */

/* A breakpoint's place.  CPU 2 gets here, and no other. */
__attribute__((noinline)) void kernel_held_here(void);
void
kernel_held_here(void)
{
	__asm__ volatile("" ::: "memory");
}

static void
kernel_held_wait(const uint32_t *word, uint32_t least)
{
	while (__atomic_load_n(word, __ATOMIC_ACQUIRE) < least) {
		machine_relax();
	}
}

/* Every second mapping shows, for reading, the page before it. */
static void
kernel_held_enter(struct kernel_cpu *cpu)
{
	struct kernel_held *held = kernel_held[cpu->number];
	uint32_t i;

	for (i = 0; i < kernel_held_count[cpu->number]; i++, held++) {
		held->read_only = i % 2;
		if (held->read_only != 0) {
			held->pa = held[-1].pa;
			held->va = qpmap_enter_ro(held->pa,
			    QPMAP_ATTR_WRITE_BACK);
			continue;
		}
		held->pa = kernel_page_alloc();
		held->va = qpmap_enter(held->pa, QPMAP_ATTR_WRITE_BACK);
		kernel_words(held->va)[3] = 100 * cpu->number + i;
	}
}

static void
kernel_held_remove(struct kernel_cpu *cpu)
{
	struct kernel_held *held = kernel_held[cpu->number];
	uint32_t i;

	for (i = kernel_held_count[cpu->number]; i-- > 0;) {
		kernel_expect(kernel_words(held[i].va)[3] ==
		    100 * cpu->number + (i & ~1u), "a page of another's");
		qpmap_remove(held[i].va);
		if (held[i].read_only == 0) {
			kernel_page_free(held[i].pa);
		}
	}
}

/*
 * CPU 0 has sent an interrupt to CPU 1, which has handled it, and to CPU 3,
 * which has its interrupts off: it waits for that one.  Where hardware or the
 * firmware invalidates on other CPUs, it does not wait.
 */
static void
kernel_held_watch(uint32_t before)
{
	const struct qpmap_cpu_sync *one = &kernel_config.cpu_sync[1];
	const uint32_t *sent = &kernel_cpus[3].ipis;

	while (__atomic_load_n(&kernel_held_shot, __ATOMIC_ACQUIRE) == 0) {
		if (__atomic_load_n(sent, __ATOMIC_ACQUIRE) != before &&
		    __atomic_load_n(&one->acknowledged, __ATOMIC_ACQUIRE) ==
		    kernel_config.shootdown->generation) {
			break;
		}
		machine_relax();
	}
	kernel_held_here();
	__atomic_store_n(&kernel_held_over, 1, __ATOMIC_RELEASE);
}

/* CPUs 2 and 3 take no interrupt until it is over. */
static void
kernel_held_job(struct kernel_cpu *cpu)
{
	uint32_t before = __atomic_load_n(&kernel_cpus[3].ipis,
	    __ATOMIC_RELAXED);
	unsigned long irq = machine_irq_save();

	kernel_held_enter(cpu);
	if (cpu->number < 2) {
		machine_irq_restore(irq);
	}
	__atomic_fetch_add(&kernel_held_ready, 1, __ATOMIC_RELEASE);
	kernel_held_wait(&kernel_held_ready, KERNEL_CPUS);
	if (cpu->number == 0) {
		qpmap_shootdown(kernel_held_global.va, 1, &kernel_held_set);
		__atomic_store_n(&kernel_held_shot, 1, __ATOMIC_RELEASE);
	} else if (cpu->number == 2) {
		kernel_held_watch(before);
	}
	kernel_held_wait(&kernel_held_over, 1);
	kernel_held_remove(cpu);
	machine_irq_restore(irq);
}

/* CPU n holds n + 1 mappings, as far as there are slots. */
void
kernel_test_held(void)
{
	uint32_t i;

	for (i = 0; i < KERNEL_CPUS; i++) {
		kernel_held_count[i] = i < QPMAP_SLOTS ? i + 1 : QPMAP_SLOTS;
	}
	kernel_held_global.pa = kernel_page_alloc();
	kernel_expect(qpmap_global_enter(kernel_held_global.pa,
	    QPMAP_ATTR_WRITE_BACK, &kernel_held_global.va) == QPMAP_OK,
	    "no global slot");
	kernel_on_all(kernel_held_job);
	qpmap_global_remove(kernel_held_global.va);
	kernel_page_free(kernel_held_global.pa);
}
