#!/bin/bash
# How much of the verifier the random programs of sound_random reach, in lines: all of src/verify but
# explain.c, which words what is reported.  The same run shows and refuses everything that can be
# asked of everything (its tables).  Exit status 1: less than 95 of 100, or a cell is empty.
#
#     tools/verify_coverage.sh [INSNS]
set -eu
cd "$(dirname "$0")/.."
insns=${1:-10000000}
least=95
cmake --preset coverage >/dev/null
cmake --build build/coverage -j "${JOBS:-2}" --target sound_random >/dev/null
profiles=$PWD/build/coverage/profile-verify
rm -rf "$profiles" && mkdir -p "$profiles"
status=0
LLVM_PROFILE_FILE=$profiles/%m.profraw build/coverage/test/sound_random --insns "$insns" --tables ||
    status=1
echo
tools/line_coverage.sh "$profiles" build/coverage/test/sound_random >"$profiles/lines"
awk -v least=$least '
    $1 ~ /^verify\/.*\.[ch]$/ && $1 != "verify/explain.c" {
        printf "%-40s %7d %7d %6.1f\n", $1, $2, $3, $4
        lines += $2
        reached += $3
    }
    END {
        percent = lines ? 100 * reached / lines : 0
        printf "verify/ outside diagnostics: %d of %d lines reached, %.1f %% (at least %d %%)\n",
               reached, lines, percent, least
        exit percent < least
    }' "$profiles/lines" || status=1
exit $status
