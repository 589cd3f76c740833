# SPDX-License-Identifier: BSD-2-Clause
#
# What the clang toolchain files have in common.  They set
# CMAKE_SYSTEM_PROCESSOR, qpmap_triple and qpmap_flags first.
#
# ld.lld is called directly, and not through clang: for a bare-metal triple
# clang takes another driver on each architecture and in each version.

set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_C_COMPILER clang)
set(CMAKE_C_COMPILER_TARGET ${qpmap_triple})
set(CMAKE_ASM_COMPILER clang)
set(CMAKE_ASM_COMPILER_TARGET ${qpmap_triple})
set(CMAKE_AR llvm-ar)
set(CMAKE_RANLIB llvm-ranlib)
include(${CMAKE_CURRENT_LIST_DIR}/freestanding.cmake)

foreach(qpmap_language C ASM)
	set(CMAKE_${qpmap_language}_LINK_EXECUTABLE
	    "ld.lld <LINK_FLAGS> <OBJECTS> -o <TARGET> <LINK_LIBRARIES>")
endforeach()
