"""skep asm and skep disasm."""
from driver import Case, main

TEXT = "r0 = 0x2a\nexit\n"
BYTES = bytes.fromhex("b70000002a000000 9500000000000000")


class Asm(Case):
    def test_writes_raw_little_endian_slots(self):
        out = self.path("a.bin")
        self.skep("asm", self.file("a.s", "r0 = 42 ; exit"), "-o", out)
        with open(out, "rb") as file:
            self.assertEqual(file.read(), BYTES)

    def test_writes_hex_text(self):
        out = self.skep("asm", "-", "--hex", stdin=b"mov64 r0, 42\nexit")
        self.assertEqual(out, "b7 00 00 00 2a 00 00 00\n95 00 00 00 00 00 00 00\n")

    def test_reports_the_line_of_an_error(self):
        self.fails("asm", self.file("a.s", "exit\nr0 = = 1\n"), says=["a.s", "line 2"])

    def test_refuses_a_file_that_is_not_there(self):
        self.fails("asm", self.path("none.s"), says="No such file")

    def test_refuses_binary_input(self):
        self.fails("asm", self.file("a.s", b"exit\0\0"), says="no text")

    def test_json_gives_the_bytes(self):
        [result] = self.json("asm", self.file("a.s", TEXT))
        self.assertEqual((result["slots"], bytes.fromhex(result["bytes"])), (2, BYTES))


class Disasm(Case):
    def test_reads_raw_bytes_hex_text_and_words(self):
        raw, text = self.file("a.bin", BYTES), self.file("a.hex", BYTES.hex(" "))
        for args in ([raw], [text], [BYTES.hex()], BYTES.hex(" ").split()):
            self.assertEqual(self.skep("disasm", *args), TEXT)

    def test_shows_what_is_no_instruction(self):
        self.assertIn(".8byte", self.skep("disasm", "ff" * 8))

    def test_refuses_half_a_slot(self):
        self.fails("disasm", "b7000000", says="4 bytes")

    def test_refuses_what_is_no_hex(self):
        self.fails("disasm", "xyz", says="xyz")

    def test_sends_objects_to_dump(self):
        self.fails("disasm", self.file("a.o", b"\x7fELF" + bytes(60)), says="skep dump --insns")

    def test_json_gives_the_lines(self):
        [result] = self.json("disasm", BYTES.hex())
        self.assertEqual(result["insns"], ["r0 = 0x2a", "exit"])


if __name__ == "__main__":
    main()
