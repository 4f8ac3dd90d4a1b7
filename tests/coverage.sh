#!/usr/bin/env bash
# Prints how much of each source file the tests ran: coverage.sh build/coverage
set -euo pipefail

cd "$(dirname "$0")/.."
# gcov prints "File 'x'" and then "Lines executed:N% of M" for each file that an object was made from.
find "$1/obj" -name '*.gcda' -not -path "$1/obj/tests/*" -print0 |
    xargs -0 -r -n 1 gcov -n 2>/dev/null |
    awk -F "[':% ]+" '
        /^File / { file = $2 }
        /^Lines executed/ && file ~ /^(common|supervisor|worker)\/.*\.c$/ {
            lines[file] = $5; hit[file] = $3 * $5 / 100; file = ""
        }
        END {
            for (f in lines) {
                printf "%6.1f%%  %5d lines  %s\n", 100 * hit[f] / lines[f], lines[f], f | "sort -n"
                all += lines[f]; covered += hit[f]
            }
            close("sort -n")
            if (all) printf "%6.1f%%  %5d lines  all\n", 100 * covered / all, all
        }'
