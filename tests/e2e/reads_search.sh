# Searching: what a query finds, in which order, and how it is shown.
# shellcheck shell=bash

# shellcheck source=tests/e2e/lib/reads.sh
. "$LATTICE_ROOT/tests/e2e/lib/reads.sh"

# code_notes: one source with identifiers, accents and phrases
code_notes() {
    notes code
    repo_write code spawn.md '# Processes\n\nCall uv_spawn to start one. See LATTICE_HOME too.\n'
    repo_write code camel.md '# Names\n\nThe class UvSpawnOptions is another thing.\n'
    repo_write code cafe.md '# Drinks\n\nA Café in Zürich.\n'
    repo_write code words.md '# Words\n\nspawn uv the other way round; apples and oranges\n'
    synced code
}

test_an_identifier_is_found_as_a_phrase() {
    code_notes
    expect_found spawn.md uv_spawn
    expect_found spawn.md LATTICE_HOME
    expect_found spawn.md lattice_home
}

test_a_part_of_an_identifier_is_found() {
    code_notes
    expect_found 'camel.md' '*spawnopt*'
    expect_found 'camel.md' '*options'
    search 0 '*spawn*'
    expect_contains "$OUT" camel.md
    expect_contains "$OUT" spawn.md
    expect_contains "$OUT" words.md
}

test_a_prefix_is_found() {
    code_notes
    expect_found 'camel.md' 'uvspawn*'
    expect_found 'spawn.md' 'uv_spa*'
}

test_case_and_accents_make_no_difference() {
    code_notes
    expect_found cafe.md 'CAFE zurich'
    expect_found cafe.md 'café ZÜRICH'
}

test_phrases_exclusions_and_alternatives() {
    code_notes
    expect_found words.md '"apples and oranges"'
    expect_found '' '"oranges and apples"'
    expect_found words.md spawn -processes
    search 0 'drinks OR apples'
    expect_equal "$(json '$.match')" all
    expect_contains "$OUT" cafe.md
    expect_contains "$OUT" words.md
}

test_nothing_typed_is_a_mistake() {
    local query
    code_notes
    # shellcheck disable=SC1003 # a backslash is one of them
    for query in '"' '""' '-' '--x' '*' '**' '(' ')' ':' 'a:b' 'NEAR(a b' 'AND' 'OR' 'NOT' 'a AND' 'OR OR' \
        '^a' '{a' 'a"b' "'" ';' '\' '-"' '"a" "b' '*"' 'text:uv' 'a*b*c' '+' '%' $'\x01' '😀' 'ﬁ' '-spawn'; do
        run "$READS" search -- "$query"
        [ "$CODE" -le 1 ] || fail "exit code $CODE for: $query: $(cat "$ERR")"
        expect_not_contains "$ERR" error
    done
}

test_the_best_partial_matches_are_said_to_be_that() {
    code_notes
    search 0 apples nosuchwordanywhere
    expect_equal "$(json '$.match')" partial
    expect_equal "$(hit_paths)" words.md
    expect_exit 0 "$READS" search apples nosuchwordanywhere
    expect_contains "$OUT" 'Nothing has all of these words'
}

test_nothing_found_is_exit_1() {
    code_notes
    search 1 nosuchwordanywhere
    expect_equal "$(json '$.match')" none
    expect_exit 1 "$READS" search nosuchwordanywhere
    expect_equal "$(cat "$OUT")" 'nothing found'
}

test_titles_and_headings_count_more_than_text() {
    notes rank
    repo_write rank text.md '# Other\n\nkestrel stands here in the text\n'
    repo_write rank title.md '# Kestrel\n\nsome other text stands in here\n'
    repo_write rank heading.md "# Third\n\n$(printf 'word%.0s ' {1..900})\n\n## A kestrel\n\nmore text here\n"
    synced rank
    expect_found 'title.md heading.md text.md' kestrel
}

test_a_page_is_one_hit_and_says_how_many_more_chunks_match() {
    notes long
    repo_write long long.md "# Long\n\n$(for i in 1 2 3; do
        printf '## Part %s\\n\\nkestrel %s\\n\\n' "$i" "$(printf 'word%.0s ' {1..290})"
    done)"
    synced long
    expect_found long.md kestrel
    expect_equal "$(json '$.hits[0].more_hits')" 2 'more hits'
}

# many_pages FOLDER FROM TO [STEP]: pages of all lengths with a few words in common, the same for each
# call. Every tenth is like the third before it, word for word: they tie.
many_pages() {
    awk -v folder="$1" -v from="$2" -v to="$3" -v step="${4:-1}" 'BEGIN {
        for (n = from; n <= to; n += step) {
            i = n % 10 ? n : n - 3
            file = sprintf("%s/page-%03d.md", folder, n)
            printf "# Page %d %s\n\n", i, i % 7 == 0 ? "heron" : "bird" > file
            for (w = 0; w < (i * 37) % 83 + 5; w++)
                printf "%s ", (w * i) % 11 == 0 ? "heron" : (w * i) % 5 == 0 ? "osprey" : "w" (w * i % 17) > file
            printf "\n" > file
            close(file)
        }
    }'
}

# The score, with all its digits, and the path of each hit.
ranking() {
    sqlite3 -batch :memory: "SELECT printf('%!.17g', json_extract(value, '\$.score')),
        json_extract(value, '\$.path') FROM json_each(CAST(readfile('$OUT') AS TEXT), '\$.hits')"
}

# limit: 180
test_the_ranking_does_not_depend_on_how_pages_are_spread() {
    local i query
    notes whole
    many_pages "$TEST_DIR/whole" 1 120
    synced whole
    for query in heron 'heron osprey' 'heron OR w3' '"osprey osprey"' 'hero*' 'heron -w5' 'osprey nosuchword w7'; do
        search 0 "$query" --limit 100
        ranking >"$TEST_DIR/whole.$query"
    done
    [ -n "$(cut -d '|' -f 1 whole.heron | uniq -d)" ] || fail 'no pages tie: this test is too weak'
    expect_exit 0 "$SUPERVISE" remove whole
    for i in 0 1 2 3; do
        notes "part$i"
        many_pages "$TEST_DIR/part$i" $((i + 1)) 120 4
        synced "part$i"
    done
    for query in heron 'heron osprey' 'heron OR w3' '"osprey osprey"' 'hero*' 'heron -w5' 'osprey nosuchword w7'; do
        search 0 "$query" --limit 100
        ranking >"$TEST_DIR/parts"
        cmp "$TEST_DIR/parts" "$TEST_DIR/whole.$query" || fail "another ranking of: $query"
    done
}

test_filters_by_source_kind_tag_path_and_time() {
    notes one
    repo_write one docs/a.md '---\ntags: [red]\n---\n# A\n\nkestrel\n'
    repo_write one b.md '# B\n\nkestrel\n'
    synced one
    notes two
    repo_write two c.md '# C\n\nkestrel\n'
    synced two
    expect_found c.md kestrel --source two
    expect_found docs/a.md kestrel --tag red
    expect_found docs/a.md kestrel --path 'docs/**'
    search 0 kestrel --kind git --source one --source two
    search 1 kestrel --kind feed
    search 0 kestrel --since 1h
    search 1 kestrel --until 1h
    search 1 kestrel --since 2100-01-01
    expect_exit 64 "$READS" search kestrel --since yesterday
    expect_contains "$ERR" 'since: "yesterday"'
    expect_exit 64 "$READS" search kestrel --path '[a'
    expect_contains "$ERR" path
    expect_exit 64 "$READS" search kestrel --source three
    expect_contains "$ERR" '"three": no such source'
}

test_paging_shows_every_hit_once() {
    local offset
    notes many
    many_pages "$TEST_DIR/many" 1 25
    synced many
    search 0 heron --limit 100
    hit_paths | tr ' ' '\n' >all
    for offset in 0 7 14 21; do
        run "$READS" search --json heron --limit 7 --offset "$offset"
        hit_paths | tr ' ' '\n' | sed '/^$/d' >>pages
        if [ "$(json '$.has_more')" = 0 ]; then break; fi
    done
    cmp all pages
}

test_hostile_text_cannot_drive_the_terminal() {
    notes bad
    repo_write bad bad.md '# Evil \033[31mtitle\n\nkestrel \033]0;owned\007 \302\233 text\n'
    synced bad
    expect_exit 0 "$READS" search kestrel
    if LC_ALL=C grep -q -P '[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' "$OUT"; then fail 'control characters'; fi
    expect_exit 0 "$READS" page bad bad.md
    if LC_ALL=C grep -q -P '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' "$OUT"; then fail 'control characters'; fi
    expect_contains "$OUT" '\x1B[31mtitle'
}

test_hits_are_bold_on_a_terminal_unless_no_color() {
    notes one
    repo_write one a.md '# A\n\nsome kestrel here\n'
    synced one
    run script -qec "$READS search kestrel" /dev/null
    expect_contains "$OUT" $'some \x1b[1mkestrel\x1b[0m here'
    NO_COLOR=1 run script -qec "$READS search kestrel" /dev/null
    expect_contains "$OUT" 'some kestrel here'
}

test_marks_are_byte_ranges_of_the_snippet() {
    notes one
    repo_write one a.md '# A\n\nÜber den Turmfalken: Kestrél, kestrel!\n'
    synced one
    search 0 kestrel
    expect_equal "$(sqlite3 -batch :memory: "
        WITH hit AS (SELECT json_extract(CAST(readfile('$OUT') AS TEXT), '\$.hits[0]') AS h)
        SELECT group_concat(CAST(substr(CAST(json_extract(h, '\$.snippet') AS BLOB),
            json_extract(value, '\$[0]') + 1, json_extract(value, '\$[1]') - json_extract(value, '\$[0]')) AS TEXT), ',')
        FROM hit, json_each(h, '\$.marks')")" 'Kestrél,kestrel' marks
}
