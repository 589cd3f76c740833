# SPDX-License-Identifier: BSD-2-Clause
#
# The library's source files, relative to src/.  A plain makefile sets
# QPMAP_ARCH to amd64, i386, arm64 or riscv64, includes this file, and
# compiles $(QPMAP_SOURCES) with the kernel's own flags, $(QPMAP_OBJ_CFLAGS)
# and -I of include/.  CMakeLists.txt reads the same lists.

QPMAP_SOURCES = \
	core/page_ops.c \
	core/pmap.c \
	core/quick.c \
	core/selftest.c \
	core/global.c \
	core/shootdown.c \
	core/slow.c \
	core/strerror.c \
	core/tables.c \
	core/window.c \
	arch/$(QPMAP_ARCH)/copy.c \
	arch/$(QPMAP_ARCH)/probe.c

# What the sources need, and a kernel's flags have, as a rule.  Compilers use
# floating-point and vector registers for plain copies, and a kernel traps them;
# amd64 keeps EFLAGS on the stack, where no red zone may be.  riscv64's do so
# with the V extension only, which is not to be in -march.
QPMAP_OBJ_CFLAGS_amd64 = -mgeneral-regs-only -mno-red-zone
QPMAP_OBJ_CFLAGS_i386 = -mgeneral-regs-only
QPMAP_OBJ_CFLAGS_arm64 = -mgeneral-regs-only
QPMAP_OBJ_CFLAGS_riscv64 =
QPMAP_OBJ_CFLAGS = $(QPMAP_OBJ_CFLAGS_$(QPMAP_ARCH))
