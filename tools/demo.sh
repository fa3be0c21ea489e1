#!/bin/bash
# The main job in one go: builds the library, has clang compile the firewall of examples/firewall for
# BPF, and runs it over a capture.
#
#     tools/demo.sh [CAPTURE]
#
# Without CAPTURE it takes ../shared/data/traffic.pcap if that is there, else it makes a capture.
set -eu
cd "$(dirname "$0")/.."
out=build/release/examples
default=../shared/data/traffic.pcap

echo "== building libskep and the firewall (clang for BPF)"
if [ -t 1 ]; then # with its progress
    make --no-print-directory release
else
    log=$(mktemp)
    trap 'rm -f "$log"' EXIT
    make --no-print-directory release >"$log" 2>&1 || {
        cat "$log" >&2
        exit 1
    }
fi
for needed in firewall firewall.bpf.o make_capture; do
    [ -e "$out/$needed" ] || {
        echo "tools/demo.sh: $out/$needed was not built: clang or libbpf's headers are missing" >&2
        exit 1
    }
done

if [ $# -gt 0 ]; then
    capture=$1
elif [ -r "$default" ]; then
    capture=$default
else
    capture=$out/made.pcap
    echo "== no capture at $default: making one, $capture"
    "$out/make_capture" "$capture"
fi
echo "== $out/firewall $out/firewall.bpf.o $capture examples/firewall/rules.txt"
echo
"$out/firewall" "$out/firewall.bpf.o" "$capture" examples/firewall/rules.txt
