#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Link each host pattern of examples/hosts/ with the library's sources.

For all four targets, with the default options and with QPMAP_SHOOTDOWN and
QPMAP_TABLES, into an image without an undefined symbol.
"""

import os
import sys
import tempfile

import targets

PATTERNS = {
    "counter": ([], ["-DQPMAP_HOST_INLINE=\"counter.h\""]),
    "save_restore": (["examples/hosts/save_restore.c"], []),
    "critical": (["examples/hosts/critical.c"], []),
    "migration": (["examples/hosts/migration.c"],
                  ["-DQPMAP_HOST_INLINE=\"migration.h\"",
                   "-DQPMAP_SWITCH=1"]),
}


# The files and options that each build adds.
BUILDS = {
    "": ([], []),
    "-shootdown": (["examples/hosts/shootdown.c"],
                   ["-DQPMAP_SHOOTDOWN=1", "-DQPMAP_TABLES=1"]),
}


def main():
    wanted = sys.argv[1:] or list(targets.TARGETS)
    count = 0
    with tempfile.TemporaryDirectory() as work:
        for target in wanted:
            for pattern, (files, extra) in PATTERNS.items():
                common = ["examples/hosts/cold.c", "examples/hosts/kernel.c"]
                for suffix, (more, options) in BUILDS.items():
                    name = f"{target}-{pattern}{suffix}"
                    targets.link(target, files + common + more,
                                 os.path.join(work, name), extra + options)
                    count += 1
    print(f"{count} images linked: {', '.join(wanted)} with each of "
          f"{', '.join(PATTERNS)}, without and with shootdown")


if __name__ == "__main__":
    main()
