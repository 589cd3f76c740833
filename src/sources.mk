# SPDX-License-Identifier: BSD-2-Clause
#
# The library's source files, relative to src/.  A plain makefile sets
# QPMAP_ARCH to amd64, i386, arm64 or riscv64, includes this file, and
# compiles $(QPMAP_SOURCES) with the kernel's own flags, $(QPMAP_OBJ_CFLAGS)
# and -I of include/.  CMakeLists.txt reads the same lists.
#
# qpmap.c, beside this file, includes all of them: a kernel may compile it in
# place of $(QPMAP_SOURCES), with the same flags.  Its comment says the cost.

QPMAP_SOURCES = \
	core/cpu.c \
	core/global.c \
	core/init.c \
	core/large.c \
	core/large_slow.c \
	core/page_ops.c \
	core/panic.c \
	core/pmap.c \
	core/quick.c \
	core/range.c \
	core/selftest.c \
	core/shootdown.c \
	core/slow.c \
	core/strerror.c \
	core/switch.c \
	core/tables.c \
	core/try.c \
	arch/$(QPMAP_ARCH)/copy.c \
	arch/$(QPMAP_ARCH)/probe.c

# Flags that the sources need, and that most kernels' flags include.  Without
# them compilers use floating-point and vector registers for plain copies, which
# trap in a kernel.  amd64: the code pushes EFLAGS, so there must be no red zone.
# riscv64: compilers do so with the V extension only; it must not be in -march.
QPMAP_OBJ_CFLAGS_amd64 = -mgeneral-regs-only -mno-red-zone
QPMAP_OBJ_CFLAGS_i386 = -mgeneral-regs-only
QPMAP_OBJ_CFLAGS_arm64 = -mgeneral-regs-only
QPMAP_OBJ_CFLAGS_riscv64 =
QPMAP_OBJ_CFLAGS = $(QPMAP_OBJ_CFLAGS_$(QPMAP_ARCH))
