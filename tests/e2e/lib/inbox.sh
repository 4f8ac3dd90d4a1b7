# What the tests of inboxes share: a source `box`, messages, spool files made by hand.
# shellcheck shell=bash disable=SC2034,SC2153

SPOOL=$LATTICE_HOME/sources/box/inbox
FILE_1=01AAAAAAAAAAAAAAAAAAAAAA01.jsonl

add_inbox() {
    expect_exit 0 "$SUPERVISE" add box --kind inbox
}

# append MESSAGES [ARGUMENT...]: what it prints is in $OUT and $ERR, the exit code in $CODE.
append() {
    local text=$1
    shift
    run "$WORKER" append "$@" <<<"$text"
}

# push MESSAGES: into `box`.
push() {
    expect_exit 0 "$WORKER" append box --strict <<<"$1"
}

# push_many COUNT: observations `m1` to `mCOUNT` of 20 sessions.
push_many() {
    awk -v count="$1" 'BEGIN {
        for (i = 1; i <= count; i++)
            printf "{\"session\":\"s%d\",\"id\":\"m%d\",\"type\":\"change\",\"title\":\"Change %d\",\"text\":\"What changed: word%d\"}\n",
                i % 20, i, i, i % 997
    }' >"$TEST_DIR/many"
    expect_exit 0 "$WORKER" append box --strict <"$TEST_DIR/many"
}

# spool_line FILE NUMBER MESSAGE: a line of the year 2014 in the spool file of that digit, made by hand; NUMBER is five
# digits that order it among all.
spool_line() {
    mkdir -p "$SPOOL"
    printf '{"v":1,"ulid":"01AAAAAAAAAAAAAAAAAAAB%s",%s\n' "${2:1}" "${3#\{}" >>"$SPOOL/01AAAAAAAAAAAAAAAAAAAAAA0$1.jsonl"
}

# How many files there are.
spool_files() {
    find "$SPOOL" -name '*.jsonl' | wc -l
}

# page_text SOURCE PATH: the page whose path contains PATH, as its chunks have it.
page_text() {
    sql "$1" "SELECT group_concat(text, '') FROM (SELECT text FROM chunk JOIN page ON page.id = page
        WHERE path LIKE '%$2%' ORDER BY path, position)"
}
