#!/usr/bin/env bash
# /mcp and `lattice-reads mcp` against the public conformance suite and the official SDK's client.
set -euo pipefail

# shellcheck source=heavy-tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/e2e/lib/reads_serve.sh
. "$LATTICE_ROOT/tests/e2e/lib/reads_serve.sh"

command -v npm >/dev/null || {
    echo 'error: npm is missing: apt-get install npm' >&2
    exit 1
}

# The suite wants Node 22; 0.2 is the first to know the revision 2026-07-28.
PACKAGES=(node@22 @modelcontextprotocol/conformance@0.2.0-alpha.12 @modelcontextprotocol/sdk@1)
NPM=$TEST_DIR/npm
mkdir "$NPM"
echo '{"private": true}' >"$NPM/package.json"
(cd "$NPM" && npm install --no-audit --no-fund --loglevel=error "${PACKAGES[@]}" >"$TEST_DIR/npm.log" 2>&1) || {
    show "$TEST_DIR/npm.log"
    fail 'npm install'
}
NODE=$NPM/node_modules/.bin/node

# conform REVISION SCENARIO: every check of the scenario that can be tried here is passed. What needs
# the suite's own diagnostic tools it reports as "Not testable".
conform() {
    local out=$TEST_DIR/$2.out failed untestable
    "$NODE" "$NPM/node_modules/@modelcontextprotocol/conformance/dist/index.js" server \
        --url "$URL/mcp" --spec-version "$1" --scenario "$2" >"$out" 2>&1 || true
    sed -i 's/\x1b\[[0-9;]*m//g' "$out"
    expect_matches "$out" '^Passed: [0-9]+/[0-9]+, [0-9]+ failed'
    failed=$(sed -n 's/^Passed: .*, \([0-9]*\) failed.*/\1/p' "$out")
    untestable=$(grep -c '^ *Error: Not testable' "$out" || true)
    if [ "$failed" -ne "$untestable" ]; then
        show "$out"
        fail "$2 ($1): $failed failed, $untestable of them not testable"
    fi
    say "$1 $2: $(sed -n 's/^Passed: \([0-9]*\/[0-9]*\),.*/\1/p' "$out") passed, $untestable not testable here"
}

# A client of the SDK: by HTTP, or by stdin and stdout if no address is given.
cat >"$NPM/client.mjs" <<'CLIENT'
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const [url, reads, home] = process.argv.slice(2);
const transport = url
    ? new StreamableHTTPClientTransport(new URL(url))
    : new StdioClientTransport({ command: reads, args: ['mcp', '--home', home] });
const client = new Client({ name: 'test', version: '1' });
const must = (condition, what) => {
    if (!condition) throw new Error(what);
};
const call = async (name, args) => {
    const result = await client.callTool({ name, arguments: args });
    return [JSON.parse(result.content[0].text), result.isError];
};

await client.connect(transport);
must(client.getServerVersion().name === 'lattice-reads', 'name');
await client.ping();
const { tools } = await client.listTools();
must(tools.map((t) => t.name).join() === 'search,read,recent,sources,links', 'tools');
const [found] = await call('search', { query: 'uv_spawn' });
must(found.hits[0].id === 'notes/a.md#0', 'hit');
const [page] = await call('read', { ids: [found.hits[0].id] });
must(JSON.stringify(page).includes('some uv_spawn text'), 'page');
const [, refused] = await call('search', { limit: 5 });
must(refused, 'a call without its argument is an error');
const [sources] = await call('sources', {});
must(Number.isInteger(sources.sources[0].fresh_s), 'freshness');
await client.close();
console.log(`${url ? 'HTTP' : 'stdio'}: ${tools.length} tools, schemas of ${JSON.stringify(tools).length} bytes`);
CLIENT

source_of notes a.md '# Hello\n\nsome uv_spawn text\n'
serve_reads
for scenario in server-initialize ping tools-list dns-rebinding-protection; do
    conform 2025-11-25 "$scenario"
done
for scenario in server-stateless tools-list http-header-validation dns-rebinding-protection \
    server-sse-multiple-streams input-required-result-unsupported-methods; do
    conform 2026-07-28 "$scenario"
done
say "SDK client, $("$NODE" "$NPM/client.mjs" "$URL/mcp")"
say "SDK client, $("$NODE" "$NPM/client.mjs" '' "$READS" "$LATTICE_HOME")"
stop_reads
