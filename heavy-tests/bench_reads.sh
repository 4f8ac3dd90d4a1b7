#!/usr/bin/env bash
# Speed of searches in one long-lived reader: rare and common words, phrases, prefixes; idle, and
# beside two workers that import at full speed. Then of the service: requests per second, how soon a
# commit is found and told, and its size with many stores and many streams.
#
#   PAGES=12500 HUGE=92500 RUNS=200 COMMITS=60 ROUNDS=5 STORES=1000 STREAMS=2000 \
#       heavy-tests/bench_reads.sh [idle|beside|rate|found|many|streams|huge]...
#   QUICK=1 heavy-tests/bench_reads.sh        smaller and fewer
#   FIRST='chrt -f 5' heavy-tests/...         what is timed goes before all else on a busy machine
#
# Four stores of PAGES (or HUGE) pages each. "of rare" is a query's p99 in those of a rare word;
# "same" how many of the first ten an exact search has, too.
# shellcheck source=heavy-tests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/lib/reads_serve.sh
. "$LATTICE_ROOT/tests/e2e/lib/reads_serve.sh"

if [ -n "${QUICK:-}" ]; then
    : "${PAGES:=2500}" "${HUGE:=10000}" "${RUNS:=30}" "${COMMITS:=10}" "${ROUNDS:=1}" "${STORES:=100}"
else
    : "${PAGES:=12500}" "${HUGE:=92500}" "${RUNS:=200}" "${COMMITS:=60}" "${ROUNDS:=5}" "${STORES:=1000}"
fi
: "${STREAMS:=2000}" "${SECONDS_EACH:=3}"
read -ra first <<<"${FIRST:-}"

ids=(a b c d)

# aim WHAT VALUE OPERATOR LIMIT
aim() {
    judge "${@:2}"
    printf '%-64s %8s  %s\n' "$1" "$2" "$AIM"
}

# four_stores NAME PAGES
four_stores() {
    local id
    [ ! -e "$TEST_DIR/homes/$1" ] || { export LATTICE_HOME=$TEST_DIR/homes/$1 && return; }
    rm -rf "${REPOS:?}"/*
    new_repos "$2" "${ids[@]}"
    new_home "$1" "${ids[@]}"
    "$SUPERVISE" --all --timeout 60m >"$OUT" 2>"$ERR" || { show "$OUT" "$ERR" && fail 'a first sync failed'; }
}

# words ID: its commonest word, its second, one in a tenth of its chunks, one in thirty chunks
words() {
    sqlite3 -batch -readonly "$(store_of "$1")" "
        CREATE VIRTUAL TABLE temp.words USING fts5vocab('main', 'chunk_index', 'row');
        CREATE TEMP TABLE w AS SELECT term, doc FROM temp.words WHERE doc >= 30;
        SELECT term FROM w ORDER BY doc DESC LIMIT 2;
        SELECT term FROM w ORDER BY abs(doc - (SELECT count(*) FROM chunk) / 10) LIMIT 1;
        SELECT term FROM w WHERE term GLOB '[a-z]*' ORDER BY doc, term LIMIT 1;" | paste -s -d ' '
}

choose_queries() {
    local common second tenth rare of_b of_c of_d
    read -r common second tenth rare < <(words a)
    read -r of_b _ < <(words b)
    read -r of_c _ < <(words c)
    read -r of_d _ < <(words d)
    names=('a rare word' 'a word in a tenth of the chunks' 'the commonest word' 'the two commonest'
        'a phrase of these' 'any of the commonest of each store' 'rare and commonest' 'a rare prefix'
        'a prefix of thousands of words' 'partial: commonest and one that is nowhere')
    queries=("$rare" "$tenth" "$common" "$common $second" "\"$common $second\""
        "$common OR $of_b OR $of_c OR $of_d" "$rare $common" "${rare:0:5}*" "${common:0:1}*"
        "$common zzznowherezzz")
}

# measure NAME: the table, and its lines in NAME.lines
measure() {
    local i rare line
    "${first[@]}" "$PROGRAMS/search_time" "$LATTICE_HOME" "$RUNS" "${queries[@]}" >"$TEST_DIR/$1.lines" ||
        fail 'a search failed, or a store did not answer'
    rare=$(head -n 1 "$TEST_DIR/$1.lines" | cut -d ' ' -f 3)
    for i in "${!names[@]}"; do
        line=$(sed -n "$((i + 1))p" "$TEST_DIR/$1.lines")
        awk -v what="${names[i]}" -v rare="$rare" '{
            printf "%-46s %8.2f %8.2f %8.2f %8.1f  %s  %d/%d\n", what, $1, $2, $3, $3 / rare,
                $4 ? "approximate" : "exact      ", $6, $5 }' <<<"$line"
    done
}

heading() {
    printf '\n%-46s %8s %8s %8s %8s  %-11s  %s\n' "$1" CPU p50 p99 'of rare' '' same
}

part_idle() {
    four_stores small "$PAGES"
    choose_queries
    heading "$((4 * PAGES)) pages in 4 stores, idle; ms"
    measure idle
}

# import_in HOME: two workers that import at full speed, until stop_importing. A third of the pages of a
# and b gets a section more, and then is as it was.
import_in() {
    # shellcheck disable=SC2016 # expanded by that shell
    start workers env LATTICE_HOME="$1" bash -c 'trap stopped=1 TERM
    head=start
    while [ -z "${stopped:-}" ]; do
        for id in a b; do git -C "$1/$id.git" update-ref refs/heads/main "refs/$head" || exit 1; done
        "$0" --source a --source b --jobs 2 --timeout 60m || [ "${stopped:-}" ] || exit 1
        [ "$head" = start ] && head=other || head=start
    done' "$SUPERVISE" "$REPOS"
    IMPORTING=$STARTED
}

# Until the supervisor that was asked to stop has ended, too.
stop_importing() {
    kill -TERM -- "-$IMPORTING"
    wait_exit "$IMPORTING"
}

# worst NAME OF: the largest ratio of the p99 of a query.
worst() {
    paste <(cut -d ' ' -f 3 "$TEST_DIR/$2.lines") <(cut -d ' ' -f 3 "$TEST_DIR/$1.lines") |
        awk '$2 / $1 > worst { worst = $2 / $1 } END { printf "%.2f", worst }'
}

# The control: the same two workers, but nobody searches what they write. What is lost beside them is
# what the cores, their caches and the memory cannot give.
part_beside() {
    local id
    four_stores small "$PAGES"
    new_home elsewhere a b
    "$SUPERVISE" --all --timeout 60m >"$OUT" 2>"$ERR" || { show "$OUT" "$ERR" && fail 'a first sync failed'; }
    four_stores small "$PAGES"
    choose_queries
    for id in a b; do
        other_text "$id" "$PAGES"
    done
    [ -e "$TEST_DIR/idle.lines" ] ||
        "${first[@]}" "$PROGRAMS/search_time" "$LATTICE_HOME" "$RUNS" "${queries[@]}" >"$TEST_DIR/idle.lines"
    heading "$((4 * PAGES)) pages, beside two workers of another home; ms"
    import_in "$TEST_DIR/homes/elsewhere"
    measure elsewhere
    stop_importing
    heading "$((4 * PAGES)) pages, beside two importing workers; ms"
    import_in "$LATTICE_HOME"
    measure beside
    stop_importing
    aim 'beside/idle at p99, the worst of these' "$(worst beside idle)" '<=' 1.5
    printf '%-64s %8s\n' 'the same beside workers of another home, as a control' "$(worst elsewhere idle)"
}

part_huge() {
    four_stores huge "$HUGE"
    choose_queries
    heading "$((4 * HUGE)) pages in 4 stores, idle; ms"
    measure huge
    aim 'p99 of the slowest of these in those of a rare word' "$(
        awk 'NR == 1 { rare = $3 } $3 / rare > worst { worst = $3 / rare }
            END { printf "%.1f", worst }' "$TEST_DIR/huge.lines"
    )" '<=' 30
    aim "same, of a word in a tenth of the chunks" \
        "$(awk 'NR == 2 { printf "%.2f", $6 / $5 }' "$TEST_DIR/huge.lines")" '>=' 0.9
}

# --- the service ------------------------------------------------------------------------------------

# cpu_seconds PID: that it used so far.
cpu_seconds() {
    awk -v hz="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); print ($12 + $13) / hz }' "/proc/$1/stat"
}

# median COLUMN FILE
median() {
    cut -d ' ' -f "$1" "$2" | sort -g | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'
}

# percentile PART COLUMN FILE
percentile() {
    cut -d ' ' -f "$2" "$3" | sort -g | awk -v part="$1" '{ a[NR] = $1 }
        END { n = int(NR * part); print a[n < NR * part ? n + 1 : n] }'
}

# by_wrk QUERY-STRING: requests per second, and per CPU-second of the service.
by_wrk() {
    local before
    before=$(cpu_seconds "$SERVE")
    wrk -t 1 -c 4 -d "$SECONDS_EACH" "$URL/api/v1/search?$1" >"$TEST_DIR/wrk"
    ! grep -E 'Non-2xx|Socket errors' "$TEST_DIR/wrk" || fail 'wrk: not all were answered'
    awk -v cpu="$(cpu_seconds "$SERVE")" -v before="$before" '
        /requests in/ { n = $1 } /Requests\/sec/ { rate = $2 } END { print rate, n / (cpu - before) }' "$TEST_DIR/wrk"
}

# rate_of NAME WORD QUERY-STRING STORE...: turns of the service and of bare SQLite.
rate_of() {
    local name=$1 word=$2 query=$3 i
    shift 3
    : >"$TEST_DIR/rates"
    get 200 "/api/v1/search?$query"
    [ "$(json 'hits[0].path')" ] || fail "$word: not found"
    for ((i = 0; i < ROUNDS; i++)); do
        "$PROGRAMS/bare_query" "$SECONDS_EACH" "$word" "$@" >"$TEST_DIR/bare"
        by_wrk "$query" >"$TEST_DIR/service"
        paste -d ' ' "$TEST_DIR/service" <(awk '{ print $1 / $2 }' "$TEST_DIR/bare") >>"$TEST_DIR/rates"
    done
    awk '{ print $2 / $3 }' "$TEST_DIR/rates" >"$TEST_DIR/ratios"
    judge "$(median 1 "$TEST_DIR/ratios")" '>=' 0.7
    printf '%-30s %10.0f %12.0f %12.0f %8.2f  %s\n' "$name" "$(median 1 "$TEST_DIR/rates")" \
        "$(median 2 "$TEST_DIR/rates")" "$(median 3 "$TEST_DIR/rates")" "$(median 1 "$TEST_DIR/ratios")" "$AIM"
}

part_rate() {
    four_stores small "$PAGES"
    choose_queries
    local rare=${queries[0]} id stores=()
    for id in "${ids[@]}"; do
        stores+=("$(store_of "$id")")
    done
    serve_reads
    printf '\n%-30s %10s %12s %12s %8s\n' 'requests per second, wrk -c 4' wall 'per CPU-s' 'bare/CPU-s' 'ratio'
    rate_of 'a rare word in one store' "$rare" "query=$rare&source=a" "${stores[0]}"
    rate_of 'a rare word in four stores' "$rare" "query=$rare" "${stores[@]}"
    say "ratio: per CPU-second of the service and of SQLite's library in one thread"
    stop_reads
}

part_found() {
    local i supervisor words=$TEST_DIR/words
    rm -rf "$TEST_DIR/notes" "$TEST_DIR/homes/found" "$words"
    export LATTICE_HOME=$TEST_DIR/homes/found
    mkdir -p "$TEST_DIR/homes"
    make_repo "$TEST_DIR/notes"
    repo_pages "$TEST_DIR/notes" 1000
    repo_commit "$TEST_DIR/notes"
    "$SUPERVISE" add notes "$TEST_DIR/notes" >"$OUT"
    "$SUPERVISE" --all >"$OUT" 2>"$ERR" || { show "$OUT" "$ERR" && fail 'a first sync failed'; }
    serve_reads
    start supervisor "${first[@]}" "$SUPERVISE" serve
    supervisor=$STARTED
    wait_for_line "$TEST_DIR/supervisor.err" 'serve: ready' 20
    mkfifo "$words"
    exec 5<>"$words"
    start found "${first[@]}" "$PROGRAMS/found_time" "$PORT" "$(store_of notes)" <"$words"
    wait_for_line "$TEST_DIR/found.out" '^ready' 20
    for ((i = 1; i <= COMMITS; i++)); do
        echo "newword$i" >&5
        wait_for_line "$TEST_DIR/found.out" "^armed newword$i\$" 20
        repo_write "$TEST_DIR/notes" "new/$i.md" "# New\n\nHere is newword$i.\n"
        repo_commit "$TEST_DIR/notes"
        "$SUPERVISE" kick notes >"$OUT" 2>"$ERR" || { show "$ERR" && fail "kick"; }
        wait_for_line "$TEST_DIR/found.out" "^found newword$i " 60
    done
    exec 5>&-
    grep '^found' "$TEST_DIR/found.out" >"$TEST_DIR/times"
    printf '\n%-46s %8s %8s %8s\n' "from a worker's commit, $COMMITS commits; ms" p50 p99 worst
    printf '%-46s %8.1f %8.1f %8.1f\n' \
        'to an answer that has the page' "$(percentile 0.5 3 "$TEST_DIR/times")" \
        "$(percentile 0.99 3 "$TEST_DIR/times")" "$(percentile 1 3 "$TEST_DIR/times")" \
        "to the run's end at a client of the events" "$(percentile 0.5 4 "$TEST_DIR/times")" \
        "$(percentile 0.99 4 "$TEST_DIR/times")" "$(percentile 1 4 "$TEST_DIR/times")"
    aim 'p99 to the answer' "$(percentile 0.99 3 "$TEST_DIR/times")" '<=' 100
    aim "p99 to a client of the events" "$(percentile 0.99 4 "$TEST_DIR/times")" '<=' 100
    kill -TERM "$supervisor"
    wait_exit "$supervisor"
    stop_reads
}

# many_stores: one that was synced, and copies of it.
many_stores() {
    local i id
    new_repo n0001 20
    new_home many n0001
    "$SUPERVISE" --all >"$OUT" 2>"$ERR" || { show "$OUT" "$ERR" && fail 'a first sync failed'; }
    sqlite3 -batch "$(store_of n0001)" 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null
    {
        printf '{"sources": [{"id": "n0001", "kind": "git", "url": "%s"}' "$REPOS/n0001.git"
        for ((i = 2; i <= STORES; i++)); do
            printf -v id 'n%04d' "$i"
            printf ',\n{"id": "%s", "kind": "git", "url": "%s"}' "$id" "$REPOS/n0001.git"
            mkdir "$LATTICE_HOME/sources/$id"
            cp "$(store_of n0001)" "$(store_of "$id")"
        done
        printf ']}\n'
    } >"$LATTICE_HOME/sources.json"
}

# peak_descriptors PID OTHER: the most of many looks, until OTHER has ended.
peak_descriptors() {
    local most=0 fds
    while kill -0 "$2" 2>/dev/null; do
        fds=("/proc/$1/fd/"*)
        [ "${#fds[@]}" -le "$most" ] || most=${#fds[@]}
    done
    echo "$most"
}

# Over all stores, and over one after the other, by more clients than there are readers. What this
# misses does not depend on what else the machine does.
part_many() {
    local most kib common seconds before=$missed
    many_stores
    common=$(words n0001 | cut -d ' ' -f 1)
    serve_reads --query-timeout 5m
    seconds=$(curl -s -f -o "$OUT" -w '%{time_total}' "$URL/api/v1/search?query=$common") || fail 'no answer'
    [ "$(json partial)" = 0 ] || fail 'a store did not answer'
    {
        seq -f "url = \"$URL/api/v1/search?query=$common&offset=%.0f\"" 1 8
        seq -f "url = \"$URL/api/v1/search?query=$common&source=n%04.0f\"" 1 "$STORES"
    } >"$TEST_DIR/urls"
    start clients curl -s -f --parallel --parallel-max 8 -K "$TEST_DIR/urls"
    most=$(peak_descriptors "$SERVE" "$STARTED")
    wait_exit "$STARTED"
    expect_equal "$CODE" 0 'exit code of the clients'
    kib=$(sed -n 's/^VmHWM:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$SERVE/status")
    printf '\n%d stores, %d searches by 8 clients\n' "$STORES" "$((STORES + 8))"
    aim 'descriptors at most' "$most" '<=' 1024
    aim 'peak of memory, MiB' "$((kib / 1024))" '<=' 128
    say "the first search over all of them: $seconds s"
    stop_reads
    [ "$missed" -eq "$before" ] || fail 'a reader of many stores is larger than it may be'
}

part_streams() {
    echo
    STREAMS=$STREAMS bash "$LATTICE_ROOT/heavy-tests/streams.sh"
}

[ $# -gt 0 ] || set -- idle beside rate found many streams huge
echo "$RUNS runs of each, taking turns${FIRST:+; under $FIRST}; load before: $(cut -d ' ' -f 1-3 /proc/loadavg)"
for part in "$@"; do
    "part_$part"
done
printf '\n%s\n' "$missed aims missed; load after: $(cut -d ' ' -f 1-3 /proc/loadavg)"
