/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shootdown: make other CPUs forget translations, and know that they have.
 *
 * A request is a number, the generation.  Its initiator takes the next one,
 * interrupts the CPUs that have not acknowledged it, and waits until they
 * have.  A CPU that is asked reads what the newest generation is, then
 * invalidates what all requests up to that one ask for, then acknowledges it:
 * in this order.  So one acknowledgement serves all initiators that wait, and
 * an interrupt that comes late or twice finds nothing to do.
 *
 * No lock: who waits holds nothing, and answers others meanwhile.  Each CPU
 * writes its own struct qpmap_cpu_sync; requests are numbers of one counter,
 * and a ring says what the last of them were about.  A CPU that does not find
 * one there, or finds it half written, invalidates everything.
 *
 * docs/tlb.md, "Shootdown", argues each step; tests/model/shootdown.pml is this
 * file for a model checker, with the same names.
 *
 * Of a build without QPMAP_SHOOTDOWN nothing is left.
 */
#include <qpmap/host.h>
#include <qpmap/panic.h>

#include "shootdown.h"

#if QPMAP_SHOOTDOWN

#define QPMAP_WORD_BITS (8 * sizeof(unsigned long))

/* Not far from wrapping around, so that it is nothing rare. */
#define QPMAP_GENERATION_FIRST (~(qpmap_generation_t)0 - 1023)

/*
 * A CPU that joins is taken to be so far behind, and nobody may be further:
 * every so many generations a request goes to all CPUs.  Only 32-bit
 * generations ever come round.
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

/* Where hardware broadcasts, the kernel may have given no memory for it. */
static inline _Bool
qpmap_has_cpu_sync(void)
{
	return (!QPMAP_TLB_BROADCASTS || qpmap_state.cpu_sync != 0);
}

QPMAP_INIT void
qpmap_shootdown_init(void)
{
	struct qpmap_shootdown_state *shootdown = qpmap_state.shootdown;
	qpmap_u32 i;

	shootdown->generation = QPMAP_GENERATION_FIRST;
	for (i = 0; i < QPMAP_REQUESTS; i++) {
		shootdown->requests[i].generation = QPMAP_GENERATION_FIRST;
	}
	for (i = 0; i < qpmap_state.cpu_count && qpmap_has_cpu_sync(); i++) {
		qpmap_state.cpu_sync[i].online = QPMAP_SYNC_FREE;
	}
}

/*
 * Before acknowledged is written: it may be another CPU's.  Where hardware
 * broadcasts and the kernel gave no memory, nobody can tell.
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
 * Acknowledge newest, unless an interrupt has acknowledged more meanwhile: the
 * number never goes down.  The exchange releases: what was invalidated, and
 * what was accessed through it before, is behind.
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
 * The number is this CPU's already, and nobody waits for it.  Now online first
 * and then the generation, with a fence in between; initiators
 * clear the entry, and then look who is online, with a fence in between.  So
 * either they wait for this CPU, or what they cleared was clear before it
 * forgot everything.
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
 * Who looks from now on does not wait, and who waits finds out.  What this CPU
 * has in its TLB it does not use any more, and does not keep.  Its number stays
 * its own as long as an interrupt may answer for it.
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
 * Put what request number generation asks for into the ring.  The place is
 * claimed first: another initiator, a whole ring ahead or behind, may want it.
 * Then this request stays out, as does number 0, which means half written.
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

/* Do what request number generation asks for.  Whether it was in the ring. */
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

/* Invalidate all that requests after old, up to newest, ask for. */
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
 * What a request is about was cleared before its number was there to be read,
 * so it is read before anything is invalidated.  An interrupt that comes in
 * between does all this by itself; the rest is then done twice.
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

/* The next CPU of the set, from index on, that is online; or cpu_count. */
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
 * A host that forgot to fill in the numbers has left them all alike.  Of two
 * CPUs that join at once at least one sees the other: each has claimed its
 * number before.
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
 * Have the firmware do it: as few calls as the harts' numbers allow.  Whether
 * it did; the interrupt is for what it refused.  Not inlined: it needs many
 * registers, which the caller would save for nothing.
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
 * Interrupt, and wait.  A CPU that acknowledged meanwhile is not interrupted;
 * one that went offline is not waited for.  Where hardware broadcasts, nothing
 * gets here, but a build without optimisation has this function, and must not
 * need the hook.
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

/* A new request: its number, and what it is about. */
QPMAP_ATOMIC static qpmap_generation_t
qpmap_shootdown_request(qpmap_vaddr_t va, qpmap_size_t page_count)
{
	qpmap_generation_t generation = __atomic_add_fetch(
	    &qpmap_state.shootdown->generation, 1, __ATOMIC_SEQ_CST);

	qpmap_request_write(qpmap_state.shootdown->requests, generation, va,
	    page_count);
	return (generation);
}

/* Nobody tells a CPU that is not online. */
QPMAP_NORETURN QPMAP_COLD static void
qpmap_shootdown_panic(void)
{
	qpmap_host_panic(QPMAP_PANIC_SHOOTDOWN, 0, 0);
}

QPMAP_COLD struct qpmap_cpu *
qpmap_shootdown_pin(void)
{
	struct qpmap_cpu *cpu = qpmap_host_pin();

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
	cpu = qpmap_host_pin();
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
	qpmap_host_unpin(cpu);
}

/*
 * Who has acknowledged the last request has served all before it, so one wait
 * is for all of them.
 */
void
qpmap_shootdown_pages(const qpmap_vaddr_t *va, qpmap_u32 count)
{
	struct qpmap_cpu *cpu = qpmap_host_pin();
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
	qpmap_host_unpin(cpu);
}

#endif /* QPMAP_SHOOTDOWN */
