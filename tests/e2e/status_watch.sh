# status --watch: again on each change, by notice.
# shellcheck shell=bash disable=SC2016,SC2153 # lib.sh sets STARTED

notes() {
    make_repo repo
    repo_pages repo 3
    repo_commit repo
    expect_exit 0 "$SUPERVISE" add notes "$TEST_DIR/repo"
    expect_exit 0 "$SUPERVISE" --all
}

test_it_prints_again_when_a_run_changes_something() {
    notes
    start watch "$SUPERVISE" status --watch
    wait_for_line watch.out '^notes +git +ok +3 ' 10
    repo_pages repo 5
    repo_commit repo
    expect_exit 0 "$SUPERVISE" --all
    wait_for_line watch.out '^notes +git +ok +5 ' 10
    kill -0 "$STARTED"
}

test_a_worker_run_by_hand_and_a_new_source_are_seen() {
    notes
    start watch "$SUPERVISE" status --watch
    wait_for_line watch.out '^notes +git +ok +3 ' 10
    repo_pages repo 6
    repo_commit repo
    expect_exit 0 "$WORKER" sync notes
    wait_for_line watch.out '^notes +git +ok +6 ' 10
    expect_exit 0 "$SUPERVISE" add other "$TEST_DIR/repo"
    wait_for_line watch.out '^other +git +never ' 10
    expect_exit 0 "$WORKER" sync other
    wait_for_line watch.out '^other +git +ok +6 ' 10
}

test_it_sleeps_while_nothing_changes() {
    notes
    start watch "$SUPERVISE" status --watch
    wait_for_line watch.out '^1 source' 10
    # What belongs to the run before may still come in.
    "$TOOLS/wait_line" watch.out '^never$' 1 || true
    local before after
    before=$(awk '/ctxt/ { sum += $2 } END { print sum }' "/proc/$STARTED/status")
    "$TOOLS/wait_line" watch.out '^never$' 2 || true
    after=$(awk '/ctxt/ { sum += $2 } END { print sum }' "/proc/$STARTED/status")
    expect_equal "$after" "$before" 'context switches'
}

test_it_ends_when_nobody_reads() {
    notes
    mkfifo pipe
    start watch bash -c 'exec "$0" status --watch >pipe' "$SUPERVISE"
    head -n 1 <pipe >first
    expect_matches first '^SOURCE '
    wait_gone "$STARTED" 10
}

test_a_mistake_in_the_configuration_is_waited_out() {
    notes
    start watch "$SUPERVISE" status --watch
    wait_for_line watch.out '^1 source' 10
    cp "$LATTICE_HOME/sources.json" good.json
    echo '{' >"$LATTICE_HOME/sources.json"
    wait_for_line watch.err '^error: config: ' 10
    sed 's/"notes"/"renamed"/' good.json >"$LATTICE_HOME/sources.json"
    wait_for_line watch.out '^renamed +git +never ' 10
}
