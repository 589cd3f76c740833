#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The copy loops, which are in assembly at the top level of a C file: they
have what the compiler's own functions have.  Symbols, landing pads, unwind
tables, returns; and link-time optimisation finds them, out of an archive, too.

usage: check_copy.py [--all]

With --all, i386's second gcc, too.
"""

import glob
import os
import re
import shutil

import abi

LOOPS = {"qpmap_copy_bulk", "qpmap_zero_bulk", "qpmap_copy_single"}
FLAGS = ["-O2", "-ffreestanding", "-fno-pic", "-fno-stack-protector"]

# Build option, and what each loop then begins with.
PADS = {
    "amd64": ("-fcf-protection=branch", r"endbr64$"),
    "i386": ("-fcf-protection=branch", r"endbr32$"),
    "arm64": ("-mbranch-protection=bti", r"(bti c|hint #34)$"),
}
THUNK = '-DQPMAP_ASM_RETURN="jmp __x86_return_thunk"'

# A kernel that uses all of them.
KERNEL = abi.scratch("copies.c", """
#include <qpmap/host.h>
#include <qpmap/qpmap.h>
static struct qpmap_cpu cpu;
static char buffer[100];
QPMAP_CALL struct qpmap_cpu *qpmap_host_cpu(void) { return (&cpu); }
QPMAP_CALL struct qpmap_cpu *qpmap_host_pin(void) { return (&cpu); }
QPMAP_CALL void qpmap_host_unpin(struct qpmap_cpu *c) { (void)c; }
QPMAP_CALL void qpmap_host_panic(const char *text, qpmap_u64 a,
    qpmap_u64 b) { (void)text; (void)a; (void)b; for (;;) { } }
void _start(void);
void _start(void)
{
	qpmap_read(4096, 0, buffer, 77);
	qpmap_copy_page(0, 0, 4096, 0);
	qpmap_zero_page(0, 0);
}
""")


def loops_of(build):
    """{name: [Instruction]} of the loops."""
    return {name: body for name, body in build.functions("copy.o").items()
            if name in LOOPS}


def check_symbols(report, what, build):
    """Functions, global, hidden, with a size; nothing else is from there."""
    said = abi.run([abi.need("readelf"), "-sW", "copy.o"],
                   cwd=build.directory).stdout
    found = set(re.findall(r" [1-9]\d* FUNC +GLOBAL +HIDDEN +\d+ (\w+)$", said,
                           re.M))
    report.ok(LOOPS <= found, what + ": symbols", said, build.repeat)


def check_plain(report, what, target, build):
    """Without pads and thunks there are none; riscv64, all of four bytes."""
    loops = loops_of(build)
    report.ok(set(loops) == LOOPS, what + ": loops", " ".join(loops),
              build.repeat)
    pad = PADS.get(target.arch, ("", r"lpad"))[1]
    for name, body in loops.items():
        report.ok(not re.match(pad, body[0].text), what + ": a landing pad "
                  "in " + name, body[0], build.repeat)
        if target.arch == "riscv64":
            steps = {b.address - a.address for a, b in zip(body, body[1:])}
            report.ok(steps == {4}, what + ": compressed forms in " + name,
                      steps, build.repeat)


def check_pads(report, what, build, pad):
    for name, body in loops_of(build).items():
        report.ok(re.match(pad, body[0].text), what + ": no landing pad in " +
                  name, body[0], build.repeat)


def check_thunks(report, what, build):
    for name, body in loops_of(build).items():
        report.ok(not [i for i in body if i.name.startswith("ret")] and
                  [i for i in body if i.symbol == "__x86_return_thunk"],
                  what + ": returns of " + name, "\n".join(map(str, body)),
                  build.repeat)


def entries(build):
    """Unwind entries of copy.o, and its functions."""
    said = abi.run([abi.need("readelf"), "-wf", "copy.o"],
                   cwd=build.directory).stdout
    return said.count(" FDE "), len([name for name in build.functions("copy.o")
                                     if name.startswith("qpmap_")])


def check_unwind(report, what, build, wanted):
    found, functions = entries(build)
    report.ok(found == (functions if wanted else 0),
              what + ": unwind entries", "%d, of %d functions" %
              (found, functions), build.repeat)


def check_lto(report, what, target, compiler, flags):
    """The library as an archive, optimised when it is linked."""
    lto = flags + ["-flto"]
    ar, more = "llvm-ar", ["-fuse-ld=lld"]
    if not abi.is_clang(compiler):
        prefix = re.sub(r"gcc$", "", compiler[0]) if "-m32" not in compiler \
            else ""
        ar, more = prefix + "gcc-ar", []
    with abi.Build(compiler, lto, target.sources() + [KERNEL]) as build:
        if not report.ok(build.good, what + ": LTO", build.output,
                         build.repeat):
            return
        members = [o for o in glob.glob(build.directory + "/*.o")
                   if not o.endswith("copies.o")]
        made = abi.run([abi.need(ar), "rcs", "lib.a"] + members,
                       cwd=build.directory)
        linked = abi.run(list(compiler) + lto + more +
                         ["-nostdlib", "-static", "copies.o", "lib.a", "-o",
                          "kernel"], cwd=build.directory)
        report.ok(made.returncode == 0 and linked.returncode == 0 and
                  os.path.exists(build.directory + "/kernel"),
                  what + ": LTO", made.stdout + linked.stdout, build.repeat)


def check(report, configuration):
    target, compiler = configuration
    flags = FLAGS + target.no_fp() + target.options
    what = "%s: %s" % (target.name, " ".join(compiler))
    no_tables = ["-fno-asynchronous-unwind-tables", "-fno-unwind-tables"]
    builds = [
        (no_tables, lambda b: (check_symbols(report, what, b),
                               check_plain(report, what, target, b),
                               check_unwind(report, what, b, False))),
        (["-fasynchronous-unwind-tables"],
         lambda b: check_unwind(report, what, b, True)),
    ]
    if target.arch in PADS:
        option, pad = PADS[target.arch]
        options = [option]
        if target.arch == "i386" and not abi.is_clang(compiler):
            # For CPUs that have ENDBR32's encoding only.
            options.append("-march=i686")
        builds.append((options, lambda b: check_pads(report, what, b, pad)))
    if target.arch in ("amd64", "i386"):
        builds.append(([THUNK], lambda b: check_thunks(report, what, b)))
    copy = [s for s in target.sources() if s.endswith("/copy.c")]
    for options, judge in builds:
        with abi.Build(compiler, flags + options, copy) as build:
            if report.ok(build.good, what, build.output, build.repeat):
                judge(build)
    if target.name in abi.TRIPLE and (not abi.is_clang(compiler) or
                                      shutil.which("ld.lld")):
        lto = abi.hosted_clang(target.arch) if abi.is_clang(compiler) \
            else compiler
        check_lto(report, what, target, lto, flags)


def main():
    report = abi.Report("abi/copy")
    items = [(target, compiler) for target in abi.targets()
             if target.name in abi.TRIPLE
             for compiler in abi.different_compilers(target.arch)]
    if abi.newest_clang():
        items += [(target, abi.clang(target.arch, abi.newest_clang()))
                  for target in abi.targets() if target.name in abi.TRIPLE]
    abi.parallel(lambda i: check(report, i), items)
    report.end()


if __name__ == "__main__":
    main()
