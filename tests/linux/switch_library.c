/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The library of qpmap_switch.ko: Kbuild compiles src/qpmap.c itself for
 * qpmap_direct.ko, with other options.
 */
#include "../../src/qpmap.c"
