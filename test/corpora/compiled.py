#!/usr/bin/env python3
"""Compiles every program of the packaged objects that is verified, and runs it beside the interpreter:
packet programs on a capture, the others once on an empty context.

    compiled.py BUILD_FOLDER

What a run returns, what becomes of packets, faults, and the contents of maps must be the same.  Prints how
much code the compiler makes of those that can be measured without their tools.  Exit status 1: something differs."""
import collections
import json
import pathlib
import subprocess
import sys

import packages
import run as runs

VOLATILE = {"us", "engine"}


def settled(value):
    """Without what two runs of the same program need not have in common."""
    if isinstance(value, dict):
        return {k: settled(v) for k, v in value.items() if k not in VOLATILE}
    return [settled(v) for v in value] if isinstance(value, list) else value


def outcome(skep, engine, path, program, kind, sizes, pcap):
    """What the engine makes of the program; None: it does not load."""
    command = [skep, "run", "--json", "--reproducible", "--dump-maps", "--engine", engine, *sizes, f"{path}:{program}"]
    if program in runs.TYPES:
        kind = runs.TYPES[program]
        command += ["--type", kind]
    if kind in runs.PACKET_TYPES:
        command += ["--pcap", pcap]
    out = subprocess.run(command, capture_output=True, text=True)
    if out.returncode not in (0, 1, 2):
        return f"skep ended with status {out.returncode}: {out.stderr[-300:]}"
    return settled(json.loads(out.stdout)["results"]) if out.stdout else None


def ask(skep, *words):
    """The results of a command, by program."""
    out = subprocess.run([skep, *words], capture_output=True, text=True)
    return {r["program"]: r for r in json.loads(out.stdout)["results"]} if out.stdout else {}


def sizes_of(skep, path, names):
    """Of those of an object's programs that can be measured: (instructions, bytes of code)."""
    verified = ask(skep, "verify", "--json", path)
    measured = [ask(skep, "bench", "--json", "--engine", "jit", f"{path}:{n}").get(n) for n in names]
    return [(verified[r["program"]]["insns"], r["code_bytes"]) for r in measured if r and r.get("code_bytes")]


def main():
    build = pathlib.Path(sys.argv[1])
    skep, pcap = build / "skep", runs.capture(build)
    total, status = collections.Counter(), 0
    columns = ("programs", "compiled", "differ", "measured", "insns", "bytes")
    print(f"{'package':32}" + "".join(f"{c:>10}" for c in columns) + f"{'B/insn':>10}")
    for folder in sorted((packages.cache_folder() / "objects").iterdir()):
        count, seen = collections.Counter(), runs.Packaged()
        for path in sorted(folder.iterdir()):
            if not seen.is_new(path):
                continue
            found, sizes = runs.programs(skep, path)
            ran = []
            for program, kind in found:
                count["programs"] += 1
                compiled = outcome(skep, "jit", path, program, kind, sizes, pcap)
                interpreted = outcome(skep, "interp", path, program, kind, sizes, pcap)
                if compiled is None and interpreted is None:
                    continue
                count["compiled"] += 1
                ran.append(program)
                if compiled != interpreted:
                    count["differ"] += 1
                    print(f"    {path.name}:{program}: {differences(compiled, interpreted)}")
                    status = 1
            for insns, size in sizes_of(skep, path, ran):
                count["measured"] += 1
                count["insns"] += insns
                count["bytes"] += size
        print(row(folder.name, count, columns), flush=True)
        total += count
    print(row("all", total, columns))
    if not total["compiled"]:
        print("none was compiled")
        status = 1
    return status


def row(name, count, columns):
    insns = count["insns"] or 1
    return (f"{name:32}" + "".join(f"{count[c]:10.0f}" for c in columns) +
            f"{count['bytes'] / insns:10.2f}")


def differences(a, b, where=""):
    """The first place at which two results differ."""
    if isinstance(a, dict) and isinstance(b, dict):
        for key in sorted(set(a) | set(b)):
            if a.get(key) != b.get(key):
                return differences(a.get(key), b.get(key), f"{where}.{key}")
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for i, (x, y) in enumerate(zip(a, b)):
            if x != y:
                return differences(x, y, f"{where}[{i}]")
    return f"{where}: compiled {str(a)[:200]}, interpreted {str(b)[:200]}"


if __name__ == "__main__":
    sys.exit(main())
