/* SPDX-License-Identifier: BSD-2-Clause */
/* amd64: the probe of x86. */
#include "../x86/probe.h"
