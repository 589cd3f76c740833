# SPDX-License-Identifier: BSD-2-Clause
#
# What the gcc toolchain files have in common.  They set
# CMAKE_SYSTEM_PROCESSOR, qpmap_triple and qpmap_flags first.
#
# The compilers are Debian's, made for Linux: the flags take out what is
# Linux's.

set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_C_COMPILER ${qpmap_triple}-gcc)
set(CMAKE_ASM_COMPILER ${qpmap_triple}-gcc)
set(CMAKE_EXE_LINKER_FLAGS_INIT "-nostdlib -static -Wl,--build-id=none")
set(qpmap_flags "${qpmap_flags} -fno-stack-protector")
include(${CMAKE_CURRENT_LIST_DIR}/freestanding.cmake)
