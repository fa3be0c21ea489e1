#!/bin/bash
# Runs the benchmarks of build/release/bench and writes the figures into docs/performance.md, between
# its marks.  The kernel's column needs the right to load BPF programs (root).
set -eu
cd "$(dirname "$0")/.."
bench=build/release/bench
page=docs/performance.md
figures=$(mktemp)
maps=$(mktemp)
trap 'rm -f "$figures" "$maps" "$page.new"' EXIT

[ -x "$bench/run" ] || {
    echo "tools/bench.sh: $bench/run was not built: clang or libbpf is missing" >&2
    exit 1
}
processor() {
    sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1
}
{
    echo "$(processor), $(nproc) CPUs, Linux $(uname -r), $(clang-19 --version | head -1)."
    echo
    "$bench/run" --markdown
    echo
    "$bench/sizes" --markdown
    echo
    echo "| figure | value | spread | unit | command |"
    echo "|---|---:|---:|---|---|"
    "$bench/load" --markdown
    "$bench/guard" --markdown
    size -A build/release/libskep.so |
        awk '$1 == ".text" { print "| .text of the library | " $2 " | | bytes | `size -A build/release/libskep.so` |" }'
} >"$figures"

"$bench/map" --markdown >"$maps"

# Puts a file between the marks of that name.
put() {
    awk -v figures="$2" -v mark="$1" '
        index($0, "<!-- " mark " end") { inside = 0 }
        !inside { print }
        index($0, "<!-- " mark " begin") { inside = 1; while ((getline line < figures) > 0) print line }
    ' "$page" >"$page.new"
    mv "$page.new" "$page"
}
put figures "$figures"
put "map figures" "$maps"
cat "$figures" "$maps"
echo "written to $page"
