# `serve --inbox`: what is pushed is on the disk before it is acknowledged; what cannot be written is
# refused before it is sent, and nothing that reads is.
# shellcheck shell=bash disable=SC2016

# shellcheck source=tests/e2e/lib/reads_serve.sh
. "$LATTICE_ROOT/tests/e2e/lib/reads_serve.sh"
# shellcheck source=tests/e2e/lib/worker.sh
. "$LATTICE_ROOT/tests/e2e/lib/worker.sh"

SESSIONS=/api/v1/sessions

# inbox [SERVE-OPTION...]: a home with the inbox `in`, and the service that writes to it.
inbox() {
    [ -e "$LATTICE_HOME/sources.json" ] || expect_exit 0 "$SUPERVISE" add in --kind inbox
    serve_reads --inbox in "$@"
}

# push STATUS PATH JSON [CURL-OPTION...]
push() {
    local want=$1 path=$2 json=$3
    shift 3
    get "$want" "$path" -H 'Content-Type: application/json' --data-binary "$json" "$@"
}

# spooled: every line of the spool, in order.
spooled() {
    cat "$LATTICE_HOME"/sources/in/inbox/*.jsonl
}

# remember ARGUMENTS: by MCP; the text of its result is in $OUT.
remember() {
    mcp 200 "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"remember\",\"arguments\":$1}}"
    json 'result.content[0].text' >"$OUT.text"
    mv "$OUT.text" "$OUT"
}

imported() {
    expect_exit 0 "$WORKER" sync in
}

test_without_an_inbox_any_write_is_405() {
    mkdir -m 700 "$LATTICE_HOME"
    serve_reads
    local path
    for path in "$SESSIONS/s/init" "$SESSIONS/s/observations" "$SESSIONS/s/summarize" /api/v1/notes /api/v1/archive; do
        push 405 "$path" '{"text": "x"}'
        expect_contains "$TEST_DIR/head" 'Allow: GET, HEAD, OPTIONS'
        expect_contains "$OUT" 'only reads'
    done
    get 405 "$SESSIONS/s" -X DELETE
    get 200 /openapi.json
    expect_not_contains "$OUT" /api/v1/notes
    mcp 200 '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'
    expect_not_contains "$OUT" remember
    mcp 200 '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"remember","arguments":{"text":"x"}}}'
    expect_contains "$OUT" 'Unknown tool'
    stop_reads
    [ ! -e "$LATTICE_HOME/sources" ] || fail 'it wrote'
}

test_what_was_acknowledged_is_in_the_spool_and_then_in_the_store() {
    inbox
    push 202 "$SESSIONS/a%20b%2Fc/init" '{"title": "Repair the kestrel", "prompt": "Why does it not fly?", "project": "birds", "agent": "robin"}'
    expect_equal "$(json status) $(json queue_length)" 'queued 1'
    push 202 "$SESSIONS/a%20b%2Fc/observations" '{"type": "discovery", "title": "Its wing", "text": "A feather was missing",
        "facts": ["feathers matter"], "concepts": ["flight"], "files_read": ["wing.c"], "id": "seen-1"}'
    expect_equal "$(json id) $(json queue_length)" 'seen-1 2'
    push 202 "$SESSIONS/a%20b%2Fc/summarize" '{"text": "It flies again"}'
    push 202 /api/v1/notes '{"text": "Kestrels hover"}'
    get 202 "$SESSIONS/a%20b%2Fc" -X DELETE
    expect_equal "$(json queue_length)" 5
    expect_equal "$(spooled | wc -l)" 5 'lines of the spool'
    expect_equal "$(stat -c %a "$LATTICE_HOME/sources/in/inbox" "$LATTICE_HOME"/sources/in/inbox/*.jsonl | xargs)" '700 600'
    get 200 /api/v1/queue
    expect_equal "$(json waiting) $(json 'queues[0].files')" '5 1'
    get 200 /metrics
    expect_contains "$OUT" 'lattice_reads_pushes_total{end="queued"} 5'
    expect_contains "$OUT" 'lattice_reads_accepts_writes 1'
    imported
    get 200 /api/v1/queue
    expect_equal "$(json waiting) $(json oldest_at)" '0 '
    get 200 "$SESSIONS"
    expect_equal "$(json 'sessions[0].id')|$(json 'sessions[0].state')|$(json 'sessions[0].title')|$(json 'sessions[0].project')|$(json 'sessions[0].agent')" \
        'a b/c|ended|Repair the kestrel|birds|robin'
    expect_equal "$(json 'sessions[0].observations')" '{"discovery":1,"prompt":1,"summary":1}'
    get 200 "$SESSIONS/a%20b%2Fc"
    expect_equal "$(json 'observations[0].type') $(json 'observations[1].type') $(json 'observations[2].type')" 'prompt discovery summary'
    expect_equal "$(json 'observations[1].id')|$(json 'observations[1].title')|$(json 'observations[1].facts[0]')|$(json 'observations[1].files_read[0]')" \
        'seen-1|Its wing|feathers matter|wing.c'
    json 'observations[1].text' >"$TEST_DIR/text"
    expect_contains "$TEST_DIR/text" 'A feather was missing'
    get 200 "$SESSIONS/a%20b%2Fc?limit=1&offset=1"
    expect_equal "$(json 'observations[0].id') $(json has_more)" 'seen-1 1'
    get 404 "$SESSIONS/nobody"
    get 200 '/api/v1/search?query=feather'
    expect_equal "$(json 'hits[0].source')" in
    stop_reads
}

test_what_is_wrong_is_named_and_not_written() {
    inbox
    push 400 "$SESSIONS/s/observations" '{"type": "foo", "text": "x"}'
    expect_contains "$OUT" 'type: \"foo\": expected one of decision, bugfix'
    push 400 "$SESSIONS/s/observations" '{"text": "x", "facts": ["a", 2]}'
    expect_contains "$OUT" 'facts[1]: expected a string'
    push 400 "$SESSIONS/s/observations" '{"text": "x", "colour": "red"}'
    expect_contains "$OUT" 'colour'
    push 400 "$SESSIONS/s/observations" '{"text": '
    push 400 "$SESSIONS/s/observations" '{"text": "x", "session": "t"}'
    expect_contains "$OUT" 'session: '
    push 400 "$SESSIONS/s/observations?text=x" '{"text": "x"}'
    push 400 /api/v1/archive '{}'
    get 415 /api/v1/notes -H 'Content-Type: text/plain' -d '{"text": "x"}'
    head -c 1048577 /dev/zero | tr '\0' ' ' >"$TEST_DIR/long"
    get 413 /api/v1/notes -H 'Content-Type: application/json' --data-binary "@$TEST_DIR/long"
    get 413 /api/v1/notes -H 'Content-Type: application/json' -H 'Transfer-Encoding: chunked' --data-binary "@$TEST_DIR/long"
    get 405 "$SESSIONS/s" -X PUT
    expect_contains "$TEST_DIR/head" 'Allow: GET, HEAD, DELETE, OPTIONS'
    get 405 /api/v1/notes
    expect_contains "$TEST_DIR/head" 'Allow: POST, OPTIONS'
    get 403 /api/v1/notes -H 'Origin: http://evil.example' -H 'Content-Type: application/json' -d '{"text": "x"}'
    remember '{"text": "x", "type": 3}'
    expect_contains "$OUT" 'type: expected'
    expect_equal "$(find "$LATTICE_HOME/sources/in/inbox" -name '*.jsonl' | wc -l)" 0 'files of the spool'
    printf '{"text": "%s"}' "$(head -c 1000000 /dev/zero | tr '\0' x)" >"$TEST_DIR/large"
    get 202 /api/v1/notes -H 'Content-Type: application/json' --data-binary "@$TEST_DIR/large"
    stop_reads
}

test_agents_remember_by_mcp() {
    inbox
    mcp 200 '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'
    expect_contains "$OUT" '"name":"remember"'
    remember '{"text": "Herons stand still", "type": "decision", "concepts": ["birds"]}'
    expect_contains "$OUT" '"status":"queued"'
    remember '{"text": "Herons fish", "session": "s", "id": "h-1"}'
    expect_contains "$OUT" '"id":"h-1"'
    imported
    get 200 '/api/v1/search?query=herons'
    expect_equal "$(json 'hits[0].source') $(json 'hits[1].source')" 'in in'
    stop_reads
}

test_the_same_again_is_written_once() {
    inbox
    local i
    for i in 1 2 3; do
        push 202 "$SESSIONS/s/observations" '{"text": "once", "id": "one"}'
    done
    imported
    get 200 "$SESSIONS/s"
    expect_equal "$(json 'observations[0].id')|$(json 'observations[1].id')" 'one|'
    push 202 "$SESSIONS/s/observations" '{"text": "once", "id": "one"}'
    imported
    expect_equal "$(sql in 'SELECT count(*) FROM observation')" 1
    stop_reads
}

test_search_leaves_out_what_was_superseded_or_archived() {
    inbox
    push 202 /api/v1/notes '{"text": "The plover nests here", "id": "old"}'
    push 202 /api/v1/notes '{"text": "The plover nests there", "id": "new", "supersedes": ["old"]}'
    push 202 "$SESSIONS/s/observations" '{"text": "A plover was seen", "id": "seen"}'
    push 202 "$SESSIONS/s/observations" '{"text": "Another plover was seen", "id": "again"}'
    imported
    push 202 /api/v1/archive '{"ids": ["seen"]}'
    imported
    get 200 '/api/v1/search?query=plover'
    expect_equal "$(json 'hits[0].superseded')$(json 'hits[1].superseded')$(json 'hits[2].path')" '' 'what is hidden'
    expect_equal "$(json 'hits[0].more_hits') $(json 'hits[1].more_hits')" '0 0'
    get 200 '/api/v1/search?query=plover&superseded=true'
    expect_equal "$(sqlite3 :memory: "SELECT count(*), sum(json_extract(value, '\$.more_hits')) FROM
        json_each(CAST(readfile('$OUT') AS TEXT), '\$.hits')")" '3|1'
    get 200 '/api/v1/search?query=nests+here'
    expect_equal "$(json match)" partial
    get 200 '/api/v1/search?query=nests+here&superseded=true'
    expect_equal "$(json match) $(json 'hits[0].superseded')" 'all 1'
    expect_exit 1 "$READS" search nests here -there
    expect_exit 0 "$READS" search nests here -there --superseded
    get 200 "$SESSIONS/s"
    expect_equal "$(json 'observations[1].archived_at')" ''
    [ "$(json 'observations[0].archived_at')" -gt 0 ] || fail 'it is not archived'
    get 200 /api/v1/pages/in/sessions/s.md
    expect_equal "$(json 'chunks[0].superseded')$(json 'chunks[1].superseded')" 1 'marks in the page'
    # Those that do not have it, or cannot, are no warning.
    expect_exit 0 "$SUPERVISE" add other "$TEST_DIR" --kind dir
    expect_exit 0 "$SUPERVISE" add second --kind inbox
    expect_exit 0 "$WORKER" sync second
    expect_exit 0 "$READS" session s
    expect_contains "$OUT" 'A plover was seen'
    expect_equal "$(cat "$ERR")" '' 'warnings'
    stop_reads
}

test_all_that_push_at_a_time_are_answered_and_each_in_its_order() {
    inbox
    local i n pushes
    for i in $(seq 20); do
        pushes=()
        for n in 1 2 3 4 5; do
            pushes+=(--next -sS --max-time 30 -H 'Content-Type: application/json' -d "{\"text\": \"m$n\", \"id\": \"$i-$n\"}" "$URL$SESSIONS/s$i/observations")
        done
        start "agent$i" curl "${pushes[@]:1}"
    done
    for i in "${started[@]:1}"; do
        wait_exit "$i"
        expect_equal "$CODE" 0 'exit code of a sender'
    done
    expect_equal "$(cat "$TEST_DIR"/agent*.out | grep -o '"status":"queued"' | wc -l)" 100 'acknowledgements'
    imported
    expect_equal "$(sql in 'SELECT count(*) FROM inbox_session')" 20 'sessions'
    get 200 "$SESSIONS/s7"
    expect_equal "$(for i in 0 1 2 3 4; do json "observations[$i].id"; done | xargs)" '7-1 7-2 7-3 7-4 7-5'
    stop_reads
}

test_a_store_of_before_observations_is_read() {
    source_of notes a.md '# Hello\n\nsome uv_spawn text\n'
    sqlite3 -batch "$LATTICE_HOME/sources/notes/store.db" 'DROP TABLE observation; DROP TABLE observation_end;
        DROP TABLE hidden_chunk; DROP TABLE inbox_session; DROP TABLE spool_file; PRAGMA user_version = 7'
    serve_reads
    get 200 '/api/v1/search?query=uv_spawn'
    expect_equal "$(json 'hits[0].path') $(json partial)" 'a.md 0'
    get 200 '/api/v1/search?query=uv_spawn&superseded=true'
    expect_equal "$(json 'hits[0].path')|$(json 'hits[0].superseded')" 'a.md|'
    get 200 /api/v1/pages/notes/a.md
    expect_contains "$OUT" uv_spawn
    get 200 "$SESSIONS"
    expect_equal "$(json sessions) $(json partial)" '[] 0'
    get 404 "$SESSIONS/s"
    get 200 /sessions
    stop_reads
}

test_sessions_are_shown_to_people_without_script() {
    inbox
    get 200 /sessions
    expect_contains "$OUT" 'No agent has pushed anything here yet'
    push 202 "$SESSIONS/a%20b/init" '{"title": "Repair <b>the</b> kestrel", "prompt": "Why?", "project": "birds", "agent": "robin"}'
    push 202 "$SESSIONS/a%20b/observations" '{"type": "discovery", "text": "The **wing** <script>alert(1)</script>", "id": "old"}'
    get 200 /sessions
    expect_contains "$OUT" '2 on the way, the oldest pushed '
    imported
    push 202 "$SESSIONS/a%20b/observations" '{"type": "decision", "text": "The tail", "supersedes": "old"}'
    imported
    get 200 /sessions
    expect_contains "$OUT" '<a class="open" href="/sessions/in/a%20b">Repair &lt;b&gt;the&lt;/b&gt; kestrel</a>'
    expect_contains "$OUT" '<span class="pill busy">open</span>'
    expect_contains "$OUT" '1 decision, 1 discovery, 1 prompt'
    expect_not_contains "$OUT" 'on the way'
    get 200 /sessions/in/a%20b
    expect_contains "$OUT" '<strong>discovery</strong>'
    expect_contains "$OUT" 'superseded by <code>'
    expect_contains "$OUT" '<strong>wing</strong>'
    expect_not_contains "$OUT" '<script>alert'
    expect_contains "$OUT" 'href="/pages/in/sessions/'
    get 200 '/sessions/in/a%20b?offset=2'
    expect_contains "$OUT" 'Before these'
    expect_not_contains "$OUT" '<strong>discovery</strong>'
    get 404 /sessions/in/nobody
    get 404 /sessions/nix/a
    get 404 /sessions/in
    get 400 '/sessions?offset=x'
    stop_reads
}

# --- degraded -----------------------------------------------------------------------------------

# refuses REASON: what writes is refused so before its body is read, and everything else works.
refuses() {
    local reason=$1 path
    for path in "$SESSIONS/s/init" "$SESSIONS/s/observations" "$SESSIONS/s/summarize" /api/v1/notes /api/v1/archive; do
        raw "POST $path HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Type: application/json\\r\\nContent-Length: 1000\\r\\n\\r\\n"
        expect_matches "$OUT" '^HTTP/1.1 503'
        expect_matches "$OUT" '^Retry-After: [0-9]+'
        expect_contains "$OUT" "\"reason\":\"$reason\""
    done
    get 503 "$SESSIONS/s" -X DELETE
    remember '{"text": "x"}'
    expect_contains "$OUT" "\"cause\":\"$reason\""
    get 200 '/api/v1/search?query=anything'
    get 200 "$SESSIONS"
    get 405 "$SESSIONS/s" -X PUT
    get 200 /metrics
    expect_contains "$OUT" 'lattice_reads_accepts_writes 0'
    curl -s --max-time 20 -o "$OUT" "$URL/readyz"
    expect_equal "$(json accepts_writes) $(json reason)" "0 $reason"
}

# accepts [CURL-OPTION...]
accepts() {
    push 202 /api/v1/notes '{"text": "A wren"}' "$@"
    curl -s --max-time 20 -o "$OUT" "$URL/readyz"
    expect_equal "$(json accepts_writes) $(json reason)" '1 '
}

test_an_inbox_that_another_service_has_is_refused_with_its_name() {
    inbox
    local first=$SERVE
    accepts
    mv reads.err first.err
    start reads "$READS" serve --listen 127.0.0.1:0 --inbox in
    SERVE=$STARTED
    wait_for_line reads.err 'serve: ready' 20
    URL=$(sed -n 's/.*listening on \(http:.*\)/\1/p' reads.err)
    PORT=${URL##*:}
    expect_equal "$(grep -c '^warn' reads.err)" 1 'warnings'
    expect_matches reads.err "belongs to lattice-reads serve \\(pid $first, since 20[0-9]{2}-[-0-9T:]+Z\\)"
    grep -oE '(POST|DELETE) /api[^ ,]*' reads.err | sort >routes
    get 200 /openapi.json
    sqlite3 :memory: "SELECT upper(m.key) || ' ' || p.key
        FROM json_each(CAST(readfile('$OUT') AS TEXT), '\$.paths') p, json_each(p.value) m
        WHERE json_extract(m.value, '\$.responses.202') IS NOT NULL" | sort >documented
    cmp routes documented || fail 'the warning does not name the routes that write'
    refuses locked
    kill -TERM "$first"
    wait_exit "$first"
    wait_for_line reads.err 'in inbox: takes what is pushed' 20
    accepts
    stop_reads
}

test_a_service_that_waits_for_the_inbox_ends_at_once() {
    expect_exit 0 "$SUPERVISE" add in --kind inbox
    mkdir -p "$LATTICE_HOME/sources/in"
    start holder "$TOOLS/hold_lock" "$LATTICE_HOME/sources/in/inbox.lock"
    wait_for_line holder.out held 20
    inbox
    expect_contains reads.err 'belongs to a process that does not say which'
    refuses locked
    stop_reads
}

test_a_killed_service_leaves_the_inbox_to_the_next() {
    inbox
    accepts
    kill -KILL "$SERVE"
    wait_exit "$SERVE"
    inbox
    accepts
    imported
    expect_equal "$(sql in 'SELECT count(*) FROM observation')" 2
    stop_reads
}

test_a_source_that_is_not_configured_is_not_written_to() {
    mkdir -m 700 "$LATTICE_HOME"
    echo '{"sources": []}' >"$LATTICE_HOME/sources.json"
    inbox
    expect_contains reads.err 'lattice-supervise add in --kind inbox'
    refuses no-source
    expect_exit 0 "$SUPERVISE" add in --kind inbox
    wait_for_line reads.err 'in inbox: takes what is pushed' 20
    accepts
    expect_exit 0 "$SUPERVISE" remove in
    push 503 /api/v1/notes '{"text": "x"}'
    expect_equal "$(json reason)" no-source
    stop_reads
    expect_exit 64 "$READS" serve --inbox ../in
    expect_contains "$ERR" '--inbox'
}

test_a_home_without_rights_is_read_and_written_to_once_there_are_some() {
    expect_exit 0 "$SUPERVISE" add in --kind inbox
    mkdir -p "$LATTICE_HOME/sources/in"
    [ "$(id -u)" -ne 0 ] || chown -R 65534:65534 "$LATTICE_HOME" "$TEST_DIR"
    chmod 500 "$LATTICE_HOME/sources/in"
    READS=unprivileged_reads
    inbox
    refuses no-rights
    chmod 700 "$LATTICE_HOME/sources/in"
    wait_for_line reads.err 'in inbox: takes what is pushed' 20
    accepts
    stop_reads
}

# In the place of its shell, so that a signal gets to it.
unprivileged_reads() {
    local drop=()
    [ "$(id -u)" -ne 0 ] || drop=(setpriv --reuid 65534 --regid 65534 --clear-groups --)
    exec "${drop[@]}" "$LATTICE_BIN/lattice-reads" "$@"
}

test_a_full_disk_is_said_and_nothing_that_was_acknowledged_is_lost() {
    own_mounts "$LATTICE_ROOT/tests/e2e/reads_push.sh" test_a_full_disk_is_said_and_nothing_that_was_acknowledged_is_lost
    mkdir "$LATTICE_HOME"
    mount -t tmpfs -o size=1m,mode=700 none "$LATTICE_HOME"
    inbox
    accepts
    head -c 2000000 /dev/zero >"$LATTICE_HOME/full" 2>/dev/null || true
    push 503 /api/v1/notes "{\"text\": \"$(head -c 100000 /dev/zero | tr '\0' x)\"}"
    expect_equal "$(json reason)" disk-full
    refuses disk-full
    rm "$LATTICE_HOME/full"
    accepts --retry 5 # as Retry-After says
    expect_equal "$(spooled | grep -c 'A wren')" 2 'messages that were acknowledged'
    expect_equal "$(spooled | grep -vc 'A wren' || true)" 0 'others'
    stop_reads
}

test_a_read_only_filesystem_is_read_and_written_to_once_it_is_not() {
    own_mounts "$LATTICE_ROOT/tests/e2e/reads_push.sh" test_a_read_only_filesystem_is_read_and_written_to_once_it_is_not
    mkdir "$LATTICE_HOME"
    mount -t tmpfs -o mode=700 none "$LATTICE_HOME"
    expect_exit 0 "$SUPERVISE" add in --kind inbox
    mount -o remount,ro "$LATTICE_HOME"
    inbox
    refuses read-only
    mount -o remount,rw "$LATTICE_HOME"
    accepts --retry 5 # as Retry-After says
    stop_reads
}

# Nobody who begins much and never ends fills the memory, or is waited for.
test_bodies_that_never_end_are_bounded() {
    inbox
    local fds=() fd i line
    for i in $(seq 64); do
        exec {fd}<>"/dev/tcp/127.0.0.1/$PORT"
        printf 'POST /api/v1/notes HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 1048576\r\n\r\n' >&"$fd"
        read -r -t 20 line <&"$fd"
        expect_equal "${line%$'\r'}" 'HTTP/1.1 100 Continue' "to the sender $i"
        fds+=("$fd")
    done
    push 503 /api/v1/notes '{"text": "x"}'
    expect_contains "$OUT" 'Too many bytes of requests'
    get 200 "$SESSIONS"
    for fd in "${fds[@]}"; do
        exec {fd}>&-
    done
    accepts --retry 5
    stop_reads
}
