#!/bin/bash
# A compiler launcher for CMake: lets clang read a file for its warnings before another compiler
# compiles it.
#
#     with_clang.sh CLANG COMPILER ARGUMENT...
set -eu
clang=$1
shift
arguments=()
compiles=
for ((i = 2; i <= $#; i++)); do
    case ${!i} in
    -c) compiles=1 ;;
    -o | -MF | -MT | -MQ) i=$((i + 1)) ;; # what the compiler writes
    -MD) ;;
    *) arguments+=("${!i}") ;;
    esac
done
[ -z "$compiles" ] || "$clang" -fsyntax-only "${arguments[@]}"
exec "$@"
