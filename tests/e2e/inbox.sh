# The kind `inbox`: what agents push by way of a spool; `lattice-worker append`.
# shellcheck shell=bash disable=SC2016,SC2153 # backticks of Markdown; lib.sh sets CODE

# shellcheck source=tests/e2e/lib/worker.sh
. "$LATTICE_ROOT/tests/e2e/lib/worker.sh"
# shellcheck source=tests/e2e/lib/inbox.sh
. "$LATTICE_ROOT/tests/e2e/lib/inbox.sh"

test_a_session_becomes_a_page_in_the_order_of_its_messages() {
    add_inbox
    push '{"op":"init","session":"s 1","prompt":"Fix the parser\nplease","cwd":"/home/me/src/lattice","agent":"claude"}'
    push '{"session":"s 1","type":"bugfix","title":"Off by one","text":"It read too far.","facts":["Line 3"],
        "concepts":["parsing"],"files_read":["a.c"],"files_modified":["b.c"]}
        {"op":"summarize","session":"s 1","text":"The parser works, zebra."}
        {"op":"end","session":"s 1"}'
    sync_exits 0 'box: ok, 1 pages (1 added, 0 changed, 0 deleted)' box
    expect_equal "$(sql box 'SELECT path, title, kind FROM page')" 'sessions/s%201.md|Fix the parser|markdown' 'page'
    expect_equal "$(sql box 'SELECT position, heading FROM chunk ORDER BY position')" \
        "$(printf '0|Prompt: Fix the parser\n1|Bug fix: Off by one\n2|Summary')" 'headings'
    expect_equal "$(page_text box sessions)" "$(printf '%s\n\n' '**User**' $'Fix the parser\nplease' \
        '### Bug fix: Off by one' 'It read too far.' '* Line 3' 'Concepts: parsing' 'Files read: `a.c`' 'Files modified: `b.c`' \
        '### Summary' 'The parser works, zebra.')" 'text'
    expect_equal "$(sql box 'SELECT uuid, project, cwd, prompts, messages FROM session')" \
        's 1|lattice|/home/me/src/lattice|1|3' 'session'
    expect_equal "$(sql box 'SELECT agent, state FROM inbox_session')" 'claude|ended' 'its state'
    expect_equal "$(sql box 'SELECT position, chunks, type, project, agent, title, detail FROM observation ORDER BY position')" \
        "$(printf '%s\n' '0|1|prompt|lattice|claude||{}' \
            '1|1|bugfix|lattice|claude|Off by one|{"facts":["Line 3"],"concepts":["parsing"],"files_read":["a.c"],"files_modified":["b.c"]}' \
            '2|1|summary|lattice|claude||{}')" 'observations'
    expect_equal "$(sql box 'SELECT tag FROM tag')" parsing 'tags'
    expect_equal "$(hits box zebra)" 1 'hits'
    expect_equal "$(spool_files)" 0 'files in the spool'
    store_sound box
    sync_exits 0 'box: unchanged, 1 pages' box
}

test_a_session_grows_and_gets_a_better_title() {
    add_inbox
    push '{"session":"s","text":"The first of it"}'
    sync_exits 0 'box: ok, 1 pages (1 added' box
    expect_equal "$(sql box 'SELECT title, state FROM page JOIN inbox_session ON page = id')" 's|open' 'without an init'
    push '{"op":"init","session":"s","prompt":"What to do"}'
    sync_exits 0 'box: ok, 1 pages (0 added, 1 changed, 0 deleted)' box
    expect_equal "$(sql box 'SELECT DISTINCT title FROM chunk')" 'What to do' 'title of its prompt'
    push '{"op":"init","session":"s","title":"The plan"} {"session":"s","text":"More, quagga"}'
    sync_exits 0 'box: ok, 1 pages (0 added, 1 changed, 0 deleted)' box
    expect_equal "$(sql box 'SELECT DISTINCT title FROM chunk')" 'The plan' 'title that was given'
    expect_equal "$(sql box 'SELECT count(*) FROM chunk')|$(hits box plan)|$(hits box quagga)" '3|3|1' 'chunks and hits'
    store_sound box
}

test_a_note_is_a_page_of_its_own() {
    add_inbox
    push '{"op":"note","id":"n:1","type":"decision","title":"Use C11","text":"# Why\n\nIt is there.","project":"lattice",
        "concepts":["language"]}'
    push '{"op":"note","text":"No title\nhere"}'
    sync_exits 0 'box: ok, 2 pages (2 added' box
    expect_equal "$(sql box "SELECT path, title FROM page WHERE path = 'notes/n:1.md'")" 'notes/n:1.md|Use C11' 'page'
    expect_equal "$(sql box "SELECT json_extract(front, '\$.type') || json_extract(front, '\$.project') FROM page
        WHERE path = 'notes/n:1.md'")" decisionlattice 'front'
    expect_equal "$(page_text box n:1)" "$(printf '%s\n\n' '# Use C11' '# Why' 'It is there.' 'Concepts: language')" 'text'
    expect_equal "$(sql box "SELECT title FROM page WHERE path <> 'notes/n:1.md'")" 'No title' 'title of the other'
    expect_equal "$(sql box 'SELECT count(*) FROM session')" 0 'sessions'
    store_sound box
}

test_what_was_pushed_before_comes_once() {
    add_inbox
    push '{"session":"s","id":"a","text":"Once"}'
    sync_exits 0 'box: ok, 1 pages (1 added' box
    push '{"session":"s","id":"a","text":"Twice"} {"session":"s","id":"b","text":"More"} {"session":"s","id":"b","text":"More"}'
    sync_exits 0 '2 known already' box
    expect_equal "$(sql box 'SELECT id FROM observation ORDER BY id')" $'a\nb' 'observations'
    expect_equal "$(hits box twice)" 0 'hits'
    push '{"session":"another","id":"a","text":"In another session"}'
    sync_exits 0 '1 known already' box
    expect_equal "$(sql box 'SELECT messages FROM session')" 2 'messages'
}

test_what_is_superseded_or_archived_is_hidden() {
    add_inbox
    push '{"session":"s","id":"a","text":"The old way"} {"session":"s","id":"b","text":"Kept"}
        {"op":"note","id":"n","text":"A note"}'
    # Of some that have not come: they are hidden when they do.
    push '{"op":"archive","ids":["late"]} {"session":"s","id":"c","text":"The new way","supersedes":["a","later"]}
        {"op":"archive","ids":["n"]}'
    sync_exits 0 'box: ok' box
    hidden() {
        sql box "SELECT group_concat(id || ' ' || coalesce(superseded_by, archived_at = at_ms), ', ') FROM (
            SELECT o.id, o.superseded_by, o.archived_at, o.archived_at AS at_ms FROM observation o
            JOIN chunk c ON c.page = o.page AND c.position = o.position JOIN hidden_chunk h ON h.chunk = c.id ORDER BY o.id)"
    }
    expect_equal "$(hidden)" 'a c, n 1' 'hidden'
    push '{"session":"s","id":"late","text":"Late"} {"session":"s","id":"later","text":"Later"}'
    sync_exits 0 'box: ok' box
    expect_equal "$(hidden)" 'a c, late 1, later c, n 1' 'hidden'
    expect_equal "$(sql box 'SELECT count(*) FROM observation_end')" 0 'marks that wait'
    expect_equal "$(sql box 'SELECT count(*) FROM chunk')" 6 'nothing is deleted'
    store_sound box
}

test_messages_of_two_producers_come_in_the_order_of_their_time() {
    local i
    add_inbox
    for i in 1 2 3 4 5 6; do
        spool_line $((2 - i % 2)) "0000$i" "{\"session\":\"s\",\"text\":\"message $i\"}"
    done
    sync_exits 0 'box: ok' box
    expect_equal "$(sql box "SELECT group_concat(substr(text, instr(text, 'message '), 9)) FROM
        (SELECT text FROM chunk ORDER BY position)")" \
        'message 1,message 2,message 3,message 4,message 5,message 6' 'order'
}

# Each is acknowledged before the next is made, and workers take what they find and clear away all the while.
# limit: 120
test_what_is_pushed_while_workers_run_comes_once_and_in_order() {
    local i
    add_inbox
    # shellcheck disable=SC2016 # for the inner shell
    start workers bash -c 'while [ ! -e "$1/pushed" ]; do "$2" sync box || exit; done' - "$TEST_DIR" "$WORKER"
    for ((i = 1; i <= 60; i++)); do
        push "{\"session\":\"s\",\"id\":\"m$i\",\"text\":\"message $i\"}"
    done
    touch "$TEST_DIR/pushed"
    wait_exit "$STARTED"
    expect_equal "$CODE" 0 'exit code of the workers'
    sync_exits 0 'box: ' box
    expect_equal "$(sql box "SELECT group_concat(id, ' ') FROM (SELECT id FROM observation ORDER BY position)")" \
        "$(seq -s ' ' -f 'm%g' 60)" 'messages'
    [ "$(sql box 'SELECT count(*) FROM run')" -gt 2 ] || fail 'no worker ran meanwhile'
    expect_equal "$(spool_files)" 0 'files'
    store_sound box
}

test_a_file_that_is_written_stays_and_is_read_on() {
    local file
    add_inbox
    spool_line 1 00001 '{"session":"s","text":"First"}'
    file=$(ls "$SPOOL")
    start holder "$TOOLS/hold_lock" "$SPOOL/$file"
    wait_for_line "$TEST_DIR/holder.out" . 10
    sync_exits 0 'box: ok, 1 pages (1 added' box
    expect_equal "$(sql box 'SELECT name, offset, lines FROM spool_file')" "$file|$(stat -c %s "$SPOOL/$file")|1" 'read'
    spool_line 1 00002 '{"session":"s","text":"Second"}'
    printf '{"v":1,"ulid":"01ARYZ6S41' >>"$SPOOL/$file" # not whole yet
    sync_exits 0 'box: ok, 1 pages (0 added, 1 changed' box
    sync_exits 0 'box: unchanged' box
    expect_equal "$(spool_files)" 1 'files'
    # Its writer is gone, and never came to the end of that line.
    kill -KILL "$STARTED"
    wait_exit "$STARTED"
    sync_exits 0 'box: unchanged' box
    expect_matches "$ERR" "inbox/$file: its writer was cut off .* 25 bytes are left out"
    expect_equal "$(spool_files)" 0 'files'
    spool_line 2 00003 '{"session":"s","text":"Third"}'
    sync_exits 0 'box: ok' box
    expect_equal "$(sql box 'SELECT count(*) FROM spool_file')" 1 'rows of files'
    expect_equal "$(sql box 'SELECT count(*), count(DISTINCT id) FROM observation')" '3|3' 'observations'
}

test_a_bad_line_is_recorded_and_passed_over() {
    add_inbox
    spool_line 1 00001 '{"session":"s","text":"Before"}'
    printf 'this is { no JSON\n' >>"$SPOOL/$(ls "$SPOOL")"
    spool_line 1 00002 '{"session":"s","text":"Behind, ibex"}'
    spool_line 1 00003 '{"session":"s","type":"gossip","text":"x"}'
    sync_exits 0 '2 lines are no message, left out' box
    expect_equal "$(hits box ibex)" 1 'hits behind it'
    expect_matches <(sql box 'SELECT shown, reason, detail FROM page_error ORDER BY 1') \
        "^$FILE_1:[0-9]+\|bad-line\|no message: not JSON: .*; left out\$"
    expect_matches <(sql box 'SELECT shown, reason, detail FROM page_error ORDER BY 1') \
        "^$FILE_1:[0-9]+\|bad-line\|no message: type: \"gossip\": expected one of .*; left out\$"
    expect_equal "$(sql box 'SELECT sum(lines) FROM spool_file')" 4 'lines'
    store_sound box
    # Nobody needs them for ever.
    sqlite3 "$LATTICE_HOME/sources/box/store.db" 'UPDATE page_error SET at = at - 8 * 86400'
    push '{"session":"s","text":"More"}'
    sync_exits 0 'box: ok' box
    expect_equal "$(sql box 'SELECT count(*) FROM page_error')" 0 'errors'
    store_sound box
}

test_a_line_of_a_newer_version_waits_and_the_others_go_on() {
    add_inbox
    mkdir -p "$SPOOL"
    printf '{"v":2,"ulid":"01AAAAAAAAAAAAAAAAAAA00001","new":true}\n' >"$SPOOL/$FILE_1"
    spool_line 2 00002 '{"session":"s","text":"Known, ibex"}'
    sync_exits 78 "inbox/$FILE_1: byte 0: version 2: a newer lattice wrote it" box
    expect_equal "$(hits box ibex)" 1 'hits of the others'
    sync_exits 78 'a newer lattice wrote it' box
    expect_equal "$(spool_files)" 1 'files'
}

test_what_is_no_file_of_a_spool_holds_up_nothing_else() {
    add_inbox
    mkdir -p "$SPOOL"
    mkfifo "$SPOOL/$FILE_1"
    push '{"session":"s","text":"Beside it, okapi"}'
    sync_exits 74 "inbox/$FILE_1: not a regular file; take it away" box
    expect_equal "$(hits box okapi)" 1 'hits of the others'
    push '{"session":"s","text":"And then, ibex"}'
    sync_exits 74 'not a regular file' box
    expect_equal "$(hits box ibex)" 1 'hits of the others'
    sync_exits 74 'not a regular file' box
    expect_equal "$(find "$SPOOL" -type f | wc -l)" 0 'files that were read'
    rm "$SPOOL/$FILE_1"
    sync_exits 0 'box: ok, 1 pages' box
    sync_exits 0 'box: unchanged' box
    expect_equal "$(sql box 'SELECT count(*), count(DISTINCT id) FROM observation')" '2|2' 'observations'
    store_sound box
}

test_a_line_on_which_runs_ended_holds_its_file_until_retry() {
    local offset
    add_inbox
    spool_line 1 00001 '{"session":"s","text":"Before"}'
    offset=$(stat -c %s "$SPOOL/$FILE_1")
    spool_line 1 00002 '{"session":"s","text":"It crashes, ibex"}'
    spool_line 2 00003 '{"session":"s","text":"Another file, okapi"}'
    quarantined() {
        supervise_as box "$(job "\"run_id\":\"run-$1\",\"quarantine\":[[\"$FILE_1\",\"$offset\"]]")"
        wait_exit "$STARTED"
        expect_contains "$TEST_DIR/supervisor.out" 'exit 0'
    }
    quarantined 1
    expect_contains "$TEST_DIR/results" '"quarantined":1'
    expect_equal "$(hits box ibex)|$(hits box okapi)" '0|1' 'hits'
    expect_equal "$(sql box 'SELECT shown, reason FROM page_error')" "$FILE_1|quarantined" 'errors'
    quarantined 2
    expect_contains "$TEST_DIR/results" '"outcome":"unchanged"'
    expect_equal "$(spool_files)" 1 'its file is there'
    sync_exits 0 'box: ok' box
    expect_equal "$(hits box ibex)" 1 'hits'
    expect_equal "$(sql box 'SELECT count(*) FROM page_error')" 0 'errors'
    store_sound box
}

test_a_session_that_fell_silent_is_closed_and_said() {
    add_inbox
    spool_line 1 00001 '{"op":"init","session":"old","prompt":"Of long ago"}'
    spool_line 1 00002 '{"op":"init","session":"done","prompt":"Of long ago, too"}'
    spool_line 1 00003 '{"op":"end","session":"done"}'
    push '{"op":"init","session":"new","prompt":"Of now"}'
    sync_exits 0 '1 session closed: silent for a day' box
    states() {
        sql box 'SELECT group_concat(uuid || " " || state, ", ") FROM
            (SELECT uuid, state FROM inbox_session JOIN session USING(page) ORDER BY uuid)' | tr -d '"'
    }
    expect_equal "$(states)" 'done ended, new open, old orphaned' 'states'
    sync_exits 0 'box: unchanged' box
    sqlite3 "$LATTICE_HOME/sources/box/store.db" 'UPDATE inbox_session SET last_at = last_at - 90000000'
    sync_exits 0 '1 session closed: silent for a day' box
    sync_exits 0 'box: unchanged' box
    push '{"session":"old","text":"Here again"}'
    sync_exits 0 'box: ok' box
    expect_equal "$(states)" 'done ended, new orphaned, old open' 'states'
    push '{"session":"done","text":"One more thing"}'
    sync_exits 0 'box: ok' box
    expect_equal "$(states)" 'done ended, new orphaned, old open' 'states'
    push '{"op":"init","session":"done","prompt":"Go on"}'
    sync_exits 0 'box: ok' box
    expect_equal "$(states)" 'done open, new orphaned, old open' 'states'
}

# limit: 120
test_stopped_and_killed_runs_end_in_each_message_once_and_in_order() {
    local signal cut=0
    expect_exit 0 "$SUPERVISE" add box --kind inbox --set memory=low
    sync_exits 0 'box: ' box
    push_many 20000
    for signal in TERM KILL TERM KILL TERM KILL; do
        cut_in_import box "$signal" 2
        ! grep -q '"outcome":"ok"' "$TEST_DIR/results" || break
        cut=$((cut + 1))
        [ "$signal" = KILL ] || expect_matches "$TEST_DIR/results" 'messages left, run again to go on|before anything'
    done
    [ "$cut" -ge 2 ] || fail "only $cut runs were cut"
    sync_exits 0 'box: ' box
    expect_equal "$(sql box 'SELECT count(*), count(DISTINCT id) FROM observation')" '20000|20000' 'each once'
    expect_equal "$(sql box "SELECT count(*) FROM (SELECT CAST(substr(o.id, 2) AS INTEGER) AS n,
        lag(CAST(substr(o.id, 2) AS INTEGER)) OVER (PARTITION BY o.page ORDER BY o.position) AS before FROM observation o)
        WHERE n <= before")" 0 'out of order'
    expect_equal "$(sql box 'SELECT sum(messages) FROM session')" 20000 'messages'
    expect_equal "$(spool_files)" 0 'files'
    store_sound box
}

test_a_run_that_is_to_stop_leaves_files_to_the_next() {
    add_inbox
    push '{"session":"s","text":"Read before, ibex"}'
    cp -r "$SPOOL" kept
    sync_exits 0 'box: ok, 1 pages' box
    cp kept/*.jsonl "$SPOOL" # as if its removal had not come to the disk
    supervise_as box "$(job '"run_id":"run-1"')"$'\nstop asked'
    wait_exit "$STARTED"
    expect_equal "$(spool_files)" 1 'files'
    sync_exits 0 'box: unchanged' box
    expect_equal "$(spool_files)|$(sql box 'SELECT count(*) FROM observation')" '0|1' 'files and observations'
}

test_stores_that_were_damaged_are_kept_and_said() {
    local round store=$LATTICE_HOME/sources/box/store.db
    add_inbox
    for round in 1 2; do
        push "{\"session\":\"s\",\"text\":\"From round$round\"}"
        sync_exits 0 'box: ok, 1 pages' box
        sqlite3 -batch "$store" 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null
        head -c 100 /dev/zero | dd of="$store" conv=notrunc status=none
        sync_exits 0 'the store was damaged: what it held is in store.db.damaged' box
        sync_exits 0 'box: unchanged' box
    done
    grep -qa 'From round1' "$store.damaged.1" || fail 'the first one is gone'
    grep -qa 'From round2' "$store.damaged" || fail 'the second one is gone'
}

# Nobody asks: the service is told by the file system.
test_what_is_pushed_is_searchable_at_once() {
    expect_exit 0 "$SUPERVISE" add box --kind inbox --set every=1h
    expect_exit 0 "$SUPERVISE" --all # nothing is due for an hour
    start serve "$SUPERVISE" serve
    wait_for_line "$TEST_DIR/serve.err" 'box wave 1: unchanged, 0 pages' 20
    push '{"session":"s","text":"Said just now: narwhal"}'
    wait_for_line "$TEST_DIR/serve.err" 'box wave .*: ok, 1 pages, 1 added' 20
    expect_exit 0 "$READS" search narwhal
    expect_contains "$OUT" 'sessions/s.md'
    push '{"session":"s","text":"And then: dugong"}'
    wait_for_line "$TEST_DIR/serve.err" 'box wave .*: ok, 1 pages, 0 added, 1 changed' 20
    expect_exit 0 "$READS" search dugong
    kill -TERM "$STARTED"
    wait_exit "$STARTED"
    # Each file that a run takes away may start one more, which finds nothing to take away.
    expect_equal "$(grep -c 'box wave .*: ok' "$TEST_DIR/serve.err")" 2 'runs that took something'
    [ "$(grep -c 'box wave .*: unchanged' "$TEST_DIR/serve.err")" -le 3 ] || fail 'it runs for nothing'
}

test_a_folder_that_was_replaced_is_watched_as_the_first_one_was() {
    expect_exit 0 "$SUPERVISE" add box --kind inbox --set every=1h
    start serve "$SUPERVISE" serve
    wait_for_line "$TEST_DIR/serve.err" 'box wave 1: ok, 0 pages' 20
    rm -r "$SPOOL"
    wait_for_line "$TEST_DIR/serve.err" 'box wave [2-9]: unchanged, 0 pages' 20
    push '{"session":"s","text":"Into the new one: narwhal"}'
    wait_for_line "$TEST_DIR/serve.err" 'box wave .*: ok, 1 pages, 1 added' 20
    expect_exit 0 "$READS" search narwhal
    kill -TERM "$STARTED"
    wait_exit "$STARTED"
}

# --- append ---------------------------------------------------------------------------------------

test_append_says_nothing_and_never_fails_a_hook() {
    add_inbox
    append '{"session":"s","text":"Fine"}' box
    expect_equal "$CODE|$(cat "$OUT" "$ERR")" '0|' 'what it says'
    refused() {
        append "$2" "${@:4}"
        expect_equal "$CODE" 0 'exit code'
        expect_contains "$ERR" "$3"
        append "$2" "${@:4}" --strict
        expect_equal "$CODE" "$1" 'exit code with --strict'
        expect_contains "$ERR" "$3"
    }
    refused 65 '{"session":"s","text":"Fine"} {"session":"s","facts":["a",7]}' \
        'error: bad-data: message 2: facts[1]: expected a string' box
    refused 65 '' 'there is no message' box
    refused 65 '{"session":' 'message 1: not JSON' box
    refused 78 '{}' 'no source "none"' none
    refused 64 '{}' 'unknown option' box --wrong
    refused 64 '{}' 'give one source id'
    make_repo repo
    expect_exit 0 "$SUPERVISE" add notes "$TEST_DIR/repo"
    refused 78 '{}' 'source "notes" is no inbox' notes
    sync_exits 0 'box: ok, 1 pages' box
    expect_equal "$(sql box 'SELECT count(*) FROM observation')" 1 'observations'
}

test_append_gives_ids_when_asked() {
    add_inbox
    append '{"session":"s","id":"mine","text":"a"}{"op":"note","text":"b"}' box --json
    expect_equal "$(sqlite3 :memory: "SELECT json_extract(readfile('$OUT'), '\$.ids[0]') || ' ' ||
        length(json_extract(readfile('$OUT'), '\$.ids[1]'))")" 'mine 26' 'ids'
}

# An agent waits for its hook.
test_append_does_not_wait_for_ever() {
    add_inbox
    mkfifo pipe
    exec 5<>pipe
    expect_exit 69 "$WORKER" append box --strict <&5
    expect_contains "$ERR" 'did not end within 5 s'
    exec 5>&-
    expect_equal "$(spool_files)" 0 'files'
}

test_secrets_and_private_blocks_are_nowhere() {
    local word
    add_inbox
    push '{"op":"init","session":"s","prompt":"My key is s''k-ant-api03-Zebra0123456789Zebra0123456789 ok"}
        {"session":"s","title":"<private>hiddenhippo</private>seen","facts":["password=giraffe1"],
            "text":"a<system-reminder>remindedrhino</system-reminder>b"}'
    # What is written to a spool by others is cleaned, too.
    spool_line 1 00001 '{"session":"s","text":"<private>outputotter</private> token=walrus99 "}'
    for word in Zebra0123 hiddenhippo remindedrhino giraffe1; do
        ! grep -rqa "$word" "$SPOOL" || fail "$word is in the spool"
    done
    sync_exits 0 'box: ok' box
    for word in Zebra0123 hiddenhippo remindedrhino giraffe1 outputotter walrus99; do
        ! grep -rqa "$word" "$LATTICE_HOME" || fail "$word is in the home"
    done
    expect_equal "$(hits box seen)" 1 'hits of what stands beside it'
}

test_a_full_disk_takes_nothing_that_was_acknowledged() {
    add_inbox
    push '{"session":"s","text":"Before, ibex"}'
    awk 'BEGIN { printf "{\"session\":\"s\",\"text\":\""; for (i = 0; i < 40000; i++) printf "word "; print "\"}" }' >large
    (
        trap '' XFSZ
        ulimit -f 64
        expect_exit 74 "$WORKER" append box --strict <large
    )
    expect_contains "$ERR" 'error: store:'
    expect_contains "$ERR" 'write: File too large'
    push '{"session":"s","text":"After, okapi"}'
    sync_exits 0 'box: ok, 1 pages' box
    expect_equal "$(hits box ibex)|$(hits box okapi)|$(sql box 'SELECT count(*) FROM observation')" '1|1|2' 'messages'
    expect_equal "$(spool_files)" 0 'files'
}
