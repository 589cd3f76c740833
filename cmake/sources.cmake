# SPDX-License-Identifier: BSD-2-Clause
#
# The library's files and what they are compiled with, after options.cmake.  The
# list is a makefile's, src/sources.mk, so that a kernel's makefile can include
# it.  Sets
#
#	qpmap_include			the directory of the headers
#	qpmap_sources			all files
#	qpmap_cold_sources		those that are compiled for size
#	qpmap_cflags			flags of all files
#	qpmap_source_definitions	definitions of these files only

cmake_path(GET CMAKE_CURRENT_LIST_DIR PARENT_PATH qpmap_top)
set(qpmap_include ${qpmap_top}/include)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
    ${qpmap_top}/src/sources.mk)
file(READ ${qpmap_top}/src/sources.mk qpmap_list)
string(REGEX MATCH "QPMAP_OBJ_CFLAGS_${qpmap_arch} = ?([^\n]*)" qpmap_match
    "${qpmap_list}")
separate_arguments(qpmap_cflags UNIX_COMMAND "${CMAKE_MATCH_1}")
string(REPLACE "$(QPMAP_ARCH)" ${qpmap_arch} qpmap_list "${qpmap_list}")
string(REGEX MATCHALL "[a-z0-9_]+/[a-z0-9_/]+\\.c" qpmap_list
    "${qpmap_list}")
list(TRANSFORM qpmap_list PREPEND ${qpmap_top}/src/ OUTPUT_VARIABLE
    qpmap_sources)

# The hot path is quick.c (and pmap.c, which jumps there); slow.c and page_ops.c
# are often on one.  All else runs once, or does more work than its call: there,
# small is fast.
set(qpmap_cold_sources ${qpmap_sources})
list(FILTER qpmap_cold_sources EXCLUDE REGEX
    "core/(quick|pmap|slow|page_ops|large|switch|try)\\.c$")

set(qpmap_source_definitions)
if(QPMAP_HOST_INLINE)
	list(APPEND qpmap_source_definitions
	    "QPMAP_HOST_INLINE=\"${QPMAP_HOST_INLINE}\"")
endif()
if(QPMAP_HOT_ATTR)
	list(APPEND qpmap_source_definitions
	    "QPMAP_HOT_ATTR=${QPMAP_HOT_ATTR}")
endif()
if(QPMAP_LANDING_PADS AND qpmap_arch STREQUAL "arm64")
	list(APPEND qpmap_cflags -mbranch-protection=bti)
elseif(QPMAP_LANDING_PADS)
	list(APPEND qpmap_cflags -fcf-protection=branch)
	if(qpmap_arch STREQUAL "i386")
		# gcc takes them only for CPUs that have ENDBR32's encoding.
		list(APPEND qpmap_cflags -march=i686)
	endif()
endif()
