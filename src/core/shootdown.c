/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TLB shootdown: invalidate translations on other CPUs and wait for completion.
 *
 * A request is a number, the generation.  Its initiator takes the next one,
 * interrupts the CPUs that have not acknowledged it, and waits until they have.
 * A target reads the newest generation, then invalidates the pages of all
 * requests up to that one, then acknowledges it, in this order.  One
 * acknowledgement completes all these requests, and an interrupt that comes
 * late or twice finds nothing to do.
 *
 * No locks: an initiator handles incoming requests while it waits.  Each CPU
 * writes its own struct qpmap_cpu_sync; generations come from one counter, and
 * a ring has the pages of the last requests.  A CPU that does not find a
 * request there, or finds it half written, invalidates everything.
 *
 * docs/tlb.md, "Shootdown", argues each step; tests/model/shootdown.pml is this
 * file for a model checker, with the same names.
 *
 * Compiled only with QPMAP_SHOOTDOWN.
 */
#include <qpmap/host.h>
#include <qpmap/panic.h>

#include "shootdown.h"

#if QPMAP_SHOOTDOWN

#define QPMAP_WORD_BITS (8 * sizeof(unsigned long))

/* Start near the wrap, so that every boot exercises it. */
#define QPMAP_GENERATION_FIRST (~(qpmap_generation_t)0 - 1023)

/*
 * A CPU that joins starts this far behind.  No CPU may fall further behind:
 * each SWEEP-th request goes to all CPUs.  Only 32-bit generations ever wrap.
 */
#define QPMAP_GENERATION_BEHIND ((qpmap_generation_t)1 << 30)
#define QPMAP_GENERATION_SWEEP ((qpmap_generation_t)1 << 24)

/* Whether a is older than b. */
static inline _Bool
qpmap_generation_before(qpmap_generation_t a, qpmap_generation_t b)
{
	return ((__INTPTR_TYPE__)(a - b) < 0);
}

QPMAP_INIT int
qpmap_shootdown_check(const struct qpmap_config *config)
{
	if (config->shootdown == 0 ||
	    (config->cpu_sync == 0 && !QPMAP_TLB_BROADCASTS) ||
	    (((qpmap_uptr)config->shootdown |
	    (qpmap_uptr)config->cpu_sync) &
	    (QPMAP_CACHE_LINE - 1)) != 0) {
		return (QPMAP_ERR_SHOOTDOWN);
	}
	return (QPMAP_OK);
}

/* Whether there is cpu_sync: where hardware broadcasts, it is optional. */
static inline _Bool
qpmap_has_cpu_sync(void)
{
	return (!QPMAP_TLB_BROADCASTS || qpmap_state.cpu_sync != 0);
}

QPMAP_INIT void
qpmap_shootdown_init(const struct qpmap_config *config)
{
	struct qpmap_shootdown_state *shootdown = config->shootdown;
	qpmap_u32 i;

	qpmap_state.shootdown = shootdown;
	qpmap_state.cpu_sync = config->cpu_sync;
	shootdown->generation = QPMAP_GENERATION_FIRST;
	for (i = 0; i < QPMAP_REQUESTS; i++) {
		shootdown->requests[i].generation = QPMAP_GENERATION_FIRST;
	}
	for (i = 0; i < config->cpu_count && qpmap_has_cpu_sync(); i++) {
		qpmap_state.cpu_sync[i].online = QPMAP_SYNC_FREE;
	}
}

/*
 * Must precede the first store to acknowledged, which may be another CPU's.
 * Without cpu_sync (hardware broadcasts) two CPUs cannot be told apart.
 */
QPMAP_ATOMIC QPMAP_COLD _Bool
qpmap_shootdown_claim(qpmap_u32 index)
{
	qpmap_uptr was = QPMAP_SYNC_FREE;

	return (!qpmap_has_cpu_sync() || __atomic_compare_exchange_n(
	    &qpmap_state.cpu_sync[index].online, &was, QPMAP_SYNC_TAKEN, 0,
	    __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
}

QPMAP_COLD void
qpmap_shootdown_release(qpmap_u32 index)
{
	if (qpmap_has_cpu_sync()) {
		__atomic_store_n(&qpmap_state.cpu_sync[index].online,
		    QPMAP_SYNC_FREE, __ATOMIC_SEQ_CST);
	}
}

/*
 * Acknowledge newest, unless an interrupt has acknowledged a newer one: the
 * number never decreases.  The exchange releases: the invalidations, and
 * accesses through the old translations, come before it.
 */
QPMAP_ATOMIC static void
qpmap_shootdown_acknowledge(struct qpmap_cpu_sync *sync,
    qpmap_generation_t newest)
{
	qpmap_generation_t old = __atomic_load_n(&sync->acknowledged,
	    __ATOMIC_RELAXED);

	while (qpmap_generation_before(old, newest) &&
	    !__atomic_compare_exchange_n(&sync->acknowledged, &old, newest,
	    0, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
	}
}

/*
 * The CPU has its index, and no CPU waits for it.  It stores online and then
 * loads the generation, with a fence in between; an initiator clears the PTE
 * and then loads online, with a fence in between.  Either the initiator waits
 * for this CPU, or the PTE was clear before this CPU invalidated everything.
 */
QPMAP_COLD void
qpmap_shootdown_join(qpmap_u32 index)
{
	qpmap_generation_t *generation;
	struct qpmap_cpu_sync *sync;
	qpmap_generation_t newest;

	if (QPMAP_TLB_BROADCASTS) {
		qpmap_tlb_flush_local(qpmap_state.flags);
		return;
	}
	generation = &qpmap_state.shootdown->generation;
	sync = &qpmap_state.cpu_sync[index];
	newest = __atomic_load_n(generation, __ATOMIC_RELAXED);
	__atomic_store_n(&sync->acknowledged,
	    newest - QPMAP_GENERATION_BEHIND, __ATOMIC_RELAXED);
	__atomic_store_n(&sync->online, QPMAP_SYNC_ONLINE,
	    __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	newest = __atomic_load_n(generation, __ATOMIC_ACQUIRE);
	qpmap_tlb_flush_local(qpmap_state.flags);
	qpmap_shootdown_acknowledge(sync, newest);
}

/*
 * From the store on no initiator waits for this CPU.  The CPU uses no
 * translation from then on, and keeps none.  It has its index as long as an
 * interrupt may acknowledge with it.
 */
QPMAP_COLD void
qpmap_shootdown_leave(qpmap_u32 index)
{
	if (!QPMAP_TLB_BROADCASTS) {
		__atomic_store_n(&qpmap_state.cpu_sync[index].online,
		    QPMAP_SYNC_TAKEN, __ATOMIC_SEQ_CST);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
	}
	qpmap_tlb_flush_local(qpmap_state.flags);
}

/*
 * Write a request into the ring.  Its place is claimed first, since an
 * initiator that is a whole ring ahead or behind uses the same place.  If the
 * claim fails the request is not written; nor is generation 0, which means half
 * written.
 */
QPMAP_ATOMIC static void
qpmap_request_write(struct qpmap_request *requests,
    qpmap_generation_t generation, qpmap_vaddr_t va, qpmap_size_t page_count)
{
	struct qpmap_request *request =
	    &requests[generation & (QPMAP_REQUESTS - 1)];
	qpmap_generation_t old = __atomic_load_n(&request->generation,
	    __ATOMIC_RELAXED);

	if (generation == 0 || old == 0 ||
	    !qpmap_generation_before(old, generation) ||
	    !__atomic_compare_exchange_n(&request->generation, &old, 0, 0,
	    __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
		return;
	}
	__atomic_thread_fence(__ATOMIC_RELEASE);
	__atomic_store_n(&request->va, va, __ATOMIC_RELAXED);
	__atomic_store_n(&request->page_count, page_count, __ATOMIC_RELAXED);
	__atomic_store_n(&request->generation, generation, __ATOMIC_RELEASE);
}

/* Invalidate the pages of one request; returns whether it was in the ring. */
static _Bool
qpmap_request_handle(struct qpmap_request *requests,
    qpmap_generation_t generation)
{
	struct qpmap_request *request =
	    &requests[generation & (QPMAP_REQUESTS - 1)];
	qpmap_size_t page_count;
	qpmap_vaddr_t va;

	if (generation == 0 || __atomic_load_n(&request->generation,
	    __ATOMIC_ACQUIRE) != generation) {
		return (0);
	}
	va = __atomic_load_n(&request->va, __ATOMIC_RELAXED);
	page_count = __atomic_load_n(&request->page_count, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (__atomic_load_n(&request->generation, __ATOMIC_RELAXED) !=
	    generation) {
		return (0);
	}
	qpmap_tlb_flush_range(va, page_count, qpmap_state.flags);
	return (1);
}

/* Invalidate the pages of all requests after old, up to newest. */
static void
qpmap_shootdown_handle(qpmap_generation_t old, qpmap_generation_t newest)
{
	struct qpmap_request *requests = qpmap_state.shootdown->requests;

	if (newest - old <= QPMAP_REQUESTS) {
		while (old != newest && qpmap_request_handle(requests,
		    old + 1)) {
			old++;
		}
	}
	if (old != newest) {
		qpmap_tlb_flush_range(0, QPMAP_ALL_PAGES, qpmap_state.flags);
	}
}

/*
 * An initiator clears the PTEs before it increments the generation, so the
 * generation must be read before anything is invalidated.  An interrupt in
 * between handles the requests, too; some are then handled twice.
 */
QPMAP_CALL void
qpmap_shootdown_poll(void)
{
	qpmap_generation_t newest, old;
	const struct qpmap_cpu *cpu;
	struct qpmap_cpu_sync *sync;

	if (QPMAP_TLB_BROADCASTS) {
		return;
	}
	cpu = qpmap_host_cpu();
	if (cpu->index_plus_one == 0) {
		return;
	}
	sync = &qpmap_state.cpu_sync[cpu->index_plus_one - 1];
	newest = __atomic_load_n(&qpmap_state.shootdown->generation,
	    __ATOMIC_ACQUIRE);
	old = __atomic_load_n(&sync->acknowledged, __ATOMIC_RELAXED);
	if (!qpmap_generation_before(old, newest)) {
		return;
	}
	qpmap_shootdown_handle(old, newest);
	qpmap_shootdown_acknowledge(sync, newest);
}

QPMAP_CALL void
qpmap_shootdown_ipi(void)
{
	qpmap_shootdown_poll();
}

/* The next online CPU of the set, from index on; or cpu_count. */
static qpmap_u32
qpmap_shootdown_next(const unsigned long *cpus, qpmap_u32 index)
{
	for (; index < qpmap_state.cpu_count; index++) {
		if ((cpus == 0 || (cpus[index / QPMAP_WORD_BITS] >>
		    index % QPMAP_WORD_BITS & 1) != 0) &&
		    __atomic_load_n(&qpmap_state.cpu_sync[index].online,
		    __ATOMIC_ACQUIRE) == QPMAP_SYNC_ONLINE) {
			break;
		}
	}
	return (index);
}

/*
 * Detects a kernel that has not written the hart numbers, which are then all
 * equal.  If two CPUs join at once at least one sees the other, since each has
 * claimed its index before.
 */
QPMAP_COLD _Bool
qpmap_shootdown_check_hart(qpmap_u32 index)
{
	const struct qpmap_cpu_sync *sync = qpmap_state.cpu_sync;
	qpmap_u32 other;

	if ((qpmap_state.flags & QPMAP_FLAGS_FIRMWARE) == 0) {
		return (1);
	}
	for (other = 0; other < qpmap_state.cpu_count; other++) {
		if (other != index &&
		    __atomic_load_n(&sync[other].online,
		    __ATOMIC_SEQ_CST) != QPMAP_SYNC_FREE &&
		    sync[other].hart == sync[index].hart) {
			return (0);
		}
	}
	return (1);
}

/*
 * Use the firmware's remote fences, with as few calls as the hart numbers
 * allow.  Returns whether all succeeded; otherwise the caller interrupts.  Not
 * inlined: it needs many registers, which the caller would save for nothing.
 */
__attribute__((__noinline__)) static _Bool
qpmap_shootdown_firmware(qpmap_vaddr_t va, qpmap_size_t page_count,
    const unsigned long *cpus)
{
	qpmap_u32 index, count = qpmap_state.cpu_count;
	qpmap_uptr hart, base = 0, mask = 0;

	qpmap_tlb_pre_notify();
	for (index = 0;; index++) {
		index = qpmap_shootdown_next(cpus, index);
		hart = index >= count ? base + QPMAP_WORD_BITS :
		    qpmap_state.cpu_sync[index].hart;
		if (mask != 0 && hart - base >= QPMAP_WORD_BITS) {
			if (!qpmap_tlb_firmware(mask, base, va, page_count,
			    qpmap_state.flags)) {
				return (0);
			}
			mask = 0;
		}
		if (index >= count) {
			return (1);
		}
		if (mask == 0) {
			base = hart;
		}
		mask |= (qpmap_uptr)1 << (hart - base);
	}
}

/*
 * Interrupt the targets, and wait for them.  A CPU that has acknowledged is not
 * interrupted; one that goes offline is not waited for.  Where hardware
 * broadcasts this is never called, but an unoptimized build compiles it, and
 * must not import the hook.
 */
static void
qpmap_shootdown_notify(const struct qpmap_cpu *cpu,
    qpmap_generation_t generation, const unsigned long *cpus)
{
	qpmap_u32 count = qpmap_state.cpu_count;
	qpmap_u32 index = qpmap_shootdown_next(cpus, 0);

	for (; index < count; index = qpmap_shootdown_next(cpus,
	    index + 1)) {
		if (!QPMAP_TLB_BROADCASTS && index != cpu->index_plus_one - 1 &&
		    qpmap_generation_before(
		    __atomic_load_n(&qpmap_state.cpu_sync[index].acknowledged,
		    __ATOMIC_ACQUIRE), generation)) {
			qpmap_host_ipi(index);
		}
	}
	qpmap_shootdown_poll();
	index = qpmap_shootdown_next(cpus, 0);
	while (index < count) {
		if (qpmap_generation_before(
		    __atomic_load_n(&qpmap_state.cpu_sync[index].acknowledged,
		    __ATOMIC_ACQUIRE), generation)) {
			qpmap_cpu_relax();
			qpmap_shootdown_poll();
		} else {
			index++;
		}
		index = qpmap_shootdown_next(cpus, index);
	}
}

/* Make a new request; returns its generation. */
QPMAP_ATOMIC static qpmap_generation_t
qpmap_shootdown_request(qpmap_vaddr_t va, qpmap_size_t page_count)
{
	qpmap_generation_t generation = __atomic_add_fetch(
	    &qpmap_state.shootdown->generation, 1, __ATOMIC_SEQ_CST);

	qpmap_request_write(qpmap_state.shootdown->requests, generation, va,
	    page_count);
	return (generation);
}

/* An offline CPU is not notified of requests, and must not make any. */
QPMAP_NORETURN QPMAP_COLD static void
qpmap_shootdown_panic(void)
{
	qpmap_host_panic(QPMAP_PANIC_SHOOTDOWN, 0, 0);
}

QPMAP_COLD struct qpmap_cpu *
qpmap_shootdown_pin(void)
{
	struct qpmap_cpu *cpu = qpmap_host_preempt_disable();

	if (cpu->index_plus_one == 0) {
		qpmap_shootdown_panic();
	}
	return (cpu);
}

QPMAP_CALL void
qpmap_shootdown(qpmap_vaddr_t va, qpmap_size_t page_count,
    const unsigned long *cpus)
{
	qpmap_generation_t generation;
	struct qpmap_cpu *cpu;

	if (page_count == 0) {
		return;
	}
	cpu = qpmap_host_preempt_disable();
	if (cpu->index_plus_one == 0) {
		qpmap_shootdown_panic();
	}
	if (QPMAP_TLB_BROADCASTS) {
		qpmap_tlb_flush_range(va, page_count, qpmap_state.flags);
	} else if ((qpmap_state.flags & QPMAP_FLAGS_FIRMWARE) == 0 ||
	    !qpmap_shootdown_firmware(va, page_count, cpus)) {
		generation = qpmap_shootdown_request(va, page_count);
		if (generation % QPMAP_GENERATION_SWEEP == 0) {
			cpus = 0;
		}
		qpmap_tlb_pre_notify();
		qpmap_shootdown_notify(cpu, generation, cpus);
	}
	qpmap_host_preempt_enable(cpu);
}

/*
 * An acknowledgement of the last request completes those before it, so one wait
 * is enough.
 */
void
qpmap_shootdown_pages(const qpmap_vaddr_t *va, qpmap_u32 count)
{
	struct qpmap_cpu *cpu = qpmap_host_preempt_disable();
	qpmap_generation_t generation = 0;
	qpmap_u32 i;

	for (i = 0; i < count; i++) {
		if (QPMAP_TLB_BROADCASTS) {
			qpmap_tlb_flush_range(va[i], 1, qpmap_state.flags);
		} else {
			generation = qpmap_shootdown_request(va[i], 1);
		}
	}
	if (!QPMAP_TLB_BROADCASTS) {
		qpmap_tlb_pre_notify();
		qpmap_shootdown_notify(cpu, generation, 0);
	}
	qpmap_host_preempt_enable(cpu);
}

#endif /* QPMAP_SHOOTDOWN */
