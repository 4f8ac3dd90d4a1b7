# What a source may not do to a store, and what a table may not say of it.
# shellcheck shell=bash disable=SC2153 # lib.sh sets CODE

# shellcheck source=tests/e2e/lib/worker.sh
. "$LATTICE_ROOT/tests/e2e/lib/worker.sh"

test_an_upstream_that_turns_unreadable_does_not_empty_the_store() {
    make_repo "$TEST_DIR/notes"
    repo_pages "$TEST_DIR/notes" 30
    repo_commit "$TEST_DIR/notes"
    add_source notes "$TEST_DIR/notes"
    sync_exits 0 'ok, 30 pages' notes
    for page in "$TEST_DIR"/notes/pages/*.md; do printf 'GITCRYPT\0' >"$page"; done
    repo_commit "$TEST_DIR/notes"
    sync_exits 65 'shrink' notes
    expect_contains "$OUT" '--allow-shrink'
    expect_pages notes 30
    sync_exits 0 'ok, 0 pages (0 added, 0 changed, 30 deleted)' notes --allow-shrink
    store_sound notes
}

test_the_counts_of_a_run_add_up() {
    make_repo "$TEST_DIR/notes"
    repo_pages "$TEST_DIR/notes" 20
    repo_write "$TEST_DIR/notes" binary.md 'a\0000b'
    repo_commit "$TEST_DIR/notes"
    add_source notes "$TEST_DIR/notes"
    sync_exits 0 'ok, 20 pages (20 added, 0 changed, 0 deleted)' notes
    repo_write "$TEST_DIR/notes" new.md '# New\n'
    repo_write "$TEST_DIR/notes" pages/page-000002.md '# Two\n'
    repo_write "$TEST_DIR/notes" pages/page-000003.md 'a\0000b'
    git -C "$TEST_DIR/notes" rm -q pages/page-000004.md
    git -C "$TEST_DIR/notes" mv pages/page-000005.md pages/page-five.md
    repo_commit "$TEST_DIR/notes"
    sync_exits 0 'ok, 19 pages (1 added, 1 changed, 2 deleted)' notes
    expect_equal "$(sql notes 'SELECT count(*) FROM page_error')" 2 'pages in error'
    store_sound notes
}

test_refs_that_replace_objects_are_not_obeyed() {
    make_repo "$TEST_DIR/notes"
    repo_write "$TEST_DIR/notes" a.md 'the text itself\n'
    repo_write "$TEST_DIR/notes" b.md 'another text\n'
    repo_commit "$TEST_DIR/notes"
    git -C "$TEST_DIR/notes" replace "$(git -C "$TEST_DIR/notes" rev-parse HEAD:a.md)" \
        "$(git -C "$TEST_DIR/notes" rev-parse HEAD:b.md)"
    add_source notes "$TEST_DIR/notes"
    sync_exits 0 'ok, 2 pages' notes
    expect_equal "$(sql notes "SELECT text FROM chunk JOIN page ON page.id = chunk.page
        WHERE path = 'a.md'")" 'the text itself' 'text of a.md'
}

test_the_users_remotes_are_not_mixed_up_with_the_sources() {
    make_repo "$TEST_DIR/notes"
    repo_pages "$TEST_DIR/notes" 3
    repo_commit "$TEST_DIR/notes"
    make_repo "$TEST_DIR/other"
    repo_write "$TEST_DIR/other" other.md '# Other\n'
    repo_commit "$TEST_DIR/other"
    git config --global remote.origin.url "$TEST_DIR/other"
    git config --file "$HOME/.gitconfig" remote.origin.url "$TEST_DIR/other"
    add_source notes "file://$TEST_DIR/notes"
    sync_exits 0 'ok, 3 pages' notes
    store_equals_git notes "$TEST_DIR/notes"
}

test_a_store_of_another_address_is_not_shown_fresh() {
    make_repo "$TEST_DIR/notes"
    repo_pages "$TEST_DIR/notes" 30
    repo_commit "$TEST_DIR/notes"
    make_repo "$TEST_DIR/other"
    repo_write "$TEST_DIR/other" other.md '# Other\n'
    repo_commit "$TEST_DIR/other"
    add_source notes "$TEST_DIR/notes"
    sync_exits 0 'ok, 30 pages' notes
    expect_exit 0 "$SUPERVISE" remove notes
    add_source notes "$TEST_DIR/other"
    sync_exits 65 'shrink' notes
    expect_equal "$(sql notes 'SELECT last_success_at FROM sync_state')" 0 'last success'
    expect_exit 0 "$SUPERVISE" status --json
    expect_contains "$OUT" '"fresh_s": null'
}

test_a_moved_page_gets_the_link_that_its_new_place_gives() {
    make_repo "$TEST_DIR/notes"
    repo_write "$TEST_DIR/notes" a.md '---\ntitle: T\n---\n[l](../x.md)\n'
    repo_write "$TEST_DIR/notes" docs/x.md '# X\n'
    repo_commit "$TEST_DIR/notes"
    add_source notes "$TEST_DIR/notes"
    sync_exits 0 'ok, 2 pages' notes
    mkdir -p "$TEST_DIR/notes/docs/sub"
    git -C "$TEST_DIR/notes" mv a.md docs/sub/a.md
    repo_commit "$TEST_DIR/notes"
    sync_exits 0 'ok, 2 pages (0 added, 0 changed, 0 deleted)' notes
    expect_equal "$(sql notes 'SELECT key FROM link')" docs/x.md 'key of the link'
}

# A server that counts on for longer than --stall is slow, not standing still.
test_a_fetch_that_counts_on_is_no_stall() {
    make_repo "$TEST_DIR/notes"
    repo_pages "$TEST_DIR/notes" 3
    repo_commit "$TEST_DIR/notes"
    add_source notes "file://$TEST_DIR/notes"
    mkfifo "$TEST_DIR/never"
    # shellcheck disable=SC2016 # for the script
    wrap_git 'if [ "$sub" = fetch ]; then
    exec 9<>'"'$TEST_DIR/never'"'
    for i in 1 2 3 4 5 6 7 8; do
        printf "Receiving objects: %d%% (%d/100)\r" $i $i >&2
        read -r -t 0.25 _ <&9 || true
    done
fi'
    expect_exit 0 "$SUPERVISE" --source notes --stall 1s --timeout 30s
    expect_contains "$OUT" '1 source: 1 ok'
}
