#!/usr/bin/env bash
# Clients that read all day beside a writer that writes all day; either side is killed in between.
#
# MINUTES=10 CLIENTS=50 PAGES=2000 CHANGE=200
# Two sources get CHANGE other pages in each round, and every round has to be found by a search over
# HTTP. The log of a store stays bounded, the service's memory may not grow, and no answer may be
# anything but a 200: it has 30 s for each, so that none is refused because the machine is busy. A
# worker waits for readers no longer than for queries of 2 s, so some of its ends leave a log to the
# next; what is written in a minute is more than the bound.
# shellcheck source=heavy-tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/e2e/lib/reads_serve.sh
. "$LATTICE_ROOT/tests/e2e/lib/reads_serve.sh"

: "${MINUTES:=10}" "${CLIENTS:=50}" "${PAGES:=2000}" "${CHANGE:=200}"
ALONE_ROUNDS=5
LOG_MIB_MORE=24
RSS_KIB_MORE=16384
ids=(a b)
round=0

# --- the writer -----------------------------------------------------------------------------------

supervise() {
    rm -f "$TEST_DIR/supervisor.err" # an earlier one's
    start supervisor "$SUPERVISE" serve
    SUPERVISOR=$STARTED
    wait_for_line "$TEST_DIR/supervisor.err" 'serve: ready' 60
}

# commit: a round's pages in both repositories; the service is told.
commit() {
    local id
    round=$((round + 1))
    for id in "${ids[@]}"; do
        next_commit "$id" "$PAGES" --round "$round" --change "$CHANGE"
    done
}

synced() {
    local id
    for id in "${ids[@]}"; do
        at_head "$id" || return 1
    done
}

# write_round: a commit, until the stores equal it; the largest log so far is in $log_bytes.
write_round() {
    local id size
    commit
    until synced; do
        "$SUPERVISE" kick >"$OUT" 2>"$ERR" || { show "$ERR" && fail 'kick'; }
    done
    for id in "${ids[@]}"; do
        size=$(stat -c %s "$(store_of "$id")-wal")
        [ "$size" -le "$log_bytes" ] || log_bytes=$size
    done
}

# found: the round is in what a client gets.
found() {
    get 200 "/api/v1/search?query=%22round%20$round%22" --max-time 60
    [ "$(json 'match')" = all ] || fail "round $round was committed and is not found"
    [ "$(json 'partial')" = 0 ] || fail 'a store did not answer'
}

# rounds_until SECOND: as many as there is time for, two at least.
rounds_until() {
    local from=$round
    while [ "$SECONDS" -lt "$1" ] || [ $((round - from)) -lt 2 ]; do
        write_round
        found
    done
}

# --- the clients ----------------------------------------------------------------------------------

urls() {
    local i word words=(round 'the%20round' 'ro*' '%22round%201%22' 'round%20OR%20ston' 'nowhere')
    for ((i = 0; i < 20 * CLIENTS; i++)); do
        word=${words[i % ${#words[@]}]}
        printf 'url = "%s/api/v1/search?query=%s&limit=%d"\noutput = "/dev/null"\n' "$URL" "$word" $((i % 50 + 1))
    done
}

# read_all_day: until $TEST_DIR/reading goes; a line with its status for each answer.
read_all_day() {
    while [ -e "$TEST_DIR/reading" ]; do
        curl -s --no-progress-meter --parallel --parallel-immediate --parallel-max "$CLIENTS" \
            --max-time 60 -w '%{http_code} %{errormsg}\n' -K "$TEST_DIR/urls" >>"$TEST_DIR/codes" 2>/dev/null || true
    done
}

start_clients() {
    urls >"$TEST_DIR/urls"
    : >"$TEST_DIR/codes"
    touch "$TEST_DIR/reading"
    read_all_day &
    CLIENTS_PID=$!
}

# stop_clients OTHERS: all of their answers but OTHERS are a 200, and there are some.
stop_clients() {
    local good bad
    rm "$TEST_DIR/reading"
    wait "$CLIENTS_PID"
    good=$(grep -c '^200 ' "$TEST_DIR/codes" || true)
    bad=$(grep -v -E "^(200${1:+|$1}) " "$TEST_DIR/codes" | sort | uniq -c || true)
    [ -z "$bad" ] || { show "$TEST_DIR/reads.err" && fail "answers that are no 200: $bad"; }
    [ "$good" -ge $((2 * CLIENTS)) ] || fail "the clients got $good answers only: they did not really read"
    answers=$((answers + good))
}

memory() {
    awk '/^VmRSS/ { print $2 }' "/proc/$SERVE/status"
}

# kill_hard PID
kill_hard() {
    kill -KILL "$1"
    wait_exit "$1"
}

# --- the day --------------------------------------------------------------------------------------

answers=0
log_bytes=0
new_repos "$PAGES" "${ids[@]}"
new_home soak "${ids[@]}"
"$SUPERVISE" --all >"$OUT" 2>"$ERR" || { show "$OUT" "$ERR" && fail 'a first sync failed'; }
supervise
for ((i = 0; i < ALONE_ROUNDS; i++)); do
    write_round
done
alone_bytes=$log_bytes
log_bytes=0

serve_reads --query-timeout 30s
start_clients
begin=$SECONDS
day=$((60 * MINUTES))
rounds_until $((begin + day / 4))
memory_before=$(memory)
rounds_until $((begin + day / 2))

# The writer is killed in the middle of a round: who reads notices nothing.
commit
"$SUPERVISE" kick >"$OUT" 2>"$ERR" || { show "$ERR" && fail 'kick'; }
kill_hard "$SUPERVISOR"
supervise
rounds_until $((begin + day * 5 / 8))
memory_after=$(memory)
stop_clients ''

# The reader is killed among its clients: the writer goes on, and so does the next one.
start_clients
kill_hard "$SERVE"
write_round
rm "$TEST_DIR/reads.err"
start reads "$READS" serve --listen "127.0.0.1:$PORT" --query-timeout 30s
SERVE=$STARTED
wait_for_line "$TEST_DIR/reads.err" 'serve: ready' 20
rounds_until "$SECONDS"
stop_clients 000
start_clients
rounds_until $((begin + day))
stop_clients ''

for file in reads.err supervisor.err; do
    ! grep -i -E 'busy|locked|damaged|error' "$TEST_DIR/$file" || fail "$file: trouble was logged"
done
stop_reads
kill -TERM "$SUPERVISOR"
wait_exit "$SUPERVISOR"
expect_equal "$CODE" 0 'exit code of the supervisor'
for id in "${ids[@]}"; do
    expect_at_head "$id"
    expect_sound "$id"
done
say "$round rounds of ${#ids[@]} x $CHANGE pages, $answers answers to $CLIENTS clients, each a 200"
say "log of a store: at most $((alone_bytes / 1024)) KiB without readers, $((log_bytes / 1024)) KiB beside them"
say "memory of the service: $memory_before KiB after a quarter of the time, $memory_after KiB later"
[ "$log_bytes" -le $((alone_bytes + LOG_MIB_MORE * 1024 * 1024)) ] || fail 'readers made the log grow'
[ $((memory_after - memory_before)) -le "$RSS_KIB_MORE" ] || fail "memory has grown by more than $RSS_KIB_MORE KiB"
