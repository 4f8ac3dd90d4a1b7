# The supervisor and its workers, with small fake workers that misbehave in one way each.
# shellcheck shell=bash disable=SC2016,SC2153

# shellcheck source=tests/e2e/lib/fake_worker.sh
. "$LATTICE_ROOT/tests/e2e/lib/fake_worker.sh"

test_a_bare_command_is_a_usage_error() {
    expect_exit 64 "$SUPERVISE"
    expect_contains "$ERR" '--all'
    expect_exit 64 "$SUPERVISE" --timeout 5m
    expect_exit 64 "$SUPERVISE" --all --timeout '10 minuts'
    expect_contains "$ERR" 'expected a duration such as 90s, 10m, 1h'
}

test_help_and_version_print_to_stdout() {
    expect_exit 0 "$SUPERVISE" --help
    expect_contains "$OUT" 'usage: lattice-supervise'
    expect_exit 0 "$SUPERVISE" --version
    local version
    version=$(sed 's/^lattice-supervise //' "$OUT")
    expect_exit 0 "$WORKER" --version
    expect_equal "$(cat "$OUT")" "lattice-worker $version"
    expect_exit 0 "$SUPERVISE" status --help
}

test_an_unknown_source_is_named_with_the_known_ones() {
    fake_worker <<<'exit 0'
    sources notes wiki
    expect_exit 64 supervise --source nots
    expect_contains "$ERR" 'no source "nots"; there are: notes, wiki'
    expect_exit 64 supervise status nots
}

test_without_sources_it_says_how_to_add_one() {
    fake_worker <<<'exit 0'
    sources
    expect_exit 78 supervise --all
    expect_contains "$ERR" 'lattice-supervise add'
    expect_exit 0 supervise status
}

test_every_mistake_of_the_configuration_is_named() {
    fake_worker <<<'exit 0'
    echo '{"sources": [{"id": "a", "kind": "git"}, {"id": "B", "kind": "x", "url": "/x"}]}' \
        >"$LATTICE_HOME/sources.json"
    expect_exit 78 supervise --all
    expect_contains "$ERR" 'sources[0]'
    expect_contains "$ERR" 'sources[1]'
}

test_records_make_the_table_and_the_json() {
    fake_worker <<'WORKER'
case $source in
good) record ok '' pages:12 added:5; exit 0 ;;
same) record unchanged '' pages:7; exit 0 ;;
esac
WORKER
    sources good same
    expect_exit 0 supervise --all
    expect_matches "$OUT" '^good +git +ok +[0-9]+ +5 '
    expect_matches "$OUT" '^same +git +unchanged '
    expect_matches "$OUT" '^2 sources: 1 ok, 1 unchanged · 1 wave · '
    expect_exit 0 supervise --all --json
    expect_equal "$(json version)" 1
    expect_equal "$(json 'sources[0].status')" ok
    expect_equal "$(json 'sources[0].added')" 5
    expect_equal "$(json summary.unchanged)" 1
    expect_equal "$(json summary.exit_code)" 0
}

test_counts_are_summed_over_waves() {
    fake_worker <<<'record partial "" added:5 remaining:7; exit 3'
    sources big
    expect_exit 3 supervise --all --json
    expect_equal "$(json summary.waves)" 3
    expect_equal "$(json 'sources[0].added')" 15
    expect_equal "$(json 'sources[0].remaining')" 7
    expect_equal "$(ledger 'SELECT count(*) FROM attempt')" 3
    expect_exit 0 supervise --all --partial-ok --waves 1
}

test_partial_ok_does_not_hide_a_failure() {
    fake_worker <<'WORKER'
[ "$source" = a ] && exit 3
exit 77
WORKER
    sources a b
    expect_exit 1 supervise --all --partial-ok --waves 1
    expect_matches "$OUT" '^b +git +failed .* auth: '
}

test_exit_codes_without_a_record_are_told_apart() {
    fake_worker <<<'exit "${source#code}"'
    sources code0 code3 code42 code65 code75 code77
    expect_exit 1 supervise --all --json --waves 1
    expect_equal "$(json 'sources[0].status')" lost
    expect_equal "$(json 'sources[1].status')" partial
    expect_equal "$(json 'sources[2].status')" crashed
    expect_equal "$(json 'sources[3].cause')" bad-data
    expect_equal "$(json 'sources[4].status')" locked
    expect_equal "$(json 'sources[5].cause')" auth
    expect_equal "$(json summary.failed)" 2
}

test_a_crash_gets_one_more_try() {
    fake_worker <<<'kill -SEGV $$'
    sources a
    expect_exit 1 supervise --all --json --waves 9
    expect_equal "$(json 'sources[0].status')" crashed
    expect_equal "$(json summary.waves)" 2
    expect_contains "$OUT" 'signal 11'
}

test_ignores_sigterm_then_is_killed_with_its_group() {
    fake_worker <<'WORKER'
trap '' TERM
sleep infinity &
echo $! >"$LATTICE_HOME/child"
while :; do wait; done
WORKER
    sources a
    expect_exit 1 supervise --all --json --timeout 1s
    expect_equal "$(json 'sources[0].status')" killed
    expect_equal "$(json 'sources[0].kill_stage')" kill
    expect_contains "$OUT" 'deadline of 1s'
    expect_equal "$(ledger 'SELECT signal, kill_stage FROM attempt')" '9|kill'
    wait_gone "$(cat "$LATTICE_HOME/child")" 5
}

test_at_half_the_grace_the_whole_group_is_asked() {
    fake_worker <<'WORKER'
trap : TERM
sleep infinity &
while kill -0 $! 2>/dev/null; do wait $! || true; done
exit 3
WORKER
    sources a
    expect_exit 3 supervise --all --json --timeout 8s --grace 4s --waves 1
    expect_equal "$(json 'sources[0].status')" partial
    expect_equal "$(json 'sources[0].kill_stage')" group
}

test_a_stopped_group_goes_on_to_end() {
    fake_worker <<<'kill -STOP $$; exit 3'
    sources a
    expect_exit 1 supervise --all --json --timeout 8s --grace 4s --waves 1
    expect_equal "$(json 'sources[0].kill_stage')" group
}

test_the_lifeline_carries_the_job_and_then_stop() {
    fake_worker <<'WORKER'
trap '' TERM
echo "$job" >"$LATTICE_HOME/job"
read -r line <&4
echo "$line" >"$LATTICE_HOME/line"
[ "${line%% *}" = stop ] && { record partial ''; exit 3; }
exit 70
WORKER
    sources a
    expect_exit 3 supervise --all --json --timeout 6s --grace 3s --full --waves 1
    expect_equal "$(json 'sources[0].kill_stage')" term
    expect_contains "$LATTICE_HOME/job" \
        '"timeout_ms":6000,"grace_ms":3000,"stall_ms":300000,"by_budget":false,"full":true'
    expect_equal "$(cat "$LATTICE_HOME/line")" 'stop deadline' 'what followed'
    expect_contains "$LATTICE_HOME/job" '"allow_shrink":false'
    expect_exit 3 supervise --all --json --timeout 1h --budget 30m --stall 300ms --waves 1 --allow-shrink
    expect_contains "$LATTICE_HOME/job" '"full":false,"allow_shrink":true'
    expect_contains "$LATTICE_HOME/job" ',"stall_ms":300,"by_budget":true,'
    expect_equal "$(cat "$LATTICE_HOME/line")" 'stop stall' 'what followed'
}

# on_terminal NAME ENV-ARGUMENT...: `--all` on a terminal of its own; what it shows goes to NAME.
on_terminal() {
    local name=$1
    shift
    start terminal env "$@" TERM=xterm script -qefc "'$FAKE/lattice-supervise' --all" "$TEST_DIR/$name"
    wait_for_line "$TEST_DIR/$name" '^a +import +7, .*to its deadline' 20
    echo go >"$TEST_DIR/gate"
    wait_exit "$STARTED"
    expect_equal "$CODE" 0 'exit code'
    expect_contains "$TEST_DIR/$name" '1 source: 1 ok'
}

test_a_terminal_shows_progress_and_colour_unless_told_not_to() {
    command -v script >/dev/null || skip 'there is no script(1)'
    local escape=$'\e'
    fake_worker <<<'progress import 7; read -r _ <"$TEST_DIR/gate"; record ok ""'
    mkfifo "$TEST_DIR/gate"
    sources a
    on_terminal coloured -u NO_COLOR
    grep -qE "$escape\[[0-9;]*m" "$TEST_DIR/coloured" || fail 'no colour'
    on_terminal plain NO_COLOR=1
    ! grep -qE "$escape\[[0-9;]*m" "$TEST_DIR/plain" || fail 'colour all the same'
    # Nobody watches: no line of progress, and nothing that moves a cursor.
    start piped "$FAKE/lattice-supervise" --all
    echo go >"$TEST_DIR/gate"
    wait_exit "$STARTED"
    cat "$TEST_DIR/piped.out" "$TEST_DIR/piped.err" >"$TEST_DIR/piped"
    expect_not_contains "$TEST_DIR/piped" "$escape"
    expect_not_contains "$TEST_DIR/piped" 'to its deadline'
}

test_the_job_says_what_the_supervisor_read_of_its_source_alone() {
    fake_worker <<'WORKER'
echo "$job" >"$LATTICE_HOME/job"
record ok ''
WORKER
    sources a b
    sed -i 's/^{/{"defaults": {"every": "7m"}, /' "$LATTICE_HOME/sources.json"
    expect_exit 0 supervise --source b
    expect_equal "$(sqlite3 :memory: "SELECT json_extract(json_extract(CAST(readfile('$LATTICE_HOME/job') AS TEXT),
        '\$.config'), '\$.sources[0].id', '\$.sources[1]', '\$.defaults.every')")" '["b",null,"7m"]'
}

test_no_progress_is_a_deadline() {
    fake_worker <<<'progress import 1; exec sleep infinity'
    sources a
    expect_exit 1 supervise --all --json --stall 200ms --grace 200ms
    expect_equal "$(json 'sources[0].status')" killed
    expect_contains "$OUT" '200ms without progress'
}

test_repeating_oneself_is_no_progress() {
    fake_worker <<<'while :; do progress import 1; done'
    sources a
    expect_exit 1 supervise --all --json --stall 300ms --grace 200ms --timeout 20s
    expect_contains "$OUT" '300ms without progress'
}

test_progress_keeps_a_worker_alive() {
    fake_worker <<'WORKER'
for i in 1 2 3 4 5 6 7 8; do
    progress import $i
    read -r -t 0.1 _ <&4
done
record ok ''
WORKER
    sources a
    expect_exit 0 supervise --all --json --stall 500ms
    expect_equal "$(ledger "SELECT count(*) FROM event WHERE type = 'run_progress'")" 1
}

test_garbage_on_the_result_pipe_is_counted_not_trusted() {
    fake_worker <<'WORKER'
head -c 3000000 /dev/zero | tr '\0' x >&3
printf '\n\0\377{}\n[]\n{"v":1,"type":"result"}\n' >&3
exit 0
WORKER
    sources a
    expect_exit 1 supervise --all --json --waves 1
    expect_equal "$(json 'sources[0].status')" lost
    expect_contains "$OUT" 'made no sense'
}

test_a_record_of_another_run_is_not_believed() {
    fake_worker <<<'run=00000000000000000000000000000000; record ok ""; exit 0'
    sources a
    expect_exit 1 supervise --all --json --waves 1
    expect_equal "$(json 'sources[0].status')" lost
}

# Nobody opens the store to learn it: what the worker says and what `status` reads are the same.
test_what_an_unchanged_run_shows_is_what_its_store_holds() {
    local repo=$TEST_DIR/repo shown key
    make_repo "$repo"
    repo_pages "$repo" 3
    repo_write "$repo" bad.md 'x\0y'
    repo_commit "$repo"
    expect_exit 0 "$SUPERVISE" add notes "$repo"
    expect_exit 0 "$SUPERVISE" --all
    expect_exit 0 "$SUPERVISE" --all --json
    cp "$OUT" "$TEST_DIR/shown"
    expect_equal "$(json 'sources[0].status')" unchanged
    expect_equal "$(json 'sources[0].pages')" 3
    expect_equal "$(json 'sources[0].bookmark')" "$(git -C "$repo" rev-parse HEAD)"
    expect_exit 0 "$SUPERVISE" status --json
    for key in id status bookmark target last_success_at pages errors store_bytes message; do
        shown=$(OUT=$TEST_DIR/shown json "sources[0].$key")
        expect_equal "$shown" "$(json "sources[0].$key")" "$key"
    done
}

test_what_a_store_holds_is_not_believed_of_a_worker_that_failed() {
    fake_worker <<'WORKER'
printf '{"v":1,"type":"store","bookmark":"aaaa","version":3,"last_success_at":1700000000}\n' >&3
record unchanged ''
exit 70
WORKER
    sources a
    expect_exit 1 supervise --source a --json --waves 1
    expect_equal "$(json 'sources[0].bookmark')" ''
    expect_equal "$(json 'sources[0].last_success_at')" ''
}

test_stderr_is_passed_on_bounded_and_escaped() {
    fake_worker <<'WORKER'
printf 'a\033[2Jb\n' >&2
for i in {1..500}; do echo "line $i"; done >&2
head -c 100000 /dev/zero | tr '\0' y >&2
echo 'to stderr by name' >/dev/stderr
record ok ''
WORKER
    sources a
    expect_exit 0 supervise --all
    expect_contains "$ERR" 'a\x1b[2Jb'
    expect_contains "$ERR" 'line 199'
    expect_not_contains "$ERR" 'line 200'
    expect_contains "$ERR" 'warn a worker: 302 more lines not shown'
}

test_a_run_does_not_wait_for_an_orphan_that_holds_the_pipes() {
    fake_worker <<'WORKER'
setsid bash -c 'echo $$ >"$LATTICE_HOME/orphan"; exec sleep infinity' &
until [ -s "$LATTICE_HOME/orphan" ]; do :; done
exit 3
WORKER
    sources a
    expect_exit 3 supervise --all --waves 1 --timeout 60s
    wait_gone "$(cat "$LATTICE_HOME/orphan")" 5
}

test_a_missing_worker_is_said() {
    fake_worker <<<'exit 0'
    rm "$FAKE/lattice-worker"
    sources a
    expect_exit 1 supervise --all --json
    expect_equal "$(json 'sources[0].cause')" config
    expect_contains "$OUT" 'cannot start'
}

test_a_second_supervisor_says_who_runs_and_since_when() {
    fake_worker <<<'echo $$ >"$LATTICE_HOME/started"; exec sleep infinity'
    sources a
    start first "$FAKE/lattice-supervise" --all
    wait_for_line "$LATTICE_HOME/started" . 10
    expect_exit 75 supervise --all
    expect_matches "$ERR" "another supervisor runs: pid $STARTED on .* since 20..-"
    kill -TERM "$STARTED"
    wait_exit "$STARTED"
    expect_equal "$CODE" 143
    expect_matches "$TEST_DIR/first.out" '^a +git +partial '
}

test_a_home_that_can_only_be_read_is_the_environments_fault() {
    fake_worker <<<"exit 0"
    sources a
    mkdir "$LATTICE_HOME/supervise.lock" # root may write where the mode forbids it
    expect_exit 78 "$SUPERVISE" --all
    expect_contains "$ERR" 'this home cannot be written (`lattice-supervise doctor` says more)'
}

test_ctrl_c_stops_softly_and_prints_the_table() {
    fake_worker <<'WORKER'
echo $$ >>"$LATTICE_HOME/started"
trap '' TERM
read -r line <&4
record partial '' added:3
exit 3
WORKER
    sources a b c
    start first "$FAKE/lattice-supervise" --all --json --jobs 2
    wait_for_line "$LATTICE_HOME/started" . 10
    kill -INT "$STARTED"
    wait_exit "$STARTED"
    expect_equal "$CODE" 130
    OUT=$TEST_DIR/first.out
    expect_equal "$(json 'sources[0].status')" partial
    expect_equal "$(json 'sources[2].status')" skipped
    expect_contains "$OUT" 'the supervisor was stopped'
    expect_equal "$(json summary.exit_code)" 130
}

test_ctrl_c_twice_kills_what_does_not_stop() {
    fake_worker <<'WORKER'
trap '' TERM
echo started >>"$LATTICE_HOME/started"
read -r line <&4
echo "$line" >>"$LATTICE_HOME/started"
while :; do sleep infinity; done
WORKER
    sources a
    start first "$FAKE/lattice-supervise" --all --json --timeout 1h --grace 20m
    wait_for_line "$LATTICE_HOME/started" started 10
    kill -INT "$STARTED"
    wait_for_line "$LATTICE_HOME/started" stop 10
    kill -INT "$STARTED"
    wait_exit "$STARTED"
    expect_equal "$CODE" 130
    OUT=$TEST_DIR/first.out
    expect_equal "$(json 'sources[0].kill_stage')" kill
    expect_contains "$OUT" 'stopped with the supervisor'
}

test_a_spent_budget_skips_and_is_partial() {
    fake_worker <<<'record ok ""'
    sources a b
    expect_exit 3 supervise --all --json --budget 9s
    expect_equal "$(json 'sources[0].status')" skipped
    expect_contains "$OUT" 'the budget of 9s is spent'
    expect_equal "$(json summary.waves)" 1
}

test_a_worker_never_outlives_the_budget() {
    fake_worker <<<'trap "" TERM; while :; do sleep infinity; done'
    sources a b
    expect_exit 1 supervise --all --json --budget 3s --timeout 2s --jobs 1
    expect_equal "$(json 'sources[0].status')" killed
    expect_equal "$(json 'sources[1].status')" skipped
}

test_what_waited_longest_goes_first() {
    fake_worker <<<'echo "$source" >>"$LATTICE_HOME/order"; exit 77'
    sources a b c
    expect_exit 1 supervise --source a
    expect_exit 0 supervise retry a
    expect_exit 1 supervise --all --jobs 1
    expect_equal "$(tr '\n' ' ' <"$LATTICE_HOME/order")" 'a b c a '
}

test_a_disabled_source_runs_only_by_name() {
    fake_worker <<<'record ok ""'
    sources a
    sed -i 's/"kind"/"enabled": false, "kind"/' "$LATTICE_HOME/sources.json"
    expect_exit 0 supervise --all
    expect_matches "$OUT" '^a +git +disabled '
    expect_exit 0 supervise --source a
    expect_matches "$OUT" '^a +git +ok '
}

test_at_most_so_many_run_at_a_time() {
    fake_worker <<'WORKER'
echo "start $source" >>"$LATTICE_HOME/log"
read -r -t 0.2 _ <&4
echo "end $source" >>"$LATTICE_HOME/log"
record ok ''
WORKER
    sources a b c
    expect_exit 0 supervise --all --jobs 1
    expect_equal "$(awk '{print $1}' "$LATTICE_HOME/log" | tr '\n' ' ')" 'start end start end start end '
}

test_the_ledger_keeps_runs_and_events() {
    fake_worker <<<'record ok "" pages:3'
    sources a
    expect_exit 0 supervise --all
    expect_equal "$(ledger 'SELECT waves, exit_code, ended_at >= started_at FROM invocation')" '1|0|1'
    expect_equal "$(ledger 'SELECT group_concat(type) FROM event')" 'run_started,run_finished,source_fresh'
    expect_equal "$(ledger 'SELECT source, outcome, wave, exit_code FROM attempt')" 'a|ok|1|0'
    sed -i 's/^record.*/exit 77/' "$FAKE/lattice-worker"
    expect_exit 1 supervise --all
    expect_equal "$(ledger 'SELECT type FROM event ORDER BY seq DESC LIMIT 1')" source_stale
    expect_exit 0 supervise status --json
    expect_equal "$(json 'sources[0].attempts')" 1
    expect_equal "$(json 'sources[0].cause')" auth
}

test_a_broken_ledger_holds_up_no_source() {
    fake_worker <<<'record ok ""'
    sources a
    echo 'this is no database, only some text that is long enough' >"$LATTICE_HOME/ledger.db"
    expect_exit 0 supervise --all
    expect_contains "$ERR" 'without history'
    expect_matches "$OUT" '^a +git +ok '
}

test_descriptors_that_are_closed_do_no_harm() {
    fake_worker <<<'record ok ""; ls -l /proc/$$/fd >"$LATTICE_HOME/fds"'
    sources a
    local code=0
    "$FAKE/lattice-supervise" --all <&- >&- 2>&- 9<"$FAKE/lattice-worker" || code=$?
    expect_equal "$code" 0
    expect_not_contains "$LATTICE_HOME/fds" ' 9 -> '
}

test_a_reader_of_stderr_that_does_not_read_delays_no_deadline() {
    fake_worker <<'WORKER'
trap '' TERM
echo $$ >"$LATTICE_HOME/started"
for i in {1..200}; do printf '%04000d\n' "$i"; done >&2
while :; do sleep infinity; done
WORKER
    sources a
    mkfifo fifo
    exec 9<>fifo
    "$FAKE/lattice-supervise" --all --timeout 1s >"$OUT" 2>fifo &
    local supervisor=$!
    wait_for_line "$LATTICE_HOME/started" . 10
    wait_gone "$(cat "$LATTICE_HOME/started")" 5
    cat <&9 >/dev/null &
    local reader=$!
    wait_exit "$supervisor"
    kill "$reader"
    expect_equal "$CODE" 1
    expect_matches "$OUT" '^a +git +killed '
}

test_a_ledger_that_cannot_be_written_is_said_once() {
    fake_worker <<<'progress import 1; record ok ""'
    sources a b c
    expect_exit 0 supervise --all
    sqlite3 "$LATTICE_HOME/ledger.db" "CREATE TRIGGER no BEFORE INSERT ON attempt
        BEGIN SELECT RAISE(ABORT, 'no more room'); END"
    expect_exit 0 supervise --all
    expect_contains "$ERR" 'warn ledger: '
    expect_equal "$(grep -c 'warn ledger' "$ERR")" 1
}
