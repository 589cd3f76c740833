/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usage: unit-VARIANT [PATTERN]
 *
 * Runs all tests, or those whose name is, or matches, the pattern
 * ('unit/B2/'*).  The exit status is 2 if there is none.
 */
#include <fnmatch.h>
#include <stdio.h>

#include "machine.h"
#include "tests.h"

#define MAIN_MOST 256

/* Append a file's tests. */
static size_t
main_add(struct CMUnitTest *all, size_t count, const struct CMUnitTest *more,
    size_t more_count)
{
	if (count + more_count > MAIN_MOST) {
		(void)fprintf(stderr, "unit: MAIN_MOST is too small\n");
		exit(2);
	}
	memcpy(&all[count], more, more_count * sizeof(*more));
	return (count + more_count);
}

/* Keep those that are asked for; how many that is. */
static size_t
main_filter(struct CMUnitTest *tests, size_t count, const char *pattern)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		if (strcmp(tests[i].name, pattern) == 0 ||
		    fnmatch(pattern, tests[i].name, 0) == 0) {
			tests[kept++] = tests[i];
		}
	}
	if (kept == 0) {
		(void)fprintf(stderr, "unit: no test is called %s\n", pattern);
		exit(2);
	}
	return (kept);
}

/*
 * All of them; or, where tools/mutants wants to know only whether one fails,
 * one by one until it does.
 */
static int
main_run(const struct CMUnitTest *tests, size_t count)
{
	if (getenv("QPMAP_FIRST_FAILURE") == NULL) {
		return (_cmocka_run_group_tests("unit", tests, count, NULL,
		    NULL));
	}
	for (size_t i = 0; i < count; i++) {
		if (_cmocka_run_group_tests("unit", &tests[i], 1, NULL, NULL) !=
		    0) {
			return (1);
		}
	}
	return (0);
}

int
main(int argc, char **argv)
{
	static struct CMUnitTest all[MAIN_MOST];
	size_t count = 0;

	count = main_add(all, count, contract_tests, contract_count);
	/* These have more windows than there is memory for areas. */
	if (!QPMAP_RANGE_PAGES) {
		count = main_add(all, count, init_tests, init_count);
		count = main_add(all, count, tables_tests, tables_count);
		count = main_add(all, count, model_tests, model_count);
	}
	count = main_add(all, count, pages_tests, pages_count);
	count = main_add(all, count, direct_tests, direct_count);
#if QPMAP_RANGE_PAGES
	count = main_add(all, count, ranges_tests, ranges_count);
#endif
#if QPMAP_LARGE_SLOTS
	count = main_add(all, count, large_tests, large_count);
#endif
#if QPMAP_TRY
	count = main_add(all, count, try_tests, try_count);
#endif
#if QPMAP_SWITCH
	count = main_add(all, count, switch_tests, switch_count);
#endif
#if QPMAP_SHOOTDOWN
	count = main_add(all, count, smp_tests, smp_count);
	count = main_add(all, count, global_tests, global_count);
	count = main_add(all, count, schedule_tests, schedule_count);
#endif
	/* The other tests count pins where preemption is disabled here. */
	if (QPMAP_SWITCH && QPMAP_SHOOTDOWN) {
		count = main_filter(all, count, "unit/B19/*");
	}
	if (argc > 1) {
		count = main_filter(all, count, argv[1]);
	}
	return (main_run(all, count));
}
