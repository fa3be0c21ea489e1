"""Random programs in struct form (struct_tests.c): near what a verifier accepts, and about half of
them a little wrong.

A program is a row of steps.  Each knows which registers hold what (`kinds`), leaves the program as
a compiler would, and with probability WRONG forgets or shifts something: a check, a bound by one, an
initialisation.  The same seed gives the same programs."""
import random

WRONG = 0.06
HASH, ARRAY = 1, 2
SOCKET_FILTER, SCHED_CLS, XDP = 1, 3, 6
FIRST_ID = 1 << 24      # as struct_tests.c numbers them
ENTRIES, VALUE_BYTES = 4, 48
STEPS = (3, 14)
ALU = {"add": 0x00, "sub": 0x10, "mul": 0x20, "div": 0x30, "or": 0x40, "and": 0x50, "lsh": 0x60, "rsh": 0x70,
       "mod": 0x90, "xor": 0xa0, "mov": 0xb0, "arsh": 0xc0}
JUMPS = (0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xa0, 0xb0, 0xc0, 0xd0)
SIZES = {1: 0x10, 2: 0x08, 4: 0x00, 8: 0x18}
CALLEE_SAVED = (6, 7, 8, 9)
CONTEXT_LOADS = {SOCKET_FILTER: ((0, 4), (4, 4), (8, 4), (16, 4)), SCHED_CLS: ((0, 4), (8, 4), (16, 4)), XDP: ((12, 4), (16, 4))}
PACKET = {SCHED_CLS: (76, 80), XDP: (0, 4)}  # data, data_end


def insn(op, dst=0, src=0, off=0, imm=0):
    return bytes([op, src << 4 | dst]) + (off & 0xffff).to_bytes(2, "little") + (imm & 0xffffffff).to_bytes(4, "little")


class Program:
    def __init__(self, rng, kind):
        self.rng, self.kind = rng, kind
        self.code = []
        self.kinds = {1: "ctx", 10: "fp"}
        self.written = set()        # slots of 8 bytes of the stack
        self.emit(insn(0xbf, 6, 1))
        self.kinds[6] = "ctx"

    def emit(self, *insns):
        self.code += insns

    def wrong(self):
        return self.rng.random() < WRONG

    def of(self, kind):
        found = [r for r, k in self.kinds.items() if k == kind]
        return self.rng.choice(found) if found else None

    def target(self):
        """A register to write: not the context's."""
        return self.rng.choice([r for r in (0, 2, 3, 4, 5, 7, 8, 9) if self.kinds.get(r) != "ctx"])

    def scalar(self):
        found = self.of("scalar")
        if found is None or self.rng.random() < 0.2:
            found = self.target()
            self.emit(insn(0xb7, found, imm=self.rng.choice((0, 1, -1, 7, 64, 1 << 31, self.rng.randrange(1 << 16)))))
            self.kinds[found] = "scalar"
        return found

    def call(self, helper):
        self.emit(insn(0x85, imm=helper))
        for r in range(1, 6):
            self.kinds.pop(r, None)

    # Steps

    def alu(self):
        dst = self.scalar()
        name = self.rng.choice(list(ALU))
        wide = self.rng.choice((0x07, 0x04))
        if self.rng.random() < 0.5:
            src = self.scalar()
            if name in ("lsh", "rsh", "arsh"):
                self.emit(insn(0x57, src, imm=31))
            self.emit(insn(ALU[name] | wide | 8, dst, src))
        else:
            imm = self.rng.randrange(1, 31) if name in ("lsh", "rsh", "arsh") else self.rng.randrange(1, 1 << 12)
            self.emit(insn(ALU[name] | wide, dst, imm=imm))

    def unknown(self):
        """A number from the context, or from a helper."""
        if self.rng.random() < 0.5:
            dst = self.target()
            off, size = self.rng.choice(CONTEXT_LOADS[self.kind])
            self.emit(insn(0x61 | SIZES[size], dst, 6, off))
        else:
            self.call(7)
            dst = 0
        self.kinds[dst] = "scalar"

    def branch(self):
        """Over a few operations on numbers, by a number."""
        a = self.scalar()
        b = self.scalar()
        then = []
        for _ in range(self.rng.randrange(1, 4)):
            then.append(insn(ALU[self.rng.choice(("add", "and", "or", "xor", "mov"))] | 0x07, self.rng.choice((a, b)),
                             imm=self.rng.randrange(256)))
        wide = self.rng.choice((0x05, 0x06))
        jump = self.rng.choice(JUMPS) | wide
        self.emit(insn(jump | 8, a, b, len(then)) if self.rng.random() < 0.3
                  else insn(jump, a, off=len(then), imm=self.rng.randrange(-8, 64)))
        self.emit(*then)

    def store(self):
        src, size = self.scalar(), self.rng.choice((1, 2, 4, 8, 8))
        slot = self.rng.randrange(1, 9)
        shift = self.rng.randrange(0, 8 // size) * size
        off = -8 * slot + shift + (512 if self.wrong() else 0)
        self.emit(insn(0x63 | SIZES[size], 10, src, off))
        if size == 8:
            self.written.add(slot)

    def load(self):
        dst, size = self.target(), self.rng.choice((1, 2, 4, 8))
        slot = self.rng.choice(sorted(self.written)) if self.written and not self.wrong() else self.rng.randrange(1, 9)
        if slot not in self.written and not self.wrong():
            self.emit(insn(0x7a, 10, 0, -8 * slot, 3))
            self.written.add(slot)
        self.emit(insn(0x61 | SIZES[size], dst, 10, -8 * slot + self.rng.randrange(0, 8 // size) * size))
        self.kinds[dst] = "scalar"

    def spill(self):
        """A pointer through the stack."""
        dst, slot = self.rng.choice(CALLEE_SAVED[1:]), self.rng.randrange(1, 9)
        self.emit(insn(0x7b, 10, 6, -8 * slot))
        if self.wrong():
            self.emit(insn(0x72, 10, 0, -8 * slot + 3, 1))
        self.emit(insn(0x79, dst, 10, -8 * slot))
        self.emit(insn(0x61, dst, dst, CONTEXT_LOADS[self.kind][0][0]))
        self.kinds[dst] = "scalar"
        self.written.add(slot)

    def bounded(self, limit):
        """A register with a number below limit, by a mask or a comparison that leaves the program."""
        reg = self.scalar()
        if limit & (limit - 1) == 0 and self.rng.random() < 0.5:
            self.emit(insn(0x57, reg, imm=limit - 1 if not self.wrong() else 2 * limit - 1))
        else:
            last = limit - 1 if not self.wrong() else limit
            self.emit(insn(0x25, reg, off=1, imm=last), insn(0x05, off=2), insn(0xb7, 0), insn(0x95))
        return reg

    def value(self):
        """Looks a value up and reads or writes in it."""
        which, key, forgets = self.rng.choice((0, 1)), self.rng.randrange(ENTRIES + 1), self.wrong()
        if forgets and which == 0:
            key = ENTRIES  # what is there in an array needs no check
        self.emit(insn(0x62, 10, 0, -4, key), insn(0xbf, 2, 10), insn(0x07, 2, imm=-4),
                  insn(0x18, 1, 1, 0, FIRST_ID + which), insn(0))
        self.call(1)
        self.kinds.pop(0, None)
        if not forgets:
            self.emit(insn(0x55, 0, off=2), insn(0xb7, 0), insn(0x95))
        size = self.rng.choice((1, 2, 4, 8))
        self.emit(insn(0xbf, 7, 0))
        self.kinds[7] = "value"
        if self.rng.random() < 0.5:
            index = self.bounded(32)
            if index != 7:
                self.emit(insn(0x0f, 7, index))
            limit = VALUE_BYTES - 31
        else:
            limit = VALUE_BYTES
        off = self.rng.randrange(0, limit - size + 1) + (size if self.wrong() else 0)
        if self.rng.random() < 0.5:
            self.emit(insn(0x62 | SIZES[size], 7, 0, off, 5))
        else:
            self.emit(insn(0x61 | SIZES[size], 8, 7, off))
            self.kinds[8] = "scalar"
        self.kinds.pop(7, None)

    def packet(self):
        if self.kind not in PACKET:
            return self.alu()
        data, end = PACKET[self.kind]
        need, size = self.rng.randrange(8, 60), self.rng.choice((1, 2, 4, 8))
        self.emit(insn(0x61, 7, 6, data), insn(0x61, 8, 6, end), insn(0xbf, 9, 7), insn(0x07, 9, imm=need))
        if self.rng.random() < 0.5:
            self.emit(insn(0x2d, 9, 8, 1), insn(0x05, off=2), insn(0xb7, 0), insn(0x95))
        else:
            self.emit(insn(0xbd, 9, 8, 2), insn(0xb7, 0), insn(0x95))
        off = self.rng.randrange(0, need - size + 1) + (1 + need - size if self.wrong() else 0)
        self.emit(insn(0x61 | SIZES[size], 5, 7, off))
        for r in (7, 8, 9):
            self.kinds.pop(r, None)
        self.kinds[5] = "scalar"

    def loop(self):
        """A counted loop over operations on numbers."""
        body = self.scalar()
        turns = self.rng.choice((2, 5, 16, 100))
        self.emit(insn(0xb7, 9))
        work = [insn(ALU[self.rng.choice(("add", "xor", "or"))] | 0x07, body if body != 9 else 0, imm=self.rng.randrange(9))
                for _ in range(self.rng.randrange(1, 3))]
        if body == 9:
            work = [insn(0xb7, 0)]
            self.kinds[0] = "scalar"
        step = 1 if not self.wrong() else 0
        self.emit(*work, insn(0x07, 9, imm=step), insn(0xa5, 9, off=-(len(work) + 2), imm=turns))
        self.kinds[9] = "scalar"

    def finish(self):
        if not self.wrong() or self.kinds.get(0) != "scalar":
            self.emit(insn(0xb7, 0, imm=self.rng.randrange(3)) if self.kinds.get(0) != "scalar" and not self.wrong()
                      or self.rng.random() < 0.5 else insn(0x54, 0, imm=1))
        self.emit(insn(0x95))
        return b"".join(self.code)


def make(seed):
    rng = random.Random(seed)
    program = Program(rng, rng.choice((SOCKET_FILTER, SCHED_CLS, XDP)))
    steps = (program.alu, program.alu, program.unknown, program.unknown, program.branch, program.branch, program.store,
             program.load, program.spill, program.value, program.value, program.packet, program.loop)
    for _ in range(rng.randrange(*STEPS)):
        rng.choice(steps)()
    return program.kind, program.finish()


def write(path, first, n):
    """n programs from seed `first` on; their offsets in the file."""
    offsets = []
    with open(path, "w") as out:
        for seed in range(first, first + n):
            kind, code = make(seed)
            offsets.append(out.tell())
            out.write(f"test random {seed}\n"
                      f"map {FIRST_ID} {ARRAY} 4 {VALUE_BYTES} {ENTRIES} 0 0 0 0 0\n"
                      f"map {FIRST_ID + 1} {HASH} 4 {VALUE_BYTES} {ENTRIES} 0 0 0 0 0\n"
                      f"program {kind} 0 0 0 - {code.hex()}\n"
                      f"run 0 {bytes(64).hex()}\n"
                      f"run 0 {bytes([255] * 64).hex()}\n"
                      f"run 0 {random.Random(seed).randbytes(64).hex()}\n")
    return offsets
