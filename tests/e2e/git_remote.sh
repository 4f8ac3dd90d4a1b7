# Remote sources: the mirror, its durable batches, its repair, and addresses that are refused.
# shellcheck shell=bash disable=SC2153 # lib.sh sets CODE

# shellcheck source=tests/e2e/lib/worker.sh
. "$LATTICE_ROOT/tests/e2e/lib/worker.sh"

MIRROR=$LATTICE_HOME/sources/notes/mirror.git

# upstream PAGES [GIT-INIT-OPTION...]: a repository that serves filters.
upstream() {
    local pages=$1
    shift
    make_repo "$TEST_DIR/notes" "$@"
    repo_pages "$TEST_DIR/notes" "$pages"
    # What is not a page has not to be fetched.
    head -c 30000 /dev/urandom >"$TEST_DIR/notes/picture.png"
    repo_commit "$TEST_DIR/notes"
    git -C "$TEST_DIR/notes" config uploadpack.allowFilter true
    git -C "$TEST_DIR/notes" config uploadpack.allowAnySHA1InWant true
}

blobs_in_mirror() {
    git --git-dir="$MIRROR" cat-file --batch-all-objects --batch-check='%(objecttype)' |
        grep -c blob || true
}

test_blobs_of_pages_alone_are_fetched_in_packs() {
    upstream 100
    add_source notes "file://$TEST_DIR/notes"
    sync_exits 0 'notes: ok, 100 pages' notes
    expect_equal "$(blobs_in_mirror)" 100 'blobs in the mirror'
    expect_equal "$(find "$MIRROR/objects" -type f -path "$MIRROR/objects/??/*" | wc -l)" 0 'loose objects'
    expect_equal "$(git --git-dir="$MIRROR" rev-parse refs/lattice/bookmark)" \
        "$(head_of "$TEST_DIR/notes")" 'pinned commit'
    store_equals_git notes "$TEST_DIR/notes"
    store_sound notes
    repo_write "$TEST_DIR/notes" pages/page-000005.md '# Changed\n'
    git -C "$TEST_DIR/notes" rm -q pages/page-000006.md
    repo_commit "$TEST_DIR/notes"
    rm -f git.log
    wrap_git ''
    sync_exits 0 'notes: ok, 99 pages (0 added, 1 changed, 1 deleted)' notes
    expect_equal "$(tr '\n' ' ' <"$TEST_DIR/git.log")" \
        'ls-remote fetch rev-parse diff-tree cat-file fetch cat-file update-ref ' 'git commands'
    expect_equal "$(cat "$ERR")" '' 'warnings'
    unwrap_git
    expect_equal "$(blobs_in_mirror)" 101 'blobs in the mirror'
    store_equals_git notes "$TEST_DIR/notes"
    store_sound notes
}

test_a_server_without_filters_gives_all_in_one_fetch() {
    upstream 30
    git -C "$TEST_DIR/notes" config uploadpack.allowFilter false
    add_source notes "file://$TEST_DIR/notes"
    rm -f git.log
    wrap_git ''
    sync_exits 0 'notes: ok, 30 pages' notes
    expect_equal "$(grep -cx fetch "$TEST_DIR/git.log")" 1 'fetches'
    unwrap_git
    store_equals_git notes "$TEST_DIR/notes"
    repo_write "$TEST_DIR/notes" pages/page-000005.md '# Changed\n'
    repo_commit "$TEST_DIR/notes"
    sync_exits 0 'notes: ok, 30 pages (0 added, 1 changed' notes
    store_equals_git notes "$TEST_DIR/notes"
    sync_exits 0 'notes: unchanged' notes
}

# An ssh that keeps GIT_PROTOCOL to itself, as sshd does by default: git's server then speaks version
# 0, in which a client may ask only for what was advertised, unless the server's configuration says
# more.
ssh_without_protocol() {
    mkdir -p "$TEST_DIR/bin"
    cat >"$TEST_DIR/bin/ssh" <<'SCRIPT'
#!/bin/bash
while [[ $1 == -* ]]; do
    case $1 in
    -p | -o) shift 2 ;;
    *) shift ;;
    esac
done
unset GIT_PROTOCOL
exec sh -c "$2"
SCRIPT
    chmod 755 "$TEST_DIR/bin/ssh"
    PATH=$TEST_DIR/bin:$PATH
}

# Blobs are asked for in vain once, then all comes in one fetch, also the next time.
whole_after_refusal() {
    add_source notes "git@server:$TEST_DIR/notes"
    rm -f git.log
    wrap_git ''
    sync_exits 0 'notes: ok, 30 pages' notes
    expect_equal "$(grep -cx fetch "$TEST_DIR/git.log")" 3 'fetches: trees, blobs, all'
    expect_equal "$(grep -c 'all is fetched at once' "$ERR")" 1 'times that it was said'
    expect_not_contains "$OUT" "$TEST_DIR/lattice"
    store_equals_git notes "$TEST_DIR/notes"
    repo_write "$TEST_DIR/notes" pages/page-000005.md '# Changed\n'
    repo_commit "$TEST_DIR/notes"
    : >"$TEST_DIR/git.log"
    sync_exits 0 'notes: ok, 30 pages (0 added, 1 changed' notes
    expect_equal "$(grep -cx fetch "$TEST_DIR/git.log")" 1 'fetches for a change'
    expect_equal "$(cat "$ERR")" '' 'warnings'
    store_equals_git notes "$TEST_DIR/notes"
    # Made anew for another reason, it is still whole.
    rm -f "$MIRROR/objects/pack"/*
    repo_write "$TEST_DIR/notes" pages/page-000006.md '# Changed\n'
    repo_commit "$TEST_DIR/notes"
    sync_exits 0 'notes: ok, 30 pages (0 added, 1 changed' notes
    expect_not_contains "$ERR" 'all is fetched at once'
    unwrap_git
    store_equals_git notes "$TEST_DIR/notes"
    store_sound notes
}

test_a_server_that_gives_no_blob_by_its_id_gives_all_in_one_fetch() {
    upstream 30
    ssh_without_protocol
    git -C "$TEST_DIR/notes" config uploadpack.allowAnySHA1InWant false
    whole_after_refusal
}

# A new picture and a changed page: what comes into a mirror that filters is one blob.
change_page_and_picture() {
    head -c 30000 /dev/urandom >"$TEST_DIR/notes/picture.png"
    changes=$((${changes:-0} + 1))
    repo_write "$TEST_DIR/notes" pages/page-000007.md "# Change $changes\\n"
    repo_commit "$TEST_DIR/notes"
}

# Synced whole: 30 pages and the picture.
whole() {
    upstream 30
    ssh_without_protocol
    git -C "$TEST_DIR/notes" config uploadpack.allowAnySHA1InWant false
    add_source notes "git@server:$TEST_DIR/notes"
    sync_exits 0 'notes: ok, 30 pages' notes
    expect_equal "$(blobs_in_mirror)" 31 'blobs in the mirror'
}

test_a_full_run_finds_out_anew_whether_blobs_are_given_by_their_ids() {
    whole
    sync_exits 0 'notes: ok, 30 pages' notes --full
    git -C "$TEST_DIR/notes" config uploadpack.allowAnySHA1InWant true
    change_page_and_picture
    sync_exits 0 'notes: ok, 30 pages (0 added, 30 changed' notes --full
    expect_equal "$(blobs_in_mirror)" 32 'blobs in the mirror'
    expect_equal "$(cat "$ERR")" '' 'warnings'
    store_equals_git notes "$TEST_DIR/notes"
    # A server that refuses still is asked once in such a run, and is served from whole copies again.
    git -C "$TEST_DIR/notes" config uploadpack.allowAnySHA1InWant false
    change_page_and_picture
    sync_exits 0 'notes: ok, 30 pages (0 added, 30 changed' notes --full
    expect_equal "$(grep -c 'all is fetched at once' "$ERR")" 1 'times that it was said'
    change_page_and_picture
    sync_exits 0 'notes: ' notes
    expect_equal "$(cat "$ERR")" '' 'warnings'
    store_equals_git notes "$TEST_DIR/notes"
}

test_what_one_server_refused_is_asked_of_another() {
    whole
    expect_exit 0 "$SUPERVISE" remove notes
    add_source notes "file://$TEST_DIR/notes"
    change_page_and_picture
    sync_exits 0 'notes: ok, 30 pages (0 added, 1 changed' notes
    expect_equal "$(blobs_in_mirror)" 32 'blobs in the mirror'
    expect_equal "$(cat "$ERR")" '' 'warnings'
    store_equals_git notes "$TEST_DIR/notes"
}

# A damaged server, or a replica that lags behind: it is no server that gives no blob by its id.
test_an_object_that_the_server_lacks_fails_the_run_and_no_more_than_that() {
    local blob object
    upstream 30
    add_source notes "file://$TEST_DIR/notes"
    blob=$(git -C "$TEST_DIR/notes" rev-parse HEAD:pages/page-000011.md)
    object=$TEST_DIR/notes/.git/objects/${blob:0:2}/${blob:2}
    mv "$object" "$TEST_DIR/away"
    sync_exits 65 'notes: failed bad-data' notes
    expect_contains "$OUT" 'the server lacks an object of its own head'
    expect_contains "$OUT" "not our ref $blob"
    expect_equal "$(grep -c 'fetched anew, once' "$ERR")" 1 'times that it was tried again'
    mv "$TEST_DIR/away" "$object"
    sync_exits 0 'notes: ok, 30 pages' notes
    expect_equal "$(blobs_in_mirror)" 30 'blobs in the mirror'
    store_equals_git notes "$TEST_DIR/notes"
    store_sound notes
}

test_a_branch_that_is_rewritten_and_collected_during_a_run_is_followed() {
    upstream 30
    add_source notes "file://$TEST_DIR/notes"
    hold_git fetch 2
    start first "$WORKER" sync notes
    wait_held
    # Nothing of the first head is left: the blobs that are asked for next are gone.
    rm -r "$TEST_DIR/notes/pages"
    repo_write "$TEST_DIR/notes" only.md '# Only\n'
    git -C "$TEST_DIR/notes" add -A
    git -C "$TEST_DIR/notes" commit -q --amend -m rewritten
    git -C "$TEST_DIR/notes" reflog expire --expire=now --all
    git -C "$TEST_DIR/notes" gc -q --prune=now
    let_git_go
    wait_exit "$STARTED"
    expect_equal "$CODE" 0 'exit code'
    expect_contains "$TEST_DIR/first.out" 'notes: ok, 1 pages'
    expect_equal "$(grep -c 'fetched anew, once' "$TEST_DIR/first.err")" 1 'times that it was tried again'
    unwrap_git
    expect_equal "$(blobs_in_mirror)" 1 'blobs in the mirror'
    store_equals_git notes "$TEST_DIR/notes"
    store_sound notes
}

# by_id KEY: with this alone in the server's configuration.
by_id() {
    upstream 30
    ssh_without_protocol
    git -C "$TEST_DIR/notes" config uploadpack.allowAnySHA1InWant false
    git -C "$TEST_DIR/notes" config "uploadpack.$1" true
    add_source notes "git@server:$TEST_DIR/notes"
    sync_exits 0 'notes: ok, 30 pages' notes
    expect_equal "$(cat "$ERR")" '' 'warnings'
    expect_equal "$(blobs_in_mirror)" 30 'blobs in the mirror'
    store_equals_git notes "$TEST_DIR/notes"
}

test_a_server_of_protocol_0_that_gives_any_object_serves_filters() {
    by_id allowAnySHA1InWant
}

test_a_server_of_protocol_0_that_gives_reachable_objects_serves_filters() {
    by_id allowReachableSHA1InWant
}

test_sha256_repositories_work_in_place_and_by_url() {
    upstream 5 --object-format=sha256
    add_source local "$TEST_DIR/notes"
    add_source notes "file://$TEST_DIR/notes"
    sync_exits 0 'local: ok, 5 pages' local
    sync_exits 0 'notes: ok, 5 pages' notes
    repo_write "$TEST_DIR/notes" pages/page-000005.md '# Changed\n'
    git -C "$TEST_DIR/notes" mv pages/page-000001.md moved.md
    repo_commit "$TEST_DIR/notes"
    sync_exits 0 'local: ok, 5 pages (0 added, 1 changed, 0 deleted)' local
    sync_exits 0 'notes: ok, 5 pages (0 added, 1 changed, 0 deleted)' notes
    store_equals_git local "$TEST_DIR/notes"
    store_equals_git notes "$TEST_DIR/notes"
    sync_exits 0 'notes: unchanged' notes
    expect_equal "$(sql notes 'SELECT length(bookmark) FROM sync_state')" 64 'length of the bookmark'
}

test_another_branch_is_followed() {
    upstream 2
    git -C "$TEST_DIR/notes" checkout -q -b topic/next
    repo_write "$TEST_DIR/notes" next.md '# Next\n'
    repo_commit "$TEST_DIR/notes"
    git -C "$TEST_DIR/notes" checkout -q main
    add_source notes "file://$TEST_DIR/notes" --branch topic/next
    sync_exits 0 'notes: ok, 3 pages' notes
    store_equals_git notes "$TEST_DIR/notes" topic/next
    sqlite3 :memory: "SELECT json_remove(CAST(readfile('$LATTICE_HOME/sources.json') AS TEXT),
        '\$.sources[0].branch')" >sources.json
    cp sources.json "$LATTICE_HOME/sources.json"
    sync_exits 0 'notes: ok, 2 pages (0 added, 0 changed, 1 deleted)' notes
    store_equals_git notes "$TEST_DIR/notes" main
}

test_a_worker_killed_between_blob_batches_keeps_what_was_fetched() {
    upstream 500
    add_source notes "file://$TEST_DIR/notes"
    # The first fetch gets commit and trees; 64, 128 and 256 blobs follow.
    hold_git fetch 4
    start first "$WORKER" sync notes
    wait_held
    kill -KILL "$STARTED"
    wait_exit "$STARTED"
    expect_equal "$(blobs_in_mirror)" 192 'blobs that were kept'
    unwrap_git
    # What the next run asks for is what is missing.
    wrap_git "if [ \"\$sub\" = fetch ] && [ \"\${*: -2:1}\" = --stdin ]; then
    tee -a '$TEST_DIR/asked' | $(command -v git) \"\$@\"
    exit
fi"
    sync_exits 0 'notes: ok, 500 pages (500 added' notes
    unwrap_git
    expect_equal "$(sort -u "$TEST_DIR/asked" | wc -l)" 308 'blobs asked for'
    store_equals_git notes "$TEST_DIR/notes"
    store_sound notes
}

test_a_stop_between_blob_batches_is_partial() {
    upstream 200
    add_source notes "file://$TEST_DIR/notes"
    hold_git fetch 3
    start first "$WORKER" sync notes
    wait_held
    kill -TERM "$STARTED"
    wait_exit "$STARTED"
    expect_equal "$CODE" 3 'exit code'
    expect_contains "$TEST_DIR/first.out" 'notes: partial, 0 pages'
    expect_equal "$(blobs_in_mirror)" 64 'blobs that were kept'
    unwrap_git
    sync_exits 0 'notes: ok, 200 pages' notes
    store_equals_git notes "$TEST_DIR/notes"
    store_sound notes
}

# --- a mirror in trouble --------------------------------------------------------------------------------

# Synced once, then a change upstream.
mirrored() {
    upstream 20
    add_source notes "file://$TEST_DIR/notes"
    sync_exits 0 'notes: ok, 20 pages' notes
    repo_write "$TEST_DIR/notes" pages/page-000005.md '# Changed\n'
    git -C "$TEST_DIR/notes" rm -q pages/page-000006.md
    repo_commit "$TEST_DIR/notes"
}

healed() {
    sync_exits 0 'notes: ok, 19 pages (0 added, 1 changed, 1 deleted)' notes
    store_equals_git notes "$TEST_DIR/notes"
    store_sound notes
    sync_exits 0 'notes: unchanged' notes
    # Whatever is still wrong in the mirror is found when it is needed.
    sync_exits 0 'notes: ok, 19 pages (0 added, 19 changed' notes --full
    store_equals_git notes "$TEST_DIR/notes"
}

test_a_mirror_without_its_packs_is_rebuilt() {
    mirrored
    rm -f "$MIRROR/objects/pack"/*
    healed
}

test_a_mirror_with_a_damaged_pack_is_rebuilt() {
    local pack
    mirrored
    for pack in "$MIRROR/objects/pack"/*.pack; do
        chmod u+w "$pack"
        dd if=/dev/zero of="$pack" bs=1 seek=20 count=40 conv=notrunc status=none
    done
    healed
}

test_a_mirror_with_truncated_packs_is_rebuilt() {
    local pack
    mirrored
    for pack in "$MIRROR/objects/pack"/*.pack; do
        chmod u+w "$pack"
        truncate -s 30 "$pack"
    done
    healed
}

test_a_mirror_that_is_gone_is_made_again() {
    mirrored
    rm -rf "$MIRROR"
    healed
}

test_a_mirror_that_is_no_repository_any_more_is_rebuilt() {
    mirrored
    rm "$MIRROR/HEAD"
    healed
}

test_a_mirror_with_an_empty_config_is_rebuilt() {
    mirrored
    : >"$MIRROR/config"
    healed
}

test_blobs_that_vanished_from_the_mirror_are_fetched_for_a_full_run() {
    upstream 20
    add_source notes "file://$TEST_DIR/notes"
    sync_exits 0 'notes: ok, 20 pages' notes
    rm -f "$MIRROR/objects/pack"/*
    sync_exits 0 'notes: ok, 20 pages (0 added, 20 changed' notes --full
    store_equals_git notes "$TEST_DIR/notes"
    store_sound notes
}

test_a_mirror_that_cannot_be_rebuilt_is_tried_once() {
    mirrored
    rm -f "$MIRROR/objects/pack"/*
    rm -f git.log
    # shellcheck disable=SC2016 # for the script
    wrap_git 'if [ "$sub" = diff-tree ] || [ "$sub" = ls-tree ] || [ "$sub" = cat-file ]; then
    echo "fatal: bad object $sub" >&2
    exit 128
fi'
    sync_exits 65 'notes: failed bad-data' notes
    expect_equal "$(grep -cx init "$TEST_DIR/git.log")" 1 'mirrors made'
    unwrap_git
    expect_pages notes 20
    healed
}

test_what_a_symbolic_link_in_the_mirrors_place_leads_to_is_not_removed() {
    mirrored
    mkdir -p "$TEST_DIR/elsewhere"
    touch "$TEST_DIR/elsewhere/keep.lock" "$TEST_DIR/elsewhere/tmp_pack_keep"
    rm -rf "$MIRROR"
    ln -s "$TEST_DIR/elsewhere" "$MIRROR"
    healed
    expect_equal "$(cd "$TEST_DIR/elsewhere" && echo keep.lock tmp_*)" 'keep.lock tmp_pack_keep' 'files there'
    stat "$TEST_DIR/elsewhere/keep.lock" >/dev/null
}

test_many_packs_are_brought_together() {
    local i
    upstream 1
    add_source notes "file://$TEST_DIR/notes"
    sync_exits 0 'notes: ok, 1 pages' notes
    for ((i = 0; i < 45; i++)); do
        echo "object $i" | git --git-dir="$MIRROR" hash-object -w --stdin |
            git --git-dir="$MIRROR" pack-objects -q "$MIRROR/objects/pack/pack" >/dev/null
    done
    repo_write "$TEST_DIR/notes" a.md '# A\n'
    repo_commit "$TEST_DIR/notes"
    sync_exits 0 'notes: ok, 2 pages' notes
    [ "$(find "$MIRROR/objects/pack" -name '*.pack' | wc -l)" -lt 10 ] || fail 'there are as many packs as before'
    store_equals_git notes "$TEST_DIR/notes"
    repo_write "$TEST_DIR/notes" b.md '# B\n'
    repo_commit "$TEST_DIR/notes"
    sync_exits 0 'notes: ok, 3 pages' notes
    store_equals_git notes "$TEST_DIR/notes"
    store_sound notes
}

test_a_git_that_was_killed_is_said_to_have_been() {
    mirrored
    # shellcheck disable=SC2016 # for the script
    wrap_git 'if [ "$sub" = fetch ]; then
    echo "fatal: early EOF" >&2
    kill -KILL $$
fi'
    sync_exits 69 'notes: failed unreachable' notes
    expect_contains "$OUT" 'git fetch: ended by signal 9 (Killed); is memory short?'
    unwrap_git
    healed
}

# --- addresses ------------------------------------------------------------------------------------------

test_addresses_that_would_run_something_are_refused_before_any_process() {
    local url canary=$TEST_DIR/canary
    mkdir -m 700 "$LATTICE_HOME"
    wrap_git ''
    for url in "ext::sh -c 'touch $canary'" '--upload-pack=touch' '-oProxyCommand=touch' \
        "ssh://-oProxyCommand=touch%20$canary/x" "-oProxyCommand=touch:x" "git@-oProxyCommand=x:y" \
        'ssh://git@-v/x' 'fd::17' 'git://127.0.0.1/x' 'http://user:secret@127.0.0.1/x'; do
        jq_source "$url"
        expect_exit 78 "$WORKER" sync notes
        expect_not_contains "$OUT" secret
    done
    for url in --upload-pack=x '-c' 'a b' 'a..b'; do
        jq_source "file://$TEST_DIR/notes" "$url"
        expect_exit 78 "$WORKER" sync notes
        expect_contains "$OUT" branch
    done
    [ ! -s "$TEST_DIR/git.log" ] || fail 'git was run'
    [ ! -e "$canary" ] || fail 'a command was run'
}

# jq_source URL [BRANCH]: sources.json as a careless hand would write it.
jq_source() {
    sqlite3 :memory: "SELECT json_object('sources', json_array(json_patch(json_object(
        'id', 'notes', 'kind', 'git', 'url', '${1//\'/\'\'}', 'branch', '${2:-}'),
        '${2:-{\"branch\":null\}}')))" >"$LATTICE_HOME/sources.json" 2>/dev/null ||
        sqlite3 :memory: "SELECT json_object('sources', json_array(json_object(
            'id', 'notes', 'kind', 'git', 'url', '${1//\'/\'\'}', 'branch', '${2:-}')))" \
            >"$LATTICE_HOME/sources.json"
}
