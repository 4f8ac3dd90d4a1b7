#!/usr/bin/env bash
# SIGKILL of workers and supervisors at random moments, while heads move: every store stays sound.
#
#   KILLS=200 SEED=1 PAGES=3000 SOURCES=3 heavy-tests/kill_storm.sh
#
# A round starts a supervisor, waits a random moment, and kills: the supervisor, one worker, or all
# at once. Between rounds heads move on or back, or a store is removed; now and then all goes well
# once, to the end. At the end nothing may be left
# running, and one undisturbed run must bring every store to its head, page for page. Most kills must
# have hit a worker at work, else it fails.
# shellcheck source=heavy-tests/lib.sh
. "$(dirname "$0")/lib.sh"

: "${KILLS:=200}" "${SEED:=$RANDOM}" "${PAGES:=3000}" "${SOURCES:=3}"

ids=()
for ((i = 1; i <= SOURCES; i++)); do
    ids+=("k$i")
done
RANDOM=$SEED
# Only a seeded wait for a random moment: nobody ever writes into it.
mkfifo "$TEST_DIR/never"
exec {never}<>"$TEST_DIR/never"

wait_ms() {
    read -r -t "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))" -u "$never" || true
}

hit=0       # kills that ended at least one living worker in the middle of its work
hit_alone=0 # of these, such of a supervisor alone
idle=0      # kills that came before a worker was there or after the last had ended
round=0

# workers: pids of living workers of this home (git children carry the mark too).
workers() {
    local pid
    for pid in $(marked); do
        [ "$(cat "/proc/$pid/comm" 2>/dev/null)" != lattice-worker ] || echo "$pid"
    done
}

# Each source in turn gets changes, renames, deletes, new pages; one in four goes back to the start.
move_heads() {
    local id
    round=$((round + 1))
    for id in "${ids[@]}"; do
        if [ $((RANDOM % 4)) -eq 0 ]; then
            set_head "$id" refs/start
        else
            next_commit "$id" "$PAGES" --round "$round" --change $((PAGES / 5)) --add 100
        fi
    done
}

# A home that starts anew makes first syncs long enough to be hit.
forget_one() {
    local id=${ids[RANDOM % SOURCES]}
    rm -rf "$LATTICE_HOME/sources/$id"
}

# storm_round: one supervisor, one kill.
storm_round() {
    local alive what=$((RANDOM % 3)) which=$RANDOM
    start supervise "$SUPERVISE" --all --timeout 60s --jobs "$SOURCES"
    wait_ms $((RANDOM % LONGEST_MS))
    mapfile -t alive < <(workers)
    case $what in
    0) kill -KILL "$STARTED" 2>/dev/null || true ;;
    1)
        [ ${#alive[@]} -eq 0 ] || kill -KILL "${alive[which % ${#alive[@]}]}" 2>/dev/null || true
        ;;
    2)
        # shellcheck disable=SC2046 # a list of pids
        kill -KILL "$STARTED" $(marked) 2>/dev/null || true
        ;;
    esac
    if [ ${#alive[@]} -eq 0 ]; then
        idle=$((idle + 1))
    else
        hit=$((hit + 1))
        [ "$what" -ne 0 ] || hit_alone=$((hit_alone + 1))
    fi
    wait_exit "$STARTED" 2>/dev/null # the shell would say "Killed"
    started=()                       # a pid may be somebody else's soon
    [ "$what" -ne 0 ] || wait_workers_gone "${alive[@]}"
    # Before the next round may remove it: a store that a kill damaged.
    [ -z "$(find "$LATTICE_HOME/sources" -name '*.damaged')" ] || fail 'a store was set aside as damaged'
}

# A supervisor that is killed takes its workers with it, within a second; this machine may be busy.
wait_workers_gone() {
    local pid
    for pid in "$@"; do
        wait_gone "$pid" 10
    done
}

expect_nothing_left() {
    local left pid
    # What is dying at this moment has a second, as after any kill of a supervisor.
    for pid in $(marked); do
        wait_gone "$pid" 1
    done
    left=$(marked)
    [ -z "$left" ] || {
        ps -o pid,ppid,stat,etime,args -p "$(tr '\n' ',' <<<"${left%$'\n'}" | sed 's/,$//')" >&2
        fail 'processes are left running'
    }
}

look_at_stores() {
    local id
    expect_nothing_left
    for id in "${ids[@]}"; do
        expect_lock_free "$id"
        [ -e "$(store_of "$id")" ] || continue
        expect_equal "$(sql "$id" 'PRAGMA integrity_check')" ok "$id: integrity_check"
    done
}

finish() {
    local id
    expect_exit 0 "$SUPERVISE" --all --timeout 10m
    for id in "${ids[@]}"; do
        expect_at_head "$id"
        expect_equal_git "$id"
        expect_sound "$id"
        expect_lock_free "$id"
    done
    [ -z "$(find "$LATTICE_HOME/sources" -name '*.damaged')" ] || fail 'a store was set aside as damaged'
    expect_nothing_left
}

echo "-- $KILLS kills, SEED=$SEED, $SOURCES repositories of $PAGES pages"
new_repos "$PAGES" "${ids[@]}"
new_home storm "${ids[@]}"
expect_exit 0 "$SUPERVISE" --all --timeout 10m --jobs "$SOURCES"
: "${LONGEST_MS:=$(sql "${ids[0]}" 'SELECT duration_ms / 2 FROM run')}" # of the waits before a kill
say "kills come within ${LONGEST_MS}ms of a supervisor's start"
for ((i = 1; i <= KILLS; i++)); do
    # Always work to do, so that there is a worker to hit.
    if [ $((i % 2)) -eq 0 ]; then move_heads; else forget_one; fi
    storm_round
    if [ $((i % 25)) -eq 0 ]; then
        look_at_stores
        finish
        say "$i kills: $hit hit workers at work ($hit_alone by ending their supervisor alone), $idle hit none; all stores at head"
    fi
done
look_at_stores
finish
say "$hit of $KILLS kills hit workers at work, $hit_alone of these by ending their supervisor alone"
[ "$hit" -ge $((KILLS / 2)) ] || fail "only $hit of $KILLS kills hit a worker at work: lower LONGEST_MS or raise PAGES"
[ "$KILLS" -lt 30 ] || [ "$hit_alone" -gt 0 ] || fail 'no supervisor was killed alone over living workers'
