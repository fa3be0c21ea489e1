#!/usr/bin/env python3
"""Random operations on every map type beside the kernel's: runs the comparisons, and adds up how many
results of each type were compared.

    tools/map_operations.py [OPERATIONS [BUILD_FOLDER]]

Exit status 1: a difference, or a listed type of which fewer than OPERATIONS results were compared."""
import collections
import pathlib
import subprocess
import sys

PARTS = ["map_kernel", "map_batch_kernel", "map_lock_kernel", "map_walk_kernel", "map_lru_kernel",
         "map_stacks_kernel", "objects_kernel"]


def run(program, operations, compared):
    """Whether it succeeded; its output goes through, but for the lines that are added up."""
    process = subprocess.Popen([program, str(operations)], stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        words = line.split()
        if len(words) == 3 and words[0] == "compared":
            compared[words[1]] += int(words[2])
        else:
            print(line, end="", flush=True)
    return process.wait() == 0


def main():
    operations = int(sys.argv[1]) if len(sys.argv) > 1 else 1000000
    folder = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else "build") / "test"
    compared, failed = collections.Counter(), []
    for part in PARTS:
        if not run(folder / f"diff_{part}", operations, compared):
            failed.append(part)
    if not compared.total() and not failed:
        return 0  # skipped; the parts have said why
    print(f"{'type':20}{'results compared':>18}")
    for name, n in compared.items():
        print(f"{name:20}{n:18,}")
    few = [name for name, n in compared.items() if n < operations]
    for name in few:
        print(f"{name}: fewer than {operations:,}")
    print(f"{len(compared)} types, {compared.total():,} results compared" +
          ("".join(f"; {part} failed" for part in failed) or ", no difference"))
    return 1 if failed or few else 0


if __name__ == "__main__":
    sys.exit(main())
