# SPDX-License-Identifier: BSD-2-Clause
#
# amd64: clang and lld.

set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(qpmap_triple x86_64-unknown-none-elf)
set(qpmap_flags "-mgeneral-regs-only -mno-red-zone -mcmodel=kernel")
include(${CMAKE_CURRENT_LIST_DIR}/clang.cmake)
