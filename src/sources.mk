# SPDX-License-Identifier: BSD-2-Clause
#
# The library's source files, relative to src/.  A plain makefile sets
# QPMAP_ARCH to amd64, i386, arm64 or riscv64, includes this file, and
# compiles $(QPMAP_SOURCES) with the kernel's own flags and -I of include/.
# CMakeLists.txt reads the same list.

QPMAP_SOURCES = \
	core/page_ops.c \
	core/pmap.c \
	core/quick.c \
	core/selftest.c \
	core/shared.c \
	core/shootdown.c \
	core/special.c \
	core/strerror.c \
	core/tables.c \
	core/window.c \
	arch/$(QPMAP_ARCH)/probe.c
