# SPDX-License-Identifier: BSD-2-Clause
set(kernel_machine amd64/boot.S x86/machine.c)
set(kernel_include ${CMAKE_CURRENT_SOURCE_DIR}/amd64
    ${CMAKE_CURRENT_SOURCE_DIR}/x86)
set(kernel_ld amd64/kernel.ld)
