#!/bin/bash
# Runs the tests in a build that counts lines, and prints how many of src/ they reach.
set -eu
cd "$(dirname "$0")/.."
cmake --preset coverage >/dev/null
cmake --build build/coverage -j "${JOBS:-2}"
profiles=$PWD/build/coverage/profile
rm -rf "$profiles" && mkdir -p "$profiles"
LLVM_PROFILE_FILE=$profiles/%m.profraw ctest --test-dir build/coverage -j "${JOBS:-2}" -LE check |
    tail -3
programs=()
for program in build/coverage/skep build/coverage/test/*; do
    if [ -f "$program" ] && [ -x "$program" ]; then
        programs+=("$program")
    fi
done
tools/line_coverage.sh "$profiles" "${programs[@]}"
