#!/usr/bin/env python3
"""Every path and every `make` target that the Markdown pages name exists.

Looks at code spans, fenced blocks and link targets.  A path is anything with a slash whose first
part is a file or folder at the top of the tree; <name> and * stand for anything that is there."""
import glob
import os
import re

import checking

SPAN = re.compile(r"`([^`\n]+)`")
FENCE = re.compile(r"^(```|~~~)[^\n]*\n(.*?)^\1", re.M | re.S)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
PATH = re.compile(r"(?<![\w/.$~-])(\.?[\w.<>*-]+(?:/[\w.<>*-]+)+/?)")
MAKE = re.compile(r"(?:^|[\s;&(`])make ((?:[a-z][a-z-]*[ \t]*)+)(?=$|[^\w-])", re.M)
MADE = {"build", "out"}


def makefile_targets(root):
    path = os.path.join(root, "Makefile")
    text = checking.read(root, "Makefile") if os.path.exists(path) else ""
    return set(re.findall(r"^([a-z][\w-]*):", text, re.M))


def exists(root, path):
    pattern = re.sub(r"<[^>]*>", "*", path).rstrip("/.")
    return bool(glob.glob(os.path.join(root, pattern)))


def is_ours(root, path):
    top = path.split("/")[0]
    return top not in MADE and top not in (".", "..") and os.path.exists(os.path.join(root, top))


def link_problems(root, page, text):
    here = os.path.dirname(page)
    for target in LINK.findall(text):
        target = target.split("#")[0]
        if target and "://" not in target and not target.startswith("mailto:"):
            if not os.path.exists(os.path.join(root, here, target)):
                yield f"{page}: links to {target}, which does not exist"


def code_problems(root, page, code, targets):
    for path in PATH.findall(code):
        if is_ours(root, path) and not exists(root, path):
            yield f"{page}: names {path}, which does not exist"
    for match in MAKE.finditer(code):
        for target in match.group(1).split():
            if target not in targets:
                yield f"{page}: names make {target}, which is no target"


def check(root):
    targets = makefile_targets(root)
    problems = []
    for page in checking.files_below(root, ".", suffixes=(".md",)):
        text = checking.read(root, page)
        problems += link_problems(root, page, text)
        blocks = [m.group(2) for m in FENCE.finditer(text)]
        spans = SPAN.findall(FENCE.sub("", text))
        for code in blocks + spans:
            problems += code_problems(root, page, code, targets)
    return problems


Seed = checking.Seed
TREE = {"Makefile": "all:\ntest: all\n", "src/elf/elf.c": "", "docs/jit.md": "", ".ci/run": ""}
SEEDS = [
    Seed("a tree in order", {**TREE, "README.md": (
        "Run `make test` or `make`; see `src/elf/elf.c`, `src/<folder>/*.c`, `.ci/run`, "
        "`build/skep`, `/usr/lib/x.o`, `and/or`, [the JIT](docs/jit.md#top), "
        "[out](https://example.org/a/b).\n```\nmake test   # src/elf/\n```\n")}, None),
    Seed("a path that moved", {**TREE, "README.md": "See `src/elf/gone.c`.\n"},
         "README.md: names src/elf/gone.c"),
    Seed("a path in a fenced block", {**TREE, "docs/a.md": "```sh\ncat src/none/x.c\n```\n"},
         "docs/a.md: names src/none/x.c"),
    Seed("a pattern that matches nothing", {**TREE, "README.md": "`src/*/*.rs`\n"}, "src/*/*.rs"),
    Seed("a target that is none", {**TREE, "README.md": "Type `make tests`.\n"}, "make tests"),
    Seed("a dead link", {**TREE, "docs/a.md": "[b](b.md)\n"}, "docs/a.md: links to b.md"),
]

if __name__ == "__main__":
    checking.main(check, SEEDS, __doc__)
