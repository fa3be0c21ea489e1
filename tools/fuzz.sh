#!/bin/bash
# Runs every fuzz target of test/fuzz/ for a while, from its kept inputs, and prints the line
# coverage that was reached.  New inputs stay in build/fuzz/corpus/.
#
#     tools/fuzz.sh [seconds per target, default 60] [target...]
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-60}
shift || true
cmake --preset fuzz >/dev/null
cmake --build build/fuzz -j "${JOBS:-2}" --target fuzz_targets

targets=("$@")
if [ ${#targets[@]} = 0 ]; then
    mapfile -t targets < <(cd test/fuzz && ls ./*.c | sed 's,^\./,,; s,\.c$,,')
fi
rm -f build/fuzz/profile/*.profraw
programs=()
for target in "${targets[@]}"; do
    found=build/fuzz/corpus/$target
    kept=test/fuzz/corpus/$target
    mkdir -p "$found" build/fuzz/profile
    [ -d "$kept" ] || kept=
    echo "== $target for $seconds s"
    log=build/fuzz/$target.log
    LLVM_PROFILE_FILE=build/fuzz/profile/$target.profraw \
        "build/fuzz/test/fuzz_$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
        -print_final_stats=1 -artifact_prefix="build/fuzz/crash-$target-" "$found" $kept \
        >"$log" 2>&1 || { tail -60 "$log"; echo "$target: FAILED, see $log"; exit 1; }
    grep '^stat::' "$log"
    programs+=("build/fuzz/test/fuzz_$target")
done

tools/line_coverage.sh build/fuzz/profile "${programs[@]}"
