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

# server_with_tls: lighttpd over https on $PORT serves the files of $TEST_DIR/srv as JSON; its
# certificate is $TEST_DIR/cert.pem, its log access.log.
server_with_tls() {
    local lighttpd
    lighttpd=$(PATH=$PATH:/usr/sbin command -v lighttpd) || skip 'there is no lighttpd (CI=true make deps installs it)'
    command -v openssl >/dev/null || skip 'there is no openssl (CI=true make deps installs it)'
    mkdir -p "$TEST_DIR/srv"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test \
        -addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out cert.pem 2>/dev/null
    cat >lighttpd.conf <<CONF
server.modules = ("mod_accesslog", "mod_openssl")
server.document-root = "$TEST_DIR/srv"
server.bind = "/dev/stdin"
server.errorlog = "$TEST_DIR/server.log"
accesslog.filename = "$TEST_DIR/access.log"
accesslog.format = "%r %s"
ssl.engine = "enable"
ssl.pemfile = "$TEST_DIR/cert.pem"
ssl.privkey = "$TEST_DIR/key.pem"
mimetype.assign = ("" => "application/json")
CONF
    start https "$TOOLS/listen_exec" "$lighttpd" -D -f lighttpd.conf
    wait_for_line "$TEST_DIR/https.out" . 10
    PORT=$(head -n 1 "$TEST_DIR/https.out")
}
