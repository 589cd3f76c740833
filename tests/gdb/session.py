# SPDX-License-Identifier: BSD-2-Clause
"""Inside gdb: tools/gdb/qpmap.py on the test kernel, against what is known.

The kernel is in QEMU, stopped before its first instruction.  It runs to
kernel_held_here(): every CPU holds mappings, which kernel_held lists, and CPU 0
waits in a shootdown for CPU 3.  What the commands print is compared with
kernel_held, and with memory as QEMU's monitor shows it.  Then the session
writes into the kernel's structures, and the commands must show that.

gdb's exit status is 1 if anything differs.
"""

import os
import re

import gdb

MODE = os.environ["QPMAP_MODE"]

# How a mapping's type is shown, what follows its protection, the bits that give
# it another type in its entry, and that type; levels of tables.
KNOWN = {
    "amd64": ("WB (PAT entry 0)", "no execution", 1 << 3,
              "WT (PAT entry 1)", 4),
    "i386": ("WB (PAT entry 0)", "executable", 1 << 3, "WT (PAT entry 1)", 2),
    "i386-pae": ("WB (PAT entry 0)", "no execution", 1 << 3,
                 "WT (PAT entry 1)", 3),
    "arm64": ("Normal write-back (MAIR byte 0)", "no execution, global",
              1 << 2, "Device-nGnRE (MAIR byte 1)", 3),
    "riscv64": ("PMA", "no execution", 1 << 61, "NC", 3)}
TYPE, RIGHTS, OTHER_BITS, OTHER_TYPE, LEVELS = KNOWN[MODE]

errors = []


def run(command):
    """What a command prints; of one that fails, its message."""
    try:
        out = gdb.execute(command, to_string=True)
    except gdb.error as error:
        out = str(error)
    print(f"(gdb) {command}\n{out.rstrip()}", flush=True)
    return out


def expect(command, out, pattern):
    if not re.search(pattern, out, re.M):
        errors.append(f"{command}: nothing is like {pattern}")


def expect_line(command, out, line):
    expect(command, out, "^" + re.escape(line) + r"(?= \(entry |$)")


def value(expression):
    found = gdb.parse_and_eval(expression)
    return int(found) & (1 << 8 * found.type.sizeof) - 1


def memory(pa):
    """Four bytes at a physical address, by another way than the script's."""
    out = gdb.execute(f"monitor xp /1wx {pa:#x}", to_string=True)
    return int(re.search(r": 0x([0-9a-f]+)", out)[1], 16)


class Held:
    """A mapping that the kernel says it holds."""

    def __init__(self, expression):
        self.va = value(expression + ".va")
        self.pa = value(expression + ".pa")
        self.read_only = value(expression + ".read_only")

    def text(self, kind=TYPE):
        return (f"va {self.va:#x}  page at pa {self.pa:#x}, {kind}, " +
                ("read-only" if self.read_only else "writable") + ", " +
                RIGHTS)


def check_cpus(out, held):
    """Every slot in use, of every CPU, and nothing else."""
    want = []
    for n, mappings in enumerate(held):
        want.append(f"CPU {n}: {len(mappings)} of {SLOTS} slots in use")
        want += [f"  slot {i + 1}  {one.text()}"
                 for i, one in enumerate(mappings)]
    want.append(f"global: 1 of {8 * POINTER} slots in use, 0 dirty")
    want.append(f"  slot 0  {GLOBAL.text()}")
    got = [re.sub(r" \(entry 0x[0-9a-f]+\)", "", line)
           for line in out.splitlines()]
    for i, line in enumerate(want):
        if i >= len(got) or got[i] != line:
            errors.append(f"qpmap cpus: line {i + 1} is not '{line}'")
    if len(got) > len(want):
        errors.append(f"qpmap cpus: {len(got)} lines, not {len(want)}")


def thread_of(cpu):
    """gdb's thread of a CPU.  On riscv64 CPU 0 is not always hart 0: the first
    hart in OpenSBI's race is."""
    first = value("machine_first_hart") if MODE == "riscv64" else 0
    return (first + cpu) % 4 + 1


def check_pte(cpu, one, word):
    """A walk on one CPU: where it ends, and what memory has there."""
    gdb.execute(f"thread {thread_of(cpu)}", to_string=True)
    command = f"qpmap pte {one.va + 0x124:#x}"
    out = run(command)
    kind = "read-only" if one.read_only else "writable"
    expect(command, out, r"^  level 0  entry at pa 0x[0-9a-f]+ = "
           rf"0x[0-9a-f]+  page at pa {one.pa:#x}, {re.escape(TYPE)}, {kind}, "
           rf"{RIGHTS}$")
    expect_line(command, out,
                f"va {one.va + 0x124:#x} is pa {one.pa + 0x124:#x}")
    if len(re.findall(r"^  level \d", out, re.M)) != LEVELS:
        errors.append(f"{command}: the walk has not {LEVELS} levels")
    if word is not None and memory(one.pa + 12) != word:
        errors.append(f"{command}: that is not the page")
    command = f"qpmap pte {one.va - 4:#x}"
    expect_line(command, run(command), f"va {one.va - 4:#x} is not mapped")


def check_image():
    """The kernel's own memory: a large page, or TTBR0_EL1's half."""
    out = run("qpmap pte &kernel_held_global")
    found = re.search(r"is pa 0x([0-9a-f]+)$", out.strip())
    if not found or memory(int(found[1], 16)) != GLOBAL.va & 0xffffffff:
        errors.append("qpmap pte &kernel_held_global: that is not its memory")
    expect("qpmap pte kernel_held_here", run("qpmap pte kernel_held_here"),
           r"is pa 0x[0-9a-f]+$")


def check_shootdown():
    out = run("qpmap shootdown")
    if MODE == "arm64":
        expect("qpmap shootdown", out, "^arm64: the hardware broadcasts")
        return
    newest = value("qpmap_state.shootdown->generation")
    last = (newest - 1) & (1 << 8 * POINTER) - 1
    waits = f"thread {thread_of(0)}"
    for line in (
            f"generation {newest:#x}; the newest requests:",
            f"  {newest:#x}  1 page from va {GLOBAL.va:#x}",
            f"CPU 1: acknowledged {newest:#x}, all",
            f"CPU 2: acknowledged {last:#x}, 1 request behind, nobody waits "
            "for it",
            f"CPU 3: acknowledged {last:#x}, 1 request behind, waited for by "
            + waits):
        expect_line("qpmap shootdown", out, line)
    expect("qpmap shootdown", out,
           rf"^{waits} \(.*\) waits in qpmap_shootdown for {newest:#x}$")


def written(expression, new, command, pattern):
    """The command with another value there; then the old one is back."""
    old = value(expression)
    gdb.execute(f"set var {expression} = {new(old):#x}")
    expect(command, run(command), pattern)
    gdb.execute(f"set var {expression} = {old:#x}")


def check_written(held):
    """What only a kernel in trouble has, or one with more memory types."""
    one = held[2][2]
    slot = "kernel_cpus[2].qpmap.slot[3]"
    line = "^  slot 3  " + re.escape(one.text())
    written(slot + ".va", lambda old: 0, "qpmap cpus", line +
            r" \(entry 0x[0-9a-f]+\), slow path$")
    other = "^  slot 3  " + re.escape(one.text(OTHER_TYPE))
    written(slot + ".ptep->bits", lambda old: old | OTHER_BITS, "qpmap cpus",
            other)
    written(slot + ".ptep->bits", lambda old: old | OTHER_BITS,
            f"qpmap pte {one.va:#x}", re.escape(OTHER_TYPE))
    written(slot + ".ptep->bits", lambda old: 0, "qpmap cpus",
            rf"^  slot 3  va {one.va:#x}  empty \(entry 0x0\)$")
    entry = value(slot + ".ptep->bits")
    written("kernel_cpus[0].qpmap.slot[2].ptep->bits", lambda old: entry,
            "qpmap cpus", "^  slot 2  va 0x[0-9a-f]+  not in use, but its "
            f"entry is not empty: page at pa {one.pa:#x}")
    written("kernel_cpus[1].qpmap.next", lambda old: old + 3, "qpmap cpus",
            "^CPU 1: next is 0x[0-9a-f]+, which means none of its slots")
    written("kernel_cpus[1].qpmap.index_plus_one", lambda old: 0,
            "qpmap cpus", "^CPU offline: 0x")
    if MODE != "arm64":
        written("qpmap_state.cpu_sync[3].online", lambda old: 1,
                "qpmap shootdown", "^CPU 3: joining or leaving, not waited")
        written("qpmap_state.cpu_sync[3].online", lambda old: 0,
                "qpmap shootdown", "^CPU 3: offline$")
    written("qpmap_state.shootdown", lambda old: 0, "qpmap shootdown",
            "built without QPMAP_SHOOTDOWN")
    written("qpmap_state.cpu_count", lambda old: 0, "qpmap cpus",
            "has not succeeded yet")
    written("qpmap_state.global->dirty", lambda old: 2, "qpmap cpus",
            r"^  slot 1  va 0x[0-9a-f]+  empty \(entry 0x0\), dirty$")


def shape(text):
    """Without what differs from boot to boot."""
    text = re.sub(r"0x[0-9a-f]+ +", "0x ", text)
    return [re.sub(r"0x[0-9a-f]+", "0x", line.rstrip())
            for line in text.splitlines() if line.strip()]


def check_picture():
    """docs/debugging.md shows what the commands print now."""
    with open(os.environ["QPMAP_PAGE"], encoding="utf-8") as file:
        page = file.read()
    commands = re.findall(r"^\(gdb\) (qpmap .*)\n((?:(?!\(gdb\)|```).*\n)+)",
                          page, re.M)
    if len(commands) != 3:
        errors.append("docs/debugging.md: no picture of three commands")
    for command, shown in commands:
        if shape(run(command)) != shape(shown):
            errors.append(f"docs/debugging.md: {command} prints other lines")


def check_messages():
    for command, pattern in (
            ("qpmap cpus", "qpmap: where is a CPU's struct qpmap_cpu"),
            ("qpmap cpus kernel_held", "is no struct qpmap_cpu but a"),
            ("qpmap cpus no_such_name", "no_such_name: No symbol"),
            ("qpmap pte", "qpmap: which address"),
            ("qpmap shootdown all", "takes no argument")):
        expect(command, run(command), pattern)
    if MODE in ("amd64", "riscv64", "arm64"):
        expect("qpmap pte", run("qpmap pte 0x8000001000000000"),
               "^not canonical: ")


def check_servers(one):
    """Physical memory where the gdb server has one way to it less, or none.

    gdb runs all scripts in one namespace: the functions replaced are those of
    tools/gdb/qpmap.py.
    """
    command = f"qpmap pte {one.va:#x}"
    usual = run(command)
    names = ("phys_mode", "monitor_read")
    kept = [globals()[name] for name in names]
    globals()["phys_mode"] = lambda on: False
    if run(command) != usual:
        errors.append("with 'monitor xp' a walk is another")
    globals()["monitor_read"] = lambda pa, size: None
    expect(command, run(command), "qpmap: physical memory cannot be read")
    globals().update(zip(names, kept))


def main():
    gdb.execute("set pagination off")
    gdb.execute("set confirm off")
    gdb.execute("target remote " + os.environ["QPMAP_SOCKET"])
    gdb.execute("source " + os.environ["QPMAP_SCRIPT"])
    for place in ("kernel_held_here", "kernel_finish", "kernel_dying"):
        gdb.execute("hbreak " + place)
    gdb.execute("continue")
    if gdb.selected_frame().name() != "kernel_held_here":
        raise gdb.error("the kernel ended before kernel_held_here()")
    global POINTER, GLOBAL
    POINTER = gdb.lookup_type("void").pointer().sizeof
    GLOBAL = Held("kernel_held_global")
    held = [[Held(f"kernel_held[{n}][{i}]")
             for i in range(value(f"kernel_held_count[{n}]"))]
            for n in range(4)]
    if [len(mappings) for mappings in held] != [1, 2, 3, 4]:
        errors.append("the kernel does not hold what it is to hold")
    check_messages()
    check_cpus(run("qpmap cpus kernel_cpus[$cpu].qpmap"), held)
    run("set qpmap-cpu kernel_cpus[$cpu].qpmap")
    check_cpus(run("qpmap cpus"), held)
    for n, mappings in enumerate(held):
        for i, one in enumerate(mappings):
            check_pte(n, one, 100 * n + (i & ~1))
    check_pte(0, GLOBAL, None)
    check_image()
    check_servers(GLOBAL)
    check_shootdown()
    if MODE == "amd64":
        check_picture()
    check_written(held)
    check_cpus(run("qpmap cpus"), held)


POINTER = 0
SLOTS = 8               # QPMAP_SLOTS of tests/gdb/run
GLOBAL = None
try:
    main()
except gdb.error as problem:
    errors.append(f"gdb: {problem}")
for line in errors:
    print("WRONG: " + line, flush=True)
print(f"gdb/{MODE}: {len(errors)} errors", flush=True)
gdb.execute(f"quit {int(bool(errors))}")
