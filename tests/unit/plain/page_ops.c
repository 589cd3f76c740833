/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page helpers without volatile: clang's sanitizer looks at the alignment
 * of ordinary accesses only.
 */
#ifdef __clang__
#pragma clang diagnostic ignored "-Wkeyword-macro"
#endif
#define volatile
#include "../../../src/core/page_ops.c"
