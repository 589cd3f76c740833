# SPDX-License-Identifier: BSD-2-Clause
"""The four freestanding targets, and how to compile and link for them."""

import os
import re
import shutil
import subprocess
import sys

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))

COMMON = ("-std=c11 -O2 -ffreestanding -nostdinc -fno-pic "
          "-fomit-frame-pointer -Wall -Wextra -Wpedantic -Wshadow "
          "-Wconversion -Wmissing-prototypes -Wundef -Werror").split()

TARGETS = {
    "amd64": "--target=x86_64-unknown-none-elf -mno-red-zone "
             "-mcmodel=kernel -mno-sse -mno-mmx",
    "i386": "--target=i386-unknown-none-elf -mno-sse -mno-mmx",
    "arm64": "--target=aarch64-unknown-none-elf -mgeneral-regs-only",
    "riscv64": "--target=riscv64-unknown-none-elf -march=rv64imac "
               "-mabi=lp64 -mcmodel=medany",
}


def tool(name):
    """A tool's path, also under Debian's name with a version."""
    for candidate in [name] + [f"{name}-{n}" for n in range(25, 13, -1)]:
        path = shutil.which(candidate)
        if path:
            return path
    sys.exit(f"{name} is not installed: run tools/setup")


def run(command):
    """Run a command; stop with its output, and how to repeat it."""
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        print(done.stdout)
        sys.exit("failed: " + " ".join(command))


def compile_c(target, source, output, extra=()):
    run([tool("clang")] + TARGETS[target].split() + COMMON +
        ["-I", "include", "-I", "examples/hosts"] + list(extra) +
        ["-c", source, "-o", output])


def sources(target):
    """The library's sources for one target: src/sources.mk lists them."""
    with open(os.path.join(ROOT, "src/sources.mk"), encoding="utf-8") as file:
        text = file.read().replace("$(QPMAP_ARCH)", target)
    return ["src/" + name for name in re.findall(r"\w+/[\w/]+\.c\b", text)]


def link(target, files, output, extra=()):
    """Compile the files and the library, and link them into one image."""
    objects = []
    for source in list(files) + sources(target):
        name = f"{output}-{len(objects)}.o"
        compile_c(target, source, name, extra)
        objects.append(name)
    run([tool("ld.lld"), "-e", "mk_main", "-o", output] + objects)
