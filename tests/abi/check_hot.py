#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The hot path with inline hooks (contract C4): no call, no way out but the
named refusals, no backward branch on the way to a return, no use of the
stack; and at most 512 bytes of text for enter, enter_ro and remove together.
QPMAP_SHOOTDOWN, QPMAP_RANGE_PAGES, QPMAP_LARGE_SLOTS, QPMAP_TRY and
QPMAP_SWITCH change no instruction of it.

There is one exception: i386 passes arguments on the stack, and a function that
needs more than its three scratch registers saves the others; gcc, with PAE's
64-bit values in pairs of registers, also spills a few words, and may join two
paths with a branch that goes back in the text: there, none may close a loop.
"""

import difflib
import itertools
import os
import re

import abi

WAYS_OUT = {
    "qpmap_enter": {"qpmap_enter_slow", "qpmap_enter_panic",
                    "qpmap_enter_panic_slot"},
    "qpmap_enter_ro": {"qpmap_enter_slow", "qpmap_enter_panic",
                       "qpmap_enter_panic_slot"},
    "qpmap_remove": {"qpmap_remove_slow", "qpmap_remove_panic"},
    "qpmap_remove_window": {"qpmap_remove_slow", "qpmap_remove_panic"},
}

TEXT_LIMIT = 512

DIRECT = "-DQPMAP_DIRECT_MAP=0", "-DQPMAP_DIRECT_MAP=1"
KINDS = [], [abi.SHOOTDOWN], [abi.RANGES], [abi.LARGE, abi.TRY], [abi.SWITCH]

RETURN = {
    "amd64": r"retq?$", "i386": r"retl?$", "arm64": r"ret$",
    "riscv64": r"ret$",
}
CALL = {
    "amd64": r"call", "i386": r"call", "arm64": r"(bl|blr)\b",
    "riscv64": r"(jal|jalr|call)\b(?! zero)",
}
# A jump without and with a condition.
JUMP = {
    "amd64": r"jmp", "i386": r"jmp", "arm64": r"(b|br) ", "riscv64": r"(j|jr) ",
}
BRANCH = {
    "amd64": r"j(?!mp)", "i386": r"j(?!mp)",
    "arm64": r"(b\.|cbn?z|tbn?z)", "riscv64": r"b(?!set|clr|inv|ext)\w",
}
STACK = {
    "amd64": r"%[re]?[sb]p\b|^(push|pop|enter|leave)",
    "i386": r"%esp\b|^(push|pop|enter|leave)",
    "arm64": r"\b(sp|x29)\b", "riscv64": r"\bsp\b",
}
I386_SAVED = r"(push|pop)l? %(ebx|esi|edi|ebp)$|" \
             r"(mov|cmp|or|and|add|sub|sbb|adc|xor|test)l? " \
             r"(0x)?\w*\(%esp\), %e\w\w$"
I386_SPILL = r"(sub|add)l \$(?P<bytes>\w+), %esp$|" \
             r"(mov|cmp)l %e\w\w, \w*\(%esp\)$"
SPILL_LIMIT = 28
PADDING = r"(nop|int3|unimp|data16|xchgw %ax, %ax|leal? .*\(%esi\)|udf)"


def tail_jump(arch, body, index):
    """The symbol a jump goes to, if it leaves the function."""
    if body[index].symbol:
        return body[index].symbol
    if arch == "riscv64" and body[index].name == "jr" and index > 0:
        return body[index - 1].symbol
    return None


def successors(arch, body):
    """For each instruction, the indices that follow it; and the ways out."""
    where = {ins.address: i for i, ins in enumerate(body)}
    follow = [[] for _ in body]
    exits, returns, errors = {}, set(), []
    for i, ins in enumerate(body):
        if re.match(RETURN[arch], ins.text):
            returns.add(i)
        elif re.match(CALL[arch], ins.text):
            errors.append("a call: %s" % ins)
        elif re.match(JUMP[arch], ins.text) or re.match(BRANCH[arch],
                                                        ins.text):
            name = tail_jump(arch, body, i)
            if name:
                exits[i] = name
            elif ins.target in where:
                follow[i].append(where[ins.target])
            else:
                errors.append("a jump to nobody knows where: %s" % ins)
            if re.match(BRANCH[arch], ins.text) and i + 1 < len(body):
                follow[i].append(i + 1)
        elif i + 1 < len(body):
            follow[i].append(i + 1)
    return follow, exits, returns, errors


def reaching(follow, ends):
    """Indices from which one of ends can be reached."""
    good = set(ends)
    grown = True
    while grown:
        more = {i for i, nexts in enumerate(follow)
                if i not in good and any(n in good for n in nexts)}
        good |= more
        grown = bool(more)
    return good


def reached_from(follow, start):
    """Indices that can be reached from start."""
    seen, todo = set(), [start]
    while todo:
        i = todo.pop()
        if i not in seen:
            seen.add(i)
            todo += follow[i]
    return seen


def stack_is_used(arch, spills, text):
    if not re.search(STACK[arch], text):
        return False
    if arch != "i386":
        return True
    if re.match(I386_SAVED, text):
        return False
    match = re.match(I386_SPILL, text)
    return not (spills and match and
                int(match.group("bytes") or "0", 0) <= SPILL_LIMIT)


def judge(arch, name, body, spills):
    """What is wrong with a function, as lines."""
    while body and re.match(PADDING, body[-1].text):
        body.pop()
    follow, exits, returns, errors = successors(arch, body)
    if not returns:
        errors.append("no return was found: the check is blind")
    found = set(exits.values())
    if found != WAYS_OUT[name]:
        errors.append("it leaves for %s; it must leave for %s" %
                      (", ".join(sorted(found)) or "nothing",
                       ", ".join(sorted(WAYS_OUT[name]))))
    success = reaching(follow, returns)
    for i, nexts in enumerate(follow):
        for n in nexts:
            if n <= i and n in success and (
                    not spills or i in reached_from(follow, n)):
                errors.append("a backward branch on the way to a return: %s" %
                              body[i])
    for ins in body:
        if stack_is_used(arch, spills, ins.text):
            errors.append("use of the stack: %s" % ins)
    return errors


SOURCE = os.path.join(abi.ROOT, "src/core/quick.c")


def variants():
    """{file: options}: quick.c with options of its own, which one process can
    compile with the others.
    """
    found = {}
    for number, (direct, kind) in enumerate(itertools.product(DIRECT, KINDS)):
        options = [direct] + kind
        defines = "".join("#define %s\n" % o[2:].replace("=", " ")
                          for o in options)
        path = abi.scratch("hot%d.c" % number, "%s#include \"%s\"\n" %
                           (defines, SOURCE))
        found[path] = options
    return found


def configurations():
    hooks = "-DQPMAP_HOST_INLINE=\"%s/inline_hooks.h\"" % abi.HERE
    for target in abi.targets():
        for compiler in abi.compilers(target.arch):
            for level in "-O2", "-O3":
                yield target, compiler, [
                    level, hooks, "-std=gnu11", "-ffreestanding", "-fno-pic",
                    "-fomit-frame-pointer"] + target.options + target.no_fp()


class Variant:
    """One object of a build, and how to make it alone."""

    def __init__(self, build, compiler, flags, path, options):
        obj = os.path.basename(path)[:-2] + ".o"
        self.functions = build.functions(obj)
        symbols = [s for s in build.symbols() if s[0] == obj]
        self.imports = {s[2] for s in symbols if s[1] == "U"}
        size = {s[2]: s[3] for s in symbols if s[1] == "T"}
        # A page takes one of the two removes.
        self.total = sum(size.values()) - size.get("qpmap_remove_window", 0)
        self.repeat = abi.shown(abi.command_of(compiler, flags + options,
                                               [SOURCE]))


def check(report, sizes, sources, configuration):
    target, compiler, flags = configuration
    spills = target.name == "i386-pae" and not abi.is_clang(compiler)
    with abi.Build(compiler, flags, list(sources)) as build:
        if not report.ok(build.good, "%s: %s %s" % (
                target.name, " ".join(compiler), flags[0]), build.output,
                         build.repeat):
            return
        every = {tuple(options): Variant(build, compiler, flags, path, options)
                 for path, options in sources.items()}
    for direct in DIRECT:
        what = "%s: %s %s %s" % (target.name, " ".join(compiler), flags[0],
                                 direct)
        plain = every[(direct,)]
        check_plain(report, sizes, target, what, spills, plain)
        for kind in KINDS[1:]:
            check_same(report, what, plain, every[(direct, *kind)], kind[0])


def check_plain(report, sizes, target, what, spills, variant):
    functions, repeat = variant.functions, variant.repeat
    wanted = set(WAYS_OUT)
    if what.endswith(DIRECT[0]):
        wanted.remove("qpmap_remove_window")
    for name in sorted(wanted):
        if report.ok(name in functions, what, "no function " + name, repeat):
            errors = judge(target.arch, name, functions[name], spills)
            report.ok(not errors, "%s: %s" % (what, name), "\n".join(errors),
                      repeat)
    report.ok(set(functions) == wanted, what, "functions: " +
              " ".join(functions), repeat)
    report.ok(0 < variant.total <= TEXT_LIMIT, what,
              "enter, enter_ro and remove have %d bytes of text, more than "
              "%d" % (variant.total, TEXT_LIMIT), repeat)
    sizes[what] = variant.total


def check_same(report, what, plain, variant, option):
    """With the option each function is the same, operands included."""
    for name, body in plain.functions.items():
        texts, other = [[str(ins) for ins in one
                         if not re.match(PADDING, ins.text)]
                        for one in (body, variant.functions.get(name, []))]
        report.ok(texts and texts == other, "%s: %s with %s" %
                  (what, name, option), "\n".join(
                      difflib.unified_diff(texts, other, lineterm="", n=0)),
                  variant.repeat)


def main():
    report = abi.Report("abi/hot")
    sizes = {}
    sources = variants()
    abi.parallel(lambda c: check(report, sizes, sources, c),
                 list(configurations()))
    print("bytes of text, enter + enter_ro + remove (limit %d):" % TEXT_LIMIT)
    for what in sorted(sizes):
        if "-O2" in what:
            print("  %4d  %s" % (sizes[what], what))
    report.end()


if __name__ == "__main__":
    main()
