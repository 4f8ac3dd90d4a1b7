# Small fake workers that misbehave in one way each, beside a copy of the supervisor.
# shellcheck shell=bash disable=SC2016,SC2153

# fake_worker < SCRIPT: stands beside a copy of the supervisor. The script finds the source's id in
# $source, the job line in $job and the run's id in $run.
fake_worker() {
    FAKE=$TEST_DIR/bin
    mkdir -p "$FAKE" "$LATTICE_HOME"
    chmod 700 "$LATTICE_HOME"
    cp "$SUPERVISE" "$FAKE/lattice-supervise"
    {
        cat <<'HEAD'
#!/bin/bash
source=$4
read -r job <&4
run=${job#*\"run_id\":\"}
run=${run%%\"*}
# record OUTCOME CAUSE COUNTS...: the final record; COUNTS are JSON pairs of a result.
record() {
    local zero='"started_at":1,"pages":0,"added":0,"changed":0,"deleted":0,"renamed":0,"remaining":0'
    zero+=',"errors":0,"quarantined":0,"skipped":0,"duration_ms":1,"cpu_ms":1,"peak_rss_bytes":1'
    local line="{\"v\":1,\"type\":\"result\",\"run_id\":\"$run\",\"outcome\":\"$1\",\"cause\":\"$2\""
    local committed=true
    [ "$1" != failed ] || committed=false
    line+=",\"message\":\"\",$zero,\"committed\":$committed}"
    shift 2
    local pair key
    for pair in "$@"; do
        key=${pair%%:*}
        line=$(sed "s/\"$key\":[0-9]*/\"$key\":${pair#*:}/" <<<"$line")
    done
    printf '%s\n' "$line" >&3
}
progress() {
    printf '{"v":1,"type":"progress","phase":"%s","done":%d,"total":-1,"item_path":"","item_blob":""}\n' "$1" "$2" >&3
}
HEAD
        cat
    } >"$FAKE/lattice-worker"
    chmod +x "$FAKE/lattice-worker"
}

# sources ID...: a sources.json with these.
sources() {
    local id comma=''
    {
        printf '{"sources": ['
        for id in "$@"; do
            printf '%s{"id": "%s", "kind": "git", "url": "/nowhere"}' "$comma" "$id"
            comma=', '
        done
        printf ']}\n'
    } >"$LATTICE_HOME/sources.json"
}

# json PATH: of the JSON document in $OUT.
json() {
    sqlite3 :memory: "SELECT json_extract(CAST(readfile('$OUT') AS TEXT), '\$.$1')"
}

ledger() {
    sqlite3 -batch -readonly "$LATTICE_HOME/ledger.db" "$1"
}

supervise() {
    "$FAKE/lattice-supervise" "$@"
}
