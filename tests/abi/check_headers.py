#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The public headers need no other header, compile alone as C11 and as C++17
without any standard header, before and after a kernel's own that takes their
names, and define only prefixed names.  The sources compile among such headers
too.
"""

import glob
import os
import re
import shutil

import abi

LANGUAGES = [("c", "c11", ["-Wmissing-prototypes"]),
             ("c++", "c++17", ["-Wmissing-declarations"])]

# What a file that includes all headers does with them.
USE = """
int qpmap_use(struct qpmap_cpu *it, const struct qpmap_config *config);
int qpmap_use(struct qpmap_cpu *it, const struct qpmap_config *config)
{
	int error = qpmap_init(config);
	qpmap_vaddr_t va = qpmap_enter(QPMAP_PAGE_SIZE, QPMAP_UNCACHED);
	qpmap_remove(va);
	if (QPMAP_WINDOW_SIZE < QPMAP_PAGE_SIZE || QPMAP_PAGE_MASK == 0 ||
	    qpmap_enter_ro(0, QPMAP_WRITE_COMBINING | QPMAP_SHARED) == 0) {
		qpmap_host_panic(QPMAP_PANIC_ATTR, QPMAP_OPTIONS,
		    QPMAP_TYPE_BIT(QPMAP_UNCACHED) + QPMAP_ATTR_COUNT);
	}
	return (error == QPMAP_ERR_OPTIONS ? 1 : (int)qpmap_held(it));
}
#if QPMAP_SHOOTDOWN
int qpmap_use_others(struct qpmap_config *config,
    struct qpmap_shootdown *shootdown, struct qpmap_remote *remote,
    struct qpmap_shared *shared);
int qpmap_use_others(struct qpmap_config *config,
    struct qpmap_shootdown *shootdown, struct qpmap_remote *remote,
    struct qpmap_shared *shared)
{
	unsigned long cpus[2] = { 1, 1 };
	qpmap_vaddr_t va = 0 - QPMAP_SHARED_SIZE;
	config->shootdown = shootdown;
	config->remote = remote;
	remote->hart = 1;
	shared->leaf = 0;
	config->shared = shared;
	config->shared_va = va;
	config->shared_count = QPMAP_SHARED_SLOTS;
	qpmap_host_ipi(1);
	qpmap_shootdown_ipi();
	qpmap_shootdown_poll();
	qpmap_shootdown(va, QPMAP_ALL_PAGES, cpus);
	qpmap_shootdown(va, QPMAP_REQUESTS, 0);
	qpmap_quiesce();
	if (qpmap_shared_enter(0, QPMAP_WRITE_BACK, &va) != QPMAP_OK) {
		return (QPMAP_ERR_SHARED_FULL);
	}
	qpmap_shared_remove(va);
	qpmap_shared_remove_deferred(va);
	return (0);
}
#else
/* None of it is there: these names are the kernel's. */
struct qpmap_remote;
struct qpmap_shared *qpmap_quiesce(struct qpmap_remote *);
#endif
"""


def headers():
    found = glob.glob(os.path.join(abi.ROOT, "include/qpmap/**/*.h"),
                      recursive=True)
    return sorted(os.path.relpath(p, os.path.join(abi.ROOT, "include"))
                  for p in found)


def front_ends(target):
    """Compilers, each with the languages it has here."""
    yield abi.clang(target.arch), LANGUAGES
    newest = abi.newest_clang()
    if newest and target.name == "amd64":
        yield abi.clang(target.arch, newest), LANGUAGES
    for compiler in abi.gccs(target.arch)[:1]:
        plus = [compiler[0].replace("gcc", "g++")] + compiler[1:]
        yield compiler, LANGUAGES[:1]
        if shutil.which(plus[0]):
            yield plus, LANGUAGES[1:]


def compile_text(report, what, target, compiler, language, text, extra=()):
    name, standard, warnings = language
    path = os.path.join(abi.SCRATCH, "%d.%s" % (
        abs(hash((what, target.name, tuple(compiler), standard))),
        "c" if name == "c" else "cc"))
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
    flags = [w for w in abi.WARNINGS if w != "-Wmissing-prototypes"]
    if "g++" in compiler[0]:
        # All of it warns of a structure and a function of the same name.
        flags[flags.index("-Wshadow")] = "-Wshadow=local"
    command = list(compiler) + [
        "-x", name, "-std=" + standard, "-nostdinc", "-ffreestanding",
        "-O1", "-fno-pic", "-fsyntax-only"] + flags + warnings + \
        target.options + ["-I" + os.path.join(abi.ROOT, "include"),
                          "-I" + abi.HERE] + list(extra) + [path]
    result = abi.run(command)
    report.ok(result.returncode == 0 and result.stdout == "",
              "%s: %s, %s: %s" % (target.name, " ".join(compiler), standard,
                                  what),
              result.stdout, "printf '%%s' '%s' >x.%s && %s" % (
                  text.replace("\n", "\\n"), "c" if name == "c" else "cc",
                  " ".join(command[:-1] + ["x.c" if name == "c" else
                                           "x.cc"])))


PAGE = ["-DQPMAP_HOST_PAGE=\"host_page.h\""]
HOOKS = ["-DQPMAP_HOST_INLINE=\"hostile_hooks.h\"", "-std=gnu11"]


def check_target(report, configuration):
    target, compiler, languages = configuration
    every = "".join("#include <%s>\n" % h for h in headers())
    hostile = "#include \"hostile.h\"\n"
    for language in languages:
        for header in headers():
            one = "#include <%s>\n" % header
            page = PAGE if header.endswith("pmap.h") else []
            for what, text, extra in (
                    ("%s alone, twice" % header, one + one, []),
                    ("hostile.h, then %s" % header, hostile + one, page),
                    ("%s, then hostile.h" % header, one + hostile, page)):
                text += "extern int qpmap_nothing;\n"
                compile_text(report, what, target, compiler, language, text,
                             extra)
                compile_text(report, what + ", shootdown", target, compiler,
                             language, text, extra + [abi.SHOOTDOWN])
        for what, text, extra in (
                ("all in use", every + USE, []),
                ("all in use after hostile.h", hostile + every + USE, PAGE),
                ("all in use before hostile.h", every + hostile + USE, PAGE)):
            compile_text(report, what, target, compiler, language, text,
                         extra)
            compile_text(report, what + ", shootdown", target, compiler,
                         language, text, extra + [abi.SHOOTDOWN])
        if language[0] == "c":
            compile_text(report, "host.h with QPMAP_HOST_INLINE", target,
                         compiler, language, "#include <qpmap/host.h>\n" +
                         "struct qpmap_cpu *qpmap_use(void);\n"
                         "struct qpmap_cpu *qpmap_use(void)\n"
                         "{ struct qpmap_cpu *c = qpmap_host_pin();"
                         " qpmap_host_unpin(c);"
                         " return (qpmap_host_cpu()); }\n", HOOKS)


def check_sources(report, target):
    """The sources, with hostile headers in every one of them."""
    flags = ["-O2", "-fno-pic", "-nostdinc", "-ffreestanding",
             "-I" + abi.HERE, abi.SHOOTDOWN] + HOOKS + PAGE + \
        target.options + target.no_fp()
    for compiler in abi.compilers(target.arch):
        for before in [], ["-include", abi.HERE + "/hostile.h"]:
            what = "%s: %s: sources among hostile headers%s" % (
                target.name, " ".join(compiler), " in front" if before else "")
            with abi.Build(compiler, flags + before,
                           target.sources()) as build:
                report.ok(build.good and build.output == "", what,
                          build.output, build.repeat)


def macros(target, text, extra=()):
    command = abi.clang(target.arch) + [
        "-dM", "-E", "-x", "c", "-I" + os.path.join(abi.ROOT, "include"),
        "-"] + list(extra)
    result = abi.run(command, input=text)
    return set(re.findall(r"^#define (\w+)", result.stdout, re.M))


def check_macros(report, target):
    """Every macro of headers and sources has the prefix."""
    mine = macros(target, "")
    files = [("<%s>" % h, "") for h in headers()]
    files += [("\"%s\"" % s, "") for s in target.sources()]
    for name, _ in files:
        found = macros(target, "#include %s\n" % name,
                       target.options + [abi.SHOOTDOWN]) - mine
        bad = {m for m in found if not re.match(r"QPMAP_|QPTE_", m)}
        # vm_page_t's two accessors are functions of the host's.
        bad -= {"qpmap_host_page_pa", "qpmap_host_page_attr"}
        report.ok(found and not bad, "%s: macros of %s" % (target.name, name),
                  "without the prefix: " + (" ".join(sorted(bad)) or "none; "
                                            "no macro was found at all"))


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
    work = [(t, c, l) for t in seen for c, l in front_ends(t)]
    abi.parallel(lambda c: check_target(report, c), work)
    abi.parallel(lambda t: check_sources(report, t), seen)
    abi.parallel(lambda t: check_macros(report, t), seen)
    report.end()


if __name__ == "__main__":
    main()
