#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What the whole library's objects may contain: two writable structures, of
which the inline forms' is there only with a direct map that is not built in, no
floating-point register, only prefixed names, little text and little stack.
With QPMAP_SHOOTDOWN, QPMAP_RANGE_PAGES, QPMAP_LARGE_SLOTS, QPMAP_TRY or
QPMAP_SWITCH, too; and without it, nothing is left of it.

usage: check_code.py [--all]

With --all, i386's second gcc, too.
"""

import glob
import itertools
import os
import re

import abi

# Bytes of text, built by clang as CMakeLists.txt says.
TEXT_LIMIT = 7 * 1024
# What the inline forms need: a remove that does not test, and their variable.
INLINE_TEXT_LIMIT = 256
# By gcc, which has no -Oz and holds 64-bit values badly in i386's registers.
GCC_TEXT_LIMIT = 8 * 1024 + 128
# With one of the options, so much more than the same build without.
MORE_TEXT_LIMIT = {abi.SHOOTDOWN: 3584, abi.RANGES: 5376, abi.LARGE: 2688,
                   abi.TRY: 1792, abi.SWITCH: 1152}
# Bytes of stack of the deepest chain of the library's own calls, at -O2: it is
# qpmap_init()'s.
STACK_LIMIT = 640
# struct qpmap_cpu: two lines of 64 bytes, one on i386; with ranges
# or large pages as many more.
CPU_LIMIT = {64: 128, 32: 64}
RANGE_CPU_LIMIT = {64: 256, 32: 128}

MANUAL_NAMES = {"pmap_quick_enter_page", "pmap_quick_remove_page"}

# Symbols that compilers and assemblers make.
LOCAL_NAMES = r"(qpmap_\w|\.L|\$[xdat]|switch\.table|CSWTCH\.|\w+\.\d+$)"

FP = {
    "amd64": r"%[xyz]?mm\d|%st\b|^f[a-z]",
    "i386": r"%[xyz]?mm\d|%st\b|^f[a-z]",
    "arm64": r"[ ,{\[][vqdshb]([12]?\d|3[01])\b",
    "riscv64": r"[ ,]f[ast]\d+\b|^f(?!ence)[a-z]",
}

PROBE = abi.scratch("fp.c", """
double qpmap_blind(double a, double b, double *c);
double qpmap_blind(double a, double b, double *c)
{ *c = a / b; return (a * b); }
""")
SIZE = abi.scratch("size.c", """
#include <qpmap/qpmap.h>
#define ABI_SIZE(name)						\\
	extern char size_##name[sizeof(struct name)];		\\
	char size_##name[sizeof(struct name)];			\\
	extern char align_##name[_Alignof(struct name)];	\\
	char align_##name[_Alignof(struct name)]
ABI_SIZE(qpmap_cpu);
#if QPMAP_SHOOTDOWN
ABI_SIZE(qpmap_shootdown_state);
ABI_SIZE(qpmap_cpu_sync);
ABI_SIZE(qpmap_global);
#endif
""")
# What one of each costs with QPMAP_SHOOTDOWN: for the kernel, a CPU, 32 or 64
# global slots.
OTHERS_LIMIT = {
    "qpmap_shootdown_state": {64: 448, 32: 256},
    "qpmap_cpu_sync": {64: 64, 32: 64},
    "qpmap_global": {64: 64, 32: 64},
}
NO_DIRECT = ["-DQPMAP_DIRECT_MAP=0"]
# Sources of which nothing is left without the option, and words in symbols.
OTHERS = {
    abi.SHOOTDOWN: (("global.o", "shootdown.o"),
                    "shootdown|quiesce|global_|ipi"),
    abi.RANGES: (("range.o",), r"qpmap_(range|ptes)_|(zero|copy)_range|"
                 r"(copy|transfer)_batch"),
    abi.LARGE: (("large.o", "large_slow.o"), "qpmap_(cpu_)?large"),
    abi.TRY: (("try.o",), "qpmap_(try|at|fault)_"),
    abi.SWITCH: (("switch.o",), "qpmap_switch"),
}


def fp_uses(arch, build):
    found = []
    for functions in build.disassembly().values():
        for name, body in functions.items():
            found += ["%s: %s" % (name, ins) for ins in body if
                      re.search(FP[arch], re.sub(r"<.*", "", ins.text))]
    return found


def check_fp(report, what, target, build):
    found = fp_uses(target.arch, build)
    report.ok(not found, what + ": floating-point registers",
              "\n".join(found), build.repeat)


def check_writable(report, what, build, options):
    wanted = ["qpmap_state"]
    if abi.LARGE in options:
        wanted = ["qpmap_large"] + wanted
    if options not in (NO_DIRECT, abi.BUILT):
        wanted = ["qpmap_direct"] + wanted
    data = [s for s in build.symbols() if s[1] in "BbCDdGgSsVv" and
            not s[2].startswith(".L")]
    report.ok(sorted(s[2] for s in data) == wanted and
              all(s[1] == "B" for s in data), what + ": writable data",
              "\n".join("%s: %s (%s), %d bytes" % (s[0], s[2], s[1], s[3])
                        for s in data), build.repeat)
    writable = sum(n for (_, flags), n in build.sections().items()
                   if "W" in flags)
    known = sum(s[3] for s in data)
    report.ok(writable == known, what + ": writable sections",
              "%d bytes are writable; these have %d" % (writable, known),
              build.repeat)


def text_of(build, sources):
    """Bytes of text, and of read-only data, of these sources' objects."""
    sections = build.sections({os.path.basename(s)[:-2] + ".o"
                               for s in sources})
    text = sum(n for (_, flags), n in sections.items() if "X" in flags)
    constants = sum(n for (name, flags), n in sections.items()
                    if "X" not in flags and "W" not in flags and
                    not name.startswith(".eh_frame"))
    return text, constants


def check_text(report, what, target, compiler, flags, build, sizes):
    """As CMakeLists.txt builds it: the hot path with -O2, which is already
    there, the rest small; and with the rest, what tells structures' sizes.
    """
    hot = [s for s in target.sources() if s.endswith(
        ("quick.c", "pmap.c", "slow.c", "page_ops.c"))]
    cold = [s for s in target.sources() if s not in hot]
    small = "-Oz" if abi.is_clang(compiler) else "-Os"
    with abi.Build(compiler, flags + [small], cold + [SIZE]) as second:
        if not report.ok(second.good, what, second.output, second.repeat):
            return
        text, constants = (x + y for x, y in zip(text_of(build, hot),
                                                 text_of(second, cold)))
        limit = (TEXT_LIMIT if abi.is_clang(compiler) else
                 GCC_TEXT_LIMIT)
        if NO_DIRECT[0] not in flags:
            limit += INLINE_TEXT_LIMIT
        limit += sum(more for option, more in MORE_TEXT_LIMIT.items()
                     if option in flags)
        report.ok(0 < text <= limit, what + ": text",
                  "%d bytes, more than %d" % (text, limit), second.repeat)
        sizes[what] = (text, constants)
        check_cpu(report, what, target, flags, second)


def check_names(report, what, build):
    for obj, letter, name, _ in build.symbols():
        if letter in "Uwv":
            continue
        if letter.isupper() and obj == "pmap.o":
            good = name in MANUAL_NAMES
        elif letter.isupper():
            good = name.startswith("qpmap_")
        else:
            good = re.match(LOCAL_NAMES, name)
        report.ok(good, "%s: the name %s in %s" % (what, name, obj), "",
                  build.repeat)
    names = {s[2] for s in build.symbols() if s[0] == "pmap.o" and
             s[1] == "T"}
    report.ok(names == MANUAL_NAMES, what + ": pmap.o defines " +
              " ".join(sorted(names)), "", build.repeat)


def slots(build):
    """Bytes of stack of every function, from -fstack-usage."""
    found = {}
    for path in glob.glob(os.path.join(build.directory, "*.su")):
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                where, size, kind = line.rstrip("\n").split("\t")
                name = where.split(":")[-1]
                found[name] = max(found.get(name, 0), int(size))
                if "bounded" not in kind and kind != "static":
                    found[name] = 1 << 20
    return found


def deepest(slot, calls, name, above=()):
    """Bytes and path of the deepest chain of calls from a function."""
    size = slot.get(re.sub(r"\.(isra|part|constprop|cold)(\.\d+)?", "",
                            name), slot.get(name, 0))
    if name in above:
        return 1 << 20, [name, "(recursion)"]
    best = (0, [])
    for called in calls.get(name, ()):
        best = max(best, deepest(slot, calls, called, above + (name,)))
    return size + best[0], [name] + best[1]


def check_stack(report, what, build, stacks):
    slot = slots(build)
    calls = {}
    for functions in build.disassembly().values():
        for name, body in functions.items():
            for ins in body:
                if ins.symbol:
                    calls.setdefault(name, set()).add(ins.symbol)
                elif ins.target is not None:
                    match = re.search(r"<([\w.]+)", ins.text)
                    if match and match.group(1) != name:
                        calls.setdefault(name, set()).add(match.group(1))
    report.ok(len(slot) > 10 and calls, what + ": stack",
              "no stack usage was found: the check is blind", build.repeat)
    best = max(deepest(slot, calls, name) for name in calls)
    stacks[what] = best
    report.ok(best[0] <= STACK_LIMIT, what + ": stack",
              "%d bytes, more than %d, in %s" %
              (best[0], STACK_LIMIT, " > ".join(best[1])), build.repeat)


def check_cpu(report, what, target, flags, build):
    size = {s[2]: s[3] for s in build.symbols()}
    limits = {"qpmap_cpu": RANGE_CPU_LIMIT if abi.RANGES in flags or
              abi.LARGE in flags else CPU_LIMIT}
    if abi.SHOOTDOWN in flags:
        limits.update(OTHERS_LIMIT)
    for name, limit in limits.items():
        got = size["size_" + name]
        report.ok(got <= limit[target.bits], "%s: struct %s" % (what, name),
                  "%d bytes, more than %d" % (got, limit[target.bits]),
                  build.repeat)
        report.ok(size["align_" + name] == 64, "%s: struct %s" %
                  (what, name), "aligned to %d" % size["align_" + name],
                  build.repeat)


def check_nothing(report, what, build, level, option):
    """Nothing of what an option adds is in a build without it.

    At -O0 a compiler keeps the inline functions that stand for it.
    """
    others, words = OTHERS[option]
    left = [s[2] for s in build.symbols() if s[0] in others]
    left += [s[2] for s in build.symbols() if re.search(words, s[2]) and
             not (level == "-O0" and s[1] == "t")]
    report.ok(not left and all(
        os.path.exists(os.path.join(build.directory, name))
        for name in others), what + ": without " + option,
              "there are " + " ".join(left), build.repeat)


def check_blind(report, target, compiler):
    """The disassembly of floating-point code is seen as such."""
    flags = ["-O2", "-ffreestanding"]
    if target.arch == "riscv64":
        flags += ["-march=rv64gc", "-mabi=lp64d"]
    with abi.Build(compiler, flags, [PROBE]) as build:
        report.ok(build.good and fp_uses(target.arch, build),
                  target.name + ": floating-point code is not recognised",
                  build.output, build.repeat)


def check(report, results, configuration):
    target, compiler, level, machine, options = configuration
    flags = [level, "-ffreestanding", "-fno-pic", "-fomit-frame-pointer",
             "-fno-asynchronous-unwind-tables",
             "-fstack-usage", abi.TABLES] + machine + target.options + options
    what = "%s: %s %s" % (target.name, " ".join(compiler), " ".join(
        [level] + (machine if machine != target.no_fp() else []) + options))
    with abi.Build(compiler, flags, target.sources()) as build:
        if not report.ok(build.good, what, build.output, build.repeat):
            return
        check_fp(report, what, target, build)
        check_writable(report, what, build, options)
        check_names(report, what, build)
        for option in OTHERS:
            if option not in flags:
                check_nothing(report, what, build, level, option)
        if level == "-O2":
            check_text(report, what, target, compiler, flags, build,
                       results[0])
            check_stack(report, what, build, results[1])


def configurations():
    both = ([], [abi.SHOOTDOWN], [abi.RANGES], [abi.LARGE], [abi.TRY],
            [abi.SWITCH])
    for target in abi.targets():
        if target.arch == "arm64" and target.name != "arm64":
            # These differ in constants only.
            for options in both:
                yield target, abi.clang("arm64"), "-O2", target.no_fp(), options
            continue
        for compiler in abi.different_compilers(target.arch):
            yield target, compiler, "-O0", target.no_fp(), []
            for options in both:
                yield target, compiler, "-O2", target.no_fp(), options
            if target.arch == "riscv64":
                # Here the compiler could use them.
                yield target, compiler, "-O2", ["-march=rv64gc",
                                                "-mabi=lp64d"], [
                                                    abi.SHOOTDOWN]


def main():
    report = abi.Report("abi/code")
    text, stack = {}, {}
    for target in abi.targets():
        if target.name in abi.TRIPLE:
            check_blind(report, target, abi.clang(target.arch))
    abi.parallel(lambda c: check(report, (text, stack), c),
                 list(configurations()))
    for what in sorted(text):
        for option, limit in MORE_TEXT_LIMIT.items():
            without = what.replace(" " + option, "")
            if without != what and without in text:
                more = text[what][0] - text[without][0]
                report.ok(0 < more <= limit, what + ": text",
                          "%d bytes more, over %d" % (more, limit))
    print("bytes of text, of read-only data, of stack (limit %d):" %
          STACK_LIMIT)
    for what in sorted(text):
        print("  %5d %5d %4d  %s" % (text[what] + (stack[what][0], what)))
    report.end()


if __name__ == "__main__":
    main()
