"""Classic BPF: --filter as the program, and what tcpdump -ddd prints."""
import struct

from driver import Case, main, read_pcap, write_pcap

IP = "4\n40 0 0 12\n21 0 1 2048\n6 0 0 262144\n6 0 0 0\n"


def ip4(proto, size=40):
    packet = bytearray(size)
    packet[12:14] = b"\x08\x00"
    packet[14] = 0x45
    packet[23] = proto
    return bytes(packet)


ARP = bytes(12) + b"\x08\x06" + bytes(28)
FRAMES = [ip4(6), ip4(17), ARP, ip4(6)]


class Classic(Case):
    def capture(self):
        path = self.path("in.pcap")
        write_pcap(path, FRAMES)
        return path

    def verdicts(self, *args):
        result = self.json("run", *args)[0]
        self.assertEqual(result["type"], "socket_filter")
        return {row["r0"]: row["runs"] for row in result["verdicts"]}

    def test_a_filter_is_a_program(self):
        out = self.path("out.pcap")
        args = ["--filter", "tcp", "--pcap", self.capture(), "--write-pcap", out]
        self.assertEqual(self.verdicts(*args), {"0x40000": 2, "0x0": 2})
        self.assertEqual(read_pcap(out), [(0, FRAMES[0]), (3, FRAMES[3])])
        self.assertEqual(self.verdicts(*args, "--engine", "interp"),
                         {"0x40000": 2, "0x0": 2})

    def test_the_length_is_that_before_the_capture_cut_it_off(self):
        path = self.path("cut.pcap")
        with open(path, "wb") as file:
            file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
            for wire in 40, 99, 100, 1500:
                file.write(struct.pack("<IIII", 0, 0, 40, wire) + FRAMES[0])
        for expression, n in ("greater 100", 2), ("len < 100", 2), ("tcp and len = 1500", 1):
            verdicts = self.verdicts("--filter", expression, "--pcap", path)
            self.assertEqual(verdicts["0x40000"], n)

    def test_the_output_of_tcpdump_is_a_program(self):
        ddd = self.file("ip.ddd", IP)
        capture = self.capture()
        self.assertEqual(self.verdicts(ddd, "--pcap", capture), {"0x40000": 3, "0x0": 1})
        # then --filter says which packets it gets
        self.assertEqual(self.verdicts(ddd, "--pcap", capture, "--filter", "udp or arp"),
                         {"0x40000": 1, "0x0": 1})
        self.assertIn("skb[0xc]", self.skep("dump", ddd, "--insns"))

    def test_text_comes_from_standard_input_and_in_one_line(self):
        for text in IP, IP.replace("\n", ",")[:-1]:
            self.skep("run", "-", "--data", FRAMES[0].hex(), stdin=text.encode())
            self.assertIn("0x40000", self.out.decode())

    def test_says_what_is_wrong(self):
        self.fails("run", says="takes one object, or --filter")
        self.fails("run", "--filter", "tcp prt 3", says="tcp prt 3")
        self.fails("run", "--filter", "tcp", "--type", "kprobe", says="kprobe")
        for text, says in [("2\n6 0 0 0\n", "instruction 1 of 2"),
                           ("1\n6 0 256 0\n", "instruction 0 of 1"),
                           ("1\n6 0 0 4294967296\n", "instruction 0 of 1"),
                           ("1\n6 0 0 0\n6 0 0 0\n", "more than the 1"),
                           ("0\n", "no number"), ("70000\n", "no number"),
                           ("1\n0 0 0 0\n", "no return"),
                           ("2\n153 0 0 0\n6 0 0 0\n", "no opcode 0x99")]:
            self.fails("run", self.file("bad.ddd", text), says=says)


if __name__ == "__main__":
    main()
