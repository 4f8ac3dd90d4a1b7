# What the tests of lattice-reads' service share.
# shellcheck shell=bash disable=SC2034,SC2153

READS=${READS:-$LATTICE_BIN/lattice-reads}

# serve_reads [OPTION...]: on a port that the kernel chooses; its address is in $URL and $PORT, its
# pid in $SERVE.
serve_reads() {
    rm -f "$TEST_DIR/reads.err" # an earlier one's
    start reads "$READS" serve --listen 127.0.0.1:0 "$@"
    SERVE=$STARTED
    wait_for_line "$TEST_DIR/reads.err" 'serve: ready' 20
    URL=$(sed -n 's/.*listening on \(http:.*\)/\1/p' "$TEST_DIR/reads.err")
    PORT=${URL##*:}
}

stop_reads() {
    kill -TERM "$SERVE"
    wait_exit "$SERVE"
    expect_equal "$CODE" 0 'exit code of the service'
}

# get STATUS PATH [CURL-OPTION...]: the body is in $OUT, the head in $TEST_DIR/head.
get() {
    local want=$1 path=$2 got
    shift 2
    : >"$OUT"
    got=$(curl -s --max-time 20 -o "$OUT" -D "$TEST_DIR/head" -w '%{http_code}' "$@" "$URL$path")
    [ "$got" = "$want" ] && return
    show "$TEST_DIR/head" "$OUT" "$TEST_DIR/reads.err"
    fail "$path: status $got, expected $want"
}

# raw BYTES: sends them (as printf has them) and reads to the end of the connection into $OUT.
raw() {
    exec 3<>"/dev/tcp/127.0.0.1/$PORT"
    # In one piece; who is refused early does not read the rest.
    # shellcheck disable=SC2059 # escapes are meant
    printf "$1" | cat >&3 || true
    timeout 20 cat <&3 >"$OUT" || true
    exec 3>&-
}

# json PATH: of the JSON document in $OUT.
json() {
    sqlite3 :memory: "SELECT json_extract(CAST(readfile('$OUT') AS TEXT), '\$.$1')"
}

# source_of ID FILE TEXT: a source with one page, synced.
source_of() {
    make_repo "$TEST_DIR/$1"
    repo_write "$TEST_DIR/$1" "$2" "$3"
    repo_commit "$TEST_DIR/$1"
    expect_exit 0 "$SUPERVISE" add "$1" "$TEST_DIR/$1"
    expect_exit 0 "$SUPERVISE" --source "$1"
}

# mcp STATUS MESSAGE [CURL-OPTION...]
mcp() {
    local want=$1 message=$2
    shift 2
    get "$want" /mcp -H 'Content-Type: application/json' \
        -H 'Accept: application/json, text/event-stream' --data-binary "$message" "$@"
}
