/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host patterns' own logic, run on the build machine: what nests, what is
 * put back when, and that an NMI in the middle does no harm.
 *
 * Compiled once for each pattern, with native_kernel.h in place of kernel.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <qpmap/host.h>

struct mk_thread mk_native_thread;
struct mk_irq mk_native_irq;
static struct mk_cpu hosts_cpu;
static unsigned int hosts_yields, hosts_nmis;
static _Bool hosts_in_nmi;

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

static int
hosts_reset(void **state)
{
	(void)state;
	mk_native_thread = (struct mk_thread){ .cpu = &hosts_cpu };
	hosts_cpu = (struct mk_cpu){ .depth = 0 };
	hosts_yields = hosts_nmis = 0;
	hosts_in_nmi = 0;
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(hosts_test_nest_on, hosts_reset),
		cmocka_unit_test_setup(hosts_test_nest_off, hosts_reset),
#ifndef HOSTS_SAVES
		cmocka_unit_test_setup(hosts_test_preempt, hosts_reset),
#endif
	};

	return (cmocka_run_group_tests_name("hosts", tests, NULL, NULL));
}
