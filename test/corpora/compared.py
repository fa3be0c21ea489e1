#!/usr/bin/env python3
"""For every helper that runs: are its results compared with the kernel's, and if not, why not?

    compared.py BUILD_FOLDER

The comparisons of test/diff, which run the same programs here and through BPF_PROG_TEST_RUN, say
which helpers those called.  Exit status 1: a helper that runs is neither compared nor explained, or
is explained though it is compared."""
import collections
import pathlib
import subprocess
import sys

PARTS = ["helper_kernel", "promises_kernel", "objects_kernel", "frags_kernel", "map_walk_kernel"]

NO_SOCKET = "there are no sockets here: it gives NULL, whatever it is asked about"
ITERATOR = "only iterators may call it: they are read from, not test-run"
FUNCTION = "only of programs on a kernel's functions (fentry, fexit), which have to be attached there"
CGROUP = "the program types that may call it have no test runs"
REMOTE = "needs an infrared receiver: its program type has no test runs"
PACKET_OF_KERNEL = "takes a kernel's packet by type, which only tracing programs are handed"
VARIABLE = "takes the address of a kernel's variable, which another host does not have"
REASONS = {
    77: REMOTE, 78: REMOTE, 92: REMOTE,
    95: NO_SOCKET, 96: NO_SOCKET, 98: NO_SOCKET,
    111: PACKET_OF_KERNEL, 121: PACKET_OF_KERNEL,
    126: ITERATOR, 127: ITERATOR, 150: ITERATOR,
    136: NO_SOCKET, 137: NO_SOCKET, 138: NO_SOCKET, 139: NO_SOCKET, 140: NO_SOCKET,
    153: VARIABLE, 154: VARIABLE,
    173: FUNCTION, 183: FUNCTION, 184: FUNCTION, 185: FUNCTION,
    178: NO_SOCKET, 196: NO_SOCKET,
    186: CGROUP, 187: CGROUP,
}


def running(build):
    """id → name of the helpers that run."""
    out = subprocess.run([build / "test" / "corpora_objects", "helpers"], capture_output=True, text=True, check=True)
    rows = (line.split("\t") for line in out.stdout.splitlines())
    return {int(number): name for number, name, state in rows if state == "runs"}


def comparisons(build):
    """id → {part: programs}, and the parts that found a difference."""
    found, failed = collections.defaultdict(dict), []
    for part in PARTS:
        out = subprocess.run([build / "test" / f"diff_{part}"], capture_output=True, text=True)
        if out.returncode:
            failed.append(part)
        for line in out.stdout.splitlines():
            words = line.split()
            if len(words) == 3 and words[0] == "helper":
                found[int(words[1])][part] = int(words[2])
    return found, failed


def main():
    build = pathlib.Path(sys.argv[1])
    if not all((build / "test" / f"diff_{part}").exists() for part in PARTS):
        print("skipped: the comparisons are not built; they need libbpf and clang")
        return 0
    helpers = running(build)
    found, failed = comparisons(build)
    if not found and not failed:
        print("skipped: bpf(2) is refused here")
        return 0
    problems = [f"{part} found a difference" for part in failed]
    print(f"{'id':>5}  {'helper':34}compared with the kernel's")
    for number, name in sorted(helpers.items()):
        parts = found.get(number)
        if parts:
            print(f"{number:5}  {name:34}{sum(parts.values())} programs: {', '.join(parts)}")
        else:
            print(f"{number:5}  {name:34}no: {REASONS.get(number, '?')}")
        if bool(parts) == (number in REASONS):
            problems.append(f"{name} is " + ("compared, but explained" if parts else "neither compared nor explained"))
    print(f"of {len(helpers)} helpers that run, {sum(n in found for n in helpers)} are compared with the kernel's")
    for problem in problems:
        print(f"    {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
