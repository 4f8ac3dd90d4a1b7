#!/usr/bin/env bash
# Every fuzz target for FUZZ_SECONDS=60; FUZZ_NAMES="query http mcp glob" picks some.
set -euo pipefail

cd "$(dirname "$0")/.."
unset MAKEFLAGS MAKELEVEL # of the make that runs this: its jobs are not for others
exec make --no-print-directory do-fuzz ${FUZZ_NAMES:+FUZZ_NAMES="$FUZZ_NAMES"}
