#!/usr/bin/env bash
# Kill latency: from a worker's hard deadline to the moment its last process is gone and its slot free, in ms.
# RUNS=80 for each tier. The worker is kept stopped and its git has left session, parent and environment.
set -euo pipefail
: "${RUNS:=80}" "${TIERS:=cgroup subreaper marker}"
# shellcheck source=heavy-tests/lib_nasty.sh
. "$(dirname "$0")/lib_nasty.sh"
work=$(mktemp -d)
trap 'none_alive 70 || true; rm -rf "$work"' EXIT

printf '%-34s %8s %8s %8s %6s\n' 'kill latency, ms' p50 p99 max runs
for tier in $TIERS; do
    export LATTICE_CONTAINMENT=$tier
    nasty_home "$work" deaf session daemon stop respawn pipe
    "$SUPERVISE" status >/dev/null 2>&1 || {
        echo "  tier $tier: cannot be had here"
        continue
    }
    touch "$DIR/hold"
    : >"$DIR/latency"
    for ((done = 0; done < RUNS; done += ${#KINDS[@]})); do
        nasty_wave 500ms 10ms 2
        none_alive 0 || {
            echo "error: tier $tier: something is alive after its slot was free" >&2
            exit 1
        }
    done
    read -r p50 p99 max count < <(percentiles "$DIR/latency")
    [ "$count" -ge $((RUNS / 2)) ] || {
        echo "error: tier $tier: only $count runs reached their hard deadline" >&2
        exit 1
    }
    printf '%-34s %8s %8s %8s %6s\n' "  tier $tier" "$p50" "$p99" "$max" "$count"
done
