# What surrounds a worker and its git: descriptors, signals, limits, environment; and a death that takes git along.
# shellcheck shell=bash disable=SC2016 # scripts for other shells

# shellcheck source=tests/e2e/lib/worker.sh
. "$LATTICE_ROOT/tests/e2e/lib/worker.sh"

# source_at [PREFIX]: three pages.
source_at() {
    make_repo "$TEST_DIR/notes"
    repo_pages "$TEST_DIR/notes" 3
    repo_commit "$TEST_DIR/notes"
    git -C "$TEST_DIR/notes" config uploadpack.allowFilter true
    add_source notes "${1:-}$TEST_DIR/notes"
}

# keep FILE: each git leaves this file of /proc/PID, its own and that of its worker, in $TEST_DIR. By the shell itself:
# while it waits for a child it blocks signals.
keep() {
    wrap_git "mapfile own </proc/\$\$/$1; printf %s \"\${own[@]}\" >>'$TEST_DIR/git.$1'
mapfile its </proc/\$PPID/$1; printf %s \"\${its[@]}\" >>'$TEST_DIR/worker.$1'"
}

# In closed descriptors 3 and 4 the store and its log would be opened, and results written into them.
test_a_worker_without_descriptors_0_to_4_writes_into_no_wrong_file() {
    source_at
    wrap_git "for fd in 0 1 2 3 4; do readlink /proc/\$PPID/fd/\$fd; done >'$TEST_DIR/fds'"
    local code=0
    "$WORKER" sync notes <&- >&- 2>&- 3>&- 4>&- || code=$?
    expect_equal "$code" 0 'exit code'
    expect_equal "$(sort -u "$TEST_DIR/fds")" /dev/null
    expect_equal "$(wc -l <"$TEST_DIR/fds")" 5
    expect_pages notes 3
    store_sound notes
}

test_an_inherited_descriptor_does_not_reach_git() {
    source_at
    wrap_git "ls -l /proc/\$\$/fd >>'$TEST_DIR/fds'"
    echo x >"$TEST_DIR/inherited"
    "$WORKER" sync notes 9<"$TEST_DIR/inherited" >/dev/null
    expect_contains "$TEST_DIR/fds" ' 2 -> '
    expect_not_contains "$TEST_DIR/fds" inherited
}

test_a_worker_that_a_supervisor_started_stands_behind_others_and_its_git_too() {
    local own
    source_at file://
    wrap_git "nice >>'$TEST_DIR/git.nice'; cat /proc/\$PPID/autogroup >>'$TEST_DIR/worker.group'"
    own=$(nice)
    "$WORKER" sync notes >/dev/null
    expect_equal "$(sort -u "$TEST_DIR/git.nice")" "$own" 'of a run by hand'
    rm "$TEST_DIR/git.nice" "$TEST_DIR/worker.group"
    "$SUPERVISE" --all >/dev/null 2>&1
    expect_equal "$(sort -u "$TEST_DIR/git.nice")" "$own" 'where LATTICE_NICE is 0'
    rm "$TEST_DIR/git.nice" "$TEST_DIR/worker.group"
    unset LATTICE_NICE
    "$SUPERVISE" --all >/dev/null 2>&1
    expect_equal "$(sort -u "$TEST_DIR/git.nice")" "$((own < 14 ? own + 5 : 19))" 'of a supervised one'
    [ ! -s "$TEST_DIR/worker.group" ] || expect_contains "$TEST_DIR/worker.group" 'nice 5'
}

test_a_worker_of_an_inbox_does_not_stand_behind() {
    source_at
    "$SUPERVISE" add box --kind inbox >/dev/null
    echo '{"session":"s","text":"waited for"}' | "$WORKER" append box
    LATTICE_LOG=debug LATTICE_NICE=wrong "$SUPERVISE" --all >"$OUT" 2>"$ERR"
    expect_contains "$ERR" 'LATTICE_NICE: expected a number from 0 to 19; 5 is taken'
    expect_contains "$OUT" '2 ok'
    expect_contains "$ERR" 'notes start: stands behind others'
    expect_not_contains "$ERR" 'box start: stands behind'
}

test_no_core_dump_is_left_though_the_caller_allows_them() {
    source_at
    keep limits
    (ulimit -S -c unlimited) 2>/dev/null || skip 'no core dumps are allowed here at all'
    (ulimit -S -c unlimited && "$WORKER" sync notes >/dev/null)
    expect_matches "$TEST_DIR/worker.limits" '^Max core file size +0 +0 '
    expect_matches "$TEST_DIR/git.limits" '^Max core file size +0 +0 '
}

test_nothing_that_is_started_can_gain_privileges() {
    source_at
    keep status
    sync_exits 0 'ok, 3 pages' notes
    expect_equal "$(cat "$TEST_DIR"/{git,worker}.status | sed -n 's/^NoNewPrivs:[[:space:]]*//p' | sort -u)" 1
}

# The naive way hands down what nohup, a shell or libuv left: a git that does not hear SIGTERM, or never sees a child end.
test_git_hears_signals_that_its_caller_ignored_or_blocked() {
    source_at
    keep status
    local signal mask=0 options=()
    for signal in TERM INT PIPE CHLD ALRM USR2; do
        options+=("--ignore-signal=$signal" "--block-signal=$signal")
        mask=$((mask | 1 << ($(kill -l "$signal") - 1)))
    done
    expect_exit 0 env "${options[@]}" "$WORKER" sync notes
    local ignored blocked
    ignored=$(sed -n 's/^SigIgn:[[:space:]]*//p' "$TEST_DIR/git.status" | sort -u)
    blocked=$(sed -n 's/^SigBlk:[[:space:]]*//p' "$TEST_DIR/git.status" | sort -u)
    expect_equal "$(wc -l <<<"$ignored")" 1
    expect_equal $((0x$ignored & mask)) 0 'what git ignores'
    expect_equal "$blocked" 0000000000000000 'what git blocks'
}

test_no_git_variable_of_the_caller_reaches_git() {
    source_at
    wrap_git "env >>'$TEST_DIR/env'"
    local name names=()
    while read -r name; do
        names+=("$name=inherited")
    done < <(git rev-parse --local-env-vars)
    [ "${#names[@]}" -gt 10 ] || fail 'git named hardly any variable'
    expect_exit 0 env "${names[@]}" GIT_EXTERNAL_DIFF=inherited GIT_SSH=inherited SSH_ASKPASS=inherited "$WORKER" sync notes
    expect_contains "$TEST_DIR/env" 'GIT_TERMINAL_PROMPT=0'
    expect_not_contains "$TEST_DIR/env" inherited
    store_equals_git notes "$TEST_DIR/notes"
}

# Else reading a partial clone runs a command that its configuration names, and writes into it.
test_only_our_own_fetches_may_fetch() {
    source_at file://
    wrap_git "echo \"\$sub lazy=\${GIT_NO_LAZY_FETCH-} \$GIT_ALLOW_PROTOCOL\" >>'$TEST_DIR/calls'"
    sync_exits 0 'ok, 3 pages' notes
    expect_matches "$TEST_DIR/calls" '^fetch lazy= file:http:https:ssh$'
    expect_matches "$TEST_DIR/calls" '^cat-file lazy=1 none$'
    expect_equal "$(grep -vE '^(fetch|ls-remote) ' "$TEST_DIR/calls" | sed 's/^[^ ]* //' | sort -u)" 'lazy=1 none'
}

test_git_is_gone_with_a_worker_by_hand_that_was_killed() {
    source_at
    hold_git cat-file
    start worker "$WORKER" sync notes
    wait_held
    kill -KILL "$STARTED"
    wait_exit "$STARTED"
    wait_gone "$(tail -n 1 "$TEST_DIR/held")" 5
}

# each FILE ERE: every line matches.
each() {
    local others
    others=$(grep -vE -- "$2" "$1" || true)
    expect_equal "$others" '' "lines without $2"
}

# A git whose folder is found by the current one may find the user's; a hook or a background gc outlives us.
test_git_is_told_its_repository_and_runs_no_hook_no_gc_and_no_endless_transfer() {
    source_at file://
    wrap_git ''
    sync_exits 0 'ok, 3 pages' notes
    grep -v ' ls-remote \| init ' "$TEST_DIR/git.args" >"$TEST_DIR/reading"
    expect_matches "$TEST_DIR/reading" ' fetch '
    expect_matches "$TEST_DIR/reading" ' cat-file '
    each "$TEST_DIR/reading" '^--git-dir=/'
    each "$TEST_DIR/git.args" '(^| )-c core.hooksPath=/dev/null '
    each "$TEST_DIR/git.args" ' -c gc.auto=0 .*-c maintenance.auto=false '
    grep ' fetch ' "$TEST_DIR/git.args" >"$TEST_DIR/fetching"
    each "$TEST_DIR/fetching" ' -c http.lowSpeedLimit=[1-9].* -c http.lowSpeedTime=[1-9]'
}
