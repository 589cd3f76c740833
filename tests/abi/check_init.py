#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""QPMAP_INIT_ATTR: with a section of their own, the functions that run inside
qpmap_init() are in it, and nothing outside refers to them, so that a kernel may
free it.

And -malign-double, which changes structures on i386, changes QPMAP_OPTIONS.

usage: check_init.py
"""
import os
import re
import subprocess

import abi

SECTION = ".init.text"
ATTR = '-DQPMAP_INIT_ATTR=__attribute__((section("%s")))' % SECTION
# Bytes that a kernel gets back, at least; of the 3.7 KiB there were.
LEAST = 1500
OPTIONS = """
#include <qpmap/qpmap.h>
extern const struct qpmap_options abi_options;
const struct qpmap_options abi_options = QPMAP_OPTIONS;
"""


def run(*command):
    return subprocess.run(command, check=True, capture_output=True,
                          text=True).stdout


def symbols(path):
    """Section of every symbol defined in an object."""
    found = {}
    for line in run("llvm-objdump", "-t", path).splitlines():
        match = re.match(r"[0-9a-f]+ .{7} (\S+)\s+[0-9a-f]+ (?:\.hidden )?(\S+)$",
                         line)
        if match:
            found[match.group(2)] = match.group(1)
    return found


def relocations(path):
    """(section, symbol) of every relocation in an object."""
    section = ""
    for line in run("llvm-objdump", "-r", path).splitlines():
        match = re.match(r"RELOCATION RECORDS FOR \[(\S+)\]", line)
        if match:
            section = match.group(1)
        elif re.match(r"[0-9a-f]+ ", line):
            yield section, re.split(r"[-+]", line.split()[-1])[0]


def check_section(report, what, build):
    paths = [os.path.join(build.directory, name)
             for name in sorted(os.listdir(build.directory))
             if name.endswith(".o")]
    own = {path: {name: section for name, section in symbols(path).items()
                  if section != "*UND*"} for path in paths}
    where = {SECTION: SECTION}
    for path in paths:
        where.update(own[path])
    outside = set()
    for path in paths:
        for section, symbol in relocations(path):
            if own[path].get(symbol, None if symbol.startswith(".L") else
                             where.get(symbol)) == SECTION and \
                    section != SECTION and \
                    not section.startswith((".debug", ".eh_frame", ".rela")):
                outside.add("%s: %s" % (os.path.basename(path), symbol))
    report.ok(where.get("qpmap_init_options") == SECTION,
              what + ": qpmap_init_options", "not in " + SECTION, build.repeat)
    for name in ("qpmap_cpu_online", "qpmap_enter", "qpmap_strerror",
                 "qpmap_probe_same"):
        report.ok(where.get(name) not in (None, SECTION), what + ": " + name,
                  "is in " + SECTION, build.repeat)
    report.ok(not outside, what + ": who refers to " + SECTION,
              "\n".join(sorted(outside)), build.repeat)
    size = sum(int(line.split()[2], 16) for path in paths
               for line in run("llvm-objdump", "-h", path).splitlines()
               if line.split()[1:2] == [SECTION])
    report.ok(size >= LEAST, what + ": size",
              "%d bytes, fewer than %d" % (size, LEAST), build.repeat)


def check_alignment(report):
    (target,) = [t for t in abi.targets() if t.name == "i386"]
    for compiler in [abi.clang("i386")] + list(abi.gccs("i386")):
        seen = []
        for flag in ([], ["-malign-double"]):
            source = abi.scratch("options.c", OPTIONS)
            with abi.Build(compiler, ["-O2", "-ffreestanding"] +
                           target.no_fp() + flag, [source]) as build:
                what = "i386: " + " ".join(compiler + flag)
                if not report.ok(build.good, what, build.output, build.repeat):
                    return
                seen.append(run("llvm-objdump", "-s", "-j", ".rodata",
                                os.path.join(build.directory, "options.o"))
                            .split("Contents")[1])
        report.ok(seen[0] != seen[1], "i386: %s: -malign-double" %
                  " ".join(compiler), "QPMAP_OPTIONS does not show it", "")


def main():
    report = abi.Report("abi/init")
    for target in abi.targets():
        for compiler in [abi.clang(target.arch)] + \
                list(abi.gccs(target.arch))[:1]:
            for level in ("-O2", "-Os"):
                for shootdown in ([], [abi.SHOOTDOWN]):
                    flags = [level, "-ffreestanding", ATTR, abi.TABLES] + \
                        target.no_fp() + target.options + shootdown
                    what = "%s: %s %s" % (target.name, " ".join(compiler),
                                          " ".join([level] + shootdown))
                    with abi.Build(compiler, flags, target.sources()) as build:
                        if report.ok(build.good, what, build.output,
                                     build.repeat):
                            check_section(report, what, build)
    check_alignment(report)
    report.end()


if __name__ == "__main__":
    main()
