"""--set-map, --set-map-size, --dump-maps."""
import json

from driver import Case, main, needs_clang

MAPS = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define MAP(name, kind, n, k, v, ...)                                                    \\
    struct { __uint(type, BPF_MAP_TYPE_##kind); __uint(max_entries, n); __type(key, k);  \\
             __type(value, v); __VA_ARGS__ } name SEC(".maps")

struct prefix { unsigned bits; unsigned char address[4]; };
struct pair { unsigned short port; unsigned short pad; unsigned mark; };
MAP(numbers, ARRAY, 4, unsigned, unsigned long long);
MAP(table, HASH, 16, unsigned, struct pair);
MAP(counts, PERCPU_ARRAY, 2, unsigned, unsigned long long);
MAP(blocked, LPM_TRIE, 16, struct prefix, unsigned char, __uint(map_flags, BPF_F_NO_PREALLOC););
MAP(jumps, PROG_ARRAY, 4, unsigned, unsigned);

SEC("xdp") int prog(struct xdp_md *ctx)
{
    unsigned key = 1;
    struct prefix address = { 32, { 10, 1, 2, 3 } };
    unsigned long long *count = bpf_map_lookup_elem(&counts, &key);
    unsigned long long *number = bpf_map_lookup_elem(&numbers, &key);
    struct pair *pair = bpf_map_lookup_elem(&table, &key);
    if (count)
        *count += 1;
    if (number && pair)
        *number += pair->port + pair->mark;
    if (bpf_map_lookup_elem(&blocked, &address))
        return XDP_DROP;
    bpf_tail_call(ctx, &jumps, 2);
    return XDP_PASS;
}
SEC("xdp") int tail(struct xdp_md *ctx) { return XDP_TX; }
char _license[] SEC("license") = "GPL";
"""


@needs_clang
class Maps(Case):
    def setUp(self):
        super().setUp()
        self.source = self.file("maps.bpf.c", MAPS) + ":prog"

    def run_with(self, *args):
        [result] = self.json("run", self.source, "--dump-maps", *args)
        self.verdict = result["verdicts"][0]["verdict"]
        return {m["name"]: m for m in result["maps"]}

    def numbers(self, entries):
        return {e["key"].get("number"): [v.get("number") for v in e["values"]] for e in entries}

    def test_numbers_go_in_and_come_out(self):
        maps = self.run_with("--set-map", "numbers", "1=0x10", "3=7")
        self.assertEqual(self.numbers(maps["numbers"]["entries"]), {"0x1": ["0x10"], "0x3": ["0x7"]})
        self.assertEqual(maps["numbers"]["zero_entries"], 2)

    def test_verbose_lists_zero_entries_too(self):
        self.assertEqual(len(self.run_with("-v")["numbers"]["entries"]), 4)

    def test_values_are_lists_bytes_or_numbers_with_a_width(self):
        for value in ("80u16,0u16,5", "hex:5000000005000000", "50:00:00:00:05:00:00:00",
                      "0x500000050"):
            maps = self.run_with("--set-map", "table", f"1={value}")
            self.assertEqual(maps["table"]["entries"][0]["values"][0]["bytes"],
                             "5000000005000000", value)
            self.assertEqual(self.numbers(maps["numbers"]["entries"]), {"0x1": ["0x55"]})

    def test_keys_of_tries_are_prefixes(self):
        maps = self.run_with("--set-map", "blocked", "10.0.0.0/8=1", "192.168.1.0/24=2")
        prefixes = {e["key"]["prefix"] for e in maps["blocked"]["entries"]}
        self.assertEqual(prefixes, {"10.0.0.0/8", "192.168.1.0/24"})
        self.assertEqual(self.verdict, "XDP_DROP")

    def test_per_cpu_values_have_a_column_each(self):
        maps = self.run_with("--threads", "2", "--set-map", "counts", "0=3")
        entries = self.numbers(maps["counts"]["entries"])
        self.assertEqual(entries["0x0"], ["0x3", "0x3"])
        self.assertEqual(sorted(entries["0x1"]), ["0x0", "0x1"])

    def test_a_file_can_say_the_cpu(self):
        path = self.file("counts.json", json.dumps([{"key": 0, "value": "0x9", "cpu": 1}]))
        maps = self.run_with("--threads", "2", "--set-map", "counts", "@" + path)
        self.assertEqual(self.numbers(maps["counts"]["entries"])["0x0"], ["0x0", "0x9"])
        for wrong in ('[{"key": 0, "value": 1, "cpu": 2}]', "[7]", "{", "{}"):
            self.file("counts.json", wrong)
            self.fails("run", self.source, "--set-map", "counts", "@" + path, says="counts")

    def test_program_arrays_take_names_of_programs(self):
        self.run_with("--set-map", "jumps", "2=tail")
        self.assertEqual(self.verdict, "XDP_TX")
        self.fails("run", self.source, "--set-map", "jumps", "2=none", says="none")

    def test_sizes_can_be_set(self):
        maps = self.run_with("--set-map-size", "numbers=9", "--set-map", "numbers", "8=1")
        self.assertEqual(maps["numbers"]["max_entries"], 9)
        self.fails("run", self.source, "--set-map", "numbers", "8=1", says="numbers")

    def test_data_sections_are_shown_by_variable(self):
        source = self.file("data.bpf.c", """
            __attribute__((section("license"))) char _license[] = "GPL";
            int first = 3; long second; static char text[4] = "abc";
            __attribute__((section("xdp"))) int prog(void *ctx)
            { second += first; __asm__ volatile("" :: "r"(text)); return 2; }""")
        [result] = self.json("run", source, "--dump-maps", "--repeat", "4")
        variables = {v["name"]: v for m in result["maps"] for v in m.get("variables", [])}
        self.assertEqual((variables["first"]["number"], variables["second"]["number"],
                          variables["text"]["bytes"]), ("0x3", "0xc", "61626300"))
        self.assertRegex(self.skep("run", source, "--dump-maps"), r"first +3 +03000000")

    def test_wrong_presets_name_map_and_size(self):
        for preset in ("1", "x=1", "1=x", "1=1,2,3", "0x100000000=1", "1=0x10000000000000000"):
            self.fails("run", self.source, "--set-map", "numbers", preset,
                       says="--set-map" if preset == "1" else "numbers")

    def test_text_shows_numbers_and_bytes(self):
        out = self.skep("run", self.source, "--dump-maps", "--set-map", "numbers", "3=258",
                        "--set-map", "blocked", "10.0.0.0/8=1")
        self.assertRegex(out, r"3 +258 +03000000 +0201000000000000")
        self.assertIn("10.0.0.0/8", out)
        self.assertIn("others are zero", out)


if __name__ == "__main__":
    main()
