#!/usr/bin/env python3
"""Runs every program of the packaged objects in the checked engine: packet programs on a capture,
the others once on an empty context.  What their tools set before loading is set: sizes of maps, a program type; nothing else.

    run.py BUILD_FOLDER

A program must run to its end, or be refused, or stop at a CO-RE access, by the name of what is
missing, or fault as it must.  A second table is about the programs that packages ship for use, each
object once: how many load and run, and why each of the others does not; where the packages are those
that were counted, all that need no CO-RE must load.  Exit status 1: one faulted otherwise, too few
XDP programs ran, or a program without CO-RE does not load."""
import collections
import hashlib
import json
import pathlib
import re
import subprocess
import sys

import packages

PACKET_TYPES = {"xdp", "sched_cls", "sched_act", "socket_filter", "cgroup_skb"}
MAP_ENTRIES = 64        # where the object leaves it to its tool
STACK_BYTES = 127 * 8   # of a stack, where the object leaves it to its tool
MIN_XDP = 28            # of all packages together
# Types that a section's name does not say, and its tool does.
TYPES = {"tun_rss_steering_prog": "socket_filter"}
# Not for use: what a loader is tested with.
LOADER_CASES = "golang-github-cilium-ebpf-dev"
# Programs of the packages as they were counted, and of them without CO-RE.
PACKAGED, WITHOUT_CORE = 449, 184
OUTCOMES = ("ran", "CO-RE", "refused", "own fault", "fault")
NEEDS_CORE = "vm-poisoned-instruction"
# (object, program): the report of a fault that is the program's own, in some runs or all.
OWN_FAULTS = {
    # Its tool puts parameters in place of the addresses of .data; how far it reads in raw_map, whose
    # values have room for no pattern, hangs on those.
    ("raw.o-0.o", "bpf_decoder"): "vm-out-of-bounds",
}


def capture(build):
    """The project's capture, else the one that the examples make."""
    for path in (pathlib.Path("../shared/data/traffic.pcap"), build / "examples" / "made.pcap"):
        if path.exists():
            return path
    made = build / "corpora.pcap"
    subprocess.run([build / "examples" / "make_capture", made], check=True)
    return made


def programs(skep, path):
    """(program, type) of an object, and the sizes that its maps lack."""
    out = subprocess.run([skep, "dump", "--json", path], capture_output=True, text=True)
    if out.returncode:
        return [], []
    found = json.loads(out.stdout)["results"][0]
    sizes = []
    for m in found["maps"]:
        stack = "x%d" % STACK_BYTES if m["type"] == "stack_trace" and m["value_size"] == 0 else ""
        if stack or (m["max_entries"] == 0 and "perf" not in m["type"]):
            sizes += ["--set-map-size", f"{m['name']}={m['max_entries'] or MAP_ENTRIES}{stack}"]
    return [(p["program"], p["type"]) for p in found["programs"]], sizes


def run(skep, path, program, kind, sizes, pcap):
    """(one of OUTCOMES, why)."""
    command = [skep, "run", "--json", "--engine", "checked", "--no-verify", *sizes, f"{path}:{program}"]
    if program in TYPES:
        kind = TYPES[program]
        command += ["--type", kind]
    if kind in PACKET_TYPES:
        command += ["--pcap", pcap]
    out = subprocess.run(command, capture_output=True, text=True)
    if out.returncode == 0:
        return "ran", ""
    if out.returncode not in (1, 2):
        return "fault", f"skep ended with status {out.returncode}"
    if not out.stdout:
        # "skep: FILE: program NAME, instruction N: what": what is missing, without the place
        text = out.stderr.strip().splitlines()[-1].removeprefix(f"skep: {path}: ").replace(program, "it")
        return "refused", re.sub(r"program it(, instruction \d+)?: ", "", text)
    stops = [s["report"] for s in json.loads(out.stdout)["results"][0]["stops"] if "report" in s]
    others = [s for s in stops if s["id"] != NEEDS_CORE]
    if others and all(s["id"] == OWN_FAULTS.get((path.name, program)) for s in stops):
        return "own fault", ""
    if others:
        return "fault", f"{others[0]['id']}: {others[0]['text']}"
    return "CO-RE", stops[0]["what"] if stops else "stopped"


class Packaged:
    """The programs of one package, each object once."""

    def __init__(self):
        self.digests, self.reasons = set(), collections.Counter()
        self.objects = self.programs = self.plain = self.plain_load = self.load = self.ran = 0

    def is_new(self, path):
        digest = hashlib.sha256(path.read_bytes()).digest()
        new = digest not in self.digests
        self.digests.add(digest)
        self.objects += new
        return new

    def add(self, outcome, why, needs_core):
        loads = outcome != "refused"
        self.programs += 1
        self.plain += not needs_core
        self.plain_load += loads and not needs_core
        self.load += loads
        self.ran += outcome == "ran"
        if outcome != "ran":
            self.reasons[REASONS.get(outcome) or f"{outcome}: {why}"] += 1

    COUNTS = ("objects", "programs", "plain", "plain_load", "load", "ran")

    def row(self):
        return "".join(f"{getattr(self, name):14}" for name in self.COUNTS)


REASONS = {"CO-RE": "loads and stops at an access that CO-RE has to complete",
           "own fault": "its tool replaces what it would read"}


def core_of(build, path):
    """The programs of an object that CO-RE has to complete."""
    out = subprocess.run([build / "test" / "corpora_objects", "core", path], capture_output=True, text=True, check=True)
    return {line.split("\t")[1] for line in out.stdout.splitlines()}


def print_packaged(packaged):
    """Status 1: a program without CO-RE does not load, or the count is another than it must be."""
    total = Packaged()
    print(f"\n{'packaged programs':32}{'objects':>14}{'programs':>14}{'no CO-RE':>14}{'of them load':>14}"
          f"{'load':>14}{'run':>14}")
    for name, part in packaged.items():
        print(f"{name:32}{part.row()}")
        for why, n in part.reasons.most_common():
            print(f"{'':20}{n:12}  {why}")
        for count in Packaged.COUNTS:
            setattr(total, count, getattr(total, count) + getattr(part, count))
    print(f"{'all':32}{total.row()}")
    counted = total.programs == PACKAGED
    if not counted:
        print(f"other packages than those that were counted: {PACKAGED} programs, {WITHOUT_CORE} without CO-RE")
    good = total.plain_load == total.plain and (not counted or total.plain == WITHOUT_CORE)
    print(f"{'all' if good else 'NOT ALL'} of the {total.plain} programs without CO-RE load: {total.plain_load}")
    return not good


def main():
    build = pathlib.Path(sys.argv[1])
    skep, pcap = build / "skep", capture(build)
    reasons, status = collections.Counter(), 0
    total, xdp, packaged = collections.Counter(), collections.Counter(), {}
    print(f"{'package':32}{'programs':>9}" + "".join(f"{o:>10}" for o in OUTCOMES) + f"{'XDP':>9}{'XDP ran':>9}")
    for folder in sorted((packages.cache_folder() / "objects").iterdir()):
        count, of_xdp = collections.Counter(), collections.Counter()
        part = packaged.setdefault(folder.name, Packaged())
        for path in sorted(folder.iterdir()):
            found, sizes = programs(skep, path)
            new, core = part.is_new(path), core_of(build, path)
            for program, kind in found:
                outcome, why = run(skep, path, program, kind, sizes, pcap)
                count[outcome] += 1
                if new:
                    part.add(outcome, why, program in core)
                of_xdp[outcome] += kind == "xdp"
                if outcome == "refused":
                    reasons[why] += 1
                elif outcome == "fault":
                    print(f"    {path.name}:{program}: {why}")
                    status = 1
        print(f"{folder.name:32}{count.total():9}" + "".join(f"{count[o]:10}" for o in OUTCOMES) +
              f"{of_xdp.total():9}{of_xdp['ran']:9}", flush=True)
        total += count
        xdp += of_xdp
    print(f"{'all':32}{total.total():9}" + "".join(f"{total[o]:10}" for o in OUTCOMES) +
          f"{xdp.total():9}{xdp['ran']:9}")
    print("refused:")
    for why, n in reasons.most_common():
        print(f"{n:6}  {why}")
    packaged.pop(LOADER_CASES, None)
    status |= print_packaged(packaged)
    if xdp["ran"] < MIN_XDP:
        print(f"only {xdp['ran']} XDP programs ran; {MIN_XDP} must")
        status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
