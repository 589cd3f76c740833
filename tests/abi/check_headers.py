#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The public headers need no other header, compile alone as C11 and as C++17
without any standard header, before and after a kernel's own that takes their
names, and define only prefixed names.  The sources compile among such headers
too.  A vm_page_t that is passed by value as a structure is refused.

usage: check_headers.py [--all]

With --all, each in a process of its own.
"""

import glob
import os
import re
import shlex
import shutil

import abi

LANGUAGES = [("c", "c11", ["-Wmissing-prototypes"]),
             ("c++", "c++17", ["-Wmissing-declarations"])]

# What a file that includes all headers does with them.
USE = """
int qpmap_use(struct qpmap_cpu *it, const struct qpmap_config *config);
int qpmap_use(struct qpmap_cpu *it, const struct qpmap_config *config)
{
	static const struct qpmap_options options = QPMAP_OPTIONS;
	int error = qpmap_init(config);
	qpmap_vaddr_t va = qpmap_enter(QPMAP_PAGE_SIZE, QPMAP_ATTR_UNCACHED);
	qpmap_remove(va);
	if (QPMAP_WINDOW_SIZE < QPMAP_PAGE_SIZE || QPMAP_PAGE_MASK == 0 ||
	    qpmap_enter_ro(0, QPMAP_ATTR_WRITE_COMBINING | QPMAP_ATTR_SHARED) == 0) {
		qpmap_host_panic(QPMAP_PANIC_ATTR, options.word[0],
		    QPMAP_TYPE_BIT(QPMAP_ATTR_UNCACHED) + QPMAP_ATTR_COUNT);
	}
	return (error == QPMAP_ERR_OPTIONS ? 1 : (int)qpmap_held(it));
}
#if QPMAP_SHOOTDOWN
int qpmap_use_others(struct qpmap_config *config,
    struct qpmap_shootdown_state *shootdown, struct qpmap_cpu_sync *cpu_sync,
    struct qpmap_global *global);
int qpmap_use_others(struct qpmap_config *config,
    struct qpmap_shootdown_state *shootdown, struct qpmap_cpu_sync *cpu_sync,
    struct qpmap_global *global)
{
	unsigned long cpus[2] = { 1, 1 };
	qpmap_vaddr_t va = 0 - QPMAP_GLOBAL_SIZE;
	config->shootdown = shootdown;
	config->cpu_sync = cpu_sync;
	cpu_sync->hart = 1;
	global->leaf = 0;
	config->global = global;
	config->global_va = va;
	config->global_count = QPMAP_GLOBAL_SLOTS;
	qpmap_host_ipi(1);
	qpmap_shootdown_ipi();
	qpmap_shootdown_poll();
	qpmap_shootdown(va, QPMAP_ALL_PAGES, cpus);
	qpmap_shootdown(va, QPMAP_REQUESTS, 0);
	qpmap_quiesce();
	if (qpmap_global_enter(0, QPMAP_ATTR_WRITE_BACK, &va) != QPMAP_OK) {
		return (QPMAP_ERR_GLOBAL_FULL);
	}
	qpmap_global_remove(va);
	qpmap_global_remove_deferred(va);
	return (0);
}
#else
/* None of it is there: these names are the kernel's. */
struct qpmap_cpu_sync;
struct qpmap_global *qpmap_quiesce(struct qpmap_cpu_sync *);
#endif
"""

# A kernel's vm_page_t: what may be one, and what is refused.
PAGE_TYPES = ["struct host_page *", "const void *", "unsigned long",
              "unsigned int", "enum host_page_enum"]
NO_PAGE_TYPES = ["struct host_page_struct", "struct host_page",
                 "union host_page_union", "float"]
WIDER = "WIDER"
REFUSED = "vm_page_t must be a pointer or an integer"
TOO_WIDE = "vm_page_t must not be wider than a pointer"

USE_PAGE = """
qpmap_vaddr_t qpmap_use(vm_page_t m);
qpmap_vaddr_t qpmap_use(vm_page_t m)
{
	qpmap_vaddr_t va = pmap_quick_enter_page(m);
	pmap_quick_remove_page(va);
	return (va);
}
"""


def headers():
    found = glob.glob(os.path.join(abi.ROOT, "include/qpmap/**/*.h"),
                      recursive=True)
    return sorted(os.path.relpath(p, os.path.join(abi.ROOT, "include"))
                  for p in found)


def front_ends(target):
    """Compilers, and whether they are for C and for C++ here."""
    yield abi.clang(target.arch), (True, True)
    newest = abi.newest_clang()
    if newest and target.name == "amd64":
        yield abi.clang(target.arch, newest), (True, True)
    for compiler in abi.gccs(target.arch)[:1]:
        plus = [compiler[0].replace("gcc", "g++")] + compiler[1:]
        yield compiler, (True, False)
        if shutil.which(plus[0]):
            yield plus, (False, True)


class Texts:
    """What is compiled alike, by whatever compiler: {what: file}."""

    made = 0

    def __init__(self, language, options=()):
        Texts.made += 1
        self.number = Texts.made
        self.language = language
        self.options = list(options)
        self.files = {}

    def add(self, what, text, options=()):
        """The options are in the text, so that one process can compile it
        with others that have not got them.
        """
        defines = "".join("#define %s\n" % o[2:].replace("=", " ", 1)
                          for o in options)
        name, standard, _ = self.language
        path = "%s-%d-%d.%s" % (standard, self.number, len(self.files),
                                "c" if name == "c" else "cc")
        self.files[what] = abi.scratch(path, defines + text)


def command_of(target, compiler, texts):
    name, standard, warnings = texts.language
    flags = [w for w in abi.WARNINGS if w != "-Wmissing-prototypes"]
    if "g++" in compiler[0]:
        # All of it warns of a structure and a function of the same name.
        flags[flags.index("-Wshadow")] = "-Wshadow=local"
    return list(compiler) + [
        "-x", name, "-std=" + standard, "-nostdinc", "-ffreestanding",
        "-O1", "-fno-pic", "-fsyntax-only"] + flags + warnings + \
        target.options + ["-I" + os.path.join(abi.ROOT, "include"),
                          "-I" + abi.HERE] + texts.options


def command_again(command, path):
    """A command that needs no scratch file."""
    with open(path, encoding="utf-8") as lines:
        text = lines.read()
    name = "x" + os.path.splitext(path)[1]
    return "printf '%%s' %s >%s && %s" % (
        shlex.quote(text), name,
        " ".join(map(shlex.quote, command + [name])))


def compile_all(report, target, compiler, texts):
    """All of them at once; if anything is said, each by itself."""
    command = command_of(target, compiler, texts)
    paths = list(texts.files.values())
    if not abi.ALL:
        words = command
        if abi.is_clang(compiler):
            words = abi.behind(command, paths[0])
        if words is not None:
            result = abi.run(words + paths)
            if result.returncode == 0 and result.stdout == "":
                report.checked += len(paths)
                return
    for what, path in texts.files.items():
        result = abi.run(command + [path])
        report.ok(result.returncode == 0 and result.stdout == "",
                  "%s: %s, %s: %s" % (target.name, " ".join(compiler),
                                      texts.language[1], what),
                  result.stdout, command_again(command, path))


def refuse_all(report, target, compiler, texts):
    """Each by itself: it does not compile, and says why."""
    command = command_of(target, compiler, texts)
    for what, path in texts.files.items():
        result = abi.run(command + [path])
        said = result.stdout
        reason = TOO_WIDE if WIDER in what else REFUSED
        report.ok(result.returncode != 0 and reason in said,
                  "%s: %s, %s: %s is refused" % (
                      target.name, " ".join(compiler), texts.language[1],
                      what), said, command_again(command, path))


PAGE = ["-DQPMAP_HOST_PAGE=\"host_page.h\""]
HOOKS = ["-DQPMAP_HOST_INLINE=\"hostile_hooks.h\""]


def page_text(kind):
    """A file whose vm_page_t is of that type."""
    wider = "__extension__ typedef __int128 wider;\n"
    if kind == WIDER:
        return ("#if __SIZEOF_POINTER__ == 4\n"
                "typedef unsigned long long wider;\n#else\n" + wider +
                "#endif\n") + page_text("wider")
    return ("#define HOST_PAGE_TYPE %s\n"
            "#define QPMAP_HOST_PAGE \"host_page_type.h\"\n"
            "#include <qpmap/pmap.h>\n" % kind) + USE_PAGE


def no_pages(language):
    texts = Texts(language)
    for kind in NO_PAGE_TYPES + [WIDER]:
        texts.add("vm_page_t as %s" % kind, page_text(kind))
    return texts


def texts_of(language):
    """What is compiled in a language for every target."""
    every = "".join("#include <%s>\n" % h for h in headers())
    hostile = "#include \"hostile.h\"\n"
    texts = Texts(language)

    def both(what, text, options=()):
        texts.add(what, text, options)
        texts.add(what + ", shootdown, ranges, large pages", text, [
            *options, abi.SHOOTDOWN, abi.RANGES, abi.LARGE,
            abi.TRY, abi.SWITCH])

    for header in headers():
        one = "#include <%s>\n" % header
        page = PAGE if header.endswith("pmap.h") else []
        for what, text, options in (
                ("%s alone, twice" % header, one + one, []),
                ("hostile.h, then %s" % header, hostile + one, page),
                ("%s, then hostile.h" % header, one + hostile, page)):
            both(what, text + "extern int qpmap_nothing;\n", options)
    for kind in PAGE_TYPES:
        texts.add("vm_page_t as %s" % kind, page_text(kind))
    both("all in use", every + USE)
    for options in abi.INLINE, abi.INLINE + abi.BUILT:
        both("all in use, " + " ".join(options), every + USE, options)
        texts.add("a page, " + " ".join(options),
                  "#include <qpmap/pmap.h>\n" + USE_PAGE, options)
    both("all in use after hostile.h", hostile + every + USE, PAGE)
    both("all in use before hostile.h", every + hostile + USE, PAGE)
    return texts


def inline_hooks():
    texts = Texts(("c", "gnu11", LANGUAGES[0][2]))
    texts.add("host.h with QPMAP_HOST_INLINE", "#include <qpmap/host.h>\n"
              "struct qpmap_cpu *qpmap_use(void);\n"
              "struct qpmap_cpu *qpmap_use(void)\n"
              "{ struct qpmap_cpu *c = qpmap_host_pin();"
              " qpmap_host_unpin(c);"
              " return (qpmap_host_cpu()); }\n", HOOKS)
    return texts


def check_sources(report, target):
    """The sources, with hostile headers in every one of them.  Whether their
    names are taken is for the front end to say.
    """
    options = ["-std=gnu11", "-I" + abi.HERE, abi.SHOOTDOWN, abi.TABLES,
               abi.RANGES, abi.LARGE, abi.TRY, abi.SWITCH] + HOOKS + PAGE + target.no_fp()
    for compiler in abi.compilers(target.arch):
        for before in [], ["-include", abi.HERE + "/hostile.h"]:
            texts = Texts(LANGUAGES[0], options + before)
            for source in target.sources():
                texts.files["%s among hostile headers%s" % (
                    os.path.relpath(source, abi.ROOT),
                    " in front" if before else "")] = source
            compile_all(report, target, compiler, texts)


def macros(command, paths):
    result = abi.run(command + paths)
    if result.returncode:
        return set()
    return set(re.findall(r"^#define (\w+)", result.stdout, re.M))


def check_macros(report, target):
    """Every macro of headers and sources has the prefix."""
    driver = abi.clang(target.arch) + [
        "-dM", "-E", "-x", "c", "-I" + os.path.join(abi.ROOT, "include"),
        abi.SHOOTDOWN, abi.TABLES, abi.RANGES, abi.LARGE, abi.TRY, abi.SWITCH] + \
        target.options
    mine = macros(driver, [os.devnull])
    names = ["<%s>" % h for h in headers()]
    names += ["\"%s\"" % s for s in target.sources()]
    # The last line of each is a macro, too, which shows that it was reached.
    paths = [abi.scratch("%s-macros%d.c" % (target.name, i),
                         "#include %s\n#define QPMAP_END_%d\n" % (name, i))
             for i, name in enumerate(names)]
    ends = {"QPMAP_END_%d" % i for i in range(len(names))}
    words = None if abi.ALL else abi.behind(driver, paths[0])
    if words is not None:
        found = macros(words, paths) - mine
        if ends < found and not without_prefix(found):
            report.checked += len(names)
            return
    for name, path in zip(names, paths):
        found = macros(driver, [path]) - mine - ends
        bad = without_prefix(found)
        report.ok(found and not bad, "%s: macros of %s" % (target.name, name),
                  "without the prefix: " + (" ".join(sorted(bad)) or "none; "
                                            "no macro was found at all"))


def without_prefix(names):
    # A backend's own version of a function of generic.h is a macro, too, of
    # the function's name.
    return {m for m in names if not re.match(r"QPMAP_|QPTE_|qpmap_", m)}


def check_includes(report):
    """Headers and sources include the library's own files and no others."""
    files = glob.glob(os.path.join(abi.ROOT, "include/**/*.h"),
                      recursive=True)
    files += glob.glob(os.path.join(abi.ROOT, "src/**/*.[ch]"),
                       recursive=True)
    for path in files:
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                match = re.match(r"\s*#\s*include\s+(\S+)", line)
                if not match:
                    continue
                name = match.group(1)
                good = name.startswith("QPMAP_")
                if name[0] == "<":
                    good = os.path.exists(os.path.join(
                        abi.ROOT, "include", name[1:-1]))
                elif name[0] == '"':
                    good = os.path.exists(os.path.join(
                        os.path.dirname(path), name[1:-1]))
                report.ok(good, "%s includes %s" % (
                    os.path.relpath(path, abi.ROOT), name))


def main():
    report = abi.Report("abi/headers")
    check_includes(report)
    seen = [t for t in abi.targets()
            if t.name in abi.TRIPLE or t.name == "i386-pae"]
    texts = [texts_of(language) for language in LANGUAGES]
    work = [(t, c, x) for t in seen for c, has in front_ends(t)
            for x, good in zip(texts, has) if good]
    hooks = inline_hooks()
    work += [(t, c, hooks) for t in seen for c, (has_c, _) in front_ends(t)
             if has_c]
    abi.parallel(lambda w: compile_all(report, *w), work)
    refused = [no_pages(language) for language in LANGUAGES]
    abi.parallel(lambda w: refuse_all(report, *w),
                 [(t, c, x) for t in seen for c, has in front_ends(t)
                  for x, good in zip(refused, has) if good])
    abi.parallel(lambda t: check_sources(report, t), seen)
    abi.parallel(lambda t: check_macros(report, t), seen)
    report.end()


if __name__ == "__main__":
    main()
