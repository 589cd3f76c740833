# SPDX-License-Identifier: BSD-2-Clause
#
# riscv64: clang and lld, which in version 14 cannot relax.

set(CMAKE_SYSTEM_PROCESSOR riscv64)
set(qpmap_triple riscv64-unknown-none-elf)
set(qpmap_flags "-march=rv64imac -mabi=lp64 -mcmodel=medany -mno-relax")
include(${CMAKE_CURRENT_LIST_DIR}/clang.cmake)
