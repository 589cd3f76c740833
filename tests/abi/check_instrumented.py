#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What instrumented builds may add to the imports: a named list for each kind
of instrumentation, and that QPMAP_HOT_ATTR keeps it out of the hot path.

usage: check_instrumented.py [--all]

With --all, i386's second gcc, too.
"""

import re

import abi

# Name, flags, compilers and backends (None: all), the imports that it may
# add, of which at least one must be there, and what QPMAP_HOT_ATTR must be to
# keep it out of enter and remove.  None: nothing is promised, because the
# compiler also instruments what is inlined there; a kernel that must keep such
# instrumentation out compiles quick.c without it.
KINDS = [
    ("function tracing", "-pg -mfentry", None, ("amd64", "i386"),
     r"__fentry__", "__attribute__((no_instrument_function))"),
    ("function tracing", "-pg", "gcc", ("arm64", "riscv64"),
     r"_mcount", "__attribute__((no_instrument_function))"),
    ("function tracing", "-finstrument-functions", None, None,
     r"__cyg_profile_func_(enter|exit)", None),
    ("stack protector", "-fstack-protector-all", None, ("arm64", "riscv64"),
     r"__stack_chk_(fail|guard)",
     "__attribute__((optimize(\"no-stack-protector\")))"),
    ("stack protector", "-fstack-protector-all -mstack-protector-guard=global",
     "gcc", ("amd64", "i386"), r"__stack_chk_(fail(_local)?|guard)",
     "__attribute__((optimize(\"no-stack-protector\")))"),
    ("stack protector", "-fstack-protector-strong", None, None,
     r"__stack_chk_(fail(_local)?|guard)", None),
    ("return thunks",
     "-mfunction-return=thunk-extern -mindirect-branch=thunk-extern "
     "-mindirect-branch-register", "gcc", ("amd64", "i386"),
     r"__x86_(return_thunk|indirect_thunk_\w+)", None),
    ("coverage", "-fsanitize-coverage=trace-pc", "gcc", None,
     r"__sanitizer_cov_\w+", None),
    ("kernel address sanitizer", "-fsanitize=kernel-address", None, None,
     r"__asan_\w+", None),
    ("undefined behaviour sanitizer",
     "-fsanitize=bounds,shift,pointer-overflow", None, None,
     r"__ubsan_\w+", None),
    ("landing pads", "-fcf-protection=branch", None, ("amd64", "i386"), None,
     None),
    ("landing pads", "-mbranch-protection=standard", None, ("arm64",), None,
     None),
]

def hot_calls(build):
    """Symbols that quick.o's relocations name, besides our own."""
    return {name for _, section, _, name in build.relocations()
            if re.match(r"\.rela?\.text", section) and name and
            not name.startswith((".", "qpmap_"))}


def configurations():
    for target in abi.targets():
        if target.name not in abi.TRIPLE:
            continue
        for kind in KINDS:
            if kind[3] is not None and target.arch not in kind[3]:
                continue
            for compiler in abi.different_compilers(target.arch):
                gcc = not abi.is_clang(compiler)
                if kind[2] is None or (kind[2] == "gcc") == gcc:
                    yield target, kind, compiler


def check(report, configuration):
    target, (title, options, _, _, allowed, attribute), compiler = configuration
    if abi.is_clang(compiler) and "kernel-address" in options:
        # Clang has it for targets with an operating system only.
        compiler = abi.hosted_clang(target.arch)
    base = ["-O2", "-fno-pic", "-ffreestanding",
            abi.SHOOTDOWN, abi.TABLES, abi.RANGES,
            abi.LARGE, abi.TRY, abi.SWITCH] + target.no_fp()
    flags = base + options.split()
    if "no-stack-protector" in (attribute or "") and abi.is_clang(compiler):
        attribute = "__attribute__((no_stack_protector))"
    with abi.Build(compiler, flags, target.sources()) as build:
        what = "%s: %s: %s %s" % (target.name, title, " ".join(compiler),
                                  options)
        if not report.ok(build.good, what, build.output, build.repeat):
            return
        added = {n for n in build.imports()
                 if not n.startswith("qpmap_host_")}
        bad = {n for n in added if not re.fullmatch(allowed or "", n)}
        report.ok(not bad, what, build.by_whom(bad), build.repeat)
        if allowed and title != "stack protector":
            report.ok(added, what, "nothing was instrumented: the check is "
                      "blind", build.repeat)
    if attribute is None:
        return
    # The marked functions, and what is inlined into them, are left alone.
    flags = flags + ["-DQPMAP_HOT_ATTR=" + attribute]
    source = abi.ROOT + "/src/core/quick.c"
    with abi.Build(compiler, flags, [source]) as build:
        if report.ok(build.good, what + " QPMAP_HOT_ATTR", build.output,
                     build.repeat):
            left = hot_calls(build)
            report.ok(not left, what + " QPMAP_HOT_ATTR",
                      "the hot path still uses " + " ".join(sorted(left)),
                      build.repeat)


def main():
    report = abi.Report("abi/instrumented")
    abi.parallel(lambda c: check(report, c), list(configurations()))
    report.end()


if __name__ == "__main__":
    main()
