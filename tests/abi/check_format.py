#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The C files are formatted.

usage: check_format.py [file ...]

clang-format, every version that is installed, decides on the indentation of
statements, on braces, on spaces within a line and on empty lines.  It has no
settings for style(9)'s continuation lines, so these are left to the writer:
where a statement is broken, and columns of macros, of comments and of asm
operands.  Two versions of it do not even agree with each other there.  The
script itself sees to 80 columns, tabs, and continuation lines that are
indented by four columns more than what they continue.
"""

import difflib
import os
import re
import shutil
import subprocess
import sys

import abi

SUFFIXES = (".c", ".h")


def tracked():
    """The repository's C files; outside a repository, those in the tree."""
    result = subprocess.run(["git", "-C", abi.ROOT, "ls-files"],
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                            text=True)
    names = result.stdout.splitlines()
    if not names:
        for top in "include", "src", "tests", "examples":
            for base, _, files in os.walk(os.path.join(abi.ROOT, top)):
                names += [os.path.relpath(os.path.join(base, f), abi.ROOT)
                          for f in files]
    return sorted(n for n in names if n.endswith(SUFFIXES) and
                  os.path.exists(os.path.join(abi.ROOT, n)))


def formatters():
    found = {}
    for name in ["clang-format"] + ["clang-format-%d" % v
                                    for v in range(14, 31)]:
        path = shutil.which(name)
        if path:
            found.setdefault(os.path.realpath(path), name)
    if not found:
        sys.exit("abi: clang-format is not installed; run tools/setup")
    return sorted(found.values())


def statements(text):
    """Statements, as [number of the first line, its indentation, lines]."""
    found, comment, macro, broken, depth = [], False, False, False, 0
    for number, line in enumerate(text.splitlines(), 1):
        body = line.strip()
        indent = line[:len(line) - len(line.lstrip())]
        if comment or body.startswith("/*"):
            comment = "*/" not in body
            found.append([number, indent, [body], "comment"])
            broken = False
            continue
        if macro or body.startswith("#"):
            if not macro:
                found.append([number, indent, [], "macro"])
            found[-1][2].append(body.rstrip("\\"))
            macro = body.endswith("\\")
            broken = False
            continue
        code = re.sub(r"\s*/\*.*?\*/$", "", body)
        new_function = (re.match(r"\w+\(", line) and broken and
                        len(found[-1][2]) == 1)
        if broken and not new_function and (
                depth > 0 or body not in ("", "{")):
            found[-1][2].append(body)
        else:
            found.append([number, indent, [body], "code"])
            depth = 0
        bare = re.sub(r"'(\\.|[^'])'|\"(\\.|[^\"])*\"", "", code)
        depth += bare.count("(") - bare.count(")")
        broken = depth > 0 or (bool(code) and not re.search(
            r"[;{}]$|^(case .*|default|\w+):$", code))
    return found


# A row of an initialiser or of an enumeration, or what is left of one.
ROW = re.compile(r"([.\[{\"(]|0x|\w+,|\w+ = |[A-Z]\w+\(|[A-Z0-9_]+( |$))")


def squeeze(text):
    """The statements without what is left to the writer."""
    lines = []
    for _, indent, parts, kind in statements(text):
        body = "\n".join(parts).replace(")\n(", ")(")
        body = re.sub(r"(^|[^)\w])\{\n", r"\1{", body)
        body = re.sub(r"([\[(!~])\n", r"\1", body)
        body = re.sub(r"([\w)\]])\n\.", r"\1.", body).replace("; ;", ";;")
        body = re.sub(r"\s+", " ", body).strip()
        body = re.sub(r"\( ", "(", re.sub(r" \)", ")", body))
        if "__asm__" in body or "_Generic" in body:
            body = re.sub(r"\s*(:+)\s*", r"\1", body)
            body = body.replace("::", ":").replace("::", ":")
        if kind == "macro":
            body = body.replace(" ", "")
        lines.append((indent if not ROW.match(body) else "") + body)
    return lines


def continuations(text):
    """Lines that continue a statement, and are indented otherwise."""
    wrong = []
    rows = text.splitlines()
    initialiser = False
    for number, indent, parts, kind in statements(text):
        first = rows[number - 1]
        if initialiser:
            initialiser = not any(p.startswith("}") for p in parts)
            continue
        initialiser = re.search(r"(= ?\{|\benum \w+ \{)$", parts[-1])
        if (kind != "code" or len(parts) == 1 or "__asm__" in first or
                any(p.endswith("{") for p in parts[:-1])):
            continue
        if ROW.match(first.strip()) and first.startswith((" ", "\t")):
            continue
        for offset in range(1, len(parts)):
            row = rows[number - 1 + offset]
            got = row[:len(row) - len(row.lstrip())]
            if got != indent + "    " and not row.lstrip().startswith('"'):
                wrong.append("%d: a continuation is indented by four columns" %
                             (number + offset))
    return wrong


def reformat(report, program, names):
    """Let one process lay out copies of all files; where they are."""
    top = os.path.join(abi.SCRATCH, program)
    for name in names:
        copy = os.path.join(top, name)
        os.makedirs(os.path.dirname(copy), exist_ok=True)
        shutil.copyfile(os.path.join(abi.ROOT, name), copy)
    result = abi.run([program, "-i", "--style=file:" + abi.ROOT +
                      "/.clang-format"] + names, cwd=top)
    report.ok(result.returncode == 0 and result.stdout == "", program,
              result.stdout)
    return top


def check_file(report, name, copies):
    path = os.path.join(abi.ROOT, name)
    with open(path, encoding="utf-8") as handle:
        text = handle.read()
    mine = squeeze(text)
    for program, top in copies.items():
        with open(os.path.join(top, name), encoding="utf-8") as handle:
            laid_out = handle.read()
        diff = []
        if laid_out != text:
            diff = list(difflib.unified_diff(mine, squeeze(laid_out), name,
                                             program, n=0, lineterm=""))
        report.ok(not diff, "%s: %s" % (program, name), "\n".join(diff),
                  "tests/abi/check_format.py " + name)
    wrong = continuations(text)
    for number, line in enumerate(text.splitlines(), 1):
        if len(line.expandtabs(8)) > 80:
            wrong.append("%d: more than 80 columns" % number)
        if line != line.rstrip():
            wrong.append("%d: blanks at the end of the line" % number)
        if re.match(r"\t* {8}", line):
            wrong.append("%d: spaces where a tab belongs" % number)
        if re.search(r"(^|[^:\"'*])//", line) and "://" not in line:
            wrong.append("%d: a // comment" % number)
    if not text.startswith("/* SPDX-License-Identifier: BSD-2-Clause */\n"):
        wrong.append("1: no SPDX line")
    if not text.endswith("\n") or text.endswith("\n\n"):
        wrong.append("the file does not end with one newline")
    report.ok(not wrong, name, "\n".join(wrong))


def main():
    report = abi.Report("abi/format")
    programs = formatters()
    names = [os.path.relpath(os.path.join(abi.ROOT, name), abi.ROOT)
             for name in sys.argv[1:]] or tracked()
    print("abi/format: %d files, %s" % (len(names), ", ".join(programs)))
    copies = {}
    abi.parallel(lambda p: copies.update({p: reformat(report, p, names)}),
                 programs)
    for name in names:
        check_file(report, name, copies)
    report.end()


if __name__ == "__main__":
    main()
