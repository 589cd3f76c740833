#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Build one preset, install it, and use it from a kernel's project outside the
# tree: through CMake's find_package and add_subdirectory, through pkg-config
# from a makefile, and by compiling the sources from a makefile.  Each kernel
# is run: qpmap_init() must find the options it was built with, and must
# refuse a kernel with others.
#
#	preset.sh PRESET SOURCE-DIRECTORY WORK-DIRECTORY INSTALL-RUN [SHOOTDOWN]
#
# SHOOTDOWN is the value of QPMAP_SHOOTDOWN and of QPMAP_TABLES, if the options
# are not left alone.

set -eu
preset=$1 source=$2 work=$3 run=$4
if [ "${5-}" ]; then
	name=$preset-shootdown shootdown=$5
else
	name=$preset shootdown=0
fi

fail()
{
	echo "install/$name: $*" >&2
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

case $preset in
*-gcc)
	target=${preset%-gcc} toolchain=gcc toolchain_file=$preset ;;
*)
	target=${preset%%-*} toolchain=clang toolchain_file=$target ;;
esac
toolchain_file=$source/cmake/toolchain-$toolchain_file.cmake

rm -rf "$work"
mkdir -p "$work"
cd "$source"
quietly cmake --preset "$preset" -B "$work/build" ${5:+-DQPMAP_SHOOTDOWN=$5 \
    -DQPMAP_TABLES=$5}
quietly cmake --build "$work/build" -j 2
quietly cmake --install "$work/build" --prefix "$work/first"

# What is installed may be moved, and needs nothing from where it was built.
mv "$work/first" "$work/prefix"
rm -rf "$work/build"
cp -R "$source/tests/install/consumer" "$work/kernel"
cd "$work/kernel"
for header in "$source"/include/qpmap/*.h "$source"/include/qpmap/*.def \
    "$source"/include/qpmap/arch/*.h; do
	cmp -s "$header" "$work/prefix/${header#"$source"/}" ||
		fail "$header is not installed"
done
for page in "$source"/docs/man/*.9; do
	cmp -s "$page" "$work/prefix/share/man/man9/${page##*/}" ||
		fail "$page is not installed"
done

quietly cmake -B "$work/cmake" -G Ninja --toolchain "$toolchain_file" \
    -DCMAKE_PREFIX_PATH="$work/prefix"
quietly cmake --build "$work/cmake"
"$run" "$work/cmake/kernel" || fail "find_package: qpmap_init: see above"
"$run" "$work/cmake/kernel-wrong" ||
	fail "find_package: a kernel with another QPMAP_SLOTS is not refused"

PKG_CONFIG_LIBDIR=$work/prefix/lib/pkgconfig
export PKG_CONFIG_LIBDIR
options=$(pkg-config --cflags-only-other qpmap)
kernel_make()
{
	quietly make TARGET="$target" TOOLCHAIN=$toolchain "$@"
}
kernel_make kernel-archive.elf
"$run" kernel-archive.elf || fail "pkg-config: qpmap_init: see above"
kernel_make QPMAP="$source" OPTIONS="$options" kernel-sources.elf
"$run" kernel-sources.elf || fail "makefile: qpmap_init: see above"

# Each option by itself.  Not the page size and LPA2: where the target has
# them, there is a preset for each value; nor PAE, which the entry size shows.
for wrong in SLOTS=3 CACHE_LINE=128 DIRECT_MAP=0 CHECKED=1 \
    TABLES=$((1 - shootdown)) SHOOTDOWN=$((1 - shootdown)); do
	rm -f kernel-wrong.elf
	kernel_make WRONG="${wrong%=*}" VALUE="${wrong#*=}" kernel-wrong.elf
	"$run" kernel-wrong.elf ||
		fail "a kernel with QPMAP_$wrong is not refused"
done

# The kernel's project may build the library itself, with its own flags.
if [ "$preset" = amd64 ]; then
	quietly cmake -B "$work/sub" -G Ninja --toolchain "$toolchain_file" \
	    -DQPMAP_SOURCE_DIR="$source"
	quietly cmake --build "$work/sub" -j 2
	"$run" "$work/sub/kernel" || fail "add_subdirectory: see above"
	"$run" "$work/sub/kernel-wrong" ||
		fail "add_subdirectory: another QPMAP_SLOTS is not refused"
fi
echo "install/$name: find_package, pkg-config and sources: all run"
