#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Hold the manual pages and the Markdown files against the headers.

 - every public name of include/qpmap is in a manual page;
 - every name in a manual page, and in a Markdown file, exists, but for what
   CHANGELOG.md says is removed or renamed;
 - what it says is removed or renamed is nowhere else in the tree;
 - every prototype in a SYNOPSIS is the header's;
 - the panic texts, with their names, are those of panic.h;
 - the errors in the manual page have the numbers and the order of errors.def,
   and begin with its texts;
 - the numbers of errors.def ascend, and docs/porting-kernel.md has the same;
 - no two public names differ by one letter;
 - every member of struct qpmap_config is described;
 - every error, panic and hook is in docs/porting-kernel.md, for the porter.
"""

import glob
import itertools
import os
import re
import sys

from targets import ROOT

# Public names that are of no use to a caller.
INTERNAL = {"QPMAP_BEGIN_DECLS", "QPMAP_END_DECLS", "QPMAP_NORETURN",
            "QPMAP_ERROR", "QPMAP_OPTION_HALVES", "QPMAP_DIRECT_KEY",
            "QPMAP_DIRECT_SHIFT"}

# The field's words for two sorts of address.
ALIKE = {("qpmap_paddr_t", "qpmap_vaddr_t"),
         ("QPMAP_DIRECT_PA", "QPMAP_DIRECT_VA")}

# Where CHANGELOG.md has names that there no longer are.
OLD_SECTION = re.compile(r"^### (?:Removed|Renamed)\n.*?(?=^#|\Z)",
                         re.M | re.S)

NAME = re.compile(r"\b(?:qpmap_|QPMAP_|QPTE_|pmap_quick_)\w+")


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def files(pattern):
    return sorted(glob.glob(os.path.join(ROOT, pattern), recursive=True))


def code(path):
    """A C file without its comments."""
    return re.sub(r"/\*.*?\*/", " ", read(path), flags=re.S)


def squeeze(text):
    text = re.sub(r"\s+", " ", text).strip()
    return re.sub(r"\s*\*\s*", " *", text).replace("( ", "(")


def prototypes(text):
    """Name -> (type, arguments) of the functions that a header declares."""
    found = {}
    pattern = (r"(?:QPMAP_NORETURN )?(?:QPMAP_CALL(?:_FAST)?|static inline)"
               r"\s+([\w\s*]+?)\b((?:pmap_quick_|qpmap_)\w+)\(([^()]*)\)")
    for kind, name, arguments in re.findall(pattern, text):
        found[name] = (squeeze(kind),
                       [squeeze(a) for a in arguments.split(",")])
    return found


def synopses(page):
    """The same from the SYNOPSIS of a manual page."""
    part = page[page.index(".Sh SYNOPSIS"):page.index(".Sh DESCRIPTION")]
    part = re.sub(r"^\.Fo (\w+)\n((?:\.Fa .*\n)+)\.Fc",
                  lambda m: ".Fn " + m[1] + " " +
                  m[2].replace(".Fa ", "").replace("\n", " ").strip(),
                  part, flags=re.M)
    found = {}
    pattern = r"^\.Ft (.*)\n\.Fn (\w+) (.*)$"
    for kind, name, arguments in re.findall(pattern, part, flags=re.M):
        quoted = re.findall(r'"([^"]*)"', arguments) or [arguments]
        found[name] = (squeeze(kind), [squeeze(a) for a in quoted])
    return found


def listed_errors():
    """The errors of errors.def, as [name, number, text]."""
    found = re.findall(r'QPMAP_ERROR\((\w+), (\d+),\s+"([^"]*)"\)',
                       code(os.path.join(ROOT, "include/qpmap/errors.def")))
    return [(name, int(number), text) for name, number, text in found]


def plain(lines):
    """The text of a manual page's lines, as a reader sees it."""
    text = ""
    for line in lines.splitlines():
        if not line.startswith("."):
            text += " " + line
            continue
        words = line[1:].split()
        brackets = words[0] == "Pq"
        words = words[1:] if brackets else words
        name = words[1] + ("()" if words[0] == "Fn" else "")
        text += f" ({name})" if brackets else " " + name
        text += "".join(words[2:])
    return text.strip()


def check_errors(manual, porting):
    """What the two documents say of errors, against errors.def."""
    wrong = []
    listed = listed_errors()
    numbers = [number for _, number, _ in listed]
    if numbers != sorted(set(numbers)) or not numbers:
        wrong.append("errors.def: the numbers do not ascend")
    pattern = r"^\.It Dv (QPMAP_ERR_\w+) Pq (\d+)\n(.*?)(?=^\.(?:It|El))"
    items = re.findall(pattern, manual, re.M | re.S)
    told = [(name, int(number)) for name, number, _ in items]
    if told != [(name, number) for name, number, _ in listed[1:]]:
        wrong.append("the errors of qpmap(9) are not those of errors.def, "
                     "in that order: " + str(
                         set(told) ^ {e[:2] for e in listed[1:]}))
    texts = {name: text for name, _, text in listed}
    for name, _, lines in items:
        want, got = texts.get(name, "") + ".", plain(lines)
        # A sentence may begin with a name, or with a capital letter.
        if got[:1].lower() + got[1:len(want)] != want[:1].lower() + want[1:]:
            wrong.append(f'{name}: qpmap(9) begins with "{got}", '
                         f'errors.def has "{want}"')
    by_name = {name: number for name, number, _ in listed[1:]}
    for row in re.findall(r"^\| (\d+ `QPMAP_ERR_[^|]*) \|", porting, re.M):
        for entry in row.split(", "):
            number, name = entry.split(" ")
            if by_name.get(name.strip("`")) != int(number):
                wrong.append(f"docs/porting-kernel.md: {name} is not "
                             f"{number}")
            by_name.pop(name.strip("`"), None)
    for name in by_name:
        wrong.append(f"{name} has no row in docs/porting-kernel.md")
    return wrong


def old_names(public):
    """What CHANGELOG.md says is renamed or removed, and nothing else now."""
    sections = OLD_SECTION.finditer(read(os.path.join(ROOT, "CHANGELOG.md")))
    before = [line.split("|")[1] if line.startswith("|") else line
              for section in sections for line in section[0].splitlines()]
    return set(NAME.findall("\n".join(before))) - public


def check_old_names(old):
    """An old name is in no file but CHANGELOG.md's two sections."""
    wrong = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [f for f in folders if f not in (
            "build", ".git", "__pycache__")]
        for name in sorted(names):
            path = os.path.join(folder, name)
            where = os.path.relpath(path, ROOT)
            if where == "tests/docs/names.py":
                continue
            text = read(path)
            if where == "CHANGELOG.md":
                text = OLD_SECTION.sub("", text)
            wrong += [f"{where}: {found} is an old name: see CHANGELOG.md"
                      for found in sorted(set(re.findall(r"\w+", text)) & old)]
    return wrong


def differ_by_a_letter(a, b):
    if len(a) > len(b):
        a, b = b, a
    at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), len(a))
    if a[at:] == b[at + 1:]:
        return b[at].isalpha() or b[at] == "_"
    return (len(a) == len(b) and a[at + 1:] == b[at + 1:] and
            a[at].isalpha() and b[at].isalpha())


def main():
    errors = []
    headers = "\n".join(code(p) for p in files("include/qpmap/**/*.h") +
                        files("include/qpmap/errors.def"))
    pages = {os.path.basename(p): read(p) for p in files("docs/man/*.9")}
    manual = "\n".join(pages.values())
    # Names of pages are not names of the library's.
    manual = re.sub(r"^\.(?:Dt|Xr|Pq see Xr) .*$", "", manual, flags=re.M)

    public = {n for n in NAME.findall(headers) if not n.endswith("_H")}
    public -= INTERNAL
    in_manual = set(NAME.findall(manual))
    for name in sorted(public - in_manual):
        errors.append(f"{name} is public and in no manual page")
    for name in sorted(in_manual - public):
        errors.append(f"{name} is in a manual page and not in include/qpmap")

    errors += check_old_names(old_names(public))

    declared = prototypes(headers)
    described = {}
    for page in pages.values():
        described.update(synopses(page))
    for name in sorted(declared):
        if name in ("qpmap_init_options",):
            continue
        if name not in described:
            errors.append(f"{name}() is in no SYNOPSIS")
        elif described[name] != declared[name]:
            errors.append(f"{name}(): {described[name]} in its SYNOPSIS, "
                          f"{declared[name]} in its header")
    for name in sorted(set(described) - set(declared)):
        errors.append(f"{name}() is in a SYNOPSIS and in no header")

    panics = set(re.findall(r'#define\s+(QPMAP_PANIC_\w+)[\s\\]+"([^"]*)"',
                            headers))
    told = {(name, text) for text, name in
            re.findall(r'^\.It "(qpmap: [^"]*)"\n\.Dv (QPMAP_PANIC_\w+)',
                       manual, flags=re.M)}
    for name, text in sorted(panics ^ told):
        errors.append(f'{name} "{text}" differs between panic.h and manual')

    body = re.search(r"struct qpmap_config \{(.*?)\n\};", headers, re.S)[1]
    for member in re.findall(r"(\w+)(?:\[\w+\])?;", body):
        if not re.search(r"^\.It Fa .*\b" + member + r"\b", manual, re.M):
            errors.append(f"qpmap_config.{member} is not described")

    porting = read(os.path.join(ROOT, "docs/porting-kernel.md"))
    errors += check_errors(pages["qpmap.9"], porting)
    for a, b in itertools.combinations(sorted(public), 2):
        if abs(len(a) - len(b)) < 2 and differ_by_a_letter(a, b) and \
                (a, b) not in ALIKE:
            errors.append(f"{a} and {b} differ by one letter")
    for name in sorted(public):
        if re.match(r"QPMAP_PANIC_", name) and not re.search(
                rf"^\|[^|]*`{name}`", porting, re.M):
            errors.append(f"{name} has no row in docs/porting-kernel.md")
        if name.startswith("qpmap_host_") and not re.search(
                rf"\b{name}\b", porting):
            errors.append(f"{name}() is not in docs/porting-kernel.md")

    known = set()
    for pattern in ("include/**/*", "src/**/*", "cmake/*", "tests/**/*",
                    "examples/**/*.[ch]", "tools/*", "CMakeLists.txt",
                    "CMakePresets.json"):
        for path in files(pattern):
            if os.path.isfile(path) and not path.endswith(
                    (".md", ".pyc", "names.py")):
                known |= set(NAME.findall(read(path)))
    for path in files("*.md") + files("docs/*.md") + files("tests/**/*.md") \
            + files("examples/**/*.md"):
        text = re.sub(r"\w+(?:\(9\)|\.9)", "", read(path))
        if os.path.basename(path) == "CHANGELOG.md":
            text = OLD_SECTION.sub("", text)
        for name in sorted(set(NAME.findall(text))):
            if name in known or (name.endswith("_") and
                                 any(k.startswith(name) for k in known)):
                continue
            errors.append(f"{os.path.relpath(path, ROOT)}: there is no "
                          f"{name}")

    for error in errors:
        print(error)
    print(f"{len(public)} public names, {len(declared)} functions, "
          f"{len(panics)} panics, {len(errors)} errors")
    sys.exit(1 if errors else 0)


if __name__ == "__main__":
    main()
