# Supervisor and real workers: locks, leftover rows, and what `status` shows meanwhile.
# shellcheck shell=bash disable=SC2016

# A repository `notes` of three pages, added as a source.
notes() {
    make_repo repo
    repo_pages repo 3
    repo_commit repo
    expect_exit 0 "$SUPERVISE" add notes "$TEST_DIR/repo"
}

# The repository moves; from now on git hangs once it is asked for that; its pid is a line of
# $TEST_DIR/git.
hanging_git() {
    local real
    repo_commit repo
    real=$(command -v git)
    mkdir -p "$TEST_DIR/hang"
    cat >"$TEST_DIR/hang/git" <<GIT
#!/bin/bash
case " \$* " in
*' cat-file '* | *' ls-tree '* | *' rev-parse '*)
    echo \$\$ >>"$TEST_DIR/git"
    exec sleep infinity
    ;;
esac
exec $real "\$@"
GIT
    chmod +x "$TEST_DIR/hang/git"
    export PATH=$TEST_DIR/hang:$PATH
}

json() {
    sqlite3 :memory: "SELECT json_extract(CAST(readfile('$OUT') AS TEXT), '\$.$1')"
}

# leftover SOURCE: a lock row of a process that is long gone.
leftover() {
    sqlite3 "$LATTICE_HOME/sources/$1/store.db" "
        INSERT INTO lock VALUES(1, 'gone', '$(hostname)', '$(cat /proc/sys/kernel/random/boot_id)',
            $(stat -Lc %i /proc/self/ns/pid), 2147483000, 1, 'import', 5, 10,
            unixepoch() - 7200, unixepoch() - 3600, 7)"
}

test_two_runs_and_status_agree() {
    notes
    expect_exit 0 "$SUPERVISE" --all
    expect_matches "$OUT" '^notes +git +ok +3 +3 +0 +0 +0 .* now$'
    store_equals_git notes repo
    expect_exit 0 "$SUPERVISE" --all
    expect_matches "$OUT" '^notes +git +unchanged +3 +0 '
    expect_exit 0 "$SUPERVISE" status
    expect_matches "$OUT" '^notes +git +unchanged +3 +0 .* now$'
}

test_a_leftover_lock_row_is_cleared_and_said() {
    notes
    expect_exit 0 "$SUPERVISE" --all
    leftover notes
    expect_exit 0 "$SUPERVISE" --all
    expect_matches "$ERR" 'notes sweep: cleared the lock row of pid 2147483000 on .*, 1h old, phase import: its process is gone'
    expect_equal "$(sql notes 'SELECT count(*) FROM lock')" 0
}

test_the_row_of_a_removed_source_is_cleared_too() {
    notes
    expect_exit 0 "$SUPERVISE" --all
    leftover notes
    expect_exit 0 "$SUPERVISE" remove notes
    make_repo other
    repo_pages other 1
    repo_commit other
    expect_exit 0 "$SUPERVISE" add other "$TEST_DIR/other"
    expect_exit 0 "$SUPERVISE" --all
    expect_contains "$ERR" 'notes sweep: cleared the lock row'
    expect_equal "$(sql notes 'SELECT count(*) FROM page')" 3
}

test_status_shows_what_runs_and_the_deadline_ends_it() {
    notes
    expect_exit 0 "$SUPERVISE" --all
    repo_pages repo 5
    repo_commit repo
    hanging_git
    start run "$SUPERVISE" --all --timeout 4s --grace 1s --waves 1
    wait_for_line "$TEST_DIR/git" . 10
    expect_exit 0 "$SUPERVISE" status --json
    expect_equal "$(json 'sources[0].status')" running
    expect_contains "$OUT" 'last progress'
    expect_equal "$(json 'sources[0].pages')" 3
    wait_exit "$STARTED"
    expect_equal "$CODE" 1
    expect_matches "$TEST_DIR/run.out" '^notes +git +(failed|killed) +3 '
}

test_a_worker_run_by_hand_is_shown_and_not_disturbed() {
    notes
    expect_exit 0 "$SUPERVISE" --all
    local path=$PATH
    hanging_git
    start hand "$WORKER" sync notes
    wait_for_line "$TEST_DIR/git" . 10
    export PATH=$path
    expect_exit 1 "$SUPERVISE" --all
    expect_matches "$OUT" "^notes +git +running .* pid $STARTED\$"
    kill -0 "$STARTED"
}

# A worker started by hand that hangs in its git; it made its last progress AGE seconds ago.
wedged_by_hand() {
    notes
    expect_exit 0 "$SUPERVISE" --all
    local path=$PATH
    hanging_git
    start hand "$WORKER" sync notes
    wait_for_line "$TEST_DIR/git" . 10
    export PATH=$path
    sqlite3 -batch "$LATTICE_HOME/sources/notes/store.db" "UPDATE lock SET phase = 'import',
        done = 12400, total = 61200, last_refreshed_at = unixepoch() - $1"
}

test_a_wedged_worker_is_shown_as_stalled_with_pid_and_phase() {
    wedged_by_hand 3600
    expect_exit 0 "$SUPERVISE" status
    expect_matches "$OUT" "^notes +git +stalled .* stalled \\(import, 12,400 of 61,200, last progress 1h ago\\), pid $STARTED\$"
    expect_exit 0 "$SUPERVISE" status --json
    expect_equal "$(json 'sources[0].status')" stalled
    expect_equal "$(json 'sources[0].pid')" "$STARTED"
    expect_equal "$(json 'sources[0].phase')" import
}

test_a_foreign_worker_is_stalled_by_the_flag() {
    wedged_by_hand 20
    expect_exit 1 "$SUPERVISE" --all
    expect_matches "$OUT" "^notes +git +running .*, pid $STARTED\$"
    sqlite3 -batch "$LATTICE_HOME/sources/notes/store.db" 'UPDATE lock SET last_refreshed_at = unixepoch() - 20'
    expect_exit 1 "$SUPERVISE" --all --stall 10s
    expect_matches "$OUT" "^notes +git +stalled .*, pid $STARTED\$"
    kill -0 "$STARTED"
}

# Naively its pid is alive, so the row would be kept and warned of for ever.
test_the_row_of_a_removed_source_whose_pid_lives_again_is_cleared() {
    notes
    expect_exit 0 "$SUPERVISE" --all
    start other sleep infinity
    leftover notes
    sqlite3 -batch "$LATTICE_HOME/sources/notes/store.db" "UPDATE lock SET pid = $STARTED"
    expect_exit 0 "$SUPERVISE" status
    expect_matches "$OUT" '^notes +git +ok '
    expect_exit 0 "$SUPERVISE" remove notes
    expect_exit 0 "$SUPERVISE" add other "$TEST_DIR/repo"
    expect_exit 0 "$SUPERVISE" --all
    expect_matches "$ERR" "notes sweep: cleared the lock row of pid $STARTED .*: its process is gone"
    expect_equal "$(sql notes 'SELECT count(*) FROM lock')" 0
    kill -0 "$STARTED"
}

test_a_killed_supervisor_takes_its_workers_along() {
    notes
    hanging_git
    start run "$SUPERVISE" --all
    wait_for_line "$TEST_DIR/git" . 10
    kill -KILL "$STARTED"
    wait_exit "$STARTED"
    wait_gone "$(head -n 1 "$TEST_DIR/git")" 5
}

test_a_damaged_store_is_one_sources_trouble() {
    notes
    make_repo other
    repo_pages other 1
    repo_commit other
    expect_exit 0 "$SUPERVISE" add other "$TEST_DIR/other"
    expect_exit 0 "$SUPERVISE" --all
    rm "$LATTICE_HOME"/sources/notes/store.db-*
    echo 'this is no database, only some text that is long enough' >"$LATTICE_HOME/sources/notes/store.db"
    expect_exit 0 "$SUPERVISE" status
    expect_matches "$OUT" '^notes +git +failed .* store: '
    run "$SUPERVISE" --all --json
    expect_equal "$(json 'sources[1].status')" unchanged
}

test_a_store_that_cannot_be_opened_keeps_its_count_of_pages() {
    notes
    expect_exit 0 "$SUPERVISE" --all
    sqlite3 -batch "$LATTICE_HOME/sources/notes/store.db" 'PRAGMA user_version = 99'
    expect_exit 1 "$SUPERVISE" --all
    expect_matches "$OUT" '^notes +git +failed +3 +0 +0 +0 .* store: .*install the newer version'
    expect_exit 0 "$SUPERVISE" status --json
    expect_equal "$(json 'sources[0].pages')" 3
}
