#!/usr/bin/env python3
"""Skep's verdicts beside those of the running kernel, on programs that say nothing of what to expect:
random ones (kernel_random.py), the packaged objects (objects.py extracts them), and every program of
the kernel's own tests.

    kernel_live.py BUILD_FOLDER [--random N] [--seed S] [--part random|objects|progs] [--only NAME]

--only shows one program, or `random SEED`, side by side.  What Skep accepts and the kernel refuses must
fall under a rule of kernel_live.txt: a predicate with an argument, and the reason.  What the kernel
accepts and Skep refuses is imprecision; it is counted.  Exit status 1: an acceptance under no rule, or
Skep crashed."""
import argparse
import collections
import pathlib
import re
import sys

import kernel_judge
import kernel_random
import kernel_sources
import kernel_suite
import packages

RULES = pathlib.Path(__file__).parent / "kernel_live.txt"
# Tests that run on every input without a fault (kernel_tests.py).
LISTED = {line.split(" | ")[0] for line in (RULES.parent / "kernel_accepted.txt").read_text().splitlines()}
SHOWN = 60      # problems; the others are counted only
PARTS = ("random", "objects", "progs")
# Predicates of rules: whether (argument, item, the kernel's judgement, Skep's) is such a case.  All but `message`
# and `imprecise` are about programs that the kernel's verifier has not looked at.
PREDICATES = {
    "message": lambda argument, item, linux, skep: re.search(argument, linux.text),
    "imprecise": lambda argument, item, linux, skep: re.search(argument, linux.text) and skep.results and all(
        isinstance(result, int) for result in skep.results),
    "errno": lambda argument, item, linux, skep: unseen(linux) and linux.fields.get("errno") == argument,
    "verdict": lambda argument, item, linux, skep: unseen(linux) and linux.verdict == argument,
    "needs": lambda argument, item, linux, skep: unseen(linux) and item.needs == argument,
    "listed": lambda argument, item, linux, skep: item.name in LISTED,
    "core": lambda argument, item, linux, skep: unseen(linux) and (item.core != "0") == (argument == "yes"),
}


def unseen(linux):
    return "log" not in linux.fields


class Item:
    """A program to be judged."""

    def __init__(self, name, job, oracle_job, facts=None):
        self.name, self.job, self.oracle_job = name, job, oracle_job
        self.core = facts.core if facts else "0"
        self.needs = kernel_suite.needs_of(facts)[0] if facts else "plain"


def read_rules():
    rules = []
    for line in RULES.read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            predicate, argument, reason = (part.strip() for part in line.split(" | "))
            rules.append((predicate, argument, reason))
    return rules


def random_items(build, args):
    path = (build / "kernel-random.txt").absolute()
    offsets = kernel_random.write(path, args.seed, args.random)
    return [Item(f"random {args.seed + i}", f"struct\t{path}\t{offset}\trun", f"struct\t{path}\t{offset}\t-")
            for i, offset in enumerate(offsets)]


def object_items(driver, files):
    items = []
    for facts in kernel_suite.read_facts(driver, files) if files else []:
        if facts.section == ".text":
            continue  # a subprogram that nothing calls
        job = f"object\t{facts.path}\t{facts.program}\t-\t-"
        items.append(Item(f"{facts.stem}:{facts.program}", job, f"{job}\t-", facts))
    return items


def items_of(part, kernel, build, args):
    driver = kernel_judge.skep_command(build)[0]
    if part == "random":
        return random_items(build, args)
    if part == "objects":
        folder = packages.cache_folder() / "objects"
        return object_items(driver, sorted(str(f) for f in folder.rglob("*.o")) if folder.is_dir() else [])
    return object_items(driver, kernel.build(kernel.progs())[0])


def rule_of(rules, item, linux, skep):
    for predicate, argument, reason in rules:
        if PREDICATES[predicate](argument, item, linux, skep):
            return f"{predicate} {argument}: {reason}"
    return None


class Tally:
    def __init__(self, part, items, skep, linux):
        self.part, self.rows = part, list(zip(items, skep, linux))

    def print_row(self):
        count = collections.Counter((k.verdict, s.verdict) for _, s, k in self.rows)
        print(f"{self.part} ({len(self.rows)} programs):")
        for (k, s), n in count.most_common():
            print(f"{n:8}  Linux {k:10} Skep {s}")

    def unclassified(self, rules, uses):
        """Acceptances under no rule; counts the use of rules."""
        problems = [f"{item.name}: Skep {skep.verdict}: {skep.text}" for item, skep, _ in self.rows
                    if skep.verdict in ("crashed", "timeout")]
        for item, skep, linux in self.rows:
            if skep.verdict != "accepted" or linux.verdict not in ("rejected", "refused", "error"):
                continue
            rule = rule_of(rules, item, linux, skep)
            uses[rule] += 1
            if not rule:
                problems.append(f"{item.name} is accepted; the kernel: {linux.text}")
        return problems

    def imprecise(self):
        """Reports of what the kernel accepts and Skep refuses."""
        return collections.Counter(s.fields.get("id", s.text) for _, s, k in self.rows
                                   if k.verdict == "accepted" and s.verdict == "rejected")


def judge_part(part, kernel, build, args):
    items = items_of(part, kernel, build, args)
    if not items:
        print(f"{part}: skipped: there is nothing in the cache")
        return None
    linux = kernel_judge.ask(kernel_judge.oracle_command(kernel), [i.oracle_job for i in items])
    skep = kernel_judge.ask(kernel_judge.skep_command(build), [i.job for i in items])
    tally = Tally(part, items, skep, linux)
    tally.print_row()
    return tally


def show_only(kernel, build, args):
    if args.only.startswith("random "):
        args.seed, args.random = int(args.only.split()[1]), 1
        items = random_items(build, args)
    else:
        items = [i for part in PARTS[1:] for i in items_of(part, kernel, build, args) if i.name == args.only]
    for item in items:
        print(f"==== {item.name}\n---- Linux\n{kernel_judge.show(kernel_judge.oracle_command(kernel), item.oracle_job)}")
        print(f"---- Skep\n{kernel_judge.show(kernel_judge.skep_command(build), item.job)}")
    return 0 if items else 2


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--random", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--part", choices=PARTS)
    parser.add_argument("--only")
    return parser.parse_args()


def main():
    args = arguments()
    try:
        kernel = kernel_sources.Kernel()
    except kernel_sources.Unavailable as why:
        print(f"skipped: {why}")
        return 0
    if not kernel_judge.oracle_command(kernel):
        print("skipped: the kernel can only be asked by root, through setpriv")
        return 0
    if args.only:
        return show_only(kernel, args.build, args)
    tallies = [judge_part(part, kernel, args.build, args) for part in ([args.part] if args.part else PARTS)]
    tallies = [t for t in tallies if t]
    if all(k.verdict == "refused" for t in tallies for _, _, k in t.rows):
        print("skipped: bpf(2) is refused here")
        return 0
    if any(s.verdict == "loaded" for t in tallies for _, s, _ in t.rows):
        print("no verifier: nothing to compare")
        return 0
    rules, uses = read_rules(), collections.Counter()
    problems = [p for t in tallies for p in t.unclassified(rules, uses)]
    print("accepted here, refused by the kernel, by rule:")
    for rule, n in uses.most_common():
        print(f"{n:8}  {rule or 'NO RULE'}")
    imprecise = sum((t.imprecise() for t in tallies), collections.Counter())
    print(f"imprecision: {imprecise.total()} programs that the kernel accepts are refused here, by report:")
    for report, n in imprecise.most_common(30):
        print(f"{n:8}  {report}")
    messages = collections.Counter(re.sub(r"\d+", "N", p.partition("; the kernel: ")[2]) for p in problems)
    for message, n in messages.most_common():
        print(f"{n:8}  under no rule: {message}")
    for problem in problems[:SHOWN]:
        print(f"    {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
