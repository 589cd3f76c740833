# SPDX-License-Identifier: BSD-2-Clause
#
# amd64: gcc and GNU ld.

set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(qpmap_triple x86_64-linux-gnu)
set(qpmap_flags "-mgeneral-regs-only -mno-red-zone -mcmodel=kernel")
include(${CMAKE_CURRENT_LIST_DIR}/gcc.cmake)
