# SPDX-License-Identifier: BSD-2-Clause
#
# arm64, every page size: gcc and GNU ld.

set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(qpmap_triple aarch64-linux-gnu)
set(qpmap_flags "-mgeneral-regs-only -mno-outline-atomics")
include(${CMAKE_CURRENT_LIST_DIR}/gcc.cmake)
