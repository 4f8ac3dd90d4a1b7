# Sources over HTTP when the server, the network or the secret is wrong; by a repo-recall source.
# shellcheck shell=bash disable=SC2153 # lib.sh sets CODE, lib/http.sh PORT

# shellcheck source=tests/e2e/lib/http.sh
. "$LATTICE_ROOT/tests/e2e/lib/http.sh"

JSON='header Content-Type: application/json'
# Not that of a test beside this one, whose processes are seen too.
SECRET=s3same-$$-$RANDOM

# A source of one page that has been synced, then a server without an answer.
synced_recall() {
    http_upstream upstream
    well
    expect_exit 0 "$SUPERVISE" add recall "http://127.0.0.1:$PORT" --kind repo-recall "$@"
    sync_exits 0 'recall: ok, 1 pages' recall
    rm srv/_*
}

well() {
    answers _api_scan-version "$JSON" <<<'{"scan_version":3,"last_scan":1700000000}'
    answers _api_sessions "$JSON" \
        <<<'{"sessions":[{"session":{"session_uuid":"u-1","last_prompt":"kept"},"repos":[]}],"scan_version":3}'
}

# fails CODE TEXT LINE...: a server that answers so fails the run with the TEXT; the store stays.
fails() {
    local code=$1 text=$2
    shift 2
    answers _api_scan-version "$@"
    sync_exits "$code" "$text" recall
    expect_equal "$(hits recall kept)" 1 'hits'
}

test_statuses_are_told_apart() {
    synced_recall
    fails 77 "fetch: http://127.0.0.1:$PORT/api/scan-version: the server answers 401" 'status 401' </dev/null
    fails 77 'failed auth' 'status 403' </dev/null
    fails 78 'failed config' 'status 400' </dev/null
    fails 69 'failed unreachable' 'status 503' 'header Retry-After: 3600' </dev/null
    expect_contains "$OUT" 'wants to be left alone for 3600 s'
    fails 65 'failed bad-data' 'status 204' </dev/null
    fails 65 'failed bad-data' 'status 304' </dev/null
    fails 65 'without saying where to' 'status 302' </dev/null
    rm srv/_*
    sync_exits 78 "the server answers 404: it is not there; check \`url\`" recall
    kill "$UPSTREAM"
    wait_exit "$UPSTREAM"
    sync_exits 69 'failed unreachable' recall
    expect_contains "$OUT" "Couldn't connect to server"
    expect_equal "$(hits recall kept)" 1 'hits'
    store_sound recall
}

test_a_busy_server_is_asked_again() {
    synced_recall
    well
    rm srv/requests
    answers _api_scan-version.1 'status 503' </dev/null
    answers _api_scan-version.2 'status 429' 'header Retry-After: 1' </dev/null
    sync_exits 0 'recall: unchanged' recall
    expect_equal "$(grep -c 'GET /api/scan-version' srv/requests)" 3 'requests'
}

test_a_stop_ends_the_wait_for_a_busy_server() {
    synced_recall
    answers _api_scan-version 'status 503' 'header Retry-After: 50' </dev/null
    start run "$WORKER" sync recall
    wait_for_line run.err 'answers 503' 20
    kill -TERM "$STARTED"
    wait_exit "$STARTED"
    expect_equal "$CODE" 3 'exit code'
    expect_contains run.out 'stopped on request in phase fetch'
}

test_answers_that_are_no_sessions_are_refused() {
    synced_recall
    fails 65 'it answers with text/html, not application/json' 'header Content-Type: text/html' <<<'<html>'
    well
    refused() {
        answers _api_sessions "$JSON"
        sync_exits 65 "$1" recall
    }
    refused 'the document ends early' <<<'{"sessions":['
    refused 'no "sessions" and "scan_version" in the answer' <<<'{"sessions":7,"scan_version":3}'
    refused 'no "sessions" and "scan_version" in the answer' <<<'{"sessions":[]}'
    refused 'sessions[1]: session_uuid' <<<'{"sessions":[{"session":{"session_uuid":"a"}},{"session":{}}],"scan_version":3}'
    refused 'sessions[0]: not JSON' <<<'{"sessions":[{"a":],"scan_version":3}'
    expect_equal "$(hits recall kept)" 1 'hits'
    store_sound recall
}

test_lies_about_the_length_are_found() {
    synced_recall
    fails 69 'the answer broke off' "$JSON" 'length 100' <<<'{"scan_version":3}'
    fails 65 'the answer is larger than 65536 bytes' "$JSON" 'length 5000000000' <<<'{}'
    well
    sed -i '1ilength 30' srv/_api_sessions
    sync_exits 65 'the document ends early' recall
    expect_equal "$(hits recall kept)" 1 'hits'
}

test_endless_answers_and_bombs_are_refused() {
    synced_recall
    fails 65 'the answer is larger than 65536 bytes' "$JSON" endless <<<'0123456789'
    head -c 100000000 /dev/zero | gzip >srv/bomb.gz
    fails 65 'the answer is larger than 65536 bytes' "$JSON" 'header Content-Encoding: gzip' 'file bomb.gz' </dev/null
    fails 65 'no proper HTTP' "$JSON" 'header Content-Encoding: gzip' <<<'no gzip'
    { printf 'header X: %01000d\n' {1..200} && echo; } >srv/_api_scan-version
    sync_exits 65 'bytes of headers' recall
    well
    answers _api_sessions "$JSON" endless <<<' '
    sync_exits 65 'more than 65536 bytes beside "sessions"' recall
    expect_equal "$(hits recall kept)" 1 'hits'
}

test_a_slow_drip_is_ended() {
    synced_recall --set stall=4s
    fails 69 'too slow, or no answer' "$JSON" 'drip 50' <<<"$(printf '%0200d' 0)"
}

# limit: 90
test_a_silent_server_ends_with_the_deadline_and_a_stop() {
    synced_recall
    answers _api_scan-version mute </dev/null
    sync_exits 69 'stopped at its deadline in phase fetch' recall --timeout 2s
    rm srv/requests
    start run "$WORKER" sync recall
    wait_for_line srv/requests 'GET /api' 20
    kill -TERM "$STARTED"
    wait_exit "$STARTED"
    expect_equal "$CODE" 3 'exit code'
}

test_redirects_are_followed_within_limits() {
    synced_recall
    well
    mv srv/_api_scan-version srv/_elsewhere
    answers _api_scan-version 'status 302' 'header Location: ../elsewhere' <<<'moved'
    sync_exits 0 'recall: unchanged' recall
    fails 65 'more than 5 redirects' 'status 301' 'header Location: scan-version' </dev/null
    fails 78 'redirected to https://127.0.0.1/x, which is another kind of address' \
        'status 307' 'header Location: https://127.0.0.1/x' </dev/null
    fails 78 'redirected to file:///etc/passwd' 'status 302' 'header Location: file:///etc/passwd' </dev/null
    fails 78 'redirected to http://127.0.0.1/x?...' 'status 302' "header Location: http://me:$SECRET@127.0.0.1/x?y" </dev/null
    expect_not_contains "$OUT" "$SECRET"
}

# Nothing but its own file knows the secret.
secret_is_nowhere() {
    ! grep -rlF -e "$SECRET" "$LATTICE_HOME" "$OUT" "$ERR" || fail 'the secret was found there'
}

test_a_secret_goes_to_its_server_and_nobody_else() {
    http_upstream other
    answers _x "$JSON" <<<'{"scan_version":3,"last_scan":1700000000}'
    local other=$PORT
    http_upstream upstream
    well
    printf '%s\n' "$SECRET" >token
    chmod 600 token
    expect_exit 0 "$SUPERVISE" add recall "http://127.0.0.1:$PORT" --kind repo-recall --set "token_file=$TEST_DIR/token"
    LATTICE_LOG=debug sync_exits 0 'recall: ok' recall
    last_request /api/sessions >last
    expect_contains last "Authorization: Bearer $SECRET"
    secret_is_nowhere
    rm srv/requests
    answers _api_scan-version 'status 302' "header Location: http://127.0.0.1:$other/x" </dev/null
    LATTICE_LOG=debug sync_exits 0 'recall: unchanged' recall
    last_request /x >last
    expect_contains last 'GET /x'
    expect_not_contains last "$SECRET"
    answers _api_scan-version 'status 401' </dev/null
    LATTICE_LOG=debug sync_exits 77 'check token_file' recall
    secret_is_nowhere
    expect_exit 1 "$SUPERVISE" --all --waves 1
    expect_exit 0 "$SUPERVISE" status --json
    secret_is_nowhere
}

test_a_secret_that_is_not_there_or_not_safe_is_said() {
    http_upstream upstream
    well
    expect_exit 0 "$SUPERVISE" add recall "http://127.0.0.1:$PORT" --kind repo-recall --set "token_file=$TEST_DIR/token"
    sync_exits 78 "token_file $TEST_DIR/token: No such file or directory" recall
    printf '%s x' "$SECRET" >token
    chmod 644 token
    sync_exits 78 'others may read it (mode 644); chmod 600 it' recall
    chmod 600 token
    sync_exits 78 'a token has visible ASCII characters only' recall
    secret_is_nowhere
    expect_exit 0 "$SUPERVISE" remove recall
    expect_exit 0 "$SUPERVISE" add recall "http://127.0.0.1:$PORT" --kind repo-recall --set token_env=RECALL_TOKEN
    sync_exits 78 'token_env RECALL_TOKEN: the variable is not set' recall
    RECALL_TOKEN=$SECRET sync_exits 0 'recall: ok' recall
    last_request /api/sessions >last
    expect_contains last "Authorization: Bearer $SECRET"
    secret_is_nowhere
}

test_a_proxy_of_the_environment_is_never_asked_for_this_machine() {
    synced_recall
    well
    http_proxy=http://127.0.0.1:1 sync_exits 0 'recall: unchanged' recall
    expect_exit 0 "$SUPERVISE" add far http://recall.example.org --kind repo-recall
    http_proxy=http://127.0.0.1:1 sync_exits 69 'Failed to connect to 127.0.0.1 port 1' far
}

test_a_real_server_with_tls_is_trusted_by_its_certificate_alone() {
    server_with_tls
    mkdir srv/api
    echo '{"scan_version":3,"last_scan":1700000000}' >srv/api/scan-version
    echo '{"sessions":[{"session":{"session_uuid":"u-1"},"repos":[]}],"scan_version":3}' >srv/api/sessions
    expect_exit 0 "$SUPERVISE" add recall "https://127.0.0.1:$PORT" --kind repo-recall
    sync_exits 69 "the server's certificate is not trusted" recall
    export SSL_CERT_FILE=$TEST_DIR/cert.pem
    sync_exits 0 'recall: ok, 1 pages' recall
    sync_exits 0 'recall: unchanged' recall
    wait_for_line access.log '^GET /api/sessions HTTP/[0-9.]+ 304' 20
    expect_exit 0 "$SUPERVISE" add name "https://localhost:$PORT" --kind repo-recall
    sync_exits 69 "the server's certificate is not trusted" name
    store_sound recall
}
