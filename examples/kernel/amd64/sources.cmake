# SPDX-License-Identifier: BSD-2-Clause
set(kernel_machine amd64/boot.S x86/machine.c)
set(kernel_include amd64
    x86)
set(kernel_ld amd64/kernel.ld)
