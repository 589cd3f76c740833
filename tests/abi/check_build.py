#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The objects that the project's own build files make, with the compilers'
defaults otherwise: no floating-point or vector register is in them.

A kernel runs with CR4.OSFXSR clear, CPACR_EL1.FPEN 0 or sstatus.FS off, and
compilers put such registers into plain copies of structures.  So the flag that
forbids it is the build files' to give, not the reader's to remember:

	make	the makefile of docs/porting-kernel.md, as it stands there, with
		src/sources.mk, and with CFLAGS of -O2 or -O3 and nothing else
	cmake	add_subdirectory() of the tree in a project that sets no flags

usage: check_build.py
"""

import glob
import os
import re
import shutil
import subprocess
import tempfile

import abi
from check_code import FP

# The processor's name, as CMake has it.
PROCESSOR = {"amd64": "x86_64", "i386": "i686", "arm64": "aarch64",
             "riscv64": "riscv64"}

PROJECT = """
cmake_minimum_required(VERSION 3.24)
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR %s)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
project(kernel LANGUAGES C)
add_subdirectory(qpmap)
"""


def recipe(arch):
    """The makefile of the document, for this architecture."""
    with open(os.path.join(abi.ROOT, "docs/porting-kernel.md"),
              encoding="utf-8") as file:
        blocks = re.findall(r"^```make\n(.*?)^```", file.read(),
                            re.S | re.M)
    (block,) = [b for b in blocks if "sources.mk" in b]
    text, count = re.subn(r"^QPMAP_ARCH = \w+$", "QPMAP_ARCH = " + arch,
                          block, flags=re.M)
    return text + "\nall: $(OBJS)\n" if count == 1 else ""


def uses(arch, objects):
    """Instructions that name what they should not."""
    found = []
    for obj, functions in abi.disassemble(objects).items():
        for name, body in functions.items():
            found += ["%s: %s: %s" % (os.path.basename(obj), name, ins)
                      for ins in body if
                      re.search(FP[arch], re.sub(r"<.*", "", ins.text))]
    return found


def tree(directory):
    """A copy of what a kernel would have of this project."""
    top = os.path.join(directory, "qpmap")
    for name in ("include", "src", "cmake"):
        shutil.copytree(os.path.join(abi.ROOT, name),
                        os.path.join(top, name))
    shutil.copy(os.path.join(abi.ROOT, "CMakeLists.txt"), top)


def judge(report, what, arch, result, directory):
    objects = sorted(glob.glob(directory + "/**/*.o", recursive=True) +
                     glob.glob(directory + "/**/*.obj", recursive=True))
    objects = [o for o in objects if "CompilerId" not in o]
    if not report.ok(result.returncode == 0 and len(objects) > 9, what,
                     result.stdout[-3000:]):
        return
    found = uses(arch, objects)
    report.ok(not found, what + ": floating-point or vector registers",
              "\n".join(found))


def make(report, arch, compiler, level, option):
    what = "make: %s: %s %s %s" % (arch, " ".join(compiler), level, option)
    with tempfile.TemporaryDirectory(prefix="qpmap-abi-build-") as work:
        tree(work)
        with open(os.path.join(work, "Makefile"), "w",
                  encoding="utf-8") as out:
            out.write("CC = %s\nCFLAGS = %s -ffreestanding %s\n" %
                      (" ".join(compiler), level, option) + recipe(arch))
        result = abi.run(["make", "all"], cwd=work)
        judge(report, what, arch, result, work)


def cmake(report, arch, compiler):
    what = "cmake: %s: %s" % (arch, " ".join(compiler))
    environment = {**os.environ, "CC": " ".join(compiler)}
    environment.pop("CFLAGS", None)
    with tempfile.TemporaryDirectory(prefix="qpmap-abi-build-") as work:
        tree(work)
        with open(os.path.join(work, "CMakeLists.txt"), "w",
                  encoding="utf-8") as out:
            out.write(PROJECT % PROCESSOR[arch])
        script = ("cmake -S . -B out -G Ninja -DCMAKE_BUILD_TYPE=Release "
                  "-DQPMAP_SHOOTDOWN=1 -DQPMAP_TABLES=1 "
                  "-DQPMAP_RANGE_PAGES=512 -DQPMAP_LARGE_SLOTS=4 "
                  "-DQPMAP_TRY=1 -DQPMAP_SWITCH=1 "
                  "&& cmake --build out")
        result = subprocess.run(script, shell=True, cwd=work,
                                env=environment, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True,
                                check=False)
        judge(report, what, arch, result, work)


def run(report, job):
    job[0](report, *job[1:])


def main():
    report = abi.Report("abi/build")
    jobs = []
    for arch in abi.backends():
        for compiler in [abi.hosted_clang(arch)] + abi.gccs(arch)[:1]:
            jobs.append((make, arch, compiler, "-O2", ""))
            jobs.append((make, arch, compiler, "-O3",
                         abi.SHOOTDOWN + " " + abi.TABLES))
            jobs.append((cmake, arch, compiler))
    abi.parallel(lambda job: run(report, job), jobs)
    report.end()


if __name__ == "__main__":
    main()
