#!/usr/bin/env bash
# Installs what the groups named as arguments (BUILD TEST CI LINT VALGRIND HEAVY BENCH) need. The lists are in the
# Makefile. Silent, and without network, when everything is there; DEPS=no leaves it to you.
set -euo pipefail

[ "${DEPS:-}" = no ] && exit 0

# Lines of "debian dnf pacman apk why" of all groups asked for.
rows() {
    local group
    for group in "$@"; do
        local variable=${group}_DEPS
        grep -v '^#' <<<"${!variable}"
    done
}

# Column $1 of the rows on stdin, without the empty ones.
column() {
    awk -v n="$1" '$n != "-" { print $n }' | sort -u
}

why() {
    awk -v name="$1" '$1 == name { $1 = $2 = $3 = $4 = ""; sub(/^ +/, ""); print; exit }' <<<"$all"
}

have() {
    local command
    for command in "$@"; do
        command -v "$command" >/dev/null || return 1
    done
}

# For systems whose packages we do not know by name: is what we use there?
everything_found() {
    local group
    have gcc make pkg-config git bash || return 1
    for group in "$@"; do
        case $group in
        TEST) have sqlite3 ps setsid setpriv || return 1 ;;
        LINT) have clang clang-format clang-tidy cppcheck shellcheck || return 1 ;;
        VALGRIND) have valgrind || return 1 ;;
        HEAVY) have promtool node npm || return 1 ;;
        BENCH) have wrk || return 1 ;;
        esac
    done
    # shellcheck disable=SC2086 # a list of words
    pkg-config --exists $MODULES
}

print_for_others() {
    everything_found "$@" && exit 0
    {
        echo 'error: this is not a Debian or Ubuntu system; install these packages, then run make again.'
        echo 'The names are as near as we know them; pkg-config must find:'
        echo "  $MODULES"
        echo
        echo "dnf install $(column 2 <<<"$all" | tr "\n" " ")"
        echo "pacman -S --needed $(column 3 <<<"$all" | tr "\n" " ")"
        echo "apk add $(column 4 <<<"$all" | tr "\n" " ")"
        echo
        echo 'Where cmark-gfm has no package, build it from https://github.com/github/cmark-gfm.'
        echo 'With DEPS=no this check is left out.'
    } >&2
    exit 1
}

# A package may be brought by another: npm by some packagings of nodejs.
missing_of() {
    local name
    local installed
    installed=$(dpkg-query -W -f='${db:Status-Status} ${Package} ${Provides}\n' 2>/dev/null |
        sed -n 's/^installed //p' | tr -s ', ' '\n')
    while read -r name; do
        grep -qxF -e "$name" <<<"$installed" || echo "$name"
    done < <(column 1 <<<"$all")
}

all=$(rows "$@")
have apt-get dpkg-query || print_for_others "$@"

mapfile -t missing < <(missing_of)
[ ${#missing[@]} -eq 0 ] && exit 0

echo 'Installing what is missing, with apt:'
for name in "${missing[@]}"; do
    printf '  %-28s %s\n' "$name" "$(why "$name")"
done

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        as_root=(false)
    elif sudo -n true 2>/dev/null; then
        as_root=(sudo -n)
    elif [ -t 0 ]; then
        as_root=(sudo)
    else
        as_root=(false)
    fi
fi
if [ "${as_root[*]}" = false ]; then
    echo 'error: neither root nor sudo; run this as root, then make again:' >&2
    echo "  apt-get update && apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -y -q "$@" </dev/null >"$log" 2>&1 || {
        cat "$log" >&2
        echo "error: apt-get $* failed" >&2
        exit 1
    }
}
apt update
apt install --no-install-recommends "${missing[@]}"
echo "Installed ${#missing[@]} packages."
