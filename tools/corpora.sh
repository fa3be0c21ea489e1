#!/bin/bash
# Runs Skep on programs and tests that nobody here wrote.  They come from Debian packages, which are
# downloaded once into a cache outside the tree: $SKEP_CORPORA, else $XDG_CACHE_HOME/skep, else
# ~/.cache/skep.  With a full cache no network is needed.
#
#     tools/corpora.sh [part...]      parts: the test/corpora/*.py that can be run (kernel-tests, …)
#
# Each part prints a table, and what it skips.  Exit status 1: something is not as it must be.
set -u
cd "$(dirname "$0")/.."
cmake --preset dev >/dev/null && cmake --build build -j "${JOBS:-2}" >/dev/null || exit 1

parts=("$@")
if [ ${#parts[@]} = 0 ]; then
    parts=(objects) # the others look at what it extracts
    for file in test/corpora/*.py; do
        part=$(basename "$file" .py)
        # The kernel's own tests have goals and an hour of their own: make kernel-tests.
        [ ! -x "$file" ] || [ "$part" = objects ] || [[ $part = kernel_* ]] || parts+=("$part")
    done
fi
status=0
for part in "${parts[@]//-/_}"; do
    echo "== $part"
    "test/corpora/$part.py" build || status=1
done
exit $status
