/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host patterns' own logic, run on the build machine: what nests, what is
 * put back when, and that an NMI in the middle does no harm; and who answers
 * shootdowns.
 *
 * Compiled once for each pattern, with native_kernel.h in place of kernel.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <qpmap/host.h>
#include <qpmap/shootdown.h>

struct mk_thread mk_native_thread;
struct mk_irq mk_native_irq;
static struct mk_cpu hosts_cpu;
static unsigned int hosts_yields, hosts_nmis;
static _Bool hosts_in_nmi;
static char hosts_log[16];
static unsigned int hosts_sent;

/* An NMI handler that enters and removes a page. */
void
mk_native_nmi(void)
{
	struct qpmap_cpu *cpu;

	if (hosts_in_nmi) {
		return;
	}
	hosts_in_nmi = 1;
	hosts_nmis++;
	cpu = qpmap_host_pin();
	assert_ptr_equal(cpu, &hosts_cpu.qpmap);
	qpmap_host_unpin(cpu);
	hosts_in_nmi = 0;
}

void
mk_critical_enter(void)
{
	mk_native_thread.critical++;
	mk_native_nmi();
}

void
mk_critical_exit(void)
{
	mk_native_nmi();
	if (--mk_native_thread.critical == 0 && mk_native_thread.preempt_owed) {
		mk_yield();
	}
}

void
mk_yield(void)
{
	assert_int_equal(mk_native_thread.critical, 0);
	mk_native_thread.preempt_owed = 0;
	hosts_yields++;
}

/* What happened, a letter each, in its order. */
static void
hosts_note(char what)
{
	size_t length = strlen(hosts_log);

	assert_true(length < sizeof(hosts_log) - 1);
	hosts_log[length] = what;
}

void
mk_ipi_send(unsigned int number)
{
	hosts_note('s');
	hosts_sent = number;
}

void
mk_ipi_acknowledge(void)
{
	hosts_note('a');
}

QPMAP_CALL void
qpmap_shootdown_ipi(void)
{
	hosts_note('i');
}

QPMAP_CALL void
qpmap_shootdown_poll(void)
{
	assert_int_equal(mk_native_irq.flags, 0);
	hosts_note('p');
}

_Bool
mk_lock_try(struct mk_lock *lock)
{
	hosts_note('t');
	assert_int_equal(mk_native_irq.flags, 0);
	lock->held = lock->tries_left == 0;
	lock->tries_left -= !lock->held;
	return (lock->held);
}

void
mk_lock_clear(struct mk_lock *lock)
{
	hosts_note('c');
	assert_int_equal(mk_native_irq.flags, 0);
	lock->held = 0;
}

static int
hosts_reset(void **state)
{
	(void)state;
	mk_native_thread = (struct mk_thread){ .cpu = &hosts_cpu };
	hosts_cpu = (struct mk_cpu){ .depth = 0 };
	hosts_yields = hosts_nmis = 0;
	hosts_in_nmi = 0;
	memset(hosts_log, 0, sizeof(hosts_log));
	hosts_sent = 0;
	return (0);
}

/* Three deep: the state of the outermost, and only at its end. */
static void
hosts_nest(unsigned long flags)
{
	struct qpmap_cpu *cpu[3];
	int i;

	mk_native_irq.flags = flags;
	for (i = 0; i < 3; i++) {
		cpu[i] = qpmap_host_pin();
		assert_ptr_equal(cpu[i], &hosts_cpu.qpmap);
		assert_ptr_equal(qpmap_host_cpu(), &hosts_cpu.qpmap);
#ifdef HOSTS_SAVES
		assert_int_equal(mk_native_irq.flags, 0);
		assert_int_equal(hosts_cpu.depth, i + 1);
#else
		assert_int_equal(mk_native_irq.flags, flags);
		assert_int_equal(mk_native_thread.critical, i + 1);
#endif
	}
	for (i = 2; i >= 0; i--) {
#ifdef HOSTS_SAVES
		assert_int_equal(mk_native_irq.flags, 0);
#endif
		qpmap_host_unpin(cpu[i]);
	}
	assert_int_equal(mk_native_irq.flags, flags);
	assert_int_equal(hosts_cpu.depth, 0);
	assert_int_equal(mk_native_thread.critical, 0);
	assert_true(hosts_nmis > 0);
}

static void
hosts_test_nest_on(void **state)
{
	(void)state;
	hosts_nest(0x5a);
}

static void
hosts_test_nest_off(void **state)
{
	(void)state;
	hosts_nest(0);
}

#ifndef HOSTS_SAVES
/* Preemption that was put off happens at the last unpin, once. */
static void
hosts_test_preempt(void **state)
{
	struct qpmap_cpu *cpu = qpmap_host_pin();
	struct qpmap_cpu *again = qpmap_host_pin();

	(void)state;
	mk_native_thread.preempt_owed = 1;
	qpmap_host_unpin(again);
	assert_int_equal(hosts_yields, 0);
	qpmap_host_unpin(cpu);
	assert_int_equal(hosts_yields, 1);
	qpmap_host_unpin(qpmap_host_pin());
	assert_int_equal(hosts_yields, 1);
}
#endif

/* The window is the CPU's number; the hardware is told, then the library. */
static void
hosts_test_ipi(void **state)
{
	(void)state;
	qpmap_host_ipi(5);
	assert_int_equal(hosts_sent, 5);
	mk_ipi_interrupt();
	assert_string_equal(hosts_log, "sai");
}

/* Interrupts are off while the lock is held, and who waits for it answers. */
static void
hosts_test_lock(void **state)
{
	struct mk_lock lock = { .tries_left = 2 };
	struct mk_irq irq;

	(void)state;
	mk_native_irq.flags = 0x5a;
	irq = mk_lock(&lock);
	assert_true(lock.held);
	assert_int_equal(mk_native_irq.flags, 0);
	assert_string_equal(hosts_log, "tptpt");
	mk_unlock(&lock, irq);
	assert_false(lock.held);
	assert_string_equal(hosts_log, "tptptc");
	assert_int_equal(mk_native_irq.flags, 0x5a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(hosts_test_nest_on, hosts_reset),
		cmocka_unit_test_setup(hosts_test_nest_off, hosts_reset),
		cmocka_unit_test_setup(hosts_test_ipi, hosts_reset),
		cmocka_unit_test_setup(hosts_test_lock, hosts_reset),
#ifndef HOSTS_SAVES
		cmocka_unit_test_setup(hosts_test_preempt, hosts_reset),
#endif
	};

	return (cmocka_run_group_tests_name("hosts", tests, NULL, NULL));
}
