#!/bin/bash
# Installs the Debian packages that a part of the work needs, and only those that are missing.
# With nothing missing it touches neither apt nor the network.
#
#     tools/setup.sh GROUP...      groups: build test demo corpora bench fuzz format all
#
# Needs root or sudo when something is missing.  SKEP_NO_SETUP=1 switches it off.
set -eu

build="gcc libc6-dev make cmake ninja-build pkgconf libpcap-dev libjansson-dev"
clang="clang-19 llvm-19 libclang-rt-19-dev"
bpf="$clang libbpf-dev linux-libc-dev"
declare -A packages=(
    [build]="$build"
    [test]="$build $bpf g++ libcmocka-dev python3 universal-ctags clang-format-14"
    [demo]="$build $bpf"
    [bench]="$build $bpf"
    [fuzz]="$build $clang libcmocka-dev"
    [format]="clang-format-14"
    [corpora]="$build $bpf llvm-22 libcmocka-dev python3 dpkg-dev bpftool xz-utils"
)
packages[all]="${packages[*]}"

usage() {
    echo "usage: tools/setup.sh {build|test|demo|corpora|bench|fuzz|format|all}..." >&2
    exit 2
}

# The packages among "$@" that are not installed, one per line.
missing_of() {
    printf '%s\n' "$@" | sort -u >"$work/wanted"
    dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
        sed -n 's/^installed //p' | sort -u >"$work/installed"
    comm -23 "$work/wanted" "$work/installed"
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

[ $# -gt 0 ] || usage
[ -z "${SKEP_NO_SETUP:-}" ] || exit 0
wanted=()
for group in "$@"; do
    [ -n "${packages[$group]:-}" ] || usage
    read -ra names <<<"${packages[$group]}"
    wanted+=("${names[@]}")
done
if ! command -v dpkg-query >/dev/null; then
    echo "tools/setup.sh: not a Debian system; what is needed here goes by these names there:"
    printf '%s\n' "${wanted[@]}" | sort -u | xargs echo "   "
    exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mapfile -t missing < <(missing_of "${wanted[@]}")
[ ${#missing[@]} -gt 0 ] || exit 0
if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
    echo "tools/setup.sh: installing packages needs root, and there is no sudo; run as root:" >&2
    echo "    apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
fi
echo "tools/setup.sh: installing ${missing[*]}"
as_root apt-get -qq update
as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -qq -y --no-install-recommends install "${missing[@]}" >"$work/log" 2>&1 ||
    { tail -20 "$work/log" >&2; exit 1; }
