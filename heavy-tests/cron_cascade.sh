# Cron-like runs over sources of which one hangs and one outgrows every deadline, beside the serial
# way (`timeout D sh -c 'for each source: sync'`): who is served, and how stale it gets.
#
# RUNS=12 HEALTHY=20 LIMIT=10 (seconds of a run) TIMEOUT=3 (of a worker) PAGES=60000 (of the large one)
# WORDS=400 (that a page of the large one has more: large by its text, for its list must fit in TIMEOUT)
# GROWTH (pages that come to it before each run; half as many again as this machine does in a run)
# shellcheck shell=bash
set -euo pipefail

: "${RUNS:=12}" "${HEALTHY:=20}" "${LIMIT:=10}" "${TIMEOUT:=3}" "${PAGES:=60000}" "${WORDS:=400}" "${GROWTH:=}"
supervise=$LATTICE_BIN/lattice-supervise
worker=$LATTICE_BIN/lattice-worker
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export GIT_CONFIG_GLOBAL=$work/gitconfig GIT_CONFIG_NOSYSTEM=1
printf '[user]\nname = t\nemail = t@example.org\n[init]\ndefaultBranch = main\n[gc]\nauto = 0\n' >"$GIT_CONFIG_GLOBAL"

fail() {
    echo "error: $*" >&2
    exit 1
}

# A git that hangs on the repository `hang` for as long as the file `hanging` is there.
real_git=$(command -v git)
mkdir "$work/bin"
cat >"$work/bin/git" <<GIT
#!/bin/bash
case " \$* " in
*"--git-dir=$work/hang/"*) [ ! -e "$work/hanging" ] || exec sleep infinity ;;
esac
exec "$real_git" "\$@"
GIT
chmod +x "$work/bin/git"

# pages REPO FROM TO WORDS: one commit that adds pages FROM to TO, of 60 words and WORDS that all share.
pages() {
    awk -v from="$2" -v to="$3" -v words="$4" 'BEGIN {
        for (w = 0; w < words; w++) shared = shared sprintf(" word%d", (w * w * 37) % 20011)
        printf "commit refs/heads/main\ncommitter t <t@example.org> %d +0000\ndata 1\nx\n", 1700000000 + to
        if (from > 1) print "from refs/heads/main^0"
        for (i = from; i <= to; i++) {
            text = sprintf("# Page %d\n\nText of page %d", i, i)
            for (w = 0; w < 60; w++) text = text sprintf(" word%d", (i * 7919 + w * w * 31) % 20011)
            text = text shared
            printf "M 100644 inline dir%d/page%d.md\ndata %d\n%s\n", i % 100, i, length(text) + 1, text "\n"
        }
    }' | "$real_git" -C "$1" fast-import --quiet --force
}

healthy=()
for ((i = 1; i <= HEALTHY; i++)); do
    healthy+=("$(printf 'ok%03d' "$i")")
done
all=(big hang "${healthy[@]}") # the serial way meets the bad ones first
for id in "${all[@]}"; do
    git init -q "$work/$id"
    if [ "$id" = big ]; then pages "$work/big" 1 "$PAGES" "$WORDS"; else pages "$work/$id" 1 5 0; fi
done

# What this machine does of the large one in one run decides what is too large for it.
if [ -z "$GROWTH" ]; then
    LATTICE_HOME=$work/first "$supervise" add big "$work/big" >/dev/null
    LATTICE_HOME=$work/first "$supervise" --source big --waves 1 --timeout "$TIMEOUT" >/dev/null 2>&1 || true
    first=$(sqlite3 -readonly "$work/first/sources/big/store.db" 'SELECT count(*) FROM page')
    [ "$first" -lt "$PAGES" ] || fail "all $PAGES pages were done in one run: make PAGES larger"
    GROWTH=$((first * 3 / 2 + 5000))
    rm -rf "$work/first"
fi

# The same sources in two homes.
for way in ours serial; do
    for id in "${all[@]}"; do
        LATTICE_HOME=$work/$way "$supervise" add "$id" "$work/$id" --set every=1s >/dev/null
    done
done
export PATH=$work/bin:$PATH
touch "$work/hanging"

run_ours() {
    LATTICE_HOME=$work/ours "$supervise" --all --waves 1 --timeout "$TIMEOUT" --budget "$LIMIT" >"$work/table" 2>&1 || true
}

# shellcheck disable=SC2016 # for the inner shell
run_serial() {
    LATTICE_HOME=$work/serial timeout -k 1 "$LIMIT" bash -c '
        worker=$1
        shift
        for id; do "$worker" sync "$id"; done' - "$worker" "${all[@]}" >"$work/serial.out" 2>&1 || true
}

# at_head WAY ID
at_head() {
    [ "$(sqlite3 -readonly "$work/$1/sources/$2/store.db" 'SELECT bookmark FROM sync_state' 2>/dev/null)" = \
        "$("$real_git" -C "$work/$2" rev-parse HEAD)" ]
}

declare -A stale worst served
for way in ours serial; do
    worst[$way]=0
    served[$way]=0
done
big_finished=0
for ((run = 1; run <= RUNS; run++)); do
    for id in "${healthy[@]}"; do
        pages "$work/$id" $((run * 5 + 1)) $((run * 5 + 5)) 0
    done
    pages "$work/big" $((PAGES + (run - 1) * GROWTH + 1)) $((PAGES + run * GROWTH)) "$WORDS"
    for way in ours serial; do
        "run_$way"
        everyone=1
        for id in "${healthy[@]}"; do
            if at_head "$way" "$id"; then
                stale[$way.$id]=0
            else
                everyone=0
                stale[$way.$id]=$((${stale[$way.$id]:-0} + 1))
            fi
            [ "${stale[$way.$id]}" -le "${worst[$way]}" ] || worst[$way]=${stale[$way.$id]}
        done
        served[$way]=$((served[$way] + everyone))
    done
    ! at_head ours big || big_finished=$((big_finished + 1))
done

for way in ours serial; do
    printf '%-6s  every healthy source served in %d of %d runs, greatest staleness %d intervals\n' \
        "$way" "${served[$way]}" "$RUNS" "${worst[$way]}"
done
! at_head ours hang || fail 'the source that hangs was synced: this test shows nothing'
[ "$big_finished" -lt "$RUNS" ] || fail 'the large source never met its deadline: make PAGES larger'
[ $((served[ours] * 100)) -ge $((RUNS * 95)) ] || fail 'less than 95 % of the runs served every healthy source'
[ "${worst[ours]}" -le 2 ] || fail 'a healthy source was stale for more than 2 intervals'
grep -qE '^hang .*(failed|killed|skipped)' "$work/table" || fail 'the table does not say that one source hangs'

# Recovery without a hand: runs get further, however slow the machine is; on a very slow one it
# takes several to get through a large plan.
rm "$work/hanging"
runs=0
idle=0
pages_of_big() {
    sqlite3 -readonly "$work/ours/sources/big/store.db" 'SELECT count(*) FROM page'
}
until at_head ours hang && at_head ours big; do
    runs=$((runs + 1))
    had=$(pages_of_big)
    run_ours
    idle=$((idle + 1))
    [ "$(pages_of_big)" -le "$had" ] || idle=0
    at_head ours hang || [ "$runs" -le 10 ] || fail 'the source that hung is not synced again'
    [ "$idle" -le 10 ] || fail 'the large source gets no further'
done
echo "recovered in $runs runs; the large source was whole in $big_finished of $RUNS runs before"
