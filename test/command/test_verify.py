"""skep verify, and what it means for skep run: verdicts, explanations, limits."""
import os
import unittest

from driver import ROOT, Case, main, needs_clang

ACCEPTED = "r0 = *(u8 *)(r1 + 3) ; exit"
UNSET = "r0 = r3 ; exit"
ENDLESS = "r0 = 0 ; loop: r0 += 1 ; if r0 != 0 goto loop ; exit"
PACKET = "r2 = *(u32 *)(r1 + 0) ; r3 = *(u32 *)(r1 + 4) ; r0 = 0 ; r4 = r2 ; r4 += 8\n" \
         "if r4 > r3 goto out ; r0 = *(u8 *)(r2 + {at}) ; out: r0 &= 1 ; exit"
MISTAKES = os.path.join(ROOT, "examples", "mistakes")


class Verify(Case):
    def program(self, text, name="a.s"):
        return self.file(name, text)

    def diagnostic(self, *args):
        [result] = self.json("verify", *args, status=1)
        return result["verdict"], result["diagnostic"]

    def test_an_accepted_program_has_its_costs_in_a_table(self):
        out = self.skep("verify", self.program(ACCEPTED))
        self.assertRegex(out, r"program +verdict +time +insns +visited +states +memory\n")
        self.assertRegex(out, r"a\.s:main +accepted +\d+ us +2 +2 +\d+ +\d+ KB\n")

    def test_the_document_says_what_the_table_says(self):
        [result] = self.json("verify", self.program(ACCEPTED))
        self.assertEqual(result["verdict"], "accepted")
        self.assertEqual(result["insns"], 2)
        self.assertEqual(result["ctx_bytes"], 4)
        self.assertNotIn("diagnostic", result)

    def test_several_programs_have_a_table_explanations_and_a_summary(self):
        good, bad = self.program(ACCEPTED, "good.s"), self.program(UNSET, "bad.s")
        out = self.skep("verify", good, bad, good, status=1)
        self.assertRegex(out, r"good\.s:main +accepted")
        self.assertRegex(out, r"bad\.s:main +rejected")
        self.assertIn("verify-unset-register", out)
        self.assertIn("2 of 3 programs accepted", out)

    def test_a_rejection_names_the_register_and_what_to_do(self):
        verdict, diagnostic = self.diagnostic(self.program(UNSET))
        self.assertEqual(verdict, "rejected")
        self.assertEqual(diagnostic["id"], "verify-unset-register")
        self.assertEqual(diagnostic["at"], {"slot": 0, "insn": "r0 = r3"})
        self.assertEqual(diagnostic["register_number"], 3)
        self.assertIn("give it a value", diagnostic["advice"])

    def test_a_rejection_shows_the_branches_that_concern_the_pointer(self):
        unrelated = "r7 = *(u32 *)(r1 + 12) ; if r7 == 5 goto +0\n"
        source = self.program(unrelated + PACKET.format(at=8))
        verdict, diagnostic = self.diagnostic(source, "--type", "xdp")
        self.assertEqual((verdict, diagnostic["id"]), ("rejected", "verify-packet-bounds"))
        self.assertEqual([b["insn"].split()[0:4] for b in diagnostic["branches"]],
                         [["if", "r4", ">", "r3"]])
        self.assertEqual(diagnostic["known"], 8)
        self.assertEqual(diagnostic["holds"]["kind"], "the packet")
        self.assertEqual(diagnostic["holds"]["umax"], "0x0")
        self.assertEqual(diagnostic["origin"]["slot"], 2)
        self.skep("verify", self.program(PACKET.format(at=7)), "--type", "xdp")

    def test_a_rejection_says_where_a_packet_pointer_was_lost(self):
        text = "r6 = r1 ; r7 = *(u32 *)(r1 + 0) ; r2 = 0 ; call 44 ; r0 = *(u8 *)(r7 + 0) ; exit"
        _, diagnostic = self.diagnostic(self.program(text), "--type", "xdp")
        self.assertEqual(diagnostic["id"], "verify-not-a-pointer")
        self.assertEqual(diagnostic["origin"]["slot"], 1)
        self.assertEqual(diagnostic["lost"]["insn"], "call bpf_xdp_adjust_head")

    def test_an_explanation_has_at_most_15_lines(self):
        branches = "".join(f"if r1 == {i} goto +0\n" for i in range(40))
        out = self.skep("verify", self.program(branches + "r0 = *(u8 *)(r2 + 0) ; exit"), status=1)
        self.assertIn("verify-not-a-pointer", out)
        self.assertLessEqual(out.count("\n"), 15)

    def test_a_loop_without_a_proof_is_named_unless_there_is_fuel(self):
        source = self.program(ENDLESS)
        _, diagnostic = self.diagnostic(source, "--limit-visits", "20000")
        self.assertEqual((diagnostic["id"], diagnostic["slot"]), ("verify-endless-loop", 1))
        self.skep("verify", source, "--fuel")

    def test_a_limit_that_is_passed_is_no_rejection(self):
        paths = "".join(f"r{6 + i % 4} = *(u8 *)(r1 + {i}) ; if r{6 + i % 4} > 9 goto +1 ; r0 = {i}\n"
                        for i in range(20))
        source = self.program("r0 = 0\n" + paths + "r0 = *(u8 *)(r5 + 0) ; exit")
        verdict, diagnostic = self.diagnostic(source, "--limit-visits", "30")
        self.assertEqual((verdict, diagnostic["id"]), ("gave up", "verify-limit"))
        self.assertIn("limit of instructions", diagnostic["text"])

    def test_memory_is_a_limit_like_others(self):
        long = "".join(f"if r1 != {i} goto +1 ; r0 = {i}\n" for i in range(40000))
        verdict, diagnostic = self.diagnostic(self.program("r0 = 0\n" + long + "exit"), "--limit-mb", "1")
        self.assertEqual((verdict, diagnostic["id"]), ("gave up", "verify-limit"))
        self.assertIn("limit of memory", diagnostic["text"])

    def test_profiles_differ(self):
        source = self.program("r0 = *(u64 *)(r10 - 8) ; exit")
        self.skep("verify", source)
        _, diagnostic = self.diagnostic(source, "--profile", "strict")
        self.assertEqual(diagnostic["id"], "verify-unwritten-stack")

    def test_what_is_not_there_is_an_error(self):
        self.fails("verify", says="which object?")
        self.fails("verify", self.program(ACCEPTED), "--prog", "other", says="other")
        self.fails("verify", self.program(ACCEPTED), "--target", "vmlinux", says="CO-RE")
        self.fails("verify", self.program(ACCEPTED), "--profile", "lax", says="lax")

    @needs_clang
    def test_source_lines_are_shown(self):
        source = os.path.join(MISTAKES, "missing_null_check.bpf.c")
        out = self.skep("verify", source, status=1)
        self.assertIn("missing_null_check.bpf.c:25: rejected", out)
        self.assertIn("   25 | *packets += 1;", out)
        self.assertIn("packets_of_queue", out)


class Run(Case):
    def test_a_rejected_program_is_not_run(self):
        self.fails("run", self.file("a.s", UNSET), status=1, says=["slot 0", "r3"])
        self.fails("run", self.file("a.s", UNSET), "--engine", "interp", status=1, says="r3")

    def test_no_verify_runs_it_in_the_checked_engine(self):
        self.skep("run", self.file("a.s", UNSET), "--no-verify", "--json", status=1)
        self.assertIn(b"vm-unset-register", self.out)

    def test_fuel_allows_loops_that_may_not_end(self):
        source = self.file("a.s", ENDLESS)
        self.fails("run", source, "--limit-visits", "20000", status=1, says="loop")
        self.skep("run", source, "--engine", "interp", "--fuel", "1000", "--json", status=1)
        self.assertIn(b"fuel", self.out)

    def test_a_context_that_is_too_small_is_refused(self):
        source = self.file("a.s", ACCEPTED)
        for engine in ("checked", "interp"):
            self.skep("run", source, "--data", "01020304", "--engine", engine)
            self.fails("run", source, "--data", "010203", "--engine", engine,
                       says=["4 bytes", "3"])


if __name__ == "__main__":
    main()
