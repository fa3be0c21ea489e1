#!/usr/bin/env python3
"""Opens the BPF objects that Debian ships, as files and inside programs, links their programs, and
compares their listings with llvm-objdump's.

    objects.py BUILD_FOLDER

Counts are asserted where a package has the version that they were taken from, else printed alone.
Exit status 1: something that must open does not, or a listing differs."""
import hashlib
import pathlib
import re
import shutil
import subprocess
import sys

import packages

# package: (version, objects, of these refused, programs, of these not linked)
EXPECTED = {
    "libxdp1": ("1.3.1-1", 15, 0, 17, 0),
    "xdp-tools": ("1.3.1-1", 31, 0, 123, 0),
    "ir-keytable": ("1.22.1-5+b2", 9, 0, 9, 0),
    "libbpf-tools": ("0.26.0+ds-1", 52, 0, 240, 0),
    "pcp": ("6.0.3-1.1", 14, 0, 70, 0),
    "libknot13": ("3.2.6-1", 1, 0, 1, 0),
    "xdp-tests": ("1.3.1-1", 7, 0, 9, 0),
    "libxdp-dev": ("1.3.1-1", 3, 0, 4, 0),
    "qemu-system-x86": ("1:7.2+dfsg-7+deb12u18+b3", 2, 0, 2, 0),
    "golang-github-cilium-ebpf-dev": ("0.9.1-1", 34, 6, 66, 8),
}

# Objects made to be refused: what their report must name.
INVALID = {
    "invalid_map-": ("load-bad-map", "section maps", "invalid_map"),
    "invalid_map_static-": ("load-bad-map", "section maps", "hash_map"),
    "invalid_btf_map_init-": ("load-bad-map", "section .maps", "hash_map"),
}


class Part:
    """What came out of one package."""

    def __init__(self):
        self.objects = self.refused = self.programs = self.typed = self.linked = self.notes = 0
        self.maps = self.big = self.lines = 0
        self.problems = []


def extract(driver, package, contents):
    folder = packages.cache_folder() / "objects" / package
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    files = [str(f) for f in sorted(contents.rglob("*")) if f.is_file() and not f.is_symlink()]
    for at in range(0, len(files), 500):
        subprocess.run([driver, "extract", folder, *files[at:at + 500]], check=True)
    return sorted(folder.iterdir())


def check_refused(part, name, program, report, text):
    if program:
        # An object is fine without each of its programs: these call what only their authors have.
        if report != "load-missing-extern":
            part.problems.append(f"{name}: {program}: {text}")
        return
    part.refused += 1
    for prefix, (expected, *named) in INVALID.items():
        if name.startswith(prefix):
            if report != expected or not all(n in text for n in named):
                part.problems.append(f"{name}: refused with another report: {text}")
            return
    part.problems.append(f"{name}: {text}")


def open_all(driver, part, objects):
    out = subprocess.run([driver, "open", *objects], capture_output=True, text=True, check=True)
    for line in out.stdout.splitlines():
        kind, name, *rest = line.split("\t")
        if kind == "refused":
            check_refused(part, name, *rest)
        elif kind == "costly":
            part.problems.append(f"{name}: {rest[0]} bytes of memory for {rest[1]}")
        else:
            programs, typed, linked, notes, maps = map(int, rest[:5])
            part.programs += programs
            part.typed += typed
            part.linked += linked
            part.notes += notes
            part.maps += maps
            part.big += rest[5] == "big"
            if any(name.startswith(prefix) for prefix in INVALID):
                part.problems.append(f"{name}: opened, but is invalid")


def objdump_lines(tool, path):
    """(section, slot) → text, without addresses, labels and what follows them."""
    out = subprocess.run([tool, "-d", "--no-show-raw-insn", path], capture_output=True, text=True,
                         check=True)
    section, lines = "", {}
    for line in out.stdout.splitlines():
        head = re.match(r"Disassembly of section (.*):$", line)
        insn = re.match(r"\s*([0-9a-f]+):\t(.*)$", line)
        if head:
            section = head.group(1)
        elif insn:
            text = re.sub(r"\s+<[^<>]*>$", "", insn.group(2)).rstrip()
            lines[section, int(insn.group(1))] = text
    return lines


def our_lines(driver, path):
    out = subprocess.run([driver, "list", path], capture_output=True, text=True)
    section, lines = "", {}
    for line in out.stdout.splitlines():
        if line.startswith("section "):
            section = line[8:]
        else:
            slot, text = line.split("\t", 1)
            lines[section, int(slot)] = text
    return lines


def compare(driver, tool, part, path):
    theirs, ours = objdump_lines(tool, path), our_lines(driver, path)
    if not ours:
        return
    for key in sorted(set(theirs) | set(ours)):
        if theirs.get(key) != ours.get(key):
            part.problems.append(f"{path.name}: {key[0]} at {key[1]}: llvm-objdump "
                                 f"{theirs.get(key)!r}, skep {ours.get(key)!r}")
            return
    part.lines += len(ours)


def check_counts(part, package, version):
    expected = EXPECTED[package]
    if version != expected[0]:
        return f"version {version}: counts not checked"
    counts = (part.objects, part.refused, part.programs, part.programs - part.linked)
    if counts != expected[1:]:
        part.problems.append(f"{package}: (objects, refused, programs, not linked) is {counts}, "
                             f"not {expected[1:]}")
    return ""


def main():
    driver = pathlib.Path(sys.argv[1]) / "test" / "corpora_objects"
    tool = shutil.which("llvm-objdump-19")
    if not tool:
        print("skipped: the comparison with llvm-objdump-19, which is not installed")
    print(f"{'package':32}{'objects':>8}{'refused':>8}{'programs':>9}{'typed':>7}{'linked':>7}"
          f"{'CO-RE':>7}{'maps':>6}{'big':>5}{'same lines':>12}")
    total, status, digests = Part(), 0, set()
    for package in EXPECTED:
        deb = packages.fetch(package)
        if not deb:
            print(f"{package:32}skipped: it cannot be downloaded")
            continue
        part = Part()
        objects = extract(driver, package, packages.unpack(deb))
        part.objects = len(objects)
        digests |= {hashlib.sha256(o.read_bytes()).digest() for o in objects}
        open_all(driver, part, objects)
        for path in objects if tool else []:
            compare(driver, tool, part, path)
        note = check_counts(part, package, packages.version_of(deb))
        print(f"{package:32}{part.objects:8}{part.refused:8}{part.programs:9}{part.typed:7}"
              f"{part.linked:7}{part.notes:7}{part.maps:6}{part.big:5}{part.lines:12}  {note}")
        for problem in part.problems:
            print(f"    {problem}")
            status = 1
        for field in vars(total):
            setattr(total, field, getattr(total, field) + getattr(part, field))
    print(f"{'all':32}{total.objects:8}{total.refused:8}{total.programs:9}{total.typed:7}"
          f"{total.linked:7}{total.notes:7}{total.maps:6}{total.big:5}{total.lines:12}"
          f"  {len(digests)} different objects")
    return status


if __name__ == "__main__":
    sys.exit(main())
