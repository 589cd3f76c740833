# SPDX-License-Identifier: BSD-2-Clause
"""gdb commands for a kernel that uses qpmap; docs/debugging.md shows them.

    (gdb) source tools/gdb/qpmap.py
    (gdb) set qpmap-cpu EXPRESSION
    (gdb) qpmap cpus
    (gdb) qpmap pte VA
    (gdb) qpmap shootdown

All of them only read.  qpmap cpus and qpmap shootdown need the library's debug
information; qpmap pte needs the CPU's registers, and physical memory, which
QEMU's gdb server gives.
"""

import os
import re
import sys

import gdb

# Not __file__: of scripts that source each other gdb names the first alone.
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(
    sys._getframe().f_code.co_filename)))  # pylint: disable=protected-access
import qpmap_pte  # noqa: E402  pylint: disable=wrong-import-position

# src/core/shootdown.h: QPMAP_SYNC_FREE, QPMAP_SYNC_TAKEN, QPMAP_SYNC_ONLINE.
SYNC_TAKEN = 1
SYNC_ONLINE = 2

# qpmap_mmu.reg[] of x86: where the probe keeps the PAT.
REG_PAT = 3

# include/qpmap/qpmap.h.
F_SBI_RFENCE = 0x4000

NO_DEBUG = ("compile the library and the kernel with -g, and load the kernel's "
            "file (file KERNEL) before its CPUs are looked at")


def fail(text):
    raise gdb.GdbError("qpmap: " + text)


def evaluate(expression):
    try:
        return gdb.parse_and_eval(expression)
    except gdb.error as error:
        return fail(f"{expression}: {error}")


def number(value):
    """An unsigned integer, of a pointer, a member or a register."""
    return int(value) & (1 << 8 * value.type.sizeof) - 1


def plural(count, what):
    return f"{count} {what}" + ("" if count == 1 else "s")


# The library's state.

def library_state():
    """qpmap_state, or None where there is no debug information of it."""
    try:
        value = gdb.parse_and_eval("qpmap_state")
    except gdb.error:
        return None
    if value.type.strip_typedefs().code != gdb.TYPE_CODE_STRUCT:
        return None
    return value


def need_state():
    state = library_state()
    if state is None:
        fail("there is no debug information of qpmap_state: " + NO_DEBUG)
    try:
        count = int(state["cpu_count"])
    except gdb.error as error:
        fail(f"qpmap_state cannot be read ({error}): is the target connected, "
             "and the kernel past its boot code?")
    if count == 0:
        fail("qpmap_init() has not succeeded yet: cpu_count is 0")
    return state


# Registers, and physical memory.

def register(name):
    """A register of the selected thread's, or None."""
    try:
        value = gdb.parse_and_eval("$" + name)
        if value.type.code == gdb.TYPE_CODE_VOID:
            return None
        return number(value)
    except gdb.error:
        return None


def need_register(name):
    value = register(name)
    if value is None:
        fail(f"the gdb server gives no register {name}: QEMU's does; select a "
             "running CPU with the command thread")
    return value


def phys_mode(on):
    """Have QEMU take addresses for physical ones; whether it does."""
    try:
        answer = gdb.execute(
            f"maintenance packet Qqemu.PhyMemMode:{int(on)}", to_string=True)
    except gdb.error:
        return False
    return '"OK"' in answer


def monitor_read(pa, size):
    """Through QEMU's monitor: also above what gdb has for an address."""
    letter = {4: "w", 8: "g"}[size]
    try:
        answer = gdb.execute(f"monitor xp /1{letter}x {pa:#x}",
                             to_string=True)
    except gdb.error:
        return None
    found = re.search(r":\s*0x([0-9a-fA-F]+)", answer)
    return int(found[1], 16) if found else None


def read_physical(pa, size):
    """A little-endian number in physical memory."""
    pointer = gdb.lookup_type("void").pointer().sizeof
    if pa >> 8 * pointer == 0 and phys_mode(True):
        try:
            memory = gdb.selected_inferior().read_memory(pa, size)
            return int.from_bytes(bytes(memory), "little")
        except gdb.MemoryError:
            fail(f"there is no memory at pa {pa:#x}")
        finally:
            phys_mode(False)
    value = monitor_read(pa, size)
    if value is None:
        fail("physical memory cannot be read: the gdb server knows neither "
             "Qqemu.PhyMemMode nor 'monitor xp', as QEMU's does")
    return value


# What the CPU's registers say about translation.

class Machine:
    """How the selected CPU translates: format, layout, and the root."""

    def __init__(self):
        self.form = None
        self.layout = None
        self.sharing = 0

    def decode(self, bits, level=0):
        return self.form.decode(bits, level, self.layout, self.sharing)

    def root(self, va):
        """The root table's address, levels, bits walked, and its register."""
        raise NotImplementedError


class MachineX86(Machine):
    """amd64 and i386: CR3, CR4; the PAT is in the library's state."""

    def __init__(self, name, state):
        super().__init__()
        self.cr4 = need_register("cr4")
        efer = register("efer")
        long_mode = "x86-64" in name and (efer is None or efer >> 10 & 1)
        pae = self.cr4 >> 5 & 1
        self.form = qpmap_pte.FORMATS[
            "amd64" if long_mode else "i386-pae" if pae else "i386"]
        if state is not None:
            self.layout = number(state["mmu"]["reg"][REG_PAT])

    def root(self, va):
        cr3 = need_register("cr3")
        if need_register("cr0") >> 31 & 1 == 0:
            fail("paging is off on this CPU (CR0.PG): select another with the "
                 "command thread")
        if self.form.name == "amd64":
            levels = 5 if self.cr4 >> 12 & 1 else 4
            return cr3 & 0xffffffffff000, levels, 12 + 9 * levels, "cr3"
        if self.form.pae:
            return cr3 & 0xffffffe0, 3, 32, "cr3"
        return cr3 & 0xfffff000, 2, 32, "cr3"


class MachineArm64(Machine):
    """arm64: TCR, TTBR0, TTBR1 and MAIR, of EL1 or of a host at EL2."""

    PAGES = ({0: "", 1: "-64k", 2: "-16k"}, {1: "-16k", 2: "", 3: "-64k"})

    def __init__(self):
        super().__init__()
        level = register("cpsr")
        self.suffix = "_EL2" if level is not None and level & 12 == 8 \
            else "_EL1"
        self.tcr = need_register("TCR" + self.suffix)
        self.layout = need_register("MAIR" + self.suffix)
        self.choose(1)

    def choose(self, half):
        """Take the format of the lower half, 0, or the upper half, 1."""
        granule = self.tcr >> (30 if half else 14) & 3
        if granule not in self.PAGES[half]:
            fail(f"TCR{self.suffix} is {self.tcr:#x}: there is no such page "
                 "size; is the MMU on?")
        page = self.PAGES[half][granule]
        lpa2 = page != "-64k" and self.tcr >> 59 & 1
        self.form = qpmap_pte.FORMATS[
            "arm64" + ("-lpa2" if lpa2 else "") + page]

    def root(self, va):
        half = va >> 55 & 1
        self.choose(half)
        if self.tcr >> (23 if half else 7) & 1:
            fail(f"va {va:#x} is in a half that is not walked (EPD{half})")
        bits = 64 - (self.tcr >> (16 if half else 0) & 63)
        levels = -(-(bits - self.form.page_shift) // self.form.table_shift())
        name = f"TTBR{half}{self.suffix}"
        ttbr = need_register(name)
        root = ttbr & (1 << 48) - 2
        if self.tcr >> 32 & 7 == 6 and (self.form.lpa2 or
                                        self.form.page_shift == 16):
            root = ttbr & (1 << 48) - 64 | (ttbr >> 2 & 15) << 48
        return root, levels, bits, name


class MachineRiscv64(Machine):
    """riscv64: satp says everything."""

    LEVELS = {8: 3, 9: 4, 10: 5}

    def __init__(self):
        super().__init__()
        self.form = qpmap_pte.FORMATS["riscv64"]

    def root(self, va):
        satp = need_register("satp")
        levels = self.LEVELS.get(satp >> 60)
        if levels is None:
            fail(f"satp is {satp:#x}: this CPU does not translate; select "
                 "another with the command thread")
        return (satp & (1 << 44) - 1) << 12, levels, 12 + 9 * levels, "satp"


def machine(state):
    """The selected CPU's Machine."""
    try:
        name = gdb.selected_frame().architecture().name()
    except gdb.error:
        return fail("no CPU is there to look at: connect to the kernel with "
                    "target remote, and stop it")
    if name.startswith("i386"):
        found = MachineX86(name, state)
    elif name.startswith("aarch64"):
        found = MachineArm64()
    elif name.startswith("riscv"):
        found = MachineRiscv64()
    else:
        return fail(f"qpmap has no architecture {name}")
    if state is not None:
        found.sharing = number(state["sharing"])
    return found


# qpmap cpus

class QpmapCpu(gdb.Parameter):
    """The expression of a CPU's struct qpmap_cpu.

set qpmap-cpu EXPRESSION

qpmap cpus evaluates it for each CPU, with $cpu as its number, for example
kernel_cpus[$cpu].qpmap.  Without $cpu in it, it is one CPU's state, or an array
of states or of pointers to them."""

    set_doc = "Set the expression of a CPU's struct qpmap_cpu."
    show_doc = "Show the expression of a CPU's struct qpmap_cpu."

    def __init__(self):
        super().__init__("qpmap-cpu", gdb.COMMAND_DATA, gdb.PARAM_STRING)
        self.value = ""

    def get_set_string(self):
        return ""

    def get_show_string(self, value):
        return f"A CPU's struct qpmap_cpu is {value or 'not known'}."


PARAMETER = QpmapCpu()


def states_of(value, expression):
    """The struct qpmap_cpu that a value is, points at, or has in it."""
    kind = value.type.strip_typedefs()
    if kind.code == gdb.TYPE_CODE_ARRAY:
        low, high = kind.range()
        return [state for i in range(low, high + 1)
                for state in states_of(value[i], expression)]
    if kind.code == gdb.TYPE_CODE_PTR:
        if number(value) == 0:
            return []
        value = value.dereference()
        kind = value.type.strip_typedefs()
    if kind.code != gdb.TYPE_CODE_STRUCT or kind.tag != "qpmap_cpu":
        fail(f"{expression} is no struct qpmap_cpu but a {kind}")
    return [value]


def all_states(expressions, count):
    """Every CPU's struct qpmap_cpu, as the user says where they are."""
    expressions = expressions or [PARAMETER.value]
    if not expressions[0]:
        fail("where is a CPU's struct qpmap_cpu?  Say 'set qpmap-cpu "
             "EXPRESSION', $cpu in it is the CPU's number, or 'qpmap cpus "
             "EXPRESSION'")
    found = []
    for expression in expressions:
        if not re.search(r"\$cpu\b", expression):
            found += states_of(evaluate(expression), expression)
            continue
        for i in range(count):
            gdb.set_convenience_variable("cpu", i)
            found += states_of(evaluate(expression), expression)
    return found


class Window:
    """A CPU's state, read."""

    def __init__(self, cpu, state):
        self.cpu = cpu
        self.state = state
        self.index = int(cpu["index_plus_one"]) - 1
        self.slots = cpu["slot"].type.range()[1] - 1
        self.first = number(cpu["slot"][1].address)
        self.size = cpu["slot"][0].type.sizeof
        self.next = number(cpu["next"])

    def in_use(self):
        """How many slots are; None if next means none of them."""
        relative = evaluate("&qpmap_sentinel.slot[1]")
        width = 1 << 8 * relative.type.sizeof
        for base in (0, number(relative)):
            at = (self.next + base) % width - self.first
            if at % self.size == 0 and 0 <= at // self.size <= self.slots:
                return at // self.size
        return None

    def va(self, form, i):
        """A slot's address, and whether it is a slow-path mapping's.

        While it is, slot[i].va is not its address: it is worked out from the
        window, whose size is that of whole cache lines of entries.
        """
        va = number(self.cpu["slot"][i]["va"])
        line = self.cpu.type.alignof or 64
        entries = line // form.entry_size
        pages = -(-2 * self.slots // entries) * entries
        page = self.index * pages + 2 * i - 1
        worked_out = number(self.state["window_va"]) + \
            (page << form.page_shift)
        return worked_out, va != worked_out


def read_pte(ptep):
    """An entry's bits through the kernel's own address, or None."""
    try:
        return number(ptep.dereference()["bits"])
    except gdb.MemoryError:
        return None


def pte_text(found, ptep):
    bits = read_pte(ptep)
    if bits is None:
        return f"the entry at {number(ptep):#x} cannot be read", None
    return found.decode(bits).text() + f" (entry {bits:#x})", bits


def print_window(window, found):
    """One CPU: a line, and one for each slot in use."""
    if window.index < 0:
        print("CPU offline: " + str(window.cpu.address))
        return
    used = window.in_use()
    if used is None:
        print(f"CPU {window.index}: next is {window.next:#x}, which means "
              "none of its slots: something wrote into its state")
        return
    nesting = int(window.state["nesting"])
    print(f"CPU {window.index}: {used} of {plural(nesting, 'slot')} in use")
    for i in range(1, window.slots + 1):
        ptep = window.cpu["slot"][i]["ptep"]
        text, bits = pte_text(found, ptep)
        va, slow = window.va(found.form, i)
        if i <= used:
            print(f"  slot {i}  va {va:#x}  {text}" +
                  (", slow path" if slow else ""))
        elif i <= nesting and bits != 0:
            print(f"  slot {i}  va {va:#x}  not in use, but its entry is not "
                  f"empty: {text}")


def print_global(state, found):
    """The global slots that are mapped, or not yet invalidated everywhere."""
    if int(state["global_count"]) == 0:
        return
    bits = 8 * state["global"].type.sizeof
    used = dirty = 0
    lines = []
    for i in range(int(state["global_count"])):
        group = state["global"][i]
        for n in range(bits):
            word = "mapped" if number(group["used"]) >> n & 1 else \
                "dirty" if number(group["dirty"]) >> n & 1 else ""
            if not word:
                continue
            used += word == "mapped"
            dirty += word == "dirty"
            slot = i * bits + n
            va = number(state["global_va"]) + \
                (2 * slot + 1 << found.form.page_shift)
            text, _ = pte_text(found, group["entries"] + 2 * n + 1)
            lines.append(f"  slot {slot}  va {va:#x}  {text}" +
                         (", dirty" if word == "dirty" else ""))
    print(f"global: {used} of {int(state['global_count']) * bits} slots in "
          f"use, {dirty} dirty")
    for line in lines:
        print(line)


class Cpus(gdb.Command):
    """What each CPU holds: its slots in use, with address, page, attributes.

qpmap cpus [EXPRESSION...]

EXPRESSION is where the CPUs' struct qpmap_cpu are; see help set qpmap-cpu,
which is what is taken without one."""

    def __init__(self):
        super().__init__("qpmap cpus", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        state = need_state()
        found = machine(state)
        for cpu in all_states(gdb.string_to_argv(argument),
                              int(state["cpu_count"])):
            print_window(Window(cpu, state), found)
        print_global(state, found)


# qpmap pte

def canonical(va, bits, width):
    """Whether the bits that are not walked are all alike, as they must be."""
    if bits >= width:
        return True
    top = va >> (bits - 1)
    return top in (0, (1 << width - bits + 1) - 1)


def walk(found, va):
    """(level, pa of the entry, its bits, Entry), from the root down."""
    root, levels, bits, _ = found.root(va)
    form = found.form
    table = root
    walked = va & (1 << bits) - 1
    for level in range(levels - 1, -1, -1):
        shift = form.page_shift + level * form.table_shift()
        index = walked >> shift
        if level != levels - 1:
            index &= (1 << form.table_shift()) - 1
        at = table + index * form.entry_size
        value = read_physical(at, form.entry_size)
        entry = found.decode(value, level)
        yield level, at, value, entry
        if entry.kind != "table":
            return
        table = entry.pa


class Pte(gdb.Command):
    """The page-table walk to an address, from the selected CPU's root.

qpmap pte VA

VA is an expression.  Each entry is decoded, the last one field by field.
Another CPU is selected with the command thread."""

    def __init__(self):
        super().__init__("qpmap pte", gdb.COMMAND_DATA,
                         gdb.COMPLETE_EXPRESSION)

    def invoke(self, argument, from_tty):
        if not argument.strip():
            fail("which address?  qpmap pte VA")
        pointer = gdb.lookup_type("void").pointer().sizeof
        value = evaluate(argument)
        if value.type.strip_typedefs().code in (gdb.TYPE_CODE_FUNC,
                                                gdb.TYPE_CODE_ARRAY):
            value = value.address
        try:
            va = int(value) & (1 << 8 * pointer) - 1
        except gdb.error:
            fail(f"{argument} is no address but a {value.type}")
        found = machine(library_state())
        root, _, bits, name = found.root(va)
        print(f"va {va:#x}, {found.form.name}, root at pa {root:#x} ({name})")
        arm64 = isinstance(found, MachineArm64)
        if not canonical(va, bits + (1 if arm64 else 0), 8 * pointer):
            print(f"not canonical: {bits} bits of an address are walked, and "
                  "those above must be alike")
            return
        for level, at, value, entry in walk(found, va):
            print(f"  level {level}  entry at pa {at:#x} = {value:#x}  "
                  f"{entry.text()}")
        for line in qpmap_pte.lines(entry.fields, value):
            print("  " + line)
        if entry.maps():
            print(f"va {va:#x} is pa {entry.pa + va % entry.size:#x}")
        else:
            print(f"va {va:#x} is not mapped")


# qpmap shootdown

def frames(thread):
    """The frames of a thread's stack, the newest first, as far as they go."""
    thread.switch()
    frame = gdb.newest_frame()
    for _ in range(64):
        if frame is None:
            return
        yield frame
        try:
            frame = frame.older()
        except gdb.error:
            return


def local(frame, name):
    """A variable of a frame's, or None."""
    try:
        value = frame.read_var(name)
        return None if value.is_optimized_out else value
    except (ValueError, gdb.error):
        return None


# Those that call qpmap_shootdown_notify(), which have the CPU set as well.
CALLERS = ("qpmap_shootdown", "qpmap_shootdown_pages")


def initiators():
    """Threads in qpmap_shootdown_notify(): (thread, generation, CPU set).

    The set is a bitmap's address, 0 for all CPUs; generation and set are None
    where the debug information does not have them.
    """
    found = []
    selected = gdb.selected_thread()
    for thread in gdb.selected_inferior().threads():
        if not thread.is_valid() or not thread.is_stopped():
            continue
        generation = cpus = None
        waits = False
        for frame in frames(thread):
            if frame.name() == "qpmap_shootdown_notify":
                waits = True
                generation = local(frame, "generation")
            if waits and cpus is None:
                cpus = local(frame, "cpus")
            if frame.name() in CALLERS:
                break
        if waits:
            found.append((thread, None if generation is None else
                          number(generation), cpus))
    if selected is not None:
        selected.switch()
    return sorted(found, key=lambda item: item[0].num)


def in_set(cpus, index):
    """Whether a CPU is in an initiator's set; None if that is not known."""
    if cpus is None:
        return None
    if number(cpus) == 0:
        return True
    word = 8 * cpus.dereference().type.sizeof
    try:
        return number(cpus[index // word]) >> index % word & 1 == 1
    except gdb.MemoryError:
        return None


class Generation:
    """Numbers of requests: they wrap around."""

    def __init__(self, value):
        self.bits = 8 * value.type.sizeof
        self.newest = number(value)

    def behind(self, acknowledged, newest=None):
        """How many requests are not acknowledged; 0 or less: none."""
        newest = self.newest if newest is None else newest
        lag = (newest - acknowledged) % (1 << self.bits)
        return lag if lag >> (self.bits - 1) == 0 else lag - (1 << self.bits)


def print_requests(state, generation):
    """The last few requests that CPUs can still read."""
    requests = state["shootdown"]["requests"]
    size = requests.type.range()[1] + 1
    print(f"generation {generation.newest:#x}; the newest requests:")
    for i in range(4):
        wanted = (generation.newest - i) % (1 << generation.bits)
        request = requests[wanted % size]
        count = number(request["page_count"])
        if number(request["generation"]) != wanted or count == 0:
            continue
        every = count == (1 << 8 * request["page_count"].type.sizeof) - 1
        print(f"  {wanted:#x}  " + ("everything" if every else
              f"{plural(count, 'page')} from va {number(request['va']):#x}"))


def waited_for(index, acknowledged, generation, waiting):
    """What a CPU that is behind is to those that wait."""
    words = []
    for thread, wanted, cpus in waiting:
        newest = generation.newest if wanted is None else wanted
        member = in_set(cpus, index)
        if generation.behind(acknowledged, newest) <= 0 or member is False:
            continue
        words.append(("waited for by thread " if member and wanted is not None
                      else "perhaps waited for by thread ") + str(thread.num))
    return ", ".join(words) or "nobody waits for it"


class Shootdown(gdb.Command):
    """The shootdown: the newest requests, who acknowledged, who is waited for.

qpmap shootdown"""

    def __init__(self):
        super().__init__("qpmap shootdown", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        if argument.strip():
            fail("qpmap shootdown takes no argument")
        state = need_state()
        try:
            missing = number(state["shootdown"]) == 0
            state["shootdown"]["generation"]
        except gdb.error:
            missing = True
        if missing:
            fail("this library is built without QPMAP_SHOOTDOWN, or "
                 "qpmap_init() got no memory for it")
        if isinstance(machine(state), MachineArm64):
            print("arm64: the hardware broadcasts invalidations; no CPU is "
                  "interrupted or waited for")
            return
        if int(state["flags"]) & F_SBI_RFENCE:
            print("QPMAP_F_SBI_RFENCE: the firmware does it; below are the "
                  "requests that it refused")
        generation = Generation(state["shootdown"]["generation"])
        print_requests(state, generation)
        waiting = initiators()
        for index in range(int(state["cpu_count"])):
            sync = state["cpu_sync"][index]
            online = int(sync["online"])
            acknowledged = number(sync["acknowledged"])
            if online != SYNC_ONLINE:
                print(f"CPU {index}: " + ("joining or leaving, not waited for"
                      if online == SYNC_TAKEN else "offline"))
                continue
            lag = generation.behind(acknowledged)
            text = "all" if lag <= 0 else \
                plural(lag, "request") + " behind, " + \
                waited_for(index, acknowledged, generation, waiting)
            print(f"CPU {index}: acknowledged {acknowledged:#x}, {text}")
        for thread, wanted, _ in waiting:
            name = getattr(thread, "details", None) or thread.name
            print(f"thread {thread.num} ({name}) waits in "
                  "qpmap_shootdown" +
                  (f" for {wanted:#x}" if wanted is not None else ""))
        if not waiting:
            print("no thread waits in qpmap_shootdown")


class Qpmap(gdb.Command):
    """What qpmap holds and does in the kernel that is debugged."""

    def __init__(self):
        super().__init__("qpmap", gdb.COMMAND_DATA, gdb.COMPLETE_NONE, True)


Qpmap()
Cpus()
Pte()
Shootdown()
