#!/usr/bin/env python3
"""Every C file is as clang-format 14 would lay it out.  `make format` does so.

Another version decides differently, so without version 14 the check is skipped (exit status 77)."""
import os
import shutil
import subprocess
import sys

import checking

FOLDERS = ("include", "src", "tool", "test", "bench", "examples")


def formatter():
    for name in ("clang-format-14", "clang-format"):
        if shutil.which(name):
            version = subprocess.run([name, "--version"], text=True, capture_output=True).stdout
            if "version 14." in version:
                return name
    return None


def check(root):
    style = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".clang-format")
    paths = checking.files_below(root, *FOLDERS)
    if not paths:
        return []
    run = subprocess.run([formatter(), "--dry-run", f"--style=file:{style}", *paths],
                         cwd=root, text=True, capture_output=True)
    warnings = [line for line in run.stderr.splitlines() if ": warning: " in line]
    return sorted({line.split(":")[0] + ": run make format" for line in warnings})


Seed = checking.Seed
SEEDS = [
    Seed("a file in order", {"src/a/a.c": "int a(int x) { return x; }\n"}, None),
    Seed("a file that is not", {"src/a/a.c": "int a(int x) {\n  return x; }\n"},
         "src/a/a.c: run make format"),
]

if __name__ == "__main__":
    if not formatter():
        print("skipped: clang-format 14 is not installed")
        sys.exit(77)
    checking.main(check, SEEDS, __doc__)
