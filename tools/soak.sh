#!/bin/bash
# Runs the soak programs of test/soak (every map type under threads; a ring buffer with four producers
# and a hostile consumer) and the map tests that use threads: as they are, under the address
# sanitizer and under the thread sanitizer.  The time is shared among the three.
#
#     tools/soak.sh [seconds]
set -u
cd "$(dirname "$0")/.." || exit 1
seconds=${1:-60}
share=$(awk -v s="$seconds" 'BEGIN { print s / 6 }')
soaks="soak_maps soak_ringbuf"
units="unit_map_threads unit_map_map_of_maps unit_map_ringbuf unit_map_stack_trace unit_api_map_batch unit_api_threads unit_api_lifetime"
status=0

for preset in dev asan tsan; do
    dir=build
    [ "$preset" = dev ] || dir=build/$preset
    cmake --preset "$preset" >/dev/null &&
        # shellcheck disable=SC2086
        cmake --build "$dir" -j "${JOBS:-2}" --target $soaks $units >/dev/null || exit 1
    for program in $soaks $units; do
        argument=
        case $soaks in *$program*) argument=$share ;; esac
        echo "== $preset: $program $argument"
        # shellcheck disable=SC2086
        "$dir/test/$program" $argument 2>&1 | grep -v '^\[ *\(RUN\|OK\)' || true
        [ "${PIPESTATUS[0]}" = 0 ] || status=1
    done
done
[ $status = 0 ] && echo "nothing found" || echo "FAILED"
exit $status
