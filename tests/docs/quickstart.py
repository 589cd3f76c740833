#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Build a kernel from the quick start in README.md, for all four targets.

The section's makefile lines go into a makefile, its C block into a source
file, and the library into a directory beside them, as the section says.
examples/hosts/kernel.h and kernel.c stand for the kernel.  make must build an
image without an undefined symbol, with the library's default options.

README.md's first table of names has those of the C block, and no others.
"""

import os
import re
import shutil
import sys
import tempfile

import targets

LINES = 5		# of the makefile
HOOKS = {"cpu", "pin", "unpin", "panic"}
KERNEL = ("examples/hosts/kernel.h", "examples/hosts/kernel.c")

MAKEFILE = """\
# The kernel's own makefile: flags, objects, and how the image is linked.
CFLAGS = %s
OBJS = quickstart.o kernel.o

kernel: objects
	$(LD) -e mk_main -o $@ $(OBJS)

# The lines of README.md.
%s
.PHONY: objects
objects: $(OBJS)
"""


def check_names(readme, code):
    """The names that a first port needs are those that the block uses."""
    section = readme.partition("\n## Which names you need\n")[2]
    table = re.search(r"(?:^\|.*\n)+", section, re.M)
    name = r"\b(?:qpmap_|QPMAP_)\w+"
    listed = set(re.findall(name, table[0] if table else ""))
    used = set(re.findall(name, re.sub(r"^#.*", "", code, flags=re.M)))
    if listed != used:
        sys.exit("README.md: the first table of '## Which names you need' has "
                 f"{sorted(listed - used)} too many, and lacks "
                 f"{sorted(used - listed)}")


def blocks(readme):
    """The makefile's lines and the C block of the section."""
    section = re.search(r"^## Quick start\n(.*?)^## ", readme, re.S | re.M)
    found = {}
    for language, body in re.findall(r"^```(\w+)\n(.*?)^```",
                                     section[1] if section else "",
                                     re.S | re.M):
        found.setdefault(language, body)
    if not {"make", "c"} <= set(found):
        sys.exit("README.md: '## Quick start' must have a ```make and a ```c "
                 "block")
    if found["make"].count("\n") != LINES:
        sys.exit(f"README.md: the quick start's makefile must have {LINES} "
                 "lines")
    hooks = set(re.findall(r"^qpmap_host_(\w+)\(", found["c"], re.M))
    if hooks != HOOKS:
        sys.exit("README.md: the quick start must define the hooks "
                 f"{sorted(HOOKS)}, and has {sorted(hooks)}")
    return found["make"], found["c"]


def build(target, lines, code, work):
    """A kernel's directory with the library in it, and make."""
    for name in ("src", "include"):
        shutil.copytree(os.path.join(targets.ROOT, name),
                        os.path.join(work, "qpmap", name))
    for name in KERNEL:
        shutil.copy(os.path.join(targets.ROOT, name), work)
    with open(os.path.join(work, "quickstart.c"), "w",
              encoding="utf-8") as file:
        file.write(code)
    flags = targets.TARGETS[target].split() + targets.COMMON
    with open(os.path.join(work, "Makefile"), "w", encoding="utf-8") as file:
        file.write(MAKEFILE % (" ".join(flags + ["-Wno-missing-prototypes"]),
                               lines))
    targets.run(["make", "-s", "-C", work, f"QPMAP_ARCH={target}",
                 f"CC={targets.tool('clang')}", f"LD={targets.tool('ld.lld')}",
                 "kernel"])


def main():
    with open(os.path.join(targets.ROOT, "README.md"),
              encoding="utf-8") as file:
        readme = file.read()
    lines, code = blocks(readme)
    check_names(readme, code)
    for target in targets.TARGETS:
        with tempfile.TemporaryDirectory() as work:
            build(target, lines, code, work)
    print(f"quick start built for {', '.join(targets.TARGETS)}")


if __name__ == "__main__":
    main()
