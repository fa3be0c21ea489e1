#!/usr/bin/env python3
"""Verifies every program of the packaged objects (objects.py extracts them), each object once.

    verified.py BUILD_FOLDER

Of the programs without CO-RE relocations whose type and helpers Skep has, if only by contract: what the
running kernel accepts is accepted, and those above MAX_MS (the least of REPEAT) are named.
Those with CO-RE are counted.  Exit status 1: that is not so; where the packages are those that were
counted, also if programs are missing, or the kernel, when it may be asked, accepts fewer."""
import collections
import hashlib
import pathlib
import sys

import kernel_judge
import kernel_sources
import kernel_suite
import packages

MAX_MS, REPEAT = 5, 3
# Programs of the packages as they were counted, and of them without CO-RE.
MIN_PROGRAMS, MIN_PLAIN = 436, 172
LOADER_CASES = "golang-github-cilium-ebpf-dev"  # not for use: what a loader is tested with


def objects():
    """Each object once, by its bytes."""
    folder, seen = packages.cache_folder() / "objects", {}
    for path in sorted(folder.rglob("*.o")) if folder.is_dir() else []:
        if LOADER_CASES not in path.parts:
            seen.setdefault(hashlib.sha256(path.read_bytes()).hexdigest(), str(path))
    return sorted(seen.values())


def ask_kernel(jobs):
    """The running kernel's judgements, or None and why there are none."""
    try:
        command = kernel_judge.oracle_command(kernel_sources.Kernel())
    except kernel_sources.Unavailable as why:
        return None, str(why)
    if not command:
        return None, "the kernel can only be asked by root, through setpriv"
    answers = kernel_judge.ask(command, [f"{job}\t-" for job in jobs])
    refused = all(a.verdict == "refused" for a in answers)
    return (None, "bpf(2) is refused here") if refused else (answers, "")


def main():
    build = pathlib.Path(sys.argv[1])
    command = kernel_judge.skep_command(build)
    paths = objects()
    if not paths:
        print("skipped: objects.py has not extracted any")
        return 0
    facts = [f for f in kernel_suite.read_facts(command[0], paths) if f.section != ".text"]
    plain = [f for f in facts if f.core == "0"]
    jobs = [f"object\t{f.path}\t{f.program}\t-\t-" for f in plain]
    skep = kernel_judge.ask(command, jobs, 1)
    for _ in range(REPEAT - 1):
        skep = [min(pair, key=lambda j: j.number("us")) for pair in zip(skep, kernel_judge.ask(command, jobs, 1))]
    linux, why = ask_kernel(jobs)
    if linux is None:
        print(f"skipped: the comparison with the running kernel: {why}")
        linux = [kernel_judge.Judgement()] * len(jobs)
    count, problems = collections.Counter(), []
    slowest = max(zip(skep, plain), key=lambda pair: pair[0].number("us"), default=None)
    for f, s, k in zip(plain, skep, linux):
        count[k.verdict, s.verdict] += 1
        name = f"{f.stem}:{f.program}"
        if s.verdict == "unsupported":
            print(f"    not asked: {name}: {s.text}")
        elif k.verdict == "accepted" and s.verdict != "accepted":
            problems.append(f"{name}: the kernel accepts it; here it is {s.verdict}: {s.text}")
        if s.number("us") > 1000 * MAX_MS:
            print(f"    above the goal of {MAX_MS} ms: {name}: {s.number('us') / 1000:.1f} ms")
    print(f"{len(facts)} programs of {len(paths)} objects; {len(facts) - len(plain)} have CO-RE relocations and are not "
          f"asked about")
    for (k, s), n in sorted(count.items()):
        print(f"{n:6}  Linux {k:10} Skep {s}")
    asked = sum(n for (k, s), n in count.items() if s != "unsupported")
    accepted = sum(n for (k, s), n in count.items() if s == "accepted")
    both = count["accepted", "accepted"]
    wanted = sum(n for (k, s), n in count.items() if k == "accepted" and s != "unsupported")
    print(f"accepted: {accepted} of {asked} without CO-RE whose type and helpers are known; of the {wanted} that the "
          f"kernel accepts, {both}")
    if slowest:
        print(f"slowest: {slowest[0].number('us') / 1000:.2f} ms, {slowest[1].stem}:{slowest[1].program} "
              f"(goal: at most {MAX_MS} ms; times are shown, and never fail a run)")
    if len(facts) < MIN_PROGRAMS or len(plain) < MIN_PLAIN:
        problems.append(f"only {len(facts)} programs, {len(plain)} of them without CO-RE; there were {MIN_PROGRAMS} and "
                        f"{MIN_PLAIN}")
    for problem in problems:
        print(f"    {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
