# break-lock: whom it ends, whom it leaves alone, and what it says.
# shellcheck shell=bash disable=SC2016,SC2153 # lib.sh sets STARTED

# A synced source `notes` of three pages.
notes() {
    make_repo repo
    repo_pages repo 3
    repo_commit repo
    expect_exit 0 "$SUPERVISE" add notes "$TEST_DIR/repo"
    expect_exit 0 "$SUPERVISE" --all
}

json() {
    sqlite3 :memory: "SELECT json_extract(CAST(readfile('$OUT') AS TEXT), '\$.$1')"
}

start_time() {
    sed 's/.*) //' "/proc/$1/stat" | cut -d ' ' -f 20
}

# lock_row PID START AGE [SOURCE [NAMESPACE [HOST [BOOT]]]]: as a worker would leave it.
lock_row() {
    sqlite3 -batch "$LATTICE_HOME/sources/${4:-notes}/store.db" "
        REPLACE INTO lock VALUES(1, 'therun', '${6:-$(hostname)}',
            '${7:-$(cat /proc/sys/kernel/random/boot_id)}',
            ${5:-$(stat -Lc %i /proc/self/ns/pid)}, $1, $2, 'import', 12400, 61200,
            unixepoch() - 7200, unixepoch() - $3, 7)"
}

rows() {
    sql notes 'SELECT count(*) FROM lock'
}

# A worker of `notes` that ignores signals, last refreshed AGE seconds ago; in $STARTED. It leads a
# group with a sleep in it (pid in the file `mate`) that carries no mark.
wedged() {
    mkdir -p wedged
    cp "$TOOLS/hold_lock" wedged/lattice-worker
    start wedged bash -c 'sleep infinity & echo $! >mate; exec wedged/lattice-worker "$1"' - \
        "$LATTICE_HOME/sources/notes/writer.lock"
    wait_for_line wedged.out held 10
    lock_row "$STARTED" "$(start_time "$STARTED")" "$1"
}

test_a_dead_holder_is_broken_without_an_option() {
    notes
    lock_row 2147483000 1 3600
    expect_exit 0 "$SUPERVISE" break-lock --source notes
    expect_matches "$OUT" '^notes: broken: cleared the lock row of pid 2147483000 on .*, 1h old, phase import: its process is gone$'
    expect_contains "$ERR" 'info notes break-lock: broken: cleared the lock row'
    expect_equal "$(rows)" 0
}

test_nobody_holds_it_is_absent() {
    notes
    expect_exit 0 "$SUPERVISE" break-lock --all
    expect_equal "$(cat "$OUT")" 'notes: absent: nobody holds it'
    expect_exit 0 "$SUPERVISE" add later "$TEST_DIR/repo"
    expect_exit 0 "$SUPERVISE" break-lock --source later --force
    expect_equal "$(cat "$OUT")" 'later: absent: nothing is kept of it'
}

test_a_living_holder_is_refused_without_an_option() {
    notes
    wedged 3
    expect_exit 1 "$SUPERVISE" break-lock --all
    expect_matches "$OUT" "^notes: refused: pid $STARTED is alive \\(import, 12,400 of 61,200, last progress [34]s ago\\); --max-age"
    kill -0 "$STARTED"
    expect_equal "$(rows)" 1
}

test_a_worker_that_refreshes_is_safe_from_max_age() {
    notes
    wedged 3
    expect_exit 1 "$SUPERVISE" break-lock --all --max-age 10m
    expect_matches "$OUT" "^notes: refused: pid $STARTED is at work .*: refreshed within 10m$"
    kill -0 "$STARTED"
    expect_equal "$(rows)" 1
}

# limit: 90
test_a_wedged_worker_that_ignores_sigterm_is_ended_with_its_group_by_max_age() {
    notes
    wedged 3600
    expect_exit 0 "$SUPERVISE" break-lock --source notes --max-age 10m
    expect_matches "$OUT" "^notes: broken: ended pid $STARTED \\(import, .*last progress 1h ago\\) by SIGKILL and cleared its row$"
    wait_exit "$STARTED"
    expect_equal "$CODE" 137
    wait_gone "$(cat mate)" 0
    expect_equal "$(rows)" 0
    expect_exit 0 "$SUPERVISE" --all
}

test_force_ends_any_worker_and_says_forced() {
    notes
    repo_pages repo 5
    repo_commit repo
    mkdir hang
    printf '#!/bin/bash\ncase " $* " in *" cat-file "*) echo $$ >>%s; exec sleep infinity ;; esac\nexec %s "$@"\n' \
        "$TEST_DIR/git" "$(command -v git)" >hang/git
    chmod +x hang/git
    PATH=$TEST_DIR/hang:$PATH start hand "$WORKER" sync notes
    wait_for_line git . 10
    expect_exit 0 "$SUPERVISE" break-lock --source notes --force --json
    expect_equal "$(json 'locks[0].verdict')" forced
    expect_equal "$(json 'locks[0].pid')" "$STARTED"
    expect_equal "$(json refused)" 0
    wait_exit "$STARTED"
    wait_gone "$(head -n 1 git)" 0
    expect_equal "$(rows)" 0
    expect_exit 0 "$SUPERVISE" --all
    store_equals_git notes repo
}

# limit: 90
test_a_stopped_worker_is_ended() {
    notes
    wedged 3600
    kill -STOP -- "-$STARTED"
    expect_exit 0 "$SUPERVISE" break-lock --source notes --max-age 1s
    wait_exit "$STARTED"
    expect_equal "$CODE" 137
    wait_gone "$(cat mate)" 0
}

# limit: 90
test_what_a_wedged_worker_started_in_another_session_goes_too() {
    notes
    local mark
    mark=$(printf '%x:%x:notes:therun' "$(stat -c %d "$LATTICE_HOME")" "$(stat -c %i "$LATTICE_HOME")")
    wedged 3600
    local holder=$STARTED
    LATTICE_MARK=$mark start escaped setsid --fork bash -c 'echo $$ >escaped.pid; exec sleep infinity'
    wait_for_line escaped.pid . 10
    start stranger env LATTICE_MARK="${mark/notes/other}" sleep infinity
    local stranger=$STARTED
    expect_exit 0 "$SUPERVISE" break-lock --source notes --force
    wait_exit "$holder"
    wait_gone "$(cat escaped.pid)" 0
    kill -0 "$stranger"
}

# The row is of a dead run; the one who holds the lock has written none yet.
test_a_worker_without_a_row_is_found_by_the_kernel_lock() {
    notes
    wedged 3600
    lock_row 2147483000 1 3600
    expect_exit 1 "$SUPERVISE" break-lock --source notes --max-age 10m
    expect_matches "$OUT" "^notes: refused: pid $STARTED is at work \\(starting for "
    expect_exit 0 "$SUPERVISE" break-lock --source notes --force
    expect_matches "$OUT" "^notes: forced: ended pid $STARTED \\(starting for .* by SIGKILL and cleared its row$"
    wait_exit "$STARTED"
}

test_who_holds_the_lock_but_is_no_worker_is_never_ended() {
    notes
    start other "$TOOLS/hold_lock" "$LATTICE_HOME/sources/notes/writer.lock"
    wait_for_line other.out held 10
    expect_exit 1 "$SUPERVISE" break-lock --source notes --force
    expect_matches "$OUT" "^notes: refused: pid $STARTED \\(hold_lock\\) holds the lock and is no worker"
    kill -0 "$STARTED"
}

# The number lives again, but as somebody else: start time and boot decide.
test_a_reused_pid_is_not_the_holder() {
    notes
    start other sleep infinity
    lock_row "$STARTED" "$(($(start_time "$STARTED") - 1))" 3600
    expect_exit 0 "$SUPERVISE" break-lock --source notes --force
    expect_matches "$OUT" '^notes: broken: .*: its process is gone$'
    lock_row "$STARTED" "$(start_time "$STARTED")" 3600 notes '' '' 'another-boot'
    expect_exit 0 "$SUPERVISE" break-lock --source notes --force
    expect_matches "$OUT" '^notes: broken: .*: its process is gone$'
    kill -0 "$STARTED"
}

test_a_pid_that_the_kernel_gave_again_is_not_the_holder() {
    local next=/proc/sys/kernel/ns_last_pid dead start again try
    notes
    sleep infinity &
    dead=$!
    start=$(start_time "$dead")
    lock_row "$dead" "$start" 3600
    kill -KILL "$dead"
    wait "$dead" || true
    for try in 1 2 3 4 5 6 7 8 9 10; do
        echo "$((dead - 1))" 2>/dev/null >"$next" || skip "cannot write $next"
        sleep infinity &
        again=$!
        [ "$again" -ne "$dead" ] || break
        kill -KILL "$again" # a shell that has not come to its exec yet loses a SIGTERM
        wait "$again" || true
    done
    started+=("$again")
    [ "$again" -eq "$dead" ] || skip "pid $dead was not given again in $try tries"
    expect_exit 0 "$SUPERVISE" --all
    expect_matches "$ERR" "notes sweep: cleared the lock row of pid $dead on .*: its process is gone"
    lock_row "$dead" "$start" 3600
    expect_exit 0 "$SUPERVISE" break-lock --source notes --force
    expect_matches "$OUT" '^notes: broken: .*: its process is gone$'
    kill -0 "$again"
    kill "$again"
    wait "$again" || true
    started=()
}

test_a_holder_of_another_host_is_broken_once_its_kernel_lock_is_free() {
    notes
    lock_row 1 1 3600 notes 4026530000 elsewhere not-this-boot
    expect_exit 0 "$SUPERVISE" break-lock --source notes
    expect_contains "$OUT" 'notes: broken: '
    expect_contains "$OUT" 'it was on another host or in another container'
}

test_a_holder_in_another_container_is_refused() {
    notes
    unshare --pid --fork true 2>/dev/null || skip 'cannot make a pid namespace'
    mkdir wedged
    cp "$TOOLS/hold_lock" wedged/lattice-worker
    start wedged unshare --pid --fork --kill-child wedged/lattice-worker "$LATTICE_HOME/sources/notes/writer.lock"
    wait_for_line wedged.out held 10
    lock_row 1 1 3600 notes 4026530000 "$(hostname)"
    expect_exit 1 "$SUPERVISE" break-lock --source notes --force
    expect_matches "$OUT" '^notes: refused: it is held by pid 1 of host .*, of another host or container; end it there$'
}

test_sources_no_longer_configured_are_covered_by_all() {
    notes
    expect_exit 0 "$SUPERVISE" remove notes
    lock_row 2147483000 1 3600
    expect_exit 0 "$SUPERVISE" break-lock --all
    expect_contains "$OUT" 'notes: broken: '
    lock_row 2147483000 1 3600
    rm "$LATTICE_HOME/sources.json"
    expect_exit 0 "$SUPERVISE" break-lock --all
    expect_contains "$OUT" 'notes: broken: '
}

test_contradictions_are_usage_errors() {
    notes
    expect_exit 64 "$SUPERVISE" break-lock
    expect_exit 64 "$SUPERVISE" break-lock --all --source notes
    expect_exit 64 "$SUPERVISE" break-lock --all --force --max-age 1h
    expect_contains "$ERR" '--max-age and --force exclude each other'
    expect_exit 64 "$SUPERVISE" break-lock --all --max-age 0
    expect_exit 64 "$SUPERVISE" break-lock --source no-such
    expect_contains "$ERR" 'no source "no-such"'
    expect_exit 64 "$SUPERVISE" break-lock --source ../notes
}
