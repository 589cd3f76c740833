# SPDX-License-Identifier: BSD-2-Clause
set(kernel_machine riscv64/boot.S riscv64/machine.c)
set(kernel_include riscv64)
set(kernel_ld riscv64/kernel.ld)
