# SPDX-License-Identifier: BSD-2-Clause
#
# qpmap inside a kernel's own target, for a kernel that is built with CMake:
#
#	set(QPMAP_TABLES 1)			# options, see docs/porting-kernel.md
#	include(qpmap/qpmap.cmake)
#	qpmap_target_sources(kernel)
#
# The library's files are compiled with the target's flags, and all files of the
# target see the library's headers and options.  The options are those of
# include/qpmap/config.h, from variables or from cmake -D.

include(${CMAKE_CURRENT_LIST_DIR}/cmake/options.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/cmake/sources.cmake)

# Add the library to a target, in the directory of the include() or below it.
function(qpmap_target_sources target)
	target_sources(${target} PRIVATE ${qpmap_sources})
	target_include_directories(${target} PRIVATE ${qpmap_include})
	target_compile_definitions(${target} PRIVATE ${qpmap_definitions})
	set_property(SOURCE ${qpmap_sources} TARGET_DIRECTORY ${target}
	    APPEND PROPERTY COMPILE_OPTIONS ${qpmap_cflags})
	set_property(SOURCE ${qpmap_sources} TARGET_DIRECTORY ${target}
	    APPEND PROPERTY COMPILE_DEFINITIONS ${qpmap_source_definitions})
endfunction()
