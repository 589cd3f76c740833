# SPDX-License-Identifier: BSD-2-Clause
set(kernel_machine arm64/boot.S arm64/machine.c)
set(kernel_include arm64)
set(kernel_ld arm64/kernel.ld)
