# The kind `dir`: a folder tree that is no repository.
# shellcheck shell=bash disable=SC2153 # lib.sh sets CODE

# shellcheck source=tests/e2e/lib/worker.sh
. "$LATTICE_ROOT/tests/e2e/lib/worker.sh"

# A synced source `docs` of so many pages. The folder is a repository too, which the kind does not
# look at: git says what should be in the store.
synced_docs() {
    make_repo "$TEST_DIR/docs"
    repo_pages "$TEST_DIR/docs" "$1"
    expect_exit 0 "$SUPERVISE" add docs "$TEST_DIR/docs" --kind dir
    sync_exits 0 "docs: ok, $1 pages ($1 added" docs
    docs_equal
}

docs_equal() {
    repo_commit "$TEST_DIR/docs"
    store_equals_git docs "$TEST_DIR/docs"
    store_sound docs
}

# cut_by SIGNAL: a run with little memory, which commits each 256 pages, gets the signal among them, after a commit and
# before the end. One that was over before, or had kept nothing yet, is made again.
cut_by() {
    local try
    for try in 2 3 4 5 6 7 8 9; do
        cut_in_import docs "$1" "$try"
        [ "$(sql docs 'SELECT target IS NULL FROM sync_state')" = 1 ] || return 0
        grep -q '"outcome":"ok"' "$TEST_DIR/results" || continue
        sed -i "\$a try $try" "$TEST_DIR/docs/pages"/*.md
    done
    fail "no run was cut by $1"
}

test_what_is_added_changed_moved_and_deleted_is_synced() {
    synced_docs 30
    sync_exits 0 'docs: unchanged, 30 pages' docs
    echo more >>docs/pages/page-000001.md
    mv docs/pages/page-000002.md docs/pages/moved.md
    rm docs/pages/page-000003.md
    repo_write docs new/deep/page.md '# New\n'
    repo_write docs new/picture.png 'none of its files'
    sync_exits 0 'docs: ok, 30 pages (1 added, 1 changed, 1 deleted' docs
    docs_equal
    sync_exits 0 'docs: unchanged' docs
}

# Modification time and size say nothing where both are as before.
test_a_change_that_keeps_size_and_time_is_seen() {
    synced_docs 3
    printf 'aaaa\n' >docs/same.md
    touch -d '2020-01-01' docs/same.md
    sync_exits 0 '1 added' docs
    printf 'bbbb\n' >docs/same.md
    touch -d '2020-01-01' docs/same.md
    sync_exits 0 '1 changed' docs
    docs_equal
}

test_what_was_only_touched_is_unchanged() {
    synced_docs 3
    touch docs/pages/*.md
    sync_exits 0 'docs: unchanged' docs
}

# The files are not read again: without leave to open them it would show.
test_files_that_look_the_same_are_not_read_again() {
    synced_docs 3
    # Until their times are too old to be in doubt.
    for _ in 1 2 3 4 5 6 7 8; do
        [ "$(sql docs 'SELECT count(*) FROM file')" != 3 ] || break
        sync_exits 0 'docs: unchanged' docs
    done
    expect_equal "$(sql docs 'SELECT count(*) FROM file')" 3 'looks that are kept'
    expect_exit 0 env ASAN_OPTIONS=detect_leaks=0 strace -f -o trace -e trace=openat "$WORKER" sync docs
    expect_not_contains trace page-000001.md
}

test_gitignore_is_obeyed() {
    make_repo docs
    repo_pages docs 3
    repo_write docs .gitignore '/build/\n*.draft.md\n!keep.draft.md\n'
    repo_write docs build/out.md 'x\n'
    repo_write docs a/b.draft.md 'x\n'
    repo_write docs a/keep.draft.md 'x\n'
    repo_write docs a/.gitignore 'secret*\n!/secret-not.md\n'
    repo_write docs a/secret.md 'x\n'
    repo_write docs a/secret-not.md 'x\n'
    repo_write docs a/c/secret-not.md 'x\n'
    expect_exit 0 "$SUPERVISE" add docs "$TEST_DIR/docs" --kind dir
    sync_exits 0 'docs: ok, 5 pages' docs
    docs_equal
}

test_symlinks_are_counted_and_lead_nowhere() {
    synced_docs 3
    mkdir outside
    echo secret >outside/secret.md
    ln -s "$TEST_DIR/outside" docs/folder
    ln -s "$TEST_DIR/outside/secret.md" docs/link.md
    ln -s . docs/pages/loop
    mkfifo docs/pipe.md
    sync_exits 0 'docs: ' docs
    expect_equal "$(hits docs secret)" 0 'hits from outside'
    expect_equal "$(sql docs 'SELECT skipped FROM sync_state')" 1 'symlinks to pages'
    expect_pages docs 3
}

test_a_folder_that_is_not_there_loses_nothing() {
    synced_docs 25
    mv docs gone
    sync_exits 69 'docs: failed unreachable' docs
    expect_contains "$OUT" "$TEST_DIR/docs: No such file or directory; is its disk mounted?"
    mkdir docs
    sync_exits 65 'docs: failed shrink' docs
    expect_pages docs 25
    rmdir docs
    mv gone docs
    sync_exits 0 'docs: unchanged' docs
}

test_a_mount_that_went_loses_nothing() {
    own_mounts "$LATTICE_ROOT/tests/e2e/dir.sh" test_a_mount_that_went_loses_nothing
    mkdir -p docs/usb docs/pages
    mount -t tmpfs none docs/usb
    echo on the stick >docs/usb/stick.md
    for i in 1 2 3 4 5; do echo "page $i" >"docs/pages/$i.md"; done
    expect_exit 0 "$SUPERVISE" add docs "$TEST_DIR/docs" --kind dir
    sync_exits 0 'docs: ok, 6 pages' docs
    umount docs/usb
    sync_exits 69 'docs: failed unreachable' docs
    expect_contains "$OUT" "docs/usb was a filesystem of its own and is not mounted now"
    expect_pages docs 6
    sync_exits 0 'docs: ok, 5 pages (0 added, 0 changed, 1 deleted' docs --allow-shrink
    sync_exits 0 'docs: unchanged' docs
}

# A file of sysfs says that it has 4096 bytes and ends before, as one does that is being written anew.
test_a_file_that_is_never_at_rest_is_left_to_another_run() {
    own_mounts "${BASH_SOURCE[0]}" "${FUNCNAME[0]}"
    [ -r /sys/kernel/uevent_seqnum ] || skip 'there is no /sys/kernel'
    synced_docs 3
    echo '# Rests' >docs/new.md
    mount --bind /sys/kernel/uevent_seqnum docs/pages/page-000002.md
    sync_exits 3 'changed while being read: 1; run again to go on' docs
    expect_equal "$(hits docs rests)" 1 'hits of what was at rest'
    expect_equal "$(sql docs "SELECT count(*) FROM page WHERE path = 'pages/page-000002.md'")" 1 'its page'
    umount docs/pages/page-000002.md
    sync_exits 0 'docs: ok, 4 pages' docs
    docs_equal
}

test_what_cannot_be_read_is_named() {
    [ "$(id -u)" -eq 0 ] || skip 'somebody else is needed, and only root can become one'
    mkdir -p docs/closed "$LATTICE_HOME"
    echo open >docs/open.md
    echo secret >docs/secret.md
    chmod 600 docs/secret.md
    expect_exit 0 "$SUPERVISE" add docs "$TEST_DIR/docs" --kind dir
    chown -R 65534 "$LATTICE_HOME"
    expect_exit 0 unprivileged "$WORKER" sync docs
    expect_contains "$ERR" 'secret.md cannot be a page: cannot be read: Permission denied'
    expect_equal "$(sql docs "SELECT group_concat(reason) FROM page_error")" unreadable
    chmod 644 docs/secret.md
    expect_exit 0 unprivileged "$WORKER" sync docs
    expect_equal "$(hits docs secret)" 1 'hits once it may be read'
    chmod 700 docs/closed
    expect_exit 78 unprivileged "$WORKER" sync docs
    expect_contains "$OUT" "docs/closed: Permission denied; let this user read it, or leave it out"
    expect_pages docs 2
}

test_a_limit_that_moves_takes_and_leaves_a_large_file() {
    synced_docs 3
    head -c 5000 /dev/zero | tr '\0' a >docs/large.md
    sync_exits 0 '1 added' docs
    sed -i 's/"kind"/"max_page_bytes": 4000, "kind"/' "$LATTICE_HOME/sources.json"
    sync_exits 0 'docs: ok, 3 pages' docs
    expect_equal "$(sql docs 'SELECT reason FROM page_error')" too-large
    sync_exits 0 'docs: unchanged' docs
    sed -i 's/4000/6000/' "$LATTICE_HOME/sources.json"
    sync_exits 0 '1 added' docs
    sync_exits 0 'docs: unchanged' docs
    docs_equal
}

# limit: 120
test_a_stop_keeps_what_was_done_and_the_next_run_goes_on() {
    synced_docs 2
    sed -i 's/"kind"/"memory": "low", "kind"/' "$LATTICE_HOME/sources.json"
    repo_pages docs 1000
    cut_by TERM
    expect_contains results '"outcome":"partial"'
    sync_exits 0 'docs: ok, 1000 pages' docs
    docs_equal
}

# limit: 120
test_a_run_that_has_no_time_says_what_is_left_and_the_next_goes_on() {
    synced_docs 1500
    cut_by_deadline docs
    sync_exits 0 'docs: ok, 1500 pages' docs
    docs_equal
}

# limit: 120
test_a_killed_run_is_taken_up() {
    synced_docs 2
    sed -i 's/"kind"/"memory": "low", "kind"/' "$LATTICE_HOME/sources.json"
    repo_pages docs 1000
    cut_by KILL
    sync_exits 0 'docs: ok, 1000 pages' docs
    docs_equal
}

test_the_home_in_the_tree_is_none_of_it() {
    mkdir -p docs "$LATTICE_HOME/sources"
    echo page >docs/page.md
    echo none >"$LATTICE_HOME/sources/none.md"
    expect_exit 0 "$SUPERVISE" add all "$TEST_DIR" --kind dir --include '*.md'
    sync_exits 0 'all: ok, 1 pages' all
}

test_a_file_is_synced_as_soon_as_it_is_written() {
    synced_docs 3
    mkdir docs/later
    sed -i 's/"kind"/"every": "1h", "kind"/' "$LATTICE_HOME/sources.json"
    start serve "$SUPERVISE" serve
    wait_for_line serve.err 'unchanged, 3 pages' 20
    repo_write docs later/new.md '# New\n'
    wait_for_line serve.err 'ok, 4 pages' 20
    kill -TERM "$STARTED"
    wait_exit "$STARTED"
    docs_equal
}
