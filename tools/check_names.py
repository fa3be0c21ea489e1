#!/usr/bin/env python3
"""File-level names, static ones too, are unique across src/, and macros of .c files end with them.

The amalgamation puts all files into one, so a name must mean one thing.  Names are read by
universal-ctags; without it the check is skipped (exit status 77), and only the compilation of the
amalgamation looks."""
import collections
import re
import shutil
import subprocess
import sys

import checking

# ctags' kinds: functions, variables, enumerators and typedefs share a name space; tags have theirs.
ORDINARY, TAG, MACRO = "fvet", "sgu", "d"
UNDEF = re.compile(r"^[ \t]*#[ \t]*undef[ \t]+(\w+)", re.M)
ALLOWED = {"_GNU_SOURCE"}
# Macros around the names of definitions, which ctags is to look through.
TRANSPARENT = ["PROVED(name)=name"]

Name = collections.namedtuple("Name", "name space path line")


def space_of(kind):
    return "tag" if kind in TAG else "macro" if kind in MACRO else "ordinary"


def file_level(fields):
    """Members and what lies inside functions carry a scope; enumerators carry their enum's."""
    return all(not f.startswith(("struct:", "union:", "function:")) for f in fields)


def names_in(root, paths):
    """All file-level names that ctags sees."""
    run = subprocess.run(
        ["ctags", "-f", "-", "--sort=no", "--languages=C", "--langmap=C:.c.h",
         *[f"-D{macro}" for macro in TRANSPARENT], f"--kinds-C={ORDINARY}{TAG}{MACRO}", "--fields=ksn", "--fields=+Z", "-L", "-"],
        cwd=root, input="\n".join(paths), text=True, capture_output=True, check=True)
    names = []
    for row in run.stdout.splitlines():
        if row.startswith("!"):
            continue
        name, path, rest = row.split("\t", 2)
        fields = rest[rest.rindex(';"') + 2:].strip().split("\t")
        kind = fields[0]
        line = next((f[5:] for f in fields if f.startswith("line:")), "?")
        scopes = [f.removeprefix("scope:") for f in fields[1:]]
        if file_level(scopes) and not name.startswith("__anon"):
            names.append(Name(name, space_of(kind), path, line))
    return names


def undefined_later(root, paths):
    return {path: set(UNDEF.findall(checking.read(root, path))) for path in paths}


def lasting(name, undefs):
    """A macro that its own file undefines is not there for others."""
    return name.space != "macro" or name.name not in undefs[name.path] | ALLOWED


def macro_problems(names, undefs):
    return [f"{n.path}:{n.line}: macro {n.name} is not undefined at the end of its file"
            for n in names if n.space == "macro" and n.path.endswith(".c") and lasting(n, undefs)]


def clash_problems(names):
    """A macro clashes with everything of its name; the other name spaces only with themselves."""
    first = {}
    problems = []
    for n in names:
        for space in ("tag", "ordinary") if n.space == "macro" else (n.space,):
            other = first.setdefault((n.name, space), n)
            if other.path != n.path:
                problems.append(f"{n.path}:{n.line}: {n.name} is also in {other.path}:{other.line}")
                break
    return problems


def check(root):
    paths = checking.files_below(root, "src")
    undefs = undefined_later(root, paths)
    names = [n for n in names_in(root, paths)]
    return macro_problems(names, undefs) + clash_problems([n for n in names if lasting(n, undefs)])


Seed = checking.Seed
SEEDS = [
    Seed("a tree in order", {
        "src/a/a.c": "#define ROW(x) x\nstatic int a_f(int local) { int x = local; return x; }\n"
                     "struct a_s { int field; };\nenum { A_ONE };\n#undef ROW\n",
        "src/b/b.c": "#define ROW(x) x, x\nstatic int b_f(void) { struct in { int field; }; "
                     "static int x; return x; }\nstruct b_s { int field; };\n#undef ROW\n",
        "src/b/b.h": "int b_g(void);\nstruct b_g { int x; };\n"}, None),
    Seed("two static functions", {"src/a/a.c": "static int f(void) { return 1; }\n",
                                  "src/b/b.c": "\nstatic int f(void) { return 2; }\n"},
         "src/b/b.c:2: f is also in src/a/a.c:1"),
    Seed("two tables", {"src/a/a.c": "static const int t[] = { 1 };\n",
                        "src/b/b.c": "static const char *t[] = { 0 };\n"}, "t is also in"),
    Seed("two structs", {"src/a/a.c": "struct s { int x; };\n",
                         "src/b/b.h": "struct s { int y; };\n"}, "s is also in"),
    Seed("two enumerators", {"src/a/a.c": "enum { LIMIT = 1 };\n",
                             "src/b/b.c": "enum sizes { LIMIT = 2 };\n"}, "LIMIT is also in"),
    Seed("a typedef and a variable", {"src/a/a.c": "typedef int thing;\n",
                                      "src/b/b.c": "static int thing;\n"}, "thing is also in"),
    Seed("a macro that stays", {"src/a/a.c": "#define A_X 1\nint a = A_X;\n"},
         "macro A_X is not undefined"),
    Seed("a header's macro over a function", {"src/a/a.h": "#define f(x) (x)\n",
                                              "src/b/b.c": "static int f(void) { return 1; }\n"},
         "f is also in"),
]

if __name__ == "__main__":
    if not shutil.which("ctags"):
        print("skipped: ctags is not installed")
        sys.exit(77)
    checking.main(check, SEEDS, __doc__)
