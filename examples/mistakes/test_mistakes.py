#!/usr/bin/env python3
"""Each mistake here is one: it faults when it runs, or never ends, and its corrected form (FIXED)
does neither.  What `skep verify` says to it is compared with expected/NAME.txt; --write writes
these files anew."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SKEP = os.environ.get("SKEP", os.path.join(ROOT, "build", "skep"))
CLANG = os.environ.get("CLANG") or "clang"
SKIPPED = 77
MAX_LINES = 15

# mistake: a packet, how its run ends
MISTAKES = {
    "missing_null_check": ("00" * 64, "vm-not-a-pointer"),
    "missing_bounds_check": ("00" * 12, "vm-out-of-bounds"),
    "unbounded_loop": ("0100" * 8, "fuel"),
    "uninitialised_stack": ("00" * 64, "vm-unwritten-stack"),
    "leaked_record": ("00" * 32, "vm-leak"),
    "index_off_by_one": ("00" * 1024, "vm-out-of-bounds"),
    "negative_index": ("ff" * 64, "vm-out-of-bounds"),
    "used_after_submit": ("00" * 64, "vm-record-gone"),
    "record_given_back_twice": ("00" * 64, "vm-record-gone"),
    "stale_packet_pointer": ("00" * 64, "vm-packet-moved"),
    "variable_header": ("00" * 14 + "4f" + "00" * 19, "vm-out-of-bounds"),
    "unchecked_length": ("ff" * 300, "vm-out-of-bounds"),
    "wrong_null_check": ("00" * 64, "vm-not-a-pointer"),
    "forgotten_unlock": ("00" * 64, "vm-lock-held"),
    "callback_past_the_end": ("00" * 64, "vm-out-of-bounds"),
}


def compile_mistake(name, out, *flags):
    """In its own folder, so that messages name the file as it is called here."""
    machine = subprocess.run([CLANG, "-print-multiarch"], capture_output=True, text=True, check=False)
    subprocess.run([CLANG, "-O2", "-g", "-target", "bpf", "-mcpu=v3", "-Wall", "-Wno-uninitialized",
                    f"-I/usr/include/{machine.stdout.strip() or 'x86_64-linux-gnu'}", *flags, "-c",
                    f"{name}.bpf.c", "-o", out], cwd=HERE, check=True)
    return out


def skep(*args):
    result = subprocess.run([SKEP, *args], cwd=HERE, capture_output=True, text=True, check=False)
    return result.returncode, result.stdout + result.stderr


def check_runs(name, bad, fixed):
    packet, ending = MISTAKES[name]
    run = ["--engine", "checked", "--no-verify", "--profile", "strict", "--fuel", "100000",
           "--data", packet, "--json"]
    status, said = skep("run", bad, *run)
    assert status != 0 and ending in said.lower(), (name, said)
    status, said = skep("run", fixed, *run)
    assert status == 0, (name, "corrected", said)


def message(name, bad):
    """What the verifier says, without what differs from run to run."""
    status, said = skep("verify", bad, "--profile", "strict", "--limit-visits", "20000")
    assert status == 1, (name, "is not rejected", said)
    said = said.replace(bad, f"{name}.bpf.o")
    return re.sub(r"\d+(\.\d+)? (us|ms|KB|MB)\b", r"N \2", said)


def check_message(name, bad, fixed, write):
    path = os.path.join(HERE, "expected", f"{name}.txt")
    said = message(name, bad)
    assert said.count("\n") <= MAX_LINES, (name, said)
    if write:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(said)
    with open(path, encoding="utf-8") as file:
        assert file.read() == said, (name, said)
    status, said = skep("verify", fixed, "--profile", "strict")
    assert status == 0, (name, "corrected, is rejected", said)


def main():
    if not shutil.which(CLANG) or not os.path.exists("/usr/include/bpf/bpf_helpers.h"):
        print("skipped: clang or libbpf's headers are not installed")
        return SKIPPED
    verifies = skep("help", "verify")[0] == 0
    with tempfile.TemporaryDirectory() as work:
        for name in MISTAKES:
            bad = compile_mistake(name, f"{work}/{name}.bpf.o")
            fixed = compile_mistake(name, f"{work}/{name}.fixed.o", "-DFIXED")
            check_runs(name, bad, fixed)
            if verifies:
                check_message(name, bad, fixed, "--write" in sys.argv)
            print(name)
    if not verifies:
        print("the messages are skipped: there is no verifier")
    return 0


sys.exit(main())
