#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Every file of src/ and include/ compiles by itself, headers too, without a
warning, with the flags that .clangd gives it: so an editor that asks clangd
shows what is wrong with a change, and nothing else.  Where clangd is installed
it is asked, too, and must use the flags that were read here.

usage: check_standalone.py [FILE...]
"""

import glob
import os
import re
import shutil
import sys

import abi

CONFIG = os.path.join(abi.ROOT, ".clangd")

# The part of YAML, and of clangd's settings, that .clangd keeps to.
LINE = re.compile(r"(?:(If|CompileFlags|Diagnostics):|"
                  r"  (PathMatch|PathExclude): (\S+)|"
                  r"  (CompilationDatabase|UnusedIncludes): None|"
                  r"  (Add): \[([^][]*)\])$")


def fragments():
    """(match, exclude or None, flags) of each part of .clangd."""
    with open(CONFIG, encoding="utf-8") as handle:
        text = handle.read()
    # A list may go on in the next line.
    text = re.sub(r",\n +", ", ", text)
    found = []
    for part in re.split(r"^---$", text, flags=re.M):
        match = exclude = None
        flags = []
        for line in part.splitlines():
            if not line or line.startswith("#"):
                continue
            words = LINE.match(line)
            if not words:
                sys.exit("abi/standalone: .clangd: cannot read this line; "
                         "keep to the form of the others:\n" + line)
            if words[2] == "PathMatch":
                match = words[3]
            elif words[2] == "PathExclude":
                exclude = words[3]
            elif words[5]:
                flags = re.split(r", *", words[6])
        if match is None:
            sys.exit("abi/standalone: .clangd: a part without PathMatch; add "
                     "one, or clangd uses it for the tests, too:\n" + part)
        found.append((match, exclude, flags))
    return found


def flags_of(path, parts):
    """What clangd adds to the command for a path from the root."""
    flags = []
    for match, exclude, more in parts:
        if re.fullmatch(match, path) and not (
                exclude and re.fullmatch(exclude, path)):
            flags += more
    return flags


def check(report, path, flags, clangd):
    name = os.path.relpath(path, abi.ROOT)
    where = os.path.dirname(path)
    command = ([abi.need("clang")] + flags +
               ["-fsyntax-only", "-Werror", os.path.basename(path)])
    result = abi.run(command, cwd=where)
    report.ok(any(f.startswith("--target=") for f in flags),
              name + ": .clangd names no target for it", " ".join(flags))
    report.ok(result.returncode == 0 and not result.stdout,
              name + " by itself", result.stdout,
              "cd %s && %s" % (where, " ".join(command)))
    if clangd is None:
        return
    # All of the file is compiled; completion and such are tried in one line.
    command = [clangd, "--check=" + path, "--check-lines=1-1"]
    result = abi.run(command, cwd=where)
    report.ok(result.returncode == 0 and
              "All checks completed, 0 errors" in result.stdout and
              " ".join(flags) in result.stdout,
              "%s: clangd has errors, or other flags than %s" %
              (name, " ".join(flags)), result.stdout, " ".join(command))


def main():
    report = abi.Report("abi/standalone")
    parts = fragments()
    clangd = shutil.which("clangd")
    paths = [os.path.abspath(a) for a in abi.ARGUMENTS] or sorted(
        p for top in ("src", "include") for end in "ch" for p in glob.glob(
            os.path.join(abi.ROOT, top, "**/*." + end), recursive=True))
    print("abi/standalone: %d files, with %s" %
          (len(paths), "clang and clangd" if clangd else
           "clang; clangd is not installed"))
    abi.parallel(lambda p: check(report, p, flags_of(
        os.path.relpath(p, abi.ROOT), parts), clangd), paths)
    report.end()


if __name__ == "__main__":
    main()
