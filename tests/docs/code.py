#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Compile the C blocks of the Markdown files.

	```c compile	compiles for all four targets; for some, if names of
			targets follow, and with the build options that follow
			(```c compile amd64 i386 QPMAP_SHOOTDOWN=1)

sizes.c, the numbers of bytes in the documents, is compiled, too.  README.md's
quick start is built by quickstart.py.
"""

import os
import re
import sys
import tempfile

import targets
from links import markdown

# The builds whose numbers differ.
SIZES = (("amd64", "-DQPMAP_PAGE_SHIFT=12"), ("i386", "-DQPMAP_PAE=0"),
         ("i386", "-DQPMAP_PAE=1"), ("arm64", "-DQPMAP_PAGE_SHIFT=12"),
         ("arm64", "-DQPMAP_PAGE_SHIFT=14"),
         ("arm64", "-DQPMAP_PAGE_SHIFT=16"),
         ("riscv64", "-DQPMAP_PAGE_SHIFT=12"))


def split(words, where):
    """What follows "compile": build options, and targets (none: all)."""
    options = [f"-D{word}" for word in words.split() if "=" in word]
    wanted = [word for word in words.split() if "=" not in word]
    if not set(wanted) <= set(targets.TARGETS):
        sys.exit(f"{where}: a block for {wanted}: no such targets")
    return options, wanted or list(targets.TARGETS)


def main():
    count = 0
    with tempfile.TemporaryDirectory() as work:
        output = os.path.join(work, "block.o")
        for target, option in SIZES:
            targets.compile_c(target, "tests/docs/sizes.c", output,
                              ["-DQPMAP_SHOOTDOWN=1", option])
        for path in markdown():
            with open(path, encoding="utf-8") as file:
                text = file.read()
            where = os.path.relpath(path, targets.ROOT)
            for words, body in re.findall(
                    r"^```c compile\b(.*?)\n(.*?)^```", text, re.S | re.M):
                count += 1
                options, wanted = split(words, where)
                stem = re.sub(r"\W", "-", where) + f"-{count}"
                source = os.path.join(work, stem + ".c")
                line = text[:text.index(body)].count("\n") + 1
                with open(source, "w", encoding="utf-8") as file:
                    file.write(f'#line {line} "{where}"\n{body}')
                for target in wanted:
                    targets.compile_c(target, source, output,
                                      ["-Wno-missing-prototypes",
                                       "-Wno-unused-const-variable"] +
                                      options)
    if count == 0:
        sys.exit("no Markdown file has a block to compile: is this the tree?")
    print(f"{count} blocks compiled")


if __name__ == "__main__":
    main()
