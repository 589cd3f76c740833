# SPDX-License-Identifier: BSD-2-Clause
#
# i386, with and without PAE: gcc and GNU ld.

set(CMAKE_SYSTEM_PROCESSOR i386)
set(qpmap_triple i686-linux-gnu)
set(qpmap_flags "-march=i586 -mtune=generic -mgeneral-regs-only")
include(${CMAKE_CURRENT_LIST_DIR}/gcc.cmake)
