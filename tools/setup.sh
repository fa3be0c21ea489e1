#!/bin/bash
# Installs the Debian packages that a part of the work needs, and only those that are missing.
# With nothing missing it touches neither apt nor the network.  What a part can do without, and
# says that it skips, is installed where apt has it.
#
#     tools/setup.sh GROUP...      groups: build test demo corpora bench fuzz format proofs all
#
# Needs root or sudo when something is missing.  SKEP_NO_SETUP=1 switches it off.
set -eu

build="gcc libc6-dev make cmake ninja-build pkgconf libpcap-dev libjansson-dev"
clang="clang-19 llvm-19 libclang-rt-19-dev"
bpf="$clang libbpf-dev linux-libc-dev"
arm64="gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user"
declare -A packages=(
    [build]="$build"
    [test]="$build $bpf g++ libcmocka-dev python3 universal-ctags clang-format-14"
    [demo]="$build $bpf"
    [bench]="$build $bpf"
    [fuzz]="$build $clang libcmocka-dev"
    [format]="clang-format-14"
    [proofs]="g++ libz3-dev"
    [corpora]="$build $bpf libcmocka-dev python3 dpkg-dev bpftool xz-utils libelf-dev zlib1g-dev util-linux"
)
packages[all]="${packages[*]}"
declare -A optional=( # llvm-22: what LLVM 19 does not know yet; Debian 12 has it as a security update
                       # the arm64 ones: the tests on another CPU
                       # libcapstone-dev: machine code as text in skep dump --jit; gdb: backtraces
    [build]="libcapstone-dev"
    [test]="llvm-22 gdb $arm64"
    [all]="llvm-22 libcapstone-dev gdb $arm64"
)

usage() {
    echo "usage: tools/setup.sh {build|test|demo|corpora|bench|fuzz|format|proofs|all}..." >&2
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

# Those among "$@" that apt has.
available_of() {
    [ $# = 0 ] || apt-cache policy "$@" 2>/dev/null |
        awk '/^[^ ]/ { sub(/:$/, ""); name = $0 } $1 == "Candidate:" && $2 != "(none)" { print name }'
}

install() {
    echo "tools/setup.sh: installing $*"
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq -y --no-install-recommends install "$@" >"$work/log" 2>&1
}

[ $# -gt 0 ] || usage
[ -z "${SKEP_NO_SETUP:-}" ] || exit 0
wanted=() extras=()
for group in "$@"; do
    [ -n "${packages[$group]:-}" ] || usage
    read -ra names <<<"${packages[$group]}"
    wanted+=("${names[@]}")
    read -ra names <<<"${optional[$group]:-}"
    extras+=("${names[@]}")
done
if ! command -v dpkg-query >/dev/null; then
    echo "tools/setup.sh: not a Debian system; what is needed here goes by these names there:"
    printf '%s\n' "${wanted[@]}" | sort -u | xargs echo "   "
    exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mapfile -t missing < <(missing_of "${wanted[@]}")
if [ ${#missing[@]} -gt 0 ]; then
    if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
        echo "tools/setup.sh: installing packages needs root, and there is no sudo; run as root:" >&2
        echo "    apt-get install --no-install-recommends ${missing[*]}" >&2
        exit 1
    fi
    as_root apt-get -qq update
    install "${missing[@]}" || { tail -20 "$work/log" >&2; exit 1; }
fi
[ ${#extras[@]} -gt 0 ] || exit 0
mapfile -t missing < <(missing_of "${extras[@]}")
mapfile -t found < <(available_of "${missing[@]}")
[ ${#found[@]} = 0 ] || install "${found[@]}" ||
    echo "tools/setup.sh: going on without ${found[*]}: $(tail -1 "$work/log")"
