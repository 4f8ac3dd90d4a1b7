# What a worker starts does not outlive it, whatever it does to get away; and nobody else's process is touched.
# shellcheck shell=bash disable=SC2016,SC2153 # scripts for other shells; lib.sh sets CODE

# shellcheck source=tests/e2e/lib/fake_worker.sh
. "$LATTICE_ROOT/tests/e2e/lib/fake_worker.sh"

# For fake workers: `stray PRE...` starts, by the words PRE before it, a process that ignores what can be ignored, in a
# session of its own and without its parent; its pid is in $LATTICE_HOME/stray once it is so far.
STRAY='
stray() {
    export LATTICE_HOME
    (setsid "$@" bash -c "trap \"\" TERM INT HUP; echo \$\$ >\"\$0\"; exec sleep infinity" "$LATTICE_HOME/stray" &)
    until [ -s "$LATTICE_HOME/stray" ]; do :; done
}
'

# tier_or_skip NAME: from now on in this tier.
tier_or_skip() {
    export LATTICE_CONTAINMENT=$1
    [ -d "$LATTICE_HOME" ] || mkdir -m 700 "$LATTICE_HOME"
    [ -e "$LATTICE_HOME/sources.json" ] || echo '{"sources": []}' >"$LATTICE_HOME/sources.json"
    run "$SUPERVISE" status
    if [ "$CODE" -ne 0 ] || ! grep -q "^containment: $1 " "$OUT"; then
        skip "the tier $1 cannot be had here"
    fi
}

test_status_names_the_tier_in_text_and_json() {
    fake_worker <<<'record ok ""'
    sources a
    expect_exit 0 supervise status
    expect_matches "$OUT" '^containment: (cgroup|subreaper) \('
    expect_exit 0 supervise status --json
    expect_matches "$OUT" '"containment": "(cgroup|subreaper)"'
    LATTICE_CONTAINMENT=marker expect_exit 0 supervise --all --json
    expect_equal "$(json containment)" marker
}

test_an_unknown_tier_is_refused() {
    fake_worker <<<'record ok ""'
    sources a
    LATTICE_CONTAINMENT=prayer expect_exit 78 supervise --all
    expect_contains "$ERR" 'LATTICE_CONTAINMENT=prayer: expected cgroup, subreaper or marker'
}

# The naive way kills the group: this one left it.
left_the_session() {
    tier_or_skip "$1"
    fake_worker <<<"$STRAY"'stray; trap "" TERM; while :; do sleep infinity; done'
    sources a
    expect_exit 1 supervise --source a --json --timeout 1s --grace 100ms --waves 1
    wait_gone "$(cat "$LATTICE_HOME/stray")" 0
    expect_equal "$(json 'sources[0].kill_stage')" 'kill, swept 1'
    expect_equal "$(ledger 'SELECT kill_stage FROM attempt')" 'kill, swept 1'
}

test_who_left_session_and_parent_is_gone_when_the_slot_is_free_in_tier_marker() {
    left_the_session marker
}

test_who_left_session_and_parent_is_gone_when_the_slot_is_free_in_tier_subreaper() {
    left_the_session subreaper
}

test_who_left_session_and_parent_is_gone_when_the_slot_is_free_in_tier_cgroup() {
    left_the_session cgroup
}

test_the_table_says_what_was_swept() {
    fake_worker <<<"$STRAY"'stray; exit 3'
    sources a
    expect_exit 3 supervise --source a --waves 1
    wait_gone "$(cat "$LATTICE_HOME/stray")" 0
    expect_matches "$OUT" 'ended by: swept 1$'
}

# The naive way looks for a mark: this one has none.
test_who_cleared_its_environment_is_found_by_descent() {
    tier_or_skip subreaper
    fake_worker <<<"$STRAY"'stray env -i; exit 3'
    sources a
    expect_exit 3 supervise --source a --json --waves 1
    wait_gone "$(cat "$LATTICE_HOME/stray")" 0
    expect_equal "$(json 'sources[0].kill_stage')" 'swept 1'
}

# The naive way sends SIGTERM and waits: a stopped process does not act on it.
test_who_stopped_itself_outside_of_the_group_is_gone() {
    fake_worker <<'WORKER'
(setsid bash -c 'echo $$ >"$LATTICE_HOME/stray"; kill -STOP $$' &)
until [ -s "$LATTICE_HOME/stray" ]; do :; done
exit 3
WORKER
    sources a
    expect_exit 3 supervise --source a --waves 1
    wait_gone "$(cat "$LATTICE_HOME/stray")" 0
}

# The naive way looks once: these start each other anew.
test_two_that_start_each_other_anew_are_gone() {
    tier_or_skip subreaper
    fake_worker <<'WORKER'
cat >"$LATTICE_HOME/pair" <<'PAIR'
#!/bin/bash
echo "$$" >>"$LATTICE_HOME/pairs"
[ "$1" ] || { "$0" $$ & set -- $!; }
while kill -0 "$1" 2>/dev/null; do read -r -t 0.01 _ <>"$LATTICE_HOME/never"; done
exec "$0"
PAIR
chmod +x "$LATTICE_HOME/pair"
mkfifo "$LATTICE_HOME/never"
export LATTICE_HOME
(setsid "$LATTICE_HOME/pair" &)
until [ "$(wc -l <"$LATTICE_HOME/pairs" 2>/dev/null)" -ge 2 ] 2>/dev/null; do :; done
exit 3
WORKER
    sources a
    expect_exit 3 supervise --source a --waves 1
    local pid
    while read -r pid; do
        wait_gone "$pid" 0
    done <"$LATTICE_HOME/pairs"
}

# A shell that is replaced by us may have children; they, and what they leave behind, are none of ours.
test_children_that_were_there_at_start_are_left_alone() {
    fake_worker <<<"$STRAY"'stray; exit 3'
    sources a
    run env -u LATTICE_MARK bash -c '
        sleep infinity & echo $! >"$1/child"
        bash -c "until [ -s \"\$0/stray\" ]; do :; done; setsid sleep infinity & echo \$! >\"\$0/orphan\"" "$LATTICE_HOME" &
        mv "$1/child" "$1/child.pid"
        exec "$0" --source a --waves 1' "$FAKE/lattice-supervise" "$TEST_DIR"
    expect_equal "$CODE" 3
    wait_gone "$(cat "$LATTICE_HOME/stray")" 0
    wait_for_line "$LATTICE_HOME/orphan" . 5
    local child orphan
    child=$(cat "$TEST_DIR/child.pid")
    orphan=$(cat "$LATTICE_HOME/orphan")
    kill -0 "$child" || fail 'a child that was there at start was ended'
    kill -0 "$orphan" || fail 'what that child left was ended'
    kill -KILL "$child" "$orphan"
}

# stray_of_a_killed_supervisor: one is alive although its worker and supervisor are gone.
stray_of_a_killed_supervisor() {
    tier_or_skip marker
    fake_worker <<<"[ -e \"\$LATTICE_HOME/again\" ] && { grep -sq '^State:.[^Z]' /proc/\$(cat \"\$LATTICE_HOME/stray\")/status && exit 70; record ok ''; exit 0; }$STRAY"'echo $$ >"$LATTICE_HOME/worker"; stray; read -r _ <&4'
    sources a
    start first "$FAKE/lattice-supervise" --all
    wait_for_line "$LATTICE_HOME/stray" . 10
    kill -KILL "$STARTED"
    wait_exit "$STARTED"
    wait_gone "$(cat "$LATTICE_HOME/worker")" 10 # it sees the end of its lifeline
    STRAY_PID=$(cat "$LATTICE_HOME/stray")
    kill -0 "$STRAY_PID" || fail 'it did not survive: nothing is tested'
    touch "$LATTICE_HOME/again"
}

test_the_next_start_ends_what_a_killed_supervisor_left_before_it_works() {
    stray_of_a_killed_supervisor
    expect_exit 0 supervise --all
    wait_gone "$STRAY_PID" 0
    expect_contains "$ERR" 'a sweep: ended 1 process that an earlier run left'
}

test_another_homes_leftovers_are_left_alone() {
    stray_of_a_killed_supervisor
    local first=$LATTICE_HOME
    export LATTICE_HOME=$TEST_DIR/second
    mkdir -m 700 "$LATTICE_HOME"
    cp "$first/sources.json" "$LATTICE_HOME/"
    cp "$first/stray" "$first/again" "$LATTICE_HOME/"
    run supervise --all
    kill -0 "$STRAY_PID" || fail "another home's process was ended"
    export LATTICE_HOME=$first
    expect_exit 0 supervise --all
    wait_gone "$STRAY_PID" 0
}

# A real worker whose git leaves one that no mark and no group gives away.
strays_git() {
    make_repo repo
    repo_pages repo 3
    repo_commit repo
    expect_exit 0 "$SUPERVISE" add notes "$TEST_DIR/repo"
    mkdir "$TEST_DIR/hang"
    cat >"$TEST_DIR/hang/git" <<GIT
#!/bin/bash
(setsid env -i bash -c 'trap "" TERM INT HUP; echo \$\$ >>"$TEST_DIR/stray"; exec sleep infinity' &)
exec sleep infinity
GIT
    chmod +x "$TEST_DIR/hang/git"
    export PATH=$TEST_DIR/hang:$PATH
}

all_goes_with_the_supervisor() {
    tier_or_skip "$1"
    strays_git
    start run "$SUPERVISE" --all
    wait_for_line "$TEST_DIR/stray" . 10
    kill -KILL "$STARTED"
    wait_exit "$STARTED"
    wait_gone "$(cat "$TEST_DIR/stray")" 1
}

test_all_of_a_run_goes_with_a_killed_supervisor_in_tier_subreaper() {
    all_goes_with_the_supervisor subreaper
}

test_all_of_a_run_goes_with_a_killed_supervisor_in_tier_cgroup() {
    all_goes_with_the_supervisor cgroup
}

# The naive way moves the worker: the kernel stops every fork and exit of the machine for that.
test_what_a_worker_starts_is_born_in_the_control_group_of_its_run() {
    tier_or_skip cgroup
    strays_git
    printf '#!/bin/bash\ncat /proc/self/cgroup /proc/$PPID/cgroup >"%s/groups"\nexit 1\n' "$TEST_DIR" >"$TEST_DIR/hang/git"
    run "$SUPERVISE" --all --waves 1
    grep '^0::' "$TEST_DIR/groups" >"$TEST_DIR/own"
    expect_equal "$(wc -l <"$TEST_DIR/own")" 2
    expect_matches "$TEST_DIR/own" '/lattice-[0-9a-f]+-[0-9a-f]+/[0-9a-f-]+$'
    expect_equal "$(sed -n 2p "$TEST_DIR/own")" "$(grep '^0::' /proc/self/cgroup)" 'the group of the worker itself'
}

test_a_worker_run_by_hand_ends_what_its_git_left() {
    strays_git
    start hand "$WORKER" sync notes
    wait_for_line "$TEST_DIR/stray" . 10
    kill -TERM "$STARTED"
    wait_exit "$STARTED"
    wait_gone "$(cat "$TEST_DIR/stray")" 0
}

# limit: 60
test_what_cannot_be_killed_is_stuck_and_holds_up_nobody() {
    local freezer=/sys/fs/cgroup/freezer/lattice-test-$$
    mkdir "$freezer" 2>/dev/null || skip 'no freezer here that could keep a process from dying'
    fake_worker <<WORKER
[ "\$source" = b ] && { record ok ''; exit 0; }
$STRAY
stray
echo "\$(cat "\$LATTICE_HOME/stray")" >$freezer/cgroup.procs
echo FROZEN >$freezer/freezer.state
exit 3
WORKER
    sources a b
    run supervise --source a --source b --json --jobs 1 --waves 1
    echo THAWED >"$freezer/freezer.state"
    wait_gone "$(cat "$LATTICE_HOME/stray")" 5
    rmdir "$freezer"
    expect_equal "$CODE" 1
    expect_equal "$(json 'sources[0].status')" stuck
    expect_contains "$OUT" "process $(cat "$LATTICE_HOME/stray") is still there 5 s after SIGKILL"
    expect_equal "$(json 'sources[1].status')" ok
}

# The naive way reaps at the end of the next run: an idle service has none. Those of a child that was there at start come
# to a service as all of a container's come to its first process.
test_orphans_that_die_while_the_service_is_idle_are_reaped() {
    fake_worker <<<'record ok ""'
    sources a
    mkfifo "$TEST_DIR/go" "$TEST_DIR/never"
    cat >"$TEST_DIR/orphan" <<'ORPHAN'
echo "$2 $$" >>"$1/orphans"
read -r _ <"$1/never"
ORPHAN
    cat >"$TEST_DIR/parent" <<'PARENT'
read -r _ <"$1/go"
for i in 1 2 3; do bash "$1/orphan" "$1" $i & done
PARENT
    start serve bash -c 'bash "$1/parent" "$1" & exec "$0" serve' "$FAKE/lattice-supervise" "$TEST_DIR"
    wait_for_line "$TEST_DIR/serve.err" 'a wave 1: ok' 20
    echo >"$TEST_DIR/go"
    local i pid
    for i in 1 2 3; do
        wait_for_line "$TEST_DIR/orphans" "^$i [0-9]+" 20
    done
    while read -r _ pid; do
        kill -KILL "$pid"
        wait_gone "$pid" 5
    done <"$TEST_DIR/orphans"
    # Two answers: the signal came before the first question, and is heard by the end of that turn of the loop.
    expect_exit 0 supervise status
    expect_exit 0 supervise status
    expect_equal "$(cat "/proc/$STARTED/task/$STARTED/children")" ''
}
