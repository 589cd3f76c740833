# SPDX-License-Identifier: BSD-2-Clause
#
# i386, with and without PAE: clang and lld.  For CPUs from the Pentium on: the
# tests run on one.

set(CMAKE_SYSTEM_PROCESSOR i386)
set(qpmap_triple i386-unknown-none-elf)
set(qpmap_flags "-march=i586 -mgeneral-regs-only")
include(${CMAKE_CURRENT_LIST_DIR}/clang.cmake)
