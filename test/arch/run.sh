#!/bin/bash
# Builds the library for another CPU and runs the tests that need nothing but it under qemu-user:
# all .skt files, the conformance vectors and random verified programs, on every engine; the
# compiler's random functions and far jumps.
#
#     test/arch/run.sh CPU BUILD_FOLDER [PROGRAMS]        CPU: arm64; random programs: 100
#
# Status 77: a tool is missing; says which.
set -eu
declare -A names=([arm64]=aarch64)
name=${names[$1]} build=$2
here=$(dirname "$0")

for tool in "$name-linux-gnu-gcc" "qemu-$name" cmake; do
    command -v "$tool" >/dev/null || { echo "skipped: $tool is not installed"; exit 77; }
done
log=$(mktemp)
trap 'rm -f "$log"' EXIT
{
    [ -f "$build/CMakeCache.txt" ] ||
        cmake -S "$here/cross" -B "$build" -DCMAKE_C_COMPILER="$name-linux-gnu-gcc" \
            -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR="$name"
    cmake --build "$build" -j "${JOBS:-2}"
} >"$log" 2>&1 || { tail -40 "$log"; echo "skep does not build for $1"; exit 1; }

status=0
"qemu-$name" "$build/skt_runner" --quick "$here"/../skt/*.skt >"$log" || status=1
grep -A1 '^not ok' "$log" || true
tail -1 "$log"
"qemu-$name" "$build/conformance_vectors" >"$log" || status=1
tail -1 "$log"
for part in "jit_random 30" jit_pairs jit_registers "jit_far quick" unit_api_jit "diff_engines ${3:-100}"; do
    read -ra command <<<"$part"
    "qemu-$name" "$build/${command[0]}" "${command[@]:1}" >"$log" 2>&1 || { status=1; tail -40 "$log"; }
    echo "$part: $(grep -c '^ok' "$log") ok"
done
exit $status
