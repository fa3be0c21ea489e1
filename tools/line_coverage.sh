#!/bin/bash
# Prints the line coverage of src/, by folder and file, from clang's profiles.
#
#     tools/line_coverage.sh PROFILE_FOLDER PROGRAM...
set -eu
src=$(cd "$(dirname "$0")/.." && pwd)/src
profiles=$1
shift
objects=("$1")
for program in "${@:2}"; do
    objects+=(-object "$program")
done

llvm-profdata-19 merge -o "$profiles/all.profdata" "$profiles"/*.profraw
echo "== line coverage: folder or file, lines, of these run, percent"
llvm-cov-19 report -instr-profile "$profiles/all.profdata" "${objects[@]}" -sources "$src" |
    awk '
        function row(name, lines, missed) {
            if (lines)
                printf "%-40s %7d %7d %6.1f\n", name, lines, lines - missed,
                       100 * (lines - missed) / lines
        }
        $1 ~ /\.[ch]$/ {
            sub(/^.*src\//, "", $1)
            folder = $1
            sub(/\/.*/, "/", folder)
            row($1, $8, $9)
            lines[folder] += $8
            missed[folder] += $9
        }
        END {
            for (folder in lines)
                if (folder ~ /\//)
                    row(folder, lines[folder], missed[folder])
        }' | sort
