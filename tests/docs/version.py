#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""One version everywhere: version.h, CMakeLists.txt, meson.build, the newest
section of CHANGELOG.md; and the manual pages have its date.

docs/releasing.md says how a version changes.
"""

import datetime
import glob
import os
import re
import sys

from targets import ROOT


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def find(path, pattern):
    """What the pattern's groups match in a file; it must."""
    found = re.search(pattern, read(path), re.M)
    if not found:
        sys.exit(f"{path}: nothing in it matches {pattern}")
    return found.groups()


def main():
    header = "include/qpmap/version.h"
    want = ".".join(find(header, rf"^#define QPMAP_VERSION_{part}\s+(\d+)$")[0]
                    for part in ("MAJOR", "MINOR", "PATCH"))
    newest, date = find("CHANGELOG.md", r"^## (\S+) \((\d{4}-\d\d-\d\d)\)$")
    said = {
        "CMakeLists.txt": find("CMakeLists.txt",
                               r"^project\(qpmap VERSION (\S+)")[0],
        "CHANGELOG.md": newest,
    }
    if os.path.exists(os.path.join(ROOT, "meson.build")):
        said["meson.build"] = find("meson.build",
                                   r"^\s*version\s*:\s*'([^']*)'")[0]
    day = datetime.date.fromisoformat(date)
    date = f"{day:%B} {day.day}, {day.year}"
    errors = []
    pages = sorted(glob.glob("docs/man/*.9", root_dir=ROOT))
    for page in pages:
        if (found := find(page, r"^\.Dd (.*)$")[0]) != date:
            errors.append(f"{page}: .Dd is {found}, CHANGELOG.md has {date}")
    # A consumer asks for a minor release.
    consumer = "tests/install/consumer/CMakeLists.txt"
    asked = find(consumer, r"^\s*find_package\(qpmap (\S+) REQUIRED\)")[0]
    if asked != want.rpartition(".")[0]:
        errors.append(f"{consumer} asks for {asked}, {header} is {want}")
    errors += [f"{path} has version {version}, {header} {want}"
               for path, version in said.items() if version != want]
    for error in errors:
        print(error)
    print(f"version {want}, {len(said)} files, {len(errors)} errors")
    sys.exit(1 if errors or not pages else 0)


if __name__ == "__main__":
    main()
