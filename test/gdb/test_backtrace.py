"""gdb shows the way from a helper that crashes through the compiled program to those who ran it."""
import os
import re
import shutil
import subprocess
import unittest

CRASH = os.environ["CRASH"]
COMMANDS = ("set debuginfod enabled off", "set disable-randomization on", "run", "backtrace")


def backtrace():
    """The functions, the innermost first."""
    command = ["gdb", "-batch", "-nx"] + [word for line in COMMANDS for word in ("-ex", line)] + [CRASH]
    out = subprocess.run(command, capture_output=True, text=True, timeout=100)
    frames = re.findall(r"^#\d+ +(?:0x[0-9a-f]+ in )?([\w.\[\]?]+) \(", out.stdout, re.MULTILINE)
    return frames, out.stdout + out.stderr


@unittest.skipUnless(shutil.which("gdb"), "gdb is not installed")
class Backtrace(unittest.TestCase):
    def test_leads_from_a_helper_through_the_program_to_main(self):
        frames, text = backtrace()
        if not frames and "ptrace" in text:
            self.skipTest("gdb may not trace processes here")
        self.assertEqual(frames[0], "crash_here", text)
        self.assertRegex(frames[1], r"^main\.", text)  # the subprogram
        self.assertEqual(frames[2], "main", text)      # the program's, not C's
        self.assertRegex(frames[3], "enter", text)
        self.assertNotIn("??", frames, text)
        self.assertEqual(frames[-1], "main", text)
        self.assertIn("skep_run_once", frames, text)


if __name__ == "__main__":
    unittest.main()
