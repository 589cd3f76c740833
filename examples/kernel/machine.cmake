# SPDX-License-Identifier: BSD-2-Clause
#
# kernel_machine(TARGET) adds the library and the machine's own files to a
# kernel, whose kernel.h is in the current folder, and makes TARGET.elf of it in
# the top of the build directory.
#
# <arch>/sources.cmake sets kernel_machine, the machine's files, kernel_include,
# where its machine.h is, and kernel_ld, the linker's script.

enable_language(ASM)
set(kernel_machines ${CMAKE_CURRENT_LIST_DIR})
include(${kernel_machines}/${qpmap_arch}/sources.cmake)
list(TRANSFORM kernel_machine PREPEND ${kernel_machines}/)
list(TRANSFORM kernel_include PREPEND ${kernel_machines}/)
set(kernel_ld ${kernel_machines}/${kernel_ld})

function(kernel_machine target)
	target_sources(${target} PRIVATE ${kernel_machine})
	target_include_directories(${target} PRIVATE
	    ${CMAKE_CURRENT_SOURCE_DIR} ${kernel_include})
	target_link_libraries(${target} PRIVATE qpmap::qpmap)
	target_compile_options(${target} PRIVATE
	    $<$<COMPILE_LANGUAGE:C>:${qpmap_warnings}>)
	target_link_options(${target} PRIVATE -T ${kernel_ld} -static)
	set_target_properties(${target} PROPERTIES SUFFIX .elf
	    LINK_DEPENDS ${kernel_ld}
	    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
endfunction()
