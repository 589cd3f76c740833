# SPDX-License-Identifier: BSD-2-Clause
#
# The suites of tests, tests/*, and the tools that they need.  tests/unit and
# tests/pte need a compiler and cmocka.  Every other suite names its tools, and
# is skipped, with a printed line, where one is missing.

option(QPMAP_ALL_SUITES "Fail where a suite would be skipped" OFF)

find_package(Unicorn 2.1.1 QUIET)
find_library(QPMAP_CMOCKA cmocka)
if(NOT QPMAP_CMOCKA)
	message(FATAL_ERROR "cmocka is missing, the library that the tests are "
	    "written with.  Install it (Debian: libcmocka-dev), or run "
	    "tools/setup, which installs everything that the tests need.")
endif()

# What tools/check unit pte builds.
add_custom_target(native-tests)

# qpmap_suite_needs(TOOL...): return from the CMakeLists.txt that calls this if
# a program, or Unicorn, is missing.
macro(qpmap_suite_needs)
	set(qpmap_missing)
	foreach(qpmap_tool ${ARGN})
		if(qpmap_tool STREQUAL "Unicorn")
			set(QPMAP_TOOL_Unicorn ${Unicorn_FOUND})
		else()
			find_program(QPMAP_TOOL_${qpmap_tool} ${qpmap_tool})
			mark_as_advanced(QPMAP_TOOL_${qpmap_tool})
		endif()
		if(NOT QPMAP_TOOL_${qpmap_tool})
			list(APPEND qpmap_missing ${qpmap_tool})
		endif()
	endforeach()
	if(qpmap_missing)
		cmake_path(GET CMAKE_CURRENT_SOURCE_DIR FILENAME qpmap_suite)
		list(JOIN qpmap_missing ", " qpmap_missing)
		if(QPMAP_ALL_SUITES)
			message(FATAL_ERROR "${qpmap_suite}: missing are "
			    "${qpmap_missing}.  Run tools/setup.")
		endif()
		message(STATUS "skipped: ${qpmap_suite}/...: missing are "
		    "${qpmap_missing}; tools/setup installs them")
		return()
	endif()
endmacro()
