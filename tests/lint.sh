#!/usr/bin/env bash
# Every check that is not a test: `make lint`, or `make lint L="common supervisor/child.c"` for some paths.
# What a file passed is remembered by the hash of all it depends on, so a second run is quick.
set -euo pipefail

cd "$(dirname "$0")/.."
export LC_ALL=C.UTF-8
# How far clang's analyzer goes in a function; its own 225000 costs twice the time for all.
: "${BUILD:=build}" "${JOBS:=$(nproc)}" "${LINT_NODES:=75000}"
: "${BASE:?run this by make lint}" "${WARNINGS:?}" "${MODULES:?}"
cache=$BUILD/lint
mkdir -p "$cache/passed"

# --- one file by one tool -----------------------------------------------------------------------------

read -ra base <<<"$BASE"
read -ra warnings <<<"$WARNINGS"
# shellcheck disable=SC2086 # a list of words
read -ra cflags <<<"$(pkg-config --cflags $MODULES)"

check_one() {
    local tool=$1 file=$2
    case $tool in
    gcc) gcc "${base[@]}" "${cflags[@]}" "${warnings[@]}" -Werror -O2 -D_FORTIFY_SOURCE=2 -c -o /dev/null "$file" ;;
    # Also clang's own warnings: they come from reading the file, which it does anyway.
    clang-tidy)
        clang-tidy --quiet "$file" -- "${base[@]}" "${cflags[@]}" "${warnings[@]}" \
            -Xclang -analyzer-config -Xclang "max-nodes=$LINT_NODES" 2>/dev/null
        ;;
    cppcheck)
        # ctuuninitvar takes a struct of which some members are set for one that is not set at all.
        cppcheck -q --std=c11 -D_GNU_SOURCE -D__GNUC__ -I. --enable=warning,performance,portability \
            --inline-suppr --suppress=missingIncludeSystem --suppress=unknownMacro --suppress=ctuuninitvar \
            --template='{file}:{line}: {severity}: {message} [{id}]' --error-exitcode=1 "$file"
        ;;
    esac
}

# One hash over the settings, the file and every header of ours that it includes.
key_of() {
    {
        echo "$LINT_TOOLS $LINT_NODES $BASE $WARNINGS"
        gcc "${base[@]}" "${cflags[@]}" -MM "$1" | sed 's/^[^:]*://; s/\\$//' | tr -s ' ' '\n' |
            xargs sha256sum --
    } 2>/dev/null | sha256sum | cut -d ' ' -f 1
}

if [ "${1:-}" = --one ]; then
    key=$(key_of "$2")
    code=0
    for tool in gcc cppcheck clang-tidy; do
        [ ! -e "$cache/passed/$key.$tool" ] || continue
        if output=$(check_one "$tool" "$2" 2>&1); then
            : >"$cache/passed/$key.$tool"
        else
            printf '%s\n%s: %s is not content with this file: mend what is said above\n' "$output" "$2" "$tool" >&2
            code=1
        fi
    done
    exit "$code"
fi
# What the results depend on beside the files.
LINT_TOOLS=$({ gcc --version && clang --version && clang-tidy --version && cppcheck --version &&
    cat .clang-tidy tests/lint.sh; } | sha256sum)
export LINT_TOOLS LINT_NODES

# --- which files --------------------------------------------------------------------------------------

# Tracked ones and new ones that are not ignored; a tree without git has no others.
files() {
    { git ls-files -co --exclude-standard -- "${paths[@]}" 2>/dev/null ||
        find "${paths[@]}" -type f -not -path './.git/*' -not -path "./$BUILD/*" | sed 's,^\./,,'; } |
        sort -u | while read -r file; do [ ! -f "$file" ] || echo "$file"; done
}
paths=("$@")
[ $# -gt 0 ] || paths=(.)
all=$(files)
sources=$(grep '\.c$' <<<"$all" || true)
code=$(grep '\.[ch]$' <<<"$all" || true)
scripts=$(grep -E '\.sh$|^\.ci/run$' <<<"$all" || true)

problems=0
problem() {
    echo "$*" >&2
    problems=$((problems + 1))
}
# Each line of stdin is a problem.
each_is_a_problem() {
    local line
    while IFS= read -r line; do
        problem "$line"
    done
}
step() {
    printf '  LINT  %s\n' "$*"
}
# side_by_side LINES COMMAND...: the command with each of the lines as last argument, JOBS at a time
side_by_side() {
    local lines=$1
    shift
    [ -z "$lines" ] || xargs -d '\n' -n 1 -P "$JOBS" "$@" <<<"$lines" || problems=$((problems + 1))
}

# --- this project's own rules ---------------------------------------------------------------------------

# The lines of code of a file, with comments and the insides of strings blanked, as FILE:LINE:TEXT.
plain_code() {
    # shellcheck disable=SC2086 # file names here have no spaces
    awk '
        FNR == 1 { inside = 0 }
        {
            line = $0; out = ""
            while (line != "") {
                if (inside) {
                    end = index(line, "*/")
                    if (!end) { line = ""; break }
                    line = substr(line, end + 2); inside = 0
                } else if (match(line, /^"([^"\\]|\\.)*"/)) {
                    out = out "\"\""; line = substr(line, RLENGTH + 1)
                } else if (match(line, /^\047([^\047\\]|\\.)*\047/)) {
                    out = out "0"; line = substr(line, RLENGTH + 1)
                } else if (substr(line, 1, 2) == "/*") {
                    inside = 1; line = substr(line, 3)
                } else if (substr(line, 1, 2) == "//") {
                    line = ""
                } else {
                    out = out substr(line, 1, 1); line = substr(line, 2)
                }
            }
            if (out ~ /[^ \t]/) print FILENAME ":" FNR ":" out
        }' $code
}

banned_calls() {
    plain_code | awk -F: '
        BEGIN {
            use["strcpy"] = "memcpy with a known size, or xstrdup"
            use["strcat"] = "struct buf"
            use["sprintf"] = "snprintf or xasprintf"
            use["vsprintf"] = "vsnprintf"
            use["gets"] = "getline"
            use["atoi"] = "strtol, and look at where it stopped"
            use["strtok"] = "strsep or strcspn"
            use["alloca"] = "xmalloc"
            use["system"] = "posix_spawn or fork and execv: no shell"
            use["popen"] = "pipe, fork and execv: no shell"
        }
        {
            text = $0; sub(/^[^:]*:[^:]*:/, "", text)
            for (name in use)
                if (text ~ "(^|[^A-Za-z0-9_.>])" name "[ \t]*\\(")
                    print $1 ":" $2 ": " name " is banned: use " use[name]
        }'
}

includes() {
    # shellcheck disable=SC2086
    grep -nHE '^[[:space:]]*#[[:space:]]*include' $code /dev/null |
        sed -E 's/#[[:space:]]*include[[:space:]]*//; s/[[:space:]]*$//'
}

dependency_rules() {
    includes | awk -F: '
        function of(path) { return match(path, /^(common|supervisor|worker\/[a-z]+)\//) ? substr(path, 1, RLENGTH) : "" }
        {
            file = $1; what = $3; folder = of(file)
            base = file; sub(/.*\//, "", base)
            name = what; gsub(/[<>"]/, "", name); sub(/[ \t].*/, "", name)
            place = file ":" $2 ": "
            test = file ~ /^(tests|heavy-tests)\//
            if (what ~ /^"/ && name !~ /\//)
                print place "write the path from the top: \"folder/" name "\""
            if (folder != "" && name ~ /^(tests|heavy-tests)\//)
                print place folder " must not include " name
            target = of(name)
            if (folder == "common/" && target != "" && target != folder)
                print place "common/ includes neither supervisor/ nor worker/: move what is shared to common/"
            else if (folder != "" && target != "" && target != folder && target != "common/")
                print place folder " includes only itself and common/: move what is shared to common/"
            if (name == "uv.h" && folder != "supervisor/" && folder != "worker/reads/" && !test)
                print place "<uv.h> belongs in supervisor/ and worker/reads/ only"
            if (name == "sqlite3.h" && !test && base !~ /^(store_|ledger)/)
                print place "<sqlite3.h> belongs in files named store_* or ledger*: call their functions"
        }'
}

top_level() {
    { git ls-files -co --exclude-standard 2>/dev/null || true; } | cut -d / -f 1 | sort -u |
        grep -vxE '\..*|Makefile|README\.md|LICENSE|supervisor|worker|common|tests|heavy-tests' |
        sed 's/$/: not one of the top-level entries of the design: move it into one of the folders/' || true
}

shapes() {
    local file first last
    while read -r file; do
        last=$(tail -c 1 -- "$file" | od -An -tx1)
        [ "$last" = ' 0a' ] || echo "$file:$(($(wc -l <"$file") + 1)): end the file with a newline"
        case $file in
        *.[ch])
            IFS= read -r first <"$file" || true
            [[ $first =~ ^/\*\ .+\ \*/$ ]] || echo "$file:1: begin with one line that says what the file is for: /* ... */"
            ;;
        *.sh)
            first=$(head -n 2 -- "$file" | grep -v '^#!' | head -n 1)
            [[ $first =~ ^#\ .+ ]] || echo "$file:1: begin with one line that says what the script is for: # ..."
            ;;
        esac
    done < <(grep -E '\.(c|h|sh|md)$|^Makefile$|^\.' <<<"$all" || true)
    while read -r file; do
        grep -nHE '[[:space:]]+$' -- "$file" | sed -E 's/^([^:]*:[0-9]+):.*/\1: remove the spaces at the end of the line/' || true
    done < <(grep -E '\.(c|h|sh|md)$|^Makefile$' <<<"$all" || true)
}

# --- all of it --------------------------------------------------------------------------------------------

step 'rules of this project'
if [ -n "$code" ]; then
    each_is_a_problem < <(banned_calls)
    each_is_a_problem < <(dependency_rules)
fi
each_is_a_problem < <(top_level)
each_is_a_problem < <(shapes)

step 'shellcheck'
# End-to-end tests get their variables and helpers from lib.sh, which runs them (SC2154, SC2153), and
# so nothing calls their functions (SC2317); some of lib.sh's variables are only read by them (SC2034).
# Helpers with optional arguments (SC2119, SC2120) are meant.
side_by_side "$scripts" shellcheck -s bash -x -e SC2154,SC2153,SC2317,SC2034,SC2119,SC2120

step 'clang-format'
[ -z "$code" ] || xargs -d '\n' -n 16 -P "$JOBS" clang-format --dry-run -Werror <<<"$code" ||
    problem 'the layout is not as .clang-format has it: run clang-format -i on the files named above'

step 'gcc, cppcheck, clang-tidy with the warnings of clang'
side_by_side "$sources" "$0" --one

# What no file has now is forgotten after a month.
find "$cache/passed" -type f -mtime +30 -delete
if [ "$problems" -gt 0 ]; then
    echo "lint: problems found, see above" >&2
    exit 1
fi
echo "lint: clean, $(wc -l <<<"$all") files"
