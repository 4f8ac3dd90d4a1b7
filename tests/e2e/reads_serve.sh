# `lattice-reads serve`: HTTP, who may ask, what is refused, how it ends.
# shellcheck shell=bash

# shellcheck source=tests/e2e/lib/reads_serve.sh
. "$LATTICE_ROOT/tests/e2e/lib/reads_serve.sh"

test_a_search_is_answered_and_said_again_only_if_it_changed() {
    source_of notes a.md '# Hello\n\nsome uv_spawn text\n'
    serve_reads
    get 200 '/api/v1/search?query=uv_spawn'
    expect_equal "$(json 'hits[0].source')/$(json 'hits[0].path')" notes/a.md
    local etag
    etag=$(sed -n 's/^ETag: \(.*\)\r$/\1/p' "$TEST_DIR/head")
    get 304 '/api/v1/search?query=uv_spawn' -H "If-None-Match: \"other\", $etag"
    expect_equal "$(wc -c <"$OUT")" 0 'bytes of a 304'
    get 200 '/api/v1/search?query=hello' -H "If-None-Match: $etag"
    repo_write "$TEST_DIR/notes" b.md '# New\n\nuv_spawn, too\n'
    repo_commit "$TEST_DIR/notes"
    expect_exit 0 "$SUPERVISE" --source notes
    get 200 '/api/v1/search?query=uv_spawn' -H "If-None-Match: $etag"
    expect_equal "$(json 'hits[1].path' | wc -l)" 1
    expect_contains "$OUT" b.md
    stop_reads
}

test_wrong_parameters_are_a_problem_that_names_them() {
    mkdir -m 700 "$LATTICE_HOME"
    serve_reads
    get 400 /api/v1/search
    expect_contains "$TEST_DIR/head" 'Content-Type: application/problem+json'
    expect_equal "$(json status)" 400
    expect_contains "$OUT" 'query: is missing'
    get 400 '/api/v1/search?query=a&limit=0'
    expect_contains "$OUT" 'limit:'
    get 400 '/api/v1/search?query=a&nix=1'
    expect_contains "$OUT" 'nix: no such parameter'
    get 400 '/api/v1/search?query=%00'
    get 400 '/api/v1/search?query=%ff'
    get 404 /api/v1/nix
    expect_contains "$OUT" /openapi.json
    stop_reads
}

test_it_only_reads() {
    mkdir -m 700 "$LATTICE_HOME"
    serve_reads
    local method
    for method in POST PUT PATCH DELETE BREW; do
        get 405 /api/v1/search -X "$method"
        expect_contains "$TEST_DIR/head" 'Allow: GET, HEAD, OPTIONS'
        expect_contains "$OUT" 'only reads; use GET'
    done
    get 405 /nowhere -X PUT
    get 405 /mcp
    expect_contains "$TEST_DIR/head" 'Allow: POST, OPTIONS'
    get 204 /mcp -X OPTIONS
    get 204 / -X OPTIONS --request-target '*'
    expect_contains "$TEST_DIR/head" 'Allow: GET, HEAD, OPTIONS'
    get 404 / --request-target '*'
    get 200 /healthz --head
    expect_contains "$TEST_DIR/head" 'Content-Length: 3'
    get 400 /healthz -X GET -d body
    stop_reads
}

# refused STATUS BYTES...: each is answered so, and nothing behind it is read. (libmicrohttpd's own
# answer to a length that is no number begins twice.)
refused() {
    local status=$1 bytes
    shift
    for bytes in "$@"; do
        raw "$bytes"
        expect_equal "$(grep -ac '^HTTP/1.1' "$OUT")" "$(grep -ac "^HTTP/1.1 $status" "$OUT")" "answers to $bytes"
        head -n 1 "$OUT" | grep -q "^HTTP/1.1 $status" || {
            show "$OUT"
            fail "not refused with $status: $bytes"
        }
    done
}

test_heads_that_smuggle_are_refused() {
    mkdir -m 700 "$LATTICE_HOME"
    serve_reads
    local start='GET /healthz HTTP/1.1\r\nHost: localhost\r\n'
    local next='GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
    local post='POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'
    refused 400 \
        "${post}Content-Length: 6\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n0\\r\\n\\r\\n$next" \
        "${post}Transfer-Encoding: chunked\\r\\nContent-Length: 6\\r\\n\\r\\n0\\r\\n\\r\\n$next" \
        "${post}Content-Length: 0\\r\\nContent-Length: 2\\r\\n\\r\\n{}$next" \
        "${post}Content-Length: 2\\r\\nContent-Length: 2\\r\\n\\r\\n{}$next" \
        "${post}Content-Length: 2, 2\\r\\n\\r\\n{}$next" \
        "${post}Content-Length: +2\\r\\n\\r\\n{}$next" \
        "${post}Content-Length : 2\\r\\n\\r\\n{}$next" \
        "${start}X: a\\0b\\r\\n\\r\\n$next" \
        "${start}X: a\\0\\r\\nY: b\\r\\n\\r\\n$next" \
        "${start}X\\0: a\\r\\n\\r\\n$next" \
        "${start}\\0\\r\\n\\r\\n$next" \
        "GET /healthz\\0 HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n$next" \
        "GET /healthz HTTP/1.1\\nHost: localhost\\n\\n$next" \
        "${start}X: a\\r\\n b\\r\\n\\r\\n$next" \
        "GET /healthz HTTP/1.1\\r\\n\\r\\n$next" \
        "${start}Host: localhost\\r\\n\\r\\n$next"
    refused 501 "${post}Transfer-Encoding: xchunked\\r\\n\\r\\n0\\r\\n\\r\\n$next" \
        "${post}Transfer-Encoding: chunked \\r\\n\\r\\n0\\r\\n\\r\\n$next"
    # The same on a connection that was fine before.
    raw "$start\\r\\n${start}X: a\\0b\\r\\n\\r\\n$next"
    expect_equal "$(grep -ac '^HTTP/1.1 200' "$OUT")" 1 'good answers before the bad head'
    expect_equal "$(grep -ac '^HTTP/1.1 400' "$OUT")" 1 'answers to the bad head'
    # And what is in order is answered, one after the other.
    raw "$start\\r\\n$start\\r\\n$next"
    expect_equal "$(grep -ac 'HTTP/1.1 200' "$OUT")" 3 'answers to three requests'
    stop_reads
}

test_what_is_too_large_is_refused() {
    mkdir -m 700 "$LATTICE_HOME"
    serve_reads
    local long
    long=$(printf '%09000d' 0)
    get 431 /healthz -H "X: $long"
    local fields=() i
    for i in $(seq 80); do
        fields+=(-H "X$i: 1")
    done
    get 431 /healthz "${fields[@]}"
    get 413 /mcp -H 'Content-Type: application/json' --data-binary "@$LATTICE_BIN/lattice-reads"
    head -c 300000 /dev/zero >"$TEST_DIR/zeros"
    get 413 /mcp -H 'Content-Type: application/json' -H 'Transfer-Encoding: chunked' \
        --data-binary "@$TEST_DIR/zeros"
    get 200 /healthz
    stop_reads
}

# limit: 60
test_a_head_that_never_ends_is_ended_and_holds_nobody_up() {
    mkdir -m 700 "$LATTICE_HOME"
    serve_reads
    exec 3<>"/dev/tcp/127.0.0.1/$PORT"
    printf 'GET /healthz HTTP/1.1\r\nHost: loc' >&3
    get 200 /healthz
    timeout 40 cat <&3 >"$OUT" || fail 'the connection is still open'
    exec 3>&-
    get 200 /metrics
    expect_contains "$OUT" 'lattice_reads_http_connections_timed_out_total 1'
    stop_reads
}

test_who_sends_no_more_is_answered() {
    source_of notes a.md '# Hello\n'
    local socket=$TEST_DIR/socket query='/api/v1/search?query=hello' i path
    serve_reads --unix "$socket"
    for i in 1 2 3 4 5; do
        for path in "$query" /healthz; do
            printf 'GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n' "$path" "$query&limit=$i" "$path" |
                timeout 20 "$TOOLS/ask_socket" "$socket" >"$OUT" || fail 'the connection is still open'
            expect_equal "$(grep -o 'HTTP/1.1 200' "$OUT" | wc -l)" 3 'answers'
        done
    done
    # Nobody waits for who has not asked to the end.
    printf 'GET /healthz HTTP/1.1\r\nHost: loc' | timeout 20 "$TOOLS/ask_socket" "$socket" >"$OUT"
    expect_equal "$(cat "$OUT")" ''
    stop_reads
}

test_foreign_names_and_pages_are_turned_away() {
    mkdir -m 700 "$LATTICE_HOME"
    serve_reads --allow-host notes.example.org
    get 403 /healthz -H 'Host: evil.example'
    get 403 /healthz -H "Host: 127.0.0.1.evil.example:$PORT"
    get 200 /healthz -H 'Host: notes.example.org'
    get 200 /healthz -H "Host: localhost:$PORT"
    get 403 /healthz -H 'Origin: http://evil.example'
    get 403 /healthz -H 'Origin: null'
    get 200 /healthz -H 'Origin: http://localhost:3000'
    expect_not_contains "$TEST_DIR/head" 'Access-Control-Allow'
    # As a proxy is asked: then the address says which name is meant, and the header does not.
    get 200 /healthz --request-target "http://localhost:$PORT/healthz?" -H 'Host: evil.example'
    get 200 /healthz --request-target http://notes.example.org/healthz
    get 403 /healthz --request-target http://evil.example/healthz
    get 403 /healthz --request-target http://localhost.evil.example/healthz
    get 400 /healthz --request-target http://evil.example@localhost/healthz
    get 400 /healthz --request-target https://localhost/healthz
    get 404 /nowhere --request-target http://localhost/nowhere
    stop_reads
}

test_beyond_loopback_a_token_is_needed_and_never_told() {
    mkdir -m 700 "$LATTICE_HOME"
    expect_exit 64 "$READS" serve --listen 0.0.0.0:0
    expect_contains "$ERR" '--token-file'
    echo secret-0123456789abcdef >"$TEST_DIR/token"
    chmod 644 "$TEST_DIR/token"
    expect_exit 78 "$READS" serve --token-file "$TEST_DIR/token"
    expect_contains "$ERR" 'chmod 600'
    chmod 600 "$TEST_DIR/token"
    serve_reads --token-file "$TEST_DIR/token"
    get 401 /api/v1/sources
    expect_contains "$TEST_DIR/head" 'WWW-Authenticate: Bearer'
    get 401 /api/v1/sources -H 'Authorization: Bearer secret-0123456789abcdeg'
    get 401 /nowhere
    get 200 /openapi.json -H 'Authorization: Bearer secret-0123456789abcdef'
    get 200 /healthz
    LATTICE_LOG=debug get 401 '/api/v1/sources?secret-0123456789abcdef'
    stop_reads
    expect_not_contains "$TEST_DIR/reads.err" secret-
}

test_a_socket_in_the_file_system_is_its_users_alone() {
    mkdir -m 700 "$LATTICE_HOME"
    local socket=$TEST_DIR/reads.sock
    start reads "$READS" serve --unix "$socket"
    SERVE=$STARTED
    wait_for_line "$TEST_DIR/reads.err" 'serve: ready' 20
    expect_not_contains "$TEST_DIR/reads.err" 'http://'
    expect_equal "$(stat -c %a "$socket")" 600
    URL=http://any.name get 200 /healthz --unix-socket "$socket"
    expect_exit 78 "$READS" serve --unix "$socket"
    expect_contains "$ERR" 'somebody listens there already'
    kill -KILL "$SERVE"
    wait_exit "$SERVE"
    [ -S "$socket" ] || fail 'the test needs a socket that was left'
    rm "$TEST_DIR/reads.err"
    start reads "$READS" serve --unix "$socket"
    SERVE=$STARTED
    wait_for_line "$TEST_DIR/reads.err" 'serve: ready' 20
    URL=http://localhost get 200 /healthz --unix-socket "$socket"
    stop_reads
    [ ! -e "$socket" ] || fail 'the socket was left'
    : >"$TEST_DIR/file"
    expect_exit 78 "$READS" serve --unix "$TEST_DIR/file"
}

# Every path of the document is answered, with the parameters that it names, and every route of the
# API is in it.
test_the_openapi_document_agrees_with_the_routes() {
    source_of notes a.md '# Hello\n'
    serve_reads
    get 200 /openapi.json
    cp "$OUT" "$TEST_DIR/openapi.json"
    sqlite3 "$TEST_DIR/doc.db" "CREATE TABLE path AS SELECT p.key AS path, m.key AS method,
            json_extract(m.value, '\$.operationId') AS op, m.value AS body
        FROM json_each(CAST(readfile('$TEST_DIR/openapi.json') AS TEXT), '\$.paths') p,
            json_each(p.value) m"
    local path method op count
    while IFS='|' read -r path method op; do
        path=${path/'{source}'/notes}
        path=${path/'{path}'/a.md}
        case $method,$path in
        post,*) get 415 "$path" -X POST ;;
        get,/api/v1/events) get 400 "$path" -H 'Last-Event-ID: x' ;;
        get,*)
            curl -s --max-time 20 -o "$OUT" -D "$TEST_DIR/head" "$URL$path"
            expect_not_contains "$OUT" 'There is nothing at'
            [ -z "$op" ] || get 400 "$path?no_such_parameter=1"
            ;;
        esac
    done < <(sqlite3 "$TEST_DIR/doc.db" "SELECT path, method, coalesce(op, '') FROM path")
    for path in search 'pages/{source}/{path}' context links recent sources runs stats events; do
        count=$(sqlite3 "$TEST_DIR/doc.db" "SELECT count(*) FROM path WHERE path = '/api/v1/$path'")
        [ "$count" = 1 ] || fail "/api/v1/$path is not in the document"
    done
    # What is required, and only that, is missed when it is not given.
    while IFS='|' read -r path name; do
        get 400 "$path"
        expect_contains "$OUT" "$name: is missing"
    done < <(sqlite3 "$TEST_DIR/doc.db" "SELECT path, min(json_extract(p.value, '\$.name'))
        FROM path, json_each(body, '\$.parameters') p
        WHERE json_extract(p.value, '\$.required') AND path NOT LIKE '%{%'
        GROUP BY path HAVING count(*) = 1")
    stop_reads
}

test_it_ends_softly_with_open_streams_and_idle_connections() {
    mkdir -m 700 "$LATTICE_HOME"
    serve_reads
    start stream curl -sN --max-time 60 "$URL/api/v1/events"
    local stream=$STARTED
    wait_for_line "$TEST_DIR/stream.out" '^retry:' 20
    exec 3<>"/dev/tcp/127.0.0.1/$PORT"
    stop_reads
    wait_exit "$stream"
    expect_equal "$CODE" 0 'exit code of the stream: it ended as a stream does'
    exec 3>&-
}

test_wrong_options_are_named() {
    expect_exit 0 "$READS" serve --help
    expect_exit 64 "$READS" serve --listen nowhere
    expect_exit 64 "$READS" serve --listen 127.0.0.1:65536
    expect_contains "$ERR" 'expected ADDRESS:PORT'
    expect_exit 64 "$READS" serve --allow-host http://notes.example.org
    expect_contains "$ERR" 'without http:// and without a port'
    expect_exit 64 "$READS" serve --nonsense
    expect_contains "$ERR" 'unknown option --nonsense'
    expect_exit 64 "$READS" serve --listen
    expect_contains "$ERR" '--listen needs a value'
    expect_exit 64 "$READS" mcp --nonsense
    expect_contains "$ERR" '--nonsense'
}

# Each of them waits for the store as long as it may; three do at a time.
test_it_ends_soon_whatever_queries_run_and_wait() {
    source_of notes a.md '# Hello\n'
    serve_reads --query-timeout 10m
    lock_database "$LATTICE_HOME/sources/notes/store.db"
    local i
    for i in $(seq 10 209); do
        eval "exec $i<>/dev/tcp/127.0.0.1/$PORT"
        printf 'GET /api/v1/search?query=hello HTTP/1.1\r\nHost: localhost\r\n\r\n' >&"$i"
    done
    get 200 /healthz
    kill -TERM "$SERVE"
    wait_gone "$SERVE" 10
    wait_exit "$SERVE"
    expect_equal "$CODE" 0 'exit code of the service'
    local status
    for i in $(seq 10 209); do
        read -r -t 20 -u "$i" status
        expect_equal "$status" $'HTTP/1.1 503 Service Unavailable\r'
        eval "exec $i>&-"
    done
    unlock_database
}

test_a_store_that_does_not_answer_is_named_and_the_others_answer() {
    source_of good a.md '# Hello\n\nfindme\n'
    source_of bad b.md '# Hello\n\nfindme\n'
    serve_reads
    get 200 /readyz
    head -c 65536 /dev/urandom >"$TEST_DIR/garbage"
    rm "$LATTICE_HOME"/sources/bad/store.db*
    cp "$TEST_DIR/garbage" "$LATTICE_HOME/sources/bad/store.db"
    get 503 /readyz
    expect_equal "$(json 'not_answering[0].id')" bad
    expect_equal "$(json 'not_answering[1].id')" ''
    get 200 '/api/v1/search?query=findme'
    expect_equal "$(json 'hits[0].source')" good
    expect_equal "$(json partial)" 1
    expect_not_contains "$TEST_DIR/head" ETag
    rm "$LATTICE_HOME/sources/bad/store.db"
    get 200 '/api/v1/search?query=findme'
    get 503 /readyz
    expect_exit 0 "$SUPERVISE" --source bad
    get 200 /readyz
    get 200 '/api/v1/search?query=findme'
    expect_equal "$(json partial)" 0
    stop_reads
}

# expect_kept: what was answered last may be asked for again by its ETag; or nobody may keep it.
expect_kept() {
    expect_matches "$TEST_DIR/head" '^ETag: '
    expect_matches "$TEST_DIR/head" '^Cache-Control: no-cache'
}
expect_not_kept() {
    expect_not_contains "$TEST_DIR/head" 'ETag: '
    expect_matches "$TEST_DIR/head" '^Cache-Control: no-store'
}

# The second store is locked for longer than a query may take.
test_what_the_deadline_cut_is_nothing_to_keep() {
    source_of one a.md '# Hello\n\nfindme\n'
    source_of two a.md '# Hello\n\nfindme\n'
    serve_reads
    local path
    local -a paths=('/api/v1/search?query=findme' /api/v1/recent /api/v1/stats /api/v1/sources / /sources)
    for path in "${paths[@]}"; do
        get 200 "$path"
        expect_kept
    done
    stop_reads
    lock_database "$LATTICE_HOME/sources/two/store.db"
    serve_reads --query-timeout 400ms
    for path in "${paths[@]}"; do
        get 503 "$path"
        expect_not_kept
        [[ $path != /api/* ]] || expect_equal "$(json cause) $(json found | grep -c one)" 'deadline 1' "$path"
    done
    get 503 /readyz
    expect_equal "$(json 'not_answering[0].id') $(json 'not_answering[1].id')" 'two '
    mcp 200 '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"sources","arguments":{}}}'
    expect_contains "$OUT" 'when 1 of 2 sources had been read'
    unlock_database
    get 200 '/api/v1/search?query=findme'
    expect_kept
    stop_reads
    serve_reads
    rm "$LATTICE_HOME/sources/two"/store.db*
    for path in '/api/v1/search?query=findme' /api/v1/stats / '/?q=findme'; do
        get 200 "$path"
        expect_not_kept
    done
    stop_reads
}

test_answers_that_nobody_reads_are_bounded_and_others_get_theirs() {
    head -c 3000000 /dev/zero | tr '\0' 'x' >"$TEST_DIR/large"
    make_repo "$TEST_DIR/notes"
    { printf '# Large\n\n' && fold -w 60 "$TEST_DIR/large"; } >"$TEST_DIR/notes/large.md"
    repo_commit "$TEST_DIR/notes"
    expect_exit 0 "$SUPERVISE" add notes "$TEST_DIR/notes"
    expect_exit 0 "$SUPERVISE" --all
    serve_reads --query-timeout 60s
    local i status
    for i in $(seq 10 69); do
        eval "exec $i<>/dev/tcp/127.0.0.1/$PORT"
        printf 'GET /api/v1/pages/notes/large.md HTTP/1.1\r\nHost: localhost\r\n\r\n' >&"$i"
    done
    for i in $(seq 10 69); do
        read -r -t 40 -u "$i" status # each has begun to be answered
    done
    get 200 /metrics
    expect_matches "$OUT" '^lattice_reads_http_unsent_dropped_total [1-9]'
    i=$(sed -n 's/^lattice_reads_http_unsent_bytes //p' "$OUT")
    [ "$i" -le 33554432 ] || fail "$i bytes wait for clients"
    # Who does as Retry-After says gets all of it, though nobody else has read anything.
    curl -sf --max-time 40 --retry 20 -o "$OUT" "$URL/api/v1/pages/notes/large.md"
    expect_equal "$(json 'size_bytes')" "$(stat -c %s "$TEST_DIR/notes/large.md")"
    for i in $(seq 10 69); do
        eval "exec $i>&-"
    done
    stop_reads
}

# The service's own few descriptors, some connections, and no more.
test_out_of_descriptors_who_comes_is_refused_and_others_are_served() {
    mkdir -m 700 "$LATTICE_HOME"
    start reads bash -c 'ulimit -n 40; exec "$@"' - "$READS" serve --listen 127.0.0.1:0
    SERVE=$STARTED
    wait_for_line "$TEST_DIR/reads.err" 'serve: ready' 20
    URL=$(sed -n 's/.*listening on \(http:.*\)/\1/p' "$TEST_DIR/reads.err")
    local port=${URL##*:} i
    exec 3<>"/dev/tcp/127.0.0.1/$port"
    for i in $(seq 10 49); do
        eval "exec $i<>/dev/tcp/127.0.0.1/$port"
    done
    timeout 20 cat <&49 >"$OUT"
    expect_matches "$OUT" '^HTTP/1.1 503'
    printf 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
    timeout 20 cat <&3 >"$OUT"
    expect_matches "$OUT" '^HTTP/1.1 200'
    for i in 3 $(seq 10 49); do
        eval "exec $i>&-"
    done
    stop_reads
}

test_either_side_starts_and_is_killed_without_the_other() {
    source_of notes a.md '# Hello\n\nfindme\n'
    serve_reads
    get 200 '/api/v1/search?query=findme'
    kill -KILL "$SERVE"
    wait_exit "$SERVE"
    repo_write "$TEST_DIR/notes" b.md '# New\n\nfindme\n'
    repo_commit "$TEST_DIR/notes"
    expect_exit 0 "$SUPERVISE" --all
    serve_reads
    start sup "$SUPERVISE" serve
    local sup=$STARTED
    wait_for_line "$TEST_DIR/sup.err" 'serve: ready' 20
    get 200 '/api/v1/search?query=findme'
    expect_equal "$(json 'hits[1].path' | grep -c .)" 1 'second hits'
    kill -KILL "$sup"
    wait_exit "$sup"
    get 200 '/api/v1/search?query=findme'
    get 200 /readyz
    stop_reads
}

test_a_query_that_takes_too_long_says_what_it_found_out() {
    make_repo "$TEST_DIR/notes"
    repo_pages "$TEST_DIR/notes" 3000
    repo_commit "$TEST_DIR/notes"
    expect_exit 0 "$SUPERVISE" add notes "$TEST_DIR/notes"
    expect_exit 0 "$SUPERVISE" --all
    serve_reads --query-timeout 1ms
    get 503 '/api/v1/search?query=text'
    expect_equal "$(json cause)" deadline
    expect_contains "$TEST_DIR/head" 'Retry-After: 1'
    get 200 /healthz
    stop_reads
    serve_reads --query-timeout 60s
    get 200 '/api/v1/search?query=text'
    stop_reads
    expect_exit 64 "$READS" serve --query-timeout 1h
}
