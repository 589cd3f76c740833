# SPDX-License-Identifier: BSD-2-Clause
"""What the checks of compiled code share: targets, compilers, objects.

A check compiles the library's sources as a kernel's makefile would, by
listing them, and looks at the objects.  Every backend under src/arch that has
a probe.c takes part.  A failure prints the configuration and the command
that repeats it.

Half of a short compilation by clang is the start of a process, one a source
file.  So one process compiles all of them, with the very arguments that the
driver gives to each: the objects are the same byte for byte but for names of
files in what a sanitizer is told, and whatever that process says, the driver
decides.  With --all the driver does it all.
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

# What tools/check leaves out, and tools/check --slow does: more
# configurations, and a process of its own for each source.
ALL = "--all" in sys.argv[1:]
ARGUMENTS = [a for a in sys.argv[1:] if a != "--all"]

WARNINGS = ("-Wall -Wextra -Wpedantic -Wshadow -Wconversion "
            "-Wmissing-prototypes -Wundef -Wcast-qual -Werror").split()

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
# The option that adds shootdown and global mappings.
SHOOTDOWN = "-DQPMAP_SHOOTDOWN=1"
# The option that adds ranges.
RANGES = "-DQPMAP_RANGE_PAGES=64"
# The option that adds large pages.
LARGE = "-DQPMAP_LARGE_SLOTS=4"
# The option that adds copies that survive a fault.
TRY = "-DQPMAP_TRY=1"
# The option that adds context switches, and what other options then import.
SWITCH = "-DQPMAP_SWITCH=1"
PREEMPT_HOOKS = {"qpmap_host_preempt_disable", "qpmap_host_preempt_enable"}
# The inline form of enter and remove, and a direct map it has as constants.
INLINE = ["-DQPMAP_INLINE=1"]
BUILT = ["-DQPMAP_DIRECT_PA=0x10000000", "-DQPMAP_DIRECT_VA=0xc0000000",
         "-DQPMAP_DIRECT_SIZE=0x1000000"]
# The option that adds the builder of page tables, and what it imports.
TABLES = "-DQPMAP_TABLES=1"

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
                  for name in re.findall(r"\w+/[\w/]+\.c\b", text)]
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


def different_compilers(arch):
    """Without --all, one gcc: i386's two differ in what they are tuned for."""
    return compilers(arch) if ALL else compilers(arch)[:2]


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
        if os.environ.get("QPMAP_FIRST_FAILURE"):
            self.end()
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


def behind(driver, source):
    """The words of the command that clang's driver would run for a source,
    without names of files; None if it has something to say first.
    """
    result = run(list(driver) + ["-###", source])
    lines = [line for line in result.stdout.splitlines() if '"-cc1"' in line]
    if (result.returncode or len(lines) != 1 or
            re.search(r"\b(warning|error):", result.stdout)):
        return None
    words = shlex.split(lines[0])
    if words.pop() != source:
        return None
    for option in "-main-file-name", "-o":
        if option in words:
            at = words.index(option)
            del words[at:at + 2]
    return words


def command_of(compiler, flags, sources):
    return (list(compiler) + ["-std=c11"] + list(flags) + WARNINGS +
            ["-I" + os.path.join(ROOT, "include"), "-c"] + list(sources))


class Build:
    """Objects in a directory of their own, and the command that made them."""

    def __init__(self, compiler, flags, sources):
        self.directory = tempfile.mkdtemp(prefix="qpmap-abi-")
        self.command = command_of(compiler, flags, sources)
        driver = command_of(compiler, flags, [])
        self.repeat = shown(self.command)
        self.output = ""
        self.good = (not ALL and len(sources) > 1 and is_clang(compiler) and
                     self.at_once(driver, sources))
        if not self.good:
            result = run(self.command, cwd=self.directory)
            self.output = result.stdout
            self.good = result.returncode == 0
        self.elf = None
        self.code = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.directory)

    def at_once(self, driver, sources):
        """Let one process compile all sources; whether it did, silently.

        It leaves each object beside the source: these are copies.
        """
        words = behind(driver, sources[0])
        if words is None:
            return False
        top = os.path.join(ROOT, "src")
        copy = os.path.join(self.directory, "src")
        shutil.copytree(top, copy)
        copies = []
        for source in sources:
            copies.append(os.path.join(copy, os.path.relpath(source, top)))
            if source.startswith(SCRATCH):
                copies[-1] = shutil.copy(source, self.directory)
        if "-stack-usage-file" in words:
            # To the output, of all sources: each would begin the file anew.
            words[words.index("-stack-usage-file") + 1] = "-"
        result = subprocess.run(words + copies, cwd=self.directory,
                                stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)
        made = [c[:-2] + ".o" for c in copies]
        if (result.returncode or result.stderr or
                not all(os.path.exists(m) for m in made)):
            return False
        for path in made:
            os.rename(path, os.path.join(self.directory,
                                         os.path.basename(path)))
        with open(os.path.join(self.directory, "all.su"), "w",
                  encoding="utf-8") as out:
            out.write(result.stdout)
        return True

    def objects(self):
        return sorted(glob.glob(os.path.join(self.directory, "*.o")))

    def read(self):
        """What readelf says of the objects, worked out once."""
        if self.elf is None:
            self.elf = Elf(self.directory, self.objects())
        return self.elf

    def symbols(self):
        """(object, letter of nm, name, size) of every symbol."""
        return self.read().symbols

    def imports(self):
        symbols = self.symbols()
        defined = {s[2] for s in symbols if s[1] not in "Uwv"}
        return {s[2] for s in symbols if s[1] in "Uwv"} - defined

    def by_whom(self, names):
        """Lines that say which objects import the names."""
        return "".join(sorted(
            "not allowed: %s, imported by %s\n" % (s[2], s[0])
            for s in self.symbols() if s[1] in "Uwv" and s[2] in names))

    def sections(self, objects=None):
        """Allocated sections' sizes, summed over all or these objects."""
        sizes = {}
        for obj, name, flags, size in self.read().sections:
            if "A" in flags and (objects is None or obj in objects):
                sizes[(name, flags)] = sizes.get((name, flags), 0) + size
        return sizes

    def disassembly(self):
        """{object: {function: [Instruction]}}, worked out once."""
        if self.code is None:
            self.code = disassemble(self.objects())
        return self.code

    def functions(self, obj=None):
        """{function: [Instruction]} of an object, or of the one there is."""
        code = self.disassembly()
        if obj is None:
            (found,) = code.values()
            return found
        return code[os.path.join(self.directory, obj)]

    def relocations(self):
        """(object, section, type, name or None) of every relocation."""
        return self.read().relocations


class Elf:
    """Sections, symbols and relocations of objects.

    GNU's readelf reads every machine's, and starts ten times faster than
    LLVM's tools.
    """

    SECTION = re.compile(r"\s*\[ *(\d+)\] (\S+)\s+(\S+)\s+[0-9a-f]+ "
                         r"[0-9a-f]+ ([0-9a-f]+) [0-9a-f]+ +([A-Za-z]*)")
    SYMBOL = re.compile(r"\s*\d+: [0-9a-f]+\s+(\w+) (\w+)\s+(\w+)\s+\w+\s+"
                        r"(?:\[.*\]\s+)?(\w+) (\S+)$")
    RELOCATION = re.compile(r"[0-9a-f]+\s+[0-9a-f]+\s+(R_\w+)"
                            r"(?:\s+[0-9a-f]+\s+([^\s0-9]\S*))?")

    def __init__(self, directory, objects):
        self.sections, self.symbols, self.relocations = [], [], []
        names = [os.path.basename(o) for o in objects]
        result = run([need("readelf"), "-W", "-S", "-s", "-r"] + names,
                     cwd=directory, env={**os.environ, "LC_ALL": "C"})
        if result.returncode or not names:
            sys.exit("abi: readelf: " + result.stdout)
        obj, table, where = names[0], {}, None
        for line in result.stdout.splitlines():
            if line.startswith("File: "):
                obj, table = line[6:], {}
            elif line.startswith("Relocation section"):
                where = line.split("'")[1]
            elif self.SECTION.match(line):
                number, name, kind, size, flags = self.SECTION.match(
                    line).groups()
                table[number] = kind, flags
                self.sections.append((obj, name, flags, int(size, 16)))
            elif self.SYMBOL.match(line):
                size, kind, bind, index, name = self.SYMBOL.match(
                    line).groups()
                # nm, too, leaves out what marks code and data.
                if kind not in ("FILE", "SECTION") and name[0] != "$":
                    self.symbols.append((obj, self.letter(
                        bind, kind, index, table), name, int(size, 0)))
            elif self.RELOCATION.match(line):
                kind, name = self.RELOCATION.match(line).groups()
                self.relocations.append((obj, where, kind, name))

    @staticmethod
    def letter(bind, kind, index, table):
        if index == "UND":
            return "w" if bind == "WEAK" else "U"
        if bind == "WEAK":
            return "V" if kind == "OBJECT" else "W"
        if index in ("ABS", "COM"):
            letter = index[0]
        else:
            contents, flags = table[index]
            letter = ("N" if "A" not in flags else "T" if "X" in flags else
                      "R" if "W" not in flags else
                      "B" if contents == "NOBITS" else "D")
        return letter.lower() if bind == "LOCAL" else letter


def scratch(name, text):
    """A source that a check makes up."""
    path = os.path.join(SCRATCH, name)
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
    return path


def parallel(function, items):
    """Run function on every item, one per CPU at a time."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        try:
            for future in [pool.submit(function, item) for item in items]:
                future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


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


def disassemble(objects):
    """{object: {function: [Instruction]}} of objects of one machine.

    Every instruction of the architecture is known to the disassembler,
    floating point included, so that what should not be there has a name.
    """
    attributes = OBJDUMP_ATTR.get(machine(objects[0]))
    result = run([need("llvm-objdump"), "-dr", "--no-show-raw-insn"] +
                 (["--mattr=" + attributes] if attributes else []) + objects)
    parts = re.split(r"^(\S+):\s+file format .*$", result.stdout, flags=re.M)
    found = {obj: functions_of(text)
             for obj, text in zip(parts[1::2], parts[2::2])}
    if list(found) != objects:
        sys.exit("abi: llvm-objdump: " + result.stdout[:2000])
    return found


def functions_of(text):
    """{function: [Instruction]} of one object's disassembly."""
    functions, labels = {}, {}
    body = None
    for line in text.splitlines():
        match = re.match(r"([0-9a-f]+) <(.+)>:$", line)
        if match and match.group(2).startswith((".L", "qpmap_at_")):
            # RISC-V's assembler keeps labels, and relocates branches to them.
            # A fault handler asks where a copy loop is.
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
            words = re.sub(r"\s+# .*$", "", match.group(2)).split()
            body.append(Instruction(int(match.group(1), 16),
                                    " ".join(words)))
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
