"""skep run: a program of each type that runs here meets the context that it was told."""
import json
import platform

from driver import Case, main

# Where the first argument of a function is in struct pt_regs, and how large that is.
FIRST_ARGUMENT, REGISTERS = {"x86_64": (112, 168), "aarch64": (0, 272)}.get(platform.machine(), (80, 256))
KPROBE_REGISTERS = {"x86_64": 168, "aarch64": 272}.get(platform.machine(), 264)


def number_at(offset, size, number=0x2a):
    return (bytes(offset) + number.to_bytes(8, "little") + bytes(size))[:size].hex()


class Types(Case):
    def r0(self, kind, text, *args):
        [result] = self.json("run", self.file("prog.s", text), "--type", kind, "-v", *args)
        self.assertEqual(result["type"], kind)
        [verdict] = result["verdicts"]
        self.printed, self.events = result["printed"], result["events"]
        return int(verdict["r0"], 0)

    def test_kprobe_reads_registers(self):
        text = f"r0 = *(u64 *)(r1 + {FIRST_ARGUMENT})\nexit\n"
        data = number_at(FIRST_ARGUMENT, KPROBE_REGISTERS)
        self.assertEqual(self.r0("kprobe", text, "--data", data), 42)

    def test_perf_event_reads_the_period(self):
        text = f"r0 = *(u64 *)(r1 + {REGISTERS})\nexit\n"
        self.assertEqual(self.r0("perf_event", text, "--data", number_at(REGISTERS, REGISTERS + 16)), 42)

    def test_registers_have_names(self):
        name = {"x86_64": "rdi", "aarch64": "x0"}.get(platform.machine(), "a0")
        text = f"r0 = *(u64 *)(r1 + {FIRST_ARGUMENT})\nexit\n"
        for kind in "kprobe", "perf_event":
            self.assertEqual(self.r0(kind, text), 0)
            self.assertEqual(self.r0(kind, text, "--ctx", json.dumps({name: "0x2a"})), 42)
            data = number_at(0, REGISTERS + 16, 5)
            self.assertEqual(self.r0(kind, text, "--ctx", json.dumps({name: 42, "data": data})), 42)
            self.fails("run", self.path("prog.s"), "--type", kind, "--ctx", '{"eax": 1}', says=["eax", name])
            self.fails("run", self.path("prog.s"), "--type", kind, "--data", data, "--ctx",
                       json.dumps({name: 1}), says="data")
        period = f"r0 = *(u64 *)(r1 + {REGISTERS})\nexit\n"
        self.assertEqual(self.r0("perf_event", period, "--ctx", '{"sample_period": 42}'), 42)

    def test_tracepoint_reads_its_record(self):
        self.assertEqual(self.r0("tracepoint", "r0 = *(u32 *)(r1 + 16)\nexit\n", "--data", number_at(16, 32)), 42)

    def test_arguments_are_numbers(self):
        text = "r0 = *(u64 *)(r1 + 0)\nr2 = *(u64 *)(r1 + 8)\nr0 += r2\nexit\n"
        for kind in "raw_tracepoint", "tracing":
            self.assertEqual(self.r0(kind, text, "--ctx", json.dumps({"args": [40, 2]})), 42)

    def test_syscall_writes_its_context(self):
        text = "*(u32 *)(r1 + 4) = 42\nr0 = *(u64 *)(r1 + 0)\nr0 >>= 32\nexit\n"
        self.assertEqual(self.r0("syscall", text, "--data", bytes(8).hex()), 42)

    def test_lirc_mode2_finds_keys(self):
        text = ("r6 = r1\nr2 = 5\nr3 = 30\nr4 = 1\ncall 78\nr1 = r6\ncall 77\nr1 = r6\nr2 = -3\nr3 = 4\ncall 92\n"
                "r0 = *(u32 *)(r6 + 0)\nexit\n")
        self.assertEqual(self.r0("lirc_mode2", text, "--ctx", '{"sample": 42}'), 42)
        self.assertEqual(self.printed, ["key down: protocol 5, scancode 0x1e, toggle 1", "key repeated",
                                        "pointer moved: -3, 4"])

    def test_skb_programs_read_packets_and_fields(self):
        packet = bytes(range(12)) + b"\x08\x00" + bytes(40)
        for kind in "socket_filter", "sched_cls", "sched_act":
            text = "r6 = r1\nr0 = *(u16 *)skb[12]\nr1 = *(u32 *)(r6 + 0)\nr0 += r1\nexit\n"
            self.assertEqual(self.r0(kind, text, "--data", packet.hex()), 0x0800 + len(packet))
        text = "r0 = *(u32 *)(r1 + 8)\nr0 &= 1\nexit\n"
        self.assertEqual(self.r0("cgroup_skb", text, "--ctx", json.dumps({"mark": 3, "data": packet.hex()})), 1)

    def test_sched_cls_sends_copies(self):
        text = "r2 = 3\nr3 = 0\ncall 13\nexit\n"
        self.assertEqual(self.r0("sched_cls", text, "--data", bytes(range(20)).hex()), 0)
        self.assertEqual([(e["map"], e["data"]) for e in self.events], [("interface 3", bytes(range(20)).hex())])

    def test_xdp_loads_from_fragments(self):
        text = ("r2 = 100\nr3 = r10\nr3 += -8\nr4 = 8\ncall 189\nr1 = *(u8 *)(r10 - 8)\n"
                "r0 = 1\nif r1 != 42 goto out\nr0 = 2\nout: exit\n")
        data = bytes(100) + b"\x2a" + bytes(99)
        self.assertEqual(self.r0("xdp", text, "--data", data.hex(), "--linear", "50"), 2)


if __name__ == "__main__":
    main()
