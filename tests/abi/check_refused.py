#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Targets that a backend's macro names, and that have none: 4-byte pointers on
a 64-bit machine (x32, arm64's ILP32).  No source compiles, and what the
compiler says is ours.

usage: check_refused.py
"""

import abi

MESSAGE = "qpmap: no backend for 4-byte pointers on a 64-bit target"

# Those that a compiler here knows; the same without the flag must compile.
REFUSED = (
    ("amd64", abi.gccs("amd64")[0], ["-mx32"]),
    ("amd64", abi.clang("amd64"), ["--target=x86_64-linux-gnux32"]),
    ("arm64", abi.gccs("arm64")[0], ["-mabi=ilp32"]),
)


def main():
    report = abi.Report("abi/refused")
    for arch, compiler, flags in REFUSED:
        (target,) = [t for t in abi.targets() if t.name == arch]
        # What includes arch.h; the others are what a kernel could do itself.
        sources = [s for s in target.sources() if not s.endswith(
            ("strerror.c", "selftest.c", "page_ops.c", "pmap.c"))]
        common = ["-O2", "-ffreestanding"] + target.no_fp()
        with abi.Build(compiler, common, sources) as build:
            report.ok(build.good, arch + ": " + " ".join(compiler),
                      build.output, build.repeat)
        for source in sources:
            with abi.Build(compiler, common + flags, [source]) as build:
                report.ok(not build.good and MESSAGE in build.output,
                          "%s: %s: %s compiles" % (arch, " ".join(flags),
                                                   source),
                          build.output, build.repeat)
    report.end()


if __name__ == "__main__":
    main()
