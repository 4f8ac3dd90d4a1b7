#!/usr/bin/env bash
# What the long tests share: a folder on disk, made-up repositories, and what must hold of a store.
#
# A script sources this and has, besides all that tests/e2e/lib.sh gives:
#   $PROGRAMS   corpus, compare, ceiling, measure
#   $TEST_DIR   its own folder in build/heavy, also the current one; removed at the end (KEEP=1 keeps)
# It works by hand: heavy-tests/kill_storm.sh, once `make all heavy-release` has built.

LATTICE_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
LATTICE_BIN=${LATTICE_BIN:-$LATTICE_ROOT/build/release}
PROGRAMS=$LATTICE_BIN/heavy
if [ ! -x "$PROGRAMS/compare" ] || [ ! -x "$LATTICE_BIN/lattice-supervise" ]; then
    echo "error: $LATTICE_BIN has no programs; run: make all heavy-release" >&2
    exit 1
fi
# shellcheck source=tests/e2e/lib.sh
. "$LATTICE_ROOT/tests/e2e/lib.sh"

mkdir -p "$LATTICE_BIN/../heavy"
TEST_DIR=$(mktemp -d "$(cd "$LATTICE_BIN/../heavy" && pwd -P)/$(basename "$0" .sh).XXXXXX")
REPOS=$TEST_DIR/repos
mkdir "$REPOS"
cd "$TEST_DIR"
prepare
# The long tests set these one by one.
unset LATTICE_LOG LATTICE_NICE

# Whatever a signal or a failure leaves: our processes go, then the folder.
clean_up() {
    local code=$?
    [ "$BASHPID" -eq $$ ] || exit "$code" # a part of the script, in the background
    trap - EXIT ERR
    end_started
    if [ -n "${KEEP:-}" ]; then
        echo "kept: $TEST_DIR"
    else
        rm -rf "$TEST_DIR"
    fi
    exit "$code"
}
set -E
trap 'code=$?; echo "$(basename "$0"):$LINENO: exit code $code: $BASH_COMMAND" >&2' ERR
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

# --- printing -------------------------------------------------------------------------------------

say() {
    printf '   %s\n' "$*"
}

missed=0
# judge VALUE [OPERATOR LIMIT]: the aim, as tables show it, in $AIM; where it is missed, that is counted.
judge() {
    AIM=-
    [ $# -gt 1 ] || return 0
    AIM="$2 $3"
    awk -v a="$1" -v b="$3" -v o="$2" 'BEGIN { exit !(o == ">=" ? a >= b : a <= b) }' || {
        AIM="$AIM  MISSED"
        missed=$((missed + 1))
    }
}

# --- repositories ---------------------------------------------------------------------------------

# new_repo ID PAGES: $REPOS/ID.git with one commit, also kept as refs/start. The seed is ID's bytes.
new_repo() {
    local repo=$REPOS/$1.git
    git init -q --bare "$repo"
    next_commit "$1" "$2"
    git -C "$repo" update-ref refs/start main
}

# next_commit ID PAGES [--round R ...]: a commit onto main, as corpus makes it.
next_commit() {
    local id=$1 pages=$2 seed
    shift 2
    seed=$(($(cksum <<<"$id" | cut -d ' ' -f 1) % 4096))
    "$PROGRAMS/corpus" --pages "$pages" --seed "$seed" "$@" |
        git -c core.compression=1 -C "$REPOS/$id.git" fast-import --quiet --done --depth=0 ||
        fail "$id: no commit was made"
}

# new_repos PAGES ID...: on all processors.
new_repos() {
    local pages=$1 id pid pids=()
    shift
    for id in "$@"; do
        new_repo "$id" "$pages" &
        pids+=($!)
        [ ${#pids[@]} -lt "$(nproc)" ] || {
            wait "${pids[0]}"
            pids=("${pids[@]:1}")
        }
    done
    for pid in "${pids[@]}"; do
        wait "$pid"
    done
}

# other_text ID PAGES: refs/other, where a third of the pages of refs/start has one more section; main is
# that.
other_text() {
    next_commit "$1" "$2" --round 1 --change "$2"
    git -C "$REPOS/$1.git" update-ref refs/other main
}

# set_head ID REV: main is REV again.
set_head() {
    git -C "$REPOS/$1.git" update-ref refs/heads/main "$2" || fail "$1: its head was not moved"
}

# new_home NAME ID...: a fresh home that holds these sources.
new_home() {
    export LATTICE_HOME=$TEST_DIR/homes/$1
    shift
    mkdir -p "$TEST_DIR/homes"
    local id
    for id in "$@"; do
        "$SUPERVISE" add "$id" "$REPOS/$id.git" >/dev/null
    done
}

store_of() {
    echo "$LATTICE_HOME/sources/$1/store.db"
}

# --- what must hold -------------------------------------------------------------------------------

# at_head ID: the bookmark is main's commit and nothing is left half-way.
at_head() {
    [ "$(sql "$1" "SELECT bookmark || ' ' || coalesce(target, '') FROM sync_state")" = \
        "$(git -C "$REPOS/$1.git" rev-parse main) " ]
}

expect_at_head() {
    at_head "$1" || fail "$1: the bookmark is not at main: $(sql "$1" 'SELECT bookmark, target FROM sync_state')"
}

# expect_equal_git ID: page set and bodies.
expect_equal_git() {
    "$PROGRAMS/compare" "$REPOS/$1.git" main "$(store_of "$1")" >"$OUT" ||
        fail "$1: the store does not equal the repository"
}

# expect_sound ID: the file, the index against the text, counts, and nothing left behind.
# The index check is a write: no worker may run.
expect_sound() {
    expect_equal "$(sql "$1" 'PRAGMA integrity_check')" ok "$1: integrity_check"
    expect_equal "$(sql "$1" 'PRAGMA foreign_key_check')" '' "$1: foreign_key_check"
    sqlite3 -batch "$(store_of "$1")" \
        "INSERT INTO chunk_index(chunk_index, rank) VALUES('integrity-check', 1)" ||
        fail "$1: the index does not equal the text"
    expect_equal "$(sql "$1" 'SELECT pages - (SELECT count(*) FROM page) FROM sync_state')" 0 "$1: pages counted wrongly by"
    expect_equal "$(sql "$1" 'SELECT count(*) FROM lock')" 0 "$1: lock rows"
}

# page_list ID: `id path` of each page, sorted for comm.
page_list() {
    sql "$1" "SELECT id || ' ' || path FROM page" | LC_ALL=C sort
}

# remember ID: what the store holds now, for expect_no_loss.
remember() {
    page_list "$1" >"$TEST_DIR/$1.pages"
    sql "$1" 'SELECT version, pages, last_success_at FROM sync_state' >"$TEST_DIR/$1.state"
    # An empty memory would find nothing lost.
    [ "$(wc -l <"$TEST_DIR/$1.pages")" -eq "$(cut -d '|' -f 2 "$TEST_DIR/$1.state")" ] ||
        fail "$1: its pages could not be listed"
}

# expect_no_loss ID: each page of the last remember is still there under its own id, unless its path
# is gone from main (then it may be gone, or be elsewhere); and the version and the time of the
# last success did not go back.
expect_no_loss() {
    local lost old new
    page_list "$1" >"$TEST_DIR/$1.now"
    git -C "$REPOS/$1.git" -c core.quotePath=false ls-tree -r --name-only main | LC_ALL=C sort >"$TEST_DIR/$1.tree"
    lost=$(LC_ALL=C comm -23 "$TEST_DIR/$1.pages" "$TEST_DIR/$1.now" | sed 's/^[0-9]* //' | LC_ALL=C sort |
        LC_ALL=C comm -12 - "$TEST_DIR/$1.tree")
    [ -s "$TEST_DIR/$1.tree" ] || fail "$1: main could not be listed"
    [ -z "$lost" ] || fail "$1: $(wc -l <<<"$lost") pages were lost or got another id, such as $(head -n 1 <<<"$lost")"
    IFS='|' read -ra old <"$TEST_DIR/$1.state"
    IFS='|' read -ra new <<<"$(sql "$1" 'SELECT version, pages, last_success_at FROM sync_state')"
    [ "${new[0]}" -ge "${old[0]}" ] || fail "$1: its version went back from ${old[0]} to ${new[0]}"
    [ "${new[2]}" -ge "${old[2]}" ] || fail "$1: its last success went back from ${old[2]} to ${new[2]}"
}

# --- processes ------------------------------------------------------------------------------------

# marked: pids of living processes that carry the mark of a worker of $LATTICE_HOME.
marked() {
    local mark
    mark=LATTICE_MARK=$(stat -c %D "$LATTICE_HOME"):$(printf %x "$(stat -c %i "$LATTICE_HOME")"):
    { grep -lszF -e "$mark" /proc/[0-9]*/environ || true; } | cut -d / -f 3
}

# expect_lock_free ID: the kernel lock of the source can be taken.
expect_lock_free() {
    "$PROGRAMS/lock_free" "$LATTICE_HOME/sources/$1/writer.lock" || fail "$1: its lock is held"
}
