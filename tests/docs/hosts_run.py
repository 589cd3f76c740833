#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Run the logic of each host pattern on this machine: see test_hosts.c."""

import os
import subprocess
import sys
import tempfile

import targets

PATTERNS = {
    "counter": ["-DQPMAP_HOST_INLINE=\"../../examples/hosts/counter.h\""],
    "save_restore": ["-DHOSTS_SAVES", "examples/hosts/save_restore.c"],
    "critical": ["examples/hosts/critical.c"],
}


def main():
    with tempfile.TemporaryDirectory() as work:
        for pattern, arguments in PATTERNS.items():
            program = os.path.join(work, pattern)
            targets.run([targets.tool("gcc"), "-std=gnu11", "-g", "-O1",
                         "-fsanitize=address,undefined", "-Wall", "-Wextra",
                         "-Werror", "-I", "include", "-I", "tests/docs",
                         "-include", "tests/docs/native_kernel.h",
                         "-DQPMAP_SHOOTDOWN=1", "tests/docs/test_hosts.c",
                         "examples/hosts/shootdown.c"] + arguments +
                        ["-o", program, "-lcmocka"])
            if subprocess.run([program], check=False).returncode != 0:
                sys.exit(f"failed: the pattern {pattern}; again with "
                         "python3 tests/docs/hosts_run.py")


if __name__ == "__main__":
    main()
