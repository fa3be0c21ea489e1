"""What the checking tools share: finding files, reporting, and seeding violations to see them red.

A tool gives main() a function check(root) that returns a list of problems, one line each, and a
list of Seed: small trees in which the check must find something, or nothing."""
import argparse
import os
import sys
import tempfile
from collections import namedtuple

# problem: a part of the line that must be reported; None: the tree is right.
Seed = namedtuple("Seed", "name files problem")


def files_below(root, *folders, suffixes=(".c", ".h")):
    """Paths relative to root, sorted."""
    found = []
    for folder in folders:
        for at, dirs, names in os.walk(os.path.join(root, folder)):
            dirs[:] = sorted(d for d in dirs if d != "build" and not d.startswith("."))
            found += [os.path.relpath(os.path.join(at, n), root) for n in names
                      if n.endswith(suffixes)]
    return sorted(found)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


def write_tree(root, files):
    for path, text in files.items():
        full = os.path.join(root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as file:
            file.write(text)


def seed_is_seen(check, seed):
    with tempfile.TemporaryDirectory() as root:
        write_tree(root, seed.files)
        problems = check(root)
    if seed.problem is None:
        return not problems, problems
    return any(seed.problem in p for p in problems), problems


def self_test(check, seeds):
    failed = 0
    for seed in seeds:
        seen, problems = seed_is_seen(check, seed)
        failed += not seen
        print(f"{'ok' if seen else 'NOT OK'} - {seed.name}")
        if not seen:
            print(f"    expected {seed.problem!r}, got {problems}")
    return 1 if failed else 0


def main(check, seeds, description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("root", nargs="?", default=os.path.join(os.path.dirname(__file__), ".."))
    parser.add_argument("--self-test", action="store_true", help="seed violations, see them red")
    args = parser.parse_args()
    if args.self_test:
        sys.exit(self_test(check, seeds))
    problems = check(args.root)
    print("\n".join(problems) if problems else "no problems")
    sys.exit(1 if problems else 0)
