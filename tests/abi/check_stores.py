#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Every store to an entry is one instruction of full width (contract B7); on
i386 with PAE two, the half with the present bit last on filling and first on
clearing.  The core has no other way to store one, and global mappings, whose
slots every CPU walks, are looked at as they are compiled: nothing that they
write, entries or words, is written in parts.
"""

import glob
import os
import re

import abi

# Called by qpmap_init() alone, when no other CPU uses the library.
INIT = {"qpmap_global_area", "qpmap_global_init"}

# A store, as (full width, register it goes through, offset).
STORE = {
    "amd64": r"mov(?P<width>[bwlq])\s+(\$\S+|%\w+), "
             r"(?P<offset>-?\w*)\(%(?P<base>\w+)\)$",
    "i386": r"mov(?P<width>[bwlq])\s+(\$\S+|%\w+), "
            r"(?P<offset>-?\w*)\(%(?P<base>\w+)\)$",
    "arm64": r"(?P<width>st\w+)\s+[^\[]*?(?P<register>\w+), "
             r"\[(?P<base>\w+)(, #(?P<offset>-?\w+))?\]",
    "riscv64": r"(?P<width>s[bhwd])\s+\w+, (?P<offset>-?\w+)\((?P<base>\w+)\)",
}
# Anything else that writes memory would be missed by STORE.
OTHER = {
    "amd64": r"lock|xchg|cmpxchg|stos|movs[bwlq]?$|movnt|(or|and|xor|add|sub)"
             r"[bwlq]? .*, -?\w*\(",
    "i386": r"lock|xchg|cmpxchg|stos|movs[bwlq]?$|movnt|(or|and|xor|add|sub)"
            r"[bwlq]? .*, -?\w*\(",
    "arm64": r"(swp|cas|ld(add|set|clr|eor)|stp|stx|stlx|dc )",
    "riscv64": r"(amo|sc\.)",
}
FULL = {"amd64": "q", "i386": "l", "arm64": "str", "riscv64": "sd"}
# A store of less than a word, however its address is made up.
NARROW = {
    "amd64": r"(mov|xchg|or|and)[bwl] (\$\S+|%\w+), \S*(\(.*\))$",
    "i386": r"(mov|xchg|or|and)[bw] (\$\S+|%\w+), \S*(\(.*\))$",
    "arm64": r"(st\w*[bh] |st\w* w\d+,( w\d+,)? (?!w))",
    "riscv64": r"(s[bhw]|amo\w+\.w\S*|sc\.w\S*) ",
}
# Status registers of store-exclusive instructions are no data.
STATUS = r"stl?xr w\d+, x\w+, "
STACK = {"rsp", "rbp", "esp", "ebp", "sp", "x29", "s0", "fp"}


def entry_stores(arch, functions, name):
    """(width, offset) of the stores of one probe and what it calls."""
    found, errors = [], []
    for function, body in functions.items():
        if function != name and not (function.startswith("qpmap_pte_") and
                                     function.endswith(name[4:])):
            continue
        for ins in body:
            match = re.match(STORE[arch], ins.text)
            if match and match.group("base") not in STACK:
                width = match.group("width")
                if arch == "arm64" and match.group("register")[0] != "x":
                    width += " " + match.group("register")
                offset = int(match.groupdict().get("offset") or "0", 0)
                found.append((width, offset))
            elif not match and re.match(OTHER[arch], ins.text):
                if not re.search(r"%[er][sb]p|\b(sp|x29)\b", ins.text):
                    errors.append("%s: %s" % (function, ins))
    return found, errors


def expected(target, name):
    full = FULL[target.arch]
    if target.name == "i386-pae":
        # The low word has the present bit.
        order = [(full, 4), (full, 0)]
        return order if name == "abi_store" else order[::-1]
    return [(full, 0)]


def check(report, configuration):
    target, compiler, flags = configuration
    what = "%s: %s %s" % (target.name, " ".join(compiler), flags[0])
    if flags[0] in ("-O2", "-Os"):
        check_global(report, target, compiler, flags)
    with abi.Build(compiler, flags, [abi.HERE + "/stores.c"]) as build:
        if not report.ok(build.good, what, build.output, build.repeat):
            return
        functions = build.functions()
        for name in "abi_store", "abi_clear":
            found, errors = entry_stores(target.arch, functions, name)
            wanted = expected(target, name)
            report.ok(found == wanted and not errors, "%s: %s" % (what, name),
                      "stores (width, offset): %s\nthey must be: %s\n%s" %
                      (found, wanted, "\n".join(errors)), build.repeat)


def check_global(report, target, compiler, flags):
    what = "%s: %s %s: global.c" % (target.name, " ".join(compiler), flags[0])
    source = abi.ROOT + "/src/core/global.c"
    with abi.Build(compiler, flags + [abi.SHOOTDOWN], [source]) as build:
        if not report.ok(build.good, what, build.output, build.repeat):
            return
        narrow, count = [], 0
        for name, body in build.functions().items():
            if name in INIT:
                continue
            for ins in body:
                count += bool(re.match(STORE[target.arch], ins.text))
                if (re.match(NARROW[target.arch], ins.text) and
                        not re.match(STATUS, ins.text) and
                        not re.search(r"%[er][sb]p|\b(sp|x29)\b|\(s0\)",
                                      ins.text)):
                    narrow.append("%s: %s" % (name, ins))
        report.ok(count > 3 and not narrow, what, "%d stores are seen; in "
                  "parts are:\n%s" % (count, "\n".join(narrow)),
                  build.repeat)


def check_source(report):
    """The core's files do not store entries but by pte_store, pte_clear."""
    for path in sorted(glob.glob(abi.ROOT + "/src/core/*.[ch]")):
        with open(path, encoding="utf-8") as lines:
            found = re.findall(r".*(?:slot|entry|leaf)\w*(?:\[[^]]*\])?(?:->|"
                               r"\.)bits *[-+|&^]?=[^=].*", lines.read())
        report.ok(not found, os.path.relpath(path, abi.ROOT),
                  "\n".join(found))


def configurations():
    for target in abi.targets():
        for compiler in abi.compilers(target.arch):
            for level in "-O0", "-O1", "-O2", "-O3", "-Os":
                if level == "-O0" and target.name == "i386-pae":
                    # Which half is which is computed in registers there.
                    continue
                yield target, compiler, [
                    level, "-ffreestanding", "-fno-pic"] + \
                    target.options + target.no_fp()


def main():
    report = abi.Report("abi/stores")
    check_source(report)
    abi.parallel(lambda c: check(report, c), list(configurations()))
    report.end()


if __name__ == "__main__":
    main()
