# SPDX-License-Identifier: BSD-2-Clause
#
# find_package(Unicorn VERSION): the target Unicorn::Unicorn, from where
# tools/setup unpacked it or from the system.  The static library is preferred,
# so that nothing has to be found when a test runs.

set(unicorn_own ${CMAKE_CURRENT_LIST_DIR}/../build/deps/unicorn/usr)
find_path(Unicorn_INCLUDE_DIR unicorn/unicorn.h HINTS ${unicorn_own}/include)
find_library(Unicorn_LIBRARY NAMES libunicorn.a unicorn
    HINTS ${unicorn_own}/lib/x86_64-linux-gnu ${unicorn_own}/lib)

set(unicorn_version)
if(Unicorn_INCLUDE_DIR)
	file(READ ${Unicorn_INCLUDE_DIR}/unicorn/unicorn.h unicorn_header)
	foreach(unicorn_part MAJOR MINOR PATCH)
		string(REGEX MATCH "UC_API_${unicorn_part} +([0-9]+)"
		    unicorn_match "${unicorn_header}")
		list(APPEND unicorn_version ${CMAKE_MATCH_1})
	endforeach()
	list(JOIN unicorn_version "." unicorn_version)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Unicorn
    REQUIRED_VARS Unicorn_LIBRARY Unicorn_INCLUDE_DIR
    VERSION_VAR unicorn_version)

if(Unicorn_FOUND AND NOT TARGET Unicorn::Unicorn)
	find_package(Threads REQUIRED)
	add_library(Unicorn::Unicorn UNKNOWN IMPORTED)
	set_target_properties(Unicorn::Unicorn PROPERTIES
	    IMPORTED_LOCATION ${Unicorn_LIBRARY}
	    INTERFACE_INCLUDE_DIRECTORIES ${Unicorn_INCLUDE_DIR}
	    INTERFACE_LINK_LIBRARIES "Threads::Threads;m")
endif()
