#!/usr/bin/env python3
"""Writes the library as two files, skep.c and skep.h, to be dropped into another project.

    amalgamate.py [output folder, default build/amalgamation]
    cc -c skep.c -pthread

Each .c file goes in after those of the layers below it; a header goes in where it is first named.
A header without an include guard is a list that is included for what its includer defines, so it
goes in every time.  An include inside a condition goes in without being counted as seen."""
import os
import re
import sys

import checking
from check_headers import has_guard
from check_layers import LAYERS

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<(skep/[^>]+)>)')
OPENS, CLOSES = re.compile(r"^[ \t]*#[ \t]*if"), re.compile(r"^[ \t]*#[ \t]*endif")


class Amalgam:
    def __init__(self, root, seen=()):
        self.root, self.seen, self.out = root, set(seen), []

    def place_of(self, target):
        for folder in ("include", "src"):
            path = f"{folder}/{target}"
            if os.path.exists(os.path.join(self.root, path)):
                return path
        raise SystemExit(f"amalgamate: nothing to include as {target}")

    def add(self, path):
        text = checking.read(self.root, path)
        guarded = has_guard(text)
        depth = -1 if guarded else 0  # the guard itself is no condition
        for line in text.splitlines():
            include = INCLUDE.match(line)
            if include:
                self.add_include(include.group(1) or include.group(2), depth > 0)
                continue
            depth += bool(OPENS.match(line)) - bool(CLOSES.match(line))
            self.out.append(line)

    def add_include(self, target, conditional):
        path = self.place_of(target)
        if path in self.seen:
            return
        if not conditional and has_guard(checking.read(self.root, path)):
            self.seen.add(path)
        self.add(path)

    def text(self, *first):
        return "\n".join([*first, *self.out, ""])


def sources(root):
    """All .c files, the lower layers first."""
    return [path for layer in LAYERS for folder in layer
            for path in checking.files_below(root, f"src/{folder}", suffixes=(".c",))]


def banner(root, what):
    header = checking.read(root, "include/skep/base.h")
    version = ".".join(re.findall(r"#define SKEP_VERSION_\w+ (\d+)", header))
    licence = checking.read(root, "LICENSE").strip().replace("\n", "\n * ").replace(" * \n", " *\n")
    return f"/* {what} of libskep {version}, made by tools/amalgamate.py.\n *\n * {licence} */"


def header_text(root):
    amalgam = Amalgam(root)
    amalgam.add("include/skep/skep.h")
    return amalgam.text(banner(root, "The header")), amalgam.seen


def source_text(root, in_header):
    amalgam = Amalgam(root, in_header | {"include/skep/skep.h"})
    for path in sources(root):
        amalgam.out.append(f"\n/* ---- {path} ---- */")
        amalgam.add(path)
    return amalgam.text(banner(root, "The source"), "#ifndef _GNU_SOURCE", "#define _GNU_SOURCE",
                        "#endif", '#include "skep.h"')


def write(root, folder):
    header, in_header = header_text(root)
    source = source_text(root, in_header)
    os.makedirs(folder, exist_ok=True)
    for name, text in (("skep.h", header), ("skep.c", source)):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)


if __name__ == "__main__":
    write(ROOT, sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "build/amalgamation"))
