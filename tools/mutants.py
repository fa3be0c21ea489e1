#!/usr/bin/env python3
"""Seeds mistakes into the verifier and asks whether tests find them.

    tools/mutants.py [--seconds N] [--only TEXT] [--sample N] [--seed N] [--jobs N] [--unnamed] [--insns N]
                     [--count]

Named mutants are those of test/sound/mutants.txt; random programs alone must find them, in at most
--seconds of CPU.  --sample adds so many unnamed ones (0: every one): a comparison turned round, a
number off by one, a line dropped, in the domain and in what transfers, refines and discharges.  Those
face the tests of the verifier, the cheapest first, and at last random programs of --insns
instructions.  What
test/sound/equivalent.txt argues to change no verdict and no fact is not seeded; --count says how many
there are of each file.  Prints who caught what; exits with 1 if a named one lives, or more than 2 % of
the unnamed ones.
"""
import argparse
import collections
import concurrent.futures
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
FLAGS = ["-std=c11", "-O1", "-D_GNU_SOURCE", "-w", "-fPIC", f'-DTEST_DIR="{TOP}/test"', f'-DSOURCE_DIR="{TOP}"',
         f'-DBUILD_DIR="{TOP}/build"']
CC = [*(["ccache"] if shutil.which("ccache") else []), os.environ.get("CC", "gcc")]
SCOPE = ("access", "alu", "branch", "call", "form", "global", "owned", "relation", "stack", "step")
# A mistake that leaves an array or overflows is seen where it happens, as in the sanitized builds of CI.
TRAPS = ["-fsanitize=undefined", "-fsanitize-undefined-trap-on-error"]
GOAL = 0.98
TURNED = {" < ": " <= ", " <= ": " < ", " > ": " >= ", " >= ": " > ", " == ": " != ", " != ": " == ",
          " && ": " || ", " || ": " && ", " + 1": " + 2", " - 1": " - 0",
          "ULT(": "ULE(", "ULE(": "ULT(", "SLT(": "SLE(", "SLE(": "SLT(", ", 1)": ", 2)",
          "_umin(": "_umax(", "_umax(": "_umin(", "_smin(": "_smax(", "_smax(": "_smin("}
STATEMENT = (r"^    +(?!return|case|else|if|for|while|switch|\}|struct|const|static|u\d|s\d|bool|enum|word|truth)"
             r"[a-z_*>.\[\]\-]+(?: [-+|&]?= |\()[^\n]*;$")


# ---- which mutants there are

def read_named(path):
    """The mutants of a list: dictionaries with name, file, find, put."""
    mutants = []
    for piece in re.split(r"^-- ", re.sub(r"^#.*\n", "", open(path).read(), flags=re.M), flags=re.M)[1:]:
        key, _, text = piece.partition(" ") if " " in piece.split("\n")[0] else piece.partition("\n")
        if key == "name":
            mutants.append({})
        mutants[-1][key.strip()] = text.strip()
    for mutant in mutants:
        mutant["text"] = open(mutant["file"]).read()
    return mutants


def read_equivalent(path):
    """Rows (file, text, change): what of which lines is not seeded."""
    rows = [[part.strip() for part in line.split(" ## ")] for line in open(path).read().splitlines()
            if line.strip() and not line.startswith("#")]
    for row in rows:
        if len(row) != 4 or not row[3]:
            sys.exit(f"{path}: a row is file ## text ## change ## reason: {row}")
    return [row[:3] for row in rows]


def spots(path):
    """Every change of one token or line that could matter: (offset, old, new)."""
    text = open(path).read()
    blank = lambda m: re.sub(r"[^\n]", " ", m.group())
    code = re.sub(r"/\*.*?\*/", blank, text, flags=re.S)
    code = re.sub(r"^#(?!define).*|\b(?:assert|_Static_assert)\(.*;", blank, code, flags=re.M)
    code = re.sub(r"\bREJECT\([^;]*;", blank, code) # what a report says
    for old, new in TURNED.items():
        for m in re.finditer(re.escape(old), code):
            yield m.start(), old, new
    for m in re.finditer(STATEMENT, code, flags=re.M):
        yield m.start(), m.group(), ""


def enclosing(text, at):
    """The name of the function that is defined around a place, or ""."""
    found = ""
    for m in re.finditer(r"^[a-z][^\n;=]*?\b(\w+)\([^;{}]*\)\s*\n?\{", text[:at], flags=re.M):
        found = m.group(1)
    return found


def unnamed():
    """All unnamed mutants, and how many each file has that are not seeded."""
    rows, used = read_equivalent("test/sound/equivalent.txt"), set()
    everything, left_out = [], collections.Counter()
    for path in [f"src/verify/{name}.c" for name in SCOPE] + sorted(glob.glob("src/verify/domain/*.h")):
        text = open(path).read()
        for at, old, new in spots(path):
            begin = text.rfind("\n", 0, at + 1) + 1
            line = text[begin:text.find("\n", at + 1)].strip()
            change = f"{old.strip()} -> {new.strip()}" if new else "dropped"
            where = enclosing(text, at)
            rule = next((i for i, (file, what, which) in enumerate(rows) if file == os.path.basename(path) and
                         (what == where + "()" or what in line) and which in ("*", change)), None)
            if rule is not None:
                used.add(rule)
                left_out[path] += 1
                continue
            everything.append({"name": f"{path}:{text[:at].count(chr(10)) + 1}: {where}: {line[:90]}: {change}",
                               "file": path, "at": at, "text": text, "find": old, "put": new, "sampled": True})
    stale = [row for i, row in enumerate(rows) if i not in used]
    if stale:
        sys.exit(f"equivalent.txt: nothing is left out by {stale}")
    return everything, left_out


def seeded(mutant):
    """The text of the mutant's file with the mistake in it."""
    text, find, put = mutant["text"], mutant["find"], mutant.get("put", "")
    if "at" in mutant:
        at = mutant["at"]
        return text[:at] + put + text[at + len(find):]
    if text.count(find) != 1:
        sys.exit(f"{mutant['name']}: the text to find is in {mutant['file']} {text.count(find)} times")
    return text.replace(find, put)


# ---- building: everything once, a shared library of its own for each mutant

def run(command, **options):
    """True where it ends with 0; what takes forever does not."""
    try:
        return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=600,
                              **options).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def object_of(source):
    return os.path.join(WORK, re.sub(r"[/.]", "_", source) + ".o")


def compile_one(source, out, src="src"):
    return run([*CC, *FLAGS, "-I" + src, "-Iinclude", "-Itest", "-Itool/skep",
                *(TRAPS if "src/verify/" in source else []), "-c", source, "-o", out])


def link_library(objects, out):
    return run(["gcc", "-shared", "-fuse-ld=lld", *objects, "-lpthread", "-o", os.path.join(out, "libskep_seeded.so")])


PROGRAMS = {
    "skt_runner": ("test/skt/skt.c test/skt/parse.c test/skt/run.c", ""),
    "skt_kernel": ("test/skt/kernel.c test/skt/parse.c", "-lbpf"),
    "facts": ("test/unit/verify/facts.c", "-lcmocka"),
    "contracts": ("test/unit/verify/contracts.c", "-lcmocka"),
    "probes": ("test/sound/probes.c test/sound/probes_kernel.c test/sound/probes_skep.c", "-lbpf"),
    "sound_random": ("test/sound/random.c test/sound/cells.c test/sound/generate.c test/sound/generate_change.c "
                     "test/sound/generate_data.c test/sound/generate_near.c test/sound/generate_packet.c "
                     "test/sound/generate_things.c test/sound/parts.c test/sound/world.c", ""),
    "test/corpora_kernel_skep": ("test/corpora/kernel_skep.c test/corpora/kernel_facts.c "
                                 "test/corpora/kernel_inputs.c test/corpora/struct_test.c", ""),
    "skep": ("tool/skep/*.c", "-ljansson -lpcap"),
}


def build_all(pool):
    """Objects and programs without a mistake."""
    os.makedirs(os.path.join(WORK, "test"), exist_ok=True)
    library = sorted(glob.glob("src/*/*.c") + glob.glob("src/*/*/*.c"))
    support = sorted(glob.glob("test/support/*.c"))
    sources = {name: sum((sorted(glob.glob(s)) for s in list_.split()), []) for name, (list_, _) in PROGRAMS.items()}
    wanted = sorted(set(library + support + sum(sources.values(), [])))
    for source, good in zip(wanted, pool.map(lambda s: compile_one(s, object_of(s)), wanted)):
        good or sys.exit(f"{source} does not compile")
    objects = {source: object_of(source) for source in library}
    link_library(objects.values(), WORK) or sys.exit("the library does not link")
    for name, (_, libraries) in PROGRAMS.items():
        command = ["gcc", "-fuse-ld=lld", *map(object_of, sources[name]), *map(object_of, support), "-L" + WORK, "-lskep_seeded",
                   *libraries.split(), "-lpthread", "-o", os.path.join(WORK, name)]
        run(command) or sys.exit(f"{name} does not link")
    return objects


def tree(name):
    """A worker's folder, with a copy of the sources."""
    folder = os.path.join(WORK, name)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(os.path.join(folder, "src"))
    for sub in os.listdir("src"):
        if sub != "verify":
            os.symlink(os.path.join(TOP, "src", sub), os.path.join(folder, "src", sub))
    shutil.copytree("src/verify", os.path.join(folder, "src/verify"))
    os.makedirs(os.path.join(folder, "build/test"))
    os.symlink(os.path.join(WORK, "test/corpora_kernel_skep"), os.path.join(folder, "build/test/corpora_kernel_skep"))
    return folder


def build_library(folder, mutant, objects):
    """Whether the library with the mistake could be built."""
    src = os.path.join(folder, "src")
    objects = dict(objects)
    for source in sorted(glob.glob("src/verify/*.c")) if mutant["file"].endswith(".h") else [mutant["file"]]:
        objects[source] = os.path.join(folder, os.path.basename(source)[:-2] + ".o")
        if not compile_one(os.path.join(folder, source), objects[source], src):
            return False
    return link_library(objects.values(), folder)


# ---- who catches it

def fails(folder, command, seconds=120):
    environment = {**os.environ, "LD_LIBRARY_PATH": folder, "SKEP": os.path.join(WORK, "skep"), "JOBS": "1",
                   "PYTHONDONTWRITEBYTECODE": "1", "CLANG": shutil.which("clang-19") or "clang"}
    try:
        return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment,
                              timeout=seconds).returncode not in (0, 77)
    except subprocess.TimeoutExpired:
        return True


def values_fail(folder):
    """The operators' tests of all small values; of the domain's headers only."""
    for test in ("domain_rows", "domain_8bits", "domain_4bits"):
        program = os.path.join(folder, test)
        if not run([*CC, *FLAGS, "-I" + os.path.join(folder, "src"), "-Iinclude", "-Itest", "-c",
                    f"test/unit/verify/{test}.c", "-o", program + ".o"]):
            return True
        if not run(["gcc", program + ".o", "-L" + WORK, "-lskep_seeded", "-lcmocka", "-o", program]):
            return True
        if fails(WORK, [program]):
            return True
    return False


def programs_fail(folder, *limits):
    """Near misses have the first half, everything the second."""
    program = os.path.join(WORK, "sound_random")
    return any(fails(folder, [program, "--first", *limits, *options], 1200) for options in (["--near"], []))


def cases_fail(folder, large):
    """The .skt files; some take seconds, for they are about size."""
    return any(fails(folder, [os.path.join(WORK, "skt_runner"), file])
               for file in sorted(glob.glob("test/skt/*.skt"), key=lambda f: ("verify" not in f, f))
               if (os.path.basename(file) in ("jumps.skt", "verify_structure.skt")) == large)


def kernel_tests_said(folder):
    """Which of the kernel's tests disagree, and whether that fails."""
    said = os.path.join(folder, "build/kernel-tests.txt")
    if os.path.exists(said):
        os.remove(said)
    failed = fails(folder, [sys.executable, "test/corpora/kernel_tests.py", os.path.join(folder, "build"), "--no-kernel"], 600)
    return (failed, open(said).read()) if os.path.exists(said) else None


def suites(kernel_said, insns=0):
    """(name, whether a library with a mistake fails), the cheapest first."""
    p = lambda name: os.path.join(WORK, name)
    objects = sorted(glob.glob("build/test/sound/*.o"))
    yield "unit tests", lambda f: fails(f, [p("facts")]) or fails(f, [p("contracts")])
    yield "cases", lambda f: cases_fail(f, False)
    yield "features", lambda f: fails(f, [sys.executable, "test/features/test_features.py"])
    yield "mistakes", lambda f: fails(f, [sys.executable, "examples/mistakes/test_mistakes.py"])
    yield "kernel's tests", lambda f: kernel_said and kernel_tests_said(f) != kernel_said
    yield "large cases", lambda f: cases_fail(f, True)
    yield "probes", lambda f: fails(f, [p("probes"), *objects])
    yield "programs", lambda f: programs_fail(f, "--insns", str(insns))


def judge(mutant, folder, objects, seconds, kernel_said, insns):
    """Who catches it; None: nobody; False: it does not compile."""
    path = os.path.join(folder, mutant["file"])
    with open(path, "w") as f:
        f.write(seeded(mutant))
    try:
        if not mutant.get("sampled"):
            built = build_library(folder, mutant, objects) or sys.exit(f"{mutant['name']}: it does not compile")
            return "programs" if built and programs_fail(folder, "--insns", "100000000000", "--seconds", str(seconds / 2)) else None
        if "domain/" in mutant["file"] and values_fail(folder):
            return "values"
        if not build_library(folder, mutant, objects):
            return False
        return next((name for name, caught in suites(kernel_said, insns) if caught(folder)), None)
    finally:
        with open(path, "w") as f:
            f.write(mutant["text"])


def table(rows):
    """Of unnamed mutants: by file how many were caught and live, and who caught them."""
    names = [name for name in ["values", *[name for name, _ in suites(None)], "nobody"] if any(by == name for _, by in rows)]
    print(f"{'file':32}" + "".join(f"{name:>16}" for name in names))
    for path in sorted({path for path, _ in rows}) + ["all"]:
        of = collections.Counter(by for at, by in rows if path in (at, "all"))
        print(f"{path:32}" + "".join(f"{of[name]:16}" for name in names))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--only", default="")
    parser.add_argument("--sample", type=int, default=-1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--unnamed", action="store_true")
    parser.add_argument("--insns", type=int, default=2000000)
    parser.add_argument("--count", action="store_true")
    options = parser.parse_args()
    os.chdir(TOP)
    everything, left_out = unnamed()
    if options.count or options.sample >= 0:
        of = collections.Counter(m["file"] for m in everything)
        for path in sorted(of):
            print(f"{path:32}{of[path]:6} unnamed mutants, {left_out[path]} more are argued to change nothing")
        print(f"{'all':32}{sum(of.values()):6} and {sum(left_out.values())}")
    if options.count:
        return 0
    os.nice(10)
    mutants = [m for m in read_named("test/sound/mutants.txt") if options.only in m["name"] and not options.unnamed]
    if options.sample >= 0:
        wanted = [m for m in everything if options.only in m["name"]]
        mutants += random.Random(options.seed).sample(wanted, min(options.sample or len(wanted), len(wanted)))
    counts, rows = [0, 0], []
    shutil.rmtree(WORK, ignore_errors=True)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        objects = build_all(pool)
        folders = [tree(f"w{i}") for i in range(options.jobs)]
        kernel_said = None
        if options.sample >= 0:
            link_library(objects.values(), folders[0])
            kernel_said = kernel_tests_said(folders[0])
            for name, caught in suites(kernel_said):
                if name != "programs" and caught(folders[0]):
                    sys.exit(f"{name}: fails without a mistake")
        print("built", flush=True)

        def one(mutant):
            folder, begin = folders.pop(), time.time()
            try:
                by = judge(mutant, folder, objects, options.seconds, kernel_said, options.insns)
            finally:
                folders.append(folder)
            if by is False:
                return
            print(f"{'caught by ' + by if by else 'SURVIVED':26} {time.time() - begin:6.1f} s  {mutant['name']}", flush=True)
            if mutant.get("sampled"):
                rows.append((mutant["file"], by or "nobody"))
            else:
                counts[0] += 1
                counts[1] += by is not None
        list(pool.map(one, mutants))
    shutil.rmtree(WORK, ignore_errors=True)
    print(f"named: {counts[1]} of {counts[0]} caught by random programs")
    caught = sum(by != "nobody" for _, by in rows)
    if rows:
        table(rows)
        print(f"unnamed: {caught} of {len(rows)} caught, {100 * caught / len(rows):.1f} % (goal {100 * GOAL:.0f} %)")
    return 0 if counts[0] == counts[1] and caught >= GOAL * len(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
