#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""clang-tidy has nothing to say about the sources and headers, for any target:
.clang-tidy states the checks.

usage: check_tidy.py [--all] [version]

Without a version, every one that is installed runs.  A version that is asked
for and not installed is skipped (exit status 77): Debian 12 has 14 and 19,
Debian 13 has 19.

Nearly all of the time goes to the analyzer's paths through six long functions,
of which it gives up each after 225000 states.  It has all of them with --all;
without, on amd64 with the newest version, and else it gives up after 20000.
All other checks see everything.
"""

import os
import re
import shutil
import sys

import abi

# Besides these, the variants of a target differ in constants only.
TARGETS = ("amd64", "i386", "i386-pae", "arm64", "arm64-64k", "riscv64")


FEWER_STATES = ["-Xclang", "-analyzer-config", "-Xclang", "max-nodes=20000"]

# What is no finding.
NOISE = (r"\d+ (warnings?|errors?) |Suppressed|Use -head|Use -system|"
         r"\d+ warnings? treated|'[-+]\w' is not a recognized feature|"
         r"error: \d+|\[\d+/\d+\] Processing file ")


def versions():
    """Those that are to run, and the newest that is installed."""
    wanted = abi.ARGUMENTS
    found = [str(v) for v in range(14, 31)
             if shutil.which("clang-tidy-%d" % v)]
    if not found:
        sys.exit("abi: clang-tidy is not installed; run tools/setup")
    if wanted and not set(wanted) & set(found):
        print("abi/tidy: clang-tidy-%s is not installed" % wanted[0])
        sys.exit(77)
    return [v for v in found if not wanted or v in wanted], found[-1]


def check(report, item):
    """All sources in one process; if it finds something, each by itself."""
    version, target, sources, options = item
    findings = tidy(version, target, sources, options)[0]
    if not findings:
        report.checked += len(sources)
        return
    alone = {s: tidy(version, target, [s], options) for s in sources}
    for source, (said, command) in alone.items():
        report.ok(not said, "clang-tidy-%s: %s: %s %s" % (
            version, target.name, os.path.relpath(source, abi.ROOT),
            " ".join(options)), said,
                  "cd %s && %s" % (abi.ROOT, " ".join(command)))
    report.ok(any(said for said, _ in alone.values()), "clang-tidy-%s: %s %s" %
              (version, target.name, " ".join(options)), findings)


def tidy(version, target, sources, options):
    """What it finds, as text, and the command."""
    command = ["clang-tidy-" + version, "--quiet"] + sources + [
        "--", "--target=" + abi.TRIPLE[target.arch], "-std=c11", "-O2",
        "-ffreestanding", "-fno-pic",
        "-I" + os.path.join(abi.ROOT, "include")] + target.options + options
    result = abi.run(command, cwd=abi.ROOT)
    said = [line for line in result.stdout.splitlines()
            if not re.match(NOISE, line)]
    if result.returncode and not said:
        said = ["exit status %d" % result.returncode, result.stdout]
    return "\n".join(said), command


def main():
    report = abi.Report("abi/tidy")
    every, newest = versions()
    print("abi/tidy: clang-tidy " + ", ".join(every))
    items = []
    for version in every:
        for target in abi.targets():
            if target.name not in TARGETS:
                continue
            sources = target.sources()
            if target.name not in abi.TRIPLE:
                # The rest does not depend on the entries' size.
                sources = [s for s in sources if s.endswith(
                    ("quick.c", "slow.c", "probe.c", "tables.c",
                     "init.c", "cpu.c"))]
            whole = abi.ALL or (version, target.name) == (newest, "amd64")
            fewer = [] if whole else FEWER_STATES
            items.append((version, target, sources,
                          [abi.SHOOTDOWN, abi.TABLES, abi.RANGES, abi.LARGE,
                           abi.TRY, abi.SWITCH] +
                          fewer))
            # These have parts for builds without.
            items.append((version, target, [
                s for s in sources
                if s.endswith(("tables.c", "init.c", "cpu.c"))], fewer))
    abi.parallel(lambda i: check(report, i), items)
    report.end()


if __name__ == "__main__":
    main()
