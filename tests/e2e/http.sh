# Sources over HTTP when the server, the network or the secret is wrong. What a server does to one kind
# of source it does to the other, too: most tests run both.
# shellcheck shell=bash disable=SC2153 # lib.sh sets CODE, lib/http.sh PORT

# shellcheck source=tests/e2e/lib/http.sh
. "$LATTICE_ROOT/tests/e2e/lib/http.sh"

# Not that of a test beside this one, whose processes are seen too.
SECRET=s3same-$$-$RANDOM

# One page each that has been synced, then a server without an answer.
synced_both() {
    http_upstream upstream
    well
    add_both "$@"
    both_exit 0 ': ok, 1 pages'
    rm srv/_*
}

well() {
    answers _api_scan-version "$JSON" <<<"$SCAN"
    answers _api_sessions "$JSON" <<<"$SESSIONS"
    answers _feed <<<"$FEED"
}

# fails CODE TEXT LINE...: a server that answers so fails the run of each with the TEXT.
fails() {
    local code=$1 text=$2
    shift 2
    answers_first "$@"
    both_exit "$code" "$text"
}

test_statuses_are_told_apart() {
    local id
    synced_both
    fails 77 'the server answers 401' 'status 401' </dev/null
    for id in recall blog; do
        sync_exits 77 "fetch: http://127.0.0.1:$PORT${first_request[$id]}: the server answers 401" "$id"
    done
    fails 77 'failed auth' 'status 403' </dev/null
    fails 78 'failed config' 'status 400' </dev/null
    fails 69 'failed unreachable' 'status 503' 'header Retry-After: 3600' </dev/null
    expect_contains "$OUT" 'wants to be left alone for 3600 s'
    fails 65 'failed bad-data' 'status 204' </dev/null
    fails 65 'failed bad-data' 'status 304' </dev/null
    fails 65 'without saying where to' 'status 302' </dev/null
    rm srv/_*
    both_exit 78 "the server answers 404: it is not there; check \`url\`"
    kill "$UPSTREAM"
    wait_exit "$UPSTREAM"
    both_exit 69 'failed unreachable'
    expect_contains "$OUT" "Couldn't connect to server"
    both_are_kept
}

test_a_busy_server_is_asked_again() {
    local id
    synced_both
    well
    rm srv/requests
    for id in recall blog; do
        answers "${first_request[$id]//\//_}.1" 'status 503' </dev/null
        answers "${first_request[$id]//\//_}.2" 'status 429' 'header Retry-After: 1' </dev/null
        sync_exits 0 ': unchanged' "$id"
        expect_equal "$(grep -c "GET ${first_request[$id]} " srv/requests)" 3 "requests of $id"
    done
}

test_a_stop_ends_the_wait_for_a_busy_server() {
    local id
    synced_both
    answers_first 'status 503' 'header Retry-After: 50' </dev/null
    for id in recall blog; do
        start run "$WORKER" sync "$id"
        wait_for_line run.err 'answers 503' 20
        kill -TERM "$STARTED"
        wait_exit "$STARTED"
        expect_equal "$CODE" 3 'exit code'
        expect_contains run.out 'stopped on request in phase fetch'
    done
}

test_an_answer_of_another_kind_is_refused() {
    synced_both
    fails 65 'text/html' 'header Content-Type: text/html' <<<'<html><p>Please log in'
    fails 65 'image/png' 'header Content-Type: image/png' <<<$'\x89PNG\r\n'
    answers _api_sessions "$JSON" <<<'{"error":"down"}'
    fails 65 'failed bad-data' "$JSON" <<<'{"error":"down"}'
    answers _api_sessions "$JSON" </dev/null
    fails 65 'failed bad-data' "$JSON" </dev/null
    both_are_kept
}

test_answers_that_are_no_sessions_are_refused() {
    synced_both
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
    both_are_kept
}

test_lies_about_the_length_are_found() {
    synced_both
    fails 69 'the answer broke off' 'length 1000' "$JSON" <<<"$SCAN"
    fails 65 'the answer is larger than' 'length 5000000000' "$JSON" <<<"$SCAN"
    well
    sed -i '1ilength 30' srv/_api_sessions srv/_feed
    both_exit 65 'failed bad-data'
    both_are_kept
}

test_endless_answers_and_bombs_are_refused() {
    synced_both
    fails 65 'the answer is larger than' "$JSON" endless <<<"$(printf '%0100000d' 0)"
    head -c 100000000 /dev/zero | gzip >srv/bomb.gz
    fails 65 'the answer is larger than' 'header Content-Encoding: gzip' 'file bomb.gz' </dev/null
    fails 65 'no proper HTTP' 'header Content-Encoding: gzip' <<<'no gzip'
    printf 'header X: %01000d\n' {1..200} >headers
    mapfile -t headers <headers
    fails 65 'bytes of headers' "${headers[@]}" </dev/null
    well
    answers _api_sessions "$JSON" endless <<<' '
    sync_exits 65 'more than 65536 bytes beside "sessions"' recall
    both_are_kept
}

test_a_slow_drip_is_ended() {
    synced_both --set stall=4s
    fails 69 'too slow, or no answer' 'drip 50' <<<"$(printf '%0200d' 0)"
    both_are_kept
}

# limit: 90
test_a_silent_server_ends_with_the_deadline_and_a_stop() {
    local id
    synced_both
    answers_first mute </dev/null
    both_exit 69 'stopped at its deadline in phase fetch' --timeout 6s --grace 3s
    for id in recall blog; do
        rm srv/requests
        start run "$WORKER" sync "$id"
        wait_for_line srv/requests "GET ${first_request[$id]} " 20
        kill -TERM "$STARTED"
        wait_exit "$STARTED"
        expect_equal "$CODE" 3 'exit code'
    done
    both_are_kept
}

test_redirects_are_followed_within_limits() {
    local id
    synced_both
    well
    for id in recall blog; do
        mv "srv/${first_request[$id]//\//_}" "srv/_elsewhere_$id"
        answers "${first_request[$id]//\//_}" 'status 302' "header Location: /elsewhere/$id" <<<'moved'
    done
    both_exit 0 ': unchanged'
    answers _feed 'status 308' 'header Location: elsewhere/blog' <<<'moved'
    sync_exits 0 'blog: unchanged' blog
    answers _api_scan-version 'status 301' 'header Location: scan-version' </dev/null
    answers _feed 'status 301' 'header Location: feed' </dev/null
    both_exit 65 'more than 5 redirects'
    fails 78 'redirected to https://127.0.0.1/x, which is another kind of address' \
        'status 307' 'header Location: https://127.0.0.1/x' </dev/null
    fails 78 'redirected to file:///etc/passwd' 'status 302' 'header Location: file:///etc/passwd' </dev/null
    fails 78 'redirected to http://127.0.0.1/x?...' 'status 302' "header Location: http://me:$SECRET@127.0.0.1/x?y" </dev/null
    expect_not_contains "$OUT" "$SECRET"
    both_are_kept
}

# Nothing but its own file knows the secret.
secret_is_nowhere() {
    ! grep -rlF -e "$SECRET" "$LATTICE_HOME" "$OUT" "$ERR" || fail 'the secret was found there'
}

test_a_secret_goes_to_its_server_and_nobody_else() {
    http_upstream other
    answers _recall "$JSON" <<<"$SCAN"
    answers _blog <<<"$FEED"
    local other=$PORT id
    http_upstream upstream
    well
    printf '%s\n' "$SECRET" >token
    chmod 600 token
    add_both --set "token_file=$TEST_DIR/token"
    export LATTICE_LOG=debug
    for id in recall blog; do
        sync_exits 0 ': ok' "$id"
        last_request "${first_request[$id]}" >last
        expect_contains last "Authorization: Bearer $SECRET"
        secret_is_nowhere
        answers "${first_request[$id]//\//_}" 'status 302' "header Location: http://127.0.0.1:$other/$id" </dev/null
        sync_exits 0 ': unchanged' "$id"
        last_request "/$id" >last
        expect_contains last "GET /$id"
        expect_not_contains last "$SECRET"
    done
    fails 77 'check token_file' 'status 401' </dev/null
    unset LATTICE_LOG
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

test_header_lines_of_a_file_are_sent_and_shown_nowhere() {
    http_upstream upstream
    well
    printf '# for the gateway\nX-Api-Key: %s\n\nX-Tenant: notes\n' "$SECRET" >headers
    chmod 640 headers
    expect_exit 0 "$SUPERVISE" add blog "http://127.0.0.1:$PORT/feed" --kind feed --set "header_file=$TEST_DIR/headers"
    sync_exits 78 "header_file $TEST_DIR/headers: others may read it" blog
    chmod 600 headers
    LATTICE_LOG=debug sync_exits 0 ': ok, 1 pages' blog
    last_request /feed >last
    expect_contains last "X-Api-Key: $SECRET"
    expect_contains last 'X-Tenant: notes'
    expect_not_contains last 'for the gateway'
    secret_is_nowhere
}

test_a_proxy_of_the_environment_is_never_asked_for_this_machine() {
    synced_both
    well
    http_proxy=http://127.0.0.1:1 both_exit 0 ': unchanged'
    expect_exit 0 "$SUPERVISE" add far http://recall.example.org --kind repo-recall
    http_proxy=http://127.0.0.1:1 sync_exits 69 'Failed to connect to 127.0.0.1 port 1' far
}
