"""The kernel's tests as a list: what each consists of, what it expects, and what it needs.

Suites: `struct` (verifier/*.c, through struct_tests.c), `verifier` (progs/verifier_*.c), `annotated`
(the other progs/*.c with annotations).  The annotations are declaration tags in the objects' BTF; the
kernel's test_loader.c reads them, and says what they mean.

What a test needs (`needs`), by the first predicate that holds:
    kernel   a type of program that is attached to a kernel function or structure, a kernel function
             that is not self-contained, another extern, a CO-RE relocation, a helper or context field
             that gives or takes a typed kernel pointer, an address of a target
    kfunc    self-contained kernel functions (SELF_CONTAINED): iterators, dynptrs, allocated objects,
             exceptions, arenas
    socket   a helper or context field that gives or takes a socket, or a map of sockets
    plain    nothing but types, helpers and maps"""
import dataclasses
import os
import re
import subprocess
import zlib

POINTER = "pointer"  # any result will do
DATA_BYTES = 64
# Element 0 of these maps, in the runs of these files: index 28, foo[6] = 0xabcdef12.
TEST_VALUE = (28).to_bytes(4, "little") + bytes(24) + (0xabcdef12).to_bytes(4, "little") + bytes(16)
PRESETS = {
    "verifier_array_access": "map_array_ro",
    "verifier_value_ptr_arith": "map_array_48b",
}
# Files whose tests the kernel runs without CAP_PERFMON: uninitialised stack may not be read.
WITHOUT_PERFMON = {"verifier_mtu"}
SELF_CONTAINED = re.compile(
    r"bpf_(iter_(num|bits)_|dynptr_|obj_(new|drop)_impl|percpu_obj_(new|drop)_impl|refcount_acquire_impl|list_|"
    r"rbtree_|throw$|rcu_read_|preempt_|local_irq_|arena_|wq_|copy_from_user_str$|get_kmem_cache$)")
BOUND_TYPES = {"tracing", "lsm", "struct_ops", "ext", "-"}  # "-": of a type that the section hides
SOCKET_MAPS = {"15", "18", "20", "24"}  # SOCKMAP, SOCKHASH, REUSEPORT_SOCKARRAY, SK_STORAGE
SOCKET_TYPES = {"sk_skb", "sk_msg", "sk_reuseport", "sk_lookup"}
# The types that BPF_PROG_TEST_RUN runs: the tests in struct form name no result to be left out.
RUN_TYPES = {1, 3, 4, 6, 8, 10, 11, 12, 17, 19, 22, 26, 27, 30, 31, 32}
POINTER_VALUE = 0xcafe4a  # 0xcafe4all, where the last two letters are a suffix
BOUND_PROGRAM_TYPES = {26, 27, 28, 29}  # TRACING, STRUCT_OPS, EXT, LSM


@dataclasses.dataclass
class Test:
    suite: str
    name: str           # unique: FILE:PROGRAM, or struct:DESCRIPTION
    file: str           # of the source
    success: bool
    retvals: list       # of each run; POINTER: any
    needs: str
    why: str            # the predicate's argument
    skep_job: str
    oracle_job: str
    flags: list = dataclasses.field(default_factory=list)
    priv: bool = True
    key: str = ""       # what the oracle's verdict hangs on


def number(text):
    text = text.strip().strip("()")
    if text in ("INT_MIN", "TEST_DATA_LEN", "POINTER_VALUE"):
        return {"INT_MIN": 1 << 31, "TEST_DATA_LEN": DATA_BYTES, "POINTER_VALUE": POINTER}[text]
    return int(text, 0) & 0xffffffff


# ---- annotated --------------------------------------------------------------------------------------


class Facts:
    """A line of `kernel_skep facts`."""

    def __init__(self, line):
        fields = line.rstrip("\n").split("\t")
        (self.path, self.program, self.type, self.section, self.slots, self.links, objects, kfuncs, externs,
         maps, self.core, tags) = fields
        self.objects, self.kfuncs, self.externs, self.maps = (
            [] if text == "-" else text.split(",") for text in (objects, kfuncs, externs, maps))
        self.tags = [] if tags == "-" else [t.removeprefix("comment:test_") for t in tags.split("\x1f")]
        self.stem = self.path.rsplit("/", 1)[-1].removesuffix(".o")

    def tag(self, name):
        """The last value of NAME=value, or None."""
        values = [t.split("=", 1)[1] for t in self.tags if t.startswith(name + "=")]
        return values[-1] if values else None


def needs_of(facts):
    foreign = [k for k in facts.kfuncs if not SELF_CONTAINED.match(k)]
    if facts.type in BOUND_TYPES:
        return "kernel", f"type {facts.type} ({facts.section})"
    if foreign:
        return "kernel", f"kfunc {foreign[0]}"
    if facts.externs:
        return "kernel", f"extern {facts.externs[0]}"
    if facts.tag("btf_path") or (facts.core != "0" and not facts.kfuncs):  # calls of weak ones count, too
        return "kernel", "CO-RE"
    if "kernel" in facts.objects:
        return "kernel", "typed pointer"
    if facts.kfuncs:
        return "kfunc", facts.kfuncs[0]
    if "socket" in facts.objects or SOCKET_MAPS & set(facts.maps) or facts.type in SOCKET_TYPES:
        return "socket", "socket"
    return "plain", ""


def how(run, flags):
    """The last field of a job."""
    return run + ",aligned" * ("BPF_F_STRICT_ALIGNMENT" in flags)


def annotated_test(suite, facts, auxiliary):
    verdicts = [t for t in facts.tags if t in ("expect_success", "expect_failure")]
    unpriv_only = not verdicts and any(t in ("expect_success_unpriv", "expect_failure_unpriv") for t in facts.tags)
    arch = facts.tag("arch")
    if "auxiliary" in facts.tags or "auxiliary_unpriv" in facts.tags:
        return None
    success = verdicts[-1:] != ["expect_failure"]
    retval = facts.tag("retval")
    retvals = [number(retval)] if retval is not None and success else []
    preset = f"{PRESETS[facts.stem]}={TEST_VALUE.hex()}" if facts.stem in PRESETS else "-"
    flags = [t.split("=", 1)[1] for t in facts.tags if t.startswith("prog_flags=")]
    run = how("run" if retvals else "-", flags) + ",strict" * (facts.stem in WITHOUT_PERFMON)
    needs, why = needs_of(facts)
    job = f"object\t{facts.path}\t{facts.program}\t{preset}\t{run}"
    return Test(suite, f"{facts.stem}:{facts.program}", f"progs/{facts.stem}.c", success, retvals, needs, why, job,
                f"{job}\t{','.join(auxiliary) or '-'}", flags, not unpriv_only and arch in (None, "X86_64"))


def read_facts(driver, objects):
    """The programs of the objects; what could not be opened is left out."""
    out = subprocess.run([driver, "facts", *objects], capture_output=True, text=True, check=True).stdout
    return [Facts(line) for line in out.splitlines() if line.count("\t") == 11]


def annotated(driver, objects):
    """The tests in the objects; what has no tags at all is left out."""
    rows, tests = read_facts(driver, objects), []
    for stem in sorted({r.stem for r in rows}):
        mine = [r for r in rows if r.stem == stem]
        if not any("expect_success" in r.tags or "expect_failure" in r.tags for r in mine):
            continue
        suite = "verifier" if stem.startswith("verifier_") else "annotated"
        auxiliary = [r.program for r in mine if "auxiliary" in r.tags]
        for row in mine:
            test = annotated_test(suite, row, auxiliary)
            if test and test.priv:
                stat = os.stat(row.path)
                test.key = f"{test.name} {stat.st_size} {stat.st_mtime_ns}"
                tests.append(test)
    return tests


# ---- struct form -------------------------------------------------------------------------------------

SOCKET_HELPERS = {84, 85, 86, 95, 96, 98, 99, 107, 108, 124, 136, 137, 138, 139, 140, 52, 53, 60, 70, 71, 72, 82}
KERNEL_HELPERS = {158, 194, 153, 154, 196}  # typed pointers: current_task_btf, kptr_xchg, per_cpu_ptr …
SOCK_OFFSET = 168  # of the field sk in struct __sk_buff


def struct_needs(program_type, target, instructions, maps, kfuncs):
    calls = {int.from_bytes(i[4:8], "little") for i in instructions if i[0] == 0x85 and i[1] >> 4 == 0}
    sock = any(i[0] == 0x79 and int.from_bytes(i[2:4], "little") == SOCK_OFFSET for i in instructions)
    if program_type in BOUND_PROGRAM_TYPES or target != "-":
        return "kernel", f"attached to {target}"
    if kfuncs:
        return "kernel", f"kfunc {kfuncs[0]}"
    if calls & KERNEL_HELPERS:
        return "kernel", f"helper {min(calls & KERNEL_HELPERS)}"
    if calls & SOCKET_HELPERS or sock or SOCKET_MAPS & set(maps):
        return "socket", "socket"
    return "plain", ""


def struct_test(path, offset, lines):
    name = lines[0].split(" ", 1)[1]
    runs, maps, kfuncs, test = [], [], [], None
    for line in lines[1:]:
        word, rest = line.split(" ", 1)
        if word == "map":
            maps.append(rest.split()[1])
        elif word == "kfunc":
            kfuncs.append(rest.split()[1])
        elif word == "program":
            kind, _, flags, _, target, digits = rest.split()
            code = bytes.fromhex(digits)
        elif word == "expect":
            success = rest.startswith("accept")
        elif word == "run":
            value = int(rest.split()[0])
            runs.append(POINTER if value == POINTER_VALUE else value)
    instructions = [code[at:at + 8] for at in range(0, len(code), 8)]
    needs, why = struct_needs(int(kind), target, instructions, maps, kfuncs)
    runs = runs if int(kind) in RUN_TYPES else []
    flags = ["BPF_F_STRICT_ALIGNMENT"] * (int(flags) & 1)
    job = f"struct\t{path}\t{offset}\t{how('run' if runs else '-', flags)}"
    test = Test("struct", f"struct:{name}", "verifier/", success, runs, needs, why, job, job, flags)
    test.key = f"{name} {len(code)} {zlib.crc32(code)} {flags} {len(runs)}"
    return test


def struct_form(path):
    tests, begin, lines, offset = [], 0, [], 0
    with open(path, "rb") as file:
        for raw in file:
            line = raw.decode().rstrip("\n")
            if line.startswith("test ") and lines:
                tests.append(struct_test(path, begin, lines))
                lines = []
            if not lines:
                begin = offset
            lines.append(line)
            offset += len(raw)
    tests.append(struct_test(path, begin, lines))
    seen = {}
    for test in tests:  # some descriptions occur twice
        seen[test.name] = seen.get(test.name, 0) + 1
        if seen[test.name] > 1:
            test.name += f" #{seen[test.name]}"
    return tests
