#!/usr/bin/env python3
"""The embedding example of README.md is what it claims: its C has at most 15 lines, compiles without
warnings against the library, and prints what the page says when it runs the compiled object."""
import argparse
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LINES = 15
SECTION = re.compile(r"^## Embedding.*?^```c\n(.*?)^```$.*?^```text\n(.*?)^```$", re.M | re.S)


def example(page):
    found = SECTION.search(page)
    if not found:
        sys.exit("README.md: no section Embedding with a C example and its output")
    return found.groups()


def build_and_run(code, options, work):
    source, program = os.path.join(work, "example.c"), os.path.join(work, "example")
    with open(source, "w", encoding="utf-8") as file:
        file.write(code)
    subprocess.run([options.compiler, "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror",
                    "-I", os.path.join(ROOT, "include"), source, options.library, "-pthread",
                    *options.flags, "-o", program], check=True)
    return subprocess.run([program, options.object], check=True, stdout=subprocess.PIPE,
                          text=True).stdout


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--library", required=True)
    parser.add_argument("--object", required=True)
    parser.add_argument("flags", nargs="*", help="more flags for the compiler")
    options = parser.parse_args()
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
        code, output = example(file.read())
    if len(code.splitlines()) > LINES:
        sys.exit(f"README.md: the example has more than {LINES} lines")
    with tempfile.TemporaryDirectory() as work:
        printed = build_and_run(code, options, work)
    if printed != output:
        sys.exit(f"README.md: the example prints {printed!r}, the page says {output!r}")


main()
