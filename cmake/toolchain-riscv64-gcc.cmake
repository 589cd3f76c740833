# SPDX-License-Identifier: BSD-2-Clause
#
# riscv64: gcc and GNU ld.

set(CMAKE_SYSTEM_PROCESSOR riscv64)
set(qpmap_triple riscv64-linux-gnu)
set(qpmap_flags "-march=rv64imac_zicsr_zifencei -mabi=lp64 -mcmodel=medany")
include(${CMAKE_CURRENT_LIST_DIR}/gcc.cmake)
