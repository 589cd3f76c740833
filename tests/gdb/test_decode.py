#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""tools/decode against the headers, the manuals' formats, and bad input.

 - every bit of a leaf is in one field, and that field is the one which
   src/arch/<arch>/pte.h (amd64 and i386: src/arch/x86/pte.h) has there, by a
   macro or in a comment;
 - the numbers in tools/gdb/qpmap.py are the library's;
 - golden vectors, written from the manuals' formats by hand;
 - what is no entry gets a message and exit status 2.
"""

import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
DECODE = os.path.join(ROOT, "tools", "decode")

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "tools", "gdb"))
import qpmap_pte  # noqa: E402  pylint: disable=wrong-import-position

# How this machine's compiler reads the headers of each format.
OPTIONS = {
    "amd64": (), "i386": ("QPMAP_PTE_SIZE=4",), "i386-pae": ("QPMAP_PAE=1",),
    "arm64": (), "arm64-16k": ("QPMAP_PAGE_SHIFT=14",),
    "arm64-64k": ("QPMAP_PAGE_SHIFT=16",), "arm64-lpa2": ("QPMAP_LPA2=1",),
    "arm64-lpa2-16k": ("QPMAP_LPA2=1", "QPMAP_PAGE_SHIFT=14"), "riscv64": ()}

# Macros of the list of fields that are no field of a leaf's own.
DERIVED = {"PA_BITS"}
# A macro says less than its field where a comment of the header's has the rest.
EXTRA = {"OA", "OA_TOP", "MARK"}
# With LPA2 the same bits have another meaning.
NOT_WITH_LPA2 = {"SH"}

# Architecture, options, entry, what the first line ends in, fields to be seen:
# bits, name, value.
GOLDEN = (
    ("amd64", "", "8000000004000063",
     "page at pa 0x4000000, memory type: entry 0 of the PAT, writable, "
     "no execution", ("63 NX 1", "51:12 PA 0x4000", "7 PAT 0", "6 D 1",
                      "5 A 1", "2 U/S 0", "1 RW 1", "0 P 1")),
    ("amd64", "--layout 0007040600070406", "800ffffffffff0b9",
     "page at pa 0xffffffffff000, UC (PAT entry 7), read-only, no execution",
     ("51:12 PA 0xffffffffff", "7 PAT 1", "4 PCD 1", "3 PWT 1")),
    ("amd64", "--layout 0x0407050600070106", "109",
     "page at pa 0x0, WC (PAT entry 1), read-only, executable, global",
     ("8 G 1", "1 RW 0")),
    ("amd64", "--level 1 --layout 0407050600070106", "80001023",
     "table at pa 0x80001000", ("7 PS 0",)),
    ("amd64", "--level 1 --layout 0407050600070106", "1000002010f3",
     "2 MiB page at pa 0x100000200000, UC- (PAT entry 6), writable, "
     "executable", ("51:21 PA 0x800001", "12 PAT 1", "7 PS 1")),
    ("amd64", "--level 2", "400000a3",
     "1 GiB page at pa 0x40000000, memory type: entry 0 of the PAT, "
     "writable, executable", ("51:30 PA 0x1",)),
    ("amd64", "--sharing 0x0008000000000000", "8008000012345063",
     "page at pa 0x12345000, memory type: entry 0 of the PAT, writable, "
     "no execution", ()),
    ("amd64", "", "200", "invalid: the mark of a guard (QPMAP_F_MARK_GUARDS)",
     ("11:9 ignored 1", "0 P 0")),
    ("amd64", "", "0", "empty", ("0 P 0",)),
    ("amd64", "", "fee00062", "invalid: the walker ignores all other bits",
     ()),
    ("i386", "", "12345021", "page at pa 0x12345000, memory type: entry 0 of "
     "the PAT, read-only, executable", ("31:12 PA 0x12345", "1 RW 0")),
    ("i386", "--level 1", "4020e3", "4 MiB page at pa 0x100400000, memory "
     "type: entry 0 of the PAT, writable, executable",
     ("31:22 PA 0x1", "20:13 PA 0x1", "12 PAT 0")),
    ("i386-pae", "", "80000000fee00063", "page at pa 0xfee00000, memory type: "
     "entry 0 of the PAT, writable, no execution",
     ("62:52 reserved 0x0", "51:12 PA 0xfee00")),
    ("i386-pae", "--level 2", "80001001", "table at pa 0x80001000",
     ("8:5 reserved 0x0", "2:1 reserved 0")),
    ("arm64", "--layout 000000000004bb44ff", "006080000000070b",
     "page at pa 0x800000000000, Normal write-through (MAIR byte 2), "
     "writable, no execution, global",
     ("54 UXN 1", "53 PXN 1", "47:12 OA 0x800000000", "10 AF 1", "9:8 SH 3",
      "7 AP[2] 0", "4:2 ATTRINDX 2", "1:0 type 3")),
    ("arm64", "--layout ff44", "0060000040201f87",
     "page at pa 0x40201000, Normal write-back (MAIR byte 1), read-only, "
     "no execution", ("11 NG 1", "7 AP[2] 1")),
    ("arm64", "", "80000000000000",
     "invalid: the mark of a guard (QPMAP_F_MARK_GUARDS)", ("1:0 type 0",)),
    ("arm64", "", "40201401", "invalid: the walker ignores all other bits",
     ("1:0 type 1",)),
    ("arm64", "--level 1 --layout ff", "0060000040200701",
     "2 MiB page at pa 0x40200000, Normal write-back (MAIR byte 0), "
     "writable, no execution, global",
     ("47:21 OA 0x201", "16 nT 0", "1:0 type 1")),
    ("arm64", "--level 2", "1800000040201403", "table at pa 0x40201000",
     ("60 UXNTable 1", "59 PXNTable 1", "10 AF 1")),
    ("arm64-16k", "", "006000004020470b", "page at pa 0x40204000, memory "
     "type: byte 2 of MAIR_EL1, writable, no execution, global",
     ("47:14 OA 0x10081", "13:12 reserved 0")),
    ("arm64-64k", "", "006000000001870b", "page at pa 0x8000000010000, memory "
     "type: byte 2 of MAIR_EL1, writable, no execution, global",
     ("47:16 OA 0x1", "15:12 OA_TOP 0x8")),
    ("arm64-lpa2", "", "006100000000160b", "page at pa 0x9000000001000, "
     "memory type: byte 2 of MAIR_EL1, writable, no execution, global",
     ("49:12 OA 0x1000000001", "9:8 OA_TOP 2")),
    ("arm64-lpa2-16k", "", "0060000000004683", "page at pa 0x8000000004000, "
     "memory type: byte 0 of MAIR_EL1, read-only, no execution, global", ()),
    ("riscv64", "", "200000c7", "page at pa 0x80000000, PMA, writable, "
     "no execution", ("62:61 PBMT 0", "53:10 PPN 0x80000", "7 D 1", "6 A 1",
                      "3 X 0", "2 W 1", "1 R 1", "0 V 1")),
    ("riscv64", "", "40000000040000c3", "page at pa 0x10000000, IO, "
     "read-only, no execution", ("62:61 PBMT 2",)),
    ("riscv64", "--level 1", "20000401", "table at pa 0x80001000", ()),
    ("riscv64", "--level 1", "200000cf", "2 MiB page at pa 0x80000000, PMA, "
     "writable, executable", ()),
    ("riscv64", "", "100", "invalid: the mark of a guard "
     "(QPMAP_F_MARK_GUARDS)", ("9:8 RSW 1",)),
)

# Arguments that are refused, and what the message must have.
REFUSED = (
    ("", "name an architecture"),
    ("amd64", "name an architecture"),
    ("sparc 1", "no architecture 'sparc'"),
    ("amd64 xyz", "'xyz' is no hexadecimal number"),
    ("amd64 -1", "no option -1"),
    ("amd64 10000000000000000", "64 bits"),
    ("i386 100000000", "32 bits"),
    ("--level 2 i386 1", "levels 0 to 1"),
    ("--level one amd64 1", "no decimal number"),
    ("--layout", "--layout needs a value"),
    ("--layout 1 riscv64 1", "leave out --layout"),
    ("--layout 10000000000000000 arm64 1", "64 bits"),
    ("--pat 1 amd64 1", "no option --pat"),
)


def header_path(arch):
    name = arch.split("-", maxsplit=1)[0]
    name = "x86" if name in ("amd64", "i386") else name
    return os.path.join(ROOT, "src", "arch", name, "pte.h")


def header(arch):
    with open(header_path(arch), encoding="utf-8") as file:
        return file.read()


def macros(arch, names):
    """The values of QPTE_ macros, by the compiler."""
    text = "#include <stdio.h>\n#include <qpmap/qpmap.h>\n" \
        f'#include "{header_path(arch)}"\nint main(void)\n{{\n' + "".join(
            f'\tprintf("%llx\\n", (unsigned long long)QPTE_{name});\n'
            for name in names) + "\treturn (0);\n}\n"
    with tempfile.TemporaryDirectory() as work:
        source = os.path.join(work, "macros.c")
        with open(source, "w", encoding="utf-8") as file:
            file.write(text)
        binary = os.path.join(work, "macros")
        subprocess.check_call(
            ["cc", "-std=c11", "-w", "-I", os.path.join(ROOT, "include")] +
            ["-D" + option for option in OPTIONS[arch]] +
            ["-o", binary, source])
        out = subprocess.check_output([binary], text=True).split()
    return dict(zip(names, (int(word, 16) for word in out)))


def commented(arch, block):
    """Names and masks of the fields that pte.h has in a comment only."""
    for name, high, low, pae in re.findall(
            r"^/\*\s+([\w/,\[\] ]+?)\s+(\d+)(?::(\d+))? = 0(,? with PAE)?",
            block, re.M):
        if arch == "i386" and int(high) > 31:
            continue
        if int(high) > 51 and arch in ("amd64", "i386-pae") and bool(
                pae) != (arch == "i386-pae"):
            continue
        yield name, (1 << int(high) + 1) - (1 << int(low or high))


def check_leaf(arch, errors):
    """The fields of a leaf: each bit once, and each as the header has it."""
    form = qpmap_pte.FORMATS[arch]
    fields = form.decode(0).fields
    seen = 0
    for field in fields:
        if seen & field.mask():
            errors.append(f"{arch}: {field.name} is in another field, too")
        if seen and field.mask() > seen:
            errors.append(f"{arch}: {field.name} is not in its order")
        seen |= field.mask()
    if seen != (1 << 8 * form.entry_size) - 1:
        errors.append(f"{arch}: no field has the bits "
                      f"{~seen & (1 << 8 * form.entry_size) - 1:#x}")

    text = header(arch)
    block = re.search(r"/\* Every field of a leaf.*?\n\n", text, re.S)[0]
    listed = set(re.findall(r"^#define QPTE_(\w+)", block, re.M)) - DERIVED
    values = macros(arch, sorted(listed | (EXTRA & set(
        re.findall(r"#define QPTE_(\w+)", text)))))
    named = {field.macro: field for field in fields if field.macro}
    for name, value in values.items():
        if name == "MARK":
            if value != form.mark:
                errors.append(f"{arch}: QPTE_MARK is {value:#x}")
        elif "lpa2" in arch and name in NOT_WITH_LPA2:
            continue
        elif name not in named:
            if value != 0:
                errors.append(f"{arch}: there is no field QPTE_{name}")
        elif value != named[name].mask():
            errors.append(f"{arch}: QPTE_{name} is {value:#x}, and the "
                          f"field {named[name].mask():#x}")
    for name in set(named) - set(values):
        errors.append(f"{arch}: there is no QPTE_{name} in pte.h")
    for name, mask in commented(arch, block):
        match = [field for field in fields if field.mask() == mask]
        first = name.split(",")[0]
        if not match or not match[0].name.startswith(first):
            errors.append(f"{arch}: the header has {name} at {mask:#x}")


# Constants of tools/gdb/qpmap.py, by where the library has them.
CONSTANTS = (
    ("SYNC_TAKEN", "src/core/shootdown.h", r"QPMAP_SYNC_TAKEN\s+(\w+)u\b"),
    ("SYNC_ONLINE", "src/core/shootdown.h", r"QPMAP_SYNC_ONLINE\s+(\w+)u\b"),
    ("REG_PAT", "src/arch/x86/probe.h", r"define QPMAP_REG_PAT\s+(\w+)"),
    ("F_SBI_RFENCE", "include/qpmap/qpmap.h",
     r"define QPMAP_F_SBI_RFENCE\s+(\w+)u\b"),
)


def check_constants(errors):
    """The debugger's script has a few numbers that no debug information has."""
    with open(os.path.join(ROOT, "tools", "gdb", "qpmap.py"),
              encoding="utf-8") as file:
        script = file.read()
    for name, path, pattern in CONSTANTS:
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            theirs = re.search(pattern, file.read())
        ours = re.search(rf"^{name} = (\w+)$", script, re.M)
        if not theirs or not ours or int(theirs[1], 0) != int(ours[1], 0):
            errors.append(f"tools/gdb/qpmap.py: {name} is not what {path} "
                          "has")


def decode(words):
    return subprocess.run([DECODE] + words.split(), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)


def check_golden(errors):
    for arch, options, entry, first, wanted in GOLDEN:
        words = f"{options} {arch} {entry}"
        done = decode(words)
        out = done.stdout.splitlines() or [""]
        if done.returncode or not out[0].endswith(": " + first):
            errors.append(f"decode {words}: {done.stderr}{out[0]}")
        rows = [" ".join(line.split()) + " " for line in out]
        for want in wanted:
            if not any(row.startswith(want + " ") for row in rows):
                errors.append(f"decode {words}: no line '{want}'")


def check_page(errors):
    """docs/debugging.md shows what tools/decode prints now."""
    with open(os.path.join(ROOT, "docs", "debugging.md"),
              encoding="utf-8") as file:
        shown = re.findall(r"^\$ tools/decode (.*)\n((?:.+\n)+?)```",
                           file.read(), re.M)
    if not shown:
        errors.append("docs/debugging.md: it shows no tools/decode")
    for words, out in shown:
        if decode(words).stdout != out:
            errors.append(f"docs/debugging.md: decode {words} prints other "
                          "lines")


def check_refused(errors):
    for words, message in REFUSED:
        done = decode(words)
        if done.returncode != 2 or message not in done.stderr or done.stdout:
            errors.append(f"decode {words}: status {done.returncode}, "
                          f"{done.stderr.strip()}")


def main():
    errors = []
    if set(OPTIONS) != set(qpmap_pte.FORMATS):
        errors.append("a format is not tested")
    for arch in OPTIONS:
        check_leaf(arch, errors)
    check_constants(errors)
    check_golden(errors)
    check_refused(errors)
    check_page(errors)
    for error in errors:
        print(error)
    print(f"{len(OPTIONS)} formats, {len(GOLDEN)} entries, {len(REFUSED)} "
          f"refused, {len(errors)} errors")
    sys.exit(1 if errors else 0)


if __name__ == "__main__":
    main()
