"""skep dump."""
import re
import shutil
import subprocess
import unittest

from driver import Case, main, needs_clang

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
            if view != "host":  # which shows addresses of this very run
                self.assertEqual(self.skep("dump", target, "--" + view).splitlines(), result[view])

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


class Damaged(Case):
    def test_a_damaged_object_is_one_clear_line(self):
        self.fails("dump", self.file("a.o", b"\x7fELF" + bytes(200)), says="a.o")


if __name__ == "__main__":
    main()
