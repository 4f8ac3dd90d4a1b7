# The kind `repo-recall`: sessions of agents over HTTP.
# shellcheck shell=bash disable=SC2153 # lib.sh sets CODE, lib/http.sh PORT

# shellcheck source=tests/e2e/lib/http.sh
. "$LATTICE_ROOT/tests/e2e/lib/http.sh"

# session UUID PROMPT [REPOS [MEMBERS]]: a line of the list; the id is another one each time.
session() {
    ids=$((${ids:-0} + 1))
    printf '{"session":{"id":%d,"session_uuid":"%s","cwd":"/home/me/lattice","started_at":1767323045,' "$ids" "$1"
    printf '"last_prompt":"%s","message_count":12,"user_message_count":3,"input_tokens":5,' "$2"
    printf '"models_used":["m-1"],"tools_used":["Bash"],%s' "${4:-}"
    # shellcheck disable=SC1003,SC2016 # JSON in JSON
    printf '"tool_call_counts_json":"{\\"Bash\\":{\\"calls\\":3,\\"errors\\":1}}"},"repos":[%s]}\n' "${3:-}"
}

# sessions COUNT [WORD]: so many lines of the list.
sessions() {
    awk -v count="$1" -v word="${2:-}" 'BEGIN { for (i = 1; i <= count; i++)
        printf "{\"session\":{\"id\":%d,\"session_uuid\":\"s-%06d\",\"last_prompt\":\"Prompt %d %s\"},\"repos\":[]}\n", i, i, i, word }'
}

# scan VERSION LAST_SCAN: the server has ended that scan; its sessions are the lines of stdin.
scan() {
    { printf '{"sessions":[' && paste -sd, - && printf '],"generated_at":1,"scan_version":%d}' "$1"; } |
        answers _api_sessions "$JSON" "header ETag: \"$1\"" match
    answers _api_scan-version "$JSON" "header ETag: \"$1\"" \
        <<<"{\"scan_version\":$1,\"last_scan\":$2}"
}

recall_source() {
    http_upstream upstream
    expect_exit 0 "$SUPERVISE" add recall "http://127.0.0.1:$PORT" --kind repo-recall
}

expect_unconditional() {
    last_request /api/sessions >last
    expect_not_contains last If-None-Match
}

test_a_session_is_a_page_with_repositories_models_and_tools() {
    recall_source
    {
        session u-1 'Mend the lock' '[5,"lattice","/home/me/lattice"]'
        session u-2 ''
        session u-1 'The same again'
    } | scan 3 1700000000
    sync_exits 0 'recall: ok, 2 pages (2 added' recall
    expect_equal "$(sql recall "SELECT path, title FROM page ORDER BY path")" \
        $'u-1.md|Mend the lock\nu-2.md|Session in lattice' 'pages'
    expect_equal "$(sql recall "SELECT json_extract(front, '\$.repositories[0]', '\$.models[0]',
        '\$.started_at', '\$.messages') FROM page WHERE path = 'u-1.md'")" \
        '["lattice","m-1","2026-01-02T03:04:05Z",12]' 'front matter'
    expect_equal "$(sql recall "SELECT uuid, project, prompts, input_tokens, tool, calls, errors, name
        FROM session s JOIN session_tool t ON t.session = s.page JOIN session_repo r ON r.session = s.page")" \
        'u-1|lattice|3|5|Bash|3|1|lattice' 'rows'
    expect_equal "$(sql recall 'SELECT count(*) FROM session_model WHERE day = '"'2026-01-02'")" 2 'days'
    expect_exit 0 "$READS" search lock '#lattice' --json
    expect_contains "$OUT" u-1.md
    store_sound recall
}

test_a_second_run_asks_for_what_changed_and_finds_nothing() {
    recall_source
    sessions 30 | scan 3 1700000000
    sync_exits 0 'recall: ok, 30 pages' recall
    expect_unconditional
    sync_exits 0 'recall: unchanged, 30 pages' recall
    expect_equal "$(last_request /api/sessions | grep -c '^If-None-Match: "3"$')" 1 'conditional requests'
    # Without an ETag, or the scan's number, the content tells.
    sed -i '/^header ETag/d; /^match/d' srv/_api_sessions
    rm srv/_api_scan-version
    sync_exits 0 'recall: unchanged, 30 pages' recall
    expect_unconditional
    store_sound recall
}

test_changed_new_and_deleted_sessions_are_followed() {
    recall_source
    { sessions 30 && session u-1 'Before' && session u-2 'Stays'; } | scan 3 1700000000
    sync_exits 0 'recall: ok, 32 pages' recall
    { session u-2 'Stays' && session u-1 'After' && session u-3 'New' && sessions 29; } | scan 4 1700000060
    sync_exits 0 'recall: ok, 32 pages (1 added, 1 changed, 1 deleted)' recall
    expect_equal "$(hits recall After) $(hits recall Before) $(hits recall New)" '1 0 1' 'hits'
    expect_equal "$(sql recall 'SELECT count(*) FROM session')" 32 'sessions'
    # Repositories come after the sessions; ids alone are no change.
    { session u-2 'Stays' '[9,"wiki","/w"]' && session u-1 'After' && session u-3 'New' && sessions 29; } |
        scan 5 1700000120
    sync_exits 0 'recall: ok, 32 pages (0 added, 1 changed, 0 deleted)' recall
    expect_equal "$(sql recall 'SELECT name FROM session_repo')" wiki 'repositories'
    store_sound recall
}

# Its scans count from 0 again: the same number, and ETag, for other content.
test_a_server_that_started_again_is_not_believed_its_304() {
    recall_source
    sessions 30 | scan 3 1700000000
    sync_exits 0 'recall: ok, 30 pages' recall
    sessions 31 | scan 3 1700009999
    sync_exits 0 'recall: ok, 31 pages (1 added' recall
}

# The list was read before a scan ended, and named after it.
test_a_scan_that_ends_while_the_list_is_read_is_no_304_later() {
    recall_source
    sessions 30 | scan 4 1700000060
    answers _api_scan-version "$JSON" <<<'{"scan_version":3,"last_scan":1700000000}'
    sync_exits 0 'recall: ok, 30 pages' recall
    sessions 31 | scan 4 1700000060
    sync_exits 0 'recall: ok, 31 pages (1 added' recall
    expect_unconditional
}

test_an_unfinished_scan_takes_nothing_away() {
    recall_source
    sessions 5 | scan 3 1700000000
    sync_exits 0 'recall: ok, 5 pages' recall
    scan 0 null </dev/null
    sync_exits 69 'its first scan is not over' recall --allow-shrink
    sessions 2 | scan 0 null
    sync_exits 69 'its first scan is not over' recall --allow-shrink
    expect_pages recall 5
    sessions 5 | scan 1 1700000060
    sync_exits 0 'recall: unchanged' recall
}

test_an_emptied_server_empties_no_store() {
    recall_source
    sessions 5 | scan 3 1700000000
    sync_exits 0 'recall: ok, 5 pages' recall
    scan 4 1700000060 </dev/null
    sync_exits 65 'refusing to delete 5 of 5 pages' recall
    expect_pages recall 5
    sync_exits 0 'recall: ok, 0 pages' recall --allow-shrink
    store_sound recall
}

# cut_by SIGNAL: a run that gets it among its pages, after a commit and before the end. One that was
# over before, or had kept nothing yet, is made again.
cut_by() {
    local try
    sessions 3000 first | scan 3 1700000000
    sync_exits 0 'recall: ok, 3000 pages' recall
    for try in 2 3 4 5 6 7 8 9; do
        sessions 3000 "try $try" | scan $((try + 3)) $((1700000000 + try))
        cut_in_import recall "$1" "$try"
        [ "$(sql recall 'SELECT target IS NULL FROM sync_state')" = 1 ] || return 0
    done
    fail "no run was cut by $1"
}

# The server has its first content back, and would answer 304 to its ETag, which the store is noted
# to have: but half of the store is not that any more.
expect_goes_on() {
    sessions 3000 first | scan 3 1700000000
    sync_exits 0 'recall: ok, 3000 pages' recall
    expect_unconditional
    expect_equal "$(hits recall first) $(hits recall try)" '3000 0' 'hits'
    expect_equal "$(sql recall 'SELECT count(*) FROM session')" 3000 'sessions'
    sync_exits 0 'recall: unchanged' recall
    store_sound recall
}

# limit: 180
test_a_run_that_was_stopped_goes_on() {
    recall_source
    cut_by TERM
    expect_contains "$TEST_DIR/results" '"outcome":"partial"'
    expect_goes_on
}

# limit: 180
test_a_run_that_has_no_time_says_what_is_left_and_the_next_goes_on() {
    recall_source
    sessions 3000 first | scan 3 1700000000
    cut_by_deadline recall
    sync_exits 0 'recall: ok, 3000 pages' recall
    sync_exits 0 'recall: unchanged' recall
    store_sound recall
}

# limit: 180
test_a_run_that_was_killed_goes_on() {
    recall_source
    cut_by KILL
    expect_goes_on
}

# What cannot be written stays unknown, whatever the server calls it.
test_a_write_that_failed_is_not_followed_by_a_304() {
    recall_source
    sessions 30 | scan 3 1700000000
    sync_exits 0 'recall: ok, 30 pages' recall
    sessions 400 | scan 4 1700000060
    (
        trap '' XFSZ
        ulimit -f 200
        expect_exit 74 "$WORKER" sync recall
        expect_exit 74 "$WORKER" sync recall
    )
    expect_unconditional
    expect_equal "$(sql recall "SELECT value FROM memo WHERE key = 'etag'")" '"3"' 'ETag'
    sync_exits 0 'recall: ok, 400 pages' recall
    expect_unconditional
    expect_equal "$(sql recall "SELECT value FROM memo WHERE key = 'etag'")" '"4"' 'ETag'
    sync_exits 0 'recall: unchanged' recall
    store_sound recall
}

test_another_address_is_another_source() {
    recall_source
    sessions 30 | scan 3 1700000000
    sync_exits 0 'recall: ok, 30 pages' recall
    sed -i "s|127.0.0.1:$PORT|127.0.0.1:$PORT/other/|" "$LATTICE_HOME/sources.json"
    cp srv/_api_sessions srv/_other_api_sessions
    cp srv/_api_scan-version srv/_other_api_scan-version
    sync_exits 0 'recall: ok, 30 pages' recall
    last_request /other/api/sessions >last
    expect_contains last GET
    expect_not_contains last If-None-Match
}

test_sessions_with_odd_content_are_pages_all_the_same() {
    recall_source
    {
        session '../../x' '\u0000\u001b[1m <private>s3cret</private> --- \n```\n# no'
        session u-2 'x' '[1,"a`b","/x\ny"]' '"started_at":1e99,"models_used":[null,7],'
        echo '{"session":{"session_uuid":"u-3"},"extra":[1,{"sessions":[2]}]}'
    } | scan 3 1700000000
    sync_exits 0 'recall: ok, 3 pages' recall
    expect_equal "$(sql recall 'SELECT group_concat(path) FROM page')" '%2E.%2F..%2Fx.md,u-2.md,u-3.md' 'paths'
    expect_equal "$(hits recall s3cret)" 0 'hits'
    store_sound recall
}

test_the_example_of_the_readme_is_read() {
    mkdir -p "$LATTICE_HOME"
    chmod 700 "$LATTICE_HOME"
    printf '{"sources":[%s]}' '{"id":"recall","kind":"repo-recall","url":"http://127.0.0.1:7777"}' \
        >"$LATTICE_HOME/sources.json"
    expect_contains "$LATTICE_ROOT/README.md" '{ "id": "recall", "kind": "repo-recall", "url": "http://127.0.0.1:7777" }'
    expect_exit 0 "$SUPERVISE" check-config
}
