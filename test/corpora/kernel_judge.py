"""Asks Skep (kernel_skep.c) and the running kernel (kernel_oracle.c) about many jobs.

The kernel runs under what profile `linux` stands for: CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON and
nothing else.  Its answers are kept in the cache, by the kernel's release and the job's key."""
import concurrent.futures
import dataclasses
import json
import os
import platform
import re
import shutil
import subprocess

import packages

CAPS = "+bpf,+net_admin,+perfmon"


@dataclasses.dataclass
class Judgement:
    verdict: str = "none"      # accepted, rejected, unsupported; loaded: nothing verified it; refused: no bpf(2)
    fields: dict = dataclasses.field(default_factory=dict)
    results: list = dataclasses.field(default_factory=list)  # of runs: numbers, or why there is none

    @property
    def text(self):
        return self.fields.get("text", "")

    def number(self, key):
        return int(self.fields.get(key, 0))


def parse(line):
    fields, results, faults = {}, [], []
    for part in line.split("\t")[1:]:
        key, _, value = part.partition("=")
        if key == "r0":
            results.append(int(value) if value.isdigit() else value)
        elif key == "fault":
            results[-1] = f"{results[-1]} {value}"
        else:
            fields[key] = value
    return Judgement(fields.pop("verdict", "crashed"), fields, results)


def ask(command, jobs, n=int(os.environ.get("JOBS", "2"))):
    """A judgement for each job, in order; n processes share the work."""

    def part(i):
        # Lines of other encodings are only for the eye.
        out = subprocess.run([*command, "judge"], input="".join(f"{j}\n" for j in jobs[i::n]).encode(),
                             capture_output=True)
        lines = out.stdout.decode(errors="replace").splitlines()
        if out.returncode or len(lines) != len(jobs[i::n]):
            raise RuntimeError(f"{command[-1]}: {len(lines)} answers for {len(jobs[i::n])} jobs: "
                               f"{out.stderr.decode(errors='replace')}")
        return [parse(line) for line in lines]

    with concurrent.futures.ThreadPoolExecutor(n) as pool:
        parts = list(pool.map(part, range(n)))
    return [parts[i % n][i // n] for i in range(len(jobs))]


def show(command, job):
    """Everything about one job, as text."""
    out = subprocess.run([*command, "show"], input=f"{job}\n".encode(), capture_output=True)
    text = out.stdout.decode(errors="replace") + out.stderr.decode(errors="replace")
    return re.sub(r"^\t.*$", lambda line: line.group().replace("\t", "\n    "), text, flags=re.M)


def skep_command(build):
    return [str(build / "test" / "corpora_kernel_skep")]


def oracle_command(kernel):
    """None where a program with these capabilities cannot be started."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        return None
    caps = f"-all,{CAPS}"
    return ["setpriv", f"--inh-caps={caps}", f"--bounding-set={caps}", str(kernel.oracle())]


def ask_kernel(kernel, keyed_jobs):
    """Judgements for (key, job) pairs, or None where bpf(2) is refused."""
    command = oracle_command(kernel)
    if not command:
        return None
    folder = packages.cache_folder() / "kernel-verdicts"
    folder.mkdir(exist_ok=True)
    path = folder / f"{platform.release()}.json"
    stamp = str(os.stat(command[-1]).st_mtime_ns)
    known = json.loads(path.read_text()) if path.exists() else {}
    if known.get("") != stamp:
        known = {"": stamp}
    new = [(key, job) for key, job in keyed_jobs if key not in known]
    for (key, _), judgement in zip(new, ask(command, [job for _, job in new])):
        known[key] = dataclasses.astuple(judgement)
    path.write_text(json.dumps(known))
    judgements = [Judgement(*known[key]) for key, _ in keyed_jobs]
    if judgements and all(j.verdict == "refused" for j in judgements):
        path.unlink()
        return None
    return judgements
