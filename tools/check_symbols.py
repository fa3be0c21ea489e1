#!/usr/bin/env python3
"""The shared library exports exactly what the public headers declare, and only skep_* names.

    check_symbols.py [--allow-missing] [root] [library]

The library is build/libskep.so by default.  --allow-missing only counts what is declared and not
exported: for a library that is being built up behind its headers."""
import os
import re
import subprocess
import sys
import tempfile

import checking

COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
DECLARATION = re.compile(r"\bSKEP_API\b([^;{]*?)\b(\w+)\s*(?=\(|;|\[)", re.S)


def declared_in(text):
    """The names behind SKEP_API, without the macro's own definition."""
    text = COMMENT.sub("", text)
    text = re.sub(r"^[ \t]*#[^\n]*(\\\n[^\n]*)*", "", text, flags=re.M)
    return {match.group(2) for match in DECLARATION.finditer(text)}


def declared(root):
    names = set()
    for path in checking.files_below(root, "include"):
        names |= declared_in(checking.read(root, path))
    return names


def exported(library):
    run = subprocess.run(["nm", "-D", "--defined-only", "-f", "posix", library],
                         text=True, capture_output=True, check=True)
    return {row.split()[0].split("@")[0] for row in run.stdout.splitlines()}


def compare(names_declared, names_exported):
    problems = [f"{n} is exported, but is not a skep_ name" for n in sorted(names_exported)
                if not n.startswith("skep_")]
    problems += [f"{n} is exported, but no public header declares it"
                 for n in sorted(names_exported - names_declared)]
    problems += [f"{n} is declared, but not exported"
                 for n in sorted(names_declared - names_exported)]
    return problems


def check_seed(root):
    """A seed's library is its lib.c."""
    with tempfile.TemporaryDirectory() as out:
        library = os.path.join(out, "lib.so")
        subprocess.run(["cc", "-shared", "-fPIC", "-fvisibility=hidden", "-I", root + "/include",
                        root + "/lib.c", "-o", library], check=True)
        return compare(declared(root), exported(library))


HEADER = ("#define SKEP_API __attribute__((visibility(\"default\")))\n"
          "/* SKEP_API int skep_comment(void); */\n"
          "SKEP_API const char *\nskep_a(int (*f)(int), int n);\nSKEP_API extern int skep_b;\n")
LIB = "#include <skep/x.h>\nconst char *skep_a(int (*f)(int), int n) { return f && n ? \"a\" : \"b\"; }\n"
Seed = checking.Seed
SEEDS = [
    Seed("a library in order", {"include/skep/x.h": HEADER,
                                "lib.c": LIB + "int skep_b;\nint inner(void) { return 1; }\n"}, None),
    Seed("a declared function that is missing", {"include/skep/x.h": HEADER, "lib.c": LIB},
         "skep_b is declared, but not exported"),
    Seed("an exported name that nobody declares",
         {"include/skep/x.h": HEADER, "lib.c": LIB + "int skep_b; SKEP_API int skep_c = 1;\n"},
         "skep_c is exported, but no public header declares it"),
    Seed("a foreign name", {"include/skep/x.h": HEADER,
                            "lib.c": LIB + "int skep_b; SKEP_API int helper = 1;\n"},
         "helper is exported, but is not a skep_ name"),
]



def main(root, library, allow_missing):
    found = compare(declared(root), exported(library))
    missing = [p for p in found if p.endswith("but not exported")] if allow_missing else []
    found = [p for p in found if p not in missing]
    if missing:
        print(f"{len(missing)} declared names are not exported yet")
    print("\n".join(found) if found else "no problems")
    return 1 if found else 0


if __name__ == "__main__":
    if "--self-test" in sys.argv:
        sys.exit(checking.self_test(check_seed, SEEDS))
    places = [a for a in sys.argv[1:] if not a.startswith("-")]
    here = os.path.join(os.path.dirname(__file__), "..")
    root = places[0] if places else here
    library = places[1] if len(places) > 1 else os.path.join(root, "build/libskep.so")
    sys.exit(main(root, library, "--allow-missing" in sys.argv))
