# SPDX-License-Identifier: BSD-2-Clause
set(kernel_machine i386/boot.S x86/machine.c)
set(kernel_include ${CMAKE_CURRENT_SOURCE_DIR}/i386
    ${CMAKE_CURRENT_SOURCE_DIR}/x86)
set(kernel_ld i386/kernel.ld)
