# SPDX-License-Identifier: BSD-2-Clause
set(kernel_machine arm64/boot.S arm64/machine.c)
set(kernel_include ${CMAKE_CURRENT_SOURCE_DIR}/arm64)
set(kernel_ld arm64/kernel.ld)
