#!/usr/bin/env python3
"""The kernel's own verifier tests, judged by Skep and by the running kernel.

    kernel_tests.py BUILD_FOLDER [option...]
        --only TEXT     the tests whose name contains it; one: everything about it, side by side
        --suite NAME    struct, verifier or annotated
        --needs NAME    plain, socket, kfunc or kernel (kernel_suite.py says what these are)
        --list KIND     the tests of that outcome (below), or `kernel`: where the running kernel differs
        --all           builds every program of the kernel's tests, too: objects for the other parts
        --no-kernel     does not ask the running kernel
        --json          the same as JSON

A test agrees when the verdict and, of what must run, the return value are what it expects; else it is
    accepts       accepted, though it must be refused: each needs a row in kernel_accepted.txt
    rejects       refused, though it must be accepted
    retval        another return value, or none
    unsupported   something that it needs is not there
    unverified    there is no verifier to ask

Exit status 1: an `accepts` of a test that needs no kernel without a row, a row without its test, more than MAX_ACCEPTS of them, or
less agreement than GOALS.  All disagreements are written to BUILD_FOLDER/kernel-tests.txt."""
import argparse
import collections
import json
import pathlib
import platform
import re
import sys

import kernel_judge
import kernel_sources
import kernel_suite

HERE = pathlib.Path(__file__).parent
ACCEPTED = HERE / "kernel_accepted.txt"
MAX_ACCEPTS = 15  # of these:
LIMITED_SUITES, LIMITED_NEEDS = ("struct", "verifier"), ("plain", "socket")
OUTCOMES = ("agree", "accepts", "rejects", "retval", "unsupported", "unverified")
# (suites, needs): the share of tests that must agree.
GOALS = {
    (("struct", "verifier"), ("plain", "socket")): 0.97,
    (("verifier", "annotated"), ("kfunc",)): 0.60,
}
# Of 6.12.117: the tests of each suite.
COUNTS = {"struct": 526, "verifier": 1348, "annotated": 409}


def same_results(test, judgement):
    return len(judgement.results) == len(test.retvals) and all(
        wanted == kernel_suite.POINTER and isinstance(got, int) or got == wanted
        for wanted, got in zip(test.retvals, judgement.results))


def outcome(test, judgement):
    """One of OUTCOMES."""
    verdict = judgement.verdict
    if verdict in ("unsupported", "error"):
        return "unsupported"
    if verdict in ("rejected", "gave-up"):
        return "rejects" if test.success else "agree"
    if verdict == "loaded" and not test.success:
        return "unverified"
    if verdict in ("accepted", "loaded"):
        if not test.success:
            return "accepts"
        return "agree" if same_results(test, judgement) else "retval"
    return "rejects" if test.success else "unverified"


def read_accepted():
    """{test: (reason, how it was shown safe)}"""
    rows = {}
    for line in ACCEPTED.read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            name, reason, shown = (part.strip() for part in line.split("|"))
            rows[name] = (reason, shown)
    return rows


# ---- one test, everything ----------------------------------------------------------------------------


def source_of(kernel, test):
    """The part of the source that makes the test."""
    if test.suite == "struct":
        description = re.sub(r" #\d+$", "", test.name.removeprefix("struct:"))
        for path in sorted((kernel.tests / "verifier").glob("*.c")):
            text = path.read_text()
            at = text.find(f'"{description}",')
            if at >= 0:
                begin = text.rfind("\n{", 0, at)
                return f"{path.name}:{text.count(chr(10), 0, begin) + 2}\n{text[begin:text.find(chr(10) + '}', at) + 3]}"
        return "not found: its description is put together"
    path = kernel.tests / test.file
    lines = path.read_text().split("\n")
    program = test.name.split(":", 1)[1]
    at = next((i for i, line in enumerate(lines) if re.search(rf"\b{program}\b", line)), 0)
    begin = at
    while begin > 0 and lines[begin - 1].strip() not in ("", "}"):
        begin -= 1
    end = next((i for i in range(at, len(lines)) if lines[i].startswith("}")), at)
    return f"{path.name}:{begin + 1}\n" + "\n".join(lines[begin:end + 1])


def show_test(kernel, build, test, with_kernel):
    expects = "accepted" if test.success else "rejected"
    print(f"==== {test.name}: must be {expects}; results {test.retvals or '-'}; flags {test.flags or '-'}; "
          f"needs {test.needs} {test.why}")
    print(f"---- source\n{source_of(kernel, test)}")
    oracle = kernel_judge.oracle_command(kernel) if with_kernel else None
    if oracle:
        print(f"---- Linux {platform.release()}\n{kernel_judge.show(oracle, test.oracle_job)}")
    print(f"---- Skep\n{kernel_judge.show(kernel_judge.skep_command(build), test.skep_job)}")


# ---- all tests ---------------------------------------------------------------------------------------


class Score:
    def __init__(self, tests, judgements, reference):
        self.rows = [(t, j, outcome(t, j)) for t, j in zip(tests, judgements)]
        self.reference = reference and [(t, j, outcome(t, j)) for t, j in zip(tests, reference)]

    def count(self, suites, needs):
        return collections.Counter(o for t, _, o in self.rows if t.suite in suites and t.needs in needs)

    def reference_agrees(self, suite, needs):
        return self.reference and sum(o == "agree" for t, _, o in self.reference
                                      if t.suite == suite and t.needs == needs)


def print_table(score):
    print(f"{'suite':12}{'needs':9}{'tests':>7}" + "".join(f"{o:>13}" for o in OUTCOMES) + f"{'Linux agrees':>14}")
    for suite in COUNTS:
        for needs in ("plain", "socket", "kfunc", "kernel"):
            count = score.count((suite,), (needs,))
            if count:
                reference = score.reference_agrees(suite, needs)
                print(f"{suite:12}{needs:9}{count.total():7}" + "".join(f"{count[o]:13}" for o in OUTCOMES) +
                      f"{'-' if reference is None else reference:>14}")


def print_reasons(score):
    reasons = collections.Counter()
    for test, judgement, result in score.rows:
        if result == "unsupported" and test.needs != "kernel":
            reasons[re.sub(r"program \S+(, instruction \d+)?: ", "", judgement.text)] += 1
        elif result == "retval":
            reasons[f"no return value: {judgement.results[0]}" if isinstance(judgement.results[0], str)
                    else "another return value"] += 1
    print("why unsupported, or no return value, of those that need no kernel objects:")
    for reason, n in reasons.most_common(40):
        print(f"{n:6}  {reason}")


def line_of(test, judgement, result):
    wanted = f"{'accept' if test.success else 'reject'} {test.retvals or ''}"
    got = f"{judgement.verdict} {judgement.results or ''} {judgement.fields.get('id', '')} {judgement.text}"
    return f"{result:12}{test.suite:11}{test.needs:8}{test.name}: wanted {wanted.strip()}; {got.strip()}"


def shown_safe(tests, listed, build, say):
    """Runs what is accepted and must be refused on every input that it reads, in the checked engine; problems."""
    methods = [re.match(r"every ([a-z+]+): ", listed[t.name][1]) for t in tests]
    problems = [f"{t.name}: {ACCEPTED.name} does not say on which inputs it is safe" for t, m in zip(tests, methods) if not m]
    shown = [(t, m[1]) for t, m in zip(tests, methods) if m]
    jobs = ["\t".join([*t.skep_job.split("\t")[:-1], f"every={kinds}"]) for t, kinds in shown]
    say("accepted though the kernel refuses them: on every input of these kinds, in the checked engine")
    for (t, kinds), j in zip(shown, kernel_judge.ask(kernel_judge.skep_command(build), jobs)):
        fault = j.fields.get("unsafe", "" if j.number("runs") else f"did not run: {j.verdict} {j.text}")
        say(f"    {t.name:66}{kinds:15}{j.number('runs'):8} inputs{'  ' + fault if fault else ', no fault'}")
        problems += [f"{t.name} is listed as safe, and {fault} after {j.number('runs')} runs"] if fault else []
    return problems


def check_accepted(score, whole, build, say):
    """Problems with tests that Skep accepts and the kernel's authors do not."""
    listed = read_accepted()
    accepts = {t.name for t, _, o in score.rows if o == "accepts" and t.needs != "kernel"}
    problems = [f"{name} is accepted, which no row of {ACCEPTED.name} explains" for name in sorted(accepts - set(listed))]
    if whole:
        problems += [f"{ACCEPTED.name}: {name} is not accepted" for name in sorted(set(listed) - accepts)]
    problems += shown_safe([t for t, _, o in score.rows if o == "accepts" and t.name in listed], listed, build, say)
    limited = [t for t, _, o in score.rows if o == "accepts" and t.suite in LIMITED_SUITES and t.needs in LIMITED_NEEDS]
    if len(limited) > MAX_ACCEPTS:
        problems.append(f"{len(limited)} tests are accepted that must be refused; at most {MAX_ACCEPTS}")
    return problems


def check_goals(score):
    problems = []
    for (suites, needs), goal in GOALS.items():
        count = score.count(suites, needs)
        share = count["agree"] / count.total() if count else 1
        print(f"{' + '.join(suites)}, {' + '.join(needs)}: {count['agree']} of {count.total()} agree, "
              f"{100 * share:.1f} % (goal {100 * goal:.0f} %)")
        if share < goal:
            problems.append(f"{' + '.join(suites)}, {' + '.join(needs)}: less than {100 * goal:.0f} % agree")
    return problems


def as_json(score, problems):
    results = [{"suite": t.suite, "test": t.name, "needs": t.needs, "expects": "accepted" if t.success else "rejected",
                "outcome": o, "verdict": j.verdict, "results": j.results, **j.fields} for t, j, o in score.rows]
    return json.dumps({"command": "kernel-tests", "results": results, "problems": problems}, indent=1)


def select(tests, args):
    return [t for t in tests if (not args.only or args.only in t.name) and (not args.suite or t.suite == args.suite)
            and (not args.needs or t.needs == args.needs)]


def all_tests(kernel, build):
    objects, refused = kernel.build(kernel.annotated())
    if refused:
        print(f"skipped: the compiler refuses {', '.join(refused)}")
    driver = kernel_judge.skep_command(build)[0]
    return kernel_suite.struct_form(kernel.struct_tests()) + kernel_suite.annotated(driver, objects)


def check_counts(kernel, tests):
    found = collections.Counter(t.suite for t in tests)
    if kernel.pinned:
        return [f"{found[s]} tests in suite {s}, not {n}" for s, n in COUNTS.items() if found[s] != n]
    print(f"version {kernel.version}: counts not checked: {dict(found)}")
    return []


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    for name in ("only", "suite", "needs", "list"):
        parser.add_argument(f"--{name}")
    for name in ("all", "json", "no-kernel"):
        parser.add_argument(f"--{name}", action="store_true")
    return parser.parse_args()


def print_rows(rows, kind):
    for row in rows:
        if row[2] == kind or (kind == "kernel" and row[2] != "agree"):
            print(line_of(*row))


def report(score, args, problems):
    lines = [line_of(*row) for row in score.rows if row[2] != "agree"]
    (args.build / "kernel-tests.txt").write_text("".join(f"{line}\n" for line in lines))
    if args.json:
        print(as_json(score, problems))
        return
    if args.list:
        print_rows(score.reference if args.list == "kernel" else score.rows, args.list)
    print_table(score)
    print_reasons(score)
    print(f"the {len(lines)} disagreements: {args.build / 'kernel-tests.txt'}")


def main():
    args = arguments()
    try:
        kernel = kernel_sources.Kernel()
        tests = all_tests(kernel, args.build)
    except kernel_sources.Unavailable as why:
        print(f"skipped: {why}")
        return 0
    if args.all:
        objects, refused = kernel.build(kernel.progs())
        print(f"{len(objects)} objects of {len(kernel.progs())}; refused: {', '.join(refused) or 'none'}")
    problems = [] if args.only else check_counts(kernel, tests)
    whole, tests = len(tests), select(tests, args)
    if args.only and len(tests) <= 3:
        for test in tests:
            show_test(kernel, args.build, test, not args.no_kernel)
    reference = None if args.no_kernel else kernel_judge.ask_kernel(kernel, [(t.key, t.oracle_job) for t in tests])
    if reference is None and not args.json:
        print("skipped: the comparison with the running kernel")
    score = Score(tests, kernel_judge.ask(kernel_judge.skep_command(args.build), [t.skep_job for t in tests]), reference)
    verifier = not any(j.verdict == "loaded" for _, j, _ in score.rows)
    if verifier:
        say = (lambda line: None) if args.json else print
        problems += check_accepted(score, len(tests) == whole, args.build, say)
    report(score, args, problems)
    if len(tests) == whole and not args.json:
        goals = check_goals(score)
        problems += goals if verifier else []
    if not verifier and not args.json:
        print("no verifier: only what loading refuses, and return values, were looked at")
    for problem in problems if not args.json else []:
        print(f"    {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
