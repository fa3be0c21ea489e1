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
    [ ${#programs[@]} = 0 ] || programs+=(-object)
    programs+=("build/fuzz/test/fuzz_$target")
done

echo "== line coverage reached: folder or file, lines, of these run, percent"
llvm-profdata-19 merge -o build/fuzz/profile/all.profdata build/fuzz/profile/*.profraw
llvm-cov-19 report -instr-profile build/fuzz/profile/all.profdata "${programs[@]}" -sources "$PWD/src" |
    awk '
        function row(name, lines, missed) {
            if (lines) printf "%-40s %7d %7d %6.1f\n", name, lines, lines - missed, 100 * (lines - missed) / lines
        }
        $1 ~ /\.[ch]$/ {
            sub(/^.*src\//, "", $1)
            folder = $1
            sub(/\/.*/, "/", folder)
            row($1, $8, $9)
            if (folder ~ /\//)
                lines[folder] += $8
            missed[folder] += $9
        }
        END { for (folder in lines) row(folder, lines[folder], missed[folder]) }' | sort
