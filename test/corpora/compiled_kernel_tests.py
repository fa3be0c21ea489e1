#!/usr/bin/env python3
"""The kernel's own tests that say what their programs return, compiled.

    compiled_kernel_tests.py BUILD_FOLDER

Each runs as machine code and in the checked engine, from the same beginning, and must return the same, unless
that is a pointer, or stop for the same reason.  How many return what their authors say, kernel_tests.py tells.  Exit status 1:
something differs."""
import pathlib
import sys

import kernel_judge
import kernel_sources
import kernel_suite
import kernel_tests


def main():
    build = pathlib.Path(sys.argv[1])
    try:
        tests = [t for t in kernel_tests.all_tests(kernel_sources.Kernel(), build) if t.retvals]
    except kernel_sources.Unavailable as why:
        print(f"skipped: {why}")
        return 0
    command, jobs = kernel_judge.skep_command(build), [t.skep_job for t in tests]
    checked = kernel_judge.ask(command, jobs)
    compiled = kernel_judge.ask(["env", "SKEP_ENGINE=jit", *command], jobs)
    ran = differ = 0
    for test, a, b in zip(tests, checked, compiled):
        ran += any(isinstance(result, int) for result in b.results)
        if kernel_suite.POINTER not in test.retvals and a.results != b.results:
            differ += 1
            print(f"    {test.name}: checked {a.results}, compiled {b.results}")
    print(f"{len(tests)} tests with return values, {ran} of them ran compiled, {differ} differ")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
