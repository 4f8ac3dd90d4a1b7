#!/usr/bin/env bash
# 100 agents push 1,000 observations each while four repositories are imported and service and worker
# are killed at random: each that was acknowledged is in the store once and in order, is found within
# a second, and waits for its acknowledgement hardly longer than in a bare group commit.
set -euo pipefail

# shellcheck source=heavy-tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/e2e/lib/reads_serve.sh
. "$LATTICE_ROOT/tests/e2e/lib/reads_serve.sh"

: "${SEED:=1}" "${AGENTS:=100}" "${EACH:=1000}" "${PAGES:=100000}" "${KILLS:=12}" "${ROUNDS:=3}" "${FOUND:=50}" "${FOUND_MS:=1000}"
RANDOM=$SEED
TOTAL=$((AGENTS * EACH))

# --- parts ----------------------------------------------------------------------------------------

resident_kib() {
    sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$SERVE/status"
}

# micros FILE FIELD: of a run's last line.
micros() {
    sed -n "s/^micros.* $2 \\([0-9]*\\).*/\\1/p" "$1"
}

# middle NUMBER...
middle() {
    printf '%s\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p"
}

# new_home: an empty one with the inbox `in` and four large repositories, and a supervisor that imports
# them all at a time.
new_home() {
    local id
    rm -rf "$LATTICE_HOME"
    expect_exit 0 "$SUPERVISE" add in --kind inbox --set every=1h
    for id in "${repos[@]}"; do
        expect_exit 0 "$SUPERVISE" add "$id" "$REPOS/$id.git"
    done
    start supervise "$SUPERVISE" serve --jobs 5
    SUPERVISOR=$STARTED
    wait_for_line "$TEST_DIR/supervise.err" 'in wave 1: ' 60
}

stop_all() {
    stop_reads
    kill -TERM "$SUPERVISOR"
    wait_exit "$SUPERVISOR"
}

# worker_of SOURCE: the pid of its worker, as its lock's row has it; nothing if there is none.
worker_of() {
    sql "$1" 'SELECT pid FROM lock' 2>/dev/null || true
}

# importing: how many of the repositories are being imported.
importing() {
    local id count=0
    for id in "${repos[@]}"; do
        [ -z "$(worker_of "$id")" ] || count=$((count + 1))
    done
    echo "$count"
}

# every_one_is_there: each once, and those of a session in the order in which they were pushed.
every_one_is_there() {
    expect_equal "$(sql in 'SELECT count(*) FROM observation')" "$TOTAL" 'observations in the store'
    expect_equal "$(sql in 'SELECT count(*) FROM inbox_session')" "$AGENTS" 'sessions'
    expect_equal "$(sql in "SELECT count(*) FROM (SELECT o.id, s.uuid,
            row_number() OVER (PARTITION BY o.page ORDER BY o.position) - 1 AS n
            FROM observation o JOIN session s ON s.page = o.page)
        WHERE id <> substr(uuid, 7) || '-' || n")" 0 'observations that are not in order'
    expect_equal "$(sql in 'SELECT count(*) FROM page_error')" 0 'lines that could not be read'
}

repos=(alpha beta gamma delta)
new_repos "$PAGES" "${repos[@]}"

# --- acknowledgements beside a bare group commit, and how soon one is found ---------------------------

bare_p99=() load_p99=() bare_p50=() load_p50=()
new_home
serve_reads --inbox in
[ "$(importing)" -eq 4 ] || fail "only $(importing) of four repositories are imported: PAGES= makes them larger"
for ((round = 0; round < ROUNDS; round++)); do
    "$PROGRAMS/push" bare "$LATTICE_HOME/bare" "$AGENTS" 100 >bare.out
    rm "$LATTICE_HOME/bare"
    "$PROGRAMS/push" load "$PORT" "$AGENTS" 100 $((round * 100)) </dev/null >load.out
    bare_p50+=("$(micros bare.out p50)") bare_p99+=("$(micros bare.out p99)")
    load_p50+=("$(micros load.out p50)") load_p99+=("$(micros load.out p99)")
done
say "$AGENTS agents at a time, $ROUNDS rounds in turn, middle of them, microseconds from message to acknowledgement:"
say "  bare write and fdatasync:  p50 $(middle "${bare_p50[@]}")  p99 $(middle "${bare_p99[@]}")"
say "  serve --inbox:             p50 $(middle "${load_p50[@]}")  p99 $(middle "${load_p99[@]}")"
ratio=$(awk "BEGIN { printf \"%.2f\", $(middle "${load_p99[@]}") / $(middle "${bare_p99[@]}") }")
say "  ratio at p99: $ratio (aim: 1.5); $(importing) of four repositories are being imported"
"$PROGRAMS/push" drained "$PORT" "$LATTICE_HOME/sources/in/store.db"
"$PROGRAMS/push" found "$PORT" "$LATTICE_HOME/sources/in/store.db" "$FOUND" >found.out
say "found, microseconds behind its acknowledgement: $(tail -n 1 found.out)"
say "  $(importing) of four repositories are still being imported"
[ "$(importing)" -gt 0 ] || fail 'the imports ended before the measurement: PAGES= makes them longer'
[ "$(micros found.out p99)" -le $((FOUND_MS * 1000)) ] || fail "an observation is not found within $FOUND_MS ms"
stop_all

# --- many pushes: memory, openings, readers -----------------------------------------------------------

new_home
start reads strace -f -qq -e trace=openat,open -o "$TEST_DIR/opened" "$READS" serve --listen 127.0.0.1:0 --inbox in
STRACE=$STARTED
wait_for_line "$TEST_DIR/reads.err" 'serve: ready' 20
URL=$(sed -n 's/.*listening on \(http:.*\)/\1/p' "$TEST_DIR/reads.err")
PORT=${URL##*:}
SERVE=$(pgrep -P "$STRACE")
start stream curl -sN --max-time 600 "$URL/api/v1/events"
mkfifo "$TEST_DIR/words"
exec 4<>"$TEST_DIR/words"
start snapshot sqlite3 -batch -readonly "$LATTICE_HOME/sources/in/store.db" <&4
echo "BEGIN; SELECT 'before', count(*) FROM observation;" >&4
wait_for_line snapshot.out '^before' 20
"$PROGRAMS/push" load "$PORT" "$AGENTS" $((EACH / 10)) </dev/null >load.out
early=$(resident_kib)
"$PROGRAMS/push" load "$PORT" "$AGENTS" $((EACH - EACH / 10)) $((EACH / 10)) </dev/null >load.out
late=$(resident_kib)
"$PROGRAMS/push" drained "$PORT" "$LATTICE_HOME/sources/in/store.db"
echo "SELECT 'after', count(*) FROM observation;" >&4
wait_for_line snapshot.out '^after' 20
expect_equal "$(sed -n 's/^after|//p' snapshot.out)" "$(sed -n 's/^before|//p' snapshot.out)" 'what a reader sees that began before'
expect_matches stream.out '^event: run_finished'
exec 4>&-
opened=$(grep -c 'sources/in/store.db"' "$TEST_DIR/opened")
say "$TOTAL pushes: $early KiB resident after a tenth of them, $late KiB at the end; the store was opened $opened times"
[ "$late" -le $((early + 8192)) ] || fail 'the memory grows with what is pushed'
[ "$opened" -le 3 ] || fail 'the store is opened more often than once for each reader'
every_one_is_there
kill -TERM "$SERVE"
wait_exit "$STRACE"
kill -TERM "$SUPERVISOR"
wait_exit "$SUPERVISOR"

# --- killed at random -----------------------------------------------------------------------------------

# next_kill: so many steps later, of which there are a hundred.
next_kill() {
    echo $((1 + RANDOM % (200 / KILLS)))
}

new_home
serve_reads --inbox in
mkfifo "$TEST_DIR/ports"
exec 5<>"$TEST_DIR/ports"
start load "$PROGRAMS/push" load "$PORT" "$AGENTS" "$EACH" <&5
servers=0 workers=0 missed=0
step=$((TOTAL < 100 ? 1 : TOTAL / 100))
at=$(next_kill)
while [ $((at * step)) -lt "$TOTAL" ]; do
    wait_for_line "$TEST_DIR/load.out" "^acknowledged $((at * step))\$" 300
    if [ $((RANDOM % 2)) -eq 0 ]; then
        kill -KILL "$SERVE"
        wait_exit "$SERVE"
        serve_reads --inbox in
        echo "$PORT" >&5
        servers=$((servers + 1))
    else
        pid=$(worker_of in)
        if [ -n "$pid" ] && kill -KILL "$pid" 2>/dev/null; then
            workers=$((workers + 1))
        else
            missed=$((missed + 1))
        fi
    fi
    at=$((at + $(next_kill)))
done
wait_for_line "$TEST_DIR/load.out" '^micros' 600
exec 5>&-
say "killed: the service $servers times, the inbox's worker $workers times ($missed times there was none); $(sed -n 's/^again //p' load.out) messages were sent again"
[ "$servers" -gt 0 ] || fail 'the service was never killed: SEED= makes it another run'
[ "$workers" -gt 0 ] || fail 'the worker was never killed: SEED= makes it another run'
expect_exit 0 "$SUPERVISE" kick in
"$PROGRAMS/push" drained "$PORT" "$LATTICE_HOME/sources/in/store.db"
every_one_is_there
say "each of $TOTAL observations that was acknowledged is in the store once, in order"
stop_all
