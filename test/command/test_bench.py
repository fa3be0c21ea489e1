"""skep bench and skep conformance-plugin."""
from driver import COMPILED, Case, main

ADD = "r0 = *(u8 *)(r1 + 0)\nr0 += 2\nexit\n"


class Bench(Case):
    def bench(self, *args):
        return self.json("bench", *args, "--rounds", "2")

    def test_a_classic_filter_is_timed(self):
        results = self.json("bench", "--filter", "ip", "--rounds", "3", "--data",
                            (bytes(12) + b"\x08\x00" + bytes(50)).hex())
        by_engine = {r["engine"]: r for r in results}
        self.assertEqual({by_engine[e]["r0"] for e in ("interp", "checked")}, {"0x40000"})
        self.assertIn("classic", by_engine["kernel"]["skipped"])

    def test_engines_are_timed_and_agree(self):
        results = self.bench(self.file("a.s", ADD), "--data", "05", "--engine", "interp,checked")
        self.assertEqual([r["engine"] for r in results], ["interp", "checked"])
        for result in results:
            self.assertEqual(result["r0"], "0x7")
            self.assertEqual(result["insns_per_run"], 3)

    def test_the_kernel_is_measured_or_skipped_with_a_reason(self):
        [result] = self.bench(self.file("a.s", "r0 = 2 ; exit"), "--type", "xdp", "--engine",
                              "kernel")
        self.assertTrue(result.get("skipped") or result["r0"] == "0x2")

    def test_the_kernel_sees_what_skep_does(self):
        source = self.file("a.s", "r0 = *(u32 *)(r1 + 0)\nexit\n")  # of a packet: its length
        for kind in ("socket_filter", "sched_cls", "syscall"):
            results = self.bench(source, "--type", kind, "--data", "11" * 60)
            self.assertEqual([r["engine"] for r in results], [*COMPILED, "interp", "checked", "kernel"])
            kernel = results.pop()
            self.assertTrue(kernel.get("skipped") or kernel["r0"][-8:] == results[0]["r0"][-8:])

    def test_what_cannot_be_loaded_is_skipped(self):
        [result] = self.bench(self.file("a.s", "call 0xfff0\nexit"), "--engine", "checked")
        self.assertIn("skipped", result)

    def test_the_table_has_a_line_for_each_engine(self):
        out = self.skep("bench", self.file("a.s", "r0 = 2 ; exit"), "--engine", "interp",
                        "--rounds", "1")
        self.assertRegex(out, r"main +interp +[\d.]+ +[\d.]+ +\d+ +0x2")

    def test_unknown_engines_are_refused(self):
        self.fails("bench", self.file("a.s", ADD), "--engine", "interp,warp", says="warp")


class Plugin(Case):
    def plugin(self, text, *args, status=0):
        hexed = self.skep("asm", self.file("a.s", text), "--hex")
        return self.skep("conformance-plugin", *args, stdin=hexed.encode(), status=status)

    def test_prints_r0_in_hex(self):
        self.assertEqual(self.plugin("r0 = 42 ; exit"), "2a\n")
        self.assertEqual(self.plugin("r0 = -1 ; exit", ""), "ffffffffffffffff\n")

    def test_gives_memory_and_its_size(self):
        self.assertEqual(self.plugin(ADD, "05 06"), "7\n")
        self.assertEqual(self.plugin("r0 = r2 ; exit", "05 06"), "2\n")

    def test_json_gives_r0_too(self):
        [result] = self.json("conformance-plugin", stdin=b"b7 00 00 00 2a 00 00 00 95" + b" 00" * 7)
        self.assertEqual(result, {"engine": "checked", "r0": "0x2a"})

    def test_runs_on_either_engine(self):
        for engine in ("checked", "interp", *COMPILED):
            self.assertEqual(self.plugin(ADD, "05", "--engine", engine), "7\n")

    def test_errors_are_a_status_and_a_line(self):
        self.plugin(ADD, status=1)
        self.assertEqual(self.err.count("\n"), 1)
        self.fails("conformance-plugin", stdin=b"zz", says="hex")
        self.fails("conformance-plugin", stdin=b"ff00000000000000", says="program")


if __name__ == "__main__":
    main()
