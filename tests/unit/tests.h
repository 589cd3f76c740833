/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tests' tables, one for each file.
 */
#ifndef QPMAP_TESTS_TESTS_H
#define QPMAP_TESTS_TESTS_H

extern const struct CMUnitTest contract_tests[];
extern const size_t contract_count;
extern const struct CMUnitTest init_tests[];
extern const size_t init_count;
extern const struct CMUnitTest tables_tests[];
extern const size_t tables_count;
extern const struct CMUnitTest pages_tests[];
extern const size_t pages_count;
extern const struct CMUnitTest direct_tests[];
extern const size_t direct_count;
extern const struct CMUnitTest model_tests[];
extern const size_t model_count;
#if QPMAP_RANGE_PAGES
extern const struct CMUnitTest ranges_tests[];
extern const size_t ranges_count;
#endif
#if QPMAP_LARGE_SLOTS
extern const struct CMUnitTest large_tests[];
extern const size_t large_count;
#endif
#if QPMAP_TRY
extern const struct CMUnitTest try_tests[];
extern const size_t try_count;
#endif
#if QPMAP_SWITCH
extern const struct CMUnitTest switch_tests[];
extern const size_t switch_count;
#endif
#if QPMAP_SHOOTDOWN
extern const struct CMUnitTest smp_tests[];
extern const size_t smp_count;
extern const struct CMUnitTest global_tests[];
extern const size_t global_count;
extern const struct CMUnitTest schedule_tests[];
extern const size_t schedule_count;
#endif

#endif /* QPMAP_TESTS_TESTS_H */
