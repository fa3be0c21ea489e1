#!/bin/bash
# Builds the proofs of the verifier's domain (test/proofs, docs/proofs.md) and discharges all
# obligations, or those that are named.
#
#     tools/proofs.sh [--docs] [-t SECONDS] [OBLIGATION|GROUP...]
#
# --docs writes the table of docs/proofs.md anew.
set -eu
cd "$(dirname "$0")/.."
jobs=${JOBS:-2}
out=build/proofs
page=docs/proofs.md
mkdir -p $out

build() {
    printf '%s\n' test/proofs/*.cc | xargs -P "$jobs" -I {} sh -c \
        'g++ -std=c++20 -O1 -Wall -Wextra -Wno-unused-function -Itest -Isrc -c "$1" -o '$out'/$(basename "$1" .cc).o' - {}
    g++ $(printf '%s\n' test/proofs/*.cc | sed "s|.*/\(.*\)\.cc|$out/\1.o|") -lz3 -o $out/prove
}

build
if [ "${1:-}" = --docs ]; then
    shift
    status=0
    $out/prove -j "$jobs" --markdown "$@" >$out/table || status=$?
    sed '/^| Group /,$d' $page >$out/page
    { cat $out/page; echo '| Group | Obligation | Result | Seconds |'; echo '|---|---|---|---|'; cat $out/table; } >$page
    tail -1 $out/table
    exit $status
fi
exec $out/prove -j "$jobs" "$@"
