# SPDX-License-Identifier: BSD-2-Clause
#
# riscv64: clang and lld.

set(CMAKE_SYSTEM_PROCESSOR riscv64)
set(qpmap_triple riscv64-unknown-none-elf)
set(qpmap_flags "-march=rv64imac -mabi=lp64 -mcmodel=medany")
include(${CMAKE_CURRENT_LIST_DIR}/clang.cmake)
