#!/usr/bin/env bash
# Runs one end-to-end test: `bash -euo pipefail lib.sh FILE FUNCTION`, started by the runner.
#
# A test file defines `test_some_behaviour() { ... }` and nothing else that acts. Each test is a
# process of its own with its own folder, and fails at the first command that fails. A comment
# `# limit: 120` right above raises its time limit (60 s). Whatever a test leaves running fails it.
#
# What a test finds:
#   $SUPERVISE $WORKER $READS   the programs under test
#   $TOOLS                      the folder of helper programs
#   $TEST_DIR                   its own folder, also the current one; removed afterwards
#   $LATTICE_HOME $HOME         inside it
#   $OUT $ERR $CODE             what the last expect_exit or run printed and exited with
#   $TEST_VARIANT               release, asan, ...
set -euo pipefail
shopt -s inherit_errexit

# --- ends of a test -----------------------------------------------------------------------------

fail() {
    local depth=1
    while [ "${BASH_SOURCE[$depth]:-}" = "${BASH_SOURCE[0]}" ]; do
        depth=$((depth + 1))
    done
    echo "$(basename "${BASH_SOURCE[$depth]:-shell}"):${BASH_LINENO[$((depth - 1))]}: $*" >&2
    trap - ERR
    exit 1
}

# The test cannot be run here, and why. Neither passed nor failed.
skip() {
    echo "$*"
    trap - ERR
    exit 77
}

show() {
    local file
    for file in "$@"; do
        echo "--- $(basename "$file"):" >&2
        tail -c 8192 -- "$file" >&2
    done
}

# --- running and expecting ------------------------------------------------------------------------

# run CMD...: keeps output in $OUT and $ERR and the exit code in $CODE; never fails by itself.
run() {
    CODE=0
    "$@" >"$OUT" 2>"$ERR" || CODE=$?
}

# expect_exit CODE CMD...
expect_exit() {
    local want=$1
    shift
    run "$@"
    [ "$CODE" -eq "$want" ] && return
    show "$OUT" "$ERR"
    fail "exit code $CODE, expected $want: $*"
}

expect_contains() {
    grep -qF -e "$2" -- "$1" && return
    show "$1"
    fail "$(basename "$1") does not contain: $2"
}

expect_not_contains() {
    grep -qF -e "$2" -- "$1" || return 0
    show "$1"
    fail "$(basename "$1") contains: $2"
}

# expect_matches FILE ERE: some line matches.
expect_matches() {
    grep -qE -e "$2" -- "$1" && return
    show "$1"
    fail "no line of $(basename "$1") matches: $2"
}

# expect_equal GOT WANT [WHAT]
expect_equal() {
    [ "$1" = "$2" ] || fail "${3:-value} is '$1', expected '$2'"
}

# unprivileged CMD...: as somebody who is not root, so that permissions count.
unprivileged() {
    if [ "$(id -u)" -ne 0 ]; then
        "$@"
    else
        setpriv --reuid 65534 --regid 65534 --clear-groups -- "$@"
    fi
}

# --- processes --------------------------------------------------------------------------------------

started=()

# start NAME CMD...: in the background, in a process group of its own, with default signals. Its pid
# is in $STARTED, its output in $TEST_DIR/NAME.out and NAME.err. Ended with the test.
start() {
    local name=$1
    shift
    rm -f -- "$TEST_DIR/$name.out" "$TEST_DIR/$name.err" # of an earlier one, else read until the child begins
    set -m
    "$@" >"$TEST_DIR/$name.out" 2>"$TEST_DIR/$name.err" &
    STARTED=$!
    set +m
    started+=("$STARTED")
}

# wait_exit PID: until a process that this test started has ended; its exit code is in $CODE.
wait_exit() {
    CODE=0
    wait "$1" || CODE=$?
}

# wait_gone PID SECONDS: until any process has ended.
wait_gone() {
    "$TOOLS/await_exit" "$1" "$2" || fail "process $1 is still there after $2 s"
}

# wait_for_line FILE ERE SECONDS: until a line of the file (which may come later) matches.
wait_for_line() {
    "$TOOLS/wait_line" "$1" "$2" "$3" && return
    [ ! -e "$1" ] || show "$1"
    fail "no line of $(basename "$1") matched within $3 s: $2"
}

# Ends what `start` started: asked first, then made to.
end_started() {
    local pid clock limit
    for pid in "${started[@]}"; do
        # Asked twice: a shell that has not come to its exec yet loses the signal.
        for limit in 0.2 1; do
            kill -TERM -- "-$pid" 2>/dev/null || break
            kill -CONT -- "-$pid" 2>/dev/null || true
            sleep "$limit" &
            clock=$!
            wait -n "$pid" "$clock" 2>/dev/null || true
            kill "$clock" 2>/dev/null || true
            wait "$clock" || true
        done
        kill -KILL -- "-$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true # the test may have waited already
    done
}

# --- repositories -----------------------------------------------------------------------------------

# make_repo DIR [GIT-INIT-OPTION...]: an empty repository on branch main.
make_repo() {
    local dir=$1
    shift
    git init -q --template= "$@" -- "$dir" # no sample hooks: a dozen files
}

# repo_write DIR PATH TEXT: writes a file (not committed). TEXT as printf %b understands it.
repo_write() {
    local file="$1/$2"
    [ -d "${file%/*}" ] || mkdir -p -- "${file%/*}"
    printf '%b' "$3" >"$file"
}

# repo_commit DIR [MESSAGE]: everything, also what was deleted. Prints nothing.
repo_commit() {
    git -C "$1" add -A
    git -C "$1" commit -q --allow-empty -m "${2:-change}"
}

# repo_pages DIR COUNT [FOLDER]: writes COUNT small Markdown pages, not committed.
repo_pages() {
    local folder="$1/${3:-pages}"
    mkdir -p -- "$folder"
    awk -v folder="$folder" -v count="$2" 'BEGIN {
        for (i = 1; i <= count; i++) {
            file = sprintf("%s/page-%06d.md", folder, i)
            printf "# Page %d\n\nText of page %d, see [[page-%06d]].\n", i, i, i % count + 1 > file
            close(file)
        }
    }'
}

# --- stores -----------------------------------------------------------------------------------------

# sql SOURCE QUERY: reads a source's store.
sql() {
    sqlite3 -batch -readonly -cmd '.timeout 5000' "$LATTICE_HOME/sources/$1/store.db" "$2"
}

# lock_database FILE: nobody else reads or writes it until unlock_database; nobody has it open yet.
lock_database() {
    [ -p "$TEST_DIR/words" ] || mkfifo "$TEST_DIR/words"
    exec 4<>"$TEST_DIR/words"
    start locker sqlite3 -batch "$1" <&4
    LOCKER=$STARTED
    echo 'PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; SELECT 1;' >&4
    wait_for_line "$TEST_DIR/locker.out" '^1$' 20
}

unlock_database() {
    echo '.exit' >&4
    wait_exit "$LOCKER"
    exec 4>&-
}

# What the default include takes; a test with other globs sets its own.
STORE_PAGES='\.(md|markdown|mdx|txt|rst|org)$'

# The page set of a revision as a tree: `path -> blob`, for regular files only.
git_tree() {
    local repo=$1 rev=$2 index=$3
    git -C "$repo" ls-tree -r -z "$rev" |
        LC_ALL=C sed -z -n -E "/^100(644|755) /{/$STORE_PAGES/{s/^100755/100644/;p}}" |
        GIT_INDEX_FILE=$index git --git-dir="$compare" update-index -z --index-info
    GIT_INDEX_FILE=$index git --git-dir="$compare" write-tree --missing-ok
}

# The same of a store: each body is written to a file and hashed as git would.
store_tree() {
    local source=$1 index=$2 bodies="$compare/bodies"
    mkdir "$bodies"
    sql "$source" "
        SELECT count(writefile('$bodies/' || p.id, CAST(coalesce((
            SELECT group_concat(text, '') FROM (
                SELECT c.text AS text FROM chunk c WHERE c.page = p.id ORDER BY c.position)
        ), '') AS BLOB))) FROM page p;
        SELECT writefile('$compare/ids', CAST(coalesce(group_concat(
            '$bodies/' || id || char(10), ''), '') AS BLOB)) FROM (SELECT id FROM page ORDER BY id);
        SELECT writefile('$compare/paths', CAST(coalesce(group_concat(
            path || char(0), ''), '') AS BLOB)) FROM (SELECT id, path FROM page ORDER BY id);
        " >/dev/null
    # shellcheck disable=SC2094 # no file here is also written
    git --git-dir="$compare" hash-object --no-filters -w --stdin-paths <"$compare/ids" |
        sed 's/^/100644 /; s/$/ 0/' | tr '\n' '\0' | paste -z - "$compare/paths" |
        GIT_INDEX_FILE=$index git --git-dir="$compare" update-index -z --index-info
    GIT_INDEX_FILE=$index git --git-dir="$compare" write-tree
}

# store_equals_git SOURCE REPO [REV]: the same pages, and the same bodies byte for byte.
store_equals_git() {
    local compare want got
    compare=$(mktemp -d "$TEST_DIR/compare.XXXXXX")
    git init -q --bare --template= --object-format="$(git -C "$2" rev-parse --show-object-format)" "$compare"
    # The repository's own objects are only needed to show differences.
    git -C "$2" rev-parse --path-format=absolute --git-path objects >"$compare/objects/info/alternates"
    want=$(git_tree "$2" "${3:-HEAD}" "$compare/want.index")
    got=$(store_tree "$1" "$compare/got.index")
    if [ "$want" != "$got" ]; then
        echo "--- store against git (D: not in the store, A: not in git, M: other text):" >&2
        git --git-dir="$compare" diff-tree -r --no-renames --name-status "$want" "$got" | head -20 >&2
        fail "the store of $1 does not equal $2 at ${3:-HEAD}"
    fi
    rm -rf "$compare"
}

# --- start ------------------------------------------------------------------------------------------

prepare() {
    : "${TEST_DIR:?the runner sets this}" "${LATTICE_BIN:?the runner sets this}"
    SUPERVISE=$LATTICE_BIN/lattice-supervise
    WORKER=$LATTICE_BIN/lattice-worker
    READS=$LATTICE_BIN/lattice-reads
    TOOLS=${LATTICE_BIN%/*}/release/tools # they are not under test
    RUNNER=$LATTICE_BIN/runner
    OUT=$TEST_DIR/out
    ERR=$TEST_DIR/err
    CODE=0
    export PATH=$LATTICE_BIN:$PATH
    export HOME=$TEST_DIR/home
    export LATTICE_HOME=$TEST_DIR/lattice
    export TMPDIR=$TEST_DIR/tmp
    export GIT_CONFIG_GLOBAL=$TEST_DIR/gitconfig
    export GIT_CONFIG_NOSYSTEM=1
    export LATTICE_NICE=0 # many tests run at a time, and have short deadlines
    mkdir -p "$HOME" "$TMPDIR"
    printf '%s\n' '[user]' 'name = Test' 'email = test@example.org' '[init]' 'defaultBranch = main' \
        '[commit]' 'gpgSign = false' '[gc]' 'auto = 0' '[maintenance]' 'auto = false' \
        '[advice]' 'detachedHead = false' >"$GIT_CONFIG_GLOBAL"
    : "$SUPERVISE" "$WORKER" "$READS" "$TOOLS" "$RUNNER" "$OUT" "$ERR" "$CODE"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    set -E
    prepare
    trap 'code=$?; echo "$(basename "${BASH_SOURCE[0]}"):$LINENO: exit code $code: $BASH_COMMAND" >&2' ERR
    trap end_started EXIT
    # shellcheck source=/dev/null
    . "$1"
    "$2"
fi
