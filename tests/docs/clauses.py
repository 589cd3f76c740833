#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The contract's table in docs/architecture.md against the tests.

Every layer that a clause names has a test with the clause's number in its
name, every layer that has one is named, and a clause that is not in this
version has none.
"""

import glob
import os
import re
import sys

from targets import ROOT

LAYERS = ("unit", "pte", "emu", "abi")
LATER = "not in this version"


def tested(layer):
    """The clauses that a layer's sources name."""
    # In the scripts of tests/abi there are no cases: they cite the clause.
    pattern = (r"\bcontract ([BC]\d+)\b" if layer == "abi" else
               r"(?<![\w.])([BC]\d+)(?=[/\"])")
    found = set()
    for path in glob.glob(os.path.join(ROOT, "tests", layer, "**"),
                          recursive=True):
        if path.endswith((".c", ".py")):
            with open(path, encoding="utf-8") as file:
                found |= set(re.findall(pattern, file.read()))
    return found


def main():
    with open(os.path.join(ROOT, "docs/architecture.md"),
              encoding="utf-8") as file:
        rows = re.findall(r"^\| ([BC]\d+) \|.*\| ([^|]*) \|$", file.read(),
                          re.M)
    found = {layer: tested(layer) for layer in LAYERS}
    errors = []
    for clause, shown in rows:
        said = {layer for layer in LAYERS
                if re.search(rf"\b{layer}\b", shown)}
        have = {layer for layer in LAYERS if clause in found[layer]}
        if LATER in shown and have:
            errors.append(f"{clause} is {LATER}, and tested in {have}")
        if LATER in shown:
            continue
        for layer in sorted(said - have):
            errors.append(f"{clause}: no test in tests/{layer} names it")
        for layer in sorted(have - said):
            errors.append(f"{clause}: tested in tests/{layer}, not said so")
        if not said:
            errors.append(f"{clause}: shown by nothing")
    if len(rows) != 32:
        errors.append(f"{len(rows)} clauses in the table, not 32")
    for error in errors:
        print(error)
    print(f"{len(rows)} clauses, {len(errors)} errors")
    sys.exit(1 if errors else 0)


if __name__ == "__main__":
    main()
