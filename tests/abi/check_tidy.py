#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""clang-tidy has nothing to say about the sources and headers, for any target:
.clang-tidy states the checks.

usage: check_tidy.py [version]

Without a version, every one that is installed runs.  A version that is asked
for and not installed is skipped (exit status 77): Debian 12 has 14 and 19,
Debian 13 has 19.
"""

import os
import re
import shutil
import sys

import abi

# Besides these, the variants of a target differ in constants only.
TARGETS = ("amd64", "i386", "i386-pae", "arm64", "arm64-64k", "riscv64")


def versions():
    wanted = sys.argv[1:]
    found = [str(v) for v in range(14, 31)
             if shutil.which("clang-tidy-%d" % v)]
    if not found:
        sys.exit("abi: clang-tidy is not installed; run tools/setup")
    if wanted and not set(wanted) & set(found):
        print("abi/tidy: clang-tidy-%s is not installed" % wanted[0])
        sys.exit(77)
    return [v for v in found if not wanted or v in wanted]


def check(report, item):
    version, target, source, options = item
    command = ["clang-tidy-" + version, "--quiet", source, "--",
               "--target=" + abi.TRIPLE[target.arch], "-std=c11", "-O2",
               "-ffreestanding", "-fno-pic",
               "-I" + os.path.join(abi.ROOT, "include")]
    command += target.options + options
    result = abi.run(command, cwd=abi.ROOT)
    said = [line for line in result.stdout.splitlines()
            if not re.match(r"\d+ (warnings?|errors?) |Suppressed|Use -head|"
                            r"Use -system|\d+ warnings? treated|'[-+]\w' is "
                            r"not a recognized feature|error: \d+", line)]
    report.ok(result.returncode == 0 and not said,
              "clang-tidy-%s: %s: %s %s" % (
                  version, target.name, os.path.relpath(source, abi.ROOT),
                  " ".join(options)),
              "\n".join(said), "cd %s && %s" % (abi.ROOT, " ".join(command)))


def main():
    report = abi.Report("abi/tidy")
    every = versions()
    print("abi/tidy: clang-tidy " + ", ".join(every))
    core_only = {"i386-pae", "arm64-64k"}
    items = []
    for version in every:
        for target in abi.targets():
            if target.name in TARGETS:
                sources = target.sources()
                if target.name in core_only and version != every[-1]:
                    continue
                if target.name in core_only:
                    # The rest does not depend on the entries' size.
                    sources = [s for s in sources if s.endswith(
                        ("quick.c", "special.c", "probe.c", "tables.c",
                         "window.c"))]
                items += [(version, target, s, [abi.SHOOTDOWN])
                          for s in sources]
                # These have parts for builds without.
                items += [(version, target, s, []) for s in sources
                          if s.endswith(("tables.c", "window.c"))]
    abi.parallel(lambda i: check(report, i), items)
    report.end()


if __name__ == "__main__":
    main()
