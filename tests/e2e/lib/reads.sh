# What the tests of lattice-reads share.
# shellcheck shell=bash

# shellcheck source=tests/e2e/lib/worker.sh
. "$LATTICE_ROOT/tests/e2e/lib/worker.sh"

# json PATH [FILE]: a value of the JSON document that was printed last.
json() {
    sqlite3 -batch :memory: "SELECT json_extract(CAST(readfile('${2:-$OUT}') AS TEXT), '$1')"
}

# hit_paths [FILE]: of a search's answer, in order, in one line.
hit_paths() {
    sqlite3 -batch :memory: "SELECT group_concat(json_extract(value, '\$.path'), ' ')
        FROM json_each(CAST(readfile('${1:-$OUT}') AS TEXT), '\$.hits')"
}

# search CODE WORD...: as JSON into $OUT
search() {
    local code=$1
    shift
    expect_exit "$code" "$READS" search --json "$@"
}

# expect_found PATHS WORD...: exactly these, in this order.
expect_found() {
    local want=$1
    shift
    if [ -n "$want" ]; then search 0 "$@"; else search 1 "$@"; fi
    expect_equal "$(hit_paths)" "$want" "found by: $*"
}

# synced ID: commits what is in $TEST_DIR/ID and syncs it as source ID.
synced() {
    repo_commit "$TEST_DIR/$1"
    [ -e "$LATTICE_HOME/sources/$1" ] || add_source "$1" "$TEST_DIR/$1"
    expect_exit 0 "$WORKER" sync "$1"
}

# notes ID: an empty repository, unless it is there.
notes() {
    [ -e "$TEST_DIR/$1" ] || make_repo "$TEST_DIR/$1"
}
