#!/usr/bin/env bash
# Speed and memory, as ratios against a comparison that is measured in the same run, side by side.
#
#   RUNS=5 PAGES=12500 LARGE=50000 HUGE=92500 heavy-tests/bench.sh [PART...]
#   QUICK=1 heavy-tests/bench.sh        smaller and fewer: a look in a minute or two
#
# Parts: first two unchanged change full cut memory size dir. Every figure is a median of RUNS runs; the two
# sides take turns, so that what else the machine does falls on both. CPU counts all children.
# Peak memory is ru_maxrss: it counts what git maps of a pack in git's own processes, not in the
# worker, and so does not count here.
# shellcheck source=heavy-tests/lib.sh
. "$(dirname "$0")/lib.sh"

if [ -n "${QUICK:-}" ]; then
    : "${RUNS:=3}" "${PAGES:=5000}" "${SMALL:=1000}" "${LARGE:=10000}" "${HUGE:=20000}"
else
    : "${RUNS:=5}" "${PAGES:=12500}" "${SMALL:=1000}" "${LARGE:=50000}" "${HUGE:=92500}"
fi
: "${CUTS:=5}"

# --- tools ------------------------------------------------------------------------------------------

# measured NAME EXIT CMD...: appends a line to NAME.m; any other exit code ends the bench.
measured() {
    local name=$1 want=$2
    shift 2
    CODE=0
    "$PROGRAMS/measure" "$TEST_DIR/$name.m" "$@" >"$OUT" 2>"$ERR" || CODE=$?
    [ "$CODE" -eq "$want" ] || { show "$OUT" "$ERR" && fail "exit code $CODE, expected $want: $*"; }
}

median() {
    sort -g | awk '{ a[NR] = $1 } END { if (!NR) exit 1; print NR % 2 ? a[(NR + 1) / 2] : (a[NR / 2] + a[NR / 2 + 1]) / 2 }'
}

# Columns of NAME.m as measure writes them.
cpu_ms() { cut -d ' ' -f 2 "$TEST_DIR/$1.m" | median; }
wall_ms() { cut -d ' ' -f 3 "$TEST_DIR/$1.m" | median | awk '{ print $1 / 1000 }'; }

heading() {
    printf '\n%-50s %11s %11s %7s  %s\n' "$1" ours "$2" ratio aim
}

# row WHAT OURS COMPARISON DIGITS [OPERATOR LIMIT]: the aim is for the ratio.
row() {
    line "$1" "$2" "$3" "$4" "$(divide "$2" "$3")" "${@:5}"
}
# figure WHAT OURS DIGITS [OPERATOR LIMIT]: without a comparison; the aim is for the figure.
figure() {
    line "$1" "$2" - "$3" "$2" "${@:4}"
}
line() {
    judge "${@:5}"
    awk -v what="$1" -v ours="$2" -v other="$3" -v f="%.$4f" -v aim="$AIM" 'BEGIN {
        printf "%-50s %11s %11s %7s  %s\n", what, sprintf(f, ours), other == "-" ? "-" : sprintf(f, other),
            other == "-" ? "-" : sprintf("%.2f", ours / other), aim
    }'
}

divide() {
    awk -v a="$1" -v b="$2" 'BEGIN { print a / b }'
}

# per_second MS: of PAGES
per_second() {
    divide $((PAGES * 1000)) "$1"
}

once() {
    [ -d "$REPOS/$1.git" ] || new_repo "$1" "$2"
}

drop_stores() {
    rm -rf "$LATTICE_HOME/sources"
}

sync=("$SUPERVISE" --all --waves 1 --timeout 30m)

# --- parts ------------------------------------------------------------------------------------------

part_first() {
    local i ours theirs
    once a "$PAGES"
    new_home first a
    for ((i = 0; i < RUNS; i++)); do
        drop_stores
        measured first 0 "${sync[@]}"
        rm -f ceiling.db*
        measured ceiling 0 "$PROGRAMS/ceiling" "$REPOS/a.git" main ceiling.db
        theirs=$(cut -d ' ' -f 2 "$OUT")
    done
    ours=$(sql a 'SELECT count(DISTINCT segid) FROM chunk_index_idx')
    heading "first sync of $PAGES pages" 'bare prog.'
    row 'pages per CPU-second' "$(per_second "$(cpu_ms first)")" "$(per_second "$(cpu_ms ceiling)")" 0 '>=' 0.9
    row 'pages per second' "$(per_second "$(wall_ms first)")" "$(per_second "$(wall_ms ceiling)")" 0
    row 'segments of the index left: cost of a query' "$ours" "$theirs" 0 '<=' 1
    figure 'the bare program itself, pages per CPU-second' "$(per_second "$(cpu_ms ceiling)")" 0 '>=' 4800
}

# speed_up NAME [serial|one]: how much faster both at once are than one by one; busy NAME: processors
# in use.
speed_up() {
    divide "$(wall_ms "$1.${2:-serial}")" "$(wall_ms "$1.two")"
}
busy() {
    divide "$(cpu_ms "$1")" "$(wall_ms "$1")"
}

# controls: what two gain that share nothing: see spin.c.
measure_controls() {
    local kind
    for kind in cpu wide memory; do
        # shellcheck disable=SC2016 # expanded by that shell
        measured "$kind.serial" 0 sh -c '"$0" "$1" && "$0" "$1"' "$PROGRAMS/spin" "$kind"
        # shellcheck disable=SC2016
        measured "$kind.two" 0 sh -c '"$0" "$1" & "$0" "$1" && wait $!' "$PROGRAMS/spin" "$kind"
    done
}

# One by one leaves no core idle: git reads on the second one while the first one indexes. So two at
# a time cannot be faster than all cores are than those that one by one keeps busy; on a single core
# one by one has none to spare.
part_two() {
    local i both=("$PROGRAMS/ceiling" "$REPOS/a.git" "$REPOS/b.git")
    # shellcheck disable=SC2016 # expanded by that shell
    local serial='rm -f [ab].db* && "$0" "$1" main a.db && "$0" "$2" main b.db'
    # shellcheck disable=SC2016
    local two='rm -f [ab].db*; "$0" "$1" main a.db & "$0" "$2" main b.db && wait $!'
    once a "$PAGES"
    once b "$PAGES"
    new_home two a b
    for ((i = 0; i < RUNS; i++)); do
        drop_stores
        measured ours.two 0 "${sync[@]}" --jobs 2
        drop_stores
        measured ours.serial 0 "${sync[@]}" --jobs 1
        drop_stores
        measured ours.one 0 taskset -c 0 "${sync[@]}" --jobs 1
        measured bare.two 0 sh -c "$two" "${both[@]}"
        measured bare.serial 0 sh -c "$serial" "${both[@]}"
        measured bare.one 0 taskset -c 0 sh -c "$serial" "${both[@]}"
        measure_controls
    done
    heading "two sources of $PAGES pages, $(nproc) cores" 'bare prog.'
    row 'two at a time, times as fast as one by one' "$(speed_up ours)" "$(speed_up bare)" 2 '>=' 0.95
    row 'cores busy while one by one' "$(busy ours.serial)" "$(busy bare.serial)" 2
    row 'most that two at a time can gain by that' "$(divide "$(nproc)" "$(busy ours.serial)")" \
        "$(divide "$(nproc)" "$(busy bare.serial)")" 2
    row 'cores busy with two at a time' "$(busy ours.two)" "$(busy bare.two)" 2
    row 'two at a time against one by one on one core' "$(speed_up ours one)" "$(speed_up bare one)" 2
    row 'pages per second, two at a time' "$(per_second "$(divide "$(wall_ms ours.two)" 2)")" \
        "$(per_second "$(divide "$(wall_ms bare.two)" 2)")" 0
    figure 'control: two loops that wait for one register' "$(speed_up cpu)" 2
    figure 'control: two that keep all units of a core busy' "$(speed_up wide)" 2
    figure 'control: two that copy memory' "$(speed_up memory)" 2
    figure 'two at a time, times as fast as one by one' "$(speed_up ours)" 2 '>=' 1.8
}

# unchanged_home PAGES: four sources in step with one repository of that size. One is synced, the
# others get copies of its store.
unchanged_home() {
    local id
    once "n$1" "$1"
    for id in u2 u3 u4; do
        ln -sfn "n$1.git" "$REPOS/$id.git"
    done
    new_home "unchanged-$1" "n$1"
    "${sync[@]}" >"$OUT" 2>"$ERR" || fail "a first sync of $1 pages failed"
    for id in u2 u3 u4; do
        "$SUPERVISE" add "$id" "$REPOS/n$1.git" >/dev/null
        cp -r "$LATTICE_HOME/sources/n$1" "$LATTICE_HOME/sources/$id"
    done
}

# Ours starts no git here: a head that stands is read from its file.
part_unchanged() {
    local i size
    # shellcheck disable=SC2016 # expanded by that shell
    local opening='git --git-dir="$1" rev-parse main && sqlite3 "$2" "SELECT bookmark FROM sync_state"'
    for size in "$SMALL" "$LARGE"; do
        unchanged_home "$size"
        for id in "n$size" u2 u3 u4; do
            printf '%s\n' "$REPOS/n$size.git" "$(store_of "$id")"
        done >"$TEST_DIR/openings.$size"
    done
    for ((i = 0; i < RUNS * 3; i++)); do
        for size in "$SMALL" "$LARGE"; do
            export LATTICE_HOME=$TEST_DIR/homes/unchanged-$size
            measured "unchanged.$size" 0 "${sync[@]}"
            expect_contains "$OUT" '4 unchanged'
            measured "opening.$size" 0 xargs -a "$TEST_DIR/openings.$size" -n 2 -P "$(nproc)" sh -c "$opening" opening
        done
    done
    heading 'nothing to do, four sources' 'xargs -P'
    for size in "$SMALL" "$LARGE"; do
        row "ms, of $size pages each" "$(wall_ms "unchanged.$size")" "$(wall_ms "opening.$size")" 1 '<=' 1.5
    done
    row "ms, $LARGE pages against $SMALL" "$(wall_ms "unchanged.$LARGE")" "$(wall_ms "unchanged.$SMALL")" 1 '<=' 1.1
}

part_change() {
    local i size tenth=$((LARGE / 10))
    # shellcheck disable=SC2016 # expanded by that shell
    local bare='rm -f "$3"* && git --git-dir="$1" diff-tree -r -z main~1 main && exec "$2" "$4" main "$3"'
    once ten 10
    for size in "$tenth" "$LARGE"; do
        once "n$size" "$size"
        new_home "change-$size" "n$size"
        "${sync[@]}" >"$OUT" 2>"$ERR" || fail "a first sync of $size pages failed"
    done
    for ((i = 1; i <= RUNS; i++)); do
        for size in "$tenth" "$LARGE"; do
            export LATTICE_HOME=$TEST_DIR/homes/change-$size
            next_commit "n$size" "$size" --round "$i" --change 10
            measured "change.$size" 0 "${sync[@]}"
            expect_equal "$(sql "n$size" 'SELECT changed FROM run ORDER BY seq DESC LIMIT 1')" 10 'changed pages'
            measured "bare.$size" 0 sh -c "$bare" bare "$REPOS/n$size.git" "$PROGRAMS/ceiling" \
                "$TEST_DIR/ten.db" "$REPOS/ten.git"
        done
    done
    heading '10 changed pages' 'diff+import'
    for size in "$tenth" "$LARGE"; do
        row "ms, of $size" "$(wall_ms "change.$size")" "$(wall_ms "bare.$size")" 1
        row "CPU-ms, of $size" "$(cpu_ms "change.$size")" "$(cpu_ms "bare.$size")" 1
    done
    row "CPU-ms, growth from $tenth to $LARGE pages" \
        "$(divide "$(cpu_ms "change.$LARGE")" "$(cpu_ms "change.$tenth")")" \
        "$(divide "$(cpu_ms "bare.$LARGE")" "$(cpu_ms "bare.$tenth")")" 2 '<=' 1.25
}

index_bytes() {
    sql "$1" 'SELECT sum(length(block)) FROM chunk_index_data'
}

# Every page anew, and a third of them with another section or without it, over and over: what was
# taken out of the index must not stay in it.
part_full() {
    local i bytes
    once full "$PAGES"
    other_text full "$PAGES"
    new_home full full
    for ((i = 0; i < RUNS; i++)); do
        drop_stores
        set_head full refs/start
        measured new 0 "${sync[@]}"
        bytes=$(index_bytes full)
        measured full 0 "${sync[@]}" --full
        set_head full refs/other
        measured other 0 "${sync[@]}"
        expect_equal "$(sql full 'SELECT changed FROM run ORDER BY seq DESC LIMIT 1')" "$(((PAGES + 2) / 3))" 'changed pages'
        set_head full refs/start
        measured other 0 "${sync[@]}"
    done
    heading "all $PAGES pages anew" 'first sync'
    row 'CPU-ms of --full' "$(cpu_ms full)" "$(cpu_ms new)" 0 '<=' 1.5
    row 'CPU-ms where a third has a section more or less' "$(cpu_ms other)" "$(cpu_ms new)" 0 '<=' 1
    row 'MB of the index after these' "$(divide "$(index_bytes full)" 1000000)" "$(divide "$bytes" 1000000)" 1 '<=' 1.5
}

# cut_sync ID TIMEOUT-MS: one sync, cut exactly CUTS times, then let go. The CPU of all of it is added to
# cut.ID.m. False if it ended before.
cut_sync() {
    local i
    drop_stores
    rm -f "$TEST_DIR/piece.m"
    for ((i = 0; i < CUTS; i++)); do
        CODE=0
        "$PROGRAMS/measure" "$TEST_DIR/piece.m" "$SUPERVISE" --all --waves 1 --timeout "$2ms" >"$OUT" 2>"$ERR" || CODE=$?
        [ "$CODE" -eq 3 ] || return 1
    done
    measured piece 0 "${sync[@]}"
    [ "$(sql "$1" "SELECT sum(outcome = 'partial') FROM run")" -eq "$CUTS" ] || return 1
    expect_contains "$OUT" '1 ok'
    awk '{ sum += $2 } END { print 0, sum }' "$TEST_DIR/piece.m" >>"$TEST_DIR/cut.$1.m"
}

# bare_runs ID: what CUTS more runs need if they do nothing: both programs start, git starts twice, and
# lists the head.
bare_runs() {
    # shellcheck disable=SC2016 # expanded by that shell
    measured "bare.$1" 0 bash -c 'for ((i = 0; i < $0; i++)); do
        "$1" --version && "$2" --version && git --version && git --git-dir="$3" ls-tree -r -z main || exit 1
    done' "$CUTS" "$SUPERVISE" "$WORKER" "$REPOS/$1.git"
}

cut_source() {
    local i try timeout
    new_home "cut-$1" "$1"
    for ((i = 0; i < RUNS; i++)); do
        drop_stores
        measured "whole.$1" 0 "${sync[@]}"
        bare_runs "$1"
        # The worker is asked to stop at three quarters of its timeout.
        timeout=$(awk -v cuts="$CUTS" 'END { printf "%d", $3 / 1000 / (cuts + 0.7) * 4 / 3 }' "$TEST_DIR/whole.$1.m")
        for ((try = 0; try < 6; try++)); do
            ! cut_sync "$1" "$timeout" || break
            timeout=$((timeout * 8 / 10))
        done
        [ "$try" -lt 6 ] || fail "no timeout cut a sync $CUTS times; the last was ${timeout}ms: $(cat "$OUT")"
    done
    expect_sound "$1"
    expect_equal_git "$1"
}

part_cut() {
    local id ids=(a "n$LARGE")
    once a "$PAGES"
    once "n$LARGE" "$LARGE"
    for id in "${ids[@]}"; do
        cut_source "$id"
    done
    heading "a sync cut into $CUTS partial runs" uncut
    row "CPU-ms of all runs together, $PAGES pages" "$(cpu_ms cut.a)" "$(cpu_ms whole.a)" 0 '<=' 1.05
    row "CPU-ms of all runs together, $LARGE pages" "$(cpu_ms "cut.n$LARGE")" "$(cpu_ms "whole.n$LARGE")" 0 '<=' 1.05
    for id in "${ids[@]}"; do
        figure "$CUTS times both programs and git started, one listing" "$(cpu_ms "bare.$id")" 0
    done
}

# peak_of ID: of the last worker, in MiB
peak_of() {
    sql "$1" 'SELECT peak_rss_bytes / 1048576.0 FROM run ORDER BY seq DESC LIMIT 1'
}

part_memory() {
    local small large
    once a "$PAGES"
    once b "$PAGES"
    once huge "$HUGE"
    new_home memory a b huge
    "$PROGRAMS/peak" "$TEST_DIR/supervisor" "${sync[@]}" --jobs 3 >"$OUT" 2>"$ERR" || fail 'a first sync failed'
    small=$(peak_of a)
    large=$(peak_of huge)
    heading 'peak memory in MiB' "$PAGES"
    figure "worker, $PAGES pages" "$small" 1 '<=' 128
    figure "worker, $HUGE pages" "$large" 1 '<=' 128
    row "worker, $HUGE pages against $PAGES" "$large" "$small" 1 '<=' 1.05
    figure 'supervisor of three' "$(divide "$(cat "$TEST_DIR/supervisor")" 1024)" 1 '<=' 12
    size_of_store huge
    new_home low a huge
    sed -i 's/"kind"/"memory": "low", "kind"/' "$LATTICE_HOME/sources.json"
    "${sync[@]}" >"$OUT" 2>"$ERR" || fail 'a first sync failed'
    heading 'peak memory in MiB, "memory": "low"' "$PAGES"
    figure "worker, $PAGES pages" "$(peak_of a)" 1 '<=' 40
    figure "worker, $HUGE pages" "$(peak_of huge)" 1 '<=' 40
}

size_of_store() {
    local bytes text
    bytes=$(cat "$(store_of "$1")" "$(store_of "$1")-wal" | wc -c)
    expect_equal_git "$1"
    text=$(cut -d ' ' -f 2 "$OUT")
    heading 'size in MB' text
    row 'store with its index and log' "$(divide "$bytes" 1000000)" "$(divide "$text" 1000000)" 1 '<=' 1.7
}

# By itself, without the 92,500 pages of the part above.
part_size() {
    once a "$PAGES"
    new_home size a
    "${sync[@]}" >"$OUT" 2>"$ERR" || fail 'a first sync failed'
    size_of_store a
}

part_dir() {
    local i tree=$TEST_DIR/tree
    once "n$LARGE" "$LARGE"
    git clone -q "$REPOS/n$LARGE.git" "$tree"
    export LATTICE_HOME=$TEST_DIR/homes/dir
    "$SUPERVISE" add docs "$tree" --kind dir >/dev/null
    "$WORKER" sync docs >"$OUT" 2>"$ERR" || fail 'a first sync failed'
    "$WORKER" sync docs >"$OUT" 2>"$ERR" # what was written too shortly before to be told apart
    expect_equal "$(sql docs 'SELECT count(*) FROM page')" "$LARGE" pages
    expect_equal "$(sql docs 'SELECT count(*) FROM file')" "$LARGE" 'files that are known by their looks'
    for ((i = 0; i < RUNS * 3; i++)); do
        measured dir 0 "$WORKER" sync docs
        expect_contains "$OUT" unchanged
        measured find 0 find "$tree" -printf '%s %T@\n'
    done
    heading "nothing to do in a folder of $LARGE files" find
    row ms "$(wall_ms dir)" "$(wall_ms find)" 1 '<=' 1.5
}

[ $# -gt 0 ] || set -- first two unchanged change full cut memory dir
echo "medians of $RUNS runs that take turns; CPU counts all children; load before: $(cut -d ' ' -f 1-3 /proc/loadavg)"
for part in "$@"; do
    "part_$part"
done
printf '\n%s\n' "$missed aims missed; load after: $(cut -d ' ' -f 1-3 /proc/loadavg)"
