# The kind `agent-log`: logs that grow at their end become pages of sessions.
# shellcheck shell=bash disable=SC2153 # lib.sh sets CODE

# shellcheck source=tests/e2e/lib/worker.sh
. "$LATTICE_ROOT/tests/e2e/lib/worker.sh"
# shellcheck source=tests/e2e/lib/logs.sh
. "$LATTICE_ROOT/tests/e2e/lib/logs.sh"
# shellcheck source=tests/e2e/lib/reads_serve.sh
. "$LATTICE_ROOT/tests/e2e/lib/reads_serve.sh"

# A session of two turns in one file, synced.
synced_session() {
    add_logs
    say p/a.jsonl 'Fix the flaky test\nplease'
    AT=5 answer p/a.jsonl 'I look at it.' msg_a
    AT=6 call p/a.jsonl toolu_1 Bash 'make check'
    AT=7 result p/a.jsonl toolu_1 true 'one failed: zebra'
    AT=8 say p/a.jsonl 'And now the docs'
    AT=9 answer p/a.jsonl 'Done.'
    sync_exits 0 'claude: ok, 1 pages (1 added' claude
}

test_a_session_becomes_a_page_of_turns() {
    synced_session
    expect_equal "$(sql claude 'SELECT path, title, kind FROM page')" \
        "lattice/$SESSION.md|Fix the flaky test|markdown" 'page'
    expect_equal "$(sql claude 'SELECT position, heading FROM chunk ORDER BY position')" \
        "$(printf '0|Turn 1 › Fix the flaky test\n1|Turn 2 › And now the docs')" 'headings'
    text_of claude >"$TEST_DIR/text"
    # shellcheck disable=SC2016 # as it stands in the text
    expect_contains "$TEST_DIR/text" '`Bash` command: make check'
    # shellcheck disable=SC2016
    expect_contains "$TEST_DIR/text" '`Bash` failed: one failed: zebra'
    expect_equal "$(sql claude 'SELECT tool, calls, errors FROM session_tool')" 'Bash|1|1' 'tools'
    expect_equal "$(sql claude 'SELECT project, cwd, ended_at - started_at, prompts, messages, input_tokens,
        output_tokens FROM session')" 'lattice|/home/me/src/lattice|9|2|5|21|42' 'session'
    expect_equal "$(sql claude 'SELECT day, model, messages, output_tokens FROM session_model')" \
        '2026-05-01|model-one|3|42' 'models'
    expect_equal "$(hits claude zebra)" 1 'hits'
    expect_pages claude 1
    store_sound claude
    sync_exits 0 'claude: unchanged, 1 pages' claude
}

test_lines_that_come_later_extend_what_is_there() {
    synced_session
    AT=10 answer p/a.jsonl 'More words, xylophone.'
    sync_exits 0 '(0 added, 1 changed, 0 deleted)' claude
    expect_equal "$(hits claude xylophone)" 1 'hits'
    expect_equal "$(hits claude zebra)" 1 'hits of what was there'
    expect_equal "$(sql claude 'SELECT count(*) FROM chunk')" 2 'chunks'
    AT=11 say p/a.jsonl 'A third one'
    sync_exits 0 '(0 added, 1 changed, 0 deleted)' claude
    expect_equal "$(sql claude 'SELECT max(heading) FROM chunk')" 'Turn 3 › A third one' 'heading'
    equals_anew claude
    store_sound claude
}

# Every prefix of a log that ends with a line is a state between two runs.
test_where_a_run_was_cut_does_not_show() {
    local i
    add_logs
    for i in 1 2 3 4 5 6; do
        AT=$i say p/a.jsonl "Prompt $i with some words"
        AT=$i call p/a.jsonl "toolu_$i" Read "file-$i"
        sync_exits 0 'claude: ok, 1 pages' claude
        AT=$i result p/a.jsonl "toolu_$i" "$([ $((i % 2)) = 0 ] && echo true || echo false)" "text $i"
        AT=$i answer p/a.jsonl "$(seq -s ' ' 1 $((i * 60)))"
        sync_exits 0 'claude: ok, 1 pages' claude
        AT=$i answer p/a.jsonl "Split $i" "msg_split_$i"
        sync_exits 0 'claude: ok, 1 pages' claude
        AT=$i answer p/a.jsonl "Split $i again" "msg_split_$i"
    done
    sync_exits 0 'claude: ok, 1 pages' claude
    expect_equal "$(sql claude 'SELECT messages, output_tokens FROM session')" "24|$((6 * 42))" 'counted once'
    equals_anew claude
    store_sound claude
}

test_a_torn_line_waits_for_its_end() {
    synced_session
    printf '{"type":"user",%s,"message":{"role":"user","content":"torn ' "$(log_head)" >>"$LOGS/p/a.jsonl"
    sync_exits 0 'claude: ok, 1 pages' claude
    expect_equal "$(hits claude torn)" 0 'hits of half a line'
    expect_equal "$(sql claude 'SELECT count(*) FROM page_error')" 0 'errors'
    printf 'line"}}\n' >>"$LOGS/p/a.jsonl"
    sync_exits 0 'claude: ok, 1 pages' claude
    expect_equal "$(hits claude '"torn line"')" 1 'hits of all of it'
    equals_anew claude
}

test_a_file_that_shrank_or_is_another_is_read_again() {
    synced_session
    sed -i '$d' "$LOGS/p/a.jsonl" # another inode, too
    sync_exits 0 '(0 added, 1 changed, 0 deleted)' claude
    equals_anew claude
    head -n 3 "$LOGS/p/a.jsonl" >"$TEST_DIR/less"
    cat "$TEST_DIR/less" >"$LOGS/p/a.jsonl" # the same inode
    sync_exits 0 '(0 added, 1 changed, 0 deleted)' claude
    expect_equal "$(hits claude zebra)" 0 'hits of what went'
    equals_anew claude
    # The same inode, longer, and what was read is not there any more.
    sed 's/flaky/shaky/; s/I look/We look/' "$TEST_DIR/less" >"$TEST_DIR/other"
    cat "$TEST_DIR/other" "$TEST_DIR/other" >"$LOGS/p/a.jsonl"
    sync_exits 0 '(0 added, 1 changed, 0 deleted)' claude
    expect_equal "$(hits claude flaky)" 0 'hits of what went'
    equals_anew claude
    store_sound claude
}

test_a_file_that_goes_takes_what_it_gave_along() {
    synced_session
    SESSION=other say p/b.jsonl 'Another session, quagga'
    SESSION=third say p/c.jsonl 'A third session'
    sync_exits 0 'claude: ok, 3 pages (2 added, 0 changed' claude
    rm "$LOGS/p/b.jsonl"
    sync_exits 0 'claude: ok, 2 pages (0 added, 0 changed, 1 deleted)' claude
    expect_equal "$(hits claude quagga)" 0 'hits'
    expect_equal "$(sql claude 'SELECT count(*) FROM session')" 2 'sessions'
    : >"$LOGS/p/c.jsonl" # empty is as good as gone
    sync_exits 0 'claude: ok, 1 pages (0 added, 0 changed, 1 deleted)' claude
    mv "$LOGS/p" "$LOGS/q"
    sync_exits 0 'claude: ok, 1 pages (0 added, 0 changed, 0 deleted)' claude
    equals_anew claude
    store_sound claude
}

test_files_of_one_session_are_one_page() {
    synced_session
    SIDECHAIN=true say p/a/subagents/agent-1.jsonl 'Look for the okapi'
    SIDECHAIN=true answer p/a/subagents/agent-1.jsonl 'Found the okapi.'
    sync_exits 0 'claude: ok, 1 pages (0 added, 1 changed, 0 deleted)' claude
    expect_equal "$(sql claude 'SELECT title FROM page')" 'Fix the flaky test' 'title'
    expect_equal "$(sql claude 'SELECT prompts FROM session')" 2 'a task of a subagent is no prompt'
    # The first file grows in front of the other one's chunks.
    AT=20 say p/a.jsonl 'A third turn'
    AT=21 answer p/a.jsonl 'Yes.'
    sync_exits 0 '(0 added, 1 changed, 0 deleted)' claude
    expect_equal "$(sql claude 'SELECT group_concat(heading) FROM (SELECT heading FROM chunk ORDER BY position)')" \
        'Turn 1 › Fix the flaky test,Turn 2 › And now the docs,Turn 3 › A third turn,Subagent' 'order'
    equals_anew claude
    rm "$LOGS/p/a/subagents/agent-1.jsonl"
    sync_exits 0 'claude: ok, 1 pages (0 added, 1 changed, 0 deleted)' claude
    expect_equal "$(hits claude okapi)" 0 'hits of the file that went'
    equals_anew claude
    store_sound claude
}

test_globs_choose_files() {
    add_logs --exclude '**/agent-*'
    SESSION=one say a/one.jsonl 'The first'
    SESSION=two say b/two.jsonl 'The second'
    SESSION=three say b/agent-three.jsonl 'Of a subagent'
    echo 'no log' >"$LOGS/b/notes.txt"
    sync_exits 0 'claude: ok, 2 pages' claude
    sed -i 's,"exclude","include": ["a/**"]\, &,' "$LATTICE_HOME/sources.json"
    sync_exits 0 '(0 added, 0 changed, 1 deleted)' claude
    expect_equal "$(sql claude 'SELECT title FROM page')" 'The first' 'pages'
    sync_exits 0 'claude: unchanged, 1 pages' claude
    sed -i 's,"include".*"exclude","exclude",' "$LATTICE_HOME/sources.json"
    sync_exits 0 '(1 added, 0 changed, 0 deleted)' claude
    equals_anew claude
    store_sound claude
}

test_a_title_that_comes_later_is_that_of_all_chunks() {
    synced_session
    log_line p/a.jsonl "{\"type\":\"ai-title\",\"aiTitle\":\"Flaky test of the scheduler\",\"sessionId\":\"$SESSION\"}"
    sync_exits 0 'claude: ok, 1 pages' claude
    expect_equal "$(sql claude 'SELECT DISTINCT chunk.title FROM chunk')" 'Flaky test of the scheduler' 'titles'
    log_line p/a.jsonl "{\"type\":\"custom-title\",\"customTitle\":\"Scheduler\",\"sessionId\":\"$SESSION\"}"
    log_line p/a.jsonl "{\"type\":\"ai-title\",\"aiTitle\":\"Not this\",\"sessionId\":\"$SESSION\"}"
    sync_exits 0 'claude: ok, 1 pages' claude
    expect_equal "$(sql claude 'SELECT title FROM page')" 'Scheduler' 'title'
    expect_equal "$(hits claude scheduler)" 2 'hits of the title'
    store_sound claude
    equals_anew claude
}

test_a_bad_line_is_recorded_and_passed_over() {
    synced_session
    printf 'this is { not JSON\n' >>"$LOGS/p/a.jsonl"
    AT=12 answer p/a.jsonl 'After it, ibex.'
    sync_exits 0 'claude: ok, 1 pages' claude
    expect_equal "$(hits claude ibex)" 1 'hits behind it'
    expect_matches <(sql claude 'SELECT shown, reason, detail FROM page_error') \
        '^p/a.jsonl\|bad-line\|lines left out, not JSON: 1, the first at byte [0-9]+$'
    expect_contains "$ERR" 'p/a.jsonl: lines left out, not JSON: 1'
    equals_anew claude
    sed -i '/not JSON/d' "$LOGS/p/a.jsonl"
    sync_exits 0 'claude: ok, 1 pages' claude
    expect_equal "$(sql claude 'SELECT count(*) FROM page_error')" 0 'errors'
    store_sound claude
}

# limit: 120
test_a_line_above_8_mib_is_cut_and_said_to_be() {
    add_logs
    say p/a.jsonl 'Before it'
    {
        printf '{"type":"user",%s,"message":{"role":"user","content":[{"type":"text","text":"Paste: aardvark ' "$(log_head)"
        head -c 9000000 /dev/zero | tr '\0' 'x'
        printf '"}]}}\n'
    } >>"$LOGS/p/a.jsonl"
    say p/a.jsonl 'Behind it, wombat'
    sync_exits 0 'claude: ok, 1 pages' claude
    expect_equal "$(hits claude 'text:aardvark')|$(hits claude 'text:wombat')" '1|1' 'hits'
    expect_matches <(sql claude 'SELECT reason, detail FROM page_error') \
        '^cut-line\|lines cut, longer than 8388608 bytes: 1, the first at byte [0-9]+$'
    expect_contains "$ERR" 'p/a.jsonl: lines cut, longer than 8388608 bytes: 1'
    expect_equal "$(sql claude 'SELECT max(length(text)) <= 65536 FROM chunk')" 1 'no chunk is too large'
    store_sound claude
}

test_secrets_and_private_blocks_are_nowhere() {
    local word
    add_logs
    say p/a.jsonl 'My key is s''k-ant-api03-Zebra0123456789Zebra0123456789 ok'
    say p/a.jsonl '<private>hiddenhippo</private>seen <system-reminder>remindedrhino</system-reminder>'
    call p/a.jsonl toolu_1 Bash 'export DB_PASSWORD=giraffe1 && curl -H \"Authorization: Bearer koala1234567890koala\"'
    result p/a.jsonl toolu_1 false 'token=walrus99 <private>outputotter</private> -----BEGIN RSA PRIVATE KEY-----\nlemurlemur'
    answer p/a.jsonl 'Nothing of it.'
    log_line p/a.jsonl "{\"type\":\"ai-title\",\"aiTitle\":\"About password=pangolin1\",\"sessionId\":\"$SESSION\"}"
    printf 'not json but has_a_secret=marmoset1\n' >>"$LOGS/p/a.jsonl"
    sync_exits 0 'claude: ok, 1 pages' claude
    answer p/a.jsonl 'More, and password=wolverine7'
    sync_exits 0 'claude: ok, 1 pages' claude
    for word in Zebra0123 hiddenhippo remindedrhino giraffe1 koala1234 walrus99 outputotter lemurlemur pangolin1 \
        marmoset1 wolverine7; do
        if grep -qia "$word" "$LATTICE_HOME/sources/claude/"*; then
            fail "$word is in the store"
        fi
    done
    expect_equal "$(hits claude seen)" 1 'hits of what stands beside it'
}

test_codex_is_read_once_though_it_is_written_twice() {
    local file=2026/05/01/rollout-2026-05-01T12-00-00-0197.jsonl
    add_logs --set format=codex
    codex() {
        log_line $file "{\"timestamp\":\"2026-05-01T12:00:0$1.000Z\",\"type\":\"$2\",\"payload\":$3}"
    }
    mkdir -p src/.git src/tools
    codex 0 session_meta "{\"id\":\"0197-abc\",\"cwd\":\"$TEST_DIR/src/tools\",\"git\":{\"branch\":\"main\"}}"
    codex 1 turn_context "{\"cwd\":\"$TEST_DIR/src/tools\",\"model\":\"gpt-x\"}"
    # Nothing was said yet; what was named is not named again.
    sync_exits 0 'claude: ok, 0 pages' claude
    codex 1 response_item '{"type":"message","role":"user","content":[{"type":"input_text","text":"<environment_context>bla</environment_context>"}]}'
    codex 2 response_item '{"type":"message","role":"user","content":[{"type":"input_text","text":"List the capybaras"}]}'
    codex 2 event_msg '{"type":"user_message","message":"List the capybaras"}'
    codex 3 response_item '{"type":"reasoning","summary":[{"type":"summary_text","text":"Thinking of them"}],"encrypted_content":"x"}'
    codex 4 response_item '{"type":"function_call","name":"shell","arguments":"{\"command\":[\"ls\"]}","call_id":"c1"}'
    codex 5 response_item '{"type":"function_call_output","call_id":"c1","output":"{\"output\":\"none\",\"metadata\":{\"exit_code\":2}}"}'
    codex 6 response_item '{"type":"message","role":"assistant","content":[{"type":"output_text","text":"There are none."}]}'
    codex 6 event_msg '{"type":"agent_message","message":"There are none."}'
    codex 7 event_msg '{"type":"token_count","info":{"total_token_usage":{"input_tokens":100,"cached_input_tokens":40,"output_tokens":7}}}'
    sync_exits 0 'claude: ok, 1 pages' claude
    codex 8 event_msg '{"type":"token_count","info":{"total_token_usage":{"input_tokens":150,"cached_input_tokens":60,"output_tokens":9}}}'
    codex 9 event_msg '{"type":"token_count","info":null}'
    sync_exits 0 'claude: ok, 1 pages' claude
    expect_equal "$(sql claude 'SELECT path, title FROM page')" 'tools/0197-abc.md|List the capybaras' 'page'
    expect_equal "$(text_of claude | grep -c 'There are none\|List the cap')" 2 'each once'
    expect_equal "$(sql claude 'SELECT prompts, messages, input_tokens, output_tokens, cache_read_tokens FROM session')" \
        '1|2|90|9|60' 'session'
    expect_equal "$(sql claude 'SELECT tool, calls, errors FROM session_tool')" 'shell|1|1' 'tools'
    expect_equal "$(sql claude 'SELECT model, output_tokens FROM session_model')" 'gpt-x|9' 'models'
    expect_equal "$(sql claude 'SELECT name, path FROM session_repo')" "src|$TEST_DIR/src" 'repositories'
    equals_anew claude
}

test_a_folder_that_vanished_or_was_emptied_deletes_nothing() {
    synced_session
    mv "$LOGS" "$LOGS.away"
    sync_exits 69 'unreachable' claude
    expect_pages claude 1
    mkdir "$LOGS"
    sync_exits 65 'refusing to delete 1 of 1 pages' claude
    expect_pages claude 1
    sync_exits 0 'claude: ok, 0 pages (0 added, 0 changed, 1 deleted)' claude --allow-shrink
    expect_equal "$(sql claude 'SELECT count(*) FROM session_tool')" 0 'tools'
    store_sound claude
}

test_symlinks_are_not_followed() {
    synced_session
    mkdir "$TEST_DIR/elsewhere"
    SESSION=other say ../elsewhere/o.jsonl 'Not this one, gnu'
    ln -s "$TEST_DIR/elsewhere" "$LOGS/p/linked"
    ln -s "$TEST_DIR/elsewhere/o.jsonl" "$LOGS/p/o.jsonl"
    AT=30 answer p/a.jsonl 'Something new'
    sync_exits 0 'claude: ok, 1 pages' claude
    expect_equal "$(hits claude gnu)" 0 'hits'
    expect_equal "$(sql claude 'SELECT skipped FROM sync_state')" 1 'counted'
}

test_a_file_that_cannot_be_read_keeps_what_it_gave() {
    synced_session
    SESSION=other say p/b.jsonl 'Another one'
    sync_exits 0 'claude: ok, 2 pages' claude
    chmod -R a+rX "$TEST_DIR"
    AT=30 answer p/a.jsonl 'Something new, tapir'
    SESSION=other answer p/b.jsonl 'Not to be read'
    chmod 000 "$LOGS/p/b.jsonl"
    chmod -R a+rwX "$LATTICE_HOME"
    if [ "$(id -u)" -eq 0 ]; then
        chown -R 65534 "$LATTICE_HOME"
    fi
    chmod 700 "$LATTICE_HOME"
    run unprivileged "$WORKER" sync claude
    expect_equal "$CODE" 69 'exit code'
    expect_contains "$OUT" 'p/b.jsonl: Permission denied'
    expect_equal "$(hits claude tapir)" 1 'the others are read'
    expect_pages claude 2
}

# A tree of a few megabytes, from a seed.
many_logs() {
    "$TOOLS/agent_logs" "$LOGS" "${1:-6000000}" 7 >/dev/null
}

# limit: 120
test_stopped_and_killed_runs_end_in_what_one_run_gives() {
    local signal cut=0
    add_logs --set memory=low
    sync_exits 0 'claude: ' claude
    many_logs 12000000
    for signal in TERM KILL TERM KILL TERM KILL; do
        cut_in_import claude "$signal" 2
        ! grep -q '"outcome":"ok"' "$TEST_DIR/results" || break
        cut=$((cut + 1))
    done
    [ "$cut" -ge 2 ] || fail "only $cut runs were cut"
    sync_exits 0 'claude: ' claude
    equals_anew claude
    store_sound claude
}

# left_out: a run whose job holds p/b.jsonl, as it is now, to have ended two runs.
left_out() {
    leaving_out=$((${leaving_out:-0} + 1))
    supervise_as claude "$(job "\"run_id\":\"$(printf %032d "$leaving_out")\",
        \"quarantine\":[[\"p/b.jsonl\",\"$(stat -c %s "$LOGS/p/b.jsonl")-$(date -r "$LOGS/p/b.jsonl" +%s%N)\"]]")"
    wait_exit "$STARTED"
    expect_contains "$TEST_DIR/supervisor.out" 'exit 0'
    expect_contains "$TEST_DIR/results" '"quarantined":1'
}

test_a_file_on_which_runs_ended_is_left_out_until_it_changes() {
    synced_session
    SESSION=other say p/b.jsonl 'It ends runs: pangolin'
    left_out
    expect_contains "$TEST_DIR/results" '"outcome":"ok"'
    expect_contains "$TEST_DIR/results" '"errors":1'
    expect_contains "$TEST_DIR/supervisor.err" 'p/b.jsonl: quarantined: runs ended on it twice'
    left_out
    expect_contains "$TEST_DIR/results" '"outcome":"unchanged"'
    # Others go on beside it.
    AT=20 answer p/a.jsonl 'More of it: tapir'
    left_out
    expect_contains "$TEST_DIR/results" '"changed":1'
    expect_pages claude 1
    expect_equal "$(hits claude pangolin) $(hits claude tapir)" '0 1' 'hits'
    # It is another one now, and is read whole; then what it gave stays while it is left out.
    SESSION=other AT=2 answer p/b.jsonl 'And more of that: okapi'
    sync_exits 0 'claude: ok, 2 pages (1 added' claude
    equals_anew claude
    SESSION=other AT=3 answer p/b.jsonl 'The last: numbat'
    left_out
    expect_pages claude 2
    expect_equal "$(hits claude okapi) $(hits claude numbat)" '1 0' 'hits'
    sync_exits 0 'claude: ok, 2 pages (0 added, 1 changed' claude
    equals_anew claude
    store_sound claude
}

# limit: 120
test_a_run_that_has_no_time_says_what_is_left_and_the_next_goes_on() {
    add_logs --set memory=low
    many_logs 12000000
    cut_by_deadline claude
    sync_exits 0 'claude: ok' claude
    equals_anew claude
}

test_full_reads_all_of_it_again() {
    synced_session
    sync_exits 0 'claude: ok, 1 pages (0 added, 1 changed, 0 deleted)' claude --full
    sync_exits 0 'claude: unchanged' claude
    expect_equal "$(sql claude 'SELECT tool, calls, errors FROM session_tool')" 'Bash|1|1' 'tools'
    store_sound claude
}

# Its first chunk comes before what gives the title.
test_a_session_that_was_read_again_has_one_title_everywhere() {
    add_logs
    answer p/a.jsonl 'Before any prompt.'
    AT=5 say p/a.jsonl 'zebra please'
    AT=6 answer p/a.jsonl 'More.'
    sync_exits 0 'claude: ok, 1 pages (1 added' claude
    sync_exits 0 'claude: ok, 1 pages (0 added, 1 changed' claude --full
    expect_equal "$(sql claude 'SELECT DISTINCT chunk.title = page.title FROM chunk JOIN page ON page.id = page')" 1 'titles'
    AT=7 answer p/a.jsonl 'And more.'
    sync_exits 0 'claude: ok, 1 pages (0 added, 1 changed' claude
    store_sound claude
    equals_anew claude
}

test_one_file_of_a_session_goes_while_the_other_is_written_anew() {
    add_logs
    say p/a.jsonl 'zebra please'
    say p/b.jsonl 'quagga please'
    sync_exits 0 'claude: ok, 1 pages (1 added' claude
    rm "$LOGS/p/a.jsonl" "$LOGS/p/b.jsonl"
    say p/b.jsonl 'okapi'
    sync_exits 0 'claude: ok, 1 pages' claude
    expect_pages claude 1
    expect_equal "$(hits claude okapi)" 1 'hits of what is there'
    expect_equal "$(hits claude 'zebra OR quagga')" 0 'hits of what is gone'
    store_sound claude
    equals_anew claude
    sync_exits 0 'claude: unchanged' claude
}

# Readers see it as it was, then as it is: no transaction between takes a part of it away.
test_a_large_session_is_read_anew_in_one_transaction() {
    local before
    add_logs --set memory=low
    many_logs 12000000
    cat "$LOGS"/*/*.jsonl >big.jsonl
    rm -rf "${LOGS:?}"/*
    mkdir "$LOGS/p"
    mv big.jsonl "$LOGS/p/"
    sync_exits 0 'claude: ok, 1 pages' claude
    before=$(sql claude 'SELECT version FROM sync_state')
    sync_exits 0 '1 changed' claude --full
    # That one, and those of the views.
    expect_equal $(($(sql claude 'SELECT version FROM sync_state') - before)) 6 'transactions'
    store_sound claude
}

# Nobody asks: the service is told by the file system.
test_a_new_line_is_searchable_at_once() {
    synced_session
    rm -rf "$LATTICE_HOME/sources"
    start serve "$SUPERVISE" serve
    wait_for_line "$TEST_DIR/serve.err" 'claude wave 1: ok, 1 pages' 20
    AT=31 answer p/a.jsonl 'Said just now: narwhal'
    wait_for_line "$TEST_DIR/serve.err" 'ok, 1 pages, 0 added, 1 changed' 20
    expect_exit 0 "$READS" search narwhal
    expect_contains "$OUT" "lattice/$SESSION.md"
    # A project and a session that were not there when it began to watch.
    SESSION=new say new-project/new.jsonl 'The first words of it: dugong'
    wait_for_line "$TEST_DIR/serve.err" 'ok, 2 pages, 1 added' 20
    SESSION=new answer new-project/new.jsonl 'And the next: manatee'
    wait_for_line "$TEST_DIR/serve.err" 'ok, 2 pages, 0 added, 1 changed' 20
    expect_exit 0 "$READS" search manatee
    # A folder of a day below one in which there are no files, and then the next day's.
    SESSION=may say 2026/05/31.jsonl 'On the last of May'
    wait_for_line "$TEST_DIR/serve.err" 'ok, 3 pages, 1 added' 20
    SESSION=june say 2026/06/01.jsonl 'On the first of June'
    wait_for_line "$TEST_DIR/serve.err" 'ok, 4 pages, 1 added' 20
}

test_views_add_up_what_sessions_did() {
    synced_session
    SESSION=other CWD=/home/me/src/tools AT=1 say p/b.jsonl 'Another session'
    SESSION=other CWD=/home/me/src/tools AT=2 call p/b.jsonl toolu_9 Read x
    sync_exits 0 'claude: ok, 2 pages' claude
    expect_equal "$(sql claude "SELECT row FROM view_row WHERE view = 'tool_sessions' ORDER BY seq")" \
        "$(printf '["Bash",1,1,1]\n["Read",1,1,0]')" 'rows of a view'
    expect_equal "$(sql claude "SELECT group_concat(view) FROM (SELECT view FROM run_view JOIN run USING(run_id)
        WHERE run.seq = 2 ORDER BY view)")" \
        longest_sessions,models_per_day,sessions_per_day,sessions_per_repository,tool_sessions 'of the second run'
    expect_exit 0 "$READS" view
    expect_matches "$OUT" '^tool_sessions +2 '
    expect_exit 0 "$READS" view tool_sessions
    expect_matches "$OUT" '^Bash +1 +1 +1$'
    expect_matches "$OUT" '^of claude \(made 20.*Z, fresh: '
    expect_exit 0 "$READS" view sessions_per_day --json
    expect_equal "$(sqlite3 :memory: "SELECT json_extract(readfile('$OUT'), '\$.rows[0].day') || ' ' ||
        json_array_length(readfile('$OUT'), '\$.rows')")" '2026-05-01 2' 'as JSON'
    expect_exit 1 "$READS" view nothing
    expect_contains "$ERR" 'there is no view nothing'
    # Nothing moved: nothing is made again.
    sync_exits 0 'claude: unchanged' claude
    expect_equal "$(sql claude 'SELECT count(*) FROM run_view')" 10 'views made'
}

# A folder may be gone, or never have been in a repository.
test_sessions_are_of_the_repository_above_their_folder_or_of_the_folder() {
    add_logs
    mkdir -p src/lattice/.git src/lattice/worker/sync
    SESSION=one CWD=$TEST_DIR/src/lattice/worker/sync say p/one.jsonl 'In a folder of it'
    SESSION=two CWD=$TEST_DIR/src/lattice/gone say p/two.jsonl 'In one that went'
    SESSION=three CWD=$TEST_DIR/no/such/folder say p/three.jsonl 'In none'
    SESSION=three CWD=$TEST_DIR/src/lattice say p/three.jsonl 'And then in it'
    SESSION=four CWD=/ say p/four.jsonl 'At the root'
    sync_exits 0 'claude: ok, 4 pages' claude
    expect_equal "$(sql claude 'SELECT uuid, name, r.path FROM session_repo r JOIN session ON page = session ORDER BY 1, 2')" \
        "four|/|/
one|lattice|$TEST_DIR/src/lattice
three|folder|$TEST_DIR/no/such/folder
three|lattice|$TEST_DIR/src/lattice
two|lattice|$TEST_DIR/src/lattice" 'repositories'
    expect_exit 0 "$READS" view sessions_per_repository
    expect_matches "$OUT" '/src/lattice +lattice +3 +4 '
}

test_views_of_several_sources_are_one() {
    synced_session
    mkdir "$TEST_DIR/more"
    cp -r "$LOGS/p" "$TEST_DIR/more/"
    sed -i "s/$SESSION/another-session/" "$TEST_DIR/more/p/a.jsonl"
    expect_exit 0 "$SUPERVISE" add more "$TEST_DIR/more" --kind agent-log
    sync_exits 0 'more: ok, 1 pages' more
    expect_exit 0 "$READS" view tool_sessions
    expect_matches "$OUT" '^Bash +2 +2 +2$'
    expect_exit 0 "$READS" view tool_sessions --source more
    expect_matches "$OUT" '^Bash +1 +1 +1$'
    expect_exit 0 "$READS" view longest_sessions
    expect_matches "$OUT" '^claude +lattice/'
    expect_matches "$OUT" '^more +lattice/another-session.md'
}

test_views_are_served_with_the_freshness_they_have() {
    synced_session
    serve_reads
    get 200 /api/v1/views
    expect_equal "$(sqlite3 :memory: "SELECT count(*), sum(json_extract(value, '\$.rows')),
        min(json_extract(value, '\$.rebuilt_at')) > 1700000000
        FROM json_each(CAST(readfile('$OUT') AS TEXT), '\$.views')")" '5|5|1' 'views, their rows, and when they were made'
    expect_equal "$(json sources[0].id)" claude 'the source'
    expect_matches <(json sources[0].fresh_s) '^[0-9]+$'
    get 200 /api/v1/views/tool_sessions
    expect_equal "$(json view) $(json rows[0].tool) $(json rows[0].calls) $(json rows[0].errors)" \
        'tool_sessions Bash 1 1' 'a row'
    expect_equal "$(json rebuilt[0].source) $(json rebuilt[0].rows)" 'claude 1' 'where it is from'
    get 304 /api/v1/views/tool_sessions -H "If-None-Match: $(sed -n 's/\r$//; s/^[Ee][Tt][Aa][Gg]: //p' head)"
    AT=20 call p/a.jsonl toolu_2 Read x
    sync_exits 0 'claude: ok' claude
    get 200 '/api/v1/views/tool_sessions?limit=1'
    expect_equal "$(json rows[0].tool) $(json 'rows[1].tool')" 'Bash ' 'rows within the limit'
    get 200 '/api/v1/views/tool_sessions?limit=1&offset=1'
    expect_equal "$(json rows[0].tool)" Read 'the row behind it'
    get 200 '/api/v1/views/tool_sessions?source=claude'
    get 400 '/api/v1/views/tool_sessions?source=other'
    get 404 /api/v1/views/nothing
    get 400 '/api/v1/views/tool_sessions?limit=x'
    stop_reads
}

# A run that ends between two views is partial; the next one makes those that are missing.
test_views_that_a_run_did_not_come_to_are_made_by_the_next() {
    synced_session
    AT=20 call p/a.jsonl toolu_2 Read x
    sync_exits 0 'claude: ok' claude
    # As if it had ended behind the first one.
    sqlite3 "$LATTICE_HOME/sources/claude/store.db" "
        UPDATE view SET watermark = 1 WHERE name <> 'sessions_per_day';
        UPDATE sync_state SET target = bookmark, target_shape = bookmark_shape, bookmark = NULL"
    sync_exits 0 'claude: ok' claude
    expect_equal "$(sql claude 'SELECT count(DISTINCT watermark) FROM view')" 1 'watermarks'
    expect_equal "$(sql claude "SELECT count(*) FROM run_view JOIN run USING(run_id) WHERE run.seq = 3")" 4 'made again'
}

# An upgrade may bring others, and sessions may not move for long.
test_views_of_an_older_version_are_made_anew_though_nothing_changed() {
    synced_session
    sqlite3 "$LATTICE_HOME/sources/claude/store.db" "UPDATE view SET definition = 0;
        DELETE FROM view WHERE name = 'tool_sessions'; DELETE FROM view_row"
    expect_exit 1 "$READS" view sessions_per_day
    sync_exits 0 'claude: unchanged' claude
    expect_equal "$(sql claude 'SELECT count(*), min(definition) > 0 FROM view')" '5|1' 'views'
    expect_exit 0 "$READS" view sessions_per_day
    expect_contains "$OUT" lattice
    sync_exits 0 'claude: unchanged' claude
    expect_equal "$(sql claude 'SELECT count(*) FROM run_view')" 10 'views made'
    store_sound claude
}
