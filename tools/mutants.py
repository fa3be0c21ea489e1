#!/usr/bin/env python3
"""Seeds mistakes into the verifier and asks whether random programs find them.

    tools/mutants.py [--seconds N] [--only TEXT] [--sample N] [--seed N]

Named mutants are those of test/sound/mutants.txt.  --sample adds so many unnamed ones: a comparison
turned round, a number off by one, a line dropped, anywhere in src/verify.  Each is built beside the
tree (build/mutants) and given to sound_random for at most that many seconds of CPU; if it lives, the
operators' tests of all small values have their turn, and, of unnamed ones, the cases of test/skt, the
verifier's unit tests and the probes: most of those take no safety away, but precision, or nothing.
Prints who caught what; exits with 1 if a named one lives.
"""
import argparse
import glob
import os
import random
import re
import shutil
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WORK = os.path.join(TOP, "build", "mutants")
FLAGS = ["-std=c11", "-O1", "-D_GNU_SOURCE", "-w", "-I" + os.path.join(WORK, "src"), "-Iinclude", "-Itest",
         f'-DTEST_DIR="{TOP}/test"', f'-DSOURCE_DIR="{TOP}"', f'-DBUILD_DIR="{TOP}/build"']
CC = os.environ.get("CC", "gcc")


def read_named(path):
    """The mutants of a list: dictionaries with name, file, find, put."""
    mutants = []
    for piece in re.split(r"^-- ", re.sub(r"^#.*\n", "", open(path).read(), flags=re.M), flags=re.M)[1:]:
        key, _, text = piece.partition(" ") if " " in piece.split("\n")[0] else piece.partition("\n")
        if key == "name":
            mutants.append({})
        mutants[-1][key.strip()] = text.strip()
    return mutants


def spots(path):
    """Every change of one token or line that could matter: (offset, old, new)."""
    text = open(path).read()
    code = re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.S)
    turned = {" < ": " <= ", " <= ": " < ", " > ": " >= ", " >= ": " > ", " == ": " != ", " != ": " == ",
              " && ": " || ", " || ": " && ", " + 1": " + 2", " - 1": " - 0"}
    for old, new in turned.items():
        for m in re.finditer(re.escape(old), code):
            yield m.start(), old, new
    for m in re.finditer(r"^    +(?!return|case|else|if|for|while|switch|\}|struct|const|static|u\d|s\d|bool|enum|word|truth)"
                         r"[a-z_*>.\[\]\-]+(?: [-+|&]?= |\()[^\n]*;$", code, flags=re.M):
        yield m.start(), m.group(), ""


def sample(n, seed):
    """n unnamed mutants."""
    everything = []
    for path in sorted(glob.glob("src/verify/*.c") + glob.glob("src/verify/domain/*.h")):
        if not path.endswith(("explain.c", "advice.c")):
            everything += [(path, *spot) for spot in spots(path)]
    for path, at, old, new in random.Random(seed).sample(everything, min(n, len(everything))):
        line = open(path).read()[:at].count("\n") + 1
        yield {"name": f"{path}:{line}: {old.strip()} -> {new.strip() or 'nothing'}", "file": path, "at": at,
               "find": old, "put": new, "sampled": True}


def seeded(mutant):
    """The text of the mutant's file with the mistake in it."""
    text = open(mutant["file"]).read()
    find, put = mutant["find"], mutant.get("put", "")
    if "at" in mutant:
        at = mutant["at"]
        return text[:at] + put + text[at + len(find):]
    if text.count(find) != 1:
        sys.exit(f"{mutant['name']}: the text to find is in {mutant['file']} {text.count(find)} times")
    return text.replace(find, put)


def compile_one(source, out):
    return subprocess.run([CC, *FLAGS, "-c", source, "-o", out], stderr=subprocess.DEVNULL).returncode == 0


def build(mutant, generator):
    """The program with the mistake, or None where it does not compile."""
    shutil.copytree("src/verify", os.path.join(WORK, "src/verify"), dirs_exist_ok=True)
    with open(os.path.join(WORK, mutant["file"]), "w") as f:
        f.write(seeded(mutant))
    header = mutant["file"].endswith(".h")
    sources = glob.glob(os.path.join(WORK, "src/verify/*.c")) if header else [os.path.join(WORK, mutant["file"])]
    objects = []
    running = []
    for source in sources:
        out = os.path.join(WORK, os.path.basename(source)[:-2] + ".o")
        running.append((subprocess.Popen([CC, *FLAGS, "-c", source, "-o", out], stderr=subprocess.DEVNULL), out))
        if len(running) >= 2:
            process, out = running.pop(0)
            objects.append(out if process.wait() == 0 else None)
    objects += [out if process.wait() == 0 else None for process, out in running]
    program = os.path.join(WORK, "sound_random")
    mutant["objects"] = objects
    if None in objects or subprocess.run([CC, *objects, *generator, "build/libskep.a", "-lpthread", "-o", program],
                                         stderr=subprocess.DEVNULL).returncode:
        return None
    return program


def caught_by_programs(program, seconds):
    """Near misses have the first half of the time, everything the second."""
    for options in (["--near"], []):
        command = [program, "--insns", "100000000000", "--seconds", str(seconds / 2), "--first", *options]
        try:
            if subprocess.run(command, capture_output=True, timeout=20 * seconds + 120).returncode:
                return True
        except subprocess.TimeoutExpired:
            return True
    return False


def caught_by_values():
    """The operators' tests of all small values."""
    for test in ("domain_4bits", "domain_rows"):
        program = os.path.join(WORK, test)
        if subprocess.run([CC, *FLAGS, f"test/unit/verify/{test}.c", "build/libskep.a", "-lcmocka", "-lpthread",
                           "-o", program], stderr=subprocess.DEVNULL).returncode:
            continue
        if subprocess.run([program], capture_output=True, timeout=300).returncode:
            return True
    return False


def link(mutant, name, sources, libraries):
    program = os.path.join(WORK, name)
    command = [CC, *FLAGS, *sources, *mutant["objects"], *libraries, "-o", program]
    return program if subprocess.run(command, stderr=subprocess.DEVNULL).returncode == 0 else None


def fails(program, arguments):
    try:
        return subprocess.run([program, *arguments], capture_output=True, timeout=300).returncode != 0
    except subprocess.TimeoutExpired:
        return True


def caught_by_tests(mutant):
    """Who of the tests whose programs are written by hand catches it."""
    support = ["build/libskep.a", "build/libtest_support.a", "build/libskep.a", "-lpthread"]
    cases = link(mutant, "cases", sorted(glob.glob("test/skt/[!k]*.c")), support)
    if cases and any(fails(cases, [f]) for f in sorted(glob.glob("test/skt/*.skt"), reverse=True)):
        return "cases"
    for test in ("facts", "contracts"):
        program = link(mutant, test, [f"test/unit/verify/{test}.c"], [*support, "-lcmocka"])
        if program and fails(program, []):
            return "unit tests"
    objects = sorted(glob.glob("build/test/sound/*.o"))
    probes = objects and link(mutant, "probes", sorted(glob.glob("test/sound/probes*.c")), [*support, "-lbpf"])
    return "probes" if probes and fails(probes, objects) else None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--only", default="")
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    os.chdir(TOP)
    shutil.rmtree(WORK, ignore_errors=True)
    os.makedirs(os.path.join(WORK, "src"))
    for folder in os.listdir("src"):
        if folder != "verify":
            os.symlink(os.path.join(TOP, "src", folder), os.path.join(WORK, "src", folder))
    shutil.copytree("src/verify", os.path.join(WORK, "src/verify"))
    generator = []
    for name in ("random", "cells", "generate", "generate_change", "generate_data", "generate_near",
                 "generate_packet", "generate_things", "parts", "world"):
        generator.append(os.path.join(WORK, name + ".o"))
        compile_one(f"test/sound/{name}.c", generator[-1]) or sys.exit(f"{name}.c does not compile")
    counts = {False: [0, 0], True: [0, 0]}
    mutants = [m for m in read_named("test/sound/mutants.txt") if options.only in m["name"]]
    for mutant in mutants + list(sample(options.sample, options.seed)):
        begin, sampled = time.time(), mutant.get("sampled", False)
        program = build(mutant, generator)
        if not program and sampled:
            continue
        if not program:
            sys.exit(f"{mutant['name']}: it does not compile")
        by = "programs" if caught_by_programs(program, options.seconds) else None
        if not by and "domain" in mutant["file"]:
            by = "values" if caught_by_values() else None
        if not by and sampled:
            by = caught_by_tests(mutant)
        counts[sampled][0] += 1
        counts[sampled][1] += by is not None and (sampled or by == "programs")
        print(f"{'caught by ' + by if by else 'SURVIVED':20} {time.time() - begin:6.1f} s  {mutant['name']}", flush=True)
    shutil.rmtree(WORK, ignore_errors=True)
    print(f"named: {counts[False][1]} of {counts[False][0]} caught by random programs")
    if options.sample:
        print(f"unnamed: {counts[True][1]} of {counts[True][0]} caught")
    return 0 if counts[False][0] == counts[False][1] else 1


if __name__ == "__main__":
    sys.exit(main())
