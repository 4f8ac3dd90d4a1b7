# supervise.sock: what other commands can have done by the supervisor that runs.
# shellcheck shell=bash disable=SC2016,SC2153

# shellcheck source=tests/e2e/lib/fake_worker.sh
. "$LATTICE_ROOT/tests/e2e/lib/fake_worker.sh"

# A supervisor whose source `slow` runs until `gate` is written to. Every run is a line of `ran`;
# `bad` fails, `soft` is partial once.
supervisor_at_work() {
    fake_worker <<'WORKER'
echo "$source" >>"$LATTICE_HOME/ran"
case $source in
slow)
    progress import 7
    echo $$ >"$LATTICE_HOME/pid"
    echo here >>"$LATTICE_HOME/started"
    read -r _ <"$LATTICE_HOME/gate"
    ;;
bad) record failed auth; exit 77 ;;
soft) [ "$(grep -c soft "$LATTICE_HOME/ran")" -gt 1 ] || { record partial '' added:2; exit 3; } ;;
esac
record ok '' added:5
WORKER
    mkfifo "$LATTICE_HOME/gate"
    sources slow good bad soft
    start first "$FAKE/lattice-supervise" --source slow
    wait_for_line "$LATTICE_HOME/started" here 10
    FIRST=$STARTED
}

let_go() {
    echo go >"$LATTICE_HOME/gate"
    wait_exit "$FIRST"
    expect_equal "$CODE" 0
}

test_a_named_source_is_handed_over_and_its_row_printed() {
    supervisor_at_work
    expect_exit 0 supervise --source good
    expect_matches "$OUT" '^good +git +ok +0 +5 '
    expect_matches "$OUT" '^1 source: 1 ok'
    expect_exit 1 supervise --source bad --json
    expect_equal "$(json 'sources[0].cause')" auth
    expect_equal "$(json summary.exit_code)" 1
    let_go
    expect_equal "$(ledger "SELECT group_concat(source) FROM (SELECT source FROM attempt ORDER BY id)")" good,bad,slow
    expect_equal "$(ledger 'SELECT count(*) FROM invocation')" 1
    expect_not_contains "$TEST_DIR/first.out" good
}

# Only a run that was turned away is an overlap, not one whose sources were taken over.
test_what_was_handed_over_is_no_overlap() {
    supervisor_at_work
    expect_exit 0 supervise --source good
    expect_exit 0 supervise retry good
    expect_exit 75 supervise --all
    expect_exit 75 supervise --all --wait 1ms
    let_go
    expect_equal "$(ledger "SELECT count FROM counter WHERE name = 'overlap'")" 2
}

test_a_handed_over_source_gets_its_waves() {
    supervisor_at_work
    expect_exit 3 supervise --source soft --waves 1
    expect_exit 0 supervise --source soft
    : >"$LATTICE_HOME/ran"
    expect_exit 0 supervise --source soft --json
    expect_equal "$(json 'sources[0].added')" 7
    expect_equal "$(json summary.waves)" 2
    let_go
}

test_who_asks_for_what_runs_gets_that_result() {
    supervisor_at_work
    start second "$FAKE/lattice-supervise" --source slow --source good
    wait_for_line "$LATTICE_HOME/ran" good 10
    let_go
    wait_exit "$STARTED"
    expect_equal "$CODE" 0
    expect_equal "$(grep -c slow "$LATTICE_HOME/ran")" 1
    expect_matches "$TEST_DIR/second.out" '^slow +git +ok '
    expect_matches "$TEST_DIR/second.out" '^good +git +ok '
}

test_status_is_live() {
    supervisor_at_work
    expect_exit 0 supervise status
    expect_matches "$OUT" '^slow +git +running .* running \(import, 7, last progress 0s ago\), .* to its deadline'
    let_go
}

test_kick_runs_a_source_again_after_its_run() {
    supervisor_at_work
    expect_exit 0 supervise kick good
    wait_for_line "$LATTICE_HOME/ran" good 10
    expect_exit 0 supervise kick slow
    expect_exit 64 supervise kick nobody
    : >"$LATTICE_HOME/started"
    echo go >"$LATTICE_HOME/gate"
    wait_for_line "$LATTICE_HOME/started" here 10
    echo go >"$LATTICE_HOME/gate"
    wait_exit "$FIRST"
    expect_equal "$(grep -c slow "$LATTICE_HOME/ran")" 2
    expect_exit 69 supervise kick
    expect_contains "$ERR" 'no supervisor answers'
}

test_retry_goes_to_the_one_writer_of_the_ledger() {
    supervisor_at_work
    expect_exit 1 supervise --source bad
    expect_exit 0 supervise retry bad
    expect_contains "$OUT" 'bad: no longer left alone'
    let_go
    expect_equal "$(ledger "SELECT failures, next_attempt_at FROM source_state WHERE source = 'bad'")" '0|0'
}

# The service of a synced source `notes`, with real workers. `git` hangs while the file `hang` is there.
service_of_notes() {
    make_repo repo
    repo_pages repo 3
    repo_commit repo
    # A branch that is another name of one: each run asks git for it, also when nothing has changed.
    git -C repo symbolic-ref refs/heads/alias "$(git -C repo symbolic-ref HEAD)"
    expect_exit 0 "$SUPERVISE" add notes "$TEST_DIR/repo" --branch alias --set every=1h --set grace=1s
    mkdir -p bin
    printf '#!/bin/bash\n[ ! -e %s ] || { echo held >>%s; exec sleep infinity; }\nexec %s "$@"\n' \
        "$TEST_DIR/hang" "$TEST_DIR/held" "$(command -v git)" >bin/git
    chmod +x bin/git
    mkdir -m 700 "$LATTICE_HOME/metrics"
    PATH=$TEST_DIR/bin:$PATH start serve "$SUPERVISE" serve
    SERVE=$STARTED
    # With the first round the sweep after it is over: what is written into the store then stays.
    wait_for_line "$LATTICE_HOME/metrics/lattice.prom" '^lattice_last_round_duration_seconds ' 20
    expect_contains serve.err 'ok, 3 pages'
}

stop_service() {
    kill -TERM "$SERVE"
    wait_exit "$SERVE"
    expect_equal "$CODE" 0
}

test_break_lock_is_done_and_counted_by_the_one_that_runs() {
    service_of_notes
    sqlite3 -batch "$LATTICE_HOME/sources/notes/store.db" "
        INSERT INTO lock VALUES(1, 'gone', '$(hostname)', '$(cat /proc/sys/kernel/random/boot_id)',
            $(stat -Lc %i /proc/self/ns/pid), 2147483000, 1, 'import', 5, 10, 1, 1, 7)"
    expect_exit 0 "$SUPERVISE" break-lock --all
    expect_matches "$OUT" '^notes: broken: cleared the lock row of pid 2147483000 '
    expect_equal "$(sql notes 'SELECT count(*) FROM lock')" 0
    expect_contains serve.err 'info notes break-lock: broken: cleared the lock row'
    expect_exit 0 "$SUPERVISE" break-lock --source notes --json
    expect_equal "$(json 'locks[0].verdict')" absent
    touch hang
    expect_exit 0 "$SUPERVISE" kick notes
    wait_for_line held held 20
    expect_exit 1 "$SUPERVISE" break-lock --source notes --max-age 1h --json
    expect_equal "$(json 'locks[0].verdict')" refused
    expect_equal "$(json refused)" 1
    rm hang
    expect_exit 0 "$SUPERVISE" break-lock --source notes --force
    expect_matches "$OUT" '^notes: forced: ended pid [0-9]+ '
    stop_service
    expect_equal "$(ledger "SELECT group_concat(label || count, ' ') FROM counter
        WHERE name = 'lock_cleared'")" 'broken1 forced1'
}

# It holds its lock and answers nobody: what needs it says so, the rest is done without it, and what
# was given up is not done later on.
# limit: 200
test_nobody_waits_for_a_supervisor_that_is_wedged() {
    local purge kick
    service_of_notes
    touch hang
    expect_exit 0 "$SUPERVISE" kick notes
    wait_for_line held held 20
    kill -STOP "$SERVE"
    start purge "$SUPERVISE" remove notes --purge
    purge=$STARTED
    start kick "$SUPERVISE" kick notes
    kick=$STARTED
    start sync "$SUPERVISE" --source notes
    expect_exit 0 "$SUPERVISE" break-lock --all --force
    expect_matches "$OUT" '^notes: forced: ended pid [0-9]+ '
    wait_exit "$STARTED"
    expect_equal "$CODE" 75
    expect_matches sync.err 'another supervisor runs: pid .*: the supervisor does not answer'
    wait_exit "$purge"
    expect_equal "$CODE" 75
    expect_contains purge.err 'the supervisor does not answer; nothing was removed; try again'
    wait_exit "$kick"
    expect_equal "$CODE" 69
    expect_contains kick.err 'the supervisor does not answer: it is stopped, or wedged; nothing was done'
    rm hang
    kill -CONT "$SERVE"
    wait_for_line serve.err 'notes wave [0-9]+: partial' 20
    expect_exit 0 "$SUPERVISE" --source notes
    expect_exit 0 "$SUPERVISE" list
    expect_contains "$OUT" notes
    kill -TERM "$SERVE"
    wait_gone "$SERVE" 60 # bash takes one that was stopped for ended
    wait_exit "$SERVE"
    expect_equal "$CODE" 0
    # The first one, the one that was stopped, and the last; none for the kick.
    expect_equal "$(sqlite3 -readonly "$LATTICE_HOME/ledger.db" 'SELECT count(*) FROM attempt')" 3
}

# remove --purge: the worker is asked to stop, then everything goes; the others are not disturbed.
test_a_source_that_runs_is_stopped_and_purged() {
    local hung
    service_of_notes
    make_repo repo2
    repo_commit repo2
    touch hang
    expect_exit 0 "$SUPERVISE" kick notes
    wait_for_line held held 20
    hung=$(sql notes 'SELECT pid FROM lock')
    expect_exit 0 "$SUPERVISE" remove notes --purge
    expect_equal "$(cat "$OUT")" 'notes: its worker is asked to stop first
removed notes, what was synced of it, and its history'
    wait_gone "$hung" 0
    [ ! -e "$LATTICE_HOME/sources/notes" ] || fail 'its folder is still there'
    expect_exit 0 "$SUPERVISE" list
    expect_not_contains "$OUT" notes
    expect_exit 64 "$SUPERVISE" remove notes --purge
    rm hang
    # The same name again is a new source.
    expect_exit 0 "$SUPERVISE" add notes "$TEST_DIR/repo2" --set every=1h
    wait_for_line serve.err 'notes wave [0-9]+: ok, 0 pages' 20
    stop_service
    expect_equal "$(ledger "SELECT group_concat(outcome) FROM attempt WHERE source = 'notes'")" ok
}

# wedge ID: somebody holds its lock as a worker would and ignores SIGTERM: breaking it takes 5 s.
wedge() {
    mkdir -p wedged "$LATTICE_HOME/sources/$1"
    cp "$TOOLS/hold_lock" wedged/lattice-worker
    start wedged wedged/lattice-worker "$LATTICE_HOME/sources/$1/writer.lock"
    wait_for_line wedged.out held 10
}

# taken NAME REQUEST-JSON: in the background, until the supervisor has taken it.
taken() {
    printf '{"v":1,"type":"request",%s}\n' "$2" >"$1.request"
    start "$1" bash -c 'exec "$1" --stay "$2" <"$3"' - "$TOOLS/ask_socket" "$LATTICE_HOME/supervise.sock" \
        "$1.request"
    wait_for_line "$1.out" '"type":"taken"' 20
}

# Else it would find the lock held by the one who breaks it, and wait its `every`.
test_a_source_whose_lock_is_being_broken_starts_after_that() {
    fake_worker <<'WORKER'
echo "$source" >>"$LATTICE_HOME/ran"
record ok ''
WORKER
    sources notes other
    start serve "$FAKE/lattice-supervise" serve --jobs 1
    SERVE=$STARTED
    wait_for_line serve.err 'notes wave .*: ok' 20
    wait_for_line serve.err 'other wave .*: ok' 20
    : >"$LATTICE_HOME/ran"
    wedge notes
    taken break '"command":"break-lock","source":"notes","force":true'
    expect_exit 0 supervise kick
    expect_contains "$OUT" '2 sources will run now'
    wait_for_line break.out '"verdict":"forced"' 30
    wait_for_line "$LATTICE_HOME/ran" notes 20
    expect_equal "$(tr '\n' ' ' <"$LATTICE_HOME/ran")" 'other notes '
    stop_service
}

# Its purge waits behind another chore: nobody waits for a run that will not come.
test_what_is_being_purged_is_refused_and_runs_once_it_is_added_again() {
    fake_worker <<'WORKER'
echo "$source" >>"$LATTICE_HOME/ran"
record ok ''
WORKER
    sources notes other
    start serve "$FAKE/lattice-supervise" serve
    SERVE=$STARTED
    wait_for_line serve.err 'notes wave .*: ok' 20
    wait_for_line serve.err 'other wave .*: ok' 20
    : >"$LATTICE_HOME/ran"
    wedge other
    taken break '"command":"break-lock","source":"other","force":true'
    taken purge '"command":"purge","source":"notes"'
    expect_exit 75 supervise --source notes
    expect_contains "$ERR" 'it is being purged; try again when that is done'
    expect_exit 0 supervise kick
    expect_contains "$OUT" '1 source will run now'
    wait_for_line serve.err 'was read again: 1 source' 30
    # Whether or not the purge has come to its end.
    expect_exit 0 supervise add notes "$TEST_DIR/nowhere" --set every=1h
    wait_for_line "$LATTICE_HOME/ran" notes 20
    wait_for_line purge.out '"type":"end"' 20
    expect_contains purge.out 'removed notes, what was synced of it, and its history'
    expect_exit 0 supervise --source notes
    stop_service
    expect_contains "$LATTICE_HOME/metrics/lattice.prom" 'lattice_source_status{source="notes"'
}

# `slow` ignores SIGTERM and goes on for its grace.
stubborn_service() {
    fake_worker <<'WORKER'
if [ "$source" = slow ]; then
    trap '' TERM
    echo $$ >"$LATTICE_HOME/pid"
    echo here >>"$LATTICE_HOME/started"
    read -r _ <"$LATTICE_HOME/gate"
fi
record ok ''
WORKER
    mkfifo "$LATTICE_HOME/gate"
    sources slow
    start serve "$FAKE/lattice-supervise" serve
    SERVE=$STARTED
    wait_for_line "$LATTICE_HOME/started" here 20
}

test_a_source_that_was_removed_while_it_runs_is_purged_after_its_end() {
    local purge
    stubborn_service
    sources other
    wait_for_line serve.err 'what was removed and runs goes on' 20
    mkdir -p "$LATTICE_HOME/sources/slow"
    start held "$TOOLS/hold_lock" "$LATTICE_HOME/sources/slow/writer.lock"
    local held=$STARTED
    wait_for_line held.out held 10
    start purge "$FAKE/lattice-supervise" remove slow --purge
    purge=$STARTED
    wait_for_line purge.out 'slow: its worker is asked to stop first' 20
    kill -KILL "$held"
    wait_exit "$held"
    echo go >"$LATTICE_HOME/gate"
    wait_exit "$purge"
    expect_equal "$CODE" 0
    [ ! -e "$LATTICE_HOME/sources/slow" ] || fail 'its folder is still there'
    wait_for_line serve.err 'other wave .*: ok' 20
    stop_service
    expect_equal "$(ledger "SELECT count(*) FROM attempt WHERE source = 'slow'")" 0
}

test_a_purge_that_was_cut_says_that_it_may_be_half_done() {
    local purge
    stubborn_service
    start purge "$FAKE/lattice-supervise" remove slow --purge
    purge=$STARTED
    wait_for_line purge.out 'slow: its worker is asked to stop first' 20
    kill -KILL "$SERVE"
    wait_exit "$purge"
    expect_equal "$CODE" 75
    expect_contains purge.err 'the supervisor went away before it was done; it may be half done: run the same command again'
    expect_not_contains purge.err 'nothing was removed'
    kill -KILL "$(cat "$LATTICE_HOME/pid")"
}

# The ledger cannot be written: the history is still there, and that is said.
test_a_history_that_could_not_be_purged_is_said() {
    supervisor_at_work
    expect_exit 1 supervise --source bad
    expect_exit 0 supervise remove soft --purge # all is in the ledger that came before
    mkfifo release
    start hold sqlite3 -batch "$LATTICE_HOME/ledger.db" 'PRAGMA busy_timeout = 20000; BEGIN IMMEDIATE' \
        ".shell echo locked; read -r _ <$TEST_DIR/release"
    wait_for_line hold.out locked 30
    expect_exit 74 supervise remove bad --purge
    expect_contains "$ERR" 'its history could not be'
    echo go >release
    wait_exit "$STARTED"
    expect_exit 0 supervise remove bad --purge
    let_go
    expect_equal "$(ledger "SELECT count(*) FROM attempt WHERE source = 'bad'")" 0
}

# A hang that somebody broke does not come back at once.
test_what_was_broken_off_before_it_kept_anything_waits_its_every() {
    service_of_notes
    touch hang
    expect_exit 0 "$SUPERVISE" kick notes
    wait_for_line held held 20
    expect_exit 0 "$SUPERVISE" break-lock --source notes --force
    wait_for_line serve.err 'notes wave [0-9]+: (partial|crashed)' 20
    expect_exit 0 "$SUPERVISE" break-lock --source notes # the loop has gone round
    stop_service
    expect_equal "$(ledger "SELECT count(*) FROM event WHERE source = 'notes' AND type = 'run_started'")" 2
}

test_a_run_under_way_purges_another_source() {
    supervisor_at_work
    expect_exit 1 supervise --source bad
    mkdir -p "$LATTICE_HOME/sources/bad"
    expect_exit 0 supervise remove bad --purge
    expect_equal "$(cat "$OUT")" 'removed bad, what was synced of it, and its history'
    [ ! -e "$LATTICE_HOME/sources/bad" ] || fail 'its folder is still there'
    expect_exit 64 supervise --source bad
    let_go
    expect_equal "$(ledger "SELECT count(*) FROM attempt WHERE source = 'bad'")" 0
    expect_not_contains "$LATTICE_HOME/metrics/lattice.prom" 'source="bad"'
}

# raw TEXT: what the socket answers to it.
raw() {
    printf '%b' "$1" | "$TOOLS/ask_socket" "$LATTICE_HOME/supervise.sock" >"$OUT"
}

test_nonsense_is_refused_and_disturbs_nobody() {
    supervisor_at_work
    expect_equal "$(stat -c %a "$LATTICE_HOME/supervise.sock")" 600
    raw 'hello\n'
    expect_contains "$OUT" 'not JSON'
    raw '{"v":9,"type":"request","command":"status"}\n'
    expect_contains "$OUT" 'version 9'
    raw '{"v":1,"type":"request","command":"launch"}\n'
    expect_contains "$OUT" 'does not know this command'
    raw '{"v":1,"type":"request","command":"sync","source":"nobody"}\n'
    expect_contains "$OUT" 'no source'
    head -c 300000 /dev/zero | "$TOOLS/ask_socket" "$LATTICE_HOME/supervise.sock" >"$OUT" || true
    expect_exit 0 supervise --source good
    let_go
}

# Clients that say nothing, and one that floods: the others are served all the same.
test_hanging_and_flooding_clients_disturb_nobody() {
    supervisor_at_work
    start hang "$TOOLS/ask_socket" --hang 40 "$LATTICE_HOME/supervise.sock"
    wait_for_line "$TEST_DIR/hang.out" connected 10
    start flood "$TOOLS/ask_socket" --flood "$LATTICE_HOME/supervise.sock"
    wait_exit "$STARTED"
    expect_exit 0 supervise --source good
    expect_exit 0 supervise kick good
    let_go
}

# More of them than it takes at a time, and none reads its answer: their places are free again.
test_clients_that_never_read_their_answer_disturb_nobody() {
    supervisor_at_work
    start deaf "$TOOLS/ask_socket" --deaf 60 "$LATTICE_HOME/supervise.sock" \
        < <(printf '{"v":1,"type":"request","command":"status"}\n')
    wait_for_line "$TEST_DIR/deaf.out" asked 10
    expect_exit 0 supervise --source good
    start deaf2 "$TOOLS/ask_socket" --deaf 60 "$LATTICE_HOME/supervise.sock" \
        < <(printf '{"v":1,"type":"request","command":"status"}\n')
    wait_for_line "$TEST_DIR/deaf2.out" asked 10
    expect_exit 0 supervise --source good
    let_go
}

# More than it takes at a time: the next one is told so, and served when they have gone.
test_one_client_too_many_is_told_so() {
    supervisor_at_work
    # They have asked for what takes long: who says nothing would be let go after a while.
    start hang "$TOOLS/ask_socket" --hang 64 "$LATTICE_HOME/supervise.sock" \
        '{"v":1,"type":"request","command":"sync","source":"slow","waves":1}'
    local hang=$STARTED
    wait_for_line "$TEST_DIR/hang.out" connected 10
    expect_exit 75 supervise kick good
    expect_contains "$ERR" 'too many commands ask the running supervisor at the same time; try again'
    kill -KILL "$hang"
    wait_exit "$hang"
    expect_exit 0 supervise --source good
    let_go
}

test_a_client_that_says_nothing_is_let_go() {
    supervisor_at_work
    "$TOOLS/ask_socket" --silent "$LATTICE_HOME/supervise.sock" >"$OUT"
    expect_equal "$(cat "$OUT")" ''
    let_go
}

test_a_request_may_come_byte_by_byte() {
    supervisor_at_work
    printf '{"v":1,"type":"request","command":"status"}\n' |
        "$TOOLS/ask_socket" --bytes "$LATTICE_HOME/supervise.sock" >"$OUT"
    expect_contains "$OUT" '"type":"running","source":"slow"'
    expect_contains "$OUT" '"type":"end"'
    let_go
}

test_a_client_that_goes_away_changes_nothing() {
    supervisor_at_work
    start second "$FAKE/lattice-supervise" --source slow
    local second=$STARTED
    expect_exit 0 supervise --source good
    kill -KILL "$second"
    wait_exit "$second"
    expect_exit 0 supervise --source good
    let_go
}

test_a_socket_left_behind_is_replaced() {
    supervisor_at_work
    kill -KILL "$FIRST"
    wait_exit "$FIRST"
    kill -KILL "$(cat "$LATTICE_HOME/pid")"
    [ -S "$LATTICE_HOME/supervise.sock" ] || fail 'the killed supervisor left no socket'
    expect_exit 69 supervise kick
    expect_exit 0 supervise --source good
    [ ! -e "$LATTICE_HOME/supervise.sock" ] || fail 'the socket is still there'
}

test_a_home_with_a_long_path_has_its_socket() {
    local long
    long=$(printf 'x%.0s' {1..120})
    export LATTICE_HOME=$TEST_DIR/$long
    mkdir -m 700 "$LATTICE_HOME"
    supervisor_at_work
    expect_exit 0 supervise --source good
    let_go
}
