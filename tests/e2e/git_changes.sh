# Level, not edge: whatever happened before, a finished run leaves the store equal to git.
# shellcheck shell=bash disable=SC2153 # lib.sh sets CODE

# shellcheck source=tests/e2e/lib/worker.sh
. "$LATTICE_ROOT/tests/e2e/lib/worker.sh"

# A synced source `notes` of so many pages.
synced_notes() {
    make_repo "$TEST_DIR/notes"
    repo_pages "$TEST_DIR/notes" "$1"
    repo_commit "$TEST_DIR/notes"
    add_source notes "${2:-}$TEST_DIR/notes"
    sync_exits 0 "notes: ok, $1 pages ($1 added" notes
}

# cut_run [OPTION...]: a run that is stopped after some of its pages. Bytes that are in the pipe need
# not have been read when the signal comes: a stop before the first page is made again.
cut_run() {
    local try
    [ -p "$TEST_DIR/gate" ] || mkfifo "$TEST_DIR/gate"
    # shellcheck disable=SC2016 # for the script
    wrap_git 'if [ "$sub" = cat-file ]; then
    { head -c 2000; echo $BASHPID >>'"'$TEST_DIR/held'"'; read -r _ <'"'$TEST_DIR/gate'"'; } < <('"$(command -v git)"' "$@")
    exit
fi'
    for try in 1 2 3 4 5 6 7 8; do
        rm -f "$TEST_DIR/held"
        start "cut$try" "$WORKER" sync notes "$@"
        wait_held
        kill -TERM "$STARTED"
        wait_exit "$STARTED"
        grep -q 'before anything could be kept' "$TEST_DIR/cut$try.out" || break
    done
    expect_equal "$CODE" 3 'exit code of the cut run'
    unwrap_git
}

# Each page's text with its number in it, so that a commit changes all.
rewrite_pages() {
    sed -i "\$a $1" "$TEST_DIR/notes/pages"/*.md
}

# unchanged_after COMMANDS [SOURCE]: a run finds nothing to do, and ran these git commands.
unchanged_after() {
    : >"$TEST_DIR/git.log"
    wrap_git ''
    sync_exits 0 "${2:-notes}: unchanged" "${2:-notes}"
    unwrap_git
    expect_equal "$(cat "$TEST_DIR/git.log")" "$1" 'git commands of an unchanged source'
}

test_unchanged_is_known_without_a_listing() {
    synced_notes 3
    unchanged_after ''
    expect_equal "$(sql notes "SELECT count(*) FROM run WHERE outcome = 'unchanged'")" 1 'run rows'
    add_source remote "file://$TEST_DIR/notes"
    sync_exits 0 'remote: ok, 3 pages' remote
    unchanged_after ls-remote remote
}

test_a_head_that_stands_is_read_from_any_file_it_may_be_in() {
    synced_notes 3
    local head
    head=$(git -C "$TEST_DIR/notes" rev-parse HEAD)
    git -C "$TEST_DIR/notes" pack-refs --all
    [ ! -e "$TEST_DIR/notes/.git/refs/heads/main" ] || fail 'the ref is still a file of its own'
    unchanged_after ''
    git -C "$TEST_DIR/notes" checkout -q --detach
    unchanged_after ''
    git -C "$TEST_DIR/notes" checkout -q main
    repo_write "$TEST_DIR/notes" new.md '# New\n'
    repo_commit "$TEST_DIR/notes"
    expect_contains "$TEST_DIR/notes/.git/packed-refs" "$head refs/heads/main" # the old one
    sync_exits 0 'notes: ok, 4 pages (1 added' notes
    git -C "$TEST_DIR/notes" checkout -q -b other "$head"
    sync_exits 0 'notes: ok, 3 pages (0 added, 0 changed, 1 deleted)' notes
    unchanged_after ''
    store_equals_git notes "$TEST_DIR/notes"
}

test_git_is_asked_where_a_head_is_in_no_plain_file() {
    synced_notes 3
    git -C "$TEST_DIR/notes" worktree add -q "$TEST_DIR/tree"
    add_source tree "$TEST_DIR/tree"
    sync_exits 0 'tree: ok, 3 pages' tree
    unchanged_after rev-parse tree
    # So many refs that reading them all would take longer than git does.
    git -C "$TEST_DIR/notes" rev-parse HEAD >"$TEST_DIR/head"
    awk '{ for (i = 0; i < 1200; i++) print "create refs/tags/many-" i " " $1 }' "$TEST_DIR/head" |
        git -C "$TEST_DIR/notes" update-ref --stdin
    unchanged_after ''
    git -C "$TEST_DIR/notes" pack-refs --all
    unchanged_after rev-parse
}

test_a_repository_that_is_none_any_more_is_not_unchanged() {
    synced_notes 3
    mv "$TEST_DIR/notes/.git/objects" "$TEST_DIR/objects"
    run "$WORKER" sync notes
    expect_contains "$OUT" 'notes: failed'
    mv "$TEST_DIR/objects" "$TEST_DIR/notes/.git/objects"
    unchanged_after ''
    git -C "$TEST_DIR/notes" update-ref --no-deref -d HEAD
    run "$WORKER" sync notes
    expect_contains "$OUT" 'notes: failed'
}

test_front_matter_links_and_tags_are_stored() {
    make_repo "$TEST_DIR/notes"
    repo_write "$TEST_DIR/notes" docs/a.md \
        '---\ntitle: First\ntags: [red]\nnumber: 7\n---\n# A\n\n[[Some Page|shown]] and [b](b.md#part) #blue\n'
    repo_write "$TEST_DIR/notes" docs/b.md '# B\n'
    repo_commit "$TEST_DIR/notes"
    add_source notes "$TEST_DIR/notes"
    sync_exits 0 'notes: ok, 2 pages' notes
    expect_equal "$(sql notes "SELECT title || front FROM page WHERE path = 'docs/a.md'")" \
        'First{"title":"First","tags":["red"],"number":7}' 'title and front matter'
    expect_equal "$(sql notes "SELECT group_concat(tag) FROM (SELECT tag FROM tag ORDER BY tag)")" blue,red 'tags'
    expect_equal "$(sql notes "SELECT group_concat(target || '>' || key, ' ') FROM (SELECT * FROM link ORDER BY target)")" \
        'Some Page>Some Page b.md#part>docs/b.md' 'links'
}

test_a_change_is_found_by_comparing_two_trees() {
    synced_notes 30
    repo_write "$TEST_DIR/notes" pages/page-000007.md '# Seven\n\nzebra\n'
    repo_write "$TEST_DIR/notes" new.md '# New\n'
    git -C "$TEST_DIR/notes" rm -q pages/page-000009.md
    repo_commit "$TEST_DIR/notes"
    wrap_git ''
    sync_exits 0 'notes: ok, 30 pages (1 added, 1 changed, 1 deleted)' notes
    expect_equal "$(tr '\n' ' ' <"$TEST_DIR/git.log")" 'rev-parse diff-tree cat-file ' 'git commands'
    unwrap_git
    store_equals_git notes "$TEST_DIR/notes"
    store_sound notes
}

test_a_file_that_becomes_a_folder_and_back_is_followed() {
    synced_notes 3
    repo_write "$TEST_DIR/notes" x.md '# A file\n'
    repo_commit "$TEST_DIR/notes"
    sync_exits 0 'ok, 4 pages' notes
    rm "$TEST_DIR/notes/x.md"
    repo_write "$TEST_DIR/notes" x.md/inner.md '# A folder\n'
    repo_commit "$TEST_DIR/notes"
    sync_exits 0 'ok, 4 pages (1 added, 0 changed, 1 deleted)' notes
    store_equals_git notes "$TEST_DIR/notes"
    git -C "$TEST_DIR/notes" revert --no-edit HEAD >/dev/null
    sync_exits 0 'ok, 4 pages' notes
    store_equals_git notes "$TEST_DIR/notes"
    store_sound notes
}

# --- after a cut run ----------------------------------------------------------------------------------

test_a_cut_run_leaves_the_bookmark_and_names_its_target() {
    local old
    synced_notes 100
    old=$(head_of "$TEST_DIR/notes")
    rewrite_pages 'second'
    repo_commit "$TEST_DIR/notes"
    cut_run
    expect_bookmark notes "$old"
    expect_equal "$(sql notes 'SELECT target FROM sync_state')" "$(head_of "$TEST_DIR/notes")" 'target'
    expect_pages notes 100
    sync_exits 0 'notes: ok, 100 pages' notes
    expect_equal "$(sql notes 'SELECT coalesce(target, 0) FROM sync_state')" 0 'target'
    store_equals_git notes "$TEST_DIR/notes"
    store_sound notes
}

# What a relative link means is the folder's: moving a page that has one takes a rename and an import.
test_a_rename_whose_import_was_cut_off_is_imported_by_a_later_run() {
    local i
    make_repo "$TEST_DIR/notes"
    mkdir "$TEST_DIR/notes/old"
    for ((i = 0; i < 2000; i++)); do
        printf '# Page %d\n\nSee [this](there.md).\n' "$i" >"$TEST_DIR/notes/old/$i.md"
    done
    repo_commit "$TEST_DIR/notes"
    add_source notes "$TEST_DIR/notes"
    sync_exits 0 'notes: ok, 2000 pages' notes
    mv "$TEST_DIR/notes/old" "$TEST_DIR/notes/new"
    repo_commit "$TEST_DIR/notes"
    cut_in_import notes TERM 1
    expect_contains "$TEST_DIR/results" '"outcome":"partial"'
    [ "$(sql notes "SELECT count(*) FROM page JOIN link ON link.page = page.id WHERE path LIKE 'new/%' AND
        key = 'old/there.md'")" -gt 0 ] || fail 'the run was cut too late: no page waits for its import'
    sync_exits 0 'notes: ok, 2000 pages' notes
    expect_equal "$(sql notes "SELECT count(*) FROM link WHERE key = 'new/there.md'")" 2000 'links to what is meant now'
    store_equals_git notes "$TEST_DIR/notes"
    store_sound notes
    sync_exits 0 'notes: unchanged' notes
}

test_a_head_that_moved_after_a_cut_run_is_reached() {
    synced_notes 100
    rewrite_pages 'second'
    repo_write "$TEST_DIR/notes" aaa-ghost.md '# Only in between\n'
    repo_commit "$TEST_DIR/notes"
    cut_run
    git -C "$TEST_DIR/notes" rm -q aaa-ghost.md
    repo_write "$TEST_DIR/notes" pages/page-000100.md '# Third\n'
    repo_commit "$TEST_DIR/notes"
    sync_exits 0 'notes: ok, 100 pages' notes
    store_equals_git notes "$TEST_DIR/notes"
    store_sound notes
}

test_a_head_that_was_reverted_after_a_cut_run_leaves_no_ghosts() {
    synced_notes 100
    rewrite_pages 'second'
    repo_write "$TEST_DIR/notes" aaa-ghost.md '# Only in between\n'
    repo_commit "$TEST_DIR/notes"
    cut_run
    expect_equal "$(sql notes "SELECT count(*) FROM page WHERE path = 'aaa-ghost.md'")" 1 'the ghost came'
    git -C "$TEST_DIR/notes" reset -q --hard HEAD~1
    # The head is the bookmark again, but the store is not what it was then.
    sync_exits 0 'notes: ok, 100 pages' notes
    expect_equal "$(sql notes "SELECT count(*) FROM page WHERE path = 'aaa-ghost.md'")" 0 'the ghost'
    expect_equal "$(hits notes second)" 0 'hits of what was reverted'
    store_equals_git notes "$TEST_DIR/notes"
    store_sound notes
    sync_exits 0 'notes: unchanged' notes
}

test_leave_to_shrink_outlives_a_cut_run() {
    synced_notes 100
    rewrite_pages 'second'
    git -C "$TEST_DIR/notes" rm -q -f 'pages/page-0000[3-9]*'
    repo_commit "$TEST_DIR/notes"
    sync_exits 65 'refusing to delete 70 of 100 pages' notes
    cut_run --allow-shrink
    sync_exits 0 'notes: ok, 30 pages' notes
    store_equals_git notes "$TEST_DIR/notes"
    store_sound notes
    # It was for that target alone.
    git -C "$TEST_DIR/notes" rm -q 'pages/page-0000*'
    repo_commit "$TEST_DIR/notes"
    sync_exits 65 'refusing to delete 29 of 30 pages' notes
}

test_a_full_run_that_was_cut_goes_on_where_it_stopped() {
    local first_epoch
    synced_notes 100
    first_epoch=$(sql notes 'SELECT DISTINCT epoch FROM page')
    cut_run --full
    local done_before
    done_before=$(sql notes "SELECT count(*) FROM page WHERE epoch = $first_epoch + 1")
    expect_equal "$((done_before > 0 && done_before < 100))" 1 'some pages were done'
    sync_exits 0 "ok, 100 pages (0 added, $((100 - done_before)) changed" notes
    expect_equal "$(sql notes 'SELECT DISTINCT epoch FROM page')" $((first_epoch + 1)) 'epoch'
    sync_exits 0 'notes: unchanged' notes
    cut_run --full
    done_before=$(sql notes "SELECT count(*) FROM page WHERE epoch = $first_epoch + 2")
    sync_exits 0 "ok, 100 pages (0 added, $((100 - done_before)) changed" notes --full
    sync_exits 0 'ok, 100 pages (0 added, 100 changed' notes --full
    store_equals_git notes "$TEST_DIR/notes"
    store_sound notes
}

# --- renames and identity -----------------------------------------------------------------------------

page_ids() {
    sql notes "SELECT id || ' ' || title || ' ' || created_at FROM page ORDER BY id"
}

test_a_renamed_folder_keeps_its_pages_ids() {
    synced_notes 30
    page_ids >before
    git -C "$TEST_DIR/notes" mv pages texts
    repo_commit "$TEST_DIR/notes"
    expect_exit 0 "$WORKER" sync notes --json
    expect_contains "$OUT" '"added":0,"changed":0,"deleted":0,"renamed":30'
    page_ids | cmp before - || fail 'ids or times changed'
    store_equals_git notes "$TEST_DIR/notes"
    store_sound notes
}

test_a_renamed_folder_with_edits_keeps_the_ids_of_what_is_the_same() {
    synced_notes 30
    sql notes 'SELECT id FROM page ORDER BY id LIMIT 20 OFFSET 10' >before
    git -C "$TEST_DIR/notes" mv pages texts
    sed -i '$a edited' "$TEST_DIR/notes/texts"/page-00000*.md "$TEST_DIR/notes/texts/page-000010.md"
    repo_commit "$TEST_DIR/notes"
    expect_exit 0 "$WORKER" sync notes --json
    expect_contains "$OUT" '"added":10,"changed":0,"deleted":10,"renamed":20'
    sql notes "SELECT id FROM page WHERE path > 'texts/page-000010.md' ORDER BY id" | cmp before - ||
        fail 'ids changed'
    store_equals_git notes "$TEST_DIR/notes"
    store_sound notes
}

test_what_hangs_on_the_path_follows_a_rename() {
    synced_notes 3
    repo_write "$TEST_DIR/notes" a/untitled.md 'no heading, [a link](near.md)\n'
    repo_write "$TEST_DIR/notes" a/titled.md '# Titled\n\n[a link](near.md)\n'
    repo_commit "$TEST_DIR/notes"
    sync_exits 0 'ok, 5 pages' notes
    sql notes "SELECT id FROM page WHERE path LIKE 'a/%' ORDER BY path" >before
    mkdir "$TEST_DIR/notes/b"
    git -C "$TEST_DIR/notes" mv a/untitled.md b/unnamed.md
    git -C "$TEST_DIR/notes" mv a/titled.md b/titled.md
    repo_commit "$TEST_DIR/notes"
    expect_exit 0 "$WORKER" sync notes --json
    expect_contains "$OUT" '"added":0,"changed":0,"deleted":0,"renamed":2'
    sql notes "SELECT id FROM page WHERE path LIKE 'b/%' ORDER BY path" | cmp before - || fail 'ids changed'
    expect_equal "$(sql notes "SELECT title FROM page WHERE path = 'b/unnamed.md'")" unnamed 'title'
    expect_equal "$(hits notes untitled)" 0 'hits of the old title'
    expect_equal "$(sql notes "SELECT group_concat(DISTINCT key) FROM link WHERE target = 'near.md'")" \
        b/near.md 'where the links lead'
    store_sound notes
}

test_pages_that_swap_their_names_keep_their_places() {
    synced_notes 3
    repo_write "$TEST_DIR/notes" a.md '# Was A\n'
    repo_write "$TEST_DIR/notes" b.md '# Was B\n'
    repo_commit "$TEST_DIR/notes"
    sync_exits 0 'ok, 5 pages' notes
    mv "$TEST_DIR/notes/a.md" "$TEST_DIR/notes/c"
    mv "$TEST_DIR/notes/b.md" "$TEST_DIR/notes/a.md"
    mv "$TEST_DIR/notes/c" "$TEST_DIR/notes/b.md"
    repo_commit "$TEST_DIR/notes"
    sync_exits 0 'ok, 5 pages' notes
    store_equals_git notes "$TEST_DIR/notes"
    # A chain: a -> z, b -> a, and a new b.
    git -C "$TEST_DIR/notes" mv a.md z.md
    git -C "$TEST_DIR/notes" mv b.md a.md
    repo_write "$TEST_DIR/notes" b.md '# New B\n'
    repo_commit "$TEST_DIR/notes"
    sync_exits 0 'ok, 6 pages' notes
    store_equals_git notes "$TEST_DIR/notes"
    store_sound notes
}

test_ids_stay_over_changes_and_full_runs() {
    synced_notes 30
    sql notes 'SELECT id, path FROM page ORDER BY path' >before
    rewrite_pages 'second'
    repo_commit "$TEST_DIR/notes"
    sync_exits 0 'ok, 30 pages (0 added, 30 changed' notes
    sync_exits 0 'ok, 30 pages (0 added, 30 changed' notes --full
    sql notes 'SELECT id, path FROM page ORDER BY path' | cmp before - || fail 'ids changed'
    store_equals_git notes "$TEST_DIR/notes"
    store_sound notes
}

# --- what must not be there ---------------------------------------------------------------------------

test_old_words_are_not_found_after_changes_and_deletes() {
    synced_notes 3
    repo_write "$TEST_DIR/notes" a.md '---\ntags: [oldtag]\n---\n# Oldtitle\n\noldword [[oldlink]]\n'
    repo_write "$TEST_DIR/notes" b.md '# Gonetitle\n\ngoneword\n'
    repo_commit "$TEST_DIR/notes"
    sync_exits 0 'ok, 5 pages' notes
    local word
    for word in oldtag oldtitle oldword oldlink gonetitle goneword; do
        [ "$(hits notes $word)" -gt 0 ] || fail "$word is not found"
    done
    repo_write "$TEST_DIR/notes" a.md '# Newtitle\n\nnewword\n'
    git -C "$TEST_DIR/notes" rm -q b.md
    repo_commit "$TEST_DIR/notes"
    sync_exits 0 'ok, 4 pages (0 added, 1 changed, 1 deleted)' notes
    for word in oldtag oldtitle oldword oldlink gonetitle goneword; do
        expect_equal "$(hits notes $word)" 0 "hits of $word"
    done
    expect_equal "$(hits notes newword)" 1 'hits of newword'
    expect_equal "$(sql notes "SELECT count(*) FROM tag WHERE tag = 'oldtag'")" 0 'tags'
    expect_equal "$(sql notes "SELECT count(*) FROM link WHERE target = 'oldlink'")" 0 'links'
    store_sound notes
}

test_private_text_is_in_no_byte_of_the_store() {
    synced_notes 3
    repo_write "$TEST_DIR/notes" a.md 'before <private>sesame-one</private> after\n'
    repo_write "$TEST_DIR/notes" b.md '---\ntitle: <private>sesame-two</private>x\n---\n# <PRIVATE>sesame-three</PRIVATE>\n'
    repo_write "$TEST_DIR/notes" c.txt 'open <private>sesame-four\nto the end, [x](sesame-five) #sesame-six\n'
    repo_write "$TEST_DIR/notes" d.md '[[page]] <private>[[sesame-seven]] [y](/sesame-eight.md)</private>\n'
    repo_commit "$TEST_DIR/notes"
    sync_exits 0 'ok, 7 pages' notes
    sync_exits 0 'ok, 7 pages' notes --full
    ! grep -l sesame "$LATTICE_HOME/sources/notes"/* "$OUT" "$ERR" || fail 'private text was kept'
    expect_equal "$(sql notes "SELECT group_concat(text, '') FROM chunk JOIN page ON page.id = page
        WHERE path = 'a.md'")" 'before  after' 'text'
    expect_equal "$(hits notes after)" 1 'hits of what is not private'
    store_sound notes
}

# --- quarantine ---------------------------------------------------------------------------------------

quarantine() {
    job "\"run_id\":\"$(printf '%032x' "$(date +%s%N)")\",\"quarantine\":[[\"pages/page-000002.md\",\"$1\"]]"
}

run_supervised() {
    supervise_as notes "$1"
    wait_exit "$STARTED"
}

test_a_quarantined_page_is_skipped_named_and_comes_back() {
    local blob
    synced_notes 3
    blob=$(git -C "$TEST_DIR/notes" rev-parse HEAD:pages/page-000002.md)
    run_supervised "$(quarantine "$blob")"
    expect_contains "$TEST_DIR/supervisor.out" 'exit 0'
    expect_contains "$TEST_DIR/results" '"outcome":"ok"'
    expect_contains "$TEST_DIR/results" '"quarantined":1'
    expect_contains "$TEST_DIR/results" '"errors":1'
    expect_contains "$TEST_DIR/supervisor.err" 'pages/page-000002.md cannot be a page: quarantined'
    expect_pages notes 2
    store_sound notes
    # The same head and the same list: nothing is listed.
    wrap_git ''
    run_supervised "$(quarantine "$blob")"
    expect_contains "$TEST_DIR/results" '"outcome":"unchanged"'
    expect_contains "$TEST_DIR/results" '"quarantined":1'
    expect_not_contains "$TEST_DIR/git.log" ls-tree
    # Another page changes: the two trees are compared.
    repo_write "$TEST_DIR/notes" pages/page-000003.md '# Changed\n'
    repo_commit "$TEST_DIR/notes"
    run_supervised "$(quarantine "$blob")"
    expect_contains "$TEST_DIR/results" '"changed":1'
    expect_not_contains "$TEST_DIR/git.log" ls-tree
    unwrap_git
    expect_pages notes 2
    # Its blob changes: it is tried again although the list still names the old one.
    repo_write "$TEST_DIR/notes" pages/page-000002.md '# Mended\n'
    repo_commit "$TEST_DIR/notes"
    run_supervised "$(quarantine "$blob")"
    expect_contains "$TEST_DIR/results" '"errors":0'
    expect_pages notes 3
    store_equals_git notes "$TEST_DIR/notes"
    # Quarantined once more, and taken off the list: nothing in git has changed.
    run_supervised "$(quarantine "$(git -C "$TEST_DIR/notes" rev-parse HEAD:pages/page-000002.md)")"
    expect_pages notes 2
    sync_exits 0 'ok, 3 pages (1 added' notes
    store_equals_git notes "$TEST_DIR/notes"
    store_sound notes
}

test_quarantine_of_a_remote_whose_mirror_is_gone_works() {
    synced_notes 3 file://
    rm -rf "$LATTICE_HOME/sources/notes/mirror.git"
    run_supervised "$(quarantine "$(git -C "$TEST_DIR/notes" rev-parse HEAD:pages/page-000002.md)")"
    expect_contains "$TEST_DIR/results" '"outcome":"ok"'
    expect_pages notes 2
    store_sound notes
}
