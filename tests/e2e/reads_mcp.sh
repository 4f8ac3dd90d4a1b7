# Model Context Protocol: over HTTP and on stdin.
# shellcheck shell=bash

# shellcheck source=tests/e2e/lib/reads_serve.sh
. "$LATTICE_ROOT/tests/e2e/lib/reads_serve.sh"

META='"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}'

# tool NAME ARGUMENTS: its answer's text is in $OUT.
tool() {
    mcp 200 "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"$1\",\"arguments\":$2}}"
    json 'result.content[0].text' >"$TEST_DIR/text"
    IS_ERROR=$(json result.isError)
    mv "$TEST_DIR/text" "$OUT"
}

test_an_agent_searches_and_reads_on() {
    source_of notes a.md '# Hello\n\nsome uv_spawn text\n'
    serve_reads
    tool search '{"query":"uv_spawn"}'
    expect_equal "$IS_ERROR" 0
    local id
    id=$(json 'hits[0].id')
    expect_equal "$id" notes/a.md#0
    expect_equal "$(json 'sources[0].fresh_s' | grep -c '^[0-9]')" 1 'ages of the source'
    tool read "{\"ids\":[\"$id\",\"notes/a.md\",\"notes/none.md\"]}"
    expect_equal "$IS_ERROR" 0
    expect_contains "$OUT" 'some uv_spawn text'
    expect_equal "$(json 'pages[2].error' | grep -c .)" 1
    tool read '{"ids":["notes/none.md"]}'
    expect_equal "$IS_ERROR" 1
    tool search '{"nix":1}'
    expect_equal "$IS_ERROR" 1
    tool sources '{}'
    expect_contains "$OUT" '"notes"'
    tool links '{"id":"notes/a.md"}'
    expect_equal "$IS_ERROR" 0
    tool recent '{"limit":1}'
    expect_contains "$OUT" notes/a.md
    stop_reads
}

test_both_revisions_are_spoken_on_one_address() {
    mkdir -m 700 "$LATTICE_HOME"
    serve_reads
    mcp 200 '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}'
    expect_equal "$(json result.protocolVersion)" 2025-11-25
    mcp 202 '{"jsonrpc":"2.0","method":"notifications/initialized"}' -H 'MCP-Protocol-Version: 2025-11-25'
    mcp 200 '{"jsonrpc":"2.0","id":2,"method":"tools/list"}' -H 'MCP-Protocol-Version: 2025-11-25'
    expect_equal "$(json 'result.tools[1].name')" read
    mcp 200 "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"server/discover\",\"params\":{$META}}" \
        -H 'MCP-Protocol-Version: 2026-07-28' -H 'Mcp-Method: server/discover'
    expect_equal "$(json 'result.supportedVersions[0]')" 2026-07-28
    mcp 404 "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"ping\",\"params\":{$META}}" \
        -H 'MCP-Protocol-Version: 2026-07-28' -H 'Mcp-Method: ping'
    expect_equal "$(json error.code)" -32601
    mcp 400 "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"tools/list\",\"params\":{$META}}"
    expect_equal "$(json error.code)/$(json id)" -32020/5
    mcp 400 '{"jsonrpc":"2.0","id":6,"method":"tools/list"}' -H 'MCP-Protocol-Version: 1999-01-01'
    expect_equal "$(json error.data.requested)" 1999-01-01
    mcp 400 'nonsense'
    expect_equal "$(json error.code)" -32700
    get 415 /mcp -H 'Content-Type: text/plain' --data-binary '{}'
    mcp 403 '{"jsonrpc":"2.0","id":7,"method":"ping"}' -H 'Origin: http://evil.example'
    stop_reads
}

test_on_stdin_each_line_is_answered_and_the_end_is_the_end() {
    source_of notes a.md '# Hello\n\nsome uv_spawn text\n'
    {
        echo '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}'
        echo '{"jsonrpc":"2.0","method":"notifications/initialized"}'
        echo ''
        echo 'nonsense'
        echo '{"jsonrpc":"2.0","id":"b","method":"tools/call","params":{"name":"search","arguments":{"query":"uv_spawn"}}}'
        echo "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"server/discover\",\"params\":{$META}}"
        head -c 300000 /dev/zero | tr '\0' x
        echo
        printf '{"jsonrpc":"2.0","id":4,"method":"ping"}'
    } >"$TEST_DIR/in"
    expect_exit 0 "$READS" mcp <"$TEST_DIR/in"
    expect_equal "$(wc -l <"$OUT")" 6 replies
    expect_matches "$OUT" '"id":"b".*notes/a.md#0'
    expect_equal "$(grep -c -- -32700 "$OUT")" 2 'lines that are no message'
    expect_equal "$(tail -n 1 "$OUT")" '{"jsonrpc":"2.0","id":4,"result":{}}'
}
