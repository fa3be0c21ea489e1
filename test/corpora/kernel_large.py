#!/usr/bin/env python3
"""What verification costs: the large and the loopy programs among the kernel's tests, verified by Skep
and by the running kernel in one run.

    kernel_large.py BUILD_FOLDER

The kernel's time is that of the system call BPF_PROG_LOAD with its log off, the least of REPEAT; it
includes the kernel's compiler.  Programs with CO-RE relocations are counted apart.  Exit status 1: a
program that the kernel accepts is not accepted, takes too long or too much memory, or all of them
together take more than half of the kernel's time."""
import collections
import pathlib
import sys

import kernel_judge
import kernel_sources
import kernel_suite

PATTERNS = ("pyperf*", "strobemeta*", "test_verif_scale*", "loop[0-9]*", "test_l4lb*", "test_cls_redirect*",
            "xdp_synproxy*", "profiler*")
MIN_OBJECTS = 30
REPEAT = 2
MAX_US = 500_000
MAX_KB = 64 << 10
TOTAL_SHARE = 0.5  # of the kernel's time


def programs(kernel, driver):
    sources = sorted({f for pattern in PATTERNS for f in (kernel.tests / "progs").glob(f"{pattern}.c")})
    objects, refused = kernel.build(sources)
    if refused:
        print(f"skipped: the compiler refuses {', '.join(refused)}")
    return kernel_suite.read_facts(driver, objects), len(objects)


def fastest(command, jobs):
    """The judgements with the least time each, one job after the other."""
    best = kernel_judge.ask(command, jobs, 1)
    for _ in range(REPEAT - 1):
        best = [min(pair, key=lambda j: j.number("us")) for pair in zip(best, kernel_judge.ask(command, jobs, 1))]
    return best


# What is not to be accepted, by what it lacks: the kernel's table of connections is the kernel's own
# (docs/decisions/0007-what-only-a-kernel-can-run.md).
CONNECTIONS = ("bpf_xdp_ct_lookup", "bpf_skb_ct_lookup")


def check(name, skep):
    if skep.verdict == "unsupported" and any(f"the kernel function {f} does not exist here" in skep.text for f in CONNECTIONS):
        print(f"    {name}: {skep.text}: connections are tracked by the kernel")
        return []
    if skep.verdict != "accepted":
        return [f"{name}: the kernel accepts it; here it is {skep.verdict}: {skep.text}"]
    problems = []
    if skep.number("us") > MAX_US:
        problems.append(f"{name}: {skep.number('us') / 1000:.0f} ms")
    if skep.number("peak_kb") > MAX_KB:
        problems.append(f"{name}: {skep.number('peak_kb')} KB")
    return problems


def main():
    build = pathlib.Path(sys.argv[1])
    try:
        kernel = kernel_sources.Kernel()
    except kernel_sources.Unavailable as why:
        print(f"skipped: {why}")
        return 0
    command = kernel_judge.skep_command(build)
    facts, n_objects = programs(kernel, command[0])
    jobs = [f"object\t{f.path}\t{f.program}\t-\t-" for f in facts]
    skep = fastest(command, jobs)
    oracle = kernel_judge.oracle_command(kernel)
    linux = fastest(oracle, [f"{j}\t-" for j in jobs]) if oracle else [kernel_judge.Judgement()] * len(jobs)
    if not oracle or all(j.verdict == "refused" for j in linux):
        print("skipped: the comparison with the running kernel")
    print(f"{'program':52}{'slots':>7}  {'Linux':9}{'ms':>8}{'visits':>9}  {'Skep':12}{'ms':>8}{'visits':>9}{'states':>8}"
          f"{'KB':>8}")
    problems, total, count = [], collections.Counter(), collections.Counter()
    for f, s, k in zip(facts, skep, linux):
        name = f"{f.stem}:{f.program}"
        core = f.core != "0"
        print(f"{name[:51]:52}{f.slots:>7}  {k.verdict:9}{k.number('us') / 1000:8.1f}{k.number('insns'):9}  "
              f"{s.verdict:12}{s.number('us') / 1000:8.1f}{s.number('visited'):9}{s.number('states'):8}"
              f"{s.number('peak_kb'):8}  {'CO-RE' if core else ''}")
        count["CO-RE" if core else "plain", k.verdict, s.verdict] += 1
        if k.verdict == "accepted" and not core:
            total["linux"] += k.number("us")
            total["skep"] += s.number("us")
            problems += check(name, s)
    for (kind, k, s), n in sorted(count.items()):
        print(f"{n:6}  {kind}: Linux {k}, Skep {s}")
    print(f"{n_objects} objects; of those that Linux accepts, without CO-RE: Linux {total['linux'] / 1000:.1f} ms, "
          f"Skep {total['skep'] / 1000:.1f} ms")
    if any(s.verdict == "loaded" for s in skep):
        print("no verifier: the time is that of loading")
        return 0
    if n_objects < MIN_OBJECTS:
        problems.append(f"only {n_objects} objects")
    if total["skep"] > TOTAL_SHARE * total["linux"] and total["linux"]:
        problems.append("too slow in total")
    for problem in problems:
        print(f"    {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
