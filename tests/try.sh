#!/usr/bin/env bash
# make try: syncs this repository, and those in $TRY_REPOS (one path, or words), into a home of its own.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd -P)
bin=$(cd "${LATTICE_BIN:?run this by make try}" && pwd -P)
supervise=$bin/lattice-supervise
mkdir -p "${TRY_HOME:?}"
LATTICE_HOME=$(cd "$TRY_HOME" && pwd -P)
export LATTICE_HOME
chmod 700 "$LATTICE_HOME"
if [ -d "${TRY_REPOS:-}" ]; then
    repos=("$TRY_REPOS")
else
    read -ra repos <<<"${TRY_REPOS:-}"
fi
added=$LATTICE_HOME/.added-by-try # lines of "id url"
touch "$added"

# A folder's or address's last part as a source's id: [a-z0-9][a-z0-9._-]{0,63}
id_of() {
    local name=${1%/}
    name=${name%.git}
    name=${name##*[/:]}
    name=$(printf %s "$name" | LC_ALL=C tr '[:upper:]' '[:lower:]' | LC_ALL=C tr -c 'a-z0-9._-' '-' | LC_ALL=C sed -E 's/^[^a-z0-9]+//')
    name=${name:0:60}
    printf %s "${name:-repo}"
}

listed() {
    [ -e "$LATTICE_HOME/sources.json" ] && "$supervise" list | awk '{ print $1 }' | grep -qxF -e "$1"
}

add() {
    local url=$1 id number=2
    [ ! -d "$url" ] || url=$(cd "$url" && pwd -P)
    if id=$(awk -v url="$url" '{ u = $0; sub(/^[^ ]+ /, "", u) } u == url { print $1; found = 1; exit } END { exit !found }' "$added") &&
        listed "$id"; then
        return
    fi
    id=$(id_of "$url")
    while listed "$id"; do
        id=$(id_of "$url")-$number
        number=$((number + 1))
    done
    "$supervise" add "$id" "$url"
    echo "$id $url" >>"$added"
}

if git -C "$root" rev-parse --verify -q HEAD >/dev/null 2>&1; then
    add "$root"
elif [ ${#repos[@]} -eq 0 ]; then
    echo 'error: this folder is not a git repository with a commit; name one: make try REPO=/path/or/url' >&2
    exit 1
fi
for repo in "${repos[@]}"; do
    # A mistyped path would stay, and fail every later run.
    if [[ $repo != *:* && ! -e $repo ]]; then
        echo "error: $repo: no such folder; give the path or the address of a git repository as REPO" >&2
        exit 1
    fi
    add "$repo"
done

code=0
"$supervise" --all || code=$?
echo
echo 'Run "make try" again to see "unchanged". To look further:'
echo "  LATTICE_HOME=$LATTICE_HOME $supervise status"
echo "  LATTICE_HOME=$LATTICE_HOME $bin/lattice-reads search WORD"
if [ "$code" -ne 0 ]; then
    echo 'A source that cannot be synced is taken out again by:'
    echo "  LATTICE_HOME=$LATTICE_HOME $supervise remove ID"
fi
exit "$code"
