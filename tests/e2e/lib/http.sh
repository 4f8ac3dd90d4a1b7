# What the tests of sources over HTTP share: a server that answers what files say.
# shellcheck shell=bash disable=SC2034 # what a test uses

# shellcheck source=tests/e2e/lib/worker.sh
. "$LATTICE_ROOT/tests/e2e/lib/worker.sh"

# http_upstream NAME: starts it on $PORT; it answers what is in $TEST_DIR/srv, see
# tests/tools/http_server.c.
http_upstream() {
    mkdir -p "$TEST_DIR/srv"
    start "$1" "$TOOLS/http_server" "$TEST_DIR/srv"
    UPSTREAM=$STARTED
    wait_for_line "$TEST_DIR/$1.out" . 10
    PORT=$(head -n 1 "$TEST_DIR/$1.out")
}

# answers FILE LINE...: what the server says to requests for it; the content is standard input.
answers() {
    local file=$1
    shift
    { [ $# -eq 0 ] || printf '%s\n' "$@"; echo && cat; } >"$TEST_DIR/srv/$file.new"
    mv "$TEST_DIR/srv/$file.new" "$TEST_DIR/srv/$file"
}

# The head of the last request for TARGET.
last_request() {
    awk -v first="GET $1 HTTP/1.1" '{ sub(/\r$/, "") } /^GET / { keep = $0 == first; if (keep) text = "" }
        keep { text = text $0 "\n" } END { printf "%s", text }' "$TEST_DIR/srv/requests"
}

# real_server DIRECTIVE...: nginx on $PORT serves the files of $TEST_DIR/srv; the directives go into
# its `server`. Its log is access.log. The socket is handed to it as it would be to its successor at
# an upgrade: by the variable NGINX, which it matches with the address in `listen`.
real_server() {
    local nginx
    nginx=$(PATH=$PATH:/usr/sbin command -v nginx) || skip 'there is no nginx (CI=true make deps installs it)'
    mkdir -p "$TEST_DIR/srv" "$TEST_DIR/nginx"
    cat >nginx.in <<CONF
daemon off;
user $(id -un) $(id -gn);
worker_processes 1;
pid nginx/pid;
error_log nginx/error.log;
events { worker_connections 64; }
http {
    log_format short '\$request \$status \$sent_http_content_encoding';
    access_log access.log short;
    client_body_temp_path nginx/body;
    proxy_temp_path nginx/proxy;
    fastcgi_temp_path nginx/fastcgi;
    uwsgi_temp_path nginx/uwsgi;
    scgi_temp_path nginx/scgi;
    default_type application/json;
    types { application/rss+xml xml; }
    limit_req_zone \$uri zone=often:32k rate=30r/m;
    server {
        listen 127.0.0.1:LISTEN_PORT ${LISTEN_OPTIONS:-};
        root $TEST_DIR/srv;
$(printf '        %s\n' "$@")
    }
}
CONF
    # shellcheck disable=SC2016 # for the inner shell
    start nginx "$TOOLS/listen_exec" sh -c 'sed "s/LISTEN_PORT/$LISTEN_PORT/" nginx.in >nginx.conf
        NGINX="0;" exec "$0" -p "$PWD" -c nginx.conf -e nginx/error.log' "$nginx"
    wait_for_line "$TEST_DIR/nginx.out" . 10
    PORT=$(head -n 1 "$TEST_DIR/nginx.out")
}

# The same over TLS and HTTP/2; its certificate is $TEST_DIR/cert.pem.
real_server_with_tls() {
    command -v openssl >/dev/null || skip 'there is no openssl (CI=true make deps installs it)'
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test \
        -addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out cert.pem 2>/dev/null
    LISTEN_OPTIONS='ssl http2' real_server "ssl_certificate $TEST_DIR/cert.pem;" \
        "ssl_certificate_key $TEST_DIR/key.pem;" "$@"
}

# --- two sources of one page, `recall` (repo-recall) and `blog` (feed), at one server ---------------

JSON='header Content-Type: application/json'

# What the first request of each asks for.
declare -A first_request=([recall]=/api/scan-version [blog]=/feed)

SCAN='{"scan_version":3,"last_scan":1700000000}'
SESSIONS='{"sessions":[{"session":{"session_uuid":"u-1","last_prompt":"kept"},"repos":[]}],"scan_version":3}'
FEED='<rss version="2.0"><channel><item><guid>u-1</guid><title>kept</title></item></channel></rss>'

# add_both [OPTION...]: at $PORT, over $SCHEME.
add_both() {
    expect_exit 0 "$SUPERVISE" add recall "${SCHEME:-http}://127.0.0.1:$PORT" --kind repo-recall "$@"
    expect_exit 0 "$SUPERVISE" add blog "${SCHEME:-http}://127.0.0.1:$PORT/feed" --kind feed "$@"
}

# both_exit CODE TEXT [OPTION...]: a run of each.
both_exit() {
    local code=$1 text=$2 id
    shift 2
    for id in recall blog; do
        sync_exits "$code" "$text" "$id" "$@"
    done
}

# answers_first LINE...: what the server says to the first request of each; its content is stdin.
answers_first() {
    local id
    cat >content
    for id in recall blog; do
        answers "${first_request[$id]//\//_}" "$@" <content
    done
}

# The store of each still has its page, and is sound.
both_are_kept() {
    local id
    for id in recall blog; do
        expect_equal "$(hits "$id" kept)" 1 "hits in $id"
        store_sound "$id"
    done
}
