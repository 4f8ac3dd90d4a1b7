# What the tests of the worker share: sources, wrapped gits, a supervisor that is none.
# shellcheck shell=bash

# add_source ID URL [OPTION...]
add_source() {
    expect_exit 0 "$SUPERVISE" add "$@"
}

# sync_exits CODE TEXT ID [OPTION...]: the line that the run prints contains TEXT.
sync_exits() {
    local code=$1 text=$2
    shift 2
    expect_exit "$code" "$WORKER" sync "$@"
    expect_contains "$OUT" "$text"
}

# head_of REPO
head_of() {
    git -C "$1" rev-parse HEAD
}

# expect_pages SOURCE COUNT: in the table as in the counter.
expect_pages() {
    expect_equal "$(sql "$1" 'SELECT count(*) FROM page')" "$2" 'pages in the store'
    expect_equal "$(sql "$1" 'SELECT pages FROM sync_state')" "$2" 'pages as counted'
}

expect_bookmark() {
    expect_equal "$(sql "$1" 'SELECT bookmark FROM sync_state')" "$2" 'bookmark'
}

# store_sound SOURCE: file, foreign keys and index agree; no worker is named as the writer.
store_sound() {
    local db=$LATTICE_HOME/sources/$1/store.db
    expect_equal "$(sqlite3 -batch "$db" 'PRAGMA integrity_check; PRAGMA foreign_key_check;
        INSERT INTO chunk_index(chunk_index, rank) VALUES('"'integrity-check'"', 1);')" ok 'store'
    expect_equal "$(sql "$1" 'SELECT count(*) FROM lock')" 0 'lock rows'
    expect_equal "$(sql "$1" 'SELECT pages = (SELECT count(*) FROM page) AND
        errors = (SELECT count(*) FROM page_error) FROM sync_state')" 1 'counters agree'
}

# hits SOURCE WORD: how many chunks the index finds.
hits() {
    sql "$1" "SELECT count(*) FROM chunk_index WHERE chunk_index MATCH '$2'"
}

# wrap_git BODY: from now on `git` is a script that notes the subcommand in git.log and all
# arguments in git.args, runs BODY (which may use $sub), and then the real git.
wrap_git() {
    local real
    real=$(PATH=${PATH#"$TEST_DIR/bin:"} command -v git)
    mkdir -p "$TEST_DIR/bin"
    cat >"$TEST_DIR/bin/git.new" <<SCRIPT
#!/usr/bin/env bash
sub=
skip=
for arg; do
    case \$skip\$arg in
    -c) skip=1 ;;
    --git-dir=*) ;;
    1*) skip= ;;
    *)
        sub=\$arg
        break
        ;;
    esac
done
echo "\$sub" >>'$TEST_DIR/git.log'
printf '%s\n' "\$*" >>'$TEST_DIR/git.args'
$1
exec '$real' "\$@"
SCRIPT
    chmod 755 "$TEST_DIR/bin/git.new"
    mv "$TEST_DIR/bin/git.new" "$TEST_DIR/bin/git"
    touch "$TEST_DIR/git.log" "$TEST_DIR/git.args"
    case $PATH in
    "$TEST_DIR/bin:"*) ;;
    *) PATH=$TEST_DIR/bin:$PATH ;;
    esac
    hash -r
}

unwrap_git() {
    PATH=${PATH#"$TEST_DIR/bin:"}
    hash -r
}

# hold_git SUBCOMMAND [NTH]: the nth such git stops before it begins, until `let_git_go`.
hold_git() {
    [ -p "$TEST_DIR/gate" ] || mkfifo "$TEST_DIR/gate"
    rm -f "$TEST_DIR/held" "$TEST_DIR/git.log"
    wrap_git "if [ \"\$sub\" = '$1' ] && [ \"\$(grep -cx '$1' '$TEST_DIR/git.log')\" = ${2:-1} ]; then
    echo \$\$ >>'$TEST_DIR/held'
    read -r _ <'$TEST_DIR/gate'
fi"
}

wait_held() {
    wait_for_line "$TEST_DIR/held" . 20
}

let_git_go() {
    echo go >"$TEST_DIR/gate"
}

# supervise_as ID JOB: starts a stand-in for a supervisor (its pid is in $STARTED) that runs a
# worker in a group of its own with JOB on the lifeline; the worker's pid is the line in worker.pid,
# its results go to results. The stand-in is the only one that holds the lifeline's other end.
supervise_as() {
    rm -f "$TEST_DIR/lifeline" "$TEST_DIR/worker.pid"
    mkfifo "$TEST_DIR/lifeline"
    # shellcheck disable=SC2016 # for the inner shell
    start supervisor bash -c '
        exec 9<>"$1/lifeline"
        printf "%s\n" "$4" >&9
        setsid "$2" sync --supervised "$3" 3>"$1/results" 4<"$1/lifeline" 9>&- &
        echo $! >"$1/worker.pid"
        wait $!
        echo "exit $?"' - "$TEST_DIR" "$WORKER" "$1" "$2"
    wait_for_line "$TEST_DIR/worker.pid" . 10
}

# job [KEY:VALUE...]: a job line; later keys win over the defaults.
job() {
    sqlite3 :memory: "SELECT json_patch('{\"v\":1,\"type\":\"job\",
        \"run_id\":\"00000000000000000000000000000001\",\"timeout_ms\":60000,\"grace_ms\":15000,
        \"stall_ms\":7000,\"by_budget\":false,
        \"full\":false,\"allow_shrink\":false,\"quarantine\":[]}', '{${1:-}}')"
}

# cut_by_deadline ID: a first run whose time ends among its pages. How much time that is is the
# machine's matter: a run that is over in time is made again with less, one that came to none with more.
cut_by_deadline() {
    local id=$1 ms=400 enough=0 less=0 try
    for try in {1..24}; do
        rm -rf "$TEST_DIR/results" "$LATTICE_HOME/sources/$id"
        supervise_as "$id" "$(job "\"timeout_ms\":$ms,\"grace_ms\":$((ms / 2))")"
        wait_exit "$STARTED"
        if grep -q '"outcome":"partial".*"remaining":[1-9]' "$TEST_DIR/results"; then
            return 0
        elif grep -q '"outcome":"ok"' "$TEST_DIR/results"; then
            enough=$ms
        else
            less=$ms
        fi
        # The machine is not as quick each time.
        [ "$enough" -eq 0 ] || [ $((enough - less)) -gt $((enough / 16)) ] || less=$((less / 2))
        ms=$((enough ? (less + enough) / 2 : 2 * ms))
    done
    show "$TEST_DIR/results"
    fail "no run was cut by its deadline, the last one of $try with $ms ms"
}

# own_mounts FILE FUNCTION: starts the test again where mounts are its own. Once started again, true.
own_mounts() {
    [ -z "${TEST_OWN_MOUNTS:-}" ] || return 0
    [ "$(id -u)" -eq 0 ] || skip 'only root can mount'
    unshare -m true 2>/dev/null || skip 'mounting is not allowed here'
    TEST_OWN_MOUNTS=1 exec unshare -m -- bash -euo pipefail "$0" "$1" "$2"
}

# cut_in_import ID SIGNAL COMMITS: a run of a source that was synced before; it gets SIGNAL at that commit, counted from
# its start, if it is not over by then. The short grace makes it commit often.
cut_in_import() {
    rm -f "$TEST_DIR/results" "$TEST_DIR/worker.pid"
    start cut "$TOOLS/cut_commit" "$LATTICE_HOME/sources/$1/store.db" "$3" "$(kill -l "$2")" "$TEST_DIR/worker.pid"
    local cut=$STARTED
    cut_runs=$((${cut_runs:-0} + 1))
    wait_for_line "$TEST_DIR/cut.out" watching 10
    supervise_as "$1" "$(job "\"run_id\":\"cut-$cut_runs\",\"grace_ms\":50")"
    wait_exit "$STARTED"
    kill "$cut" 2>/dev/null || true
    wait_exit "$cut"
}
