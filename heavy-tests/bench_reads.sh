#!/usr/bin/env bash
# Speed of searches in one long-lived reader: rare and common words, phrases, prefixes; idle, and
# beside two workers that import at full speed.
#
#   PAGES=12500 HUGE=92500 RUNS=200 heavy-tests/bench_reads.sh [idle|beside|huge]...
#   QUICK=1 heavy-tests/bench_reads.sh        smaller and fewer
#
# Four stores of PAGES (or HUGE) pages each. "of rare" is a query's p99 in those of a rare word;
# "same" how many of the first ten an exact search has, too.
# shellcheck source=heavy-tests/lib.sh
. "$(dirname "$0")/lib.sh"

if [ -n "${QUICK:-}" ]; then
    : "${PAGES:=2500}" "${HUGE:=10000}" "${RUNS:=30}"
else
    : "${PAGES:=12500}" "${HUGE:=92500}" "${RUNS:=200}"
fi

ids=(a b c d)

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
    "$PROGRAMS/search_time" "$LATTICE_HOME" "$RUNS" "${queries[@]}" >"$TEST_DIR/$1.lines" ||
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

part_beside() {
    four_stores small "$PAGES"
    choose_queries
    [ -e "$TEST_DIR/idle.lines" ] || "$PROGRAMS/search_time" "$LATTICE_HOME" "$RUNS" "${queries[@]}" >"$TEST_DIR/idle.lines"
    heading "$((4 * PAGES)) pages, beside two importing workers; ms"
    # shellcheck disable=SC2016 # expanded by that shell
    start workers bash -c 'while "$0" --source a --source b --full --jobs 2 --timeout 60m; do :; done' "$SUPERVISE"
    measure beside
    kill -TERM -- "-$STARTED"
    wait_exit "$STARTED"
    paste <(cut -d ' ' -f 3 "$TEST_DIR/idle.lines") <(cut -d ' ' -f 3 "$TEST_DIR/beside.lines") | awk '
        $2 / $1 > worst { worst = $2 / $1 }
        END { printf "beside/idle at p99, the worst of these: %.2f (aim <= 1.5)\n", worst }'
}

part_huge() {
    four_stores huge "$HUGE"
    choose_queries
    heading "$((4 * HUGE)) pages in 4 stores, idle; ms"
    measure huge
    awk -v rare="$(head -n 1 "$TEST_DIR/huge.lines" | cut -d ' ' -f 3)" '
        $3 / rare > worst { worst = $3 / rare }
        END { printf "p99 of any of these in those of a rare word: %.1f (aim <= 30)\n", worst }' "$TEST_DIR/huge.lines"
}

[ $# -gt 0 ] || set -- idle beside huge
echo "$RUNS runs of each, taking turns; load before: $(cut -d ' ' -f 1-3 /proc/loadavg)"
for part in "$@"; do
    "part_$part"
done
printf '\n%s\n' "load after: $(cut -d ' ' -f 1-3 /proc/loadavg)"
