# Logs of agents for the tests: lines as the programs write them, one function each.
# shellcheck shell=bash

LOGS=$TEST_DIR/logs
SESSION=5e551011-0000-4000-8000-000000000001

# log_line FILE JSON: appends a line, which may be written in several here.
log_line() {
    mkdir -p "$(dirname "$LOGS/$1")"
    printf '%s\n' "$(tr -d '\n' <<<"$2")" >>"$LOGS/$1"
}

# The fields that every line of `claude` has. SESSION, AT (seconds of a minute) and CWD may be set.
log_head() {
    printf '"sessionId":"%s","cwd":"%s","timestamp":"2026-05-01T12:00:%02d.5Z","isSidechain":%s' \
        "$SESSION" "${CWD:-/home/me/src/lattice}" "${AT:-0}" "${SIDECHAIN:-false}"
}

# say FILE TEXT: a person's prompt.
say() {
    log_line "$1" "{\"type\":\"user\",$(log_head),\"message\":{\"role\":\"user\",\"content\":\"$2\"}}"
}

answers=0

# answer FILE TEXT [MESSAGE]: words of the model; 10 tokens in, 20 out.
answer() {
    log_line "$1" "{\"type\":\"assistant\",$(log_head),\"requestId\":\"req_1\",\"message\":{\"id\":\"${3:-msg_$((++answers))}\",
        \"model\":\"model-one\",\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"$2\"}],\"usage\":{\"input_tokens\":10,
        \"output_tokens\":20,\"cache_read_input_tokens\":30,\"cache_creation_input_tokens\":40}}}"
}

# call FILE ID TOOL COMMAND, result FILE ID FAILED TEXT
call() {
    log_line "$1" "{\"type\":\"assistant\",$(log_head),\"requestId\":\"req_1\",\"message\":{\"id\":\"msg_$2\",\"model\":\"model-one\",
        \"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":\"$2\",\"name\":\"$3\",\"input\":{\"command\":\"$4\"}}],
        \"usage\":{\"input_tokens\":1,\"output_tokens\":2}}}"
}

result() {
    log_line "$1" "{\"type\":\"user\",$(log_head),\"message\":{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",
        \"tool_use_id\":\"$2\",\"is_error\":$3,\"content\":\"$4\"}]}}"
}

# add_logs [OPTION...]: the source `claude` on $LOGS.
add_logs() {
    mkdir -p "$LOGS"
    expect_exit 0 "$SUPERVISE" add claude "$LOGS" --kind agent-log "$@"
}

# text_of SOURCE [PATH]: the page's text, as its chunks have it.
text_of() {
    sql "$1" "SELECT group_concat(text, '') FROM (SELECT text FROM chunk JOIN page ON page.id = page
        WHERE path LIKE '%${2:-}%' ORDER BY path, position)"
}

# All that a source's logs gave, but for times and row numbers: two stores with the same are equal.
all_of() {
    sql "$1" "SELECT path, title, kind, front, size_bytes FROM page ORDER BY path;
        SELECT path, position, chunk.title, heading, text FROM chunk JOIN page ON page.id = page ORDER BY path, position;
        SELECT uuid, project, cwd, started_at, ended_at, duration_ms, prompts, messages, input_tokens, output_tokens,
            cache_read_tokens, cache_creation_tokens FROM session ORDER BY uuid;
        SELECT uuid, tool, calls, errors FROM session_tool JOIN session ON page = session ORDER BY 1, 2;
        SELECT uuid, day, model, m.messages, m.input_tokens, m.output_tokens FROM session_model m
            JOIN session ON page = session ORDER BY 1, 2, 3;
        SELECT uuid, path, name FROM session_repo JOIN session ON page = session ORDER BY 1, 2;
        SELECT shown, reason, detail FROM page_error ORDER BY 1;
        SELECT path, size, offset, chunks FROM log_file ORDER BY 1"
}

# equals_anew SOURCE: the store holds what reading all of it at once into a new one would give.
equals_anew() {
    local got=$TEST_DIR/got.txt want=$TEST_DIR/want.txt
    all_of "$1" >"$got"
    LATTICE_HOME=$TEST_DIR/anew
    rm -rf "$LATTICE_HOME"
    mkdir -m 700 "$LATTICE_HOME"
    cp "$TEST_DIR/lattice/sources.json" "$LATTICE_HOME/"
    expect_exit 0 "$WORKER" sync "$1"
    all_of "$1" >"$want"
    LATTICE_HOME=$TEST_DIR/lattice
    cmp -s "$got" "$want" && return
    diff "$want" "$got" >&2 || true
    fail "the store of $1 is not what reading it anew gives"
}
