# `serve`: the supervisor as a service.
# shellcheck shell=bash disable=SC2016,SC2153

# shellcheck source=tests/e2e/lib/fake_worker.sh
. "$LATTICE_ROOT/tests/e2e/lib/fake_worker.sh"

# serve: starts the service on fake workers that write a line to `ran`; waits until it is ready.
serve() {
    start serve "$FAKE/lattice-supervise" serve "$@"
    SERVE=$STARTED
    wait_for_line "$TEST_DIR/serve.err" 'serve: ready' 20
}

stop_service() {
    kill -TERM "$SERVE"
    wait_exit "$SERVE"
    expect_equal "$CODE" 0 'exit code of the service'
}

# entries JSON...: a sources.json, replaced as editors do.
entries() {
    local IFS=,
    printf '{"sources": [%s]}\n' "$*" >"$LATTICE_HOME/sources.json.new"
    mv "$LATTICE_HOME/sources.json.new" "$LATTICE_HOME/sources.json"
}

entry() {
    printf '{"id": "%s", "kind": "git", "url": "/nowhere", "every": "%s"}' "$1" "$2"
}

# runs_of SOURCE COUNT: until it ran so often.
runs_of() {
    wait_for_line "$LATTICE_HOME/ran" "^$1 $2\$" 20
}

counting_worker() {
    fake_worker <<'WORKER'
[ "$source" != slow ] || trap '' TERM
n=$(cat "$LATTICE_HOME/count.$source" 2>/dev/null || echo 0)
echo $((n + 1)) >"$LATTICE_HOME/count.$source"
echo "$source $((n + 1))" >>"$LATTICE_HOME/ran"
case $source in
bad) record failed auth; exit 77 ;;
slow) read -r _ <&4; record partial ''; exit 3 ;;
esac
record ok ''
WORKER
}

test_each_source_runs_by_its_every() {
    counting_worker
    entries "$(entry often 200ms)" "$(entry rare 1h)" "$(entry bad 1h)"
    serve
    runs_of often 4
    stop_service
    expect_equal "$(cat "$LATTICE_HOME/count.rare")" 1
    expect_equal "$(cat "$LATTICE_HOME/count.bad")" 1
    expect_equal "$(ledger 'SELECT count(*), exit_code FROM invocation')" '1|0'
    expect_equal "$(ledger "SELECT failures FROM source_state WHERE source = 'bad'")" 1
}

# Else a sweep on a disk that hangs would take them all.
test_it_has_threads_to_end_runs_beside_a_sweep_and_all_else() {
    counting_worker
    entries "$(entry a 1h)"
    serve
    runs_of a 1
    local threads=("/proc/$SERVE/task/"*)
    [ ${#threads[@]} -gt 8 ] || fail "only ${#threads[@]} threads"
    stop_service
}

# What was pushed is to be found at once, whatever is imported for hours.
test_an_inbox_does_not_wait_for_a_slot() {
    local box='{"id": "box", "kind": "inbox", "every": "1h"}'
    counting_worker
    entries "$(entry slow 1h)" "$box"
    serve --jobs 1
    runs_of slow 1
    runs_of box 1
    entries "$(entry slow 1h)" "$box" "$(entry other 1h)"
    wait_for_line "$TEST_DIR/serve.err" 'was read again: 3 sources' 10
    expect_exit 0 supervise kick box
    runs_of box 2
    [ ! -e "$LATTICE_HOME/count.other" ] || fail 'another kind got a slot that there is not'
    stop_service
}

test_kick_retry_and_sigusr1_wake_it_at_once() {
    counting_worker
    entries "$(entry a 1h)" "$(entry bad 1h)"
    serve
    runs_of a 1
    runs_of bad 1
    expect_exit 0 supervise kick a
    runs_of a 2
    expect_exit 0 supervise retry bad
    runs_of bad 2
    kill -USR1 "$SERVE"
    runs_of a 3
    expect_exit 0 supervise --source a # may be told of the run under way
    expect_exit 0 supervise --source a # after it, so there is one of its own
    expect_matches "$OUT" '^a +git +ok '
    runs_of a 4
    expect_exit 75 supervise --all
    stop_service
}

test_sources_json_is_read_again_and_a_broken_edit_keeps_the_old() {
    counting_worker
    entries "$(entry a 1h)"
    serve
    runs_of a 1
    entries "$(entry a 1h)" "$(entry b 1h)"
    runs_of b 1
    wait_for_line "$TEST_DIR/serve.err" 'sources.json was read again: 2 sources' 10
    echo '{"sources": [{]}' >"$LATTICE_HOME/sources.json"
    wait_for_line "$TEST_DIR/serve.err" 'the one before stays in force' 10
    expect_equal "$(grep -c 'a 2' "$LATTICE_HOME/ran" || true)" 0
    entries "$(entry b 200ms)"
    runs_of b 4
    expect_exit 64 supervise kick a
    stop_service
}

test_sigterm_stops_workers_softly() {
    counting_worker
    entries "$(entry slow 1h)" "$(entry a 1h)"
    serve --jobs 1
    runs_of slow 1
    stop_service
    expect_equal "$(ledger "SELECT outcome, kill_stage FROM attempt WHERE source = 'slow'")" 'partial|term'
}

test_a_restart_goes_on_where_it_stood() {
    counting_worker
    entries '{"id": "a", "kind": "git", "url": "https://nowhere.invalid/a.git", "every": "1h"}'
    serve
    wait_for_line "$TEST_DIR/serve.err" 'a wave 1: ok' 20
    stop_service
    serve
    expect_exit 0 supervise kick a
    runs_of a 2
    stop_service
    expect_equal "$(cat "$LATTICE_HOME/count.a")" 2
}

# The naive way waits for the first round by `every`: until then nothing is watched.
test_after_a_restart_a_commit_is_synced_at_once() {
    make_repo repo
    repo_pages repo 2
    repo_commit repo
    expect_exit 0 "$SUPERVISE" add notes "$TEST_DIR/repo" --set every=1h
    expect_exit 0 "$SUPERVISE" --all
    start serve "$SUPERVISE" serve
    SERVE=$STARTED
    wait_for_line "$TEST_DIR/serve.err" 'unchanged, 2 pages' 20
    repo_write repo new.md '# New\n'
    repo_commit repo
    wait_for_line "$TEST_DIR/serve.err" 'ok, 3 pages' 20
    stop_service
    store_equals_git notes repo
}

# With real workers: a commit is in the store without anybody asking.
test_a_commit_is_synced_at_once() {
    make_repo repo
    repo_pages repo 2
    repo_commit repo
    expect_exit 0 "$SUPERVISE" add notes "$TEST_DIR/repo" --set every=1h
    start serve "$SUPERVISE" serve
    SERVE=$STARTED
    wait_for_line "$TEST_DIR/serve.err" 'notes wave 1: ok, 2 pages' 20
    repo_write repo new.md '# New\n'
    repo_commit repo
    wait_for_line "$TEST_DIR/serve.err" 'ok, 3 pages' 20
    git -C repo checkout -q -b feature/deep
    git -C repo pack-refs --all
    wait_for_line "$TEST_DIR/serve.err" 'unchanged, 3 pages' 20
    repo_write repo more.md '# More\n'
    repo_commit repo
    wait_for_line "$TEST_DIR/serve.err" 'ok, 4 pages' 20
    stop_service
    store_equals_git notes repo
}

# The one before stays in force for the workers, too.
test_a_broken_edit_fails_no_source() {
    make_repo repo
    repo_pages repo 2
    repo_commit repo
    expect_exit 0 "$SUPERVISE" add notes "$TEST_DIR/repo" --set every=1h
    start serve "$SUPERVISE" serve
    SERVE=$STARTED
    wait_for_line "$TEST_DIR/serve.err" 'notes wave 1: ok, 2 pages' 20
    echo '{"sources": [{]}' >"$LATTICE_HOME/sources.json"
    wait_for_line "$TEST_DIR/serve.err" 'the one before stays in force' 10
    repo_write repo new.md '# New\n'
    repo_commit repo
    wait_for_line "$TEST_DIR/serve.err" 'ok, 3 pages' 20
    stop_service
}

test_systemd_is_told() {
    counting_worker
    entries "$(entry a 1h)"
    start hear "$TOOLS/hear_notify" "$TEST_DIR/notify"
    local hear=$STARTED
    wait_for_line "$TEST_DIR/hear.out" listening 10
    export NOTIFY_SOCKET=$TEST_DIR/notify WATCHDOG_USEC=100000
    serve
    wait_for_line "$TEST_DIR/hear.out" READY=1 10
    wait_for_line "$TEST_DIR/hear.out" WATCHDOG=1 10
    stop_service
    wait_for_line "$TEST_DIR/hear.out" STOPPING=1 10
    kill "$hear"
}

# An abstract address: no file, and its length counts.
test_systemd_is_told_at_an_abstract_address() {
    counting_worker
    entries "$(entry a 1h)"
    export NOTIFY_SOCKET="@lattice$TEST_DIR/notify"
    start hear "$TOOLS/hear_notify" "$NOTIFY_SOCKET"
    local hear=$STARTED
    wait_for_line "$TEST_DIR/hear.out" listening 10
    serve
    wait_for_line "$TEST_DIR/hear.out" READY=1 10
    stop_service
    wait_for_line "$TEST_DIR/hear.out" STOPPING=1 10
    kill "$hear"
}

# `slow` runs until `gate` is written to. A source's nth run says that it added n pages.
gated_worker() {
    fake_worker <<'WORKER'
n=$(cat "$LATTICE_HOME/count.$source" 2>/dev/null || echo 0)
echo $((n + 1)) >"$LATTICE_HOME/count.$source"
echo "$source $((n + 1))" >>"$LATTICE_HOME/ran"
if [ "$source" = slow ]; then
    progress import $((n + 1))
    read -r _ <"$LATTICE_HOME/gate"
fi
record ok '' "added:$((n + 1))"
WORKER
    mkfifo "$LATTICE_HOME/gate"
}

# A source runs all the time: the others follow the new file at once.
test_an_edit_takes_effect_while_a_source_runs() {
    gated_worker
    entries "$(entry slow 1h)" "$(entry a 1h)" "$(entry c 1h)"
    serve --jobs 2
    runs_of slow 1
    runs_of a 1
    runs_of c 1
    entries "$(entry slow 1h)" "$(entry a 100ms)" "$(entry b 1h)"
    runs_of b 1
    runs_of a 4
    expect_exit 64 supervise kick c
    echo '{"sources": [{]}' >"$LATTICE_HOME/sources.json"
    wait_for_line "$TEST_DIR/serve.err" 'the one before stays in force' 10
    expect_exit 0 supervise kick b
    runs_of b 2
    expect_equal "$(cat "$LATTICE_HOME/count.slow")" 1
    echo go >"$LATTICE_HOME/gate"
    wait_for_line "$TEST_DIR/serve.err" 'slow wave .*: ok' 10
    stop_service
}

# What is removed while it runs goes on to its end, and is not started again.
test_a_removed_source_runs_to_its_end() {
    gated_worker
    entries "$(entry slow 100ms)" "$(entry a 1h)"
    serve --jobs 2
    runs_of slow 1
    entries "$(entry a 1h)"
    wait_for_line "$TEST_DIR/serve.err" '1 source; what was removed and runs goes on to its end' 10
    expect_exit 64 supervise kick slow
    entries "$(entry a 1h)" "$(entry b 1h)"
    runs_of b 1
    echo go >"$LATTICE_HOME/gate"
    wait_for_line "$TEST_DIR/serve.err" 'slow wave .*: ok' 10
    expect_exit 0 supervise kick a
    runs_of a 2
    expect_equal "$(cat "$LATTICE_HOME/count.slow")" 1
    entries "$(entry slow 1h)"
    runs_of slow 2
    # Removed and back before its end: it is the same run, and one more under the new entry.
    entries "$(entry a 1h)" "$(entry b 1h)" "$(entry c 1h)"
    wait_for_line "$TEST_DIR/serve.err" 'was read again: 3 sources; what was removed' 10
    wait_for_line "$TEST_DIR/serve.err" 'c wave .*: ok' 10
    wait_for_line "$TEST_DIR/serve.err" 'b wave .*: ok, .* 2 added' 10 # else it, too, is one that was removed and runs
    entries "$(entry slow 1h)" "$(entry a 1h)"
    wait_for_line "$TEST_DIR/serve.err" 'was read again: 2 sources$' 10
    echo go >"$LATTICE_HOME/gate"
    runs_of slow 3
    echo go >"$LATTICE_HOME/gate"
    wait_for_line "$TEST_DIR/serve.err" 'slow wave .*: ok, .* 3 added' 10
    stop_service
    expect_equal "$(ledger "SELECT count(*) FROM attempt WHERE source = 'slow' AND outcome = 'ok'")" 3
}

# A source that is taken out and put back is no new one: it is not tried at once, and its failures go on counting.
test_a_removed_source_keeps_its_backoff() {
    counting_worker
    entries "$(entry bad 1h)" "$(entry a 1h)"
    serve
    runs_of bad 1
    wait_for_line "$TEST_DIR/serve.err" 'bad wave .*: failed' 10
    entries "$(entry a 1h)"
    wait_for_line "$TEST_DIR/serve.err" 'was read again: 1 source$' 10
    entries "$(entry bad 1h)" "$(entry a 1h)"
    wait_for_line "$TEST_DIR/serve.err" 'was read again: 2 sources$' 10
    expect_exit 1 supervise --source bad
    stop_service
    expect_equal "$(cat "$LATTICE_HOME/count.bad")" 2
    expect_equal "$(ledger "SELECT failures FROM source_state WHERE source = 'bad'")" 2
}

test_who_waits_for_a_source_that_is_removed_gets_its_result() {
    gated_worker
    entries "$(entry slow 1h)" "$(entry a 1h)"
    serve
    runs_of slow 1
    wait_for_line "$TEST_DIR/serve.err" 'a wave .*: ok' 10 # else it is given the run under way
    # It asks in this order: once `a` runs for it, it waits for `slow`.
    start client "$FAKE/lattice-supervise" --source slow --source a
    local client=$STARTED
    runs_of a 2
    entries "$(entry a 1h)"
    wait_for_line "$TEST_DIR/serve.err" 'runs goes on to its end' 10
    echo go >"$LATTICE_HOME/gate"
    wait_exit "$client"
    expect_matches "$TEST_DIR/client.out" '^slow +git +ok '
    stop_service
}

test_sighup_reads_sources_json_again() {
    counting_worker
    entries "$(entry a 1h)"
    serve
    runs_of a 1
    kill -HUP "$SERVE"
    wait_for_line "$TEST_DIR/serve.err" 'sources.json was read again: 1 source' 10
    expect_exit 0 supervise kick a
    runs_of a 2
    stop_service
}

# There is always something to do, and a lock that somebody left is cleared all the same.
test_a_service_that_is_never_idle_sweeps() {
    gated_worker
    entries "$(entry slow 1h)" "$(entry a 100ms)"
    serve --jobs 2
    runs_of slow 1
    runs_of a 2
    mkdir -p "$LATTICE_HOME/sources/old"
    make_repo repo
    repo_commit repo
    LATTICE_HOME=$TEST_DIR/other expect_exit 0 "$SUPERVISE" add old "$TEST_DIR/repo"
    LATTICE_HOME=$TEST_DIR/other expect_exit 0 "$SUPERVISE" --all
    sqlite3 -batch "$TEST_DIR/other/sources/old/store.db" "PRAGMA journal_mode=DELETE;
        INSERT INTO lock VALUES(1, 'gone', '$(hostname)', '$(cat /proc/sys/kernel/random/boot_id)',
            $(stat -Lc %i /proc/self/ns/pid), 2147483000, 1, 'import', 5, 10, 1, 1, 7)" >"$OUT"
    cp "$TEST_DIR/other/sources/old/store.db" "$LATTICE_HOME/sources/old/store.db"
    wait_for_line "$TEST_DIR/serve.err" 'old sweep: cleared the lock row of pid 2147483000 .*: its process is gone' 40
    expect_equal "$(cat "$LATTICE_HOME/count.slow")" 1
    echo go >"$LATTICE_HOME/gate"
    wait_for_line "$TEST_DIR/serve.err" 'slow wave .*: ok' 10
    stop_service
}

# While it runs: after a round, and within one that does not end.
test_metrics_are_written_while_it_runs() {
    gated_worker
    local metrics=$LATTICE_HOME/metrics/lattice.prom
    mkdir -m 700 "$LATTICE_HOME/metrics"
    entries "$(entry a 1h)"
    serve
    wait_for_line "$metrics" '^lattice_last_round_duration_seconds [0-9]+\.[0-9]{3}$' 20
    expect_matches "$metrics" '^lattice_runs_total\{outcome="ok"\} 1$'
    expect_matches "$metrics" '^lattice_source_status\{source="a",kind="git",status="ok",cause=""\} 1$'
    expect_matches "$metrics" '^lattice_source_last_attempt_timestamp_seconds\{source="a"\} 1[0-9]{9}$'
    expect_matches "$metrics" '^lattice_loop_lag_seconds [0-9]+\.[0-9]{3}$'
    expect_exit 75 supervise --all
    entries "$(entry a 1h)" "$(entry slow 1h)"
    runs_of slow 1
    expect_exit 0 supervise kick a
    wait_for_line "$metrics" '^lattice_runs_total\{outcome="ok"\} 2$' 30
    expect_matches "$metrics" '^lattice_source_status\{source="slow",kind="git",status="running",cause=""\} 1$'
    expect_matches "$metrics" '^lattice_overlaps_total 1$'
    echo go >"$LATTICE_HOME/gate"
    wait_for_line "$TEST_DIR/serve.err" 'slow wave .*: ok' 10
    stop_service
}

# rss_kib PID
rss_kib() {
    sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB$/\1/p' "/proc/$1/status"
}

# Hundreds of runs leave it as it was: heavy-tests/soak.sh has thousands.
# limit: 240
test_runs_leave_no_descriptor_and_no_memory_behind() {
    local fds rss
    counting_worker
    entries "$(entry a 10ms)" "$(entry b 10ms)"
    serve
    runs_of a 50
    fds=$(find "/proc/$SERVE/fd" -type l | wc -l)
    rss=$(rss_kib "$SERVE")
    # Under a sanitizer a run takes five times as long, and only descriptors are counted.
    local last=120
    [ "$TEST_VARIANT" != release ] || last=250
    wait_for_line "$LATTICE_HOME/ran" "^a $last\$" 200
    # Those of the workers of this moment come and go.
    local more=$(($(find "/proc/$SERVE/fd" -type l | wc -l) - fds))
    [ "$more" -le 12 ] || fail "$more descriptors more"
    [ "$TEST_VARIANT" != release ] || [ $(($(rss_kib "$SERVE") - rss)) -le 1024 ] ||
        fail "from $rss KiB to $(rss_kib "$SERVE") KiB"
    stop_service
}

# An idle service does not wake up: it makes no system call at all, but in the first two seconds,
# in which it still writes down what it did.
test_an_idle_service_sleeps() {
    command -v strace >/dev/null || skip 'there is no strace'
    [ "$TEST_VARIANT" != tsan ] || skip 'a thread of ThreadSanitizer wakes up by itself'
    counting_worker
    entries "$(entry a 1h)" "$(entry b 1h)"
    serve
    runs_of a 1
    runs_of b 1
    wait_for_line "$TEST_DIR/serve.err" 'b wave' 10
    start trace strace -f -qq -ttt -o "$TEST_DIR/calls" -p "$SERVE"
    local seconds=${IDLE_SECONDS:-6}
    read -r -t "$seconds" _ <> <(:) || true
    kill -INT "$STARTED"
    wait_exit "$STARTED"
    [ -s "$TEST_DIR/calls" ] || fail 'strace saw nothing, not even the sleep'
    awk 'NR == 1 { from = $2 + 2 } $2 > from && !/detached/' "$TEST_DIR/calls" >"$TEST_DIR/awake"
    [ "$(wc -l <"$TEST_DIR/awake")" -eq 0 ] || { show "$TEST_DIR/awake"; fail 'it was awake'; }
    stop_service
}
