# A store or home in trouble: what is said, what is kept, and that the next run mends it.
# shellcheck shell=bash

# shellcheck source=tests/e2e/lib/worker.sh
. "$LATTICE_ROOT/tests/e2e/lib/worker.sh"

# synced_notes [PAGES]: a synced source `notes`, its log moved into the file.
synced_notes() {
    make_repo "$TEST_DIR/notes"
    repo_pages "$TEST_DIR/notes" "${1:-3}"
    repo_commit "$TEST_DIR/notes"
    add_source notes "$TEST_DIR/notes"
    sync_exits 0 "notes: ok, ${1:-3} pages" notes
    STORE=$LATTICE_HOME/sources/notes/store.db
    sqlite3 -batch "$STORE" 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null
}

rebuilt() {
    sync_exits 0 'notes: ok, 100 pages (100 added' notes
    expect_matches "$ERR" "^warn notes [a-z]+: .*store.db.* set aside as $STORE.damaged, a new one is built"
    [ -e "$STORE.damaged" ] || fail 'the damaged store is gone'
    store_equals_git notes "$TEST_DIR/notes"
    store_sound notes
    sync_exits 0 'notes: unchanged' notes
}

test_a_truncated_store_is_set_aside_and_rebuilt() {
    local size
    synced_notes 100
    size=$(stat -c %s "$STORE")
    cp "$STORE" whole
    for keep in 100 5000 $((size / 2)) $((size - 20000)); do
        rm -f "$STORE"*
        head -c "$keep" whole >"$STORE"
        # Something to do, so that the store is read.
        sync_exits 0 'ok, 100 pages' notes --full
        expect_contains "$ERR" "set aside as $STORE.damaged, a new one is built"
        store_equals_git notes "$TEST_DIR/notes"
        store_sound notes
    done
}

test_a_store_of_other_bytes_is_set_aside_and_rebuilt() {
    synced_notes 100
    head -c 65536 /dev/urandom >"$STORE"
    rebuilt
}

test_a_store_damaged_in_the_middle_is_rebuilt_when_that_is_read() {
    synced_notes 100
    local size
    size=$(stat -c %s "$STORE")
    head -c $((size - 12288 - 4096)) /dev/zero |
        dd of="$STORE" bs=4096 seek=3 conv=notrunc status=none
    repo_write "$TEST_DIR/notes" pages/page-000001.md '# New\n'
    repo_commit "$TEST_DIR/notes"
    rebuilt
}

test_a_newer_store_is_refused_and_left_alone() {
    synced_notes
    sqlite3 -batch "$STORE" 'PRAGMA user_version=99; PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null
    sha256sum "$STORE" >before
    sync_exits 74 'notes: failed store' notes
    expect_contains "$OUT" 'has format 99, but this version of Lattice knows formats up to'
    expect_contains "$OUT" 'install the newer version that wrote it'
    sha256sum -c --quiet before
    [ ! -e "$STORE.damaged" ] || fail 'it was set aside'
}

# home_of_nobody: what `unprivileged` needs to be its owner.
home_of_nobody() {
    [ "$(id -u)" -ne 0 ] || chown -R 65534:65534 "$LATTICE_HOME" "$HOME" "$TMPDIR"
}

test_a_read_only_store_is_refused_and_works_again_afterwards() {
    synced_notes
    home_of_nobody
    repo_write "$TEST_DIR/notes" more.md '# More\n'
    repo_commit "$TEST_DIR/notes"
    chmod 444 "$STORE"
    expect_exit 74 unprivileged "$WORKER" sync notes
    expect_contains "$OUT" 'make the file, the -wal and -shm beside it and its folder writable for this user'
    expect_pages notes 3
    home_of_nobody # root's own look made files
    chmod 644 "$STORE"*
    expect_exit 0 unprivileged "$WORKER" sync notes
    store_equals_git notes "$TEST_DIR/notes"
    store_sound notes
}

test_a_read_only_folder_of_a_source_is_refused() {
    synced_notes
    home_of_nobody
    rm -f "$STORE-wal" "$STORE-shm"
    chmod 555 "$LATTICE_HOME/sources/notes"
    expect_exit 74 unprivileged "$WORKER" sync notes
    expect_contains "$OUT" 'notes: failed store'
    expect_matches "$OUT" 'writable for this user|Permission denied'
    chmod 755 "$LATTICE_HOME/sources/notes"
    expect_exit 0 unprivileged "$WORKER" sync notes
    store_sound notes
}

test_a_home_that_cannot_be_written_is_named() {
    mkdir -m 755 "$TEST_DIR/closed"
    LATTICE_HOME=$TEST_DIR/closed/home
    [ "$(id -u)" -eq 0 ] || chmod 555 "$TEST_DIR/closed"
    expect_exit 74 unprivileged "$WORKER" sync notes
    expect_contains "$OUT" "$LATTICE_HOME: Permission denied; choose another home with --home or LATTICE_HOME"
}

test_a_home_of_another_user_is_refused() {
    [ "$(id -u)" -eq 0 ] || skip 'only root can be two users'
    synced_notes
    expect_exit 78 unprivileged "$WORKER" sync notes
    expect_contains "$OUT" 'belongs to user 0, not to you; run as that user'
}

# What statfs(2) says is made NFS's number on its way back to the program.
on_nfs() {
    ASAN_OPTIONS=detect_leaks=0 strace -f -qq -o "$TEST_DIR/calls" -e trace=statfs \
        -e inject=statfs:poke_exit=@arg2=6969000000000000 "$@"
}

test_a_home_on_a_network_filesystem_is_refused() {
    command -v strace >/dev/null || skip 'there is no strace'
    synced_notes
    repo_write "$TEST_DIR/notes" more.md '# More\n'
    repo_commit "$TEST_DIR/notes"
    run on_nfs "$WORKER" sync notes
    grep -q INJECTED "$TEST_DIR/calls" || skip 'this strace cannot change what a call gives back'
    expect_equal "$CODE" 78 'exit code'
    expect_contains "$OUT" "$LATTICE_HOME: is on a network filesystem (nfs)"
    expect_exit 78 on_nfs "$SUPERVISE" --all
    expect_contains "$ERR" "$LATTICE_HOME: is on a network filesystem (nfs)"
    expect_pages notes 3
    sync_exits 0 'notes: ok, 4 pages' notes
    store_sound notes
}

test_a_missing_or_broken_sources_json_is_named() {
    mkdir -m 700 "$LATTICE_HOME"
    sync_exits 78 'sources.json' notes
    echo '{"sources": [{"id": "notes", "kind": "git", "url": "/srv/x", "timeout": "10 minuts"}]}' \
        >"$LATTICE_HOME/sources.json"
    sync_exits 78 'sources[0].timeout: "10 minuts": expected a duration' notes
    echo '{"sources": [' >"$LATTICE_HOME/sources.json"
    sync_exits 78 'sources.json' notes
    echo '{"sources": []}' >"$LATTICE_HOME/sources.json"
    sync_exits 78 'no source "notes"' notes
    add_source notes https://git.example.org/notes
    expect_exit 64 "$WORKER" sync ../notes
    expect_exit 64 "$WORKER" sync notes more
    expect_exit 64 "$WORKER" sync notes --timeout soon
    expect_exit 64 "$WORKER" sync --nonsense notes
}

# --- room -------------------------------------------------------------------------------------------

# Pages with 40 KB of different words each, so that neither git nor the index can fold them.
large_pages() {
    local i
    for ((i = 0; i < $2; i++)); do
        mkdir -p "$1/large"
        head -c 20000 /dev/urandom | od -An -v -tx2 >"$1/large/$i.md"
    done
}

expect_full() {
    sync_exits 74 'notes: failed store' notes
    expect_matches "$OUT" "$1"
    # What an operator reads is no SQL.
    ! grep -E 'INSERT|UPDATE|DELETE|SELECT|PRAGMA|COMMIT' "$OUT" "$ERR" || fail 'that is SQL'
    expect_equal "$(sqlite3 -batch "$STORE" 'PRAGMA integrity_check')" ok 'store'
    expect_equal "$(sql notes "SELECT count(*) FROM page WHERE path LIKE 'pages/%'")" 3 'pages kept'
    expect_bookmark notes "$(git -C "$TEST_DIR/notes" rev-parse HEAD~1)"
}

test_a_full_disk_during_a_commit_loses_nothing_and_the_next_run_goes_on() {
    own_mounts "${BASH_SOURCE[0]}" "${FUNCNAME[0]}"
    mkdir -m 700 "$LATTICE_HOME"
    mount -t tmpfs -o size=2m,mode=700 none "$LATTICE_HOME"
    synced_notes
    large_pages "$TEST_DIR/notes" 25
    repo_commit "$TEST_DIR/notes"
    expect_full 'free space on that filesystem, then run again|No space left on device'
    mount -o remount,size=64m "$LATTICE_HOME"
    sync_exits 0 'notes: ok, 28 pages' notes
    store_equals_git notes "$TEST_DIR/notes"
    store_sound notes
    umount "$LATTICE_HOME"
}

# Neither the files beside the store can be made nor, where they are, the lock row be taken: that is no lock that
# somebody took away.
test_a_full_disk_at_the_start_is_said_to_be_full() {
    own_mounts "${BASH_SOURCE[0]}" "${FUNCNAME[0]}"
    mkdir -m 700 "$LATTICE_HOME"
    mount -t tmpfs -o size=2m,mode=700 none "$LATTICE_HOME"
    synced_notes
    for _ in without-log with-log; do
        dd if=/dev/zero of="$LATTICE_HOME/other" bs=4k 2>"$ERR" || true
        sync_exits 74 'notes: failed store' notes
        expect_contains "$OUT" 'free space on that filesystem, then run again'
        rm "$LATTICE_HOME/other"
        sync_exits 0 'notes: unchanged, 3 pages' notes
    done
    umount "$LATTICE_HOME"
}

test_a_file_size_limit_during_a_commit_loses_nothing_and_the_next_run_goes_on() {
    synced_notes
    large_pages "$TEST_DIR/notes" 25
    repo_commit "$TEST_DIR/notes"
    (
        ulimit -f 600
        expect_full 'any limit on the size of files .ulimit -f., then run again .what was committed is kept'
    )
    sync_exits 0 'notes: ok, 28 pages' notes
    store_equals_git notes "$TEST_DIR/notes"
    store_sound notes
}

test_a_full_disk_during_a_fetch_is_the_stores_trouble() {
    own_mounts "${BASH_SOURCE[0]}" "${FUNCNAME[0]}"
    mkdir -m 700 "$LATTICE_HOME"
    mount -t tmpfs -o size=1m,mode=700 none "$LATTICE_HOME"
    make_repo "$TEST_DIR/notes"
    large_pages "$TEST_DIR/notes" 25
    repo_commit "$TEST_DIR/notes"
    git -C "$TEST_DIR/notes" config uploadpack.allowFilter true
    add_source notes "file://$TEST_DIR/notes"
    sync_exits 74 'notes: failed store' notes
    mount -o remount,size=64m "$LATTICE_HOME"
    sync_exits 0 'notes: ok, 25 pages' notes
    store_equals_git notes "$TEST_DIR/notes"
    umount "$LATTICE_HOME"
}

# --- surroundings -------------------------------------------------------------------------------------

# all_closed CMD...: with nothing open.
all_closed() {
    (
        exec 0<&- 1>&- 2>&- 3>&- 4>&-
        exec "$@"
    )
}

test_started_with_descriptors_0_to_4_closed_the_store_is_whole() {
    synced_notes
    repo_write "$TEST_DIR/notes" more.md '# More\n'
    repo_commit "$TEST_DIR/notes"
    expect_exit 0 all_closed "$WORKER" sync notes
    store_equals_git notes "$TEST_DIR/notes"
    store_sound notes
    repo_write "$TEST_DIR/notes" $'caf\xe9.md' '# A warning has to go somewhere\n'
    repo_commit "$TEST_DIR/notes"
    expect_exit 0 all_closed "$WORKER" sync notes --full
    store_sound notes
    expect_exit 64 all_closed "$WORKER" sync --supervised notes
    store_sound notes
}

# What a clock that was set back by ten years leaves behind: everything is from the future.
test_a_clock_set_back_changes_nothing() {
    make_repo "$TEST_DIR/notes"
    repo_pages "$TEST_DIR/notes" 3
    repo_commit "$TEST_DIR/notes"
    add_source notes "file://$TEST_DIR/notes"
    sync_exits 0 'notes: ok, 3 pages' notes
    sqlite3 -batch "$LATTICE_HOME/sources/notes/store.db" "
        UPDATE sync_state SET last_success_at = last_success_at + 315360000;
        UPDATE run SET started_at = started_at + 315360000;
        UPDATE page SET created_at = created_at + 315360000, updated_at = updated_at + 315360000;
        INSERT INTO lock VALUES(1, 'f', 'h', 'b', 0, 1, 1, 'import', 1, 2,
            strftime('%s') + 315360000, strftime('%s') + 315360000, 1)"
    find "$LATTICE_HOME" -exec touch -d '+10 years' {} +
    sync_exits 0 'notes: unchanged' notes
    repo_write "$TEST_DIR/notes" pages/page-000001.md '# Changed\n'
    repo_commit "$TEST_DIR/notes"
    sync_exits 0 'ok, 3 pages (0 added, 1 changed' notes
    expect_equal "$(sql notes "SELECT last_success_at - strftime('%s') BETWEEN -60 AND 1 FROM sync_state")" 1 \
        'freshness is of today'
    expect_equal "$(sql notes 'SELECT outcome FROM run ORDER BY seq DESC LIMIT 1')" ok 'newest run'
    store_equals_git notes "$TEST_DIR/notes"
    store_sound notes
}
