#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The sources under kernels' own flags: no warning, and only the allowed
imports (contract B13).

usage: check_flags.py [--all] [target ...]

With --all, within a target and compiler, every set of flags meets every
optimisation level; the build options rotate through them in turns of 11,
-ffreestanding in turns of 22, and every other one has QPMAP_SHOOTDOWN.

Without, the fewest of these are built in which there is still: every set of
flags with each compiler of its target; within an architecture, for gcc and for
clang, every optimisation level with and without QPMAP_SHOOTDOWN, every set of
build options, and -ffreestanding; and anywhere, every set of build options with
and without QPMAP_SHOOTDOWN.  What is left out is that a set of flags meets the
other levels and options.
"""

import re

import abi

FLAGS = {
    "amd64": [
        "-mcmodel=kernel -mno-red-zone -fno-pic {no_fp}",
        "-mcmodel=kernel -mno-red-zone -fno-pic {no_fp} -nostdinc "
        "-fno-omit-frame-pointer -fno-strict-aliasing -fwrapv",
        "-mcmodel=large -mno-red-zone -fno-pic {no_fp}",
        "-mno-red-zone -fpie -fvisibility=hidden {no_fp}",
    ],
    "i386": [
        "-fno-pic {no_fp}",
        "-fno-pic {no_fp} -mregparm=3 -nostdinc",
    ],
    "arm64": [
        "-mgeneral-regs-only -ffixed-x18 -fno-pic",
        "-mgeneral-regs-only -mcmodel=small -fno-pic -nostdinc "
        "-mstrict-align -fno-omit-frame-pointer",
    ],
    "riscv64": [
        "-mcmodel=medany -march=rv64gc -mabi=lp64d -fno-pic",
        "-mcmodel=medany -march=rv64imac -mabi=lp64 -fno-pic -nostdinc "
        "-mno-relax",
    ],
}

LEVELS = ["-O0", "-O1", "-O2", "-O3", "-Os"]

OPTIONS = [
    "",
    "-DQPMAP_TABLES=1",
    "-DQPMAP_TABLES=1 -DQPMAP_SLOTS=1 -DQPMAP_CHECKED=1",
    "-DQPMAP_TABLES=1 -DQPMAP_SLOTS=8 -DQPMAP_DIRECT_MAP=0",
    "-DQPMAP_CACHE_LINE=128",
    "-DQPMAP_TABLES=1 -DQPMAP_SLOTS=8 -DQPMAP_CACHE_LINE=128 "
    "-DQPMAP_CHECKED=1",
    "-DQPMAP_DIRECT_MAP=0 -DQPMAP_SLOTS=1",
    "-DQPMAP_TABLES=1 -DQPMAP_RANGE_PAGES=512",
    "-DQPMAP_TABLES=1 -DQPMAP_LARGE_SLOTS=8 -DQPMAP_CHECKED=1 "
    "-DQPMAP_TRY=1",
    "-DQPMAP_SWITCH=1 -DQPMAP_RANGE_PAGES=64 -DQPMAP_SHOOTDOWN=1",
    " ".join(abi.INLINE),
    " ".join(abi.INLINE + abi.BUILT + [abi.TABLES]),
]


def expected(target, flags):
    """The exact imports of a build."""
    hooks = set(abi.HOOKS) | {"qpmap_host_panic"}
    if abi.TABLES in flags:
        hooks |= abi.TABLE_HOOKS
    if "-DQPMAP_CHECKED=1" in flags:
        hooks.add("qpmap_host_page_is_wired")
    if abi.SHOOTDOWN in flags and target.arch != "arm64":
        hooks.add("qpmap_host_ipi")
    if abi.SWITCH in flags:
        hooks |= abi.PREEMPT_HOOKS
    return hooks


def configurations():
    turn = 0
    newest = abi.newest_clang()
    for target in abi.targets():
        variant = target.name not in abi.TRIPLE
        sets = FLAGS[target.arch]
        if variant and target.arch != "i386":
            # A variant of a target whose flags have all been seen.
            sets = sets[:1]
        runs = [(c, ["-O0", "-O2"] if "-m32" in c or
                 (variant and target.arch == "arm64") else LEVELS)
                for c in abi.compilers(target.arch)]
        if newest:
            runs.append((abi.clang(target.arch, newest), ["-O0", "-O2"]))
        if target.name == "arm64":
            # Here, as with gcc, atomic operations would be calls.
            runs.append((abi.hosted_clang(target.arch), ["-O0", "-O2"]))
        for compiler, levels in runs:
            for flags in sets:
                for level in levels:
                    yield (target, compiler, level, flags.format(
                        no_fp=abi.NO_FP[target.arch]), turn)
                    turn += 1


def turns(turn):
    """What takes turns: options, QPMAP_SHOOTDOWN, -ffreestanding."""
    return (OPTIONS[turn % len(OPTIONS)], abi.SHOOTDOWN if turn % 2 else "",
            "-ffreestanding" if turn // len(OPTIONS) % 2 else "")


def shows(configuration):
    """What is to be there without --all, and is in this configuration."""
    target, compiler, level, flags, turn = configuration
    options, shootdown, freestanding = turns(turn)
    family = target.arch, abi.is_clang(compiler)
    return {("flags", target.name, tuple(compiler), flags),
            ("level", family, level),
            ("options", family, options),
            ("freestanding", family, freestanding),
            ("level, shootdown", family, level, shootdown),
            ("options, shootdown", options, shootdown)}


def fewest(every):
    """Configurations in which everything is there, the greediest first."""
    left = set().union(*map(shows, every))
    found = []
    while left:
        best = max(every, key=lambda c: len(shows(c) & left))
        found.append(best)
        left -= shows(best)
    return found


def check(report, configuration):
    target, compiler, level, flags, turn = configuration
    flags = flags.split() + [level] + target.options + " ".join(
        turns(turn)).split()
    what = "%s: %s %s" % (target.name, " ".join(compiler), " ".join(flags))
    with abi.Build(compiler, flags, target.sources()) as build:
        if not report.ok(build.good, what, build.output, build.repeat):
            return
        report.ok(build.output == "", what, build.output, build.repeat)
        imports = build.imports()
        wanted = expected(target, flags)
        report.ok(imports == wanted, what,
                  build.by_whom(imports - wanted) +
                  "".join("not imported: %s\n" % name
                          for name in sorted(wanted - imports)), build.repeat)
        got = sorted({kind for _, _, kind, _ in build.relocations()
                      if re.search(r"GOT|TLS|TPREL|TPOFF", kind)})
        report.ok(not got, what, "relocations of a GOT or of thread-locals: " +
                  " ".join(got), build.repeat)


def main():
    report = abi.Report("abi/flags")
    every = list(configurations())
    chosen = every if abi.ALL else fewest(every)
    if abi.ARGUMENTS:
        chosen = [c for c in chosen if c[0].name in abi.ARGUMENTS]
    print("abi/flags: %d of %d configurations" % (len(chosen), len(every)))
    abi.parallel(lambda c: check(report, c), chosen)
    report.end()


if __name__ == "__main__":
    main()
