#!/usr/bin/env bash
# Speed and memory of `agent-log` on a made-up tree of logs: what reading, cutting and storing cost by
# themselves (the index left out: it is the same for all kinds), and what a new line costs.
#
#   BYTES=2000000000 FAST=200000000 RUNS=3 heavy-tests/bench_logs.sh
#   QUICK=1 heavy-tests/bench_logs.sh       a tenth of it
#
# CPU is that of the worker, of the quickest of RUNS runs: what else the machine does only adds to it.
# shellcheck source=heavy-tests/lib.sh
. "$(dirname "$0")/lib.sh"

if [ -n "${QUICK:-}" ]; then
    : "${BYTES:=200000000}" "${FAST:=20000000}" "${RUNS:=2}"
else
    : "${BYTES:=2000000000}" "${FAST:=200000000}" "${RUNS:=3}"
fi

# figure WHAT VALUE [OPERATOR LIMIT]
figure() {
    judge "${@:2}"
    printf '%-60s %12s  %s\n' "$1" "$2" "$AIM"
}

last() {
    sqlite3 -batch -readonly "$LATTICE_HOME/sources/logs/store.db" "SELECT $1 FROM run ORDER BY seq DESC LIMIT 1"
}

sync_logs() {
    "$WORKER" sync logs >"$OUT" 2>"$ERR" || { show "$OUT" "$ERR" && fail 'a sync failed'; }
}

# home NAME FOLDER: an empty store of the source `logs` on it.
home() {
    export LATTICE_HOME=$TEST_DIR/$1
    rm -rf "$LATTICE_HOME"
    mkdir -m 700 "$LATTICE_HOME"
    printf '{"sources": [{"id": "logs", "kind": "agent-log", "path": "%s"}]}' "$TEST_DIR/empty" >"$LATTICE_HOME/sources.json"
    mkdir -p "$TEST_DIR/empty"
    sync_logs
    printf '{"sources": [{"id": "logs", "kind": "agent-log", "path": "%s"}]}' "$2" >"$LATTICE_HOME/sources.json"
}

# In place of the index something that takes what is put into it, and does nothing.
leave_index_out() {
    sqlite3 -batch "$LATTICE_HOME/sources/logs/store.db" '
        CREATE TABLE kept AS SELECT k, v FROM chunk_index_config;
        DROP TABLE chunk_index;
        CREATE TABLE chunk_index_config AS SELECT * FROM kept;
        CREATE TABLE chunk_index_data(id INTEGER PRIMARY KEY, block BLOB);
        CREATE VIEW chunk_index AS SELECT 0 AS chunk_index, 0 AS rowid, 0 AS title, 0 AS heading, 0 AS text, 0 AS rank;
        CREATE TRIGGER taken INSTEAD OF INSERT ON chunk_index BEGIN SELECT 1; END'
}

# made NAME BYTES: the tree, and how many lines it has.
made() {
    mkdir -p "$TEST_DIR/$1"
    "$TOOLS/agent_logs" "$TEST_DIR/$1" "$2" 1
}

part_speed() {
    local lines i best=0 cpu file
    lines=$(made fast "$FAST")
    for ((i = 0; i < RUNS; i++)); do
        home fast.home "$TEST_DIR/fast"
        leave_index_out
        sync_logs
        cpu=$(last cpu_ms)
        [ "$best" -ne 0 ] && [ "$best" -le "$cpu" ] || best=$cpu
    done
    figure "$lines lines, $((FAST / 1000000)) MB: lines per CPU-second without the index" $((lines * 1000 / best)) '>=' 100000
    home fast.home "$TEST_DIR/fast"
    sync_logs
    figure 'with it' $((lines * 1000 / $(last cpu_ms)))
    file=$(find "$TEST_DIR/fast" -name '*.jsonl' -print -quit)
    tail -n 1 "$file" >line
    cat line >>"$file"
    sync_logs
    figure 'CPU milliseconds of a run that finds one new line' "$(last cpu_ms)"
    rm -rf "$TEST_DIR/fast" "$LATTICE_HOME"
}

part_memory() {
    local lines
    lines=$(made large "$BYTES")
    home large.home "$TEST_DIR/large"
    leave_index_out
    sync_logs
    figure "$lines lines, $((BYTES / 1000000)) MB: peak memory in MiB, the index's aside" \
        "$(last 'round(peak_rss_bytes / 1048576.0, 1)')" '<=' 48
}

[ $# -gt 0 ] || set -- speed memory
for part in "$@"; do
    "part_$part"
done
printf '\n%s\n' "$missed aims missed; load after: $(cut -d ' ' -f 1-3 /proc/loadavg)"
