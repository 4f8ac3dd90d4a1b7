#!/usr/bin/env bash
# Many small sources: all are synced; then, with nothing changed, a run costs little more than a shell
# loop that only looks, and the supervisor stays small.
#
#   SOURCES=1000 JOBS=8 PAGES=5 RUNS=5 RATIO=1.3 heavy-tests/thousand_sources.sh
#
# The comparison is `xargs -P JOBS timeout` running `git rev-parse` and `sqlite3` for each source:
# one deadline each, nothing else. Medians of RUNS runs that take turns.
# shellcheck source=heavy-tests/lib.sh
. "$(dirname "$0")/lib.sh"

: "${SOURCES:=1000}" "${JOBS:=8}" "${PAGES:=5}" "${RUNS:=5}" "${RATIO:=1.3}"
: "${PEAK_KIB:=16384}" "${DESCRIPTORS_MORE:=16}"

[ "$SOURCES" -ge 20 ] || fail 'SOURCES: fewer than 20 show nothing'

# --- sources ----------------------------------------------------------------------------------------

ids=()
for ((i = 1; i <= SOURCES; i++)); do
    ids+=("$(printf 'n%04d' "$i")")
done
new_repos "$PAGES" "${ids[@]}"
new_home many "${ids[0]}" # makes the home
{
    printf '{"sources": ['
    printf '{"id": "%s", "kind": "git", "url": "'"$REPOS"'/%s.git"}\n' "${ids[0]}" "${ids[0]}"
    for id in "${ids[@]:1}"; do
        printf ', {"id": "%s", "kind": "git", "url": "'"$REPOS"'/%s.git"}\n' "$id" "$id"
    done
    printf ']}\n'
} >"$LATTICE_HOME/sources.json"
sync=("$SUPERVISE" --all --jobs "$JOBS" --waves 1)

# --- descriptors and memory -------------------------------------------------------------------------

# count_descriptors PEAK-PID: one number per line that the supervisor writes as a source ends.
count_descriptors() {
    local line fds supervisor=
    while IFS= read -r line; do
        [ -n "$supervisor" ] || read -r supervisor <"/proc/$1/task/$1/children" || continue
        [[ $line = info*wave* ]] || continue
        fds=("/proc/$supervisor/fd/"*)
        [ ! -h "${fds[0]}" ] || echo "${#fds[@]}" # lines may be read when it is gone
    done
}

# watched NAME: a run of all; its descriptors go to NAME.fds, its peak to NAME.peak, its table to NAME.
watched() {
    local pid
    rm -f "$TEST_DIR/lines"
    mkfifo "$TEST_DIR/lines"
    "$PROGRAMS/peak" "$TEST_DIR/$1.peak" "${sync[@]}" >"$TEST_DIR/$1" 2>"$TEST_DIR/lines" &
    pid=$!
    count_descriptors "$pid" <"$TEST_DIR/lines" >"$TEST_DIR/$1.fds"
    CODE=0
    wait "$pid" || CODE=$?
    [ "$CODE" -eq 0 ] || { tail -n 5 "$TEST_DIR/$1" >&2 && fail "$1: exit code $CODE"; }
}

# largest FROM-TENTH: of the descriptors counted in that tenth of a run.
largest() {
    awk -v tenth="$2" '{ n[NR] = $1 } END {
        for (i = int(NR * tenth / 10) + 1; i <= NR * (tenth + 1) / 10; i++) if (n[i] > max) max = n[i]
        print max + 0 }' "$TEST_DIR/$1.fds"
}

# small NAME: the supervisor of that run.
small() {
    local peak first last
    peak=$(cat "$TEST_DIR/$1.peak")
    first=$(largest "$1" 0)
    last=$(largest "$1" 9)
    say "$1: supervisor's peak $((peak / 1024)).$((peak % 1024 * 10 / 1024)) MiB; descriptors at most $first in the first tenth, $last in the last"
    [ "$peak" -gt 0 ] || fail "$1: its peak was not seen: this test shows nothing"
    [ "$peak" -le "$PEAK_KIB" ] || fail "$1: the supervisor took $peak KiB, more than $PEAK_KIB"
    [ "$((first < last ? first : last))" -gt 0 ] || fail "$1: its descriptors were not seen: this test shows nothing"
    [ "$last" -le $((first + DESCRIPTORS_MORE)) ] || fail "$1: descriptors grew from $first to $last"
}

# --- a first run: all ok ----------------------------------------------------------------------------

watched first
expect_contains "$TEST_DIR/first" "$SOURCES sources: $SOURCES ok ·"
small first
for id in "${ids[0]}" "${ids[SOURCES / 2]}" "${ids[-1]}"; do
    expect_sound "$id"
    expect_equal_git "$id"
done

# --- then nothing to do -----------------------------------------------------------------------------

watched second
expect_contains "$TEST_DIR/second" "$SOURCES sources: $SOURCES unchanged ·"
small second

for id in "${ids[@]}"; do
    printf '%s\n' "$REPOS/$id.git" "$(store_of "$id")"
done >"$TEST_DIR/openings"
# shellcheck disable=SC2016 # expanded by that shell
opening='git --git-dir="$1" rev-parse main && sqlite3 "$2" "SELECT bookmark FROM sync_state"'

# measured NAME CMD...
measured() {
    local name=$1
    shift
    "$PROGRAMS/measure" "$TEST_DIR/$name.m" "$@" >"$OUT" 2>"$ERR" || { show "$OUT" "$ERR" && fail "failed: $*"; }
}

# median NAME COLUMN
median() {
    cut -d ' ' -f "$2" "$TEST_DIR/$1.m" | sort -g |
        awk '{ a[NR] = $1 } END { print NR % 2 ? a[(NR + 1) / 2] : (a[NR / 2] + a[NR / 2 + 1]) / 2 }'
}

for ((i = 0; i < RUNS; i++)); do
    measured ours "${sync[@]}"
    expect_contains "$OUT" "$SOURCES sources: $SOURCES unchanged ·"
    measured xargs xargs -a "$TEST_DIR/openings" -n 2 -P "$JOBS" timeout 60 sh -c "$opening" opening
    # Each head twice: of the repository and of the store.
    expect_equal "$(sort "$OUT" | uniq -c | awk '$1 == 2' | wc -l)" "$SOURCES" 'sources whose bookmark is their head'
done
ratio=$(awk -v a="$(median ours 3)" -v b="$(median xargs 3)" 'BEGIN { printf "%.2f", a / b }')
say "$SOURCES sources unchanged, $JOBS at a time: ours $(($(median ours 3) / 1000)) ms ($(median ours 2) CPU-ms), \
xargs timeout git sqlite3 $(($(median xargs 3) / 1000)) ms ($(median xargs 2) CPU-ms), ratio $ratio, aim <= $RATIO; \
load $(cut -d ' ' -f 1-3 /proc/loadavg)"
awk -v a="$ratio" -v b="$RATIO" 'BEGIN { exit !(a <= b) }' || fail "$ratio times the time of xargs, more than $RATIO"
