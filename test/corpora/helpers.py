#!/usr/bin/env python3
"""The helpers that programs of other people call: how often, and what becomes of the call here.

    helpers.py BUILD_FOLDER

Counted are the packaged objects (objects.py extracts them) and, where the kernel's own tests were
built into the cache, those.  A helper *runs*, or is known by *contract only*: it verifies, and a
program that calls it is refused by the helper's name.  Exit status 1: a call of a helper that is not
known, or one of those that must run does not."""
import collections
import pathlib
import subprocess
import sys

import packages

# Runs in any host, as guarded reader, or on packets; and what the host is asked for.
MUST_RUN = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 19, 23, 25, 26, 27, 28, 31, 32,
            34, 35, 37, 38, 39, 40, 41, 42, 43, 44, 45, 48, 50, 51, 54, 65, 67, 68, 69, 77, 78, 80,
            87, 88, 89, 92, 93, 94, 97, 105, 106, 111, 112, 113, 114, 115, 118, 120, 121, 125, 126,
            127, 130, 131, 132, 133, 134, 135, 148, 149, 150, 153, 154, 160, 163, 164, 165, 173, 174, 177, 181, 182, 183,
            184, 185, 186, 187, 188, 189, 190, 192, 195, 197, 198, 199, 200, 201, 202, 203, 204,
            205, 206, 207, 208, 209]
BATCH = 100             # files for one process


def corpora():
    """(name, files), one for each folder of objects in the cache."""
    for root in ("objects", "kernel-objects"):
        folder = packages.cache_folder() / root
        for part in sorted(folder.iterdir()) if folder.is_dir() else []:
            files = sorted(f for f in part.rglob("*.o") if f.is_file())
            if files:
                yield part.name, files


def calls(driver, files):
    count = collections.Counter()
    for at in range(0, len(files), BATCH):
        out = subprocess.run([driver, "calls", *files[at:at + BATCH]], capture_output=True, text=True, check=True)
        count.update(int(line) for line in out.stdout.split())
    return count


def main():
    driver = pathlib.Path(sys.argv[1]) / "test" / "corpora_objects"
    out = subprocess.run([driver, "helpers"], capture_output=True, text=True, check=True)
    known = {int(number): (name, state) for number, name, state in
             (line.split("\t") for line in out.stdout.splitlines())}
    uses, places, n_files = collections.Counter(), collections.Counter(), 0
    for _, files in corpora():
        n_files += len(files)
        count = calls(driver, files)
        uses += count
        places.update(count.keys())
    if not n_files:
        print("skipped: no objects in the cache; run the part `objects` first")
        return 0
    print(f"{'calls':>7}{'packages':>10}{'id':>5}  helper")
    for number, n in uses.most_common():
        name, state = known.get(number, (f"number {number}", "UNKNOWN"))
        print(f"{n:7}{places[number]:10}{number:5}  {name:36}{state}")
    by_state = collections.Counter(known.get(number, ("", "unknown"))[1] for number in uses)
    calls_that_run = sum(n for number, n in uses.items() if known.get(number, ("", ""))[1] == "runs")
    print(f"{n_files} objects call {len(uses)} helpers: " +
          ", ".join(f"{n} {state}" for state, n in by_state.most_common()) +
          f"; of {uses.total()} calls {100 * calls_that_run / uses.total():.1f} % run")
    print(f"of the {len(known)} helpers that there are, {sum(s == 'runs' for _, s in known.values())} run")
    problems = [f"helper {number} is unknown" for number in uses if number not in known]
    problems += [f"{known[number][0]} must run" for number in MUST_RUN if known[number][1] != "runs"]
    for problem in problems:
        print(f"    {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
