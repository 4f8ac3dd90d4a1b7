# How a worker ends: softly within its grace, or with its supervisor; and what it leaves.
# shellcheck shell=bash disable=SC2153 # lib.sh sets CODE

# shellcheck source=tests/e2e/lib/worker.sh
. "$LATTICE_ROOT/tests/e2e/lib/worker.sh"

source_of() {
    make_repo "$TEST_DIR/notes"
    repo_pages "$TEST_DIR/notes" "$1"
    repo_commit "$TEST_DIR/notes"
    git -C "$TEST_DIR/notes" config uploadpack.allowFilter true
    add_source notes "${2:-}$TEST_DIR/notes"
}

# From now on cat-file gives the first 4 KB and then nothing more; the stuck one's pid is in held.
choke_cat_file() {
    mkfifo "$TEST_DIR/gate"
    # shellcheck disable=SC2016 # for the script
    wrap_git 'if [ "$sub" = cat-file ]; then
    { head -c 4000; echo $BASHPID >>'"'$TEST_DIR/held'"'; read -r _ <'"'$TEST_DIR/gate'"'; } < <('"$(command -v git)"' "$@")
    exit
fi'
}

went_on() {
    unwrap_git
    sync_exits 0 "notes: ok, ${1:-100} pages" notes
    store_equals_git notes "$TEST_DIR/notes"
    store_sound notes
}

test_sigterm_keeps_what_was_done_and_the_next_run_goes_on() {
    source_of 100
    choke_cat_file
    # What git gave may still be on its way when the signal comes; then there is nothing to keep.
    local try
    for try in 1 2 3 4 5 6 7 8 9 10; do
        rm -f "$TEST_DIR/held"
        start first "$WORKER" sync notes
        wait_held
        kill -TERM "$STARTED"
        wait_exit "$STARTED"
        expect_equal "$CODE" 3 "exit code of try $try"
        grep -q 'before anything could be kept' "$TEST_DIR/first.out" || break
    done
    expect_matches "$TEST_DIR/first.out" '^notes: partial, [1-9][0-9]* pages .*: stopped on request; [1-9][0-9]* pages left, run again to go on$'
    wait_gone "$(tail -n 1 "$TEST_DIR/held")" 0
    local done_before
    done_before=$(sql notes 'SELECT count(*) FROM page')
    expect_equal "$(sql notes "SELECT bookmark IS NULL AND target = '$(head_of "$TEST_DIR/notes")'
        FROM sync_state")" 1 'only the target is set'
    expect_equal "$(sql notes 'SELECT DISTINCT outcome FROM run')" partial 'run rows'
    went_on
    expect_contains "$OUT" "($((100 - done_before)) added"
}

test_the_soft_deadline_ends_a_run_by_hand() {
    source_of 100
    choke_cat_file
    sync_exits 3 'stopped at its deadline; ' notes --timeout 6s --grace 3s
    wait_gone "$(tail -n 1 "$TEST_DIR/held")" 0
    went_on
}

test_a_deadline_before_anything_was_kept_is_a_failure_that_says_what_to_raise() {
    source_of 3
    hold_git rev-parse
    sync_exits 69 'notes: failed deadline' notes --timeout 6s --grace 3s
    expect_contains "$OUT" 'stopped at its deadline in phase fetch before anything could be kept; '
    expect_contains "$OUT" 'give it more time: --timeout, or '
    store_sound notes
}

test_a_stop_on_request_is_no_failure_and_names_no_deadline() {
    local signal
    source_of 3
    for signal in TERM INT HUP; do
        hold_git rev-parse
        start first "$WORKER" sync notes
        wait_held
        kill "-$signal" "$STARTED"
        wait_exit "$STARTED"
        expect_equal "$CODE" 3 'exit code'
        expect_matches "$TEST_DIR/first.out" \
            '^notes: partial, .*: stopped on request in phase fetch before anything could be kept; run again$'
    done
    store_sound notes
}

test_a_git_that_ignores_signals_does_not_hold_a_stop() {
    source_of 3
    wrap_git "if [ \"\$sub\" = rev-parse ]; then
    trap '' TERM INT HUP
    mkfifo '$TEST_DIR/never' 2>/dev/null
    echo \$\$ >>'$TEST_DIR/held'
    ( echo \$BASHPID >>'$TEST_DIR/held.child'; read -r _ <'$TEST_DIR/never' )
fi"
    start first "$WORKER" sync notes
    wait_for_line "$TEST_DIR/held.child" . 10
    kill -TERM "$STARTED"
    wait_exit "$STARTED"
    expect_equal "$CODE" 3 'exit code'
    wait_gone "$(cat "$TEST_DIR/held")" 0
    wait_gone "$(cat "$TEST_DIR/held.child")" 0
}

# The naive way waits a second for any git, and for what it left two more.
test_a_git_that_ignores_signals_does_not_carry_a_run_by_hand_past_its_deadline() {
    source_of 3
    wrap_git "if [ \"\$sub\" = rev-parse ]; then
    trap '' TERM INT HUP
    mkfifo '$TEST_DIR/never'
    read -r _ <'$TEST_DIR/never'
fi"
    sync_exits 69 'notes: failed deadline' notes --timeout 6s --grace 3s
}

# Another program that holds the store keeps a worker waiting for longer than this.
test_a_worker_by_hand_that_hangs_is_ended_at_its_deadline() {
    source_of 3
    sync_exits 0 'notes: ok, 3 pages' notes
    start other "$TOOLS/hold_lock" "$LATTICE_HOME/sources/notes/store.db"
    wait_for_line "$TEST_DIR/other.out" held 10
    expect_exit 137 "$WORKER" sync notes --timeout 1s
    kill -KILL "$STARTED"
    wait_exit "$STARTED"
    sync_exits 0 'notes: unchanged' notes
}

# --- under a supervisor -----------------------------------------------------------------------------

test_a_stop_line_on_the_lifeline_ends_the_run_softly() {
    source_of 100
    choke_cat_file
    local try
    for try in 1 2 3 4 5 6 7 8 9 10; do
        rm -f "$TEST_DIR/held"
        supervise_as notes "$(job "\"run_id\":\"run-$try\"")"
        wait_held
        echo stop >"$TEST_DIR/lifeline"
        wait_exit "$STARTED"
        expect_contains "$TEST_DIR/supervisor.out" 'exit 3'
        expect_contains "$TEST_DIR/results" '"outcome":"partial"'
        expect_contains "$TEST_DIR/results" "\"run_id\":\"run-$try\""
        grep -q 'before anything could be kept' "$TEST_DIR/results" || break
    done
    expect_contains "$TEST_DIR/results" '"committed":true'
    went_on
}

# What is left to do is said, also by a run that was cut before its first page on a slow machine.
LEFT='(; [1-9][0-9]* pages left, run again to go on| in phase [a-z]+[ ;])'

# stopped_by LINE WORDS [JOB-KEYS]: what the run says of its end; without LINE by its own clock.
stopped_by() {
    runs=$((${runs:-0} + 1))
    rm -f "$TEST_DIR/held" "$TEST_DIR/results"
    supervise_as notes "$(job "\"run_id\":\"$runs\"${3:+,$3}")"
    [ -z "$1" ] || { wait_held && echo "$1" >"$TEST_DIR/lifeline"; }
    wait_exit "$STARTED"
    expect_matches "$TEST_DIR/supervisor.out" '^exit (3|69)$'
    expect_matches "$TEST_DIR/results" "\"message\":\"stopped $2$LEFT"
    expect_equal "$(sql notes "SELECT message LIKE 'stopped $2%' FROM run WHERE run_id = '$runs'")" 1 'run row'
}

test_the_reason_of_a_stop_is_in_what_the_run_says() {
    source_of 400
    choke_cat_file
    stopped_by 'stop deadline' 'at its deadline'
    stopped_by 'stop budget' 'at the end of the budget'
    stopped_by 'stop stall' 'after 7s without progress'
    stopped_by 'stop asked' 'on request'
    stopped_by 'stop' 'on request'
    stopped_by '' 'at its deadline' '"timeout_ms":2000,"grace_ms":1000'
    stopped_by '' 'at the end of the budget' '"timeout_ms":2000,"grace_ms":1000,"by_budget":true'
}

test_a_stop_line_that_comes_with_its_signal_gives_the_reason() {
    source_of 3
    hold_git rev-parse
    supervise_as notes "$(job "")"
    wait_held
    # The worker stands still while both come: it sees the signal first.
    kill -STOP "$(cat "$TEST_DIR/worker.pid")"
    echo 'stop stall' >"$TEST_DIR/lifeline"
    kill -TERM "$(cat "$TEST_DIR/worker.pid")"
    kill -CONT "$(cat "$TEST_DIR/worker.pid")"
    wait_exit "$STARTED"
    expect_contains "$TEST_DIR/supervisor.out" 'exit 69'
    expect_contains "$TEST_DIR/results" '"cause":"deadline"'
    expect_contains "$TEST_DIR/results" 'stopped after 7s without progress in phase fetch before anything could be kept'
    expect_contains "$TEST_DIR/results" "--stall, or \`stall\` in sources.json"
}

# The job and the stop come in one piece.
test_a_stop_line_that_comes_with_the_job_gives_the_reason() {
    source_of 3
    sync_exits 0 'notes: ok, 3 pages' notes
    repo_write "$TEST_DIR/notes" more.md '# More\n'
    repo_commit "$TEST_DIR/notes"
    stopped_with_job() {
        supervise_as notes "$(job "\"run_id\":\"$2\"")"$'\n'"$1"
        wait_exit "$STARTED"
        expect_contains "$TEST_DIR/supervisor.out" "exit $2"
        expect_contains "$TEST_DIR/results" "\"message\":\"stopped $3 in phase fetch before anything could be kept; $4"
    }
    stopped_with_job 'stop deadline' 69 'at its deadline' 'give it more time'
    stopped_with_job 'stop asked' 3 'on request' 'run again'
    sync_exits 0 'notes: ok, 4 pages' notes
}

# Its message does not fit into what is read at once.
test_a_stop_line_that_comes_in_two_pieces_gives_the_reason() {
    local line
    source_of 3
    line=$(job "\"pad\":\"\"")
    line=$(job "\"pad\":\"$(printf "%0$((4096 - ${#line} - 8))d" 0)\"")
    expect_equal "${#line}" 4088 'size of the job'
    supervise_as notes "$line"$'\nstop budget'
    wait_exit "$STARTED"
    expect_contains "$TEST_DIR/supervisor.out" 'exit 69'
    expect_contains "$TEST_DIR/results" 'stopped at the end of the budget in phase fetch'
}

# A store of an older format, stopped as soon as it is opened.
test_a_stop_while_the_store_changes_its_format_says_why() {
    source_of 400
    sync_exits 0 'notes: ok, 400 pages' notes
    # As it was in format 1: without what came later.
    sqlite3 "$LATTICE_HOME/sources/notes/store.db" 'DROP TABLE spool_file;
        DROP TABLE inbox_session; DROP TABLE hidden_chunk; DROP TABLE observation_end; DROP TABLE observation; DROP TABLE run_view; DROP TABLE view_row; DROP TABLE view;
        DROP TABLE log_file; DROP TABLE file; DROP TABLE session_repo;
        DROP TABLE session_model; DROP TABLE session_tool; DROP TABLE session; DROP TABLE memo;
        ALTER TABLE sync_state DROP COLUMN dropped;
        PRAGMA user_version = 1'
    stopped_in_migration() {
        supervise_as notes "$(job "")"$'\n'"$1"
        wait_exit "$STARTED"
        expect_contains "$TEST_DIR/supervisor.out" "exit $2"
        expect_contains "$TEST_DIR/results" '"phase":"migrate"'
        expect_contains "$TEST_DIR/results" "\"message\":\"stopped $3 in phase migrate before anything could be kept; $4"
        expect_equal "$(sql notes 'PRAGMA user_version')" 1 'format'
    }
    stopped_in_migration 'stop asked' 3 'on request' 'run again'
    stopped_in_migration 'stop stall' 69 'after 7s without progress' 'if it is only slow, give it more patience'
    stopped_in_migration 'stop deadline' 69 'at its deadline' 'give it more time'
    stopped_in_migration 'stop budget' 69 'at the end of the budget' 'give the run more time: --budget'
    sync_exits 0 'notes: unchanged, 400 pages' notes
    store_sound notes
}

# under_supervisor WORDS OPTION...
under_supervisor() {
    local words=$1
    shift
    run "$SUPERVISE" --source notes --waves 1 "$@"
    expect_matches "$OUT" "^notes +git +(partial|failed) .* stopped $words$LEFT"
}

test_the_table_says_why_a_run_was_stopped() {
    source_of 400
    choke_cat_file
    under_supervisor 'after 500ms without progress' --stall 500ms --timeout 60s --grace 20s
    under_supervisor 'at its deadline' --timeout 6s --grace 3s
    rm -f "$TEST_DIR/held"
    start asked "$SUPERVISE" --source notes --waves 1
    wait_held
    kill -INT "$STARTED"
    wait_exit "$STARTED"
    expect_equal "$CODE" 130 'exit code'
    expect_matches "$TEST_DIR/asked.out" "^notes +git +partial .* stopped on request$LEFT"
    went_on 400
}

test_with_its_supervisor_worker_and_git_are_gone_within_a_second() {
    source_of 100
    choke_cat_file
    supervise_as notes "$(job "")"
    wait_held
    kill -KILL "$STARTED"
    wait_gone "$(cat "$TEST_DIR/worker.pid")" 1
    wait_gone "$(tail -n 1 "$TEST_DIR/held")" 1
    went_on
}

test_a_supervisor_that_only_closes_the_lifeline_ends_the_run_too() {
    source_of 100
    choke_cat_file
    # This stand-in goes on, but lets go of the lifeline as soon as the run is under way.
    rm -f "$TEST_DIR/lifeline"
    mkfifo "$TEST_DIR/lifeline" "$TEST_DIR/let-go"
    # shellcheck disable=SC2016 # for the inner shell
    start supervisor bash -c '
        exec 9<>"$1/lifeline"
        printf "%s\n" "$3" >&9
        setsid "$2" sync --supervised notes 3>"$1/results" 4<"$1/lifeline" 9>&- &
        echo $! >"$1/worker.pid"
        read -r _ <"$1/let-go"
        exec 9>&-
        wait $!
        echo "exit $?"' - "$TEST_DIR" "$WORKER" "$(job "")"
    wait_held
    echo now >"$TEST_DIR/let-go"
    wait_exit "$STARTED"
    expect_contains "$TEST_DIR/supervisor.out" 'exit 137'
    wait_gone "$(tail -n 1 "$TEST_DIR/held")" 1
    went_on
}

# A broken edit does not reach those that a supervisor starts: it goes on with what it has read.
test_a_supervised_worker_goes_by_what_its_supervisor_has_read() {
    source_of 3
    local config="{\\\"sources\\\":[{\\\"id\\\":\\\"notes\\\",\\\"kind\\\":\\\"git\\\",\\\"url\\\":\\\"$TEST_DIR/notes\\\"}]}"
    echo broken >"$LATTICE_HOME/sources.json"
    supervise_as notes "$(job "\"config\":\"$config\"")"
    wait_exit "$STARTED"
    expect_contains "$TEST_DIR/supervisor.out" 'exit 0'
    expect_contains "$TEST_DIR/results" '"outcome":"ok"'
}

test_a_worker_without_a_job_says_so() {
    source_of 3
    expect_exit 64 "$WORKER" sync --supervised notes 3>results 4</dev/null
    expect_contains results 'no job came on descriptor 4'
    echo '{"v":2}' >future
    expect_exit 70 "$WORKER" sync --supervised notes 3>results 4<future
    expect_contains results 'of the same version?'
}

# armed TEXT SECONDS CMD...: what CMD armed as its last-resort alarm, and nothing else.
armed() {
    local text=$1 seconds=$2
    shift 2
    # A leak check at the end cannot be traced.
    ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 run strace -qq -e trace=setitimer -e signal=none -o calls "$@"
    expect_equal "$CODE" 0 'exit code'
    expect_contains "$OUT" "$text"
    expect_equal "$(sed -n 's/^setitimer(ITIMER_REAL, .*it_value={\(.*\)}}, NULL) *= 0$/\1/p' calls)" \
        "tv_sec=$seconds, tv_usec=0"
}

# 10 s behind the hard deadline, which is the supervisor's to keep; without one at it.
test_the_last_resort_is_armed() {
    command -v strace >/dev/null || skip 'there is no strace'
    source_of 3
    mkfifo lifeline
    exec 9<>lifeline
    job >&9
    # shellcheck disable=SC2016 # for the inner shell
    armed '"outcome":"ok"' 70 bash -c 'exec "$@" 3>&1 4<lifeline 9>&-' - "$WORKER" sync --supervised notes
    armed 'notes: unchanged' 60 "$WORKER" sync notes --timeout 1m
}

# --- by hand ----------------------------------------------------------------------------------------

test_the_last_resort_of_a_worker_by_hand_spares_its_callers_script() {
    source_of 100
    choke_cat_file
    # shellcheck disable=SC2016 # for the inner shell
    start script bash -c '"$0" sync notes & echo $! >"$1/worker.pid"; wait $!; echo "exit $?"' "$WORKER" "$TEST_DIR"
    wait_held
    kill -ALRM "$(cat "$TEST_DIR/worker.pid")"
    wait_exit "$STARTED"
    expect_equal "$(cat "$TEST_DIR/script.out")" 'exit 137' 'what the script went on to say'
    went_on
}

test_the_last_resort_of_a_group_leader_takes_the_group() {
    source_of 100
    choke_cat_file
    start worker "$WORKER" sync notes
    wait_held
    kill -ALRM "$STARTED"
    wait_exit "$STARTED"
    expect_equal "$CODE" 137 'exit code'
    wait_gone "$(tail -n 1 "$TEST_DIR/held")" 1
    went_on
}

# A git that leaves a child in a session of its own, which ignores what can be ignored.
leave_a_child() {
    mkfifo "$TEST_DIR/never"
    wrap_git "if [ \"\$sub\" = $1 ] && [ ! -e '$TEST_DIR/left' ]; then
    setsid bash -c 'trap \"\" TERM INT HUP; echo \$\$ >\"$TEST_DIR/left\"; read -r _ <\"$TEST_DIR/never\"' &
    wait
fi"
}

test_what_a_killed_workers_git_left_is_ended_by_the_next_worker() {
    source_of 3
    leave_a_child rev-parse
    start first "$WORKER" sync notes
    wait_for_line "$TEST_DIR/left" . 10
    kill -KILL "$STARTED"
    wait_exit "$STARTED"
    [ -e "/proc/$(cat "$TEST_DIR/left")" ] || fail 'it did not survive: nothing is tested'
    sync_exits 0 'notes: ok, 3 pages' notes
    expect_matches "$ERR" '^warn notes lock: ended [1-9] process(es)? that an earlier run left'
    wait_gone "$(cat "$TEST_DIR/left")" 0
}

test_another_sources_processes_are_left_alone() {
    source_of 3
    add_source other "$TEST_DIR/notes"
    leave_a_child rev-parse
    start first "$WORKER" sync notes
    wait_for_line "$TEST_DIR/left" . 10
    sync_exits 0 'other: ok, 3 pages' other
    expect_not_contains "$ERR" 'an earlier run left'
    cp "$LATTICE_HOME/sources.json" "$TEST_DIR/sources.json"
    mkdir -m 700 "$TEST_DIR/second"
    mv "$TEST_DIR/sources.json" "$TEST_DIR/second/"
    sync_exits 0 'notes: ok, 3 pages' notes --home "$TEST_DIR/second"
    [ -e "/proc/$(cat "$TEST_DIR/left")" ] || fail 'it was ended'
    kill -TERM "$STARTED"
    wait_exit "$STARTED"
    wait_gone "$(cat "$TEST_DIR/left")" 0
}

test_leftovers_of_a_killed_fetch_are_cleaned() {
    local mirror=$LATTICE_HOME/sources/notes/mirror.git
    source_of 3 file://
    sync_exits 0 'notes: ok, 3 pages' notes
    repo_write "$TEST_DIR/notes" more.md '# More\n'
    repo_commit "$TEST_DIR/notes"
    touch "$mirror/objects/pack/tmp_pack_abcdef" "$mirror/objects/pack/tmp_idx_abcdef" \
        "$mirror/shallow.lock" "$mirror/config.lock" "$mirror/refs/lattice/fetched.lock" \
        "$mirror/refs/lattice/bookmark.lock" "$mirror/packed-refs.lock"
    sync_exits 0 'notes: ok, 4 pages' notes
    expect_equal "$(find "$mirror" -name 'tmp_*' -o -name '*.lock')" '' 'leftovers'
    store_equals_git notes "$TEST_DIR/notes"
}
