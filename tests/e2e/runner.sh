# The test runner itself: what it calls passed, failed, timed out and left behind.
# shellcheck shell=bash

# Runs the runner over one file of tests, which is indented here so that it is not taken for ours.
run_tests() {
    sed 's/^    //' >"$TEST_DIR/sample.sh"
    mkdir -p "$TEST_DIR/bin"
    run "$RUNNER" --driver "$LATTICE_ROOT/tests/e2e/lib.sh" --jobs 2 "v=$TEST_DIR/bin" "$TEST_DIR/sample.sh"
}

test_counts_passed_and_failed_and_shows_why() {
    run_tests <<'SAMPLE'
    test_good() { true; }
    test_bad() { echo seen-output; fail "the reason"; }
    test_false() { false; }
SAMPLE
    expect_equal "$CODE" 1 'exit code'
    expect_matches "$OUT" '^ok +v/e2e/sample/good '
    expect_matches "$OUT" '^FAILED +v/e2e/sample/bad '
    expect_contains "$OUT" 'seen-output'
    expect_contains "$OUT" 'sample.sh:2: the reason'
    expect_contains "$OUT" 'sample.sh:3: exit code 1: false'
    expect_equal "$(tail -n 1 "$OUT")" '1 passed, 2 failed' 'last line'
}

test_a_hanging_test_is_a_timeout_and_leaves_nothing() {
    run_tests <<SAMPLE
    # limit: 1
    test_hangs() { sleep 1000 & echo \$! >$TEST_DIR/pid; setsid sleep 1000; }
SAMPLE
    expect_equal "$CODE" 1 'exit code'
    expect_matches "$OUT" '^TIMEOUT +v/e2e/sample/hangs '
    expect_equal "$(tail -n 1 "$OUT")" '0 passed, 1 failed' 'last line'
    wait_gone "$(cat "$TEST_DIR/pid")" 0
}

test_a_survivor_fails_its_test_and_is_ended() {
    run_tests <<SAMPLE
    test_leaves_one() { setsid sleep 1234 </dev/null >/dev/null 2>&1 & echo \$! >$TEST_DIR/pid; }
SAMPLE
    expect_equal "$CODE" 1 'exit code'
    expect_matches "$OUT" '^FAILED +v/e2e/sample/leaves_one '
    expect_contains "$OUT" 'is still running: sleep 1234'
    wait_gone "$(cat "$TEST_DIR/pid")" 0
}

test_what_start_started_is_no_survivor() {
    run_tests <<'SAMPLE'
    test_server() { start server sleep 1234; kill -0 "$STARTED"; }
SAMPLE
    expect_equal "$(tail -n 1 "$OUT")" '1 passed, 0 failed' 'last line'
}

test_no_tests_is_a_failure() {
    run_tests </dev/null
    expect_equal "$CODE" 1 'exit code'
    expect_contains "$ERR" 'no test was found'
    expect_equal "$(tail -n 1 "$OUT")" '0 passed, 0 failed' 'last line'
}

test_skipped_is_neither_passed_nor_failed() {
    run_tests <<'SAMPLE'
    test_skips() { skip 'needs something'; }
    test_good() { true; }
SAMPLE
    expect_equal "$CODE" 0 'exit code'
    expect_matches "$OUT" '^skipped +v/e2e/sample/skips '
    expect_contains "$OUT" 'needs something'
    expect_equal "$(tail -n 1 "$OUT")" '1 passed, 0 failed' 'last line'
}

test_a_name_used_twice_is_refused() {
    run_tests <<'SAMPLE'
    test_same() { true; }
    test_same() { false; }
SAMPLE
    expect_equal "$CODE" 1 'exit code'
    expect_contains "$ERR" 'defined twice'
}

test_a_failure_inside_a_helper_names_the_test_line() {
    run_tests <<'SAMPLE'
    test_helper() {
        echo hay >"$OUT"
        expect_contains "$OUT" needle
    }
SAMPLE
    expect_contains "$OUT" 'sample.sh:3: out does not contain: needle'
}

test_interrupting_the_runner_ends_its_tests() {
    mkdir -p bin
    # shellcheck disable=SC2016 # expanded by the inner test
    echo 'test_long() { echo $$ >'"$TEST_DIR"'/pid; echo ready >'"$TEST_DIR"'/ready; sleep 1000; }' >sample.sh
    start inner "$RUNNER" --driver "$LATTICE_ROOT/tests/e2e/lib.sh" v=bin sample.sh
    wait_for_line "$TEST_DIR/ready" ready 10
    kill -INT "$STARTED"
    wait_exit "$STARTED"
    expect_equal "$CODE" 1 'exit code'
    expect_contains inner.out 'stopped before the end'
    wait_gone "$(cat "$TEST_DIR/pid")" 0
}

test_each_test_has_its_own_home_and_git_identity() {
    expect_equal "$LATTICE_HOME" "$TEST_DIR/lattice"
    expect_equal "$HOME" "$TEST_DIR/home"
    make_repo repo
    repo_write repo a.md 'x'
    repo_commit repo
    expect_equal "$(git -C repo symbolic-ref --short HEAD)" main
    expect_equal "$(git -C repo log -1 --format=%ae)" test@example.org
}

# A store as the contract has it, filled by hand.
make_store() {
    mkdir -p "$LATTICE_HOME/sources/s"
    sqlite3 "$LATTICE_HOME/sources/s/store.db" "CREATE TABLE page (id INTEGER PRIMARY KEY, path TEXT);
        CREATE TABLE chunk (page INTEGER, position INTEGER, text TEXT); $1"
}

test_store_equals_git_joins_chunks_in_order() {
    make_repo repo
    repo_write repo 'dir/a b.md' 'one\ntwo\n'
    repo_write repo $'new\nline"é.md' ''
    repo_write repo code.c 'int x;'
    ln -s code.c repo/link.md
    repo_commit repo
    make_store "INSERT INTO page VALUES (1, 'dir/a b.md'), (2, 'new' || char(10) || 'line\"é.md');
        INSERT INTO chunk VALUES (1, 1, 'two' || char(10)), (1, 0, 'one' || char(10)), (2, 0, '');"
    store_equals_git s repo
}

test_store_equals_git_sees_every_difference() {
    make_repo repo
    repo_write repo a.md 'text\n'
    repo_write repo b.md 'text\n'
    repo_commit repo
    make_store "INSERT INTO page VALUES (1, 'a.md'), (2, 'c.md');
        INSERT INTO chunk VALUES (1, 0, 'text'), (2, 0, 'text');"
    run bash -euo pipefail -c ". '$LATTICE_ROOT/tests/e2e/lib.sh'; prepare; store_equals_git s repo"
    expect_equal "$CODE" 1 'exit code'
    expect_matches "$ERR" '^M.a\.md$'
    expect_matches "$ERR" '^D.b\.md$'
    expect_matches "$ERR" '^A.c\.md$'
}

test_store_equals_git_knows_the_empty_store() {
    make_repo repo
    repo_commit repo
    make_store ''
    store_equals_git s repo
}
