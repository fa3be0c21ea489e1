#!/bin/bash
# Looks at the kernel's own verifier tests: all of them, some, or one with its source, what it expects,
# the running kernel's log and what Skep says, side by side.
#
#     tools/kernel_tests.sh                       the table
#     tools/kernel_tests.sh --list rejects        which ones; also accepts, retval, unsupported, kernel
#     tools/kernel_tests.sh --only verifier_and:  the tests whose name contains this; of up to three, all
#
# test/corpora/kernel_tests.py lists the options.  The first time it downloads and builds (corpora.sh).
set -u
cd "$(dirname "$0")/.."
[ -f build/CMakeCache.txt ] || cmake --preset dev >/dev/null || exit 1
cmake --build build -j "${JOBS:-2}" --target corpora_kernel_skep >/dev/null || exit 1
exec test/corpora/kernel_tests.py build "$@"
