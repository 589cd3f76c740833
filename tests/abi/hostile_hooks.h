/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * QPMAP_HOST_INLINE for the checks: the hooks of a kernel whose headers take
 * every name, seen by the library's own sources.
 */
#include "hostile.h"
#include "inline_hooks.h"
