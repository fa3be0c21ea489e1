"""skep run: inputs, verdicts, faults, what programs say."""
import json
import os
import unittest

from driver import DEFAULT, Case, main, needs_clang, read_pcap, write_pcap

XDP = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } ring SEC(".maps");
const volatile unsigned limit = 3;

/* The first byte of a packet says what to do. */
SEC("xdp") int by_byte(struct xdp_md *ctx)
{
    unsigned char *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
    if (data + 20 > end)
        return XDP_ABORTED;
    switch (data[0]) {
    case 1: return XDP_DROP;
    case 2: bpf_printk("two: %d", data[1] + 5); return XDP_PASS;
    case 3: data[1] = 0x33; return XDP_TX;
    case 4: return bpf_redirect(7, 0);
    case 5: {
        unsigned long long *record = bpf_ringbuf_reserve(&ring, 8, 0);
        if (record) {
            *record = 0x0102030405060708;
            bpf_ringbuf_submit(record, 0);
        }
        return XDP_PASS;
    }
    case 77:
        bpf_printk("%llx %llx", bpf_ktime_get_ns(), (unsigned long long)bpf_get_prandom_u32());
        return XDP_PASS;
    case 6:
        if (bpf_xdp_adjust_head(ctx, -4))
            return XDP_ABORTED;
        data = (void *)(long)ctx->data, end = (void *)(long)ctx->data_end;
        if (data + 4 > end)
            return XDP_ABORTED;
        data[0] = data[1] = data[2] = data[3] = 0xee;
        return XDP_PASS;
    case 7: return ctx->ingress_ifindex;
    case 8: return limit;
    }
    return XDP_PASS;
}

SEC("xdp") int out_of_bounds(struct xdp_md *ctx)
{
    unsigned char *data = (void *)(long)ctx->data;
    return data[1000]; /* past the end */
}

SEC("tc") int classify(struct __sk_buff *skb) { return skb->mark == 5 ? 2 : 0; }

char _license[] SEC("license") = "GPL";
"""


def frame(first, size=20):
    return bytes([first]) + bytes(size - 1)


@needs_clang
class Packets(Case):
    def setUp(self):
        super().setUp()
        self.source = self.file("prog.bpf.c", XDP)

    def run_frames(self, frames, *args, program="by_byte", status=0):
        capture = write_pcap(self.path("in.pcap"), frames)
        [result] = self.json("run", f"{self.source}:{program}", "--pcap", capture, *args,
                             status=status)
        return result

    def test_counts_verdicts_by_name(self):
        result = self.run_frames([frame(1), frame(2), frame(2), frame(9), frame(1, 14)])
        counts = {v["verdict"]: v["runs"] for v in result["verdicts"]}
        self.assertEqual(counts, {"XDP_DROP": 1, "XDP_PASS": 3, "XDP_ABORTED": 1})
        self.assertEqual(result["engine"], DEFAULT)

    def test_reproducible_runs_see_the_same_clocks_and_random_numbers(self):
        frames = [frame(77), frame(77)]
        first = self.run_frames(frames, "--reproducible")["printed"]
        self.assertEqual(first, self.run_frames(frames, "--reproducible")["printed"])
        self.assertEqual(len(set(first)), 2)
        self.assertNotEqual(first, self.run_frames(frames)["printed"])

    def test_writes_what_passes_or_is_sent_back_as_the_program_left_it(self):
        out = self.path("out.pcap")
        self.run_frames([frame(1), frame(2), frame(3), frame(4), frame(6)], "--write-pcap", out)
        sent_back = bytes([3, 0x33]) + bytes(18)
        self.assertEqual(read_pcap(out), [(1, frame(2)), (2, sent_back),
                                          (4, b"\xee" * 4 + frame(6))])

    def test_tells_where_redirects_go(self):
        [packet] = self.run_frames([frame(4)])["packets"]
        self.assertEqual((packet["fate"], packet["redirect"]["ifindex"]), ("redirected", 7))

    def test_shows_what_is_printed_and_sent_through_ring_buffers(self):
        result = self.run_frames([frame(2), frame(5)])
        self.assertEqual(result["printed"], ["two: 5"])
        self.assertEqual(result["events"], [{"map": "ring", "data": "0807060504030201"}])

    def test_lists_packets_when_they_are_few_or_when_asked(self):
        self.assertEqual(len(self.run_frames([frame(1)] * 20)["packets"]), 20)
        self.assertNotIn("packets", self.run_frames([frame(1)] * 21))
        self.assertEqual(len(self.run_frames([frame(1)] * 21, "-v")["packets"]), 21)

    def test_a_fault_is_reported_once_with_its_place(self):
        result = self.run_frames([frame(1)] * 3, "--no-verify", program="out_of_bounds",
                                 status=1)
        [stop] = result["stops"]
        self.assertEqual((stop["stop"], stop["runs"], stop["first_case"]), ("fault", 3, 1))
        self.assertEqual((stop["region"], stop["region_bytes"]), ("packet", 20))
        self.assertEqual(stop["region_offset"], 1000)
        self.assertIn("data[1000]", stop["source"])
        self.assertEqual(os.path.basename(stop["file"]), "prog.bpf.c")

    def test_filters_packets(self):
        arp = bytes(12) + b"\x08\x06" + bytes(28)
        result = self.run_frames([arp, frame(1, 60), arp], "--filter", "arp")
        self.assertEqual(result["cases"], 2)

    def test_repeats_and_shares_among_threads(self):
        result = self.run_frames([frame(1), frame(9)] * 4, "--repeat", "10", "--threads", "3")
        self.assertEqual((result["runs"], result["threads"]), (80, 3))
        self.assertEqual({v["runs"] for v in result["verdicts"]}, {40})

    def test_sets_fields_of_the_context(self):
        run = ["run", f"{self.source}:by_byte", "--data", frame(7).hex(), "--ctx"]
        [result] = self.json(*run, '{"ingress_ifindex": 4}')
        self.assertEqual(result["verdicts"][0]["verdict"], "XDP_REDIRECT")
        self.fails(*run, '{"no_such": 4}', says=["no_such", "ingress_ifindex"])
        self.fails(*run, '{"ingress_ifindex": ', says="--ctx")

    def test_runs_a_list_of_contexts(self):
        contexts = [{"mark": 5, "data": frame(0, 64).hex()}, {"data": frame(0, 64).hex()}]
        path = self.file("ctx.json", json.dumps(contexts))
        [result] = self.json("run", f"{self.source}:classify", "--ctx", "@" + path)
        self.assertEqual([p["verdict"] for p in result["packets"]], ["TC_ACT_SHOT", "TC_ACT_OK"])

    def test_sets_variables(self):
        [result] = self.json("run", f"{self.source}:by_byte", "--data", frame(8).hex(),
                             "--set-rodata", "limit=1")
        self.assertEqual(result["verdicts"][0]["verdict"], "XDP_DROP")
        self.fails("run", f"{self.source}:by_byte", "--set-rodata", "limit=5000000000",
                   says="limit")
        self.fails("run", f"{self.source}:by_byte", "--set-rodata", "none=1", says="none")

    def test_interp_and_jit_run_what_is_verified(self):
        for engine in ("interp", "jit") if DEFAULT == "jit" else ("interp",):
            run = ["run", f"{self.source}:by_byte", "--engine", engine]
            self.fails(*run, "--no-verify", says="--no-verify is for checked")
            [result] = self.json(*run, "--data", frame(1).hex())
            self.assertEqual(result["engine"], engine)
            self.assertEqual(result["verdicts"][0]["verdict"], "XDP_DROP")

    def test_what_is_not_verified_is_checked(self):
        [result] = self.json("run", f"{self.source}:by_byte", "--no-verify", "--data",
                             frame(1).hex())
        self.assertEqual(result["engine"], "checked")

    @unittest.skipUnless(DEFAULT == "jit", "programs are not compiled here")
    def test_the_compiler_takes_options(self):
        run = ["run", f"{self.source}:by_byte", "--data", frame(2).hex()]
        for option in (["--opt-off", "all"], ["--opt-off", "fold,dce"], ["--blind"],
                       ["--fuel", "1000"], ["--gdb"]):
            [result] = self.json(*run, *option)
            self.assertEqual(result["printed"], ["two: 5"])
        self.fails(*run, "--opt-off", "fold,warp", says="warp")
        [result] = self.json(*run, "--fuel", "1", status=1)
        self.assertEqual(result["stops"][0]["stop"], "out of fuel")

    def test_jit_and_checked_have_guards_and_interp_none(self):
        run = ["run", f"{self.source}:by_byte", "--guard", "--data", frame(1).hex()]
        [result] = self.json(*run)
        self.assertEqual(result["engine"], DEFAULT if DEFAULT == "jit" else "checked")
        self.fails(*run, "--engine", "interp", says="guard")

    def test_text_shows_the_same(self):
        capture = write_pcap(self.path("in.pcap"), [frame(1), frame(4)])
        out = self.skep("run", f"{self.source}:by_byte", "--pcap", capture)
        self.assertRegex(out, r"XDP_DROP +1\n")
        self.assertIn("redirected to interface 7", out)

    def test_several_programs_must_be_told_apart(self):
        self.fails("run", self.source, says=["by_byte", "classify"])
        self.fails("run", f"{self.source}:none", says=["none", "by_byte"])
        self.skep("run", self.source, "--prog", "by_byte")

    def test_a_capture_is_for_packet_programs(self):
        capture = write_pcap(self.path("in.pcap"), [frame(1)])
        self.fails("run", self.file("a.s", "r0 = 0 ; exit"), "--pcap", capture, says="memory")


TIMER = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct element { struct bpf_timer timer; __u64 n, began; };
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1);
    __type(key, __u32); __type(value, struct element);
} timers SEC(".maps");

static int fire(void *map, __u32 *key, struct element *e)
{
    bpf_printk("after %llu s", (bpf_ktime_get_ns() - e->began) / 1000000000);
    if (++e->n < 5)
        bpf_timer_start(&e->timer, 2000000000, 0);
    else
        e->n = *(__u32 *)(key + 1); /* past the key */
    return 0;
}

SEC("xdp") int start(struct xdp_md *ctx)
{
    __u32 zero = 0;
    struct element *e = bpf_map_lookup_elem(&timers, &zero);
    if (!e)
        return XDP_ABORTED;
    e->began = bpf_ktime_get_ns();
    bpf_timer_init(&e->timer, &timers, 1 /* CLOCK_MONOTONIC */);
    bpf_timer_set_callback(&e->timer, fire);
    bpf_timer_start(&e->timer, 2000000000, 0);
    return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
"""


@needs_clang
class Timers(Case):
    def run_timers(self, *args, status=0):
        source = self.file("timer.bpf.c", TIMER)
        return self.json("run", source, "--no-verify", *args, status=status)[0]

    def test_wait_until_time_passes(self):
        result = self.run_timers()
        self.assertEqual(result["timers"]["fired"], 0)
        self.assertLess(1_900_000_000, result["timers"]["next_ns"])
        self.assertLessEqual(result["timers"]["next_ns"], 2_000_000_000)
        self.assertIn("due in", self.skep("run", self.path("timer.bpf.c"), "--no-verify"))

    def test_fire_when_they_are_due(self):
        result = self.run_timers("--timers", "7000000000")
        self.assertEqual(result["timers"]["fired"], 3)
        self.assertEqual(result["printed"], ["after 2 s", "after 4 s", "after 6 s"])
        self.assertIn("3 callbacks", self.skep("run", self.path("timer.bpf.c"), "--no-verify",
                                               "--timers=7000000000"))

    def test_a_fault_in_a_callback_is_told(self):
        result = self.run_timers("--timers", "60000000000", status=1)
        self.assertEqual(result["timers"], {"fired": 5, "next_ns": None})
        [stop] = result["stops"]
        self.assertEqual((stop["runs"], stop["function"]), (1, "fire"))
        self.assertNotIn("first_case", stop)


class Bytecode(Case):
    SUM = "w0 = *(u8 *)(r1 + 0)\nw3 = *(u8 *)(r1 + 1)\nw0 += w3\nr0 += r2\nexit\n"

    def r0(self, name, content, *args):
        [result] = self.json("run", self.file(name, content), *args)
        return int(result["verdicts"][0]["r0"], 16)

    def test_text_hex_and_raw_run_with_memory(self):
        hexed = self.skep("asm", self.file("sum.s", self.SUM), "--hex")
        raw = bytes.fromhex(hexed)
        for name, content in (("a.s", self.SUM), ("a.hex", hexed), ("a.bin", raw)):
            self.assertEqual(self.r0(name, content, "--data", "05 06"), 13)

    def test_shows_memory_that_was_changed(self):
        store = "*(u8 *)(r1 + 1) = 0x2a\nr0 = 0\nexit\n"
        [result] = self.json("run", self.file("a.s", store), "--data", "00010203")
        self.assertEqual(result["data_after"], "002a0203")

    def test_a_loop_without_end_runs_out_of_fuel(self):
        [result] = self.json("run", self.file("a.s", "r0 = 0\ngoto -1\nexit\n"), "--profile",
                             "rfc", "--fuel", "1000", status=1)
        self.assertEqual(result["stops"][0]["stop"], "out of fuel")

    def test_a_fault_names_the_instruction(self):
        [result] = self.json("run", self.file("a.s", self.SUM), "--data", "05",
                             "--no-verify", status=1)
        self.assertEqual(result["stops"][0]["insn"], 1)
        self.assertIn("did not end", self.err)

    def test_a_type_can_be_said(self):
        drop = self.file("a.s", "r0 = 1 ; exit")
        [result] = self.json("run", drop, "--type", "xdp")
        self.assertEqual(result["verdicts"][0]["verdict"], "XDP_DROP")
        for name in ("tc", "classifier", "sched_cls"):
            self.assertEqual(self.json("run", drop, "--type", name)[0]["type"], "sched_cls")
        self.fails("run", drop, "--type", "xpd", says=["xpd", "xdp"])

    def test_bad_input_is_one_clear_line(self):
        good = self.file("a.s", "r0 = 1 ; exit")
        self.fails("run", self.path("none.o"), says="No such file")
        self.fails("run", self.file("a.txt", "hello"), says="ELF")
        self.fails("run", self.file("a.o", b"\x7fELF"), says="a.o")
        self.fails("run", self.file("a.bin", b"1234567"), says="7 bytes")
        self.fails("run", good, "--data", "0g", says="0g")
        self.fails("run", good, "--engine", "jet", says="jet")
        self.fails("run", good, "--profile", "windows", says="windows")
        self.fails("run", good, "--threads", "0", says="--threads")
        self.fails("run", good, "--set-map", "m", "1=2", says="map m")
        self.fails("run", says="one object")

    def test_a_helper_that_is_not_there_is_named(self):
        self.fails("run", self.file("a.s", "call 0xfff0\nexit\n"), status=1, says="65520")


if __name__ == "__main__":
    main()
