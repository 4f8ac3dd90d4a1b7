# metrics/lattice.prom after runs, and what it counts over them.
# shellcheck shell=bash disable=SC2016,SC2153 # lib.sh sets STARTED

notes() {
    make_repo repo
    repo_pages repo 3
    repo_commit repo
    expect_exit 0 "$SUPERVISE" add notes "$TEST_DIR/repo"
    METRICS=$LATTICE_HOME/metrics/lattice.prom
}

leftover() {
    sqlite3 -batch "$LATTICE_HOME/sources/notes/store.db" "
        INSERT INTO lock VALUES(1, 'gone', '$(hostname)', '$(cat /proc/sys/kernel/random/boot_id)',
            $(stat -Lc %i /proc/self/ns/pid), 2147483000, 1, 'import', 5, 10, 1, 1, 7)"
}

test_a_run_writes_them() {
    notes
    expect_exit 0 "$SUPERVISE" --all
    expect_matches "$METRICS" '^lattice_source_pages\{source="notes"\} 3$'
    expect_matches "$METRICS" '^lattice_source_status\{source="notes",kind="git",status="ok",cause=""\} 1$'
    expect_matches "$METRICS" '^lattice_source_last_success_timestamp_seconds\{source="notes"\} 1[0-9]{9}$'
    expect_matches "$METRICS" '^lattice_runs_total\{outcome="ok"\} 1$'
    expect_exit 0 "$SUPERVISE" --all
    expect_matches "$METRICS" '^lattice_runs_total\{outcome="unchanged"\} 1$'
    expect_equal "$(ls -A "$LATTICE_HOME/metrics")" lattice.prom
}

test_a_run_of_one_source_keeps_the_others_in_it() {
    notes
    expect_exit 0 "$SUPERVISE" add other "$TEST_DIR/repo"
    expect_exit 0 "$SUPERVISE" --all
    expect_exit 0 "$SUPERVISE" --source other
    expect_matches "$METRICS" '^lattice_source_pages\{source="notes"\} 3$'
    expect_matches "$METRICS" '^lattice_source_status\{source="notes",.*status="ok"'
    expect_matches "$METRICS" '^lattice_source_status\{source="other",.*status="unchanged"'
}

test_cleared_locks_are_counted_by_reason() {
    notes
    expect_exit 0 "$SUPERVISE" --all
    leftover
    expect_exit 0 "$SUPERVISE" --all
    expect_matches "$METRICS" '^lattice_locks_cleared_total\{reason="dead"\} 1$'
    leftover
    expect_exit 0 "$SUPERVISE" break-lock --all
    expect_exit 0 "$SUPERVISE" --all
    expect_matches "$METRICS" '^lattice_locks_cleared_total\{reason="broken"\} 1$'
    expect_matches "$METRICS" '^lattice_locks_cleared_total\{reason="dead"\} 1$'
}

test_overlapping_supervisors_are_counted_by_the_one_that_runs() {
    notes
    start first "$TOOLS/hold_lock" "$LATTICE_HOME/supervise.lock"
    wait_for_line first.out held 10
    expect_exit 75 "$SUPERVISE" --all
    expect_exit 75 "$SUPERVISE" --all
    kill -KILL "$STARTED"
    wait_exit "$STARTED"
    expect_exit 0 "$SUPERVISE" --all
    expect_matches "$METRICS" '^lattice_overlaps_total 2$'
    expect_exit 0 "$SUPERVISE" --all
    expect_matches "$METRICS" '^lattice_overlaps_total 2$'
}

test_metrics_that_cannot_be_written_fail_no_run() {
    notes
    echo in the way >"$LATTICE_HOME/metrics"
    expect_exit 0 "$SUPERVISE" --all
    expect_contains "$ERR" 'warning: metrics: '
}
