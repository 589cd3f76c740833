/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Other designs (bench/designs/), counted as ours is, on 1 to 64 CPUs.
 */
#ifndef BENCH_DESIGNS_H
#define BENCH_DESIGNS_H

#include "smp.h"

/* Try each design, count it, and print "designs": {...}, */
void designs_print(const struct emu_mode *mode);
/* On i386, print "switch_kmap": [...], as bench.c's "switch". */
void designs_switch(const struct emu_mode *mode);

#endif /* BENCH_DESIGNS_H */
