#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Compile the C blocks of the Markdown files.

	```c compile	compiles for all four targets; for some, if names of
			targets follow, and with the build options that follow
			(```c compile amd64 i386 QPMAP_SHOOTDOWN=1)
	```c link	compiles, and links with the library's sources and with
			examples/hosts/kernel.c, for all four targets, without
			table hooks (the README's example needs none)

sizes.c, the numbers of bytes in the papers, is compiled, too.

README.md has exactly one block to link, of at most 25 lines.
"""

import os
import re
import sys
import tempfile

import targets
from links import markdown

# The README's example hands over leaf entries.
LINK = ["-DQPMAP_TABLES=0", "-Wno-missing-prototypes"]
LINES = 25

# The builds whose numbers differ.
SIZES = (("amd64", "-DQPMAP_PAGE_SHIFT=12"), ("i386", "-DQPMAP_PAE=0"),
         ("i386", "-DQPMAP_PAE=1"), ("arm64", "-DQPMAP_PAGE_SHIFT=12"),
         ("arm64", "-DQPMAP_PAGE_SHIFT=14"),
         ("arm64", "-DQPMAP_PAGE_SHIFT=16"),
         ("riscv64", "-DQPMAP_PAGE_SHIFT=12"))


def split(words, where):
    """What follows the kind: build options, and targets (none: all)."""
    options = [f"-D{word}" for word in words.split() if "=" in word]
    wanted = [word for word in words.split() if "=" not in word]
    if not set(wanted) <= set(targets.TARGETS):
        sys.exit(f"{where}: a block for {wanted}: no such targets")
    return options, wanted or list(targets.TARGETS)


def main():
    count = {"compile": 0, "link": 0}
    linked = {}
    with tempfile.TemporaryDirectory() as work:
        for target, option in SIZES:
            targets.compile_c(target, "tests/docs/sizes.c",
                              os.path.join(work, "sizes.o"),
                              ["-DQPMAP_SHOOTDOWN=1", option])
        for path in markdown():
            with open(path, encoding="utf-8") as file:
                text = file.read()
            where = os.path.relpath(path, targets.ROOT)
            for kind, words, body in re.findall(
                    r"^```c (compile|link)\b(.*?)\n(.*?)^```", text,
                    re.S | re.M):
                count[kind] += 1
                options, wanted = split(words, where)
                stem = re.sub(r"\W", "-", where) + f"-{sum(count.values())}"
                source = os.path.join(work, stem + ".c")
                line = text[:text.index(body)].count("\n") + 1
                with open(source, "w", encoding="utf-8") as file:
                    file.write(f'#line {line} "{where}"\n{body}')
                output = os.path.join(work, stem)
                if kind == "link":
                    linked[where] = body.count("\n")
                    for target in targets.TARGETS:
                        targets.link(target,
                                     [source, "examples/hosts/kernel.c"],
                                     f"{output}-{target}", LINK)
                else:
                    for target in wanted:
                        targets.compile_c(target, source, output + ".o",
                                          ["-Wno-missing-prototypes",
                                           "-Wno-unused-const-variable"] +
                                          options)
    if linked.get("README.md", LINES + 1) > LINES or count["link"] != 1:
        sys.exit("README.md must have one block to link, of at most "
                 f"{LINES} lines, and no other file: {linked}")
    print(f"{count['compile']} blocks compiled, {count['link']} linked")


if __name__ == "__main__":
    main()
