#!/usr/bin/env bash
# The service for MINUTES over sources that change, hang, crash and vanish; then RUNS runs in a row.
#
# MINUTES=10 SEED=1 HEALTHY=8 EVERY=15 TIMEOUT=5 (seconds) RUNS=10000
# A seeded script commits to the healthy ones, lets one hang and another crash its worker, takes one
# repository away and brings it back, and edits sources.json, also to nonsense. No healthy source may
# ever be staler than EVERY + TIMEOUT. Then four tiny sources run as fast as they go: what the
# service has of processes, descriptors and memory after the last run is what it had after the 500th.
# shellcheck source=heavy-tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

: "${MINUTES:=10}" "${SEED:=1}" "${HEALTHY:=8}" "${EVERY:=15}" "${TIMEOUT:=5}" "${RUNS:=10000}"
FROM=500 # runs after which everything is in memory that will be
RSS_KIB_MORE=1024

# A git that hangs on `hang`, out of its group and deaf, and kills the worker of `crash`, while the
# file of that name is there.
real_git=$(command -v git)
mkdir "$TEST_DIR/bin"
cat >"$TEST_DIR/bin/git" <<GIT
#!/bin/bash
case " \$* " in
*"--git-dir=$REPOS/hang.git"*) [ ! -e "$TEST_DIR/hang" ] || exec setsid bash -c 'trap "" TERM HUP INT; sleep infinity; :' ;;
*"--git-dir=$REPOS/crash.git"*) [ ! -e "$TEST_DIR/crash" ] || kill -SEGV \$PPID ;;
esac
exec "$real_git" "\$@"
GIT
chmod +x "$TEST_DIR/bin/git"

serve() {
    PATH=$TEST_DIR/bin:$PATH start serve "$SUPERVISE" serve "$@"
    SERVE=$STARTED
    wait_for_line "$TEST_DIR/serve.err" 'serve: ready' 120
}

stop_service() {
    kill -TERM "$SERVE"
    wait_exit "$SERVE"
    expect_equal "$CODE" 0 'exit code of the service'
    [ -z "$(marked)" ] || fail "processes are left: $(marked)"
}

# --- what the service has -------------------------------------------------------------------------

# every DURATION: of all sources, from now on; the service reads it again.
every() {
    local reads
    reads=$(grep -c 'was read again' "$TEST_DIR/serve.err" || true)
    sed "s/\"every\": *\"[0-9a-z]*\"/\"every\": \"$1\"/" "$LATTICE_HOME/sources.json" >"$LATTICE_HOME/sources.json.new"
    mv "$LATTICE_HOME/sources.json.new" "$LATTICE_HOME/sources.json"
    until [ "$(grep -c 'was read again' "$TEST_DIR/serve.err" || true)" -gt "$reads" ]; do
        sleep 0.1
    done
}

# has: `processes descriptors rss_kib`, once nothing runs.
has() {
    every 1h
    while [ -n "$(pgrep -P "$SERVE")" ]; do
        sleep 0.2
    done
    sleep 2 # the last sweep, the ledger, the metrics
    echo "$(marked | wc -l) $(find "/proc/$SERVE/fd" -type l | wc -l)" \
        "$(awk '/^VmRSS/ { print $2 }' "/proc/$SERVE/status")"
    every "$1"
}

# expect_flat WHAT BEFORE AFTER: both as `has` prints them.
expect_flat() {
    local old new
    read -ra old <<<"$2"
    read -ra new <<<"$3"
    say "$1: processes ${old[0]} -> ${new[0]}, descriptors ${old[1]} -> ${new[1]}, memory ${old[2]} -> ${new[2]} KiB"
    [ "${new[0]}" -le "${old[0]}" ] || fail "$1: processes are left over"
    [ "${new[1]}" -le "${old[1]}" ] || fail "$1: descriptors are left over"
    [ $((new[2] - old[2])) -le "$RSS_KIB_MORE" ] || fail "$1: memory has grown by more than $RSS_KIB_MORE KiB"
}

# --- minutes of trouble ---------------------------------------------------------------------------

healthy=()
for ((i = 1; i <= HEALTHY; i++)); do
    healthy+=("ok$i")
done
trouble=(hang crash vanish)

new_repos 20 "${healthy[@]}" "${trouble[@]}"
new_home soak
# Of these nothing changes: with a branch that is another name of one, each run asks git all the same.
for id in "${trouble[@]}"; do
    git -C "$REPOS/$id.git" symbolic-ref refs/heads/alias "$(git -C "$REPOS/$id.git" symbolic-ref HEAD)"
done
for id in "${healthy[@]}" "${trouble[@]}"; do
    branch=()
    [[ $id = ok* ]] || branch=(--branch alias)
    "$SUPERVISE" add "$id" "$REPOS/$id.git" "${branch[@]}" --set every="${EVERY}s" --set timeout="${TIMEOUT}s" --set grace=1s >/dev/null
done

toggle() {
    if [ -e "$TEST_DIR/$1" ]; then rm "$TEST_DIR/$1"; else touch "$TEST_DIR/$1"; fi
}

# One move of the script.
declare -A moves
rounds=0
move() {
    local possible=(commit commit commit hang crash vanish edit nonsense kick retry) what
    what=${possible[RANDOM % ${#possible[@]}]}
    moves[$what]=$((${moves[$what]:-0} + 1))
    case $what in
    commit)
        rounds=$((rounds + 1))
        next_commit "${healthy[RANDOM % HEALTHY]}" 20 --round "$rounds"
        ;;
    hang | crash) toggle "$what" ;;
    vanish)
        if [ -d "$REPOS/vanish.git" ]; then
            mv "$REPOS/vanish.git" "$REPOS/gone.git"
        else
            mv "$REPOS/gone.git" "$REPOS/vanish.git"
        fi
        ;;
    edit)
        "$SUPERVISE" remove extra >/dev/null 2>&1 ||
            "$SUPERVISE" add extra "$REPOS/ok1.git" --set every="${EVERY}s" --set timeout="${TIMEOUT}s" --set grace=1s >/dev/null
        ;;
    nonsense)
        cp "$LATTICE_HOME/sources.json" "$TEST_DIR/sources.json"
        echo '{"sources": [' >"$LATTICE_HOME/sources.json"
        sleep 0.5
        cp "$TEST_DIR/sources.json" "$LATTICE_HOME/sources.json.new"
        mv "$LATTICE_HOME/sources.json.new" "$LATTICE_HOME/sources.json"
        ;;
    kick) "$SUPERVISE" kick >/dev/null || fail 'kick is not answered' ;;
    retry) for id in "${trouble[@]}"; do "$SUPERVISE" retry "$id" >/dev/null || fail 'retry is not answered'; done ;;
    esac
}

# stalest: the age in seconds of the stalest healthy store, and whose it is.
stalest() {
    "$SUPERVISE" status --json "${healthy[@]}" 2>/dev/null >"$TEST_DIR/status.json"
    sqlite3 :memory: "SELECT max(coalesce(s.value ->> 'fresh_s', 999999)) || ' ' || (s.value ->> 'id')
        FROM json_each(CAST(readfile('$TEST_DIR/status.json') AS TEXT), '\$.sources') s"
}

expect_exit 0 "$SUPERVISE" --all
# While nothing runs everything grows old; then it is fresh again before the script goes on.
look_at_rest() {
    rm -f "$TEST_DIR/hang" "$TEST_DIR/crash"
    before=$(has "${EVERY}s")
    "$SUPERVISE" kick >/dev/null
    until read -r age id <<<"$(stalest)" && [ "$age" -lt "$TIMEOUT" ]; do
        sleep 0.5
    done
}

RANDOM=$SEED
serve --jobs 4
until_s=$((SECONDS + MINUTES * 60))
worst=0
before=
looks=0
while [ "$SECONDS" -lt "$until_s" ]; do
    move
    read -r age id <<<"$(stalest)"
    looks=$((looks + 1))
    [ "$age" -le "$worst" ] || worst=$age
    # Ages are whole seconds, rounded down at both ends.
    [ "$age" -le $((EVERY + TIMEOUT + 1)) ] || fail "$id is stale for $age s: more than $EVERY s + $TIMEOUT s"
    kill -0 "$SERVE" || fail 'the service has ended'
    # Everything has happened: what it has now is what it needs.
    [ -n "$before" ] || [ "$SECONDS" -lt $((until_s - MINUTES * 48)) ] || look_at_rest
    sleep 0.$((RANDOM % 9 + 1))
done
rm -f "$TEST_DIR/hang" "$TEST_DIR/crash"
[ -d "$REPOS/vanish.git" ] || mv "$REPOS/gone.git" "$REPOS/vanish.git"
expect_flat "$MINUTES minutes" "$before" "$(has "${EVERY}s")"
text=''
for what in "${!moves[@]}"; do
    text+=" $what x${moves[$what]}"
done
say "moves:$text"
[ ${#moves[@]} -eq 8 ] || fail 'not every kind of trouble came: MINUTES is too small'
say "greatest staleness of a healthy source: $worst s of $EVERY + $TIMEOUT s, in $looks looks"
stop_service
"$SUPERVISE" retry hang >/dev/null
for id in "${healthy[@]}" "${trouble[@]}"; do
    run "$SUPERVISE" --source "$id"
    [ "$CODE" -eq 0 ] || {
        show "$OUT" "$ERR"
        fail "$id: not synced once its trouble was over"
    }
    expect_at_head "$id"
    expect_equal_git "$id"
    expect_sound "$id"
    expect_lock_free "$id"
done
outcomes=$(sqlite3 -batch -readonly "$LATTICE_HOME/ledger.db" \
    "SELECT group_concat(label || ' ' || count, ', ') FROM counter WHERE name = 'run'")
say "runs: $outcomes"
[[ $outcomes = *crashed* && $outcomes =~ (killed|partial|failed) ]] || fail 'no worker crashed or hung: this test shows nothing'

# --- runs in a row --------------------------------------------------------------------------------

tiny=(t1 t2 t3 t4)
new_repos 20 "${tiny[@]}"
new_home runs
for id in "${tiny[@]}"; do
    "$SUPERVISE" add "$id" "$REPOS/$id.git" --set every=1ms >/dev/null
done

runs_done() {
    sqlite3 -batch -readonly -cmd '.timeout 5000' "$LATTICE_HOME/ledger.db" \
        "SELECT coalesce(sum(count), 0) FROM counter WHERE name = 'run'"
}

wait_for_runs() {
    while [ "$(runs_done)" -lt "$1" ]; do
        kill -0 "$SERVE" || fail 'the service has ended'
        sleep 1
    done
}

serve
from_s=$SECONDS
wait_for_runs "$FROM"
before=$(has 1ms)
wait_for_runs "$RUNS"
expect_flat "from run $FROM to run $(runs_done) ($((SECONDS - from_s)) s)" "$before" "$(has 1ms)"
stop_service
expect_equal "$(sqlite3 -batch -readonly "$LATTICE_HOME/ledger.db" \
    "SELECT coalesce(sum(count), 0) FROM counter WHERE name = 'run' AND label NOT IN ('ok', 'unchanged', 'partial', 'failed')")" 0 \
    'runs that were neither ok nor cut at the end'
echo 'passed'
