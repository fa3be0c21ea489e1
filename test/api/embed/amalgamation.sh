#!/bin/bash
# The amalgamation compiles with each compiler, its header as C++ too, and a program embeds it.
#
#     amalgamation.sh WORK_FOLDER
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../../..
rm -rf "$1" && mkdir -p "$1" && cd "$1"
python3 "$root/tools/amalgamate.py" .

for cc in gcc clang-19; do
    command -v $cc >/dev/null || { echo "no $cc here"; continue; }
    $cc -O0 -Werror -c skep.c -o skep-$cc.o
    $cc -Wall -DSKEP_AMALGAMATION -I. "$here/embed.c" skep-$cc.o -pthread -o embed-$cc
    ./embed-$cc
done
for cxx in g++ clang++-19; do
    command -v $cxx >/dev/null || { echo "no $cxx here"; continue; }
    $cxx -std=c++11 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -x c++ skep.h
done
