# Sources over HTTP from a server as it is found in the wild.
# shellcheck shell=bash disable=SC2016,SC2153 # $ is nginx's; lib/http.sh sets PORT

# shellcheck source=tests/e2e/lib/http.sh
. "$LATTICE_ROOT/tests/e2e/lib/http.sh"

SECRET=s3same-$$-$RANDOM

# The files of both sources, as old as AGE.
put_files() {
    mkdir -p srv/api
    echo "$SCAN" >srv/api/scan-version
    echo "$SESSIONS" >srv/api/sessions
    echo "$FEED" >srv/feed
    touch -d "${AGE:-1 hour ago}" srv/api/scan-version srv/api/sessions srv/feed
}

# logged REQUEST STATUS: it was answered so.
logged() {
    wait_for_line access.log "^GET $1 HTTP/[0-9.]+ $2 " 20
}

# logged_times REQUEST STATUS COUNT: so often, once the run is over and noted.
logged_times() {
    logged "$1" "$2"
    expect_equal "$(grep -cE "^GET $1 HTTP/[0-9.]+ $2 " access.log)" "$3" "answers $2 to $1"
}

test_what_has_not_changed_is_not_sent_again() {
    real_server
    put_files
    add_both
    both_exit 0 ': ok, 1 pages'
    both_exit 0 ': unchanged'
    logged_times /feed 304 1
    logged_times /api/sessions 304 1
    sed -i 's/kept/kept, and more/' srv/feed srv/api/sessions
    both_exit 0 ': ok, 1 pages (0 added, 1 changed'
    both_exit 0 ': unchanged'
    logged_times /feed 304 2
    logged_times /api/sessions 304 2
    both_are_kept
}

# Its tag is a weak one then.
test_what_comes_compressed_is_the_same() {
    real_server 'gzip on;' 'gzip_min_length 1;' 'gzip_types application/json;' 'gzip_proxied any;'
    put_files
    add_both
    both_exit 0 ': ok, 1 pages'
    wait_for_line access.log '^GET /feed HTTP/1.1 200 gzip' 20
    wait_for_line access.log '^GET /api/sessions HTTP/1.1 200 gzip' 20
    both_exit 0 ': unchanged'
    logged_times /feed 304 1
    logged_times /api/sessions 304 1
}

test_without_a_tag_the_time_of_the_last_change_is_asked_with() {
    real_server 'etag off;'
    put_files
    add_both
    both_exit 0 ': ok, 1 pages'
    both_exit 0 ': unchanged'
    logged_times /feed 304 1
}

# The time is one of seconds: what was changed in the second of the answer, or later, has the same.
test_a_time_that_cannot_tell_is_not_asked_with() {
    real_server 'etag off;'
    AGE='next year' put_files
    add_both
    both_exit 0 ': ok, 1 pages'
    sed -i 's/kept/kept, and more/' srv/feed srv/api/sessions
    touch -d 'next year' srv/feed srv/api/sessions
    both_exit 0 ': ok, 1 pages (0 added, 1 changed'
    both_exit 0 ': unchanged'
}

# A server behind a server breaks off: the one in front has said 200 by then.
test_an_answer_that_its_origin_broke_off_is_not_taken() {
    http_upstream origin
    answers_first "$JSON" 'length 5000' <<<"$FEED"
    real_server 'gzip on;' 'gzip_min_length 1;' 'gzip_types application/json;' 'gzip_proxied any;' \
        "location / { proxy_pass http://127.0.0.1:$PORT; }"
    add_both --set stall=3s
    both_exit 69 'the answer broke off'
    wait_for_line access.log '^GET /feed HTTP/1.1 200 gzip' 20
    kill "$UPSTREAM"
    wait_exit "$UPSTREAM"
    both_exit 69 'the server answers 502'
}

test_an_address_that_moved_is_found() {
    real_server 'location = /old { return 301 /feed; }' 'location = /older { return 308 /old; }' \
        'location = /away { return 302 https://$http_host/feed; }'
    put_files
    add_source blog "http://127.0.0.1:$PORT/older" --kind feed
    sync_exits 0 'blog: ok, 1 pages' blog
    sync_exits 0 'blog: unchanged' blog
    logged_times /feed 304 1
    add_source away "http://127.0.0.1:$PORT/away" --kind feed
    sync_exits 78 "redirected to https://127.0.0.1:$PORT/feed, which is another kind of address" away
}

# limit: 120
test_a_server_that_limits_requests_is_given_time() {
    local id first
    real_server 'limit_req zone=often;' 'limit_req_status 429;' 'add_header Retry-After 2 always;'
    put_files
    add_both
    both_exit 0 ': ok, 1 pages'
    for id in recall blog; do
        first=${first_request[$id]}
        # Two within two seconds are too many; a machine that is too slow for that has another try.
        for _ in 1 2 3 4 5 6; do
            sync_exits 0 ': unchanged' "$id"
            ! grep -q "^GET $first HTTP/1.1 429" access.log || break
        done
        logged "$first" 429
        expect_contains "$ERR" "$first: the server answers 429"
    done
    logged /feed 304
    logged /api/sessions 304
}

test_a_server_that_wants_a_secret_is_told_it() {
    real_server 'location /api { if ($http_authorization != "Bearer '"$SECRET"'") { return 401; } }' \
        'location = /feed { if ($http_x_key != "'"$SECRET"'") { return 403; } }'
    put_files
    printf '%s\n' "$SECRET" >token
    printf 'X-Key: %s\n' "$SECRET" >headers
    chmod 600 token headers
    add_both
    both_exit 77 'failed auth'
    expect_exit 0 "$SUPERVISE" remove recall --purge
    expect_exit 0 "$SUPERVISE" remove blog --purge
    add_source recall "http://127.0.0.1:$PORT" --kind repo-recall --set "token_file=$TEST_DIR/token"
    add_source blog "http://127.0.0.1:$PORT/feed" --kind feed --set "header_file=$TEST_DIR/headers"
    both_exit 0 ': ok, 1 pages'
    printf 'X-Key: %s\n' old >headers
    sync_exits 77 'the server answers 403; check token_file, token_env or header_file' blog
    both_are_kept
}

test_a_certificate_that_is_not_trusted_gets_nothing() {
    local other
    real_server_with_tls
    put_files
    SCHEME=https add_both
    both_exit 69 "the server's certificate is not trusted"
    [ ! -s access.log ] || fail 'something was asked for'
    export SSL_CERT_FILE=$TEST_DIR/cert.pem
    both_exit 0 ': ok, 1 pages'
    both_exit 0 ': unchanged'
    logged_times /feed 304 1
    wait_for_line access.log '^GET /api/sessions HTTP/2.0 304' 20
    # The certificate is that of another name.
    add_source other-recall "https://localhost:$PORT" --kind repo-recall
    add_source other-blog "https://localhost:$PORT/feed" --kind feed
    for other in other-recall other-blog; do
        sync_exits 69 "the server's certificate is not trusted" "$other"
    done
    both_are_kept
}

test_a_server_without_tls_is_no_https() {
    real_server
    put_files
    SCHEME=https add_both
    both_exit 69 'failed unreachable'
    expect_contains "$OUT" 'SSL'
}
