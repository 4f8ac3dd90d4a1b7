#!/usr/bin/env bash
# The pages of lattice-reads in a real browser: search, keys, live view, trouble, accessibility, screenshots.
# The screenshots stay in build/heavy/web, for people to look at.
# shellcheck disable=SC2016 # back quotes are Markdown's
set -euo pipefail

# shellcheck source=heavy-tests/lib.sh
. "$(dirname "$0")/lib.sh"

# What npm brings, exactly; into build/, never into the tree.
PLAYWRIGHT=playwright-core@1.65.1
AXE=axe-core@4.14.1

CHROMIUM=$(command -v chromium || command -v chromium-browser) || fail 'chromium is missing: make heavy installs it'
modules=$(cd "$LATTICE_BIN/.." && pwd -P)/npm
if [ "$(cat "$modules/installed" 2>/dev/null)" != "$PLAYWRIGHT $AXE" ]; then
    mkdir -p "$modules"
    # Without a package.json of its own it would look for one above.
    echo '{"private": true}' >"$modules/package.json"
    npm install --prefix "$modules" --no-save --no-package-lock --no-audit --no-fund --ignore-scripts \
        --loglevel=error --cache "$modules/cache" "$PLAYWRIGHT" "$AXE" >"$OUT" 2>&1 || {
        show "$OUT"
        fail 'npm could not install what the browser is driven with'
    }
    echo "$PLAYWRIGHT $AXE" >"$modules/installed"
fi

# --- a home with everything that there is to see ------------------------------------------------------

notes=$TEST_DIR/notes
make_repo "$notes"
repo_write "$notes" README.md '---\ntitle: Notes of the workshop\ntags: [workshop, notes]\nowner: Ada\n---
# Notes of the workshop\n\nStart with the [deployment guide](ops/deploy.md), its [last part](ops/deploy.md#rolling-back) or
[[glossary]]. Elsewhere: <https://example.org/handbook>, and [a page that is gone](ops/nowhere.md).\n
![The diagram](diagram.png) and ![a badge](https://img.example.org/badge.svg)\n
| Host | Role | Disk |\n|:-----|:----:|-----:|\n| alpha | web | 12 GB |\n| beta | *database* | 480 GB |\n
> Nothing is ever shown fresh that is not.\n\n- [x] write it down\n- [ ] read it again[^1]\n\n[^1]: At least once a year.\n'
repo_write "$notes" ops/deploy.md '# Deployment guide\n\nHow a release gets to the machines.\n\n## Before\n
Every source must be fresh. If `uv_spawn` fails with `EMFILE`, raise the limit of descriptors:\n\n```sh\nulimit -n 65536
systemctl restart lattice.service   # a comment that makes this line wider than a phone is, by far\n```\n
## Rolling out\n\n1. Build the package.\n2. Install it on **one** machine.\n3. Wait for the first full sync.
   - its log must be quiet\n   - its queue must be empty\n\nThe supervisor calls uv_spawn once per worker.\n
## Rolling back\n\nInstall the package of before. The stores are not touched.\n'
repo_write "$notes" glossary.md '# Glossary\n\n**Bookmark**: the state that the store last equalled. See [the start](README.md).\n'
repo_write "$notes" may.txt 'Meeting of May\n==============\n\nWe talked about uv_spawn and the loop.\n'
repo_write "$notes" hostile.md '# Hostile <script>alert(1)</script>\n\n<script>alert(2)</script>\n\n<img src="https://evil.example/i.png" onerror="alert(3)">
[x](javascript:alert(4)) ![y](https://evil.example/j.png) <iframe src="https://evil.example/"></iframe>\n
<style>body { display: none }</style>\n\n<form action="https://evil.example/"><button>z</button></form>\n'
repo_commit "$notes"
repo_pages "$notes" 60 journal
repo_commit "$notes"

small=$TEST_DIR/small
make_repo "$small"
repo_write "$small" a.md '# One page\n\nIt mentions uv_spawn, too.\n'
repo_commit "$small"

export LATTICE_HOME=$TEST_DIR/homes/web
mkdir -p "$TEST_DIR/homes"
new_repo live 30000
"$SUPERVISE" add notes "$notes" >/dev/null
for id in media handbook broken; do
    cp -r "$small" "$TEST_DIR/$id"
    "$SUPERVISE" add "$id" "$TEST_DIR/$id" >/dev/null
done
"$SUPERVISE" add far https://nowhere.invalid/x.git >/dev/null
"$SUPERVISE" --all >/dev/null 2>&1 || [ $? -eq 1 ]
mv "$TEST_DIR/media" "$TEST_DIR/media.away"
"$SUPERVISE" --source media --source notes >/dev/null 2>&1 || [ $? -eq 1 ]
# What is old cannot be waited for.
age() {
    sqlite3 "$LATTICE_HOME/sources/$1/store.db" "UPDATE sync_state SET last_success_at = unixepoch() - $2"
    sqlite3 "$LATTICE_HOME/ledger.db" "UPDATE source_state SET last_success_at = unixepoch() - $2 WHERE source = '$1'"
}
age media 180000
age handbook 10800
# What an agent pushed.
"$SUPERVISE" add in --kind inbox >/dev/null
"$WORKER" append in --strict <<'MESSAGES'
{"op": "init", "session": "s-1", "title": "Why the queue grows", "prompt": "Look at the queue, please.", "project": "workshop", "agent": "robin"}
{"op": "observe", "session": "s-1", "type": "discovery", "id": "d-1", "title": "It is drained too late", "text": "The loop waits for `uv_spawn`.\n\n```sh\ncat /proc/sys/kernel/threads-max   # a comment that makes this line wider than a phone is, by far\n```", "facts": ["It has two threads"], "files_read": ["loop.c"]}
{"op": "observe", "session": "s-1", "type": "decision", "text": "Drain it first.", "supersedes": "d-1"}
{"op": "summarize", "session": "s-1", "text": "The queue is drained first."}
MESSAGES
"$SUPERVISE" --source in >/dev/null
# Not synced yet: that is watched.
"$SUPERVISE" add live "$REPOS/live.git" >/dev/null

# --- the browser ---------------------------------------------------------------------------------------

shots=$(cd "$LATTICE_BIN/../heavy" && pwd -P)/web
rm -rf "$shots"
mkdir -p "$shots"
export NODE_PATH=$modules/node_modules
start browser node "$LATTICE_ROOT/heavy-tests/web.mjs" "$CHROMIUM" "$LATTICE_BIN" "$TEST_DIR" "$shots"
wait_exit "$STARTED"
cat "$TEST_DIR/browser.out"
[ "$CODE" -eq 0 ] || show "$TEST_DIR/browser.err"
expect_equal "$CODE" 0 'exit code of the browser tests'
say "screenshots: $shots"
