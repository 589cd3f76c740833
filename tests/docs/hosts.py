#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Link each host pattern of examples/hosts/ with the library's sources.

For all four targets, into an image without an undefined symbol.
"""

import os
import sys
import tempfile

import targets

PATTERNS = {
    "counter": ([], ["-DQPMAP_HOST_INLINE=\"counter.h\""]),
    "save_restore": (["examples/hosts/save_restore.c"], []),
    "critical": (["examples/hosts/critical.c"], []),
}


def main():
    wanted = sys.argv[1:] or list(targets.TARGETS)
    count = 0
    with tempfile.TemporaryDirectory() as work:
        for target in wanted:
            for pattern, (files, extra) in PATTERNS.items():
                common = ["examples/hosts/cold.c", "examples/hosts/kernel.c"]
                targets.link(target, files + common,
                             os.path.join(work, f"{target}-{pattern}"), extra)
                count += 1
    print(f"{count} images linked: {', '.join(wanted)} with each of "
          f"{', '.join(PATTERNS)}")


if __name__ == "__main__":
    main()
