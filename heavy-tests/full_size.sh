#!/usr/bin/env bash
# Four sources of 92,500 pages under a timeout that bites: they converge, then are `unchanged` at once.
#
#   PAGES=92500 SOURCES=4 TIMEOUT=20s MOST=12 heavy-tests/full_size.sh
#
# TIMEOUT is derived from a sync of a twelfth of the pages if it is not given: about a third of what
# a source needs. MOST is how many invocations of one wave it may take.
# shellcheck source=heavy-tests/lib.sh
. "$(dirname "$0")/lib.sh"

: "${PAGES:=92500}" "${SOURCES:=4}" "${TIMEOUT:=}" "${MOST:=12}"

ids=()
for ((i = 1; i <= SOURCES; i++)); do
    ids+=("f$i")
done

now_ms() {
    echo $((${EPOCHREALTIME/./} / 1000))
}

derive_timeout() {
    local part=$((PAGES / 12)) ms
    new_repo part "$part"
    new_home part part
    expect_exit 0 "$SUPERVISE" --all --timeout 30m
    ms=$(sql part 'SELECT duration_ms FROM run')
    # Two at a time on two processors: not slower than one at a time.
    TIMEOUT=$((ms * 12 / 3))ms
    say "$part pages took ${ms}ms: the timeout is $TIMEOUT"
}

peak_mib() {
    sql "$1" 'SELECT max(peak_rss_bytes) / 1048576.0 FROM run'
}

echo "-- $SOURCES repositories of $PAGES pages"
new_repos "$PAGES" "${ids[@]}"
[ -n "$TIMEOUT" ] || derive_timeout
new_home full "${ids[@]}"

partials=0
spent_ms=0
for ((n = 1; ; n++)); do
    [ "$n" -le "$MOST" ] || fail "not done after $MOST invocations"
    began_ms=$(now_ms)
    run "$SUPERVISE" --all --waves 1 --timeout "$TIMEOUT"
    spent_ms=$((spent_ms + $(now_ms) - began_ms))
    say "$(tail -n 1 "$OUT")"
    [ "$CODE" -ne 0 ] || break
    [ "$CODE" -eq 3 ] || { show "$OUT" "$ERR" && fail "exit code $CODE, expected 0 or 3"; }
    partials=$((partials + 1))
    for id in "${ids[@]}"; do
        [ ! -e "$TEST_DIR/$id.pages" ] || expect_no_loss "$id"
        remember "$id"
    done
done
[ "$partials" -gt 0 ] || fail "the timeout of $TIMEOUT cut nothing: give a shorter one as TIMEOUT"
say "done after $n invocations, $((spent_ms / 1000)) s: $((PAGES * SOURCES * 1000 / spent_ms)) pages per second"

began_ms=$(now_ms)
expect_exit 0 "$SUPERVISE" --all
expect_contains "$OUT" "$SOURCES unchanged"
unchanged_ms=$(($(now_ms) - began_ms))
say "unchanged in $unchanged_ms ms"
[ $((unchanged_ms * 50)) -lt "$spent_ms" ] || fail "unchanged took $unchanged_ms ms: that is not at once"

for id in "${ids[@]}"; do
    expect_at_head "$id"
    expect_equal_git "$id"
    text=$(cut -d ' ' -f 2 "$OUT")
    bytes=$(cat "$(store_of "$id")" "$(store_of "$id")-wal" | wc -c)
    expect_sound "$id"
    say "$(awk -v id="$id" -v peak="$(peak_mib "$id")" -v bytes="$bytes" -v text="$text" 'BEGIN {
        printf "%s: worker at most %.0f MiB, %.2f bytes of store per byte of text", id, peak, bytes / text }')"
    # awk compares what the shell cannot.
    awk -v peak="$(peak_mib "$id")" 'BEGIN { exit !(peak <= 128) }' || fail "$id: a worker took more than 128 MiB"
done
