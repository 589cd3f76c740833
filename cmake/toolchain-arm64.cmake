# SPDX-License-Identifier: BSD-2-Clause
#
# arm64, every page size: clang and lld.

set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(qpmap_triple aarch64-unknown-none-elf)
set(qpmap_flags "-mgeneral-regs-only -mno-outline-atomics")
include(${CMAKE_CURRENT_LIST_DIR}/clang.cmake)
