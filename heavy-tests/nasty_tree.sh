#!/usr/bin/env bash
# Workers whose git does everything not to die: no survivor in any tier, and the slot free at once.
#
#   ROUNDS=500        runs of a worker in each tier
#   KILLED=20         times that the supervisor is killed with SIGKILL, in each tier
#   TIERS='cgroup subreaper marker'   those that cannot be had here are named and left out
#   TIMEOUT=800ms GRACE=10ms JOBS=4  of each run; both processors are loaded meanwhile
#
# The marker tier is exempt from the kinds that it cannot see: `clear` leaves it no mark, and `hop` has another process
# number whenever it is looked at. Fails if it was vacuous: if the programs did not get to their worst before the deadline.
set -euo pipefail
: "${ROUNDS:=500}" "${KILLED:=20}" "${TIERS:=cgroup subreaper marker}"
: "${TIMEOUT:=800ms}" "${GRACE:=10ms}" "${JOBS:=4}"
here=$(dirname "$0")
# shellcheck source=heavy-tests/lib_nasty.sh
. "$here/lib_nasty.sh"

ALL=(deaf session daemon stop respawn clear pipe hop)
SEEN_BY_MARK=(deaf session daemon stop respawn pipe)
work=$(mktemp -d)
failed=0

clean_up() {
    unload
    # What a failed round left ends by itself within a minute; its folder must not go before.
    [ ! -e "$work/lock" ] || none_alive 70 || true
    rm -rf "$work"
}
trap clean_up EXIT

bad() {
    echo "  FAILED: $*"
    failed=1
}

kinds_of() {
    if [ "$1" = marker ]; then
        KINDS=("${SEEN_BY_MARK[@]}")
    else
        KINDS=("${ALL[@]}")
    fi
}

# Who is alive although the slot is free, by source of their mark.
name_survivors() {
    local environ
    for environ in /proc/[0-9]*/environ; do
        { tr '\0' '\n' <"$environ"; } 2>/dev/null | sed -n 's/^LATTICE_MARK=[^:]*:[^:]*:\([^:]*\):.*/    survivor: \1/p' || true
    done | sort | uniq -c
}

deadlines() {
    local tier=$1 done_rounds=0 killed=0 median max count
    : >"$DIR/latency"
    : >"$DIR/latency.why"
    : >"$COUNT"
    touch "$DIR/hold" # the worker is kept stopped: all is left to the supervisor
    while [ "$done_rounds" -lt "$ROUNDS" ]; do
        nasty_wave "$TIMEOUT" "$GRACE" "$JOBS"
        if ! none_alive 0; then
            bad "$tier: something is alive after its slot was free"
            name_survivors
            none_alive 70 || true
        fi
        killed=$((killed + $(grep -c '"kill_stage": "kill' "$DIR/out" || true)))
        done_rounds=$((done_rounds + ${#KINDS[@]}))
    done
    read -r median _ max count < <(percentiles "$DIR/latency")
    rm "$DIR/hold"
    local reached
    reached=$(stat -c %s "$COUNT")
    echo "  $done_rounds runs, $killed killed, $reached got to their worst; slot free after its deadline: $(
        percentiles "$DIR/latency" | awk '{ printf "p50 %s ms, p99 %s ms, max %s ms", $1, $2, $3 }')"
    echo "  the longest: $(sort -n "$DIR/latency.why" | tail -n 1); load $(cut -d ' ' -f 1-3 /proc/loadavg)"
    # A loaded machine may keep a few from starting in time; more of them would make this a test of nothing.
    [ "$killed" -ge $((done_rounds * 9 / 10)) ] || bad "$tier: vacuous: only $killed of $done_rounds were killed"
    [ "$reached" -ge $((done_rounds * 9 / 10)) ] || bad "$tier: vacuous: only $reached of $done_rounds programs were at work"
    [ "$count" -ge $((done_rounds * 9 / 10)) ] || bad "$tier: vacuous: only $count latencies"
    [ "$count" -eq 0 ] || [ "$median" -lt 250 ] || bad "$tier: the median is not below 250 ms"
    [ "$count" -eq 0 ] || [ "$max" -lt 1000 ] || bad "$tier: the longest is not below 1 s"
}

# The supervisor is killed with SIGKILL while all kinds are at work.
killed_supervisor() {
    local tier=$1 i pid gone=0 swept=0 kind args=()
    for kind in "${KINDS[@]}"; do
        args+=(--source "$kind")
    done
    for ((i = 0; i < KILLED; i++)); do
        : >"$COUNT"
        PATH=$DIR/bin:$PATH "$SUPERVISE" "${args[@]}" --timeout 30s --jobs ${#KINDS[@]} --waves 1 >"$DIR/out" 2>"$DIR/err" &
        pid=$!
        # shellcheck disable=SC2016 # for the inner shell
        timeout 20 sh -c 'until [ "$(stat -c %s "$1")" -ge "$2" ]; do sleep 0.02; done' - "$COUNT" ${#KINDS[@]} ||
            bad "$tier: vacuous: not all were at work"
        kill -KILL "$pid"
        wait "$pid" 2>/dev/null || true
        if none_alive 1; then
            gone=$((gone + 1))
            continue
        fi
        # The next start ends the rest before it works.
        touch "$DIR/behave"
        PATH=$DIR/bin:$PATH "$SUPERVISE" "${args[@]}" --waves 1 >"$DIR/out" 2>"$DIR/err" || true
        rm "$DIR/behave"
        if none_alive 0; then
            swept=$((swept + 1))
        else
            bad "$tier: the next start left something alive"
            name_survivors
            none_alive 70 || true
        fi
    done
    echo "  supervisor killed $KILLED times: all gone within 1 s $gone times, ended by the next start $swept times"
    [ "$tier" = marker ] || [ "$gone" -eq "$KILLED" ] || bad "$tier: something outlived the supervisor by more than 1 s"
}

load_both
for tier in $TIERS; do
    export LATTICE_CONTAINMENT=$tier
    kinds_of "$tier"
    nasty_home "$work" "${KINDS[@]}"
    if ! "$SUPERVISE" status >"$work/status" 2>&1 || ! grep -q "^containment: $tier" "$work/status"; then
        echo "tier $tier: cannot be had here: $(grep -m 1 -e containment -e CONTAINMENT "$work/status" || true)"
        [ "$tier" = cgroup ] || bad "$tier: this tier is had everywhere"
        continue
    fi
    echo "tier $tier: $(sed -n 's/^containment: //p' "$work/status"); kinds: ${KINDS[*]}"
    deadlines "$tier"
    killed_supervisor "$tier"
done
exit "$failed"
