#!/usr/bin/env python3
"""Runs every program of the packaged objects in the checked engine: packet programs on a capture,
the others once on an empty context.  Maps whose size their tools set get one; nothing else is set.

    run.py BUILD_FOLDER

A program must run to its end, or be refused, or stop at a CO-RE access, by the name of what is
missing, or fault as it must.  Exit status 1: one faulted otherwise, or too few XDP programs ran."""
import collections
import json
import pathlib
import re
import subprocess
import sys

import packages

PACKET_TYPES = {"xdp", "sched_cls", "sched_act", "socket_filter", "cgroup_skb"}
MAP_ENTRIES = 64        # where the object leaves it to its tool
MIN_XDP = 28            # of all packages together
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
    sizes = [arg for m in found["maps"] if m["max_entries"] == 0 and "perf" not in m["type"]
             for arg in ("--set-map-size", f"{m['name']}={MAP_ENTRIES}")]
    return [(p["program"], p["type"]) for p in found["programs"]], sizes


def run(skep, path, program, kind, sizes, pcap):
    """(one of OUTCOMES, why)."""
    command = [skep, "run", "--json", "--engine", "checked", *sizes, f"{path}:{program}"]
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


def main():
    build = pathlib.Path(sys.argv[1])
    skep, pcap = build / "skep", capture(build)
    reasons, status = collections.Counter(), 0
    total, xdp = collections.Counter(), collections.Counter()
    print(f"{'package':32}{'programs':>9}" + "".join(f"{o:>10}" for o in OUTCOMES) + f"{'XDP':>9}{'XDP ran':>9}")
    for folder in sorted((packages.cache_folder() / "objects").iterdir()):
        count, of_xdp = collections.Counter(), collections.Counter()
        for path in sorted(folder.iterdir()):
            found, sizes = programs(skep, path)
            for program, kind in found:
                outcome, why = run(skep, path, program, kind, sizes, pcap)
                count[outcome] += 1
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
    if xdp["ran"] < MIN_XDP:
        print(f"only {xdp['ran']} XDP programs ran; {MIN_XDP} must")
        status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
