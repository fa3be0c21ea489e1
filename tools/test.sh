#!/bin/bash
# Builds and runs all tests twice: as they are, and under the address and undefined-behaviour
# sanitizers.  Ends with one line that counts both runs.
#
#     tools/test.sh [ctest options]
set -u
cd "$(dirname "$0")/.." || exit 1
jobs=${JOBS:-2}

cmake --preset dev >/dev/null && cmake --build build -j "$jobs" &&
    cmake --preset asan >/dev/null && cmake --build build/asan -j "$jobs" || exit 1

log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
for dir in build build/asan; do
    echo "== tests in $dir"
    ctest --test-dir "$dir" -j "$jobs" --output-on-failure "$@" 2>&1 | tee -a "$log"
    [ "${PIPESTATUS[0]}" = 0 ] || status=1
done

# ctest counts a skipped test as passed.
read -r failed total < <(sed -n 's/.* \([0-9]*\) tests\{0,1\} failed out of \([0-9]*\)$/\1 \2/p' "$log" |
    awk '{ failed += $1; total += $2 } END { print failed + 0, total + 0 }')
skipped=$(grep -c '\*\*\*Skipped' "$log")
[ "$total" -gt 0 ] || status=1
echo "$((total - failed - skipped)) passed, $failed failed, $skipped skipped"
exit $status
