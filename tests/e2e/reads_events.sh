# Event streams of `lattice-reads serve`.
# shellcheck shell=bash

# shellcheck source=tests/e2e/lib/reads_serve.sh
. "$LATTICE_ROOT/tests/e2e/lib/reads_serve.sh"

ledger() {
    sqlite3 -batch -cmd '.timeout 5000' "$LATTICE_HOME/ledger.db" "$1"
}

# add_events COUNT TYPE: as the supervisor does, with its notice.
add_events() {
    ledger "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
        INSERT INTO event(at, source, type, json) SELECT 1, 'made', '$2', '{\"i\":' || i || '}' FROM n"
    touch "$LATTICE_HOME/ledger.db"
}

# listen NAME [CURL-OPTION...]: a stream into NAME.out.
listen() {
    local name=$1
    shift
    start "$name" curl -sN --max-time 100 "$@" "$URL/api/v1/events"
    wait_for_line "$TEST_DIR/$name.out" '^retry:' 20
}

test_a_run_is_seen_live_also_if_there_was_no_ledger_before() {
    make_repo "$TEST_DIR/notes"
    repo_write "$TEST_DIR/notes" a.md '# Hello\n'
    repo_commit "$TEST_DIR/notes"
    expect_exit 0 "$SUPERVISE" add notes "$TEST_DIR/notes"
    serve_reads
    listen stream
    expect_exit 0 "$SUPERVISE" --all
    wait_for_line "$TEST_DIR/stream.out" '^event: source_fresh' 20
    expect_equal "$(grep -c '^event: run_started' "$TEST_DIR/stream.out")" 1
    expect_equal "$(grep -c '^event: run_finished' "$TEST_DIR/stream.out")" 1
    expect_contains "$TEST_DIR/stream.out" '"outcome":"ok"'
    stop_reads
}

test_what_was_missed_comes_first_and_nothing_twice() {
    source_of notes a.md '# Hello\n'
    add_events 1500 made
    serve_reads
    local after newest
    after=$(ledger 'SELECT min(seq) + 1 FROM event')
    newest=$(ledger 'SELECT max(seq) FROM event')
    listen stream -H "Last-Event-ID: $after"
    wait_for_line "$TEST_DIR/stream.out" "^id: $newest\$" 20
    add_events 3 made
    wait_for_line "$TEST_DIR/stream.out" "^id: $((newest + 3))\$" 20
    expect_equal "$(grep -c '^data' "$TEST_DIR/stream.out")" $((newest + 3 - after)) 'events'
    expect_equal "$(sed -n 's/^id: //p' "$TEST_DIR/stream.out" | sort -cnu && echo sorted)" sorted
    stop_reads
}

test_what_cannot_be_replayed_is_said() {
    source_of notes a.md '# Hello\n'
    serve_reads
    listen ahead -H 'Last-Event-ID: 999999'
    wait_for_line "$TEST_DIR/ahead.out" '^event: reset' 20
    ledger 'DELETE FROM event WHERE seq < (SELECT max(seq) FROM event)'
    listen behind -H 'Last-Event-ID: 1'
    wait_for_line "$TEST_DIR/behind.out" '^event: reset' 20
    wait_for_line "$TEST_DIR/behind.out" '^event: source_fresh' 20
    get 400 /api/v1/events -H 'Last-Event-ID: yesterday'
    stop_reads
}

test_a_ledger_that_is_replaced_is_said_and_followed() {
    source_of notes a.md '# Hello\n'
    serve_reads
    listen stream
    wait_for_line "$TEST_DIR/stream.out" '^id: [1-9]' 20
    mkdir "$TEST_DIR/aside"
    mv "$LATTICE_HOME"/ledger.db* "$TEST_DIR/aside/"
    expect_exit 0 "$SUPERVISE" --all
    wait_for_line "$TEST_DIR/stream.out" '^event: reset' 20
    wait_for_line "$TEST_DIR/stream.out" '^event: run_finished' 20
    stop_reads
}

test_a_live_stream_is_told_what_was_pruned_before_it_came() {
    source_of notes a.md '# Hello\n'
    serve_reads
    listen stream
    local newest
    newest=$(ledger 'SELECT max(seq) FROM event')
    wait_for_line "$TEST_DIR/stream.out" "^id: $newest\$" 20
    ledger "BEGIN;
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10)
            INSERT INTO event(at, source, type, json) SELECT 1, 'made', 'made', '{}' FROM n;
        DELETE FROM event WHERE seq <= $newest + 7;
        COMMIT"
    touch "$LATTICE_HOME/ledger.db"
    wait_for_line "$TEST_DIR/stream.out" "^id: $((newest + 10))\$" 20
    expect_equal "$(sed -n "/^event: /p" "$TEST_DIR/stream.out" | tr '\n' ' ')" \
        'event: reset event: made event: made event: made '
    # Who comes back from before the loss is told, too; who was told goes on behind it.
    listen before -H "Last-Event-ID: $((newest - 1))"
    wait_for_line "$TEST_DIR/before.out" "^id: $((newest + 10))\$" 20
    expect_equal "$(grep -c '^event: reset' "$TEST_DIR/before.out")" 1 'resets'
    listen after -H "Last-Event-ID: $((newest + 9))"
    wait_for_line "$TEST_DIR/after.out" "^id: $((newest + 10))\$" 20
    expect_equal "$(grep -c '^event: ' "$TEST_DIR/after.out")" 1 'events'
    stop_reads
}

# limit: 120
test_who_does_not_read_is_dropped_and_the_others_are_served() {
    source_of notes a.md '# Hello\n'
    serve_reads
    exec 3<>"/dev/tcp/127.0.0.1/$PORT"
    printf 'GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n' >&3
    head -c 20 <&3 >"$TEST_DIR/begun"
    local i
    for i in 1 2 3 4 5 6; do
        # Each reads what came so far, so that only the one that does not read lags behind.
        listen "reader$i"
        add_events 15000 "round_$i"
        wait_for_line "$TEST_DIR/reader$i.out" '^data: .*"i":15000}' 60
    done
    get 200 /metrics
    expect_matches "$OUT" '^lattice_reads_event_streams_dropped_total [1-9]'
    timeout 20 cat <&3 >"$TEST_DIR/rest" || fail 'the connection of who does not read is still open'
    exec 3>&-
    expect_not_contains "$TEST_DIR/rest" 'round_6'
    stop_reads
}

# limit: 120
test_who_does_not_read_history_is_dropped() {
    source_of notes a.md '# Hello\n'
    add_events 30000 history
    serve_reads
    exec 3<>"/dev/tcp/127.0.0.1/$PORT"
    printf 'GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: 1\r\n\r\n' >&3
    head -c 20 <&3 >"$TEST_DIR/begun"
    local i
    for i in 1 2 3 4 5 6 7 8; do
        listen "reader$i"
        add_events 15000 "round_$i"
        wait_for_line "$TEST_DIR/reader$i.out" '^data: .*"i":15000}' 60
        # How soon its connection is full, and its turn to read begins, is not ours to say.
        get 200 /metrics
        ! grep -q '^lattice_reads_event_streams_dropped_total [1-9]' "$OUT" || break
    done
    expect_matches "$OUT" '^lattice_reads_event_streams_dropped_total [1-9]'
    timeout 20 cat <&3 >"$TEST_DIR/rest" || fail 'the connection of who does not read is still open'
    exec 3>&-
    expect_not_contains "$TEST_DIR/rest" '"i":30000}'
    stop_reads
}

