#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Hold README.md's counts against bench/RESULTS.md.

README.md's table has one row for each architecture: that of its first mode in
the table of RESULTS.md with the same columns.  docs/performance.md explains
the counts and has no table of numbers.
"""

import os
import re
import sys

from targets import ROOT, TARGETS

FIRST = {"amd64": "amd64-4level", "riscv64": "riscv64-sv39"}


def cells(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def tables(path):
    """The tables of a Markdown file: head, and rows by their first cell."""
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        text = file.read()
    for block in re.findall(r"(?:^\|.*\n)+", text, re.M):
        head, _, *rows = [cells(line) for line in block.splitlines()]
        yield head, {row[0]: row[1:] for row in rows}


def main():
    errors = []
    found = [(head, rows) for head, rows in tables("README.md")
             if set(rows) == set(TARGETS)]
    counted = {tuple(head[1:]): rows
               for head, rows in tables("bench/RESULTS.md")}
    if len(found) != 1:
        errors.append("README.md: there must be one table with a row for each "
                      f"of {', '.join(TARGETS)}, and there are {len(found)}")
    for head, rows in found:
        results = counted.get(tuple(head[1:]))
        if results is None:
            errors.append("README.md: bench/RESULTS.md has no table with the "
                          f"columns {head[1:]}")
            continue
        for target, row in rows.items():
            mode = FIRST.get(target, target)
            if row != results.get(mode):
                errors.append(f"README.md: {target}: {row}, and "
                              f"bench/RESULTS.md has for {mode}: "
                              f"{results.get(mode)}")
    for head, rows in tables("docs/performance.md"):
        for name, row in rows.items():
            if any(re.fullmatch(r"[\d.]+", cell) for cell in row):
                errors.append(f"docs/performance.md: {name}: a row of "
                              "numbers, which belongs to bench/RESULTS.md")
    for error in errors:
        print(error)
    print(f"{sum(len(rows) for _, rows in found)} rows of README.md, "
          f"{len(errors)} errors")
    sys.exit(1 if errors else 0)


if __name__ == "__main__":
    main()
