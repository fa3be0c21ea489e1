"""What the tests of the command share: running it, and checking what it prints."""
import json
import os
import platform
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SKEP = os.environ.get("SKEP", os.path.join(ROOT, "build", "skep"))
# What programs are compiled by, if they are, and what runs them when nothing else is asked for.
COMPILED = ["jit"] if platform.machine() in ("x86_64", "aarch64") else []
DEFAULT = "jit" if COMPILED else "interp"
sys.path.insert(0, os.path.join(ROOT, "tools"))
import validate_json  # noqa: E402  (found by the line above)


class Case(unittest.TestCase):
    """A test with a folder of its own, in which files are made."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def file(self, name, content):
        mode = "wb" if isinstance(content, bytes) else "w"
        with open(self.path(name), mode) as file:
            file.write(content)
        return self.path(name)

    def skep(self, *args, status=0, stdin=b"", env=None):
        """Runs the command; the finished process, its streams as text."""
        result = subprocess.run([SKEP, *args], input=stdin, capture_output=True, check=False,
                                env={**os.environ, **(env or {})}, timeout=60)
        self.out, self.err = result.stdout, result.stderr.decode()
        self.assertEqual(result.returncode, status, self.err + self.out.decode(errors="replace"))
        return self.out.decode(errors="replace")

    def fails(self, *args, status=2, says, stdin=b""):
        """The command must say one line on standard error that contains every part of `says`."""
        self.skep(*args, status=status, stdin=stdin)
        self.assertTrue(self.err.startswith("skep: "), self.err)
        self.assertEqual(self.err.count("\n"), 1, self.err)
        for part in [says] if isinstance(says, str) else says:
            self.assertIn(part, self.err)

    def json(self, command, *args, status=0, stdin=b""):
        """The results of --json, validated against the command's schema."""
        document = json.loads(self.skep(command, *args, "--json", status=status, stdin=stdin))
        schema = os.path.join(ROOT, "docs", "schema", command + ".json")
        self.assertEqual(validate_json.validate(schema, document), [])
        return document["results"]


HAS_CLANG = shutil.which(os.environ.get("CLANG") or "clang") and \
    os.path.exists("/usr/include/bpf/bpf_helpers.h")
needs_clang = unittest.skipUnless(HAS_CLANG, "clang and libbpf's headers are not installed")


def write_pcap(path, frames, link_type=1):
    """A capture of frames, one a second."""
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, link_type))
        for i, frame in enumerate(frames):
            file.write(struct.pack("<IIII", i, 0, len(frame), len(frame)) + frame)
    return path


def read_pcap(path):
    """The frames of a capture, with their times in seconds."""
    frames = []
    with open(path, "rb") as file:
        file.read(24)
        while head := file.read(16):
            seconds, _, size, _ = struct.unpack("<IIII", head)
            frames.append((seconds, file.read(size)))
    return frames


def main():
    unittest.main()
