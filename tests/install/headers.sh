#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The options that are no numbers: the kernel's header with inline hooks, its
# header with vm_page_t, and landing pads.
#
#	headers.sh TOOLCHAIN SOURCE-DIRECTORY WORK-DIRECTORY INSTALL-RUN

set -eu
toolchain=$1 source=$2 work=$3 run=$4
kernel=$work/kernel

fail()
{
	echo "install/headers-$toolchain: $*" >&2
	exit 1
}

# Run a command; show what it printed only if it fails.
quietly()
{
	"$@" >"$work/log" 2>&1 || {
		cat "$work/log" >&2
		fail "failed: $*"
	}
}

# Configure and build with options $2... in build directory $1.
build()
{
	directory=$1
	shift
	quietly cmake -S "$source" -B "$directory" -G Ninja --toolchain \
	    "$source/cmake/toolchain-$toolchain.cmake" \
	    -DCMAKE_COMPILE_WARNING_AS_ERROR=ON "$@"
	quietly cmake --build "$directory"
}

# Whether the first instruction of qpmap_enter in directory $1 is a landing
# pad.
has_pad()
{
	llvm-objdump -d --no-show-raw-insn "$1/libqpmap.a" |
	    grep -A 1 '<qpmap_enter>:' | grep -Eq 'endbr|bti|hint'
}

rm -rf "$work"
mkdir -p "$work"
cp -R "$source/tests/install/consumer" "$kernel"

# The library is told where the kernel's headers are as the kernel's own files
# are: by a flag.
CFLAGS=-I$kernel
export CFLAGS
build "$work/with" -DQPMAP_HOST_INLINE=kernel_inline.h \
    -DQPMAP_HOST_PAGE=kernel_page.h -DQPMAP_LANDING_PADS=ON \
    "-DQPMAP_HOT_ATTR=__attribute__((section(\".hot_path\")))"
build "$work/without"

symbols=$(llvm-nm "$work/with/libqpmap.a")
case $symbols in
*qpmap_host_pin* | *qpmap_host_cpu* | *qpmap_host_unpin*)
	fail "with QPMAP_HOST_INLINE the library still imports a hot hook" ;;
*kernel_inline_cpu*) ;;
*)
	fail "QPMAP_HOST_INLINE: the kernel's header was not used" ;;
esac
llvm-objdump -h "$work/with/libqpmap.a" | grep -q ' \.hot_path ' ||
	fail "QPMAP_HOT_ATTR did not reach the hot path"
has_pad "$work/with" || fail "QPMAP_LANDING_PADS: qpmap_enter has no pad"
if has_pad "$work/without"; then
	fail "without QPMAP_LANDING_PADS qpmap_enter has a pad"
fi

# The kernel sees its own vm_page_t, whichever way it finds the library.
quietly cmake --install "$work/with" --prefix "$work/prefix"
CFLAGS="$CFLAGS -DKERNEL_HEADERS"
quietly cmake -S "$kernel" -B "$work/cmake" -G Ninja --toolchain \
    "$source/cmake/toolchain-$toolchain.cmake" \
    -DCMAKE_PREFIX_PATH="$work/prefix"
quietly cmake --build "$work/cmake"
"$run" "$work/cmake/kernel" || fail "find_package: qpmap_init: see above"

PKG_CONFIG_LIBDIR=$work/prefix/lib/pkgconfig
export PKG_CONFIG_LIBDIR
case $toolchain in
*-gcc) compiler=gcc ;;
*) compiler=clang ;;
esac
quietly make -C "$kernel" TARGET="${toolchain%-gcc}" TOOLCHAIN=$compiler \
    KERNEL_CFLAGS="$CFLAGS" kernel-archive.elf
"$run" "$kernel/kernel-archive.elf" || fail "pkg-config: see above"
