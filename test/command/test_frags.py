"""skep run --linear: frames whose end lies in fragments."""
from driver import Case, main, needs_clang, read_pcap, write_pcap

XDP = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* Looks at the last byte, turns the first four of the second kilobyte around, cuts 100 off. */
SEC("xdp.frags") int far(struct xdp_md *ctx)
{
    unsigned length = bpf_xdp_get_buff_len(ctx), word;
    unsigned char last, *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
    if (end - data != 500 || bpf_xdp_load_bytes(ctx, length - 1, &last, 1) || last != 0x77)
        return XDP_ABORTED;
    if (bpf_xdp_load_bytes(ctx, 1024, &word, 4))
        return XDP_DROP;
    word = __builtin_bswap32(word);
    if (bpf_xdp_store_bytes(ctx, 1024, &word, 4) || bpf_xdp_adjust_tail(ctx, -100))
        return XDP_DROP;
    return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
"""


class Frags(Case):
    @needs_clang
    def test_helpers_reach_the_fragments(self):
        frame = bytes(i * 7 & 0xff for i in range(9000)) + b"\x77"
        source, out = self.file("far.bpf.c", XDP), self.path("out.pcap")
        capture = write_pcap(self.path("in.pcap"), [frame])
        result = self.json("run", source, "--pcap", capture, "--linear", "500",
                           "--write-pcap", out)[0]
        self.assertEqual(result["verdicts"][0]["verdict"], "XDP_PASS")
        packet = result["packets"][0]
        self.assertEqual((packet["size"], packet["size_after"]), (9001, 8901))
        turned = frame[:1024] + frame[1024:1028][::-1] + frame[1028:8901]
        self.assertEqual(read_pcap(out), [(0, turned)])
        # in one piece the program sees it all
        result = self.json("run", source, "--pcap", capture)[0]
        self.assertEqual(result["verdicts"][0]["verdict"], "XDP_ABORTED")

    def test_says_what_is_wrong(self):
        ddd = self.file("all.ddd", "1\n6 0 0 9\n")
        self.fails("run", ddd, "--linear", "0", says="--linear")
        self.fails("run", ddd, "--linear", "70000", says="--linear")
        self.fails("run", ddd, "--ctx", '{"len": 5000}', says="len")
        program = self.file("zero.s", "r0 = 0\nexit\n")
        self.fails("run", program, "--linear", "10", says="memory")

    def test_a_filter_looks_into_fragments(self):
        packet = bytearray(100)
        packet[12:14], packet[14], packet[23] = b"\x08\x00", 0x45, 6
        for linear in 14, 20, 30, 100:
            self.skep("run", "--filter", "tcp", "--data", packet.hex(), "--linear", str(linear))
            self.assertIn("0x40000", self.out.decode())


if __name__ == "__main__":
    main()
