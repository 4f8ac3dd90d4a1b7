# Bad input of git sources: a clear sentence, the right exit code, nothing lost.
# shellcheck shell=bash

# shellcheck source=tests/e2e/lib/worker.sh
. "$LATTICE_ROOT/tests/e2e/lib/worker.sh"

# A synced source `notes` of three pages.
synced_notes() {
    make_repo "$TEST_DIR/notes"
    repo_pages "$TEST_DIR/notes" 3
    repo_commit "$TEST_DIR/notes"
    add_source notes "${1:-}$TEST_DIR/notes"
    sync_exits 0 'notes: ok, 3 pages (3 added' notes
}

# --- the repository ---------------------------------------------------------------------------------

test_a_folder_without_a_repository_is_named() {
    synced_notes
    mv "$TEST_DIR/notes/.git" "$TEST_DIR/kept.git"
    sync_exits 78 "$TEST_DIR/notes is not a git repository (no .git in it); check \`url\`" notes
    mv "$TEST_DIR/notes" "$TEST_DIR/elsewhere"
    sync_exits 69 "$TEST_DIR/notes: No such file or directory" notes
    expect_pages notes 3
    mv "$TEST_DIR/elsewhere" "$TEST_DIR/notes"
    mv "$TEST_DIR/kept.git" "$TEST_DIR/notes/.git"
    sync_exits 0 'notes: unchanged' notes
    store_sound notes
}

# No git of today writes such a tree.
test_a_tree_out_of_order_is_damage() {
    local blob tree
    synced_notes
    blob=$(git -C "$TEST_DIR/notes" rev-parse HEAD:pages/page-000001.md)
    # shellcheck disable=SC2001 # the match is put in again
    blob=$(sed 's/../\\x&/g' <<<"$blob")
    tree=$(printf '%b' "100644 z.md\\0$blob" "100644 a.md\\0$blob" | git -C "$TEST_DIR/notes" hash-object -t tree -w --literally --stdin)
    git -C "$TEST_DIR/notes" update-ref HEAD "$(git -C "$TEST_DIR/notes" commit-tree -m odd "$tree")"
    sync_exits 65 "the repository may be damaged, \`git fsck\` there tells: the listing is not in order at \"a.md\"" notes --full
    expect_pages notes 3
    store_sound notes
}

test_a_url_without_a_repository_is_named() {
    mkdir "$TEST_DIR/plain"
    add_source plain "file://$TEST_DIR/plain"
    sync_exits 78 "check \`url\`" plain
    add_source gone "file://$TEST_DIR/gone"
    sync_exits 78 "check \`url\`" gone
}

test_an_empty_repository_is_no_empty_source() {
    make_repo "$TEST_DIR/empty"
    add_source local "$TEST_DIR/empty"
    add_source remote "file://$TEST_DIR/empty"
    sync_exits 65 'local: failed bad-data' local
    expect_contains "$OUT" 'has no commits yet; commit something there'
    sync_exits 65 'remote: failed bad-data' remote
    expect_contains "$OUT" 'has no commits, or its HEAD names a branch that does not exist'
    repo_write "$TEST_DIR/empty" a.md '# A\n'
    repo_commit "$TEST_DIR/empty"
    sync_exits 0 'local: ok, 1 pages' local
    sync_exits 0 'remote: ok, 1 pages' remote
}

test_a_branch_that_does_not_exist_is_named() {
    make_repo "$TEST_DIR/notes"
    repo_pages "$TEST_DIR/notes" 2
    repo_commit "$TEST_DIR/notes"
    add_source local "$TEST_DIR/notes" --branch next
    add_source remote "file://$TEST_DIR/notes" --branch next
    sync_exits 78 "has no branch next; check \`branch\`" local
    sync_exits 78 "has no branch next; check \`branch\`" remote
    git -C "$TEST_DIR/notes" branch next
    sync_exits 0 'ok, 2 pages' local
    sync_exits 0 'ok, 2 pages' remote
    git -C "$TEST_DIR/notes" branch -D -q next
    sync_exits 78 'has no branch next' remote
    expect_pages remote 2
}

test_a_repository_of_another_user_works_by_path_and_says_so_by_url() {
    [ "$(id -u)" -eq 0 ] || skip 'only root can give a file away'
    make_repo "$TEST_DIR/notes"
    repo_pages "$TEST_DIR/notes" 3
    repo_commit "$TEST_DIR/notes"
    chown -R 65534:65534 "$TEST_DIR/notes"
    add_source path "$TEST_DIR/notes"
    sync_exits 0 'path: ok, 3 pages' path
    add_source url "file://$TEST_DIR/notes"
    sync_exits 78 'it belongs to another user: give its plain path instead of file://' url
}

# --- the network ------------------------------------------------------------------------------------

test_a_host_that_does_not_resolve_is_unreachable() {
    add_source https https://nowhere.invalid/notes.git
    sync_exits 69 'https: failed unreachable' https --timeout 30s
    expect_contains "$OUT" 'Could not resolve host'
    command -v ssh >/dev/null || return 0
    add_source ssh git@nowhere.invalid:notes.git
    sync_exits 69 'ssh: failed unreachable' ssh --timeout 30s
    expect_contains "$OUT" 'Could not resolve hostname nowhere.invalid'
}

test_a_port_where_nobody_listens_is_unreachable() {
    add_source notes http://127.0.0.1:1/notes.git
    sync_exits 69 'notes: failed unreachable' notes
}

# Sets $PORT to where a server accepts and never answers.
silent_server() {
    start silent "$TOOLS/silent_server"
    wait_for_line "$TEST_DIR/silent.out" . 10
    PORT=$(cat "$TEST_DIR/silent.out")
}

never_answers() {
    add_source mute "$1"
    sync_exits 69 'mute: failed deadline' mute --timeout 6s --grace 3s
    expect_contains "$OUT" 'give it more time: --timeout'
    expect_equal "$(sql mute 'SELECT coalesce(bookmark, 0) FROM sync_state')" 0 'bookmark'
}

test_a_server_that_never_answers_is_cut_by_the_deadline() {
    silent_server
    never_answers "http://127.0.0.1:$PORT/notes.git"
}

test_an_ssh_server_that_never_answers_is_cut_by_the_deadline() {
    command -v ssh >/dev/null || skip 'there is no ssh'
    silent_server
    never_answers "ssh://git@127.0.0.1:$PORT/notes.git"
}

# --- history ----------------------------------------------------------------------------------------

rewrite_history() {
    git -C "$TEST_DIR/notes" checkout -q --orphan other
    git -C "$TEST_DIR/notes" rm -q --cached pages/page-000001.md
    rm "$TEST_DIR/notes/pages/page-000001.md"
    repo_write "$TEST_DIR/notes" pages/page-000002.md '# Rewritten\n'
    repo_write "$TEST_DIR/notes" new.md '# New\n'
    repo_commit "$TEST_DIR/notes" other
    git -C "$TEST_DIR/notes" branch -q -D main
    git -C "$TEST_DIR/notes" branch -q -m main
    git -C "$TEST_DIR/notes" reflog expire --expire=now --all
    git -C "$TEST_DIR/notes" prune --expire=now
}

test_a_forced_push_that_removes_the_bookmark_is_followed() {
    synced_notes
    rewrite_history
    sync_exits 0 'ok, 3 pages (1 added, 1 changed, 1 deleted)' notes
    store_equals_git notes "$TEST_DIR/notes"
    store_sound notes
}

test_a_forced_push_of_a_remote_is_followed() {
    synced_notes file://
    rewrite_history
    sync_exits 0 'ok, 3 pages (1 added, 1 changed, 1 deleted)' notes
    store_equals_git notes "$TEST_DIR/notes"
    store_sound notes
}

test_an_emptied_upstream_is_refused_unless_allowed() {
    synced_notes
    git -C "$TEST_DIR/notes" rm -q -r .
    repo_commit "$TEST_DIR/notes" 'all gone'
    sync_exits 65 'notes: failed shrink' notes
    expect_contains "$OUT" 'refusing to delete 3 of 3 pages'
    expect_contains "$OUT" '--allow-shrink'
    expect_pages notes 3
    sync_exits 0 'ok, 0 pages (0 added, 0 changed, 3 deleted)' notes --allow-shrink
    store_sound notes
    sync_exits 0 'notes: unchanged' notes
}

test_losing_over_half_of_twenty_pages_is_refused() {
    make_repo "$TEST_DIR/notes"
    repo_pages "$TEST_DIR/notes" 20
    repo_commit "$TEST_DIR/notes"
    add_source notes "$TEST_DIR/notes"
    sync_exits 0 'ok, 20 pages' notes
    git -C "$TEST_DIR/notes" rm -q 'pages/page-00000*'
    repo_commit "$TEST_DIR/notes" 'nine gone'
    sync_exits 0 'ok, 11 pages (0 added, 0 changed, 9 deleted)' notes
    git -C "$TEST_DIR/notes" reset -q --hard HEAD~1
    sync_exits 0 'ok, 20 pages (9 added' notes
    git -C "$TEST_DIR/notes" rm -q 'pages/page-00000*' 'pages/page-000010.md' 'pages/page-000011.md'
    repo_commit "$TEST_DIR/notes" 'eleven gone'
    sync_exits 65 'refusing to delete 11 of 20 pages' notes
    expect_pages notes 20
    expect_bookmark notes "$(git -C "$TEST_DIR/notes" rev-parse HEAD~1)"
}

test_changed_globs_are_not_unchanged() {
    make_repo "$TEST_DIR/notes"
    repo_write "$TEST_DIR/notes" a.md '# A\n'
    repo_write "$TEST_DIR/notes" b.txt 'plain\n'
    repo_write "$TEST_DIR/notes" drafts/c.md '# C\n'
    repo_commit "$TEST_DIR/notes"
    add_source notes "$TEST_DIR/notes"
    sync_exits 0 'ok, 3 pages (3 added' notes
    sed -i 's|"url"|"exclude": ["drafts/"], "url"|' "$LATTICE_HOME/sources.json"
    sync_exits 0 'ok, 2 pages (0 added, 0 changed, 1 deleted)' notes
    sync_exits 0 'notes: unchanged' notes
    sed -i 's|"exclude": \["drafts/"\]|"include": ["*.md"]|' "$LATTICE_HOME/sources.json"
    sync_exits 0 'ok, 2 pages (1 added, 0 changed, 1 deleted)' notes
    expect_equal "$(sql notes 'SELECT group_concat(path) FROM (SELECT path FROM page ORDER BY 1)')" \
        'a.md,drafts/c.md' 'pages'
    store_sound notes
}

# --- content ----------------------------------------------------------------------------------------

test_invalid_utf8_is_kept_as_replacement_characters() {
    make_repo "$TEST_DIR/notes"
    repo_write "$TEST_DIR/notes" a.md '# A\n\nbefore \xff\xfe after caf\xc3\xa9\n'
    repo_commit "$TEST_DIR/notes"
    add_source notes "$TEST_DIR/notes"
    sync_exits 0 'ok, 1 pages' notes
    expect_equal "$(sql notes 'SELECT text FROM chunk')" $'# A\n\nbefore \uFFFD\uFFFD after café' 'text'
    expect_equal "$(hits notes 'cafe')" 1 'hits'
    store_sound notes
}

test_a_page_with_nul_bytes_is_named_and_its_old_text_goes() {
    synced_notes
    repo_write "$TEST_DIR/notes" pages/page-000002.md 'now \0 binary\n'
    repo_commit "$TEST_DIR/notes"
    sync_exits 0 'notes: ok, 2 pages' notes
    expect_contains "$ERR" 'pages/page-000002.md cannot be a page: binary'
    expect_equal "$(sql notes 'SELECT shown || " " || reason FROM page_error')" \
        'pages/page-000002.md binary' 'error row'
    expect_bookmark notes "$(head_of "$TEST_DIR/notes")"
    sync_exits 0 'notes: unchanged' notes
    repo_write "$TEST_DIR/notes" pages/page-000002.md '# Text again\n'
    repo_commit "$TEST_DIR/notes"
    sync_exits 0 'ok, 3 pages (1 added, 0 changed, 0 deleted)' notes
    store_equals_git notes "$TEST_DIR/notes"
    store_sound notes
}

test_a_page_of_50_megabytes_is_named_and_does_not_hold_the_rest() {
    synced_notes
    mkdir "$TEST_DIR/notes/large"
    head -c 50000000 < <(yes '0123456789abcdef line') >"$TEST_DIR/notes/large/large.md"
    repo_write "$TEST_DIR/notes" zz.md '# After it\n'
    repo_commit "$TEST_DIR/notes"
    expect_exit 0 "$WORKER" sync notes --json
    expect_contains "$ERR" 'large/large.md cannot be a page: 50000000 bytes; at most 4194304 are taken'
    expect_contains "$OUT" '"errors":1'
    expect_pages notes 4
    store_sound notes
}

test_a_page_of_50_megabytes_is_taken_where_the_limit_allows() {
    make_repo "$TEST_DIR/notes"
    head -c 50000000 < <(yes '0123456789abcdef line') >"$TEST_DIR/notes/large.md"
    repo_commit "$TEST_DIR/notes"
    add_source notes "$TEST_DIR/notes" --set max_page_bytes=64000000
    sync_exits 0 'ok, 1 pages' notes
    store_equals_git notes "$TEST_DIR/notes"
}

test_a_lower_size_limit_takes_a_page_out() {
    make_repo "$TEST_DIR/notes"
    head -c 3000 < <(yes 'some words here') >"$TEST_DIR/notes/a.md"
    repo_write "$TEST_DIR/notes" b.md '# B\n'
    repo_commit "$TEST_DIR/notes"
    add_source notes "$TEST_DIR/notes"
    sync_exits 0 'ok, 2 pages' notes
    sed -i 's|"url"|"max_page_bytes": 2048, "url"|' "$LATTICE_HOME/sources.json"
    mkdir "$TEST_DIR/notes/moved"
    git -C "$TEST_DIR/notes" mv a.md moved/a.md
    repo_commit "$TEST_DIR/notes" 'moved at the same time'
    sync_exits 0 'ok, 1 pages' notes
    expect_equal "$(sql notes 'SELECT shown FROM page_error')" moved/a.md 'error row'
    store_sound notes
}

test_broken_front_matter_is_text_and_a_warning() {
    local i
    make_repo "$TEST_DIR/notes"
    repo_write "$TEST_DIR/notes" not-yaml.md '---\n{ not: [yaml\n---\n# One\n'
    repo_write "$TEST_DIR/notes" open.md '---\ntitle: never closed\n\n# Two\n'
    repo_write "$TEST_DIR/notes" good.md '---\ntitle: Good\ntags: [x]\n---\nbody\n'
    {
        echo ---
        echo 'a0: &a0 [x, x, x, x, x, x, x, x, x, x]'
        for i in 1 2 3 4 5 6 7 8 9; do
            echo "a$i: &a$i [*a$((i - 1)), *a$((i - 1)), *a$((i - 1)), *a$((i - 1)), *a$((i - 1)),\
 *a$((i - 1)), *a$((i - 1)), *a$((i - 1)), *a$((i - 1)), *a$((i - 1))]"
        done
        echo ---
        echo '# Bomb'
    } >"$TEST_DIR/notes/bomb.md"
    repo_commit "$TEST_DIR/notes"
    add_source notes "$TEST_DIR/notes"
    sync_exits 0 'ok, 4 pages' notes
    expect_equal "$(sql notes "SELECT group_concat(path || ' ' || title, ',') FROM (
        SELECT * FROM page WHERE warning IS NOT NULL AND front IS NULL ORDER BY path)")" \
        'bomb.md Bomb,not-yaml.md One,open.md Two' 'pages with a warning'
    expect_equal "$(sql notes "SELECT title || front FROM page WHERE path = 'good.md'")" \
        'Good{"title":"Good","tags":["x"]}' 'front matter'
    expect_contains "$ERR" 'warn notes import: bomb.md: '
    store_equals_git notes "$TEST_DIR/notes"
    store_sound notes
}

# --- paths ------------------------------------------------------------------------------------------

test_paths_with_newlines_quotes_and_emoji_are_pages() {
    local path
    make_repo "$TEST_DIR/notes"
    for path in $'new\nline.md' "qu'o\"te.md" '🦊/fox 🦊.md' ' lead.md' $'tab\tand\\back.md' '-dash.md' \
        "$(printf 'n%.0s' {1..250})/$(printf 'm%.0s' {1..250}).md"; do
        repo_write "$TEST_DIR/notes" "$path" '# Odd\n'
    done
    repo_commit "$TEST_DIR/notes"
    add_source notes "$TEST_DIR/notes"
    sync_exits 0 'ok, 7 pages' notes
    store_equals_git notes "$TEST_DIR/notes"
    repo_write "$TEST_DIR/notes" $'new\nline.md' '# Changed\n'
    git -C "$TEST_DIR/notes" mv -- "qu'o\"te.md" $'was\nquoted.md'
    git -C "$TEST_DIR/notes" rm -q -- -dash.md
    repo_commit "$TEST_DIR/notes"
    sync_exits 0 'ok, 6 pages (0 added, 1 changed, 1 deleted)' notes
    store_equals_git notes "$TEST_DIR/notes"
    store_sound notes
}

# fast_import REPO COUNT-OF-PATH-BYTES... : a commit with a page at a path of that many bytes each.
import_long_paths() {
    local repo=$1 size
    shift
    {
        printf 'commit refs/heads/main\ncommitter T <t@e.org> 0 +0000\ndata 1\nx'
        for size; do
            # Folders of 200 bytes, and a name that makes up the rest.
            awk -v size="$size" 'BEGIN {
                part = sprintf("%0200d", 0); path = ""
                while (length(path) + 201 < size - 10) path = path part "/"
                while (length(path) < size - 3) path = path "x"
                printf "M 100644 inline %s.md\ndata 6\n# Long\n", path
            }'
        done
    } | git -C "$repo" fast-import --quiet --force
}

test_a_path_of_4096_bytes_is_a_page_and_a_longer_one_is_named() {
    make_repo "$TEST_DIR/notes" --bare
    import_long_paths "$TEST_DIR/notes" 4096 4097 60000
    add_source notes "$TEST_DIR/notes"
    sync_exits 0 'ok, 1 pages' notes
    expect_equal "$(sql notes 'SELECT length(path) FROM page')" 4096 'length of the path'
    expect_equal "$(sql notes "SELECT group_concat(length(path) || reason) FROM (
        SELECT * FROM page_error ORDER BY length(path))")" '4097path,60000path' 'error rows'
    expect_contains "$ERR" 'cannot be a page: its path has 4097 bytes; at most 4096 are taken'
    sync_exits 0 'notes: unchanged' notes
    store_sound notes
}

test_a_path_that_is_not_utf8_is_named_and_does_not_hold_the_rest() {
    make_repo "$TEST_DIR/notes"
    repo_write "$TEST_DIR/notes" $'caf\xe9.md' '# Latin\n'
    repo_write "$TEST_DIR/notes" ok.md '# Fine\n'
    repo_commit "$TEST_DIR/notes"
    add_source notes "$TEST_DIR/notes"
    expect_exit 0 "$WORKER" sync notes --json
    expect_contains "$OUT" '"errors":1'
    expect_contains "$ERR" 'caf\xe9.md cannot be a page: its path is not UTF-8'
    expect_pages notes 1
    git -C "$TEST_DIR/notes" mv $'caf\xe9.md' café.md
    repo_commit "$TEST_DIR/notes"
    sync_exits 0 'ok, 2 pages' notes
    git -C "$TEST_DIR/notes" mv ok.md $'\xff.md'
    repo_commit "$TEST_DIR/notes"
    sync_exits 0 'ok, 1 pages' notes
    expect_equal "$(sql notes 'SELECT shown FROM page_error')" '\xff.md' 'error row'
    store_sound notes
}

test_symlinks_and_submodules_are_counted_not_followed() {
    make_repo "$TEST_DIR/inner"
    repo_write "$TEST_DIR/inner" inner.md '# Inner\n'
    repo_commit "$TEST_DIR/inner"
    make_repo "$TEST_DIR/notes"
    repo_write "$TEST_DIR/notes" a.md '# A\n'
    echo 'a secret' >"$TEST_DIR/outside.md"
    ln -s "$TEST_DIR/outside.md" "$TEST_DIR/notes/link.md"
    ln -s a.md "$TEST_DIR/notes/near.md"
    git -C "$TEST_DIR/notes" -c protocol.file.allow=always submodule --quiet add "$TEST_DIR/inner" sub
    repo_commit "$TEST_DIR/notes"
    add_source notes "$TEST_DIR/notes"
    expect_exit 0 "$WORKER" sync notes --json
    expect_contains "$OUT" '"pages":1,'
    expect_contains "$OUT" '"skipped":3,'
    expect_equal "$(hits notes secret)" 0 'hits of the text behind the link'
    git -C "$TEST_DIR/notes" rm -q near.md
    rm "$TEST_DIR/notes/link.md"
    repo_write "$TEST_DIR/notes" link.md '# A file now\n'
    repo_commit "$TEST_DIR/notes"
    expect_exit 0 "$WORKER" sync notes --json
    expect_contains "$OUT" '"pages":2,'
    expect_contains "$OUT" '"skipped":1,'
    sync_exits 0 'notes: unchanged' notes
    expect_equal "$(sql notes 'SELECT skipped FROM sync_state')" 1 'skipped'
    store_equals_git notes "$TEST_DIR/notes"
}

test_twins_by_case_or_normalisation_are_both_kept() {
    make_repo "$TEST_DIR/notes"
    repo_write "$TEST_DIR/notes" Readme.md '# Upper\n'
    repo_write "$TEST_DIR/notes" README.md '# Shout\n'
    repo_write "$TEST_DIR/notes" readme.md '# Lower\n'
    repo_write "$TEST_DIR/notes" $'caf\u00e9.md' '# Composed\n'
    repo_write "$TEST_DIR/notes" $'cafe\u0301.md' '# Decomposed\n'
    repo_commit "$TEST_DIR/notes"
    add_source notes "$TEST_DIR/notes"
    sync_exits 0 'ok, 5 pages' notes
    store_equals_git notes "$TEST_DIR/notes"
    git -C "$TEST_DIR/notes" rm -q $'cafe\u0301.md' README.md
    repo_commit "$TEST_DIR/notes"
    sync_exits 0 'ok, 3 pages (0 added, 0 changed, 2 deleted)' notes
    store_equals_git notes "$TEST_DIR/notes"
    store_sound notes
}

# --- somebody's own repository ------------------------------------------------------------------------

# A partial clone at $TEST_DIR/partial whose remote would run a command that leaves a trace.
partial_clone() {
    make_repo "$TEST_DIR/full"
    repo_pages "$TEST_DIR/full" 3
    repo_commit "$TEST_DIR/full"
    git -C "$TEST_DIR/full" config uploadpack.allowFilter true
    git clone -q --no-checkout --filter=blob:none "file://$TEST_DIR/full" "$TEST_DIR/partial" 2>/dev/null
    cat >"$TEST_DIR/canary" <<SCRIPT
#!/bin/sh
echo ran >>'$TEST_DIR/canary.ran'
exec git-upload-pack "\$@"
SCRIPT
    chmod 755 "$TEST_DIR/canary"
    git -C "$TEST_DIR/partial" config remote.origin.uploadpack "$TEST_DIR/canary"
    git -C "$TEST_DIR/partial" config core.sshCommand "$TEST_DIR/canary"
    git -C "$TEST_DIR/partial" config core.fsmonitor "$TEST_DIR/canary"
    git -C "$TEST_DIR/partial" config core.pager "$TEST_DIR/canary"
    git -C "$TEST_DIR/partial" config diff.external "$TEST_DIR/canary"
    git -C "$TEST_DIR/partial" config core.gitProxy "$TEST_DIR/canary"
}

objects_of() {
    find "$1/.git" -type f -printf '%P %s %T@\n' | LC_ALL=C sort
}

test_a_partial_clone_is_not_completed_and_none_of_its_commands_run() {
    partial_clone
    objects_of "$TEST_DIR/partial" >before
    add_source notes "$TEST_DIR/partial"
    sync_exits 65 'it is a partial clone, into which nothing is fetched for a sync' notes
    [ ! -e "$TEST_DIR/canary.ran" ] || fail 'a command of its configuration was run'
    objects_of "$TEST_DIR/partial" | cmp - before || fail 'the clone was written to'
    expect_equal "$(sql notes 'SELECT coalesce(bookmark, 0) FROM sync_state')" 0 'bookmark'
    # The canary works: git itself runs it.
    git -C "$TEST_DIR/partial" checkout -q 2>/dev/null
    [ -e "$TEST_DIR/canary.ran" ] || fail 'the canary is dead'
    sync_exits 0 'ok, 3 pages' notes
    store_equals_git notes "$TEST_DIR/full"
}

test_a_partial_clone_loses_nothing_that_was_synced() {
    partial_clone
    git -C "$TEST_DIR/partial" config --unset core.fsmonitor
    git -C "$TEST_DIR/partial" checkout -q 2>/dev/null
    add_source notes "$TEST_DIR/partial"
    sync_exits 0 'ok, 3 pages' notes
    repo_write "$TEST_DIR/full" pages/page-000001.md '# Not fetched\n'
    repo_commit "$TEST_DIR/full"
    git -C "$TEST_DIR/partial" fetch -q
    git -C "$TEST_DIR/partial" update-ref refs/heads/main origin/main
    rm -f "$TEST_DIR/canary.ran"
    sync_exits 65 'git fetch --refetch --no-filter' notes
    [ ! -e "$TEST_DIR/canary.ran" ] || fail 'a command of its configuration was run'
    expect_pages notes 3
    store_equals_git notes "$TEST_DIR/full" HEAD~1
}

test_started_from_a_git_hook_the_users_repository_stays_untouched() {
    synced_notes
    make_repo "$TEST_DIR/user"
    repo_write "$TEST_DIR/user" a.md '# A\n'
    repo_commit "$TEST_DIR/user"
    add_source remote "file://$TEST_DIR/notes"
    # A hook's standard output would hide behind git's: the worker's own line goes to a file.
    mkdir "$TEST_DIR/user/.git/hooks"
    cat >"$TEST_DIR/user/.git/hooks/post-commit" <<HOOK
#!/bin/sh
env | grep '^GIT_' >'$TEST_DIR/hook.env'
export GIT_WORK_TREE='$TEST_DIR/user' GIT_OBJECT_DIRECTORY='$TEST_DIR/user/.git/objects'
export GIT_DIR='$TEST_DIR/user/.git' GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=core.bare GIT_CONFIG_VALUE_0=x
{ '$WORKER' sync notes; '$WORKER' sync remote; } >'$TEST_DIR/hook.out' 2>&1
HOOK
    chmod 755 "$TEST_DIR/user/.git/hooks/post-commit"
    repo_write "$TEST_DIR/notes" more.md '# More\n'
    repo_commit "$TEST_DIR/notes"
    repo_write "$TEST_DIR/user" a.md '# B\n'
    repo_commit "$TEST_DIR/user"
    expect_contains "$TEST_DIR/hook.env" 'GIT_INDEX_FILE='
    expect_contains "$TEST_DIR/hook.out" 'notes: ok, 4 pages (1 added'
    expect_contains "$TEST_DIR/hook.out" 'remote: ok, 4 pages (4 added'
    expect_equal "$(git -C "$TEST_DIR/user" status --porcelain)" '' 'status of the user repository'
    expect_equal "$(git -C "$TEST_DIR/user" for-each-ref --format='%(refname)')" refs/heads/main 'refs'
    expect_equal "$(git -C "$TEST_DIR/user" count-objects)" '6 objects, 24 kilobytes' 'objects'
    store_equals_git notes "$TEST_DIR/notes"
}
