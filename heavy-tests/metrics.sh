# What runs of every outcome leave in metrics/lattice.prom passes `promtool check metrics`.
# Debian's package prometheus brings promtool.
# shellcheck shell=bash
set -euo pipefail

command -v promtool >/dev/null || {
    echo 'error: promtool is missing: apt-get install prometheus' >&2
    exit 1
}
supervise=$LATTICE_BIN/lattice-supervise
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export LATTICE_HOME=$work/home GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@example.org GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@example.org

check() {
    promtool check metrics <"$LATTICE_HOME/metrics/lattice.prom"
    echo "ok: $1"
}

git init -q "$work/repo"
echo '# Page' >"$work/repo/page.md"
git -C "$work/repo" add -A
git -C "$work/repo" commit -q -m page
"$supervise" add good "$work/repo"
"$supervise" add gone "$work/nowhere" 2>/dev/null
"$supervise" add off "$work/repo" --set enabled=false
"$supervise" --all || [ $? -eq 1 ]
check 'ok, failed and disabled sources'
"$supervise" --all || [ $? -eq 1 ]
check 'unchanged and skipped sources'
sqlite3 "$LATTICE_HOME/sources/good/store.db" "INSERT INTO lock VALUES(1, 'gone', 'h', 'b', 1, 1, 1, 'p', 0, 0, 1, 1, 1)"
"$supervise" --source good
check 'a lock that was cleared'
exec 9>"$LATTICE_HOME/supervise.lock"
echo '++' >>"$LATTICE_HOME/supervise.lock"
exec 9>&-
"$supervise" --source good
check 'overlaps'
# While a service runs: what it writes after its first round.
rm "$LATTICE_HOME/metrics/lattice.prom"
"$supervise" serve 2>"$work/serve.err" &
service=$!
trap 'kill "$service" 2>/dev/null || true; wait "$service" || true; rm -rf "$work"' EXIT
"$LATTICE_BIN/tools/wait_line" "$work/serve.err" 'serve: ready' 60
"$supervise" kick good
"$LATTICE_BIN/tools/wait_line" "$LATTICE_HOME/metrics/lattice.prom" '^lattice_loop_lag_seconds' 60
check 'a service that runs'
kill "$service"
wait "$service"
check 'a service that has ended'
trap 'rm -rf "$work"' EXIT
echo "passed: $(grep -c '^lattice_' "$LATTICE_HOME/metrics/lattice.prom") series"
