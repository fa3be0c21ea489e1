#!/bin/bash
# Runs every fuzz target of test/fuzz/ for a while, from its kept inputs and from samples made now,
# and prints the line coverage that was reached.  Fails when a target does, or when a part that
# reads hostile bytes is covered less than it must be.  New inputs stay in build/fuzz/corpus/.
#
#     tools/fuzz.sh [seconds per target, default 60] [target...]
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-60}
shift || true
cmake --preset fuzz >/dev/null
cmake --build build/fuzz -j "${JOBS:-2}" --target fuzz_targets

targets=("$@")
all=no
if [ ${#targets[@]} = 0 ]; then
    all=yes
    mapfile -t targets < <(cd test/fuzz && ls ./*.c | sed 's,^\./,,; s,\.c$,,')
fi
rm -f build/fuzz/profile/*.profraw
seeds=build/fuzz/seeds
LLVM_PROFILE_FILE=/dev/null build/fuzz/test/fuzz_seeds "$seeds"
# What a compiler makes; there is none of it where there is no clang for BPF.
find build/fuzz/test/elf -name '*.o' -exec cp -t "$seeds/elf" {} + -exec cp -t "$seeds/load" {} +
programs=()
for target in "${targets[@]}"; do
    found=build/fuzz/corpus/$target
    mkdir -p "$found" build/fuzz/profile
    inputs=("$found")
    for folder in "test/fuzz/corpus/$target" "$seeds/$target"; do
        [ ! -d "$folder" ] || inputs+=("$folder")
    done
    echo "== $target for $seconds s"
    log=build/fuzz/$target.log
    LLVM_PROFILE_FILE=build/fuzz/profile/$target.profraw \
        "build/fuzz/test/fuzz_$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
        -print_final_stats=1 -artifact_prefix="build/fuzz/crash-$target-" "${inputs[@]}" \
        >"$log" 2>&1 || { tail -60 "$log"; echo "$target: FAILED, see $log"; exit 1; }
    grep '^stat::' "$log"
    programs+=("build/fuzz/test/fuzz_$target")
done

coverage=build/fuzz/coverage.txt
tools/line_coverage.sh build/fuzz/profile "${programs[@]}" | tee "$coverage"
# A run of some targets alone says nothing of the others' parts.
[ $all = yes ] || exit 0
awk -v least=85 '$1 == "elf/" || $1 == "btf/" || $1 == "load/" || $1 == "isa/asm.c" {
        if ($4 < least) { print $1 " is covered less than " least " %"; low = 1 }
    }
    END { exit low }' "$coverage"
