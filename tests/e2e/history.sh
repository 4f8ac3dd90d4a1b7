# What the ledger remembers: runs, and what purging forgets.
# shellcheck shell=bash disable=SC2016,SC2153 # lib.sh sets STARTED

two_sources() {
    local id
    for id in notes other; do
        make_repo "$id"
        repo_pages "$id" 3
        repo_commit "$id"
        expect_exit 0 "$SUPERVISE" add "$id" "$TEST_DIR/$id"
    done
}

ledger() {
    sqlite3 -batch -readonly "$LATTICE_HOME/ledger.db" "$1"
}

test_runs_are_listed_the_newest_first() {
    two_sources
    expect_exit 0 "$SUPERVISE" --source notes
    repo_pages notes 5
    repo_commit notes
    expect_exit 0 "$SUPERVISE" --all
    expect_exit 0 "$SUPERVISE" runs
    expect_matches "$OUT" '^WHEN +SOURCE +STATUS +CAUSE +PAGES .* CPU +PEAK +KILLED +NOTE$'
    expect_equal "$(wc -l <"$OUT")" 4
    expect_exit 0 "$SUPERVISE" runs notes
    expect_matches "$OUT" '^20[0-9-]+T[0-9:]+Z +notes +ok +5 +2 +1 +0 +0 .* [0-9]+M +-$'
    expect_equal "$(sed -n 3p "$OUT" | awk '{ print $4 }')" 3
    expect_exit 0 "$SUPERVISE" runs --limit 1
    expect_equal "$(wc -l <"$OUT")" 2
}

test_runs_as_json_have_cause_and_kill_stage() {
    two_sources
    rm -rf other
    expect_exit 1 "$SUPERVISE" --all --waves 1
    expect_exit 0 "$SUPERVISE" runs other --json
    expect_equal "$(sqlite3 :memory: "SELECT readfile('$OUT') ->> '\$.runs[0].status'")" failed
    expect_equal "$(sqlite3 :memory: "SELECT readfile('$OUT') ->> '\$.runs[0].cause' <> ''")" 1
    expect_equal "$(sqlite3 :memory: "SELECT coalesce(readfile('$OUT') ->> '\$.runs[0].kill_stage', 'null')")" null
}

test_without_a_ledger_there_are_no_runs() {
    two_sources
    expect_exit 0 "$SUPERVISE" runs
    expect_equal "$(cat "$OUT")" 'no runs yet'
    expect_exit 64 "$SUPERVISE" runs --limit 0
    expect_exit 64 "$SUPERVISE" runs notes other
}

test_history_is_kept_when_a_source_is_removed_and_goes_when_it_is_purged() {
    two_sources
    expect_exit 0 "$SUPERVISE" --all
    expect_exit 0 "$SUPERVISE" remove notes
    expect_exit 0 "$SUPERVISE" runs notes
    expect_matches "$OUT" ' notes +ok +3 '
    expect_exit 0 "$SUPERVISE" remove notes --purge
    expect_equal "$(cat "$OUT")" 'removed notes, what was synced of it, and its history'
    expect_equal "$(ledger "SELECT (SELECT count(*) FROM attempt WHERE source = 'notes') +
        (SELECT count(*) FROM source_state WHERE source = 'notes') +
        (SELECT count(*) FROM event WHERE source = 'notes')")" 0
    expect_exit 0 "$SUPERVISE" runs notes
    expect_equal "$(cat "$OUT")" 'no runs yet'
    expect_equal "$(ledger "SELECT count(*) FROM attempt WHERE source = 'other'")" 1
    expect_exit 64 "$SUPERVISE" remove notes --purge
}

test_beside_a_supervisor_that_does_not_answer_nothing_is_purged() {
    two_sources
    expect_exit 0 "$SUPERVISE" --all
    start running "$TOOLS/hold_lock" "$LATTICE_HOME/supervise.lock"
    wait_for_line running.out held 10
    expect_exit 75 "$SUPERVISE" remove notes --purge
    expect_contains "$ERR" 'nothing was removed; try again when it has ended'
    expect_exit 0 "$SUPERVISE" list
    expect_contains "$OUT" notes
    kill -KILL "$STARTED"
    wait_exit "$STARTED"
    expect_exit 0 "$SUPERVISE" remove notes --purge
    expect_equal "$(ledger "SELECT count(*) FROM attempt WHERE source = 'notes'")" 0
}

# Years of cron: the newest thousand stay, and the one that the only attempt of `notes` is of.
test_old_invocations_are_forgotten_unless_an_attempt_is_of_them() {
    two_sources
    expect_exit 0 "$SUPERVISE" --source notes
    sqlite3 -batch "$LATTICE_HOME/ledger.db" "WITH RECURSIVE n(i) AS (VALUES(2) UNION ALL
        SELECT i + 1 FROM n WHERE i < 2999) INSERT INTO invocation(id, started_at) SELECT i, 1 FROM n"
    expect_exit 0 "$SUPERVISE" --source other
    expect_equal "$(ledger 'SELECT count(*), min(id), max(id) FROM invocation')" '1001|1|3000'
    expect_exit 0 "$SUPERVISE" runs notes
    expect_matches "$OUT" ' notes +ok '
    expect_equal "$(ledger 'PRAGMA foreign_key_check')" ''
}
