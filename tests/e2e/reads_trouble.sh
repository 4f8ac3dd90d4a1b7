# Stores in trouble: that store is reported, the others answer; a home that may not be written.
# shellcheck shell=bash

# shellcheck source=tests/e2e/lib/reads.sh
. "$LATTICE_ROOT/tests/e2e/lib/reads.sh"

# two_notes: sources good and other, a page each
two_notes() {
    local id
    for id in good other; do
        notes "$id"
        repo_write "$id" "$id.md" "# $id\n\nkestrel\n"
        synced "$id"
    done
    STORE=$LATTICE_HOME/sources/other/store.db
}

# other_does_not_answer PROBLEM TEXT: the search finds what is in good, and says why other is out.
other_does_not_answer() {
    expect_found good.md kestrel
    expect_equal "$(json '$.partial')" 1 partial
    expect_equal "$(json '$.sources[0].answered') $(json '$.sources[1].answered')" '1 0'
    expect_equal "$(json '$.sources[1].problem')" "$1"
    expect_contains "$ERR" "warning: other: $1: "
    expect_contains "$ERR" "$2"
}

test_a_source_that_was_never_synced_is_reported() {
    two_notes
    rm -r "$LATTICE_HOME/sources/other"
    other_does_not_answer missing 'nothing was synced yet'
    expect_exit 1 "$READS" page other other.md
    expect_contains "$ERR" 'nothing was synced yet'
}

test_a_damaged_store_is_reported() {
    two_notes
    head -c 4096 /dev/urandom | dd of="$STORE" conv=notrunc status=none
    rm -f "$STORE-wal" "$STORE-shm"
    other_does_not_answer damaged 'damaged'
    expect_exit 74 "$READS" page other other.md
    expect_exit 74 "$READS" search --source other kestrel
}

test_a_store_damaged_inside_is_reported() {
    local size
    notes good
    repo_write good good.md '# good\n\nkestrel\n'
    synced good
    notes other
    repo_pages "$TEST_DIR/other" 300
    repo_write other other.md '# other\n\nkestrel\n'
    synced other
    STORE=$LATTICE_HOME/sources/other/store.db
    sqlite3 -batch "$STORE" 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null
    size=$(stat -c %s "$STORE")
    head -c $((size - 8192)) /dev/zero | dd of="$STORE" bs=8192 seek=1 conv=notrunc status=none
    expect_found good.md kestrel
    expect_equal "$(json '$.sources[1].problem')" damaged
}

# Numbers that nobody wrote: no sum of them may overflow, and nothing is answered from them.
test_a_store_whose_counters_cannot_be_right_is_reported() {
    local column
    two_notes
    for column in pages errors version last_success_at; do
        sqlite3 -batch "$STORE" "UPDATE sync_state SET $column = 9223372036854775807"
        other_does_not_answer damaged 'its counters cannot be right'
        expect_exit 0 "$READS" stats --json
        expect_equal "$(json '$.total.pages')" 1 'pages of all that answered'
        expect_exit 0 "$READS" sources --json
        expect_equal "$(json '$.sources[1].status')" failed
        sqlite3 -batch "$STORE" "UPDATE sync_state SET $column = 1"
    done
    sqlite3 -batch "$STORE" "INSERT INTO chunk(id, page, position, title, heading, text)
        SELECT -9223372036854775807, page, 99, title, heading, text FROM chunk LIMIT 1"
    expect_exit 0 "$READS" stats --json
    expect_equal "$(json '$.sources[1].problem')" damaged
}

# lose_page PATH: the row is gone from the table `page`; the index of its paths still has it.
lose_page() {
    local index
    index=$(sqlite3 -batch "$STORE" "SELECT rootpage FROM sqlite_schema
        WHERE name = 'sqlite_autoindex_page_1'")
    sqlite3 -batch "$STORE" 'PRAGMA writable_schema = ON' \
        "DELETE FROM sqlite_schema WHERE name = 'sqlite_autoindex_page_1'" \
        "UPDATE sqlite_schema SET sql = replace(sql, 'NULL UNIQUE', 'NULL') WHERE name = 'page'"
    sqlite3 -batch "$STORE" "DELETE FROM page WHERE path = '$1'"
    sqlite3 -batch "$STORE" 'PRAGMA writable_schema = ON' \
        "INSERT INTO sqlite_schema VALUES('index', 'sqlite_autoindex_page_1', 'page', $index, NULL)" \
        "UPDATE sqlite_schema SET sql = replace(sql, 'path TEXT NOT NULL', 'path TEXT NOT NULL UNIQUE')
            WHERE name = 'page'"
}

test_a_link_to_a_page_that_the_store_lost_is_reported() {
    notes other
    repo_write other from.md '# from\n\nto [[target]]\n'
    repo_write other sub/target.md '# target\n\nkestrel\n'
    synced other
    STORE=$LATTICE_HOME/sources/other/store.db
    expect_exit 0 "$READS" links --json other from.md
    expect_equal "$(json '$.out.links[0].path')" sub/target.md
    lose_page sub/target.md
    expect_exit 74 "$READS" links --json other from.md
    expect_contains "$ERR" 'damaged'
}

test_a_store_of_a_newer_format_is_reported() {
    two_notes
    sqlite3 -batch "$STORE" 'PRAGMA user_version = 99'
    other_does_not_answer newer 'install the newer version'
}

test_a_source_that_was_removed_is_not_served() {
    two_notes
    expect_exit 0 "$SUPERVISE" remove other
    [ -e "$STORE" ] || fail 'the store is gone'
    expect_found good.md kestrel
    expect_equal "$(json '$.partial')" 0 partial
    expect_equal "$(json '$.sources[1].id')" '' 'second source'
}

test_without_sources_json_it_says_what_to_do() {
    mkdir -p "$LATTICE_HOME"
    chmod 700 "$LATTICE_HOME"
    expect_exit 78 "$READS" search kestrel
    expect_contains "$ERR" sources.json
    expect_exit 78 env LATTICE_HOME="$TEST_DIR/nowhere" "$READS" search kestrel
}

# leave_log: a commit that only the log has, as a writer leaves it that was killed.
leave_log() {
    sqlite3 -batch "$STORE" '.filectrl persist_wal 1' '.dbconfig no_ckpt_on_close on' \
        'PRAGMA wal_autocheckpoint = 0' 'UPDATE sync_state SET version = version + 1' >/dev/null
    [ -s "$STORE-wal" ] || fail 'there is no log'
}

# read_only: the home becomes one that its user may not write.
read_only() {
    [ "$(id -u)" -ne 0 ] || chown -R 65534:65534 "$LATTICE_HOME"
    chmod -R a-w "$LATTICE_HOME"
    chmod a+x "$TEST_DIR"
    READS="unprivileged_reads"
}

unprivileged_reads() {
    unprivileged "$LATTICE_BIN/lattice-reads" "$@"
}

# The runner cannot remove what may not be written.
writable_again() {
    chmod -R u+w "$LATTICE_HOME"
}

test_a_read_only_home_with_a_live_log_is_read() {
    two_notes
    leave_log
    read_only
    search 0 kestrel
    writable_again
    expect_equal "$(hit_paths)" 'good.md other.md'
    expect_equal "$(json '$.sources[1].note')" ''
}

test_a_read_only_home_without_log_and_shared_memory_is_read_and_said() {
    two_notes
    sqlite3 -batch "$STORE" 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null
    rm -f "$STORE-wal" "$STORE-shm"
    read_only
    search 0 kestrel
    writable_again
    expect_equal "$(hit_paths)" 'good.md other.md'
    expect_contains "$ERR" 'note: other: read without shared memory'
}

test_a_read_only_home_with_a_log_and_no_shared_memory_is_not_guessed_at() {
    two_notes
    leave_log
    rm -f "$STORE-shm"
    read_only
    search 0 kestrel
    writable_again
    expect_equal "$(hit_paths)" good.md
    expect_equal "$(json '$.sources[1].problem')" unreadable
    expect_contains "$ERR" 'its log cannot be read'
}

# without_log DATABASE: all is in the file, and nothing is beside it.
without_log() {
    sqlite3 -batch "$1" 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null
    rm -f "$1-wal" "$1-shm"
}

test_sources_and_runs_of_a_read_only_home_without_logs_are_read() {
    two_notes
    expect_exit 0 "$SUPERVISE" --all
    without_log "$STORE"
    without_log "$LATTICE_HOME/ledger.db"
    read_only
    expect_exit 0 "$READS" sources --json
    mv "$OUT" sources.json
    expect_exit 0 "$READS" runs --json
    writable_again
    expect_equal "$(json '$.runs[1].status')" unchanged 'status of a run'
    OUT=sources.json
    expect_equal "$(json '$.sources[1].status') $(json '$.sources[1].pages')" 'unchanged 1'
    [ "$(json '$.sources[1].last_success_at')" -gt 0 ] || fail 'never fresh'
}

test_a_source_of_a_read_only_home_whose_log_cannot_be_read_is_said() {
    two_notes
    leave_log
    rm -f "$STORE-shm"
    read_only
    expect_exit 0 "$READS" sources --json
    writable_again
    expect_equal "$(json '$.sources[0].status')" ok
    expect_contains "$OUT" 'its log cannot be read'
}

# limit: 180
test_searches_beside_a_writing_worker_never_fail() {
    local count=0
    notes good
    repo_write good good.md '# good\n\nkestrel page\n'
    synced good
    notes big
    repo_pages "$TEST_DIR/big" 3000
    repo_commit big
    add_source big "$TEST_DIR/big"
    start worker "$WORKER" sync big
    while kill -0 "$STARTED" 2>/dev/null; do
        search 0 page --limit 100
        [ "$(json '$.sources[1].answered')" = 1 ] || expect_contains "$ERR" 'warning: big: missing: '
        [ "$count" -gt 0 ] || expect_contains "$OUT" good.md
        count=$((count + 1))
    done
    wait_exit "$STARTED"
    expect_equal "$CODE" 0 'the worker'
    search 0 page --source big
    expect_equal "$(json '$.partial')" 0
    store_sound big
}
