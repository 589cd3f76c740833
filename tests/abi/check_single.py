#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""src/qpmap.c, the library in one file, beside the sources that it includes:
no warning, with and without shootdown and with inline hooks; the same exported
symbols, and the same imports.  enter, enter_ro and remove have as many
instructions as in an object of their own, or fewer, but for those in MORE.

usage: check_single.py [--all]

Without --all, no variant of arm64, and fewer options: they differ in constants.
"""

import functools
import os
import re
import subprocess

import abi
from check_hot import WAYS_OUT

SINGLE = os.path.join(abi.ROOT, "src/qpmap.c")
HOOKS = "-DQPMAP_HOST_INLINE=\"%s/inline_hooks.h\"" % abi.HERE

# clang knows that the panic behind a failed check does not return: it calls
# it, where it jumps without knowing, and aligns the stack for the call.
MORE = {("amd64", "clang", "qpmap_enter"): 3,
        ("amd64", "clang", "qpmap_enter_ro"): 3,
        ("amd64", "clang", "qpmap_remove"): 3,
        ("amd64", "clang", "qpmap_remove_window"): 3}

# With gcc 14 for i386 these have instructions more; with gcc 12 they do not.
GCC_14_MORE = {"qpmap_enter_ro": 1, "qpmap_remove": 1,
               "qpmap_remove_window": 2}

PADDING = (r"(nop|int3|unimp|data16|xchgw %ax, %ax|udf|"
           r"leal? \w*\(%esi(,%eiz)?(,1)?\), %esi)")

COMMON = ["-ffreestanding", "-fno-pic", "-fomit-frame-pointer", "-std=gnu11"]
VARIANTS = ([], [abi.SHOOTDOWN, abi.RANGES, abi.LARGE, abi.TRY, HOOKS]) + (([abi.SHOOTDOWN],) * abi.ALL)
LEVELS = ("-Os", "-O3") + ("-O0", "-O1") * abi.ALL


@functools.lru_cache(maxsize=None)
def gcc_major(compiler):
    """The major version of a gcc, 0 of another compiler."""
    if "gcc" not in os.path.basename(compiler):
        return 0
    return int(subprocess.run([compiler, "-dumpversion"], check=True,
                              capture_output=True,
                              text=True).stdout.split(".")[0])


def exported(build):
    """The symbols that other objects can use: kinds and names."""
    return {(kind, name) for _, kind, name, _ in build.symbols()
            if kind in "TDBRVWC"}


def text_size(build):
    return sum(size for (_, flags), size in build.sections().items()
               if "X" in flags)


def length(body):
    """Instructions of a function, without the padding before labels."""
    return sum(not re.match(PADDING, ins.text) for ins in body)


def check(report, table, item):
    target, compiler, variant = item
    flags = ["-O2"] + COMMON + variant + target.options + target.no_fp()
    name = os.path.basename(compiler[0])
    what = "%s: %s %s" % (target.name, " ".join(compiler), " ".join(
        v.split("=")[0] for v in variant))
    with abi.Build(compiler, flags, target.sources()) as apart, \
            abi.Build(compiler, flags, [SINGLE]) as single:
        if not (report.ok(apart.good, what + " sources", apart.output,
                          apart.repeat) and
                report.ok(single.good, what, single.output, single.repeat)):
            return
        for kind, one, other in (
                ("exports", exported(apart), exported(single)),
                ("imports", apart.imports(), single.imports())):
            report.ok(one and one == other, "%s: other %s" % (what, kind),
                      sorted(one ^ other), single.repeat)
        functions = {}
        for found in apart.disassembly().values():
            functions.update(found)
        # As gcc names what it divides: qpmap_remove.part.0.
        parts = [name for name in single.functions() if "." in name and
                 name.split(".")[0] in WAYS_OUT]
        report.ok(not parts, what + ": parts of a function apart",
                  "\n".join(parts), single.repeat)
        row = []
        for function in WAYS_OUT:
            before = length(functions[function])
            after = length(single.functions()[function])
            more = MORE.get((target.name, name, function), 0)
            if target.arch == "i386" and gcc_major(compiler[0]) >= 14:
                more = GCC_14_MORE.get(function, more)
            report.ok(0 < after <= before + more,
                      "%s: %s has %d instructions, and %d by itself" %
                      (what, function, after, before), "", single.repeat)
            row.append("%d/%d" % (before, after))
        row.append("%d/%d" % (text_size(apart), text_size(single)))
        table[what] = row


def check_level(report, item):
    """No warning at other levels of optimisation, either."""
    target, compiler, level = item
    flags = [level, abi.SHOOTDOWN, abi.RANGES, abi.LARGE, abi.TRY, abi.SWITCH] + COMMON + target.options + target.no_fp()
    with abi.Build(compiler, flags, [SINGLE]) as single:
        report.ok(single.good, "%s: %s %s" % (
            target.name, " ".join(compiler), level), single.output,
                  single.repeat)


def main():
    report = abi.Report("abi/single")
    table = {}
    pairs = [(target, compiler) for target in abi.targets()
             if abi.ALL or "arm64-" not in target.name
             for compiler in abi.different_compilers(target.arch)]
    abi.parallel(lambda i: check(report, table, i),
                 [pair + (v,) for pair in pairs for v in VARIANTS])
    abi.parallel(lambda i: check_level(report, i),
                 [pair + (level,) for pair in pairs
                  for level in LEVELS])
    print("instructions of enter, enter_ro, remove; bytes of text: "
          "in files apart / in one")
    for what in sorted(table):
        print("  %-16s %s" % ("  ".join(table[what]), what))
    report.end()


if __name__ == "__main__":
    main()
