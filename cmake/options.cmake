# SPDX-License-Identifier: BSD-2-Clause
#
# The build options of include/qpmap/config.h as cache variables, checked
# against each other and the target.  Sets qpmap_arch, the backend's name, and
# qpmap_definitions, what the library and its users are compiled with.

# One option: its name, default, description, and the values it may have.
function(qpmap_option name default text)
	set(${name} ${default} CACHE STRING "${text}")
	set_property(CACHE ${name} PROPERTY STRINGS ${ARGN})
	set(value "${${name}}")
	if("${ARGN}" STREQUAL "0;1" AND value MATCHES "^(ON|TRUE|YES|1)$")
		set(value 1)
	elseif("${ARGN}" STREQUAL "0;1" AND value MATCHES "^(OFF|FALSE|NO|0)$")
		set(value 0)
	endif()
	if(NOT value IN_LIST ARGN)
		list(JOIN ARGN ", " values)
		message(FATAL_ERROR "${name}=${value}: must be one of "
		    "${values}.\n${name} is: ${text}.")
	endif()
	set(${name} ${value} PARENT_SCOPE)
	set(qpmap_definitions ${qpmap_definitions} ${name}=${value}
	    PARENT_SCOPE)
endfunction()

# An option has a value that this target cannot have.
function(qpmap_option_reject name)
	string(CONCAT why ${ARGN})
	message(FATAL_ERROR "${name}=${${name}} on ${qpmap_arch}: ${why}.")
endfunction()

if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64)$")
	set(qpmap_arch amd64)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(i[3-6]86|x86)$")
	set(qpmap_arch i386)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
	set(qpmap_arch arm64)
elseif(CMAKE_SYSTEM_PROCESSOR STREQUAL "riscv64")
	set(qpmap_arch riscv64)
else()
	message(FATAL_ERROR "qpmap has no backend for the processor "
	    "'${CMAKE_SYSTEM_PROCESSOR}'.  The toolchain file must set "
	    "CMAKE_SYSTEM_PROCESSOR to x86_64, i386, aarch64 or riscv64.")
endif()

set(qpmap_definitions)
qpmap_option(QPMAP_PAGE_SHIFT 12 "log2 of the page size" 12 14 16)
qpmap_option(QPMAP_PAE 0 "i386: 64-bit page-table entries" 0 1)
qpmap_option(QPMAP_LPA2 0 "arm64: 52-bit output addresses, TCR_EL1.DS" 0 1)
qpmap_option(QPMAP_SLOTS 4 "mappings held at once on one CPU"
    1 2 3 4 5 6 7 8)
qpmap_option(QPMAP_CACHE_LINE 64 "bytes in a cache line" 64 128)
qpmap_option(QPMAP_DIRECT_MAP 1 "the kernel may have a direct map" 0 1)
qpmap_option(QPMAP_INLINE 0 "enter and remove inline, for the direct map" 0 1)
qpmap_option(QPMAP_CHECKED 0 "every enter asks whether the page is wired" 0 1)
qpmap_option(QPMAP_TABLES 0 "the library can build page tables" 0 1)
qpmap_option(QPMAP_SHOOTDOWN 0 "shootdown and global mappings" 0 1)
qpmap_option(QPMAP_RANGE_PAGES 0 "pages of each CPU's range area"
    0 8 16 32 64 128 256 512 1024 2048 4096 8192)
qpmap_option(QPMAP_LARGE_SLOTS 0 "large pages mapped at once on one CPU"
    0 1 2 3 4 5 6 7 8)
qpmap_option(QPMAP_TRY 0 "copies that survive a fault of a page" 0 1)
qpmap_option(QPMAP_SWITCH 0 "mappings held over context switches" 0 1)

if(NOT QPMAP_PAGE_SHIFT EQUAL 12 AND NOT qpmap_arch STREQUAL "arm64")
	qpmap_option_reject(QPMAP_PAGE_SHIFT "only arm64 has other pages than "
	    "4 KiB")
endif()
if(QPMAP_PAE AND NOT qpmap_arch STREQUAL "i386")
	qpmap_option_reject(QPMAP_PAE "only i386 has PAE")
endif()
if(QPMAP_LPA2 AND NOT qpmap_arch STREQUAL "arm64")
	qpmap_option_reject(QPMAP_LPA2 "only arm64 has LPA2")
endif()
if(QPMAP_LPA2 AND QPMAP_PAGE_SHIFT EQUAL 16)
	qpmap_option_reject(QPMAP_LPA2 "LPA2 is for 4 and 16 KiB pages, "
	    "QPMAP_PAGE_SHIFT 12 and 14")
endif()

# Headers of the kernel's, named as in an #include but without the quotes.
set(QPMAP_HOST_INLINE "" CACHE STRING
    "header with inline qpmap_host_pin, _cpu and _unpin; see host.h")
set(QPMAP_HOST_PAGE "" CACHE STRING
    "header with the kernel's vm_page_t; see pmap.h")
set(QPMAP_HOT_ATTR "" CACHE STRING
    "attributes for the functions of the hot path")
if(QPMAP_HOST_PAGE)
	list(APPEND qpmap_definitions "QPMAP_HOST_PAGE=\"${QPMAP_HOST_PAGE}\"")
endif()

# The direct map of a kernel that knows it when it is compiled; see config.h.
foreach(qpmap_number PA VA SIZE)
	set(QPMAP_DIRECT_${qpmap_number} "" CACHE STRING
	    "the direct map's ${qpmap_number}, a number")
	if(NOT QPMAP_DIRECT_${qpmap_number} STREQUAL "")
		list(APPEND qpmap_definitions
		    QPMAP_DIRECT_${qpmap_number}=${QPMAP_DIRECT_${qpmap_number}})
	endif()
endforeach()

# One more instruction in each function: not in the instruction counts.
option(QPMAP_LANDING_PADS
    "mark indirect branch targets (x86 ENDBR, arm64 BTI)" OFF)
if(QPMAP_LANDING_PADS AND qpmap_arch STREQUAL "riscv64")
	qpmap_option_reject(QPMAP_LANDING_PADS "only x86 and arm64 have them")
endif()
