#!/usr/bin/env bash
# Fuzzes each target named for FUZZ_SECONDS; what it finds is kept in build/fuzz/found.
set -euo pipefail

cd "$(dirname "$0")/.."
: "${BUILD:=build}" "${FUZZ_SECONDS:=60}"
found=$BUILD/fuzz/found
mkdir -p "$found"
[ $# -gt 0 ] || { echo 'there is no tests/fuzz/fuzz_*.c yet' && exit 0; }

failed=0
for name in "$@"; do
    corpus=$BUILD/fuzz/corpus/$name # grows; what is worth keeping is moved to tests/fuzz/corpus by hand
    kept=tests/fuzz/corpus/$name
    mkdir -p "$corpus"
    folders=("$corpus")
    [ ! -d "$kept" ] || folders+=("$kept")
    dictionary=()
    [ ! -e "tests/fuzz/$name.dict" ] || dictionary=(-dict="tests/fuzz/$name.dict")
    echo "== $name, $FUZZ_SECONDS s"
    if ! "$BUILD/fuzz/fuzz_$name" "${folders[@]}" "${dictionary[@]}" -max_total_time="$FUZZ_SECONDS" \
        -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -verbosity=0 -artifact_prefix="$found/$name-"; then
        echo "FAILED $name: the input is in $found; copy it to $kept/ so that make check replays it" >&2
        failed=1
    fi
done
exit "$failed"
