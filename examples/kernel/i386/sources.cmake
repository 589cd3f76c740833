# SPDX-License-Identifier: BSD-2-Clause
set(kernel_machine i386/boot.S x86/machine.c)
set(kernel_include i386
    x86)
set(kernel_ld i386/kernel.ld)
