# Backoff, quarantine and `retry`: what a failure means for the runs after it.
# shellcheck shell=bash disable=SC2016,SC2153

# shellcheck source=tests/e2e/lib/fake_worker.sh
. "$LATTICE_ROOT/tests/e2e/lib/fake_worker.sh"

# failing_source: `a` fails with cause auth until $LATTICE_HOME/well exists; `b` is fine.
failing_source() {
    fake_worker <<'WORKER'
echo "$source" >>"$LATTICE_HOME/ran"
[ "$source" = b ] || [ -e "$LATTICE_HOME/well" ] || { record failed auth; exit 77; }
record ok ''
WORKER
    sources a b
}

ran() {
    grep -c "^$1\$" "$LATTICE_HOME/ran"
}

test_a_failed_source_is_left_alone_and_never_looks_fine() {
    failing_source
    expect_exit 1 supervise --all --json
    expect_equal "$(json 'sources[0].status')" failed
    expect_exit 1 supervise --all --json
    expect_equal "$(json 'sources[0].status')" skipped
    expect_equal "$(json 'sources[0].cause')" auth
    expect_contains "$OUT" 'left alone for'
    [ "$(json 'sources[0].next_attempt_at')" -gt "$(date +%s)" ] || fail 'no next attempt is shown'
    expect_equal "$(json summary.exit_code)" 1
    expect_equal "$(ran a)" 1
    expect_equal "$(ran b)" 2
    expect_exit 1 supervise --all
    expect_matches "$OUT" '^a +git +skipped .* auth: left alone for .* after 1 failure'
    expect_exit 0 supervise status
    expect_matches "$OUT" '^a +git +failed .* auth'
}

test_a_source_that_is_named_is_tried_at_once() {
    failing_source
    expect_exit 1 supervise --all
    expect_exit 1 supervise --source a
    expect_equal "$(ran a)" 2
    expect_equal "$(ledger "SELECT failures FROM source_state WHERE source = 'a'")" 2
}

test_progress_ends_the_backoff() {
    failing_source
    expect_exit 1 supervise --all
    touch "$LATTICE_HOME/well"
    expect_exit 0 supervise --source a
    expect_equal "$(ledger 'SELECT sum(failures), sum(next_attempt_at) FROM source_state')" '0|0'
    expect_exit 0 supervise --all
    expect_equal "$(ran a)" 3
}

test_waves_of_one_invocation_are_one_failure() {
    fake_worker <<<'record failed unreachable; exit 69'
    sources a
    expect_exit 1 supervise --all --waves 3
    expect_equal "$(ledger 'SELECT count(*) FROM attempt')" 3
    expect_equal "$(ledger 'SELECT failures FROM source_state')" 1
    expect_equal "$(ledger 'SELECT next_attempt_at - ended_at FROM source_state s
        JOIN attempt a ON a.id = s.last')" 60
}

test_retry_ends_the_backoff() {
    failing_source
    expect_exit 1 supervise --all
    expect_exit 0 supervise retry a
    expect_contains "$OUT" 'a: no longer left alone'
    expect_exit 0 supervise retry a
    expect_contains "$OUT" 'nothing held it back'
    expect_exit 1 supervise --all
    expect_equal "$(ran a)" 2
    expect_exit 64 supervise retry nobody
}

test_a_clock_that_was_set_back_holds_up_nothing() {
    failing_source
    expect_exit 1 supervise --all
    sqlite3 "$LATTICE_HOME/ledger.db" 'UPDATE source_state SET next_attempt_at = unixepoch() + 864000'
    expect_exit 1 supervise --all
    expect_equal "$(ran a)" 2
}

test_ctrl_c_is_nobodys_failure() {
    fake_worker <<<'echo here >>"$LATTICE_HOME/started"; read -r _ <&4; record failed deadline; exit 69'
    sources a
    start first "$FAKE/lattice-supervise" --all
    wait_for_line "$LATTICE_HOME/started" here 10
    kill -INT "$STARTED"
    wait_exit "$STARTED"
    expect_equal "$CODE" 130
    expect_equal "$(ledger 'SELECT failures, next_attempt_at FROM source_state')" '0|0'
}

# One that always hangs, one too large for any deadline, and both always come first: the others are
# fresh after every run. The naive way runs out of time on the first.
test_slow_sources_starve_nobody() {
    local run slow seen=0
    fake_worker <<'WORKER'
case $source in
hangs) trap '' TERM; exec sleep infinity ;;
huge) read -r _ <&4; record partial '' added:1; exit 3 ;;
esac
record ok ''
WORKER
    slow='"kind": "git", "url": "/nowhere", "timeout": "1s"'
    sources s1 s2 s3 s4 s5 s6
    sed -i "s|\[|[{\"id\": \"hangs\", $slow}, {\"id\": \"huge\", $slow}, |" "$LATTICE_HOME/sources.json"
    for run in 1 2 3; do
        expect_exit 1 supervise --all --jobs 2 --budget 50s
        expect_matches "$OUT" '^8 sources: 6 ok, '
        expect_equal "$(ledger "SELECT group_concat(source, ' ') FROM (SELECT source FROM attempt
            WHERE invocation = $run AND wave = 1 AND outcome = 'ok' ORDER BY source)")" 's1 s2 s3 s4 s5 s6'
        expect_equal "$(ledger "SELECT group_concat(source, ' ') FROM (SELECT source FROM (SELECT * FROM event
            WHERE seq > $seen AND type = 'run_started' ORDER BY seq LIMIT 2) ORDER BY source)")" 'hangs huge' 'who came first'
        seen=$(ledger 'SELECT max(seq) FROM event')
        expect_exit 0 supervise retry hangs
        expect_exit 0 supervise retry huge
    done
}

# A worker that dies on the page bad.md unless its job says to leave it out.
worker_that_dies_on() {
    fake_worker <<WORKER
case \$job in
*'["bad.md","b1"]'*) record ok '' quarantined:1; exit 0 ;;
esac
echo '{"v":1,"type":"progress","phase":"import","done":1,"total":2,"item_path":"bad.md","item_blob":"b1"}' >&3
$1
WORKER
    sources a
}

test_a_page_that_kills_two_runs_is_left_out() {
    worker_that_dies_on 'kill -SEGV $$'
    expect_exit 1 supervise --source a --waves 1
    expect_equal "$(ledger 'SELECT source, path, blob, runs FROM blamed_page')" 'a|bad.md|b1|1'
    expect_exit 1 supervise --source a --waves 1
    expect_exit 0 supervise --source a --json
    expect_equal "$(json 'sources[0].quarantined')" 1
    expect_exit 0 supervise retry a other.md
    expect_contains "$OUT" 'nothing held it back'
    expect_exit 0 supervise retry a bad.md
    expect_contains "$OUT" '1 page is no longer held against it'
    expect_exit 1 supervise --source a --waves 1
}

test_two_waves_are_two_runs() {
    worker_that_dies_on 'kill -SEGV $$'
    expect_exit 1 supervise --all --waves 3
    expect_exit 0 supervise --source a
}

test_a_page_that_hangs_two_runs_is_left_out() {
    worker_that_dies_on 'trap "" TERM; exec sleep infinity'
    expect_exit 1 supervise --source a --stall 100ms --grace 100ms --timeout 30s --waves 1
    expect_exit 1 supervise --source a --stall 100ms --grace 100ms --timeout 30s --waves 1
    expect_exit 0 supervise --source a
}

test_a_page_that_was_read_through_is_not_blamed() {
    worker_that_dies_on 'progress import 2; kill -SEGV $$'
    expect_exit 1 supervise --source a --waves 1
    expect_equal "$(ledger 'SELECT count(*) FROM blamed_page')" 0
}

# With the real worker: the quarantine of the ledger is in its job, the page is named, the rest is
# synced, and `retry` brings it in.
test_the_worker_skips_and_names_a_quarantined_page() {
    make_repo repo
    repo_pages repo 3
    repo_write repo bad.md '# Bad\n\nkills runs\n'
    repo_commit repo
    expect_exit 0 "$SUPERVISE" add notes "$TEST_DIR/repo"
    expect_exit 0 "$SUPERVISE" retry notes
    sqlite3 "$LATTICE_HOME/ledger.db" "INSERT INTO blamed_page VALUES('notes', 'bad.md',
        '$(git -C repo rev-parse HEAD:bad.md)', 2, unixepoch())"
    expect_exit 0 "$SUPERVISE" --all --json
    expect_equal "$(json 'sources[0].quarantined')" 1
    expect_equal "$(json 'sources[0].pages')" 3
    expect_contains "$ERR" 'bad.md cannot be a page: quarantined'
    expect_exit 0 "$SUPERVISE" retry notes bad.md
    expect_exit 0 "$SUPERVISE" --all --json
    expect_equal "$(json 'sources[0].pages')" 4
    store_equals_git notes repo
}

# A supervisor that runs until `gate` is written to.
supervisor_behind_a_gate() {
    fake_worker <<'WORKER'
echo "$source" >>"$LATTICE_HOME/started"
[ "$(wc -l <"$LATTICE_HOME/started")" -gt 1 ] || read -r _ <"$LATTICE_HOME/gate"
record ok ''
WORKER
    mkfifo "$LATTICE_HOME/gate"
    sources a
    start first "$FAKE/lattice-supervise" --all
    wait_for_line "$LATTICE_HOME/started" a 10
    FIRST=$STARTED
}

test_wait_runs_when_the_other_one_has_ended() {
    supervisor_behind_a_gate
    start second "$FAKE/lattice-supervise" --all --wait 30s
    expect_exit 75 supervise --all --wait 100ms
    expect_contains "$ERR" "waited for 100ms: another supervisor runs: pid $FIRST"
    echo go >"$LATTICE_HOME/gate"
    wait_exit "$FIRST"
    expect_equal "$CODE" 0
    wait_exit "$STARTED"
    expect_equal "$CODE" 0
    expect_equal "$(wc -l <"$LATTICE_HOME/started")" 2
}

test_wait_without_need_does_not_wait() {
    fake_worker <<<'record ok ""'
    sources a
    expect_exit 0 supervise --all --wait 1h
}
