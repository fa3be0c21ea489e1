#!/usr/bin/env python3
"""Includes point down the layers or stay in their folder, and enter other folders by their doors.

The table is section "Layers" of ARCHITECTURE.md; if the two differ, one of them is wrong."""
import os
import re

import checking

# A folder may include folders of lower layers only.
LAYERS = [
    ["base"],
    ["os"],
    ["isa", "elf"],
    ["btf"],
    ["contract"],
    ["ir"],
    ["rt", "fact"],
    ["load", "verify", "lower", "vm", "opt", "jit", "map", "helper", "hook"],
    ["api"],
]
# Public headers belong to the folder whose shapes they show; those not listed belong to api.
HEADER_FOLDER = {"base": "base", "isa": "isa", "contract": "contract", "thread": "rt",
                 "packet": "rt", "host": "rt"}
# The door of a folder is <folder>/<folder>.h.  These open more: base/ is a box of tools, and these
# headers are small parts of a door that others may take alone.
MORE_DOORS = {"isa/eval.h", "contract/layout.h", "fact/scalar.h", "fact/word.h"}

LEVEL = {folder: level for level, folders in enumerate(LAYERS) for folder in folders}
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<(skep/[^>]+)>)', re.M)


def folder_of(path):
    """'src/elf/elf.c' and 'elf/elf.h' are of elf; 'include/skep/map.h' is of api."""
    parts = path.split("/")
    if parts[0] in ("include", "skep"):
        return HEADER_FOLDER.get(os.path.splitext(parts[-1])[0], "api")
    return parts[1] if parts[0] == "src" else parts[0]


def is_door(target):
    folder = folder_of(target)
    return (target.startswith("skep/") or folder == "base" or target in MORE_DOORS
            or target == f"{folder}/{folder}.h")


def include_problem(path, target):
    source, folder = folder_of(path), folder_of(target)
    if "/" not in target:
        return "name the folder: a path from src/"
    if folder not in LEVEL:
        return f"{folder}/ is in no layer"
    if source == folder:
        return None
    if LEVEL[folder] >= LEVEL[source]:
        return f"{source}/ is not above {folder}/"
    return None if is_door(target) else f"not the door of {folder}/"


def outsider_problem(path, target):
    """For what is built on the library: public headers, and headers of its own."""
    if target.startswith("skep/") or folder_of(target) not in LEVEL:
        return None
    return "only public headers here"


def problems_of(root, path, judge):
    if judge is include_problem and folder_of(path) not in LEVEL:
        return [f"{path}: {folder_of(path)}/ is in no layer"]
    text = checking.read(root, path)
    found = []
    for match in INCLUDE.finditer(text):
        target = match.group(1) or match.group(2)
        problem = judge(path, target)
        if problem:
            line = text.count("\n", 0, match.start()) + 1
            found.append(f"{path}:{line}: includes {target}: {problem}")
    return found


def check(root):
    problems = []
    for path in checking.files_below(root, "src", "include"):
        problems += problems_of(root, path, include_problem)
    for path in checking.files_below(root, "tool", "bench", "examples"):
        problems += problems_of(root, path, outsider_problem)
    return problems


Seed = checking.Seed
SEEDS = [
    Seed("a tree in order", {
        "src/base/a.c": '#include "base/b.h"\n#include <skep/base.h>\n#include <stdio.h>\n',
        "src/vm/run.c": '#include "vm/vm.h"\n#include "ir/ir.h"\n#include "vm/inner.h"\n',
        "src/api/env.c": '#include <skep/env.h>\n#include "vm/vm.h"\n#include "base/vec.h"\n',
        "include/skep/env.h": "#include <skep/base.h>\n",
        "tool/skep/main.c": '#include <skep/skep.h>\n#include "out.h"\n'}, None),
    Seed("an include that points up", {"src/elf/a.c": '#include "load/load.h"\n'},
         "src/elf/a.c:1: includes load/load.h: elf/ is not above load/"),
    Seed("neighbours of one layer", {"src/vm/a.c": '\n#include "jit/jit.h"\n'},
         "src/vm/a.c:2: includes jit/jit.h: vm/ is not above jit/"),
    Seed("a way past the door", {"src/load/a.c": '#  include "elf/section.h"\n'},
         "not the door of elf/"),
    Seed("base that knows BPF", {"src/base/a.c": "#include <skep/isa.h>\n"},
         "base/ is not above isa/"),
    Seed("base that asks the system", {"src/base/a.c": '#include "os/os.h"\n'},
         "base/ is not above os/"),
    Seed("a public header that reaches up", {"include/skep/base.h": "#include <skep/env.h>\n"},
         "base/ is not above api/"),
    Seed("the library's inside that needs its outside", {"src/vm/a.c": "#include <skep/env.h>\n"},
         "vm/ is not above api/"),
    Seed("an unknown folder", {"src/misc/a.c": "int x;\n"}, "misc/ is in no layer"),
    Seed("a tool that sees internals", {"tool/skep/main.c": '#include "elf/elf.h"\n'},
         "only public headers here"),
    Seed("an include without its folder", {"src/vm/a.c": '#include "vm.h"\n'}, "name the folder"),
]

if __name__ == "__main__":
    checking.main(check, SEEDS, __doc__)
