# SPDX-License-Identifier: BSD-2-Clause
"""Page-table entries, field by field, for tools/decode and tools/gdb/qpmap.py.

One table of fields for each format.  Names are those of src/arch/*/pte.h;
tests/gdb/test_decode.py compares every bit of a leaf with these headers.
"""


class Field:
    """Bits high to low of an entry, what they are called and what they say.

    macro is the name in pte.h behind QPTE_, or None where only its comment
    names the field.  meaning is a text, or the texts for the values 0, 1, ...
    """

    def __init__(self, high, low, name, meaning="", macro=None):
        self.high = high
        self.low = low
        self.name = name
        self.meaning = meaning
        self.macro = macro

    def mask(self):
        return (1 << (self.high + 1)) - (1 << self.low)

    def value(self, bits):
        return (bits & self.mask()) >> self.low

    def says(self, bits):
        if isinstance(self.meaning, str):
            return self.meaning
        return self.meaning[self.value(bits)]


class Entry:
    """What an entry means as a whole.

    kind is "empty", "mark", "invalid", "table", "page" or "large".  The rest
    is set for the last three alone, but for the fields.
    """

    def __init__(self, kind, fields):
        self.kind = kind
        self.fields = fields
        self.pa = 0
        self.size = 0
        self.type = ""
        self.rights = ""

    def maps(self):
        return self.kind in ("page", "large")

    def text(self):
        """One line: where the entry leads, and how."""
        if self.kind == "empty":
            return "empty"
        if self.kind == "mark":
            return "invalid: the mark of a guard (QPMAP_F_MARK_GUARDS)"
        if self.kind == "invalid":
            return "invalid: the walker ignores all other bits"
        if self.kind == "table":
            return f"table at pa {self.pa:#x}"
        name = "page" if self.kind == "page" else f"{size_text(self.size)} page"
        return f"{name} at pa {self.pa:#x}, {self.type}, {self.rights}"


def size_text(size):
    for shift, unit in ((30, "GiB"), (20, "MiB"), (10, "KiB")):
        if size >> shift:
            return f"{size >> shift} {unit}"
    return f"{size} bytes"


IGNORED = ""
RESERVED = "must be 0"
NX = ("execution is allowed", "no execution")
DIRTY = ("not dirty", "dirty")
ACCESSED = ("not accessed", "accessed")
GLOBAL = ("not global", "global")
X86_USER = ("kernel only", "user")
X86_WRITE = ("read-only", "writable")
X86_PRESENT = ("not present", "present")


class Format:
    """An architecture's format of entries; the base of the classes below."""

    page_shift = 12
    entry_size = 8
    mark = 0
    layout_name = ""

    def fields(self, bits, level):
        raise NotImplementedError

    def is_valid(self, bits, level):
        return bits & 1 != 0

    def is_table(self, bits, level):
        raise NotImplementedError

    def address(self, bits, level):
        raise NotImplementedError

    def type_text(self, bits, level, layout):
        raise NotImplementedError

    def rights(self, bits):
        raise NotImplementedError

    def span(self, level):
        """Bytes of addresses that an entry of that level maps; level 0 maps pages."""
        return 1 << (self.page_shift + level * self.table_shift())

    def table_shift(self):
        return self.page_shift - self.entry_size.bit_length() + 1

    def decode(self, bits, level=0, layout=None, sharing=0):
        """An Entry.  layout: PAT or MAIR_EL1; sharing: bits of no address."""
        entry = Entry("empty", self.fields(bits, level))
        if not self.is_valid(bits, level):
            if bits != 0:
                entry.kind = "mark" if bits == self.mark else "invalid"
            return entry
        entry.kind = "page" if level == 0 else "large"
        entry.size = self.span(level)
        if level != 0 and self.is_table(bits, level):
            entry.kind = "table"
        entry.pa = self.address(bits & ~sharing, level)
        if entry.maps():
            entry.type = self.type_text(bits, level, layout)
            entry.rights = self.rights(bits)
        return entry

    def check_layout(self, layout):
        """A complaint about a layout, or None."""
        if not self.layout_name:
            return "riscv64 has no such register: leave out --layout"
        if layout >> 64:
            return f"{self.layout_name} has 64 bits"
        return None


class X86(Format):
    """amd64, and i386 with PAE or 32-bit entries."""

    layout_name = "PAT (MSR 277h)"
    mark = 1 << 9

    LOW = (
        Field(6, 6, "D", DIRTY, "D"),
        Field(5, 5, "A", ACCESSED, "A"),
        Field(4, 4, "PCD", "memory type: bit 1 of PAT index", "PCD"),
        Field(3, 3, "PWT", "memory type: bit 0 of PAT index", "PWT"),
        Field(2, 2, "U/S", X86_USER),
        Field(1, 1, "RW", X86_WRITE, "RW"),
        Field(0, 0, "P", X86_PRESENT, "P"))
    LEAF = (
        Field(11, 9, "ignored", IGNORED),
        Field(8, 8, "G", GLOBAL, "G"),
        Field(7, 7, "PAT", "memory type: bit 2 of PAT index", "PAT"))
    LARGE = (
        Field(12, 12, "PAT", "memory type: bit 2 of PAT index"),
        Field(11, 9, "ignored", IGNORED),
        Field(8, 8, "G", GLOBAL),
        Field(7, 7, "PS", ("a table", "a large page"), "PS"))
    TABLE = (
        Field(11, 8, "ignored", IGNORED),
        Field(7, 7, "PS", ("a table", "a large page"), "PS"),
        Field(6, 6, "ignored", IGNORED)) + LOW[1:]
    PDPTE = (
        Field(63, 52, "reserved", RESERVED),
        Field(51, 12, "PA", "physical page of the table"),
        Field(11, 9, "ignored", IGNORED),
        Field(8, 5, "reserved", RESERVED),
        Field(4, 4, "PCD", "memory type: bit 1 of PAT index"),
        Field(3, 3, "PWT", "memory type: bit 0 of PAT index"),
        Field(2, 1, "reserved", RESERVED),
        Field(0, 0, "P", X86_PRESENT))
    # By the PAT's code: 2 and 3 are reserved.
    CODES = {0: "UC", 1: "WC", 4: "WT", 5: "WP", 6: "WB", 7: "UC-"}

    def __init__(self, name):
        self.name = name
        self.pae = name == "i386-pae"
        self.entry_size = 4 if name == "i386" else 8

    def top(self, level):
        """The fields above the address."""
        if self.entry_size == 4:
            return ()
        if self.pae:
            rest = (Field(62, 52, "reserved", RESERVED),)
        elif level == 0:
            rest = (Field(62, 59, "PKS key", "protection key"),
                    Field(58, 52, "ignored", IGNORED))
        else:
            rest = (Field(62, 52, "ignored", IGNORED),)
        return (Field(63, 63, "NX", NX, "NX"),) + rest

    def fields(self, bits, level):
        high = 31 if self.entry_size == 4 else 51
        if level == 2 and self.pae:
            return self.PDPTE
        if level == 0:
            return self.top(level) + (
                Field(high, 12, "PA", "physical page", "PA"),) + \
                self.LEAF + self.LOW
        if self.is_table(bits, level):
            return self.top(level) + (
                Field(high, 12, "PA", "physical page of the table"),) + \
                self.TABLE
        if self.entry_size == 4:
            return (Field(31, 22, "PA", "bits 31:22 of the address"),
                    Field(21, 21, "reserved", RESERVED),
                    Field(20, 13, "PA", "bits 39:32 of the address")) + \
                self.LARGE + self.LOW
        low = self.span(level).bit_length() - 1
        return self.top(0) + (
            Field(51, low, "PA", "physical large page"),
            Field(low - 1, 13, "reserved", RESERVED)) + self.LARGE + self.LOW

    def is_table(self, bits, level):
        largest = 1 if self.pae else 2
        return level > largest or bits >> 7 & 1 == 0

    def address(self, bits, level):
        high = 32 if self.entry_size == 4 else 52
        if level == 0 or self.is_table(bits, level):
            return bits & ((1 << high) - (1 << 12))
        address = bits & ((1 << high) - self.span(level))
        if self.entry_size == 4:
            address |= (bits >> 13 & 0xff) << 32
        return address

    def type_text(self, bits, level, layout):
        pat = 7 if level == 0 else 12
        index = (bits >> pat & 1) << 2 | (bits >> 3 & 3)
        if layout is None:
            return f"memory type: entry {index} of the PAT"
        code = layout >> 8 * index & 7
        return f"{self.CODES.get(code, 'reserved type')} (PAT entry {index})"

    def rights(self, bits):
        words = ["writable" if bits & 2 else "read-only"]
        executable = self.entry_size == 4 or not bits >> 63 & 1
        words.append("executable" if executable else "no execution")
        if bits & 4:
            words.append("user")
        if bits >> 8 & 1:
            words.append("global")
        return ", ".join(words)


class Arm64(Format):
    """arm64's four kinds of address: by page size, and with LPA2."""

    layout_name = "MAIR_EL1"
    mark = 1 << 55

    def __init__(self, name):
        self.name = name
        self.lpa2 = "lpa2" in name
        self.page_shift = 14 if "16k" in name else 16 if "64k" in name else 12

    def address_fields(self, low, what):
        """From bit 49 down to bit 10, less nG and AF; low: of the address."""
        high = 49 if self.lpa2 else 47
        out = []
        if not self.lpa2:
            out.append(Field(49, 48, "reserved", RESERVED))
        out.append(Field(high, low, "OA", what, "OA"))
        end = 12
        if self.page_shift == 16:
            end = 16
        if low > 17 and end <= 16:
            out.append(Field(low - 1, 17, "reserved", RESERVED))
            out.append(Field(16, 16, "nT", "block: its own translation"))
            low = 16
        if low > end:
            out.append(Field(low - 1, end, "reserved", RESERVED))
        if self.page_shift == 16:
            out.append(Field(15, 12, "OA_TOP", "bits 51:48 of the address",
                             "OA_TOP"))
        return out

    def bits_9_8(self):
        if self.lpa2:
            return Field(9, 8, "OA_TOP", "bits 51:50 of the address",
                         "OA_TOP")
        return Field(9, 8, "SH", ("not shareable", "reserved",
                                  "outer shareable", "inner shareable"), "SH")

    def leaf(self, level):
        low = self.span(level).bit_length() - 1
        last = ("invalid", "invalid", "reserved", "a page")
        block = ("invalid", "a block", "invalid", "a table")
        return [
            Field(63, 63, "ignored", IGNORED),
            Field(62, 59, "PBHA", "vendor's attributes, or POIndex"),
            Field(58, 55, "ignored", IGNORED),
            Field(54, 54, "UXN", ("execution at EL0 is allowed",
                                  "no execution at EL0"), "UXN"),
            Field(53, 53, "PXN", ("execution at EL1 is allowed",
                                  "no execution at EL1"), "PXN"),
            Field(52, 52, "Contiguous", ("one page", "one of a run")),
            Field(51, 51, "DBM", ("the walker does not write it",
                                  "the walker writes it: dirty state")),
            Field(50, 50, "GP", ("not guarded", "guarded: BTI is checked")),
        ] + self.address_fields(low, "physical page") + [
            Field(11, 11, "NG", ("global", "not global"), "NG"),
            Field(10, 10, "AF", ("not accessed: an access faults",
                                 "accessed"), "AF"),
            self.bits_9_8(),
            Field(7, 7, "AP[2]", ("writable", "read-only"), "AP_RO"),
            Field(6, 6, "AP[1]", ("kernel only", "user")),
            Field(5, 5, "NS", ("this security state's memory",
                               "non-secure memory"), "NS"),
            Field(4, 2, "ATTRINDX", "memory type: byte of MAIR_EL1",
                  "ATTRINDX"),
            Field(1, 0, "type", last if level == 0 else block,
                  "PAGE" if level == 0 else None)]

    def table(self):
        fields = [
            Field(63, 63, "NSTable", "security state of the tables below"),
            Field(62, 61, "APTable", ("no restriction", "no access from EL0",
                                      "read-only below",
                                      "read-only below, no access from EL0")),
            Field(60, 60, "UXNTable", ("no restriction",
                                       "no execution at EL0 below")),
            Field(59, 59, "PXNTable", ("no restriction",
                                       "no execution at EL1 below")),
            Field(58, 50, "ignored", IGNORED)]
        fields += self.address_fields(self.page_shift, "the next table")
        fields += [Field(11, 11, "ignored", IGNORED),
                   Field(10, 10, "AF", ("not accessed", "accessed"), "AF"),
                   self.bits_9_8() if self.lpa2 else
                   Field(9, 8, "ignored", IGNORED),
                   Field(7, 2, "ignored", IGNORED),
                   Field(1, 0, "type", ("invalid", "a block", "invalid",
                                        "a table"))]
        return fields

    def fields(self, bits, level):
        if level != 0 and self.is_table(bits, level):
            return self.table()
        return self.leaf(level)

    def is_valid(self, bits, level):
        """In the last level an entry is a page or nothing."""
        return bits & 3 == 3 if level == 0 else bits & 1 != 0

    def is_table(self, bits, level):
        return bits & 2 != 0

    def address(self, bits, level):
        low = self.page_shift
        if level != 0 and not self.is_table(bits, level):
            low += level * self.table_shift()
        address = bits & ((1 << (50 if self.lpa2 else 48)) - (1 << low))
        if self.lpa2:
            address |= (bits >> 8 & 3) << 50
        elif self.page_shift == 16:
            address |= (bits >> 12 & 15) << 48
        return address

    @staticmethod
    def cache_text(half):
        """One of the two caches, by four bits of a byte of MAIR_EL1."""
        if half == 4:
            return "non-cacheable"
        hints = "".join(word for bit, word in ((2, " R"), (1, " W"))
                        if half & bit)
        name = "write-back" if half & 4 else "write-through"
        return name + ("" if half & 8 else " transient") + \
            (", allocate on" + hints if hints and hints != " R W" else "")

    def mair_text(self, byte):
        device = {0x00: "Device-nGnRnE", 0x04: "Device-nGnRE",
                  0x08: "Device-nGRE", 0x0c: "Device-GRE",
                  0x40: "Normal non-cacheable, XS = 0",
                  0xa0: "Normal write-through, XS = 0",
                  0xf0: "Normal write-back, tagged"}
        if byte in device:
            return device[byte]
        outer, inner = byte >> 4, byte & 15
        if outer == 0 or inner == 0:
            return "reserved type"
        if outer == inner:
            return "Normal " + self.cache_text(inner)
        return (f"Normal inner {self.cache_text(inner)}, "
                f"outer {self.cache_text(outer)}")

    def type_text(self, bits, level, layout):
        index = bits >> 2 & 7
        if layout is None:
            return f"memory type: byte {index} of MAIR_EL1"
        return (f"{self.mair_text(layout >> 8 * index & 0xff)} "
                f"(MAIR byte {index})")

    def rights(self, bits):
        words = ["read-only" if bits >> 7 & 1 else "writable"]
        words.append(("executable", "executable at EL0", "executable at EL1",
                      "no execution")[bits >> 53 & 3])
        if bits >> 6 & 1:
            words.append("user")
        if not bits >> 11 & 1:
            words.append("global")
        return ", ".join(words)


class Riscv64(Format):
    """Sv39, Sv48 and Sv57: leaves and pointers have the same fields."""

    name = "riscv64"
    mark = 1 << 8

    FIELDS = (
        Field(63, 63, "N", ("one page", "one of a range (Svnapot)")),
        Field(62, 61, "PBMT", ("the memory's own type (PMA)",
                               "non-cacheable (NC)", "device (IO)",
                               "reserved"), "PBMT"),
        Field(60, 54, "reserved", RESERVED),
        Field(53, 10, "PPN", "physical page number", "PPN"),
        Field(9, 8, "RSW", "software's"),
        Field(7, 7, "D", DIRTY, "D"),
        Field(6, 6, "A", ACCESSED, "A"),
        Field(5, 5, "G", ("this address space only", "global")),
        Field(4, 4, "U", ("kernel only", "user")),
        Field(3, 3, "X", ("no execution", "execution is allowed"), "X"),
        Field(2, 2, "W", ("not writable", "writable"), "W"),
        Field(1, 1, "R", ("not readable", "readable"), "R"),
        Field(0, 0, "V", ("not valid", "valid"), "V"))

    def fields(self, bits, level):
        return self.FIELDS

    def is_table(self, bits, level):
        return bits & 14 == 0

    def address(self, bits, level):
        if self.is_table(bits, level):
            level = 0
        address = (bits >> 10 & ((1 << 44) - 1)) << 12
        return address & ~(self.span(level) - 1)

    def type_text(self, bits, level, layout):
        return ("PMA", "NC", "IO", "reserved type")[bits >> 61 & 3]

    def rights(self, bits):
        words = ["writable" if bits & 4 else "read-only"]
        words.append("executable" if bits & 8 else "no execution")
        if bits & 16:
            words.append("user")
        if bits & 32:
            words.append("global")
        return ", ".join(words)


FORMATS = {name: kind(name) for name, kind in (
    ("amd64", X86), ("i386", X86), ("i386-pae", X86), ("arm64", Arm64),
    ("arm64-16k", Arm64), ("arm64-64k", Arm64), ("arm64-lpa2", Arm64),
    ("arm64-lpa2-16k", Arm64))}
FORMATS["riscv64"] = Riscv64()


def lines(fields, bits):
    """Every field of an entry, top bit first, a line each."""
    for field in fields:
        where = str(field.high) if field.high == field.low else \
            f"{field.high}:{field.low}"
        value = field.value(bits)
        width = field.high - field.low + 1
        shown = value if width < 4 else f"{value:#x}"
        line = f"{where:>8}  {field.name:<11}{shown:<14}{field.says(bits)}"
        yield line.rstrip()
