#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The copy loops, which are in assembly at the top level of a C file: they
have what the compiler's own functions have (contract B22).  Symbols, landing pads, unwind
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
# With QPMAP_TRY two of them are the beginnings of others.
TRY_LOOPS = {"qpmap_try_bulk", "qpmap_try_single", "qpmap_try_4"}
FLAGS = ["-O2", "-ffreestanding", "-fno-pic", "-fno-stack-protector"]

# Build option, and what each loop then begins with.
PADS = {
    "amd64": ("-fcf-protection=branch", r"endbr64$"),
    "i386": ("-fcf-protection=branch", r"endbr32$"),
    "arm64": ("-mbranch-protection=bti", r"(bti c|hint #34)$"),
}
# Bytes from the stack pointer to the caller's frame at a function's beginning.
AT_ENTRY = {"amd64": 8, "i386": 4}
THUNK = '-DQPMAP_ASM_RETURN="jmp __x86_return_thunk"'

# A kernel that uses all of them.
KERNEL = abi.scratch("copies.c", """
#include <qpmap/host.h>
#include <qpmap/qpmap.h>
#include <qpmap/try.h>
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
#if QPMAP_TRY
	struct qpmap_fault fault = { .pc = 1 };
	if (qpmap_try_read(4096, 0, buffer, 77) != 0 ||
	    qpmap_fault_resume(&fault) != 0) {
		qpmap_zero_page(0, 0);
	}
#endif
}
""")


def loops_of(build):
    """{name: [Instruction]} of the loops."""
    return {name: body for name, body in build.functions("copy.o").items()
            if name in LOOPS | TRY_LOOPS}


def check_symbols(report, what, build, names):
    """Functions, global, hidden, with a size; nothing else is from there."""
    said = abi.run([abi.need("readelf"), "-sW", "copy.o"],
                   cwd=build.directory).stdout
    found = set(re.findall(r" [1-9]\d* FUNC +GLOBAL +HIDDEN +\d+ (\w+)$", said,
                           re.M))
    report.ok(found == names, what + ": symbols", said, build.repeat)


def check_plain(report, what, target, build, names):
    """Without pads and thunks there are none; riscv64, all of four bytes."""
    loops = loops_of(build)
    report.ok(set(loops) == names, what + ": loops", " ".join(loops),
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
    loops = loops_of(build)
    for name, body in loops.items():
        thunk = [i for i in body if i.symbol == "__x86_return_thunk"]
        begins = name.replace("copy", "try") in loops and "copy" in name
        report.ok(not [i for i in body if i.name.startswith("ret")] and
                  (thunk or begins),
                  what + ": returns of " + name, "\n".join(map(str, body)),
                  build.repeat)


def entries(build):
    """{function: {address: {column: rule}}} of copy.o's unwind tables."""
    said = abi.run([abi.need("readelf"), "-wF", "copy.o"],
                   cwd=build.directory).stdout
    found, columns, initial = {}, [], {}
    for line in said.splitlines():
        match = re.search(r" FDE .*pc=([0-9a-f]+)\.\.", line)
        begin = int(match.group(1), 16) if match else None
        if match or " CIE " in line:
            rows = {}
        if match:
            found[begin] = rows
            rows[begin] = initial
        elif line.split()[:2] == ["LOC", "CFA"]:
            columns = line.split()[1:]
        elif re.match(r"[0-9a-f]+ +\w+\+\d+", line):
            words = re.sub(r" \((\w+)\)", r"(\1)", line).split()
            rows[int(words[0], 16)] = dict(zip(columns, words[1:]))
            if not found:
                initial = rows[int(words[0], 16)]
    names = {body[0].address: name
             for name, body in build.functions("copy.o").items()
             if name.startswith("qpmap_")}
    return {names.get(begin, hex(begin)): rows
            for begin, rows in found.items()}, set(names.values())


def rules_of(target, body):
    """(instruction, where the CFA is, where registers are) of a function in
    assembly, as its instructions say."""
    depth = AT_ENTRY.get(target.arch, 0)
    saved = {}
    for ins in body:
        yield ins, depth, dict(saved)
        regs = re.findall(r"%(e?[a-z0-9]+)", ins.operands)
        if ins.name.startswith("push"):
            depth += 4
            saved[regs[0]] = "c-%d" % depth
        elif ins.name.startswith("pop"):
            depth -= 4
            saved[regs[0]] = "u"
        elif ins.name.startswith("xchg"):
            kept = [r for r in regs if r in ("esi", "edi", "ebx")][0]
            saved[kept] = "r%s" % [r for r in regs if r != kept][0]
        elif target.arch == "i386" and ins.name.startswith("mov") and \
                len(regs) == 2 and "(" not in ins.operands:
            if regs[0] in ("esi", "edi") and regs[0] not in saved:
                saved[regs[0]] = "r" + regs[1]
            elif saved.get(regs[1]) == "r" + regs[0]:
                saved[regs[1]] = "u"


def check_rules(report, what, target, build):
    """At each instruction of a loop the unwind tables say where its caller's
    frame and registers are."""
    tables, _ = entries(build)
    for name, body in loops_of(build).items():
        rows, row = tables.get(name, {}), {}
        for ins, depth, saved in rules_of(target, body):
            address = ins.address
            row = rows.get(address, row)
            report.ok(not ins.name.startswith("ret") or
                      (depth == AT_ENTRY.get(target.arch, 0) and
                       set(saved.values()) <= {"u"}),
                      what + ": %s keeps what it is to give back" % name,
                      "%s %s" % (depth, saved), build.repeat)
            cfa = re.sub(r".*\+", "", row.get("CFA", "+none"))
            said = {reg: re.sub(r"r\d+\((\w+)\)", r"r\1", row.get(reg, "u"))
                    for reg in saved}
            if not report.ok(cfa == str(depth) and said == saved,
                             what + ": unwinding at %#x in %s" %
                             (address, name),
                             "%s %s, not %s %s" % (cfa, said, depth, saved),
                             build.repeat):
                break


def check_unwind(report, what, target, build, are):
    found, functions = entries(build)
    report.ok(set(found) == (functions if are else set()),
              what + ": unwind entries", "%s, of %s" %
              (sorted(found), sorted(functions)), build.repeat)
    if are:
        check_rules(report, what, target, build)


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


def check_build(report, what, target, compiler, options):
    """copy.c with these options: everything but LTO."""
    flags = FLAGS + target.no_fp() + target.options + options
    names = LOOPS | TRY_LOOPS if options else LOOPS
    no_tables = ["-fno-asynchronous-unwind-tables", "-fno-unwind-tables"]
    builds = [
        (no_tables, lambda b: (check_symbols(report, what, b, names),
                               check_plain(report, what, target, b, names),
                               check_unwind(report, what, target, b, False))),
        (["-fasynchronous-unwind-tables"],
         lambda b: check_unwind(report, what, target, b, True)),
    ]
    if target.arch in PADS:
        option, pad = PADS[target.arch]
        pads = [option]
        if target.arch == "i386" and not abi.is_clang(compiler):
            # For CPUs that have ENDBR32's encoding only.
            pads.append("-march=i686")
        builds.append((pads, lambda b: check_pads(report, what, b, pad)))
    if target.arch in ("amd64", "i386"):
        builds.append(([THUNK], lambda b: check_thunks(report, what, b)))
    copy = [s for s in target.sources() if s.endswith("/copy.c")]
    for more, judge in builds:
        with abi.Build(compiler, flags + more, copy) as build:
            if report.ok(build.good, what, build.output, build.repeat):
                judge(build)


def check(report, configuration):
    target, compiler = configuration
    what = "%s: %s" % (target.name, " ".join(compiler))
    for options in ([], [abi.TRY]):
        check_build(report, " ".join([what] + options), target, compiler,
                    options)
    if target.name in abi.TRIPLE and (not abi.is_clang(compiler) or
                                      shutil.which("ld.lld")):
        lto = abi.hosted_clang(target.arch) if abi.is_clang(compiler) \
            else compiler
        check_lto(report, what, target, lto, FLAGS + target.no_fp() +
                  target.options + [abi.TRY])


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
