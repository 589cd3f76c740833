# SPDX-License-Identifier: BSD-2-Clause
#
# Flags of every freestanding build, whatever the compiler.

set(qpmap_flags "-ffreestanding -fno-pic -fomit-frame-pointer \
-fno-asynchronous-unwind-tables ${qpmap_flags}")
set(CMAKE_C_FLAGS_INIT "${qpmap_flags}")
set(CMAKE_ASM_FLAGS_INIT "${qpmap_flags}")
