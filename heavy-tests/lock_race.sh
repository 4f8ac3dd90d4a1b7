#!/usr/bin/env bash
# Supervisors, hand-run workers and `break-lock --force` at random on the same sources: never two
# writers, and the page sets right at the end. MINUTES=5 SOURCES=3 PAGES=2000 SEED=1
# shellcheck shell=bash
set -euo pipefail

: "${MINUTES:=5}" "${SOURCES:=3}" "${PAGES:=2000}" "${SEED:=1}"
supervise=$LATTICE_BIN/lattice-supervise
worker=$LATTICE_BIN/lattice-worker
compare=$LATTICE_BIN/heavy/compare
work=$(mktemp -d)
export LATTICE_HOME=$work/home GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@example.org
export GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@example.org
actors=()

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

stop_actors() {
    [ ${#actors[@]} -eq 0 ] || kill "${actors[@]}" 2>/dev/null || true
    [ ${#actors[@]} -eq 0 ] || wait "${actors[@]}" 2>/dev/null || true
    actors=()
}

clean_up() {
    stop_actors
    "$supervise" break-lock --all --force >/dev/null 2>&1 || true
    rm -rf "$work"
}
trap clean_up EXIT

# --- sources ----------------------------------------------------------------------------------------

ids=()
for ((i = 1; i <= SOURCES; i++)); do
    id=s$i
    ids+=("$id")
    git init -q "$work/$id"
    awk -v folder="$work/$id" -v count="$PAGES" 'BEGIN {
        for (i = 1; i <= count; i++) {
            file = sprintf("%s/page-%06d.md", folder, i)
            printf "# Page %d\n\nText of page %d, see [[page-%06d]].\n", i, i, i % count + 1 > file
            close(file)
        }
    }'
    git -C "$work/$id" add -A
    git -C "$work/$id" commit -q -m first
    "$supervise" add "$id" "$work/$id" >/dev/null
    "$worker" sync "$id" >/dev/null
    # Every commit passes the fence, which updates the lock row: each is written down in the
    # transaction that it fences, beside the run that the row named at that moment.
    sqlite3 -batch "$LATTICE_HOME/sources/$id/store.db" "
        CREATE TABLE race(seq INTEGER PRIMARY KEY AUTOINCREMENT, what TEXT, run_id TEXT, pid INTEGER,
                          progress_seq INTEGER);
        CREATE TRIGGER race_take AFTER INSERT ON lock BEGIN
            INSERT INTO race(what, run_id, pid, progress_seq)
            VALUES('take', new.run_id, new.pid, new.progress_seq);
        END;
        CREATE TRIGGER race_commit AFTER UPDATE ON lock BEGIN
            INSERT INTO race(what, run_id, pid, progress_seq)
            VALUES('commit', new.run_id, new.pid, new.progress_seq);
        END;
        CREATE TRIGGER race_drop AFTER DELETE ON lock BEGIN
            INSERT INTO race(what, run_id, pid, progress_seq)
            VALUES('drop', old.run_id, old.pid, old.progress_seq);
        END;"
done

# --- actors -----------------------------------------------------------------------------------------

any_id() {
    echo "${ids[RANDOM % ${#ids[@]}]}"
}

# pause MAX_MS: a random while; the random moments are the test.
pause() {
    local ms=$((RANDOM % $1 + 1))
    sleep "$(printf '%d.%03d' $((ms / 1000)) $((ms % 1000)))"
}

count() {
    printf '%s\n' "$2" >>"$work/$1"
}

supervisors() {
    local flags=() id code
    RANDOM=$((SEED * 10 + 1))
    for id in "${ids[@]}"; do
        flags+=(--source "$id")
    done
    while :; do
        code=0
        "$supervise" "${flags[@]}" --timeout 3s --grace 1s --waves 2 >"$work/supervise.out" 2>&1 || code=$?
        count supervisor "$code"
        pause 200
    done
}

workers() {
    local code
    RANDOM=$((SEED * 10 + $1))
    while :; do
        code=0
        "$worker" sync "$(any_id)" >/dev/null 2>&1 || code=$?
        count worker "$code"
        pause 300
    done
}

breakers() {
    RANDOM=$((SEED * 10 + 5))
    while :; do
        "$supervise" break-lock --source "$(any_id)" --force 2>/dev/null |
            tee -a "$work/verdicts" | cut -d " " -f 2 >>"$work/break" || true
        pause 400
    done
}

# One page in twenty changes, one goes, one comes.
authors() {
    local id n
    RANDOM=$((SEED * 10 + 6))
    for ((n = 1; ; n++)); do
        id=$(any_id)
        find "$work/$id" -maxdepth 1 -name "page-*$((RANDOM % 10))$((n % 2)).md" |
            while read -r page; do echo "Change $n." >>"$page"; done
        echo "# New $n" >"$work/$id/new-$n.md"
        rm -f "$work/$id/new-$((n - 3)).md"
        git -C "$work/$id" add -A
        git -C "$work/$id" commit -q -m "change $n"
        pause 1500
    done
}

for actor in supervisors 'workers 2' 'workers 3' breakers authors; do
    # shellcheck disable=SC2086 # a name and perhaps its number
    $actor &
    actors+=($!)
done
sleep $((MINUTES * 60))
stop_actors

# --- what must hold ---------------------------------------------------------------------------------

"$supervise" break-lock --all --force >/dev/null 2>&1 || fail 'a lock could not be broken at the end'
flags=()
for id in "${ids[@]}"; do
    flags+=(--source "$id")
done
for ((i = 1; i <= 10; i++)); do
    code=0
    "$supervise" "${flags[@]}" >"$work/end.out" 2>&1 || code=$?
    [ "$code" -ne 0 ] || break
done
[ "$code" -eq 0 ] || {
    cat "$work/end.out" >&2
    fail "the last run exits with $code"
}

commits=0
takes=0
for id in "${ids[@]}"; do
    store=$LATTICE_HOME/sources/$id/store.db
    [ ! -e "$store.damaged" ] || fail "$id: the store was damaged"
    # Whoever commits is the one who took the row last, and its commits are numbered one by one.
    strangers=$(sqlite3 -batch -readonly "$store" "
        WITH r AS (SELECT *, lag(run_id) OVER (ORDER BY seq) AS before_run, lag(what) OVER (ORDER BY seq) AS before,
                          lag(progress_seq) OVER (ORDER BY seq) AS before_seq FROM race)
        SELECT count(*) FROM r WHERE what = 'commit' AND
            (before = 'drop' OR before_run IS NOT run_id OR progress_seq <> before_seq + 1)")
    [ "$strangers" -eq 0 ] || fail "$id: $strangers commits of a run that did not hold the row"
    commits=$((commits + $(sqlite3 -batch -readonly "$store" "SELECT count(*) FROM race WHERE what = 'commit'")))
    takes=$((takes + $(sqlite3 -batch -readonly "$store" "SELECT count(*) FROM race WHERE what = 'take'")))
    sound=$(sqlite3 -batch "$store" "PRAGMA integrity_check;
        INSERT INTO chunk_index(chunk_index, rank) VALUES('integrity-check', 1);")
    [ "$sound" = ok ] || fail "$id: $sound"
    [ "$(sqlite3 -batch -readonly "$store" 'SELECT count(*) FROM lock')" -eq 0 ] || fail "$id: a lock row is left"
    "$compare" "$work/$id" HEAD "$store" >/dev/null || fail "$id: the store does not equal git"
done
"$supervise" doctor >"$work/doctor" || fail 'doctor finds something'
! grep '^warn *leftovers' "$work/doctor" || fail 'processes are left'

summary() {
    [ ! -s "$work/$1" ] || sort "$work/$1" | uniq -c | awk '{ printf " %sx%s", $2, $1 }'
}
echo "supervisors by exit code:$(summary supervisor)"
echo "hand-run workers by exit code:$(summary worker)"
echo "break-lock --force:$(summary break)"
[ "$(grep -c '^forced' "$work/break" || true)" -gt 0 ] || fail 'no living worker was broken: the race was none'
echo "passed: $takes takes, $commits commits, none by two at a time; all stores equal git"
