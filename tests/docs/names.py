#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Hold the manual pages and the Markdown files against the headers.

 - every public name of include/qpmap is in a manual page;
 - every name in a manual page, and in a Markdown file, exists, but for what
   CHANGELOG.md says is removed;
 - every prototype in a SYNOPSIS is the header's;
 - the panic texts, with their names, are those of panic.h;
 - every member of struct qpmap_config is described;
 - every error, panic and hook is in docs/porting-kernel.md, for the porter.
"""

import glob
import os
import re
import sys

from targets import ROOT

# Public names that are of no use to a caller.
INTERNAL = {"QPMAP_BEGIN_DECLS", "QPMAP_END_DECLS", "QPMAP_NORETURN",
            "QPMAP_ERR_COUNT_"}

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
    pattern = (r"(?:QPMAP_NORETURN )?(?:QPMAP_CALL|static inline)"
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


def main():
    errors = []
    headers = "\n".join(code(p) for p in files("include/qpmap/**/*.h"))
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
    for name in sorted(public):
        if re.match(r"QPMAP_(ERR|PANIC)_", name) and not re.search(
                rf"^\|[^|]*`{name}`", porting, re.M):
            errors.append(f"{name} has no row in docs/porting-kernel.md")
        if name.startswith("qpmap_host_") and not re.search(
                rf"\b{name}\b", porting):
            errors.append(f"{name}() is not in docs/porting-kernel.md")

    known = set()
    for pattern in ("include/**/*.h", "src/**/*", "cmake/*", "tests/**/*",
                    "examples/**/*.[ch]", "tools/*", "CMakeLists.txt",
                    "CMakePresets.json"):
        for path in files(pattern):
            if os.path.isfile(path) and not path.endswith(
                    (".md", ".pyc", "names.py")):
                known |= set(NAME.findall(read(path)))
    for path in files("*.md") + files("docs/*.md") + files("tests/**/*.md") \
            + files("examples/**/*.md"):
        text = re.sub(r"\w+(?:\(9\)|\.9)", "", read(path))
        text = re.sub(r"^### Removed\n.*?(?=^#|\Z)", "", text,
                      flags=re.M | re.S)
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
