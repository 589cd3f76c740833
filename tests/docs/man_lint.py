#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""mandoc -T lint has nothing to say about the manual pages."""

import glob
import os
import subprocess
import sys

from targets import ROOT, tool

pages = sorted(glob.glob("*.9", root_dir=os.path.join(ROOT, "docs/man")))
done = subprocess.run([tool("mandoc"), "-T", "lint"] + pages,
                      cwd=os.path.join(ROOT, "docs/man"), text=True,
                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                      check=False)
print(done.stdout, end="")
if done.stdout or done.returncode or not pages:
    sys.exit("again with: (cd docs/man && mandoc -T lint *.9)")
print(f"{len(pages)} pages clean")
