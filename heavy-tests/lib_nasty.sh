# What nasty_tree.sh and bench_kill.sh share: a home whose workers' git is a program that does not want to die.
# shellcheck shell=bash

: "${LATTICE_BIN:?folder of the programs}"
SUPERVISE=$LATTICE_BIN/lattice-supervise
NASTY=$LATTICE_BIN/heavy/nasty

# nasty_home DIR KIND...: a home with one source for each kind, and a git in front of the real one.
nasty_home() {
    DIR=$1
    shift
    KINDS=("$@")
    LOCK=$DIR/lock
    COUNT=$DIR/count
    export LATTICE_HOME=$DIR/home
    local kind comma='' real
    real=$(command -v git)
    mkdir -p "$LATTICE_HOME" "$DIR/bin"
    chmod 700 "$LATTICE_HOME"
    : >"$LOCK"
    : >"$COUNT"
    [ -d "$DIR/repo" ] || {
        git init -q "$DIR/repo"
        echo '# Page' >"$DIR/repo/page.md"
        git -C "$DIR/repo" add -A
        git -C "$DIR/repo" -c user.name=T -c user.email=t@example.org commit -q -m page
        # A branch that is another name of one: each run asks git for it, also when nothing has changed.
        git -C "$DIR/repo" symbolic-ref refs/heads/alias "$(git -C "$DIR/repo" symbolic-ref HEAD)"
    }
    {
        printf '{"sources": ['
        for kind in "${KINDS[@]}"; do
            printf '%s{"id": "%s", "kind": "git", "url": "%s", "branch": "alias"}' \
                "$comma" "$kind" "$DIR/repo"
            comma=', '
        done
        printf ']}\n'
    } >"$LATTICE_HOME/sources.json"
    # The source, whose name is the kind, is in the mark.
    cat >"$DIR/bin/git" <<GIT
#!/bin/sh
[ ! -e '$DIR/behave' ] || exec '$real' "\$@"
IFS=:
set -- \$LATTICE_MARK
exec '$NASTY' "\$3" '$LOCK' '$COUNT' \$([ ! -e '$DIR/hold' ] || echo hold)
GIT
    chmod +x "$DIR/bin/git"
}

# none_alive SECONDS: nobody holds the lock, within that time.
none_alive() {
    flock -x -w "$1" "$LOCK" true
}

# nasty_wave TIMEOUT GRACE JOBS: all kinds once. The table as JSON is in $DIR/out, latencies are added to $DIR/latency,
# and where each was spent to $DIR/latency.why.
nasty_wave() {
    local kind args=()
    for kind in "${KINDS[@]}"; do
        args+=(--source "$kind")
    done
    PATH=$DIR/bin:$PATH LATTICE_LOG=debug "$SUPERVISE" "${args[@]}" --timeout "$1" --grace "$2" --jobs "$3" \
        --waves 1 --json >"$DIR/out" 2>"$DIR/err" || true
    sed -n 's/^debug \(.*\) end: slot free \([0-9-]*\) ms after its hard deadline\(.*\)/\2 ms: \1\3/p' "$DIR/err" >>"$DIR/latency.why"
    sed -n 's/.* slot free \([0-9-]*\) ms after its hard deadline.*/\1/p' "$DIR/err" >>"$DIR/latency"
}

# percentiles FILE: "p50 p99 max count" of the numbers in it.
percentiles() {
    sort -n "$1" | awk '{ a[NR] = $1 }
        function at(p, i) { i = int(p * NR); if (i < p * NR) i++; return a[i < 1 ? 1 : i] }
        END { if (NR) print at(0.5), at(0.99), a[NR], NR; else print "- - - 0" }'
}

# load_both: keeps every processor busy until unload.
load_both() {
    local i
    LOAD=()
    for ((i = 0; i < $(nproc); i++)); do
        (while :; do :; done) &
        LOAD+=($!)
    done
}

unload() {
    [ "${#LOAD[@]}" -gt 0 ] || return 0
    kill "${LOAD[@]}" 2>/dev/null || true
    wait "${LOAD[@]}" 2>/dev/null || true
    LOAD=()
}
LOAD=()
