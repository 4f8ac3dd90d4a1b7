#!/usr/bin/env bash
# Runs long tests one after the other: heavy.sh FOLDER-OF-PROGRAMS SCRIPT...; goes on after one that fails, names at
# the end those that did, and fails then. Ctrl-C ends the whole.
set -euo pipefail

LATTICE_BIN=$(cd "$1" && pwd -P)
LATTICE_ROOT=$(cd "$(dirname "$0")/.." && pwd -P)
export LATTICE_BIN LATTICE_ROOT
shift
[ $# -gt 0 ] || { echo 'error: there is nothing to run in heavy-tests/' >&2 && exit 1; }
trap 'exit 130' INT
trap 'exit 143' TERM

# took SECONDS
took() {
    printf '%d:%02d:%02d' $(($1 / 3600)) $(($1 / 60 % 60)) $(($1 % 60))
}

passed=0
failed=()
SECONDS=0
for script in "$@"; do
    began=$SECONDS
    echo "== $script"
    if bash -euo pipefail "$script"; then
        passed=$((passed + 1))
        verdict=passed
    else
        failed+=("$script")
        verdict=FAILED
    fi
    echo "== $script: $verdict in $(took $((SECONDS - began)))"
done
[ ${#failed[@]} -eq 0 ] || printf 'FAILED %s\n' "${failed[@]}"
echo "$passed passed, ${#failed[@]} failed in $(took "$SECONDS")"
[ ${#failed[@]} -eq 0 ]
