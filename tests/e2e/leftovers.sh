# Which worker looks for what earlier runs of its source left, and whom it spares.
# shellcheck shell=bash disable=SC2016,SC2153 # scripts for other shells; lib.sh sets CODE

# shellcheck source=tests/e2e/lib/worker.sh
. "$LATTICE_ROOT/tests/e2e/lib/worker.sh"

synced() {
    make_repo "$TEST_DIR/notes"
    repo_pages "$TEST_DIR/notes" 3
    repo_commit "$TEST_DIR/notes"
    add_source notes "$TEST_DIR/notes"
    [ "${1:-}" = never ] || sync_exits 0 'notes: ok, 3 pages' notes
}

# The mark of a run of the source notes.
mark() {
    printf '%s:%x:notes:00000000000000000000000000000009' \
        "$(stat -c %D "$LATTICE_HOME")" "$(stat -c %i "$LATTICE_HOME")"
}

# A process that an earlier run left, as far as its mark tells; its pid is in $LEFT.
leave_one() {
    start left env LATTICE_MARK="$(mark)" bash -c 'echo here; exec sleep infinity'
    LEFT=$STARTED
    wait_for_line "$TEST_DIR/left.out" here 10
}

leave_a_row() {
    sqlite3 -batch "$LATTICE_HOME/sources/notes/store.db" "INSERT INTO lock VALUES(1, 'dead', 'host',
        'boot', 1, 99, 5, 'import', 3, 9, strftime('%s') - 7, strftime('%s') - 7, 4)"
}

supervised_run() {
    supervise_as notes "$(job "$1")"
    wait_exit "$STARTED"
    expect_contains "$TEST_DIR/supervisor.out" 'exit 0'
}

expect_ended() {
    wait_gone "$LEFT" 0
    expect_contains "$1" 'notes lock: ended 1 process that an earlier run left'
}

test_a_worker_run_by_hand_always_looks() {
    synced
    leave_one
    sync_exits 0 'notes: unchanged' notes
    expect_ended "$ERR"
}

test_a_supervised_worker_looks_unless_it_is_told_that_its_supervisor_has() {
    synced
    leave_one
    supervised_run ''
    expect_ended "$TEST_DIR/supervisor.err"
}

test_a_supervised_worker_does_not_look_again_after_its_supervisor() {
    synced
    leave_one
    supervised_run '"swept":true'
    kill -0 "$LEFT" || fail 'it looked'
}

test_a_row_that_was_left_makes_a_supervised_worker_look_all_the_same() {
    synced
    leave_one
    leave_a_row
    supervised_run '"swept":true'
    expect_ended "$TEST_DIR/supervisor.err"
}

# Its row would be there if a run of it had not come to its end.
test_a_store_on_its_way_to_its_first_success_makes_no_worker_look_again() {
    synced
    sqlite3 -batch "$LATTICE_HOME/sources/notes/store.db" "UPDATE sync_state SET last_success_at = 0,
        target = bookmark, target_shape = bookmark_shape, bookmark = NULL, bookmark_shape = NULL"
    leave_one
    supervised_run '"swept":true'
    kill -0 "$LEFT" || fail 'it looked'
}

# A store that was never in step, or was set aside and made anew, cannot say what was left.
test_a_new_store_makes_a_supervised_worker_look_all_the_same() {
    synced never
    leave_one
    supervised_run '"swept":true'
    expect_ended "$TEST_DIR/supervisor.err"
}

test_a_worker_looks_before_its_first_git() {
    synced
    repo_write "$TEST_DIR/notes" more.md '# More\n'
    repo_commit "$TEST_DIR/notes"
    leave_one
    leave_a_row
    # One that was ended and not yet waited for is a zombie: it has no environment any more.
    wrap_git "! grep -qs . /proc/$LEFT/environ || echo early >>'$TEST_DIR/early'"
    supervised_run '"swept":true'
    expect_contains "$TEST_DIR/git.log" rev-parse
    [ ! -e "$TEST_DIR/early" ] || fail 'git ran beside what was left'
    expect_ended "$TEST_DIR/supervisor.err"
}

test_the_supervisor_looks_once_and_tells_its_workers() {
    synced
    leave_one
    expect_exit 0 "$SUPERVISE" --all
    expect_contains "$ERR" 'notes sweep: ended 1 process that an earlier run left'
    expect_not_contains "$ERR" 'notes lock:'
    wait_gone "$LEFT" 0
}

# It waits for its job: marked, and without the kernel lock.
test_a_worker_that_is_just_being_started_is_spared_by_one_run_by_hand() {
    synced
    mkfifo "$TEST_DIR/lifeline"
    # The control group that cannot be entered makes it say when it is there.
    start supervisor bash -c '
        exec 9<>"$1/lifeline"
        setsid env LATTICE_MARK="$3" LATTICE_CGROUP=/proc/nowhere "$2" sync --supervised notes \
            3>"$1/results" 4<"$1/lifeline" 9>&- &
        wait $!
        echo "exit $?"' - "$TEST_DIR" "$WORKER" "$(mark)"
    local supervisor=$STARTED
    wait_for_line "$TEST_DIR/supervisor.err" 'start: .*/proc/nowhere' 10
    leave_one
    sync_exits 0 'notes: unchanged' notes
    expect_ended "$ERR"
    job '' >"$TEST_DIR/lifeline"
    wait_exit "$supervisor"
    expect_contains "$TEST_DIR/supervisor.out" 'exit 0'
    expect_contains "$TEST_DIR/results" '"outcome":"unchanged"'
}
