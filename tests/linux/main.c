/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * qpmap as a Linux module: the library, what Linux's host needs, a report in
 * /proc/qpmap, and tests that run when it is loaded.
 *
 *	insmod qpmap.ko				the library, for other modules
 *	insmod qpmap.ko tests=all		and all tests
 *	insmod qpmap.ko tests=contents,global rounds=20
 *	insmod qpmap.ko count=1			count instructions (QEMU,
 *						-icount; on one CPU)
 *
 * Loading fails if a test does.
 */
#include <linux/module.h>

#include "linux.h"

static char *tests = "";
module_param(tests, charp, 0444);
MODULE_PARM_DESC(tests, "tests to run: all, or names with commas (none)");

static unsigned int rounds = 4;
module_param(rounds, uint, 0444);
MODULE_PARM_DESC(rounds, "how often a test does its work (4)");

static unsigned int pages = 4096;
module_param(pages, uint, 0444);
MODULE_PARM_DESC(pages, "pages that the tests use, at least 256 (4096)");

static bool count;
module_param(count, bool, 0444);
MODULE_PARM_DESC(count, "count instructions, beside Linux's own (no)");

static int
qpmap_module_measure(void)
{
	int error = linux_pages_get(max(pages, 256u));

	if (error == 0 && count) {
		error = linux_count();
	}
	if (error == 0 && tests[0] != '\0' && linux_run(tests, rounds) != 0) {
		error = -EIO;
	}
	linux_pages_put();
	return (error);
}

/* Wrong configurations come first: later, there may be no error. */
static int
qpmap_module_start(void)
{
	struct qpmap_config config;
	int error = linux_area_get();

	if (error != 0) {
		return (error);
	}
	(void)linux_test_errors(0);
	linux_area_clear();
	linux_host_init();
	linux_configure(&config);
	error = qpmap_init(&config);
	if (error != QPMAP_OK) {
		pr_err("%s\n", qpmap_strerror(error));
		return (-EINVAL);
	}
	return (linux_cpus_online());
}

static int __init
qpmap_module_init(void)
{
	int error = qpmap_module_start();

	if (error != 0) {
		linux_area_put();
		return (error);
	}
	error = linux_report_open();
	if (error == 0) {
		error = qpmap_module_measure();
	}
	if (error != 0) {
		linux_report_close();
		linux_cpus_offline();
		linux_area_put();
	}
	return (error);
}

static void __exit
qpmap_module_exit(void)
{
	linux_report_close();
	linux_cpus_offline();
	linux_area_put();
}

module_init(qpmap_module_init);
module_exit(qpmap_module_exit);

EXPORT_SYMBOL_GPL(pmap_quick_enter_page);
EXPORT_SYMBOL_GPL(pmap_quick_remove_page);
EXPORT_SYMBOL_GPL(qpmap_enter);
EXPORT_SYMBOL_GPL(qpmap_enter_ro);
EXPORT_SYMBOL_GPL(qpmap_remove);
EXPORT_SYMBOL_GPL(qpmap_zero_page);
EXPORT_SYMBOL_GPL(qpmap_copy_page);
EXPORT_SYMBOL_GPL(qpmap_read);
EXPORT_SYMBOL_GPL(qpmap_write);
EXPORT_SYMBOL_GPL(qpmap_range_enter);
EXPORT_SYMBOL_GPL(qpmap_range_enter_ro);
EXPORT_SYMBOL_GPL(qpmap_range_enter_list);
EXPORT_SYMBOL_GPL(qpmap_range_enter_list_ro);
EXPORT_SYMBOL_GPL(qpmap_range_remove);
EXPORT_SYMBOL_GPL(qpmap_range_room);
EXPORT_SYMBOL_GPL(qpmap_zero_range);
EXPORT_SYMBOL_GPL(qpmap_copy_range);
EXPORT_SYMBOL_GPL(qpmap_shootdown);
EXPORT_SYMBOL_GPL(qpmap_quiesce);
EXPORT_SYMBOL_GPL(qpmap_global_enter);
EXPORT_SYMBOL_GPL(qpmap_global_remove);
EXPORT_SYMBOL_GPL(qpmap_global_remove_deferred);

MODULE_DESCRIPTION("Fast, single-page, temporary kernel mappings");
MODULE_LICENSE("Dual BSD/GPL");
