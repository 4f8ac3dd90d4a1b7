#!/usr/bin/env bash
# Cut by its deadline again and again, a sync loses nothing, repeats nothing and comes to its end.
#
#   PAGES=10000 SOURCES=4 WAVES=3 heavy-tests/sync_timeout_rescue.sh
#
# One uninterrupted sync is measured, and a timeout derived from it that no source can meet in one
# wave, while WAVES of them suffice. If a source meets it in its first wave all the same, the machine
# was faster than when it was measured: measured again, up to TRIES=4 times, then it fails. The same
# if the waves do not suffice: only a machine that got slower makes that harmless.
# shellcheck source=heavy-tests/lib.sh
. "$(dirname "$0")/lib.sh"

: "${PAGES:=10000}" "${SOURCES:=4}" "${WAVES:=3}" "${TRIES:=4}"
[ "$WAVES" -ge 2 ] || fail 'WAVES must be 2 or more: one wave cannot be cut and suffice'

ids=()
for ((i = 1; i <= SOURCES; i++)); do
    ids+=("s$i")
done

each() {
    local id
    for id in "${ids[@]}"; do
        "$1" "$id" "${@:2}"
    done
}

# --- measuring ------------------------------------------------------------------------------------

# Uninterrupted time of one source, all of them running as they will: the shortest, in ms.
calibrate() {
    new_home "calibration-$1" "${ids[@]}"
    expect_exit 0 "$SUPERVISE" --all --waves 1 --timeout 30m
    each sql 'SELECT duration_ms FROM run' | sort -n | head -n 1
    rm -rf "$LATTICE_HOME"
}

# The worker is asked to stop at three quarters of its timeout. With 3 waves that is two thirds of the
# uninterrupted time: a machine that got a third faster would meet it, one half as fast would need
# another wave.
derive_timeout() {
    timeout_ms=$(($1 * (WAVES + 1) * 2 / (3 * WAVES)))
}

# --- what must hold after a wave ------------------------------------------------------------------

run_rows() {
    sql "$1" "SELECT count(*), sum(outcome = 'partial'), sum(added), sum(changed), sum(deleted), sum(renamed)
        FROM run"
}

expect_first_partial() {
    local first
    first=$(sql "$1" 'SELECT outcome FROM run ORDER BY seq LIMIT 1')
    case $first in
    partial) ;;
    ok) return 1 ;;
    *) fail "$1: its first run was '$first', expected partial" ;;
    esac
}

# Each page was imported once: what all runs added is what there is.
expect_no_repeat() {
    local runs partial added changed deleted renamed pages
    IFS='|' read -r runs partial added changed deleted renamed <<<"$(run_rows "$1")"
    pages=$(sql "$1" 'SELECT pages FROM sync_state')
    [ $((added - deleted)) -eq "$pages" ] ||
        fail "$1: $runs runs added $added and deleted $deleted, but there are $pages pages"
    [ "$changed" -le "$2" ] || fail "$1: $changed pages were imported again, $2 changed in git"
}

# Where nothing is deleted in git, no run ends with fewer pages than the one before.
expect_never_backwards() {
    local back
    back=$(sql "$1" 'SELECT count(*) FROM (SELECT pages < lag(pages) OVER (ORDER BY seq) AS fewer FROM run)
        WHERE fewer')
    expect_equal "$back" 0 "$1: runs that ended with fewer pages"
}

# One cron-like invocation; $1 is how many pages changed in git so far.
wave() {
    local changed=$1 id
    for id in "${ids[@]}"; do
        [ ! -e "$(store_of "$id")" ] || remember "$id"
    done
    run "$SUPERVISE" --all --waves 1 --timeout "${timeout_ms}ms"
    [ "$CODE" -eq 0 ] || [ "$CODE" -eq 3 ] || { show "$OUT" "$ERR" && fail "exit code $CODE, expected 0 or 3"; }
    for id in "${ids[@]}"; do
        [ -e "$(store_of "$id")" ] || fail "$id: no store after a wave"
        [ ! -e "$TEST_DIR/$id.pages" ] || expect_no_loss "$id"
        expect_no_repeat "$id" "$changed"
    done
    say "wave: $(tail -n 1 "$OUT")"
}

expect_done() {
    each expect_equal_git
    each expect_sound
}

all_at_head() {
    local id
    for id in "${ids[@]}"; do
        at_head "$id" || return 1
    done
}

# Further waves until all are at main, at most $1; $2 is how many pages changed in git.
waves_until_done() {
    local left=$1
    while ! all_at_head; do
        [ "$left" -gt 0 ] || return 1
        wave "$2"
        left=$((left - 1))
    done
    expect_done
}

fresh() {
    each set_head refs/start
    rm -rf "$TEST_DIR"/homes "$TEST_DIR"/*.pages
    new_home "$1" "${ids[@]}"
}

# The first wave of a variant: false if a source finished in it.
first_wave() {
    local id
    wave "$1"
    for id in "${ids[@]}"; do
        expect_first_partial "$id" || return 1
    done
}

# --- variants: each is false if its timeout did not fit ---------------------------------------------

invocations() {
    fresh invocations
    first_wave 0 && waves_until_done $((WAVES - 1)) 0 || return 1
    each expect_never_backwards
}

one_invocation() {
    fresh one-invocation
    run "$SUPERVISE" --all --waves "$WAVES" --timeout "${timeout_ms}ms"
    [ "$CODE" -eq 0 ] || [ "$CODE" -eq 3 ] || { show "$OUT" "$ERR" && fail "exit code $CODE, expected 0 or 3"; }
    say "$(tail -n 1 "$OUT")"
    local id
    for id in "${ids[@]}"; do
        expect_first_partial "$id" || return 1
        expect_no_repeat "$id" 0
        expect_never_backwards "$id"
    done
    all_at_head && expect_done
}

# The new commit asks for a little more work: one more wave may be needed.
head_moves() {
    fresh head-moves
    first_wave 0 || return 1
    each next_commit "$PAGES" --round 1 --change 60 --rename 40 --delete 40 --add 40
    wave 60
    each next_commit "$PAGES" --round 2 --change 60 --rename 40 --delete 40 --add 40
    waves_until_done "$WAVES" 120
}

# cut_towards_head DIVISOR: a run with that part of the timeout; false for a source that got through.
cut_towards_head() {
    local whole=$timeout_ms id
    timeout_ms=$((whole / $1))
    each remember
    run "$SUPERVISE" --all --waves 1 --timeout "${timeout_ms}ms"
    timeout_ms=$whole
    say "cut: $(tail -n 1 "$OUT")"
    [ "$CODE" -eq 3 ] || return 1
    each expect_no_loss
    for id in "${ids[@]}"; do
        [ "$(sql "$id" 'SELECT target FROM sync_state')" = "$(git -C "$REPOS/$id.git" rev-parse main)" ] || return 1
    done
}

# The head goes on, a run towards it is cut, and the head comes back: pages of the abandoned commit
# would stay for ever in a store that compares its bookmark only.
head_is_reverted() {
    fresh head-is-reverted
    first_wave 0 || return 1
    each next_commit "$PAGES" --round 1 --change 60 --rename 40 --delete 40 --add 40
    cut_towards_head 3 || return 1
    each set_head refs/start
    waves_until_done "$WAVES" 120 || return 1
    # Now from a bookmark: a third of all pages is new text, so that a run is cut half-way.
    each next_commit "$PAGES" --round 1 --change $((PAGES / 3)) --rename 40 --delete 40 --add 40
    cut_towards_head 2 || return 1
    each set_head refs/start
    waves_until_done "$WAVES" $((120 + 2 * (PAGES / 3)))
}

directory_is_renamed() {
    fresh directory-is-renamed
    first_wave 0 || return 1
    local before=() id i=0
    for id in "${ids[@]}"; do
        before+=("$(sql "$id" 'SELECT pages FROM sync_state')")
    done
    each next_commit "$PAGES" --round 1 --folder archive --change 60
    waves_until_done "$WAVES" 60 || return 1
    for id in "${ids[@]}"; do
        local renamed
        renamed=$(sql "$id" 'SELECT sum(renamed) FROM run')
        [ "$renamed" -ge $((before[i] - 60)) ] ||
            fail "$id: ${before[i]} pages were there when their folder was renamed, $renamed kept their identity"
        i=$((i + 1))
    done
}

# --- all of it --------------------------------------------------------------------------------------

attempt() {
    local variant=$1 try whole
    for ((try = 1; try <= TRIES; try++)); do
        whole=$(calibrate "$try")
        derive_timeout "$whole"
        echo "-- ${variant//_/ }: ${whole}ms uninterrupted, timeout ${timeout_ms}ms"
        if "$variant"; then
            return 0
        fi
        say "the timeout did not fit; measured again"
    done
    fail "$variant: after $TRIES measurements no timeout cut every first wave and let $WAVES waves suffice"
}

echo "-- $SOURCES repositories of $PAGES pages"
new_repos "$PAGES" "${ids[@]}"
for variant in invocations one_invocation head_moves head_is_reverted directory_is_renamed; do
    [[ $variant =~ ${VARIANT:-.} ]] || continue
    attempt "$variant"
done
