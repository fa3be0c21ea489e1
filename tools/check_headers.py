#!/usr/bin/env python3
"""Every public header compiles alone, as C and as C++, with gcc and with clang; every internal
header with an include guard compiles alone as C."""
import concurrent.futures
import os
import re
import shutil
import subprocess

import checking

C = ["-std=c11", "-x", "c"]
CXX = ["-std=c++11", "-x", "c++"]
COMPILERS = [("gcc", C), ("g++", CXX), ("clang-19", C), ("clang++-19", CXX)]
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"]


def compile_alone(root, compiler, language, name):
    run = subprocess.run(
        [compiler, *language, *WARNINGS, "-I", os.path.join(root, "include"),
         "-I", os.path.join(root, "src"), "-"],
        input=f"#include <{name}>\nextern int nothing_else;\n", text=True, capture_output=True)
    if run.returncode == 0:
        return None
    first = next((line for line in run.stderr.splitlines() if "error" in line), "fails")
    return f"{name} alone with {compiler}: {first}"


def has_guard(text):
    return re.search(r"^#ifndef (\w+)\n#define \1$", text, re.M) is not None


def jobs(root):
    present = [(c, lang) for c, lang in COMPILERS if shutil.which(c)]
    for path in checking.files_below(root, "include", suffixes=(".h",)):
        for compiler, language in present:
            yield root, compiler, language, path.removeprefix("include/")
    for path in checking.files_below(root, "src", suffixes=(".h",)):
        if has_guard(checking.read(root, path)):
            yield root, present[0][0], present[0][1], path.removeprefix("src/")


def check(root):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return [p for p in pool.map(lambda job: compile_alone(*job), jobs(root)) if p]


Seed = checking.Seed
SEEDS = [
    Seed("headers in order", {
        "include/skep/a.h": "#include <stdint.h>\nuint8_t skep_a(void);\n",
        "src/x/list.h": "ROW(1)\n",
        "src/x/x.h": "#ifndef X\n#define X\n#include <skep/a.h>\n#endif\n"}, None),
    Seed("a header that needs another", {"include/skep/a.h": "uint8_t skep_a(void);\n"},
         "skep/a.h alone with gcc"),
    Seed("a header that is not C++", {"include/skep/a.h": "int skep_a(int class);\n"},
         "skep/a.h alone with g++"),
    Seed("an internal header that needs another",
         {"src/x/x.h": "#ifndef X\n#define X\nvoid f(u8 x);\n#endif\n"}, "x/x.h alone with gcc"),
]

if __name__ == "__main__":
    checking.main(check, SEEDS, __doc__)
