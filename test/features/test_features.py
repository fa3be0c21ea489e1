#!/usr/bin/env python3
"""What programs do (features.bpf.c), accepted as it stands and refused a token away from that; prints
a table of what refuses it."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SKEP = os.environ.get("SKEP", os.path.join(HERE, "..", "..", "build", "skep"))
CLANG = os.environ.get("CLANG") or "clang"
SKIPPED = 77


def verdicts(work, name, *flags):
    """By program: its verdict and the report's id."""
    machine = subprocess.run([CLANG, "-print-multiarch"], capture_output=True, text=True, check=False)
    out = f"{work}/{name}.o"
    subprocess.run([CLANG, "-O2", "-g", "-target", "bpf", "-mcpu=v3", "-Wno-unknown-attributes",
                    f"-I/usr/include/{machine.stdout.strip() or 'x86_64-linux-gnu'}", *flags, "-c",
                    f"{HERE}/features.bpf.c", "-o", out], check=True)
    said = subprocess.run([SKEP, "verify", out, "--json"], capture_output=True, text=True, check=False).stdout
    return {r["program"]: (r["verdict"], (r.get("diagnostic") or {}).get("id")) for r in json.loads(said)["results"]}


def main():
    if not shutil.which(CLANG) or not os.path.exists("/usr/include/bpf/bpf_helpers.h"):
        print("skipped: clang or libbpf's headers are not installed")
        return SKIPPED
    with open(f"{HERE}/features.bpf.c", encoding="utf-8") as file:
        expected = {name: report for report, name in re.findall(r'REFUSED\("([\w-]+)"\) int (\w+)\(', file.read())}
    with tempfile.TemporaryDirectory() as work:
        safe, unsafe = verdicts(work, "safe"), verdicts(work, "unsafe", "-DUNSAFE")
    assert len(expected) >= 20 and set(safe) == set(unsafe) == set(expected), (set(safe) ^ set(expected))
    wrong = 0
    for name, report in expected.items():
        good = safe[name][0] == "accepted" and unsafe[name] == ("rejected", report)
        print(f"{name:32}{safe[name][0]:12}{unsafe[name][0]:12}{unsafe[name][1] or '':28}"
              f"{'' if good else 'WRONG: ' + report + ' ' + str(safe[name][1])}")
        wrong += not good
    return wrong > 0


sys.exit(main())
