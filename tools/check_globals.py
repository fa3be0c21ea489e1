#!/usr/bin/env python3
"""The library has no writable globals and no thread-locals; constant tables are fine.

Looks at what the linker would have to keep writable: the sections of each object in the static
library.  Tables of pointers (.data.rel.ro) are written by the loader only.

    check_globals.py [library]     build/libskep.a by default"""
import os
import re
import subprocess
import sys
import tempfile

import checking

# What a debugger looks for by name has to be a variable: docs/decisions/0009-what-gdb-looks-for.md.
ALLOWED = {("gdb.c.o", ".data"): 24, ("gdb.c.o", ".data.rel.local"): 24, ("gdb.c.o", ".bss"): 4}
WRITABLE = re.compile(r"\.(data|bss|tdata|tbss|ldata|lbss)(?!\.rel\.ro)(\.|$)")


def writable_sections(sizes):
    """What `size -A` prints: a line `object  (ex library):` (or `object  :`), then sections."""
    problems, current = [], "?"
    for line in sizes.splitlines():
        words = line.split()
        if line.endswith(":"):
            current = words[0]
        elif len(words) == 3 and WRITABLE.match(words[0]) and \
                int(words[1]) > ALLOWED.get((current, words[0]), 0):
            problems.append(f"{current}: {words[1]} bytes of writable globals in {words[0]}")
    return problems


def check_library(path):
    run = subprocess.run(["size", "-A", path], text=True, capture_output=True, check=True)
    return writable_sections(run.stdout)


def check_seed(root):
    with tempfile.TemporaryDirectory() as out:
        made = os.path.join(out, "lib.o")
        subprocess.run(["cc", "-O1", "-fPIC", "-c", root + "/lib.c", "-o", made], check=True)
        return check_library(made)


Seed = checking.Seed
SEEDS = [
    Seed("constant tables", {"lib.c": 'const char *const t[] = { "a", "b" };\nconst int n = 2;\n'
                                      "static int f(void) { return 1; }\n"
                                      "int (*const g[])(void) = { f };\n"}, None),
    Seed("a counter", {"lib.c": "int f(void) { static int n; return ++n; }\n"}, "in .bss"),
    Seed("a table that forgot const", {"lib.c": "int t[] = { 1, 2 };\n"}, "in .data"),
    Seed("pointers that forgot const", {"lib.c": 'const char *t[] = { "a" };\n'}, "in .data"),
    Seed("a thread-local", {"lib.c": "_Thread_local int n;\n"}, "in .tbss"),
]

if __name__ == "__main__":
    if "--self-test" in sys.argv:
        sys.exit(checking.self_test(check_seed, SEEDS))
    default = os.path.join(os.path.dirname(__file__), "../build/libskep.a")
    found = check_library(sys.argv[1] if len(sys.argv) > 1 else default)
    print("\n".join(found) if found else "no problems")
    sys.exit(1 if found else 0)
