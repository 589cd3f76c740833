#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Every relative link, and every path in backquotes, must lead somewhere.

In the Markdown files, and in the .Pa of the manual pages.  A path is taken
for one if it begins with a directory of the tree; <...> and * in it stand for
anything, {a,b} for each.
"""

import glob
import os
import re
import sys

from targets import ROOT

TOP = ("src", "include", "docs", "tests", "tools", "examples", "cmake", ".ci")
ROOT_FILES = re.compile(r"(?:README|CAVEATS|CHANGELOG|CONTRIBUTING|LICENSE|"
                        r"SECURITY|"
                        r"CMakeLists|CMakePresets)(?:\.\w+)?")


def markdown():
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [f for f in folders if f not in ("build", ".git")]
        for name in sorted(names):
            if name.endswith(".md"):
                yield os.path.join(folder, name)


def anchor(heading):
    """As the usual renderers make one out of a heading."""
    text = re.sub(r"[`*]", "", heading.strip().lower())
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def anchors(path):
    with open(path, encoding="utf-8") as file:
        text = re.sub(r"^```.*?^```", "", file.read(), flags=re.S | re.M)
    return {anchor(h) for h in re.findall(r"^#+ (.*)$", text, re.M)}


def expand(path):
    found = re.search(r"\{([^{}]*)\}", path)
    if not found:
        return [path]
    return [e for part in found[1].split(",")
            for e in expand(path[:found.start()] + part + path[found.end():])]


def exists(path):
    # An archive (tools/release) has all but this directory.
    if path.startswith(".ci/") and not os.path.exists(
            os.path.join(ROOT, ".ci")):
        return True
    pattern = re.sub(r"<[^>]*>", "*", path)
    return all(glob.glob(os.path.join(ROOT, p)) for p in expand(pattern))


def is_path(text):
    if ROOT_FILES.fullmatch(text):
        return True
    return (re.fullmatch(r"[\w.\-/<>*{},]+", text) is not None and
            "/" in text and text.split("/")[0] in TOP)


def check(path, errors):
    with open(path, encoding="utf-8") as file:
        text = re.sub(r"^```.*?^```", "", file.read(), flags=re.S | re.M)
    where = os.path.relpath(path, ROOT)
    count = 0
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"\w+:", target):
            continue
        count += 1
        name, _, part = target.partition("#")
        full = os.path.join(os.path.dirname(path), name) if name else path
        if not os.path.exists(full):
            errors.append(f"{where}: link to {target}: no such file")
        elif part and part not in anchors(full):
            errors.append(f"{where}: link to {target}: no such heading")
    for quoted in re.findall(r"`([^`\n]+)`", text):
        quoted = quoted.split(" ")[0].rstrip("/")
        if not is_path(quoted) or quoted.endswith("..."):
            continue
        count += 1
        if not exists(quoted) and not exists(
                os.path.join(os.path.dirname(where), quoted)):
            errors.append(f"{where}: `{quoted}`: no such file")
    return count


def main():
    errors = []
    count = sum(check(path, errors) for path in markdown())
    for path in glob.glob(os.path.join(ROOT, "docs/man/*.9")):
        with open(path, encoding="utf-8") as file:
            for name in re.findall(r"^\.(?:It )?Pa (\S+)", file.read(), re.M):
                count += 1
                if not exists(name):
                    errors.append(f"{os.path.basename(path)}: {name}: "
                                  "no such file")
    for error in errors:
        print(error)
    print(f"{count} links and paths, {len(errors)} errors")
    sys.exit(1 if errors or count == 0 else 0)


if __name__ == "__main__":
    main()
