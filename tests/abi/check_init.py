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


class Object:
    """An object's sections, {name: size}; its own symbols, {name: section};
    and its relocations, [(section, symbol)]: as llvm-objdump prints them.
    """

    def __init__(self, text):
        self.sizes, self.symbols, self.relocations = {}, {}, []
        table = section = None
        for line in text.splitlines():
            head = re.match(r"(Sections|SYMBOL TABLE|RELOCATION RECORDS FOR)"
                            r"(?: \[(\S+)\])?:", line)
            if head:
                table, section = head.groups()
            elif table == "Sections":
                words = line.split()
                if words and words[0].isdigit():
                    self.sizes[words[1]] = int(words[2], 16)
            elif table == "SYMBOL TABLE":
                match = re.match(r"[0-9a-f]+ .{7} (\S+)\s+[0-9a-f]+ "
                                 r"(?:\.hidden )?(\S+)$", line)
                if match and match.group(1) != "*UND*":
                    self.symbols[match.group(2)] = match.group(1)
            elif table and re.match(r"[0-9a-f]+ ", line):
                self.relocations.append(
                    (section, re.split(r"[-+]", line.split()[-1])[0]))


def read(build):
    """{path: Object} of all that a build made, by one process."""
    paths = [os.path.join(build.directory, name)
             for name in sorted(os.listdir(build.directory))
             if name.endswith(".o")]
    text = run("llvm-objdump", "-h", "-t", "-r", *paths)
    parts = re.split(r"^(\S+):\s+file format .*$", text, flags=re.M)
    assert parts[1::2] == paths
    return {path: Object(part) for path, part in zip(paths, parts[2::2])}


def check_section(report, what, build):
    objects = read(build)
    where = {SECTION: SECTION}
    for obj in objects.values():
        where.update(obj.symbols)
    outside = set()
    for path, obj in objects.items():
        for section, symbol in obj.relocations:
            if obj.symbols.get(symbol, None if symbol.startswith(".L") else
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
    size = sum(obj.sizes.get(SECTION, 0) for obj in objects.values())
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
                for shootdown in ([], [abi.SHOOTDOWN, abi.RANGES, abi.LARGE,
                                       abi.TRY, abi.SWITCH]):
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
