#!/usr/bin/env bash
# 2,000 idle event streams in at most 64 MiB, no system call while nothing happens, and an event
# reaches all of them. Who stops reading is ended also where little happens.
set -euo pipefail

# shellcheck source=heavy-tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/e2e/lib/reads_serve.sh
. "$LATTICE_ROOT/tests/e2e/lib/reads_serve.sh"

: "${STREAMS:=2000}"

resident_kib() {
    sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$SERVE/status"
}

# add_event TEXT: as the supervisor does, with its notice.
add_event() {
    sqlite3 -batch -cmd '.timeout 5000' "$LATTICE_HOME/ledger.db" \
        "INSERT INTO event(at, source, type, json) VALUES(1, 'made', 'made', '{\"text\":\"$1\"}')"
    touch "$LATTICE_HOME/ledger.db"
}

source_of notes a.md '# Hello\n'
serve_reads
before=$(resident_kib)
mkfifo "$TEST_DIR/words"
exec 4<>"$TEST_DIR/words"
start streams "$PROGRAMS/streams" "$PORT" "$STREAMS" <"$TEST_DIR/words"
wait_for_line "$TEST_DIR/streams.out" "^open $STREAMS\$" 120
idle=$(resident_kib)
say "$STREAMS idle event streams: $((idle / 1024)) MiB resident, $before KiB before them"
[ "$idle" -le 65536 ] || fail "more than 64 MiB: $idle KiB"

for i in 1 2 3 4 5; do
    echo "word_$i" >&4
    add_event "word_$i"
    wait_for_line "$TEST_DIR/streams.out" "^seen word_$i " 60
done
say 'milliseconds to the first, the middle and the last stream, sqlite3 and touch included:'
grep '^seen' "$TEST_DIR/streams.out"
get 200 /metrics
expect_contains "$OUT" "lattice_reads_event_streams $STREAMS"
expect_contains "$OUT" 'lattice_reads_event_streams_dropped_total 0'
say "$(($(resident_kib) / 1024)) MiB resident after 5 events to each"
exec 4>&-
stop_reads

# As much as waits for everybody, and more than his socket takes.
serve_reads --unix "$TEST_DIR/socket"
printf 'GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n' >"$TEST_DIR/request"
# shellcheck disable=SC2016 # expanded by that shell
start deaf bash -c 'exec "$1" --deaf 1 "$2" <"$3"' - "$TOOLS/ask_socket" "$TEST_DIR/socket" "$TEST_DIR/request"
wait_for_line "$TEST_DIR/deaf.out" '^asked' 20
start reader curl -sN --max-time 200 "$URL/api/v1/events"
wait_for_line "$TEST_DIR/reader.out" '^retry:' 20
sqlite3 -batch -cmd '.timeout 5000' "$LATTICE_HOME/ledger.db" "
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 800)
    INSERT INTO event(at, source, type, json)
        SELECT 1, 'made', 'made', '{\"i\":' || i || ',\"text\":\"' || hex(zeroblob(400)) || '\"}' FROM n"
touch "$LATTICE_HOME/ledger.db"
wait_for_line "$TEST_DIR/reader.out" '"i":800,' 20
from=$SECONDS
wait_for_line "$TEST_DIR/deaf.out" '^ended' 100
say "who read nothing for $((SECONDS - from)) s, while little happened, was ended"
get 200 /metrics
expect_contains "$OUT" 'lattice_reads_event_streams_dropped_total 1'
expect_contains "$OUT" 'lattice_reads_event_streams 1'
stop_reads
