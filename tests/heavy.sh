#!/usr/bin/env bash
# Runs long tests one after the other: heavy.sh FOLDER-OF-PROGRAMS SCRIPT...; fails if any of them fails.
set -euo pipefail

LATTICE_BIN=$(cd "$1" && pwd -P)
LATTICE_ROOT=$(cd "$(dirname "$0")/.." && pwd -P)
export LATTICE_BIN LATTICE_ROOT
shift
[ $# -gt 0 ] || { echo 'error: there is nothing to run in heavy-tests/' >&2 && exit 1; }

passed=0
failed=0
for script in "$@"; do
    echo "== $script"
    if bash -euo pipefail "$script"; then
        passed=$((passed + 1))
    else
        echo "FAILED $script"
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
