#!/usr/bin/env python3
"""What verifying costs where it could be much: loops of a million rounds, programs of 2^24 paths, and
programs of a million instructions whose shape is an attack.  Prints the median of several
verifications beside the bound that the design promises on a machine that does nothing else; it
asserts nothing, since times are the machine's.

    tools/verify_costs.py [BUILD]       needs its sound_hostile and the probes (make build)
"""
import json
import os
import re
import statistics
import subprocess
import sys

BUILD = sys.argv[1] if len(sys.argv) > 1 else "build"
TIMES = 15
BOUND_US = 5000
HOSTILE_MS, HOSTILE_MB = 2000, 256
PROGRAMS = {
    "loops": ["a_million_rounds", "a_million_bytes", "count_of_sixteen_bits"],
    "paths": ["sixteen_powers", "twenty_four_powers", "twenty_four_weights", "paths_that_do_not_matter"],
}


def verdict(path, program):
    said = subprocess.run([f"{BUILD}/skep", "verify", path, "--prog", program, "--json"], capture_output=True, text=True)
    return json.loads(said.stdout)["results"][0]


def print_programs():
    print(f"{'program':28}{'verdict':10}{'median us':>10}{'worst us':>10}{'bound us':>10}{'visits':>8}{'KB':>8}")
    for name, programs in PROGRAMS.items():
        path = f"{BUILD}/test/sound/{name}.safe.o"
        if not os.path.exists(path):
            print(f"skipped: {path} is not built (it needs clang)")
            continue
        for program in programs:
            results = [verdict(path, program) for _ in range(TIMES)]
            times = [r["us"] for r in results]
            last = results[-1]
            print(f"{program:28}{last['verdict']:10}{statistics.median(times):10.0f}{max(times):10.0f}"
                  f"{BOUND_US:10}{last['visited']:8}{last['peak_kb']:8}")


def print_hostile():
    said = subprocess.run([f"{BUILD}/test/sound_hostile"], capture_output=True, text=True).stdout
    print(f"\n{'hostile shape':28}{'slots':>10}{'CPU ms':>10}{'bound':>8}{'MB':>8}{'bound':>8}  answer")
    for shape in re.finditer(r"^(\w[\w ]*?) +(\d+) slots +([\d.]+) ms +([\d.]+) MB  (SKEP_\w+)", said, flags=re.M):
        name, slots, ms, mb, status = shape.groups()
        print(f"{name:28}{slots:>10}{ms:>10}{HOSTILE_MS:8}{mb:>8}{HOSTILE_MB:8}  {status}")


print_programs()
print_hostile()
