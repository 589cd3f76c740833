#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tables and figures of what tools/bench has counted.

tools/bench imports this.  With --write it writes bench/RESULTS.md, whole, and
the tables of README.md; at every run it holds those against what it counted;
and with --report it writes all tables, and the figures, into
build/bench/report/.  docs/performance.md explains the counts.
"""
import os
import subprocess
import sys
import textwrap

# The names of the designs in the results, and in the tables.
DESIGNS = {
    "qpmap": "qpmap",
    "percpu": "per-CPU slot (FreeBSD/i386 before 13)",
    "percpu_table": "the same, through a table (FreeBSD/i386 since 13)",
    "global": "one slot, spin lock (FreeBSD/amd64)",
    "kmap": "slots of a thread (Linux/i386)",
    "kmap_switched": "the same, and a context switch",
    "broadcast": "broadcast twice (XNU/arm64)",
    "mapcache_again": "mapcache, same page again (Xen)",
    "mapcache_other": "mapcache, another page (Xen)",
    "mapcache_mean": "mapcache, mean of a run (Xen)",
}
LONGEST = "mapcache, longest of the run (Xen)"
# For pages of a direct map: the same, by kernel.
DIRECT = {
    "global_direct": "FreeBSD",
    "dmap_direct": "FreeBSD",
    "kmap_direct": "Linux, low memory",
    "lowmem_direct": "Linux",
    "broadcast_direct": "XNU",
    "mapcache_direct": "Xen",
}
# Pairs of ours beside the best case: the name in the results, in the tables.
BEST = "best case: inline hooks, a counter of the CPU"
BESIDE = {
    "thread": "inline hooks, a counter of the thread, owed preemption",
    "page": "the same, and a page as argument",
    "functions": "hooks that are functions",
    "gcc": "best case, by gcc 12",
}
SLOW = "the slow path"
INLINE = "inline (QPMAP_INLINE)"
PAIRS = ("window", "window_tested", "direct")


def modes(results):
    """The modes, in their order."""
    return {mode: results[mode] for mode in sorted(results)}


def targets(results):
    """The first mode of each target: name, counts."""
    found = {}
    for count in modes(results).values():
        found.setdefault(count["target"], count)
    return found


def compared(results):
    """The targets that tables of designs have: one page size of arm64."""
    return {target: count for target, count in targets(results).items()
            if "arm64-" not in target}


def designs(count):
    """Those of a target, ours first."""
    return {design: count["designs"][design] for design in DESIGNS
            if design in count["designs"]}


def grid(head, rows):
    """A Markdown table; all but the first column are numbers."""
    lines = [head, ["---"] + ["---:"] * (len(head) - 1)] + rows
    return "".join("| %s |\n" % " | ".join(
        "%g" % cell if isinstance(cell, float) else str(cell)
        for cell in line) for line in lines)


def kinds(count):
    """A target's kinds of CPU: the names of their counts, in words."""
    feature = "TLBI by range" if "arm64" in count["target"] else "PCIDs"
    words = {"smp": "", "smp_feature": feature, "smp_g": "PCIDs and G"}
    return {name: words[name] for name in words if name in count}


def operations(row):
    """TLB operations, of this CPU and of all, as the tables say them."""
    said = []
    if row["tlb_local"]:
        said.append("%g" % row["tlb_local"])
    if row["tlb_broadcast"]:
        said.append("%d of all CPUs" % row["tlb_broadcast"])
    if row.get("others_tlb"):
        said.append("%d of others" % row["others_tlb"])
    return ", ".join(said) or "0"


def total(row):
    """Instructions of all CPUs for one pair of one of them."""
    return row["instructions"] + row["others_instructions"]


def pair(count):
    """Instructions of an enter and its remove."""
    return count["enter"] + count["remove"]


def table_pairs(results):
    rows = []
    for mode, count in modes(results).items():
        rows.append([mode] + [pair(count[what]) for what in
                              PAIRS + ("inline_direct", "slow")] +
                    [operations(count), count["barriers"],
                     count["lines_written"], count["lines_shared"]])
    return grid(["mode", "no direct map", "page outside one",
                 "page inside one", "the same inline", "slow path",
                 "TLB operations", "barriers", "lines written",
                 "of them shared"], rows)


def beside(count):
    """Pairs of a target: title, counts by direct map, what else a pair does."""
    found = [(BEST, count, count)]
    found += [(title, count[name], count[name])
              for name, title in BESIDE.items() if name in count]
    found.append((SLOW, {"window": count["slow"]}, None))
    return found


def table_beside(results):
    rows = []
    for target, count in compared(results).items():
        for title, pairs, row in beside(count):
            rows.append([target, title] +
                        [pair(pairs[what]) if what in pairs else "-"
                         for what in PAIRS] +
                        ([operations(row), row["barriers"],
                          row["lines_written"]] if row else ["-"] * 3))
    return grid(["target", "hooks, argument, compiler", "no direct map",
                 "page outside one", "page inside one", "TLB operations",
                 "barriers", "lines written"], rows)


def table_direct(results):
    rows = []
    for target, count in compared(results).items():
        rows += [[target, "qpmap: " + title, pair(pairs["direct"])]
                 for title, pairs, _ in beside(count) if "direct" in pairs]
        rows.append([target, "qpmap: " + INLINE,
                     pair(count["inline_direct"])])
        rows += [[target, title, count["designs"][name]["rows"][0][
            "instructions"]] for name, title in DIRECT.items()
                 if name in count["designs"]]
    return grid(["target", "kernel", "instructions"], rows)


def table_inline(results):
    rows = []
    for mode, count in modes(results).items():
        row = [mode]
        for what in ("inline_direct", "inline_constant"):
            one = count[what]
            row += [one["enter"], one["remove"], one["enter"] + one["remove"],
                    one["caller"]]
        rows.append(row)
    return grid(["mode", "enter", "remove", "pair", "in a leaf",
                 "constants: enter", "remove", "pair", "in a leaf"], rows)


def table_designs(results):
    rows = []
    for target, count in compared(results).items():
        for design, counted in designs(count).items():
            alone, most = counted["rows"][0], counted["rows"][-1]
            rows.append([target, DESIGNS[design], alone["instructions"],
                         operations(alone), alone["barriers"],
                         alone["lines_written"], most["shared_lines"],
                         "yes" if counted["at_once"] else "no"])
            if design == "qpmap":
                like = count["page"]
                rows.append([target, "qpmap, a page as argument, owed "
                             "preemption", pair(like["window"]),
                             operations(like), like["barriers"],
                             like["lines_written"], most["shared_lines"],
                             "yes"])
    return grid(["target", "design", "instructions", "TLB operations",
                 "barriers", "lines written", "shared, 64 CPUs",
                 "pages at once on two CPUs"], rows)


def by_cpus(count):
    """Of a target: a design's title, its rows, instructions in each."""
    found = []
    for design, counted in designs(count).items():
        rows = counted["rows"]
        found.append((DESIGNS[design], rows, [total(row) for row in rows]))
        if "longest" in rows[0]:
            found.append((LONGEST, rows, [row["longest"] for row in rows]))
    return found


def table_cpus(results):
    rows, cpus = [], []
    for target, count in compared(results).items():
        for title, counted, instructions in by_cpus(count):
            cpus = [row["cpus"] for row in counted]
            if title != DESIGNS["kmap_switched"]:
                rows.append([target, title] + instructions +
                            [counted[-1]["interrupts"]])
    return grid(["target", "design"] + cpus + ["interrupts, 64 CPUs"], rows)


def table_shootdown(results):
    rows, cpus = [], []
    kept = [(" with ".join(filter(None, (target, words))), pages,
             [row for row in count[name]["shootdown"]
              if row["pages"] == pages])
            for target, count in compared(results).items()
            for name, words in kinds(count).items() for pages in (1, 8, 64)]
    for target, pages, counted in kept:
        cpus = [row["cpus"] for row in counted]
        rows.append([target, pages] +
                    [row["initiator"]["instructions"] for row in counted] +
                    [counted[-1]["target"]["instructions"],
                     counted[-1]["interrupts"],
                     operations(counted[0]["initiator"])])
    return grid(["target", "pages"] + cpus +
                ["each other CPU", "interrupts, 64 CPUs", "TLB operations"],
                rows)


def table_copy(results):
    rows = []
    for mode, count in modes(results).items():
        copy = count["copy"]
        rows.append([mode] + [copy[what] for what in (
            "read_4096", "write_4096", "copy_page", "zero_page", "read_4")] +
                    [copy["read_4"] - copy["pair_ro"], copy["page_bytes"]])
    return grid(["mode", "read 4096", "write 4096", "copy a page",
                 "zero a page", "read 4", "of it beside the pair",
                 "bytes of a page"], rows)


def table_try(results):
    rows = []
    for mode, count in modes(results).items():
        tried = count["try"]
        rows.append([mode, tried["read_4096"], "%.3f" % tried["ratio"],
                     tried["write_4096"], "%.3f" % tried["write_ratio"],
                     tried["copy_page"], tried["short_more"],
                     tried["plain_read_4096"]])
    return grid(["mode", "read 4096", "of the plain one", "write 4096",
                 "of the plain one", "copy a page",
                 "more, of 1 to 8 bytes, at most",
                 "plain read 4096, same build"], rows)


def ranges(count):
    """Those of a target: what CPUs they are of, and for each size a row."""
    return [(word, count[name]) for word, name in
            (("", "range"), ("TLBI by range", "range_feature"))
            if name in count]


def range_designs(results):
    """The designs that tables of ranges have: those that unmap each page."""
    return [design for design in DESIGNS
            if not design.startswith(("kmap_", "mapcache"))
            and any(design in count["designs"]
                    for count in compared(results).values())]


def one_by_one(count, design):
    """Instructions of a pair, for each of the pages of a range."""
    found = count["designs"].get(design)
    return found["rows"][0]["instructions"] if found else "-"


def table_range(results):
    rows, others = [], range_designs(results)
    for target, count in compared(results).items():
        for word, counted in ranges(count):
            for row in counted:
                rows.append([
                    ", ".join(filter(None, (target, word))), row["pages"],
                    round(row["instructions"] / row["pages"], 1),
                    round(row["list_instructions"] / row["pages"], 1)] +
                    [one_by_one(count, design) for design in others] +
                    [operations(row), row["barriers"]])
    return grid(["target", "pages", "a range, for each page",
                 "a list, for each page"] +
                [DESIGNS[design] for design in others] +
                ["TLB operations of the range", "barriers of it"], rows)


def table_switch(results):
    rows = []
    for mode, count in modes(results).items():
        none, *held = count["switch"]
        theirs = {row["held"]: row for row in count.get("switch_kmap", ())}
        row = [mode, none["instructions"]]
        for ours in held:
            row += [ours["instructions"], ours["tlb"]]
        for ours in held:
            like = theirs.get(ours["held"])
            row += [like["instructions"], like["tlb"]] if like else ["-"] * 2
        rows.append(row)
    return grid(["mode", "nothing held", "1 page held", "TLB operations",
                 "4 pages held", "TLB operations",
                 DESIGNS["kmap"] + ", 1 page held", "TLB operations",
                 "4 pages held", "TLB operations"], rows)


def table_size(results):
    return grid(["target", "code", "of it enter, enter_ro, remove",
                 "read-only data", "writable data", "a CPU's state"],
                [[target, count["text"], count["hot_text"], count["rodata"],
                  count["writable"], count["cpu_state"]]
                 for target, count in targets(results).items()])


TABLES = {"pairs": table_pairs, "inline": table_inline, "beside": table_beside,
          "copy": table_copy, "try": table_try, "range": table_range,
          "switch": table_switch, "designs": table_designs,
          "direct": table_direct, "cpus": table_cpus,
          "shootdown": table_shootdown, "size": table_size}
# The sections of bench/RESULTS.md: without sizes, which change too often.
RESULTS = (
    ("A pair", "pairs"),
    ("A pair inline, inside the direct map", "inline"),
    ("Beside the best case", "beside"),
    ("Bytes and whole pages", "copy"),
    ("Copies that survive a fault, without one", "try"),
    ("Ranges of pages", "range"),
    ("A context switch, out and in together", "switch"),
    ("Other designs", "designs"),
    ("Pages of a direct map", "direct"),
    ("Against the number of CPUs", "cpus"),
    ("Shootdowns", "shootdown"),
)
HEAD = """\
# Results of tools/bench

`tools/bench --write` writes this file: do not edit it.
Every number is an exact count, made in an emulator from the code of clang 14
(one row of each target: of gcc 12).
[docs/performance.md](../docs/performance.md) says what is counted and compared,
and what the numbers mean.
"""


def table_limits(limits):
    """The limits of the bulk functions: of 4096 bytes, of a read of 4."""
    return grid(["target", "4096 bytes", "beside the pair"],
                [[target] + list(limit) for target, limit in limits.items()])


def document(results, limits):
    """The text of bench/RESULTS.md."""
    text = HEAD
    for title, table in RESULTS:
        text += "\n## %s\n\n%s" % (title, TABLES[table](results))
        if table == "copy":
            text += "\nLimits:\n\n" + table_limits(limits)
    return text


def readme(results, text):
    """README.md with the tables that are counted, between two comments."""
    first = {target: count for target, count in compared(results).items()}
    best = table_pairs({target: count for target, count in first.items()
                        if target != "i386-pae"})
    best = best.replace("| mode |", "| |")
    columns = {target: beside(count) for target, count in first.items()}
    rows = []
    for title in [BEST] + list(BESIDE.values()) + [SLOW]:
        numbers = [{name: pair(pairs["window"]) for name, pairs, _ in found}
                   for found in columns.values()]
        rows.append([title] + [row.get(title, "-") for row in numbers])
    tables = {"best": best, "beside": grid(["", *columns], rows)}
    for name, table in tables.items():
        begin = "<!-- tools/bench --write: %s -->\n" % name
        head, found, rest = text.partition(begin)
        _, end, tail = rest.partition("<!-- end -->\n")
        if not found or not end:
            sys.exit("bench: README.md has no place for the table '%s'" % name)
        text = head + begin + table + end + tail
    return text


def stale(path, text):
    """Lines of a file that differ from the text it should have."""
    name = os.path.basename(path)
    try:
        with open(path, encoding="utf-8") as file:
            old = file.read().splitlines()
    except FileNotFoundError:
        return ["%s: there is no such file" % name]
    new = text.splitlines()
    lines = ["%s: not as counted: %s" % (name, line)
             for line in old if line not in new] + \
        ["%s: missing: %s" % (name, line) for line in new if line not in old]
    if old != new and not lines:
        lines = ["%s: the lines are in another order" % name]
    return lines


#
# Figures: each a data file, a program for gnuplot, and what that makes.
#

def figure_bars(results, value):
    """Designs as groups of bars, one bar for each target."""
    found = compared(results)
    lines = ["design " + " ".join(found)]
    for design, title in DESIGNS.items():
        cells = []
        for count in found.values():
            counted = count["designs"].get(design)
            cells.append("%g" % value(counted["rows"][0]) if counted else "?")
        title = "\\n".join(textwrap.wrap(title, 13,
                                         break_long_words=False))
        lines.append('"%s" %s' % (title, " ".join(cells)))
    plot = ("set style data histograms\nset style histogram clustered gap 2\n"
            "set style fill solid 0.8\nset xtics font ',9'\nset bmargin 5\n"
            "plot for [i=2:%d] '%%s' using i:xtic(1) "
            "title columnheader(i)\n" % (len(found) + 1))
    return lines, plot


def figure_cpus(results, target):
    counted = by_cpus(compared(results)[target])
    cpus = [row["cpus"] for row in counted[0][1]]
    lines = ["CPUs " + " ".join('"%s"' % title for title, _, _ in counted)]
    for i, number in enumerate(cpus):
        lines.append("%d %s" % (number, " ".join(
            "%g" % instructions[i] for _, _, instructions in counted)))
    return lines, lines_plot("CPUs", len(counted))


def figure_range(results, target):
    """For each page of a range, against their number; and one by one."""
    count = compared(results)[target]
    series = []
    for word, rows in ranges(count):
        for what, key in (("range", "instructions"),
                          ("list", "list_instructions")):
            series.append((", ".join(filter(None, (what, word))),
                           [row[key] / row["pages"] for row in rows]))
    for design in range_designs(results):
        each = one_by_one(count, design)
        if each != "-":
            series.append(("one by one: " + DESIGNS[design],
                           [each] * len(count["range"])))
    lines = ["pages " + " ".join('"%s"' % title for title, _ in series)]
    for i, row in enumerate(count["range"]):
        lines.append("%d %s" % (row["pages"], " ".join(
            "%g" % values[i] for _, values in series)))
    return lines, lines_plot("pages", len(series))


def figure_shootdown(results):
    found = {target: [row for row in count["smp"]["shootdown"]
                      if row["pages"] == 1]
             for target, count in compared(results).items()}
    lines = ["CPUs " + " ".join(found)]
    for rows in zip(*found.values()):
        lines.append("%d %s" % (rows[0]["cpus"], " ".join(
            "%d" % row["initiator"]["instructions"] for row in rows)))
    return lines, lines_plot("CPUs", len(found))


def lines_plot(label, count):
    return ("set logscale x 2\nset logscale y\nset xlabel '%s'\n"
            "plot for [i=2:%d] '%%s' using 1:i with linespoints "
            "title columnheader(i)\n" % (label, count + 1))


def figure_size(results):
    lines = ["target enter+enter_ro+remove other-code read-only-data"]
    for target, count in targets(results).items():
        lines.append("%s %d %d %d" % (target, count["hot_text"],
                                      count["text"] - count["hot_text"],
                                      count["rodata"]))
    return lines, ("set style data histograms\nset style histogram "
                   "rowstacked\nset style fill solid 0.8\nset boxwidth 0.6\n"
                   "plot for [i=2:4] '%s' using i:xtic(1) "
                   "title columnheader(i)\n")


def figures(results):
    """Name of each figure: its title, and its data and program."""
    made = {
        "designs": ("Instructions of a pair, one CPU", figure_bars(
            results, lambda row: row["instructions"])),
        "tlb": ("TLB operations of a pair, one CPU", figure_bars(
            results, lambda row: row["tlb_local"] + row["tlb_broadcast"])),
    }
    for target, count in compared(results).items():
        made["range-" + target] = (
            "Instructions for each page of a range, " + target,
            figure_range(results, target))
        if len(by_cpus(count)) == 1:  # ours alone, which is a flat line
            continue
        made["cpus-" + target] = (
            "Instructions of all CPUs for one pair, " + target,
            figure_cpus(results, target))
    made["shootdown"] = ("Instructions of a shootdown's initiator, one page",
                         figure_shootdown(results))
    made["size"] = ("Bytes of the library", figure_size(results))
    return made


def draw(out, name, title, lines, plot):
    with open(os.path.join(out, name + ".dat"), "w",
              encoding="utf-8") as data:
        data.write("\n".join(lines) + "\n")
    with open(os.path.join(out, name + ".gp"), "w",
              encoding="utf-8") as program:
        program.write("set terminal svg noenhanced size 960,520 "
                      "font 'sans,11'\n"
                      "set output '%s.svg'\nset title \"%s\"\n"
                      "set key outside top center horizontal\nset grid ytics\n"
                      "set yrange [%s:*]\nset datafile missing '?'\n%s" %
                      (name, title, "*" if "logscale" in plot else "0",
                       plot % (name + ".dat")))
    try:
        subprocess.run(["gnuplot", name + ".gp"], cwd=out, check=True)
    except FileNotFoundError:
        sys.exit("bench: gnuplot is missing: run tools/setup")


PARTS = (
    ("A pair, in every mode", "pairs", ()),
    ("Beside the best case", "beside", ()),
    ("Designs", "designs", ("designs", "tlb")),
    ("Pages of a direct map", "direct", ()),
    ("Cost against the number of CPUs", "cpus", None),
    ("Bytes and whole pages", "copy", ()),
    ("Copies that survive a fault, without one", "try", ()),
    ("Ranges of pages", "range", None),
    ("A context switch, out and in together", "switch", ()),
    ("Shootdowns", "shootdown", ("shootdown",)),
    ("Size", "size", ("size",)),
)


def write(results, out):
    """The report: report.md, and for each figure .dat, .gp and .svg."""
    os.makedirs(out, exist_ok=True)
    made = figures(results)
    text = ["# What tools/bench counted\n\nMade by `tools/bench --report` "
            "from `build/bench/results.json`, which `tools/bench` counted.  "
            "docs/performance.md says what the counts are, and are not.\n"]
    for title, table, names in PARTS:
        if names is None:
            names = [name for name in made if name.startswith(table)]
        text.append("\n## %s\n\n%s" % (title, TABLES[table](results)))
        for name in names:
            draw(out, name, made[name][0], *made[name][1])
            text.append("\n![%s](%s.svg)\n\n`tools/bench --report`; this "
                        "figure again: `cd build/bench/report && gnuplot "
                        "%s.gp`\n" % (made[name][0], name, name))
    with open(os.path.join(out, "report.md"), "w",
              encoding="utf-8") as report:
        report.write("".join(text))
