#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Words that are gone stay away, and lines of Markdown end where they should.

 - no file has an identifier from before the names of 0.2.0, except the sections
   "Renamed" and "Removed" of CHANGELOG.md (names.py checks each name that these
   list; here are the families of names);
 - prose has none of a short list of words that mean something else in the field,
   or nothing: in Markdown, in manual pages, and in comments of include/ and src/;
 - no sentence of a Markdown file begins with "Of", "What" or "Who";
 - a line of Markdown has at most 80 columns, or ends a sentence; tables, code,
   headings, and lines without a space to break at may be longer.
"""

import os
import re
import subprocess
import sys

from targets import ROOT

THIS = "tests/docs/words.py"
COLUMNS = 80

# Configuration flags and attributes without their prefixes; and other names, by
# what they have in common.  names.py has those that CHANGELOG.md lists, one by
# one.
PREFIXLESS = """BUILD_TABLES ERRATUM_CIP_1200 ERRATUM_INVLPG
    ERRATUM_REPEAT_TLBI ERRATUM_WALKER FLUSH_ON_FILL FLUSH_ON_MAP KERNEL_HAS_G
    LOCAL_TLBI MARK_GUARDS NON_GLOBAL NO_DIRECT NO_NX NO_TCR2 NO_TLBI_RANGE SBI_RFENCE
    SINGLE_ROOT SVINVAL SVPBMT PRIVATE SHARED UNCACHED UNCACHED_MINUS WRITE_BACK
    WRITE_COMBINING WRITE_THROUGH WIDTH_4""".split()
OLD = [r"QPMAP_(?:%s)" % "|".join(PREFIXLESS),
       r"QPMAP_\w*(?:FRAMES|SPECIAL|UNPINNED)\w*",
       r"QPMAP_(?:SHARED|ERR_SHARED|PANIC_SHARED|REMOTE|RING)\w*",
       r"QPMAP_ERR_(?:COUNT_?|TYPES|CPU_WINDOW|WINDOW_TAKEN)",
       r"QPMAP_(?:PANIC_SLOT|TLB_KEEPS_EMPTY)",
       r"qpmap_\w*(?:frame|kind|special)\w*", r"qpmap_shared_\w*",
       r"struct qpmap_(?:remote|shared|shootdown|kind)",
       r"qpmap_host_page_(?:pinned)",
       r"qpmap_\w+_(?:admits?|judge|refuse|serve|ask)",
       r"qpmap_slot_(?:fill|clear|is_empty|load|half|load_half|publish|clean)",
       r"qpmap_tlb_(?:filled|emptying|emptied|shot_down|online|cleared|"
       r"linking|linked|sending|everything)(?:_\w+)?"]
IDENTIFIER = re.compile(r"(?<![\w-])(?:%s)(?!\w)" % "|".join(OLD))

# A frame is a page frame; in quotation marks stands another's text.
FRAME = re.compile(r"(?<!\bpage )(?<!\bphysical )(?<!\bstack )(?<!\bcall )"
                   r"(?<![\w-])frames?\b(?![-\w])", re.I)
WORDS = (FRAME, re.compile(r"\bshared mappings?\b", re.I),
         re.compile(r"\bwindow numbers?\b", re.I),
         re.compile(r"\b(?:forget(?:s|ting)?|forgot(?:ten)?)\b", re.I),
         re.compile(r"\bvouch(?:es|ed|ing)?\b", re.I),
         re.compile(r"\bpapers?\b", re.I))
BEGIN = re.compile(r"(?:^|[.!?]\**\s+)((?:Of|What|Who)\b[^.]{0,30})", re.M)
SENTENCE = re.compile(r"[.!?:;][\"')*\]`]*$")


def tracked():
    """All files of the tree, as git has them; without git, as they lie."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT,
                          capture_output=True, text=True, check=False)
    if done.returncode == 0 and done.stdout:
        return [name for name in done.stdout.split("\0")
                if name and os.path.isfile(os.path.join(ROOT, name))]
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [f for f in folders
                      if f not in ("build", ".git", "__pycache__")]
        found += [os.path.relpath(os.path.join(folder, name), ROOT)
                  for name in names]
    return sorted(found)


def blank(pattern, text, flags=0):
    """The text with what matches blanked, its lines kept."""
    return re.sub(pattern, lambda m: re.sub(r"[^\n]", " ", m[0]), text,
                  flags=flags)


def markdown_prose(text):
    """Without code, in blocks or in a line, and targets of links."""
    text = blank(r"^```.*?^```", text, re.S | re.M)
    text = blank(r"`[^`\n]+`", text)
    return blank(r"\]\([^)\s]+\)", text)


def man_prose(text):
    """Without comments, and literal blocks."""
    text = blank(r'^\.\\".*$', text, re.M)
    return blank(r"^\.Bd -literal.*?^\.Ed", text, re.S | re.M)


def comments(text):
    """Only the comments of a C file."""
    parts = re.split(r"(/\*.*?\*/)", text, flags=re.S)
    return "".join(part if i % 2 else re.sub(r"[^\n]", " ", part)
                   for i, part in enumerate(parts))


def prose(name, text):
    """The prose of a file of which the words are held, or None."""
    if name.endswith(".md"):
        text = markdown_prose(text)
    elif re.fullmatch(r"docs/man/.*\.9", name):
        text = man_prose(text)
    elif re.match(r"(?:include|src)/.*\.[chS]$", name):
        text = comments(text)
    else:
        return None
    return blank(r"\"[^\"]{1,400}\"", text)


def unwrapped(text):
    """Comment stars and line breaks as one blank, for words that wrap."""
    return re.sub(r"\n[ \t]*(?:\*(?!/))?[ \t]*(?=\S)",
                  lambda m: " " * len(m[0]), text)


def lines_of(text, pattern):
    """Line number and text of each hit, of its group if it has one."""
    for found in pattern.finditer(text):
        group = pattern.groups
        yield (text.count("\n", 0, found.start(group)) + 1,
               " ".join(found[group].split()))


def long_lines(text):
    """Numbers of lines that are too long, of a Markdown file."""
    text = blank(r"^```.*?^```", text, re.S | re.M)
    for number, line in enumerate(text.split("\n"), 1):
        line = line.rstrip()
        if len(line) <= COLUMNS or line.startswith(("|", "#", "<!--")):
            continue
        if SENTENCE.search(line) or " " not in line.strip()[:COLUMNS]:
            continue
        yield number, len(line)


def check(name, text):
    """What is wrong with a file, as lines of text."""
    where = name + ":%d: %s"
    if name == "CHANGELOG.md":
        text = blank(r"^### (?:Renamed|Removed)\n.*?(?=^##|\Z)", text,
                     re.S | re.M)
    errors = [where % (line, f"the old identifier {word}")
              for line, word in lines_of(text, IDENTIFIER)]
    spoken = prose(name, text)
    if spoken is None:
        return errors
    whole = unwrapped(spoken)
    for pattern in WORDS:
        for found in pattern.finditer(whole):
            line = spoken.count("\n", 0, found.start()) + 1
            errors.append(where % (line, f'the old word "{found[0]}"'))
    if name.endswith(".md"):
        plain = blank(r"^(?:#|\|).*$", markdown_prose(text), re.M)
        errors += [where % (line, f'a sentence begins with "{word}"')
                   for line, word in lines_of(plain, BEGIN)]
        errors += [where % (number, f"{length} columns, and no end of a "
                            "sentence")
                   for number, length in long_lines(text)]
    return errors


def main():
    count = 0
    errors = []
    for name in tracked():
        if name == THIS:
            continue
        try:
            with open(os.path.join(ROOT, name), encoding="utf-8") as file:
                text = file.read()
        except UnicodeDecodeError:
            continue
        count += 1
        errors += check(name, text)
    for error in errors:
        print(error)
    print(f"{count} files, {len(errors)} errors")
    sys.exit(1 if errors or count == 0 else 0)


if __name__ == "__main__":
    main()
