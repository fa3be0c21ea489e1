#!/usr/bin/env python3
"""The examples do what they show.  The firewall's figures for the made capture follow from its
packets and examples/firewall/rules.txt: 16 kinds of packets, 100 of each."""
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))

# reason in the output: packets
FIREWALL = {
    "DROP": 600,
    "PASS": 1000,
    "accepted": 1000,
    "malformed": 100,
    "blocked source": 200,
    "fragment": 200,
    "closed port": 100,
    "source over its limit": 0,
    "icmp6 128": 100,
    "2001:db8::1": 200,
    "192.0.2.3": 200,
}
OWN_HOOK = """\
client 7 /index.html: allow, priority 1
client 7 /.secret: deny, priority 0
client 8 /index.html: deny, priority 0
client 9 /index.html: later, priority 0
"""


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def squeeze(text):
    return [re.sub(r"\s+", " ", line).strip() for line in text.splitlines()]


def test_firewall(out):
    with tempfile.TemporaryDirectory() as work:
        capture = os.path.join(work, "made.pcap")
        run(f"{out}/make_capture", capture)
        lines = squeeze(run(f"{out}/firewall", f"{out}/firewall.bpf.o", capture,
                            f"{HERE}/firewall/rules.txt"))
    for what, packets in FIREWALL.items():
        wanted = re.compile(rf"(XDP_)?{re.escape(what)} {packets} packets")
        assert any(wanted.match(line) for line in lines), (what, packets, lines)
    assert "in all 600, lost 0" in lines, lines
    timed = {line.split()[0] for line in lines if "million packets/s" in line}
    assert timed - {"compiled"} == {"interpreter", "checked"}, lines  # compiled: where the CPU has a target


def test_own_hook(out):
    assert run(f"{out}/own_hook", f"{out}/limit.bpf.o") == OWN_HOOK


def main():
    out = sys.argv[1]
    if os.path.exists(f"{out}/firewall"):
        test_firewall(out)
    test_own_hook(out)


main()
