#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# A kernel outside the tree takes the library's sources into its own build, in
# one of the ways that docs/porting-kernel.md names.  With the default options
# it has four hooks, with QPMAP_TABLES=1 eight, and nothing else may be
# undefined.  With headers of its own, for inline hooks and for vm_page_t, it
# has one.  It is run: qpmap_init() must find the options that it was built
# with.
#
#	inside.sh WAY TOOLCHAIN SOURCE-DIRECTORY WORK-DIRECTORY INSTALL-RUN
#
# WAY is makefile (src/sources.mk), single (src/qpmap.c), cmake (qpmap.cmake) or
# meson.  TOOLCHAIN is one of cmake/toolchain-*.cmake.

set -eu
way=$1 toolchain=$2 source=$3 work=$4 run=$5
target=${toolchain%-gcc}
case $toolchain in
*-gcc) compiler=gcc ;;
*) compiler=clang ;;
esac

fail()
{
	echo "install/$way-$toolchain: $*" >&2
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

# What a kernel copies, into directory $1.
copy_library()
{
	mkdir -p "$1"
	cp -R "$source/include" "$source/src" "$source/cmake" \
	    "$source/qpmap.cmake" "$source/meson.build" \
	    "$source/meson_options.txt" "$1"
}

# A cross file: the compiler's name, and flags as the consumer's makefile has
# them, and $1 if it is given.
cross_file()
{
	case $target in
	amd64)
		triple=x86_64-linux-gnu family=x86_64
		flags="'-mcmodel=kernel', '-mno-red-zone'" ;;
	i386)
		triple=i686-linux-gnu family=x86 flags= ;;
	arm64)
		triple=aarch64-linux-gnu family=aarch64
		flags="'-mno-outline-atomics'" ;;
	riscv64)
		triple=riscv64-linux-gnu family=riscv64
		flags="'-march=rv64imac_zicsr_zifencei', '-mabi=lp64',
		    '-mcmodel=medany'" ;;
	esac
	flags=${1:+"'$1', "}$flags
	cat <<END
[binaries]
c = '$triple-gcc'
ar = '$triple-ar'
strip = '$triple-strip'
[built-in options]
c_args = ['-ffreestanding', '-fno-pic', '-fno-stack-protector', $flags]
c_link_args = ['-nostdlib', '-static', '-Wl,--build-id=none']
b_pie = false
[host_machine]
system = 'none'
cpu_family = '$family'
cpu = '$family'
endian = 'little'
END
}

# Build the kernel with QPMAP_TABLES=$1, and with headers of its own, and enter
# and remove inline, if $2; sets kernel.
build()
{
	rm -rf build
	CFLAGS=${2:+"-I$PWD -DKERNEL_HEADERS"}
	export CFLAGS
	case $way in
	makefile | single)
		kernel=kernel-$file.elf
		rm -f "$kernel"
		quietly make -B TARGET="$target" TOOLCHAIN=$compiler \
		    QPMAP=qpmap KERNEL_CFLAGS="$CFLAGS" OPTIONS="${1:+\
		    -DQPMAP_TABLES=$1}${2:+$make_headers}" "$kernel" ;;
	cmake)
		kernel=build/kernel
		quietly cmake -B build -G Ninja --toolchain \
		    "$source/cmake/toolchain-$toolchain.cmake" \
		    ${1:+-DQPMAP_TABLES=$1} \
		    ${2:+-DQPMAP_HOST_INLINE=$inline -DQPMAP_HOST_PAGE=$page \
		    -DQPMAP_INLINE=1}
		quietly cmake --build build ;;
	meson)
		kernel=build/kernel
		cross_file "${2:+-DKERNEL_HEADERS}" >cross.ini
		CFLAGS='' quietly meson setup --cross-file cross.ini \
		    ${1:+-Dqpmap:tables=true} ${2:+"-Dqpmap:host_include=$PWD" \
		    "-Dqpmap:host_inline=$inline" "-Dqpmap:host_page=$page" \
		    -Dqpmap:inline=true} \
		    build
		quietly ninja -C build ;;
	esac
}

# The kernel has exactly the hooks "$@", needs nothing else, and starts.
check()
{
	left=$(llvm-nm --undefined-only "$kernel")
	[ -z "$left" ] || fail "the kernel has undefined symbols: $left"
	hooks=$(llvm-nm --defined-only --format=just-symbols "$kernel" |
	    sed -n 's/^qpmap_host_//p' | sort | tr '\n' ' ')
	[ "$hooks" = "$* " ] || fail "the kernel has the hooks $hooks, not $*"
	"$run" "$kernel" || fail "qpmap_init: see above"
}

case $way in
makefile) file=sources library=qpmap ;;
single) file=single library=qpmap ;;
cmake) library=qpmap ;;
meson) library=subprojects/qpmap ;;
*)
	fail "no such way" ;;
esac
inline=kernel_inline.h page=kernel_page.h
make_headers=" -DQPMAP_HOST_INLINE='\"$inline\"' -DQPMAP_HOST_PAGE='\"$page\"'"
make_headers="$make_headers -DQPMAP_INLINE=1"
rm -rf "$work"
mkdir -p "$work/kernel"
cp "$source/tests/install/consumer/"kernel*.[ch] \
    "$source/tests/install/consumer/Makefile" \
    "$source/tests/install/inside/"* "$work/kernel"
cd "$work/kernel"
copy_library $library
build ""
check cpu panic pin unpin
build 1
check cpu leaf_address panic pin table_address table_alloc table_free unpin
build "" headers
check panic
echo "install/$way-$toolchain: run, with four hooks, with eight, with one"
