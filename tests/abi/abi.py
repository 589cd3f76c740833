# SPDX-License-Identifier: BSD-2-Clause
"""What the checks of compiled code share: targets, compilers, objects.

A check compiles the library's sources as a kernel's makefile would, by
listing them, and looks at the objects.  Every backend under src/arch that has
a probe.c takes part.  A failure prints the configuration and the command
that repeats it.
"""

import concurrent.futures
import glob
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))

# Sources that a check makes up; removed at the end.
_SCRATCH = tempfile.TemporaryDirectory(prefix="qpmap-abi-src-")
SCRATCH = _SCRATCH.name

WARNINGS = ("-Wall -Wextra -Wpedantic -Wshadow -Wconversion "
            "-Wmissing-prototypes -Wundef -Werror").split()

# What keeps a compiler off the floating-point and vector registers.
NO_FP = {
    "amd64": "-mno-mmx -mno-sse -mno-80387",
    "i386": "-mno-mmx -mno-sse -mno-80387",
    "arm64": "-mgeneral-regs-only",
    "riscv64": "-march=rv64imac -mabi=lp64",
}

TRIPLE = {
    "amd64": "x86_64-unknown-none-elf",
    "i386": "i386-unknown-none-elf",
    "arm64": "aarch64-unknown-none-elf",
    "riscv64": "riscv64-unknown-none-elf",
}

# The first that is installed is taken; all of a tuple's alternatives are run.
GCC = {
    "amd64": [["x86_64-linux-gnu-gcc", "gcc"]],
    "i386": [["i686-linux-gnu-gcc"], ["gcc -m32"]],
    "arm64": [["aarch64-linux-gnu-gcc"]],
    "riscv64": [["riscv64-linux-gnu-gcc"]],
}

# Name, backend, build options.
TARGETS = [
    ("amd64", "amd64", ""),
    ("i386", "i386", ""),
    ("i386-pae", "i386", "-DQPMAP_PAE=1"),
    ("arm64", "arm64", ""),
    ("arm64-16k", "arm64", "-DQPMAP_PAGE_SHIFT=14"),
    ("arm64-64k", "arm64", "-DQPMAP_PAGE_SHIFT=16"),
    ("arm64-lpa2", "arm64", "-DQPMAP_LPA2=1"),
    ("arm64-16k-lpa2", "arm64", "-DQPMAP_PAGE_SHIFT=14 -DQPMAP_LPA2=1"),
    ("riscv64", "riscv64", ""),
]

HOOKS = {"qpmap_host_pin", "qpmap_host_cpu", "qpmap_host_unpin"}
# The option that adds shootdown and shared mappings.
SHOOTDOWN = "-DQPMAP_SHOOTDOWN=1"
# And with it, the deferred discipline.
RING = "-DQPMAP_RING=16"

TABLE_HOOKS = {"qpmap_host_table_alloc", "qpmap_host_table_free",
               "qpmap_host_table_address", "qpmap_host_leaf_address"}


class Target:
    def __init__(self, name, arch, options):
        self.name = name
        self.arch = arch
        self.options = options.split()
        self.bits = 32 if arch == "i386" else 64

    def sources(self):
        """The files of src/sources.mk, which must be all there are."""
        with open(os.path.join(ROOT, "src/sources.mk"),
                  encoding="utf-8") as handle:
            text = handle.read().replace("$(QPMAP_ARCH)", self.arch)
        listed = [os.path.join(ROOT, "src", name)
                  for name in re.findall(r"[\w/]+\.c\b", text)]
        there = glob.glob(os.path.join(ROOT, "src/core/*.c"))
        there += glob.glob(os.path.join(ROOT, "src/arch", self.arch, "*.c"))
        if sorted(listed) != sorted(there):
            sys.exit("abi: src/sources.mk is not the list of the sources: %s" %
                     " ".join(sorted(set(listed) ^ set(there))))
        return listed

    def no_fp(self):
        return NO_FP[self.arch].split()


def backends():
    found = sorted(os.path.basename(os.path.dirname(p)) for p in
                   glob.glob(os.path.join(ROOT, "src/arch/*/probe.c")))
    unknown = [arch for arch in found if arch not in TRIPLE]
    if unknown or not found:
        sys.exit("abi: tests/abi/abi.py knows no target for these backends: "
                 "%s" % (" ".join(unknown) or "(there are none)"))
    return found


def targets():
    have = backends()
    return [Target(*t) for t in TARGETS if t[1] in have]


def need(*names):
    for name in names:
        if shutil.which(name.split()[0]):
            return name
    sys.exit("abi: %s is not installed; run tools/setup" % " or ".join(names))


def clang(arch, program="clang"):
    return [need(program), "--target=" + TRIPLE[arch]]


def hosted_clang(arch):
    """A clang for a system, whose defaults are not a kernel's."""
    return [c.replace("unknown-none-elf", "linux-gnu") for c in clang(arch)]


def newest_clang():
    """A clang besides the default one, or None."""
    for version in range(30, 13, -1):
        name = "clang-%d" % version
        if shutil.which(name):
            first = os.path.realpath(shutil.which(name))
            other = os.path.realpath(need("clang"))
            return None if first == other else name
    return None


def gccs(arch):
    return [need(*names).split() for names in GCC[arch]]


def compilers(arch):
    return [clang(arch)] + gccs(arch)


def is_clang(compiler):
    return os.path.basename(compiler[0]).startswith("clang")


# ---- Running things.

class Report:
    """Counts checks and failures; says how to repeat a failure."""

    def __init__(self, title):
        self.title = title
        self.checked = 0
        self.failed = 0

    def ok(self, condition, what, detail="", repeat=None):
        self.checked += 1
        if condition:
            return True
        self.failed += 1
        print("FAIL %s: %s" % (self.title, what))
        for line in str(detail).rstrip().splitlines()[:40]:
            print("     | " + line[:300])
        if repeat:
            print("     repeat: " + repeat)
        sys.stdout.flush()
        return False

    def end(self):
        print("%s: %d checks, %d failed" %
              (self.title, self.checked, self.failed))
        sys.exit(1 if self.failed or not self.checked else 0)


def run(command, **kw):
    return subprocess.run(command, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, **kw)


def shown(command):
    return "cd $(mktemp -d) && " + " ".join(shlex.quote(c) for c in command)


class Build:
    """Objects in a directory of their own, and the command that made them."""

    def __init__(self, compiler, flags, sources):
        self.directory = tempfile.mkdtemp(prefix="qpmap-abi-")
        self.command = (list(compiler) + ["-std=c11"] + list(flags) +
                        WARNINGS + ["-I" + os.path.join(ROOT, "include"),
                                    "-c"] + list(sources))
        result = run(self.command, cwd=self.directory)
        self.output = result.stdout
        self.good = result.returncode == 0
        self.repeat = shown(self.command)
        self.code = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.directory)

    def objects(self):
        return sorted(glob.glob(os.path.join(self.directory, "*.o")))

    def symbols(self):
        """(object, letter of nm, name, size) of every symbol."""
        result = run([need("llvm-nm"), "-A", "-P", "--radix=d"] +
                     [os.path.basename(o) for o in self.objects()],
                     cwd=self.directory)
        found = []
        for line in result.stdout.splitlines():
            match = re.match(r"(\S+?\.o): (\S+) (\w)(?: (\d+) (\d+))?", line)
            if match:
                size = int(match.group(5) or 0)
                found.append((match.group(1), match.group(3), match.group(2),
                              size))
        return found

    def imports(self):
        symbols = self.symbols()
        defined = {s[2] for s in symbols if s[1] not in "Uwv"}
        return {s[2] for s in symbols if s[1] in "Uwv"} - defined

    def by_whom(self, names):
        """Lines that say which objects import the names."""
        return "".join(sorted(
            "not allowed: %s, imported by %s\n" % (s[2], s[0])
            for s in self.symbols() if s[1] in "Uwv" and s[2] in names))

    def sections(self):
        """Allocated sections' sizes, summed over all objects."""
        sizes = {}
        result = run([need("llvm-readelf"), "-S", "-W"] + self.objects())
        for line in result.stdout.splitlines():
            match = re.match(r"\s*\[ *\d+\] (\S+)\s+(\S+)\s+[0-9a-f]+ "
                             r"[0-9a-f]+ ([0-9a-f]+) [0-9a-f]+ +([A-Za-z]*)",
                             line)
            if match and "A" in match.group(4):
                size = int(match.group(3), 16)
                key = (match.group(1), match.group(4))
                sizes[key] = sizes.get(key, 0) + size
        return sizes

    def disassembly(self):
        """{object: {function: [Instruction]}}, worked out once."""
        if self.code is None:
            self.code = {obj: disassemble(obj) for obj in self.objects()}
        return self.code

    def relocations(self):
        result = run([need("llvm-objdump"), "-r"] + self.objects())
        return re.findall(r"\bR_\w+", result.stdout)


def parallel(function, items):
    """Run function on every item, one per CPU at a time."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for future in [pool.submit(function, item) for item in items]:
            future.result()


# ---- Disassembly.

class Instruction:
    def __init__(self, address, text):
        self.address = address
        self.text = text
        parts = text.split(None, 1)
        self.name = parts[0]
        self.operands = parts[1] if len(parts) > 1 else ""
        self.symbol = None      # what a relocation in it names
        self.target = None      # where a branch within the function goes

    def __str__(self):
        name = "  ; " + self.symbol if self.symbol else ""
        return "%5x  %s%s" % (self.address, self.text, name)


def branch_target(text):
    match = re.search(r"(?:^|[ ,])(?:0x)?([0-9a-f]+) <", text)
    return int(match.group(1), 16) if match else None


def disassemble(obj):
    """{function: [Instruction]} of one object.

    Every instruction of the architecture is known to the disassembler,
    floating point included, so that what should not be there has a name.
    """
    attributes = OBJDUMP_ATTR.get(machine(obj))
    result = run([need("llvm-objdump"), "-dr", "--no-show-raw-insn"] +
                 (["--mattr=" + attributes] if attributes else []) + [obj])
    functions, labels = {}, {}
    body = None
    for line in result.stdout.splitlines():
        match = re.match(r"([0-9a-f]+) <(.+)>:$", line)
        if match and match.group(2).startswith(".L"):
            # RISC-V's assembler keeps labels, and relocates branches to them.
            labels[match.group(2)] = int(match.group(1), 16)
            continue
        if match:
            body = functions.setdefault(match.group(2), [])
            continue
        match = re.match(r"\s+[0-9a-f]+:\s+(R_\w+)\s+(\S+)$", line)
        if match and body:
            if match.group(1) != "R_RISCV_RELAX":
                body[-1].symbol = re.sub(r"[-+]0x[0-9a-f]+$", "",
                                         match.group(2))
            continue
        match = re.match(r"\s+([0-9a-f]+):\s+(\S.*)$", line)
        if match and body is not None:
            text = re.sub(r"\s+# .*$", "", match.group(2))
            body.append(Instruction(int(match.group(1), 16),
                                    " ".join(text.split())))
    for body in functions.values():
        for ins in body:
            ins.target = branch_target(ins.text)
            if ins.symbol in labels:
                ins.target = labels[ins.symbol]
                ins.symbol = None
    return functions


def machine(obj):
    with open(obj, "rb") as handle:
        header = handle.read(20)
    return {62: "amd64", 3: "i386", 183: "arm64", 243: "riscv64"}[
        int.from_bytes(header[18:20], "little")]


OBJDUMP_ATTR = {"riscv64": "+m,+a,+f,+d,+c", "arm64": "+v8.5a"}
