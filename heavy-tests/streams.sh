#!/usr/bin/env bash
# 2,000 idle event streams in at most 64 MiB, no system call while nothing happens, and an event
# reaches all of them.
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
