# The lock of a source: the kernel decides, the row informs and fences.
# shellcheck shell=bash disable=SC2153 # lib.sh sets CODE

# shellcheck source=tests/e2e/lib/worker.sh
. "$LATTICE_ROOT/tests/e2e/lib/worker.sh"

# A synced source `notes` with one page more in git than in the store.
behind() {
    make_repo "$TEST_DIR/notes"
    repo_pages "$TEST_DIR/notes" 3
    repo_commit "$TEST_DIR/notes"
    add_source notes "${1:-}$TEST_DIR/notes"
    sync_exits 0 'notes: ok, 3 pages' notes
    repo_write "$TEST_DIR/notes" more.md '# More\n'
    repo_commit "$TEST_DIR/notes"
    STORE=$LATTICE_HOME/sources/notes/store.db
}

# All that a run may change.
content_of_store() {
    sql notes 'SELECT * FROM page ORDER BY id; SELECT * FROM chunk ORDER BY id;
        SELECT * FROM page_error; SELECT * FROM sync_state; SELECT run_id FROM run;'
}

test_a_row_of_a_dead_worker_is_taken_over_at_once() {
    behind
    sqlite3 -batch "$STORE" "INSERT INTO lock VALUES(1, 'dead', 'host', 'boot', 1, 99, 5, 'import', 3, 9,
        strftime('%s') - 7, strftime('%s') - 7, 4)"
    sync_exits 0 'ok, 4 pages (1 added' notes
    expect_matches "$ERR" '^info notes lock: took over from a worker that is gone pid=99 host=host phase=import'
    store_equals_git notes "$TEST_DIR/notes"
    store_sound notes
}

test_a_second_worker_is_told_that_one_is_running() {
    behind
    hold_git cat-file
    start first "$WORKER" sync notes
    wait_held
    expect_equal "$(sql notes 'SELECT pid FROM lock')" "$STARTED" 'pid in the lock row'
    sync_exits 75 'notes: locked' notes
    expect_contains "$OUT" 'another worker of this source is running'
    let_git_go
    wait_exit "$STARTED"
    expect_equal "$CODE" 0 'exit code of the first'
    store_equals_git notes "$TEST_DIR/notes"
    store_sound notes
}

# What a run that lost its lock must look like.
lost() {
    content_of_store >before
    let_git_go
    wait_exit "$1"
    expect_equal "$CODE" 75 'exit code'
    expect_contains "$TEST_DIR/first.out" 'notes: lost-lock'
    expect_contains "$TEST_DIR/first.out" 'the lock was taken away from this run'
    content_of_store | cmp before - || fail 'something was written'
}

test_a_run_whose_row_was_deleted_writes_nothing_more() {
    behind
    hold_git cat-file
    start first "$WORKER" sync notes
    wait_held
    sqlite3 -batch "$STORE" 'DELETE FROM lock'
    lost "$STARTED"
    sync_exits 0 'ok, 4 pages (1 added' notes
    store_equals_git notes "$TEST_DIR/notes"
    store_sound notes
}

test_a_run_whose_row_was_stolen_leaves_the_thiefs() {
    behind
    hold_git diff-tree
    start first "$WORKER" sync notes
    wait_held
    sqlite3 -batch "$STORE" "UPDATE lock SET run_id = 'thief'"
    lost "$STARTED"
    expect_equal "$(sql notes 'SELECT run_id FROM lock')" thief 'lock row'
}

test_a_run_that_hangs_in_its_fetch_says_so_in_the_row() {
    behind file://
    hold_git ls-remote
    start first "$WORKER" sync notes
    wait_held
    expect_equal "$(sql notes 'SELECT phase FROM lock')" fetch 'phase in the lock row'
    let_git_go
    wait_exit "$STARTED"
}

test_a_run_in_its_fetch_notices_that_the_row_is_gone() {
    behind file://
    hold_git fetch
    start first "$WORKER" sync notes
    wait_held
    sqlite3 -batch "$STORE" 'DELETE FROM lock'
    lost "$STARTED"
    sync_exits 0 'ok, 4 pages (1 added' notes
    store_equals_git notes "$TEST_DIR/notes"
}

test_a_run_that_would_be_unchanged_does_not_write_without_its_row() {
    behind
    sync_exits 0 'ok, 4 pages' notes
    # A branch that is another name of one: git is asked for its head.
    git -C "$TEST_DIR/notes" branch -q real
    git -C "$TEST_DIR/notes" symbolic-ref refs/heads/main refs/heads/real
    hold_git rev-parse
    start first "$WORKER" sync notes
    wait_held
    sqlite3 -batch "$STORE" 'DELETE FROM lock'
    lost "$STARTED"
}

test_a_lock_file_that_was_replaced_does_not_lead_to_two_writers() {
    behind
    hold_git diff-tree
    start first "$WORKER" sync notes
    wait_held
    rm "$LATTICE_HOME/sources/notes/writer.lock"
    unwrap_git
    # Ends the first one's git too, since it is marked as this source's.
    sync_exits 0 'ok, 4 pages (1 added' notes
    content_of_store >before
    wait_exit "$STARTED"
    # It notices that its git was ended, or that its row is gone, whichever comes first.
    expect_matches "$TEST_DIR/first.out" '^notes: (lost-lock|failed bad-data), '
    content_of_store | cmp before - || fail 'the first one wrote'
    store_equals_git notes "$TEST_DIR/notes"
    store_sound notes
}
