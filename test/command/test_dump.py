"""skep dump."""
import re
import shutil
import subprocess
import unittest

from driver import COMPILED, Case, main, needs_clang

SOURCE = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __type(key, int);
         __type(value, long); __uint(pinning, LIBBPF_PIN_BY_NAME); } flows SEC(".maps");
const volatile int limit = 5;
static __attribute__((noinline)) int twice(int x) { return x * limit; }
SEC("xdp") int pass(struct xdp_md *ctx)
{
    int key = ctx->ingress_ifindex;
    for (int i = 0; i < 100; i++)
        key += twice(key);
    return bpf_map_lookup_elem(&flows, &key) ? XDP_PASS : XDP_DROP;
}
SEC("kprobe/do_exit") int probe(void *ctx) { return 0; }
SEC("nothing") int untyped(void *ctx) { return 0; }
char _license[] SEC("license") = "Dual BSD/GPL";
"""
OBJDUMP = shutil.which("llvm-objdump-19") or shutil.which("llvm-objdump")


@needs_clang
class Dump(Case):
    def setUp(self):
        super().setUp()
        self.source = self.file("prog.bpf.c", SOURCE)

    def test_shows_programs_and_maps(self):
        [result] = self.json("dump", self.source)
        programs = {p["program"]: p for p in result["programs"]}
        self.assertEqual((programs["pass"]["section"], programs["pass"]["type"]), ("xdp", "xdp"))
        self.assertEqual((programs["probe"]["type"], programs["probe"]["attach"]),
                         ("kprobe", "do_exit"))
        self.assertIsNone(programs["untyped"]["type"])
        flows = next(m for m in result["maps"] if m["name"] == "flows")
        self.assertEqual((flows["type"], flows["key_size"], flows["value_size"],
                          flows["max_entries"], flows["pinning"]), ("hash", 4, 8, 8, 1))
        rodata = next(m for m in result["maps"] if m["read_only"])
        self.assertEqual(rodata["contents"], "05000000")
        self.assertEqual(result["license"], "Dual BSD/GPL")

    def test_sizes_of_maps_can_be_set(self):
        for text, entries, value in (("5x40", 5, 40), ("0x10x0x20", 16, 32), ("7", 7, 8)):
            [result] = self.json("dump", self.source, "--maps", "--set-map-size", "flows=" + text)
            found = {m["name"]: (m["max_entries"], m["value_size"]) for m in result["maps"]}
            self.assertEqual(found["flows"], (entries, value))
        for text in ("x40", "5x", "5x-1", "5xx"):
            self.fails("dump", self.source, "--maps", "--set-map-size", "flows=" + text, says="flows")
        self.fails("dump", self.source, "--maps", "--set-map-size", "none=1", says="none")

    def test_the_tables_say_the_same(self):
        out = self.skep("dump", self.source)
        self.assertRegex(out, r"probe +kprobe/do_exit +kprobe +\d+ +do_exit")
        self.assertRegex(out, r"untyped +nothing +\?")
        self.assertRegex(out, r"flows +\.maps +hash +4 +8 +8 +0x0 +pinned by name")
        self.assertNotIn("probe", self.skep("dump", self.source, "--maps"))

    @unittest.skipUnless(OBJDUMP, "llvm-objdump is not installed")
    def test_the_unlinked_listing_is_objdumps(self):
        compiled = self.path("prog.o")
        subprocess.run([self.clang(), "-target", "bpf", "-mcpu=v3", "-O2", "-g", "-c", self.source,
                        "-o", compiled, "-idirafter", "/usr/include/x86_64-linux-gnu"], check=True)
        theirs = subprocess.run([OBJDUMP, "-d", "--no-show-raw-insn", "-j", "xdp", compiled],
                                capture_output=True, check=True).stdout.decode()
        lines = re.findall(r"^ +[0-9a-f]+:\t(.*)$", theirs, re.M)
        lines = [re.sub(r" <.*>$", "", line) for line in lines]
        ours = self.skep("dump", compiled + ":pass", "--insns").splitlines()
        self.assertEqual([line.split("\t", 1)[1] for line in ours], lines)

    def clang(self):
        return shutil.which("clang-19") or shutil.which("clang")

    def test_the_linked_listing_has_subprograms_and_source(self):
        out = self.skep("dump", self.source + ":pass", "--linked")
        for part in ("pass:", "twice:", "prog.bpf.c:", "return x * limit;"):
            self.assertIn(part, out)

    def test_shows_graph_host_code_types_and_relocations(self):
        for view, part in (("cfg", "loop"), ("host", ""), ("btf", "xdp_md"), ("relocs", "flows")):
            target = self.source + (":pass" if view in ("cfg", "host") else "")
            [result] = self.json("dump", target, "--" + view)
            self.assertIn(part, "\n".join(result[view]))
            self.assertEqual(self.skep("dump", target, "--" + view).splitlines(), result[view])

    FILTER = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, int); __type(value, long); } sums SEC(".maps");
SEC("xdp") int count(struct xdp_md *ctx)
{
    unsigned char *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
    if (data + 14 > end)
        return XDP_DROP;
    int key = data[12] & 3;
    long *sum = bpf_map_lookup_elem(&sums, &key);
    if (sum)
        *sum += 1;
    return XDP_PASS;
}
char _license[] SEC("license") = "GPL";
"""

    def test_shows_what_is_known_at_each_instruction(self):
        source = self.file("facts.bpf.c", self.FILTER)
        [result] = self.json("dump", source, "--facts")
        rows = result["facts"]
        self.assertEqual(rows[0]["function"], "count")
        first = {place["place"]: place for place in rows[0]["known"]}
        self.assertEqual((first["r1"]["kind"], first["r1"]["unsigned_max"]), ("the context", "0x0"))
        [call] = [row for row in rows if row["insn"] == "call bpf_map_lookup_elem"]
        known = {place["place"]: place for place in call["known"]}
        self.assertEqual((known["r1"]["kind"], known["r1"]["variable"]), ("a map", "sums"))
        self.assertEqual((known["fp-4"]["unsigned_min"], known["fp-4"]["unsigned_max"]), ("0x0", "0x3"))
        self.assertEqual((known["r2"]["kind"], known["r2"]["signed_min"]), ("the stack", -4))
        after = rows[rows.index(call) + 1]
        [value] = [place for place in after["known"] if place["place"] == "r0"]
        self.assertEqual((value["kind"], value["nullable"], value["variable"]), ("a map value", True, "sums"))
        self.assertTrue(after["taken"] and after["not_taken"])
        self.assertTrue(any("lookup_elem(&sums" in row["source"] for row in rows))

    def test_the_text_of_facts_says_what_changes(self):
        out = self.skep("dump", self.file("facts.bpf.c", self.FILTER), "--facts")
        self.assertRegex(out, r"count:\n; .*facts.bpf.c:5 (.|\n)*; .*facts.bpf.c:7  unsigned char")
        self.assertNotRegex(out, r" \n")
        self.assertRegex(out, r"call bpf_map_lookup_elem +r1 = map sums")
        self.assertIn("r0 = map value sums, or NULL", out)

    def test_facts_say_what_cannot_happen(self):
        dead = self.file("a.s", "r0 = *(u8 *)(r1 + 0)\nif r0 < 256 goto +1\nr0 = 7\nexit\n")
        out = self.skep("dump", dead, "--facts")
        self.assertRegex(out, r"goto \+0x1 +always taken")
        self.assertRegex(out, r"r0 = 0x7 +dead")
        self.fails("dump", self.file("b.s", "r0 = r5\nexit\n"), "--facts", status=1, says="not accepted")

    def test_lists_every_program_when_none_is_named(self):
        self.assertEqual([r["program"] for r in self.json("dump", self.source, "--insns")],
                         ["pass", "probe", "untyped"])

    def test_one_view_at_a_time(self):
        self.fails("dump", self.source, "--insns", "--cfg", says="one view")

    def test_a_c_file_that_does_not_compile_is_bad_input(self):
        self.skep("dump", self.file("bad.bpf.c", "int x = ;"), status=2)
        self.assertIn("skep: " + self.path("bad.bpf.c"), self.err)

    def test_flags_reach_clang(self):
        out = self.skep("dump", self.source, "--cflag", "-Dpass=renamed")
        self.assertIn("renamed", out)


@unittest.skipUnless(COMPILED, "programs are not compiled here")
class Compiled(Case):
    """What the compiler makes of a program."""

    TEXT = "r0 = *(u32 *)(r1 + 4)\nr0 *= 12345\nr0 += 77777777\nr0 += 0\nexit\n"

    def listing(self, *args):
        [result] = self.json("dump", self.file("a.s", self.TEXT), "--type", "memory", *args)
        return result

    def test_ssa_is_shown_as_it_was_built_after_each_pass_and_at_the_end(self):
        for view in ("--ssa=build", "--ssa=fold", "--ssa=dce", "--ssa"):
            self.assertRegex("\n".join(self.listing(view)["ssa"]), r"mul8 .*\n(.|\n)*return")
        self.fails("dump", self.file("a.s", self.TEXT), "--type", "memory", "--ssa=warp",
                   says="warp")

    def test_machine_code_stands_beside_the_instructions_that_it_is_of(self):
        rows = self.listing("--jit")["jit"]
        self.assertEqual({0, 1, 2} - {r.get("insn") for r in rows}, set())
        self.assertEqual({r["function"] for r in rows}, {"main"})
        end = 0
        for row in rows:
            self.assertEqual(row["offset"], end)
            end += len(row["bytes"]) // 2

    @needs_clang
    def test_machine_code_stands_beside_its_source(self):
        source = self.file("prog.bpf.c", SOURCE)
        [result] = self.json("dump", source + ":pass", "--jit")
        self.assertTrue(any("bpf_map_lookup_elem" in r.get("source", "") for r in result["jit"]))
        self.assertIn("bpf_map_lookup_elem", self.skep("dump", source + ":pass", "--jit"))

    def test_passes_change_the_code(self):
        self.assertNotEqual(self.listing("--ssa"), self.listing("--ssa=build"))

    def test_listings_are_of_the_passes_that_were_asked_for(self):
        self.assertEqual(self.listing("--ssa", "--opt-off", "all"), self.listing("--ssa=build", "--opt-off", "all"))
        self.assertEqual(self.listing("--ssa=fold", "--opt-off", "fold")["ssa"], [])
        self.assertIn("0x4a2cb71", "\n".join(self.listing("--ssa")["ssa"]))
        self.assertRegex("\n".join(self.listing("--ssa=blind", "--blind")["ssa"]), r"v(\d+) = xor8 .*\n.*add8 v\d+ v\1")

    def test_what_is_not_safe_is_not_compiled(self):
        text = self.file("b.s", "r0 = *(u64 *)(r2 + 4)\nexit\n")
        self.fails("dump", text, "--type", "memory", "--jit", status=1, says="b.s")


class Damaged(Case):
    def test_a_damaged_object_is_one_clear_line(self):
        self.fails("dump", self.file("a.o", b"\x7fELF" + bytes(200)), says="a.o")


class WhatCannotRun(Case):
    """Listings need nothing of what a host may lack: program type, helpers, maps, byte order."""

    VIEWS = ("--linked", "--cfg", "--host")

    def test_program_types_by_contract(self):
        text = self.file("a.s", "r6 = r1\nr1 = map[idx:3]\nr2 = 5\ncall 64\nr0 = 1\nexit\n")
        for kind in ("sk_msg", "sock_ops", "ext", "struct_ops", "lsm", "cgroup_sockopt", "sk_lookup"):
            for view in self.VIEWS:
                [result] = self.json("dump", text, "--type", kind, view)
                self.assertEqual(result["type"], kind)
                self.assertIn("exit", "\n".join(result[view[2:]]))

    def test_what_no_engine_runs_is_a_trap_in_host_code(self):
        text = self.file("a.s", "callx r1\nr0 = 0\nexit\n")
        [result] = self.json("dump", text, "--host")
        self.assertIn("TRAP", "\n".join(result["host"]))

    def test_host_code_names_maps_and_helpers_by_number(self):
        text = self.file("a.s", "r1 = map[idx:3]\ncall 64\nr0 = 1\nexit\n")
        [result] = self.json("dump", text, "--type", "sk_msg", "--host")
        self.assertRegex("\n".join(result["host"]), r"CONST r1 = 0x3\b(.|\n)*CALL 0x40\b")

    def test_a_filter_is_an_object(self):
        for view in self.VIEWS:
            [result] = self.json("dump", "--filter", "tcp port 443", view)
            self.assertEqual(result["type"], "socket_filter")
            self.assertIn("exit", "\n".join(result[view[2:]]))
        self.fails("dump", says="--filter")
        self.fails("dump", "--filter", "tcp prot", "--linked", says="tcp prot")


if __name__ == "__main__":
    main()
