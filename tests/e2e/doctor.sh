# doctor: what is right and wrong, each with its remedy, and its exit code.
# shellcheck shell=bash disable=SC2016,SC2153 # lib.sh sets STARTED

notes() {
    make_repo repo
    repo_pages repo 3
    repo_commit repo
    expect_exit 0 "$SUPERVISE" add notes "$TEST_DIR/repo"
    expect_exit 0 "$SUPERVISE" --all
}

# lock_row PID START AGE
lock_row() {
    sqlite3 -batch "$LATTICE_HOME/sources/notes/store.db" "
        REPLACE INTO lock VALUES(1, 'therun', '$(hostname)', '$(cat /proc/sys/kernel/random/boot_id)',
            $(stat -Lc %i /proc/self/ns/pid), $1, $2, 'import', 12400, 61200,
            unixepoch() - 7200, unixepoch() - $3, 7)"
}

test_a_healthy_home_is_all_ok() {
    notes
    expect_exit 0 "$SUPERVISE" doctor
    local check
    for check in home disk supervisor config clock kernel containment git sqlite leftovers; do
        expect_matches "$OUT" "^(ok|warn) +$check "
    done
    expect_matches "$OUT" '^ok +store +notes: quick_check says ok$'
    expect_matches "$OUT" ' 0 fail$'
    expect_not_contains "$OUT" ' lock  '
}

test_a_store_with_everything_in_it_is_sound() {
    notes
    repo_write repo rich.md '---\ntags: [red, blue]\n---\n# Rich\n\n[[page-000001]] [x](pages/page-000002.md) #green\n'
    head -c 100 /dev/zero >repo/binary.md
    ln -s nowhere repo/link.md
    repo_commit repo
    expect_exit 0 "$SUPERVISE" --all
    expect_equal "$(sql notes 'SELECT (SELECT count(*) FROM tag) > 0 AND (SELECT count(*) FROM link) > 0
        AND (SELECT count(*) FROM page_error) > 0')" 1 'rows of each kind'
    expect_exit 0 "$SUPERVISE" doctor
    expect_matches "$OUT" '^ok +store +notes: quick_check says ok$'
}

test_the_sqlite_line_says_why_one_writer_per_file_is_safe() {
    notes
    expect_exit 0 "$SUPERVISE" doctor
    expect_matches "$OUT" '^ok +sqlite +SQLite 3\.'
    expect_matches "$OUT" '(before 3\.51\.3 .* exactly one writer|SQLite 3\.(5[1-9]|[6-9][0-9]))'
}

test_json_has_every_check_with_level_and_remedy() {
    notes
    lock_row 2147483000 1 3600
    expect_exit 0 "$SUPERVISE" doctor --json
    expect_equal "$(sqlite3 :memory: "
        SELECT value ->> 'level', value ->> 'source', value ->> 'remedy' LIKE '%break-lock%'
        FROM json_each(readfile('$OUT'), '\$.checks') WHERE value ->> 'check' = 'lock'")" 'warn|notes|1'
    expect_equal "$(sqlite3 :memory: "SELECT readfile('$OUT') ->> '\$.summary.fail'")" 0
}

test_a_damaged_store_fails_with_the_remedy() {
    notes
    sqlite3 -batch "$LATTICE_HOME/sources/notes/store.db" 'PRAGMA wal_checkpoint(TRUNCATE)' >checkpoint
    dd if=/dev/zero of="$LATTICE_HOME/sources/notes/store.db" bs=16k seek=2 count=2 conv=notrunc status=none
    expect_exit 1 "$SUPERVISE" doctor
    expect_matches "$OUT" '^fail +store +notes: '
    expect_contains "$OUT" '-> sync it: a damaged store is set aside and rebuilt'
}

test_a_home_that_cannot_be_written_fails() {
    notes
    chmod -R a+rX "$TEST_DIR" "$LATTICE_HOME"
    [ "$(id -u)" -eq 0 ] || chmod 500 "$LATTICE_HOME"
    chown -R 65534 "$LATTICE_HOME" 2>/dev/null || true
    chmod 500 "$LATTICE_HOME"
    run unprivileged "$SUPERVISE" doctor
    chmod 700 "$LATTICE_HOME"
    expect_equal "$CODE" 1
    expect_matches "$OUT" '^fail +home .*: not writable: Permission denied$'
}

test_without_a_home_it_says_how_to_make_one() {
    expect_exit 1 "$SUPERVISE" doctor
    expect_matches "$OUT" '^fail +home '
    expect_contains "$OUT" 'lattice-supervise add ID'
}

test_a_mistake_in_the_configuration_fails() {
    notes
    echo '{"sources": [{"id": "notes", "kind": "gti"}]}' >"$LATTICE_HOME/sources.json"
    expect_exit 1 "$SUPERVISE" doctor
    expect_matches "$OUT" '^fail +config '
    expect_matches "$OUT" '^ok +store +notes: '
}

test_a_supervisor_that_does_not_answer_is_a_warning() {
    notes
    start serve "$SUPERVISE" serve
    local serve=$STARTED
    wait_for_line serve.err 'serve: ready' 20
    expect_exit 0 "$SUPERVISE" doctor
    expect_matches "$OUT" "^ok +supervisor +pid $serve on .* since "
    kill -STOP "$serve"
    expect_exit 0 "$SUPERVISE" doctor
    kill -CONT "$serve"
    expect_matches "$OUT" "^warn +supervisor +pid $serve on .* does not answer$"
    expect_contains "$OUT" '-> if that lasts, `kill -KILL` it'
}

test_who_holds_a_lock_and_is_no_worker_is_a_warning() {
    notes
    start other "$TOOLS/hold_lock" "$LATTICE_HOME/sources/notes/writer.lock"
    wait_for_line other.out held 10
    expect_exit 0 "$SUPERVISE" doctor
    expect_matches "$OUT" "^warn +lock +notes: pid $STARTED \\(hold_lock\\) holds the lock and is no worker$"
    expect_exit 0 "$SUPERVISE" status
    expect_matches "$OUT" "^notes +git +running .* pid $STARTED \\(hold_lock\\) holds the lock and is no worker$"
}

test_what_outlived_its_worker_is_named() {
    notes
    local mark
    mark=$(printf '%x:%x:notes:therun' "$(stat -c %d "$LATTICE_HOME")" "$(stat -c %i "$LATTICE_HOME")")
    LATTICE_MARK=$mark start left bash -c 'echo up; exec sleep 1000'
    local left=$STARTED
    LATTICE_MARK=${mark/#*:notes/1:2:notes} start foreign bash -c 'echo up; exec sleep 1000'
    wait_for_line left.out up 10
    wait_for_line foreign.out up 10
    expect_exit 0 "$SUPERVISE" doctor
    expect_matches "$OUT" "^warn +leftovers +notes: pid $left \\((bash|sleep)\\) was started by a worker that is gone$"
    expect_not_contains "$OUT" "pid $STARTED "
}

test_a_clock_that_was_set_back_is_a_warning() {
    notes
    sqlite3 -batch "$LATTICE_HOME/ledger.db" 'UPDATE source_state SET last_success_at = unixepoch() + 7200'
    expect_exit 0 "$SUPERVISE" doctor
    expect_matches "$OUT" '^warn +clock +notes: the ledger has a run 7[12][0-9]+ s in the future$'
}

test_a_stalled_worker_is_a_warning_and_a_running_one_is_not() {
    notes
    mkdir wedged
    cp "$TOOLS/hold_lock" wedged/lattice-worker
    start wedged wedged/lattice-worker "$LATTICE_HOME/sources/notes/writer.lock"
    wait_for_line wedged.out held 10
    lock_row "$STARTED" "$(sed 's/.*) //' "/proc/$STARTED/stat" | cut -d ' ' -f 20)" 3
    expect_exit 0 "$SUPERVISE" doctor
    expect_matches "$OUT" "^ok +lock +notes: running \\(import, 12,400 of 61,200, last progress [0-9]+s ago\\), pid $STARTED$"
    sqlite3 -batch "$LATTICE_HOME/sources/notes/store.db" 'UPDATE lock SET last_refreshed_at = 1'
    expect_exit 0 "$SUPERVISE" doctor
    expect_matches "$OUT" "^warn +lock +notes: stalled .* pid $STARTED$"
    kill -KILL "$STARTED"
}
