#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# A build option with a value that it or the target cannot have is refused
# when CMake configures, with a message that says which values it may have.
#
#	options.sh SOURCE-DIRECTORY WORK-DIRECTORY

set -eu
source=$1 work=$2

# Configure target $1 with options $3..., which must fail with message $2.
refused()
{
	target=$1 message=$2
	shift 2
	rm -rf "$work"
	if output=$(cmake -S "$source" -B "$work" -G Ninja --toolchain \
	    "$source/cmake/toolchain-$target.cmake" "$@" 2>&1); then
		echo "install/options: $target $*: is not refused" >&2
		exit 1
	fi
	output=$(echo "$output" | tr -s '\n ' '  ')
	case $output in
	*"$message"*)
		return ;;
	esac
	echo "install/options: $target $*: says '$output'" >&2
	echo "install/options: and not '$message'" >&2
	exit 1
}

refused amd64 "QPMAP_SLOTS=9: must be one of 1, 2, 3, 4, 5, 6, 7, 8." \
    -DQPMAP_SLOTS=9
refused amd64 "QPMAP_INLINE=2: must be one of 0, 1." -DQPMAP_INLINE=2
refused amd64 "QPMAP_TABLES=maybe: must be one of 0, 1." -DQPMAP_TABLES=maybe
refused arm64 "QPMAP_SHOOTDOWN=2: must be one of 0, 1." -DQPMAP_SHOOTDOWN=2
refused amd64 "QPMAP_PAE=1 on amd64: only i386 has PAE." -DQPMAP_PAE=ON
refused riscv64 "QPMAP_PAGE_SHIFT=14 on riscv64: only arm64 has other pages" \
    -DQPMAP_PAGE_SHIFT=14
refused i386 "QPMAP_LPA2=1 on i386: only arm64 has LPA2." -DQPMAP_LPA2=1
refused arm64 "QPMAP_LPA2=1 on arm64: LPA2 is for 4 and 16 KiB pages" \
    -DQPMAP_LPA2=1 -DQPMAP_PAGE_SHIFT=16
refused riscv64 "QPMAP_LANDING_PADS=ON on riscv64: only x86 and arm64" \
    -DQPMAP_LANDING_PADS=ON
cat >"$work.cmake" <<END
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR m68k)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
END
refused amd64 "no backend for the processor 'm68k'" \
    -DCMAKE_TOOLCHAIN_FILE="$work.cmake"
